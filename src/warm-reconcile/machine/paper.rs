//! A plan as it is shown before it is carried out: what it does to the data of a stateful app, and
//! what would hold it.

use std::sync::atomic::Ordering;

use chrono::Utc;

use super::pace::Pace;
use super::{Flight, Machine};
use crate::decide::{Ask, DataSteps, Plan, PlanDocument};
use crate::inspect::volumes::{self, Survey};
use crate::inspect::{Site, gather};
use crate::report::systemd::Notify;
use crate::snapshot::Snapshots;
use crate::state::last_good::{self, Known};

/// The plan as it would be carried out now, with what it does to the data of a stateful app.
/// Writes nothing but the tags that a fetch brings.
pub async fn plan(site: &Site, ask: Ask, fetch: bool) -> (PlanDocument, Vec<String>) {
    let mut seen = gather(site, ask, fetch).await;
    let mut document = PlanDocument::new(seen.world.clone(), Utc::now());
    document.data = data_steps(site, &document.plan).await;
    let flight = Flight::new(&site.redactor);
    let notify = Notify::silent();
    let machine = Machine::new(site, &notify, &flight);
    machine.may_fetch.store(fetch, Ordering::Relaxed);
    document.foreseen = machine.foresee(&document, &seen).await;
    let found = flight.remarks();
    seen.remarks.extend(found.iter().map(ToString::to_string));
    (document, seen.remarks)
}

/// `None` where the plan leaves the data alone, or the app is stateless.
async fn data_steps(site: &Site, plan: &Plan) -> Option<DataSteps> {
    let steps = steps(site, plan)?;
    let mut shown = DataSteps {
        steps,
        ..DataSteps::default()
    };
    if let Plan::RollBack { restore: true, .. } = plan {
        shown.given_up_s = given_up(site);
    }
    match volumes::survey(&site.engine, &site.spec.stack, &site.paths).await {
        Ok(found) => {
            let takes = matches!(plan, Plan::Upgrade { .. });
            let pace = Pace::read(&site.paths).ok().flatten().filter(|_| takes);
            shown.downtime = match (pace, &found.space) {
                (Some(pace), Some(space)) => Some(pace.downtime(space)),
                _ => None,
            };
            fill(&mut shown, found);
        }
        Err(error) => shown.in_the_way.push(error.to_string()),
    }
    Some(shown)
}

/// How old the snapshot is that a rollback would restore, in seconds.
fn given_up(site: &Site) -> Option<u64> {
    let Ok(Some(Known::Whole(good))) = last_good::read(&site.paths) else {
        return None;
    };
    let store = Snapshots::new(&site.paths);
    let found = store.find(|snapshot| Some(&snapshot.id) == good.snapshot.as_ref());
    let taken = found.ok()??.meta.taken()?;
    u64::try_from((Utc::now() - taken).num_seconds()).ok()
}

fn steps(site: &Site, plan: &Plan) -> Option<Vec<String>> {
    let stack = &site.spec.stack;
    let down = format!("undeploy {stack}, until no container uses its volumes");
    let home = site.paths.home().join("snapshot");
    let home = home.display();
    Some(match plan {
        Plan::Upgrade {
            stateful: true,
            from,
            to,
            back_to: Some(_),
            ..
        } => vec![
            down,
            format!("snapshot the volumes of {} to {home}", from.version),
            format!("deploy {}", to.version),
            format!(
                "if it fails: undeploy, restore the snapshot, deploy {}",
                from.version
            ),
        ],
        Plan::RollBack {
            restore: true, to, ..
        } => vec![
            down,
            format!("set what is there aside to {home}.aside"),
            format!("restore the snapshot of {}", to.version),
            format!("deploy {}", to.version),
        ],
        _ => return None,
    })
}

fn fill(shown: &mut DataSteps, found: Survey) {
    let bytes = |name: &String| {
        let space = found.space.as_ref();
        space.and_then(|space| space.volumes.get(name).copied())
    };
    let volumes = found.own.volumes.iter();
    shown.volumes = volumes.map(|name| (name.clone(), bytes(name))).collect();
    if let Some(space) = &found.space {
        shown.needed = Some(space.needed);
        shown.free = Some(space.free);
    }
    shown.not_kept = found.own.beside;
    shown.in_the_way = found.problems;
}
