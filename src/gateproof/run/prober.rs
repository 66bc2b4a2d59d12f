//! Runs one probe at one place, once or as often as its timing requires.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use claim::expectation::Expect;
use claim::matchers::Mismatch;
use claim::{HeaderValue, HttpProbe, Place, Probe, Timing, Tls};
use kit::text::Scope;
use reach::host::{Fault, Leftovers};
use reach::observation::{HttpObservation, Observation};
use reach::probe::{Request, Route, TlsTrust};

use super::activity::{Activity, Entry};
use super::answers::Answers;
use super::invocation::{self, OUTPUT_LIMIT};
use super::judging::{ProbeResult, first_span, judged, split};
use super::lanes::Lanes;
use super::places::Places;
use super::undo_guard::UndoGuard;
use kit::interrupt::Interrupt;

/// A probe with its expectation, at a place, with its values.
#[derive(Clone, Copy)]
pub(super) struct ProbeTask<'q> {
    pub(super) place: &'q Place,
    pub(super) probe: &'q Probe,
    pub(super) expect: &'q Expect,
    pub(super) timing: &'q Timing,
    pub(super) scope: &'q Scope,
    pub(super) leftovers: Leftovers,
    /// After this nothing more is sent, whatever the timing requires.
    pub(super) until: Option<Instant>,
    /// Of our own undoing: separates it from the host's.
    pub(super) guard: Option<&'q UndoGuard>,
    /// See [`Invocation::queued`](reach::host::Invocation::queued).
    pub(super) queued: bool,
    /// Its place among what is under way.
    pub(super) entry: Option<&'q Entry>,
}

/// The result of a task.
#[derive(Debug)]
pub(super) struct ProbeReply {
    /// The last observation.
    pub(super) observation: Option<Observation>,
    pub(super) result: ProbeResult,
    pub(super) attempts: u32,
    /// How many of the attempts held, where not the first one alone decided.
    pub(super) tally: Option<String>,
    pub(super) duration: Duration,
}

/// Runs probes at the places of a run.
pub(super) struct Prober<'r> {
    pub(super) places: &'r Places,
    pub(super) interrupt: &'r Interrupt,
    /// When the run began.
    pub(super) began: DateTime<Utc>,
    /// The folder of the claim file: CA files are named relative to it.
    pub(super) claim_folder: PathBuf,
    /// What each place bears.
    pub(super) lanes: Lanes,
    /// What was asked and answered in this run; `None` where nobody wants to know.
    pub(super) answers: Option<Mutex<Answers>>,
    pub(super) activity: Activity,
}

impl Prober<'_> {
    /// Probes as the timing requires, until it is decided or the run is interrupted.
    pub(super) async fn probe(&self, task: ProbeTask<'_>) -> ProbeReply {
        let started = Instant::now();
        let mut progress = Progress::default();
        let result = tokio::select! {
            biased;
            name = self.interrupt.wait() => ProbeResult::Interrupted(name),
            result = self.probe_timed(task, started, &mut progress) => result,
        };
        progress.reply(result, started)
    }

    /// As [`Prober::probe`], but no signal cuts it short: for undoing.
    pub(super) async fn probe_to_the_end(&self, task: ProbeTask<'_>) -> ProbeReply {
        let started = Instant::now();
        let mut progress = Progress::default();
        let result = self.probe_timed(task, started, &mut progress).await;
        progress.reply(result, started)
    }

    async fn probe_timed(
        &self,
        task: ProbeTask<'_>,
        started: Instant,
        progress: &mut Progress,
    ) -> ProbeResult {
        let timing = task.timing;
        if let (Some(entry), Some(window)) = (task.entry, timing.within.or(timing.never_within)) {
            entry.waits_until(started + window);
        }
        if let Some(window) = timing.within {
            self.until_it_holds(task, started + window, progress).await
        } else if let Some(window) = timing.never_within {
            self.never(task, started + window, progress).await
        } else {
            self.repeated(task, progress).await
        }
    }

    async fn until_it_holds(
        &self,
        task: ProbeTask<'_>,
        end: Instant,
        progress: &mut Progress,
    ) -> ProbeResult {
        let end = task.until.map_or(end, |until| end.min(until));
        loop {
            // The last attempt is at the end of the window, not one pause before it.
            let last = Instant::now() >= end;
            let result = self.attempt(task, progress).await;
            let final_fault = match &result {
                ProbeResult::Holds => true,
                // One attempt that took too long is what waiting is for; a host that is gone is not.
                ProbeResult::Fault(Fault::Deadline { stays, .. }) => !stays.is_empty(),
                ProbeResult::Fault(_) | ProbeResult::Undecidable(_) => true,
                ProbeResult::Differs(_) | ProbeResult::Interrupted(_) => false,
            };
            if final_fault || last {
                if result.holds() && progress.attempts > 1 {
                    progress.tally = Some(format!("held at attempt {}", progress.attempts));
                }
                return result;
            }
            if let Some(over) = final_state(task, result, progress) {
                return over;
            }
            pause(task.timing.every, end).await;
        }
    }

    /// What the expectation describes must not be observed in the whole window; but each time
    /// there must be an answer: silence does not prove absence.
    async fn never(
        &self,
        task: ProbeTask<'_>,
        end: Instant,
        progress: &mut Progress,
    ) -> ProbeResult {
        let (answered, content) = split(task.expect);
        loop {
            let last = Instant::now() >= end;
            let observation = match self.observe(task, progress).await {
                Ok(observation) => observation,
                Err(fault) => return ProbeResult::Fault(fault),
            };
            for part in &answered {
                let result = judged(part, &observation, task.scope);
                if !result.holds() {
                    return result;
                }
            }
            match judged(&content, &observation, task.scope) {
                ProbeResult::Holds => {
                    return ProbeResult::Differs(vec![Mismatch {
                        span: first_span(&content),
                        subject: "never_within".to_owned(),
                        expected: "never seen in the whole window".to_owned(),
                        observed: claim::matchers::summary(&observation),
                        note: Some(format!("seen at attempt {}", progress.attempts)),
                        diff: None,
                    }]);
                }
                ProbeResult::Differs(_) => {}
                other => return other,
            }
            if last {
                return ProbeResult::Holds;
            }
            pause(task.timing.every, end).await;
        }
    }

    async fn repeated(&self, task: ProbeTask<'_>, progress: &mut Progress) -> ProbeResult {
        let timing = task.timing;
        let mut held = 0;
        let mut last_bad = None;
        for round in 0..timing.repeat {
            if round > 0 {
                tokio::time::sleep(timing.every).await;
            }
            match self.attempt(task, progress).await {
                ProbeResult::Holds => held += 1,
                ProbeResult::Differs(mismatches) => last_bad = Some(mismatches),
                other => return other,
            }
        }
        if timing.repeat > 1 {
            progress.tally = Some(format!("held {held} of {} times", timing.repeat));
        }
        match last_bad {
            Some(mut mismatches) if held < timing.at_least => {
                if timing.repeat > 1 {
                    for mismatch in &mut mismatches {
                        mismatch.add_note(&format!("held {held} of {} times", timing.repeat));
                    }
                }
                ProbeResult::Differs(mismatches)
            }
            _ => ProbeResult::Holds,
        }
    }

    async fn attempt(&self, task: ProbeTask<'_>, progress: &mut Progress) -> ProbeResult {
        match self.observe(task, progress).await {
            Ok(observation) => judged(task.expect, &observation, task.scope),
            Err(fault) => ProbeResult::Fault(fault),
        }
    }

    /// Probes once, and stores the observation.
    async fn observe(
        &self,
        task: ProbeTask<'_>,
        progress: &mut Progress,
    ) -> Result<Observation, Fault> {
        progress.attempts += 1;
        let mut limit = task.timing.timeout;
        if let Some(window) = task.timing.within {
            // One attempt that hangs must not make the wait much longer than it was claimed.
            limit = limit.min(window);
        }
        if let Some(until) = task.until {
            limit = limit.min(until.saturating_duration_since(Instant::now()));
        }
        let limit = limit.max(Duration::from_millis(1));
        let observation = self.send_once(task, limit).await?;
        if let Some(answers) = &self.answers {
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.note(task.place, task.probe, task.scope, &observation);
        }
        if let Some(entry) = task.entry {
            entry.answered(progress.attempts, &claim::matchers::summary(&observation));
        }
        progress.observation = Some(observation.clone());
        Ok(observation)
    }

    async fn send_once(&self, task: ProbeTask<'_>, limit: Duration) -> Result<Observation, Fault> {
        // A value that is not known is never sent as an empty one.
        if let Some(name) = claim::unknown_in_probe(task.probe, task.scope) {
            return Err(Fault::Other(format!(
                "`${{{name}}}` has no value: nothing has captured it"
            )));
        }
        match task.probe {
            Probe::Command(command) => {
                let (host, at) = self.places.reach_for(task.place, command).await?;
                let mut run = invocation::command(command, task.scope, &at, limit, task.leftovers);
                run.queued = task.queued;
                if let Some(guard) = task.guard {
                    run = guard.wrap(run);
                }
                host.run(&run).await.map(Observation::Command)
            }
            Probe::Http(http) => {
                let own = [task.place.clone()];
                let vantages: &[Place] = if http.vantage.is_empty() {
                    &own
                } else {
                    &http.vantage
                };
                let mut answers = Vec::new();
                for place in vantages {
                    answers.push(self.send_http(http, place, task.scope, limit).await?);
                }
                Ok(Observation::Http(answers))
            }
            // The runner of checks never gets one; `human:` stands in checks only.
            Probe::Human(_) => Err(Fault::Other("only a person can look".to_owned())),
        }
    }

    async fn send_http(
        &self,
        http: &HttpProbe,
        place: &Place,
        scope: &Scope,
        limit: Duration,
    ) -> Result<HttpObservation, Fault> {
        let mut headers = Vec::new();
        for (name, value) in &http.headers {
            headers.push((name.clone(), header(value, scope)?));
        }
        let request = Request {
            method: http.method.clone(),
            url: http.url.render(scope),
            resolve: http.resolve.as_ref().map(|text| text.render(scope)),
            tls: self.trust(&http.tls)?,
            headers,
            body: http
                .body
                .as_ref()
                .map(|text| text.render(scope).into_bytes()),
            follow: http.follow,
            keep_cookies: http.keep_cookies,
            timeout: limit,
            body_limit: OUTPUT_LIMIT,
            stream: http.stream,
        };
        // From the clone an HTTP server answers as from this machine: only hosts are elsewhere.
        if let Place::Host(_) = place {
            let (host, _) = self.places.reach(place).await?;
            return reach::probe::send(&request, place.name(), Route::Through(host)).await;
        }
        reach::probe::send(&request, "local", Route::Direct).await
    }

    fn trust(&self, tls: &Tls) -> Result<TlsTrust, Fault> {
        match tls {
            Tls::Verify => Ok(TlsTrust::Verify),
            Tls::Insecure => Ok(TlsTrust::Insecure),
            Tls::Ca(path) => {
                let path: PathBuf = self.claim_folder.join(Path::new(path));
                let pem = kit::regular::text(&path).map_err(|error| {
                    Fault::Other(format!("the CA file {}: {error}", path.display()))
                })?;
                Ok(TlsTrust::Ca(pem.into_bytes()))
            }
        }
    }
}

/// The value of a header; one of the environment is read only now.
fn header(value: &HeaderValue, scope: &Scope) -> Result<String, Fault> {
    match value {
        HeaderValue::Text(text) => Ok(text.render(scope)),
        HeaderValue::Environment { name, prefix } => {
            let secret = std::env::var(name).map_err(|_| {
                Fault::Other(format!(
                    "the environment has no `{name}`: a header takes its value from it"
                ))
            })?;
            Ok(format!("{}{}", prefix.render(scope), secret.trim_end()))
        }
    }
}

/// The end of a wait at what `fail_if` describes.
fn final_state(
    task: ProbeTask<'_>,
    result: ProbeResult,
    progress: &Progress,
) -> Option<ProbeResult> {
    let state = task.timing.fail_if.as_ref()?;
    match judged(state, progress.observation.as_ref()?, task.scope) {
        ProbeResult::Holds => {}
        ProbeResult::Undecidable(why) => return Some(ProbeResult::Undecidable(why)),
        _ => return None,
    }
    let ProbeResult::Differs(mut mismatches) = result else {
        return None;
    };
    for mismatch in &mut mismatches {
        mismatch.add_note(&format!(
            "`fail_if` holds since attempt {}, so that the wait is over",
            progress.attempts
        ));
    }
    Some(ProbeResult::Differs(mismatches))
}

/// The pause between two attempts, and no longer than until the end of the window.
async fn pause(every: Duration, end: Instant) {
    tokio::time::sleep(every.min(end.saturating_duration_since(Instant::now()))).await;
}

impl ProbeReply {
    /// Whether it holds.
    ///
    /// # Errors
    /// Why not, as a sentence about `what`.
    pub(super) fn held(&self, what: &str) -> Result<(), String> {
        match &self.result {
            ProbeResult::Holds => Ok(()),
            ProbeResult::Interrupted(name) => Err(format!("interrupted by {name}")),
            ProbeResult::Fault(fault) => Err(format!("{what} could not be asked: {fault}")),
            ProbeResult::Undecidable(why) => Err(format!("{what}: {why}")),
            ProbeResult::Differs(mismatches) => {
                let differences: Vec<String> = mismatches
                    .iter()
                    .map(|m| {
                        format!(
                            "{}: expected {}, observed {}",
                            m.subject, m.expected, m.observed
                        )
                    })
                    .collect();
                Err(format!("{what} does not hold: {}", differences.join("; ")))
            }
        }
    }

    /// Whether the expectation holds, where there was an answer.
    pub(super) fn answered(&self) -> Option<bool> {
        match &self.result {
            ProbeResult::Holds => Some(true),
            ProbeResult::Differs(_) => Some(false),
            _ => None,
        }
    }

    /// What was observed, on one line.
    pub(super) fn observed(&self) -> String {
        match (&self.result, &self.observation) {
            (ProbeResult::Fault(fault), _) => fault.to_string(),
            (ProbeResult::Interrupted(name), _) => format!("interrupted by {name}"),
            (_, Some(observation)) => {
                let summary = claim::matchers::summary(observation);
                match &self.tally {
                    Some(tally) => format!("{summary} ({tally})"),
                    None => summary,
                }
            }
            (_, None) => String::new(),
        }
    }
}

/// How far a task has come; it survives an interrupt.
#[derive(Debug, Default)]
struct Progress {
    observation: Option<Observation>,
    attempts: u32,
    tally: Option<String>,
}

impl Progress {
    fn reply(self, result: ProbeResult, started: Instant) -> ProbeReply {
        ProbeReply {
            observation: self.observation,
            result,
            attempts: self.attempts,
            tally: self.tally,
            duration: started.elapsed(),
        }
    }
}
