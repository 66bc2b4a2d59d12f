//! Matchers of texts and of JSON values: the one list of them, and what combines them.
//!
//! A matcher is one file here, with the way it judges, what it is in words, and whether it can
//! fail. A new one is added in that file, in the list below, and in the reader of claim files.

mod affix;
mod contains;
mod empty;
mod equals;
mod exact;
mod in_order;
pub(super) mod json;
mod json_combine;
mod json_each;
mod length;
mod line;
mod lines;
mod matches;
mod number;
mod of_text;
pub(crate) mod secrets;
mod set;
pub(crate) mod sha256;
mod snapshot;
mod taken;
pub(crate) mod time;
pub(crate) mod version;

use regex::Regex;

use super::each::Quantifier;
use super::limits::{self, Limits};
use super::observed::ObservedText;
use super::render;
use super::result::{HELD, MatchResult, MatchSite};
use super::rule::{
    EMPTY_LIST, JsonRule, Prospects, TextRule, denies_the_impossible, exhaustive, group,
    holds_for_samples, vacuous_text,
};
pub use in_order::Needle;
use kit::json::{Json, JsonError};
use kit::json_path::JsonPath;
use kit::text::{Scope, Text};
use of_text::OfText;
use secrets::SecretsMatcher;
pub use snapshot::Snapshot;
/// What stands for anything in a snapshot.
pub(crate) mod placeholders {
    pub(crate) use super::snapshot::{LINES, WITHIN};
}
use time::TimeMatcher;
use version::VersionBounds;

/// What a text must be like. Unless said otherwise the text is compared without the white
/// space at its two ends.
#[derive(Clone, Debug)]
pub enum TextMatcher {
    /// Equal, after trimming both ends of both sides.
    Equals(Text),
    /// Equal to every byte, untrimmed.
    Exact(Text),
    /// Contains this (untrimmed).
    Contains(Text),
    /// Matches this regular expression somewhere.
    Matches(Regex),
    /// Nothing but white space (`true`), or something else (`false`).
    Empty(bool),
    StartsWith(Text),
    EndsWith(Text),
    /// Line `number` (from 1; negative counts from the end) must match.
    Line {
        /// 1 is the first line, -1 the last.
        number: i64,
        /// What the line must be like.
        matcher: Box<TextMatcher>,
    },
    /// There is at least one line, and every line matches.
    EveryLine(Box<TextMatcher>),
    /// Each is found behind the end of the one before.
    InOrder(Vec<Needle>),
    /// All of it is this text, but for the places in it that may be anything.
    Snapshot(Snapshot),
    /// The number of lines (of the text trimmed at its end; the empty text has none).
    Lines(Limits),
    /// The number of characters, trimmed at both ends.
    Length(Limits),
    /// The number of non-overlapping matches of the expression.
    Count {
        of: Regex,
        /// How many there must be.
        bounds: Limits,
    },
    /// The set of lines, each trimmed, empty ones dropped, is exactly this set.
    SetEquals(Vec<Text>),
    /// The text is a number within the bounds.
    Number(Limits),
    /// The text is a time within the bounds.
    Time(TimeMatcher),
    /// No secret is in it.
    Secrets(SecretsMatcher),
    /// The first version in the text (`1.2`, `v1.2.3-rc.1`) satisfies the constraint.
    Version(VersionBounds),
    /// What this expression takes out of the text matches.
    Taken {
        of: Regex,
        matcher: Box<TextMatcher>,
    },
    /// A value inside the text read as JSON.
    Json(Box<JsonTest>),
    /// The SHA-256 of the bytes (untrimmed), hex.
    Sha256(Text),
    /// All of them.
    All(Vec<TextMatcher>),
    /// At least one of them.
    Any(Vec<TextMatcher>),
    /// It must not match.
    Not(Box<TextMatcher>),
}

impl TextMatcher {
    /// What the matcher does.
    pub(super) fn rule(&self) -> Box<dyn TextRule + '_> {
        match self {
            TextMatcher::Equals(text) => Box::new(OfText(equals::Equals(text))),
            TextMatcher::Exact(text) => Box::new(exact::Exact(text)),
            TextMatcher::Contains(text) => Box::new(OfText(contains::Contains(text))),
            TextMatcher::Matches(regex) => Box::new(OfText(matches::Matches(regex))),
            TextMatcher::Empty(empty) => Box::new(empty::Empty(*empty)),
            TextMatcher::StartsWith(text) => Box::new(OfText(affix::StartsWith(text))),
            TextMatcher::EndsWith(text) => Box::new(OfText(affix::EndsWith(text))),
            TextMatcher::Line { number, matcher } => Box::new(OfText(line::Line {
                number: *number,
                inner: matcher.rule(),
            })),
            TextMatcher::EveryLine(matcher) => Box::new(OfText(line::EveryLine(matcher.rule()))),
            TextMatcher::InOrder(parts) => Box::new(OfText(in_order::InOrder(parts))),
            TextMatcher::Snapshot(snapshot) => Box::new(OfText(snapshot)),
            TextMatcher::Lines(limits) => Box::new(OfText(lines::Lines(limits))),
            TextMatcher::Length(limits) => Box::new(OfText(length::Length(limits))),
            TextMatcher::Count { of, bounds: limits } => {
                Box::new(OfText(matches::Count { of, limits }))
            }
            TextMatcher::SetEquals(lines) => Box::new(OfText(set::SetEquals(lines))),
            TextMatcher::Number(limits) => Box::new(OfText(number::Number(limits))),
            TextMatcher::Time(matcher) => Box::new(OfText(matcher)),
            TextMatcher::Secrets(matcher) => Box::new(OfText(matcher)),
            TextMatcher::Version(bounds) => Box::new(OfText(bounds)),
            TextMatcher::Taken { of, matcher } => Box::new(OfText(taken::Taken {
                of,
                inner: matcher.rule(),
            })),
            TextMatcher::Json(test) => Box::new(OfText(test.as_ref())),
            TextMatcher::Sha256(digest) => Box::new(sha256::Sha256(digest)),
            TextMatcher::All(parts) => Box::new(All(parts)),
            TextMatcher::Any(parts) => Box::new(Any(parts)),
            TextMatcher::Not(inner) => Box::new(Not(inner)),
        }
    }

    /// The names of the parameters in the matcher.
    pub(crate) fn params(&self) -> Vec<String> {
        self.rule().params()
    }
}

fn each<T>(parts: &[TextMatcher], what: impl Fn(&dyn TextRule) -> T) -> Vec<T> {
    parts
        .iter()
        .map(|part| what(part.rule().as_ref()))
        .collect()
}

/// Whether the parts have `x` and `not x` among them.
fn complementary(parts: &[TextMatcher]) -> bool {
    let keys: Vec<String> = parts.iter().map(|part| format!("{part:?}")).collect();
    parts.iter().any(|part| match part {
        TextMatcher::Not(inner) => keys.contains(&format!("{inner:?}")),
        _ => false,
    })
}

/// Whether all parts count the same of a text, and every number is within one of them.
fn covers_every_count(prospects: &[Prospects]) -> bool {
    let counts: Option<Vec<&(&str, Limits)>> = prospects
        .iter()
        .map(|prospects| prospects.count.as_ref())
        .collect();
    counts.is_some_and(|counts| {
        let same = counts.windows(2).all(|pair| pair[0].0 == pair[1].0);
        let limits: Vec<&Limits> = counts.iter().map(|(_, limits)| limits).collect();
        same && limits::covered(&limits)
    })
}

/// All parts match.
struct All<'m>(&'m [TextMatcher]);

impl TextRule for All<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        MatchResult::all(each(self.0, |part| part.judge(site, observed)))
    }

    fn describe(&self, scope: &Scope) -> String {
        group("all of", &each(self.0, |part| part.describe(scope)))
    }

    fn prospects(&self) -> Prospects {
        let parts = each(self.0, |part| part.prospects());
        Prospects {
            vacuous: if self.0.is_empty() {
                Some(EMPTY_LIST.to_owned())
            } else {
                each(self.0, vacuous_text).into_iter().flatten().next()
            },
            always: parts.iter().all(|part| part.always),
            never: parts.iter().any(|part| part.never) || complementary(self.0),
            by_samples: parts.iter().all(|part| part.by_samples),
            count: None,
        }
    }

    fn params(&self) -> Vec<String> {
        each(self.0, |part| part.params()).concat()
    }
}

/// At least one part matches.
struct Any<'m>(&'m [TextMatcher]);

impl TextRule for Any<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        MatchResult::any(each(self.0, |part| part.judge(site, observed)), site)
    }

    fn describe(&self, scope: &Scope) -> String {
        group("any of", &each(self.0, |part| part.describe(scope)))
    }

    fn prospects(&self) -> Prospects {
        let parts = each(self.0, |part| part.prospects());
        let by_samples = parts.iter().all(|part| part.by_samples);
        let always = parts.iter().any(|part| part.always)
            || complementary(self.0)
            || covers_every_count(&parts)
            || by_samples && holds_for_samples(self);
        let part = each(self.0, vacuous_text).into_iter().flatten().next();
        Prospects {
            vacuous: part.or_else(|| always.then(|| exhaustive(&self.describe(&Scope::new())))),
            always,
            never: parts.iter().all(|part| part.never),
            by_samples,
            count: None,
        }
    }

    fn params(&self) -> Vec<String> {
        each(self.0, |part| part.params()).concat()
    }
}

/// It does not match.
struct Not<'m>(&'m TextMatcher);

impl TextRule for Not<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        let inner = self.0.rule();
        inner.judge(site, observed).negate(|| {
            let note = match inner.find(observed, site.scope) {
                Some(start) => format!("it is there{}", line_of(&observed.text, start)),
                None => HELD.to_owned(),
            };
            site.differs(self.describe(site.scope), render::shown(&observed.text))
                .with_note(Some(note))
        })
    }

    fn describe(&self, scope: &Scope) -> String {
        format!("not: {}", self.0.rule().describe(scope))
    }

    fn prospects(&self) -> Prospects {
        let inner = self.0.rule();
        let Prospects { always, never, .. } = inner.prospects();
        Prospects {
            vacuous: never.then(|| denies_the_impossible(&inner.describe(&Scope::new()))),
            always: never,
            never: always,
            // `not: contains "x"` holds for every text that nobody thought of.
            by_samples: false,
            count: None,
        }
    }

    fn params(&self) -> Vec<String> {
        self.0.params()
    }
}

/// `, in line 3: the line`, for the place in a text.
fn line_of(text: &str, start: usize) -> String {
    let number = text[..start].matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default();
    format!(", in line {number}: {}", render::clean(line, 120))
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    Json,
    Yaml,
}

impl Syntax {
    /// Its key in claim files.
    pub fn key(self) -> &'static str {
        match self {
            Syntax::Json => "json",
            Syntax::Yaml => "yaml",
        }
    }

    /// Its name in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Syntax::Json => "JSON",
            Syntax::Yaml => "YAML",
        }
    }

    /// Reads a whole text.
    ///
    /// # Errors
    /// As [`kit::json::parse`].
    pub(super) fn parse(self, text: &str) -> Result<Json, JsonError> {
        match self {
            Syntax::Json => kit::json::parse(text.trim()),
            Syntax::Yaml => kit::yaml::document::parse(text),
        }
    }
}

/// A value inside of JSON or YAML.
#[derive(Clone, Debug)]
pub struct JsonTest {
    pub syntax: Syntax,
    pub path: JsonPath,
    /// What it must be like.
    pub matcher: JsonMatcher,
}

impl JsonTest {
    /// `json $.a`.
    pub(super) fn subject(&self) -> String {
        format!("{} {}", self.syntax.key(), self.path.source)
    }

    /// Holds the value inside a text against the matcher.
    pub(super) fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        json::judge(site, self, observed)
    }
}

impl TextRule for &JsonTest {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        let site = site.part(&self.subject());
        JsonTest::judge(self, &site, observed)
    }

    fn describe(&self, scope: &Scope) -> String {
        let value = self.matcher.rule().describe(scope);
        format!("{} {value}", self.subject())
    }

    fn prospects(&self) -> Prospects {
        let Prospects { vacuous, never, .. } = self.matcher.rule().prospects();
        Prospects {
            vacuous,
            never,
            ..Prospects::tried(self)
        }
    }

    fn params(&self) -> Vec<String> {
        self.matcher.params()
    }
}

/// What a JSON value must be like.
#[derive(Clone, Debug)]
pub enum JsonMatcher {
    /// Equal to this value as the claim file spells it: a string equals its own text, a number
    /// equals by value, `true`, `false` and `null` equal by name.
    Is(Text),
    /// Equal to this value, types and all.
    Equals(Json),
    /// There is no such value (`true`), or there is one, whatever it is (`false`).
    Absent(bool),
    /// The number of elements, members or characters.
    Count(Limits),
    /// So many of the values that the path finds, or of the elements or members, match.
    Each(Quantifier, Box<JsonMatcher>),
    /// An object with exactly these keys.
    Keys(Vec<Text>),
    /// The values that the path finds, or the elements, are exactly these, in any order.
    Set(Vec<JsonMatcher>),
    /// At least one of them.
    OneOf(Vec<JsonMatcher>),
    /// `string`, `number`, `boolean`, `null`, `array` or `object`.
    Type(String),
    /// A number within the bounds.
    Number(Limits),
    /// A string that matches; other values are matched by their JSON text.
    Text(Box<TextMatcher>),
    /// All of them.
    All(Vec<JsonMatcher>),
    /// It must not match (and the value must be there).
    Not(Box<JsonMatcher>),
}

impl JsonMatcher {
    /// What the matcher does.
    pub(super) fn rule(&self) -> Box<dyn JsonRule + '_> {
        match self {
            JsonMatcher::Is(text) => Box::new(json::Is(text)),
            JsonMatcher::Equals(value) => Box::new(json::Equals(value)),
            JsonMatcher::Absent(absent) => Box::new(json::Absent(*absent)),
            JsonMatcher::Count(limits) => Box::new(json::Count(limits)),
            JsonMatcher::Each(which, inner) => Box::new(json_each::Each {
                which: *which,
                inner: inner.rule(),
            }),
            JsonMatcher::Keys(keys) => Box::new(json_each::Keys(keys)),
            JsonMatcher::Set(parts) => Box::new(json_each::Set(
                parts.iter().map(JsonMatcher::rule).collect(),
            )),
            JsonMatcher::OneOf(parts) => Box::new(json_each::OneOf(
                parts.iter().map(JsonMatcher::rule).collect(),
            )),
            JsonMatcher::Type(name) => Box::new(json::Type(name)),
            JsonMatcher::Number(limits) => Box::new(json::Number(limits)),
            JsonMatcher::Text(matcher) => Box::new(json::AsText(matcher.rule())),
            JsonMatcher::All(parts) => Box::new(json_combine::AllOfValue(
                parts.iter().map(JsonMatcher::rule).collect(),
            )),
            JsonMatcher::Not(inner) => Box::new(json_combine::NotOfValue(inner.rule())),
        }
    }

    /// The names of the parameters in the matcher.
    pub(crate) fn params(&self) -> Vec<String> {
        self.rule().params()
    }
}
