//! Text from outside, made safe for Markdown.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::report::text;

/// Texts that a reader of gate documents takes for a decision, each with the group `at` before
/// which a backslash goes. See [`neutralise`].
static STATES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    compiled(&[
        // ## DONE, ## VETO, anywhere in a line.
        r"#(?P<at>)[^\S\n]+(?i:DONE|VETO)\b",
        // A line that starts as a heading below the first level: `## M1 — PASS @…`.
        r"(?m)^[^\S\n]*(?:[>*+-][^\S\n]+)*#{2,6}(?P<at>)[^\S\n]",
        // CLAIMED as a state, also inside a longer word: readers that search for it do not ask
        // for its boundaries.
        r"C(?P<at>)LAIMED",
        r"\b(?i:c(?P<at>)laimed)[^\w\n]{0,8}(?i:awaiting)\b",
        // A state on a line that speaks of a gate: `Gate: M1 — PASS`.
        r"(?i:\bgates?\b)[^\n]*?\b(?-i:P(?P<at>)ASS(?:ED)?|F(?P<at1>)AIL(?:ED)?|D(?P<at2>)ONE|V(?P<at3>)ETO|O(?P<at4>)PEN)\b",
    ])
});

fn compiled(patterns: &[&str]) -> Vec<Regex> {
    patterns
        .iter()
        .map(|pattern| Regex::new(pattern).expect("a pattern of ours is a valid regex"))
        .collect()
}

/// The text with a backslash in everything that would read as a gate state or as a marker of a
/// block: `## DONE` becomes `##\ DONE`, `CLAIMED` becomes `C\LAIMED`, `Gate: M1 — PASS` becomes
/// `Gate: M1 — P\ASS`, `<!--` becomes `<\!--` and `-->` becomes `--\>`. The change is
/// always visible, so that it deceives nobody.
pub fn neutralise(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    if out.contains("<!--") || out.contains("-->") {
        out = Cow::Owned(out.replace("<!--", r"<\!--").replace("-->", r"--\>"));
    }
    for state in STATES.iter() {
        // Repeated until nothing is found: one line can have several states after one `Gate`.
        while state.is_match(&out) {
            let changed = state.replace_all(&out, |found: &Captures<'_>| backslashed(found));
            out = Cow::Owned(changed.into_owned());
        }
    }
    out
}

/// A whole printed text with a backslash in the three strings that watchers act on: `## DONE`,
/// `## VETO` and `CLAIMED, awaiting`. Narrower than [`neutralise`], which is for text from outside
/// and would also break into a table's own PASS.
pub fn defuse(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    for state in DECISIONS.iter() {
        while state.is_match(&out) {
            let changed = state.replace_all(&out, |found: &Captures<'_>| backslashed(found));
            out = Cow::Owned(changed.into_owned());
        }
    }
    out
}

static DECISIONS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    compiled(&[
        // Without word boundaries: readers that search for a string do not ask for them.
        r"(?i)#(?P<at>)[^\S\n]*(?:DONE|VETO)",
        r"(?i)C(?P<at>)LAIMED\W{0,8}awaiting",
    ])
});

fn backslashed(found: &Captures<'_>) -> String {
    let start = found.get(0).map_or(0, |all| all.start());
    let at = ["at", "at1", "at2", "at3", "at4"]
        .iter()
        .find_map(|name| found.name(name))
        .map_or(0, |at| at.start() - start);
    format!("{}\\{}", &found[0][..at], &found[0][at..])
}

/// An address in angle brackets, which readers show as the address.
static MAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^<[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*>")
        .expect("a pattern of ours is a valid regex")
});

/// One line of running text or a table cell: Markdown's own characters get a backslash where they
/// would mean something, so that the source reads as the text does.
pub fn prose(text: &str) -> String {
    let text = text::visible(text.trim());
    let text = neutralise(&text);
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let next = rest.chars().next();
        let escaped = match c {
            '\\' | '|' | '`' | '*' | '[' | ']' | '~' => true,
            '<' => next.is_some_and(opens_a_tag) && !MAIL.is_match(&text[at..]),
            // `&lt;` would be another character.
            '&' => next.is_some_and(|next| next == '#' || next.is_ascii_alphabetic()),
            // Emphasis needs a word's edge; `health_path` stays readable.
            '_' => !(is_of_a_word(before) && is_of_a_word(next)),
            // At the end of a heading these would close it.
            '#' if before == Some(' ') && rest.trim_start_matches('#').is_empty() => true,
            // At the start of a line these would open a heading, a quote or a list.
            '#' | '>' | '+' | '-' | '=' => at == 0,
            // A number with one of these does so, too.
            '.' | ')' => at > 0 && text[..at].bytes().all(|it| it.is_ascii_digit()),
            _ => false,
        };
        if escaped {
            out.push('\\');
        }
        out.push(c);
        before = Some(c);
    }
    out
}

/// Whether a `<` before it begins a tag, a comment or a link.
fn opens_a_tag(next: char) -> bool {
    next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?')
}

fn is_of_a_word(c: Option<char>) -> bool {
    c.is_some_and(char::is_alphanumeric)
}

/// One line as a code span. In a table cell use [`code_cell`].
pub fn code(text: &str) -> String {
    let line = text::visible(text.trim());
    if line.is_empty() {
        return "(empty)".to_owned();
    }
    let line = neutralise(&line);
    let ticks = "`".repeat(longest_run(&line, '`') + 1);
    let pad = if line.starts_with('`') || line.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{line}{pad}{ticks}")
}

/// A code span in a table cell. Where a span cannot hold the text safely (readers disagree about
/// a backslash before the escaped bar), it becomes escaped prose.
pub fn code_cell(text: &str) -> String {
    let span = code(text);
    if span.contains("\\|") {
        return prose(text);
    }
    span.replace('|', "\\|")
}

/// A line of a shell comment: never more than one line, so that nothing of it is ever run.
pub fn comment(text: &str) -> String {
    neutralise(&text::visible(text.trim())).into_owned()
}

/// A fenced block. The fence is longer than any run of backticks in the content, which is
/// neutralised; control characters are shown.
pub fn fence(info: &str, content: &str) -> String {
    let content = text::visible_lines(content);
    let content = neutralise(&content);
    let ticks = "`".repeat(longest_run(&content, '`').max(2) + 1);
    let end = if content.is_empty() || content.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{ticks}{info}\n{content}{end}{ticks}\n")
}

fn longest_run(text: &str, of: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == of { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
