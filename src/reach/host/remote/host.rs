//! A host beyond this machine, whatever the transport.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot::error::{RecvError, TryRecvError};
use tokio::sync::{Mutex, OnceCell, OwnedSemaphorePermit, Semaphore};

use super::super::fault::Fault;
use super::super::invocation::{Invocation, Script};
use super::super::mark::Lineage;
use super::super::transport::{Background, BackgroundService, BoxFuture};
use super::client::{Pending, Reply, Runner, Unanswered};
use super::connection::{Connection, Lineages, no_random, task_ended};
use super::link::Dial;
use super::result;
use crate::observation::CommandObservation;

/// A shell gets at least this long until the runner is ready.
const SHELL: Duration = Duration::from_secs(20);

/// Services at once on one host. With the runner of the commands that makes four channels:
/// a server's `MaxSessions` (10 in a stock sshd) is hit well below its number, because the
/// server still counts sessions whose end the client has received already.
const SERVICES: usize = 3;

/// A host that is connected when it is first used. A failed connection is remembered.
#[derive(Debug)]
pub(in crate::host) struct RemoteHost<D: Dial> {
    inner: Arc<Inner<D>>,
}

#[derive(Debug)]
struct Inner<D: Dial> {
    name: String,
    dial: D,
    patience: Duration,
    state: Mutex<State<D>>,
    services: Arc<Semaphore>,
    lineages: OnceCell<Arc<Lineages>>,
}

/// What is known of the connection.
#[derive(Debug)]
enum State<D: Dial> {
    /// Not tried yet, or lost and not tried again yet.
    Untried,
    Up(Arc<Connection<D::Link>>),
    /// It was tried, and this is the result.
    Down(Fault),
}

#[derive(Debug)]
struct RemoteService<D: Dial> {
    inner: Arc<Inner<D>>,
    connection: Arc<Connection<D::Link>>,
    runner: Runner,
    pending: Pending,
    invocation: Invocation,
    ended: Option<Result<CommandObservation, Fault>>,
    _permit: OwnedSemaphorePermit,
}

impl<D: Dial> RemoteHost<D> {
    /// `patience` is how long a shell may take until the runner is ready, where that is more than
    /// our own limit.
    pub(in crate::host) fn new(name: &str, dial: D, patience: Duration) -> Self {
        RemoteHost {
            inner: Arc::new(Inner {
                name: name.to_owned(),
                dial,
                patience: patience.max(SHELL),
                state: Mutex::new(State::Untried),
                services: Arc::new(Semaphore::new(SERVICES)),
                lineages: OnceCell::new(),
            }),
        }
    }

    pub(in crate::host) fn name(&self) -> &str {
        &self.inner.name
    }

    pub(in crate::host) fn dialer(&self) -> &D {
        &self.inner.dial
    }

    /// The connection; made by the first caller while the others wait for it.
    ///
    /// # Errors
    /// A [`Fault`] when there is none to be had.
    pub(in crate::host) async fn connection(&self) -> Result<Arc<Connection<D::Link>>, Fault> {
        self.inner.connection().await
    }

    pub(in crate::host) async fn run(
        &self,
        invocation: &Invocation,
    ) -> Result<CommandObservation, Fault> {
        self.inner.run(invocation).await
    }

    pub(in crate::host) async fn start(
        &self,
        invocation: &Invocation,
    ) -> Result<BackgroundService, Fault> {
        let inner = Arc::clone(&self.inner);
        let Ok(permit) = Arc::clone(&inner.services).try_acquire_owned() else {
            return Err(Fault::NotAllowed {
                host: inner.name.clone(),
                detail: format!("{SERVICES} services run there already, which is the most at once"),
            });
        };
        let connection = inner.connection().await?;
        // Of its own, since it lives beside the commands, and they end what their kind leaves.
        let lineage = Lineage::fresh().map_err(no_random)?;
        let runner = connection.open_runner(&lineage).await?;
        let job = connection.job(&runner, invocation)?;
        let pending = match runner.send(job).await {
            Ok(pending) => pending,
            Err(lost) => return Err(connection.lost(lost).await),
        };
        Ok(BackgroundService::over(RemoteService {
            inner,
            connection,
            runner,
            pending,
            invocation: invocation.clone(),
            ended: None,
            _permit: permit,
        }))
    }

    pub(in crate::host) async fn try_again(&self) {
        let mut state = self.inner.state.lock().await;
        if matches!(*state, State::Down(_)) {
            *state = State::Untried;
        }
    }

    pub(in crate::host) async fn session(&self) -> Option<String> {
        match &*self.inner.state.lock().await {
            State::Up(connection) => connection.session().await,
            State::Untried | State::Down(_) => None,
        }
    }

    pub(in crate::host) async fn leased(&self) -> Option<bool> {
        match &*self.inner.state.lock().await {
            State::Up(connection) => connection.leased().await,
            State::Untried | State::Down(_) => None,
        }
    }

    pub(in crate::host) async fn close(&self) {
        let state = std::mem::replace(&mut *self.inner.state.lock().await, State::Untried);
        if let State::Up(connection) = state {
            connection.close().await;
        }
    }
}

impl<D: Dial> Inner<D> {
    async fn connection(&self) -> Result<Arc<Connection<D::Link>>, Fault> {
        let mut state = self.state.lock().await;
        if let State::Up(connection) = &*state {
            if connection.usable().await {
                return Ok(Arc::clone(connection));
            }
            // Lost meanwhile: one more attempt, whose failure is remembered.
            connection.close().await;
            *state = State::Untried;
        }
        if let State::Down(fault) = &*state {
            return Err(fault.clone());
        }
        match self.dial.dial().await {
            Ok(link) => {
                let lineages = self.lineages().await?;
                let connection = Connection::new(&self.name, link, self.patience, lineages);
                let connection = Arc::new(connection);
                *state = State::Up(Arc::clone(&connection));
                Ok(connection)
            }
            Err(fault) => {
                *state = State::Down(fault.clone());
                Err(fault)
            }
        }
    }

    async fn lineages(&self) -> Result<Arc<Lineages>, Fault> {
        let made = self
            .lineages
            .get_or_try_init(async || Lineages::fresh().map(Arc::new));
        made.await.map(Arc::clone).map_err(no_random)
    }

    async fn run(&self, invocation: &Invocation) -> Result<CommandObservation, Fault> {
        loop {
            let connection = self.connection().await?;
            let runner = connection.runner().await?;
            let job = connection.job(&runner, invocation)?;
            let reply = match runner.send(job).await {
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
                // The one whose turn it was tells of the loss.
                Ok(Err(Unanswered::NotBegun(lost))) if invocation.queued => {
                    let _ = connection.lost(lost).await;
                }
                reply => return self.judge(&connection, &runner, invocation, reply).await,
            }
        }
    }

    async fn judge(
        &self,
        connection: &Connection<D::Link>,
        runner: &Runner,
        invocation: &Invocation,
        reply: Result<Reply, RecvError>,
    ) -> Result<CommandObservation, Fault> {
        let reply = reply.map_err(|_| task_ended());
        match reply.and_then(|reply| reply.map_err(Unanswered::lost)) {
            Ok(ended) => result::observation(&self.name, &runner.folder, invocation, ended),
            Err(lost) => Err(connection.lost(lost).await),
        }
    }
}

impl<D: Dial> RemoteService<D> {
    /// Reads what the runner has written to its file so far.
    async fn read_stdout(&self) -> Result<Vec<u8>, Fault> {
        let limit = self.invocation.output_limit;
        let args = [
            "head",
            "-c",
            &limit.to_string(),
            &format!("{}/out", self.runner.folder),
        ];
        let read = Invocation::new(
            Script::Argv(args.map(str::to_owned).to_vec()),
            Duration::from_secs(10),
            limit,
        );
        Ok(self.inner.run(&read).await?.stdout.bytes)
    }

    async fn poll_end(&mut self) -> Result<Option<CommandObservation>, Fault> {
        if self.ended.is_none() {
            let reply = match self.pending.reply.try_recv() {
                Err(TryRecvError::Empty) => return Ok(None),
                Ok(reply) => reply,
                Err(TryRecvError::Closed) => Err(Unanswered::Lost(task_ended())),
            };
            let ended =
                self.inner
                    .judge(&self.connection, &self.runner, &self.invocation, Ok(reply));
            self.ended = Some(ended.await);
        }
        self.ended.clone().transpose()
    }

    async fn kill(mut self) -> Result<(), Fault> {
        let stopped = if self.ended.is_some() {
            Ok(())
        } else {
            self.pending.cancel.notify_one();
            let reply = (&mut self.pending.reply).await;
            match reply {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(unanswered)) => Err(self.connection.lost(unanswered.lost()).await),
                Err(_) => Err(self.connection.lost(task_ended()).await),
            }
        };
        self.runner.close().await;
        stopped
    }
}

impl<D: Dial> Background for RemoteService<D> {
    fn stdout(&self) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(self.read_stdout())
    }

    fn ended(&mut self) -> BoxFuture<'_, Result<Option<CommandObservation>, Fault>> {
        Box::pin(self.poll_end())
    }

    fn stop(self: Box<Self>) -> BoxFuture<'static, Result<(), Fault>> {
        Box::pin(self.kill())
    }
}
