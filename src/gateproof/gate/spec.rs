//! What the state of gates depends on in a claim file, and in nothing else.

use std::collections::BTreeSet;
use std::time::Duration;

use claim::{Check, ClaimFile, Fixture, Place, Probe, Step};

/// A gate as today's claim file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateSpec {
    pub id: String,
    pub title: String,
    /// Who does the work that it waits for, where it is not the Builder.
    pub owner: Option<String>,
    /// The gates that must have passed before; they stand before it in the file.
    pub after: Vec<String>,
    /// The paths whose change makes a PASS stale; empty for everything.
    pub covers: Vec<String>,
    /// The ids of its checks.
    pub checks: Vec<String>,
    /// The hosts that its checks and their fixtures use.
    pub hosts: Vec<String>,
}

/// A claim file as it is today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimSpec {
    pub phase: String,
    pub title: String,
    /// Its path, relative to the repository.
    pub path: String,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// How long a PASS counts.
    pub fresh_for: Duration,
    /// Its gates in the order of the file.
    pub gates: Vec<GateSpec>,
}

/// What the state of gates depends on in a claim file. `path` is the file's, as records have it:
/// relative to the repository.
pub fn claim_spec(file: &ClaimFile, path: &str) -> ClaimSpec {
    let gates = file.gates.iter().map(|gate| {
        let mut hosts = BTreeSet::new();
        for check in &gate.checks {
            check_hosts(file, check, &mut hosts);
        }
        GateSpec {
            id: gate.id.clone(),
            title: gate.title.clone(),
            owner: gate.owner.clone(),
            after: gate.after.clone(),
            covers: gate.covers.clone(),
            checks: gate.checks.iter().map(|check| check.id.clone()).collect(),
            hosts: hosts.into_iter().collect(),
        }
    });
    ClaimSpec {
        phase: file.phase.clone(),
        title: file.title.clone(),
        path: path.to_owned(),
        sha256: file.source.digest(),
        fresh_for: file.fresh_for,
        gates: gates.collect(),
    }
}

/// Every host that a check, its control and the fixtures of both can use.
fn check_hosts(file: &ClaimFile, check: &Check, hosts: &mut BTreeSet<String>) {
    place(&check.on, hosts);
    probe(&check.probe, hosts);
    let control = check.control.as_ref();
    if let Some(other) = control.and_then(|control| control.probe.as_ref()) {
        probe(other, hosts);
    }
    let mut fixtures: Vec<&String> = check.with.iter().collect();
    fixtures.extend(
        control
            .into_iter()
            .flat_map(|control| control.with.iter().flatten()),
    );
    let mut seen = BTreeSet::new();
    while let Some(name) = fixtures.pop() {
        if seen.insert(name)
            && let Some(fixture) = file.fixtures.get(name)
        {
            fixtures.extend(&fixture.with);
            fixture_hosts(fixture, hosts);
        }
    }
}

fn fixture_hosts(fixture: &Fixture, hosts: &mut BTreeSet<String>) {
    place(&fixture.on, hosts);
    let ready = fixture.ready.iter().filter_map(|ready| match ready {
        claim::Ready::Step(step) => Some(step.as_ref()),
        claim::Ready::Stdout(..) => None,
    });
    let steps = fixture
        .baseline
        .iter()
        .chain(&fixture.act)
        .chain(&fixture.until)
        .chain(&fixture.undo)
        .chain(&fixture.settled)
        .chain(ready);
    for Step {
        on, probe: asked, ..
    } in steps
    {
        if let Some(on) = on {
            place(on, hosts);
        }
        probe(asked, hosts);
    }
}

fn probe(asked: &Probe, hosts: &mut BTreeSet<String>) {
    if let Probe::Http(http) = asked {
        for vantage in &http.vantage {
            place(vantage, hosts);
        }
    }
}

fn place(on: &Place, hosts: &mut BTreeSet<String>) {
    if let Place::Host(name) = on {
        hosts.insert(name.clone());
    }
}
