//! `gateproof inbox`: messages between Builder and Adversary, in the reference's shape.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::Utc;
use clap::Subcommand;

use crate::watch::inbox::{self, InboxError, Reader, belongs_to, publish};
use claim::codes;
use claim::outcome::ExitCode;

use crate::cli::watch::{ReaderName, folders, repository_here};
use crate::cli::{console, verify};

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum InboxCommand {
    /// Put a message into an inbox
    Send {
        /// Whom it is for
        #[arg(long, value_enum, value_name = "ROLE")]
        to: ReaderName,
        /// Who writes (default: the other role)
        #[arg(long, value_name = "NAME")]
        from: Option<String>,
        /// The folder of the inbox (default: machine-docs/ if it is there, else the repository's top)
        #[arg(long, value_name = "DIR")]
        docs: Option<String>,
        /// Commit the inbox, and nothing else, and push it
        #[arg(long)]
        push: bool,
        /// The message; standard input without it
        text: Option<String>,
    },
    /// Show the messages for a role, and delete them
    Read {
        /// Whose inbox
        #[arg(long = "as", value_enum, value_name = "ROLE")]
        role: ReaderName,
        /// A folder with inboxes, beside the usual ones
        #[arg(long, value_name = "DIR")]
        docs: Option<String>,
        /// Leave them there
        #[arg(long, conflicts_with = "push")]
        keep: bool,
        /// Commit the deletion, and nothing else, and push it
        #[arg(long)]
        push: bool,
    },
}

pub(crate) async fn inbox(command: InboxCommand) -> anyhow::Result<ExitCode> {
    let Some(root) = repository_here().await? else {
        return Ok(verify::refuse(
            codes::COMMAND_LINE,
            "there is no git repository with a commit here; run it in a clone",
        ));
    };
    match command {
        InboxCommand::Send {
            to,
            from,
            docs,
            push,
            text,
        } => send(&root, to.into(), from, docs, push, text).await,
        InboxCommand::Read {
            role,
            docs,
            keep,
            push,
        } => read(&root, role.into(), docs, keep, push).await,
    }
}

async fn send(
    root: &Path,
    to: Reader,
    from: Option<String>,
    docs: Option<String>,
    push: bool,
    text: Option<String>,
) -> anyhow::Result<ExitCode> {
    let text = match text {
        Some(text) => text,
        None => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .context("read the message from standard input")?;
            text
        }
    };
    let folder = match docs {
        Some(docs) => root.join(docs),
        None if root.join("machine-docs").is_dir() => root.join("machine-docs"),
        None => root.to_owned(),
    };
    let path = folder.join(to.file_name());
    let from = from.unwrap_or_else(|| to.writer().to_owned());
    match inbox::send(&path, to, &from, &text, Utc::now()) {
        Err(InboxError::Empty) => {
            return Ok(verify::refuse(codes::COMMAND_LINE, "the message is empty"));
        }
        sent => sent?,
    }
    let shown = path.strip_prefix(root).unwrap_or(&path).to_owned();
    console::err(&format!("wrote {}\n", shown.display()));
    match push {
        true => pushed(root, &[shown], to, "a message").await,
        false => {
            console::err("it is noticed when it is pushed (`--push`)\n");
            Ok(ExitCode::Success)
        }
    }
}

async fn read(
    root: &Path,
    role: Reader,
    docs: Option<String>,
    keep: bool,
    push: bool,
) -> anyhow::Result<ExitCode> {
    let paths = inboxes(root, role, docs.as_slice());
    let mut taken = Vec::new();
    for path in paths {
        let mut stdout = std::io::stdout().lock();
        let shown = match keep {
            true => inbox::peek(&path, &mut stdout)?,
            false => inbox::take(&path, &mut stdout)?,
        };
        if shown {
            taken.push(path.strip_prefix(root).unwrap_or(&path).to_owned());
        }
    }
    if taken.is_empty() {
        console::err(&format!("no message for the {}\n", role.name()));
        return Ok(ExitCode::Success);
    }
    match push {
        true => pushed(root, &taken, role, "read").await,
        false => Ok(ExitCode::Success),
    }
}

/// The inboxes of a role that are there.
fn inboxes(root: &Path, role: Reader, named: &[String]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in folders(root, named).iter().map(String::as_str).chain([""]) {
        let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten();
        for entry in entries.flatten() {
            if belongs_to(&entry.file_name().to_string_lossy(), role) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

async fn pushed(
    root: &Path,
    paths: &[PathBuf],
    role: Reader,
    what: &str,
) -> anyhow::Result<ExitCode> {
    let subject = format!("inbox({}): {what}", role.name());
    let to = publish(root, paths, &subject)
        .await
        .with_context(|| format!("`{subject}`"))?;
    console::err(&match to {
        Some(to) => format!("pushed to {to}\n"),
        None => "there was nothing to commit\n".to_owned(),
    });
    Ok(ExitCode::Success)
}
