//! An app with data in a volume: whatever becomes of a run, no version meets data that a newer one
//! has changed, and going back brings back every byte.

use std::process::Command;

use libtest_mimic::Trial;

use super::stage::{Answer, DATA, NEW, OLD, Stage};
use super::walk::{covers, killed, killed_in, no_strace, state_of, walk, walk_all};
use test_kit::disk::Disk;
use test_kit::trials::trial;

pub fn trials() -> Vec<Trial> {
    let walks = [
        trial(
            "killed_at_any_write_a_stateful_upgrade_ends_committed_with_its_pair",
            forward,
        ),
        trial(
            "killed_at_any_write_a_stateful_upgrade_that_fails_brings_its_data_back",
            back,
        ),
        trial(
            "killed_at_any_write_a_stateful_rollback_by_hand_never_mixes_code_and_data",
            by_hand,
        ),
        trial(
            "killed_while_data_is_copied_or_restored_it_comes_back_whole",
            in_the_data,
        ),
    ];
    let walks = walks.into_iter().chain([trial(
        "a_deploy_refused_after_a_kill_on_the_way_down_condemns_no_version",
        refused_after_a_kill,
    )]);
    let missing = no_strace();
    let walks = walks.map(|walk| walk.with_ignored_flag(missing));
    let no_disk = Disk::of("64k").is_none();
    let full = [trial(
        "a_disk_that_fills_up_before_the_snapshot_costs_an_upgrade_and_no_data",
        full,
    )];
    let full = full
        .into_iter()
        .map(|trial| trial.with_ignored_flag(no_disk));
    let others = [
        trial(
            "a_start_first_update_is_held_only_over_what_still_runs",
            beside_itself,
        ),
        trial(
            "a_run_that_died_in_the_gate_after_a_sick_version_goes_back_to_its_data_and_is_loud",
            sick_before,
        ),
        trial(
            "a_snapshot_that_cannot_be_read_costs_no_data_that_is_there",
            unreadable,
        ),
    ];
    walks.chain(full).chain(others).collect()
}

/// The first version, committed, with data in its volume.
fn begun() -> Stage {
    filled(Stage::stateful(None))
}

fn filled(stage: Stage) -> Stage {
    stage.run(&["traefik"]).is(0, "deployed");
    let line = "mkdir -p deep/er; seq 20000 >deep/er/file; ln deep/er/file hard; echo mode >mode
        chmod 4751 mode; ln -s 'nowhere at all' link; touch -d '2001-02-03 04:05:06.789' mode .";
    let done = Command::new("sh")
        .args(["-ec", line])
        .current_dir(stage.path(DATA))
        .status();
    assert!(done.unwrap().success());
    stage
}

/// All that is in the volume, seen by other eyes than the program's.
fn seen(stage: &Stage) -> String {
    let script = "find . -printf '%P|%y|%m|%U:%G|%T@|%n|%l\n' | LC_ALL=C sort
        find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum";
    let done = Command::new("bash")
        .args(["-euc", script])
        .current_dir(stage.path(DATA))
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// No code has met data of a version after it.
#[track_caller]
fn never_mixed(stage: &Stage, said: &str) {
    let met = std::fs::read_to_string(stage.path("met")).unwrap();
    let wrong = |line: &&str| {
        let (code, data) = line.split_once(" on ").unwrap();
        // The test's own versions sort as text.
        !data.is_empty() && data > code
    };
    assert_eq!(met.lines().find(wrong), None, "{said}: {met}");
}

fn forward() {
    let states = walk(2, |at| {
        let stage = begun();
        let before = seen(&stage);
        stage.release(NEW);
        let was_killed = killed(&stage, at, &["traefik"]);
        let state = state_of(&stage);
        let said = format!("killed at {at} in {state}");
        let good = stage.last_good();
        assert!(
            good == OLD || good == NEW && stage.right_answers(NEW) >= 2,
            "{said}: {good}"
        );
        let ended = stage.run(&["traefik"]);
        assert_eq!(ended.code, Some(0), "{said}: {ended:?}");
        assert_eq!(stage.last_good(), NEW, "{said}");
        assert_eq!(stage.runs().as_deref(), Some("3.7.15"), "{said}");
        assert_ne!(
            seen(&stage),
            before,
            "{said}: the new version changes its data"
        );
        let kept = stage.run(&["snapshot", "traefik"]).json();
        assert_eq!(kept.as_array().unwrap().len(), 1, "{said}: {kept:#}");
        assert_eq!(kept[0]["version"], OLD, "{said}: {kept:#}");
        assert_eq!(kept[0]["rollback_goes_here"], true, "{said}: {kept:#}");
        stage.run(&["rollback", "traefik"]).is(20, "rolled-back");
        assert_eq!(seen(&stage), before, "{said}");
        never_mixed(&stage, &said);
        was_killed.then_some(state)
    });
    covers(
        &states,
        &[
            "planned",
            "quiesced",
            "snapshotted",
            "deploying",
            "gating",
            "committed",
        ],
    );
}

/// An upgrade that fails, cut short by `cut`; what came of it.
fn fails(said: &str, cut: impl FnOnce(&Stage) -> bool) -> Option<String> {
    let stage = begun();
    let before = seen(&stage);
    stage.release(NEW);
    stage.answers(NEW, Answer::Status(500));
    let was_killed = cut(&stage);
    let state = state_of(&stage);
    let said = format!("killed at {said} in {state}");
    assert_eq!(stage.last_good(), OLD, "{said}");
    let ended = stage.run(&["traefik"]);
    let end = (ended.code, ended.outcome());
    let ends = [(Some(20), "rolled-back"), (Some(10), "held-quarantined")];
    assert!(ends.contains(&(end.0, end.1.as_str())), "{said}: {ended:?}");
    assert_eq!(stage.last_good(), OLD, "{said}");
    assert_eq!(stage.runs().as_deref(), Some("3.6.15"), "{said}");
    assert_eq!(stage.journal().as_deref(), Some("rolled-back"), "{said}");
    assert_eq!(seen(&stage), before, "{said}");
    assert!(stage.file("quarantine.json").contains(NEW), "{said}");
    assert!(!stage.alerts().is_empty(), "{said}: nobody heard of it");
    never_mixed(&stage, &said);
    was_killed.then_some(state)
}

fn back() {
    let states = walk(2, |at| {
        fails(&at.to_string(), |stage| killed(stage, at, &["traefik"]))
    });
    covers(
        &states,
        &[
            "planned",
            "quiesced",
            "snapshotted",
            "deploying",
            "gating",
            "rolling-back",
            "restoring",
            "restored",
            "re-gating",
            "rolled-back",
        ],
    );
}

fn by_hand() {
    let states = walk(2, |at| {
        let stage = begun();
        let old = seen(&stage);
        stage.release(NEW);
        stage.run(&["traefik"]).is(0, "upgraded");
        let new = seen(&stage);
        let was_killed = killed(&stage, at, &["rollback", "traefik"]);
        let state = state_of(&stage);
        let said = format!("killed at {at} in {state}");
        let ended = stage.run(&["traefik"]);
        // A plan that nothing was done for is dropped.
        let dropped = ["committed", "planned"].contains(&state.as_str());
        let (good, data) = match ended.code {
            Some(0) if dropped => (NEW, new),
            Some(10 | 20) if state != "committed" => (OLD, old),
            _ => panic!("{said}: {ended:?}"),
        };
        assert_eq!(stage.last_good(), good, "{said}");
        assert!(good.ends_with(&stage.runs().unwrap()), "{said}");
        assert_eq!(seen(&stage), data, "{said}");
        never_mixed(&stage, &said);
        was_killed.then_some(state)
    });
    covers(
        &states,
        &["rolling-back", "restoring", "restored", "re-gating"],
    );
}

/// Calls that only the threads make that work on the data: looking at each entry, giving each its
/// times, moving a snapshot into place, the end of a restore.
fn in_the_data() {
    for call in ["llistxattr", "utimensat", "renameat2", "syncfs"] {
        let states = walk_all(|at| {
            let cut =
                |stage: &Stage| killed_in(stage, &["-f", "--seccomp-bpf"], call, at, &["traefik"]);
            fails(&format!("{call} {at}"), cut)
        });
        assert!(!states.is_empty(), "never killed in {call}");
    }
}

fn full() {
    let disk = Disk::of("16m").unwrap();
    let stage = filled(Stage::stateful(Some(disk.path())));
    let before = seen(&stage);
    stage.release(NEW);
    // After the survey, while the app goes down.
    let filler = disk.path().join("filler").display().to_string();
    stage.docker(&format!(
        "[ \"$1 $2\" != 'stack rm' ] || head -c 64M /dev/zero >{filler} 2>/dev/null || :"
    ));
    let ended = stage.run(&["traefik"]);
    let said = format!("{ended:?}");
    assert!(std::fs::metadata(&filler).is_ok_and(|file| file.len() > 1 << 20));
    assert_eq!(stage.runs().as_deref(), Some("3.6.15"), "{said}");
    assert_eq!(
        (stage.last_good().as_str(), seen(&stage)),
        (OLD, before.clone()),
        "{said}"
    );
    assert!(said.contains("its data could not be kept"), "{said}");
    // The version never started, and a full disk is not its fault: it is tried again.
    assert_eq!(
        (ended.code, ended.outcome().as_str()),
        (Some(10), "held-no-snapshot"),
        "{said}"
    );
    assert!(!stage.file("quarantine.json").contains(NEW), "{said}");
    // While it is full the upgrade is held before anything is touched.
    stage.docker("");
    let (indexes, calls) = (stage.engine.indexes(), stage.calls());
    let held = stage.run(&["traefik"]);
    assert_ne!(held.code, Some(0), "{held:?}");
    assert_eq!((stage.engine.indexes(), stage.calls()), (indexes, calls));
    disk.empty();
    stage.run(&["traefik"]).is(0, "upgraded");
    stage.run(&["rollback", "traefik"]).is(20, "rolled-back");
    assert_eq!(seen(&stage), before);
    never_mixed(&stage, "full");
}

/// What is refused before the version ever ran is not its fault, also when an earlier try was killed
/// while the app went down.
fn refused_after_a_kill() {
    let states = walk_all(|at| {
        let stage = begun();
        let before = seen(&stage);
        stage.release(NEW);
        if !killed(&stage, at, &["traefik"]) {
            return None;
        }
        let state = state_of(&stage);
        match state.as_str() {
            "planned" | "quiesced" | "snapshotted" => {}
            // From here on it may have run.
            "deploying" | "gating" => return None,
            _ => return Some(state),
        }
        let count = stage.path("count").display().to_string();
        stage.docker(&format!(
            "[ \"$1 $2\" != 'stack deploy' ] || {{ echo >>{count}; [ \"$(wc -l <{count})\" -gt 1 ] || {{ echo 'no such thing' >&2; exit 1; }}; }}"
        ));
        stage.run(&["traefik"]).is(10, "held-undeployable");
        assert_eq!(stage.file("quarantine.json"), "", "{state}");
        assert_eq!(
            (stage.last_good().as_str(), seen(&stage)),
            (OLD, before),
            "{state}"
        );
        Some(state)
    });
    covers(&states, &["quiesced", "snapshotted"]);
}

/// A start-first update with a port of the node cannot work over what runs; where the app is taken down
/// first, nothing is in its way.
fn beside_itself() {
    let config = "services: {app: {image: traefik, ports: [{mode: host}, {mode: host, published: '80'}], deploy: {update_config: {order: start-first}}}}";
    for (stage, code, outcome) in [
        (begun(), 0, "upgraded"),
        (Stage::new(), 10, "held-undeployable"),
    ] {
        stage.run(&["traefik"]);
        stage.release(NEW);
        std::fs::write(stage.path("config"), config).unwrap();
        stage.run(&["traefik"]).is(code, outcome);
    }
}

fn sick_before() {
    let newest = "5.3.0+v3.8.0";
    for (bad, end) in [(true, "rollback-failed"), (false, "upgraded")] {
        let stage = begun();
        stage.release(NEW);
        stage.run(&["traefik"]).is(0, "upgraded");
        // What runs is bad already, and its data is its own.
        stage.answers(NEW, Answer::Status(500));
        let before = seen(&stage);
        stage.release(newest);
        stage.answers(newest, Answer::Status(if bad { 500 } else { 503 }));
        let mut program = stage.start_until(&["traefik"], "gating");
        program.signal("-KILL");
        program.end();
        assert_ne!(seen(&stage), before);
        if !bad {
            stage.answers(newest, Answer::Status(200));
        }
        let ended = stage.run(&["traefik"]);
        ended.is(if bad { 30 } else { 0 }, end);
        match bad {
            true => {
                assert!(ended.out.contains("s is given up"), "{ended:?}");
                assert_eq!(seen(&stage), before);
                assert_eq!(stage.runs().as_deref(), Some("3.7.15"));
                assert_eq!(stage.alerts_of("rollback-failed"), 1);
                assert_eq!(stage.last_good(), NEW);
            }
            false => assert_eq!(stage.last_good(), newest),
        }
        never_mixed(&stage, end);
    }
}

fn unreadable() {
    for (name, damage) in [
        ("meta.json", "folder"),
        ("volumes/traefik_test_data.tar", "gone"),
    ] {
        let stage = begun();
        let before = seen(&stage);
        stage.release(NEW);
        stage.answers(NEW, Answer::Status(500));
        let mut program = stage.start_until(&["traefik"], "gating");
        let said = format!("{name} {damage}");
        let changed = seen(&stage);
        let file = stage.home().join("snapshot").join(name);
        std::fs::rename(&file, stage.path("kept")).unwrap();
        if damage == "folder" {
            std::fs::create_dir(&file).unwrap();
        }
        let ended = program.end();
        ended.is(30, "rollback-failed");
        assert!(
            ended.out.contains("the data was not touched"),
            "{said}: {ended:?}"
        );
        assert_eq!(stage.alerts_of("rollback-failed"), 1, "{said}");
        // Nor by a later run, by itself or because a person wants it.
        for words in [&["traefik"][..], &["resume", "--again", "traefik"]] {
            let still = stage.run(words);
            assert_eq!(still.code, Some(30), "{said} {words:?}: {still:?}");
        }
        assert_eq!(seen(&stage), changed, "{said}");
        assert_eq!(stage.runs().as_deref(), Some("3.7.15"), "{said}");
        if damage == "folder" {
            std::fs::remove_dir(&file).unwrap();
        }
        std::fs::rename(stage.path("kept"), &file).unwrap();
        let again = stage.run(&["resume", "--again", "traefik"]);
        again.is(20, "rolled-back");
        assert_eq!(seen(&stage), before, "{said}");
        never_mixed(&stage, &said);
    }
}
