//! Verdicts and times that people write about gates, as [`crate::gate::heading`] reads them, without
//! those in our own blocks.

use std::ops::Range;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use crate::gate::heading::{Reading, When, Word};

/// A line that tells a gate's state or a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heading {
    /// From 1.
    pub(super) line: usize,
    /// The gate that it is about.
    pub(super) gate: String,
    /// PASS (true) or FAIL (false), when it is a verdict.
    pub(super) verdict: Option<bool>,
    /// The time that was typed.
    pub(super) stamp: Option<When>,
    /// What is told, as the newest shape has it.
    pub(super) text: String,
}

/// The earliest moment that a typed time can mean, for a line that was written at that time.
pub(super) fn earliest(typed: &When, written: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match typed {
        When::Instant(time) => Some(*time),
        When::Date(date) => Some(date.and_time(NaiveTime::MIN).and_utc()),
        When::Time(time) => {
            let today = written.date_naive().and_time(*time).and_utc();
            // Late in the evening, written after midnight.
            match today - written > TimeDelta::hours(12) {
                true => Some(today - TimeDelta::days(1)),
                false => Some(today),
            }
        }
        When::Unreadable(_) => None,
    }
}

/// What a document tells of gates with a verdict or a time, without the lines that are left out
/// (from 1).
pub(super) fn headings(document: &Reading, left_out: &[Range<usize>]) -> Vec<Heading> {
    document
        .statements
        .iter()
        .filter(|said| {
            !left_out
                .iter()
                .any(|lines| lines.contains(&said.place.line))
        })
        .map(|said| Heading {
            line: said.place.line,
            gate: said.gate.clone(),
            verdict: match said.word {
                Word::Pass => Some(true),
                Word::Fail => Some(false),
                Word::Open | Word::Claimed | Word::Named => None,
            },
            stamp: said.typed().cloned(),
            text: said.to_string().trim_start_matches("## ").to_owned(),
        })
        .filter(|it| it.verdict.is_some() || it.stamp.is_some())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::heading::read;

    #[test]
    fn verdicts_are_read_with_the_time_that_was_typed_and_not_those_of_our_blocks() {
        let text = "## M1 — PASS @2026-06-13T13:00Z (claimed 2026-06-11)\n\n### M2: FAIL @21:XX\n\n\
            ## Gate: U0 — PASS (REVIEW-3 @18d2bd1, 2026-05-31)\n\n## Gate: M3 — OPEN @2026-06-13\n\n## M4 x\n";
        let all = headings(&read(text, &[]), &[]);
        let told: Vec<_> = all
            .iter()
            .map(|it| (it.line, &*it.gate, it.verdict))
            .collect();
        let expected = [
            (1, "M1", Some(true)),
            (3, "M2", Some(false)),
            (5, "U0", Some(true)),
            (7, "M3", None),
        ];
        assert_eq!(told, expected);
        let time = "2026-06-13T13:00:00Z".parse().unwrap();
        assert_eq!(all[0].stamp, Some(When::Instant(time)));
        assert_eq!(all[1].stamp, Some(When::Unreadable("21:XX".to_owned())));
        assert_eq!(all[2].stamp, None);
        let some = headings(&read(text, &[]), &[1..4, 7..8]);
        assert_eq!(some.len(), 1);
    }

    #[test]
    fn a_time_of_day_is_of_the_day_on_which_it_was_written_or_of_the_evening_before() {
        let written = "2026-06-13T00:10:00Z".parse().unwrap();
        let stamp = |h, m| When::Time(NaiveTime::from_hms_opt(h, m, 0).unwrap());
        let earliest = |stamp: When| earliest(&stamp, written).unwrap().to_rfc3339();
        assert_eq!(earliest(stamp(23, 50)), "2026-06-12T23:50:00+00:00");
        assert_eq!(earliest(stamp(4, 45)), "2026-06-13T04:45:00+00:00");
    }
}
