//! The blocks that we write into documents that people own.
//!
//! A block stands between two lines, `<!-- gateproof:begin status pxgate/M1 run=… sha256=… -->`
//! and `<!-- gateproof:end status pxgate/M1 -->`. In STATUS it is replaced in place; JOURNAL and
//! REVIEW get one for each run at their end. Every byte outside our blocks stays as it is. Pure
//! functions decide where a block goes ([`place_block`], [`append_block`]).
//!
//! Each document has one owning role. It is written only through [`Opened`], which
//! [`Document::open`] gives to its owner alone.

mod blocks;
mod done;
mod edit;
mod error;
mod gates;
mod lines;
mod markers;
mod place;

use kit::inside::Inside;

pub use blocks::{FoundBlock, blocks_in, untouched};
pub use done::reopen;
pub use edit::Written;
pub use error::{DocumentError, MarkerError};
pub use place::{append_block, place_block};

use crate::record::RunRecord;
use crate::report::{markdown, text};
use crate::run::Role;
use kit::redact::Redacted;

/// The kinds of documents of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// `STATUS-<phase>.md`: claims; blocks are replaced in place.
    Status,
    /// `JOURNAL-<phase>.md`: append-only.
    Journal,
    /// `REVIEW-<phase>.md`: verdicts; append-only.
    Review,
}

impl Document {
    /// Its name in the markers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Document::Status => "status",
            Document::Journal => "journal",
            Document::Review => "review",
        }
    }

    /// The only role that writes it.
    pub fn owner(self) -> Role {
        match self {
            Document::Status | Document::Journal => Role::Builder,
            Document::Review => Role::Adversary,
        }
    }

    /// The owner as it stands in a title.
    pub(crate) fn owner_title(self) -> &'static str {
        match self.owner() {
            Role::Builder => "Builder",
            Role::Adversary => "Adversary",
            Role::Ci => "CI",
        }
    }

    /// Opens the document at that place for that role.
    ///
    /// # Errors
    /// [`DocumentError::NotYours`] for every role but the owner.
    pub fn open(self, place: &Inside, role: Option<Role>) -> Result<Opened, DocumentError> {
        if role != Some(self.owner()) {
            return Err(DocumentError::NotYours {
                path: place.path(),
                owner: self.owner().name(),
                role: role.map_or("nobody in particular", Role::name),
            });
        }
        Ok(Opened {
            document: self,
            place: place.clone(),
        })
    }

    /// The document's file name for a phase.
    pub fn file_name(self, phase: &str) -> String {
        format!("{}-{phase}.md", self.name().to_uppercase())
    }
}

/// The text of a block, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub document: Document,
    /// The phase, as written in the claim file.
    pub phase: String,
    /// The gate, as written in the claim file; empty for a block of the whole phase.
    pub gate: String,
    pub run_id: String,
    /// What the text depends on besides the record, by name; the marker carries it, so that the
    /// audit can make the block again.
    pub inputs: BlockInputs,
    /// The text between the markers, with LF line ends, ending in one.
    pub body: Redacted<String>,
}

/// Names and values that a marker carries. A name has only lower-case letters.
pub type BlockInputs = Vec<(String, String)>;

impl Block {
    /// A block of that gate of the record's phase.
    pub(crate) fn new(document: Document, record: &RunRecord, gate: &str, body: String) -> Block {
        Block {
            document,
            phase: record.claim.phase.clone(),
            gate: gate.to_owned(),
            run_id: record.run_id.clone(),
            inputs: BlockInputs::new(),
            body: crate::secrets::redact_known(&body),
        }
    }
}

/// A document that its owner has opened: the only means of writing one.
#[derive(Debug)]
pub struct Opened {
    document: Document,
    place: Inside,
}

impl Opened {
    /// Puts the blocks into the document: in place where there is one of the same gate, otherwise
    /// at the end of the gate's section, otherwise in a new section. JOURNAL and REVIEW are only
    /// appended to, and an entry of the same run and gate is not repeated. A document that does
    /// not exist is begun with its title.
    ///
    /// Safe with several writers, atomic, and without any write when nothing would change. With
    /// `force`, a block that was edited by hand since we wrote it is overwritten.
    ///
    /// # Errors
    /// [`DocumentError`], also for a block of another document; the document is then as it was.
    pub fn write(&self, blocks: &[Block], force: bool) -> Result<Written, DocumentError> {
        edit::edit(&self.place, |existing| self.with(existing, blocks, force))
    }

    /// Whether [`Opened::write`] would succeed, as far as the text of the document shows.
    ///
    /// # Errors
    /// As [`Opened::write`]; nothing is written.
    pub fn would_take(&self, blocks: &[Block], force: bool) -> Result<(), DocumentError> {
        self.place.check()?;
        let path = self.place.path();
        let existing = match std::fs::read(&path) {
            Ok(existing) => existing,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(source) => {
                return Err(DocumentError::Io {
                    path,
                    doing: "read",
                    source,
                });
            }
        };
        match self.with(&existing, blocks, force) {
            Ok(_) => Ok(()),
            Err(source) => Err(DocumentError::Markers { path, source }),
        }
    }

    fn with(&self, existing: &[u8], blocks: &[Block], force: bool) -> Result<Vec<u8>, MarkerError> {
        let mut content = existing.to_vec();
        for block in blocks {
            if block.document != self.document {
                return Err(MarkerError::OtherDocument {
                    of: block.document.name(),
                    into: self.document.name(),
                });
            }
            content = match self.document {
                Document::Status => place_block(&content, block, force)?,
                Document::Journal | Document::Review => append_block(&content, block)?,
            };
        }
        Ok(content)
    }
}

fn role_of(record: &RunRecord) -> Option<Role> {
    record.role.as_deref().and_then(Role::named)
}

/// The gates of the record that the STATUS at that place has a claim of.
pub fn claimed_gates(place: &Inside, record: &RunRecord) -> Vec<String> {
    let existing = std::fs::read(place.path()).unwrap_or_default();
    let gates = text::gates(record).into_iter();
    gates
        .map(|(gate, _)| gate.to_owned())
        .filter(|gate| {
            let block = Block::new(Document::Status, record, gate, String::new());
            place::body_of(&existing, &block).is_some_and(|body| {
                let first = body.lines().next().unwrap_or_default();
                first.starts_with("## Gate: ") && first.contains(" — ")
            })
        })
        .collect()
}

/// Writes the STATUS block of every gate of the record into the document at that place, as
/// [`Opened::write`] does. The block of a claim stays, because a run that claims nothing must not remove
/// the claim; see [`claimed_gates`].
///
/// # Errors
/// [`DocumentError`], also if the record is not a Builder's; the document is then unchanged.
pub fn update_status(
    place: &Inside,
    record: &RunRecord,
    force: bool,
) -> Result<Written, DocumentError> {
    let claimed = claimed_gates(place, record);
    let gates = text::gates(record).into_iter();
    let blocks: Vec<Block> = gates
        .filter(|(gate, _)| !claimed.iter().any(|other| other == gate))
        .filter_map(|(gate, _)| markdown::status_block(record, gate))
        .collect();
    Document::Status
        .open(place, role_of(record))?
        .write(&blocks, force)
}

/// Appends the JOURNAL entry of every gate of the record to the document at that place. An entry of
/// that run and gate that is there already is not repeated, and nothing that is there is changed.
///
/// # Errors
/// [`DocumentError`], also if the record is not a Builder's; the document is then unchanged.
pub fn append_journal(place: &Inside, record: &RunRecord) -> Result<Written, DocumentError> {
    let gates = text::gates(record).into_iter();
    let blocks: Vec<Block> = gates
        .filter_map(|(gate, _)| markdown::journal_entry(record, gate))
        .collect();
    Document::Journal
        .open(place, role_of(record))?
        .write(&blocks, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_opens_for_its_owner_and_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let documents = [Document::Status, Document::Journal, Document::Review];
        let roles = [
            Some(Role::Builder),
            Some(Role::Adversary),
            Some(Role::Ci),
            None,
        ];
        let mut opened = Vec::new();
        for document in documents {
            let path = Inside::named(&folder.path().join(document.file_name("p"))).unwrap();
            for role in roles {
                match document.open(&path, role) {
                    Ok(_) => opened.push((document, role)),
                    Err(error) => {
                        assert!(matches!(error, DocumentError::NotYours { .. }), "{error}");
                        let words = error.to_string();
                        assert!(words.contains(document.owner().name()), "{words}");
                    }
                }
            }
        }
        assert_eq!(
            opened,
            [
                (Document::Status, Some(Role::Builder)),
                (Document::Journal, Some(Role::Builder)),
                (Document::Review, Some(Role::Adversary)),
            ]
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_record_of_another_role_writes_neither_status_nor_journal() {
        let folder = tempfile::tempdir().unwrap();
        for role in [Some("adversary"), Some("ci"), Some("somebody"), None] {
            let mut record = crate::report::sample::record();
            record.role = role.map(str::to_owned);
            let path = folder.path().join("D.md");
            let place = Inside::named(&path).unwrap();
            for error in [
                update_status(&place, &record, true).unwrap_err(),
                append_journal(&place, &record).unwrap_err(),
            ] {
                assert!(matches!(error, DocumentError::NotYours { .. }), "{error}");
            }
            assert!(!path.exists());
        }
    }

    #[test]
    fn a_block_of_one_document_cannot_get_into_another() {
        let folder = tempfile::tempdir().unwrap();
        let record = crate::report::sample::record();
        let journal = markdown::journal_entry(&record, "M1").unwrap();
        for (document, role) in [
            (Document::Status, Role::Builder),
            (Document::Review, Role::Adversary),
        ] {
            let path = folder.path().join(document.file_name("p"));
            let place = Inside::named(&path).unwrap();
            let opened = document.open(&place, Some(role)).unwrap();
            let error = opened
                .write(std::slice::from_ref(&journal), false)
                .unwrap_err();
            assert!(error.to_string().contains("a journal block"), "{error}");
            assert!(!path.exists());
        }
    }
}
