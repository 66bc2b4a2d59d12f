//! What can speak against an app's health.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use kit::count::count_of;

/// What stands for no answer where a status is expected.
pub const NO_ANSWER: &str = "999";

/// Evidence against the app's health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", rename_all_fields = "snake_case")]
pub enum Against {
    #[error("no answer ({NO_ANSWER}): {cause}: {detail}")]
    NoAnswer { cause: String, detail: String },
    /// Something answered, and nobody can say what.
    #[error("an answer that cannot be read: {0}")]
    Broken(String),
    #[error("the status {0} does not count as healthy")]
    Status(u16),
    #[error("not every task runs from the deployed spec: {0}")]
    NotUpToDate(String),
    #[error("{}", count_of(*.0, "container of an older spec still exists", "containers of an older spec still exist"))]
    OldContainers(u32),
    #[error("the engine's update is still under way")]
    Updating,
    #[error("containers were restarted while it was asked")]
    Restarted,
    #[error("a running task's image is not the deployed one")]
    Digest,
    #[error("the probed port belongs to another container: {0}")]
    PortOwner(String),
    #[error("the body does not say who answered, and the owner of the probed port is not known")]
    OwnerUnknown,
    #[error("the body has nothing at {0}")]
    NotSaid(String),
    #[error("version {seen} answered, and {wanted} was deployed")]
    Version { wanted: String, seen: String },
    #[error("the process that answered started at `{seen}`, which is not between {after} and now")]
    Started { after: DateTime<Utc>, seen: String },
}
