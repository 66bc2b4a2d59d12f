//! Expectations that hold where nothing was found, and those that hold on the wrong answer.

use super::mutated::{any_test, looks_at_text};
use crate::command::Origin;
use crate::expectation::{ExitMatcher, Expect, Test, TextMatcher};
use crate::matchers::{Judgement, answered, ended, judge, unreadable};
use crate::{Check, CommandProbe, HttpProbe, Probe};
use kit::text::Scope;
use reach::observation::Observation;

/// How an expectation holds where nothing was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Absence {
    /// It does not, or looks at nothing that is printed.
    No,
    /// It holds only there: any line more is noticed.
    Exact,
    /// It denies something. A text that nobody thought of is as good as none.
    Denied,
}

/// Why a check without a control would pass as well if it looked in the wrong place: it holds where nothing
/// is found, and nothing beside it shows that something could be.
pub fn unwitnessed(check: &Check, scope: &Scope) -> Option<String> {
    // What must not be seen in a window is described by the expectation.
    let settled = check.control.is_some() || check.timing.never_within.is_some();
    if settled {
        return None;
    }
    match &check.probe {
        Probe::Command(command) => of_command(command, &check.expect, scope),
        Probe::Http(http) => of_request(http, &check.expect),
        Probe::Human(_) => None,
    }
}

fn of_command(command: &CommandProbe, expect: &Expect, scope: &Scope) -> Option<String> {
    if let Some(key) = names_a_key_alone(expect) {
        return Some(format!("`contains: {key}` names a key, and no value of it"));
    }
    let origin = crate::command::origin(command, scope);
    if let Some(why) = of_what_it_tells(&origin, expect) {
        return Some(why);
    }
    let of_nothing = match absence(expect) {
        Absence::Denied => {
            return Some(
                "it passes for every output that lacks this, and for none at all; demand also a text that must be there, or give it a control".to_owned(),
            );
        }
        Absence::Exact => true,
        Absence::No => origin.counts && (0..=1).any(|code| holds(expect, &ended(code, "0\n"))),
    };
    let query = origin.query.filter(|_| of_nothing)?;
    Some(format!(
        "`{query}` answers nothing also where what it names does not exist; give it a control in which there is something"
    ))
}

/// Why the expectation cannot tell a world in which the claim is false, by what is known of the programs.
fn of_what_it_tells(origin: &Origin, expect: &Expect) -> Option<String> {
    let codes = stated_codes(expect);
    if origin.constant {
        return Some("it prints and ends as it is told, and asks nothing".to_owned());
    }
    if let Some(runner) = &origin.tests
        && codes.contains(&0)
        && codes.iter().any(|code| matches!(code, 1 | 101))
        && !any_test(expect, &|test| matches!(test, Test::TestRun(_)))
    {
        return Some(format!(
            "`{runner}` exits so where tests failed, too; demand `exit: 0`, or count them with `tests:`"
        ));
    }
    let told = origin.status.as_ref().filter(|_| codes.contains(&0))?;
    if looks_at_text(expect) {
        let passes = |statuses: &[u16]| {
            let mut printed = statuses.iter().filter_map(|status| told.prints(*status));
            printed.any(|text| holds(expect, &ended(0, &text)))
        };
        return (passes(&[200, 204, 301, 302]) && passes(&[500, 502, 503])).then(|| {
            "it holds for the status of a success and for that of a server's error; state the status".to_owned()
        });
    }
    (!told.by_exit).then(|| {
        "`curl` exits with 0 also where the server answers with an error; let it `--fail`, or ask with `http:` and state the status".to_owned()
    })
}

fn of_request(http: &HttpProbe, expect: &Expect) -> Option<String> {
    const LOGIN: &str = "<html><title>Sign in</title><form action=\"/login\"></form></html>";
    let succeeds = holds(expect, &answered(200, LOGIN));
    let follows = http.follow > 0;
    if succeeds && !follows && holds(expect, &answered(302, "")) {
        return Some(
            "it passes on a success and on a redirect to a login page alike; state the status"
                .to_owned(),
        );
    }
    if succeeds && follows && !looks_at_text(expect) {
        return Some(
            "it follows redirects and looks at the status alone, so it passes on a login page; demand a part of the body".to_owned(),
        );
    }
    if looks_at_text(expect) && holds(expect, &unreadable(200)) {
        return Some(
            "it looks at the body, and passes also where its `Content-Encoding` cannot be read; demand the body in every alternative".to_owned(),
        );
    }
    (absence_in_body(expect) == Absence::Denied).then(|| {
        "it passes for every body that lacks this, the empty one included; demand also a text that must be there, or give it a control".to_owned()
    })
}

/// Whether the expectation of a command holds where nothing was printed.
fn absence(expect: &Expect) -> Absence {
    let codes = stated_codes(expect);
    absence_of(expect, |text| {
        codes.iter().any(|code| holds(expect, &ended(*code, text)))
    })
}

/// Whether the expectation of a request holds on an empty body.
fn absence_in_body(expect: &Expect) -> Absence {
    absence_of(expect, |text| {
        let mut statuses = [200, 204, 401, 403, 404].into_iter();
        statuses.any(|status| holds(expect, &answered(status, text)))
    })
}

fn absence_of(expect: &Expect, on: impl Fn(&str) -> bool) -> Absence {
    if !looks_at_text(expect) {
        return Absence::No;
    }
    let (nothing, any): (&[&str], &[&str]) = if reads_json(expect) {
        (&["{}", "[]", "null"], &["{\"qj\": 1}", "[{\"qj\": 1}]"])
    } else {
        (&[""], &["one more line\n"])
    };
    let on = |texts: &[&str]| texts.iter().any(|text| on(text));
    match (on(nothing), on(any)) {
        (false, _) => Absence::No,
        (true, false) => Absence::Exact,
        (true, true) => Absence::Denied,
    }
}

/// A text that is looked for and is the name of a value: `role:`, `State =`.
fn names_a_key_alone(expect: &Expect) -> Option<String> {
    let mut key = None;
    let mut more = false;
    for test in tests(expect) {
        match test {
            Test::Stdout(TextMatcher::Contains(text)) => {
                let literal = text.render(&Scope::new());
                if literal.trim_end().ends_with([':', '=']) {
                    key = Some(literal);
                } else {
                    more = true;
                }
            }
            Test::Exit(_) | Test::Duration(_) => {}
            _ => more = true,
        }
    }
    key.filter(|_| !more)
}

/// The tests that must all hold; none where there are alternatives.
fn tests(expect: &Expect) -> Vec<&Test> {
    match expect {
        Expect::Holds(clause) => vec![&clause.test],
        Expect::All(parts) => parts.iter().flat_map(tests).collect(),
        Expect::Any(_) | Expect::Not(_) => Vec::new(),
    }
}

fn reads_json(expect: &Expect) -> bool {
    any_test(expect, &|test| match test {
        Test::Json(_) => true,
        Test::Stdout(matcher) | Test::Body(matcher) => matches!(matcher, TextMatcher::Json(_)),
        _ => false,
    })
}

/// The exit codes that the expectation states for all of it; 0 where it states none.
fn stated_codes(expect: &Expect) -> Vec<i32> {
    let parts = match expect {
        Expect::All(parts) => parts.as_slice(),
        other => std::slice::from_ref(other),
    };
    let stated = parts.iter().find_map(|part| match part {
        Expect::Holds(clause) => match &clause.test {
            Test::Exit(ExitMatcher::OneOf(codes)) => Some(codes.clone()),
            _ => None,
        },
        _ => None,
    });
    stated.unwrap_or_else(|| vec![0])
}

/// Whether the expectation of a request holds on a success and on an error of the server.
pub(crate) fn holds_on_server_errors(expect: &Expect) -> bool {
    let texts = ["", "error"];
    let on = |status| {
        texts
            .iter()
            .any(|text| holds(expect, &answered(status, text)))
    };
    on(200) && on(500)
}

/// Whether two probes ask the same.
pub(crate) fn same_question(one: &Probe, other: &Probe) -> bool {
    let words = |command: &CommandProbe| {
        format!(
            "{:?} {:?} {:?} {:?}",
            command.line, command.cwd, command.env, command.stdin
        )
    };
    match (one, other) {
        (Probe::Command(one), Probe::Command(other)) => words(one) == words(other),
        (Probe::Http(one), Probe::Http(other)) => format!("{one:?}") == format!("{other:?}"),
        _ => false,
    }
}

fn holds(expect: &Expect, seen: &Observation) -> bool {
    judge(expect, seen, &Scope::new()) == Judgement::Holds
}
