//! Expectations that cannot fail, and those that also hold when nothing answered.
//!
//! What cannot fail is found in two ways. By trial: an expectation without negations that holds
//! for a panel of very different observations ([`panel`]) holds for all. And by rule, where a
//! trial proves nothing: `not: contains "x"` holds for every text that no one thought of, so a
//! negation cannot fail only when what it denies is impossible.

use super::bounds::Domain;
use super::observation::clauses;
use super::rule::{
    EMPTY_LIST, cannot_fail, denies_the_impossible, exhaustive, vacuous_limits, vacuous_text,
};
use super::{Judgement, certificate, describe, exit, judge, limits, panel, status};
use crate::expectation::{
    Clause, ExitMatcher, Expect, HeaderMatcher, StatusItem, StatusMatcher, Test, TextMatcher,
};
use kit::text::Scope;
use reach::observation::Observation;

/// Why an expectation, or a part of it that ought to narrow it, cannot fail; `None` when each
/// part of it can.
pub fn is_vacuous(expect: &Expect) -> Option<String> {
    match expect {
        Expect::Holds(clause) => test(&clause.test),
        Expect::All(parts) if parts.is_empty() => Some(EMPTY_LIST.to_owned()),
        Expect::All(parts) => parts.iter().find_map(is_vacuous),
        Expect::Any(parts) if always(expect) => Some(
            parts
                .iter()
                .find_map(is_vacuous)
                .unwrap_or_else(|| exhaustive(&describe::expect(expect, &Scope::new()))),
        ),
        Expect::Any(parts) => parts.iter().find_map(is_vacuous),
        Expect::Not(inner) => {
            never(inner).then(|| denies_the_impossible(&describe::expect(inner, &Scope::new())))
        }
    }
}

/// Whether an expectation would also hold when nothing really ran: a command that was
/// not found or whose host was not reached (exit 126, 127, 255, nothing on standard output), or
/// a request without an answer. An expectation that claims just that (`999`, `exit: 127`) and
/// nothing else is not meant.
pub fn holds_on_no_answer(expect: &Expect) -> bool {
    !claims_no_answer(expect)
        && panel::failed_commands()
            .chain(panel::no_answers())
            .any(|seen| match judge(expect, &seen, &Scope::new()) {
                Judgement::Holds => true,
                Judgement::Differs(_) => false,
                // An expectation of the right kind is open only because of a captured value: then it may
                // hold.
                Judgement::Undecidable(_) => fits(expect, &seen),
            })
}

/// Whether every clause is about what was observed: a command, or an answer.
pub(super) fn fits(expect: &Expect, seen: &Observation) -> bool {
    let command = matches!(seen, Observation::Command(_));
    clauses(expect)
        .into_iter()
        .all(|clause| match &clause.test {
            Test::Exit(_) | Test::Stdout(_) | Test::Stderr(_) | Test::TestRun(_) => command,
            Test::Status(_)
            | Test::Body(_)
            | Test::Header(..)
            | Test::Cookie(..)
            | Test::Certificate(_) => !command,
            Test::Json(_) | Test::Duration(_) => true,
        })
}

/// Whether no answer is all that the expectation accepts.
pub(super) fn claims_no_answer(expect: &Expect) -> bool {
    match expect {
        Expect::Holds(clause) => match &clause.test {
            Test::Status(StatusMatcher::OneOf(items)) => {
                !items.is_empty()
                    && items
                        .iter()
                        .all(|item| matches!(item, StatusItem::NoAnswer { .. }))
            }
            Test::Exit(ExitMatcher::OneOf(codes)) => {
                !codes.is_empty() && codes.iter().all(|code| matches!(code, 126 | 127 | 255))
            }
            Test::Exit(ExitMatcher::NoneOf(_) | ExitMatcher::Signal(_))
            | Test::Status(StatusMatcher::NoneOf(_))
            | Test::Stdout(_)
            | Test::Stderr(_)
            | Test::Body(_)
            | Test::Header(..)
            | Test::Cookie(..)
            | Test::Json(_)
            | Test::TestRun(_)
            | Test::Duration(_)
            | Test::Certificate(_) => false,
        },
        Expect::All(parts) => parts.iter().any(claims_no_answer),
        Expect::Any(parts) => !parts.is_empty() && parts.iter().all(claims_no_answer),
        Expect::Not(_) => false,
    }
}

fn holds(expect: &Expect, seen: &Observation) -> bool {
    judge(expect, seen, &Scope::new()) == Judgement::Holds
}

/// Why a test, or a part of it, cannot fail.
fn test(test: &Test) -> Option<String> {
    let expect = || clause(test.clone());
    match test {
        Test::Exit(matcher) => always(&expect()).then(|| {
            cannot_fail(
                &exit::describe(matcher),
                "name the codes, or exclude those of a command that did not run: `not: [126, 127]`",
            )
        }),
        Test::Status(matcher) => always(&expect()).then(|| {
            cannot_fail(
                &format!("status {}", status::describe(matcher)),
                "it covers no answer and every status a server sends",
            )
        }),
        Test::Stdout(matcher) | Test::Stderr(matcher) | Test::Body(matcher) => {
            vacuous_text(matcher.rule().as_ref())
        }
        Test::Header(_, matcher) => matcher.vacuous(),
        Test::Cookie(_, matcher) => matcher.vacuous(),
        Test::Json(test) => test.matcher.rule().prospects().vacuous,
        Test::TestRun(matcher) => matcher.vacuous(),
        Test::Duration(limits) => vacuous_limits(limits, Domain::Positive, "ms"),
        Test::Certificate(matcher) => certificate::vacuous(matcher),
    }
}

fn clause(test: Test) -> Expect {
    Expect::Holds(Clause {
        span: 0..0,
        test,
        implied: false,
    })
}

/// Whether an expectation holds wherever there is something for it to match.
fn always(expect: &Expect) -> bool {
    match expect {
        _ if only(expect, is_exit) => panel::exits().all(|seen| holds(expect, &seen)),
        // 1xx is never the last answer, and nothing beyond 5xx is defined (RFC 9110, 15).
        _ if only(expect, is_status) => (200..=599)
            .map(|status| panel::answer(status, ""))
            // Nobody claims a status of an answer that cannot be read.
            .chain(panel::silences())
            .all(|seen| holds(expect, &seen)),
        Expect::Holds(clause) => match &clause.test {
            Test::Stdout(matcher) | Test::Stderr(matcher) | Test::Body(matcher) => {
                matcher.rule().prospects().always
            }
            Test::Duration(limits) => limits::always(limits, Domain::Positive),
            // Exit and status are tried above; for the others there may be nothing to match.
            Test::Exit(_)
            | Test::Status(_)
            | Test::Header(..)
            | Test::Cookie(..)
            | Test::Json(_)
            | Test::TestRun(_)
            | Test::Certificate(_) => false,
        },
        Expect::All(parts) => parts.iter().all(always),
        Expect::Any(parts) => {
            parts.iter().any(always)
                || complementary(parts)
                || of_one_text(parts).is_some_and(|whole| whole.rule().prospects().always)
                || (!denies(expect)
                    && (panel::commands().all(|seen| holds(expect, &seen))
                        || panel::answers().all(|seen| holds(expect, &seen))))
        }
        Expect::Not(inner) => never(inner),
    }
}

/// Whether an expectation holds for nothing that can be observed. `false` also where it is not known.
pub(super) fn never(expect: &Expect) -> bool {
    match expect {
        _ if only(expect, is_exit) => panel::exits()
            .chain(panel::signals())
            .all(|seen| !holds(expect, &seen)),
        _ if only(expect, is_status) => (100..=999)
            .map(|status| panel::answer(status, ""))
            .chain(panel::no_answers())
            .all(|seen| !holds(expect, &seen)),
        Expect::Holds(clause) => match &clause.test {
            Test::Stdout(matcher) | Test::Stderr(matcher) | Test::Body(matcher) => {
                matcher.rule().prospects().never
            }
            Test::Header(_, matcher) => matcher.never(),
            Test::Cookie(_, matcher) => matcher.never(),
            Test::Json(test) => test.matcher.rule().prospects().never,
            Test::TestRun(matcher) => matcher.never(),
            Test::Duration(limits) => limits::never(limits, Domain::Positive),
            Test::Certificate(matcher) => certificate::never(matcher),
            Test::Exit(_) | Test::Status(_) => false,
        },
        Expect::All(parts) => parts.iter().any(never) || complementary(parts),
        Expect::Any(parts) => parts.iter().all(never),
        Expect::Not(inner) => always(inner),
    }
}

/// Whether all clauses of an expectation are of one kind.
fn only(expect: &Expect, kind: fn(&Test) -> bool) -> bool {
    let clauses = clauses(expect);
    !clauses.is_empty() && clauses.into_iter().all(|clause| kind(&clause.test))
}

fn is_exit(test: &Test) -> bool {
    matches!(test, Test::Exit(_))
}

fn is_status(test: &Test) -> bool {
    matches!(test, Test::Status(_))
}

/// Whether something in it is denied, so that holding for a panel proves nothing.
fn denies(expect: &Expect) -> bool {
    match expect {
        Expect::Not(_) => true,
        Expect::All(parts) | Expect::Any(parts) => parts.iter().any(denies),
        Expect::Holds(clause) => match &clause.test {
            Test::Exit(ExitMatcher::NoneOf(_))
            | Test::Status(StatusMatcher::NoneOf(_))
            | Test::Duration(_) => true,
            Test::Stdout(matcher) | Test::Stderr(matcher) | Test::Body(matcher) => {
                !matcher.rule().prospects().by_samples
            }
            // It may deny an attribute.
            Test::Cookie(..) => true,
            Test::Header(_, matcher) => {
                !matches!(matcher, HeaderMatcher::Plain(text) if text.rule().prospects().by_samples)
            }
            Test::Exit(ExitMatcher::OneOf(_) | ExitMatcher::Signal(_))
            | Test::Status(StatusMatcher::OneOf(_))
            | Test::Json(_)
            | Test::TestRun(_)
            | Test::Certificate(_) => false,
        },
    }
}

/// Whether the parts have `x` and `not x` among them.
fn complementary(parts: &[Expect]) -> bool {
    let keys: Vec<String> = parts.iter().map(key).collect();
    parts.iter().any(|part| match part {
        Expect::Not(inner) => keys.contains(&key(inner)),
        Expect::Holds(_) | Expect::All(_) | Expect::Any(_) => false,
    })
}

/// An expectation as text, without its place.
fn key(expect: &Expect) -> String {
    let listed = |parts: &[Expect]| parts.iter().map(key).collect::<Vec<_>>().join(", ");
    match expect {
        Expect::Holds(clause) => format!("{:?}", clause.test),
        Expect::All(parts) => format!("All[{}]", listed(parts)),
        Expect::Any(parts) => format!("Any[{}]", listed(parts)),
        Expect::Not(inner) => format!("Not({})", key(inner)),
    }
}

/// Alternatives that all match one and the same text, as alternatives of that text.
fn of_one_text(parts: &[Expect]) -> Option<TextMatcher> {
    let mut subjects = Vec::new();
    let mut matchers = Vec::new();
    for part in parts {
        let (positive, inner) = match part {
            Expect::Not(inner) => (false, inner.as_ref()),
            other => (true, other),
        };
        let Expect::Holds(clause) = inner else {
            return None;
        };
        let (subject, matcher) = match &clause.test {
            Test::Stdout(matcher) => ("stdout", matcher),
            Test::Stderr(matcher) => ("stderr", matcher),
            Test::Body(matcher) => ("body", matcher),
            Test::Exit(_)
            | Test::Status(_)
            | Test::Header(..)
            | Test::Cookie(..)
            | Test::Json(_)
            | Test::TestRun(_)
            | Test::Duration(_)
            | Test::Certificate(_) => return None,
        };
        subjects.push(subject);
        matchers.push(if positive {
            matcher.clone()
        } else {
            TextMatcher::Not(Box::new(matcher.clone()))
        });
    }
    subjects
        .windows(2)
        .all(|pair| pair[0] == pair[1])
        .then_some(TextMatcher::Any(matchers))
}
