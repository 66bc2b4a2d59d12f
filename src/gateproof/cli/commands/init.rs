//! `gateproof init`: a first claim file for this repository.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::cli::claims::{current_folder, repository_here};
use crate::cli::progress::refuse;
use crate::cli::terminal;
use claim::codes;
use claim::outcome::ExitCode;
use kit::text::Scope;
use kit::yaml::source::Source;

/// Write a first claim file for this repository
///
/// Reads which build files the repository has. Writes claims/<PHASE>.yaml, which `gateproof verify` can run
/// as it is, and no other file; it never overwrites one.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof init
  gateproof init --phase shop --url http://127.0.0.1:8080/health --host web

Exit codes:
  0  written
  2  there is such a file already, or the command line is wrong
  3  it could not be written")]
pub(crate) struct InitOptions {
    /// The name of the phase, and of the file (default: the name of the repository's folder)
    #[arg(long, value_name = "NAME")]
    phase: Option<String>,
    /// The command that tests the project (default: that of its build files)
    #[arg(long, value_name = "COMMAND")]
    test: Option<String>,
    /// A URL that must answer with 200 (from --host, if one is named)
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A host, as `ssh` knows it
    #[arg(long, value_name = "SSH")]
    host: Option<String>,
}

pub(crate) async fn init(options: InitOptions) -> anyhow::Result<ExitCode> {
    let root = match repository_here().await? {
        Some(root) => root,
        None => current_folder()?,
    };
    let phase = match &options.phase {
        Some(phase) => phase.clone(),
        None => phase_of(&root),
    };
    let path = PathBuf::from("claims").join(format!("{phase}.yaml"));
    let text = claim_file(&phase, &Project::of(&root), &options);
    // What is written is what the reader takes: a name, a URL or a command may be one that it refuses.
    let source = Source {
        path: path.clone(),
        text: text.clone(),
    };
    if let Err(invalid) = claim::read::parse(std::sync::Arc::new(source), &Scope::new()) {
        terminal::err(&invalid.render(false));
        return Ok(ExitCode::Invalid);
    }
    let whole = root.join(&path);
    std::fs::create_dir_all(root.join("claims")).context("make the folder claims/")?;
    let file = std::fs::File::options()
        .write(true)
        .create_new(true)
        .open(&whole);
    let mut file = match file {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let why = format!(
                "{} is there already; name another phase with --phase",
                path.display()
            );
            return Ok(refuse(codes::COMMAND_LINE, &why));
        }
        Err(error) => return Err(error).with_context(|| format!("write {}", path.display())),
    };
    std::io::Write::write_all(&mut file, text.as_bytes())
        .with_context(|| format!("write {}", path.display()))?;
    terminal::out(&format!(
        "{} is written. Say in it what your milestone claims, then:\n  gateproof check     every error, without running anything\n  gateproof verify    a first verdict; checks `on: clone` see what is committed\n  gateproof claim M1 --commit --push    when it holds\n",
        path.display()
    ));
    Ok(ExitCode::Success)
}

/// A valid name of a phase from the name of a folder.
fn phase_of(root: &Path) -> String {
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    let valid = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let name: String = name
        .chars()
        .map(|c| if valid(c) { c } else { '-' })
        .take(64)
        .collect();
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    if name.is_empty() {
        "first".to_owned()
    } else {
        name.to_owned()
    }
}

/// How the project is tested, as far as its build files tell.
struct Project {
    command: String,
    /// Whether its runner prints counts that `tests:` reads.
    counts: bool,
}

impl Project {
    fn of(root: &Path) -> Project {
        const KNOWN: [(&str, &str, bool); 7] = [
            ("Cargo.toml", "cargo test --locked", true),
            ("go.mod", "go test -v ./...", true),
            ("pyproject.toml", "python3 -m pytest -q", true),
            ("setup.py", "python3 -m pytest -q", true),
            ("package.json", "npm ci && npm test", false),
            ("Makefile", "make test", false),
            ("pom.xml", "mvn -B test", false),
        ];
        let known = KNOWN.iter().find(|(file, _, _)| root.join(file).exists());
        match known {
            Some((_, command, counts)) => Project {
                command: (*command).to_owned(),
                counts: *counts,
            },
            None => Project {
                command: "git log -1 --format=%s".to_owned(),
                counts: false,
            },
        }
    }
}

fn claim_file(phase: &str, project: &Project, options: &InitOptions) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let (command, counts) = match &options.test {
        Some(command) => (command.as_str(), false),
        None => (project.command.as_str(), project.counts),
    };
    let mut text = format!(
        "# What must hold before this phase is done. `gateproof verify` runs it, `gateproof check` reads it.\nphase: {}\ntitle: what this phase is for, in one line\n",
        quoted(phase)
    );
    if let Some(host) = &options.host {
        text.push_str(&format!("hosts:\n  host: {{ ssh: {} }}\n", quoted(host)));
    }
    let expect = match counts {
        true => "{ tests: { passed: { min: 1 } } }",
        false => "{ exit: 0 }",
    };
    text.push_str(&format!(
        "gates:\n  M1:\n    title: the tests pass in a fresh clone of the commit\n    checks:\n      - id: tests\n        claim: every test passes from a cold clone\n        on: clone\n        run: {}\n        timeout: 10m\n        effect: observe             # nothing outside of the clone is changed\n        expect: {expect}\n",
        quoted(command)
    ));
    let place = if options.host.is_some() {
        "host"
    } else {
        "local"
    };
    if options.url.is_some() || options.host.is_some() {
        text.push_str(
            "  M2:\n    after: M1\n    title: it runs where it is deployed\n    checks:\n",
        );
    }
    if let Some(url) = &options.url {
        text.push_str(&format!(
            "      - id: answers\n        claim: it answers where it is deployed\n        on: {place}\n        http: {}\n        within: 30s                 # so long it may take to come up\n        expect: 200\n",
            quoted(url)
        ));
    } else if options.host.is_some() {
        text.push_str("      - id: up\n        claim: the host has finished booting, and no unit failed\n        on: host\n        run: systemctl is-system-running\n        expect: running\n");
    }
    text
}
