//! The record of a run: what was claimed, what was observed, and what it amounts to; written so
//! that nobody can change it unnoticed.

mod attestation;
mod chain;
mod error;
mod fault;
mod files;
mod folder;
mod model;
mod own_files;
mod person;
mod planned;
#[cfg(test)]
mod redaction_tests;
mod seal;
mod sign;
pub mod signature;
mod store;
mod teeth;

pub use attestation::{
    ATTESTATION_SCHEMA, ATTESTATIONS, Attestation, StoredAttestation, attestation_of,
    read_attestations, write_attestation,
};
pub use chain::{PhaseRecords, StoredRecord, follow, phase_of, read_phase};
pub use error::RecordError;
pub use fault::{RecordFault, RecordFaultKind};
pub use folder::SIGNATURE;
pub(crate) use folder::signature_of;
pub use model::*;
pub use own_files::without_own_files;
pub use person::{person, same_person};
pub use planned::{
    ChangedFiles, GateWords, PlannedControl, PlannedFixture, PlannedStep, SeenHow, SeenValue,
};
pub use sign::{NAMESPACE, SignError, Signer};
pub use store::{read, write, write_signed};
pub use teeth::{Proof, ProofBy, TeethRecord};
