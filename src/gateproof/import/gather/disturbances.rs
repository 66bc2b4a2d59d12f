//! Changes that are undone again: the fixtures of the checks that are asked meanwhile.

use super::Gatherer;
use crate::import::command::WrittenCommand;
use crate::import::draft::{self, FixtureDraft, KeyDraft, Question, Value};
use crate::import::texts::{host_name, quoted, slug};

/// A change that is made before a question is asked.
#[derive(Clone)]
pub(super) struct WrittenChange {
    pub(super) asked: WrittenCommand,
    pub(super) written: String,
    pub(super) at: usize,
}

impl Gatherer<'_> {
    /// A disturbance with what undoes it, for the checks that were asked meanwhile.
    pub(super) fn fixture(
        &mut self,
        gate: usize,
        changes: &[WrittenChange],
        restore: &[(usize, String)],
        under: &[usize],
    ) {
        let host = changes[0].asked.host.clone();
        if let Some(host) = &host {
            let at = self.spot(changes[0].at);
            self.host(host, at);
        }
        let place = host.as_deref().map_or("clone".to_owned(), host_name);
        let lines: Vec<&str> = changes
            .iter()
            .map(|change| change.asked.line.as_str())
            .collect();
        let undo: Vec<String> = restore.iter().map(|(_, line)| line.clone()).collect();
        let listed = |lines: &[String]| match lines {
            [one] => Value::Text(one.clone()),
            several => {
                let each: Vec<String> = several.iter().map(|line| quoted(line)).collect();
                Value::Yaml(format!("[{}]", each.join(", ")))
            }
        };
        let act: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let keys = vec![
            ("on", Value::Yaml(place), changes[0].at),
            ("do", listed(&act), changes[0].at),
            ("undo", listed(&undo), restore[0].0),
        ];
        let same = |fixture: &&FixtureDraft| {
            keys.iter()
                .all(|(key, value, _)| draft::get(&fixture.keys, key) == Some(value))
        };
        let name = match self.imported.fixtures.iter().find(same) {
            Some(known) => known.name.clone(),
            None => self.new_fixture(keys, &undo, lines[0]),
        };
        for check in under {
            let at = self.spot(changes[0].at);
            let draft = &mut self.imported.gates[gate].checks[*check];
            draft.set("with", Value::Yaml(name.clone()), Some(at));
            if fails(draft.text("expect")) {
                let text =
                    "must it be so at once after the disturbance, or how long may it take (`30s`)?"
                        .to_owned();
                self.ask(
                    gate,
                    *check,
                    Question::about("within", text)
                        .key("within")
                        .settled_by("at once"),
                );
            }
        }
    }

    fn new_fixture(
        &mut self,
        keys: Vec<(&str, Value, usize)>,
        undo: &[String],
        line: &str,
    ) -> String {
        let base = slug(line);
        let number = self
            .imported
            .fixtures
            .iter()
            .filter(|known| known.name.starts_with(&base))
            .count();
        let name = match number {
            0 => base,
            more => format!("{base}-{}", more + 1),
        };
        let at = self.spot(keys[0].2);
        let named = |question: Question| Question {
            id: format!("fixture/{name}.{}", question.id),
            at,
            ..question
        };
        let before = format!(
            "what holds before `{line}`, and must hold again after `{}`? As `{{ run: …, expect: … }}` or `{{ http: …, expect: 200 }}`",
            undo.join("; ")
        );
        let there = "what shows that the disturbance is there? As `{ run: …, expect: …, within: 60s }`, or `nothing`";
        let questions = vec![
            named(Question::about("baseline", before).key("baseline")),
            named(
                Question::about("until", there)
                    .key("until")
                    .settled_by("nothing"),
            ),
        ];
        let keys = keys.into_iter().map(|(key, value, at)| KeyDraft {
            key: key.to_owned(),
            value,
            at: Some(self.spot(at)),
        });
        let keys = keys.collect();
        self.imported.fixtures.push(FixtureDraft {
            name: name.clone(),
            keys,
            questions,
        });
        name
    }
}

/// Whether the expectation is that something does not work.
fn fails(expect: &str) -> bool {
    let status: String = expect.chars().filter(char::is_ascii_digit).collect();
    status.len() == 3 && !status.starts_with('2')
}
