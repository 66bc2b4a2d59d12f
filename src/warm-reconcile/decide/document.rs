//! A plan on paper: what would be done, and all that this was based on.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Plan, World, decide};
use crate::decide::outcome::Outcome;
use kit::digest;

/// The version of this document's form.
const SCHEMA: u32 = 2;

/// What `plan` prints and `run --plan FILE` reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanDocument {
    /// The version of this document's form.
    pub schema: u32,
    /// When it was made.
    pub made: DateTime<Utc>,
    /// What would be done.
    pub plan: Plan,
    /// How it would end, if all goes well.
    pub outcome: Outcome,
    /// All that it is based on.
    pub world: World,
    /// `sha256:…` over that.
    pub digest: String,
    /// What it does to the data of a stateful app, as it was measured when the plan was made. For
    /// the reader: when it is carried out, it is looked at again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataSteps>,
    /// What a run would find in the way before it touches anything, as it was when the plan was
    /// made; `None`: nothing, or the plan changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreseen: Option<Foreseen>,
}

/// What would hold a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Foreseen {
    /// How it would end.
    pub outcome: Outcome,
    pub why: Vec<String>,
}

/// What becomes of the data of a stateful app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSteps {
    /// In their order, in words.
    pub steps: Vec<String>,
    /// The volumes, each with about how many bytes its files hold.
    pub volumes: BTreeMap<String, Option<u64>>,
    /// About how many bytes have to be free for the snapshot.
    pub needed: Option<u64>,
    /// How many are, where snapshots are kept.
    pub free: Option<u64>,
    /// What the app writes to and no snapshot holds.
    pub not_kept: Vec<String>,
    /// Why it could not be carried out now.
    pub in_the_way: Vec<String>,
    /// How long the app would be down, by the last upgrade; `None` before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downtime: Option<Downtime>,
    /// Of a rollback: what was written in so many seconds would be given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up_s: Option<u64>,
}

/// How long an app is down, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Downtime {
    /// Until no container uses the volumes.
    pub undeploy_ms: u64,
    pub snapshot_ms: u64,
    /// From the deploy until it is healthy.
    pub start_ms: u64,
}

impl Downtime {
    pub fn total_ms(&self) -> u64 {
        self.undeploy_ms + self.snapshot_ms + self.start_ms
    }
}

/// Why a plan is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Moved {
    /// The document is of another version of this program.
    #[error("the plan's form is {0}, and this program knows {SCHEMA}")]
    Schema(u32),
    /// It does not fit itself: somebody changed it, or another version of this program decided.
    #[error("the plan does not follow from what it says it is based on; make a new one")]
    Altered,
    #[error("the world has moved since the plan was made: {}", .0.join(", "))]
    World(Vec<String>),
}

impl PlanDocument {
    /// The plan for a world.
    pub fn new(world: World, made: DateTime<Utc>) -> PlanDocument {
        let plan = decide(&world);
        PlanDocument {
            schema: SCHEMA,
            made,
            outcome: plan.outcome(),
            plan,
            digest: digest(&world),
            world,
            data: None,
            foreseen: None,
        }
    }

    /// Whether it may still be carried out in the world as it is now.
    ///
    /// # Errors
    /// See [`Moved`]; names the parts of the world that differ.
    pub fn check(&self, now: &World) -> Result<&Plan, Moved> {
        if self.schema != SCHEMA {
            return Err(Moved::Schema(self.schema));
        }
        if digest(&self.world) != self.digest || decide(&self.world) != self.plan {
            return Err(Moved::Altered);
        }
        if digest(now) == self.digest {
            return Ok(&self.plan);
        }
        Err(Moved::World(differences(&self.world, now)))
    }
}

/// Sets are sorted and fields have their order, so equal worlds have equal texts.
fn digest(world: &World) -> String {
    let json = serde_json::to_vec(world).unwrap_or_default();
    format!("sha256:{}", digest::sha256(json))
}

fn differences(then: &World, now: &World) -> Vec<String> {
    let fields = |world| match serde_json::to_value(world) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (then, now) = (fields(then), fields(now));
    let differ = then
        .iter()
        .filter(|(name, value)| now.get(*name) != Some(value));
    differ.map(|(name, _)| name.clone()).collect()
}
