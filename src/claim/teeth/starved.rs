//! How tools fail in a world in which a line is run once more.

use crate::expectation::{ExitMatcher, Expect, Test};

/// How every tool of a line fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Whether it prints an error, on both streams.
    pub says: bool,
    /// What it exits with.
    pub code: u8,
    /// The only tool that fails, by its place; the others print nothing and succeed.
    pub only: Option<usize>,
}

impl Failing {
    /// What is printed, by a tool of that name.
    pub fn text(self, tool: &str) -> String {
        match (self.says, self.code) {
            (false, _) => String::new(),
            (true, 127) => format!("{tool}: not found"),
            (true, _) => format!("{tool}: error: connection refused"),
        }
    }

    /// How it fails, in words.
    pub fn describe(self) -> String {
        let says = match (self.says, self.code) {
            (false, _) => "prints nothing",
            (true, 127) => "is not found",
            (true, _) => "prints an error",
        };
        format!("{says} and exits with {}", self.code)
    }
}

/// Of a line with more tools none fails alone.
const MOST_ALONE: usize = 6;

/// The worlds in which a check with this expectation must not pass. An exit code that the expectation names
/// is the answer that it waits for, so no tool fails with it.
pub fn failing_worlds(expect: &Expect, tools: usize) -> Vec<Failing> {
    let named = named_codes(expect);
    let free = |codes: &[u8]| {
        let mut codes = codes.iter().copied();
        codes.find(|code| !named.contains(&i32::from(*code)))
    };
    let failed = free(&[1, 2, 3]);
    let all = |says: bool, code: u8| Failing {
        says,
        code,
        only: None,
    };
    let silent = failed.map(|code| all(false, code));
    let loud = failed.map(|code| all(true, code));
    let missing = free(&[127, 126]).map(|code| all(true, code));
    // Where several tools fail at once, the last one can hide that nobody asks for the first.
    let alone = (0..tools).filter(|_| (2..=MOST_ALONE).contains(&tools));
    let alone = alone.filter_map(|tool| {
        Some(Failing {
            only: Some(tool),
            ..silent?
        })
    });
    [silent, loud, missing]
        .into_iter()
        .flatten()
        .chain(alone)
        .collect()
}

/// The exit codes that the expectation names as its own.
fn named_codes(expect: &Expect) -> Vec<i32> {
    match expect {
        Expect::Holds(clause) => match &clause.test {
            Test::Exit(ExitMatcher::OneOf(codes)) => codes.clone(),
            _ => Vec::new(),
        },
        Expect::All(parts) | Expect::Any(parts) => parts.iter().flat_map(named_codes).collect(),
        Expect::Not(_) => Vec::new(),
    }
}
