//! Does what was seen match what was claimed? Pure: no clock, no network, no file.
//!
//! A matcher has three answers: it holds, it differs, or it cannot be told (`verdict.rs`). What
//! differs certainly decides a conjunction, whatever else is unknown; a negation turns the first
//! two round, except where there was nothing fit to be looked at (no answer, no JSON, no
//! number): there neither a matcher nor its negation holds.

mod bounds;
mod capture;
mod certificate;
mod describe;
mod diff;
mod exit;
mod json;
mod limits;
mod lines;
mod look;
mod moment;
mod number;
mod open;
mod panel;
mod pattern;
mod render;
mod secrets;
mod sentinel;
mod status;
mod summary;
mod text;
mod time;
mod vacuous;
mod verdict;
mod version;

#[cfg(test)]
mod tests;

use crate::expectation::{Expect, StatusMatcher, Test, TextMatcher};
use kit::text::Scope;
use kit::yaml::source::Span;
use reach::observation::{Captured, HttpObservation, Observation};

use chrono::{DateTime, Utc};

pub use capture::pick;
pub use limits::read_bound;
pub use moment::read_time;
pub use summary::summary;
pub use vacuous::{holds_on_no_answer, is_vacuous};

use look::{Look, One};
use verdict::{Site, Verdict};

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
///
/// With several vantages the expectation must hold at each of them, and all must have seen the
/// same status (or all no answer).
pub fn judge(expect: &Expect, observation: &Observation, scope: &Scope) -> Judgement {
    let verdict = match observation {
        Observation::Command(command) => {
            let look = Look {
                one: One::Command(command),
                vantage: None,
                scope,
            };
            look::judge(look, expect)
        }
        Observation::Http(seen) if seen.is_empty() => {
            Verdict::Undecidable("nothing was asked".to_owned())
        }
        Observation::Http(seen) => {
            let several = seen.len() > 1;
            let each = seen.iter().map(|http| {
                let look = Look {
                    one: One::Http(http),
                    vantage: several.then_some(http.vantage.as_str()),
                    scope,
                };
                look::judge(look, expect)
            });
            Verdict::all(each.chain([agreement(expect, seen, scope)]))
        }
    };
    verdict.into()
}

/// A text by itself, such as what a service has printed so far.
#[derive(Clone, Copy, Debug)]
pub struct Printed<'t> {
    /// The text.
    pub captured: &'t Captured,
    /// What it is called.
    pub name: &'t str,
    /// When it was seen.
    pub at: DateTime<Utc>,
}

/// Holds a text by itself against a matcher. `span` is where the matcher stands.
pub fn judge_text(
    matcher: &TextMatcher,
    printed: &Printed<'_>,
    span: Span,
    scope: &Scope,
) -> Judgement {
    let site = Site {
        span,
        subject: printed.name.to_owned(),
        scope,
        at: printed.at,
    };
    text::judge(
        &site,
        matcher,
        &text::Seen::stream(printed.captured, printed.name),
    )
    .into()
}

/// All vantages saw the same status, or all saw no answer.
fn agreement(expect: &Expect, seen: &[HttpObservation], scope: &Scope) -> Verdict {
    let statuses: Vec<Option<u16>> = seen
        .iter()
        .map(|http| http.answer.as_ref().ok().map(|response| response.status))
        .collect();
    if statuses.windows(2).all(|pair| pair[0] == pair[1]) {
        return Verdict::Holds;
    }
    let status_span = look::clauses(expect)
        .into_iter()
        .find(|clause| {
            matches!(
                &clause.test,
                Test::Status(StatusMatcher::OneOf(_) | StatusMatcher::NoneOf(_))
            )
        })
        .map(|clause| clause.span.clone());
    let site = Site {
        span: status_span.unwrap_or_else(|| look::span(expect)),
        subject: "vantage".to_owned(),
        scope,
        at: seen.first().map_or(DateTime::UNIX_EPOCH, |http| http.at),
    };
    site.differs("the same status from everywhere", summary::each(seen))
}
