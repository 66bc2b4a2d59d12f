//! Whether two answers are the same: how a command ended and what it printed, or the status and the body
//! from each place that asked.

use std::collections::{BTreeMap, BTreeSet};

use claim::outcome::Outcome;
use claim::{Check, ClaimFile};
use reach::observation::{Captured, CommandObservation, Ending, HttpObservation, Observation};

use super::plan::CheckAt;

/// What the checks of a file observed that `same_as:` names.
pub(super) struct SameAnswers {
    /// Gate and id.
    named: BTreeSet<(usize, String)>,
    seen: BTreeMap<(usize, String), Observation>,
}

impl SameAnswers {
    pub(super) fn of(file: &ClaimFile) -> SameAnswers {
        let gates = file.gates.iter().enumerate();
        let named = gates.flat_map(|(gate, of)| {
            let named = of.checks.iter().filter_map(|check| check.same_as.clone());
            named.map(move |id| (gate, id))
        });
        SameAnswers {
            named: named.collect(),
            seen: BTreeMap::new(),
        }
    }

    /// Keeps what a check that passed observed, if another one must observe the same.
    pub(super) fn keep(&mut self, at: CheckAt, check: &Check, observation: &Observation) {
        let key = (at.gate, check.id.clone());
        if self.named.contains(&key) {
            self.seen.insert(key, observation.clone());
        }
    }

    /// Why a check did not observe what the check observed that it names.
    pub(super) fn differs(
        &self,
        at: CheckAt,
        check: &Check,
        now: &Observation,
    ) -> Option<(Outcome, String)> {
        let other = check.same_as.as_ref()?;
        let Some(first) = self.seen.get(&(at.gate, other.clone())) else {
            return Some((Outcome::Error, format!("`{other}` observed nothing")));
        };
        match difference(first, now, &format!("in `{other}`")) {
            Ok(differs) => Some((Outcome::Fail, differs?)),
            Err(why) => Some((Outcome::Error, why)),
        }
    }
}

/// What must be the same: how it ended, and each byte that was printed or sent.
#[derive(Debug, PartialEq, Eq)]
enum Seen<'o> {
    Command(&'o Ending, &'o [u8]),
    Status(u16, &'o [u8]),
    NoAnswer(&'static str),
}

/// How an observation differs from a first one, which was made `there`; `None` where it does not.
///
/// # Errors
/// When not all of an output was kept, so that nobody knows.
pub(super) fn difference(
    first: &Observation,
    now: &Observation,
    there: &str,
) -> Result<Option<String>, String> {
    if seen(first)? == seen(now)? {
        return Ok(None);
    }
    let summary = claim::matchers::summary;
    let (first, now) = (summary(first), summary(now));
    Ok(Some(if first == now {
        format!("{now}, with other bytes than {there}")
    } else {
        format!("{now}, and {first} {there}")
    }))
}

/// In the order of the places that asked.
fn seen(observation: &Observation) -> Result<Vec<Seen<'_>>, String> {
    match observation {
        Observation::Command(CommandObservation { ending, stdout, .. }) => {
            Ok(vec![Seen::Command(ending, whole(stdout)?)])
        }
        Observation::Http(answers) => answers.iter().map(answered).collect(),
    }
}

fn answered(observed: &HttpObservation) -> Result<Seen<'_>, String> {
    Ok(match &observed.answer {
        Ok(response) => match &response.unreadable {
            Some(why) => return Err(why.clone()),
            None => Seen::Status(response.status, whole(&response.body)?),
        },
        Err(nothing) => Seen::NoAnswer(nothing.cause.name()),
    })
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
