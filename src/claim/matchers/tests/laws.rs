//! What is true of every expectation and every observation.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::expectation::{
    CertificateMatcher, Give, Measure, OpenBound, Reading, Relation, TimeBound, TimeMatcher,
    TimeRelation,
};
use reach::observation::Certificate;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..60),
        "[ab1.\\n\\r\\t \u{a0}é]{0,20}".prop_map(String::into_bytes),
        "(?s)\\{\"a\": ?(1|\"a\"|\\[1,2\\]|null|\\{\\})\\}".prop_map(String::into_bytes),
        prop_oneof![Just("999"), Just("000"), Just("0"), Just("1.2.3"), Just("")]
            .prop_map(|text| text.as_bytes().to_vec()),
        "(2|2026-05-30T05:(38|41:12)Z|2026-05-30T07:59:59Z|@17801196[78]2|1780119672)\n?"
            .prop_map(String::into_bytes),
        "((a|token|db_password)[:=] ?|\"|'|\\$A|[b1]{0,3}|hunter2x|://|@|\n|Bearer |aHVudGVyMng=){0,12}"
            .prop_map(String::into_bytes),
    ]
}

fn captured() -> impl Strategy<Value = Captured> {
    (bytes(), prop_oneof![3 => Just(0_u64), 1 => 1_u64..99]).prop_map(|(bytes, dropped)| Captured {
        total: bytes.len() as u64 + dropped,
        bytes,
    })
}

fn cause() -> impl Strategy<Value = NoAnswerCause> {
    proptest::sample::select(NoAnswerCause::ALL.to_vec())
}

fn http() -> impl Strategy<Value = HttpObservation> {
    let certificate = option::of((-9_i64..99).prop_map(|days_left| Certificate {
        sha256: "ab".repeat(32),
        not_after: 0,
        days_left,
        names: vec!["a".to_owned()],
    }));
    let answer = (
        100_u16..=999,
        vec("[ab]{0,3}", 0..3),
        captured(),
        certificate,
    )
        .prop_map(|(status, values, body, certificate)| HttpResponse {
            status,
            headers: values.into_iter().map(|v| ("x".to_owned(), v)).collect(),
            body,
            certificate,
            url: String::new(),
            ..HttpResponse::default()
        });
    let answer = prop_oneof![
        3 => answer.prop_map(Ok),
        1 => (cause(), "(?s).{0,9}").prop_map(|(cause, detail)| Err(NoAnswer { cause, detail })),
    ];
    (answer, 0_u64..99).prop_map(|(answer, millis)| HttpObservation {
        vantage: "v".to_owned(),
        answer,
        duration: Duration::from_millis(millis),
        at: seen_at(),
    })
}

fn observation() -> impl Strategy<Value = Observation> {
    let ending = prop_oneof![
        prop_oneof![Just(0), Just(1), 0..=255].prop_map(Ending::Exited),
        (1..=64).prop_map(Ending::Signalled),
    ];
    let command = (ending, captured(), captured()).prop_map(|(ending, stdout, stderr)| {
        Observation::Command(CommandObservation {
            ending,
            stdout,
            stderr,
            duration: Duration::from_millis(3),
            at: seen_at(),
            left: Vec::new(),
        })
    });
    prop_oneof![command, vec(http(), 0..3).prop_map(Observation::Http)]
}

fn bounds() -> impl Strategy<Value = Limits> {
    let limit = || {
        option::weighted(
            0.3,
            prop_oneof![
                (0..4).prop_map(|n| decimal(f64::from(n))),
                proptest::num::f64::NORMAL.prop_map(decimal),
            ],
        )
    };
    let known = (limit(), limit(), limit(), limit(), limit(), limit()).prop_map(
        |(equals, not, min, max, above, below)| Bounds {
            equals,
            not,
            min,
            max,
            above,
            below,
        },
    );
    let relation = prop_oneof![
        Just(Relation::Equals),
        Just(Relation::Not),
        Just(Relation::Min),
        Just(Relation::Below),
        (0..3).prop_map(|by| Relation::Near(Give::By(decimal(f64::from(by))))),
        Just(Relation::Near(Give::Percent(decimal(50.0)))),
    ];
    let measure = prop_oneof![3 => Just(Measure::plain()), 1 => Just(Measure::Millis)];
    let open = (relation, value(), measure).prop_map(|(relation, value, measure)| OpenBound {
        relation,
        value,
        measure,
    });
    prop_oneof![
        3 => known.clone().prop_map(Limits::from),
        1 => (known, vec(open, 0..3)).prop_map(|(known, open)| Limits { known, open, reading: Reading::default() }),
    ]
}

/// What a run tells, or does not: `n` is a number in these tests, `t` a time, and `w` neither.
fn value() -> impl Strategy<Value = Text> {
    let texts = ["${n}", "${n}ms", "${t}", "${w}", "${unknown}", "2", "2s"];
    proptest::sample::select(texts.to_vec()).prop_map(Text::parse)
}

/// What the run has told.
fn told() -> Scope {
    let told = [
        ("n", "2"),
        ("t", "2026-05-30T05:41:12Z"),
        ("w", "word"),
        ("env:VALUE", "hunter2x"),
    ];
    Scope::from_iter(told.map(|(name, value)| (name.to_owned(), value.to_owned())))
}

fn time() -> impl Strategy<Value = TimeMatcher> {
    let other = || {
        let texts = [
            "${t}",
            "2026-05-30T05:38Z",
            "@1780119672",
            "${n}",
            "${unknown}",
        ];
        proptest::sample::select(texts.to_vec()).prop_map(Text::parse)
    };
    let order = proptest::sample::select(vec![
        TimeRelation::Equals,
        TimeRelation::After,
        TimeRelation::Before,
        TimeRelation::NotBefore,
        TimeRelation::NotAfter,
    ]);
    let long = || (0_u64..4000).prop_map(Duration::from_secs);
    let bound = prop_oneof![
        4 => (order, other()).prop_map(|(order, other)| TimeBound::Is(order, other)),
        1 => (other(), long()).prop_map(|(other, give)| TimeBound::Near(other, give)),
        1 => long().prop_map(TimeBound::NewerThan),
        1 => long().prop_map(TimeBound::OlderThan),
    ];
    let clock = prop_oneof![
        Just(TimeFormat::Date),
        Just(TimeFormat::Seconds),
        Just(TimeFormat::Milliseconds)
    ];
    (clock, vec(bound, 0..3)).prop_map(|(format, bounds)| TimeMatcher { format, bounds })
}

fn secrets() -> impl Strategy<Value = SecretsMatcher> {
    prop_oneof![
        Just(SecretsMatcher::Shapes),
        Just(SecretsMatcher::ValuesOf(vec!["VALUE".to_owned()])),
        Just(SecretsMatcher::ValuesOf(vec!["UNSET".to_owned()])),
    ]
}

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![
        "[ab1. \\n]{0,5}".prop_map(Text::literal),
        "(?s).{0,6}".prop_map(Text::literal),
        Just(Text::parse("a${unknown}")),
        Just(Text::literal("999")),
    ]
}

fn regex() -> impl Strategy<Value = Regex> {
    let patterns = [
        "",
        "a",
        "^a$",
        "(?m)a$",
        ".*",
        r"\b",
        "[^a]",
        r"[0-9]+\.",
        "a|",
        r"(?s)a.b",
    ];
    proptest::sample::select(patterns.to_vec()).prop_map(|pattern| Regex::new(pattern).unwrap())
}

fn json_test(text_matcher: BoxedStrategy<TextMatcher>) -> impl Strategy<Value = JsonTest> {
    let leaf = prop_oneof![
        text().prop_map(JsonMatcher::Is),
        Just(JsonMatcher::Equals(json("[1, 2]"))),
        any::<bool>().prop_map(JsonMatcher::Absent),
        bounds().prop_map(JsonMatcher::Count),
        bounds().prop_map(JsonMatcher::Number),
        Just(JsonMatcher::Type("string".to_owned())),
        text_matcher.prop_map(|matcher| JsonMatcher::Text(Box::new(matcher))),
    ];
    let matcher = leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(JsonMatcher::All),
            inner.prop_map(|matcher| JsonMatcher::Not(Box::new(matcher))),
        ]
    });
    let path = proptest::sample::select(vec!["$", "$.a", "$.a[0]", "$.a[-1]", "$[0].b"]);
    (path, matcher).prop_map(|(path, matcher)| json_at(path, matcher))
}

fn header_matcher() -> impl Strategy<Value = HeaderMatcher> {
    let which = prop_oneof![
        Just(Quantifier::Every),
        Just(Quantifier::Any),
        Just(Quantifier::None)
    ];
    prop_oneof![
        Just(HeaderMatcher::Absent),
        Just(HeaderMatcher::Present),
        text_matcher().prop_map(HeaderMatcher::Plain),
        (which, text_matcher()).prop_map(|(which, matcher)| HeaderMatcher::Each(which, matcher)),
        bounds().prop_map(HeaderMatcher::Count),
    ]
}

fn text_matcher() -> BoxedStrategy<TextMatcher> {
    let version = option::of(prop_oneof![Just("1.2"), Just("x")]).prop_map(|min| VersionBounds {
        min: min.map(str::to_owned),
        ..VersionBounds::default()
    });
    let leaf = prop_oneof![
        text().prop_map(TextMatcher::Equals),
        text().prop_map(TextMatcher::Contains),
        regex().prop_map(TextMatcher::Matches),
        any::<bool>().prop_map(TextMatcher::Empty),
        text().prop_map(TextMatcher::StartsWith),
        text().prop_map(TextMatcher::EndsWith),
        bounds().prop_map(TextMatcher::Lines),
        bounds().prop_map(TextMatcher::Length),
        (regex(), bounds()).prop_map(|(of, bounds)| TextMatcher::Count { of, bounds }),
        vec(text(), 0..3).prop_map(TextMatcher::SetEquals),
        bounds().prop_map(TextMatcher::Number),
        time().prop_map(TextMatcher::Time),
        secrets().prop_map(TextMatcher::Secrets),
        version.prop_map(TextMatcher::Version),
        Just(TextMatcher::Sha256(Text::literal("ab".repeat(32)))),
        "(?s).{0,4}".prop_map(|text| TextMatcher::Exact(Text::literal(text))),
    ]
    .boxed();
    let with_json = prop_oneof![
        9 => leaf.clone(),
        1 => json_test(leaf).prop_map(|test| TextMatcher::Json(Box::new(test))),
    ];
    with_json
        .prop_recursive(3, 10, 3, |inner| {
            prop_oneof![
                (-3_i64..4, inner.clone()).prop_map(|(number, matcher)| TextMatcher::Line {
                    number,
                    matcher: Box::new(matcher)
                }),
                inner
                    .clone()
                    .prop_map(|matcher| TextMatcher::EveryLine(Box::new(matcher))),
                vec(inner.clone(), 0..3).prop_map(TextMatcher::All),
                vec(inner.clone(), 0..3).prop_map(TextMatcher::Any),
                inner.prop_map(|matcher| TextMatcher::Not(Box::new(matcher))),
            ]
        })
        .boxed()
}

fn status_items() -> impl Strategy<Value = Vec<StatusItem>> {
    vec(
        prop_oneof![
            (100_u16..=999).prop_map(StatusItem::Code),
            (0_u16..=9).prop_map(StatusItem::Class),
            vec(cause(), 0..3).prop_map(|causes| sentinel(&causes)),
        ],
        0..3,
    )
}

fn expect() -> BoxedStrategy<Expect> {
    let codes = || vec(0..4, 0..3);
    let certificate = (option::of(bounds()), option::of(text())).prop_map(|(days_left, name)| {
        CertificateMatcher {
            days_left,
            sha256: None,
            name,
        }
    });
    let test = prop_oneof![
        codes().prop_map(|codes| Test::Exit(ExitMatcher::OneOf(codes))),
        codes().prop_map(|codes| Test::Exit(ExitMatcher::NoneOf(codes))),
        any::<i32>().prop_map(|signal| Test::Exit(ExitMatcher::Signal(signal))),
        text_matcher().prop_map(Test::Stdout),
        text_matcher().prop_map(Test::Stderr),
        text_matcher().prop_map(Test::Body),
        status_items().prop_map(|items| Test::Status(StatusMatcher::OneOf(items))),
        status_items().prop_map(|items| Test::Status(StatusMatcher::NoneOf(items))),
        header_matcher().prop_map(|matcher| Test::Header("X".to_owned(), matcher)),
        json_test(text_matcher()).prop_map(Test::Json),
        bounds().prop_map(Test::Duration),
        certificate.prop_map(Test::Certificate),
    ];
    test.prop_map(clause)
        .prop_recursive(2, 6, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..3).prop_map(Expect::All),
                vec(inner.clone(), 0..3).prop_map(Expect::Any),
                inner.prop_map(not),
            ]
        })
        .boxed()
}

/// Judged with what the run has told.
fn ruled(expect: &Expect, observation: &Observation) -> Judgement {
    judge(expect, observation, &told())
}

/// What a judgement says, without the words.
fn kind(judgement: &Judgement) -> u8 {
    match judgement {
        Judgement::Holds => 0,
        Judgement::Differs(_) => 1,
        Judgement::Undecidable(_) => 2,
    }
}

/// A character of a plain text. A byte order mark is no part of the text that it begins, and bytes with
/// zeros may be UTF-16, which no text matcher judges.
const PLAIN: &str = r"[^\x00\x{feff}]";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_judgement_is_bounded_and_harmless(expect in expect(), seen in observation()) {
        if let Judgement::Differs(mismatches) = ruled(&expect, &seen) {
            prop_assert!(!mismatches.is_empty());
            for mismatch in mismatches {
                for field in [&mismatch.subject, &mismatch.expected, &mismatch.observed] {
                    prop_assert!(field.chars().count() <= 400, "{:?}", mismatch);
                    prop_assert!(!field.is_empty() && !field.contains(char::is_control), "{:?}", mismatch);
                }
                prop_assert!(!mismatch.note.unwrap_or_default().contains(char::is_control));
            }
        }
        let line = summary(&seen);
        prop_assert!(!line.is_empty() && line.chars().count() <= 100 && !line.contains(char::is_control));
    }

    #[test]
    fn denying_twice_changes_nothing(expect in expect(), seen in observation()) {
        prop_assert_eq!(
            kind(&ruled(&not(not(expect.clone())), &seen)),
            kind(&ruled(&expect, &seen))
        );
    }

    #[test]
    fn an_expectation_and_its_negation_never_both_hold(expect in expect(), seen in observation()) {
        let both = [ruled(&expect, &seen), ruled(&not(expect), &seen)];
        prop_assert!(both.iter().filter(|one| **one == Judgement::Holds).count() <= 1);
    }

    #[test]
    fn a_list_of_one_is_that_one(expect in expect(), seen in observation()) {
        let alone = ruled(&expect, &seen);
        prop_assert_eq!(&ruled(&Expect::All(vec![expect.clone()]), &seen), &alone);
        prop_assert_eq!(kind(&ruled(&Expect::Any(vec![expect]), &seen)), kind(&alone));
    }

    #[test]
    fn a_text_equals_itself(own in format!("{PLAIN}{{0,40}}").as_str()) {
        holds(&stdout(equals(&own)), &printed(&own));
        holds(&stdout(contains(&own)), &printed(&own));
        holds(&stdout(TextMatcher::StartsWith(Text::literal(&own))), &printed(&own));
        holds(&stdout(TextMatcher::EndsWith(Text::literal(&own))), &printed(&own));
    }

    #[test]
    fn different_texts_are_never_equal(
        a in format!("{PLAIN}{{0,6}}").as_str(),
        b in format!("{PLAIN}{{0,6}}").as_str(),
    ) {
        let equal = ruled(&stdout(equals(&a)), &printed(&b)) == Judgement::Holds;
        prop_assert_eq!(equal, a.trim() == b.trim());
    }

    #[test]
    fn what_is_decided_on_a_part_is_true_of_the_whole(
        matcher in text_matcher(),
        whole in bytes(),
        keep in 0_usize..60,
    ) {
        // Whether bytes are text is known at their end: what is not text decides nothing.
        let text = ObservedText::stream(&Captured::whole(whole.clone()), "stdout").unreadable.is_none();
        prop_assume!(text);
        let keep = keep.min(whole.len());
        let part = Captured { bytes: whole[..keep].to_vec(), total: whole.len() as u64 };
        let judge = |captured: &Captured| alone(&matcher, captured, "stdout", &told());
        let early = kind(&judge(&part));
        if early != 2 {
            prop_assert_eq!(early, kind(&judge(&Captured::whole(whole))));
        }
    }

    #[test]
    fn a_text_matcher_said_to_hold_always_or_never_does(
        matcher in text_matcher(),
        text in prop_oneof!["(?s).{0,20}", "[ab1.\n ]{0,20}"],
    ) {
        let judgement = ruled(&stdout(matcher.clone()), &printed(&text));
        if text_always(&matcher) {
            // Unless nothing in the text is fit to be looked at: then its negation differs too.
            let denied = ruled(&stdout(text_not(matcher.clone())), &printed(&text));
            let unfit = matches!(denied, Judgement::Differs(_));
            // And a value of the run may turn out to be of no use.
            let useless = matches!(judgement, Judgement::Undecidable(_));
            prop_assert!(judgement == Judgement::Holds || unfit || useless);
        }
        if text_never(&matcher) {
            prop_assert_ne!(&judgement, &Judgement::Holds);
        }
    }

    #[test]
    fn what_is_said_not_to_hold_on_no_answer_does_not_whatever_the_run_tells(expect in expect()) {
        let meant = vacuous::claims_no_answer(&expect) || holds_on_no_answer(&expect);
        for seen in panel::failed_commands().chain(panel::no_answers()) {
            if !meant && vacuous::fits(&expect, &seen) {
                prop_assert_ne!(ruled(&expect, &seen), Judgement::Holds);
            }
        }
    }

    #[test]
    fn an_expectation_said_to_hold_never_does_not(expect in expect(), seen in observation()) {
        if vacuous::never(&expect) {
            prop_assert_ne!(ruled(&expect, &seen), Judgement::Holds);
        }
    }
}

#[test]
fn the_sentinel_equals_no_real_status() {
    for code in 100..=999 {
        let real = answered(response(code, ""));
        differs(&status(vec![sentinel(&[])]), &real);
        holds(&status(vec![StatusItem::Code(code)]), &real);
        for cause in NoAnswerCause::ALL {
            let claimed = [StatusItem::Code(code), StatusItem::Class(code / 100)];
            differs(&status(claimed.to_vec()), &unanswered(cause));
        }
    }
}
