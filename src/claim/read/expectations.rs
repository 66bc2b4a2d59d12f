//! Reading `expect:`: the short form (a bare value) and the long form (a map of matchers).

use crate::codes;
use crate::expectation::{
    Bounds, CertificateMatcher, Clause, ExitMatcher, Expect, StatusItem, StatusMatcher, Syntax,
    Test, TestRunMatcher, TextMatcher,
};
use kit::decimal::Decimal;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::tree::{Key, Node, NodeKind};
use reach::observation::NoAnswerCause;

use super::reader::Reader;

/// The kind of a probe decides what can be expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProbeKind {
    Command,
    Http,
}

pub(super) const EXIT_KEYS: &[&str] = &["not", "signal"];
pub(super) const STATUS_KEYS: &[&str] = &["not"];
pub(super) const TESTS_KEYS: &[&str] = &["passed", "failed", "skipped"];
pub(super) const CERTIFICATE_KEYS: &[&str] = &["days_left", "sha256", "name"];
pub(super) const COMMAND_KEYS: &[&str] = &[
    "exit", "stdout", "stderr", "json", "yaml", "tests", "duration", "all", "any", "not",
];
pub(super) const HTTP_KEYS: &[&str] = &[
    "status",
    "no_answer",
    "header",
    "cookie",
    "cookies",
    "body",
    "json",
    "yaml",
    "duration",
    "certificate",
    "all",
    "any",
    "not",
];

impl Reader {
    /// An expectation as it stands in a check: with what the short form implies.
    pub(super) fn expect(&mut self, node: &Node, asked: ProbeKind) -> Option<Expect> {
        match (&node.kind, asked) {
            (NodeKind::Map(_), _) => {
                let expect = self.expect_map(node, asked)?;
                Some(self.with_implied(expect, asked, node))
            }
            (NodeKind::List(_), ProbeKind::Command) => {
                self.report(
                    Diagnostic::new(
                        Code::WRONG_TYPE,
                        node.span.clone(),
                        "a list cannot be the expectation of a command",
                    )
                    .help("write `expect: { stdout: { set: [ … ] } }` or `{ stdout: { contains: [ … ] } }`"),
                );
                None
            }
            (_, ProbeKind::Http) => {
                let matcher = self.status(node)?;
                Some(clause(node, Test::Status(matcher)))
            }
            (_, ProbeKind::Command) => {
                let text = self.text(node, "the expected output")?;
                let stdout = clause(node, Test::Stdout(TextMatcher::Equals(text)));
                Some(self.with_implied(stdout, asked, node))
            }
        }
    }

    /// A state in which a wait is over: as an expectation, and nothing is implied.
    pub(super) fn final_state(&mut self, node: &Node, asked: ProbeKind) -> Option<Expect> {
        let state = match (&node.kind, asked) {
            (NodeKind::Map(_), _) => self.expect_map(node, asked)?,
            (_, ProbeKind::Http) => clause(node, Test::Status(self.status(node)?)),
            (_, ProbeKind::Command) => {
                let text = self.text(node, "the output of the final state")?;
                clause(node, Test::Stdout(TextMatcher::Equals(text)))
            }
        };
        if let Some(why) = crate::matchers::is_vacuous(&state) {
            self.report(
                Diagnostic::new(
                    codes::CANNOT_FAIL,
                    node.span.clone(),
                    "`fail_if` always holds",
                )
                .label(why)
                .help("state what shows that it can no longer come: `fail_if: failed`"),
            );
            return None;
        }
        Some(state)
    }

    fn expect_map(&mut self, node: &Node, asked: ProbeKind) -> Option<Expect> {
        let keys = match asked {
            ProbeKind::Command => COMMAND_KEYS,
            ProbeKind::Http => HTTP_KEYS,
        };
        let before = self.problems.len();
        let fields = self.map(node, "an expectation", keys)?;
        let mut parts = Vec::new();
        for (key, value) in fields.iter() {
            parts.extend(self.expect_entry(key, value, asked));
        }
        if parts.is_empty() {
            // An unknown or bad key has been reported already.
            if self.problems.len() == before {
                self.report(
                    Diagnostic::new(
                        Code::EMPTY,
                        node.span.clone(),
                        "an expectation without a matcher",
                    )
                    .help(format!("one of: {}", keys.join(", "))),
                );
            }
            return None;
        }
        Some(collapse(parts))
    }

    fn expect_entry(&mut self, key: &Key, value: &Node, asked: ProbeKind) -> Vec<Expect> {
        let one = |test: Option<Test>| -> Vec<Expect> {
            test.map(|test| {
                Expect::Holds(Clause {
                    span: key.span.start..value.span.end,
                    test,
                    implied: false,
                })
            })
            .into_iter()
            .collect()
        };
        match key.text.as_str() {
            "exit" => one(self.exit(value).map(Test::Exit)),
            "stdout" => one(self.text_matcher(value, "stdout").map(Test::Stdout)),
            "stderr" => one(self.text_matcher(value, "stderr").map(Test::Stderr)),
            "body" => one(self.text_matcher(value, "body").map(Test::Body)),
            "status" => one(self.status(value).map(Test::Status)),
            "no_answer" => one(self.no_answer(value).map(Test::Status)),
            "duration" => one(self.duration_bounds(value).map(Test::Duration)),
            "certificate" => one(self.certificate(value).map(Test::Certificate)),
            "header" => self.headers(value),
            "cookie" => self.named_cookies(value),
            "cookies" => one(self
                .cookies(value)
                .map(|matcher| Test::Cookie(None, matcher))),
            "tests" => one(self.test_run(value).map(Box::new).map(Test::TestRun)),
            "json" | "yaml" => self
                .json_tests(
                    value,
                    if key.text == "yaml" {
                        Syntax::Yaml
                    } else {
                        Syntax::Json
                    },
                )
                .into_iter()
                .map(|(span, test)| {
                    Expect::Holds(Clause {
                        span,
                        test: Test::Json(test),
                        implied: false,
                    })
                })
                .collect(),
            "not" => self
                .expect_map(value, asked)
                .map(|inner| Expect::Not(Box::new(inner)))
                .into_iter()
                .collect(),
            word => {
                let parts: Vec<Expect> = self
                    .items(value, word)
                    .into_iter()
                    .filter_map(|item| self.expect_map(item, asked))
                    .collect();
                match (parts.is_empty(), word) {
                    (true, _) => Vec::new(),
                    (false, "any") => vec![Expect::Any(parts)],
                    (false, _) => vec![Expect::All(parts)],
                }
            }
        }
    }

    fn exit(&mut self, node: &Node) -> Option<ExitMatcher> {
        let NodeKind::Map(_) = &node.kind else {
            return Some(ExitMatcher::OneOf(self.exit_codes(node)?));
        };
        let fields = self.map(node, "`exit`", EXIT_KEYS)?;
        match (fields.get("not"), fields.get("signal")) {
            (Some(codes), None) => Some(ExitMatcher::NoneOf(self.exit_codes(codes)?)),
            (None, Some(signal)) => self.signal(signal).map(ExitMatcher::Signal),
            _ => {
                self.report(Diagnostic::new(
                    Code::CONFLICT,
                    node.span.clone(),
                    "`exit` takes a code, a list of codes, `{ not: … }` or `{ signal: … }`",
                ));
                None
            }
        }
    }

    fn exit_codes(&mut self, node: &Node) -> Option<Vec<i32>> {
        let items = self.items(node, "`exit`");
        let codes: Vec<i32> = items
            .iter()
            .filter_map(|item| self.integer(item, "an exit code", 0, 255))
            .filter_map(|code| i32::try_from(code).ok())
            .collect();
        (codes.len() == items.len() && !codes.is_empty()).then_some(codes)
    }

    fn signal(&mut self, node: &Node) -> Option<i32> {
        const NAMES: &[(&str, i32)] = &[
            ("HUP", 1),
            ("INT", 2),
            ("QUIT", 3),
            ("ABRT", 6),
            ("KILL", 9),
            ("SEGV", 11),
            ("PIPE", 13),
            ("ALRM", 14),
            ("TERM", 15),
        ];
        let text = self.fixed(node, "a signal")?;
        let name = text.strip_prefix("SIG").unwrap_or(&text);
        if let Some((_, number)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Some(*number);
        }
        let number = self.integer(node, "a signal", 1, 64)?;
        i32::try_from(number).ok()
    }

    fn status(&mut self, node: &Node) -> Option<StatusMatcher> {
        if let NodeKind::Map(_) = &node.kind {
            let fields = self.map(node, "`status`", STATUS_KEYS)?;
            let Some(inner) = fields.get("not") else {
                self.missing(
                    &node.span,
                    "`status`",
                    "not",
                    "or write the statuses as a list",
                );
                return None;
            };
            return Some(StatusMatcher::NoneOf(self.status_items(inner)?));
        }
        Some(StatusMatcher::OneOf(self.status_items(node)?))
    }

    fn status_items(&mut self, node: &Node) -> Option<Vec<StatusItem>> {
        let items = self.items(node, "`status`");
        let read: Vec<StatusItem> = items
            .iter()
            .filter_map(|item| self.status_item(item))
            .collect();
        (read.len() == items.len() && !read.is_empty()).then_some(read)
    }

    fn status_item(&mut self, node: &Node) -> Option<StatusItem> {
        let text = self.fixed(node, "a status")?;
        let item = parse_status(&text);
        if item.is_none() {
            let help = match text.as_str() {
                "0" => "no answer is `999` or `000`; they are sentinels, never a status",
                _ => "for example `200`, `[200, 303]`, `2xx`, or `999` for no answer",
            };
            let problem = Diagnostic::new(
                Code::BAD_STATUS,
                node.span.clone(),
                format!("`{text}` is not an HTTP status"),
            )
            .help(help);
            self.report(problem);
        }
        item
    }

    /// `no_answer: true`, or one or several causes.
    fn no_answer(&mut self, node: &Node) -> Option<StatusMatcher> {
        let names: Vec<&str> = NoAnswerCause::ALL.iter().map(|c| c.name()).collect();
        let words: Vec<&str> = names.iter().copied().chain(["true"]).collect();
        let mut causes = Vec::new();
        for item in self.items(node, "`no_answer`") {
            let at = self.one_of(item, "`no_answer`", &words)?;
            causes.extend(NoAnswerCause::ALL.get(at).copied());
        }
        Some(StatusMatcher::OneOf(vec![StatusItem::NoAnswer {
            spelling: "no-answer".to_owned(),
            causes,
        }]))
    }

    fn headers(&mut self, node: &Node) -> Vec<Expect> {
        let Some(fields) = self.open_map(node, "`header`") else {
            return Vec::new();
        };
        let mut parts = Vec::new();
        for (name, value) in fields.iter() {
            if let Some(matcher) = self.header(value) {
                parts.push(Expect::Holds(Clause {
                    span: name.span.start..value.span.end,
                    test: Test::Header(name.text.to_ascii_lowercase(), matcher),
                    implied: false,
                }));
            }
        }
        parts
    }

    fn named_cookies(&mut self, node: &Node) -> Vec<Expect> {
        let Some(fields) = self.open_map(node, "`cookie`") else {
            return Vec::new();
        };
        let mut parts = Vec::new();
        for (name, value) in fields.iter() {
            if let Some(matcher) = self.cookie(value) {
                parts.push(Expect::Holds(Clause {
                    span: name.span.start..value.span.end,
                    test: Test::Cookie(Some(name.text.clone()), matcher),
                    implied: false,
                }));
            }
        }
        parts
    }

    /// `tests: { passed: { min: 12 }, failed: 0 }`. A run of no tests has no failures either, so that what
    /// passed must be stated.
    fn test_run(&mut self, node: &Node) -> Option<TestRunMatcher> {
        let fields = self.map(node, "`tests`", TESTS_KEYS)?;
        let Some(passed) = fields.get("passed") else {
            let example = "a run without tests has no failures either: `passed: { min: 1 }`";
            self.missing_in(&fields, "`tests`", "passed", example);
            return None;
        };
        let none = Bounds {
            equals: Some(Decimal::zero()),
            ..Bounds::default()
        };
        let passed = self.limits(passed, "`passed`");
        let failed = match fields.get("failed") {
            Some(node) => self.limits(node, "`failed`"),
            None => Some(none.into()),
        };
        let skipped = match fields.get("skipped") {
            Some(node) => Some(self.limits(node, "`skipped`")?),
            None => None,
        };
        Some(TestRunMatcher {
            passed: passed?,
            failed: failed?,
            skipped,
        })
    }

    fn certificate(&mut self, node: &Node) -> Option<CertificateMatcher> {
        let fields = self.map(node, "`certificate`", CERTIFICATE_KEYS)?;
        let matcher = CertificateMatcher {
            days_left: fields
                .get("days_left")
                .and_then(|n| self.limits(n, "`days_left`")),
            sha256: fields.get("sha256").and_then(|n| self.sha256(n)),
            name: fields.get("name").and_then(|n| self.text(n, "`name`")),
        };
        if fields.iter().next().is_none() {
            self.report(Diagnostic::new(
                Code::EMPTY,
                node.span.clone(),
                "`certificate` is empty",
            ));
            return None;
        }
        Some(matcher)
    }
}

/// A status as a claim spells it.
fn parse_status(text: &str) -> Option<StatusItem> {
    if matches!(text, "999" | "000" | "no-answer") {
        return Some(StatusItem::NoAnswer {
            spelling: text.to_owned(),
            causes: Vec::new(),
        });
    }
    if let Some(class) = text.strip_suffix("xx") {
        let class: u16 = class.parse().ok()?;
        return (1..=5).contains(&class).then_some(StatusItem::Class(class));
    }
    let code: u16 = text.parse().ok()?;
    (text.len() == 3 && (100..=998).contains(&code)).then_some(StatusItem::Code(code))
}

fn clause(node: &Node, test: Test) -> Expect {
    Expect::Holds(Clause {
        span: node.span.clone(),
        test,
        implied: false,
    })
}

fn collapse(mut parts: Vec<Expect>) -> Expect {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        Expect::All(parts)
    }
}

/// Whether some test of the expectation satisfies the predicate.
pub(super) fn any_test(expect: &Expect, predicate: &impl Fn(&Test) -> bool) -> bool {
    match expect {
        Expect::Holds(clause) => predicate(&clause.test),
        Expect::All(parts) | Expect::Any(parts) => parts.iter().any(|p| any_test(p, predicate)),
        Expect::Not(inner) => any_test(inner, predicate),
    }
}
