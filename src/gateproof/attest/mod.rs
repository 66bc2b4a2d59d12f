//! Whether an attestation is valid for a `human:` check as it is now, and what it is worth. Pure:
//! the facts (digests, commits, time) are gathered before.
//!
//! An attestation never becomes a PASS. At best the check is ATTESTED, which is not in the way of a
//! gate whose other checks are PASS ([`unfulfilled`]).

mod count;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

pub use count::{besides, counts_from, unfulfilled};

use crate::record::{ClaimedBy, StoredAttestation, same_person};
use claim::outcome::Outcome;

/// The difference between two machines' clocks that nobody notices.
const CLOCKS: TimeDelta = TimeDelta::minutes(5);
/// How many characters of a digest or commit identify it.
const SHORT: usize = 12;

/// An attestation with what is known about its object now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub stored: StoredAttestation,
    /// The digest of the artefact now, or why it cannot be read; where the attestation or the check
    /// names one.
    pub artefact_now: Option<Result<String, String>>,
    /// What has changed between the attested commit and the checked one, besides records and
    /// documents; or why that is unknown.
    pub moved: Option<String>,
    /// Why it does not count by its signature ([`crate::gate::counts`]).
    pub not_signed: Option<String>,
}

/// The check that waits for an attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationRequest<'w> {
    pub phase: &'w str,
    pub gate: &'w str,
    pub check: &'w str,
    /// SHA-256 of the claim file that is run.
    pub claim_sha256: &'w str,
    /// The commit that is run.
    pub commit: &'w str,
    /// How long an attestation counts.
    pub fresh_for: Duration,
    pub now: DateTime<Utc>,
    /// In a review: whose attestation does not count.
    pub besides: Option<&'w ClaimedBy>,
}

/// Why an attestation is void.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VoidReason {
    #[error("its file was changed after it was written: the seal does not fit")]
    Broken,
    #[error("{why}")]
    NotSigned { why: String },
    #[error("it is of another claim file: attested was {}, run is {}", short(.attested), short(.now))]
    OtherClaim { attested: String, now: String },
    #[error("the artefact `{path}` is another one: attested was {}, it is {}", short(.attested), short(.now))]
    OtherArtefact {
        path: String,
        attested: String,
        now: String,
    },
    #[error("the artefact `{path}` cannot be read: attested was {}, now {why}", short(.attested))]
    ArtefactGone {
        path: String,
        attested: String,
        why: String,
    },
    #[error("it names no artefact, and the check asks for one that is now {}", short(.now))]
    NoArtefact { now: String },
    #[error("it was given at commit {}, and run is {}: {what}", short(.attested), short(.now))]
    Moved {
        attested: String,
        now: String,
        what: String,
    },
    #[error("it is of {}, which is more than {} before {}", time(.at), humantime::format_duration(*.fresh_for), time(.now))]
    TooOld {
        at: DateTime<Utc>,
        now: DateTime<Utc>,
        /// How long it would count.
        fresh_for: Duration,
    },
    #[error("it is of {}, and it is {}: one of the clocks is wrong", time(.at), time(.now))]
    InTheFuture {
        /// When it says that it was given.
        at: DateTime<Utc>,
        now: DateTime<Utc>,
    },
    #[error(
        "{attested} attested it, and {claimed} claims it: a review does not count the word of the claim's author"
    )]
    ByTheClaim { attested: String, claimed: String },
    #[error("it was given in the clone the claim was made in ({})", short(.clone_id))]
    InTheClaimsClone { clone_id: String },
    #[error("it is of {}, and the claim was made later, at {}", time(.at), time(.claimed))]
    BeforeTheClaim {
        at: DateTime<Utc>,
        /// When the claim was made.
        claimed: DateTime<Utc>,
    },
    #[error("git knows no author of {whose}, so nobody can tell whether they are two people")]
    UnknownAuthor {
        /// `the claim` or `the attestation`.
        whose: &'static str,
    },
}

/// What all attestations of a check amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttestationResult<'c> {
    /// The newest one that is valid.
    Valid(&'c Candidate),
    /// None is valid. The newest one, if there is any, and why it is void.
    Awaited(Option<(&'c Candidate, Vec<VoidReason>)>),
}

impl AttestationResult<'_> {
    /// The check's outcome. There is no way to PASS.
    pub fn outcome(&self) -> Outcome {
        match self {
            AttestationResult::Valid(_) => Outcome::Attested,
            AttestationResult::Awaited(_) => Outcome::Error,
        }
    }
}

/// Judges all attestations, oldest first, for the check of the request.
pub fn judge<'c>(
    candidates: &'c [Candidate],
    request: &AttestationRequest<'_>,
) -> AttestationResult<'c> {
    let about = |it: &&Candidate| {
        let attestation = &it.stored.attestation;
        (
            attestation.phase.as_str(),
            attestation.gate.as_str(),
            attestation.check.as_str(),
        ) == (request.phase, request.gate, request.check)
    };
    let mut newest = None;
    for candidate in candidates.iter().rev().filter(about) {
        let void = void(candidate, request);
        if void.is_empty() {
            return AttestationResult::Valid(candidate);
        }
        newest.get_or_insert((candidate, void));
    }
    AttestationResult::Awaited(newest)
}

/// Everything that makes an attestation void for a check.
fn void(candidate: &Candidate, request: &AttestationRequest<'_>) -> Vec<VoidReason> {
    let attestation = &candidate.stored.attestation;
    let mut why = Vec::new();
    if !candidate.stored.whole {
        why.push(VoidReason::Broken);
    }
    let not_signed = candidate.not_signed.iter().cloned();
    why.extend(not_signed.map(|why| VoidReason::NotSigned { why }));
    if attestation.claim_sha256 != request.claim_sha256 {
        why.push(VoidReason::OtherClaim {
            attested: attestation.claim_sha256.clone(),
            now: request.claim_sha256.to_owned(),
        });
    }
    why.extend(object(candidate, request));
    let times = (attestation.at, request.now);
    if times.0 > times.1 + CLOCKS {
        why.push(VoidReason::InTheFuture {
            at: times.0,
            now: times.1,
        });
    } else if (times.1 - times.0).to_std().unwrap_or_default() > request.fresh_for {
        why.push(VoidReason::TooOld {
            at: times.0,
            now: times.1,
            fresh_for: request.fresh_for,
        });
    }
    why.extend(match request.besides {
        None if attestation.author.trim().is_empty() => Some(VoidReason::UnknownAuthor {
            whose: "the attestation",
        }),
        None => None,
        Some(claimed) => dependent(
            (
                &attestation.author,
                attestation.clone_id.as_deref(),
                attestation.at,
            ),
            claimed,
        ),
    });
    why
}

/// What is wrong with the attested thing: a file is pinned by its digest, anything else by the
/// commit.
fn object(candidate: &Candidate, request: &AttestationRequest<'_>) -> Option<VoidReason> {
    let attestation = &candidate.stored.attestation;
    match (&attestation.artefact, &candidate.artefact_now) {
        (Some(then), Some(Ok(now))) => (then.sha256 != *now).then(|| VoidReason::OtherArtefact {
            path: then.path.clone(),
            attested: then.sha256.clone(),
            now: now.clone(),
        }),
        (Some(then), now) => Some(VoidReason::ArtefactGone {
            path: then.path.clone(),
            attested: then.sha256.clone(),
            why: match now {
                Some(Err(why)) => why.clone(),
                _ => "it was not looked for".to_owned(),
            },
        }),
        (None, Some(now)) => Some(VoidReason::NoArtefact {
            now: now.clone().unwrap_or_else(|why| why),
        }),
        (None, None) => candidate.moved.as_ref().map(|what| VoidReason::Moved {
            attested: attestation.commit.clone(),
            now: request.commit.to_owned(),
            what: what.clone(),
        }),
    }
}

/// Why an attestation by that author, in that clone, at that time proves nothing about a claim.
pub(crate) fn dependent(
    (author, clone_id, at): (&str, Option<&str>, DateTime<Utc>),
    claimed: &ClaimedBy,
) -> Option<VoidReason> {
    let Some(claims) = known(claimed.author.as_deref()) else {
        return Some(VoidReason::UnknownAuthor { whose: "the claim" });
    };
    let Some(author) = known(Some(author)) else {
        return Some(VoidReason::UnknownAuthor {
            whose: "the attestation",
        });
    };
    if same_person(author, claims) {
        return Some(VoidReason::ByTheClaim {
            attested: author.to_owned(),
            claimed: claims.to_owned(),
        });
    }
    let same = clone_id.filter(|id| claimed.clone_id.as_deref() == Some(*id));
    if let Some(id) = same {
        return Some(VoidReason::InTheClaimsClone {
            clone_id: id.to_owned(),
        });
    }
    let claim = claimed.at.filter(|claim| at < *claim);
    claim.map(|claimed| VoidReason::BeforeTheClaim { at, claimed })
}

fn known(author: Option<&str>) -> Option<&str> {
    author.filter(|author| !author.trim().is_empty())
}

/// The beginning of a digest or a commit; other texts as they are.
fn short(text: &str) -> &str {
    if text.bytes().all(|b| b.is_ascii_hexdigit()) {
        text.get(..SHORT).unwrap_or(text)
    } else {
        text
    }
}

fn time(at: &DateTime<Utc>) -> impl fmt::Display {
    at.format("%Y-%m-%dT%H:%M:%SZ")
}
