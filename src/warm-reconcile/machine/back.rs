//! The way back: to what ran before, with the data that belongs to it.

use chrono::{DateTime, Utc};

use super::act::end;
use super::deploy::Deployed;
use super::forward::Failure;
use super::restart::Before;
use super::{End, Machine, RunError};
use crate::decide::outcome::Outcome;
use crate::health::Verdict;
use crate::spec::Release;
use crate::state::journal::{self, Event, Journal, JournalError, Kind, State, Step};

impl Machine<'_> {
    /// Goes on with a run that goes back, or turns one whose tries are used up.
    pub(super) async fn resume_back(&self, mut journal: Journal) -> Result<End, RunError> {
        if journal.state().direction() == Some(journal::Direction::Forward) {
            let failure = Failure::of(&journal, "its tries are used up".to_owned());
            return self.failed(journal, Event::Failed, failure).await;
        }
        // A kill may have come between the quarantine and the turn, and never the other way.
        match journal.start_try(Utc::now()) {
            Ok(()) => self.back(journal).await,
            Err(JournalError::NoTriesLeft { .. }) => {
                self.rollback_failed(journal, Event::RollbackFailed, "no try is left")
            }
            Err(error) => Err(error.into()),
        }
    }

    /// From wherever the journal stands to what ran before. Its try is counted already.
    pub(super) async fn back(&self, mut journal: Journal) -> Result<End, RunError> {
        let plan = journal.plan().clone();
        let Some(to) = plan.from.clone() else {
            return self.rollback_failed(journal, Event::RollbackFailed, "nothing to go back to");
        };
        if let Err(why) = self.give_data_back(&mut journal).await? {
            return self.rollback_failed(journal, Event::RollbackFailed, &why);
        }
        // What the engine did to the version that was given up is no word on this deploy.
        let restored = journal.records().iter().rev();
        let mut restored = restored.filter(|record| record.state == State::Restored);
        let intent = restored.next_back().map_or(plan.at, |record| record.at);
        if journal.state() == State::Restored
            && let Err(why) = self.put_back(&mut journal, &to, intent).await?
        {
            return self.rollback_failed(journal, Event::RollbackFailed, &why);
        }
        let window = self.window(&journal, intent);
        match self.gate(&to, window, false).await? {
            Verdict::Healthy => {
                self.commit_if_new(&to, &plan.run_id).await?;
                if matches!(plan.kind, Kind::Rollback | Kind::Again) {
                    // Only now is what was left not last-good any more.
                    self.quarantine(&plan, "it was left by a rollback").await?;
                }
                journal.advance(Event::Healthy, Step::default(), Utc::now())?;
                self.history(&journal);
                self.settle(&to.version).await;
                Ok(End {
                    attempted: Some(plan.to.version),
                    ..end(Outcome::RolledBack, &to.version)
                })
            }
            Verdict::Unhealthy(why) => {
                self.record_why().await;
                self.rollback_failed(journal, Event::Unhealthy, &why.to_string())
            }
            Verdict::Inconclusive(why) => {
                self.rollback_failed(journal, Event::Undecidable, &why.to_string())
            }
            Verdict::Waiting => Err(self.unsettled()),
        }
    }

    /// Deploys what ran before; `Err`: it cannot be, and why.
    async fn put_back(
        &self,
        journal: &mut Journal,
        to: &Release,
        intent: DateTime<Utc>,
    ) -> Result<Result<(), String>, RunError> {
        let work = self.workspace()?;
        let release = match self.export(to, &work).await {
            Ok(release) => release,
            Err(error) => return Ok(Err(error.to_string())),
        };
        // Data that was not touched meets its own code again, whoever else reads it.
        if journal.needs_restore()
            && let Some(why) = self.data_is_free(journal, true).await?
        {
            return Ok(Err(why));
        }
        let before = Before::Unknown(intent);
        if self.runs_already(to, &journal.plan().to).await {
            self.restart_what_hangs(before, &work).await;
        } else if let Deployed::Not(why) = self.deploy(&release, &work, Some(before)).await {
            return Ok(Err(why));
        }
        let until = Some(self.gate_ends());
        let step = Step { until, note: None };
        journal.advance(Event::Redeployed, step, Utc::now())?;
        Ok(Ok(()))
    }

    pub(super) fn rollback_failed(
        &self,
        mut journal: Journal,
        event: Event,
        why: &str,
    ) -> Result<End, RunError> {
        self.flight.remark(format!("the rollback failed: {why}"));
        let step = Step {
            until: None,
            note: self.note(why),
        };
        journal.advance(event, step, Utc::now())?;
        self.history(&journal);
        let plan = journal.plan();
        let back_to = plan.from.as_ref().unwrap_or(&plan.to);
        Ok(End {
            attempted: Some(plan.to.version.clone()),
            ..end(Outcome::RollbackFailed, &back_to.version)
        })
    }
}
