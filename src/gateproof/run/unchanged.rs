//! `unchanged:` compares what a check observes before a disturbance with what it observes afterwards, and
//! on demand also with what it observes meanwhile.

use chrono::{DateTime, Utc};
use claim::outcome::Outcome;
use claim::{Check, Unchanged};
use reach::observation::Observation;

use super::asking::ask_check;
use super::check_runner::CheckRunner;
use super::event::Events;
use super::judging::ProbeResult;
use super::plan::{CheckAt, Item};
use super::recorded::remark;
use super::same::difference;
use crate::record::CheckRecord;

impl<'r> CheckRunner<'r> {
    /// A check that must observe the same as before its innermost fixture.
    pub(super) async fn compared(
        &mut self,
        item: &Item,
        when: Unchanged,
        started: DateTime<Utc>,
        sink: &mut Events<'_>,
    ) -> CheckRecord {
        let check = item.at.of(self.file);
        let outer = &item.with[..item.with.len().saturating_sub(1)];
        let before = match self.look(outer, item.at, check, sink).await {
            Ok(observation) => observation,
            Err((outcome, why)) => {
                let why = format!("before the disturbance: {why}");
                return self.not_run(item.at, check, started, outcome, &why);
            }
        };
        let disturbed = self.conditions(&item.with, item.at, sink).await;
        if let Err(why) = disturbed {
            return self.not_run(item.at, check, started, why.outcome(), why.why());
        }
        let (mut record, seen) = match when {
            Unchanged::Throughout => {
                let (record, during) = self.asked_and_judged(item.at, check).await;
                // The fixture is left in any case.
                let after = self.look(outer, item.at, check, sink).await;
                (record, vec![("during", during), ("after", after)])
            }
            Unchanged::Afterwards => {
                let left = self.conditions(outer, item.at, sink).await;
                let ready = match left {
                    Err(why) => Err((why.outcome(), why.why().to_owned())),
                    Ok(()) => self.required(item.at, check).await,
                };
                if let Err((outcome, why)) = ready {
                    let why = format!("after the disturbance: {why}");
                    return self.not_run(item.at, check, started, outcome, &why);
                }
                let (record, after) = self.asked_and_judged(item.at, check).await;
                (record, vec![("after", after)])
            }
        };
        if record.outcome != Outcome::Pass {
            return record;
        }
        for (when, seen) in seen {
            let differs = seen
                .and_then(|now| difference(&before, &now, "before the disturbance").map_err(error));
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
        let times = match when {
            Unchanged::Throughout => "before, during and after",
            Unchanged::Afterwards => "before and after",
        };
        let fixture = item.with.last().map_or("", String::as_str);
        record.notes.push(format!(
            "the same, to the byte, {times} fixture `{fixture}`"
        ));
        record
    }

    async fn asked_and_judged(
        &mut self,
        at: CheckAt,
        check: &'r Check,
    ) -> (CheckRecord, Result<Observation, (Outcome, String)>) {
        let asked = ask_check(self.asking(at, check), self.prober).await;
        let observed = asked.reply.observation.clone();
        let observed = observed.ok_or_else(|| error("nothing was observed".to_owned()));
        (self.judge(at, check, asked).await, observed)
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

fn error(why: String) -> (Outcome, String) {
    (Outcome::Error, why)
}
