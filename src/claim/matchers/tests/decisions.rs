//! What holds, what differs, and what cannot be told.

use super::*;
use crate::expectation::CertificateMatcher;
use reach::observation::Certificate;

#[test]
fn reports_every_mismatch_of_a_conjunction() {
    let expect = Expect::All(vec![exit(&[0]), stdout(equals("a")), stdout(contains("b"))]);
    let found = differs(&expect, &command(Ending::Exited(1), "c", "broken pipe"));
    assert_eq!(found.len(), 3);
    assert_eq!(
        (found[0].subject.as_str(), found[1].subject.as_str()),
        ("exit", "stdout")
    );
    assert_eq!(found[0].expected, "exit 0");
    assert_eq!(found[0].observed, "exit 1");
    assert_eq!(note(&found), "stderr: broken pipe");
    assert_eq!(found[0].span, 3..9);
}

#[test]
fn says_what_each_alternative_lacked() {
    let expect = Expect::Any(vec![stdout(equals("a")), stdout(equals("b"))]);
    holds(&expect, &printed("b"));
    let found = differs(&expect, &printed("c"));
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].note.as_deref(), Some("alternative 2 of 2"));
    differs(&Expect::Any(vec![]), &printed("c"));
}

#[test]
fn says_what_held_though_it_must_not() {
    let found = differs(&not(stdout(equals("a"))), &printed("a"));
    assert_eq!(found[0].subject, "stdout");
    assert_eq!(found[0].expected, "not: stdout \"a\"");
    assert_eq!(found[0].observed, "exit 0: a");
    let found = differs(&stdout(text_not(contains("bad"))), &printed("ok\nso bad\n"));
    assert_eq!(note(&found), "it is there, in line 2: so bad");
}

#[test]
fn a_negation_needs_something_to_look_at() {
    let nothing = unanswered(NoAnswerCause::Refused);
    let found = differs(&not(body(contains("error"))), &nothing);
    assert!(
        note(&found).contains("a `not` holds only where"),
        "{found:?}"
    );
    differs(
        &stdout(text_not(TextMatcher::Number(at_least(5.0)))),
        &printed("n/a"),
    );
    differs(
        &not(clause(Test::Json(json_at(
            "$.a",
            JsonMatcher::Absent(false),
        )))),
        &printed("<html>"),
    );
    let either = Expect::Any(vec![
        body(contains("a")),
        status(vec![StatusItem::Code(200)]),
    ]);
    differs(&not(either), &nothing);
    // That there was no answer is itself something to look at.
    holds(&not(status(vec![StatusItem::Code(200)])), &nothing);
    differs(
        &clause(Test::Status(StatusMatcher::NoneOf(vec![StatusItem::Code(
            200,
        )]))),
        &nothing,
    );
}

#[test]
fn tells_exit_codes_from_signals() {
    let signal = |number| clause(Test::Exit(ExitMatcher::Signal(number)));
    let any_but = |code| clause(Test::Exit(ExitMatcher::NoneOf(vec![code])));
    let killed = command(Ending::Signalled(9), "", "");
    holds(&signal(9), &killed);
    holds(&signal(9), &command(Ending::Exited(137), "", ""));
    differs(&signal(15), &killed);
    holds(&any_but(0), &command(Ending::Exited(1), "", ""));
    differs(&any_but(0), &killed);
    differs(&not(any_but(0)), &killed);
    let found = differs(&exit(&[137]), &killed);
    assert!(note(&found).contains("write `signal: 9`"), "{found:?}");
    let found = differs(
        &exit(&[0]),
        &command(Ending::Exited(127), "", "sh: x: not found"),
    );
    assert_eq!(
        note(&found),
        "127: a shell did not find the command; stderr: sh: x: not found"
    );
}

#[test]
fn no_answer_is_never_a_status() {
    let claimed = status(vec![sentinel(&[])]);
    holds(&claimed, &unanswered(NoAnswerCause::Timeout));
    let found = differs(&claimed, &answered(response(999, "")));
    assert_eq!(
        note(&found),
        "a real answer whose status line says 999, not the sentinel for no answer"
    );
    let found = differs(
        &status(vec![StatusItem::Code(200)]),
        &unanswered(NoAnswerCause::Refused),
    );
    assert_eq!(found[0].observed, "no answer (refused)");
    assert_eq!(note(&found), "the system says refused");
    let found = differs(
        &status(vec![sentinel(&[NoAnswerCause::Refused])]),
        &unanswered(NoAnswerCause::Timeout),
    );
    assert!(note(&found).contains("cause refused") && note(&found).contains("timeout"));
    holds(
        &status(vec![StatusItem::Class(4)]),
        &answered(response(404, "")),
    );
    differs(
        &status(vec![StatusItem::Class(4)]),
        &answered(response(500, "")),
    );
}

#[test]
fn vantages_must_each_hold_and_agree() {
    let two = |a, b| Observation::Http(vec![seen_from("cc-ci", a), seen_from("local", b)]);
    let fine = status(vec![StatusItem::Code(200), StatusItem::Code(502)]);
    holds(&fine, &two(Ok(response(200, "")), Ok(response(200, "x"))));
    let found = differs(&fine, &two(Ok(response(200, "")), Ok(response(502, ""))));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].subject, "vantage");
    assert_eq!(found[0].observed, "cc-ci 200, local 502");
    let found = differs(
        &fine,
        &two(Ok(response(200, "")), Err(NoAnswerCause::Timeout)),
    );
    assert_eq!(found[0].subject, "local: status");
    assert_eq!(found[1].observed, "cc-ci 200, local 999 (timeout)");
    // Also when no claim is made about the status.
    let found = differs(
        &body(equals("x")),
        &two(Ok(response(200, "x")), Ok(response(500, "x"))),
    );
    assert_eq!(found[0].subject, "vantage");
    holds(
        &status(vec![sentinel(&[])]),
        &two(Err(NoAnswerCause::Timeout), Err(NoAnswerCause::Refused)),
    );
    undecidable(&fine, &Observation::Http(vec![]));
}

#[test]
fn what_does_not_fit_the_probe_is_undecidable() {
    undecidable(&exit(&[0]), &answered(response(200, "")));
    undecidable(&not(stdout(equals("a"))), &answered(response(200, "")));
    undecidable(&status(vec![StatusItem::Code(200)]), &printed("200"));
}

#[test]
fn several_headers_of_a_name_must_agree_or_the_claim_says_which_it_means() {
    let mut with = response(200, "");
    with.headers = [
        ("vary", "a"),
        ("set-cookie", "x=1; Secure"),
        ("set-cookie", "y=2"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let seen = answered(with);
    let header = |name: &str, matcher| clause(Test::Header(name.to_owned(), matcher));
    let cookie = |matcher| header("Set-Cookie", matcher);
    let plain = |matcher| HeaderMatcher::Plain(matcher);
    let each = |which, matcher| HeaderMatcher::Each(which, matcher);
    let (every, any, none) = (Quantifier::Every, Quantifier::Any, Quantifier::None);

    // One of two decides nothing, in either direction.
    for matcher in [contains("Secure"), text_not(contains("y="))] {
        let found = differs(&cookie(plain(matcher.clone())), &seen);
        assert!(note(&found).contains("which is meant"), "{found:?}");
        differs(&not(cookie(plain(matcher))), &seen);
    }
    holds(&cookie(plain(contains("="))), &seen);
    holds(&cookie(plain(text_not(contains("z=")))), &seen);

    holds(&cookie(each(any, contains("Secure"))), &seen);
    differs(&cookie(each(every, contains("Secure"))), &seen);
    holds(&not(cookie(each(every, contains("Secure")))), &seen);
    differs(&cookie(each(none, contains("y="))), &seen);
    holds(&cookie(each(none, contains("z="))), &seen);
    // Nothing is shown by headers that are not there.
    for which in [every, any, none] {
        differs(&header("x-none", each(which, contains("a"))), &seen);
        differs(&not(header("x-none", each(which, contains("a")))), &seen);
    }

    let literal = |texts: &[&str]| texts.iter().map(|text| Text::literal(*text)).collect();
    holds(
        &cookie(HeaderMatcher::Set(literal(&["y=2", "x=1; Secure"]))),
        &seen,
    );
    differs(&cookie(HeaderMatcher::Set(literal(&["y=2"]))), &seen);
    holds(&cookie(HeaderMatcher::Count(exactly(2.0))), &seen);
    holds(&header("location", HeaderMatcher::Absent), &seen);
    holds(&header("vary", HeaderMatcher::Present), &seen);
    assert_eq!(differs(&cookie(plain(equals("z"))), &seen).len(), 2);
    assert_eq!(
        differs(&header("Location", plain(equals("z"))), &seen)[0].subject,
        "header location"
    );
    assert_eq!(
        differs(&header("vary", HeaderMatcher::Absent), &seen)[0].observed,
        "a"
    );
    differs(
        &header("location", HeaderMatcher::Absent),
        &unanswered(NoAnswerCause::Tls),
    );
}

#[test]
fn looks_at_certificates_and_durations() {
    let mut with = response(200, "");
    with.certificate = Some(Certificate {
        sha256: "ab".repeat(32),
        not_after: 0,
        days_left: 20,
        names: vec!["*.example.org".to_owned(), "example.org".to_owned()],
    });
    let seen = answered(with);
    let matcher = |days: f64, digest: &str, name: &str| {
        clause(Test::Certificate(CertificateMatcher {
            days_left: Some(at_least(days)),
            sha256: Some(digest.repeat(32)),
            name: Some(Text::literal(name)),
        }))
    };
    holds(&matcher(14.0, "AB", "Example.org"), &seen);
    let found = differs(&matcher(30.0, "cd", "www.example.org"), &seen);
    assert_eq!(found.len(), 3);
    assert!(
        found[2]
            .note
            .as_deref()
            .unwrap()
            .contains("`*.example.org` covers it")
    );
    let found = differs(&matcher(14.0, "ab", ".example.org"), &seen);
    assert_eq!(found[0].note, None);
    differs(
        &matcher(14.0, "ab", "example.org"),
        &answered(response(200, "")),
    );
    holds(&clause(Test::Duration(at_most(12.0))), &seen);
    holds(&clause(Test::Duration(at_most(12.0))), &printed(""));
    let found = differs(&clause(Test::Duration(at_most(11.9))), &printed(""));
    assert_eq!(found[0].observed, "12.0 ms");
}
