//! What combines matchers of a JSON value.

use super::json::listed;
use crate::matchers::result::{HELD, MatchResult, MatchSite};
use crate::matchers::rule::{EMPTY_LIST, JsonRule, Prospects, denies_the_impossible, group};
use kit::json::Json;
use kit::text::Scope;

/// All parts match the value.
pub(super) struct AllOfValue<'m>(pub(super) Vec<Box<dyn JsonRule + 'm>>);

impl JsonRule for AllOfValue<'_> {
    fn judge(&self, site: &MatchSite<'_>, value: &Json) -> MatchResult {
        MatchResult::all(self.0.iter().map(|part| part.judge(site, value)))
    }

    fn judge_missing(&self, site: &MatchSite<'_>) -> MatchResult {
        if self.0.is_empty() {
            return site.unfit(self.describe(site.scope), "absent");
        }
        MatchResult::all(self.0.iter().map(|part| part.judge_missing(site)))
    }

    fn judge_several(&self, site: &MatchSite<'_>, values: &[&Json]) -> MatchResult {
        let parts = self.0.iter();
        MatchResult::all(parts.map(|part| part.judge_several(site, values)))
    }

    fn describe(&self, scope: &Scope) -> String {
        let parts: Vec<String> = self.0.iter().map(|part| part.describe(scope)).collect();
        group("all of", &parts)
    }

    fn prospects(&self) -> Prospects {
        let parts: Vec<Prospects> = self.0.iter().map(|part| part.prospects()).collect();
        let never = parts.iter().any(|part| part.never);
        Prospects {
            vacuous: if parts.is_empty() {
                Some(EMPTY_LIST.to_owned())
            } else {
                parts.into_iter().find_map(|part| part.vacuous)
            },
            never,
            ..Prospects::open()
        }
    }

    fn params(&self) -> Vec<String> {
        self.0.iter().flat_map(|part| part.params()).collect()
    }
}

/// There is a value, and it does not match.
pub(super) struct NotOfValue<'m>(pub(super) Box<dyn JsonRule + 'm>);

impl JsonRule for NotOfValue<'_> {
    fn judge(&self, site: &MatchSite<'_>, value: &Json) -> MatchResult {
        self.0.judge(site, value).negate(|| {
            site.differs(self.describe(site.scope), value.to_string())
                .with_note(Some(HELD.to_owned()))
        })
    }

    fn judge_missing(&self, site: &MatchSite<'_>) -> MatchResult {
        let inner = self.0.judge_missing(site);
        inner.negate(|| site.differs(self.describe(site.scope), "absent"))
    }

    fn judge_several(&self, site: &MatchSite<'_>, values: &[&Json]) -> MatchResult {
        self.0.judge_several(site, values).negate(|| {
            site.differs(self.describe(site.scope), listed(values))
                .with_note(Some(HELD.to_owned()))
        })
    }

    fn describe(&self, scope: &Scope) -> String {
        format!("not: {}", self.0.describe(scope))
    }

    fn prospects(&self) -> Prospects {
        let inner = &self.0;
        Prospects {
            vacuous: (inner.prospects().never)
                .then(|| denies_the_impossible(&inner.describe(&Scope::new()))),
            ..Prospects::open()
        }
    }

    fn params(&self) -> Vec<String> {
        self.0.params()
    }
}
