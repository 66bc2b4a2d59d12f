//! Which release notes ask for something to be done by hand. Pure.
//!
//! A passing health check does not show that a manual migration was done, so what asks for one
//! waits for a person's word. That it waits, [`crate::decide`] decides, with all other holds.

mod marker;
#[cfg(test)]
mod tests;

use crate::Version;

pub use marker::{Marker, asks_for_manual_migration};

/// The release notes of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The version they belong to.
    pub version: Version,
    pub text: String,
}
