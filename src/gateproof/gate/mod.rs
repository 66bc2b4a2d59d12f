//! The state of gates: what people have written about them ([`heading`]), what records prove
//! ([`state`], with the words of [`gate_state`]), what one run proves ([`verdict`]), why a gate is not done ([`reason`]), whether the
//! hosts of a review are those of its claim ([`hosts`]), what matters of a claim file ([`spec`]), and
//! where the rest is read from ([`sources`]).

pub mod counts;
pub mod gate_state;
pub mod heading;
pub mod hosts;
pub mod reason;
pub mod sources;
pub mod spec;
pub mod state;
pub mod verdict;
