//! The state machine: carries a decision out, each step written down before it is taken.
//!
//! ```text
//! look ── decide ──┬─ nothing to do ─────────────────────────────────────────► exit 0, 10, 30, 40
//!                  ├─ forward: Planned ─────────────┬─ Deploying → Gating ── healthy ─► Committed, 0
//!                  │  (stateful: → Quiesced → Snapshotted ┘            └─ undecided ──► goes on next time, 40
//!                  │            failed: quarantine first, then
//!                  └─ back: RollingBack ─────────┬─ Restored → ReGating ── healthy ──► RolledBack, 20
//!                        (stateful: → Restoring ─┘                  └─ anything else ► Degraded, 30
//! ```
//!
//! A stateful app is taken down before its data is copied or restored ([`stateful`]).
//!
//! One pass takes one try, counted down before its first act; a gate that could not be decided
//! gives it back. A kill at any point leaves a journal with which the next run goes on.

mod act;
mod again;
mod alarm;
mod back;
mod bake;
mod deploy;
mod error;
mod flight;
mod forward;
mod hooks;
mod pace;
mod paper;
mod ready;
mod record;
mod release;
mod report;
mod restart;
mod stateful;
#[cfg(test)]
pub(crate) mod tests;
mod witness;
mod workspace;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::decide::outcome::Outcome;
use crate::decide::way_out::{self, About};
use crate::decide::{Ask, Degraded, Plan, PlanDocument, Resume, decide};
use crate::health::{Gate, SystemClock, Verdict, Window, wait};
use crate::inspect::{Gathered, Site, gather};
use crate::report::systemd::Notify;
use crate::spec::Release;
use crate::state::file;
use crate::state::journal::{Event, Journal, JournalError, Step, Tries};
use crate::state::lock::Lock;
use kit::redact::{Redacted, Redactor};

use act::untouched;
pub use error::RunError;
pub use flight::{Ended, Flight};
pub use paper::plan;
pub use report::Report;

/// How often a run may be begun again in each direction, killed runs included.
pub const TRIES: Tries = Tries {
    forward: 3,
    back: 3,
};

/// The most decisions per run: after closing an unfinished journal we decide again.
const ROUNDS: usize = 3;

/// What a run is asked for.
#[derive(Debug)]
pub enum Asked {
    /// The newest version, healthy.
    Run,
    /// The same, and a running version whose tag or environment has changed is deployed again.
    Converge,
    /// Exactly this plan, and nothing if the world has moved since.
    Planned(Box<PlanDocument>),
    /// Back to the version before.
    RollBack,
    /// An unfinished run brought to its end, and nothing new.
    Resume,
    /// The same; and where going back had failed for good, that begun anew with all its tries.
    Again,
}

pub struct Machine<'a> {
    pub(super) site: &'a Site,
    pub(super) run_id: String,
    pub(super) started: DateTime<Utc>,
    pub(super) began: Instant,
    pub(super) notify: &'a Notify,
    pub(super) flight: &'a Flight<'a>,
    /// Whether the recipe may be fetched where something of it is not here.
    pub(super) may_fetch: AtomicBool,
    /// Whether a healthy app is deployed again only to take back what was changed by hand.
    pub(super) converges: AtomicBool,
}

/// What a run came to.
#[derive(Debug)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    /// The version it is about.
    pub(super) version: Option<crate::Version>,
    /// What was given up, of a rollback.
    pub(super) attempted: Option<crate::Version>,
    pub(super) acted: bool,
}

impl<'a> Machine<'a> {
    /// A run that begins now.
    pub fn new(site: &'a Site, notify: &'a Notify, flight: &'a Flight<'a>) -> Machine<'a> {
        let started = Utc::now();
        Machine {
            site,
            run_id: kit::run_id::run_id(started, std::process::id()),
            started,
            began: Instant::now(),
            notify,
            flight,
            may_fetch: AtomicBool::new(false),
            converges: AtomicBool::new(false),
        }
    }

    /// Carries out what is asked for, under the app's lock. With `fetch` new versions are looked
    /// for where one may be wanted (`run`), and otherwise the recipe is fetched only when
    /// something that is needed is not here: a way back must not wait for a network.
    ///
    /// # Errors
    /// [`RunError`], after an alert was raised for it; everything that is known of the app is a
    /// [`Report`].
    pub async fn run(&self, asked: Asked, fetch: bool) -> Result<Report, RunError> {
        self.may_fetch.store(fetch, Ordering::Relaxed);
        let ended = self.attempt(asked, fetch).await;
        if let Err(error) = &ended {
            self.alarm(error).await;
        }
        ended
    }

    async fn attempt(&self, asked: Asked, fetch: bool) -> Result<Report, RunError> {
        let paths = &self.site.paths;
        paths.prepare()?;
        let what = match &asked {
            Asked::Run | Asked::Converge | Asked::Planned(_) => "run",
            Asked::RollBack => "rollback",
            Asked::Resume => "resume",
            Asked::Again => "resume --again",
        };
        let _lock = Lock::acquire(paths, &self.run_id, what, self.started)?;
        self.sweep_workspaces();
        for written in [paths.journal(), paths.reserve()] {
            file::sweep(&written);
        }
        self.flight.begin(self, what);
        self.complete_history();
        for round in 0..ROUNDS {
            let ask = match &asked {
                Asked::RollBack => Ask::RollBack,
                Asked::Planned(document) => document.world.ask,
                Asked::Converge => Ask::Converge,
                Asked::Run | Asked::Resume | Asked::Again => Ask::Run,
            };
            let wants_news = matches!(asked, Asked::Run | Asked::Converge);
            let mut seen = gather(self.site, ask, fetch && round == 0 && wants_news).await;
            let resumable = seen.journal.is_some();
            let plan = match &asked {
                Asked::Planned(document) if round == 0 => document.check(&seen.world)?.clone(),
                Asked::Resume if !resumable => {
                    return Ok(self.nothing_to_resume("there is no unfinished run"));
                }
                _ => self.decided(&mut seen).await?,
            };
            let plan = match fetch && ask == Ask::RollBack && goes_nowhere(&plan) {
                false => plan,
                true => {
                    seen = gather(self.site, ask, true).await;
                    self.decided(&mut seen).await?
                }
            };
            let about = About::of(&plan, &seen.world, &self.site.spec.stack);
            self.flight.decided(&seen, &plan, about);
            if let Some(cause) = way_out::cause(&plan, &seen.world) {
                self.flight.remark(cause);
            }
            if let (Asked::Again, false) = (&asked, matches!(plan, Plan::Resume(_))) {
                return Ok(match self.again(plan, seen).await? {
                    Ok(end) => self.close(end).await,
                    Err(why) => self.nothing_to_resume(&why),
                });
            }
            if let Some(end) = self.carry_out(plan, seen).await? {
                let end = self.watch(end).await?;
                return Ok(self.close(end).await);
            }
        }
        Err(RunError::Unsettled(self.site.spec.app.clone()))
    }

    /// Decides; an app that does not answer at once has its time first, as it may just be
    /// starting.
    async fn decided(&self, seen: &mut Gathered) -> Result<Plan, RunError> {
        let doubtful = seen.world.running.as_ref().is_some_and(|running| {
            running.release().is_some() && running.healthy == Some(false) && seen.journal.is_none()
        });
        if doubtful
            && let Some(running) = &mut seen.world.running
            && let Some(release) = running.release().cloned()
        {
            let length = self.site.spec.times.first_gate;
            let window = Window::new(Utc::now(), length);
            let is_good = seen.world.last_good.as_ref() == Some(&release);
            let known = seen.releases.iter().find(|known| known.id() == release);
            let expected = match known.filter(|_| is_good) {
                Some(known) => known.clone(),
                None => Release::of_version(release.version.clone()),
            };
            let verdict = self.gate(&expected, window, false).await?;
            let doubt = |why: String| Some(self.redactor().text(&why).into());
            (running.healthy, running.doubt) = match verdict {
                Verdict::Healthy => (Some(true), None),
                Verdict::Unhealthy(_) => (Some(false), None),
                Verdict::Inconclusive(why) => (None, doubt(why.to_string())),
                Verdict::Waiting => (None, None),
            };
        }
        Ok(decide(&seen.world))
    }

    /// `None`: a journal was closed, and what is now has to be decided.
    async fn carry_out(&self, plan: Plan, seen: Gathered) -> Result<Option<End>, RunError> {
        let outcome = plan.outcome();
        let healthy = seen.world.running.as_ref().and_then(|one| one.healthy);
        let converges = matches!(plan, Plan::Redeploy { .. }) && healthy == Some(true);
        self.converges.store(converges, Ordering::Relaxed);
        let end = |version: Option<crate::Version>| untouched(outcome, version);
        if let Plan::RollBack {
            from: Some(from), ..
        } = &plan
            && seen.world.baking
            && seen.world.ask != Ask::RollBack
        {
            self.flight.remark(format!(
                "{} became unhealthy within its bake time",
                from.version
            ));
        }
        Ok(Some(match &plan {
            Plan::Current { release, .. } => end(Some(release.version.clone())),
            Plan::Adopt { release } => {
                self.adopt(&seen, release)?;
                self.record_deployed(&release.version).await;
                end(Some(release.version.clone()))
            }
            Plan::Hold {
                held_back,
                redeploy: None,
                ..
            } => {
                self.flight.notes(seen.notes_text());
                end(held_back.as_ref().map(|held| held.version.clone()))
            }
            Plan::Inconclusive { .. } => end(self.version()),
            Plan::Degraded { why } => {
                let version = self.version();
                if let Some(journal) = seen.journal {
                    self.give_up(journal, why)?;
                }
                end(version)
            }
            Plan::Resume(Resume::Abandon) => {
                let mut journal = seen.journal.ok_or_else(|| self.unsettled())?;
                let note = Some(
                    Redacted::own("abandoned: it was killed before it touched anything").to_text(),
                );
                journal.advance(Event::Hold, Step { until: None, note }, Utc::now())?;
                return Ok(None);
            }
            Plan::Resume(Resume::Commit { .. }) => {
                let mut journal = seen.journal.ok_or_else(|| self.unsettled())?;
                // Last-good says so already, and may name a snapshot that is not settled yet.
                self.settle_snapshots().await;
                // Without a try left only the word is another.
                let event = match journal.start_try(Utc::now()) {
                    Ok(()) => Event::Healthy,
                    Err(JournalError::NoTriesLeft { .. }) => Event::Undecidable,
                    Err(error) => return Err(error.into()),
                };
                journal.advance(event, Step::default(), Utc::now())?;
                self.complete_history();
                return Ok(None);
            }
            Plan::Resume(Resume::Forward { .. } | Resume::Back { .. })
            | Plan::FirstDeploy { .. }
            | Plan::BringBack { .. }
            | Plan::Upgrade { .. }
            | Plan::Redeploy { .. }
            | Plan::RollBack { .. }
            | Plan::Hold { .. } => self.act(&plan, seen).await?,
        }))
    }

    fn unsettled(&self) -> RunError {
        RunError::Unsettled(self.site.spec.app.clone())
    }

    /// What an alert is about when nothing was done.
    fn version(&self) -> Option<crate::Version> {
        self.flight.about()?.version
    }

    /// Ends a journal that decide has given up.
    fn give_up(&self, mut journal: Journal, why: &Degraded) -> Result<(), RunError> {
        use crate::state::journal::Direction;
        let event = match journal.state().direction() {
            None => return Ok(()),
            Some(Direction::Forward) => Event::NoWayBack,
            Some(Direction::Back) => Event::RollbackFailed,
        };
        let note = self.note(&format!("{why:?}"));
        journal.advance(event, Step { until: None, note }, Utc::now())?;
        Ok(())
    }

    /// Waits at the gate; the probes go into the flight record.
    pub(super) async fn gate(
        &self,
        expected: &Release,
        window: Window,
        fresh: bool,
    ) -> Result<Verdict, RunError> {
        let gate = Gate::new(&self.site.spec)?;
        let version = &expected.version;
        let facts = crate::inspect::stack_facts::StackFacts {
            engine: &self.site.engine,
            spec: &self.site.spec,
            expected,
            proxy: self.site.proxy.as_ref(),
        };
        let left = (window.deadline - Utc::now()).to_std().unwrap_or_default();
        self.say(&format!("waiting for {version} to be healthy"), left);
        let rules = gate.rules(version, window, fresh);
        let mut open = self.flight.gate(version, fresh);
        let clock = SystemClock::start();
        let verdict = wait(&gate, rules, &facts, &clock, &mut open.timeline, |_| {
            let _ = self.notify.watchdog();
        })
        .await;
        Ok(verdict)
    }

    /// Tells systemd, and asks it for the time that the step may take. Nobody may be listening.
    pub(super) fn say(&self, status: &str, time: Duration) {
        let margin = Duration::from_secs(30);
        let status = format!("{}: {status}", self.site.spec.app);
        let _ = self.notify.status(&self.redactor().redact(&status));
        let _ = self.notify.extend(time + margin);
    }

    pub(super) fn redactor(&self) -> &Redactor {
        self.flight.redactor()
    }

    /// A text for the journal, without secrets.
    pub(super) fn note(&self, text: &str) -> Option<Redacted<String>> {
        Some(self.redactor().redact(text))
    }

    fn nothing_to_resume(&self, why: &str) -> Report {
        Report {
            app: self.site.spec.app.clone(),
            run: self.run_id.clone(),
            outcome: None,
            version: None,
            alert: None,
            flight: None,
            remarks: vec![self.redactor().redact(why)],
        }
    }
}

/// Whether the version to go back to may only be missing here.
fn goes_nowhere(plan: &Plan) -> bool {
    use crate::decide::Hold;
    matches!(
        plan,
        Plan::Hold {
            reason: Hold::NoPrevious,
            ..
        } | Plan::Degraded {
            why: Degraded::NothingToRollBackTo
        } | Plan::Inconclusive { .. }
    )
}
