//! Records and documents against real files, real processes and the reference's own documents.
//! Golden files stand under `checks/fixtures/documents/`; `UPDATE_GOLDEN=1` rewrites them.

mod golden;
mod imported;
mod processes;
mod seeds;
