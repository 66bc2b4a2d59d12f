//! What of an observation an expectation notices when it changes.

use super::mutant::{Change, Mutant, Whole, mutants, text_of};
use crate::expectation::{Expect, Test, TextMatcher};
use reach::observation::{HttpObservation, Observation};

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
        toothless: toothless(expect, seen, exit_tells, &judged)
            .or_else(|| every_number_in_a_header(expect, seen, passes)),
        hint: hint(&judged),
    }
}

fn toothless(
    expect: &Expect,
    seen: &Observation,
    exit_tells: bool,
    judged: &[(Mutant, bool)],
) -> Option<String> {
    // An exit code that tells the state is of use only where no other is accepted.
    let exit_tells = exit_tells
        && judged
            .iter()
            .all(|(mutant, noticed)| *noticed || mutant.change != Change::Ending);
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
    if let Some(rest) = rest_of_a_word(&text_of(seen), judged)
        && !exit_tells
    {
        let what = &rest.what;
        return Some(format!(
            "it holds also with {what}: it demands a part of the word"
        ));
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
    let is_number = is_number_with_unit(text.trim());
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

/// A header whose value is a number, where every other number is as good.
fn every_number_in_a_header(
    expect: &Expect,
    seen: &Observation,
    passes: &dyn Fn(&Observation) -> bool,
) -> Option<String> {
    let Observation::Http(answers) = seen else {
        return None;
    };
    let response = answers.iter().find_map(|http| http.answer.as_ref().ok())?;
    let numbers = response.headers.iter().filter(|(name, value)| {
        let is_number = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        // That a header is there at all is a claim of its own.
        let is_judged = any_test(expect, &|test| {
            matches!(test, Test::Header(wanted, matcher)
                if wanted.eq_ignore_ascii_case(name) && !matcher.texts().is_empty())
        });
        is_number && is_judged
    });
    numbers
        .map(|(name, _)| name)
        .find(|name| {
            let mut others = ["0", "1", "7", "42", "99999999"].iter();
            others.all(|other| passes(&with_header(answers, name, other)))
        })
        .map(|name| format!("it holds for every number in `{name}`"))
}

/// The answers with another value of a header.
fn with_header(answers: &[HttpObservation], name: &str, other: &str) -> Observation {
    let mut changed = answers.to_vec();
    let responses = changed
        .iter_mut()
        .filter_map(|http| http.answer.as_mut().ok());
    for (_, value) in responses
        .flat_map(|response| &mut response.headers)
        .filter(|(known, _)| known == name)
    {
        other.clone_into(value);
    }
    Observation::Http(changed)
}

/// An opposite that is not noticed, as the whole value of a key (`running: Yes`) that is noticed itself.
fn of_a_key<'j>(text: &str, judged: &'j [(Mutant, bool)]) -> Option<&'j Mutant> {
    unnoticed_opposites(judged).find(|mutant| {
        let start = text[..mutant.at].rfind('\n').map_or(0, |at| at + 1);
        let line = text[mutant.at..].lines().next().unwrap_or_default();
        let after = line.trim_start_matches(char::is_alphanumeric);
        // `up`, or `"up"` as JSON and others quote it.
        let quotes: &[char] = &['"', '\''];
        let before = text[start..mutant.at].trim_end_matches(quotes).trim_end();
        before.ends_with([':', '='])
            && after.trim_start_matches(quotes).trim_matches([',', '}', ']', ' ', '\r']).is_empty()
            // The word right before it is the key.
            && word_noticed(judged, start..mutant.at) == Some(true)
            && word_noticed(judged, mutant.at..mutant.at + 1) == Some(false)
    })
}

/// An opposite that is not noticed, in a word (`HEALTH_OK`) whose first part is noticed.
fn rest_of_a_word<'j>(text: &str, judged: &'j [(Mutant, bool)]) -> Option<&'j Mutant> {
    unnoticed_opposites(judged).find(|mutant| {
        let Some(joined) = text[..mutant.at].strip_suffix('_') else {
            return false;
        };
        let first = joined.trim_end_matches(char::is_alphanumeric).len();
        first < joined.len()
            && word_noticed(judged, first..first + 1) == Some(true)
            && word_noticed(judged, mutant.at..mutant.at + 1) == Some(false)
    })
}

fn unnoticed_opposites(judged: &[(Mutant, bool)]) -> impl Iterator<Item = &Mutant> {
    judged
        .iter()
        .filter(|(mutant, noticed)| mutant.change == Change::Opposite && !noticed)
        .map(|(mutant, _)| mutant)
}

/// Whether another word is noticed in place of the last one that begins here; `None` where none does.
fn word_noticed(judged: &[(Mutant, bool)], here: std::ops::Range<usize>) -> Option<bool> {
    let mut words = judged
        .iter()
        .filter(|(mutant, _)| mutant.change == Change::Word && here.contains(&mutant.at));
    words.next_back().map(|(_, noticed)| *noticed)
}

/// Whether a text is a number, also one with a unit: `40%`, `12ms`, `3.5G`.
fn is_number_with_unit(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    unit.len() < text.len()
        && text.starts_with(|c: char| c.is_ascii_digit())
        && unit.len() <= 3
        && unit.chars().all(|c| c == '%' || c.is_ascii_alphabetic())
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
