//! `number:`: the text is a number within bounds.

use crate::matchers::bounds::{self, Domain};
use crate::matchers::limits::{self, Limits};
use crate::matchers::number;
use crate::matchers::observed::ObservedText;
use crate::matchers::render;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule, vacuous_limits};
use kit::text::Scope;

pub(super) struct Number<'m>(pub(super) &'m Limits);

impl TextRule for Number<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        if let Some(undecidable) = observed.undecidable() {
            return undecidable;
        }
        let found = number::read(&observed.text, &self.0.reading);
        let plain = limits::fixed(site, self.0, Domain::Real);
        let differs = || site.differs(self.describe(site.scope), render::shown(&observed.text));
        match (found, plain) {
            // A text that is not a number does not become one with the bounds of the run.
            (Err(why), plain) if plain.is_ok() || limits::waits(self.0, site.scope) => site
                .unfit(self.describe(site.scope), render::shown(&observed.text))
                .with_note(Some(why)),
            (_, Err(result)) => result,
            (Ok(value), Ok(plain)) if bounds::within(&plain, &value) => MatchResult::Holds,
            _ => differs(),
        }
    }

    fn describe(&self, scope: &Scope) -> String {
        format!(
            "a number: {}",
            limits::describe(self.0, &self.0.reading.unit.shown(), scope)
        )
    }

    fn prospects(&self) -> Prospects {
        Prospects {
            vacuous: vacuous_limits(self.0, Domain::Real, ""),
            never: limits::never(self.0, Domain::Real),
            ..Prospects::tried(self)
        }
    }

    fn params(&self) -> Vec<String> {
        self.0.params()
    }
}
