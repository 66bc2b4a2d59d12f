//! `matches:` and `count:`: regular expressions.

use regex::Regex;

use crate::matchers::bounds::{self, Domain};
use crate::matchers::limits::{self, Limits};
use crate::matchers::observed::ObservedText;
use crate::matchers::render;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule};
use kit::count::count;
use kit::text::Scope;

/// The expression matches somewhere.
pub(super) struct Matches<'m>(pub(super) &'m Regex);

impl TextRule for Matches<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        let regex = self.0;
        if certainly_matches(regex, observed) {
            return MatchResult::Holds;
        }
        observed.undecidable().unwrap_or_else(|| {
            let other_case = Regex::new(&format!("(?i:{})", regex.as_str()))
                .is_ok_and(|regex| regex.is_match(observed.text.trim()));
            site.differs(self.describe(site.scope), render::shown(&observed.text))
                .with_note(other_case.then(|| "it would match in other letter case".to_owned()))
        })
    }

    fn describe(&self, _scope: &Scope) -> String {
        format!("matches /{}/", self.0)
    }

    fn prospects(&self) -> Prospects {
        Prospects {
            never: matches_nothing(self.0),
            ..Prospects::tried(self)
        }
    }

    fn params(&self) -> Vec<String> {
        Vec::new()
    }

    fn find(&self, observed: &ObservedText<'_>, _scope: &Scope) -> Option<usize> {
        let start = self.0.find(observed.text.trim())?.start();
        Some(observed.text.len() - observed.text.trim_start().len() + start)
    }
}

/// The number of matches that do not overlap.
pub(super) struct Count<'m> {
    pub(super) of: &'m Regex,
    pub(super) limits: &'m Limits,
}

impl TextRule for Count<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        let plain = match limits::fixed(site, self.limits, Domain::Counting) {
            Ok(plain) => plain,
            Err(result) => return result,
        };
        let expected = self.describe(site.scope);
        if let Some(undecidable) = observed.undecidable() {
            // The rest may join matches of the stored part, but cannot undo that there is one.
            let least = usize::from(certainly_matches(self.of, observed));
            return match bounds::within_from(&plain, least) {
                Some(true) => MatchResult::Holds,
                Some(false) => {
                    site.differs(expected, format!("at least {}", count(least, "match")))
                }
                None => undecidable,
            };
        }
        let found = self.of.find_iter(observed.text.trim()).count();
        if bounds::within_count(&plain, found) {
            return MatchResult::Holds;
        }
        let text = (found == 0).then(|| {
            let text = render::clean(render::shown(&observed.text), 200);
            format!("the text is: {text}")
        });
        site.differs(expected, count(found, "match"))
            .with_note(text)
    }

    fn describe(&self, scope: &Scope) -> String {
        limits::describe(self.limits, &format!("matches of /{}/", self.of), scope)
    }

    /// What is counted differs from one expression to the next, so two counts together say
    /// nothing.
    fn prospects(&self) -> Prospects {
        Prospects {
            count: None,
            ..Prospects::counting("matches", self.limits)
        }
    }

    fn params(&self) -> Vec<String> {
        self.limits.params()
    }
}

/// Whether no text matches an expression. `false` also where that is not known.
///
/// What is looked for before the beginning of the text, or behind its end, is not there: `a^`, `$a`.
/// An empty class (`[^\s\S]`) has no character.
pub(super) fn matches_nothing(regex: &Regex) -> bool {
    use regex_syntax::hir::{Class, Hir, HirKind, Look};
    fn consumes(hir: &Hir) -> bool {
        hir.properties()
            .minimum_len()
            .is_some_and(|least| least > 0)
    }
    fn never(hir: &Hir) -> bool {
        match hir.kind() {
            HirKind::Class(Class::Unicode(class)) => class.ranges().is_empty(),
            HirKind::Class(Class::Bytes(class)) => class.ranges().is_empty(),
            HirKind::Capture(capture) => never(&capture.sub),
            HirKind::Repetition(repetition) => repetition.min > 0 && never(&repetition.sub),
            HirKind::Alternation(parts) => parts.iter().all(never),
            HirKind::Concat(parts) => {
                let at = |look: Look| {
                    parts.iter().enumerate().filter(move |(_, part)| {
                    matches!(part.kind(), HirKind::Look(found) if *found == look)
                })
                };
                parts.iter().any(never)
                    || at(Look::Start).any(|(index, _)| parts[..index].iter().any(consumes))
                    || at(Look::End).any(|(index, _)| parts[index + 1..].iter().any(consumes))
            }
            HirKind::Empty | HirKind::Literal(_) | HirKind::Look(_) => false,
        }
    }
    regex_syntax::parse(regex.as_str()).is_ok_and(|hir| never(&hir))
}

/// Whether the expression matches, whatever the dropped rest of the text is.
fn certainly_matches(regex: &Regex, observed: &ObservedText<'_>) -> bool {
    let text = observed.text.trim();
    if observed.cut.is_none() {
        return regex.is_match(text);
    }
    // What looks ahead (`$`, `\z`, `\b`, `\B`) sees at most the next character, so a match that
    // ends before the last one stays a match. Escaped dollars are taken for `$`: harmless.
    let looks_ahead = ["$", r"\z", r"\b", r"\B"]
        .iter()
        .any(|syntax| regex.as_str().contains(syntax));
    regex
        .find_iter(text)
        .any(|found| !looks_ahead || found.end() < text.len())
}
