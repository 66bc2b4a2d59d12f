//! Why a check is not a PASS, for reports with one line of room.

use super::text;
use crate::record::{CheckRecord, Finding};
use claim::outcome::Outcome;

/// Why a check is not a PASS, in one line.
pub(super) fn reason(check: &CheckRecord) -> String {
    let finding = check.findings.first();
    let text = match (finding, check.outcome) {
        (_, Outcome::Attested) => check.observed.clone(),
        (
            Some(Finding {
                note: Some(note), ..
            }),
            Outcome::Skipped | Outcome::Error,
        ) => note.clone(),
        (Some(finding), _) if !finding.expected.is_empty() || !finding.observed.is_empty() => {
            format!(
                "{}: expected {}, observed {}",
                finding.subject, finding.expected, finding.observed
            )
        }
        (
            Some(Finding {
                subject,
                note: Some(note),
                ..
            }),
            _,
        ) => format!("{subject}: {note}"),
        _ => format!("expected {}, observed {}", check.expected, check.observed),
    };
    text::visible(&text)
}
