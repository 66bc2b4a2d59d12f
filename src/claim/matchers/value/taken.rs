//! `of:` of a number, a time or a version: what an expression takes out of the text is matched.

use regex::{Captures, Regex};

use crate::matchers::observed::ObservedText;
use crate::matchers::render;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule};
use kit::count::count;
use kit::text::Scope;

/// How many of several values are shown.
const SHOWN: usize = 5;

/// The first group of the expression, or the whole match where it has none.
pub(super) struct Taken<'m> {
    pub(super) of: &'m Regex,
    pub(super) inner: Box<dyn TextRule + 'm>,
}

impl TextRule for Taken<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        if let Some(undecidable) = observed.undecidable() {
            return undecidable;
        }
        let mut values: Vec<&str> = Vec::new();
        for taken in self.of.captures_iter(observed.text.trim()).map(value) {
            if !values.contains(&taken) {
                values.push(taken);
            }
        }
        let unfit = |why: String| {
            site.unfit(self.describe(site.scope), render::shown(&observed.text))
                .with_note(Some(why))
        };
        match values[..] {
            [one] => {
                let judged = self.inner.judge(site, &observed.part(one, false));
                judged.with_remark(&format!("taken by /{}/", self.of))
            }
            [] => unfit(format!("nothing matches /{}/", self.of)),
            [..] => {
                let shown: Vec<String> = values
                    .iter()
                    .take(SHOWN)
                    .map(|value| format!("`{}`", render::clean(value, 40)))
                    .collect();
                unfit(format!(
                    "/{}/ takes {}, and a claim is about one: {}",
                    self.of,
                    count(values.len(), "value"),
                    shown.join(", ")
                ))
            }
        }
    }

    fn describe(&self, scope: &Scope) -> String {
        format!("{}, taken by /{}/", self.inner.describe(scope), self.of)
    }

    fn prospects(&self) -> Prospects {
        let inner = self.inner.prospects();
        Prospects {
            vacuous: inner.vacuous,
            never: inner.never,
            ..Prospects::open()
        }
    }

    fn params(&self) -> Vec<String> {
        self.inner.params()
    }
}

fn value<'t>(found: Captures<'t>) -> &'t str {
    found
        .get(1)
        .or_else(|| found.get(0))
        .map_or("", |part| part.as_str())
}
