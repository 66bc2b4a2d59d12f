//! The steps of a document: a title, commands, and what must be seen or was seen.

use std::sync::LazyLock;

use claim::command::shape;
use kit::shell::{Quoting, ShellScanner};
use regex::Regex;

/// A text with its offset in the document.
pub(super) type Placed = (usize, String);

/// What a comment or a mark of a document says of the commands above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct WrittenStep {
    pub(super) title: String,
    pub(super) at: usize,
    /// The commands before those that restore, each with what must be seen or was seen of it.
    pub(super) commands: Vec<ToldCommand>,
    /// What undoes the step.
    pub(super) restore: Vec<Placed>,
    /// What must be seen, in the words of the document.
    pub(super) expected: Option<Placed>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ToldCommand {
    pub(super) line: String,
    pub(super) at: usize,
    /// What it showed, in the words of the document: `HTTP 404 ← FAILS`.
    pub(super) seen: Option<String>,
}

static EXPECTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?i:(?:→\s*)?expect(?:ed)?\b:?|→|=>)\s*(.*)$").expect("a constant pattern")
});
static RESTORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(restore|undo|clean ?-?up|tear ?-?down|put back)\b|\brestored\b")
        .expect("a constant pattern")
});
/// Reads what a fence holds.
pub(super) fn of_fence(lines: &[Placed]) -> Vec<WrittenStep> {
    let mut reader = FenceReader {
        prompted: lines
            .iter()
            .any(|(_, line)| line.trim_start().starts_with("$ ")),
        ..FenceReader::default()
    };
    let mut at = 0;
    while let Some((offset, line)) = lines.get(at) {
        let text = line.trim();
        at += 1;
        if text.is_empty() {
            continue;
        }
        if let Some(comment) = text.strip_prefix('#') {
            reader.comment(*offset, comment.trim_start_matches('#').trim());
        } else if let Some(found) = EXPECTED
            .captures(text)
            .filter(|_| !text.starts_with("expect "))
        {
            reader.result(*offset, &found[1]);
        } else if reader.prompted && !text.starts_with("$ ") {
            reader.result(*offset, text);
        } else {
            let (line, used) = whole(text, &lines[at..]);
            at += used;
            reader.command(*offset, &line);
        }
    }
    reader.steps
}

/// A command with the lines that continue it.
fn whole(first: &str, more: &[Placed]) -> (String, usize) {
    let mut line = first.trim_start_matches("$ ").to_owned();
    if complete(&line) {
        return (line, 0);
    }
    for (used, (_, next)) in more.iter().enumerate().take(40) {
        line.push('\n');
        line.push_str(next);
        if complete(&line) {
            return (line, used + 1);
        }
    }
    (first.trim_start_matches("$ ").to_owned(), 0)
}

fn complete(line: &str) -> bool {
    let (command, _) = split(line);
    !command.ends_with('\\') && shape(&command).is_some()
}

/// A command, and what stands behind it as a comment or a result.
fn split(line: &str) -> (String, Option<String>) {
    let mut scanner = ShellScanner::default();
    for (at, c) in line.char_indices() {
        if scanner.quoting() == Quoting::None && line[..at].ends_with([' ', '\t']) {
            let rest = &line[at..];
            if rest.starts_with("# ") {
                let told = rest[1..].trim();
                let told = EXPECTED.captures(told).map(|found| found[1].to_owned());
                return (line[..at].trim_end().to_owned(), told);
            }
            if let Some(result) = rest.strip_prefix('→') {
                return (
                    line[..at].trim_end().to_owned(),
                    Some(result.trim().to_owned()),
                );
            }
        }
        scanner.scan(c.encode_utf8(&mut [0; 4]));
    }
    (line.to_owned(), None)
}

#[derive(Default)]
struct FenceReader {
    steps: Vec<WrittenStep>,
    restoring: bool,
    prompted: bool,
}

impl FenceReader {
    fn comment(&mut self, at: usize, text: &str) {
        if let Some(found) = EXPECTED.captures(text) {
            self.result(at, &found[1]);
            return;
        }
        if RESTORE.is_match(text) && !self.steps.is_empty() {
            self.restoring = true;
            return;
        }
        let title = clean_title(text);
        match self.steps.last_mut() {
            // Words of several lines.
            Some(step)
                if step.commands.is_empty() && !self.restoring && step.expected.is_none() =>
            {
                step.title.push(' ');
                step.title.push_str(&title);
            }
            _ => self.begin(at, title),
        }
    }

    fn begin(&mut self, at: usize, title: String) {
        self.restoring = false;
        self.steps.push(WrittenStep {
            title,
            at,
            ..WrittenStep::default()
        });
    }

    fn command(&mut self, at: usize, line: &str) {
        let (line, told) = split(line);
        if self.restoring {
            if let Some(step) = self.steps.last_mut() {
                step.restore.push((at, line));
            }
            return;
        }
        // Without words between them, a step ends with what it expects.
        if self.steps.last().is_none_or(|step| step.expected.is_some()) {
            self.begin(at, String::new());
        }
        if let Some(step) = self.steps.last_mut() {
            step.commands.push(ToldCommand {
                line,
                at,
                seen: None,
            });
        }
        if let Some(told) = told {
            self.result(at, &told);
        }
    }

    fn result(&mut self, at: usize, text: &str) {
        let Some(step) = self.steps.last_mut() else {
            return;
        };
        if self.restoring {
            return;
        }
        let last = step
            .commands
            .last_mut()
            .filter(|command| command.seen.is_none());
        if let Some(command) = last {
            command.seen = Some(text.to_owned());
        }
        match &mut step.expected {
            Some((_, known)) => {
                known.push(' ');
                known.push_str(text);
            }
            None => step.expected = Some((at, text.to_owned())),
        }
    }
}

/// A title without its number and its colon.
fn clean_title(text: &str) -> String {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:(?i:check|step)\s+)?[0-9]{1,2}[.:)]\s*").expect("a constant pattern")
    });
    NUMBER
        .replace(text, "")
        .trim_end_matches(':')
        .trim()
        .to_owned()
}

static SPAN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"``\s?(.+?)\s?``|`([^`]+)`").expect("a constant pattern"));
/// What introduces an expectation behind a command in a sentence.
static MARK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^[\s:—–-]*\(?(?:→|->|=>|expect(?:ed)?\b|must (?:print|show|be|say)|prints?\b|returns?\b|gives?\b)[\s:]*(?:expect(?:ed)?\b[\s:]*)?(.+)$")
        .expect("a constant pattern")
});

/// The step of a sentence: a command in code, and behind it what must be seen.
pub(super) fn of_sentence(text: &str, at: usize) -> Option<WrittenStep> {
    let found = SPAN
        .captures_iter(text)
        .find(|found| is_command(code(found)))?;
    let whole = found.get(0)?;
    let line = code(&found).to_owned();
    let rest = &text[whole.end()..];
    let told = MARK.captures(rest).map(|told| told[1].trim().to_owned());
    let told = told.map(|told| {
        match rest
            .trim_start_matches([' ', '—', '–', '-', ':'])
            .starts_with('(')
        {
            true => told.trim_end_matches(')').to_owned(),
            false => told,
        }
    });
    let title = text[..whole.start()]
        .trim()
        .trim_matches(|c: char| "*:—–- ".contains(c))
        .to_owned();
    Some(WrittenStep {
        title,
        at,
        commands: vec![ToldCommand {
            line: as_command(&line),
            at,
            seen: told.clone(),
        }],
        restore: Vec::new(),
        expected: told.map(|told| (at, told)),
    })
}

fn code<'t>(found: &regex::Captures<'t>) -> &'t str {
    let inner = found.get(1).or_else(|| found.get(2));
    inner.map_or("", |inner| inner.as_str())
}

/// The code of a cell or sentence that is a command.
pub(super) fn command_in(text: &str) -> Option<String> {
    let found = SPAN
        .captures_iter(text)
        .find(|found| is_command(code(found)))?;
    Some(as_command(code(&found)))
}

/// A URL alone is asked for.
fn as_command(code: &str) -> String {
    match code.starts_with("http") {
        true => format!("curl -s {code}"),
        false => code.to_owned(),
    }
}

/// Build and test programs, of which nobody knows what they do.
const TOOLS: &[&str] = &[
    "cargo",
    "make",
    "python",
    "python3",
    "pytest",
    "npm",
    "pnpm",
    "yarn",
    "go",
    "nix",
    "npx",
    "uv",
    "tox",
    "mvn",
    "gradle",
    "bats",
    "just",
    "ansible",
    "terraform",
    "helm",
    "psql",
    "redis-cli",
    "restic",
    "ssh",
];

/// Whether a text in code is a command, and not a name, a path or a value.
pub(super) fn is_command(code: &str) -> bool {
    if code.starts_with("https://") || code.starts_with("http://") {
        return !code.contains(char::is_whitespace);
    }
    let mut words = code.split_whitespace();
    let (Some(first), Some(_)) = (words.next(), words.next()) else {
        return false;
    };
    let script = first.starts_with("./") || first.ends_with(".sh") || first.ends_with(".py");
    shape(code).is_some()
        && (script || TOOLS.contains(&first) || first == "for" || super::command::is_known(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fence(text: &str) -> Vec<WrittenStep> {
        let mut at = 0;
        let lines: Vec<Placed> = text
            .lines()
            .map(|line| {
                let placed = (at, line.to_owned());
                at += line.len() + 1;
                placed
            })
            .collect();
        of_fence(&lines)
    }

    #[test]
    fn comments_give_a_fence_its_steps() {
        let steps = fence(
            "# 1. Title: more\n# of it\nssh h 'a b'\nfor x in a b; do\n  ls $x\ndone\n# EXPECTED: 200\n# Restore:\nssh h 'c d'\n# 2. Next\nls /y   # → empty\nls /z\n→ HTTP 404 ← FAILS\n",
        );
        assert_eq!(steps.len(), 3, "{steps:#?}");
        assert_eq!(steps[0].title, "Title: more of it");
        let lines: Vec<&str> = steps[0].commands.iter().map(|c| c.line.as_str()).collect();
        assert_eq!(lines, ["ssh h 'a b'", "for x in a b; do\n  ls $x\ndone"]);
        assert_eq!(steps[0].expected.as_ref().unwrap().1, "200");
        assert_eq!(steps[0].restore[0].1, "ssh h 'c d'");
        assert_eq!(steps[1].commands[0].line, "ls /y");
        assert_eq!(steps[1].expected.as_ref().unwrap().1, "empty");
        assert_eq!(
            steps[2].commands[0].seen.as_deref(),
            Some("HTTP 404 ← FAILS")
        );
    }

    #[test]
    fn what_is_typed_at_a_prompt_is_told_from_what_was_printed() {
        let steps = fence("$ ls -A /x\na\nb\n$ git status\nclean\n");
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[0].commands[0].line, "ls -A /x");
        assert_eq!(steps[0].expected.as_ref().unwrap().1, "a b");
    }

    #[test]
    fn a_sentence_has_its_command_and_what_must_be_seen() {
        for (text, line, told) in [
            (
                "`ls -A /x` → EXPECTED: `empty`",
                "ls -A /x",
                Some("`empty`"),
            ),
            (
                "Head: `git rev-parse HEAD` (expect HEAD = 3d8d286)",
                "git rev-parse HEAD",
                Some("HEAD = 3d8d286"),
            ),
            (
                "`https://a.example/x` → HTTP/2 200 (served)",
                "curl -s https://a.example/x",
                Some("HTTP/2 200 (served)"),
            ),
            (
                "`cargo test -q` — expect `12 passed`",
                "cargo test -q",
                Some("`12 passed`"),
            ),
            ("`grep -rn todo src` on main", "grep -rn todo src", None),
        ] {
            let step = of_sentence(text, 0).unwrap();
            assert_eq!(step.commands[0].line, line);
            assert_eq!(step.expected.map(|told| told.1).as_deref(), told, "{text}");
        }
        assert_eq!(of_sentence("`runner/warm.py` — changed → done", 0), None);
        assert_eq!(of_sentence("`health_domain` absent", 0), None);
    }
}
