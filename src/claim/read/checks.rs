//! Reading checks, with `for:` expanded.

use indexmap::IndexMap;

use crate::codes;
use crate::{Check, Effect, Fixture, ListedValues, Place, Probe, Skip, Unchanged};
use kit::text::Scope;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::source::Span;
use kit::yaml::tree::{Key, Node, NodeKind};

use super::effects::Known;
use super::enclosing::{captured_by, nested};
use super::forms::form_keys;
use super::human::{EXPECTED, HUMAN_KEYS};
use super::loops::expanded_id;
use super::needs::CheckNeeds;
use super::one_line;
use super::probes::{HTTP_KEYS, KnownPlaces, RUN_KEYS, TIMING_KEYS, transpose};
use super::reader::Reader;
use super::steps::{EFFECTS, effect, head};
use kit::yaml::fields::Fields;

pub(super) const CHECK_KEYS: &[&str] = &[
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
    "same_as",
    "requires",
    "tags",
    "skip",
    "teeth",
    "waive",
];

pub(super) const ON_KEYS: &[&str] = &["host", "clone"];
pub(super) const SKIP_KEYS: &[&str] = &["reason", "until"];

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
            .chain(form_keys())
            .collect();
        let Some(fields) = self.map(node, "a check", &keys) else {
            return Vec::new();
        };
        match self.without_form(&fields) {
            None => self.checks_of(&fields, context, heads),
            Some(None) => Vec::new(),
            Some(Some(written)) => match self.open_map(&written, "a check") {
                Some(fields) => self.checks_of(&fields, context, heads),
                None => Vec::new(),
            },
        }
    }

    fn checks_of(
        &mut self,
        fields: &Fields<'_>,
        context: &CheckContext<'_>,
        heads: &mut Vec<CheckNeeds>,
    ) -> Vec<Check> {
        let loops = match fields.get("for") {
            Some(node) => self.loops(node),
            None => vec![Scope::new()],
        };
        let outer = self.scope.clone();
        let mut checks = Vec::new();
        for values in loops {
            self.scope = outer.clone();
            self.scope.extend(values.clone());
            checks.extend(self.one_check(fields, &values, context, heads));
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
        let before = self.problems.len();
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
        let (on, in_tree) = self.on_tree(fields, context);
        let with = self.fixture_names(fields, context.fixture_names);
        for name in &with {
            let names = captured_by(name, context.fixtures);
            self.captures.extend(names);
        }
        let each = match fields.get("for") {
            Some(node) => self.listed(node),
            None => Some(None),
        };
        self.captures
            .extend(each.iter().flatten().map(|each| each.name.clone()));
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
        let same_as = self.same_as(fields);
        if let Some(base_id) = &base_id {
            heads.push(CheckNeeds {
                id: expanded_id(base_id, values),
                base_id: base_id.clone(),
                needs: needs.clone(),
                span: head(&fields.span),
                needs_span: fields
                    .get("needs")
                    .map_or_else(|| head(&fields.span), |node| node.span.clone()),
                same_as: same_as.clone(),
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
                unchanged: None,
                same_as: None,
                each: self.never_listed(fields, each?)?,
                requires: transpose(requires)?,
                teeth_waived: None,
                waived: IndexMap::new(),
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
        if let Some((key, _)) = fields.key("capture") {
            self.one_answer(fields, key);
        }
        let capture = fields
            .get("capture")
            .map(|node| self.captures_of(node, asked))
            .unwrap_or_default();
        let mut probe = probe?;
        let mut requires = transpose(requires)?;
        let mut each = each?;
        if in_tree {
            let own = requires.as_mut().filter(|step| step.on.is_none());
            let listed = each.as_mut().map(|each| &mut each.command);
            let probes = std::iter::once(&mut probe).chain(own.map(|step| &mut step.probe));
            probes
                .filter_map(Probe::command)
                .chain(listed)
                .for_each(|command| command.in_tree = true);
        }
        // A tree of the commit is a check's own, on a host as here.
        let reached = if in_tree {
            Some(&Place::Clone)
        } else {
            on.as_ref()
        };
        let mut known = self.judge_effect(fields, declared, &with, &probe, reached);
        if let (Some(each), Some(node), false) = (&each, fields.get("for"), fields.has("effect")) {
            let listing = Probe::Command(each.command.clone());
            known = known.and(self.known(&listing, &node.span, reached, !with.is_empty()));
        }
        if let (Some(step), Some(node), false) =
            (&requires, fields.get("requires"), fields.has("effect"))
        {
            let place = step.on.as_ref().or(reached);
            let asked = self.known(&step.probe, &node.span, place, !with.is_empty());
            known = known.and(asked);
        }
        let control = fields.get("control").map(|node| {
            self.control(
                node,
                asked,
                &with,
                (reached, &known, fields.has("effect")),
                context,
            )
        });
        let control = control.map(|control| {
            let mut control = control?;
            if let (true, Some(command)) =
                (in_tree, control.probe.as_mut().and_then(Probe::command))
            {
                command.in_tree = true;
            }
            Some(control)
        });
        let unchanged = self.unchanged(fields, &with, context);
        let waivers = self.waivers(fields);
        let waived = fields.get("teeth").map(|node| self.waiver(node));
        let (expect, expected) = expect?;
        let base_id = base_id?;
        let mut check = Check {
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
            same_as: same_as.map(|(id, _)| id),
            each,
            requires,
            teeth_waived: transpose(waived)?,
            waived: IndexMap::new(),
            tags,
            skip: transpose(skip)?,
            scope: self.scope.clone(),
            span: fields.span.clone(),
        };
        self.lint_check(&check, fields);
        check.waived = self.waive(waivers, before);
        Some(check)
    }

    /// `on: web`, or `on: { host: web, clone: true }`: whether a tree of the commit is brought there.
    fn on_tree(
        &mut self,
        fields: &Fields<'_>,
        context: &CheckContext<'_>,
    ) -> (Option<Place>, bool) {
        let Some(node) = fields
            .get("on")
            .filter(|node| matches!(node.kind, NodeKind::Map(_)))
        else {
            let on = self.on(fields, "a check", context.default_on, &context.places);
            return (on, false);
        };
        let Some(on) = self.map(node, "`on`", ON_KEYS) else {
            return (None, true);
        };
        let (Some(host), Some(clone)) = (on.get("host"), on.get("clone")) else {
            let lacking = if on.has("host") { "clone" } else { "host" };
            self.missing_in(&on, "`on`", lacking, "on: { host: web, clone: true }");
            return (None, true);
        };
        self.one_of(clone, "`clone`", &["true"]);
        let place = self.place(host, &context.places);
        if matches!(place, Some(Place::Local | Place::Clone)) {
            self.report(
                Diagnostic::new(
                    Code::BAD_VALUE,
                    host.span.clone(),
                    "`host` takes a host of the file",
                )
                .help("a fresh clone on this machine is `on: clone`"),
            );
        }
        if let Some((key, _)) = fields.key("http") {
            self.report(
                Diagnostic::new(
                    Code::CONFLICT,
                    key.span.clone(),
                    "a request has no use for a tree of the commit",
                )
                .help("write the host alone: `on: web`"),
            );
        }
        (place, true)
    }

    /// Refuses the values of a command beside a key that is about one answer.
    fn one_answer(&mut self, fields: &Fields<'_>, key: &Key) {
        if fields.get("for").is_some_and(lists) {
            let problem = Diagnostic::new(
                Code::CONFLICT,
                key.span.clone(),
                format!(
                    "`{}` is about one answer, and this asks for each value that a command lists",
                    key.text
                ),
            );
            self.report(problem.help("let one command print all of them"));
        }
    }

    /// Refuses the values of a command where a person is asked.
    fn never_listed(
        &mut self,
        fields: &Fields<'_>,
        each: Option<ListedValues>,
    ) -> Option<Option<ListedValues>> {
        let (Some(_), Some((key, _))) = (&each, fields.key("for")) else {
            return Some(None);
        };
        let what = "a person is not asked for what a command lists";
        let problem = Diagnostic::new(Code::CONFLICT, key.span.clone(), what);
        self.report(problem.help("write the values: `for: { page: [a, b] }`"));
        None
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
        let fields = self.map(node, "`skip`", SKIP_KEYS)?;
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
        let until = self.until(until)?;
        Some(Skip {
            reason: reason?,
            until: Some(until),
        })
    }

    /// `same_as: OTHER`: an id as it is after `for:`, so that it may have the values of this one.
    fn same_as(&mut self, fields: &Fields<'_>) -> Option<(String, Span)> {
        let (key, node) = fields.key("same_as")?;
        self.one_answer(fields, key);
        let text = self.text(node, "`same_as`")?;
        Some((text.render(&self.scope), node.span.clone()))
    }

    /// `unchanged: true` needs something that could change it.
    fn unchanged(
        &mut self,
        fields: &Fields<'_>,
        with: &[String],
        context: &CheckContext<'_>,
    ) -> Option<Unchanged> {
        let (key, node) = fields.key("unchanged")?;
        let disturbs = |name: &String| {
            let fixture = context.fixtures.get(name);
            fixture.is_none_or(|fixture| !fixture.act.is_empty() || fixture.service.is_some())
        };
        self.one_answer(fields, key);
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
        let at = self.one_of(node, "`unchanged`", &Unchanged::ALL.map(Unchanged::name))?;
        Some(Unchanged::ALL[at])
    }

    fn judge_effect(
        &mut self,
        fields: &Fields<'_>,
        declared: Option<Option<Effect>>,
        with: &[String],
        probe: &Probe,
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

/// Whether a `for` takes its values from a command.
fn lists(node: &Node) -> bool {
    let NodeKind::Map(entries) = &node.kind else {
        return false;
    };
    let mut values = entries.iter().map(|(_, value)| &value.kind);
    values.any(|kind| matches!(kind, NodeKind::Map(_)))
}
