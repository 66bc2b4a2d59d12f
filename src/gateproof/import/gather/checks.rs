//! Steps as checks: what each asks, and where.

use std::sync::LazyLock;

use claim::command::Doing;
use regex::Regex;

use super::Gatherer;
use super::disturbances::WrittenChange;
use crate::import::command::{WrittenCommand, asked, changes_the_world, effect_of};
use crate::import::document::DocumentPart;
use crate::import::draft::{CheckDraft, Question, Spot, Value};
use crate::import::expected::{self, Asks};
use crate::import::steps::{ToldCommand, WrittenStep};
use crate::import::texts::{host_name, plain, quoted, slug};

impl Gatherer<'_> {
    /// The checks of steps that follow each other.
    pub(super) fn steps(&mut self, part: &DocumentPart, steps: &[WrittenStep]) {
        let gate = self.gate(part);
        let mut changes: Vec<WrittenChange> = Vec::new();
        // The checks that are asked while something is disturbed.
        let mut under: Vec<usize> = Vec::new();
        for step in steps {
            let mut observers = Vec::new();
            for command in &step.commands {
                let asked = asked(&command.line);
                let doing = effect_of(&asked);
                let on_host = asked.host.is_some() || self.is_journal();
                let changes_it = match &doing {
                    Doing::Mutates(_) if on_host => true,
                    doing => changes_the_world(doing),
                };
                if changes_it {
                    changes.push(WrittenChange {
                        asked,
                        written: command.line.clone(),
                        at: command.at,
                    });
                } else {
                    observers.push((command, asked, doing));
                }
            }
            let last = observers.len().saturating_sub(1);
            for (at, (command, asked, doing)) in observers.into_iter().enumerate() {
                let told = match &command.seen {
                    Some(seen) if at != last => Some((command.at, seen.clone())),
                    _ if at == last => step.expected.clone(),
                    _ => None,
                };
                let made = self.check(gate, (step, command), asked, &doing, told);
                if !changes.is_empty() {
                    under.push(made);
                }
            }
            let undo: Vec<(usize, String)> = step
                .restore
                .iter()
                .map(|(at, line)| (*at, asked(line)))
                .filter(|(_, asked)| changes_the_world(&effect_of(asked)))
                .map(|(at, asked)| (at, asked.line))
                .collect();
            if !undo.is_empty() && !changes.is_empty() {
                self.fixture(gate, &changes, &undo, &under);
                changes.clear();
                under.clear();
            }
        }
        for change in &changes {
            let why =
                "it changes something, and nothing in the document undoes it: it is done by hand";
            self.leave(change.at, &change.written, why);
        }
        for check in under {
            let written: Vec<String> = changes
                .iter()
                .map(|change| format!("`{}`", change.written))
                .collect();
            let text = format!(
                "{} ran before it, and nothing in the document undoes that. Is it asked without it?",
                written.join(" and ")
            );
            self.ask(
                gate,
                check,
                Question::about("without", text).settled_by("yes"),
            );
        }
    }

    fn check(
        &mut self,
        gate: usize,
        (step, command): (&WrittenStep, &ToldCommand),
        asked: WrittenCommand,
        doing: &Doing,
        told: Option<(usize, String)>,
    ) -> usize {
        let at = self.spot(command.at);
        let title_at = self.spot(step.at);
        let prose = told.as_ref().map_or("", |(_, prose)| prose.as_str());
        let asks = Asks {
            request: is_request(&asked, prose),
            line: &asked.line,
        };
        let expected = expected::read(prose, asks);
        let mut check = CheckDraft::default();
        let claim = match (step.title.is_empty(), prose.is_empty()) {
            (false, _) => step.title.clone(),
            (true, false) => format!("{}: {prose}", command.line.replace('\n', " ")),
            (true, true) => command.line.replace('\n', " "),
        };
        check.id = self.free_id(gate, &claim);
        check.set("claim", Value::Text(plain(&claim)), Some(title_at));
        let place = match &asked.host {
            Some(host) => {
                self.host(host, at);
                host_name(host)
            }
            None if asks.request => "local".to_owned(),
            None => "clone".to_owned(),
        };
        check.set("on", Value::Yaml(place), asked.host.as_ref().map(|_| at));
        if let Some((name, values)) = &asked.each {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            let each = format!("{{ {name}: [{}] }}", values.join(", "));
            check.set("for", Value::Yaml(each), Some(at));
        }
        match (&asked.request, asks.request) {
            (Some(request), true) => {
                for (key, value) in request.keys() {
                    check.set(key, value, Some(at));
                }
            }
            _ => check.set("run", Value::Text(asked.line.clone()), Some(at)),
        }
        check.original = Some((command.line.clone(), at)).filter(|_| asked.changed);
        let told_at = told.as_ref().map_or(at, |(at, _)| self.spot(*at));
        let exact = expected.yaml.as_deref().map(|yaml| yaml.trim_matches('"'));
        if !prose.is_empty() && exact != Some(prose) {
            let place = told_at.of(&self.imported.document);
            check
                .notes
                .push(format!("{place} expected as written: {prose}"));
        }
        if let Some(yaml) = &expected.yaml {
            check.set("expect", Value::Yaml(yaml.clone()), Some(told_at));
        }
        let made = self.imported.gates[gate].checks.len();
        self.imported.gates[gate].checks.push(check);
        self.questions(gate, made, (step, &asked), doing, (prose, &expected));
        made
    }

    pub(super) fn host(&mut self, host: &str, at: Spot) {
        if !self.imported.hosts.iter().any(|(known, _)| known == host) {
            self.imported.hosts.push((host.to_owned(), at));
        }
    }

    pub(super) fn free_id(&self, gate: usize, words: &str) -> String {
        let base = slug(words);
        let taken = |id: &str| {
            self.imported.gates[gate]
                .checks
                .iter()
                .any(|check| check.id == id)
        };
        let mut id = base.clone();
        let mut number = 2;
        while taken(&id) {
            id = format!("{base}-{number}");
            number += 1;
        }
        id
    }
}

/// Whether a `curl` is asked for its status, and not for what it prints.
fn is_request(asked: &WrittenCommand, prose: &str) -> bool {
    static PROSE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:HTTP(?:/[0-9.]+)?\s+)?[1-5][0-9][0-9]\b").expect("a constant pattern")
    });
    match &asked.request {
        Some(request) => request.status_only || PROSE.is_match(prose.trim_matches('`')),
        None => false,
    }
}
