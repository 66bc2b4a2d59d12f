//! Colours of terminal reports.

use anstyle::{AnsiColor, Style};
use comfy_table::Color;

use claim::outcome::Outcome;

/// The colour of an outcome in a table cell.
pub(super) fn outcome_color(outcome: Outcome) -> Color {
    match outcome {
        Outcome::Pass => Color::Green,
        Outcome::Fail | Outcome::Unrestored => Color::Red,
        Outcome::Error | Outcome::Toothless => Color::Magenta,
        // A person's word is never green.
        Outcome::Stale | Outcome::Flaky | Outcome::Skipped | Outcome::Attested => Color::Yellow,
    }
}

/// Colours of text outside table cells.
pub(super) struct Paint {
    pub(super) color: bool,
}

impl Paint {
    pub(super) fn bold(&self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    pub(super) fn alarm(&self, text: &str) -> String {
        let style = AnsiColor::White.on(AnsiColor::Red).bold();
        self.with(style, text)
    }

    pub(super) fn outcome(&self, outcome: Outcome, text: &str) -> String {
        let color = match outcome_color(outcome) {
            Color::Green => AnsiColor::Green,
            Color::Red => AnsiColor::Red,
            Color::Magenta => AnsiColor::Magenta,
            _ => AnsiColor::Yellow,
        };
        self.with(color.on_default().bold(), text)
    }

    pub(super) fn diff_line(&self, text: &str) -> String {
        match text.as_bytes().first() {
            Some(b'+') => self.with(AnsiColor::Green.on_default(), text),
            Some(b'-') => self.with(AnsiColor::Red.on_default(), text),
            _ => text.to_owned(),
        }
    }

    fn with(&self, style: Style, text: &str) -> String {
        if self.color {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}
