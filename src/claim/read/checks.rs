//! Reading gates and checks, with `for:` expanded.

use std::path::{Component, Path};

use indexmap::IndexMap;

use crate::{Check, Control, Effect, Fixture, Gate, Place};
use kit::text::Scope;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::source::Span;
use kit::yaml::tree::{Key, Kind, Node};

use super::expectations::Asked;
use super::human::{EXPECTED, HUMAN_KEYS};
use super::one_line;
use super::probes::{HTTP_KEYS, Places, RUN_KEYS, TIMING_KEYS, transpose};
use super::reader::Reader;
use super::steps::{EFFECTS, capture_names, effect, head};
use kit::yaml::fields::{Fields, nearest};

const CHECK_KEYS: &[&str] = &[
    "id", "claim", "on", "with", "for", "expect", "needs", "capture", "effect", "control", "tags",
    "skip",
];

/// What a check can refer to.
pub(super) struct Around<'a> {
    pub(super) places: Places<'a>,
    pub(super) default_on: Option<&'a Place>,
    pub(super) fixtures: &'a IndexMap<String, Fixture>,
    pub(super) fixture_names: &'a [&'a str],
}

impl Reader {
    pub(super) fn gate(&mut self, key: &Key, node: &Node, around: &Around<'_>) -> Option<Gate> {
        self.check_name(&key.text, &key.span, "a gate");
        let what = format!("gate `{}`", key.text);
        let fields = self.map(node, &what, &["title", "covers", "checks"])?;
        let title = fields
            .get("title")
            .and_then(|node| self.fixed(node, "`title`"));
        let covers = fields
            .get("covers")
            .map_or_else(Vec::new, |node| self.covers(node));
        let Some(list) = fields.get("checks") else {
            self.report(
                Diagnostic::new(
                    Code::EMPTY,
                    key.span.clone(),
                    format!("{what} has no checks"),
                )
                .help("add `checks:`; a gate without checks would pass without having looked"),
            );
            return None;
        };
        let Kind::List(nodes) = &list.kind else {
            self.wrong_type(list, "`checks`", "a list");
            return None;
        };
        let nodes: Vec<&Node> = if nodes.is_empty() {
            self.items(list, "`checks`")
        } else {
            nodes.iter().collect()
        };
        let outer = std::mem::take(&mut self.captures);
        let captured: Vec<String> = nodes.iter().flat_map(|n| capture_names(n)).collect();
        let mut checks: Vec<Check> = Vec::new();
        let mut heads: Vec<Head> = Vec::new();
        for node in nodes {
            self.captures = captured.clone();
            checks.extend(self.check(node, around, &mut heads));
        }
        self.captures = outer;
        self.refuse_twins(&heads);
        self.resolve_needs(&mut heads, &mut checks);
        Some(Gate {
            id: key.text.clone(),
            title: title.unwrap_or_default(),
            covers,
            checks,
        })
    }

    /// The paths that a gate is about, each relative to the repository and inside of it.
    fn covers(&mut self, node: &Node) -> Vec<String> {
        let nodes = self.items(node, "`covers`");
        let mut paths = Vec::new();
        for node in nodes {
            let Some(text) = self.fixed(node, "a path of `covers`") else {
                continue;
            };
            let path = text.trim_start_matches("./").trim_end_matches('/');
            let inside = !path.is_empty()
                && Path::new(path)
                    .components()
                    .all(|part| matches!(part, Component::Normal(_)));
            if inside {
                paths.push(path.to_owned());
            } else {
                self.report(
                    Diagnostic::new(
                        Code::BAD_VALUE,
                        node.span.clone(),
                        format!("`{text}` is not a path inside of the repository"),
                    )
                    .help("write a file or folder relative to the repository, such as `src`"),
                );
            }
        }
        paths
    }

    /// One check of the file: as many checks as its `for:` has values.
    fn check(&mut self, node: &Node, around: &Around<'_>, heads: &mut Vec<Head>) -> Vec<Check> {
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
            checks.extend(self.one_check(&fields, &values, around, heads));
        }
        self.scope = outer;
        checks
    }

    fn one_check(
        &mut self,
        fields: &Fields<'_>,
        values: &Scope,
        around: &Around<'_>,
        heads: &mut Vec<Head>,
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
        let on = self.on(fields, "a check", around.default_on, &around.places);
        let with = self.fixture_names(fields, around.fixture_names);
        for name in &with {
            let names = captured_by(name, around.fixtures);
            self.captures.extend(names);
        }
        let human = fields.meant("human");
        let seen_by_person = self.human(fields, on.as_ref());
        self.refuse_artefact(fields);
        // What a person looks at is no question, and has said already what is wrong with it.
        let asked = match human {
            true => None,
            false => self.asked(fields, "a check"),
        };
        let probe = asked.and_then(|asked| self.probe(fields, asked, &around.places));
        let timing = self.timing(fields);
        let needs = self.words(fields, "needs");
        if let Some(base_id) = &base_id {
            heads.push(Head {
                id: expanded_id(base_id, values),
                base_id: base_id.clone(),
                needs: needs.clone(),
                span: head(&fields.span),
                needs_span: fields
                    .get("needs")
                    .map_or_else(|| head(&fields.span), |node| node.span.clone()),
            });
        }
        let tags = self.words(fields, "tags");
        let skip = fields.get("skip").map(|node| self.fixed(node, "`skip`"));
        let declared = fields
            .get("effect")
            .map(|node| self.one_of(node, "`effect`", EFFECTS).map(effect));
        if human {
            let (probe, expect) = seen_by_person?;
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
                control: None,
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
                expect.map(|expect| (expect, one_line::of(node)))
            }
            None => {
                self.missing_in(
                    fields,
                    "a check",
                    "expect",
                    "what must be seen: `expect: 200`, `expect: { exit: 0, stdout: { empty: true } }`",
                );
                None
            }
        };
        let capture = fields
            .get("capture")
            .map(|node| self.captures_of(node, asked))
            .unwrap_or_default();
        let control = fields
            .get("control")
            .map(|node| self.control(node, asked, &with, around));
        let probe = probe?;
        self.judge_effect(fields, declared, &with, &probe);
        let (expect, expected) = expect?;
        let base_id = base_id?;
        Some(Check {
            id: expanded_id(&base_id, values),
            base_id,
            claim: claim?,
            on: on?,
            with: nested(&with, around.fixtures),
            probe,
            expect,
            expected: one_line::timed(expected, &timing),
            timing,
            needs,
            capture,
            effect: declared.flatten().unwrap_or(Effect::Observe),
            control: transpose(control)?,
            tags,
            skip: transpose(skip)?,
            scope: self.scope.clone(),
            span: fields.span.clone(),
        })
    }

    fn judge_effect(
        &mut self,
        fields: &Fields<'_>,
        declared: Option<Option<Effect>>,
        with: &[String],
        probe: &crate::Probe,
    ) {
        match (fields.get("effect"), declared.flatten()) {
            (Some(node), Some(effect)) if effect != Effect::Observe && with.is_empty() => {
                self.report(
                    Diagnostic::new(
                        Code::EFFECT,
                        node.span.clone(),
                        format!("a check without a fixture cannot `{}`", effect.name()),
                    )
                    .help("put what changes the host into the `do:` of a fixture with its `undo:`"),
                );
            }
            (None, _) if with.is_empty() => {
                let span = fields.get("run").map(|node| node.span.clone());
                if let Some(span) = span {
                    self.lint_effect(probe, &span);
                }
            }
            _ => {}
        }
    }

    fn control(
        &mut self,
        node: &Node,
        asked: Asked,
        own: &[String],
        around: &Around<'_>,
    ) -> Option<Control> {
        let keys: Vec<&str> = ["with", "expect"]
            .iter()
            .chain(RUN_KEYS)
            .chain(HTTP_KEYS)
            .chain(TIMING_KEYS)
            .copied()
            .collect();
        let fields = self.map(node, "`control`", &keys)?;
        let with = self.fixture_names(&fields, around.fixture_names);
        for name in &with {
            self.captures.extend(captured_by(name, around.fixtures));
        }
        let with = fields.has("with").then(|| nested(&with, around.fixtures));
        let probe = if fields.meant("run") || fields.meant("http") {
            let asked = self.asked(&fields, "`control`")?;
            Some((self.probe(&fields, asked, &around.places)?, asked))
        } else {
            None
        };
        if probe.is_none()
            && with
                .as_ref()
                .is_none_or(|w| w == &nested(own, around.fixtures))
        {
            self.report(
                Diagnostic::new(
                    Code::SELF_CONTROL,
                    node.span.clone(),
                    "the control asks the same under the same conditions",
                )
                .help("add `with:` another fixture, or another `run:` or `http:`"),
            );
            return None;
        }
        let asked = probe.as_ref().map_or(asked, |(_, asked)| *asked);
        let Some(expect) = fields.get("expect") else {
            self.missing_in(
                &fields,
                "`control`",
                "expect",
                "the exact other value: `expect: 999`",
            );
            return None;
        };
        let timing = self.timing(&fields);
        Some(Control {
            with,
            probe: probe.map(|(probe, _)| probe),
            expected: one_line::timed(one_line::of(expect), &timing),
            expect: self.expect(expect, asked)?,
            timing,
        })
    }

    /// The values of `for:`: every combination, the last name running fastest.
    fn loops(&mut self, node: &Node) -> Vec<Scope> {
        let Some(fields) = self.open_map(node, "`for`") else {
            return Vec::new();
        };
        let mut loops = vec![Scope::new()];
        for (key, values) in fields.iter() {
            self.check_variable(&key.text, &key.span);
            let items = self.items(values, "`for`");
            let texts: Vec<String> = items
                .into_iter()
                .filter_map(|item| self.fixed(item, "a value of `for`"))
                .collect();
            loops = loops
                .iter()
                .flat_map(|scope| {
                    texts.iter().map(|text| {
                        let mut scope = scope.clone();
                        scope.insert(key.text.clone(), text.clone());
                        scope
                    })
                })
                .collect();
            if loops.len() > 1000 {
                self.report(Diagnostic::new(
                    Code::TOO_DEEP,
                    node.span.clone(),
                    "`for` has more than 1000 combinations",
                ));
                return Vec::new();
            }
        }
        loops
    }

    fn words(&mut self, fields: &Fields<'_>, key: &str) -> Vec<String> {
        let Some(node) = fields.get(key) else {
            return Vec::new();
        };
        self.items(node, &format!("`{key}`"))
            .into_iter()
            .filter_map(|item| self.fixed(item, &format!("`{key}`")))
            .collect()
    }

    fn refuse_twins(&mut self, heads: &[Head]) {
        for (at, head) in heads.iter().enumerate() {
            if heads[..at].iter().any(|other| other.id == head.id) {
                self.report(
                    Diagnostic::new(
                        Code::DUPLICATE_ID,
                        head.span.clone(),
                        format!("a second check `{}` in the gate", head.id),
                    )
                    .help("give it an id of its own"),
                );
            }
        }
    }

    /// Every need must be there, also the ones that follow from captured values, and no check
    /// may need itself in a circle.
    fn resolve_needs(&mut self, heads: &mut [Head], checks: &mut [Check]) {
        let ids: Vec<(String, String)> = heads
            .iter()
            .map(|head| (head.id.clone(), head.base_id.clone()))
            .collect();
        add_captured_needs(heads, checks);
        for head in heads.iter_mut() {
            let mut needs = Vec::new();
            for need in &head.needs {
                let found = ids.iter().filter(|(id, base)| id == need || base == need);
                let before = needs.len();
                needs.extend(found.map(|(id, _)| id.clone()));
                if needs.len() == before {
                    let known: Vec<&str> = ids.iter().map(|(_, base)| base.as_str()).collect();
                    let message = format!(
                        "`{}` needs `{need}`, which is no check of this gate",
                        head.id
                    );
                    let problem =
                        Diagnostic::new(Code::UNKNOWN_NEED, head.needs_span.clone(), message).help(
                            match nearest(need, &known) {
                                Some(word) => format!("did you mean `{word}`?"),
                                None => "`needs:` names checks of the same gate".to_owned(),
                            },
                        );
                    self.report(problem);
                }
            }
            let mut seen = std::collections::HashSet::new();
            needs.retain(|id| seen.insert(id.clone()));
            head.needs = needs;
        }
        for check in checks.iter_mut() {
            if let Some(head) = heads.iter().find(|head| head.id == check.id) {
                check.needs.clone_from(&head.needs);
            }
        }
        self.refuse_circles(heads);
    }

    fn refuse_circles(&mut self, heads: &[Head]) {
        let edges = |id: &str| -> Vec<String> {
            heads
                .iter()
                .find(|head| head.id == id)
                .map(|head| head.needs.clone())
                .unwrap_or_default()
        };
        for head in heads {
            if let Some(circle) = circle_from(&head.id, &edges) {
                self.report(
                    Diagnostic::new(
                        Code::CYCLE,
                        head.span.clone(),
                        format!(
                            "the checks need each other in a circle: {}",
                            circle.join(" → ")
                        ),
                    )
                    .help("take one of the `needs:` out"),
                );
                return;
            }
        }
    }
}

/// A check's name and needs, known even when the rest of it is wrong: so that a broken check
/// does not make the needs of the others look wrong as well.
struct Head {
    id: String,
    base_id: String,
    needs: Vec<String>,
    span: Span,
    needs_span: Span,
}

/// Whoever uses a captured value needs the check that captures it.
fn add_captured_needs(heads: &mut [Head], checks: &[Check]) {
    for check in checks {
        let used = super::usage::params_of(check);
        let producers = checks.iter().filter(|producer| {
            producer.id != check.id
                && producer.capture.iter().any(|capture| {
                    used.contains(&capture.name) && !check.scope.contains_key(&capture.name)
                })
        });
        let Some(head) = heads.iter_mut().find(|head| head.id == check.id) else {
            continue;
        };
        head.needs
            .extend(producers.map(|producer| producer.id.clone()));
    }
}

/// A way from `start` along the edges back to `start`.
pub(super) fn circle_from(
    start: &str,
    edges: &impl Fn(&str) -> Vec<String>,
) -> Option<Vec<String>> {
    let mut path = vec![start.to_owned()];
    let mut pending = vec![edges(start)];
    let mut seen = vec![start.to_owned()];
    while let Some(next) = pending.last_mut() {
        match next.pop() {
            None => {
                pending.pop();
                path.pop();
            }
            Some(id) if id == start => {
                path.push(id);
                return Some(path);
            }
            Some(id) if seen.contains(&id) => {}
            Some(id) => {
                seen.push(id.clone());
                pending.push(edges(&id));
                path.push(id);
            }
        }
    }
    None
}

fn expanded_id(base: &str, values: &Scope) -> String {
    if values.is_empty() {
        return base.to_owned();
    }
    let values: Vec<&str> = values.values().map(String::as_str).collect();
    format!("{base}[{}]", values.join(","))
}

/// The fixtures with the ones they need around them, outermost first, each once.
pub(super) fn nested(names: &[String], fixtures: &IndexMap<String, Fixture>) -> Vec<String> {
    fn add(name: &str, fixtures: &IndexMap<String, Fixture>, out: &mut Vec<String>, depth: usize) {
        if out.iter().any(|known| known == name) || depth > fixtures.len() {
            return;
        }
        if let Some(fixture) = fixtures.get(name) {
            for outer in &fixture.with {
                add(outer, fixtures, out, depth + 1);
            }
        }
        if !out.iter().any(|known| known == name) {
            out.push(name.to_owned());
        }
    }
    let mut out = Vec::new();
    for name in names {
        add(name, fixtures, &mut out, 0);
    }
    out
}

/// The names that a fixture, or one around it, gives to the checks under it.
fn captured_by(name: &str, fixtures: &IndexMap<String, Fixture>) -> Vec<String> {
    nested(&[name.to_owned()], fixtures)
        .iter()
        .filter_map(|name| fixtures.get(name))
        .flat_map(|fixture| fixture.capture.iter().map(|capture| capture.name.clone()))
        .collect()
}
