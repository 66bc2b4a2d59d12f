//! Messages on standard error: progress, refusals, faults.

use crate::cli::terminal;
use crate::report::progress_line;
use crate::run::RunEvent;
use claim::outcome::ExitCode;
use kit::count::count;
use kit::error_chain;
use kit::yaml::codes::Code;

/// The longest line about a step of a fixture, before its observation.
const STEP_COLUMNS: usize = 110;

/// A line about an event of a run.
pub(crate) fn describe(event: &RunEvent) -> String {
    match event {
        RunEvent::Began { path, checks } => format!("{path}: {}\n", count(*checks, "check")),
        RunEvent::FixtureStep { fixture, step } => {
            let mark = if step.held { "·" } else { "!" };
            let line = format!("  {mark} {fixture}: {} {}", step.step, step.asked);
            let line: String = line.chars().take(STEP_COLUMNS).collect();
            if step.held && step.step != "baseline" {
                format!("{line}\n")
            } else {
                format!("{line} → {}\n", step.observed)
            }
        }
        RunEvent::CheckDone(record) => format!("  {}\n", progress_line(record)),
        RunEvent::Notice(text) => format!("{text}\n"),
    }
}

/// Prints why nothing was run, with the code that `gateproof explain` knows.
pub(crate) fn refuse(code: Code, why: &str) -> ExitCode {
    terminal::err(&format!(
        "error[{}]: {why}\nnothing was run; `gateproof explain {}` says more\n",
        code.0, code.0
    ));
    ExitCode::Invalid
}

/// Prints an error that keeps nothing else from going on.
pub(crate) fn report_error(error: &(dyn std::error::Error + 'static)) {
    terminal::err(&format!("gateproof: {}\n", error_chain(error)));
}
