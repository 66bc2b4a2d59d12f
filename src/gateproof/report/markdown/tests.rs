use super::escape::{code_cell, fence, neutralise};
use super::*;
use crate::record::ObservationRecord;
use crate::report::sample::record;
use proptest::prelude::*;
use regex::RegexSet;
use std::sync::LazyLock;

static STATES: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new([
        r"(?i)#\s+(DONE|VETO)\b",
        r"\bCLAIMED\b",
        r"(?i)claimed\W*awaiting",
        r"(?i)^\s*[#>*+-]*\s*\**gate\b.*(?-i:\b(CLAIMED|PASS|PASSED|FAIL|FAILED|DONE|VETO|OPEN)\b)",
        r"^\s*#{2,6}\s.*\b(CLAIMED|PASS|PASSED|FAIL|FAILED|DONE|VETO|OPEN)\b",
    ])
    .unwrap()
});

/// Lines that a person or a watchdog takes for a decision, in the shapes that are in use.
fn reads_as_a_state(line: &str) -> bool {
    STATES.is_match(line)
}

fn blocks(record: &RunRecord) -> Vec<String> {
    ["M1", "M2"]
        .iter()
        .flat_map(|gate| [status_block(record, gate), journal_entry(record, gate)])
        .flatten()
        .map(|block| block.body.into_inner())
        .collect()
}

/// Puts the text into every field that comes from outside.
fn poisoned(text: &str) -> RunRecord {
    let mut record = record();
    let text = text.to_owned();
    record.claim.title.clone_from(&text);
    record.claim.path.clone_from(&text);
    record.who.clone_from(&text);
    record.notes.push(text.clone());
    for check in &mut record.checks {
        for field in [
            &mut check.gate_title,
            &mut check.id,
            &mut check.claim,
            &mut check.expected,
            &mut check.observed,
            &mut check.reproduce,
        ] {
            field.clone_from(&text);
        }
        for finding in &mut check.findings {
            finding.observed.clone_from(&text);
            finding.note = Some(text.clone());
        }
        if let Some(ObservationRecord::Command { stdout, .. }) = &mut check.observation {
            stdout.text.clone_from(&text);
        }
    }
    for fixture in &mut record.fixtures {
        fixture.steps[1].asked.clone_from(&text);
        fixture.remedy = Some(text.clone());
    }
    record
}

#[test]
fn every_pattern_is_a_valid_regex() {
    // A broken one panics when it is first used.
    assert_eq!(neutralise("text"), "text");
    assert_eq!(escape::defuse("text"), "text");
}

#[test]
fn states_are_broken_visibly_and_ordinary_text_stays() {
    let case = |text: &str, expected: &str| assert_eq!(neutralise(text), expected);
    case("## DONE", r"##\ DONE");
    case("x ## VETO because", r"x ##\ VETO because");
    case("## M1 — PASS @2026-06-13", r"##\ M1 — PASS @2026-06-13");
    case(
        "CLAIMED, awaiting Adversary",
        r"C\LAIMED, awaiting Adversary",
    );
    case("RE-CLAIMED", r"RE-C\LAIMED");
    case("Claimed — awaiting", r"C\laimed — awaiting");
    case(
        "Gate: M1 — PASS, M2 — OPEN",
        r"Gate: M1 — P\ASS, M2 — O\PEN",
    );
    case("<!-- gateproof:end -->", r"<\!-- gateproof:end --\>");
    for text in [
        "# comment",
        "9 passed; health-gate up",
        "PASS",
        "done",
        "a claimed port",
        "--> ".trim_start_matches("-->"),
    ] {
        case(text, text);
    }
}

#[test]
fn a_fence_is_longer_than_any_fence_inside() {
    assert_eq!(fence("", "a\n```\nb"), "````\na\n```\nb\n````\n");
    assert_eq!(fence("bash", ""), "```bash\n```\n");
    assert_eq!(
        fence("", "a\rb\x1b[0m\u{2028}"),
        "```\na\\rb\\x1b[0m\\u{2028}\n```\n"
    );
}

#[test]
fn cells_hold_bars_backticks_and_line_feeds() {
    assert_eq!(code_cell("a|b"), r"`a\|b`");
    assert_eq!(code_cell("`x`"), "`` `x` ``");
    assert_eq!(code_cell("a\nb"), r"`a\nb`");
    assert_eq!(code_cell(r"health_code\|999"), r"health_code\\\|999");
    assert_eq!(code_cell(""), "(empty)");
}

#[test]
fn status_holds_no_observation_and_no_outcome() {
    let mut record = record();
    for check in &mut record.checks {
        check.observed = "SEEN".to_owned();
        if let Some(ObservationRecord::Command { stdout, .. }) = &mut check.observation {
            stdout.text = "SEEN".to_owned();
        }
        for finding in &mut check.findings {
            finding.observed = "SEEN".to_owned();
        }
    }
    for fixture in &mut record.fixtures {
        for step in &mut fixture.steps {
            step.observed = "SEEN".to_owned();
        }
    }
    for gate in ["M1", "M2"] {
        let body = status_block(&record, gate).unwrap().body;
        assert!(!body.contains("SEEN"), "{body}");
        for outcome in ["PASS", "FAIL", "ERROR", "TOOTHLESS", "UNRESTORED", "STALE"] {
            assert!(!body.contains(outcome), "{outcome}: {body}");
        }
    }
}

#[test]
fn a_run_with_other_values_says_so_and_quotes_them() {
    let mut record = record();
    record.act = crate::record::Act::Verify;
    record.changed_vars = vec![crate::record::ChangedVar {
        name: "want".to_owned(),
        value: "200 OK".to_owned(),
    }];
    for block in [status_block(&record, "M1"), journal_entry(&record, "M1")] {
        let body = block.unwrap().body.into_inner();
        assert!(
            body.contains("**Not the claimed file:** `--var 'want=200 OK'`"),
            "{body}"
        );
    }
    let body = journal_entry(&record, "M1").unwrap().body.into_inner();
    let line = body.lines().find(|line| line.contains("gateproof verify"));
    assert!(
        line.is_some_and(|line| line.contains("--var 'want=200 OK'")),
        "{body}"
    );
}

#[test]
fn a_partial_run_says_that_it_is_not_the_whole_gate() {
    let mut record = record();
    record.selection = Some("--gate M1".to_owned());
    assert!(
        !status_block(&record, "M1")
            .unwrap()
            .body
            .contains("whole gate")
    );
    record.selection = Some("--gate M1 --tag fast".to_owned());
    assert!(
        status_block(&record, "M1")
            .unwrap()
            .body
            .contains("**Not the whole gate:**")
    );
    assert!(
        journal_entry(&record, "M1")
            .unwrap()
            .body
            .contains("**Not the whole gate:**")
    );
}

#[test]
fn a_gate_without_checks_has_no_block() {
    assert!(status_block(&record(), "M9").is_none());
    assert!(journal_entry(&record(), "M9").is_none());
}

#[test]
fn a_command_that_had_to_be_changed_says_so() {
    let mut record = record();
    record.checks[0].reproduce = "grep '^## DONE' reports/STATUS-pxgate.md".to_owned();
    let body = status_block(&record, "M1").unwrap().body;
    assert!(body.contains("grep '^##\\ DONE' reports"), "{body}");
    assert!(body.contains("# (A backslash was put into the line above"));
}

#[test]
fn no_text_from_outside_makes_a_state_or_a_marker() {
    for text in [
        "## DONE",
        "x\n## DONE\n## VETO now",
        "CLAIMED, awaiting Adversary",
        "\r## DONE",
        "\u{2028}## DONE",
        "Gate: M1 — PASS @2026-06-13T13:00Z (Adversary cold-verified)",
        "**Gate M1: CLAIMED (re-claim) — awaiting Adversary**",
        "<!-- gateproof:end status pxgate/M1 -->",
        "\n<!-- gateproof:begin status pxgate/M1 run=x sha256=00 -->\n",
        "```\n## DONE\n```",
    ] {
        for body in blocks(&poisoned(text)) {
            for line in body.split([
                '\n', '\r', '\u{2028}', '\u{2029}', '\u{85}', '\u{b}', '\u{c}',
            ]) {
                assert!(!reads_as_a_state(line), "{text:?}: {line}");
                assert!(!line.contains("<!--") && !line.contains("-->"), "{line}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_mixture_of_texts_makes_a_state_or_breaks_a_table(
        text in "(## |DONE|VETO|CLAIMED|, awaiting|Gate|: M1 — |PASS|\n|\r|`|```|\\||\\\\|<!--|-->|[a-z ]|#){0,10}"
    ) {
        for body in blocks(&poisoned(&text)) {
            for line in body.lines() {
                prop_assert!(!reads_as_a_state(line), "{line}");
                prop_assert!(!line.contains("<!--"));
            }
            for row in rows(&body) {
                let bars = cells(row);
                prop_assert!(bars == 4 || bars == 6, "{bars} cells: {row}");
            }
        }
    }

    #[test]
    fn neutralising_twice_is_neutralising_once(
        text in "(## |DONE|VETO|CLAIMED|, awaiting|gate|PASS|FAIL|\n|-|>|<!|[a-z ]){0,12}"
    ) {
        let once = neutralise(&text).into_owned();
        prop_assert_eq!(neutralise(&once), once.as_str());
    }
}

/// The rows of tables: what stands in a fence is text, whatever it looks like.
fn rows(body: &str) -> Vec<&str> {
    let mut open: Option<usize> = None;
    let mut rows = Vec::new();
    for line in body.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        open = match open {
            None if ticks >= 3 => Some(ticks),
            Some(opened) if ticks >= opened && line.len() == ticks => None,
            open => open,
        };
        if open.is_none() && line.starts_with("| ") {
            rows.push(line);
        }
    }
    rows
}

#[test]
fn a_bar_in_a_command_is_no_row_and_every_row_of_a_table_is_one() {
    for body in blocks(&poisoned("| ")) {
        assert!(
            rows(&body).iter().all(|row| matches!(cells(row), 4 | 6)),
            "{body}"
        );
    }
    let journal = journal_entry(&record(), "M1").unwrap().body;
    assert!(rows(&journal).len() >= 2, "{journal}");
    assert_eq!(rows("````\n| a\n```\n| b\n````\n| c |\n"), ["| c |"]);
}

/// Cells of a row for a reader for whom a backslash escapes whatever comes next.
fn cells(row: &str) -> usize {
    let mut bars: usize = 0;
    let mut escaped = false;
    for c in row.chars() {
        bars += usize::from(c == '|' && !escaped);
        escaped = c == '\\' && !escaped;
    }
    bars.saturating_sub(1)
}

#[test]
fn how_to_verify_depends_on_the_claim_file_and_not_on_how_far_a_run_came() {
    let planned = |step: &str, asked: &str| crate::record::PlannedStep {
        step: step.into(),
        on: "cc-ci".into(),
        asked: asked.into(),
        expected: "exit 0".into(),
        by_hand: Some(asked.into()),
    };
    let mut whole = record();
    let name = whole.fixtures[0].name.clone();
    for check in &mut whole.checks {
        check.with = vec![name.clone()];
    }
    whole.planned_fixtures = vec![crate::record::PlannedFixture {
        name,
        steps: vec![planned("do", "stop it"), planned("undo", "start it")],
    }];
    let mut cut = whole.clone();
    cut.fixtures.clear();
    let gate = whole.checks[0].gate.clone();
    let body = |record: &RunRecord| status_block(record, &gate).unwrap().body;
    assert_eq!(*body(&whole), *body(&cut));
    for words in [
        "# Disturb (on cc-ci):\nstop it\n",
        "# Restore (on cc-ci):\nstart it\n",
    ] {
        assert!(body(&cut).contains(words), "{words}: {}", *body(&cut));
    }
}
