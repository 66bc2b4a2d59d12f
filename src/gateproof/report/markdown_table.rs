//! Runs as one compact Markdown table, to be pasted into an issue, a pull request or a chat.

use super::markdown::escape::{code, code_cell, defuse, prose};
use super::markdown::outcome_label;
use super::reason::reason;
use super::run_verdict::RunVerdict;
use super::text;
use crate::record::{CheckRecord, RunRecord};
use claim::outcome::Outcome;

/// The widest cell: a pasted table has no room for a whole page of output.
const CELL: usize = 80;

/// The verdict in one line, a row for each check, what is not restored, and what was run.
pub fn markdown_table(records: &[RunRecord], verdict: &RunVerdict) -> String {
    let mut out = format!(
        "**gateproof: {}** (exit {}): {}\n\n| check | expected | observed | outcome |\n|---|---|---|---|\n",
        verdict.word(),
        verdict.code as u8,
        prose(&verdict.tally)
    );
    for record in records {
        out.extend(record.checks.iter().map(row));
    }
    out.push('\n');
    for record in records {
        for fixture in record.fixtures.iter().filter(|fixture| !fixture.restored) {
            out.push_str(&format!(
                "🚨 **UNRESTORED**: {} on {}\n\n",
                prose(&fixture.name),
                prose(&fixture.on)
            ));
        }
    }
    out.extend(records.iter().map(source));
    defuse(&out).into_owned()
}

fn row(check: &CheckRecord) -> String {
    let cell = |text: &str| code_cell(&text::cut(&text::visible(text), CELL));
    let observed = match check.outcome {
        Outcome::Skipped | Outcome::Error => prose(&text::cut(&reason(check), CELL)),
        _ => cell(&text::observed(check)),
    };
    format!(
        "| {} {} | {} | {observed} | {} |\n",
        prose(&check.gate),
        prose(&check.id),
        cell(&text::expected(check)),
        outcome_label(check.outcome)
    )
}

fn source(record: &RunRecord) -> String {
    let commit = record.commit().map_or_else(String::new, |commit| {
        format!(" at {}", code(commit.get(..12).unwrap_or(commit)))
    });
    format!(
        "{}{commit}, {}, run {}\n",
        code(&record.claim.path),
        text::time(record.ended),
        code(&record.run_id)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::record;
    use crate::report::verdict_of;

    #[test]
    fn every_check_is_one_row_of_four_cells_whatever_it_printed() {
        let mut record = record();
        record.checks[0].observed = "a | b\n| c | `d`\n## DONE".to_owned();
        record.checks[0].expected = "\\| x".to_owned();
        record.checks[1].observed = "long ".repeat(100);
        let records = [record];
        let text = markdown_table(&records, &verdict_of(&records));
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(rows.len(), records[0].checks.len() + 2, "{text}");
        for row in &rows {
            assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
            assert!(row.len() < 400, "{row}");
        }
        assert!(!text.contains("## DONE") && text.contains("UNRESTORED"));
        assert!(
            text.starts_with("**gateproof: UNRESTORED** (exit 5): "),
            "{text}"
        );
        assert!(text.contains("claims/pxgate.yaml"));
    }
}
