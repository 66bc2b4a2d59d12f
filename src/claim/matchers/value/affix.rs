//! `starts_with:` and `ends_with:`.

use crate::matchers::observed::ObservedText;
use crate::matchers::render;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule, names};
use kit::text::{Scope, Text};

/// White space before the text is skipped, unless the claim's own text begins with it.
pub(super) struct StartsWith<'m>(pub(super) &'m Text);

impl TextRule for StartsWith<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        let start = self.0.render(site.scope);
        let text: &str = &observed.text;
        let trimmed = text.trim_start();
        if text.starts_with(&start) || trimmed.starts_with(&start) {
            return MatchResult::Holds;
        }
        if start.starts_with(text) || start.starts_with(trimmed) {
            // The text is shorter than the expected start: the rest decides.
            if let Some(undecidable) = observed.undecidable() {
                return undecidable;
            }
        }
        site.differs(self.describe(site.scope), render::shown(text))
    }

    fn describe(&self, scope: &Scope) -> String {
        format!("starts with \"{}\"", self.0.render(scope))
    }

    fn prospects(&self) -> Prospects {
        Prospects::tried(self)
    }

    fn params(&self) -> Vec<String> {
        names([self.0])
    }
}

/// White space after the text is skipped, unless the claim's own text ends with it.
pub(super) struct EndsWith<'m>(pub(super) &'m Text);

impl TextRule for EndsWith<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        if let Some(undecidable) = observed.undecidable() {
            return undecidable;
        }
        let end = self.0.render(site.scope);
        let text: &str = &observed.text;
        if text.ends_with(&end) || text.trim_end().ends_with(&end) {
            return MatchResult::Holds;
        }
        site.differs(self.describe(site.scope), render::shown(text))
    }

    fn describe(&self, scope: &Scope) -> String {
        format!("ends with \"{}\"", self.0.render(scope))
    }

    fn prospects(&self) -> Prospects {
        Prospects::tried(self)
    }

    fn params(&self) -> Vec<String> {
        names([self.0])
    }
}
