//! Counted nouns in messages: `1 gate`, `2 gates`, never `1 gate(s)`.

use std::fmt::Display;

/// A number with its noun: `1 gate`, `2 gates`, `1 match`, `2 matches`, `2 entries`.
///
/// `noun` is the singular of a noun with a regular plural; [`count_of`] takes any other.
pub fn count<N: Copy + Display + PartialEq + From<u8>>(n: N, noun: &str) -> String {
    count_of(n, noun, &plural(noun))
}

/// A number with the singular or the plural of its noun: for irregular nouns and whole phrases
/// (`1 child`, `3 children`; `1 person is`, `2 people are`).
pub fn count_of<N: Copy + Display + PartialEq + From<u8>>(n: N, one: &str, many: &str) -> String {
    if n == N::from(1) {
        format!("{n} {one}")
    } else {
        format!("{n} {many}")
    }
}

/// The regular English plural of a noun.
pub fn plural(noun: &str) -> String {
    let sibilant = ["s", "x", "z", "ch", "sh"];
    if sibilant.iter().any(|end| noun.ends_with(end)) {
        return format!("{noun}es");
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_everything_else_is_plural() {
        assert_eq!(count(0_usize, "gate"), "0 gates");
        assert_eq!(count(1_usize, "gate"), "1 gate");
        assert_eq!(count(2_u64, "gate"), "2 gates");
        assert_eq!(count(-1_i64, "day"), "-1 days");
        assert_eq!(count(21_usize, "check"), "21 checks");
    }

    #[test]
    fn forms_the_regular_plurals_of_english() {
        for (one, many) in [
            ("match", "matches"),
            ("process", "processes"),
            ("box", "boxes"),
            ("entry", "entries"),
            ("key", "keys"),
            ("day", "days"),
            ("tag", "tags"),
        ] {
            assert_eq!(count(1_usize, one), format!("1 {one}"));
            assert_eq!(count(3_usize, one), format!("3 {many}"));
        }
    }

    #[test]
    fn takes_an_irregular_plural_as_it_is() {
        assert_eq!(count_of(1_usize, "child", "children"), "1 child");
        assert_eq!(count_of(2_usize, "child", "children"), "2 children");
        assert_eq!(count_of(0_usize, "person is", "people are"), "0 people are");
    }
}
