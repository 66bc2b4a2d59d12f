//! Bounds and times whose other side is told by the run.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::expectation::{
    Give, Measure, OpenBound, Reading, Relation, TimeBound, TimeMatcher, TimeRelation,
};

fn open(relation: Relation, value: &str) -> Limits {
    measured(relation, value, Measure::plain())
}

fn measured(relation: Relation, value: &str, measure: Measure) -> Limits {
    Limits {
        known: Bounds::default(),
        open: vec![OpenBound {
            relation,
            value: Text::parse(value),
            measure,
        }],
        reading: Reading::default(),
    }
}

fn time(bounds: Vec<TimeBound>) -> TextMatcher {
    TextMatcher::Time(TimeMatcher {
        format: TimeFormat::Date,
        bounds,
    })
}

fn order(order: TimeRelation, other: &str) -> TextMatcher {
    time(vec![TimeBound::Is(order, Text::parse(other))])
}

fn with(value: &str, expect: &Expect, seen: &Observation) -> Judgement {
    let scope = Scope::from_iter([("x".to_owned(), value.to_owned())]);
    judge(expect, seen, &scope)
}

fn mismatch(judgement: Judgement) -> Mismatch {
    match judgement {
        Judgement::Differs(mut mismatches) => mismatches.remove(0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bound_is_what_was_captured() {
    let near = stdout(TextMatcher::Number(open(
        Relation::Near(Give::Percent(decimal(5.0))),
        "${x}",
    )));
    assert_eq!(with("200", &near, &printed("209\n")), Judgement::Holds);
    let wrong = mismatch(with("200", &near, &printed("211")));
    assert_eq!(wrong.expected, "a number: 200 (${x}), give or take 5%");
    assert_eq!(wrong.observed, "211");
    let lines = stdout(TextMatcher::Lines(open(Relation::Max, "${x}")));
    assert_eq!(with("2", &lines, &printed("a\nb")), Judgement::Holds);
    mismatch(with("2", &lines, &printed("a\nb\nc")));
    let took = clause(Test::Duration(measured(
        Relation::Max,
        "${x}s",
        Measure::Millis,
    )));
    assert_eq!(with("0.02", &took, &printed("")), Judgement::Holds);
    mismatch(with("0.01", &took, &printed("")));
}

#[test]
fn a_captured_value_that_is_no_number_decides_nothing_either_way() {
    for matcher in [
        TextMatcher::Number(open(Relation::Max, "${x}")),
        TextMatcher::Lines(open(Relation::Max, "${x}")),
        TextMatcher::Count {
            of: Regex::new("a").unwrap(),
            bounds: open(Relation::Max, "${x}"),
        },
        order(TimeRelation::After, "${x}"),
    ] {
        for expect in [stdout(matcher.clone()), stdout(text_not(matcher.clone()))] {
            for text in ["1", "", "2026-05-30T05:38Z", "word"] {
                match with("18 images", &expect, &printed(text)) {
                    Judgement::Undecidable(why) => {
                        assert!(why.contains("18 images (${x})"), "{why}");
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

#[test]
fn an_expression_that_takes_a_value_sees_the_text_as_one_that_matches_does() {
    for of in ["^(\\d+) s$", "\\A(\\d+)", "(\\d+) s\\z"] {
        assert!(text_holds(&matches(of), "22 s\n"), "{of}");
        let taken = TextMatcher::Taken {
            of: Regex::new(of).unwrap(),
            matcher: Box::new(TextMatcher::Number(at_most(75.0))),
        };
        assert!(text_holds(&taken, "22 s\n"), "{of}");
        assert!(!text_holds(&taken, "76 s\n"), "{of}");
    }
}

fn text_holds(matcher: &TextMatcher, text: &str) -> bool {
    with("", &stdout(matcher.clone()), &printed(text)) == Judgement::Holds
}

#[test]
fn a_value_under_which_nothing_could_fail_shows_nothing() {
    let at_least = stdout(TextMatcher::Lines(open(Relation::Min, "${x}")));
    match with("0", &at_least, &printed("a")) {
        Judgement::Undecidable(why) => assert!(why.contains("cannot fail"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(with("1", &at_least, &printed("a")), Judgement::Holds);
    let below = TextMatcher::Lines(open(Relation::Below, "${x}"));
    mismatch(with("0", &stdout(below.clone()), &printed("")));
    mismatch(with("0", &stdout(text_not(below)), &printed("")));
}

#[test]
fn what_depends_on_the_run_is_refused_only_when_no_run_could_make_it_fail() {
    let lines = |relation| TextMatcher::Lines(open(relation, "${x}"));
    let told = TextMatcher::Lines(Limits {
        known: at_least(0.0).known,
        open: open(Relation::Max, "${x}").open,
        reading: Reading::default(),
    });
    for can_fail in [
        lines(Relation::Min),
        text_not(lines(Relation::Below)),
        told,
        TextMatcher::Any(vec![
            lines(Relation::Min),
            TextMatcher::Lines(at_most(50.0)),
        ]),
        order(TimeRelation::After, "${x}"),
        text_not(order(TimeRelation::After, "${x}")),
        order(TimeRelation::After, "0000-01-01T00:00Z"),
    ] {
        assert_eq!(is_vacuous(&stdout(can_fail.clone())), None, "{can_fail:?}");
    }
    let impossible = TextMatcher::Lines(Limits {
        known: at_most(-1.0).known,
        open: open(Relation::Min, "${x}").open,
        reading: Reading::default(),
    });
    let never = time(vec![
        TimeBound::Is(TimeRelation::After, Text::literal("2026-05-30T05:38Z")),
        TimeBound::Is(
            TimeRelation::NotAfter,
            Text::literal("2026-05-30T07:38+02:00"),
        ),
        TimeBound::Is(TimeRelation::Before, Text::parse("${x}")),
    ]);
    let ageless = time(vec![
        TimeBound::NewerThan(Duration::from_secs(60)),
        TimeBound::OlderThan(Duration::from_secs(60)),
    ]);
    for cannot in [
        text_not(impossible),
        text_not(never),
        text_not(ageless),
        TextMatcher::Any(vec![lines(Relation::Max), lines(Relation::Above)]),
        time(Vec::new()),
        order(TimeRelation::NotBefore, "0000-01-01T00:00Z"),
    ] {
        assert!(is_vacuous(&stdout(cannot.clone())).is_some(), "{cannot:?}");
    }
    // Exit 255 with nothing printed might be within it: it depends on the value.
    let ended = clause(Test::Exit(ExitMatcher::NoneOf(vec![0])));
    let both = |matcher| Expect::All(vec![ended.clone(), stdout(matcher)]);
    assert!(holds_on_no_answer(&both(lines(Relation::Max))));
    assert!(!holds_on_no_answer(&both(TextMatcher::Number(open(
        Relation::Max,
        "${x}"
    )))));
    assert!(!holds_on_no_answer(&both(order(
        TimeRelation::After,
        "${x}"
    ))));
}

#[test]
fn times_have_an_order() {
    let at = "2026-05-30T05:41:12Z";
    for (how, other, held) in [
        (TimeRelation::After, "2026-05-30T05:38Z", true),
        (TimeRelation::After, at, false),
        (TimeRelation::NotBefore, at, true),
        (TimeRelation::NotBefore, "2026-05-30T05:41:12.001Z", false),
        (TimeRelation::NotAfter, "2026-05-30T07:41:12+02:00", true),
        (TimeRelation::Before, at, false),
        (TimeRelation::Before, "Sat, 30 May 2026 05:41:13 GMT", true),
        (TimeRelation::Equals, "@1780119672", true),
        (TimeRelation::Equals, "2026-05-30T05:41:13Z", false),
    ] {
        let one = stdout(order(how, "${x}"));
        let judgement = with(other, &one, &printed(at));
        assert_eq!(judgement == Judgement::Holds, held, "{how:?} {other}");
        // A time is there, so exactly one of the two holds.
        let denied = with(other, &not(one), &printed(at));
        assert_eq!(denied == Judgement::Holds, !held, "{how:?} {other}");
    }
    let wrong = mismatch(with(
        "2026-05-30T06:38Z",
        &stdout(order(TimeRelation::After, "${x}")),
        &printed(at),
    ));
    assert_eq!(wrong.expected, "a time: after 2026-05-30T06:38Z (${x})");
    assert_eq!(wrong.observed, at);
    assert_eq!(
        wrong.note.unwrap(),
        "it is 56m 48s earlier than 2026-05-30T06:38:00Z"
    );
}

#[test]
fn what_is_no_time_is_neither_before_nor_after() {
    let after = order(TimeRelation::After, "2026-05-30T05:38Z");
    for text in ["", "soon", "2026-05-30T05:41:12", "1780119672"] {
        let wrong = differs(&stdout(after.clone()), &printed(text));
        assert!(!note(&wrong).is_empty(), "{text}");
        differs(&stdout(text_not(after.clone())), &printed(text));
    }
    undecidable(&stdout(after.clone()), &truncated("2026-05-30T05:41:12Z"));
    let silent = unanswered(NoAnswerCause::Refused);
    differs(&body(after.clone()), &silent);
    differs(&not(body(after)), &silent);
}

#[test]
fn an_age_counts_from_when_it_was_seen() {
    let newer = time(vec![TimeBound::NewerThan(Duration::from_secs(600))]);
    let older = time(vec![TimeBound::OlderThan(Duration::from_secs(600))]);
    for (seen, is_newer, is_older) in [
        ("2026-05-30T05:50:01Z", true, false),
        ("2026-05-30T05:50:00Z", false, false),
        ("2026-05-30T05:49:59Z", false, true),
        // Clocks differ a little; what is far ahead has no age.
        ("2026-05-30T06:00:05Z", true, false),
        ("2026-05-30T06:00:06Z", false, false),
    ] {
        let holds = |matcher: &TextMatcher| {
            judged(&stdout(matcher.clone()), &printed(seen)) == Judgement::Holds
        };
        assert_eq!(
            (holds(&newer), holds(&older)),
            (is_newer, is_older),
            "{seen}"
        );
    }
    let ahead = "2026-05-30T08:00:00Z";
    for matcher in [newer.clone(), text_not(newer.clone()), text_not(older)] {
        let wrong = differs(&stdout(matcher), &printed(ahead));
        assert!(note(&wrong).contains("no age"), "{wrong:?}");
    }
    let wrong = differs(&stdout(newer), &printed("2026-05-30T05:00:00Z"));
    assert_eq!(
        note(&wrong),
        "it was 1h old when it was observed, 2026-05-30T06:00:00Z"
    );
}

proptest! {
    #[test]
    fn of_two_times_one_is_earlier_or_they_are_the_same(a in -9_i64..9, b in -9_i64..9) {
        let (seen, other) = (format!("@{}", 1_780_119_672 + a), format!("@{}", 1_780_119_672 + b));
        let holds = |how| {
            with(&other, &stdout(order(how, "${x}")), &printed(&seen)) == Judgement::Holds
        };
        let three = [holds(TimeRelation::Before), holds(TimeRelation::Equals), holds(TimeRelation::After)];
        prop_assert_eq!(three, [a < b, a == b, a > b]);
        prop_assert_eq!(holds(TimeRelation::NotBefore), !three[0]);
        prop_assert_eq!(holds(TimeRelation::NotAfter), !three[2]);
        let near = |seconds| {
            let near = TimeBound::Near(Text::parse("${x}"), Duration::from_secs(seconds));
            with(&other, &stdout(time(vec![near])), &printed(&seen)) == Judgement::Holds
        };
        prop_assert_eq!(near(a.abs_diff(b)), true);
        prop_assert_eq!(near(a.abs_diff(b) + 1), true);
        prop_assert_eq!(a == b || !near(a.abs_diff(b) - 1), true);
    }
}
