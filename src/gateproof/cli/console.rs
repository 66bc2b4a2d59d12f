//! The only place that writes to the terminal. A terminal that has gone away must not keep a
//! run from undoing what it did, so nothing here can fail.

use std::io::{IsTerminal, Write};

use crate::cli::options::Color;

/// Writes to standard output.
pub(crate) fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

/// Writes to standard error.
pub(crate) fn err(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
}

/// Whether to use colour on standard output. `NO_COLOR` and `CLICOLOR_FORCE` are respected.
pub(crate) fn color_out(wish: Color) -> bool {
    color(wish, &std::io::stdout())
}

/// Whether to use colour on standard error.
pub(crate) fn color_err(wish: Color) -> bool {
    color(wish, &std::io::stderr())
}

fn color(wish: Color, stream: &impl anstream::stream::RawStream) -> bool {
    match wish {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never,
    }
}

/// The terminal's width in columns; 100 where there is none.
pub(crate) fn width() -> usize {
    let wish = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    let seen = || {
        let stdout = std::io::stdout();
        let (width, _) = terminal_size::terminal_size_of(&stdout)?;
        stdout.is_terminal().then_some(usize::from(width.0))
    };
    wish.or_else(seen).unwrap_or(100).clamp(60, 200)
}

/// Breaks a text at spaces.
pub(crate) fn wrap(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.len() - 1;
        if !lines[line].is_empty() && lines[line].chars().count() + 1 + word.chars().count() > width
        {
            lines.push(word.to_owned());
            continue;
        }
        if !lines[line].is_empty() {
            lines[line].push(' ');
        }
        lines[line].push_str(word);
    }
    lines.join("\n")
}
