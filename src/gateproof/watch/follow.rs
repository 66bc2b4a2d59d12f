//! Follows the upstream: fetches, and finds what is new by commit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::counting::{Standing, UpstreamRecords};
use super::handoff::{UpstreamCommit, WatchEvent, events_of, gates_of, key};
use super::inbox;
use super::state::{WatchState, WatchStateError};
use super::upstream::UpstreamBranch;
use crate::record::{RunRecord, StoredRecord};
use crate::run::without_credentials;
use kit::git;
use reach::host::{BoxFuture, Fault};

/// Why a watcher cannot go on.
#[derive(Debug, Error)]
pub enum WatchError {
    /// Its state cannot be read or written.
    #[error(transparent)]
    WatchState(#[from] WatchStateError),
    /// The clone cannot be read.
    #[error("the clone cannot be read: {0}")]
    Clone(Fault),
    /// The revision to begin from is not there.
    #[error("--from {revision}: {why}")]
    From { revision: String, why: String },
}

/// The result of one poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poll {
    /// The upstream did not answer; the next poll may reach it.
    Down(String),
    /// It answered. `first` is the commit from which on it is followed, when this was the first poll.
    Up {
        /// The commit that following begins with.
        first: Option<String>,
        /// What is new, each with the commit that it came with.
        events: Vec<(Option<String>, WatchEvent)>,
        /// The upstream's commit.
        tip: String,
    },
}

/// Follows a branch of an upstream.
#[derive(Debug)]
pub struct Follower {
    upstream: UpstreamBranch,
    folders: Vec<String>,
    state_path: PathBuf,
    state: WatchState,
    /// What was there when following began: the keys of its hand-offs.
    before: Vec<String>,
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
            upstream: UpstreamBranch {
                root: root.to_owned(),
                remote: remote.to_owned(),
                branch: branch.map(str::to_owned),
                patience,
            },
            folders,
            state_path: state_path.to_owned(),
            state: WatchState::read(state_path)?,
            before: Vec::new(),
        })
    }

    /// Begins from a revision of the clone in place of where it was: everything after it is reported.
    ///
    /// # Errors
    /// When there is no such revision.
    pub async fn begin_from(&mut self, revision: &str) -> Result<(), WatchError> {
        let commit = git::commit(&self.upstream.root, revision)
            .await
            .map_err(|fault| WatchError::From {
                revision: revision.to_owned(),
                why: fault.to_string(),
            })?;
        self.state = WatchState {
            tip: Some(commit),
            ..WatchState::default()
        };
        Ok(())
    }

    /// Asks the upstream once. What it finds is returned again by the next poll, until
    /// [`Follower::reported`] and [`Follower::done`] are called for it.
    ///
    /// # Errors
    /// When the clone cannot be read; an upstream that is down is not an error.
    pub fn poll(&mut self) -> BoxFuture<'_, Result<Poll, WatchError>> {
        Box::pin(self.poll_here())
    }

    async fn poll_here(&mut self) -> Result<Poll, WatchError> {
        let (branch, tip) = match self.upstream.tip().await {
            Ok(answer) => answer,
            Err(fault) => return Ok(down(&fault)),
        };
        if let Err(fault) = self.upstream.fetch(&branch, &tip).await {
            return Ok(down(&fault));
        }
        let follows = format!("{}/{branch}", self.upstream.remote);
        let mut events = Vec::new();
        if !self.state.follows.is_empty() && self.state.follows != follows {
            events.push((
                None,
                WatchEvent::Note(format!(
                    "followed {} before, and follows {follows} from now on",
                    self.state.follows
                )),
            ));
            self.state = WatchState::default();
        }
        self.state.follows = follows;
        let first = self.state.tip.is_none().then(|| tip.clone());
        match self.state.tip.clone() {
            None => events.extend(self.waiting(&tip).await?),
            Some(old) if old == tip => {}
            Some(old) => events.extend(self.commits(&old, &tip).await?),
        }
        events.extend(self.messages(&tip).await?);
        Ok(Poll::Up { first, events, tip })
    }

    /// Remembers that an event was reported.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub fn reported(&mut self, event: &WatchEvent) -> Result<(), WatchError> {
        match event {
            WatchEvent::HandOff(hand_off) => self.state.remember(&hand_off.key()),
            WatchEvent::Message { path, blob, .. } => {
                self.state.messages.insert(path.clone(), blob.clone());
            }
            WatchEvent::Note(_) => return Ok(()),
        }
        Ok(self.state.write(&self.state_path)?)
    }

    /// Remembers that everything of a commit was reported.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub fn reported_commit(&mut self, sha: &str) -> Result<(), WatchError> {
        self.state.reported.push(sha.to_owned());
        Ok(self.state.write(&self.state_path)?)
    }

    /// Remembers that everything up to a commit was reported.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub fn done(&mut self, tip: &str) -> Result<(), WatchError> {
        let before = self.state.clone();
        self.state.tip = Some(tip.to_owned());
        self.state.reported.clear();
        for key in self.before.drain(..) {
            self.state.remember(&key);
        }
        if self.state == before {
            return Ok(());
        }
        Ok(self.state.write(&self.state_path)?)
    }

    /// What the commits between two tips of the branch bring.
    async fn commits(
        &self,
        old: &str,
        tip: &str,
    ) -> Result<Vec<(Option<String>, WatchEvent)>, WatchError> {
        let mut events = Vec::new();
        let root = &self.upstream.root;
        if !git::has(root, &format!("{old}^{{commit}}")).await {
            let note = format!(
                "history was rewritten: {old} is gone, so nobody can say what is new up to {tip}; following from there"
            );
            return Ok(vec![(None, WatchEvent::Note(note))]);
        }
        if !git::is_ancestor(root, old, tip).await {
            let note = format!(
                "history was rewritten (a forced push): {old} is no longer part of the branch, which is at {tip}"
            );
            events.push((None, WatchEvent::Note(note)));
        }
        let range = format!("{old}..{tip}");
        let args = [
            "rev-list",
            "--reverse",
            "--topo-order",
            "--no-commit-header",
            "--format=%H %s",
            &range,
        ];
        let listed = git::ask(root, &args)
            .await
            .map_err(|error| WatchError::Clone(error.into()))?;
        let mut known = self.state.runs.clone();
        let mut upstream: Option<UpstreamRecords> = None;
        for line in listed.lines() {
            let (sha, subject) = line.split_once(' ').unwrap_or((line, ""));
            if self.state.reported.iter().any(|known| known == sha) {
                continue;
            }
            let commit = UpstreamCommit {
                sha: sha.to_owned(),
                subject: subject.to_owned(),
                records: self
                    .upstream
                    .records(sha, tip)
                    .await
                    .map_err(WatchError::Clone)?,
            };
            if upstream.is_none() && !commit.records.is_empty() {
                let read = UpstreamRecords::read(&self.upstream, tip).await;
                upstream = Some(read.map_err(WatchError::Clone)?);
            }
            let standing = |path: &str, record: &RunRecord, gate: &str| match &upstream {
                Some(records) => records.standing(path, record, gate),
                None => Standing::Refused("the upstream's records were not read".to_owned()),
            };
            for found in events_of(&commit, &known, &standing) {
                if let WatchEvent::HandOff(hand_off) = &found {
                    known.push(hand_off.key());
                }
                events.push((Some(sha.to_owned()), found));
            }
        }
        Ok(events)
    }

    /// What waits on the upstream when it is followed for the first time, by the commits that
    /// brought it and by the rules for every commit.
    async fn waiting(
        &mut self,
        tip: &str,
    ) -> Result<Vec<(Option<String>, WatchEvent)>, WatchError> {
        let read = UpstreamRecords::read(&self.upstream, tip).await;
        let records = read.map_err(WatchError::Clone)?;
        let standing =
            |path: &str, record: &RunRecord, gate: &str| records.standing(path, record, gate);
        let mut events = Vec::new();
        for waiting in records.waiting() {
            let commit = self.bringing(tip, waiting.stored).await?;
            let found = events_of(&commit, &self.state.runs, &standing).into_iter();
            // The record may be about other gates, which nobody waits for.
            let found = found.filter(|event| match event {
                WatchEvent::HandOff(hand_off) => hand_off.gate == waiting.gate,
                _ => true,
            });
            events.extend(found.map(|event| (None, event)));
        }
        events.dedup();
        // A rewritten history brings them again, and none of them is new then.
        self.before = records
            .records()
            .flat_map(|record| {
                let gates = gates_of(record).into_iter();
                gates.map(|gate| key(&record.run_id, &gate))
            })
            .collect();
        Ok(events)
    }

    /// The commit that brought a record, with nothing but that record.
    async fn bringing(
        &self,
        tip: &str,
        stored: &StoredRecord,
    ) -> Result<UpstreamCommit, WatchError> {
        let path = stored.path.to_string_lossy().into_owned();
        let pathspec = format!(":(top,literal){path}");
        let args = [
            "log",
            "-1",
            "--no-show-signature",
            "--diff-filter=A",
            "--no-renames",
            "--format=%H %s",
            tip,
            "--",
            &pathspec,
        ];
        let told = git::ask(&self.upstream.root, &args).await;
        let told = told.map_err(|error| WatchError::Clone(error.into()))?;
        let (sha, subject) = told.split_once(' ').unwrap_or((&told, ""));
        Ok(UpstreamCommit {
            sha: sha.to_owned(),
            subject: subject.to_owned(),
            records: vec![(path, Ok(Box::new(stored.record.clone())))],
        })
    }

    /// The messages that lie in inboxes and were not reported.
    async fn messages(
        &mut self,
        tip: &str,
    ) -> Result<Vec<(Option<String>, WatchEvent)>, WatchError> {
        let files = self.upstream.files(tip).await.map_err(WatchError::Clone)?;
        let now: BTreeMap<String, String> = files
            .into_iter()
            .filter(|(path, _)| inbox::is_inbox(path, &self.folders))
            .collect();
        // One that was read is gone; the next one at its place is new, also with the same text.
        self.state.messages.retain(|path, _| now.contains_key(path));
        Ok(now
            .into_iter()
            .filter(|(path, blob)| self.state.messages.get(path) != Some(blob))
            .map(|(path, blob)| {
                let commit = tip.to_owned();
                (None, WatchEvent::Message { path, blob, commit })
            })
            .collect())
    }
}

fn down(fault: &Fault) -> Poll {
    Poll::Down(without_credentials(&fault.to_string()))
}
