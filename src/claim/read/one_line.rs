//! A part of a claim file on one line, for tables.

use crate::Timing;
use crate::expectation::Expect;
use crate::matchers::in_words;
use kit::yaml::tree::{Node, NodeKind};

/// The expectation on one line: in words (`exit 0, stdout is empty`), and a value that stands by
/// itself as it is.
pub(super) fn of(node: &Node, expect: &Expect) -> String {
    match &node.kind {
        NodeKind::Map(_) => in_words(expect, &node.span),
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
