//! Does an observation match the claim? Pure: no clock, no network, no file.
//!
//! A matcher has three results: it holds, it differs, or it is undecidable (`result.rs`). A
//! certain difference decides a conjunction, whatever else is unknown. A negation exchanges the
//! first two results, except where there was nothing fit to match (no answer, no JSON, no
//! number): there neither a matcher nor its negation holds.

pub(crate) mod bounds;
mod bytes;
mod capture;
pub(crate) mod certificate;
pub(crate) mod cookie;
mod describe;
mod diff;
pub(crate) mod each;
pub(crate) mod exit;
pub(crate) mod header;
mod judged;
pub(crate) mod limits;
pub(crate) mod moment;
pub(crate) mod number;
mod observation;
mod observed;
mod open;
mod panel;
mod render;
mod result;
mod rule;
mod sentinel;
pub(crate) mod status;
mod summary;
pub(crate) mod test_run;
mod test_tally;
mod vacuous;
pub(crate) mod value;
mod words;

#[cfg(test)]
mod tests;

use crate::expectation::{Expect, StatusMatcher, Test, TextMatcher};
use kit::text::Scope;
use kit::yaml::source::Span;
use reach::observation::{Captured, HttpObservation, Observation};

use chrono::{DateTime, Utc};

pub use capture::pick;
pub use judged::judged_values;
pub(crate) use limits::millis;
pub use limits::read_bound;
pub use moment::read_time;
pub use result::{Judgement, Mismatch};
pub use summary::summary;
pub use vacuous::{holds_on_no_answer, is_vacuous};
pub(crate) use value::placeholders;
pub use value::sha256::read_sha256;
pub(crate) use words::in_words;

use observation::Context;
use observed::ObservedText;
use result::{MatchResult, MatchSite};
use summary::Single;

/// An observation of a command that ended with 0 and printed this.
pub(crate) fn succeeded(printed: &str) -> Observation {
    panel::command(reach::observation::Ending::Exited(0), printed, "")
}

/// An observation of a command that ended with this code and printed this.
pub(crate) fn ended(code: i32, printed: &str) -> Observation {
    panel::command(reach::observation::Ending::Exited(code), printed, "")
}

/// The observations of no answer at all, of every cause.
pub(crate) fn silent() -> impl Iterator<Item = Observation> {
    panel::silences()
}

/// The expectation in the claim's own terms, with the values that are known.
pub(crate) fn expectation_words(expect: &Expect, scope: &Scope) -> String {
    describe::expect(expect, scope)
}

/// The numbers that bounds state in the claim file.
pub(crate) fn known_limits(limits: &crate::expectation::Limits) -> Vec<kit::decimal::Decimal> {
    bounds::limits(&limits.known).cloned().collect()
}

/// An observation of an answer.
pub(crate) fn answered(status: u16, body: &str) -> Observation {
    panel::answer(status, body)
}

/// An observation of an answer whose body cannot be read.
pub(crate) fn unreadable(status: u16) -> Observation {
    panel::unreadable(status)
}

/// Holds an observation against an expectation. `scope` fills in parameters.
///
/// With several vantages the expectation must hold at each of them, and all must have observed
/// the same status (or all no answer).
pub fn judge(expect: &Expect, observation: &Observation, scope: &Scope) -> Judgement {
    let result = match observation {
        Observation::Command(command) => {
            let context = Context {
                single: Single::Command(command),
                vantage: None,
                scope,
            };
            observation::judge(context, expect)
        }
        Observation::Http(vantages) if vantages.is_empty() => {
            MatchResult::Undecidable("nothing was requested".to_owned())
        }
        Observation::Http(vantages) => {
            let several = vantages.len() > 1;
            let each = vantages.iter().map(|http| {
                let context = Context {
                    single: Single::Http(http),
                    vantage: several.then_some(http.vantage.as_str()),
                    scope,
                };
                observation::judge(context, expect)
            });
            MatchResult::all(each.chain([agreement(expect, vantages, scope)]))
        }
    };
    result.into()
}

/// A text by itself, such as what a service has printed so far.
#[derive(Clone, Copy, Debug)]
pub struct Printed<'t> {
    pub captured: &'t Captured,
    /// Its name in messages.
    pub name: &'t str,
    /// When it was observed.
    pub at: DateTime<Utc>,
}

/// Holds a text by itself against a matcher. `span` is where the matcher stands.
pub fn judge_text(
    matcher: &TextMatcher,
    printed: &Printed<'_>,
    span: Span,
    scope: &Scope,
) -> Judgement {
    let site = MatchSite {
        span,
        subject: printed.name.to_owned(),
        scope,
        at: printed.at,
    };
    let observed = ObservedText::stream(printed.captured, printed.name);
    matcher.rule().judge(&site, &observed).into()
}

/// Whether a matcher of a clause holds on a whole text, for which no moment is known.
pub(crate) fn text_holds(
    matcher: &TextMatcher,
    clause: &crate::expectation::Clause,
    text: &str,
    scope: &Scope,
) -> bool {
    let site = MatchSite {
        span: clause.span.clone(),
        subject: String::new(),
        scope,
        at: DateTime::UNIX_EPOCH,
    };
    let observed = ObservedText::whole(text);
    matcher.rule().judge(&site, &observed).holds()
}

/// All vantages observed the same status, or all observed no answer.
fn agreement(expect: &Expect, vantages: &[HttpObservation], scope: &Scope) -> MatchResult {
    let statuses: Vec<Option<u16>> = vantages
        .iter()
        .map(|http| http.answer.as_ref().ok().map(|response| response.status))
        .collect();
    if statuses.windows(2).all(|pair| pair[0] == pair[1]) {
        return MatchResult::Holds;
    }
    let status_span = observation::clauses(expect)
        .into_iter()
        .find(|clause| {
            matches!(
                &clause.test,
                Test::Status(StatusMatcher::OneOf(_) | StatusMatcher::NoneOf(_))
            )
        })
        .map(|clause| clause.span.clone());
    let site = MatchSite {
        span: status_span.unwrap_or_else(|| observation::span(expect)),
        subject: "vantage".to_owned(),
        scope,
        at: vantages
            .first()
            .map_or(DateTime::UNIX_EPOCH, |http| http.at),
    };
    site.differs("the same status from everywhere", summary::each(vantages))
}
