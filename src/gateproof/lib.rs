//! Claims as code for milestone gates: running claim files, records of the runs, the state of
//! gates, the roles, and the documents. The language itself is the crate `claim`; where things
//! are asked is the crate `reach`.

pub mod attest;
pub mod audit;
pub mod cli;
pub mod dsse;
pub mod gate;
pub mod import;
pub mod record;
pub mod report;
pub mod role;
pub mod run;
pub mod secrets;
pub mod stand_in;
pub mod watch;
