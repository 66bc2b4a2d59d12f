//! What the integration suites share.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "shared by several suites, and only for tests"
)]

pub mod proxy;
pub mod sshd;
pub mod swarm;
