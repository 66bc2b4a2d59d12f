//! The expectations of a claim, as data: which part of an observation must match what.

use std::time::Duration;

use regex::Regex;

use kit::json_path::JsonPath;
use kit::text::Text;
use kit::yaml::source::Span;
use reach::observation::NoAnswerCause;

/// What must hold.
#[derive(Clone, Debug)]
pub enum Expect {
    /// One test of one part of the observation.
    Holds(Clause),
    /// All of them (a map of matchers, or `all:`).
    All(Vec<Expect>),
    /// At least one of them (`any:`).
    Any(Vec<Expect>),
    /// It must not hold (`not:`).
    Not(Box<Expect>),
}

/// One test, and where it stands in the claim file.
#[derive(Clone, Debug)]
pub struct Clause {
    /// Where the matcher stands.
    pub span: Span,
    /// The test.
    pub test: Test,
}

/// A part of an observation, and what it must match.
#[derive(Clone, Debug)]
pub enum Test {
    /// A command's exit status or signal.
    Exit(ExitMatcher),
    /// A command's standard output.
    Stdout(TextMatcher),
    /// A command's standard error.
    Stderr(TextMatcher),
    /// An HTTP status, or that there was no answer.
    Status(StatusMatcher),
    /// An HTTP body.
    Body(TextMatcher),
    /// An HTTP header; `None` for the matcher says that it must be absent. With several
    /// headers of the name, one that matches is enough.
    Header(String, Option<TextMatcher>),
    /// A value inside JSON: of standard output, or of the body.
    Json(JsonTest),
    /// How long it took, in milliseconds.
    Duration(Limits),
    /// The certificate the server presented.
    Certificate(CertificateMatcher),
}

/// A command's ending.
#[derive(Clone, Debug, PartialEq)]
pub enum ExitMatcher {
    /// One of these exit codes.
    OneOf(Vec<i32>),
    /// Any exit code but these.
    NoneOf(Vec<i32>),
    /// Ended by this signal, also when a shell reports it as 128 + n.
    Signal(i32),
}

/// An HTTP status.
#[derive(Clone, Debug, PartialEq)]
pub enum StatusMatcher {
    /// One of these items.
    OneOf(Vec<StatusItem>),
    /// None of these items, but an answer there must be.
    NoneOf(Vec<StatusItem>),
}

/// One thing a status can be claimed to be.
#[derive(Clone, Debug, PartialEq)]
pub enum StatusItem {
    /// Exactly this status of a real answer.
    Code(u16),
    /// A class such as `2xx`: its first digit.
    Class(u16),
    /// No answer, as the claim spells it (`999`, `000`, `no-answer`), and for which causes
    /// (empty: for any).
    NoAnswer {
        /// The claim's own spelling.
        spelling: String,
        /// The causes that count; any when empty.
        causes: Vec<NoAnswerCause>,
    },
}

/// What a text must be like. Unless said otherwise the text is compared without the white
/// space at its two ends.
#[derive(Clone, Debug)]
pub enum TextMatcher {
    /// Equal, after trimming both ends of both sides.
    Equals(Text),
    /// Contains this (untrimmed).
    Contains(Text),
    /// Matches this regular expression somewhere.
    Matches(Regex),
    /// Nothing but white space (`true`), or something else (`false`).
    Empty(bool),
    /// Starts with this.
    StartsWith(Text),
    /// Ends with this.
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
    /// The number of lines (of the text trimmed at its end; the empty text has none).
    Lines(Limits),
    /// The number of non-overlapping matches of the expression.
    Count {
        /// What is counted.
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
    /// A value inside the text read as JSON.
    Json(Box<JsonTest>),
    /// The SHA-256 of the bytes (untrimmed), lower-case hex.
    Sha256(String),
    /// All of them.
    All(Vec<TextMatcher>),
    /// At least one of them.
    Any(Vec<TextMatcher>),
    /// It must not match.
    Not(Box<TextMatcher>),
}

/// Bounds on a number; all that are set must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds {
    /// Equal to.
    pub equals: Option<f64>,
    /// Not equal to.
    pub not: Option<f64>,
    /// At least.
    pub min: Option<f64>,
    /// At most.
    pub max: Option<f64>,
    /// More than.
    pub above: Option<f64>,
    /// Less than.
    pub below: Option<f64>,
}

impl Bounds {
    /// Adds a bound; of two of a kind the narrower stays.
    pub fn narrow(&mut self, relation: Relation, value: f64) {
        let higher = |old: Option<f64>, new: f64| Some(old.map_or(new, |old| old.max(new)));
        let lower = |old: Option<f64>, new: f64| Some(old.map_or(new, |old| old.min(new)));
        match relation {
            Relation::Equals => self.equals = Some(value),
            Relation::Not => self.not = Some(value),
            Relation::Min => self.min = higher(self.min, value),
            Relation::Max => self.max = lower(self.max, value),
            Relation::Above => self.above = higher(self.above, value),
            Relation::Below => self.below = lower(self.below, value),
            Relation::Near(give) => {
                let give = match give {
                    Give::By(by) => by,
                    Give::Percent(percent) => value.abs() * percent / 100.0,
                };
                self.min = higher(self.min, decimal(value - give));
                self.max = lower(self.max, decimal(value + give));
            }
        }
    }
}

/// A sum of decimals as a decimal: 0.7 and 0.1 are 0.8, and not a little less.
fn decimal(sum: f64) -> f64 {
    if !sum.is_finite() || sum.fract() == 0.0 {
        return sum;
    }
    format!("{sum:.14e}").parse().unwrap_or(sum)
}

/// Bounds on a number as a claim says them: numbers, and values that are not known before the
/// run. All of them must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// The bounds that the claim file tells.
    pub known: Bounds,
    /// Those that are read when the observation is judged.
    pub open: Vec<OpenBound>,
}

impl From<Bounds> for Limits {
    fn from(known: Bounds) -> Self {
        Limits {
            known,
            open: Vec::new(),
        }
    }
}

/// A bound that is read when the observation is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenBound {
    /// What the number must be to it.
    pub relation: Relation,
    /// Its text: `${before}`, or for `near` also a number.
    pub value: Text,
    /// As what the text is read.
    pub measure: Measure,
}

/// What a number must be to a bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Relation {
    /// Equal to it.
    Equals,
    /// Not equal to it.
    Not,
    /// At least it.
    Min,
    /// At most it.
    Max,
    /// More than it.
    Above,
    /// Less than it.
    Below,
    /// The same, give or take this.
    Near(Give),
}

/// How far a number may be from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Give {
    /// This much (of durations: milliseconds).
    By(f64),
    /// This many percent of the other.
    Percent(f64),
}

/// As what the text of a bound is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// A plain decimal number.
    Number,
    /// A duration with its unit, in milliseconds.
    Millis,
}

/// What a time must be like.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeMatcher {
    /// How a bare number is read.
    pub clock: Clock,
    /// All of them must hold.
    pub bounds: Vec<TimeBound>,
}

/// How a bare number is read where a time is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// Not at all: times are dates.
    #[default]
    Date,
    /// As seconds since 1970 (UTC).
    Seconds,
    /// As milliseconds since 1970 (UTC).
    Milliseconds,
}

/// A bound of a time.
#[derive(Clone, Debug, PartialEq)]
pub enum TimeBound {
    /// How it lies to another time.
    Is(Order, Text),
    /// The same as the other time, give or take this.
    Near(Text, Duration),
    /// Less than so long before it was observed.
    NewerThan(Duration),
    /// More than so long before it was observed.
    OlderThan(Duration),
}

/// How a time lies to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The same moment.
    Equals,
    /// Later.
    After,
    /// Earlier.
    Before,
    /// Later or the same.
    NotBefore,
    /// Earlier or the same.
    NotAfter,
}

/// Which secrets must not be in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretsMatcher {
    /// Nothing that is secret by its look.
    Shapes,
    /// The values that these variables have in the environment of whoever runs gateproof, as
    /// they are and in the encodings in which programs echo them.
    ValuesOf(Vec<String>),
}

/// Under this name a [`super::text::Scope`] holds the value of an environment variable that
/// must not be seen. No claim can use it in a text: it is no name of a parameter.
pub fn environment_key(name: &str) -> String {
    format!("env:{name}")
}

/// Bounds on a dotted version; all that are set must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VersionBounds {
    /// Equal to.
    pub equals: Option<String>,
    /// At least.
    pub min: Option<String>,
    /// At most.
    pub max: Option<String>,
    /// More than.
    pub above: Option<String>,
    /// Less than.
    pub below: Option<String>,
}

/// A value inside JSON.
#[derive(Clone, Debug)]
pub struct JsonTest {
    /// Which value.
    pub path: JsonPath,
    /// What it must be like.
    pub matcher: JsonMatcher,
}

/// What a JSON value must be like.
#[derive(Clone, Debug)]
pub enum JsonMatcher {
    /// Equal to this value as the claim file spells it: a string equals its own text, a number
    /// equals by value, `true`, `false` and `null` equal by name.
    Is(Text),
    /// Equal to this value, types and all.
    Equals(serde_json::Value),
    /// There is no such value (`true`), or there is one, whatever it is (`false`).
    Absent(bool),
    /// The number of elements, members or characters.
    Count(Limits),
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

/// What the presented certificate must be like; all that are set must hold.
#[derive(Clone, Debug, Default)]
pub struct CertificateMatcher {
    /// Days until it expires.
    pub days_left: Option<Limits>,
    /// SHA-256 fingerprint of the DER bytes, lower-case hex without colons.
    pub sha256: Option<String>,
    /// One of its names is this.
    pub name: Option<Text>,
}
