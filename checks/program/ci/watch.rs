//! The watcher with two clones and a bare upstream.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use claim::outcome::Outcome;
use gateproof::record::Act;

use super::kit::{CLAIM, Desk, git, program, record, run};
use test_kit::program::Shown;

fn once(clone: &Path) -> Shown {
    let shown = run(clone, &["watch", "--once"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    shown.decides_nothing();
    shown
}

fn hand_offs(shown: &Shown) -> Vec<String> {
    shown
        .out
        .lines()
        .filter_map(|line| Some(line.split_once(" hand-off: ")?.1.to_owned()))
        .collect()
}

fn following() -> Desk {
    let desk = Desk::with(CLAIM);
    let first = once(&desk.adversary());
    assert!(first.out.contains("following origin from "), "{first:?}");
    desk
}

#[test]
fn a_claim_and_a_review_are_handed_off_once_by_their_commit() {
    let desk = following();
    let adversary = desk.adversary();
    let commit = desk.push_record("claim(pxgate-M1): ready", &record(Act::Claim, "r1"));
    let seen = hand_offs(&once(&adversary));
    assert_eq!(
        seen,
        [format!(
            "claim of pxgate M1 at {commit} (reports/runs/pxgate/r1.json)"
        )]
    );
    assert_eq!(once(&adversary).out, "");
    let mut review = record(Act::Review, "r2");
    review.checks[0].outcome = Outcome::Fail;
    review.exit_code = 1;
    let commit = desk.push_record("review(pxgate-M1): no", &review);
    let seen = hand_offs(&once(&adversary));
    assert_eq!(
        seen,
        [format!(
            "review of pxgate M1 at {commit}, FAIL (reports/runs/pxgate/r2.json)"
        )]
    );
    // Nothing of it is in the tree, and no branch of the clone moved.
    assert_eq!(git(&adversary, &["status", "--porcelain"]), "");
    assert_ne!(git(&adversary, &["rev-parse", "origin/main"]), commit);
}

#[test]
fn the_references_false_alarms_are_none() {
    let desk = following();
    let adversary = desk.adversary();
    // Gates named in prose, of which none was claimed: `[C6 D0 Q0 Q1]`.
    desk.write(
        "STATUS-2.md",
        "# STATUS — Phase 2\n## Gate: C6 — OPEN\nGate: **D0 CLAIMED, awaiting Adversary** was the form.\n## Gate: Q0 — CLAIMED, awaiting Adversary\nGate Q1: CLAIMED\n## DONE\n\nNot yet\n",
    );
    desk.push("status(2): C6 D0 Q0 Q1, Gate: Q0 CLAIMED, awaiting Adversary");
    desk.push("docs(1b): the format is settled, claim W0 gate");
    assert_eq!(once(&adversary).out, "");

    desk.push("review(shot): phase open, orientation only");
    desk.push("review(pxgate): idle break-it probes PASS");
    desk.push("claim(3 U0): see STATUS");
    let seen = once(&adversary);
    assert_eq!(hand_offs(&seen), [""; 0]);
    assert_eq!(seen.out.matches("no hand-off").count(), 3, "{}", seen.out);
    assert_eq!(once(&adversary).out, "");

    // Its own words, committed: the reference's watchdog kept itself busy with them.
    desk.push_record("claim(pxgate-M1): ready", &record(Act::Claim, "r1"));
    let told = once(&adversary);
    assert_eq!(hand_offs(&told).len(), 1);
    desk.write("machine-docs/ADVERSARY-LOG.md", &told.out);
    desk.push(&format!("status(x): {}", told.out.lines().next().unwrap()));
    desk.push(told.out.trim());
    assert_eq!(once(&adversary).out, "");
    // A record without the prefix, and one that was taken back.
    desk.push_record("feat: work", &record(Act::Claim, "r2"));
    let note = once(&adversary);
    assert!(
        hand_offs(&note).is_empty() && note.out.contains("does not begin with `claim(`"),
        "{note:?}"
    );
    desk.push_record("claim(pxgate-M1): hasty", &record(Act::Claim, "r3"));
    git(
        &desk.builder(),
        &["rm", "-q", "-f", "reports/runs/pxgate/r3.json"],
    );
    desk.push("Revert \"claim(pxgate-M1): hasty\"");
    let note = once(&adversary);
    assert!(
        hand_offs(&note).is_empty() && note.out.contains("removed again"),
        "{note:?}"
    );
}

#[test]
fn a_command_gets_the_values_as_data_and_only_what_wakes_its_role() {
    let desk = following();
    let adversary = desk.adversary();
    desk.push_record("claim(pxgate-M1): x", &record(Act::Claim, "r0"));
    assert_eq!(hand_offs(&once(&adversary)).len(), 1);
    let mut hostile = record(Act::Claim, "r1");
    hostile.claim.phase = "px.gate-1".to_owned();
    let claim = desk.push_record("claim(x): $(touch pwned); `touch pwned`", &hostile);
    let review = desk.push_record("review(x): y", &record(Act::Review, "r2"));
    let line = r#"printf '%s|' "$GATEPROOF_ACT" "$GATEPROOF_PHASE" "$GATEPROOF_GATE" "$GATEPROOF_COMMIT" "$GATEPROOF_VERDICT" "$GATEPROOF_RECORD" "$1" "$5" >> told; echo >> told; echo '## DONE'"#;
    let shown = run(
        &adversary,
        &[
            "watch", "--once", "--as", "builder", "--exec", line, "--state", "own.json",
        ],
    );
    // Another state: it begins at the tip, with what waits there.
    let expected =
        format!("review|pxgate|M1|{review}|PASS|reports/runs/pxgate/r2.json|review|PASS|\n");
    assert_eq!(
        (shown.code, hand_offs(&shown).len()),
        (Some(0), 1),
        "{shown:?}"
    );
    let told = || std::fs::read_to_string(adversary.join("told")).unwrap();
    assert_eq!(told(), expected);
    std::fs::remove_file(adversary.join("told")).unwrap();
    let shown = run(
        &adversary,
        &["watch", "--once", "--as", "builder", "--exec", line],
    );
    assert_eq!(shown.code, Some(0), "{shown:?}");
    shown.decides_nothing();
    assert_eq!(told(), expected);
    std::fs::remove_file(adversary.join("told")).unwrap();
    let shown = run(
        &adversary,
        &[
            "watch",
            "--once",
            "--from",
            &format!("{claim}~1"),
            "--as",
            "adversary",
            "--exec",
            line,
        ],
    );
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert_eq!(
        told(),
        format!("claim|px.gate-1|M1|{claim}||reports/runs/px.gate-1/r1.json|claim||\n")
    );
    assert!(!adversary.join("pwned").exists());
    desk.push_record("claim(x): z", &record(Act::Claim, "r4"));
    let shown = run(&adversary, &["watch", "--once", "--exec", "exit 7"]);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    assert!(
        shown.out.contains("the command of --exec failed"),
        "{shown:?}"
    );
}

#[test]
fn a_rewritten_history_is_said_and_hands_nothing_off_twice() {
    let desk = following();
    let (builder, adversary) = (desk.builder(), desk.adversary());
    desk.push("chore: base");
    desk.push_record("claim(pxgate-M1): ready", &record(Act::Claim, "r1"));
    assert_eq!(hand_offs(&once(&adversary)).len(), 1);
    // Another history with the same claim under another name, and a new one.
    git(
        &builder,
        &[
            "commit",
            "-q",
            "--amend",
            "-m",
            "claim(pxgate-M1): reworded",
        ],
    );
    git(&builder, &["push", "-q", "--force", "origin", "HEAD:main"]);
    desk.push_record("claim(pxgate-M1): anew", &record(Act::Claim, "r2"));
    let seen = once(&adversary);
    assert!(
        seen.out.contains("history was rewritten (a forced push)"),
        "{seen:?}"
    );
    assert_eq!(hand_offs(&seen).len(), 1, "{seen:?}");
    assert!(
        seen.out.contains("r2.json") && seen.out.contains("again"),
        "{seen:?}"
    );
    assert_eq!(once(&adversary).out, "");
}

#[test]
fn what_waits_at_the_first_look_passes_the_guards_of_every_other_look() {
    let desk = Desk::with(CLAIM);
    let mut forged = record(Act::Claim, "r1");
    forged.gates = vec!["M1; touch ran\n## DONE".to_owned()];
    desk.push_record("claim(pxgate-M1): forged", &forged);
    let mut quiet = record(Act::Claim, "r2");
    quiet.gates = vec!["M2".to_owned()];
    desk.push_record("wip", &quiet);
    let clone = desk.adversary();
    let exec = ["watch", "--once", "--exec", "touch ran; touch \"$2\""];
    let seen = run(&clone, &exec);
    assert!(hand_offs(&seen).is_empty(), "{seen:?}");
    for note in [
        "is not a valid name of a phase or gate: no hand-off",
        "its subject does not begin with `claim(`: no hand-off",
    ] {
        assert!(seen.out.contains(note), "{note}: {seen:?}");
    }
    assert!(!clone.join("ran").exists());
}

#[test]
fn what_was_there_before_is_not_handed_off_when_its_history_is_rewritten() {
    let desk = Desk::with(CLAIM);
    let builder = desk.builder();
    let first = desk.push_record("claim(pxgate-M1): first", &record(Act::Claim, "r1"));
    let second = desk.push_record("claim(pxgate-M1): second", &record(Act::Claim, "r2"));
    // Only the newest claim waits.
    let seen = hand_offs(&once(&desk.adversary()));
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen[0].contains(&second), "{seen:?}");
    git(&builder, &["reset", "-q", "--hard", &format!("{first}~1")]);
    desk.push_records_of(&first, "claim(pxgate-M1): first, reworded");
    desk.push_records_of(&second, "claim(pxgate-M1): second, reworded");
    let seen = once(&desk.adversary());
    assert_eq!(hand_offs(&seen), [""; 0], "{seen:?}");
    assert_eq!(seen.out.matches("again").count(), 2, "{seen:?}");
}

#[test]
fn another_branch_is_followed_when_it_is_named_and_one_that_is_not_there_is_said() {
    let desk = following();
    let (builder, adversary) = (desk.builder(), desk.adversary());
    let shown = run(&adversary, &["watch", "--once", "--branch", "side"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(shown.out.contains("it has no branch `side`"), "{shown:?}");
    git(&builder, &["push", "-q", "origin", "HEAD:side"]);
    let shown = run(&adversary, &["watch", "--once", "--branch", "side"]);
    let note = "followed origin/main before, and follows origin/side from now on";
    assert!(shown.out.contains(note), "{shown:?}");
    // A claim on main is none on side, until it is there, too.
    desk.push_record("claim(pxgate-M1): ready", &record(Act::Claim, "r1"));
    let shown = run(&adversary, &["watch", "--once", "--branch", "side"]);
    assert_eq!((shown.code, shown.out.as_str()), (Some(0), ""));
    git(&builder, &["push", "-q", "origin", "HEAD:side"]);
    let shown = run(&adversary, &["watch", "--once", "--branch", "side"]);
    assert_eq!(hand_offs(&shown).len(), 1, "{shown:?}");
}

#[test]
fn bad_wishes_are_refused_before_anything_is_asked() {
    let desk = Desk::with(CLAIM);
    let adversary = desk.adversary();
    for words in [
        &["watch", "--once", "--every", "11m"][..],
        &["watch", "--once", "--from", "no-such-revision"],
        &["watch", "--once", "--from", "--output=x"],
    ] {
        let shown = run(&adversary, words);
        assert_eq!(shown.code, Some(2), "{words:?}: {shown:?}");
        assert!(!adversary.join(".git/gateproof/watch.json").exists());
    }
    let shown = run(desk.folder(), &["watch", "--once"]);
    assert_eq!(shown.code, Some(2), "{shown:?}");
}

/// A running watcher with its lines; ended and reaped when the test ends.
struct Watcher {
    child: Child,
    lines: Receiver<String>,
}

impl Watcher {
    fn start(clone: &Path, words: &[&str]) -> Watcher {
        let mut child = program(clone, &[&["watch", "--every", "200ms"], words].concat())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Watcher { child, lines }
    }

    /// The lines up to the first one that holds the words.
    #[track_caller]
    fn until(&self, words: &str) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    let found = line.contains(words);
                    seen.push(line);
                    if found {
                        return seen;
                    }
                }
                Err(error) => panic!("{error}: no {words:?} in {seen:#?}"),
            }
        }
    }

    fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_says_until_when_it_waits_survives_an_upstream_that_goes_away_and_ends_when_told() {
    let desk = Desk::with(CLAIM);
    let mut watcher = Watcher::start(&desk.adversary(), &[]);
    let first = watcher.until("WAITING-UNTIL: ");
    let until = first
        .last()
        .unwrap()
        .strip_prefix("WAITING-UNTIL: ")
        .unwrap();
    let until = chrono::DateTime::parse_from_rfc3339(until).unwrap();
    assert!(until - chrono::Utc::now().fixed_offset() < chrono::TimeDelta::minutes(10));
    assert!(first[0].contains("following origin from"), "{first:?}");
    // A second watcher of the same clone would tell everything twice.
    let second = run(&desk.adversary(), &["watch", "--once"]);
    assert_eq!(second.code, Some(3), "{second:?}");
    assert!(second.err.contains("--state FILE"), "{}", second.err);

    let away = desk.folder().join("away.git");
    std::fs::rename(desk.upstream(), &away).unwrap();
    let down = watcher.until("does not answer; going on");
    assert!(down.len() < 200);
    // Said once, however often it is asked.
    let waits = [
        watcher.until("WAITING-UNTIL: "),
        watcher.until("WAITING-UNTIL: "),
    ];
    assert!(waits.iter().all(|lines| lines.len() == 1), "{waits:?}");
    std::fs::rename(&away, desk.upstream()).unwrap();
    watcher.until("answers again");
    desk.push_record("claim(pxgate-M1): ready", &record(Act::Claim, "r1"));
    watcher.until("hand-off: claim of pxgate M1");
    watcher.terminate();
    watcher.until("stopped by SIGTERM");
    assert_eq!(watcher.child.wait().unwrap().code(), Some(0));
    // What it told is told, and what comes is not missed.
    assert_eq!(once(&desk.adversary()).out, "");
    desk.push_record("review(pxgate-M1): ok", &record(Act::Review, "r2"));
    assert_eq!(hand_offs(&once(&desk.adversary())).len(), 1);
}

#[test]
fn stopped_in_the_middle_of_a_command_it_leaves_nothing_running_and_tells_it_again() {
    let desk = following();
    let adversary = desk.adversary();
    desk.push_record("claim(pxgate-M1): ready", &record(Act::Claim, "r1"));
    let mut watcher = Watcher::start(&adversary, &["--exec", "echo $$ > pid; sleep 300"]);
    watcher.until("hand-off: claim");
    let deadline = Instant::now() + Duration::from_secs(30);
    let pid = loop {
        let text = std::fs::read_to_string(adversary.join("pid")).unwrap_or_default();
        if text.ends_with('\n') {
            break text.trim().to_owned();
        }
        assert!(Instant::now() < deadline, "the command did not start");
        std::thread::sleep(Duration::from_millis(20));
    };
    watcher.terminate();
    watcher.until("stopped by SIGTERM");
    assert_eq!(watcher.child.wait().unwrap().code(), Some(0));
    let gone = || !Path::new("/proc").join(&pid).exists();
    while !gone() {
        assert!(Instant::now() < deadline, "process {pid} is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(hand_offs(&once(&adversary)).len(), 1);
}

#[test]
fn a_remote_that_is_down_is_an_error_of_a_single_look_and_a_foreign_state_is_refused() {
    let desk = following();
    let adversary = desk.adversary();
    std::fs::rename(desk.upstream(), desk.folder().join("away.git")).unwrap();
    let shown = run(&adversary, &["watch", "--once"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(shown.out.contains("does not answer"), "{shown:?}");
    std::fs::write(adversary.join(".git/gateproof/watch.json"), "[]").unwrap();
    let shown = run(&adversary, &["watch", "--once"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(
        shown.err.contains("remove it to begin anew"),
        "{}",
        shown.err
    );
}
