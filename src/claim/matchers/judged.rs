//! Which values an expectation has looked at inside of an observation.

use super::observation::clauses;
use super::render;
use crate::expectation::{Expect, Test, TextMatcher};
use crate::matchers::value::JsonTest;
use kit::json;
use reach::observation::Observation;

/// The most characters of a value.
const SHOWN: usize = 60;

/// The JSON values that an expectation judges, each path once, with what the observation has there.
/// An answer from several vantages has the values of the first.
pub fn judged_values(expect: &Expect, observation: &Observation) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for clause in clauses(expect) {
        let (of, tests) = match &clause.test {
            Test::Json(test) => (Of::Output, vec![test]),
            Test::Stdout(matcher) | Test::Body(matcher) => (Of::Output, inside(matcher)),
            Test::Stderr(matcher) => (Of::Stderr, inside(matcher)),
            _ => continue,
        };
        for test in tests {
            let path = &test.path.source;
            if !found.iter().any(|(known, _)| known == path)
                && let Some(value) = value(test, observation, of)
            {
                found.push((path.clone(), value));
            }
        }
    }
    found
}

/// Where a value is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Standard output, or the body.
    Output,
    Stderr,
}

/// The JSON tests inside of a matcher of a whole text.
fn inside(matcher: &TextMatcher) -> Vec<&JsonTest> {
    match matcher {
        TextMatcher::Json(test) => vec![test],
        TextMatcher::All(parts) | TextMatcher::Any(parts) => {
            parts.iter().flat_map(inside).collect()
        }
        TextMatcher::Not(inner) => inside(inner),
        _ => Vec::new(),
    }
}

fn value(test: &JsonTest, observation: &Observation, of: Of) -> Option<String> {
    let text = match (observation, of) {
        (Observation::Command(seen), Of::Output) => seen.stdout.text(),
        (Observation::Command(seen), Of::Stderr) => seen.stderr.text(),
        (Observation::Http(vantages), _) => {
            let answer = vantages.first()?.answer.as_ref().ok()?;
            answer.body.text()
        }
    };
    let root = test.syntax.parse(&text).ok()?;
    let values = test.path.find(&root);
    let shown = |value: &json::Json| render::clean(&value.to_string(), SHOWN);
    Some(match values.as_slice() {
        [] => "absent".to_owned(),
        [only] => shown(only.value),
        several => {
            let first: Vec<String> = several.iter().take(3).map(|it| shown(it.value)).collect();
            let more = match several.len().saturating_sub(3) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{}{more}", first.join(", "))
        }
    })
}
