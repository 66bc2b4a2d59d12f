//! The transport: a master of the user's own OpenSSH, its channels and its forwards.

use std::time::Duration;

use super::super::fault::Fault;
use super::super::invocation::Invocation;
use super::super::options::ReachOptions;
use super::super::remote::{Dial, RemoteHost};
use super::super::transport::{BackgroundService, BoxFuture, Endpoint, Forward, Transport};
use super::destination::reproduce;
use super::forward;
use super::link::{Forwards, SshLink};
use super::master::Master;
use crate::observation::CommandObservation;

/// How long a server may take to open a channel, where the user allows no longer.
const CHANNEL: Duration = Duration::from_secs(20);

/// A host by its name in the claim file and its ssh destination.
pub(in crate::host) fn host(
    name: &str,
    destination: &str,
    options: ReachOptions,
) -> impl Transport + 'static {
    let patience = options.connect_timeout;
    let dial = SshDial {
        name: name.to_owned(),
        destination: destination.to_owned(),
        options,
    };
    SshHost(RemoteHost::new(name, dial, patience))
}

#[derive(Debug)]
struct SshHost(RemoteHost<SshDial>);

#[derive(Debug)]
struct SshDial {
    name: String,
    destination: String,
    options: ReachOptions,
}

impl Dial for SshDial {
    type Link = SshLink;

    async fn dial(&self) -> Result<SshLink, Fault> {
        Ok(SshLink {
            name: self.name.clone(),
            master: Master::connect(&self.name, &self.destination, &self.options).await?,
            forwards: Forwards::default(),
            patience: self.options.connect_timeout.max(CHANNEL),
        })
    }
}

impl Transport for SshHost {
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
        reproduce(&self.0.dialer().destination, line)
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

    fn forward<'a>(&'a self, endpoint: &'a Endpoint) -> BoxFuture<'a, Result<Forward, Fault>> {
        Box::pin(async {
            let connection = self.0.connection().await?;
            forward::open(self.0.name(), connection, endpoint).await
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.close())
    }
}
