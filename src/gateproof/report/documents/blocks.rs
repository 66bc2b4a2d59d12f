//! The blocks that a document has, to be compared with the records.

use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::error::MarkerError;
use super::lines::lines;
use super::markers;

/// A block in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundBlock {
    /// `status`, `journal` …
    pub kind: String,
    pub phase: String,
    pub gate: String,
    pub run_id: String,
    /// Its lines, markers included, from 1.
    pub lines: Range<usize>,
    /// The text between the markers, with LF line ends.
    pub body: String,
    /// Whether the text does not match the marker's hash.
    pub edited: bool,
}

/// All blocks in a document.
///
/// # Errors
/// [`MarkerError`] if the markers are not whole blocks one after the other.
pub fn blocks_in(document: &[u8]) -> Result<Vec<FoundBlock>, MarkerError> {
    let of = lines(document);
    let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let found = markers::find(document)?;
    Ok(found
        .into_iter()
        .map(|found| {
            let inner = &of[found.lines.start + 1..found.lines.end - 1];
            let body = markers::body(inner, document);
            let (phase, gate) = found.claim.split_once('/').unwrap_or((&found.claim, ""));
            FoundBlock {
                phase: plain(phase),
                gate: plain(gate),
                run_id: plain(&found.run),
                lines: found.lines.start + 1..found.lines.end + 1,
                body: String::from_utf8_lossy(&body).into_owned(),
                edited: found.edited,
                kind: found.kind,
            }
        })
        .collect())
}

impl MarkerError {
    /// The line that it is about, from 1.
    pub fn line(&self) -> Option<usize> {
        match self {
            MarkerError::Malformed { line }
            | MarkerError::NoEnd { line, .. }
            | MarkerError::NoBegin { line, .. }
            | MarkerError::Nested { line, .. }
            | MarkerError::Duplicate { line, .. }
            | MarkerError::Edited { line, .. } => Some(*line),
            MarkerError::OtherDocument { .. } | MarkerError::Utf16 => None,
        }
    }
}
