//! The record of a run: what was claimed, what was seen, and what it amounts to.

mod model;

pub use model::*;
/// shim
pub fn run_id(_: chrono::DateTime<chrono::Utc>, _: u32) -> String {
    String::new()
}
