//! JUnit XML, as the readers of Jenkins and surefire take it: a suite for each gate, a test case for
//! each check. What could not be checked is an `error`, never a `failure`.
//!
//! The report is red exactly when the run is: what no check shows (an unrestored fixture, an
//! interrupted run, a run of nothing) is a test case of its own.

use std::time::Duration;

use quick_junit::{
    NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite,
};

use super::markdown::escape::defuse;
use super::reason::reason;
use super::run_verdict::RunVerdict;
use super::text;
use crate::record::{CheckRecord, ObservationRecord, RunRecord};
use claim::outcome::{ExitCode, Outcome};

/// The records as JUnit XML. `verdict` is what the program ends with.
///
/// # Errors
/// When the report cannot be serialised.
pub fn junit(records: &[RunRecord], verdict: &RunVerdict) -> Result<String, SerializeError> {
    let mut report = Report::new("gateproof");
    let total: Duration = records.iter().map(took).sum();
    report.set_time(total);
    for record in records {
        for (gate, title) in text::gates(record) {
            report.add_test_suite(suite(record, gate, title));
        }
        let beside = beside_checks(record);
        if !beside.test_cases.is_empty() {
            report.add_test_suite(beside);
        }
    }
    if verdict.code != ExitCode::Success && report.failures + report.errors == 0 {
        let mut suite = TestSuite::new("gateproof");
        suite.add_test_case(error_case(
            "the run is a success",
            "gateproof",
            &format!("exit {}: {}", verdict.code as u8, verdict.tally),
        ));
        report.add_test_suite(suite);
    }
    Ok(as_jenkins_takes_it(&report, report.to_string()?))
}

/// The schema of Jenkins' xUnit plugin (junit-10.xsd) knows no `skipped` on the root, and refuses
/// what it does not know. The name before it is ours, so the first one is the root's.
fn as_jenkins_takes_it(report: &Report, xml: String) -> String {
    xml.replacen(&format!(" skipped=\"{}\"", report.skipped), "", 1)
}

fn suite(record: &RunRecord, gate: &str, title: &str) -> TestSuite {
    let mut suite = TestSuite::new(clean(&format!("{}/{gate}", record.claim.phase)));
    suite.set_timestamp(record.started);
    let checks = || record.checks_of(gate);
    suite.set_time(Duration::from_millis(
        checks().map(|check| check.duration_ms).sum(),
    ));
    suite.add_properties(properties(record, title));
    suite.add_test_cases(checks().map(|check| case(record, check)));
    suite
}

fn properties(record: &RunRecord, title: &str) -> Vec<Property> {
    let mut pairs = vec![
        ("gate.title".to_owned(), title.to_owned()),
        ("run".to_owned(), record.run_id.clone()),
        ("tool".to_owned(), record.tool.clone()),
        (
            "role".to_owned(),
            record.role.clone().unwrap_or_else(|| "none".to_owned()),
        ),
        ("who".to_owned(), record.who.clone()),
        ("claim.path".to_owned(), record.claim.path.clone()),
        ("claim.sha256".to_owned(), record.claim.sha256.clone()),
        ("exit_code".to_owned(), record.exit_code.to_string()),
    ];
    if let Some(repository) = &record.repository {
        pairs.push(("commit".to_owned(), repository.commit.clone()));
        pairs.push(("dirty".to_owned(), repository.dirty.to_string()));
        pairs.push(("tree".to_owned(), repository.tree.clone()));
        if let Some(branch) = &repository.branch {
            pairs.push(("branch".to_owned(), branch.clone()));
        }
    }
    for host in &record.hosts {
        let revision = host.revision.clone().unwrap_or_else(|| "not asked".into());
        pairs.push((format!("host.{}.revision", host.name), revision));
    }
    for (n, note) in record.notes.iter().enumerate() {
        pairs.push((format!("note.{}", n + 1), note.clone()));
    }
    pairs
        .into_iter()
        .map(|(name, value)| Property::new(clean(&name), clean(&value)))
        .collect()
}

fn case(record: &RunRecord, check: &CheckRecord) -> TestCase {
    let mut case = TestCase::new(clean(&check.id), status(check));
    case.set_classname(clean(&format!("{}.{}", record.claim.phase, check.gate)));
    case.set_time(Duration::from_millis(check.duration_ms));
    if let Some(ObservationRecord::Command { stdout, stderr, .. }) = &check.observation {
        if !stdout.text.is_empty() {
            case.set_system_out(clean(&stdout.text));
        }
        if !stderr.text.is_empty() {
            case.set_system_err(clean(&stderr.text));
        }
    }
    case
}

fn status(check: &CheckRecord) -> TestCaseStatus {
    let mut status = match check.outcome {
        Outcome::Pass => return TestCaseStatus::success(),
        // No program observed it, so no program may call it passed.
        Outcome::Skipped | Outcome::Attested => TestCaseStatus::skipped(),
        Outcome::Error | Outcome::Unrestored => TestCaseStatus::non_success(NonSuccessKind::Error),
        Outcome::Fail | Outcome::Toothless | Outcome::Flaky | Outcome::Stale => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
    };
    status.set_message(clean(&reason(check)));
    status.set_type(check.outcome.name());
    // A reason for leaving a check out is all there is to say about it.
    if !matches!(check.outcome, Outcome::Skipped | Outcome::Attested) {
        status.set_description(clean(&description(check)));
    }
    status
}

/// All that is known about a check that is not a PASS.
fn description(check: &CheckRecord) -> String {
    let mut lines = vec![
        format!("claim:     {}", check.claim),
        format!("asked:     {} (on {})", check.asked, check.on),
        format!("expected:  {}", text::expected(check)),
        format!("observed:  {}", text::observed(check)),
    ];
    for finding in &check.findings {
        lines.push(format!("what:      {}", finding.subject));
        if !finding.expected.is_empty() || !finding.observed.is_empty() {
            lines.push(format!("  expected {}", finding.expected));
            lines.push(format!("  observed {}", finding.observed));
        }
        lines.extend(finding.note.iter().map(|note| format!("  note     {note}")));
        lines.extend(finding.diff.iter().map(|diff| format!("  diff\n{diff}")));
    }
    if let Some(control) = &check.control {
        lines.push(format!(
            "control:   expected {}, observed {}",
            control.expected, control.observed
        ));
    }
    lines.push(format!("place:     {}", check.place));
    lines.push(format!("reproduce: {}", check.reproduce));
    lines.join("\n")
}

/// What is wrong with a run and no check shows.
fn beside_checks(record: &RunRecord) -> TestSuite {
    let phase = &record.claim.phase;
    let mut suite = TestSuite::new(clean(&format!("{phase} (the run itself)")));
    suite.set_timestamp(record.started);
    for fixture in record.fixtures.iter().filter(|fixture| !fixture.restored) {
        let remedy = fixture.remedy.as_deref().unwrap_or("look at it by hand");
        suite.add_test_case(error_case(
            &format!("fixture {} is back", fixture.name),
            &format!("{phase}.fixtures"),
            &format!("UNRESTORED on {}: {remedy}", fixture.on),
        ));
    }
    if record.checks.is_empty() {
        let why = if record.notes.is_empty() {
            "nothing was run".to_owned()
        } else {
            record.notes.join("; ")
        };
        suite.add_test_case(error_case("something was checked", phase, &why));
    }
    suite
}

fn error_case(name: &str, class: &str, message: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(clean(message));
    status.set_type("ERROR");
    let mut case = TestCase::new(clean(name), status);
    case.set_classname(clean(class));
    case.set_time(Duration::ZERO);
    case
}

fn took(record: &RunRecord) -> Duration {
    (record.ended - record.started).to_std().unwrap_or_default()
}

/// Text that every XML 1.0 reader takes, and that no watcher takes for a decision. Characters that
/// XML cannot have are shown and not dropped, so that a reader sees that they were there.
fn clean(content: &str) -> String {
    let shown = text::visible_lines(content);
    let shown = shown.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    defuse(&shown).into_owned()
}

#[cfg(test)]
mod tests;
