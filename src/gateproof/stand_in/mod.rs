//! A stand-in for the proxy host of the quickstart, on loopback, without Docker and without root.
//!
//! It is a small HTTP server that answers as the reference project's Traefik 3.6.15 does in the one
//! situation that the quickstart shows, and a control port in place of the host's Docker socket.
//!
//! It is part of the program, and hidden from `--help`, because of the first command that a
//! newcomer runs: `cargo run --release -- verify claims/quickstart.yaml`. This command builds one
//! program and nothing else, on a machine that may have neither Docker nor Python nor curl. A
//! program of its own would have to be built by the fixture: a second build and link in the first
//! minutes, and no quickstart at all where only the installed program is. A shell script cannot
//! listen on a port. What it costs is small: it needs no dependency that the program does not have.
//!
//! - `traefik.ci.example.test` answers `GET /api/version`, whatever happens to the dashboard.
//! - `ci.example.test` is the dashboard: 200 while it runs and has a route, 404 without a route,
//!   502 in between.
//! - `scale proxy=0` really closes the listening socket (connections are refused), and
//!   `scale proxy=1` opens the same port again.
//!
//! As on the real host, a scale command returns before the proxy has noticed: the route of the
//! dashboard appears and disappears [`ROUTE_DELAY`] later. A claim about it needs `within:`,
//! otherwise it is a race.

mod proxy;
mod state;
mod wire;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinHandle, JoinSet};

use self::proxy::ProxySocket;
use self::state::{ControlCommand, Swarm};
use self::wire::Answer;
use reach::probe::{Request, Route, TlsTrust, send};

pub use self::state::ROUTE_DELAY;

/// How long a control command may take.
const CONTROL_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the stand-in could not be started or controlled.
#[derive(Debug, thiserror::Error)]
pub enum StandInError {
    /// No listening socket, no signal handler, no output.
    #[error("the stand-in cannot run")]
    Io(#[from] std::io::Error),
    #[error("no stand-in answers at {url}: {detail}")]
    Unreachable { url: String, detail: String },
    #[error("the stand-in refused: {0}")]
    Refused(String),
}

/// Serves the stand-in until SIGTERM or SIGINT. Prints three lines to `out` as soon as it
/// answers: `proxy URL`, `control URL`, `ready`.
///
/// # Errors
/// [`StandInError::Io`] when it cannot listen or `out` cannot be written.
pub async fn serve(mut out: impl Write) -> Result<(), StandInError> {
    // Before the first line is printed, so that its reader can end us cleanly.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stand_in = StandIn::start().await?;
    writeln!(out, "proxy http://{}", stand_in.proxy)?;
    writeln!(out, "control http://{}", stand_in.control)?;
    writeln!(out, "ready")?;
    out.flush()?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Sends a command to a running stand-in and returns its output: `scale dashboard=0`,
/// `scale proxy=1`, `ps`, `ps dashboard`.
///
/// # Errors
/// [`StandInError::Unreachable`] without a stand-in at the URL; [`StandInError::Refused`] with its
/// reason.
pub async fn command(control_url: &str, args: &[String]) -> Result<String, StandInError> {
    let unreachable = |detail: String| StandInError::Unreachable {
        url: control_url.to_owned(),
        detail,
    };
    let request = Request {
        method: "POST".into(),
        url: control_url.to_owned(),
        resolve: None,
        tls: TlsTrust::Verify,
        headers: vec![],
        body: Some(args.join(" ").into_bytes()),
        follow: 0,
        keep_cookies: false,
        stream: None,
        timeout: CONTROL_TIMEOUT,
        body_limit: 64 * 1024,
    };
    let sent = send(&request, "local", Route::Direct).await;
    let observed = sent.map_err(|fault| unreachable(fault.to_string()))?;
    let answer = observed
        .answer
        .map_err(|none| unreachable(format!("{}: {}", none.cause, none.detail)))?;
    let text = answer.body.text().into_owned();
    match answer.status {
        200 => Ok(text),
        400 | 500 => Err(StandInError::Refused(text.trim_end().to_owned())),
        other => Err(unreachable(format!(
            "status {other}: this is not the control port of a stand-in"
        ))),
    }
}

/// A running stand-in; its sockets close when it is dropped.
struct StandIn {
    proxy: SocketAddr,
    control: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // The control task owns the proxy.
        self.task.abort();
    }
}

impl StandIn {
    async fn start() -> Result<StandIn, StandInError> {
        let swarm = Shared(Arc::new(Mutex::new(Swarm::new(
            Instant::now(),
            chrono::Utc::now(),
        ))));
        let proxy = ProxySocket::open(swarm.clone()).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(StandIn {
            proxy: proxy.addr(),
            control: listener.local_addr()?,
            task: tokio::spawn(take_commands(listener, proxy, swarm)),
        })
    }
}

/// The state that the proxy reads and the control port changes.
#[derive(Clone)]
struct Shared(Arc<Mutex<Swarm>>);

impl Shared {
    fn with<T>(&self, f: impl FnOnce(&mut Swarm) -> T) -> T {
        // No holder panics; and a half-changed number would do no harm.
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Answers on the control port. Commands are carried out one after the other; a silent client
/// keeps nobody waiting.
async fn take_commands(listener: TcpListener, proxy: ProxySocket, swarm: Shared) {
    let proxy = Arc::new(tokio::sync::Mutex::new(proxy));
    let mut connections = JoinSet::new();
    loop {
        let mut stream = next(&listener).await;
        let (proxy, swarm) = (proxy.clone(), swarm.clone());
        connections.spawn(async move {
            if let Some(request) = wire::read(&mut stream).await {
                let answer = control(&request.body, &mut *proxy.lock().await, &swarm).await;
                wire::write(&mut stream, &request.method, &answer).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn control(line: &str, proxy: &mut ProxySocket, swarm: &Shared) -> Answer {
    match ControlCommand::parse(line) {
        Ok(command) => match obey(&command, proxy, swarm).await {
            Ok(text) => Answer::text(200, text),
            Err(error) => Answer::text(500, format!("{error}\n")),
        },
        Err(why) => Answer::text(400, format!("{why}\n")),
    }
}

async fn obey(
    command: &ControlCommand,
    proxy: &mut ProxySocket,
    swarm: &Shared,
) -> std::io::Result<String> {
    // The socket first: the proxy has replicas only when it really listens.
    if let Some(replicas) = command.proxy_replicas() {
        match replicas {
            0 => proxy.close().await?,
            _ => proxy.reopen().await?,
        }
    }
    Ok(swarm.with(|swarm| swarm.obey(command, Instant::now())))
}

/// The next connection. Waits a moment if there are no file handles for one.
async fn next(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Answers on the proxy's port, each connection on its own.
async fn answer_pages(listener: TcpListener, swarm: Shared) {
    let mut connections = JoinSet::new();
    loop {
        let mut stream = next(&listener).await;
        let swarm = swarm.clone();
        connections.spawn(async move {
            if let Some(request) = wire::read(&mut stream).await {
                let answer = swarm.with(|swarm| swarm.page(&request, Instant::now()));
                wire::write(&mut stream, &request.method, &answer).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

#[cfg(test)]
mod tests;
