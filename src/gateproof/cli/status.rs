//! `gateproof status` and `gateproof done`: the state of gates, computed and never typed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use chrono::Utc;
use clap::{Args, ValueEnum};

use crate::gate::sources;
use crate::gate::state::{ClaimSpec, GateFacts, PhaseStatus, judge};
use crate::record::Act;
use crate::report::documents::{self, Document, Written};
use crate::report::phase;
use crate::run::{Options, Repository, Selection, ask_hosts};
use claim::ClaimFile;
use claim::outcome::{ExitCode, worst};
use kit::yaml::codes::Code;
use reach::host::SshOptions;

use crate::cli::console;
use crate::cli::options::{Color, FileOptions};
use crate::cli::verify::{load, refuse};

/// How hosts are asked, and where records are.
#[derive(Clone, Debug, Args)]
struct Where {
    /// Another ssh configuration than your own
    #[arg(long, value_name = "FILE", env = "GATEPROOF_SSH_CONFIG")]
    ssh_config: Option<PathBuf>,
    /// How long to wait for a host to answer
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    connect_timeout: Duration,
    /// Where records and documents are (default: reports/ of the repository, and `docs:`)
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct StatusOptions {
    #[command(flatten)]
    files: FileOptions,
    #[command(flatten)]
    place: Where,
    /// Ask the hosts for boot id and revision: were they rebooted or redeployed since
    #[arg(long)]
    probe: bool,
    /// End with 0 when every gate may be called done, 6 when it is only STALE, else 1
    #[arg(long)]
    exit_code: bool,
    /// What to print
    #[arg(long, value_enum, default_value = "table")]
    format: StatusFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StatusFormat {
    Table,
    Json,
    Markdown,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct DoneOptions {
    /// The phase
    phase: String,
    /// Its claim file (repeatable); those of claims/ without it
    #[arg(long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    place: Where,
    /// Overwrite a DONE block that was edited by hand
    #[arg(long)]
    force: bool,
    /// When to use colour
    #[arg(long, value_enum, default_value = "auto")]
    color: Color,
}

pub(crate) async fn status(wish: StatusOptions) -> anyhow::Result<ExitCode> {
    let Some(files) = load(&wish.files) else {
        return Ok(ExitCode::Invalid);
    };
    let mut phases = Vec::new();
    for file in &files {
        phases.push(look(file, &wish.place, wish.probe).await?.0);
    }
    match wish.format {
        StatusFormat::Table => {
            let color = console::color_out(wish.files.color);
            let tables: Vec<String> = phases
                .iter()
                .map(|status| phase::table(status, console::width(), color))
                .collect();
            console::out(&tables.join("\n"));
        }
        StatusFormat::Json => {
            let document = phase::json_document(&phases, wish.probe)?;
            console::out(&format!("{}\n", serde_json::to_string_pretty(&document)?));
        }
        StatusFormat::Markdown => {
            let parts: Vec<String> = phases.iter().map(phase::markdown).collect();
            console::out(&parts.join("\n"));
        }
    }
    Ok(match wish.exit_code {
        true => worst(phases.iter().map(PhaseStatus::exit_code)).unwrap_or(ExitCode::Failed),
        false => ExitCode::Success,
    })
}

pub(crate) async fn done(wish: DoneOptions) -> anyhow::Result<ExitCode> {
    let Some(mut files) = load(&FileOptions::of(wish.files.clone(), wish.color)) else {
        return Ok(ExitCode::Invalid);
    };
    files.retain(|file| file.phase == wish.phase);
    if files.is_empty() {
        return Ok(refuse(
            Code::UNKNOWN_SELECTION,
            &format!(
                "no claim file has the phase `{}`; name it with --file",
                wish.phase
            ),
        ));
    }
    let mut phases = Vec::new();
    let mut paths = Vec::new();
    for file in &files {
        let (status, path) = look(file, &wish.place, true).await?;
        phases.push(status);
        paths.push(path);
    }
    paths.sort();
    paths.dedup();
    let [path] = paths.as_slice() else {
        return Ok(refuse(
            Code::COMMAND_LINE,
            "the claim files of the phase have different `docs:`, so there is no one STATUS to write",
        ));
    };
    let Some(block) = phase::done_block(&phases) else {
        for status in &phases {
            console::err(&phase::table(
                status,
                console::width(),
                console::color_err(wish.color),
            ));
        }
        console::err("not done; nothing was written\n");
        return Ok(worst(phases.iter().map(PhaseStatus::exit_code)).unwrap_or(ExitCode::Failed));
    };
    let written = documents::write_phase(path, &block, wish.force)?;
    let verb = match written {
        Written::Created | Written::Updated => "wrote",
        Written::Unchanged => "unchanged",
    };
    let here = std::env::current_dir().unwrap_or_default();
    let shown = path.strip_prefix(&here).unwrap_or(path);
    console::out(&format!("{verb} {}\n", shown.display()));
    Ok(ExitCode::Success)
}

/// The state of one claim file's gates, and where its STATUS document is.
async fn look(
    file: &ClaimFile,
    place: &Where,
    probe: bool,
) -> anyhow::Result<(PhaseStatus, PathBuf)> {
    let folder = std::env::current_dir().context("find the current folder")?;
    let repository = Repository::find(&folder.join(&file.source.path), None, false)
        .await
        .map_err(|fault| anyhow::anyhow!("{fault}"))?;
    let root = repository
        .as_ref()
        .map_or(folder.as_path(), |repository| repository.root());
    let spec = sources::claim_spec(file, &relative(&file.source.path, root));
    let reports = place
        .reports
        .clone()
        .unwrap_or_else(|| root.join("reports"));
    let runs = reports.join("runs").join(&spec.phase);
    let records = sources::records(&runs)
        .with_context(|| format!("list the records in {}", runs.display()))?;
    let docs = match &place.reports {
        Some(reports) => reports.clone(),
        None => root.join(&file.docs),
    };
    let status_path = docs.join(Document::Status.file_name(&spec.phase));
    let review_path = docs.join(format!("REVIEW-{}.md", spec.phase));
    let read = |path: &Path| {
        sources::document(path, &spec).with_context(|| format!("read {}", path.display()))
    };
    let (status, review) = (read(&status_path)?, read(&review_path)?);
    let hosts = match probe {
        true => Some(ask(file, &spec, place, &folder).await),
        false => None,
    };
    let facts = GateFacts {
        now: Utc::now(),
        hosts,
        damaged: records.damaged,
        head: repository
            .as_ref()
            .map(|repository| repository.state().commit),
    };
    let phase = judge(&spec, &records.sound, &status, &review, &facts);
    Ok((phase, status_path))
}

type Told = std::collections::BTreeMap<String, Result<crate::record::HostState, String>>;

async fn ask(file: &ClaimFile, spec: &ClaimSpec, place: &Where, folder: &Path) -> Told {
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
        ssh: SshOptions {
            config_file: place.ssh_config.clone(),
            connect_timeout: place.connect_timeout,
        },
        folder: folder.to_owned(),
        repository: None,
        allow_destructive: false,
        besides: None,
        program: None,
        lease_wait: std::time::Duration::ZERO,
    };
    ask_hosts(file, &options, &names)
        .await
        .into_iter()
        .map(|(name, told)| (name, told.map_err(|fault| fault.to_string())))
        .collect()
}

/// The path of a claim file as records have it.
fn relative(path: &Path, root: &Path) -> String {
    let full = std::fs::canonicalize(path);
    let root = std::fs::canonicalize(root);
    let inside = full
        .ok()
        .zip(root.ok())
        .and_then(|(full, root)| full.strip_prefix(root).map(PathBuf::from).ok());
    inside
        .unwrap_or_else(|| path.to_owned())
        .display()
        .to_string()
}
