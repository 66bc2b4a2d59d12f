//! `length:`: the number of characters of the text, without the white space at its two ends.

use crate::matchers::bounds::{self, Domain};
use crate::matchers::limits::{self, Limits};
use crate::matchers::observed::ObservedText;
use crate::matchers::render;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule};
use kit::count::count;
use kit::text::Scope;

pub(super) struct Length<'m>(pub(super) &'m Limits);

impl TextRule for Length<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        let plain = match limits::fixed(site, self.0, Domain::Counting) {
            Ok(plain) => plain,
            Err(result) => return result,
        };
        // White space at the end counts as soon as something follows it, which only adds to it.
        let length = observed.text.trim().chars().count();
        let decided = match observed.cut {
            Some(_) => bounds::within_from(&plain, length),
            None => Some(bounds::within_count(&plain, length)),
        };
        match (decided, observed.undecidable()) {
            (Some(true), _) => MatchResult::Holds,
            (None, Some(undecidable)) => undecidable,
            (_, cut) => {
                let at_least = if cut.is_some() { "at least " } else { "" };
                let text = render::clean(render::shown(&observed.text), 200);
                site.differs(
                    self.describe(site.scope),
                    format!("{at_least}{}", count(length, "character")),
                )
                .with_note(Some(format!("the text is: {text}")))
            }
        }
    }

    fn describe(&self, scope: &Scope) -> String {
        limits::describe(self.0, "characters", scope)
    }

    fn prospects(&self) -> Prospects {
        Prospects::counting("characters", self.0)
    }

    fn params(&self) -> Vec<String> {
        self.0.params()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use reach::observation::Captured;

    use super::*;
    use crate::matchers::bounds::Bounds;

    fn decimal(value: f64) -> kit::decimal::Decimal {
        value.to_string().parse().unwrap()
    }

    fn between(min: f64, max: f64) -> Limits {
        Limits::from(Bounds {
            min: Some(decimal(min)),
            max: Some(decimal(max)),
            ..Bounds::default()
        })
    }

    fn judge(limits: &Limits, observed: &ObservedText<'_>) -> MatchResult {
        let scope = Scope::new();
        let site = MatchSite {
            span: 0..0,
            subject: "stdout".to_owned(),
            scope: &scope,
            at: DateTime::UNIX_EPOCH,
        };
        Length(limits).judge(&site, observed)
    }

    #[test]
    fn counts_the_characters_of_the_trimmed_text() {
        let forty = "4f".repeat(20);
        let exactly = between(40.0, 40.0);
        assert!(judge(&exactly, &ObservedText::whole(&format!(" {forty}\n"))).holds());
        assert!(judge(&exactly, &ObservedText::whole(&forty[1..])).differs());
        assert!(judge(&between(2.0, 2.0), &ObservedText::whole("é漢")).holds());
        assert!(judge(&between(0.0, 3.0), &ObservedText::whole("")).holds());
        let MatchResult::Differs { mismatches, .. } =
            judge(&between(2.0, 3.0), &ObservedText::whole("x"))
        else {
            panic!("it holds")
        };
        assert_eq!(mismatches[0].expected, "at least 2, at most 3 characters");
        assert_eq!(mismatches[0].observed, "1 character");
    }

    #[test]
    fn a_text_that_was_cut_off_decides_only_what_more_of_it_cannot_change() {
        let captured = Captured {
            bytes: b"12345".to_vec(),
            total: 9,
        };
        let cut = ObservedText::stream(&captured, "stdout");
        let at_least = |min| {
            Limits::from(Bounds {
                min: Some(decimal(min)),
                ..Bounds::default()
            })
        };
        assert!(judge(&at_least(5.0), &cut).holds());
        assert!(judge(&between(1.0, 4.0), &cut).differs());
        assert!(matches!(
            judge(&at_least(6.0), &cut),
            MatchResult::Undecidable(_)
        ));
        assert!(matches!(
            judge(&between(1.0, 9.0), &cut),
            MatchResult::Undecidable(_)
        ));
    }

    #[test]
    fn knows_when_it_cannot_fail_and_when_it_cannot_hold() {
        let least = |min| {
            Limits::from(Bounds {
                min: Some(decimal(min)),
                ..Bounds::default()
            })
        };
        assert!(Length(&least(0.0)).prospects().vacuous.is_some());
        assert!(Length(&least(1.0)).prospects().vacuous.is_none());
        assert!(Length(&Limits::default()).prospects().vacuous.is_some());
        assert!(Length(&between(3.0, 2.0)).prospects().never);
        assert!(!Length(&between(2.0, 3.0)).prospects().never);
    }
}
