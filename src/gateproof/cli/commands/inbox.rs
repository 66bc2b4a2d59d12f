//! `gateproof inbox`: messages between Builder and Adversary.

use crate::cli::terminal;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::Utc;
use clap::{Args, Subcommand};

use crate::watch::inbox::{self, InboxError, Reader, publish};
use claim::codes;
use claim::outcome::ExitCode;
use kit::inside::Inside;

use crate::cli::claims::repository_here;
use crate::cli::inboxes::{ReaderName, inboxes};
use crate::cli::progress::refuse;

/// Send and read messages between Builder and Adversary
#[derive(Clone, Debug, Args)]
pub(crate) struct InboxOptions {
    #[command(subcommand)]
    command: InboxCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum InboxCommand {
    Send(SendOptions),
    Read(ReadOptions),
}

/// Put a message into an inbox
///
/// Reads the message. Writes it into BUILDER-INBOX.md or ADVERSARY-INBOX.md.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof inbox send --to adversary --push \"M1 is ready\"

Exit codes:
  0  sent
  2  the message is empty, or the current folder is not in a git repository
  3  the inbox could not be written or pushed")]
struct SendOptions {
    /// Whom the message is for
    #[arg(long, value_enum, value_name = "ROLE")]
    to: ReaderName,
    /// Who writes (default: the other role)
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
    /// The folder of the inbox (default: machine-docs/ if it exists, else the top of the repository)
    #[arg(long, value_name = "DIR")]
    docs: Option<String>,
    /// Commit and push the inbox, and nothing else
    #[arg(long)]
    push: bool,
    /// The message (default: standard input)
    text: Option<String>,
}

/// Show the messages for a role, and delete them
///
/// Reads the inboxes of the role, and deletes them except with --keep. Writes nothing else.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit codes:
  0  shown, or there is no message
  2  the current folder is not in a git repository
  3  an inbox could not be read, written or pushed")]
struct ReadOptions {
    /// Whose inbox
    #[arg(long = "as", value_enum, value_name = "ROLE")]
    role: ReaderName,
    /// A folder with inboxes, besides the usual ones
    #[arg(long, value_name = "DIR")]
    docs: Option<String>,
    /// Leave the messages in the inbox
    #[arg(long, conflicts_with = "push")]
    keep: bool,
    /// Commit and push the deletion, and nothing else
    #[arg(long)]
    push: bool,
}

pub(crate) async fn inbox(options: InboxOptions) -> anyhow::Result<ExitCode> {
    let Some(root) = repository_here().await? else {
        let why = "the current folder is not in a git repository with a commit; run it in a clone";
        return Ok(refuse(codes::COMMAND_LINE, why));
    };
    match options.command {
        InboxCommand::Send(options) => send(&root, options).await,
        InboxCommand::Read(options) => read(&root, options).await,
    }
}

async fn send(root: &Path, options: SendOptions) -> anyhow::Result<ExitCode> {
    let to = Reader::from(options.to);
    let text = match options.text {
        Some(text) => text,
        None => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .context("read the message from standard input")?;
            text
        }
    };
    let folder = match options.docs {
        Some(docs) => root.join(docs),
        None if root.join("machine-docs").is_dir() => root.join("machine-docs"),
        None => root.to_owned(),
    };
    let path = folder.join(to.file_name());
    let relative = path.strip_prefix(root).unwrap_or(&path);
    let place = match Inside::of(root, relative) {
        Ok(place) => place,
        Err(why) => return Ok(refuse(codes::OUTSIDE, &why.to_string())),
    };
    let from = options.from.unwrap_or_else(|| to.writer().to_owned());
    match inbox::send(&place, to, &from, &text, Utc::now()) {
        Err(InboxError::Empty) => {
            return Ok(refuse(codes::COMMAND_LINE, "the message is empty"));
        }
        sent => sent?,
    }
    let shown = path.strip_prefix(root).unwrap_or(&path).to_owned();
    terminal::err(&format!("wrote {}\n", shown.display()));
    if !options.push {
        terminal::err("the reader notices it after it is pushed (`--push`)\n");
        return Ok(ExitCode::Success);
    }
    push(root, &[shown], to, "a message").await
}

async fn read(root: &Path, options: ReadOptions) -> anyhow::Result<ExitCode> {
    let role = Reader::from(options.role);
    let mut taken = Vec::new();
    for path in inboxes(root, role, options.docs.as_slice()) {
        let mut stdout = std::io::stdout().lock();
        let shown = if options.keep {
            inbox::peek(&path, &mut stdout)?
        } else {
            inbox::take(&path, &mut stdout)?
        };
        if shown {
            taken.push(path.strip_prefix(root).unwrap_or(&path).to_owned());
        }
    }
    if taken.is_empty() {
        terminal::err(&format!("no message for the {}\n", role.name()));
        return Ok(ExitCode::Success);
    }
    if !options.push {
        return Ok(ExitCode::Success);
    }
    push(root, &taken, role, "read").await
}

async fn push(
    root: &Path,
    paths: &[PathBuf],
    role: Reader,
    what: &str,
) -> anyhow::Result<ExitCode> {
    let subject = format!("inbox({}): {what}", role.name());
    let to = publish(root, paths, &subject)
        .await
        .with_context(|| format!("`{subject}`"))?;
    terminal::err(&match to {
        Some(to) => format!("pushed to {to}\n"),
        None => "there was nothing to commit\n".to_owned(),
    });
    Ok(ExitCode::Success)
}
