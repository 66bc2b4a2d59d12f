//! YAML: documents of others as values ([`document`]), and claims read strictly: the tree with the text and the place of every scalar, closed keys, and
//! errors with a code, a place and the likely right word.

pub mod codes;
pub mod diagnostic;
pub mod document;
pub mod fields;
pub mod source;
pub mod tree;
