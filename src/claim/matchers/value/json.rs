//! Values inside JSON, and the matchers of one value that are not matchers of a text.

use serde_json::Value;

use crate::matchers::bounds::{self, Domain};
use crate::matchers::limits::{self, Limits};
use crate::matchers::observed::ObservedText;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{JsonRule, Prospects, TextRule, names, vacuous_limits, vacuous_text};
use crate::matchers::{diff, number, render, sentinel};
use kit::count::count;
use kit::json_path::{self, JsonPath, type_name};
use kit::text::{Scope, Text};

/// Reads a text as JSON and holds the value that a path names against a matcher. A text that is
/// not JSON matches nothing, not even the absence of a value.
pub(super) fn judge(
    site: &MatchSite<'_>,
    path: &JsonPath,
    rule: &dyn JsonRule,
    observed: &ObservedText<'_>,
) -> MatchResult {
    if let Some(undecidable) = observed.undecidable() {
        return undecidable;
    }
    let root = match read(observed) {
        Ok(root) => root,
        Err(why) => return site.unfit(rule.describe(site.scope), why),
    };
    match json_path::lookup(path, &root) {
        Some(value) => rule.judge(site, value),
        // Inside a matcher a negation needs a value; around it, that there is none is a fact
        // like any other.
        None => rule
            .judge_missing(site)
            .firm()
            .with_note(Some(json_path::reach(path, &root))),
    }
}

/// Reads a whole text as JSON; `Err` says what is there instead.
pub(in crate::matchers) fn read(observed: &ObservedText<'_>) -> Result<Value, String> {
    let text = observed.text.trim();
    if text.is_empty() {
        return Err("not JSON: (empty)".to_owned());
    }
    if !observed.valid {
        return Err(format!("not JSON: not UTF-8: {}", render::clean(text, 80)));
    }
    serde_json::from_str(text)
        .map_err(|error| format!("not JSON: {error}: {}", render::clean(text, 80)))
}

/// A string's own text; any other value's JSON text.
pub(in crate::matchers) fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Equal to a value as the claim file spells it.
pub(super) struct Is<'m>(pub(super) &'m Text);

impl JsonRule for Is<'_> {
    fn judge(&self, site: &MatchSite<'_>, value: &Value) -> MatchResult {
        is(site, &self.0.render(site.scope), value)
    }

    fn describe(&self, scope: &Scope) -> String {
        self.0.render(scope)
    }

    fn prospects(&self) -> Prospects {
        Prospects::open()
    }

    fn params(&self) -> Vec<String> {
        names([self.0])
    }
}

/// Equal to a value, types and all.
pub(super) struct Equals<'m>(pub(super) &'m Value);

impl JsonRule for Equals<'_> {
    fn judge(&self, site: &MatchSite<'_>, value: &Value) -> MatchResult {
        equals(site, self.0, value)
    }

    fn describe(&self, _scope: &Scope) -> String {
        self.0.to_string()
    }

    fn prospects(&self) -> Prospects {
        Prospects::open()
    }

    fn params(&self) -> Vec<String> {
        Vec::new()
    }
}

/// There is no such value (`true`), or there is one, whatever it is.
pub(super) struct Absent(pub(super) bool);

impl JsonRule for Absent {
    fn judge(&self, site: &MatchSite<'_>, value: &Value) -> MatchResult {
        if self.0 {
            site.differs("absent", value.to_string())
        } else {
            MatchResult::Holds
        }
    }

    fn judge_missing(&self, site: &MatchSite<'_>) -> MatchResult {
        if self.0 {
            MatchResult::Holds
        } else {
            site.differs("present", "absent")
        }
    }

    fn describe(&self, _scope: &Scope) -> String {
        let text = if self.0 { "absent" } else { "present" };
        text.to_owned()
    }

    /// That there is a value does not depend on which value it is.
    fn prospects(&self) -> Prospects {
        Prospects::open()
    }

    fn params(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The number of elements, members or characters.
pub(super) struct Count<'m>(pub(super) &'m Limits);

impl JsonRule for Count<'_> {
    fn judge(&self, site: &MatchSite<'_>, value: &Value) -> MatchResult {
        let (found, unit) = match value {
            Value::Array(elements) => (elements.len(), "element"),
            Value::Object(members) => (members.len(), "member"),
            Value::String(text) => (text.chars().count(), "character"),
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                let why = format!("a {} has nothing to count", type_name(value));
                return site
                    .unfit(self.describe(site.scope), value.to_string())
                    .with_note(Some(why));
            }
        };
        match limits::fixed(site, self.0, Domain::Counting) {
            Err(result) => result,
            Ok(plain) if bounds::within(&plain, found as f64) => MatchResult::Holds,
            Ok(_) => site.differs(
                limits::describe(self.0, &format!("{unit}s"), site.scope),
                format!("{}: {value}", count(found, unit)),
            ),
        }
    }

    fn describe(&self, scope: &Scope) -> String {
        limits::describe(self.0, "elements", scope)
    }

    fn prospects(&self) -> Prospects {
        Prospects::counting("elements", self.0)
    }

    fn params(&self) -> Vec<String> {
        self.0.params()
    }
}

/// The type of the value by its name in JSON.
pub(super) struct Type<'m>(pub(super) &'m str);

impl JsonRule for Type<'_> {
    fn judge(&self, site: &MatchSite<'_>, value: &Value) -> MatchResult {
        let found = type_name(value);
        if self.0 == found {
            return MatchResult::Holds;
        }
        site.differs(self.describe(site.scope), format!("the {found} {value}"))
    }

    fn describe(&self, _scope: &Scope) -> String {
        format!("of type {}", self.0)
    }

    fn prospects(&self) -> Prospects {
        const TYPES: [&str; 6] = ["string", "number", "boolean", "null", "array", "object"];
        Prospects {
            never: !TYPES.contains(&self.0),
            ..Prospects::open()
        }
    }

    fn params(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A number within bounds.
pub(super) struct Number<'m>(pub(super) &'m Limits);

impl JsonRule for Number<'_> {
    fn judge(&self, site: &MatchSite<'_>, value: &Value) -> MatchResult {
        let plain = limits::fixed(site, self.0, Domain::Real);
        match (value.as_f64(), plain) {
            // A value that is not a number does not become one with the bounds of the run.
            (None, plain) if plain.is_ok() || limits::waits(self.0, site.scope) => site.unfit(
                self.describe(site.scope),
                format!("the {} {value}", type_name(value)),
            ),
            (_, Err(result)) => result,
            (Some(found), Ok(plain)) if bounds::within(&plain, found) => MatchResult::Holds,
            _ => site.differs(self.describe(site.scope), value.to_string()),
        }
    }

    fn describe(&self, scope: &Scope) -> String {
        format!("a number: {}", limits::describe(self.0, "", scope))
    }

    fn prospects(&self) -> Prospects {
        Prospects {
            vacuous: vacuous_limits(self.0, Domain::Real, ""),
            never: limits::never(self.0, Domain::Real),
            ..Prospects::open()
        }
    }

    fn params(&self) -> Vec<String> {
        self.0.params()
    }
}

/// A string that matches as a text; other values are matched by their JSON text.
pub(super) struct AsText<'m>(pub(super) Box<dyn TextRule + 'm>);

impl JsonRule for AsText<'_> {
    fn judge(&self, site: &MatchSite<'_>, value: &Value) -> MatchResult {
        self.0.judge(site, &ObservedText::whole(&plain_text(value)))
    }

    fn describe(&self, scope: &Scope) -> String {
        self.0.describe(scope)
    }

    fn prospects(&self) -> Prospects {
        Prospects {
            vacuous: vacuous_text(self.0.as_ref()),
            never: self.0.prospects().never,
            ..Prospects::open()
        }
    }

    fn params(&self) -> Vec<String> {
        self.0.params()
    }
}

fn is(site: &MatchSite<'_>, expected: &str, value: &Value) -> MatchResult {
    let holds = match value {
        Value::String(text) => text == expected,
        Value::Number(found) => same_number(expected, found),
        Value::Bool(found) => expected == found.to_string(),
        Value::Null => expected == "null",
        Value::Array(_) | Value::Object(_) => false,
    };
    if holds {
        return MatchResult::Holds;
    }
    let text = plain_text(value);
    let note = match value {
        Value::Array(_) | Value::Object(_) => Some(format!(
            "it is an {}: only `equals:` compares these",
            type_name(value)
        )),
        Value::String(text) => {
            sentinel::confusion(expected, text).or_else(|| diff::invisible(expected, text))
        }
        _ => sentinel::confusion(expected, &text),
    };
    site.differs(expected, text).with_note(note)
}

/// Whether a claim's text is the number: as text, exactly, or as closely as JSON readers (and
/// ours) keep numbers that are not whole.
fn same_number(expected: &str, found: &serde_json::Number) -> bool {
    let text = found.to_string();
    expected == text
        || number::same(expected, &text)
        || found.is_f64() && number::parse(expected).ok() == found.as_f64()
}

fn equals(site: &MatchSite<'_>, expected: &Value, value: &Value) -> MatchResult {
    if same_value(expected, value) {
        return MatchResult::Holds;
    }
    let note = (plain_text(expected) == plain_text(value)).then(|| {
        format!(
            "the claim has the {}, the answer has the {} of the same text",
            type_name(expected),
            type_name(value)
        )
    });
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    site.differs(expected.to_string(), value.to_string())
        .with_note(note)
        .with_diff(diff::lines(&pretty(expected), &pretty(value)))
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
