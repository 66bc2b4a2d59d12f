//! What all hosts beyond this machine have in common: a connection that is made when it is first
//! needed, and a runner on it that runs the commands.

mod channel;
mod client;
mod connection;
mod frame;
mod host;
mod link;
mod request;
mod result;

pub(super) use channel::{Lost, Streams, chain};
pub(super) use connection::Connection;
pub(super) use host::RemoteHost;
pub(super) use link::{Dial, Link, NoChannel};
pub(super) use request::BOOTSTRAP;
pub use request::runner_script;
