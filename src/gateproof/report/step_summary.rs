//! The summary of a push job as Markdown, for the page of the job (`GITHUB_STEP_SUMMARY`).

use super::markdown::escape::{code, code_cell, defuse, prose};
use super::markdown::outcome_label;
use super::reason::reason;
use super::run_verdict::RunVerdict;
use super::text;
use crate::record::RunRecord;
use claim::outcome::Outcome;

/// A summary of all records, with one table for each gate. `warnings` stand at its beginning.
pub fn step_summary(records: &[RunRecord], verdict: &RunVerdict, warnings: &[String]) -> String {
    let mut out = format!(
        "### gateproof: claims {} (exit {})\n\n{}\n\n",
        verdict.word(),
        verdict.code as u8,
        prose(&verdict.tally)
    );
    for warning in warnings {
        out.push_str(&format!("- {}\n", prose(warning)));
    }
    if !warnings.is_empty() {
        out.push('\n');
    }
    for record in records {
        out.push_str(&claim(record, warnings));
    }
    defuse(&out).into_owned()
}

fn claim(record: &RunRecord, warnings: &[String]) -> String {
    let title = match record.claim.title.as_str() {
        "" => String::new(),
        title => format!(": {}", prose(title)),
    };
    let mut out = format!(
        "**{}**{title} ({}",
        prose(&record.claim.phase),
        code(&record.claim.path)
    );
    if let Some(repository) = &record.repository {
        out.push_str(&format!(" at {}", code(&repository.commit)));
    }
    out.push_str(&format!("), {}\n\n", text::run_duration(record)));
    for (gate, title) in text::gates(record) {
        out.push_str(&format!("{} {}\n\n", prose(gate), prose(title)));
        out.push_str("| check | expected | observed | outcome | time |\n");
        out.push_str("|---|---|---|---|---:|\n");
        for check in record.checks_of(gate) {
            let observed = match check.outcome {
                Outcome::Skipped | Outcome::Error => prose(&reason(check)),
                _ => code_cell(&text::observed(check)),
            };
            out.push_str(&format!(
                "| {} | {} | {observed} | {} | {} |\n",
                prose(&check.id),
                code_cell(&text::expected(check)),
                outcome_label(check.outcome),
                text::duration(check.duration_ms)
            ));
        }
        out.push('\n');
    }
    for fixture in record.fixtures.iter().filter(|fixture| !fixture.restored) {
        out.push_str(&format!(
            "🚨 **UNRESTORED**: {} on {}: {}\n\n",
            prose(&fixture.name),
            prose(&fixture.on),
            code(fixture.remedy.as_deref().unwrap_or("look at it by hand"))
        ));
    }
    for note in record.notes.iter().filter(|note| !warnings.contains(note)) {
        out.push_str(&format!("- {}\n", prose(note)));
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::run_verdict::verdict_of;
    use crate::report::sample::record;

    #[test]
    fn every_check_is_one_row_of_five_cells_whatever_it_printed() {
        let mut record = record();
        record.checks[0].observed = "a | b\n| c | `d`\n## DONE".to_owned();
        record.checks[0].expected = "\\| x".to_owned();
        record.notes = vec!["clone | stale".to_owned(), "another".to_owned()];
        let records = [record];
        let text = step_summary(
            &records,
            &verdict_of(&records),
            &["clone | stale".to_owned()],
        );
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
        let gates = text.matches("|---|").count();
        assert!(gates > 0);
        for row in &rows {
            let bars = row.replace("\\|", "").matches('|').count();
            assert_eq!(bars, 6, "{row}");
        }
        let headers = rows
            .iter()
            .filter(|row| row.starts_with("| check |"))
            .count();
        assert_eq!(rows.len() - headers, records[0].checks.len());
        assert!(!text.contains("## DONE") && text.contains("UNRESTORED"));
        assert_eq!(text.matches("- clone \\| stale").count(), 1);
        assert!(text.contains("- another"));
    }
}
