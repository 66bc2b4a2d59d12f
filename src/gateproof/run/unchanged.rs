//! `unchanged:` compares what a check observes before, during and after a disturbance. Pure.

use std::collections::BTreeMap;

use reach::observation::{Captured, CommandObservation, Ending, HttpObservation, Observation};

/// What must be the same: how it ended, and each byte that was printed or sent.
#[derive(Debug, PartialEq, Eq)]
enum Seen<'o> {
    Command(&'o Ending, &'o [u8]),
    Status(u16, &'o [u8]),
    NoAnswer(&'static str),
}

/// How an observation differs from the one before the disturbance; `None` where it does not.
///
/// # Errors
/// When not all of an output was kept, so that nobody knows.
pub(super) fn difference(
    before: &Observation,
    now: &Observation,
) -> Result<Option<String>, String> {
    if seen(before)? == seen(now)? {
        return Ok(None);
    }
    let summary = claim::matchers::summary;
    let (before, now) = (summary(before), summary(now));
    Ok(Some(if before == now {
        format!("{now}, with other bytes than before the disturbance")
    } else {
        format!("{now}, and {before} before the disturbance")
    }))
}

/// By vantage.
fn seen(observation: &Observation) -> Result<BTreeMap<&str, Seen<'_>>, String> {
    match observation {
        Observation::Command(CommandObservation { ending, stdout, .. }) => {
            let seen = Seen::Command(ending, whole(stdout)?);
            Ok(BTreeMap::from([("", seen)]))
        }
        Observation::Http(answers) => answers.iter().map(answered).collect(),
    }
}

fn answered(observed: &HttpObservation) -> Result<(&str, Seen<'_>), String> {
    let seen = match &observed.answer {
        Ok(response) => match &response.unreadable {
            Some(why) => return Err(why.clone()),
            None => Seen::Status(response.status, whole(&response.body)?),
        },
        Err(nothing) => Seen::NoAnswer(nothing.cause.name()),
    };
    Ok((&observed.vantage, seen))
}

fn whole(output: &Captured) -> Result<&[u8], String> {
    if output.is_truncated() {
        return Err(format!(
            "only the first {} of {} bytes were kept, so that the rest cannot be compared",
            output.bytes.len(),
            output.total
        ));
    }
    Ok(&output.bytes)
}
