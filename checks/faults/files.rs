//! State files that are torn, or cannot be read: nothing is silently healthy, and nothing is
//! touched on a guess.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;

use super::stage::{Answer, NEW, OLD, Stage, trial};

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "a_torn_or_unreadable_state_file_is_never_taken_for_another_state",
        torn,
    )]
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
