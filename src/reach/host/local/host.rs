//! The transport: commands are processes of this machine.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::fault::Fault;
use super::super::guard::Guard;
use super::super::invocation::{Invocation, Leftovers};
use super::super::mark::{self, Jobs, Lineage, Wanted};
use super::super::transport::{
    Background, BackgroundService, BoxFuture, Endpoint, Forward, Transport,
};
use super::job::{Beside, Descent, Job, kill_tree, other};
use crate::observation::CommandObservation;

/// What the guard does when we were killed: everything of this run goes, and the jobs that
/// were running although what they leave behind would have stayed. The services go last: an
/// undoing that is armed (its folder is in the list) may need them.
const CLEAN: &str = r#"
kill_marked "$2"
kill_limited "$4[0-9]{6}"
for word in $list; do case $word in /*) ;; *) kill_marked "$word" ;; esac; done
await_undone
kill_marked "$3"
"#;

/// Which jobs of the ending lineage run at this moment.
#[derive(Debug, Default)]
struct Running(Mutex<Vec<u64>>);

/// One of them, until it is dropped.
struct Entered<'a> {
    running: &'a Running,
    id: u64,
}

impl Running {
    fn enter(&self, id: u64) -> Entered<'_> {
        self.ids().push(id);
        Entered { running: self, id }
    }

    fn ids(&self) -> MutexGuard<'_, Vec<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entered<'_> {
    /// Those that run beside it.
    fn others(&self) -> Vec<u64> {
        let ids = self.running.ids();
        ids.iter().copied().filter(|&id| id != self.id).collect()
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.running.ids().retain(|&id| id != self.id);
    }
}

/// This machine as a host.
#[derive(Debug, Default)]
pub(in crate::host) struct LocalHost {
    /// Its state folder, where it is not that of the machine.
    state: Option<PathBuf>,
    run: OnceCell<Box<Run>>,
}

/// What all commands of one host have in common, made with the first of them.
#[derive(Debug)]
pub(super) struct Run {
    /// In the commands of checks.
    pub(super) mark: String,
    /// In services.
    services: String,
    /// Of commands that leave nothing behind.
    ending: Lineage,
    /// Of services, and of commands that may leave something.
    staying: Lineage,
    jobs: AtomicU64,
    running: Running,
    stayed: AtomicBool,
    pub(super) guard: Guard,
}

impl Run {
    /// For a job that is started without the host.
    #[cfg(test)]
    pub(super) fn descent(&self) -> Descent {
        Descent::of(&self.ending, self.next_job())
    }

    fn next_job(&self) -> u64 {
        self.jobs.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// A background service on this machine.
#[derive(Debug)]
struct LocalService {
    job: Box<Job>,
    limit: Duration,
    /// Kills it when it outlives its deadline, also while nobody looks.
    watch: JoinHandle<()>,
}

impl LocalHost {
    pub(in crate::host) fn with_state(state: PathBuf) -> LocalHost {
        LocalHost {
            state: Some(state),
            ..LocalHost::default()
        }
    }

    pub(in crate::host) fn new() -> Self {
        Self::default()
    }

    async fn run_to_end(&self, invocation: &Invocation) -> Result<CommandObservation, Fault> {
        let run = self.ready().await?;
        let mark = fresh_mark()?;
        let stays = invocation.leftovers == Leftovers::Keep;
        if stays {
            // Before it starts: we may be killed at any moment after that.
            let noted = run.guard.add(&mark).await;
            noted.map_err(|error| other("the guard process is gone", &error))?;
        }
        let id = run.next_job();
        let entered = (!stays).then(|| run.running.enter(id));
        let lineage = if stays { &run.staying } else { &run.ending };
        let mut job = Job::start(&run.mark, mark, Descent::of(lineage, id), invocation)?;
        let ended = timeout(invocation.deadline, job.child.wait()).await;
        let result = match ended {
            Ok(status) => {
                let status =
                    status.map_err(|error| other("cannot wait for the command", &error))?;
                let others = entered.as_ref().map(Entered::others);
                let beside = others.as_deref().map(|running| Beside {
                    running,
                    stayed: &run.stayed,
                });
                job.finish(status, beside).await
            }
            Err(_) => Err(job.overdue(invocation.deadline).await),
        };
        drop(entered);
        if stays {
            // If the guard is gone there is nothing to take back.
            let _ = run.guard.remove(&job.tree.mark).await;
        }
        result
    }

    async fn start_service(&self, invocation: &Invocation) -> Result<LocalService, Fault> {
        let run = self.ready().await?;
        let descent = Descent::of(&run.staying, run.next_job());
        let job = Box::new(Job::start(
            &run.services,
            fresh_mark()?,
            descent.clone(),
            invocation,
        )?);
        let (leader, mark) = (job.tree.leader, job.tree.mark.clone());
        let limit = invocation.deadline;
        let watch = tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            kill_tree(leader, &mark, &descent);
        });
        Ok(LocalService { job, limit, watch })
    }

    /// Until the undoing in the folder is over, the guard leaves the services alone.
    async fn spare(&self, folder: &str) {
        // The guard separates paths by spaces; it would wait for something else.
        if let Some(run) = self.run.get()
            && !folder.contains(char::is_whitespace)
        {
            // Without a guard nobody ends the services either.
            let _ = run.guard.add(folder).await;
        }
    }

    async fn end(&self) {
        if let Some(run) = self.run.get() {
            let ours = Wanted {
                word: &run.mark,
                lineage: &run.ending,
                job: Jobs::AllBut(&[]),
            };
            ours.end();
            mark::kill_marked(&run.services);
            run.guard.dismiss().await;
        }
    }

    pub(super) async fn ready(&self) -> Result<&Run, Fault> {
        let run = self.run.get_or_try_init(|| async {
            let mark = fresh_mark()?;
            let services = fresh_mark()?;
            let ending = fresh_lineage()?;
            let guard = Guard::start(CLEAN, &[&mark, &services, &ending.to_string()])?;
            Ok(Box::new(Run {
                mark,
                services,
                ending,
                staying: fresh_lineage()?,
                jobs: AtomicU64::new(0),
                running: Running::default(),
                stayed: AtomicBool::new(false),
                guard,
            }))
        });
        run.await.map(AsRef::as_ref)
    }
}

impl Transport for LocalHost {
    fn run<'a>(
        &'a self,
        invocation: &'a Invocation,
    ) -> BoxFuture<'a, Result<CommandObservation, Fault>> {
        Box::pin(self.run_to_end(invocation))
    }

    fn state(&self) -> Option<&Path> {
        self.state.as_deref()
    }

    fn start<'a>(
        &'a self,
        invocation: &'a Invocation,
    ) -> BoxFuture<'a, Result<BackgroundService, Fault>> {
        Box::pin(async {
            self.start_service(invocation)
                .await
                .map(BackgroundService::over)
        })
    }

    fn reproduce(&self, line: &str) -> String {
        line.to_owned()
    }

    fn is_local(&self) -> bool {
        true
    }

    /// This program itself holds the leases.
    fn session(&self) -> BoxFuture<'_, Option<String>> {
        Box::pin(async { Some("here".to_owned()) })
    }

    fn spare_services_for<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(self.spare(folder))
    }

    /// What this machine reaches is reached without a forward.
    fn forward<'a>(&'a self, _endpoint: &'a Endpoint) -> BoxFuture<'a, Result<Forward, Fault>> {
        Box::pin(async {
            Err(Fault::Other(
                "this machine needs no forward to reach an endpoint".to_owned(),
            ))
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.end())
    }
}

impl Background for LocalService {
    fn stdout(&self) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async { Ok(self.job.stdout.so_far().bytes) })
    }

    fn ended(&mut self) -> BoxFuture<'_, Result<Option<CommandObservation>, Fault>> {
        Box::pin(self.poll_end())
    }

    fn stop(self: Box<Self>) -> BoxFuture<'static, Result<(), Fault>> {
        Box::pin(self.kill())
    }
}

impl LocalService {
    async fn poll_end(&mut self) -> Result<Option<CommandObservation>, Fault> {
        let status = self.job.child.try_wait();
        match status.map_err(|error| other("cannot look after the service", &error))? {
            None => Ok(None),
            Some(_) if self.job.started.elapsed() >= self.limit => {
                Err(self.job.overdue(self.limit).await)
            }
            Some(status) => {
                self.watch.abort();
                self.job.finish(status, None).await.map(Some)
            }
        }
    }

    async fn kill(mut self) -> Result<(), Fault> {
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

fn fresh_lineage() -> Result<Lineage, Fault> {
    Lineage::fresh().map_err(|error| other("no random bytes from /dev/urandom", &error))
}

pub(super) fn fresh_mark() -> Result<String, Fault> {
    mark::fresh().map_err(|error| other("no random bytes from /dev/urandom", &error))
}
