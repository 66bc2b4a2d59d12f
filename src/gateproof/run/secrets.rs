//! The values that must never be printed: those of a claim file that are named like secrets, and
//! those of the environment that a check requires to be absent.
//!
//! The latter are read here and held in memory only: for judging and for the redactor. No
//! command gets them, and no file.

use std::borrow::Cow;

use claim::expectation::{Expect, JsonMatcher, SecretsMatcher, Test, TextMatcher, environment_key};
use claim::{ClaimFile, CommandProbe, HttpProbe, Probe};
use kit::text::{Scope, Text};

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
        let expects = check.control.iter().map(|control| &control.expect);
        found.extend(expects.chain([&check.expect]).flat_map(sought));
    }
    for fixture in file.fixtures.values() {
        let ready = match &fixture.ready {
            Some(claim::Ready::Step(step)) => Some(step.as_ref()),
            _ => None,
        };
        let steps = fixture.act.iter().chain(&fixture.undo);
        let steps = steps.chain(&fixture.baseline).chain(&fixture.until);
        let steps = steps.chain(&fixture.settled).chain(ready);
        for step in steps {
            found.extend(probe(&step.probe, &file.vars));
            found.extend(sought(&step.expect));
        }
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

/// The scope, and under their [`environment_key`] the values of the environment that the
/// expectation wants to be absent.
pub(super) fn with_sought<'s>(expect: &Expect, scope: &'s Scope) -> Cow<'s, Scope> {
    let values = environment(&names(expect));
    if values.is_empty() {
        return Cow::Borrowed(scope);
    }
    let mut scope = scope.clone();
    scope.extend(values);
    Cow::Owned(scope)
}

fn sought(expect: &Expect) -> Vec<String> {
    environment(&names(expect)).into_values().collect()
}

fn environment(names: &[&str]) -> Scope {
    let value = |name: &&str| Some((environment_key(name), std::env::var(name).ok()?));
    let filled = |(_, value): &(String, String)| !value.trim().is_empty();
    names.iter().filter_map(value).filter(filled).collect()
}

/// The variables of the environment whose values must be absent.
fn names(expect: &Expect) -> Vec<&str> {
    match expect {
        Expect::All(parts) | Expect::Any(parts) => parts.iter().flat_map(names).collect(),
        Expect::Not(inner) => names(inner),
        Expect::Holds(clause) => match &clause.test {
            Test::Stdout(m) | Test::Stderr(m) | Test::Body(m) => names_in(m),
            Test::Header(_, matcher) => matcher.texts().into_iter().flat_map(names_in).collect(),
            Test::Json(test) => names_in_json(&test.matcher),
            _ => Vec::new(),
        },
    }
}

fn names_in(matcher: &TextMatcher) -> Vec<&str> {
    match matcher {
        TextMatcher::Secrets(SecretsMatcher::ValuesOf(names)) => {
            names.iter().map(String::as_str).collect()
        }
        TextMatcher::Line { matcher, .. }
        | TextMatcher::EveryLine(matcher)
        | TextMatcher::Not(matcher) => names_in(matcher),
        TextMatcher::All(parts) | TextMatcher::Any(parts) => {
            parts.iter().flat_map(names_in).collect()
        }
        TextMatcher::Json(test) => names_in_json(&test.matcher),
        _ => Vec::new(),
    }
}

fn names_in_json(matcher: &JsonMatcher) -> Vec<&str> {
    match matcher {
        JsonMatcher::Text(matcher) => names_in(matcher),
        JsonMatcher::All(parts) | JsonMatcher::OneOf(parts) | JsonMatcher::Set(parts) => {
            parts.iter().flat_map(names_in_json).collect()
        }
        JsonMatcher::Not(inner) | JsonMatcher::Each(_, inner) => names_in_json(inner),
        _ => Vec::new(),
    }
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
