//! The write-ahead journal of one app: what a run intends, and how far it has come.
//!
//! One file per run, replaced as a whole at every transition: the new text is written beside
//! it, synced, renamed over it, and the folder is synced, before the act it announces begins. So
//! a torn write can only ever be a temporary file that nobody reads. (Appending to a file was
//! the other choice: a record that was cut off there must be told from one that was damaged
//! later, and at a line's end the two look the same.) The first line carries the format and the
//! SHA-256 of all that follows: whatever bytes are cut off or changed, the file is refused, and
//! never read as an earlier state. A run has some twenty records, so that replacing is cheap.
//!
//! ```text
//! {"journal":1,"sha256":"…"}
//! {"run_id":…,"app":…,"from":…,"to":…}          the plan
//! {"seq":0,"at":…,"state":"planned",…}          the records
//! ```
//!
//! When the disk is full the reserve, a file of [`RESERVE`] bytes made at the start, is given
//! up, so that a run that began can always be ended.
//!
//! The journal is stored until the next run begins. Its notes went through the redactor.

mod error;
mod form;
mod state;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use kit::redact::Redacted;

use crate::spec::Release;
use crate::state::file;
use crate::state::layout::AppPaths;
use crate::state::owner::Owner;

pub use error::JournalError;
use form::{damaged, decode, encode};
pub use state::{Direction, Event, Refused, State, next};

/// The format of the file that this version writes, and the only one it reads.
pub const FORMAT: u32 = 1;

/// The size of the reserve, in bytes.
pub const RESERVE: u64 = 128 * 1024;

/// What kind of run it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// From one version to a newer one.
    Upgrade,
    /// The same version again, because it does not answer.
    Redeploy,
    First,
    /// Back to last-good, asked for by hand.
    Rollback,
    /// The same once more, after a rollback that failed.
    Again,
}

/// How many tries are left in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tries {
    /// Towards the new version.
    pub forward: u32,
    pub back: u32,
}

/// What a run intends. Written first, and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub run_id: String,
    pub app: String,
    /// The kind of run.
    pub kind: Kind,
    /// When it was decided: a responder that started earlier is not what was deployed.
    pub at: DateTime<Utc>,
    /// What runs now, and is gone back to.
    pub from: Option<Release>,
    /// What is to run.
    pub to: Release,
    /// Whether the volumes are snapshotted and restored.
    pub stateful: bool,
    /// The tries that the run begins with.
    pub tries: Tries,
    /// Of a stateful app: the volumes that were its own when the run began. Written down, because
    /// the services that name them are gone while the snapshot is taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<String>,
    /// The id of the snapshot that going back restores; without it that is the one which this
    /// run itself takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
}

/// One record: a state that was entered, or a try that was begun in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Counted from 0 without gaps.
    pub seq: u64,
    /// When it was written, UTC.
    pub at: DateTime<Utc>,
    /// The state from here on.
    pub state: State,
    /// What led to it; `None` for the plan itself and for the begin of a try.
    pub event: Option<Event>,
    /// The tries that are left; those that are under way are already taken off.
    pub tries: Tries,
    /// The absolute end of waiting in this state (UTC); it stands across restarts.
    pub until: Option<DateTime<Utc>>,
    /// Words for the reader.
    pub note: Option<String>,
    /// The process that wrote it.
    pub owner: Owner,
}

/// What goes with a transition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The absolute end of waiting in the new state (UTC).
    pub until: Option<DateTime<Utc>>,
    pub note: Option<Redacted<String>>,
}

/// What is there when a run wants to begin.
#[derive(Debug)]
pub enum JournalState {
    /// No run was ever recorded.
    Absent,
    /// The last run came to its end.
    Ended(Journal),
    /// The last run did not: it must be resumed before anything else.
    Unfinished(Journal),
}

/// The journal of a run. Whoever has one must hold the app's lock.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    reserve: PathBuf,
    plan: Plan,
    records: Vec<Record>,
    /// The direction in which this process has a counted try.
    trying: Option<Direction>,
}

impl Journal {
    /// Reads what the last run left.
    ///
    /// # Errors
    /// [`JournalError::File`], [`JournalError::Damaged`] and [`JournalError::Format`].
    pub fn open(paths: &AppPaths) -> Result<JournalState, JournalError> {
        let path = paths.journal();
        let Some(bytes) = file::read_bytes(&path)? else {
            return Ok(JournalState::Absent);
        };
        let (plan, records) = decode(&bytes, &path)?;
        if plan.app != paths.app() {
            return Err(damaged(&path, format!("it is of app `{}`", plan.app)));
        }
        let journal = Journal {
            path,
            reserve: paths.reserve(),
            plan,
            records,
            trying: None,
        };
        Ok(if journal.state().is_end() {
            JournalState::Ended(journal)
        } else {
            JournalState::Unfinished(journal)
        })
    }

    /// Begins a run: the plan is on the disk when this returns, and nothing may be touched
    /// before. The journal of the last, ended run is replaced.
    ///
    /// # Errors
    /// [`JournalError::Unfinished`] when there is one to resume; the errors of
    /// [`Journal::open`], and of writing, also when there is no space for the reserve.
    pub fn begin(paths: &AppPaths, plan: Plan) -> Result<Journal, JournalError> {
        if plan.app != paths.app() {
            return Err(JournalError::OtherApp {
                plan: plan.app,
                paths: paths.app().to_owned(),
            });
        }
        if let JournalState::Unfinished(other) = Journal::open(paths)? {
            return Err(JournalError::Unfinished {
                run_id: other.plan.run_id.clone(),
                state: other.state(),
            });
        }
        let first = Record {
            seq: 0,
            at: plan.at,
            state: State::Planned,
            event: None,
            tries: plan.tries,
            until: None,
            note: None,
            owner: Owner::me().map_err(JournalError::Owner)?,
        };
        let journal = Journal {
            path: paths.journal(),
            reserve: paths.reserve(),
            plan,
            records: vec![first],
            trying: None,
        };
        file::write_bytes(&journal.reserve, &vec![0; RESERVE as usize])?;
        file::write_bytes(&journal.path, &encode(&journal.plan, &journal.records))?;
        Ok(journal)
    }

    /// What the run intends.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// All records, oldest first; never empty.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    pub fn state(&self) -> State {
        self.last().state
    }

    /// The absolute end of waiting in this state (UTC).
    pub fn until(&self) -> Option<DateTime<Utc>> {
        self.last().until
    }

    /// The tries that are left.
    pub fn tries(&self) -> Tries {
        self.last().tries
    }

    /// Whether the new version may ever have been started, so that its data is suspect.
    pub fn may_have_deployed(&self) -> bool {
        self.reached(State::Deploying)
    }

    /// Whether the run ever came into a state.
    pub fn reached(&self, state: State) -> bool {
        self.records.iter().any(|record| record.state == state)
    }

    /// Whether going forward takes the app down and snapshots its data first. Without anything
    /// to go back to there is nothing that a snapshot would belong to.
    pub fn keeps_data(&self) -> bool {
        self.plan.stateful && self.plan.kind == Kind::Upgrade && self.plan.from.is_some()
    }

    /// Whether going back has to restore a snapshot. Before the new code ran there may be none
    /// yet, and the data is still the old code's; the same version again changes no data.
    pub fn needs_restore(&self) -> bool {
        match self.plan.kind {
            Kind::Upgrade => self.keeps_data() && self.may_have_deployed(),
            Kind::Rollback | Kind::Again => self.plan.snapshot.is_some(),
            Kind::Redeploy | Kind::First => false,
        }
    }

    /// Counts a try in the present direction, on the disk, before it is made. To be called once
    /// by a process before its first act, whether the run is new or resumed.
    ///
    /// # Errors
    /// [`JournalError::NoTriesLeft`] when it must be given up; nothing is written then.
    pub fn start_try(&mut self, now: DateTime<Utc>) -> Result<(), JournalError> {
        let state = self.state();
        let direction = state
            .direction()
            .ok_or(JournalError::NoTriesLeft { state })?;
        let tries = take_try(self.tries(), direction).ok_or(JournalError::NoTriesLeft { state })?;
        let until = self.until();
        self.append(now, state, None, tries, Step { until, note: None })?;
        self.trying = Some(direction);
        Ok(())
    }

    /// Gives back the try that this process counted: nothing could be decided, and that was not
    /// the version's fault. The end of waiting goes with it, so that the next try has its whole
    /// time. Without a counted try nothing happens.
    ///
    /// # Errors
    /// Those of writing.
    pub fn give_back(&mut self, now: DateTime<Utc>) -> Result<(), JournalError> {
        let mut tries = self.tries();
        match self.trying {
            None => return Ok(()),
            Some(Direction::Forward) => tries.forward += 1,
            Some(Direction::Back) => tries.back += 1,
        }
        let step = Step {
            until: None,
            note: Some(Redacted::own("undecided: the try is given back").to_text()),
        };
        self.append(now, self.state(), None, tries, step)?;
        self.trying = None;
        Ok(())
    }

    /// Enters the next state; it is on the disk when this returns, and only then may be done
    /// what belongs to it. Turning back counts a try back in the same write; when none is left,
    /// [`Journal::start_try`] says so.
    ///
    /// # Errors
    /// [`JournalError::Refused`], [`JournalError::NotTried`], and those of writing: the state is
    /// then as it was, on the disk and here.
    pub fn advance(
        &mut self,
        event: Event,
        step: Step,
        now: DateTime<Utc>,
    ) -> Result<State, JournalError> {
        let state = self.state();
        let to = next(state, event)?;
        if event.is_progress() && self.trying != state.direction() {
            return Err(JournalError::NotTried { state, event });
        }
        let turns = to.direction() == Some(Direction::Back)
            && state.direction() == Some(Direction::Forward);
        let back = turns
            .then(|| take_try(self.tries(), Direction::Back))
            .flatten();
        self.append(now, to, Some(event), back.unwrap_or(self.tries()), step)?;
        if turns {
            self.trying = back.map(|_| Direction::Back);
        }
        if to.is_end() {
            // It only takes space; the next run makes it again.
            let _ = fs::remove_file(&self.reserve);
        }
        Ok(to)
    }

    fn last(&self) -> &Record {
        self.records
            .last()
            .expect("a journal is made with its first record")
    }

    fn append(
        &mut self,
        at: DateTime<Utc>,
        state: State,
        event: Option<Event>,
        tries: Tries,
        step: Step,
    ) -> Result<(), JournalError> {
        let record = Record {
            seq: self.last().seq + 1,
            at,
            state,
            event,
            tries,
            until: step.until,
            note: step.note.map(Redacted::into_inner),
            owner: Owner::me().map_err(JournalError::Owner)?,
        };
        self.records.push(record);
        let written = self.write();
        if written.is_err() {
            self.records.pop();
        }
        written
    }

    /// Writes all of it; on a full disk the reserve is given up for that.
    fn write(&self) -> Result<(), JournalError> {
        let bytes = encode(&self.plan, &self.records);
        match file::write_bytes(&self.path, &bytes) {
            Err(error) if error.is_disk_full() && fs::remove_file(&self.reserve).is_ok() => {
                Ok(file::write_bytes(&self.path, &bytes)?)
            }
            other => Ok(other?),
        }
    }
}

fn take_try(tries: Tries, direction: Direction) -> Option<Tries> {
    let Tries { forward, back } = tries;
    Some(match direction {
        Direction::Forward => Tries {
            forward: forward.checked_sub(1)?,
            back,
        },
        Direction::Back => Tries {
            forward,
            back: back.checked_sub(1)?,
        },
    })
}
