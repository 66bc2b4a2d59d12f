//! The values of a claim file that must never be printed: those that are named like secrets.

use crate::claim::text::{Scope, Text};
use crate::claim::{ClaimFile, CommandProbe, HttpProbe, Probe};

/// A name that has one of these in it, in whatever case and with `-` or `_`, names a secret.
const NAMES: [&str; 9] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "APIKEY",
    "API_KEY",
    "PRIVATE",
    "COOKIE",
];

/// The values of variables, environment variables and request headers with such names: of
/// checks, their controls, the steps of fixtures and the hosts.
pub(super) fn of(file: &ClaimFile) -> Vec<String> {
    let mut found: Vec<String> = values(&file.vars);
    for check in file.gates.iter().flat_map(|gate| &gate.checks) {
        found.extend(values(&check.scope));
        found.extend(probe(&check.probe, &check.scope));
        let control = check.control.iter().filter_map(|c| c.probe.as_ref());
        found.extend(control.flat_map(|other| probe(other, &check.scope)));
    }
    for fixture in file.fixtures.values() {
        let ready = match &fixture.ready {
            Some(crate::claim::Ready::Step(step)) => Some(step.as_ref()),
            _ => None,
        };
        let steps = fixture.act.iter().chain(&fixture.undo);
        let steps = steps.chain(&fixture.baseline).chain(&fixture.until);
        let steps = steps.chain(&fixture.settled).chain(ready);
        found.extend(steps.flat_map(|step| probe(&step.probe, &file.vars)));
        let service = fixture.service.iter();
        found.extend(service.flat_map(|service| command(service, &file.vars)));
    }
    let revisions = file
        .hosts
        .values()
        .filter_map(|host| host.revision.as_ref());
    found.extend(revisions.flat_map(|revision| command(revision, &file.vars)));
    found
}

/// Of variables only those whose names end so: `token_count` and `secret_name` are parameters
/// like others, and hiding their values would hide what is claimed.
pub(super) fn values(scope: &Scope) -> Vec<String> {
    let is_secret = |name: &str| {
        let name = name.to_ascii_uppercase();
        NAMES.iter().any(|secret| name.ends_with(secret))
    };
    let secret = scope.iter().filter(|(name, _)| is_secret(name));
    secret.map(|(_, value)| value.clone()).collect()
}

fn probe(probe: &Probe, scope: &Scope) -> Vec<String> {
    match probe {
        Probe::Command(command) => self::command(command, scope),
        Probe::Http(http) => headers(http, scope),
        Probe::Human(_) => Vec::new(),
    }
}

fn command(command: &CommandProbe, scope: &Scope) -> Vec<String> {
    named(&command.env, scope)
}

fn headers(http: &HttpProbe, scope: &Scope) -> Vec<String> {
    named(&http.headers, scope)
}

fn named(pairs: &[(String, Text)], scope: &Scope) -> Vec<String> {
    let secret = pairs.iter().filter(|(name, _)| names_a_secret(name));
    secret.map(|(_, text)| text.render(scope)).collect()
}

fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace('-', "_");
    NAMES.iter().any(|secret| name.contains(secret))
}
