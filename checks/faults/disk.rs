//! The state folder's disk is full.

use std::fs;
use std::path::Path;

use libtest_mimic::Trial;

use super::stage::{Answer, NEW, OLD, Stage};
use test_kit::disk::Disk;
use test_kit::trials::trial;

pub fn trials() -> Vec<Trial> {
    let missing = Disk::new().is_none();
    if missing {
        println!("not run: full disks (no tmpfs can be mounted here)");
    }
    let all = vec![
        trial("on_a_full_disk_nothing_is_begun", at_the_start),
        trial(
            "a_disk_that_fills_up_in_mid_run_costs_at_most_one_further_run",
            in_mid_run,
        ),
    ];
    let all = all.into_iter();
    all.map(|trial| trial.with_ignored_flag(missing)).collect()
}

fn on(disk: &Disk) -> Stage {
    let stage = Stage::at(Some(disk.path()));
    stage.run(&["traefik"]).is(0, "deployed");
    stage.release(NEW);
    stage
}

fn at_the_start() {
    let disk = Disk::new().unwrap();
    let stage = on(&disk);
    let (indexes, calls) = (stage.engine.indexes(), stage.calls().len());
    disk.fill();
    let ended = stage.run(&["traefik"]);
    assert_eq!(ended.code, Some(40), "{ended:?}");
    assert!(ended.err.contains("No space left"), "{ended:?}");
    assert!(ended.err.contains("ALERT COULD NOT BE RAISED"), "{ended:?}");
    assert_eq!(
        (stage.engine.indexes(), stage.calls().len()),
        (indexes, calls)
    );
    assert_eq!(stage.last_good(), OLD);
    disk.empty();
    stage.run(&["traefik"]).is(0, "upgraded");
    assert_eq!(stage.last_good(), NEW);
}

fn in_mid_run() {
    for (state, bad) in [
        ("deploying", false),
        ("gating", false),
        ("gating", true),
        ("restored", true),
    ] {
        let disk = Disk::new().unwrap();
        let stage = on(&disk);
        if bad {
            stage.answers(NEW, Answer::Status(500));
        }
        // Time enough for the disk to fill up in `deploying`.
        stage.docker("[ \"$1\" != stack ] || sleep 0.4");
        let mut program = stage.start_until(&["traefik"], state);
        disk.fill();
        let ended = program.end();
        let said = format!("full in {state}, bad {bad}: {ended:?}");
        // The space that the journal keeps back may be enough for all the rest.
        let committed = ended.code == Some(0);
        assert!(!committed || !bad, "{said}");
        assert_eq!(
            stage.last_good(),
            if committed { NEW } else { OLD },
            "{said}"
        );
        // Space again, and one further run.
        disk.empty();
        stage.docker("");
        let ended = stage.run(&["traefik"]);
        let said = format!("then, full in {state}, bad {bad}: {ended:?}");
        match bad {
            false => assert_eq!(
                (ended.code, stage.last_good().as_str()),
                (Some(0), NEW),
                "{said}"
            ),
            true => {
                assert!(matches!(ended.code, Some(10 | 20)), "{said}");
                assert_eq!(stage.last_good(), OLD, "{said}");
                assert_eq!(stage.runs().as_deref(), Some("3.6.15"), "{said}");
                assert!(!stage.alerts().is_empty(), "{said}");
            }
        }
        assert!(usage_is_bounded(stage.warm()), "{said}");
    }
}

/// No temporary file is left by a write that failed.
fn usage_is_bounded(warm: &Path) -> bool {
    let entries = fs::read_dir(warm.join("traefik")).unwrap().flatten();
    let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.all(|name| !name.ends_with("gateproof-tmp"))
}
