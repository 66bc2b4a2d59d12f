//! Where commands run: on this machine, on a host over SSH, or in a container. One seam
//! ([`transport`](Host)), one folder for each transport.

mod address;
mod container;
mod fault;
pub mod guard;
mod invocation;
mod local;
mod mark;
mod options;
mod remote;
mod script;
mod ssh;
mod transport;

pub use address::Address;
pub use container::ContainerTarget;
pub use fault::Fault;
pub use invocation::{Invocation, Leftovers, Script};
pub use options::ReachOptions;
pub use remote::runner_script;
pub use script::step_shell;
pub use ssh::check_ssh;
pub use transport::{BackgroundService, BoxFuture, Endpoint, Forward, Host, InstanceIdentity};
