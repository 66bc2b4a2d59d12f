//! Checks that cannot fail, and disturbances that nobody undoes, are refused like any other error.

use crate::codes;
use crate::expectation::{Expect, JsonMatcher, Test, TextMatcher};
use crate::{CommandLine, Probe};
use kit::text::{Part, Text};
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::source::Span;

use super::reader::Reader;
use kit::yaml::fields::Fields;

impl Reader {
    /// The expectation must be able to fail, and must not hold when nobody answers.
    pub(super) fn lint_teeth(
        &mut self,
        expect: Option<&Expect>,
        probe: Option<&Probe>,
        fields: &Fields<'_>,
    ) {
        let (Some(expect), Some(node)) = (expect, fields.get("expect")) else {
            return;
        };
        let span = &node.span;
        if let Some(why) = crate::matchers::is_vacuous(expect) {
            self.report(
                Diagnostic::new(
                    codes::CANNOT_FAIL,
                    span.clone(),
                    "the expectation cannot fail",
                )
                .label(why)
                .help("state what would be different if the claim were false"),
            );
        } else if crate::matchers::holds_on_no_answer(expect) {
            self.report(
                Diagnostic::new(
                    codes::HOLDS_ON_NO_ANSWER,
                    span.clone(),
                    "the expectation also holds when nothing answers",
                )
                .help("state the exit code or the status as well: `exit: 0`, `status: 200`"),
            );
        }
        if let Some(Probe::Command(command)) = probe
            && let CommandLine::Shell(text) = &command.line
            && let Some(line) = fields.get("run")
        {
            self.lint_hiding(&literal(text), expect, &line.span);
        }
    }

    fn lint_hiding(&mut self, line: &str, expect: &Expect, span: &Span) {
        let squeezed = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let hidden = ["|| true", "|| :", "|| exit 0", "; true", "; exit 0"]
            .iter()
            .find(|tail| squeezed.trim_end_matches([';', ' ']).ends_with(*tail));
        if let Some(tail) = hidden {
            self.report(
                Diagnostic::new(
                    codes::HIDES_FAILURE,
                    span.clone(),
                    format!("`{tail}` makes every exit code 0"),
                )
                .help("leave it out and claim the exit code: `exit: [0, 1]`"),
            );
        } else if expects_nothing(expect)
            && ["2>/dev/null", "2> /dev/null", "&>/dev/null"]
                .iter()
                .any(|hide| squeezed.contains(hide))
        {
            self.report(
                Diagnostic::new(
                    codes::HIDES_FAILURE,
                    span.clone(),
                    "with its errors hidden, a failed command looks like an empty answer",
                )
                .help("leave out `2>/dev/null`"),
            );
        }
    }

    /// A check that looks only must not look like one that does something.
    pub(super) fn lint_effect(&mut self, probe: &Probe, span: &Span) {
        let Probe::Command(command) = probe else {
            return;
        };
        let line = match &command.line {
            CommandLine::Shell(text) => literal(text),
            CommandLine::Argv(words) => words.iter().map(literal).collect::<Vec<_>>().join(" "),
        };
        if let Some(word) = changes_something(&line) {
            self.report(
                Diagnostic::new(
                    codes::EFFECT,
                    span.clone(),
                    format!("`{word}` changes something, and nothing undoes it"),
                )
                .help("put it into the `do:` of a fixture with its `undo:`; if it only appears to change something, add `effect: observe`"),
            );
        }
    }
}

/// The literal parts of a text.
fn literal(text: &Text) -> String {
    text.parts
        .iter()
        .map(|part| match part {
            Part::Literal(text) => text.as_str(),
            Part::Param(_) => "x",
        })
        .collect()
}

/// Whether the expectation is that there is no output, or something absent in it.
fn expects_nothing(expect: &Expect) -> bool {
    super::expectations::any_test(expect, &|test| match test {
        Test::Stdout(matcher) | Test::Stderr(matcher) => wants_nothing(matcher),
        Test::Json(test) => matches!(test.matcher, JsonMatcher::Absent(true)),
        _ => false,
    })
}

fn wants_nothing(matcher: &TextMatcher) -> bool {
    match matcher {
        TextMatcher::Empty(true) | TextMatcher::Not(_) | TextMatcher::Secrets(_) => true,
        TextMatcher::Equals(text) => text.params().next().is_none() && literal(text).is_empty(),
        TextMatcher::Lines(bounds) | TextMatcher::Count { bounds, .. } => {
            let zero = Some(kit::decimal::Decimal::zero());
            bounds.known.equals == zero || bounds.known.max == zero
        }
        TextMatcher::All(parts) | TextMatcher::Any(parts) => parts.iter().any(wants_nothing),
        _ => false,
    }
}

/// The first words of a command that is known to change the host. A heuristic: it errs towards
/// silence, and the author can overrule it with `effect: observe`.
fn changes_something(line: &str) -> Option<&'static str> {
    const COMMANDS: &[&str] = &[
        "docker service scale",
        "docker service update",
        "docker service rm",
        "docker service create",
        "docker stack deploy",
        "docker stack rm",
        "docker rm",
        "docker stop",
        "docker kill",
        "docker restart",
        "systemctl start",
        "systemctl stop",
        "systemctl restart",
        "systemctl kill",
        "systemctl mask",
        "systemctl reset-failed",
        "nixos-rebuild switch",
        "nixos-rebuild boot",
        "rm -",
        "reboot",
        "poweroff",
        "mkfs",
        "git push",
        "abra app deploy",
        "abra app undeploy",
    ];
    let squeezed = line.split_whitespace().collect::<Vec<_>>().join(" ");
    COMMANDS
        .iter()
        .find(|command| {
            squeezed.match_indices(*command).any(|(at, _)| {
                // Only where a command can begin: `grep "rm -"` changes nothing.
                let before = squeezed[..at].trim_end();
                before.is_empty()
                    || before.ends_with([';', '|', '&', '(', '{', '`'])
                    || sent_to_a_host(before)
                    || [" do", " then", " else", "sudo", "exec", "!"]
                        .iter()
                        .any(|word| before.ends_with(word))
            })
        })
        .copied()
}

/// Whether what follows is the beginning of a command for another host: `ssh cc-ci 'docker …`.
fn sent_to_a_host(before: &str) -> bool {
    let last = before
        .rsplit([';', '|', '&', '\n'])
        .next()
        .unwrap_or(before);
    let mut words = last.split_whitespace();
    let ssh = words.find(|word| *word == "ssh" || word.ends_with("/ssh"));
    // The host, its options, and at most an opening quote; a word after the host is a command.
    let rest: Vec<&str> = words.filter(|word| !word.starts_with('-')).collect();
    ssh.is_some() && matches!(rest.as_slice(), [_] | [_, "'" | "\""])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_commands_that_change_the_host_and_leaves_looking_alone() {
        assert_eq!(
            changes_something("docker service  scale x=0"),
            Some("docker service scale")
        );
        assert!(changes_something("true && sudo systemctl stop x").is_some());
        assert!(changes_something("for i in 1; do rm -rf x; done").is_some());
        assert_eq!(changes_something("grep 'rm -rf' script"), None);
        for sent in [
            "ssh cc-ci 'docker service scale x=0'",
            "ssh -q cc-ci docker service scale x=0",
            "true; ssh cc-ci \"systemctl stop x\"",
        ] {
            assert!(changes_something(sent).is_some(), "{sent}");
        }
        for looks in [
            "ssh cc-ci \"grep 'rm -rf' script\"",
            "ssh cc-ci echo docker rm",
            "echo \"systemctl stop\"",
        ] {
            assert_eq!(changes_something(looks), None, "{looks}");
        }
        assert_eq!(changes_something("systemctl show -p After x"), None);
        assert_eq!(changes_something("docker service ls"), None);
    }
}
