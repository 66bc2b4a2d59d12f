//! The text of a snapshot that takes on what was seen. Placeholders stay where the new text fits them.

use similar::{Algorithm, DiffTag, capture_diff_slices};

use kit::text::{Part, Scope, Text};

use super::NotAccepted;
use crate::expectation::Snapshot;
use crate::matchers::placeholders::{LINES, WITHIN};

/// The most pairs of lines that are compared.
const MOST_PAIRS: usize = 4_000_000;

/// The snapshot `old`, as it is written, made to describe `seen`. No line of it demands less than the
/// line in whose place it stands.
pub(super) fn renewed(old: &str, seen: &str, scope: &Scope) -> Result<String, NotAccepted> {
    let old: Vec<&str> = old.trim_matches('\n').trim_end().split('\n').collect();
    let new: Vec<&str> = seen.trim().split('\n').collect();
    let reads_so = |line: &&str| line.contains(WITHIN) || *line == LINES;
    if let Some(at) = new.iter().position(reads_so) {
        return Err(NotAccepted::ReadsAsPlaceholder(at + 1));
    }
    if old.len().saturating_mul(new.len()) > MOST_PAIRS {
        return Err(NotAccepted::CannotWrite);
    }
    let mut out: Vec<String> = Vec::new();
    let (mut from, mut to) = (0, 0);
    for (at, there) in common(&old, &new, scope) {
        changed(&old[from..at], &new[to..there], scope, &mut out);
        out.push(old[at].to_owned());
        (from, to) = (at + 1, there + 1);
    }
    changed(&old[from..], &new[to..], scope, &mut out);
    Ok(out.join("\n"))
}

/// The lines of the snapshot that still describe a line, with that line: as many as there can be.
fn common(old: &[&str], new: &[&str], scope: &Scope) -> Vec<(usize, usize)> {
    let fits: Vec<Vec<bool>> = old
        .iter()
        .map(|line| {
            let line = OldLine::of(line, scope);
            new.iter().map(|there| line.fits(there)).collect()
        })
        .collect();
    let mut longest = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for at in (0..old.len()).rev() {
        for there in (0..new.len()).rev() {
            let skipped = longest[at + 1][there].max(longest[at][there + 1]);
            let taken = longest[at + 1][there + 1] + 1;
            longest[at][there] = match fits[at][there] {
                true => skipped.max(taken),
                false => skipped,
            };
        }
    }
    let (mut at, mut there) = (0, 0);
    let mut pairs = Vec::new();
    while at < old.len() && there < new.len() {
        if fits[at][there] && longest[at][there] == longest[at + 1][there + 1] + 1 {
            pairs.push((at, there));
            (at, there) = (at + 1, there + 1);
        } else if longest[at + 1][there] >= longest[at][there + 1] {
            at += 1;
        } else {
            there += 1;
        }
    }
    pairs
}

/// Lines that no longer describe what is there, and the lines that are there.
fn changed(old: &[&str], new: &[&str], scope: &Scope, out: &mut Vec<String>) {
    let gaps: Vec<usize> = (0..old.len()).filter(|at| old[*at] == LINES).collect();
    let pairs = |old: &[&str], new: &[&str]| -> Vec<String> {
        let both = old.iter().zip(new);
        both.map(|(old, new)| changed_line(old, new, scope))
            .collect()
    };
    match gaps[..] {
        [] if old.len() == new.len() => out.extend(pairs(old, new)),
        // What stood before and behind the gap is there again; the gap has the rest.
        [gap] if new.len() + 1 >= old.len() => {
            let (head, tail) = (&old[..gap], &old[gap + 1..]);
            out.extend(pairs(head, new));
            out.push(LINES.to_owned());
            out.extend(pairs(tail, &new[new.len() - tail.len()..]));
        }
        _ => out.extend(new.iter().map(|line| Text::escape(line))),
    }
}

/// A line in the place of another one, with those of its placeholders that stand where they stood.
fn changed_line(old: &str, new: &str, scope: &Scope) -> String {
    let before = OldLine::of(old, scope).words;
    let values: Vec<&str> = before
        .iter()
        .filter_map(|word| match word {
            Word::Value { value, .. } => Some(value.as_str()),
            _ => None,
        })
        .collect();
    let after = new_words(new, &values);
    let names: Vec<&str> = before.iter().map(Word::seen).collect();
    let mut out = Written::default();
    for op in capture_diff_slices(Algorithm::Myers, &names, &after) {
        let (tag, before_at, after_at) = op.as_tag_tuple();
        let before = &before[before_at];
        match (tag, before) {
            (DiffTag::Equal, words) => words.iter().for_each(|word| out.word(word)),
            (DiffTag::Replace | DiffTag::Delete, [Word::Anything]) => out.raw(WITHIN),
            _ => out.literal(&after[after_at].concat()),
        }
    }
    let line = out.end();
    match OldLine::of(&line, scope).fits(new) {
        true => line,
        false => Text::escape(new),
    }
}

/// A line of a snapshot, in words.
struct OldLine<'s> {
    words: Vec<Word>,
    /// What it demands of a line; nothing where that is not more than a placeholder.
    demands: Option<Snapshot>,
    scope: &'s Scope,
    gap: bool,
}

#[derive(Debug)]
enum Word {
    Anything,
    Value { name: String, value: String },
    Literal(String),
}

impl Word {
    /// As it is seen in a text; a placeholder is never seen.
    fn seen(&self) -> &str {
        match self {
            Word::Anything => WITHIN,
            Word::Value { value, .. } => value,
            Word::Literal(text) => text,
        }
    }
}

impl<'s> OldLine<'s> {
    fn of(line: &str, scope: &'s Scope) -> OldLine<'s> {
        let text = Text::parse(line);
        let mut found = Vec::new();
        for part in &text.parts {
            match part {
                Part::Param(name) => found.push(Word::Value {
                    name: name.clone(),
                    value: scope.get(name).cloned().unwrap_or_default(),
                }),
                Part::Literal(literal) => {
                    for (index, piece) in literal.split(WITHIN).enumerate() {
                        if index > 0 {
                            found.push(Word::Anything);
                        }
                        found.extend(words(piece).map(|word| Word::Literal(word.to_owned())));
                    }
                }
            }
        }
        OldLine {
            words: found,
            demands: Snapshot::read(&text, scope),
            scope,
            gap: line == LINES,
        }
    }

    /// Whether it describes a line. A placeholder by itself tells no line from another.
    fn fits(&self, line: &str) -> bool {
        if self.gap {
            return false;
        }
        let literal = || self.words.iter().map(Word::seen).collect::<String>();
        match &self.demands {
            Some(demands) => demands.fits_line(self.scope, line),
            None => literal() == line,
        }
    }
}

/// A text in words, white space and single signs.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = kind(rest.chars().next()?);
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| first == 2 || kind(*c) != first);
        let (word, after) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        rest = after;
        Some(word)
    })
}

/// The words of a line, in which each of the values is one word.
fn new_words<'l>(line: &'l str, values: &[&str]) -> Vec<&'l str> {
    let mut found = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let value = values
            .iter()
            .find(|value| !value.is_empty() && rest.starts_with(**value));
        let length = match value {
            Some(value) => value.len(),
            None => words(rest).next().map_or(rest.len(), str::len),
        };
        let (word, after) = rest.split_at(length);
        found.push(word);
        rest = after;
    }
    found
}

/// A line as it is written in a snapshot.
#[derive(Default)]
struct Written {
    out: String,
    /// What stands for itself and is not escaped yet: `$` and `{` may come one after the other.
    literal: String,
}

impl Written {
    fn literal(&mut self, text: &str) {
        self.literal.push_str(text);
    }

    fn raw(&mut self, text: &str) {
        self.out.push_str(&Text::escape(&self.literal));
        self.literal.clear();
        self.out.push_str(text);
    }

    fn word(&mut self, word: &Word) {
        match word {
            Word::Anything => self.raw(WITHIN),
            Word::Value { name, .. } => self.raw(&format!("${{{name}}}")),
            Word::Literal(text) => self.literal(text),
        }
    }

    fn end(mut self) -> String {
        self.raw("");
        self.out
    }
}
