//! Whether a person's word holds for a `human:` check as it is now, and what it is worth. Pure:
//! the facts (digests, commits, time) are gathered before.
//!
//! A word never becomes a PASS. The best that comes of it is ATTESTED, and that is only not in
//! the way of a gate whose other checks are PASS ([`unfulfilled`]).

mod count;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

pub use count::{besides, counts_from, unfulfilled};

use crate::record::{ClaimedBy, StoredAttestation};
use claim::outcome::Outcome;

/// Two machines' clocks may differ by so much without anybody noticing.
const CLOCKS: TimeDelta = TimeDelta::minutes(5);
/// So many characters of a digest or commit tell it from others.
const SHORT: usize = 12;

/// An attestation with what is known about its object now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The attestation.
    pub kept: StoredAttestation,
    /// Of an attestation with an artefact, and of every one where the check names one: that file
    /// now, its digest, or why it cannot be read.
    pub artefact_now: Option<Result<String, String>>,
    /// What the commit that is checked has changed since the attested one, besides records and
    /// documents; or why that cannot be told.
    pub moved: Option<String>,
}

/// The check that waits for a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationRequest<'w> {
    /// Its phase.
    pub phase: &'w str,
    /// Its gate.
    pub gate: &'w str,
    /// Its id.
    pub check: &'w str,
    /// SHA-256 of the claim file that is run.
    pub claim_sha256: &'w str,
    /// The commit that is run.
    pub commit: &'w str,
    /// How long a word counts.
    pub fresh_for: Duration,
    /// The time.
    pub now: DateTime<Utc>,
    /// Of a review: whose word does not count.
    pub besides: Option<&'w ClaimedBy>,
}

/// Why an attestation is void.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VoidReason {
    /// Its file was changed.
    #[error("its file was changed after it was written: the seal does not fit")]
    Broken,
    /// It is of another claim file.
    #[error("it is of another claim file: attested was {}, run is {}", short(.attested), short(.now))]
    OtherClaim {
        /// Digest then.
        attested: String,
        /// Digest now.
        now: String,
    },
    /// What was looked at is another thing now.
    #[error("the artefact `{path}` is another one: attested was {}, it is {}", short(.attested), short(.now))]
    OtherArtefact {
        /// The file.
        path: String,
        /// Digest then.
        attested: String,
        /// Digest now.
        now: String,
    },
    /// What was looked at is not there.
    #[error("the artefact `{path}` cannot be read: attested was {}, now {why}", short(.attested))]
    ArtefactGone {
        /// The file.
        path: String,
        /// Digest then.
        attested: String,
        /// The system's words.
        why: String,
    },
    /// The check names an artefact, and the word is about none.
    #[error("it names no artefact, and the check asks for one that is now {}", short(.now))]
    NoArtefact {
        /// Digest now.
        now: String,
    },
    /// The project has moved on.
    #[error("it was given at commit {}, and run is {}: {what}", short(.attested), short(.now))]
    Moved {
        /// Commit then.
        attested: String,
        /// Commit now.
        now: String,
        /// The difference.
        what: String,
    },
    /// It is too old.
    #[error("it is of {}, which is more than {} before {}", time(.at), humantime::format_duration(*.fresh_for), time(.now))]
    TooOld {
        /// When it was given.
        at: DateTime<Utc>,
        /// When it was run.
        now: DateTime<Utc>,
        /// How long it would count.
        fresh_for: Duration,
    },
    /// It has not been given yet.
    #[error("it is of {}, and it is {}: one of the clocks is wrong", time(.at), time(.now))]
    InTheFuture {
        /// When it says that it was given.
        at: DateTime<Utc>,
        /// When it was run.
        now: DateTime<Utc>,
    },
    /// It is the word of whoever claims.
    #[error("{attested} attested it, and {claimed} claims it: a review takes nobody's own word")]
    ByTheClaim {
        /// Who attested.
        attested: String,
        /// Who claims.
        claimed: String,
    },
    /// It was given where the claim was made.
    #[error("it was given in the clone the claim was made in ({})", short(.clone_id))]
    InTheClaimsClone {
        /// That clone.
        clone_id: String,
    },
    /// Evidence that is older than what it is about.
    #[error("it is of {}, and the claim was made later, at {}", time(.at), time(.claimed))]
    BeforeTheClaim {
        /// When it was given.
        at: DateTime<Utc>,
        /// When the claim was made.
        claimed: DateTime<Utc>,
    },
    /// Nobody can be told from somebody unknown.
    #[error("git knows no author of {whose}, so nobody can tell whether they are two people")]
    UnknownAuthor {
        /// `the claim` or `the attestation`.
        whose: &'static str,
    },
}

/// What comes of all words about a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttestationResult<'c> {
    /// The newest one that holds.
    Valid(&'c Candidate),
    /// None does. The newest one, if there is any, and why it is void.
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

/// Judges everything that was attested, oldest first, of whatever check.
pub fn judge<'c>(
    candidates: &'c [Candidate],
    wanted: &AttestationRequest<'_>,
) -> AttestationResult<'c> {
    let about = |it: &&Candidate| {
        let said = &it.kept.attestation;
        (said.phase.as_str(), said.gate.as_str(), said.check.as_str())
            == (wanted.phase, wanted.gate, wanted.check)
    };
    let mut newest = None;
    for candidate in candidates.iter().rev().filter(about) {
        let void = void(candidate, wanted);
        if void.is_empty() {
            return AttestationResult::Valid(candidate);
        }
        newest.get_or_insert((candidate, void));
    }
    AttestationResult::Awaited(newest)
}

/// Everything that makes an attestation void for a check.
fn void(candidate: &Candidate, wanted: &AttestationRequest<'_>) -> Vec<VoidReason> {
    let said = &candidate.kept.attestation;
    let mut why = Vec::new();
    if !candidate.kept.whole {
        why.push(VoidReason::Broken);
    }
    if said.claim_sha256 != wanted.claim_sha256 {
        why.push(VoidReason::OtherClaim {
            attested: said.claim_sha256.clone(),
            now: wanted.claim_sha256.to_owned(),
        });
    }
    why.extend(object(candidate, wanted));
    let times = (said.at, wanted.now);
    if times.0 > times.1 + CLOCKS {
        why.push(VoidReason::InTheFuture {
            at: times.0,
            now: times.1,
        });
    } else if (times.1 - times.0).to_std().unwrap_or_default() > wanted.fresh_for {
        why.push(VoidReason::TooOld {
            at: times.0,
            now: times.1,
            fresh_for: wanted.fresh_for,
        });
    }
    why.extend(match wanted.besides {
        None if said.author.trim().is_empty() => Some(VoidReason::UnknownAuthor {
            whose: "the attestation",
        }),
        None => None,
        Some(claimed) => dependent((&said.author, said.clone_id.as_deref(), said.at), claimed),
    });
    why
}

/// What is wrong with the thing that was looked at: a file is pinned by its digest, anything else
/// by the commit.
fn object(candidate: &Candidate, wanted: &AttestationRequest<'_>) -> Option<VoidReason> {
    let said = &candidate.kept.attestation;
    match (&said.artefact, &candidate.artefact_now) {
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
            attested: said.commit.clone(),
            now: wanted.commit.to_owned(),
            what: what.clone(),
        }),
    }
}

/// Why the word of somebody, given in that clone at that time, says nothing beside a claim.
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

/// Whether two git identities are one person: by mail, in whatever case, because a name is easily
/// written in two ways.
pub(crate) fn same_person(one: &str, other: &str) -> bool {
    let mail = |author: &str| {
        let inner = author
            .rsplit_once('<')
            .and_then(|(_, rest)| rest.strip_suffix('>'));
        inner.unwrap_or(author).trim().to_lowercase()
    };
    mail(one) == mail(other)
}

/// The beginning of a digest or a commit; other texts as they are.
fn short(text: &str) -> &str {
    match text.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => text.get(..SHORT).unwrap_or(text),
        false => text,
    }
}

fn time(at: &DateTime<Utc>) -> impl fmt::Display {
    at.format("%Y-%m-%dT%H:%M:%SZ")
}
