//! An expectation held against one observation: a command's, or one vantage's.

use super::verdict::{Site, Verdict};
use super::{
    bounds::{self, Domain},
    certificate, describe, exit, json, limits, render, status, summary,
    text::{self, Seen},
};
use crate::expectation::{Clause, Expect, JsonTest, Limits, Test, TextMatcher};
use kit::text::Scope;
use kit::yaml::source::Span;
use reach::observation::{Captured, CommandObservation, HttpObservation, HttpResponse};

/// What was seen in one place.
#[derive(Clone, Copy)]
pub(super) enum One<'a> {
    /// A command.
    Command(&'a CommandObservation),
    /// An HTTP answer, or none.
    Http(&'a HttpObservation),
}

/// What was seen in one place, and how to speak of it.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    /// What was seen.
    pub(super) one: One<'a>,
    /// The vantage, when there are several.
    pub(super) vantage: Option<&'a str>,
    /// Values of parameters.
    pub(super) scope: &'a Scope,
}

/// Holds what was seen against an expectation.
pub(super) fn judge(look: Look<'_>, expect: &Expect) -> Verdict {
    match expect {
        Expect::Holds(clause) => judge_clause(look, clause),
        Expect::All(parts) => Verdict::all(parts.iter().map(|part| judge(look, part))),
        Expect::Any(parts) => Verdict::any(
            parts.iter().map(|part| judge(look, part)).collect(),
            &look.site(span(expect), "any"),
        ),
        Expect::Not(inner) => judge(look, inner).negate(|| {
            let subject = match clauses(inner).as_slice() {
                [only] => subject(&only.test),
                _ => "not".to_owned(),
            };
            look.site(span(inner), &subject)
                .differs(describe::expect(expect, look.scope), summary::one(look.one))
                .with_note(Some("that holds, though it must not".to_owned()))
        }),
    }
}

impl<'a> Look<'a> {
    fn site(&self, span: Span, subject: &str) -> Site<'a> {
        let subject = match self.vantage {
            Some(vantage) => format!("{vantage}: {subject}"),
            None => subject.to_owned(),
        };
        Site {
            span,
            subject,
            scope: self.scope,
            at: match self.one {
                One::Command(command) => command.at,
                One::Http(http) => http.at,
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

/// The part of an observation that a test looks at.
fn subject(test: &Test) -> String {
    match test {
        Test::Exit(_) => "exit".to_owned(),
        Test::Stdout(_) => "stdout".to_owned(),
        Test::Stderr(_) => "stderr".to_owned(),
        Test::Status(_) => "status".to_owned(),
        Test::Body(_) => "body".to_owned(),
        Test::Header(name, _) => format!("header {}", name.to_ascii_lowercase()),
        Test::Json(test) => format!("json {}", test.path.source),
        Test::Duration(_) => "duration".to_owned(),
        Test::Certificate(_) => "certificate".to_owned(),
    }
}

fn judge_clause(look: Look<'_>, clause: &Clause) -> Verdict {
    let subject = subject(&clause.test);
    let site = look.site(clause.span.clone(), &subject);
    match (&clause.test, look.one) {
        (Test::Exit(matcher), One::Command(command)) => exit::judge(&site, matcher, command),
        (Test::Stdout(matcher), One::Command(command)) => {
            stream(&site, matcher, &command.stdout, "stdout")
        }
        (Test::Stderr(matcher), One::Command(command)) => {
            stream(&site, matcher, &command.stderr, "stderr")
        }
        (Test::Status(matcher), One::Http(http)) => status::judge(&site, matcher, &http.answer),
        (Test::Body(matcher), One::Http(http)) => answered(
            &site,
            http,
            || describe::text(matcher, site.scope),
            |response| stream(&site, matcher, &response.body, "body"),
        ),
        (Test::Header(name, matcher), One::Http(http)) => answered(
            &site,
            http,
            || match matcher {
                Some(matcher) => describe::text(matcher, site.scope),
                None => "absent".to_owned(),
            },
            |response| header(&site, name, matcher.as_ref(), response),
        ),
        (Test::Json(test), One::Command(command)) => {
            json::judge(&site, test, &Seen::stream(&command.stdout, "stdout"))
        }
        (Test::Json(test), One::Http(http)) => answered(
            &site,
            http,
            || describe::json(&test.matcher, site.scope),
            |response| body_json(&site, test, response),
        ),
        (Test::Duration(limits), One::Command(command)) => {
            duration(&site, limits, command.duration)
        }
        (Test::Duration(limits), One::Http(http)) => duration(&site, limits, http.duration),
        (Test::Certificate(matcher), One::Http(http)) => answered(
            &site,
            http,
            || describe::certificate(matcher, site.scope),
            |response| certificate::judge(&site, matcher, response.certificate.as_ref()),
        ),
        (Test::Exit(_) | Test::Stdout(_) | Test::Stderr(_), One::Http(_)) => Verdict::Undecidable(
            format!("the claim asks for {subject}, but an HTTP request was made"),
        ),
        (
            Test::Status(_) | Test::Body(_) | Test::Header(..) | Test::Certificate(_),
            One::Command(_),
        ) => Verdict::Undecidable(format!(
            "the claim asks for {}, but a command was run",
            render::clean(&subject, 80)
        )),
    }
}

/// Looks at an answer, if there is one.
fn answered(
    site: &Site<'_>,
    http: &HttpObservation,
    expected: impl FnOnce() -> String,
    look: impl FnOnce(&HttpResponse) -> Verdict,
) -> Verdict {
    match &http.answer {
        Ok(response) => look(response),
        Err(no_answer) => site
            .unfit(expected(), status::observed(Err(no_answer.cause)))
            .with_note(status::detail(&http.answer)),
    }
}

fn stream(site: &Site<'_>, matcher: &TextMatcher, captured: &Captured, name: &str) -> Verdict {
    text::judge(site, matcher, &Seen::stream(captured, name))
}

fn body_json(site: &Site<'_>, test: &JsonTest, response: &HttpResponse) -> Verdict {
    json::judge(site, test, &Seen::stream(&response.body, "body"))
}

/// One header of the name that matches is enough; `None` wants no header of the name.
fn header(
    site: &Site<'_>,
    name: &str,
    matcher: Option<&TextMatcher>,
    response: &HttpResponse,
) -> Verdict {
    let values: Vec<&str> = response
        .headers
        .iter()
        .filter(|(header, _)| header.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
        .collect();
    match (matcher, values.as_slice()) {
        (None, []) => Verdict::Holds,
        (None, values) => site.differs("absent", values.join(", ")),
        (Some(matcher), []) => site.differs(describe::text(matcher, site.scope), "absent"),
        (Some(matcher), values) => Verdict::any(
            values
                .iter()
                .map(|value| text::judge(site, matcher, &Seen::whole(value)))
                .collect(),
            site,
        ),
    }
}

fn duration(site: &Site<'_>, wanted: &Limits, took: std::time::Duration) -> Verdict {
    let millis = took.as_secs_f64() * 1000.0;
    match limits::fixed(site, wanted, Domain::Positive) {
        Err(verdict) => verdict,
        Ok(plain) if bounds::within(&plain, millis) => Verdict::Holds,
        Ok(_) => site.differs(
            limits::describe(wanted, "ms", site.scope),
            format!("{millis:.1} ms"),
        ),
    }
}
