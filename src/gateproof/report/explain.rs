//! The text below the table: why a check is not a PASS, the fixtures, notes, and the summary.

use super::paint::Paint;
use super::text;
use crate::record::{CheckRecord, Finding, FixtureRecord, ObservationRecord, RunRecord};
use claim::outcome::Outcome;
use kit::count::count;

const INDENT: &str = "    ";
/// Width of the column of labels.
const LABEL: usize = 11;
/// The most lines of a diff or of standard error that are shown.
const SHOWN_LINES: usize = 20;

/// A block for every check that is not a PASS.
pub(super) fn explanations(record: &RunRecord, width: usize, paint: &Paint) -> String {
    let mut out = String::new();
    for check in &record.checks {
        if check.outcome != Outcome::Pass {
            out.push_str(&explanation(check, width, paint));
            out.push('\n');
        }
    }
    out
}

fn explanation(check: &CheckRecord, width: usize, paint: &Paint) -> String {
    let mut block = Paragraph {
        out: String::new(),
        width,
    };
    let id = text::cut(&text::visible(&check.id), width / 2);
    let place = text::visible(&check.place);
    block.line(&format!(
        "{}  {}  {place}",
        paint.outcome(check.outcome, check.outcome.name()),
        paint.bold(&id),
    ));
    block.labelled("claim", &check.claim);
    block.labelled("asked", &format!("{} (on {})", check.asked, check.on));
    if !check.with.is_empty() {
        block.labelled("with", &check.with.join(", "));
    }
    if check.findings.is_empty() {
        block.labelled("expected", &check.expected);
        block.labelled("observed", &check.observed);
    }
    for finding in &check.findings {
        block.finding(finding, paint);
    }
    if let Some(control) = &check.control {
        let verdict = if control.red {
            "as declared"
        } else {
            "not as declared: the check has no teeth"
        };
        block.labelled(
            "control",
            &format!(
                "expected {}, observed {}; {verdict}",
                control.expected, control.observed
            ),
        );
    }
    for seen in &check.values {
        block.labelled("value", &format!("{} = {}", seen.name, seen.value));
    }
    let told = check.findings.iter().any(|it| it.subject == "stderr");
    if let Some(ObservationRecord::Command { stderr, .. }) = &check.observation
        && !told
    {
        block.lines("stderr", stderr.text.trim_end(), |line| line.to_owned());
    }
    if check.attempts > 1 {
        block.labelled("attempts", &check.attempts.to_string());
    }
    // Not wrapped, so that it can be copied.
    block.line(&format!(
        "{INDENT}{:<LABEL$}{}",
        "reproduce:",
        text::visible(&check.reproduce)
    ));
    block.out
}

struct Paragraph {
    out: String,
    width: usize,
}

impl Paragraph {
    fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    fn labelled(&mut self, label: &str, value: &str) {
        let columns = self.width.saturating_sub(INDENT.len() + LABEL);
        let value = text::visible(value);
        for (n, part) in text::wrap(&value, columns).iter().enumerate() {
            let label = if n == 0 { label } else { "" };
            self.line(&format!("{INDENT}{label:<LABEL$}{part}"));
        }
    }

    fn finding(&mut self, finding: &Finding, paint: &Paint) {
        self.labelled("what", &finding.subject);
        // A finding that is only a note has neither.
        if !finding.expected.is_empty() || !finding.observed.is_empty() {
            self.labelled("expected", &finding.expected);
            self.labelled("observed", &finding.observed);
        }
        if let Some(place) = &finding.place {
            self.labelled("matcher", place);
        }
        if let Some(note) = &finding.note {
            self.labelled("note", note);
        }
        if let Some(diff) = &finding.diff {
            self.lines("diff", diff, |line| paint.diff_line(line));
        }
    }

    /// Lines as they are, each cut at the width.
    fn lines(&mut self, label: &str, content: &str, style: impl Fn(&str) -> String) {
        if content.is_empty() {
            return;
        }
        let columns = self.width.saturating_sub(INDENT.len() + LABEL);
        let content = text::visible_lines(content);
        let all = content.lines().count();
        for (n, line) in content.lines().take(SHOWN_LINES).enumerate() {
            let label = if n == 0 { label } else { "" };
            let line = style(&text::cut(line, columns));
            self.line(&format!("{INDENT}{label:<LABEL$}{line}"));
        }
        if all > SHOWN_LINES {
            let rest = count(all - SHOWN_LINES, "more line");
            self.labelled("", &format!("… {rest} in the record"));
        }
    }
}

/// What shows that each check can fail, where somebody looked.
pub(super) fn teeth(record: &RunRecord, width: usize) -> String {
    let looked = record
        .checks
        .iter()
        .filter_map(|check| Some((check, check.teeth.as_ref()?)));
    let mut out = String::new();
    for (check, teeth) in looked {
        let mut line = format!("{} {}: {}", check.gate, check.id, teeth.describe());
        if let Some(hint) = &teeth.hint {
            line.push_str(&format!("; hint: {hint}"));
        }
        for (n, part) in text::wrap(&text::visible(&line), width.saturating_sub(4))
            .iter()
            .enumerate()
        {
            let indent = if n == 0 { "" } else { "    " };
            out.push_str(&format!("{indent}{part}\n"));
        }
    }
    if out.is_empty() {
        return out;
    }
    format!("what shows that the checks can fail\n{out}\n")
}

/// What was disturbed and for how long. What is not back comes last, as an alarm.
pub(super) fn fixtures(record: &RunRecord, width: usize, paint: &Paint) -> String {
    if record.fixtures.is_empty() {
        return String::new();
    }
    let mut out = paint.bold("Fixtures") + "\n";
    for fixture in &record.fixtures {
        let line = fixture_line(fixture);
        for (n, part) in text::wrap(&line, width - INDENT.len()).iter().enumerate() {
            let indent = if n == 0 { "  " } else { INDENT };
            out.push_str(&format!("{indent}{part}\n"));
        }
    }
    out.push('\n');
    for fixture in record.fixtures.iter().filter(|f| !f.restored) {
        out.push_str(&alarm(fixture, width, paint));
        out.push('\n');
    }
    out
}

/// `dashboard-down on cc-ci: disturbed for 14.2 s, restored and seen to be restored`.
pub(crate) fn fixture_line(fixture: &FixtureRecord) -> String {
    let serves = fixture.steps.iter().any(|step| step.step == "service");
    let state = match (fixture.restored, fixture.disturbed_ms) {
        (true, Some(ms)) if fixture.went_red == Some(false) => format!(
            "disturbed for {}, undone; whether it is back was not seen: its baseline also held while it was disturbed",
            text::duration(ms)
        ),
        (true, Some(ms)) => format!(
            "disturbed for {}, restored and seen to be restored",
            text::duration(ms)
        ),
        (true, None) if serves => "ran in the background, stopped".to_owned(),
        (true, None) => "never disturbed".to_owned(),
        (false, _) => "disturbed and NOT RESTORED".to_owned(),
    };
    text::visible(&format!("{} on {}: {state}", fixture.name, fixture.on))
}

fn alarm(fixture: &FixtureRecord, width: usize, paint: &Paint) -> String {
    let mut lines = vec![format!(
        "UNRESTORED  {} on {} is not back as it was.",
        text::visible(&fixture.name),
        text::visible(&fixture.on)
    )];
    if let Some(step) = fixture.steps.iter().rev().find(|step| !step.held) {
        lines.push(text::visible(&format!(
            "{}: {}; expected {}, observed {} (asked {}, {})",
            step.step,
            step.asked,
            step.expected,
            step.observed,
            count(step.attempts, "time"),
            text::duration(step.duration_ms),
        )));
    }
    lines.push("Somebody has to put it back by hand. Do this now:".to_owned());
    let inner = width - 4;
    let rule = "!".repeat(width);
    let mut out = paint.alarm(&rule) + "\n";
    for line in lines.iter().flat_map(|line| text::wrap(line, inner)) {
        let fill = inner.saturating_sub(text::width(&line));
        let line = format!("!! {line}{} ", " ".repeat(fill));
        out.push_str(&paint.alarm(if paint.color { &line } else { line.trim_end() }));
        out.push('\n');
    }
    let remedy = fixture.remedy.as_deref().map_or_else(
        || "nothing is known that puts it back: look at the steps in the record".to_owned(),
        text::visible,
    );
    // Outside the frame and not wrapped, so that it can be copied.
    out.push_str(&format!("\n{INDENT}{remedy}\n\n{}\n", paint.alarm(&rule)));
    out
}

pub(super) fn notes(record: &RunRecord, width: usize) -> String {
    let mut out = String::new();
    let selection = record.selection.as_ref().map(|s| format!("selected: {s}"));
    for note in selection.iter().chain(&record.notes) {
        let lines = text::wrap(&text::visible(note), width.saturating_sub(6));
        for (n, line) in lines.iter().enumerate() {
            out.push_str(if n == 0 { "note: " } else { "      " });
            out.push_str(line);
            out.push('\n');
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// `6 checks: 5 PASS, 1 FAIL; exit 1 (…); took 12.3 s`, and what is not restored.
pub(super) fn summary(record: &RunRecord, paint: &Paint) -> String {
    let outcomes: Vec<Outcome> = record.checks.iter().map(|check| check.outcome).collect();
    let mut line = format!(
        "{}; exit {} ({}); took {}",
        text::tally(&outcomes),
        record.exit_code,
        exit_meaning(record),
        text::run_duration(record)
    );
    let open: Vec<String> = record
        .fixtures
        .iter()
        .filter(|fixture| !fixture.restored)
        .map(|fixture| text::visible(&format!("{} on {}", fixture.name, fixture.on)))
        .collect();
    if !open.is_empty() {
        line.push_str(&format!("; UNRESTORED: {}", open.join(", ")));
    }
    let line = match record.exit_code {
        0 => paint.outcome(Outcome::Pass, &line),
        5 => paint.alarm(&line),
        _ if !open.is_empty() => paint.alarm(&line),
        _ => paint.bold(&line),
    };
    line + "\n"
}

pub(super) fn exit_meaning(record: &RunRecord) -> &'static str {
    let attested = |check: &CheckRecord| check.outcome == Outcome::Attested;
    match record.exit_code {
        0 if record.checks.iter().any(attested) => {
            "what was asked passed, and people attested the rest"
        }
        0 => "every check that was to run passed",
        1 => "a claim does not hold",
        2 => "the claim file or the command line is wrong",
        3 => "something could not be checked",
        4 => "a check has no teeth",
        5 => "something was disturbed and is not back",
        6 => "an earlier PASS no longer counts",
        _ => "unknown",
    }
}
