//! Follows the upstream's claims and reviews by commit, for whoever waits for the other.
//!
//! A hand-off is a commit that is new on the upstream's branch, whose subject begins with `claim(`
//! or `review(`, and that brings a run record of that act. Prose is never read: the reference's
//! first watchdog announced gates that nobody had claimed, and kept itself busy with its own words.

mod follow;
mod handoff;
pub mod inbox;
mod state;

pub use follow::{Follower, Poll, WatchError};
pub use handoff::{Commit, HandOff, Seen, seen_in};
pub use state::{Lock, State, StateError};
