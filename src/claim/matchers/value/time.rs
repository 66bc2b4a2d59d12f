//! Times, their order, and their age when they were observed.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::matchers::moment::{TimeFormat, read_time, shown};
use crate::matchers::observed::ObservedText;
use crate::matchers::open::{self, Unread, shown as shown_text};
use crate::matchers::render;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule, cannot_fail, names};
use kit::text::{Scope, Text};

/// What a time must be like.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeMatcher {
    /// How a bare number is read.
    pub format: TimeFormat,
    /// All of them must hold.
    pub bounds: Vec<TimeBound>,
}

/// A bound of a time.
#[derive(Clone, Debug, PartialEq)]
pub enum TimeBound {
    /// How it lies to another time.
    Is(TimeRelation, Text),
    /// The same as the other time, give or take this.
    Near(Text, std::time::Duration),
    /// Less than so long before it was observed.
    NewerThan(std::time::Duration),
    /// More than so long before it was observed.
    OlderThan(std::time::Duration),
}

/// How a time lies to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeRelation {
    Equals,
    /// Later.
    After,
    /// Earlier.
    Before,
    /// Later or the same.
    NotBefore,
    /// Earlier or the same.
    NotAfter,
}

impl TextRule for &TimeMatcher {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        judge(site, self, observed)
    }

    fn describe(&self, scope: &Scope) -> String {
        describe(self, scope)
    }

    fn prospects(&self) -> Prospects {
        let why = "every time that can be read is within it";
        Prospects {
            vacuous: always(self).then(|| cannot_fail(&describe(self, &Scope::new()), why)),
            never: never(self),
            ..Prospects::tried(self)
        }
    }

    fn params(&self) -> Vec<String> {
        names(self.bounds.iter().filter_map(|bound| match bound {
            TimeBound::Is(_, other) | TimeBound::Near(other, _) => Some(other),
            TimeBound::NewerThan(_) | TimeBound::OlderThan(_) => None,
        }))
    }
}

/// A time may lie this far ahead of the clock of the observation, because two clocks are never the
/// same; what lies further ahead has no age.
const AHEAD: TimeDelta = TimeDelta::seconds(5);

/// A bound of which the other time is known.
enum Fixed {
    Is(TimeRelation, DateTime<Utc>),
    Near(DateTime<Utc>, TimeDelta),
    NewerThan(TimeDelta),
    OlderThan(TimeDelta),
}

impl Fixed {
    /// With the values of the scope.
    fn of(bound: &TimeBound, format: TimeFormat, scope: &Scope) -> Result<Fixed, Unread> {
        let other = |text| open::read(text, scope, |text| read_time(text, format));
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
fn judge(site: &MatchSite<'_>, matcher: &TimeMatcher, observed: &ObservedText<'_>) -> MatchResult {
    if let Some(undecided) = observed.undecidable() {
        return undecided;
    }
    let expected = || describe(matcher, site.scope);
    let time = read_time(&observed.text, matcher.format);
    let bounds = match (fixed(matcher, site.scope), &time) {
        (Err(Unread::Wrong(why)), _) | (Err(Unread::NotYet(why)), Ok(_)) => {
            return MatchResult::Undecidable(why);
        }
        (Err(Unread::NotYet(_)), Err(_)) => Vec::new(),
        (Ok(bounds), _) => bounds,
    };
    let time = match time {
        Ok(time) => time,
        Err(why) => {
            return site
                .unfit(expected(), render::shown(&observed.text))
                .with_note(Some(why));
        }
    };
    if impossible(&bounds) {
        return site
            .unfit(expected(), shown(time))
            .with_note(Some("no time satisfies all of these bounds".to_owned()));
    }
    let ahead = site.at + AHEAD < time;
    let wrong: Vec<String> = bounds
        .iter()
        .filter(|bound| !(ahead && bound.is_age()))
        .filter_map(|bound| lacks(bound, time, site.at))
        .collect();
    let told = told(&observed.text, time);
    if !wrong.is_empty() {
        site.differs(expected(), told)
            .with_note(Some(wrong.join("; ")))
    } else if ahead && bounds.iter().any(Fixed::is_age) {
        site.unfit(expected(), told).with_note(Some(format!(
            "it lies {} ahead of when it was observed, {}: it has no age",
            long(time - site.at),
            second(site.at)
        )))
    } else {
        MatchResult::Holds
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
                TimeRelation::Equals => time == *other,
                TimeRelation::After => time > *other,
                TimeRelation::Before => time < *other,
                TimeRelation::NotBefore => time >= *other,
                TimeRelation::NotAfter => time <= *other,
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
    let word = if old < TimeDelta::zero() {
        "ahead"
    } else {
        "old"
    };
    format!(
        "it was {} {word} when it was observed, {}",
        long(old.abs()),
        second(at)
    )
}

/// The bounds with the values of the scope.
fn fixed(matcher: &TimeMatcher, scope: &Scope) -> Result<Vec<Fixed>, Unread> {
    let each = matcher.bounds.iter();
    each.map(|bound| Fixed::of(bound, matcher.format, scope))
        .collect()
}

/// Whether no time is within the bounds, whatever the run finds: what is known of them decides.
fn never(matcher: &TimeMatcher) -> bool {
    impossible(&Vec::from_iter(known_bounds(matcher).flatten()))
}

/// Whether every time that can be read is within the bounds, whatever the run finds.
fn always(matcher: &TimeMatcher) -> bool {
    let bounds: Option<Vec<Fixed>> = known_bounds(matcher).collect();
    let (least, most) = (
        read_time("0000-01-01T00:00Z", TimeFormat::Date),
        read_time("9999-12-31T23:59:59.999999999Z", TimeFormat::Date),
    );
    bounds.is_some_and(|bounds| {
        let range = Range::of(&bounds);
        least.is_ok_and(|least| range.from <= least)
            && most.is_ok_and(|most| range.to >= most)
            && !bounds.iter().any(Fixed::is_age)
    })
}

/// Each bound that the claim file states; `None` for those that the run finds.
fn known_bounds(matcher: &TimeMatcher) -> impl Iterator<Item = Option<Fixed>> {
    let each = matcher.bounds.iter();
    each.map(|bound| Fixed::of(bound, matcher.format, &Scope::new()).ok())
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
                Fixed::Is(TimeRelation::Equals, other) => (Some(*other), Some(*other)),
                Fixed::Is(TimeRelation::After, other) => (other.checked_add_signed(step), None),
                Fixed::Is(TimeRelation::NotBefore, other) => (Some(*other), None),
                Fixed::Is(TimeRelation::Before, other) => (None, other.checked_sub_signed(step)),
                Fixed::Is(TimeRelation::NotAfter, other) => (None, Some(*other)),
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
fn describe(matcher: &TimeMatcher, scope: &Scope) -> String {
    let words = matcher.bounds.iter().map(|bound| match bound {
        TimeBound::Is(order, text) => {
            let word = match order {
                TimeRelation::Equals => "the same as",
                TimeRelation::After => "after",
                TimeRelation::Before => "before",
                TimeRelation::NotBefore => "not before",
                TimeRelation::NotAfter => "not after",
            };
            format!("{word} {}", shown_text(text, scope))
        }
        TimeBound::Near(text, give) => format!(
            "{}, give or take {}",
            shown_text(text, scope),
            humantime::format_duration(*give)
        ),
        TimeBound::NewerThan(age) => format!("newer than {}", humantime::format_duration(*age)),
        TimeBound::OlderThan(age) => format!("older than {}", humantime::format_duration(*age)),
    });
    format!("a time: {}", words.collect::<Vec<_>>().join(", "))
}

/// A gap in words; the fractions of a long one do not matter.
fn long(gap: TimeDelta) -> String {
    let gap = gap.to_std().unwrap_or_default();
    let told = match gap.as_secs() {
        0..60 => gap,
        seconds => std::time::Duration::from_secs(seconds),
    };
    humantime::format_duration(told).to_string()
}

/// When it was observed, to the second.
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
