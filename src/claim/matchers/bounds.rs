//! Bounds on numbers.

/// Bounds on a number; all that are set must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds {
    pub equals: Option<f64>,
    pub not: Option<f64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub above: Option<f64>,
    pub below: Option<f64>,
}

impl Bounds {
    /// Adds a bound; of two of a kind the narrower stays.
    pub fn narrow(&mut self, relation: Relation, value: f64) {
        let higher = |old: Option<f64>, new: f64| Some(old.map_or(new, |old| old.max(new)));
        let lower = |old: Option<f64>, new: f64| Some(old.map_or(new, |old| old.min(new)));
        match relation {
            Relation::Equals => self.equals = Some(value),
            Relation::Not => self.not = Some(value),
            Relation::Min => self.min = higher(self.min, value),
            Relation::Max => self.max = lower(self.max, value),
            Relation::Above => self.above = higher(self.above, value),
            Relation::Below => self.below = lower(self.below, value),
            Relation::Near(give) => {
                let give = match give {
                    Give::By(by) => by,
                    Give::Percent(percent) => value.abs() * percent / 100.0,
                };
                self.min = higher(self.min, decimal(value - give));
                self.max = lower(self.max, decimal(value + give));
            }
        }
    }
}

/// What a number must be to a bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Relation {
    Equals,
    /// Not equal to it.
    Not,
    Min,
    Max,
    Above,
    Below,
    /// The same, give or take this.
    Near(Give),
}

/// How far a number may be from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Give {
    /// This much (of durations: milliseconds).
    By(f64),
    /// This many percent of the other.
    Percent(f64),
}

/// A sum of decimals as a decimal: 0.7 and 0.1 are 0.8, and not a little less.
fn decimal(sum: f64) -> f64 {
    if !sum.is_finite() || sum.fract() == 0.0 {
        return sum;
    }
    format!("{sum:.14e}").parse().unwrap_or(sum)
}

/// The numbers that can occur where bounds are held against something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    /// 0, 1, 2 …: lines, matches, elements.
    Counting,
    /// Zero and more: milliseconds.
    Positive,
    /// Whole numbers: days.
    Whole,
    /// Every number.
    Real,
}

/// Whether the value is within the bounds.
pub(super) fn within(bounds: &Bounds, value: f64) -> bool {
    bounds.equals.is_none_or(|bound| value == bound)
        && bounds.not.is_none_or(|bound| value != bound)
        && bounds.min.is_none_or(|bound| value >= bound)
        && bounds.max.is_none_or(|bound| value <= bound)
        && bounds.above.is_none_or(|bound| value > bound)
        && bounds.below.is_none_or(|bound| value < bound)
}

/// Whether the bounds hold for a number of which only the least value it can have is known:
/// `None` when that depends on the rest.
pub(super) fn within_from(bounds: &Bounds, least: f64) -> Option<bool> {
    let too_many = bounds.equals.is_some_and(|bound| bound < least)
        || bounds.max.is_some_and(|bound| bound < least)
        || bounds.below.is_some_and(|bound| bound <= least);
    let open_above = bounds.equals.is_none()
        && bounds.max.is_none()
        && bounds.below.is_none()
        && bounds.not.is_none_or(|bound| bound < least);
    if too_many {
        Some(false)
    } else if open_above && within(bounds, least) {
        Some(true)
    } else {
        None
    }
}

/// Each bound as text: `at least 3`.
pub(super) fn words(bounds: &Bounds) -> impl Iterator<Item = String> {
    [
        ("exactly", bounds.equals),
        ("not", bounds.not),
        ("at least", bounds.min),
        ("at most", bounds.max),
        ("more than", bounds.above),
        ("less than", bounds.below),
    ]
    .into_iter()
    .filter_map(|(word, bound)| Some(format!("{word} {}", bound?)))
}

/// Whether every number of the domain is within the bounds.
pub(super) fn always(bounds: &Bounds, domain: Domain) -> bool {
    let floor = match domain {
        Domain::Counting | Domain::Positive => 0.0,
        Domain::Whole | Domain::Real => f64::NEG_INFINITY,
    };
    bounds.equals.is_none()
        && bounds.not.is_none_or(|bound| !domain.has(bound))
        && bounds.min.is_none_or(|bound| bound <= floor)
        && bounds.above.is_none_or(|bound| bound < floor)
        && bounds.max.is_none_or(|bound| bound == f64::INFINITY)
        && bounds.below.is_none_or(|bound| bound == f64::INFINITY)
}

/// Whether no number of the domain is within the bounds.
pub(super) fn never(bounds: &Bounds, domain: Domain) -> bool {
    let limits: Vec<f64> = limits(bounds).chain([0.0]).collect();
    // What the bounds say changes only at a limit, so these stand for all numbers: the limits,
    // their neighbours, and what lies between two of them.
    let mut candidates = Vec::new();
    for &a in &limits {
        candidates.extend([a, a.floor(), a.ceil(), a.next_up(), a.next_down()]);
        candidates
            .extend((1..=2).flat_map(|n| [a.floor() + f64::from(n), a.ceil() - f64::from(n)]));
        candidates.extend(limits.iter().map(|&b| a / 2.0 + b / 2.0));
    }
    !candidates
        .into_iter()
        .any(|value| domain.has(value) && within(bounds, value))
}

/// Whether every count (0, 1, 2 …) is within at least one of the bounds.
pub(super) fn covered(alternatives: &[&Bounds]) -> bool {
    /// Beyond this it is not known: `false`.
    const MOST: f64 = 10_000.0;
    let highest = alternatives
        .iter()
        .flat_map(|bounds| limits(bounds))
        .fold(0.0, f64::max);
    // Beyond the highest limit the answer is the same for all counts.
    highest <= MOST
        && (0..=(highest as u32 + 2))
            .map(f64::from)
            .all(|count| alternatives.iter().any(|bounds| within(bounds, count)))
}

/// The numbers in the bounds.
pub(super) fn limits(bounds: &Bounds) -> impl Iterator<Item = f64> {
    [
        bounds.equals,
        bounds.not,
        bounds.min,
        bounds.max,
        bounds.above,
        bounds.below,
    ]
    .into_iter()
    .flatten()
}

impl Domain {
    fn has(self, value: f64) -> bool {
        let whole = value.fract() == 0.0;
        value.is_finite()
            && match self {
                Domain::Counting => whole && value >= 0.0,
                Domain::Positive => value >= 0.0,
                Domain::Whole => whole,
                Domain::Real => true,
            }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bounds() -> impl Strategy<Value = Bounds> {
        let limit =
            || proptest::option::weighted(0.3, (-6_i32..12).prop_map(|n| f64::from(n) / 2.0));
        (limit(), limit(), limit(), limit(), limit(), limit()).prop_map(
            |(equals, not, min, max, above, below)| Bounds {
                equals,
                not,
                min,
                max,
                above,
                below,
            },
        )
    }

    proptest! {
        #[test]
        fn bounds_are_consistent_with_each_other(limit in -1e9_f64..1e9, value in -1e9_f64..1e9) {
            let one = |set: fn(&mut Bounds, f64)| {
                let mut bounds = Bounds::default();
                set(&mut bounds, limit);
                within(&bounds, value)
            };
            let min = one(|b, v| b.min = Some(v));
            let max = one(|b, v| b.max = Some(v));
            let above = one(|b, v| b.above = Some(v));
            let below = one(|b, v| b.below = Some(v));
            let equals = one(|b, v| b.equals = Some(v));
            let not = one(|b, v| b.not = Some(v));
            prop_assert_eq!(min, !below);
            prop_assert_eq!(max, !above);
            prop_assert_eq!(equals, min && max);
            prop_assert_eq!(equals, !not);
        }

        #[test]
        fn always_and_never_are_right_about_counts(bounds in bounds()) {
            let seen: Vec<bool> = (0..40).map(|n| within(&bounds, f64::from(n))).collect();
            prop_assert_eq!(always(&bounds, Domain::Counting), seen.iter().all(|held| *held));
            prop_assert_eq!(never(&bounds, Domain::Counting), !seen.iter().any(|held| *held));
        }

        #[test]
        fn always_and_never_are_right_about_whole_numbers(bounds in bounds()) {
            let seen: Vec<bool> = (-40..40).map(|n| within(&bounds, f64::from(n))).collect();
            prop_assert_eq!(always(&bounds, Domain::Whole), seen.iter().all(|held| *held));
            prop_assert_eq!(never(&bounds, Domain::Whole), !seen.iter().any(|held| *held));
        }

        #[test]
        fn a_lower_limit_decides_only_what_every_greater_number_agrees_on(
            bounds in bounds(),
            least in 0_i32..8,
        ) {
            let seen: Vec<bool> = (least..60).map(|n| within(&bounds, f64::from(n))).collect();
            if let Some(held) = within_from(&bounds, f64::from(least)) {
                prop_assert!(seen.iter().all(|one| *one == held));
            }
        }
    }

    #[test]
    fn a_lower_limit_decides_what_it_can() {
        let below = |limit| Bounds {
            below: Some(limit),
            ..Bounds::default()
        };
        assert_eq!(within_from(&below(3.0), 3.0), Some(false));
        assert_eq!(within_from(&below(4.0), 3.0), None);
        let min = Bounds {
            min: Some(3.0),
            ..Bounds::default()
        };
        assert_eq!(within_from(&min, 3.0), Some(true));
        assert_eq!(within_from(&min, 2.0), None);
    }
}
