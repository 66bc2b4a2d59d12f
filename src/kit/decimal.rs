//! Decimal numbers of any length, exact: what is written is what is compared.
//!
//! Claims compare block heights, snowflake ids and nanosecond clocks, which a binary double rounds.
//! Only order, sums and products are needed; a library of big numbers would bring a binary integer
//! arithmetic of its own.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A number is not computed with beyond this many digits: two that lie so far apart have no use
/// for their sum.
const MOST_DIGITS: i64 = 10_000;

/// A decimal number: its digits times ten to the exponent. Two spellings of one number are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    /// From 0 to 9 each, without zeros at the two ends; empty for zero.
    digits: Vec<u8>,
    exponent: i64,
}

/// Why a text is not a decimal number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    #[error("that is not a plain number")]
    NotANumber,
    #[error("the exponent of the number is too large")]
    Exponent,
}

impl Decimal {
    /// Zero.
    pub fn zero() -> Self {
        Decimal::default()
    }

    fn new(negative: bool, mut digits: Vec<u8>, mut exponent: i64) -> Self {
        let leading = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..leading);
        while digits.last() == Some(&0) {
            digits.pop();
            exponent = exponent.saturating_add(1);
        }
        if digits.is_empty() {
            return Decimal::zero();
        }
        Decimal {
            negative,
            digits,
            exponent,
        }
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Whether it has no fraction.
    pub fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    /// The number without its sign.
    #[must_use]
    pub fn abs(&self) -> Self {
        Decimal {
            negative: false,
            ..self.clone()
        }
    }

    /// The number with the other sign.
    #[must_use]
    pub fn negated(&self) -> Self {
        Decimal::new(!self.negative, self.digits.clone(), self.exponent)
    }

    /// Times ten to `power`.
    #[must_use]
    pub fn shifted(&self, power: i64) -> Self {
        Decimal::new(
            self.negative,
            self.digits.clone(),
            self.exponent.saturating_add(power),
        )
    }

    /// The sum; `None` where it would have more than 10,000 digits.
    pub fn plus(&self, other: &Decimal) -> Option<Decimal> {
        let exponent = match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, _) => return Some(other.clone()),
            (_, true) => return Some(self.clone()),
            _ => self.exponent.min(other.exponent),
        };
        let (a, b) = (self.whole_at(exponent)?, other.whole_at(exponent)?);
        if self.negative == other.negative {
            return Some(Decimal::new(self.negative, add(&a, &b), exponent));
        }
        Some(match compare(&a, &b) {
            Ordering::Less => Decimal::new(other.negative, subtract(&b, &a), exponent),
            _ => Decimal::new(self.negative, subtract(&a, &b), exponent),
        })
    }

    /// The difference; `None` where it would have more than 10,000 digits.
    pub fn minus(&self, other: &Decimal) -> Option<Decimal> {
        self.plus(&other.negated())
    }

    /// The product; `None` where it would have more than 10,000 digits.
    pub fn times(&self, other: &Decimal) -> Option<Decimal> {
        let length = self.digits.len() + other.digits.len();
        if i64::try_from(length).ok()? > MOST_DIGITS {
            return None;
        }
        let mut sums = vec![0_u32; length];
        for (i, a) in self.digits.iter().rev().enumerate() {
            for (j, b) in other.digits.iter().rev().enumerate() {
                sums[i + j] += u32::from(*a) * u32::from(*b);
            }
        }
        let mut carry = 0;
        let mut digits: Vec<u8> = sums
            .into_iter()
            .map(|sum| {
                let sum = sum + carry;
                carry = sum / 10;
                (sum % 10) as u8
            })
            .collect();
        digits.reverse();
        let exponent = self.exponent.checked_add(other.exponent)?;
        Some(Decimal::new(
            self.negative != other.negative,
            digits,
            exponent,
        ))
    }

    /// The number in the middle of two; `None` where it would have more than 10,000 digits.
    pub fn middle(&self, other: &Decimal) -> Option<Decimal> {
        self.plus(other)?
            .times(&Decimal::from(5_u64))
            .map(|sum| sum.shifted(-1))
    }

    /// The greatest whole number that is not above it.
    #[must_use]
    pub fn floor(&self) -> Self {
        if self.is_whole() {
            return self.clone();
        }
        let keep = i64::try_from(self.digits.len())
            .unwrap_or(i64::MAX)
            .saturating_add(self.exponent);
        let keep = usize::try_from(keep).unwrap_or(0);
        let cut = Decimal::new(self.negative, self.digits[..keep].to_vec(), 0);
        if self.negative {
            cut.plus(&Decimal::from(-1_i64)).unwrap_or(cut)
        } else {
            cut
        }
    }

    /// The smallest whole number that is not below it.
    #[must_use]
    pub fn ceil(&self) -> Self {
        self.negated().floor().negated()
    }

    /// The digits of the whole number that it is in units of ten to `exponent`.
    fn whole_at(&self, exponent: i64) -> Option<Vec<u8>> {
        let zeros = self.exponent.checked_sub(exponent)?;
        let length = zeros.checked_add(i64::try_from(self.digits.len()).ok()?)?;
        if length > MOST_DIGITS {
            return None;
        }
        let mut digits = self.digits.clone();
        digits.resize(usize::try_from(length).ok()?, 0);
        Some(digits)
    }

    /// The place of its first digit: 1 for 1 to 9, 2 for 10 to 99, 0 for 0.1.
    fn magnitude(&self) -> i64 {
        let length = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        self.exponent.saturating_add(length)
    }
}

fn padded(digits: &[u8], length: usize) -> impl DoubleEndedIterator<Item = u8> + '_ {
    std::iter::repeat_n(0, length - digits.len()).chain(digits.iter().copied())
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let length = a.len().max(b.len());
    padded(a, length).cmp(padded(b, length))
}

fn add(a: &[u8], b: &[u8]) -> Vec<u8> {
    let length = a.len().max(b.len()) + 1;
    let mut carry = 0;
    let mut sum: Vec<u8> = padded(a, length)
        .rev()
        .zip(padded(b, length).rev())
        .map(|(a, b)| {
            let sum = a + b + carry;
            carry = sum / 10;
            sum % 10
        })
        .collect();
    sum.reverse();
    sum
}

/// `a - b`, where `b` is not above `a`.
fn subtract(a: &[u8], b: &[u8]) -> Vec<u8> {
    let length = a.len().max(b.len());
    let mut borrow = 0;
    let mut difference: Vec<u8> = padded(a, length)
        .rev()
        .zip(padded(b, length).rev())
        .map(|(a, b)| {
            let left = 10 + a - b - borrow;
            borrow = u8::from(left < 10);
            left % 10
        })
        .collect();
    difference.reverse();
    difference
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Decimal| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        };
        let signs = sign(self).cmp(&sign(other));
        if signs.is_ne() || self.digits.is_empty() {
            return signs;
        }
        // Without zeros at the end, fewer digits of the same beginning are less.
        let sizes = self.magnitude().cmp(&other.magnitude());
        let sizes = sizes.then_with(|| self.digits.cmp(&other.digits));
        if self.negative {
            sizes.reverse()
        } else {
            sizes
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Sign, digits, decimals and exponent: `-1.5e3`, `.5`, `+7`.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, power) = match rest.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, Some(power)),
            None => (rest, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !numeric(whole) || !numeric(fraction) || whole.len() + fraction.len() == 0 {
            return Err(DecimalError::NotANumber);
        }
        let mut exponent = 0;
        if let Some(power) = power {
            let digits = power.strip_prefix(['+', '-']).unwrap_or(power);
            if digits.is_empty() || !numeric(digits) {
                return Err(DecimalError::NotANumber);
            }
            exponent = power.parse::<i64>().map_err(|_| DecimalError::Exponent)?;
            // Sums of two exponents must not overflow.
            if exponent.unsigned_abs() > 1 << 40 {
                return Err(DecimalError::Exponent);
            }
        }
        let digits: Vec<u8> = whole
            .bytes()
            .chain(fraction.bytes())
            .map(|b| b - b'0')
            .collect();
        let decimals = i64::try_from(fraction.len()).map_err(|_| DecimalError::Exponent)?;
        Ok(Decimal::new(negative, digits, exponent - decimals))
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Self {
        Decimal::from(u128::from(value))
    }
}

impl From<usize> for Decimal {
    fn from(value: usize) -> Self {
        Decimal::from(value as u128)
    }
}

impl From<u128> for Decimal {
    fn from(value: u128) -> Self {
        let digits = value.to_string().bytes().map(|b| b - b'0').collect();
        Decimal::new(false, digits, 0)
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        let size = Decimal::from(value.unsigned_abs());
        if value < 0 { size.negated() } else { size }
    }
}

impl fmt::Display for Decimal {
    /// In plain digits, or with an exponent where these would be mostly zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let digits: String = self
            .digits
            .iter()
            .map(|digit| char::from(b'0' + digit))
            .collect();
        let magnitude = self.magnitude();
        match self.exponent {
            _ if digits.is_empty() => f.write_str("0"),
            0..=21 => {
                let zeros = usize::try_from(self.exponent).unwrap_or(0);
                write!(f, "{digits}{}", "0".repeat(zeros))
            }
            ..0 if magnitude > 0 => {
                let (whole, fraction) = digits.split_at(usize::try_from(magnitude).unwrap_or(0));
                write!(f, "{whole}.{fraction}")
            }
            ..0 if magnitude > -7 => {
                let zeros = usize::try_from(-magnitude).unwrap_or(0);
                write!(f, "0.{}{digits}", "0".repeat(zeros))
            }
            _ => {
                let (first, rest) = digits.split_at(1);
                let point = if rest.is_empty() { "" } else { "." };
                write!(f, "{first}{point}{rest}e{}", magnitude - 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn reads_every_spelling_of_one_number_as_that_number() {
        for (a, b) in [
            ("1.10", "1.1"),
            ("100", "1e2"),
            ("-0.0", "0"),
            ("+.5", "5e-1"),
            ("007", "7"),
            ("1.", "1"),
            ("0e999999", "0"),
        ] {
            assert_eq!(read(a), read(b), "{a} {b}");
        }
        for text in [
            "", "-", ".", "e1", "1e", "1e+", "NaN", "inf", "0x10", "1,5", "--1", "1 2", "1_0",
        ] {
            assert_eq!(
                text.parse::<Decimal>(),
                Err(DecimalError::NotANumber),
                "{text}"
            );
        }
        assert_eq!(
            "1e99999999999999999999".parse::<Decimal>(),
            Err(DecimalError::Exponent)
        );
    }

    #[test]
    fn keeps_every_digit() {
        for text in [
            "9007199254740993",
            "1236546565217899832645",
            "-466.15703172372724",
            "1234567890.1234567890123456",
            "0.000001",
            "1e-9",
            "1.5e300",
        ] {
            assert_eq!(read(text).to_string(), text);
        }
        assert!(read("9007199254740993") > read("9007199254740992"));
        assert!(read("1e400") > read("9e399"));
        assert!(read("-1e400") < read("-9e399"));
    }

    #[test]
    fn numbers_far_apart_have_an_order_and_no_sum() {
        let (near, far) = (read("1"), read("1e100000"));
        assert!(near < far);
        assert_eq!(near.plus(&far), None);
        assert_eq!(near.plus(&Decimal::zero()), Some(near));
    }

    #[test]
    fn floor_and_ceil_are_whole_and_beside_it() {
        for (text, floor, ceil) in [
            ("1.5", "1", "2"),
            ("-1.5", "-2", "-1"),
            ("0.01", "0", "1"),
            ("-0.01", "-1", "0"),
            ("9.99", "9", "10"),
            ("120", "120", "120"),
        ] {
            assert_eq!(read(text).floor(), read(floor), "{text}");
            assert_eq!(read(text).ceil(), read(ceil), "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_whole_numbers(a in any::<i64>(), b in any::<i64>(), shift in -30_i64..30) {
            let of = |n: i64| Decimal::from(n).shifted(shift);
            let exact = |n: i128| {
                let size = Decimal::from(n.unsigned_abs());
                if n < 0 { size.negated() } else { size }
            };
            let (wide_a, wide_b) = (i128::from(a), i128::from(b));
            prop_assert_eq!(of(a).cmp(&of(b)), a.cmp(&b));
            prop_assert_eq!(of(a).plus(&of(b)).unwrap(), exact(wide_a + wide_b).shifted(shift));
            prop_assert_eq!(of(a).minus(&of(b)).unwrap(), exact(wide_a - wide_b).shifted(shift));
            let product = of(a).times(&of(b)).unwrap();
            prop_assert_eq!(product, exact(wide_a * wide_b).shifted(2 * shift));
            let middle = of(a).middle(&of(b)).unwrap();
            prop_assert_eq!(middle.plus(&middle), of(a).plus(&of(b)));
        }

        #[test]
        fn reads_back_what_it_writes(text in "-?[0-9]{1,40}(\\.[0-9]{1,40})?(e-?[0-9]{1,4})?") {
            let number = read(&text);
            prop_assert_eq!(read(&number.to_string()), number);
        }

        #[test]
        fn never_panics(text in "(?s).{0,40}") {
            let _ = text.parse::<Decimal>();
        }
    }
}
