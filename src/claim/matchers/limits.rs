//! Bounds as a claim states them, with values that are known only in the run, made plain
//! [`Bounds`] when they are needed.

use super::bounds::{self, Bounds, Domain, Give, Relation};
use super::number::{self, Reading};
use super::open::{self, Unread, shown};
use super::result::{MatchResult, MatchSite};
use kit::decimal::Decimal;
use kit::text::{Scope, Text};

/// Bounds on a number as a claim states them: numbers, and values that are not known before the
/// run. All of them must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// The bounds that the claim file states.
    pub known: Bounds,
    /// Those that are read when the observation is judged.
    pub open: Vec<OpenBound>,
    /// How the number is read, of which these are the bounds.
    pub reading: Reading,
}

impl From<Bounds> for Limits {
    fn from(known: Bounds) -> Self {
        Limits {
            known,
            open: Vec::new(),
            reading: Reading::default(),
        }
    }
}

impl Limits {
    /// The names of the parameters in the bounds.
    pub(crate) fn params(&self) -> Vec<String> {
        let texts = self.open.iter().map(|open| &open.value);
        texts.flat_map(Text::params).map(str::to_owned).collect()
    }
}

/// A bound that is read when the observation is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenBound {
    /// What the number must be to it.
    pub relation: Relation,
    /// Its text: `${before}`, or for `near` also a number.
    pub value: Text,
    /// As what the text is read.
    pub measure: Measure,
}

impl Measure {
    /// A plain decimal number.
    pub fn plain() -> Measure {
        Measure::Number(Reading::default())
    }
}

/// As what the text of a bound is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// A decimal number, with the unit and in the form that the claim names.
    Number(Reading),
    /// A duration with its unit, in milliseconds.
    Millis,
}

/// The plain bounds at a place where numbers of `domain` occur; or the verdict, where there are
/// none, where every number would be within them (then nothing is shown) and where none can be.
pub(super) fn fixed(
    site: &MatchSite<'_>,
    limits: &Limits,
    domain: Domain,
) -> Result<Bounds, MatchResult> {
    let plain = match resolve(limits, site.scope) {
        Ok(plain) => plain,
        Err(Unread::NotYet(why) | Unread::Wrong(why)) => return Err(MatchResult::Undecidable(why)),
    };
    // Bounds that the claim file states were checked when it was read.
    if limits.open.iter().any(|open| has_params(&open.value)) {
        let words = || describe(limits, "", site.scope);
        if bounds::always(&plain, domain) {
            return Err(MatchResult::Undecidable(format!(
                "`{}` cannot fail here: every number that can occur is within it",
                words()
            )));
        }
        if bounds::never(&plain, domain) {
            let verdict = site.unfit(words(), "no number that can occur satisfies this");
            return Err(verdict);
        }
    }
    Ok(plain)
}

/// Whether a value that the bounds need is not known in this scope.
pub(super) fn waits(limits: &Limits, scope: &Scope) -> bool {
    matches!(resolve(limits, scope), Err(Unread::NotYet(_)))
}

/// The plain bounds, where the claim file states all of them.
fn known(limits: &Limits) -> Option<Bounds> {
    with(limits, &Scope::new())
}

/// The plain bounds with these values, where they suffice.
fn with(limits: &Limits, scope: &Scope) -> Option<Bounds> {
    resolve(limits, scope).ok()
}

/// Whether every number of the domain is within the limits, whatever the run finds.
pub(super) fn always(limits: &Limits, domain: Domain) -> bool {
    known(limits).is_some_and(|plain| bounds::always(&plain, domain))
}

/// Whether no number of the domain is within the limits, whatever the run finds: what is known
/// of them decides alone.
pub(super) fn never(limits: &Limits, domain: Domain) -> bool {
    bounds::never(&partly(limits), domain)
}

/// The bounds that the claim file states.
fn partly(limits: &Limits) -> Bounds {
    let mut plain = limits.known.clone();
    for open in &limits.open {
        if let Ok(value) = value(open, &Scope::new()) {
            let narrowed = plain.narrow(open.relation.clone(), value);
            // Where that cannot be computed, less is known.
            drop(narrowed);
        }
    }
    plain
}

/// Whether every count is within one of the alternatives, whatever the one value is that they
/// may share. `false` also where it is not known.
pub(super) fn covered(alternatives: &[&Limits]) -> bool {
    let mut names: Vec<&str> = alternatives
        .iter()
        .flat_map(|limits| limits.open.iter().flat_map(|open| open.value.params()))
        .collect();
    names.sort_unstable();
    names.dedup();
    let under = |scope: &Scope| {
        let plain: Option<Vec<Bounds>> = alternatives.iter().map(|one| with(one, scope)).collect();
        plain.is_some_and(|plain| bounds::covered(&Vec::from_iter(&plain)))
    };
    match names.as_slice() {
        [] => under(&Scope::new()),
        [name] => {
            // What is covered can change only where the value passes a limit that is known.
            let known: Vec<Bounds> = alternatives.iter().map(|one| partly(one)).collect();
            known
                .iter()
                .flat_map(bounds::limits)
                .chain([&Decimal::zero(), &Decimal::from(9000_u64)])
                .flat_map(|n| {
                    let halves = [-3_i64, -2, 0, 1, 2, 4].map(|half| Decimal::from(half * 5));
                    halves.map(|half| n.plus(&half.shifted(-1)))
                })
                .all(|n| {
                    n.is_some_and(|n| {
                        under(&Scope::from_iter([((*name).to_owned(), n.to_string())]))
                    })
                })
        }
        _ => false,
    }
}

/// The limits in words, `unit` after them: `at least 3 lines`,
/// `18 (${before}), give or take 5%`.
pub(super) fn describe(limits: &Limits, unit: &str, scope: &Scope) -> String {
    // Captured durations have units of their own.
    let own = limits.open.iter().any(|one| one.measure == Measure::Millis);
    let (each, all) = if own { (unit, "") } else { ("", unit) };
    let followed = |words: String, unit: &str| match unit {
        "" => words,
        unit => format!("{words} {unit}"),
    };
    let mut parts: Vec<String> = bounds::words(&limits.known)
        .map(|words| followed(words, each))
        .collect();
    parts.extend(limits.open.iter().map(|open| open_words(open, scope)));
    if parts.is_empty() {
        parts.push("any number".to_owned());
    }
    followed(parts.join(", "), all)
}

fn open_words(open: &OpenBound, scope: &Scope) -> String {
    let value = shown(&open.value, scope);
    match &open.relation {
        Relation::Equals => format!("exactly {value}"),
        Relation::Not => format!("not {value}"),
        Relation::Min => format!("at least {value}"),
        Relation::Max => format!("at most {value}"),
        Relation::Above => format!("more than {value}"),
        Relation::Below => format!("less than {value}"),
        Relation::Near(Give::By(by)) => match open.measure {
            Measure::Number(_) => format!("{value}, give or take {by}"),
            Measure::Millis => format!("{value}, give or take {by} ms"),
        },
        Relation::Near(Give::Percent(percent)) => format!("{value}, give or take {percent}%"),
    }
}

fn has_params(text: &Text) -> bool {
    text.params().next().is_some()
}

fn resolve(limits: &Limits, scope: &Scope) -> Result<Bounds, Unread> {
    let mut plain = limits.known.clone();
    for open in &limits.open {
        let value = value(open, scope)?;
        plain
            .narrow(open.relation.clone(), value)
            .map_err(Unread::Wrong)?;
    }
    Ok(plain)
}

fn value(open: &OpenBound, scope: &Scope) -> Result<Decimal, Unread> {
    open::read(&open.value, scope, |text| read_bound(text, &open.measure))
}

/// Reads the text of a bound; `Err` says why it is not valid. A bound on numbers with a unit may
/// leave the unit out.
pub fn read_bound(text: &str, measure: &Measure) -> Result<Decimal, String> {
    match measure {
        Measure::Number(reading) => number::read(text, reading).or_else(|why| {
            let bare = number::read(
                text,
                &Reading {
                    unit: number::Unit::None,
                    ..reading.clone()
                },
            );
            bare.or_else(|_| number::parse(text)).map_err(|_| why)
        }),
        Measure::Millis => match humantime::parse_duration(text.trim()) {
            Ok(duration) => Ok(millis(duration)),
            Err(_) if number::parse(text).is_ok() => Err(
                "a duration needs its unit: write it after the value, as in \"${name}s\""
                    .to_owned(),
            ),
            Err(_) => Err("that is not a duration, such as `850ms` or `12s`".to_owned()),
        },
    }
}

/// A duration in milliseconds, to the nanosecond.
pub(crate) fn millis(duration: std::time::Duration) -> Decimal {
    Decimal::from(duration.as_nanos()).shifted(-6)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(value: &str, give: Give) -> Limits {
        Limits {
            known: Bounds::default(),
            open: vec![OpenBound {
                relation: Relation::Near(give),
                value: Text::parse(value),
                measure: Measure::plain(),
            }],
            reading: Reading::default(),
        }
    }

    fn scope(value: &str) -> Scope {
        Scope::from_iter([("x".to_owned(), value.to_owned())])
    }

    fn within(limits: &Limits, known: &str, value: f64) -> bool {
        let plain = resolve(limits, &scope(known)).unwrap();
        bounds::within(&plain, &decimal(value))
    }

    fn decimal(value: f64) -> Decimal {
        value.to_string().parse().unwrap()
    }

    #[test]
    fn give_counts_from_the_value_on_both_sides() {
        let five = near("${x}", Give::By(decimal(5.0)));
        for (value, held) in [(13.0, true), (23.0, true), (12.9, false), (23.1, false)] {
            assert_eq!(within(&five, "18", value), held, "{value}");
        }
        let percent = near("${x}", Give::Percent(decimal(5.0)));
        for (known, value, held) in [
            ("200", 190.0, true),
            ("200", 189.9, false),
            ("-200", -210.0, true),
            ("-200", -210.1, false),
            ("0", 0.0, true),
            ("0", 0.1, false),
        ] {
            assert_eq!(within(&percent, known, value), held, "{known} {value}");
        }
        let tenth = near("0.7", Give::By(decimal(0.1)));
        assert!(within(&tenth, "", 0.8) && within(&tenth, "", 0.6));
    }

    #[test]
    fn says_whose_value_is_no_number() {
        let limits = near("${x}", Give::By(decimal(5.0)));
        assert_eq!(
            resolve(&limits, &scope("18 images")),
            Err(Unread::Wrong(
                "the bound 18 images (${x}) cannot be used: a plain number is needed: `18` is followed by `images`"
                    .to_owned()
            ))
        );
        assert!(waits(&limits, &Scope::new()));
        let seconds = |text| read_bound(text, &Measure::Millis);
        assert_eq!(seconds("0.25s"), Ok(decimal(250.0)));
        assert!(seconds("12").unwrap_err().contains("unit"));
        assert!(seconds("soon").unwrap_err().contains("not a duration"));
    }

    #[test]
    fn describes_limits_in_words() {
        let mut limits = near("${x}", Give::Percent(decimal(5.0)));
        limits.known.min = Some(decimal(3.0));
        let words = describe(&limits, "lines", &scope("18"));
        assert_eq!(words, "at least 3, 18 (${x}), give or take 5% lines");
        let words = describe(&limits, "", &Scope::new());
        assert_eq!(words, "at least 3, ${x}, give or take 5%");
        assert_eq!(
            describe(&Limits::default(), "ms", &scope("1")),
            "any number ms"
        );
        let took = Limits {
            known: limits.known,
            open: vec![OpenBound {
                relation: Relation::Near(Give::By(decimal(200.0))),
                value: Text::parse("${x}s"),
                measure: Measure::Millis,
            }],
            reading: Reading::default(),
        };
        assert_eq!(
            describe(&took, "ms", &scope("12")),
            "at least 3 ms, 12s (${x}s), give or take 200 ms"
        );
    }

    proptest! {
        #[test]
        fn a_value_of_the_run_is_the_same_bound_as_if_it_were_written(
            value in -40_i32..40,
            seen in -40_i32..40,
            relation in 0_usize..6,
        ) {
            let (value, seen) = (f64::from(value) / 2.0, f64::from(seen) / 2.0);
            let relation = [
                Relation::Equals, Relation::Not, Relation::Min,
                Relation::Max, Relation::Above, Relation::Below,
            ][relation].clone();
            let open = Limits {
                known: Bounds::default(),
                open: vec![OpenBound { relation: relation.clone(), value: Text::parse("${x}"), measure: Measure::plain() }],
                reading: Reading::default(),
            };
            let mut plain = Bounds::default();
            plain.narrow(relation, decimal(value)).unwrap();
            prop_assert_eq!(resolve(&open, &scope(&value.to_string())), Ok(plain.clone()));
            prop_assert_eq!(
                within(&open, &value.to_string(), seen),
                bounds::within(&plain, &decimal(seen))
            );
        }

        #[test]
        fn what_is_said_before_the_run_is_true_in_every_run(
            min in proptest::option::of(-6_i32..12),
            value in -9_i32..14,
            relation in 0_usize..3,
        ) {
            let relation = [Relation::Max, Relation::Below, Relation::Near(Give::By(decimal(2.0)))][relation].clone();
            let limits = Limits {
                known: Bounds { min: min.map(|n| decimal(f64::from(n))), ..Bounds::default() },
                open: vec![OpenBound { relation, value: Text::parse("${x}"), measure: Measure::plain() }],
                reading: Reading::default(),
            };
            let plain = resolve(&limits, &scope(&value.to_string())).unwrap();
            let seen: Vec<bool> = (0..40).map(|n| bounds::within(&plain, &decimal(f64::from(n)))).collect();
            if always(&limits, Domain::Counting) {
                prop_assert!(seen.iter().all(|held| *held));
            }
            if never(&limits, Domain::Counting) {
                prop_assert!(!seen.iter().any(|held| *held));
            }
        }
    }
}
