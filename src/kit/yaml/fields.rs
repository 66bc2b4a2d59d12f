//! Reading trees strictly: every helper reports what is wrong and goes on, so that all errors
//! of a file come at once.

use std::time::Duration;

use super::codes::Code;
use super::diagnostic::Diagnostic;
use super::tree::{Key, Node, NodeKind, is_null};
use crate::text::{Scope, Text, is_name};
use crate::yaml::source::Span;

/// What is known while a file is read: problems so far, and the names in force.
pub struct Reader {
    pub problems: Vec<Diagnostic>,
    /// Values known now: `vars:`, and the `for:` values of the check being read.
    pub scope: Scope,
    /// Names that get their value during the run: captures.
    pub captures: Vec<String>,
}

/// A map whose keys have been checked.
pub struct Fields<'n> {
    pub span: Span,
    entries: Vec<(&'n Key, &'n Node)>,
    /// The known keys that unknown ones were probably meant to be.
    meant: Vec<String>,
}

impl<'n> Fields<'n> {
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.key(key).map(|(_, node)| node)
    }

    pub fn key(&self, key: &str) -> Option<(&'n Key, &'n Node)> {
        self.entries.iter().find(|(k, _)| k.text == key).copied()
    }

    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Whether the key is there, or a misspelt one that was probably meant to be it: then it
    /// has been reported, and to call it missing as well would only be noise.
    pub fn meant(&self, key: &str) -> bool {
        self.has(key) || self.meant.iter().any(|k| k == key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'n Key, &'n Node)> + '_ {
        self.entries.iter().copied()
    }
}

impl Reader {
    pub fn new(scope: Scope) -> Self {
        Reader {
            problems: Vec::new(),
            scope,
            captures: Vec::new(),
        }
    }

    pub fn report(&mut self, problem: Diagnostic) {
        // The checks of a `for:` are read once per value: each problem is reported once.
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    pub fn wrong_type(&mut self, node: &Node, what: &str, wanted: &str) {
        let mut problem = Diagnostic::new(
            Code::WRONG_TYPE,
            node.span.clone(),
            format!("{what} must be {wanted}, not {}", node.kind_name()),
        );
        if node.kind_name() == "nothing" {
            problem = problem.help("the value is missing; put empty text in quotes: ''");
        }
        self.report(problem);
    }

    /// A map with any keys.
    pub fn open_map<'n>(&mut self, node: &'n Node, what: &str) -> Option<Fields<'n>> {
        let NodeKind::Map(entries) = &node.kind else {
            self.wrong_type(node, what, "a map");
            return None;
        };
        Some(Fields {
            span: node.span.clone(),
            entries: entries.iter().map(|(k, v)| (k, v)).collect(),
            meant: Vec::new(),
        })
    }

    /// A map with these keys and no others.
    pub fn map<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<Fields<'n>> {
        let mut fields = self.open_map(node, what)?;
        for (key, _) in fields.entries.clone() {
            if known.contains(&key.text.as_str()) {
                continue;
            }
            let word = nearest(&key.text, known);
            fields.meant.extend(word.map(str::to_owned));
            let problem = Diagnostic::new(
                Code::UNKNOWN_KEY,
                key.span.clone(),
                format!("unknown key `{}` in {what}", crate::text::ascii(&key.text)),
            )
            .help(match word {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("known keys: {}", known.join(", ")),
            });
            self.report(problem);
        }
        fields
            .entries
            .retain(|(key, _)| known.contains(&key.text.as_str()));
        Some(fields)
    }

    pub fn missing_in(&mut self, fields: &Fields<'_>, what: &str, key: &str, help: &str) {
        if !fields.meant(key) {
            // Only the beginning: where a reader looks for the missing key.
            let head = fields.span.start..fields.span.start + 1;
            self.missing(&head, what, key, help);
        }
    }

    pub fn missing(&mut self, span: &Span, what: &str, key: &str, help: &str) {
        self.report(
            Diagnostic::new(
                Code::MISSING_KEY,
                span.clone(),
                format!("{what} needs `{key}:`"),
            )
            .help(help),
        );
    }

    /// The items of a list; a single value stands for a list of one.
    pub fn items<'n>(&mut self, node: &'n Node, what: &str) -> Vec<&'n Node> {
        match &node.kind {
            NodeKind::List(items) if items.is_empty() => {
                self.report(
                    Diagnostic::new(
                        Code::EMPTY,
                        node.span.clone(),
                        format!("{what} is an empty list"),
                    )
                    .help("leave the key out, or add an item"),
                );
                Vec::new()
            }
            NodeKind::List(items) => items.iter().collect(),
            _ => vec![node],
        }
    }

    /// Any scalar as the text that stands there.
    pub fn scalar<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.kind {
            NodeKind::Scalar { text, plain } if !(*plain && is_null(text)) => Some(text),
            _ => {
                self.wrong_type(node, what, "a text");
                None
            }
        }
    }

    /// A text with parameters, the known ones filled in; those of captures stay open.
    pub fn text(&mut self, node: &Node, what: &str) -> Option<Text> {
        let text = Text::parse(self.scalar(node, what)?);
        self.check_params(&text, node);
        Some(text.bind(&self.scope))
    }

    /// A text whose parameters are kept as they are (for the shell), but must be known.
    pub fn open_text(&mut self, node: &Node, what: &str) -> Option<Text> {
        let text = Text::parse(self.scalar(node, what)?);
        self.check_params(&text, node);
        Some(text)
    }

    /// A text with parameters, all of which are known before anything runs.
    pub fn fixed(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = Text::parse(self.scalar(node, what)?);
        self.check_params(&text, node);
        if let Some(name) = text.params().find(|name| self.captures_only(name)) {
            self.report(
                Diagnostic::new(
                    Code::UNKNOWN_VARIABLE,
                    node.span.clone(),
                    format!("{what} cannot depend on the captured value `{name}`"),
                )
                .help("it is read before anything runs; use `vars:` or `for:`"),
            );
            return None;
        }
        Some(text.render(&self.scope))
    }

    fn captures_only(&self, name: &str) -> bool {
        !self.scope.contains_key(name) && self.captures.iter().any(|c| c == name)
    }

    fn check_params(&mut self, text: &Text, node: &Node) {
        for name in text.params() {
            if self.scope.contains_key(name) || self.captures.iter().any(|c| c == name) {
                continue;
            }
            let known: Vec<&str> = self
                .scope
                .keys()
                .chain(&self.captures)
                .map(String::as_str)
                .collect();
            let help = match nearest(name, &known) {
                Some(word) => format!("did you mean `${{{word}}}`?"),
                None => format!(
                    "define it in `vars:`, `for:` or `capture:`; the shell's own variable is `${name}` or `$${{{name}}}`"
                ),
            };
            let problem = Diagnostic::new(
                Code::UNKNOWN_VARIABLE,
                node.span.clone(),
                format!("unknown variable `{name}`"),
            )
            .help(help);
            self.report(problem);
        }
    }

    /// How long something may take.
    pub fn duration(&mut self, node: &Node, what: &str) -> Option<Duration> {
        let duration = self.age(node, what)?;
        if duration > Duration::from_secs(7 * 24 * 3600) {
            self.bad_duration(node, what, "is longer than seven days", "7days");
            return None;
        }
        Some(duration)
    }

    /// How long something is waited for or watched: at least a millisecond, because in less nothing
    /// is seen.
    pub fn window(&mut self, node: &Node, what: &str) -> Option<Duration> {
        let duration = self.duration(node, what)?;
        if duration < Duration::from_millis(1) {
            self.bad_duration(
                node,
                what,
                "is shorter than a millisecond",
                "write for example `500ms` or `10s`",
            );
            return None;
        }
        Some(duration)
    }

    /// How long ago something may be.
    pub fn age(&mut self, node: &Node, what: &str) -> Option<Duration> {
        let text = self.fixed(node, what)?;
        match humantime::parse_duration(&text) {
            Ok(duration) if duration <= Duration::from_secs(100 * 366 * 24 * 3600) => {
                Some(duration)
            }
            Ok(_) => {
                self.bad_duration(node, what, "is longer than a hundred years", "365days");
                None
            }
            Err(_) => {
                let fix = match text.parse::<f64>() {
                    Ok(n) => format!("write `{n}s` for seconds or `{n}ms` for milliseconds"),
                    Err(_) => "write for example `500ms`, `10s` or `1h 30m`".to_owned(),
                };
                self.bad_duration(node, what, "is not a duration", &fix);
                None
            }
        }
    }

    pub fn bad_duration(&mut self, node: &Node, what: &str, why: &str, help: &str) {
        self.report(
            Diagnostic::new(
                Code::BAD_DURATION,
                node.span.clone(),
                format!("{what} {why}"),
            )
            .help(help),
        );
    }

    /// A number; numbers in quotes count, because `${var}` needs them.
    pub fn number(&mut self, node: &Node, what: &str) -> Option<f64> {
        let text = self.fixed(node, what)?;
        match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Some(number),
            _ => {
                self.bad_number(node, format!("{what} must be a number, not `{text}`"));
                None
            }
        }
    }

    /// A whole number between the bounds.
    pub fn integer(&mut self, node: &Node, what: &str, min: i64, max: i64) -> Option<i64> {
        let text = self.fixed(node, what)?;
        match text.trim().parse::<i64>() {
            Ok(number) if (min..=max).contains(&number) => Some(number),
            _ => {
                self.bad_number(
                    node,
                    format!("{what} must be a whole number from {min} to {max}, not `{text}`"),
                );
                None
            }
        }
    }

    pub fn bad_number(&mut self, node: &Node, message: String) {
        self.report(Diagnostic::new(
            Code::BAD_NUMBER,
            node.span.clone(),
            message,
        ));
    }

    pub fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        self.one_of(node, what, &["true", "false"])
            .map(|at| at == 0)
    }

    /// One of some words: its index.
    pub fn one_of(&mut self, node: &Node, what: &str, words: &[&str]) -> Option<usize> {
        let text = self.fixed(node, what)?;
        if let Some(at) = words.iter().position(|word| *word == text) {
            return Some(at);
        }
        let problem = Diagnostic::new(
            Code::BAD_VALUE,
            node.span.clone(),
            format!("{what} cannot be `{text}`"),
        )
        .help(match nearest(&text, words) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("one of: {}", words.join(", ")),
        });
        self.report(problem);
        None
    }

    /// A regular expression. The value of a parameter in it stands for itself: it is a literal.
    pub fn regex(&mut self, node: &Node, what: &str) -> Option<regex::Regex> {
        self.fixed(node, what)?;
        let literal = |(name, value): (&String, &String)| (name.clone(), regex::escape(value));
        let scope: Scope = self.scope.iter().map(literal).collect();
        let text = Text::parse(self.scalar(node, what)?).render(&scope);
        // A small compiled size keeps a hostile file from costing memory.
        match regex::RegexBuilder::new(&text).size_limit(1 << 20).build() {
            Ok(regex) => Some(regex),
            Err(error) => {
                let text = error.to_string();
                let reason = text
                    .lines()
                    .rev()
                    .find_map(|line| line.trim().strip_prefix("error: "))
                    .unwrap_or_else(|| text.lines().next_back().unwrap_or_default());
                let problem = Diagnostic::new(
                    Code::BAD_REGEX,
                    node.span.clone(),
                    format!("{what} is not a valid regular expression"),
                )
                .label(reason.to_owned())
                .help("for plain text use `contains:`; in YAML, single quotes keep backslashes");
                self.report(problem);
                None
            }
        }
    }

    /// A name of a host, fixture, gate or check.
    pub fn check_name(&mut self, name: &str, span: &Span, what: &str) -> bool {
        let mut chars = name.chars();
        let good = chars.next().is_some_and(|c| c.is_ascii_alphanumeric())
            && chars.all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
            && name.len() <= 64;
        if !good {
            self.report(
                Diagnostic::new(
                    Code::BAD_NAME,
                    span.clone(),
                    format!("`{}` cannot name {what}", crate::text::ascii(name)),
                )
                .help(
                    "letters, digits, `_`, `-`, `.`; at most 64 of them; a letter or digit first",
                ),
            );
        }
        good
    }

    /// A name of a variable.
    pub fn check_variable(&mut self, name: &str, span: &Span) -> bool {
        let good = is_name(name) && name.len() <= 64;
        if !good {
            self.report(
                Diagnostic::new(
                    Code::BAD_NAME,
                    span.clone(),
                    format!("`{name}` cannot name a variable"),
                )
                .help("letters, digits and `_`; not a digit first"),
            );
        }
        good
    }
}

/// The known word that a misspelt one was probably meant to be.
pub fn nearest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    let lower = word.to_ascii_lowercase().replace('-', "_");
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len() / 3)
        .min()
        .map(|(_, candidate)| candidate)
}
