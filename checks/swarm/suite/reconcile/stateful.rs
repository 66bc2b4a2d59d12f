//! A stateful app: its data is kept before every upgrade, and comes back whole.

use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::Value;
use test_kit::trials::trial;

use test_kit::desk::Desk;
use test_kit::ledger::{ONE, RUINS, THREE, TWO, abra, data, differs, fill, release, seen, trap};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_restore_that_fails_halfway_leaves_the_app_down_until_a_person_acts",
            halfway,
        ),
        trial("a_stateful_app_s_life_and_its_snapshots", life),
        trial(
            "a_version_that_ruins_its_data_is_taken_back_to_every_byte",
            || {
                ruined("stack");
            },
        ),
        trial("the_same_through_abra_with_its_traps", || ruined("abra")),
        trial("abra_s_word_decides_nothing_of_a_stateful_app", traps),
        trial("killed_with_the_app_down_it_comes_up_again", killed_forward),
        trial(
            "killed_on_the_way_back_the_data_comes_back_all_the_same",
            killed_back,
        ),
        trial(
            "a_stranger_on_the_volume_holds_the_upgrade_before_anything_is_touched",
            stranger,
        ),
        trial(
            "a_damaged_snapshot_costs_no_data_and_can_be_tried_again",
            damaged,
        ),
    ]
}

/// The first version, with data in its volume.
fn begun(name: &str, port: u16, driver: &str) -> Desk {
    let desk = Desk::ledger(name, port, driver);
    if driver == "abra" {
        abra(&desk);
    }
    release(&desk, ONE, "true");
    desk.run(&["ledger"]).is(0, "deployed");
    fill(&data(&desk));
    desk
}

/// Changes its data once, and not again when it is started again.
fn migrates(tag: &str, more: &str) -> String {
    let mark = format!("/data/migrated-{}", tag.replace('+', "-"));
    format!("busybox test -e {mark} || echo {tag} >{mark}{more}")
}

fn good(desk: &Desk) -> Value {
    let text = std::fs::read_to_string(desk.home().join("last_good.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn life() {
    let desk = begun("slife", 18251, "stack");
    let before = seen(&data(&desk));
    assert_eq!(good(&desk)["snapshot"], Value::Null);
    let none = desk.run(&["snapshot", "ledger"]);
    assert_eq!((none.code, none.json()), (Some(0), Value::Array(vec![])));

    release(&desk, TWO, &migrates(TWO, ""));
    let files = || seen(&desk.home());
    let (state, indexes) = (files(), desk.indexes());
    let plan = desk.run(&["plan", "ledger"]).json();
    assert_eq!(plan["outcome"], "upgraded");
    let shown = &plan["data"];
    let volume = format!("{}_data", desk.stack);
    let bytes = shown["volumes"][&volume].as_u64().unwrap();
    assert!((6_000_000..20_000_000).contains(&bytes), "{plan:#}");
    assert!(shown["needed"].as_u64().unwrap() > bytes && shown["free"].is_u64());
    assert_eq!(shown["steps"].as_array().unwrap().len(), 4, "{plan:#}");
    assert_eq!(files(), state, "a plan writes nothing");
    assert_eq!(desk.indexes(), indexes);

    desk.run(&["ledger"]).is(0, "upgraded");
    assert_eq!(desk.answers().as_deref(), Some("1.1.0"));
    let after = seen(&data(&desk));
    assert_ne!(after, before);
    let listed = desk.run(&["snapshot", "ledger", "list"]).json();
    assert_eq!(listed[0]["version"], ONE);
    assert_eq!(good(&desk)["snapshot"], listed[0]["id"]);
    assert_eq!(listed[0]["rollback_goes_here"], true);
    for what in ["verify", "rehearse"] {
        let looked = desk.run(&["snapshot", "ledger", what]);
        assert_eq!(looked.code, Some(0), "{looked:?}");
        assert_eq!(looked.json()[0]["good"], true, "{looked:?}");
    }
    assert!(!desk.home().read_dir().unwrap().any(|file| {
        file.unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with("rehearsal")
    }));

    // A version that fails does not cost the snapshot that `rollback` needs.
    release(&desk, THREE, RUINS);
    desk.run(&["ledger"]).is(20, "rolled-back");
    assert_eq!(seen(&data(&desk)), after);
    let pair = good(&desk)["snapshot"].clone();
    desk.run(&["rollback", "ledger"]).is(20, "rolled-back");
    assert_eq!(desk.answers().as_deref(), Some("1.0.0"));
    assert_eq!(desk.last_good(), ONE);
    assert_eq!(seen(&data(&desk)), before);
    let listed = desk.run(&["snapshot", "ledger"]).json();
    let slots: Vec<(&str, &str)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["slot"].as_str().unwrap(),
                one["version"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(slots, [("current", TWO), ("previous", ONE), ("aside", TWO)]);
    assert_eq!(listed[1]["id"], pair);
    // There is nothing before it any more, and nothing is made up.
    desk.run(&["rollback", "ledger"]).is(10, "held-no-previous");
    desk.run(&["ledger"]).is(10, "held-quarantined");
}

fn ruined(driver: &str) {
    let port = if driver == "abra" { 18253 } else { 18252 };
    let desk = begun(&format!("ruin{driver}"), port, driver);
    let before = seen(&data(&desk));
    release(&desk, TWO, RUINS);
    let mut program = desk.start_until(&["ledger"], "gating");
    // The control: it really does it.
    let end = std::time::Instant::now() + Duration::from_secs(15);
    while !differs(&data(&desk), &before) {
        assert!(std::time::Instant::now() < end, "it never ruined anything");
        std::thread::sleep(Duration::from_millis(50));
    }
    let report = program.end().is(20, "rolled-back");
    assert_eq!(seen(&data(&desk)), before);
    assert_eq!(desk.answers().as_deref(), Some("1.0.0"));
    assert_eq!(desk.last_good(), ONE);
    let alert = std::fs::read_to_string(report["alert"].as_str().unwrap()).unwrap();
    let alert: Value = serde_json::from_str(&alert).unwrap();
    assert_eq!(
        (&alert["reason"], &alert["attempted"]),
        (&"rolled-back".into(), &TWO.into())
    );
    assert_eq!(alert["recovered"], true);
    let quarantine = std::fs::read_to_string(desk.home().join("quarantine.json")).unwrap();
    assert!(quarantine.contains(TWO), "{quarantine}");
    let indexes = desk.indexes();
    desk.run(&["ledger"]).is(10, "held-quarantined");
    assert_eq!(desk.indexes(), indexes);
}

fn traps() {
    let desk = begun("straps", 18254, "abra");
    let calls = || std::fs::read_to_string(desk.path("abra/servers/calls")).unwrap();
    assert!(calls().starts_with(&format!("deploy ledger.test {ONE} -o -n -f")));
    // It says FATA and exits 1 because it does not wait; the app comes up well.
    trap(&desk, &format!("impatient@{TWO}"));
    release(&desk, TWO, &migrates(TWO, "; sleep 2"));
    let report = desk.run(&["ledger"]).is(0, "upgraded");
    let flight = desk.flight(&report);
    let said = flight["tools"].to_string();
    assert!(said.contains("to converge"), "{flight:#}");
    assert_eq!(desk.last_good(), TWO);
    assert!(calls().contains("undeploy ledger.test -n"));
    // It had returned long before the last container was gone: that was waited for.
    let undeployed = &flight["data"][0];
    assert_eq!(undeployed["what"], "undeployed", "{flight:#}");
    assert!(undeployed["took_ms"].as_u64().unwrap() > 1500, "{flight:#}");
    let before = seen(&data(&desk));
    // It says FATA, exits 0, and deployed nothing: the app is down, and comes back. The version
    // never ran, so it is tried again.
    trap(&desk, &format!("fata-0@{THREE}"));
    release(&desk, THREE, "true");
    let report = desk.run(&["ledger"]).is(10, "held-undeployable");
    assert!(
        report["remarks"].to_string().contains("FATA deploy failed"),
        "{report:#}"
    );
    assert_eq!(desk.answers().as_deref(), Some("1.1.0"));
    assert_eq!(
        (desk.last_good().as_str(), seen(&data(&desk))),
        (TWO, before)
    );
}

fn killed_forward() {
    let desk = begun("skill", 18255, "stack");
    let mut versions = (1..).map(|minor| format!("1.{minor}.0+v1.{minor}.0"));
    // Down or going down, with or without its snapshot, and half up again.
    for (state, later) in [("planned", 300), ("quiesced", 0), ("deploying", 0)] {
        let before = seen(&data(&desk));
        let (tag, last) = (versions.next().unwrap(), desk.last_good());
        release(&desk, &tag, &migrates(&tag, ""));
        let mut program = desk.start_until(&["ledger"], state);
        std::thread::sleep(Duration::from_millis(later));
        program.kill();
        assert_eq!(desk.last_good(), last);
        desk.run(&["ledger"]).is(0, "upgraded");
        assert_eq!(desk.last_good(), tag, "killed after {state}");
        // And its snapshot is the data of the version before it.
        let listed = desk.run(&["snapshot", "ledger"]).json();
        assert_eq!(listed.as_array().unwrap().len(), 1, "{listed:#}");
        assert_eq!(listed[0]["version"], last.as_str());
        desk.run(&["rollback", "ledger"]).is(20, "rolled-back");
        assert_eq!(seen(&data(&desk)), before, "killed after {state}");
        desk.run(&["release", "ledger", "--quarantined", &tag]);
        desk.run(&["ledger"]).is(0, "upgraded");
    }
}

fn killed_back() {
    let desk = begun("sback", 18256, "stack");
    let mut versions = (1..).map(|minor| format!("1.{minor}.0+v1.{minor}.0"));
    for state in ["rolling-back", "restoring", "restored"] {
        let before = seen(&data(&desk));
        let tag = versions.next().unwrap();
        release(&desk, &tag, RUINS);
        desk.start_until(&["ledger"], state).kill();
        let report = desk.run(&["ledger"]).is(20, "rolled-back");
        assert!(report["alert"].is_string());
        assert_eq!(desk.last_good(), ONE);
        assert_eq!(desk.answers().as_deref(), Some("1.0.0"));
        assert_eq!(seen(&data(&desk)), before, "killed after {state}");
    }
}

fn stranger() {
    let desk = begun("sguest", 18257, "stack");
    let volume = format!("{}_data:/data:ro", desk.stack);
    let name = format!("{}-guest", desk.stack);
    // It does not even run.
    desk.swarm().docker(&[
        "create",
        "--name",
        &name,
        "--volume",
        &volume,
        "lab/web:1",
        "/bin/serve",
    ]);
    release(&desk, TWO, "true");
    let indexes = desk.indexes();
    let report = desk.run(&["ledger"]).is(10, "held-no-snapshot");
    assert!(report["remarks"].to_string().contains(&name), "{report:#}");
    assert!(report["alert"].is_string());
    assert_eq!(desk.indexes(), indexes);
    let plan = desk.run(&["plan", "ledger"]).json();
    assert!(
        plan["data"]["in_the_way"][0]
            .as_str()
            .unwrap()
            .contains(&name),
        "{plan:#}"
    );
    desk.swarm().docker(&["rm", &name]);
    desk.run(&["ledger"]).is(0, "upgraded");
}

fn halfway() {
    let desk = begun("shalf", 18259, "stack");
    let volume = data(&desk);
    let before = seen(&volume);
    let chattr = |how: &str| {
        let file = volume.join("deep/er/file");
        let done = std::process::Command::new("chattr")
            .arg(how)
            .arg(file)
            .status();
        done.is_ok_and(|done| done.success())
    };
    release(&desk, TWO, "echo ruined >/data/mode; exit 3");
    let mut program = desk.start_until(&["ledger"], "gating");
    if !chattr("+i") {
        program.kill();
        println!("not run: the file system knows no immutable files");
        return;
    }
    let ended = program.end();
    // Whatever is asserted, the folder can be removed again afterwards.
    let down: Vec<_> = (0..2)
        .map(|_| (desk.run(&["ledger"]), desk.services()))
        .collect();
    assert!(chattr("-i"));
    let report = ended.is(30, "rollback-failed");
    let remarks = report["remarks"].to_string();
    for word in [
        "Operation not permitted",
        "the snapshot is still whole",
        "resume --again",
    ] {
        assert!(remarks.contains(word), "{word}: {report:#}");
    }
    // Neither version meets data that is in between, however often it is run.
    for (again, services) in down {
        again.is(30, "rollback-failed");
        assert_eq!(services, "");
    }
    desk.run(&["resume", "--again", "ledger"])
        .is(20, "rolled-back");
    assert_eq!(desk.answers().as_deref(), Some("1.0.0"));
    assert_eq!(seen(&volume), before);
}

fn damaged() {
    let desk = begun("sdamage", 18258, "stack");
    let before = seen(&data(&desk));
    release(&desk, TWO, RUINS);
    let mut program = desk.start_until(&["ledger"], "gating");
    let tar = desk
        .home()
        .join(format!("snapshot/volumes/{}_data.tar", desk.stack));
    let whole = std::fs::read(&tar).unwrap();
    let mut bytes = whole.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&tar, bytes).unwrap();
    let report = program.end().is(30, "rollback-failed");
    assert_ne!(seen(&data(&desk)), before);
    let alert = std::fs::read_to_string(report["alert"].as_str().unwrap()).unwrap();
    for word in [
        "is damaged at",
        "the data was not touched",
        "resume --again ledger",
    ] {
        assert!(alert.contains(word), "{word}: {alert}");
    }
    let verified = desk.run(&["snapshot", "ledger", "verify"]);
    assert_eq!(verified.code, Some(30), "{verified:?}");
    // By itself nothing more is tried with the data.
    let still = desk.run(&["ledger"]);
    assert_eq!(still.code, Some(30), "{still:?}");
    assert_ne!(seen(&data(&desk)), before);
    // Nor by a person, while it is damaged.
    desk.run(&["resume", "--again", "ledger"])
        .is(30, "rollback-failed");
    std::fs::write(&tar, whole).unwrap();
    desk.run(&["resume", "--again", "ledger"])
        .is(20, "rolled-back");
    assert_eq!(seen(&data(&desk)), before);
    assert_eq!(desk.answers().as_deref(), Some("1.0.0"));
    let again = desk.run(&["resume", "--again", "ledger"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.json()["outcome"].is_null(), "{again:?}");
}
