//! What is kept of a long gate.

use super::*;
use reach::observation::NoAnswerCause;

fn long(count: u64, mut seen: impl FnMut(u64) -> Seen) -> Timeline {
    let mut judge = Judge::new(rules(1000, 0, 1_000_000), at(0), Kind::Good.facts());
    let mut timeline = Timeline::default();
    timeline.intent = Some(intent());
    for n in 0..count {
        let sample = Sample {
            answered: at(n * 10),
            seen: seen(n),
            facts: Kind::Good.facts(),
        };
        let weighed = judge.push(&sample);
        timeline.push(&sample, &weighed);
    }
    timeline
}

#[test]
fn keeps_the_first_the_last_and_the_changes_in_between() {
    let seen = |n| match n {
        500..503 => Seen::no_answer(NoAnswerCause::Reset, "reset"),
        _ => answer(503, "3.6.15"),
    };
    let timeline = long(10_000, seen);
    let kept: Vec<u64> = timeline.entries().map(|entry| entry.number).collect();
    let expected: Vec<u64> = (0..32).chain([500, 503]).chain(9936..10_000).collect();
    assert_eq!(kept, expected);
    assert_eq!(timeline.omitted + kept.len() as u64, timeline.probes);
    assert_eq!(timeline.entries().last().unwrap().t_ms, 99_990);
    assert_eq!(timeline.facts.len(), 1);
}

#[test]
fn stays_bounded_when_everything_changes() {
    let timeline = long(5000, |n| answer(200, &n.to_string()));
    assert_eq!(timeline.entries().count(), 32 + 128 + 64);
    assert!(serde_json::to_vec(&timeline).unwrap().len() < 100_000);
}

#[test]
fn a_short_one_is_whole_and_survives_serialisation() {
    let timeline = long(90, |n| match n % 3 {
        0 => Seen::no_answer(NoAnswerCause::Tls, "expired"),
        1 => answer(999, "3.6.15"),
        _ => Seen::Fault("no file handles".into()),
    });
    assert_eq!((timeline.probes, timeline.omitted), (90, 0));
    let json = serde_json::to_string(&timeline).unwrap();
    assert_eq!(serde_json::from_str::<Timeline>(&json).unwrap(), timeline);
    // The sentinel is a text and has its cause, the status is a number.
    assert!(json.contains(r#"{"sentinel":"999","cause":"tls","detail":"expired"}"#));
    assert!(json.contains(r#""status":999"#));
}
