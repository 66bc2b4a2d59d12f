//! The Test Anything Protocol: one test point for each check.
//!
//! Version 13, because Perl's TAP::Parser, which Debian's `prove` is made of, refuses a later one, and nothing
//! here needs it.

use super::markdown::escape::defuse;
use super::reason::reason;
use super::run_verdict::RunVerdict;
use super::text;
use crate::record::RunRecord;
use claim::outcome::{ExitCode, Outcome};

/// The records as TAP. A fixture that is not back is a test point of its own, and so is a run that is no success
/// although no point says so: readers count points and see no exit code.
pub fn tap(records: &[RunRecord], verdict: &RunVerdict) -> String {
    let mut points: Vec<String> = Vec::new();
    for record in records {
        for check in &record.checks {
            let name = format!("{}/{} {}", record.claim.phase, check.gate, check.id);
            let number = points.len() + 1;
            points.push(match check.outcome {
                Outcome::Pass => format!("ok {number} - {}\n", escaped(&name)),
                Outcome::Skipped | Outcome::Attested => format!(
                    "ok {number} - {} # SKIP {}\n",
                    escaped(&name),
                    escaped(&reason(check))
                ),
                outcome => format!(
                    "not ok {number} - {}\n  ---\n  outcome: {}\n  message: {}\n  at: {}\n  reproduce: {}\n  ...\n",
                    escaped(&name),
                    outcome.name(),
                    scalar(&reason(check)),
                    scalar(&check.place),
                    scalar(&check.reproduce)
                ),
            });
        }
        for fixture in record.fixtures.iter().filter(|fixture| !fixture.restored) {
            let number = points.len() + 1;
            let name = format!("{} fixture {} is back", record.claim.phase, fixture.name);
            points.push(format!(
                "not ok {number} - {}\n  ---\n  outcome: UNRESTORED\n  ...\n",
                escaped(&name)
            ));
        }
    }
    let told = points.iter().any(|point| point.starts_with("not ok"));
    if verdict.code != ExitCode::Success && !told {
        points.push(format!(
            "not ok {} - the run is a success\n  ---\n  outcome: {}\n  message: {}\n  ...\n",
            points.len() + 1,
            verdict.word(),
            scalar(&verdict.tally)
        ));
    }
    format!("TAP version 13\n1..{}\n{}", points.len(), points.concat())
}

/// A description, in which `#` would begin a directive.
fn escaped(text: &str) -> String {
    defuse(&text::visible(text))
        .replace('\\', "\\\\")
        .replace('#', "\\#")
}

/// A YAML scalar in double quotes, of which JSON's are a part. What reads as a decision is broken up before it
/// is quoted: afterwards the quoting would be broken.
fn scalar(text: &str) -> String {
    serde_json::Value::from(&*defuse(&text::visible(text))).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::record;
    use crate::report::verdict_of;

    #[test]
    fn the_plan_counts_the_points_and_a_hash_in_a_name_skips_nothing() {
        let mut record = record();
        record.checks[0].id = "spec # SKIP me".to_owned();
        let records = [record];
        let tap = tap(&records, &verdict_of(&records));
        let points: Vec<&str> = tap
            .lines()
            .filter(|line| line.starts_with("ok ") || line.starts_with("not ok "))
            .collect();
        assert!(tap.starts_with(&format!("TAP version 13\n1..{}\n", points.len())));
        assert!(
            points[0].starts_with("not ok 1 - pxgate/M1 spec \\# SKIP me"),
            "{}",
            points[0]
        );
        assert!(points.iter().any(|point| point.contains(" # SKIP ")));
        assert!(tap.contains("  outcome: FAIL\n  message: \"stdout json"));
    }

    #[test]
    fn a_run_that_is_no_success_has_a_point_that_says_so() {
        let mut record = record();
        record.fixtures.clear();
        record.checks.truncate(1);
        record.checks[0].outcome = Outcome::Attested;
        record.exit_code = 3;
        let records = [record];
        let tap = tap(&records, &verdict_of(&records));
        assert!(tap.starts_with("TAP version 13\n1..2\nok 1 - "), "{tap}");
        assert!(tap.contains("\nnot ok 2 - the run is a success\n"), "{tap}");
    }

    #[test]
    fn the_block_stays_yaml_whatever_a_program_printed() {
        for printed in [
            "#DONE",
            "## DONE",
            "CLAIMED, awaiting Adversary",
            "## VETO \"x\" \\n",
            "a\tb\u{1b}[0m",
        ] {
            let quoted = scalar(printed);
            let read: String = serde_json::from_str(&quoted).unwrap();
            assert_eq!(read, defuse(&text::visible(printed)), "{quoted}");
            assert_eq!(defuse(&quoted), quoted, "still a decision");
        }
    }
}
