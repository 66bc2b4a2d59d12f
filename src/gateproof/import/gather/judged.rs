//! What the reader of claim files says of each draft.

use super::Gatherer;
use crate::import::draft::Question;
use crate::import::write::alone;

impl Gatherer<'_> {
    /// Asks the reader of claim files about each draft: what it refuses is asked, and never written.
    pub(super) fn judge(&mut self) {
        for gate in 0..self.imported.gates.len() {
            for at in 0..self.imported.gates[gate].checks.len() {
                let check = &self.imported.gates[gate].checks[at];
                if !check.is_whole() {
                    continue;
                }
                let text = alone(check, &self.imported.hosts);
                let source = kit::yaml::source::Source {
                    path: "draft".into(),
                    text,
                };
                match claim::read::parse(std::sync::Arc::new(source), &kit::text::Scope::new()) {
                    Err(invalid) => {
                        let Some(first) = invalid.diagnostics.first() else {
                            continue;
                        };
                        let help = first
                            .help
                            .clone()
                            .map(|help| format!("; {help}"))
                            .unwrap_or_default();
                        let text = format!("refused: {} ({}){help}", first.message, first.code.0);
                        self.ask(gate, at, Question::about("refused", text).refusing());
                    }
                    Ok(file) => {
                        let parsed = file.gates.first().and_then(|gate| gate.checks.first());
                        let Some(parsed) = parsed else {
                            continue;
                        };
                        if let Some(why) = claim::teeth::unwitnessed(parsed, &parsed.scope) {
                            let note = format!("`--teeth` finds it TOOTHLESS: {why}");
                            self.imported.gates[gate].checks[at].notes.push(note);
                        }
                    }
                }
            }
        }
    }
}
