use std::hash::{DefaultHasher, Hash, Hasher};

use proptest::prelude::*;

use super::*;

#[track_caller]
fn version(text: &str) -> Version {
    Version::parse(text).unwrap_or_else(|| panic!("`{text}` is not a version"))
}

#[track_caller]
fn ascending(texts: &[&str]) {
    for (left, a) in texts.iter().enumerate() {
        for (right, b) in texts.iter().enumerate() {
            assert_eq!(version(a).cmp(&version(b)), left.cmp(&right), "{a} {b}");
        }
    }
}

#[test]
fn semantic_versioning_section_11() {
    ascending(&[
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
        "1.10.1",
        "2",
        "99999999999999999999999.1",
    ]);
}

#[test]
fn numbers_inside_a_pre_release_compare_as_numbers() {
    ascending(&["3.7.0-rc9", "3.7.0-rc10", "3.7.0"]);
    ascending(&["1.10.1rc9", "1.10.1~rc10", "1.10.1"]);
    ascending(&[
        "26.0.0.Beta1",
        "26.0.0.Beta12",
        "26.0.0.CR1",
        "26.0.0.Final",
    ]);
    ascending(&[
        "6.0.0-M2",
        "6.0.0-M10",
        "6.0.0-RC1",
        "6.0.0-SNAPSHOT",
        "6.0.0",
    ]);
    ascending(&["1.95.0-nightly", "1.95.0"]);
}

#[test]
fn builds_of_a_release_come_after_it() {
    // Debian and Ubuntu.
    ascending(&[
        "1.2.3~rc1-1",
        "1.2.3",
        "1.2.3-1~bpo12",
        "1.2.3-1",
        "1.2.3-1ubuntu2",
        "1.2.3-1ubuntu10",
        "1.2.3-2",
        "1.2.4",
    ]);
    ascending(&["5.10.209-1", "5.10.209-2", "5.10.218-1"]);
    // Images of PostgreSQL, PHP and Docker.
    ascending(&[
        "16-rc1-alpine",
        "16",
        "16-alpine",
        "16-alpine3.9",
        "16-alpine3.19",
        "16.1",
    ]);
    ascending(&[
        "8.3.0-RC1",
        "8.3.0",
        "8.3.0-fpm",
        "8.3.0-fpm-alpine",
        "8.3.1-fpm",
    ]);
    ascending(&[
        "27.0.0-rc.1-rootless",
        "27.0.0",
        "27.0.0-dind",
        "27.0.0-rootless",
    ]);
    // OpenSSH, OpenSSL, git describe.
    ascending(&["9.2", "9.2p1", "9.2p2", "9.3"]);
    ascending(&["1.0.2", "1.0.2a", "1.0.2k-fips", "1.0.2u", "1.1.0"]);
    ascending(&["2.4", "2.4-5-g2414721", "2.4-14-g1a2b3c4", "2.5-dev", "2.5"]);
}

#[test]
fn dates_are_in_order() {
    ascending(&["2024.01.15", "2024.2", "2024.02.1", "2025.1.0"]);
    ascending(&["20231231", "20240115", "20240115-1", "20240116"]);
    ascending(&[
        "2024",
        "2024-01-15",
        "2024-02-01",
        "2024-10-01",
        "2025-01-01",
    ]);
    ascending(&[
        "1.2.3~20240101",
        "1.2.3",
        "1.2.3-20240101",
        "1.2.3-20240301",
    ]);
}

#[test]
fn spellings_of_one_version_are_equal() {
    for (a, b) in [
        ("1.0", "1.0.0"),
        ("v1.2", "1.02.0+build.7"),
        ("1.2.3-1+deb12u1", "1.2.3-1"),
        ("3.7.0-rc1", "v3.7.0-RC.1"),
        ("3.7.0~rc1", "3.7.0-rc1"),
        ("0", "0.0.0"),
    ] {
        assert_eq!(version(a), version(b), "{a} {b}");
        assert_eq!(version(a).cmp(&version(b)), Ordering::Equal, "{a} {b}");
    }
}

#[test]
fn only_the_known_words_make_a_pre_release() {
    for text in [
        "1.0-rc1",
        "1.0-alpine-rc1",
        "1.0.0-preview.2",
        "1.0~x",
        "1.0-dev",
        "1.0-M1",
    ] {
        assert!(
            version(text).is_pre_release() && !version(text).is_build(),
            "{text}"
        );
        assert!(version(text) < version("1.0"), "{text}");
    }
    for text in [
        "1.0-1",
        "1.0-m",
        "1.0-fpm",
        "1.0-prefork",
        "1.0-1ubuntu2",
        "1.0-20240101",
        "1.0-1~rc1",
    ] {
        assert!(
            !version(text).is_pre_release() && version(text).is_build(),
            "{text}"
        );
        assert!(version(text) > version("1.0"), "{text}");
    }
    assert!(!version("1.0").is_build() && !version("1.0+x").is_build());
    assert_eq!(version("1.0-rc1").release(), version("1"));
}

#[test]
fn refuses_what_is_not_a_version() {
    for text in [
        "", "v", "x", "1.", "1..2", "1.2-", "1.2 3", "-1", "1.2-a..b", "1.2+", "1.2-a-", ".1",
        "1.2/3", "1.2-é", "vv1", "1.2-.a",
    ] {
        assert_eq!(Version::parse(text), None, "{text}");
    }
    assert!(Version::parse("1.0.0--a").is_some());
}

#[test]
fn the_first_number_is_compared_as_a_number() {
    assert!(version("10.0").major() > version("9.9").major());
    assert!(version("1").major() > version("0.9").major());
    assert_eq!(version("3.9").major(), version("3.10-rc1").major());
    // All of these are zero.
    assert_eq!(version("0").major(), version("00.0").major());
}

fn any_version() -> impl Strategy<Value = String> {
    "v?[0-9]{1,3}(\\.[0-9]{1,2}){0,3}([-~.]?(rc|alpha|m|alpine|fpm|ubuntu|p)?[0-9]{0,2}(?:[-.~][0-9a-z]{1,2}){0,2})?(\\+b1)?"
        .prop_filter("not a version", |text| Version::parse(text).is_some())
}

fn hash(version: &Version) -> u64 {
    let mut hasher = DefaultHasher::new();
    version.hash(&mut hasher);
    hasher.finish()
}

proptest! {
    #[test]
    fn the_order_is_total(a in any_version(), b in any_version(), c in any_version()) {
        let (a, b, c) = (version(&a), version(&b), version(&c));
        prop_assert_eq!(a.cmp(&a), Ordering::Equal);
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a == b, a.cmp(&b).is_eq());
        if a == b {
            prop_assert_eq!(hash(&a), hash(&b));
        }
        let mut three = [&a, &b, &c];
        three.sort();
        prop_assert!(three[0] <= three[1] && three[1] <= three[2] && three[0] <= three[2]);
    }

    #[test]
    fn suffixes_keep_the_order_total(
        suffixes in proptest::collection::vec("([-~.]?[abmr]{0,1}[0-9]{0,1}){0,3}", 3),
    ) {
        let parsed: Vec<Version> = suffixes
            .iter()
            .filter_map(|suffix| Version::parse(&format!("1{suffix}")))
            .collect();
        if let [a, b, c] = parsed.as_slice() {
            prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
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
        let lower = version(&text(&parts));
        let higher = version(&(text(&higher) + "-rc1"));
        prop_assert!(lower < higher);
    }

    #[test]
    fn never_panics(text in "[ -~é]{0,20}") {
        let _ = Version::parse(&text);
    }
}
