//! A check that is asked once for each value that a command lists.

use claim::expectation::Expect;
use claim::matchers::Mismatch;
use claim::{ListedValues, Probe, Timing};
use kit::count::count;
use kit::text::Scope;
use reach::observation::Observation;

use super::judging::{ProbeResult, first_span};
use super::prober::{ProbeReply, ProbeTask, Prober};

/// More values than this are not asked for.
const MOST: usize = 1000;

/// So many of the values that do not hold are shown.
const SHOWN: usize = 20;

/// Asks for each value. The observation is that of the first value that does not hold, or of the last one;
/// the scope has the value.
pub(super) async fn ask(
    prober: &Prober<'_>,
    task: ProbeTask<'_>,
    listed: &ListedValues,
) -> (ProbeReply, Scope) {
    let mut scope = task.scope.clone();
    let probe = Probe::Command(listed.command.clone());
    let timing = Timing {
        timeout: task.timing.timeout,
        ..Timing::default()
    };
    let mut list = prober
        .probe(ProbeTask {
            probe: &probe,
            expect: &listed.expect,
            timing: &timing,
            ..task
        })
        .await;
    let values = match values(&list, listed, task.expect) {
        Ok(values) => values,
        Err(result) => {
            list.result = result;
            return (list, scope);
        }
    };
    let mut whole: Option<ProbeReply> = None;
    let mut red: Option<(ProbeReply, Scope)> = None;
    let mut mismatches = Vec::new();
    let (mut attempts, mut failed) = (0, 0);
    for value in &values {
        scope.insert(listed.name.clone(), value.clone());
        let mut reply = prober
            .probe(ProbeTask {
                scope: &scope,
                ..task
            })
            .await;
        attempts += reply.attempts;
        match &mut reply.result {
            ProbeResult::Holds => whole = Some(reply),
            ProbeResult::Differs(differing) => {
                failed += 1;
                for mut mismatch in std::mem::take(differing) {
                    mismatch.add_note(&format!("with `{}` = `{value}`", listed.name));
                    if mismatches.len() < SHOWN {
                        mismatches.push(mismatch);
                    }
                }
                red.get_or_insert_with(|| (reply, scope.clone()));
            }
            ProbeResult::Undecidable(why) => {
                *why = format!("with `{}` = `{value}`: {why}", listed.name);
                return (reply, scope);
            }
            ProbeResult::Fault(_) | ProbeResult::Interrupted(_) => return (reply, scope),
        }
    }
    let all = values.len();
    let (mut reply, scope) = match (red, whole) {
        (Some((mut reply, scope)), _) => {
            reply.result = ProbeResult::Differs(mismatches);
            (reply, scope)
        }
        (None, Some(reply)) => (reply, scope),
        (None, None) => (list, scope),
    };
    reply.attempts = attempts;
    reply.tally = Some(format!(
        "held for {} of {}",
        all - failed,
        count(all, "value")
    ));
    (reply, scope)
}

/// The values that the command has listed.
fn values(
    list: &ProbeReply,
    listed: &ListedValues,
    expect: &Expect,
) -> Result<Vec<String>, ProbeResult> {
    let unknown = |why: &str| {
        ProbeResult::Undecidable(format!(
            "the values of `{}` are not known: {why}",
            listed.name
        ))
    };
    list.held("the command that lists them")
        .map_err(|why| match &list.result {
            result @ (ProbeResult::Fault(_) | ProbeResult::Interrupted(_)) => result.clone(),
            _ => unknown(&why),
        })?;
    let Some(Observation::Command(seen)) = &list.observation else {
        return Err(unknown("nothing was printed"));
    };
    if seen.stdout.is_truncated() {
        return Err(unknown("the command prints more than is kept"));
    }
    let text = std::str::from_utf8(&seen.stdout.bytes);
    let text = text.map_err(|_| unknown("what the command prints is not UTF-8"))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let values: Vec<String> = lines.map(str::to_owned).collect();
    let least = usize::try_from(listed.at_least).unwrap_or(usize::MAX);
    if values.len() > MOST {
        return Err(unknown(&format!(
            "there are {}, and at most {MOST} are asked for",
            values.len()
        )));
    }
    if values.len() < least {
        return Err(ProbeResult::Differs(vec![Mismatch {
            span: first_span(expect),
            subject: format!("the values of `{}`", listed.name),
            expected: format!("at least {}", count(least, "value")),
            observed: count(values.len(), "value"),
            note: None,
            diff: None,
        }]));
    }
    Ok(values)
}
