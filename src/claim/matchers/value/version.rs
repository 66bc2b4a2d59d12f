//! `version:`: the first version in a text, in the order of [`kit::version`].

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use crate::matchers::observed::ObservedText;
use crate::matchers::render;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule};
use kit::text::Scope;
use kit::version::Version;

/// Bounds on a dotted version; all that are set must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VersionBounds {
    pub equals: Option<String>,
    pub min: Option<String>,
    pub max: Option<String>,
    pub above: Option<String>,
    pub below: Option<String>,
}

/// A dotted version in a text, with its suffix and its build metadata.
#[expect(
    clippy::unwrap_used,
    reason = "a constant expression, compiled by every test"
)]
static IN_TEXT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        [0-9]+(?:\.[0-9]+)+
        (?:[-~][0-9A-Za-z]+(?:[-.~][0-9A-Za-z]+)*|(?:alpha|beta|dev|pre|rc)(?:[.-]?[0-9]+)?\b)?
        (?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    )
    .unwrap()
});

impl TextRule for &VersionBounds {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        judge(site, self, observed)
    }

    fn describe(&self, _scope: &Scope) -> String {
        describe(self)
    }

    fn prospects(&self) -> Prospects {
        Prospects {
            vacuous: (**self == VersionBounds::default())
                .then(|| "bounds without a version have no effect".to_owned()),
            never: never(self),
            ..Prospects::tried(self)
        }
    }

    fn params(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A bound: a version, and nothing else.
fn read(bound: &str) -> Option<Version> {
    Version::parse(bound.trim())
}

/// The bounds in words.
fn describe(bounds: &VersionBounds) -> String {
    let words: Vec<String> = each(bounds)
        .map(|(word, bound, _)| format!("{word} {bound}"))
        .collect();
    if words.is_empty() {
        "any version".to_owned()
    } else {
        format!("a version: {}", words.join(", "))
    }
}

/// Whether an order to a bound is within it.
type Within = fn(Ordering) -> bool;

/// The bounds that are set: in words, the version, and which order is within them.
fn each(bounds: &VersionBounds) -> impl Iterator<Item = (&'static str, &str, Within)> {
    let all: [(_, _, Within); 5] = [
        ("exactly", &bounds.equals, Ordering::is_eq),
        ("at least", &bounds.min, Ordering::is_ge),
        ("at most", &bounds.max, Ordering::is_le),
        ("more than", &bounds.above, Ordering::is_gt),
        ("less than", &bounds.below, Ordering::is_lt),
    ];
    all.into_iter()
        .filter_map(|(word, bound, within)| Some((word, bound.as_deref()?, within)))
}

/// Whether no version is within the bounds.
fn never(bounds: &VersionBounds) -> bool {
    let versions: Vec<Version> = each(bounds)
        .filter_map(|(_, bound, _)| read(bound))
        .collect();
    // Between two versions there is always another one, so two bounds exclude each other when
    // neither of their versions, nor anything below or above, is within all of them.
    let strict = |bound: &Option<String>| bound.as_deref().and_then(read);
    let low = strict(&bounds.min).into_iter().map(|v| (v, true));
    let lows = low.chain(strict(&bounds.above).into_iter().map(|v| (v, false)));
    let highs: Vec<(Version, bool)> = strict(&bounds.max)
        .into_iter()
        .map(|v| (v, true))
        .chain(strict(&bounds.below).into_iter().map(|v| (v, false)))
        .collect();
    let mut excluded = false;
    for (low, low_closed) in lows {
        for (high, high_closed) in &highs {
            excluded |= match low.cmp(high) {
                Ordering::Greater => true,
                Ordering::Equal => !(low_closed && *high_closed),
                Ordering::Less => false,
            };
        }
    }
    let equals_outside = strict(&bounds.equals).is_some_and(|equals| !within(bounds, &equals));
    !versions.is_empty() && (excluded || equals_outside)
}

fn within(bounds: &VersionBounds, version: &Version) -> bool {
    each(bounds)
        .all(|(_, bound, within)| read(bound).is_some_and(|bound| within(version.cmp(&bound))))
}

/// Holds the first version in a text against bounds.
fn judge(site: &MatchSite<'_>, bounds: &VersionBounds, observed: &ObservedText<'_>) -> MatchResult {
    for (_, bound, _) in each(bounds) {
        if read(bound).is_none() {
            return MatchResult::Undecidable(format!(
                "`{}` is not a version",
                render::clean(bound, 60)
            ));
        }
    }
    let text = observed.text.trim();
    let expected = describe(bounds);
    let found = IN_TEXT.find(text);
    // Only white space ends a version for certain: what follows may belong to it.
    let whole =
        found.is_some_and(|found| text[found.end()..].starts_with(|c: char| c.is_whitespace()));
    if !whole && let Some(undecidable) = observed.undecidable() {
        return undecidable;
    }
    let version = found.and_then(|found| Version::parse(found.as_str()));
    match (found, version) {
        (Some(_), Some(version)) if within(bounds, &version) => MatchResult::Holds,
        (Some(found), Some(version)) => {
            let note = if !within(bounds, &version.release()) {
                None
            } else if version.is_pre_release() {
                Some("a pre-release comes before its release")
            } else if version.is_build() {
                Some("a build of a release comes after it")
            } else {
                None
            };
            site.differs(expected, found.as_str())
                .with_note(note.map(str::to_owned))
        }
        _ => site
            .unfit(expected, render::shown(text))
            .with_note(Some("there is no dotted version in it".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(a: &str, b: &str) -> Ordering {
        read(a).unwrap().cmp(&read(b).unwrap())
    }

    /// The rule that both programs share: the deployer's versions have the same test.
    #[test]
    fn rc9_comes_before_rc10_and_a_distribution_build_after_its_release() {
        assert_eq!(order("3.7.0-rc9", "3.7.0-rc10"), Ordering::Less);
        assert_eq!(order("3.7.0-rc10", "3.7.0"), Ordering::Less);
        assert_eq!(order("3.7.0-alpine", "3.7.0"), Ordering::Greater);
    }

    #[test]
    fn finds_the_first_dotted_version_in_real_texts() {
        for (text, version) in [
            ("Docker version 29.5.0, build abc", "29.5.0"),
            ("OpenSSH_9.2p1 Debian-2+deb12u7", "9.2"),
            ("curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1", "7.88.1"),
            ("go version go1.22.3 linux/amd64", "1.22.3"),
            ("v1.2.3-rc.1", "1.2.3-rc.1"),
            ("cargo 1.95.0-nightly (abc 2026-01-01)", "1.95.0-nightly"),
            ("traefik 3.6.0+v3.6.1.", "3.6.0+v3.6.1"),
            ("build 7 of 2.0rc1", "2.0rc1"),
            ("it is 1.2.", "1.2"),
            ("Version: 1.2.3-1+deb12u1", "1.2.3-1+deb12u1"),
            ("nginx/1.24.0-1ubuntu2.3~bpo, up", "1.24.0-1ubuntu2.3~bpo"),
        ] {
            assert_eq!(
                IN_TEXT.find(text).map(|m| m.as_str()),
                Some(version),
                "{text}"
            );
        }
        assert!(IN_TEXT.find("version 7").is_none());
    }

    #[test]
    fn knows_bounds_that_exclude_each_other() {
        let bound = |text: &str| Some(text.to_owned());
        let mut bounds = VersionBounds {
            min: bound("2.0"),
            below: bound("2"),
            ..VersionBounds::default()
        };
        assert!(never(&bounds));
        bounds.below = bound("2.0.1");
        assert!(!never(&bounds));
        bounds.equals = bound("3");
        assert!(never(&bounds));
        assert!(!never(&VersionBounds::default()));
    }

    proptest! {
        #[test]
        fn what_is_found_in_a_text_can_be_read(text in "(?s)[ -~]{0,60}") {
            if let Some(found) = IN_TEXT.find(&text) {
                prop_assert!(Version::parse(found.as_str()).is_some(), "{}", found.as_str());
            }
        }
    }
}
