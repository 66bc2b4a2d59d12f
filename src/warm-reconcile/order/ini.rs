//! The syntax of unit files (systemd.syntax(7)) and of time spans (systemd.time(7)). Pure.

use std::time::Duration;

use super::budget::StartTimeout;

/// Every assignment of a unit file, in order: section, key, value.
pub(super) fn assignments(text: &str) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    let mut section = String::new();
    for line in logical_lines(text) {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name.to_owned();
        } else if let Some((key, value)) = line.split_once('=') {
            out.push((
                section.clone(),
                key.trim().to_owned(),
                value.trim().to_owned(),
            ));
        }
    }
    out
}

/// Lines without comments, continued ones joined with a space. A comment in the middle of a
/// continued line does not end it.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        let joined = match open.take() {
            Some(start) => format!("{start} {line}"),
            None => line.to_owned(),
        };
        match joined.strip_suffix('\\') {
            Some(start) => open = Some(start.trim_end().to_owned()),
            None if !joined.is_empty() => lines.push(joined),
            None => {}
        }
    }
    lines.extend(open);
    lines
}

/// The words of a list of units.
pub(super) fn words(value: &str) -> impl Iterator<Item = String> + '_ {
    value
        .split_whitespace()
        .map(|word| word.trim_matches(['"', '\'']).to_owned())
        .filter(|word| !word.is_empty())
}

/// A boolean as systemd reads it.
pub(super) fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
        _ => None,
    }
}

/// `TimeoutStartSec=`: a number of seconds, `5min 20s`, `infinity`; 0 is infinity as well.
pub(super) fn timeout(value: &str) -> Option<StartTimeout> {
    if value.eq_ignore_ascii_case("infinity") {
        return Some(StartTimeout::Infinite);
    }
    let span = time_span(value)?;
    Some(if span.is_zero() {
        StartTimeout::Infinite
    } else {
        StartTimeout::After(span)
    })
}

/// A time span; a number without a unit is in seconds.
fn time_span(value: &str) -> Option<Duration> {
    let mut rest = value.trim();
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest
            .find(|c: char| !(c.is_alphabetic() || c == '\u{b5}'))
            .unwrap_or(rest.len());
        seconds += number * unit(&rest[..letters])?;
        rest = rest[letters..].trim_start();
    }
    Duration::try_from_secs_f64(seconds).ok()
}

fn unit(name: &str) -> Option<f64> {
    Some(match name {
        "usec" | "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
        "msec" | "ms" => 1e-3,
        "" | "seconds" | "second" | "sec" | "s" => 1.0,
        "minutes" | "minute" | "min" | "m" => 60.0,
        "hours" | "hour" | "hr" | "h" => 3600.0,
        "days" | "day" | "d" => 86_400.0,
        "weeks" | "week" | "w" => 7.0 * 86_400.0,
        "months" | "month" | "M" => 2_629_800.0,
        "years" | "year" | "y" => 31_557_600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_continued_lines_comments_and_repeated_keys() {
        let text = "# c\n[Unit]\nAfter=a.service \\\n  # in between\n  b.service\n; c\nAfter = c.service\n\n[Service]\nExecStart=/x y=z\n";
        let read = assignments(text);
        let read: Vec<_> = read
            .iter()
            .map(|(s, k, v)| (s.as_str(), k.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            read,
            [
                ("Unit", "After", "a.service b.service"),
                ("Unit", "After", "c.service"),
                ("Service", "ExecStart", "/x y=z"),
            ]
        );
    }

    #[test]
    fn reads_time_spans_as_systemd_does() {
        let after = |seconds| Some(StartTimeout::After(Duration::from_secs(seconds)));
        for (value, expected) in [
            ("900", after(900)),
            ("15min", after(900)),
            ("15min 30s", after(930)),
            ("1h 1 min", after(3660)),
            ("2.5min", after(150)),
            ("infinity", Some(StartTimeout::Infinite)),
            ("0", Some(StartTimeout::Infinite)),
            ("soon", None),
            ("", None),
            ("5 parsecs", None),
        ] {
            assert_eq!(timeout(value), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "[ -~\\n\u{b5}]{0,120}") {
            for (_, _, value) in assignments(&text) {
                let _ = timeout(&value);
            }
        }
    }
}
