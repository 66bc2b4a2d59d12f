//! What a run does.

use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use super::world::Step;
use crate::spec::ReleaseId;
use crate::spec::version::Version;

/// What a run does. Only the variants for which [`Plan::acts`] is true change anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "plan")]
pub enum Plan {
    /// On the newest version and healthy: no writes at all.
    Current {
        release: ReleaseId,
        /// What runs has another digest than the same version would have now (its tag moved, or
        /// its environment changed). Reported; deployed again only when asked to converge.
        drifted: bool,
    },
    /// Healthy and not recorded yet: only our own record is written.
    Adopt { release: ReleaseId },
    /// Goes on with what an earlier run began.
    Resume(Resume),
    /// Nothing is touched; a person decides.
    Hold {
        reason: Hold,
        /// The version that is held back, where there is one.
        held_back: Option<ReleaseId>,
        /// The running version is unhealthy, and is deployed again although the upgrade is held.
        redeploy: Option<ReleaseId>,
    },
    /// Nothing ran and nothing was recorded: the first deploy. Nothing to go back to.
    FirstDeploy { to: ReleaseId },
    /// Nothing runs, and the last-good version is known: it is deployed. An upgrade is for the
    /// next run.
    BringBack { to: ReleaseId },
    /// From one version to another, with a way back.
    Upgrade {
        from: ReleaseId,
        to: ReleaseId,
        /// The data is snapshotted first and restored on the way back.
        stateful: bool,
        /// What is gone back to when `to` fails; `None` where nothing is left that may be
        /// deployed. Of a stateful app only `from`, the version that the snapshot belongs to.
        back_to: Option<ReleaseId>,
        /// `from` is healthy and not recorded as last-good: that is recorded first.
        adopt: bool,
    },
    /// The version that should run is unhealthy: it is deployed again.
    Redeploy { release: ReleaseId },
    /// Back to an earlier version; of a stateful app with its snapshot.
    RollBack {
        from: Option<ReleaseId>,
        to: ReleaseId,
        /// Its snapshot is restored first.
        restore: bool,
    },
    /// Unhealthy, and nothing that may be tried. Nothing is touched.
    Degraded { why: Degraded },
    /// It cannot be said. Nothing is touched.
    Inconclusive { why: Undecided },
}

/// How an unfinished run goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "resume")]
pub enum Resume {
    /// Nothing was touched: close its journal and decide anew.
    Abandon,
    /// It was seen healthy: record that, close the journal, and decide anew. What has become of
    /// the app since is for that decision.
    Commit {
        /// What was seen healthy.
        to: ReleaseId,
    },
    /// The same step again, and on from there.
    Forward {
        /// What is gone back to.
        back_to: Option<ReleaseId>,
        to: ReleaseId,
        step: Step,
    },
    /// Back to what ran before.
    Back {
        to: ReleaseId,
        /// What is given up.
        given_up: ReleaseId,
        /// The snapshot is restored first: the new code may have touched the data.
        restore: bool,
        /// The step at which going back begins.
        step: Step,
    },
}

/// Why nothing is touched until a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hold {
    Major,
    ManualMigration,
    Quarantined,
    MinAge,
    Operator,
    Downgrade,
    /// Nobody has shown that the gate can fail, and the app file wants that.
    Unarmed,
    NoPrevious,
}

/// Why nothing can be tried any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Degraded {
    /// The journal cannot be read.
    StateUnreadable(String),
    /// What runs is unhealthy and quarantined, and there is nothing else.
    NothingToRollBackTo,
    /// Going back was tried as often as it may be.
    RollbackFailed,
    /// Unhealthy, and a person holds it.
    WhileHeld,
    /// This version ran on the data, and it is newer than any that could be deployed: old code on
    /// new data is never tried.
    DataTooNew(Version),
    /// No one version runs, and the only one that could be deployed is held.
    Held(Hold),
}

/// Why it cannot be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undecided {
    /// The engine does not answer.
    EngineUnreachable(String),
    /// The engine cannot be trusted.
    EnginePoisoned(String),
    /// The recipe has no version, and why.
    NoVersion(String),
    /// What runs is of no version that is known, and why.
    UnknownVersion(String),
    /// Whether what runs is healthy could not be decided, and why.
    Health(String),
}

impl Plan {
    /// Whether it changes anything on the engine.
    pub fn acts(&self) -> bool {
        match self {
            Plan::Current { .. }
            | Plan::Adopt { .. }
            | Plan::Degraded { .. }
            | Plan::Inconclusive { .. }
            | Plan::Resume(Resume::Abandon | Resume::Commit { .. }) => false,
            Plan::Hold { redeploy, .. } => redeploy.is_some(),
            Plan::Resume(_)
            | Plan::FirstDeploy { .. }
            | Plan::BringBack { .. }
            | Plan::Upgrade { .. }
            | Plan::Redeploy { .. }
            | Plan::RollBack { .. } => true,
        }
    }

    /// The release whose containers this plan starts, if any; a resume backwards names the one
    /// that is gone back to.
    pub fn deploys(&self) -> Option<&ReleaseId> {
        match self {
            Plan::FirstDeploy { to }
            | Plan::BringBack { to }
            | Plan::Upgrade { to, .. }
            | Plan::RollBack { to, .. }
            | Plan::Resume(Resume::Forward { to, .. } | Resume::Back { to, .. }) => Some(to),
            Plan::Redeploy { release } => Some(release),
            Plan::Hold { redeploy, .. } => redeploy.as_ref(),
            _ => None,
        }
    }

    /// The release before whose deploy the app is taken down, because its data is kept or given
    /// back meanwhile.
    pub fn takes_down_for(&self) -> Option<&ReleaseId> {
        match self {
            Plan::Upgrade {
                stateful: true,
                back_to: Some(_),
                to,
                ..
            }
            | Plan::RollBack {
                restore: true, to, ..
            } => Some(to),
            _ => None,
        }
    }

    /// How the run ends when all goes well.
    pub fn outcome(&self) -> Outcome {
        match self {
            Plan::Current { .. } => Outcome::NoopHealthy,
            Plan::Adopt { .. } => Outcome::Adopted,
            // What is decided anew after it says how that ends.
            Plan::Resume(Resume::Abandon | Resume::Commit { .. }) => Outcome::NoopHealthy,
            Plan::Resume(Resume::Forward { back_to: None, .. }) => Outcome::Deployed,
            Plan::Resume(Resume::Forward { .. }) | Plan::Upgrade { .. } => Outcome::Upgraded,
            Plan::Resume(Resume::Back { .. }) | Plan::RollBack { .. } => Outcome::RolledBack,
            Plan::Hold { reason, .. } => reason.outcome(),
            Plan::FirstDeploy { .. } => Outcome::Deployed,
            Plan::BringBack { .. } => Outcome::BroughtBack,
            Plan::Redeploy { .. } => Outcome::Redeployed,
            Plan::Degraded { why } => why.outcome(),
            Plan::Inconclusive { why } => why.outcome(),
        }
    }
}

impl Hold {
    /// The outcome of a run that holds for this.
    pub fn outcome(self) -> Outcome {
        match self {
            Hold::Major => Outcome::HeldMajor,
            Hold::ManualMigration => Outcome::HeldManualMigration,
            Hold::Quarantined => Outcome::HeldQuarantined,
            Hold::MinAge => Outcome::HeldMinAge,
            Hold::Operator => Outcome::HeldByOperator,
            Hold::Downgrade => Outcome::HeldDowngrade,
            Hold::Unarmed => Outcome::HeldUnarmed,
            Hold::NoPrevious => Outcome::HeldNoPrevious,
        }
    }
}

impl Degraded {
    fn outcome(&self) -> Outcome {
        match self {
            Degraded::StateUnreadable(_) => Outcome::StateUnreadable,
            Degraded::NothingToRollBackTo => Outcome::NothingToRollBackTo,
            Degraded::RollbackFailed => Outcome::RollbackFailed,
            Degraded::WhileHeld => Outcome::UnhealthyWhileHeld,
            Degraded::DataTooNew(_) => Outcome::DataTooNew,
            Degraded::Held(_) => Outcome::NothingToRollBackTo,
        }
    }
}

impl Undecided {
    fn outcome(&self) -> Outcome {
        match self {
            Undecided::EngineUnreachable(_) | Undecided::EnginePoisoned(_) => {
                Outcome::InconclusiveEngine
            }
            Undecided::NoVersion(_) | Undecided::UnknownVersion(_) => Outcome::InconclusiveVersion,
            Undecided::Health(_) => Outcome::InconclusiveGate,
        }
    }
}
