//! What is brought up where no one version runs: the stack is gone, its services are of different
//! versions, or what runs has no version that can be read.

use std::collections::BTreeMap;

use super::{Ask, Degraded, Hold, Newest, Plan, Undecided, World};
use super::{degraded, held, hold, may_deploy, undecided};
use crate::spec::ReleaseId;
use crate::spec::version::Version;

/// What may be brought up.
enum Candidate<'w> {
    /// It is known to be healthy as a whole.
    LastGood(&'w ReleaseId),
    Newest(&'w ReleaseId),
    /// Only the newest could be, and it is held.
    Held(Hold, &'w ReleaseId),
    None(Degraded),
}

/// The stack is gone: last-good is brought back, or the newest deployed.
pub(super) fn nothing_runs(world: &World) -> Plan {
    let known = world.last_good.is_some();
    if !known && world.ask == Ask::RollBack {
        return degraded(Degraded::NothingToRollBackTo);
    }
    if !known && world.newest.is_none() {
        return undecided(Undecided::NoVersion(world.no_version.clone()));
    }
    match candidate(world, None) {
        Candidate::LastGood(to) => Plan::BringBack { to: to.clone() },
        Candidate::Newest(to) => Plan::FirstDeploy { to: to.clone() },
        // Nothing was ever healthy here, so nothing is missing while the first deploy waits.
        Candidate::Held(reason, to) if !known => hold(reason, Some(to)),
        Candidate::Held(reason, _) => degraded(Degraded::Held(reason)),
        Candidate::None(why) => degraded(why),
    }
}

/// Services of different versions run: last-good is deployed again, or else the newest.
pub(super) fn mixed(world: &World, versions: &BTreeMap<String, Version>) -> Plan {
    match candidate(world, versions.values().max()) {
        Candidate::LastGood(good) => put_back(world, good),
        Candidate::Newest(to) => Plan::Redeploy {
            release: to.clone(),
        },
        Candidate::Held(reason, _) => degraded(Degraded::Held(reason)),
        Candidate::None(why) => degraded(why),
    }
}

/// What runs has no version that can be read: only a person knows what it is, and says with
/// `rollback` that it may go. Which code has met the data of a stateful app is not known then.
pub(super) fn unknown(world: &World, why: &str) -> Plan {
    let good = world.last_good.as_ref();
    let good = good.filter(|good| may_deploy(world, good) && !world.stateful);
    match (world.ask, good) {
        (Ask::RollBack, Some(good)) => put_back(world, good),
        _ => undecided(Undecided::UnknownVersion(why.to_owned())),
    }
}

/// Last-good, or else the newest; of a stateful app only what is at least as new as the newest
/// code that has met the data. `runs` is the newest that does now.
fn candidate<'w>(world: &'w World, runs: Option<&Version>) -> Candidate<'w> {
    if world.stateful && world.torn {
        return Candidate::None(Degraded::RollbackFailed);
    }
    let data = world.data.as_ref().map(|data| &data.version);
    let met = data.max(runs).filter(|_| world.stateful);
    let fits = |release: &ReleaseId| met.is_none_or(|met| *met <= release.version);
    let allowed = |release: &&ReleaseId| may_deploy(world, release) && fits(release);
    let good = world.last_good.as_ref();
    if let Some(good) = good.filter(allowed) {
        return Candidate::LastGood(good);
    }
    let newest = world.newest.as_ref();
    // A person who pins an older version means it.
    let lower = |newest: &Newest| good.is_some_and(|good| newest.release.version < good.version);
    let meant = |newest: &&Newest| world.pinned.is_some() || !lower(newest);
    let able = newest
        .filter(|newest| allowed(&&newest.release))
        .filter(meant);
    if let Some(newest) = able {
        return match held(world, newest, good) {
            Some(reason) => Candidate::Held(reason, &newest.release),
            None => Candidate::Newest(&newest.release),
        };
    }
    let known = good.into_iter().chain(newest.map(|newest| &newest.release));
    let old = known.filter(|known| !fits(known)).count() > 0;
    Candidate::None(match met.filter(|_| old) {
        Some(met) => Degraded::DataTooNew(met.clone()),
        None => Degraded::NothingToRollBackTo,
    })
}

fn put_back(world: &World, good: &ReleaseId) -> Plan {
    match world.ask {
        Ask::RollBack => Plan::RollBack {
            from: None,
            to: good.clone(),
            restore: false,
        },
        Ask::Run | Ask::Converge => Plan::Redeploy {
            release: good.clone(),
        },
    }
}
