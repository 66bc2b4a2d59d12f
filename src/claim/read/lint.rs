//! Checks that cannot fail, and disturbances that nobody undoes, are refused like any other error.

use crate::codes;
use crate::command::{Failures, Hidden};
use crate::expectation::{Expect, JsonMatcher, Test, TextMatcher};
use crate::matchers::Judgement;
use crate::{CommandProbe, Probe};
use kit::text::Scope;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::tree::Node;

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
        if let Some(Probe::Command(command)) = probe {
            self.lint_hiding(command, expect, node, fields);
        }
    }

    /// What the exit code does not tell must be seen in the output, or be waived with a reason.
    fn lint_hiding(
        &mut self,
        command: &CommandProbe,
        expect: &Expect,
        expected: &Node,
        fields: &Fields<'_>,
    ) {
        let Some(line) = fields.get("run") else {
            return;
        };
        let failures = crate::command::failures(command, &self.scope);
        let problem = hidden(&failures, expect).or_else(|| silenced(&failures, expect, expected));
        match (problem, fields.get("hides_failure")) {
            (Some((message, help)), None) => self.report(
                Diagnostic::new(codes::HIDES_FAILURE, line.span.clone(), message).help(format!(
                    "{help}; or say in `hides_failure:` why this is harmless"
                )),
            ),
            (None, Some(node)) => self.report(
                Diagnostic::new(
                    codes::HIDES_FAILURE,
                    node.span.clone(),
                    "nothing is hidden here that this could excuse",
                )
                .help("leave `hides_failure` out"),
            ),
            _ => {}
        }
    }
}

/// A failure that the exit code does not tell, where the expectation looks at nothing else.
fn hidden(failures: &Failures, expect: &Expect) -> Option<(String, String)> {
    let hidden = failures.hidden.as_ref()?;
    let unseen = hidden
        .prints
        .iter()
        .all(|printed| holds_on(expect, printed));
    unseen.then(|| {
        let Hidden { command, by, .. } = hidden;
        (
            format!("`{by}` hides whether `{command}` fails"),
            "leave it out and claim the exit code, such as `exit: [0, 1]`; or demand a line of its output".to_owned(),
        )
    })
}

/// Errors that are thrown away, where a command that failed looks like one that found nothing.
fn silenced(failures: &Failures, expect: &Expect, expected: &Node) -> Option<(String, String)> {
    let (command, lost) = failures.silenced.as_ref()?;
    let alike = if *lost {
        holds_on(expect, "") || holds_on(expect, "0\n")
    } else {
        expects_nothing(expect) && expected.get("exit").is_none()
    };
    alike.then(|| {
        (
            "with its errors hidden, a failed command looks like an empty answer".to_owned(),
            if *lost {
                format!("leave out what hides the errors of `{command}`")
            } else {
                "leave out `2>/dev/null`, or state the exit code".to_owned()
            },
        )
    })
}

/// Whether the expectation holds for exit 0 and this output.
fn holds_on(expect: &Expect, printed: &str) -> bool {
    let seen = crate::matchers::succeeded(printed);
    matches!(
        crate::matchers::judge(expect, &seen, &Scope::new()),
        Judgement::Holds
    )
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
        TextMatcher::Equals(text) => {
            text.params().next().is_none() && text.render(&Scope::new()).is_empty()
        }
        TextMatcher::Lines(bounds) | TextMatcher::Count { bounds, .. } => {
            let zero = Some(kit::decimal::Decimal::zero());
            bounds.known.equals == zero || bounds.known.max == zero
        }
        TextMatcher::All(parts) | TextMatcher::Any(parts) => parts.iter().any(wants_nothing),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kit::text::Scope;
    use kit::yaml::source::Source;

    /// The errors of a check that runs this and expects that.
    fn errors(run: &str, expect: &str, more: &str) -> Option<String> {
        let run = serde_json::to_string(run).unwrap();
        let text = format!(
            "phase: p\non: local\ngates:\n  M1:\n    checks:\n      - {{ id: a, claim: c, run: {run}, expect: {expect}{more} }}\n"
        );
        let source = Arc::new(Source {
            path: "c.yaml".into(),
            text,
        });
        let read = crate::read::parse(source, &Scope::new());
        read.err().map(|invalid| invalid.render(false))
    }

    #[test]
    fn what_hides_a_failure_is_recognised_however_it_is_written() {
        for run in [
            "restic check || true",
            "restic check ||true",
            "restic check||true",
            "restic check ;true",
            "restic check; true",
            "restic check || :",
            "restic check || true # note",
            "restic check || { true; }",
            "restic check || (exit 0)",
            "restic check || /bin/true",
            "restic check || exit 0",
            "restic check || echo failed",
            "restic check; echo done",
            "restic check; echo $?",
            "restic check &",
            "restic check | cat",
            "restic check 2>&1 | tee /dev/stderr",
            "restic check | tail -n 3",
            "ssh h 'restic check || true'",
            "ssh h \"restic check; true\"",
            "sh -c 'restic check || true'",
            "sudo sh -c 'restic check | cat'",
            "restic check || true\ntest -d /srv",
            "if restic check; then echo ok; else echo bad; fi",
            "restic check || sh -c true",
            "sh -ec 'restic check | cat'",
            "set -e; restic check | cat",
            "set -e; set +e; restic check; true",
            "set +e; restic check; true",
            "sh -c 'set -e'; restic check; true",
            "test -e x || exit 0; echo ok",
        ] {
            let refused = errors(run, "{ exit: 0 }", "").unwrap_or_default();
            assert!(refused.contains("GP2506"), "{run}: {refused}");
        }
        let words = "[sh, -c, 'restic check || true']";
        let text = format!(
            "phase: p\non: local\ngates: {{ M1: {{ checks: [ {{ id: a, claim: c, run: {words}, expect: {{ exit: 0 }} }} ] }} }}\n"
        );
        let source = Arc::new(Source {
            path: "c.yaml".into(),
            text,
        });
        let refused = crate::read::parse(source, &Scope::new()).unwrap_err();
        assert!(refused.render(false).contains("GP2506"));
        for (run, expect) in [
            ("restic check; echo done", "done"),
            (
                "restic check || true; echo done",
                "{ stdout: { contains: done } }",
            ),
            ("trap 'exit 0' EXIT; restic check", "{ exit: 0 }"),
            ("trap 'rm -f x; exit 0' 0; restic check", "{ exit: 0 }"),
            ("f() { restic check || true; }; f", "{ exit: 0 }"),
            ("echo $(restic check)", "{ exit: 0 }"),
            ("printf '%s' \"$(restic check)\"", "{ exit: 0 }"),
            ("export A=$(restic check)", "{ exit: 0 }"),
            ("ls /x 2>&-", "{ stdout: { empty: true } }"),
            ("ls /x 2>>/dev/null", "{ stdout: { empty: true } }"),
            ("ls /x >/dev/null 2>&1", "{ stdout: { empty: true } }"),
            ("ls /x &>/dev/null", "{ stdout: { empty: true } }"),
            ("ls /x 2>/dev/null | wc -l", "\"0\""),
            ("ls /x 2>/dev/null | wc -l", "{ stdout: { number: 0 } }"),
            (
                "ls /x 2>/dev/null | head -1",
                "{ exit: 0, stdout: { empty: true } }",
            ),
            ("ssh h 'ls /x 2>/dev/null'", "{ stdout: { empty: true } }"),
        ] {
            let refused = errors(run, expect, "").unwrap_or_default();
            assert!(refused.contains("GP2506"), "{run} {expect}: {refused}");
        }
    }

    #[test]
    fn a_sound_line_raises_no_alarm() {
        for (run, expect) in [
            (
                "timeout 1 tail -f log || true",
                "{ stdout: { contains: started } }",
            ),
            (
                "find /srv -name x 2>/dev/null",
                "{ exit: 0, stdout: { empty: true } }",
            ),
            (
                "grep -r x /srv 2>/dev/null",
                "{ exit: 1, stdout: { empty: true } }",
            ),
            ("trap 'echo bye' EXIT; restic check", "{ exit: 0 }"),
            ("trap 'exit 1' EXIT; restic check", "{ exit: 0 }"),
            ("f() { restic check; }; f", "{ exit: 0 }"),
            ("echo $(hostname)", "web"),
            ("export A=$(hostname); test -n \"$A\"", "{ exit: 0 }"),
            ("A=$(hostname); test -n \"$A\"", "{ exit: 0 }"),
            ("echo 'a || true'", "{ exit: 0 }"),
            ("grep -c '|| true' script", "{ exit: 0 }"),
            ("git ls-files 'tests/*.py' | wc -l", "\"0\""),
            (
                "systemctl status x --no-pager | head -10",
                "{ stdout: { contains: active } }",
            ),
            ("test -e f && echo yes || echo no", "no"),
            ("restic check || echo failed", "{ stdout: { empty: true } }"),
            ("restic check | grep -q ok", "{ exit: 0 }"),
            ("restic check && echo done", "{ exit: 0 }"),
            ("restic check || exit 1", "{ exit: 0 }"),
            ("restic check || false", "{ exit: 0 }"),
            ("restic check\necho done", "done"),
            ("restic check | cat\necho done", "done"),
            ("sleep 1; restic check", "{ exit: 0 }"),
            ("restic check || true", "{ exit: 1 }"),
            ("ls x 2>/dev/null", "{ exit: 0 }"),
            ("for f in a b; do test -e $f || exit 1; done", "{ exit: 0 }"),
            ("test -e x || exit 1; echo ok", "ok"),
            ("test -e x || { echo no >&2; exit 1; }; echo ok", "ok"),
            ("set -e; restic check; echo ok", "ok"),
            ("set -euo pipefail; restic check | cat; echo ok", "ok"),
            ("set -o errexit; restic check; true", "{ exit: 0 }"),
            ("bash -euo pipefail -c 'restic check; echo ok'", "ok"),
            ("bash -euo pipefail -c 'restic check | cat'", "{ exit: 0 }"),
            ("sh -ec 'restic check; true'", "{ exit: 0 }"),
            ("ssh h 'set -e; restic check; echo ok'", "ok"),
        ] {
            assert_eq!(errors(run, expect, ""), None, "{run} {expect}");
        }
    }

    #[test]
    fn a_waiver_has_a_reason_and_excuses_only_what_is_hidden() {
        let why = ", hides_failure: the tail is ended by its timeout";
        assert_eq!(errors("restic check || true", "{ exit: 0 }", why), None);
        let refused = errors("restic check", "{ exit: 0 }", why).unwrap();
        assert!(refused.contains("nothing is hidden"), "{refused}");
        let empty = errors("restic check || true", "{ exit: 0 }", ", hides_failure: ''").unwrap();
        assert!(empty.contains("error["), "{empty}");
    }

    #[test]
    fn a_text_of_several_lines_is_strict_unless_it_says_otherwise() {
        let hidden = errors("restic check\necho done", "done", ", strict: false").unwrap();
        assert!(hidden.contains("GP2506"), "{hidden}");
        assert_eq!(
            errors("restic check | cat", "{ exit: 0 }", ", strict: true"),
            None
        );
    }
}
