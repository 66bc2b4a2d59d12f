//! Paths into JSON: `$.a.b-c[0]["any key"]`. Without wildcards, so a path names one value or
//! none.

use serde_json::Value;

/// A path such as `$.a.b[0]["c d"]`. Without wildcards: it names one value or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath {
    /// The path as written.
    pub source: String,
    /// The steps from the root.
    pub steps: Vec<JsonStep>,
}

/// One step of a [`JsonPath`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonStep {
    /// A member of an object.
    Key(String),
    /// An element of an array; negative counts from the end.
    Index(i64),
}

/// Why a path cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {offset} of the path; {help}")]
pub struct JsonPathError {
    /// The byte of the path's text at which it goes wrong; its length when something is missing
    /// at the end.
    pub offset: usize,
    /// What is wrong there.
    pub problem: String,
    /// What to write instead.
    pub help: String,
}

/// Reads a path: `$`, then any of `.key`, `["any key"]`, `['any key']`, `[0]` and `[-1]`. A key
/// after a dot is made of letters, digits, `_` and `-`; in a quoted key `\"`, `\'` and `\\`
/// stand for the second character.
///
/// # Errors
/// The first place at which the text is no path, and what to write instead.
pub fn parse_json_path(source: &str) -> Result<JsonPath, JsonPathError> {
    let mut reader = Reader { source, at: 0 };
    if !reader.take('$') {
        let rest = source.trim_start_matches('.');
        let example = if rest.is_empty() || rest.starts_with('[') {
            format!("${rest}")
        } else {
            format!("$.{rest}")
        };
        return Err(reader.error("a path begins with `$`", &format!("write `{example}`")));
    }
    let mut steps = Vec::new();
    while let Some(next) = reader.peek() {
        steps.push(match next {
            '.' => reader.dotted()?,
            '[' => reader.bracketed()?,
            _ => {
                return Err(reader.error(
                    &format!("`{next}` cannot stand here"),
                    "write `.key`, `[\"any key\"]` or `[0]`, or nothing",
                ));
            }
        });
    }
    Ok(JsonPath {
        source: source.to_owned(),
        steps,
    })
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn error(&self, problem: &str, help: &str) -> JsonPathError {
        JsonPathError {
            offset: self.at,
            problem: problem.to_owned(),
            help: help.to_owned(),
        }
    }

    fn dotted(&mut self) -> Result<JsonStep, JsonPathError> {
        self.at += 1;
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(rest.len());
        if end == 0 {
            return Err(match self.peek() {
                None => self.error("the key after the dot is missing", "write `.key`"),
                Some('*') => self.error(
                    "a path has no wildcards",
                    "name one value, such as `.key` or `[0]`",
                ),
                Some('.') => self.error(
                    "a path does not search",
                    "write every key on the way, with one dot before each",
                ),
                Some('[') => self.error("no dot stands before a bracket", "leave the dot out"),
                Some(c) => self.error(
                    &format!("a key after a dot cannot begin with `{c}`"),
                    "write such a key as `[\"…\"]`, without the dot",
                ),
            });
        }
        let key = rest[..end].to_owned();
        self.at += end;
        Ok(JsonStep::Key(key))
    }

    fn bracketed(&mut self) -> Result<JsonStep, JsonPathError> {
        self.at += 1;
        let step = match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
            Some('-' | '0'..='9') => self.index()?,
            Some('*' | '?' | ':') => {
                return Err(self.error(
                    "a path has no wildcards, slices or filters",
                    "name one element, such as `[0]`, or the last one with `[-1]`",
                ));
            }
            Some(']') => {
                return Err(self.error("the brackets are empty", "write `[0]` or `[\"key\"]`"));
            }
            Some(c) if c.is_whitespace() => {
                return Err(self.error("white space in a path", "leave it out"));
            }
            Some(_) => {
                let word = self.rest().split(']').next().unwrap_or_default();
                return Err(self.error(
                    "a key in brackets needs quotes",
                    &format!("write `[\"{word}\"]`"),
                ));
            }
            None => return Err(self.error("the bracket is not closed", "write `[0]`")),
        };
        if self.take(']') {
            return Ok(step);
        }
        Err(match self.peek() {
            Some(':' | ',') => self.error(
                "a path has no slices or lists",
                "name one element, such as `[0]`",
            ),
            _ => self.error("the bracket is not closed", "write `]` here"),
        })
    }

    fn quoted(&mut self, quote: char) -> Result<JsonStep, JsonPathError> {
        let open = self.at;
        self.at += 1;
        let mut key = String::new();
        while let Some(c) = self.peek() {
            if c == quote {
                self.at += 1;
                return Ok(JsonStep::Key(key));
            }
            if c == '\\' {
                let escape = self.at;
                self.at += 1;
                match self.peek() {
                    Some(c @ ('"' | '\'' | '\\')) => key.push(c),
                    _ => {
                        self.at = escape;
                        return Err(self.error(
                            "an unknown escape",
                            "write `\\\\` for a backslash; every other character stands for itself",
                        ));
                    }
                }
                self.at += 1;
            } else {
                key.push(c);
                self.at += c.len_utf8();
            }
        }
        self.at = open;
        Err(self.error(
            "the quote is not closed",
            &format!("write `[{quote}key{quote}]`"),
        ))
    }

    fn index(&mut self) -> Result<JsonStep, JsonPathError> {
        let rest = self.rest();
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        let end = rest.len() - digits.len() + count;
        let text = &rest[..end];
        match text.parse::<i64>() {
            // Written in the one way in which the number is written.
            Ok(index) if index.to_string() == text => {
                self.at += end;
                Ok(JsonStep::Index(index))
            }
            Ok(index) => Err(self.error(
                &format!("`{text}` is an odd way to write an index"),
                &format!("write `[{index}]`, or `[\"{text}\"]` for a key of that name"),
            )),
            Err(_) => Err(self.error(
                &format!("`{text}` is not an index"),
                "write `[0]` for the first element, `[-1]` for the last",
            )),
        }
    }
}

/// The value a path names, if there is one.
pub fn lookup<'v>(path: &JsonPath, root: &'v Value) -> Option<&'v Value> {
    path.steps.iter().try_fold(root, step)
}

fn step<'v>(value: &'v Value, step: &JsonStep) -> Option<&'v Value> {
    match (step, value) {
        (JsonStep::Key(key), Value::Object(members)) => members.get(key),
        (JsonStep::Index(index), Value::Array(elements)) => {
            let distance = usize::try_from(index.unsigned_abs()).ok()?;
            let index = if *index < 0 {
                elements.len().checked_sub(distance)?
            } else {
                distance
            };
            elements.get(index)
        }
        _ => None,
    }
}

/// In words, how far a path that names nothing leads: `$.a is an object with b, c`.
pub fn reach(path: &JsonPath, root: &Value) -> String {
    let mut place = "$".to_owned();
    let mut value = root;
    for next in &path.steps {
        let Some(inner) = step(value, next) else {
            break;
        };
        value = inner;
        match next {
            JsonStep::Key(key) => place = format!("{place}[\"{key}\"]"),
            JsonStep::Index(index) => place = format!("{place}[{index}]"),
        }
    }
    let there = match value {
        Value::Object(members) if members.is_empty() => "an empty object".to_owned(),
        Value::Object(members) => {
            let mut keys: Vec<&str> = members.keys().take(8).map(String::as_str).collect();
            if members.len() > keys.len() {
                keys.push("…");
            }
            format!("an object with {}", keys.join(", "))
        }
        Value::Array(elements) => format!("an array of {}", elements.len()),
        other => format!("the {} {other}", type_name(other)),
    };
    format!("{place} is {there}")
}

/// `string`, `number`, `boolean`, `null`, `array` or `object`.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests;
