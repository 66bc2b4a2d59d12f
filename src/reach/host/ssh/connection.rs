//! A connection with what runs on it: the runner of the commands, and the forwards.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use openssh::{ForwardType, Socket};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::super::{Endpoint, Fault, Invocation, Script, mark};
use super::SshOptions;
use super::master::Master;
use super::request;
use super::runner::{Lost, NoRunner, Runner, chain};

/// A login shell gets at least this long until our runner is ready.
const LOGIN_SHELL: Duration = Duration::from_secs(20);
/// How long the host has to answer when we only want to know whether it is there.
const PROOF: Duration = Duration::from_secs(20);

/// A connection that stood when it was made.
#[derive(Debug)]
pub(super) struct Connection {
    name: String,
    master: Master,
    patience: Duration,
    runner: Mutex<Commands>,
    forwards: Mutex<HashMap<Endpoint, PathBuf>>,
    jobs: AtomicU64,
    lost: AtomicBool,
}

/// The runner of the commands.
#[derive(Debug)]
enum Commands {
    Untried,
    Ready(Arc<Runner>),
    /// This host does not run it; remembered, so that not every check waits for it.
    Refused(Fault),
}

impl Connection {
    /// Connects and logs in.
    ///
    /// # Errors
    /// A [`Fault`] that says what is in the way.
    pub(super) async fn open(
        name: &str,
        destination: &str,
        options: &SshOptions,
    ) -> Result<Self, Fault> {
        let master = Master::connect(name, destination, options).await?;
        Ok(Connection {
            name: name.to_owned(),
            master,
            patience: options.connect_timeout.max(LOGIN_SHELL),
            runner: Mutex::new(Commands::Untried),
            forwards: Mutex::new(HashMap::new()),
            jobs: AtomicU64::new(0),
            lost: AtomicBool::new(false),
        })
    }

    /// Whether something can be sent over it, as far as is known without sending anything.
    pub(super) async fn usable(&self) -> bool {
        if self.lost.load(Ordering::Relaxed) {
            return false;
        }
        match &*self.runner.lock().await {
            // Its channel is open, and a dead master closes it.
            Commands::Ready(runner) if runner.alive() => true,
            _ => self.master.stands().await,
        }
    }

    /// The folder of the runner of the commands, while that one lives.
    pub(super) async fn session(&self) -> Option<String> {
        match &*self.runner.lock().await {
            Commands::Ready(runner) if runner.alive() => Some(runner.folder.clone()),
            _ => None,
        }
    }

    /// The runner of the commands, started by the first who needs it.
    ///
    /// # Errors
    /// A [`Fault`] when the host does not run it.
    pub(super) async fn runner(&self) -> Result<Arc<Runner>, Fault> {
        let mut commands = self.runner.lock().await;
        match &*commands {
            Commands::Ready(runner) if runner.alive() => return Ok(Arc::clone(runner)),
            Commands::Refused(fault) => return Err(fault.clone()),
            _ => {}
        }
        match self.open_runner().await {
            Ok(runner) => {
                let runner = Arc::new(runner);
                *commands = Commands::Ready(Arc::clone(&runner));
                Ok(runner)
            }
            Err(fault @ Fault::LinkLost { .. }) => Err(fault),
            Err(fault) => {
                *commands = Commands::Refused(fault.clone());
                Err(fault)
            }
        }
    }

    /// Starts another runner.
    ///
    /// # Errors
    /// A [`Fault`] that says what the host does instead.
    pub(super) async fn open_runner(&self) -> Result<Runner, Fault> {
        let nonce =
            mark::fresh().map_err(|error| Fault::Other(format!("no random bytes: {error}")))?;
        let host = self.name.clone();
        match Runner::open(&self.master.session, &nonce, self.patience).await {
            Ok(runner) => Ok(runner),
            Err(NoRunner::Gone(detail)) => Err(self.lost(Lost::ended(detail)).await),
            Err(_) if !self.master.stands().await => Err(self
                .lost(Lost::ended(
                    "the connection ended while a shell was started",
                ))
                .await),
            Err(NoRunner::Channel(detail)) => {
                // The log has a line about it, which is about no forward.
                let reason = self.master.newest_refusal().unwrap_or_default();
                let detail = format!("opening a session: {detail} {reason} (MaxSessions?)");
                Err(Fault::NotAllowed { host, detail })
            }
            Err(NoRunner::Shell(said)) => {
                let said = if said.is_empty() {
                    "nothing".to_owned()
                } else {
                    format!("`{said}`")
                };
                Err(Fault::NotAllowed {
                    host,
                    detail: format!("running a shell; the login printed {said}"),
                })
            }
            Err(NoRunner::Refused { kind, text }) if kind == "tool" => Err(Fault::ToolMissing {
                detail: format!("`{text}` is not on host `{host}`, and the runner needs it"),
            }),
            Err(NoRunner::Refused { text, .. }) => Err(Fault::Other(format!(
                "the runner cannot work on host `{host}`: {text}"
            ))),
        }
    }

    /// A job's number and its request.
    ///
    /// # Errors
    /// A [`Fault`] when the invocation can be handed to no shell.
    pub(super) fn request(
        &self,
        runner: &Runner,
        invocation: &Invocation,
    ) -> Result<(u64, Vec<u8>), Fault> {
        let id = self.jobs.fetch_add(1, Ordering::Relaxed) + 1;
        Ok((id, request::job(id, &runner.folder, invocation)?))
    }

    /// Notes that a channel was lost, and makes the fault of it.
    pub(super) async fn lost(&self, lost: Lost) -> Fault {
        if !lost.silent && self.master.stands().await {
            // Only the runner: it may be started again on the same connection.
            let detail = format!("the runner on the host ended: {}", lost.detail);
            return Fault::LinkLost {
                host: self.name.clone(),
                detail,
            };
        }
        self.lost.store(true, Ordering::Relaxed);
        let words = self.master.last_words();
        let detail = if words.is_empty() {
            lost.detail
        } else {
            format!("{}; {words}", lost.detail)
        };
        Fault::LinkLost {
            host: self.name.clone(),
            detail,
        }
    }

    /// Asks the host for a sign of life.
    ///
    /// # Errors
    /// [`Fault::LinkLost`] when there is none.
    pub(super) async fn prove_alive(&self) -> Result<(), Fault> {
        if self.lost.load(Ordering::Relaxed) || !self.master.stands().await {
            return Err(self.lost(Lost::ended("the connection has ended")).await);
        }
        let runner = match self.runner().await {
            Ok(runner) => runner,
            Err(lost @ Fault::LinkLost { .. }) => return Err(lost),
            // A host that runs nothing for us has said so over the link: it is there.
            Err(_) => return Ok(()),
        };
        let nothing = Invocation::new(Script::Shell(":".into()), PROOF, 0);
        let (id, line) = self.request(&runner, &nothing)?;
        let answer = timeout(PROOF, async {
            let pending = runner.send(id, line, PROOF).await?;
            pending
                .reply
                .await
                .unwrap_or_else(|_| Err(Lost::ended("the runner's task has ended")))
        });
        match answer.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(lost)) => Err(self.lost(lost).await),
            // A long command may be in the way; then only the master's word is left.
            Err(_) if self.master.stands().await => Ok(()),
            Err(_) => Err(self.lost(Lost::ended("the connection has ended")).await),
        }
    }

    /// The socket of a forward to the endpoint, opened when it is first asked for.
    ///
    /// # Errors
    /// A [`Fault`] when the master does not open it.
    pub(super) async fn forward(&self, endpoint: &Endpoint) -> Result<PathBuf, Fault> {
        let mut forwards = self.forwards.lock().await;
        if let Some(socket) = forwards.get(endpoint) {
            return Ok(socket.clone());
        }
        let socket = self.master.socket(forwards.len());
        let name = endpoint.host.trim_start_matches('[').trim_end_matches(']');
        let there = Socket::TcpSocket {
            host: name.to_owned().into(),
            port: endpoint.port,
        };
        let here = Socket::UnixSocket {
            path: socket.clone().into(),
        };
        let session = &self.master.session;
        match session
            .request_port_forward(ForwardType::Local, here, there)
            .await
        {
            Ok(()) => {
                forwards.insert(endpoint.clone(), socket.clone());
                Ok(socket)
            }
            Err(openssh::Error::Disconnected) => {
                Err(self.lost(Lost::ended("the master has ended")).await)
            }
            Err(error) => Err(Fault::NotAllowed {
                host: self.name.clone(),
                detail: format!(
                    "a forward to {}:{}: {}",
                    endpoint.host,
                    endpoint.port,
                    chain(&error)
                ),
            }),
        }
    }

    /// Why the server refused a forwarded connection since this was last asked.
    pub(super) fn refusal(&self) -> Option<String> {
        self.master.newest_refusal()
    }

    /// Ends everything on it, and it.
    pub(super) async fn close(&self) {
        let commands = std::mem::replace(&mut *self.runner.lock().await, Commands::Untried);
        if let Commands::Ready(runner) = commands {
            // If a command still runs on it, the end of the master ends both.
            if let Ok(runner) = Arc::try_unwrap(runner) {
                runner.close().await;
            }
        }
        self.master.close().await;
    }
}
