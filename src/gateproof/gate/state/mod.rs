//! The state of every gate of a claim file, computed from records, from `## VETO` lines and from
//! the state of the hosts now. Pure: the same facts give the same state, and time only ever turns
//! a PASS into STALE.
//!
//! A gate is PASS when the newest review of its newest claim, in the role adversary, by another
//! author in another clone, on the same claim digest and commit, from a fresh clone, has a PASS for
//! every check, or for a `human:` check another person's word ([`crate::attest`]). Nothing else counts,
//! and everything that is in the way is listed.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod authors;
#[cfg(test)]
mod cases;
mod judge;
mod model;
mod next;
#[cfg(test)]
mod order;
#[cfg(test)]
mod people;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod walk;

use crate::gate::spec::ClaimSpec;
use std::collections::BTreeSet;

use super::counts::{SignersOf, closings, count, vetoes};
use super::heading::{Reading, StatedState};
use crate::record::{StoredRecord, follow, person};
use claim::outcome::ExitCode;

pub use super::reason::Reason;

pub use crate::gate::gate_state::GateState;
pub use model::{CitedRun, GateFacts, GateStatus, NextStep, PhaseStatus};

use model::PhaseFacts;

/// Computes the state of every gate of a claim file. `records` are those of its phase in any
/// order; `status` and `review` are what the two documents say.
pub fn judge(
    claim: &ClaimSpec,
    records: &[StoredRecord],
    status: &Reading,
    review: &Reading,
    facts: &GateFacts,
) -> PhaseStatus {
    let of_phase = records
        .iter()
        .filter(|it| it.record.claim.phase == claim.phase);
    let mut records: Vec<&StoredRecord> = of_phase.collect();
    records.sort_by(|a, b| {
        let key = |stored: &StoredRecord| (stored.record.ended, stored.record.run_id.clone());
        key(a).cmp(&key(b))
    });
    // The chain decides what is newest; clocks decide only between its branches.
    let (mut records, cyclic) = follow(records, |stored| (&stored.record.run_id, &stored.record));
    records.extend(cyclic);
    let counted = count(&records, &facts.evidence);
    let vetoes = vetoes(&counted, review, &facts.evidence);
    let closings = closings(&counted, review, &facts.evidence);
    let of_file = |stored: &StoredRecord| {
        let of = &stored.record.claim;
        of.path == claim.path || of.sha256 == claim.sha256
    };
    records.retain(|stored| of_file(stored));
    let mut known = PhaseFacts {
        all: records,
        records: counted.records,
        refused: counted.refused,
        vetoes,
        closings,
    };
    known.records.retain(|stored| of_file(stored));
    known.refused.retain(|(stored, _)| of_file(stored));
    let mut gates: Vec<GateStatus> = Vec::new();
    for gate in &claim.gates {
        let status = judge::gate_status(claim, gate, &known, facts);
        let status = judge::behind(gate, status, &gates);
        gates.push(status);
    }
    let mut phase = PhaseStatus {
        phase: claim.phase.clone(),
        title: claim.title.clone(),
        path: claim.path.clone(),
        claim_sha256: claim.sha256.clone(),
        gates,
        next: None,
        declared_done: status.declared_done().map(|done| done.line),
        notes: Vec::new(),
    };
    phase.notes = notes(&phase, status, review, facts);
    phase.notes.extend(who_said_it(&phase, &known, facts));
    phase.next = next::next(&phase);
    phase
}

/// What a reader should know about who made the records: those that do not count, and who wrote the
/// lines of allowed signers that the evidence rests on.
fn who_said_it(phase: &PhaseStatus, known: &PhaseFacts<'_>, facts: &GateFacts) -> Vec<String> {
    let told: BTreeSet<String> = phase
        .gates
        .iter()
        .flat_map(|gate| gate.reasons.iter().map(ToString::to_string))
        .collect();
    let refused = known.refused.iter().map(|(_, why)| why.to_string());
    let mut notes: Vec<String> = refused
        .filter(|why| !told.contains(why))
        .map(|why| format!("does not count: {why}"))
        .collect();
    let signers = &facts.evidence.signers;
    let cited = phase.gates.iter();
    let cited = cited.flat_map(|gate| gate.claim.iter().chain(&gate.verdict));
    let mut seen = BTreeSet::new();
    for run in cited.filter(|run| seen.insert(person(&run.by))) {
        if signers.of != SignersOf::Repository || signers.is_empty() {
            break;
        }
        if !signers.must_sign(&run.by) {
            notes.push(format!(
                "{} does not name {}, so anybody could have written run {}",
                signers.file, run.by, run.run_id
            ));
        }
        notes.extend(signers.lines_of(&run.by).map(|line| signers.told(line)));
    }
    notes
}

/// Statements of documents that the records contradict.
fn notes(
    phase: &PhaseStatus,
    status: &Reading,
    review: &Reading,
    facts: &GateFacts,
) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(line) = phase.declared_done
        && !phase.is_ready()
    {
        let why = match phase.exit_code() {
            ExitCode::Stale => "it was reopened by what is STALE now",
            _ if phase.lacks_only_the_hosts() => "the hosts were not asked this time",
            _ => "the records do not bear it out",
        };
        notes.push(format!("STATUS line {line} declares the phase done; {why}"));
    }
    for (name, reading) in [("STATUS", status), ("REVIEW", review)] {
        for gate in &phase.gates {
            let last = reading
                .statements
                .iter()
                .rev()
                .find(|statement| statement.gate == gate.gate);
            let Some(statement) = last else { continue };
            let passed = matches!(gate.state, GateState::Pass | GateState::Ready);
            if statement.state == StatedState::Pass && !passed {
                notes.push(format!(
                    "{name} line {} says {} {}; by the records it is {}",
                    statement.line, statement.gate, statement.word, gate.state
                ));
            }
            if let Some(when) = statement
                .typed
                .as_ref()
                .filter(|when| when.is_after(facts.now))
            {
                notes.push(format!(
                    "{name} line {}: {when} has not come yet; typed times count for nothing",
                    statement.line
                ));
            }
        }
    }
    let judged = phase
        .gates
        .iter()
        .filter_map(|gate| gate.verdict.as_ref()?.commit.clone());
    for commit in judged.collect::<BTreeSet<_>>() {
        if facts.head.as_ref().is_some_and(|head| *head != commit) {
            let head = facts.head.clone().unwrap_or_default();
            notes.push(format!(
                "the judged commit is {commit}; checked out is {head}"
            ));
        }
    }
    notes
}
