//! Expectations that cannot fail, and such as also hold when nothing answered.
//!
//! What cannot fail is found in two ways. By trial: an expectation without negations that holds
//! for a panel of very different observations ([`panel`]) holds for all. And by rule, where a
//! trial proves nothing: `not: contains "x"` holds for every text that no one thought of, so a
//! negation cannot fail only when what it denies is impossible.

use super::bounds::Domain;
use super::{Judgement, describe, judge, limits, look, panel, text, time, verdict::Site, version};
use crate::expectation::{
    CertificateMatcher, Clause, ExitMatcher, Expect, JsonMatcher, Limits, StatusItem,
    StatusMatcher, Test, TextMatcher, VersionBounds,
};
use kit::text::Scope;
use reach::observation::Observation;

/// Why an expectation, or a part of it that ought to narrow it, cannot fail; `None` when each
/// part of it can.
pub fn is_vacuous(expect: &Expect) -> Option<String> {
    match expect {
        Expect::Holds(clause) => test(&clause.test),
        Expect::All(parts) if parts.is_empty() => Some("an empty list asks for nothing".to_owned()),
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

/// Whether an expectation would also hold when nothing was asked in truth: a command that was
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
                // What is asked of the right kind is open only by a value of the run: then it may
                // hold.
                Judgement::Undecidable(_) => fits(expect, &seen),
            })
}

/// Whether everything that is asked is asked of what was seen: a command or an answer.
pub(super) fn fits(expect: &Expect, seen: &Observation) -> bool {
    let command = matches!(seen, Observation::Command(_));
    look::clauses(expect)
        .into_iter()
        .all(|clause| match &clause.test {
            Test::Exit(_) | Test::Stdout(_) | Test::Stderr(_) => command,
            Test::Status(_) | Test::Body(_) | Test::Header(..) | Test::Certificate(_) => !command,
            Test::Json(_) | Test::Duration(_) => true,
        })
}

/// Whether no answer is all that the expectation accepts, in its own words.
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
            _ => false,
        },
        Expect::All(parts) => parts.iter().any(claims_no_answer),
        Expect::Any(parts) => !parts.is_empty() && parts.iter().all(claims_no_answer),
        Expect::Not(_) => false,
    }
}

fn holds(expect: &Expect, seen: &Observation) -> bool {
    judge(expect, seen, &Scope::new()) == Judgement::Holds
}

fn cannot_fail(what: &str, instead: &str) -> String {
    format!("`{what}` cannot fail: {instead}")
}

fn exhaustive(what: &str) -> String {
    cannot_fail(what, "one of the alternatives always holds")
}

fn denies_the_impossible(what: &str) -> String {
    cannot_fail(&format!("not: {what}"), "what it denies is impossible")
}

/// Why a test, or a part of it, cannot fail.
fn test(test: &Test) -> Option<String> {
    let expect = || clause(test.clone());
    match test {
        Test::Exit(matcher) => always(&expect()).then(|| {
            cannot_fail(
                &describe::exit(matcher),
                "say which, or deny those that mean it did not run: `not: [126, 127]`",
            )
        }),
        Test::Status(matcher) => always(&expect()).then(|| {
            cannot_fail(
                &format!("status {}", describe::status(matcher)),
                "it covers no answer and every status a server sends",
            )
        }),
        Test::Stdout(matcher) | Test::Stderr(matcher) | Test::Body(matcher) => text_part(matcher),
        Test::Header(_, matcher) => matcher.as_ref().and_then(text_part),
        Test::Json(test) => json_part(&test.matcher),
        Test::Duration(limits) => bounds_part(limits, Domain::Positive, "ms"),
        Test::Certificate(matcher) => certificate_part(matcher),
    }
}

fn clause(test: Test) -> Expect {
    Expect::Holds(Clause { span: 0..0, test })
}

fn bounds_part(limits: &Limits, domain: Domain, unit: &str) -> Option<String> {
    if *limits == Limits::default() {
        Some("bounds without a number ask for nothing".to_owned())
    } else {
        limits::always(limits, domain).then(|| {
            cannot_fail(
                &limits::describe(limits, unit, &Scope::new()),
                "every number that can occur is within it",
            )
        })
    }
}

fn certificate_part(matcher: &CertificateMatcher) -> Option<String> {
    let nothing = matcher.days_left.is_none() && matcher.sha256.is_none() && matcher.name.is_none();
    if nothing {
        return Some("a certificate without days_left, sha256 or name asks for nothing".to_owned());
    }
    let limits = matcher.days_left.as_ref()?;
    bounds_part(limits, Domain::Whole, "days")
}

/// Why a text matcher, or a part of it, cannot fail.
fn text_part(matcher: &TextMatcher) -> Option<String> {
    let words = || describe::text(matcher, &Scope::new());
    let inner = match matcher {
        TextMatcher::All(parts) if parts.is_empty() => {
            Some("an empty list asks for nothing".to_owned())
        }
        TextMatcher::All(parts) | TextMatcher::Any(parts) => parts.iter().find_map(text_part),
        TextMatcher::Line { matcher, .. } | TextMatcher::EveryLine(matcher) => text_part(matcher),
        TextMatcher::Lines(limits) => bounds_part(limits, Domain::Counting, "lines"),
        TextMatcher::Count { bounds: limits, .. } => {
            bounds_part(limits, Domain::Counting, "matches")
        }
        TextMatcher::Number(limits) => bounds_part(limits, Domain::Real, ""),
        TextMatcher::Time(matcher) => time::always(matcher)
            .then(|| cannot_fail(&words(), "every time that can be read is within it")),
        TextMatcher::Version(limits) => (*limits == VersionBounds::default())
            .then(|| "bounds without a version ask for nothing".to_owned()),
        TextMatcher::Json(test) => json_part(&test.matcher),
        TextMatcher::Not(inner) => {
            text_never(inner).then(|| denies_the_impossible(&describe::text(inner, &Scope::new())))
        }
        _ => None,
    };
    inner.or_else(|| {
        text_always(matcher).then(|| match matcher {
            TextMatcher::Any(_) => exhaustive(&words()),
            _ => cannot_fail(&words(), "it holds for every text, the empty one included"),
        })
    })
}

/// Why a JSON matcher, or a part of it, cannot fail where there is a value.
fn json_part(matcher: &JsonMatcher) -> Option<String> {
    match matcher {
        JsonMatcher::Count(limits) => bounds_part(limits, Domain::Counting, "elements"),
        JsonMatcher::Number(limits) => bounds_part(limits, Domain::Real, ""),
        JsonMatcher::Text(matcher) => text_part(matcher),
        JsonMatcher::All(parts) if parts.is_empty() => {
            Some("an empty list asks for nothing".to_owned())
        }
        JsonMatcher::All(parts) => parts.iter().find_map(json_part),
        JsonMatcher::Not(inner) => {
            json_never(inner).then(|| denies_the_impossible(&describe::json(inner, &Scope::new())))
        }
        JsonMatcher::Is(_)
        | JsonMatcher::Equals(_)
        | JsonMatcher::Absent(_)
        | JsonMatcher::Type(_) => None,
    }
}

/// Whether an expectation holds wherever there is something for it to look at.
fn always(expect: &Expect) -> bool {
    match expect {
        _ if only(expect, is_exit) => panel::exits().all(|seen| holds(expect, &seen)),
        // 1xx is never the last answer, and nothing beyond 5xx is defined (RFC 9110, 15).
        _ if only(expect, is_status) => (200..=599)
            .map(|status| panel::answer(status, ""))
            .chain(panel::no_answers())
            .all(|seen| holds(expect, &seen)),
        Expect::Holds(clause) => match &clause.test {
            Test::Stdout(matcher) | Test::Stderr(matcher) | Test::Body(matcher) => {
                text_always(matcher)
            }
            Test::Duration(limits) => limits::always(limits, Domain::Positive),
            _ => false,
        },
        Expect::All(parts) => parts.iter().all(always),
        Expect::Any(parts) => {
            parts.iter().any(always)
                || complementary(parts, key, denied)
                || of_one_text(parts).is_some_and(|whole| text_always(&whole))
                || (!denies(expect)
                    && (panel::commands().all(|seen| holds(expect, &seen))
                        || panel::answers().all(|seen| holds(expect, &seen))))
        }
        Expect::Not(inner) => never(inner),
    }
}

/// Whether an expectation holds for nothing that can be seen. `false` also where it is not known.
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
            Test::Stdout(matcher)
            | Test::Stderr(matcher)
            | Test::Body(matcher)
            | Test::Header(_, Some(matcher)) => text_never(matcher),
            Test::Json(test) => json_never(&test.matcher),
            Test::Duration(limits) => limits::never(limits, Domain::Positive),
            Test::Certificate(matcher) => matcher
                .days_left
                .as_ref()
                .is_some_and(|limits| limits::never(limits, Domain::Whole)),
            Test::Header(_, None) | Test::Exit(_) | Test::Status(_) => false,
        },
        Expect::All(parts) => parts.iter().any(never) || complementary(parts, key, denied),
        Expect::Any(parts) => parts.iter().all(never),
        Expect::Not(inner) => always(inner),
    }
}

/// Whether a matcher holds for every text in which there is something for it to look at.
pub(super) fn text_always(matcher: &TextMatcher) -> bool {
    match matcher {
        TextMatcher::Not(inner) => text_never(inner),
        TextMatcher::All(parts) => parts.iter().all(text_always),
        TextMatcher::Any(parts) => {
            parts.iter().any(text_always)
                || complementary(parts, text_key, text_denied)
                || covers_every_count(parts)
                || (!text_denies(matcher) && holds_for_all_texts(matcher))
        }
        TextMatcher::Lines(limits) | TextMatcher::Count { bounds: limits, .. } => {
            limits::always(limits, Domain::Counting)
        }
        _ => !text_denies(matcher) && holds_for_all_texts(matcher),
    }
}

/// Whether all parts count lines, and every number of lines is within one of them.
fn covers_every_count(parts: &[TextMatcher]) -> bool {
    let all: Option<Vec<&Limits>> = parts
        .iter()
        .map(|part| match part {
            TextMatcher::Lines(limits) => Some(limits),
            _ => None,
        })
        .collect();
    all.is_some_and(|all| limits::covered(&all))
}

/// Whether a matcher holds for no text. `false` also where it is not known.
pub(super) fn text_never(matcher: &TextMatcher) -> bool {
    match matcher {
        TextMatcher::Not(inner) => text_always(inner),
        TextMatcher::All(parts) => {
            parts.iter().any(text_never) || complementary(parts, text_key, text_denied)
        }
        TextMatcher::Any(parts) => parts.iter().all(text_never),
        TextMatcher::Line { number: 0, .. } => true,
        TextMatcher::Line { matcher, .. } | TextMatcher::EveryLine(matcher) => text_never(matcher),
        TextMatcher::Lines(limits) | TextMatcher::Count { bounds: limits, .. } => {
            limits::never(limits, Domain::Counting)
        }
        TextMatcher::Number(limits) => limits::never(limits, Domain::Real),
        TextMatcher::Time(matcher) => time::never(matcher),
        TextMatcher::Version(limits) => version::never(limits),
        TextMatcher::Json(test) => json_never(&test.matcher),
        TextMatcher::Sha256(digest) => {
            digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit())
        }
        _ => false,
    }
}

fn json_never(matcher: &JsonMatcher) -> bool {
    const TYPES: [&str; 6] = ["string", "number", "boolean", "null", "array", "object"];
    match matcher {
        JsonMatcher::Count(limits) => limits::never(limits, Domain::Counting),
        JsonMatcher::Number(limits) => limits::never(limits, Domain::Real),
        JsonMatcher::Type(name) => !TYPES.contains(&name.as_str()),
        JsonMatcher::Text(matcher) => text_never(matcher),
        JsonMatcher::All(parts) => parts.iter().any(json_never),
        _ => false,
    }
}

fn holds_for_all_texts(matcher: &TextMatcher) -> bool {
    let scope = Scope::new();
    let site = Site {
        span: 0..0,
        subject: String::new(),
        scope: &scope,
        at: chrono::DateTime::UNIX_EPOCH,
    };
    panel::TEXTS
        .iter()
        .all(|one| text::judge(&site, matcher, &text::Seen::whole(one)).holds())
}

/// Whether all clauses of an expectation are of one kind.
fn only(expect: &Expect, kind: fn(&Test) -> bool) -> bool {
    let clauses = look::clauses(expect);
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
            | Test::Header(_, None)
            | Test::Duration(_) => true,
            Test::Stdout(matcher)
            | Test::Stderr(matcher)
            | Test::Body(matcher)
            | Test::Header(_, Some(matcher)) => text_denies(matcher),
            _ => false,
        },
    }
}

fn text_denies(matcher: &TextMatcher) -> bool {
    match matcher {
        TextMatcher::Not(_) => true,
        // A limit denies numbers that no text of the panel may have.
        TextMatcher::Count { .. } | TextMatcher::Lines(_) => true,
        // No text of the panel has a secret.
        TextMatcher::Secrets(_) => true,
        TextMatcher::All(parts) | TextMatcher::Any(parts) => parts.iter().any(text_denies),
        TextMatcher::Line { matcher, .. } | TextMatcher::EveryLine(matcher) => text_denies(matcher),
        _ => false,
    }
}

/// Whether the parts have `x` and `not x` among them.
fn complementary<T>(
    parts: &[T],
    key: impl Fn(&T) -> String,
    denied: impl Fn(&T) -> Option<&T>,
) -> bool {
    let keys: Vec<String> = parts.iter().map(&key).collect();
    parts
        .iter()
        .filter_map(denied)
        .any(|inner| keys.contains(&key(inner)))
}

fn denied(expect: &Expect) -> Option<&Expect> {
    match expect {
        Expect::Not(inner) => Some(inner),
        _ => None,
    }
}

fn text_denied(matcher: &TextMatcher) -> Option<&TextMatcher> {
    match matcher {
        TextMatcher::Not(inner) => Some(inner),
        _ => None,
    }
}

/// What an expectation says, without where it stands.
fn key(expect: &Expect) -> String {
    let listed = |parts: &[Expect]| parts.iter().map(key).collect::<Vec<_>>().join(", ");
    match expect {
        Expect::Holds(clause) => format!("{:?}", clause.test),
        Expect::All(parts) => format!("All[{}]", listed(parts)),
        Expect::Any(parts) => format!("Any[{}]", listed(parts)),
        Expect::Not(inner) => format!("Not({})", key(inner)),
    }
}

fn text_key(matcher: &TextMatcher) -> String {
    format!("{matcher:?}")
}

/// Alternatives that all look at one and the same text, as alternatives of that text.
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
            _ => return None,
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
