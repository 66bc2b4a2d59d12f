//! `empty:`: nothing but white space, or something else.

use crate::matchers::observed::ObservedText;
use crate::matchers::render;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule};
use kit::text::Scope;

pub(super) struct Empty(pub(super) bool);

impl TextRule for Empty {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        let is_empty = observed.text.trim().is_empty();
        if is_empty && let Some(undecidable) = observed.undecidable() {
            return undecidable;
        }
        // Bytes that are not text are not nothing; what could not be decoded may be.
        if observed.bytes.is_empty()
            && let Some(why) = &observed.unreadable
        {
            return MatchResult::Undecidable(why.clone());
        }
        if is_empty == self.0 {
            return MatchResult::Holds;
        }
        let expected = if self.0 { "(empty)" } else { "not empty" };
        site.differs(expected, render::shown(&observed.text))
    }

    fn describe(&self, _scope: &Scope) -> String {
        let text = if self.0 { "empty" } else { "not empty" };
        text.to_owned()
    }

    fn prospects(&self) -> Prospects {
        Prospects::tried(self)
    }

    fn params(&self) -> Vec<String> {
        Vec::new()
    }
}
