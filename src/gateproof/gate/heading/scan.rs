//! From one line to what it states about gates.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::lines::{LineKind, TextLine};
use super::{StatedState, Statement, when};

/// A piece of a line, outside of parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Gate,
    State(StatedState),
    /// `/`, `+`, `,`, `&`, `and`: between gates that share what follows.
    Joiner,
    /// A dash or a colon.
    Separator,
    /// The end of a sentence, an arrow.
    Break,
    /// A word that may stand between a gate and its state: `V3 full PASS`.
    Filler,
    /// Something in parentheses.
    Paren,
    Other,
}

type Found = (Piece, Range<usize>);

static STATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:(?P<open>NOT YET CLAIMED|NOT CLAIMED|IN PROGRESS|IN FLIGHT|AWAITING|PENDING|FINALIZING|finalizing|OPEN)|(?P<claimed>RE-?CLAIMED|CLAIMED)|(?P<pass>PASSED|PASS)|(?P<fail>FAILED|FAIL))",
    ).expect("the pattern is valid")
});
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*(?:\([A-Za-z0-9]{1,2}\))?")
        .expect("the pattern is valid")
});
/// What a gate's name looks like when nothing else says that it is one.
static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[A-Z]{1,4}[0-9]{1,3}(?:\.[0-9]{1,3})?[a-z]?(?:\([a-z0-9]{1,2}\))?$")
        .expect("the pattern is valid")
});
/// Lower-case words that may follow a verdict; any other makes it something else, such as
/// `PASS criteria`.
const AFTER: &[&str] = &[
    "by", "on", "at", "with", "after", "again", "cold", "from", "awaiting", "and", "for", "since",
];

/// Marks that say nothing.
const DECORATION: &[char] = &['*', '_', '`', '✅', '❌', '☑'];

/// What a line says about gates.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// The gates that a heading is about: verdicts below it may take their gate from it.
    pub(super) gates: Vec<String>,
    pub(super) statements: Vec<Statement>,
}

/// Reads one line; `outer` are the gates of the section it stands in.
pub(super) fn scan(line: &TextLine<'_>, known: &[&str], outer: &[String]) -> Scanned {
    if line.kind == LineKind::Quote {
        return Scanned::default();
    }
    let is_heading = matches!(line.kind, LineKind::Heading(_));
    let Some(begin) = beginning(line, known) else {
        return if is_heading {
            with_gates(inherited(line, known, outer))
        } else {
            Scanned::default()
        };
    };
    let pieces = pieces(line.text, begin.rest, known, begin.first.clone());
    let found = stated(&pieces);
    if found.is_empty() {
        // A paragraph that begins with a gate and tells no state is prose about it.
        let named = is_heading.then(|| line.text[begin.first].to_owned());
        return Scanned {
            gates: named.into_iter().collect(),
            statements: Vec::new(),
        };
    }
    let mut statements = Vec::new();
    for one in &found {
        let next = found.iter().find(|other| other.gate.start > one.state.end);
        let end = next.map_or(line.text.len(), |next| next.gate.start);
        let gate = &line.text[one.gate.clone()];
        statements.push(statement(
            line,
            gate,
            one.word,
            one.state.start..end,
            one.state.end,
        ));
    }
    with_gates(statements)
}

fn with_gates(statements: Vec<Statement>) -> Scanned {
    let mut gates: Vec<String> = statements.iter().map(|it| it.gate.clone()).collect();
    gates.dedup();
    Scanned { gates, statements }
}

/// The start of a line about gates.
struct Beginning {
    /// The first gate.
    first: Range<usize>,
    /// Where the rest begins.
    rest: usize,
}

fn beginning(line: &TextLine<'_>, known: &[&str]) -> Option<Beginning> {
    let text = line.text;
    let bold = text.starts_with("**") || text.starts_with("__");
    let mut at = skip_decoration(text, 0);
    let mut introduced = false;
    let word = name(text, at)?;
    if matches!(
        text[word.clone()].to_ascii_lowercase().as_str(),
        "gate" | "gates"
    ) && !known.contains(&&text[word.clone()])
    {
        at = skip_decoration(text, word.end);
        if let Some(claim) =
            name(text, at).filter(|w| text[w.clone()].eq_ignore_ascii_case("claim"))
        {
            at = skip_decoration(text, claim.end);
        }
        if text[at..].starts_with(':') {
            introduced = true;
            at = skip_decoration(text, at + 1);
        }
    } else if !bold && !matches!(line.kind, LineKind::Heading(_)) {
        return None;
    }
    let first = name(text, at)?;
    let is_gate = introduced || is_gate(&text[first.clone()], known);
    is_gate.then_some(Beginning {
        rest: first.end,
        first,
    })
}

/// `### PASS @… — Adversary cold-verified` under the heading of its gate.
fn inherited(line: &TextLine<'_>, known: &[&str], outer: &[String]) -> Vec<Statement> {
    let start = skip_decoration(line.text, 0);
    let Some((word @ (StatedState::Pass | StatedState::Fail), range)) = state(line.text, start)
    else {
        return Vec::new();
    };
    // The first piece stands for the section's gates. With others of its own it is not about them.
    let others = pieces(line.text, range.end, known, range.clone())
        .into_iter()
        .skip(1)
        .any(|(piece, at)| {
            piece == Piece::Gate && !outer.iter().any(|o| *o == line.text[at.clone()])
        });
    if others || !verdict_goes_on(line.text, range.end) {
        return Vec::new();
    }
    let state = range.start..line.text.len();
    let each = outer.iter();
    each.map(|gate| statement(line, gate, word, state.clone(), range.end))
        .collect()
}

/// A gate with its stated state, as ranges of the line.
struct Stated {
    gate: Range<usize>,
    word: StatedState,
    state: Range<usize>,
}

/// Which gates get which states. The first group of gates may have a title before its state; a
/// later one counts only with its state right behind it, so that a tail which mentions gates
/// states nothing.
fn stated(pieces: &[Found]) -> Vec<Stated> {
    let mut found: Vec<Stated> = Vec::new();
    let mut group: Vec<Range<usize>> = Vec::new();
    let mut first: Vec<Range<usize>> = Vec::new();
    let mut titled = false;
    let mut leading = true;
    let mut before = Piece::Break;
    for (piece, range) in pieces {
        match piece {
            Piece::Gate => {
                if before != Piece::Joiner || titled {
                    group.clear();
                }
                group.push(range.clone());
                titled = false;
                if leading {
                    first.clone_from(&group);
                }
            }
            Piece::State(word) => {
                let near = matches!(before, Piece::Gate | Piece::Filler)
                    || before == Piece::Separator && (!found.is_empty() || group == first);
                let gates = if !titled && !group.is_empty() && near {
                    std::mem::take(&mut group)
                } else if found.is_empty() && matches!(before, Piece::Separator | Piece::Paren) {
                    std::mem::take(&mut first)
                } else {
                    Vec::new()
                };
                found.extend(gates.into_iter().map(|gate| Stated {
                    gate,
                    word: *word,
                    state: range.clone(),
                }));
                titled = true;
            }
            Piece::Other | Piece::Break | Piece::Paren => titled = true,
            Piece::Joiner | Piece::Separator | Piece::Filler => {}
        }
        leading &= matches!(piece, Piece::Gate | Piece::Joiner);
        before = *piece;
    }
    found
}

/// The statement about a gate. `stated` is the text from the state's word to the next statement,
/// and the word itself ends at `word_end`.
fn statement(
    line: &TextLine<'_>,
    gate: &str,
    state: StatedState,
    stated: Range<usize>,
    word_end: usize,
) -> Statement {
    Statement {
        gate: gate.to_owned(),
        state,
        word: line.text[stated.start..word_end].to_owned(),
        typed: when::typed(&line.text[word_end..stated.end]),
        line: line.number,
        text: line.text.to_owned(),
    }
}

fn pieces(text: &str, from: usize, known: &[&str], first: Range<usize>) -> Vec<Found> {
    let mut pieces = vec![(Piece::Gate, first)];
    let mut at = from;
    while let Some(c) = text[at..].chars().next() {
        let (piece, end) = piece(text, at, c, known);
        if let Some(piece) = piece {
            pieces.push((piece, at..end));
        }
        at = end;
    }
    pieces
}

/// The piece at a place, if it is one that matters, and where it ends.
fn piece(text: &str, at: usize, c: char, known: &[&str]) -> (Option<Piece>, usize) {
    let next = at + c.len_utf8();
    match c {
        c if c.is_whitespace() || DECORATION.contains(&c) => (None, next),
        '(' | '[' => (Some(Piece::Paren), closing(text, at)),
        '/' | '+' | ',' | '&' => (Some(Piece::Joiner), next),
        '—' | '–' | '-' | ':' => (Some(Piece::Separator), next),
        '.' | ';' | '→' | '!' | '?' | '|' => (Some(Piece::Break), next),
        c if c.is_ascii_alphanumeric() => {
            if let Some((word, range)) = state(text, at) {
                let takes_any_text = word == StatedState::Open && &text[range.clone()] != "OPEN";
                let piece = if takes_any_text || verdict_goes_on(text, range.end) {
                    Piece::State(word)
                } else {
                    Piece::Other
                };
                return (Some(piece), range.end);
            }
            let Some(word) = name(text, at) else {
                return (Some(Piece::Other), next);
            };
            let piece = match &text[word.clone()] {
                name if is_gate(name, known) => Piece::Gate,
                "and" => Piece::Joiner,
                "full" | "now" | "is" => Piece::Filler,
                _ => Piece::Other,
            };
            (Some(piece), word.end)
        }
        _ => (Some(Piece::Other), next),
    }
}

/// Where the parenthesis that opens at `at` ends; the end of the line when it is never closed.
fn closing(text: &str, at: usize) -> usize {
    let mut depth = 0usize;
    for (n, c) in text[at..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + n + c.len_utf8();
        }
    }
    text.len()
}

/// The state word that begins at a place.
fn state(text: &str, at: usize) -> Option<(StatedState, Range<usize>)> {
    let found = STATE.captures(&text[at..])?;
    let end = at + found.get(0)?.end();
    // `PASS-through`, `FAILURE`, `OPEN_X` are other words.
    let mut rest = text[end..].chars();
    let (next, after) = (rest.next(), rest.next());
    let goes_on = next.is_some_and(char::is_alphanumeric)
        || matches!(next, Some('-' | '_')) && after.is_some_and(char::is_alphanumeric);
    if goes_on {
        return None;
    }
    let word = if found.name("open").is_some() {
        StatedState::Open
    } else if found.name("claimed").is_some() {
        StatedState::Claimed
    } else if found.name("pass").is_some() {
        StatedState::Pass
    } else {
        StatedState::Fail
    };
    Some((word, at..end))
}

/// Whether what follows lets the word before be a verdict: not `PASS criteria`, `PASS/FAIL`,
/// `PASS?`.
fn verdict_goes_on(text: &str, end: usize) -> bool {
    let rest = text[end..].trim_start_matches([' ', '*', '_', '`', '~']);
    if rest.starts_with(['/', '?']) {
        return false;
    }
    let word: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphabetic())
        .collect();
    word.is_empty()
        || !word.starts_with(|c: char| c.is_ascii_lowercase())
        || AFTER.contains(&word.as_str())
}

/// The name that begins at a place.
pub(super) fn name(text: &str, at: usize) -> Option<Range<usize>> {
    let found = NAME.find(&text[at..])?;
    Some(at..at + found.end())
}

pub(super) fn is_gate(name: &str, known: &[&str]) -> bool {
    known.contains(&name) || SHAPE.is_match(name)
}

pub(super) fn skip_decoration(text: &str, at: usize) -> usize {
    let rest =
        text[at..].trim_start_matches(|c| matches!(c, ' ' | '\t') || DECORATION.contains(&c));
    text.len() - rest.len()
}
