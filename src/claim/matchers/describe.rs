//! Expectations in the claim's own words.

use super::limits;
use super::secrets;
use super::time;
use super::version;
use crate::expectation::{
    CertificateMatcher, Clause, ExitMatcher, Expect, JsonMatcher, StatusItem, StatusMatcher, Test,
    TextMatcher,
};
use kit::text::Scope;
use reach::observation::NoAnswerCause;

/// An expectation.
pub(super) fn expect(expect: &Expect, scope: &Scope) -> String {
    match expect {
        Expect::Holds(clause) => test(clause, scope),
        Expect::All(parts) => group("all of", parts, |part| self::expect(part, scope)),
        Expect::Any(parts) => group("any of", parts, |part| self::expect(part, scope)),
        Expect::Not(inner) => format!("not: {}", self::expect(inner, scope)),
    }
}

fn group<T>(word: &str, parts: &[T], describe: impl Fn(&T) -> String) -> String {
    match parts {
        [one] => describe(one),
        _ => {
            let words: Vec<String> = parts.iter().map(describe).collect();
            format!("{word} ({})", words.join("; "))
        }
    }
}

fn test(clause: &Clause, scope: &Scope) -> String {
    match &clause.test {
        Test::Exit(matcher) => exit(matcher),
        Test::Stdout(matcher) => format!("stdout {}", text(matcher, scope)),
        Test::Stderr(matcher) => format!("stderr {}", text(matcher, scope)),
        Test::Status(matcher) => format!("status {}", status(matcher)),
        Test::Body(matcher) => format!("body {}", text(matcher, scope)),
        Test::Header(name, Some(matcher)) => format!("header {name} {}", text(matcher, scope)),
        Test::Header(name, None) => format!("header {name} absent"),
        Test::Json(test) => format!("json {} {}", test.path.source, json(&test.matcher, scope)),
        Test::Duration(limits) => format!("duration {}", limits::describe(limits, "ms", scope)),
        Test::Certificate(matcher) => format!("certificate {}", certificate(matcher, scope)),
    }
}

/// A command's ending.
pub(super) fn exit(matcher: &ExitMatcher) -> String {
    let listed = |codes: &[i32]| {
        let words: Vec<String> = codes.iter().map(i32::to_string).collect();
        if words.is_empty() {
            "no code".to_owned()
        } else {
            words.join(" or ")
        }
    };
    match matcher {
        ExitMatcher::OneOf(codes) => format!("exit {}", listed(codes)),
        ExitMatcher::NoneOf(codes) if codes.is_empty() => "any exit".to_owned(),
        ExitMatcher::NoneOf(codes) => format!("any exit but {}", listed(codes)),
        ExitMatcher::Signal(number) => format!("ended by signal {number}"),
    }
}

/// An HTTP status.
pub(super) fn status(matcher: &StatusMatcher) -> String {
    let listed = |items: &[StatusItem]| {
        let words: Vec<String> = items.iter().map(status_item).collect();
        words.join(" or ")
    };
    match matcher {
        StatusMatcher::OneOf(items) if items.is_empty() => "no status".to_owned(),
        StatusMatcher::OneOf(items) => listed(items),
        StatusMatcher::NoneOf(items) if items.is_empty() => "any answer".to_owned(),
        StatusMatcher::NoneOf(items) => format!("an answer, but not {}", listed(items)),
    }
}

fn status_item(item: &StatusItem) -> String {
    match item {
        StatusItem::Code(code) => code.to_string(),
        StatusItem::Class(class) => format!("{class}xx"),
        StatusItem::NoAnswer { spelling, causes } if causes.is_empty() => {
            format!("{spelling} (no answer)")
        }
        StatusItem::NoAnswer {
            spelling,
            causes: which,
        } => format!("{spelling} (no answer: {})", causes(which)),
    }
}

/// Causes of no answer.
pub(super) fn causes(causes: &[NoAnswerCause]) -> String {
    let names: Vec<&str> = causes.iter().map(|cause| cause.name()).collect();
    names.join(" or ")
}

/// What a text must be like.
pub(super) fn text(matcher: &TextMatcher, scope: &Scope) -> String {
    match matcher {
        TextMatcher::Equals(wanted) => format!("\"{}\"", wanted.render(scope).trim()),
        TextMatcher::Contains(wanted) => format!("contains \"{}\"", wanted.render(scope)),
        TextMatcher::Matches(regex) => format!("matches /{regex}/"),
        TextMatcher::Empty(true) => "empty".to_owned(),
        TextMatcher::Empty(false) => "not empty".to_owned(),
        TextMatcher::StartsWith(wanted) => format!("starts with \"{}\"", wanted.render(scope)),
        TextMatcher::EndsWith(wanted) => format!("ends with \"{}\"", wanted.render(scope)),
        TextMatcher::Line { number, matcher } => {
            format!("line {number} {}", text(matcher, scope))
        }
        TextMatcher::EveryLine(matcher) => format!("every line {}", text(matcher, scope)),
        TextMatcher::Lines(limits) => limits::describe(limits, "lines", scope),
        TextMatcher::Count { of, bounds: limits } => {
            limits::describe(limits, &format!("matches of /{of}/"), scope)
        }
        TextMatcher::SetEquals(lines) => {
            let words: Vec<String> = lines.iter().map(|line| line.render(scope)).collect();
            format!("exactly the lines {}", words.join(", "))
        }
        TextMatcher::Number(limits) => format!("a number: {}", limits::describe(limits, "", scope)),
        TextMatcher::Time(matcher) => time::describe(matcher, scope),
        TextMatcher::Secrets(matcher) => secrets::describe(matcher),
        TextMatcher::Version(limits) => version::describe(limits),
        TextMatcher::Json(test) => {
            format!("json {} {}", test.path.source, json(&test.matcher, scope))
        }
        TextMatcher::Sha256(digest) => format!("sha256 {digest}"),
        TextMatcher::All(parts) => group("all of", parts, |part| text(part, scope)),
        TextMatcher::Any(parts) => group("any of", parts, |part| text(part, scope)),
        TextMatcher::Not(inner) => format!("not: {}", text(inner, scope)),
    }
}

/// What a JSON value must be like.
pub(super) fn json(matcher: &JsonMatcher, scope: &Scope) -> String {
    match matcher {
        JsonMatcher::Is(wanted) => wanted.render(scope),
        JsonMatcher::Equals(wanted) => wanted.to_string(),
        JsonMatcher::Absent(true) => "absent".to_owned(),
        JsonMatcher::Absent(false) => "present".to_owned(),
        JsonMatcher::Count(limits) => limits::describe(limits, "elements", scope),
        JsonMatcher::Type(name) => format!("of type {name}"),
        JsonMatcher::Number(limits) => format!("a number: {}", limits::describe(limits, "", scope)),
        JsonMatcher::Text(matcher) => text(matcher, scope),
        JsonMatcher::All(parts) => group("all of", parts, |part| json(part, scope)),
        JsonMatcher::Not(inner) => format!("not: {}", json(inner, scope)),
    }
}

/// What a certificate must be like.
pub(super) fn certificate(matcher: &CertificateMatcher, scope: &Scope) -> String {
    let days = matcher
        .days_left
        .as_ref()
        .map(|limits| format!("days_left {}", limits::describe(limits, "", scope)));
    let digest = matcher.sha256.as_ref().map(|hex| format!("sha256 {hex}"));
    let name = matcher
        .name
        .as_ref()
        .map(|name| format!("name {}", name.render(scope).trim()));
    let parts: Vec<String> = [days, digest, name].into_iter().flatten().collect();
    if parts.is_empty() {
        "any".to_owned()
    } else {
        parts.join(", ")
    }
}
