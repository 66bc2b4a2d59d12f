//! What an expectation implies: exit 0, or a 2xx status. The right output from a command that failed
//! is not what was claimed.

use crate::expectation::{Clause, ExitMatcher, Expect, StatusItem, StatusMatcher, Test};
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::source::Span;
use kit::yaml::tree::Node;

use super::expectations::ProbeKind;
use super::reader::Reader;

/// The expectation of a step that states none: exit 0, or a 2xx status.
pub(super) fn implied(asked: ProbeKind, node: &Node) -> Expect {
    ending(asked, &node.span)
}

impl Reader {
    /// The expectation with what it implies. One that can then never hold is reported.
    pub(super) fn with_implied(&mut self, expect: Expect, asked: ProbeKind, node: &Node) -> Expect {
        if let Some(span) = denied_in_vain(&expect, asked) {
            let (word, value) = match asked {
                ProbeKind::Command => ("exit", "exit 0"),
                ProbeKind::Http => ("status", "a 2xx status"),
            };
            self.report(
                Diagnostic::new(
                    Code::CONFLICT,
                    span,
                    format!("`not:` denies {value}, which is implied where no `{word}:` is stated"),
                )
                .label("this can never hold")
                .help(format!(
                    "state the {word} itself: `{word}: {{ not: … }}`; below `not:` it states none"
                )),
            );
        }
        demanding(expect, asked, &node.span)
    }
}

/// The expectation with the implied ending wherever none is stated: in each alternative of `any:` by
/// itself. What stands under `not:` states nothing, and nothing is added to it.
fn demanding(expect: Expect, asked: ProbeKind, span: &Span) -> Expect {
    match expect {
        Expect::Any(parts) if parts.iter().any(states) => Expect::Any(
            parts
                .into_iter()
                .map(|part| demanding(part, asked, span))
                .collect(),
        ),
        Expect::All(parts) if parts.iter().any(states_at_once) => Expect::All(parts),
        Expect::All(parts) if parts.iter().any(states) => Expect::All(
            parts
                .into_iter()
                .map(|part| {
                    if states(&part) {
                        demanding(part, asked, span)
                    } else {
                        part
                    }
                })
                .collect(),
        ),
        Expect::All(mut parts) => {
            parts.insert(0, ending(asked, span));
            Expect::All(parts)
        }
        stated @ Expect::Holds(_) if states(&stated) => stated,
        other => Expect::All(vec![ending(asked, span), other]),
    }
}

fn ending(asked: ProbeKind, span: &Span) -> Expect {
    Expect::Holds(Clause {
        span: span.clone(),
        test: match asked {
            ProbeKind::Command => Test::Exit(ExitMatcher::OneOf(vec![0])),
            ProbeKind::Http => Test::Status(StatusMatcher::OneOf(vec![StatusItem::Class(2)])),
        },
        implied: true,
    })
}

/// Whether the expectation states an exit code or a status, in one of its alternatives at least.
fn states(expect: &Expect) -> bool {
    match expect {
        Expect::Holds(clause) => is_ending(&clause.test),
        Expect::All(parts) | Expect::Any(parts) => parts.iter().any(states),
        Expect::Not(_) => false,
    }
}

/// Whether it states one that holds for all of it, and not for an alternative only.
fn states_at_once(expect: &Expect) -> bool {
    match expect {
        Expect::Holds(clause) => is_ending(&clause.test),
        Expect::All(parts) => parts.iter().any(states_at_once),
        Expect::Any(_) | Expect::Not(_) => false,
    }
}

fn is_ending(test: &Test) -> bool {
    matches!(test, Test::Exit(_) | Test::Status(_))
}

/// Where `not:` denies just what is implied, so that both together can never hold.
fn denied_in_vain(expect: &Expect, asked: ProbeKind) -> Option<Span> {
    match expect {
        // Each alternative is judged by itself.
        Expect::Any(parts) if parts.iter().any(states) => {
            parts.iter().find_map(|part| denied_in_vain(part, asked))
        }
        _ if states(expect) => None,
        Expect::Not(inner) => denies_success(inner, asked),
        Expect::All(parts) => parts.iter().find_map(|part| denied_in_vain(part, asked)),
        Expect::Any(_) | Expect::Holds(_) => None,
    }
}

/// The place of an ending that accepts all that is implied, where nothing stands beside it.
fn denies_success(expect: &Expect, asked: ProbeKind) -> Option<Span> {
    match expect {
        Expect::Holds(clause) => {
            let covers = match (&clause.test, asked) {
                (Test::Exit(ExitMatcher::OneOf(codes)), ProbeKind::Command) => codes.contains(&0),
                (Test::Exit(ExitMatcher::NoneOf(codes)), ProbeKind::Command) => !codes.contains(&0),
                (Test::Status(StatusMatcher::OneOf(items)), ProbeKind::Http) => {
                    items.contains(&StatusItem::Class(2))
                }
                _ => false,
            };
            covers.then(|| clause.span.clone())
        }
        Expect::Any(parts) => parts.iter().find_map(|part| denies_success(part, asked)),
        Expect::All(_) | Expect::Not(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use chrono::DateTime;

    use crate::matchers::{Judgement, judge};
    use kit::text::Scope;
    use kit::yaml::source::Source;
    use reach::observation::{Captured, CommandObservation, Ending, Observation};

    fn file(expect: &str) -> Result<crate::ClaimFile, String> {
        let text = format!(
            "phase: p\non: local\ngates:\n  M1:\n    checks:\n      - {{ id: a, claim: c, run: x, expect: {expect} }}\n"
        );
        let source = Arc::new(Source {
            path: "c.yaml".into(),
            text,
        });
        crate::read::parse(source, &Scope::new()).map_err(|invalid| invalid.render(false))
    }

    fn holds(expect: &str, code: i32, out: &str) -> bool {
        let file = file(expect).unwrap();
        let seen = Observation::Command(CommandObservation {
            ending: Ending::Exited(code),
            stdout: Captured::whole(out),
            stderr: Captured::whole(""),
            duration: Duration::ZERO,
            at: DateTime::UNIX_EPOCH,
            left: Vec::new(),
        });
        let expect = &file.gates[0].checks[0].expect;
        matches!(judge(expect, &seen, &Scope::new()), Judgement::Holds)
    }

    #[test]
    fn each_alternative_without_an_exit_code_of_its_own_demands_0() {
        let any = "{ any: [ { stdout: { contains: a } }, { exit: 3 } ] }";
        assert!(holds(any, 0, "a"));
        assert!(holds(any, 3, ""));
        assert!(!holds(any, 9, "a"), "the right output of a failed command");
        let beside =
            "{ stdout: { contains: a }, any: [ { exit: 3 }, { stdout: { contains: b } } ] }";
        assert!(holds(beside, 3, "a") && holds(beside, 0, "ab"));
        assert!(!holds(beside, 9, "ab") && !holds(beside, 0, "a"));
        let nested = "{ any: [ { any: [ { stdout: { contains: a } }, { exit: 4 } ] }, { all: [ { exit: 3 }, { stdout: { contains: c } } ] } ] }";
        assert!(holds(nested, 4, "") && holds(nested, 3, "c") && holds(nested, 0, "a"));
        assert!(!holds(nested, 3, "a") && !holds(nested, 9, "a"));
        let none = "{ any: [ { stdout: { contains: a } }, { stdout: { contains: b } } ] }";
        assert!(holds(none, 0, "b") && !holds(none, 1, "b"));
        let stated = "{ exit: [0, 3], any: [ { stdout: { contains: a } }, { exit: 3 } ] }";
        assert!(holds(stated, 3, "a") && holds(stated, 3, "") && !holds(stated, 0, ""));
    }

    #[test]
    fn what_stands_under_not_takes_nothing_away() {
        let not = "{ stdout: { contains: a }, not: { exit: 3 } }";
        assert!(holds(not, 0, "a"));
        assert!(!holds(not, 9, "a") && !holds(not, 3, "a"));
        let any = "{ stdout: { contains: a }, not: { any: [ { exit: 3 }, { stdout: { contains: b } } ] } }";
        assert!(holds(any, 0, "a"));
        assert!(!holds(any, 9, "a") && !holds(any, 0, "ab"));
    }

    #[test]
    fn a_denial_of_what_is_implied_is_refused_because_it_can_never_hold() {
        for never in [
            "{ not: { exit: 0 } }",
            "{ stdout: { contains: a }, not: { exit: [0, 1] } }",
            "{ any: [ { exit: 3 }, { not: { exit: 0 } } ] }",
            "{ not: { exit: { not: 3 } } }",
        ] {
            let refused = file(never).unwrap_err();
            assert!(refused.contains("can never hold"), "{never}: {refused}");
        }
        for fine in [
            "{ exit: { not: 0 }, stdout: { contains: a } }",
            "{ exit: 1, not: { exit: 0 } }",
        ] {
            assert!(file(fine).is_ok(), "{fine}");
        }
    }
}
