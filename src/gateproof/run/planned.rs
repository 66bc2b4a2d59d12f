//! What the claim file says of controls and fixtures, as it is recorded, whether a run comes so far or
//! not. Pure.

use crate::record::{CheckRecord, GateWords, PlannedControl, PlannedFixture, PlannedStep};
use claim::{Check, ClaimFile, Control, Fixture, Place, Probe, Step};
use kit::text::{Scope, Text};

use super::by_hand;
use super::places::Places;
use super::plan::CheckAt;
use super::reproduce::describe_probe;

/// The control of a check.
pub(super) fn control(check: &Check, control: &Control) -> PlannedControl {
    let probe = control.probe.as_ref();
    let mut asked: Vec<String> = Vec::new();
    asked.extend(probe.map(|probe| describe_probe(probe, &check.scope)));
    match &control.with {
        Some(with) if with.is_empty() => asked.push("without a fixture".to_owned()),
        Some(with) => asked.push(format!("under {}", with.join(", "))),
        None => {}
    }
    PlannedControl {
        asked: asked.join(", "),
        expected: Text::parse(&control.expected).render(&check.scope),
    }
}

/// What the file says in words of the gates of those checks, where it says anything.
pub(super) fn words(file: &ClaimFile, selected: &[CheckAt]) -> Vec<GateWords> {
    let used = |at: usize| selected.iter().any(|check| check.gate == at);
    let gates = file.gates.iter().enumerate().filter(|(at, _)| used(*at));
    let each = gates.map(|(_, gate)| GateWords {
        gate: gate.id.clone(),
        owner: gate.owner.clone(),
        after: gate.after.clone(),
        why: gate.why.clone(),
        changed: gate.changed.clone(),
        since: None,
    });
    let nothing = |words: &GateWords| GateWords {
        gate: words.gate.clone(),
        ..GateWords::default()
    };
    each.filter(|words| *words != nothing(words)).collect()
}

/// The fixtures that those checks need, in the order of the file.
pub(super) fn fixtures(
    file: &ClaimFile,
    checks: &[CheckRecord],
    places: &Places,
) -> Vec<PlannedFixture> {
    let used = |name: &String| checks.iter().any(|check| check.with.contains(name));
    let each = file.fixtures.iter().filter(|(name, _)| used(name));
    each.map(|(name, fixture)| PlannedFixture {
        name: name.clone(),
        steps: steps(fixture, &file.vars, places),
    })
    .collect()
}

/// The steps in the order in which they are taken; a value that only a run knows keeps its name.
fn steps(fixture: &Fixture, vars: &Scope, places: &Places) -> Vec<PlannedStep> {
    let step = |kind: &str, on: &Place, probe: &Probe, expected: &str| PlannedStep {
        step: kind.to_owned(),
        on: on.name().to_owned(),
        asked: describe_probe(probe, vars),
        expected: Text::parse(expected).render(vars),
        by_hand: None,
    };
    let named = |kind: &str, it: &Step| {
        let on = it.on.as_ref().unwrap_or(&fixture.on);
        let line = places.reproduce(on, &it.probe, vars, it.timing.timeout);
        let waits = matches!(kind, "until" | "settled" | "baseline again");
        let looped = by_hand::waiting(&line, &it.expect, &it.timing, vars, waits);
        let script = || places.here_document(on, &it.probe, vars);
        PlannedStep {
            by_hand: Some(looped.or_else(script).unwrap_or(line)),
            ..step(kind, on, &it.probe, &it.expected)
        }
    };
    let mut steps = Vec::new();
    steps.extend(fixture.baseline.iter().map(|it| named("baseline", it)));
    if let Some(service) = &fixture.service {
        let probe = Probe::Command(service.clone());
        steps.push(step("service", &fixture.on, &probe, "ready"));
    }
    steps.extend(fixture.act.iter().map(|it| named("do", it)));
    steps.extend(fixture.until.iter().map(|it| named("until", it)));
    steps.extend(fixture.undo.iter().map(|it| named("undo", it)));
    steps.extend(fixture.settled.iter().map(|it| named("settled", it)));
    let again = fixture.baseline.iter();
    steps.extend(again.map(|it| named("baseline again", it)));
    steps
}
