//! The REVIEW document of a phase, for the commands that write one entry into it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::report::documents::{Block, Document};
use crate::role::{Checkout, CommitRequest, LocalClone};
use crate::run::{Role, who};
use claim::codes;
use claim::outcome::ExitCode;
use kit::inside::Inside;

use crate::cli::claims::{current_folder, in_tree, load_from_tree};
use crate::cli::options::ColorOption;
use crate::cli::progress::refuse;
use crate::cli::publish::{PublishOptions, WrittenFiles, publish};

#[derive(Clone, Debug, Args)]
pub(crate) struct PhaseOptions {
    /// The phase, if the claim files of claims/ have several
    #[arg(long, value_name = "PHASE")]
    phase: Option<String>,
    #[command(flatten)]
    publish: PublishOptions,
}

/// The REVIEW document of a phase, and the repository that it is in.
pub(crate) struct ReviewDocument {
    pub(crate) here: LocalClone,
    pub(crate) phase: String,
    pub(crate) text: String,
    docs: PathBuf,
    /// Where to push to, if that is requested.
    upstream: Option<Checkout>,
}

impl ReviewDocument {
    /// Finds the phase and reads its REVIEW; a refusal is printed.
    pub(crate) async fn open(options: &PhaseOptions) -> anyhow::Result<Result<Self, ExitCode>> {
        let folder = current_folder()?;
        let Some(here) = LocalClone::find(&folder).await else {
            let why = "the current folder is not in a git repository";
            return Ok(Err(refuse(codes::NOT_CLAIMABLE, why)));
        };
        let (phase, docs) = match phase_of(&here, options.phase.as_deref()) {
            Ok(found) => found,
            Err(why) => return Ok(Err(refuse(codes::COMMAND_LINE, &why))),
        };
        let name = Document::Review.file_name(&phase);
        let path = match Inside::of(&here.root, &docs.join(name)) {
            Ok(place) => place.path(),
            Err(why) => return Ok(Err(refuse(codes::OUTSIDE, &why.to_string()))),
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("read {}", path.display()));
            }
        };
        let upstream = match options.publish.upstream(&here.root).await {
            Ok(upstream) => upstream,
            Err(why) => return Ok(Err(refuse(codes::NOT_CLAIMABLE, &kit::error_chain(&why)))),
        };
        Ok(Ok(ReviewDocument {
            here,
            phase,
            text,
            docs,
            upstream,
        }))
    }

    /// Who writes the entry.
    pub(crate) fn author(&self) -> String {
        self.here.author.clone().unwrap_or_else(who)
    }

    /// Writes the entry, and commits and pushes it as requested.
    pub(crate) async fn write(
        &self,
        block: &Block,
        subject: String,
        options: &PhaseOptions,
    ) -> anyhow::Result<()> {
        let root: &Path = &self.here.root;
        let mut written = WrittenFiles::new(root, &self.docs);
        written.block(block, Role::Adversary, false)?;
        let commit = CommitRequest {
            subject,
            body: String::new(),
            files: &written.files,
        };
        let upstream = self.upstream.as_ref();
        publish(root, upstream, commit, &options.publish, false).await
    }
}

/// The phase of that name, or the only one, with its folder of documents.
fn phase_of(here: &LocalClone, named: Option<&str>) -> Result<(String, PathBuf), String> {
    let files: Vec<_> = in_tree(&here.root)
        .iter()
        .filter_map(|path| load_from_tree(&here.root, path, ColorOption::AUTO))
        .collect();
    let mut phases: Vec<(&str, &Path)> = files
        .iter()
        .map(|file| (file.phase.as_str(), file.docs.as_path()))
        .filter(|(phase, _)| named.is_none_or(|named| named == *phase))
        .collect();
    phases.dedup();
    if let [(phase, docs)] = phases[..] {
        return Ok((phase.to_owned(), docs.to_owned()));
    }
    let names: Vec<&str> = files.iter().map(|file| file.phase.as_str()).collect();
    let known = if names.is_empty() {
        "no phase".to_owned()
    } else {
        names.join(", ")
    };
    Err(format!(
        "name the phase with --phase; the claim files of claims/ have {known}"
    ))
}

/// A person's text without what looks like a secret.
pub(crate) fn redacted(text: &str) -> String {
    crate::secrets::redact(text).into_inner()
}
