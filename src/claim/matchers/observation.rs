//! An expectation held against one observation: a command's, or one vantage's.

use super::observed::ObservedText;
use super::result::{HELD, MatchResult, MatchSite};
use super::summary::{self, Single};
use super::{
    bounds::{self, Domain},
    certificate, describe, exit,
    limits::{self, Limits},
    render, status,
};
use crate::expectation::{Clause, Expect, Test, TextMatcher};
use kit::text::Scope;
use kit::yaml::source::Span;
use reach::observation::{Captured, HttpObservation, HttpResponse};

/// What was observed in one place, and how to name it.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) single: Single<'a>,
    /// The vantage, when there are several.
    pub(super) vantage: Option<&'a str>,
    pub(super) scope: &'a Scope,
}

/// Holds what was observed against an expectation.
pub(super) fn judge(context: Context<'_>, expect: &Expect) -> MatchResult {
    match expect {
        Expect::Holds(clause) => judge_clause(context, clause),
        Expect::All(parts) => MatchResult::all(parts.iter().map(|part| judge(context, part))),
        Expect::Any(parts) => MatchResult::any(
            parts.iter().map(|part| judge(context, part)).collect(),
            &context.site(span(expect), "any"),
        ),
        Expect::Not(inner) => judge(context, inner).negate(|| {
            let subject = match clauses(inner).as_slice() {
                [only] => subject(&only.test),
                _ => "not".to_owned(),
            };
            context
                .site(span(inner), &subject)
                .differs(
                    describe::expect(expect, context.scope),
                    summary::single(context.single),
                )
                .with_note(Some(HELD.to_owned()))
        }),
    }
}

impl<'a> Context<'a> {
    fn site(&self, span: Span, subject: &str) -> MatchSite<'a> {
        let subject = match self.vantage {
            Some(vantage) => format!("{vantage}: {subject}"),
            None => subject.to_owned(),
        };
        MatchSite {
            span,
            subject,
            scope: self.scope,
            at: match self.single {
                Single::Command(command) => command.at,
                Single::Http(http) => http.at,
            },
        }
    }
}

/// All clauses of an expectation, in its order.
pub(super) fn clauses(expect: &Expect) -> Vec<&Clause> {
    match expect {
        Expect::Holds(clause) => vec![clause],
        Expect::All(parts) | Expect::Any(parts) => parts.iter().flat_map(clauses).collect(),
        Expect::Not(inner) => clauses(inner),
    }
}

/// Where an expectation stands: from its first clause to its last.
pub(super) fn span(expect: &Expect) -> Span {
    let spans: Vec<&Span> = clauses(expect).into_iter().map(|c| &c.span).collect();
    let start = spans.iter().map(|span| span.start).min().unwrap_or(0);
    let end = spans.iter().map(|span| span.end).max().unwrap_or(0);
    start..end
}

/// The part of an observation that a test is about.
fn subject(test: &Test) -> String {
    match test {
        Test::Exit(_) => "exit".to_owned(),
        Test::Stdout(_) => "stdout".to_owned(),
        Test::Stderr(_) => "stderr".to_owned(),
        Test::Status(_) => "status".to_owned(),
        Test::Body(_) => "body".to_owned(),
        Test::Cookie(Some(name), _) => format!("cookie {name}"),
        Test::Cookie(None, _) => "cookies".to_owned(),
        Test::Header(name, _) => format!("header {}", name.to_ascii_lowercase()),
        Test::Json(test) => test.subject(),
        Test::TestRun(_) => "tests".to_owned(),
        Test::Duration(_) => "duration".to_owned(),
        Test::Certificate(_) => "certificate".to_owned(),
    }
}

fn judge_clause(context: Context<'_>, clause: &Clause) -> MatchResult {
    let subject = subject(&clause.test);
    let site = context.site(clause.span.clone(), &subject);
    match (&clause.test, context.single) {
        (Test::Exit(matcher), Single::Command(command)) => exit::judge(&site, matcher, command),
        (Test::Stdout(matcher), Single::Command(command)) => {
            stream(&site, matcher, &command.stdout, "stdout")
        }
        (Test::Stderr(matcher), Single::Command(command)) => {
            stream(&site, matcher, &command.stderr, "stderr")
        }
        (Test::Status(matcher), Single::Http(http)) => status::judge(&site, matcher, &http.answer),
        (Test::Body(matcher), Single::Http(http)) => answered(
            &site,
            http,
            || matcher.rule().describe(site.scope),
            |response| matcher.rule().judge(&site, &ObservedText::body(response)),
        ),
        (Test::Header(name, matcher), Single::Http(http)) => answered(
            &site,
            http,
            || matcher.describe(site.scope),
            |response| matcher.judge(&site, name, response),
        ),
        (Test::Cookie(name, matcher), Single::Http(http)) => answered(
            &site,
            http,
            || matcher.describe(site.scope),
            |response| matcher.judge(&site, name.as_deref(), response),
        ),
        (Test::Json(test), Single::Command(command)) => {
            test.judge(&site, &ObservedText::stream(&command.stdout, "stdout"))
        }
        (Test::Json(test), Single::Http(http)) => answered(
            &site,
            http,
            || test.matcher.rule().describe(site.scope),
            |response| test.judge(&site, &ObservedText::body(response)),
        ),
        (Test::Duration(limits), Single::Command(command)) => {
            duration(&site, limits, command.duration)
        }
        (Test::Duration(limits), Single::Http(http)) => duration(&site, limits, http.duration),
        (Test::Certificate(matcher), Single::Http(http)) => answered(
            &site,
            http,
            || certificate::describe(matcher, site.scope),
            |response| certificate::judge(&site, matcher, response.certificate.as_ref()),
        ),
        (Test::TestRun(matcher), Single::Command(command)) => matcher.judge(&site, command),
        (Test::Exit(_) | Test::Stdout(_) | Test::Stderr(_) | Test::TestRun(_), Single::Http(_)) => {
            MatchResult::Undecidable(format!(
                "the claim expects {subject}, but the probe is an HTTP request"
            ))
        }
        (
            Test::Status(_)
            | Test::Body(_)
            | Test::Header(..)
            | Test::Cookie(..)
            | Test::Certificate(_),
            Single::Command(_),
        ) => MatchResult::Undecidable(format!(
            "the claim expects {}, but the probe is a command",
            render::clean(&subject, 80)
        )),
    }
}

/// Judges the answer, if there is one.
fn answered(
    site: &MatchSite<'_>,
    http: &HttpObservation,
    expected: impl FnOnce() -> String,
    judge: impl FnOnce(&HttpResponse) -> MatchResult,
) -> MatchResult {
    match &http.answer {
        Ok(response) => judge(response),
        Err(no_answer) => site
            .unfit(expected(), status::observed(Err(no_answer.cause)))
            .with_note(status::detail(&http.answer)),
    }
}

fn stream(
    site: &MatchSite<'_>,
    matcher: &TextMatcher,
    captured: &Captured,
    name: &str,
) -> MatchResult {
    matcher
        .rule()
        .judge(site, &ObservedText::stream(captured, name))
}

fn duration(site: &MatchSite<'_>, limits: &Limits, took: std::time::Duration) -> MatchResult {
    let millis = limits::millis(took);
    match limits::fixed(site, limits, Domain::Positive) {
        Err(result) => result,
        Ok(plain) if bounds::within(&plain, &millis) => MatchResult::Holds,
        Ok(_) => site.differs(
            limits::describe(limits, "ms", site.scope),
            format!("{:.1} ms", took.as_secs_f64() * 1000.0),
        ),
    }
}
