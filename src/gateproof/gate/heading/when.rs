//! Times as people write them beside a state.

use std::fmt;
use std::sync::LazyLock;

use chrono::{
    DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, Timelike, Utc,
};
use regex::Regex;

/// A time that was typed. Hand-typed times are unreliable: age is never computed from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// `2026-06-13T13:00Z`; UTC unless another offset is given.
    Instant(DateTime<Utc>),
    /// `2026-05-28`.
    Date(NaiveDate),
    /// `13:00Z`.
    Time(NaiveTime),
    /// `21:XX`, or a date that does not exist.
    Unreadable(String),
}

impl When {
    /// Whether it is a time that has not come yet.
    pub fn is_after(&self, now: DateTime<Utc>) -> bool {
        match self {
            When::Instant(at) => *at > now,
            When::Date(date) => *date > now.date_naive(),
            When::Time(_) | When::Unreadable(_) => false,
        }
    }

    /// The earliest moment that it can mean in a line that was written at that time.
    pub fn earliest(&self, written: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            When::Instant(time) => Some(*time),
            When::Date(date) => Some(date.and_time(NaiveTime::MIN).and_utc()),
            When::Time(time) => {
                let same_day = written.date_naive().and_time(*time).and_utc();
                // Late in the evening, written after midnight.
                if same_day - written > TimeDelta::hours(12) {
                    Some(same_day - TimeDelta::days(1))
                } else {
                    Some(same_day)
                }
            }
            When::Unreadable(_) => None,
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
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:
        (?P<date>[0-9]{4}-[0-9X]{2}-[0-9X]{2})
          (?: [T\ ] (?P<clock>[0-9X]{2}:[0-9X]{2}(?::[0-9X]{2})?) (?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})? )?
        | (?P<alone>[0-9X]{1,2}:[0-9X]{2}(?::[0-9X]{2})?)Z?)",
    )
    .expect("the pattern is valid")
});

/// The time that is typed at the start of `text` after `@`. A commit in its place is not a time.
pub(super) fn typed(text: &str) -> Option<When> {
    let rest = text.trim_start_matches([' ', '*', '_']);
    let rest = rest.strip_prefix('@')?;
    let rest = rest.trim_start_matches([' ', '~']);
    if let Some(found) = TIME.captures(rest) {
        let all = found.get(0).map_or("", |all| all.as_str());
        // What goes on is not a time: a port, a name.
        if !rest[all.len()..].starts_with(|c: char| c.is_alphanumeric() || c == ':') {
            let part = |name| found.name(name).map(|part| part.as_str());
            let clock = part("clock").or_else(|| part("alone"));
            let when = read(part("date"), clock, part("zone"));
            return Some(when.unwrap_or_else(|| When::Unreadable(all.to_owned())));
        }
    }
    let word: String = rest
        .chars()
        .take_while(|c| !c.is_whitespace() && !"()*,;—–".contains(*c))
        .collect();
    (!word.is_empty() && !is_commit(&word)).then_some(When::Unreadable(word))
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

fn offset(zone: Option<&str>) -> Option<TimeDelta> {
    let Some(zone) = zone.filter(|zone| *zone != "Z") else {
        return Some(TimeDelta::zero());
    };
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..)?.parse().ok()?;
    let offset = TimeDelta::minutes(hours * 60 + minutes);
    Some(if zone.starts_with('-') {
        -offset
    } else {
        offset
    })
}

/// Whether a word can be a commit: 7 to 40 hexadecimal digits, and not a plain number or word.
fn is_commit(word: &str) -> bool {
    (7..=40).contains(&word.len())
        && word
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        && word.bytes().any(|b| b.is_ascii_digit())
        && (word.len() == 40 || word.bytes().any(|b| b.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_of_the_day_on_which_it_was_written_or_of_the_evening_before() {
        let written = "2026-06-13T00:10:00Z".parse().unwrap();
        let earliest = |h, m| {
            let typed = When::Time(NaiveTime::from_hms_opt(h, m, 0).unwrap());
            typed.earliest(written).unwrap().to_rfc3339()
        };
        assert_eq!(earliest(23, 50), "2026-06-12T23:50:00+00:00");
        assert_eq!(earliest(4, 45), "2026-06-13T04:45:00+00:00");
    }
}
