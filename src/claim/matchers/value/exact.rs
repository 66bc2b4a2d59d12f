//! `exact:`: every byte, untrimmed.

use crate::matchers::observed::ObservedText;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule, names};
use crate::matchers::{diff, render};
use kit::count::count;
use kit::text::{Scope, Text};

pub(super) struct Exact<'m>(pub(super) &'m Text);

impl TextRule for Exact<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        if let Some(why) = observed.lost() {
            return MatchResult::Undecidable(why);
        }
        let expected = self.0.render(site.scope);
        let found: &[u8] = &observed.bytes;
        if let Some(undecidable) = observed.undecidable() {
            // What was stored decides only if the expected bytes do not begin with it.
            if expected.as_bytes().starts_with(found) {
                return undecidable;
            }
        } else if expected.as_bytes() == found {
            return MatchResult::Holds;
        }
        let size = |bytes: &[u8]| count(bytes.len(), "byte");
        let shown = |text: &str, bytes: &[u8]| {
            format!(
                "{} ({})",
                render::clean(render::or_empty(text), 300),
                size(bytes)
            )
        };
        let same = expected.trim() == observed.text.trim();
        let note = same.then(|| "only the white space at the ends differs".to_owned());
        site.differs(
            shown(&expected, expected.as_bytes()),
            shown(&observed.text, found),
        )
        .with_note(note.or_else(|| diff::invisible(&expected, &observed.text)))
        .with_diff(diff::lines(&expected, &observed.text))
    }

    fn describe(&self, scope: &Scope) -> String {
        format!("exactly \"{}\"", self.0.render(scope))
    }

    fn prospects(&self) -> Prospects {
        Prospects::tried(self)
    }

    fn params(&self) -> Vec<String> {
        names([self.0])
    }
}
