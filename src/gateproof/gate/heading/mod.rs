//! What people have written about gates in STATUS and REVIEW documents: every shape of heading,
//! bold paragraph and bullet that is in use (`## Gate: M1 — PASS @2026-06-13T13:00Z (…)`,
//! `Gate: M1 PASS (…). M2 IN PROGRESS.`, `### E0 / HC2 — title — PASS @2026-05-28`), `## DONE`
//! and `## VETO`. Pure.
//!
//! A gate's state is never taken from these words: it is computed from records
//! ([`super::state`]). They are read to find vetoes, to know that a phase was declared done, and
//! to say where prose and records differ. Nothing is found inside fenced code, quotes, indented
//! code or HTML comments, and prose that merely mentions a gate is not a statement.

mod decisions;
#[cfg(test)]
mod laws;
mod lines;
mod scan;
#[cfg(test)]
mod tests;
mod when;

use std::fmt;

use serde::Serialize;

pub use decisions::{Done, Filing, Veto};
pub use when::When;

/// A place in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// Where the gate's name begins in the document, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// The state that a statement tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Word {
    /// Not claimed: `OPEN`, `NOT YET CLAIMED`, `IN PROGRESS`, `IN FLIGHT`, `AWAITING …`,
    /// `PENDING`, `finalizing`.
    Open,
    /// `CLAIMED`, `RE-CLAIMED`.
    Claimed,
    /// `PASS`, `PASSED`.
    Pass,
    /// `FAIL`, `FAILED`.
    Fail,
    /// The gate is named and no state is told: `## M1 — Fix + controlled reproduction`,
    /// `## Gate claim: M1 — implementation verified`.
    Named,
}

/// Somebody who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    /// Claims gates.
    Builder,
    /// Disbelieves them.
    Adversary,
    /// Supervises from outside.
    Orchestrator,
}

/// What a document says about one gate in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// The gate, as written: `M1`, `DG4.1`, `M2(c)`, `2pc`.
    pub gate: String,
    /// What is told.
    pub word: Word,
    /// The word itself, as written: `RE-CLAIMED`, `IN FLIGHT`; empty for [`Word::Named`].
    pub said: String,
    /// When that was, as far as it is told.
    pub when: Option<When>,
    /// The first commit that is named.
    pub commit: Option<String>,
    /// Who is named as having decided.
    pub by: Option<Party>,
    /// Who is waited for.
    pub awaits: Option<Party>,
    /// The rest, up to the next statement of the line, without outer spaces and asterisks.
    pub tail: String,
    /// Where the gate is named; of a verdict that takes its gate from the section around it, where
    /// its word stands.
    pub place: Place,
}

impl Statement {
    /// The time that was typed behind the state, as in `PASS @2026-06-13T13:00Z`; one that the
    /// rest of the line mentions may be of anything.
    pub fn typed(&self) -> Option<&When> {
        let when = self.when.as_ref()?;
        (!when::told_in(&self.tail, when)).then_some(when)
    }
}

/// The newest shape, as a second-level heading; reading it gives the same statement.
impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "## Gate: {}", self.gate)?;
        if !self.said.is_empty() {
            write!(f, " — {}", self.said)?;
        }
        // A time without `@` stands in the tail and is there already.
        if let Some(when) = &self.when
            && !when::told_in(&self.tail, when)
        {
            write!(f, " @{when}")?;
        }
        let joined = self.tail.is_empty() || self.tail.starts_with([',', '.', ';', ':']);
        write!(f, "{}{}", if joined { "" } else { " " }, self.tail)
    }
}

/// All that a document says about gates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Statements in the order of the document.
    pub statements: Vec<Statement>,
    /// `## VETO` headings, the lifted ones too.
    pub vetoes: Vec<Veto>,
    /// `## DONE` headings, those that are not meant too.
    pub done: Vec<Done>,
    /// Findings that somebody filed: `### A1 [adversary] …`.
    pub filed: Vec<Filing>,
    /// Findings that are said to be closed.
    pub closed: Vec<String>,
}

impl Reading {
    /// The vetoes that nobody has lifted.
    pub fn open_vetoes(&self) -> impl Iterator<Item = &Veto> {
        self.vetoes.iter().filter(|veto| !veto.lifted)
    }

    /// The heading that declares the phase done, if one does.
    pub fn declared_done(&self) -> Option<&Done> {
        self.done.iter().find(|done| done.holds)
    }
}

/// Reads a document. `known` are the gates of the claim file: with them a gate is recognised
/// whatever its name looks like; without `Gate` before it, an unknown name has to look like one
/// (`M1`, `DG4.1`, `V8a`, `M2(c)`).
pub fn read(document: &str, known: &[&str]) -> Reading {
    let lines = lines::lines(document);
    let mut statements = Vec::new();
    // The gates of the sections we are in, by heading level.
    let mut sections: Vec<(usize, Vec<String>)> = Vec::new();
    for line in &lines {
        let outer = match line.kind {
            lines::Kind::Heading(level) => {
                sections.retain(|(above, _)| *above < level);
                sections.last().map(|(_, gates)| gates.as_slice())
            }
            _ => None,
        };
        let found = scan::statements(line, known, outer.unwrap_or(&[]));
        if let lines::Kind::Heading(level) = line.kind
            && !found.is_empty()
        {
            let mut gates: Vec<String> = found.iter().map(|said| said.gate.clone()).collect();
            gates.dedup();
            sections.push((level, gates));
        }
        statements.extend(found);
    }
    Reading {
        statements,
        vetoes: decisions::vetoes(&lines, known),
        done: decisions::done(&lines, known),
        filed: decisions::filed(&lines),
        closed: decisions::closed(&lines),
    }
}
