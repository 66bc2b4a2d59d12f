//! The states of a run, and what leads from one to the next. Pure.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How far a run has come. A state is written *before* what may happen in it happens, so after
/// a crash everything up to "known" is done, and "under way" may be done, half done or not begun.
///
/// | state | known to be done | may be under way |
/// |---|---|---|
/// | `Planned` | nothing was touched | undeploying (stateful) |
/// | `Quiesced` | no container uses the volumes | taking the snapshot |
/// | `Snapshotted` | the snapshot is on the disk | nothing |
/// | `Deploying` | | deploying the new version: from here on its data is suspect |
/// | `Gating` | the deploy command returned | asking for health; committing last-good |
/// | `RollingBack` | the new version is given up | undeploying it (stateful) |
/// | `Restoring` | no container uses the volumes | restoring the snapshot: the data is torn |
/// | `Restored` | the data is that of last-good | deploying last-good |
/// | `ReGating` | last-good was deployed | asking for its health |
/// | the others | the run is over | nothing |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Planned,
    Quiesced,
    Snapshotted,
    Deploying,
    Gating,
    RollingBack,
    Restoring,
    Restored,
    ReGating,
    /// End: healthy on the new version, which is last-good now.
    Committed,
    /// End: healthy on last-good again.
    RolledBack,
    /// End: neither version was seen healthy. Loud.
    Degraded,
    /// End: nothing was touched, because somebody must look first.
    Held,
    /// End: health could not be decided; nothing was rolled back.
    Inconclusive,
}

/// What was seen or done, and leads to the next state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Something forbids the run before anything was touched.
    Hold,
    /// The last container that used the volumes is gone.
    Undeployed,
    /// The snapshot is on the disk.
    SnapshotTaken,
    /// The deploy is about to begin.
    DeployStarted,
    /// The deploy command came to its end, whatever its exit code says.
    Deployed,
    Healthy,
    Unhealthy,
    /// The gate's verdict, or an engine that cannot be believed.
    Undecidable,
    /// A step forward failed for good, or its tries are used up.
    Failed,
    /// A rollback was asked for by hand.
    RollBackAsked,
    /// Failed, and there is no last-good, or last-good is what failed.
    NoWayBack,
    /// The volumes are those of last-good again (nothing to do for a stateless app, or when the
    /// new version was never started).
    Restored,
    /// The deploy of last-good came to its end.
    Redeployed,
    /// A step back failed for good, or its tries are used up.
    RollbackFailed,
}

/// The direction of a state: tries are counted for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Towards the new version.
    Forward,
    Back,
}

/// An event that makes no sense in a state. A bug of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{event:?} cannot happen in the state {state:?}")]
pub struct Refused {
    pub state: State,
    pub event: Event,
}

impl State {
    pub const ALL: [State; 14] = [
        State::Planned,
        State::Quiesced,
        State::Snapshotted,
        State::Deploying,
        State::Gating,
        State::RollingBack,
        State::Restoring,
        State::Restored,
        State::ReGating,
        State::Committed,
        State::RolledBack,
        State::Degraded,
        State::Held,
        State::Inconclusive,
    ];

    /// Whether the run is over.
    pub fn is_end(self) -> bool {
        self.direction().is_none()
    }

    /// Where a run in this state is going; `None` when it is over.
    pub fn direction(self) -> Option<Direction> {
        use State::*;
        match self {
            Planned | Quiesced | Snapshotted | Deploying | Gating => Some(Direction::Forward),
            RollingBack | Restoring | Restored | ReGating => Some(Direction::Back),
            Committed | RolledBack | Degraded | Held | Inconclusive => None,
        }
    }
}

impl Event {
    pub const ALL: [Event; 14] = [
        Event::Hold,
        Event::Undeployed,
        Event::SnapshotTaken,
        Event::DeployStarted,
        Event::Deployed,
        Event::Healthy,
        Event::Unhealthy,
        Event::Undecidable,
        Event::Failed,
        Event::RollBackAsked,
        Event::NoWayBack,
        Event::Restored,
        Event::Redeployed,
        Event::RollbackFailed,
    ];

    /// Whether it tells of work that was done, which needs a try that was counted before.
    /// Giving up never needs one.
    pub fn is_progress(self) -> bool {
        use Event::*;
        match self {
            Undeployed | SnapshotTaken | DeployStarted | Deployed | Healthy | Restored
            | Redeployed => true,
            Hold | Unhealthy | Undecidable | Failed | RollBackAsked | NoWayBack
            | RollbackFailed => false,
        }
    }
}

/// The state after an event.
///
/// # Errors
/// [`Refused`] for every pair that is not in the design; no event leads out of an end.
pub fn next(state: State, event: Event) -> Result<State, Refused> {
    use Event as E;
    use State as S;
    Ok(match (state, event) {
        (S::Planned, E::Hold) => S::Held,
        (S::Planned, E::Undecidable) => S::Inconclusive,
        (S::Planned, E::Undeployed) => S::Quiesced,
        // A stateless app is deployed in place.
        (S::Planned | S::Snapshotted, E::DeployStarted) => S::Deploying,
        (S::Planned, E::RollBackAsked) => S::RollingBack,
        (S::Quiesced, E::SnapshotTaken) => S::Snapshotted,
        (S::Deploying, E::Deployed) => S::Gating,
        (S::Gating, E::Healthy) => S::Committed,
        (S::Gating, E::Unhealthy) => S::RollingBack,
        (S::Deploying | S::Gating, E::Undecidable) => S::Inconclusive,
        (S::Planned | S::Quiesced | S::Snapshotted | S::Deploying | S::Gating, E::Failed) => {
            S::RollingBack
        }
        (S::Planned | S::Quiesced | S::Snapshotted | S::Deploying | S::Gating, E::NoWayBack) => {
            S::Degraded
        }
        (S::RollingBack, E::Undeployed) => S::Restoring,
        (S::RollingBack | S::Restoring, E::Restored) => S::Restored,
        (S::Restored, E::Redeployed) => S::ReGating,
        (S::ReGating, E::Healthy) => S::RolledBack,
        // Not seen healthy after a rollback is degraded, also when it could not be decided.
        (S::ReGating, E::Unhealthy | E::Undecidable) => S::Degraded,
        (S::RollingBack | S::Restoring | S::Restored | S::ReGating, E::RollbackFailed) => {
            S::Degraded
        }
        (state, event) => return Err(Refused { state, event }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every transition that is allowed, written a second time by hand; the rest is refused.
    const DESIGN: &str = "
        Planned: Hold>Held Undecidable>Inconclusive Undeployed>Quiesced DeployStarted>Deploying RollBackAsked>RollingBack Failed>RollingBack NoWayBack>Degraded
        Quiesced: SnapshotTaken>Snapshotted Failed>RollingBack NoWayBack>Degraded
        Snapshotted: DeployStarted>Deploying Failed>RollingBack NoWayBack>Degraded
        Deploying: Deployed>Gating Undecidable>Inconclusive Failed>RollingBack NoWayBack>Degraded
        Gating: Healthy>Committed Unhealthy>RollingBack Undecidable>Inconclusive Failed>RollingBack NoWayBack>Degraded
        RollingBack: Undeployed>Restoring Restored>Restored RollbackFailed>Degraded
        Restoring: Restored>Restored RollbackFailed>Degraded
        Restored: Redeployed>ReGating RollbackFailed>Degraded
        ReGating: Healthy>RolledBack Unhealthy>Degraded Undecidable>Degraded RollbackFailed>Degraded";

    #[test]
    fn exactly_the_designed_transitions_exist() {
        let designed: BTreeSet<String> = DESIGN
            .lines()
            .filter_map(|line| line.trim().split_once(": "))
            .flat_map(|(from, rest)| rest.split(' ').map(move |step| format!("{from} {step}")))
            .collect();
        let mut real = BTreeSet::new();
        for state in State::ALL {
            for event in Event::ALL {
                match next(state, event) {
                    Ok(to) => {
                        real.insert(format!("{state:?} {event:?}>{to:?}"));
                    }
                    Err(refused) => assert_eq!(refused, Refused { state, event }),
                }
            }
        }
        assert_eq!(real, designed);
    }

    #[test]
    fn every_state_can_be_reached_and_every_run_can_end() {
        let from = |state: State| {
            Event::ALL
                .into_iter()
                .filter_map(move |event| next(state, event).ok())
        };
        let mut reached = vec![State::Planned];
        let mut at = 0;
        while let Some(&state) = reached.get(at) {
            for to in from(state) {
                if !reached.contains(&to) {
                    reached.push(to);
                }
            }
            at += 1;
        }
        assert_eq!(reached.len(), State::ALL.len());
        for state in State::ALL {
            // It can be given up at once, so that nothing can hang for ever.
            let gives_up = from(state).any(|to| to == State::Degraded);
            assert_eq!(gives_up, !state.is_end(), "{state:?}");
        }
    }

    #[test]
    fn committed_needs_a_healthy_gate_and_nothing_leads_from_back_to_forward() {
        for state in State::ALL {
            for event in Event::ALL {
                let Ok(to) = next(state, event) else { continue };
                if to == State::Committed {
                    assert_eq!((state, event), (State::Gating, Event::Healthy));
                }
                if to == State::RolledBack {
                    assert_eq!((state, event), (State::ReGating, Event::Healthy));
                }
                if state.direction() == Some(Direction::Back) {
                    assert_ne!(to.direction(), Some(Direction::Forward));
                    assert_ne!(to, State::Committed);
                }
            }
        }
    }
}
