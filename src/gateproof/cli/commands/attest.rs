//! `gateproof attest`: a person attests a `human:` check.

use crate::cli::terminal;
use std::path::{Path, PathBuf};

use chrono::Utc;
use clap::Args;

use crate::record::{
    ATTESTATION_SCHEMA, ATTESTATIONS, Artefact, Attestation, SIGNATURE, write_attestation,
};
use crate::role::CommitRequest;
use crate::run::{Repository, random, tree_differs, who};
use claim::codes;
use claim::outcome::ExitCode;
use claim::{Check, ClaimFile, HumanProbe, Place, Probe};
use kit::inside::Inside;
use kit::run_id::run_id;
use kit::text::Scope;
use kit::yaml::codes::Code;

use crate::cli::claims::{current_folder, load, path_in_repository};
use crate::cli::options::{ColorOption, FileOptions, SigningOptions, one_line};
use crate::cli::progress::refuse;
use crate::cli::publish::{PublishOptions, publish};
use crate::cli::review_document::redacted;
use crate::cli::signing::Trial;

/// Attest a `human:` check: record what you looked at, and what you saw
///
/// Reads the claim file, git, and the file that you looked at. Writes an attestation into
/// reports/attestations/. Runs of the gate use it from then on.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof attest M1 dashboard-looks-right --saw \"both apps are listed as healthy\" --push

Exit codes:
  0  attested
  2  refused: no such check, or not one that a person attests")]
pub(crate) struct AttestOptions {
    /// The gate
    gate: String,
    /// The `human:` check, with its [value] if it comes from a `for:`
    check: String,
    /// What you saw, in your own words
    #[arg(long, value_name = "TEXT", value_parser = one_line)]
    saw: String,
    /// The file that you looked at (default: the one that the check names)
    #[arg(long, value_name = "FILE")]
    artefact: Option<PathBuf>,
    /// The claim file (default: the one of claims/ that has the check)
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    publish: PublishOptions,
    #[command(flatten)]
    color: ColorOption,
    #[command(flatten)]
    signing: SigningOptions,
}

/// The check that is attested.
struct AttestTarget<'f> {
    file: &'f ClaimFile,
    check: &'f Check,
    human: &'f HumanProbe,
}

pub(crate) async fn attest(options: AttestOptions) -> anyhow::Result<ExitCode> {
    let here = current_folder()?;
    let named = options.file.clone().into_iter().collect();
    let Some(files) = load(&FileOptions::of(named, options.color)) else {
        return Ok(ExitCode::Invalid);
    };
    let target = match find(&files, &options) {
        Ok(target) => target,
        Err((code, why)) => return Ok(refuse(code, &why)),
    };
    let path = here.join(&target.file.source.path);
    let found = Repository::find(&path, None, false).await?;
    let (repository, author) = match found.map(|it| (it.author(), it)) {
        Some((Some(author), repository)) => (repository, author),
        Some((None, _)) => {
            let why = "git does not know who you are, and an attestation needs an author: set `git config user.name` and `user.email`";
            return Ok(refuse(codes::NOT_ATTESTABLE, why));
        }
        None => {
            let why = format!(
                "{} is not in a git repository with a commit, and an attestation is about a commit",
                target.file.source.path.display()
            );
            return Ok(refuse(codes::NOT_ATTESTABLE, &why));
        }
    };
    let upstream = match options.publish.upstream(repository.root()).await {
        Ok(upstream) => upstream,
        Err(why) => return Ok(refuse(codes::NOT_ATTESTABLE, &kit::error_chain(&why))),
    };
    let artefact = match artefact(&target, &options, repository.root(), &here) {
        Ok(artefact) => artefact,
        Err(why) => return Ok(refuse(codes::NOT_ATTESTABLE, &why)),
    };
    let signer = match options.signing.signer(true, repository.root()) {
        Ok(signer) => signer,
        Err(error) => return Ok(refuse(codes::COMMAND_LINE, &kit::error_chain(&error))),
    };
    let (root, what) = (repository.root(), "the attestation");
    if let Some(why) = Trial::of(root, Some(&author), signer.as_ref())?.refuses(what, &[]) {
        return Ok(refuse(codes::NOT_SIGNED, &why));
    }
    let attestation = attestation(&target, &options, (&repository, author), artefact);
    let folder = Path::new(ATTESTATIONS).join(&attestation.phase);
    let folder = match Inside::of(repository.root(), &folder) {
        Ok(folder) => folder,
        Err(why) => return Ok(refuse(codes::OUTSIDE, &why.to_string())),
    };
    let written = write_attestation(&attestation, &folder, signer.as_ref())?;
    let shown = written.strip_prefix(repository.root()).unwrap_or(&written);
    let mut paths = vec![shown.display().to_string()];
    if signer.is_some() {
        paths.push(format!("{}{SIGNATURE}", paths[0]));
    }
    let differs = tree_differs(target.file, repository.root()).await?;
    print(&attestation, differs);
    let commit = commit(&attestation, &paths);
    publish(
        repository.root(),
        upstream.as_ref(),
        commit,
        &options.publish,
        false,
    )
    .await?;
    Ok(ExitCode::Success)
}

/// The check of that gate and name among the claim files.
fn find<'f>(
    files: &'f [ClaimFile],
    options: &AttestOptions,
) -> Result<AttestTarget<'f>, (Code, String)> {
    let unknown = |why: String| Err((codes::UNKNOWN_SELECTION, why));
    let gates: Vec<_> = files
        .iter()
        .flat_map(|file| file.gates.iter().map(move |gate| (file, gate)))
        .filter(|(_, gate)| gate.id == options.gate)
        .collect();
    if gates.is_empty() {
        return unknown(format!(
            "{}: no such gate in the claim files; `gateproof list` shows them",
            options.gate
        ));
    }
    let mut found = gates.iter().flat_map(|(file, gate)| {
        let named = gate.checks.iter().filter(|check| check.id == options.check);
        named.map(move |check| (*file, check))
    });
    let Some((file, check)) = found.next() else {
        let people = gates.iter().flat_map(|(_, gate)| &gate.checks);
        let people: Vec<&str> = people
            .filter(|check| matches!(check.probe, Probe::Human(_)))
            .map(|check| check.id.as_str())
            .collect();
        let known = if people.is_empty() {
            "it has none that a person attests".to_owned()
        } else {
            format!("a person attests {}", people.join(", "))
        };
        return unknown(format!(
            "{}: no such check in gate {}; {known}",
            options.check, options.gate
        ));
    };
    if let Some((other, _)) = found.next() {
        return unknown(format!(
            "{} {} is in {} and in {}; name one of them with --file",
            options.gate,
            options.check,
            file.source.path.display(),
            other.source.path.display()
        ));
    }
    match &check.probe {
        Probe::Human(human) => Ok(AttestTarget { file, check, human }),
        _ => Err((
            codes::NOT_ATTESTABLE,
            format!(
                "{} is not a `human:` check: a program runs it, and an attestation cannot replace that; `gateproof verify --check {}` runs it",
                options.check, options.check
            ),
        )),
    }
}

/// The file that was looked at. One that the check names may lie anywhere, because its digest
/// identifies it; any other must be in the repository, where others can look at it.
fn artefact(
    target: &AttestTarget<'_>,
    options: &AttestOptions,
    root: &Path,
    here: &Path,
) -> Result<Option<Artefact>, String> {
    let named = target.human.artefact.as_ref();
    let (path, file) = match (named, &options.artefact) {
        (None, None) => return Ok(None),
        (Some(text), given) => {
            let open = text.params().next().is_some();
            let path = text.render(&Scope::new());
            let folder = match target.check.on {
                Place::Clone => root,
                _ => here,
            };
            match given {
                Some(given) => (path, here.join(given)),
                None if open => {
                    return Err(
                        "the check names its artefact by a captured value, which only a run knows: add --artefact FILE, the file that you looked at".to_owned(),
                    );
                }
                None => (path.clone(), folder.join(path)),
            }
        }
        (None, Some(given)) => {
            let full = std::fs::canonicalize(here.join(given));
            let top = std::fs::canonicalize(root);
            let inside = match (&full, top) {
                (Ok(full), Ok(top)) => full.strip_prefix(top).ok().map(Path::to_owned),
                (Err(error), _) => return Err(format!("{}: {error}", given.display())),
                _ => None,
            };
            let Some(inside) = inside else {
                return Err(format!(
                    "{} is outside the repository, where nobody else can look at it: put it into the repository first",
                    given.display()
                ));
            };
            (inside.display().to_string(), here.join(given))
        }
    };
    let artefact = Artefact::of_file(path, &file).map_err(|error| {
        format!(
            "the artefact {} cannot be read: {error}; add --artefact FILE, the file that you looked at",
            file.strip_prefix(here).unwrap_or(&file).display()
        )
    })?;
    Ok(Some(artefact))
}

fn attestation(
    target: &AttestTarget<'_>,
    options: &AttestOptions,
    (repository, author): (&Repository, String),
    artefact: Option<Artefact>,
) -> Attestation {
    let (file, state, at) = (target.file, repository.state(), Utc::now());
    Attestation {
        schema: ATTESTATION_SCHEMA.to_owned(),
        id: run_id(at, random()),
        tool: format!("gateproof {}", env!("CARGO_PKG_VERSION")),
        who: who(),
        author,
        clone_id: state.clone_id,
        at,
        phase: file.phase.clone(),
        claim_path: path_in_repository(&file.source.path, repository.root())
            .display()
            .to_string(),
        claim_sha256: file.source.digest(),
        gate: options.gate.clone(),
        check: target.check.id.clone(),
        asked: target.human.instruction.clone(),
        commit: state.commit,
        artefact,
        words: redacted(&options.saw),
    }
}

/// Prints what was recorded, so that a wrong check or file is noticed at once.
fn print(attestation: &Attestation, differs: bool) {
    let artefact = match &attestation.artefact {
        Some(artefact) => format!("  artefact  {} sha256 {}\n", artefact.path, artefact.sha256),
        None => String::new(),
    };
    terminal::out(&format!(
        "{} {}: attested by {}\n  asked     {}\n  saw       {}\n{artefact}  commit    {}\n  claim     {} sha256 {}\n",
        attestation.gate,
        attestation.check,
        attestation.author,
        attestation.asked,
        attestation.words,
        attestation.commit,
        attestation.claim_path,
        attestation.claim_sha256,
    ));
    if differs {
        terminal::err(
            "the working tree differs from that commit: what you looked at may not be what is committed\n",
        );
    }
}

fn commit<'f>(attestation: &Attestation, files: &'f [String]) -> CommitRequest<'f> {
    let scope = format!("{}-{}", attestation.phase, attestation.gate);
    CommitRequest {
        subject: format!("attest({scope}): a person looked at {}", attestation.check),
        body: format!(
            "Commit: {}\nClaim file: {} (sha256 {})",
            attestation.commit, attestation.claim_path, attestation.claim_sha256
        ),
        files,
    }
}
