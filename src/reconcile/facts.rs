//! From what the engine shows of a stack to the facts that the gate weighs.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::{
    self, Desired, Engine, EngineError, Service, Settled, StackView, Task, UpdateState as Seen,
    current_version, poisoned, settled,
};
use super::gate::{
    EngineFacts, Facts, FactsError, FactsSeen, FailedTask, PortOwner, UpdateState, ms,
};
use super::journal::{Journal, JournalState};
use super::layout::AppPaths;
use super::spec::AppSpec;
use super::version::Version;

/// The proxy through which an app is asked, if it is not the proxy itself.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// What is wanted of it.
    pub spec: AppSpec,
    /// Where its journal lies.
    pub paths: AppPaths,
}

/// What is to run, for the facts to be compared with.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The version that the services' labels have to name. Without it a deploy that never
    /// reached the engine would be taken for a settled one.
    pub version: Version,
    /// The image id of each service, as far as they are known beforehand.
    pub images: BTreeMap<String, String>,
}

/// The gate's view of one app's stack.
#[derive(Clone, Copy, Debug)]
pub struct StackFacts<'a> {
    /// Who is asked.
    pub engine: &'a Engine,
    /// The app.
    pub spec: &'a AppSpec,
    /// What is to run.
    pub expected: &'a Expected,
    /// The proxy in front of it.
    pub proxy: Option<&'a Proxy>,
}

impl Facts for StackFacts<'_> {
    async fn facts(&self) -> FactsSeen {
        let view = self.engine.observe(&self.spec.stack).await?;
        self.of(&view).await
    }
}

impl From<EngineError> for FactsError {
    fn from(error: EngineError) -> FactsError {
        match error {
            EngineError::Timeout { limit, .. } => FactsError::Late(ms(limit)),
            EngineError::Unreachable { .. } | EngineError::Refused { .. } => {
                FactsError::Unreachable(error.to_string())
            }
            EngineError::Malformed { .. } => FactsError::Senseless(error.to_string()),
        }
    }
}

impl StackFacts<'_> {
    /// The facts of a view that was taken just now. The engine is asked once more only where
    /// the app is reached through a proxy.
    ///
    /// # Errors
    /// [`FactsError`] when the proxy's stack cannot be looked at.
    pub async fn of(&self, view: &StackView) -> FactsSeen {
        let mut facts = of_view(view, self.spec, self.expected);
        if let Some(proxy) = self.proxy
            && facts.port_owner != Some(PortOwner::Own)
        {
            let theirs = self.engine.observe(&proxy.spec.stack).await?;
            if let Some(PortOwner::Other(_)) = &facts.port_owner
                && owners(view, self.spec)
                    .iter()
                    .all(|owner| owner.stack.as_deref() == Some(&proxy.spec.stack))
            {
                facts.port_owner = Some(PortOwner::Proxy);
            }
            facts.proxy_unsettled = unsettled(proxy, &theirs);
        }
        Ok(facts)
    }
}

/// Why the proxy cannot be relied on just now.
fn unsettled(proxy: &Proxy, view: &StackView) -> Option<String> {
    if let Ok(JournalState::Unfinished(journal)) = Journal::open(&proxy.paths) {
        let state = journal.state();
        return Some(format!("run {} is in {state:?}", journal.plan().run_id));
    }
    match settled(view) {
        Settled::Yes => None,
        Settled::InFlight(why) | Settled::Broken(why) => Some(why),
    }
}

fn owners<'v>(view: &'v StackView, spec: &AppSpec) -> Vec<&'v engine::Container> {
    let default = if spec.health_scheme == "http" {
        80
    } else {
        443
    };
    view.port_owners(spec.health_port.unwrap_or(default), "tcp")
}

/// All that the stack alone says.
fn of_view(view: &StackView, spec: &AppSpec, expected: &Expected) -> EngineFacts {
    let services = &view.services;
    let update = services.iter().filter_map(worst_update).max();
    let lasting = || services.iter().filter(|service| is_lasting(service));
    let tasks: Vec<&Task> = lasting()
        .flat_map(|service| service.running(view))
        .collect();
    let mut containers: Vec<String> = tasks
        .iter()
        .filter_map(|task| task.container.clone())
        .collect();
    containers.sort();
    EngineFacts {
        up_to_date: settled(view) == Settled::Yes
            && current_version(view, spec).as_ref() == Some(&expected.version),
        old_containers: u32::try_from(view.outgoing().len()).unwrap_or(u32::MAX),
        digests_match: images_match(view, &expected.images),
        port_owner: port_owner(view, spec),
        containers,
        poisoned: poisoned(view),
        proxy_unsettled: None,
        update_state: update.map(|(severity, _)| state_of(severity)),
        update_started: update.and_then(|(_, started)| started),
        restarts: lasting().flat_map(failed).collect(),
        running_since: tasks.iter().filter_map(|task| task.since).min(),
    }
}

/// Tasks of these are there to stay: the others end by themselves.
fn is_lasting(service: &Service) -> bool {
    service.desired != Desired::Job && service.restarts
}

/// The images that run are the ones that were asked for, and one for each service.
fn images_match(view: &StackView, wanted: &BTreeMap<String, String>) -> bool {
    engine::digests(view).iter().all(|(service, image)| {
        !image.contains(',') && wanted.get(service).is_none_or(|wanted| wanted == image)
    })
}

fn port_owner(view: &StackView, spec: &AppSpec) -> Option<PortOwner> {
    let owners = owners(view, spec);
    let outgoing: BTreeSet<&str> = view.outgoing().iter().map(|one| one.id.as_str()).collect();
    let is_own = |owner: &&engine::Container| {
        owner.stack.as_deref() == Some(&spec.stack) && !outgoing.contains(owner.id.as_str())
    };
    match owners.iter().find(|owner| !is_own(owner)) {
        Some(other) => Some(PortOwner::Other(other.name.clone())),
        None if owners.is_empty() => None,
        None => Some(PortOwner::Own),
    }
}

/// How much an update's state says against the deploy; of two equal ones the later counts.
type Ranked = (u8, Option<chrono::DateTime<chrono::Utc>>);

fn worst_update(service: &Service) -> Option<Ranked> {
    let update = service.update.as_ref()?;
    let severity = match update.state {
        Seen::Completed => 0,
        Seen::Updating | Seen::Unknown => 1,
        Seen::RollbackStarted => 2,
        Seen::Paused => 3,
        Seen::RollbackPaused => 4,
        Seen::RollbackCompleted => 5,
    };
    Some((severity, update.started))
}

fn state_of(severity: u8) -> UpdateState {
    match severity {
        0 => UpdateState::Completed,
        1 => UpdateState::Updating,
        2 => UpdateState::RollbackStarted,
        3 => UpdateState::Paused,
        4 => UpdateState::RollbackPaused,
        _ => UpdateState::RollbackCompleted,
    }
}

/// The failed tasks of the present spec. How long a container ran is not in one look; from its
/// task's making to its end is never shorter, so what looks quick here was quick.
fn failed(service: &Service) -> Vec<FailedTask> {
    let tasks = service.tasks.iter();
    let failed = tasks.filter(|task| task.current && task.has_failed());
    let one = |task: &Task| {
        let by_engine = task
            .error
            .as_deref()
            .is_some_and(|error| error.contains("unhealthy"));
        let lived = task.since.zip(task.created).map(|(end, made)| end - made);
        let ran = task.exit_code.is_some();
        FailedTask {
            id: task.id.clone(),
            lived_ms: lived
                .filter(|_| ran)
                .and_then(|lived| u64::try_from(lived.num_milliseconds()).ok()),
            exit: task.exit_code.filter(|_| !by_engine),
        }
    };
    failed.map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::app_file::{self, Environment};
    use crate::reconcile::engine::fake::{FakeEngine, FakeService, State};
}
