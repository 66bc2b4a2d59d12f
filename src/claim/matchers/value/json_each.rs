//! `every:`, `any:`, `none:`, `keys:` and `set:` of JSON: what holds of several values. They are those
//! that the path finds, or the elements of the array (the values of the object) that it names.

use super::json::listed;
use crate::matchers::each::Quantifier;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{JsonRule, Prospects, group, names};
use kit::json::Json;
use kit::text::{Scope, Text};

/// The values inside a value; a word for one of them.
fn inside(value: &Json) -> Option<(Vec<&Json>, &'static str)> {
    match value {
        Json::Array(elements) => Some((elements.iter().collect(), "element")),
        Json::Object(members) => Some((members.iter().map(|(_, value)| value).collect(), "member")),
        _ => None,
    }
}

/// So many of the values match.
pub(super) struct Each<'m> {
    pub(super) which: Quantifier,
    pub(super) inner: Box<dyn JsonRule + 'm>,
}

impl Each<'_> {
    fn of(&self, site: &MatchSite<'_>, values: &[&Json], what: &str) -> MatchResult {
        let each = values.iter().map(|value| self.inner.judge(site, value));
        let described = self.inner.describe(site.scope);
        self.which.of(site, each.collect(), what, &described)
    }
}

impl JsonRule for Each<'_> {
    fn judge(&self, site: &MatchSite<'_>, value: &Json) -> MatchResult {
        match inside(value) {
            Some((values, what)) => self.of(site, &values, what),
            None => site
                .unfit(self.describe(site.scope), value.to_string())
                .with_note(Some(format!("a {} has no elements", value.type_name()))),
        }
    }

    fn judge_several(&self, site: &MatchSite<'_>, values: &[&Json]) -> MatchResult {
        self.of(site, values, "value")
    }

    fn describe(&self, scope: &Scope) -> String {
        format!("{} {}", self.which.word(), self.inner.describe(scope))
    }

    fn prospects(&self) -> Prospects {
        let inner = self.inner.prospects();
        Prospects {
            vacuous: inner.vacuous,
            never: match self.which {
                Quantifier::Every | Quantifier::Any => inner.never,
                Quantifier::None => inner.always,
            },
            ..Prospects::open()
        }
    }

    fn params(&self) -> Vec<String> {
        self.inner.params()
    }
}

/// The keys of an object are exactly these, in any order.
pub(super) struct Keys<'m>(pub(super) &'m [Text]);

impl JsonRule for Keys<'_> {
    fn judge(&self, site: &MatchSite<'_>, value: &Json) -> MatchResult {
        let Json::Object(members) = value else {
            return site
                .unfit(self.describe(site.scope), value.to_string())
                .with_note(Some(format!("a {} has no keys", value.type_name())));
        };
        let mut expected: Vec<String> = self.0.iter().map(|text| text.render(site.scope)).collect();
        let mut found: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
        expected.sort_unstable();
        expected.dedup();
        found.sort_unstable();
        if expected == found {
            return MatchResult::Holds;
        }
        let missing = expected.iter().filter(|key| !found.contains(&key.as_str()));
        let extra = found
            .iter()
            .filter(|key| !expected.iter().any(|known| known == *key));
        let told: Vec<String> = missing
            .map(|key| format!("missing: {key}"))
            .chain(extra.map(|key| format!("extra: {key}")))
            .collect();
        site.differs(self.describe(site.scope), told.join("; "))
    }

    fn describe(&self, scope: &Scope) -> String {
        let keys: Vec<String> = self.0.iter().map(|text| text.render(scope)).collect();
        format!("exactly the keys {}", keys.join(", "))
    }

    fn prospects(&self) -> Prospects {
        Prospects::open()
    }

    fn params(&self) -> Vec<String> {
        names(self.0)
    }
}

/// The values are exactly these, in any order; equal ones count once.
pub(super) struct Set<'m>(pub(super) Vec<Box<dyn JsonRule + 'm>>);

impl Set<'_> {
    fn of(&self, site: &MatchSite<'_>, values: &[&Json]) -> MatchResult {
        let is = |rule: &dyn JsonRule, value: &Json| rule.judge(site, value).holds();
        let missing = self
            .0
            .iter()
            .filter(|rule| !values.iter().any(|value| is(rule.as_ref(), value)))
            .map(|rule| format!("missing: {}", rule.describe(site.scope)));
        let extra = values
            .iter()
            .filter(|value| !self.0.iter().any(|rule| is(rule.as_ref(), value)))
            .map(|value| format!("extra: {value}"));
        let told: Vec<String> = missing.chain(extra).take(9).collect();
        if told.is_empty() {
            return MatchResult::Holds;
        }
        site.differs(self.describe(site.scope), told.join("; "))
            .with_note(Some(format!("there is: {}", listed(values))))
    }
}

impl JsonRule for Set<'_> {
    fn judge(&self, site: &MatchSite<'_>, value: &Json) -> MatchResult {
        match value {
            Json::Array(elements) => self.of(site, &elements.iter().collect::<Vec<_>>()),
            _ => site
                .unfit(self.describe(site.scope), value.to_string())
                .with_note(Some(format!("a {} has no elements", value.type_name()))),
        }
    }

    fn judge_several(&self, site: &MatchSite<'_>, values: &[&Json]) -> MatchResult {
        self.of(site, values)
    }

    fn describe(&self, scope: &Scope) -> String {
        let parts: Vec<String> = self.0.iter().map(|part| part.describe(scope)).collect();
        format!("exactly {}", group("the values", &parts))
    }

    fn prospects(&self) -> Prospects {
        Prospects::open()
    }

    fn params(&self) -> Vec<String> {
        self.0.iter().flat_map(|part| part.params()).collect()
    }
}

/// One of several matchers of a value holds.
pub(super) struct OneOf<'m>(pub(super) Vec<Box<dyn JsonRule + 'm>>);

impl JsonRule for OneOf<'_> {
    fn judge(&self, site: &MatchSite<'_>, value: &Json) -> MatchResult {
        MatchResult::any(
            self.0.iter().map(|part| part.judge(site, value)).collect(),
            site,
        )
    }

    fn describe(&self, scope: &Scope) -> String {
        let parts: Vec<String> = self.0.iter().map(|part| part.describe(scope)).collect();
        group("any of", &parts)
    }

    fn prospects(&self) -> Prospects {
        let parts: Vec<Prospects> = self.0.iter().map(|part| part.prospects()).collect();
        let never = parts.iter().all(|part| part.never);
        Prospects {
            vacuous: parts.into_iter().find_map(|part| part.vacuous),
            never,
            ..Prospects::open()
        }
    }

    fn params(&self) -> Vec<String> {
        self.0.iter().flat_map(|part| part.params()).collect()
    }
}
