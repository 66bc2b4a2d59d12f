//! Clocks that jump, and restarts of ourselves.

use super::*;

fn jumped(mono: u64, by_ms: i64) -> Moment {
    Moment {
        utc: at(mono).utc + TimeDelta::milliseconds(by_ms),
        ..at(mono)
    }
}

#[test]
fn a_jump_makes_a_passed_deadline_prove_nothing_and_health_still_counts() {
    for by in [-3_600_000, -2_100, 2_100, 3_600_000] {
        let mut judge = Judge::new(rules(2, 0, 1000), at(0), Kind::Good.facts());
        let bad = judge.push(&Kind::Bad.sample(jumped(100, by)));
        assert_eq!(bad.verdict, Verdict::Waiting, "{by}");
        let late = judge.verdict(jumped(1001, by));
        let expected = Inconclusive::ClockJumped { by_ms: by };
        assert_eq!(late, Verdict::Inconclusive(expected));
        judge.push(&Kind::Good.sample(jumped(900, by)));
        let good = judge.push(&Kind::Good.sample(jumped(950, by)));
        assert_eq!(good.verdict, Verdict::Healthy, "{by}");
    }
}

#[test]
fn a_clock_that_is_only_slewed_did_not_jump() {
    let mut judge = Judge::new(rules(2, 0, 1000), at(0), Kind::Good.facts());
    judge.push(&Kind::Bad.sample(jumped(100, 1900)));
    let late = judge.verdict(jumped(1001, 1900));
    assert!(matches!(late, Verdict::Unhealthy(_)), "{late:?}");
}

#[test]
fn a_clock_set_back_before_a_restart_does_not_lengthen_the_wait() {
    let restarted = Moment {
        mono: Duration::ZERO,
        utc: intent() - TimeDelta::hours(1),
    };
    let judge = Judge::new(rules(1, 0, 1000), restarted, Kind::Good.facts());
    assert_eq!(judge.ends(), Duration::from_millis(1000));
    assert_eq!(judge.clock_jumped(), Some(-3_600_000));
}

#[test]
fn a_restart_after_the_deadline_believes_what_it_sees_and_no_more() {
    let late = || Judge::new(rules(2, 0, 1000), at(60_000), Kind::Good.facts());
    let nothing = late().verdict(at(60_001));
    assert_eq!(nothing, Verdict::Inconclusive(Inconclusive::NothingAgainst));
    let mut good = late();
    for ms in [60_010, 60_020, 60_030] {
        let seen = good.push(&Kind::Good.sample(at(ms)));
        assert_eq!((&seen.weight, seen.row), (&Weight::Counts, 0));
        assert_eq!(seen.verdict, nothing);
    }
    let bad = late().push(&Kind::Bad.sample(at(60_010)));
    let expected = Unhealthy::Deadline(Against::Status(500));
    assert_eq!(bad.verdict, Verdict::Unhealthy(expected));
}
