//! Vetoes in a REVIEW document: `## VETO <reason>` forbids DONE, at any time, until it is lifted.
//! The document is append-only, so lifting appends a heading that names the veto.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use regex::Regex;

use crate::report::documents::{Block, Document};
use crate::report::markdown::escape::{code, prose};

static HEADING: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$").ok());
/// `VETO` as the heading's first word, however decorated.
static VETO: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)^[*_`]*VETO\b[*_`]*[ \t]*[:—–-]?[ \t]*(.*)$").ok());
/// `Lifted @… — VETO V1 (…)` as we write it.
static LIFTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^Lifted\b.*?\bVETO\b(?: V(\d+)\b)?").ok());
/// `VETO LIFTED @…`, `VETO WITHDRAWN`, `VETO V2 LIFTED — …`, as people write it.
static BY_HAND: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^[*_`]*VETO(?: V(\d+))?[*_`]* (?:LIFTED|WITHDRAWN|CLEARED)[*_`]*[ \t]*(?:$|[@—–:(-])",
    )
    .ok()
});

/// A veto of a REVIEW document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Veto {
    /// Its place among the vetoes of the document, from 1: `V1`, `V2` …
    pub number: usize,
    /// The rest of its heading.
    pub reason: String,
    /// The line of its heading, from 1.
    pub line: usize,
    /// The line of the heading that lifts it.
    pub lifted: Option<usize>,
}

/// All vetoes of a REVIEW document, in order. Fenced lines are no headings. A lifting that does
/// not say which of several open vetoes it means lifts none.
pub fn vetoes(text: &str) -> Vec<Veto> {
    let mut found: Vec<Veto> = Vec::new();
    let mut fence: Option<(char, usize)> = None;
    for (n, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let inside = fence.is_some();
        fence = after(fence, line);
        if inside || fence.is_some() {
            continue;
        }
        let heading = HEADING.as_ref().and_then(|heading| heading.captures(line));
        let Some(heading) = heading.and_then(|found| found.get(1)) else {
            continue;
        };
        let heading = heading.as_str();
        let lifting = [&LIFTED, &BY_HAND].into_iter();
        let lifting = lifting
            .filter_map(|shape| shape.as_ref())
            .find_map(|shape| shape.captures(heading));
        if let Some(lifting) = lifting {
            let named = lifting.get(1).map(|number| number.as_str());
            lift(&mut found, named, n + 1);
        } else if let Some(veto) = VETO.as_ref().and_then(|veto| veto.captures(heading)) {
            if &veto[1] == "(none)" {
                continue;
            }
            found.push(Veto {
                number: found.len() + 1,
                reason: veto[1].to_owned(),
                line: n + 1,
                lifted: None,
            });
        }
    }
    found
}

fn lift(vetoes: &mut [Veto], named: Option<&str>, line: usize) {
    let mut open: Vec<&mut Veto> = vetoes.iter_mut().filter(|v| v.lifted.is_none()).collect();
    let meant = match (named, open.as_mut_slice()) {
        (Some(number), _) => open.iter_mut().find(|v| v.number.to_string() == number),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    if let Some(veto) = meant {
        veto.lifted = Some(line);
    }
}

/// The vetoes that are not lifted.
pub fn open_vetoes(text: &str) -> Vec<Veto> {
    let mut all = vetoes(text);
    all.retain(|veto| veto.lifted.is_none());
    all
}

/// The fence that a line leaves open.
fn after(fence: Option<(char, usize)>, line: &str) -> Option<(char, usize)> {
    let text = line.trim_start_matches(' ');
    if line.len() - text.len() > 3 {
        return fence;
    }
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'));
    let Some(mark) = mark else { return fence };
    let rest = text.trim_start_matches(mark);
    let length = text.len() - rest.len();
    match fence {
        Some((m, l)) if m == mark && length >= l && rest.trim().is_empty() => None,
        Some(_) => fence,
        None if length >= 3 && !(mark == '`' && rest.contains('`')) => Some((mark, length)),
        None => None,
    }
}

/// A name for an entry that is of no run, in the form of a run's.
pub fn entry_id(at: DateTime<Utc>) -> String {
    crate::record::run_id(at, crate::run::random())
}

/// The REVIEW block of a veto. `by` is who says it, `until` the condition under which it is to be
/// lifted.
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
        // It begins with words that readers take for a lifting.
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
/// new one.
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
        body,
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
            "    ## VETO x",
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
        assert_eq!(open("## VETO lifted guard fails\n").len(), 1);
        assert_eq!(open("## VETO LIFTED guard fails\n").len(), 1);
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
