//! Times as people write them beside a state.

use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Timelike, Utc};
use regex::Regex;
use serde::Serialize;

/// A time that was typed. Hand-typed times are unreliable: age is never computed from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum When {
    /// `2026-06-13T13:00Z`; UTC unless another offset is told.
    Instant(DateTime<Utc>),
    /// `2026-05-28`.
    Date(NaiveDate),
    /// `13:00Z`.
    Time(NaiveTime),
    /// `21:XX`, or a date that does not exist.
    Unreadable(String),
}

impl When {
    /// Whether it says something that has not come yet.
    pub fn is_after(&self, now: DateTime<Utc>) -> bool {
        match self {
            When::Instant(at) => *at > now,
            When::Date(date) => *date > now.date_naive(),
            When::Time(_) | When::Unreadable(_) => false,
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Instant(at) if at.second() == 0 => write!(f, "{}", at.format("%Y-%m-%dT%H:%MZ")),
            When::Instant(at) => f.write_str(&at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            When::Date(date) => write!(f, "{date}"),
            When::Time(time) if time.second() == 0 => write!(f, "{}", time.format("%H:%MZ")),
            When::Time(time) => write!(f, "{}", time.format("%H:%M:%SZ")),
            When::Unreadable(text) => f.write_str(text),
        }
    }
}

/// A date with or without a time, or a time alone; digits may be placeholders.
static TIME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        (?P<date>[0-9]{4}-[0-9X]{2}-[0-9X]{2})
          (?: [T\ ] (?P<clock>[0-9X]{2}:[0-9X]{2}(?::[0-9X]{2})?) (?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})? )?
        | (?P<alone>[0-9X]{1,2}:[0-9X]{2}(?::[0-9X]{2})?)Z?",
    )
    .ok()
});

/// The time that stands right at the start of `text` after `@`, and how many bytes that is. A
/// commit in its place is no time.
pub(super) fn at_start(text: &str) -> Option<(When, usize)> {
    let rest = text.trim_start_matches([' ', '*', '_']);
    let rest = rest.strip_prefix('@')?;
    let rest = rest.trim_start_matches([' ', '~']);
    let before = text.len() - rest.len();
    if let Some((when, range)) = first(rest)
        && range.start == 0
    {
        return Some((when, before + range.end));
    }
    let word: String = rest
        .chars()
        .take_while(|c| !c.is_whitespace() && !"()*,;—–".contains(*c))
        .collect();
    if word.is_empty() || is_commit(&word) {
        return None;
    }
    let end = before + word.len();
    Some((When::Unreadable(word), end))
}

/// The first time in a text.
pub(super) fn within(text: &str) -> Option<When> {
    first(text).map(|(when, _)| when)
}

/// Whether a tail tells that time itself.
pub(super) fn told_in(tail: &str, when: &When) -> bool {
    within(tail).as_ref() == Some(when)
}

fn first(text: &str) -> Option<(When, Range<usize>)> {
    let regex = TIME.as_ref()?;
    // `REVIEW-1:20` or a port is no time: a time stands at a word's edge.
    let found = regex.captures_iter(text).find(|found| {
        let range = found.get(0).map_or(0..0, |all| all.range());
        let joins = |c: char| c.is_alphanumeric() || matches!(c, ':' | '-' | '_' | '.');
        !text[..range.start].ends_with(joins)
            && !text[range.end..].starts_with(|c: char| c.is_alphanumeric() || c == ':')
    })?;
    let range = found.get(0)?.range();
    let when = read(
        found.name("date").map(|part| part.as_str()),
        found
            .name("clock")
            .or_else(|| found.name("alone"))
            .map(|part| part.as_str()),
        found.name("zone").map(|part| part.as_str()),
    );
    let when = when.unwrap_or_else(|| When::Unreadable(text[range.clone()].to_owned()));
    Some((when, range))
}

fn read(date: Option<&str>, clock: Option<&str>, zone: Option<&str>) -> Option<When> {
    let time = match clock {
        Some(clock) => Some(
            NaiveTime::parse_from_str(clock, "%H:%M:%S")
                .or_else(|_| NaiveTime::parse_from_str(clock, "%H:%M"))
                .ok()
                // A leap second has no place in a document about gates.
                .filter(|time| time.nanosecond() < 1_000_000_000)?,
        ),
        None => None,
    };
    let date = match date {
        Some(date) => Some(NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?),
        None => None,
    };
    match (date, time) {
        (Some(date), Some(time)) => {
            let local = NaiveDateTime::new(date, time).and_utc();
            Some(When::Instant(local - offset(zone)?))
        }
        (Some(date), None) => Some(When::Date(date)),
        (None, Some(time)) => Some(When::Time(time)),
        (None, None) => None,
    }
}

fn offset(zone: Option<&str>) -> Option<chrono::TimeDelta> {
    let Some(zone) = zone.filter(|zone| *zone != "Z") else {
        return Some(chrono::TimeDelta::zero());
    };
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..)?.parse().ok()?;
    let offset = chrono::TimeDelta::minutes(hours * 60 + minutes);
    Some(if zone.starts_with('-') {
        -offset
    } else {
        offset
    })
}

/// Whether a word can be a commit: 7 to 40 hexadecimal digits, and not a plain number or word.
pub(super) fn is_commit(word: &str) -> bool {
    (7..=40).contains(&word.len())
        && word
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        && word.bytes().any(|b| b.is_ascii_digit())
        && (word.len() == 40 || word.bytes().any(|b| b.is_ascii_alphabetic()))
}
