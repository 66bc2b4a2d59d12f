//! The line breaks of a document that lost them: pasted into a form, or copied out of a page, a whole
//! document stands in one line.
//!
//! A break takes the place of a space, so that every offset stays that of the original.

use std::sync::LazyLock;

use regex::Regex;

use kit::shell::{Quoting, ShellScanner};

/// Programs with which a command of such a document begins.
const HEADS: &[&str] = &[
    "bash",
    "cargo",
    "cat",
    "curl",
    "dig",
    "docker",
    "git",
    "grep",
    "journalctl",
    "jq",
    "kubectl",
    "ls",
    "nix",
    "npm",
    "openssl",
    "psql",
    "pytest",
    "python3",
    "rg",
    "sh",
    "ssh",
    "stat",
    "sudo",
    "systemctl",
];

/// The text with its line breaks, and whether they had to be recovered.
pub(super) fn recover(text: &str) -> (String, bool) {
    let lines = text.trim().lines().count();
    let marks = text.matches(" ## ").count() + text.matches(" ```").count();
    if lines > 4 || marks < lines {
        return (text.to_owned(), false);
    }
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    while at < text.len() {
        let fence = text[at..]
            .find("```")
            .map_or(text.len(), |found| at + found);
        prose(text, at, fence, &mut bytes);
        if fence == text.len() {
            break;
        }
        let inside = fence + 3;
        let end = text[inside..]
            .find("```")
            .map_or(text.len(), |found| inside + found);
        break_at(&mut bytes, fence.wrapping_sub(1));
        // Up to the first space is the language.
        let first = text[inside..end]
            .find(' ')
            .map_or(end, |found| inside + found);
        break_at(&mut bytes, first);
        commands(text, first.saturating_add(1).min(end), end, &mut bytes);
        break_at(&mut bytes, end.wrapping_sub(1));
        at = (end + 3).min(text.len());
        break_at(&mut bytes, at);
    }
    match String::from_utf8(bytes) {
        Ok(recovered) => (recovered, true),
        Err(_) => (text.to_owned(), false),
    }
}

fn break_at(bytes: &mut [u8], at: usize) {
    if let Some(byte) = bytes.get_mut(at)
        && *byte == b' '
    {
        *byte = b'\n';
    }
}

static HEADING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(^| )#{1,4} ").expect("a constant pattern"));
static RULE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r" --- ").expect("a constant pattern"));
static ITEM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r" - (`|\*\*|\[)").expect("a constant pattern"));
static NUMBERED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r" ([0-9]{1,2})\. [`A-Z*]").expect("a constant pattern"));
static ROW: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\| \|").expect("a constant pattern"));
/// A bold lead that begins a paragraph.
static LEAD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r" \*\*[^*]{2,60}[:.]\*\*").expect("a constant pattern"));
/// Where the heading of a section ends, and its text begins.
static SECTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^#{1,4} (WHAT( is claimed)?|HOW( to verify)?|EXPECTED( outcomes?)?|WHERE)( \([^)]*\))?( |$)")
        .expect("a constant pattern")
});

fn prose(text: &str, from: usize, to: usize, bytes: &mut [u8]) {
    let part = &text[from..to];
    // What stands in `code` keeps its spaces.
    let code: Vec<(usize, usize)> = code_spans(part);
    let free = |at: usize| !code.iter().any(|(start, end)| *start < at && at < *end);
    for found in RULE.find_iter(part).filter(|found| free(found.start())) {
        // Dashes below a text would make a heading of it.
        for byte in &mut bytes[from + found.start()..from + found.end()] {
            *byte = b' ';
        }
        break_at(bytes, from + found.start());
        break_at(bytes, from + found.end() - 1);
    }
    for pattern in [&ITEM, &LEAD] {
        for found in pattern.find_iter(part).filter(|found| free(found.start())) {
            break_at(bytes, from + found.start());
        }
    }
    for found in ROW.find_iter(part).filter(|found| free(found.start())) {
        break_at(bytes, from + found.start() + 1);
    }
    let mut next = 1;
    for found in NUMBERED.captures_iter(part) {
        let number: u32 = found[1].parse().unwrap_or_default();
        let at = found.get(0).map_or(0, |whole| whole.start());
        if (number == next || number == 1) && free(at) {
            break_at(bytes, from + at);
            next = number + 1;
        }
    }
    for found in HEADING.find_iter(part).filter(|found| free(found.start())) {
        let at = from + found.start();
        break_at(bytes, at);
        let heading = text[at..to].trim_start();
        let begins = to - heading.len();
        if let Some(section) = SECTION.find(heading) {
            break_at(bytes, begins + section.end() - 1);
        } else if let Some(end) = heading.find(") ") {
            let another = heading.get(2..).and_then(|rest| HEADING.find(rest));
            if another.is_none_or(|another| end < another.start() + 2) {
                break_at(bytes, begins + end + 1);
            }
        }
    }
}

fn code_spans(text: &str) -> Vec<(usize, usize)> {
    let ticks: Vec<usize> = text.match_indices('`').map(|(at, _)| at).collect();
    ticks
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect()
}

/// Comments and commands that follow each other in one line.
fn commands(text: &str, from: usize, to: usize, bytes: &mut [u8]) {
    let mut at = from;
    let mut comment = text[from..to].trim_start().starts_with('#');
    let mut scanner = ShellScanner::default();
    let mut before = String::new();
    while at < to {
        let rest = &text[at..to];
        let Some(c) = rest.chars().next() else {
            break;
        };
        let free = comment || scanner.quoting() == Quoting::None;
        if c == ' ' && free {
            let word = rest[1..].split(' ').next().unwrap_or_default();
            let next = &rest[1..];
            let begins = if next.starts_with("# ") {
                comment = true;
                true
            } else if comment {
                let ends = before.ends_with([':', '.']) && is_head(next);
                comment = !ends;
                ends
            } else {
                matches!(word, "done" | "fi") && !before.ends_with(';')
                    || is_head(next) && ends_command(&before)
                    || word == "ssh" && !continues(&before)
            };
            if begins {
                break_at(bytes, at);
                scanner = ShellScanner::default();
            }
            before.clear();
        } else {
            before.push(c);
        }
        if !comment {
            scanner.scan(c.encode_utf8(&mut [0; 4]));
        }
        at += c.len_utf8();
    }
}

fn is_head(rest: &str) -> bool {
    let mut words = rest.split(' ');
    let first = words.next().unwrap_or_default();
    let third = words.nth(1);
    HEADS.contains(&first) || first == "for" && third == Some("in")
}

/// Whether a command can end with this word, for what the next one begins with.
fn ends_command(word: &str) -> bool {
    word == "done" || word.ends_with(['\'', '"'])
}

/// Whether a command follows this word in the same line.
fn continues(word: &str) -> bool {
    word.is_empty()
        || word.ends_with([';', '|', '&', '(', '{', '!'])
        || matches!(
            word,
            "do" | "then" | "else" | "if" | "while" | "until" | "sudo" | "time" | "exec"
        )
}

#[cfg(test)]
mod tests {
    use super::recover;
    use proptest::prelude::*;

    #[test]
    fn a_document_in_one_line_gets_its_lines_back() {
        let flat = "# STATUS — phase x (Builder) **Plan:** `p` --- ## Gate: M1 — CLAIMED, awaiting Adversary ### WHAT is claimed The thing holds. - `a.py` — changed. ### HOW to verify (cold-clone commands) ```bash # 1. It is there: grep -c x a.py # EXPECTED: 3 # 2. It answers (now): ssh h 'docker service scale a=0' ssh h 'curl -s u' # EXPECTED: 200 (as # said) # Restore: ssh h 'docker service scale a=1' # 3. Units: for s in a b; do ssh h \"systemctl cat $s\" done # EXPECTED: empty ``` ### EXPECTED outcomes | Check | Expected | |---|---| | one | 3 | ### WHERE (commit sha) See log. --- ## Gate: M2 — OPEN (awaiting M1) M2 requires: 1. `a` is active 2. Rest unaffected";
        let (text, recovered) = recover(flat);
        assert!(recovered);
        assert_eq!(text.len(), flat.len());
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim_end)
            .filter(|l| !l.is_empty())
            .collect();
        assert_eq!(
            lines,
            [
                "# STATUS — phase x (Builder)",
                "**Plan:** `p`",
                "## Gate: M1 — CLAIMED, awaiting Adversary",
                "### WHAT is claimed",
                "The thing holds.",
                "- `a.py` — changed.",
                "### HOW to verify (cold-clone commands)",
                "```bash",
                "# 1. It is there:",
                "grep -c x a.py",
                "# EXPECTED: 3",
                "# 2. It answers (now):",
                "ssh h 'docker service scale a=0'",
                "ssh h 'curl -s u'",
                "# EXPECTED: 200 (as",
                "# said)",
                "# Restore:",
                "ssh h 'docker service scale a=1'",
                "# 3. Units:",
                "for s in a b; do ssh h \"systemctl cat $s\"",
                "done",
                "# EXPECTED: empty",
                "```",
                "### EXPECTED outcomes",
                "| Check | Expected |",
                "|---|---|",
                "| one | 3 |",
                "### WHERE (commit sha)",
                "See log.",
                "## Gate: M2 — OPEN (awaiting M1)",
                "M2 requires:",
                "1. `a` is active",
                "2. Rest unaffected",
            ]
        );
    }

    proptest! {
        #[test]
        fn only_spaces_become_breaks(text in "[#a-z`| \\-.'\":1é]{0,120}") {
            let (recovered, _) = recover(&text);
            prop_assert_eq!(recovered.len(), text.len());
            for (was, is) in text.bytes().zip(recovered.bytes()) {
                prop_assert!(was == is || was == b' ' || was == b'-' && is == b' ');
            }
        }
    }
}
