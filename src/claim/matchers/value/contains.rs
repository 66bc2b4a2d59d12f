//! `contains:`.

use crate::matchers::observed::ObservedText;
use crate::matchers::render;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule, names};
use kit::text::{Scope, Text};

pub(super) struct Contains<'m>(pub(super) &'m Text);

impl TextRule for Contains<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        let part = self.0.render(site.scope);
        if observed.text.contains(&part) {
            return MatchResult::Holds;
        }
        observed.undecidable().unwrap_or_else(|| {
            let text: &str = &observed.text;
            let note = if text.replace("\r\n", "\n").contains(&part) {
                Some("it is there, but its lines end with \\r\\n")
            } else if text.to_lowercase().contains(&part.to_lowercase()) {
                Some("it is there in other letter case")
            } else {
                None
            };
            site.differs(self.describe(site.scope), render::shown(text))
                .with_note(note.map(str::to_owned))
        })
    }

    fn describe(&self, scope: &Scope) -> String {
        format!("contains \"{}\"", self.0.render(scope))
    }

    fn prospects(&self) -> Prospects {
        Prospects::tried(self)
    }

    fn params(&self) -> Vec<String> {
        names([self.0])
    }

    fn find(&self, observed: &ObservedText<'_>, scope: &Scope) -> Option<usize> {
        observed.text.find(&self.0.render(scope))
    }
}
