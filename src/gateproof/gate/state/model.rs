//! What the state of gates is computed from, and what it is, as plain data.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::gate::counts::{Closings, Evidence, VetoState};
use crate::gate::gate_state::GateState;
use crate::gate::reason::Reason;
use crate::record::{HostState, RecordFault, RunRecord, StoredRecord};
use claim::outcome::ExitCode;

/// The next step of a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NextStep {
    /// `the Builder`, `the Adversary`, `anybody`, or the owner of the gate.
    pub who: String,
    /// What they do, in words, with the command where there is one.
    pub what: String,
}

impl fmt::Display for NextStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.who, self.what)
    }
}

/// What is known besides records and documents.
#[derive(Clone, Debug, PartialEq)]
pub struct GateFacts {
    pub now: DateTime<Utc>,
    /// The state of each host now, or why it is unknown; `None` when the hosts were not asked.
    pub hosts: Option<BTreeMap<String, Result<HostState, String>>>,
    /// Records that are missing or damaged, and how: nobody knows what they say.
    pub damaged: Vec<RecordFault>,
    /// Who made the records and wrote the lines of REVIEW.
    pub evidence: Evidence,
    /// The commit that is checked out.
    pub head: Option<String>,
    /// What differs between a judged commit and HEAD, besides what gateproof writes itself; or why
    /// that is unknown.
    pub changed: BTreeMap<String, Result<Vec<String>, String>>,
}

/// What is known about a phase, for each of its gates.
pub(super) struct PhaseFacts<'r> {
    /// The records of the claim file, whether they count or not.
    pub(super) all: Vec<&'r StoredRecord>,
    /// Those that count by who made them ([`count`]).
    pub(super) records: Vec<&'r StoredRecord>,
    /// Those of the claim file that do not, and why.
    pub(super) refused: Vec<(&'r StoredRecord, Reason)>,
    pub(super) vetoes: Vec<VetoState>,
    pub(super) closings: Closings,
}

impl PhaseFacts<'_> {
    /// Why the newest record of that kind does not count, where it does not.
    pub(super) fn refused(&self, is: impl Fn(&RunRecord) -> bool) -> Option<Reason> {
        let mut newest = self.refused.iter().rev();
        let found = newest.find(|(stored, _)| is(&stored.record))?;
        Some(found.1.clone())
    }
}

/// A record as evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CitedRun {
    pub run_id: String,
    pub sha256: String,
    /// Who ran it: the git author, else `user@machine`.
    pub by: String,
    pub commit: Option<String>,
    pub at: DateTime<Utc>,
    /// How many checks of the gate there were.
    pub checks: usize,
    /// Of how many of them something shows that they can fail; `None` where nobody looked.
    pub teeth: Option<usize>,
    /// The gate's hosts with revision and boot id.
    pub hosts: Vec<HostState>,
}

/// A gate with its state.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GateStatus {
    pub gate: String,
    pub title: String,
    /// Who does the work that it waits for, where it is not the Builder.
    pub owner: Option<String>,
    pub state: GateState,
    /// Everything that is in the way of DONE; empty for [`GateState::Ready`] only.
    pub reasons: Vec<Reason>,
    /// The claim that the state is about.
    pub claim: Option<CitedRun>,
    pub verdict: Option<CitedRun>,
}

/// A phase with its state.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PhaseStatus {
    pub phase: String,
    pub title: String,
    pub path: String,
    /// SHA-256 of the claim file.
    pub claim_sha256: String,
    /// The gates in the order of the file.
    pub gates: Vec<GateStatus>,
    /// Who acts next; nobody once the phase is done.
    pub next: Option<NextStep>,
    /// The line of STATUS that declares the phase done.
    pub declared_done: Option<usize>,
    /// What a reader should know: a DONE that no longer holds, a document that says otherwise.
    pub notes: Vec<String>,
}

impl PhaseStatus {
    /// Whether nothing is in the way of DONE.
    pub fn is_ready(&self) -> bool {
        !self.gates.is_empty() && self.gates.iter().all(|gate| gate.state == GateState::Ready)
    }

    /// Whether nothing speaks against DONE but that the hosts were not asked this time.
    pub fn lacks_only_the_hosts(&self) -> bool {
        let unasked = |reason: &Reason| matches!(reason, Reason::HostsNotAsked { .. });
        let holds = |gate: &GateStatus| match gate.state {
            GateState::Ready => true,
            GateState::Pass => gate.reasons.iter().all(unasked),
            _ => false,
        };
        !self.is_ready() && !self.gates.is_empty() && self.gates.iter().all(holds)
    }

    /// 0 when nothing is in the way of DONE; 6 when it is only that a PASS is STALE; else 1. What
    /// is typed into a document never changes it.
    pub fn exit_code(&self) -> ExitCode {
        let stale = |gate: &GateStatus| matches!(gate.state, GateState::Stale | GateState::Ready);
        if self.is_ready() {
            ExitCode::Success
        } else if !self.gates.is_empty() && self.gates.iter().all(stale) {
            ExitCode::Stale
        } else {
            ExitCode::Failed
        }
    }

    /// `DONE`, `DONE, reopened`, `DONE declared, not so`, `ready to be declared done`, `not done`.
    pub fn summary(&self) -> &'static str {
        match (self.declared_done, self.exit_code()) {
            (Some(_), ExitCode::Success) => "DONE",
            (Some(_), _) if self.lacks_only_the_hosts() => {
                "declared DONE; the hosts were not asked, so whether it still holds takes --probe"
            }
            (Some(_), ExitCode::Stale) => "DONE, reopened: STALE",
            (Some(_), _) => "declared DONE, and it is not",
            (None, ExitCode::Success) => "ready: `gateproof done` may be said",
            (None, ExitCode::Stale) => "not done: STALE",
            (None, _) => "not done",
        }
    }
}
