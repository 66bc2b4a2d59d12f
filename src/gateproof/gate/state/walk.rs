//! Random histories: whatever is on record, a PASS has two people and two clones behind it.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::tests::{clock, facts, pick, run, spec, stored};
use super::*;
use crate::record::{Act, RecordLink, RunRecord};
use claim::outcome::Outcome;

/// One record, as choices.
#[derive(Clone, Debug)]
struct Event {
    act: Act,
    role: &'static str,
    author: &'static str,
    clone: &'static str,
    tree: &'static str,
    digest: &'static str,
    commit: &'static str,
    whole: bool,
    outcomes: (Outcome, Outcome),
    boot: &'static str,
    linked: bool,
}

fn event() -> impl Strategy<Value = Event> {
    use Outcome::{Attested, Error, Fail, Pass, Skipped, Toothless};
    let outcomes = [
        Pass, Pass, Pass, Pass, Pass, Pass, Pass, Pass, Pass, Pass, Pass, Pass, Pass, Pass, Pass,
        Pass, Fail, Error, Skipped, Attested, Toothless,
    ];
    // Mostly people who do what they should, so that many histories come to a PASS; else anything.
    let anybody = (
        pick(&[
            (Act::Claim, "builder"),
            (Act::Review, "adversary"),
            (Act::Review, "builder"),
            (Act::Claim, "adversary"),
            (Act::Verify, "adversary"),
            (Act::Ci, "ci"),
        ]),
        pick(&["bob", "eve"]),
        pick(&["k1", "k2"]),
    );
    let who = prop_oneof![
        3 => Just(((Act::Claim, "builder"), "bob", "k1")),
        5 => Just(((Act::Review, "adversary"), "eve", "k2")),
        4 => anybody,
    ];
    let who = (
        who,
        pick(&[
            "clone", "clone", "clone", "clone", "clone", "clone", "worktree",
        ]),
    );
    let what = (
        pick(&["aa", "aa", "aa", "aa", "aa", "aa", "bb"]),
        pick(&["c0", "c0", "c0", "c0", "c0", "c0", "d1"]),
        pick(&[true, true, true, true, true, true, false]),
    );
    let seen = (
        pick(&outcomes),
        pick(&outcomes),
        pick(&["boot-1", "boot-1", "boot-1", "boot-1", "boot-2"]),
        any::<bool>(),
    );
    (who, what, seen).prop_map(
        |((((act, role), author, clone), tree), (digest, commit, whole), (a, b, boot, linked))| {
            Event {
                act,
                role,
                author,
                clone,
                tree,
                digest,
                commit,
                whole,
                outcomes: (a, b),
                boot,
                linked,
            }
        },
    )
}

fn records(events: &[Event]) -> Vec<StoredRecord> {
    let mut records: Vec<StoredRecord> = Vec::new();
    for (n, event) in events.iter().enumerate() {
        let at = i64::try_from(n).unwrap() * 10;
        let mut record = run(
            &format!("r{n:03}"),
            event.act,
            event.role,
            event.author,
            event.clone,
            at,
        );
        let repository = record.repository.as_mut().unwrap();
        repository.tree = event.tree.into();
        repository.commit = event.commit.repeat(20);
        record.claim.sha256 = event.digest.repeat(32);
        record.checks[0].outcome = event.outcomes.0;
        record.checks[1].outcome = event.outcomes.1;
        record.hosts[0].boot_id = Some(event.boot.into());
        if !event.whole {
            record.gates.clear();
        }
        let claim = records
            .iter()
            .rev()
            .find(|stored| stored.record.act == Act::Claim);
        if event.act == Act::Review && event.linked {
            record.reviews = claim.map(|stored| RecordLink {
                run_id: stored.record.run_id.clone(),
                sha256: stored.link.sha256.clone(),
            });
        }
        records.push(stored(record));
    }
    records
}

fn state(records: &[StoredRecord], facts: &GateFacts) -> GateStatus {
    let none = Reading::default();
    judge(&spec(), records, &none, &none, facts).gates.remove(0)
}

fn passed(state: GateState) -> bool {
    matches!(state, GateState::Pass | GateState::Ready)
}

#[test]
fn the_walk_reaches_every_state_that_it_is_about() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut counts = BTreeMap::new();
    for _ in 0..600 {
        let events = prop::collection::vec(event(), 0..12);
        let records = records(&events.new_tree(&mut runner).unwrap().current());
        for now in [120, 3000] {
            *counts
                .entry(state(&records, &facts(now)).state.name())
                .or_insert(0) += 1;
        }
    }
    for name in ["OPEN", "CLAIMED", "FAIL", "STALE", "DONE-ready"] {
        assert!(
            counts.get(name).is_some_and(|n| *n >= 10),
            "{name}: {counts:?}"
        );
    }
}

/// Found by the walk: such a look was passed over, and the older PASS went on.
#[test]
fn a_fail_beside_an_error_takes_a_pass_away_also_from_the_worktree() {
    use Outcome::{Error, Fail, Pass};
    let event = |act, role, outcomes| Event {
        act,
        role,
        author: if role == "builder" { "bob" } else { "eve" },
        clone: if role == "builder" { "k1" } else { "k2" },
        tree: "clone",
        digest: "aa",
        commit: "c0",
        whole: true,
        outcomes,
        boot: "boot-1",
        linked: false,
    };
    let mut events = vec![
        event(Act::Claim, "builder", (Pass, Pass)),
        event(Act::Review, "adversary", (Pass, Pass)),
    ];
    assert_eq!(
        state(&records(&events), &facts(200)).state,
        GateState::Ready
    );
    let mut look = event(Act::Review, "adversary", (Pass, Error));
    look.tree = "worktree";
    events.push(look.clone());
    assert_eq!(
        state(&records(&events), &facts(200)).state,
        GateState::Ready
    );
    look.outcomes.0 = Fail;
    events.push(look);
    let seen = state(&records(&events), &facts(200));
    assert_eq!(seen.state, GateState::Fail);
    assert!(
        seen.reasons[0].to_string().contains("is FAIL"),
        "{:?}",
        seen.reasons
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_pass_has_two_authors_and_two_clones_on_one_digest_and_commit(
        events in prop::collection::vec(event(), 0..12), later in 0i64..3000,
    ) {
        let records = records(&events);
        let now = 120 + later;
        let seen = state(&records, &facts(now));
        prop_assert_eq!(seen.state == GateState::Ready, seen.reasons.is_empty());
        if passed(seen.state) {
            let of = |cited: &Option<CitedRun>| {
                let id = &cited.as_ref().unwrap().run_id;
                records.iter().find(|stored| stored.record.run_id == *id).unwrap().record.clone()
            };
            let (claim, review) = (of(&seen.claim), of(&seen.verdict));
            let clone_of = |r: &RunRecord| r.repository.clone().unwrap();
            prop_assert_eq!((claim.act, claim.role.as_deref()), (Act::Claim, Some("builder")));
            prop_assert_eq!((review.act, review.role.as_deref()), (Act::Review, Some("adversary")));
            prop_assert!(claim.author != review.author);
            prop_assert!(clone_of(&claim).clone_id != clone_of(&review).clone_id);
            prop_assert!(clone_of(&claim).tree == "clone" && clone_of(&review).tree == "clone");
            prop_assert_eq!(clone_of(&claim).commit, clone_of(&review).commit);
            prop_assert_eq!(&claim.claim.sha256, &spec().sha256);
            prop_assert_eq!(&review.claim.sha256, &spec().sha256);
            prop_assert!(review.started >= claim.ended);
            prop_assert!(review.checks.iter().all(|check| check.outcome == Outcome::Pass));
            prop_assert_eq!(review.checks.len(), 2);
            prop_assert!(review.gates.contains(&"M1".to_owned()));
            prop_assert!(clock(now) - review.ended <= TimeDelta::hours(24));
            prop_assert_eq!(review.hosts[0].boot_id.as_deref(), Some("boot-1"));
            // No later claim of the whole gate from a clone, and no later FAIL by an Adversary.
            let after = |stored: &&StoredRecord| stored.record.ended > review.ended;
            for stored in records.iter().filter(after) {
                let r = &stored.record;
                let claims = r.act == Act::Claim && r.role.as_deref() == Some("builder")
                    && !r.gates.is_empty() && r.repository.as_ref().unwrap().tree == "clone";
                prop_assert!(!claims, "{}", r.run_id);
            }
        }
    }

    #[test]
    fn a_newer_fail_never_makes_a_pass(events in prop::collection::vec(event(), 0..10), fail in event()) {
        let before = records(&events);
        let mut fail = fail;
        fail.outcomes.0 = Outcome::Fail;
        let mut events = events;
        events.push(fail.clone());
        let after = state(&records(&events), &facts(200));
        let was = state(&before, &facts(200));
        prop_assert!(!passed(after.state) || passed(was.state));
        let adversary = fail.role == "adversary";
        let judges = adversary && fail.act == Act::Review && !fail.linked;
        let contradicts = adversary && fail.act != Act::Review && fail.digest == "aa";
        prop_assert!(!((judges || contradicts) && passed(after.state)), "{:?}", after);
    }

    #[test]
    fn time_turns_a_pass_into_stale_and_nothing_into_a_pass(
        events in prop::collection::vec(event(), 0..12), steps in prop::collection::vec(1i64..900, 1..6),
    ) {
        let records = records(&events);
        let mut now = 120;
        let mut before = state(&records, &facts(now)).state;
        for step in steps {
            now += step;
            let after = state(&records, &facts(now)).state;
            prop_assert!(after == before || passed(before) && after == GateState::Stale, "{before} → {after}");
            before = after;
        }
    }
}
