//! Every short sequence of samples, against a specification written from scratch.

use super::*;

#[derive(Debug, PartialEq)]
enum Word {
    Waiting,
    Healthy,
    Unhealthy,
    Inconclusive,
}

fn word(verdict: &Verdict) -> Word {
    match verdict {
        Verdict::Waiting => Word::Waiting,
        Verdict::Healthy => Word::Healthy,
        Verdict::Unhealthy(_) => Word::Unhealthy,
        Verdict::Inconclusive(_) => Word::Inconclusive,
    }
}

/// A judge in the words of the promise, looking at the whole history at once. Sample `i` is
/// answered at `times[i]`; the engine looked as `looks[i]` before it and `looks[i + 1]` after.
fn naive(first: Kind, kinds: &[Kind], times: &[u64], r: (u32, u64, u64), now: u64) -> Word {
    let (successes, steady, deadline) = r;
    let looks: Vec<Kind> = std::iter::once(first)
        .chain(kinds.iter().copied())
        .collect();
    let poisoned = |i: usize| looks[i] == Kind::Poisoned || looks[i + 1] == Kind::Poisoned;
    let undecidable = |i: usize| poisoned(i) || kinds[i] == Kind::OwnFault;
    let draining = |i: usize| looks[i] == Kind::OldContainer || looks[i + 1] == Kind::OldContainer;
    let wrong = |i: usize| matches!(kinds[i], Kind::Bad | Kind::OldVersion);
    let good = |i: usize| !undecidable(i) && !draining(i) && !wrong(i);
    let proved = (0..kinds.len()).any(|end| {
        (0..=end).any(|start| {
            let long = end - start + 1 >= successes as usize;
            let apart = times[end] - times[start] >= steady;
            long && apart && times[end] <= deadline && (start..=end).all(good)
        })
    });
    let against = (0..kinds.len()).any(|i| !undecidable(i) && !good(i));
    match () {
        () if proved => Word::Healthy,
        () if now <= deadline => Word::Waiting,
        () if kinds.len().checked_sub(1).is_some_and(undecidable) => Word::Inconclusive,
        () if against => Word::Unhealthy,
        () => Word::Inconclusive,
    }
}

const STEP: u64 = 100;

/// All sequences of these kinds up to this length.
fn sequences(kinds: &[Kind], length: u32) -> Vec<Vec<Kind>> {
    let mut all: Vec<Vec<Kind>> = vec![vec![]];
    let mut from = 0;
    for _ in 0..length {
        let until = all.len();
        for at in from..until {
            for kind in kinds {
                all.push([&all[at][..], &[*kind]].concat());
            }
        }
        from = until;
    }
    all
}

#[test]
fn agrees_with_the_naive_specification_on_every_short_sequence() {
    let few = [Kind::Good, Kind::Bad, Kind::Poisoned];
    let all = [sequences(&Kind::ALL, 4), sequences(&few, 6)].concat();
    let mut seen = [0_u32; 4];
    for first in [Kind::Good, Kind::OldContainer, Kind::Poisoned] {
        for kinds in &all {
            for numbers in [(1, 0), (2, 0), (2, 2 * STEP), (3, STEP)] {
                for deadline in [0, 2 * STEP, 4 * STEP, 9 * STEP] {
                    agrees(first, kinds, (numbers.0, numbers.1, deadline), &mut seen);
                }
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 1000), "{seen:?}");
}

fn agrees(first: Kind, kinds: &[Kind], r: (u32, u64, u64), seen: &mut [u32; 4]) {
    let times: Vec<u64> = (1..).map(|n| n * STEP).take(kinds.len()).collect();
    let mut judge = Judge::new(rules(r.0, r.1, r.2), at(0), first.facts());
    for (kind, time) in kinds.iter().zip(&times) {
        judge.push(&kind.sample(at(*time)));
    }
    let last = times.last().copied().unwrap_or(0);
    for now in [last, last + 10 * STEP] {
        let expected = naive(first, kinds, &times, r, now);
        let verdict = word(&judge.verdict(at(now)));
        assert_eq!(verdict, expected, "{first:?} {kinds:?} {r:?} at {now}");
        seen[verdict as usize] += 1;
    }
}
