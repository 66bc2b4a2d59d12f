//! Does what was seen match what was claimed? Pure: no clock, no network, no file.

use crate::claim::expectation::{Expect, Span};
use crate::claim::text::Scope;
use crate::observation::Observation;

/// One matcher that did not hold, with all a reader needs to see why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Where the matcher stands in the claim file.
    pub span: Span,
    /// Which part was looked at: `stdout`, `status`, `header location`, `json $.a` …
    pub subject: String,
    /// What was expected, in the claim's own terms.
    pub expected: String,
    /// What was there instead (bounded, one line where possible).
    pub observed: String,
    /// Why that is not the same, where it is not obvious: sentinel names, a truncated stream …
    pub note: Option<String>,
    /// A line diff, where text is compared.
    pub diff: Option<String>,
}

/// The result of holding an observation against an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Every matcher held.
    Holds,
    /// These matchers did not hold.
    Differs(Vec<Mismatch>),
    /// It cannot be told, and why: the stream a matcher reads was truncated, say.
    Undecidable(String),
}

/// Holds an observation against an expectation. `scope` fills in parameters.
pub fn judge(expect: &Expect, observation: &Observation, scope: &Scope) -> Judgement {
    let _ = (expect, observation, scope);
    Judgement::Undecidable("stub".to_owned())
}

/// shim
pub fn parse_json_path(s: &str) -> Result<crate::claim::expectation::JsonPath, String> {
    if s.starts_with('$') {
        Ok(crate::claim::expectation::JsonPath {
            source: s.into(),
            steps: vec![],
        })
    } else {
        Err("must begin with `$`".into())
    }
}
/// shim
pub fn is_vacuous(_: &Expect) -> Option<String> {
    None
}
/// shim
pub fn holds_on_no_answer(_: &Expect) -> bool {
    false
}
/// shim
pub fn summary(_: &Observation) -> String {
    String::new()
}
/// shim
pub fn pick(_: &crate::claim::Capture, _: &Observation) -> Result<String, String> {
    Err(String::new())
}
