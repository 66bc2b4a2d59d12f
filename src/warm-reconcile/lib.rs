//! The health-gated deployer: deploys the newest version of one app, waits for a real answer
//! from the thing that was deployed, and commits it as last-good, or rolls back and raises an
//! alert.
//!
//! Data flows one way: [`spec`] and [`recipe`] (what should run) → [`inspect`] (what is) →
//! [`decide`] (pure) → [`state`] (the journal) → [`machine`] (deploy, snapshot) → [`health`] →
//! commit or roll back → [`report`].

pub mod cli;
pub mod decide;
pub mod deploy;
pub mod engine;
pub mod health;
pub mod inspect;
pub mod machine;
pub mod order;
pub mod recipe;
pub mod report;
pub mod snapshot;
pub mod spec;
pub mod state;

pub use spec::AppSpec;
pub use spec::version::Version;
