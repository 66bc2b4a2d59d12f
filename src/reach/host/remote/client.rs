//! The client's half of a runner: one task that owns the channel, sends one job at a time,
//! keeps its deadline, and keeps the runner alive.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

use super::super::fault::Fault;
use super::super::invocation::Invocation;
use super::super::mark::Lineage;
use super::channel::{Channel, How, Lost, NotReady, Streams};
use super::frame::{Frame, JobDone};
use super::request::{self, Request, Secrets};

/// How often the runner hears from us; it gives up after 45 seconds without.
const BEAT: Duration = Duration::from_secs(5);
/// How long the runner has to report that a job is gone, once it was told to kill it. Then the
/// link counts as lost: the watchdog on the host does the rest.
const GRACE: Duration = Duration::from_secs(10);
/// The pause before a kill is requested again while there is no answer.
const AGAIN: Duration = Duration::from_secs(1);

/// How a job ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// The runner's answer.
    pub(super) done: JobDone,
    /// From sending the request to having the whole answer.
    pub(super) duration: Duration,
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
    jobs: mpsc::Sender<QueuedJob>,
    /// Its private folder on the host.
    pub(super) folder: String,
    secrets: Secrets,
    lineage: Lineage,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct QueuedJob {
    request: Request,
    line: Vec<u8>,
    deadline: Duration,
    cancel: Arc<Notify>,
    reply: oneshot::Sender<Result<Ended, Lost>>,
}

impl Runner {
    /// Starts a runner in a shell and waits until it is ready.
    ///
    /// # Errors
    /// [`NotReady`], with what the shell printed instead.
    pub(super) async fn open(
        streams: Streams,
        secrets: Secrets,
        lineage: &Lineage,
        patience: Duration,
    ) -> Result<Self, NotReady> {
        let first = request::first_line(&secrets, lineage);
        let (channel, folder) = Channel::start(streams, first, &secrets.key, patience).await?;
        let (jobs, inbox) = mpsc::channel(1);
        let task = tokio::spawn(serve(channel, inbox));
        Ok(Runner {
            jobs,
            folder,
            secrets,
            lineage: lineage.clone(),
            task,
        })
    }

    /// The mark of its jobs that leave nothing behind.
    pub(super) fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// Whether jobs can still be sent to it.
    pub(super) fn alive(&self) -> bool {
        !self.jobs.is_closed()
    }

    /// The line that asks for a job.
    ///
    /// # Errors
    /// A [`Fault`] when the invocation cannot be handed to any shell.
    pub(super) fn line(
        &self,
        request: &Request,
        invocation: &Invocation,
    ) -> Result<Vec<u8>, Fault> {
        request::job(&self.secrets, request, &self.folder, invocation)
    }

    /// Sends a job, after those that were sent before it have ended.
    ///
    /// # Errors
    /// [`Lost`] when it was not sent, because the channel had gone before.
    pub(super) async fn send(
        &self,
        request: Request,
        line: Vec<u8>,
        deadline: Duration,
    ) -> Result<Pending, Lost> {
        let cancel = Arc::new(Notify::new());
        let (reply, receiver) = oneshot::channel();
        let job = QueuedJob {
            request,
            line,
            deadline,
            cancel: Arc::clone(&cancel),
            reply,
        };
        match self.jobs.send(job).await {
            Ok(()) => Ok(Pending {
                cancel,
                reply: receiver,
            }),
            Err(_) => Err(Lost::ended("the runner had ended before")),
        }
    }

    /// Ends it, and waits until it has cleaned up on the host.
    pub(super) async fn close(self) {
        drop(self.jobs);
        // A task that panicked has closed its channel as well.
        let _ = self.task.await;
    }
}

/// The job that runs now.
struct Current {
    job: QueuedJob,
    started: Instant,
    overdue: tokio::time::Instant,
    /// When the kill was first requested, and when it will be requested again.
    killing: Option<(tokio::time::Instant, tokio::time::Instant)>,
}

/// Runs jobs until nobody can send any more or the channel is lost.
async fn serve(mut channel: Channel, mut inbox: mpsc::Receiver<QueuedJob>) {
    let mut beat = tokio::time::interval(BEAT);
    let (lost, unanswered) = loop {
        let job = tokio::select! {
            job = inbox.recv() => match job {
                Some(job) => job,
                None => return channel.close().await,
            },
            read = channel.receive() => match read {
                Ok(()) => match channel.next() {
                    Ok(None) => continue,
                    // Each job is answered before the next is sent.
                    Ok(Some(_)) => break (Lost::intruded("an answer to nothing"), None),
                    Err(lost) => break (lost, None),
                },
                Err(lost) => break (lost, None),
            },
            _ = beat.tick() => {
                channel.send(*b"beat\n");
                continue;
            }
        };
        let (reply, result) = attend(&mut channel, job, &mut beat).await;
        match result {
            Err(lost) => break (lost, Some(reply)),
            // Nobody may be waiting any more.
            Ok(ended) => drop(reply.send(Ok(ended))),
        }
    };
    inbox.close();
    // What is left of its jobs must be gone before anything else is asked there.
    if lost.how == How::Intruded {
        channel.close().await;
    }
    if let Some(reply) = unanswered {
        let _ = reply.send(Err(lost.clone()));
    }
    while let Some(job) = inbox.recv().await {
        let _ = job.reply.send(Err(lost.clone()));
    }
}

/// Whether this is the answer to the request.
fn answers(done: &JobDone, request: &Request) -> bool {
    done.id == request.id && done.token == request.token
}

/// One job from its request to its answer.
async fn attend(
    channel: &mut Channel,
    mut job: QueuedJob,
    beat: &mut tokio::time::Interval,
) -> (oneshot::Sender<Result<Ended, Lost>>, Result<Ended, Lost>) {
    channel.send(std::mem::take(&mut job.line));
    let now = tokio::time::Instant::now();
    let far = Duration::from_secs(60 * 60 * 24 * 365);
    let overdue = now + job.deadline.min(far);
    let mut current = Current {
        job,
        started: Instant::now(),
        overdue,
        killing: None,
    };
    let result = loop {
        match channel.next() {
            Ok(Some(Frame::Done(done))) if done.state == "gone" => {
                break Err(Lost::ended("it gave up, and killed the command"));
            }
            Ok(Some(Frame::Done(done))) if answers(&done, &current.job.request) => {
                break Ok(Ended {
                    done,
                    duration: current.started.elapsed(),
                });
            }
            Ok(Some(Frame::Intruder { text })) => break Err(Lost::intruded(text)),
            Ok(Some(_)) => break Err(Lost::intruded("an answer to another request")),
            Ok(None) => {}
            Err(lost) => break Err(lost),
        }
        if let Err(lost) = wait(channel, &mut current, beat).await {
            break Err(lost);
        }
    };
    (current.job.reply, result)
}

/// Waits for the next thing to happen to the current job.
async fn wait(
    channel: &mut Channel,
    current: &mut Current,
    beat: &mut tokio::time::Interval,
) -> Result<(), Lost> {
    let next = current.killing.map_or(current.overdue, |(_, again)| again);
    let kill = tokio::select! {
        read = channel.receive() => return read,
        _ = beat.tick() => {
            channel.send(*b"beat\n");
            false
        }
        () = sleep_until(next) => true,
        () = current.job.reply.closed(), if current.killing.is_none() => true,
        () = current.job.cancel.notified(), if current.killing.is_none() => true,
    };
    if kill {
        let now = tokio::time::Instant::now();
        let since = current.killing.map_or(now, |(since, _)| since);
        if now.duration_since(since) > GRACE {
            let detail = format!(
                "no answer within {} after the kill was requested",
                humantime::format_duration(GRACE)
            );
            return Err(Lost {
                detail,
                how: How::Silent,
            });
        }
        channel.send(format!("cancel {}\n", current.job.request.id));
        current.killing = Some((since, now + AGAIN));
    }
    Ok(())
}
