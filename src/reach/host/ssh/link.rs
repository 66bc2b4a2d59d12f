//! A connection: the master, its channels and its forwards.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openssh::{Session, Stdio};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::super::fault::Fault;
use super::super::remote::{BOOTSTRAP, Link, NoChannel, Streams, chain};
use super::super::transport::Endpoint;
use super::master::Master;

/// The sockets of the forwards that are open, by endpoint.
pub(super) type Forwards = Mutex<HashMap<Endpoint, PathBuf>>;

/// One connection to a host.
#[derive(Debug)]
pub(super) struct SshLink {
    pub(super) name: String,
    pub(super) master: Master,
    pub(super) forwards: Forwards,
    /// How long the server may take to open a channel.
    pub(super) patience: Duration,
}

impl Link for SshLink {
    async fn channel(&self) -> Result<Streams, NoChannel> {
        let session = Arc::clone(&self.master.session);
        let mut command = Session::to_raw_command(session, BOOTSTRAP);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let patience = self.patience;
        let mut child = match timeout(patience, command.spawn()).await {
            Ok(Ok(child)) => child,
            Ok(Err(openssh::Error::Disconnected)) => {
                return Err(NoChannel::Gone("the master has ended".into()));
            }
            Ok(Err(error)) => return Err(NoChannel::Refused(chain(&error))),
            Err(_) => return Err(NoChannel::Gone(format!("no channel within {patience:?}"))),
        };
        let streams = (
            child.stdin().take(),
            child.stdout().take(),
            child.stderr().take(),
        );
        let (Some(stdin), Some(stdout), Some(stderr)) = streams else {
            return Err(NoChannel::Refused("the channel has no streams".into()));
        };
        Ok(Streams {
            stdin: Box::new(stdin),
            stdout: Box::new(stdout),
            stderr: Box::new(stderr),
            holder: Box::new(child),
        })
    }

    async fn stands(&self) -> bool {
        self.master.stands().await
    }

    async fn last_message(&self) -> String {
        self.master.last_message()
    }

    fn no_channel(&self, detail: &str) -> Fault {
        // The log has a line about it, which is not about a forward.
        let reason = self.master.newest_refusal().unwrap_or_default();
        Fault::NotAllowed {
            host: self.name.clone(),
            detail: format!("opening a session: {detail} {reason} (MaxSessions?)"),
        }
    }

    fn no_shell(&self, printed: &str) -> Fault {
        let printed = if printed.is_empty() {
            "nothing".to_owned()
        } else {
            format!("`{printed}`")
        };
        Fault::NotAllowed {
            host: self.name.clone(),
            detail: format!("running a shell; the login printed {printed}"),
        }
    }

    async fn close(&self) {
        self.master.close().await;
    }
}
