//! Our blocks in documents that belong to people.
//!
//! A block stands between two lines, `<!-- gateproof:begin status pxgate/M1 run=… sha256=… -->`
//! and `<!-- gateproof:end status pxgate/M1 -->`. In STATUS it is replaced in place, in JOURNAL
//! one is appended for every run. Every byte outside our blocks stays as it is. Where a block
//! goes is decided by a pure function ([`place_block`], [`append_block`]); [`file`](self) effects
//! are [`update_status`] and [`append_journal`].

mod edit;
mod error;
mod gates;
mod lines;
mod markers;
mod place;
mod standing;

use std::path::Path;

pub use edit::Written;
pub use error::{DocumentError, MarkerError};
pub use place::{append_block, place_block};
pub use standing::{Standing, standing};

use crate::record::RunRecord;
use crate::report::{markdown, text};

/// The kinds of documents that a Builder's run writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// `STATUS-<phase>.md`: claims; blocks are replaced in place.
    Status,
    /// `JOURNAL-<phase>.md`: append-only.
    Journal,
}

impl Document {
    /// The word in our markers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Document::Status => "status",
            Document::Journal => "journal",
        }
    }

    /// The document's file name for a phase.
    pub fn file_name(self, phase: &str) -> String {
        format!("{}-{phase}.md", self.name().to_uppercase())
    }
}

/// A block: what it is of, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The document it belongs into.
    pub document: Document,
    /// The phase, as written in the claim file.
    pub phase: String,
    /// The gate, as written in the claim file.
    pub gate: String,
    /// The run it was made from.
    pub run_id: String,
    /// The text between the markers, with LF line ends, ending in one.
    pub body: String,
}

impl Block {
    /// A block of that gate of the record's phase.
    pub(crate) fn new(document: Document, record: &RunRecord, gate: &str, body: String) -> Block {
        Block {
            document,
            phase: record.claim.phase.clone(),
            gate: gate.to_owned(),
            run_id: record.run_id.clone(),
            body,
        }
    }
}

/// Writes the STATUS block of every gate of the record into the document at `path`: in place
/// where there is one, otherwise at the end of the gate's section, otherwise in a new section. A
/// document that does not exist is begun with its title.
///
/// Safe with several writers, atomic, and without any write when nothing would change. With
/// `force`, a block that was edited by hand since we wrote it is overwritten.
///
/// # Errors
/// [`DocumentError`]; the document is then as it was.
pub fn update_status(
    path: &Path,
    record: &RunRecord,
    force: bool,
) -> Result<Written, DocumentError> {
    edit::edit(path, |existing| {
        let mut content = existing.to_vec();
        for (gate, _) in text::gates(record) {
            if let Some(block) = markdown::status_block(record, gate) {
                content = place_block(&content, &block, force)?;
            }
        }
        Ok(content)
    })
}

/// Appends the JOURNAL entry of every gate of the record to the document at `path`. An entry of
/// that run and gate that is there already is not repeated, and nothing that is there is changed.
///
/// # Errors
/// [`DocumentError`]; the document is then as it was.
pub fn append_journal(path: &Path, record: &RunRecord) -> Result<Written, DocumentError> {
    edit::edit(path, |existing| {
        let mut content = existing.to_vec();
        for (gate, _) in text::gates(record) {
            if let Some(block) = markdown::journal_entry(record, gate) {
                content = append_block(&content, &block)?;
            }
        }
        Ok(content)
    })
}
