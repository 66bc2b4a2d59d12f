//! Reading checks, with `for:` expanded.

use indexmap::IndexMap;

use crate::codes;
use crate::{Check, Effect, Fixture, Place, Skip};
use kit::text::Scope;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::tree::{Node, NodeKind};

use super::effects::Known;
use super::enclosing::{captured_by, nested};
use super::human::{EXPECTED, HUMAN_KEYS};
use super::loops::expanded_id;
use super::needs::CheckNeeds;
use super::one_line;
use super::probes::{HTTP_KEYS, KnownPlaces, RUN_KEYS, TIMING_KEYS, transpose};
use super::reader::Reader;
use super::steps::{EFFECTS, effect, head};
use kit::yaml::fields::Fields;

const CHECK_KEYS: &[&str] = &[
    "id",
    "claim",
    "on",
    "with",
    "for",
    "expect",
    "needs",
    "capture",
    "effect",
    "control",
    "unchanged",
    "requires",
    "tags",
    "skip",
    "teeth",
];

/// What a check can refer to.
pub(super) struct CheckContext<'a> {
    pub(super) places: KnownPlaces<'a>,
    pub(super) default_on: Option<&'a Place>,
    pub(super) fixtures: &'a IndexMap<String, Fixture>,
    pub(super) fixture_names: &'a [&'a str],
}

impl Reader {
    /// One check of the file: as many checks as its `for:` has values.
    pub(super) fn check(
        &mut self,
        node: &Node,
        context: &CheckContext<'_>,
        heads: &mut Vec<CheckNeeds>,
    ) -> Vec<Check> {
        let keys: Vec<&str> = CHECK_KEYS
            .iter()
            .chain(RUN_KEYS)
            .chain(HTTP_KEYS)
            .chain(TIMING_KEYS)
            .chain(HUMAN_KEYS)
            .copied()
            .collect();
        let Some(fields) = self.map(node, "a check", &keys) else {
            return Vec::new();
        };
        let loops = match fields.get("for") {
            Some(node) => self.loops(node),
            None => vec![Scope::new()],
        };
        let outer = self.scope.clone();
        let mut checks = Vec::new();
        for values in loops {
            self.scope = outer.clone();
            self.scope.extend(values.clone());
            checks.extend(self.one_check(&fields, &values, context, heads));
        }
        self.scope = outer;
        checks
    }

    fn one_check(
        &mut self,
        fields: &Fields<'_>,
        values: &Scope,
        context: &CheckContext<'_>,
        heads: &mut Vec<CheckNeeds>,
    ) -> Option<Check> {
        let base_id = match fields.get("id") {
            Some(node) => self.fixed(node, "`id`").filter(|id| {
                let span = node.span.clone();
                self.check_name(id, &span, "a check")
            }),
            None => {
                self.missing_in(fields, "a check", "id", "a short name: `id: alerts`");
                None
            }
        };
        let claim = match fields.get("claim") {
            Some(node) => self.fixed(node, "`claim`"),
            None => {
                self.missing_in(
                    fields,
                    "a check",
                    "claim",
                    "what it shows, in words: `claim: the alert directory is empty`",
                );
                None
            }
        };
        let on = self.on(fields, "a check", context.default_on, &context.places);
        let with = self.fixture_names(fields, context.fixture_names);
        for name in &with {
            let names = captured_by(name, context.fixtures);
            self.captures.extend(names);
        }
        let human = fields.meant("human");
        let attested = self.human(fields, on.as_ref());
        self.refuse_artefact(fields);
        // `human:` has reported its own problems, and is not a probe that could be missing.
        let asked = if human {
            None
        } else {
            self.asked(fields, "a check")
        };
        let probe = asked.and_then(|asked| self.probe(fields, asked, &context.places));
        let timing = self.timing(fields, asked);
        let needs = self.texts(fields, "needs");
        if let Some(base_id) = &base_id {
            heads.push(CheckNeeds {
                id: expanded_id(base_id, values),
                base_id: base_id.clone(),
                needs: needs.clone(),
                span: head(&fields.span),
                needs_span: fields
                    .get("needs")
                    .map_or_else(|| head(&fields.span), |node| node.span.clone()),
            });
        }
        let tags = self.texts(fields, "tags");
        let skip = fields.get("skip").map(|node| self.skip(node));
        let requires = fields
            .get("requires")
            .map(|node| self.step(node, "`requires`", &context.places));
        let declared = fields
            .get("effect")
            .map(|node| self.one_of(node, "`effect`", EFFECTS).map(effect));
        if human {
            let (probe, expect) = attested?;
            let base_id = base_id?;
            return Some(Check {
                id: expanded_id(&base_id, values),
                base_id,
                claim: claim?,
                on: on?,
                with: Vec::new(),
                probe,
                expect,
                expected: EXPECTED.to_owned(),
                timing,
                needs,
                capture: Vec::new(),
                effect: Effect::Observe,
                doubt: None,
                control: None,
                unchanged: false,
                requires: transpose(requires)?,
                teeth_waived: None,
                tags,
                skip: transpose(skip)?,
                scope: self.scope.clone(),
                span: fields.span.clone(),
            });
        }
        let asked = asked?;
        let expect = match fields.get("expect") {
            Some(node) => {
                let expect = self.expect(node, asked);
                self.lint_teeth(expect.as_ref(), probe.as_ref(), fields);
                expect.map(|expect| {
                    let words = one_line::of(node, &expect);
                    (expect, words)
                })
            }
            None => {
                self.missing_in(
                    fields,
                    "a check",
                    "expect",
                    "the expected result: `expect: 200`, `expect: { exit: 0, stdout: { empty: true } }`",
                );
                None
            }
        };
        let capture = fields
            .get("capture")
            .map(|node| self.captures_of(node, asked))
            .unwrap_or_default();
        let probe = probe?;
        let requires = transpose(requires)?;
        let mut known = self.judge_effect(fields, declared, &with, &probe, on.as_ref());
        if let (Some(step), Some(node), false) =
            (&requires, fields.get("requires"), fields.has("effect"))
        {
            let place = step.on.as_ref().or(on.as_ref());
            let asked = self.known(&step.probe, &node.span, place, !with.is_empty());
            known.effect = known.effect.max(asked.effect);
            known.doubt = known.doubt.or(asked.doubt);
        }
        let control = fields.get("control").map(|node| {
            self.control(
                node,
                asked,
                &with,
                (on.as_ref(), &known, fields.has("effect")),
                context,
            )
        });
        let unchanged = self.unchanged(fields, &with, context);
        let waived = fields.get("teeth").map(|node| self.waiver(node));
        let (expect, expected) = expect?;
        let base_id = base_id?;
        let check = Check {
            id: expanded_id(&base_id, values),
            base_id,
            claim: claim?,
            on: on?,
            with: nested(&with, context.fixtures),
            probe,
            expect,
            expected: one_line::timed(expected, &timing),
            timing,
            needs,
            capture,
            effect: known.effect,
            doubt: known.doubt,
            control: transpose(control)?,
            unchanged,
            requires,
            teeth_waived: transpose(waived)?,
            tags,
            skip: transpose(skip)?,
            scope: self.scope.clone(),
            span: fields.span.clone(),
        };
        self.lint_check(&check, fields);
        Some(check)
    }

    /// `skip: REASON`, or `skip: { reason: REASON, until: DATE }`.
    fn skip(&mut self, node: &Node) -> Option<Skip> {
        let NodeKind::Map(_) = &node.kind else {
            let reason = self.fixed(node, "`skip`")?;
            return Some(Skip {
                reason,
                until: None,
            });
        };
        let fields = self.map(node, "`skip`", &["reason", "until"])?;
        let (Some(reason), Some(until)) = (fields.get("reason"), fields.get("until")) else {
            let lacking = if fields.has("until") {
                "reason"
            } else {
                "until"
            };
            let example = "skip: { reason: the host moves, until: 2027-01-31 }";
            self.missing_in(&fields, "`skip`", lacking, example);
            return None;
        };
        let reason = self.fixed(reason, "`reason`");
        let date = self.fixed(until, "`until`")?;
        let Ok(date) = date.parse() else {
            self.report(
                Diagnostic::new(
                    Code::BAD_VALUE,
                    until.span.clone(),
                    format!("`{date}` is not a date"),
                )
                .help("the last day of it, in UTC: `until: 2027-01-31`"),
            );
            return None;
        };
        Some(Skip {
            reason: reason?,
            until: Some(date),
        })
    }

    /// `unchanged: true` needs something that could change it.
    fn unchanged(
        &mut self,
        fields: &Fields<'_>,
        with: &[String],
        context: &CheckContext<'_>,
    ) -> bool {
        let Some((key, node)) = fields.key("unchanged") else {
            return false;
        };
        let disturbs = |name: &String| {
            let fixture = context.fixtures.get(name);
            fixture.is_none_or(|fixture| !fixture.act.is_empty() || fixture.service.is_some())
        };
        if !with.last().is_some_and(disturbs) {
            self.report(
                Diagnostic::new(
                    Code::CONFLICT,
                    key.span.clone(),
                    "`unchanged` compares with the time before a fixture, and no fixture changes anything here",
                )
                .help("name the fixture last in `with:`, or leave `unchanged` out"),
            );
        }
        self.one_of(node, "`unchanged`", &["true"]).is_some()
    }

    fn judge_effect(
        &mut self,
        fields: &Fields<'_>,
        declared: Option<Option<Effect>>,
        with: &[String],
        probe: &crate::Probe,
        on: Option<&Place>,
    ) -> Known {
        match (fields.get("effect"), declared.flatten()) {
            (Some(node), Some(effect)) if effect != Effect::Observe && with.is_empty() => {
                self.report(
                    Diagnostic::new(
                        codes::EFFECT,
                        node.span.clone(),
                        format!("a check without a fixture cannot `{}`", effect.name()),
                    )
                    .help("put what changes the host into the `do:` of a fixture with its `undo:`"),
                );
                Known::declared(effect)
            }
            (Some(_), effect) => Known::declared(effect.unwrap_or(Effect::Observe)),
            (None, _) => {
                let asked = ["method", "run", "http"]
                    .iter()
                    .find_map(|key| fields.get(key));
                let span = asked.map_or_else(|| head(&fields.span), |node| node.span.clone());
                self.known(probe, &span, on, !with.is_empty())
            }
        }
    }

    fn texts(&mut self, fields: &Fields<'_>, key: &str) -> Vec<String> {
        let Some(node) = fields.get(key) else {
            return Vec::new();
        };
        self.items(node, &format!("`{key}`"))
            .into_iter()
            .filter_map(|item| self.fixed(item, &format!("`{key}`")))
            .collect()
    }
}
