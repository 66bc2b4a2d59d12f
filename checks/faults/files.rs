//! State files that are torn, or cannot be read: nothing is silently healthy, and nothing is
//! touched on a guess.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;

use super::stage::{Answer, NEW, OLD, Stage};
use test_kit::trials::trial;
use test_kit::warm::Ended;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_torn_or_unreadable_state_file_is_never_taken_for_another_state",
            torn,
        ),
        trial(
            "a_torn_state_file_is_named_and_set_aside_the_next_run_goes_on",
            set_aside,
        ),
        trial("small_faults_are_told_and_nothing_is_left", small),
    ]
}

/// What decides: damaged, a run is degraded and touches nothing.
const DECIDES: [&str; 6] = [
    "traefik/journal.jsonl",
    "traefik/last_good",
    "traefik/last_good.json",
    "traefik/quarantine.json",
    "traefik/hold.json",
    "traefik/acks.json",
];
/// What only tells: damaged, a run ends as it would.
const TELLS: [&str; 5] = [
    "traefik/history.jsonl",
    "metrics/traefik.prom",
    "locks/traefik.owner.json",
    "traefik/journal.reserve",
    "audit.jsonl",
];

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    let done = Command::new("cp")
        .arg("-a")
        .arg(from)
        .arg(to)
        .status()
        .unwrap();
    assert!(done.success());
}

/// Damages a file: its first bytes only, other bytes, or a folder in its place.
fn damages(whole: &[u8]) -> Vec<(String, Option<Vec<u8>>)> {
    let mut lengths = vec![0, 1, whole.len() / 2, whole.len().saturating_sub(2)];
    lengths.dedup();
    let cut = lengths
        .into_iter()
        .filter(|&length| length < whole.len().saturating_sub(1));
    let mut all: Vec<(String, Option<Vec<u8>>)> = cut
        .map(|length| (format!("cut to {length}"), Some(whole[..length].to_vec())))
        .collect();
    all.push(("zeros".into(), Some(vec![0; whole.len().max(4)])));
    all.push(("a folder".into(), None));
    all
}

fn torn() {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    stage.release(NEW);
    stage.answers(NEW, Answer::Status(500));
    stage.run(&["traefik"]).is(20, "rolled-back");
    assert_eq!(stage.run(&["ack", "traefik", "6.0.0+v4.0.0"]).code, Some(0));
    assert_eq!(
        stage.run(&["hold", "traefik", "a person looks"]).code,
        Some(0)
    );
    let sane = stage.path("sane");
    copy(stage.warm(), &sane);
    // An upgrade that a run on a guess would carry out.
    stage.release("5.3.0+v3.6.15");
    let indexes = stage.engine.indexes();
    let calls = stage.calls().len();
    for (name, decides) in DECIDES
        .map(|name| (name, true))
        .into_iter()
        .chain(TELLS.map(|name| (name, false)))
    {
        let whole = std::fs::read(sane.join(name)).unwrap_or_default();
        assert!(!decides || whole.len() > 4, "{name} is not there");
        for (what, bytes) in damages(&whole) {
            copy(&sane, stage.warm());
            let path = stage.warm().join(name);
            let _ = std::fs::remove_file(&path);
            match &bytes {
                Some(bytes) => std::fs::write(&path, bytes).unwrap(),
                None => std::fs::create_dir_all(&path).unwrap(),
            }
            let ended = stage.run(&["traefik"]);
            let said = format!("{name} {what}: {ended:?}");
            assert_eq!(stage.engine.indexes(), indexes, "{said}");
            assert_eq!(stage.calls().len(), calls, "{said}");
            if decides || name.ends_with("history.jsonl") && bytes.is_none() {
                assert_eq!(
                    (ended.code, ended.outcome().as_str()),
                    (Some(30), "state-unreadable"),
                    "{said}"
                );
                assert!(ended.json()["alert"].is_string(), "{said}");
                let file = Path::new(name).file_name().unwrap().to_str().unwrap();
                let told = ended.json()["remarks"].to_string();
                assert!(told.contains(file) && told.contains("aside"), "{said}");
                assert_eq!(stage.alerts_of("state-unreadable"), 1, "{said}");
            } else {
                assert_eq!(
                    (ended.code, ended.outcome().as_str()),
                    (Some(10), "held-by-operator"),
                    "{said}"
                );
            }
            // Nothing was repaired by a guess.
            if name != "traefik/last_good" {
                assert_eq!(stage.last_good(), OLD, "{said}");
            }
        }
    }
    copy(&sane, stage.warm());
    stage.run(&["release", "traefik"]);
    stage.run(&["traefik"]).is(0, "upgraded");
}

fn set_aside() {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    stage.run(&["ack", "traefik", "6.0.0+v4.0.0"]);
    for name in ["journal.jsonl", "last_good", "last_good.json", "acks.json"] {
        let path = stage.home().join(name);
        std::fs::write(&path, "{").unwrap();
        stage.run(&["traefik"]).is(30, "state-unreadable");
        let status = stage.run(&["status", "traefik"]);
        assert_eq!(status.code, Some(30), "{status:?}");
        assert!(status.out.contains(name), "{status:?}");
        std::fs::rename(&path, stage.home().join(format!("{name}.damaged"))).unwrap();
        let ended = stage.run(&["traefik"]);
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
        assert_eq!(stage.run(&["status", "traefik"]).code, Some(0), "{name}");
    }
    assert_eq!(
        stage.run(&["traefik"]).is(0, "noop-healthy")["version"],
        OLD
    );
}

fn small() {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    // What a run that was killed left beside its journal.
    let left = stage.home().join(".journal.reserve.x1y2z3.gateproof-tmp");
    std::fs::write(&left, "").unwrap();
    stage.run(&["traefik"]);
    assert!(!left.exists());
    // A plan that is none.
    let plan = stage.path("plan.json");
    for text in [None, Some("{"), Some("{\"schema\": 2}")] {
        if let Some(text) = text {
            std::fs::write(&plan, text).unwrap();
        }
        let ended = stage.run(&["run", "traefik", "--plan", plan.to_str().unwrap()]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains("plan.json"), "{ended:?}");
    }
    // What people decide is told as JSON where that is asked for.
    let held = stage.run(&["hold", "traefik", "a person looks"]).json();
    assert_eq!(held["held"]["reason"], "a person looks");
    let released = stage.run(&["release", "traefik"]).json();
    assert_eq!(released["released"]["reason"], "a person looks");
    let ack = stage.run(&["ack", "traefik", "6.0.0+v4.0.0"]).json();
    assert_eq!(ack["version"], "6.0.0+v4.0.0");
    let not = stage
        .run(&["release", "traefik", "--quarantined", NEW])
        .json();
    assert_eq!(not["released"], false);
    assert_eq!(stage.run(&["hold", "traefik", " "]).code, Some(2));
    // A lock that is a link is not followed.
    let (lock, elsewhere) = (
        stage.warm().join("locks/traefik.lock"),
        stage.path("elsewhere"),
    );
    std::fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &lock).unwrap();
    let ended = stage.run(&["traefik"]);
    assert_eq!(ended.code, Some(40), "{ended:?}");
    assert!(
        ended.err.contains("cannot lock") && !elsewhere.exists(),
        "{ended:?}"
    );
    std::fs::remove_file(&lock).unwrap();
    // A folder of state that is set to nothing is not the real one.
    let mut command = stage.command(&[], &["status", "traefik"]);
    let ended = Ended::of(command.env("CCCI_WARM_ROOT", "").output().unwrap());
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("CCCI_WARM_ROOT"), "{ended:?}");
}
