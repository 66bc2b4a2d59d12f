//! How much is under way at once at each place.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use claim::{Place, Probe};

use super::places::Places;

/// Requests over HTTP that this machine sends at once: they wait, they do not compute.
const REQUESTS: usize = 16;

/// The least number of commands that run at once on this machine: most of them wait, too.
const COMMANDS: usize = 4;

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
}

/// The limits of one run.
///
/// A host runs one command at a time, and no other command of ours runs on its machine meanwhile: what
/// runs there as the same user could read what the next request says, or write into its answer.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: Mutex<BTreeMap<Lane, Arc<Semaphore>>>,
    commands: u32,
    requests: usize,
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
            commands: u32::try_from(commands).unwrap_or(u32::MAX),
            requests: jobs.unwrap_or(REQUESTS),
            all: jobs.unwrap_or(CHECKS),
        }
    }

    /// Waits until the places of a probe have room. First come, first served.
    pub(super) async fn enter(
        &self,
        places: &Places,
        place: &Place,
        probe: &Probe,
    ) -> Vec<OwnedSemaphorePermit> {
        let alone = matches!((place, probe), (Place::Host(_), Probe::Command(_)));
        let mut permits = Vec::new();
        // Everybody takes them in the same order, so that nobody waits for one who waits for them.
        for lane in lanes(places, place, probe) {
            let room = if alone { self.commands } else { 1 };
            // It is never closed.
            permits.extend(self.lane(lane).acquire_many_owned(room).await);
        }
        permits
    }

    fn lane(&self, lane: Lane) -> Arc<Semaphore> {
        let permits = match lane {
            Lane::Commands(_) => self.commands as usize,
            Lane::Requests => self.requests,
            Lane::Through(_) => 1,
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
        Probe::Command(_) | Probe::Human(_) => {
            BTreeSet::from([Lane::Commands(places.machine_id(place))])
        }
    }
}
