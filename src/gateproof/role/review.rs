//! The REVIEW block of a run: a verdict, or the statement that it is not one.

use super::header::RecordHeader;
use super::independence::dependence;
use crate::gate::counts::Worth;
use crate::gate::reason::{Reason, sentences};
use crate::gate::verdict::{Verdict, assess, join_reasons};
use crate::record::{CheckRecord, FiledFinding, FixtureRecord, RunRecord};
use crate::report::documents::{Block, Document};
use crate::report::markdown::escape::{code, code_cell, fence, prose};
use crate::report::markdown::{FreshClone, commit_text, outcome_label};
use crate::report::{explain, text};
use kit::count::count;

/// How the line begins that names what was filed before.
pub(crate) const EARLIER: &str = "- **Filed about this gate before:** ";

/// What a run of an Adversary amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReviewKind {
    /// It judges a claim.
    Verdict,
    /// A run that judges no claim ([`Act::Verify`](crate::record::Act)).
    ReadOnly,
    /// A run by the claim's own author or in its clone: it counts for nobody.
    Rehearsal,
    /// A review that does not count, and why ([`crate::gate::counts`]).
    Refused(String),
}

/// What is known about the claim that is judged.
#[derive(Clone, Debug)]
pub struct JudgedClaim<'c> {
    /// Its record, without its observations.
    pub claim: &'c RecordHeader,
    /// What was filed about the gate before.
    pub earlier: Vec<&'c FiledFinding>,
}

impl ReviewKind {
    /// By the rule that decides what counts: of a review that is refused by its signature, or that
    /// is worth that for its claim.
    pub fn by_rule(refused: Option<&Reason>, worth: &Worth) -> ReviewKind {
        match (refused, worth) {
            (Some(why), _) => ReviewKind::Refused(why.to_string()),
            (None, Worth::Void(why)) => ReviewKind::Refused(join_reasons(why)),
            (None, Worth::Pass | Worth::Fail(_) | Worth::Undecided(_)) => ReviewKind::Verdict,
        }
    }

    /// What a run of an Adversary amounts to, given the claim that its record names, if any.
    pub fn of(record: &RunRecord, claim: Option<&RecordHeader>) -> ReviewKind {
        let clone = record.clone_id();
        match claim {
            None => ReviewKind::ReadOnly,
            Some(claim) if dependence(claim, clone, record.author.as_deref()).is_empty() => {
                ReviewKind::Verdict
            }
            Some(_) => ReviewKind::Rehearsal,
        }
    }
}

/// The block of one gate of an Adversary's record for `REVIEW-<phase>.md`. Only a run that judges
/// a claim, and could be told, gets a heading that reads as a verdict.
///
/// `None` when the record has no check of that gate.
pub fn review_block(
    record: &RunRecord,
    gate: &str,
    standing: ReviewKind,
    judged: Option<&JudgedClaim<'_>>,
) -> Option<Block> {
    let checks: Vec<&CheckRecord> = record.checks_of(gate).collect();
    if checks.is_empty() {
        return None;
    }
    let mut body = heading(record, gate, &standing);
    body.push_str(&summary(record, gate, &checks));
    body.push_str(&evidence(&checks));
    body.push_str(&failures(&checks));
    body.push_str(&disturbed(record, &checks));
    for finding in record.filed.iter().filter(|f| f.gate == gate) {
        body.push_str(&filed(record, finding));
    }
    for id in &record.closed {
        body.push_str(&format!(
            "- [x] **{} [adversary] CLOSED @{}**\n",
            prose(id),
            record.ended.format("%Y-%m-%dT%H:%MZ")
        ));
    }
    if !record.closed.is_empty() {
        body.push('\n');
    }
    if !record.notes.is_empty() {
        body.push_str("**Notes.**\n\n");
        for note in &record.notes {
            body.push_str(&format!("- {}\n", prose(note)));
        }
        body.push('\n');
    }
    body.push_str(&commands(record, &checks));
    body.push_str(&facts(record, judged));
    let end = body.trim_end().len();
    body.truncate(end);
    body.push('\n');
    Some(Block {
        document: Document::Review,
        phase: record.claim.phase.clone(),
        gate: gate.to_owned(),
        run_id: record.run_id.clone(),
        inputs: judged
            .map(earlier_input)
            .into_iter()
            .chain(refused_input(&standing))
            .collect(),
        body: crate::secrets::redact_known(&body),
    })
}

/// The findings that the reviewer knew of, by id; the rest of them is in the records.
fn earlier_input(judged: &JudgedClaim<'_>) -> (String, String) {
    let ids = judged.earlier.iter().map(|finding| finding.id.as_str());
    ("earlier".to_owned(), ids.collect::<Vec<_>>().join(" "))
}

/// Why it did not count when it was written. What counts later is asked again.
fn refused_input(standing: &ReviewKind) -> Option<(String, String)> {
    match standing {
        ReviewKind::Refused(why) => Some(("refused".to_owned(), why.clone())),
        _ => None,
    }
}

fn heading(record: &RunRecord, gate: &str, standing: &ReviewKind) -> String {
    let (gate_name, at) = (prose(gate), record.ended.format("%Y-%m-%dT%H:%MZ"));
    let assessment = assess(record, gate);
    let why = match (standing, assessment.verdict) {
        (ReviewKind::Verdict, verdict @ (Verdict::Pass | Verdict::Fail)) => {
            return format!("## {gate_name} — {} @{at}\n\n", verdict.name());
        }
        (ReviewKind::Verdict, Verdict::Undecided) => {
            "it could not be told whether the claim holds.".to_owned()
        }
        (ReviewKind::ReadOnly, _) => {
            "somebody looked. Only `gateproof review` judges a claim.".to_owned()
        }
        (ReviewKind::Refused(why), _) => format!("it does not count: {}.", prose(why)),
        (ReviewKind::Rehearsal, _) => {
            "not independent of the claim, so it counts for nobody.".to_owned()
        }
    };
    format!("## {gate_name} — not a verdict @{at}\n\n**Not a verdict:** {why}\n\n")
}

/// How many checks there were, and what speaks against a PASS.
fn summary(record: &RunRecord, gate: &str, checks: &[&CheckRecord]) -> String {
    let outcomes: Vec<_> = checks.iter().map(|check| check.outcome).collect();
    let against = sentences(&assess(record, gate).reasons);
    let against: Vec<String> = against.iter().map(|it| prose(it)).collect();
    let against = match against.as_slice() {
        [] => "nothing".to_owned(),
        against => against.join("; "),
    };
    format!(
        "{}. **Against a PASS:** {against}.\n\n",
        text::tally(&outcomes)
    )
}

/// Who looked, at what: what is needed to find it again, and nobody reads first.
fn facts(record: &RunRecord, judged: Option<&JudgedClaim<'_>>) -> String {
    let author = record.author.as_deref().unwrap_or("not known to git");
    let mut out = format!(
        "- **Adversary:** {} ({}), {}, run {}\n",
        prose(author),
        prose(&record.who),
        prose(&record.tool),
        prose(&record.run_id)
    );
    if let Some(judged) = judged {
        let claim = judged.claim;
        out.push_str(&format!(
            "- **Claim:** run {} of {}, {}, record sha256 {}\n",
            prose(&claim.run_id),
            prose(claim.author.as_deref().unwrap_or(&claim.who)),
            text::time(claim.ended),
            code(&claim.sha256)
        ));
    }
    let clone = record.clone_id();
    let clone = code(clone.unwrap_or("unknown"));
    // A read-only run uses what is here, and clones only for checks `on: clone`.
    let (clone, of_commit) = match judged {
        Some(_) => (
            format!("a cold one, made for this run from clone {clone}"),
            ", of that commit",
        ),
        None => (clone, ""),
    };
    out.push_str(&format!(
        "- **Commit:** {}\n- **Clone:** {clone}\n- **Claim file:** {} (sha256 {}){of_commit}\n",
        commit_text(record),
        code(&record.claim.path),
        code(&record.claim.sha256)
    ));
    for host in &record.hosts {
        let known = |value: Option<&str>| value.map_or_else(|| "unknown".to_owned(), code);
        out.push_str(&format!(
            "- **Host:** {} ({}), revision {}, boot {}\n",
            code(&host.name),
            code(&host.destination),
            known(host.revision.as_deref()),
            known(host.boot_id.as_deref())
        ));
    }
    if let Some(judged) = judged {
        out.push_str(
            "- **Blind:** this run read neither JOURNAL nor what the claim's run observed\n",
        );
        if !judged.earlier.is_empty() {
            let earlier = judged.earlier.iter();
            let earlier: Vec<String> = earlier
                .map(|f| format!("{} ({})", prose(&f.id), prose(&text::cut(&f.text, 80))))
                .collect();
            out.push_str(&format!("{EARLIER}{}\n", earlier.join(", ")));
        }
    }
    out
}

fn evidence(checks: &[&CheckRecord]) -> String {
    let looked = checks.iter().any(|check| check.teeth.is_some());
    let mut out = String::from(if looked {
        "| Check | Expected | Observed | Result | What shows that it can fail |\n|---|---|---|---|---|\n"
    } else {
        "| Check | Expected | Observed | Result |\n|---|---|---|---|\n"
    });
    for check in checks {
        let teeth = match &check.teeth {
            Some(teeth) => format!(" {} |", code_cell(&text::cut(&teeth.describe(), 160))),
            None if looked => " not looked for |".to_owned(),
            None => String::new(),
        };
        out.push_str(&format!(
            "| {} | {} | {} | {} |{teeth}\n",
            code_cell(&check.id),
            code_cell(&text::cut(&text::visible(&text::expected(check)), 240)),
            code_cell(&text::cut(&text::visible(&text::observed(check)), 240)),
            outcome_label(check.outcome)
        ));
    }
    out + "\n"
}

/// What was run for the checks that passed, with the environment that the claim sets: an expected
/// answer says little if the claim also says which program gives it. (Those that did not pass are
/// among the failures.)
fn commands(record: &RunRecord, checks: &[&CheckRecord]) -> String {
    let (mut script, mut passed) = (String::new(), 0);
    let cold = FreshClone::of(record);
    let lines = checks.iter().map(|check| check.reproduce.clone());
    if let Some(made) = cold.made_for(lines) {
        script.push_str(&format!("# In a fresh clone of the commit:\n{made}\n"));
    }
    for check in checks {
        if check.outcome == claim::outcome::Outcome::Pass {
            passed += 1;
            script.push_str(&format!(
                "# {}\n{}\n",
                text::visible(&check.id),
                text::visible(&cold.line(&check.reproduce))
            ));
        }
    }
    if passed == 0 {
        return String::new();
    }
    format!(
        "**What was run**, as {}:\n\n<details><summary>{} that passed</summary>\n\n{}\n</details>\n\n",
        prose(&record.who),
        count(passed, "check"),
        fence("bash", &script)
    )
}

/// Every check that is not a PASS: the line that reproduces it, and why.
fn failures(checks: &[&CheckRecord]) -> String {
    let mut script = String::new();
    for check in checks {
        if check.outcome == claim::outcome::Outcome::Pass {
            continue;
        }
        let line = text::visible(check.reproduce.trim());
        // What a person looks at is not a command.
        let by_hand = if line.starts_with("human:") { "# " } else { "" };
        script.push_str(&format!(
            "# {}: {}\n{by_hand}{line}\n# expected: {}\n# observed: {}\n",
            text::visible(&check.id),
            check.outcome,
            text::visible(&check.expected),
            text::visible(&check.observed)
        ));
        for finding in &check.findings {
            let mut line = format!("# {}", text::visible(&finding.subject));
            if !finding.expected.is_empty() || !finding.observed.is_empty() {
                line.push_str(&format!(
                    ": expected {}, observed {}",
                    text::visible(&finding.expected),
                    text::visible(&finding.observed)
                ));
            }
            if let Some(note) = &finding.note {
                line.push_str(&format!(" — {}", text::visible(note)));
            }
            script.push_str(&line);
            script.push('\n');
        }
    }
    if script.is_empty() {
        return String::new();
    }
    format!("**Reproduce.**\n\n{}\n", fence("bash", &script))
}

fn disturbed(record: &RunRecord, checks: &[&CheckRecord]) -> String {
    let used = |fixture: &&FixtureRecord| checks.iter().any(|c| c.with.contains(&fixture.name));
    let items: String = record
        .fixtures
        .iter()
        .filter(used)
        .map(|fixture| {
            let mut item = format!("- {}\n", prose(&explain::fixture_line(fixture)));
            if let Some(remedy) = &fixture.remedy {
                item.push_str(&format!("  - **To be done by hand:** {}\n", code(remedy)));
            }
            item
        })
        .collect();
    if items.is_empty() {
        String::new()
    } else {
        format!("**Disturbed and restored.**\n\n{items}\n")
    }
}

/// In the shape in which people write findings.
fn filed(record: &RunRecord, finding: &FiledFinding) -> String {
    let words = finding
        .text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    format!(
        "### {} [adversary] {}\n\n- **Filed:** {}\n- **Gate:** {}\n- **Status:** open\n\n",
        finding.id,
        prose(&words),
        record.ended.format("%Y-%m-%dT%H:%MZ"),
        prose(&finding.gate)
    )
}
