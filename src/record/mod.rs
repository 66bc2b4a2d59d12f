//! The record of a run: what was claimed, what was seen, and what it amounts to.

pub(crate) mod atomic;
mod model;
pub mod redact;
mod store;

pub use model::*;
pub use redact::Redactor;
pub use store::{RecordError, read, run_id, write};
