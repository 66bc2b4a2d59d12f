//! How hosts are reached.

use std::path::PathBuf;
use std::time::Duration;

/// What the caller decides about reaching hosts; everything else is the user's own configuration.
#[derive(Clone, Debug)]
pub struct ReachOptions {
    /// Another ssh configuration than the user's own (`ssh -F`).
    pub ssh_config: Option<PathBuf>,
    /// The connect timeout, unless the configuration sets a shorter one.
    pub connect_timeout: Duration,
}
