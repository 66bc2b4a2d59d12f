//! The REVIEW document of a phase and its records, for the commands that write a decision: a record,
//! and one entry of REVIEW beside it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::Utc;
use clap::Args;

use crate::gate::counts::{Counted, Evidence, VetoState, count, vetoes};
use crate::gate::heading::{self, Reading};
use crate::gate::sources::{self, ReviewText};
use crate::record::{Act, ClaimRef, RepositoryState, RunRecord, SCHEMA, Signer, StoredRecord};
use crate::report::documents::{Document, untouched};
use crate::role::{Checkout, CommitRequest, LocalClone, decision_block, decision_subject};
use crate::run::{Repository, Role, random, who};
use claim::ClaimFile;
use claim::codes;
use claim::outcome::ExitCode;
use kit::inside::Inside;
use kit::run_id::run_id;

use crate::cli::claims::{current_folder, in_tree, load_from_tree};
use crate::cli::options::{ColorOption, SigningOptions};
use crate::cli::progress::refuse;
use crate::cli::publish::{PublishOptions, WrittenFiles, publish};
use crate::cli::signing::Trial;

#[derive(Clone, Debug, Args)]
pub(crate) struct PhaseOptions {
    /// The phase, if the claim files of claims/ have several
    #[arg(long, value_name = "PHASE")]
    phase: Option<String>,
    #[command(flatten)]
    signing: SigningOptions,
    #[command(flatten)]
    publish: PublishOptions,
}

/// What a phase has: its REVIEW document, its records, and the repository that they are in.
pub(crate) struct ReviewDocument {
    pub(crate) here: LocalClone,
    pub(crate) phase: String,
    /// The gates of its claim files.
    pub(crate) gates: Vec<String>,
    claim: ClaimRef,
    repository: Option<RepositoryState>,
    records: Vec<StoredRecord>,
    reading: Reading,
    evidence: Evidence,
    docs: PathBuf,
    /// Where to push to, if that is requested.
    upstream: Option<Checkout>,
}

impl ReviewDocument {
    /// Finds the phase and reads its REVIEW and its records; a refusal is printed.
    pub(crate) async fn open(options: &PhaseOptions) -> anyhow::Result<Result<Self, ExitCode>> {
        let folder = current_folder()?;
        let Some(here) = LocalClone::find(&folder).await else {
            let why = "the current folder is not in a git repository";
            return Ok(Err(refuse(codes::NOT_CLAIMABLE, why)));
        };
        let (file, gates) = match phase_of(&here, options.phase.as_deref()) {
            Ok(found) => found,
            Err(why) => return Ok(Err(refuse(codes::COMMAND_LINE, &why))),
        };
        let (phase, docs) = (file.phase.clone(), file.docs.clone());
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
        let records = sources::records(&here.root.join(crate::role::RUNS).join(&phase))?.sound;
        let signers = sources::signers(&here.root, None)?;
        let known: Vec<&str> = gates.iter().map(String::as_str).collect();
        let reading = heading::read(&text, &known);
        let review = ReviewText {
            path: &path,
            reading: &reading,
            blocks: &untouched(text.as_bytes()),
        };
        let evidence = sources::evidence(&here.root, signers, &phase, &records, review)?;
        let found = Repository::find(&here.root.join("x"), None, false).await?;
        Ok(Ok(ReviewDocument {
            claim: claim_ref(&file),
            repository: found.map(|it| it.state()),
            reading,
            here,
            phase,
            gates,
            records,
            evidence,
            docs,
            upstream,
        }))
    }

    /// The records of the phase by whether they count.
    pub(crate) fn counted(&self) -> Counted<'_> {
        let records: Vec<&StoredRecord> = self.records.iter().collect();
        count(&records, &self.evidence)
    }

    /// The vetoes of the phase, lifted or not.
    pub(crate) fn vetoes(&self) -> Vec<VetoState> {
        vetoes(&self.counted(), &self.reading, &self.evidence)
    }

    /// A veto's record, as a lifting names it.
    pub(crate) fn record_of(&self, veto: &VetoState) -> Option<&StoredRecord> {
        let run = veto.run.as_ref()?;
        self.records.iter().find(|it| it.record.run_id == *run)
    }

    /// A record of this moment in which nothing was run.
    pub(crate) fn decision(&self, act: Act) -> RunRecord {
        let at = Utc::now();
        RunRecord {
            schema: SCHEMA.to_owned(),
            run_id: run_id(at, random()),
            tool: format!("gateproof {}", env!("CARGO_PKG_VERSION")),
            role: Some(Role::Adversary.name().to_owned()),
            act,
            who: who(),
            author: self.here.author.clone(),
            claim: self.claim.clone(),
            repository: self.repository.clone(),
            hosts: Vec::new(),
            started: at,
            ended: at,
            checks: Vec::new(),
            fixtures: Vec::new(),
            planned_fixtures: Vec::new(),
            words: Vec::new(),
            selection: None,
            gates: Vec::new(),
            accepted: Vec::new(),
            reviews: None,
            changed_vars: Vec::new(),
            claimed_hosts: Vec::new(),
            filed: Vec::new(),
            closed: Vec::new(),
            veto: None,
            lifts: None,
            follows: Vec::new(),
            exit_code: 0,
            notes: Vec::new(),
        }
    }

    /// Writes the record and its entry, and commits and pushes them as requested. A refusal is
    /// printed.
    pub(crate) async fn write(
        &self,
        record: &RunRecord,
        options: &PhaseOptions,
    ) -> anyhow::Result<ExitCode> {
        let root: &Path = &self.here.root;
        let signer = match options.signing.signer(true, root) {
            Ok(signer) => signer,
            Err(error) => return Ok(refuse(codes::COMMAND_LINE, &kit::error_chain(&error))),
        };
        if let Some(why) = self.would_not_count(record.act, signer.as_ref())? {
            return Ok(refuse(codes::NOT_SIGNED, &why));
        }
        let mut written = WrittenFiles::new(root, &self.docs);
        let role = Role::Adversary;
        written.would_take(&[Document::Review], &self.phase, "veto", role, false)?;
        written.record(record, signer.as_ref()).await?;
        if let Some(block) = decision_block(record) {
            written.block(&block, role, false)?;
        }
        let commit = CommitRequest {
            subject: decision_subject(record),
            body: format!("Run: {}", record.run_id),
            files: &written.files,
        };
        let upstream = self.upstream.as_ref();
        publish(root, upstream, commit, &options.publish, false).await?;
        Ok(ExitCode::Success)
    }

    fn would_not_count(&self, act: Act, signer: Option<&Signer>) -> anyhow::Result<Option<String>> {
        let counted = self.counted();
        let claims = counted.records.iter().map(|stored| &stored.record);
        let claims = claims.filter(|record| record.act == Act::Claim);
        let claimants: Vec<String> = claims.filter_map(|it| it.author.clone()).collect();
        let what = format!("the {}", act.name());
        let author = self.here.author.as_deref();
        Ok(Trial::of(&self.here.root, author, signer)?.refuses(&what, &claimants))
    }
}

fn claim_ref(file: &ClaimFile) -> ClaimRef {
    ClaimRef {
        path: file.source.path.display().to_string(),
        sha256: file.source.digest(),
        phase: file.phase.clone(),
        title: file.title.clone(),
        docs: file.docs.display().to_string(),
    }
}

/// A claim file of the phase of that name, or of the only one, and the gates of all its files.
fn phase_of(here: &LocalClone, named: Option<&str>) -> Result<(ClaimFile, Vec<String>), String> {
    let files: Vec<ClaimFile> = in_tree(&here.root)
        .iter()
        .filter_map(|path| load_from_tree(&here.root, path, ColorOption::AUTO))
        .collect();
    let mut phases: Vec<(&str, &Path)> = files
        .iter()
        .map(|file| (file.phase.as_str(), file.docs.as_path()))
        .filter(|(phase, _)| named.is_none_or(|named| named == *phase))
        .collect();
    phases.dedup();
    if let [(phase, _)] = phases[..] {
        let of_phase = || files.iter().filter(|file| file.phase == phase);
        let gates = of_phase().flat_map(|file| &file.gates);
        let gates = gates.map(|gate| gate.id.clone()).collect();
        if let Some(file) = of_phase().next() {
            return Ok((file.clone(), gates));
        }
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
