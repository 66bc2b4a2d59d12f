//! What a person reads about a run that changed nothing, or could not do more: why, and what
//! leads out of it. One table for the plan, the run, its alert and its record.

use super::outcome::Outcome;
use super::{Degraded, Hold, Journal, Plan, Runs, Undecided, World, may_deploy};
use crate::spec::ReleaseId;
use crate::spec::version::Version;

/// What an outcome is about: the app, the version, and what else its way out depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    pub app: String,
    pub stack: String,
    pub stateful: bool,
    /// Of a hold the version that is held back, of data the one that has used it, else what
    /// failed or runs.
    pub version: Option<Version>,
    /// Whether that version is in quarantine.
    pub quarantined: bool,
    /// Whether something runs whose version is not known.
    pub unknown: bool,
    /// Why the only version that could be deployed is not.
    pub held: Option<Hold>,
}

impl About {
    /// Of a plan that acts: if it ends as it is meant to.
    pub fn of(plan: &Plan, world: &World, stack: &str) -> About {
        let version = version(plan, world);
        let mut barred = releases(world).filter(|release| !may_deploy(world, release));
        let held = match plan {
            Plan::Hold { reason, .. } => Some(*reason),
            Plan::Degraded {
                why: Degraded::Held(reason),
            } => Some(*reason),
            _ => None,
        };
        About {
            app: world.app.clone(),
            stack: stack.to_owned(),
            stateful: world.stateful,
            quarantined: barred.any(|release| Some(&release.version) == version.as_ref()),
            version,
            unknown: world.has_unknown_version(),
            held,
        }
    }
}

/// The version that a plan is about.
fn version(plan: &Plan, world: &World) -> Option<Version> {
    let newest = world.newest.as_ref().map(|newest| &newest.release);
    let first = || releases(world).next().map(|release| &release.version);
    match plan {
        Plan::Hold { held_back, .. } => held_back.as_ref().map(|held| &held.version),
        Plan::Degraded {
            why: Degraded::DataTooNew(version),
        } => Some(version),
        Plan::Degraded {
            why: Degraded::Held(_),
        } => newest.map(|newest| &newest.version),
        // What keeps it from being deployed is that it failed here.
        Plan::Degraded {
            why: Degraded::NothingToRollBackTo,
        } => {
            let barred = releases(world).find(|release| !may_deploy(world, release));
            barred.map(|release| &release.version).or_else(first)
        }
        _ => plan.deploys().map(|to| &to.version).or_else(first),
    }
    .cloned()
}

/// The releases of a world, from what is meant most often when none is named.
fn releases(world: &World) -> impl Iterator<Item = &ReleaseId> {
    let running = world.running.as_ref().and_then(|running| running.release());
    let unfinished = match &world.journal {
        Journal::Unfinished(run) => Some(&run.to),
        Journal::Clean | Journal::Unreadable(_) => None,
    };
    let newest = world.newest.as_ref().map(|newest| &newest.release);
    let known = [
        running,
        world.last_good.as_ref(),
        unfinished,
        newest,
        world.data.as_ref(),
    ];
    known.into_iter().flatten()
}

/// What leads out of an outcome, in one line: a command, or what only a person can do. `None`
/// where nothing has to be done.
pub fn way_out(outcome: Outcome, about: &About) -> Option<String> {
    let About { app, stack, .. } = about;
    let version = about.version.as_ref().map_or("VERSION", Version::tag);
    let run = format!("`warm-reconcile run {app}`");
    let again = try_again(about, version);
    Some(match outcome {
        Outcome::NoopHealthy
        | Outcome::Adopted
        | Outcome::Upgraded
        | Outcome::Deployed
        | Outcome::BroughtBack
        | Outcome::Redeployed => return None,
        Outcome::HeldMajor => lifted(Hold::Major, app, version),
        Outcome::HeldManualMigration => lifted(Hold::ManualMigration, app, version),
        Outcome::HeldMinAge => lifted(Hold::MinAge, app, version),
        Outcome::HeldQuarantined => lifted(Hold::Quarantined, app, version),
        Outcome::HeldByOperator => lifted(Hold::Operator, app, version),
        Outcome::HeldDowngrade => lifted(Hold::Downgrade, app, version),
        Outcome::HeldUnarmed => lifted(Hold::Unarmed, app, version),
        Outcome::HeldNoPrevious => lifted(Hold::NoPrevious, app, version),
        Outcome::RolledBack if about.quarantined => lifted(Hold::Quarantined, app, version),
        // What was left had no version that is known, so that none is in quarantine.
        Outcome::RolledBack => format!("{run} goes on to the newest version that is not held"),
        Outcome::HeldNoSnapshot => format!("remove what is named here, then {run}"),
        Outcome::HeldUndeployable | Outcome::Undeployable => format!(
            "put right what is named here (a mended version of the recipe is tried by itself), then {run}"
        ),
        Outcome::InconclusiveImage => format!(
            "{run} tries it again once the image's registry answers, or once `docker pull` has brought the image here"
        ),
        Outcome::UnhealthyOnLatest => format!(
            "remove the cause, then {run} deploys it again; a newer version is tried by itself, and `warm-reconcile rollback {app}` goes back to the version before"
        ),
        Outcome::RollbackFailed => rollback_failed(app, about.stateful),
        Outcome::NothingToRollBackTo => match about.held {
            Some(hold) => format!("{}; then {run}", lifted(hold, app, version)),
            None => format!("a newer version is tried by itself; {again}"),
        },
        Outcome::UnhealthyWhileHeld => {
            format!("`warm-reconcile release {app}`, then {run} deploys it again")
        }
        Outcome::DataTooNew => format!(
            "a version that is at least as new as the data is tried by itself; {again}. After a rollback that failed, `warm-reconcile resume --again {app}` restores the data of the version before"
        ),
        Outcome::StateUnreadable => format!(
            "set the file that is named here aside (rename it), then {run}: what runs healthy is recorded anew"
        ),
        Outcome::InconclusiveHook => format!("remove what made the hook fail, then {run}"),
        Outcome::InconclusiveGate => format!("once the cause is gone, {run} looks again"),
        Outcome::InconclusiveEngine => format!("once the engine answers (`docker info`), {run}"),
        Outcome::InconclusiveVersion if about.unknown => format!(
            "`warm-reconcile rollback {app}` deploys last-good; where there is none, or of a stateful app, `docker stack rm {stack}` (its volumes stay), then {run}"
        ),
        Outcome::InconclusiveVersion => format!(
            "make a version in the recipe, an annotated tag such as `git tag -a 1.0.0+v1.2.3`, then {run}"
        ),
        Outcome::InconclusiveError => format!("remove the cause, then {run} continues"),
    })
}

/// What lifts a hold.
fn lifted(hold: Hold, app: &str, version: &str) -> String {
    match hold {
        Hold::Major => format!("`warm-reconcile ack {app} {version}` allows it"),
        Hold::ManualMigration => format!(
            "do the migration that the notes ask for, then `warm-reconcile ack {app} {version}`"
        ),
        Hold::MinAge => {
            format!("it passes by itself; `warm-reconcile ack {app} {version}` allows it at once")
        }
        Hold::Quarantined => format!(
            "a newer version is tried by itself; `warm-reconcile release {app} --quarantined {version}` lets {version} be tried again"
        ),
        Hold::Operator => format!("`warm-reconcile release {app}` ends the hold"),
        Hold::Downgrade => format!(
            "a newer version is deployed by itself; `warm-reconcile rollback {app}` goes back to the version before"
        ),
        Hold::Unarmed => format!(
            "`warm-reconcile prove-gate {app} --arm` shows whether it can, and keeps the proof"
        ),
        Hold::NoPrevious => format!(
            "`warm-reconcile pin {app} VERSION`, then `warm-reconcile run {app}`, deploys the version that you name"
        ),
    }
}

/// How a version comes to be tried again, whatever keeps it from that.
fn try_again(about: &About, version: &str) -> String {
    let app = &about.app;
    let (word, option) = match about.quarantined {
        true => ("release", "--quarantined "),
        false => ("pin", ""),
    };
    format!(
        "`warm-reconcile {word} {app} {option}{version}`, then `warm-reconcile run {app}`, tries {version} again"
    )
}

fn rollback_failed(app: &str, stateful: bool) -> String {
    let mut text = format!(
        "remove the cause, then `warm-reconcile resume --again {app}`: it tries the rollback again, with all its tries"
    );
    if stateful {
        text.push_str(
            ". Nothing more is tried without it, because each try restores the data again",
        );
    }
    text
}

/// Why a plan touches nothing; `None` for a plan that acts, and for a healthy, current app.
pub fn cause(plan: &Plan, world: &World) -> Option<String> {
    Some(match plan {
        Plan::Hold {
            reason, held_back, ..
        } => {
            let version = held_back.as_ref().map(|held| held.version.tag());
            held(*reason, version, world.held.as_deref())
        }
        Plan::Degraded { why } => degraded(why, world),
        Plan::Inconclusive { why } => undecided(why),
        _ => return None,
    })
}

fn held(reason: Hold, version: Option<&str>, by: Option<&str>) -> String {
    let version = version.unwrap_or("the newest version");
    match reason {
        Hold::Major => format!("{version} is held: a major version rises"),
        Hold::ManualMigration => {
            format!("{version} is held: its release notes ask for a migration by hand")
        }
        Hold::Quarantined => format!("{version} is held: it failed here before"),
        Hold::MinAge => format!("{version} is held: it is younger than `min_age`"),
        Hold::Operator => format!("the app is held: {}", by.unwrap_or("without a reason")),
        Hold::Downgrade => format!("{version} is held: it is older than the version that runs"),
        Hold::Unarmed => format!(
            "{version} is held: nobody has shown that the gate can fail as it is configured, with this build of the program"
        ),
        Hold::NoPrevious => "there is no version to go back to".to_owned(),
    }
}

fn degraded(why: &Degraded, world: &World) -> String {
    let what = match what_runs(world) {
        Some(what) => format!("{what}, and "),
        None => String::new(),
    };
    match why {
        Degraded::StateUnreadable(why) => format!("the state cannot be read: {why}"),
        Degraded::NothingToRollBackTo => {
            format!("{what}there is no other version that may be deployed")
        }
        Degraded::RollbackFailed => {
            "a rollback has failed, and its data is only partly restored or its tries are used up"
                .to_owned()
        }
        Degraded::WhileHeld => format!("{what}a person holds the app"),
        Degraded::DataTooNew(version) => format!(
            "{what}the data was used by {version}, which is newer than any version that may be deployed"
        ),
        Degraded::Held(reason) => {
            let newest = world.newest.as_ref();
            let version = newest.map(|newest| newest.release.version.tag());
            format!("{what}{}", held(*reason, version, None))
        }
    }
}

fn undecided(why: &Undecided) -> String {
    match why {
        Undecided::EngineUnreachable(why) => format!("the engine does not answer: {why}"),
        Undecided::EnginePoisoned(why) => format!("the engine cannot be trusted: {why}"),
        Undecided::NoVersion(why) => format!("the recipe has no version to deploy: {why}"),
        Undecided::UnknownVersion(why) => format!("the version that runs is not known: {why}"),
        Undecided::Health(why) => format!("it is not known whether the app is healthy: {why}"),
    }
}

/// What runs and is not healthy, in words.
pub fn what_runs(world: &World) -> Option<String> {
    let running = world.running.as_ref()?;
    Some(match &running.runs {
        Runs::One(release) => match running.healthy {
            Some(true) => return None,
            Some(false) => format!("{} is not healthy", release.version),
            None => format!("{} runs", release.version),
        },
        Runs::Mixed(versions) => {
            let all = versions.iter();
            let all: Vec<String> = all
                .map(|(name, version)| format!("{name} {version}"))
                .collect();
            format!("services of different versions run ({})", all.join(", "))
        }
        Runs::Unknown(why) => format!("a version that is not known runs ({why})"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::outcome::ExitCode;

    fn about(stateful: bool) -> About {
        About {
            app: "web".into(),
            stack: "web_test".into(),
            stateful,
            version: Version::parse("1.0.0+v1").ok(),
            quarantined: false,
            unknown: stateful,
            held: None,
        }
    }

    #[test]
    fn after_a_rollback_a_version_is_released_only_from_a_quarantine_that_it_is_in() {
        for quarantined in [true, false] {
            let about = About {
                quarantined,
                ..about(false)
            };
            let way = way_out(Outcome::RolledBack, &about).unwrap();
            assert_eq!(way.contains("--quarantined"), quarantined, "{way}");
        }
    }

    /// What a person types or does stands in each of them.
    #[test]
    fn every_outcome_but_success_says_what_leads_out_of_it() {
        for stateful in [false, true] {
            for outcome in Outcome::ALL {
                let way = way_out(outcome, &about(stateful));
                assert_eq!(
                    way.is_none(),
                    outcome.exit() == ExitCode::Current,
                    "{outcome}"
                );
                let Some(way) = way else { continue };
                let named = way.contains("`warm-reconcile ") && way.contains(" web");
                assert!(named && !way.contains('\n'), "{outcome}: {way}");
                let restores = match outcome {
                    Outcome::RollbackFailed => stateful,
                    outcome => outcome == Outcome::DataTooNew,
                };
                assert_eq!(way.contains("restores the data"), restores, "{way}");
            }
        }
    }

    #[test]
    fn the_command_that_is_named_is_the_one_that_lifts_what_is_in_the_way() {
        for (held, quarantined, command) in [
            (
                None,
                true,
                "`warm-reconcile release web --quarantined 1.0.0+v1`, then",
            ),
            (None, false, "`warm-reconcile pin web 1.0.0+v1`, then"),
            (
                Some(Hold::Major),
                false,
                "`warm-reconcile ack web 1.0.0+v1`",
            ),
            (
                Some(Hold::ManualMigration),
                false,
                "`warm-reconcile ack web 1.0.0+v1`",
            ),
            (
                Some(Hold::MinAge),
                false,
                "`warm-reconcile ack web 1.0.0+v1`",
            ),
        ] {
            let about = About {
                held,
                quarantined,
                ..about(false)
            };
            let way = way_out(Outcome::NothingToRollBackTo, &about).unwrap();
            assert!(way.contains(command), "{way}");
            assert!(way.contains("`warm-reconcile run web`"), "{way}");
        }
    }
}
