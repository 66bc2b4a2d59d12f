//! The state of a claim file's gates: the facts that `status` and `done` gather for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::Utc;
use clap::Args;

use crate::gate::counts::Signers;
use crate::gate::sources::{self, ReviewText, SignersError};
use crate::gate::spec::{ClaimSpec, claim_spec};
use crate::gate::state::{GateFacts, PhaseStatus, Reason, judge};
use crate::record::{Act, HostState, RunRecord};
use crate::report::documents::{Document, untouched};
use crate::run::{Options, Repository, Selection, host_states};
use claim::ClaimFile;
use kit::inside::Inside;

use crate::cli::claims::{current_folder, path_in_repository};
use crate::cli::options::HostOptions;
use crate::cli::store::{docs_of, runs_of};

#[derive(Clone, Debug, Args)]
pub(crate) struct StateOptions {
    #[command(flatten)]
    hosts: HostOptions,
    /// Where records and documents are (default: reports/ of the repository, and `docs:`)
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
}

/// Who may sign in the repositories of a command's claim files: git is asked once for each.
#[derive(Debug, Default)]
pub(crate) struct KnownSigners(BTreeMap<PathBuf, Signers>);

impl KnownSigners {
    fn of(&mut self, root: &Path) -> Result<Signers, SignersError> {
        if let Some(known) = self.0.get(root) {
            return Ok(known.clone());
        }
        let found = sources::signers(root, None)?;
        self.0.insert(root.to_owned(), found.clone());
        Ok(found)
    }
}

/// The state of one claim file's gates.
pub(crate) struct PhaseReport {
    pub(crate) phase: PhaseStatus,
    /// Its STATUS document.
    pub(crate) status: Inside,
    /// The claims that the state is about.
    pub(crate) claims: Vec<RunRecord>,
}

/// What a gate of that claim file, which is in that checkout, still waits for (`after:`), in
/// sentences.
pub(crate) async fn waits_for(
    file: &ClaimFile,
    gate: &str,
    root: &Path,
    hosts: &HostOptions,
) -> anyhow::Result<Vec<String>> {
    let after = |it: &claim::Gate| it.id == gate && !it.after.is_empty();
    if !file.gates.iter().any(after) {
        return Ok(Vec::new());
    }
    let options = StateOptions {
        hosts: hosts.clone(),
        reports: None,
    };
    let known = &mut KnownSigners::default();
    let phase = state_in(root, file, &options, false, known).await?.phase;
    let of_gate = phase.gates.iter().filter(|it| it.gate == gate);
    let reasons = of_gate.flat_map(|it| &it.reasons);
    let waits = reasons.filter(|reason| matches!(reason, Reason::Awaits { .. }));
    Ok(waits.map(|reason| format!("{gate}: {reason}")).collect())
}

/// Computes the state of one claim file's gates. With `probe` the hosts are asked, too.
pub(crate) async fn gate_state(
    file: &ClaimFile,
    options: &StateOptions,
    probe: bool,
    known: &mut KnownSigners,
) -> anyhow::Result<PhaseReport> {
    state_in(&current_folder()?, file, options, probe, known).await
}

/// The same for a claim file whose path begins in that folder.
async fn state_in(
    folder: &Path,
    file: &ClaimFile,
    options: &StateOptions,
    probe: bool,
    known: &mut KnownSigners,
) -> anyhow::Result<PhaseReport> {
    let repository = Repository::find(&folder.join(&file.source.path), None, false).await?;
    let root = repository
        .as_ref()
        .map_or(folder, |repository| repository.root());
    let path = path_in_repository(&file.source.path, root);
    let spec = claim_spec(file, &path.display().to_string());
    let reports = options.reports.as_deref();
    let reports = reports
        .map(sources::reports_folder)
        .transpose()
        .context("find the reports")?;
    let docs = docs_of(&file.docs, root, reports.as_deref())?;
    // A link could show anything, and something else to everybody.
    let runs = runs_of(&spec.phase, root, reports.as_deref())?.path();
    let records = sources::records(&runs)
        .with_context(|| format!("list the records in {}", runs.display()))?;
    let path = |document: Document| docs.join(document.file_name(&spec.phase));
    let read = |place: &Inside| {
        let path = place.path();
        sources::document(&path, &spec).with_context(|| format!("read {}", path.display()))
    };
    let (status, review) = (path(Document::Status)?, path(Document::Review)?);
    let (_, status_text) = read(&status)?;
    let (review_bytes, review_text) = read(&review)?;
    let mut damaged = records.damaged;
    let signers = known.of(root).context("find out who may sign")?;
    let text = ReviewText {
        path: &review.path(),
        reading: &review_text,
        blocks: &untouched(&review_bytes),
    };
    let evidence = sources::evidence(root, signers, &spec.phase, &records.sound, text)
        .context("find out who made the records")?;
    if repository.is_some() {
        let gone = sources::taken_away(root, &runs).context("find records that were removed")?;
        // What the chain misses is named already.
        let named: BTreeSet<String> = damaged.iter().map(|it| it.name()).collect();
        damaged.extend(gone.into_iter().filter(|it| !named.contains(&it.name())));
    }
    let hosts = if probe {
        Some(states_of_hosts(file, &spec, options, folder).await)
    } else {
        None
    };
    let head = repository
        .as_ref()
        .map(|repository| repository.state().commit);
    let changed = match &head {
        Some(head) => sources::changed_since(root, file, &spec, &records.sound, head).await,
        None => Default::default(),
    };
    let facts = GateFacts {
        changed,
        now: Utc::now(),
        hosts,
        damaged,
        evidence,
        head,
    };
    let phase = judge(&spec, &records.sound, &status_text, &review_text, &facts);
    let cited = phase.gates.iter().filter_map(|gate| gate.claim.as_ref());
    let cited: BTreeSet<&str> = cited.map(|claim| claim.run_id.as_str()).collect();
    let claims = records.sound.iter().map(|stored| &stored.record);
    let claims = claims.filter(|record| cited.contains(record.run_id.as_str()));
    Ok(PhaseReport {
        claims: claims.cloned().collect(),
        phase,
        status,
    })
}

/// What each host of the gates says of itself, or why it could not be asked.
async fn states_of_hosts(
    file: &ClaimFile,
    spec: &ClaimSpec,
    options: &StateOptions,
    folder: &Path,
) -> BTreeMap<String, Result<HostState, String>> {
    let mut names: Vec<String> = spec
        .gates
        .iter()
        .flat_map(|gate| gate.hosts.clone())
        .collect();
    names.sort();
    names.dedup();
    let options = Options {
        role: None,
        act: Act::Verify,
        selection: Selection::default(),
        reach: options.hosts.reach(),
        folder: folder.to_owned(),
        repository: None,
        allow_destructive: false,
        besides: None,
        program: None,
        teeth: false,
        lease_wait: std::time::Duration::ZERO,
        jobs: None,
        fail_fast: false,
        shuffle: None,
        activity: Default::default(),
    };
    host_states(file, &options, &names)
        .await
        .into_iter()
        .map(|(name, state)| (name, state.map_err(|fault| kit::error_chain(&fault))))
        .collect()
}
