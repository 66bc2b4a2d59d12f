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
pub use evidence::{Counted, DocumentBlock, Evidence, count, is_claim};
pub(crate) use review::void;
pub use review::{ClaimFacts, Worth, worth};
pub use signature::{Signature, Signed, not_signed};
pub use signers::{SignerLine, Signers, SignersOf, WrittenBy};
pub use vetoes::{VetoState, may_lift, vetoes};

/// What identifies a git author: the mail address in lower case.
pub fn person(author: &str) -> String {
    let inner = author
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.strip_suffix('>'));
    inner.unwrap_or(author).trim().to_lowercase()
}
