//! The built `gateproof` on this machine's own processes, files, sockets and git: what needs no host.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot set its world up has failed"
)]

mod bad_input;
mod ci;
mod documents;
mod fixtures;
mod forms;
mod forms_of_hosts;
mod language;
mod records;
mod reference;
mod roles;
mod schema;
