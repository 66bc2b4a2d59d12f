//! Whether release notes ask for something to be done by hand.
//!
//! The reference's own word list is not known, so this one errs towards asking a person: a
//! wrong hold costs an acknowledgement, a missed one costs data.
//!
//! 1. Front matter (between `---` lines at the top) with `manual: true`, `manual_migration:
//!    true` or `manual-migration: true` asks for it.
//! 2. Otherwise one of the phrases below does, in any case, with any white space, hyphens, line breaks
//!    or Markdown emphasis between its words.
//! 3. A phrase does not count when its own clause denies it: a `no`, `not`, `n't` … before it
//!    with nothing but filler words between (`no known breaking changes`, `does not require any
//!    manual migration`), or right after it (`manual migration is not needed`, `Breaking
//!    changes: none`). A sentence with `if`, `unless`, `until` or `only` in it never denies.

use std::fmt;

/// What counts as asking, as words.
const PHRASES: &[&[&str]] = &[
    &["manual", "migration"],
    &["manual", "migrations"],
    &["manual", "intervention"],
    &["manual", "action"],
    &["manual", "actions"],
    &["manual", "step"],
    &["manual", "steps"],
    &["manual", "upgrade"],
    &["manual", "changes"],
    &["migrate", "manually"],
    &["manually", "migrate"],
    &["migrated", "manually"],
    &["manually", "migrated"],
    &["breaking", "change"],
    &["breaking", "changes"],
    &["action", "required"],
    &["action", "needed"],
    &["actions", "required"],
    &["requires", "manual"],
    &["must", "manually"],
];

const DENIERS: &[&str] = &[
    "no", "not", "never", "don't", "doesn't", "isn't", "aren't", "needn't", "dont", "doesnt",
    "zero",
];

/// Words between a denial and a phrase that leave the denial standing.
const FILLERS: &[&str] = &[
    "a",
    "an",
    "any",
    "known",
    "further",
    "additional",
    "more",
    "other",
    "need",
    "needs",
    "needed",
    "require",
    "requires",
    "required",
    "there",
    "is",
    "are",
    "be",
    "of",
    "for",
    "involve",
    "contain",
    "contains",
    "have",
    "has",
    "introduce",
    "introduces",
    "special",
    "extra",
    "or",
    "manual",
    "breaking",
    "changes",
    "migration",
    "steps",
];

/// The words with which a text asks, and the line they begin on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The line, from 1.
    pub line: usize,
    /// The phrase, or the key of the front matter.
    pub phrase: String,
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}”, line {}", self.phrase, self.line)
    }
}

/// The first place at which release notes ask for something to be done by hand.
pub fn asks_for_manual_migration(notes: &str) -> Option<Marker> {
    front_matter(notes).or_else(|| phrase(notes))
}

fn front_matter(notes: &str) -> Option<Marker> {
    let mut lines = notes.trim_start_matches('\u{feff}').lines().enumerate();
    let (_, first) = lines.next()?;
    if first.trim_end() != "---" {
        return None;
    }
    for (at, line) in lines {
        if matches!(line.trim_end(), "---" | "...") {
            break;
        }
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let key = key.trim().to_ascii_lowercase().replace('-', "_");
        let value = value.split(" #").next().unwrap_or_default();
        let value = value.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
        if matches!(key.as_str(), "manual" | "manual_migration")
            && matches!(value.as_str(), "true" | "yes" | "on" | "1" | "required")
        {
            return Some(Marker {
                line: at + 1,
                phrase: format!("{key}: {value}"),
            });
        }
    }
    None
}

/// A word in lower case with its line, or the end of a clause.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String, usize),
    Stop(End),
}

/// How a clause ends; the stronger of two ends in a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Comma,
    /// `:`, a bracket or a dash: what follows may speak of what came before.
    Aside,
    /// An empty line, a heading, an item of a list: so it may here.
    Line,
    Sentence,
}

fn phrase(notes: &str) -> Option<Marker> {
    let tokens = tokens(notes);
    (0..tokens.len()).find_map(|at| {
        let phrase = PHRASES
            .iter()
            .find(|phrase| begins(&tokens[at..], phrase))?;
        let denied = !conditional(&tokens, at)
            && (denied_before(&tokens[..at]) || denied_after(&tokens[at + phrase.len()..]));
        let Token::Word(_, line) = &tokens[at] else {
            return None;
        };
        (!denied).then(|| Marker {
            line: *line,
            phrase: phrase.join(" "),
        })
    })
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            stop(&mut tokens, End::Line);
            continue;
        }
        // A heading or an item of a list begins a clause of its own.
        if line
            .trim_start()
            .starts_with(['#', '-', '*', '+', '>', '|'])
        {
            stop(&mut tokens, End::Line);
        }
        let mut word = String::new();
        for char in line.chars().chain(std::iter::once(' ')) {
            match char {
                '\u{2019}' => word.push('\''),
                '\'' | '/' => word.push(char),
                _ if char.is_alphanumeric() => word.extend(char.to_lowercase()),
                _ => {
                    flush(&mut tokens, &mut word, at + 1);
                    match char {
                        ',' => stop(&mut tokens, End::Comma),
                        '.' | '!' | '?' | ';' => stop(&mut tokens, End::Sentence),
                        ':' | '(' | ')' | '|' | '\u{2013}' | '\u{2014}' => {
                            stop(&mut tokens, End::Aside);
                        }
                        _ => {}
                    }
                }
            }
        }
        if line.trim_start().starts_with('#') {
            stop(&mut tokens, End::Line);
        }
    }
    tokens
}

fn flush(tokens: &mut Vec<Token>, word: &mut String, line: usize) {
    let bare = word.trim_matches(['\'', '/']);
    if !bare.is_empty() {
        tokens.push(Token::Word(bare.to_owned(), line));
    }
    word.clear();
}

fn stop(tokens: &mut Vec<Token>, end: End) {
    match tokens.last_mut() {
        Some(Token::Stop(last)) => *last = end.max(*last),
        _ => tokens.push(Token::Stop(end)),
    }
}

fn begins(tokens: &[Token], phrase: &[&str]) -> bool {
    phrase
        .iter()
        .enumerate()
        .all(|(at, wanted)| matches!(tokens.get(at), Some(Token::Word(word, _)) if word == wanted))
}

/// Whether the sentence around a token depends on a condition.
fn conditional(tokens: &[Token], at: usize) -> bool {
    let ends = |token: &Token| matches!(token, Token::Stop(End::Line | End::Sentence));
    let start = tokens[..at].iter().rposition(ends).map_or(0, |n| n + 1);
    let length = tokens[at..].iter().position(ends);
    let end = length.map_or(tokens.len(), |n| at + n);
    tokens[start..end].iter().any(|token| {
        matches!(token, Token::Word(word, _) if matches!(word.as_str(), "if" | "unless" | "until" | "only"))
    })
}

fn denied_before(before: &[Token]) -> bool {
    for token in before.iter().rev() {
        match token {
            Token::Word(word, _) if DENIERS.contains(&word.as_str()) => return true,
            Token::Word(word, _) if FILLERS.contains(&word.as_str()) => {}
            _ => return false,
        }
    }
    false
}

/// `is not needed`, `are not required`, or after a colon or a heading `none`, `no`, `n/a`.
fn denied_after(after: &[Token]) -> bool {
    let mut words = Vec::new();
    let mut soft = false;
    for token in after {
        match token {
            Token::Stop(End::Aside | End::Line) if words.is_empty() => soft = true,
            Token::Stop(_) => break,
            Token::Word(word, _) => words.push(word.as_str()),
        }
        if words.len() > 4 {
            break;
        }
    }
    match words.as_slice() {
        ["none" | "n/a" | "no" | "nothing"] if soft => true,
        ["none", "known" | "needed" | "required"] if soft => true,
        ["is" | "are" | "was" | "were", "none"] => true,
        ["not", "needed" | "required" | "necessary", ..] => true,
        [
            "is" | "are" | "was" | "were",
            "not",
            "needed" | "required" | "necessary",
            ..,
        ] => true,
        [
            "isn't" | "aren't" | "wasn't",
            "needed" | "required" | "necessary",
            ..,
        ] => true,
        _ => false,
    }
}
