//! Reading `time:`.

use super::reader::Reader;
use crate::codes;
use crate::expectation::{TimeBound, TimeFormat, TimeMatcher, TimeRelation};
use kit::text::{Scope, Text};
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::Fields;
use kit::yaml::tree::{Node, NodeKind};

/// An age as a bound.
type Age = fn(std::time::Duration) -> TimeBound;

pub(super) const TIME_KEYS: &[&str] = &[
    "equals",
    "after",
    "before",
    "not_before",
    "not_after",
    "near",
    "give",
    "newer_than",
    "older_than",
    "unix",
    "of",
];
const EXAMPLE: &str = "for example `2026-05-30T05:38Z`, `2026-05-30T07:38:12+02:00`, or a captured time: \"${started}\"";

impl Reader {
    /// Bounds on a time: a bare one is equality.
    pub(super) fn time(&mut self, node: &Node) -> Option<TimeMatcher> {
        let NodeKind::Map(_) = &node.kind else {
            let text = self.moment(node, TimeFormat::Date)?;
            return Some(TimeMatcher {
                format: TimeFormat::Date,
                bounds: vec![TimeBound::Is(TimeRelation::Equals, text)],
            });
        };
        let before = self.problems.len();
        let fields = self.map(node, "`time`", TIME_KEYS)?;
        let format = match fields.get("unix") {
            None => TimeFormat::Date,
            Some(unit) => match self.one_of(unit, "`unix`", &["s", "ms"])? {
                0 => TimeFormat::Seconds,
                _ => TimeFormat::Milliseconds,
            },
        };
        let mut bounds = Vec::new();
        for (key, order) in [
            ("equals", TimeRelation::Equals),
            ("after", TimeRelation::After),
            ("before", TimeRelation::Before),
            ("not_before", TimeRelation::NotBefore),
            ("not_after", TimeRelation::NotAfter),
        ] {
            let text = fields.get(key).and_then(|other| self.moment(other, format));
            bounds.extend(text.map(|text| TimeBound::Is(order, text)));
        }
        bounds.extend(self.near_time(&fields, format));
        let ages: [(&str, Age); 2] = [
            ("newer_than", TimeBound::NewerThan),
            ("older_than", TimeBound::OlderThan),
        ];
        for (key, bound) in ages {
            let age = fields
                .get(key)
                .and_then(|age| self.age(age, &format!("`{key}`")));
            bounds.extend(age.map(bound));
        }
        if self.problems.len() > before {
            return None;
        }
        if bounds.is_empty() {
            self.report(
                Diagnostic::new(Code::EMPTY, node.span.clone(), "`time` has no bound")
                    .help("one of: equals, after, before, not_before, not_after, near with give, newer_than, older_than"),
            );
            return None;
        }
        Some(TimeMatcher { format, bounds })
    }

    fn near_time(&mut self, fields: &Fields<'_>, format: TimeFormat) -> Option<TimeBound> {
        match (fields.get("near"), fields.get("give")) {
            (None, None) => None,
            (Some(near), Some(give)) => {
                let give = self.age(give, "`give`");
                let other = self.moment(near, format);
                Some(TimeBound::Near(other?, give?))
            }
            (near, _) => {
                let lacking = if near.is_some() { "give" } else { "near" };
                let example = "time: { near: \"${started}\", give: 30s }";
                self.missing_in(fields, "`time`", lacking, example);
                None
            }
        }
    }

    /// The other time: written in the claim file, or captured.
    fn moment(&mut self, node: &Node, format: TimeFormat) -> Option<Text> {
        let text = self.text(node, "a time")?;
        if text.params().next().is_some() {
            return Some(text);
        }
        match crate::matchers::read_time(&text.render(&Scope::new()), format) {
            Ok(_) => Some(text),
            Err(why) => {
                let problem = Diagnostic::new(
                    codes::BAD_TIME,
                    node.span.clone(),
                    "not a time to compare with",
                )
                .label(why)
                .help(EXAMPLE);
                self.report(problem);
                None
            }
        }
    }
}
