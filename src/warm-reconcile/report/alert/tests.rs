use super::*;
use serde_json::json;
use test_kit::children;

fn at(second: i64) -> DateTime<Utc> {
    // 2026-06-13 05:44:28 UTC, the reference's only known example.
    DateTime::from_timestamp(1_781_329_468 + second, 0).unwrap()
}

fn version(tag: &str) -> Version {
    Version::parse(tag).unwrap()
}

fn plain(reason: &'static str, tag: &str) -> Alert {
    Alert {
        app: "traefik".into(),
        reason,
        version: Some(version(tag)),
        detail: Detail::Plain,
        evidence: None,
    }
}

struct Place {
    _root: tempfile::TempDir,
    layout: Layout,
    redactor: Redactor,
}

impl Place {
    fn new() -> Place {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path()).unwrap();
        let redactor = Redactor::new(["hunter2-secret"]);
        Place {
            _root: root,
            layout,
            redactor,
        }
    }

    fn alerts(&self) -> Alerts<'_> {
        Alerts::new(&self.layout, &self.redactor)
    }

    fn raise(&self, alert: &Alert, second: i64) -> PathBuf {
        match self.alerts().raise(alert, at(second)).unwrap() {
            Raised::Written(path) => path,
            Raised::Known(path) => panic!("known: {path:?}"),
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn the_references_example_comes_out_byte_for_byte() {
    let place = Place::new();
    let path = place.raise(&plain("unhealthy-on-latest", "5.1.1+v3.6.15"), 0);
    assert_eq!(
        name(&path),
        "20260613T054428Z-traefik-unhealthy-on-latest.json"
    );
    assert_eq!(
        fs::read_to_string(path).unwrap().trim_end(),
        r#"{"app":"traefik","reason":"unhealthy-on-latest","ts":"20260613T054428Z","version":"5.1.1+v3.6.15"}"#
    );
    // Nothing else lies in the folder, and `seen/` only once something was seen.
    assert_eq!(fs::read_dir(place.layout.alerts()).unwrap().count(), 1);
    assert!(!place.layout.seen_alerts().exists());
}

#[test]
fn a_rollback_and_a_hold_carry_what_the_reference_adds_and_no_secret() {
    let place = Place::new();
    let rollback = Alert {
        detail: Detail::Rollback {
            attempted: version("5.2.0+v3.7.15"),
            last_good: Some(version("5.1.1+v3.6.15")),
            recovered: true,
        },
        evidence: Some(json!({"log": "token=hunter2-secret", "probes": [{"code": 502}]})),
        ..plain("rolled-back", "5.2.0+v3.7.15")
    };
    let read = |path| serde_json::from_slice::<Value>(&fs::read::<PathBuf>(path).unwrap()).unwrap();
    let said = read(place.raise(&rollback, 0));
    assert_eq!(said["attempted"], "5.2.0+v3.7.15");
    assert_eq!(said["last_good"], "5.1.1+v3.6.15");
    assert_eq!(said["recovered"], true);
    assert_eq!(said["evidence"]["probes"][0]["code"], 502);
    assert!(!said.to_string().contains("hunter2"));
    let hold = Alert {
        detail: Detail::Hold {
            notes: "migrate by hand; hunter2-secret".into(),
        },
        ..plain("held-manual-migration", "6.0.0+v4.0.0")
    };
    assert_eq!(
        read(place.raise(&hold, 0))["notes"],
        "migrate by hand; [REDACTED]"
    );
}

#[test]
fn no_field_of_an_alert_goes_past_the_redactor_and_it_is_still_known_by_it() {
    let place = Place::new();
    let secret = "1.0.0+v1-hunter2-secret";
    let alert = Alert {
        evidence: Some(
            json!({"outcome": "hunter2-secret", "ended": {"started": "hunter2-secret"}}),
        ),
        ..plain("degraded", secret)
    };
    let path = place.raise(&alert, 0);
    let written = fs::read_to_string(&path).unwrap();
    assert!(!written.contains("hunter2"), "{written}");
    let again = place.alerts().raise(&alert, at(60)).unwrap();
    assert_eq!(again, Raised::Known(path));
    let log = fs::read_to_string(place.layout.log()).unwrap();
    assert!(!log.contains("hunter2"), "{log}");
    let retracted = place.alerts().retract("traefik", &version(secret), at(70));
    let retracted = retracted.unwrap();
    assert_eq!(retracted.len(), 1);
    let written = fs::read_to_string(&retracted[0]).unwrap();
    assert!(!written.contains("hunter2"), "{written}");
}

#[test]
fn the_same_alert_is_written_once_until_it_is_seen() {
    let place = Place::new();
    let alert = plain("degraded", "1.0.0+v1");
    let first = place.raise(&alert, 0);
    assert_eq!(
        place.alerts().raise(&alert, at(60)).unwrap(),
        Raised::Known(first.clone())
    );
    let log = fs::read_to_string(place.layout.log()).unwrap();
    assert_eq!(log.matches(r#""what":"alert-known""#).count(), 1, "{log}");
    place.raise(&plain("degraded", "1.0.1+v1"), 60);
    let seen = place.alerts().seen(&name(&first)).unwrap();
    assert!(seen.exists() && !first.exists());
    assert!(place.alerts().show(&name(&first)).unwrap().seen);
    place.raise(&alert, 120);
}

#[test]
fn within_one_second_the_next_free_second_is_taken_in_name_and_field() {
    let place = Place::new();
    let first = place.raise(&plain("degraded", "1.0.0+v1"), 0);
    place.alerts().seen(&name(&first)).unwrap();
    let second = place.raise(&plain("degraded", "1.0.1+v1"), 0);
    let third = place.raise(&plain("degraded", "1.0.2+v1"), 0);
    assert_eq!(name(&second), "20260613T054429Z-traefik-degraded.json");
    assert_eq!(name(&third), "20260613T054430Z-traefik-degraded.json");
    let filed = place.alerts().show(&name(&third)).unwrap();
    assert_eq!(filed.text("ts"), Some("20260613T054430Z"));
}

#[test]
fn what_was_said_of_a_version_that_passes_later_is_taken_back_once() {
    let place = Place::new();
    let false_alarm = place.raise(&plain("unhealthy-on-latest", "1.0.0+v1"), 0);
    let other = place.raise(&plain("unhealthy-on-latest", "2.0.0+v1"), 1);
    let rollback = Alert {
        detail: Detail::Rollback {
            attempted: version("1.0.0+v1"),
            last_good: None,
            recovered: false,
        },
        ..plain("rolled-back", "0.9.0+v1")
    };
    let rollback = place.raise(&rollback, 2);
    place.alerts().seen(&name(&rollback)).unwrap();
    let files = place
        .alerts()
        .retract("traefik", &version("1.0.0+v1"), at(10))
        .unwrap();
    let retracted: Vec<String> = files
        .iter()
        .map(|path| {
            place
                .alerts()
                .show(&name(path))
                .unwrap()
                .text("retracts")
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(retracted, [name(&false_alarm), name(&rollback)]);
    assert_eq!(name(&files[0]), "20260613T054438Z-traefik-retracted.json");
    assert!(!retracted.contains(&name(&other)));
    assert_eq!(
        place
            .alerts()
            .retract("traefik", &version("1.0.0+v1"), at(20))
            .unwrap()
            .len(),
        0
    );
    assert_eq!(
        place
            .alerts()
            .retract("keycloak", &version("2.0.0+v1"), at(20))
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn a_damaged_file_is_listed_as_such_and_no_path_can_be_archived() {
    let place = Place::new();
    place.raise(&plain("degraded", "1.0.0+v1"), 0);
    fs::write(place.layout.alerts().join("20250101T000000Z-x-y.json"), "{").unwrap();
    fs::write(place.layout.root().join("victim.json"), "{}").unwrap();
    let all = place.alerts().list().unwrap();
    assert!(matches!(all[0].content, Content::Damaged(_)));
    assert_eq!(all.len(), 2);
    for bad in ["../victim.json", "", ".", "seen", "no-such.json"] {
        assert!(
            matches!(place.alerts().seen(bad), Err(AlertError::Unknown(_))),
            "{bad}"
        );
    }
}

#[test]
fn refuses_reasons_that_are_no_part_of_a_file_name() {
    let place = Place::new();
    for bad in ["", "a/b", "A", "a b", ".."] {
        let raised = place.alerts().raise(&plain(bad, "1.0.0+v1"), at(0));
        assert!(matches!(raised, Err(AlertError::Reason(_))), "{bad}");
    }
}

#[test]
fn on_a_full_disk_no_part_of_an_alert_is_left() {
    let Some(disk) = children::small_disk("64k") else {
        return;
    };
    let layout = Layout::new(disk.path()).unwrap();
    let redactor = Redactor::new([""; 0]);
    let alerts = Alerts::new(&layout, &redactor);
    fs::create_dir(layout.alerts()).unwrap();
    disk.fill();
    let alert = Alert {
        evidence: Some("x".repeat(9000).into()),
        ..plain("degraded", "1.0.0+v1")
    };
    assert!(matches!(
        alerts.raise(&alert, at(0)),
        Err(AlertError::File { .. })
    ));
    assert_eq!(alerts.list().unwrap(), []);
}
