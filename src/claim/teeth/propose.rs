//! A control that could show that a check can fail, from the words of the check: the same question at another
//! port, of another unit, of another key.

use crate::command::{Shape, shape};
use crate::{Check, CommandLine, Probe};
use kit::text::Scope;

/// A control in a line of YAML, for a person to complete; `None` where the words suggest none.
pub fn proposed_control(check: &Check) -> Option<String> {
    if check.control.is_some() {
        return None;
    }
    match &check.probe {
        Probe::Http(http) => {
            let url = other_port(&http.url.render(&Scope::new()))?;
            Some(format!("control: {{ http: \"{url}\", expect: 999 }}"))
        }
        Probe::Command(command) => {
            let words: Vec<String> = match &command.line {
                CommandLine::Shell(text) => {
                    let line = text.render(&Scope::new());
                    // Of a pipe the first command is what is asked.
                    let first = line.split('|').next().unwrap_or_default();
                    match shape(first.trim())? {
                        Shape::Words(words) => words,
                        Shape::Loop { .. } | Shape::Other => return None,
                    }
                }
                CommandLine::Argv(words) => words
                    .iter()
                    .map(|word| word.render(&Scope::new()))
                    .collect(),
            };
            let (from, to) = other_operand(&words)?;
            let line = match &command.line {
                CommandLine::Shell(text) => text.render(&Scope::new()),
                CommandLine::Argv(_) => kit::shell::join(&words),
            };
            let line = line.replacen(&from, &to, 1);
            let line = line
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            Some(format!("control: {{ run: \"{line}\", expect: … }}"))
        }
        Probe::Human(_) => None,
    }
}

/// The same URL at a port where nobody listens.
fn other_port(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let host = match authority[bracket..].rfind(':') {
        Some(colon) => &authority[..bracket + colon],
        None => authority,
    };
    (!host.is_empty()).then(|| format!("{scheme}://{host}:1{path}"))
}

/// What of a command names what it asks about, and another name for it.
fn other_operand(words: &[String]) -> Option<(String, String)> {
    let (program, args) = words.split_first()?;
    let operands = || args.iter().filter(|arg| !arg.starts_with('-'));
    if let Some(filter) = args.iter().find(|arg| arg.contains("name=")) {
        let (key, _) = filter.split_once("name=")?;
        return Some((filter.clone(), format!("{key}name=no-such-name")));
    }
    let named = match program.rsplit('/').next()? {
        "grep" | "egrep" | "fgrep" | "rg" => {
            return Some((operands().next()?.clone(), "no-such-key".to_owned()));
        }
        // The first operand is the verb.
        "systemctl" => operands().nth(1)?,
        _ => operands().next_back()?,
    };
    let end = [".service", ".timer", ".socket", ".mount", ".path"];
    let end = end.iter().find(|end| named.ends_with(**end));
    let other = match (program.as_str(), end) {
        (_, Some(end)) => format!("no-such-unit{end}"),
        ("systemctl", None) => "no-such-unit".to_owned(),
        _ if named.starts_with('/') => "/no-such-path".to_owned(),
        _ => return None,
    };
    Some((named.clone(), other))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use kit::yaml::source::Source;

    fn proposed(probe: &str) -> Option<String> {
        let text = format!(
            "phase: p\non: local\ngates: {{ M1: {{ checks: [ {{ id: a, claim: c, {probe} }} ] }} }}\n"
        );
        let path = "c.yaml".into();
        let file = crate::read::parse(Arc::new(Source { path, text }), &Scope::new());
        proposed_control(
            &file
                .unwrap_or_else(|no| panic!("{}", no.render(false)))
                .gates[0]
                .checks[0],
        )
    }

    #[test]
    fn a_control_asks_the_same_question_where_the_answer_must_differ() {
        for (probe, wanted) in [
            (
                "http: \"https://a.example/v?x=1\", expect: 200",
                Some("http: \"https://a.example:1/v?x=1\", expect: 999"),
            ),
            (
                "http: \"http://[::1]:8080\", expect: 200",
                Some("http: \"http://[::1]:1\""),
            ),
            (
                "run: systemctl is-active web.service, expect: active",
                Some("systemctl is-active no-such-unit.service"),
            ),
            (
                "run: systemctl is-active web, expect: active",
                Some("systemctl is-active no-such-unit\""),
            ),
            (
                "run: grep -c debug app.conf, expect: '0'",
                Some("grep -c no-such-key app.conf"),
            ),
            (
                "run: ls -A /var/lib/alerts, expect: { exit: 0, stdout: { empty: true } }",
                Some("ls -A /no-such-path"),
            ),
            (
                "run: docker ps -q --filter name=web | wc -l, expect: '1'",
                Some("docker ps -q --filter name=no-such-name | wc -l"),
            ),
            ("run: uname -s, expect: Linux", None),
            (
                "run: systemctl is-active web, expect: active, control: { run: systemctl is-active x, expect: inactive }",
                None,
            ),
        ] {
            let found = proposed(probe);
            match wanted {
                Some(wanted) => assert!(
                    found.as_ref().is_some_and(|found| found.contains(wanted)),
                    "{probe}: {found:?}"
                ),
                None => assert_eq!(found, None, "{probe}"),
            }
        }
    }
}
