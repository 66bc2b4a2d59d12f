//! Times, their order, and their age when they were seen.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::moment::{read_time, shown};
use super::open::{self, Unread, spoken};
use super::render;
use super::text::Seen;
use super::verdict::{Site, Verdict};
use crate::expectation::{Clock, Order, TimeBound, TimeMatcher};
use kit::text::Scope;

/// A time may lie so far ahead of the clock it is seen by, because two clocks are never the
/// same; what lies further ahead has no age.
const AHEAD: TimeDelta = TimeDelta::seconds(5);

/// A bound of which the other time is known.
enum Fixed {
    Is(Order, DateTime<Utc>),
    Near(DateTime<Utc>, TimeDelta),
    NewerThan(TimeDelta),
    OlderThan(TimeDelta),
}

impl Fixed {
    /// With the times that the scope knows.
    fn of(bound: &TimeBound, clock: Clock, scope: &Scope) -> Result<Fixed, Unread> {
        let other = |text| open::read(text, scope, |text| read_time(text, clock));
        Ok(match bound {
            TimeBound::Is(order, text) => Fixed::Is(*order, other(text)?),
            TimeBound::Near(text, give) => Fixed::Near(other(text)?, delta(*give)),
            TimeBound::NewerThan(age) => Fixed::NewerThan(delta(*age)),
            TimeBound::OlderThan(age) => Fixed::OlderThan(delta(*age)),
        })
    }

    fn is_age(&self) -> bool {
        matches!(self, Fixed::NewerThan(_) | Fixed::OlderThan(_))
    }
}

/// Holds a text against bounds of times.
pub(super) fn judge(site: &Site<'_>, matcher: &TimeMatcher, seen: &Seen<'_>) -> Verdict {
    if let Some(undecided) = seen.undecided() {
        return undecided;
    }
    let expected = || describe(matcher, site.scope);
    let time = read_time(&seen.text, matcher.clock);
    let bounds = match (fixed(matcher, site.scope), &time) {
        (Err(Unread::Wrong(why)), _) | (Err(Unread::NotYet(why)), Ok(_)) => {
            return Verdict::Undecidable(why);
        }
        (Err(Unread::NotYet(_)), Err(_)) => Vec::new(),
        (Ok(bounds), _) => bounds,
    };
    let time = match time {
        Ok(time) => time,
        Err(why) => {
            return site
                .unfit(expected(), render::shown(&seen.text))
                .with_note(Some(why));
        }
    };
    if impossible(&bounds) {
        return site
            .unfit(expected(), shown(time))
            .with_note(Some("no time is all of that".to_owned()));
    }
    let ahead = site.at + AHEAD < time;
    let wrong: Vec<String> = bounds
        .iter()
        .filter(|bound| !(ahead && bound.is_age()))
        .filter_map(|bound| lacks(bound, time, site.at))
        .collect();
    let told = told(&seen.text, time);
    if !wrong.is_empty() {
        site.differs(expected(), told)
            .with_note(Some(wrong.join("; ")))
    } else if ahead && bounds.iter().any(Fixed::is_age) {
        site.unfit(expected(), told).with_note(Some(format!(
            "it lies {} ahead of when it was seen, {}: it has no age",
            long(time - site.at),
            second(site.at)
        )))
    } else {
        Verdict::Holds
    }
}

/// What a time lacks of a bound, if anything.
fn lacks(bound: &Fixed, time: DateTime<Utc>, at: DateTime<Utc>) -> Option<String> {
    let lies = |other: DateTime<Utc>| match time - other {
        gap if gap > TimeDelta::zero() => {
            format!("it is {} later than {}", long(gap), shown(other))
        }
        gap if gap < TimeDelta::zero() => {
            format!("it is {} earlier than {}", long(-gap), shown(other))
        }
        _ => "it is the same moment".to_owned(),
    };
    match bound {
        Fixed::Is(order, other) => {
            let holds = match order {
                Order::Equals => time == *other,
                Order::After => time > *other,
                Order::Before => time < *other,
                Order::NotBefore => time >= *other,
                Order::NotAfter => time <= *other,
            };
            (!holds).then(|| lies(*other))
        }
        Fixed::Near(other, give) => ((time - *other).abs() > *give).then(|| lies(*other)),
        Fixed::NewerThan(limit) => (at - time >= *limit).then(|| aged(at - time, at)),
        Fixed::OlderThan(limit) => (at - time <= *limit).then(|| aged(at - time, at)),
    }
}

/// An age in words.
fn aged(old: TimeDelta, at: DateTime<Utc>) -> String {
    let word = match old < TimeDelta::zero() {
        true => "ahead",
        false => "old",
    };
    format!(
        "it was {} {word} when it was seen, {}",
        long(old.abs()),
        second(at)
    )
}

/// The bounds with the times that the scope knows.
fn fixed(matcher: &TimeMatcher, scope: &Scope) -> Result<Vec<Fixed>, Unread> {
    let each = matcher.bounds.iter();
    each.map(|bound| Fixed::of(bound, matcher.clock, scope))
        .collect()
}

/// Whether no time is within the bounds, whatever the run finds: what is known of them decides.
pub(super) fn never(matcher: &TimeMatcher) -> bool {
    impossible(&Vec::from_iter(told_bounds(matcher).flatten()))
}

/// Whether every time that can be read is within the bounds, whatever the run finds.
pub(super) fn always(matcher: &TimeMatcher) -> bool {
    let bounds: Option<Vec<Fixed>> = told_bounds(matcher).collect();
    let (least, most) = (
        read_time("0000-01-01T00:00Z", Clock::Date),
        read_time("9999-12-31T23:59:59.999999999Z", Clock::Date),
    );
    bounds.is_some_and(|bounds| {
        let range = Range::of(&bounds);
        least.is_ok_and(|least| range.from <= least)
            && most.is_ok_and(|most| range.to >= most)
            && !bounds.iter().any(Fixed::is_age)
    })
}

/// Each bound, where the claim file tells it by itself.
fn told_bounds(matcher: &TimeMatcher) -> impl Iterator<Item = Option<Fixed>> {
    let each = matcher.bounds.iter();
    each.map(|bound| Fixed::of(bound, matcher.clock, &Scope::new()).ok())
}

/// What bounds leave: the times from `from` to `to`, and the ages between two.
struct Range {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    newer: TimeDelta,
    older: TimeDelta,
}

impl Range {
    fn of(bounds: &[Fixed]) -> Range {
        let step = TimeDelta::nanoseconds(1);
        let mut range = Range {
            from: DateTime::<Utc>::MIN_UTC,
            to: DateTime::<Utc>::MAX_UTC,
            newer: TimeDelta::MAX,
            older: TimeDelta::MIN,
        };
        for bound in bounds {
            let (least, most) = match bound {
                Fixed::Is(Order::Equals, other) => (Some(*other), Some(*other)),
                Fixed::Is(Order::After, other) => (other.checked_add_signed(step), None),
                Fixed::Is(Order::NotBefore, other) => (Some(*other), None),
                Fixed::Is(Order::Before, other) => (None, other.checked_sub_signed(step)),
                Fixed::Is(Order::NotAfter, other) => (None, Some(*other)),
                Fixed::Near(other, give) => (
                    other.checked_sub_signed(*give),
                    other.checked_add_signed(*give),
                ),
                Fixed::NewerThan(age) => {
                    range.newer = range.newer.min(*age);
                    (None, None)
                }
                Fixed::OlderThan(age) => {
                    range.older = range.older.max(*age);
                    (None, None)
                }
            };
            range.from = least.map_or(range.from, |least| range.from.max(least));
            range.to = most.map_or(range.to, |most| range.to.min(most));
        }
        range
    }
}

fn impossible(bounds: &[Fixed]) -> bool {
    let range = Range::of(bounds);
    range.from > range.to || range.older >= range.newer
}

/// What a time must be like, in words.
pub(super) fn describe(matcher: &TimeMatcher, scope: &Scope) -> String {
    let words = matcher.bounds.iter().map(|bound| match bound {
        TimeBound::Is(order, text) => {
            let word = match order {
                Order::Equals => "the same as",
                Order::After => "after",
                Order::Before => "before",
                Order::NotBefore => "not before",
                Order::NotAfter => "not after",
            };
            format!("{word} {}", spoken(text, scope))
        }
        TimeBound::Near(text, give) => format!(
            "{}, give or take {}",
            spoken(text, scope),
            humantime::format_duration(*give)
        ),
        TimeBound::NewerThan(age) => format!("newer than {}", humantime::format_duration(*age)),
        TimeBound::OlderThan(age) => format!("older than {}", humantime::format_duration(*age)),
    });
    format!("a time: {}", words.collect::<Vec<_>>().join(", "))
}

/// A gap in words; of a long one the fractions tell nothing.
fn long(gap: TimeDelta) -> String {
    let gap = gap.to_std().unwrap_or_default();
    let told = match gap.as_secs() {
        0..60 => gap,
        seconds => std::time::Duration::from_secs(seconds),
    };
    humantime::format_duration(told).to_string()
}

/// When it was seen, to the second.
fn second(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A time as it was written; of a number also which time that is.
fn told(text: &str, time: DateTime<Utc>) -> String {
    let text = render::shown(text);
    if text.trim_start_matches(['@', '-']).contains(['-', ':']) {
        text.to_owned()
    } else {
        format!("{} ({})", text.trim(), shown(time))
    }
}

/// The reader of claim files takes no duration that would not fit.
fn delta(duration: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
