//! What a person reads about a run that changed nothing, or could not do more: why, and what
//! leads out of it. One table for the plan, the run, its alert and its record.

use super::outcome::Outcome;
use super::{Degraded, Hold, Plan, Runs, Undecided, World};

/// Which app, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    pub app: &'a str,
    pub stack: &'a str,
    pub stateful: bool,
    /// The version that the outcome is about: of a hold the one that is held back, of a rollback
    /// the one that was given up.
    pub version: Option<&'a str>,
    /// Whether something runs whose version is not known.
    pub unknown: bool,
}

/// What leads out of an outcome, in one line: a command, or what only a person can do. `None`
/// where nothing has to be done.
pub fn way_out(outcome: Outcome, about: About<'_>) -> Option<String> {
    let About { app, stack, .. } = about;
    let version = about.version.unwrap_or("VERSION");
    let run = format!("`warm-reconcile run {app}`");
    let release = format!("`warm-reconcile release {app} --quarantined {version}`");
    Some(match outcome {
        Outcome::NoopHealthy
        | Outcome::Adopted
        | Outcome::Upgraded
        | Outcome::Deployed
        | Outcome::BroughtBack
        | Outcome::Redeployed => return None,
        Outcome::HeldMajor => format!("`warm-reconcile ack {app} {version}` allows it"),
        Outcome::HeldManualMigration => format!(
            "do the migration that the notes ask for, then `warm-reconcile ack {app} {version}`"
        ),
        Outcome::HeldQuarantined | Outcome::RolledBack => {
            format!("a newer version is tried by itself; {release} lets {version} be tried again")
        }
        Outcome::HeldMinAge => {
            format!("it passes by itself; `warm-reconcile ack {app} {version}` allows it at once")
        }
        Outcome::HeldByOperator => format!("`warm-reconcile release {app}` ends the hold"),
        Outcome::HeldDowngrade => format!(
            "a newer version is deployed by itself; `warm-reconcile rollback {app}` goes back to the version before"
        ),
        Outcome::HeldNoPrevious => format!(
            "`warm-reconcile pin {app} VERSION`, then {run}, deploys the version that you name"
        ),
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
        Outcome::NothingToRollBackTo => format!(
            "a newer version is tried by itself; {release}, then {run}, tries {version} again"
        ),
        Outcome::UnhealthyWhileHeld => {
            format!("`warm-reconcile release {app}`, then {run} deploys it again")
        }
        Outcome::DataTooNew => format!(
            "release a version that is at least as new as the data, or let the one that has used it be tried again: {release}, then {run}"
        ),
        Outcome::StateUnreadable => format!(
            "set the file that is named here aside (rename it), then {run}: what runs healthy is recorded anew"
        ),
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
        Degraded::DataTooNew => match &world.data {
            Some(data) => format!(
                "{what}the data was used by {}, which is newer than any version that may be deployed",
                data.version
            ),
            None => format!("{what}the data is newer than any version that may be deployed"),
        },
        Degraded::MixedHeld(reason) => {
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

    /// What a person types or does stands in each of them.
    #[test]
    fn every_outcome_but_success_says_what_leads_out_of_it() {
        for stateful in [false, true] {
            for outcome in Outcome::ALL {
                let about = About {
                    app: "web",
                    stack: "web_test",
                    stateful,
                    version: Some("1.0.0+v1"),
                    unknown: stateful,
                };
                let way = way_out(outcome, about);
                assert_eq!(
                    way.is_none(),
                    outcome.exit() == ExitCode::Current,
                    "{outcome}"
                );
                let Some(way) = way else { continue };
                let named = way.contains("`warm-reconcile ") && way.contains(" web");
                assert!(named && !way.contains('\n'), "{outcome}: {way}");
                assert_eq!(
                    way.contains("restores the data"),
                    stateful && outcome == Outcome::RollbackFailed,
                    "{way}"
                );
            }
        }
    }
}
