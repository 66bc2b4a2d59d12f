//! Waits as loops in bash, for people who follow HOW by hand. Pure.

use std::time::Duration;

use claim::Timing;
use claim::expectation::{ExitMatcher, Expect, StatusItem, StatusMatcher, Test, TextMatcher};
use kit::shell::quote;
use kit::text::Scope;

/// How long a step without a limit of its own is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// A loop that runs the line until what is expected is seen, at most as long as the claim file says;
/// `None` where nothing is waited for, or where bash cannot tell whether the expectation holds.
pub(super) fn waiting(
    line: &str,
    expect: &Expect,
    timing: &Timing,
    scope: &Scope,
    waits: bool,
) -> Option<String> {
    let limit = match timing.within {
        Some(within) => within,
        None if waits => LIMIT,
        None => return None,
    };
    let seen = condition(line, expect, scope)?;
    let pause = timing.every.max(Duration::from_secs(1)).as_secs();
    let times = (limit.as_secs() / pause).max(1);
    Some(format!(
        "for n in $(seq {times}); do {seen} && break; sleep {pause}; done"
    ))
}

/// What holds in bash where the line shows what is expected.
fn condition(line: &str, expect: &Expect, scope: &Scope) -> Option<String> {
    let clauses: Vec<&Test> = match expect {
        Expect::Holds(clause) => vec![&clause.test],
        Expect::All(all) => {
            let tests = all.iter().map(|it| match it {
                Expect::Holds(clause) => Some(&clause.test),
                _ => None,
            });
            tests.collect::<Option<_>>()?
        }
        Expect::Any(_) | Expect::Not(_) => return None,
    };
    let success =
        |test: &&&Test| matches!(test, Test::Exit(ExitMatcher::OneOf(codes)) if codes == &[0]);
    let rest: Vec<&&Test> = clauses.iter().filter(|test| !success(test)).collect();
    match rest.as_slice() {
        [] if !clauses.is_empty() => Some(format!("{{ {line}; }} > /dev/null")),
        [Test::Stdout(TextMatcher::Equals(text))] => {
            let text = quote(text.render(scope).trim());
            Some(format!("[ \"$({line})\" = {text} ]"))
        }
        [Test::Stdout(TextMatcher::Empty(true))] => Some(format!("[ -z \"$({line})\" ]")),
        [Test::Status(StatusMatcher::OneOf(items))] => {
            let items: Option<Vec<String>> = items.iter().map(pattern).collect();
            let items = items?.join("|");
            // The status is the last line that curl prints.
            Some(format!("[[ \"$({line} | tail -n 1)\" =~ ^({items})$ ]]"))
        }
        _ => None,
    }
}

fn pattern(item: &StatusItem) -> Option<String> {
    match item {
        StatusItem::Code(code) => Some(code.to_string()),
        StatusItem::Class(first) => Some(format!("{first}..")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect_of(text: &str) -> (Expect, Timing) {
        let file = format!(
            "phase: p\ngates:\n  M1:\n    checks:\n      - {{ id: a, claim: c, on: local, {text}, within: 5s }}\n"
        );
        let source = kit::yaml::source::Source {
            path: "p.yaml".into(),
            text: file,
        };
        let file = claim::read::parse(std::sync::Arc::new(source), &Scope::new()).unwrap();
        let check = &file.gates[0].checks[0];
        (check.expect.clone(), check.timing.clone())
    }

    #[test]
    fn a_wait_is_a_loop_that_ends_when_what_is_expected_is_seen() {
        for (expect, line, seen) in [
            ("run: 'echo up', expect: up", "echo up", true),
            ("run: 'echo up', expect: up", "echo down", false),
            ("run: ls, expect: { stdout: { empty: true } }", "true", true),
            (
                "run: ls, expect: { stdout: { empty: true } }",
                "echo x",
                false,
            ),
            (
                "http: 'http://a.example/', expect: 404",
                "printf 'a\\n404\\n'",
                true,
            ),
            (
                "http: 'http://a.example/', expect: 404",
                "printf '404\\n200\\n'",
                false,
            ),
        ] {
            let (expect, timing) = expect_of(expect);
            let text = waiting(line, &expect, &timing, &Scope::new(), false).unwrap();
            assert!(text.starts_with("for n in $(seq 5); do "), "{text}");
            let text = text.replace("sleep 1", ":");
            let out = std::process::Command::new("bash")
                .args(["-c", &format!("{text}; echo $n")])
                .output()
                .unwrap();
            let n = String::from_utf8(out.stdout).unwrap();
            assert_eq!(n.trim() == "1", seen, "{text}: {n}");
        }
    }

    #[test]
    fn what_bash_cannot_tell_is_not_a_loop() {
        let (expect, timing) = expect_of("run: ls, expect: { stdout: { lines: 2 } }");
        assert_eq!(waiting("ls", &expect, &timing, &Scope::new(), true), None);
    }
}
