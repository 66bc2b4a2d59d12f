//! From one line to what it states about gates.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::lines::{Kind, Line};
use super::{Party, Place, Statement, Word, when};

/// A piece of a line, outside of parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Gate,
    State(Word),
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

static STATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^(?:(?P<open>NOT YET CLAIMED|NOT CLAIMED|IN PROGRESS|IN FLIGHT|AWAITING|PENDING|FINALIZING|finalizing|OPEN)|(?P<claimed>RE-?CLAIMED|CLAIMED)|(?P<pass>PASSED|PASS)|(?P<fail>FAILED|FAIL))",
    )
    .ok()
});
static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*(?:\([A-Za-z0-9]{1,2}\))?").ok()
});
/// What a gate's name looks like when nothing else says that it is one.
static SHAPE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^[A-Z]{1,4}[0-9]{1,3}(?:\.[0-9]{1,3})?[a-z]?(?:\([a-z0-9]{1,2}\))?$").ok()
});
/// Lower-case words that may follow a verdict; any other makes it something else, such as
/// `PASS criteria`.
const AFTER: &[&str] = &[
    "by", "on", "at", "with", "after", "again", "cold", "from", "awaiting", "and", "for", "since",
];

/// Marks that say nothing.
const DECORATION: &[char] = &['*', '_', '`', '✅', '❌', '☑'];

/// What the line states; `outer` are the gates of the section it stands in.
pub(super) fn statements(line: &Line<'_>, known: &[&str], outer: &[String]) -> Vec<Statement> {
    if line.kind == Kind::Quote {
        return Vec::new();
    }
    let text = line.text;
    let Some(begin) = beginning(line, known) else {
        return match line.kind {
            Kind::Heading(_) => inherited(line, known, outer),
            _ => Vec::new(),
        };
    };
    let pieces = pieces(text, begin.rest, known, begin.first.clone());
    let found = walk(&pieces);
    if found.is_empty() {
        let tail = text[begin.first.end..]
            .trim_matches(|c: char| c.is_whitespace() || "*_—–-:".contains(c));
        let statement = Statement {
            gate: text[begin.first.clone()].to_owned(),
            word: Word::Named,
            said: String::new(),
            when: None,
            commit: None,
            by: None,
            awaits: None,
            tail: tail.to_owned(),
            place: place(line, &begin.first),
        };
        // A paragraph that begins with a gate and tells no state is prose about it.
        let kept = matches!(line.kind, Kind::Heading(_))
            || begin.says_gate && is_gate(&text[begin.first], known);
        return if kept { vec![statement] } else { Vec::new() };
    }
    assemble(line, &found)
}

/// The start of a line about gates.
struct Beginning {
    /// Whether it says `Gate`.
    says_gate: bool,
    /// The first gate.
    first: Range<usize>,
    /// Where the rest begins.
    rest: usize,
}

fn beginning(line: &Line<'_>, known: &[&str]) -> Option<Beginning> {
    let text = line.text;
    let bold = text.starts_with("**") || text.starts_with("__");
    let mut at = skip_decoration(text, 0);
    let mut says_gate = false;
    let mut introduced = false;
    let word = name(text, at)?;
    if matches!(
        text[word.clone()].to_ascii_lowercase().as_str(),
        "gate" | "gates"
    ) && !known.contains(&&text[word.clone()])
    {
        says_gate = true;
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
    } else if !bold && !matches!(line.kind, Kind::Heading(_)) {
        return None;
    }
    let first = name(text, at)?;
    let is_gate = introduced || is_gate(&text[first.clone()], known);
    is_gate.then_some(Beginning {
        says_gate,
        rest: first.end,
        first,
    })
}

/// `### PASS @… — Adversary cold-verified` under the heading of its gate.
fn inherited(line: &Line<'_>, known: &[&str], outer: &[String]) -> Vec<Statement> {
    let start = skip_decoration(line.text, 0);
    let Some((word @ (Word::Pass | Word::Fail), range)) = state(line.text, start) else {
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
    let tell = |gate: &String| {
        let mut statement = told(line, gate, &range, word, &range, line.text.len());
        statement.place = place(line, &range);
        statement
    };
    outer.iter().map(tell).collect()
}

/// A gate with the state that is told of it, as ranges of the line.
struct Told {
    gate: Range<usize>,
    word: Word,
    state: Range<usize>,
}

/// Which gates get which states. The first group of gates may have a title before its state; a
/// later one counts only with its state right behind it, so that a tail which mentions gates
/// states nothing.
fn walk(pieces: &[Found]) -> Vec<Told> {
    let mut found: Vec<Told> = Vec::new();
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
                found.extend(gates.into_iter().map(|gate| Told {
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

fn assemble(line: &Line<'_>, found: &[Told]) -> Vec<Statement> {
    let mut statements = Vec::new();
    for one in found {
        let next = found.iter().find(|other| other.gate.start > one.state.end);
        let end = next.map_or(line.text.len(), |next| next.gate.start);
        let gate = &line.text[one.gate.clone()];
        statements.push(told(line, gate, &one.gate, one.word, &one.state, end));
    }
    statements
}

fn told(
    line: &Line<'_>,
    gate: &str,
    named: &Range<usize>,
    word: Word,
    state: &Range<usize>,
    end: usize,
) -> Statement {
    let rest = &line.text[state.end..end];
    let (typed, used) = when::at_start(rest).map_or((None, 0), |(when, used)| (Some(when), used));
    let mut tail = rest[used..].trim_matches([' ', '\t', '*']);
    if end < line.text.len() {
        // What joins this statement to the next is part of neither.
        tail = tail.trim_end_matches([',', ';', '→', ' ', '*']);
    }
    Statement {
        gate: gate.to_owned(),
        word,
        said: line.text[state.clone()].to_owned(),
        when: typed.or_else(|| when::within(tail)),
        commit: commit(tail),
        by: (word != Word::Open).then(|| party(tail, false)).flatten(),
        awaits: party(&line.text[state.start..end], true),
        tail: tail.to_owned(),
        place: place(line, named),
    }
}

fn commit(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .find(|word| when::is_commit(word))
        .map(str::to_owned)
}

/// The first party that is named; with `awaited`, only one that is waited for, else only one that
/// is not.
fn party(text: &str, awaited: bool) -> Option<Party> {
    let mut after_await = false;
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let party = match word.to_ascii_lowercase().as_str() {
            "" => continue,
            "builder" => Some(Party::Builder),
            "adversary" => Some(Party::Adversary),
            "orchestrator" => Some(Party::Orchestrator),
            _ => None,
        };
        if party.is_some() && after_await == awaited {
            return party;
        }
        after_await = word.eq_ignore_ascii_case("awaiting");
    }
    None
}

fn place(line: &Line<'_>, range: &Range<usize>) -> Place {
    Place {
        line: line.number,
        start: line.offset + range.start,
        end: line.offset + range.end,
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
                let takes_words = word == Word::Open && &text[range.clone()] != "OPEN";
                let piece = match takes_words || verdict_goes_on(text, range.end) {
                    true => Piece::State(word),
                    false => Piece::Other,
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
fn state(text: &str, at: usize) -> Option<(Word, Range<usize>)> {
    let found = STATE.as_ref()?.captures(&text[at..])?;
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
        Word::Open
    } else if found.name("claimed").is_some() {
        Word::Claimed
    } else if found.name("pass").is_some() {
        Word::Pass
    } else {
        Word::Fail
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
    let found = NAME.as_ref()?.find(&text[at..])?;
    Some(at..at + found.end())
}

pub(super) fn is_gate(name: &str, known: &[&str]) -> bool {
    known.contains(&name) || SHAPE.as_ref().is_some_and(|shape| shape.is_match(name))
}

pub(super) fn skip_decoration(text: &str, at: usize) -> usize {
    let rest =
        text[at..].trim_start_matches(|c| matches!(c, ' ' | '\t') || DECORATION.contains(&c));
    text.len() - rest.len()
}
