//! A host over SSH.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Endpoint, Fault, Invocation};
use crate::observation::CommandObservation;

/// A host over SSH. Connects when it is first used; a failed connection is remembered, so
/// that a host that is down costs one connect timeout and not one per check.
#[derive(Debug)]
pub struct SshHost;

/// How to reach hosts; everything else is the user's own OpenSSH configuration.
#[derive(Clone, Debug)]
pub struct SshOptions {
    /// Another configuration file than the user's own (`ssh -F`).
    pub config_file: Option<PathBuf>,
    /// Connect timeout, unless the configuration says less.
    pub connect_timeout: Duration,
}

/// A local socket whose connections come out on the host and go on to an endpoint there.
#[derive(Debug)]
pub struct Forward;

/// A background service on a host.
#[derive(Debug)]
pub struct SshService;

impl SshHost {
    /// A host by its name in the claim file and its ssh destination.
    pub fn new(name: &str, destination: &str, options: SshOptions) -> Self {
        let _ = (name, destination, options);
        SshHost
    }

    /// Opens (or reuses) a forward to an endpoint as the host sees it.
    ///
    /// # Errors
    /// A [`Fault`] when the host cannot be reached or forbids forwarding.
    pub async fn forward(&self, _: &Endpoint) -> Result<Forward, Fault> {
        Err(Fault::Other("stub".into()))
    }
    pub(super) async fn run(&self, _: &Invocation) -> Result<CommandObservation, Fault> {
        Err(Fault::Other("stub".into()))
    }
    pub(super) async fn start(&self, _: &Invocation) -> Result<SshService, Fault> {
        Err(Fault::Other("stub".into()))
    }
    pub(super) async fn close(&self) {}
}

impl Forward {
    /// The Unix socket to connect to.
    pub fn socket(&self) -> &Path {
        Path::new("")
    }

    /// What the host's sshd said about connections that could not be opened since the last
    /// call, newest last: `Connection refused`, `Name or service not known` …
    ///
    /// # Errors
    /// [`Fault::LinkLost`] when the connection to the host is gone: then the end of a forwarded
    /// connection says nothing about the endpoint.
    pub async fn refusal(&self) -> Result<Option<String>, Fault> {
        Err(Fault::Other("stub".into()))
    }
}

impl SshService {
    pub(super) async fn stdout(&self) -> Result<Vec<u8>, Fault> {
        Err(Fault::Other("stub".into()))
    }
    pub(super) async fn ended(&mut self) -> Result<Option<CommandObservation>, Fault> {
        Err(Fault::Other("stub".into()))
    }
    pub(super) async fn stop(self) -> Result<(), Fault> {
        Err(Fault::Other("stub".into()))
    }
}
