//! What the engine says of the app, as plain data: the truth beside the probe.

use std::future::Future;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::engine::UpdateState;

/// What the engine says at one moment, over all services of the app's stack.
///
/// Taken together they are the fence: no answer counts before the deployed thing is the only
/// thing there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineFacts {
    /// Why not every service's wanted number of tasks runs, each from the spec that was deployed
    /// (compared by spec: `1/1` alone is also what stands there before an update has begun), in
    /// the engine's own words. `None` when all do.
    pub outstanding: Option<String>,
    /// Of these what will not come by itself, in the engine's words: no further start is tried.
    pub given_up: Option<String>,
    /// Containers of these services that come from any other spec and still exist, running or
    /// draining.
    pub old_containers: u32,
    /// The image digest of every running task is the deployed one.
    pub digests_match: bool,
    /// The other node of the swarm on which the app, or the proxy in front of it, has its port.
    /// `None`: it is asked on this machine.
    pub at: Option<IpAddr>,
    /// Whose container owns the port that is probed; `None` where it cannot be told.
    pub port_owner: Option<PortOwner>,
    /// The ids of the running containers of the current spec, sorted. That they change between
    /// two looks means that something was restarted in between. One-shot tasks are left out.
    pub containers: Vec<String>,
    /// The node of the swarm that is down, and for which the deploy waits.
    pub lost_node: Option<String>,
    /// The engine takes, or took, the update back because a task was lost with its node.
    pub taken_back_with_node: bool,
    /// Why the engine's word cannot be trusted (a restored port that leads to another service,
    /// an update that reads `completed` on tasks that fail), with what to do about it.
    pub poisoned: Option<String>,
    /// Why the proxy in front of the app cannot be relied on just now: its own update or
    /// rollback is under way. `None` for the proxy itself.
    pub proxy_unsettled: Option<String>,
    /// The engine's own word about the last update (the worst over the services).
    pub update_state: Option<UpdateState>,
    /// When that update began: one from before the intent says nothing about ours.
    pub update_started: Option<DateTime<Utc>>,
    /// The failed tasks of the current spec that the engine still remembers.
    pub restarts: Vec<FailedTask>,
    /// Since when the current spec's container runs; the oldest one, where there are several.
    pub running_since: Option<DateTime<Utc>>,
}

/// Whose container owns the probed port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PortOwner {
    /// A current task of the app itself.
    Own,
    /// A current task of the proxy through which the app is asked.
    Proxy,
    /// Somebody else, by name or container id.
    Other(String),
}

/// A task that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedTask {
    pub id: String,
    /// How long its container ran, in milliseconds; `None` when it never ran (no image, no
    /// network, no node), which says nothing about the app.
    pub lived_ms: Option<u64>,
    /// The status with which it exited by itself; `None` when the engine ended it.
    pub exit: Option<i64>,
}

/// Why there are no facts. Without facts there is no verdict on the app.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactsError {
    /// The engine does not answer.
    #[error("the engine is unreachable: {0}")]
    Unreachable(String),
    /// It did not answer in time.
    #[error("the engine did not answer within {0} ms")]
    Late(u64),
    /// It answered what makes no sense.
    #[error("the engine's answer makes no sense: {0}")]
    Senseless(String),
}

/// Facts, or why there are none.
pub type FactsSeen = Result<EngineFacts, FactsError>;

/// Somebody who can ask the engine.
pub trait Facts {
    /// Asks for the facts as they are now.
    fn facts(&self) -> impl Future<Output = FactsSeen> + Send;
}

impl EngineFacts {
    /// Facts under which every right answer counts; the base of `prove-gate` and of tests.
    pub fn settled() -> EngineFacts {
        EngineFacts {
            outstanding: None,
            given_up: None,
            old_containers: 0,
            digests_match: true,
            at: None,
            port_owner: Some(PortOwner::Own),
            containers: vec!["current".to_owned()],
            lost_node: None,
            taken_back_with_node: false,
            poisoned: None,
            proxy_unsettled: None,
            update_state: Some(UpdateState::Completed),
            update_started: None,
            restarts: Vec::new(),
            running_since: None,
        }
    }

    /// A short name for these facts: the first 12 digits of a SHA-256 of their JSON.
    pub fn digest(&self) -> String {
        // Plain data without maps with odd keys: it always serialises.
        let json = serde_json::to_vec(self).unwrap_or_default();
        kit::digest::sha256(json)[..12].to_owned()
    }
}
