//! Values inside JSON, and the matchers of one value that are not matchers of a text.

use super::{JsonTest, Syntax};
use crate::matchers::bounds::{self, Domain};
use crate::matchers::limits::{self, Limits};
use crate::matchers::observed::ObservedText;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{JsonRule, Prospects, TextRule, names, vacuous_limits, vacuous_text};
use crate::matchers::{diff, number, render, sentinel};
use kit::count::count;
use kit::json::{Json, JsonError};
use kit::json_path;
use kit::text::{Scope, Text};

/// Reads a text as JSON or YAML and holds what a path finds against a matcher. A text that is neither
/// matches nothing, not even the absence of a value; one that cannot be judged decides nothing.
pub(super) fn judge(
    site: &MatchSite<'_>,
    test: &JsonTest,
    observed: &ObservedText<'_>,
) -> MatchResult {
    let path = &test.path;
    let rule = test.matcher.rule();
    if let Some(undecidable) = observed.undecidable() {
        return undecidable;
    }
    if let Some(why) = &observed.unreadable {
        return MatchResult::Undecidable(why.clone());
    }
    let root = match read(test.syntax, observed) {
        Ok(root) => root,
        Err(NoJson::Unfit(why)) => return site.unfit(rule.describe(site.scope), why),
        Err(NoJson::Unjudged(why)) => return MatchResult::Undecidable(why),
    };
    if !path.is_singular() {
        let found = path.find(&root);
        let values: Vec<&Json> = found.iter().map(|found| found.value).collect();
        // Nothing is shown of several where there is nothing that could hold any.
        return match path.holder(&root) {
            Ok(_) => rule.judge_several(site, &values),
            Err(there) => site
                .unfit(rule.describe(site.scope), "nothing to look through")
                .with_note(Some(there)),
        };
    }
    match json_path::lookup(path, &root) {
        Some(value) => rule.judge(site, value),
        // Inside a matcher a negation needs a value; around it, that there is none is a fact
        // like any other, where there is something that could have held it.
        None => match path.holder(&root) {
            Ok(_) => rule
                .judge_missing(site)
                .firm()
                .with_note(Some(json_path::reach(path, &root))),
            Err(there) => site
                .unfit(rule.describe(site.scope), "absent")
                .with_note(Some(format!("nothing could hold it: {there}"))),
        },
    }
}

/// Why there is no value to look into.
pub(in crate::matchers) enum NoJson {
    /// It is something else.
    Unfit(String),
    /// It is such a document, and cannot be judged.
    Unjudged(String),
}

/// Reads a whole text as a value.
pub(in crate::matchers) fn read(
    syntax: Syntax,
    observed: &ObservedText<'_>,
) -> Result<Json, NoJson> {
    let name = syntax.name();
    let text = observed.text.trim();
    if text.is_empty() {
        return Err(NoJson::Unfit(format!("not {name}: (empty)")));
    }
    syntax.parse(&observed.text).map_err(|error| match error {
        JsonError::Syntax { .. } => {
            NoJson::Unfit(format!("not {name}: {error}: {}", render::clean(text, 80)))
        }
        other => NoJson::Unjudged(format!("the {name} cannot be judged: {other}")),
    })
}

/// A string's own text; any other value's JSON text.
pub(in crate::matchers) fn plain_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Equal to a value as the claim file spells it.
pub(super) struct Is<'m>(pub(super) &'m Text);

impl JsonRule for Is<'_> {
    fn judge(&self, site: &MatchSite<'_>, value: &Json) -> MatchResult {
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
pub(super) struct Equals<'m>(pub(super) &'m Json);

impl JsonRule for Equals<'_> {
    fn judge(&self, site: &MatchSite<'_>, value: &Json) -> MatchResult {
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
    fn judge(&self, site: &MatchSite<'_>, value: &Json) -> MatchResult {
        if self.0 {
            site.differs("absent", value.to_string())
        } else {
            MatchResult::Holds
        }
    }

    /// Whether the path finds anything.
    fn judge_several(&self, site: &MatchSite<'_>, values: &[&Json]) -> MatchResult {
        match self.0 {
            absent if absent == values.is_empty() => MatchResult::Holds,
            true => site.differs("absent", listed(values)),
            false => site.differs("present", "absent"),
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
    fn judge(&self, site: &MatchSite<'_>, value: &Json) -> MatchResult {
        let (found, unit) = match value {
            Json::Array(elements) => (elements.len(), "element"),
            Json::Object(members) => (members.len(), "member"),
            Json::String(text) => (text.chars().count(), "character"),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::NotText(_) => {
                let why = format!("a {} has nothing to count", value.type_name());
                return site
                    .unfit(self.describe(site.scope), value.to_string())
                    .with_note(Some(why));
            }
        };
        match limits::fixed(site, self.0, Domain::Counting) {
            Err(result) => result,
            Ok(plain) if bounds::within_count(&plain, found) => MatchResult::Holds,
            Ok(_) => site.differs(
                limits::describe(self.0, &format!("{unit}s"), site.scope),
                format!("{}: {value}", count(found, unit)),
            ),
        }
    }

    /// How many values the path finds.
    fn judge_several(&self, site: &MatchSite<'_>, values: &[&Json]) -> MatchResult {
        match limits::fixed(site, self.0, Domain::Counting) {
            Err(result) => result,
            Ok(plain) if bounds::within_count(&plain, values.len()) => MatchResult::Holds,
            Ok(_) => site.differs(
                limits::describe(self.0, "values", site.scope),
                format!("{}: {}", count(values.len(), "value"), listed(values)),
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
    fn judge(&self, site: &MatchSite<'_>, value: &Json) -> MatchResult {
        let found = value.type_name();
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
    fn judge(&self, site: &MatchSite<'_>, value: &Json) -> MatchResult {
        let plain = limits::fixed(site, self.0, Domain::Real);
        let named = self.0.reading != number::Reading::default();
        let found = match value {
            // A number with a unit or in a form stands in a string.
            Json::String(text) if named => number::read(text, &self.0.reading),
            Json::Number(text) => number::parse(text),
            _ => Err(format!("it is the {} {value}", value.type_name())),
        };
        match (found, plain) {
            // A value that is not a number does not become one with the bounds of the run.
            (Err(why), plain) if plain.is_ok() || limits::waits(self.0, site.scope) => site
                .unfit(
                    self.describe(site.scope),
                    format!("the {} {value}", value.type_name()),
                )
                .with_note(Some(why)),
            (_, Err(result)) => result,
            (Ok(found), Ok(plain)) if bounds::within(&plain, &found) => MatchResult::Holds,
            _ => site.differs(self.describe(site.scope), value.to_string()),
        }
    }

    fn describe(&self, scope: &Scope) -> String {
        format!(
            "a number: {}",
            limits::describe(self.0, &self.0.reading.unit.shown(), scope)
        )
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
    fn judge(&self, site: &MatchSite<'_>, value: &Json) -> MatchResult {
        if let Json::NotText(raw) = value {
            return MatchResult::Undecidable(format!(
                "the string \"{}\" is not text: it has half of a surrogate pair",
                render::clean(raw, 80)
            ));
        }
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

fn is(site: &MatchSite<'_>, expected: &str, value: &Json) -> MatchResult {
    let holds = match value {
        Json::String(text) => text == expected,
        Json::Number(found) => expected == found || number::same(expected, found),
        Json::Bool(found) => expected == found.to_string(),
        Json::Null => expected == "null",
        Json::NotText(_) | Json::Array(_) | Json::Object(_) => false,
    };
    if holds {
        return MatchResult::Holds;
    }
    let text = plain_text(value);
    let note = match value {
        Json::Array(_) | Json::Object(_) => Some(format!(
            "it is an {}: only `equals:` compares these",
            value.type_name()
        )),
        Json::String(text) => {
            sentinel::confusion(expected, text).or_else(|| diff::invisible(expected, text))
        }
        _ => sentinel::confusion(expected, &text),
    };
    site.differs(expected, text).with_note(note)
}

fn equals(site: &MatchSite<'_>, expected: &Json, value: &Json) -> MatchResult {
    if expected.same(value) {
        return MatchResult::Holds;
    }
    let note = (plain_text(expected) == plain_text(value)).then(|| {
        format!(
            "the claim has the {}, the answer has the {} of the same text",
            expected.type_name(),
            value.type_name()
        )
    });
    site.differs(expected.to_string(), value.to_string())
        .with_note(note)
        .with_diff(diff::lines(&expected.pretty(), &value.pretty()))
}

/// The first values of several.
pub(super) fn listed(values: &[&Json]) -> String {
    const SHOWN: usize = 8;
    let mut shown: Vec<String> = values.iter().take(SHOWN).map(ToString::to_string).collect();
    if values.len() > SHOWN {
        shown.push("…".to_owned());
    }
    if shown.is_empty() {
        "none".to_owned()
    } else {
        shown.join(", ")
    }
}
