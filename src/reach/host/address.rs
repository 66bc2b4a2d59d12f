//! Where a host is, and the one place that opens it.

use std::fmt;

use std::path::PathBuf;

use super::container::{ContainerHost, ContainerTarget};
use super::local::LocalHost;
use super::options::ReachOptions;
use super::ssh;
use super::transport::Host;

/// How a host is reached, as the `hosts:` entry of a claim file names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// An alias of the user's `ssh_config`, or `user@host:port`.
    Ssh(String),
    /// A container of this machine.
    Container(ContainerTarget),
}

impl Address {
    /// Why an HTTP request cannot be sent from there, and what to write instead.
    pub fn refuses_http(&self) -> Option<&'static str> {
        match self {
            Address::Ssh(_) => None,
            Address::Container(_) => Some(
                "an HTTP request cannot be sent from inside a container: send it from this machine \
                 to a port that the container publishes (`on: local`, with `resolve:` if the name \
                 is another one), or run a client that the container has (`run: wget -qO- …`)",
            ),
        }
    }
}

/// As records and messages name it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Ssh(destination) => f.write_str(destination),
            Address::Container(target) => target.fmt(f),
        }
    }
}

impl Host {
    /// This machine; nothing is started until the first command.
    pub fn local() -> Host {
        Host::over(LocalHost::new())
    }

    /// This machine, with a folder of its own for leases and undoings.
    pub fn local_with(state: PathBuf) -> Host {
        Host::over(LocalHost::with_state(state))
    }

    /// A host by its name in the claim file. The connection is made when it is first used; a
    /// failed one is remembered, so that a host that is down costs one connect timeout and not
    /// one for each check.
    pub fn open(name: &str, address: &Address, options: &ReachOptions) -> Host {
        match address {
            Address::Ssh(destination) => Host::over(ssh::host(name, destination, options.clone())),
            Address::Container(target) => Host::over(ContainerHost::new(name, target.clone())),
        }
    }
}
