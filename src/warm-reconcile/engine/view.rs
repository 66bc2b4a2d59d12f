//! One look at a stack: its services, their tasks, and every container of the machine.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What runs of a stack, seen at one moment: no service changed while it was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StackView {
    pub stack: String,
    /// When it was looked at.
    pub taken: DateTime<Utc>,
    /// Its services, by name.
    pub services: Vec<Service>,
    /// Tasks of services that were removed.
    pub orphans: Vec<Task>,
    /// Every container of the machine in any state, not only Swarm's.
    pub containers: Vec<Container>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Service {
    pub id: String,
    /// Its whole name: `<stack>_<short>`.
    pub name: String,
    /// Its name in the compose file.
    pub short: String,
    /// `Version.Index`: it rises with every write to the service, also with one that changes
    /// nothing.
    pub index: u64,
    /// The image that is asked for, without its digest.
    pub image: String,
    /// The digest that is asked for, when the image is pinned.
    pub pinned: Option<String>,
    /// The service's own labels (not its containers').
    pub labels: BTreeMap<String, String>,
    /// The environment that its containers get: `NAME=value`. Never on record, as values may be
    /// secrets.
    #[serde(skip)]
    pub env: Vec<String>,
    /// How many tasks are wanted.
    pub desired: Desired,
    /// Whether a task that ends by itself is started again.
    pub restarts: bool,
    /// The last update, if any and if nothing overwrote its record.
    pub update: Option<Update>,
    /// The ports it publishes.
    pub ports: Vec<Port>,
    /// What it asks to be mounted into its containers; a volume without a name is one of each
    /// container's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// Its tasks, the newest first; Swarm keeps some old ones.
    pub tasks: Vec<Task>,
}

/// How many tasks a service wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Desired {
    Replicas(u64),
    /// One on each node.
    Global,
    /// Tasks that run to their end.
    Job,
}

/// The record of a service's last update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Update {
    pub state: UpdateState,
    pub started: Option<DateTime<Utc>>,
    pub completed: Option<DateTime<Utc>>,
    pub message: String,
}

/// Where an update is. `Paused` and `RollbackPaused` are ends, not stations: nothing goes on by
/// itself, and the state stays until the next update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateState {
    Updating,
    /// Stopped because of a failure, half done.
    Paused,
    /// Done, as far as the engine knows: also after it was killed in the middle of one.
    Completed,
    /// Going back by itself.
    RollbackStarted,
    /// Stopped on its way back.
    RollbackPaused,
    /// Went back: what was asked for does not run.
    RollbackCompleted,
    /// One that this program does not know.
    Unknown,
}

impl UpdateState {
    /// Whether the engine takes, or took, what was asked for back by itself.
    pub fn goes_back(self) -> bool {
        matches!(
            self,
            UpdateState::RollbackStarted
                | UpdateState::RollbackPaused
                | UpdateState::RollbackCompleted
        )
    }

    /// How much it says against what was asked for, from 0 on: of several updates the worst
    /// speaks for all.
    pub fn severity(self) -> u8 {
        match self {
            UpdateState::Completed => 0,
            UpdateState::Updating | UpdateState::Unknown => 1,
            UpdateState::RollbackStarted => 2,
            UpdateState::Paused => 3,
            UpdateState::RollbackPaused => 4,
            UpdateState::RollbackCompleted => 5,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Port {
    /// The port on the machine; 0 while the engine has not chosen one.
    pub published: u16,
    /// The port in the container.
    pub target: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    pub mode: PortMode,
}

/// Who listens on a published port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PortMode {
    /// The container's own publication on its machine.
    Host,
    /// Swarm's routing mesh: no container owns it.
    Ingress,
}

/// Another node than this engine's own, which a task was given to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherNode {
    pub hostname: String,
    /// Where the swarm reaches it.
    pub address: Option<IpAddr>,
    /// Whether it is ready. Of one that is down, nobody knows what still runs there, and nothing
    /// that is asked of it happens.
    pub is_up: bool,
}

/// A task: one try to run one container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Task {
    pub id: String,
    /// Which of the replicas it is.
    pub slot: Option<u64>,
    /// What Swarm wants of it.
    pub desired: TaskState,
    /// What its agent last said of it. Of a task that is being removed this stays `running`
    /// after its container has ended: believe the container.
    pub state: TaskState,
    /// The image that its spec names, digest and all.
    pub image: String,
    /// The other node that it was given to. `None` on this machine, and before it is given to any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<OtherNode>,
    /// Its container, once there is one.
    pub container: Option<String>,
    /// The id of the image that its container really runs.
    pub image_id: Option<String>,
    /// Whether it was made from the service's present spec, as the engine itself compares them.
    pub current: bool,
    /// When it was made.
    pub created: Option<DateTime<Utc>>,
    /// When it came into its state: for a running task, when it started.
    pub since: Option<DateTime<Utc>>,
    /// Why it is not well.
    pub error: Option<String>,
    /// How its container ended.
    pub exit_code: Option<i64>,
}

/// A task's state (Swarm task states of the Docker documentation), in the order of a task's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the engine's own words")]
pub enum TaskState {
    New,
    Pending,
    Assigned,
    Accepted,
    Preparing,
    Ready,
    Starting,
    Running,
    Complete,
    Shutdown,
    Failed,
    Rejected,
    Remove,
    Orphaned,
    /// One that this program does not know.
    Unknown,
}

/// A container of the machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Container {
    pub id: String,
    pub name: String,
    /// The image it was made from, as it was named then.
    pub image: String,
    /// That image's id: what it really runs.
    pub image_id: String,
    pub state: ContainerState,
    /// Its health, when its image or service has a health check.
    pub health: Option<Health>,
    /// When it was made.
    pub created: Option<DateTime<Utc>>,
    /// When it was started, where the container was inspected by itself.
    pub started: Option<DateTime<Utc>>,
    /// Its stack, if it belongs to one.
    pub stack: Option<String>,
    /// Its service's id, if it is Swarm's.
    pub service: Option<String>,
    /// Its task's id, if it is Swarm's.
    pub task: Option<String>,
    /// The ports of the machine that it holds: number and protocol.
    pub ports: BTreeSet<(u16, String)>,
    /// What is mounted into it.
    pub mounts: Vec<Mount>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the engine's own words")]
pub enum ContainerState {
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited,
    Dead,
    /// One that this program does not know.
    Unknown,
}

/// What a container's health check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    Starting,
    Healthy,
    Unhealthy,
}

/// Something mounted into a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mount {
    /// `volume`, `bind` or `tmpfs`.
    pub kind: String,
    /// A volume's name; empty for others.
    pub name: String,
    /// Where it is on the machine.
    pub source: String,
    /// Where it is in the container.
    pub destination: String,
    /// Whether the container may write to it.
    pub writable: bool,
}

impl StackView {
    /// The service with this name in the compose file.
    pub fn service(&self, short: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.short == short)
    }

    /// The container with this id.
    pub fn container(&self, id: &str) -> Option<&Container> {
        self.containers.iter().find(|container| container.id == id)
    }

    /// `Version.Index` of every service: equal before and after when nothing was written.
    pub fn indexes(&self) -> BTreeMap<String, u64> {
        let pair = |service: &Service| (service.short.clone(), service.index);
        self.services.iter().map(pair).collect()
    }

    /// The containers of the stack that still live and are no part of what is wanted now: of an
    /// older spec, of a scaled-down or removed service. While there is one, an answer may be its.
    pub fn outgoing(&self) -> Vec<&Container> {
        let wanted: BTreeSet<&str> = self
            .services
            .iter()
            .flat_map(|service| &service.tasks)
            .filter(|task| task.current && task.is_wanted())
            .map(|task| task.id.as_str())
            .collect();
        let ours = |container: &&Container| container.stack.as_deref() == Some(&self.stack);
        let unwanted = |container: &&Container| match &container.task {
            Some(task) => !wanted.contains(task.as_str()),
            // In the stack's name, and not made by Swarm.
            None => true,
        };
        let all = self.containers.iter().filter(ours).filter(unwanted);
        all.filter(|container| container.is_live()).collect()
    }

    /// The live containers that hold this port of the machine.
    pub fn port_owners(&self, published: u16, protocol: &str) -> Vec<&Container> {
        let key = (published, protocol.to_owned());
        let holds = |container: &&Container| container.is_live() && container.ports.contains(&key);
        self.containers.iter().filter(holds).collect()
    }

    /// [`volume_users`] of the machine's containers.
    pub fn volume_users(&self, volume: &str, mountpoint: Option<&str>) -> Vec<&Container> {
        volume_users(&self.containers, volume, mountpoint)
    }

    /// Whether nothing of the stack is left but its volumes (and perhaps networks, which are not
    /// seen here).
    pub fn is_gone(&self) -> bool {
        let ours = |container: &Container| container.stack.as_deref() == Some(&self.stack);
        // A node that is down tells nothing more of its tasks, and they stay on record for a day.
        let lost = |task: &Task| task.node.as_ref().is_some_and(|node| !node.is_up);
        self.services.is_empty()
            && self.orphans.iter().all(lost)
            && !self.containers.iter().any(ours)
    }
}

/// The containers in any state that mount this volume, also those that are not Swarm's and those
/// that mount its folder by path (`mountpoint`, if known), or a folder above it. Of the latter
/// only where they may write: a monitor that reads the whole machine disturbs no copy.
pub fn volume_users<'c>(
    containers: &'c [Container],
    volume: &str,
    mountpoint: Option<&str>,
) -> Vec<&'c Container> {
    let uses = |mount: &Mount| {
        let by_name = mount.kind == "volume" && mount.name == volume;
        let by_path = mountpoint.is_some_and(|folder| {
            let inside = mount.source.strip_prefix(folder);
            let above = folder.strip_prefix(mount.source.trim_end_matches('/'));
            let whole = |rest: Option<&str>| {
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            mount.kind != "tmpfs"
                && !mount.source.is_empty()
                && (whole(inside) || whole(above) && mount.writable)
        });
        by_name || by_path
    };
    let all = containers.iter();
    all.filter(|container| container.mounts.iter().any(uses))
        .collect()
}

impl Service {
    /// Whether a task of it runs, of whatever spec and however its container is.
    pub fn has_a_running_task(&self) -> bool {
        let mut tasks = self.tasks.iter();
        tasks.any(|task| task.state == TaskState::Running)
    }

    /// The tasks of the present spec that are wanted and run, container and all. On another node
    /// that is up, the task's own state speaks for its container: Swarm calls a task running only
    /// when its health check, if it has one, has passed.
    pub fn running<'a>(&'a self, view: &'a StackView) -> impl Iterator<Item = &'a Task> {
        self.tasks
            .iter()
            .filter(|task| task.current && task.is_wanted() && task.state == TaskState::Running)
            .filter(|task| {
                if let Some(node) = &task.node {
                    return node.is_up;
                }
                let container = task.container.as_deref().and_then(|id| view.container(id));
                container.is_some_and(|container| {
                    container.state == ContainerState::Running
                        && !matches!(container.health, Some(Health::Starting | Health::Unhealthy))
                })
            })
    }

    /// Whether every running task was made from the present spec.
    pub fn is_up_to_date(&self) -> bool {
        let mut running = self
            .tasks
            .iter()
            .filter(|task| task.state == TaskState::Running);
        running.all(|task| task.current)
    }
}

impl Task {
    /// Whether Swarm wants it to run, now or as soon as its predecessor is gone.
    pub fn is_wanted(&self) -> bool {
        matches!(self.desired, TaskState::Running | TaskState::Ready)
    }

    /// Whether it ended, and not well.
    pub fn has_failed(&self) -> bool {
        matches!(self.state, TaskState::Failed | TaskState::Rejected)
    }
}

impl Container {
    /// Whether it holds ports, volumes or answers: anything but not yet started and ended. One
    /// that is just being removed counts.
    pub fn is_live(&self) -> bool {
        !matches!(
            self.state,
            ContainerState::Created | ContainerState::Exited | ContainerState::Dead
        )
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
