//! The expectations of a claim, as data: which part of an observation must match what.

pub use crate::matchers::bounds::{Bounds, Give, Relation};
pub use crate::matchers::certificate::CertificateMatcher;
pub use crate::matchers::cookie::{CookieMatcher, CookieParts};
pub use crate::matchers::each::Quantifier;
pub use crate::matchers::exit::ExitMatcher;
pub use crate::matchers::header::HeaderMatcher;
pub use crate::matchers::limits::{Limits, Measure, OpenBound};
pub use crate::matchers::moment::TimeFormat;
pub use crate::matchers::number::{Form, Reading, Unit};
pub use crate::matchers::status::{StatusItem, StatusMatcher};
pub use crate::matchers::test_run::TestRunMatcher;
pub use crate::matchers::value::secrets::{SecretsMatcher, environment_key};
pub use crate::matchers::value::time::{TimeBound, TimeMatcher, TimeRelation};
pub use crate::matchers::value::version::VersionBounds;
pub use crate::matchers::value::{JsonMatcher, JsonTest, Needle, Snapshot, Syntax, TextMatcher};
use kit::yaml::source::Span;

/// What must hold.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "most of an expectation are clauses, and a file has some hundreds of them at most"
)]
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
    pub span: Span,
    pub test: Test,
    /// The claim does not write it: exit 0, or a 2xx status.
    pub implied: bool,
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
    Body(TextMatcher),
    /// The HTTP headers of a name.
    Header(String, HeaderMatcher),
    /// The cookies that the answer sets: those of a name, or all.
    Cookie(Option<String>, CookieMatcher),
    /// A value inside of JSON or YAML: of standard output, or of the body.
    Json(JsonTest),
    /// The counts of the tests that a command ran, as its output tells them.
    TestRun(Box<TestRunMatcher>),
    /// How long it took, in milliseconds.
    Duration(Limits),
    /// The certificate the server presented.
    Certificate(CertificateMatcher),
}
