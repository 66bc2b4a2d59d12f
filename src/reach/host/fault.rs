//! Why something could not be checked.

use std::time::Duration;

use kit::git::GitError;

use crate::observation::{LeftProcess, left_processes};

/// Why something could not be checked. Never a FAIL, never a PASS. A `host` is the name in the
/// claim file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No connection to the host.
    #[error("host `{host}` is unreachable: {detail}")]
    Unreachable { host: String, detail: String },
    /// The host answered and did not let us in.
    #[error("host `{host}` refused the login: {detail}")]
    LoginRefused { host: String, detail: String },
    /// The host's key is unknown, or not the known one.
    #[error("the key of host `{host}` was not accepted: {detail}")]
    HostKey { host: String, detail: String },
    /// The connection was lost while something ran.
    #[error("the link to host `{host}` was lost: {detail}")]
    LinkLost { host: String, detail: String },
    /// The host does not let us do what the check needs (forwarding, a shell).
    #[error("host `{host}` does not allow it: {detail}")]
    NotAllowed { host: String, detail: String },
    /// A program the command needs is not there.
    #[error("tool missing: {detail}")]
    ToolMissing { detail: String },
    /// Somebody else than our runner wrote into our channel with the host, or into its files.
    #[error(
        "another process wrote into the channel to host `{host}`, so nothing that came over it counts: {detail}"
    )]
    Intruder { host: String, detail: String },
    /// The command ended, and processes of it that cannot be ended go on.
    #[error("it left behind what cannot be ended and still runs: {}", left_processes(.0))]
    Outlived(Vec<LeftProcess>),
    /// The deadline passed; the process tree was killed.
    #[error("timed out after {}{}", humantime::format_duration(*limit), still_running(stays))]
    Deadline {
        limit: Duration,
        /// What could not be killed.
        stays: Vec<LeftProcess>,
        /// What the command had printed until then (standard output, then error).
        output: String,
    },
    /// The command printed more than a host should have to store.
    #[error("printed more than {limit} bytes and was stopped")]
    Flood {
        /// The bound, in bytes.
        limit: u64,
    },
    /// Anything else on our side of the seam.
    #[error("{0}")]
    Other(String),
}

fn still_running(stays: &[LeftProcess]) -> String {
    match stays {
        [] => String::new(),
        stays => format!(
            "; this cannot be ended and still runs: {}",
            left_processes(stays)
        ),
    }
}

impl From<GitError> for Fault {
    fn from(error: GitError) -> Fault {
        match error {
            GitError::Missing => Fault::ToolMissing {
                detail: error.to_string(),
            },
            _ => Fault::Other(error.to_string()),
        }
    }
}
