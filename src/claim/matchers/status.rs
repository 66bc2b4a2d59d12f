//! HTTP statuses, and that there was no answer: two things that are never equal.

use super::result::{MatchResult, MatchSite};
use reach::observation::{HttpResponse, NoAnswer, NoAnswerCause};

#[derive(Clone, Debug, PartialEq)]
pub enum StatusMatcher {
    /// One of these items.
    OneOf(Vec<StatusItem>),
    /// None of these items, but an answer there must be.
    NoneOf(Vec<StatusItem>),
}

/// One thing a status can be claimed to be.
#[derive(Clone, Debug, PartialEq)]
pub enum StatusItem {
    /// Exactly this status of a real answer.
    Code(u16),
    /// A class such as `2xx`: its first digit.
    Class(u16),
    /// No answer, as the claim spells it (`999`, `000`, `no-answer`), and for which causes
    /// (empty: for any).
    NoAnswer {
        /// The claim's own spelling.
        spelling: String,
        /// The causes that count; any when empty.
        causes: Vec<NoAnswerCause>,
    },
}

/// Holds an answer, or that there was none, against a matcher.
pub(super) fn judge(
    site: &MatchSite<'_>,
    matcher: &StatusMatcher,
    answer: &Result<HttpResponse, NoAnswer>,
) -> MatchResult {
    let answered = match answer {
        Ok(response) => Ok(response.status),
        Err(no_answer) => Err(no_answer.cause),
    };
    let expected = describe(matcher);
    match matcher {
        StatusMatcher::OneOf(items) if items.iter().any(|item| covers(item, answered)) => {
            MatchResult::Holds
        }
        StatusMatcher::OneOf(items) => site
            .differs(expected, observed(answered))
            .with_note(note(items, answer)),
        StatusMatcher::NoneOf(_) if answered.is_err() => site
            .unfit(expected, observed(answered))
            .with_note(detail(answer)),
        StatusMatcher::NoneOf(items) if items.iter().any(|item| covers(item, answered)) => {
            site.differs(expected, observed(answered))
        }
        StatusMatcher::NoneOf(_) => MatchResult::Holds,
    }
}

/// Whether the item is what was observed. No answer has no status, so no status equals it.
fn covers(item: &StatusItem, answered: Result<u16, NoAnswerCause>) -> bool {
    match (item, answered) {
        (StatusItem::Code(code), Ok(status)) => *code == status,
        (StatusItem::Class(class), Ok(status)) => *class == status / 100,
        (StatusItem::NoAnswer { causes, .. }, Err(cause)) => {
            // What cannot be read is no silence: something answered.
            causes.is_empty() && cause.is_silence() || causes.contains(&cause)
        }
        (StatusItem::NoAnswer { .. }, Ok(_))
        | (StatusItem::Code(_) | StatusItem::Class(_), Err(_)) => false,
    }
}

/// What was observed, in words.
pub(super) fn observed(answered: Result<u16, NoAnswerCause>) -> String {
    match answered {
        Ok(status) => status.to_string(),
        Err(NoAnswerCause::Broken) => "an answer that cannot be read (broken)".to_owned(),
        Err(cause) => format!("no answer ({cause})"),
    }
}

/// What the system reported about no answer.
pub(super) fn detail(answer: &Result<HttpResponse, NoAnswer>) -> Option<String> {
    answer
        .as_ref()
        .err()
        .map(|no_answer| no_answer.detail.clone())
        .filter(|detail| !detail.trim().is_empty())
}

fn note(items: &[StatusItem], answer: &Result<HttpResponse, NoAnswer>) -> Option<String> {
    let claimed: Option<(&str, &[NoAnswerCause])> = items.iter().find_map(|item| match item {
        StatusItem::NoAnswer { spelling, causes } => Some((spelling.as_str(), causes.as_slice())),
        _ => None,
    });
    match (claimed, answer) {
        (Some(_), Ok(response)) if matches!(response.status, 0 | 999) => Some(format!(
            "a real answer whose status line says {}, not the sentinel for no answer",
            response.status
        )),
        (Some((spelling, _)), Ok(_)) => Some(format!(
            "{spelling} is the sentinel for no answer, and there was an answer"
        )),
        (Some((spelling, [])), Err(_)) => Some(format!(
            "{spelling} stands for no answer, and something answered that cannot be read{}",
            detail(answer).map_or(String::new(), |text| format!(": {text}")),
        )),
        (Some((spelling, causes)), Err(no_answer)) => Some(format!(
            "there was no answer, but the claim expects {spelling} with the cause {}, and the cause \
             was {}{}",
            causes_text(causes),
            no_answer.cause,
            detail(answer).map_or(String::new(), |text| format!(": {text}")),
        )),
        (None, Err(_)) => detail(answer),
        (None, Ok(response)) if !response.redirected.is_empty() => Some(format!(
            "{} followed, to {}{}",
            match response.redirected.len() {
                1 => "1 redirect was".to_owned(),
                several => format!("{several} redirects were"),
            },
            response.url,
            response
                .headers
                .iter()
                .find(|(name, _)| name == "location")
                .map_or(String::new(), |(_, next)| format!(
                    ", which leads on to {next}"
                )),
        )),
        (None, Ok(_)) => None,
    }
}

pub(super) fn describe(matcher: &StatusMatcher) -> String {
    let listed = |items: &[StatusItem]| {
        let listed: Vec<String> = items.iter().map(status_item).collect();
        listed.join(" or ")
    };
    match matcher {
        StatusMatcher::OneOf(items) if items.is_empty() => "no status".to_owned(),
        StatusMatcher::OneOf(items) => listed(items),
        StatusMatcher::NoneOf(items) if items.is_empty() => "any answer".to_owned(),
        StatusMatcher::NoneOf(items) => format!("an answer, but not {}", listed(items)),
    }
}

fn status_item(item: &StatusItem) -> String {
    match item {
        StatusItem::Code(code) => code.to_string(),
        StatusItem::Class(class) => format!("{class}xx"),
        StatusItem::NoAnswer { spelling, causes } if causes.is_empty() => {
            format!("{spelling} (no answer)")
        }
        StatusItem::NoAnswer { spelling, causes } => {
            format!("{spelling} (no answer: {})", causes_text(causes))
        }
    }
}

/// Causes of no answer.
fn causes_text(causes: &[NoAnswerCause]) -> String {
    let names: Vec<&str> = causes.iter().map(|cause| cause.name()).collect();
    names.join(" or ")
}
