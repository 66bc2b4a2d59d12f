//! How much is under way at once at each place.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use claim::{Place, Probe};

use super::places::Places;

/// Requests over HTTP that this machine sends at once: they wait, they do not compute.
const REQUESTS: usize = 16;

/// The least number of commands that run at once on this machine: most of them wait, too.
const COMMANDS: usize = 4;

/// Commands that wait at one host at once: they are sent together, so that a round trip is not made for
/// each.
const QUEUED: usize = 64;

/// Checks under way at once in all. Beyond that they would only wait for their places.
const CHECKS: usize = 256;

/// Where a probe does its work. One probe may need several: an HTTP probe has several vantages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    /// Commands on a machine. Two names of hosts may lead to one.
    Commands(String),
    /// Requests from this machine.
    Requests,
    /// Requests from a host: one at a time, since why one was refused is read from what its connection
    /// tells last.
    Through(String),
    /// Commands on a host, which runs one after the other.
    Host(String),
}

/// Room at the places of a probe, until it is dropped.
#[derive(Debug)]
pub(super) struct Room {
    _permits: Vec<OwnedSemaphorePermit>,
    _turn: Option<Arc<Turn>>,
}

/// The turn of a host at its machine, for as long as commands of ours are at the host.
#[derive(Debug)]
struct Turn {
    _machine: Option<OwnedSemaphorePermit>,
}

/// The turn that a host has, if it has one.
type HostTurn = tokio::sync::Mutex<Weak<Turn>>;

/// The limits of one run.
///
/// A host runs one command at a time, and no other command of ours runs on its machine meanwhile: what
/// runs there as the same user could read what the next request says, or write into its answer. So a
/// host has its machine for as long as commands wait there.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: Mutex<BTreeMap<Lane, Arc<Semaphore>>>,
    turns: Mutex<BTreeMap<String, Arc<HostTurn>>>,
    commands: u32,
    requests: usize,
    queued: usize,
    /// Checks under way at once, wherever they are.
    pub(super) all: usize,
}

impl Lanes {
    /// With `jobs` so many checks run at once, wherever they are; without, each place takes what it bears.
    pub(super) fn new(jobs: Option<NonZeroUsize>) -> Lanes {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let jobs = jobs.map(NonZeroUsize::get);
        let commands = jobs.unwrap_or(COMMANDS.max(cores));
        Lanes {
            lanes: Mutex::default(),
            turns: Mutex::default(),
            commands: u32::try_from(commands).unwrap_or(u32::MAX),
            requests: jobs.unwrap_or(REQUESTS),
            queued: jobs.unwrap_or(QUEUED),
            all: jobs.unwrap_or(CHECKS),
        }
    }

    /// Waits until the places of a probe have room. First come, first served.
    pub(super) async fn enter(&self, places: &Places, place: &Place, probe: &Probe) -> Room {
        let mut permits = Vec::new();
        // Everybody takes them in the same order, so that nobody waits for one who waits for them.
        for lane in lanes(places, place, probe) {
            permits.extend(self.permit(lane, 1).await);
        }
        let turn = match (place, probe) {
            (Place::Host(name), Probe::Command(_)) => {
                let machine = Lane::Commands(places.machine_id(place));
                Some(self.turn(name, machine).await)
            }
            _ => None,
        };
        Room {
            _permits: permits,
            _turn: turn,
        }
    }

    /// The turn of a host at its machine: the one that it has, or the next.
    async fn turn(&self, host: &str, machine: Lane) -> Arc<Turn> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(host.to_owned()).or_default())
        };
        let mut turn = turn.lock().await;
        if let Some(turn) = turn.upgrade() {
            return turn;
        }
        let own = Arc::new(Turn {
            _machine: self.permit(machine, self.commands).await,
        });
        *turn = Arc::downgrade(&own);
        own
    }

    async fn permit(&self, lane: Lane, room: u32) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        self.lane(lane).acquire_many_owned(room).await.ok()
    }

    fn lane(&self, lane: Lane) -> Arc<Semaphore> {
        let permits = match lane {
            Lane::Commands(_) => self.commands as usize,
            Lane::Requests => self.requests,
            Lane::Through(_) => 1,
            Lane::Host(_) => self.queued,
        };
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let semaphore = lanes
            .entry(lane)
            .or_insert_with(|| Arc::new(Semaphore::new(permits)));
        Arc::clone(semaphore)
    }
}

fn lanes(places: &Places, place: &Place, probe: &Probe) -> BTreeSet<Lane> {
    let requests = |vantage: &Place| match vantage {
        Place::Local | Place::Clone => Lane::Requests,
        Place::Host(name) => Lane::Through(name.clone()),
    };
    match probe {
        Probe::Http(http) if http.vantage.is_empty() => BTreeSet::from([requests(place)]),
        Probe::Http(http) => http.vantage.iter().map(requests).collect(),
        Probe::Command(_) => BTreeSet::from([match place {
            Place::Host(name) => Lane::Host(name.clone()),
            Place::Local | Place::Clone => Lane::Commands(places.machine_id(place)),
        }]),
        Probe::Human(_) => BTreeSet::new(),
    }
}
