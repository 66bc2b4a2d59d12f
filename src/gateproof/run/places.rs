//! The places of a run: this machine, the clone, and the hosts of the claim file, each reached
//! once and asked once who it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use tokio::sync::OnceCell;

use crate::record::HostState;
use claim::{ClaimFile, CommandProbe, HostSpec, Place, Probe};
use kit::text::Scope;
use reach::host::{Address, Fault, Host, Invocation, Leftovers, Script};
use reach::observation::Ending;
use reach::undo::{self, Beat, Holder, Seen};

use super::line::{self, At};
use super::options::Options;
use super::repository::Repository;

/// Names, for a program that a run starts, the runs whose disturbances it may find.
pub(super) const INSIDE: &str = "GATEPROOF_INSIDE";

/// The places of a run.
#[derive(Debug)]
pub(super) struct Places {
    local: Host,
    hosts: IndexMap<String, Remote>,
    folder: PathBuf,
    repository: Option<Arc<Repository>>,
    path: Option<String>,
    /// Run ids of this run and of those that it was started by, apart from each other by spaces.
    ours: String,
    /// The claim file: its whole path and its digest, as leases name them.
    claim: (PathBuf, String),
    /// The machines whose lease we have.
    held: Mutex<BTreeMap<String, Option<Beat>>>,
}

#[derive(Debug)]
struct Remote {
    spec: HostSpec,
    vars: Scope,
    host: Host,
    state: OnceCell<HostState>,
    /// What was armed there, and who disturbed it, when it was reached.
    seen: OnceCell<Seen>,
}

impl Places {
    /// The places of a claim file, for the run (and those it was started by) of these ids.
    pub(super) fn new(file: &ClaimFile, options: &Options, ours: &str) -> Self {
        let hosts = file
            .hosts
            .values()
            .map(|spec| {
                let remote = Remote {
                    spec: spec.clone(),
                    vars: file.vars.clone(),
                    host: Host::open(&spec.name, &spec.address, &options.reach),
                    state: OnceCell::new(),
                    seen: OnceCell::new(),
                };
                (spec.name.clone(), remote)
            })
            .collect();
        Places {
            local: Host::local(),
            hosts,
            folder: options.folder.clone(),
            repository: options.repository.clone(),
            path: path_with(options.program.as_deref()),
            ours: ours.to_owned(),
            claim: (file.source.whole_path(), file.source.digest()),
            held: Mutex::new(BTreeMap::new()),
        }
    }

    /// The machine of a place: the clone is on this one.
    pub(super) fn machine(place: &Place) -> Place {
        match place {
            Place::Local | Place::Clone => Place::Local,
            Place::Host(name) => Place::Host(name.clone()),
        }
    }

    /// The transport of a machine, whether it was reached or not.
    ///
    /// # Errors
    /// When there is no such host.
    pub(super) fn known(&self, place: &Place) -> Result<&Host, Fault> {
        match place {
            Place::Local | Place::Clone => Ok(&self.local),
            Place::Host(name) => Ok(&self.remote(name)?.host),
        }
    }

    /// What is armed on the machine of a place, and who disturbs it. Of a host this is what it
    /// said when it was reached; it costs nothing more.
    ///
    /// # Errors
    /// When the host cannot be reached.
    pub(super) async fn seen(&self, place: &Place) -> Result<Seen, Fault> {
        match place {
            Place::Local | Place::Clone => undo::look(&self.local).await,
            Place::Host(name) => {
                self.reach(place).await?;
                Ok(self.remote(name)?.seen.get().cloned().unwrap_or_default())
            }
        }
    }

    /// Who else disturbs the machine of a place; with `again` the host is asked once more. On this
    /// machine only runs of the same claim file, or of a copy of it, count: it is not one claim's
    /// own, as a host is, and what others disturb on it is mostly theirs.
    pub(super) async fn disturbed_by(&self, place: &Place, again: bool) -> Option<Holder> {
        let machine = Places::machine(place);
        if self.holds(&machine) {
            return None;
        }
        // A host that cannot be asked now is told of by the check itself.
        let seen = match again {
            true => undo::look(self.known(&machine).ok()?).await.ok()?,
            false => self.seen(&machine).await.ok()?,
        };
        let lease = seen.lease.filter(|lease| lease.alive)?;
        let (path, sha256) = &self.claim;
        let foreign = machine == Place::Local && !lease.holder.is_of(path, sha256);
        (!foreign && !self.ours(&lease.holder.run_id)).then_some(lease.holder)
    }

    fn holds(&self, machine: &Place) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.contains_key(machine.name())
    }

    /// Whether a run is this one, or one that this one was started by.
    pub(super) fn ours(&self, run_id: &str) -> bool {
        self.ours.split(' ').any(|ours| ours == run_id)
    }

    /// Notes that the lease of a machine is ours until the end of the run.
    pub(super) fn hold(&self, place: &Place, base: &str) {
        let machine = Places::machine(place);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.entry(machine.name().to_owned())
            .or_insert_with(|| match machine {
                // On a host the runner does it.
                Place::Host(_) => None,
                Place::Local | Place::Clone => {
                    // Our own id is the last one.
                    let own = self.ours.rsplit(' ').next().unwrap_or_default();
                    Some(Beat::start(PathBuf::from(base), own))
                }
            });
    }

    /// The transport of a place, and what its commands get there.
    ///
    /// # Errors
    /// When there is no clone to be had, or the host cannot be reached.
    pub(super) async fn reach(&self, place: &Place) -> Result<(&Host, At), Fault> {
        match place {
            Place::Local => Ok((&self.local, self.here(&self.folder))),
            Place::Clone => {
                let Some(repository) = &self.repository else {
                    return Err(Fault::Other(
                        "there is no git repository with a commit around the claim file to clone"
                            .to_owned(),
                    ));
                };
                let folder = repository.clone_folder().await?;
                Ok((&self.local, self.here(&folder)))
            }
            Place::Host(name) => {
                let remote = self.remote(name)?;
                let identify = remote.state.get_or_try_init(|| remote.identify());
                identify.await?;
                Ok((&remote.host, At::default()))
            }
        }
    }

    /// See [`Repository::spare_clone_for`].
    pub(super) async fn spare_clone_for(&self, folder: &str) {
        if let Some(repository) = &self.repository {
            repository.spare_clone_for(folder).await;
        }
    }

    /// Forgets that a host could not be reached, so that the next question tries once more.
    pub(super) async fn try_again(&self, place: &Place) {
        if let Place::Host(name) = place
            && let Some(remote) = self.hosts.get(name)
        {
            remote.host.try_again().await;
        }
    }

    fn remote(&self, name: &str) -> Result<&Remote, Fault> {
        self.hosts
            .get(name)
            .ok_or_else(|| Fault::Other(format!("host `{name}` is not in the claim file")))
    }

    /// What commands on this machine get beside their own.
    fn here(&self, folder: &Path) -> At {
        At {
            cwd: Some(folder.to_string_lossy().into_owned()),
            env: self
                .path
                .iter()
                .map(|path| ("PATH".to_owned(), path.clone()))
                .chain([(INSIDE.to_owned(), self.ours.clone())])
                .collect(),
        }
    }

    /// How a place is reached, when it is a host.
    pub(super) fn address(&self, place: &Place) -> Option<&Address> {
        match place {
            Place::Host(name) => self.hosts.get(name).map(|remote| &remote.spec.address),
            Place::Local | Place::Clone => None,
        }
    }

    /// One line that does the same by hand, typed somewhere inside the repository.
    pub(super) fn reproduce(
        &self,
        place: &Place,
        probe: &Probe,
        scope: &Scope,
        timeout: Duration,
    ) -> String {
        let host = self.known(place).unwrap_or(&self.local);
        line::reproduce(probe, scope, &self.way(place), host, timeout)
    }

    /// Goes to a place on this machine, as the beginning of a line to be run by hand from
    /// somewhere inside the repository.
    fn way(&self, place: &Place) -> String {
        match (place, &self.repository) {
            (Place::Clone, Some(repository)) => repository.way(),
            // Of a cold run everything on this machine ran in the clone.
            (Place::Local, Some(repository)) if repository.is_cold() => repository.way(),
            _ => String::new(),
        }
    }

    /// What is known of the hosts that were reached.
    pub(super) fn states(&self) -> Vec<HostState> {
        self.hosts
            .values()
            .filter_map(|remote| remote.state.get().cloned())
            .collect()
    }

    /// What is no longer as it was when each host was reached: asked once more, at the end.
    pub(super) async fn changes(&self) -> Vec<String> {
        let mut changes = Vec::new();
        for remote in self.hosts.values() {
            if let Some(before) = remote.state.get() {
                changes.extend(match remote.identify().await {
                    Ok(after) => differences(before, &after),
                    Err(fault) => vec![format!(
                        "{}: at the end nobody could ask whether it is still the host of the beginning: {fault}",
                        before.name
                    )],
                });
            }
        }
        changes
    }

    /// Ends all connections.
    pub(super) async fn close(&self) {
        self.held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        for remote in self.hosts.values() {
            remote.host.close().await;
        }
        self.local.close().await;
    }
}

impl Remote {
    /// Asks the host who it is: a reboot, another revision or a wrong clock must be on record.
    async fn identify(&self) -> Result<HostState, Fault> {
        let before = Utc::now();
        let mut line =
            "cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo; date -u +%s.%N\n".to_owned();
        line.push_str(&undo::look_script());
        let seen = self.host.run(&quick(&line)).await?;
        let after = Utc::now();
        let text = seen.stdout.text().into_owned();
        let mut lines = text.lines();
        let boot_id = lines
            .next()
            .map(str::trim)
            .filter(|id| !id.is_empty())
            .map(str::to_owned);
        let clock = lines.next().and_then(epoch);
        let rest: Vec<&str> = lines.collect();
        // Set once: a host is asked who it is once.
        let _ = self.seen.set(Seen::parse(&rest.join("\n")));
        let clock_skew_ms = clock.map(|theirs| {
            let ours = before + (after - before) / 2;
            (theirs - ours).num_milliseconds()
        });
        let own = self.host.identity().await?;
        let (boot_id, image) = match own {
            Some(own) => (Some(own.boot), Some(own.revision)),
            None => (boot_id, None),
        };
        let asked = match &self.spec.revision {
            Some(probe) => Some(self.revision(probe).await?),
            None => None,
        };
        let revision = match (asked, image) {
            (Some(asked), Some(image)) => Some(format!("{asked} ({image})")),
            (asked, image) => asked.or(image),
        };
        Ok(HostState {
            name: self.spec.name.clone(),
            destination: self.spec.address.to_string(),
            revision,
            boot_id,
            clock_skew_ms,
        })
    }

    async fn revision(&self, probe: &CommandProbe) -> Result<String, Fault> {
        let run = line::invocation(
            probe,
            &self.vars,
            &At::default(),
            Duration::from_secs(30),
            Leftovers::Kill,
        );
        let seen = self.host.run(&run).await?;
        let text = seen.stdout.text().trim().to_owned();
        Ok(match seen.ending {
            Ending::Exited(0) if !text.is_empty() => text,
            ending => format!("not known: {ending}"),
        })
    }
}

/// Why what was seen before and after is not of one and the same host.
fn differences(before: &HostState, after: &HostState) -> Vec<String> {
    let name = &before.name;
    let told = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let mut all = Vec::new();
    if before.boot_id != after.boot_id {
        all.push(format!(
            "{name} was rebooted during the run (boot {}, then {}): what was seen before and after is not of one host, run it again",
            told(&before.boot_id),
            told(&after.boot_id)
        ));
    }
    if before.revision != after.revision {
        all.push(format!(
            "{name} ran {} when the run began and {} when it ended: what was seen is of neither, run it again",
            told(&before.revision),
            told(&after.revision)
        ));
    }
    all
}

/// A clock that is so far off makes what the host's logs and certificates say hard to read.
const SKEW_WORTH_SAYING: u64 = 5_000;

/// Says that a host's clock is wrong. No check is wrong for that: nothing here is judged by it.
pub(super) fn clock_note(state: &HostState) -> Option<String> {
    let skew = state.clock_skew_ms?;
    (skew.unsigned_abs() >= SKEW_WORTH_SAYING).then(|| {
        let side = if skew < 0 { "behind" } else { "ahead of" };
        format!(
            "the clock of {} is {} s {side} this machine's: mind that when you read its logs beside this record",
            state.name,
            skew.unsigned_abs() / 1000
        )
    })
}

/// PATH with the program's folder first.
fn path_with(program: Option<&Path>) -> Option<String> {
    let folder = program?.parent()?;
    let old = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&old));
    let joined = std::env::join_paths(folders).ok()?;
    joined.into_string().ok()
}

fn quick(line: &str) -> Invocation {
    Invocation::new(
        Script::Shell(line.to_owned()),
        Duration::from_secs(30),
        undo::LISTING_LIMIT,
    )
}

/// `1763750000.123456789`; a `date` without `%N` prints the letters.
fn epoch(text: &str) -> Option<DateTime<Utc>> {
    let (seconds, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let nanos: u32 = fraction.parse().unwrap_or(0);
    DateTime::from_timestamp(seconds.parse().ok()?, nanos.min(999_999_999))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_hosts_clock_with_and_without_nanoseconds() {
        assert_eq!(epoch("10.500000000").unwrap().timestamp_millis(), 10_500);
        assert_eq!(epoch("10.N").unwrap().timestamp_millis(), 10_000);
        assert_eq!(epoch("10").unwrap().timestamp_millis(), 10_000);
        assert_eq!(epoch("soon"), None);
    }

    fn state(boot: &str, revision: &str, skew: i64) -> HostState {
        HostState {
            name: "cc-ci".to_owned(),
            destination: "cc-ci".to_owned(),
            revision: Some(revision.to_owned()),
            boot_id: Some(boot.to_owned()),
            clock_skew_ms: Some(skew),
        }
    }

    #[test]
    fn a_reboot_and_a_redeploy_between_beginning_and_end_are_told_by_name() {
        let before = state("a", "one", 0);
        assert_eq!(differences(&before, &state("a", "one", 9)), [""; 0]);
        let told = differences(&before, &state("b", "two", 0));
        assert!(told[0].contains("rebooted") && told[0].contains("boot a, then b"));
        assert!(told[1].contains("ran one when") && told[1].contains("and two when"));
    }

    #[test]
    fn a_clock_is_worth_a_note_from_five_seconds_on() {
        assert_eq!(clock_note(&state("a", "one", 4_999)), None);
        let note = clock_note(&state("a", "one", -95_200)).unwrap();
        assert!(note.contains("95 s behind"), "{note}");
        let note = clock_note(&state("a", "one", 5_000)).unwrap();
        assert!(note.contains("5 s ahead"), "{note}");
    }
}
