//! Who disturbs hosts in a run.

use std::path::PathBuf;
use std::time::Duration;

/// What hosts and other people learn about the run that disturbs; the same for all its fixtures.
#[derive(Clone, Debug)]
pub(super) struct Disturber {
    pub(super) run_id: String,
    pub(super) who: String,
    /// The claim file, as it is recorded.
    pub(super) claim: String,
    pub(super) claim_sha256: String,
    /// The whole path of the claim file.
    pub(super) claim_path: PathBuf,
    /// Where local commands run.
    pub(super) folder: PathBuf,
    /// Run ids of the programs that this one was started by.
    pub(super) inside: String,
    /// How long to wait for a host that somebody else disturbs.
    pub(super) patience: Duration,
}
