//! The terminal. Only the command lines write to it, and only through this file: a terminal that
//! went away must not keep a run from undoing what it did, so no function here can fail.

use std::io::{IsTerminal, Write};

use crate::redact::Redacted;

/// The width that a text is laid out for where standard output is not a terminal.
const DEFAULT_WIDTH: usize = 100;

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are respected.
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Whether to use colour on standard output.
    pub fn on_stdout(self) -> bool {
        self.on(&std::io::stdout())
    }

    /// Whether to use colour on standard error.
    pub fn on_stderr(self) -> bool {
        self.on(&std::io::stderr())
    }

    fn on(self, stream: &impl anstream::stream::RawStream) -> bool {
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never,
        }
    }
}

/// Writes to standard output.
pub fn out(text: &Redacted<String>) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

/// Writes to standard error.
pub fn err(text: &Redacted<String>) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// The width of standard output in columns: `COLUMNS`, else that of the terminal.
pub fn width() -> usize {
    let requested = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    let of_terminal = || {
        let stdout = std::io::stdout();
        let (width, _) = terminal_size::terminal_size_of(&stdout)?;
        stdout.is_terminal().then_some(usize::from(width.0))
    };
    requested
        .or_else(of_terminal)
        .unwrap_or(DEFAULT_WIDTH)
        .clamp(60, 200)
}

/// The width of standard error in columns, where it is a terminal: a line that is longer is broken, and
/// cannot be taken back.
pub fn width_of_stderr() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(std::io::stderr())?;
    Some(usize::from(width.0))
}

/// Breaks a text at spaces into lines of at most `width` characters; a longer word stays whole.
pub fn wrap(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_spaces_and_keeps_a_long_word_whole() {
        assert_eq!(wrap("one two  three\nfour", 9), "one two\nthree\nfour");
        assert_eq!(wrap("a longerthanthat b", 5), "a\nlongerthanthat\nb");
        assert_eq!(wrap("  ", 5), "");
    }

    #[test]
    fn a_named_choice_of_colour_is_obeyed_without_a_terminal() {
        assert!(Color::Always.on_stdout() && Color::Always.on_stderr());
        assert!(!Color::Never.on_stdout() && !Color::Never.on_stderr());
    }
}
