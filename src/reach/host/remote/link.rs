//! What a transport has to provide so that a runner can be served over it.

use std::fmt::Debug;
use std::future::Future;

use super::super::fault::Fault;
use super::channel::Streams;

/// Makes connections to one host.
pub(in crate::host) trait Dial: Debug + Send + Sync + 'static {
    type Link: Link;

    /// Connects and logs in.
    ///
    /// # Errors
    /// A [`Fault`] that names what prevents it.
    fn dial(&self) -> impl Future<Output = Result<Self::Link, Fault>> + Send;
}

/// A connection that stood when it was made.
pub(in crate::host) trait Link: Debug + Send + Sync + 'static {
    /// Starts a shell on the host, with the command [`BOOTSTRAP`](super::BOOTSTRAP).
    ///
    /// # Errors
    /// [`NoChannel`], when there is none.
    fn channel(&self) -> impl Future<Output = Result<Streams, NoChannel>> + Send;

    /// Whether it still stands, as far as this side knows.
    fn stands(&self) -> impl Future<Output = bool> + Send;

    /// The last message of the program that holds the connection, or nothing.
    fn last_message(&self) -> impl Future<Output = String> + Send;

    /// What it means that the host opens no further channel.
    fn no_channel(&self, detail: &str) -> Fault;

    /// What it means that a shell printed this and never ran the runner.
    fn no_shell(&self, printed: &str) -> Fault;

    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// Why there is no channel.
#[derive(Debug)]
pub(in crate::host) enum NoChannel {
    /// The connection is gone.
    Gone(String),
    /// The host opens no further one.
    Refused(String),
}
