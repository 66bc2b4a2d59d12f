//! Text with `${name}` parameters in it.

use chrono::{DateTime, SecondsFormat, Utc};
use indexmap::IndexMap;

/// Values of parameters by name.
pub type Scope = IndexMap<String, String>;

/// A piece of a [`Text`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Literal text.
    Literal(String),
    /// `${name}`: filled in from a [`Scope`].
    Param(String),
}

/// Text whose parameters are filled in when it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The pieces in order.
    pub parts: Vec<Part>,
}

impl Text {
    /// Text without parameters.
    pub fn literal(text: impl Into<String>) -> Self {
        Text {
            parts: vec![Part::Literal(text.into())],
        }
    }

    /// Splits at `${name}`; `$${` is a literal `${`. Anything else with a dollar sign, such as
    /// `$HOME` or `${x:-y}`, is left as it stands: it belongs to the shell.
    pub fn parse(source: &str) -> Self {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = source;
        while let Some(at) = rest.find('$') {
            literal.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("$${") {
                literal.push_str("${");
                rest = after;
            } else if let Some((name, after)) = parameter(rest) {
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(Part::Param(name.to_owned()));
                rest = after;
            } else {
                literal.push('$');
                rest = &rest[1..];
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Text { parts }
    }

    /// A text as [`Text::parse`] takes it for just this text: `${name}` is no parameter of it.
    pub fn escape(text: &str) -> String {
        text.replace("${", "$${")
    }

    /// The text with the parameters that the scope knows filled in; the others stay open.
    #[must_use]
    pub fn bind(&self, scope: &Scope) -> Text {
        let mut parts: Vec<Part> = Vec::new();
        for part in &self.parts {
            let text = match part {
                Part::Literal(text) => text.clone(),
                Part::Param(name) => match scope.get(name) {
                    Some(value) => value.clone(),
                    None => {
                        parts.push(part.clone());
                        continue;
                    }
                },
            };
            match parts.last_mut() {
                Some(Part::Literal(last)) => last.push_str(&text),
                _ => parts.push(Part::Literal(text)),
            }
        }
        Text { parts }
    }

    /// The names of the parameters, in order of appearance.
    pub fn params(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Param(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// The text with its parameters filled in. A name the scope does not know stays visible as
    /// `${name}`; the reader of claim files has refused such names before anything runs.
    pub fn render(&self, scope: &Scope) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.clone(),
                Part::Param(name) => scope
                    .get(name)
                    .cloned()
                    .unwrap_or_else(|| format!("${{{name}}}")),
            })
            .collect()
    }
}

/// `${name}` at the start of `text`, and what follows it.
fn parameter(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("${")?;
    let (name, after) = inner.split_once('}')?;
    (is_name(name) || is_moment(name)).then_some((name, after))
}

/// Text as it stands in HTML, also inside of an attribute: nothing of it is markup.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A word of a vocabulary that is ASCII, with every other character written as an escape: what looks
/// like a letter and is another one is seen.
pub fn ascii(text: &str) -> String {
    let shown = |c: char| match c {
        ' '..='~' => c.to_string(),
        other => other.escape_unicode().to_string(),
    };
    text.chars().map(shown).collect()
}

/// A character that is not seen, or that turns the order of those beside it around: with it a text
/// reads otherwise than it is. Marks that a script needs (U+200C to U+200F) are not among them.
pub fn is_deceptive(c: char) -> bool {
    matches!(
        c,
        '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{ad}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// When something began, as parameters: `run.began` in RFC 3339, `run.began_unix` in seconds since 1970.
pub fn moments(of: &str, began: DateTime<Utc>) -> [(String, String); 2] {
    [
        (
            format!("{of}.began"),
            began.to_rfc3339_opts(SecondsFormat::Secs, true),
        ),
        (format!("{of}.began_unix"), began.timestamp().to_string()),
    ]
}

/// Whether `name` is one of [`moments`].
fn is_moment(name: &str) -> bool {
    let of_name = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    name.rsplit_once('.').is_some_and(|(of, moment)| {
        matches!(moment, "began" | "began_unix") && !of.is_empty() && of.bytes().all(of_name)
    })
}

/// Whether `name` can name a variable: a letter or `_`, then letters, digits and `_`.
pub fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_parameters_and_other_dots_belong_to_the_shell() {
        let text = Text::parse("${run.began} ${db-down.began_unix} ${a.b} ${.began}");
        let names: Vec<&str> = text.params().collect();
        assert_eq!(names, ["run.began", "db-down.began_unix"]);
        let scope = Scope::from_iter(moments("run", DateTime::UNIX_EPOCH));
        assert_eq!(
            Text::parse("${run.began} @${run.began_unix}").render(&scope),
            "1970-01-01T00:00:00Z @0"
        );
    }

    #[test]
    fn fills_in_parameters_and_leaves_the_shells_own_dollars() {
        let text = Text::parse("a ${unit} $HOME $${raw} ${x:-y} ${1} $");
        assert_eq!(text.params().collect::<Vec<_>>(), ["unit"]);
        let scope = Scope::from_iter([("unit".to_owned(), "b c".to_owned())]);
        assert_eq!(text.render(&scope), "a b c $HOME ${raw} ${x:-y} ${1} $");
    }
}
