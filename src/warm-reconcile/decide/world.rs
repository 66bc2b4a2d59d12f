//! All that a decision depends on, as plain data.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::spec::ReleaseId;
use crate::spec::version::Version;

/// What is, at one moment. Everything a decision depends on is in here, and nothing that
/// changes by itself with time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct World {
    pub app: String,
    /// Whether its data has to be kept with its version.
    pub stateful: bool,
    /// What is asked for.
    pub ask: Ask,
    /// The newest version there is, pre-releases as the spec says.
    pub newest: Option<Newest>,
    /// Why there is no newest version; empty where there is one.
    pub no_version: String,
    /// What runs, as the engine tells it.
    pub running: Option<Running>,
    /// The last version that was seen healthy.
    pub last_good: Option<ReleaseId>,
    /// The one before it that `rollback` can go back to; of a stateful app only the one whose data
    /// is in the snapshot that last-good names, and only while last-good is what runs.
    pub previous: Option<ReleaseId>,
    /// Of a stateful app: the newest release that ever ran on the data as it now lies on the
    /// volumes, by our own record; `None` where there is no data, or no record.
    pub data: Option<ReleaseId>,
    /// Of a stateful app: a restore was begun on the volumes and never came to its end, so that
    /// what lies there is no version's data.
    #[serde(default)]
    pub torn: bool,
    /// What an earlier run left.
    pub journal: Journal,
    /// The app file wants a gate that was shown to be able to fail, and there is no such proof of
    /// the gate as it is configured.
    #[serde(default)]
    pub unarmed: bool,
    /// What runs became last-good less than the bake time ago.
    #[serde(default)]
    pub baking: bool,
    /// What of the services is other than it was deployed, in words.
    #[serde(default)]
    pub drift: Vec<String>,
    /// The version that a person pinned the app to; then it is [`World::newest`].
    #[serde(default)]
    pub pinned: Option<String>,
    /// A person's word that this app is not to be touched.
    pub held: Option<String>,
    /// The digests that failed here and are not tried again.
    pub quarantined: BTreeSet<String>,
    /// The versions whose holds a person has acknowledged.
    pub acknowledged: BTreeSet<String>,
    /// Whether the engine can be asked and believed.
    pub engine: Engine,
}

impl World {
    /// Whether something runs whose version is not known.
    pub fn has_unknown_version(&self) -> bool {
        let running = self.running.as_ref().map(|running| &running.runs);
        matches!(running, Some(Runs::Unknown(_)))
    }
}

/// What a run is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// The newest version, healthy (`run`).
    Run,
    /// The same, and a running version whose digest has changed is deployed again.
    Converge,
    /// The version before this one (`rollback`).
    RollBack,
}

/// The newest version, and what its release notes and its age say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newest {
    /// The version and its digest.
    pub release: ReleaseId,
    /// The notes of it, or of a version skipped on the way, ask for a migration by hand.
    pub manual_migration: bool,
    /// It is younger than the spec allows.
    pub too_young: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    pub runs: Runs,
    /// Whether it is healthy; `None` when that could not be decided.
    pub healthy: Option<bool>,
    /// Why that could not be decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

/// Which version runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runs {
    /// This one, in every service.
    One(ReleaseId),
    /// Services of different versions, by the services' names: the engine or a person took one of
    /// them back or forward. That is never what was deployed, and never healthy.
    Mixed(BTreeMap<String, Version>),
    /// None that can be read, and why.
    Unknown(String),
}

impl Running {
    /// The one release that runs.
    pub fn release(&self) -> Option<&ReleaseId> {
        match &self.runs {
            Runs::One(release) => Some(release),
            Runs::Mixed(_) | Runs::Unknown(_) => None,
        }
    }
}

/// Whether the engine can be asked and believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    Ok,
    /// It does not answer.
    Unreachable(String),
    /// It answers, and what it says cannot be true.
    Poisoned(String),
}

/// What an earlier run left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Journal {
    Clean,
    /// It cannot be read: what was under way is unknown.
    Unreadable(String),
    /// A run that did not end.
    Unfinished(Box<Unfinished>),
}

/// A run that did not end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// What is gone back to when it fails; of a first deploy none.
    pub back_to: Option<ReleaseId>,
    /// What it was to deploy.
    pub to: ReleaseId,
    /// How far it came: the last step whose intent was written.
    pub step: Step,
    /// The new code may have touched the data, so that only the snapshot fits the old one. Set
    /// with the intent of [`Step::Deploying`] and kept on the way back: the step alone does not
    /// tell there, and a snapshot that was never taken cannot be restored.
    pub touched: bool,
    /// How often the step's direction may still be tried: counted down before each try.
    pub tries_left: u32,
}

/// The steps, in their order. An intent is written before its step acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Decided; nothing was touched.
    Planned,
    /// Undeploying, until no container is left (stateful).
    Quiescing,
    /// Taking the snapshot (stateful).
    Snapshotting,
    /// Deploying `to`: from here on its code may have touched the data.
    Deploying,
    /// Waiting for `to` to be healthy.
    Gating,
    /// `to` is healthy, and is being recorded as last-good.
    Committing,
    /// Going back: undeploying `to` (stateful) and restoring the snapshot.
    Restoring,
    /// Going back: deploying what ran before.
    Redeploying,
    /// Going back: waiting for that to be healthy.
    ReGating,
}

impl Step {
    /// All steps in order.
    pub const ALL: [Step; 9] = [
        Step::Planned,
        Step::Quiescing,
        Step::Snapshotting,
        Step::Deploying,
        Step::Gating,
        Step::Committing,
        Step::Restoring,
        Step::Redeploying,
        Step::ReGating,
    ];

    /// Whether this step already goes back.
    pub fn goes_back(self) -> bool {
        self >= Step::Restoring
    }
}
