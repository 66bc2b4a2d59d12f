//! What of a claim file and its probes is secret: the values of variables, environment variables and
//! request headers that are named like secrets, those that `secrets:` names, and those of the
//! environment that a check requires to be absent.
//!
//! The latter are read here and held in memory only: for judging and for the redactor. No
//! command gets them, and no file.

use std::borrow::Cow;

use base64::Engine;

use crate::secrets::{learn_environment, learn_named, learn_scope};
use claim::expectation::{Expect, JsonMatcher, SecretsMatcher, Test, TextMatcher, environment_key};
use claim::{ClaimFile, Fixture, HeaderValue, Probe};
use kit::text::Scope;

/// Makes known what is secret of a claim file: of its checks, their controls, the steps of fixtures
/// and the hosts. Returns the names of `secrets:` that nothing has.
pub(super) fn learn(file: &ClaimFile) -> Vec<String> {
    learn_scope(&file.vars, &file.secrets);
    for check in file.gates.iter().flat_map(|gate| &gate.checks) {
        learn_scope(&check.scope, &file.secrets);
        learn_probe(&check.probe, &check.scope);
        let controls = check.control.iter();
        for probe in controls
            .clone()
            .filter_map(|control| control.probe.as_ref())
        {
            learn_probe(probe, &check.scope);
        }
        for expect in controls
            .map(|control| &control.expect)
            .chain([&check.expect])
        {
            learn_sought(expect);
        }
    }
    for fixture in file.fixtures.values() {
        learn_fixture(fixture, &file.vars);
    }
    let revisions = file
        .hosts
        .values()
        .filter_map(|host| host.revision.as_ref());
    for revision in revisions {
        learn_probe(&Probe::Command(revision.clone()), &file.vars);
    }
    let unset = learn_environment(&file.secrets);
    let elsewhere = |name: &String| file.vars.contains_key(name) || is_captured(file, name);
    unset.into_iter().filter(|name| !elsewhere(name)).collect()
}

fn learn_fixture(fixture: &Fixture, vars: &Scope) {
    let ready = match &fixture.ready {
        Some(claim::Ready::Step(step)) => Some(step.as_ref()),
        _ => None,
    };
    let steps = fixture.act.iter().chain(&fixture.undo);
    let steps = steps.chain(&fixture.baseline).chain(&fixture.until);
    for step in steps.chain(&fixture.settled).chain(ready) {
        learn_probe(&step.probe, vars);
        learn_sought(&step.expect);
    }
    if let Some(service) = &fixture.service {
        learn_probe(&Probe::Command(service.clone()), vars);
    }
}

fn is_captured(file: &ClaimFile, name: &str) -> bool {
    let checks = file.gates.iter().flat_map(|gate| &gate.checks);
    let by_checks = checks.flat_map(|check| &check.capture);
    let by_fixtures = file.fixtures.values().flat_map(|fixture| &fixture.capture);
    by_checks
        .chain(by_fixtures)
        .any(|capture| capture.name == name)
}

/// Makes known what is secret of a probe with these values.
pub(super) fn learn_probe(probe: &Probe, scope: &Scope) {
    match probe {
        Probe::Command(command) => {
            for (name, text) in &command.env {
                learn_named([(name.as_str(), text.render(scope).as_str())]);
            }
        }
        Probe::Http(http) => {
            for (name, value) in &http.headers {
                match value {
                    HeaderValue::Text(text) => learn_header(name, &text.render(scope)),
                    HeaderValue::Environment { name, .. } => {
                        learn_environment(std::slice::from_ref(name));
                    }
                }
            }
        }
        Probe::Human(_) => {}
    }
}

/// Makes the value of a header known, and what it carries: a server may show the token without its
/// scheme, or the password that Basic encodes.
fn learn_header(name: &str, value: &str) {
    learn_named([(name, value)]);
    let Some((scheme, credential)) = value.trim().split_once(' ') else {
        return;
    };
    learn_named([(name, credential)]);
    if scheme.eq_ignore_ascii_case("basic")
        && let Ok(pair) = base64::engine::general_purpose::STANDARD.decode(credential.trim())
        && let Ok(pair) = String::from_utf8(pair)
        && let Some((_, password)) = pair.split_once(':')
    {
        learn_named([(name, password)]);
    }
}

fn learn_sought(expect: &Expect) {
    let names: Vec<String> = names(expect).into_iter().map(str::to_owned).collect();
    learn_environment(&names);
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
            Test::Cookie(_, matcher) => {
                let texts = matcher.texts().into_iter().flat_map(|text| text.texts());
                texts.flat_map(names_in).collect()
            }
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
