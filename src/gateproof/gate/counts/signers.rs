//! The lines of `claims/allowed_signers`: whom they name, and who wrote them. Pure.

use chrono::{DateTime, Utc};

use crate::record::{NAMESPACE, person};

/// Who wrote a line, by git.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenBy {
    /// `Name <mail>`, as the commit has it.
    pub author: String,
    /// Full hash of the commit.
    pub commit: String,
    pub at: DateTime<Utc>,
}

/// A line of a file of allowed signers (`ssh-keygen(1)`, ALLOWED SIGNERS).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerLine {
    /// From 1.
    pub number: usize,
    /// Patterns of mail addresses.
    pub principals: Vec<String>,
    /// Options, key type and key, as they stand in the line.
    pub key: String,
    /// Whether it is meant for signatures of gateproof (`namespaces=`).
    pub is_ours: bool,
    /// Nobody when the line is not committed.
    pub written_by: Option<WrittenBy>,
}

/// Whose file of allowed signers it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignersOf {
    /// The repository's: git says who wrote each line, and authors that it names must sign.
    #[default]
    Repository,
    /// The reader's own, named on the command line: each line counts, and authors that it names
    /// must sign.
    Reader,
    /// The reader's own, by git's configuration, where it serves other purposes, too: it says whose
    /// a key is, and nobody must sign.
    Configuration,
}

/// Who may sign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signers {
    pub of: SignersOf,
    /// The file, as it is shown.
    pub file: String,
    pub lines: Vec<SignerLine>,
    /// Lines that the repository's history has and that are gone now: they still name people, so
    /// that nobody frees another from signing by removing a line.
    pub gone: Vec<SignerLine>,
}

impl Signers {
    /// Whether there is anybody who may sign.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether what this author makes counts only with a signature.
    pub fn must_sign(&self, author: &str) -> bool {
        let mut lines = self.lines.iter().chain(&self.gone);
        self.of != SignersOf::Configuration && lines.any(|line| line.is_ours && line.names(author))
    }

    /// The lines that name the author.
    pub fn lines_of(&self, author: &str) -> impl Iterator<Item = &SignerLine> {
        let lines = self.lines.iter();
        lines.filter(move |line| line.names(author))
    }

    /// Who wrote a line, and when, in words.
    pub fn told(&self, line: &SignerLine) -> String {
        let by = match &line.written_by {
            Some(by) => format!(
                "was written by {} in {} at {}",
                by.author,
                by.commit.get(..12).unwrap_or(&by.commit),
                by.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
            ),
            None => "is not committed".to_owned(),
        };
        let names = line.principals.join(",");
        format!(
            "{} line {}, which names {names}, {by}",
            self.file, line.number
        )
    }
}

impl SignerLine {
    /// Reads a line; `None` for a comment and an empty one.
    pub fn read(number: usize, text: &str, written_by: Option<WrittenBy>) -> Option<SignerLine> {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            return None;
        }
        let (principals, key) = match text.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => text.split_once([' ', '\t']).unwrap_or((text, "")),
        };
        let key = key.trim_start();
        Some(SignerLine {
            number,
            principals: principals.split(',').map(str::to_owned).collect(),
            key: key.to_owned(),
            is_ours: is_ours(key),
            written_by,
        })
    }

    /// Whether it names the author by mail address, ignoring case.
    pub fn names(&self, author: &str) -> bool {
        let mail = person(author);
        matches_list(&self.principals, &mail)
    }
}

/// Whether the options let the key sign for gateproof.
fn is_ours(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    let Some(at) = lower.find("namespaces=\"") else {
        return true;
    };
    let list = &lower[at + "namespaces=\"".len()..];
    let list = list.split('"').next().unwrap_or_default();
    let patterns: Vec<String> = list.split(',').map(str::to_owned).collect();
    matches_list(&patterns, NAMESPACE)
}

/// A pattern list as OpenSSH reads it: a match with `!` before it excludes.
fn matches_list(patterns: &[String], text: &str) -> bool {
    let mut found = false;
    for pattern in patterns {
        let pattern = pattern.trim().to_lowercase();
        match pattern.strip_prefix('!') {
            Some(pattern) if matches(pattern, text) => return false,
            Some(_) => {}
            None => found = found || matches(&pattern, text),
        }
    }
    found
}

fn matches(pattern: &str, text: &str) -> bool {
    let mut pattern = pattern.chars();
    match pattern.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = pattern.as_str();
            let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.any(|at| matches(rest, &text[at..]))
        }
        Some(one) => {
            let mut chars = text.chars();
            chars.next().is_some_and(|c| one == '?' || one == c)
                && matches(pattern.as_str(), chars.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> SignerLine {
        SignerLine::read(1, text, None).unwrap()
    }

    #[test]
    fn a_line_names_people_by_patterns_in_any_case_and_only_for_gateproof() {
        let names = |text: &str, author: &str| line(text).names(author);
        let ada = "Ada <Ada@Example.org>";
        for text in [
            "ada@example.org ssh-ed25519 AAAA",
            "*@example.org ssh-ed25519 AAAA",
            "\"x@y.z,ada@example.???\" namespaces=\"git\" ssh-ed25519 AAAA",
            "ADA@example.org",
        ] {
            assert!(names(text, ada), "{text}");
        }
        for text in [
            "ad@example.org ssh-ed25519 AAAA",
            "!ada@example.org,*@example.org ssh-ed25519 AAAA",
            "*.example.org ssh-ed25519 AAAA",
        ] {
            assert!(!names(text, ada), "{text}");
        }
        assert!(line("a@b ssh-ed25519 AAAA").is_ours);
        assert!(line("a@b namespaces=\"git,gateproof\" ssh-ed25519 AAAA").is_ours);
        assert!(line("a@b namespaces=\"*\" ssh-ed25519 AAAA").is_ours);
        assert!(!line("a@b valid-after=\"2020\",namespaces=\"git\" ssh-ed25519 AAAA").is_ours);
        assert!(SignerLine::read(1, "  # ada@example.org", None).is_none());
        assert!(SignerLine::read(1, "", None).is_none());
    }

    #[test]
    fn whoever_was_named_once_must_sign_also_when_the_line_is_gone() {
        let gone = vec![line("ada@example.org ssh-ed25519 AAAA")];
        let mut signers = Signers {
            gone,
            ..Signers::default()
        };
        assert!(signers.must_sign("Ada <ada@example.org>"));
        assert!(!signers.must_sign("Eve <eve@example.org>"));
        signers.of = SignersOf::Configuration;
        assert!(!signers.must_sign("Ada <ada@example.org>"));
    }
}
