//! The gates of several runs over time, and what each review saw otherwise than its claim.

use std::fmt::Write as _;

use crate::record::RunRecord;
use crate::report::text;
use claim::outcome::Outcome;

use super::{class_of_gate, escaped};

/// A table for each gate, a row for each run; nothing of a single run, which says it all itself.
pub(super) fn overview(out: &mut String, records: &[RunRecord]) {
    if records.len() < 2 {
        return;
    }
    let mut gates: Vec<(&str, &str)> = records.iter().flat_map(text::gates).collect();
    gates.sort_unstable();
    gates.dedup_by_key(|(gate, _)| *gate);
    let mut runs: Vec<&RunRecord> = records.iter().collect();
    runs.sort_by_key(|record| record.started);
    out.push_str("<section>\n<h2>The gates over time</h2>\n");
    for (gate, title) in gates {
        let _ = writeln!(
            out,
            "<h3>{}</h3>\n<table class=\"steps\"><thead><tr><th>when</th><th>what</th><th>by</th><th>checks</th><th>otherwise than the claim</th></tr></thead><tbody>",
            escaped(&text::titled(gate, title))
        );
        for record in &runs {
            run_row(out, records, record, gate);
        }
        out.push_str("</tbody></table>\n");
    }
    out.push_str("</section>\n");
}

fn run_row(out: &mut String, records: &[RunRecord], record: &RunRecord, gate: &str) {
    let outcomes: Vec<Outcome> = record.checks_of(gate).map(|check| check.outcome).collect();
    if outcomes.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "<tr><td><a href=\"#{}\">{}</a></td><td>{}</td><td>{}</td><td class=\"{}\">{}</td><td>{}</td></tr>",
        escaped(&record.run_id),
        escaped(&text::time(record.started)),
        escaped(record.act.name()),
        escaped(record.author.as_deref().unwrap_or(&record.who)),
        class_of_gate(&outcomes),
        escaped(&text::tally(&outcomes)),
        escaped(&otherwise(records, record, gate)),
    );
}

/// The checks of which a review saw something else than the claim that it is about, or that one of the two
/// does not have.
fn otherwise(records: &[RunRecord], review: &RunRecord, gate: &str) -> String {
    let Some(link) = &review.reviews else {
        return String::new();
    };
    let Some(claim) = records.iter().find(|record| record.run_id == link.run_id) else {
        return format!("the claim, run {}, is not on this page", link.run_id);
    };
    let mut names: Vec<&str> = Vec::new();
    for check in review.checks_of(gate) {
        let claimed = claim.checks_of(gate).find(|claimed| claimed.id == check.id);
        if claimed.is_none_or(|claimed| {
            claimed.outcome != check.outcome || claimed.observed != check.observed
        }) {
            names.push(&check.id);
        }
    }
    let missing = claim.checks_of(gate).filter(|claimed| {
        let mut reviewed = review.checks_of(gate);
        !reviewed.any(|check| check.id == claimed.id)
    });
    names.extend(missing.map(|claimed| claimed.id.as_str()));
    match names.as_slice() {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    }
}
