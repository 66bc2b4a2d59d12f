//! The judge: fed with timed samples it says what they prove. Pure: no clock, no network.
//!
//! # What counts
//!
//! A sample is a probe and the engine's facts right after it; the facts before it are those of
//! the sample before (or those the judge began with). It counts when the engine could be
//! trusted on both sides, the fence held on both sides with the same containers, the status is
//! one of those that count as health, the responder is the deployed thing, and the answer was
//! complete by the deadline. Anything else starts the row anew, and so does a responder whose
//! own start time changed.
//!
//! # The three verdicts
//!
//! - **Healthy**: so many counted samples in a row as asked for, the first and the last of them
//!   at least `steady` apart.
//! - **Unhealthy**: the deadline passed and there is real evidence against the app; or, before
//!   it, one of the certain things below.
//! - **Inconclusive**: the deadline passed, and the last sample was undecidable (engine
//!   unreachable or poisoned, the proxy itself in flux, our own fault), or the clock jumped, or
//!   nothing speaks against the app (we came too late to see enough). It never leads to a
//!   rollback.
//!
//! # Fail fast only where it is certain
//!
//! - The engine ended *its own* rollback of an update that began after our intent: what we
//!   deployed is not there any more and does not come back.
//! - A crash loop, under all of these at once: at least [`CRASHES`] different failed tasks seen,
//!   **each** ended by itself with the same non-zero status within [`QUICK`] of its start; no
//!   container of the current spec runs for longer than that; nothing ever counted; and half of
//!   the window is over. A migration that makes progress lives longer than [`QUICK`], and one
//!   such task, or one that the engine killed, forbids this rule for the whole gate. An app that
//!   crashes until its database is up has half the window for it.
//!
//! # Time
//!
//! The window is two absolute UTC times, which survive a restart of this program. At the start
//! they are turned into a monotonic deadline (never more than the whole window away); from then
//! on the monotonic clock decides, and the UTC clock only has to agree. When it differs by more
//! than [`JUMP`], it jumped (or the machine slept): a right answer is still a right answer, but
//! a passed deadline then proves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::evidence::Against;
use super::facts::{FactsSeen, FailedTask};
use super::identity::Wanted;
use super::weigh::{Doubt, Seen, Weight, weigh};
use crate::engine::UpdateState;

/// So many different failed tasks make a crash loop, under the module's other conditions.
pub const CRASHES: usize = 5;
/// A task that ended within this time of its start did not migrate anything.
pub const QUICK: Duration = Duration::from_secs(10);
/// Clocks that differ by more than this do not agree.
pub const JUMP: Duration = Duration::from_secs(2);

/// One moment on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Since some fixed moment of this process; never goes back.
    pub mono: Duration,
    /// The wall clock; may jump.
    pub utc: DateTime<Utc>,
}

/// The time a gate has, as absolute times: kept in the journal, the same after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// When the deploy was decided on.
    pub intent: DateTime<Utc>,
    /// Until when it has to be healthy.
    pub deadline: DateTime<Utc>,
}

impl Window {
    /// A window that begins with the intent.
    pub fn new(intent: DateTime<Utc>, length: Duration) -> Window {
        let length = TimeDelta::from_std(length).unwrap_or(TimeDelta::MAX);
        let deadline = intent.checked_add_signed(length);
        Window {
            intent,
            deadline: deadline.unwrap_or(DateTime::<Utc>::MAX_UTC),
        }
    }

    fn length(&self) -> Duration {
        let length = self.deadline - self.intent;
        length.to_std().unwrap_or_default()
    }
}

/// What has to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// The statuses that count as health.
    pub ok: Vec<u16>,
    /// Who has to answer.
    pub wanted: Wanted,
    /// So many in a row; 0 is taken as 1.
    pub successes: u32,
    /// The first and the last of them are at least so far apart.
    pub steady: Duration,
    /// The time there is.
    pub window: Window,
}

/// A probe and the engine's facts after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// When the probe had its answer, or none.
    pub answered: Moment,
    pub seen: Seen,
    /// The engine's facts, asked for after that.
    pub facts: FactsSeen,
}

/// What the samples so far prove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "why")]
pub enum Verdict {
    Waiting,
    /// The deployed thing is healthy. Final.
    Healthy,
    /// The deployed thing is not healthy.
    Unhealthy(Unhealthy),
    /// It cannot be said.
    Inconclusive(Inconclusive),
}

/// Why it is unhealthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", rename_all_fields = "snake_case")]
pub enum Unhealthy {
    #[error("not healthy by the deadline; last seen against it: {0}")]
    Deadline(Against),
    /// The engine went back by itself.
    #[error("the engine itself rolled the update back")]
    EngineRolledBack,
    /// The engine went back by itself because of a lost node.
    #[error(
        "Swarm took the update back because its task was lost with its node, which says nothing about the app: the next run tries it again"
    )]
    NodeLost,
    /// The engine tries no further start, or stopped its update half done; in its words.
    #[error("it will not come by itself: {0}")]
    GivenUp(String),
    /// It crashes again and again.
    #[error("a crash loop: {failed} tasks in a row ended by themselves with status {exit}")]
    CrashLoop {
        /// How many different tasks.
        failed: usize,
        exit: i64,
    },
}

impl Unhealthy {
    /// Whether it speaks against the version itself.
    pub fn condemns(&self) -> bool {
        !matches!(self, Unhealthy::NodeLost)
    }
}

/// Why it cannot be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", rename_all_fields = "snake_case")]
pub enum Inconclusive {
    /// The last sample was undecidable.
    #[error("{0}")]
    Doubt(Doubt),
    /// The wall clock and the monotonic clock do not agree.
    #[error("the clock jumped by {by_ms} ms")]
    ClockJumped {
        /// By how much, at its worst; negative: back.
        by_ms: i64,
    },
    /// Nothing was seen against the app, and not enough for it.
    #[error("the deadline passed before enough could be seen, and nothing speaks against the app")]
    NothingAgainst,
}

/// What the judge made of one sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// What it is worth.
    pub weight: Weight,
    /// How many are in the row now; 0 when this one does not count.
    pub row: u32,
    /// What all samples so far prove.
    pub verdict: Verdict,
}

/// The judge of one gate.
#[derive(Clone, Debug)]
pub struct Judge {
    rules: Rules,
    start: Moment,
    /// The deadline on the monotonic clock.
    ends: Duration,
    jumped: Option<i64>,
    before: FactsSeen,
    row: Row,
    anything_counted: bool,
    last_against: Option<Against>,
    last_doubt: Option<Doubt>,
    /// Tasks that had failed before we began: they say nothing about this gate.
    old_failures: BTreeSet<String>,
    failed: BTreeMap<String, FailedTask>,
    /// In so many looks in a row the engine had given up: one may fall between a task's end and
    /// the next one's making.
    given_up: u32,
    settled: Option<Verdict>,
}

/// Counted samples without a break.
#[derive(Clone, Debug, Default)]
struct Row {
    length: u32,
    began: Duration,
    started: Option<String>,
}

impl Judge {
    /// A judge who begins now, with the engine's facts as they are now.
    pub fn new(rules: Rules, now: Moment, facts: FactsSeen) -> Judge {
        let left = rules.window.deadline - now.utc;
        let whole = rules.window.length();
        let remaining = left.to_std().unwrap_or_default().min(whole);
        let known = facts.iter().flat_map(|facts| &facts.restarts);
        let mut judge = Judge {
            old_failures: known.map(|task| task.id.clone()).collect(),
            start: now,
            ends: now.mono + remaining,
            jumped: None,
            before: facts,
            row: Row::default(),
            anything_counted: false,
            last_against: None,
            last_doubt: None,
            failed: BTreeMap::new(),
            given_up: 0,
            settled: None,
            rules,
        };
        // Before the intent: the clock was set back between the intent and this start.
        let early = judge.rules.window.intent - now.utc;
        if early > tolerance() {
            judge.jumped = Some(-early.num_milliseconds());
        }
        judge
    }

    /// The deadline on the monotonic clock.
    pub fn ends(&self) -> Duration {
        self.ends
    }

    /// Takes one sample, and says what it is worth and what all of them prove.
    pub fn push(&mut self, sample: &Sample) -> Weighed {
        let now = sample.answered;
        self.watch_clock(now);
        let (ok, wanted) = (&self.rules.ok, &self.rules.wanted);
        let (seen, after) = (&sample.seen, &sample.facts);
        let weight = weigh(ok, wanted, &self.before, seen, after, now.utc);
        self.before = sample.facts.clone();
        self.last_doubt = None;
        match &weight {
            Weight::Counts => self.count(seen, now),
            Weight::Against(against) => {
                self.row.length = 0;
                self.last_against = Some(against.clone());
            }
            Weight::Undecidable(doubt) => {
                self.row.length = 0;
                self.last_doubt = Some(doubt.clone());
            }
        }
        self.remember_failures();
        self.given_up = match &self.before {
            Ok(facts) if facts.given_up.is_some() => self.given_up + 1,
            _ => 0,
        };
        if self.settled.is_none() {
            self.settled = self.settle(&weight, now);
        }
        Weighed {
            weight,
            row: self.row.length,
            verdict: self.verdict(now),
        }
    }

    /// What the samples so far prove, at this moment.
    pub fn verdict(&self, now: Moment) -> Verdict {
        if let Some(settled) = &self.settled {
            return settled.clone();
        }
        if now.mono <= self.ends {
            return Verdict::Waiting;
        }
        let jumped = self.jumped.map(|by_ms| Inconclusive::ClockJumped { by_ms });
        let doubt = self.last_doubt.clone().map(Inconclusive::Doubt);
        match (doubt.or(jumped), &self.last_against) {
            (Some(why), _) => Verdict::Inconclusive(why),
            (None, Some(against)) => {
                Verdict::Unhealthy(self.excused(Unhealthy::Deadline(against.clone())))
            }
            (None, None) => Verdict::Inconclusive(Inconclusive::NothingAgainst),
        }
    }

    /// The worst disagreement of the two clocks, in milliseconds, if there was one.
    pub fn clock_jumped(&self) -> Option<i64> {
        self.jumped
    }

    fn watch_clock(&mut self, now: Moment) {
        let mono = now.mono.saturating_sub(self.start.mono);
        let mono = TimeDelta::from_std(mono).unwrap_or(TimeDelta::MAX);
        let off = (now.utc - self.start.utc) - mono;
        let worse = off.num_milliseconds().abs() > self.jumped.unwrap_or(0).abs();
        if off.abs() > tolerance() && worse {
            self.jumped = Some(off.num_milliseconds());
        }
    }

    fn count(&mut self, seen: &Seen, now: Moment) {
        // Too late is neither for nor against.
        if now.mono > self.ends {
            self.row.length = 0;
            return;
        }
        self.anything_counted = true;
        let started = match seen {
            Seen::Answer { responder, .. } => responder.started.clone(),
            _ => None,
        };
        if self.row.length == 0 || self.row.started != started {
            self.row = Row {
                length: 0,
                began: now.mono,
                started,
            };
        }
        self.row.length = self.row.length.saturating_add(1);
    }

    fn remember_failures(&mut self) {
        let Ok(facts) = &self.before else { return };
        for task in &facts.restarts {
            if self.old_failures.contains(&task.id) {
                continue;
            }
            self.failed.insert(task.id.clone(), task.clone());
        }
    }

    fn settle(&self, weight: &Weight, now: Moment) -> Option<Verdict> {
        match weight {
            Weight::Counts => {
                let enough = self.row.length >= self.rules.successes.max(1);
                let steady = now.mono.saturating_sub(self.row.began) >= self.rules.steady;
                (enough && steady).then_some(Verdict::Healthy)
            }
            Weight::Undecidable(_) => None,
            Weight::Against(_) => {
                let why = self.certain(now)?;
                Some(Verdict::Unhealthy(self.excused(why)))
            }
        }
    }

    /// What was deployed is not there, whoever is to blame; a lost node takes the blame.
    fn excused(&self, why: Unhealthy) -> Unhealthy {
        match &self.before {
            Ok(facts) if facts.taken_back_with_node => Unhealthy::NodeLost,
            _ => why,
        }
    }

    /// What can be said before the deadline.
    fn certain(&self, now: Moment) -> Option<Unhealthy> {
        let facts = self.before.as_ref().ok()?;
        if self.jumped.is_some() {
            return None;
        }
        let ours = facts.update_started > Some(self.rules.window.intent);
        if let Some(UpdateState::RollbackCompleted | UpdateState::RollbackPaused) =
            facts.update_state
            && ours
        {
            return Some(Unhealthy::EngineRolledBack);
        }
        if facts.update_state == Some(UpdateState::Paused)
            && ours
            && let Some(why) = &facts.outstanding
        {
            return Some(Unhealthy::GivenUp(why.clone()));
        }
        if let Some(why) = facts.given_up.as_ref().filter(|_| self.given_up > 1) {
            return Some(Unhealthy::GivenUp(why.clone()));
        }
        let quick = TimeDelta::from_std(QUICK).unwrap_or(TimeDelta::MAX);
        let runs_long = facts
            .running_since
            .is_some_and(|since| now.utc - since > quick);
        let half_over = self.ends.saturating_sub(now.mono) <= self.rules.window.length() / 2;
        if runs_long || self.anything_counted || !half_over {
            return None;
        }
        let exit = crash_status(self.failed.values())?;
        let failed = self.failed.len();
        (failed >= CRASHES).then_some(Unhealthy::CrashLoop { failed, exit })
    }
}

/// The one non-zero status with which all of them ended by themselves, and quickly.
fn crash_status<'a>(tasks: impl Iterator<Item = &'a FailedTask>) -> Option<i64> {
    let mut status = None;
    for task in tasks {
        let quick = task
            .lived_ms
            .is_some_and(|ms| u128::from(ms) <= QUICK.as_millis());
        let exit = task.exit.filter(|exit| *exit != 0 && quick)?;
        if status.is_some_and(|known| known != exit) {
            return None;
        }
        status = Some(exit);
    }
    status
}

fn tolerance() -> TimeDelta {
    TimeDelta::from_std(JUMP).unwrap_or(TimeDelta::MAX)
}
