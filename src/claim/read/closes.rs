//! `closes:` of a gate: an entry of DECISIONS or DEFERRED that is closed in the claimed commit. Each
//! becomes a check of the clone, so it is seen by Builder, Adversary and CI, and stands in HOW.

use kit::text::Text;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::source::Span;
use kit::yaml::tree::{Key, Node, NodeKind};

use super::reader::Reader;

/// Prints the entry: a heading with what stands below it, or an item of a list with its lines.
const ENTRY: &str = r##"awk '
  !found && index($0, ENVIRON["ENTRY"]) { found = 1; heading = /^#/; print; next }
  found && (/^#/ || (!heading && (/^[-*] / || /^$/))) { exit }
  found' "./$FILE""##;

/// What says that an entry is closed: a ticked box, a word, or a line through it.
const CLOSED: &str = r"(?i)\[x\]|\b(?:closed|done|resolved|superseded)\b|~~";

/// What says that it is not, or not whole.
const OPEN: &str = r"\[ \]";

impl Reader {
    /// The checks that the entries of `closes` become.
    pub(super) fn closes(&mut self, node: &Node) -> Vec<Node> {
        let mut checks = Vec::new();
        for item in self.items(node, "`closes`") {
            let entries = match &item.kind {
                NodeKind::Map(entries) => entries,
                NodeKind::Scalar { .. } | NodeKind::List(_) => {
                    self.report(
                        Diagnostic::new(
                            Code::WRONG_TYPE,
                            item.span.clone(),
                            "an entry of `closes` is a file and a text of the entry",
                        )
                        .help("write `- DEFERRED.md: \"2026-06-13 — circular dependency\"`"),
                    );
                    continue;
                }
            };
            for (file, value) in entries {
                let Some(entry) = self.fixed(value, "the entry") else {
                    continue;
                };
                if entry.trim().is_empty() || entry.contains('\n') {
                    self.report(
                        Diagnostic::new(
                            Code::BAD_VALUE,
                            value.span.clone(),
                            "the entry is not a text on one line",
                        )
                        .help("write a part of its first line that no other entry has"),
                    );
                    continue;
                }
                let number = checks.len() + 1;
                let span = file.span.start..value.span.end;
                checks.push(check(number, &file.text, entry.trim(), &span));
            }
        }
        checks
    }
}

/// `{ id: closes-1, on: clone, run: …, expect: … }`
fn check(number: usize, file: &str, entry: &str, span: &Span) -> Node {
    let at = |kind| Node {
        span: span.clone(),
        kind,
    };
    let text = |text: String| at(NodeKind::Scalar { text, plain: false });
    let map = |entries: Vec<(&str, Node)>| {
        let entries = entries.into_iter().map(|(key, node)| {
            let key = Key {
                text: key.to_owned(),
                span: span.clone(),
            };
            (key, node)
        });
        at(NodeKind::Map(entries.collect()))
    };
    let stdout = map(vec![
        ("matches", text(CLOSED.to_owned())),
        ("not", map(vec![("matches", text(OPEN.to_owned()))])),
    ]);
    map(vec![
        ("id", text(format!("closes-{number}"))),
        (
            "claim",
            text(Text::escape(&format!(
                "{file}: the entry “{entry}” is closed"
            ))),
        ),
        ("on", text("clone".to_owned())),
        ("run", text(ENTRY.to_owned())),
        ("effect", text("observe".to_owned())),
        (
            "env",
            map(vec![
                ("FILE", text(Text::escape(file))),
                ("ENTRY", text(Text::escape(entry))),
            ]),
        ),
        ("expect", map(vec![("stdout", stdout)])),
    ])
}
