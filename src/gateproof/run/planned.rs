//! What the claim file says of controls and fixtures, as it is recorded, whether a run comes so far or
//! not. Pure.

use crate::record::{CheckRecord, PlannedControl, PlannedFixture, PlannedStep};
use claim::{Check, ClaimFile, Control, Fixture, Probe, Step};
use kit::text::{Scope, Text};

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

/// The fixtures that those checks need, in the order of the file.
pub(super) fn fixtures(file: &ClaimFile, checks: &[CheckRecord]) -> Vec<PlannedFixture> {
    let used = |name: &String| checks.iter().any(|check| check.with.contains(name));
    let each = file.fixtures.iter().filter(|(name, _)| used(name));
    each.map(|(name, fixture)| PlannedFixture {
        name: name.clone(),
        steps: steps(fixture, &file.vars),
    })
    .collect()
}

/// The steps in the order in which they are taken; a value that only a run knows keeps its name.
fn steps(fixture: &Fixture, vars: &Scope) -> Vec<PlannedStep> {
    let step = |kind: &str, on: String, probe: &Probe, expected: &str| PlannedStep {
        step: kind.to_owned(),
        on,
        asked: describe_probe(probe, vars),
        expected: Text::parse(expected).render(vars),
    };
    let named = |kind: &str, it: &Step| {
        let on = it.on.as_ref().unwrap_or(&fixture.on);
        step(kind, on.name().to_owned(), &it.probe, &it.expected)
    };
    let mut steps = Vec::new();
    steps.extend(fixture.baseline.iter().map(|it| named("baseline", it)));
    if let Some(service) = &fixture.service {
        let on = fixture.on.name().to_owned();
        steps.push(step(
            "service",
            on,
            &Probe::Command(service.clone()),
            "ready",
        ));
    }
    steps.extend(fixture.act.iter().map(|it| named("do", it)));
    steps.extend(fixture.until.iter().map(|it| named("until", it)));
    steps.extend(fixture.undo.iter().map(|it| named("undo", it)));
    steps.extend(fixture.settled.iter().map(|it| named("settled", it)));
    let again = fixture.baseline.iter();
    steps.extend(again.map(|it| named("baseline again", it)));
    steps
}
