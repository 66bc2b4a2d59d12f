//! Which parameters a check uses.

use std::collections::HashSet;

use crate::expectation::{Expect, Test};
use crate::{Check, CommandLine, CommandProbe, HttpProbe, Probe};
use kit::text::{Scope, Text};

/// The first parameter of a probe that has no value in a scope.
pub fn unknown_in_probe<'p>(probe: &'p Probe, scope: &Scope) -> Option<&'p str> {
    let mut texts = Vec::new();
    self::probe(probe, &mut texts);
    let mut names = texts.into_iter().flat_map(Text::params);
    names.find(|name| !scope.contains_key(*name))
}

/// The first parameter of an expectation that has no value in a scope.
pub fn unknown_in_expect(expect: &Expect, scope: &Scope) -> Option<String> {
    let mut names = self::expect(expect).into_iter();
    names.find(|name| !scope.contains_key(name))
}

/// The names of all open parameters of a check, its control included.
pub(super) fn params_of(check: &Check) -> HashSet<String> {
    let mut texts = Vec::new();
    probe(&check.probe, &mut texts);
    let mut names = expect(&check.expect);
    if let Some(each) = &check.each {
        command(&each.command, &mut texts);
    }
    if let Some(step) = &check.requires {
        probe(&step.probe, &mut texts);
        names.extend(expect(&step.expect));
    }
    names.extend(check.timing.fail_if.iter().flat_map(expect));
    if let Some(control) = &check.control {
        if let Some(other) = &control.probe {
            probe(other, &mut texts);
        }
        names.extend(expect(&control.expect));
        names.extend(control.timing.fail_if.iter().flat_map(expect));
    }
    let in_texts = texts.into_iter().flat_map(Text::params);
    names
        .into_iter()
        .chain(in_texts.map(str::to_owned))
        .collect()
}

fn probe<'c>(probe: &'c Probe, texts: &mut Vec<&'c Text>) {
    match probe {
        Probe::Command(command) => self::command(command, texts),
        Probe::Http(http) => self::http(http, texts),
        Probe::Human(human) => texts.extend(&human.artefact),
    }
}

/// The names of the parameters of a probe.
pub fn params_of_probe(probe: &Probe) -> Vec<&str> {
    let mut texts = Vec::new();
    self::probe(probe, &mut texts);
    texts.into_iter().flat_map(Text::params).collect()
}

fn command<'c>(command: &'c CommandProbe, texts: &mut Vec<&'c Text>) {
    match &command.line {
        CommandLine::Shell(text) => texts.push(text),
        CommandLine::Argv(words) => texts.extend(words),
    }
    texts.extend(&command.cwd);
    texts.extend(&command.stdin);
    texts.extend(command.env.iter().map(|(_, text)| text));
}

fn http<'c>(http: &'c HttpProbe, texts: &mut Vec<&'c Text>) {
    texts.push(&http.url);
    texts.extend(&http.resolve);
    texts.extend(&http.body);
    texts.extend(http.headers.iter().map(|(_, value)| value.text()));
}

fn expect(expect: &Expect) -> Vec<String> {
    match expect {
        Expect::All(parts) | Expect::Any(parts) => parts.iter().flat_map(self::expect).collect(),
        Expect::Not(inner) => self::expect(inner),
        Expect::Holds(clause) => match &clause.test {
            Test::Stdout(m) | Test::Stderr(m) | Test::Body(m) => m.params(),
            Test::Header(_, matcher) => matcher.params(),
            Test::Cookie(_, matcher) => matcher.params(),
            Test::Json(test) => test.matcher.params(),
            Test::TestRun(matcher) => matcher.params(),
            Test::Certificate(certificate) => certificate.params(),
            Test::Duration(limits) => limits.params(),
            Test::Exit(_) | Test::Status(_) => Vec::new(),
        },
    }
}
