//! From nothing to a rollback, in the order in which an app lives.

use libtest_mimic::Trial;
use serde_json::Value;
use test_kit::trials::trial;

use test_kit::desk::{Desk, NEW, OLD};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("an_app_s_life_from_its_first_deploy_to_a_rollback", life),
        trial(
            "a_first_deploy_that_fails_is_degraded_and_not_tried_again",
            first_fails,
        ),
    ]
}

fn life() {
    let desk = Desk::new("life", 18201);
    desk.release(OLD, "");
    // Nothing runs yet: a plan says so and writes nothing.
    let planned = desk.run(&["plan", "traefik"]);
    assert_eq!(planned.code, Some(0), "{planned:?}");
    assert_eq!(planned.json()["plan"]["plan"], "first-deploy");
    assert!(!desk.path("warm").exists());

    desk.run(&["traefik"]).is(0, "deployed");
    assert_eq!(desk.answers().as_deref(), Some("3.6.15"));
    assert_eq!(desk.last_good(), OLD);
    unchanged(&desk, 0, "noop-healthy");

    desk.release(NEW, "");
    let plan = desk.run(&["plan", "traefik"]);
    let file = desk.path("plan.json");
    std::fs::write(&file, &plan.out).unwrap();
    let file = file.to_str().unwrap();
    let upgraded = desk.run(&["traefik", "--plan", file]).is(0, "upgraded");
    assert_eq!(desk.answers().as_deref(), Some("3.7.15"));
    assert_eq!(desk.last_good(), NEW);
    only_the_new_one_counted(&desk.flight(&upgraded));
    unchanged(&desk, 0, "noop-healthy");
    let indexes = desk.indexes();
    let stale = desk.run(&["traefik", "--plan", file]);
    assert_eq!(stale.code, Some(40), "{stale:?}");
    assert!(stale.err.contains("the world has moved"), "{stale:?}");
    assert_eq!(desk.indexes(), indexes);

    let broken = "5.3.0+v3.7.15";
    desk.release_broken(broken);
    let back = desk.run(&["traefik"]).is(20, "rolled-back");
    assert_eq!(desk.answers().as_deref(), Some("3.7.15"));
    assert_eq!(desk.last_good(), NEW);
    // Also where the engine took the update back by itself, the app's own words are kept.
    let told = back["remarks"].to_string();
    assert!(told.contains("nonsense"), "{told}");
    let path = back["alert"].as_str().unwrap();
    let alert: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for (field, value) in [
        ("app", "traefik"),
        ("reason", "rolled-back"),
        ("version", broken),
        ("attempted", broken),
        ("last_good", NEW),
    ] {
        assert_eq!(alert[field], value, "{alert:#}");
    }
    assert_eq!(alert["recovered"], true);
    let ts = alert["ts"].as_str().unwrap();
    assert!(
        path.ends_with(&format!("alerts/{ts}-traefik-rolled-back.json")),
        "{path}"
    );
    assert!(
        alert["evidence"]["gate"]["timeline"]["verdict"].is_object(),
        "{alert:#}"
    );
    let quarantine = std::fs::read_to_string(desk.home().join("quarantine.json")).unwrap();
    assert!(quarantine.contains(broken), "{quarantine}");
    unchanged(&desk, 10, "held-quarantined");
    assert_eq!(desk.answers().as_deref(), Some("3.7.15"));

    desk.run(&["rollback", "traefik"]).is(20, "rolled-back");
    assert_eq!(desk.answers().as_deref(), Some("3.6.15"));
    assert_eq!(desk.last_good(), OLD);
}

/// A run that does not touch the engine.
#[track_caller]
fn unchanged(desk: &Desk, code: i32, outcome: &str) {
    let before = desk.indexes();
    desk.run(&["run", "traefik"]).is(code, outcome);
    assert_eq!(desk.indexes(), before, "{outcome} wrote to the engine");
}

/// The old process answers 200 for some time after the deploy; none of that is counted.
fn only_the_new_one_counted(flight: &Value) {
    let gates = flight["gates"].as_array().unwrap();
    assert_eq!(gates.len(), 1, "{flight:#}");
    let timeline = &gates[0]["timeline"];
    assert_eq!(timeline["omitted"], 0);
    let parts = ["first", "changes", "last"].map(|part| timeline[part].as_array().unwrap());
    let entries: Vec<&Value> = parts
        .into_iter()
        .flatten()
        .map(|entry| match entry {
            Value::Array(pair) => &pair[0],
            entry => entry,
        })
        .collect();
    let version = |entry: &Value| entry["seen"]["answer"]["responder"]["version"].clone();
    let counted = |entry: &&&Value| entry["worth"] == "counted";
    let old = entries.iter().filter(|entry| version(entry) == "3.6.15");
    assert!(
        old.clone().count() > 0,
        "the old process never answered: {timeline:#}"
    );
    assert_eq!(old.filter(counted).count(), 0, "{timeline:#}");
    let new = entries.iter().filter(counted);
    assert!(new.clone().count() >= 3, "{timeline:#}");
    for entry in new {
        assert_eq!(version(entry), "3.7.15", "{entry:#}");
    }
}

fn first_fails() {
    let desk = Desk::new("first", 18202);
    desk.release_broken(OLD);
    let report = desk.run(&["traefik"]).is(30, "nothing-to-roll-back-to");
    assert!(report["alert"].is_string());
    assert_eq!(desk.last_good(), "");
    let before = desk.indexes();
    desk.run(&["traefik"]).is(30, "nothing-to-roll-back-to");
    assert_eq!(desk.indexes(), before);
    let files = std::fs::read_dir(desk.alerts()).unwrap().flatten();
    let alerts = files.filter(|file| file.path().extension().is_some_and(|end| end == "json"));
    assert_eq!(alerts.count(), 1, "the same alert is raised once");
    // Repaired under a new version: deployed, and taken for healthy.
    desk.release(NEW, "");
    desk.run(&["traefik"]).is(0, "upgraded");
    assert_eq!(desk.last_good(), NEW);
}
