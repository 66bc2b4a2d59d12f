//! The way forward: to a new version, or the same one again.

use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};

use super::act::{end, undecided};
use super::deploy::Deployed;
use super::restart::Before;
use super::workspace::Workspace;
use super::{End, Machine, RunError};
use crate::decide::outcome::Outcome;
use crate::deploy;
use crate::health::{Verdict, Window};
use crate::state::journal::{Event, Journal, Kind, State, Step};

/// What came of bringing a version onto the engine.
enum Launched {
    /// It was deployed, or may have been: the gate says.
    Up(Journal),
    /// It is given up, and why.
    Failed(Journal, Failure),
}

/// Why a version is given up.
pub(super) struct Failure {
    pub(super) why: String,
    /// Whether that speaks against the version: its code may have run, and no lost node is to blame.
    /// Without it the version is never quarantined.
    pub(super) condemns: bool,
}

impl Failure {
    pub(super) fn of(journal: &Journal, why: String) -> Failure {
        Failure {
            why,
            condemns: journal.may_have_deployed(),
        }
    }
}

impl Machine<'_> {
    /// From wherever the journal stands to a healthy `to`, or back.
    pub(super) async fn forward(&self, mut journal: Journal, fresh: bool) -> Result<End, RunError> {
        let to = journal.plan().to.clone();
        if journal.state() == State::Gating {
            journal.start_try(Utc::now())?;
        } else {
            match self.launch(journal).await? {
                Launched::Up(up) => journal = up,
                Launched::Failed(journal, why) => {
                    return self.failed(journal, Event::Failed, why).await;
                }
            }
        }
        let window = self.window(&journal, journal.plan().at);
        match self.gate(&to, window, fresh).await? {
            Verdict::Healthy => {
                let run_id = journal.plan().run_id.clone();
                let snapshot = self.taken(&journal)?;
                self.commit(&to, &run_id, snapshot).await?;
                // Only now does the snapshot before it give way to this run's.
                self.settle_snapshots().await;
                journal.advance(Event::Healthy, Step::default(), Utc::now())?;
                let outcome = match (journal.plan().kind, &journal.plan().from) {
                    (Kind::First, _) => Outcome::Deployed,
                    (Kind::Redeploy, None) => Outcome::BroughtBack,
                    (Kind::Redeploy, Some(_)) => Outcome::Redeployed,
                    (Kind::Upgrade | Kind::Rollback | Kind::Again, _) => Outcome::Upgraded,
                };
                self.history(&journal);
                self.record_pace(&journal);
                self.settle(&to.version).await;
                Ok(end(outcome, &to.version))
            }
            Verdict::Unhealthy(why) => {
                let mut failure = Failure::of(&journal, why.to_string());
                failure.condemns &= why.condemns();
                self.failed(journal, Event::Unhealthy, failure).await
            }
            Verdict::Inconclusive(why) => {
                journal.give_back(Utc::now())?;
                self.flight.remark(format!("undecided: {why}"));
                Ok(end(undecided(&why), &to.version))
            }
            Verdict::Waiting => Err(self.unsettled()),
        }
    }

    /// All that comes before the gate; of a stateful upgrade with its data kept first.
    async fn launch(&self, mut journal: Journal) -> Result<Launched, RunError> {
        let work = self.workspace()?;
        // Whatever can fail without the app being down is done before it is.
        let release = match self.export(&journal.plan().to.clone(), &work).await {
            Ok(release) => release,
            // The app may be down, and what cannot be deployed now is no way up.
            Err(error) if journal.keeps_data() && begun(&journal) => {
                let failure = Failure::of(&journal, error.to_string());
                return Ok(Launched::Failed(journal, failure));
            }
            Err(error) => return Err(error),
        };
        let release = self.as_deployed(release);
        journal.start_try(Utc::now())?;
        if let Some(from) = journal.plan().from.clone() {
            self.keep(&from, &work).await;
        }
        if journal.keeps_data()
            && let Some(why) = self.keep_data(&mut journal, &work).await?
        {
            let failure = Failure::of(&journal, why);
            return Ok(Launched::Failed(journal, failure));
        }
        self.put_up(journal, &release, &work).await
    }

    async fn put_up(
        &self,
        mut journal: Journal,
        release: &deploy::Exported,
        work: &Workspace,
    ) -> Result<Launched, RunError> {
        // Only a try before this one can have got so far.
        let condemns = journal.may_have_deployed();
        if journal.state() != State::Deploying {
            journal.advance(Event::DeployStarted, Step::default(), Utc::now())?;
        }
        let plan = journal.plan();
        let again = plan.from.as_ref() == Some(&plan.to);
        let again = again.then_some(match self.converges.load(Ordering::Relaxed) {
            true => Before::Unknown(plan.at),
            false => Before::Unhealthy(plan.at),
        });
        if let Deployed::Not(why) = self.deploy(release, work, again).await {
            return Ok(Launched::Failed(journal, Failure { why, condemns }));
        }
        let until = Some(self.gate_ends());
        let step = Step { until, note: None };
        journal.advance(Event::Deployed, step, Utc::now())?;
        Ok(Launched::Up(journal))
    }

    /// `to` is given up: into quarantine first, where that speaks against it, then back.
    pub(super) async fn failed(
        &self,
        mut journal: Journal,
        event: Event,
        failure: Failure,
    ) -> Result<End, RunError> {
        let plan = journal.plan().clone();
        let why = &failure.why;
        self.flight
            .remark(format!("{} failed: {why}", plan.to.version));
        if failure.condemns {
            self.record_why().await;
        }
        let step = Step {
            until: None,
            note: self.note(why),
        };
        let same = plan.from.is_some() && plan.kind == Kind::Redeploy;
        if !same && failure.condemns {
            self.quarantine(&plan, why).await?;
        }
        if plan.from.is_none() || same {
            journal.advance(Event::NoWayBack, step, Utc::now())?;
            self.history(&journal);
            let outcome = match same {
                true => Outcome::UnhealthyOnLatest,
                false => Outcome::NothingToRollBackTo,
            };
            return Ok(end(outcome, &plan.to.version));
        }
        let kept = journal.reached(State::Snapshotted) || !journal.keeps_data();
        journal.advance(event, step, Utc::now())?;
        let end = self.back(journal).await?;
        if failure.condemns || end.outcome != Outcome::RolledBack {
            return Ok(end);
        }
        // What ran before runs again, and nothing speaks against the version: it is tried again.
        Ok(End {
            outcome: match kept {
                true => Outcome::HeldUndeployable,
                false => Outcome::HeldNoSnapshot,
            },
            version: end.attempted,
            attempted: None,
            acted: true,
        })
    }

    pub(super) fn gate_ends(&self) -> DateTime<Utc> {
        Window::new(Utc::now(), self.site.spec.times.gate).deadline
    }

    /// The gate's time: what the journal says, or anew where that has passed or was given up.
    /// The tries bound how often.
    pub(super) fn window(&self, journal: &Journal, intent: DateTime<Utc>) -> Window {
        let soon = Utc::now() + TimeDelta::seconds(1);
        let deadline = journal.until().filter(|until| *until > soon);
        Window {
            intent,
            deadline: deadline.unwrap_or_else(|| self.gate_ends()),
        }
    }
}

/// Whether an earlier pass may have touched anything.
fn begun(journal: &Journal) -> bool {
    journal.state() != State::Planned || journal.tries() != journal.plan().tries
}
