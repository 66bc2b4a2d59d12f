//! Programs whose first operand says what they do: `systemctl show`, `docker ps`.

use super::super::change::Doing;
use super::super::options::{Options, Until, tell};
use super::super::tree::Word;
use super::arguments::{known_options, unknown};

/// What the verbs of a program do.
pub(super) struct Verbs {
    /// The options that may stand before the verb.
    pub(super) options: Options,
    /// Verbs of one word or several (`service ls`) that only observe.
    pub(super) observe: &'static [&'static str],
    /// Verbs that are known to change something.
    pub(super) mutate: &'static [&'static str],
    /// The options that an observing verb may have.
    pub(super) after: After,
    /// Whether the program observes without any verb.
    pub(super) bare: bool,
}

/// Options behind an observing verb.
pub(super) enum After {
    /// The manual has none that would change anything.
    Any,
    /// Those that are known to only observe.
    Only(Options),
}

/// What the program does with these arguments.
pub(super) fn judge(name: &str, args: &[Word], verbs: &Verbs) -> Doing {
    let told = match tell(args, &verbs.options, Until::FirstOperand) {
        Ok(told) => told,
        Err(word) => return unknown(name, &word),
    };
    let operands: Vec<Word> = told.operands.iter().map(|word| (*word).clone()).collect();
    let Some(first) = operands.first() else {
        return if verbs.bare {
            Doing::Observes
        } else {
            Doing::Unknown(format!("what `{name}` does without a verb is not known"))
        };
    };
    // An option may stand between the words of a verb only after the verb: `docker service --x ls` is none.
    let said: Vec<&str> = operands.iter().map_while(Word::text).take(3).collect();
    let starts = |verb: &&&str| {
        let words: Vec<&str> = verb.split(' ').collect();
        said.starts_with(&words)
    };
    if let Some(verb) = verbs.mutate.iter().find(starts) {
        return Doing::mutates(format!("{name} {verb}"));
    }
    match verbs.observe.iter().find(starts) {
        Some(verb) => {
            let rest = &operands[verb.split(' ').count()..];
            match &verbs.after {
                After::Any => Doing::Observes,
                After::Only(options) => known_options(name, rest, options),
            }
        }
        None => {
            let shown: Vec<&str> = operands
                .iter()
                .take(2)
                .map(|word| word.shown.as_str())
                .collect();
            let shown = if first.text().is_some() {
                shown.join(" ")
            } else {
                first.shown.clone()
            };
            unknown(name, &shown)
        }
    }
}
