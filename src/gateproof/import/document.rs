//! A Markdown document as the parts that an import looks at, each with its gate and its section.

use std::ops::Range;
use std::sync::LazyLock;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use regex::Regex;

use super::draft::Spot;
use super::recover::recover;
use crate::gate::heading;

/// What kind of document it is: a claim of what holds, or a memory of what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DocumentKind {
    Status,
    Journal,
}

/// The part of a claim that a text stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    What,
    How,
    Expected,
    Where,
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PartKind {
    Heading,
    Paragraph,
    /// An item of a list; numbered or not.
    Item {
        numbered: bool,
    },
    /// A fence with its language and its lines.
    Fence {
        language: String,
        lines: Vec<(usize, String)>,
    },
    /// A row of a table, with the table's header.
    Row {
        cells: Vec<String>,
        header: Vec<String>,
    },
}

/// A part of the document, with its source text.
#[derive(Clone, Debug)]
pub(super) struct DocumentPart {
    pub(super) kind: PartKind,
    pub(super) text: String,
    /// Its offset in the document.
    pub(super) at: usize,
    pub(super) gate: Option<String>,
    pub(super) section: Section,
}

/// A document, read.
pub(super) struct ReadDocument {
    text: String,
    pub(super) recovered: bool,
    pub(super) kind: DocumentKind,
    pub(super) title: String,
    pub(super) phase: String,
    /// What stands before the document on a page: names, buttons, the state of a build.
    pub(super) chrome: Option<String>,
    pub(super) parts: Vec<DocumentPart>,
}

impl ReadDocument {
    pub(super) fn read(text: &str, name: &str) -> ReadDocument {
        let (text, recovered) = recover(text);
        let mut parts = parts(&text);
        let first = parts.iter().position(|part| {
            part.kind == PartKind::Heading && text[part.at..].trim_start().starts_with("# ")
        });
        let chrome = match first {
            Some(first) if first > 0 => {
                let before: Vec<DocumentPart> = parts.drain(..first).collect();
                Some(
                    before
                        .into_iter()
                        .map(|part| part.text)
                        .collect::<Vec<_>>()
                        .join(" "),
                )
            }
            _ => None,
        };
        let title = match parts.first() {
            Some(part) if part.kind == PartKind::Heading => part.text.clone(),
            _ => String::new(),
        };
        place(&mut parts, &text);
        ReadDocument {
            kind: kind(&title, name),
            phase: phase(&title, name),
            title,
            recovered,
            chrome,
            parts,
            text,
        }
    }

    pub(super) fn spot(&self, at: usize) -> Spot {
        let before = &self.text[..at];
        if self.recovered {
            // As it stands in the file, where the recovered breaks are spaces.
            return Spot {
                line: 1,
                column: Some(before.chars().count() + 1),
            };
        }
        Spot {
            line: before.matches('\n').count() + 1,
            column: None,
        }
    }
}

fn kind(title: &str, name: &str) -> DocumentKind {
    let told = |text: &str| {
        let text = text.to_uppercase();
        ["STATUS", "JOURNAL", "REVIEW"]
            .into_iter()
            .find(|word| text.contains(word))
    };
    match told(title).or_else(|| told(name)) {
        Some("JOURNAL" | "REVIEW") => DocumentKind::Journal,
        _ => DocumentKind::Status,
    }
}

static PHASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:sub-)?phase\s+`?([a-z0-9][\w.-]*)|\b(?:STATUS|JOURNAL|REVIEW)-([a-z0-9][\w-]*)",
    )
    .expect("a constant pattern")
});

fn phase(title: &str, name: &str) -> String {
    let found = PHASE.captures(title).or_else(|| PHASE.captures(name));
    let phase = found.and_then(|found| found.get(1).or_else(|| found.get(2)));
    phase.map_or_else(|| "imported".to_owned(), |phase| phase.as_str().to_owned())
}

/// The parts in their order, without their gates and sections.
fn parts(text: &str) -> Vec<DocumentPart> {
    let mut walk = Walk {
        text,
        parts: Vec::new(),
        lists: Vec::new(),
        item: None,
        header: Vec::new(),
        cells: Vec::new(),
    };
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        walk.take(event, range);
    }
    walk.parts
}

struct Walk<'t> {
    text: &'t str,
    parts: Vec<DocumentPart>,
    /// Whether each list that is open is numbered.
    lists: Vec<bool>,
    /// Where the text of the item begins that is open.
    item: Option<usize>,
    header: Vec<String>,
    cells: Vec<String>,
}

impl Walk<'_> {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::List(first)) => {
                self.end_item(range.start);
                self.lists.push(first.is_some());
            }
            Event::End(TagEnd::List(_)) => {
                self.lists.pop();
            }
            Event::Start(Tag::Item) => self.item = Some(range.start),
            Event::End(TagEnd::Item) => self.end_item(range.end),
            Event::Start(Tag::Heading { .. }) => {
                let raw = &self.text[range.clone()];
                self.push(
                    PartKind::Heading,
                    raw.trim().trim_start_matches('#'),
                    range.start,
                );
            }
            Event::Start(Tag::Paragraph) if self.item.is_none() => {
                self.push(PartKind::Paragraph, &self.text[range.clone()], range.start);
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                self.end_item(range.start);
                let language = match kind {
                    pulldown_cmark::CodeBlockKind::Fenced(language) => language.to_string(),
                    pulldown_cmark::CodeBlockKind::Indented => String::new(),
                };
                let lines = Vec::new();
                self.push(PartKind::Fence { language, lines }, "", range.start);
            }
            Event::Text(_) => self.line_of_fence(range),
            Event::Start(Tag::TableHead) | Event::Start(Tag::TableRow) => self.cells.clear(),
            Event::Start(Tag::TableCell) => {
                let cell = self.text[range].trim().trim_matches('|').trim();
                self.cells.push(cell.to_owned());
            }
            Event::End(TagEnd::TableHead) => self.header = std::mem::take(&mut self.cells),
            Event::End(TagEnd::TableRow) => {
                let kind = PartKind::Row {
                    cells: std::mem::take(&mut self.cells),
                    header: self.header.clone(),
                };
                let text = self.text[range.clone()].trim().to_owned();
                self.push(kind, &text, range.start);
            }
            _ => {}
        }
    }

    /// Adds what a fence holds, line by line: in a list each has an indentation that is not its own.
    fn line_of_fence(&mut self, range: Range<usize>) {
        if let Some(DocumentPart {
            kind: PartKind::Fence { lines, .. },
            ..
        }) = self.parts.last_mut()
        {
            let mut at = range.start;
            for line in self.text[range].split_inclusive('\n') {
                lines.push((at, line.trim_end().to_owned()));
                at += line.len();
            }
        }
    }

    fn end_item(&mut self, end: usize) {
        let Some(start) = self.item.take() else {
            return;
        };
        let text = self.text[start..end].trim();
        let text = text
            .trim_start_matches(|c: char| c.is_ascii_digit() || "-*+.)".contains(c))
            .trim_start();
        let text = ["[ ]", "[x]", "[~]"]
            .iter()
            .find_map(|mark| text.strip_prefix(mark))
            .unwrap_or(text);
        let numbered = self.lists.last().copied().unwrap_or(false);
        self.push(PartKind::Item { numbered }, text, start);
    }

    fn push(&mut self, kind: PartKind, text: &str, at: usize) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.parts.push(DocumentPart {
            kind,
            text,
            at,
            gate: None,
            section: Section::Other,
        });
    }
}

static GATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\W*(?:Gate(?: claim)?:?\s+\W*)?([A-Z]{1,3}[0-9]+(?:\.[0-9]+)?[a-z]?)\b")
        .expect("a constant pattern")
});
static SECTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\W*(what|how|expected|where|verify|verification)\b")
        .expect("a constant pattern")
});

/// Gives each part the gate and the section that it stands in.
fn place(parts: &mut [DocumentPart], text: &str) {
    let statements = heading::read(text, &[]).statements;
    let mut gate: Option<String> = None;
    let mut section = Section::Other;
    for part in parts {
        let line = text[..part.at].matches('\n').count() + 1;
        let stated = statements.iter().find(|statement| statement.line == line);
        let named = || {
            let heading = part.kind == PartKind::Heading;
            let found = GATE.captures(&part.text).filter(|_| heading)?;
            Some(found[1].to_owned())
        };
        if let Some(id) = stated.map(|stated| stated.gate.clone()).or_else(named) {
            gate = Some(id);
            section = Section::Other;
        }
        if let Some(found) = section_of(part) {
            section = found;
        }
        part.gate.clone_from(&gate);
        part.section = section;
    }
}

/// The section that a heading, or the bold or capital lead of a text, begins.
fn section_of(part: &DocumentPart) -> Option<Section> {
    let found = SECTION.captures(&part.text)?;
    let word = found[1].to_lowercase();
    let lead = match part.kind {
        PartKind::Heading => true,
        PartKind::Paragraph | PartKind::Item { .. } => {
            part.text.starts_with("**") || found[1] == *found[1].to_uppercase()
        }
        PartKind::Fence { .. } | PartKind::Row { .. } => false,
    };
    lead.then_some(match word.as_str() {
        "what" => Section::What,
        "expected" => Section::Expected,
        "where" => Section::Where,
        _ => Section::How,
    })
}
