//! HTTP statuses, and that there was no answer: two things that are never equal.

use super::describe;
use super::verdict::{Site, Verdict};
use crate::expectation::{StatusItem, StatusMatcher};
use reach::observation::{HttpResponse, NoAnswer, NoAnswerCause};

/// Holds an answer, or that there was none, against a matcher.
pub(super) fn judge(
    site: &Site<'_>,
    matcher: &StatusMatcher,
    answer: &Result<HttpResponse, NoAnswer>,
) -> Verdict {
    let seen = match answer {
        Ok(response) => Ok(response.status),
        Err(no_answer) => Err(no_answer.cause),
    };
    let expected = describe::status(matcher);
    match matcher {
        StatusMatcher::OneOf(items) if items.iter().any(|item| covers(item, seen)) => {
            Verdict::Holds
        }
        StatusMatcher::OneOf(items) => site
            .differs(expected, observed(seen))
            .with_note(note(items, answer)),
        StatusMatcher::NoneOf(_) if seen.is_err() => site
            .unfit(expected, observed(seen))
            .with_note(detail(answer)),
        StatusMatcher::NoneOf(items) if items.iter().any(|item| covers(item, seen)) => {
            site.differs(expected, observed(seen))
        }
        StatusMatcher::NoneOf(_) => Verdict::Holds,
    }
}

/// Whether the item is what was seen. No answer has no status, so no status equals it.
fn covers(item: &StatusItem, seen: Result<u16, NoAnswerCause>) -> bool {
    match (item, seen) {
        (StatusItem::Code(code), Ok(status)) => *code == status,
        (StatusItem::Class(class), Ok(status)) => *class == status / 100,
        (StatusItem::NoAnswer { causes, .. }, Err(cause)) => {
            causes.is_empty() || causes.contains(&cause)
        }
        (StatusItem::NoAnswer { .. }, Ok(_))
        | (StatusItem::Code(_) | StatusItem::Class(_), Err(_)) => false,
    }
}

/// What was seen, in words.
pub(super) fn observed(seen: Result<u16, NoAnswerCause>) -> String {
    match seen {
        Ok(status) => status.to_string(),
        Err(cause) => format!("no answer ({cause})"),
    }
}

/// The system's own words about no answer.
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
        (Some((spelling, causes)), Err(no_answer)) => Some(format!(
            "there was no answer, but the claim says {spelling} for the cause {}, and the cause \
             was {}{}",
            describe::causes(causes),
            no_answer.cause,
            detail(answer).map_or(String::new(), |words| format!(": {words}")),
        )),
        (None, Err(_)) => detail(answer),
        (None, Ok(_)) => None,
    }
}
