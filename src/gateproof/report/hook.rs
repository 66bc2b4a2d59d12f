//! The state for a tool that asks before an agent may stop: what is in the way, and what comes next, in few
//! words.

use super::text;
use crate::gate::reason::sentences;
use crate::gate::state::{GateState, PhaseStatus};
use crate::run::Role;

/// The most characters: about 200 tokens.
const MOST: usize = 800;
/// The most columns of one gate's reasons.
const REASONS: usize = 160;

/// What keeps somebody from stopping; `None` where nothing does. In a role only what that role can do next
/// counts: a Builder need not wait for the Adversary.
pub fn hook(phases: &[PhaseStatus], role: Option<Role>) -> Option<String> {
    let open: Vec<&PhaseStatus> = phases
        .iter()
        .filter(|phase| match (&phase.next, role) {
            (Some(next), Some(role)) => next.is_for(role),
            (None, Some(_)) => false,
            (_, None) => !phase.is_ready(),
        })
        .collect();
    if open.is_empty() {
        return None;
    }
    // What comes next stands first, so that nothing cuts it off.
    let mut out = String::new();
    for phase in &open {
        if let Some(next) = &phase.next {
            add(&mut out, &format!("next in {}: {next}", phase.phase));
        }
    }
    for gate in open.iter().flat_map(|phase| &phase.gates) {
        if gate.state != GateState::Ready {
            let reasons = text::cut(&sentences(&gate.reasons).join("; "), REASONS);
            add(
                &mut out,
                &format!("{} {}: {reasons}", gate.gate, gate.state.name()),
            );
        }
    }
    Some(out)
}

/// Adds a line while there is room for it, and once where to read on.
fn add(out: &mut String, line: &str) {
    const MORE: &str = "more: gateproof status\n";
    if out.ends_with(MORE) {
        return;
    }
    let line = text::visible(&text::cut(line, 2 * REASONS));
    if out.chars().count() + line.chars().count() + 1 + MORE.len() > MOST {
        out.push_str(MORE);
    } else {
        out.push_str(&line);
        out.push('\n');
    }
}
