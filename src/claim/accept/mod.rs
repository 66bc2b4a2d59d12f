//! Snapshots that take on what was seen: which may, and the claim file in which they have. Pure.

mod edit;
mod renewed;
#[cfg(test)]
mod tests;

use kit::text::Text;
use kit::yaml::source::Span;
use thiserror::Error;

use crate::expectation::{Clause, Expect, Snapshot, Test, TextMatcher};
use crate::matchers::text_holds;
use crate::{Check, ClaimFile};

/// A matcher of a check that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedMatcher {
    /// Line and column of its clause in the claim file.
    pub at: (usize, usize),
    /// The part of the observation that it is about: `stdout`, `status` …
    pub part: String,
}

/// The texts that a check has seen, each whole.
#[derive(Clone, Debug, Default)]
pub struct SeenTexts {
    pub stdout: Option<String>,
    pub stderr: Option<String>,
    pub body: Option<String>,
}

/// A text of a claim file that takes the place of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// From the end of the key to the end of its value.
    pub span: Span,
    pub text: String,
}

/// Why what a check has seen does not become its snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotAccepted {
    #[error("another matcher than its snapshot does not hold: {0}")]
    OtherMatcher(String),
    #[error("its expectation has no snapshot of {0} by itself, or has several")]
    NoSnapshot(String),
    #[error("it must not hold within a time, and it did: what was seen is what must not be")]
    Never,
    #[error("several checks share the snapshot, as with `for:`, and each sees a text of its own")]
    Shared,
    #[error("the snapshot has `${{{0}}}`, which is known only in a run")]
    Captured(String),
    #[error(
        "what was seen of {0} is not whole: it is too long, a secret is in it, or it is not text"
    )]
    NotWhole(String),
    #[error(
        "there is neither a letter nor a digit in what was seen, and such a snapshot demands nothing"
    )]
    Nothing,
    #[error("line {0} of what was seen would read as a placeholder")]
    ReadsAsPlaceholder(usize),
    #[error("the snapshot cannot be written at its place; write it by hand")]
    CannotWrite,
}

/// What to write into the claim file, so that the snapshots of a check describe what it has seen. `red`
/// are the matchers that did not hold.
///
/// # Errors
/// [`NotAccepted`], where something else is wrong than its snapshots.
pub fn accepted(
    file: &ClaimFile,
    check: &Check,
    red: &[RedMatcher],
    seen: &SeenTexts,
) -> Result<Vec<Replacement>, NotAccepted> {
    if check.timing.never_within.is_some() {
        return Err(NotAccepted::Never);
    }
    let checks = file.gates.iter().flat_map(|gate| &gate.checks);
    if checks.filter(|other| other.span == check.span).count() > 1 {
        return Err(NotAccepted::Shared);
    }
    let clauses = clauses(&check.expect);
    let one = |red: &RedMatcher| {
        let found = clauses.iter().find_map(|clause| {
            let (part, matcher) = text_of(&clause.test)?;
            (file.source.position(clause.span.start) == red.at && part == red.part)
                .then_some((clause, matcher))
        });
        let Some((clause, matcher)) = found else {
            return Err(NotAccepted::OtherMatcher(red.part.clone()));
        };
        let text = match red.part.as_str() {
            "stdout" => &seen.stdout,
            "stderr" => &seen.stderr,
            _ => &seen.body,
        };
        let text = text
            .as_deref()
            .ok_or_else(|| NotAccepted::NotWhole(red.part.clone()))?;
        renew(file, check, clause, &red.part, matcher, text)
    };
    red.iter().map(one).collect()
}

/// The claim file's text with the replacements in it, where it reads as before in all else.
///
/// # Errors
/// [`NotAccepted::CannotWrite`].
pub fn rewritten(before: &str, replacements: &[Replacement]) -> Result<String, NotAccepted> {
    edit::rewritten(before, replacements)
}

/// The parts of an expectation that all must hold.
fn clauses(expect: &Expect) -> Vec<&Clause> {
    match expect {
        Expect::Holds(clause) => vec![clause],
        Expect::All(parts) => parts.iter().flat_map(clauses).collect(),
        // What may hold or must not hold has no one text to take on.
        Expect::Any(_) | Expect::Not(_) => Vec::new(),
    }
}

fn text_of(test: &Test) -> Option<(&'static str, &TextMatcher)> {
    match test {
        Test::Stdout(matcher) => Some(("stdout", matcher)),
        Test::Stderr(matcher) => Some(("stderr", matcher)),
        Test::Body(matcher) => Some(("body", matcher)),
        _ => None,
    }
}

fn renew(
    file: &ClaimFile,
    check: &Check,
    clause: &Clause,
    part: &str,
    matcher: &TextMatcher,
    text: &str,
) -> Result<Replacement, NotAccepted> {
    let parts = match matcher {
        TextMatcher::All(parts) => parts.as_slice(),
        one => std::slice::from_ref(one),
    };
    let is_snapshot = |it: &&TextMatcher| matches!(it, TextMatcher::Snapshot(_));
    if parts.iter().filter(is_snapshot).count() != 1 {
        return Err(NotAccepted::NoSnapshot(part.to_owned()));
    }
    let mut others = parts.iter().filter(|it| !is_snapshot(it));
    if !others.all(|other| text_holds(other, clause, text, &check.scope)) {
        return Err(NotAccepted::OtherMatcher(format!(
            "{part} has one beside the snapshot"
        )));
    }
    let place = edit::snapshot_in(&file.source.text, &clause.span)
        .ok_or_else(|| NotAccepted::NoSnapshot(part.to_owned()))?;
    let open = Text::parse(&place.text).bind(&check.scope);
    if let Some(name) = open.params().next() {
        return Err(NotAccepted::Captured(name.to_owned()));
    }
    let new = renewed::renewed(&place.text, text, &check.scope)?;
    let describes = Snapshot::read(&Text::parse(&new), &check.scope);
    match describes {
        None => Err(NotAccepted::Nothing),
        Some(snapshot) if !snapshot.fits(&check.scope, text) => Err(NotAccepted::CannotWrite),
        Some(_) => Ok(place.replaced(&file.source.text, &new)),
    }
}
