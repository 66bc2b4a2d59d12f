//! Reading matchers of texts, numbers and JSON values.

use crate::codes;
use crate::expectation::{
    JsonMatcher, JsonTest, Needle, Quantifier, Snapshot, Syntax, TextMatcher,
};
use kit::json::Json;
use kit::json_path::JsonPath;
use kit::text::Text;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::source::Span;
use kit::yaml::tree::{Key, Node, NodeKind, is_null};

use super::reader::Reader;

/// Reads the value of a key.
type Read<M> = fn(&mut Reader, &Node, &str) -> Option<M>;

/// The keys of a text's matchers, and how each is read.
const TEXT_KEYS: &[(&str, Read<TextMatcher>)] = &[
    ("equals", |reader, node, what| {
        reader.text(node, what).map(TextMatcher::Equals)
    }),
    ("exact", |reader, node, what| {
        reader.text(node, what).map(TextMatcher::Exact)
    }),
    ("contains", |reader, node, what| {
        reader.each_text(node, what, TextMatcher::Contains)
    }),
    ("matches", |reader, node, what| {
        reader.each(node, what, all, |reader, item| {
            reader.regex(item, what).map(TextMatcher::Matches)
        })
    }),
    ("not", |reader, node, what| {
        let inner = reader.text_matcher(node, what)?;
        Some(TextMatcher::Not(Box::new(inner)))
    }),
    ("empty", |reader, node, what| {
        reader.boolean(node, what).map(TextMatcher::Empty)
    }),
    ("starts_with", |reader, node, what| {
        reader.each_text(node, what, TextMatcher::StartsWith)
    }),
    ("ends_with", |reader, node, what| {
        reader.each_text(node, what, TextMatcher::EndsWith)
    }),
    ("line", |reader, node, _| reader.lines_by_number(node)),
    ("every_line", |reader, node, what| {
        let inner = reader.text_matcher(node, what)?;
        Some(TextMatcher::EveryLine(Box::new(inner)))
    }),
    ("lines", |reader, node, what| {
        reader.limits(node, what).map(TextMatcher::Lines)
    }),
    ("length", |reader, node, what| {
        reader.limits(node, what).map(TextMatcher::Length)
    }),
    ("count", |reader, node, _| reader.count(node)),
    ("set", |reader, node, what| {
        reader.each(node, what, TextMatcher::SetEquals, |reader, item| {
            reader.text(item, what)
        })
    }),
    ("number", |reader, node, what| {
        let number = reader.number_bounds(node, what).map(TextMatcher::Number);
        reader.taken(node, number)
    }),
    ("time", |reader, node, _| {
        let time = reader.time(node).map(TextMatcher::Time);
        reader.taken(node, time)
    }),
    ("version", |reader, node, _| {
        let version = reader.version(node).map(TextMatcher::Version);
        reader.taken(node, version)
    }),
    ("json", |reader, node, _| reader.values(node, Syntax::Json)),
    ("yaml", |reader, node, _| reader.values(node, Syntax::Yaml)),
    ("in_order", |reader, node, _| reader.in_order(node)),
    ("snapshot", |reader, node, _| reader.snapshot(node)),
    ("sha256", |reader, node, _| {
        reader.digest(node).map(TextMatcher::Sha256)
    }),
    ("secrets", |reader, node, _| {
        reader.secrets(node).map(TextMatcher::Secrets)
    }),
    ("all", |reader, node, what| {
        reader.each(node, what, TextMatcher::All, |reader, item| {
            reader.text_matcher(item, what)
        })
    }),
    ("any", |reader, node, what| {
        reader.each(node, what, TextMatcher::Any, |reader, item| {
            reader.text_matcher(item, what)
        })
    }),
];

/// The keys of a JSON value's own matchers, and how each is read.
const JSON_KEYS: &[(&str, Read<JsonMatcher>)] = &[
    ("equals", |_, node, _| {
        Some(JsonMatcher::Equals(json_value(node)))
    }),
    ("absent", |reader, node, what| {
        reader.boolean(node, what).map(JsonMatcher::Absent)
    }),
    ("count", |reader, node, what| {
        reader.limits(node, what).map(JsonMatcher::Count)
    }),
    ("every", |reader, node, _| {
        reader.json_each(node, Quantifier::Every)
    }),
    ("any", |reader, node, _| {
        reader.json_each(node, Quantifier::Any)
    }),
    ("none", |reader, node, _| {
        reader.json_each(node, Quantifier::None)
    }),
    ("keys", |reader, node, what| {
        reader.each(node, what, JsonMatcher::Keys, |reader, item| {
            reader.text(item, "a key")
        })
    }),
    ("set", |reader, node, what| {
        reader.each(node, what, JsonMatcher::Set, |reader, item| {
            reader.json_item(item)
        })
    }),
    ("type", |reader, node, what| {
        let at = reader.one_of(node, what, JSON_TYPES)?;
        Some(JsonMatcher::Type(JSON_TYPES[at].to_owned()))
    }),
    ("number", |reader, node, what| {
        let number = reader.number_bounds(node, what)?;
        if node.get("of").is_none() {
            return Some(JsonMatcher::Number(number));
        }
        let taken = reader.taken(node, Some(TextMatcher::Number(number)))?;
        Some(JsonMatcher::Text(Box::new(taken)))
    }),
    ("not", |reader, node, _| {
        let inner = reader.json_matcher(node)?;
        Some(JsonMatcher::Not(Box::new(inner)))
    }),
    ("all", |reader, node, what| {
        let items = reader.items(node, what);
        let parts: Vec<JsonMatcher> = items
            .into_iter()
            .filter_map(|item| reader.json_matcher(item))
            .collect();
        (!parts.is_empty()).then_some(JsonMatcher::All(parts))
    }),
];

/// The matchers of a text that a JSON value may have as well: it is matched as a text then.
const JSON_TEXT_KEYS: &[&str] = &[
    "contains",
    "matches",
    "starts_with",
    "ends_with",
    "empty",
    "length",
    "version",
    "time",
    "secrets",
];

pub(super) const IN_ORDER_KEYS: &[&str] = &["matches"];

pub(super) const JSON_TYPES: &[&str] = &["string", "number", "boolean", "null", "array", "object"];

fn keys<M>(table: &[(&'static str, Read<M>)]) -> Vec<&'static str> {
    table.iter().map(|(key, _)| *key).collect()
}

/// The keys of a matcher of a text.
pub(super) fn text_keys() -> Vec<&'static str> {
    keys(TEXT_KEYS)
}

/// The keys of a matcher of a JSON value.
pub(super) fn json_keys() -> Vec<&'static str> {
    [keys(JSON_KEYS), JSON_TEXT_KEYS.to_vec()].concat()
}

fn reader_of<M>(table: &[(&str, Read<M>)], key: &str) -> Option<Read<M>> {
    let (_, read) = table.iter().find(|(known, _)| *known == key)?;
    Some(*read)
}

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
                let known = text_keys();
                let fields = self.map(node, what, &known)?;
                let mut parts: Vec<TextMatcher> = Vec::new();
                for (key, value) in fields.iter() {
                    if let Some(read) = reader_of(TEXT_KEYS, &key.text) {
                        parts.extend(read(self, value, &format!("`{}`", key.text)));
                    }
                }
                if parts.is_empty() && self.problems.len() == before {
                    self.report(
                        Diagnostic::new(
                            Code::EMPTY,
                            node.span.clone(),
                            format!("a matcher of {what} without a key"),
                        )
                        .help(format!("one of: {}", known.join(", "))),
                    );
                }
                (!parts.is_empty()).then(|| all(parts))
            }
        }
    }

    /// With `of:`, the matcher is about what that takes out of the text.
    fn taken(&mut self, node: &Node, matcher: Option<TextMatcher>) -> Option<TextMatcher> {
        let Some(of) = node.get("of") else {
            return matcher;
        };
        let of = self.regex(of, "`of`")?;
        Some(TextMatcher::Taken {
            of,
            matcher: Box::new(matcher?),
        })
    }

    /// One text, or a list of texts of which each must match.
    fn each_text(
        &mut self,
        node: &Node,
        what: &str,
        matcher: fn(Text) -> TextMatcher,
    ) -> Option<TextMatcher> {
        self.each(node, what, all, |reader, item| {
            reader.text(item, what).map(matcher)
        })
    }

    /// One item or a list of them, each read, and all put together; nothing if one is wrong.
    fn each<T, M>(
        &mut self,
        node: &Node,
        what: &str,
        together: impl Fn(Vec<T>) -> M,
        read: impl Fn(&mut Reader, &Node) -> Option<T>,
    ) -> Option<M> {
        let items = self.items(node, what);
        let count = items.len();
        let parts: Vec<T> = items
            .into_iter()
            .filter_map(|item| read(self, item))
            .collect();
        (count > 0 && parts.len() == count).then(|| together(parts))
    }

    /// `line: { 1: …, -1: … }`.
    fn lines_by_number(&mut self, node: &Node) -> Option<TextMatcher> {
        if !matches!(node.kind, NodeKind::Map(_)) {
            let what = "`line` must be a map from numbers of lines";
            let help = "1 is the first line, -1 the last: `line: { 1: …, -1: … }`; `contains` looks at all of them";
            self.report(Diagnostic::new(Code::WRONG_TYPE, node.span.clone(), what).help(help));
            return None;
        }
        let fields = self.open_map(node, "`line`")?;
        let mut parts = Vec::new();
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
                parts.push(TextMatcher::Line {
                    number,
                    matcher: Box::new(matcher),
                });
            }
        }
        (!parts.is_empty()).then(|| all(parts))
    }

    /// Values inside of a text, all of which must match.
    fn values(&mut self, node: &Node, syntax: Syntax) -> Option<TextMatcher> {
        let tests = self.json_tests(node, syntax).into_iter();
        let parts: Vec<TextMatcher> = tests
            .map(|(_, test)| TextMatcher::Json(Box::new(test)))
            .collect();
        (!parts.is_empty()).then(|| all(parts))
    }

    /// `snapshot: |` with a text and its placeholders.
    fn snapshot(&mut self, node: &Node) -> Option<TextMatcher> {
        let text = self.open_text(node, "`snapshot`")?;
        let snapshot = Snapshot::read(&text, &self.scope);
        if snapshot.is_none() {
            let problem = Diagnostic::new(
                codes::CANNOT_FAIL,
                node.span.clone(),
                "the snapshot demands nothing",
            );
            self.report(problem.help(
                "`[..]` stands for anything in a line and `...` for any number of lines; write what must be there",
            ));
        }
        snapshot.map(TextMatcher::Snapshot)
    }

    /// `in_order: [starting, { matches: 'port \d+' }, ready]`.
    fn in_order(&mut self, node: &Node) -> Option<TextMatcher> {
        let items = match &node.kind {
            NodeKind::List(items) if items.len() > 1 => items,
            _ => {
                let problem = Diagnostic::new(
                    Code::WRONG_TYPE,
                    node.span.clone(),
                    "`in_order` takes a list of two or more",
                );
                self.report(problem.help("in_order: [starting, { matches: 'port \\d+' }, ready]"));
                return None;
            }
        };
        let needle = |reader: &mut Reader, item: &Node| {
            let NodeKind::Map(_) = &item.kind else {
                return reader.text(item, "a text of `in_order`").map(Needle::Text);
            };
            let fields = reader.map(item, "a part of `in_order`", IN_ORDER_KEYS)?;
            let Some(pattern) = fields.get("matches") else {
                reader.missing_in(
                    &fields,
                    "a part of `in_order`",
                    "matches",
                    "{ matches: 'port \\d+' }",
                );
                return None;
            };
            reader.regex(pattern, "`matches`").map(Needle::Pattern)
        };
        let parts: Vec<Needle> = items.iter().filter_map(|item| needle(self, item)).collect();
        (parts.len() == items.len()).then_some(TextMatcher::InOrder(parts))
    }

    /// `json: { $.a: …, $.b[0]: … }`, or the same for `yaml`.
    pub(super) fn json_tests(&mut self, node: &Node, syntax: Syntax) -> Vec<(Span, JsonTest)> {
        let key = syntax.key();
        let Some(fields) = self.open_map(node, &format!("`{key}`")) else {
            return Vec::new();
        };
        let mut tests = Vec::new();
        for (key, value) in fields.iter() {
            let path = self.json_path(&key.text, &key.span);
            let matcher = self.json_matcher(value);
            if let (Some(path), Some(matcher)) = (path, matcher) {
                if !path.is_singular() && !says_which(&matcher) {
                    self.report(
                        Diagnostic::new(
                            codes::WHICH_OF_SEVERAL,
                            value.span.clone(),
                            format!("`{}` may find several values, and this does not say which is meant", path.source),
                        )
                        .help("write `{ every: … }`, `{ any: … }`, `{ none: … }`, `{ count: … }` or `{ set: [ … ] }`"),
                    );
                    continue;
                }
                tests.push((
                    key.span.start..value.span.end,
                    JsonTest {
                        syntax,
                        path,
                        matcher,
                    },
                ));
            }
        }
        if fields.iter().next().is_none() {
            self.report(
                Diagnostic::new(Code::EMPTY, node.span.clone(), format!("`{key}` is empty"))
                    .help(format!("{key}: {{ $.health_path: /api/version }}")),
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
                    .help("for example `$.health_path`, `$.services[0].name`, `$[\"any key\"]`, `$.services[*].name`"),
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
                let known = json_keys();
                let fields = self.map(node, "a matcher of a JSON value", &known)?;
                let mut parts = Vec::new();
                for (key, value) in fields.iter() {
                    parts.extend(self.json_entry(key, value));
                }
                if parts.is_empty() && self.problems.len() == before {
                    self.report(
                        Diagnostic::new(
                            Code::EMPTY,
                            node.span.clone(),
                            "a matcher of a JSON value without a key",
                        )
                        .help("`{ absent: true }`, or `equals: {}` for the empty object"),
                    );
                }
                match parts.len() {
                    0 => None,
                    1 => parts.pop(),
                    _ => Some(JsonMatcher::All(parts)),
                }
            }
        }
    }

    /// A matcher, or a list of them of which one must hold, for each of several values.
    fn json_each(&mut self, node: &Node, which: Quantifier) -> Option<JsonMatcher> {
        let inner = match &node.kind {
            NodeKind::List(items) => {
                let parts: Vec<JsonMatcher> = items
                    .iter()
                    .filter_map(|item| self.json_matcher(item))
                    .collect();
                (parts.len() == items.len() && !parts.is_empty())
                    .then_some(JsonMatcher::OneOf(parts))?
            }
            _ => self.json_matcher(node)?,
        };
        Some(JsonMatcher::Each(which, Box::new(inner)))
    }

    /// A value of a set: a scalar is spelled as JSON's values are elsewhere, the others are equal
    /// with types and all.
    fn json_item(&mut self, node: &Node) -> Option<JsonMatcher> {
        match &node.kind {
            NodeKind::Map(_) => Some(JsonMatcher::Equals(json_value(node))),
            _ => self.json_matcher(node),
        }
    }

    fn json_entry(&mut self, key: &Key, value: &Node) -> Option<JsonMatcher> {
        let what = format!("`{}`", key.text);
        if let Some(read) = reader_of(JSON_KEYS, &key.text) {
            return read(self, value, &what);
        }
        let read = reader_of(TEXT_KEYS, &key.text)?;
        read(self, value, &what).map(|matcher| JsonMatcher::Text(Box::new(matcher)))
    }
}

/// All of the matchers; one alone stands for itself.
fn all(mut parts: Vec<TextMatcher>) -> TextMatcher {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        TextMatcher::All(parts)
    }
}

/// Whether a matcher says which of several values it is about.
fn says_which(matcher: &JsonMatcher) -> bool {
    match matcher {
        JsonMatcher::Each(..)
        | JsonMatcher::Count(_)
        | JsonMatcher::Set(_)
        | JsonMatcher::Absent(_) => true,
        JsonMatcher::All(parts) => parts.iter().all(says_which),
        JsonMatcher::Not(inner) => says_which(inner),
        JsonMatcher::Is(_)
        | JsonMatcher::Equals(_)
        | JsonMatcher::Keys(_)
        | JsonMatcher::OneOf(_)
        | JsonMatcher::Type(_)
        | JsonMatcher::Number(_)
        | JsonMatcher::Text(_) => false,
    }
}

/// A tree as JSON: plain scalars by the rules of JSON, all others as strings.
fn json_value(node: &Node) -> Json {
    match &node.kind {
        NodeKind::Scalar { text, plain: false } => Json::String(text.clone()),
        NodeKind::Scalar { text, plain: true } if is_null(text) => Json::Null,
        NodeKind::Scalar { text, plain: true } => match kit::json::parse(text) {
            Ok(value @ (Json::Bool(_) | Json::Number(_))) => value,
            _ => Json::String(text.clone()),
        },
        NodeKind::List(items) => Json::Array(items.iter().map(json_value).collect()),
        NodeKind::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| (key.text.clone(), json_value(value)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kit::text::Scope;
    use kit::yaml::source::Source;

    fn errors(expect: &str) -> Vec<String> {
        let text = format!(
            "phase: p\non: local\ngates:\n  M1:\n    checks:\n      - {{ id: a, claim: c, run: echo x, expect: {expect} }}\n"
        );
        let source = Source {
            path: "p.yaml".into(),
            text,
        };
        match crate::read::parse(Arc::new(source), &Scope::new()) {
            Ok(_) => Vec::new(),
            Err(invalid) => {
                let codes = invalid.diagnostics.iter();
                codes.map(|one| one.code.0.to_owned()).collect()
            }
        }
    }

    #[test]
    fn a_length_has_the_bounds_of_a_number() {
        assert_eq!(errors("{ stdout: { length: 40 } }"), [""; 0]);
        assert_eq!(
            errors("{ stdout: { length: { min: 1, max: 64 } } }"),
            [""; 0]
        );
        assert_eq!(errors("{ json: { $.a: { length: { min: 1 } } } }"), [""; 0]);
        assert_eq!(errors("{ stdout: { length: { min: many } } }"), ["GP2404"]);
        let unknown = errors("{ stdout: { length: { least: 1 } } }");
        assert!(unknown.iter().any(|code| code == "GP2201"), "{unknown:?}");
        // No text has fewer than 0 characters.
        assert_eq!(errors("{ stdout: { length: { min: 0 } } }"), ["GP2501"]);
        assert_eq!(
            errors("{ stdout: { not: { length: { below: 0 } } } }"),
            ["GP2501"]
        );
    }

    #[test]
    fn a_path_that_may_find_several_says_which_is_meant() {
        assert_eq!(errors("{ json: { '$.a[*]': up } }"), ["GP2410"]);
        assert_eq!(
            errors("{ json: { '$.a[*]': { not: { contains: x } } } }"),
            ["GP2410"]
        );
        assert_eq!(
            errors("{ json: { '$..a': { every: up, number: 1 } } }"),
            ["GP2410"]
        );
        for good in [
            "every: up",
            "any: [a, b]",
            "none: { contains: x }",
            "count: 2",
            "set: [a, b]",
            "absent: true",
        ] {
            assert_eq!(
                errors(&format!("{{ json: {{ '$.a[*]': {{ {good} }} }} }}")),
                [""; 0],
                "{good}"
            );
        }
        assert_eq!(errors("{ json: { $.a: { keys: [a, b] } } }"), [""; 0]);
    }

    #[test]
    fn a_unit_and_a_form_of_a_number_are_named() {
        for good in [
            "unit: '%', max: 60",
            "unit: bytes, max: 8G",
            "form: '1,234.5', min: 1000",
            "unit: ms, max: 5",
        ] {
            assert_eq!(
                errors(&format!("{{ stdout: {{ number: {{ {good} }} }} }}")),
                [""; 0],
                "{good}"
            );
        }
        assert_eq!(errors("{ stdout: { number: { unit: '%' } } }"), ["GP2206"]);
        assert_eq!(
            errors("{ stdout: { number: { form: '12,34', min: 1 } } }"),
            ["GP2405"]
        );
    }

    #[test]
    fn every_key_of_a_text_in_a_json_value_is_a_key_of_a_text() {
        for key in super::JSON_TEXT_KEYS {
            assert!(super::reader_of(super::TEXT_KEYS, key).is_some(), "{key}");
            assert!(super::reader_of(super::JSON_KEYS, key).is_none(), "{key}");
        }
    }
}
