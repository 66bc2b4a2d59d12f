//! A text as it was observed: whole, or cut off.

use std::borrow::Cow;

use super::result::MatchResult;
use reach::observation::Captured;

/// A text to be held against matchers.
pub(super) struct ObservedText<'a> {
    /// Its bytes, as they came.
    pub(super) bytes: Cow<'a, [u8]>,
    /// The same as text, with U+FFFD for what is not UTF-8.
    pub(super) text: Cow<'a, str>,
    /// Whether the bytes are UTF-8.
    pub(super) valid: bool,
    /// A message that there was more, when only the first part was stored.
    pub(super) cut: Option<String>,
}

impl<'a> ObservedText<'a> {
    /// A captured stream.
    pub(super) fn stream(captured: &'a Captured, name: &str) -> Self {
        let mut bytes = captured.bytes.as_slice();
        let cut = captured.is_truncated().then(|| {
            format!(
                "{name} has {} bytes, and only the first {} were stored: make it print less",
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
        ObservedText {
            bytes: Cow::Borrowed(bytes),
            text: String::from_utf8_lossy(bytes),
            valid: std::str::from_utf8(bytes).is_ok(),
            cut,
        }
    }

    /// A text that is complete.
    pub(super) fn whole(text: &'a str) -> Self {
        ObservedText {
            bytes: Cow::Borrowed(text.as_bytes()),
            text: Cow::Borrowed(text),
            valid: true,
            cut: None,
        }
    }

    /// A part of this text; `cut` when more of the part may have been dropped.
    pub(super) fn part<'b>(&'b self, text: &'b str, cut: bool) -> ObservedText<'b> {
        ObservedText {
            bytes: Cow::Borrowed(text.as_bytes()),
            text: Cow::Borrowed(text),
            valid: self.valid || !text.contains(char::REPLACEMENT_CHARACTER),
            cut: self.cut.clone().filter(|_| cut),
        }
    }

    /// The answer for a matcher that needs what was dropped, if anything was.
    pub(super) fn undecidable(&self) -> Option<MatchResult> {
        self.cut.clone().map(MatchResult::Undecidable)
    }
}
