//! `set:`: the lines of a text as a set.

use std::collections::BTreeSet;

use crate::matchers::observed::ObservedText;
use crate::matchers::render;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule, names};
use kit::text::{Scope, Text};

use super::lines::split_lines;

/// Exactly these lines, in any order.
pub(super) struct SetEquals<'m>(pub(super) &'m [Text]);

impl TextRule for SetEquals<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        judge(site, self.0, observed)
    }

    fn describe(&self, scope: &Scope) -> String {
        let lines: Vec<String> = self.0.iter().map(|line| line.render(scope)).collect();
        format!("exactly the lines {}", lines.join(", "))
    }

    fn prospects(&self) -> Prospects {
        Prospects::tried(self)
    }

    fn params(&self) -> Vec<String> {
        names(self.0)
    }
}

fn judge(site: &MatchSite<'_>, lines: &[Text], observed: &ObservedText<'_>) -> MatchResult {
    let expected: Vec<String> = lines
        .iter()
        .map(|text| text.render(site.scope).trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
    let (mut lines, open) = split_lines(observed);
    if open {
        // The last line may be the beginning of another one.
        lines.pop();
    }
    let found: BTreeSet<&str> = lines
        .into_iter()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let extra: Vec<&str> = found.difference(&expected).copied().collect();
    if open && extra.is_empty() {
        return MatchResult::Undecidable(observed.cut.clone().unwrap_or_default());
    }
    let missing: Vec<&str> = if open {
        Vec::new()
    } else {
        expected.difference(&found).copied().collect()
    };
    if missing.is_empty() && extra.is_empty() {
        return MatchResult::Holds;
    }
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("missing: {}", listed(&missing)));
    }
    if !extra.is_empty() {
        parts.push(format!("extra: {}", listed(&extra)));
    }
    site.differs(
        format!("exactly the lines {}", listed(&Vec::from_iter(expected))),
        parts.join("; "),
    )
}

/// The first items of a list, and how many more there are.
fn listed(items: &[&str]) -> String {
    const SHOWN: usize = 8;
    let mut shown: Vec<String> = items
        .iter()
        .take(SHOWN)
        .map(|item| format!("\"{}\"", render::clean(item, 60)))
        .collect();
    if items.len() > SHOWN {
        shown.push(format!("… {} more", items.len() - SHOWN));
    }
    if shown.is_empty() {
        "(none)".to_owned()
    } else {
        shown.join(", ")
    }
}
