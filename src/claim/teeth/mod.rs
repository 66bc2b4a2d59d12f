//! Whether a check can fail, judged without running anything: the worlds in which its claim is false, and
//! what of an observation its expectation notices.
//!
//! Here is only what is decided from texts. Asking anew, as controls and starving do, belongs to the runner.

mod absent;
mod mutant;
mod mutated;
mod propose;
mod starved;

#[cfg(test)]
mod tests;

pub use absent::unwitnessed;
pub(crate) use absent::{holds_on_server_errors, same_question};
pub use mutated::{Mutated, mutated};
pub use propose::proposed_control;
pub use starved::{Failing, failing_worlds};
