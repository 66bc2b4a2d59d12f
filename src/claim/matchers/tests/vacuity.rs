//! Expectations that cannot fail are found, and none that can.

use super::*;
use crate::expectation::CertificateMatcher;

fn boxed(matcher: TextMatcher) -> Box<TextMatcher> {
    Box::new(matcher)
}

fn none_of(codes: &[i32]) -> Expect {
    clause(Test::Exit(ExitMatcher::NoneOf(codes.to_vec())))
}

fn one_json(matcher: JsonMatcher) -> Expect {
    clause(Test::Json(json_at("$.a", matcher)))
}

#[test]
fn finds_what_cannot_fail() {
    let every_status = [2, 3, 4, 5]
        .map(StatusItem::Class)
        .into_iter()
        .chain([sentinel(&[])]);
    for expect in [
        stdout(contains("")),
        body(contains("")),
        stdout(TextMatcher::StartsWith(Text::literal(""))),
        stdout(matches("")),
        stdout(matches("^")),
        stdout(matches(".*")),
        stdout(matches("(?s)^.*$")),
        stdout(matches("error|")),
        stdout(matches("(a|b?)")),
        stdout(TextMatcher::Lines(at_least(0.0))),
        stdout(TextMatcher::Count {
            of: Regex::new("x").unwrap(),
            bounds: at_least(0.0),
        }),
        stdout(TextMatcher::Lines(Limits::default())),
        stdout(TextMatcher::Number(Limits::default())),
        stdout(TextMatcher::Version(VersionBounds::default())),
        stdout(TextMatcher::EveryLine(boxed(matches(".*")))),
        stdout(TextMatcher::All(vec![])),
        stdout(TextMatcher::All(vec![contains("a"), contains("")])),
        stdout(TextMatcher::Any(vec![
            TextMatcher::Empty(true),
            TextMatcher::Empty(false),
        ])),
        stdout(TextMatcher::Any(vec![
            contains("a"),
            text_not(contains("a")),
        ])),
        stdout(TextMatcher::Any(vec![
            TextMatcher::Lines(at_most(2.0)),
            TextMatcher::Lines(at_least(3.0)),
        ])),
        stdout(text_not(TextMatcher::Lines(at_most(-1.0)))),
        stdout(text_not(TextMatcher::All(vec![
            contains("a"),
            text_not(contains("a")),
        ]))),
        stdout(text_not(TextMatcher::Sha256(Text::literal("abc")))),
        none_of(&[]),
        none_of(&[256, -1]),
        Expect::All(vec![]),
        Expect::All(vec![exit(&[0]), stdout(contains(""))]),
        Expect::Any(vec![exit(&[0]), not(exit(&[0]))]),
        Expect::Any(vec![exit(&[0]), none_of(&[0])]),
        Expect::Any(vec![
            Expect::All(vec![exit(&[0]), stdout(equals("a"))]),
            not(Expect::All(vec![exit(&[0]), stdout(equals("a"))])),
        ]),
        Expect::Any(vec![stdout(contains("a")), not(stdout(contains("a")))]),
        Expect::Any(vec![
            body(TextMatcher::Empty(true)),
            body(TextMatcher::Empty(false)),
        ]),
        Expect::Any(vec![body(contains("a")), not(body(contains("a")))]),
        Expect::All(vec![
            exit(&[0]),
            Expect::Any(vec![stdout(TextMatcher::Empty(true)), stdout(matches("."))]),
        ]),
        not(exit(&[])),
        not(exit(&[300])),
        not(Expect::Any(vec![])),
        not(Expect::All(vec![exit(&[0]), exit(&[1])])),
        not(status(vec![StatusItem::Class(0)])),
        not(one_json(JsonMatcher::Type("strnig".to_owned()))),
        status(every_status.collect()),
        one_json(JsonMatcher::Count(at_least(0.0))),
        one_json(JsonMatcher::Text(boxed(matches(".*")))),
        one_json(JsonMatcher::Number(Limits::default())),
        clause(Test::Header(
            "location".to_owned(),
            HeaderMatcher::Plain(contains("")),
        )),
        clause(Test::Duration(at_least(0.0))),
        clause(Test::Duration(Limits::default())),
        clause(Test::Certificate(CertificateMatcher::default())),
        clause(Test::Certificate(CertificateMatcher {
            days_left: Some(Limits::default()),
            ..CertificateMatcher::default()
        })),
    ] {
        let why = is_vacuous(&expect);
        assert!(why.is_some(), "{expect:?}");
    }
    assert_eq!(
        is_vacuous(&stdout(contains(""))).unwrap(),
        "`contains \"\"` cannot fail: it holds for every text, the empty one included"
    );
}

#[test]
fn leaves_alone_what_can_fail() {
    for expect in [
        exit(&[0]),
        none_of(&[0]),
        none_of(&[126, 127]),
        stdout(equals("")),
        stdout(equals("1/1")),
        stdout(contains("a")),
        stdout(TextMatcher::Contains(Text::parse("${name}"))),
        stdout(matches(r"(?s)^[^\x00]*$")),
        stdout(matches("^$")),
        stdout(matches("^.*$")),
        stdout(matches(r"\b")),
        stdout(matches("(?s).")),
        stdout(matches("^([^E]|E[^R])*E?$")),
        stdout(text_not(contains("error"))),
        stdout(text_not(matches("(?i)panic|fatal"))),
        stdout(text_not(TextMatcher::All(vec![
            contains("a"),
            contains("b"),
            TextMatcher::Lines(at_least(30.0)),
        ]))),
        stdout(text_not(TextMatcher::Sha256(Text::literal("0".repeat(64))))),
        stdout(TextMatcher::Empty(true)),
        stdout(TextMatcher::Lines(at_most(5000.0))),
        stdout(TextMatcher::Any(vec![
            TextMatcher::Lines(at_most(5.0)),
            TextMatcher::Lines(at_least(7.0)),
        ])),
        stdout(TextMatcher::Any(vec![
            contains("a"),
            text_not(contains("b")),
        ])),
        stdout(TextMatcher::Count {
            of: Regex::new("x").unwrap(),
            bounds: at_most(99999.0),
        }),
        stdout(TextMatcher::Number(Limits::from(Bounds {
            not: Some(decimal(0.0)),
            ..Bounds::default()
        }))),
        Expect::Any(vec![
            exit(&[0, 1, 255]),
            clause(Test::Exit(ExitMatcher::Signal(9))),
            stdout(TextMatcher::Empty(true)),
        ]),
        Expect::Any(vec![
            stdout(contains("a")),
            not(clause(Test::Stderr(contains("a")))),
        ]),
        Expect::Any(vec![exit(&[0]), not(stdout(contains("zq7")))]),
        not(exit(&[0])),
        not(stdout(contains("x"))),
        not(Expect::All(vec![exit(&[0]), stdout(contains("x"))])),
        not(stdout(contains(""))),
        status(vec![sentinel(&[])]),
        status([2, 3, 4, 5].map(StatusItem::Class).into()),
        clause(Test::Status(StatusMatcher::NoneOf(vec![]))),
        one_json(JsonMatcher::Absent(true)),
        one_json(JsonMatcher::Absent(false)),
        one_json(JsonMatcher::Not(Box::new(JsonMatcher::Is(Text::literal(
            "1",
        ))))),
        clause(Test::Header("location".to_owned(), HeaderMatcher::Absent)),
        clause(Test::Duration(at_most(1e9))),
        clause(Test::Certificate(CertificateMatcher {
            days_left: Some(at_least(0.0)),
            ..CertificateMatcher::default()
        })),
        Expect::Any(vec![]),
    ] {
        assert_eq!(is_vacuous(&expect), None, "{expect:?}");
    }
}

#[test]
fn knows_what_would_also_hold_when_nothing_answered() {
    for also in [
        none_of(&[0]),
        not(exit(&[0])),
        exit(&[1, 255]),
        Expect::All(vec![none_of(&[0]), stdout(TextMatcher::Empty(true))]),
        Expect::All(vec![
            none_of(&[0]),
            clause(Test::Stderr(TextMatcher::Empty(false))),
        ]),
        stdout(text_not(contains("error"))),
        stdout(TextMatcher::Lines(at_most(3.0))),
        not(status(vec![StatusItem::Code(200)])),
        status(vec![StatusItem::Code(404), sentinel(&[])]),
        clause(Test::Duration(at_most(1000.0))),
    ] {
        assert!(holds_on_no_answer(&also), "{also:?}");
    }
    for never in [
        exit(&[0]),
        exit(&[1]),
        exit(&[127]),
        none_of(&[0, 126, 127, 255]),
        Expect::All(vec![exit(&[0]), stdout(TextMatcher::Empty(true))]),
        status(vec![StatusItem::Code(404)]),
        status(vec![sentinel(&[])]),
        status(vec![sentinel(&[NoAnswerCause::Tls])]),
        clause(Test::Status(StatusMatcher::NoneOf(vec![StatusItem::Code(
            200,
        )]))),
        body(text_not(contains("error"))),
        not(body(contains("error"))),
        clause(Test::Header("x".to_owned(), HeaderMatcher::Absent)),
        one_json(JsonMatcher::Absent(true)),
    ] {
        assert!(!holds_on_no_answer(&never), "{never:?}");
    }
}
