//! What a plan does to the data of a stateful app, for whoever reads the plan first.

use crate::decide::{DataSteps, Plan};
use crate::inspect::Site;
use crate::inspect::volumes::{self, Survey};

/// `None` where the plan leaves the data alone, or the app is stateless.
pub(super) async fn data_steps(site: &Site, plan: &Plan) -> Option<DataSteps> {
    let steps = steps(site, plan)?;
    let mut shown = DataSteps {
        steps,
        ..DataSteps::default()
    };
    match volumes::survey(&site.engine, &site.spec.stack, &site.paths).await {
        Ok(found) => fill(&mut shown, found),
        Err(error) => shown.in_the_way.push(error.to_string()),
    }
    Some(shown)
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
