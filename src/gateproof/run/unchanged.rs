//! `unchanged:` compares what a check observes before, during and after a disturbance.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use claim::Check;
use claim::outcome::Outcome;
use reach::observation::{Captured, CommandObservation, Ending, HttpObservation, Observation};

use super::asking::ask_check;
use super::check_runner::CheckRunner;
use super::event::Events;
use super::judging::ProbeResult;
use super::plan::{CheckAt, Item};
use super::recorded::remark;
use crate::record::CheckRecord;

impl<'r> CheckRunner<'r> {
    /// A check that must observe the same before, during and after its innermost fixture.
    pub(super) async fn compared(
        &mut self,
        item: &Item,
        check: &'r Check,
        started: DateTime<Utc>,
        sink: &mut Events<'_>,
    ) -> CheckRecord {
        let outer = &item.with[..item.with.len().saturating_sub(1)];
        let before = match self.look(outer, item.at, check, sink).await {
            Ok(observation) => observation,
            Err((outcome, why)) => {
                let why = format!("before the disturbance: {why}");
                return self.not_run(item.at, check, started, outcome, &why);
            }
        };
        let (mut record, during) = match self.conditions(&item.with, item.at, sink).await {
            Err(why) => {
                return self.not_run(item.at, check, started, why.outcome(), why.why());
            }
            Ok(()) => {
                let asked = ask_check(self.asking(item.at, check), self.prober).await;
                let during = asked.reply.observation.clone();
                (self.judge(item.at, check, asked).await, during)
            }
        };
        // The fixture is left in any case.
        let after = self.look(outer, item.at, check, sink).await;
        if record.outcome != Outcome::Pass {
            return record;
        }
        let during = during.ok_or((Outcome::Error, "nothing was observed".to_owned()));
        for (when, seen) in [("during", during), ("after", after)] {
            let differs =
                seen.and_then(|now| difference(&before, &now).map_err(|why| (Outcome::Error, why)));
            let (outcome, why) = match differs {
                Ok(None) => continue,
                Ok(Some(why)) => (Outcome::Fail, why),
                Err(error) => error,
            };
            record.outcome = outcome;
            record
                .findings
                .push(remark(&format!("unchanged, {when} the disturbance"), why));
            return record;
        }
        record.notes.push(format!(
            "the same, to the byte, before, during and after fixture `{}`",
            item.with.last().map_or("", String::as_str)
        ));
        record
    }

    /// Looks with the expectation of a check, under these fixtures.
    async fn look(
        &mut self,
        with: &[String],
        at: CheckAt,
        check: &'r Check,
        sink: &mut Events<'_>,
    ) -> Result<Observation, (Outcome, String)> {
        let set = self.conditions(with, at, sink).await;
        set.map_err(|why| (why.outcome(), why.why().to_owned()))?;
        self.required(at, check).await?;
        let reply = self.asking(at, check).ask(self.prober).await.reply;
        let held = reply.held("the check");
        let outcome = match reply.result {
            ProbeResult::Differs(_) => Outcome::Fail,
            _ => Outcome::Error,
        };
        match (held, reply.observation) {
            (Ok(()), Some(observation)) => Ok(observation),
            (Err(why), _) => Err((outcome, why)),
            (Ok(()), None) => Err((outcome, "nothing was observed".to_owned())),
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

/// How an observation differs from the one before the disturbance; `None` where it does not.
///
/// # Errors
/// When not all of an output was kept, so that nobody knows.
fn difference(before: &Observation, now: &Observation) -> Result<Option<String>, String> {
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
