//! Bounds on numbers.

use kit::decimal::Decimal;

/// Bounds on a number; all that are set must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds {
    pub equals: Option<Decimal>,
    pub not: Option<Decimal>,
    pub min: Option<Decimal>,
    pub max: Option<Decimal>,
    pub above: Option<Decimal>,
    pub below: Option<Decimal>,
}

impl Bounds {
    /// Adds a bound; of two of a kind the narrower stays. `Err` where a number is too far from the
    /// other one to be given or taken.
    ///
    /// # Errors
    /// In words, for `near` and `give` whose sum would have more than 10,000 digits.
    pub fn narrow(&mut self, relation: Relation, value: Decimal) -> Result<(), String> {
        let higher = |old: &mut Option<Decimal>, new: Decimal| {
            *old = Some(old.take().map_or(new.clone(), |old| old.max(new)));
        };
        let lower = |old: &mut Option<Decimal>, new: Decimal| {
            *old = Some(old.take().map_or(new.clone(), |old| old.min(new)));
        };
        match relation {
            Relation::Equals => self.equals = Some(value),
            Relation::Not => self.not = Some(value),
            Relation::Min => higher(&mut self.min, value),
            Relation::Max => lower(&mut self.max, value),
            Relation::Above => higher(&mut self.above, value),
            Relation::Below => lower(&mut self.below, value),
            Relation::Near(give) => {
                let give = match give {
                    Give::By(by) => Some(by),
                    Give::Percent(percent) => {
                        value.abs().times(&percent).map(|part| part.shifted(-2))
                    }
                };
                let range = give.and_then(|give| Some((value.minus(&give)?, value.plus(&give)?)));
                let (least, most) =
                    range.ok_or("`near` and `give` are too far apart to be added")?;
                higher(&mut self.min, least);
                lower(&mut self.max, most);
            }
        }
        Ok(())
    }
}

/// What a number must be to a bound.
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Debug, PartialEq)]
pub enum Give {
    /// This much (of durations: milliseconds).
    By(Decimal),
    /// This many percent of the other.
    Percent(Decimal),
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
pub(super) fn within(bounds: &Bounds, value: &Decimal) -> bool {
    let holds = |bound: &Option<Decimal>, test: fn(&Decimal, &Decimal) -> bool| {
        bound.as_ref().is_none_or(|bound| test(value, bound))
    };
    holds(&bounds.equals, |value, bound| value == bound)
        && holds(&bounds.not, |value, bound| value != bound)
        && holds(&bounds.min, |value, bound| value >= bound)
        && holds(&bounds.max, |value, bound| value <= bound)
        && holds(&bounds.above, |value, bound| value > bound)
        && holds(&bounds.below, |value, bound| value < bound)
}

/// Whether a count is within the bounds.
pub(super) fn within_count(bounds: &Bounds, count: usize) -> bool {
    within(bounds, &Decimal::from(count))
}

/// Whether the bounds hold for a count of which only the least value it can have is known:
/// `None` when that depends on the rest.
pub(super) fn within_from(bounds: &Bounds, least: usize) -> Option<bool> {
    let least = Decimal::from(least);
    let some = |bound: &Option<Decimal>, test: fn(&Decimal, &Decimal) -> bool| {
        bound.as_ref().is_some_and(|bound| test(bound, &least))
    };
    let too_many = some(&bounds.equals, |bound, least| bound < least)
        || some(&bounds.max, |bound, least| bound < least)
        || some(&bounds.below, |bound, least| bound <= least);
    let open_above = bounds.equals.is_none()
        && bounds.max.is_none()
        && bounds.below.is_none()
        && bounds.not.as_ref().is_none_or(|bound| *bound < least);
    if too_many {
        Some(false)
    } else if open_above && within(bounds, &least) {
        Some(true)
    } else {
        None
    }
}

/// Each bound as text: `at least 3`.
pub(super) fn words(bounds: &Bounds) -> impl Iterator<Item = String> {
    [
        ("exactly", &bounds.equals),
        ("not", &bounds.not),
        ("at least", &bounds.min),
        ("at most", &bounds.max),
        ("more than", &bounds.above),
        ("less than", &bounds.below),
    ]
    .into_iter()
    .filter_map(|(word, bound)| Some(format!("{word} {}", bound.as_ref()?)))
}

/// Whether every number of the domain is within the bounds.
pub(super) fn always(bounds: &Bounds, domain: Domain) -> bool {
    let zero = Decimal::zero();
    let from_zero = matches!(domain, Domain::Counting | Domain::Positive);
    bounds.equals.is_none()
        && bounds.not.as_ref().is_none_or(|bound| !domain.has(bound))
        && bounds
            .min
            .as_ref()
            .is_none_or(|bound| from_zero && *bound <= zero)
        && bounds
            .above
            .as_ref()
            .is_none_or(|bound| from_zero && *bound < zero)
        && bounds.max.is_none()
        && bounds.below.is_none()
}

/// Whether no number of the domain is within the bounds. `false` also where that is not known.
pub(super) fn never(bounds: &Bounds, domain: Domain) -> bool {
    let zero = Decimal::zero();
    let limits: Vec<&Decimal> = limits(bounds).chain([&zero]).collect();
    // What the bounds say changes only at a limit, so these stand for all numbers: the limits,
    // their neighbours, and what lies between two of them.
    let mut candidates = Vec::new();
    for a in &limits {
        let steps = [-2_i64, -1, 0, 1, 2].map(Decimal::from);
        for start in [(*a).clone(), a.floor(), a.ceil()] {
            candidates.extend(steps.iter().map(|step| start.plus(step)));
        }
        candidates.extend(limits.iter().map(|b| a.middle(b)));
    }
    let known: Option<Vec<Decimal>> = candidates.into_iter().collect();
    known.is_some_and(|candidates| {
        !candidates
            .iter()
            .any(|value| domain.has(value) && within(bounds, value))
    })
}

/// Whether every count (0, 1, 2 …) is within at least one of the bounds.
pub(super) fn covered(alternatives: &[&Bounds]) -> bool {
    /// Beyond this it is not known: `false`.
    const MOST: u64 = 10_000;
    let most = Decimal::from(MOST);
    let all = || alternatives.iter().flat_map(|bounds| limits(bounds));
    if all().any(|limit| *limit > most) {
        return false;
    }
    // Beyond the highest limit the answer is the same for all counts.
    let beyond = (0..=MOST + 2).find(|count| {
        let count = Decimal::from(*count);
        all().all(|limit| *limit < count)
    });
    (0..=beyond.unwrap_or(MOST) + 1)
        .map(Decimal::from)
        .all(|count| alternatives.iter().any(|bounds| within(bounds, &count)))
}

/// The numbers in the bounds.
pub(super) fn limits(bounds: &Bounds) -> impl Iterator<Item = &Decimal> {
    [
        &bounds.equals,
        &bounds.not,
        &bounds.min,
        &bounds.max,
        &bounds.above,
        &bounds.below,
    ]
    .into_iter()
    .flatten()
}

impl Domain {
    fn has(self, value: &Decimal) -> bool {
        match self {
            Domain::Counting => value.is_whole() && !value.is_negative(),
            Domain::Positive => !value.is_negative(),
            Domain::Whole => value.is_whole(),
            Domain::Real => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bounds() -> impl Strategy<Value = Bounds> {
        let limit = || {
            proptest::option::weighted(
                0.3,
                (-6_i64..12).prop_map(|n| Decimal::from(n * 5).shifted(-1)),
            )
        };
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
        fn bounds_are_consistent_with_each_other(limit in "-?[0-9]{1,20}(\\.[0-9]{1,9})?", value in "-?[0-9]{1,20}") {
            let read = |text: &str| text.parse::<Decimal>().unwrap();
            let one = |set: fn(&mut Bounds, Decimal)| {
                let mut bounds = Bounds::default();
                set(&mut bounds, read(&limit));
                within(&bounds, &read(&value))
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
            let seen: Vec<bool> = (0..40_usize).map(|n| within_count(&bounds, n)).collect();
            prop_assert_eq!(always(&bounds, Domain::Counting), seen.iter().all(|held| *held));
            prop_assert_eq!(never(&bounds, Domain::Counting), !seen.iter().any(|held| *held));
        }

        #[test]
        fn always_and_never_are_right_about_whole_numbers(bounds in bounds()) {
            let seen: Vec<bool> = (-40..40_i64).map(|n| within(&bounds, &Decimal::from(n))).collect();
            prop_assert_eq!(always(&bounds, Domain::Whole), seen.iter().all(|held| *held));
            prop_assert_eq!(never(&bounds, Domain::Whole), !seen.iter().any(|held| *held));
        }

        #[test]
        fn a_lower_limit_decides_only_what_every_greater_number_agrees_on(
            bounds in bounds(),
            least in 0_usize..8,
        ) {
            let seen: Vec<bool> = (least..60).map(|n| within_count(&bounds, n)).collect();
            if let Some(held) = within_from(&bounds, least) {
                prop_assert!(seen.iter().all(|one| *one == held));
            }
        }
    }

    #[test]
    fn a_lower_limit_decides_what_it_can() {
        let below = |limit: u64| Bounds {
            below: Some(Decimal::from(limit)),
            ..Bounds::default()
        };
        assert_eq!(within_from(&below(3), 3), Some(false));
        assert_eq!(within_from(&below(4), 3), None);
        let min = Bounds {
            min: Some(Decimal::from(3_u64)),
            ..Bounds::default()
        };
        assert_eq!(within_from(&min, 3), Some(true));
        assert_eq!(within_from(&min, 2), None);
    }
}
