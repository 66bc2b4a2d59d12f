//! What our own files say: what was healthy, what is held, and how far the last run came.

use std::collections::BTreeSet;

use crate::Version;
use crate::decide::{self, Step, Unfinished};
use crate::spec::Release;
use crate::state::file::StateError;
use crate::state::history::{self, HistoryEntry};
use crate::state::journal::{Journal, JournalState, State};
use crate::state::last_good::{self, Known};
use crate::state::layout::AppPaths;
use crate::state::operator_hold;
use crate::state::quarantine::Quarantine;
use kit::redact::Redactor;

#[derive(Default)]
pub(super) struct Records {
    pub(super) last_good: Option<Known>,
    pub(super) held: Option<String>,
    pub(super) pinned: Option<Version>,
    pub(super) acknowledged: BTreeSet<String>,
    pub(super) quarantine: Quarantine,
    pub(super) history: Vec<HistoryEntry>,
}

/// The journal of the last run, if any.
pub(super) enum LastRun {
    Absent,
    Ended(Journal),
    Unfinished(Journal),
}

/// The records with the last run's journal, and what the decision has to know of both.
///
/// Texts of people and of errors are without secrets in the world: a plan is printed, and fits
/// the world only as long as both have the same text.
pub(super) fn read(paths: &AppPaths, redactor: &Redactor) -> (Records, LastRun, decide::Journal) {
    let unreadable = |error: String| decide::Journal::Unreadable(redactor.text(&error).into());
    let (mut records, mut state) = match records(paths) {
        Ok(records) => (records, decide::Journal::Clean),
        Err(error) => (Records::default(), unreadable(error.to_string())),
    };
    records.held = records.held.map(|reason| redactor.text(&reason).into());
    let last = match Journal::open(paths) {
        Ok(JournalState::Absent) => LastRun::Absent,
        Ok(JournalState::Ended(last)) => LastRun::Ended(last),
        Ok(JournalState::Unfinished(open)) => LastRun::Unfinished(open),
        Err(error) => {
            state = unreadable(error.to_string());
            LastRun::Absent
        }
    };
    if let (LastRun::Unfinished(open), decide::Journal::Clean) = (&last, &state) {
        let unfinished = unfinished(open, records.last_good.as_ref());
        state = decide::Journal::Unfinished(Box::new(unfinished));
    }
    (records, last, state)
}

fn records(paths: &AppPaths) -> Result<Records, StateError> {
    Ok(Records {
        last_good: last_good::read(paths)?,
        held: operator_hold::hold(paths)?.map(|hold| hold.reason),
        pinned: operator_hold::pin(paths)?.map(|pin| pin.version),
        acknowledged: operator_hold::acks(paths)?.into_keys().collect(),
        quarantine: Quarantine::read(paths)?,
        history: history::read(paths)?.entries,
    })
}

/// How far a run came, in the terms of the decision.
fn unfinished(journal: &Journal, good: Option<&Known>) -> Unfinished {
    let plan = journal.plan();
    let tries = journal.tries();
    let tried = tries != plan.tries;
    // Last-good is committed before the journal says so.
    let committed = matches!(good, Some(Known::Whole(good))
        if good.run_id == plan.run_id && good.release.version == plan.to.version);
    let step = match journal.state() {
        // A try that was counted may have begun to undeploy.
        State::Planned if plan.stateful && tried => Step::Quiescing,
        State::Planned => Step::Planned,
        State::Quiesced | State::Snapshotted => Step::Snapshotting,
        State::Deploying => Step::Deploying,
        State::Gating if committed => Step::Committing,
        State::Gating => Step::Gating,
        State::RollingBack | State::Restoring => Step::Restoring,
        State::Restored => Step::Redeploying,
        _ => Step::ReGating,
    };
    Unfinished {
        back_to: plan.from.as_ref().map(Release::id),
        to: plan.to.id(),
        step,
        touched: journal.needs_restore(),
        tries_left: if step.goes_back() {
            tries.back
        } else {
            tries.forward
        },
    }
}
