//! The state of gates: what people have written about them ([`heading`]), and what records prove.

pub mod heading;
pub mod state;
