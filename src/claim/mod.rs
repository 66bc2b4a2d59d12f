//! What is claimed: claim files, read strictly, with all errors of a file at once.

pub mod codes;
pub mod diagnostic;
pub mod expectation;
pub(crate) mod fields;
pub mod model;
pub mod source;
pub mod text;
pub mod tree;

pub use model::*;
