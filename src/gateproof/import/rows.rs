//! Two tellings of one thing: rows of a table and the steps that they speak of, lists in words and the
//! values of a loop.

use std::collections::BTreeSet;

use super::draft::CheckDraft;

/// A row of a table that names no command.
#[derive(Clone, Debug)]
pub(super) struct RowLabel {
    /// The index of its gate.
    pub(super) gate: usize,
    pub(super) label: String,
    pub(super) told: String,
    pub(super) at: usize,
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| word.len() > 2)
        .map(str::to_lowercase)
        .collect()
}

/// The check that a row speaks of, by the words that they share; rare words count for more. `None` where no
/// check, or more than one, may be meant.
pub(super) fn best(label: &RowLabel, checks: &[CheckDraft]) -> Option<usize> {
    let told: Vec<BTreeSet<String>> = checks
        .iter()
        .map(|check| {
            let all: Vec<&str> = ["claim", "run", "http", "expect", "for"]
                .iter()
                .map(|key| check.text(key))
                .chain(check.notes.iter().map(String::as_str))
                .collect();
            words(&all.join(" "))
        })
        .collect();
    let score = |check: &BTreeSet<String>| -> f64 {
        words(&label.label)
            .iter()
            .filter(|word| check.contains(*word))
            .map(|word| 1.0 / told.iter().filter(|other| other.contains(word)).count() as f64)
            .sum()
    };
    let mut scores: Vec<(usize, f64)> = told.iter().map(score).enumerate().collect();
    scores.sort_by(|one, other| other.1.total_cmp(&one.1));
    match scores.as_slice() {
        [(at, score), rest @ ..] if *score >= 0.5 => {
            let second = rest.first().map_or(0.0, |(_, score)| *score);
            (*score > second * 1.2).then_some(*at)
        }
        _ => None,
    }
}

/// The names of a list in brackets that a loop over nearly the same names leaves out.
pub(super) fn missing_of_list(text: &str, each: &str) -> Option<Vec<String>> {
    if each.is_empty() {
        return None;
    }
    for part in text.split('(').skip(1) {
        let Some((list, _)) = part.split_once(')') else {
            continue;
        };
        let names: Vec<&str> = list
            .split(',')
            .map(|name| name.trim().trim_matches('`'))
            .collect();
        let is_name = |name: &&str| !name.is_empty() && !name.contains(char::is_whitespace);
        if names.len() < 3 || !names.iter().all(is_name) {
            continue;
        }
        let (there, missing): (Vec<&str>, Vec<&str>) =
            names.iter().partition(|name| each.contains(**name));
        if there.len() * 2 > names.len() && !missing.is_empty() {
            return Some(missing.into_iter().map(str::to_owned).collect());
        }
    }
    None
}
