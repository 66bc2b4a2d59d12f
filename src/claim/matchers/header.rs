//! HTTP headers. One of a name may come several times.

use super::bounds::{self, Domain};
use super::each::{self, Quantifier};
use super::limits::{self, Limits};
use super::observed::ObservedText;
use super::result::{MatchResult, MatchSite};
use super::rule::{group, names, vacuous_limits, vacuous_text};
use super::value::TextMatcher;
use kit::count::count;
use kit::text::{Scope, Text};
use reach::observation::HttpResponse;

/// What the headers of one name must be like.
#[derive(Clone, Debug)]
pub enum HeaderMatcher {
    /// There is none of the name.
    Absent,
    /// There is one, whatever it is.
    Present,
    /// The value matches. Where there are several, they must agree on that.
    Plain(TextMatcher),
    /// So many of the values match.
    Each(Quantifier, TextMatcher),
    /// How many there are.
    Count(Limits),
    /// The values are exactly these, in any order.
    Set(Vec<Text>),
    /// All of them.
    All(Vec<HeaderMatcher>),
}

impl HeaderMatcher {
    /// Every matcher of one value in it.
    pub fn texts(&self) -> Vec<&TextMatcher> {
        match self {
            HeaderMatcher::Plain(matcher) | HeaderMatcher::Each(_, matcher) => vec![matcher],
            HeaderMatcher::All(parts) => parts.iter().flat_map(HeaderMatcher::texts).collect(),
            HeaderMatcher::Absent
            | HeaderMatcher::Present
            | HeaderMatcher::Count(_)
            | HeaderMatcher::Set(_) => Vec::new(),
        }
    }

    /// The names of the parameters in the matcher.
    pub(crate) fn params(&self) -> Vec<String> {
        match self {
            HeaderMatcher::Absent | HeaderMatcher::Present => Vec::new(),
            HeaderMatcher::Plain(matcher) | HeaderMatcher::Each(_, matcher) => matcher.params(),
            HeaderMatcher::Count(limits) => limits.params(),
            HeaderMatcher::Set(texts) => names(texts),
            HeaderMatcher::All(parts) => parts.iter().flat_map(HeaderMatcher::params).collect(),
        }
    }

    pub(super) fn describe(&self, scope: &Scope) -> String {
        match self {
            HeaderMatcher::Absent => "absent".to_owned(),
            HeaderMatcher::Present => "present".to_owned(),
            HeaderMatcher::Plain(matcher) => matcher.rule().describe(scope),
            HeaderMatcher::Each(which, matcher) => {
                format!("{} {}", which.word(), matcher.rule().describe(scope))
            }
            HeaderMatcher::Count(limits) => limits::describe(limits, "headers", scope),
            HeaderMatcher::Set(texts) => {
                let values: Vec<String> = texts.iter().map(|text| text.render(scope)).collect();
                format!("exactly the headers {}", values.join(", "))
            }
            HeaderMatcher::All(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| part.describe(scope)).collect();
                group("all of", &parts)
            }
        }
    }

    /// Why a part of it cannot fail.
    pub(super) fn vacuous(&self) -> Option<String> {
        match self {
            HeaderMatcher::Plain(matcher) | HeaderMatcher::Each(_, matcher) => {
                vacuous_text(matcher.rule().as_ref())
            }
            HeaderMatcher::Count(limits) => vacuous_limits(limits, Domain::Counting, "headers"),
            HeaderMatcher::All(parts) => parts.iter().find_map(HeaderMatcher::vacuous),
            HeaderMatcher::Absent | HeaderMatcher::Present | HeaderMatcher::Set(_) => None,
        }
    }

    /// Whether no answer can match.
    pub(super) fn never(&self) -> bool {
        match self {
            HeaderMatcher::Plain(matcher)
            | HeaderMatcher::Each(Quantifier::Every | Quantifier::Any, matcher) => {
                matcher.rule().prospects().never
            }
            HeaderMatcher::Each(Quantifier::None, matcher) => matcher.rule().prospects().always,
            HeaderMatcher::Count(limits) => limits::never(limits, Domain::Counting),
            HeaderMatcher::All(parts) => parts.iter().any(HeaderMatcher::never),
            HeaderMatcher::Absent | HeaderMatcher::Present | HeaderMatcher::Set(_) => false,
        }
    }

    /// Holds the headers of a name against the matcher.
    pub(super) fn judge(
        &self,
        site: &MatchSite<'_>,
        name: &str,
        response: &HttpResponse,
    ) -> MatchResult {
        let values: Vec<&str> = response
            .headers
            .iter()
            .filter(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        self.judge_values(site, &values)
    }

    pub(super) fn judge_values(&self, site: &MatchSite<'_>, values: &[&str]) -> MatchResult {
        let each = |matcher: &TextMatcher| -> Vec<MatchResult> {
            let rule = matcher.rule();
            let judged = values
                .iter()
                .map(|value| rule.judge(site, &ObservedText::whole(value)));
            judged.collect()
        };
        match self {
            HeaderMatcher::Absent if values.is_empty() => MatchResult::Holds,
            HeaderMatcher::Absent => site.differs("absent", values.join(", ")),
            HeaderMatcher::Present if values.is_empty() => site.differs("present", "absent"),
            HeaderMatcher::Present => MatchResult::Holds,
            HeaderMatcher::Plain(matcher) if values.is_empty() => {
                site.differs(matcher.rule().describe(site.scope), "absent")
            }
            HeaderMatcher::Plain(matcher) => each::plain(site, each(matcher), "header"),
            HeaderMatcher::Each(which, matcher) => which.of(
                site,
                each(matcher),
                "header",
                &matcher.rule().describe(site.scope),
            ),
            HeaderMatcher::Count(limits) => {
                let found = count(values.len(), "header");
                match limits::fixed(site, limits, Domain::Counting) {
                    Err(result) => result,
                    Ok(plain) if bounds::within_count(&plain, values.len()) => MatchResult::Holds,
                    Ok(_) => site.differs(
                        self.describe(site.scope),
                        format!("{found}: {}", values.join(", ")),
                    ),
                }
            }
            HeaderMatcher::Set(texts) => {
                let mut expected: Vec<String> = texts
                    .iter()
                    .map(|text| text.render(site.scope).trim().to_owned())
                    .collect();
                let mut found: Vec<String> =
                    values.iter().map(|value| value.trim().to_owned()).collect();
                expected.sort_unstable();
                found.sort_unstable();
                if expected == found {
                    return MatchResult::Holds;
                }
                site.differs(self.describe(site.scope), found.join(", "))
            }
            HeaderMatcher::All(parts) => {
                MatchResult::all(parts.iter().map(|part| part.judge_values(site, values)))
            }
        }
    }
}
