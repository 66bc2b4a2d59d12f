//! The difference between two texts, shown so that it is visible.

use similar::{Algorithm, ChangeTag, capture_diff_slices, group_diff_ops};

use super::render;
use kit::count::count;

/// The most lines of a diff.
const MAX_LINES: usize = 40;
/// The most characters of one of its lines.
const MAX_WIDTH: usize = 160;
/// The most lines of each text that are compared: the cost of a diff grows with their product.
const WINDOW: usize = 400;
/// Lines of context around a change.
const CONTEXT: usize = 2;

/// A unified line diff from what was expected (`-`) to what was there (`+`), when one of the
/// texts has more than one line.
pub(super) fn lines(expected: &str, observed: &str) -> Option<String> {
    if expected == observed || !(expected.contains('\n') || observed.contains('\n')) {
        return None;
    }
    let before: Vec<&str> = expected.split('\n').collect();
    let after: Vec<&str> = observed.split('\n').collect();
    let common = before
        .iter()
        .zip(&after)
        .take_while(|(a, b)| a == b)
        .count();
    let skipped = common.saturating_sub(CONTEXT);
    let window = |lines: &[&'_ str]| -> usize { (lines.len() - skipped).min(WINDOW) };
    let old = &before[skipped..skipped + window(&before)];
    let new = &after[skipped..skipped + window(&after)];

    let mut out = vec!["--- expected".to_owned(), "+++ observed".to_owned()];
    let ops = capture_diff_slices(Algorithm::Myers, old, new);
    for group in group_diff_ops(ops, CONTEXT) {
        if let Some(first) = group.first() {
            out.push(format!(
                "@@ line {} @@",
                skipped + first.new_range().start + 1
            ));
        }
        for op in group {
            for change in op.iter_changes(old, new) {
                let sign = match change.tag() {
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                    ChangeTag::Equal => ' ',
                };
                out.push(format!("{sign}{}", render::head(change.value(), MAX_WIDTH)));
            }
        }
    }
    let left_out = out.len().saturating_sub(MAX_LINES - 1);
    if left_out > 0 {
        out.truncate(MAX_LINES - 1);
        out.push(format!("… {} more", count(left_out, "line")));
    } else if before.len().max(after.len()) > skipped + WINDOW {
        out.push("… the rest was not compared".to_owned());
    }
    Some(out.join("\n"))
}

/// What differs, when two texts look the same: the first differing character, by name.
pub(super) fn invisible(expected: &str, observed: &str) -> Option<String> {
    if expected == observed {
        return None;
    }
    if appearance(expected) != appearance(observed) {
        return other_script(expected, observed);
    }
    let mut wanted = expected.chars();
    let mut found = observed.chars();
    let mut position = 0_usize;
    loop {
        position += 1;
        match (wanted.next(), found.next()) {
            (a, b) if a == b && a.is_some() => {}
            (Some(a), Some(b)) => {
                return Some(format!(
                    "they look alike, but character {position} is {} where {} was expected",
                    name(b),
                    name(a)
                ));
            }
            (None, Some(b)) => {
                return Some(format!(
                    "they look alike, but {} follows at character {position}",
                    name(b)
                ));
            }
            (Some(a), None) => {
                return Some(format!(
                    "they look alike, but {} is missing at character {position}",
                    name(a)
                ));
            }
            (None, None) => return None,
        }
    }
}

/// The first difference, where a character of another script or a combining mark may look like the
/// one that was expected: Cyrillic `о` for `o`, `e` with an accent of its own for `é`.
fn other_script(expected: &str, observed: &str) -> Option<String> {
    let mut pairs = expected.chars().zip(observed.chars()).enumerate();
    let (position, (wanted, found)) = pairs.find(|(_, (a, b))| a != b)?;
    let mark = |c: char| ('\u{300}'..='\u{36f}').contains(&c);
    let letters = wanted.is_alphabetic() && found.is_alphabetic();
    let mixed = wanted.is_ascii() != found.is_ascii();
    if !(letters && mixed || mark(wanted) || mark(found)) {
        return None;
    }
    let code = |c: char| format!("`{c}` (U+{:04X})", u32::from(c));
    Some(format!(
        "character {} is {} where {} was expected",
        position + 1,
        code(found),
        code(wanted)
    ))
}

/// The text as it looks on paper: without what has no width, white space all the same.
fn appearance(text: &str) -> String {
    let mut visible = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.peek() == Some(&'[') {
            // A control sequence: up to its final byte (ECMA-48, 5.4).
            chars.next();
            while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
        } else if c.is_whitespace() {
            visible.push(' ');
        } else if !is_invisible(c) {
            visible.push(c);
        }
    }
    visible
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn name(c: char) -> String {
    let words = match c {
        ' ' => "a space",
        '\t' => "a tab",
        '\n' => "a line end",
        '\r' => "a carriage return (CRLF line ends?)",
        '\u{a0}' => "a no-break space (U+00A0)",
        '\u{1b}' => "an escape (ANSI colours?)",
        '\u{200b}' => "a zero-width space (U+200B)",
        '\u{feff}' => "a byte order mark (U+FEFF)",
        _ if c.is_whitespace() || is_invisible(c) => return format!("U+{:04X}", u32::from(c)),
        _ => return format!("`{c}`"),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shows_changed_lines_with_their_context() {
        let diff = lines("a\nb\nc\nd\ne", "a\nb\nX\td\nd\ne").unwrap();
        assert_eq!(
            diff,
            "--- expected\n+++ observed\n@@ line 1 @@\n a\n b\n-c\n+X\\td\n d\n e"
        );
    }

    #[test]
    fn numbers_lines_behind_a_long_common_beginning() {
        let common = "same\n".repeat(5_000);
        let diff = lines(&format!("{common}a"), &format!("{common}b")).unwrap();
        assert!(
            diff.contains("@@ line 4999 @@\n same\n same\n-a\n+b"),
            "{diff}"
        );
    }

    #[test]
    fn needs_no_diff_for_single_lines() {
        assert_eq!(lines("a", "b"), None);
    }

    #[test]
    fn names_differences_that_cannot_be_seen() {
        for (expected, observed, words) in [
            ("a b", "a\u{a0}b", "character 2 is a no-break space"),
            ("a b", "a\tb", "character 2 is a tab"),
            ("a\nb", "a\r\nb", "carriage return"),
            ("red", "\u{1b}[31mred\u{1b}[0m", "an escape (ANSI colours?)"),
            ("ab", "a\u{200b}b", "zero-width space"),
            ("a", "a\0", "U+0000 follows at character 2"),
            ("a  b", "a b", "is `b` where a space was expected"),
        ] {
            let note = invisible(expected, observed).unwrap();
            assert!(note.contains(words), "{note}");
        }
        for (expected, observed, words) in [
            ("ok", "\u{43e}k", "`о` (U+043E) where `o` (U+006F)"),
            ("caf\u{e9}", "cafe\u{301}", "(U+0065) where `é` (U+00E9)"),
        ] {
            let note = invisible(expected, observed).unwrap();
            assert!(note.contains(words), "{note}");
        }
        assert_eq!(invisible("a", "b"), None);
    }

    proptest! {
        #[test]
        fn a_diff_is_bounded_and_harmless(
            a in "(?s)(.{0,9}\n){0,60}",
            b in "(?s)(.{0,9}\n){0,60}",
        ) {
            if let Some(diff) = lines(&a, &b) {
                prop_assert!(diff.lines().count() <= MAX_LINES);
                prop_assert!(!diff.chars().any(|c| c.is_control() && c != '\n'));
            } else {
                prop_assert!(a == b || !(a.contains('\n') || b.contains('\n')));
            }
        }

        #[test]
        fn texts_that_look_alike_and_differ_get_a_reason(a in "[ab\t\u{a0}\u{200b}]{0,8}") {
            let b: String = a.chars().filter(|c| *c != '\u{200b}').collect();
            prop_assert_eq!(invisible(&b, &a).is_some(), a != b);
        }
    }
}
