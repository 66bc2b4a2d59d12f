//! Which parameters a check uses.

use std::collections::HashSet;

use crate::expectation::{Expect, JsonMatcher, Limits, Test, TextMatcher, TimeBound};
use crate::{Check, CommandLine, CommandProbe, HttpProbe, Probe};
use kit::text::Text;

/// The names of all open parameters of a check, its control included.
pub(super) fn params_of(check: &Check) -> HashSet<String> {
    let mut texts = Vec::new();
    probe(&check.probe, &mut texts);
    expect(&check.expect, &mut texts);
    if let Some(control) = &check.control {
        if let Some(other) = &control.probe {
            probe(other, &mut texts);
        }
        expect(&control.expect, &mut texts);
    }
    texts
        .into_iter()
        .flat_map(Text::params)
        .map(str::to_owned)
        .collect()
}

fn probe<'c>(probe: &'c Probe, texts: &mut Vec<&'c Text>) {
    match probe {
        Probe::Command(command) => self::command(command, texts),
        Probe::Http(http) => self::http(http, texts),
        Probe::Human(human) => texts.extend(&human.artefact),
    }
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
    texts.extend(http.headers.iter().map(|(_, text)| text));
}

fn expect<'c>(expect: &'c Expect, texts: &mut Vec<&'c Text>) {
    match expect {
        Expect::All(parts) | Expect::Any(parts) => {
            for part in parts {
                self::expect(part, texts);
            }
        }
        Expect::Not(inner) => self::expect(inner, texts),
        Expect::Holds(clause) => match &clause.test {
            Test::Stdout(m) | Test::Stderr(m) | Test::Body(m) | Test::Header(_, Some(m)) => {
                matcher(m, texts);
            }
            Test::Json(test) => json(&test.matcher, texts),
            Test::Certificate(certificate) => {
                texts.extend(&certificate.name);
                texts.extend(certificate.days_left.iter().flat_map(limits));
            }
            Test::Duration(bounds) => texts.extend(limits(bounds)),
            Test::Exit(_) | Test::Status(_) | Test::Header(_, None) => {}
        },
    }
}

fn matcher<'c>(text: &'c TextMatcher, texts: &mut Vec<&'c Text>) {
    match text {
        TextMatcher::Equals(text)
        | TextMatcher::Contains(text)
        | TextMatcher::StartsWith(text)
        | TextMatcher::EndsWith(text) => texts.push(text),
        TextMatcher::SetEquals(items) => texts.extend(items),
        TextMatcher::Line { matcher: m, .. } | TextMatcher::EveryLine(m) | TextMatcher::Not(m) => {
            matcher(m, texts)
        }
        TextMatcher::All(parts) | TextMatcher::Any(parts) => {
            for part in parts {
                matcher(part, texts);
            }
        }
        TextMatcher::Json(test) => json(&test.matcher, texts),
        TextMatcher::Lines(bounds)
        | TextMatcher::Count { bounds, .. }
        | TextMatcher::Number(bounds) => texts.extend(limits(bounds)),
        TextMatcher::Time(time) => texts.extend(time.bounds.iter().filter_map(other_time)),
        TextMatcher::Matches(_)
        | TextMatcher::Empty(_)
        | TextMatcher::Secrets(_)
        | TextMatcher::Version(_)
        | TextMatcher::Sha256(_) => {}
    }
}

fn limits(limits: &Limits) -> impl Iterator<Item = &Text> {
    limits.open.iter().map(|open| &open.value)
}

fn other_time(bound: &TimeBound) -> Option<&Text> {
    match bound {
        TimeBound::Is(_, other) | TimeBound::Near(other, _) => Some(other),
        TimeBound::NewerThan(_) | TimeBound::OlderThan(_) => None,
    }
}

fn json<'c>(json_matcher: &'c JsonMatcher, texts: &mut Vec<&'c Text>) {
    match json_matcher {
        JsonMatcher::Is(text) => texts.push(text),
        JsonMatcher::Text(m) => matcher(m, texts),
        JsonMatcher::All(parts) => {
            for part in parts {
                json(part, texts);
            }
        }
        JsonMatcher::Not(inner) => json(inner, texts),
        JsonMatcher::Count(bounds) | JsonMatcher::Number(bounds) => texts.extend(limits(bounds)),
        JsonMatcher::Equals(_) | JsonMatcher::Absent(_) | JsonMatcher::Type(_) => {}
    }
}
