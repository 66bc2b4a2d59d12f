//! What an attestation is worth to a gate: one rule for the verdict of a run and for the state of a
//! gate.

use chrono::{DateTime, Utc};

use crate::record::{CheckRecord, ClaimedBy, RunRecord};
use claim::outcome::Outcome;

/// The checks of a gate that are in the way of a PASS. Only PASS counts. An ATTESTED check is not in
/// the way when at least one check passed, so that attestations alone make no gate, and when its
/// author may give it: in a review (`besides` is the maker of its claim) another person, after the
/// claim, in another clone; in a claim anybody.
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

/// Whose attestation does not count in a run: in an Adversary's run that of the claim's maker, as
/// the run recorded it. An unknown maker cannot be told apart from anybody.
pub fn besides(record: &RunRecord) -> Option<ClaimedBy> {
    let told = || {
        let words = record.checks.iter();
        let mut told = words.filter_map(|check| check.attestation.as_ref()?.besides.clone());
        told.next().unwrap_or_default()
    };
    (record.role.as_deref() == Some("adversary")).then(told)
}

/// The time from which a PASS of these checks ages: an attestation keeps its own age.
pub fn counts_from<'c>(
    ended: DateTime<Utc>,
    checks: impl IntoIterator<Item = &'c CheckRecord>,
) -> DateTime<Utc> {
    let words = checks.into_iter().filter_map(|it| it.attestation.as_ref());
    words.map(|word| word.at).fold(ended, std::cmp::Ord::min)
}
