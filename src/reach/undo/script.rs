//! The agent's scripts, for everyone who wants to read them first.

use std::time::Duration;

/// Reads what is armed on a host: the part of the agent that changes nothing.
pub(super) const COMMON: &str = include_str!("common.sh");

/// How long reading or changing what is armed on a host may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// How much of a host's listing of its undoings is read.
pub const LISTING_LIMIT: usize = 1 << 20;

/// The agent as it is stored beside each armed undoing.
pub fn agent_script() -> &'static str {
    concat!(include_str!("common.sh"), include_str!("agent.sh"))
}

/// The shell text that prints what is known on a host, for
/// [`UndoListing::parse`](super::UndoListing::parse). It starts no process beside `id` where there
/// is nothing.
pub fn list_script() -> String {
    format!("{COMMON}\n(gp_find_base; gp_look) 2>/dev/null || :\n")
}
