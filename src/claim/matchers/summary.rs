//! What was seen, in one short line.

use super::look::One;
use super::render;
use reach::observation::{Captured, Ending, HttpObservation, Observation};

/// The most characters of a summary.
const LIMIT: usize = 100;

/// What was seen, in one line of at most 100 characters for a table cell: `200`,
/// `999 (refused)`, `exit 0: 1/1`, `exit 1, stdout empty: no such service`, `signal 9`,
/// `cc-ci 200, local 999 (timeout)`. Control characters are shown as escapes.
pub fn summary(observation: &Observation) -> String {
    let line = match observation {
        Observation::Command(command) => one(One::Command(command)),
        Observation::Http(seen) => match seen.as_slice() {
            [] => "nothing was asked".to_owned(),
            [only] => one(One::Http(only)),
            several => each(several),
        },
    };
    render::head(&line, LIMIT)
}

/// What each vantage saw: `cc-ci 200, local 999 (timeout)`.
pub(super) fn each(seen: &[HttpObservation]) -> String {
    let parts: Vec<String> = seen
        .iter()
        .map(|http| format!("{} {}", http.vantage, one(One::Http(http))))
        .collect();
    parts.join(", ")
}

/// What was seen in one place.
pub(super) fn one(one: One<'_>) -> String {
    match one {
        One::Http(http) => match &http.answer {
            Ok(response) => response.status.to_string(),
            Err(no_answer) => format!("999 ({})", no_answer.cause),
        },
        One::Command(command) => {
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
        format!("{first} (+{})", render::plural(more, "line"))
    } else {
        first
    })
}
