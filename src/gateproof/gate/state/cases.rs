//! Every condition of a PASS, each taken away in a row of its own.

use super::tests::{World, clock};
use super::*;
use crate::gate::counts::{Signature, WrittenBy};
use crate::record::{
    Act, FiledFinding, FixtureRecord, HostState, RecordFault, RecordFaultKind, RecordLink,
    RunRecord,
};
use claim::outcome::Outcome;

/// A name, what is changed in a world in which all is well, the state then, and a part of the reason.
pub(super) type Case = (&'static str, fn(&mut World), GateState, &'static str);

/// Each row: what is changed, the state then, a part of its reason, and the change of the world `w`.
macro_rules! cases {
    ($w:ident, $($name:literal => $state:ident, $text:literal: $change:block)*) => {
        pub(super) const CASES: &[Case] =
            &[$(($name, |$w: &mut World| $change, GateState::$state, $text)),*];
    };
}

cases! { w,
    "all is well" => Ready, "": { let _ = w; }
    "no claim" => Open, "not claimed": { w.claim.act = Act::Verify }
    "a claim of ci" => Open, "not claimed": { w.claim.role = Some("ci".into()) }
    "a claim of a part" => Open, "not claimed": { w.claim.gates.clear() }
    "a claim from the worktree" => Open, "working tree":
        { w.claim.repository.as_mut().unwrap().tree = "worktree".into() }
    "a claim without repository" => Open, "names no commit": { w.claim.repository = None }
    "no review" => Claimed, "never verified": { w.review.act = Act::Verify }
    "a review of another claim" => Claimed, "never verified":
        { w.review.reviews.as_mut().unwrap().run_id = "x".into() }
    "a claim anew" => Claimed, "older than the claim: claimed at 2026-11-21T12:40:00Z, seen at 2026-11-21T12:10:00Z":
        { w.claim.ended = clock(40) }
    "edited after the PASS" => Stale, "claimed was aaaaaaaaaaaa, it is bbbbbbbbbbbb":
        { w.spec.sha256 = "bb".repeat(32) }
    "edited before any review" => Open, "edited since":
        { w.spec.sha256 = "bb".repeat(32); w.review.act = Act::Ci }
    "another file reviewed" => Claimed, "judged was cccccccccccc": { w.review.claim.sha256 = "cc".repeat(32) }
    "the claim's record exchanged" => Claimed, "not the one that was reviewed":
        { w.review.reviews.as_mut().unwrap().sha256 = "dd".repeat(32) }
    "too old" => Stale, "1day 1m old; it counts for 1day": { w.facts.now = clock(15 + 24 * 60 + 1) }
    "still fresh" => Ready, "": { w.facts.now = clock(15 + 24 * 60) }
    "rebooted" => Stale, "rebooted since: boot id then boot-1, now boot-2":
        { now(w).boot_id = Some("boot-2".into()) }
    "boot id gone" => Stale, "then boot-1, now (not told)": { now(w).boot_id = None }
    "HEAD is the judged commit" => Ready, "": { w.facts.head = Some("c0".repeat(20)) }
    "other code at HEAD" => Stale, "1 file changed between the judged commit c0c0c0c0c0c0 and HEAD e1e1e1e1e1e1: src/a.rs":
        { head(w, Ok(&["src/a.rs"])) }
    "only records and documents at HEAD" => Ready, "": { head(w, Ok(&[])) }
    "other code that the gate covers" => Stale, "code: 1 file changed":
        { w.spec.gates[0].covers = vec!["src".into()]; head(w, Ok(&["src/a.rs", "srcs/b", "README.md"])) }
    "other code that the gate does not cover" => Ready, "":
        { w.spec.gates[0].covers = vec!["src/b.rs".into(), "lib".into()]; head(w, Ok(&["src/a.rs", "src/b.rs.md"])) }
    "what changed is not known" => Pass, "is not known: no such commit": { head(w, Err("no such commit")) }
    "git was not asked" => Pass, "git was not asked": { w.facts.head = Some("e1".repeat(20)) }
    "redeployed" => Stale, "revision then /nix/store/one, now /nix/store/two":
        { now(w).revision = Some("/nix/store/two".into()) }
    "the host is silent" => Pass, "does not say who it is now: unreachable":
        { w.facts.hosts.as_mut().unwrap().insert("cc-ci".into(), Err("unreachable".into())); }
    "its revision is not known now" => Pass, "not known: exit 1":
        { now(w).revision = Some("not known: exit 1".into()) }
    "hosts not asked" => Pass, "hosts not asked: cc-ci": { w.facts.hosts = None }
    "no host to ask" => Ready, "": { w.facts.hosts = None; w.spec.gates[0].hosts.clear() }
    "another revision than claimed" => Claimed, "at the claim /nix/store/zero, at the review /nix/store/one":
        { w.claim.hosts[0].revision = Some("/nix/store/zero".into()) }
    "revision not known" => Claimed, "could not tell what it runs":
        { w.review.hosts[0].revision = Some("not known: exit 1".into()) }
    "host not on record" => Claimed, "does not tell what it was": { w.review.hosts.clear() }
    "same author, other name" => Claimed, "same author":
        { w.review.author = Some("B. <BOB@example.org>".into()) }
    "author unknown" => Claimed, "knows no author": { w.review.author = None }
    "both authors unknown" => Claimed, "knows no author": { w.claim.author = None; w.review.author = None }
    "same clone" => Claimed, "same clone":
        { w.review.repository.as_mut().unwrap().clone_id = Some("k1".into()) }
    "clone unknown" => Claimed, "in which clone": { w.claim.repository.as_mut().unwrap().clone_id = None }
    "review from the worktree" => Claimed, "working tree":
        { w.review.repository.as_mut().unwrap().tree = "worktree".into() }
    "review without repository" => Claimed, "names no commit": { w.review.repository = None }
    "review by the builder" => Claimed, "run as builder": { w.review.role = Some("builder".into()) }
    "review by nobody" => Claimed, "run as nobody": { w.review.role = None }
    "another commit" => Claimed, "claimed was c0c0c0c0c0c0, judged was d1d1d1d1d1d1":
        { w.review.repository.as_mut().unwrap().commit = "d1".repeat(20) }
    "not the whole gate" => Claimed, "not of the whole gate": { w.review.gates.clear() }
    "a check is missing" => Claimed, "without b": { w.review.checks.remove(1); }
    "from the future" => Claimed, "one of the clocks is wrong": { w.review.ended = clock(999) }
    "skipped" => Claimed, "check b is SKIPPED":
        { w.review.checks[1].outcome = Outcome::Skipped }
    "attested" => Claimed, "check b is ATTESTED (a person's word)":
        { w.review.checks[1].outcome = Outcome::Attested }
    "error" => Claimed, "check a is ERROR": { w.review.checks[0].outcome = Outcome::Error }
    "stale outcome" => Claimed, "check a is STALE": { w.review.checks[0].outcome = Outcome::Stale }
    "awaiting a person" => Claimed, "awaits a person's attestation":
        { w.review.checks[0].outcome = Outcome::Error; w.review.checks[0].observed = "awaiting a person".into() }
    "fail" => Fail, "check a is FAIL": { w.review.checks[0].outcome = Outcome::Fail }
    "toothless" => Fail, "check a is TOOTHLESS": { w.review.checks[0].outcome = Outcome::Toothless }
    "flaky" => Fail, "check a is FLAKY": { w.review.checks[0].outcome = Outcome::Flaky }
    "a fail that is not independent is a fail" => Fail, "check a is FAIL":
        { w.review.checks[0].outcome = Outcome::Fail; w.review.author = w.claim.author.clone() }
    "a newer fail of a part" => Fail, "check a is FAIL":
        { let mut r = again(w); r.gates.clear(); r.checks.truncate(1); r.checks[0].outcome = Outcome::Fail; w.more.push(r) }
    "a newer pass of a part" => Ready, "":
        { let mut r = again(w); r.gates.clear(); r.checks.truncate(1); w.more.push(r) }
    "a fail, then a pass of a part" => Fail, "check b is FAIL":
        { w.review.checks[1].outcome = Outcome::Fail; let mut r = again(w); r.gates.clear(); r.checks.truncate(1); w.more.push(r) }
    "a fail, then a whole pass" => Ready, "":
        { let r = again(w); w.review.checks[1].outcome = Outcome::Fail; w.more.push(r) }
    "a pass, then one that could not look" => Claimed, "check a is ERROR":
        { let mut r = again(w); r.checks[0].outcome = Outcome::Error; w.more.push(r) }
    // The second review, of a clock that is behind, follows the first.
    "what follows is newer, whatever the clocks say" => Fail, "check a is FAIL":
        { let mut r = again(w); (r.started, r.ended) = (clock(6), clock(7)); r.checks[0].outcome = Outcome::Fail; r.follows = vec![RecordLink { run_id: w.review.run_id.clone(), sha256: String::new(), }]; w.more.push(r) }
    "a later verify of the Adversary that fails" => Fail, "check a is FAIL": { w.more.push(failing_verify(w)) }
    "the run that contradicts is named" => Fail, "run second found that": { w.more.push(failing_verify(w)) }
    "a failing verify beside an error" => Fail, "check a is FAIL":
        { let mut r = failing_verify(w); r.checks[1].outcome = Outcome::Error; r.exit_code = 3; w.more.push(r) }
    "a failing verify of a part from the worktree" => Fail, "check a is FAIL":
        { let mut r = failing_verify(w); r.gates.clear(); r.checks.truncate(1);
          r.repository.as_mut().unwrap().tree = "worktree".into(); w.more.push(r) }
    "a failing verify, then a whole pass" => Ready, "": { w.more = vec![failing_verify(w), third(w)] }
    "a failing verify of the Builder" => Ready, "":
        { let mut r = failing_verify(w); r.role = Some("builder".into()); w.more.push(r) }
    "a failing run of ci" => Ready, "":
        { let mut r = failing_verify(w); r.role = Some("ci".into()); r.act = Act::Ci; w.more.push(r) }
    "a failing verify of another claim file" => Ready, "":
        { let mut r = failing_verify(w); r.claim.sha256 = "ee".repeat(32); w.more.push(r) }
    "a failing verify from before the claim" => Ready, "":
        { let mut r = failing_verify(w); (r.started, r.ended) = (clock(-20), clock(-15)); w.more.push(r) }
    "a look that decided nothing" => Claimed, "could not tell whether the claim holds: ERROR: a":
        { w.review.act = Act::Verify; w.review.checks[0].outcome = Outcome::Error }
    "a verify that could not look" => Ready, "":
        { let mut r = failing_verify(w); r.checks[0].outcome = Outcome::Error; w.more.push(r) }
    "a record of another phase" => Ready, "":
        { let mut r = again(w); r.claim.phase = "x".into(); r.checks[0].outcome = Outcome::Fail; w.more.push(r) }
    "veto" => Veto, "VETO in REVIEW line 1: the counter": { w.review_text = "## VETO the counter\n" }
    "a veto of another gate" => Veto, "M9": { w.review_text = "## VETO M9: x\n" }
    "lifted veto" => Ready, "":
        { w.review_text = "## VETO x\n\n## VETO lifted\n"; typed_by(w, &["eve"; 3]) }
    "finding" => Fail, "finding A1 is open": { w.more.push(filing(w)) }
    "finding closed" => Fail, "takes a new review":
        { w.more.push(filing(w)); w.review_text = "### A1 CLOSED @2026-11-21\n"; typed_by(w, &["eve"]) }
    "finding, then a pass" => Pass, "finding A1 is open": { w.more = vec![filing(w), third(w)] }
    "finding, a pass, closed" => Ready, "":
        { w.more = vec![filing(w), third(w)]; w.review_text = "### A1 CLOSED @2026-11-21\n"; typed_by(w, &["eve"]) }
    "unrestored" => Pass, "not restored: dash on cc-ci, since run review; start it":
        { w.review.fixtures.push(fixture(false)) }
    "restored since" => Ready, "":
        { w.claim.fixtures.push(fixture(false)); w.review.fixtures.push(fixture(true)) }
    "restored by a record that does not count" => Pass, "not restored: dash on cc-ci, since run review":
        { w.review.fixtures.push(fixture(false));
          let mut look = failing_verify(w); look.checks[0].outcome = Outcome::Pass; look.fixtures.push(fixture(true));
          let of = (look.run_id.clone(), Signature::Broken("of other bytes".into()));
          w.facts.evidence.signatures.extend([of]); w.more.push(look) }
    "damaged record" => Pass, "x.json: it cannot be read: cut off": { w.facts.damaged.push(cut_off("x.json")) }
}

/// A record that is damaged.
fn cut_off(name: &str) -> RecordFault {
    RecordFault {
        path: name.into(),
        by: None,
        kind: RecordFaultKind::Unreadable {
            why: "cut off".into(),
        },
    }
}

/// Who committed the lines of REVIEW; `""` for a line that is not committed.
pub(super) fn typed_by(world: &mut World, people: &[&str]) {
    let by = |name: &&str| {
        (!name.is_empty()).then(|| WrittenBy {
            author: format!("{name} <{name}@example.org>"),
            commit: "f0".repeat(20),
            at: clock(50),
        })
    };
    world.facts.evidence.lines = people.iter().map(by).collect();
}

pub(super) fn now(world: &mut World) -> &mut HostState {
    let hosts = world.facts.hosts.as_mut().unwrap();
    hosts.get_mut("cc-ci").unwrap().as_mut().unwrap()
}

/// Another HEAD than the judged commit, with these files changed.
fn head(world: &mut World, changed: Result<&[&str], &str>) {
    world.facts.head = Some("e1".repeat(20));
    let changed = changed.map(|files| files.iter().map(|file| (*file).to_owned()).collect());
    let changed = changed.map_err(str::to_owned);
    world.facts.changed.insert("c0".repeat(20), changed);
}

/// The review once more, a little later.
pub(super) fn again(world: &World) -> RunRecord {
    let mut record = world.review.clone();
    record.run_id = "second".into();
    record.started = clock(20);
    record.ended = clock(25);
    record
}

fn failing_verify(world: &World) -> RunRecord {
    let mut record = again(world);
    record.act = Act::Verify;
    record.reviews = None;
    record.checks[0].outcome = Outcome::Fail;
    record
}

pub(super) fn third(world: &World) -> RunRecord {
    let mut record = again(world);
    record.run_id = "third".into();
    record.started = clock(30);
    record.ended = clock(35);
    record
}

pub(super) fn filing(world: &World) -> RunRecord {
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
        went_red: None,
        remedy: (!restored).then(|| "start it".into()),
    }
}
