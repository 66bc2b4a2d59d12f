//! Values inside JSON.

use serde_json::Value;

use super::bounds::{self, Domain};
use super::describe;
use super::diff;
use super::limits;
use super::render;
use super::text::{self, Seen};
use super::verdict::{Site, Verdict};
use crate::expectation::{JsonMatcher, JsonTest, Limits};
use kit::json_path::{self, type_name};

/// Reads a text as JSON and holds the value a path names against a matcher. A text that is not
/// JSON matches nothing, not even the absence of a value.
pub(super) fn judge(site: &Site<'_>, test: &JsonTest, seen: &Seen<'_>) -> Verdict {
    if let Some(undecided) = seen.undecided() {
        return undecided;
    }
    let root = match read(seen) {
        Ok(root) => root,
        Err(why) => {
            return site.unfit(describe::json(&test.matcher, site.scope), why);
        }
    };
    match json_path::lookup(&test.path, &root) {
        Some(value) => present(site, &test.matcher, value),
        // Inside a matcher a negation needs a value; around it, that there is none is a fact
        // like any other.
        None => missing(site, &test.matcher)
            .firm()
            .with_note(Some(json_path::reach(&test.path, &root))),
    }
}

/// Reads a whole text as JSON; `Err` says what is there instead.
pub(super) fn read(seen: &Seen<'_>) -> Result<Value, String> {
    let text = seen.text.trim();
    if text.is_empty() {
        return Err("not JSON: (empty)".to_owned());
    }
    if !seen.valid {
        return Err(format!("not JSON: not UTF-8: {}", render::clean(text, 80)));
    }
    serde_json::from_str(text)
        .map_err(|error| format!("not JSON: {error}: {}", render::clean(text, 80)))
}

/// There is no value.
fn missing(site: &Site<'_>, matcher: &JsonMatcher) -> Verdict {
    match matcher {
        JsonMatcher::Absent(true) => Verdict::Holds,
        JsonMatcher::Absent(false) => site.differs("present", "absent"),
        JsonMatcher::All(matchers) if !matchers.is_empty() => {
            Verdict::all(matchers.iter().map(|matcher| missing(site, matcher)))
        }
        JsonMatcher::Not(inner) => missing(site, inner)
            .negate(|| site.differs(describe::json(matcher, site.scope), "absent")),
        _ => site.unfit(describe::json(matcher, site.scope), "absent"),
    }
}

fn present(site: &Site<'_>, matcher: &JsonMatcher, value: &Value) -> Verdict {
    let expected = || describe::json(matcher, site.scope);
    match matcher {
        JsonMatcher::Is(wanted) => is(site, &wanted.render(site.scope), value),
        JsonMatcher::Equals(wanted) => equals(site, wanted, value),
        JsonMatcher::Absent(false) => Verdict::Holds,
        JsonMatcher::Absent(true) => site.differs("absent", value.to_string()),
        JsonMatcher::Count(wanted) => count(site, wanted, value),
        JsonMatcher::Type(wanted) if wanted == type_name(value) => Verdict::Holds,
        JsonMatcher::Type(_) => {
            site.differs(expected(), format!("the {} {value}", type_name(value)))
        }
        JsonMatcher::Number(wanted) => number(site, wanted, value),
        JsonMatcher::Text(matcher) => {
            let text = plain_text(value);
            text::judge(site, matcher, &Seen::whole(&text))
        }
        JsonMatcher::All(matchers) => {
            Verdict::all(matchers.iter().map(|matcher| present(site, matcher, value)))
        }
        JsonMatcher::Not(inner) => present(site, inner, value).negate(|| {
            site.differs(expected(), value.to_string())
                .with_note(Some("that holds, though it must not".to_owned()))
        }),
    }
}

/// A string's own text; any other value's JSON text.
pub(super) fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is(site: &Site<'_>, wanted: &str, value: &Value) -> Verdict {
    let holds = match value {
        Value::String(text) => text == wanted,
        Value::Number(found) => same_number(wanted, found),
        Value::Bool(found) => wanted == found.to_string(),
        Value::Null => wanted == "null",
        Value::Array(_) | Value::Object(_) => false,
    };
    if holds {
        return Verdict::Holds;
    }
    let text = plain_text(value);
    let note = match value {
        Value::Array(_) | Value::Object(_) => Some(format!(
            "it is an {}: only `equals:` compares these",
            type_name(value)
        )),
        Value::String(text) => {
            super::sentinel::confusion(wanted, text).or_else(|| diff::invisible(wanted, text))
        }
        _ => super::sentinel::confusion(wanted, &text),
    };
    site.differs(wanted, text).with_note(note)
}

/// Whether a claim's text is the number: as text, exactly, or as closely as JSON readers (and
/// ours) keep numbers that are not whole.
fn same_number(wanted: &str, found: &serde_json::Number) -> bool {
    let text = found.to_string();
    wanted == text
        || super::number::same(wanted, &text)
        || found.is_f64() && super::number::parse(wanted).ok() == found.as_f64()
}

fn equals(site: &Site<'_>, wanted: &Value, value: &Value) -> Verdict {
    if same_value(wanted, value) {
        return Verdict::Holds;
    }
    let note = (plain_text(wanted) == plain_text(value)).then(|| {
        format!(
            "the claim has the {}, the answer has the {} of the same text",
            type_name(wanted),
            type_name(value)
        )
    });
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    site.differs(wanted.to_string(), value.to_string())
        .with_note(note)
        .with_diff(diff::lines(&pretty(wanted), &pretty(value)))
}

/// Equal with types and all; numbers by value, since JSON knows only one type of them.
fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same_number(&a.to_string(), b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same_value(a, b)))
        }
        _ => a == b,
    }
}

fn number(site: &Site<'_>, wanted: &Limits, value: &Value) -> Verdict {
    let expected = format!("a number: {}", limits::describe(wanted, "", site.scope));
    let plain = limits::fixed(site, wanted, Domain::Real);
    match (value.as_f64(), plain) {
        // What is no number is none, whatever the bounds will be.
        (None, plain) if plain.is_ok() || limits::waits(wanted, site.scope) => {
            site.unfit(expected, format!("the {} {value}", type_name(value)))
        }
        (_, Err(verdict)) => verdict,
        (Some(found), Ok(plain)) if bounds::within(&plain, found) => Verdict::Holds,
        _ => site.differs(expected, value.to_string()),
    }
}

fn count(site: &Site<'_>, wanted: &Limits, value: &Value) -> Verdict {
    let (found, unit) = match value {
        Value::Array(elements) => (elements.len(), "element"),
        Value::Object(members) => (members.len(), "member"),
        Value::String(text) => (text.chars().count(), "character"),
        other => {
            return site
                .unfit(
                    limits::describe(wanted, "elements", site.scope),
                    other.to_string(),
                )
                .with_note(Some(format!("a {} has nothing to count", type_name(other))));
        }
    };
    match limits::fixed(site, wanted, Domain::Counting) {
        Err(verdict) => verdict,
        Ok(plain) if bounds::within(&plain, found as f64) => Verdict::Holds,
        Ok(_) => site.differs(
            limits::describe(wanted, &format!("{unit}s"), site.scope),
            format!("{}: {value}", render::plural(found, unit)),
        ),
    }
}
