//! Is one expectation looser than another? Tried on observations that are made of the words of both.
//!
//! An observation that the newer one accepts and the older one does not is a proof. That there is none is a
//! proof only where all that can occur was tried: exit codes, statuses, numbers around every bound.

use std::collections::BTreeSet;
use std::time::Duration;

use super::samples;
use crate::expectation::{
    Expect, HeaderMatcher, JsonMatcher, JsonTest, Limits, Test, TestRunMatcher, TextMatcher,
};
use crate::matchers::{Judgement, answered, ended, judge, silent, summary};
use kit::decimal::Decimal;
use kit::text::Scope;
use reach::observation::Observation;

/// What became of an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// It holds for more, such as this.
    Looser(String),
    /// It holds for something else, such as this.
    Other(String),
    /// It holds for nothing that it did not hold for before.
    Tighter,
    Unknown,
}

pub(super) fn direction(was: (&Expect, &Scope), now: (&Expect, &Scope)) -> Direction {
    let Some(tried) = Tried::of(was, now) else {
        return Direction::Unknown;
    };
    let holds = |(expect, scope): (&Expect, &Scope), seen: &Observation| {
        judge(expect, seen, scope) == Judgement::Holds
    };
    let (mut more, mut less) = (None, false);
    for (seen, words) in tried.observations {
        match (holds(was, &seen), holds(now, &seen)) {
            (false, true) => more = more.or(Some(words)),
            (true, false) => less = true,
            _ => {}
        }
    }
    match (more, less) {
        (Some(example), false) => Direction::Looser(example),
        (Some(example), true) => Direction::Other(example),
        (None, true) if tried.all => Direction::Tighter,
        (None, _) => Direction::Unknown,
    }
}

/// The observations on which two expectations are tried.
struct Tried {
    observations: Vec<(Observation, String)>,
    /// Whether nothing else can occur that would tell them apart.
    all: bool,
}

/// What an expectation looks at, if it is one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Surface {
    Exit,
    Status,
    Duration,
    Stdout,
    Stderr,
    Body,
    Header(String),
    Json(String),
    TestRun,
}

impl Tried {
    fn of(was: (&Expect, &Scope), now: (&Expect, &Scope)) -> Option<Tried> {
        let mut tests: Vec<(&Test, &Scope)> = Vec::new();
        collect(was.0, &mut |test| tests.push((test, was.1)));
        let old = tests.len();
        collect(now.0, &mut |test| tests.push((test, now.1)));
        let mut surfaces: Vec<Surface> =
            tests.iter().filter_map(|(test, _)| surface(test)).collect();
        if surfaces.len() != tests.len() {
            return None;
        }
        surfaces.dedup();
        let [surface] = surfaces.as_slice() else {
            return None;
        };
        let told = |seen: Observation| {
            let words = summary(&seen);
            (seen, words)
        };
        let mut tried = match surface {
            Surface::Exit => Tried {
                observations: (0..=255).map(|code| ended(code, "")).map(told).collect(),
                all: true,
            },
            Surface::Status => Tried {
                observations: (100..=999)
                    .map(|status| answered(status, ""))
                    .chain(silent())
                    .map(told)
                    .collect(),
                all: true,
            },
            Surface::Duration => durations(&tests),
            Surface::Stdout | Surface::Stderr | Surface::Body | Surface::Header(_) => {
                texts(surface, &tests)
            }
            Surface::Json(_) => documents(&tests)?,
            Surface::TestRun => test_runs(&tests),
        };
        // What holds for named values alone was tried on all of them.
        tried.all |= !negates(now.0) && tests[old..].iter().all(|(test, _)| names_values(test));
        Some(tried)
    }
}

fn negates(expect: &Expect) -> bool {
    match expect {
        Expect::Holds(_) => false,
        Expect::All(parts) | Expect::Any(parts) => parts.iter().any(negates),
        Expect::Not(_) => true,
    }
}

/// Whether a test holds only for values that it names.
fn names_values(test: &Test) -> bool {
    fn of_text(matcher: &TextMatcher) -> bool {
        match matcher {
            TextMatcher::Equals(_) | TextMatcher::Exact(_) => true,
            TextMatcher::Any(parts) => parts.iter().all(of_text),
            _ => false,
        }
    }
    fn of_value(matcher: &JsonMatcher) -> bool {
        match matcher {
            JsonMatcher::Is(_) | JsonMatcher::Equals(_) => true,
            JsonMatcher::OneOf(parts) => parts.iter().all(of_value),
            _ => false,
        }
    }
    match test {
        Test::Stdout(matcher) | Test::Stderr(matcher) | Test::Body(matcher) => of_text(matcher),
        Test::Json(json) => of_value(&json.matcher),
        _ => false,
    }
}

fn collect<'e>(expect: &'e Expect, add: &mut impl FnMut(&'e Test)) {
    match expect {
        Expect::Holds(clause) => add(&clause.test),
        Expect::All(parts) | Expect::Any(parts) => parts.iter().for_each(|part| collect(part, add)),
        Expect::Not(inner) => collect(inner, add),
    }
}

fn surface(test: &Test) -> Option<Surface> {
    Some(match test {
        Test::Exit(_) => Surface::Exit,
        Test::Status(_) => Surface::Status,
        Test::Duration(_) => Surface::Duration,
        Test::Stdout(_) => Surface::Stdout,
        Test::Stderr(_) => Surface::Stderr,
        Test::Body(_) => Surface::Body,
        Test::Header(name, _) => Surface::Header(name.to_ascii_lowercase()),
        Test::Json(test) => Surface::Json(test.path.source.clone()),
        Test::TestRun(_) => Surface::TestRun,
        Test::Certificate(_) | Test::Cookie(..) => return None,
    })
}

fn durations(tests: &[(&Test, &Scope)]) -> Tried {
    let limits = tests.iter().filter_map(|(test, _)| match test {
        Test::Duration(limits) => Some(limits),
        _ => None,
    });
    let known: Vec<_> = limits.collect();
    let all = known.iter().all(|limits| limits.open.is_empty());
    let millis = known.iter().flat_map(|limits| samples::numbers(limits));
    let observations = millis.filter_map(|number: Decimal| {
        let millis: f64 = number.to_string().parse().ok()?;
        let took = Duration::try_from_secs_f64(millis / 1000.0).ok()?;
        let mut seen = ended(0, "");
        let Observation::Command(command) = &mut seen else {
            return None;
        };
        command.duration = took;
        Some((
            seen,
            format!("a duration of {}", humantime::format_duration(took)),
        ))
    });
    Tried {
        observations: observations.collect(),
        all,
    }
}

fn texts(surface: &Surface, tests: &[(&Test, &Scope)]) -> Tried {
    let mut matchers: Vec<(&TextMatcher, &Scope)> = Vec::new();
    for (test, scope) in tests {
        match test {
            Test::Stdout(matcher) | Test::Stderr(matcher) | Test::Body(matcher) => {
                matchers.push((matcher, scope))
            }
            Test::Header(_, matcher) => matchers.extend(
                HeaderMatcher::texts(matcher)
                    .into_iter()
                    .map(|it| (it, *scope)),
            ),
            _ => {}
        }
    }
    let texts = samples::texts(&matchers);
    let observations = texts.into_iter().filter_map(|text| {
        let words = format!("the text {}", samples::shown(&text));
        Some((observed(surface, &text)?, words))
    });
    Tried {
        observations: observations.collect(),
        all: samples::are_numbers(&matchers),
    }
}

fn observed(surface: &Surface, text: &str) -> Option<Observation> {
    let mut seen = match surface {
        Surface::Stdout => return Some(ended(0, text)),
        Surface::Body => return Some(answered(200, text)),
        Surface::Stderr => ended(0, ""),
        _ => answered(200, ""),
    };
    match (&mut seen, surface) {
        (Observation::Command(command), Surface::Stderr) => {
            command.stderr = reach::observation::Captured::whole(text);
        }
        (Observation::Http(vantages), Surface::Header(name)) => {
            let answer = vantages.first_mut()?.answer.as_mut().ok()?;
            answer.headers.push((name.clone(), text.to_owned()));
        }
        _ => return None,
    }
    Some(seen)
}

/// What `cargo test` prints at its end, with counts around every bound.
fn test_runs(tests: &[(&Test, &Scope)]) -> Tried {
    let matchers = tests.iter().filter_map(|(test, _)| match test {
        Test::TestRun(matcher) => Some(matcher.as_ref()),
        _ => None,
    });
    let known: Vec<_> = matchers.collect();
    let counts = |of: fn(&TestRunMatcher) -> Option<&Limits>| -> BTreeSet<u32> {
        let limits = known.iter().filter_map(|matcher| of(matcher));
        let numbers = limits.flat_map(samples::numbers);
        numbers
            .filter_map(|n| n.to_string().parse().ok())
            .chain([0])
            .collect()
    };
    let (passed, failed) = (counts(|it| Some(&it.passed)), counts(|it| Some(&it.failed)));
    let skipped = counts(|it| it.skipped.as_ref());
    let mut observations = Vec::new();
    for passed in &passed {
        for failed in &failed {
            for skipped in &skipped {
                let text = format!(
                    "test result: ok. {passed} passed; {failed} failed; {skipped} ignored; 0 measured; 0 filtered out\n"
                );
                let words = format!("{passed} passed, {failed} failed, {skipped} skipped");
                observations.push((ended(0, &text), words));
            }
        }
    }
    let plain = |limits: &Limits| limits.open.is_empty();
    let all = known
        .iter()
        .all(|it| plain(&it.passed) && plain(&it.failed) && it.skipped.as_ref().is_none_or(plain));
    Tried { observations, all }
}

/// JSON documents with values at the path, where it is a plain one.
fn documents(tests: &[(&Test, &Scope)]) -> Option<Tried> {
    let json: Vec<(&JsonTest, &Scope)> = tests
        .iter()
        .filter_map(|(test, scope)| match test {
            Test::Json(json) => Some((json, *scope)),
            _ => None,
        })
        .collect();
    let (first, _) = json.first()?;
    let mut documents: Vec<(String, String)> = vec![("{}".to_owned(), "no such value".to_owned())];
    for value in samples::values(&json) {
        let document = samples::document(&first.path, &value)?;
        documents.push((document, format!("the value {}", samples::shown(&value))));
    }
    let observations = documents.into_iter().flat_map(|(document, words)| {
        // The same path may be read of standard output or of a body.
        [
            (ended(0, &document), words.clone()),
            (answered(200, &document), words),
        ]
    });
    Some(Tried {
        observations: observations.collect(),
        all: false,
    })
}
