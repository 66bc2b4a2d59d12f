//! Row by row, and then all combinations at once.

use super::*;

fn outcome(world: &World) -> Outcome {
    decide(world).outcome()
}

#[test]
fn current_and_recorded_writes_nothing() {
    let plan = decide(&calm());
    let release = release(OLD);
    assert_eq!(
        plan,
        Plan::Current {
            release,
            drifted: false
        }
    );
    assert!(!plan.acts());
    assert_eq!(plan.outcome().name(), "noop-healthy");
    assert_eq!(plan.outcome().exit(), ExitCode::Current);
}

#[test]
fn healthy_and_not_recorded_is_only_recorded() {
    for last_good in [None, Some(release(OLDER))] {
        let plan = decide(&World {
            last_good,
            ..calm()
        });
        let release = release(OLD);
        assert_eq!(plan, Plan::Adopt { release });
        assert!(!plan.acts());
    }
}

#[test]
fn an_upgrade_goes_back_to_what_its_data_belongs_to() {
    for stateful in [false, true] {
        let plan = decide(&World {
            stateful,
            ..behind()
        });
        let expected = Plan::Upgrade {
            from: release(OLD),
            to: release(NEW),
            stateful,
            back_to: Some(release(OLD)),
            adopt: false,
        };
        assert_eq!(plan, expected);
        // Unhealthy, with an older version that was good.
        let back_to = |quarantined| {
            let plan = decide(&World {
                stateful,
                running: running(OLD, false),
                last_good: Some(release(OLDER)),
                quarantined,
                ..behind()
            });
            match plan {
                Plan::Upgrade { back_to, adopt, .. } => {
                    assert!(!adopt, "unhealthy is never recorded");
                    back_to
                }
                other => panic!("{other:?}"),
            }
        };
        let good = if stateful { OLD } else { OLDER };
        assert_eq!(back_to(quarantined(&[])), Some(release(good)));
        let data_only = (!stateful).then(|| release(OLDER));
        assert_eq!(back_to(quarantined(&[OLD])), data_only);
    }
}

#[test]
fn a_healthy_version_is_recorded_before_it_is_left() {
    let plan = decide(&World {
        last_good: None,
        ..behind()
    });
    assert!(matches!(plan, Plan::Upgrade { adopt: true, .. }));
}

#[test]
fn every_hold_holds_before_anything_is_touched() {
    let with = |change: fn(&mut World)| {
        let mut world = behind();
        change(&mut world);
        world
    };
    let notes = |w: &mut World| w.newest.as_mut().unwrap().manual_migration = true;
    let young = |w: &mut World| w.newest.as_mut().unwrap().too_young = true;
    let rows = [
        (with(|w| w.newest = newest(MAJOR)), "held-major", true),
        (with(notes), "held-manual-migration", true),
        (with(young), "held-min-age", true),
        (
            with(|w| w.quarantined = quarantined(&[NEW])),
            "held-quarantined",
            false,
        ),
        (
            with(|w| w.held = Some("me".into())),
            "held-by-operator",
            false,
        ),
        (with(|w| w.newest = newest(OLDER)), "held-downgrade", false),
    ];
    for (mut world, name, lifted) in rows {
        let plan = decide(&world);
        assert_eq!(plan.outcome().name(), name);
        assert_eq!(plan.outcome().exit(), ExitCode::Held);
        assert!(!plan.acts(), "{name}");
        let tag = world.newest.clone().unwrap().release.version;
        world.acknowledged.insert("9.9.9+v9".into());
        assert_eq!(outcome(&world).name(), name, "another version's");
        world.acknowledged.insert(tag.tag().into());
        assert_eq!(outcome(&world) == Outcome::Upgraded, lifted, "{name}");
    }
}

#[test]
fn an_unhealthy_app_is_never_a_mere_hold_or_success() {
    let sick = |change: fn(&mut World)| {
        let mut world = World {
            running: running(OLD, false),
            ..behind()
        };
        change(&mut world);
        decide(&world)
    };
    let held = sick(|w| w.held = Some("me".into()));
    assert_eq!(held.outcome(), Outcome::UnhealthyWhileHeld);
    assert!(!held.acts());
    for (plan, reason) in [
        (sick(|w| w.newest = newest(MAJOR)), Hold::Major),
        (sick(|w| w.newest = newest(OLDER)), Hold::Downgrade),
        (
            sick(|w| w.quarantined = quarantined(&[NEW])),
            Hold::Quarantined,
        ),
    ] {
        assert!(plan.acts());
        assert_eq!(plan.deploys(), Some(&release(OLD)));
        assert!(matches!(plan, Plan::Hold { reason: r, .. } if r == reason));
    }
    let on_newest = sick(|w| w.newest = newest(OLD));
    let release = release(OLD);
    assert_eq!(on_newest, Plan::Redeploy { release });
}

#[test]
fn an_unhealthy_quarantined_version_gives_way_to_one_whose_data_is_there() {
    let sick = |stateful, last_good: Option<&str>, previous: Option<&str>| {
        decide(&World {
            stateful,
            running: running(OLD, false),
            quarantined: quarantined(&[OLD]),
            last_good: last_good.map(release),
            previous: previous.map(release),
            ..calm()
        })
    };
    let back = |restore| Plan::RollBack {
        from: Some(release(OLD)),
        to: release(OLDER),
        restore,
    };
    assert_eq!(sick(false, Some(OLDER), None), back(false));
    assert_eq!(sick(true, Some(OLDER), Some(OLDER)), back(true));
    for plan in [
        sick(true, Some(OLDER), None),
        sick(false, None, None),
        sick(false, Some(OLD), None),
    ] {
        assert_eq!(plan.outcome(), Outcome::NothingToRollBackTo);
        assert!(!plan.acts());
    }
}

#[test]
fn nothing_running_brings_back_the_last_good_before_any_upgrade() {
    let gone = |last_good: Option<&str>, change: fn(&mut World)| {
        let mut world = World {
            running: None,
            last_good: last_good.map(release),
            ..behind()
        };
        change(&mut world);
        decide(&world)
    };
    let none = |_: &mut World| ();
    assert_eq!(gone(Some(OLD), none), Plan::BringBack { to: release(OLD) });
    assert_eq!(gone(None, none), Plan::FirstDeploy { to: release(NEW) });
    // The release notes ask for a migration of data that is not there.
    let first = gone(None, |w| w.newest.as_mut().unwrap().manual_migration = true);
    assert_eq!(first, Plan::FirstDeploy { to: release(NEW) });
    for (plan, name) in [
        (gone(None, |w| w.newest = None), "inconclusive-version"),
        (
            gone(None, |w| w.quarantined = quarantined(&[NEW])),
            "nothing-to-roll-back-to",
        ),
        (
            gone(Some(OLD), |w| {
                w.quarantined = quarantined(&[OLD]);
                w.newest = newest(OLD);
            }),
            "nothing-to-roll-back-to",
        ),
        (
            gone(Some(OLD), |w| {
                w.quarantined = quarantined(&[OLD]);
                w.newest = newest(OLDER);
            }),
            "nothing-to-roll-back-to",
        ),
        (
            gone(Some(OLD), |w| w.quarantined = quarantined(&[OLD, NEW])),
            "nothing-to-roll-back-to",
        ),
        (
            gone(None, |w| w.newest.as_mut().unwrap().too_young = true),
            "held-min-age",
        ),
        (
            gone(Some(OLD), |w| w.held = Some("me".into())),
            "held-by-operator",
        ),
    ] {
        assert_eq!(plan.outcome().name(), name);
        assert!(!plan.acts(), "{name}");
    }
    // A newer version is tried by itself, as the way out says.
    let newer = gone(Some(OLD), |w| w.quarantined = quarantined(&[OLD]));
    assert_eq!(newer.deploys(), Some(&release(NEW)));
}

#[test]
fn old_code_is_never_put_on_newer_data_because_nothing_runs() {
    for (stateful, data, good) in [
        (true, NEW, false),
        (false, NEW, true),
        (true, OLD, true),
        (true, OLDER, true),
    ] {
        for last_good in [Some(release(OLD)), None] {
            let plan = decide(&World {
                stateful,
                running: None,
                last_good,
                data: Some(release(data)),
                ..calm()
            });
            assert_eq!(plan.acts(), good, "{stateful} {data}");
            assert_eq!(plan.outcome() == Outcome::DataTooNew, !good);
        }
    }
}

/// Whether the stack is gone or half of it is left, the same versions may be brought up.
#[test]
fn what_has_used_newer_data_is_brought_up_as_soon_as_it_may_be() {
    for gone in [true, false] {
        let seen = |change: fn(&mut World)| {
            let mut world = World {
                stateful: true,
                data: Some(release(NEW)),
                quarantined: quarantined(&[NEW]),
                running: match gone {
                    true => None,
                    false => services(&[("app", NEW), ("db", OLD)]),
                },
                ..behind()
            };
            change(&mut world);
            let plan = decide(&world);
            let about = way_out::About::of(&plan, &world, "stack");
            (way_out::way_out(plan.outcome(), &about), plan)
        };
        let (way, plan) = seen(|_| ());
        let too_new = Degraded::DataTooNew(release(NEW).version);
        assert_eq!(plan, Plan::Degraded { why: too_new });
        let way = way.unwrap();
        assert!(
            way.contains(&format!("release traefik --quarantined {NEW}`")),
            "{way}"
        );
        // What was said is done.
        let (_, plan) = seen(|world| world.quarantined.clear());
        assert_eq!(plan.deploys(), Some(&release(NEW)));
        // A newer one.
        let (_, plan) = seen(|world| world.newest = newest("5.1.3+v3.7.1"));
        assert_eq!(plan.deploys(), Some(&release("5.1.3+v3.7.1")));
        // The newer one is held.
        let (way, plan) = seen(|world| world.newest = newest(MAJOR));
        let why = Degraded::Held(Hold::Major);
        assert_eq!(plan, Plan::Degraded { why });
        let way = way.unwrap();
        assert!(
            way.contains(&format!("`warm-reconcile ack traefik {MAJOR}`")),
            "{way}"
        );
        let (_, plan) = seen(|world| {
            world.newest = newest(MAJOR);
            world.acknowledged.insert(MAJOR.into());
        });
        assert_eq!(plan.deploys(), Some(&release(MAJOR)));
        // Its tag is gone: nothing is there to be released.
        let (way, plan) = seen(|world| {
            world.newest = newest(OLD);
            world.quarantined.clear();
        });
        assert_eq!(plan.outcome(), Outcome::DataTooNew);
        let way = way.unwrap();
        assert!(
            way.contains(&format!("`warm-reconcile pin traefik {NEW}`")),
            "{way}"
        );
    }
}

#[test]
fn what_cannot_be_known_is_inconclusive_and_touches_nothing() {
    let with = |change: fn(&mut World)| {
        let mut world = behind();
        change(&mut world);
        decide(&world)
    };
    for (plan, name) in [
        (with(|w| w.newest = None), "inconclusive-version"),
        (
            with(|w| w.running.as_mut().unwrap().runs = Runs::Unknown("no label".into())),
            "inconclusive-version",
        ),
        (
            with(|w| w.running.as_mut().unwrap().healthy = None),
            "inconclusive-gate",
        ),
        (
            with(|w| w.engine = Engine::Unreachable("no".into())),
            "inconclusive-engine",
        ),
        (
            with(|w| w.engine = Engine::Poisoned("no".into())),
            "inconclusive-engine",
        ),
    ] {
        assert_eq!(plan.outcome().name(), name);
        assert_eq!(plan.outcome().exit(), ExitCode::Inconclusive);
        assert!(!plan.acts(), "{name}");
    }
}

#[test]
fn a_stack_of_two_versions_goes_back_to_last_good_by_every_command() {
    let seen = |change: fn(&mut World)| {
        let mut world = World {
            running: services(&[("app", NEW), ("socket-proxy", OLD)]),
            quarantined: quarantined(&[NEW]),
            ..behind()
        };
        change(&mut world);
        decide(&world)
    };
    let redeploy = Plan::Redeploy {
        release: release(OLD),
    };
    let back = Plan::RollBack {
        from: None,
        to: release(OLD),
        restore: false,
    };
    assert_eq!(seen(|_| ()), redeploy);
    assert_eq!(seen(|w| w.ask = Ask::Converge), redeploy);
    assert_eq!(seen(|w| w.newest = None), redeploy, "the tag is gone");
    assert_eq!(seen(|w| w.ask = Ask::RollBack), back);
    // Rolled back by hand: no newer code than last-good met the data.
    let older = |w: &mut World| {
        w.stateful = true;
        w.running = services(&[("app", OLDER), ("db", OLD)]);
    };
    assert_eq!(seen(older), redeploy);
    assert_eq!(seen(|w| w.stateful = true).outcome(), Outcome::DataTooNew);
    let newest_fits = seen(|w| {
        w.stateful = true;
        w.quarantined.clear();
    });
    assert_eq!(
        newest_fits,
        Plan::Redeploy {
            release: release(NEW)
        }
    );
    let held = seen(|w| {
        w.stateful = true;
        w.quarantined.clear();
        w.newest.as_mut().unwrap().manual_migration = true;
    });
    let why = Degraded::Held(Hold::ManualMigration);
    assert_eq!(held, Plan::Degraded { why });
    assert_eq!(
        seen(|w| w.held = Some("me".into())).outcome(),
        Outcome::UnhealthyWhileHeld
    );
    let none = seen(|w| w.last_good = None);
    assert_eq!(none.outcome(), Outcome::NothingToRollBackTo);
    let first = seen(|w| {
        w.last_good = None;
        w.quarantined.clear();
    });
    assert_eq!(
        first,
        Plan::Redeploy {
            release: release(NEW)
        }
    );
}

#[test]
fn what_becomes_unhealthy_in_its_bake_time_is_left_for_the_version_before() {
    let seen = |change: fn(&mut World)| {
        let mut world = World {
            running: running(OLD, false),
            previous: Some(release(OLDER)),
            baking: true,
            ..calm()
        };
        change(&mut world);
        decide(&world)
    };
    let back = |restore| Plan::RollBack {
        from: Some(release(OLD)),
        to: release(OLDER),
        restore,
    };
    let again = Plan::Redeploy {
        release: release(OLD),
    };
    assert_eq!(seen(|_| ()), back(false));
    assert_eq!(seen(|w| w.stateful = true), back(true));
    assert_eq!(seen(|w| w.baking = false), again);
    assert_eq!(seen(|w| w.previous = None), again);
    assert_eq!(seen(|w| w.quarantined = quarantined(&[OLDER])), again);
    // A newer version is tried first, and what is healthy stays.
    assert_eq!(
        seen(|w| w.newest = newest(NEW)).deploys(),
        Some(&release(NEW))
    );
    assert!(!seen(|w| w.running = running(OLD, true)).acts());
}

#[test]
fn a_gate_that_nobody_has_proved_holds_what_it_would_judge() {
    let unarmed = |change: fn(&mut World)| {
        let mut world = World {
            unarmed: true,
            ..behind()
        };
        change(&mut world);
        decide(&world).outcome()
    };
    assert_eq!(unarmed(|_| ()), Outcome::HeldUnarmed);
    // No word on the version takes that away.
    let said = |w: &mut World| {
        w.acknowledged.insert(NEW.into());
    };
    assert_eq!(unarmed(said), Outcome::HeldUnarmed);
    assert_eq!(unarmed(|w| w.newest = newest(OLD)), Outcome::NoopHealthy);
    let first = |w: &mut World| {
        w.running = None;
        w.last_good = None;
    };
    assert_eq!(unarmed(first), Outcome::HeldUnarmed);
    // What was healthy here comes back all the same.
    assert_eq!(unarmed(|w| w.running = None), Outcome::BroughtBack);
}

#[test]
fn what_was_changed_by_hand_is_put_right_only_on_wish() {
    let seen = |ask, healthy| {
        decide(&World {
            ask,
            running: running(OLD, healthy),
            drift: vec!["service app: 3 tasks wanted, 1 task deployed".into()],
            ..calm()
        })
    };
    assert_eq!(seen(Ask::Run, true).outcome(), Outcome::NoopHealthy);
    let again = Plan::Redeploy {
        release: release(OLD),
    };
    assert_eq!(seen(Ask::Converge, true), again);
    assert_eq!(seen(Ask::Run, false), again);
}

#[test]
fn a_pinned_version_is_gone_to_and_stayed_on() {
    let pinned = |tag: &str, change: fn(&mut World)| {
        let mut world = World {
            newest: newest(tag),
            pinned: Some(tag.into()),
            ..calm()
        };
        change(&mut world);
        decide(&world)
    };
    let none = |_: &mut World| ();
    assert_eq!(pinned(OLD, none).outcome(), Outcome::NoopHealthy);
    for to in [OLDER, NEW, MAJOR] {
        let plan = pinned(to, none);
        assert_eq!(plan.deploys(), Some(&release(to)), "{plan:?}");
        assert!(matches!(
            plan,
            Plan::Upgrade {
                back_to: Some(_),
                ..
            }
        ));
    }
    // Old code never meets newer data, and what failed here is not tried again.
    let held = pinned(OLDER, |w| w.stateful = true);
    assert_eq!(held.outcome(), Outcome::HeldDowngrade);
    let failed = pinned(NEW, |w| w.quarantined = quarantined(&[NEW]));
    assert_eq!(failed.outcome(), Outcome::HeldQuarantined);
    let gone = pinned(NEW, |w| w.newest = None);
    assert_eq!(gone.outcome(), Outcome::InconclusiveVersion);
}

#[test]
fn what_has_no_version_goes_only_when_a_person_says_so() {
    let seen = |ask, stateful| {
        decide(&World {
            ask,
            stateful,
            running: Some(Running {
                runs: Runs::Unknown("no service has the label".into()),
                healthy: None,
                doubt: None,
            }),
            ..calm()
        })
    };
    let back = Plan::RollBack {
        from: None,
        to: release(OLD),
        restore: false,
    };
    assert_eq!(seen(Ask::RollBack, false), back);
    for plan in [seen(Ask::Run, false), seen(Ask::RollBack, true)] {
        assert_eq!(plan.outcome(), Outcome::InconclusiveVersion);
        assert!(!plan.acts());
    }
}

#[test]
fn a_moved_tag_is_reported_and_deployed_only_when_asked() {
    let mut world = calm();
    world.newest.as_mut().unwrap().release.digest = "moved".into();
    assert!(matches!(
        decide(&world),
        Plan::Current { drifted: true, .. }
    ));
    world.ask = Ask::Converge;
    let plan = decide(&world);
    assert_eq!(plan.deploys().unwrap().digest, "moved");
    assert!(matches!(plan, Plan::Upgrade { .. }));
}

#[test]
fn a_rollback_that_is_asked_for_goes_only_where_the_data_can_follow() {
    let asked = |stateful, last_good: &str, previous: Option<&str>| {
        decide(&World {
            stateful,
            ask: Ask::RollBack,
            last_good: Some(release(last_good)),
            previous: previous.map(release),
            ..calm()
        })
    };
    let to = |plan: &Plan| plan.deploys().map(|r| r.version.tag().to_owned());
    assert_eq!(to(&asked(false, OLDER, None)).as_deref(), Some(OLDER));
    assert_eq!(to(&asked(false, OLD, Some(OLDER))).as_deref(), Some(OLDER));
    assert_eq!(to(&asked(true, OLD, Some(OLDER))).as_deref(), Some(OLDER));
    for plan in [asked(true, OLDER, None), asked(false, OLD, None)] {
        assert_eq!(plan.outcome(), Outcome::HeldNoPrevious);
        assert!(!plan.acts());
    }
}

#[test]
fn every_unfinished_run_has_a_way_on() {
    for step in Step::ALL {
        for tries_left in [0, 1] {
            for (stateful, bad, first, touched) in
                (0..16).map(|n| (n & 1 > 0, n & 2 > 0, n & 4 > 0, n & 8 > 0))
            {
                let world = World {
                    stateful,
                    held: Some("a hold does not leave an app down".into()),
                    quarantined: quarantined(if bad { &[NEW] } else { &[] }),
                    journal: Journal::Unfinished(Box::new(Unfinished {
                        back_to: (!first).then(|| release(OLD)),
                        to: release(NEW),
                        step,
                        touched,
                        tries_left,
                    })),
                    ..behind()
                };
                let plan = decide(&world);
                let case = format!("{step:?} {tries_left} {stateful} {bad} {first}: {plan:?}");
                match &plan {
                    Plan::Resume(Resume::Abandon) => assert_eq!(step, Step::Planned, "{case}"),
                    Plan::Resume(Resume::Commit { to }) => {
                        assert_eq!(step, Step::Committing, "{case}");
                        assert!(!plan.acts() && *to == release(NEW), "{case}");
                    }
                    Plan::Resume(Resume::Forward { to, step: at, .. }) => {
                        assert!(!step.goes_back() && *at == step, "{case}");
                        let may = tries_left > 0 && !bad;
                        assert!(may && *to == release(NEW), "{case}");
                    }
                    Plan::Resume(Resume::Back {
                        to,
                        restore,
                        step: at,
                        ..
                    }) => {
                        assert!(at.goes_back() && !first && *to == release(OLD), "{case}");
                        assert_eq!(*restore, stateful && touched, "{case}");
                        assert!(!step.goes_back() || tries_left > 0, "{case}");
                    }
                    Plan::Degraded { why } => {
                        let used_up = step.goes_back() && tries_left == 0;
                        let expected = match first {
                            true => Degraded::NothingToRollBackTo,
                            false => Degraded::RollbackFailed,
                        };
                        assert!(first || used_up, "{case}");
                        assert_eq!(*why, expected, "{case}");
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    let torn = World {
        journal: Journal::Unreadable("torn".into()),
        ..behind()
    };
    assert_eq!(outcome(&torn), Outcome::StateUnreadable);
}

/// The whole product of small domains: what holds in every world.
#[test]
fn in_every_world_the_decision_keeps_its_promises() {
    let tags = [OLDER, OLD, NEW, MAJOR];
    let some = |at: usize| tags.get(at).map(|tag| release(tag));
    let mut worlds = 0;
    let mut outcomes = BTreeSet::new();
    for n in 0..2 * 3 * 5 * 7 * 3 * 5 * 3 * 5 * 2 * 2 {
        let mut n: usize = n;
        let mut take = |count: usize| {
            let digit = n % count;
            n /= count;
            digit
        };
        let world = World {
            stateful: take(2) == 1,
            ask: [Ask::Run, Ask::Converge, Ask::RollBack][take(3)],
            newest: some(take(5)).map(|release| Newest {
                release,
                manual_migration: false,
                too_young: false,
            }),
            running: match take(7) {
                5 => services(&[("app", NEW), ("proxy", OLD)]),
                6 => services(&[("app", OLDER), ("proxy", OLD)]),
                at => some(at).map(|release| Running {
                    runs: Runs::One(release),
                    healthy: Some(true),
                    doubt: None,
                }),
            },
            ..calm()
        };
        let healthy = [Some(true), Some(false), None][take(3)];
        let world = World {
            running: world.running.map(|r| Running { healthy, ..r }),
            last_good: some(take(5)),
            previous: [None, some(0), some(1)][take(3)].clone(),
            quarantined: match take(5) {
                0 => quarantined(&[]),
                1 => quarantined(&[OLDER]),
                2 => quarantined(&[OLD]),
                3 => quarantined(&[NEW]),
                _ => quarantined(&[OLDER, OLD, NEW]),
            },
            held: (take(2) == 1).then(|| "me".into()),
            acknowledged: match take(2) {
                0 => BTreeSet::new(),
                _ => [NEW.to_owned(), MAJOR.to_owned()].into(),
            },
            ..world
        };
        promises(&world);
        outcomes.insert(decide(&world).outcome().name());
        worlds += 1;
    }
    assert_eq!(worlds, 189_000);
    assert!(outcomes.len() >= 12, "{outcomes:?}");
}

fn promises(world: &World) {
    let plan = decide(world);
    let case = || format!("{world:?}\n{plan:?}");
    let healthy = world.running.as_ref().and_then(|r| r.healthy);
    let runs = world.running.as_ref().and_then(Running::release);
    if let Some(to) = plan.deploys() {
        assert!(!world.quarantined.contains(&to.digest), "{}", case());
        assert!(world.held.is_none(), "{}", case());
        let back = matches!(plan, Plan::RollBack { .. });
        let lower = runs.is_some_and(|runs| to.version < runs.version);
        assert!(!lower || back, "never lowered by itself: {}", case());
        if let Some(Running {
            runs: Runs::Mixed(versions),
            ..
        }) = &world.running
        {
            let old = versions.values().any(|met| *met > to.version);
            assert!(!(world.stateful && old), "old code on new data: {}", case());
            let known = [
                &world.last_good,
                &world.newest.clone().map(|one| one.release),
            ];
            assert!(known.contains(&&Some(to.clone())), "{}", case());
        }
    }
    assert_eq!(plan.acts(), plan.deploys().is_some(), "{}", case());
    let success = plan.outcome().exit() <= ExitCode::Held;
    let sick = world.running.is_some() && healthy != Some(true);
    assert!(!(sick && success && !plan.acts()), "{}", case());
    if let Plan::Current { .. } | Plan::Adopt { .. } = plan {
        assert_eq!(healthy, Some(true), "{}", case());
    }
    if let Plan::Upgrade {
        to, from, back_to, ..
    } = &plan
    {
        assert_eq!(Some(from), runs);
        assert!(to.version > from.version, "{}", case());
        let acknowledged = world.acknowledged.contains(to.version.tag());
        let major = to.version.is_major_rise_from(&from.version);
        assert!(!major || acknowledged, "{}", case());
        if let Some(back_to) = back_to {
            assert!(!world.quarantined.contains(&back_to.digest), "{}", case());
            assert!(!world.stateful || back_to == from, "{}", case());
        }
    }
    if let Plan::RollBack {
        to,
        from: None,
        restore,
    } = &plan
    {
        // Of a stack of two versions, back to what it fits.
        assert!(!restore && runs.is_none(), "{}", case());
        assert_eq!(world.last_good.as_ref(), Some(to), "{}", case());
    } else if let Plan::RollBack { to, restore, .. } = &plan {
        assert_eq!(*restore, world.stateful, "{}", case());
        assert_ne!(Some(to), runs, "{}", case());
        assert!(
            !world.stateful || world.previous.as_ref() == Some(to),
            "{}",
            case()
        );
    }
}
