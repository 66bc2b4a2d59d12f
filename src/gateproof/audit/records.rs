//! Records against each other.

use super::{Case, TOLERANCE, rule};
use crate::record::RecordFaultKind;
use crate::report::text::time;

/// What the chain itself shows.
pub(super) fn chain(case: &mut Case<'_>) {
    for fault in &case.chain.faults {
        let (rule, expected) = match &fault.kind {
            RecordFaultKind::Unreadable { .. } | RecordFaultKind::NotARecord { .. } => {
                (&rule::DAMAGED, "a run record".to_owned())
            }
            RecordFaultKind::SealBroken | RecordFaultKind::Unsealed => (
                &rule::DAMAGED,
                "the file as it was written and sealed".to_owned(),
            ),
            RecordFaultKind::Renamed { run_id } => {
                (&rule::RENAMED, format!("the name {run_id}.json"))
            }
            RecordFaultKind::Missing { sha256 } => {
                (&rule::LINK, format!("a file with sha256 {sha256}"))
            }
            RecordFaultKind::Moved { .. } => {
                (&rule::LINK, "the file under its own name".to_owned())
            }
            RecordFaultKind::Changed { expected, .. } => {
                (&rule::LINK, format!("sha256 {expected}"))
            }
            RecordFaultKind::Cycle => (&rule::ORDER, "only records from before".to_owned()),
            RecordFaultKind::Gone { commit } | RecordFaultKind::Rewritten { commit } => {
                (&rule::LINK, format!("the file as commit {commit} had it"))
            }
            RecordFaultKind::NoRecord => (&rule::LONE_SIGNATURE, "the record beside it".to_owned()),
        };
        let mut found = fault.kind.to_string();
        if let RecordFaultKind::Changed { found: sha256, .. } = &fault.kind {
            found.push_str(&format!(" (sha256 {sha256})"));
        }
        let expected = match &fault.by {
            Some(by) => format!("{expected}, as run {by} follows it"),
            None => expected,
        };
        case.log.find(rule, &fault.path, found, expected);
    }
    for stored in &case.chain.records {
        let phase = &stored.record.claim.phase;
        if *phase != case.log.phase {
            case.log.find(
                &rule::FOREIGN,
                &stored.path,
                format!("a record of phase {phase}"),
                format!("records of phase {}", case.log.phase),
            );
        }
        let before = |link| case.chain.follow(link);
        for other in stored.record.follows.iter().filter_map(before) {
            if other.record.ended > stored.record.ended + TOLERANCE {
                case.log.find(
                    &rule::ORDER,
                    &stored.path,
                    format!(
                        "it ended {} and follows run {}, which ended {}",
                        time(stored.record.ended),
                        other.link.run_id,
                        time(other.record.ended)
                    ),
                    "only records from before",
                );
            }
        }
    }
}
