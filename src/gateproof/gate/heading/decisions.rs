//! `## DONE` and `## VETO`: the two headings on which others act.

use std::ops::Range;

use super::lines::{LineKind, TextLine};
use super::model::{ClosedLine, DoneHeading, FiledHeading, Veto};
use super::scan::{name, skip_decoration};

/// What follows `word` at the start of a heading's text, and whether it is struck through.
fn after_word<'d>(text: &'d str, word: &str) -> Option<(&'d str, bool)> {
    let struck = text.starts_with("~~");
    let text = text.trim_start_matches('~');
    let rest = text[skip_decoration(text, 0)..].strip_prefix(word)?;
    let goes_on = rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        || rest.starts_with('-') && !rest[1..].starts_with([' ', '-']);
    (!goes_on).then_some((rest, struck))
}

fn level(line: &TextLine<'_>) -> Option<usize> {
    match line.kind {
        LineKind::Heading(level) => Some(level),
        _ => None,
    }
}

/// The lines below a heading, up to the next one of its level or above.
fn section<'l, 'd>(lines: &'l [TextLine<'d>], at: usize) -> &'l [TextLine<'d>] {
    let own = level(&lines[at]).unwrap_or(1);
    let below = &lines[at + 1..];
    let end = below
        .iter()
        .position(|line| level(line).is_some_and(|other| other <= own))
        .unwrap_or(below.len());
    &below[..end]
}

/// A text in lower case without the marks around its first word.
fn bare(text: &str) -> String {
    text.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '?')
        .to_lowercase()
}

/// First words of a text below or behind `DONE` that take it back.
const NOT_DONE: &[&str] = &[
    "not",
    "no",
    "none",
    "pending",
    "when",
    "if",
    "until",
    "criteria",
    "conditions",
    "condition",
    "definition",
    "checklist",
    "requires",
    "tbd",
    "todo",
    "blocked",
    "awaiting",
    "withdrawn",
    "reopened",
    "re-opened",
];

fn denies(text: &str) -> bool {
    let text = bare(text);
    let word: String = text
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '-')
        .collect();
    // `## DONE (no VETO)` denies a veto and nothing else.
    let no_veto = ["no veto", "no open veto"]
        .iter()
        .any(|words| text.starts_with(words));
    text.starts_with('?') || !no_veto && NOT_DONE.contains(&word.as_str())
}

pub(super) fn done(lines: &[TextLine<'_>]) -> Vec<DoneHeading> {
    let mut found = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let Some((rest, struck)) = level(line).and_then(|_| after_word(line.text, "DONE")) else {
            continue;
        };
        let denied_below = section(lines, n)
            .first()
            .is_some_and(|line| level(line).is_none() && denies(line.text));
        found.push(DoneHeading {
            line: line.number,
            holds: !struck && !denies(rest) && !denied_below,
        });
    }
    found
}

pub(super) fn vetoes(lines: &[TextLine<'_>], known: &[&str]) -> Vec<Veto> {
    let mut found: Vec<Veto> = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        if level(line).is_none() {
            continue;
        }
        let gates: Vec<String> = names(line.text)
            .map(|range| &line.text[range])
            .filter(|name| known.contains(name))
            .map(str::to_owned)
            .collect();
        if lifts_another(line.text) {
            lift(&mut found, line, &gates);
            continue;
        }
        let Some((rest, struck)) = after_word(line.text, "VETO") else {
            continue;
        };
        if matches!(bare(rest).as_str(), "none" | "none)") {
            continue; // `## VETO (none)`
        }
        let own = rest.trim_start_matches([' ', '*', '_', '(', '[', '—', '–', '-', ':']);
        let below = section(lines, n).iter().find(|line| {
            // A heading that numbers another veto lifts that one.
            let numbered = level(line).is_some() && number(line.text).is_some();
            line.kind != LineKind::Quote && !numbered && lifts(line.text)
        });
        let lifted_at = if struck || lifts(own) {
            Some(line.number)
        } else {
            below.map(|line| line.number)
        };
        found.push(Veto {
            number: found.len() + 1,
            line: line.number,
            gates,
            reason: rest
                .trim_start_matches([' ', '—', '–', '-', ':', '*'])
                .trim_end_matches(['*', '~', ' '])
                .to_owned(),
            lifted_at,
        });
    }
    found
}

/// Lifts the veto that a heading means: the one it numbers (`VETO V2`: the second of the document),
/// else the only open one that it can mean. A heading that may mean several lifts none.
fn lift(vetoes: &mut [Veto], heading: &TextLine<'_>, gates: &[String]) {
    let mark = |veto: &mut Veto| {
        veto.lifted_at.get_or_insert(heading.number);
    };
    if let Some(number) = number(heading.text) {
        let meant = number.checked_sub(1).and_then(|n| vetoes.get_mut(n));
        meant.map(mark);
        return;
    }
    let mut open: Vec<&mut Veto> = vetoes
        .iter_mut()
        .filter(|v| v.is_open() && (gates.is_empty() || gates.iter().any(|g| v.gates.contains(g))))
        .collect();
    if let [only] = open.as_mut_slice() {
        mark(only);
    }
}

/// The 2 of `VETO V2`.
fn number(heading: &str) -> Option<usize> {
    let rest = heading.split("VETO V").nth(1)?;
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    rest[..digits].parse().ok()
}

/// The findings that a REVIEW document files: a heading of a name and `[adversary]`, which does not
/// say that it is closed.
pub(super) fn filed(lines: &[TextLine<'_>]) -> Vec<FiledHeading> {
    let headings = lines.iter().filter(|line| level(line).is_some());
    let filing = |line: &TextLine<'_>| {
        let range = name(line.text, skip_decoration(line.text, 0))?;
        let rest = line.text[range.end..].trim_start_matches([' ', '*', '`']);
        let files = rest.starts_with("[adversary]") && closed(&[*line]).is_empty();
        files.then(|| FiledHeading {
            id: line.text[range].to_owned(),
            line: line.number,
        })
    };
    headings.filter_map(filing).collect()
}

/// The findings that a REVIEW document closes: a heading, item or bold line that begins with the
/// finding's name and says `CLOSED` (`- [x] **A1 [adversary] CLOSED @2026-05-29**`).
pub(super) fn closed(lines: &[TextLine<'_>]) -> Vec<ClosedLine> {
    let readable = lines.iter().filter(|line| line.kind != LineKind::Quote);
    let mut found: Vec<ClosedLine> = Vec::new();
    for line in readable {
        let bold = line.text.starts_with("**");
        if line.kind == LineKind::Paragraph && !bold {
            continue;
        }
        let text = line.text.strip_prefix("[adversary] ").unwrap_or(line.text);
        let Some(range) = name(text, skip_decoration(text, 0)) else {
            continue;
        };
        let words: Vec<&str> = text[range.end..]
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let at = words.iter().position(|word| *word == "CLOSED");
        let denied = at
            .and_then(|at| words.get(at.checked_sub(1)?))
            .is_some_and(|word| {
                matches!(
                    word.to_lowercase().as_str(),
                    "not" | "until" | "be" | "if" | "when" | "yet"
                )
            });
        if at.is_some() && !denied {
            found.push(ClosedLine {
                id: text[range].to_owned(),
                line: line.number,
            });
        }
    }
    found
}

/// `## VETO lifted: …`, `## VETO LIFTED @…`, `## Lifted: VETO …`: another heading's veto. In
/// parentheses or after a dash it is the heading's own.
fn lifts_another(text: &str) -> bool {
    if let Some((rest, _)) = after_word(text, "VETO") {
        if let Some(numbered) = rest.strip_prefix(" V") {
            let rest = numbered.trim_start_matches(|c: char| c.is_ascii_digit());
            return rest.len() < numbered.len() && lifts(rest); // `VETO V2 LIFTED — fixed`
        }
        return lifts(rest.trim_start_matches([' ', '*', '_']))
            && !rest.trim_start().starts_with('(');
    }
    lifts(text) && text.contains("VETO")
}

/// Whether a text begins by saying that a veto was lifted, and not when or whether it will be.
fn lifts(text: &str) -> bool {
    let text = bare_line(text);
    let text = text.strip_prefix("veto ").unwrap_or(&text);
    let rest = ["lifted", "withdrawn"]
        .iter()
        .find_map(|word| text.strip_prefix(word));
    let Some(rest) = rest else {
        return false;
    };
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '-') {
        return false;
    }
    let next: String = rest
        .trim_start_matches(|c: char| !c.is_alphanumeric() && c != '?')
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '?')
        .collect();
    !matches!(
        next.as_str(),
        "when" | "if" | "once" | "after" | "until" | "only" | "as" | "no" | "not" | "never" | "?"
    )
}

fn bare_line(text: &str) -> String {
    text.trim_start_matches([' ', '*', '_', '`', '✅'])
        .to_lowercase()
}

/// The names in a text.
fn names(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let c = text[at..].chars().next()?;
            if let Some(range) = name(text, at) {
                at = range.end;
                return Some(range);
            }
            at += c.len_utf8();
        }
    })
}
