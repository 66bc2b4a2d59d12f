//! From the parts of a document to drafts: which command is a check, which is a disturbance, and what has to
//! be asked.

mod checks;
mod disturbances;
mod judged;
mod questions;
mod tellings;

use super::document::{DocumentKind, DocumentPart, PartKind, ReadDocument, Section};
use super::draft::{GateDraft, Imported, LeftOut, Spot};
use super::rows::RowLabel;
use super::steps::{self, WrittenStep};
use super::texts::name_of;

/// Reads a document. `name` is what comments call it.
pub fn read(text: &str, name: &str) -> Imported {
    let document = ReadDocument::read(text, name);
    let mut gatherer = Gatherer {
        imported: Imported {
            document: name
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect(),
            phase: name_of(&document.phase, "imported"),
            title: document.title.replace(['`', '*'], ""),
            recovered: document.recovered,
            ..Imported::default()
        },
        document: &document,
        labels: Vec::new(),
        requirements: Vec::new(),
        told: Vec::new(),
    };
    gatherer.chrome();
    for part in &document.parts {
        gatherer.part(part);
    }
    gatherer.lists_that_differ();
    gatherer.join_labels();
    gatherer.requirements();
    gatherer.judge();
    gatherer
        .imported
        .gates
        .retain(|gate| !gate.checks.is_empty());
    gatherer.imported
}

struct Gatherer<'d> {
    imported: Imported,
    document: &'d ReadDocument,
    /// Rows of tables that name no command.
    labels: Vec<RowLabel>,
    /// Numbered demands of a gate, which may have no command.
    requirements: Vec<(String, String, usize)>,
    /// Texts of WHAT, for the lists in them.
    told: Vec<(String, String, usize)>,
}

impl Gatherer<'_> {
    fn spot(&self, at: usize) -> Spot {
        self.document.spot(at)
    }

    fn is_journal(&self) -> bool {
        self.document.kind == DocumentKind::Journal
    }

    fn leave(&mut self, at: usize, what: &str, why: &str) {
        let what: String = what.chars().take(160).collect();
        self.imported.left.push(LeftOut {
            at: self.spot(at),
            what,
            why: why.to_owned(),
        });
    }

    fn chrome(&mut self) {
        let Some(chrome) = &self.document.chrome else {
            return;
        };
        self.leave(0, chrome, "it is of the page around the document");
        let failing = chrome.to_lowercase();
        if failing.contains("failing") && chrome.contains("DONE") {
            self.leave(
                0,
                chrome,
                "a contradiction: the page says DONE, and that its build is failing",
            );
        }
    }

    /// The gate that a part belongs to.
    fn gate(&mut self, part: &DocumentPart) -> usize {
        let id = match &part.gate {
            Some(id) => name_of(id, "M1"),
            None if self.is_journal() => "journal".to_owned(),
            None => "M1".to_owned(),
        };
        if let Some(known) = self.imported.gates.iter().position(|gate| gate.id == id) {
            return known;
        }
        let at = self.spot(part.at);
        self.imported.gates.push(GateDraft {
            id,
            at,
            why: None,
            changed: Vec::new(),
            checks: Vec::new(),
        });
        self.imported.gates.len() - 1
    }

    fn part(&mut self, part: &DocumentPart) {
        match &part.kind {
            PartKind::Heading => {
                if part.gate.is_some() {
                    self.gate(part);
                }
            }
            PartKind::Fence { language, lines } => {
                if matches!(
                    language.as_str(),
                    "" | "bash" | "sh" | "shell" | "console" | "text" | "zsh"
                ) {
                    let found = steps::of_fence(lines);
                    self.steps(part, &found);
                } else {
                    let what = format!("a block of {language}");
                    self.leave(part.at, &what, "it has no shell commands");
                }
            }
            PartKind::Paragraph | PartKind::Item { .. } => self.sentence(part),
            PartKind::Row { cells, header } => self.row(part, cells, header),
        }
    }

    fn sentence(&mut self, part: &DocumentPart) {
        let step = steps::of_sentence(&part.text, part.at);
        let wanted = |step: &WrittenStep| step.expected.is_some() || part.section == Section::How;
        if let Some(step) = step.filter(wanted) {
            self.steps(part, &[step]);
            return;
        }
        if self.is_journal() {
            self.remembered(part);
            return;
        }
        let gate = self.gate_of_text(part);
        match (part.section, &part.kind) {
            (Section::What, PartKind::Paragraph) => {
                self.told_by(part);
                let at = self.spot(part.at);
                if let Some(gate) = gate.map(|gate| &mut self.imported.gates[gate])
                    && gate.why.is_none()
                    && !part.text.ends_with(':')
                {
                    gate.why = Some((part.text.replace("**", ""), at));
                }
            }
            (Section::What, PartKind::Item { .. }) => {
                self.told_by(part);
                let at = self.spot(part.at);
                if let Some(gate) = gate.map(|gate| &mut self.imported.gates[gate])
                    && part.text.starts_with('`')
                {
                    gate.changed.push((part.text.clone(), at));
                }
            }
            (Section::Where, _) if part.text.contains("see ") && part.text.contains("git log") => {
                self.leave(
                    part.at,
                    &part.text,
                    "it names no commit; a claim's record has it",
                );
            }
            (Section::How, PartKind::Item { .. }) => {
                self.leave(part.at, &part.text, "it names no command");
            }
            (Section::Other, PartKind::Item { numbered: true }) => {
                if let Some(gate) = &part.gate {
                    let gate = name_of(gate, "M1");
                    self.requirements.push((gate, part.text.clone(), part.at));
                }
            }
            _ => {}
        }
    }

    fn gate_of_text(&mut self, part: &DocumentPart) -> Option<usize> {
        part.gate.is_some().then(|| self.gate(part))
    }

    fn told_by(&mut self, part: &DocumentPart) {
        if let Some(gate) = &part.gate {
            self.told
                .push((name_of(gate, "M1"), part.text.clone(), part.at));
        }
    }

    /// A journal's memory of something that nobody can ask again as it is written.
    fn remembered(&mut self, part: &DocumentPart) {
        let text = &part.text;
        if text.contains("discrepancy") || text.contains("contradict") {
            self.leave(
                part.at,
                text,
                "a contradiction that the document tells of: claim what holds",
            );
        } else if matches!(part.kind, PartKind::Item { .. })
            || text.contains('→')
            || text.contains('✓')
            || text.contains("confirmed")
        {
            self.leave(
                part.at,
                text,
                "it is remembered in words, without a command",
            );
        }
    }

    fn row(&mut self, part: &DocumentPart, cells: &[String], header: &[String]) {
        let is_expected = |head: &String| head.to_lowercase().contains("expect");
        let Some(column) = header.iter().position(is_expected) else {
            return;
        };
        let Some(told) = cells.get(column).filter(|told| !told.is_empty()) else {
            return;
        };
        let label = cells.first().cloned().unwrap_or_default();
        let asks = cells.iter().enumerate().filter(|(at, _)| *at != column);
        let command = asks.clone().find_map(|(_, cell)| steps::command_in(cell));
        match command {
            Some(line) => {
                let title = asks
                    .map(|(_, cell)| cell)
                    .find(|cell| steps::command_in(cell).is_none());
                let step = WrittenStep {
                    title: title.cloned().unwrap_or_default(),
                    at: part.at,
                    commands: vec![steps::ToldCommand {
                        line,
                        at: part.at,
                        seen: Some(told.clone()),
                    }],
                    restore: Vec::new(),
                    expected: Some((part.at, told.clone())),
                };
                self.steps(part, &[step]);
            }
            None => {
                let gate = self.gate(part);
                self.labels.push(RowLabel {
                    gate,
                    label,
                    told: told.clone(),
                    at: part.at,
                });
            }
        }
    }
}
