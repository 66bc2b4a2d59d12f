//! Text from outside, made safe for a terminal or a document: it cannot move the cursor, change a
//! colour or break a line.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::record::{CheckRecord, PlannedControl, RunRecord, SeenHow, SeenValue};
use claim::outcome::Outcome;
use kit::count::count;

/// One line: control characters, line separators and text-direction marks are shown as escapes.
pub(crate) fn visible(text: &str) -> String {
    escape(text, false)
}

/// As [`visible`], but line feeds (and CR LF) stay line feeds.
pub(crate) fn visible_lines(text: &str) -> String {
    escape(&text.replace("\r\n", "\n"), true)
}

fn escape(text: &str, keep_lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' if keep_lines => out.push('\n'),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' if keep_lines => out.push_str("    "),
            '\t' => out.push_str("\\t"),
            // Line and paragraph separators; marks that reorder what is read (CVE-2021-42574);
            // the byte order mark.
            '\u{2028}'
            | '\u{2029}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{061c}'
            | '\u{feff}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// What was observed of a check, with the single values that were judged, used and captured, and
/// what its control showed. On one line, not yet made safe.
pub(crate) fn observed(check: &CheckRecord) -> String {
    let mut out = check.observed.clone();
    for seen in &check.values {
        let SeenValue { name, value, how } = seen;
        let words = match how {
            SeenHow::Judged => format!("; {name} is {value}"),
            SeenHow::Used => format!("; {name} was {value}"),
            SeenHow::Captured => format!("; captured {name} = {value}"),
        };
        out.push_str(&words);
    }
    match (&check.control, &check.planned_control) {
        (Some(control), _) => out.push_str(&format!("; its control: {}", control.observed)),
        (None, Some(_)) if check.outcome == Outcome::Pass => {
            out.push_str("; its control was not run");
        }
        (None, _) => {}
    }
    out
}

/// What is expected of a check, and of its control.
pub(crate) fn expected(check: &CheckRecord) -> String {
    match &check.planned_control {
        None => check.expected.clone(),
        Some(PlannedControl { asked, expected }) if asked.is_empty() => {
            format!("{}; its control: {expected}", check.expected)
        }
        Some(PlannedControl { asked, expected }) => {
            format!("{}; its control ({asked}): {expected}", check.expected)
        }
    }
}

/// Columns that the text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text in at most `columns` columns; `…` stands for what was cut.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used + 1 > columns {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// The text in lines of at most `columns` columns, broken at spaces where there are any.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last().map_or(0, |line| width(line));
        if line > 0 && line + 1 + width(word) <= columns {
            push(&mut lines, " ");
            push(&mut lines, word);
            continue;
        }
        if line > 0 {
            lines.push(String::new());
        }
        let mut used = 0;
        for c in word.chars() {
            let wide = c.width().unwrap_or(0);
            if used + wide > columns {
                lines.push(String::new());
                used = 0;
            }
            used += wide;
            push(&mut lines, c.encode_utf8(&mut [0; 4]));
        }
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

/// `850 ms`, `6.5 s`, `2 min 05 s`, `1 h 03 min`.
pub(crate) fn duration(ms: u64) -> String {
    let s = ms / 1000;
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", s, ms % 1000 / 100),
        60_000..3_600_000 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s / 60 % 60),
    }
}

/// As [`duration`] in at most seven columns: `850 ms`, `64.0 s`, `2m 05s`, `1h 03m`.
pub(crate) fn short_duration(ms: u64) -> String {
    let s = ms / 1000;
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..100_000 => format!("{}.{} s", s, ms % 1000 / 100),
        100_000..3_600_000 => format!("{}m {:02}s", s / 60, s % 60),
        _ => format!("{}h {:02}m", s / 3600, s / 60 % 60),
    }
}

pub(crate) fn run_duration(record: &RunRecord) -> String {
    let took: Duration = (record.ended - record.started).to_std().unwrap_or_default();
    duration(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

/// `2026-11-21T17:45:30Z`.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `6 checks: 5 PASS, 1 FAIL`.
pub(crate) fn tally(outcomes: &[Outcome]) -> String {
    const ORDER: [Outcome; 9] = [
        Outcome::Pass,
        Outcome::Attested,
        Outcome::Skipped,
        Outcome::Flaky,
        Outcome::Stale,
        Outcome::Fail,
        Outcome::Toothless,
        Outcome::Error,
        Outcome::Unrestored,
    ];
    let parts: Vec<String> = ORDER
        .iter()
        .map(|outcome| (outcome, outcomes.iter().filter(|o| *o == outcome).count()))
        .filter(|(_, n)| *n > 0)
        .map(|(outcome, n)| format!("{n} {outcome}"))
        .collect();
    let parts = if parts.is_empty() {
        "nothing was run".to_owned()
    } else {
        parts.join(", ")
    };
    format!("{}: {parts}", count(outcomes.len(), "check"))
}

/// A phase with its title, where it has one.
pub(crate) fn titled(phase: &str, title: &str) -> String {
    match title {
        "" => phase.to_owned(),
        title => format!("{phase}: {title}"),
    }
}

/// The gates of a record with their titles, in the order of the file.
pub(crate) fn gates(record: &RunRecord) -> Vec<(&str, &str)> {
    let mut gates: Vec<(&str, &str)> = Vec::new();
    for check in &record.checks {
        if !gates.iter().any(|(gate, _)| *gate == check.gate) {
            gates.push((&check.gate, &check.gate_title));
        }
    }
    gates
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_read_well_at_every_size() {
        let cases = [
            (0, "0 ms"),
            (999, "999 ms"),
            (1000, "1.0 s"),
            (6480, "6.4 s"),
            (65_000, "1 min 05 s"),
            (3_780_000, "1 h 03 min"),
        ];
        for (ms, expected) in cases {
            assert_eq!(duration(ms), expected);
        }
    }

    #[test]
    fn an_escape_sequence_is_shown_and_not_obeyed() {
        assert_eq!(
            visible("\x1b[31mred\r\n\u{202e}x"),
            "\\x1b[31mred\\r\\n\\u{202e}x"
        );
        assert_eq!(visible_lines("a\r\nb\x07"), "a\nb\\x07");
    }

    proptest! {
        #[test]
        fn wrapped_and_cut_text_fits_and_wrapping_loses_no_character(text in "[a-z漢字é 🦀]{0,120}", columns in 8usize..60) {
            let lines = wrap(&text, columns);
            for line in &lines {
                prop_assert!(width(line) <= columns, "{line:?}");
            }
            let squeeze = |s: &str| s.replace(' ', "");
            prop_assert_eq!(squeeze(&lines.concat()), squeeze(&text));
            prop_assert!(width(&cut(&text, columns)) <= columns);
        }

        #[test]
        fn visible_text_is_one_line_without_control_characters(text in any::<String>()) {
            prop_assert!(!visible(&text).chars().any(char::is_control));
        }
    }
}
