//! Storing a run: its record, and the documents of the role that ran it.

use crate::cli::terminal;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::record::{RunRecord, Signer};
use crate::report::documents::{self, Document};
use crate::report::text::gates;
use crate::role::{ReviewKind, review_block};
use crate::run::Role;
use claim::ClaimFile;
use kit::inside::{Inside, NotInside};

/// Who stores records, and how.
pub(crate) struct RecordStore<'s> {
    /// The role that owns documents, if any.
    pub(crate) role: Option<Role>,
    pub(crate) signer: Option<&'s Signer>,
    /// Whether blocks that were edited by hand are overwritten.
    pub(crate) force: bool,
    pub(crate) quiet: bool,
}

/// The files that were written so far.
#[derive(Default)]
pub(crate) struct StoredRun {
    pub(crate) record: Option<PathBuf>,
    documents: Vec<PathBuf>,
}

impl StoredRun {
    /// Prints the paths, from the top folder of the repository.
    pub(crate) fn print(&self, root: &Path) {
        for path in self.record.iter().chain(&self.documents) {
            let shown = path.strip_prefix(root).unwrap_or(path);
            terminal::err(&format!("wrote {}\n", shown.display()));
        }
    }
}

impl RecordStore<'_> {
    /// Writes the record and then the documents, into `reports` or else into the folders of the
    /// repository at `root`. `stored` has what was written, also after an error.
    pub(crate) fn store(
        &self,
        record: &RunRecord,
        root: &Path,
        reports: Option<&Path>,
        stored: &mut StoredRun,
    ) -> anyhow::Result<()> {
        let runs = runs_of(&record.claim.phase, root, reports)?;
        if let Some(signer) = self.signer.filter(|_| !self.quiet) {
            terminal::err(&format!("signing the record with {}\n", signer.key()));
        }
        let path = crate::record::write_signed(record, &runs, self.signer)
            .with_context(|| format!("write the record into {}", runs.path().display()))?;
        stored.record = Some(path);
        let docs = docs_of(Path::new(&record.claim.docs), root, reports)?;
        match self.role {
            Some(Role::Builder) => self.builders(record, &docs, stored),
            Some(Role::Adversary) => self.adversarys(record, &docs, stored),
            Some(Role::Ci) | None => Ok(()),
        }
    }

    /// Whether everything that a run of the file writes has a place inside of the repository. It is
    /// asked before anything is run.
    ///
    /// # Errors
    /// The place that leads out of it.
    pub(crate) fn may_store(
        &self,
        file: &ClaimFile,
        root: &Path,
        reports: Option<&Path>,
    ) -> Result<(), NotInside> {
        runs_of(&file.phase, root, reports)?;
        let documents: &[Document] = match self.role {
            Some(Role::Builder) => &[Document::Status, Document::Journal],
            Some(Role::Adversary) => &[Document::Review],
            Some(Role::Ci) | None => &[],
        };
        let docs = docs_of(&file.docs, root, reports)?;
        let names = documents
            .iter()
            .map(|document| document.file_name(&file.phase));
        names
            .map(|name| docs.join(name))
            .try_for_each(|place| place.map(drop))
    }

    fn builders(
        &self,
        record: &RunRecord,
        docs: &Inside,
        stored: &mut StoredRun,
    ) -> anyhow::Result<()> {
        docs.make()?;
        let phase = &record.claim.phase;
        let status = docs.join(Document::Status.file_name(phase))?;
        let journal = docs.join(Document::Journal.file_name(phase))?;
        for gate in documents::claimed_gates(&status, record) {
            terminal::err(&format!(
                "{gate} is claimed, and STATUS keeps that; `gateproof claim {gate}` claims it again\n"
            ));
        }
        documents::update_status(&status, record, self.force)?;
        stored.documents.push(status.path());
        documents::append_journal(&journal, record)?;
        stored.documents.push(journal.path());
        Ok(())
    }

    fn adversarys(
        &self,
        record: &RunRecord,
        docs: &Inside,
        stored: &mut StoredRun,
    ) -> anyhow::Result<()> {
        docs.make()?;
        let review = docs.join(Document::Review.file_name(&record.claim.phase))?;
        let blocks: Vec<_> = gates(record)
            .into_iter()
            .filter_map(|(gate, _)| review_block(record, gate, ReviewKind::ReadOnly, None))
            .collect();
        Document::Review
            .open(&review, self.role)?
            .write(&blocks, false)?;
        stored.documents.push(review.path());
        Ok(())
    }
}

/// Where the records of a phase are: below the folder that a person named, else below the
/// repository's own.
pub(crate) fn runs_of(
    phase: &str,
    root: &Path,
    reports: Option<&Path>,
) -> Result<Inside, NotInside> {
    let runs = Path::new("runs").join(phase);
    match reports {
        Some(reports) => Inside::of(reports, &runs),
        None => Inside::of(root, &Path::new("reports").join(runs)),
    }
}

/// Where the documents of a claim file are.
pub(crate) fn docs_of(
    docs: &Path,
    root: &Path,
    reports: Option<&Path>,
) -> Result<Inside, NotInside> {
    match reports {
        Some(reports) => Ok(Inside::top(reports)),
        None => Inside::of(root, docs),
    }
}
