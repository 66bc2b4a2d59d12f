//! What a record says about itself, without its observations.

use chrono::{DateTime, Utc};

use crate::gate::counts::ClaimFacts;
use crate::record::{
    Act, ClaimRef, ClaimedBy, ClaimedHost, FiledFinding, HostState, RecordLink, RepositoryState,
    RunRecord,
};

/// What a record says about itself, without any observation.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordHeader {
    pub run_id: String,
    pub role: Option<String>,
    /// What it was for.
    pub act: Act,
    /// `user@machine`.
    pub who: String,
    /// The git author.
    pub author: Option<String>,
    pub claim: ClaimRef,
    /// The commit and the clone.
    pub repository: Option<RepositoryState>,
    /// The hosts and what they ran: which thing was claimed, and no observation of a check.
    pub hosts: Vec<ClaimedHost>,
    /// By its author's clock.
    pub started: DateTime<Utc>,
    /// By its author's clock.
    pub ended: DateTime<Utc>,
    /// The gates it covers whole.
    pub gates: Vec<String>,
    /// The gates and ids of its checks, without anything that was observed.
    pub checks: Vec<(String, String)>,
    /// Of a review: the claim.
    pub reviews: Option<RecordLink>,
    /// Of a review: what was found besides.
    pub filed: Vec<FiledFinding>,
    /// Of a review: the findings that it closes.
    pub closed: Vec<String>,
    /// The worst outcome's exit code.
    pub exit_code: u8,
    /// Things a reader should know.
    pub notes: Vec<String>,
    /// SHA-256 of the record's file.
    pub sha256: String,
    /// Its path from the top folder.
    pub path: String,
    /// The commit it was read from; none for the working tree.
    pub at: Option<String>,
}

impl RecordHeader {
    /// The header of a whole record.
    pub fn of_record(record: &RunRecord, sha256: &str, path: &str) -> RecordHeader {
        RecordHeader {
            run_id: record.run_id.clone(),
            role: record.role.clone(),
            act: record.act,
            who: record.who.clone(),
            author: record.author.clone(),
            claim: record.claim.clone(),
            repository: record.repository.clone(),
            hosts: record.hosts.iter().map(claimed_host).collect(),
            started: record.started,
            ended: record.ended,
            gates: record.gates.clone(),
            checks: record
                .checks
                .iter()
                .map(|check| (check.gate.clone(), check.id.clone()))
                .collect(),
            reviews: record.reviews.clone(),
            filed: record.filed.clone(),
            closed: record.closed.clone(),
            exit_code: record.exit_code,
            notes: record.notes.clone(),
            sha256: sha256.to_owned(),
            path: path.to_owned(),
            at: None,
        }
    }

    /// Who made it, as far as the record says.
    pub fn claimed_by(&self) -> ClaimedBy {
        ClaimedBy {
            author: self.author.clone(),
            clone_id: self.repository.as_ref().and_then(|r| r.clone_id.clone()),
            at: Some(self.ended),
        }
    }

    /// What a review of it is compared with.
    pub fn facts(&self, gate: &str) -> ClaimFacts {
        let checks = self.checks.iter().filter(|(of, _)| of == gate);
        ClaimFacts {
            link: self.link(),
            by: self.claimed_by(),
            commit: self.repository.as_ref().map(|r| r.commit.clone()),
            claim_sha256: self.claim.sha256.clone(),
            gate: gate.to_owned(),
            checks: checks.map(|(_, id)| id.clone()).collect(),
            hosts: self.hosts.clone(),
        }
    }

    pub fn link(&self) -> RecordLink {
        RecordLink {
            run_id: self.run_id.clone(),
            sha256: self.sha256.clone(),
        }
    }

    /// Whether it claims the gate: by a Builder, of a commit, in a cold clone, and everything held.
    pub fn claims(&self, gate: &str) -> bool {
        self.act == Act::Claim
            && self.role.as_deref() == Some("builder")
            && self.exit_code == 0
            && self.repository.as_ref().is_some_and(|r| r.tree == "clone")
            && self.gates.iter().any(|other| other == gate)
    }

    /// Whether it is an Adversary's verdict about that claim.
    pub fn judges(&self, claim: &RecordHeader) -> bool {
        self.act == Act::Review
            && self.role.as_deref() == Some("adversary")
            && self
                .reviews
                .as_ref()
                .is_some_and(|link| *link == claim.link())
    }

    /// Whether its verdict is a PASS; of a record that judges.
    pub fn passed(&self) -> bool {
        self.exit_code == 0 && self.filed.is_empty()
    }
}

fn claimed_host(host: &HostState) -> ClaimedHost {
    ClaimedHost {
        name: host.name.clone(),
        revision: host.revision.clone(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A header of a run of gate M1, from the sample record.
    pub(crate) fn header(run_id: &str, act: Act, role: &str) -> RecordHeader {
        let record = crate::report::sample::record();
        let mut header = RecordHeader::of_record(&record, run_id, "r.json");
        header.run_id = run_id.to_owned();
        header.act = act;
        header.role = Some(role.to_owned());
        header.gates = vec!["M1".to_owned()];
        header.exit_code = 0;
        header
    }

    #[test]
    fn a_claim_is_a_builders_passing_run_of_a_clone_and_nothing_else() {
        let good = header("1", Act::Claim, "builder");
        assert!(good.claims("M1") && !good.claims("M2"));
        let mut others = vec![
            header("2", Act::Verify, "builder"),
            header("3", Act::Claim, "adversary"),
            RecordHeader {
                exit_code: 1,
                ..good.clone()
            },
            RecordHeader {
                repository: None,
                ..good.clone()
            },
        ];
        let mut in_tree = good.clone();
        in_tree.repository.as_mut().unwrap().tree = "worktree".to_owned();
        others.push(in_tree);
        for other in others {
            assert!(!other.claims("M1"), "{other:?}");
        }
    }
}
