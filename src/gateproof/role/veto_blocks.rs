//! The texts of vetoes and liftings in REVIEW. Their records decide; the texts are for people, and
//! for programs that look for `## VETO`. REVIEW is append-only, so lifting appends a heading that
//! names the veto.

use chrono::{DateTime, Utc};

use crate::gate::heading;
use crate::record::{Act, RunRecord};
use crate::report::documents::{Block, Document};
use crate::report::markdown::escape::prose;

/// The REVIEW block of a veto or a lifting; `None` for every other record.
pub fn decision_block(record: &RunRecord) -> Option<Block> {
    let by = record.author.as_deref().unwrap_or(&record.who);
    let body = match record.act {
        Act::Veto => {
            let veto = record.veto.as_ref()?;
            let until = match &veto.until {
                Some(until) => prose(&one_line(until)),
                None => "it is lifted here, by the Adversary".to_owned(),
            };
            format!(
                "{}\n\n- **Filed:** {} by {}\n- **Until:** {until}\n",
                veto_heading(&veto.reason),
                minute(record.ended),
                prose(by)
            )
        }
        Act::Lift => {
            let lifts = record.lifts.as_ref()?;
            let name = lifts.name();
            format!(
                "## Lifted @{} — VETO {name} ({})\n\n**VETO lifted.** {}\n\n- **Lifted:** {} by {}\n",
                minute(record.ended),
                prose(&one_line(&lifts.reason)),
                prose(&one_line(&lifts.why)),
                minute(record.ended),
                prose(by)
            )
        }
        Act::Claim | Act::Review | Act::Verify | Act::Ci => return None,
    };
    Some(block(&record.claim.phase, &record.run_id, body))
}

/// The heading of a veto. A reason that begins like a lifting is no lifting.
fn veto_heading(reason: &str) -> String {
    let reason = prose(&one_line(reason));
    let heading = format!("## VETO {reason}");
    let read = heading::read(&heading, &[]);
    if read.open_vetoes().count() == 1 {
        heading
    } else {
        format!("## VETO because: {reason}")
    }
}

/// The gates of the claim file that a veto's reason names; all of them when it names none.
pub fn vetoed_gates(reason: &str, known: &[&str]) -> Vec<String> {
    let read = heading::read(&veto_heading(reason), known);
    read.vetoes
        .first()
        .map(|veto| veto.gates.clone())
        .unwrap_or_default()
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
    use crate::gate::heading::Veto;
    use crate::record::{LiftedVeto, VetoWords};
    use crate::report::documents::append_block;
    use proptest::prelude::*;

    fn vetoes(text: &str) -> Vec<Veto> {
        heading::read(text, &[]).vetoes
    }

    fn open(text: &str) -> Vec<(usize, String)> {
        let read = heading::read(text, &[]);
        let each = read.open_vetoes();
        each.map(|veto| (veto.number, veto.reason.clone()))
            .collect()
    }

    fn veto(run_id: &str, reason: &str, until: Option<&str>) -> Block {
        let mut record = crate::report::sample::record();
        record.run_id = run_id.to_owned();
        record.act = Act::Veto;
        record.veto = Some(VetoWords {
            reason: reason.to_owned(),
            until: until.map(str::to_owned),
            gates: Vec::new(),
        });
        decision_block(&record).unwrap()
    }

    fn lift(run_id: &str, veto: &Veto, why: &str) -> Block {
        let mut record = crate::report::sample::record();
        record.run_id = run_id.to_owned();
        record.act = Act::Lift;
        record.lifts = Some(LiftedVeto {
            record: None,
            number: Some(veto.number),
            reason: veto.reason.clone(),
            why: why.to_owned(),
        });
        decision_block(&record).unwrap()
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
        let block = veto("r", "lifted guard fails", None);
        assert_eq!(open(&block.body).len(), 1, "{}", block.body);
    }

    #[test]
    fn a_veto_covers_the_gates_that_its_reason_names() {
        assert_eq!(vetoed_gates("M1: teardown", &["M1", "M2"]), ["M1"]);
        assert!(vetoed_gates("teardown", &["M1", "M2"]).is_empty());
        assert_eq!(vetoed_gates("lifted guard of M2", &["M1", "M2"]), ["M2"]);
    }

    proptest! {
        #[test]
        fn whatever_the_reason_a_veto_is_open_until_it_is_lifted_and_then_closed(
            reason in "(LIFTED|VETO|## |@|—|:|V1|\\(none\\)|\n|`|#|[a-zé ]){1,8}",
            why in "(## VETO|\n|```|Lifted|[a-z ]){0,6}",
        ) {
            prop_assume!(!reason.trim().is_empty());
            let first = append_block(b"", &veto("r0", "other", None)).unwrap();
            let block = veto("r1", &reason, Some(&why));
            let with = append_block(&first, &block).unwrap();
            let text = String::from_utf8(with.clone()).unwrap();
            prop_assert_eq!(open(&text).len(), 2, "{}", text);
            let meant = vetoes(&text).remove(1);
            let lifting = lift("r2", &meant, &why);
            let after = append_block(&with, &lifting).unwrap();
            prop_assert!(after.starts_with(&with));
            let text = String::from_utf8(after).unwrap();
            let left = open(&text);
            prop_assert_eq!(left.len(), 1, "{}", text);
            prop_assert_eq!(left[0].0, 1);
            let new_veto = |line: &str| line.starts_with("## VETO");
            prop_assert!(!lifting.body.lines().any(new_veto), "{}", lifting.body);
        }
    }
}
