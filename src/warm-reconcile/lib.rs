//! The health-gated deployer: deploy the newest version of one app, wait for a real answer from
//! the thing that was deployed, and commit it as last-good, or roll back and raise an alert.
//!
//! Data flows one way: [`spec`] (what is wanted) → inspect (what is) → decide (pure) → journal
//! → act (driver, snapshot) → gate (health) → commit or roll back → alert.

pub mod alert;
pub mod app_file;
pub mod audit;
pub mod cli;
pub mod data;
pub mod decide;
pub mod driver;
pub mod engine;
pub mod facts;
pub mod gate;
pub mod history;
pub mod hold;
pub mod holds;
pub mod journal;
pub mod last_good;
pub mod layout;
pub mod lock;
pub mod machine;
pub mod metrics;
pub mod notify;
pub mod order;
pub mod outcome;
pub mod owner;
pub mod probe_once;
pub mod prove_gate;
pub mod quarantine;
pub mod recipe;
pub mod relay;
pub mod snapshot;
pub mod spec;
pub mod state_file;
pub mod version;
pub mod world;

pub use spec::AppSpec;
pub use version::Version;
