//! The health-gated deployer: deploy the newest version of one app, wait for a real answer from
//! the thing that was deployed, and commit it as last-good, or roll back and raise an alert.
//!
//! Data flows one way: [`spec`] (what is wanted) → inspect (what is) → decide (pure) → journal
//! → act (driver, snapshot) → gate (health) → commit or roll back → alert.

pub mod decide;
pub mod gate;
pub mod outcome;
pub mod probe_once;
pub mod prove_gate;
pub mod spec;
pub mod version;

pub use spec::AppSpec;
pub use version::Version;
