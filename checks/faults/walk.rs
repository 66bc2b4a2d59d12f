//! The walk: whole runs, killed at every write that they wait for.
//!
//! Each durable write is: a file, its fsync, a rename, the folder's fsync. A run that is killed
//! (SIGKILL, by `strace`) on entering its N-th fsync, for every N, is killed right before and right
//! after each of its records, with all that it did in between. Nothing in the program helps.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use libtest_mimic::Trial;

use super::stage::{Answer, NEW, OLD, Stage};
use test_kit::trials::trial;
use test_kit::warm::Ended;

pub fn trials() -> Vec<Trial> {
    let missing = no_strace();
    let walks = vec![
        trial("killed_at_any_write_an_upgrade_ends_committed", forward),
        trial(
            "killed_at_any_write_a_failed_upgrade_ends_rolled_back",
            back,
        ),
        trial(
            "killed_at_any_write_a_rollback_by_hand_ends_rolled_back",
            by_hand,
        ),
        trial(
            "killed_at_any_write_a_first_deploy_that_fails_ends_degraded",
            first,
        ),
        trial("killed_at_any_write_a_repair_ends_healthy", repair),
    ];
    if missing {
        println!("not run: the walk of kills (there is no strace)");
    }
    let walks = walks
        .into_iter()
        .map(|walk| walk.with_ignored_flag(missing));
    let tools = [trial(
        "killed_while_a_tool_works_the_next_run_ends_it",
        in_a_tool,
    )];
    walks.chain(tools).collect()
}

pub fn no_strace() -> bool {
    Command::new("strace").arg("-V").output().is_err()
}

/// Runs `words` killed at its `at`-th fsync; whether it was. Only the main thread is watched: it
/// writes the journal, and waits for the threads that work on the data.
pub fn killed(stage: &Stage, at: u32, words: &[&str]) -> bool {
    killed_in(stage, &[], "fsync", at, words)
}

/// The same on entering the `at`-th call of that name by one thread; `more` is for strace.
pub fn killed_in(stage: &Stage, more: &[&str], call: &str, at: u32, words: &[&str]) -> bool {
    let trace = stage.path("trace").display().to_string();
    let watch = format!("trace={call}");
    let inject = format!("inject={call}:signal=SIGKILL:when={at}");
    let wrapper = ["strace", "-o", &trace, "-e", &watch, "-e", &inject];
    let wrapper = wrapper.into_iter().chain(more.iter().copied());
    let wrapper: Vec<String> = wrapper.map(str::to_owned).collect();
    let done = stage.command(&wrapper, words).output().unwrap();
    let killed = done.status.code().is_none();
    let ended = Ended::of(done);
    assert!(
        killed || !ended.out.is_empty(),
        "strace did not work: {ended:?}"
    );
    killed
}

/// Each N until a run is not killed any more; gives the states at which it was.
///
/// A push takes every second one, from `first` on. A record is two of them, its file's and its folder's:
/// from 1 on a run is killed right before each record, from 2 on right after each.
/// `GATEPROOF_WALK=full` takes all.
pub fn walk(first: u32, one: impl Fn(u32) -> Option<String> + Sync) -> BTreeSet<String> {
    let full = std::env::var_os("GATEPROOF_WALK").is_some_and(|walk| walk == "full");
    if full {
        walk_all(one)
    } else {
        steps(first, 2, one)
    }
}

/// The same at each N, always: for calls of which there are few.
pub fn walk_all(one: impl Fn(u32) -> Option<String> + Sync) -> BTreeSet<String> {
    steps(1, 1, one)
}

fn steps(first: u32, step: u32, one: impl Fn(u32) -> Option<String> + Sync) -> BTreeSet<String> {
    let (next, states) = (AtomicU32::new(first), Mutex::new(BTreeSet::new()));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(step, Ordering::Relaxed);
                    assert!(at < 200, "it never comes to its end");
                    match one(at) {
                        Some(state) => states.lock().unwrap().insert(state),
                        None => return,
                    };
                }
            });
        }
    });
    states.into_inner().unwrap()
}

#[track_caller]
pub fn covers(seen: &BTreeSet<String>, states: &[&str]) {
    for state in states {
        assert!(seen.contains(*state), "never killed in `{state}`: {seen:?}");
    }
}

pub fn state_of(stage: &Stage) -> String {
    stage.journal().unwrap_or_else(|| "nothing".to_owned())
}

fn forward() {
    let seen = walk(1, |at| {
        let stage = Stage::new();
        stage.run(&["traefik"]).is(0, "deployed");
        stage.release(NEW);
        let was_killed = killed(&stage, at, &["traefik"]);
        let state = state_of(&stage);
        let good = stage.last_good();
        assert!(
            good == OLD || good == NEW && stage.right_answers(NEW) >= 2,
            "{at} {state}: {good}"
        );
        let ended = stage.run(&["traefik"]);
        assert_eq!(ended.code, Some(0), "killed at {at} in {state}: {ended:?}");
        assert_eq!(stage.last_good(), NEW, "killed at {at} in {state}");
        assert_eq!(stage.runs().as_deref(), Some("3.7.15"));
        assert_eq!(stage.journal().as_deref(), Some("committed"));
        let history = stage.file("history.jsonl");
        assert!(
            history.contains(NEW),
            "killed at {at} in {state}: {history}"
        );
        stage.run(&["traefik"]).is(0, "noop-healthy");
        was_killed.then_some(state)
    });
    covers(&seen, &["planned", "deploying", "gating", "committed"]);
}

fn back() {
    let seen = walk(1, |at| {
        let stage = Stage::new();
        stage.run(&["traefik"]).is(0, "deployed");
        stage.release(NEW);
        stage.answers(NEW, Answer::Status(500));
        let was_killed = killed(&stage, at, &["traefik"]);
        let state = state_of(&stage);
        assert_eq!(stage.last_good(), OLD, "killed at {at} in {state}");
        let ended = stage.run(&["traefik"]);
        let ends = [(Some(20), "rolled-back"), (Some(10), "held-quarantined")];
        let end = (ended.code, ended.outcome());
        assert!(
            ends.contains(&(end.0, end.1.as_str())),
            "killed at {at} in {state}: {ended:?}"
        );
        assert_eq!(stage.last_good(), OLD, "killed at {at} in {state}");
        assert_eq!(
            stage.runs().as_deref(),
            Some("3.6.15"),
            "killed at {at} in {state}"
        );
        assert_eq!(stage.journal().as_deref(), Some("rolled-back"));
        assert!(stage.file("quarantine.json").contains(NEW));
        assert!(
            !stage.alerts().is_empty(),
            "killed at {at} in {state}: nobody heard of it"
        );
        stage.run(&["traefik"]).is(10, "held-quarantined");
        was_killed.then_some(state)
    });
    covers(
        &seen,
        &[
            "planned",
            "deploying",
            "gating",
            "rolling-back",
            "restored",
            "re-gating",
            "rolled-back",
        ],
    );
}

fn by_hand() {
    let seen = walk(1, |at| {
        let stage = Stage::new();
        stage.run(&["traefik"]).is(0, "deployed");
        stage.release(NEW);
        stage.run(&["traefik"]).is(0, "upgraded");
        let was_killed = killed(&stage, at, &["rollback", "traefik"]);
        let state = state_of(&stage);
        let good = stage.last_good();
        assert!(
            good == NEW || good == OLD && stage.runs().as_deref() == Some("3.6.15"),
            "{at} {state}: {good}"
        );
        let begun = state != "committed";
        let ended = stage.run(&["traefik"]);
        // Killed before its plan was on the disk it has not begun, and was seen to be killed. A
        // plan that nothing was done for is dropped.
        let app = match ended.code {
            Some(0) if !begun || state == "planned" => "3.7.15",
            Some(10 | 20) if begun => "3.6.15",
            _ => panic!("killed at {at} in {state}: {ended:?}"),
        };
        assert_eq!(
            stage.runs().as_deref(),
            Some(app),
            "killed at {at} in {state}"
        );
        let good = stage.last_good();
        assert!(good.ends_with(app), "killed at {at} in {state}: {good}");
        was_killed.then_some(state)
    });
    covers(
        &seen,
        &["rolling-back", "restored", "re-gating", "rolled-back"],
    );
}

fn first() {
    let seen = walk(1, |at| {
        let stage = Stage::new();
        stage.answers(OLD, Answer::Status(500));
        let was_killed = killed(&stage, at, &["traefik"]);
        let state = state_of(&stage);
        let ended = stage.run(&["traefik"]);
        assert_eq!(ended.code, Some(30), "killed at {at} in {state}: {ended:?}");
        assert_eq!(stage.last_good(), "");
        assert!(
            !stage.alerts().is_empty(),
            "killed at {at} in {state}: nobody heard of it"
        );
        was_killed.then_some(state)
    });
    covers(&seen, &["planned", "deploying", "gating", "degraded"]);
}

fn repair() {
    let seen = walk(1, |at| {
        let stage = Stage::new();
        stage.run(&["traefik"]).is(0, "deployed");
        stage.falls_sick();
        let was_killed = killed(&stage, at, &["traefik"]);
        let state = state_of(&stage);
        let ended = stage.run(&["traefik"]);
        assert_eq!(ended.code, Some(0), "killed at {at} in {state}: {ended:?}");
        assert_eq!(stage.last_good(), OLD);
        let restarts = stage.calls();
        let restarts = restarts
            .iter()
            .filter(|call| call.starts_with("service update"));
        assert_eq!(
            restarts.count(),
            1,
            "killed at {at} in {state}: {:?}",
            stage.calls()
        );
        stage.run(&["traefik"]).is(0, "noop-healthy");
        was_killed.then_some(state)
    });
    covers(&seen, &["planned", "deploying", "gating", "committed"]);
}

/// Killed from within a tool's call, before the tool did its work and after it: once in the
/// deploy forward, once in the deploy back.
fn in_a_tool() {
    let kill = r#"[ "$(cat /proc/$PPID/comm)" = warm-reconcile ] && kill -KILL $PPID"#;
    for (moment, bad) in [
        ("before", false),
        ("after", false),
        ("before", true),
        ("after", true),
    ] {
        let stage = Stage::new();
        stage.run(&["traefik"]).is(0, "deployed");
        stage.release(NEW);
        if bad {
            stage.answers(NEW, Answer::Status(500));
        }
        // The second deploy of a run goes back.
        let nth = if bad { 2 } else { 1 };
        let count = stage.path("count").display().to_string();
        let now = format!(
            r#"die() {{ [ "$words" != "stack deploy" ] || {{ echo >>{count}; [ "$(wc -l <{count})" -ne {nth} ] || {{ {kill}; }}; }}; }}
words="$1 $2""#
        );
        let script = match moment {
            "before" => format!("{now}\ndie"),
            _ => format!("{now}\nafter() {{ die; }}"),
        };
        stage.docker(&script);
        let cut = stage.run(&["traefik"]);
        assert_eq!(cut.code, None, "{moment} {bad}: it was not killed: {cut:?}");
        let state = if bad { "restored" } else { "deploying" };
        assert_eq!(stage.journal().as_deref(), Some(state), "{moment} {bad}");
        assert_eq!(stage.last_good(), OLD);
        stage.docker("");
        let ended = stage.run(&["traefik"]);
        match bad {
            false => assert_eq!(
                (ended.code, stage.last_good().as_str()),
                (Some(0), NEW),
                "{ended:?}"
            ),
            true => assert_eq!(
                (ended.code, stage.last_good().as_str()),
                (Some(20), OLD),
                "{ended:?}"
            ),
        }
    }
}
