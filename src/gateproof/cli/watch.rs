//! `gateproof watch`: tells when a gate changes hands upstream.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use chrono::Utc;
use clap::{Args, ValueEnum};

use crate::record::Act;
use crate::report::markdown::escape::neutralise;
use crate::report::time;
use crate::run::Repository;
use crate::watch::inbox::{Reader, belongs_to};
use crate::watch::{Follower, Poll, WatchEvent, WatchLock};
use claim::outcome::{ExitCode, worst};
use kit::git;
use kit::interrupt::Interrupt;
use kit::text::Scope;
use kit::yaml::codes::Code;
use reach::host::{Host, Invocation, Leftovers, Script};
use reach::observation::Ending;

use crate::cli::{console, verify};

/// A loop that says it waits for longer is taken for dead by the reference's watchdog.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// So much of a command's output is shown.
const SHOWN: usize = 16 * 1024;

#[derive(Clone, Debug, Args)]
pub(crate) struct WatchOptions {
    /// The remote to follow
    #[arg(long, value_name = "NAME", default_value = "origin")]
    remote: String,
    /// The branch to follow (default: the remote's own default)
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Only what wakes this role: an adversary by claims, a builder by reviews, each by its inbox
    #[arg(long = "as", value_enum, value_name = "ROLE")]
    role: Option<ReaderName>,
    /// A shell line to run for each hand-off and message. It gets GATEPROOF_ACT, _PHASE, _GATE,
    /// _COMMIT, _VERDICT, _RECORD and _INBOX in its environment, and the first five as $1 to $5
    #[arg(long, value_name = "COMMAND")]
    exec: Option<String>,
    /// How long that command may take
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = humantime::parse_duration)]
    exec_timeout: Duration,
    /// Look once and end
    #[arg(long)]
    once: bool,
    /// How long to wait between two looks, at most 10 minutes
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    every: Duration,
    /// A folder with inboxes, beside the repository's top, machine-docs/ and the claims' own
    #[arg(long, value_name = "DIR")]
    docs: Vec<String>,
    /// Where to remember what was told (default: in the clone's git folder)
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Tell everything after this revision of the clone
    #[arg(long, value_name = "REV")]
    from: Option<String>,
}

/// Builder or Adversary, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReaderName {
    Builder,
    Adversary,
}

impl From<ReaderName> for Reader {
    fn from(name: ReaderName) -> Reader {
        match name {
            ReaderName::Builder => Reader::Builder,
            ReaderName::Adversary => Reader::Adversary,
        }
    }
}

pub(crate) async fn watch(wish: WatchOptions) -> anyhow::Result<ExitCode> {
    if wish.every > LONGEST_WAIT || wish.every < Duration::from_millis(100) {
        let why =
            "--every: between 100ms and 10m; a loop that is silent for longer is taken for dead";
        return Ok(verify::refuse(Code::COMMAND_LINE, why));
    }
    let Some(root) = repository_here().await? else {
        return Ok(verify::refuse(
            Code::COMMAND_LINE,
            "there is no git repository with a commit here; run it in a clone",
        ));
    };
    let state = match &wish.state {
        Some(path) => std::path::absolute(path).context("find the state")?,
        None => git_folder(&root).await?.join("gateproof/watch.json"),
    };
    let interrupt = Interrupt::listen().context("install the signal handlers")?;
    let _lock = WatchLock::take(&state)?;
    let mut follower = Follower::new(
        &root,
        &wish.remote,
        wish.branch.as_deref(),
        folders(&root, &wish.docs),
        &state,
        Duration::from_secs(60),
    )?;
    if let Some(revision) = &wish.from
        && let Err(error) = follower.begin_from(revision).await
    {
        return Ok(verify::refuse(Code::COMMAND_LINE, &error.to_string()));
    }
    let mut watcher = Watcher {
        host: Host::local(),
        follower,
        root,
        wish,
        down: None,
        codes: vec![ExitCode::Success],
    };
    let ended = tokio::select! {
        ended = watcher.watch() => ended,
        name = interrupt.wait() => {
            say(&format!("stopped by {name}"));
            Ok(())
        }
    };
    watcher.host.close().await;
    ended?;
    Ok(worst(watcher.codes).unwrap_or(ExitCode::Success))
}

struct Watcher {
    host: Host,
    follower: Follower,
    root: PathBuf,
    wish: WatchOptions,
    /// Why the upstream did not answer the last time.
    down: Option<String>,
    codes: Vec<ExitCode>,
}

impl Watcher {
    async fn watch(&mut self) -> anyhow::Result<()> {
        loop {
            let answered = self.look().await?;
            if self.wish.once {
                if !answered {
                    self.codes.push(ExitCode::CouldNotCheck);
                }
                return Ok(());
            }
            // What went wrong in one look does not decide about a watch that goes on.
            self.codes = vec![ExitCode::Success];
            let until = Utc::now() + self.wish.every;
            console::out(&format!("WAITING-UNTIL: {}\n", time(until)));
            tokio::time::sleep(self.wish.every).await;
        }
    }

    /// One look; whether the upstream answered.
    async fn look(&mut self) -> anyhow::Result<bool> {
        let (first, events, tip) = match self.follower.poll().await? {
            Poll::Down(why) => {
                if self.down.as_ref() != Some(&why) {
                    say(&format!(
                        "{} does not answer; going on: {why}",
                        self.wish.remote
                    ));
                }
                self.down = Some(why);
                return Ok(false);
            }
            Poll::Up { first, events, tip } => (first, events, tip),
        };
        if self.down.take().is_some() {
            say(&format!("{} answers again", self.wish.remote));
        }
        if let Some(first) = first {
            say(&format!(
                "following {} from {first} on; `--from REV` tells of what came before",
                self.wish.remote
            ));
        }
        let mut commit: Option<String> = None;
        for (of, event) in events {
            if commit != of
                && let Some(told) = std::mem::replace(&mut commit, of)
            {
                self.follower.reported_commit(&told)?;
            }
            self.tell(&event).await?;
            self.follower.reported(&event)?;
        }
        self.follower.done(&tip)?;
        Ok(true)
    }

    /// Says one thing, and runs the user's command for it.
    async fn tell(&mut self, event: &WatchEvent) -> anyhow::Result<()> {
        let values = match event {
            WatchEvent::Note(note) => {
                say(&format!("note: {note}"));
                return Ok(());
            }
            WatchEvent::HandOff(hand_off) => {
                let wakes = match self.wish.role {
                    None => true,
                    Some(ReaderName::Adversary) => hand_off.act == Act::Claim,
                    Some(ReaderName::Builder) => hand_off.act == Act::Review,
                };
                if !wakes {
                    return Ok(());
                }
                let verdict = hand_off.verdict.unwrap_or_default();
                let told = if verdict.is_empty() {
                    String::new()
                } else {
                    format!(", {verdict}")
                };
                say(&format!(
                    "hand-off: {} of {} {} at {}{told} ({})",
                    hand_off.act_name(),
                    hand_off.phase,
                    hand_off.gate,
                    hand_off.commit,
                    hand_off.record
                ));
                [
                    hand_off.act_name(),
                    &hand_off.phase,
                    &hand_off.gate,
                    &hand_off.commit,
                    verdict,
                    &hand_off.record,
                    "",
                ]
            }
            WatchEvent::Message { path, commit, .. } => {
                let name = path.rsplit('/').next().unwrap_or(path);
                if self
                    .wish
                    .role
                    .is_some_and(|role| !belongs_to(name, role.into()))
                {
                    return Ok(());
                }
                say(&format!("inbox: a message lies in {path} (at {commit})"));
                ["inbox", "", "", commit, "", "", path]
            }
        };
        let values = values.map(str::to_owned);
        if let Some(line) = self.wish.exec.clone() {
            self.run(&line, &values).await;
        }
        Ok(())
    }

    /// Runs the user's line. Values reach it as arguments and environment, never as shell text.
    async fn run(&mut self, line: &str, values: &[String; 7]) {
        let names = [
            "ACT", "PHASE", "GATE", "COMMIT", "VERDICT", "RECORD", "INBOX",
        ];
        let mut words: Vec<String> = ["/bin/sh", "-c", line, "gateproof-watch"]
            .map(str::to_owned)
            .to_vec();
        words.extend(values[..5].iter().cloned());
        let invocation = Invocation {
            script: Script::Argv(words),
            params: Vec::new(),
            env: names
                .iter()
                .zip(values)
                .map(|(name, value)| (format!("GATEPROOF_{name}"), value.clone()))
                .collect(),
            cwd: Some(self.root.to_string_lossy().into_owned()),
            stdin: None,
            deadline: self.wish.exec_timeout,
            output_limit: SHOWN,
            // It may start something that goes on.
            leftovers: Leftovers::Keep,
        };
        match self.host.run(&invocation).await {
            Ok(seen) => {
                for stream in [&seen.stdout, &seen.stderr] {
                    for line in stream.text().lines() {
                        console::out(&format!("  | {}\n", shown(line)));
                    }
                }
                if seen.ending != Ending::Exited(0) {
                    say(&format!("the command of --exec failed: {}", seen.ending));
                    self.codes.push(ExitCode::Failed);
                }
            }
            Err(fault) => {
                say(&format!("the command of --exec did not end well: {fault}"));
                self.codes.push(ExitCode::CouldNotCheck);
            }
        }
    }
}

/// One line with its time, in which nothing reads as a decision.
fn say(text: &str) {
    console::out(&format!("{} {}\n", time(Utc::now()), shown(text)));
}

fn shown(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { '␦' } else { c })
        .collect();
    neutralise(&line).into_owned()
}

/// The top of the repository around the current folder.
pub(crate) async fn repository_here() -> anyhow::Result<Option<PathBuf>> {
    let here = std::env::current_dir().context("find the current folder")?;
    let found = Repository::find(&here.join("-"), None, false).await?;
    Ok(found.map(|repository| repository.root().to_owned()))
}

async fn git_folder(root: &Path) -> anyhow::Result<PathBuf> {
    let folder = git::ask(root, &["rev-parse", "--absolute-git-dir"]).await?;
    Ok(PathBuf::from(folder))
}

/// The folders of documents: where the reference has them, those of the claim files, and those
/// that were named.
pub(crate) fn folders(root: &Path, named: &[String]) -> Vec<String> {
    let mut folders = vec!["machine-docs".to_owned(), "reports".to_owned()];
    let entries = std::fs::read_dir(root.join("claims")).into_iter().flatten();
    for path in entries.flatten().map(|entry| entry.path()) {
        let yaml = path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml");
        // A claim file that cannot be read is told by `gateproof check`.
        if yaml && let Ok(file) = claim::read::load(&path, &Scope::new()) {
            folders.push(file.docs.display().to_string());
        }
    }
    folders.extend(named.iter().cloned());
    let mut folders: Vec<String> = folders
        .iter()
        .map(|folder| {
            folder
                .trim_start_matches("./")
                .trim_end_matches('/')
                .to_owned()
        })
        .filter(|folder| !folder.is_empty() && folder != ".")
        .collect();
    folders.sort();
    folders.dedup();
    folders
}
