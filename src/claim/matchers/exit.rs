//! How a command ended.

use super::describe;
use super::render;
use super::verdict::{Site, Verdict};
use crate::expectation::ExitMatcher;
use reach::observation::{CommandObservation, Ending};

/// Holds an ending against a matcher.
pub(super) fn judge(
    site: &Site<'_>,
    matcher: &ExitMatcher,
    observation: &CommandObservation,
) -> Verdict {
    let ending = observation.ending;
    let differs = || {
        site.differs(describe::exit(matcher), ending.to_string())
            .with_note(note(matcher, observation))
    };
    match (matcher, ending) {
        (ExitMatcher::OneOf(codes), Ending::Exited(code)) if codes.contains(&code) => {
            Verdict::Holds
        }
        (ExitMatcher::NoneOf(codes), Ending::Exited(code)) if !codes.contains(&code) => {
            Verdict::Holds
        }
        (ExitMatcher::NoneOf(_), Ending::Signalled(_)) => site
            .unfit(describe::exit(matcher), ending.to_string())
            .with_note(Some(
                "a command ended by a signal has no exit code".to_owned(),
            )),
        (ExitMatcher::Signal(number), _) if ending.signal() == Some(*number) => Verdict::Holds,
        _ => differs(),
    }
}

/// What the ending means, and what the command said about it.
fn note(matcher: &ExitMatcher, observation: &CommandObservation) -> Option<String> {
    let meaning = match (matcher, observation.ending) {
        (ExitMatcher::OneOf(codes), Ending::Signalled(n))
            if n.checked_add(128).is_some_and(|code| codes.contains(&code)) =>
        {
            Some(format!(
                "a shell reports signal {n} as {}, but this command was ended by the signal \
                 itself: write `signal: {n}`, which holds for both",
                n + 128
            ))
        }
        (_, Ending::Exited(126)) => Some("126: a shell found it and could not run it".to_owned()),
        (_, Ending::Exited(127)) => Some("127: a shell did not find the command".to_owned()),
        (_, ending @ Ending::Exited(code)) => ending
            .signal()
            .map(|n| format!("a shell reports a command ended by signal {n} as {code}")),
        _ => None,
    };
    let text = observation.stderr.text();
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    let said = first.map(|line| format!("stderr: {}", render::clean(line, 200)));
    let parts: Vec<String> = meaning.into_iter().chain(said).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
