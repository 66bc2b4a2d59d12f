//! Does this count, and if not, why? One rule for the state of gates, the hand-offs, the audit and
//! the text of REVIEW. Pure.
//!
//! What counts is made by the right person: signed where `claims/allowed_signers` names the author.
//! A typed heading can forbid. It lifts or closes only what the Adversary may lift or close, when
//! git says that the Adversary wrote the line.

mod closings;
mod evidence;
mod review;
mod signature;
mod signers;
mod vetoes;

pub use closings::{Closings, closings};
pub use evidence::{
    Attestations, Counted, DocumentBlock, Evidence, SignedAttestation, count, is_claim,
};
pub(crate) use review::void;
pub use review::{ClaimFacts, Worth, contradiction, is_about, worth};
pub use signature::{Signature, Signed, not_signed};
pub use signers::{SignerLine, Signers, SignersOf, WrittenBy};
pub use vetoes::{VetoState, may_lift, vetoes};
