//! The expectations of a claim, as data: which part of an observation must match what.

use regex::Regex;

use super::text::Text;
use crate::observation::NoAnswerCause;

/// Where something stands in a claim file, in bytes.
pub type Span = std::ops::Range<usize>;

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
    Duration(Bounds),
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
    Lines(Bounds),
    /// The number of non-overlapping matches of the expression.
    Count {
        /// What is counted.
        of: Regex,
        /// How many there must be.
        bounds: Bounds,
    },
    /// The set of lines, each trimmed, empty ones dropped, is exactly this set.
    SetEquals(Vec<Text>),
    /// The text is a number within the bounds.
    Number(Bounds),
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

/// A path such as `$.a.b[0]["c d"]`. Without wildcards: it names one value or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath {
    /// The path as written.
    pub source: String,
    /// The steps from the root.
    pub steps: Vec<JsonStep>,
}

/// One step of a [`JsonPath`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonStep {
    /// A member of an object.
    Key(String),
    /// An element of an array; negative counts from the end.
    Index(i64),
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
    Count(Bounds),
    /// `string`, `number`, `boolean`, `null`, `array` or `object`.
    Type(String),
    /// A number within the bounds.
    Number(Bounds),
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
    pub days_left: Option<Bounds>,
    /// SHA-256 fingerprint of the DER bytes, lower-case hex without colons.
    pub sha256: Option<String>,
    /// One of its names is this.
    pub name: Option<Text>,
}
