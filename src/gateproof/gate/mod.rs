//! The state of gates: what people have written about them ([`heading`]), what records prove
//! ([`state`]), what one run proves ([`verdict`]), and where both are read from ([`story`]).

pub mod heading;
pub mod state;
pub mod story;
pub mod verdict;
