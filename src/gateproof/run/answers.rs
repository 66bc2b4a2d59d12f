//! What was asked in a run, and the different answers. Pure.

use std::collections::BTreeMap;

use claim::{Place, Probe};
use kit::text::Scope;
use reach::observation::Observation;

use super::reproduce::describe_probe;

/// What was asked in a run, and the different answers.
#[derive(Debug, Default)]
pub(super) struct Answers(BTreeMap<String, Vec<Observation>>);

/// So many different answers to one question are kept.
const MOST_ANSWERS: usize = 8;

impl Answers {
    /// Notes an answer, unless it looks like one that is known.
    pub(super) fn note(
        &mut self,
        place: &Place,
        probe: &Probe,
        scope: &Scope,
        observation: &Observation,
    ) {
        let answers = self.0.entry(question(place, probe, scope)).or_default();
        let summary = claim::matchers::summary;
        let known = |other: &Observation| summary(other) == summary(observation);
        if answers.len() < MOST_ANSWERS && !answers.iter().any(known) {
            answers.push(observation.clone());
        }
    }

    /// The different answers to a question.
    pub(super) fn to(&self, place: &Place, probe: &Probe, scope: &Scope) -> &[Observation] {
        let known = self.0.get(&question(place, probe, scope));
        known.map_or(&[], Vec::as_slice)
    }
}

/// A question with all that it depends on, so that two of them are the same only if they ask the same.
fn question(place: &Place, probe: &Probe, scope: &Scope) -> String {
    let asked = describe_probe(probe, scope);
    let around = match probe {
        Probe::Command(command) => format!(
            "{:?} {:?} {:?} {}",
            command.cwd, command.env, command.stdin, command.strict
        ),
        Probe::Http(http) => format!(
            "{:?} {:?} {:?} {} {} {:?} {:?}",
            http.tls,
            http.headers,
            http.body,
            http.follow,
            http.keep_cookies,
            http.stream,
            http.vantage
        ),
        Probe::Human(_) => String::new(),
    };
    format!("{place:?} {asked} {around}")
}
