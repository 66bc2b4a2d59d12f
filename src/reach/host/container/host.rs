//! The transport: `docker exec`, with a runner in the container.

use std::time::Duration;

use super::super::fault::Fault;
use super::super::invocation::Invocation;
use super::super::remote::{BOOTSTRAP, Dial, Link, NoChannel, RemoteHost, Streams};
use super::super::transport::{
    BackgroundService, BoxFuture, Endpoint, Forward, InstanceIdentity, Transport,
};
use super::docker::{self, InspectedContainer};
use super::target::ContainerTarget;
use crate::observation::CommandObservation;

#[derive(Debug)]
pub(in crate::host) struct ContainerHost(RemoteHost<ContainerDial>);

#[derive(Debug)]
struct ContainerDial {
    name: String,
    target: ContainerTarget,
}

/// A container that ran when it was found. Everything goes to its id: another container that
/// takes its name later is not the same host.
#[derive(Debug)]
struct ContainerLink {
    name: String,
    container: InspectedContainer,
}

impl ContainerHost {
    pub(in crate::host) fn new(name: &str, target: ContainerTarget) -> ContainerHost {
        let dial = ContainerDial {
            name: name.to_owned(),
            target,
        };
        ContainerHost(RemoteHost::new(name, dial, Duration::ZERO))
    }
}

impl Dial for ContainerDial {
    type Link = ContainerLink;

    async fn dial(&self) -> Result<ContainerLink, Fault> {
        let container = docker::find(&self.name, &self.target).await?;
        if let Some(why) = container.not_running() {
            return Err(Fault::Unreachable {
                host: self.name.clone(),
                detail: format!("{}: {why}", self.target),
            });
        }
        Ok(ContainerLink {
            name: self.name.clone(),
            container,
        })
    }
}

impl ContainerLink {
    /// Why the container is not the running one any more, if so.
    async fn gone(&self) -> Option<String> {
        match docker::inspect(&self.name, &self.container.id).await {
            Ok(now) if now.identity() != self.container.identity() => {
                Some("the container was restarted".to_owned())
            }
            Ok(now) => now.not_running(),
            Err(fault) => Some(fault.to_string()),
        }
    }
}

impl Link for ContainerLink {
    async fn channel(&self) -> Result<Streams, NoChannel> {
        let mut child = docker::exec(&self.container.id, BOOTSTRAP)
            .map_err(|fault| NoChannel::Refused(fault.to_string()))?;
        let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = streams else {
            return Err(NoChannel::Refused("docker has no streams".to_owned()));
        };
        Ok(Streams {
            stdin: Box::new(stdin),
            stdout: Box::new(stdout),
            stderr: Box::new(stderr),
            holder: Box::new(child),
        })
    }

    async fn stands(&self) -> bool {
        self.gone().await.is_none()
    }

    async fn last_message(&self) -> String {
        self.gone().await.unwrap_or_default()
    }

    fn no_channel(&self, detail: &str) -> Fault {
        Fault::NotAllowed {
            host: self.name.clone(),
            detail: detail.to_owned(),
        }
    }

    fn no_shell(&self, printed: &str) -> Fault {
        docker::failure(&self.name, printed, "docker exec")
    }

    async fn close(&self) {}
}

impl Transport for ContainerHost {
    fn run<'a>(
        &'a self,
        invocation: &'a Invocation,
    ) -> BoxFuture<'a, Result<CommandObservation, Fault>> {
        Box::pin(self.0.run(invocation))
    }

    fn start<'a>(
        &'a self,
        invocation: &'a Invocation,
    ) -> BoxFuture<'a, Result<BackgroundService, Fault>> {
        Box::pin(self.0.start(invocation))
    }

    fn reproduce(&self, line: &str) -> String {
        self.0.dialer().target.reproduce(line)
    }

    fn try_again(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.try_again())
    }

    fn session(&self) -> BoxFuture<'_, Option<String>> {
        Box::pin(self.0.session())
    }

    fn leased(&self) -> BoxFuture<'_, Option<bool>> {
        Box::pin(self.0.leased())
    }

    /// Found anew: by then another container may have taken the name.
    fn identity(&self) -> BoxFuture<'_, Result<Option<InstanceIdentity>, Fault>> {
        Box::pin(async {
            let container = docker::find(self.0.name(), &self.0.dialer().target).await?;
            Ok(Some(container.identity()))
        })
    }

    fn forward<'a>(&'a self, _endpoint: &'a Endpoint) -> BoxFuture<'a, Result<Forward, Fault>> {
        Box::pin(async {
            Err(Fault::NotAllowed {
                host: self.0.name().to_owned(),
                detail: "an HTTP request cannot be sent from inside a container".to_owned(),
            })
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.close())
    }
}
