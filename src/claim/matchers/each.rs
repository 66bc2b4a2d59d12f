//! What holds of things that can occur several times: headers of one name, elements of an array,
//! the values that a JSON path finds. Which is meant is always said: every one, any one, or none.

use super::result::{HELD, MatchResult, MatchSite};
use kit::count::count;

/// How many that do not match are shown one by one.
const SHOWN: usize = 5;

/// Which of several must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// There is at least one, and each matches.
    Every,
    /// At least one matches.
    Any,
    /// There is at least one, and none matches.
    None,
}

impl Quantifier {
    /// The word of the claim file.
    pub fn word(self) -> &'static str {
        match self {
            Quantifier::Every => "every",
            Quantifier::Any => "any",
            Quantifier::None => "none",
        }
    }

    /// The result for all of them from the result for each. `what` names them, in the singular.
    pub(super) fn of(
        self,
        site: &MatchSite<'_>,
        results: Vec<MatchResult>,
        what: &str,
        described: &str,
    ) -> MatchResult {
        if results.is_empty() {
            let expected = format!("{} {what}: {described}", self.word());
            return site
                .unfit(expected, format!("there is no {what}"))
                .with_note(Some(
                    "`every`, `any` and `none` hold only where there is something to match"
                        .to_owned(),
                ));
        }
        match self {
            Quantifier::Any => MatchResult::any(results, site),
            Quantifier::Every => every(results, what),
            Quantifier::None => {
                let denied = results.into_iter().map(|result| {
                    result.negate(|| {
                        site.differs(format!("no {what}: {described}"), "one that matches")
                            .with_note(Some(HELD.to_owned()))
                    })
                });
                every(denied.collect(), what)
            }
        }
    }
}

/// All results together; of many that differ only the first ones are shown.
pub(super) fn every(results: Vec<MatchResult>, what: &str) -> MatchResult {
    let mut kept = Vec::new();
    let mut differing = 0;
    for result in results {
        differing += usize::from(result.differs());
        if !result.differs() || differing <= SHOWN {
            kept.push(result);
        }
    }
    let left_out = differing.saturating_sub(SHOWN);
    if let Some(MatchResult::Differs { mismatches, .. }) =
        kept.iter_mut().rfind(|result| result.differs())
        && left_out > 0
        && let Some(last) = mismatches.last_mut()
    {
        last.add_note(&format!("and {} more do not match", count(left_out, what)));
    }
    MatchResult::all(kept)
}

/// The plain form, which does not say which of several it means: it decides only where all of
/// them agree.
pub(super) fn plain(site: &MatchSite<'_>, results: Vec<MatchResult>, what: &str) -> MatchResult {
    let several = results.len();
    let holding = results.iter().filter(|result| result.holds()).count();
    if several < 2 || holding == several || results.iter().any(|r| !r.holds() && !r.differs()) {
        return MatchResult::all(results);
    }
    let word = "write `every: …`, `any: …` or `none: …`";
    if holding == 0 {
        let why = format!(
            "there are {}, and each is matched by itself",
            count(several, what)
        );
        return MatchResult::any(results, site).with_remark(&why);
    }
    let bad: Vec<MatchResult> = results
        .into_iter()
        .filter(|result| !result.holds())
        .collect();
    MatchResult::all(bad)
        .with_remark(&format!(
            "{holding} of {} match, and the claim does not say which is meant: {word}",
            count(several, what)
        ))
        .unfit()
}
