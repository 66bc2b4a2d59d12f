//! A host over SSH: the user's own OpenSSH, one connection, and a runner on it.

mod classify;
mod destination;
mod forward;
mod host;
mod link;
mod master;

pub(super) use host::host;
