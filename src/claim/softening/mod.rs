//! What a claim file demands less of than an earlier one did, in order of gravity. Pure.
//!
//! Who may change a check may make it pass. What is taken away, made wider or asked otherwise is named here
//! with what stood there before, so that a reviewer need not find it in a diff.

mod checks;
mod expectations;
mod files;
mod judged;
mod samples;

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::Serialize;

use crate::{Acknowledgement, ClaimFile};

/// How much a change can hide, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Gravity {
    /// Something that was demanded is not demanded any more: a gate, a check, a matcher, a control.
    Removed,
    /// It is still asked, and holds in more worlds than before.
    Loosened,
    /// It has more time, or more tries.
    Slackened,
    /// It asks something else, and nothing tells whether that is less.
    Changed,
}

impl Gravity {
    /// The word for tables.
    pub fn name(self) -> &'static str {
        match self {
            Gravity::Removed => "removed",
            Gravity::Loosened => "loosened",
            Gravity::Slackened => "slackened",
            Gravity::Changed => "changed",
        }
    }

    /// Whether it demands less for certain, so that it has to be acknowledged.
    pub fn is_softer(self) -> bool {
        self != Gravity::Changed
    }
}

/// One change by which a claim may be easier to meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Softening {
    pub gravity: Gravity,
    /// Of what: `M1`, `M1/restic-runs`, `fixture proxy-down`, `host cc-ci`, `file`.
    pub of: String,
    /// What was changed, such as `timeout`.
    pub what: String,
    /// What stood there; empty where nothing did.
    pub was: String,
    /// What stands there now; empty where nothing does.
    pub now: String,
    /// Why this is softer, where the values do not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The reason that the newer file gives for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<String>,
}

/// What the files of a phase demand less of than those of an earlier commit, the gravest first.
///
/// An acknowledgement counts only if the earlier files do not have it: one that is left standing does not
/// speak for what comes after it.
pub fn softenings(before: &[&ClaimFile], after: &[&ClaimFile]) -> Vec<Softening> {
    let mut found = Found::default();
    files::compare(before, after, &mut found);
    let fresh = fresh_acknowledgements(before, after);
    for softening in &mut found.all {
        let reason = fresh.iter().find(|it| covers(it, &softening.of));
        softening.acknowledged = reason.map(|it| it.reason.clone());
    }
    // Stable: within a gravity in the order of the file.
    found.all.sort_by_key(|softening| softening.gravity);
    found.all
}

/// The changes for which the newer files give no reason, and should.
pub fn unacknowledged(all: &[Softening]) -> impl Iterator<Item = &Softening> {
    let open = |it: &&Softening| it.gravity.is_softer() && it.acknowledged.is_none();
    all.iter().filter(open)
}

fn fresh_acknowledgements<'f>(
    before: &[&ClaimFile],
    after: &[&'f ClaimFile],
) -> Vec<&'f Acknowledgement> {
    let old = |it: &&Acknowledgement| before.iter().any(|file| file.softened.contains(it));
    let all = after.iter().flat_map(|file| &file.softened);
    all.filter(|it| !old(it)).collect()
}

/// Whether it speaks for a change of this: of exactly that, of its gate, or of its row of a `for:`.
fn covers(acknowledgement: &Acknowledgement, of: &str) -> bool {
    let rest = of.strip_prefix(acknowledgement.of.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
}

/// What was found so far, and how it is added.
#[derive(Debug, Default)]
struct Found {
    all: Vec<Softening>,
}

impl Found {
    fn add(&mut self, gravity: Gravity, of: &str, what: &str, was: &str, now: &str) {
        self.noted(gravity, of, what, (was, now), None);
    }

    fn noted(
        &mut self,
        gravity: Gravity,
        of: &str,
        what: &str,
        (was, now): (&str, &str),
        note: Option<String>,
    ) {
        self.all.push(Softening {
            gravity,
            of: of.to_owned(),
            what: what.to_owned(),
            was: was.to_owned(),
            now: now.to_owned(),
            note,
            acknowledged: None,
        });
    }

    /// Adds what stood there and stands there no more.
    fn gone(&mut self, of: &str, what: &str, was: Option<&str>, now: Option<&str>) {
        if let (Some(was), None) = (was, now) {
            self.add(Gravity::Removed, of, what, was, "");
        }
    }

    /// Adds a time that became longer.
    fn longer(&mut self, of: &str, what: &str, was: Duration, now: Duration) {
        if now > was {
            let words = |time| humantime::format_duration(time).to_string();
            self.add(Gravity::Slackened, of, what, &words(was), &words(now));
        }
    }

    /// Adds a change whose direction is not known.
    fn differs(&mut self, of: &str, what: &str, was: &str, now: &str) {
        if was != now {
            self.add(Gravity::Changed, of, what, was, now);
        }
    }
}
