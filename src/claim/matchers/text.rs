//! Text matchers.

use std::borrow::Cow;

use super::bounds::{self, Domain};
use super::describe;
use super::render;
use super::verdict::{Site, Verdict};
use super::{diff, json, limits, lines, number, pattern, secrets, sentinel, time, version};
use crate::expectation::{Limits, TextMatcher};
use reach::observation::Captured;

/// A text to be held against matchers.
pub(super) struct Seen<'a> {
    /// Its bytes, as they came.
    pub(super) bytes: Cow<'a, [u8]>,
    /// The same as text, with U+FFFD for what is not UTF-8.
    pub(super) text: Cow<'a, str>,
    /// Whether the bytes are UTF-8.
    pub(super) valid: bool,
    /// That there was more, in words, when only the first part was kept.
    pub(super) cut: Option<String>,
}

impl<'a> Seen<'a> {
    /// A captured stream.
    pub(super) fn stream(captured: &'a Captured, name: &str) -> Self {
        let mut bytes = captured.bytes.as_slice();
        let cut = captured.is_truncated().then(|| {
            format!(
                "{name} has {} bytes, only {} were kept: let it print less",
                captured.total,
                bytes.len()
            )
        });
        if cut.is_some()
            && let Err(error) = std::str::from_utf8(bytes)
            && error.error_len().is_none()
        {
            // The limit fell into the middle of a character.
            bytes = &bytes[..error.valid_up_to()];
        }
        Seen {
            bytes: Cow::Borrowed(bytes),
            text: String::from_utf8_lossy(bytes),
            valid: std::str::from_utf8(bytes).is_ok(),
            cut,
        }
    }

    /// A text that is complete.
    pub(super) fn whole(text: &'a str) -> Self {
        Seen {
            bytes: Cow::Borrowed(text.as_bytes()),
            text: Cow::Borrowed(text),
            valid: true,
            cut: None,
        }
    }

    /// A part of this text; `cut` when more of the part may have been dropped.
    pub(super) fn part<'b>(&'b self, text: &'b str, cut: bool) -> Seen<'b> {
        Seen {
            bytes: Cow::Borrowed(text.as_bytes()),
            text: Cow::Borrowed(text),
            valid: self.valid || !text.contains(char::REPLACEMENT_CHARACTER),
            cut: self.cut.clone().filter(|_| cut),
        }
    }

    /// The answer for a matcher that needs what was dropped, if anything was.
    pub(super) fn undecided(&self) -> Option<Verdict> {
        self.cut.clone().map(Verdict::Undecidable)
    }
}

/// Holds a text against a matcher.
pub(super) fn judge(site: &Site<'_>, matcher: &TextMatcher, seen: &Seen<'_>) -> Verdict {
    match matcher {
        TextMatcher::Equals(text) => equals(site, &text.render(site.scope), seen),
        TextMatcher::Contains(text) => contains(site, &text.render(site.scope), seen),
        TextMatcher::Matches(regex) => pattern::matches(site, regex, seen),
        TextMatcher::Empty(wanted) => empty(site, *wanted, seen),
        TextMatcher::StartsWith(text) => starts_with(site, &text.render(site.scope), seen),
        TextMatcher::EndsWith(text) => ends_with(site, &text.render(site.scope), seen),
        TextMatcher::Line { number, matcher } => lines::line(site, *number, matcher, seen),
        TextMatcher::EveryLine(matcher) => lines::every_line(site, matcher, seen),
        TextMatcher::Lines(bounds) => lines::count(site, bounds, seen),
        TextMatcher::Count { of, bounds } => pattern::count(site, of, bounds, seen),
        TextMatcher::SetEquals(wanted) => lines::set_equals(site, wanted, seen),
        TextMatcher::Number(bounds) => judge_number(site, bounds, seen),
        TextMatcher::Time(matcher) => time::judge(site, matcher, seen),
        TextMatcher::Secrets(matcher) => secrets::judge(site, matcher, seen),
        TextMatcher::Version(bounds) => version::judge(site, bounds, seen),
        TextMatcher::Json(test) => {
            let site = site.part(&format!("json {}", test.path.source));
            json::judge(&site, test, seen)
        }
        TextMatcher::Sha256(wanted) => sha256(site, wanted, seen),
        TextMatcher::All(matchers) => {
            Verdict::all(matchers.iter().map(|matcher| judge(site, matcher, seen)))
        }
        TextMatcher::Any(matchers) => Verdict::any(
            matchers
                .iter()
                .map(|matcher| judge(site, matcher, seen))
                .collect(),
            site,
        ),
        TextMatcher::Not(matcher) => judge(site, matcher, seen).negate(|| {
            let expected = describe::text(&TextMatcher::Not(matcher.clone()), site.scope);
            let note = match pattern::found_at(matcher, seen, site.scope) {
                Some(place) => format!("it is there, {place}"),
                None => "that holds, though it must not".to_owned(),
            };
            site.differs(expected, render::shown(&seen.text))
                .with_note(Some(note))
        }),
    }
}

fn equals(site: &Site<'_>, wanted: &str, seen: &Seen<'_>) -> Verdict {
    let wanted = wanted.trim();
    let text = seen.text.trim();
    // The kept part decides only when it cannot be the beginning of what is wanted.
    if seen.cut.is_some() && wanted.starts_with(text) {
        return Verdict::Undecidable(seen.cut.clone().unwrap_or_default());
    }
    if seen.cut.is_none() && seen.valid && wanted == text {
        return Verdict::Holds;
    }
    let note = sentinel::confusion(wanted, text)
        .or_else(|| encoding_note(seen))
        .or_else(|| diff::invisible(wanted, text));
    site.differs(render::shown(wanted), render::shown(text))
        .with_note(note)
        .with_diff(diff::lines(wanted, text))
}

fn encoding_note(seen: &Seen<'_>) -> Option<String> {
    (!seen.valid).then(|| "it is not UTF-8; U+FFFD stands for what could not be read".to_owned())
}

fn contains(site: &Site<'_>, wanted: &str, seen: &Seen<'_>) -> Verdict {
    if seen.text.contains(wanted) {
        return Verdict::Holds;
    }
    seen.undecided().unwrap_or_else(|| {
        let text: &str = &seen.text;
        let note = if text.replace("\r\n", "\n").contains(wanted) {
            Some("it is there, but its lines end with \\r\\n")
        } else if text.to_lowercase().contains(&wanted.to_lowercase()) {
            Some("it is there in other letter case")
        } else {
            None
        };
        site.differs(format!("contains \"{wanted}\""), render::shown(text))
            .with_note(note.map(str::to_owned))
    })
}

fn empty(site: &Site<'_>, wanted: bool, seen: &Seen<'_>) -> Verdict {
    let is_empty = seen.text.trim().is_empty();
    if is_empty && let Some(undecided) = seen.undecided() {
        return undecided;
    }
    match (wanted, is_empty) {
        (true, true) | (false, false) => Verdict::Holds,
        (true, false) => site.differs("(empty)", render::shown(&seen.text)),
        (false, true) => site.differs("not empty", render::shown(&seen.text)),
    }
}

/// White space before the text is skipped, unless the claim's own text begins with it.
fn starts_with(site: &Site<'_>, wanted: &str, seen: &Seen<'_>) -> Verdict {
    let text: &str = &seen.text;
    let trimmed = text.trim_start();
    if text.starts_with(wanted) || trimmed.starts_with(wanted) {
        return Verdict::Holds;
    }
    if wanted.starts_with(text) || wanted.starts_with(trimmed) {
        // Shorter than what is wanted: the rest decides.
        if let Some(undecided) = seen.undecided() {
            return undecided;
        }
    }
    site.differs(format!("starts with \"{wanted}\""), render::shown(text))
}

/// White space after the text is skipped, unless the claim's own text ends with it.
fn ends_with(site: &Site<'_>, wanted: &str, seen: &Seen<'_>) -> Verdict {
    if let Some(undecided) = seen.undecided() {
        return undecided;
    }
    let text: &str = &seen.text;
    if text.ends_with(wanted) || text.trim_end().ends_with(wanted) {
        return Verdict::Holds;
    }
    site.differs(format!("ends with \"{wanted}\""), render::shown(text))
}

fn judge_number(site: &Site<'_>, wanted: &Limits, seen: &Seen<'_>) -> Verdict {
    if let Some(undecided) = seen.undecided() {
        return undecided;
    }
    let expected = || format!("a number: {}", limits::describe(wanted, "", site.scope));
    let found = number::parse(&seen.text);
    let plain = limits::fixed(site, wanted, Domain::Real);
    match (found, plain) {
        // What is no number is none, whatever the bounds will be.
        (Err(why), plain) if plain.is_ok() || limits::waits(wanted, site.scope) => site
            .unfit(expected(), render::shown(&seen.text))
            .with_note(Some(why)),
        (_, Err(verdict)) => verdict,
        (Ok(value), Ok(plain)) if bounds::within(&plain, value) => Verdict::Holds,
        _ => site.differs(expected(), render::shown(&seen.text)),
    }
}

fn sha256(site: &Site<'_>, wanted: &str, seen: &Seen<'_>) -> Verdict {
    if let Some(undecided) = seen.undecided() {
        return undecided;
    }
    let found = kit::digest::sha256(&seen.bytes);
    if found.eq_ignore_ascii_case(wanted) {
        Verdict::Holds
    } else {
        site.differs(
            format!("sha256 {wanted}"),
            format!("sha256 {found} ({} bytes)", seen.bytes.len()),
        )
    }
}
