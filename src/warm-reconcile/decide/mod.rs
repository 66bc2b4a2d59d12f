//! What a run does, decided from plain data: no clock, no network, no file.
//!
//! # In this order
//!
//! 1. An engine that does not answer or cannot be trusted: inconclusive, whatever else is.
//! 2. A journal that cannot be read: degraded. What was under way, and whose data lies on the
//!    volumes, is unknown; guessing could put old code on new data.
//! 3. An unfinished run is brought to its end first, also of a held app: it must not stay down.
//!    Forward while tries are left and the digest is not quarantined; else back; when the tries
//!    to go back are used up, or there is nothing to go back to: degraded.
//! 4. A held app is not touched. Unhealthy, that is degraded and no success.
//! 5. Services of different versions run, or none: last-good is deployed again; where it may not
//!    be, or there is none, the newest.
//! 6. On the newest version: healthy is current; unhealthy is deployed again, once a run. One that
//!    becomes unhealthy within its bake time is left for the version before.
//! 7. Behind it: upgraded, unless a hold says no. An unhealthy app whose upgrade is held is
//!    deployed again as it is.
//!
//! Of a stateful app no code meets data that it cannot read: what the record says lies on the
//! volumes is asked before anything is brought up on them (rule 5), and data in the middle of a
//! restore is left for a person.
//!
//! A quarantined digest is never deployed, for whatever reason. A version is never lowered by
//! itself but by a rollback to one that was healthy, or, of a stateless app, because a person
//! pinned it.

mod bring_up;
mod document;
pub mod outcome;
mod plan;
#[cfg(test)]
mod tests;
pub mod way_out;
mod world;

use crate::spec::ReleaseId;

pub use document::{DataSteps, Downtime, Foreseen, Moved, PlanDocument};
pub use plan::{Degraded, Hold, Plan, Resume, Undecided};
pub use world::{Ask, Engine, Journal, Newest, Running, Runs, Step, Unfinished, World};

pub fn decide(world: &World) -> Plan {
    match &world.engine {
        Engine::Ok => {}
        Engine::Unreachable(why) => return undecided(Undecided::EngineUnreachable(why.clone())),
        Engine::Poisoned(why) => return undecided(Undecided::EnginePoisoned(why.clone())),
    }
    match &world.journal {
        Journal::Clean => {}
        Journal::Unreadable(why) => return degraded(Degraded::StateUnreadable(why.clone())),
        Journal::Unfinished(unfinished) => return resume(world, unfinished),
    }
    let healthy = world.running.as_ref().and_then(|running| running.healthy);
    if world.held.is_some() {
        return match (healthy, &world.running) {
            (Some(false), _) => degraded(Degraded::WhileHeld),
            (None, Some(running)) => match &running.runs {
                Runs::One(_) => undecided(health(running)),
                Runs::Mixed(_) => degraded(Degraded::WhileHeld),
                Runs::Unknown(why) => undecided(Undecided::UnknownVersion(why.clone())),
            },
            _ => hold(Hold::Operator, None),
        };
    }
    let Some(running) = &world.running else {
        return bring_up::nothing_runs(world);
    };
    let release = match &running.runs {
        Runs::One(release) => release,
        Runs::Mixed(versions) => return bring_up::mixed(world, versions),
        Runs::Unknown(why) => return bring_up::unknown(world, why),
    };
    match (world.ask, running.healthy) {
        // A person's own decision needs no verdict on what is to be left.
        (Ask::RollBack, _) => roll_back(world, release, running),
        (_, None) => undecided(health(running)),
        (_, Some(healthy)) => forward(world, release, healthy),
    }
}

fn health(running: &Running) -> Undecided {
    let doubt = running.doubt.clone();
    Undecided::Health(doubt.unwrap_or_else(|| "it was not asked".to_owned()))
}

/// Brings an unfinished run to its end.
fn resume(world: &World, run: &Unfinished) -> Plan {
    if run.step == Step::Planned {
        return Plan::Resume(Resume::Abandon);
    }
    let quarantined = |release: &ReleaseId| world.quarantined.contains(&release.digest);
    if run.step == Step::Committing {
        return Plan::Resume(Resume::Commit { to: run.to.clone() });
    }
    let forward = !run.step.goes_back() && run.tries_left > 0 && !quarantined(&run.to);
    if forward {
        return Plan::Resume(Resume::Forward {
            back_to: run.back_to.clone(),
            to: run.to.clone(),
            step: run.step,
        });
    }
    let Some(back_to) = run.back_to.as_ref().filter(|to| !quarantined(to)) else {
        return degraded(Degraded::NothingToRollBackTo);
    };
    if run.step.goes_back() && run.tries_left == 0 {
        return degraded(Degraded::RollbackFailed);
    }
    Plan::Resume(Resume::Back {
        to: back_to.clone(),
        given_up: run.to.clone(),
        // Restoring twice is as good as once. Before the new code ran there may be no snapshot
        // yet, and the data is still the old one's.
        restore: world.stateful && run.touched,
        step: match run.step.goes_back() {
            true => run.step,
            false => Step::Restoring,
        },
    })
}

/// What runs is `running`; towards the newest.
fn forward(world: &World, running: &ReleaseId, healthy: bool) -> Plan {
    let Some(newest) = &world.newest else {
        return match healthy {
            true => undecided(Undecided::NoVersion(world.no_version.clone())),
            false => repair(world, running),
        };
    };
    let to = &newest.release;
    let drifted = to.version == running.version && to.digest != running.digest;
    let by_hand = !world.drift.is_empty();
    // A person who pins an older version means it; but old code never meets newer data.
    let pinned_back = to.version < running.version && world.pinned.is_some() && !world.stateful;
    if to.version < running.version && !pinned_back {
        return held_back(world, running, healthy, Hold::Downgrade, to);
    }
    let wants_upgrade =
        to.version > running.version || pinned_back || drifted && world.ask == Ask::Converge;
    if !wants_upgrade {
        return match healthy {
            true if by_hand && world.ask == Ask::Converge && may_deploy(world, running) => {
                Plan::Redeploy {
                    release: running.clone(),
                }
            }
            true => settled(world, running, drifted),
            false => repair(world, running),
        };
    }
    match held(world, newest, Some(running)) {
        Some(reason) => held_back(world, running, healthy, reason, to),
        None => upgrade(world, running, healthy, to),
    }
}

fn settled(world: &World, running: &ReleaseId, drifted: bool) -> Plan {
    if world.last_good.as_ref() == Some(running) {
        return Plan::Current {
            release: running.clone(),
            drifted,
        };
    }
    Plan::Adopt {
        release: running.clone(),
    }
}

fn upgrade(world: &World, running: &ReleaseId, healthy: bool, to: &ReleaseId) -> Plan {
    // An unhealthy version is no good place to go back to, unless the data is its own: old code
    // on new data is worse.
    let good = world.last_good.as_ref();
    let good = good.filter(|good| !healthy && !world.stateful && *good != to);
    let back_to = good.filter(|good| may_deploy(world, good));
    let back_to = back_to.or(may_deploy(world, running).then_some(running));
    Plan::Upgrade {
        from: running.clone(),
        to: to.clone(),
        stateful: world.stateful,
        back_to: back_to.cloned(),
        adopt: healthy && world.last_good.as_ref() != Some(running),
    }
}

/// The running version is unhealthy and there is nothing newer to try.
fn repair(world: &World, running: &ReleaseId) -> Plan {
    if world.baking
        && let Some(before) = &world.previous
        && before != running
        && may_deploy(world, before)
    {
        return Plan::RollBack {
            from: Some(running.clone()),
            to: before.clone(),
            restore: world.stateful,
        };
    }
    if may_deploy(world, running) {
        return Plan::Redeploy {
            release: running.clone(),
        };
    }
    // Quarantined: it ran, so of a stateful app only a paired snapshot fits an older version.
    let good = match world.stateful {
        true => world.previous.as_ref(),
        false => world.last_good.as_ref(),
    };
    let good = good.filter(|good| *good != running && may_deploy(world, good));
    match good {
        Some(good) => Plan::RollBack {
            from: Some(running.clone()),
            to: good.clone(),
            restore: world.stateful,
        },
        None => degraded(Degraded::NothingToRollBackTo),
    }
}

/// An upgrade is held: what runs is left alone while it is healthy.
fn held_back(
    world: &World,
    running: &ReleaseId,
    healthy: bool,
    reason: Hold,
    to: &ReleaseId,
) -> Plan {
    if healthy {
        return hold(reason, Some(to));
    }
    match repair(world, running) {
        Plan::Redeploy { release } => Plan::Hold {
            reason,
            held_back: Some(to.clone()),
            redeploy: Some(release),
        },
        other => other,
    }
}

fn roll_back(world: &World, running: &ReleaseId, seen: &Running) -> Plan {
    // A last-good that runs is what is to be left; the one before it is wanted.
    let last_good = world.last_good.as_ref().filter(|good| *good != running);
    let target = match world.stateful {
        true => world.previous.as_ref(),
        false => last_good.or(world.previous.as_ref()),
    };
    let target = target.filter(|to| *to != running && may_deploy(world, to));
    match (target, seen.healthy) {
        (Some(to), _) => Plan::RollBack {
            from: Some(running.clone()),
            to: to.clone(),
            restore: world.stateful,
        },
        (None, Some(true)) => hold(Hold::NoPrevious, None),
        (None, Some(false)) => degraded(Degraded::NothingToRollBackTo),
        (None, None) => undecided(health(seen)),
    }
}

/// Why the newest version is not deployed over `running`. What no word of a person lifts comes
/// first; an acknowledgement is for one version and lifts the rest.
fn held(world: &World, newest: &Newest, running: Option<&ReleaseId>) -> Option<Hold> {
    if !may_deploy(world, &newest.release) {
        return Some(Hold::Quarantined);
    }
    if world.unarmed {
        return Some(Hold::Unarmed);
    }
    let version = &newest.release.version;
    let said = world.pinned.as_deref() == Some(version.tag());
    if said || world.acknowledged.contains(version.tag()) {
        return None;
    }
    let major = running.is_some_and(|from| version.is_major_rise_from(&from.version));
    match () {
        () if major => Some(Hold::Major),
        () if running.is_some() && newest.manual_migration => Some(Hold::ManualMigration),
        () if newest.too_young => Some(Hold::MinAge),
        () => None,
    }
}

fn may_deploy(world: &World, release: &ReleaseId) -> bool {
    !world.quarantined.contains(&release.digest)
}

fn hold(reason: Hold, held_back: Option<&ReleaseId>) -> Plan {
    Plan::Hold {
        reason,
        held_back: held_back.cloned(),
        redeploy: None,
    }
}

fn degraded(why: Degraded) -> Plan {
    Plan::Degraded { why }
}

fn undecided(why: Undecided) -> Plan {
    Plan::Inconclusive { why }
}
