//! How a command ended.

use super::render;
use super::result::{MatchResult, MatchSite};
use reach::observation::{CommandObservation, Ending};

/// A command's ending.
#[derive(Clone, Debug, PartialEq)]
pub enum ExitMatcher {
    /// One of these exit codes.
    OneOf(Vec<i32>),
    /// Any exit code but these.
    NoneOf(Vec<i32>),
    /// Ended by this signal, also when a shell reports it as 128 + n.
    Signal(i32),
}

/// Holds an ending against a matcher.
pub(super) fn judge(
    site: &MatchSite<'_>,
    matcher: &ExitMatcher,
    observation: &CommandObservation,
) -> MatchResult {
    let ending = observation.ending;
    let differs = || {
        site.differs(describe(matcher), ending.to_string())
            .with_note(note(matcher, observation))
    };
    match (matcher, ending) {
        (ExitMatcher::OneOf(codes), Ending::Exited(code)) if codes.contains(&code) => {
            MatchResult::Holds
        }
        (ExitMatcher::NoneOf(codes), Ending::Exited(code)) if !codes.contains(&code) => {
            MatchResult::Holds
        }
        (ExitMatcher::NoneOf(_), Ending::Signalled(_)) => site
            .unfit(describe(matcher), ending.to_string())
            .with_note(Some(
                "a command ended by a signal has no exit code".to_owned(),
            )),
        (ExitMatcher::Signal(number), _) if ending.signal() == Some(*number) => MatchResult::Holds,
        _ => differs(),
    }
}

/// What the ending means, and what the command stderr about it.
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
    let stderr = first.map(|line| format!("stderr: {}", render::clean(line, 200)));
    let parts: Vec<String> = meaning.into_iter().chain(stderr).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// How the command must end.
pub(super) fn describe(matcher: &ExitMatcher) -> String {
    let listed = |codes: &[i32]| {
        let words: Vec<String> = codes.iter().map(i32::to_string).collect();
        if words.is_empty() {
            "no code".to_owned()
        } else {
            words.join(" or ")
        }
    };
    match matcher {
        ExitMatcher::OneOf(codes) => format!("exit {}", listed(codes)),
        ExitMatcher::NoneOf(codes) if codes.is_empty() => "any exit".to_owned(),
        ExitMatcher::NoneOf(codes) => format!("any exit but {}", listed(codes)),
        ExitMatcher::Signal(number) => format!("ended by signal {number}"),
    }
}
