//! What shows, in a run, that a check which passed can fail.

use std::sync::PoisonError;

use crate::record::{ProofBy, TeethRecord};
use claim::command::Starving;
use claim::teeth::{Failing, failing_worlds, mutated, proposed_control, unwitnessed};
use claim::{Check, ClaimFile, CommandProbe, Effect, Probe};
use kit::text::Scope;
use reach::host::Leftovers;
use reach::observation::Observation;

use super::invocation;
use super::judging::passes;
use super::options::Options;
use super::prober::Prober;
use super::reproduce::is_form;
use super::starve::starved;
use super::wording::waivers;

/// Whether a run looks for what shows that its checks can fail.
pub(super) fn wanted(file: &ClaimFile, options: &Options) -> bool {
    options.teeth || file.gates.iter().any(|gate| gate.teeth_required)
}

/// An answer of this run to the question of a check for which its expectation does not hold.
pub(super) fn disturbed(prober: &Prober<'_>, check: &Check, scope: &Scope) -> Option<String> {
    let answers = prober.answers.as_ref()?;
    let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
    let red = answers
        .to(&check.on, &check.probe, scope)
        .iter()
        .find(|answer| !passes(&check.expect, &check.timing, answer, scope))?;
    Some(format!(
        "the same question had another answer in this run, {}",
        claim::matchers::summary(red)
    ))
}

/// What was found about a check that passed.
pub(super) struct Found {
    pub(super) record: TeethRecord,
    /// Why it cannot fail.
    pub(super) toothless: Option<String>,
}

/// Looks whether a check that passed with this observation can fail: its command among failing tools, and
/// its expectation with changes of what was seen.
pub(super) async fn of(
    prober: &Prober<'_>,
    check: &Check,
    seen: &Observation,
    scope: &Scope,
) -> Found {
    let mut record = TeethRecord {
        waivers: waivers(check).collect(),
        ..TeethRecord::default()
    };
    // What a control shows is more: the question was asked where the claim is false.
    let settled = check.control.is_some();
    let (mut exit_tells, mut starved_pass) = (false, None);
    if let Probe::Command(command) = &check.probe {
        match plan(check, command, scope) {
            Err(why) => record.not_starved = Some(why),
            Ok(starving) => {
                exit_tells = starving.exit_tells;
                match among_failing_tools(prober, (check, command), &starving, scope).await {
                    Ok(None) => {
                        let how = format!("red when {}", tools_fail(&starving.tools));
                        record.add(ProofBy::Starved, how);
                    }
                    // A form is an error where what it asks does not answer; what it did not need may fail.
                    Ok(Some(_)) if is_form(&check.probe, scope) => {
                        record.not_starved = Some("it was answered without its tools".to_owned());
                    }
                    Ok(Some(why)) => starved_pass = Some(why),
                    Err(why) => record.not_starved = Some(why),
                }
            }
        }
    }
    let mut toothless = unwitnessed(check, scope);
    let holds = |changed: &Observation| passes(&check.expect, &check.timing, changed, scope);
    let changes = mutated(&check.expect, seen, exit_tells, &holds);
    if changes.shows {
        let how = format!("{} of {} changes noticed", changes.noticed, changes.all);
        record.add(ProofBy::Mutated, how);
    }
    record.unnoticed = changes.unnoticed;
    record.hint = changes.hint;
    // What was seen to be red in this run can be.
    toothless = toothless
        .or(changes.toothless)
        .filter(|_| disturbed(prober, check, scope).is_none());
    toothless = starved_pass.or(toothless);
    if settled && let Some(why) = toothless.take() {
        record.hint.get_or_insert(why);
    }
    if toothless.is_some() {
        record.proofs.clear();
    }
    if let Some(waiver) = &check.teeth_waived {
        if waiver.until < chrono::Utc::now().date_naive() {
            record.hint = Some(format!("its waiver ended on {}", waiver.until));
        } else {
            let how = format!("{} (until {})", waiver.reason, waiver.until);
            record.add(ProofBy::Waived, how);
            if let Some(why) = toothless.take() {
                record.hint = Some(why);
            }
        }
    }
    let toothless = toothless.map(|why| format!("{why}{}", proposal(check)));
    Found { record, toothless }
}

/// A control that could show that the check can fail, where its words suggest one.
fn proposal(check: &Check) -> String {
    match proposed_control(check) {
        Some(control) => format!("; a control could show it: `{control}`"),
        None => String::new(),
    }
}

/// How the command of a check is starved.
fn plan(check: &Check, command: &CommandProbe, scope: &Scope) -> Result<Starving, String> {
    if check.effect != Effect::Observe {
        return Err("it does not only observe".to_owned());
    }
    claim::command::starving(command, scope)
}

/// Runs the command of a check among failing tools. Returns why the check has no teeth, if it passes there.
async fn among_failing_tools(
    prober: &Prober<'_>,
    (check, command): (&Check, &CommandProbe),
    starving: &Starving,
    scope: &Scope,
) -> Result<Option<String>, String> {
    let worlds = failing_worlds(&check.expect, starving.tools.len());
    let reach = prober.places.reach_for(&check.on, command).await;
    let (host, at) = reach.map_err(|fault| fault.to_string())?;
    let line = invocation::command(command, scope, &at, check.timing.timeout, Leftovers::Kill);
    let all = starved(host, line, starving, &worlds).await?;
    let passed = worlds
        .iter()
        .zip(&all)
        .find(|(_, seen)| passes(&check.expect, &check.timing, seen, scope));
    Ok(passed.map(|(world, seen)| holds_without(starving, *world, seen)))
}

/// That these tools fail, in words.
fn tools_fail(tools: &[String]) -> String {
    let named: Vec<String> = tools.iter().map(|tool| format!("`{tool}`")).collect();
    let verb = if tools.len() == 1 { "fails" } else { "fail" };
    format!("{} {verb}", named.join(" and "))
}

fn holds_without(starving: &Starving, world: Failing, seen: &Observation) -> String {
    let failing = match world.only {
        Some(only) => &starving.tools[only..=only],
        None => starving.tools.as_slice(),
    };
    format!(
        "it holds also when {} ({}): then it is {}",
        tools_fail(failing),
        world.describe(),
        claim::matchers::summary(seen)
    )
}

/// Why a gate that requires teeth does not take the check.
pub(super) fn none_shown(check: &Check, found: &TeethRecord) -> String {
    let why = match &found.not_starved {
        Some(why) => format!("; not starved: {why}"),
        None => String::new(),
    };
    format!(
        "nothing shows that it can fail, and its gate requires that (`teeth: required`): give it a `control`{why}{}",
        proposal(check)
    )
}
