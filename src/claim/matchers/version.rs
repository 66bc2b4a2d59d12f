//! Dotted versions, compared part by part.
//!
//! Not the `semver` crate: it accepts neither `1.2` nor four parts nor a leading `v`. The order
//! is that of Semantic Versioning 2.0.0, section 11, for any number of parts; missing parts are
//! zero.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use super::render;
use super::text::Seen;
use super::verdict::{Site, Verdict};
use crate::expectation::VersionBounds;

/// A dotted version in a text, with the pre-release and build parts after it.
#[expect(
    clippy::unwrap_used,
    reason = "a constant expression, compiled by every test"
)]
static IN_TEXT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"[0-9]+(?:\.[0-9]+)+(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*|~?(?:alpha|beta|dev|pre|rc)(?:[.-]?[0-9]+)?\b)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    )
    .unwrap()
});

/// A bound: a version, of which one number is enough, and nothing else.
#[expect(
    clippy::unwrap_used,
    reason = "a constant expression, compiled by every test"
)]
static BOUND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^[vV]?([0-9]+(?:\.[0-9]+)*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)|~?((?:alpha|beta|dev|pre|rc)(?:[.-]?[0-9]+)?))?(?:\+[0-9A-Za-z.-]+)?$",
    )
    .unwrap()
});

/// A version: numbers, and the identifiers of a pre-release.
#[derive(Clone, Debug)]
pub(super) struct Version {
    parts: Vec<String>,
    pre: Vec<String>,
}

impl Version {
    /// Reads a version that is the whole text. Build metadata (`+…`) has no part in the order.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let groups = BOUND.captures(text.trim())?;
        let pre = groups.get(2).or_else(|| groups.get(3));
        Some(Version {
            parts: groups[1]
                .split('.')
                .map(|part| part.trim_start_matches('0').to_owned())
                .collect(),
            pre: pre.map_or(Vec::new(), |pre| {
                pre.as_str().split('.').map(str::to_owned).collect()
            }),
        })
    }

    /// The order of two versions.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let longest = self.parts.len().max(other.parts.len());
        for index in 0..longest {
            let part = |version: &Self| version.parts.get(index).cloned().unwrap_or_default();
            let order = compare_numbers(&part(self), &part(other));
            if order.is_ne() {
                return order;
            }
        }
        match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => self.compare_pre(other),
        }
    }

    fn compare_pre(&self, other: &Self) -> Ordering {
        for (a, b) in self.pre.iter().zip(&other.pre) {
            let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            let order = match (number(a), number(b)) {
                (true, true) => {
                    compare_numbers(a.trim_start_matches('0'), b.trim_start_matches('0'))
                }
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => compare_words(a, b),
            };
            if order.is_ne() {
                return order;
            }
        }
        self.pre.len().cmp(&other.pre.len())
    }
}

/// Numbers without leading zeros, of any length.
fn compare_numbers(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// By ASCII; `rc9` before `rc10`, as everybody who writes so means.
fn compare_words(a: &str, b: &str) -> Ordering {
    let split = |text: &str| {
        let word_end = text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let (word, number) = text.split_at(word_end);
        (word.to_owned(), number.trim_start_matches('0').to_owned())
    };
    let ((a_word, a_number), (b_word, b_number)) = (split(a), split(b));
    a_word
        .cmp(&b_word)
        .then_with(|| compare_numbers(&a_number, &b_number))
}

/// The bounds in words.
pub(super) fn describe(bounds: &VersionBounds) -> String {
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
pub(super) fn never(bounds: &VersionBounds) -> bool {
    let versions: Vec<Version> = each(bounds)
        .filter_map(|(_, bound, _)| Version::parse(bound))
        .collect();
    // Between two versions there is always another one, so two bounds exclude each other when
    // neither of their versions, nor anything below or above, is within all of them.
    let strict = |bound: &Option<String>| bound.as_deref().and_then(Version::parse);
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
            excluded |= match low.compare(high) {
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
    each(bounds).all(|(_, bound, within)| {
        Version::parse(bound).is_some_and(|bound| within(version.compare(&bound)))
    })
}

/// Holds the first version in a text against bounds.
pub(super) fn judge(site: &Site<'_>, wanted: &VersionBounds, seen: &Seen<'_>) -> Verdict {
    for (_, bound, _) in each(wanted) {
        if Version::parse(bound).is_none() {
            return Verdict::Undecidable(format!("`{}` is no version", render::clean(bound, 60)));
        }
    }
    let text = seen.text.trim();
    let expected = describe(wanted);
    let found = IN_TEXT.find(text);
    // Only white space ends a version for certain: what follows may belong to it.
    let whole =
        found.is_some_and(|found| text[found.end()..].starts_with(|c: char| c.is_whitespace()));
    if !whole && let Some(undecided) = seen.undecided() {
        return undecided;
    }
    let version = found.and_then(|found| Version::parse(found.as_str()));
    match (found, version) {
        (Some(_), Some(version)) if within(wanted, &version) => Verdict::Holds,
        (Some(found), Some(version)) => {
            let release = Version {
                pre: Vec::new(),
                ..version.clone()
            };
            let pre_release = !version.pre.is_empty() && within(wanted, &release);
            site.differs(expected, found.as_str())
                .with_note(pre_release.then(|| "a pre-release comes before its release".to_owned()))
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
        Version::parse(a)
            .unwrap()
            .compare(&Version::parse(b).unwrap())
    }

    #[test]
    fn orders_versions_as_semantic_versioning_does() {
        let ascending = [
            "0.9",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.0.1",
            "1.2",
            "1.10",
            "1.10.1rc9",
            "1.10.1rc10",
            "1.10.1",
            "2",
            "99999999999999999999999.1",
        ];
        for (index, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                assert_eq!(order(a, b), index.cmp(&other), "{a} {b}");
            }
        }
        assert_eq!(order("v1.2", "1.02.0+build.7"), Ordering::Equal);
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

    fn version() -> impl Strategy<Value = String> {
        "v?[0-9]{1,3}(\\.[0-9]{1,3}){0,3}(-(rc|alpha|[0-9])[0-9]?(\\.[0-9a-z]{1,2})?)?(\\+b1)?"
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in version(), b in version(), c in version()) {
            prop_assert_eq!(order(&a, &a), Ordering::Equal);
            prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
            if order(&a, &b).is_le() && order(&b, &c).is_le() {
                prop_assert!(order(&a, &c).is_le(), "{} {} {}", a, b, c);
            }
        }

        #[test]
        fn numbers_lead(parts in proptest::collection::vec(0_u32..1000, 2..5), at in 0_usize..5) {
            let at = at % parts.len();
            let mut higher = parts.clone();
            higher[at] += 1;
            let text = |parts: &[u32]| {
                parts.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
            };
            prop_assert_eq!(order(&text(&parts), &text(&higher)), Ordering::Less);
        }

        #[test]
        fn what_is_found_in_a_text_can_be_read(text in "(?s)[ -~]{0,60}") {
            if let Some(found) = IN_TEXT.find(&text) {
                prop_assert!(Version::parse(found.as_str()).is_some(), "{}", found.as_str());
            }
        }
    }
}
