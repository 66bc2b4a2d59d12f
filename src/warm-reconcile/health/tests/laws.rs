//! What holds for every sequence of samples, at any times.

use proptest::prelude::*;

use super::*;

fn kinds() -> impl Strategy<Value = Vec<(Kind, u64)>> {
    let kind = prop_oneof![
        4 => Just(Kind::Good),
        1 => proptest::sample::select(Kind::ALL.to_vec()),
    ];
    proptest::collection::vec((kind, 1_u64..400), 0..24)
}

/// What the judge said after each sample, and at the end.
fn judged(rules: &Rules, samples: &[Sample], end: Moment) -> Vec<Verdict> {
    let mut judge = Judge::new(rules.clone(), at(0), Kind::Good.facts());
    let mut said: Vec<_> = samples.iter().map(|s| judge.push(s).verdict).collect();
    said.push(judge.verdict(end));
    said
}

fn samples(kinds: &[(Kind, u64)]) -> Vec<Sample> {
    let mut now = 0;
    let sample = |(kind, pause): &(Kind, u64)| {
        now += pause;
        kind.sample(at(now))
    };
    kinds.iter().map(sample).collect()
}

proptest! {
    #[test]
    fn healthy_needs_so_many_in_a_row_so_far_apart_within_the_deadline(
        kinds in kinds(), n in 1_u32..5, steady in 0_u64..600, deadline in 1_u64..4000,
    ) {
        let samples = samples(&kinds);
        let said = judged(&rules(n, steady, deadline), &samples, at(100_000));
        let Some(first) = said.iter().position(|verdict| *verdict == Verdict::Healthy) else {
            return Ok(());
        };
        // Exactly the samples before it prove it: the last row of good ones, ending there.
        let row = kinds[..=first].iter().rev().take_while(|(kind, _)| *kind == Kind::Good).count();
        prop_assert!(row >= n as usize);
        let began = samples[first + 1 - row].answered.mono;
        let ended = samples[first].answered.mono;
        prop_assert!(ended - began >= Duration::from_millis(steady));
        prop_assert!(ended <= Duration::from_millis(deadline));
        prop_assert!(said[first..].iter().all(|verdict| *verdict == Verdict::Healthy));
    }

    #[test]
    fn a_later_deadline_never_takes_health_away(
        kinds in kinds(), n in 1_u32..5, steady in 0_u64..600,
        deadline in 1_u64..4000, more in 0_u64..4000,
    ) {
        let samples = samples(&kinds);
        let end = at(100_000);
        let short = judged(&rules(n, steady, deadline), &samples, end);
        let long = judged(&rules(n, steady, deadline + more), &samples, end);
        for (short, long) in short.iter().zip(&long) {
            if *short == Verdict::Healthy {
                prop_assert_eq!(long, &Verdict::Healthy);
            }
        }
    }

    #[test]
    fn an_engine_that_is_poisoned_or_gone_at_the_end_is_never_unhealthy(
        kinds in kinds(), n in 1_u32..5, deadline in 1_u64..4000, gone: bool,
    ) {
        let mut samples = samples(&kinds);
        let mut last = Kind::Poisoned.sample(at(50_000));
        if gone {
            last.facts = Err(FactsError::Unreachable("no socket".into()));
        }
        samples.push(last);
        let said = judged(&rules(n, 0, deadline), &samples, at(100_000));
        let settled_before = said[..said.len() - 2].contains(&Verdict::Healthy);
        let end = &said[said.len() - 1];
        prop_assert!(
            matches!(end, Verdict::Inconclusive(_)) || settled_before,
            "{:?}", end
        );
    }

    #[test]
    fn a_verdict_comes_at_the_deadline_and_stays(kinds in kinds(), deadline in 1_u64..4000) {
        let samples = samples(&kinds);
        let said = judged(&rules(3, 100, deadline), &samples, at(deadline.max(10_000) + 1));
        prop_assert_ne!(&said[said.len() - 1], &Verdict::Waiting);
        for (sample, verdict) in samples.iter().zip(&said) {
            let over = sample.answered.mono > Duration::from_millis(deadline);
            prop_assert_eq!(over && *verdict == Verdict::Waiting, false);
        }
    }

    #[test]
    fn a_restart_within_the_window_changes_no_deadline(elapsed in 0_u64..4000, length in 1_u64..4000) {
        let window = rules(1, 0, length);
        let again = Moment { mono: Duration::ZERO, utc: at(elapsed).utc };
        let judge = Judge::new(window, again, Kind::Good.facts());
        prop_assert_eq!(judge.ends(), Duration::from_millis(length.saturating_sub(elapsed)));
    }
}
