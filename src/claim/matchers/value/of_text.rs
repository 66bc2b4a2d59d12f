//! What cannot be read is not judged: neither a word nor its absence is shown by bytes that are not
//! text.

use crate::matchers::observed::ObservedText;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule};
use kit::text::Scope;

/// A matcher that needs text.
pub(super) struct OfText<R>(pub(super) R);

impl<R: TextRule> TextRule for OfText<R> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        match &observed.unreadable {
            Some(why) => MatchResult::Undecidable(why.clone()),
            None => self.0.judge(site, observed),
        }
    }

    fn describe(&self, scope: &Scope) -> String {
        self.0.describe(scope)
    }

    fn prospects(&self) -> Prospects {
        self.0.prospects()
    }

    fn params(&self) -> Vec<String> {
        self.0.params()
    }

    fn find(&self, observed: &ObservedText<'_>, scope: &Scope) -> Option<usize> {
        self.0.find(observed, scope)
    }
}
