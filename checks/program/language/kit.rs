//! Pairs of checks: the same question with an expectation that holds and with one that does not.

use test_kit::program::Scratch;
use test_kit::runs::Run;

/// Checks in pairs, asked in one run.
#[derive(Default)]
pub(crate) struct Twins {
    checks: String,
    pairs: Vec<Pair>,
}

struct Pair {
    name: String,
    bad: &'static str,
    about: String,
}

impl Twins {
    /// A question, an expectation that holds, one that does not, and what the failure is about.
    pub(crate) fn pair(mut self, asked: &str, good: &str, bad: &str, about: &str) -> Self {
        let name = format!("t{}", self.pairs.len());
        for (twin, expect) in [("good", good), ("bad", bad)] {
            self.checks.push_str(&format!(
                "      - id: {name}-{twin}\n        claim: c\n        {}\n        expect: {expect}\n",
                asked.replace('\n', "\n        ")
            ));
        }
        self.pairs.push(Pair {
            name,
            bad: "FAIL",
            about: about.to_owned(),
        });
        self
    }

    /// Whoever was added last does not fail but cannot be told.
    pub(crate) fn bad_is(mut self, outcome: &'static str) -> Self {
        self.pairs.last_mut().unwrap().bad = outcome;
        self
    }

    /// A claim file of them.
    pub(crate) fn claim(&self) -> String {
        format!(
            "phase: t\ntitle: t\non: local\ngates:\n  M1:\n    checks:\n{}",
            self.checks
        )
    }

    /// Asks them all: every good twin passes, and every bad one fails and says why.
    #[track_caller]
    pub(crate) fn hold(&self) -> Run {
        let scratch = Scratch::with(self.claim());
        self.hold_in(&scratch)
    }

    #[track_caller]
    pub(crate) fn hold_in(&self, scratch: &Scratch) -> Run {
        let run = scratch.recorded(&[]);
        for pair in &self.pairs {
            let (good, bad) = (format!("{}-good", pair.name), format!("{}-bad", pair.name));
            assert_eq!(run.outcome(&good), "PASS", "{}", run.check(&good));
            assert_eq!(run.outcome(&bad), pair.bad, "{}", run.check(&bad));
            let check = run.check(&bad);
            let why = run.why(&bad);
            assert!(why.contains(&pair.about), "{:?} in {check}", pair.about);
            if pair.bad == "FAIL" {
                let finding = &check["findings"][0];
                for part in ["expected", "observed"] {
                    assert_ne!(finding[part], "", "{part} is said: {check}");
                }
                let place = finding["place"].as_str().unwrap_or_default();
                assert!(place.starts_with("claim.yaml:"), "a place: {check}");
            }
        }
        assert_ne!(run.shown.code, Some(0));
        run
    }
}

/// A claim file of one gate with these checks, each `id` and the rest of its map.
pub(crate) fn claim(head: &str, checks: &[(&str, &str)]) -> String {
    let mut out =
        format!("phase: t\ntitle: t\non: local\n{head}gates:\n  M1:\n    title: t\n    checks:\n");
    for (id, rest) in checks {
        out.push_str(&format!("      - id: {id}\n        claim: c\n"));
        for line in rest.lines() {
            out.push_str(&format!("        {line}\n"));
        }
    }
    out
}

/// Runs a claim file of these checks.
#[track_caller]
pub(crate) fn run(head: &str, checks: &[(&str, &str)]) -> Run {
    Scratch::with(claim(head, checks)).recorded(&[])
}
