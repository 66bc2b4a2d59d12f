//! One command as a tree of processes.

use std::io::Read as _;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::fault::Fault;
use super::super::invocation::{Invocation, Leftovers, Script};
use super::super::mark::{self, Jobs, Lineage, Newest, Wanted};
use super::super::script;
use super::program;
use crate::observation::{Captured, CommandObservation, Ending, LeftProcess};

/// How long to wait for the end of the output after the command itself has ended: a background
/// process that holds the pipe open must not hold us.
const DRAIN: Duration = Duration::from_millis(100);

/// The most that is taken out of a pipe after [`DRAIN`], in bytes: the largest pipe that Linux
/// gives to everybody (`/proc/sys/fs/pipe-max-size`), so that a process that goes on writing ends
/// nothing.
const PIPE: u64 = 1 << 20;

/// A running command.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) child: Child,
    pub(super) tree: ProcessTree,
    pub(super) stdout: StreamReader,
    stderr: StreamReader,
    pub(super) started: Instant,
    /// The newest process before it.
    newest: Option<Newest>,
    leftovers: Leftovers,
}

/// What else there is of the lineage of a job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside<'a> {
    /// The jobs that run beside it.
    pub(super) running: &'a [u64],
    /// Whether one before it has left what cannot be ended.
    pub(super) stayed: &'a AtomicBool,
}

/// By what all that descends from a job is found.
#[derive(Clone, Debug)]
pub(super) struct Descent {
    lineage: Lineage,
    job: u64,
}

impl Descent {
    pub(super) fn of(lineage: &Lineage, job: u64) -> Descent {
        Descent {
            lineage: lineage.clone(),
            job,
        }
    }
}

/// The processes of a job. Dropped before [`ProcessTree::release`], it kills them: so a command that
/// nobody waits for any more does not go on.
#[derive(Debug)]
pub(super) struct ProcessTree {
    pub(super) leader: Option<Pid>,
    pub(super) mark: String,
    descent: Descent,
    armed: bool,
}

/// One stream, read in the background: stored up to a limit, counted beyond it.
#[derive(Debug)]
pub(super) struct StreamReader {
    captured: Arc<Mutex<Captured>>,
    reader: JoinHandle<()>,
    /// The pipe once more, for what the reader did not come to.
    pipe: Option<OwnedFd>,
    limit: usize,
}

impl Job {
    pub(super) fn start(
        run: &str,
        job_mark: String,
        descent: Descent,
        invocation: &Invocation,
    ) -> Result<Job, Fault> {
        script::check(invocation)?;
        if let Some(cwd) = &invocation.cwd {
            let found = std::fs::metadata(cwd);
            if !found.is_ok_and(|found| found.is_dir()) {
                return Err(Fault::Other(format!(
                    "`cwd: {cwd}` is not a folder on this machine"
                )));
            }
        }
        let mut command = command(invocation, &descent)?;
        command.env(mark::JOB, mark::value(mark::JOB, &job_mark));
        if invocation.leftovers == Leftovers::Kill {
            command.env(mark::RUN, mark::value(mark::RUN, run));
        }
        let newest = Newest::now();
        let started = Instant::now();
        let mut child = command
            .spawn()
            .map_err(|error| spawn_fault(invocation, &error))?;
        let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        feed(&mut child, invocation.stdin.clone());
        let limit = invocation.output_limit;
        Ok(Job {
            tree: ProcessTree {
                leader,
                mark: job_mark,
                descent,
                armed: true,
            },
            stdout: StreamReader::new(child.stdout.take(), limit),
            stderr: StreamReader::new(child.stderr.take(), limit),
            child,
            started,
            newest,
            leftovers: invocation.leftovers,
        })
    }

    /// The observation, once the leader has ended. Where `running` is given, what the job has left is
    /// ended.
    ///
    /// # Errors
    /// [`Fault::Outlived`], when something of it cannot be ended.
    pub(super) async fn finish(
        &mut self,
        status: ExitStatus,
        running: Option<Beside<'_>>,
    ) -> Result<CommandObservation, Fault> {
        let duration = self.started.elapsed();
        let mut left = Vec::new();
        if let Some(Beside { running, stayed }) = running {
            let before = self
                .newest
                .as_ref()
                .filter(|_| !stayed.load(Ordering::Relaxed));
            let wanted = Wanted {
                word: &self.tree.mark,
                lineage: &self.tree.descent.lineage,
                job: Jobs::AllBut(running),
            };
            left = wanted.end_left(before, self.tree.leader).await;
            if left.iter().any(|process| !process.ended) {
                stayed.store(true, Ordering::Relaxed);
            }
        }
        if self.leftovers == Leftovers::Kill {
            self.tree.kill_group();
        }
        self.tree.release();
        self.drain().await;
        if left.iter().any(|process| !process.ended) {
            return Err(Fault::Outlived(left));
        }
        let ending = match (status.code(), status.signal()) {
            (Some(code), _) => Ending::Exited(code),
            (None, Some(signal)) => Ending::Signalled(signal),
            // A process that was waited for has one or the other.
            (None, None) => Ending::Exited(-1),
        };
        Ok(CommandObservation {
            ending,
            stdout: self.stdout.so_far(),
            stderr: self.stderr.so_far(),
            duration,
            at: chrono::Utc::now(),
            left,
        })
    }

    /// Ends the whole tree after its deadline.
    pub(super) async fn overdue(&mut self, limit: Duration) -> Fault {
        let mut stays = self.tree.kill();
        stays.retain(|process| !process.ended);
        // Killed and ours: it ends. An error here only means that it is gone already.
        let _ = self.child.wait().await;
        self.tree.release();
        self.drain().await;
        let (stdout, stderr) = (self.stdout.so_far(), self.stderr.so_far());
        Fault::Deadline {
            limit,
            stays,
            output: format!("{}{}", stdout.text(), stderr.text()),
        }
    }

    async fn drain(&mut self) {
        let both = async {
            // A reader that panicked has nothing more to give.
            let _ = (&mut self.stdout.reader).await;
            let _ = (&mut self.stderr.reader).await;
        };
        if timeout(DRAIN, both).await.is_err() {
            self.stdout.cut().await;
            self.stderr.cut().await;
        }
    }
}

impl ProcessTree {
    /// Kills all of it, and says what it met.
    pub(super) fn kill(&self) -> Vec<LeftProcess> {
        kill_tree(self.leader, &self.mark, &self.descent)
    }

    fn kill_group(&self) {
        if let Some(leader) = self.leader {
            mark::kill_group(leader);
        }
    }

    /// From now on whatever still runs may go on.
    pub(super) fn release(&mut self) {
        self.armed = false;
    }
}

impl Drop for ProcessTree {
    fn drop(&mut self) {
        if self.armed {
            self.kill();
        }
    }
}

impl StreamReader {
    fn new(stream: Option<impl AsyncRead + AsFd + Unpin + Send + 'static>, limit: usize) -> Self {
        let captured = Arc::new(Mutex::new(Captured::default()));
        let shared = Arc::clone(&captured);
        let pipe = stream
            .as_ref()
            .and_then(|stream| stream.as_fd().try_clone_to_owned().ok());
        let reader = tokio::spawn(async move {
            let Some(mut stream) = stream else { return };
            let mut chunk = vec![0; 64 * 1024];
            // A read error on a pipe of ours means the same as its end.
            while let Ok(count @ 1..) = stream.read(&mut chunk).await {
                add(&shared, &chunk[..count], limit);
            }
        });
        StreamReader {
            captured,
            reader,
            pipe,
            limit,
        }
    }

    /// Stops reading, and takes what is in the pipe by now. On a busy machine the reader may not
    /// have had its turn: what the command wrote before it ended must not be lost for that.
    async fn cut(&mut self) {
        if self.reader.is_finished() {
            return;
        }
        self.reader.abort();
        let _ = (&mut self.reader).await;
        let Some(pipe) = self.pipe.take() else { return };
        let mut pipe = std::fs::File::from(pipe).take(PIPE);
        let mut chunk = vec![0; 64 * 1024];
        // It does not block: an empty pipe is an error that ends this.
        while let Ok(count @ 1..) = pipe.read(&mut chunk) {
            add(&self.captured, &chunk[..count], self.limit);
        }
    }

    pub(super) fn so_far(&self) -> Captured {
        self.captured
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn add(captured: &Mutex<Captured>, bytes: &[u8], limit: usize) {
    let mut captured = captured.lock().unwrap_or_else(PoisonError::into_inner);
    let room = limit.saturating_sub(captured.bytes.len()).min(bytes.len());
    captured.bytes.extend_from_slice(&bytes[..room]);
    captured.total += bytes.len() as u64;
}

pub(super) fn kill_tree(leader: Option<Pid>, job: &str, descent: &Descent) -> Vec<LeftProcess> {
    if let Some(leader) = leader {
        mark::kill_group(leader);
    }
    let wanted = Wanted {
        word: job,
        lineage: &descent.lineage,
        job: Jobs::One(descent.job),
    };
    wanted.end()
}

fn command(invocation: &Invocation, descent: &Descent) -> Result<Command, Fault> {
    let mut command = Command::new("/bin/sh");
    let limit = mark::take_limit(&descent.lineage.limit(descent.job));
    // The argument behind the text is `$0`: messages of the shell begin with it.
    match &invocation.script {
        Script::Shell(text) => {
            let text = script::with_params(text, &invocation.params)?;
            command.args(["-c", &format!("{limit}{text}"), "sh"]);
        }
        Script::Argv(args) => {
            if !program::is_there(&args[0], invocation) {
                return Err(Fault::ToolMissing {
                    detail: format!("`{}` is not on this machine", args[0]),
                });
            }
            command.args(["-c", &format!("{limit}exec \"$@\""), "sh"]);
            command.args(args);
        }
    }
    let envs = invocation.env.iter().map(|(name, value)| (name, value));
    command
        .envs(envs)
        .stdin(if invocation.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    if let Some(cwd) = &invocation.cwd {
        command.current_dir(cwd);
    }
    Ok(command)
}

/// Writes standard input in the background; a command need not read it.
fn feed(child: &mut Child, input: Option<Vec<u8>>) {
    if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), input) {
        tokio::spawn(async move {
            // A command that closes its input early is free to do so.
            let _ = pipe.write_all(&bytes).await;
        });
    }
}

fn spawn_fault(invocation: &Invocation, error: &std::io::Error) -> Fault {
    let program = match &invocation.script {
        Script::Shell(_) => "/bin/sh",
        Script::Argv(args) => &args[0],
    };
    match error.kind() {
        std::io::ErrorKind::NotFound => Fault::ToolMissing {
            detail: format!("`{program}` is not on this machine ({error})"),
        },
        _ => other(&format!("cannot start `{program}`"), error),
    }
}

pub(super) fn other(what: &str, error: &std::io::Error) -> Fault {
    Fault::Other(format!("{what}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tokio::net::unix::pipe::Receiver;

    use super::*;

    /// A run on a busy machine printed nothing and was a FAIL: its reader had not had its turn
    /// within 100 ms, and somebody else still held the pipe open.
    #[tokio::test(flavor = "current_thread")]
    async fn output_is_kept_although_its_reader_never_had_its_turn() {
        let (read, mut write) = std::io::pipe().unwrap();
        let receiver = Receiver::from_owned_fd(read.into()).unwrap();
        let mut stream = StreamReader::new(Some(receiver), 4);
        write.write_all(b"written").unwrap();
        // Nothing was awaited since, so the reader has not begun.
        stream.cut().await;
        let captured = stream.so_far();
        assert_eq!(captured.bytes, b"writ");
        assert_eq!(captured.total, 7);
        drop(write);
    }
}
