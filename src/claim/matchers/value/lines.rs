//! `lines:`: the number of lines.

use crate::matchers::bounds::{self, Domain};
use crate::matchers::limits::{self, Limits};
use crate::matchers::observed::ObservedText;
use crate::matchers::render;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule};
use kit::count::count;
use kit::text::Scope;

/// The number of lines of the text trimmed at its end; the empty text has none.
pub(super) struct Lines<'m>(pub(super) &'m Limits);

impl TextRule for Lines<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        let (lines, open) = split_lines(observed);
        let plain = match limits::fixed(site, self.0, Domain::Counting) {
            Ok(plain) => plain,
            Err(result) => return result,
        };
        let decided = if open {
            bounds::within_from(&plain, lines.len())
        } else {
            Some(bounds::within_count(&plain, lines.len()))
        };
        match decided {
            Some(true) => MatchResult::Holds,
            Some(false) => {
                let at_least = if open { "at least " } else { "" };
                let preview = (!lines.is_empty()).then(|| {
                    let text = render::clean(observed.text.trim(), 200);
                    format!("the text is: {text}")
                });
                site.differs(
                    self.describe(site.scope),
                    format!("{at_least}{}", count(lines.len(), "line")),
                )
                .with_note(preview)
            }
            None => MatchResult::Undecidable(observed.cut.clone().unwrap_or_default()),
        }
    }

    fn describe(&self, scope: &Scope) -> String {
        limits::describe(self.0, "lines", scope)
    }

    fn prospects(&self) -> Prospects {
        Prospects::counting("lines", self.0)
    }

    fn params(&self) -> Vec<String> {
        self.0.params()
    }
}

/// The lines of the text trimmed at its end, and whether the last one may go on.
pub(super) fn split_lines<'a>(observed: &'a ObservedText<'_>) -> (Vec<&'a str>, bool) {
    let lines: Vec<&str> = observed.text.trim_end().lines().collect();
    (lines, observed.cut.is_some())
}
