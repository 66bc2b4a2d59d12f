//! Reading bounds on numbers and durations: those in the claim file, and those that the run finds.

use super::reader::Reader;
use crate::expectation::{Form, Give, Limits, Measure, OpenBound, Reading, Relation, Unit};
use kit::decimal::Decimal;
use kit::text::{Scope, Text};
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::Fields;
use kit::yaml::tree::{Node, NodeKind};

/// The keys of bounds on a number.
pub(super) const BOUND_KEYS: &[&str] = &[
    "equals", "not", "min", "max", "above", "below", "near", "give",
];
/// The keys of a number beside its bounds.
pub(super) const NUMBER_KEYS: &[&str] = &["of", "unit", "form"];
pub(super) const DURATION_KEYS: &[&str] = &["min", "max", "near", "give"];

/// A bound: a number in the claim file, or a text that becomes one in the run.
enum Value {
    Known(Decimal),
    Open(Text),
}

/// A number as the text of a bound.
fn written(number: &Decimal, measure: &Measure) -> String {
    match measure {
        Measure::Number(_) => number.to_string(),
        // In nanoseconds, which are whole: durations take no decimals.
        Measure::Millis => format!("{}ns", number.shifted(6)),
    }
}

impl Reader {
    /// Bounds on a number: a bare one is equality.
    pub(super) fn limits(&mut self, node: &Node, what: &str) -> Option<Limits> {
        if let NodeKind::Map(_) = &node.kind {
            let fields = self.map(node, what, BOUND_KEYS)?;
            return self.limit_fields(&fields, what, &Measure::plain());
        }
        let mut limits = Limits::default();
        self.bound(node, what, Relation::Equals, &Measure::plain(), &mut limits)?;
        Some(limits)
    }

    /// Bounds on a number that is read, with the unit and in the form that it has.
    pub(super) fn number_bounds(&mut self, node: &Node, what: &str) -> Option<Limits> {
        let NodeKind::Map(_) = &node.kind else {
            return self.limits(node, what);
        };
        let keys: Vec<&str> = NUMBER_KEYS.iter().chain(BOUND_KEYS).copied().collect();
        let fields = self.map(node, what, &keys)?;
        let unit = match fields.get("unit") {
            None => Unit::None,
            Some(node) => match self.fixed(node, "`unit`")?.trim() {
                "bytes" => Unit::Bytes,
                text => Unit::Text(text.to_owned()),
            },
        };
        let form = match fields.get("form") {
            None => Form::default(),
            Some(node) => {
                let names = Form::NAMES.map(|(name, _)| name);
                Form::NAMES[self.one_of(node, "`form`", &names)?].1
            }
        };
        let reading = Reading { unit, form };
        let limits = self.limit_fields(&fields, what, &Measure::Number(reading.clone()))?;
        Some(Limits { reading, ..limits })
    }

    /// Bounds on how long something took: durations with their units.
    pub(super) fn duration_bounds(&mut self, node: &Node) -> Option<Limits> {
        let fields = self.map(node, "`duration`", DURATION_KEYS)?;
        self.limit_fields(&fields, "`duration`", &Measure::Millis)
    }

    /// The bounds among the fields of a map.
    pub(super) fn limit_fields(
        &mut self,
        fields: &Fields<'_>,
        what: &str,
        measure: &Measure,
    ) -> Option<Limits> {
        let before = self.problems.len();
        let mut limits = Limits::default();
        for (key, relation) in [
            ("equals", Relation::Equals),
            ("not", Relation::Not),
            ("min", Relation::Min),
            ("max", Relation::Max),
            ("above", Relation::Above),
            ("below", Relation::Below),
        ] {
            if let Some(node) = fields.get(key) {
                self.bound(node, what, relation, measure, &mut limits);
            }
        }
        self.near(fields, what, measure, &mut limits);
        if self.problems.len() > before {
            return None;
        }
        if limits == Limits::default() {
            let keys = match measure {
                Measure::Number(_) => BOUND_KEYS,
                Measure::Millis => DURATION_KEYS,
            };
            self.report(
                Diagnostic::new(
                    Code::EMPTY,
                    fields.span.clone(),
                    format!("{what} has no bound"),
                )
                .help(format!("one of: {}", keys.join(", "))),
            );
            return None;
        }
        Some(limits)
    }

    /// `near: …, give: …`: each needs the other.
    fn near(
        &mut self,
        fields: &Fields<'_>,
        what: &str,
        measure: &Measure,
        limits: &mut Limits,
    ) -> Option<()> {
        let (near, give) = match (fields.get("near"), fields.get("give")) {
            (None, None) => return Some(()),
            (Some(near), Some(give)) => (near, give),
            (near, _) => {
                let lacking = if near.is_some() { "give" } else { "near" };
                let example = match measure {
                    Measure::Number(_) => "{ near: \"${before}\", give: 5 }, or `give: 5%` of it",
                    Measure::Millis => "{ near: \"${before}\", give: 200ms }, or `give: 5%` of it",
                };
                self.missing_in(fields, what, lacking, example);
                return None;
            }
        };
        let give = self.give(give, measure);
        let value = match self.value(near, what, measure)? {
            Value::Known(number) => Text::literal(written(&number, measure)),
            Value::Open(text) => text,
        };
        limits.open.push(OpenBound {
            relation: Relation::Near(give?),
            value,
            measure: measure.clone(),
        });
        Some(())
    }

    fn give(&mut self, node: &Node, measure: &Measure) -> Option<Give> {
        let what = "`give`";
        let text = self.fixed(node, what)?;
        let read = match (text.trim().strip_suffix('%'), measure) {
            (Some(percent), _) => {
                crate::matchers::read_bound(percent, &Measure::plain()).map(Give::Percent)
            }
            (None, Measure::Number(_)) => crate::matchers::read_bound(&text, measure).map(Give::By),
            (None, Measure::Millis) => {
                let duration = self.duration(node, what)?;
                Ok(Give::By(crate::matchers::millis(duration)))
            }
        };
        match read {
            Ok(Give::By(by) | Give::Percent(by)) if by.is_negative() => self.bad_give(node, &text),
            Ok(give) => Some(give),
            Err(_) => self.bad_give(node, &text),
        }
    }

    fn bad_give(&mut self, node: &Node, text: &str) -> Option<Give> {
        let problem = Diagnostic::new(
            Code::BAD_NUMBER,
            node.span.clone(),
            format!("`give` cannot be `{text}`"),
        )
        .help("how far it may be from the number of `near`: `5`, or `5%` of that number");
        self.report(problem);
        None
    }

    fn bound(
        &mut self,
        node: &Node,
        what: &str,
        relation: Relation,
        measure: &Measure,
        limits: &mut Limits,
    ) -> Option<()> {
        match self.value(node, what, measure)? {
            Value::Known(number) => {
                if let Err(why) = limits.known.narrow(relation, number) {
                    self.bad_number(node, why);
                    return None;
                }
            }
            Value::Open(value) => limits.open.push(OpenBound {
                relation,
                value,
                measure: measure.clone(),
            }),
        }
        Some(())
    }

    /// What stands in a bound: a number, or what can become one.
    fn value(&mut self, node: &Node, what: &str, measure: &Measure) -> Option<Value> {
        let text = Text::parse(self.scalar(node, what)?).bind(&self.scope);
        if text.params().next().is_none() {
            let number = match measure {
                Measure::Number(_) => {
                    let text = self.fixed(node, what)?;
                    match crate::matchers::read_bound(&text, measure) {
                        Ok(number) => number,
                        Err(why) => {
                            self.bad_number(
                                node,
                                format!("{what} must be a number, not `{text}`: {why}"),
                            );
                            return None;
                        }
                    }
                }
                Measure::Millis => {
                    let duration = self.duration(node, "a bound of `duration`")?;
                    crate::matchers::millis(duration)
                }
            };
            return Some(Value::Known(number));
        }
        let text = self.text(node, what)?;
        let could_be = |value: &str| {
            let scope: Scope = text
                .params()
                .map(|name| (name.to_owned(), value.to_owned()))
                .collect();
            crate::matchers::read_bound(&text.render(&scope), measure).is_ok()
        };
        if could_be("1") || *measure == Measure::Millis && could_be("1s") {
            return Some(Value::Open(text));
        }
        let source = text.render(&Scope::new());
        self.bad_number(
            node,
            format!(
                "{what} must be a number, and `{source}` is not a number, whatever is captured"
            ),
        );
        None
    }
}
