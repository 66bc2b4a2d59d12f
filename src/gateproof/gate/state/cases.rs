//! Every condition of a PASS, taken away one by one.

use super::tests::{World, clock};
use super::*;
use crate::record::{FiledFinding, FixtureRecord, RecordLink};
use claim::outcome::Outcome;

/// What is changed in a world in which all is well, the state then, and the words of the reason.
pub(super) type Case = (&'static str, fn(&mut World), GateState, &'static str);

pub(super) const CASES: &[Case] = &[
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
        "what follows is newer, whatever the clocks say",
        |w| {
            // The second review, of a clock that is behind, follows the first.
            let mut r = again(w);
            (r.started, r.ended) = (clock(6), clock(7));
            r.checks[0].outcome = Outcome::Fail;
            r.follows = vec![RecordLink {
                run_id: w.review.run_id.clone(),
                sha256: String::new(),
            }];
            w.more.push(r)
        },
        GateState::Fail,
        "check a is FAIL",
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
        "damaged record",
        |w| w.facts.damaged.push("x.json: cut off".into()),
        GateState::Pass,
        "x.json: cut off",
    ),
];

pub(super) fn now(world: &mut World) -> &mut HostState {
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
        armed: Vec::new(),
        name: "dash".into(),
        on: "cc-ci".into(),
        restored,
        steps: Vec::new(),
        disturbed_ms: None,
        remedy: (!restored).then(|| "start it".into()),
    }
}
