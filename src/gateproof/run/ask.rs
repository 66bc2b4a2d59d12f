//! Asking: one probe at one place, once or as often as its timing says.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use claim::expectation::{Expect, StatusItem, StatusMatcher, Test};
use claim::matchers::{Judgement, Mismatch, judge};
use claim::{HttpProbe, Place, Probe, Timing, Tls};
use kit::text::Scope;
use reach::host::{Fault, Leftovers};
use reach::observation::{Ending, HttpObservation, Observation};
use reach::probe::{Request, Route, TlsTrust};

use super::fixture::Guard;
use super::line;
use super::places::Places;
use super::secrets;
use kit::interrupt::Interrupt;

/// A probe with its expectation, at a place, with its values.
#[derive(Clone, Copy)]
pub(super) struct Question<'q> {
    pub(super) place: &'q Place,
    pub(super) probe: &'q Probe,
    pub(super) expect: &'q Expect,
    pub(super) timing: &'q Timing,
    pub(super) scope: &'q Scope,
    pub(super) leftovers: Leftovers,
    /// After this nothing more is asked, whatever the timing says.
    pub(super) until: Option<Instant>,
    /// Of our own undoing: keeps it apart from the host's.
    pub(super) guard: Option<&'q Guard>,
}

/// What came of asking.
#[derive(Debug)]
pub(super) struct Reply {
    /// The last observation.
    pub(super) observation: Option<Observation>,
    pub(super) verdict: Verdict,
    pub(super) attempts: u32,
    pub(super) duration: Duration,
}

/// What the observations amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    Differs(Vec<Mismatch>),
    /// Could not be told, and why.
    Undecidable(String),
    Fault(Fault),
    /// Cut short by a signal.
    Interrupted(&'static str),
}

impl Verdict {
    pub(super) fn holds(&self) -> bool {
        *self == Verdict::Holds
    }
}

/// Asks at the places of a run.
pub(super) struct Asker<'r> {
    pub(super) places: &'r Places,
    pub(super) interrupt: &'r Interrupt,
    /// The folder of the claim file: CA files are named relative to it.
    pub(super) claim_folder: PathBuf,
}

impl Asker<'_> {
    /// Asks as the timing says, until it is decided or the run is interrupted.
    pub(super) async fn ask(&self, question: Question<'_>) -> Reply {
        let started = Instant::now();
        let mut progress = Progress::default();
        let verdict = tokio::select! {
            biased;
            name = self.interrupt.wait() => Verdict::Interrupted(name),
            verdict = self.ask_timed(question, started, &mut progress) => verdict,
        };
        progress.reply(verdict, started)
    }

    /// As [`Asker::ask`], but no signal cuts it short: for undoing.
    pub(super) async fn ask_to_the_end(&self, question: Question<'_>) -> Reply {
        let started = Instant::now();
        let mut progress = Progress::default();
        let verdict = self.ask_timed(question, started, &mut progress).await;
        progress.reply(verdict, started)
    }

    async fn ask_timed(
        &self,
        question: Question<'_>,
        started: Instant,
        progress: &mut Progress,
    ) -> Verdict {
        let timing = question.timing;
        if let Some(window) = timing.within {
            self.until_it_holds(question, started + window, progress)
                .await
        } else if let Some(window) = timing.never_within {
            self.never(question, started + window, progress).await
        } else {
            self.repeated(question, progress).await
        }
    }

    async fn until_it_holds(
        &self,
        question: Question<'_>,
        end: Instant,
        progress: &mut Progress,
    ) -> Verdict {
        let end = question.until.map_or(end, |until| end.min(until));
        loop {
            // The last look is at the end of the window, not one pause before it.
            let last = Instant::now() >= end;
            let verdict = self.attempt(question, progress).await;
            let final_fault = match &verdict {
                Verdict::Holds => true,
                // One attempt that took too long is what waiting is for; a host that is gone is not.
                Verdict::Fault(Fault::Deadline { .. }) => false,
                Verdict::Fault(_) | Verdict::Undecidable(_) => true,
                Verdict::Differs(_) | Verdict::Interrupted(_) => false,
            };
            if final_fault || last {
                return verdict;
            }
            pause(question.timing.every, end).await;
        }
    }

    /// Whatever the expectation describes must not be seen in the whole window; but each time
    /// there must be an answer: silence is no proof of absence.
    async fn never(
        &self,
        question: Question<'_>,
        end: Instant,
        progress: &mut Progress,
    ) -> Verdict {
        let (answered, content) = split(question.expect);
        loop {
            let last = Instant::now() >= end;
            let observation = match self.observe(question, progress).await {
                Ok(observation) => observation,
                Err(fault) => return Verdict::Fault(fault),
            };
            for part in &answered {
                let verdict = judged(part, &observation, question.scope);
                if !verdict.holds() {
                    return verdict;
                }
            }
            match judged(&content, &observation, question.scope) {
                Verdict::Holds => {
                    return Verdict::Differs(vec![Mismatch {
                        span: first_span(&content),
                        subject: "never_within".to_owned(),
                        expected: "never seen in the whole window".to_owned(),
                        observed: claim::matchers::summary(&observation),
                        note: Some(format!("seen at attempt {}", progress.attempts)),
                        diff: None,
                    }]);
                }
                Verdict::Differs(_) => {}
                other => return other,
            }
            if last {
                return Verdict::Holds;
            }
            pause(question.timing.every, end).await;
        }
    }

    async fn repeated(&self, question: Question<'_>, progress: &mut Progress) -> Verdict {
        let timing = question.timing;
        let mut held = 0;
        let mut last_bad = None;
        for round in 0..timing.repeat {
            if round > 0 {
                tokio::time::sleep(timing.every).await;
            }
            match self.attempt(question, progress).await {
                Verdict::Holds => held += 1,
                Verdict::Differs(mismatches) => last_bad = Some(mismatches),
                other => return other,
            }
        }
        match last_bad {
            Some(mut mismatches) if held < timing.at_least => {
                if timing.repeat > 1 {
                    for mismatch in &mut mismatches {
                        let count = format!("held {held} of {} times", timing.repeat);
                        mismatch.note = Some(match mismatch.note.take() {
                            Some(note) => format!("{note}; {count}"),
                            None => count,
                        });
                    }
                }
                Verdict::Differs(mismatches)
            }
            _ => Verdict::Holds,
        }
    }

    async fn attempt(&self, question: Question<'_>, progress: &mut Progress) -> Verdict {
        match self.observe(question, progress).await {
            Ok(observation) => judged(question.expect, &observation, question.scope),
            Err(fault) => Verdict::Fault(fault),
        }
    }

    /// Asks once, and keeps what was seen.
    async fn observe(
        &self,
        question: Question<'_>,
        progress: &mut Progress,
    ) -> Result<Observation, Fault> {
        progress.attempts += 1;
        let mut limit = question.timing.timeout;
        if let Some(window) = question.timing.within {
            // One attempt that hangs must not make the wait much longer than it was claimed.
            limit = limit.min(window);
        }
        if let Some(until) = question.until {
            limit = limit.min(until.saturating_duration_since(Instant::now()));
        }
        let limit = limit.max(Duration::from_millis(1));
        let observation = self.ask_once(question, limit).await?;
        progress.observation = Some(observation.clone());
        Ok(observation)
    }

    async fn ask_once(
        &self,
        question: Question<'_>,
        limit: Duration,
    ) -> Result<Observation, Fault> {
        match question.probe {
            Probe::Command(command) => {
                let (host, at) = self.places.reach(question.place).await?;
                let mut run =
                    line::invocation(command, question.scope, &at, limit, question.leftovers);
                if let Some(guard) = question.guard {
                    run = guard.around(run);
                }
                host.run(&run).await.map(Observation::Command)
            }
            Probe::Http(http) => {
                let own = [question.place.clone()];
                let vantages: &[Place] = if http.vantage.is_empty() {
                    &own
                } else {
                    &http.vantage
                };
                let mut seen = Vec::new();
                for place in vantages {
                    seen.push(self.ask_http(http, place, question.scope, limit).await?);
                }
                Ok(Observation::Http(seen))
            }
            // The engine never asks one; `human:` stands in checks only.
            Probe::Human(_) => Err(Fault::Other("only a person can look".to_owned())),
        }
    }

    async fn ask_http(
        &self,
        http: &HttpProbe,
        place: &Place,
        scope: &Scope,
        limit: Duration,
    ) -> Result<HttpObservation, Fault> {
        let request = Request {
            method: http.method.clone(),
            url: http.url.render(scope),
            resolve: http.resolve.as_ref().map(|text| text.render(scope)),
            tls: self.trust(&http.tls)?,
            headers: http
                .headers
                .iter()
                .map(|(name, text)| (name.clone(), text.render(scope)))
                .collect(),
            body: http
                .body
                .as_ref()
                .map(|text| text.render(scope).into_bytes()),
            follow: http.follow,
            timeout: limit,
            body_limit: line::OUTPUT_LIMIT,
        };
        // From the clone an HTTP server looks as from this machine: only hosts are elsewhere.
        if let Place::Host(_) = place {
            let (host, _) = self.places.reach(place).await?;
            return reach::probe::ask(&request, place.name(), Route::Through(host)).await;
        }
        reach::probe::ask(&request, "local", Route::Direct).await
    }

    fn trust(&self, tls: &Tls) -> Result<TlsTrust, Fault> {
        match tls {
            Tls::Verify => Ok(TlsTrust::Verify),
            Tls::Insecure => Ok(TlsTrust::Insecure),
            Tls::Ca(path) => {
                let path: PathBuf = self.claim_folder.join(Path::new(path));
                std::fs::read(&path).map(TlsTrust::Ca).map_err(|error| {
                    Fault::Other(format!("the CA file {}: {error}", path.display()))
                })
            }
        }
    }
}

/// The pause between two attempts, and no longer than until the end of the window.
async fn pause(every: Duration, end: Instant) {
    tokio::time::sleep(every.min(end.saturating_duration_since(Instant::now()))).await;
}

/// How far asking has come; it survives an interrupt.
#[derive(Debug, Default)]
struct Progress {
    observation: Option<Observation>,
    attempts: u32,
}

impl Progress {
    fn reply(self, verdict: Verdict, started: Instant) -> Reply {
        Reply {
            observation: self.observation,
            verdict,
            attempts: self.attempts,
            duration: started.elapsed(),
        }
    }
}

/// Holds an observation against an expectation; a program that is not there is no answer to
/// the claim.
fn judged(expect: &Expect, observation: &Observation, scope: &Scope) -> Verdict {
    let judgement = judge(expect, observation, &secrets::with_sought(expect, scope));
    if let (Judgement::Differs(_), Observation::Command(seen)) = (&judgement, observation)
        && matches!(seen.ending, Ending::Exited(126 | 127))
    {
        let said = seen.stderr.text();
        let detail = said.lines().next_back().unwrap_or("exit 127").trim();
        return Verdict::Fault(Fault::ToolMissing {
            detail: detail.chars().take(300).collect(),
        });
    }
    match judgement {
        Judgement::Holds => Verdict::Holds,
        Judgement::Differs(mismatches) => Verdict::Differs(mismatches),
        Judgement::Undecidable(why) => Verdict::Undecidable(why),
    }
}

/// The parts that say that there was a proper answer, and the rest. Without a rest the whole
/// expectation is the content, and any answer at all is proper.
fn split(expect: &Expect) -> (Vec<Expect>, Expect) {
    let is_ending = |part: &Expect| matches!(part, Expect::Holds(clause) if matches!(clause.test, Test::Exit(_) | Test::Status(_)));
    match expect {
        Expect::All(parts) => {
            let (answered, content): (Vec<Expect>, Vec<Expect>) =
                parts.iter().cloned().partition(is_ending);
            if content.is_empty() {
                (Vec::new(), expect.clone())
            } else {
                (answered, Expect::All(content))
            }
        }
        Expect::Holds(clause) => match &clause.test {
            Test::Status(StatusMatcher::OneOf(items))
                if !items
                    .iter()
                    .any(|item| matches!(item, StatusItem::NoAnswer { .. })) =>
            {
                let mut any_answer = clause.clone();
                any_answer.test = Test::Status(StatusMatcher::NoneOf(vec![StatusItem::NoAnswer {
                    spelling: "no-answer".to_owned(),
                    causes: Vec::new(),
                }]));
                (vec![Expect::Holds(any_answer)], expect.clone())
            }
            _ => (Vec::new(), expect.clone()),
        },
        _ => (Vec::new(), expect.clone()),
    }
}

fn first_span(expect: &Expect) -> kit::yaml::source::Span {
    match expect {
        Expect::Holds(clause) => clause.span.clone(),
        Expect::All(parts) | Expect::Any(parts) => parts.first().map_or(0..0, first_span),
        Expect::Not(inner) => first_span(inner),
    }
}
