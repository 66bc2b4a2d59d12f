//! Beginning an act: the plan is written down, and the way forward or back is taken.

use chrono::Utc;

use super::{End, Machine, RunError, TRIES};
use crate::decide::outcome::Outcome;
use crate::decide::{Plan, Resume};
use crate::health::{Doubt, Inconclusive};
use crate::inspect::Gathered;
use crate::inspect::volumes;
use crate::snapshot::Snapshots;
use crate::spec::{Release, ReleaseId};
use crate::state::journal::{self, Event, Journal, Kind, Step};
use crate::state::last_good::{self, Known};

impl Machine<'_> {
    /// Carries out a plan that changes what runs.
    pub(super) async fn act(&self, plan: &Plan, seen: Gathered) -> Result<End, RunError> {
        let running = seen
            .world
            .running
            .as_ref()
            .and_then(|one| one.release().cloned());
        let notes = seen.notes_text();
        let (open, seen) = seen.split_journal();
        let mut journal = match (plan, open) {
            (Plan::Resume(_), Some(journal)) => journal,
            (_, _) => {
                if let Some(held) = self.held_by_data(plan).await? {
                    return Ok(held);
                }
                if let Some(held) = self.held_by_release(plan, &seen).await? {
                    return Ok(held);
                }
                if let Some(held) = self.hook_before(plan, &seen).await? {
                    return Ok(held);
                }
                self.begin(plan, &seen).await?
            }
        };
        let end = match plan {
            Plan::RollBack { .. } => {
                journal.advance(Event::RollBackAsked, Step::default(), Utc::now())?;
                self.back(journal).await?
            }
            Plan::Resume(Resume::Back { .. }) => self.resume_back(journal).await?,
            _ => {
                let to = journal.plan().to.version.app().to_owned();
                let moves = running.is_none_or(|running| running.version.app() != to);
                let fresh = moves && !matches!(plan, Plan::Resume(_));
                self.forward(journal, fresh).await?
            }
        };
        if let Plan::Hold {
            reason, held_back, ..
        } = plan
            && end.outcome == Outcome::Redeployed
        {
            self.flight.notes(notes);
            return Ok(End {
                outcome: reason.outcome(),
                version: held_back.as_ref().map(|held| held.version.clone()),
                ..end
            });
        }
        Ok(end)
    }

    /// Of a stateful app: why its data cannot be kept, found out before anything is touched. What
    /// would fail after the app was taken down costs nothing here.
    async fn held_by_data(&self, plan: &Plan) -> Result<Option<End>, RunError> {
        let Some(release) = plan.takes_down_for() else {
            return Ok(None);
        };
        let site = self.site;
        let found = volumes::survey(&site.engine, &site.spec.stack, &site.paths)
            .await
            .map_err(RunError::Engine)?;
        for left_out in &found.own.beside {
            self.flight
                .remark(format!("not in the snapshot: {left_out}"));
        }
        if found.problems.is_empty() {
            return Ok(None);
        }
        for problem in found.problems {
            self.flight
                .remark(format!("no snapshot could be taken: {problem}"));
        }
        let version = Some(release.version.clone());
        Ok(Some(untouched(Outcome::HeldNoSnapshot, version)))
    }

    /// Writes the plan down. Nothing is touched before.
    async fn begin(&self, plan: &Plan, seen: &Gathered) -> Result<Journal, RunError> {
        let known = |id: &ReleaseId| {
            let release = seen.release(id).cloned();
            release.unwrap_or_else(|| Release::of_version(id.version.clone()))
        };
        let (from, to) = match plan {
            Plan::Upgrade {
                from,
                to,
                back_to,
                adopt,
                ..
            } => {
                if *adopt {
                    self.adopt(seen, from)?;
                }
                (back_to.as_ref().map(known), known(to))
            }
            // What is left stands where a new version would, and what is gone back to before it.
            Plan::RollBack { from, to, .. } => {
                let left = from.as_ref().unwrap_or(to);
                (Some(known(to)), known(left))
            }
            Plan::Redeploy { release }
            | Plan::Hold {
                redeploy: Some(release),
                ..
            } => (Some(known(release)), known(release)),
            other => {
                let to = other.deploys().ok_or_else(|| self.unsettled())?;
                (None, known(to))
            }
        };
        let site = self.site;
        let mut volumes = match site.spec.stateful {
            false => Vec::new(),
            true => {
                let own = volumes::own(&site.engine, &site.spec.stack).await;
                own.map_err(RunError::Engine)?.volumes
            }
        };
        // The pair of what is left: its data as it was before it.
        let snapshot = match (plan, last_good::read(&site.paths)?) {
            (Plan::RollBack { restore: true, .. }, Some(Known::Whole(good))) => good.snapshot,
            _ => None,
        };
        if snapshot.is_none() && matches!(plan, Plan::RollBack { restore: true, .. }) {
            // Old code is never put on newer data.
            return Err(self.unsettled());
        }
        if let Some(id) = &snapshot {
            // The snapshot may hold a volume that no service mounts any more.
            let pair = Snapshots::new(&site.paths).find(|found| found.id == *id);
            if let Ok(Some(pair)) = pair {
                volumes.extend(pair.meta.volumes);
                volumes.sort();
                volumes.dedup();
            }
        }
        let plan = journal::Plan {
            run_id: self.run_id.clone(),
            app: site.spec.app.clone(),
            kind: kind_of(plan),
            at: Utc::now(),
            from,
            to,
            stateful: site.spec.stateful,
            tries: TRIES,
            volumes,
            snapshot,
        };
        Ok(Journal::begin(&site.paths, plan)?)
    }
}

/// The end of a run that changed nothing.
pub(super) fn untouched(outcome: Outcome, version: Option<crate::Version>) -> End {
    End {
        outcome,
        version,
        attempted: None,
        acted: false,
    }
}

pub(super) fn end(outcome: Outcome, version: &crate::Version) -> End {
    End {
        outcome,
        version: Some(version.clone()),
        attempted: None,
        acted: true,
    }
}

pub(super) fn undecided(why: &Inconclusive) -> Outcome {
    match why {
        Inconclusive::Doubt(Doubt::Engine(_) | Doubt::Poisoned(_)) => Outcome::InconclusiveEngine,
        _ => Outcome::InconclusiveGate,
    }
}

/// The kind of run that a plan is in the journal.
fn kind_of(plan: &Plan) -> Kind {
    match plan {
        Plan::FirstDeploy { .. } => Kind::First,
        Plan::Upgrade { .. } => Kind::Upgrade,
        Plan::RollBack { .. } => Kind::Rollback,
        _ => Kind::Redeploy,
    }
}
