//! The Markdown blocks of the STATUS and JOURNAL documents.
//!
//! Rules, which tests keep:
//!
//! 1. A block stands between two HTML comments that name its gate, its run and a hash of its text
//!    ([`super::documents`]).
//! 2. STATUS has the claim and how to verify it, and never an observed output or an outcome, so
//!    that the author's observations do not anchor the reviewer. Outputs are in JOURNAL.
//! 3. No line reads as a gate state, except the one of [`claim_block`] for a claim that was made.
//!    People and watchdogs read `## DONE`, `## VETO`, `CLAIMED, awaiting Adversary` and
//!    `## Gate: M1 — PASS` as decisions, and a run decides nothing. Where a command, its output or
//!    a title has such a text, a visible backslash is put into it ([`escape::neutralise`]).
//! 4. Text from outside cannot break out of its place: cells are escaped, fences are longer than
//!    any fence inside them, HTML comments are broken up, control characters are shown.

pub mod escape;
mod journal;
mod status;

pub use journal::journal_entry;
pub use status::{ClaimStanding, claim_block, status_block};

use crate::record::{Act, ChangedVar, RunRecord};
use crate::run::cold_folder;
use claim::outcome::Outcome;
use escape::{code, prose};

/// `✅ PASS`.
pub(crate) fn outcome_label(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "✅ PASS",
        Outcome::Fail => "❌ FAIL",
        Outcome::Error => "⚠️ ERROR",
        Outcome::Toothless => "⚠️ TOOTHLESS",
        Outcome::Unrestored => "🚨 UNRESTORED",
        Outcome::Stale => "⚠️ STALE",
        Outcome::Flaky => "⚠️ FLAKY",
        Outcome::Skipped => "ℹ️ SKIPPED",
        Outcome::Attested => "ℹ️ ATTESTED",
    }
}

/// The commit of a record, as a list item's text.
pub(crate) fn commit_text(record: &RunRecord) -> String {
    let Some(repository) = &record.repository else {
        return "none: the claim file is in no repository, so nothing pins what was checked"
            .to_owned();
    };
    let mut text = code(&repository.commit);
    if let Some(branch) = &repository.branch {
        text.push_str(&format!(" (branch {})", code(branch)));
    }
    if repository.tree != "clone" {
        text.push_str(&format!(
            ", run in the {}: does not count towards a gate",
            prose(&repository.tree)
        ));
    }
    if repository.dirty {
        text.push_str(", **with uncommitted changes beside it**");
    }
    text
}

/// The fresh clone of the record's commit, which a document makes once for all of its lines.
pub(crate) struct FreshClone(Option<String>);

impl FreshClone {
    pub(crate) fn of(record: &RunRecord) -> FreshClone {
        FreshClone(record.commit().map(cold_folder))
    }

    /// The line that makes it and goes there, if any of these lines begins with it.
    pub(crate) fn made_for(&self, mut lines: impl Iterator<Item = String>) -> Option<&str> {
        let made = self.0.as_deref()?;
        lines.any(|line| line.contains(made)).then_some(made)
    }

    /// A line as it is run there; the shell stays where it is.
    pub(crate) fn line(&self, line: &str) -> String {
        let line = match &self.0 {
            None => line.trim().to_owned(),
            Some(made) => line.trim().replace(&format!("{made} && "), ""),
        };
        match line.strip_prefix("cd ") {
            Some(_) => format!("( {line} )"),
            None => line,
        }
    }
}

/// The command that runs a gate's checks again.
fn command_line(record: &RunRecord, gate: &str) -> String {
    format!(
        "gateproof verify {} --gate {}",
        kit::shell::quote(&record.claim.path),
        kit::shell::quote(gate)
    )
}

/// The command that was run, with its selection and role.
fn line_that_was_run(record: &RunRecord) -> String {
    let command = match record.act {
        Act::Claim => "claim",
        Act::Review => "review",
        Act::Verify | Act::Ci | Act::Veto | Act::Lift => return verify_line(record),
    };
    let gates: Vec<String> = record.gates.iter().map(|g| kit::shell::quote(g)).collect();
    format!("gateproof {command} {}", gates.join(" "))
}

fn verify_line(record: &RunRecord) -> String {
    let mut line = format!("gateproof verify {}", kit::shell::quote(&record.claim.path));
    if let Some(selection) = &record.selection {
        line.push_str(&format!(" {selection}"));
    }
    if let Some(options) = changed_values(record) {
        line.push_str(&format!(" {options}"));
    }
    if let Some(role) = &record.role {
        line.push_str(&format!(" --as {}", kit::shell::quote(role)));
    }
    line
}

/// The options that gave other values than the claim file has.
fn changed_values(record: &RunRecord) -> Option<String> {
    let options: Vec<String> = record.changed_vars.iter().map(ChangedVar::option).collect();
    (!options.is_empty()).then(|| options.join(" "))
}

/// The selection of a run if it may have left out checks of a gate; `--gate` alone does not.
fn partial_selection(record: &RunRecord) -> Option<&str> {
    let selection = record.selection.as_deref()?;
    let mut args = selection.split_whitespace();
    loop {
        match (args.next(), args.next()) {
            (None, _) => return None,
            (Some("--gate"), Some(_)) => {}
            _ => return Some(selection),
        }
    }
}

#[cfg(test)]
mod rendered;
#[cfg(test)]
mod tests;
