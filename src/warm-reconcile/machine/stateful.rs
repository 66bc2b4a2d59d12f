//! The data of a stateful app: kept before a new version touches it, and given back after one
//! that failed.
//!
//! Forward: undeploy, until nobody uses the volumes → snapshot → deploy. Back: undeploy, until
//! nobody uses them → restore → deploy. Each arrow is a record in the journal, so that a run
//! that is killed anywhere goes on from there; each step looks first, and can be repeated.
//!
//! Which snapshot is whose: a run's own carries its run id, and with the commit its id is
//! written into last-good. Only those two are ever restored.

use std::time::{Duration, Instant};

use chrono::Utc;
use serde_json::json;

use super::workspace::Workspace;
use super::{Machine, RunError};
use crate::inspect::volumes::{self, Asking, Unreachable};
use crate::snapshot::{Request, Snapshot, SnapshotError, Snapshots, Volume};
use crate::spec::Release;
use crate::state::journal::{Event, Journal, Kind, State, Step};
use crate::state::last_good::{self, Known};

/// While files are read or written, systemd hears of it so often.
const TELL: Duration = Duration::from_secs(10);

/// Of a step: `Err` says why it cannot be done, and is decided on; [`RunError`] leaves the
/// journal as it is for the next run.
type Done<T> = Result<Result<T, String>, RunError>;

impl Machine<'_> {
    /// Takes the app down and its snapshot. `Some`: that cannot be done, and why; nothing of the
    /// new version has run then.
    pub(super) async fn keep_data(
        &self,
        journal: &mut Journal,
        work: &Workspace,
    ) -> Result<Option<String>, RunError> {
        if journal.state() == State::Planned {
            if let Some(why) = self.undeploy(work).await? {
                return Ok(Some(why));
            }
            if let Some(why) = self.data_is_free(journal, false).await? {
                return Ok(Some(why));
            }
            journal.advance(Event::Undeployed, Step::default(), Utc::now())?;
        }
        if journal.state() == State::Quiesced {
            let taken = match self.take(journal).await? {
                Ok(taken) => taken,
                Err(why) => return Ok(Some(format!("its data could not be kept: {why}"))),
            };
            let note = self.note(&format!("snapshot {}", taken.id));
            journal.advance(Event::SnapshotTaken, Step { until: None, note }, Utc::now())?;
        }
        // Whoever came in between (a backup, a person) would be run over. A run that goes on
        // with a deploy finds its own containers.
        let own = journal.state() == State::Deploying;
        self.data_is_free(journal, own).await
    }

    /// Waits until nobody uses the app's volumes; see [`Machine::unused`].
    pub(super) async fn data_is_free(
        &self,
        journal: &Journal,
        own: bool,
    ) -> Result<Option<String>, RunError> {
        if !(journal.keeps_data() || journal.needs_restore()) {
            return Ok(None);
        }
        match self.volumes(journal).await? {
            Ok(volumes) => self.unused(&volumes, own).await,
            Err(why) => Ok(Some(why)),
        }
    }

    /// Brings a journal that goes back to [`State::Restored`].
    pub(super) async fn give_data_back(&self, journal: &mut Journal) -> Done<()> {
        if !matches!(journal.state(), State::RollingBack | State::Restoring) {
            return Ok(Ok(()));
        }
        if !journal.needs_restore() {
            if journal.keeps_data() {
                self.finish_undeploy(journal).await?;
            }
            journal.advance(Event::Restored, Step::default(), Utc::now())?;
            return Ok(Ok(()));
        }
        // Before the app is down: a damaged snapshot must cost nothing.
        let snapshot = match self.sound_pair(journal).await? {
            Ok(snapshot) => snapshot,
            Err(why) => return Ok(Err(why)),
        };
        if let Err(why) = self.volumes(journal).await? {
            return Ok(Err(format!("{why}; the data was not touched")));
        }
        let work = self.workspace()?;
        if let Some(why) = self.undeploy(&work).await? {
            return Ok(Err(why));
        }
        if let Some(why) = self.data_is_free(journal, false).await? {
            return Ok(Err(why));
        }
        if journal.state() == State::RollingBack {
            if matches!(journal.plan().kind, Kind::Rollback | Kind::Again)
                && let Err(why) = self.set_aside(journal).await?
            {
                return Ok(Err(why));
            }
            let note = self.note(&format!("restoring snapshot {}", snapshot.id));
            journal.advance(Event::Undeployed, Step { until: None, note }, Utc::now())?;
        }
        self.tell_what_is_given_up(journal, &snapshot);
        if let Err(why) = self.restore(journal, snapshot).await? {
            return Ok(Err(format!(
                "{why}; the volumes are partly restored, and the snapshot is still whole"
            )));
        }
        journal.advance(Event::Restored, Step::default(), Utc::now())?;
        Ok(Ok(()))
    }

    /// How much of the data's time goes with the restore.
    fn tell_what_is_given_up(&self, journal: &Journal, snapshot: &Snapshot) {
        let mut records = journal.records().iter();
        let began = records.find(|record| record.state == State::Deploying);
        let since = began.map(|record| record.at).or(snapshot.meta.taken());
        let Some(since) = since else { return };
        let seconds = (Utc::now() - since).num_seconds().max(0);
        let kept = match journal.plan().kind {
            Kind::Rollback | Kind::Again => "; what is there is set aside first",
            Kind::Upgrade | Kind::Redeploy | Kind::First => "",
        };
        self.flight.remark(format!(
            "what {} wrote in the last {seconds} s is given up{kept}",
            journal.plan().to.version
        ));
    }

    /// The data was not touched, but the app may be half down, and a deploy into that fails. What
    /// does not go is told, and the deploy is tried all the same: better than down for good.
    async fn finish_undeploy(&self, journal: &Journal) -> Result<(), RunError> {
        let begun = journal
            .records()
            .iter()
            .any(|record| record.tries != journal.plan().tries);
        if begun && let Some(why) = self.undeploy(&self.workspace()?).await? {
            self.flight.remark(why);
        }
        Ok(())
    }

    /// The volumes of the run, as they were written down when it began.
    async fn volumes(&self, journal: &Journal) -> Done<Vec<Volume>> {
        match volumes::located(&self.site.engine, &journal.plan().volumes).await {
            Ok(volumes) => Ok(Ok(volumes)),
            Err(Unreachable::Engine(error)) => Err(RunError::Engine(error)),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    async fn take(&self, journal: &Journal) -> Done<Snapshot> {
        // An earlier upgrade may have been killed before its snapshot was said to be good, and
        // this one must not take its place.
        self.settle_snapshots().await;
        let of = journal.plan().from.clone();
        let of = of.ok_or_else(|| self.unsettled())?;
        self.snapshot("snapshot", journal, of, |store, request, users| {
            store.take(request, users)
        })
        .await
    }

    /// A restore that a person asks for replaces data that may be good: it is kept beside.
    async fn set_aside(&self, journal: &Journal) -> Done<()> {
        let of = journal.plan().to.clone();
        let kept = self
            .snapshot("aside", journal, of, |store, request, users| {
                store.set_aside(request, users)
            })
            .await?;
        Ok(kept
            .map(|_| ())
            .map_err(|why| format!("what is there could not be set aside: {why}")))
    }

    async fn snapshot(
        &self,
        what: &'static str,
        journal: &Journal,
        of: Release,
        take: fn(&Snapshots, &Request<'_>, &Asking) -> Result<Snapshot, SnapshotError>,
    ) -> Done<Snapshot> {
        let volumes = match self.volumes(journal).await? {
            Ok(volumes) => volumes,
            Err(why) => return Ok(Err(why)),
        };
        let socket = self.site.engine.socket();
        let users = Asking::new(socket, volumes.clone()).map_err(RunError::Engine)?;
        let (store, spec) = (Snapshots::new(&self.site.paths), self.site.spec.clone());
        let run_id = journal.plan().run_id.clone();
        let taken = self
            .slow("keeping its data", move || {
                let request = Request {
                    run_id: &run_id,
                    recipe: &spec.recipe,
                    domain: &spec.domain,
                    commit: of.commit.as_deref().unwrap_or_default(),
                    version: &of.version,
                    at: Utc::now(),
                    volumes: &volumes,
                };
                take(&store, &request, &users)
            })
            .await?;
        Ok(taken.map_err(|error| error.to_string()).inspect(|taken| {
            let bytes: u64 = taken.meta.files.values().map(|file| file.size).sum();
            let seen = json!({ "id": taken.id, "of": taken.meta.version, "bytes": bytes,
                "volumes": taken.meta.volumes });
            self.flight.data(what, &seen, Duration::ZERO);
        }))
    }

    /// The id of the snapshot that this run took, for last-good.
    pub(super) fn taken(&self, journal: &Journal) -> Result<Option<String>, RunError> {
        if !journal.keeps_data() {
            return Ok(None);
        }
        match self.pair(journal) {
            Ok(snapshot) => Ok(Some(snapshot.id)),
            // The new version is healthy all the same; only `rollback` has nowhere to go.
            Err(why) => {
                self.flight.remark(why);
                Ok(None)
            }
        }
    }

    /// The one snapshot that fits what the run goes back to.
    pub(super) fn pair(&self, journal: &Journal) -> Result<Snapshot, String> {
        let plan = journal.plan();
        let wanted = |snapshot: &Snapshot| match &plan.snapshot {
            Some(id) => snapshot.id == *id,
            None => snapshot.meta.run_id == plan.run_id,
        };
        let found = Snapshots::new(&self.site.paths).find(wanted);
        let found = found.map_err(|error| error.to_string())?;
        let found = found.ok_or("its snapshot is missing")?;
        let fits = plan
            .from
            .as_ref()
            .is_some_and(|from| from.version == found.meta.version);
        match fits && found.meta.domain == self.site.spec.domain {
            true => Ok(found),
            false => Err(format!(
                "the snapshot {} is of {} {}, which is not the version to go back to",
                found.id, found.meta.domain, found.meta.version
            )),
        }
    }

    async fn sound_pair(&self, journal: &Journal) -> Done<Snapshot> {
        let found = match self.pair(journal) {
            Ok(found) => found,
            Err(why) => return Ok(Err(format!("{why}; the data was not touched"))),
        };
        let (store, asked) = (Snapshots::new(&self.site.paths), found.clone());
        let verified = self
            .slow("verifying its snapshot", move || store.verify(&asked))
            .await?;
        Ok(match verified {
            Ok(report) if report.differences.is_empty() => Ok(found),
            Ok(report) => {
                let first = &report.differences[0];
                Err(format!(
                    "the snapshot is damaged at {}/{}: {}; the data was not touched",
                    first.place, first.path, first.what
                ))
            }
            Err(error) => Err(format!("{error}; the data was not touched")),
        })
    }

    async fn restore(&self, journal: &Journal, snapshot: Snapshot) -> Done<()> {
        let volumes = match self.volumes(journal).await? {
            Ok(volumes) => volumes,
            Err(why) => return Ok(Err(why)),
        };
        for volume in &volumes {
            if !snapshot.meta.volumes.contains(&volume.name) {
                self.flight.remark(format!(
                    "volume {} is newer than the snapshot and stays as it is",
                    volume.name
                ));
            }
        }
        let socket = self.site.engine.socket();
        let users = Asking::new(socket, volumes.clone()).map_err(RunError::Engine)?;
        let store = Snapshots::new(&self.site.paths);
        let begun = Instant::now();
        let id = snapshot.id.clone();
        let restored = self
            .slow("restoring its data", move || {
                store.restore(&snapshot, &volumes, &users)
            })
            .await?;
        Ok(match restored {
            Ok(report) => {
                let seen = json!({ "id": id, "entries": report.entries, "bytes": report.bytes,
                    "notes": report.notes });
                self.flight.data("restored", &seen, begun.elapsed());
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        })
    }

    /// Once last-good names the current snapshot as the data before it, the older one goes. That
    /// it did not work is told: the next run does it.
    pub(super) async fn settle_snapshots(&self) {
        if !self.site.spec.stateful {
            return;
        }
        let store = Snapshots::new(&self.site.paths);
        let paired = match (last_good::read(&self.site.paths), store.current()) {
            (Ok(Some(Known::Whole(good))), Ok(Some(current))) => {
                good.snapshot.as_ref() == Some(&current.id)
            }
            _ => false,
        };
        if paired
            && let Ok(Err(error)) = self
                .slow("clearing old snapshots", move || store.prove())
                .await
        {
            self.flight
                .remark(format!("an old snapshot could not be removed: {error}"));
        }
    }

    /// Work on files, in a thread of its own. It is not cut short at its deadline: a volume that
    /// is half restored is worse than a late one. That it took longer is told.
    async fn slow<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, RunError> {
        let limit = self.site.spec.times.snapshot;
        self.say(what, limit);
        let begun = Instant::now();
        let mut working = tokio::task::spawn_blocking(work);
        let ended = loop {
            tokio::select! {
                ended = &mut working => break ended,
                () = tokio::time::sleep(TELL) => {
                    let _ = self.notify.watchdog();
                    let for_now = humantime::format_duration(begun.elapsed());
                    self.say(&format!("{what}, since {for_now}"), limit);
                }
            }
        };
        if begun.elapsed() > limit {
            self.flight.remark(format!(
                "{what} took {}, and `times.snapshot` is {}",
                humantime::format_duration(begun.elapsed()),
                humantime::format_duration(limit)
            ));
        }
        ended.map_err(|error| RunError::Unseen(format!("{what} did not end: {error}")))
    }
}
