//! Cookies that an answer sets (`Set-Cookie`, RFC 6265).

use super::bounds::{self, Domain};
use super::each::{self, Quantifier};
use super::header::HeaderMatcher;
use super::limits::{self, Limits};
use super::result::{MatchResult, MatchSite};
use super::rule::{group, vacuous_limits};
use kit::count::count;
use kit::text::Scope;
use reach::observation::HttpResponse;

/// What the cookies of an answer must be like: those of one name, or all of them.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "an expectation has a few of them at most"
)]
pub enum CookieMatcher {
    /// There is none.
    Absent,
    /// There is one, whatever it is.
    Present,
    /// The cookie is like this. Where there are several, they must agree on that.
    Plain(CookieParts),
    /// So many of the cookies are like this.
    Each(Quantifier, CookieParts),
    /// How many there are.
    Count(Limits),
    /// All of them.
    All(Vec<CookieMatcher>),
}

/// What one cookie must be like.
#[derive(Clone, Debug, Default)]
pub struct CookieParts {
    /// Its name, value and attributes with a value, by their keys in claim files.
    pub texts: Vec<(&'static str, HeaderMatcher)>,
    /// Its attributes without a value: whether it has them.
    pub flags: Vec<(&'static str, bool)>,
}

/// The keys of a cookie's texts, and the names of the attributes.
pub(crate) const TEXTS: [(&str, &str); 7] = [
    ("name", ""),
    ("value", ""),
    ("path", "path"),
    ("domain", "domain"),
    ("same_site", "samesite"),
    ("max_age", "max-age"),
    ("expires", "expires"),
];

/// The keys of its flags, and the names of the attributes.
pub(crate) const FLAGS: [(&str, &str); 3] = [
    ("secure", "secure"),
    ("http_only", "httponly"),
    ("partitioned", "partitioned"),
];

/// A cookie as a server has set it.
struct SetCookie<'r> {
    line: &'r str,
    name: &'r str,
    value: &'r str,
    /// Names and values, in the order of the line.
    attributes: Vec<(&'r str, &'r str)>,
}

impl<'r> SetCookie<'r> {
    fn parse(line: &'r str) -> SetCookie<'r> {
        let pair = |text: &'r str| {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            (name.trim(), value.trim())
        };
        let mut parts = line.split(';');
        // Without `=` the first part is a value that has no name.
        let first = parts.next().unwrap_or_default();
        let (name, value) = match first.contains('=') {
            true => pair(first),
            false => ("", first.trim()),
        };
        SetCookie {
            line,
            name,
            value,
            attributes: parts.map(pair).collect(),
        }
    }

    /// The texts of a key. An attribute may stand several times.
    fn texts(&self, key: &str) -> Vec<&'r str> {
        match key {
            "name" => vec![self.name],
            "value" => vec![self.value],
            _ => {
                let known = TEXTS.iter().chain(&FLAGS).find(|(known, _)| *known == key);
                let attribute = known.map_or("", |(_, attribute)| attribute);
                let all = self.attributes.iter();
                all.filter(|(name, _)| name.eq_ignore_ascii_case(attribute))
                    .map(|(_, value)| match key {
                        "same_site" => same_site(value),
                        _ => value,
                    })
                    .collect()
            }
        }
    }
}

/// The words of this attribute are the same in any letter case.
fn same_site(value: &str) -> &str {
    let words = ["Strict", "Lax", "None"];
    let known = words.iter().find(|word| word.eq_ignore_ascii_case(value));
    known.copied().unwrap_or(value)
}

impl CookieParts {
    fn judge(&self, site: &MatchSite<'_>, cookie: &SetCookie<'_>) -> MatchResult {
        let texts = self
            .texts
            .iter()
            .map(|(key, matcher)| matcher.judge_values(&site.part(key), &cookie.texts(key)));
        let flags = self.flags.iter().map(|(key, wanted)| {
            let has = !cookie.texts(key).is_empty();
            if *wanted == has {
                return MatchResult::Holds;
            }
            site.part(key).differs(flag(key, *wanted), cookie.line)
        });
        MatchResult::all(texts.chain(flags))
    }

    fn describe(&self, scope: &Scope) -> String {
        let texts = self.texts.iter();
        let texts = texts.map(|(key, matcher)| format!("{key} {}", matcher.describe(scope)));
        let flags = self.flags.iter().map(|(key, wanted)| flag(key, *wanted));
        texts.chain(flags).collect::<Vec<_>>().join(", ")
    }
}

fn flag(key: &str, wanted: bool) -> String {
    let word = if wanted { "" } else { "not " };
    format!("{word}{key}")
}

impl CookieMatcher {
    fn parts(&self) -> Vec<&CookieParts> {
        match self {
            CookieMatcher::Plain(parts) | CookieMatcher::Each(_, parts) => vec![parts],
            CookieMatcher::All(all) => all.iter().flat_map(CookieMatcher::parts).collect(),
            CookieMatcher::Absent | CookieMatcher::Present | CookieMatcher::Count(_) => vec![],
        }
    }

    /// Every matcher of a text in it.
    pub fn texts(&self) -> Vec<&HeaderMatcher> {
        let parts = self.parts().into_iter().flat_map(|parts| &parts.texts);
        parts.map(|(_, matcher)| matcher).collect()
    }

    /// The names of the parameters in the matcher.
    pub(crate) fn params(&self) -> Vec<String> {
        let mut params: Vec<String> = self
            .texts()
            .into_iter()
            .flat_map(HeaderMatcher::params)
            .collect();
        match self {
            CookieMatcher::Count(limits) => params.extend(limits.params()),
            CookieMatcher::All(all) => {
                let counts = all
                    .iter()
                    .filter(|one| matches!(one, CookieMatcher::Count(_)));
                params.extend(counts.flat_map(CookieMatcher::params));
            }
            _ => {}
        }
        params
    }

    pub(super) fn describe(&self, scope: &Scope) -> String {
        match self {
            CookieMatcher::Absent => "absent".to_owned(),
            CookieMatcher::Present => "present".to_owned(),
            CookieMatcher::Plain(parts) => parts.describe(scope),
            CookieMatcher::Each(which, parts) => {
                format!("{} {}", which.word(), parts.describe(scope))
            }
            CookieMatcher::Count(limits) => limits::describe(limits, "cookies", scope),
            CookieMatcher::All(all) => {
                let all: Vec<String> = all.iter().map(|one| one.describe(scope)).collect();
                group("all of", &all)
            }
        }
    }

    /// Why a part of it cannot fail.
    pub(super) fn vacuous(&self) -> Option<String> {
        let own = match self {
            CookieMatcher::Count(limits) => vacuous_limits(limits, Domain::Counting, "cookies"),
            CookieMatcher::All(all) => all.iter().find_map(CookieMatcher::vacuous),
            _ => None,
        };
        own.or_else(|| self.texts().into_iter().find_map(HeaderMatcher::vacuous))
    }

    /// Whether no answer can match.
    pub(super) fn never(&self) -> bool {
        match self {
            CookieMatcher::Count(limits) => limits::never(limits, Domain::Counting),
            CookieMatcher::All(all) => all.iter().any(CookieMatcher::never),
            CookieMatcher::Plain(parts)
            | CookieMatcher::Each(Quantifier::Every | Quantifier::Any, parts) => {
                parts.texts.iter().any(|(_, matcher)| matcher.never())
            }
            CookieMatcher::Absent
            | CookieMatcher::Present
            | CookieMatcher::Each(Quantifier::None, _) => false,
        }
    }

    /// Holds the cookies of an answer, or those of that name, against the matcher.
    pub(super) fn judge(
        &self,
        site: &MatchSite<'_>,
        name: Option<&str>,
        response: &HttpResponse,
    ) -> MatchResult {
        let headers = response.headers.iter();
        let set = headers.filter(|(header, _)| header.eq_ignore_ascii_case("set-cookie"));
        let cookies = set.map(|(_, line)| SetCookie::parse(line));
        let cookies = cookies.filter(|cookie| name.is_none_or(|name| cookie.name == name));
        self.judge_cookies(site, &cookies.collect::<Vec<_>>())
    }

    fn judge_cookies(&self, site: &MatchSite<'_>, cookies: &[SetCookie<'_>]) -> MatchResult {
        let each = |parts: &CookieParts| -> Vec<MatchResult> {
            cookies
                .iter()
                .map(|cookie| parts.judge(site, cookie))
                .collect()
        };
        let lines = || -> String {
            let lines: Vec<&str> = cookies.iter().map(|cookie| cookie.line).collect();
            lines.join(", ")
        };
        match self {
            CookieMatcher::Absent if cookies.is_empty() => MatchResult::Holds,
            CookieMatcher::Absent => site.differs("absent", lines()),
            CookieMatcher::Present if cookies.is_empty() => site.differs("present", "absent"),
            CookieMatcher::Present => MatchResult::Holds,
            CookieMatcher::Plain(parts) if cookies.is_empty() => {
                site.unfit(parts.describe(site.scope), "absent")
            }
            CookieMatcher::Plain(parts) => each::plain(site, each(parts), "cookie"),
            CookieMatcher::Each(which, parts) => {
                which.of(site, each(parts), "cookie", &parts.describe(site.scope))
            }
            CookieMatcher::Count(limits) => match limits::fixed(site, limits, Domain::Counting) {
                Err(result) => result,
                Ok(plain) if bounds::within_count(&plain, cookies.len()) => MatchResult::Holds,
                Ok(_) => site.differs(
                    self.describe(site.scope),
                    format!("{}: {}", count(cookies.len(), "cookie"), lines()),
                ),
            },
            CookieMatcher::All(all) => {
                MatchResult::all(all.iter().map(|one| one.judge_cookies(site, cookies)))
            }
        }
    }
}
