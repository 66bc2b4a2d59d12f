//! The client's half of a runner: one task that owns the channel, sends one job at a time,
//! keeps its deadline, and keeps the runner alive.

use std::sync::Arc;
use std::time::{Duration, Instant};

use openssh::{Child, ChildStderr, ChildStdin, ChildStdout, Session, Stdio};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep_until, timeout};

use super::frame::{Done, Frame, FrameParser};
use super::request;

/// How often the runner hears from us; it gives up after 45 seconds without.
const BEAT: Duration = Duration::from_secs(5);
/// How long the runner has to say that a job is gone, once it was told to kill it. Then the
/// link counts as lost: the watchdog on the host does the rest.
const GRACE: Duration = Duration::from_secs(10);
/// A kill is asked for again so often while there is no answer.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a runner has to clean up when its channel is closed.
const GOODBYE: Duration = Duration::from_secs(5);

/// How a job ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// The runner's answer.
    pub(super) done: Done,
    /// From sending the request to having the whole answer.
    pub(super) duration: Duration,
}

/// The channel is gone; in words why.
#[derive(Clone, Debug)]
pub(super) struct Lost {
    /// In words.
    pub(super) detail: String,
    /// Whether nobody answers, which the channel itself does not know.
    pub(super) silent: bool,
}

impl Lost {
    /// The channel has ended.
    pub(super) fn ended(detail: impl Into<String>) -> Self {
        Lost {
            detail: detail.into(),
            silent: false,
        }
    }
}

/// Why there is no runner.
#[derive(Debug)]
pub(super) enum NoRunner {
    /// The connection is gone.
    Gone(String),
    /// The server opens no further channel.
    Channel(String),
    /// The login shell ended, or did something else, and never ran it.
    Shell(String),
    /// The runner itself says that it cannot work there.
    Refused {
        /// `tool`, `space` or `other`.
        kind: String,
        /// In words.
        text: String,
    },
}

/// A job under way.
#[derive(Debug)]
pub(super) struct Pending {
    /// Notified, the job is killed.
    pub(super) cancel: Arc<Notify>,
    /// How it ended. Dropped, the job is killed too.
    pub(super) reply: oneshot::Receiver<Result<Ended, Lost>>,
}

/// A runner that is ready.
#[derive(Debug)]
pub(super) struct Runner {
    orders: mpsc::Sender<Order>,
    /// Its private folder on the host.
    pub(super) folder: String,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Order {
    id: u64,
    line: Vec<u8>,
    deadline: Duration,
    cancel: Arc<Notify>,
    reply: oneshot::Sender<Result<Ended, Lost>>,
}

impl Runner {
    /// Starts a runner on a channel of its own and waits until it is ready.
    ///
    /// # Errors
    /// [`NoRunner`], with what the login printed instead.
    pub(super) async fn open(
        session: &Arc<Session>,
        nonce: &str,
        patience: Duration,
    ) -> Result<Self, NoRunner> {
        let mut command = Session::to_raw_command(Arc::clone(session), request::BOOTSTRAP);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let spawned = timeout(patience, command.spawn()).await;
        let mut child = match spawned {
            Ok(Ok(child)) => child,
            Ok(Err(openssh::Error::Disconnected)) => {
                return Err(NoRunner::Gone("the master has ended".into()));
            }
            Ok(Err(error)) => return Err(NoRunner::Channel(chain(&error))),
            Err(_) => return Err(NoRunner::Gone(format!("no channel within {patience:?}"))),
        };
        let (stdin, stdout, stderr) = match (
            child.stdin().take(),
            child.stdout().take(),
            child.stderr().take(),
        ) {
            (Some(stdin), Some(stdout), Some(stderr)) => (stdin, stdout, stderr),
            _ => return Err(NoRunner::Channel("the channel has no streams".into())),
        };
        let lines = write_in_background(stdin);
        // A channel that cannot be written to ends on the reading side too.
        let _ = lines.send(request::first_line(nonce));
        let complaints = tokio::spawn(last_of(stderr));
        let mut channel = Channel {
            child,
            stdout,
            lines,
            parser: FrameParser::new(nonce),
            chunk: vec![0; 64 * 1024],
        };
        let folder = match timeout(patience, channel.first_frame()).await {
            Ok(Some(Frame::Ready { folder, .. })) => folder,
            Ok(Some(Frame::Refused { kind, text })) => {
                return Err(NoRunner::Refused { kind, text });
            }
            Ok(other) => {
                let mut text = channel.parser.noise();
                drop(channel);
                if let Ok(Ok(more)) = timeout(Duration::from_secs(1), complaints).await {
                    text.push_str(&more);
                }
                let stray = if other.is_some() {
                    "an answer to nothing; "
                } else {
                    ""
                };
                return Err(NoRunner::Shell(format!("{stray}{}", text.trim())));
            }
            Err(_) => {
                let text = format!(
                    "nothing ready within {patience:?}; {}",
                    channel.parser.noise().trim()
                );
                return Err(NoRunner::Shell(text));
            }
        };
        let (orders, inbox) = mpsc::channel(1);
        let task = tokio::spawn(channel.serve(inbox));
        Ok(Runner {
            orders,
            folder,
            task,
        })
    }

    /// Whether it can still be asked.
    pub(super) fn alive(&self) -> bool {
        !self.orders.is_closed()
    }

    /// Sends a job, after those that were sent before it have ended.
    ///
    /// # Errors
    /// [`Lost`] when it was not sent, because the channel had gone before.
    pub(super) async fn send(
        &self,
        id: u64,
        line: Vec<u8>,
        deadline: Duration,
    ) -> Result<Pending, Lost> {
        let cancel = Arc::new(Notify::new());
        let (reply, receiver) = oneshot::channel();
        let order = Order {
            id,
            line,
            deadline,
            cancel: Arc::clone(&cancel),
            reply,
        };
        match self.orders.send(order).await {
            Ok(()) => Ok(Pending {
                cancel,
                reply: receiver,
            }),
            Err(_) => Err(Lost::ended("the runner had ended before")),
        }
    }

    /// Ends it, and waits until it has cleaned up on the host.
    pub(super) async fn close(self) {
        drop(self.orders);
        // A task that panicked has closed its channel as well.
        let _ = self.task.await;
    }
}

/// The channel as its task owns it.
struct Channel {
    /// Kept: dropping it closes the channel.
    child: Child<Arc<Session>>,
    stdout: ChildStdout,
    lines: mpsc::UnboundedSender<Vec<u8>>,
    parser: FrameParser,
    chunk: Vec<u8>,
}

/// The job that runs now.
struct Current {
    order: Order,
    started: Instant,
    overdue: tokio::time::Instant,
    /// When the kill was first asked for, and when it will be asked for again.
    killing: Option<(tokio::time::Instant, tokio::time::Instant)>,
}

impl Channel {
    /// The first frame; none if the channel ends or speaks another language.
    async fn first_frame(&mut self) -> Option<Frame> {
        loop {
            match self.parser.next() {
                Ok(Some(frame)) => return Some(frame),
                Ok(None) => {}
                Err(_) => return None,
            }
            self.receive().await.ok()?;
        }
    }

    /// Reads what there is. Cancelled, it has read nothing.
    async fn receive(&mut self) -> Result<(), Lost> {
        match self.stdout.read(&mut self.chunk).await {
            Ok(0) => {
                let cut = self
                    .parser
                    .finish()
                    .err()
                    .map(|error| format!(" ({error})"));
                Err(Lost::ended(format!(
                    "the channel ended{}",
                    cut.unwrap_or_default()
                )))
            }
            Ok(count) => {
                self.parser.push(&self.chunk[..count]);
                Ok(())
            }
            Err(error) => Err(Lost::ended(format!("the channel cannot be read: {error}"))),
        }
    }

    fn say(&self, line: impl Into<Vec<u8>>) {
        // If the writer has ended, so has the channel, and the reading side says so.
        let _ = self.lines.send(line.into());
    }

    /// Runs jobs until nobody can send any more or the channel is lost.
    async fn serve(mut self, mut inbox: mpsc::Receiver<Order>) {
        let mut beat = tokio::time::interval(BEAT);
        let lost = loop {
            let order = tokio::select! {
                order = inbox.recv() => match order {
                    Some(order) => order,
                    None => return self.goodbye().await,
                },
                read = self.receive() => match read {
                    // Nothing is due: what comes is noise, or the answer to a job that was
                    // given up.
                    Ok(()) => match self.parser.next() {
                        Ok(_) => continue,
                        Err(error) => break Lost::ended(error.to_string()),
                    },
                    Err(lost) => break lost,
                },
                _ = beat.tick() => {
                    self.say(*b"beat\n");
                    continue;
                }
            };
            let (reply, result) = self.attend(order, &mut beat).await;
            let lost = result.as_ref().err().cloned();
            // Nobody waits any more: then nobody is told.
            let _ = reply.send(result);
            if let Some(lost) = lost {
                break lost;
            }
        };
        inbox.close();
        while let Some(order) = inbox.recv().await {
            let _ = order.reply.send(Err(lost.clone()));
        }
    }

    /// One job from its request to its answer.
    async fn attend(
        &mut self,
        mut order: Order,
        beat: &mut tokio::time::Interval,
    ) -> (oneshot::Sender<Result<Ended, Lost>>, Result<Ended, Lost>) {
        self.say(std::mem::take(&mut order.line));
        let now = tokio::time::Instant::now();
        let far = Duration::from_secs(60 * 60 * 24 * 365);
        let overdue = now + order.deadline.min(far);
        let mut current = Current {
            order,
            started: Instant::now(),
            overdue,
            killing: None,
        };
        let result = loop {
            match self.parser.next() {
                Ok(Some(Frame::Done(done))) if done.state == "gone" => {
                    break Err(Lost::ended("it gave up, and killed the command"));
                }
                Ok(Some(Frame::Done(done))) if done.id == current.order.id => {
                    break Ok(Ended {
                        done,
                        duration: current.started.elapsed(),
                    });
                }
                Ok(Some(_)) => continue,
                Ok(None) => {}
                Err(error) => break Err(Lost::ended(error.to_string())),
            }
            if let Err(lost) = self.wait(&mut current, beat).await {
                break Err(lost);
            }
        };
        (current.order.reply, result)
    }

    /// Waits for the next thing to happen to the current job.
    async fn wait(
        &mut self,
        current: &mut Current,
        beat: &mut tokio::time::Interval,
    ) -> Result<(), Lost> {
        let next = current.killing.map_or(current.overdue, |(_, again)| again);
        let kill = tokio::select! {
            read = self.receive() => return read,
            _ = beat.tick() => {
                self.say(*b"beat\n");
                false
            }
            () = sleep_until(next) => true,
            () = current.order.reply.closed(), if current.killing.is_none() => true,
            () = current.order.cancel.notified(), if current.killing.is_none() => true,
        };
        if kill {
            let now = tokio::time::Instant::now();
            let since = current.killing.map_or(now, |(since, _)| since);
            if now.duration_since(since) > GRACE {
                let detail = format!(
                    "no answer within {} after the kill was asked for",
                    humantime::format_duration(GRACE)
                );
                return Err(Lost {
                    detail,
                    silent: true,
                });
            }
            self.say(format!("cancel {}\n", current.order.id));
            current.killing = Some((since, now + AGAIN));
        }
        Ok(())
    }

    /// Closes the runner's input, and waits until it has removed everything and ended.
    async fn goodbye(mut self) {
        drop(std::mem::replace(
            &mut self.lines,
            mpsc::unbounded_channel().0,
        ));
        let ended = async { while self.receive().await.is_ok() {} };
        // A runner that takes longer is left to its own watchdog.
        let _ = timeout(GOODBYE, ended).await;
        drop(self.child);
    }
}

/// A queue in front of the channel's input, so that a slow link never blocks the task.
fn write_in_background(mut stdin: ChildStdin) -> mpsc::UnboundedSender<Vec<u8>> {
    let (sender, mut lines) = mpsc::unbounded_channel::<Vec<u8>>();
    tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            if stdin.write_all(&line).await.is_err() {
                break;
            }
        }
    });
    sender
}

/// Reads a stream to its end; the last of it as text.
async fn last_of(mut stream: ChildStderr) -> String {
    let mut kept = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..count]);
        let surplus = kept.len().saturating_sub(2048);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// An error with its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
