//! `tests:`: how many tests of a test run passed, failed and were skipped.

use super::bounds::Domain;
use super::limits::{self, Limits};
use super::observed::ObservedText;
use super::result::{MatchResult, MatchSite};
use super::rule::vacuous_limits;
use super::test_tally::{NoTally, RUNNERS, Tally, tally};
use super::{bounds, render};
use kit::text::Scope;
use reach::observation::CommandObservation;

/// What the summary of a test run must say.
#[derive(Clone, Debug, PartialEq)]
pub struct TestRunMatcher {
    pub passed: Limits,
    pub failed: Limits,
    pub skipped: Option<Limits>,
}

impl TestRunMatcher {
    /// The bounds, each with the word for what it counts.
    fn bounds(&self) -> impl Iterator<Item = (&'static str, &Limits)> {
        let skipped = self.skipped.iter().map(|limits| ("skipped", limits));
        [("passed", &self.passed), ("failed", &self.failed)]
            .into_iter()
            .chain(skipped)
    }

    /// Holds the counts of a command's output against the bounds.
    pub(super) fn judge(&self, site: &MatchSite<'_>, seen: &CommandObservation) -> MatchResult {
        let streams = [
            ObservedText::stream(&seen.stdout, "stdout"),
            ObservedText::stream(&seen.stderr, "stderr"),
        ];
        for stream in &streams {
            if let Some(undecidable) = stream.undecidable() {
                return undecidable;
            }
            if let Some(why) = &stream.unreadable {
                return MatchResult::Undecidable(why.clone());
            }
        }
        // Some runners print their summary on standard error.
        let text = format!("{}\n{}", streams[0].text, streams[1].text);
        let tally = match tally(&text) {
            Ok(tally) => tally,
            Err(why) => {
                let note = match why {
                    NoTally::NoSummary => format!("summaries are read of {RUNNERS}"),
                    NoTally::PackagesOnly => {
                        "`go test` names packages and no tests; add `-v`".to_owned()
                    }
                };
                let observed = match text.trim() {
                    "" => "no summary of a test run: nothing was printed".to_owned(),
                    text => format!("no summary of a test run: {}", render::shown(text)),
                };
                return site
                    .unfit(self.describe(site.scope), observed)
                    .with_note(Some(note));
            }
        };
        MatchResult::all(self.bounds().map(|(word, limits)| {
            match limits::fixed(site, limits, Domain::Counting) {
                Err(result) => result,
                Ok(plain) if bounds::within_count(&plain, count(tally, word)) => MatchResult::Holds,
                Ok(_) => site.part(word).differs(
                    limits::describe(limits, word, site.scope),
                    format!(
                        "{} passed, {} failed, {} skipped",
                        tally.passed, tally.failed, tally.skipped
                    ),
                ),
            }
        }))
    }

    /// The bounds in words: `at least 12 passed, exactly 0 failed`.
    pub(super) fn describe(&self, scope: &Scope) -> String {
        let parts = self
            .bounds()
            .map(|(word, limits)| limits::describe(limits, word, scope));
        parts.collect::<Vec<_>>().join(", ")
    }

    /// Why a part of it cannot fail.
    pub(super) fn vacuous(&self) -> Option<String> {
        self.bounds()
            .find_map(|(word, limits)| vacuous_limits(limits, Domain::Counting, word))
    }

    pub(super) fn never(&self) -> bool {
        self.bounds()
            .any(|(_, limits)| limits::never(limits, Domain::Counting))
    }

    pub(crate) fn params(&self) -> Vec<String> {
        self.bounds()
            .flat_map(|(_, limits)| limits.params())
            .collect()
    }
}

fn count(tally: Tally, word: &str) -> usize {
    match word {
        "passed" => tally.passed,
        "failed" => tally.failed,
        _ => tally.skipped,
    }
}
