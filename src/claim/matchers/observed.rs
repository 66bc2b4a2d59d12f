//! A text as it was observed: whole or cut off, and whether it is text at all.

use std::borrow::Cow;

use super::bytes;
use super::result::MatchResult;
use reach::observation::{Captured, HttpResponse};

/// A text to be held against matchers.
pub(super) struct ObservedText<'a> {
    /// Its bytes, as they came.
    pub(super) bytes: Cow<'a, [u8]>,
    /// The same as text, without a byte order mark, with U+FFFD for what cannot be read.
    pub(super) text: Cow<'a, str>,
    /// Why the bytes are not text. What cannot be read is not judged: only what looks at bytes
    /// decides then.
    pub(super) unreadable: Option<String>,
    /// A message that there was more, when only the first part was stored.
    pub(super) cut: Option<String>,
}

/// A message that there was more than was stored.
fn cut(captured: &Captured, name: &str) -> Option<String> {
    captured.is_truncated().then(|| {
        format!(
            "{name} has {} bytes, and only the first {} were stored: make it print less",
            captured.total,
            captured.bytes.len()
        )
    })
}

/// The `charset` of a `Content-Type`.
fn charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let named = name.trim().eq_ignore_ascii_case("charset");
        named.then(|| value.trim().trim_matches('"').to_owned())
    })
}

impl<'a> ObservedText<'a> {
    /// A captured stream, in UTF-8 or with a byte order mark.
    pub(super) fn stream(captured: &'a Captured, name: &str) -> Self {
        Self::decoded(&captured.bytes, name, None, cut(captured, name))
    }

    /// The body of an answer, in the character set that its `Content-Type` names.
    pub(super) fn body(response: &'a HttpResponse) -> Self {
        let cut = match response.stopped {
            Some(long) => Some(format!(
                "the body is a stream, of which the first {} were read",
                humantime::format_duration(long)
            )),
            None => cut(&response.body, "body"),
        };
        let named = response
            .headers
            .iter()
            .find(|(name, _)| name == "content-type");
        let charset = named.and_then(|(_, value)| charset(value));
        let mut text = Self::decoded(&response.body.bytes, "body", charset.as_deref(), cut);
        if let Some(why) = &response.unreadable {
            text.unreadable = Some(format!("body cannot be read: {why}"));
            // These bytes are not those of the body.
            text.bytes = Cow::Borrowed(&[]);
        }
        text
    }

    fn decoded(bytes: &'a [u8], name: &str, charset: Option<&str>, cut: Option<String>) -> Self {
        let read = bytes::read(bytes, charset, cut.is_some());
        ObservedText {
            bytes: Cow::Borrowed(bytes),
            text: read.text,
            unreadable: read.problem.map(|why| format!("{name} is not text: {why}")),
            cut,
        }
    }

    /// A text that is complete.
    pub(super) fn whole(text: &'a str) -> Self {
        ObservedText {
            bytes: Cow::Borrowed(text.as_bytes()),
            text: Cow::Borrowed(text),
            unreadable: None,
            cut: None,
        }
    }

    /// A part of this text; `cut` when more of the part may have been dropped.
    pub(super) fn part<'b>(&'b self, text: &'b str, cut: bool) -> ObservedText<'b> {
        ObservedText {
            bytes: Cow::Borrowed(text.as_bytes()),
            text: Cow::Borrowed(text),
            unreadable: self.unreadable.clone(),
            cut: self.cut.clone().filter(|_| cut),
        }
    }

    /// Why not even the bytes are known: they could not be decoded.
    pub(super) fn lost(&self) -> Option<String> {
        let lost = self.bytes.is_empty() && self.unreadable.is_some();
        lost.then(|| self.unreadable.clone()).flatten()
    }

    /// The answer for a matcher that needs what was dropped, if anything was.
    pub(super) fn undecidable(&self) -> Option<MatchResult> {
        self.cut.clone().map(MatchResult::Undecidable)
    }
}
