//! The table on the terminal.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, Width,
};

use super::paint::{Paint, outcome_color};
use super::{explain, text};
use crate::record::{CheckRecord, RunRecord};

const HEADER: [&str; 6] = [
    "check",
    "on / with",
    "expected",
    "observed",
    "outcome",
    "time",
];
/// The columns that share what the others leave: check, place, expected, observed.
const FLEXIBLE: usize = 4;
/// Borders and the padding of each cell.
const FRAME: usize = 6 * 3 + 1;
/// The most lines of a row. A longer cell is cut with `…` and shown in full below the table.
const ROW_LINES: usize = 4;
/// The narrowest table that can be laid out.
const NARROWEST: usize = 60;

/// What a person sees at the end of a run: a table for each gate, an explanation of every check
/// that is not a PASS, the fixtures, notes, and one line that sums up.
///
/// `width` is in terminal columns (at least 60 are used). Without `color` the text has no escape
/// sequence.
pub fn table(record: &RunRecord, width: usize, color: bool) -> String {
    let width = width.max(NARROWEST);
    let paint = Paint { color };
    let columns = columns(record, width);
    let mut out = String::new();
    let claim = format!(
        "{}  ({})",
        text::visible(&text::titled(&record.claim.phase, &record.claim.title)),
        text::visible(&record.claim.path)
    );
    for line in text::wrap(&claim, width) {
        out.push_str(&paint.bold(&line));
        out.push('\n');
    }
    out.push('\n');
    for (gate, title) in text::gates(record) {
        let heading = format!("{}  {}", text::visible(gate), text::visible(title));
        for line in text::wrap(heading.trim_end(), width) {
            out.push_str(&paint.bold(&line));
            out.push('\n');
        }
        let checks = record.checks_of(gate);
        out.push_str(&gate_table(checks, &columns, color));
        out.push_str("\n\n");
    }
    out.push_str(&explain::explanations(record, width, &paint));
    out.push_str(&explain::teeth(record, width));
    out.push_str(&explain::fixtures(record, width, &paint));
    out.push_str(&explain::notes(record, width));
    out.push_str(&explain::summary(record, &paint));
    out
}

/// One line of progress when a check has ended: outcome, gate, check, observation, time.
pub fn progress_line(check: &CheckRecord) -> String {
    let observed = text::cut(&text::visible(&check.observed), 60);
    format!(
        "{:<10}  {} {}: {observed} ({})",
        check.outcome,
        text::visible(&check.gate),
        text::visible(&check.id),
        text::duration(check.duration_ms)
    )
}

fn gate_table<'r>(
    checks: impl Iterator<Item = &'r CheckRecord>,
    columns: &[usize; 6],
    color: bool,
) -> String {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_truncation_indicator("…");
    if color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let total: usize = columns.iter().sum::<usize>() + FRAME;
    table.set_width(u16::try_from(total).unwrap_or(u16::MAX));
    table.set_header(HEADER);
    for check in checks {
        let cells = cells(check);
        let outcome = cells[4].clone();
        let mut row: Vec<Cell> = cells.into_iter().map(Cell::new_owned).collect();
        row[4] = Cell::new_owned(outcome)
            .fg(outcome_color(check.outcome))
            .add_attribute(Attribute::Bold);
        row[5] =
            Cell::new(text::short_duration(check.duration_ms)).set_alignment(CellAlignment::Right);
        let mut row = Row::from(row);
        row.max_height(ROW_LINES);
        table.add_row(row);
    }
    let constraints = columns.map(|column| {
        let padded = u16::try_from(column + 2).unwrap_or(u16::MAX);
        ColumnConstraint::Absolute(Width::Fixed(padded))
    });
    table.set_constraints(constraints);
    table.to_string()
}

fn cells(check: &CheckRecord) -> [String; 6] {
    let mut place = text::visible(&check.on);
    if !check.with.is_empty() {
        place.push_str(" with ");
        place.push_str(&text::visible(&check.with.join(", ")));
    }
    let observed = text::visible(&text::observed(check));
    let mut outcome = check.outcome.name().to_owned();
    if let Some(teeth) = &check.teeth {
        outcome.push('\n');
        outcome.push_str(&text::visible(&teeth.brief()));
    }
    [
        text::visible(&check.id),
        place,
        text::visible(&text::expected(check)),
        observed,
        outcome,
        text::short_duration(check.duration_ms),
    ]
}

/// The widths of the columns without padding, the same for every gate so that the tables line up.
/// Narrow columns get what they need, and the wide ones share the rest evenly.
fn columns(record: &RunRecord, width: usize) -> [usize; 6] {
    let mut natural = HEADER.map(text::width);
    for check in &record.checks {
        for (column, cell) in natural.iter_mut().zip(cells(check)) {
            let widest = cell.lines().map(text::width).max();
            *column = (*column).max(widest.unwrap_or(0));
        }
    }
    let fixed: usize = natural[FLEXIBLE..].iter().sum();
    let mut left = width.saturating_sub(FRAME + fixed);
    let mut order: [usize; FLEXIBLE] = [0, 1, 2, 3];
    order.sort_by_key(|&column| natural[column]);
    for (done, &column) in order.iter().enumerate() {
        let share = left / (FLEXIBLE - done);
        natural[column] = natural[column].min(share).max(1);
        left = left.saturating_sub(natural[column]);
    }
    natural
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::record;
    use claim::outcome::Outcome;

    #[test]
    fn every_line_fits_the_width_but_the_lines_that_are_to_be_copied() {
        for width in [80, 100, 120, 160] {
            let table = table(&record(), width, false);
            let last = table.lines().last().unwrap();
            for line in table.lines().filter(|line| *line != last) {
                let copied = line.contains("ssh cc-ci") || line.contains("cargo run");
                assert!(copied || text::width(line) <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn there_is_no_escape_sequence_without_color_and_there_is_with_it() {
        let mut hostile = record();
        hostile.checks[0].observed = "\x1b[2J\x1b[1;1Hall green".to_owned();
        hostile.checks[0].reproduce = "echo \x1b]0;x\x07".to_owned();
        assert!(!table(&hostile, 100, false).contains('\x1b'));
        let coloured = table(&hostile, 100, true);
        assert!(coloured.contains('\x1b'));
        assert!(!coloured.contains("\x1b[2J") && !coloured.contains("\x1b]0"));
    }

    #[test]
    fn wide_characters_keep_the_borders_in_line() {
        let mut wide = record();
        for check in &mut wide.checks {
            check.observed = "依存関係は変わらない。".repeat(3);
        }
        let table = table(&wide, 80, false);
        let rows: Vec<&str> = table.lines().filter(|l| l.starts_with('│')).collect();
        assert!(rows.len() > 10);
        let border = table.lines().find(|line| line.starts_with('┌')).unwrap();
        for row in rows {
            assert_eq!(text::width(row), text::width(border), "{row}");
        }
    }

    #[test]
    fn the_last_line_sums_up() {
        let mut passed = record();
        passed.checks.retain(|check| check.outcome == Outcome::Pass);
        passed.fixtures.clear();
        passed.exit_code = 0;
        let table = table(&passed, 100, false);
        assert_eq!(
            table.lines().last().unwrap(),
            "2 checks: 2 PASS; exit 0 (every check that was to run passed); took 2 min 37 s"
        );
    }

    #[test]
    fn unrestored_is_said_in_the_alarm_and_again_in_the_last_line() {
        let table = table(&record(), 80, false);
        let last = table.lines().last().unwrap();
        assert!(
            last.contains("UNRESTORED: dashboard-stopped on cc-ci"),
            "{last}"
        );
        assert!(table.contains("ssh cc-ci 'docker service scale ccci-dashboard_app=1'"));
        assert!(table.contains("!! UNRESTORED "));
    }

    #[test]
    fn a_fixture_that_is_not_back_is_loud_even_when_every_check_passed() {
        let mut record = record();
        record.checks.retain(|check| check.outcome == Outcome::Pass);
        assert!(table(&record, 80, false).contains("!! UNRESTORED "));
    }

    #[test]
    fn an_empty_run_says_so() {
        let mut empty = record();
        empty.checks.clear();
        empty.fixtures.clear();
        empty.notes.clear();
        empty.exit_code = 3;
        let table = table(&empty, 80, false);
        let last = table.lines().last().unwrap();
        assert!(
            last.starts_with("0 checks: nothing was run; exit 3"),
            "{table}"
        );
    }

    #[test]
    fn the_progress_line_is_one_line() {
        let mut check = record().checks[0].clone();
        check.observed = "a\nb".repeat(50);
        let line = progress_line(&check);
        assert!(
            line.starts_with("FAIL        M1 spec: a\\nb") && !line.contains('\n'),
            "{line}"
        );
    }
}
