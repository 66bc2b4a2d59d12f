//! A phase's state for people and programs: the table, Markdown, JSON, and the evidence under
//! `## DONE`.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table};
use serde_json::{Value, json};

use super::documents::{Block, Document};
use super::markdown::escape::{code_cell, prose};
use super::paint::Paint;
use super::text;
use crate::gate::reason::sentences;
use crate::gate::state::{CitedRun, GateState, GateStatus, PhaseStatus};
use crate::record::HostState;

/// The table on a terminal; `width` in columns.
pub fn table(phase: &PhaseStatus, width: usize, color: bool) -> String {
    let paint = Paint { color };
    let width = width.max(60);
    let mut out = String::new();
    let title = format!(
        "{}  ({})",
        text::visible(&text::titled(&phase.phase, &phase.title)),
        text::visible(&phase.path)
    );
    for line in text::wrap(&title, width) {
        out.push_str(&paint.bold(&line));
        out.push('\n');
    }
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    table.set_header(["gate", "state", "why it is not done"]);
    for gate in &phase.gates {
        table.add_row([
            Cell::new_owned(text::visible(&gate.gate)).add_attribute(Attribute::Bold),
            Cell::new(gate.state.name()).fg(state_color(gate.state)),
            Cell::new_owned(why(gate)),
        ]);
    }
    out.push_str(&table.to_string());
    out.push('\n');
    for note in &phase.notes {
        for line in text::wrap(&format!("note: {}", text::visible(note)), width) {
            out.push_str(&line);
            out.push('\n');
        }
    }
    if let Some(next) = &phase.next {
        let line = format!("next: {}", text::visible(&next.to_string()));
        for line in text::wrap(&line, width) {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out.push_str(&paint.bold(&format!(
        "{}: {}",
        text::visible(&phase.phase),
        phase.summary()
    )));
    out.push('\n');
    out
}

fn why(gate: &GateStatus) -> String {
    let mut lines: Vec<String> = sentences(&gate.reasons)
        .iter()
        .map(|sentence| format!("- {}", text::visible(sentence)))
        .collect();
    if lines.is_empty()
        && let Some(verdict) = &gate.verdict
    {
        lines.push(format!(
            "nothing is in the way: reviewed by {} at {}, run {}",
            text::visible(&verdict.by),
            text::time(verdict.at),
            text::visible(&verdict.run_id)
        ));
    }
    if let Some(cited) = gate.verdict.as_ref().or(gate.claim.as_ref())
        && cited.teeth.is_some()
    {
        lines.push(format!("checks: {}", checks(cited)));
    }
    lines.join("\n")
}

fn state_color(state: GateState) -> Color {
    match state {
        GateState::Ready | GateState::Pass => Color::Green,
        GateState::Fail | GateState::Veto => Color::Red,
        GateState::Stale | GateState::Claimed => Color::Yellow,
        GateState::Open => Color::Reset,
    }
}

/// A Markdown table. It has no heading of its own, so that it can stand anywhere.
pub fn markdown(phase: &PhaseStatus) -> String {
    let title = match phase.title.as_str() {
        "" => String::new(),
        title => format!(" — {}", prose(title)),
    };
    let mut out = format!(
        "**{}**{title}: {} ({}, sha256 {})\n\n| Gate | State | Why it is not done |\n|---|---|---|\n",
        prose(&phase.phase),
        prose(phase.summary()),
        code_cell(&phase.path),
        code_cell(&phase.claim_sha256)
    );
    for gate in &phase.gates {
        let reasons = sentences(&gate.reasons);
        let reasons: Vec<String> = reasons.iter().map(|sentence| prose(sentence)).collect();
        out.push_str(&format!(
            "| {} | {} | {} |\n",
            prose(&gate.gate),
            gate.state,
            reasons.join("<br>")
        ));
    }
    if let Some(next) = &phase.next {
        out.push_str(&format!("\n**Next:** {}\n", prose(&next.to_string())));
    }
    for (n, note) in phase.notes.iter().enumerate() {
        let blank = if n == 0 { "\n" } else { "" };
        out.push_str(&format!("{blank}- {}\n", prose(note)));
    }
    out
}

/// The state as JSON: the fields of [`PhaseStatus`], `summary`, `exit_code`, and in every reason
/// its sentence as `text`.
pub fn json(phase: &PhaseStatus) -> serde_json::Result<Value> {
    let mut value = serde_json::to_value(phase)?;
    value["summary"] = phase.summary().into();
    value["exit_code"] = (phase.exit_code() as u8).into();
    for (n, gate) in phase.gates.iter().enumerate() {
        for (m, reason) in gate.reasons.iter().enumerate() {
            value["gates"][n]["reasons"][m]["text"] = reason.to_string().into();
        }
    }
    Ok(value)
}

/// All phases as one JSON document.
pub fn json_document(phases: &[PhaseStatus], asked: bool) -> serde_json::Result<Value> {
    let phases: Vec<Value> = phases.iter().map(json).collect::<Result<_, _>>()?;
    Ok(json!({ "schema": "gateproof.status/1", "hosts_asked": asked, "phases": phases }))
}

/// The `## DONE` block of a phase whose every gate is ready; `None` when one is not. Writing it
/// again with the same evidence gives the same block.
pub fn done_block(phases: &[PhaseStatus]) -> Option<Block> {
    if phases.is_empty() || !phases.iter().all(PhaseStatus::is_ready) {
        return None;
    }
    let gates = || phases.iter().flat_map(|phase| &phase.gates);
    let names: Vec<String> = gates().map(|gate| prose(&gate.gate)).collect();
    let mut body = format!(
        "## DONE — {} PASS (no VETO)\n\n| item | verdict | claimed | judged | commit | checks | host: revision, boot id |\n|---|---|---|---|---|---|---|\n",
        names.join("+")
    );
    for gate in gates() {
        let (claim, verdict) = (gate.claim.as_ref()?, gate.verdict.as_ref()?);
        body.push_str(&format!(
            "| {} | PASS @{} | {} | {} | {} | {} | {} |\n",
            prose(&gate.gate),
            text::time(verdict.at),
            cited(claim),
            cited(verdict),
            verdict
                .commit
                .as_deref()
                .map_or_else(String::new, code_cell),
            checks(verdict),
            hosts(&verdict.hosts)
        ));
    }
    body.push('\n');
    for phase in phases {
        body.push_str(&format!(
            "- Claim file: {} (sha256 {})\n",
            code_cell(&phase.path),
            code_cell(&phase.claim_sha256)
        ));
    }
    body.push_str(&asked_hosts(
        gates().filter_map(|gate| gate.verdict.as_ref()),
    ));
    let newest = gates()
        .filter_map(|gate| gate.verdict.as_ref())
        .max_by_key(|cited| cited.at)?;
    Some(Block {
        document: Document::Status,
        phase: phases.first()?.phase.clone(),
        gate: String::new(),
        run_id: newest.run_id.clone(),
        inputs: Vec::new(),
        body: crate::secrets::redact_known(&body),
    })
}

/// What was asked of the hosts for this DONE, and what could not be compared. Each value stands in
/// the table above: [`PhaseStatus::is_ready`] holds only where each host answered with it.
fn asked_hosts<'r>(verdicts: impl Iterator<Item = &'r CitedRun>) -> String {
    let mut hosts: Vec<&HostState> = verdicts.flat_map(|verdict| &verdict.hosts).collect();
    hosts.sort_by(|a, b| a.name.cmp(&b.name));
    hosts.dedup_by(|a, b| a.name == b.name);
    if hosts.is_empty() {
        return "- No check uses a host, so no host was asked.\n".to_owned();
    }
    let mut lines = String::new();
    for host in hosts {
        let compared = match (&host.revision, &host.boot_id) {
            (Some(_), Some(_)) => "its revision and boot id are those of the verdict",
            (Some(_), None) => {
                "its revision is that of the verdict; its boot id is unknown, so a reboot would not be seen"
            }
            (None, Some(_)) => {
                "its boot id is that of the verdict; its revision is unknown, so a redeployment would not be seen"
            }
            (None, None) => "its revision and boot id are unknown, so nothing was compared",
        };
        lines.push_str(&format!(
            "- Asked when this was written: {}: {compared}.\n",
            prose(&host.name)
        ));
    }
    lines.push_str("- `gateproof status --probe` asks again.\n");
    lines
}

/// How many checks there were, and of how many something shows that they can fail.
fn checks(run: &CitedRun) -> String {
    match run.teeth {
        Some(shown) => format!("{}, {shown} shown to be able to fail", run.checks),
        None => run.checks.to_string(),
    }
}

fn cited(run: &CitedRun) -> String {
    let digest = run.sha256.get(..12).unwrap_or(&run.sha256);
    format!(
        "{}, run {} (sha256 {})",
        prose(&run.by),
        code_cell(&run.run_id),
        code_cell(digest)
    )
}

fn hosts(hosts: &[HostState]) -> String {
    let known = |value: &Option<String>| {
        value
            .as_deref()
            .map_or_else(|| "unknown".to_owned(), code_cell)
    };
    let lines: Vec<String> = hosts
        .iter()
        .map(|host| {
            format!(
                "{}: {}, {}",
                prose(&host.name),
                known(&host.revision),
                known(&host.boot_id)
            )
        })
        .collect();
    lines.join("<br>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::state::Reason;

    fn phase(state: GateState, reasons: Vec<Reason>) -> PhaseStatus {
        PhaseStatus {
            phase: "pxgate".into(),
            title: "t".into(),
            path: "claims/p|x.yaml".into(),
            claim_sha256: "aa".into(),
            gates: vec![GateStatus {
                gate: "M1".into(),
                title: "one".into(),
                owner: None,
                state,
                reasons,
                claim: None,
                verdict: None,
            }],
            next: None,
            declared_done: None,
            notes: vec!["STATUS says ## DONE".into()],
        }
    }

    fn vetoed() -> PhaseStatus {
        let reason = "x\n## DONE\n## VETO | \x1b[2J CLAIMED, awaiting Adversary".to_owned();
        phase(
            GateState::Veto,
            vec![Reason::Vetoed {
                name: "V1".into(),
                line: Some(3),
                run: None,
                by: None,
                reason,
            }],
        )
    }

    #[test]
    fn text_from_documents_cannot_become_a_state_a_row_or_an_escape_sequence() {
        let markdown = markdown(&vetoed());
        let rows = markdown
            .lines()
            .filter(|line| line.starts_with('|'))
            .count();
        assert_eq!(rows, 3, "{markdown}");
        for word in ["## DONE", "## VETO", "CLAIMED, awaiting", "\x1b"] {
            assert!(!markdown.contains(word), "{word} in {markdown}");
        }
        assert_eq!(
            crate::gate::heading::read(&markdown, &["M1"]),
            Default::default()
        );
        assert!(!table(&vetoed(), 80, false).contains('\x1b'));
        assert!(table(&vetoed(), 80, true).contains('\x1b'));
    }

    #[test]
    fn json_has_each_reason_as_kind_values_and_sentence() {
        let value = json(&vetoed()).unwrap();
        let reason = &value["gates"][0]["reasons"][0];
        assert_eq!(
            (&reason["kind"], &reason["line"]),
            (&"vetoed".into(), &3.into())
        );
        assert!(
            reason["text"]
                .as_str()
                .unwrap()
                .starts_with("VETO in REVIEW line 3: x")
        );
        assert_eq!(value["exit_code"], 1);
    }

    #[test]
    fn there_is_no_done_block_unless_every_gate_is_ready() {
        for state in [
            GateState::Open,
            GateState::Claimed,
            GateState::Fail,
            GateState::Veto,
            GateState::Stale,
            GateState::Pass,
        ] {
            assert_eq!(done_block(&[phase(state, Vec::new())]), None, "{state}");
        }
        assert_eq!(done_block(&[]), None);
    }

    #[test]
    fn done_says_of_each_host_what_was_compared_and_nothing_else() {
        let cited = |hosts: Vec<HostState>| CitedRun {
            run_id: "r".into(),
            sha256: "aa".into(),
            by: "eve".into(),
            commit: None,
            at: "2026-11-21T17:45:30Z".parse().unwrap(),
            checks: 1,
            teeth: None,
            hosts,
        };
        let host = |name: &str, revision: Option<&str>, boot: Option<&str>| HostState {
            name: name.into(),
            destination: name.into(),
            revision: revision.map(Into::into),
            boot_id: boot.map(Into::into),
            clock_skew_ms: None,
        };
        let said = |hosts| {
            let mut phase = phase(GateState::Ready, Vec::new());
            phase.gates[0].claim = Some(cited(Vec::new()));
            phase.gates[0].verdict = Some(cited(hosts));
            done_block(&[phase]).unwrap().body
        };
        let none = said(Vec::new());
        assert!(none.contains("no host was asked"), "{none}");
        assert!(!none.contains("revision and boot id are"), "{none}");
        let some = said(vec![
            host("a", Some("one"), Some("b1")),
            host("b", None, Some("b2")),
            host("c", None, None),
        ]);
        for line in [
            "a: its revision and boot id are those of the verdict",
            "b: its boot id is that of the verdict; its revision is unknown",
            "c: its revision and boot id are unknown, so nothing was compared",
        ] {
            assert!(some.contains(line), "{line}: {some}");
        }
    }
}
