//! Forwards: local sockets whose connections come out on the host.

use std::path::PathBuf;
use std::sync::Arc;

use openssh::{ForwardType, Socket};

use super::super::fault::Fault;
use super::super::remote::{Connection, Lost, chain};
use super::super::transport::{BoxFuture, Endpoint, Forward, Refusals};
use super::link::SshLink;

#[derive(Debug)]
struct SshRefusals {
    name: String,
    connection: Arc<Connection<SshLink>>,
}

/// Opens a forward to the endpoint, or takes the one that is open.
///
/// # Errors
/// A [`Fault`] when the master does not open it.
pub(super) async fn open(
    name: &str,
    connection: Arc<Connection<SshLink>>,
    endpoint: &Endpoint,
) -> Result<Forward, Fault> {
    let socket = socket(name, &connection, endpoint).await?;
    let refusals = SshRefusals {
        name: name.to_owned(),
        connection,
    };
    Ok(Forward::new(socket, refusals))
}

async fn socket(
    name: &str,
    connection: &Connection<SshLink>,
    endpoint: &Endpoint,
) -> Result<PathBuf, Fault> {
    let link = connection.link();
    let mut forwards = link.forwards.lock().await;
    if let Some(socket) = forwards.get(endpoint) {
        return Ok(socket.clone());
    }
    let socket = link.master.socket(forwards.len());
    let bare = endpoint.host.trim_start_matches('[').trim_end_matches(']');
    let there = Socket::TcpSocket {
        host: bare.to_owned().into(),
        port: endpoint.port,
    };
    let here = Socket::UnixSocket {
        path: socket.clone().into(),
    };
    let session = &link.master.session;
    match session
        .request_port_forward(ForwardType::Local, here, there)
        .await
    {
        Ok(()) => {
            forwards.insert(endpoint.clone(), socket.clone());
            Ok(socket)
        }
        Err(openssh::Error::Disconnected) => {
            Err(connection.lost(Lost::ended("the master has ended")).await)
        }
        Err(error) => Err(Fault::NotAllowed {
            host: name.to_owned(),
            detail: format!(
                "a forward to {}:{}: {}",
                endpoint.host,
                endpoint.port,
                chain(&error)
            ),
        }),
    }
}

impl Refusals for SshRefusals {
    fn refusal(&self) -> BoxFuture<'_, Result<Option<String>, Fault>> {
        Box::pin(async {
            match self.connection.link().master.newest_refusal() {
                Some(reason) if reason.starts_with("administratively prohibited") => {
                    Err(Fault::NotAllowed {
                        host: self.name.clone(),
                        detail: format!(
                            "forwarding a connection: {reason} (AllowTcpForwarding, PermitOpen)"
                        ),
                    })
                }
                // A server that refuses is there.
                Some(reason) => Ok(Some(reason)),
                None => self.connection.prove_alive().await.map(|()| None),
            }
        })
    }
}
