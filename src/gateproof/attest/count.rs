//! What a person's word is worth towards a gate: one rule for the verdict of a run and for the
//! state of a gate.

use chrono::{DateTime, Utc};

use crate::record::{CheckRecord, ClaimedBy, RunRecord};
use claim::outcome::Outcome;

/// Which of a gate's checks are in the way of a PASS. Only PASS counts; an ATTESTED check is not in
/// the way when at least one check passed, so that words alone make no gate, and when the word
/// is somebody's who may give it: in a review (`besides` says of whose claim) another person's,
/// given after the claim in another clone; in a claim anybody's.
pub fn unfulfilled<'c>(
    checks: &[&'c CheckRecord],
    besides: Option<&ClaimedBy>,
) -> Vec<&'c CheckRecord> {
    let passed = checks.iter().any(|check| check.outcome == Outcome::Pass);
    let fulfilled = |check: &CheckRecord| match check.outcome {
        Outcome::Pass => true,
        Outcome::Attested => passed && may_speak(check, besides),
        _ => false,
    };
    let left = checks.iter().filter(|check| !fulfilled(check));
    left.copied().collect()
}

fn may_speak(check: &CheckRecord, besides: Option<&ClaimedBy>) -> bool {
    let Some(word) = &check.attestation else {
        return false;
    };
    match besides {
        None => !word.author.trim().is_empty(),
        Some(claimed) => {
            super::dependent((&word.author, word.clone_id.as_deref(), word.at), claimed).is_none()
        }
    }
}

/// Whose word does not count in a run: of an Adversary's the claim's, as the run was told; whom it
/// was not told of cannot be told from anybody.
pub fn besides(record: &RunRecord) -> Option<ClaimedBy> {
    let told = || {
        let words = record.checks.iter();
        let mut told = words.filter_map(|check| check.attestation.as_ref()?.besides.clone());
        told.next().unwrap_or_default()
    };
    (record.role.as_deref() == Some("adversary")).then(told)
}

/// From when on a PASS of these checks ages: a word is as old as it is, whenever it was read.
pub fn counts_from<'c>(
    ended: DateTime<Utc>,
    checks: impl IntoIterator<Item = &'c CheckRecord>,
) -> DateTime<Utc> {
    let words = checks.into_iter().filter_map(|it| it.attestation.as_ref());
    words.map(|word| word.at).fold(ended, std::cmp::Ord::min)
}
