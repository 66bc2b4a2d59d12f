//! What runs is not one version: services of different versions, or none that can be read.

use std::collections::BTreeMap;

use super::{Ask, Degraded, Plan, Undecided, World};
use super::{degraded, fits_data, held, may_deploy, undecided};
use crate::spec::ReleaseId;
use crate::spec::version::Version;

/// Services of different versions run. Last-good is known to be healthy as a whole, so it is
/// deployed again; of a stateful app only where no newer code has met the data. Then only a
/// version that is as new fits it.
pub(super) fn mixed(world: &World, versions: &BTreeMap<String, Version>) -> Plan {
    if world.stateful && world.torn {
        return degraded(Degraded::RollbackFailed);
    }
    let met = versions.values().max();
    let fits = |release: &&ReleaseId| {
        let old = met.is_some_and(|met| *met > release.version);
        may_deploy(world, release) && fits_data(world, release) && !(world.stateful && old)
    };
    if let Some(good) = world.last_good.as_ref().filter(fits) {
        return put_back(world, good);
    }
    let newest = world.newest.as_ref();
    if let Some(newest) = newest.filter(|newest| fits(&&newest.release)) {
        return match held(world, newest, world.last_good.as_ref()) {
            Some(reason) => degraded(Degraded::MixedHeld(reason)),
            None => Plan::Redeploy {
                release: newest.release.clone(),
            },
        };
    }
    let stateful = world.stateful && world.last_good.is_some();
    degraded(match stateful {
        true => Degraded::DataTooNew,
        false => Degraded::NothingToRollBackTo,
    })
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
