//! `gateproof watch`: reports when a gate changes hands upstream.

use crate::cli::terminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use chrono::Utc;
use clap::Args;

use crate::report::markdown::escape::neutralise;
use crate::report::time;
use crate::watch::inbox::belongs_to;
use crate::watch::{Follower, Poll, WatchEvent, WatchLock};
use claim::codes;
use claim::outcome::{ExitCode, worst};
use kit::git;
use kit::interrupt::Interrupt;
use reach::host::{Host, Invocation, Leftovers, Script};
use reach::observation::Ending;

use crate::cli::claims::repository_here;
use crate::cli::inboxes::{ReaderName, folders};
use crate::cli::progress::refuse;

/// Watchdogs take a loop that announces a longer wait for dead.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// The most output of a command that is shown, in bytes.
const OUTPUT_LIMIT: usize = 16 * 1024;

/// Follow the upstream, and report claims, verdicts, vetoes, their liftings, and messages
///
/// Begins with what waits there now. Reads the upstream by git. Writes what was reported into the clone's git folder, so that
/// nothing is reported twice.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  gateproof watch --as adversary --exec 'gateproof review --push'
  gateproof watch --once

Exit codes:
  0  stopped; with --once: the upstream answered
  1  with --once: a command of --exec failed
  2  the command line is wrong
  3  with --once: the upstream did not answer, or a command of --exec did not end well")]
pub(crate) struct WatchOptions {
    /// The remote to follow
    #[arg(long, value_name = "NAME", default_value = "origin")]
    remote: String,
    /// The branch to follow (default: the default branch of the remote)
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Report only what this role waits for: claims for an adversary; reviews, vetoes, liftings and
    /// failed looks for a builder; and the role's inbox
    #[arg(long = "as", value_enum, value_name = "ROLE")]
    role: Option<ReaderName>,
    /// Run this shell line for each hand-off and message, with GATEPROOF_ACT, _PHASE, _GATE,
    /// _COMMIT, _VERDICT, _RECORD and _INBOX in its environment, and the first five as $1 to $5
    #[arg(long, value_name = "COMMAND")]
    exec: Option<String>,
    /// How long that command may take
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = humantime::parse_duration)]
    exec_timeout: Duration,
    /// Ask the upstream once, and end
    #[arg(long)]
    once: bool,
    /// How long to wait before the upstream is asked again, at most 10 minutes
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    every: Duration,
    /// A folder with inboxes, besides the top folder, machine-docs/ and those of the claim files
    #[arg(long, value_name = "DIR")]
    docs: Vec<String>,
    /// Where to remember what was reported (default: in the clone's git folder)
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Report everything after this revision of the clone
    #[arg(long, value_name = "REV")]
    from: Option<String>,
}

pub(crate) async fn watch(options: WatchOptions) -> anyhow::Result<ExitCode> {
    if options.every > LONGEST_WAIT || options.every < Duration::from_millis(100) {
        let why = "--every must be between 100ms and 10m; watchdogs take a loop that is silent for longer for dead";
        return Ok(refuse(codes::COMMAND_LINE, why));
    }
    let Some(root) = repository_here().await? else {
        return Ok(refuse(
            codes::COMMAND_LINE,
            "the current folder is not in a git repository with a commit; run it in a clone",
        ));
    };
    let state = match &options.state {
        Some(path) => std::path::absolute(path).context("find the state")?,
        None => git_folder(&root).await?.join("gateproof/watch.json"),
    };
    let interrupt = Interrupt::listen().context("install the signal handlers")?;
    let _lock = WatchLock::take(&state)?;
    let mut follower = Follower::new(
        &root,
        &options.remote,
        options.branch.as_deref(),
        folders(&root, &options.docs),
        &state,
        Duration::from_secs(60),
    )?;
    if let Some(revision) = &options.from
        && let Err(error) = follower.begin_from(revision).await
    {
        return Ok(refuse(codes::COMMAND_LINE, &kit::error_chain(&error)));
    }
    let mut watcher = Watcher {
        host: Host::local(),
        follower,
        root,
        options,
        down: None,
        codes: vec![ExitCode::Success],
    };
    let ended = tokio::select! {
        ended = watcher.watch() => ended,
        name = interrupt.wait() => {
            print(&format!("stopped by {name}"));
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
    options: WatchOptions,
    /// Why the upstream did not answer the last time.
    down: Option<String>,
    codes: Vec<ExitCode>,
}

impl Watcher {
    async fn watch(&mut self) -> anyhow::Result<()> {
        loop {
            let answered = self.poll().await?;
            if self.options.once {
                if !answered {
                    self.codes.push(ExitCode::CouldNotCheck);
                }
                return Ok(());
            }
            // One poll that went wrong does not decide how a watch ends that goes on.
            self.codes = vec![ExitCode::Success];
            let until = Utc::now() + self.options.every;
            terminal::out(&format!("WAITING-UNTIL: {}\n", time(until)));
            tokio::time::sleep(self.options.every).await;
        }
    }

    /// Asks the upstream once and reports what is new; whether it answered.
    async fn poll(&mut self) -> anyhow::Result<bool> {
        let (first, events, tip) = match self.follower.poll().await? {
            Poll::Down(why) => {
                if self.down.as_ref() != Some(&why) {
                    print(&format!(
                        "{} does not answer; going on: {why}",
                        self.options.remote
                    ));
                }
                self.down = Some(why);
                return Ok(false);
            }
            Poll::Up { first, events, tip } => (first, events, tip),
        };
        if self.down.take().is_some() {
            print(&format!("{} answers again", self.options.remote));
        }
        if let Some(first) = first {
            print(&format!(
                "following {} from {first} on, with what waits there now; `--from REV` reports what came before",
                self.options.remote
            ));
        }
        let mut commit: Option<String> = None;
        for (of, event) in events {
            if commit != of
                && let Some(done) = std::mem::replace(&mut commit, of)
            {
                self.follower.reported_commit(&done)?;
            }
            self.report(&event).await?;
            self.follower.reported(&event)?;
        }
        self.follower.done(&tip)?;
        Ok(true)
    }

    /// Reports one thing, and runs the user's command for it.
    async fn report(&mut self, seen: &WatchEvent) -> anyhow::Result<()> {
        let values = match seen {
            WatchEvent::Note(note) => {
                print(&format!("note: {note}"));
                return Ok(());
            }
            WatchEvent::HandOff(hand_off) => {
                let wakes = match self.options.role {
                    None => true,
                    Some(ReaderName::Adversary) => !hand_off.wakes_builder(),
                    Some(ReaderName::Builder) => hand_off.wakes_builder(),
                };
                if !wakes {
                    return Ok(());
                }
                let verdict = hand_off.verdict.unwrap_or_default();
                let shown_verdict = if verdict.is_empty() {
                    String::new()
                } else {
                    format!(", {verdict}")
                };
                let gate = match hand_off.gate.as_str() {
                    "" => String::new(),
                    gate => format!(" {gate}"),
                };
                print(&format!(
                    "hand-off: {} of {}{gate} at {}{shown_verdict} ({})",
                    hand_off.act_name(),
                    hand_off.phase,
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
                    .options
                    .role
                    .is_some_and(|role| !belongs_to(name, role.into()))
                {
                    return Ok(());
                }
                print(&format!("inbox: a message lies in {path} (at {commit})"));
                ["inbox", "", "", commit, "", "", path]
            }
        };
        let values = values.map(str::to_owned);
        if let Some(line) = self.options.exec.clone() {
            self.run(&line, &values).await;
        }
        Ok(())
    }

    /// Runs the user's line. Values reach it as arguments and environment, never as shell text.
    async fn run(&mut self, line: &str, values: &[String; 7]) {
        let names = [
            "ACT", "PHASE", "GATE", "COMMIT", "VERDICT", "RECORD", "INBOX",
        ];
        let mut args: Vec<String> = ["/bin/sh", "-c", line, "gateproof-watch"]
            .map(str::to_owned)
            .to_vec();
        args.extend(values[..5].iter().cloned());
        let invocation = Invocation {
            script: Script::Argv(args),
            params: Vec::new(),
            env: names
                .iter()
                .zip(values)
                .map(|(name, value)| (format!("GATEPROOF_{name}"), value.clone()))
                .collect(),
            cwd: Some(self.root.to_string_lossy().into_owned()),
            stdin: None,
            deadline: self.options.exec_timeout,
            output_limit: OUTPUT_LIMIT,
            // The command may start something that goes on.
            leftovers: Leftovers::Keep,
            queued: false,
        };
        match self.host.run(&invocation).await {
            Ok(output) => {
                for stream in [&output.stdout, &output.stderr] {
                    for line in stream.text().lines() {
                        terminal::out(&format!("  | {}\n", shown(line)));
                    }
                }
                if output.ending != Ending::Exited(0) {
                    print(&format!("the command of --exec failed: {}", output.ending));
                    self.codes.push(ExitCode::Failed);
                }
            }
            Err(fault) => {
                print(&format!("the command of --exec did not end well: {fault}"));
                self.codes.push(ExitCode::CouldNotCheck);
            }
        }
    }
}

/// Prints one line with its time, in which nothing reads as a decision.
fn print(text: &str) {
    terminal::out(&format!("{} {}\n", time(Utc::now()), shown(text)));
}

fn shown(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { '␦' } else { c })
        .collect();
    neutralise(&line).into_owned()
}

async fn git_folder(root: &Path) -> anyhow::Result<PathBuf> {
    let folder = git::ask(root, &["rev-parse", "--absolute-git-dir"]).await?;
    Ok(PathBuf::from(folder))
}
