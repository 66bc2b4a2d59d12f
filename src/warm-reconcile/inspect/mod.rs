//! All that a decision depends on, gathered once, and what acting on it needs besides.
//!
//! Inspecting writes nothing but the tags that a fetch brings into the recipe's repository.

pub mod drift;
mod gather;
mod newest;
mod records;
mod running;
mod site;
pub mod stack_facts;
mod stored;
pub mod volumes;

pub use gather::{Gathered, gather};
pub use site::Site;
