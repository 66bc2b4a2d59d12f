//! The subjects of commits. `claim(`, `review(`, `veto(` and `lift(` wake the other role, so nothing
//! but a claim that was made, a verdict, a veto and its lifting begins with them.

use crate::gate::verdict::verdict;
use crate::record::{Act, RunRecord};
use crate::report::text;
use claim::outcome::Outcome;

/// The longest subject, in columns.
const LONGEST: usize = 120;
/// How many characters of a commit's hash people see.
const SHORT: usize = 12;

/// The subject of the commit of a run of one gate, by what the record says it was for. `after` is
/// what a renewed claim comes after.
pub fn subject(record: &RunRecord, gate: &str, after: Option<&str>) -> String {
    let outcomes: Vec<Outcome> = record.checks_of(gate).map(|check| check.outcome).collect();
    let tally = text::tally(&outcomes);
    let commit = record
        .commit()
        .map_or("no commit", |commit| commit.get(..SHORT).unwrap_or(commit));
    let verdict = verdict(record, gate).name();
    let by_builder = record.role.as_deref() == Some("builder");
    let (prefix, words) = match record.act {
        Act::Claim => {
            let again = after.map_or(String::new(), |after| format!("re-claim after {after}: "));
            (
                "claim",
                format!("{again}{} at {commit} ({tally})", title(record, gate)),
            )
        }
        Act::Review => {
            let filed: Vec<&str> = record.filed.iter().map(|f| f.id.as_str()).collect();
            let filed = if filed.is_empty() {
                String::new()
            } else {
                format!(" {}", filed.join(", "))
            };
            (
                "review",
                format!("{verdict}{filed} of the claim at {commit} ({tally})"),
            )
        }
        Act::Verify | Act::Ci if by_builder => (
            "journal",
            format!("not claimed, {verdict} at {commit} ({tally})"),
        ),
        Act::Verify | Act::Ci => ("note", format!("not a verdict, at {commit} ({tally})")),
        Act::Veto | Act::Lift => return decision_subject(record),
    };
    let line = format!("{prefix}({}-{gate}): {words}", record.claim.phase);
    text::cut(&text::visible(&line), LONGEST)
}

/// The subject of the commit of a veto or of its lifting.
pub fn decision_subject(record: &RunRecord) -> String {
    let words = match (&record.veto, &record.lifts) {
        (Some(veto), _) => veto.reason.clone(),
        (None, Some(lifts)) => format!("{}: {}", lifts.name(), lifts.why),
        (None, None) => String::new(),
    };
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = format!("{}({}): {words}", record.act.name(), record.claim.phase);
    text::cut(&text::visible(&line), LONGEST)
}

fn title(record: &RunRecord, gate: &str) -> String {
    let gates = text::gates(record);
    let title = gates
        .iter()
        .find(|(name, _)| *name == gate)
        .map_or("", |(_, title)| title);
    match title.trim() {
        "" => gate.to_owned(),
        title => text::cut(title, 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_claim_and_a_review_begin_with_the_words_that_wake_the_other_role() {
        let mut record = crate::report::sample::record();
        record.checks[0].gate_title = "claim(x): y\nreview(z): w".to_owned();
        for role in ["builder", "adversary", "ci"] {
            for act in [Act::Claim, Act::Review, Act::Verify, Act::Ci] {
                record.act = act;
                record.role = Some(role.to_owned());
                let line = subject(&record, "M1", Some("A1"));
                assert_eq!(
                    line.starts_with("claim(pxgate-M1): "),
                    act == Act::Claim,
                    "{line}"
                );
                assert_eq!(
                    line.starts_with("review(pxgate-M1): "),
                    act == Act::Review,
                    "{line}"
                );
                assert!(
                    !line.contains('\n') && text::width(&line) <= LONGEST,
                    "{line}"
                );
            }
        }
        record.act = Act::Claim;
        assert!(subject(&record, "M1", Some("A1")).contains("re-claim after A1: "));
        assert!(!subject(&record, "M1", None).contains("re-claim"));
    }
}
