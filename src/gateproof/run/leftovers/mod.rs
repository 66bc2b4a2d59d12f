//! Disturbances that earlier runs have left behind.

mod hosts;
mod observe;
mod preflight;

pub use hosts::{LeftHost, LeftOver, left_over, machine_named};
pub(super) use preflight::refusal;
