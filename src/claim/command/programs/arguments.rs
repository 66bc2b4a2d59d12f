//! Arguments of a program against what is known of it. What is not on a list is unknown.

use super::super::change::{Doing, Mutation, Reach, is_below, stays_in_folder};
use super::super::options::{Options, Until, tell};
use super::super::tree::Word;

/// Observes when all its options are known, and so many operands at most.
pub(super) fn closed(name: &str, args: &[Word], options: &Options, operands: usize) -> Doing {
    match tell(args, options, Until::TheEnd) {
        Err(word) => unknown(name, &word),
        Ok(told) => match told.operands.get(operands) {
            Some(word) => unknown(name, &word.shown),
            None => Doing::Observes,
        },
    }
}

/// The same for a program that observes only under one of these options, and does its work without.
pub(super) fn only_with(
    name: &str,
    args: &[Word],
    modes: &[&str],
    options: &Options,
    operands: usize,
) -> Doing {
    match tell(args, options, Until::TheEnd) {
        Ok(told) if !modes.iter().any(|mode| told.has(mode)) => unknown(name, "those arguments"),
        _ => closed(name, args, options, operands),
    }
}

/// Observes when every word that may be an option is one of these, wherever it stands.
pub(super) fn known_options(name: &str, args: &[Word], options: &Options) -> Doing {
    let one = |word: &Word| {
        let Some(text) = word.text().or_else(|| known_name(word)) else {
            return false;
        };
        let known = |letter| options.flags.contains(letter);
        let takes = |letter| options.valued.contains(letter) || options.optional.contains(letter);
        match text.strip_prefix("--") {
            Some(long) => {
                let name = long.split('=').next().unwrap_or_default();
                options.long.contains(&name) || options.long_valued.contains(&name)
            }
            None => {
                let mut rest = text[1..].trim_start_matches(known).chars();
                rest.next().is_none_or(takes)
            }
        }
    };
    let mut before = args.iter().take_while(|word| word.text() != Some("--"));
    match before.find(|word| word.may_be_option() && !one(word)) {
        Some(word) => unknown(name, &word.shown),
        None => Doing::Observes,
    }
}

/// An option of which only the value is unknown: `--grep="$x"`.
pub(super) fn known_name(word: &Word) -> Option<&str> {
    (word.prefix.starts_with("--") && word.prefix.contains('=')).then_some(word.prefix.as_str())
}

pub(super) fn unknown(name: &str, word: &str) -> Doing {
    Doing::Unknown(format!(
        "`{name}` with `{word}` is not known to only observe"
    ))
}

/// A change of files that are named among the arguments.
pub(super) fn changes_files(name: &str, args: &[Word]) -> Doing {
    let shown: Vec<&str> = std::iter::once(name)
        .chain(args.iter().map(|word| word.shown.as_str()))
        .take(3)
        .collect();
    Doing::Mutates(Mutation {
        what: shown.join(" "),
        reach: if args.iter().all(names_folder_only) {
            Reach::Folder
        } else {
            Reach::World
        },
    })
}

/// Whether a word can name only what lies in the folder: an operand, or an option with its value.
pub(super) fn names_folder_only(word: &Word) -> bool {
    match word.text() {
        Some(text) if text.starts_with('-') => {
            let value = text.split_once('=').map_or("", |(_, value)| value);
            !text.contains("..") && (is_below(value) || !text.contains(['/', '~']))
        }
        Some("") => true,
        _ => stays_in_folder(word),
    }
}
