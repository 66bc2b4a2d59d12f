//! The order of versions: one for both programs.
//!
//! Programs, distributions and image tags write versions in many ways, so this is neither strict
//! Semantic Versioning nor dpkg's order, but what both agree on, for any number of parts:
//!
//! - Dotted numbers compare as numbers, and a missing part is zero: `1.9` < `1.10`, `1.0` = `1.0.0`.
//! - A pre-release comes before its release: `2.0-rc9` < `2.0-rc10` < `2.0`. Only the words in
//!   [`PRE_RELEASE_WORDS`] make a pre-release, and a `~` (as in Debian's `2.0~20240101`).
//! - Any other suffix names a build of the release, and comes after it: a distribution's
//!   revision (`1.2.3-1ubuntu2`), a patch level (`9.2p1`), an image's variant (`16-alpine`).
//! - Runs of digits inside a suffix compare as numbers, and letter case does not count.
//! - Build metadata (`+…`) has no part in the order.

use std::cmp::Ordering;

/// Words that make a version a pre-release. `m` does so only before a number (`3.0-M1`).
const PRE_RELEASE_WORDS: [&str; 18] = [
    "alpha",
    "beta",
    "canary",
    "cr",
    "dev",
    "devel",
    "develop",
    "ea",
    "m",
    "milestone",
    "nightly",
    "pre",
    "prerelease",
    "preview",
    "rc",
    "snapshot",
    "unstable",
    "wip",
];

/// A version: dotted numbers, and what its suffix says. Equal are versions that the order does
/// not tell apart: `v1.0` and `1.0.0+build7`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// Without the zeros at the end.
    numbers: Box<[Number]>,
    /// From the word that makes it a pre-release on; empty for a release.
    pre_release: Box<[Identifier]>,
    /// What else the suffix names.
    build: Box<[Identifier]>,
}

/// A whole number of any length, as its digits without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number(String);

/// A run of digits or of letters in a suffix, or a `~`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Identifier {
    Tilde,
    Number(Number),
    Word(String),
}

impl Version {
    /// Reads a version that is the whole text, with or without a `v` before it. One number is
    /// enough.
    pub fn parse(text: &str) -> Option<Version> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (text, metadata) = match text.split_once('+') {
            Some((text, metadata)) => (text, Some(metadata)),
            None => (text, None),
        };
        if metadata.is_some_and(|text| text.is_empty() || !text.bytes().all(is_metadata)) {
            return None;
        }
        let (mut numbers, suffix) = dotted(text)?;
        while numbers.last().is_some_and(|number| number.0.is_empty()) {
            numbers.pop();
        }
        let (pre_release, build) = staged(identifiers(suffix)?);
        Some(Version {
            numbers: numbers.into(),
            pre_release: pre_release.into(),
            build: build.into(),
        })
    }

    /// Whether it comes before the release of the same numbers.
    pub fn is_pre_release(&self) -> bool {
        !self.pre_release.is_empty()
    }

    /// Whether its suffix names a build of a release: a distribution's revision, a variant.
    pub fn is_build(&self) -> bool {
        !self.is_pre_release() && !self.build.is_empty()
    }

    /// The release of the same numbers: without the suffix.
    #[must_use]
    pub fn release(&self) -> Version {
        Version {
            numbers: self.numbers.clone(),
            pre_release: Box::default(),
            build: Box::default(),
        }
    }

    /// The first number; `None` stands for zero, and comes before every other.
    pub fn major(&self) -> Option<&Number> {
        self.numbers.first().filter(|number| !number.0.is_empty())
    }
}

fn is_metadata(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'~' | b'_' | b'+')
}

/// The dotted numbers at the beginning of a text, and the rest.
fn dotted(text: &str) -> Option<(Vec<Number>, &str)> {
    let mut numbers = Vec::new();
    let mut rest = text;
    loop {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 {
            return None;
        }
        numbers.push(Number::new(&rest[..digits]));
        rest = &rest[digits..];
        match rest.strip_prefix('.') {
            Some(next) if next.starts_with(|c: char| c.is_ascii_digit()) => rest = next,
            _ => return Some((numbers, rest)),
        }
    }
}

/// The identifiers of a suffix. Between two of them is one separator or a change from digits to
/// letters; at the end there is none. Hyphens may follow each other (Semantic Versioning, 9).
fn identifiers(suffix: &str) -> Option<Vec<Identifier>> {
    let mut found = Vec::new();
    let mut rest = suffix;
    let mut previous = None;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '~' => {
                found.push(Identifier::Tilde);
                1
            }
            '-' | '.' | '_' => 1,
            '0'..='9' | 'a'..='z' | 'A'..='Z' => {
                let digits = first.is_ascii_digit();
                let same = |c: char| c.is_ascii_alphanumeric() && c.is_ascii_digit() == digits;
                let run = rest.len() - rest.trim_start_matches(same).len();
                found.push(if digits {
                    Identifier::Number(Number::new(&rest[..run]))
                } else {
                    Identifier::Word(rest[..run].to_ascii_lowercase())
                });
                run
            }
            _ => return None,
        };
        let separator = !first.is_ascii_alphanumeric();
        let doubled = separator && previous.is_some_and(|before| before != '-' || first != '-');
        if doubled {
            return None;
        }
        previous = separator.then_some(first);
        rest = &rest[length..];
    }
    previous.is_none().then_some(found)
}

/// The identifiers from the one on that makes a pre-release, and the others.
///
/// A `~` at the beginning of the suffix makes one; elsewhere it only lowers what stands before it
/// (`1.2.3-1~bpo12` comes before `1.2.3-1`, and after `1.2.3`).
fn staged(mut all: Vec<Identifier>) -> (Vec<Identifier>, Vec<Identifier>) {
    if all.first() == Some(&Identifier::Tilde) {
        all.remove(0);
        return (all, Vec::new());
    }
    let decided = all.iter().enumerate().position(|(at, identifier)| {
        let number_follows = matches!(all.get(at + 1), Some(Identifier::Number(_)));
        match identifier {
            Identifier::Word(word) if word == "m" => number_follows,
            Identifier::Word(word) => PRE_RELEASE_WORDS.contains(&word.as_str()),
            Identifier::Number(_) => false,
            Identifier::Tilde => true,
        }
    });
    match decided {
        Some(at) if all[at] != Identifier::Tilde => {
            let pre_release = all.split_off(at);
            (pre_release, all)
        }
        _ => (Vec::new(), all),
    }
}

impl Number {
    fn new(digits: &str) -> Number {
        Number(digits.trim_start_matches('0').to_owned())
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let length = self.0.len().cmp(&other.0.len());
        length.then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Where two lists differ first: a `~` comes before the end of a list, the end before a number,
/// a number before a word.
fn compare(left: &[Identifier], right: &[Identifier]) -> Ordering {
    let rank = |identifier: Option<&Identifier>| match identifier {
        Some(Identifier::Tilde) => 0,
        None => 1,
        Some(Identifier::Number(_)) => 2,
        Some(Identifier::Word(_)) => 3,
    };
    for at in 0..left.len().max(right.len()) {
        let (l, r) = (left.get(at), right.get(at));
        let order = match (l, r) {
            (Some(Identifier::Number(l)), Some(Identifier::Number(r))) => l.cmp(r),
            (Some(Identifier::Word(l)), Some(Identifier::Word(r))) => l.cmp(r),
            _ => rank(l).cmp(&rank(r)),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers
            .cmp(&other.numbers)
            .then_with(|| other.is_pre_release().cmp(&self.is_pre_release()))
            .then_with(|| compare(&self.pre_release, &other.pre_release))
            .then_with(|| compare(&self.build, &other.build))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
