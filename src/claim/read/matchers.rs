//! Reading matchers of texts, numbers and JSON values.

use crate::expectation::{
    JsonMatcher, JsonTest, Measure, SecretsMatcher, TextMatcher, VersionBounds,
};
use kit::json_path::JsonPath;
use kit::text::Text;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::source::Span;
use kit::yaml::tree::{Key, Node, NodeKind, is_null};

use super::reader::Reader;

use super::limits::BOUND_KEYS;

const TEXT_KEYS: &[&str] = &[
    "equals",
    "contains",
    "matches",
    "not",
    "empty",
    "starts_with",
    "ends_with",
    "line",
    "every_line",
    "lines",
    "count",
    "set",
    "number",
    "time",
    "version",
    "json",
    "sha256",
    "secrets",
    "all",
    "any",
];
const JSON_TYPES: &[&str] = &["string", "number", "boolean", "null", "array", "object"];
const JSON_KEYS: &[&str] = &[
    "equals",
    "absent",
    "count",
    "type",
    "number",
    "not",
    "all",
    "contains",
    "matches",
    "starts_with",
    "ends_with",
    "empty",
    "version",
    "time",
    "secrets",
];

impl Reader {
    /// A matcher of a text: a bare value is equality, a map is matchers that all must hold.
    pub(super) fn text_matcher(&mut self, node: &Node, what: &str) -> Option<TextMatcher> {
        match &node.kind {
            NodeKind::Scalar { .. } => Some(TextMatcher::Equals(self.text(node, what)?)),
            NodeKind::List(_) => {
                self.report(
                    Diagnostic::new(
                        Code::WRONG_TYPE,
                        node.span.clone(),
                        format!("{what} cannot be a list"),
                    )
                    .help("write `{ set: [ … ] }` for exactly these lines in any order, or `{ contains: [ … ] }`"),
                );
                None
            }
            NodeKind::Map(_) => {
                let before = self.problems.len();
                let fields = self.map(node, what, TEXT_KEYS)?;
                let mut all: Vec<TextMatcher> = Vec::new();
                for (key, value) in fields.iter() {
                    all.extend(self.text_entry(key, value));
                }
                if all.is_empty() && self.problems.len() == before {
                    self.report(
                        Diagnostic::new(
                            Code::EMPTY,
                            node.span.clone(),
                            format!("a matcher of {what} that says nothing"),
                        )
                        .help(format!("one of: {}", TEXT_KEYS.join(", "))),
                    );
                }
                match all.len() {
                    0 => None,
                    1 => all.pop(),
                    _ => Some(TextMatcher::All(all)),
                }
            }
        }
    }

    fn text_entry(&mut self, key: &Key, value: &Node) -> Option<TextMatcher> {
        let what = format!("`{}`", key.text);
        match key.text.as_str() {
            "equals" => self.text(value, &what).map(TextMatcher::Equals),
            "contains" => self.each_text(value, &what, TextMatcher::Contains),
            "starts_with" => self.each_text(value, &what, TextMatcher::StartsWith),
            "ends_with" => self.each_text(value, &what, TextMatcher::EndsWith),
            "matches" => {
                let items = self.items(value, &what);
                let read: Vec<TextMatcher> = items
                    .iter()
                    .filter_map(|item| self.regex(item, &what))
                    .map(TextMatcher::Matches)
                    .collect();
                all_of(read, items.len())
            }
            "not" => self
                .text_matcher(value, &what)
                .map(|inner| TextMatcher::Not(Box::new(inner))),
            "empty" => self.boolean(value, &what).map(TextMatcher::Empty),
            "line" => self.lines_by_number(value),
            "every_line" => self
                .text_matcher(value, &what)
                .map(|inner| TextMatcher::EveryLine(Box::new(inner))),
            "lines" => self.limits(value, &what).map(TextMatcher::Lines),
            "count" => self.count(value),
            "set" => {
                let items = self.items(value, &what);
                let read: Vec<Text> = items
                    .iter()
                    .filter_map(|item| self.text(item, &what))
                    .collect();
                (!read.is_empty() && read.len() == items.len())
                    .then_some(TextMatcher::SetEquals(read))
            }
            "number" => self.limits(value, &what).map(TextMatcher::Number),
            "time" => self.time(value).map(TextMatcher::Time),
            "secrets" => self.secrets(value).map(TextMatcher::Secrets),
            "version" => self.version(value).map(TextMatcher::Version),
            "sha256" => self.sha256(value).map(TextMatcher::Sha256),
            "json" => {
                let tests = self.json_tests(value);
                let read: Vec<TextMatcher> = tests
                    .into_iter()
                    .map(|(_, test)| TextMatcher::Json(Box::new(test)))
                    .collect();
                let count = read.len();
                all_of(read, count)
            }
            word => {
                let items = self.items(value, &what);
                let read: Vec<TextMatcher> = items
                    .iter()
                    .filter_map(|item| self.text_matcher(item, &what))
                    .collect();
                if read.is_empty() || read.len() != items.len() {
                    return None;
                }
                Some(match word {
                    "any" => TextMatcher::Any(read),
                    _ => TextMatcher::All(read),
                })
            }
        }
    }

    /// One text, or a list of texts of which each must match.
    fn each_text(
        &mut self,
        node: &Node,
        what: &str,
        matcher: impl Fn(Text) -> TextMatcher,
    ) -> Option<TextMatcher> {
        let items = self.items(node, what);
        let read: Vec<TextMatcher> = items
            .iter()
            .filter_map(|item| self.text(item, what))
            .map(matcher)
            .collect();
        all_of(read, items.len())
    }

    /// `line: { 1: …, -1: … }`.
    fn lines_by_number(&mut self, node: &Node) -> Option<TextMatcher> {
        let fields = self.open_map(node, "`line`")?;
        let mut all = Vec::new();
        for (key, value) in fields.iter() {
            let number = key.text.parse::<i64>().ok().filter(|n| *n != 0);
            let Some(number) = number else {
                self.report(
                    Diagnostic::new(
                        Code::BAD_NUMBER,
                        key.span.clone(),
                        format!("`{}` is not the number of a line", key.text),
                    )
                    .help("1 is the first line, -1 the last: `line: { 1: …, -1: … }`"),
                );
                continue;
            };
            if let Some(matcher) = self.text_matcher(value, "a line") {
                all.push(TextMatcher::Line {
                    number,
                    matcher: Box::new(matcher),
                });
            }
        }
        let count = all.len();
        all_of(all, count)
    }

    fn count(&mut self, node: &Node) -> Option<TextMatcher> {
        let keys: Vec<&str> = ["of"].iter().chain(BOUND_KEYS).copied().collect();
        let fields = self.map(node, "`count`", &keys)?;
        let Some(of) = fields.get("of") else {
            self.missing(
                &node.span,
                "`count`",
                "of",
                "count: { of: PATTERN, equals: 9 }",
            );
            return None;
        };
        let of = self.regex(of, "`of`");
        let bounds = self.limit_fields(&fields, "`count`", Measure::Number);
        Some(TextMatcher::Count {
            of: of?,
            bounds: bounds?,
        })
    }

    fn version(&mut self, node: &Node) -> Option<VersionBounds> {
        if let NodeKind::Scalar { .. } = &node.kind {
            return Some(VersionBounds {
                equals: Some(self.version_text(node)?),
                ..VersionBounds::default()
            });
        }
        let fields = self.map(
            node,
            "`version`",
            &["equals", "min", "max", "above", "below"],
        )?;
        let mut get = |key: &str| fields.get(key).and_then(|n| self.version_text(n));
        let bounds = VersionBounds {
            equals: get("equals"),
            min: get("min"),
            max: get("max"),
            above: get("above"),
            below: get("below"),
        };
        (bounds != VersionBounds::default()).then_some(bounds)
    }

    fn version_text(&mut self, node: &Node) -> Option<String> {
        let text = self.fixed(node, "a version")?;
        let digits = text.trim_start_matches(['v', 'V']);
        if digits.starts_with(|c: char| c.is_ascii_digit()) {
            return Some(text);
        }
        self.report(
            Diagnostic::new(
                Code::BAD_VALUE,
                node.span.clone(),
                format!("`{text}` is not a version"),
            )
            .help("for example `3.6.15`, `v1.2` or `{ min: 3.6, below: 4 }`"),
        );
        None
    }

    /// `secrets: absent`, or `secrets: { absent: [NAME] }`.
    fn secrets(&mut self, node: &Node) -> Option<SecretsMatcher> {
        if let NodeKind::Scalar { .. } = &node.kind {
            self.one_of(node, "`secrets`", &["absent"])?;
            return Some(SecretsMatcher::Shapes);
        }
        let fields = self.map(node, "`secrets`", &["absent"])?;
        let Some(absent) = fields.get("absent") else {
            let fix = "`secrets: absent`, or `secrets: { absent: [NAME] }` with names of variables of your environment";
            self.missing_in(&fields, "`secrets`", "absent", fix);
            return None;
        };
        let mut names = Vec::new();
        for item in self.items(absent, "`absent`") {
            let name = self.fixed(item, "the name of a variable of the environment")?;
            if !self.check_variable(&name, &item.span) {
                return None;
            }
            names.push(name);
        }
        (!names.is_empty()).then_some(SecretsMatcher::ValuesOf(names))
    }

    pub(super) fn sha256(&mut self, node: &Node) -> Option<String> {
        let text = self.fixed(node, "`sha256`")?;
        let hex: String = text
            .trim_start_matches("sha256:")
            .chars()
            .filter(|c| *c != ':')
            .collect::<String>()
            .to_ascii_lowercase();
        if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Some(hex);
        }
        self.report(
            Diagnostic::new(Code::BAD_VALUE, node.span.clone(), "not a SHA-256 digest")
                .help("64 hexadecimal digits, as `sha256sum` prints them"),
        );
        None
    }

    /// `json: { $.a: …, $.b[0]: … }`.
    pub(super) fn json_tests(&mut self, node: &Node) -> Vec<(Span, JsonTest)> {
        let Some(fields) = self.open_map(node, "`json`") else {
            return Vec::new();
        };
        let mut tests = Vec::new();
        for (key, value) in fields.iter() {
            let path = self.json_path(&key.text, &key.span);
            let matcher = self.json_matcher(value);
            if let (Some(path), Some(matcher)) = (path, matcher) {
                tests.push((key.span.start..value.span.end, JsonTest { path, matcher }));
            }
        }
        if fields.iter().next().is_none() {
            self.report(
                Diagnostic::new(Code::EMPTY, node.span.clone(), "`json` says nothing")
                    .help("json: { $.health_path: /api/version }"),
            );
        }
        tests
    }

    pub(super) fn json_path(&mut self, text: &str, span: &Span) -> Option<JsonPath> {
        match kit::json_path::parse_json_path(text) {
            Ok(path) => Some(path),
            Err(error) => {
                self.report(
                    Diagnostic::new(
                        Code::BAD_JSON_PATH,
                        span.clone(),
                        format!("`{text}` is not a JSON path"),
                    )
                    .label(error.to_string())
                    .help("for example `$.health_path`, `$.services[0].name`, `$[\"any key\"]`"),
                );
                None
            }
        }
    }

    fn json_matcher(&mut self, node: &Node) -> Option<JsonMatcher> {
        match &node.kind {
            NodeKind::Scalar { text, plain: true } if is_null(text) => {
                Some(JsonMatcher::Is(Text::literal("null")))
            }
            NodeKind::Scalar { .. } => Some(JsonMatcher::Is(self.text(node, "a JSON value")?)),
            NodeKind::List(_) => Some(JsonMatcher::Equals(json_value(node))),
            NodeKind::Map(_) => {
                let before = self.problems.len();
                let fields = self.map(node, "a matcher of a JSON value", JSON_KEYS)?;
                let mut all = Vec::new();
                for (key, value) in fields.iter() {
                    all.extend(self.json_entry(key, value));
                }
                if all.is_empty() && self.problems.len() == before {
                    self.report(
                        Diagnostic::new(
                            Code::EMPTY,
                            node.span.clone(),
                            "a matcher of a JSON value that says nothing",
                        )
                        .help("`{ absent: true }`, or `equals: {}` for the empty object"),
                    );
                }
                match all.len() {
                    0 => None,
                    1 => all.pop(),
                    _ => Some(JsonMatcher::All(all)),
                }
            }
        }
    }

    fn json_entry(&mut self, key: &Key, value: &Node) -> Option<JsonMatcher> {
        let what = format!("`{}`", key.text);
        match key.text.as_str() {
            "equals" => Some(JsonMatcher::Equals(json_value(value))),
            "absent" => self.boolean(value, &what).map(JsonMatcher::Absent),
            "count" => self.limits(value, &what).map(JsonMatcher::Count),
            "type" => self
                .one_of(value, &what, JSON_TYPES)
                .map(|at| JsonMatcher::Type(JSON_TYPES[at].to_owned())),
            "number" => self.limits(value, &what).map(JsonMatcher::Number),
            "not" => self
                .json_matcher(value)
                .map(|inner| JsonMatcher::Not(Box::new(inner))),
            "all" => {
                let items = self.items(value, &what);
                let read: Vec<JsonMatcher> = items
                    .iter()
                    .filter_map(|item| self.json_matcher(item))
                    .collect();
                (!read.is_empty()).then_some(JsonMatcher::All(read))
            }
            _ => self
                .text_entry(key, value)
                .map(|matcher| JsonMatcher::Text(Box::new(matcher))),
        }
    }
}

fn all_of(mut read: Vec<TextMatcher>, wanted: usize) -> Option<TextMatcher> {
    if read.len() != wanted {
        return None;
    }
    match read.len() {
        0 => None,
        1 => read.pop(),
        _ => Some(TextMatcher::All(read)),
    }
}

/// A tree as JSON: plain scalars by the rules of JSON, all others as strings.
fn json_value(node: &Node) -> serde_json::Value {
    use serde_json::Value;
    match &node.kind {
        NodeKind::Scalar { text, plain: false } => Value::String(text.clone()),
        NodeKind::Scalar { text, plain: true } if is_null(text) => Value::Null,
        NodeKind::Scalar { text, plain: true } => match serde_json::from_str::<Value>(text) {
            Ok(value @ (Value::Bool(_) | Value::Number(_))) => value,
            _ => Value::String(text.clone()),
        },
        NodeKind::List(items) => Value::Array(items.iter().map(json_value).collect()),
        NodeKind::Map(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, value)| (key.text.clone(), json_value(value)))
                .collect(),
        ),
    }
}
