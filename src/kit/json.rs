//! JSON as it is written: every digit of a number, every member of an object, and no limit of a
//! reader between a document and its judgement.
//!
//! `serde_json` reads numbers as doubles, keeps the last of two members of one name, stops at 128
//! levels, and gives a document up for one surrogate without its pair or one number out of range
//! (RFC 8259 allows all of these). Its `arbitrary_precision` mends the first only, and changes how
//! every other document of the programs is read.

use std::fmt;

use crate::decimal::{Decimal, DecimalError};

/// More levels than this are not read.
pub(crate) const MOST_LEVELS: usize = 1000;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    /// A number as it is written.
    Number(String),
    String(String),
    /// A string with half of a surrogate pair in it, as it is written, without its quotes.
    NotText(String),
    Array(Vec<Json>),
    /// The members in their order; no name stands twice.
    Object(Vec<(String, Json)>),
}

/// Why a text is not read as JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It is not JSON.
    #[error("{problem} at line {line} column {column}")]
    Syntax {
        problem: String,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
    },
    /// An object has two members of one name: readers disagree on which of them counts.
    #[error("the key {key:?} stands twice in one object, again at line {line} column {column}")]
    Twice {
        key: String,
        line: usize,
        column: usize,
    },
    /// It is nested too deeply.
    #[error("it is nested more than {MOST_LEVELS} levels deep")]
    TooDeep,
    /// What stands for other parts of it (aliases of YAML) makes it larger than this.
    #[error("it has more than {0} values")]
    TooLarge(usize),
}

impl JsonError {
    /// Whether the text is JSON all the same, and only cannot be judged.
    pub fn is_json(&self) -> bool {
        !matches!(self, JsonError::Syntax { .. })
    }
}

/// Reads one JSON value (RFC 8259).
///
/// # Errors
/// [`JsonError`]: it is not JSON, or not one that can be judged.
pub fn parse(text: &str) -> Result<Json, JsonError> {
    let mut reader = Reader { text, at: 0 };
    reader.space();
    let value = reader.value(0)?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.syntax("trailing characters")),
    }
}

impl Json {
    /// `string`, `number`, `boolean`, `null`, `array` or `object`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(_) => "number",
            Json::String(_) | Json::NotText(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        }
    }

    /// The number that it is.
    ///
    /// # Errors
    /// `None` where it is not a number; else why the number cannot be compared.
    pub fn number(&self) -> Option<Result<Decimal, DecimalError>> {
        match self {
            Json::Number(text) => Some(text.parse()),
            _ => None,
        }
    }

    /// A member of an object.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => {
                let found = members.iter().find(|(name, _)| name == key);
                found.map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Equal with types and all: numbers by value, members in any order.
    pub fn same(&self, other: &Json) -> bool {
        match (self, other) {
            (Json::Number(a), Json::Number(b)) => {
                a == b
                    || matches!((a.parse::<Decimal>(), b.parse::<Decimal>()), (Ok(a), Ok(b)) if a == b)
            }
            (Json::Array(a), Json::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            (Json::Object(a), Json::Object(b)) => {
                let member = |key: &str, a: &Json| other.get(key).is_some_and(|b| a.same(b));
                a.len() == b.len() && a.iter().all(|(key, a)| member(key, a))
            }
            (a, b) => a == b,
        }
    }

    /// The text with a member or an element on each line.
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        self.indented(0, &mut out);
        out
    }

    fn indented(&self, level: usize, out: &mut String) {
        let line = |level: usize| format!("\n{}", "  ".repeat(level));
        match self {
            Json::Array(elements) if !elements.is_empty() => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    out.push_str(&line(level + 1));
                    element.indented(level + 1, out);
                }
                out.push_str(&line(level));
                out.push(']');
            }
            Json::Object(members) if !members.is_empty() => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    out.push_str(&format!("{}{}: ", line(level + 1), quoted(key)));
                    value.indented(level + 1, out);
                }
                out.push_str(&line(level));
                out.push('}');
            }
            other => out.push_str(&other.to_string()),
        }
    }

    /// The value for `serde_json`: numbers as near as a double is.
    pub fn to_serde(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| {
                // Out of a double's range: the greatest of its sign.
                Value::from(if text.starts_with('-') {
                    f64::MIN
                } else {
                    f64::MAX
                })
            }),
            Json::String(text) | Json::NotText(text) => Value::String(text.clone()),
            Json::Array(elements) => elements.iter().map(Json::to_serde).collect(),
            Json::Object(members) => {
                let members = members
                    .iter()
                    .map(|(key, value)| (key.clone(), value.to_serde()));
                Value::Object(members.collect())
            }
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(text) => f.write_str(text),
            Json::String(text) => f.write_str(&quoted(text)),
            Json::NotText(raw) => write!(f, "\"{raw}\""),
            Json::Array(elements) => {
                f.write_str("[")?;
                for (index, element) in elements.iter().enumerate() {
                    write!(f, "{}{element}", if index > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
            Json::Object(members) => {
                f.write_str("{")?;
                for (index, (key, value)) in members.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    write!(f, "{comma}{}:{value}", quoted(key))?;
                }
                f.write_str("}")
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn place(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..at];
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        (
            before.matches('\n').count() + 1,
            before[start..].chars().count() + 1,
        )
    }

    fn syntax(&self, problem: &str) -> JsonError {
        let (line, column) = self.place(self.at);
        let problem = match self.peek() {
            None => "the text ends too early",
            Some(_) => problem,
        };
        JsonError::Syntax {
            problem: problem.to_owned(),
            line,
            column,
        }
    }

    fn value(&mut self, level: usize) -> Result<Json, JsonError> {
        if level > MOST_LEVELS {
            return Err(JsonError::TooDeep);
        }
        match self.peek() {
            Some(b'{') => self.object(level),
            Some(b'[') => self.array(level),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                for (word, value) in [
                    ("true", Json::Bool(true)),
                    ("false", Json::Bool(false)),
                    ("null", Json::Null),
                ] {
                    if self.rest().starts_with(word) {
                        self.at += word.len();
                        return Ok(value);
                    }
                }
                Err(self.syntax("expected value"))
            }
        }
    }

    fn array(&mut self, level: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut elements = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Json::Array(elements));
        }
        loop {
            self.space();
            elements.push(self.value(level + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Json::Array(elements));
            }
            if !self.take(b',') {
                return Err(self.syntax("expected `,` or `]`"));
            }
        }
    }

    fn object(&mut self, level: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        self.space();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.syntax("expected a key in double quotes"));
            }
            let key = match self.string()? {
                Json::String(key) | Json::NotText(key) => key,
                _ => return Err(self.syntax("expected a key in double quotes")),
            };
            if !names.insert(key.clone()) {
                let (line, column) = self.place(start);
                return Err(JsonError::Twice { key, line, column });
            }
            self.space();
            if !self.take(b':') {
                return Err(self.syntax("expected `:`"));
            }
            self.space();
            members.push((key, self.value(level + 1)?));
            self.space();
            if self.take(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.take(b',') {
                return Err(self.syntax("expected `,` or `}`"));
            }
        }
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            Err(self.syntax("invalid number"))
        } else {
            Ok(())
        }
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        Ok(Json::Number(self.text[start..self.at].to_owned()))
    }

    fn string(&mut self) -> Result<Json, JsonError> {
        self.at += 1;
        let start = self.at;
        let mut text = String::new();
        let mut whole = true;
        loop {
            let plain = self.rest().find(|c: char| c == '"' || c == '\\' || c < ' ');
            let end = plain.unwrap_or(self.rest().len());
            text.push_str(&self.rest()[..end]);
            self.at += end;
            match self.peek() {
                Some(b'"') => {
                    let raw = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(if whole {
                        Json::String(text)
                    } else {
                        Json::NotText(raw.to_owned())
                    });
                }
                Some(b'\\') => match self.escape()? {
                    Some(c) => text.push(c),
                    None => whole = false,
                },
                _ => return Err(self.syntax("a control character in a string")),
            }
        }
    }

    /// The character of an escape; `None` for half of a surrogate pair.
    fn escape(&mut self) -> Result<Option<char>, JsonError> {
        self.at += 1;
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                let first = self.unit()?;
                if let Some(c) = char::from_u32(first) {
                    return Ok(Some(c));
                }
                let pair = (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u");
                if !pair {
                    return Ok(None);
                }
                let before = self.at;
                self.at += 2;
                let second = self.unit()?;
                if !(0xdc00..0xe000).contains(&second) {
                    self.at = before;
                    return Ok(None);
                }
                let c = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(c));
            }
            _ => return Err(self.syntax("invalid escape")),
        };
        self.at += 1;
        Ok(Some(c))
    }

    fn unit(&mut self) -> Result<u32, JsonError> {
        let hex = self
            .rest()
            .get(..4)
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let unit = unit.ok_or_else(|| self.syntax("invalid escape"))?;
        self.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests;
