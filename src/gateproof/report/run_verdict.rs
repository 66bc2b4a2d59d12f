//! What several runs amount to together: the verdict of a push job on the claims.

use crate::record::{CI_ONLY_OBSERVES, CONTROL_NOT_RUN, CheckRecord, RunRecord};
use claim::outcome::{ExitCode, Outcome, worst};

use kit::count::count;

use super::text;

/// The result of several runs together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunVerdict {
    pub code: ExitCode,
    /// The outcomes in one line: `6 checks: 4 PASS, 2 SKIPPED`.
    pub tally: String,
}

impl RunVerdict {
    /// The verdict as a push job's last line.
    ///
    /// It says that it is about the claims, because people stop reading a job that is always red
    /// for another reason.
    pub fn line(&self) -> String {
        format!(
            "gateproof ci: claims {} (exit {}): {}. This is the verdict on the claims alone, whatever lint and tests say.",
            self.word(),
            self.code as u8,
            self.tally
        )
    }

    pub fn word(&self) -> &'static str {
        match self.code {
            ExitCode::Success => "PASS",
            ExitCode::Failed => "FAIL",
            ExitCode::Invalid => "INVALID",
            ExitCode::CouldNotCheck => "ERROR",
            ExitCode::Toothless => "TOOTHLESS",
            ExitCode::Unrestored => "UNRESTORED",
            ExitCode::Stale => "STALE",
        }
    }
}

/// The verdict on all records of a push job.
///
/// A claim file of which CI leaves out every check decides nothing. The job fails only when no file
/// decides anything.
pub fn verdict_of(records: &[RunRecord]) -> RunVerdict {
    let deciding = records.iter().filter(|record| !left_out_whole(record));
    let codes = deciding
        .map(|record| ExitCode::try_from(record.exit_code).unwrap_or(ExitCode::CouldNotCheck));
    let code = worst(codes);
    let outcomes: Vec<Outcome> = records
        .iter()
        .flat_map(|record| record.checks.iter().map(|check| check.outcome))
        .collect();
    let tally = text::tally(&outcomes);
    RunVerdict {
        code: code.unwrap_or(ExitCode::CouldNotCheck),
        tally: match code {
            None if !outcomes.is_empty() => {
                format!("{tally}; nothing could be observed, and that is not a success")
            }
            _ => tally,
        },
    }
}

/// What CI left out, because it only observes: each kind with its count and its names.
pub fn left_out(records: &[RunRecord]) -> String {
    let names = |wanted: &dyn Fn(&CheckRecord) -> bool| -> Vec<String> {
        let checks = records.iter().flat_map(|record| {
            let wanted = record.checks.iter().filter(|check| wanted(check));
            wanted.map(|check| format!("{}/{} {}", record.claim.phase, check.gate, check.id))
        });
        checks.collect()
    };
    let checks = names(&left_out_by_ci);
    let controls = names(&|check| {
        check
            .notes
            .iter()
            .any(|note| note.starts_with(CONTROL_NOT_RUN))
    });
    let kinds = [("check", checks), ("control", controls)];
    let told: Vec<String> = kinds
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(kind, names)| format!("{} ({})", count(names.len(), kind), shortened(&names)))
        .collect();
    if told.is_empty() {
        String::new()
    } else {
        format!(
            "; left out, because CI only observes: {}",
            told.join(" and ")
        )
    }
}

/// So many names stand in a line.
const NAMED: usize = 12;

fn shortened(names: &[String]) -> String {
    match names.len().checked_sub(NAMED) {
        Some(more) if more > 0 => format!("{} and {more} more", names[..NAMED].join(", ")),
        _ => names.join(", "),
    }
}

/// Whether CI has left out every check, and nothing is left disturbed. What the claim file itself skips is no
/// success for anybody.
fn left_out_whole(record: &RunRecord) -> bool {
    !record.checks.is_empty()
        && record.fixtures.iter().all(|fixture| fixture.restored)
        && record.checks.iter().all(left_out_by_ci)
}

/// Whether CI has left it out, because it only observes.
fn left_out_by_ci(check: &CheckRecord) -> bool {
    let says = |note: &String| note.starts_with(CI_ONLY_OBSERVES);
    let mut notes = check
        .findings
        .iter()
        .filter_map(|finding| finding.note.as_ref());
    check.outcome == Outcome::Skipped && notes.any(says)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::record;

    fn with(outcomes: &[Outcome], exit_code: u8) -> RunRecord {
        let mut record = record();
        record.fixtures.clear();
        let check = record.checks[0].clone();
        record.checks = outcomes
            .iter()
            .map(|outcome| {
                let mut check = check.clone();
                check.outcome = *outcome;
                check
            })
            .collect();
        record.exit_code = exit_code;
        record
    }

    #[test]
    fn a_file_that_ci_may_not_observe_spoils_nothing_and_alone_it_is_no_success() {
        let declared = with(&[Outcome::Skipped, Outcome::Skipped], 3);
        let mut left_out = declared.clone();
        for check in &mut left_out.checks {
            check.findings[0].note = Some(format!("{CI_ONLY_OBSERVES}, and it disturbs"));
        }
        let good = with(&[Outcome::Pass, Outcome::Skipped], 0);
        let both = verdict_of(&[good, left_out.clone()]);
        assert_eq!(both.code, ExitCode::Success);
        assert_eq!(
            both.line(),
            "gateproof ci: claims PASS (exit 0): 4 checks: 1 PASS, 3 SKIPPED. This is the verdict on the claims alone, whatever lint and tests say."
        );
        // What the file itself skips is as little a success as in `verify`.
        let skips = verdict_of(&[with(&[Outcome::Pass], 0), declared]);
        assert_eq!(skips.code, ExitCode::CouldNotCheck);
        let alone = verdict_of(&[left_out]);
        assert_eq!(alone.code, ExitCode::CouldNotCheck);
        assert!(
            alone.tally.contains("nothing could be observed"),
            "{alone:?}"
        );
        assert_eq!(verdict_of(&[]).code, ExitCode::CouldNotCheck);
    }

    #[test]
    fn the_worst_run_decides_and_what_is_not_back_is_never_left_out() {
        let good = with(&[Outcome::Pass], 0);
        let bad = with(&[Outcome::Fail], 1);
        assert_eq!(verdict_of(&[good.clone(), bad]).code, ExitCode::Failed);
        let mut lost = with(&[Outcome::Skipped], 5);
        lost.fixtures = record().fixtures;
        assert!(lost.fixtures.iter().any(|fixture| !fixture.restored));
        assert_eq!(verdict_of(&[good, lost]).code, ExitCode::Unrestored);
    }
}
