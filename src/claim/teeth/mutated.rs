//! What of an observation an expectation notices when it changes.

use super::mutant::{Change, Mutant, Whole, mutants, text_of};
use crate::expectation::{Expect, Test, TextMatcher};
use reach::observation::Observation;

/// What an expectation notices of the changes of what was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mutated {
    /// How many changes were judged.
    pub all: usize,
    /// How many of them were noticed.
    pub noticed: usize,
    /// Whether one of those that were noticed is a change of what was printed, or of an answer. That an exit
    /// code is noticed shows nothing: whether the line hands on the failure of its tools, it does not tell.
    pub shows: bool,
    /// The first of those that were not noticed, in words.
    pub unnoticed: Vec<String>,
    /// Why the check has no teeth.
    pub toothless: Option<String>,
    /// What it would not notice although it may matter, and what to write instead.
    pub hint: Option<String>,
}

/// So many unnoticed changes are named.
const NAMED: usize = 3;

/// Changes what was seen, one thing at a time, and judges each change by `passes`. `exit_tells` if the exit
/// code of the command tells the state that it prints, as that of `systemctl is-active` does.
pub fn mutated(
    expect: &Expect,
    seen: &Observation,
    exit_tells: bool,
    passes: &dyn Fn(&Observation) -> bool,
) -> Mutated {
    let judged: Vec<(Mutant, bool)> = mutants(seen)
        .into_iter()
        .map(|mutant| {
            let noticed = !passes(&mutant.observation);
            (mutant, noticed)
        })
        .collect();
    let noticed = judged.iter().filter(|(_, noticed)| *noticed);
    let answers = matches!(seen, Observation::Http(_));
    let unnoticed = judged.iter().filter(|(_, noticed)| !noticed);
    Mutated {
        all: judged.len(),
        noticed: noticed.clone().count(),
        shows: noticed
            .clone()
            .any(|(mutant, _)| answers || mutant.change != Change::Ending),
        unnoticed: unnoticed
            .take(NAMED)
            .map(|(mutant, _)| mutant.what.clone())
            .collect(),
        toothless: toothless(expect, seen, exit_tells, &judged),
        hint: hint(&judged),
    }
}

fn toothless(
    expect: &Expect,
    seen: &Observation,
    exit_tells: bool,
    judged: &[(Mutant, bool)],
) -> Option<String> {
    let none = |kinds: &dyn Fn(Change) -> bool| {
        let mut of_kind = judged.iter().filter(|(mutant, _)| kinds(mutant.change));
        of_kind.all(|(_, noticed)| !noticed)
    };
    if !judged.is_empty() && none(&|_| true) {
        return Some("it holds whatever of this is changed".to_owned());
    }
    let unnoticed = |change: Change| {
        judged
            .iter()
            .find(|(mutant, noticed)| mutant.change == change && !noticed)
            .map(|(mutant, _)| mutant)
    };
    if let Some(header) = unnoticed(Change::Whole(Whole::Header)) {
        return Some(format!("it holds also for {}", header.what));
    }
    if let Some(opposite) = unlike_others(judged, Change::Opposite, Change::Word)
        && !exit_tells
    {
        return Some(format!("it holds also with {}", opposite.what));
    }
    if let Some(value) = of_a_key(&text_of(seen), judged)
        && !exit_tells
    {
        let what = &value.what;
        return Some(format!(
            "it holds also with {what}: it demands the key, and no value of it"
        ));
    }
    if every_percentage(judged) {
        return Some("it holds for every percentage from 0 to 100".to_owned());
    }
    if let Some(longer) = unlike_others(judged, Change::Longer, Change::Number)
        && counts_none(&text_of(seen)[longer.at..])
    {
        return Some(format!("it holds also with {}", longer.what));
    }
    let answers = matches!(seen, Observation::Http(_));
    if answers && looks_at_text(expect) && unnoticed(Change::Whole(Whole::Other)).is_some() {
        return Some("it holds also for the page of another app".to_owned());
    }
    let text = text_of(seen);
    let is_number = !text.trim().is_empty() && text.trim().bytes().all(|b| b.is_ascii_digit());
    if is_number && none(&|change| change == Change::Number) && looks_at_text(expect) {
        return Some("it holds for every number".to_owned());
    }
    let inside = |change| {
        matches!(
            change,
            Change::Line | Change::Word | Change::Number | Change::Opposite
        )
    };
    let has = |wanted: Change| judged.iter().any(|(mutant, _)| mutant.change == wanted);
    let whole_is_noticed = judged
        .iter()
        .any(|(mutant, noticed)| *noticed && mutant.change == Change::Whole(Whole::Other));
    if has(Change::Number)
        && has(Change::Word)
        && none(&inside)
        && whole_is_noticed
        && looks_at_text(expect)
        && !counts(expect)
    {
        return Some("it holds whatever number stands there, and whatever words".to_owned());
    }
    let replaced = |change| {
        !matches!(
            change,
            Change::Ending | Change::Whole(Whole::Nothing | Whole::Header)
        )
    };
    let several = text.lines().any(|line| line.split_whitespace().count() > 1);
    let noticed_nothing = judged
        .iter()
        .any(|(mutant, noticed)| mutant.change == Change::Whole(Whole::Nothing) && *noticed);
    (several && noticed_nothing && !counts(expect) && none(&replaced))
        .then(|| "it holds for every text, as long as there is any".to_owned())
}

/// An opposite that is not noticed, as the whole value of a key (`running: Yes`) that is noticed itself.
fn of_a_key<'j>(text: &str, judged: &'j [(Mutant, bool)]) -> Option<&'j Mutant> {
    let word_at = |places: std::ops::Range<usize>| {
        let mut words = judged
            .iter()
            .filter(|(mutant, _)| mutant.change == Change::Word && places.contains(&mutant.at));
        words.next_back().map(|(_, noticed)| *noticed)
    };
    let mut opposites = judged
        .iter()
        .filter(|(mutant, noticed)| mutant.change == Change::Opposite && !noticed)
        .map(|(mutant, _)| mutant);
    opposites.find(|mutant| {
        let start = text[..mutant.at].rfind('\n').map_or(0, |at| at + 1);
        let value = text[mutant.at..].lines().next().unwrap_or_default().trim();
        text[start..mutant.at].trim_end().ends_with([':', '='])
            && value.chars().all(char::is_alphanumeric)
            // The word right before it is the key.
            && word_at(start..mutant.at) == Some(true)
            && word_at(mutant.at..mutant.at + 1) == Some(false)
    })
}

/// Whether a percentage is looked at, and none is told from another: 0 % and 100 % are as good.
fn every_percentage(judged: &[(Mutant, bool)]) -> bool {
    let full = judged
        .iter()
        .filter(|(mutant, noticed)| mutant.change == Change::Full && !noticed);
    full.map(|(mutant, _)| mutant.at).any(|at| {
        let numbers = judged
            .iter()
            .filter(|(mutant, _)| mutant.change == Change::Number && mutant.at == at)
            .map(|(_, noticed)| *noticed);
        // One more, none, and one that is far too large.
        numbers.collect::<Vec<bool>>() == [false, false, true]
    })
}

/// Whether a text begins with a count of none: `0 errors`.
fn counts_none(text: &str) -> bool {
    let thing = text.strip_prefix("0 ");
    thing.is_some_and(|thing| thing.starts_with(char::is_alphabetic))
}

/// A change that is not noticed where another change at the same place is: the expectation looks there, and
/// does not tell the two apart.
fn unlike_others(judged: &[(Mutant, bool)], change: Change, other: Change) -> Option<&Mutant> {
    judged
        .iter()
        .filter(|(mutant, noticed)| mutant.change == change && !noticed)
        .map(|(mutant, _)| mutant)
        .find(|mutant| {
            let mut others = judged
                .iter()
                .filter(|(near, _)| near.change == other && near.at == mutant.at);
            others.clone().next().is_some() && others.all(|(_, noticed)| *noticed)
        })
}

fn hint(judged: &[(Mutant, bool)]) -> Option<String> {
    let longer = unlike_others(judged, Change::Longer, Change::Number)?;
    Some(format!(
        "it holds also with {}; `matches: '\\b…'` ends at the edge of a number",
        longer.what
    ))
}

/// Whether the expectation looks at what was printed.
pub(super) fn looks_at_text(expect: &Expect) -> bool {
    any_text(expect, &|_| true)
}

/// Whether it counts what was printed: any other text of that length is as good.
fn counts(expect: &Expect) -> bool {
    any_text(expect, &|matcher| {
        matches!(matcher, TextMatcher::Lines(_) | TextMatcher::Count { .. })
    })
}

/// Whether one of the matchers of texts is of this kind. A matcher of JSON is of every kind.
fn any_text(expect: &Expect, kind: &dyn Fn(&TextMatcher) -> bool) -> bool {
    any_test(expect, &|test| match test {
        Test::Stdout(matcher) | Test::Stderr(matcher) | Test::Body(matcher) => {
            of_kind(matcher, kind)
        }
        Test::Json(_) | Test::TestRun(_) => true,
        Test::Exit(_)
        | Test::Status(_)
        | Test::Header(..)
        | Test::Cookie(..)
        | Test::Duration(_)
        | Test::Certificate(_) => false,
    })
}

/// Whether one of the tests of an expectation is of this kind.
pub(super) fn any_test(expect: &Expect, kind: &dyn Fn(&Test) -> bool) -> bool {
    match expect {
        Expect::All(parts) | Expect::Any(parts) => parts.iter().any(|part| any_test(part, kind)),
        Expect::Not(inner) => any_test(inner, kind),
        Expect::Holds(clause) => kind(&clause.test),
    }
}

fn of_kind(matcher: &TextMatcher, kind: &dyn Fn(&TextMatcher) -> bool) -> bool {
    kind(matcher)
        || match matcher {
            TextMatcher::All(parts) | TextMatcher::Any(parts) => {
                parts.iter().any(|part| of_kind(part, kind))
            }
            TextMatcher::Not(inner) | TextMatcher::EveryLine(inner) => of_kind(inner, kind),
            TextMatcher::Line { matcher, .. } => of_kind(matcher, kind),
            _ => false,
        }
}
