//! The language of claims: what is claimed ([`model`], [`expectation`]), how a claim file is
//! read ([`read`]), how an observation is held against it ([`matchers`]), what that amounts
//! to ([`outcome`]), and how a snapshot takes on what was seen ([`accept`]). Pure but for the reading of files.

pub mod accept;
pub mod codes;
pub mod command;
pub mod expectation;
pub mod matchers;
pub mod model;
pub mod outcome;
pub mod read;
pub mod softening;
pub mod teeth;

pub use model::*;
pub use read::{params_of_probe, unknown_in_expect, unknown_in_probe};
