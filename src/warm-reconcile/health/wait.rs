//! The driver: probes, asks the engine, and hands both to the judge.

use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::config::{Gate, ms, utc_now};
use super::facts::{EngineFacts, Facts, FactsError, FactsSeen};
use super::identity::{Responder, Wanted};
use super::judge::{Judge, Moment, Rules, Sample, Verdict};
use super::timeline::{Entry, LastAnswer, Timeline};
use super::weigh::{Seen, Weight, weigh};
use crate::spec::Identity;
use reach::observation::NoAnswerCause;
use reach::probe::{Request, Route, send};

/// So many characters of a body are kept of the last answer.
const EXCERPT: usize = 500;

/// What tells the time.
pub trait Clock: Send + Sync {
    /// This moment on both clocks.
    fn now(&self) -> Moment;
}

#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    began: Instant,
}

impl SystemClock {
    /// A clock whose monotonic side begins now.
    pub fn start() -> SystemClock {
        SystemClock {
            began: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment {
            mono: self.began.elapsed(),
            utc: utc_now(),
        }
    }
}

/// Waits until the judge has a verdict, which is never [`Verdict::Waiting`].
///
/// Every probe goes into `timeline` at once, so that it is there also when this is dropped
/// (SIGTERM), and `watch` sees it: the place to feed a watchdog from. At least one probe is
/// made, also when the deadline has already passed: a verdict needs evidence. An engine that
/// does not answer within the probe's deadline counts as unreachable for that sample.
pub async fn wait(
    gate: &Gate,
    rules: Rules,
    engine: &impl Facts,
    clock: &impl Clock,
    timeline: &mut Timeline,
    mut watch: impl FnMut(&Entry),
) -> Verdict {
    timeline.intent = Some(rules.window.intent);
    timeline.deadline = Some(rules.window.deadline);
    let limit = gate.request.timeout;
    let facts = facts_within(engine, limit).await;
    timeline.begin(&facts);
    let mut at = facts.as_ref().ok().and_then(|facts| facts.at);
    let mut judge = Judge::new(rules, clock.now(), facts);
    let mut probed = false;
    let verdict = loop {
        let began = clock.now().mono;
        // A probe does not reach beyond the deadline, but the first one has its full time.
        let left = judge.ends().saturating_sub(began);
        let cut = probed && left < limit;
        let time = if cut { left } else { limit };
        let (seen, answer) = ask(&gate.request_at(at), &gate.identity, time).await;
        timeline.last_answer = answer.or(timeline.last_answer.take());
        let answered = clock.now();
        let late = judge.verdict(answered);
        if cut && timed_out(&seen) && late != Verdict::Waiting {
            // It had less than its time: that proves nothing against the app.
            break late;
        }
        probed = true;
        let facts = facts_within(engine, gate.request.timeout).await;
        if let Ok(facts) = &facts {
            at = facts.at;
        }
        let sample = Sample {
            answered,
            seen,
            facts,
        };
        let weighed = judge.push(&sample);
        timeline.push(&sample, &weighed);
        timeline.entries().last().into_iter().for_each(&mut watch);
        if weighed.verdict != Verdict::Waiting {
            break weighed.verdict;
        }
        let next = began + gate.every;
        let now = clock.now();
        sleep(next.min(judge.ends()).saturating_sub(now.mono)).await;
        let late = judge.verdict(clock.now());
        if late != Verdict::Waiting {
            break late;
        }
    };
    timeline.verdict = Some(verdict.clone());
    verdict
}

/// What one probe is worth beside one look at the engine, made together: the app as it runs,
/// with nothing deployed.
pub fn glance(gate: &Gate, wanted: &Wanted, seen: &Seen, facts: &FactsSeen) -> Weight {
    weigh(&gate.ok, wanted, facts, seen, facts, utc_now())
}

pub(crate) async fn probe(request: &Request, identity: &Identity, limit: Duration) -> Seen {
    ask(request, identity, limit).await.0
}

/// One probe, and its answer as it came.
async fn ask(
    request: &Request,
    identity: &Identity,
    limit: Duration,
) -> (Seen, Option<LastAnswer>) {
    let request = Request {
        timeout: limit,
        ..request.clone()
    };
    match send(&request, "local", Route::Direct).await {
        Err(fault) => (Seen::Fault(fault.to_string()), None),
        Ok(observation) => match observation.answer {
            Err(none) => (Seen::no_answer(none.cause, none.detail), None),
            Ok(answer) => {
                let seen = Seen::Answer {
                    status: answer.status,
                    responder: Responder::read(identity, &answer.body),
                };
                let body = String::from_utf8_lossy(&answer.body.bytes);
                let body = body.chars().take(EXCERPT).collect();
                let status = answer.status;
                (seen, Some(LastAnswer { status, body }))
            }
        },
    }
}

fn timed_out(seen: &Seen) -> bool {
    matches!(seen, Seen::NoAnswer { cause, .. } if *cause == NoAnswerCause::Timeout)
}

async fn facts_within(engine: &impl Facts, limit: Duration) -> Result<EngineFacts, FactsError> {
    let late = |_| FactsError::Late(ms(limit));
    timeout(limit, engine.facts()).await.map_err(late)?
}
