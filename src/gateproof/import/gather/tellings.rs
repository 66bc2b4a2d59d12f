//! What a document tells twice, and what it tells without a command.

use super::Gatherer;
use crate::import::draft::{CheckDraft, Question, Spot, Value};
use crate::import::expected::{self, Asks};
use crate::import::rows::{self, RowLabel};
use crate::import::texts::plain;

impl Gatherer<'_> {
    /// Lists of names in WHAT that differ from the values of a loop.
    pub(super) fn lists_that_differ(&mut self) {
        for (gate_id, text, at) in self.told.clone() {
            let Some(gate) = self
                .imported
                .gates
                .iter()
                .position(|gate| gate.id == gate_id)
            else {
                continue;
            };
            for check in 0..self.imported.gates[gate].checks.len() {
                let each = self.imported.gates[gate].checks[check]
                    .text("for")
                    .to_owned();
                let Some(missing) = rows::missing_of_list(&text, &each) else {
                    continue;
                };
                let place = self.spot(at).of(&self.imported.document);
                let named: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
                let text = format!(
                    "{place} names {} as well, which the command does not ask for. Leave it out?",
                    named.join(" and ")
                );
                self.ask(
                    gate,
                    check,
                    Question::about("list", text).key("for").settled_by("yes"),
                );
            }
        }
    }

    pub(super) fn join_labels(&mut self) {
        for label in std::mem::take(&mut self.labels) {
            let checks = &self.imported.gates[label.gate].checks;
            let at = self.spot(label.at);
            match rows::best(&label, checks) {
                Some(found) => self.compare(&label, found, at),
                None => {
                    let words = format!("{}: {}", label.label, label.told).replace('`', "");
                    self.without_command(label.gate, &words, at);
                }
            }
        }
    }

    /// A row of a table, and the check that it speaks of.
    fn compare(&mut self, label: &RowLabel, found: usize, at: Spot) {
        let name = self.imported.document.clone();
        let check = &mut self.imported.gates[label.gate].checks[found];
        let line = check.text("run").to_owned();
        let asks = Asks {
            request: check.get("http").is_some(),
            line: &line,
        };
        let row = expected::read(&label.told, asks);
        let has = check.text("expect").to_owned();
        match (&row.yaml, has.as_str()) {
            (Some(yaml), "") => {
                check.set("expect", Value::Yaml(yaml.clone()), Some(at));
                check.notes.push(format!(
                    "{} expected as written: {}",
                    at.of(&name),
                    label.told
                ));
                check
                    .questions
                    .retain(|question| question.key.as_deref() != Some("expect"));
            }
            (Some(yaml), has)
                if yaml != has
                    && !row
                        .needles
                        .iter()
                        .any(|needle| has.contains(needle.as_str())) =>
            {
                let text = format!(
                    "a contradiction: {} says {}, and the step says {has}. What must be seen?",
                    at.of(&name),
                    label.told
                );
                self.ask(
                    label.gate,
                    found,
                    Question::about("contradiction", text)
                        .key("expect")
                        .refusing(),
                );
            }
            _ => {}
        }
        if let Some(more) = row.rationale {
            self.leave(
                label.at,
                &more,
                &format!(
                    "it stands only in the table, at `{}`",
                    label.label.replace('`', "")
                ),
            );
        }
    }

    /// What is claimed without a command.
    fn without_command(&mut self, gate: usize, words: &str, at: Spot) {
        let mut check = CheckDraft {
            id: self.free_id(gate, words),
            ..CheckDraft::default()
        };
        check.set("claim", Value::Text(plain(words)), Some(at));
        self.imported.gates[gate].checks.push(check);
        let made = self.imported.gates[gate].checks.len() - 1;
        let text =
            "which command shows it, and what must be seen? As `{ on: …, run: …, expect: … }`"
                .to_owned();
        self.ask(gate, made, Question::about("probe", text));
    }

    /// The demands of a gate that has no check.
    pub(super) fn requirements(&mut self) {
        let bare: Vec<usize> = (0..self.imported.gates.len())
            .filter(|gate| self.imported.gates[*gate].checks.is_empty())
            .collect();
        for (id, text, at) in std::mem::take(&mut self.requirements) {
            let Some(gate) = self.imported.gates.iter().position(|gate| gate.id == id) else {
                continue;
            };
            if bare.contains(&gate) {
                let at = self.spot(at);
                self.without_command(gate, &text.replace('`', ""), at);
            }
        }
    }
}
