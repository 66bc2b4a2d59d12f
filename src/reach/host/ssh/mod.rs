//! A host over SSH: the user's own OpenSSH, one connection, and a runner on it.

mod classify;
mod connection;
mod destination;
mod frame;
mod master;
mod request;
mod runner;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use super::{Endpoint, Fault, Invocation, Script};
use crate::observation::{CommandObservation, Ending};
use connection::Connection;
use runner::{Ended, Lost, Pending, Runner};

/// A stream of a command may be this long on the host (64 MiB); then it is stopped.
pub(super) const FLOOD: u64 = 64 << 20;

/// Services at once on one host. With the runner of the commands that makes four channels:
/// a server's `MaxSessions` (10 in a stock one) is hit well below its number, because the
/// server still counts sessions whose end the client has seen already.
const SERVICES: usize = 3;

/// The script that runs commands on hosts, for everyone who wants to read it first.
pub fn runner_script() -> &'static str {
    concat!(include_str!("../marked.sh"), include_str!("../runner.sh"))
}

/// A host over SSH. Connects when it is first used; a failed connection is remembered, so
/// that a host that is down costs one connect timeout and not one per check.
#[derive(Debug)]
pub struct SshHost {
    inner: Arc<Inner>,
}

/// How to reach hosts; everything else is the user's own OpenSSH configuration.
#[derive(Clone, Debug)]
pub struct SshOptions {
    /// Another configuration file than the user's own (`ssh -F`).
    pub config_file: Option<PathBuf>,
    /// Connect timeout, unless the configuration says less.
    pub connect_timeout: Duration,
}

#[derive(Debug)]
struct Inner {
    name: String,
    destination: String,
    options: SshOptions,
    link: Mutex<Link>,
    services: Arc<Semaphore>,
}

/// What is known of the connection.
#[derive(Debug)]
enum Link {
    /// Not tried yet, or lost and not tried again yet.
    Untried,
    Up(Arc<Connection>),
    /// Tried, and this came of it.
    Down(Fault),
}

/// A local socket whose connections come out on the host and go on to an endpoint there.
#[derive(Debug)]
pub struct Forward {
    inner: Arc<Inner>,
    connection: Arc<Connection>,
    socket: PathBuf,
}

/// A background service on a host.
#[derive(Debug)]
pub struct SshService {
    inner: Arc<Inner>,
    connection: Arc<Connection>,
    runner: Runner,
    pending: Pending,
    invocation: Box<Invocation>,
    ended: Option<Box<Result<CommandObservation, Fault>>>,
    _place: OwnedSemaphorePermit,
}

impl SshHost {
    /// A host by its name in the claim file and its ssh destination.
    pub fn new(name: &str, destination: &str, options: SshOptions) -> Self {
        SshHost {
            inner: Arc::new(Inner {
                name: name.to_owned(),
                destination: destination.to_owned(),
                options,
                link: Mutex::new(Link::Untried),
                services: Arc::new(Semaphore::new(SERVICES)),
            }),
        }
    }

    /// Opens (or reuses) a forward to an endpoint as the host sees it.
    ///
    /// # Errors
    /// A [`Fault`] when the host cannot be reached or forbids forwarding.
    pub async fn forward(&self, endpoint: &Endpoint) -> Result<Forward, Fault> {
        let connection = self.inner.connection().await?;
        let socket = connection.forward(endpoint).await?;
        Ok(Forward {
            inner: Arc::clone(&self.inner),
            connection,
            socket,
        })
    }

    pub(super) async fn run(&self, invocation: &Invocation) -> Result<CommandObservation, Fault> {
        self.inner.run(invocation).await
    }

    pub(super) async fn start(&self, invocation: &Invocation) -> Result<SshService, Fault> {
        let inner = Arc::clone(&self.inner);
        let Ok(place) = Arc::clone(&inner.services).try_acquire_owned() else {
            return Err(Fault::NotAllowed {
                host: inner.name.clone(),
                detail: format!("{SERVICES} services run there already, which is the most at once"),
            });
        };
        let connection = inner.connection().await?;
        let runner = connection.open_runner().await?;
        let (id, line) = connection.request(&runner, invocation)?;
        let pending = match runner.send(id, line, invocation.deadline).await {
            Ok(pending) => pending,
            Err(lost) => return Err(connection.lost(lost).await),
        };
        Ok(SshService {
            inner,
            connection,
            runner,
            pending,
            invocation: Box::new(invocation.clone()),
            ended: None,
            _place: place,
        })
    }

    pub(super) async fn try_again(&self) {
        let mut link = self.inner.link.lock().await;
        if matches!(*link, Link::Down(_)) {
            *link = Link::Untried;
        }
    }

    pub(super) async fn session(&self) -> Option<String> {
        match &*self.inner.link.lock().await {
            Link::Up(connection) => connection.session().await,
            Link::Untried | Link::Down(_) => None,
        }
    }

    pub(super) async fn close(&self) {
        let link = std::mem::replace(&mut *self.inner.link.lock().await, Link::Untried);
        if let Link::Up(connection) = link {
            connection.close().await;
        }
    }
}

impl Inner {
    /// The connection; made by the first who asks while the others wait for it.
    async fn connection(&self) -> Result<Arc<Connection>, Fault> {
        let mut link = self.link.lock().await;
        if let Link::Up(connection) = &*link {
            if connection.usable().await {
                return Ok(Arc::clone(connection));
            }
            // Lost meanwhile: one more attempt, whose failure is remembered.
            connection.close().await;
            *link = Link::Untried;
        }
        if let Link::Down(fault) = &*link {
            return Err(fault.clone());
        }
        match Connection::open(&self.name, &self.destination, &self.options).await {
            Ok(connection) => {
                let connection = Arc::new(connection);
                *link = Link::Up(Arc::clone(&connection));
                Ok(connection)
            }
            Err(fault) => {
                *link = Link::Down(fault.clone());
                Err(fault)
            }
        }
    }

    async fn run(&self, invocation: &Invocation) -> Result<CommandObservation, Fault> {
        let connection = self.connection().await?;
        let runner = connection.runner().await?;
        let (id, line) = connection.request(&runner, invocation)?;
        let reply = match runner.send(id, line, invocation.deadline).await {
            Ok(pending) => {
                // `cancel` is held until the answer is there; dropped with us, it kills.
                let Pending {
                    cancel: _cancel,
                    reply,
                } = pending;
                reply.await
            }
            Err(lost) => return Err(connection.lost(lost).await),
        };
        match reply {
            Ok(Ok(ended)) => self.judge(invocation, &runner, ended),
            Ok(Err(lost)) => Err(connection.lost(lost).await),
            Err(_) => Err(connection
                .lost(Lost::ended("the runner's task has ended"))
                .await),
        }
    }

    /// What the runner's answer means.
    fn judge(
        &self,
        invocation: &Invocation,
        runner: &Runner,
        ended: Ended,
    ) -> Result<CommandObservation, Fault> {
        let Ended { done, duration } = ended;
        let (host, folder) = (&self.name, &runner.folder);
        let ending = match done.state.as_str() {
            "exit" => Ending::Exited(done.status),
            "signal" => Ending::Signalled(done.status),
            "cancelled" | "overdue" => {
                let output = format!("{}{}", done.stdout.text(), done.stderr.text());
                return Err(Fault::Deadline {
                    limit: invocation.deadline,
                    output,
                });
            }
            "flood" => return Err(Fault::Flood { limit: FLOOD }),
            "space" => {
                return Err(Fault::Other(format!(
                    "no space left on host `{host}` in {folder}: the command's output is incomplete"
                )));
            }
            "cwd" => {
                let cwd = invocation.cwd.as_deref().unwrap_or_default();
                return Err(Fault::Other(format!(
                    "`cwd: {cwd}` is no folder on host `{host}`"
                )));
            }
            "tool" => {
                let program = match &invocation.script {
                    Script::Argv(words) => words[0].as_str(),
                    Script::Shell(_) => "/bin/sh",
                };
                return Err(Fault::ToolMissing {
                    detail: format!("`{program}` is not on host `{host}`"),
                });
            }
            "unstarted" => {
                return Err(Fault::Other(format!(
                    "host `{host}` could not start a shell for the command in {folder}"
                )));
            }
            other => {
                return Err(Fault::Other(format!(
                    "the runner on host `{host}` says `{other}`"
                )));
            }
        };
        Ok(CommandObservation {
            ending,
            stdout: done.stdout,
            stderr: done.stderr,
            duration,
            at: chrono::Utc::now(),
        })
    }
}

impl Forward {
    /// The Unix socket to connect to.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// What the host's sshd said about connections that could not be opened since the last
    /// call, newest last: `Connection refused`, `Name or service not known` …
    ///
    /// # Errors
    /// [`Fault::LinkLost`] when the connection to the host is gone: then the end of a forwarded
    /// connection says nothing about the endpoint. [`Fault::NotAllowed`] when the server
    /// forwards nothing.
    pub async fn refusal(&self) -> Result<Option<String>, Fault> {
        match self.connection.refusal() {
            Some(reason) if reason.starts_with("administratively prohibited") => {
                Err(Fault::NotAllowed {
                    host: self.inner.name.clone(),
                    detail: format!(
                        "forwarding a connection: {reason} (AllowTcpForwarding, PermitOpen)"
                    ),
                })
            }
            // Who refuses is there.
            Some(reason) => Ok(Some(reason)),
            None => self.connection.prove_alive().await.map(|()| None),
        }
    }
}

impl SshService {
    pub(super) async fn stdout(&self) -> Result<Vec<u8>, Fault> {
        let limit = self.invocation.output_limit;
        let words = [
            "head",
            "-c",
            &limit.to_string(),
            &format!("{}/out", self.runner.folder),
        ];
        let asking = Invocation::new(
            Script::Argv(words.map(str::to_owned).to_vec()),
            Duration::from_secs(10),
            limit,
        );
        Ok(self.inner.run(&asking).await?.stdout.bytes)
    }

    pub(super) async fn ended(&mut self) -> Result<Option<CommandObservation>, Fault> {
        if self.ended.is_none() {
            use tokio::sync::oneshot::error::TryRecvError;
            let result = match self.pending.reply.try_recv() {
                Err(TryRecvError::Empty) => return Ok(None),
                Ok(Ok(ended)) => self.inner.judge(&self.invocation, &self.runner, ended),
                Ok(Err(lost)) => Err(self.connection.lost(lost).await),
                Err(TryRecvError::Closed) => Err(self
                    .connection
                    .lost(Lost::ended("the runner's task has ended"))
                    .await),
            };
            self.ended = Some(Box::new(result));
        }
        self.ended.as_deref().cloned().transpose()
    }

    pub(super) async fn stop(mut self) -> Result<(), Fault> {
        let seen = if self.ended.is_some() {
            Ok(())
        } else {
            self.pending.cancel.notify_one();
            match (&mut self.pending.reply).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(lost)) => Err(self.connection.lost(lost).await),
                Err(_) => Err(self
                    .connection
                    .lost(Lost::ended("the runner's task has ended"))
                    .await),
            }
        };
        self.runner.close().await;
        seen
    }
}
