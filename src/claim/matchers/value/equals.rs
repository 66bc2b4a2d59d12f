//! `equals:`: the whole text, without the white space at its two ends.

use crate::matchers::observed::ObservedText;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule, names};
use crate::matchers::{diff, render, sentinel};
use kit::text::{Scope, Text};

pub(super) struct Equals<'m>(pub(super) &'m Text);

impl TextRule for Equals<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        let expected = self.0.render(site.scope);
        let expected = expected.trim();
        let text = observed.text.trim();
        if let Some(cut) = &observed.cut {
            // The stored part decides only if the expected text cannot begin with it.
            if expected.starts_with(text) {
                return MatchResult::Undecidable(cut.clone());
            }
        } else if expected == text {
            return MatchResult::Holds;
        }
        let note = sentinel::confusion(expected, text).or_else(|| diff::invisible(expected, text));
        site.differs(render::shown(expected), render::shown(text))
            .with_note(note)
            .with_diff(diff::lines(expected, text))
    }

    fn describe(&self, scope: &Scope) -> String {
        format!("\"{}\"", self.0.render(scope).trim())
    }

    fn prospects(&self) -> Prospects {
        Prospects::tried(self)
    }

    fn params(&self) -> Vec<String> {
        names([self.0])
    }
}
