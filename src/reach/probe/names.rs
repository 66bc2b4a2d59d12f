//! From names to addresses, with a typed error for names that do not resolve.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::host::BoxFuture;

/// A name did not resolve. A type of its own: the HTTP library would hand out an I/O error that
/// cannot be distinguished from one of the connection.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {cause}")]
pub(super) struct LookupFailed {
    name: String,
    /// Also set when there was no file handle left for the look-up.
    pub(super) cause: io::Error,
}

/// The resolver of one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// A name and the addresses it stands for, as `curl --resolve`. Port 0: the scheme's.
    pub(super) pinned: Option<(String, Vec<SocketAddr>)>,
}

impl Service<Name> for Names {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = LookupFailed;
    type Future = BoxFuture<'static, Result<Self::Response, LookupFailed>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), LookupFailed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let name = name.as_str().to_owned();
        let pinned = match &self.pinned {
            Some((pinned, addresses)) if pinned.eq_ignore_ascii_case(&name) => {
                Some(addresses.clone())
            }
            _ => None,
        };
        Box::pin(async move {
            let addresses = match pinned {
                Some(addresses) => addresses,
                None => look_up(&name, 0).await?,
            };
            Ok(addresses.into_iter())
        })
    }
}

/// The addresses of a name (or an address itself), in the system's order.
pub(super) async fn look_up(name: &str, port: u16) -> Result<Vec<SocketAddr>, LookupFailed> {
    let failed = |cause| LookupFailed {
        name: name.to_owned(),
        cause,
    };
    let found = tokio::net::lookup_host((name, port)).await;
    let found = found.map_err(|cause| failed(no_handles_left().unwrap_or(cause)))?;
    let addresses = leave_out_unroutable(found.collect());
    if addresses.is_empty() {
        return Err(failed(io::Error::other("the name has no address")));
    }
    Ok(addresses)
}

/// The system's resolver reports "name not known" when it could not open its own files and sockets.
/// So after a failed look-up this checks whether they could have been opened.
fn no_handles_left() -> Option<io::Error> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).err()
}

/// Leaves out addresses to which this machine has no route, as long as others remain: when all
/// attempts fail the last one is reported, and `localhost` on a machine without IPv6 would then
/// be "Cannot assign requested address" in place of the real refusal.
fn leave_out_unroutable(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    if addresses.len() < 2 {
        return addresses;
    }
    let (routable, rest): (Vec<_>, Vec<_>) = addresses.into_iter().partition(has_route);
    if routable.is_empty() { rest } else { routable }
}

/// Connecting a UDP socket chooses a route and sends nothing.
fn has_route(address: &SocketAddr) -> bool {
    let from: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    // The discard port: port 0 is not accepted everywhere.
    let to = SocketAddr::new(address.ip(), 9);
    UdpSocket::bind(from)
        .and_then(|socket| socket.connect(to))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_without_a_route_are_left_out_only_while_others_remain() {
        // 0.0.0.0/8 is this host; 240.0.0.0/4 is refused by the kernel without any routing table.
        let here: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let nowhere: SocketAddr = "255.255.255.255:0".parse().unwrap();
        assert!(has_route(&here));
        assert!(
            !has_route(&nowhere),
            "broadcast needs a permission we never ask for"
        );
        assert_eq!(leave_out_unroutable(vec![nowhere, here]), [here]);
        assert_eq!(
            leave_out_unroutable(vec![nowhere, nowhere]),
            [nowhere, nowhere]
        );
        assert_eq!(leave_out_unroutable(vec![nowhere]), [nowhere]);
    }

    #[tokio::test]
    async fn only_the_pinned_name_has_the_pinned_addresses() {
        let pinned: SocketAddr = "192.0.2.1:0".parse().unwrap();
        let mut names = Names {
            pinned: Some(("a.test".into(), vec![pinned])),
        };
        for name in ["a.test", "A.Test"] {
            let found = names.call(name.parse().unwrap()).await.unwrap();
            assert_eq!(found.collect::<Vec<_>>(), [pinned]);
        }
        let mut found = names.call("localhost".parse().unwrap()).await.unwrap();
        assert!(found.all(|address| address.ip().is_loopback()));
        assert!(
            names
                .call("b.a.test.invalid".parse().unwrap())
                .await
                .is_err()
        );
    }

    #[tokio::test]
    async fn a_name_that_cannot_exist_is_a_failed_lookup() {
        let error = look_up("name.invalid", 80).await.unwrap_err();
        assert!(error.to_string().starts_with("name.invalid: "), "{error}");
    }

    #[tokio::test]
    async fn an_address_stands_for_itself() {
        let found = look_up("::1", 7).await.unwrap();
        assert_eq!(found, ["[::1]:7".parse::<SocketAddr>().unwrap()]);
    }
}
