//! The walks over the model.

use proptest::prelude::*;

use super::*;

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        6 => Just(Fate::Well),
        1 => Just(Fate::KilledBefore),
        1 => Just(Fate::KilledAfter),
        1 => Just(Fate::Fails),
        1 => Just(Fate::Undecided),
    ];
    proptest::collection::vec(fate, 0..9)
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => Just(Change::Nothing),
        4 => Just(Change::NewVersion),
        1 => Just(Change::MovedTag),
        1 => Just(Change::EngineLost),
        1 => Just(Change::Breaks),
        1 => Just(Change::Heals),
        1 => Just(Change::ByHand),
        1 => Just(Change::HalfForward),
        1 => Just(Change::HalfBack),
        1 => Just(Change::Held),
        2 => Just(Change::Released),
        2 => Just(Change::Acknowledged),
        1 => Just(Change::RollBack),
        1 => Just(Change::Again),
        1 => Just(Change::Poisoned),
        1 => Just(Change::Guest),
        2 => Just(Change::NoGuest),
    ]
}

fn model(stateful: bool, broken: BTreeSet<u64>) -> Model {
    Model {
        stateful,
        runs: None,
        half: None,
        data: None,
        broken_now: BTreeSet::new(),
        last_good: None,
        previous: None,
        pair: None,
        current: None,
        proven: None,
        torn: false,
        run_id: 0,
        restores: None,
        given_up: None,
        guest: false,
        journal: None,
        quarantined: BTreeSet::new(),
        number: 0,
        moved: 0,
        held: false,
        acknowledged: false,
        ask: Ask::Run,
        engine: Engine::Ok,
        broken,
        was_healthy: BTreeSet::new(),
        writes: 0,
        fates: vec![],
        counted: false,
        again: false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_run_ends_and_the_promises_hold(
        stateful: bool,
        broken in proptest::collection::btree_set(0_u64..12, 0..6),
        runs in proptest::collection::vec((change(), fates()), 1..20),
    ) {
        let mut model = model(stateful, broken);
        for (change, fates) in runs {
            model.change(change);
            model.fates = fates;
            let end = model.run();
            model.holds_together();
            if let Ok(outcome) = end {
                let success = outcome.exit() == ExitCode::Current;
                let healthy = model.runs.as_ref().is_some_and(|runs| model.works(runs));
                prop_assert!(!success || healthy, "{outcome} and not healthy");
                prop_assert!(outcome != Outcome::NoopHealthy || model.writes == 0);
            }
        }
        // Left alone, it comes to an end within the tries there are, and stays there.
        model.change(Change::Released);
        model.fates.clear();
        let mut ends = Vec::new();
        for _ in 0..8 {
            if let Ok(outcome) = model.run() {
                ends.push(outcome);
            }
            model.holds_together();
        }
        prop_assert_eq!(ends.len(), 8, "nothing kills it, so every run ends");
        let last = ends[7];
        prop_assert_eq!(ends[6], last, "{:?}", ends);
        let stuck = matches!(last.exit(), ExitCode::Degraded | ExitCode::Inconclusive);
        prop_assert!(model.journal.is_none() || stuck, "{:?}", ends);
        // A settled app is looked at and not touched.
        if matches!(last.exit(), ExitCode::Current) {
            prop_assert_eq!(last, Outcome::NoopHealthy);
            prop_assert_eq!(model.writes, 0);
        }
    }
}

/// Kills one upgrade at every act, before and after it, and once more in the run after it.
#[test]
fn a_kill_at_every_step_of_an_upgrade_ends_on_one_version_or_the_other() {
    for stateful in [false, true] {
        for broken in [BTreeSet::new(), BTreeSet::from([1])] {
            let mut reached = BTreeSet::new();
            for (first, second) in (0..10).flat_map(|a| (0..10).map(move |b| (a, b))) {
                for kill in [Fate::KilledBefore, Fate::KilledAfter] {
                    let mut model = model(stateful, broken.clone());
                    model.acknowledged = true;
                    assert!(model.run().is_ok());
                    model.change(Change::NewVersion);
                    model.acknowledged = true;
                    for well in [first, second] {
                        model.fates = vec![kill];
                        model.fates.extend(vec![Fate::Well; well]);
                        if let Ok(end) = model.run() {
                            reached.insert(end.name());
                        }
                        model.holds_together();
                        if let Some(run) = &model.journal {
                            reached.insert(step_name(run.step));
                        }
                    }
                    model.fates.clear();
                    let end = model.run();
                    assert!(end.is_ok_and(|end| end.exit() <= ExitCode::RolledBack));
                    let runs = model.runs.clone().unwrap();
                    assert!(model.works(&runs) && model.last_good == Some(runs));
                    assert!(model.journal.is_none());
                }
            }
            // The kills really came at every step of the way.
            let mut way = vec![Step::Planned, Step::Deploying, Step::Gating];
            way.extend(if stateful {
                vec![Step::Quiescing, Step::Snapshotting]
            } else {
                vec![]
            });
            way.extend(match broken.is_empty() {
                true => vec![Step::Committing],
                false => vec![Step::Restoring, Step::Redeploying, Step::ReGating],
            });
            for step in way {
                assert!(reached.contains(step_name(step)), "{step:?}: {reached:?}");
            }
        }
    }
}

fn step_name(step: Step) -> &'static str {
    let names = [
        "planned",
        "quiescing",
        "snapshotting",
        "deploying",
        "gating",
        "committing",
        "restoring",
        "redeploying",
        "regating",
    ];
    names[step as usize]
}
