//! Writing the files of one commit, and committing and pushing exactly these.

use crate::cli::terminal;
use std::path::Path;

use clap::Args;

use crate::record::{RunRecord, SIGNATURE, Signer};
use crate::report::documents::{Block, Document};
use crate::role::{Checkout, CommitRequest, RUNS, Refusal, push, unknown_records};
use crate::run::Role;
use kit::inside::{Inside, NotInside};

/// What becomes of the files that a command writes.
#[derive(Clone, Debug, Args)]
pub(crate) struct PublishOptions {
    /// Commit exactly the files that were written
    #[arg(long)]
    commit: bool,
    /// Commit and push; if others pushed first, rebase onto their commits
    #[arg(long)]
    push: bool,
}

impl PublishOptions {
    /// Where to push to, if that is requested. It is found before anything is written.
    pub(crate) async fn upstream(&self, here: &Path) -> Result<Option<Checkout>, Refusal> {
        if self.push {
            Checkout::read(here).await.map(Some)
        } else {
            Ok(None)
        }
    }
}

/// The files of a commit, with paths from the top folder.
pub(crate) struct WrittenFiles<'r> {
    root: &'r Path,
    docs: &'r Path,
    pub(crate) files: Vec<String>,
}

impl<'r> WrittenFiles<'r> {
    pub(crate) fn new(root: &'r Path, docs: &'r Path) -> WrittenFiles<'r> {
        WrittenFiles {
            root,
            docs,
            files: Vec::new(),
        }
    }

    fn add(&mut self, path: &Path) {
        let shown = path.strip_prefix(self.root).unwrap_or(path);
        self.files.push(shown.to_string_lossy().into_owned());
    }

    /// Writes the record and, with a signer, its signature. Earlier records that it names and git
    /// does not know yet belong to the same commit.
    pub(crate) async fn record(
        &mut self,
        record: &RunRecord,
        signer: Option<&Signer>,
    ) -> anyhow::Result<()> {
        let phase = &record.claim.phase;
        let runs = Inside::of(self.root, &Path::new(RUNS).join(phase))?;
        self.files.extend(unknown_records(self.root, phase).await);
        let path = crate::record::write_signed(record, &runs, signer)?;
        self.add(&path);
        if signer.is_some() {
            let mut signature = path.into_os_string();
            signature.push(SIGNATURE);
            self.add(Path::new(&signature));
        }
        self.attestations(record);
        Ok(())
    }

    /// The attestations that the run used belong to its commit: nobody else could see them
    /// otherwise.
    fn attestations(&mut self, record: &RunRecord) {
        let used = record.checks.iter().filter_map(|c| c.attestation.as_ref());
        for attestation in used {
            let signature = format!("{}{SIGNATURE}", attestation.file);
            for name in [attestation.file.clone(), signature] {
                if self.root.join(&name).is_file() && !self.files.contains(&name) {
                    self.files.push(name);
                }
            }
        }
    }

    /// The place of a document.
    ///
    /// # Errors
    /// When it would be outside of the repository.
    pub(crate) fn place(&self, document: Document, phase: &str) -> Result<Inside, NotInside> {
        Inside::of(self.root, &self.docs.join(document.file_name(phase)))
    }

    /// Writes a block into its document, as that role.
    pub(crate) fn block(&mut self, block: &Block, role: Role, force: bool) -> anyhow::Result<()> {
        Inside::of(self.root, self.docs)?.make()?;
        let place = self.place(block.document, &block.phase)?;
        let document = block.document.open(&place, Some(role))?;
        document.write(std::slice::from_ref(block), force)?;
        self.add(&place.path());
        Ok(())
    }

    /// Whether the documents would take blocks of the gate, and the record has a place inside of
    /// the repository. It is asked before anything is run.
    pub(crate) fn would_take(
        &self,
        documents: &[Document],
        phase: &str,
        gate: &str,
        role: Role,
        force: bool,
    ) -> anyhow::Result<()> {
        Inside::of(self.root, &Path::new(RUNS).join(phase))?;
        for &document in documents {
            let block = Block {
                document,
                phase: phase.to_owned(),
                gate: gate.to_owned(),
                run_id: "before".to_owned(),
                body: kit::redact::Redacted::own("\n").to_text(),
                inputs: Vec::new(),
            };
            let opened = document.open(&self.place(document, phase)?, Some(role))?;
            opened.would_take(&[block], force)?;
        }
        Ok(())
    }
}

/// Prints the subject, and commits and pushes as requested.
pub(crate) async fn publish(
    root: &Path,
    upstream: Option<&Checkout>,
    commit: CommitRequest<'_>,
    options: &PublishOptions,
    quiet: bool,
) -> anyhow::Result<()> {
    terminal::out(&format!("{}\n", commit.subject));
    if !quiet {
        for file in commit.files {
            terminal::err(&format!("wrote {file}\n"));
        }
    }
    if !options.commit && !options.push {
        if !quiet {
            terminal::err(&format!(
                "to commit exactly these files: {}\nothers see them only after `git push`; --commit --push do both\n",
                commit.by_hand()
            ));
        }
        return Ok(());
    }
    let made = commit.make(root).await?;
    let upstream = upstream.filter(|_| options.push);
    if let Some(upstream) = upstream {
        push(upstream).await?;
    }
    terminal::err(&match upstream {
        Some(upstream) => format!("committed and pushed to {}\n", upstream.upstream),
        None => {
            let short = made.get(..12).unwrap_or(&made);
            format!("committed as {short}; others see it after `git push`\n")
        }
    });
    Ok(())
}
