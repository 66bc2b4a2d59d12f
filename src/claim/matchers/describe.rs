//! Expectations as text, in the claim's own terms.

use super::rule::group;
use super::{certificate, exit, limits, status};
use crate::expectation::{Clause, Expect, Test};
use kit::text::Scope;

pub(super) fn expect(expect: &Expect, scope: &Scope) -> String {
    let each = |parts: &[Expect]| -> Vec<String> {
        parts.iter().map(|part| self::expect(part, scope)).collect()
    };
    match expect {
        Expect::Holds(clause) => test(clause, scope),
        Expect::All(parts) => group("all of", &each(parts)),
        Expect::Any(parts) => group("any of", &each(parts)),
        Expect::Not(inner) => format!("not: {}", self::expect(inner, scope)),
    }
}

fn test(clause: &Clause, scope: &Scope) -> String {
    match &clause.test {
        Test::Exit(matcher) => exit::describe(matcher),
        Test::Stdout(matcher) => format!("stdout {}", matcher.rule().describe(scope)),
        Test::Stderr(matcher) => format!("stderr {}", matcher.rule().describe(scope)),
        Test::Status(matcher) => format!("status {}", status::describe(matcher)),
        Test::Body(matcher) => format!("body {}", matcher.rule().describe(scope)),
        Test::Header(name, matcher) => format!("header {name} {}", matcher.describe(scope)),
        Test::Cookie(Some(name), matcher) => format!("cookie {name} {}", matcher.describe(scope)),
        Test::Cookie(None, matcher) => format!("cookies {}", matcher.describe(scope)),
        Test::Json(test) => {
            let value = test.matcher.rule().describe(scope);
            format!("{} {value}", test.subject())
        }
        Test::TestRun(matcher) => format!("tests: {}", matcher.describe(scope)),
        Test::Duration(limits) => format!("duration {}", limits::describe(limits, "ms", scope)),
        Test::Certificate(matcher) => {
            format!("certificate {}", certificate::describe(matcher, scope))
        }
    }
}
