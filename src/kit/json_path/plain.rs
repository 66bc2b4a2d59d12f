//! The steps of a path up to the first selector that may find several values.

use super::{JsonPathError, JsonStep};

/// What was read.
pub(super) enum Plain {
    /// The whole path names one value.
    One(Vec<JsonStep>),
    /// After these steps comes a selector that may find several.
    Several(Vec<JsonStep>),
}

/// Reads a path: `$`, then any of `.key`, `["any key"]`, `['any key']`, `[0]` and `[-1]`, up to a
/// wildcard, slice, filter, list or `..`.
pub(super) fn read(source: &str) -> Result<Plain, JsonPathError> {
    let mut reader = Reader { source, at: 0 };
    if !reader.take('$') {
        let trimmed = source.trim();
        if trimmed.starts_with('$') {
            return Err(reader.error("white space before the path", &format!("write `{trimmed}`")));
        }
        let rest = trimmed.trim_start_matches('.');
        let example = if rest.is_empty() || rest.starts_with('[') {
            format!("${rest}")
        } else {
            format!("$.{rest}")
        };
        return Err(reader.error("a path begins with `$`", &format!("write `{example}`")));
    }
    let mut steps = Vec::new();
    loop {
        let before = reader.at;
        reader.space();
        let step = match reader.peek() {
            None if reader.at > before => {
                reader.at = before;
                return Err(reader.error("white space after the path", "leave it out"));
            }
            None => return Ok(Plain::One(steps)),
            Some('.') => reader.dotted()?,
            Some('[') => reader.bracketed()?,
            Some(_) => {
                reader.at = before;
                let next = reader.peek().unwrap_or(' ');
                return Err(reader.error(
                    &format!("`{next}` cannot stand here"),
                    "write `.key`, `[\"any key\"]` or `[0]`, or nothing",
                ));
            }
        };
        match step {
            Some(step) => steps.push(step),
            None => return Ok(Plain::Several(steps)),
        }
    }
}

/// The path with every key after a dot that has `-` in it or begins with a digit in brackets, as
/// RFC 9535 wants it. With it, which place of the one is which of the other.
pub(super) fn bracket_keys(source: &str) -> (String, Vec<(usize, usize)>) {
    let mut out = String::new();
    let mut places = Vec::new();
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    let mut at = 0;
    while let Some(c) = source[at..].chars().next() {
        let key_end = source[at + c.len_utf8()..]
            .find(|c: char| !is_key(c))
            .map_or(source.len(), |end| at + c.len_utf8() + end);
        let key = &source[at + c.len_utf8()..key_end];
        let odd = key.contains('-') || key.starts_with(|c: char| c.is_ascii_digit());
        if quote.is_none() && depth == 0 && c == '.' && odd {
            places.push((out.len(), at));
            // After `..` the bracket stands without a dot of its own.
            let descends = out.ends_with('.');
            out.push_str(&format!("{}[\"{key}\"]", if descends { "." } else { "" }));
            at = key_end;
            places.push((out.len(), at));
            continue;
        }
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        out.push(c);
        at += c.len_utf8();
    }
    (out, places)
}

/// Whether a character can stand in a key after a dot.
fn is_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-' || !c.is_ascii()
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

    fn space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn error(&self, problem: &str, help: &str) -> JsonPathError {
        JsonPathError {
            offset: self.at,
            problem: problem.to_owned(),
            help: help.to_owned(),
        }
    }

    /// A key after a dot; `None` for `.*` and `..`.
    fn dotted(&mut self) -> Result<Option<JsonStep>, JsonPathError> {
        self.at += 1;
        let rest = self.rest();
        let end = rest.find(|c: char| !is_key(c)).unwrap_or(rest.len());
        let key = rest[..end].to_owned();
        if end == 0 {
            return match self.peek() {
                Some('*' | '.') => Ok(None),
                None => Err(self.error("the key after the dot is missing", "write `.key`")),
                Some('[') => Err(self.error("no dot stands before a bracket", "leave the dot out")),
                Some(c) if c.is_whitespace() => {
                    Err(self.error("white space after the dot", "leave it out"))
                }
                Some(c) => Err(self.error(
                    &format!("a key after a dot cannot begin with `{c}`"),
                    "write such a key as `[\"…\"]`, without the dot",
                )),
            };
        }
        if key.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.error(
                &format!("`.{key}` is neither a key nor an index"),
                &format!("write `[{key}]` for an element, or `[\"{key}\"]` for a key of that name"),
            ));
        }
        self.at += end;
        Ok(Some(JsonStep::Key(key)))
    }

    /// What stands in brackets; `None` where it may find several.
    fn bracketed(&mut self) -> Result<Option<JsonStep>, JsonPathError> {
        self.at += 1;
        self.space();
        let step = match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
            Some('*' | '?' | ':') => return Ok(None),
            Some('-' | '0'..='9') => match self.index()? {
                Some(index) => index,
                None => return Ok(None),
            },
            Some(']') => {
                return Err(self.error("the brackets are empty", "write `[0]` or `[\"key\"]`"));
            }
            Some(_) => {
                let word = self.rest().split(']').next().unwrap_or_default().trim();
                return Err(self.error(
                    "a key in brackets needs quotes",
                    &format!("write `[\"{word}\"]`"),
                ));
            }
            None => return Err(self.error("the bracket is not closed", "write `[0]`")),
        };
        self.space();
        if self.take(']') {
            return Ok(Some(step));
        }
        match self.peek() {
            Some(',') => Ok(None),
            Some(':') if matches!(step, JsonStep::Index(_)) => Ok(None),
            _ => Err(self.error("the bracket is not closed", "write `]` here")),
        }
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
                key.push(self.escape()?);
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

    /// An escape of RFC 9535, 2.3.1.
    fn escape(&mut self) -> Result<char, JsonPathError> {
        let start = self.at;
        self.at += 1;
        let c = match self.peek() {
            Some(c @ ('"' | '\'' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let digits = |at: usize| {
                    let hex = self.source.get(at..at + 4)?;
                    let plain = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
                    plain.then(|| u16::from_str_radix(hex, 16).ok()).flatten()
                };
                let first = digits(start + 2);
                let paired = first.is_some_and(|unit| (0xd800..0xdc00).contains(&unit))
                    && self.source[start..].get(6..8) == Some("\\u");
                let second = if paired { digits(start + 8) } else { None };
                let units: Vec<u16> = first.into_iter().chain(second).collect();
                if let [Ok(c)] = char::decode_utf16(units).collect::<Vec<_>>().as_slice() {
                    self.at = start + if paired { 12 } else { 6 };
                    return Ok(*c);
                }
                self.at = start;
                return Err(self.error(
                    "an escape without its four digits, or half of a pair",
                    "write `\\u263A`, or the character itself",
                ));
            }
            _ => {
                self.at = start;
                return Err(self.error(
                    "an unknown escape",
                    "write `\\\\` for a backslash; the others are `\\n`, `\\t`, `\\r`, `\\b`, `\\f`, `\\/` and `\\u263A`",
                ));
            }
        };
        self.at += 1;
        Ok(c)
    }

    /// An index; `None` where a slice begins.
    fn index(&mut self) -> Result<Option<JsonStep>, JsonPathError> {
        let rest = self.rest();
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        let end = rest.len() - digits.len() + count;
        let text = &rest[..end];
        if rest[end..].trim_start().starts_with([':', ',']) {
            return Ok(None);
        }
        match text.parse::<i64>() {
            // Written in the one way in which the number is written.
            Ok(index) if index.to_string() == text => {
                self.at += end;
                Ok(Some(JsonStep::Index(index)))
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
