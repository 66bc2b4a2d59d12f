//! Times as programs write them.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use regex::Regex;

use super::render;

/// How a bare number is read where a time is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeFormat {
    /// Not at all: times are dates.
    #[default]
    Date,
    /// As seconds since 1970 (UTC).
    Seconds,
    /// As milliseconds since 1970 (UTC).
    Milliseconds,
}

/// RFC 3339, also without seconds, with a space in place of `T` or before the offset, an offset
/// without a colon, the names `UTC` and `GMT`, and a weekday before: as systemd, git, docker and
/// Go write times.
#[expect(
    clippy::unwrap_used,
    reason = "a constant expression, compiled by every test"
)]
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\ )?
        (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})
        (?:[Tt\ ](?P<minute>[0-9]{2}:[0-9]{2})(?P<second>:[0-9]{2}(?:[.,][0-9]+)?)?
           \ ?(?P<zone>[Zz]|[A-Z]{2,5}|[+-][0-9]{2}(?::?[0-9]{2})?(?:\ UTC)?)?)?$",
    )
    .unwrap()
});

/// `Sat, 30 May 2026 05:41:12 GMT`: HTTP (RFC 9110, 5.6.7) and mail.
#[expect(
    clippy::unwrap_used,
    reason = "a constant expression, compiled by every test"
)]
static HTTP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{5,8} ([A-Z]{2,5}|[+-][0-9]{4})$",
    )
    .unwrap()
});

#[expect(
    clippy::unwrap_used,
    reason = "a constant expression, compiled by every test"
)]
static COUNT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(-?)([0-9]{1,18})(?:\.([0-9]+))?$").unwrap());

/// Months by name, before the day: `Sat May 30 05:41:12 UTC 2026` as `date` prints it, and
/// `May 30 05:41:12 2026 GMT` as `openssl` does. Or after it: `Saturday, 30-May-26 05:41:12 GMT`, the
/// old form of HTTP (RFC 9110, 5.6.7).
#[expect(
    clippy::unwrap_used,
    reason = "a constant expression, compiled by every test"
)]
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:
        (?:[A-Z][a-z]{2}\ )?(?P<month>[A-Z][a-z]{2})\ +(?P<day>[0-9]{1,2})\ (?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})
            \ (?:(?P<zone>[A-Z]{2,5}|[+-][0-9]{2}:?[0-9]{2})\ )?(?P<year>[0-9]{4})(?:\ (?P<zone_after>[A-Z]{2,5}))?
        |[A-Z][a-z]{5,8},\ (?P<old_day>[0-9]{2})-(?P<old_month>[A-Z][a-z]{2})-(?P<old_year>[0-9]{2})
            \ (?P<old_time>[0-9]{2}:[0-9]{2}:[0-9]{2})\ (?P<old_zone>[A-Z]{2,5})
        )$",
    )
    .unwrap()
});

/// The basic format of ISO 8601: `20260530T054112Z`.
#[expect(
    clippy::unwrap_used,
    reason = "a constant expression, compiled by every test"
)]
static BASIC: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})(.*)$").unwrap()
});

/// A time with the month by name, as a date with numbers.
fn by_numbers(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let parts = NAMED.captures(text)?;
    let of = |new: &str, old: &str| {
        parts
            .name(new)
            .or_else(|| parts.name(old))
            .map(|m| m.as_str())
    };
    let month = MONTHS
        .iter()
        .position(|name| Some(*name) == of("month", "old_month"))?
        + 1;
    let year: u32 = of("year", "old_year")?.parse().ok()?;
    // Two digits: of this century, but for those beyond the age of the web.
    let year = match year {
        0..=69 => 2000 + year,
        70..=99 => 1900 + year,
        _ => year,
    };
    let day: u32 = of("day", "old_day")?.parse().ok()?;
    let zone = of("zone", "old_zone")
        .or_else(|| of("zone_after", "zone_after"))
        .unwrap_or_default();
    Some(
        format!(
            "{year:04}-{month:02}-{day:02} {} {zone}",
            of("time", "old_time")?
        )
        .trim()
        .to_owned(),
    )
}

/// Reads a time; `Err` says why it is not one. A bare number is a time only where `format`
/// gives its unit; `@` before it means seconds since 1970.
pub fn read_time(text: &str, format: TimeFormat) -> Result<DateTime<Utc>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("there is no time".to_owned());
    }
    if let Some(seconds) = text.strip_prefix('@') {
        return since_1970(seconds, TimeFormat::Seconds)
            .unwrap_or_else(|| Err("`@` is followed by seconds since 1970".to_owned()));
    }
    if let Some(time) = since_1970(text, format) {
        return time;
    }
    if let Some(parts) = HTTP.captures(text) {
        known_zone(&parts[1])?;
        return DateTime::parse_from_rfc2822(&text.replace("UTC", "GMT"))
            .map(|time| time.to_utc())
            .map_err(|_| "there is no such time".to_owned());
    }
    let basic = BASIC.captures(text);
    let text = &match (by_numbers(text), basic) {
        (Some(numbers), _) => numbers,
        (None, Some(parts)) => format!(
            "{}-{}-{}T{}:{}:{}{}",
            &parts[1], &parts[2], &parts[3], &parts[4], &parts[5], &parts[6], &parts[7]
        ),
        (None, None) => text.to_owned(),
    };
    let Some(parts) = DATE.captures(text) else {
        return Err(format!("that is not a time: {}", render::clean(text, 80)));
    };
    let Some(minute) = parts.name("minute") else {
        return Err("it has no time of day".to_owned());
    };
    let Some(zone) = parts.name("zone") else {
        return Err("it has no zone: `Z`, or an offset such as `+02:00`, is needed".to_owned());
    };
    known_zone(zone.as_str())?;
    let zone = match zone.as_str().trim_end_matches(" UTC") {
        "Z" | "z" | "UTC" | "GMT" => "Z".to_owned(),
        hours if hours.len() == 3 => format!("{hours}:00"),
        short if short.len() == 5 => format!("{}:{}", &short[..3], &short[3..]),
        offset => offset.to_owned(),
    };
    let second = parts.name("second").map_or(":00", |second| second.as_str());
    let second = second.replace(',', ".");
    let written = format!("{}T{}{second}{zone}", &parts["day"], minute.as_str());
    DateTime::parse_from_rfc3339(&written)
        .map(|time| time.to_utc())
        .map_err(|_| "there is no such time".to_owned())
}

/// Names of zones other than UTC mean different things to different programs.
fn known_zone(zone: &str) -> Result<(), String> {
    let named = zone.len() > 1 && zone.bytes().all(|b| b.is_ascii_uppercase());
    if named && !matches!(zone, "UTC" | "GMT") {
        return Err(format!(
            "the zone `{zone}` has no one meaning: let it print UTC, as with `TZ=UTC`"
        ));
    }
    Ok(())
}

/// A number as a time; `None` when it is no number.
fn since_1970(text: &str, format: TimeFormat) -> Option<Result<DateTime<Utc>, String>> {
    let parts = COUNT.captures(text)?;
    let digits = match format {
        TimeFormat::Date => {
            return Some(Err(
                "a bare number is not a time: `unix: s` reads seconds since 1970, `unix: ms` milliseconds"
                    .to_owned(),
            ));
        }
        TimeFormat::Seconds => 9,
        TimeFormat::Milliseconds => 6,
    };
    let fraction = parts.get(3).map_or("", |fraction| fraction.as_str());
    let fraction: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(digits)
        .collect();
    // At most 18 and 9 digits: it fits.
    let mut nanos: i128 = format!("{}{fraction}", &parts[2]).parse().ok()?;
    if &parts[1] == "-" {
        nanos = -nanos;
    }
    let second = 1_000_000_000;
    let time = i64::try_from(nanos.div_euclid(second))
        .ok()
        .zip(u32::try_from(nanos.rem_euclid(second)).ok())
        .and_then(|(seconds, rest)| DateTime::from_timestamp(seconds, rest))
        .filter(|time| (0..=9999).contains(&time.year()));
    Some(time.ok_or_else(|| "it lies beyond the year 9999".to_owned()))
}

/// A time as it is shown: `2026-05-30T05:41:12Z`.
pub(super) fn shown(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<String, String> {
        read_time(text, TimeFormat::Date).map(shown)
    }

    #[test]
    fn reads_times_as_programs_write_them() {
        for text in [
            "2026-05-30T05:41:12Z",
            " 2026-05-30T05:41:12.000Z\n",
            "2026-05-30t05:41:12z",
            "2026-05-30T07:41:12+02:00",
            "2026-05-30 07:41:12 +0200",
            "2026-05-30 05:41:12 +0000 UTC",
            "Sat 2026-05-30 05:41:12 UTC",
            "Sat, 30 May 2026 05:41:12 GMT",
            "Sat, 30 May 2026 07:41:12 +0200",
            "@1780119672",
            "Saturday, 30-May-26 05:41:12 GMT",
            "Sat May 30 05:41:12 UTC 2026",
            "May 30 05:41:12 2026 GMT",
            "20260530T054112Z",
            "2026-05-30T07:41:12+02",
            "2026-05-30T05:41:12,000Z",
        ] {
            assert_eq!(read(text), Ok("2026-05-30T05:41:12Z".to_owned()), "{text}");
        }
        assert_eq!(
            read("2026-05-30T05:38Z"),
            Ok("2026-05-30T05:38:00Z".to_owned())
        );
        assert_eq!(
            read("2026-05-30T05:41:12.250Z"),
            Ok("2026-05-30T05:41:12.250Z".to_owned())
        );
    }

    #[test]
    fn reads_numbers_only_where_the_claim_says_of_what() {
        let seconds = |text| read_time(text, TimeFormat::Seconds).map(shown);
        let millis = |text| read_time(text, TimeFormat::Milliseconds).map(shown);
        assert_eq!(seconds("1780119672"), Ok("2026-05-30T05:41:12Z".to_owned()));
        assert_eq!(
            seconds("1780119672.5"),
            Ok("2026-05-30T05:41:12.500Z".to_owned())
        );
        assert_eq!(seconds("-0.5"), Ok("1969-12-31T23:59:59.500Z".to_owned()));
        assert_eq!(
            millis("1780119672250"),
            Ok("2026-05-30T05:41:12.250Z".to_owned())
        );
        assert!(seconds("1780119672250000").unwrap_err().contains("9999"));
        assert!(read("1780119672").unwrap_err().contains("unix: s"));
    }

    #[test]
    fn says_what_a_time_lacks() {
        for (text, why) in [
            ("", "no time"),
            ("05:38Z", "not a time"),
            ("2026-05-30", "no time of day"),
            ("2026-05-30T05:41:12", "no zone"),
            ("2026-05-30T05:41:12 CEST", "the zone `CEST`"),
            ("Sat 2026-05-30 05:41:12 IST", "the zone `IST`"),
            ("Sat, 30 May 2026 05:41:12 CEST", "the zone `CEST`"),
            ("2026-02-30T05:41:12Z", "no such time"),
            ("2026-05-30T25:41:12Z", "no such time"),
            ("Mon, 30 May 2026 05:41:12 GMT", "no such time"),
            ("@soon", "seconds since 1970"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    proptest! {
        #[test]
        fn reads_back_every_time_it_shows(
            seconds in -62_167_219_200_i64..253_402_300_800,
            millis in 0_u32..1000,
        ) {
            let time = DateTime::from_timestamp(seconds, millis * 1_000_000).unwrap();
            prop_assert_eq!(read_time(&shown(time), TimeFormat::Date), Ok(time));
            let sum = seconds * 1000 + i64::from(millis);
            prop_assert_eq!(read_time(&sum.to_string(), TimeFormat::Milliseconds), Ok(time));
        }

        #[test]
        fn never_panics(text in "(?s).{0,40}|[0-9TZ:.@ +-]{0,30}") {
            for format in [TimeFormat::Date, TimeFormat::Seconds, TimeFormat::Milliseconds] {
                let _ = read_time(&text, format);
            }
        }
    }
}
