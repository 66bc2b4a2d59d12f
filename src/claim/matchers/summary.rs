//! What was observed, in one short line.

use super::render;
use kit::count::count;
use reach::observation::{Captured, CommandObservation, Ending, HttpObservation, Observation};

/// What was observed in one place.
#[derive(Clone, Copy)]
pub(super) enum Single<'a> {
    Command(&'a CommandObservation),
    /// An answer, or none.
    Http(&'a HttpObservation),
}

/// The most characters of a summary.
const LIMIT: usize = 100;

/// What was observed, in one line of at most 100 characters for a table cell: `200`,
/// `999 (refused)`, `exit 0: 1/1`, `exit 1, stdout empty: no such service`, `signal 9`,
/// `cc-ci 200, local 999 (timeout)`. Control characters are shown as escapes.
pub fn summary(observation: &Observation) -> String {
    let line = match observation {
        Observation::Command(command) => single(Single::Command(command)),
        Observation::Http(vantages) => match vantages.as_slice() {
            [] => "nothing was requested".to_owned(),
            [only] => single(Single::Http(only)),
            several => each(several),
        },
    };
    render::head(&line, LIMIT)
}

/// What each vantage observed: `cc-ci 200, local 999 (timeout)`.
pub(super) fn each(observed: &[HttpObservation]) -> String {
    let parts: Vec<String> = observed
        .iter()
        .map(|http| format!("{} {}", http.vantage, single(Single::Http(http))))
        .collect();
    parts.join(", ")
}

/// What was observed in one place.
pub(super) fn single(single: Single<'_>) -> String {
    match single {
        Single::Http(http) => match &http.answer {
            Ok(response) => response.status.to_string(),
            Err(no_answer) if no_answer.cause.is_silence() => format!("999 ({})", no_answer.cause),
            Err(no_answer) => format!("no readable answer ({})", no_answer.cause),
        },
        Single::Command(command) => {
            let (ending, failed) = match command.ending {
                Ending::Exited(code) => (format!("exit {code}"), code != 0),
                Ending::Signalled(number) => (format!("signal {number}"), true),
            };
            match (first_line(&command.stdout), first_line(&command.stderr)) {
                (Some(line), _) => format!("{ending}: {line}"),
                (None, Some(line)) if failed => format!("{ending}, stdout empty: {line}"),
                (None, _) if matches!(command.ending, Ending::Signalled(_)) => ending,
                (None, _) => format!("{ending}, stdout empty"),
            }
        }
    }
}

/// The first line that is not blank, and how many lines follow.
fn first_line(captured: &Captured) -> Option<String> {
    let text = captured.text();
    let text = text.trim();
    let first = text.lines().next()?;
    let more = text.lines().count() - 1;
    let first = render::head(first.trim(), LIMIT * 2 / 3);
    Some(if captured.is_truncated() {
        format!("{first} (+ more)")
    } else if more > 0 {
        format!("{first} (+{})", count(more, "line"))
    } else {
        first
    })
}
