//! From the engine's answers to a view of a stack.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeZone, Utc};

use super::place::OtherNodes;
use super::view::{
    Container, ContainerState, Desired, Health, Mount, Port, PortMode, Service, StackView, Task,
    TaskState, Update, UpdateState,
};
use super::wire::{
    WireContainer, WireContainerDetail, WireEndpointPort, WireMode, WireMount, WireService,
    WireServiceMount, WireTask, WireUpdate,
};

pub(super) const STACK_LABEL: &str = "com.docker.stack.namespace";
pub(super) const NODE_LABEL: &str = "com.docker.swarm.node.id";
const SERVICE_LABEL: &str = "com.docker.swarm.service.id";
const TASK_LABEL: &str = "com.docker.swarm.task.id";

/// What several answers of the engine say together.
pub(super) fn assemble(
    stack: &str,
    taken: DateTime<Utc>,
    services: Vec<WireService>,
    tasks: Vec<WireTask>,
    current: &BTreeSet<String>,
    containers: Vec<WireContainer>,
    others: &OtherNodes,
) -> StackView {
    let containers: Vec<Container> = containers.into_iter().map(Container::from).collect();
    let images: BTreeMap<&str, &str> = containers
        .iter()
        .map(|container| (container.id.as_str(), container.image_id.as_str()))
        .collect();
    let mut by_service: BTreeMap<String, Vec<Task>> = BTreeMap::new();
    for task in tasks {
        let service = task.service.clone();
        let task = Task::from_wire(task, current, &images, others);
        by_service.entry(service).or_default().push(task);
    }
    for tasks in by_service.values_mut() {
        tasks.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
    }
    let mut services: Vec<Service> = services
        .into_iter()
        .map(|service| {
            let tasks = by_service.remove(&service.id).unwrap_or_default();
            Service::from_wire(stack, service, tasks)
        })
        .collect();
    services.sort_by(|a, b| a.name.cmp(&b.name));
    StackView {
        stack: stack.to_owned(),
        taken,
        services,
        orphans: by_service.into_values().flatten().collect(),
        containers,
    }
}

impl Service {
    fn from_wire(stack: &str, wire: WireService, tasks: Vec<Task>) -> Service {
        let spec = wire.spec;
        let (image, pinned) = split_image(&spec.task_template.container_spec.image);
        let short = spec.name.strip_prefix(stack);
        let short = short.and_then(|rest| rest.strip_prefix('_'));
        let port = |port: WireEndpointPort| Port {
            published: port.published_port,
            target: port.target_port,
            protocol: port.protocol,
            mode: match port.publish_mode.as_str() {
                "host" => PortMode::Host,
                _ => PortMode::Ingress,
            },
        };
        let ports: BTreeSet<Port> = spec.endpoint_spec.ports.into_iter().map(port).collect();
        Service {
            id: wire.id,
            short: short.unwrap_or(&spec.name).to_owned(),
            name: spec.name,
            index: wire.version.index,
            image,
            pinned,
            labels: spec.labels,
            env: spec.task_template.container_spec.env,
            desired: desired(&spec.mode),
            // Swarm restarts when nothing else is said.
            restarts: matches!(
                spec.task_template.restart_policy.condition.as_str(),
                "" | "any"
            ),
            update: wire.update.and_then(update),
            ports: ports.into_iter().collect(),
            mounts: spec
                .task_template
                .container_spec
                .mounts
                .into_iter()
                .map(Mount::from)
                .collect(),
            tasks,
        }
    }
}

fn desired(mode: &WireMode) -> Desired {
    match (&mode.replicated, &mode.global) {
        (Some(replicated), _) => Desired::Replicas(replicated.replicas.unwrap_or(1)),
        (None, Some(_)) => Desired::Global,
        (None, None) => Desired::Job,
    }
}

/// `name:tag@sha256:…`, where an image may also be named by its id alone.
fn split_image(image: &str) -> (String, Option<String>) {
    match image.split_once('@') {
        Some((name, digest)) => (name.to_owned(), Some(digest.to_owned())),
        None if image.starts_with("sha256:") => (image.to_owned(), Some(image.to_owned())),
        None => (image.to_owned(), None),
    }
}

/// Older engines give an empty record where there was no update.
fn update(wire: WireUpdate) -> Option<Update> {
    let state = match wire.state.as_str() {
        "" => return None,
        "updating" => UpdateState::Updating,
        "paused" => UpdateState::Paused,
        "completed" => UpdateState::Completed,
        "rollback_started" => UpdateState::RollbackStarted,
        "rollback_paused" => UpdateState::RollbackPaused,
        "rollback_completed" => UpdateState::RollbackCompleted,
        _ => UpdateState::Unknown,
    };
    Some(Update {
        state,
        started: wire.started_at,
        completed: wire.completed_at,
        message: wire.message,
    })
}

impl Task {
    fn from_wire(
        wire: WireTask,
        current: &BTreeSet<String>,
        images: &BTreeMap<&str, &str>,
        others: &OtherNodes,
    ) -> Task {
        let status = wire.status;
        let some = |text: String| (!text.is_empty()).then_some(text);
        let container = some(status.container_status.container_id);
        let image_id = container.as_deref().and_then(|id| images.get(id).copied());
        Task {
            current: current.contains(&wire.id),
            id: wire.id,
            slot: wire.slot,
            node: others.get(&wire.node).cloned(),
            desired: TaskState::from_wire(&wire.desired),
            state: TaskState::from_wire(&status.state),
            image_id: image_id.map(str::to_owned),
            image: wire.spec.container_spec.image,
            container,
            created: wire.created,
            since: status.timestamp,
            error: some(status.err),
            exit_code: status.container_status.exit_code,
        }
    }
}

impl TaskState {
    fn from_wire(text: &str) -> TaskState {
        match text {
            "new" => TaskState::New,
            "pending" => TaskState::Pending,
            "assigned" => TaskState::Assigned,
            "accepted" => TaskState::Accepted,
            "preparing" => TaskState::Preparing,
            "ready" => TaskState::Ready,
            "starting" => TaskState::Starting,
            "running" => TaskState::Running,
            "complete" => TaskState::Complete,
            "shutdown" => TaskState::Shutdown,
            "failed" => TaskState::Failed,
            "rejected" => TaskState::Rejected,
            "remove" => TaskState::Remove,
            "orphaned" => TaskState::Orphaned,
            _ => TaskState::Unknown,
        }
    }
}

impl From<WireContainer> for Container {
    fn from(wire: WireContainer) -> Container {
        let label = |name: &str| wire.labels.get(name).cloned();
        let ports = wire.ports.iter();
        let name = wire.names.first().map(String::as_str).unwrap_or_default();
        Container {
            name: name.trim_start_matches('/').to_owned(),
            state: container_state(&wire.state),
            health: health_in(&wire.status),
            created: Utc.timestamp_opt(wire.created, 0).single(),
            started: None,
            stack: label(STACK_LABEL),
            service: label(SERVICE_LABEL),
            task: label(TASK_LABEL),
            ports: ports
                .filter_map(|port| Some((port.public_port?, port.protocol.clone())))
                .collect(),
            mounts: wire.mounts.into_iter().map(Mount::from).collect(),
            id: wire.id,
            image: wire.image,
            image_id: wire.image_id,
        }
    }
}

impl From<WireContainerDetail> for Container {
    fn from(wire: WireContainerDetail) -> Container {
        let label = |name: &str| wire.config.labels.get(name).cloned();
        let mut ports = BTreeSet::new();
        for (target, bindings) in &wire.network_settings.ports {
            let (_, protocol) = target.split_once('/').unwrap_or((target, "tcp"));
            for binding in bindings.iter().flatten() {
                ports.extend(
                    binding
                        .host_port
                        .parse()
                        .map(|port| (port, protocol.into())),
                );
            }
        }
        Container {
            name: wire.name.trim_start_matches('/').to_owned(),
            state: container_state(&wire.state.status),
            health: wire.state.health.and_then(|is| health(&is.status)),
            created: wire.created,
            started: wire.state.started_at,
            stack: label(STACK_LABEL),
            service: label(SERVICE_LABEL),
            task: label(TASK_LABEL),
            ports,
            mounts: wire.mounts.into_iter().map(Mount::from).collect(),
            id: wire.id,
            image: wire.config.image,
            image_id: wire.image,
        }
    }
}

impl From<WireMount> for Mount {
    fn from(wire: WireMount) -> Mount {
        Mount {
            kind: wire.kind,
            name: wire.name,
            source: wire.source,
            destination: wire.destination,
            writable: wire.writable,
        }
    }
}

impl From<WireServiceMount> for Mount {
    fn from(wire: WireServiceMount) -> Mount {
        let is_volume = wire.kind == "volume";
        let (name, source) = match is_volume {
            true => (wire.source, String::new()),
            false => (String::new(), wire.source),
        };
        Mount {
            kind: wire.kind,
            name,
            source,
            destination: wire.target,
            writable: !wire.read_only,
        }
    }
}

fn container_state(text: &str) -> ContainerState {
    match text {
        "created" => ContainerState::Created,
        "running" => ContainerState::Running,
        "paused" => ContainerState::Paused,
        "restarting" => ContainerState::Restarting,
        "removing" => ContainerState::Removing,
        "exited" => ContainerState::Exited,
        "dead" => ContainerState::Dead,
        _ => ContainerState::Unknown,
    }
}

fn health(text: &str) -> Option<Health> {
    match text {
        "starting" => Some(Health::Starting),
        "healthy" => Some(Health::Healthy),
        "unhealthy" => Some(Health::Unhealthy),
        _ => None,
    }
}

/// The list has no field for health; its sentence ends with it: `Up 2 seconds (health: starting)`.
fn health_in(status: &str) -> Option<Health> {
    let (_, inside) = status.strip_suffix(')')?.rsplit_once('(')?;
    health(inside.strip_prefix("health: ").unwrap_or(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_split_into_what_it_is_called_and_what_it_is() {
        let parts = |image| split_image(image);
        assert_eq!(parts("lab/web:1"), ("lab/web:1".into(), None));
        assert_eq!(
            parts("traefik:v3@sha256:ab"),
            ("traefik:v3".into(), Some("sha256:ab".into()))
        );
        assert_eq!(
            parts("sha256:ab"),
            ("sha256:ab".into(), Some("sha256:ab".into()))
        );
    }

    #[test]
    fn health_is_read_from_the_end_of_the_sentence() {
        for (sentence, expected) in [
            ("Up 3 seconds", None),
            ("Up 3 seconds (healthy)", Some(Health::Healthy)),
            ("Up 3 seconds (health: starting)", Some(Health::Starting)),
            ("Up 3 seconds (unhealthy)", Some(Health::Unhealthy)),
            ("Exited (137) 3 seconds ago", None),
            ("Up 3 seconds (Paused)", None),
            ("Exited (0)", None),
        ] {
            assert_eq!(health_in(sentence), expected, "{sentence}");
        }
    }
}
