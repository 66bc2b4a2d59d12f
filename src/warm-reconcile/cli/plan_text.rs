//! A plan as people read it: what runs, what would be done, and what if that fails.

use crate::decide::way_out::{self, About, way_out};
use crate::decide::{DataSteps, Plan, PlanDocument, Resume, Runs, Step, World};
use crate::spec::ReleaseId;
use kit::count::count;

/// The whole text, line by line.
pub(super) fn text(document: &PlanDocument, stack: &str) -> String {
    let (world, plan) = (&document.world, &document.plan);
    let acts = if plan.acts() {
        "changes what runs"
    } else {
        "changes nothing that runs"
    };
    let mut lines = vec![format!("{}: {} ({acts})", world.app, document.outcome)];
    lines.extend(state(world));
    let cause = way_out::cause(plan, world);
    let steps = steps(&world.app, plan, cause.as_deref());
    lines.push(String::new());
    if let [only] = steps.as_slice() {
        lines.push(format!("  {only}"));
    } else {
        let numbered = steps.iter().zip(1..);
        lines.extend(numbered.map(|(step, number)| format!("  {number}. {step}")));
    }
    lines.extend(leads_out(document, stack).map(|way| format!("  To go on: {way}.")));
    lines.extend(if_it_fails(plan).map(|text| format!("  If that fails: {text}.")));
    lines.extend(in_the_way(document, stack));
    if let Some(data) = &document.data {
        lines.push(String::new());
        lines.extend(data_lines(data));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What a run would find before it touches anything.
fn in_the_way(document: &PlanDocument, stack: &str) -> Vec<String> {
    let Some(foreseen) = &document.foreseen else {
        return Vec::new();
    };
    let mut lines = vec![format!(
        "  NOW A RUN WOULD TOUCH NOTHING ({}):",
        foreseen.outcome
    )];
    lines.extend(foreseen.why.iter().map(|why| format!("    {why}")));
    let about = About::of(&document.plan, &document.world, stack);
    lines.extend(way_out(foreseen.outcome, &about).map(|way| format!("  To go on: {way}.")));
    lines
}

/// What a person does where the plan does nothing.
fn leads_out(document: &PlanDocument, stack: &str) -> Option<String> {
    let (world, plan) = (&document.world, &document.plan);
    way_out::cause(plan, world)?;
    way_out(document.outcome, &About::of(plan, world, stack))
}

/// What the plan is based on.
fn state(world: &World) -> Vec<String> {
    let version = |release: &Option<ReleaseId>| match release {
        Some(release) => release.version.to_string(),
        None => "none".to_owned(),
    };
    let running = match &world.running {
        None => "nothing".to_owned(),
        Some(running) => {
            let health = match running.healthy {
                Some(true) => "healthy",
                Some(false) => "NOT healthy",
                None => "health not known",
            };
            match &running.runs {
                Runs::One(release) => format!("{}, {health}", release.version),
                Runs::Mixed(_) => way_out::what_runs(world).unwrap_or_default(),
                Runs::Unknown(_) => "a version that is not known".to_owned(),
            }
        }
    };
    let newest = world.newest.as_ref().map(|newest| newest.release.clone());
    let mut lines = vec![
        format!("  runs       {running}"),
        format!("  newest     {}", version(&newest)),
        format!("  last good  {}", version(&world.last_good)),
    ];
    lines.extend(
        world
            .drift
            .iter()
            .map(|what| format!("  drift      {what}")),
    );
    lines.extend(
        world
            .pinned
            .iter()
            .map(|version| format!("  pinned     {version}")),
    );
    lines.extend(
        world
            .held
            .iter()
            .map(|reason| format!("  held       {reason}")),
    );
    lines
}

fn nothing(cause: Option<&str>) -> String {
    format!("do nothing: {}", cause.unwrap_or_default())
}

fn steps(app: &str, plan: &Plan, cause: Option<&str>) -> Vec<String> {
    match plan {
        Plan::Current { release, drifted } => {
            let mut steps = vec![format!(
                "do nothing: {} is the newest version, and healthy",
                release.version
            )];
            if *drifted {
                steps.push(format!(
                    "its tag or its environment has changed since it was deployed: `warm-reconcile run --converge {app}` deploys it again"
                ));
            }
            steps
        }
        Plan::Adopt { release } => vec![format!(
            "record {} as last-good: it runs and is healthy",
            release.version
        )],
        Plan::Resume(resume) => resumed(resume),
        Plan::Hold { redeploy, .. } => {
            let mut steps = vec![nothing(cause)];
            steps.extend(redeploy.iter().flat_map(brought_up));
            steps
        }
        Plan::Upgrade {
            from,
            to,
            adopt,
            stateful,
            ..
        } => {
            let mut steps = Vec::new();
            if *adopt {
                steps.push(format!("record {} as last-good", from.version));
            }
            if *stateful {
                steps.push(TAKE_DOWN.to_owned());
                steps.push(format!(
                    "take a snapshot of the volumes of {}",
                    from.version
                ));
            }
            steps.extend(brought_up(to));
            steps
        }
        Plan::FirstDeploy { to } | Plan::BringBack { to } => brought_up(to),
        Plan::Redeploy { release } => brought_up(release),
        Plan::RollBack { from, to, restore } => {
            let mut steps = Vec::new();
            if *restore {
                steps.push(TAKE_DOWN.to_owned());
                steps.push("set aside what is on its volumes".to_owned());
                steps.push(format!("restore the snapshot of {}", to.version));
            }
            steps.extend(brought_up(to));
            steps.extend(
                from.as_ref()
                    .map(|from| format!("put {} into quarantine", from.version)),
            );
            steps
        }
        Plan::Degraded { .. } | Plan::Inconclusive { .. } => vec![nothing(cause)],
    }
}

const TAKE_DOWN: &str = "take the app down, until no container uses its volumes";

/// From the deploy to last-good.
fn brought_up(release: &ReleaseId) -> Vec<String> {
    vec![
        format!("deploy {}", release.version),
        "wait until it is healthy".to_owned(),
        format!("record {} as last-good", release.version),
    ]
}

fn resumed(resume: &Resume) -> Vec<String> {
    match resume {
        Resume::Abandon => {
            vec!["close the unfinished run, which touched nothing, and decide again".to_owned()]
        }
        Resume::Commit { to } => vec![format!(
            "close the unfinished run, which saw {} healthy, and decide again",
            to.version
        )],
        Resume::Forward { to, step, .. } => vec![format!(
            "continue the unfinished run to {} {}",
            to.version,
            where_from(*step)
        )],
        Resume::Back {
            to,
            given_up,
            restore,
            step,
        } => {
            let data = if *restore {
                ", with the snapshot of its data"
            } else {
                ""
            };
            vec![format!(
                "continue from {} back to {}{data}, {}",
                given_up.version,
                to.version,
                where_from(*step)
            )]
        }
    }
}

fn where_from(step: Step) -> &'static str {
    match step {
        Step::Planned => "from its beginning",
        Step::Quiescing => "from taking the app down",
        Step::Snapshotting => "from the snapshot",
        Step::Deploying => "from the deploy",
        Step::Gating => "from the wait until it is healthy",
        Step::Committing => "from recording it as last-good",
        Step::Restoring => "from restoring the data",
        Step::Redeploying => "from deploying the version before",
        Step::ReGating => "from the wait until the version before is healthy",
    }
}

fn if_it_fails(plan: &Plan) -> Option<String> {
    match plan {
        Plan::Upgrade {
            to,
            back_to,
            stateful,
            ..
        } => Some(match back_to {
            Some(back) => format!(
                "put {} into quarantine, {}deploy {} and wait until that is healthy",
                to.version,
                if *stateful {
                    "take the app down, restore the snapshot, "
                } else {
                    ""
                },
                back.version
            ),
            None => format!(
                "put {} into quarantine; there is no version to go back to",
                to.version
            ),
        }),
        Plan::FirstDeploy { to } | Plan::BringBack { to } => Some(format!(
            "put {} into quarantine; there is no version to go back to",
            to.version
        )),
        Plan::Redeploy { .. } => Some("there is no version to go back to".to_owned()),
        _ => None,
    }
}

/// What the plan means for the data of a stateful app.
fn data_lines(data: &DataSteps) -> Vec<String> {
    let mut lines = Vec::new();
    for (volume, bytes) in &data.volumes {
        let bytes = match bytes {
            Some(bytes) => format!("about {}", count(*bytes, "byte")),
            None => "not measured".to_owned(),
        };
        lines.push(format!("  volume {volume}: {bytes}"));
    }
    if let (Some(needed), Some(free)) = (data.needed, data.free) {
        lines.push(format!(
            "  a snapshot needs about {}; {free} are free",
            count(needed, "byte")
        ));
    }
    let left_out = data.not_kept.iter();
    lines.extend(left_out.map(|what| format!("  NOT in the snapshot: {what}")));
    if let Some(downtime) = &data.downtime {
        let seconds = |ms: u64| format!("{} s", ms.div_ceil(1000));
        lines.push(format!(
            "  expected downtime about {}: {} until it is down, {} for the snapshot, {} until it is healthy (by the last upgrade)",
            seconds(downtime.total_ms()),
            seconds(downtime.undeploy_ms),
            seconds(downtime.snapshot_ms),
            seconds(downtime.start_ms),
        ));
    } else if data.given_up_s.is_none() {
        lines.push("  expected downtime not known before the first upgrade".to_owned());
    }
    if let Some(seconds) = data.given_up_s {
        lines.push(format!(
            "  what was written in the last {seconds} s is given up"
        ));
    }
    lines
}
