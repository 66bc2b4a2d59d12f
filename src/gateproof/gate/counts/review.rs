//! Whether a review counts for a claim: by another author, in another clone, of the same claim file
//! and commit, and of the whole gate.

use chrono::{DateTime, TimeDelta, Utc};

use super::evidence::Evidence;
use crate::gate::hosts;
use crate::gate::reason::{Reason, not_from_clone};
use crate::gate::spec::GateSpec;
use crate::gate::verdict::{self, Verdict, assess_beside, is_red};
use crate::record::{
    Act, ClaimedBy, ClaimedHost, RecordLink, RunRecord, StoredRecord, same_person,
};

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
    claim: &ClaimFacts,
    review: &RunRecord,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Worth {
    let assessment = assess_beside(review, &gate.id, Some(&claim.by));
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

/// What a review is compared with, of its claim: nothing that was observed.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimFacts {
    /// The run and the digest of its record.
    pub link: RecordLink,
    /// Author, clone, and when it ended.
    pub by: ClaimedBy,
    pub commit: Option<String>,
    /// SHA-256 of the claim file.
    pub claim_sha256: String,
    pub gate: String,
    /// The ids of the gate's checks.
    pub checks: Vec<String>,
    /// What the hosts ran.
    pub hosts: Vec<ClaimedHost>,
}

impl ClaimFacts {
    /// Of the record of a claim.
    pub fn of(claim: &StoredRecord, gate: &str) -> ClaimFacts {
        let record = &claim.record;
        let hosts = record.hosts.iter().map(|host| ClaimedHost {
            name: host.name.clone(),
            revision: host.revision.clone(),
        });
        ClaimFacts {
            link: RecordLink {
                run_id: record.run_id.clone(),
                sha256: claim.link.sha256.clone(),
            },
            by: ClaimedBy::of(record),
            commit: record.commit().map(str::to_owned),
            claim_sha256: record.claim.sha256.clone(),
            gate: gate.to_owned(),
            checks: record
                .checks_of(gate)
                .map(|check| check.id.clone())
                .collect(),
            hosts: hosts.collect(),
        }
    }

    /// The gate as the claim has it, for readers who have no claim file. What the hosts ran is part
    /// of the verdict ([`RunRecord::claimed_hosts`]).
    pub fn gate_spec(&self) -> GateSpec {
        GateSpec {
            id: self.gate.clone(),
            title: String::new(),
            owner: None,
            after: Vec::new(),
            covers: Vec::new(),
            checks: self.checks.clone(),
            hosts: Vec::new(),
        }
    }
}

/// Whether a run is about that claim. One that names no claim is about the newest one before it, so
/// that a caller asks the newest claim first.
pub fn is_about(run: &RunRecord, claim: &StoredRecord) -> bool {
    match &run.reviews {
        Some(link) => link.run_id == claim.record.run_id,
        None => run.started >= claim.record.started,
    }
}

/// What a later run of the Adversary that is not a review has found about that claim: such a run
/// passes nothing, but it takes a PASS away until a newer review.
pub fn contradiction(gate: &str, claim: &StoredRecord, run: &RunRecord) -> Vec<Reason> {
    let is_later_run = run.role.as_deref() == Some("adversary")
        && run.act != Act::Review
        && run.claim.sha256 == claim.record.claim.sha256
        && is_about(run, claim);
    if !is_later_run {
        return Vec::new();
    }
    let red = run.checks_of(gate).filter(|check| is_red(check.outcome));
    let mut reasons: Vec<Reason> = red.map(verdict::reason).collect();
    if !reasons.is_empty() {
        reasons.push(Reason::ContradictedBy {
            run: run.run_id.clone(),
        });
    }
    reasons
}

/// Why a review does not count for a claim, once it counts by its signature ([`super::count`]).
pub(crate) fn void(
    gate: &GateSpec,
    claim: &ClaimFacts,
    review: &RunRecord,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Vec<Reason> {
    let mut why = Vec::new();
    if review.role.as_deref() != Some("adversary") {
        why.push(Reason::WrongRole {
            run: review.run_id.clone(),
            role: review.role.clone().unwrap_or_else(|| "nobody".to_owned()),
        });
    }
    why.extend(author(claim, review));
    why.extend(clone(claim, review));
    if review.tree() != Some("clone") {
        why.push(not_from_clone(review));
    }
    if claim.claim_sha256 != review.claim.sha256 {
        why.push(Reason::OtherClaimFile {
            claimed: claim.claim_sha256.clone(),
            judged: review.claim.sha256.clone(),
        });
    }
    if let Some(link) = &review.reviews
        && link.sha256 != claim.link.sha256
    {
        why.push(Reason::OtherRecord {
            judged: link.sha256.clone(),
            now: claim.link.sha256.clone(),
        });
    }
    why.extend(commit(claim, review));
    why.extend(whole(gate, claim, review));
    let seen = review
        .checks_of(&gate.id)
        .map(|check| check.started)
        .fold(review.started, std::cmp::Ord::min);
    if let Some(claimed) = claim.by.at.filter(|claimed| seen < *claimed) {
        why.push(Reason::EvidenceOlder { claimed, seen });
    }
    if review.ended > now + CLOCKS {
        why.push(Reason::InTheFuture {
            run: review.run_id.clone(),
            ended: review.ended,
            now,
        });
    }
    let claimants: Vec<String> = claim.by.author.iter().cloned().collect();
    why.extend(evidence.attestations_of(review, &gate.id, &claimants));
    let revision = |name: &str| {
        let mut hosts = claim.hosts.iter();
        let host = hosts.find(|host| host.name == name)?;
        host.revision.as_deref()
    };
    why.extend(
        gate.hosts
            .iter()
            .filter_map(|name| hosts::between(name, revision(name), review)),
    );
    why
}

fn author(claim: &ClaimFacts, review: &RunRecord) -> Option<Reason> {
    let unknown = |author: Option<&str>, run: &str| {
        author
            .unwrap_or_default()
            .trim()
            .is_empty()
            .then(|| Reason::UnknownAuthor {
                run: run.to_owned(),
            })
    };
    let (one, other) = (claim.by.author.as_deref(), review.author.as_deref());
    let same = || {
        let (one, other) = (one?, other?);
        same_person(one, other).then(|| Reason::SameAuthor {
            author: other.to_owned(),
        })
    };
    unknown(one, &claim.link.run_id)
        .or_else(|| unknown(other, &review.run_id))
        .or_else(same)
}

fn clone(claim: &ClaimFacts, review: &RunRecord) -> Option<Reason> {
    let unknown = |run: &str| Reason::UnknownClone {
        run: run.to_owned(),
    };
    let of_review = review.clone_id().map(str::to_owned);
    match (claim.by.clone_id.clone(), of_review) {
        (None, _) => Some(unknown(&claim.link.run_id)),
        (_, None) => Some(unknown(&review.run_id)),
        (Some(one), Some(other)) => (one == other).then_some(Reason::SameClone { clone_id: one }),
    }
}

fn commit(claim: &ClaimFacts, review: &RunRecord) -> Option<Reason> {
    match (&claim.commit, review.commit()) {
        (Some(one), Some(other)) if one == other => None,
        (Some(one), Some(other)) => Some(Reason::OtherCommit {
            claimed: one.clone(),
            judged: other.to_owned(),
        }),
        (None, _) => Some(Reason::NoCommit {
            run: claim.link.run_id.clone(),
        }),
        (_, None) => Some(Reason::NoCommit {
            run: review.run_id.clone(),
        }),
    }
}

/// A review is of the whole gate when it says so and has every check of the claim and of the file.
fn whole(gate: &GateSpec, claim: &ClaimFacts, review: &RunRecord) -> Option<Reason> {
    let has = |id: &str| review.checks_of(&gate.id).any(|check| check.id == id);
    let mut missing: Vec<String> = claim.checks.iter().filter(|id| !has(id)).cloned().collect();
    if claim.claim_sha256 == review.claim.sha256 {
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
