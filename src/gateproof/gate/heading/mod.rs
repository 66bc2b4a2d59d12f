//! What people have written about gates in STATUS and REVIEW documents. Pure.
//!
//! A gate's state is never taken from these headings: it is computed from records
//! ([`super::state`]). Three kinds of text have an effect: `## VETO` and its lifting, `## DONE`,
//! and findings that are filed or closed. Statements (`## Gate: M1 — PASS @2026-06-13T13:00Z`,
//! `Gate: M1 PASS (…). M2 IN PROGRESS.`, `### PASS @…` below its gate's heading) are read only to
//! report where a document and the records differ. Nothing is read inside fenced code, quotes,
//! indented code or HTML comments, and prose that merely mentions a gate is not a statement.

mod decisions;
#[cfg(test)]
mod laws;
mod lines;
mod model;
mod scan;
#[cfg(test)]
mod tests;
mod when;

pub use model::{ClosedLine, DoneHeading, FiledHeading, StatedState, Statement, Veto};
pub use when::When;

use lines::LineKind;

/// All that a document says about gates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Statements in the order of the document.
    pub statements: Vec<Statement>,
    /// `## VETO` headings, the lifted ones too.
    pub vetoes: Vec<Veto>,
    /// `## DONE` headings, also those that do not declare anything done.
    pub done: Vec<DoneHeading>,
    /// Findings that the document files: `### A1 [adversary] …`.
    pub filed: Vec<FiledHeading>,
    /// Lines that close findings.
    pub closed: Vec<ClosedLine>,
}

impl Reading {
    /// The vetoes that no text of the document lifts. Whether that text counts is decided in
    /// [`super::counts`].
    pub fn open_vetoes(&self) -> impl Iterator<Item = &Veto> {
        self.vetoes.iter().filter(|veto| veto.is_open())
    }

    /// The heading that declares the phase done, if there is one.
    pub fn declared_done(&self) -> Option<&DoneHeading> {
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
        let LineKind::Heading(level) = line.kind else {
            statements.extend(scan::scan(line, known, &[]).statements);
            continue;
        };
        sections.retain(|(above, _)| *above < level);
        let outer = sections.last().map_or(&[][..], |(_, gates)| gates);
        let found = scan::scan(line, known, outer);
        statements.extend(found.statements);
        if !found.gates.is_empty() {
            sections.push((level, found.gates));
        }
    }
    Reading {
        statements,
        vetoes: decisions::vetoes(&lines, known),
        done: decisions::done(&lines),
        filed: decisions::filed(&lines),
        closed: decisions::closed(&lines),
    }
}
