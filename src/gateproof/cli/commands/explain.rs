//! `gateproof explain`: what a code means.

use crate::cli::terminal;
use clap::Args;

use crate::audit::rule;
use claim::codes;
use claim::outcome::ExitCode;
use kit::console;

/// The width of an explanation.
const COLUMNS: usize = 88;

/// Explain a code such as GP2201, or list all codes
///
/// Reads no file. Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit codes:
  0  explained
  2  there is no such code")]
pub(crate) struct ExplainOptions {
    /// The code (default: list all codes)
    code: Option<String>,
}

pub(crate) fn explain(options: &ExplainOptions) -> ExitCode {
    let Some(name) = options.code.as_deref() else {
        let rules = rule::ALL.iter().map(|rule| (rule.code, rule.title));
        for (code, title) in rules.chain(
            codes::all()
                .into_iter()
                .map(|entry| (entry.code.0, entry.title)),
        ) {
            terminal::out(&format!("{code}  {title}\n"));
        }
        return ExitCode::Success;
    };
    let found = codes::find(name)
        .map(|entry| (entry.code.0, entry.title, entry.text))
        .or_else(|| rule::find(name).map(|rule| (rule.code, rule.title, rule.text)));
    let Some((code, title, text)) = found else {
        terminal::err(&format!(
            "gateproof: `{name}` is not a code; `gateproof explain` lists all codes\n"
        ));
        return ExitCode::Invalid;
    };
    let text = console::wrap(text, COLUMNS);
    terminal::out(&format!("{code}  {title}\n\n{text}\n"));
    ExitCode::Success
}
