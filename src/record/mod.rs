//! The record of a run: what was claimed, what was seen, and what it amounts to.

mod model;

pub use model::*;
