//! Who acts next in a phase, and what they do: one step, of the first gate that is not done. Pure.

use super::model::{GateStatus, NextStep, PhaseStatus};
use crate::gate::gate_state::GateState;
use crate::gate::reason::Reason;
use crate::run::Role;

impl NextStep {
    /// Whether somebody in this role can do it.
    pub fn is_for(&self, role: Role) -> bool {
        let who = match role {
            Role::Builder => BUILDER,
            Role::Adversary => ADVERSARY,
            Role::Ci => return false,
        };
        self.who == who || self.who == ANYBODY
    }
}

const BUILDER: &str = "the Builder";
const ADVERSARY: &str = "the Adversary";
const ANYBODY: &str = "anybody";

fn step(who: &str, what: String) -> NextStep {
    NextStep {
        who: who.to_owned(),
        what,
    }
}

/// The next step; `None` when the phase is done.
pub(super) fn next(phase: &PhaseStatus) -> Option<NextStep> {
    if phase.is_ready() {
        let declare = || format!("declares the phase done: `gateproof done {}`", phase.phase);
        return phase
            .declared_done
            .is_none()
            .then(|| step(BUILDER, declare()));
    }
    let mut open = phase
        .gates
        .iter()
        .filter(|gate| gate.state != GateState::Ready);
    // A gate that waits for another has its turn after it.
    let waits = |gate: &&GateStatus| {
        let mut reasons = gate.reasons.iter();
        reasons.any(|reason| matches!(reason, Reason::Awaits { .. }))
    };
    open.find(|gate| !waits(gate)).map(of_gate)
}

fn of_gate(gate: &GateStatus) -> NextStep {
    let name = kit::shell::quote(&gate.gate);
    if let Some(urgent) = gate.reasons.iter().find_map(urgent) {
        return urgent;
    }
    let claim = format!("`gateproof claim {name}`");
    let review = |words: &str| step(ADVERSARY, format!("{words}: `gateproof review {name}`"));
    let id = &gate.gate;
    match (gate.state, &gate.owner) {
        (GateState::Veto, _) => step(
            BUILDER,
            format!("answers the veto of {id}; the Adversary lifts it"),
        ),
        (GateState::Fail, Some(owner)) => step(
            owner,
            format!("mends {id}; then the Builder claims it again: {claim}"),
        ),
        (GateState::Fail, None) => {
            step(BUILDER, format!("mends {id} and claims it again: {claim}"))
        }
        (GateState::Open, _) if gate.claim.is_some() => {
            step(BUILDER, format!("claims {id} again: {claim}"))
        }
        (GateState::Open, Some(owner)) => step(
            owner,
            format!("does the work of {id}; then the Builder claims it: {claim}"),
        ),
        (GateState::Open, None) => step(BUILDER, format!("claims {id}: {claim}")),
        (GateState::Stale, _) if gate.reasons.iter().all(heals_by_looking) => {
            review(&format!("reviews {id} again"))
        }
        (GateState::Stale, _) => step(BUILDER, format!("claims {id} again: {claim}")),
        (GateState::Claimed, _) => match awaited(gate) {
            Some(check) => step(
                "a person other than the claim's author",
                format!(
                    "attests {check} of {id} (`gateproof attest {name} {check} --saw WORDS`); then the Adversary reviews it"
                ),
            ),
            None => review(&format!("reviews {id}")),
        },
        (GateState::Pass | GateState::Ready, _) => after_the_pass(gate),
    }
}

/// What comes before everything else.
fn urgent(reason: &Reason) -> Option<NextStep> {
    match reason {
        Reason::Unrestored { fixture, on, .. } => {
            let what = format!("restores {fixture} on {on}: `gateproof undo`");
            Some(step(ANYBODY, what))
        }
        Reason::Damaged { .. } => {
            let what = "takes the damaged record back from git: `gateproof audit`";
            Some(step(ANYBODY, what.to_owned()))
        }
        _ => None,
    }
}

/// Whether another review of the same claim is enough.
fn heals_by_looking(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::TooOld { .. }
            | Reason::Rebooted { .. }
            | Reason::HostsNotAsked { .. }
            | Reason::HostSilent { .. }
    )
}

fn awaited(gate: &GateStatus) -> Option<&str> {
    gate.reasons.iter().find_map(|reason| match reason {
        Reason::AwaitingPerson { check } => Some(check.as_str()),
        _ => None,
    })
}

fn after_the_pass(gate: &GateStatus) -> NextStep {
    let findings = gate.reasons.iter().find_map(|reason| match reason {
        Reason::FindingOpen { id, .. } => Some(id),
        _ => None,
    });
    let name = kit::shell::quote(&gate.gate);
    match findings {
        Some(id) => step(
            ADVERSARY,
            format!("tests {id} again: `gateproof review {name} --close {id}` closes it"),
        ),
        None => step(
            ANYBODY,
            "asks the hosts whether it still holds: `gateproof status --probe`".to_owned(),
        ),
    }
}
