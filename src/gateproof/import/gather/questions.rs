//! What a document leaves open of a check.

use std::sync::LazyLock;

use claim::command::Doing;
use regex::Regex;

use super::Gatherer;
use crate::import::command::{ELIDED, WrittenCommand};
use crate::import::draft::Question;
use crate::import::evidence;
use crate::import::expected::ReadExpectation;
use crate::import::steps::WrittenStep;

impl Gatherer<'_> {
    /// What the document leaves open of a check.
    pub(super) fn questions(
        &mut self,
        gate: usize,
        made: usize,
        (step, asked): (&WrittenStep, &WrittenCommand),
        doing: &Doing,
        (prose, expected): (&str, &ReadExpectation),
    ) {
        if let Some(refused) = evidence::refused(&asked.line, &step.title, prose, expected.absent) {
            let text = format!("refused: {}. Instead: {}", refused.why, refused.offer);
            self.ask(
                gate,
                made,
                Question::about("run", text).key("run").refusing(),
            );
        }
        if expected.yaml.is_none() {
            let text = match prose {
                "" => "what must be seen? The document does not say".to_owned(),
                prose => format!("what must be seen, exactly? The document says: {prose}"),
            };
            self.ask(gate, made, Question::about("expect", text).key("expect"));
        }
        if self.is_journal() {
            let text = format!("this was seen once ({prose}). Must it hold now?");
            self.ask(
                gate,
                made,
                Question::about("still", text)
                    .settled_by("yes")
                    .dropped_by("no"),
            );
            if asked.host.is_none() {
                let text = "where is it asked? A journal does not say: `clone`, `local` or a host of the file".to_owned();
                self.ask(gate, made, Question::about("on", text).key("on"));
            }
        } else if let Some(word) = expected.relative.clone().or_else(|| compares(&step.title)) {
            let text = format!(
                "`{word}` compares with an earlier state. Is it enough that this holds now?"
            );
            self.ask(gate, made, Question::about("now", text).settled_by("yes"));
        }
        if let Some(rationale) = expected
            .rationale
            .as_ref()
            .filter(|words| claims_more(words))
        {
            let text =
                format!("does a check have to show `{rationale}` as well, or is that its reason?");
            self.ask(
                gate,
                made,
                Question::about("rationale", text).settled_by("reason"),
            );
        }
        if let (Doing::Unknown(why), Some(_)) = (doing, &asked.host) {
            let text = format!("does it only observe? {why}");
            self.ask(gate, made, Question::about("effect", text).key("effect"));
        }
        if let Some(elided) = ELIDED.find(&asked.line) {
            let text = format!("what stands for `{}`?", elided.as_str());
            self.ask(
                gate,
                made,
                Question::about("whole", text).key("run").refusing(),
            );
        }
        if let Some(path) = STORE.find(&format!("{} {prose}", asked.line)) {
            let text = format!(
                "`{}` is a value of one deployment. Is it part of the claim?",
                path.as_str()
            );
            self.ask(gate, made, Question::about("value", text).settled_by("yes"));
        }
    }

    /// Adds a question of a check.
    pub(super) fn ask(&mut self, gate: usize, check: usize, question: Question) {
        let gate = &mut self.imported.gates[gate];
        let check = &mut gate.checks[check];
        if question.refuses && check.original.is_none() {
            // What is refused is not run, and stands beside what takes its place.
            let run = check.keys.iter().find(|key| key.key == "run");
            let at = run.and_then(|run| run.at).unwrap_or(gate.at);
            check.original = run.map(|_| (check.text("run").replace("$${", "${"), at));
        }
        let at = check.keys.iter().find_map(|key| key.at).unwrap_or(gate.at);
        check.questions.push(Question {
            id: format!("{}/{}.{}", gate.id, check.id, question.id),
            at,
            ..question
        });
    }
}

static STORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"/nix/store/[a-z0-9]{32}-[\w.-]+|sha256:[0-9a-f]{12,64}")
        .expect("a constant pattern")
});

static COMPARES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(regressed|unchanged|unaffected|still)\b").expect("a constant pattern")
});

fn compares(title: &str) -> Option<String> {
    COMPARES
        .find(title)
        .map(|word| word.as_str().to_lowercase())
}

/// Whether words in brackets say that something else happens as well.
fn claims_more(words: &str) -> bool {
    words.contains('→')
        || words.contains("would")
        || words.contains("proves")
        || words.contains("confirms")
}
