//! The places of a run: this machine, the clone, and the hosts of the claim file, each reached
//! once and identified once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use tokio::sync::OnceCell;

use crate::record::HostState;
use claim::{ClaimFile, CommandProbe, HostSpec, Place, Probe};
use kit::text::Scope;
use reach::host::{Address, Fault, Host};
use reach::undo::{self, Beat, Holder, UndoListing};

use super::here_document::here_document;
use super::host_tree::HostTree;
use super::identify::{differences, identify};
use super::invocation::PlaceContext;
use super::looks::Looks;
use super::options::{Options, Role};
use super::repository::Repository;
use super::reproduce::reproduce;

/// Names, for a program that a run starts, the runs whose disturbances it may find.
pub(super) const INSIDE: &str = "GATEPROOF_INSIDE";

/// The places of a run.
#[derive(Debug)]
pub(super) struct Places {
    local: Host,
    hosts: IndexMap<String, RunHost>,
    folder: PathBuf,
    repository: Option<Arc<Repository>>,
    path: Option<String>,
    /// Run ids of this run and of those that it was started by, apart from each other by spaces.
    ours: String,
    /// The claim file: its whole path and its digest, as leases name them.
    claim: (PathBuf, String),
    /// The machines whose lease we have.
    held: Mutex<BTreeMap<String, Option<Beat>>>,
    looks: Looks,
}

#[derive(Debug)]
struct RunHost {
    spec: HostSpec,
    vars: Scope,
    host: Host,
    state: OnceCell<HostState>,
    /// What was armed there, and who disturbed it, when it was first reached.
    listing: OnceCell<UndoListing>,
    tree: HostTree,
}

/// This machine, where a repository has leases and undoings of its own.
fn local(repository: Option<&Repository>) -> Host {
    let state = repository.and_then(|repository| undo::state_of_repository(repository.identity()));
    match state {
        Some(state) => Host::local_with(state),
        None => Host::local(),
    }
}

/// What a host is asked: CI asks no revision by a command that is not known to only observe.
fn asked(spec: &HostSpec, options: &Options) -> HostSpec {
    let mut spec = spec.clone();
    if options.role == Some(Role::Ci) && spec.revision_doubt.is_some() {
        spec.revision = None;
    }
    spec
}

impl Places {
    /// The places of a claim file, for the run (and those it was started by) of these ids.
    pub(super) fn new(file: &ClaimFile, options: &Options, ours: &str) -> Self {
        let hosts = file
            .hosts
            .values()
            .map(|spec| {
                let host = RunHost {
                    spec: asked(spec, options),
                    vars: file.vars.clone(),
                    host: Host::open(&spec.name, &spec.address, &options.reach),
                    state: OnceCell::new(),
                    listing: OnceCell::new(),
                    tree: HostTree::default(),
                };
                (spec.name.clone(), host)
            })
            .collect();
        Places {
            local: local(options.repository.as_deref()),
            hosts,
            folder: options.folder.clone(),
            repository: options.repository.clone(),
            path: path_with(options.program.as_deref()),
            ours: ours.to_owned(),
            claim: (file.source.whole_path(), file.source.digest()),
            held: Mutex::new(BTreeMap::new()),
            looks: Looks::default(),
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
    /// listed when it was reached; it costs nothing more.
    ///
    /// # Errors
    /// When the host cannot be reached.
    pub(super) async fn undo_listing(&self, place: &Place) -> Result<UndoListing, Fault> {
        match place {
            Place::Local | Place::Clone => undo::list(&self.local).await,
            Place::Host(name) => {
                self.reach(place).await?;
                Ok(self
                    .remote(name)?
                    .listing
                    .get()
                    .cloned()
                    .unwrap_or_default())
            }
        }
    }

    /// Looks for the first time who else disturbs the machine of a place.
    pub(super) async fn look_first(&self, place: &Place) {
        let machine = Places::machine(place);
        let look = async || {
            let listing = self.undo_listing(&machine).await.ok()?;
            self.other(&machine, listing)
        };
        self.looks.first(machine.name(), look).await;
    }

    /// Looks who else disturbs the machine of a place, and returns who has disturbed it since then. On this
    /// machine only runs of the same claim file, or of a copy of it, count: it is not one claim's
    /// own, as a host is, and what others disturb on it is mostly theirs.
    pub(super) async fn disturbed_since(&self, place: &Place, since: Instant) -> Option<Holder> {
        let machine = Places::machine(place);
        if self.holds(&machine) {
            return None;
        }
        // A host that does not answer now is reported by the check itself.
        let look = async || {
            let listing = undo::list(self.known(&machine).ok()?).await.ok()?;
            self.other(&machine, listing)
        };
        self.looks.since(machine.name(), since, look).await
    }

    /// As [`Places::disturbed_since`], where a command has just answered: a host tells with its answer
    /// whether somebody disturbs it, so that it is asked only who that is.
    pub(super) async fn disturbed_at_answer(
        &self,
        place: &Place,
        since: Instant,
    ) -> Option<Holder> {
        if let Ok(host) = self.known(place)
            && host.leased().await == Some(false)
        {
            let machine = Places::machine(place);
            return self.looks.saw_nobody(machine.name(), since).await;
        }
        self.disturbed_since(place, since).await
    }

    /// Who else holds a lease.
    fn other(&self, machine: &Place, listing: UndoListing) -> Option<Holder> {
        if self.holds(machine) {
            return None;
        }
        let lease = listing.lease.filter(|lease| lease.alive)?;
        let (path, sha256) = &self.claim;
        let foreign = *machine == Place::Local && !lease.holder.is_of(path, sha256);
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
    /// When no clone can be made, or the host cannot be reached.
    pub(super) async fn reach(&self, place: &Place) -> Result<(&Host, PlaceContext), Fault> {
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
                let identify = remote.state.get_or_try_init(|| remote.first_state());
                identify.await?;
                Ok((&remote.host, PlaceContext::default()))
            }
        }
    }

    /// As [`Places::reach`], for a command: with a tree of the commit on its host, where it runs in one.
    ///
    /// # Errors
    /// As there; and when the tree cannot be brought to the host.
    pub(super) async fn reach_for(
        &self,
        place: &Place,
        command: &CommandProbe,
    ) -> Result<(&Host, PlaceContext), Fault> {
        let (host, mut at) = self.reach(place).await?;
        if let (true, Place::Host(name)) = (command.in_tree, place) {
            let tree = &self.remote(name)?.tree;
            at.cwd = Some(tree.folder(host, self.repository.as_deref()).await?);
        }
        Ok((host, at))
    }

    /// The machine under a place, as far as that is known: two names of hosts may lead to one, and a
    /// container is on this one.
    pub(super) fn machine_id(&self, place: &Place) -> String {
        let named = match place {
            Place::Local | Place::Clone => None,
            Place::Host(name) => self.hosts.get(name),
        };
        let Some(remote) = named.filter(|remote| matches!(remote.spec.address, Address::Ssh(_)))
        else {
            let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
            return boot_id.map_or_else(|_| "here".to_owned(), |id| id.trim().to_owned());
        };
        let boot_id = remote.state.get().and_then(|state| state.boot_id.clone());
        boot_id.unwrap_or_else(|| remote.spec.name.clone())
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

    fn remote(&self, name: &str) -> Result<&RunHost, Fault> {
        self.hosts
            .get(name)
            .ok_or_else(|| Fault::Other(format!("host `{name}` is not in the claim file")))
    }

    /// What commands on this machine get beside their own.
    fn here(&self, folder: &Path) -> PlaceContext {
        PlaceContext {
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
        if let (Probe::Command(CommandProbe { in_tree: true, .. }), Some(repository)) =
            (probe, &self.repository)
        {
            let there = "t=$(mktemp -d) && tar -xf - -C \"$t\" && cd \"$t\" && ";
            let line = reproduce(probe, scope, there, host, timeout);
            return format!("{} | {line}", repository.archive_line());
        }
        reproduce(probe, scope, &self.change_folder(place), host, timeout)
    }

    /// The same as a here-document, where the command has several lines.
    pub(super) fn here_document(
        &self,
        place: &Place,
        probe: &Probe,
        scope: &Scope,
    ) -> Option<String> {
        if let Probe::Command(CommandProbe { in_tree: true, .. }) = probe {
            return None;
        }
        let host = self.known(place).unwrap_or(&self.local);
        here_document(probe, scope, &self.change_folder(place), host)
    }

    /// Goes to a place on this machine, as the beginning of a line to be run by hand from
    /// somewhere inside the repository.
    fn change_folder(&self, place: &Place) -> String {
        match (place, &self.repository) {
            (Place::Clone, Some(repository)) => repository.change_folder(),
            // Of a cold run everything on this machine ran in the clone.
            (Place::Local, Some(repository)) if repository.is_cold() => repository.change_folder(),
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

    /// What is no longer as it was when each host was reached: found out once more, at the end.
    pub(super) async fn changes(&self) -> Vec<String> {
        let mut changes = Vec::new();
        for remote in self.hosts.values() {
            if let Some(before) = remote.state.get() {
                changes.extend(match identify(&remote.host, &remote.spec, &remote.vars).await {
                    Ok((after, _)) => differences(before, &after),
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

impl RunHost {
    async fn first_state(&self) -> Result<HostState, Fault> {
        let (state, listing) = identify(&self.host, &self.spec, &self.vars).await?;
        // Only the first listing counts here.
        let _ = self.listing.set(listing);
        Ok(state)
    }
}

/// PATH with the program's folder first.
fn path_with(program: Option<&Path>) -> Option<String> {
    let folder = program?.parent()?;
    let old = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&old));
    let joined = std::env::join_paths(folders).ok()?;
    joined.into_string().ok()
}
