//! Who reviewed whom.

use super::evidence_file::mail;
use super::{Case, rule};
use crate::record::{Act, RunRecord, StoredRecord};

/// Reviews by the claim's own author or from the claim's own clone, and reviews that do not fit
/// their claim.
pub(super) fn roles(case: &mut Case<'_>) {
    for stored in &case.chain.records {
        let role = stored.record.role.as_deref();
        let own = match stored.record.act {
            Act::Claim => "builder",
            Act::Review => "adversary",
            Act::Verify | Act::Ci => continue,
        };
        if role != Some(own) {
            let act = if own == "builder" { "claim" } else { "review" };
            case.log.find(
                &rule::NOT_THAT_CLAIM,
                &stored.path,
                format!("a {act} in the role {}", role.unwrap_or("of nobody")),
                format!("the {own}'s"),
            );
        }
        if stored.record.act == Act::Review {
            review(case, stored);
        }
    }
}

fn review(case: &mut Case<'_>, stored: &StoredRecord) {
    let review = &stored.record;
    let Some(link) = &review.reviews else {
        case.log.find(
            &rule::NOT_THAT_CLAIM,
            &stored.path,
            "a review of no claim",
            "the claim by run and digest",
        );
        return;
    };
    let Some(claim) = case.chain.follow(link) else {
        let found = match case.chain.find(&link.run_id) {
            Some(other) => format!("run {} with sha256 {}", link.run_id, other.link.sha256),
            None => format!("no record of run {}", link.run_id),
        };
        let expected = format!("the claim {} with sha256 {}", link.run_id, link.sha256);
        case.log
            .find(&rule::NOT_THAT_CLAIM, &stored.path, found, expected);
        return;
    };
    let (claim, run) = (&claim.record, &link.run_id);
    let commit = |record: &RunRecord| record.repository.as_ref().map(|state| state.commit.clone());
    let differs = [
        (
            claim.act != Act::Claim,
            "a review of a run that claims nothing",
        ),
        (claim.claim.path != review.claim.path, "another claim file"),
        (
            claim.claim.sha256 != review.claim.sha256,
            "the claim file with another digest",
        ),
        (commit(claim) != commit(review), "another commit"),
        (
            review.started < claim.ended,
            "a review that began before the claim was made",
        ),
    ];
    for (_, found) in differs.iter().filter(|(differs, _)| *differs) {
        let expected = format!("a review of the claim {run} as it stands");
        case.log
            .find(&rule::NOT_THAT_CLAIM, &stored.path, *found, expected);
    }
    let author = |record: &RunRecord| record.author.as_deref().and_then(mail).map(str::to_owned);
    match (author(claim), author(review)) {
        (Some(one), Some(other)) if one.eq_ignore_ascii_case(&other) => case.log.find(
            &rule::SAME_AUTHOR,
            &stored.path,
            format!("a review by {other}, who made the claim {run}"),
            "another author",
        ),
        (Some(_), Some(_)) => {}
        _ => case.log.note(format!(
            "run {}: git knew no author, so nobody can tell claim and review apart",
            stored.link.run_id
        )),
    }
    let clone = |record: &RunRecord| record.repository.as_ref()?.clone_id.clone();
    match (clone(claim), clone(review)) {
        (Some(one), Some(other)) if one == other => case.log.find(
            &rule::SAME_CLONE,
            &stored.path,
            format!("a review from the clone {other}, in which the claim {run} was made"),
            "another clone",
        ),
        (Some(_), Some(_)) => {}
        _ => case.log.note(format!(
            "run {}: it is not known from which clone the claim or the review is",
            stored.link.run_id
        )),
    }
}
