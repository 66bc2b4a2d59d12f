//! YAML as a tree that keeps the text and the place of every scalar, for what is read strictly.
//!
//! Typed deserialisation is not used on purpose: it stops at the first error, and it has made
//! `1.10` a number and `000` a zero before anybody could say that they are text.

use granit_parser::{Event, Parser, ScalarStyle, Span as YamlSpan};

use super::codes::Code;
use super::diagnostic::Diagnostic;
use crate::text::is_deceptive;
use crate::yaml::source::Span;

/// The deepest nesting that is read.
pub const MAX_DEPTH: usize = 32;
/// The most nodes that are read.
pub const MAX_NODES: usize = 400_000;

/// A node with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub span: Span,
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// A scalar: its text, and whether it stands there without quotes.
    Scalar {
        /// The text after YAML's escapes.
        text: String,
        /// Without quotes and not a block.
        plain: bool,
    },
    List(Vec<Node>),
    /// A map in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A key with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub text: String,
    pub span: Span,
}

impl Node {
    /// The node's kind in words.
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            NodeKind::Scalar { text, plain: true } if is_null(text) => "nothing",
            NodeKind::Scalar { .. } => "a text",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }

    /// The value of a key, if the node is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            NodeKind::Map(entries) => entries.iter().find(|(k, _)| k.text == key).map(|(_, v)| v),
            _ => None,
        }
    }
}

/// Whether a plain scalar stands for nothing.
pub fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Reads a text into a tree.
///
/// # Errors
/// What is wrong with it as YAML, or as the part of YAML that is allowed here. Duplicate keys
/// are reported beside a tree that can still be read.
pub fn parse(text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    let mut builder = Builder {
        text,
        parser: Parser::new_from_str(text),
        nodes: 0,
        problems: hidden(text),
    };
    match builder.document() {
        Ok(node) => (node, builder.problems),
        Err(problem) => {
            builder.problems.push(*problem);
            (None, builder.problems)
        }
    }
}

/// The characters with which a text reads otherwise than it is. A reviewer cannot see them.
fn hidden(text: &str) -> Vec<Diagnostic> {
    const MOST: usize = 10;
    let found = text.char_indices().filter(|(_, c)| is_deceptive(*c));
    found
        .take(MOST)
        .map(|(at, c)| {
            let code = u32::from(c);
            let title = format!("the character U+{code:04X} is not seen");
            Diagnostic::new(Code::HIDDEN, at..at + c.len_utf8(), title).help(format!(
                "leave it out; where it is meant, write `{}` in double quotes",
                if code > 0xffff {
                    format!("\\U{code:08X}")
                } else {
                    format!("\\u{code:04X}")
                }
            ))
        })
        .collect()
}

struct Builder<'t> {
    text: &'t str,
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    nodes: usize,
    problems: Vec<Diagnostic>,
}

type Outcome<T> = Result<T, Box<Diagnostic>>;

impl<'t> Builder<'t> {
    fn document(&mut self) -> Outcome<Option<Node>> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    return Err(Box::new(
                        Diagnostic::new(
                            Code::DOCUMENTS,
                            self.span(&span),
                            "a second document in the file",
                        )
                        .help("put it into a file of its own"),
                    ));
                }
                Event::DocumentStart(..) => {
                    let (event, span) = self.next()?;
                    root = Some(self.node(event, span, 0)?);
                }
                Event::StreamEnd => break,
                // Nothing else can stand between documents.
                _ => {}
            }
        }
        if root.is_none() {
            self.problems.push(
                Diagnostic::new(Code::DOCUMENTS, 0..0, "the file is empty")
                    .help("a claim file begins with `phase:`; see claims/quickstart.yaml"),
            );
        }
        Ok(root)
    }

    fn node(&mut self, event: Event<'t>, span: YamlSpan, depth: usize) -> Outcome<Node> {
        let at = self.span(&span);
        self.nodes += 1;
        if depth > MAX_DEPTH || self.nodes > MAX_NODES {
            return Err(Box::new(Diagnostic::new(
                Code::TOO_DEEP,
                at,
                format!("more than {MAX_DEPTH} levels or {MAX_NODES} nodes"),
            )));
        }
        if event.anchor_id().is_some_and(|id| id != 0) || event.is_alias() {
            return Err(Box::new(
                Diagnostic::new(Code::ALIAS, at, "anchors and aliases are not allowed")
                    .help("repeat the text, or use `vars:` and `for:`"),
            ));
        }
        if event.tag().is_some() {
            return Err(Box::new(
                Diagnostic::new(Code::ALIAS, at, "YAML tags are not allowed")
                    .help("leave the tag out: text stays text without it"),
            ));
        }
        match event {
            Event::Scalar(text, style, ..) => Ok(Node {
                span: self.trimmed(at),
                kind: NodeKind::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                },
            }),
            Event::SequenceStart(..) => self.list(at.start, depth),
            Event::MappingStart(..) => self.map(at.start, depth),
            _ => Err(Box::new(Diagnostic::new(
                Code::SYNTAX,
                at,
                "a value is missing here",
            ))),
        }
    }

    fn list(&mut self, start: usize, depth: usize) -> Outcome<Node> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                let end = self.span(&span).end;
                return Ok(Node {
                    span: self.trimmed(start..end),
                    kind: NodeKind::List(items),
                });
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }

    fn map(&mut self, start: usize, depth: usize) -> Outcome<Node> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                let end = self.span(&span).end;
                return Ok(Node {
                    span: self.trimmed(start..end),
                    kind: NodeKind::Map(entries),
                });
            }
            let node = self.node(event, span, depth + 1)?;
            let NodeKind::Scalar { text, .. } = node.kind else {
                return Err(Box::new(
                    Diagnostic::new(Code::WRONG_TYPE, node.span, "a key must be a text")
                        .help("if this is meant as a value, put it in quotes"),
                ));
            };
            let key = Key {
                text,
                span: node.span,
            };
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            if let Some((first, _)) = entries.iter().find(|(k, _)| k.text == key.text) {
                let (line, _) = super::source::position(self.text, first.span.start);
                self.problems.push(
                    Diagnostic::new(
                        Code::DUPLICATE_KEY,
                        key.span,
                        format!("duplicate key `{}`", key.text),
                    )
                    .label(format!("first on line {line}"))
                    .help("keep one of the two; for several matchers on one output write `all: [ … ]`"),
                );
                continue;
            }
            entries.push((key, value));
        }
    }

    fn next(&mut self) -> Outcome<(Event<'t>, YamlSpan)> {
        match self.parser.next_event() {
            Some(Ok(pair)) => Ok(pair),
            Some(Err(error)) => Err(Box::new(self.syntax(&error))),
            None => Err(Box::new(Diagnostic::new(
                Code::SYNTAX,
                self.text.len()..self.text.len(),
                "the text ends in the middle of a value",
            ))),
        }
    }

    fn syntax(&self, error: &granit_parser::ScanError) -> Diagnostic {
        let marker = error.marker();
        let at = marker
            .byte_offset()
            .unwrap_or_else(|| line_start(self.text, marker.line()));
        // The scanner often notices a tab only at the line after it.
        let (line, _) = super::source::position(self.text, at);
        for number in [line, line.saturating_sub(1)] {
            if let Some(tab) = tab_in_indentation(self.text, number) {
                return Diagnostic::new(Code::TAB, tab..tab + 1, "a tab in the indentation")
                    .help("indent with spaces");
            }
        }
        Diagnostic::new(
            Code::SYNTAX,
            at..at + 1,
            format!("not valid YAML: {}", error.info()),
        )
        .help("check the indentation, colons and quotes of this line and the one above it")
    }

    fn span(&self, span: &YamlSpan) -> Span {
        span.byte_range().unwrap_or_else(|| {
            let start = line_start(self.text, span.start.line());
            start..start
        })
    }

    /// Without the white space and comments-only tail that a collection's end may include.
    fn trimmed(&self, span: Span) -> Span {
        let end = span.end.min(self.text.len()).max(span.start);
        let text = self.text.get(span.start..end).unwrap_or_default();
        span.start..span.start + text.trim_end().len()
    }
}

fn line_start(text: &str, line: usize) -> usize {
    text.split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum()
}

fn tab_in_indentation(text: &str, line: usize) -> Option<usize> {
    if line == 0 {
        return None;
    }
    let start = line_start(text, line);
    let rest = text.get(start..)?;
    let indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    rest[..indent].find('\t').map(|at| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes(text: &str) -> Vec<&'static str> {
        parse(text).1.iter().map(|d| d.code.0).collect()
    }

    #[test]
    fn scalars_keep_their_text_and_their_place() {
        let text = "a: [000, 0755, 1.10, no, 12:30, \"q\"]\n";
        let (node, problems) = parse(text);
        assert_eq!(problems, []);
        let node = node.unwrap();
        let NodeKind::List(items) = &node.get("a").unwrap().kind else {
            panic!("not a list")
        };
        let texts: Vec<_> = items
            .iter()
            .map(|item| match &item.kind {
                NodeKind::Scalar { text, plain } => (text.as_str(), *plain),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            texts,
            [
                ("000", true),
                ("0755", true),
                ("1.10", true),
                ("no", true),
                ("12:30", true),
                ("q", false)
            ]
        );
        assert_eq!(&text[items[1].span.clone()], "0755");
    }

    #[test]
    fn refuses_what_hides_claims_from_a_reviewer() {
        assert_eq!(codes("a: &x 1\nb: *x\n"), ["GP2103"]);
        assert_eq!(codes("a: !!str 1\n"), ["GP2103"]);
        assert_eq!(codes("a: 1\n---\nb: 2\n"), ["GP2104"]);
        assert_eq!(codes(""), ["GP2104"]);
        assert_eq!(codes("a: 1\na: 2\n"), ["GP2202"]);
        assert_eq!(codes("a:\n\tb: 1\n"), ["GP2102"]);
        assert_eq!(codes("a: [1, 2\n"), ["GP2101"]);
        let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
        assert_eq!(codes(&deep), ["GP2105"]);
        assert_eq!(codes("? [a]\n: 1\n"), ["GP2204"]);
    }

    #[test]
    fn an_alias_bomb_costs_nothing() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..40 {
            let alias = format!("*a{}", n - 1);
            let list = vec![alias; 9].join(", ");
            text.push_str(&format!("a{n}: &a{n} [{list}]\n"));
        }
        let started = std::time::Instant::now();
        assert_eq!(codes(&text), ["GP2103"]);
        assert!(started.elapsed().as_millis() < 200);
    }

    proptest! {
        #[test]
        fn never_panics_and_spans_stay_inside(text in "[ -~\n\t\u{e4}\u{1F600}:\\-{}\\[\\],#'\"&*!|>%@]{0,80}") {
            let (node, problems) = parse(&text);
            prop_assert!(node.is_some() || !problems.is_empty());
            for problem in problems {
                prop_assert!(problem.span.start <= text.len());
            }
        }
    }
}
