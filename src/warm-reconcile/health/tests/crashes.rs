//! What is certain before the deadline, and what is not.

use super::*;
use crate::engine::UpdateState;

const WINDOW: u64 = 300_000;

fn crash(id: u32, lived_ms: u64, exit: Option<i64>) -> FailedTask {
    FailedTask {
        id: id.to_string(),
        lived_ms: Some(lived_ms),
        exit,
    }
}

/// A refused probe at a moment, with these facts.
fn refused(ms: u64, facts: EngineFacts) -> Sample {
    Sample {
        answered: at(ms),
        seen: Seen::no_answer(reach::observation::NoAnswerCause::Refused, "refused"),
        facts: Ok(facts),
    }
}

fn crashing(restarts: Vec<FailedTask>) -> EngineFacts {
    EngineFacts {
        restarts,
        outstanding: Some("app: 0 of 1 run".into()),
        ..EngineFacts::settled()
    }
}

/// The engine remembers only four failed tasks at a time: they are seen in turn.
fn loops(tasks: &[FailedTask], until: u64, first: &EngineFacts) -> Verdict {
    let mut judge = Judge::new(rules(3, 0, WINDOW), at(0), Ok(first.clone()));
    let mut verdict = Verdict::Waiting;
    for (n, seen) in tasks.windows(tasks.len().min(4)).enumerate() {
        let ms = until - 1000 + 10 * n as u64;
        verdict = judge.push(&refused(ms, crashing(seen.to_vec()))).verdict;
    }
    verdict
}

fn five() -> Vec<FailedTask> {
    (0..5).map(|id| crash(id, 900, Some(2))).collect()
}

#[test]
fn a_crash_loop_ends_the_wait_after_half_of_the_window() {
    let none = EngineFacts::settled();
    let expected = Unhealthy::CrashLoop { failed: 5, exit: 2 };
    assert_eq!(
        loops(&five(), WINDOW / 2 + 1000, &none),
        Verdict::Unhealthy(expected)
    );
    assert_eq!(loops(&five(), WINDOW / 2 - 1000, &none), Verdict::Waiting);
    assert_eq!(loops(&five()[1..], WINDOW - 10, &none), Verdict::Waiting);
}

#[test]
fn what_the_engine_has_given_up_ends_the_wait_at_the_second_look() {
    let why = || Some("migrate: no further start is tried; last: exit 4".to_owned());
    let given_up = EngineFacts {
        given_up: why(),
        ..crashing(Vec::new())
    };
    let mut judge = Judge::new(rules(3, 0, WINDOW), at(0), Ok(EngineFacts::settled()));
    let mut look = |ms, facts: &EngineFacts| judge.push(&refused(ms, facts.clone())).verdict;
    assert_eq!(
        look(1000, &given_up),
        Verdict::Waiting,
        "a new task may just be made"
    );
    assert_eq!(look(2000, &crashing(Vec::new())), Verdict::Waiting);
    assert_eq!(look(3000, &given_up), Verdict::Waiting);
    let expected = Unhealthy::GivenUp(why().unwrap());
    assert_eq!(look(4000, &given_up), Verdict::Unhealthy(expected));
}

#[test]
fn an_update_that_was_stopped_half_done_ends_the_wait_if_it_is_ours() {
    let before = intent() - TimeDelta::seconds(60);
    for (started, ours) in [(before, false), (at(500).utc, true)] {
        let paused = EngineFacts {
            update_state: Some(UpdateState::Paused),
            update_started: Some(started),
            ..crashing(Vec::new())
        };
        let mut judge = Judge::new(rules(3, 0, WINDOW), at(0), Ok(EngineFacts::settled()));
        let verdict = judge.push(&refused(1000, paused)).verdict;
        assert_eq!(verdict != Verdict::Waiting, ours, "{verdict:?}");
    }
}

#[test]
fn what_failed_before_the_gate_is_not_held_against_the_app() {
    let before = crashing(five());
    assert_eq!(loops(&five(), WINDOW - 10, &before), Verdict::Waiting);
}

#[test]
fn a_migration_that_makes_progress_is_never_cut_short() {
    let none = EngineFacts::settled();
    for slow in [
        crash(9, 10_001, Some(2)),
        crash(9, 900, None),
        crash(9, 900, Some(0)),
        crash(9, 900, Some(3)),
        FailedTask {
            lived_ms: None,
            ..crash(9, 0, Some(2))
        },
    ] {
        let tasks = [vec![slow.clone()], five()].concat();
        let verdict = loops(&tasks, WINDOW - 10, &none);
        assert_eq!(verdict, Verdict::Waiting, "{slow:?}");
    }
    // The sixth try runs, and has run for longer than a crash takes.
    let mut judge = Judge::new(rules(3, 0, WINDOW), at(0), Ok(none.clone()));
    judge.push(&refused(1000, crashing(five())));
    let running = EngineFacts {
        running_since: Some(at(WINDOW - 20_000).utc),
        ..crashing(vec![])
    };
    let seen = judge.push(&refused(WINDOW - 5000, running.clone()));
    assert_eq!(seen.verdict, Verdict::Waiting);
    let young = EngineFacts {
        running_since: Some(at(WINDOW - 5000).utc),
        ..running
    };
    let seen = judge.push(&refused(WINDOW - 4000, young));
    assert!(matches!(seen.verdict, Verdict::Unhealthy(_)));
}

#[test]
fn the_engines_own_rollback_of_our_update_is_certain_and_an_older_one_is_not() {
    for (state, started, certain) in [
        (UpdateState::RollbackCompleted, Some(at(1).utc), true),
        (UpdateState::RollbackPaused, Some(at(1).utc), true),
        (UpdateState::RollbackStarted, Some(at(1).utc), false),
        (UpdateState::Paused, Some(at(1).utc), false),
        (UpdateState::RollbackCompleted, Some(intent()), false),
        (UpdateState::RollbackCompleted, None, false),
    ] {
        let facts = EngineFacts {
            update_state: Some(state),
            update_started: started,
            digests_match: false,
            ..EngineFacts::settled()
        };
        let mut judge = Judge::new(rules(1, 0, WINDOW), at(0), Ok(facts.clone()));
        // The old version answers all the while.
        let old = Sample {
            answered: at(3000),
            seen: answer(200, "3.6.14"),
            facts: Ok(facts.clone()),
        };
        let expected = match certain {
            true => Verdict::Unhealthy(Unhealthy::EngineRolledBack),
            false => Verdict::Waiting,
        };
        assert_eq!(judge.push(&old).verdict, expected, "{state:?} {started:?}");
        // A lost node takes the blame, also at the deadline.
        let lost = EngineFacts {
            taken_back_with_node: true,
            ..facts.clone()
        };
        let mut judge = Judge::new(rules(1, 0, WINDOW), at(0), Ok(lost.clone()));
        for (when, expected) in [(3000, certain), (WINDOW + 10, true)] {
            let old = Sample {
                answered: at(when),
                facts: Ok(lost.clone()),
                ..old.clone()
            };
            let verdict = judge.push(&old).verdict;
            let excused = verdict == Verdict::Unhealthy(Unhealthy::NodeLost);
            assert_eq!(excused, expected, "{state:?} {started:?} {verdict:?}");
        }
        // On a poisoned engine nothing is certain.
        let poisoned = EngineFacts {
            poisoned: Some("restart dockerd".into()),
            ..facts
        };
        let mut judge = Judge::new(rules(1, 0, WINDOW), at(0), Ok(poisoned.clone()));
        let old = Sample {
            facts: Ok(poisoned),
            ..old
        };
        assert_eq!(judge.push(&old).verdict, Verdict::Waiting);
    }
}

#[test]
fn a_restart_between_two_answers_starts_the_row_anew() {
    let facts = |id: &str| EngineFacts {
        containers: vec![id.into()],
        ..EngineFacts::settled()
    };
    let mut judge = Judge::new(rules(2, 0, WINDOW), at(0), Ok(facts("a")));
    let mut row = Vec::new();
    for (ms, id) in [(10, "a"), (20, "b"), (30, "b"), (40, "b")] {
        let sample = Sample {
            answered: at(ms),
            seen: answer(200, "v3.6.15"),
            facts: Ok(facts(id)),
        };
        row.push(judge.push(&sample).row);
    }
    assert_eq!(row, [1, 0, 1, 2]);
    // The process inside one container says so itself.
    let mut judge = Judge::new(rules(3, 0, WINDOW), at(0), Ok(facts("a")));
    let mut row = Vec::new();
    for (ms, start) in [(10, "x"), (20, "x"), (30, "y"), (40, "y")] {
        let sample = Sample {
            answered: at(ms),
            seen: Seen::Answer {
                status: 200,
                responder: Responder {
                    version: Some("3.6.15".into()),
                    started: Some(start.into()),
                },
            },
            facts: Ok(facts("a")),
        };
        row.push(judge.push(&sample).row);
    }
    assert_eq!(row, [1, 2, 1, 2]);
}

#[test]
fn an_update_under_way_is_no_fence_and_a_paused_one_is() {
    for (state, counts) in [
        (Some(UpdateState::Updating), false),
        (Some(UpdateState::RollbackStarted), false),
        (Some(UpdateState::Paused), true),
        (Some(UpdateState::Completed), true),
        (None, true),
    ] {
        let facts = Ok(EngineFacts {
            update_state: state,
            ..EngineFacts::settled()
        });
        let mut judge = Judge::new(rules(9, 0, WINDOW), at(0), facts.clone());
        let sample = Sample {
            answered: at(1),
            seen: answer(200, "3.6.15"),
            facts,
        };
        assert_eq!(judge.push(&sample).row == 1, counts, "{state:?}");
    }
}

#[test]
fn while_a_deploy_waits_for_a_node_that_is_down_nothing_speaks_against_the_app() {
    let waits = EngineFacts {
        lost_node: Some("node-3".into()),
        ..crashing(five())
    };
    let mut judge = Judge::new(rules(3, 0, WINDOW), at(0), Ok(waits.clone()));
    assert_eq!(
        judge.push(&refused(WINDOW - 10, waits.clone())).verdict,
        Verdict::Waiting
    );
    let verdict = judge.push(&refused(WINDOW + 10, waits)).verdict;
    let doubt = super::super::weigh::Doubt::Node("node-3".into());
    assert_eq!(verdict, Verdict::Inconclusive(Inconclusive::Doubt(doubt)));
}
