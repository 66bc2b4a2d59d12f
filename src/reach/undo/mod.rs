//! Undoings that are armed on the host where they act, and the lease of the run that disturbs it.
//!
//! Before a fixture disturbs anything, a folder on the host holds all that is needed to undo it,
//! and two watchers wait there for the client's end and for the deadline (`agent.sh`). None of it
//! needs this program: the folder survives the program, the link and a reboot. It is removed after
//! the baseline was observed again, and not before.

mod agent;
mod arm_request;
mod listing;
mod local_lease;
mod script;
mod ticket;

pub use agent::{Armed, arm, claim_text, clear, list, mend, perform};
pub use arm_request::{ArmRequest, UndoStep, Undoing, guarded};
pub use listing::{Lease, OwnerLife, PendingUndo, UndoListing, UndoPhase, UndoState, WrongFile};
pub use local_lease::{Beat, state_of_repository, states_here};
pub use script::{LISTING_LIMIT, agent_script, list_script};
pub use ticket::{Holder, Ticket};
