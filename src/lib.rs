//! Claims as code for milestone gates.
//!
//! Data flows one way, and each module knows only those before it:
//! [`claim`] (what is claimed) → [`run`] (order and effects) → [`host`] (where) and
//! [`probe`] (how to ask) → [`observation`] → [`expect`] (pure matching) →
//! [`outcome`] → [`record`] → [`report`]. [`audit`] holds what is written against itself and git.

pub mod attest;
pub mod audit;
pub mod claim;
mod digest;
pub mod expect;
pub mod gate;
pub mod git;
pub mod host;
pub mod load;
pub mod observation;
pub mod outcome;
pub mod probe;
pub mod reconcile;
pub mod record;
pub mod report;
pub mod role;
pub mod run;
pub mod shell;
pub mod stand_in;
pub mod undo;
pub mod watch;
