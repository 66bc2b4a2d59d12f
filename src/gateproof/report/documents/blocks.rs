//! The blocks that a document has, to be compared with the records.

use crate::gate::counts::DocumentBlock;
use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::BlockInputs;
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
    /// What the text depends on besides the record; empty in documents of older versions.
    pub inputs: BlockInputs,
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
                inputs: inputs(&found.inputs),
                lines: found.lines.start + 1..found.lines.end + 1,
                body: String::from_utf8_lossy(&body).into_owned(),
                edited: found.edited,
                kind: found.kind,
            }
        })
        .collect())
}

fn inputs(marked: &str) -> BlockInputs {
    let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let each = marked
        .split_whitespace()
        .filter_map(|it| it.split_once('='));
    each.map(|(name, value)| (name.to_owned(), plain(value)))
        .collect()
}

impl FoundBlock {
    /// One of the inputs, if the marker carries it.
    pub fn input(&self, name: &str) -> Option<&str> {
        let found = self.inputs.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }
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

/// The blocks of a document that are as they were written. One with broken markers has none, so that
/// its headings are as good as typed.
pub fn untouched(document: &[u8]) -> Vec<DocumentBlock> {
    let found = blocks_in(document).unwrap_or_default();
    let found = found.into_iter().filter(|block| !block.edited);
    found
        .map(|block| DocumentBlock {
            lines: block.lines,
            run_id: block.run_id,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::documents::{Block, Document, append_block};

    #[test]
    fn the_inputs_of_a_block_are_read_back_and_guarded_by_its_hash() {
        let block = Block {
            document: Document::Review,
            phase: "p".into(),
            gate: "M1".into(),
            run_id: "r".into(),
            inputs: vec![
                ("earlier".into(), "A1 A2--x".into()),
                ("none".into(), String::new()),
            ],
            body: crate::secrets::redact("text\n"),
        };
        let document = append_block(b"# REVIEW\n", &block).unwrap();
        let found = blocks_in(&document).unwrap();
        assert_eq!(found[0].inputs, block.inputs);
        assert_eq!(found[0].input("earlier"), Some("A1 A2--x"));
        assert_eq!(found[0].input("none"), Some(""));
        assert_eq!(found[0].input("after"), None);
        assert!(!found[0].edited);
        let other = String::from_utf8(document)
            .unwrap()
            .replace("A1%20", "A3%20");
        assert!(blocks_in(other.as_bytes()).unwrap()[0].edited);
    }
}
