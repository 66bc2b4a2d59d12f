//! Reading fixtures and their steps.

use std::time::Duration;

use crate::codes;
use crate::command::Doing;
use crate::{
    Capture, CaptureFrom, Effect, Fixture, HeaderValue, Pick, Place, Probe, Ready, Step, Timing,
};
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::source::Span;
use kit::yaml::tree::{Key, Node, NodeKind};

use super::effects::Known;
use super::enclosing::moments_of;
use super::expectations::ProbeKind;
use super::forms::form_keys;
use super::implied::implied;
use super::one_line;
use super::probes::{HTTP_KEYS, KnownPlaces, RUN_KEYS, TIMING_KEYS, transpose};
use super::reader::Reader;
use kit::yaml::fields::Fields;

pub(super) const READY_KEYS: &[&str] = &["stdout", "within"];
pub(super) const STEP_KEYS: &[&str] = &["on", "expect", "capture"];
pub(super) const CAPTURE_KEYS: &[&str] = &["from", "json", "matches"];
pub(super) const FIXTURE_KEYS: &[&str] = &[
    "on", "with", "baseline", "service", "ready", "do", "until", "undo", "settled", "deadline",
    "capture", "effect",
];
pub(super) const EFFECTS: &[&str] = &["observe", "mutate", "destructive"];

/// How long a fixture may be in force by default.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(300);
/// How long a service may take to be ready, and an undoing to be observed, by default.
const DEFAULT_PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn effect(index: usize) -> Effect {
    [Effect::Observe, Effect::Mutate, Effect::Destructive][index]
}

impl Reader {
    pub(super) fn fixture(
        &mut self,
        key: &Key,
        node: &Node,
        default_on: Option<&Place>,
        places: &KnownPlaces<'_>,
        known: &[&str],
        outer_captures: &[String],
    ) -> Option<Fixture> {
        let what = format!("fixture `{}`", key.text);
        let fields = self.map(node, &what, FIXTURE_KEYS)?;
        let on = self.on(&fields, &what, default_on, places);
        self.captures = capture_names(node);
        self.captures.extend(outer_captures.iter().cloned());
        self.captures.extend(moments_of("run"));
        let with = self.fixture_names(&fields, known);
        let step = |reader: &mut Reader, name: &str| {
            fields
                .get(name)
                .map(|node| reader.step(node, &format!("`{name}` of {what}"), places))
        };
        let baseline = step(self, "baseline");
        let until = step(self, "until");
        let settled = step(self, "settled");
        let act = self.steps(&fields, "do", &what, places);
        let undo = self.steps(&fields, "undo", &what, places);
        let service = fields
            .get("service")
            .map(|node| self.command_node(node, "`service`"));
        let ready = fields.get("ready").map(|node| self.ready(node, places));
        let deadline = match fields.get("deadline") {
            Some(node) => self.window(node, "`deadline`"),
            None => Some(DEFAULT_DEADLINE),
        };
        let known = match fields.get("effect") {
            Some(node) => self
                .one_of(node, "`effect`", EFFECTS)
                .map(|at| Known::declared(effect(at))),
            None if act.is_empty() => {
                let steps = [&baseline, &until, &settled];
                let probes = steps
                    .into_iter()
                    .flatten()
                    .flatten()
                    .map(|step| &step.probe);
                let ready = match &ready {
                    Some(Some(Ready::Step(step))) => Some(&step.probe),
                    _ => None,
                };
                let asked = probes.chain(ready).map(|probe| self.doing(probe));
                let served = service
                    .iter()
                    .flatten()
                    .map(|command| self.command_does(command));
                Some(Known::of(
                    asked.chain(served).fold(Doing::Observes, Doing::and),
                ))
            }
            None => Some(Known::declared(Effect::Mutate)),
        };
        let mut act = act;
        let mut capture = Vec::new();
        if let Some((key, node)) = fields.key("capture") {
            match (&service, act.as_mut_slice()) {
                (Some(_), _) => capture = self.captures_of(node, ProbeKind::Command),
                // Without a service it is the one step of `do` that prints the value.
                (None, [step]) => {
                    let asked = match step.probe {
                        Probe::Http(_) => ProbeKind::Http,
                        _ => ProbeKind::Command,
                    };
                    step.capture.extend(self.captures_of(node, asked));
                }
                (None, _) => self.report(
                    Diagnostic::new(
                        Code::CONFLICT,
                        key.span.clone(),
                        "nothing prints the values of this `capture`",
                    )
                    .help("add a `service`, or put the `capture` into the step of `do` that prints the value"),
                ),
            }
        }
        self.lint_fixture(key, &fields);
        self.refuse_headers_of_the_environment(&undo, &fields);
        Some(Fixture {
            name: key.text.clone(),
            on: on?,
            with,
            baseline: transpose(baseline)?,
            service: transpose(service)?,
            ready: transpose(ready)?,
            act,
            until: transpose(until)?,
            undo,
            settled: transpose(settled)?.map(|mut step| {
                patient(&mut step);
                step
            }),
            deadline: deadline?,
            capture,
            effect: known.as_ref()?.effect,
            doubt: known?.doubt,
            span: key.span.clone(),
        })
    }

    /// A host undoes by itself, and does not have the variables of the person who armed it.
    fn refuse_headers_of_the_environment(&mut self, undo: &[Step], fields: &Fields<'_>) {
        let of_environment = |step: &Step| match &step.probe {
            Probe::Http(http) => {
                let mut values = http.headers.iter().map(|(_, value)| value);
                values.any(|value| matches!(value, HeaderValue::Environment { .. }))
            }
            Probe::Command(_) | Probe::Human(_) => false,
        };
        if let Some((key, _)) = fields.key("undo")
            && undo.iter().any(of_environment)
        {
            self.report(
                Diagnostic::new(
                    Code::BAD_VALUE,
                    key.span.clone(),
                    "a step of `undo` cannot take a header from your environment",
                )
                .help("the host undoes by itself, also when you are gone: let a command there read the secret from a file of the host"),
            );
        }
    }

    fn lint_fixture(&mut self, key: &Key, fields: &Fields<'_>) {
        let name = &key.text;
        if fields.has("do") && !fields.has("undo") {
            self.report(
                Diagnostic::new(
                    codes::NO_UNDO,
                    key.span.clone(),
                    format!("fixture `{name}` has a `do:` and no `undo:`"),
                )
                .help("add the command that puts it back"),
            );
        }
        if fields.has("do") && !fields.has("baseline") {
            self.report(
                Diagnostic::new(
                    codes::UNDO_UNSEEN,
                    key.span.clone(),
                    format!("nothing verifies that `{name}` is undone"),
                )
                .help("add a `baseline:` that holds before and must hold again afterwards"),
            );
        }
        if !["do", "service", "baseline", "with"]
            .iter()
            .any(|k| fields.has(k))
        {
            self.report(
                Diagnostic::new(
                    Code::EMPTY,
                    key.span.clone(),
                    format!("fixture `{name}` does nothing"),
                )
                .help("it needs a `do:` with its `undo:`, a `service:`, or a `baseline:`"),
            );
        }
        for (needs, needed) in [("ready", "service"), ("until", "do"), ("undo", "do")] {
            if let Some((key, _)) = fields.key(needs)
                && !fields.has(needed)
            {
                self.report(
                    Diagnostic::new(
                        Code::CONFLICT,
                        key.span.clone(),
                        format!("`{needs}` needs a `{needed}`"),
                    )
                    .help(format!("add `{needed}:` or leave `{needs}:` out")),
                );
            }
        }
    }

    fn ready(&mut self, node: &Node, places: &KnownPlaces<'_>) -> Option<Ready> {
        if node.get("stdout").is_none() {
            let mut step = self.step(node, "`ready`", places)?;
            patient(&mut step);
            return Some(Ready::Step(Box::new(step)));
        }
        let fields = self.map(node, "`ready`", READY_KEYS)?;
        let matcher = fields
            .get("stdout")
            .and_then(|node| self.text_matcher(node, "stdout"));
        let within = match fields.get("within") {
            Some(node) => self.window(node, "`within`"),
            None => Some(DEFAULT_PATIENCE),
        };
        Some(Ready::Stdout(matcher?, within?))
    }

    /// A command, a step, or a list of those.
    fn steps(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
        what: &str,
        places: &KnownPlaces<'_>,
    ) -> Vec<Step> {
        let Some(node) = fields.get(name) else {
            return Vec::new();
        };
        let what = format!("`{name}` of {what}");
        self.items(node, &what)
            .into_iter()
            .filter_map(|item| {
                let mut step = self.step(item, &what, places)?;
                if name == "undo" && item.get("strict").is_none() {
                    runs_to_its_end(&mut step);
                }
                Some(step)
            })
            .collect()
    }

    /// A probe with its expectation; a bare text is a command that must exit 0.
    pub(super) fn step(
        &mut self,
        node: &Node,
        what: &str,
        places: &KnownPlaces<'_>,
    ) -> Option<Step> {
        if let NodeKind::Scalar { .. } = &node.kind {
            let command = self.command_node(node, what)?;
            return Some(Step {
                on: None,
                probe: Probe::Command(command),
                expect: implied(ProbeKind::Command, node),
                expected: "exit 0".to_owned(),
                timing: Timing::default(),
                capture: Vec::new(),
            });
        }
        // A form only observes: it does nothing, and undoes nothing.
        let changes = what.starts_with("`do`") || what.starts_with("`undo`");
        let keys: Vec<&str> = STEP_KEYS
            .iter()
            .chain(RUN_KEYS)
            .chain(HTTP_KEYS)
            .chain(TIMING_KEYS)
            .copied()
            .chain(form_keys().filter(|_| !changes))
            .collect();
        let fields = self.map(node, what, &keys)?;
        let written;
        let fields = match self.without_form(&fields) {
            None => fields,
            Some(form) => {
                written = form?;
                self.open_map(&written, what)?
            }
        };
        let on = fields.get("on").map(|node| self.place(node, places));
        if let Some((key, _)) = fields.key("capture")
            && !what.starts_with("`do`")
        {
            self.report(
                Diagnostic::new(
                    Code::CONFLICT,
                    key.span.clone(),
                    "only a step of `do` can capture a value",
                )
                .help("leave it out, or let the step of `do` print the value"),
            );
        }
        let asked = self.asked(&fields, what)?;
        let capture = fields
            .get("capture")
            .map(|node| self.captures_of(node, asked));
        let probe = self.probe(&fields, asked, places);
        let timing = self.timing(&fields, Some(asked));
        let (expect, expected) = match fields.get("expect") {
            Some(node) => {
                let expect = self.expect(node, asked);
                self.lint_teeth(expect.as_ref(), probe.as_ref(), &fields);
                let words = expect.as_ref().map(|expect| one_line::of(node, expect));
                (expect, words.unwrap_or_default())
            }
            None => (
                Some(implied(asked, node)),
                match asked {
                    ProbeKind::Command => "exit 0".to_owned(),
                    ProbeKind::Http => "2xx".to_owned(),
                },
            ),
        };
        Some(Step {
            on: transpose(on)?,
            probe: probe?,
            expect: expect?,
            expected: one_line::timed(expected, &timing),
            timing,
            capture: capture.unwrap_or_default(),
        })
    }

    /// `capture: { name: stdout }`, `{ name: { json: $.a } }`, `{ name: { matches: '…(…)' } }`.
    pub(super) fn captures_of(&mut self, node: &Node, asked: ProbeKind) -> Vec<Capture> {
        let Some(fields) = self.open_map(node, "`capture`") else {
            return Vec::new();
        };
        fields
            .iter()
            .filter_map(|(key, value)| {
                self.check_variable(&key.text, &key.span);
                let (from, pick) = self.capture(value, asked)?;
                Some(Capture {
                    name: key.text.clone(),
                    from,
                    pick,
                })
            })
            .collect()
    }

    fn capture(&mut self, node: &Node, asked: ProbeKind) -> Option<(CaptureFrom, Pick)> {
        let (words, sources): (&[&str], &[CaptureFrom]) = match asked {
            ProbeKind::Command => (
                &["stdout", "stderr"],
                &[CaptureFrom::Stdout, CaptureFrom::Stderr],
            ),
            ProbeKind::Http => (
                &["body", "status"],
                &[CaptureFrom::Body, CaptureFrom::Status],
            ),
        };
        if let NodeKind::Scalar { .. } = &node.kind {
            let at = self.one_of(node, "`capture`", words)?;
            return Some((sources[at], Pick::All));
        }
        let fields = self.map(node, "`capture`", CAPTURE_KEYS)?;
        let from = match fields.get("from") {
            Some(node) => sources[self.one_of(node, "`from`", words)?],
            None => sources[0],
        };
        let pick = match (fields.get("json"), fields.get("matches")) {
            (Some(path), None) => {
                let text = self.fixed(path, "`json`")?;
                let read = self.json_path(&text, &path.span)?;
                if !read.is_singular() {
                    self.report(
                        Diagnostic::new(
                            Code::BAD_JSON_PATH,
                            path.span.clone(),
                            format!("a capture takes one value, and `{text}` may find several"),
                        )
                        .help("name one value, such as `$.list[0].name`"),
                    );
                    return None;
                }
                Pick::Json(read)
            }
            (None, Some(pattern)) => Pick::Regex(self.regex(pattern, "`matches`")?),
            (None, None) => Pick::All,
            (Some(_), Some(pattern)) => {
                self.report(Diagnostic::new(
                    Code::CONFLICT,
                    pattern.span.clone(),
                    "a capture takes either `json` or `matches`",
                ));
                return None;
            }
        };
        Some((from, pick))
    }

    pub(super) fn on(
        &mut self,
        fields: &Fields<'_>,
        what: &str,
        default: Option<&Place>,
        places: &KnownPlaces<'_>,
    ) -> Option<Place> {
        match (fields.get("on"), default) {
            (Some(node), _) => self.place(node, places),
            (None, Some(place)) => Some(place.clone()),
            (None, None) => {
                let help = "name the place: `on: local`, `on: clone` or a host; or once for the whole file";
                self.missing_in(fields, what, "on", help);
                None
            }
        }
    }

    /// The fixtures that `with:` names.
    pub(super) fn fixture_names(&mut self, fields: &Fields<'_>, known: &[&str]) -> Vec<String> {
        let Some(node) = fields.get("with") else {
            return Vec::new();
        };
        let mut names = Vec::new();
        for item in self.items(node, "`with`") {
            let Some(name) = self.fixed(item, "a fixture") else {
                continue;
            };
            if known.contains(&name.as_str()) {
                names.push(name);
                continue;
            }
            let problem = Diagnostic::new(
                codes::UNKNOWN_FIXTURE,
                item.span.clone(),
                format!("unknown fixture `{name}`"),
            )
            .help(match kit::yaml::fields::nearest(&name, known) {
                Some(word) => format!("did you mean `{word}`?"),
                None if known.is_empty() => "define it in `fixtures:`".to_owned(),
                None => format!("known fixtures: {}", known.join(", ")),
            });
            self.report(problem);
        }
        names
    }
}

/// An undoing goes on after a line that fails: as much as possible is put back, and the baseline shows
/// what is not.
fn runs_to_its_end(step: &mut Step) {
    if let Probe::Command(command) = &mut step.probe {
        command.strict = false;
    }
}

/// Only the beginning of a long place: where a reader looks for the missing key.
pub(super) fn head(span: &Span) -> Span {
    span.start..span.start + 1
}

/// The names a node's `capture:` gives, as far as they can be read.
pub(super) fn capture_names(node: &Node) -> Vec<String> {
    let of = |node: &Node| -> Vec<String> {
        match node.get("capture").map(|capture| &capture.kind) {
            Some(NodeKind::Map(entries)) => {
                entries.iter().map(|(key, _)| key.text.clone()).collect()
            }
            _ => Vec::new(),
        }
    };
    let steps: Vec<String> = match node.get("do") {
        Some(act) => match &act.kind {
            NodeKind::List(steps) => steps.iter().flat_map(of).collect(),
            _ => of(act),
        },
        None => Vec::new(),
    };
    [of(node), steps].concat()
}

/// Waiting for something to come up needs patience, also where the file does not say so.
fn patient(step: &mut Step) {
    if step.timing.within.is_none() && step.timing.repeat == 1 {
        step.timing.within = Some(DEFAULT_PATIENCE);
        step.timing.every = Duration::from_millis(500);
    }
}
