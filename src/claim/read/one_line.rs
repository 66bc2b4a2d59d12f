//! A part of a claim file on one line, for tables.

use crate::Timing;
use crate::expectation::Expect;
use crate::matchers::in_words;
use kit::yaml::tree::{Node, NodeKind};

/// The expectation on one line: in words (`exit 0, stdout is empty`), and a value that stands by
/// itself as it is.
pub(super) fn of(node: &Node, expect: &Expect) -> String {
    match &node.kind {
        NodeKind::Map(_) => in_words(expect),
        _ => value(node),
    }
}

/// The same with its timing, where the probe does not simply run once: `404 (within 30s)`.
pub(super) fn timed(text: String, timing: &Timing) -> String {
    let window = |window| humantime::format_duration(window);
    if let Some(within) = timing.within {
        format!("{text} (within {})", window(within))
    } else if let Some(never) = timing.never_within {
        format!("{text} (never within {})", window(never))
    } else if timing.repeat > 1 {
        format!("{text} ({} of {} times)", timing.at_least, timing.repeat)
    } else {
        text
    }
}

fn value(node: &Node) -> String {
    match &node.kind {
        NodeKind::Scalar { text, .. } if text.is_empty() => "''".to_owned(),
        NodeKind::Scalar { text, .. } => text.split_whitespace().collect::<Vec<_>>().join(" "),
        NodeKind::List(items) => {
            let items: Vec<String> = items.iter().map(value).collect();
            format!("[{}]", items.join(", "))
        }
        NodeKind::Map(entries) => {
            let entries = entries.iter();
            let each = entries.map(|(key, node)| format!("{} {}", key.text, value(node)));
            format!("({})", each.collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kit::text::Scope;
    use kit::yaml::source::Source;

    /// The words for an expectation that stands below its key, or behind it in braces.
    fn words(expect: &str) -> String {
        let text = format!(
            "phase: p\non: local\ngates:\n  M1:\n    checks:\n      - id: a\n        claim: c\n        run: x\n        expect:{expect}\n"
        );
        let path = "c.yaml".into();
        let file = crate::read::parse(Arc::new(Source { path, text }), &Scope::new());
        let file = file.unwrap_or_else(|invalid| panic!("{}", invalid.render(false)));
        file.gates[0].checks[0].expected.clone()
    }

    #[test]
    fn the_first_clause_is_said_in_every_layout_and_what_is_only_implied_is_not() {
        for (block, flow) in [
            (
                "\n          stdout:\n            contains: a",
                " { stdout: { contains: a } }",
            ),
            (
                "\n          stdout: a\n          stderr: { empty: true }",
                " { stdout: a, stderr: { empty: true } }",
            ),
            (
                "\n          exit: 0\n          stdout: a",
                " { exit: 0, stdout: a }",
            ),
            (
                "\n          not:\n            stdout: a",
                " { not: { stdout: a } }",
            ),
            (
                "\n          any:\n            - stdout: a\n            - stdout: b",
                " { any: [{ stdout: a }, { stdout: b }] }",
            ),
        ] {
            assert_eq!(words(block), words(flow));
            assert!(
                words(block).contains(" a") || words(block).contains("\"a\""),
                "{}",
                words(block)
            );
        }
        assert_eq!(words("\n          stdout: a"), "stdout is \"a\"");
    }
}
