//! Told to stop, at each stage.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::Value;

use super::stage::{Answer, NEW, OLD, Stage};
use test_kit::trials::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "told_to_stop_at_any_stage_it_ends_soon_and_can_be_resumed",
            stop,
        ),
        trial("told_to_stop_at_the_gate_its_probes_are_on_record", probes),
    ]
}

/// Far below the 90 s that systemd waits by default; the tool that hangs is ended, too.
const SOON: Duration = Duration::from_secs(5);

fn stop() {
    for (state, bad, signal) in [
        ("deploying", false, "-TERM"),
        ("gating", true, "-INT"),
        ("restored", true, "-TERM"),
        ("re-gating", true, "-TERM"),
    ] {
        let stage = Stage::new();
        stage.run(&["traefik"]).is(0, "deployed");
        stage.release(NEW);
        if bad {
            stage.answers(NEW, Answer::Status(500));
        }
        let count = stage.path("count").display().to_string();
        match state {
            "deploying" => stage.docker("[ \"$1\" != stack ] || exec sleep 60"),
            "restored" => stage.docker(&format!(
                "[ \"$1\" != stack ] || {{ echo >>{count}; [ \"$(wc -l <{count})\" -lt 2 ] || exec sleep 60; }}"
            )),
            // Then it is slow to be well, so that there is a moment to stop in.
            "re-gating" => stage.answers(OLD, Answer::Status(502)),
            _ => {}
        }
        let mut program = stage.start_until(&["traefik"], state);
        std::thread::sleep(Duration::from_millis(100));
        let told = Instant::now();
        program.signal(signal);
        let ended = program.end();
        assert!(told.elapsed() < SOON, "{state}: {:?}", told.elapsed());
        assert_eq!(ended.code, Some(40), "{state}: {ended:?}");
        assert_eq!(stage.journal().as_deref(), Some(state), "{ended:?}");
        assert_eq!(stage.last_good(), OLD);
        let tool = stage.path("bin/docker").display().to_string();
        assert!(!any_process_has(&tool), "{state}: a tool is still running");
        stage.docker("");
        if state == "re-gating" {
            stage.answers(OLD, Answer::Status(200));
        }
        let resumed = stage.run(&["resume", "traefik"]);
        match bad {
            false => resumed.is(0, "upgraded"),
            true => resumed.is(20, "rolled-back"),
        };
        assert_eq!(stage.last_good(), if bad { OLD } else { NEW });
    }
}

fn any_process_has(word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| String::from_utf8_lossy(&line).contains(word))
}

fn probes() {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    stage.release(NEW);
    stage.answers(NEW, Answer::Status(500));
    let mut program = stage.start_until(&["traefik"], "gating");
    std::thread::sleep(Duration::from_millis(400));
    program.signal("-TERM");
    let ended = program.end();
    assert_eq!(ended.code, Some(40), "{ended:?}");
    let mut records: Vec<_> = std::fs::read_dir(stage.home().join("runs"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    records.sort();
    let text = std::fs::read_to_string(records.last().unwrap()).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    assert!(
        record["ended"].as_str().unwrap().contains("SIGTERM"),
        "{record:#}"
    );
    let timeline = &record["gates"][0]["timeline"];
    assert!(timeline["probes"].as_u64().unwrap() >= 1, "{record:#}");
    assert_eq!(
        timeline["first"][0]["seen"]["answer"]["status"], 500,
        "{record:#}"
    );
    assert!(timeline["verdict"].is_null(), "{record:#}");
    // Told to stop is no error of ours.
    assert_eq!(stage.alerts(), []);
}
