//! A plan as people read it: what runs, what would be done, and what if that fails.

use crate::decide::{
    DataSteps, Degraded, Hold, Plan, PlanDocument, Resume, Step, Undecided, World,
};
use crate::spec::ReleaseId;
use kit::count::count;

/// The whole text, line by line.
pub(super) fn text(document: &PlanDocument) -> String {
    let (world, plan) = (&document.world, &document.plan);
    let acts = if plan.acts() {
        "changes what runs"
    } else {
        "changes nothing that runs"
    };
    let mut lines = vec![format!("{}: {} ({acts})", world.app, document.outcome)];
    lines.extend(state(world));
    let steps = steps(&world.app, plan);
    lines.push(String::new());
    if let [only] = steps.as_slice() {
        lines.push(format!("  {only}"));
    } else {
        let numbered = steps.iter().zip(1..);
        lines.extend(numbered.map(|(step, number)| format!("  {number}. {step}")));
    }
    lines.extend(if_it_fails(plan).map(|text| format!("  If that fails: {text}.")));
    if let Some(data) = &document.data {
        lines.push(String::new());
        lines.extend(data_lines(data));
    }
    lines.push(String::new());
    lines.join("\n")
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
            match &running.release {
                Some(release) => format!("{}, {health}", release.version),
                None => format!("a version that is not known, {health}"),
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
            .held
            .iter()
            .map(|reason| format!("  held       {reason}")),
    );
    lines
}

fn steps(app: &str, plan: &Plan) -> Vec<String> {
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
        Plan::Hold {
            reason,
            held_back,
            redeploy,
        } => {
            let mut steps = vec![held(app, *reason, held_back.as_ref())];
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
        Plan::Degraded { why } => vec![format!("do nothing: {}", degraded(why))],
        Plan::Inconclusive { why } => vec![format!("do nothing: {}", undecided(why))],
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

fn held(app: &str, reason: Hold, held_back: Option<&ReleaseId>) -> String {
    let version = held_back.map_or("the newest version".to_owned(), |held| {
        held.version.to_string()
    });
    let acknowledge = match held_back {
        Some(held) => format!("`warm-reconcile ack {app} {}` allows it", held.version),
        None => String::new(),
    };
    match reason {
        Hold::Major => {
            format!("hold {version}: a major version rises; {acknowledge}")
        }
        Hold::ManualMigration => {
            format!("hold {version}: its release notes ask for a migration by hand; {acknowledge}")
        }
        Hold::Quarantined => format!(
            "hold {version}: it failed here before; `warm-reconcile release {app} --quarantined {version}` lets it be tried again"
        ),
        Hold::MinAge => format!("hold {version}: it is younger than `min_age`"),
        Hold::Operator => {
            format!("do nothing: the app is held; `warm-reconcile release {app}` ends that")
        }
        Hold::Downgrade => format!("hold {version}: it is older than the version that runs"),
        Hold::NoPrevious => "do nothing: there is no version to go back to".to_owned(),
    }
}

fn degraded(why: &Degraded) -> String {
    match why {
        Degraded::StateUnreadable(why) => format!("the state cannot be read: {why}"),
        Degraded::NothingToRollBackTo => {
            "the app is not healthy, and there is no other version to deploy".to_owned()
        }
        Degraded::RollbackFailed => "a rollback has failed, and needs a person".to_owned(),
        Degraded::WhileHeld => "the app is not healthy, and a person holds it".to_owned(),
        Degraded::DataTooNew => {
            "the data is newer than any version that may be deployed".to_owned()
        }
    }
}

fn undecided(why: &Undecided) -> String {
    match why {
        Undecided::EngineUnreachable(why) => format!("the engine does not answer: {why}"),
        Undecided::EnginePoisoned(why) => format!("the engine cannot be trusted: {why}"),
        Undecided::NoVersion => "the recipe has no version".to_owned(),
        Undecided::UnknownVersion => "the version that runs is not known".to_owned(),
        Undecided::Health => "it is not known whether the app is healthy".to_owned(),
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
    let problems = data.in_the_way.iter();
    lines.extend(problems.map(|problem| format!("  IN THE WAY: {problem}")));
    lines
}
