//! Follows the upstream: fetches, and finds what is new by commit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::handoff::{Commit, Seen, seen_in};
use super::inbox;
use super::state::{State, StateError};
use crate::record::{RunRecord, SCHEMA};
use crate::run::{ask_remote, default_branch, without_credentials};
use kit::git;
use reach::host::Fault;

/// The largest record that is read, in bytes.
const RECORD_BYTES: u64 = 32 * 1024 * 1024;

/// Why a watcher cannot go on.
#[derive(Debug, Error)]
pub enum WatchError {
    /// Its state cannot be read or kept.
    #[error(transparent)]
    State(#[from] StateError),
    /// The clone cannot be read.
    #[error("the clone cannot be read: {0}")]
    Clone(Fault),
    /// The revision to begin from is not there.
    #[error("--from {revision}: {why}")]
    From {
        /// The revision.
        revision: String,
        /// What git says.
        why: String,
    },
}

/// What one look showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poll {
    /// The upstream did not answer; the next look may find it.
    Down(String),
    /// It answered. `first` is the commit from which on it is followed, when this was the first look.
    Up {
        /// The commit that following begins with.
        first: Option<String>,
        /// What is new, each with the commit that it came with.
        seen: Vec<(Option<String>, Seen)>,
        /// The upstream's commit.
        tip: String,
    },
}

/// Follows a branch of an upstream.
#[derive(Debug)]
pub struct Follower {
    root: PathBuf,
    remote: String,
    branch: Option<String>,
    folders: Vec<String>,
    state_path: PathBuf,
    state: State,
    patience: Duration,
}

impl Follower {
    /// A follower for the clone at `root`. Without `branch` it is the upstream's default; `folders`
    /// are where inboxes lie, relative to the repository; `patience` is how long the remote may
    /// take for one answer.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn new(
        root: &Path,
        remote: &str,
        branch: Option<&str>,
        folders: Vec<String>,
        state_path: &Path,
        patience: Duration,
    ) -> Result<Follower, WatchError> {
        Ok(Follower {
            root: root.to_owned(),
            remote: remote.to_owned(),
            branch: branch.map(str::to_owned),
            folders,
            state_path: state_path.to_owned(),
            state: State::read(state_path)?,
            patience,
        })
    }

    /// Begins from a revision of the clone in place of where it was: everything after it is told.
    ///
    /// # Errors
    /// When there is no such revision.
    pub async fn begin_from(&mut self, revision: &str) -> Result<(), WatchError> {
        let wanted = format!("{revision}^{{commit}}");
        let commit = git::ask(&self.root, &["rev-parse", "--verify", &wanted])
            .await
            .map_err(|fault| WatchError::From {
                revision: revision.to_owned(),
                why: fault.to_string(),
            })?;
        self.state = State {
            tip: Some(commit),
            ..State::default()
        };
        Ok(())
    }

    /// Looks once. What it finds is told again by the next look, until [`Follower::told`] and
    /// [`Follower::done`] say that it was.
    ///
    /// # Errors
    /// When the clone cannot be read; an upstream that is down is no error.
    pub async fn poll(&mut self) -> Result<Poll, WatchError> {
        let (branch, tip) = match self.ask().await {
            Ok(answer) => answer,
            Err(fault) => return Ok(down(&fault)),
        };
        if let Err(fault) = self.fetch(&branch, &tip).await {
            return Ok(down(&fault));
        }
        let follows = format!("{}/{branch}", self.remote);
        let mut seen = Vec::new();
        if !self.state.follows.is_empty() && self.state.follows != follows {
            seen.push((
                None,
                Seen::Note(format!(
                    "followed {} before, and follows {follows} from now on",
                    self.state.follows
                )),
            ));
            self.state = State::default();
        }
        self.state.follows = follows;
        let first = self.state.tip.is_none().then(|| tip.clone());
        match self.state.tip.clone() {
            None => {}
            Some(old) if old == tip => {}
            Some(old) => seen.extend(self.commits(&old, &tip).await?),
        }
        seen.extend(self.messages(&tip).await?);
        Ok(Poll::Up { first, seen, tip })
    }

    /// Remembers that something was told.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub fn told(&mut self, seen: &Seen) -> Result<(), WatchError> {
        match seen {
            Seen::HandOff(hand_off) => self.state.remember(&hand_off.key()),
            Seen::Message { path, blob, .. } => {
                self.state.messages.insert(path.clone(), blob.clone());
            }
            Seen::Note(_) => return Ok(()),
        }
        Ok(self.state.write(&self.state_path)?)
    }

    /// Remembers that everything of a commit was told.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub fn told_commit(&mut self, sha: &str) -> Result<(), WatchError> {
        self.state.told.push(sha.to_owned());
        Ok(self.state.write(&self.state_path)?)
    }

    /// Remembers that everything up to a commit was told.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub fn done(&mut self, tip: &str) -> Result<(), WatchError> {
        let before = self.state.clone();
        self.state.tip = Some(tip.to_owned());
        self.state.told.clear();
        if self.state == before {
            return Ok(());
        }
        Ok(self.state.write(&self.state_path)?)
    }

    /// The branch that is followed, and its tip now.
    async fn ask(&self) -> Result<(String, String), Fault> {
        let wanted = match &self.branch {
            Some(branch) => format!("refs/heads/{branch}"),
            None => "HEAD".to_owned(),
        };
        let words = ["ls-remote", "--quiet", "--symref", &self.remote, &wanted];
        let listed = ask_remote(&self.root, &words, self.patience).await?;
        let branch = self
            .branch
            .clone()
            .or_else(|| listed.lines().find_map(default_branch));
        let Some(branch) = branch else {
            let why = "it names no default branch; say `--branch NAME`";
            return Err(Fault::Other(why.to_owned()));
        };
        let tip = listed
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .find(|(object, name)| *name == wanted && !object.starts_with("ref: "))
            .map(|(object, _)| object.to_owned());
        match tip {
            Some(tip) => Ok((branch, tip)),
            None => Err(Fault::Other(format!("it has no branch `{branch}`"))),
        }
    }

    /// Fetches the branch to a name of our own, unless its tip is there already: neither a branch of
    /// the clone nor what its user has fetched changes.
    async fn fetch(&self, branch: &str, tip: &str) -> Result<(), Fault> {
        let own = format!("refs/gateproof/watch/{}/{branch}", self.remote);
        let here = git::ask(&self.root, &["rev-parse", "--verify", "--quiet", &own]).await;
        if here.is_ok_and(|here| here == tip) {
            return Ok(());
        }
        let spec = format!("+refs/heads/{branch}:{own}");
        let words = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--refmap=",
            &self.remote,
            &spec,
        ];
        ask_remote(&self.root, &words, self.patience).await?;
        // It may have been forced elsewhere in between: then the next look finds the newer one.
        let there = format!("{tip}^{{commit}}");
        git::ask(&self.root, &["cat-file", "-e", &there]).await?;
        Ok(())
    }

    /// What the commits between two tips of the branch bring.
    async fn commits(
        &self,
        old: &str,
        tip: &str,
    ) -> Result<Vec<(Option<String>, Seen)>, WatchError> {
        let mut seen = Vec::new();
        let here = git::ask(
            &self.root,
            &["cat-file", "-e", &format!("{old}^{{commit}}")],
        )
        .await;
        if here.is_err() {
            let note = format!(
                "history was rewritten: {old} is gone, so nobody can say what is new up to {tip}; following from there"
            );
            return Ok(vec![(None, Seen::Note(note))]);
        }
        let straight = git::ask(&self.root, &["merge-base", "--is-ancestor", old, tip]).await;
        if straight.is_err() {
            let note = format!(
                "history was rewritten (a forced push): {old} is no longer part of the branch, which is at {tip}"
            );
            seen.push((None, Seen::Note(note)));
        }
        let range = format!("{old}..{tip}");
        let words = [
            "rev-list",
            "--reverse",
            "--topo-order",
            "--no-commit-header",
            "--format=%H %s",
            &range,
        ];
        let listed = git::ask(&self.root, &words)
            .await
            .map_err(|error| WatchError::Clone(error.into()))?;
        let mut known = self.state.runs.clone();
        for line in listed.lines() {
            let (sha, subject) = line.split_once(' ').unwrap_or((line, ""));
            if self.state.told.iter().any(|told| told == sha) {
                continue;
            }
            let commit = Commit {
                sha: sha.to_owned(),
                subject: subject.to_owned(),
                records: self.records(sha, tip).await.map_err(WatchError::Clone)?,
            };
            for found in seen_in(&commit, &known) {
                if let Seen::HandOff(hand_off) = &found {
                    known.push(hand_off.key());
                }
                seen.push((Some(sha.to_owned()), found));
            }
        }
        Ok(seen)
    }

    /// The run records that a commit adds and that are still there at the tip. What a merge brings
    /// was brought by the commits that it merges.
    async fn records(
        &self,
        sha: &str,
        tip: &str,
    ) -> Result<Vec<(String, Result<Box<RunRecord>, String>)>, Fault> {
        let words = [
            "diff-tree",
            "--root",
            "-r",
            "--no-commit-id",
            "--name-only",
            "--no-renames",
            "--diff-filter=A",
            "-z",
            sha,
        ];
        let added = git::ask(&self.root, &words).await?;
        let mut records = Vec::new();
        for path in added.split('\0').filter(|path| is_record(path)) {
            let at_tip = git::ask(&self.root, &["cat-file", "-e", &format!("{tip}:{path}")]).await;
            let record = match at_tip {
                Err(_) => Err("it was taken back".to_owned()),
                Ok(_) => self.record(&format!("{sha}:{path}")).await?,
            };
            records.push((path.to_owned(), record));
        }
        Ok(records)
    }

    async fn record(&self, object: &str) -> Result<Result<Box<RunRecord>, String>, Fault> {
        let size = git::ask(&self.root, &["cat-file", "-s", object]).await?;
        if size.parse().unwrap_or(u64::MAX) > RECORD_BYTES {
            return Ok(Err(format!("{size} bytes are too many for a record")));
        }
        let text = git::ask(&self.root, &["cat-file", "blob", object]).await?;
        Ok(parse(&text))
    }

    /// The messages that lie in inboxes and were not told of.
    async fn messages(&mut self, tip: &str) -> Result<Vec<(Option<String>, Seen)>, WatchError> {
        let listed = git::ask(&self.root, &["ls-tree", "-r", "-z", tip])
            .await
            .map_err(|error| WatchError::Clone(error.into()))?;
        let mut now = BTreeMap::new();
        for entry in listed.split('\0') {
            let Some((head, path)) = entry.split_once('\t') else {
                continue;
            };
            let blob = head.split(' ').next_back().unwrap_or_default();
            if inbox::is_inbox(path, &self.folders) {
                now.insert(path.to_owned(), blob.to_owned());
            }
        }
        // One that was read is gone; the next one at its place is new, also with the same words.
        self.state.messages.retain(|path, _| now.contains_key(path));
        Ok(now
            .into_iter()
            .filter(|(path, blob)| self.state.messages.get(path) != Some(blob))
            .map(|(path, blob)| {
                let commit = tip.to_owned();
                (None, Seen::Message { path, blob, commit })
            })
            .collect())
    }
}

fn down(fault: &Fault) -> Poll {
    Poll::Down(without_credentials(&fault.to_string()))
}

/// `reports/runs/<phase>/<run>.json`, wherever the reports are.
fn is_record(path: &str) -> bool {
    path.ends_with(".json") && path.split('/').rev().skip(1).any(|part| part == "runs")
}

fn parse(text: &str) -> Result<Box<RunRecord>, String> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("not a run record: {error}"))?;
    match value.get("schema").and_then(|schema| schema.as_str()) {
        Some(SCHEMA) => serde_json::from_value(value)
            .map(Box::new)
            .map_err(|error| format!("not a run record: {error}")),
        other => Err(format!(
            "not a run record of this version: its schema is `{}`",
            other.unwrap_or("(none)")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_lie_in_a_folder_named_runs() {
        assert!(is_record(
            "reports/runs/pxgate/20261121T174530Z-1f3a9c2e.json"
        ));
        assert!(is_record("runs/x.json"));
        assert!(!is_record("reports/runs.json"));
        assert!(!is_record("reports/runs/pxgate/x.md"));
        assert!(!is_record("checks/fixtures/documents/record.json"));
    }

    #[test]
    fn what_is_no_record_says_so() {
        assert!(parse("{").unwrap_err().contains("not a run record"));
        assert!(parse("{\"schema\":\"x\"}").unwrap_err().contains("`x`"));
        let sample = serde_json::to_string(&crate::report::sample::record()).unwrap();
        assert_eq!(*parse(&sample).unwrap(), crate::report::sample::record());
    }
}
