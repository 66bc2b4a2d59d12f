//! Which findings of a phase are closed.

use std::collections::BTreeSet;

use super::evidence::{Counted, Evidence, typed_by_other};
use crate::gate::heading::Reading;
use crate::gate::reason::Reason;
use crate::record::{Act, RunRecord};

/// The closed findings of a phase.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Closings {
    pub closed: BTreeSet<String>,
    /// What was meant to close a finding that is open, and why it does not: the finding, and the
    /// reason.
    pub ignored: Vec<(String, Reason)>,
}

/// What closes findings: the records of reviews, and lines of REVIEW that the Adversary typed.
pub fn closings(counted: &Counted<'_>, review: &Reading, evidence: &Evidence) -> Closings {
    let mut found = Closings::default();
    let mut filed: Vec<(&str, &RunRecord)> = Vec::new();
    for stored in &counted.records {
        let record = &stored.record;
        for id in &record.closed {
            let filer = filed.iter().find(|(other, _)| other == id);
            match wrong(counted, evidence, record, filer.map(|(_, record)| *record)) {
                None => {
                    found.closed.insert(id.clone());
                }
                Some(why) => found.ignored.push((
                    id.clone(),
                    Reason::ClosingIgnored {
                        id: id.clone(),
                        what: format!("{} {}", record.act.name(), record.run_id),
                        why,
                    },
                )),
            }
        }
        filed.extend(record.filed.iter().map(|it| (it.id.as_str(), record)));
    }
    for line in &review.closed {
        if found.closed.contains(&line.id) || is_beside(counted, evidence, line.line, &line.id) {
            continue;
        }
        let filer = filed.iter().find(|(id, _)| *id == line.id);
        let by = filer.and_then(|(_, record)| record.author.as_deref());
        match typed_by_other(evidence, counted, line.line, by) {
            None => {
                found.closed.insert(line.id.clone());
            }
            Some(why) => found.ignored.push((
                line.id.clone(),
                Reason::ClosingIgnored {
                    id: line.id.clone(),
                    what: format!("REVIEW line {}", line.line),
                    why,
                },
            )),
        }
    }
    found.ignored.retain(|(id, _)| !found.closed.contains(id));
    found
}

/// Why a record does not close a finding that `filer` has filed.
fn wrong(
    counted: &Counted<'_>,
    evidence: &Evidence,
    record: &RunRecord,
    filer: Option<&RunRecord>,
) -> Option<String> {
    let Some(filer) = filer else {
        return Some("no finding of that name was filed before it".to_owned());
    };
    if record.act != Act::Review || record.role.as_deref() != Some("adversary") {
        return Some("only a review closes a finding".to_owned());
    }
    // A finding is of the phase, not of the claim that the review names.
    if let Some(why) = counted.not_signed(evidence, record) {
        return Some(why.to_string());
    }
    let clone = record.clone_id();
    let may = counted.is_adversary(record.author.as_deref(), clone, filer.author.as_deref());
    may.err().map(|why| why.to_string())
}

/// Whether the line stands in the block of a record that closes the finding: then the record decides,
/// whether it counts or not.
fn is_beside(counted: &Counted<'_>, evidence: &Evidence, line: usize, id: &str) -> bool {
    let Some(run) = evidence.run_of_line(line) else {
        return false;
    };
    let refused = counted.refused.iter().map(|(stored, _)| *stored);
    let mut all = counted.records.iter().copied().chain(refused);
    all.any(|it| it.record.run_id == run && it.record.closed.iter().any(|other| other == id))
}
