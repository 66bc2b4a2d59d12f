//! Reading bounds on numbers and durations: those in the claim file, and those that the run finds.

use super::reader::Reader;
use crate::expectation::{Give, Limits, Measure, OpenBound, Relation};
use kit::text::{Scope, Text};
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::Fields;
use kit::yaml::tree::{Node, NodeKind};

/// The keys of bounds on a number.
pub(super) const BOUND_KEYS: &[&str] = &[
    "equals", "not", "min", "max", "above", "below", "near", "give",
];
const DURATION_KEYS: &[&str] = &["min", "max", "near", "give"];

/// A bound: a number in the claim file, or a text that becomes one in the run.
enum Value {
    Known(f64),
    Open(Text),
}

/// A number as the text of a bound.
fn written(number: f64, measure: Measure) -> String {
    match measure {
        Measure::Number => number.to_string(),
        Measure::Millis if number.fract() == 0.0 => format!("{number}ms"),
        Measure::Millis => format!("{}ns", (number * 1e6).round()),
    }
}

impl Reader {
    /// Bounds on a number: a bare one is equality.
    pub(super) fn limits(&mut self, node: &Node, what: &str) -> Option<Limits> {
        if let NodeKind::Map(_) = &node.kind {
            let fields = self.map(node, what, BOUND_KEYS)?;
            return self.limit_fields(&fields, what, Measure::Number);
        }
        let mut limits = Limits::default();
        self.bound(node, what, Relation::Equals, Measure::Number, &mut limits)?;
        Some(limits)
    }

    /// Bounds on how long something took: durations with their units.
    pub(super) fn duration_bounds(&mut self, node: &Node) -> Option<Limits> {
        let fields = self.map(node, "`duration`", DURATION_KEYS)?;
        self.limit_fields(&fields, "`duration`", Measure::Millis)
    }

    /// The bounds among the fields of a map.
    pub(super) fn limit_fields(
        &mut self,
        fields: &Fields<'_>,
        what: &str,
        measure: Measure,
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
                Measure::Number => BOUND_KEYS,
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
        measure: Measure,
        limits: &mut Limits,
    ) -> Option<()> {
        let (near, give) = match (fields.get("near"), fields.get("give")) {
            (None, None) => return Some(()),
            (Some(near), Some(give)) => (near, give),
            (near, _) => {
                let lacking = if near.is_some() { "give" } else { "near" };
                let example = match measure {
                    Measure::Number => "{ near: \"${before}\", give: 5 }, or `give: 5%` of it",
                    Measure::Millis => "{ near: \"${before}\", give: 200ms }, or `give: 5%` of it",
                };
                self.missing_in(fields, what, lacking, example);
                return None;
            }
        };
        let give = self.give(give, measure);
        let value = match self.value(near, what, measure)? {
            Value::Known(number) => Text::literal(written(number, measure)),
            Value::Open(text) => text,
        };
        limits.open.push(OpenBound {
            relation: Relation::Near(give?),
            value,
            measure,
        });
        Some(())
    }

    fn give(&mut self, node: &Node, measure: Measure) -> Option<Give> {
        let what = "`give`";
        let text = self.fixed(node, what)?;
        let read = match (text.trim().strip_suffix('%'), measure) {
            (Some(percent), _) => {
                crate::matchers::read_bound(percent, Measure::Number).map(Give::Percent)
            }
            (None, Measure::Number) => {
                crate::matchers::read_bound(&text, Measure::Number).map(Give::By)
            }
            (None, Measure::Millis) => {
                let duration = self.duration(node, what)?;
                Ok(Give::By(duration.as_secs_f64() * 1000.0))
            }
        };
        match read {
            Ok(give @ (Give::By(by) | Give::Percent(by))) if by >= 0.0 => Some(give),
            _ => {
                let problem = Diagnostic::new(
                    Code::BAD_NUMBER,
                    node.span.clone(),
                    format!("{what} cannot be `{text}`"),
                )
                .help("how far it may be from the number of `near`: `5`, or `5%` of that number");
                self.report(problem);
                None
            }
        }
    }

    fn bound(
        &mut self,
        node: &Node,
        what: &str,
        relation: Relation,
        measure: Measure,
        limits: &mut Limits,
    ) -> Option<()> {
        match self.value(node, what, measure)? {
            Value::Known(number) => limits.known.narrow(relation, number),
            Value::Open(value) => limits.open.push(OpenBound {
                relation,
                value,
                measure,
            }),
        }
        Some(())
    }

    /// What stands in a bound: a number, or what can become one.
    fn value(&mut self, node: &Node, what: &str, measure: Measure) -> Option<Value> {
        let text = Text::parse(self.scalar(node, what)?).bind(&self.scope);
        if text.params().next().is_none() {
            let number = match measure {
                Measure::Number => self.number(node, what)?,
                Measure::Millis => {
                    let duration = self.duration(node, "a bound of `duration`")?;
                    duration.as_secs_f64() * 1000.0
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
        if could_be("1") || measure == Measure::Millis && could_be("1s") {
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
