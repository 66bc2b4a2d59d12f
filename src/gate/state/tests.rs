use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{TimeDelta, TimeZone};

use super::*;
use crate::gate::heading;
use crate::outcome::Outcome;
use crate::record::{FiledFinding, FixtureRecord, RecordLink};

pub(super) fn clock(minutes: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap() + TimeDelta::minutes(minutes)
}

pub(super) fn spec() -> ClaimSpec {
    ClaimSpec {
        phase: "pxgate".into(),
        title: "t".into(),
        path: "claims/pxgate.yaml".into(),
        sha256: "aa".repeat(32),
        fresh_for: Duration::from_secs(24 * 3600),
        gates: vec![GateSpec {
            id: "M1".into(),
            title: "one".into(),
            checks: vec!["a".into(), "b".into()],
            hosts: vec!["cc-ci".into()],
        }],
    }
}

pub(super) fn host_state() -> HostState {
    HostState {
        name: "cc-ci".into(),
        destination: "cc-ci".into(),
        revision: Some("/nix/store/one".into()),
        boot_id: Some("boot-1".into()),
        clock_skew_ms: Some(0),
    }
}

/// A run of the whole of M1 in which everything passed.
pub(super) fn run(id: &str, act: Act, role: &str, author: &str, clone: &str, at: i64) -> RunRecord {
    let mut record = crate::report::sample::record();
    let check = record.checks[0].clone();
    record.checks = ["a", "b"]
        .map(|id| {
            let mut check = check.clone();
            check.gate = "M1".into();
            check.id = id.into();
            check.outcome = Outcome::Pass;
            check.started = clock(at);
            check.findings.clear();
            check
        })
        .into();
    record.run_id = id.into();
    record.act = act;
    record.role = Some(role.into());
    record.author = Some(format!("{author} <{author}@example.org>"));
    record.claim.phase = "pxgate".into();
    record.claim.path = "claims/pxgate.yaml".into();
    record.claim.sha256 = "aa".repeat(32);
    let repository = record.repository.as_mut().unwrap();
    repository.commit = "c0".repeat(20);
    repository.tree = "clone".into();
    repository.clone_id = Some(clone.into());
    record.hosts = vec![host_state()];
    record.started = clock(at);
    record.ended = clock(at + 5);
    record.fixtures.clear();
    record.gates = vec!["M1".into()];
    record.reviews = None;
    record.filed.clear();
    record
}

pub(super) fn kept(record: RunRecord) -> Kept {
    let sha256 = format!("{:0>64}", record.run_id.len());
    Kept { record, sha256 }
}

fn claim() -> RunRecord {
    run("claim", Act::Claim, "builder", "bob", "k1", 0)
}

fn review() -> RunRecord {
    let mut review = run("review", Act::Review, "adversary", "eve", "k2", 10);
    review.reviews = Some(RecordLink {
        run_id: "claim".into(),
        sha256: kept(claim()).sha256,
    });
    review
}

pub(super) fn facts(at: i64) -> Facts {
    Facts {
        now: clock(at),
        hosts: Some(BTreeMap::from([("cc-ci".to_owned(), Ok(host_state()))])),
        unreadable: Vec::new(),
        head: None,
    }
}

struct World {
    spec: ClaimSpec,
    claim: RunRecord,
    review: RunRecord,
    more: Vec<RunRecord>,
    review_text: &'static str,
    facts: Facts,
}

impl World {
    fn state(&self) -> GateStatus {
        let mut records = vec![kept(self.claim.clone()), kept(self.review.clone())];
        records.extend(self.more.iter().cloned().map(kept));
        let review = heading::read(self.review_text, &["M1"]);
        let mut phase = judge(
            &self.spec,
            &records,
            &Reading::default(),
            &review,
            &self.facts,
        );
        phase.gates.remove(0)
    }
}

fn world() -> World {
    World {
        spec: spec(),
        claim: claim(),
        review: review(),
        more: Vec::new(),
        review_text: "",
        facts: facts(60),
    }
}

/// What is changed in a world in which all is well, the state then, and the words of the reason.
type Case = (&'static str, fn(&mut World), GateState, &'static str);

const CASES: &[Case] = &[
    ("all is well", |_| {}, GateState::Ready, ""),
    (
        "no claim",
        |w| w.claim.act = Act::Verify,
        GateState::Open,
        "not claimed",
    ),
    (
        "a claim of ci",
        |w| w.claim.role = Some("ci".into()),
        GateState::Open,
        "not claimed",
    ),
    (
        "a claim of a part",
        |w| w.claim.gates.clear(),
        GateState::Open,
        "not claimed",
    ),
    (
        "a claim from the worktree",
        |w| w.claim.repository.as_mut().unwrap().tree = "worktree".into(),
        GateState::Open,
        "working tree",
    ),
    (
        "a claim without repository",
        |w| w.claim.repository = None,
        GateState::Open,
        "names no commit",
    ),
    (
        "no review",
        |w| w.review.act = Act::Verify,
        GateState::Claimed,
        "never verified",
    ),
    (
        "a review of another claim",
        |w| w.review.reviews.as_mut().unwrap().run_id = "x".into(),
        GateState::Claimed,
        "never verified",
    ),
    (
        "a claim anew",
        |w| w.claim.ended = clock(40),
        GateState::Claimed,
        "older than the claim: claimed at 2026-11-21T12:40:00Z, seen at 2026-11-21T12:10:00Z",
    ),
    (
        "edited after the PASS",
        |w| w.spec.sha256 = "bb".repeat(32),
        GateState::Stale,
        "claimed was aaaaaaaaaaaa, it is bbbbbbbbbbbb",
    ),
    (
        "edited before any review",
        |w| {
            w.spec.sha256 = "bb".repeat(32);
            w.review.act = Act::Ci
        },
        GateState::Open,
        "edited since",
    ),
    (
        "another file reviewed",
        |w| w.review.claim.sha256 = "cc".repeat(32),
        GateState::Claimed,
        "judged was cccccccccccc",
    ),
    (
        "the claim's record exchanged",
        |w| w.review.reviews.as_mut().unwrap().sha256 = "dd".repeat(32),
        GateState::Claimed,
        "not the one that was reviewed",
    ),
    (
        "too old",
        |w| w.facts.now = clock(15 + 24 * 60 + 1),
        GateState::Stale,
        "1day 1m old; it counts for 1day",
    ),
    (
        "still fresh",
        |w| w.facts.now = clock(15 + 24 * 60),
        GateState::Ready,
        "",
    ),
    (
        "rebooted",
        |w| now(w).boot_id = Some("boot-2".into()),
        GateState::Stale,
        "rebooted since: boot id then boot-1, now boot-2",
    ),
    (
        "boot id gone",
        |w| now(w).boot_id = None,
        GateState::Stale,
        "then boot-1, now (not told)",
    ),
    (
        "redeployed",
        |w| now(w).revision = Some("/nix/store/two".into()),
        GateState::Stale,
        "revision then /nix/store/one, now /nix/store/two",
    ),
    (
        "the host is silent",
        |w| {
            w.facts
                .hosts
                .as_mut()
                .unwrap()
                .insert("cc-ci".into(), Err("unreachable".into()));
        },
        GateState::Pass,
        "does not say who it is now: unreachable",
    ),
    (
        "its revision is not known now",
        |w| now(w).revision = Some("not known: exit 1".into()),
        GateState::Pass,
        "not known: exit 1",
    ),
    (
        "hosts not asked",
        |w| w.facts.hosts = None,
        GateState::Pass,
        "hosts not asked: cc-ci",
    ),
    (
        "no host to ask",
        |w| {
            w.facts.hosts = None;
            w.spec.gates[0].hosts.clear()
        },
        GateState::Ready,
        "",
    ),
    (
        "another revision than claimed",
        |w| w.claim.hosts[0].revision = Some("/nix/store/zero".into()),
        GateState::Claimed,
        "at the claim /nix/store/zero, at the review /nix/store/one",
    ),
    (
        "revision not known",
        |w| w.review.hosts[0].revision = Some("not known: exit 1".into()),
        GateState::Claimed,
        "could not tell what it runs",
    ),
    (
        "host not on record",
        |w| w.review.hosts.clear(),
        GateState::Claimed,
        "does not tell what it was",
    ),
    (
        "same author, other name",
        |w| w.review.author = Some("B. <BOB@example.org>".into()),
        GateState::Claimed,
        "same author",
    ),
    (
        "author unknown",
        |w| w.review.author = None,
        GateState::Claimed,
        "knows no author",
    ),
    (
        "both authors unknown",
        |w| {
            w.claim.author = None;
            w.review.author = None
        },
        GateState::Claimed,
        "knows no author",
    ),
    (
        "same clone",
        |w| w.review.repository.as_mut().unwrap().clone_id = Some("k1".into()),
        GateState::Claimed,
        "same clone",
    ),
    (
        "clone unknown",
        |w| w.claim.repository.as_mut().unwrap().clone_id = None,
        GateState::Claimed,
        "in which clone",
    ),
    (
        "review from the worktree",
        |w| w.review.repository.as_mut().unwrap().tree = "worktree".into(),
        GateState::Claimed,
        "working tree",
    ),
    (
        "review without repository",
        |w| w.review.repository = None,
        GateState::Claimed,
        "names no commit",
    ),
    (
        "review by the builder",
        |w| w.review.role = Some("builder".into()),
        GateState::Claimed,
        "run as builder",
    ),
    (
        "review by nobody",
        |w| w.review.role = None,
        GateState::Claimed,
        "run as nobody",
    ),
    (
        "another commit",
        |w| w.review.repository.as_mut().unwrap().commit = "d1".repeat(20),
        GateState::Claimed,
        "claimed was c0c0c0c0c0c0, judged was d1d1d1d1d1d1",
    ),
    (
        "not the whole gate",
        |w| w.review.gates.clear(),
        GateState::Claimed,
        "not of the whole gate",
    ),
    (
        "a check is missing",
        |w| {
            w.review.checks.remove(1);
        },
        GateState::Claimed,
        "without b",
    ),
    (
        "from the future",
        |w| w.review.ended = clock(999),
        GateState::Claimed,
        "one of the clocks is wrong",
    ),
    (
        "skipped",
        |w| w.review.checks[1].outcome = Outcome::Skipped,
        GateState::Claimed,
        "check b is SKIPPED; only PASS counts",
    ),
    (
        "attested",
        |w| w.review.checks[1].outcome = Outcome::Attested,
        GateState::Claimed,
        "check b is ATTESTED (a person's word); only PASS counts",
    ),
    (
        "error",
        |w| w.review.checks[0].outcome = Outcome::Error,
        GateState::Claimed,
        "check a is ERROR",
    ),
    (
        "stale outcome",
        |w| w.review.checks[0].outcome = Outcome::Stale,
        GateState::Claimed,
        "check a is STALE",
    ),
    (
        "awaiting a person",
        |w| {
            w.review.checks[0].outcome = Outcome::Error;
            w.review.checks[0].observed = "awaiting a person".into()
        },
        GateState::Claimed,
        "awaits a person's attestation",
    ),
    (
        "fail",
        |w| w.review.checks[0].outcome = Outcome::Fail,
        GateState::Fail,
        "check a is FAIL",
    ),
    (
        "toothless",
        |w| w.review.checks[0].outcome = Outcome::Toothless,
        GateState::Fail,
        "check a is TOOTHLESS",
    ),
    (
        "flaky",
        |w| w.review.checks[0].outcome = Outcome::Flaky,
        GateState::Fail,
        "check a is FLAKY",
    ),
    (
        "a fail that is not independent is a fail",
        |w| {
            w.review.checks[0].outcome = Outcome::Fail;
            w.review.author = w.claim.author.clone()
        },
        GateState::Fail,
        "check a is FAIL",
    ),
    (
        "a newer fail of a part",
        |w| {
            let mut r = again(w);
            r.gates.clear();
            r.checks.truncate(1);
            r.checks[0].outcome = Outcome::Fail;
            w.more.push(r)
        },
        GateState::Fail,
        "check a is FAIL",
    ),
    (
        "a newer pass of a part",
        |w| {
            let mut r = again(w);
            r.gates.clear();
            r.checks.truncate(1);
            w.more.push(r)
        },
        GateState::Ready,
        "",
    ),
    (
        "a fail, then a pass of a part",
        |w| {
            w.review.checks[1].outcome = Outcome::Fail;
            let mut r = again(w);
            r.gates.clear();
            r.checks.truncate(1);
            w.more.push(r)
        },
        GateState::Fail,
        "check b is FAIL",
    ),
    (
        "a fail, then a whole pass",
        |w| {
            let r = again(w);
            w.review.checks[1].outcome = Outcome::Fail;
            w.more.push(r)
        },
        GateState::Ready,
        "",
    ),
    (
        "a pass, then one that could not look",
        |w| {
            let mut r = again(w);
            r.checks[0].outcome = Outcome::Error;
            w.more.push(r)
        },
        GateState::Claimed,
        "check a is ERROR",
    ),
    (
        "a verify that fails counts for nobody",
        |w| {
            let mut r = again(w);
            r.act = Act::Verify;
            r.checks[0].outcome = Outcome::Fail;
            w.more.push(r)
        },
        GateState::Ready,
        "",
    ),
    (
        "a record of another phase",
        |w| {
            let mut r = again(w);
            r.claim.phase = "x".into();
            r.checks[0].outcome = Outcome::Fail;
            w.more.push(r)
        },
        GateState::Ready,
        "",
    ),
    (
        "veto",
        |w| w.review_text = "## VETO the counter\n",
        GateState::Veto,
        "VETO in REVIEW line 1: the counter",
    ),
    (
        "a veto of another gate",
        |w| w.review_text = "## VETO M9: x\n",
        GateState::Veto,
        "M9",
    ),
    (
        "lifted veto",
        |w| w.review_text = "## VETO x\n\n## VETO lifted\n",
        GateState::Ready,
        "",
    ),
    (
        "finding",
        |w| w.more.push(filing(w)),
        GateState::Fail,
        "finding A1 is open",
    ),
    (
        "finding closed",
        |w| {
            w.more.push(filing(w));
            w.review_text = "### A1 CLOSED @2026-11-21\n"
        },
        GateState::Fail,
        "takes a new review",
    ),
    (
        "finding, then a pass",
        |w| w.more = vec![filing(w), third(w)],
        GateState::Pass,
        "finding A1 is open",
    ),
    (
        "finding, a pass, closed",
        |w| {
            w.more = vec![filing(w), third(w)];
            w.review_text = "### A1 CLOSED @2026-11-21\n"
        },
        GateState::Ready,
        "",
    ),
    (
        "unrestored",
        |w| w.review.fixtures.push(fixture(false)),
        GateState::Pass,
        "not restored: dash on cc-ci, since run review; start it",
    ),
    (
        "restored since",
        |w| {
            w.claim.fixtures.push(fixture(false));
            w.review.fixtures.push(fixture(true))
        },
        GateState::Ready,
        "",
    ),
    (
        "unreadable record",
        |w| w.facts.unreadable.push("x.json: cut off".into()),
        GateState::Pass,
        "x.json: cut off",
    ),
];

fn now(world: &mut World) -> &mut HostState {
    let hosts = world.facts.hosts.as_mut().unwrap();
    hosts.get_mut("cc-ci").unwrap().as_mut().unwrap()
}

/// The review once more, a little later.
fn again(world: &World) -> RunRecord {
    let mut record = world.review.clone();
    record.run_id = "second".into();
    record.started = clock(20);
    record.ended = clock(25);
    record
}

fn third(world: &World) -> RunRecord {
    let mut record = again(world);
    record.run_id = "third".into();
    record.started = clock(30);
    record.ended = clock(35);
    record
}

fn filing(world: &World) -> RunRecord {
    let mut record = again(world);
    record.filed = vec![FiledFinding {
        id: "A1".into(),
        gate: "M1".into(),
        text: "leaks".into(),
    }];
    record
}

fn fixture(restored: bool) -> FixtureRecord {
    FixtureRecord {
        name: "dash".into(),
        on: "cc-ci".into(),
        restored,
        steps: Vec::new(),
        disturbed_ms: None,
        remedy: (!restored).then(|| "start it".into()),
    }
}

#[test]
fn every_condition_of_a_pass_is_needed_and_named() {
    for (name, change, state, words) in CASES {
        let mut world = world();
        change(&mut world);
        let seen = world.state();
        let reasons: Vec<String> = seen.reasons.iter().map(ToString::to_string).collect();
        assert_eq!(seen.state, *state, "{name}: {reasons:?}");
        assert_eq!(
            seen.state == GateState::Ready,
            reasons.is_empty(),
            "{name}: {reasons:?}"
        );
        assert!(
            words.is_empty() || reasons.iter().any(|r| r.contains(words)),
            "{name}: {reasons:?}"
        );
    }
}

#[test]
fn several_reasons_are_said_together() {
    let mut world = world();
    now(&mut world).boot_id = Some("boot-2".into());
    world.facts.now = clock(3 * 24 * 60);
    world.review_text = "## VETO x\n";
    let seen = world.state();
    assert_eq!(seen.state, GateState::Veto);
    assert_eq!(seen.reasons.len(), 3, "{:?}", seen.reasons);
}

#[test]
fn the_exit_code_is_stale_only_when_nothing_else_is_wrong() {
    let phase = |world: &World, status: &str| {
        let records = [kept(world.claim.clone()), kept(world.review.clone())];
        let status = heading::read(status, &["M1"]);
        judge(
            &world.spec,
            &records,
            &status,
            &Reading::default(),
            &world.facts,
        )
    };
    let mut world = world();
    assert_eq!(phase(&world, "").exit_code(), ExitCode::Success);
    assert_eq!(phase(&world, "## DONE\n").summary(), "DONE");
    assert!(
        phase(&world, "## DONE\nNot yet\n")
            .summary()
            .starts_with("ready")
    );
    world.facts.now = clock(3 * 24 * 60);
    let reopened = phase(&world, "## DONE\n");
    assert_eq!(reopened.exit_code(), ExitCode::Stale);
    assert_eq!(reopened.summary(), "DONE, reopened: STALE");
    assert!(reopened.notes[0].contains("line 1 declares the phase done; it was reopened"));
    world.review.checks[0].outcome = Outcome::Fail;
    let wrong = phase(&world, "## DONE\n## Gate: M1 — PASS @2099-01-01\n");
    assert_eq!(wrong.exit_code(), ExitCode::Failed);
    assert_eq!(wrong.summary(), "declared DONE, and it is not");
    let notes = wrong.notes.join("\n");
    assert!(
        notes.contains("STATUS line 2 says M1 PASS; by the records it is FAIL"),
        "{notes}"
    );
    assert!(notes.contains("2099-01-01 has not come yet"), "{notes}");
    world.spec.gates.clear();
    assert_eq!(phase(&world, "").exit_code(), ExitCode::Failed);
}
