//! Promises of the whole layer.

mod decisions;
mod laws;
mod secrets;
mod shown;
mod texts;
mod vacuity;
mod values;

use kit::json_path::parse_json_path;
use std::time::Duration;

use regex::Regex;

use super::*;
use crate::expectation::{
    Bounds, Clause, ExitMatcher, HeaderMatcher, JsonMatcher, JsonTest, Limits, Needle, Quantifier,
    SecretsMatcher, StatusItem, StatusMatcher, Syntax, TimeFormat, VersionBounds,
};
use kit::text::Text;
use reach::observation::{CommandObservation, Ending, HttpResponse, NoAnswer, NoAnswerCause};

fn text_always(matcher: &TextMatcher) -> bool {
    matcher.rule().prospects().always
}

fn text_never(matcher: &TextMatcher) -> bool {
    matcher.rule().prospects().never
}

fn clause(test: Test) -> Expect {
    Expect::Holds(Clause {
        span: 3..9,
        test,
        implied: false,
    })
}

fn stdout(matcher: TextMatcher) -> Expect {
    clause(Test::Stdout(matcher))
}

fn body(matcher: TextMatcher) -> Expect {
    clause(Test::Body(matcher))
}

fn status(items: Vec<StatusItem>) -> Expect {
    clause(Test::Status(StatusMatcher::OneOf(items)))
}

fn exit(codes: &[i32]) -> Expect {
    clause(Test::Exit(ExitMatcher::OneOf(codes.to_vec())))
}

fn not(expect: Expect) -> Expect {
    Expect::Not(Box::new(expect))
}

fn text_not(matcher: TextMatcher) -> TextMatcher {
    TextMatcher::Not(Box::new(matcher))
}

fn equals(text: &str) -> TextMatcher {
    TextMatcher::Equals(Text::literal(text))
}

fn contains(text: &str) -> TextMatcher {
    TextMatcher::Contains(Text::literal(text))
}

fn matches(pattern: &str) -> TextMatcher {
    TextMatcher::Matches(Regex::new(pattern).unwrap())
}

fn json_at(path: &str, matcher: JsonMatcher) -> JsonTest {
    JsonTest {
        syntax: Syntax::Json,
        path: parse_json_path(path).unwrap(),
        matcher,
    }
}

fn decimal(value: f64) -> kit::decimal::Decimal {
    value.to_string().parse().unwrap()
}

fn json(text: &str) -> kit::json::Json {
    kit::json::parse(text).unwrap()
}

fn at_least(min: f64) -> Limits {
    Limits::from(Bounds {
        min: Some(decimal(min)),
        ..Bounds::default()
    })
}

fn exactly(equals: f64) -> Limits {
    Limits::from(Bounds {
        equals: Some(decimal(equals)),
        ..Bounds::default()
    })
}

fn at_most(max: f64) -> Limits {
    Limits::from(Bounds {
        max: Some(decimal(max)),
        ..Bounds::default()
    })
}

fn sentinel(causes: &[NoAnswerCause]) -> StatusItem {
    StatusItem::NoAnswer {
        spelling: "999".to_owned(),
        causes: causes.to_vec(),
    }
}

fn command(ending: Ending, stdout: impl Into<Vec<u8>>, stderr: &str) -> Observation {
    Observation::Command(CommandObservation {
        ending,
        stdout: Captured::whole(stdout),
        stderr: Captured::whole(stderr),
        duration: Duration::from_millis(12),
        at: seen_at(),
        left: Vec::new(),
    })
}

/// When everything in these tests was seen.
fn seen_at() -> DateTime<Utc> {
    read_time("2026-05-30T06:00Z", TimeFormat::Date).unwrap()
}

fn printed(stdout: &str) -> Observation {
    command(Ending::Exited(0), stdout, "")
}

/// A command of whose output only the first part was kept.
fn truncated(stdout: &str) -> Observation {
    Observation::Command(CommandObservation {
        ending: Ending::Exited(0),
        stdout: Captured {
            bytes: stdout.into(),
            total: 1_000_000,
        },
        stderr: Captured::default(),
        duration: Duration::from_millis(12),
        at: seen_at(),
        left: Vec::new(),
    })
}

fn response(status: u16, body: &str) -> HttpResponse {
    HttpResponse {
        status,
        headers: Vec::new(),
        body: Captured::whole(body),
        certificate: None,
        url: "https://localhost/".to_owned(),
        ..HttpResponse::default()
    }
}

fn seen_from(vantage: &str, answer: Result<HttpResponse, NoAnswerCause>) -> HttpObservation {
    HttpObservation {
        vantage: vantage.to_owned(),
        answer: answer.map_err(|cause| NoAnswer {
            cause,
            detail: format!("the system says {cause}"),
        }),
        duration: Duration::from_millis(12),
        at: seen_at(),
    }
}

fn answered(response: HttpResponse) -> Observation {
    Observation::Http(vec![seen_from("local", Ok(response))])
}

fn unanswered(cause: NoAnswerCause) -> Observation {
    Observation::Http(vec![seen_from("local", Err(cause))])
}

fn judged(expect: &Expect, observation: &Observation) -> Judgement {
    judge(expect, observation, &Scope::new())
}

/// A text by itself, judged.
fn alone(matcher: &TextMatcher, captured: &Captured, name: &str, scope: &Scope) -> Judgement {
    let printed = Printed {
        captured,
        name,
        at: seen_at(),
    };
    judge_text(matcher, &printed, 3..9, scope)
}

#[track_caller]
fn holds(expect: &Expect, observation: &Observation) {
    assert_eq!(judged(expect, observation), Judgement::Holds);
}

#[track_caller]
fn differs(expect: &Expect, observation: &Observation) -> Vec<Mismatch> {
    match judged(expect, observation) {
        Judgement::Differs(mismatches) => {
            assert!(!mismatches.is_empty());
            mismatches
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn undecidable(expect: &Expect, observation: &Observation) -> String {
    match judged(expect, observation) {
        Judgement::Undecidable(why) => why,
        other => panic!("{other:?}"),
    }
}

fn note(mismatches: &[Mismatch]) -> &str {
    mismatches[0].note.as_deref().unwrap_or_default()
}
