//! A connection with the runner of the commands on it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use super::super::fault::Fault;
use super::super::invocation::{Invocation, Leftovers, Script};
use super::super::mark::{self, Lineage};
use super::channel::{How, Lost, NotReady};
use super::client::{Job, Runner, Unanswered};
use super::link::{Link, NoChannel};
use super::request::{Request, Secrets};

/// How long the host has to answer when the question is only whether it is there.
const PROOF: Duration = Duration::from_secs(20);

/// A connection that stood when it was made.
#[derive(Debug)]
pub(in crate::host) struct Connection<L> {
    name: String,
    link: L,
    /// How long a shell may take to become a runner.
    patience: Duration,
    runner: Mutex<Commands>,
    lineages: Arc<Lineages>,
    lost: AtomicBool,
}

/// The marks of this program's jobs on one host, over all its connections: so a new runner finds
/// what a job left behind that killed an earlier one.
#[derive(Debug)]
pub(super) struct Lineages {
    /// Of commands that may leave nothing behind.
    pub(super) ending: Lineage,
    /// Of commands that may.
    pub(super) staying: Lineage,
    jobs: AtomicU64,
}

impl Lineages {
    pub(super) fn fresh() -> io::Result<Lineages> {
        Ok(Lineages {
            ending: Lineage::fresh()?,
            staying: Lineage::fresh()?,
            jobs: AtomicU64::new(0),
        })
    }
}

/// The runner of the commands.
#[derive(Debug)]
enum Commands {
    Untried,
    Ready(Arc<Runner>),
    /// This host does not run it; remembered, so that not every check waits for it.
    Refused(Fault),
}

impl<L: Link> Connection<L> {
    pub(super) fn new(name: &str, link: L, patience: Duration, lineages: Arc<Lineages>) -> Self {
        Connection {
            name: name.to_owned(),
            link,
            patience,
            runner: Mutex::new(Commands::Untried),
            lineages,
            lost: AtomicBool::new(false),
        }
    }

    pub(in crate::host) fn link(&self) -> &L {
        &self.link
    }

    /// Whether something can be sent over it, as far as is known without sending anything.
    pub(super) async fn usable(&self) -> bool {
        if self.lost.load(Ordering::Relaxed) {
            return false;
        }
        match &*self.runner.lock().await {
            // Its channel is open, and the end of the link closes it.
            Commands::Ready(runner) if runner.alive() => true,
            _ => self.link.stands().await,
        }
    }

    /// The folder of the runner of the commands, while that one lives.
    pub(super) async fn session(&self) -> Option<String> {
        match &*self.runner.lock().await {
            Commands::Ready(runner) if runner.alive() => Some(runner.folder.clone()),
            _ => None,
        }
    }

    /// Whether somebody disturbed the host when the last command ended there, if that is known.
    pub(super) async fn leased(&self) -> Option<bool> {
        match &*self.runner.lock().await {
            Commands::Ready(runner) if runner.alive() => runner.leased(),
            _ => None,
        }
    }

    /// The runner of the commands, started by the first caller who needs it.
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
        match self.open_runner(&self.lineages.ending).await {
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

    /// Starts another runner, whose jobs end with it.
    ///
    /// # Errors
    /// A [`Fault`] that names what the host does instead.
    pub(super) async fn open_runner(&self, lineage: &Lineage) -> Result<Runner, Fault> {
        let secrets = Secrets::fresh().map_err(no_random)?;
        let host = &self.name;
        let not_ready = match self.link.channel().await {
            Ok(streams) => match Runner::open(streams, secrets, lineage, self.patience).await {
                Ok(runner) => return Ok(runner),
                Err(not_ready) => Ok(not_ready),
            },
            Err(NoChannel::Gone(detail)) => return Err(self.lost(Lost::ended(detail)).await),
            Err(NoChannel::Refused(detail)) => Err(detail),
        };
        if !self.link.stands().await {
            let detail = "the connection ended while a shell was started";
            return Err(self.lost(Lost::ended(detail)).await);
        }
        Err(match not_ready {
            Err(detail) => self.link.no_channel(&detail),
            Ok(NotReady::Shell(printed)) => self.link.no_shell(&printed),
            Ok(NotReady::Refused { kind, text }) if kind == "tool" => Fault::ToolMissing {
                detail: format!("`{text}` is not on host `{host}`, and the runner needs it"),
            },
            Ok(NotReady::Refused { text, .. }) => {
                Fault::Other(format!("the runner cannot work on host `{host}`: {text}"))
            }
        })
    }

    /// The job that an invocation is for a runner.
    ///
    /// # Errors
    /// A [`Fault`] when the invocation cannot be handed to any shell.
    pub(super) fn job(&self, runner: &Runner, invocation: &Invocation) -> Result<Job, Fault> {
        let id = self.lineages.jobs.fetch_add(1, Ordering::Relaxed) + 1;
        let lineage = match invocation.leftovers {
            Leftovers::Kill => runner.lineage(),
            Leftovers::Keep => &self.lineages.staying,
        };
        let request = Request {
            id,
            token: mark::fresh().map_err(no_random)?,
            limit: lineage.limit(id),
        };
        runner.job(request, invocation)
    }

    /// Notes that a channel was lost, and makes the fault of it.
    pub(in crate::host) async fn lost(&self, lost: Lost) -> Fault {
        if lost.how == How::Intruded {
            return Fault::Intruder {
                host: self.name.clone(),
                detail: lost.detail,
            };
        }
        if lost.how == How::Ended && self.link.stands().await {
            // Only the runner: it may be started again on the same connection.
            let detail = format!("the runner on the host ended: {}", lost.detail);
            return Fault::LinkLost {
                host: self.name.clone(),
                detail,
            };
        }
        self.lost.store(true, Ordering::Relaxed);
        let message = self.link.last_message().await;
        let detail = if message.is_empty() {
            lost.detail
        } else {
            format!("{}; {message}", lost.detail)
        };
        Fault::LinkLost {
            host: self.name.clone(),
            detail,
        }
    }

    /// Checks that the host answers.
    ///
    /// # Errors
    /// [`Fault::LinkLost`] when it does not.
    pub(in crate::host) async fn prove_alive(&self) -> Result<(), Fault> {
        if self.lost.load(Ordering::Relaxed) || !self.link.stands().await {
            return Err(self.lost(Lost::ended("the connection has ended")).await);
        }
        let runner = match self.runner().await {
            Ok(runner) => runner,
            Err(lost @ Fault::LinkLost { .. }) => return Err(lost),
            // A host that refuses to run anything has answered over the link: it is there.
            Err(_) => return Ok(()),
        };
        let nothing = Invocation::new(Script::Shell(":".into()), PROOF, 0);
        let job = self.job(&runner, &nothing)?;
        let answer = timeout(PROOF, async {
            let reply = runner.send(job).await?.reply.await;
            reply.map_err(|_| task_ended())?.map_err(Unanswered::lost)
        });
        match answer.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(lost)) => Err(self.lost(lost).await),
            // A long command may be in front of it; then only the link itself is left to ask.
            Err(_) if self.link.stands().await => Ok(()),
            Err(_) => Err(self.lost(Lost::ended("the connection has ended")).await),
        }
    }

    /// Ends everything on it, and the connection.
    pub(super) async fn close(&self) {
        let commands = std::mem::replace(&mut *self.runner.lock().await, Commands::Untried);
        if let Commands::Ready(runner) = commands {
            // If a command still runs on it, the end of the link ends both.
            if let Ok(runner) = Arc::try_unwrap(runner) {
                runner.close().await;
            }
        }
        self.link.close().await;
    }
}

pub(super) fn no_random(error: io::Error) -> Fault {
    Fault::Other(format!("no random bytes: {error}"))
}

/// The task of a runner is gone, and its channel with it.
pub(super) fn task_ended() -> Lost {
    Lost::ended("the runner's task has ended")
}
