//! Where and how things are asked: commands on this machine and over SSH, HTTP probes, and the
//! undoings and leases that are kept on hosts. What comes back is an [`observation`].

pub mod host;
pub mod observation;
pub mod probe;
pub mod undo;
