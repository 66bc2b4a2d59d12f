//! `in_order:`: several things, one after the other.

use regex::Regex;

use super::matches::matches_nothing;
use crate::matchers::observed::ObservedText;
use crate::matchers::render;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule, names};
use kit::text::{Scope, Text};

/// What is looked for.
#[derive(Clone, Debug)]
pub enum Needle {
    /// This text.
    Text(Text),
    /// What this regular expression matches.
    Pattern(Regex),
}

impl Needle {
    /// Where it first begins and ends, from `from` on.
    fn find(&self, text: &str, from: usize, scope: &Scope) -> Option<(usize, usize)> {
        match self {
            Needle::Text(part) => {
                let part = part.render(scope);
                let start = from + text.get(from..)?.find(&part)?;
                Some((start, start + part.len()))
            }
            Needle::Pattern(regex) => {
                let found = regex.find_at(text, from)?;
                Some((found.start(), found.end()))
            }
        }
    }

    fn describe(&self, scope: &Scope) -> String {
        match self {
            Needle::Text(text) => format!("\"{}\"", text.render(scope)),
            Needle::Pattern(regex) => format!("/{regex}/"),
        }
    }
}

/// Each is found behind the end of the one before.
pub(super) struct InOrder<'m>(pub(super) &'m [Needle]);

impl TextRule for InOrder<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        let text: &str = &observed.text;
        let mut from = 0;
        for (index, needle) in self.0.iter().enumerate() {
            let Some((_, end)) = needle.find(text, from, site.scope) else {
                return observed.undecidable().unwrap_or_else(|| {
                    site.differs(self.describe(site.scope), render::shown(text))
                        .with_note(Some(self.lacking(index, text, site.scope)))
                });
            };
            // More text could make a match of a pattern another one.
            let open = matches!(needle, Needle::Pattern(_)) && end == text.len();
            if let (true, Some(undecidable)) = (open, observed.undecidable()) {
                return undecidable;
            }
            from = end;
        }
        MatchResult::Holds
    }

    fn describe(&self, scope: &Scope) -> String {
        let parts: Vec<String> = self.0.iter().map(|part| part.describe(scope)).collect();
        format!("contains in this order {}", parts.join(", "))
    }

    fn prospects(&self) -> Prospects {
        let impossible = |part: &Needle| match part {
            Needle::Text(_) => false,
            Needle::Pattern(regex) => matches_nothing(regex),
        };
        Prospects {
            never: self.0.iter().any(impossible),
            ..Prospects::tried(self)
        }
    }

    fn params(&self) -> Vec<String> {
        names(self.0.iter().filter_map(|part| match part {
            Needle::Text(text) => Some(text),
            Needle::Pattern(_) => None,
        }))
    }

    fn find(&self, observed: &ObservedText<'_>, scope: &Scope) -> Option<usize> {
        let first = self.0.first()?;
        first.find(&observed.text, 0, scope).map(|(start, _)| start)
    }
}

impl InOrder<'_> {
    /// Which of them is missing, and whether it stands in front of the others.
    fn lacking(&self, index: usize, text: &str, scope: &Scope) -> String {
        let needle = &self.0[index];
        let shown = needle.describe(scope);
        let before = index.checked_sub(1).map(|at| self.0[at].describe(scope));
        match (before, needle.find(text, 0, scope)) {
            (Some(before), Some((start, _))) => {
                let line = text[..start].matches('\n').count() + 1;
                format!("{shown} is there only before the end of {before}, in line {line}")
            }
            (Some(before), None) => {
                format!("{shown} is not there; what stands before it is, up to {before}")
            }
            (None, _) => format!("{shown} is not there"),
        }
    }
}
