//! Follows the upstream's claims and reviews by commit, for the role that waits for the other.
//!
//! A hand-off is a commit that is new on the upstream's branch, whose subject begins with `claim(`,
//! `review(`, `veto(` or `lift(`, and that brings a record of that act that counts. Prose is never read: the reference's
//! first watchdog announced gates that nobody had claimed, and woke itself with its own messages.

mod counting;
mod follow;
mod handoff;
pub mod inbox;
mod state;
mod upstream;

pub use counting::{Standing, UpstreamRecords};
pub use follow::{Follower, Poll, WatchError};
pub use handoff::{HandOff, UpstreamCommit, WatchEvent, events_of};
pub use state::{WatchLock, WatchState, WatchStateError};
