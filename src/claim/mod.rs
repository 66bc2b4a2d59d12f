//! What is claimed: claim files, read strictly, with all errors of a file at once.

pub mod expectation;
pub mod model;
pub mod source;
pub mod text;

pub use model::*;
