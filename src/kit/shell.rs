//! Quoting for POSIX shells: the one place that turns a value into shell text.

use crate::text::{Part, Text, is_name};

/// The value as one word of a POSIX shell line. Words that need no quotes get none.
pub fn quote(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-./:@%+=,".contains(&b);
    if !value.is_empty() && value.bytes().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// The arguments as one shell line.
pub fn join<S: AsRef<str>>(words: &[S]) -> String {
    words
        .iter()
        .map(|word| quote(word.as_ref()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The quotes a place in a shell line stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// None.
    None,
    /// Single quotes: everything is literal.
    Single,
    /// Double quotes: parameters are filled in, without word splitting.
    Double,
}

/// Follows the quotes of a shell line, piece by piece. It knows quotes, backslashes, comments
/// and `$(…)`; it does not know here-documents. A wrong answer cannot turn a value into shell
/// text, because values never enter the text: it can only cost or add a pair of quotes.
#[derive(Debug, Default)]
pub struct ShellScanner {
    /// The quotes around the current place, outermost first; `None` entries are `$(…)`.
    stack: Vec<Quoting>,
    escaped: bool,
    comment: bool,
    last: Option<char>,
}

impl ShellScanner {
    /// The quotes that the end of what was scanned stands in.
    pub fn quoting(&self) -> Quoting {
        self.stack.last().copied().unwrap_or(Quoting::None)
    }

    /// Scans the next piece.
    pub fn scan(&mut self, text: &str) {
        for c in text.chars() {
            self.step(c);
            self.last = Some(c);
        }
    }

    fn step(&mut self, c: char) {
        if self.comment {
            self.comment = c != '\n';
            return;
        }
        if std::mem::take(&mut self.escaped) {
            return;
        }
        match (self.quoting(), c) {
            (Quoting::Single, '\'') | (Quoting::Double, '"') => {
                self.stack.pop();
            }
            (Quoting::Single, _) => {}
            (_, '\\') => self.escaped = true,
            (_, '(') if self.last == Some('$') => self.stack.push(Quoting::None),
            (Quoting::None, ')') if !self.stack.is_empty() => {
                self.stack.pop();
            }
            (Quoting::None, '\'') => self.stack.push(Quoting::Single),
            (Quoting::None, '"') => self.stack.push(Quoting::Double),
            (Quoting::None, '#') if self.last.is_none_or(|l| l.is_whitespace() || l == ';') => {
                self.comment = true;
            }
            _ => {}
        }
    }
}

/// A shell text with each parameter replaced by what `filled` makes of its name and of the quotes that it
/// stands in.
pub fn fill(text: &Text, mut filled: impl FnMut(&str, Quoting) -> String) -> String {
    let mut scanner = ShellScanner::default();
    let mut line = String::new();
    for part in &text.parts {
        match part {
            Part::Literal(literal) => {
                scanner.scan(literal);
                line.push_str(literal);
            }
            Part::Param(name) => line.push_str(&filled(name, scanner.quoting())),
        }
    }
    line
}

/// The shell variable that stands for a parameter. A name with other characters than those of a variable has
/// their codes in its place, so that no two names are the same variable.
pub fn variable(name: &str) -> String {
    if is_name(name) {
        return name.to_owned();
    }
    let mut variable = "gp_".to_owned();
    for byte in name.bytes() {
        match byte {
            b if b.is_ascii_alphanumeric() => variable.push(char::from(b)),
            b => variable.push_str(&format!("_{b:02x}")),
        }
    }
    variable
}

/// A parameter as a reference to its shell variable, in quotes of its own where it stands outside
/// of quotes: a value with spaces stays one word.
pub fn reference(name: &str, quoting: Quoting) -> String {
    let name = variable(name);
    match quoting {
        Quoting::None => format!("\"${{{name}}}\""),
        Quoting::Single | Quoting::Double => format!("${{{name}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quoting_after(text: &str) -> Quoting {
        let mut scanner = ShellScanner::default();
        scanner.scan(text);
        scanner.quoting()
    }

    #[test]
    fn follows_quotes_comments_and_substitutions() {
        assert_eq!(quoting_after("echo "), Quoting::None);
        assert_eq!(quoting_after("echo 'it"), Quoting::Single);
        assert_eq!(quoting_after("echo 'it'"), Quoting::None);
        assert_eq!(quoting_after(r"echo \'"), Quoting::None);
        assert_eq!(quoting_after("echo \"a 'b"), Quoting::Double);
        assert_eq!(quoting_after("echo \"$(grep '"), Quoting::Single);
        assert_eq!(quoting_after("echo \"$(grep 'x') "), Quoting::Double);
        assert_eq!(quoting_after("true # it's\necho "), Quoting::None);
        assert_eq!(quoting_after("echo a#'"), Quoting::Single);
    }

    proptest! {
        #[test]
        fn a_quoted_value_comes_back_from_a_real_shell(value in "[^\0]{0,40}") {
            let line = format!("printf %s {}", quote(&value));
            let out = std::process::Command::new("sh").args(["-c", &line]).output().unwrap();
            prop_assert_eq!(out.stdout, value.as_bytes());
        }
    }
}
