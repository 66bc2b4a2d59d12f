//! The client's half of a runner: one task that owns the channel, sends jobs, keeps the deadline of
//! the one whose turn it is, and keeps the runner alive.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
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

/// The most jobs in one request line, which saves round trips, and the most bytes of them together.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 64 * 1024;

/// How a job ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// The runner's answer.
    pub(super) done: JobDone,
    /// From its turn to having the whole answer.
    pub(super) duration: Duration,
}

/// Why a job has no answer.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// The channel was lost while the job ran.
    Lost(Lost),
    /// The channel was lost before its turn.
    NotBegun(Lost),
}

/// How a job ended, or why nobody knows.
pub(super) type Reply = Result<Ended, Unanswered>;

impl Unanswered {
    /// What became of the channel.
    pub(super) fn lost(self) -> Lost {
        match self {
            Unanswered::Lost(lost) | Unanswered::NotBegun(lost) => lost,
        }
    }
}

/// Whether somebody disturbed the host when the last job ended there.
#[derive(Debug, Default)]
struct Leased(AtomicU8);

impl Leased {
    fn note(&self, leased: bool) {
        self.0.store(1 + u8::from(leased), Ordering::Release);
    }

    fn last(&self) -> Option<bool> {
        match self.0.load(Ordering::Acquire) {
            0 => None,
            noted => Some(noted == 2),
        }
    }
}

/// A job under way.
#[derive(Debug)]
pub(super) struct Pending {
    /// Notified, the job is killed.
    pub(super) cancel: Arc<Notify>,
    /// How it ended. Dropped, the job is killed too.
    pub(super) reply: oneshot::Receiver<Reply>,
}

/// A runner that is ready.
#[derive(Debug)]
pub(super) struct Runner {
    jobs: mpsc::Sender<QueuedJob>,
    /// Its private folder on the host.
    pub(super) folder: String,
    lineage: Lineage,
    leased: Arc<Leased>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct QueuedJob {
    job: Job,
    cancel: Arc<Notify>,
    reply: oneshot::Sender<Reply>,
}

/// A job as it is sent.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) request: Request,
    /// Its part of a request line.
    pub(super) text: String,
    pub(super) deadline: Duration,
    /// See [`Invocation::queued`].
    pub(super) queued: bool,
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
        let (jobs, inbox) = mpsc::channel(BATCH);
        let leased = Arc::new(Leased::default());
        let task = tokio::spawn(serve(channel, inbox, secrets, Arc::clone(&leased)));
        Ok(Runner {
            jobs,
            folder,
            lineage: lineage.clone(),
            leased,
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

    /// Whether somebody disturbed the host when the last job ended there, if one has.
    pub(super) fn leased(&self) -> Option<bool> {
        self.leased.last()
    }

    /// A job, as it is sent to this runner.
    ///
    /// # Errors
    /// A [`Fault`] when the invocation cannot be handed to any shell.
    pub(super) fn job(&self, request: Request, invocation: &Invocation) -> Result<Job, Fault> {
        Ok(Job {
            text: request::job(&request, &self.folder, invocation)?,
            request,
            deadline: invocation.deadline,
            queued: invocation.queued,
        })
    }

    /// Sends a job. Its turn comes after those that were sent before it have ended.
    ///
    /// # Errors
    /// [`Lost`] when it was not sent, because the channel had gone before.
    pub(super) async fn send(&self, job: Job) -> Result<Pending, Lost> {
        let cancel = Arc::new(Notify::new());
        let (reply, receiver) = oneshot::channel();
        let job = QueuedJob {
            job,
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

/// The job whose turn it is.
struct Current {
    job: QueuedJob,
    started: Instant,
    overdue: tokio::time::Instant,
    /// When the kill was first requested, and when it will be requested again.
    killing: Option<(tokio::time::Instant, tokio::time::Instant)>,
}

impl Current {
    fn begin(job: QueuedJob) -> Current {
        let far = Duration::from_secs(60 * 60 * 24 * 365);
        let overdue = tokio::time::Instant::now() + job.job.deadline.min(far);
        Current {
            job,
            started: Instant::now(),
            overdue,
            killing: None,
        }
    }
}

/// Runs jobs until nobody can send any more or the channel is lost.
async fn serve(
    mut channel: Channel,
    mut inbox: mpsc::Receiver<QueuedJob>,
    secrets: Secrets,
    leased: Arc<Leased>,
) {
    let mut beat = tokio::time::interval(BEAT);
    // One that was taken from the inbox and does not belong into the line before it.
    let mut next = None;
    let (lost, unanswered, mut after) = loop {
        let first = match next.take() {
            Some(job) => job,
            None => match idle(&mut channel, &mut inbox, &mut beat).await {
                Ok(Some(job)) => job,
                Ok(None) => return channel.close().await,
                Err(lost) => break (lost, None, VecDeque::new()),
            },
        };
        let mut line = gather(first, &mut inbox, &mut next).await;
        let texts = line.iter().map(|queued| queued.job.text.as_str());
        channel.send(request::line(&secrets, texts));
        let mut failed = None;
        while let Some(job) = line.pop_front() {
            let (reply, result) = attend(&mut channel, Current::begin(job), &mut beat).await;
            match result {
                Err(lost) => {
                    failed = Some((lost, reply));
                    break;
                }
                Ok(ended) => {
                    leased.note(ended.done.leased);
                    // Nobody may be waiting any more.
                    drop(reply.send(Ok(ended)));
                }
            }
        }
        if let Some((lost, reply)) = failed {
            break (lost, Some(reply), line);
        }
    };
    inbox.close();
    // What is left of its jobs must be gone before anything else is asked there.
    if lost.how == How::Intruded {
        channel.close().await;
    }
    if let Some(reply) = unanswered {
        let _ = reply.send(Err(Unanswered::Lost(lost.clone())));
    }
    after.extend(next);
    while let Some(job) = inbox.recv().await {
        after.push_back(job);
    }
    for job in after {
        let _ = job.reply.send(Err(Unanswered::NotBegun(lost.clone())));
    }
}

/// Waits for a job while none runs; `None` when nobody can send any more.
async fn idle(
    channel: &mut Channel,
    inbox: &mut mpsc::Receiver<QueuedJob>,
    beat: &mut tokio::time::Interval,
) -> Result<Option<QueuedJob>, Lost> {
    loop {
        tokio::select! {
            job = inbox.recv() => return Ok(job),
            read = channel.receive() => {
                read?;
                // Each request line is answered before the next is sent.
                if channel.next()?.is_some() {
                    return Err(Lost::intruded("an answer to nothing"));
                }
            }
            _ = beat.tick() => channel.send(*b"beat\n"),
        }
    }
}

/// The jobs of one line: this one, and those that may be sent with it and are there.
async fn gather(
    first: QueuedJob,
    inbox: &mut mpsc::Receiver<QueuedJob>,
    next: &mut Option<QueuedJob>,
) -> VecDeque<QueuedJob> {
    let mut bytes = first.job.text.len();
    let mut more = first.job.queued;
    let mut line = VecDeque::from([first]);
    if more {
        // Those who send at the same time come to it.
        tokio::task::yield_now().await;
    }
    while more && line.len() < BATCH {
        let Ok(job) = inbox.try_recv() else {
            break;
        };
        bytes += job.job.text.len();
        more = job.job.queued && bytes <= BATCH_BYTES;
        if more {
            line.push_back(job);
        } else {
            *next = Some(job);
        }
    }
    line
}

/// Whether this is the answer to the request.
fn answers(done: &JobDone, request: &Request) -> bool {
    done.id == request.id && done.token == request.token
}

/// One job from its turn to its answer.
async fn attend(
    channel: &mut Channel,
    mut current: Current,
    beat: &mut tokio::time::Interval,
) -> (oneshot::Sender<Reply>, Result<Ended, Lost>) {
    let result = loop {
        match channel.next() {
            Ok(Some(Frame::Done(done))) if done.state == "gone" => {
                break Err(Lost::ended("it gave up, and killed the command"));
            }
            Ok(Some(Frame::Done(done))) if answers(&done, &current.job.job.request) => {
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
        channel.send(format!("cancel {}\n", current.job.job.request.id));
        current.killing = Some((since, now + AGAIN));
    }
    Ok(())
}
