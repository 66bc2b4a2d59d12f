//! A text as it was observed: whole or cut off, and whether it is text at all.

use std::borrow::Cow;

use super::bytes;
use super::result::MatchResult;
use reach::observation::Captured;

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

impl<'a> ObservedText<'a> {
    /// A captured stream, in UTF-8 or with a byte order mark.
    pub(super) fn stream(captured: &'a Captured, name: &str) -> Self {
        Self::encoded(captured, name, None)
    }

    /// A captured stream in a character set that its sender has named.
    pub(super) fn encoded(captured: &'a Captured, name: &str, charset: Option<&str>) -> Self {
        let bytes = captured.bytes.as_slice();
        let cut = captured.is_truncated().then(|| {
            format!(
                "{name} has {} bytes, and only the first {} were stored: make it print less",
                captured.total,
                bytes.len()
            )
        });
        Self::decoded(bytes, name, charset, cut)
    }

    /// Bytes in a character set; `cut` says that there were more of them.
    pub(super) fn decoded(
        bytes: &'a [u8],
        name: &str,
        charset: Option<&str>,
        cut: Option<String>,
    ) -> Self {
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

    /// The answer for a matcher that needs what was dropped, if anything was.
    pub(super) fn undecidable(&self) -> Option<MatchResult> {
        self.cut.clone().map(MatchResult::Undecidable)
    }
}
