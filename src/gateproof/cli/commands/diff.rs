//! `gateproof diff`: a claim's run and its review, value by value.

use crate::cli::terminal;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::role::{Comparison, LocalClone, RecordHeader, RecordHistory, compare};
use claim::ClaimFile;
use claim::codes;
use claim::outcome::ExitCode;
use claim::softening::{Softening, softenings, unacknowledged};
use kit::console;

use crate::cli::claims::{current_folder, in_tree, load_from_tree, path_in_repository};
use crate::cli::cold::print_damaged;
use crate::cli::options::{ColorOption, ListingFormat};
use crate::cli::progress::refuse;
use crate::cli::softening::{commit_of, files_at, lines, short, tally};

/// Compare a claim's run with its review, or claim files with those of an earlier commit
///
/// Reads, with a gate, the records of the claim and of your own review, and shows every value that differs;
/// you must have run the gate yourself first. Reads, with A..B, the claim files of both commits, and names
/// what the later ones demand less of, the gravest first. Writes nothing.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof diff M1
  gateproof diff origin/main..
  gateproof diff v1..v2 -- claims/shop.yaml

Exit codes:
  0  every value is equal; with A..B: nothing demands less, or a reason is given for it
  1  a value differs; with A..B: something demands less, and no reason is given
  2  there is no such claim, no review of it that you may see, or no such commit or file")]
pub(crate) struct DiffOptions {
    /// The gate (default: every gate that you have run), or two commits as A..B; without B: the working tree
    #[arg(value_name = "GATE|A..B")]
    gate: Option<String>,
    /// With A..B: the claim files (default: every *.yaml and *.yml of claims/)
    #[arg(last = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// The phase, if several phases have the gate
    #[arg(long, value_name = "PHASE")]
    phase: Option<String>,
    /// Show equal values, too
    #[arg(long)]
    all: bool,
    /// Show durations, too
    #[arg(long)]
    durations: bool,
    /// What to print on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "table")]
    format: ListingFormat,
    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

pub(crate) async fn diff(options: DiffOptions) -> anyhow::Result<ExitCode> {
    let folder = current_folder()?;
    let Some(here) = LocalClone::find(&folder).await else {
        let why = "the current folder is not in a git repository";
        return Ok(refuse(codes::NOT_CLAIMABLE, why));
    };
    if let Some((from, to)) = options
        .gate
        .as_deref()
        .and_then(|text| text.split_once(".."))
    {
        return compare_files(&here.root, &folder, (from, to), &options).await;
    }
    if !options.files.is_empty() {
        let why = "files are compared between two commits: `gateproof diff A..B -- FILES`";
        return Ok(refuse(codes::COMMAND_LINE, why));
    }
    let history = here.history().await?;
    print_damaged(&history);
    let requested = |phase: &str, gate: &str| {
        options.phase.as_deref().is_none_or(|p| p == phase)
            && options.gate.as_deref().is_none_or(|g| g == gate)
    };
    let mut pairs: Vec<(&str, &RecordHeader, &RecordHeader)> = Vec::new();
    let mut claimed = false;
    for (phase, gate, claim) in history.claims() {
        if requested(phase, gate) {
            claimed = true;
            let all = here.is_mine(claim);
            let own = history.run_of(claim, |run| all || here.is_mine(run));
            pairs.extend(own.map(|review| (gate, claim, review)));
        }
    }
    if pairs.is_empty() {
        let gate = options.gate.as_deref().unwrap_or("GATE");
        return Ok(if claimed {
            let why = format!(
                "there is no review that you may see to compare the claim with: run `gateproof review {gate}` first"
            );
            refuse(codes::NO_OWN_RECORD, &why)
        } else {
            refuse(codes::NO_CLAIM, &format!("no record claims {gate}"))
        });
    }
    show(&here.root, &pairs, &options).await
}

async fn show(
    root: &Path,
    pairs: &[(&str, &RecordHeader, &RecordHeader)],
    options: &DiffOptions,
) -> anyhow::Result<ExitCode> {
    let mut all: Vec<Comparison> = Vec::new();
    for (gate, claim, review) in pairs {
        let claim = RecordHistory::whole(root, claim).await?;
        let review = RecordHistory::whole(root, review).await?;
        all.push(compare(&claim, &review, gate));
    }
    if options.json || options.format == ListingFormat::Json {
        terminal::out(&format!("{}\n", serde_json::to_string_pretty(&all)?));
    } else {
        for compared in &all {
            terminal::out(&compared.table(console::width(), options.all, options.durations));
        }
    }
    Ok(if all.iter().all(|compared| compared.equal) {
        ExitCode::Success
    } else {
        ExitCode::Failed
    })
}

/// What claim files demand less of, in the JSON form; fields are only ever added.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct FileDifference<'f> {
    /// A commit, or `the working tree`.
    from: &'f str,
    to: &'f str,
    /// The gravest first.
    softenings: &'f [Softening],
}

/// What the claim files of one commit demand less of than those of another.
async fn compare_files(
    root: &Path,
    folder: &Path,
    (from, to): (&str, &str),
    options: &DiffOptions,
) -> anyhow::Result<ExitCode> {
    let named: Vec<PathBuf> = options
        .files
        .iter()
        .map(|path| path_in_repository(&folder.join(path), root))
        .collect();
    let from = if from.is_empty() { "HEAD" } else { from };
    let before = match read_files(root, from, &named).await {
        Ok(files) => files,
        Err(why) => return Ok(refuse(codes::COMMAND_LINE, &why)),
    };
    let after = if to.is_empty() {
        match in_working_tree(root, &named) {
            Some(files) => Files {
                of: "the working tree".to_owned(),
                files,
            },
            None => return Ok(ExitCode::Invalid),
        }
    } else {
        match read_files(root, to, &named).await {
            Ok(files) => files,
            Err(why) => return Ok(refuse(codes::COMMAND_LINE, &why)),
        }
    };
    let missing = named.iter().find(|path| {
        let has = |files: &[ClaimFile]| files.iter().any(|file| file.source.path == **path);
        !has(&before.files) && !has(&after.files)
    });
    if let Some(path) = missing {
        let why = format!(
            "{}: neither {} nor {} has this file",
            path.display(),
            before.of,
            after.of
        );
        return Ok(refuse(codes::COMMAND_LINE, &why));
    }
    let found = of_all_phases(&before.files, &after.files);
    if options.json || options.format == ListingFormat::Json {
        let document = FileDifference {
            from: &before.of,
            to: &after.of,
            softenings: &found,
        };
        terminal::out(&format!("{}\n", serde_json::to_string_pretty(&document)?));
    } else if found.is_empty() {
        terminal::out(&format!(
            "from {} to {}: no claim demands less\n",
            before.of, after.of
        ));
    } else {
        terminal::out(&format!(
            "from {} to {}: {}\n{}",
            before.of,
            after.of,
            tally(&found),
            lines(&found)
        ));
    }
    Ok(match unacknowledged(&found).next() {
        Some(_) => ExitCode::Failed,
        None => ExitCode::Success,
    })
}

/// The claim files of one side.
struct Files {
    /// Of which commit, in words.
    of: String,
    files: Vec<ClaimFile>,
}

async fn read_files(root: &Path, revision: &str, named: &[PathBuf]) -> Result<Files, String> {
    let commit = commit_of(root, revision).await?;
    Ok(Files {
        of: short(&commit).to_owned(),
        files: files_at(root, &commit, named).await?,
    })
}

/// Those of the working tree. What is wrong with them is printed.
fn in_working_tree(root: &Path, named: &[PathBuf]) -> Option<Vec<ClaimFile>> {
    let paths = match named {
        [] => in_tree(root),
        named => named
            .iter()
            .filter(|path| root.join(path).exists())
            .cloned()
            .collect(),
    };
    let files = paths
        .iter()
        .map(|path| load_from_tree(root, path, ColorOption::AUTO));
    let files: Vec<Option<ClaimFile>> = files.collect();
    files.into_iter().collect()
}

/// Each phase for itself: its gates may move between its files.
fn of_all_phases(before: &[ClaimFile], after: &[ClaimFile]) -> Vec<Softening> {
    let mut phases: Vec<&str> = before.iter().map(|file| file.phase.as_str()).collect();
    phases.sort_unstable();
    phases.dedup();
    let mut found: Vec<Softening> = Vec::new();
    for phase in phases {
        let old: Vec<&ClaimFile> = before.iter().filter(|file| file.phase == phase).collect();
        let new: Vec<&ClaimFile> = after.iter().filter(|file| file.phase == phase).collect();
        found.extend(softenings(&old, &new));
    }
    found.sort_by_key(|softening| softening.gravity);
    found
}
