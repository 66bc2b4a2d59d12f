//! Versions of recipes: `X.Y.Z+vA.B.C`, the recipe's own version before the plus sign and the
//! app's after it.

use std::cmp::Ordering;
use std::fmt;

/// A version of a recipe, as its git tag names it. Ordered by the recipe's part, then by the
/// app's, each in the order of [`kit::version`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// The tag itself: `5.1.1+v3.6.15`.
    tag: String,
    recipe: kit::version::Version,
    app: kit::version::Version,
}

/// Why a tag is not a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{tag}` is not a valid recipe version: {why}; an example is `5.1.1+v3.6.15`")]
pub struct VersionError {
    pub tag: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Version {
    /// Reads a tag.
    ///
    /// # Errors
    /// When the recipe's part has not exactly three numbers, or the app's part is missing or
    /// does not begin with a number.
    pub fn parse(tag: &str) -> Result<Version, VersionError> {
        let fail = |why| VersionError {
            tag: tag.to_owned(),
            why,
        };
        let (recipe, app) = tag
            .split_once('+')
            .ok_or_else(|| fail("it has no `+` with the app's version after it"))?;
        if count_numbers(recipe) != Some(3) {
            return Err(fail(
                "the part before `+` does not have exactly three numbers",
            ));
        }
        let recipe = kit::version::Version::parse(recipe)
            .ok_or_else(|| fail("the part before `+` is not a version"))?;
        let app = kit::version::Version::parse(app)
            .filter(|_| !app.contains('+'))
            .ok_or_else(|| fail("the part after `+` is not a version"))?;
        Ok(Version {
            tag: tag.to_owned(),
            recipe,
            app,
        })
    }

    /// The tag as it stands in git.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The app's version without its `v`: what a running app says of itself.
    pub fn app(&self) -> &str {
        let (_, app) = self.tag.split_once('+').unwrap_or(("", &self.tag));
        app.strip_prefix('v').unwrap_or(app)
    }

    /// Whether going from `from` to this raises the first number of the recipe or of the app.
    pub fn is_major_rise_from(&self, from: &Version) -> bool {
        self.recipe.major() > from.recipe.major() || self.app.major() > from.app.major()
    }

    /// Which variant of the app's image it names: the word after the numbers, without a number of
    /// its own. `16-alpine3.19` is of `alpine`, `1.2.3-fpm-alpine` of `fpm-alpine`; a revision
    /// (`1.2.3-1`) and a pre-release name none.
    pub fn variant(&self) -> Option<&str> {
        let (_, suffix) = self.app().split_once('-')?;
        if self.app.is_pre_release() {
            return None;
        }
        let word = suffix.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
        Some(word).filter(|word| !word.is_empty())
    }

    /// Whether either part is a pre-release.
    pub fn is_pre_release(&self) -> bool {
        self.recipe.is_pre_release() || self.app.is_pre_release()
    }
}

/// How many dotted numbers a text begins with, up to a hyphen; `None` when one of them is none.
fn count_numbers(text: &str) -> Option<usize> {
    let (numbers, _) = text.split_once('-').unwrap_or((text, ""));
    let all: Option<Vec<u64>> = numbers
        .split('.')
        .map(|part| {
            let digits = part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        })
        .collect();
    all.map(|numbers| numbers.len())
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.recipe
            .cmp(&other.recipe)
            .then_with(|| self.app.cmp(&other.app))
            // Tags that differ only in spelling are still two tags: the order stays total.
            .then_with(|| self.tag.cmp(&other.tag))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.tag)
    }
}

impl serde::Serialize for Version {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.tag)
    }
}

impl<'de> serde::Deserialize<'de> for Version {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tag = String::deserialize(deserializer)?;
        Version::parse(&tag).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(tag: &str) -> Version {
        Version::parse(tag).unwrap()
    }

    #[test]
    fn orders_by_number_and_not_by_text() {
        let ordered = [
            "0.9.0+1.0",
            "5.1.1+v3.6.2",
            "5.1.1+v3.6.15-rc.2",
            "5.1.1+v3.6.15-rc.10",
            "5.1.1+v3.6.15",
            "5.2.0+v3.6.15",
            "10.7.1+26.6.2",
            "10.7.10+26.6.2",
        ];
        for pair in ordered.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        assert_eq!(version("5.1.1+v3.6.15").app(), "3.6.15");
    }

    /// The rule that both programs share: the claims' matcher has the same test.
    #[test]
    fn rc9_comes_before_rc10_and_a_distribution_build_after_its_release() {
        assert!(version("5.2.0+v3.7.0-rc9") < version("5.2.0+v3.7.0-rc10"));
        assert!(version("5.2.0+v3.7.0-rc10") < version("5.2.0+v3.7.0"));
        assert!(version("5.2.0+v3.7.0-alpine") > version("5.2.0+v3.7.0"));
        assert!(version("5.2.0+v3.7.0-rc9").is_pre_release());
        assert!(!version("5.2.0+v3.7.0-alpine").is_pre_release());
    }

    #[test]
    fn a_variant_is_the_word_after_the_numbers() {
        for (tag, variant) in [
            ("1.0.0+1.20.3-rootless", Some("rootless")),
            ("1.0.0+16-alpine3.19", Some("alpine")),
            ("1.0.0+1.2.3-fpm-alpine", Some("fpm-alpine")),
            ("1.0.0+1.2.3-1", None),
            ("1.0.0+2026-02-03", None),
            ("1.0.0+1.2.3", None),
            ("1.0.0+1.2.3-rc1", None),
        ] {
            assert_eq!(version(tag).variant(), variant, "{tag}");
            let pre_release = tag.ends_with("rc1");
            assert_eq!(version(tag).is_pre_release(), pre_release, "{tag}");
        }
        // The largest number there is is read, and its rise is a major one.
        let huge = version("18446744073709551615.0.0+v1");
        assert!(huge.is_major_rise_from(&version("5.1.1+v1")));
    }

    #[test]
    fn a_major_rise_of_either_part_is_seen() {
        let from = version("5.1.1+v3.6.15");
        assert!(version("6.0.0+v3.6.15").is_major_rise_from(&from));
        assert!(version("5.1.2+v4.0.0").is_major_rise_from(&from));
        assert!(!version("5.9.0+v3.7.15").is_major_rise_from(&from));
        assert!(!version("4.0.0+v3.7.15").is_major_rise_from(&from));
    }

    #[test]
    fn refuses_what_is_no_version() {
        for tag in [
            "",
            "5.1.1",
            "5.1+v3",
            "v5.1.1+v3",
            "5.1.1+",
            "5.1.1+vx",
            "5.1.1.1+v3",
            "5.-1.1+v3",
            "5.1.1+v3.6-",
            "5.1.1+v3..6",
            "5.1.1+v3 6",
            "99999999999999999999.1.1+v1",
        ] {
            assert!(Version::parse(tag).is_err(), "{tag}");
        }
    }

    proptest! {
        #[test]
        fn the_order_is_total_and_survives_serialisation(
            a in "[0-3]\\.[0-3]\\.[0-3]\\+v?[0-3](\\.[0-3]){0,2}(-(rc|alpha)\\.[0-3])?",
            b in "[0-3]\\.[0-3]\\.[0-3]\\+v?[0-3](\\.[0-3]){0,2}(-(rc|alpha)\\.[0-3])?",
            c in "[0-3]\\.[0-3]\\.[0-3]\\+v?[0-3](\\.[0-3]){0,2}(-(rc|alpha)\\.[0-3])?",
        ) {
            let (a, b, c) = (version(&a), version(&b), version(&c));
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            if a <= b && b <= c { prop_assert!(a <= c); }
            prop_assert_eq!(a == b, a.cmp(&b) == Ordering::Equal);
            let json = serde_json::to_string(&a).unwrap();
            prop_assert_eq!(serde_json::from_str::<Version>(&json).unwrap(), a);
        }
    }
}
