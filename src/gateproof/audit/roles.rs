//! Who reviewed whom.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::signatures::{OfSignature, of_signature};
use super::{Case, rule};
use crate::gate::counts::{self, ClaimFacts, Evidence};
use crate::gate::reason::Reason;
use crate::record::{Act, RunRecord, StoredRecord};

/// Reviews by the claim's own author or from the claim's own clone, and reviews that do not fit
/// their claim.
pub(super) fn roles(case: &mut Case<'_>) {
    for stored in &case.chain.records {
        let role = stored.record.role.as_deref();
        let own = match stored.record.act {
            Act::Claim => "builder",
            Act::Review | Act::Veto | Act::Lift => "adversary",
            Act::Verify | Act::Ci => continue,
        };
        if role != Some(own) {
            let act = stored.record.act.name();
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
    if claim.record.act != Act::Claim || claim.record.claim.path != review.claim.path {
        case.log.find(
            &rule::NOT_THAT_CLAIM,
            &stored.path,
            "a review of a run that claims nothing, or of another claim file",
            format!("a review of the claim {}", link.run_id),
        );
    }
    let mut told = BTreeSet::new();
    for why in why_not(claim, review, case.evidence, case.request.now) {
        if told.insert(why.to_string()) {
            refusal(case, stored, &link.run_id, &why);
        }
    }
}

/// Why a review does not count for its claim, for each gate of the claim.
pub(crate) fn why_not(
    claim: &StoredRecord,
    review: &RunRecord,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Vec<Reason> {
    let gates = claim.record.gates.iter();
    let facts = gates.map(|gate| ClaimFacts::of(claim, gate));
    facts
        .flat_map(|facts| counts::void(&facts.gate_spec(), &facts, review, evidence, now))
        .collect()
}

/// Reports why a review does not count for its claim.
fn refusal(case: &mut Case<'_>, stored: &StoredRecord, claim: &str, why: &Reason) {
    let (rule, expected) = match why {
        Reason::UnknownAuthor { .. } | Reason::UnknownClone { .. } => {
            let run = &stored.link.run_id;
            case.log.note(format!(
                "run {run}: {why}, so nobody can tell claim and review apart"
            ));
            return;
        }
        // The audit of times, and of roles, has said so.
        Reason::InTheFuture { .. } | Reason::WrongRole { .. } => return,
        Reason::SameAuthor { .. } => (&rule::SAME_AUTHOR, "another author".to_owned()),
        Reason::SameClone { .. } => (&rule::SAME_CLONE, "another clone".to_owned()),
        _ => match of_signature(why) {
            Some(OfSignature::Finding(rule, expected)) => (rule, expected.to_owned()),
            Some(OfSignature::Unchecked) => {
                let told = format!("{}: {why}", case.log.shown(&stored.path));
                case.log.unchecked.push(told);
                return;
            }
            None => (
                &rule::NOT_THAT_CLAIM,
                format!("a review of the claim {claim} as it stands"),
            ),
        },
    };
    case.log.find(rule, &stored.path, why.to_string(), expected);
}
