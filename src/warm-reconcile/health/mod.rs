//! The health gate: is the thing that was just deployed, and nothing else, healthy?
//!
//! [`Gate`] is made of an app's spec; [`wait`](fn@wait) probes and asks the engine, the pure
//! [`Judge`] says what was proved, and the [`Timeline`] keeps what was seen.

mod config;
mod evidence;
mod facts;
mod identity;
mod judge;
pub mod probe_once;
pub mod prove;
mod timeline;
mod wait;
mod weigh;

#[cfg(test)]
pub(crate) mod tests;

pub use config::{Gate, GateError};
pub use evidence::{Against, NO_ANSWER};
pub use facts::{EngineFacts, Facts, FactsError, FactsSeen, FailedTask, PortOwner};
pub use identity::{Responder, Wanted};
pub use judge::{
    CRASHES, Inconclusive, JUMP, Judge, Moment, QUICK, Rules, Sample, Unhealthy, Verdict, Weighed,
    Window,
};
pub use timeline::{Entry, LastAnswer, Timeline, Worth};
pub use wait::{Clock, SystemClock, glance, wait};
pub use weigh::{Doubt, Seen, Sentinel, Weight};

pub(crate) use config::{ms, utc_now};
pub(crate) use wait::probe;
