//! The proxy's listening socket, which can go away and come back.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

use super::{Shared, answer_pages};

/// Connections waiting to be accepted.
const BACKLOG: u32 = 128;
/// How long a port may take to be free again.
const REBIND: Duration = Duration::from_secs(2);

/// A port that always belongs to the proxy, which listens on it or does not.
pub(super) struct ProxySocket {
    addr: SocketAddr,
    swarm: Shared,
    socket: Socket,
}

enum Socket {
    Listening(JoinHandle<()>),
    /// Bound and not listening: connections are refused, and nobody else gets the port. A client's
    /// own end of a connection could get it otherwise, and would answer itself.
    Reserved(TcpSocket),
    /// Somebody else has the port.
    Gone,
}

impl Drop for ProxySocket {
    fn drop(&mut self) {
        if let Socket::Listening(task) = &self.socket {
            task.abort();
        }
    }
}

impl ProxySocket {
    /// Listens on a free port of the loopback interface.
    pub(super) async fn open(swarm: Shared) -> io::Result<ProxySocket> {
        let reserved = bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let mut proxy = ProxySocket {
            addr: reserved.local_addr()?,
            swarm,
            socket: Socket::Reserved(reserved),
        };
        proxy.reopen().await?;
        Ok(proxy)
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Closes the listening socket and every connection; returns when they are closed.
    pub(super) async fn close(&mut self) -> io::Result<()> {
        if let Socket::Listening(task) = &mut self.socket {
            task.abort();
            // Ends with the abort's own error: the task never ends by itself.
            let _ = task.await;
            self.socket = Socket::Gone;
            self.socket = Socket::Reserved(bind_again(self.addr).await?);
        }
        Ok(())
    }

    /// Listens again, on the same port.
    pub(super) async fn reopen(&mut self) -> io::Result<()> {
        let reserved = match std::mem::replace(&mut self.socket, Socket::Gone) {
            Socket::Listening(task) => {
                self.socket = Socket::Listening(task);
                return Ok(());
            }
            Socket::Reserved(socket) => socket,
            Socket::Gone => bind_again(self.addr).await?,
        };
        let listener = reserved.listen(BACKLOG)?;
        let task = tokio::spawn(answer_pages(listener, self.swarm.clone()));
        self.socket = Socket::Listening(task);
        Ok(())
    }
}

/// Binds a port that was ours a moment ago. This may take a few attempts: a process that we are
/// starting has a copy of the closed socket until it runs its own program.
async fn bind_again(addr: SocketAddr) -> io::Result<TcpSocket> {
    let end = Instant::now() + REBIND;
    loop {
        match bind(addr) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < end => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            bound => return bound,
        }
    }
}

fn bind(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections that were just closed keep the port busy for a minute otherwise.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}
