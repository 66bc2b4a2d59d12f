//! What a look at a stack means. Pure: no clock, no engine.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::view::{Desired, PortMode, Service, StackView, Task, TaskState, UpdateState};
use crate::{AppSpec, Version};

/// So many failed starts of the present spec, with none running, are a crash loop. An app that
/// waits for its database may fail once or twice and be well; Swarm keeps five tasks by default.
const CRASH_LOOP: usize = 3;
/// Older failures say nothing about now (as after a restart of the machine).
const RECENT: TimeDelta = TimeDelta::minutes(5);

/// Whether what was asked for is what runs, and nothing else does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Every service runs its present spec in full, and no other container is left.
    Yes,
    /// Something is still on its way, and why that is thought.
    InFlight(String),
    /// It will not come by itself, and why.
    Broken(String),
}

/// Which version the services of a stack are of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceVersions {
    /// Every service that says one says this one.
    One(Version),
    /// Services disagree; by their short names.
    Mixed(BTreeMap<String, Version>),
    /// No service says one, or what one says cannot be read; and which.
    Unknown(String),
}

/// Which versions run, from the label `coop-cloud.<stack>.version` of the services. Services
/// without the label say nothing.
///
/// abra writes the tag, and for a deploy of a changed working tree `+U` after it.
pub fn service_versions(view: &StackView, spec: &AppSpec) -> ServiceVersions {
    let key = format!("coop-cloud.{}.version", spec.stack);
    let mut versions: Vec<(String, Version)> = Vec::new();
    for service in &view.services {
        let Some(label) = service.labels.get(&key) else {
            continue;
        };
        let value = label.trim();
        match Version::parse(value.strip_suffix("+U").unwrap_or(value)) {
            Ok(version) => versions.push((service.short.clone(), version)),
            Err(error) => {
                return ServiceVersions::Unknown(format!(
                    "service {} has the label {key}: {error}",
                    service.name
                ));
            }
        };
    }
    let Some((_, first)) = versions.first() else {
        return ServiceVersions::Unknown(format!("no service has the label {key}"));
    };
    match versions.iter().all(|(_, other)| other == first) {
        true => ServiceVersions::One(first.clone()),
        false => ServiceVersions::Mixed(versions.into_iter().collect()),
    }
}

/// The one version that runs; `None` when it is not one, or not known.
pub fn current_version(view: &StackView, spec: &AppSpec) -> Option<Version> {
    match service_versions(view, spec) {
        ServiceVersions::One(version) => Some(version),
        ServiceVersions::Mixed(_) | ServiceVersions::Unknown(_) => None,
    }
}

/// What really runs: for each service the id of the image of its running containers (several,
/// joined by commas, when they differ). A service with no running container has none.
pub fn digests(view: &StackView) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for service in &view.services {
        let images = service.running(view).filter_map(|task| {
            let container = view.container(task.container.as_deref()?)?;
            Some(container.image_id.as_str())
        });
        let images: BTreeSet<&str> = images.collect();
        if !images.is_empty() {
            let joined: Vec<&str> = images.into_iter().collect();
            all.insert(service.short.clone(), joined.join(","));
        }
    }
    all
}

/// The first service that the engine itself took back, with its words. The record stays until
/// the next write to the service.
pub fn rolled_back_by_engine(view: &StackView) -> Option<String> {
    view.services.iter().find_map(|service| {
        let update = service.update.as_ref()?;
        update
            .state
            .goes_back()
            .then(|| format!("{}: {}", service.name, update.message))
    })
}

/// Whether the stack runs as its services' present specs say.
///
/// An update that the engine rolled back is `Broken`: what runs is not what was asked for, also
/// when it runs well and carries the same version. Of several services the worst counts.
pub fn settled(view: &StackView) -> Settled {
    let left = left_behind(view);
    if view.services.is_empty() {
        return match left {
            Some(what) => Settled::InFlight(what),
            None if !view.is_gone() => {
                Settled::InFlight("tasks of removed services are still there".into())
            }
            None => Settled::Broken(format!("the stack `{}` has no services", view.stack)),
        };
    }
    let mut waiting = None;
    for service in &view.services {
        match one_settled(view, service) {
            Settled::Yes => {}
            Settled::InFlight(why) => waiting = waiting.or(Some(why)),
            broken @ Settled::Broken(_) => return broken,
        }
    }
    match waiting.or(left) {
        Some(why) => Settled::InFlight(why),
        None => Settled::Yes,
    }
}

/// What is there of an older or removed task.
fn left_behind(view: &StackView) -> Option<String> {
    let short = |id: &str| id.chars().take(12).collect::<String>();
    if let Some(container) = view.outgoing().first() {
        return Some(format!(
            "the container {} ({}) of an older or removed task is still there",
            short(&container.id),
            container.name
        ));
    }
    let task = *view.outgoing_elsewhere().first()?;
    let node = task.node.as_ref().map_or("", |node| &node.hostname);
    Some(format!(
        "the older or removed task {} on the node {node} is still there",
        short(&task.id)
    ))
}

fn one_settled(view: &StackView, service: &Service) -> Settled {
    let name = &service.name;
    if let Some(update) = &service.update
        && !service.was_stopped_by_a_lost_node()
    {
        let message = &update.message;
        match update.state {
            UpdateState::Paused | UpdateState::RollbackPaused => {
                return Settled::Broken(format!("{name}: {message}"));
            }
            UpdateState::RollbackCompleted => {
                return Settled::Broken(format!("{name}: the engine took it back: {message}"));
            }
            UpdateState::Updating | UpdateState::RollbackStarted | UpdateState::Unknown => {
                return Settled::InFlight(format!("{name}: {message}"));
            }
            UpdateState::Completed => {}
        }
    }
    let running = service.running(view).count() as u64;
    let ended = ended(service);
    let enough = match service.desired {
        Desired::Replicas(wanted) => running + ended >= wanted,
        // One on each node; how many those are, the tasks themselves show.
        Desired::Global => {
            running + ended > 0
                && on_their_way(service).all(|task| task.state == TaskState::Running)
        }
        Desired::Job => ended > 0 && on_their_way(service).next().is_none(),
    };
    if enough {
        return Settled::Yes;
    }
    not_enough(view, service, running)
}

/// The tasks that ended well where that is what they are for.
fn ended(service: &Service) -> u64 {
    if service.restarts && service.desired != Desired::Job {
        return 0;
    }
    let mut slots = BTreeSet::new();
    let mut count = 0;
    // The newest first: of each slot the last try counts.
    for task in service.tasks.iter().filter(|task| task.current) {
        if slots.insert(task.slot) && task.state == TaskState::Complete {
            count += 1;
        }
    }
    count
}

fn on_their_way(service: &Service) -> impl Iterator<Item = &Task> {
    service
        .tasks
        .iter()
        .filter(|task| task.current && task.is_wanted())
}

/// What will not come by itself, in the engine's words: a service of which no further start is
/// tried, or whose update the engine stopped half done.
pub fn given_up(view: &StackView) -> Option<String> {
    view.services.iter().find_map(|service| {
        let running = service.running(view).count() as u64;
        let wanted = match service.desired {
            Desired::Replicas(wanted) => wanted,
            Desired::Global | Desired::Job => 1,
        };
        let failed = service
            .tasks
            .iter()
            .find(|task| task.current && task.has_failed())?;
        let over = running + ended(service) < wanted && on_their_way(service).next().is_none();
        over.then(|| {
            let why = failed.error.as_deref().unwrap_or("failed without a reason");
            format!("{}: no further start is tried; last: {why}", service.name)
        })
    })
}

fn not_enough(view: &StackView, service: &Service, running: u64) -> Settled {
    let name = &service.name;
    let recent = |task: &&Task| task.since.is_none_or(|since| view.taken - since <= RECENT);
    let failures: Vec<&Task> = service
        .tasks
        .iter()
        .filter(|task| task.current && task.has_failed())
        .filter(recent)
        .collect();
    // The newest first.
    // Without a failure, what a task waits for: `no suitable node (…)`.
    let waits_for = on_their_way(service).find_map(|task| task.error.as_deref());
    let reason = match (failures.first(), waits_for) {
        (Some(task), _) => format!(
            "; last: {}",
            task.error.as_deref().unwrap_or("failed without a reason")
        ),
        (None, Some(why)) => format!("; waits: {why}"),
        (None, None) => String::new(),
    };
    if running == 0 && failures.len() >= CRASH_LOOP {
        return Settled::Broken(format!(
            "{name}: {} starts failed and none runs{reason}",
            failures.len()
        ));
    }
    let waits = on_their_way(service).next().is_some();
    if !waits && !failures.is_empty() {
        return Settled::Broken(format!("{name}: no further start is tried{reason}"));
    }
    let wanted = match service.desired {
        Desired::Replicas(wanted) => wanted.to_string(),
        Desired::Global | Desired::Job => "all".to_owned(),
    };
    Settled::InFlight(format!("{name}: {running} of {wanted} run{reason}"))
}

/// The services, by their short names, that run here and whose health nothing checks: neither the
/// recipe nor the image brings a health check. What runs on another node is not seen.
pub fn unchecked(view: &StackView) -> Vec<&str> {
    let here = |task: &Task| view.container(task.container.as_deref()?);
    let services = view.services.iter();
    services
        .filter(|service| service.desired != Desired::Job)
        .filter(|service| {
            let mut running = service.running(view).filter_map(here);
            running.any(|container| container.health.is_none())
        })
        .map(|service| service.short.as_str())
        .collect()
}

/// That a service has no health check, and what that means.
pub fn no_health_check(service: &str) -> String {
    format!(
        "service {service} has no health check: for Swarm it runs as soon as its process does, and only the gate tells more; a `healthcheck` in the recipe or in the image mends that"
    )
}

/// Why answers on this stack's ports cannot be believed, if so: another container holds a port
/// that a service publishes, or the engine holds a port as taken although no container has it
/// (seen after the engine was killed in the middle of an update: then it may also answer by
/// another app, and only a clean restart of the engine heals it).
///
/// Ports of the routing mesh belong to no container and cannot be judged here.
pub fn poisoned(view: &StackView) -> Option<String> {
    let services = view.services.iter();
    services
        .filter(|service| service.desired != Desired::Replicas(0))
        // The ports of another node are not seen here.
        .filter(|service| service.nodes_elsewhere().is_empty())
        .find_map(|service| foreign_owner(view, service).or_else(|| phantom_port(view, service)))
}

fn host_ports(service: &Service) -> impl Iterator<Item = (u16, &str)> {
    service
        .ports
        .iter()
        .filter(|port| port.mode == PortMode::Host && port.published != 0)
        .map(|port| (port.published, port.protocol.as_str()))
}

fn foreign_owner(view: &StackView, service: &Service) -> Option<String> {
    for (port, protocol) in host_ports(service) {
        let owners = view.port_owners(port, protocol);
        let foreign = owners
            .iter()
            .find(|owner| owner.service.as_deref() != Some(&service.id));
        if let Some(owner) = foreign {
            return Some(format!(
                "port {port}/{protocol} of {} is held by another container: {} ({})",
                service.name, owner.name, owner.image
            ));
        }
    }
    None
}

fn phantom_port(view: &StackView, service: &Service) -> Option<String> {
    let newest = service
        .tasks
        .iter()
        .find(|task| task.current && (task.has_failed() || task.state == TaskState::Running))?;
    let error = newest.error.as_deref().unwrap_or_default();
    let taken = Taken::read(error).filter(|_| newest.has_failed())?;
    let unowned = host_ports(service)
        .find(|(port, protocol)| view.port_owners(*port, protocol).is_empty())?;
    let (port, protocol) = unowned;
    let (name, advice) = (&service.name, taken.advice());
    Some(format!(
        "port {port}/{protocol} of {name} counts as taken, and no container has it: {advice} ({error})"
    ))
}

/// Who says that a port is taken.
enum Taken {
    /// The engine's own book.
    Book,
    /// The kernel: somebody listens.
    Kernel,
}

impl Taken {
    fn read(error: &str) -> Option<Taken> {
        if error.contains("port is already allocated") {
            Some(Taken::Book)
        } else if error.contains("address already in use") {
            Some(Taken::Kernel)
        } else {
            None
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            // A port that was given back a moment ago looks the same until the next start.
            Taken::Book => "if it stays so, restart dockerd",
            Taken::Kernel => "a process outside the engine listens on it",
        }
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
