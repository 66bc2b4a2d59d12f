//! `resume --again`: the way back once more, after a rollback that failed.

use chrono::Utc;

use super::act::end;
use super::{End, Machine, RunError, TRIES};
use crate::decide::outcome::Outcome;
use crate::decide::{Degraded, Plan};
use crate::inspect::Gathered;
use crate::state::journal::{self, Event, Journal, JournalState, Kind, State, Step};
use crate::state::last_good::{self, Known};

/// For people, wherever a rollback is said to have failed.
pub(super) fn advice(app: &str) -> String {
    format!(
        "remove the cause, then run `warm-reconcile resume --again {app}`: it tries the rollback again, with all its tries. Nothing more is tried without it, because each try restores the data again"
    )
}

impl Machine<'_> {
    /// Begins the way back of a run that ended degraded anew. `Err`: there is nothing to do, and why.
    pub(super) async fn again(
        &self,
        plan: Plan,
        seen: Gathered,
    ) -> Result<Result<End, String>, RunError> {
        let given_up = Degraded::RollbackFailed;
        match (&plan, seen.journal) {
            (Plan::Degraded { why }, Some(open)) if *why == given_up => self.give_up(open, why)?,
            (_, Some(_)) => return Err(self.unsettled()),
            (_, None) => {}
        }
        if seen.world.held.is_some() {
            return Ok(Ok(held(&plan)));
        }
        let last = match Journal::open(&self.site.paths)? {
            JournalState::Ended(last) if went_back(&last) => last,
            _ => return Ok(Err("no rollback has failed".to_owned())),
        };
        let ended = last.records().last().map(|record| record.at);
        if let Some(Known::Whole(good)) = last_good::read(&self.site.paths)?
            && ended.is_some_and(|at| good.committed_at > at)
        {
            return Ok(Err(format!(
                "{} was seen healthy since, and its data is newer than the snapshot",
                good.release.version
            )));
        }
        match (&plan, seen.world.running.as_ref().map(|one| one.healthy)) {
            (Plan::Inconclusive { .. }, _) => {
                return Ok(Ok(End {
                    acted: false,
                    ..end(plan.outcome(), &last.plan().to.version)
                }));
            }
            (_, Some(Some(true))) => {
                return Ok(Err(
                    "what runs is healthy, and its data is newer than the snapshot".to_owned(),
                ));
            }
            _ => {}
        }
        let snapshot = match last.needs_restore() {
            false => None,
            true => match self.pair(&last) {
                Ok(snapshot) => Some(snapshot.id),
                Err(why) => {
                    self.flight.remark(why);
                    return Ok(Ok(End {
                        acted: false,
                        ..end(Outcome::RollbackFailed, &last.plan().to.version)
                    }));
                }
            },
        };
        let plan = journal::Plan {
            run_id: self.run_id.clone(),
            kind: Kind::Again,
            at: Utc::now(),
            tries: TRIES,
            snapshot,
            ..last.plan().clone()
        };
        let mut journal = Journal::begin(&self.site.paths, plan)?;
        journal.advance(Event::RollBackAsked, Step::default(), Utc::now())?;
        Ok(Ok(self.back(journal).await?))
    }
}

fn went_back(last: &Journal) -> bool {
    last.state() == State::Degraded
        && last.plan().from.is_some()
        && last.reached(State::RollingBack)
}

fn held(plan: &Plan) -> End {
    End {
        outcome: match plan.outcome() {
            outcome @ Outcome::UnhealthyWhileHeld => outcome,
            _ => Outcome::HeldByOperator,
        },
        version: None,
        attempted: None,
        acted: false,
    }
}
