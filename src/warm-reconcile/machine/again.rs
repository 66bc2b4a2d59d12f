//! `resume --again`: the way back once more, after a rollback that failed.

use chrono::Utc;

use super::act::{end, untouched};
use super::{End, Machine, RunError, TRIES};
use crate::decide::outcome::Outcome;
use crate::decide::{Degraded, Plan};
use crate::inspect::Gathered;
use crate::state::journal::{self, Event, Journal, JournalState, Kind, State, Step};
use crate::state::last_good::{self, Known};

impl Machine<'_> {
    /// Begins the way back of a run that ended degraded anew. `Err`: there is nothing to do, and why.
    pub(super) async fn again(
        &self,
        plan: Plan,
        seen: Gathered,
    ) -> Result<Result<End, String>, RunError> {
        let given_up = Degraded::RollbackFailed;
        let (open, seen) = seen.split_journal();
        match (&plan, open) {
            (Plan::Degraded { why }, Some(open)) if *why == given_up => self.give_up(open, why)?,
            (_, Some(_)) => return Err(self.unsettled()),
            (_, None) => {}
        }
        if seen.world.held.is_some() {
            return Ok(Ok(held(&plan)));
        }
        let last = match Journal::open(&self.site.paths)? {
            JournalState::Ended(last) if went_back(&last) && !self.is_history(&last)? => last,
            _ => return self.as_run(plan, seen).await,
        };
        let back_to = last.plan().from.as_ref().map(|from| &from.version);
        let met = seen.world.data.as_ref().map(|data| &data.version);
        if seen.world.stateful && !last.needs_restore() && met > back_to {
            // Newer code met the data since, and that way back would not put it back.
            return self.as_run(plan, seen).await;
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

impl Machine<'_> {
    /// Whether a version was seen healthy after that run: what it left is history, and its
    /// snapshot is older than the data.
    fn is_history(&self, last: &Journal) -> Result<bool, RunError> {
        let ended = last.records().last().map(|record| record.at);
        let good = last_good::read(&self.site.paths)?;
        Ok(matches!(good, Some(Known::Whole(good))
            if ended.is_some_and(|at| good.committed_at > at)))
    }

    /// No rollback is left to be tried again, for example because runs came after it: an app that
    /// is not healthy is brought to health as `run` does it.
    async fn as_run(&self, plan: Plan, seen: Gathered) -> Result<Result<End, String>, RunError> {
        let healthy = seen.world.running.as_ref().and_then(|one| one.healthy);
        if healthy == Some(true) || matches!(plan, Plan::FirstDeploy { .. }) {
            return Ok(Err("no rollback has failed".to_owned()));
        }
        self.flight
            .remark("no rollback is left to be tried again; this is an ordinary run");
        let end = Box::pin(self.carry_out(plan, seen)).await?;
        Ok(Ok(end.ok_or_else(|| self.unsettled())?))
    }
}

fn went_back(last: &Journal) -> bool {
    last.state() == State::Degraded
        && last.plan().from.is_some()
        && last.reached(State::RollingBack)
}

fn held(plan: &Plan) -> End {
    let outcome = match plan.outcome() {
        outcome @ Outcome::UnhealthyWhileHeld => outcome,
        _ => Outcome::HeldByOperator,
    };
    untouched(outcome, None)
}
