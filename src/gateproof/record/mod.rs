//! The record of a run: what was claimed, what was seen, and what it amounts to; written so that
//! nobody can change it unnoticed.

mod attestation;
mod chain;
mod model;
#[cfg(test)]
mod redaction_tests;
mod seal;
mod sign;
pub mod signature;
mod store;

pub use attestation::{
    ATTESTATION_SCHEMA, ATTESTATIONS, Artefact, Attestation, Attested, ClaimedBy, KeptAttestation,
    read_attestations, write_attestation,
};
pub(crate) use chain::signature_of;
pub use chain::{Fault, FaultKind, Phase, SIGNATURE, Stored, follow, phase_of, read_phase};
pub use model::*;
pub use sign::{NAMESPACE, SignError, Signer};
pub use store::{RecordError, read, write, write_signed};
