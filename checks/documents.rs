//! Records and documents against real files, real processes and the reference's own documents.
//! Golden files stand under `checks/fixtures/documents/`; `UPDATE_GOLDEN=1` rewrites them.

#![allow(clippy::unwrap_used, reason = "this is a test program")]

#[path = "documents/golden.rs"]
mod golden;
#[path = "documents/processes.rs"]
mod processes;
#[path = "documents/seeds.rs"]
mod seeds;
