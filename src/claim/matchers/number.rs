//! Numbers written as text: plain decimals, or with the unit or in the form that a claim names.

use kit::decimal::{Decimal, DecimalError};

/// How a text is read as a number. Nothing is guessed: a unit and a grouping must be named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    pub unit: Unit,
    pub form: Form,
}

/// What follows the number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Nothing.
    #[default]
    None,
    /// A size: `512`, `7.5G` and `7.5GiB` (powers of 1024), `7.5GB` (powers of 1000). In bytes.
    Bytes,
    /// This text, such as `%`.
    Text(String),
}

impl Unit {
    /// The unit for the words of a message: ` bytes`, `%`.
    pub(super) fn shown(&self) -> String {
        match self {
            Unit::None => String::new(),
            Unit::Bytes => "bytes".to_owned(),
            Unit::Text(text) => text.clone(),
        }
    }
}

/// How digits are grouped, and which character begins the decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Between groups of three digits.
    pub group: Option<char>,
    /// A comma stands before the decimals, and not a point.
    pub decimal_comma: bool,
}

impl Form {
    /// The forms that can be named, each by an example of itself.
    pub(crate) const NAMES: [(&str, Form); 6] = [
        ("1,234.5", Form::new(Some(','), false)),
        ("1.234,5", Form::new(Some('.'), true)),
        ("1 234.5", Form::new(Some(' '), false)),
        ("1 234,5", Form::new(Some(' '), true)),
        ("1'234.5", Form::new(Some('\''), false)),
        ("1234,5", Form::new(None, true)),
    ];

    const fn new(group: Option<char>, decimal_comma: bool) -> Form {
        Form {
            group,
            decimal_comma,
        }
    }

    /// The number as a plain one.
    fn plain(self, text: &str) -> Option<String> {
        let point = if self.decimal_comma { ',' } else { '.' };
        let (whole, fraction) = match text.split_once(point) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let whole = match self.group {
            None => whole.to_owned(),
            Some(group) => {
                let (sign, digits) =
                    whole.split_at(whole.len() - whole.trim_start_matches(['+', '-']).len());
                let mut groups =
                    digits.split(|c: char| c == group || group == ' ' && c.is_whitespace());
                let first = groups.next().unwrap_or_default();
                let rest: Vec<&str> = groups.collect();
                let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
                let good = rest.iter().all(|part| part.len() == 3 && digits(part))
                    && (rest.is_empty() || (1..=3).contains(&first.len()) && digits(first));
                good.then(|| format!("{sign}{first}{}", rest.concat()))?
            }
        };
        let fraction = fraction.map_or(String::new(), |digits| format!(".{digits}"));
        Some(format!("{whole}{fraction}"))
    }
}

/// Reads a plain decimal number; `Err` says why it is not one.
pub(super) fn parse(text: &str) -> Result<Decimal, String> {
    read(text, &Reading::default())
}

/// Reads a number with its unit and form; `Err` says why it is not one.
pub(super) fn read(text: &str, reading: &Reading) -> Result<Decimal, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("there is no number".to_owned());
    }
    let (amount, found) = match &reading.unit {
        Unit::None => (text, number(text, reading.form)),
        Unit::Bytes => (text, bytes(text, reading.form)),
        Unit::Text(unit) => match text.strip_suffix(unit.as_str()) {
            Some(amount) => (amount.trim_end(), number(amount.trim_end(), reading.form)),
            None => return Err(format!("a number with the unit `{unit}` is needed")),
        },
    };
    found.map_err(|error| match (error, &reading.unit) {
        (DecimalError::NotANumber, Unit::Bytes) => {
            "a size is needed, such as `512`, `7.5G` or `7.5 GB`".to_owned()
        }
        (DecimalError::NotANumber, _) => not_plain(amount),
        (error, _) => error.to_string(),
    })
}

fn number(text: &str, form: Form) -> Result<Decimal, DecimalError> {
    if form == Form::default() {
        return text.parse();
    }
    form.plain(text).ok_or(DecimalError::NotANumber)?.parse()
}

/// Units of sizes by their letters; `i` and a bare letter stand for powers of 1024.
fn bytes(text: &str, form: Form) -> Result<Decimal, DecimalError> {
    let end = text
        .rfind(|c: char| c.is_ascii_digit())
        .map_or(0, |at| at + 1);
    let (amount, unit) = text.split_at(end);
    let lower = unit.trim().to_ascii_lowercase();
    let lower = match lower.as_str() {
        "byte" | "bytes" => "b",
        other => other,
    };
    let letters = lower.strip_suffix('b').unwrap_or(lower);
    let (letter, binary) = match letters.strip_suffix('i') {
        Some(letter) => (letter, true),
        None => (letters, !lower.ends_with('b')),
    };
    let power = match letter {
        "" if letters.is_empty() => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        "e" => 6,
        _ => return Err(DecimalError::NotANumber),
    };
    let unit = if binary {
        Decimal::from(1_u128 << (10 * power))
    } else {
        Decimal::from(1_u64).shifted(3 * power)
    };
    number(amount, form)?
        .times(&unit)
        .ok_or(DecimalError::Exponent)
}

/// Why a text is not a plain number, and what names what is there.
fn not_plain(text: &str) -> String {
    let number_end = text
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .take_while(|&end| end <= 64)
        .filter(|&end| text[..end].parse::<Decimal>().is_ok())
        .last();
    let Some(end) = number_end else {
        return "that is not a plain number".to_owned();
    };
    let rest = text[end..].trim();
    // One form for each number that it may mean.
    let mut forms: Vec<(&str, Decimal)> = Vec::new();
    for (name, form) in Form::NAMES {
        if let Ok(read) = number(text, form)
            && forms.iter().all(|(_, known)| *known != read)
        {
            forms.push((name, read));
        }
    }
    let forms: Vec<String> = forms
        .iter()
        .map(|(name, read)| format!("`form: \"{name}\"` reads {read}"))
        .collect();
    let hint = if rest == "%" {
        "; `unit: \"%\"` reads it".to_owned()
    } else if bytes(text, Form::default()).is_ok() {
        "; `unit: bytes` reads it".to_owned()
    } else if forms.is_empty() {
        String::new()
    } else {
        format!("; {}", forms.join(" and "))
    };
    format!(
        "a plain number is needed: `{}` is followed by `{rest}`{hint}",
        &text[..end]
    )
}

/// Whether two texts are the same decimal number, exactly: `1.10` and `1.1`, `1e2` and `100`.
pub(super) fn same(a: &str, b: &str) -> bool {
    matches!((a.trim().parse::<Decimal>(), b.trim().parse::<Decimal>()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn reads_plain_numbers_and_refuses_units_that_are_not_named() {
        assert_eq!(parse(" +1.5e1\n"), Ok(plain("15")));
        assert_eq!(parse("-0"), Ok(Decimal::zero()));
        assert_eq!(parse("1e999"), Ok(plain("1e999")));
        for (text, words) in [
            ("83%", "`83` is followed by `%`; `unit: \"%\"`"),
            ("1.5 GiB", "`1.5` is followed by `GiB`; `unit: bytes`"),
            (
                "1,234",
                "`1` is followed by `,234`; `form: \"1,234.5\"` reads 1234 and `form: \"1.234,5\"` reads 1.234",
            ),
            ("1.234,5", "; `form: \"1.234,5\"` reads 1234.5"),
            ("1'234", "; `form: \"1'234.5\"` reads 1234"),
            ("3,5", "; `form: \"1.234,5\"` reads 3.5"),
            ("1,23,4", "`1` is followed by `,23,4`"),
        ] {
            let why = parse(text).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
        for text in ["", "NaN", "inf", "0x10", "1,5", "--1", "1_000"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn reads_the_unit_that_is_named() {
        let of = |unit: Unit, text: &str| {
            read(
                text,
                &Reading {
                    unit,
                    form: Form::default(),
                },
            )
        };
        let percent = || Unit::Text("%".to_owned());
        assert_eq!(of(percent(), "50%\n"), Ok(plain("50")));
        assert_eq!(of(percent(), "49.5 %"), Ok(plain("49.5")));
        assert!(of(percent(), "50").is_err());
        for (text, bytes) in [
            ("512", "512"),
            ("7.5G", "8053063680"),
            ("7.5 GiB", "8053063680"),
            ("7.5GB", "7500000000"),
            ("12K", "12288"),
            ("3 bytes", "3"),
            ("1kB", "1000"),
        ] {
            assert_eq!(of(Unit::Bytes, text), Ok(plain(bytes)), "{text}");
        }
        for text in ["7.5X", "G", "7.5Gi Gi", "1i"] {
            assert!(of(Unit::Bytes, text).is_err(), "{text}");
        }
    }

    #[test]
    fn reads_the_form_that_is_named() {
        for (text, form, number) in [
            ("1,234", "1,234.5", "1234"),
            ("-12,345,678.25", "1,234.5", "-12345678.25"),
            ("1.234,5", "1.234,5", "1234.5"),
            ("1 234 567", "1 234.5", "1234567"),
            ("3,5", "1234,5", "3.5"),
            ("999", "1,234.5", "999"),
        ] {
            let (_, form) = Form::NAMES
                .into_iter()
                .find(|(name, _)| *name == form)
                .unwrap();
            let reading = Reading {
                form,
                ..Reading::default()
            };
            assert_eq!(read(text, &reading), Ok(plain(number)), "{text}");
        }
        let (_, form) = Form::NAMES[0];
        let reading = Reading {
            form,
            ..Reading::default()
        };
        for text in [
            "1,23", "1234,567", ",123", "1,234,5", "1,,234", "1,2e3", "1,+23", "1e1,234", "1,23e",
        ] {
            assert!(read(text, &reading).is_err(), "{text}");
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
        fn never_panics(text in "(?s).{0,40}", form in 0_usize..6) {
            let (_, form) = Form::NAMES[form];
            for unit in [Unit::None, Unit::Bytes, Unit::Text("%".to_owned())] {
                let _ = read(&text, &Reading { unit, form });
            }
            let _ = parse(&text);
        }
    }
}
