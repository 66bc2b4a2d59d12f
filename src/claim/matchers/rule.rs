//! What every matcher of a text or of a JSON value must be able to do. Nothing that decides has
//! a default: the author of a new matcher must answer each question.

use chrono::DateTime;
use kit::json::Json;

use super::bounds::Domain;
use super::limits::{self, Limits};
use super::observed::ObservedText;
use super::panel;
use super::result::{MatchResult, MatchSite};
use kit::text::{Scope, Text};

/// A matcher of a text.
pub(super) trait TextRule {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult;

    /// What the text must be like, in the claim's own terms.
    fn describe(&self, scope: &Scope) -> String;

    /// Whether the matcher can fail, and whether it can hold.
    fn prospects(&self) -> Prospects;

    /// The names of the parameters in it.
    fn params(&self) -> Vec<String>;

    /// Where in the text the thing begins that the matcher looks for, for the note of a `not:`.
    fn find(&self, _observed: &ObservedText<'_>, _scope: &Scope) -> Option<usize> {
        None
    }
}

/// A matcher of a JSON value.
pub(super) trait JsonRule {
    /// There is a value.
    fn judge(&self, site: &MatchSite<'_>, value: &Json) -> MatchResult;

    /// There is no value.
    fn judge_missing(&self, site: &MatchSite<'_>) -> MatchResult {
        site.unfit(self.describe(site.scope), "absent")
    }

    /// The path may find several values, and there is something that could hold some. A matcher of one
    /// value cannot tell which of them is meant: the reader of claim files has refused it.
    fn judge_several(&self, _site: &MatchSite<'_>, _values: &[&Json]) -> MatchResult {
        MatchResult::Undecidable(
            "the path may find several values, and the claim does not say which is meant"
                .to_owned(),
        )
    }

    fn describe(&self, scope: &Scope) -> String;

    /// Whether the matcher can fail, and whether it can hold, where there is a value.
    fn prospects(&self) -> Prospects;

    fn params(&self) -> Vec<String>;
}

/// What is known of a matcher before anything is observed.
pub(super) struct Prospects {
    /// Why a part of it that ought to narrow it does not.
    pub(super) vacuous: Option<String>,
    /// It holds for everything in which there is something to match.
    pub(super) always: bool,
    /// It holds for nothing. `false` also where that is not known.
    pub(super) never: bool,
    /// What holds for all sample texts holds for all texts. A matcher that denies something, or
    /// looks for what no sample has, cannot be tried on samples.
    pub(super) by_samples: bool,
    /// What of the text it counts, and the bounds, if it does nothing else.
    pub(super) count: Option<(&'static str, Limits)>,
}

impl Prospects {
    /// Of a matcher that looks for something in a text: it can hold, and if it cannot fail, it
    /// holds for all sample texts.
    pub(super) fn tried(rule: &dyn TextRule) -> Prospects {
        Prospects {
            vacuous: None,
            always: holds_for_samples(rule),
            never: false,
            by_samples: true,
            count: None,
        }
    }

    /// Of a matcher that can fail and can hold, which samples cannot show.
    pub(super) fn open() -> Prospects {
        Prospects {
            vacuous: None,
            always: false,
            never: false,
            by_samples: false,
            count: None,
        }
    }

    /// Of a matcher that counts something of the text.
    pub(super) fn counting(what: &'static str, limits: &Limits) -> Prospects {
        Prospects {
            vacuous: vacuous_limits(limits, Domain::Counting, what),
            always: limits::always(limits, Domain::Counting),
            never: limits::never(limits, Domain::Counting),
            by_samples: false,
            count: Some((what, limits.clone())),
        }
    }
}

/// Whether a matcher holds for all sample texts.
pub(super) fn holds_for_samples(rule: &dyn TextRule) -> bool {
    let scope = Scope::new();
    let site = MatchSite {
        span: 0..0,
        subject: String::new(),
        scope: &scope,
        at: DateTime::UNIX_EPOCH,
    };
    panel::TEXTS
        .iter()
        .all(|text| rule.judge(&site, &ObservedText::whole(text)).holds())
}

/// Why a text matcher, or a part of it, cannot fail.
pub(super) fn vacuous_text(rule: &dyn TextRule) -> Option<String> {
    let prospects = rule.prospects();
    prospects.vacuous.or_else(|| {
        prospects.always.then(|| {
            cannot_fail(
                &rule.describe(&Scope::new()),
                "it holds for every text, the empty one included",
            )
        })
    })
}

/// Why bounds cannot fail where numbers of `domain` occur.
pub(super) fn vacuous_limits(limits: &Limits, domain: Domain, unit: &str) -> Option<String> {
    if *limits == Limits::default() {
        return Some("bounds without a number have no effect".to_owned());
    }
    limits::always(limits, domain).then(|| {
        cannot_fail(
            &limits::describe(limits, unit, &Scope::new()),
            "every number that can occur is within it",
        )
    })
}

pub(super) fn cannot_fail(what: &str, why: &str) -> String {
    format!("`{what}` cannot fail: {why}")
}

pub(super) fn exhaustive(what: &str) -> String {
    cannot_fail(what, "one of the alternatives always holds")
}

pub(super) fn denies_the_impossible(what: &str) -> String {
    cannot_fail(&format!("not: {what}"), "what it denies is impossible")
}

pub(super) const EMPTY_LIST: &str = "an empty list has no effect";

/// `all of (…; …)`; one part alone stands without the words.
pub(super) fn group(word: &str, parts: &[String]) -> String {
    match parts {
        [one] => one.clone(),
        _ => format!("{word} ({})", parts.join("; ")),
    }
}

/// The names of the parameters of texts.
pub(super) fn names<'t>(texts: impl IntoIterator<Item = &'t Text>) -> Vec<String> {
    let params = texts.into_iter().flat_map(Text::params);
    params.map(str::to_owned).collect()
}
