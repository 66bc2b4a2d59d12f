//! The seam between what is asked and how it gets there: what every transport can do.

use std::fmt::Debug;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use super::fault::Fault;
use super::invocation::Invocation;
use crate::observation::CommandObservation;

/// A boxed future: its body is compiled once, in this crate, and not in each caller again.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A way to run commands somewhere. A new one is a folder beside this file and a variant of
/// [`Address`](super::Address).
pub(super) trait Transport: Debug + Send + Sync {
    /// Runs one command to its end.
    fn run<'a>(
        &'a self,
        invocation: &'a Invocation,
    ) -> BoxFuture<'a, Result<CommandObservation, Fault>>;

    /// Starts a background service; its deadline is the longest it may live.
    fn start<'a>(
        &'a self,
        invocation: &'a Invocation,
    ) -> BoxFuture<'a, Result<BackgroundService, Fault>>;

    /// See [`Host::reproduce`].
    fn reproduce(&self, line: &str) -> String;

    /// Ends the connection and everything that still runs because of us.
    fn close(&self) -> BoxFuture<'_, ()>;

    /// See [`Host::is_local`].
    fn is_local(&self) -> bool {
        false
    }

    /// See [`Host::state`].
    fn state(&self) -> Option<&Path> {
        None
    }

    /// See [`Host::try_again`].
    fn try_again(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    /// See [`Host::session`].
    fn session(&self) -> BoxFuture<'_, Option<String>>;

    /// See [`Host::leased`].
    fn leased(&self) -> BoxFuture<'_, Option<bool>> {
        Box::pin(async { None })
    }

    /// See [`Host::spare_services_for`].
    fn spare_services_for<'a>(&'a self, _folder: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    /// See [`Host::identity`].
    fn identity(&self) -> BoxFuture<'_, Result<Option<InstanceIdentity>, Fault>> {
        Box::pin(async { Ok(None) })
    }

    /// See [`Host::forward`].
    fn forward<'a>(&'a self, endpoint: &'a Endpoint) -> BoxFuture<'a, Result<Forward, Fault>>;
}

/// A background service, as its transport looks after it. See [`BackgroundService`].
pub(super) trait Background: Debug + Send + Sync {
    fn stdout(&self) -> BoxFuture<'_, Result<Vec<u8>, Fault>>;
    fn ended(&mut self) -> BoxFuture<'_, Result<Option<CommandObservation>, Fault>>;
    fn stop(self: Box<Self>) -> BoxFuture<'static, Result<(), Fault>>;
}

/// Why a forwarded connection could not be opened, as its transport knows. See [`Forward`].
pub(super) trait Refusals: Debug + Send + Sync {
    fn refusal(&self) -> BoxFuture<'_, Result<Option<String>, Fault>>;
}

/// What stands for boot and revision of a host that has its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceIdentity {
    /// Changes whenever what runs there was started anew.
    pub boot: String,
    /// What runs there.
    pub revision: String,
}

/// A TCP endpoint as a host sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// A name or address, resolved on the host.
    pub host: String,
    pub port: u16,
}

/// Somewhere to run commands: this machine, or a host.
#[derive(Debug)]
pub struct Host(Box<dyn Transport>);

impl Host {
    pub(super) fn over(transport: impl Transport + 'static) -> Host {
        Host(Box::new(transport))
    }

    /// Runs one command to its end.
    ///
    /// # Errors
    /// A [`Fault`] when it could not be run or watched to its end. A command that ran and
    /// failed is an observation, not a fault.
    pub async fn run(&self, invocation: &Invocation) -> Result<CommandObservation, Fault> {
        self.0.run(invocation).await
    }

    /// Starts a background service; its deadline is the longest it may live.
    ///
    /// # Errors
    /// A [`Fault`] when it could not be started.
    pub async fn start(&self, invocation: &Invocation) -> Result<BackgroundService, Fault> {
        self.0.start(invocation).await
    }

    /// Whether it is this machine.
    pub fn is_local(&self) -> bool {
        self.0.is_local()
    }

    /// Where leases and undoings are kept, if it is another folder than the machine's.
    pub(crate) fn state(&self) -> Option<&Path> {
        self.0.state()
    }

    /// The line that a person types here to run `line` there.
    pub fn reproduce(&self, line: &str) -> String {
        self.0.reproduce(line)
    }

    /// Forgets that it could not be reached. That is remembered, so that a host which is down is
    /// not tried once for every check; what has to be undone there is worth another try.
    pub async fn try_again(&self) {
        self.0.try_again().await;
    }

    /// Names the connection that holds our leases on the host, for as long as it is the same one;
    /// `None` when it is lost. Nothing is sent for it.
    pub async fn session(&self) -> Option<String> {
        self.0.session().await
    }

    /// Whether somebody disturbed the host when the last command ended there, as it told with the
    /// answer; `None` where that is not known. Nothing is sent for it.
    pub async fn leased(&self) -> Option<bool> {
        self.0.leased().await
    }

    /// If the run is killed, the services that it leaves on this machine are not ended before
    /// this folder is gone or its undoing is over: an undoing may need them.
    pub async fn spare_services_for(&self, folder: &str) {
        self.0.spare_services_for(folder).await;
    }

    /// What stands for boot and revision there; `None` where the system that runs there has both.
    ///
    /// # Errors
    /// A [`Fault`] when it cannot be found out.
    pub async fn identity(&self) -> Result<Option<InstanceIdentity>, Fault> {
        self.0.identity().await
    }

    /// Opens (or reuses) a forward to an endpoint as the host sees it.
    ///
    /// # Errors
    /// A [`Fault`] when the host cannot be reached, or there is no forward to it.
    pub async fn forward(&self, endpoint: &Endpoint) -> Result<Forward, Fault> {
        self.0.forward(endpoint).await
    }

    /// Ends the connection and everything that still runs because of us.
    pub async fn close(&self) {
        self.0.close().await;
    }
}

/// A background service that was started on a host.
#[derive(Debug)]
pub struct BackgroundService(Box<dyn Background>);

impl BackgroundService {
    pub(super) fn over(background: impl Background + 'static) -> BackgroundService {
        BackgroundService(Box::new(background))
    }

    /// What it has printed on standard output so far (bounded).
    ///
    /// # Errors
    /// A [`Fault`] when the host cannot be asked.
    pub async fn stdout(&self) -> Result<Vec<u8>, Fault> {
        self.0.stdout().await
    }

    /// How it ended, if it has ended by itself.
    ///
    /// # Errors
    /// A [`Fault`] when the host cannot be asked.
    pub async fn ended(&mut self) -> Result<Option<CommandObservation>, Fault> {
        self.0.ended().await
    }

    /// Kills it with its whole process tree and waits until it is gone.
    ///
    /// # Errors
    /// A [`Fault`] when its end was not observed.
    pub async fn stop(self) -> Result<(), Fault> {
        self.0.stop().await
    }
}

/// A local socket whose connections come out on a host and go on to an endpoint there.
#[derive(Debug)]
pub struct Forward {
    socket: PathBuf,
    refusals: Box<dyn Refusals>,
}

impl Forward {
    pub(super) fn new(socket: PathBuf, refusals: impl Refusals + 'static) -> Forward {
        Forward {
            socket,
            refusals: Box::new(refusals),
        }
    }

    /// The Unix socket to connect to.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// What the host reported about connections that could not be opened since the last call,
    /// newest last: `Connection refused`, `Name or service not known` …
    ///
    /// # Errors
    /// [`Fault::LinkLost`] when the connection to the host is gone: then the end of a forwarded
    /// connection means nothing for the endpoint. [`Fault::NotAllowed`] when the host forwards
    /// nothing.
    pub async fn refusal(&self) -> Result<Option<String>, Fault> {
        self.refusals.refusal().await
    }
}
