//! Reading claim files: from a path to a [`ClaimFile`] that may be run, or to all that is
//! wrong with it.

mod checks;
mod closes;
mod control;
mod cookies;
mod effects;
mod enclosing;
mod expectations;
mod forms;
mod gates;
mod headers;
mod hosts;
mod human;
mod implied;
mod limits;
mod lint;
mod loops;
mod matchers;
mod needs;
mod one_line;
mod probes;
mod reader;
mod schema;
mod shell_text;
mod steps;
mod teeth;
mod times;
mod usage;
mod values;
mod waive;
mod witness;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::codes;
use crate::{Acknowledgement, ClaimFile, Fixture, Gate, Place};
use kit::text::Scope;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::{Diagnostic, Invalid};
use kit::yaml::fields::{self, Fields};
use kit::yaml::source::Source;
use kit::yaml::tree::{self, Node, NodeKind};
use reader::Reader;

use checks::CheckContext;
pub use forms::{CANNOT_TELL, form_of};
pub use human::is_inside;
use probes::KnownPlaces;
pub use schema::schema;
pub use usage::{params_of_probe, unknown_in_expect, unknown_in_probe};

const SOFTENED_KEYS: &[&str] = &["of", "reason"];
const FILE_KEYS: &[&str] = &[
    "phase",
    "title",
    "docs",
    "fresh_for",
    "on",
    "hosts",
    "vars",
    "secrets",
    "softened",
    "fixtures",
    "gates",
];

/// Reads a claim file. `overrides` are the `--var` of the command line.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn load(path: &Path, overrides: &Scope) -> Result<ClaimFile, Box<Invalid>> {
    match Source::read(path) {
        Ok(source) => parse(Arc::new(source), overrides),
        Err(error) => Err(Box::new(Invalid::unreadable(
            path,
            error,
            "claim files that ship are in claims/; try `gateproof verify claims/quickstart.yaml`",
        ))),
    }
}

/// Reads the text of a claim file.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn parse(source: Arc<Source>, overrides: &Scope) -> Result<ClaimFile, Box<Invalid>> {
    let (root, problems) = tree::parse(&source.text);
    let mut reader = Reader::new(Scope::new());
    reader.problems = problems;
    let file = root.and_then(|root| reader.file(&root, &source, overrides));
    let mut diagnostics = std::mem::take(&mut reader.problems);
    diagnostics.sort_by_key(|problem| (problem.span.start, problem.code));
    match file {
        Some(file) if diagnostics.is_empty() => Ok(file),
        _ => Err(Box::new(Invalid {
            source_file: source,
            diagnostics,
        })),
    }
}

impl Reader {
    fn file(&mut self, root: &Node, source: &Arc<Source>, overrides: &Scope) -> Option<ClaimFile> {
        let fields = self.map(root, "a claim file", FILE_KEYS)?;
        let changed_vars = self.vars(&fields, overrides);
        let secrets = fields
            .get("secrets")
            .map_or_else(Vec::new, |node| self.secret_names(node));
        let phase = self.phase(&fields);
        let title = fields
            .get("title")
            .and_then(|node| self.fixed(node, "`title`"))
            .unwrap_or_default();
        let docs = match fields.get("docs") {
            Some(node) => self.docs(node),
            None => Some("reports".to_owned()),
        };
        let fresh_for = match fields.get("fresh_for") {
            Some(node) => self.duration(node, "`fresh_for`"),
            None => Some(Duration::from_secs(24 * 3600)),
        };
        let hosts = self.hosts(&fields);
        let host_names: Vec<&str> = hosts.keys().map(String::as_str).collect();
        let places = KnownPlaces { hosts: &host_names };
        let default_on: Option<Place> = fields.get("on").and_then(|node| self.place(node, &places));
        let fixture_names = names_in(&fields, "fixtures");
        let fixtures = self.fixtures(&fields, default_on.as_ref(), &places, &fixture_names);
        let context = CheckContext {
            places,
            default_on: default_on.as_ref(),
            fixtures: &fixtures,
            fixture_names: &fixture_names,
        };
        let gates = self.gates(&fields, &context);
        let file = ClaimFile {
            source: source.clone(),
            phase: phase?,
            title,
            docs: PathBuf::from(docs?),
            fresh_for: fresh_for?,
            hosts,
            vars: self.scope.clone(),
            changed_vars,
            secrets,
            softened: fields
                .get("softened")
                .map_or_else(Vec::new, |node| self.softened(node)),
            fixtures,
            gates,
        };
        self.refuse_http_without_a_route(&file);
        Some(file)
    }

    /// Where the documents are: inside of the repository, as far as the words show.
    fn docs(&mut self, node: &Node) -> Option<String> {
        let docs = self.fixed(node, "`docs`")?;
        match kit::inside::words(Path::new(&docs)) {
            Ok(()) => Some(docs),
            Err(why) => {
                let problem =
                    Diagnostic::new(codes::OUTSIDE, node.span.clone(), format!("`docs:` {why}"));
                self.report(problem);
                None
            }
        }
    }

    fn phase(&mut self, fields: &Fields<'_>) -> Option<String> {
        let Some(node) = fields.get("phase") else {
            let help = "a short name; it becomes part of STATUS-<phase>.md";
            self.missing_in(fields, "a claim file", "phase", help);
            return None;
        };
        let phase = self.fixed(node, "`phase`")?;
        let span = node.span.clone();
        self.check_name(&phase, &span, "a phase").then_some(phase)
    }

    /// The names whose values are hidden.
    fn secret_names(&mut self, node: &Node) -> Vec<String> {
        let items = self.items(node, "`secrets`");
        let mut names = Vec::new();
        for item in items {
            let Some(name) = self.fixed(item, "a name of `secrets`") else {
                continue;
            };
            if kit::text::is_name(&name) {
                names.push(name);
            } else {
                self.report(
                    Diagnostic::new(
                        Code::BAD_VALUE,
                        item.span.clone(),
                        format!("`{name}` is not a valid name of a variable"),
                    )
                    .help("name variables of the environment, of `vars:` or of `capture:`, never values: `secrets: [DEPLOY_PASSWORD]`"),
                );
            }
        }
        names
    }

    /// What demands less than before, and why.
    fn softened(&mut self, node: &Node) -> Vec<Acknowledgement> {
        let mut all = Vec::new();
        for item in self.items(node, "`softened`") {
            let Some(fields) = self.map(item, "an entry of `softened`", SOFTENED_KEYS) else {
                continue;
            };
            let mut text = |key: &str, help: &str| match fields.get(key) {
                Some(node) => self.fixed(node, &format!("`{key}`")),
                None => {
                    self.missing_in(&fields, "an entry of `softened`", key, help);
                    None
                }
            };
            let of = text(
                "of",
                "what demands less: `M1/restic-runs`, `M1`, `fixture proxy-down`, `host cc-ci` or `file`",
            );
            let reason = text("reason", "why it may demand less");
            all.extend(
                of.zip(reason)
                    .map(|(of, reason)| Acknowledgement { of, reason }),
            );
        }
        all
    }

    /// Reads `vars:`, with the values of the command line. Returns the names of those that this
    /// changed.
    fn vars(&mut self, fields: &Fields<'_>, overrides: &Scope) -> Vec<String> {
        let mut changed = Vec::new();
        if let Some(node) = fields.get("vars")
            && let Some(vars) = self.open_map(node, "`vars`")
        {
            for (key, value) in vars.iter() {
                self.check_variable(&key.text, &key.span);
                if let Some(text) = self.scalar(value, "a variable") {
                    self.scope.insert(key.text.clone(), text.to_owned());
                }
            }
        }
        for (name, value) in overrides {
            if let Some(own) = self.scope.get(name) {
                if own != value {
                    changed.push(name.clone());
                }
                self.scope.insert(name.clone(), value.clone());
                continue;
            }
            let known: Vec<&str> = self.scope.keys().map(String::as_str).collect();
            let problem = Diagnostic::new(
                codes::UNKNOWN_OVERRIDE,
                steps::head(&fields.span),
                format!("`--var {name}=…`: the file has no variable `{name}`"),
            )
            .help(match fields::nearest(name, &known) {
                Some(word) => format!("did you mean `{word}`?"),
                None if known.is_empty() => "it has no `vars:` at all".to_owned(),
                None => format!("its variables: {}", known.join(", ")),
            });
            self.report(problem);
        }
        changed
    }

    fn fixtures(
        &mut self,
        fields: &Fields<'_>,
        default_on: Option<&Place>,
        places: &KnownPlaces<'_>,
        known: &[&str],
    ) -> IndexMap<String, Fixture> {
        let mut fixtures = IndexMap::new();
        let Some(map) = fields
            .get("fixtures")
            .and_then(|node| self.open_map(node, "`fixtures`"))
        else {
            return fixtures;
        };
        for (key, node) in map.iter() {
            self.check_name(&key.text, &key.span, "a fixture");
            // A fixture may use what the fixtures around it capture.
            let outer = outer_captures(node, &map);
            if let Some(fixture) = self.fixture(key, node, default_on, places, known, &outer) {
                fixtures.insert(key.text.clone(), fixture);
            }
        }
        self.captures = Vec::new();
        // From the tree itself, so that a fixture that is wrong elsewhere is part of it.
        let edges = |name: &str| -> Vec<String> {
            map.get(name)
                .map(|node| outer_names(node).into_iter().map(str::to_owned).collect())
                .unwrap_or_default()
        };
        let circle = map
            .iter()
            .find_map(|(key, _)| Some((needs::cycle_from(&key.text, &edges)?, key)));
        if let Some((circle, key)) = circle {
            self.report(
                Diagnostic::new(
                    codes::CYCLE,
                    key.span.clone(),
                    format!(
                        "the fixtures need each other in a circle: {}",
                        circle.join(" → ")
                    ),
                )
                .help("take one of the `with:` out"),
            );
        }
        fixtures
    }

    fn gates(&mut self, fields: &Fields<'_>, context: &CheckContext<'_>) -> Vec<Gate> {
        let Some(node) = fields.get("gates") else {
            self.report(
                Diagnostic::new(
                    Code::EMPTY,
                    steps::head(&fields.span),
                    "the file has no gates",
                )
                .help("add `gates:` with at least one gate and its checks"),
            );
            return Vec::new();
        };
        let Some(map) = self.open_map(node, "`gates`") else {
            return Vec::new();
        };
        let names: Vec<&str> = map.iter().map(|(key, _)| key.text.as_str()).collect();
        let gates: Vec<Gate> = map
            .iter()
            .enumerate()
            .filter_map(|(n, (key, node))| self.gate(key, node, &names[..n], context))
            .collect();
        if map.iter().next().is_none() {
            self.report(
                Diagnostic::new(Code::EMPTY, node.span.clone(), "`gates` has no gate")
                    .help("add at least one gate with its checks"),
            );
        }
        gates
    }
}

/// The keys of a map of the file, as far as it is one.
fn names_in<'n>(fields: &Fields<'n>, key: &str) -> Vec<&'n str> {
    match fields.get(key).map(|node| &node.kind) {
        Some(NodeKind::Map(entries)) => entries.iter().map(|(key, _)| key.text.as_str()).collect(),
        _ => Vec::new(),
    }
}

/// The names captured by the fixtures that a fixture's `with:` names, however far out.
fn outer_captures(node: &Node, fixtures: &Fields<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    let mut pending: Vec<&Node> = vec![node];
    while let Some(node) = pending.pop() {
        for name in outer_names(node) {
            if let Some(node) = fixtures.get(name)
                && !seen.contains(&name)
            {
                seen.push(name);
                names.extend(steps::capture_names(node));
                if node.get("do").is_some() {
                    names.extend(enclosing::moments_of(name));
                }
                pending.push(node);
            }
        }
    }
    names
}

/// The names in a fixture's `with:`, as far as they can be read.
fn outer_names(node: &Node) -> Vec<&str> {
    let text = |node| match node {
        &Node {
            kind: NodeKind::Scalar { ref text, .. },
            ..
        } => Some(text.as_str()),
        _ => None,
    };
    match node.get("with") {
        Some(Node {
            kind: NodeKind::List(items),
            ..
        }) => items.iter().filter_map(text).collect(),
        Some(node) => text(node).into_iter().collect(),
        None => Vec::new(),
    }
}
