//! Expectations in plain English, as tables and documents show them: `stdout is empty`, `the version
//! of $.Version is at least 3.6`. Parameters keep their names.

use super::header::HeaderMatcher;
use super::limits::{self, Limits};
use super::{certificate, exit, status};
use crate::expectation::{
    Clause, CookieMatcher, Expect, JsonMatcher, JsonTest, Quantifier, Test, TextMatcher,
};
use kit::text::Scope;

/// An expectation in words, without what it only implies.
pub(crate) fn in_words(expect: &Expect) -> String {
    of(expect).unwrap_or_else(|| "anything".to_owned())
}

fn of(expect: &Expect) -> Option<String> {
    let each = |parts: &[Expect]| -> Vec<String> { parts.iter().filter_map(of).collect() };
    match expect {
        Expect::Holds(clause) => (!clause.implied).then(|| test(clause)),
        Expect::All(parts) => some(each(parts), ", "),
        Expect::Any(parts) => some(each(parts), ", or "),
        Expect::Not(inner) => of(inner).map(|words| format!("not: {words}")),
    }
}

fn some(parts: Vec<String>, between: &str) -> Option<String> {
    (!parts.is_empty()).then(|| parts.join(between))
}

fn test(clause: &Clause) -> String {
    match &clause.test {
        Test::Exit(matcher) => exit::describe(matcher),
        Test::Stdout(matcher) => text("stdout", matcher),
        Test::Stderr(matcher) => text("stderr", matcher),
        Test::Status(matcher) => format!("status {}", status::describe(matcher)),
        Test::Body(matcher) => text("the body", matcher),
        Test::Header(name, matcher) => header(&format!("the header {name}"), matcher),
        Test::Cookie(name, matcher) => cookies(name.as_deref(), matcher),
        Test::Json(test) => json(&test.path.source, &test.matcher),
        Test::TestRun(matcher) => format!("of the tests {}", matcher.describe(&Scope::new())),
        Test::Duration(limits) => format!("it takes {}", bounds(limits, "ms")),
        Test::Certificate(matcher) => {
            format!(
                "the certificate has {}",
                certificate::describe(matcher, &Scope::new())
            )
        }
    }
}

/// Bounds with their unit: `at least 1, at most 9 lines`.
fn bounds(limits: &Limits, unit: &str) -> String {
    limits::describe(limits, unit, &Scope::new())
}

/// What a text of that name is like.
fn text(name: &str, matcher: &TextMatcher) -> String {
    let shown = |text: &kit::text::Text| text.render(&Scope::new());
    match matcher {
        TextMatcher::Equals(text) => format!("{name} is \"{}\"", shown(text).trim()),
        TextMatcher::Exact(text) => format!("{name} is \"{}\" to the byte", shown(text)),
        TextMatcher::Contains(text) => format!("{name} contains \"{}\"", shown(text)),
        TextMatcher::Matches(regex) => format!("{name} matches /{regex}/"),
        TextMatcher::Empty(true) => format!("{name} is empty"),
        TextMatcher::Empty(false) => format!("{name} is not empty"),
        TextMatcher::StartsWith(text) => format!("{name} starts with \"{}\"", shown(text)),
        TextMatcher::EndsWith(text) => format!("{name} ends with \"{}\"", shown(text)),
        TextMatcher::Line { number, matcher } => {
            let line = match number {
                1 => format!("the first line of {name}"),
                -1 => format!("the last line of {name}"),
                back if *back < 0 => {
                    format!("line {} from the end of {name}", back.unsigned_abs())
                }
                _ => format!("line {number} of {name}"),
            };
            text(&line, matcher)
        }
        TextMatcher::EveryLine(matcher) => text(&format!("every line of {name}"), matcher),
        TextMatcher::Lines(limits) => format!("{name} has {}", bounds(limits, "lines")),
        TextMatcher::Length(limits) => format!("{name} has {}", bounds(limits, "characters")),
        TextMatcher::Count { of, bounds: limits } => {
            format!(
                "{name} has {}",
                bounds(limits, &format!("matches of /{of}/"))
            )
        }
        TextMatcher::InOrder(_) | TextMatcher::Snapshot(_) => {
            format!("{name} {}", matcher.rule().describe(&Scope::new()))
        }
        TextMatcher::SetEquals(_) | TextMatcher::Secrets(_) => {
            format!("{name} has {}", matcher.rule().describe(&Scope::new()))
        }
        TextMatcher::Number(_) | TextMatcher::Time(_) => {
            format!("{name} is {}", matcher.rule().describe(&Scope::new()))
        }
        TextMatcher::Version(_) => {
            let words = matcher.rule().describe(&Scope::new());
            match words.strip_prefix("a version: ") {
                Some(bounds) => format!("the version of {name} is {bounds}"),
                None => format!("{name} has {words}"),
            }
        }
        TextMatcher::Taken { of, matcher } => {
            text(&format!("what /{of}/ takes out of {name}"), matcher)
        }
        TextMatcher::Json(test) => json(&in_text(test, name), &test.matcher),
        TextMatcher::Sha256(_) => {
            let words = matcher.rule().describe(&Scope::new());
            format!("{name} has the {words}")
        }
        TextMatcher::All(parts) => joined(parts.iter().map(|part| text(name, part)), " and "),
        TextMatcher::Any(parts) => joined(parts.iter().map(|part| text(name, part)), " or "),
        TextMatcher::Not(inner) => not(&text(name, inner), name),
    }
}

fn in_text(test: &JsonTest, name: &str) -> String {
    format!("{} in {name}", test.path.source)
}

fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}

/// The denial of a sentence about that subject.
fn not(sentence: &str, name: &str) -> String {
    let verbs = [
        ("is", "is not"),
        ("contains", "does not contain"),
        ("matches", "does not match"),
        ("starts with", "does not start with"),
        ("ends with", "does not end with"),
    ];
    let rest = sentence
        .strip_prefix(name)
        .and_then(|it| it.strip_prefix(' '));
    // A sentence of several parts is denied as a whole.
    let single = rest.filter(|rest| !rest.contains(" and ") && !rest.contains(" or "));
    let denied = single.and_then(|rest| {
        let (verb, denial) = verbs.iter().find(|(verb, _)| {
            let after = rest.strip_prefix(verb);
            after.is_some_and(|after| after.starts_with(' '))
        })?;
        Some(format!("{name} {denial}{}", &rest[verb.len()..]))
    });
    denied.unwrap_or_else(|| format!("not: {sentence}"))
}

/// What a JSON value of that name is like.
fn json(name: &str, matcher: &JsonMatcher) -> String {
    match matcher {
        JsonMatcher::Is(_) | JsonMatcher::Equals(_) | JsonMatcher::Absent(_) => {
            format!("{name} is {}", matcher.rule().describe(&Scope::new()))
        }
        JsonMatcher::Type(kind) => format!("{name} is of the type {kind}"),
        JsonMatcher::Number(limits) => {
            format!("{name} is {}", bounds(limits, &limits.reading.unit.shown()))
        }
        JsonMatcher::Count(limits) => format!("{name} has {}", bounds(limits, "elements")),
        JsonMatcher::Each(which, inner) => json(&each_of(*which, name), inner),
        JsonMatcher::Keys(_) | JsonMatcher::Set(_) => {
            format!("{name} has {}", matcher.rule().describe(&Scope::new()))
        }
        JsonMatcher::OneOf(parts) => joined(parts.iter().map(|part| json(name, part)), " or "),
        JsonMatcher::Text(matcher) => text(name, matcher),
        JsonMatcher::All(parts) => joined(parts.iter().map(|part| json(name, part)), " and "),
        JsonMatcher::Not(inner) => not(&json(name, inner), name),
    }
}

/// So many of the values that have a name.
fn each_of(which: Quantifier, name: &str) -> String {
    match which {
        Quantifier::Every => format!("every value of {name}"),
        Quantifier::Any => format!("any value of {name}"),
        Quantifier::None => format!("no value of {name}"),
    }
}

/// What the cookies are like.
fn cookies(name: Option<&str>, matcher: &CookieMatcher) -> String {
    let words = matcher.describe(&Scope::new());
    match (name, matcher) {
        (Some(name), CookieMatcher::Absent | CookieMatcher::Present) => {
            format!("the cookie {name} is {words}")
        }
        (Some(name), _) => format!("the cookie {name} has {words}"),
        (None, _) => format!("of the cookies {words}"),
    }
}

/// What the header of that name is like.
fn header(name: &str, matcher: &HeaderMatcher) -> String {
    match matcher {
        HeaderMatcher::Absent => format!("{name} is absent"),
        HeaderMatcher::Present => format!("{name} is present"),
        HeaderMatcher::Plain(matcher) => text(name, matcher),
        HeaderMatcher::Each(which, matcher) => text(&each_of(*which, name), matcher),
        HeaderMatcher::Count(limits) => format!("{name} occurs {} times", bounds(limits, "")),
        HeaderMatcher::Set(_) => format!("{name} has {}", matcher.describe(&Scope::new())),
        HeaderMatcher::All(parts) => joined(parts.iter().map(|part| header(name, part)), " and "),
    }
}
