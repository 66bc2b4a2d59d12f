//! Numbers written as text.

use std::sync::LazyLock;

use regex::Regex;

/// A plain decimal number: sign, digits, decimals, exponent.
#[expect(
    clippy::unwrap_used,
    reason = "a constant expression, compiled by every test"
)]
static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?$").unwrap()
});

/// Reads a plain decimal number; `Err` says why it is not one.
pub(super) fn parse(text: &str) -> Result<f64, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("there is no number".to_owned());
    }
    if PLAIN.is_match(text) {
        return match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err("the number is too large".to_owned()),
        };
    }
    let number_end = text
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .take_while(|&end| end <= 64)
        .filter(|&end| PLAIN.is_match(&text[..end]))
        .last();
    Err(match number_end {
        Some(end) => format!(
            "a plain number is needed: `{}` is followed by `{}`",
            &text[..end],
            text[end..].trim()
        ),
        None => "that is not a plain number".to_owned(),
    })
}

/// A decimal number, exact: the digits without zeros at their two ends, times ten to the
/// exponent.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// Whether two texts are the same decimal number, exactly: `1.10` and `1.1`, `1e2` and `100`.
pub(super) fn same(a: &str, b: &str) -> bool {
    matches!((decimal(a), decimal(b)), (Some(a), Some(b)) if a == b)
}

fn decimal(text: &str) -> Option<Decimal> {
    let groups = PLAIN.captures(text.trim())?;
    let (whole, fraction) = groups[2].split_once('.').unwrap_or((&groups[2], ""));
    let mut exponent: i64 = groups.get(3).map_or(Ok(0), |e| e.as_str().parse()).ok()?;
    exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let all = format!("{whole}{fraction}");
    let digits = all.trim_end_matches('0');
    exponent = exponent.checked_add(i64::try_from(all.len() - digits.len()).ok()?)?;
    let digits = digits.trim_start_matches('0').to_owned();
    if digits.is_empty() {
        return Some(Decimal {
            negative: false,
            digits,
            exponent: 0,
        });
    }
    Some(Decimal {
        negative: &groups[1] == "-",
        digits,
        exponent,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_plain_numbers_and_refuses_units() {
        assert_eq!(parse(" +1.5e1\n"), Ok(15.0));
        assert_eq!(parse("-0"), Ok(0.0));
        assert_eq!(parse(".5"), Ok(0.5));
        assert_eq!(
            parse("83%"),
            Err("a plain number is needed: `83` is followed by `%`".to_owned())
        );
        assert_eq!(
            parse("1.5 GiB"),
            Err("a plain number is needed: `1.5` is followed by `GiB`".to_owned())
        );
        for text in ["", "NaN", "inf", "1e999", "0x10", "1,5", "--1", "1_000"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn compares_decimals_exactly() {
        assert!(same("1.10", "1.1"));
        assert!(same("100", "1e2"));
        assert!(same("-0.0", "0"));
        assert!(!same("9007199254740993", "9007199254740992"));
        assert!(!same("1", "-1"));
        assert!(!same("x", "x"));
    }

    proptest! {
        #[test]
        fn reads_back_every_number_it_is_given(value in proptest::num::f64::NORMAL) {
            prop_assert_eq!(parse(&format!("{value:e}")), Ok(value));
        }

        #[test]
        fn never_panics(text in "(?s).{0,40}") {
            let _ = parse(&text);
            prop_assert_eq!(same(&text, &text), decimal(&text).is_some());
        }
    }
}
