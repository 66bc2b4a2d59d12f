//! `gateproof attest`: a person's word for a `human:` check.

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::Utc;
use clap::Args;

use crate::record::{
    ATTESTATION_SCHEMA, ATTESTATIONS, Artefact, Attestation, SIGNATURE, write_attestation,
};
use crate::role::CommitRequest;
use crate::run::{Repository, random, tree_differs, who};
use claim::outcome::ExitCode;
use claim::{Check, ClaimFile, HumanProbe, Place, Probe};
use kit::redact::Redactor;
use kit::run_id::run_id;
use kit::text::Scope;
use kit::yaml::codes::Code;

use crate::cli::console;
use crate::cli::options::{Color, FileOptions};
use crate::cli::roles::{self, Publish};
use crate::cli::signing::SigningOptions;
use crate::cli::verify::{load, refuse};

#[derive(Clone, Debug, Args)]
pub(crate) struct AttestOptions {
    /// The gate
    gate: String,
    /// The `human:` check, with its [value] when it comes from a `for:`
    check: String,
    /// What you saw, in your own words
    #[arg(long, value_name = "WORDS", value_parser = crate::cli::review::words)]
    saw: String,
    /// The file you looked at; else the one that the check names
    #[arg(long, value_name = "FILE")]
    artefact: Option<PathBuf>,
    /// The claim file; else the one of claims/ that has the check
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    publish: Publish,
    /// When to use colour
    #[arg(long, value_enum, default_value = "auto")]
    color: Color,
    #[command(flatten)]
    signing: SigningOptions,
}

/// The check that is attested.
struct Target<'f> {
    file: &'f ClaimFile,
    check: &'f Check,
    human: &'f HumanProbe,
}

pub(crate) async fn attest(wish: AttestOptions) -> anyhow::Result<ExitCode> {
    let here = std::env::current_dir().context("find the current folder")?;
    let named = wish.file.clone().into_iter().collect();
    let Some(files) = load(&FileOptions::of(named, wish.color)) else {
        return Ok(ExitCode::Invalid);
    };
    let target = match find(&files, &wish) {
        Ok(target) => target,
        Err((code, why)) => return Ok(refuse(code, &why)),
    };
    let path = here.join(&target.file.source.path);
    let found = Repository::find(&path, None, false).await?;
    let (repository, author) = match found.map(|it| (it.author(), it)) {
        Some((Some(author), repository)) => (repository, author),
        Some((None, _)) => {
            let why = "git does not know who you are, and a word without its author counts for nobody: set `git config user.name` and `user.email`";
            return Ok(refuse(Code::NOT_ATTESTABLE, why));
        }
        None => {
            let why = format!(
                "{} is in no git repository with a commit, and a word speaks of a commit",
                target.file.source.path.display()
            );
            return Ok(refuse(Code::NOT_ATTESTABLE, &why));
        }
    };
    let upstream = match wish.publish.upstream(repository.root()).await {
        Ok(upstream) => upstream,
        Err(why) => return Ok(refuse(Code::NOT_ATTESTABLE, &why.to_string())),
    };
    let artefact = match artefact(&target, &wish, repository.root(), &here) {
        Ok(artefact) => artefact,
        Err(why) => return Ok(refuse(Code::NOT_ATTESTABLE, &why)),
    };
    let signer = match wish.signing.signer(true, repository.root()) {
        Ok(signer) => signer,
        Err(error) => return Ok(refuse(Code::COMMAND_LINE, &error.to_string())),
    };
    let attestation = said(&target, &wish, (&repository, author), artefact);
    let folder = repository
        .root()
        .join(ATTESTATIONS)
        .join(&attestation.phase);
    let written = write_attestation(&attestation, &folder, signer.as_ref())?;
    let shown = written.strip_prefix(repository.root()).unwrap_or(&written);
    let mut paths = vec![shown.display().to_string()];
    if signer.is_some() {
        paths.push(format!("{}{SIGNATURE}", paths[0]));
    }
    let differs = tree_differs(target.file, repository.root()).await?;
    tell(&attestation, differs);
    let commit = commit(&attestation, &paths);
    roles::publish(
        repository.root(),
        upstream.as_ref(),
        commit,
        &wish.publish,
        false,
    )
    .await?;
    Ok(ExitCode::Success)
}

/// The check of that gate and name among the claim files.
fn find<'f>(files: &'f [ClaimFile], wish: &AttestOptions) -> Result<Target<'f>, (Code, String)> {
    let unknown = |why: String| Err((Code::UNKNOWN_SELECTION, why));
    let gates: Vec<_> = files
        .iter()
        .flat_map(|file| file.gates.iter().map(move |gate| (file, gate)))
        .filter(|(_, gate)| gate.id == wish.gate)
        .collect();
    if gates.is_empty() {
        return unknown(format!(
            "{}: no such gate in the claim files; `gateproof list` shows them",
            wish.gate
        ));
    }
    let mut found = gates.iter().flat_map(|(file, gate)| {
        let named = gate.checks.iter().filter(|check| check.id == wish.check);
        named.map(move |check| (*file, check))
    });
    let Some((file, check)) = found.next() else {
        let people = gates.iter().flat_map(|(_, gate)| &gate.checks);
        let people: Vec<&str> = people
            .filter(|check| matches!(check.probe, Probe::Human(_)))
            .map(|check| check.id.as_str())
            .collect();
        let known = match people.is_empty() {
            true => "it has none that a person attests".to_owned(),
            false => format!("a person attests {}", people.join(", ")),
        };
        return unknown(format!(
            "{}: no such check in gate {}; {known}",
            wish.check, wish.gate
        ));
    };
    if let Some((other, _)) = found.next() {
        return unknown(format!(
            "{} {} is in {} and in {}; say which with --file",
            wish.gate,
            wish.check,
            file.source.path.display(),
            other.source.path.display()
        ));
    }
    match &check.probe {
        Probe::Human(human) => Ok(Target { file, check, human }),
        _ => Err((
            Code::NOT_ATTESTABLE,
            format!(
                "{} is no `human:` check: a program asks it, and no word can stand in place of that; `gateproof verify --check {}` runs it",
                wish.check, wish.check
            ),
        )),
    }
}

/// The file that was looked at. One that the check names may lie anywhere, because its digest tells
/// whether it is that; any other must be in the repository, where others can see it.
fn artefact(
    target: &Target<'_>,
    wish: &AttestOptions,
    root: &Path,
    here: &Path,
) -> Result<Option<Artefact>, String> {
    let named = target.human.artefact.as_ref();
    let (path, file) = match (named, &wish.artefact) {
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
                        "the check's artefact is named by a captured value, which only a run knows: say --artefact FILE, the file you looked at".to_owned(),
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
                    "{} is outside of the repository, so nobody else could look at it: put it into the repository first",
                    given.display()
                ));
            };
            (inside.display().to_string(), here.join(given))
        }
    };
    let seen = Artefact::of_file(path, &file).map_err(|error| {
        format!(
            "the artefact {} cannot be read: {error}; say --artefact FILE, the file you looked at",
            file.strip_prefix(here).unwrap_or(&file).display()
        )
    })?;
    Ok(Some(seen))
}

fn said(
    target: &Target<'_>,
    wish: &AttestOptions,
    (repository, author): (&Repository, String),
    artefact: Option<Artefact>,
) -> Attestation {
    let (file, state, at) = (target.file, repository.state(), Utc::now());
    let path = std::fs::canonicalize(&file.source.path).ok();
    let root = std::fs::canonicalize(repository.root()).ok();
    let inside = path.zip(root).and_then(|(path, root)| {
        let inside = path.strip_prefix(root).ok();
        inside.map(Path::to_owned)
    });
    let redactor = Redactor::new(Vec::<String>::new());
    Attestation {
        schema: ATTESTATION_SCHEMA.to_owned(),
        id: run_id(at, random()),
        tool: format!("gateproof {}", env!("CARGO_PKG_VERSION")),
        who: who(),
        author,
        clone_id: state.clone_id,
        at,
        phase: file.phase.clone(),
        claim_path: inside
            .unwrap_or_else(|| file.source.path.clone())
            .display()
            .to_string(),
        claim_sha256: file.source.digest(),
        gate: wish.gate.clone(),
        check: target.check.id.clone(),
        asked: target.human.look.clone(),
        commit: state.commit,
        artefact,
        words: redactor.text(&wish.saw).into_owned(),
    }
}

/// Says what was put on record, so that whoever mistook the check or the file sees it at once.
fn tell(attestation: &Attestation, differs: bool) {
    let artefact = match &attestation.artefact {
        Some(artefact) => format!("  artefact  {} sha256 {}\n", artefact.path, artefact.sha256),
        None => String::new(),
    };
    console::out(&format!(
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
        console::err(
            "the tree differs from that commit: what you looked at may not be what is committed\n",
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
