//! The Test Anything Protocol, version 14: one test point for each check.

use super::markdown::escape::defuse;
use super::reason::reason;
use super::text;
use crate::record::RunRecord;
use claim::outcome::Outcome;

/// The records as TAP. A fixture that is not back is a test point of its own.
pub fn tap(records: &[RunRecord]) -> String {
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
    let out = format!("TAP version 14\n1..{}\n{}", points.len(), points.concat());
    defuse(&out).into_owned()
}

/// A description, in which `#` would begin a directive.
fn escaped(text: &str) -> String {
    text::visible(text)
        .replace('\\', "\\\\")
        .replace('#', "\\#")
}

/// A YAML scalar in double quotes, of which JSON's are a part.
fn scalar(text: &str) -> String {
    serde_json::Value::from(text::visible(text)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::record;

    #[test]
    fn the_plan_counts_the_points_and_a_hash_in_a_name_skips_nothing() {
        let mut record = record();
        record.checks[0].id = "spec # SKIP me".to_owned();
        let tap = tap(&[record]);
        let points: Vec<&str> = tap
            .lines()
            .filter(|line| line.starts_with("ok ") || line.starts_with("not ok "))
            .collect();
        assert!(tap.starts_with(&format!("TAP version 14\n1..{}\n", points.len())));
        assert!(
            points[0].starts_with("not ok 1 - pxgate/M1 spec \\# SKIP me"),
            "{}",
            points[0]
        );
        assert!(points.iter().any(|point| point.contains(" # SKIP ")));
        assert!(tap.contains("  outcome: FAIL\n  message: \"stdout json"));
    }
}
