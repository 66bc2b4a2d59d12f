//! Vetoes in a REVIEW document: `## VETO <reason>` forbids DONE, at any time, until it is lifted.
//! The document is append-only, so lifting appends a heading that names the veto.

use chrono::{DateTime, Utc};

use crate::gate::heading::{self, Veto};
use crate::report::documents::{Block, Document};
use crate::report::markdown::escape::{code, prose};

/// All vetoes of a REVIEW document, in order.
pub fn vetoes(text: &str) -> Vec<Veto> {
    heading::read(text, &[]).vetoes
}

/// The vetoes that are not lifted.
pub fn open_vetoes(text: &str) -> Vec<Veto> {
    let mut all = vetoes(text);
    all.retain(Veto::is_open);
    all
}

/// A name for an entry that belongs to no run, in the form of a run id.
pub fn entry_id(at: DateTime<Utc>) -> String {
    kit::run_id::run_id(at, crate::run::random())
}

/// The REVIEW block of a veto. `by` is its author, `until` the condition for lifting it.
pub fn veto_block(
    phase: &str,
    reason: &str,
    until: Option<&str>,
    by: &str,
    at: DateTime<Utc>,
    run_id: &str,
) -> Block {
    let reason = one_line(reason);
    let mut heading = format!("## VETO {}", prose(&reason));
    if open_vetoes(&heading).len() != 1 {
        // It begins like a lifting.
        heading = format!("## VETO because: {}", prose(&reason));
    }
    let until = match until {
        Some(until) => prose(&one_line(until)),
        None => "it is lifted here, by the Adversary".to_owned(),
    };
    let body = format!(
        "{heading}\n\n- **Filed:** {} by {}\n- **Until:** {until}\n",
        minute(at),
        prose(by)
    );
    block(phase, run_id, body)
}

/// The REVIEW block that lifts a veto. It does not begin with `## VETO`, which watchers take for a
/// new veto.
pub fn lift_block(
    phase: &str,
    veto: &Veto,
    why: &str,
    by: &str,
    at: DateTime<Utc>,
    run_id: &str,
) -> Block {
    let body = format!(
        "## Lifted @{} — VETO V{} ({})\n\n**VETO lifted.** {}\n\n- **Lifted:** {} by {}\n- **Veto:** {}\n",
        minute(at),
        veto.number,
        veto.reason,
        prose(&one_line(why)),
        minute(at),
        prose(by),
        code(&format!("V{}, line {}", veto.number, veto.line))
    );
    block(phase, run_id, body)
}

fn block(phase: &str, run_id: &str, body: String) -> Block {
    Block {
        document: Document::Review,
        phase: phase.to_owned(),
        gate: "veto".to_owned(),
        run_id: run_id.to_owned(),
        inputs: Vec::new(),
        body: crate::secrets::redact_known(&body),
    }
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%MZ").to_string()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::documents::append_block;
    use proptest::prelude::*;

    fn open(text: &str) -> Vec<(usize, String)> {
        let each = open_vetoes(text).into_iter();
        each.map(|veto| (veto.number, veto.reason)).collect()
    }

    #[test]
    fn a_veto_stands_in_the_references_shape_and_only_as_a_heading() {
        let text = "# REVIEW\n\n## VETO teardown is skipped\nuntil fixed\n\n### VETO: second\n";
        let expected = [
            (1, "teardown is skipped".to_owned()),
            (2, "second".to_owned()),
        ];
        assert_eq!(open(text), expected);
        for none in [
            "## Open VETOes (none)",
            "## VETO (none)",
            "No VETO.",
            "text ## VETO x",
            "```\n## VETO x\n```",
            "~~~~\n~~~\n## VETO x\n~~~~",
            "##VETO x",
            "## No VETO",
        ] {
            assert_eq!(open(none), [], "{none}");
        }
        assert_eq!(open("```\n```\r\n## VETO x\r\n"), [(1, "x".to_owned())]);
    }

    #[test]
    fn a_lifting_lifts_the_veto_it_names_and_erases_nothing() {
        let two = "## VETO one\n## VETO two\n";
        let cases = [
            ("## Lifted @2026-11-21T17:00Z — VETO V1 (one)\n", vec![2]),
            ("## VETO V2 LIFTED — fixed\n", vec![1]),
            // Which of the two it means is not said.
            ("## VETO LIFTED @2026-11-21T17:00Z\n", vec![1, 2]),
            ("## Lifted @x — VETO V3 (none such)\n", vec![1, 2]),
            ("the VETO is lifted\n", vec![1, 2]),
        ];
        for (lifting, expected) in cases {
            let left = open(&format!("{two}{lifting}"));
            let numbers: Vec<usize> = left.into_iter().map(|(n, _)| n).collect();
            assert_eq!(numbers, expected, "{lifting}");
        }
        assert_eq!(
            open("## VETO one\n## VETO LIFTED @x\n## VETO again\n").len(),
            1
        );
        // A reason that speaks of lifting is none.
        let block = veto_block("p", "lifted guard fails", None, "eve", Utc::now(), "r");
        assert_eq!(open(&block.body).len(), 1, "{}", block.body);
    }

    proptest! {
        #[test]
        fn whatever_the_reason_a_veto_is_open_until_it_is_lifted_and_then_closed(
            reason in "(LIFTED|VETO|## |@|—|:|V1|\\(none\\)|\n|`|#|[a-zé ]){1,8}",
            why in "(## VETO|\n|```|Lifted|[a-z ]){0,6}",
        ) {
            prop_assume!(!reason.trim().is_empty());
            let at = Utc::now();
            let by = "eve <e@example.org>";
            let first = append_block(b"", &veto_block("p", "other", None, by, at, "r0")).unwrap();
            let block = veto_block("p", &reason, Some(&why), by, at, "r1");
            let with = append_block(&first, &block).unwrap();
            let text = String::from_utf8(with.clone()).unwrap();
            prop_assert_eq!(open_vetoes(&text).len(), 2, "{}", text);
            let veto = vetoes(&text).remove(1);
            let lifting = lift_block("p", &veto, &why, by, at, "r2");
            let after = append_block(&with, &lifting).unwrap();
            prop_assert!(after.starts_with(&with));
            let text = String::from_utf8(after).unwrap();
            let left = open_vetoes(&text);
            prop_assert_eq!(left.len(), 1, "{}", text);
            prop_assert_eq!(left[0].number, 1);
            let new_veto = |line: &str| line.starts_with("## VETO");
            prop_assert!(!lifting.body.lines().any(new_veto), "{}", lifting.body);
        }
    }
}
