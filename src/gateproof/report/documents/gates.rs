//! Where a gate's section is in a STATUS document. Headings of many shapes are in use
//! (`## Gate: M1 — CLAIMED, …`, `## M1 — PASS @ …`, `**Gate M1: CLAIMED …**`,
//! `- **Gate: M0 — …**`); we read where they are and never what state they tell.

use std::ops::Range;

use super::lines::Line;

/// What a line is, as far as sections are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An ATX heading of this level.
    Heading(usize),
    /// A thematic break.
    Rule,
    /// The underline that makes the paragraph before it a heading of this level.
    Underline(usize),
    /// Inside a fenced block, or in a block of ours.
    Opaque,
    Other,
}

/// The lines after which the block of `gate` goes: the last line that is not blank of the gate's
/// section. `None` when the document has no such section.
pub(super) fn section_end(lines: &[Line<'_>], ours: &[Range<usize>], gate: &str) -> Option<usize> {
    let kinds = kinds(lines, ours);
    let (start, level) = start(lines, &kinds, gate)?;
    let mut end = lines.len();
    for n in start + 1..lines.len() {
        let boundary = match kinds[n] {
            Kind::Heading(other) => other <= level,
            Kind::Rule => true,
            Kind::Underline(other) => other <= level,
            _ => false,
        };
        if boundary {
            end = match kinds[n] {
                Kind::Underline(_) => paragraph_start(lines, &kinds, n).max(start + 1),
                _ => n,
            };
            break;
        }
    }
    (start..end).rev().find(|&n| !lines[n].is_blank())
}

/// The line of the gate's section, and the level of a heading that ends it. A heading is better
/// than a paragraph, and one that says `Gate` better than one that does not.
fn start(lines: &[Line<'_>], kinds: &[Kind], gate: &str) -> Option<(usize, usize)> {
    let mut best: Option<(u8, usize, usize)> = None;
    for (n, line) in lines.iter().enumerate() {
        let text = line.text.trim_ascii();
        let (level, text, heading) = match kinds[n] {
            Kind::Heading(level) => (level, text[level..].trim_ascii(), true),
            // A paragraph or list item ends at any heading.
            Kind::Other => (6, text, false),
            _ => continue,
        };
        let rank = match names(text, gate) {
            Some(true) if heading => 0,
            Some(false) if heading => 1,
            Some(true) => 2,
            _ => continue,
        };
        if best.is_none_or(|(other, ..)| rank < other) {
            best = Some((rank, n, level));
        }
    }
    best.map(|(_, n, level)| (n, level))
}

/// Whether the text begins by naming the gate, and whether it says `Gate` before.
fn names(text: &[u8], gate: &str) -> Option<bool> {
    let decoration = |text: &[u8]| -> usize {
        text.iter()
            .take_while(|b| b" \t*_`-+>:".contains(b))
            .count()
    };
    let mut rest = &text[decoration(text)..];
    let mut says_gate = false;
    if rest.len() > 4 && rest[..4].eq_ignore_ascii_case(b"gate") && !rest[4].is_ascii_alphanumeric()
    {
        says_gate = true;
        rest = &rest[4..];
        rest = &rest[decoration(rest)..];
        if rest.len() > 5 && rest[..5].eq_ignore_ascii_case(b"claim") {
            rest = &rest[5..];
            rest = &rest[decoration(rest)..];
        }
    }
    let rest = rest.strip_prefix(gate.as_bytes())?;
    // `M1` is not `M10`, `M1.1`, `M1-b`, `M1(a)` or `M1+M2`.
    let ends = match rest {
        [] => true,
        [b'.' | b'-' | b'(' | b'+' | b'/', next, ..] => next.is_ascii_whitespace(),
        [next, ..] => !next.is_ascii_alphanumeric() && *next != b'_' && *next != b'(',
    };
    ends.then_some(says_gate)
}

fn kinds(lines: &[Line<'_>], ours: &[Range<usize>]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::with_capacity(lines.len());
    let mut fence: Option<(u8, usize)> = None;
    for (n, line) in lines.iter().enumerate() {
        if ours.iter().any(|block| block.contains(&n)) {
            kinds.push(Kind::Opaque);
            continue;
        }
        let run = fence_run(line.text);
        let kind = match (fence, run) {
            (None, Some((mark, length, _))) => {
                fence = Some((mark, length));
                Kind::Opaque
            }
            (None, None) => plain_kind(line.text, n.checked_sub(1).map(|p| (&lines[p], kinds[p]))),
            (Some((mark, length)), Some((m, l, true))) if m == mark && l >= length => {
                fence = None;
                Kind::Opaque
            }
            (Some(_), _) => Kind::Opaque,
        };
        kinds.push(kind);
    }
    kinds
}

fn indented(text: &[u8]) -> usize {
    text.iter().take_while(|b| **b == b' ').count()
}

/// A line of three or more backticks or tildes: the mark, how many, and whether nothing follows.
fn fence_run(text: &[u8]) -> Option<(u8, usize, bool)> {
    let rest = &text[indented(text)..];
    let mark = *rest.first()?;
    let length = rest.iter().take_while(|b| **b == mark).count();
    let after = &rest[length..];
    let fence = match mark {
        b'`' => length >= 3 && !after.contains(&b'`'),
        b'~' => length >= 3,
        _ => false,
    };
    fence.then(|| (mark, length, after.trim_ascii().is_empty()))
}

fn plain_kind(text: &[u8], before: Option<(&Line<'_>, Kind)>) -> Kind {
    if indented(text) > 3 {
        return Kind::Other;
    }
    let text = text.trim_ascii();
    let level = text.iter().take_while(|b| **b == b'#').count();
    if (1..=6).contains(&level) && text.get(level).is_none_or(u8::is_ascii_whitespace) {
        return Kind::Heading(level);
    }
    // A line of `-` or `=` right below a paragraph makes that a heading (CommonMark 4.3).
    let below_paragraph = before.is_some_and(|(line, kind)| {
        kind == Kind::Other && !line.is_blank() && !begins_other_block(line.text)
    });
    let only = |mark: u8| !text.is_empty() && text.iter().all(|b| *b == mark);
    if below_paragraph && only(b'=') {
        return Kind::Underline(1);
    }
    if below_paragraph && only(b'-') {
        return Kind::Underline(2);
    }
    let marks: Vec<u8> = text
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    let rule = marks.len() >= 3
        && matches!(marks[0], b'-' | b'*' | b'_')
        && marks.iter().all(|b| *b == marks[0]);
    if rule { Kind::Rule } else { Kind::Other }
}

/// List items, quotes and table rows are no paragraphs that an underline could make a heading.
fn begins_other_block(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    matches!(text, [b'>' | b'|', ..] | [b'-' | b'*' | b'+', b' ', ..])
        || text.first().is_some_and(u8::is_ascii_digit)
            && text
                .iter()
                .find(|b| !b.is_ascii_digit())
                .is_some_and(|b| *b == b'.' || *b == b')')
}

fn paragraph_start(lines: &[Line<'_>], kinds: &[Kind], underline: usize) -> usize {
    let mut start = underline;
    while start > 0 && kinds[start - 1] == Kind::Other && !lines[start - 1].is_blank() {
        start -= 1;
    }
    start
}
