//! Text from outside, made fit to be shown: bounded, and with nothing in it that a terminal or
//! a reader could be fooled by.

/// The most characters of one field of a mismatch.
pub(super) const LIMIT: usize = 400;

/// Room for the words that say how much was left out.
const MARKER: usize = 40;

/// The text with every character that cannot be seen written as an escape (`\n`, `\t`,
/// `\u{1b}`, `\u{a0}`), and at most `limit` characters: the head and the tail are kept. Quotes
/// and backslashes stay: what is shown is read, not parsed.
pub(super) fn clean(text: &str, limit: usize) -> String {
    let mut head = String::new();
    let mut head_chars = 0;
    let mut head_end = None;
    let mut used = 0;
    // A long text keeps this much of its head when it turns out not to fit.
    let head_room = (limit * 2 / 3).saturating_sub(MARKER);
    for (index, c) in text.chars().enumerate() {
        let shown = shown_char(c);
        let width = shown.chars().count();
        if used + width > head_room && head_end.is_none() {
            head_end = Some(head.len());
            head_chars = index;
        }
        if used + width > limit {
            let keep = head_end.unwrap_or(head.len());
            return cut(text, &head[..keep], head_chars, limit);
        }
        head.push_str(&shown);
        used += width;
    }
    head
}

/// `head`, how much is missing, and as much of the tail of `text` as fits.
fn cut(text: &str, head: &str, head_chars: usize, limit: usize) -> String {
    let total = text.chars().count();
    let room = limit.saturating_sub(head.chars().count() + MARKER);
    let mut tail = Vec::new();
    let mut used = 0;
    for c in text.chars().rev().take(total - head_chars) {
        let shown = shown_char(c);
        let width = shown.chars().count();
        if used + width > room {
            break;
        }
        used += width;
        tail.push(shown);
    }
    let missing = total - head_chars - tail.len();
    tail.reverse();
    format!("{head}… [{missing} characters] …{}", tail.concat())
}

/// [`clean`], but only the head is kept: for table cells.
pub(super) fn head(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    let mut fits = 0;
    for c in text.chars() {
        let shown = shown_char(c);
        let width = shown.chars().count();
        if used + width > limit {
            out.truncate(fits);
            out.push('…');
            return out;
        }
        out.push_str(&shown);
        used += width;
        if used < limit {
            fits = out.len();
        }
    }
    out
}

/// The trimmed text, or in words that there is none.
pub(super) fn shown(text: &str) -> &str {
    or_empty(text.trim())
}

/// The text, or in words that there is none.
pub(super) fn or_empty(text: &str) -> &str {
    if text.is_empty() { "(empty)" } else { text }
}

/// One character as it is shown: an escape, when it is not printable.
fn shown_char(c: char) -> String {
    match c {
        '\'' | '"' | '\\' => c.to_string(),
        _ => c.escape_debug().collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn makes_what_cannot_be_seen_visible() {
        assert_eq!(
            clean("a\tb\u{a0}c\r\n\u{1b}[31m\u{202e}\u{feff}é漢\\\"'", 100),
            r#"a\tb\u{a0}c\r\n\u{1b}[31m\u{202e}\u{feff}é漢\"'"#
        );
    }

    #[test]
    fn keeps_head_and_tail_and_says_how_much_is_missing() {
        let text = format!("head{}tail", "x".repeat(10_000));
        let shown = clean(&text, 400);
        assert!(shown.starts_with("headxxx"), "{shown}");
        assert!(shown.ends_with("xxxtail"), "{shown}");
        assert!(shown.contains("characters] …"), "{shown}");
    }

    proptest! {
        #[test]
        fn whatever_is_shown_is_bounded_and_has_no_control_characters(
            text in "(?s).{0,300}",
            limit in 100_usize..400,
        ) {
            for shown in [clean(&text, limit), head(&text, limit)] {
                prop_assert!(shown.chars().count() <= limit, "{}", shown);
                prop_assert!(!shown.chars().any(char::is_control));
            }
        }

        #[test]
        fn cleaning_twice_changes_nothing(text in "(?s).{0,600}") {
            let once = clean(&text, LIMIT);
            prop_assert_eq!(clean(&once, LIMIT), once);
        }

        #[test]
        fn short_plain_text_is_shown_as_it_is(text in "[ -~]{0,400}") {
            prop_assert_eq!(clean(&text, LIMIT), text);
        }
    }
}
