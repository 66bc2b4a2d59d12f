//! Checks that cannot fail, and disturbances that nobody undoes, are refused like any other error.

use crate::codes;
use crate::expectation::{Expect, JsonMatcher, Test, TextMatcher};
use crate::{CommandLine, Probe};
use kit::text::{Part, Text};
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::source::Span;

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
        if let Some(Probe::Command(command)) = probe
            && let CommandLine::Shell(text) = &command.line
            && let Some(line) = fields.get("run")
        {
            self.lint_hiding(&literal(text), expect, &line.span);
        }
    }

    fn lint_hiding(&mut self, line: &str, expect: &Expect, span: &Span) {
        let squeezed = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let hidden = ["|| true", "|| :", "|| exit 0", "; true", "; exit 0"]
            .iter()
            .find(|tail| squeezed.trim_end_matches([';', ' ']).ends_with(*tail));
        if let Some(tail) = hidden {
            self.report(
                Diagnostic::new(
                    codes::HIDES_FAILURE,
                    span.clone(),
                    format!("`{tail}` makes every exit code 0"),
                )
                .help("leave it out and claim the exit code: `exit: [0, 1]`"),
            );
        } else if expects_nothing(expect)
            && ["2>/dev/null", "2> /dev/null", "&>/dev/null"]
                .iter()
                .any(|hide| squeezed.contains(hide))
        {
            self.report(
                Diagnostic::new(
                    codes::HIDES_FAILURE,
                    span.clone(),
                    "with its errors hidden, a failed command looks like an empty answer",
                )
                .help("leave out `2>/dev/null`"),
            );
        }
    }
}

/// The literal parts of a text.
fn literal(text: &Text) -> String {
    text.parts
        .iter()
        .map(|part| match part {
            Part::Literal(text) => text.as_str(),
            Part::Param(_) => "x",
        })
        .collect()
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
        TextMatcher::Equals(text) => text.params().next().is_none() && literal(text).is_empty(),
        TextMatcher::Lines(bounds) | TextMatcher::Count { bounds, .. } => {
            let zero = Some(kit::decimal::Decimal::zero());
            bounds.known.equals == zero || bounds.known.max == zero
        }
        TextMatcher::All(parts) | TextMatcher::Any(parts) => parts.iter().any(wants_nothing),
        _ => false,
    }
}
