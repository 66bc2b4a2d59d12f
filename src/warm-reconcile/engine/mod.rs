//! What runs, as the Docker engine itself says: a small client of its API over its unix socket,
//! one consistent view of a stack, and what that view means.
//!
//! The client reads; the deploy tools write (`driver`). Nothing here believes a tool's exit code.

mod assemble;
mod client;
mod judge;
mod logs;
mod place;
mod resources;
mod transport;
mod view;
mod wire;

#[cfg(test)]
mod recorded_tests;

pub use client::{Engine, EngineVersion, Info};
pub use judge::{
    ServiceVersions, Settled, current_version, digests, given_up, no_health_check, poisoned,
    rolled_back_by_engine, service_versions, settled, unchecked,
};
pub use place::{is_taken_back_for_a_lost_node, waits_for_node};
pub use resources::{External, Image, InRegistry, Network, Node, Volume, is_check};
pub use view::{
    Container, ContainerState, Desired, Health, Mount, OtherNode, Port, PortMode, Service,
    StackView, Task, TaskState, Update, UpdateState, volume_users,
};

use std::time::Duration;

/// Why the engine could not be asked. None of these says anything about the app.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// No connection, or it was lost before an answer came: is the engine running?
    #[error("the Docker engine at {socket} is unreachable: {detail}")]
    Unreachable { socket: String, detail: String },
    /// The deadline of one call passed.
    #[error("the Docker engine did not answer `{what}` within {}", humantime::format_duration(*limit))]
    Timeout { what: String, limit: Duration },
    /// The engine answered with an error.
    #[error("the Docker engine refused `{what}` with {status}: {message}")]
    Refused {
        what: String,
        status: u16,
        /// The engine's own words.
        message: String,
    },
    /// The answer is none of the engine's: cut off, no HTTP, no JSON, or of another shape.
    #[error("the Docker engine's answer to `{what}` cannot be read: {detail}")]
    Malformed {
        what: String,
        /// What is wrong with the answer.
        detail: String,
    },
}

impl EngineError {
    /// Whether the engine says that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, EngineError::Refused { status: 404, .. })
    }

    /// Whether the engine says that it does not speak the API version it was asked in
    /// (moby `api/server/middleware/version.go`: "client version 1.41 is too old", or too new).
    pub(super) fn is_other_version(&self) -> bool {
        matches!(self, EngineError::Refused { status: 400, message, .. }
            if message.contains("client version"))
    }
}
