//! Verdicts and times that people write into headings. Only what an audit needs is read here; a
//! reader of every shape of a gate's state may take its place behind [`headings`].

use std::ops::Range;
use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use regex::Regex;

/// A line that tells a gate's state or a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heading {
    /// From 1.
    pub(super) line: usize,
    /// The gate that it is about, where it names one or stands below one that does.
    pub(super) gate: Option<String>,
    /// PASS (true) or FAIL (false), when it is a verdict.
    pub(super) verdict: Option<bool>,
    /// The time after `@`.
    pub(super) stamp: Option<Stamp>,
    /// The line, without decoration.
    pub(super) text: String,
}

/// A time as somebody typed it; without a zone it is taken for UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    /// Date and time.
    Full(DateTime<Utc>),
    /// A date.
    Date(NaiveDate),
    /// A time of day.
    Time(NaiveTime),
    /// Something that was to be filled in: `21:XX`.
    Placeholder(String),
}

impl Stamp {
    /// The earliest moment that it can mean, for a line that was written at that time.
    pub(super) fn earliest(&self, written: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Stamp::Full(time) => Some(*time),
            Stamp::Date(date) => Some(date.and_time(NaiveTime::MIN).and_utc()),
            Stamp::Time(time) => {
                let today = written.date_naive().and_time(*time).and_utc();
                // Late in the evening, written after midnight.
                match today - written > TimeDelta::hours(12) {
                    true => Some(today - TimeDelta::days(1)),
                    false => Some(today),
                }
            }
            Stamp::Placeholder(_) => None,
        }
    }
}

static STAMP: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"@\s?~?(?:(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\w{2}(?::\w{2})?)Z?)?|(\d{2}:\w{2}(?::\w{2})?)Z?)(?:\W|$)",
    )
    .ok()
});

/// Words that tell a state. The first one in a heading is the state; what comes after tells how
/// it came about.
static STATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?:^|(?P<sep>[—–:-])|\s)[\s*]*(?P<state>PASS(?:ED)?|FAIL(?:ED)?|OPEN|NOT YET|IN PROGRESS|IN FLIGHT|AWAITING|PENDING|(?:RE-)?CLAIMED|UNCLAIMED|DONE|VETO|STALE)\b",
    )
    .ok()
});

/// The headings of a document that tell a verdict or a time, without those in fenced blocks and
/// in the lines that are left out (from 1).
pub(super) fn headings(document: &str, left_out: &[Range<usize>]) -> Vec<Heading> {
    let mut found = Vec::new();
    let mut fence: Option<(char, usize)> = None;
    // The gates of the headings that the current line stands below, by level.
    let mut above: Vec<(usize, String)> = Vec::new();
    for (n, line) in document.lines().enumerate() {
        let number = n + 1;
        if left_out.iter().any(|lines| lines.contains(&number)) {
            continue;
        }
        let text = line.trim();
        let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'));
        let run = mark.map_or(0, |mark| text.chars().take_while(|c| *c == mark).count());
        match (fence, mark) {
            (None, Some(mark)) if run >= 3 => {
                fence = Some((mark, run));
                continue;
            }
            (Some((open, length)), Some(mark)) if mark == open && run >= length => {
                fence = None;
                continue;
            }
            (Some(_), _) => continue,
            _ => {}
        }
        let level = text.chars().take_while(|c| *c == '#').count();
        let heading = (1..=6).contains(&level) && text[level..].starts_with(' ');
        let plain = text.trim_start_matches(['#', '*', '_', '-', '+', '>', ' ', '`']);
        let (named, says_gate) = gate(plain);
        if !heading && !says_gate {
            continue;
        }
        if heading {
            above.retain(|(other, _)| *other < level);
        }
        let gate = named.or_else(|| above.last().map(|(_, gate)| gate.clone()));
        if let (true, Some(gate)) = (heading, &gate) {
            above.push((level, gate.clone()));
        }
        let stamp = stamp(plain);
        let verdict = verdict(plain, says_gate || stamp.is_some());
        if verdict.is_some() || stamp.is_some() {
            found.push(Heading {
                line: number,
                gate,
                verdict,
                stamp,
                text: plain.trim_end_matches(['*', ' ']).to_owned(),
            });
        }
    }
    found
}

/// The gate that a line begins with, and whether it says `Gate` before.
fn gate(text: &str) -> (Option<String>, bool) {
    let mut rest = text;
    let says_gate = rest
        .get(..4)
        .is_some_and(|word| word.eq_ignore_ascii_case("gate"))
        && !rest[4..].starts_with(|c: char| c.is_alphanumeric());
    if says_gate {
        rest = rest[4..].trim_start_matches([':', '*', ' ', '`']);
        rest = rest
            .strip_prefix("claim:")
            .unwrap_or(rest)
            .trim_start_matches([':', '*', ' ', '`']);
    }
    let end = rest
        .find(|c: char| !(c.is_alphanumeric() || "._-()+/".contains(c)))
        .unwrap_or(rest.len());
    let word = rest[..end].trim_end_matches(['.', '-', '/']);
    let is_state = STATE.as_ref().is_some_and(|state| state.is_match(word));
    (
        (!word.is_empty() && !is_state).then(|| word.to_owned()),
        says_gate,
    )
}

fn verdict(text: &str, plain: bool) -> Option<bool> {
    let found = STATE.as_ref()?.captures(text)?;
    // In a sentence without a time or a gate the word is no verdict.
    if !plain && found.name("sep").is_none() && found.get(0)?.start() > 0 {
        return None;
    }
    match &found["state"] {
        "PASS" | "PASSED" => Some(true),
        "FAIL" | "FAILED" => Some(false),
        _ => None,
    }
}

fn stamp(text: &str) -> Option<Stamp> {
    let found = STAMP.as_ref()?.captures(text)?;
    let word = found.get(0)?.as_str().trim_start_matches(['@', ' ', '~']);
    let placeholder = || Some(Stamp::Placeholder(word.trim_end().to_owned()));
    let time = found.get(2).or(found.get(3)).map(|time| {
        let time = time.as_str();
        NaiveTime::parse_from_str(time, "%H:%M:%S")
            .or_else(|_| NaiveTime::parse_from_str(time, "%H:%M"))
    });
    let date = found
        .get(1)
        .map(|date| NaiveDate::parse_from_str(date.as_str(), "%Y-%m-%d"));
    match (date, time) {
        (Some(Ok(date)), None) => Some(Stamp::Date(date)),
        (Some(Ok(date)), Some(Ok(time))) => Some(Stamp::Full(date.and_time(time).and_utc())),
        (None, Some(Ok(time))) => Some(Stamp::Time(time)),
        (None, None) => None,
        _ => placeholder(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Option<Heading> {
        headings(line, &[]).pop()
    }

    fn told(line: &str) -> (Option<String>, Option<bool>) {
        one(line).map_or((None, None), |it| (it.gate, it.verdict))
    }

    #[test]
    fn verdicts_of_the_shapes_in_use_are_read() {
        for (line, gate, verdict) in [
            (
                "## Gate: M1 — PASS @2026-06-13T13:00Z (Adversary cold-verified)",
                "M1",
                true,
            ),
            ("## M0 — Foundations: PASS @2026-05-26T21:35Z", "M0", true),
            ("## M1 FAIL @2026-06-11T20:58Z", "M1", false),
            ("## Q2 — FAIL @2026-05-28 (dep teardown leak)", "Q2", false),
            ("### M2: PASS @2026-06-17T05:04Z", "M2", true),
            (
                "## W0 (RL1 — lint + green) : **PASS** @2026-05-27",
                "W0",
                true,
            ),
            (
                "### E0 / HC2 — trust gate (default-deny) — PASS @2026-05-28",
                "E0",
                true,
            ),
            (
                "## Gate: 2pc — PASSED (was RE-CLAIMED; F2pc-1 resolved)",
                "2pc",
                true,
            ),
            (
                "## Gate: U0 — PASS (Adversary REVIEW-3 @18d2bd1, 2026-05-31; …)",
                "U0",
                true,
            ),
            (
                "Gate: M1 PASS (Adversary 3bdd5d1, no VETO). M2 IN PROGRESS.",
                "M1",
                true,
            ),
            ("**Gate M1: FAIL**", "M1", false),
        ] {
            assert_eq!(told(line), (Some(gate.to_owned()), Some(verdict)), "{line}");
        }
        let below = headings(
            "## M1 — Fix + reproduction\n\n### PASS @2026-06-13T13:00Z — cold\n",
            &[],
        );
        assert_eq!(below[0].gate.as_deref(), Some("M1"));
        assert_eq!(below[0].verdict, Some(true));
    }

    #[test]
    fn other_states_and_plain_words_are_no_verdicts() {
        for line in [
            "## Gate: M2 — OPEN (awaiting M1 PASS + orchestrator cold-boot)",
            "## Gate: M1 — CLAIMED, awaiting Adversary",
            "**Gate M1: CLAIMED (re-claim after FAIL) — awaiting Adversary**",
            "## Watchdog ping @~2026-05-28 04:35Z — FALSE POSITIVE (no verdict)",
            "## How FAIL is handled",
            "M1 PASS in running text",
            "```\n## M1 — PASS @2026-06-13\n```",
        ] {
            assert_eq!(told(line).1, None, "{line}");
        }
        assert!(
            headings(
                "x\n## M1 — PASS @2026-06-13\n",
                std::slice::from_ref(&(2..3))
            )
            .is_empty()
        );
    }

    #[test]
    fn times_are_read_as_they_were_typed() {
        let at = |line: &str| one(line).and_then(|it| it.stamp);
        let full = |text: &str| Some(Stamp::Full(text.parse().unwrap()));
        assert_eq!(
            at("## M1 — PASS @2026-06-13T13:00Z"),
            full("2026-06-13T13:00:00Z")
        );
        assert_eq!(
            at("## M1 — PASS @ 2026-06-17T18:20Z (x)"),
            full("2026-06-17T18:20:00Z")
        );
        assert_eq!(
            at("## ping @~2026-05-28 04:35Z — x"),
            full("2026-05-28T04:35:00Z")
        );
        let date = NaiveDate::from_ymd_opt(2026, 5, 28).unwrap();
        assert_eq!(at("## Q2 — FAIL @2026-05-28 (x)"), Some(Stamp::Date(date)));
        let time = NaiveTime::from_hms_opt(6, 10, 0).unwrap();
        assert_eq!(at("## M1 PASS @06:10Z"), Some(Stamp::Time(time)));
        let x = |text: &str| Some(Stamp::Placeholder(text.to_owned()));
        assert_eq!(at("## M1 PASS @21:XX"), x("21:XX"));
        assert_eq!(at("## M1 PASS @2026-06-13T21:XX"), x("2026-06-13T21:XX"));
        assert_eq!(
            at("## Gate: U0 — PASS (REVIEW-3 @18d2bd1, 2026-05-31)"),
            None
        );
    }

    #[test]
    fn a_time_of_day_is_of_the_day_on_which_it_was_written_or_of_the_evening_before() {
        let written = "2026-06-13T00:10:00Z".parse().unwrap();
        let stamp = |h, m| Stamp::Time(NaiveTime::from_hms_opt(h, m, 0).unwrap());
        let earliest = |stamp: Stamp| stamp.earliest(written).unwrap().to_rfc3339();
        assert_eq!(earliest(stamp(23, 50)), "2026-06-12T23:50:00+00:00");
        assert_eq!(earliest(stamp(4, 45)), "2026-06-13T04:45:00+00:00");
    }
}
