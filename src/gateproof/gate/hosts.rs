//! Whether the hosts of a review are those of its claim: one rule for the verdict of a run and for
//! the state of a gate. Pure.

use super::reason::Reason;
use crate::record::{ClaimedHost, RunRecord};
use claim::ClaimFile;

/// The hosts of a gate with the revisions of its claim, for the record of a review.
pub fn claimed_hosts(file: &ClaimFile, gate: &str, claimed: &[ClaimedHost]) -> Vec<ClaimedHost> {
    let spec = super::spec::claim_spec(file, "");
    let gates = spec.gates.into_iter().filter(|it| it.id == gate);
    let hosts = gates.flat_map(|it| it.hosts);
    let revision = |name: &str| {
        let found = claimed.iter().find(|host| host.name == name);
        found.and_then(|host| host.revision.clone())
    };
    hosts
        .map(|name| ClaimedHost {
            revision: revision(&name),
            name,
        })
        .collect()
}

/// What is wrong with a host of the gate between its claim and a review.
pub(super) fn between(name: &str, claimed: Option<&str>, review: &RunRecord) -> Option<Reason> {
    let unknown = |why: &str| {
        Some(Reason::HostUnknown {
            host: name.to_owned(),
            why: why.to_owned(),
        })
    };
    let Some(now) = review.host(name) else {
        return unknown("the review's record does not tell what it was");
    };
    if not_known(now.revision.as_deref()) {
        return unknown("the review could not tell what it runs");
    }
    match (claimed, &now.revision) {
        (Some(claimed), Some(judged)) if claimed != *judged => Some(Reason::RunsOther {
            host: name.to_owned(),
            claimed: claimed.to_owned(),
            judged: judged.clone(),
        }),
        _ => None,
    }
}

/// Whether the host's `revision:` command failed; this is how a run records that.
pub(super) fn not_known(revision: Option<&str>) -> bool {
    revision.is_some_and(|revision| revision.starts_with("not known: "))
}
