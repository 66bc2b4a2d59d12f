//! Whether a review counts for a claim: by another author, in another clone, of the same claim file
//! and commit, and of the whole gate.

use chrono::{DateTime, TimeDelta, Utc};

use super::evidence::Evidence;
use crate::attest::same_person;
use crate::gate::evidence::{host, not_from_clone, of_gate, tree};
use crate::gate::hosts;
use crate::gate::reason::Reason;
use crate::gate::spec::GateSpec;
use crate::gate::verdict::{Verdict, assess_beside};
use crate::record::{ClaimedBy, RunRecord, StoredRecord};

/// The difference between two machines' clocks that nobody notices.
const CLOCKS: TimeDelta = TimeDelta::minutes(5);

/// What a review amounts to for a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Worth {
    Pass,
    Fail(Vec<Reason>),
    /// It counts and decides nothing: an infrastructure fault is neither PASS nor FAIL.
    Undecided(Vec<Reason>),
    /// It does not count.
    Void(Vec<Reason>),
}

/// What a review amounts to for a claim, once it counts by its signature ([`super::count`]).
pub fn worth(
    gate: &GateSpec,
    claim: &StoredRecord,
    review: &RunRecord,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Worth {
    let assessment = assess_beside(review, &gate.id, Some(&ClaimedBy::of(&claim.record)));
    // What the Adversary found has failed, from whatever tree.
    if review.role.as_deref() == Some("adversary") && assessment.verdict == Verdict::Fail {
        return Worth::Fail(assessment.reasons);
    }
    let void = void(gate, claim, review, evidence, now);
    match assessment.verdict {
        _ if !void.is_empty() => Worth::Void(void),
        Verdict::Pass => Worth::Pass,
        Verdict::Fail | Verdict::Undecided => Worth::Undecided(assessment.reasons),
    }
}

/// A gate as its claim has it, for readers who have no claim file.
pub fn gate_of_claim(claim: &RunRecord, gate: &str) -> GateSpec {
    GateSpec {
        id: gate.to_owned(),
        title: String::new(),
        covers: Vec::new(),
        checks: of_gate(claim, gate).map(|check| check.id.clone()).collect(),
        // What the hosts ran is part of the verdict ([`RunRecord::claimed_hosts`]).
        hosts: Vec::new(),
    }
}

/// Why a review does not count for a claim, once it counts by its signature ([`super::count`]).
pub(crate) fn void(
    gate: &GateSpec,
    stored_claim: &StoredRecord,
    review: &RunRecord,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Vec<Reason> {
    let claim = &stored_claim.record;
    let mut why = Vec::new();
    if review.role.as_deref() != Some("adversary") {
        why.push(Reason::WrongRole {
            run: review.run_id.clone(),
            role: review.role.clone().unwrap_or_else(|| "nobody".to_owned()),
        });
    }
    why.extend(author(claim, review));
    why.extend(clone(claim, review));
    if tree(review) != Some("clone") {
        why.push(not_from_clone(review));
    }
    if claim.claim.sha256 != review.claim.sha256 {
        why.push(Reason::OtherClaimFile {
            claimed: claim.claim.sha256.clone(),
            judged: review.claim.sha256.clone(),
        });
    }
    if let Some(link) = &review.reviews
        && link.sha256 != stored_claim.link.sha256
    {
        why.push(Reason::OtherRecord {
            judged: link.sha256.clone(),
            now: stored_claim.link.sha256.clone(),
        });
    }
    why.extend(commit(claim, review));
    why.extend(whole(gate, claim, review));
    let seen = of_gate(review, &gate.id)
        .map(|check| check.started)
        .fold(review.started, std::cmp::Ord::min);
    if seen < claim.ended {
        why.push(Reason::EvidenceOlder {
            claimed: claim.ended,
            seen,
        });
    }
    if review.ended > now + CLOCKS {
        why.push(Reason::InTheFuture {
            run: review.run_id.clone(),
            ended: review.ended,
            now,
        });
    }
    let claimants: Vec<String> = claim.author.iter().cloned().collect();
    why.extend(evidence.attestations_of(review, &gate.id, &claimants));
    why.extend(
        gate.hosts
            .iter()
            .filter_map(|name| hosts::between(name, revision_at(claim, name), review)),
    );
    why
}

fn author(claim: &RunRecord, review: &RunRecord) -> Option<Reason> {
    let unknown = |run: &RunRecord| {
        let author = run.author.as_deref().unwrap_or_default();
        author.trim().is_empty().then(|| Reason::UnknownAuthor {
            run: run.run_id.clone(),
        })
    };
    let same = || {
        let (one, other) = (claim.author.as_deref()?, review.author.as_deref()?);
        same_person(one, other).then(|| Reason::SameAuthor {
            author: other.to_owned(),
        })
    };
    unknown(claim).or_else(|| unknown(review)).or_else(same)
}

fn clone(claim: &RunRecord, review: &RunRecord) -> Option<Reason> {
    let id = |run: &RunRecord| run.repository.as_ref().and_then(|r| r.clone_id.clone());
    let unknown = |run: &RunRecord| Reason::UnknownClone {
        run: run.run_id.clone(),
    };
    match (id(claim), id(review)) {
        (None, _) => Some(unknown(claim)),
        (_, None) => Some(unknown(review)),
        (Some(one), Some(other)) => (one == other).then_some(Reason::SameClone { clone_id: one }),
    }
}

fn commit(claim: &RunRecord, review: &RunRecord) -> Option<Reason> {
    match (&claim.repository, &review.repository) {
        (Some(one), Some(other)) if one.commit == other.commit => None,
        (Some(one), Some(other)) => Some(Reason::OtherCommit {
            claimed: one.commit.clone(),
            judged: other.commit.clone(),
        }),
        (None, _) => Some(Reason::NoCommit {
            run: claim.run_id.clone(),
        }),
        (_, None) => Some(Reason::NoCommit {
            run: review.run_id.clone(),
        }),
    }
}

/// A review is of the whole gate when it says so and has every check of the claim and of the file.
fn whole(gate: &GateSpec, claim: &RunRecord, review: &RunRecord) -> Option<Reason> {
    let has = |id: &str| of_gate(review, &gate.id).any(|check| check.id == id);
    let claimed = of_gate(claim, &gate.id).map(|check| &check.id);
    let mut missing: Vec<String> = claimed.filter(|id| !has(id)).cloned().collect();
    if claim.claim.sha256 == review.claim.sha256 {
        let today = gate.checks.iter().filter(|id| !has(id));
        missing.extend(today.cloned());
    }
    missing.sort();
    missing.dedup();
    let says_so = review.gates.contains(&gate.id);
    (!says_so || !missing.is_empty()).then(|| Reason::Partial {
        run: review.run_id.clone(),
        missing,
    })
}

fn revision_at<'r>(claim: &'r RunRecord, name: &str) -> Option<&'r str> {
    host(claim, name).and_then(|host| host.revision.as_deref())
}
