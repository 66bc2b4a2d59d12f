//! What a run reports while it goes on. The library prints nothing: reports are sinks.

use crate::record::{CheckRecord, FixtureStepRecord};
use kit::redact::Redactor;

/// Something that happened in a run.
#[derive(Clone, Debug)]
pub enum RunEvent {
    /// A run of a claim file begins, with so many checks.
    Began {
        path: String,
        /// How many checks are going to be run.
        checks: usize,
    },
    /// A fixture took a step.
    FixtureStep {
        fixture: String,
        step: FixtureStepRecord,
    },
    /// A check has its outcome.
    CheckDone(Box<CheckRecord>),
    /// Something that a person should know at once: an interrupt, an undoing that goes wrong.
    Notice(String),
}

/// Receives the events of a run.
pub trait Sink {
    /// Called for each event, in order.
    fn event(&mut self, event: &RunEvent);
}

impl<F: FnMut(&RunEvent)> Sink for F {
    fn event(&mut self, event: &RunEvent) {
        self(event);
    }
}

/// Passes events on without their secrets.
pub(super) struct Redacting<'s> {
    pub(super) redactor: &'s Redactor,
    pub(super) inner: &'s mut dyn Sink,
}

impl Sink for Redacting<'_> {
    fn event(&mut self, event: &RunEvent) {
        let clean = match event {
            RunEvent::FixtureStep { fixture, step } => {
                self.redactor
                    .clean(step)
                    .ok()
                    .map(|step| RunEvent::FixtureStep {
                        fixture: fixture.clone(),
                        step: step.into_inner(),
                    })
            }
            RunEvent::CheckDone(record) => self
                .redactor
                .clean(record.as_ref())
                .ok()
                .map(|record| RunEvent::CheckDone(Box::new(record.into_inner()))),
            RunEvent::Notice(text) => Some(RunEvent::Notice(self.redactor.text(text).into_owned())),
            RunEvent::Began { .. } => Some(event.clone()),
        };
        // What cannot be cleaned is not passed on.
        if let Some(event) = clean {
            self.inner.event(&event);
        }
    }
}
