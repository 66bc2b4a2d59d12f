//! Where commands run: on this machine, or on a host over SSH. One seam, two transports.

pub mod guard;
mod local;
mod mark;
mod script;
mod ssh;

use kit::git::GitError;
use std::time::Duration;

use crate::observation::CommandObservation;

pub use local::LocalHost;
pub use script::step_shell;
pub use ssh::{Forward, SshHost, SshOptions, runner_script};

/// What to run: a shell line, or an argument vector that no shell reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// Given to `/bin/sh -c`.
    Shell(String),
    /// Program and arguments.
    Argv(Vec<String>),
}

/// What becomes of processes that the command leaves in its process group when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftovers {
    /// They are killed (checks).
    Kill,
    /// They stay (a fixture's `do:` may start something).
    Keep,
}

/// One command with all it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// What to run.
    pub script: Script,
    /// Shell variables set (not exported) before a [`Script::Shell`] runs: values reach the
    /// shell as data and are never part of its text.
    pub params: Vec<(String, String)>,
    /// Environment variables to set.
    pub env: Vec<(String, String)>,
    /// The folder to run in; the transport's own default without it.
    pub cwd: Option<String>,
    /// What the command reads on standard input; nothing (end of file) without it.
    pub stdin: Option<Vec<u8>>,
    /// After this the whole process tree is killed, by the host itself.
    pub deadline: Duration,
    /// At most so many bytes of each stream are kept; the rest is counted.
    pub output_limit: usize,
    /// What becomes of left-over processes.
    pub leftovers: Leftovers,
}

impl Invocation {
    /// A command with nothing around it: no parameters, variables, folder or input; what it
    /// leaves running is killed. Struct update syntax adds what is wanted.
    pub fn new(script: Script, deadline: Duration, output_limit: usize) -> Invocation {
        Invocation {
            script,
            params: Vec::new(),
            env: Vec::new(),
            cwd: None,
            stdin: None,
            deadline,
            output_limit,
            leftovers: Leftovers::Kill,
        }
    }
}

/// Why something could not be checked. Never a FAIL, never a PASS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No connection to the host.
    #[error("host `{host}` is unreachable: {detail}")]
    Unreachable {
        /// The host's name in the claim file.
        host: String,
        /// What ssh said.
        detail: String,
    },
    /// The host answered and did not let us in.
    #[error("host `{host}` refused the login: {detail}")]
    LoginRefused {
        /// The host's name in the claim file.
        host: String,
        /// What ssh said.
        detail: String,
    },
    /// The host's key is unknown, or not the known one.
    #[error("the key of host `{host}` was not accepted: {detail}")]
    HostKey {
        /// The host's name in the claim file.
        host: String,
        /// What ssh said.
        detail: String,
    },
    /// The connection was lost while something ran.
    #[error("the link to host `{host}` was lost: {detail}")]
    LinkLost {
        /// The host's name in the claim file.
        host: String,
        /// What was seen of it.
        detail: String,
    },
    /// The host does not let us do what the check needs (forwarding, a shell).
    #[error("host `{host}` does not allow it: {detail}")]
    NotAllowed {
        /// The host's name in the claim file.
        host: String,
        /// What is not allowed.
        detail: String,
    },
    /// A program the command needs is not there.
    #[error("tool missing: {detail}")]
    ToolMissing {
        /// What the shell said.
        detail: String,
    },
    /// The deadline passed; the process tree was killed.
    #[error("timed out after {}", humantime::format_duration(*limit))]
    Deadline {
        /// The deadline.
        limit: Duration,
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

/// A transport: this machine, or a host over SSH.
#[derive(Debug)]
pub enum Host {
    /// This machine.
    Local(LocalHost),
    /// A host over SSH.
    Ssh(SshHost),
}

/// A TCP endpoint as seen from a host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Name or address, resolved on the host.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Host {
    /// Runs one command to its end.
    ///
    /// # Errors
    /// A [`Fault`] when it could not be run or watched to its end. A command that ran and
    /// failed is an observation, not a fault.
    pub async fn run(&self, invocation: &Invocation) -> Result<CommandObservation, Fault> {
        match self {
            Host::Local(host) => host.run(invocation).await,
            Host::Ssh(host) => host.run(invocation).await,
        }
    }

    /// Starts a background service; its deadline is the longest it may live.
    ///
    /// # Errors
    /// A [`Fault`] when it could not be started.
    pub async fn start(&self, invocation: &Invocation) -> Result<Service, Fault> {
        match self {
            Host::Local(host) => host.start(invocation).await.map(Service::Local),
            Host::Ssh(host) => host.start(invocation).await.map(Service::Ssh),
        }
    }

    /// Forgets that it could not be reached. That is remembered, so that a host which is down is
    /// not tried once for every check; what has to be undone there is worth another try.
    pub async fn try_again(&self) {
        match self {
            Host::Local(_) => {}
            Host::Ssh(host) => host.try_again().await,
        }
    }

    /// Names what keeps our place on the host, for as long as it is the same; none when it is
    /// lost. Asks nobody.
    pub async fn session(&self) -> Option<String> {
        match self {
            Host::Local(_) => Some("here".to_owned()),
            Host::Ssh(host) => host.session().await,
        }
    }

    /// What the run leaves on this machine when it is killed is not ended before this folder is
    /// gone or says how its undoing ended: an undoing may need the run's own services.
    pub async fn spare_services_for(&self, folder: &str) {
        if let Host::Local(host) = self {
            host.spare_services_for(folder).await;
        }
    }

    /// Ends the connection and everything that still runs because of us.
    pub async fn close(&self) {
        match self {
            Host::Local(host) => host.close().await,
            Host::Ssh(host) => host.close().await,
        }
    }
}

/// A background service that was started on a host.
#[derive(Debug)]
pub enum Service {
    /// On this machine.
    Local(local::LocalService),
    /// On a host over SSH.
    Ssh(ssh::SshService),
}

impl Service {
    /// What it has printed on standard output so far (bounded).
    ///
    /// # Errors
    /// A [`Fault`] when the host cannot be asked.
    pub async fn stdout(&self) -> Result<Vec<u8>, Fault> {
        match self {
            Service::Local(service) => service.stdout().await,
            Service::Ssh(service) => service.stdout().await,
        }
    }

    /// How it ended, if it has ended by itself.
    ///
    /// # Errors
    /// A [`Fault`] when the host cannot be asked.
    pub async fn ended(&mut self) -> Result<Option<CommandObservation>, Fault> {
        match self {
            Service::Local(service) => service.ended().await,
            Service::Ssh(service) => service.ended().await,
        }
    }

    /// Kills it with its whole process tree and waits until it is gone.
    ///
    /// # Errors
    /// A [`Fault`] when that could not be seen.
    pub async fn stop(self) -> Result<(), Fault> {
        match self {
            Service::Local(service) => service.stop().await,
            Service::Ssh(service) => service.stop().await,
        }
    }
}
