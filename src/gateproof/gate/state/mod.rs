//! The state of every gate of a claim file, computed from records, from `## VETO` lines and from
//! what the hosts say now. Pure: the same facts give the same state, and time only ever turns a
//! PASS into STALE.
//!
//! A gate is PASS when the newest review of its newest claim, in the role adversary, by another
//! author in another clone, on the same claim digest and commit, from a fresh clone, saw PASS in
//! every check, or of a `human:` one another person's word ([`crate::attest`]). Nothing else counts,
//! and whatever is in the way is said.

#[cfg(test)]
mod cases;
mod counts;
#[cfg(test)]
mod people;
mod reason;
#[cfg(test)]
mod tests;
mod verdict;
#[cfg(test)]
mod walk;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::heading::{Reading, Word};
use crate::record::{Act, HostState, RunRecord, follow};
use claim::outcome::ExitCode;
pub use reason::Reason;

/// The state of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum GateState {
    /// Nobody claims the gate as it is now.
    #[serde(rename = "OPEN")]
    Open,
    /// Claimed, and no verdict that counts.
    #[serde(rename = "CLAIMED")]
    Claimed,
    /// The newest review saw something that does not hold.
    #[serde(rename = "FAIL")]
    Fail,
    /// Somebody forbids it.
    #[serde(rename = "VETO")]
    Veto,
    /// It passed once, and that no longer counts.
    #[serde(rename = "STALE")]
    Stale,
    /// It passed and that counts, but something else is in the way of DONE.
    #[serde(rename = "PASS")]
    Pass,
    /// It passed, and nothing is in the way.
    #[serde(rename = "DONE-ready")]
    Ready,
}

impl GateState {
    /// The state's name as it stands in tables.
    pub fn name(self) -> &'static str {
        match self {
            GateState::Open => "OPEN",
            GateState::Claimed => "CLAIMED",
            GateState::Fail => "FAIL",
            GateState::Veto => "VETO",
            GateState::Stale => "STALE",
            GateState::Pass => "PASS",
            GateState::Ready => "DONE-ready",
        }
    }
}

impl fmt::Display for GateState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A gate as today's claim file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateSpec {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The ids of its checks.
    pub checks: Vec<String>,
    /// The hosts that its checks and their fixtures use.
    pub hosts: Vec<String>,
}

/// A claim file as it is today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimSpec {
    /// Its phase.
    pub phase: String,
    /// Its title.
    pub title: String,
    /// Its path, relative to the repository.
    pub path: String,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// How long a PASS counts.
    pub fresh_for: Duration,
    /// Its gates in the order of the file.
    pub gates: Vec<GateSpec>,
}

/// A record of the phase as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The record.
    pub record: RunRecord,
    /// SHA-256 of its file, lower-case hex.
    pub sha256: String,
}

/// What is known besides records and documents.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The time.
    pub now: DateTime<Utc>,
    /// What the hosts say of themselves now, or why one does not; `None` when they were not asked.
    pub hosts: Option<BTreeMap<String, Result<HostState, String>>>,
    /// Records that are missing or damaged, and how: what they say is not known.
    pub damaged: Vec<String>,
    /// The commit that is checked out.
    pub head: Option<String>,
}

/// A record as evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cited {
    /// The run.
    pub run_id: String,
    /// SHA-256 of the record.
    pub sha256: String,
    /// Who ran it, to git, else to the machine.
    pub by: String,
    /// The commit.
    pub commit: Option<String>,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// How many checks of the gate there were.
    pub checks: usize,
    /// The gate's hosts with revision and boot id.
    pub hosts: Vec<HostState>,
}

/// A gate with its state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateStatus {
    /// Its id.
    pub gate: String,
    /// Its title.
    pub title: String,
    /// Its state.
    pub state: GateState,
    /// Everything that is in the way of DONE; empty for [`GateState::Ready`] only.
    pub reasons: Vec<Reason>,
    /// The claim that the state is about.
    pub claim: Option<Cited>,
    /// The review that decided.
    pub verdict: Option<Cited>,
}

/// A phase with its state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhaseStatus {
    /// The phase.
    pub phase: String,
    /// Its title.
    pub title: String,
    /// The claim file.
    pub path: String,
    /// SHA-256 of the claim file.
    pub claim_sha256: String,
    /// The gates in the order of the file.
    pub gates: Vec<GateStatus>,
    /// The line of STATUS that declares the phase done.
    pub declared_done: Option<usize>,
    /// What a reader should know: DONE that no longer holds, prose that says otherwise.
    pub notes: Vec<String>,
}

impl PhaseStatus {
    /// Whether nothing is in the way of DONE.
    pub fn is_ready(&self) -> bool {
        !self.gates.is_empty() && self.gates.iter().all(|gate| gate.state == GateState::Ready)
    }

    /// 0 when nothing is in the way of DONE; 6 when it is only that a PASS is STALE; else 1.
    pub fn exit_code(&self) -> ExitCode {
        let stale = |gate: &GateStatus| matches!(gate.state, GateState::Stale | GateState::Ready);
        match self.is_ready() {
            true => ExitCode::Success,
            false if !self.gates.is_empty() && self.gates.iter().all(stale) => ExitCode::Stale,
            false => ExitCode::Failed,
        }
    }

    /// `DONE`, `DONE, reopened`, `DONE declared, not so`, `ready to be declared done`, `not done`.
    pub fn summary(&self) -> &'static str {
        match (self.declared_done, self.exit_code()) {
            (Some(_), ExitCode::Success) => "DONE",
            (Some(_), ExitCode::Stale) => "DONE, reopened: STALE",
            (Some(_), _) => "declared DONE, and it is not",
            (None, ExitCode::Success) => "ready: `gateproof done` may be said",
            (None, ExitCode::Stale) => "not done: STALE",
            (None, _) => "not done",
        }
    }
}

/// Computes the state of every gate of a claim file. `records` are those of its phase in any
/// order; `status` and `review` are what the two documents say.
pub fn judge(
    claim: &ClaimSpec,
    records: &[Kept],
    status: &Reading,
    review: &Reading,
    facts: &Facts,
) -> PhaseStatus {
    let mut records: Vec<&Kept> = records
        .iter()
        .filter(|kept| {
            let of = &kept.record.claim;
            of.phase == claim.phase && (of.path == claim.path || of.sha256 == claim.sha256)
        })
        .collect();
    records.sort_by(|a, b| {
        let key = |kept: &Kept| (kept.record.ended, kept.record.run_id.clone());
        key(a).cmp(&key(b))
    });
    // What is newest the chain tells; clocks only between two branches of it.
    let (mut records, cyclic) = follow(records, |kept| (&kept.record.run_id, &kept.record));
    records.extend(cyclic);
    let gates: Vec<GateStatus> = claim
        .gates
        .iter()
        .map(|gate| verdict::gate(claim, gate, &records, review, facts))
        .collect();
    let mut phase = PhaseStatus {
        phase: claim.phase.clone(),
        title: claim.title.clone(),
        path: claim.path.clone(),
        claim_sha256: claim.sha256.clone(),
        gates,
        declared_done: status.declared_done().map(|done| done.line),
        notes: Vec::new(),
    };
    phase.notes = notes(&phase, status, review, facts);
    phase
}

/// What is said in documents and is not so.
fn notes(phase: &PhaseStatus, status: &Reading, review: &Reading, facts: &Facts) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(line) = phase.declared_done
        && !phase.is_ready()
    {
        let why = match phase.exit_code() {
            ExitCode::Stale => "it was reopened by what is STALE now",
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
                .find(|said| said.gate == gate.gate && said.word != Word::Named);
            let Some(said) = last else { continue };
            let passed = matches!(gate.state, GateState::Pass | GateState::Ready);
            if said.word == Word::Pass && !passed {
                notes.push(format!(
                    "{name} line {} says {} {}; by the records it is {}",
                    said.place.line, said.gate, said.said, gate.state
                ));
            }
            if let Some(when) = said.when.as_ref().filter(|when| when.is_after(facts.now)) {
                notes.push(format!(
                    "{name} line {}: {when} has not come yet; typed times count for nothing",
                    said.place.line
                ));
            }
        }
    }
    let judged = phase
        .gates
        .iter()
        .filter_map(|gate| gate.verdict.as_ref()?.commit.clone());
    for commit in judged.collect::<std::collections::BTreeSet<_>>() {
        if facts.head.as_ref().is_some_and(|head| *head != commit) {
            let head = facts.head.clone().unwrap_or_default();
            notes.push(format!(
                "what was judged is commit {commit}; checked out is {head}"
            ));
        }
    }
    notes
}

/// Whether a record is a claim of that gate that counts as one.
pub(crate) fn is_claim(record: &RunRecord, gate: &str) -> bool {
    record.act == Act::Claim
        && record.role.as_deref() == Some("builder")
        && record.gates.iter().any(|whole| whole == gate)
}
