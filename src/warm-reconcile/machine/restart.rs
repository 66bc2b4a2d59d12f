//! Starting anew what a deploy left as it is.
//!
//! A deploy of the spec that the engine has already starts nothing. A process that hangs then
//! goes on hanging, and an engine that hangs itself (20.10 was seen to: its own rollback waited
//! for ever for a task to end that had never begun) goes on with that. So what does not run, or
//! runs and does not answer, is made to start anew, by a forced update.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Machine;
use super::workspace::Workspace;
use crate::deploy::restart;
use crate::engine::{
    Desired, Service, Settled, StackView, UpdateState, current_version, digests, settled,
};
use crate::health::{Gate, Seen, probe};
use crate::inspect::stack_facts::asked_at;
use crate::spec::Release;

/// After a deploy that changes anything, the engine has begun an update by then.
const BEGUN: Duration = Duration::from_secs(1);
/// So often what runs is asked before it counts as hanging.
const ASKED: u32 = 3;

/// What is known of what runs, where a version is deployed that ran before.
#[derive(Clone, Copy, Debug)]
pub(super) enum Before {
    /// It was seen not to be healthy: it is started anew, once. Tasks made after this moment
    /// (the intent) are new already, also when an earlier try made them.
    Unhealthy(DateTime<Utc>),
    /// Nothing: it is asked first.
    Unknown(DateTime<Utc>),
}

impl Machine<'_> {
    /// Starts anew what needs it, after a deploy.
    pub(super) async fn restart_what_hangs(&self, before: Before, work: &Workspace) {
        tokio::time::sleep(BEGUN).await;
        let Ok(view) = self.look().await else { return };
        let since = match before {
            Before::Unhealthy(since) | Before::Unknown(since) => since,
        };
        // An update that goes on replaces the tasks by itself. One that is done says nothing: where
        // nothing was deployed it is that of an earlier run.
        let still = |service: &&Service| {
            let update = service.update.as_ref();
            service.desired != Desired::Replicas(0)
                && service.restarts
                && update.is_none_or(|update| update.state == UpdateState::Completed)
        };
        let still: Vec<&Service> = view.services.iter().filter(still).collect();
        let old = still
            .iter()
            .any(|service| runs_since(service, &view, since));
        let hangs = old
            && match before {
                Before::Unhealthy(_) => true,
                Before::Unknown(_) => self.does_not_answer(&view).await,
            };
        let scratch = work.scratch();
        // What a deploy has made new has its time to start, also one by an earlier try.
        let young = (Utc::now() - self.site.spec.times.deploy).max(since);
        for service in still {
            let idle = service.running(&view).next().is_none() && !begins(service, young);
            if idle || hangs && runs_since(service, &view, since) {
                let report = restart(&service.name, &self.cx(&scratch)).await;
                self.flight.tool(&report);
            }
        }
    }

    /// Whether what is gone back to was never replaced: the deploy of the version that is given up
    /// did not reach the engine. To deploy it again by the ids of its images would be another
    /// spec, and end a process that may well be healthy.
    pub(super) async fn runs_already(&self, to: &Release, given_up: &Release) -> bool {
        let Ok(view) = self.look().await else {
            return false;
        };
        // Of one version in two environments the engine's labels do not tell which one runs.
        to.version != given_up.version
            && !to.digests.is_empty()
            && settled(&view) == Settled::Yes
            && current_version(&view, &self.site.spec).as_ref() == Some(&to.version)
            && digests(&view) == to.digests
    }

    /// No status that counts as health, several times in a row.
    async fn does_not_answer(&self, view: &StackView) -> bool {
        let Ok(gate) = Gate::new(&self.site.spec) else {
            return false;
        };
        for _ in 0..ASKED {
            let limit = self.site.spec.times.probe;
            let request = gate.request_at(asked_at(view, &self.site.spec));
            let seen = probe(&request, &gate.identity, limit).await;
            match seen {
                Seen::Answer { status, .. } if gate.ok.contains(&status) => return false,
                // Our own fault is no word against the app.
                Seen::Fault(_) => return false,
                _ => tokio::time::sleep(self.site.spec.times.every).await,
            }
        }
        true
    }
}

/// Whether a task of a service was made since that moment and is wanted: it may just be starting.
fn begins(service: &Service, since: DateTime<Utc>) -> bool {
    let mut made = service.tasks.iter().filter(|task| task.is_wanted());
    made.any(|task| task.created.is_some_and(|made| made >= since))
}

/// Whether what runs of a service was there before that moment.
fn runs_since(service: &Service, view: &StackView, since: DateTime<Utc>) -> bool {
    let mut running = service.running(view);
    running.any(|task| task.created.is_none_or(|made| made < since))
}
