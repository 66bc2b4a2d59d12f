//! The text of a claim file in which the value of a key is another one, and all else is as it was.

use kit::text::is_deceptive;
use kit::yaml::source::{Span, position};
use kit::yaml::tree::{self, Node, NodeKind};

use super::{NotAccepted, Replacement};

const KEY: &str = "snapshot";

/// A snapshot as it stands in a claim file.
#[derive(Debug)]
pub(super) struct SnapshotPlace {
    /// The text after YAML's escapes.
    pub(super) text: String,
    /// Where its key ends.
    key_end: usize,
    /// Where its key begins.
    key: usize,
    /// Where the value ends.
    end: usize,
}

/// The one snapshot inside of a span.
pub(super) fn snapshot_in(source: &str, span: &Span) -> Option<SnapshotPlace> {
    let (root, _) = tree::parse(source);
    let mut found = Vec::new();
    places(&root?, &mut found);
    let mut inside = found
        .into_iter()
        .filter(|place| span.start <= place.key && place.end <= span.end);
    let place = inside.next()?;
    inside.next().is_none().then_some(place)
}

fn places(node: &Node, found: &mut Vec<SnapshotPlace>) {
    match &node.kind {
        NodeKind::Map(entries) => {
            for (key, value) in entries {
                match &value.kind {
                    NodeKind::Scalar { text, .. } if key.text == KEY => found.push(SnapshotPlace {
                        text: text.clone(),
                        key: key.span.start,
                        key_end: key.span.end,
                        end: value.span.end,
                    }),
                    _ => places(value, found),
                }
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| places(item, found)),
        NodeKind::Scalar { .. } => {}
    }
}

impl SnapshotPlace {
    /// Another text in its place: as a block where it was one, and else in quotes.
    pub(super) fn replaced(&self, source: &str, text: &str) -> Replacement {
        let written = &source[self.key_end..self.end];
        let value = written.trim_start_matches(':').trim_start();
        let block = value.starts_with(['|', '>'])
            && !text
                .chars()
                .any(|c| c != '\n' && (c.is_control() || is_deceptive(c) || c == '\u{feff}'));
        let text = match (block, written.split_once('\n')) {
            (true, Some((head, body))) => self.block(source, head, body, text),
            _ => format!(": {}", quoted(text)),
        };
        Replacement {
            span: self.key_end..self.end,
            text,
        }
    }

    /// The block, as far indented as the one before, behind what stood on the line of its key.
    fn block(&self, source: &str, head: &str, body: &str, text: &str) -> String {
        let indent = body.lines().find(|line| !line.trim().is_empty());
        let indent = indent.map_or(0, |line| line.len() - line.trim_start_matches(' ').len());
        let (_, column) = position(source, self.key);
        let indent = " ".repeat(indent.max(column));
        let comment = head.find(" #").map_or("", |at| head[at..].trim_end());
        let newline = if head.ends_with('\r') { "\r\n" } else { "\n" };
        let mut out = format!(": |{comment}");
        for line in text.split('\n') {
            out.push_str(newline);
            if !line.is_empty() {
                out.push_str(&indent);
                out.push_str(line);
            }
        }
        out
    }
}

/// As a text in double quotes, which YAML reads as JSON does.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let shown = |c: char| match c {
        c if is_deceptive(c) || (c.is_control() && c != '\n') || c == '\u{feff}' => {
            format!("\\U{:08X}", u32::from(c))
        }
        c => c.to_string(),
    };
    json.chars().map(shown).collect()
}

/// The text with the replacements in it. It is read again: every other value of the file is as it was.
pub(super) fn rewritten(before: &str, replacements: &[Replacement]) -> Result<String, NotAccepted> {
    let mut sorted: Vec<&Replacement> = replacements.iter().collect();
    sorted.sort_by_key(|it| it.span.start);
    let overlaps = |pair: &[&Replacement]| pair[0].span.end > pair[1].span.start;
    if sorted.windows(2).any(overlaps) {
        return Err(NotAccepted::Shared);
    }
    let mut out = before.to_owned();
    for it in sorted.iter().rev() {
        out.replace_range(it.span.clone(), &it.text);
    }
    let replaced = |place: &SnapshotPlace| sorted.iter().any(|it| it.span.start == place.key_end);
    match (skeleton(before), skeleton(&out)) {
        (Some((shape, old)), Some((new_shape, new)))
            if shape == new_shape
                && old.len() == new.len()
                && old
                    .iter()
                    .zip(&new)
                    .all(|(old, new)| replaced(old) || old.text == new.text) =>
        {
            Ok(out)
        }
        _ => Err(NotAccepted::CannotWrite),
    }
}

/// All of a file but the texts of its snapshots, and these.
fn skeleton(source: &str) -> Option<(String, Vec<SnapshotPlace>)> {
    let (root, problems) = tree::parse(source);
    let root = root.filter(|_| problems.is_empty())?;
    let mut found = Vec::new();
    places(&root, &mut found);
    let mut shape = String::new();
    draw(&root, false, &mut shape);
    Some((shape, found))
}

fn draw(node: &Node, snapshot: bool, out: &mut String) {
    match &node.kind {
        NodeKind::Scalar { .. } if snapshot => out.push('_'),
        NodeKind::Scalar { text, plain } => out.push_str(&format!("{text:?}{plain}")),
        NodeKind::List(items) => {
            out.push('[');
            items.iter().for_each(|item| draw(item, false, out));
            out.push(']');
        }
        NodeKind::Map(entries) => {
            out.push('{');
            for (key, value) in entries {
                out.push_str(&format!("{:?}:", key.text));
                draw(value, key.text == KEY, out);
            }
            out.push('}');
        }
    }
}
