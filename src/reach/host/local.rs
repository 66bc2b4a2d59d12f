//! This machine.

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::guard::Guard;
use super::{Fault, Invocation, Leftovers, Script, mark, script};
use crate::observation::{Captured, CommandObservation, Ending};

/// How long output may still come after the command itself has ended: a background process
/// that holds the pipe open must not hold us.
const DRAIN: Duration = Duration::from_millis(100);

/// What the guard does when we were killed: everything of this run goes, and the jobs that
/// were running although what they leave behind would have been kept. The services go last: an
/// undoing that is armed (its folder is in the list) may need them.
const CLEAN: &str = r#"
kill_marked "$2"
for word in $list; do case $word in /*) ;; *) kill_marked "$word" ;; esac; done
await_undone
kill_marked "$3"
"#;

/// This machine as a host.
#[derive(Debug, Default)]
pub struct LocalHost {
    run: OnceCell<Box<Run>>,
}

/// What all commands of one host have in common, made with the first of them.
#[derive(Debug)]
struct Run {
    /// In the commands of checks.
    mark: String,
    /// In services.
    services: String,
    guard: Guard,
}

/// A background service on this machine.
#[derive(Debug)]
pub struct LocalService {
    job: Box<Job>,
    limit: Duration,
    /// Kills it when it outlives its deadline, also while nobody looks.
    watch: JoinHandle<()>,
}

/// A running command.
#[derive(Debug)]
struct Job {
    child: Child,
    tree: Tree,
    stdout: Sink,
    stderr: Sink,
    started: Instant,
    leftovers: Leftovers,
}

/// The processes of a job. Dropped before [`Tree::release`], it kills them: so a command that
/// nobody waits for any more does not go on.
#[derive(Debug)]
struct Tree {
    leader: Option<Pid>,
    mark: String,
    armed: bool,
}

/// One stream, read in the background: kept up to a limit, counted beyond it.
#[derive(Debug)]
struct Sink {
    captured: Arc<Mutex<Captured>>,
    reader: JoinHandle<()>,
}

impl LocalHost {
    /// This machine; nothing is started until the first command.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) async fn run(&self, invocation: &Invocation) -> Result<CommandObservation, Fault> {
        let run = self.ready().await?;
        let mark = fresh_mark()?;
        let kept = invocation.leftovers == Leftovers::Keep;
        if kept {
            // Before it starts: we may be killed at any moment after that.
            let told = run.guard.add(&mark).await;
            told.map_err(|error| other("the guard process is gone", &error))?;
        }
        let mut job = Job::start(&run.mark, mark, invocation)?;
        let ended = timeout(invocation.deadline, job.child.wait()).await;
        let result = match ended {
            Ok(status) => {
                let status =
                    status.map_err(|error| other("cannot wait for the command", &error))?;
                Ok(job.finish(status).await)
            }
            Err(_) => Err(job.overdue(invocation.deadline).await),
        };
        if kept {
            // If the guard is gone there is nothing to take back.
            let _ = run.guard.remove(&job.tree.mark).await;
        }
        result
    }

    pub(super) async fn start(&self, invocation: &Invocation) -> Result<LocalService, Fault> {
        let job = Box::new(Job::start(
            &self.ready().await?.services,
            fresh_mark()?,
            invocation,
        )?);
        let (leader, mark) = (job.tree.leader, job.tree.mark.clone());
        let limit = invocation.deadline;
        let watch = tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            kill_tree(leader, &mark);
        });
        Ok(LocalService { job, limit, watch })
    }

    /// Until the folder says so, the guard leaves the services alone.
    pub(super) async fn spare_services_for(&self, folder: &str) {
        // The guard's words are apart by spaces; it would wait for something else.
        if let Some(run) = self.run.get()
            && !folder.contains(char::is_whitespace)
        {
            // Without a guard nobody ends the services either.
            let _ = run.guard.add(folder).await;
        }
    }

    pub(super) async fn close(&self) {
        if let Some(run) = self.run.get() {
            mark::kill_marked(&run.mark);
            mark::kill_marked(&run.services);
            run.guard.dismiss().await;
        }
    }

    async fn ready(&self) -> Result<&Run, Fault> {
        let run = self.run.get_or_try_init(|| async {
            let mark = fresh_mark()?;
            let services = fresh_mark()?;
            let guard = Guard::start(CLEAN, &[&mark, &services])?;
            Ok(Box::new(Run {
                mark,
                services,
                guard,
            }))
        });
        run.await.map(AsRef::as_ref)
    }
}

impl LocalService {
    pub(super) async fn stdout(&self) -> Result<Vec<u8>, Fault> {
        Ok(self.job.stdout.so_far().bytes)
    }

    pub(super) async fn ended(&mut self) -> Result<Option<CommandObservation>, Fault> {
        let status = self.job.child.try_wait();
        match status.map_err(|error| other("cannot look after the service", &error))? {
            None => Ok(None),
            Some(_) if self.job.started.elapsed() >= self.limit => {
                Err(self.job.overdue(self.limit).await)
            }
            Some(status) => {
                self.watch.abort();
                Ok(Some(self.job.finish(status).await))
            }
        }
    }

    pub(super) async fn stop(mut self) -> Result<(), Fault> {
        self.watch.abort();
        self.job.tree.kill();
        let ended = self.job.child.wait().await;
        self.job.tree.release();
        ended
            .map(drop)
            .map_err(|error| other("cannot wait for the service", &error))
    }
}

impl Drop for LocalService {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl Job {
    fn start(run: &str, job_mark: String, invocation: &Invocation) -> Result<Job, Fault> {
        script::check(invocation)?;
        if let Some(cwd) = &invocation.cwd {
            let found = std::fs::metadata(cwd);
            if !found.is_ok_and(|found| found.is_dir()) {
                return Err(Fault::Other(format!(
                    "`cwd: {cwd}` is no folder on this machine"
                )));
            }
        }
        let mut command = command(invocation)?;
        command.env(mark::JOB, mark::value(mark::JOB, &job_mark));
        if invocation.leftovers == Leftovers::Kill {
            command.env(mark::RUN, mark::value(mark::RUN, run));
        }
        let started = Instant::now();
        let mut child = command
            .spawn()
            .map_err(|error| spawn_fault(invocation, &error))?;
        let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        feed(&mut child, invocation.stdin.clone());
        let limit = invocation.output_limit;
        Ok(Job {
            tree: Tree {
                leader,
                mark: job_mark,
                armed: true,
            },
            stdout: Sink::new(child.stdout.take(), limit),
            stderr: Sink::new(child.stderr.take(), limit),
            child,
            started,
            leftovers: invocation.leftovers,
        })
    }

    /// What the command showed, once its leader has ended.
    async fn finish(&mut self, status: ExitStatus) -> CommandObservation {
        let duration = self.started.elapsed();
        if self.leftovers == Leftovers::Kill {
            self.tree.kill_group();
        }
        self.tree.release();
        self.drain().await;
        let ending = match (status.code(), status.signal()) {
            (Some(code), _) => Ending::Exited(code),
            (None, Some(signal)) => Ending::Signalled(signal),
            // A process that was waited for has one or the other.
            (None, None) => Ending::Exited(-1),
        };
        CommandObservation {
            ending,
            stdout: self.stdout.so_far(),
            stderr: self.stderr.so_far(),
            duration,
            at: chrono::Utc::now(),
        }
    }

    /// Ends the whole tree after its deadline.
    async fn overdue(&mut self, limit: Duration) -> Fault {
        self.tree.kill();
        // Killed and ours: it ends. An error here would only say that it is gone already.
        let _ = self.child.wait().await;
        self.tree.release();
        self.drain().await;
        let (stdout, stderr) = (self.stdout.so_far(), self.stderr.so_far());
        Fault::Deadline {
            limit,
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
            self.stdout.reader.abort();
            self.stderr.reader.abort();
        }
    }
}

impl Tree {
    fn kill(&self) {
        kill_tree(self.leader, &self.mark);
    }

    fn kill_group(&self) {
        if let Some(leader) = self.leader {
            mark::kill_group(leader);
        }
    }

    /// From now on the processes are nobody's: whatever still runs may go on.
    fn release(&mut self) {
        self.armed = false;
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if self.armed {
            self.kill();
        }
    }
}

impl Sink {
    fn new(stream: Option<impl AsyncRead + Unpin + Send + 'static>, limit: usize) -> Self {
        let captured = Arc::new(Mutex::new(Captured::default()));
        let shared = Arc::clone(&captured);
        let reader = tokio::spawn(async move {
            let Some(mut stream) = stream else { return };
            let mut chunk = vec![0; 64 * 1024];
            // A read error on a pipe of ours means the same as its end.
            while let Ok(count @ 1..) = stream.read(&mut chunk).await {
                let mut captured = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let room = limit.saturating_sub(captured.bytes.len()).min(count);
                captured.bytes.extend_from_slice(&chunk[..room]);
                captured.total += count as u64;
            }
        });
        Sink { captured, reader }
    }

    fn so_far(&self) -> Captured {
        self.captured
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn kill_tree(leader: Option<Pid>, job: &str) {
    if let Some(leader) = leader {
        mark::kill_group(leader);
    }
    mark::kill_marked(job);
}

fn command(invocation: &Invocation) -> Result<Command, Fault> {
    let mut command = match &invocation.script {
        Script::Shell(text) => {
            let mut command = Command::new("/bin/sh");
            let text = script::with_params(text, &invocation.params)?;
            // The last word is `$0`: messages of the shell begin with it.
            command.args(["-c", &text, "sh"]);
            command
        }
        Script::Argv(words) => {
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]);
            command
        }
    };
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
        Script::Argv(words) => &words[0],
    };
    match error.kind() {
        std::io::ErrorKind::NotFound => Fault::ToolMissing {
            detail: format!("`{program}` is not on this machine ({error})"),
        },
        _ => other(&format!("cannot start `{program}`"), error),
    }
}

fn fresh_mark() -> Result<String, Fault> {
    mark::fresh().map_err(|error| other("no random bytes from /dev/urandom", &error))
}

fn other(what: &str, error: &std::io::Error) -> Fault {
    Fault::Other(format!("{what}: {error}"))
}

#[cfg(test)]
mod tests;
