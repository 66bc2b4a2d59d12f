//! What is asked of the engine.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::OnceCell;

use super::EngineError;
use super::assemble::{NODE_LABEL, STACK_LABEL, assemble};
use super::place::OtherNodes;
use super::transport::Transport;
use super::view::{Container, StackView};
use super::wire::{
    WireContainer, WireContainerDetail, WireInfo, WireService, WireTask, WireVersion,
};

/// The newest API that this client was measured against (engine 20.10). A newer engine speaks it
/// as long as its own minimum allows.
const API: (u32, u32) = (1, 41);
/// The default deadline of one call.
const LIMIT: Duration = Duration::from_secs(10);
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";
/// So often a look is taken again when a service changed during it.
const LOOKS: usize = 5;
/// A service that was last written to so long before a look was not written to during it. The
/// rest allows for clocks of managers that do not quite agree.
const QUIET: TimeDelta = TimeDelta::seconds(2);

/// A Docker engine behind its unix socket.
#[derive(Debug)]
pub struct Engine {
    transport: Transport,
    limit: Duration,
    /// `/v1.41`, once the engine has said what it speaks.
    prefix: OnceCell<String>,
}

/// What the engine says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineVersion {
    /// Its release: `20.10.24`.
    pub engine: String,
    /// The newest API it speaks: `1.41`.
    pub api: String,
}

/// Whether this engine can deploy stacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    pub name: String,
    /// `active`, `inactive`, `pending`, `error` or `locked`.
    pub swarm: String,
    /// Whether it is a manager of its swarm.
    pub is_manager: bool,
    /// Its node id; empty outside a swarm.
    pub node: String,
    /// What is wrong with the swarm.
    pub error: Option<String>,
}

impl Engine {
    /// An engine by its socket, with the default deadline of 10 s for each call. Nothing is
    /// connected yet.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn at(socket: impl AsRef<Path>) -> Result<Engine, EngineError> {
        Engine::with_limit(socket, LIMIT)
    }

    /// The same with another deadline for each call.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn with_limit(socket: impl AsRef<Path>, limit: Duration) -> Result<Engine, EngineError> {
        Ok(Engine {
            transport: Transport::new(socket.as_ref(), limit)?,
            limit,
            prefix: OnceCell::new(),
        })
    }

    /// The engine that `DOCKER_HOST` names (only `unix://`), else the default socket.
    ///
    /// # Errors
    /// When `DOCKER_HOST` is of another kind: the truth about this machine is asked of this
    /// machine.
    pub fn from_env(docker_host: Option<&str>) -> Result<Engine, EngineError> {
        match docker_host.filter(|host| !host.is_empty()) {
            None => Engine::at(DEFAULT_SOCKET),
            Some(host) => match host.strip_prefix("unix://") {
                Some(path) if path.starts_with('/') => Engine::at(path),
                _ => Err(EngineError::Unreachable {
                    socket: host.to_owned(),
                    detail: "DOCKER_HOST is not `unix:///…`".into(),
                }),
            },
        }
    }

    pub fn socket(&self) -> &Path {
        self.transport.socket()
    }

    /// The value of `DOCKER_HOST` that makes the `docker` program talk to this engine.
    pub fn docker_host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Its release and API.
    ///
    /// # Errors
    /// An [`EngineError`], as all calls here.
    pub async fn version(&self) -> Result<EngineVersion, EngineError> {
        let said: WireVersion = self.transport.get("/version", &[]).await?;
        Ok(EngineVersion {
            engine: said.version,
            api: said.api_version,
        })
    }

    /// Its swarm.
    ///
    /// # Errors
    /// An [`EngineError`].
    pub async fn info(&self) -> Result<Info, EngineError> {
        let said: WireInfo = self.get("/info", &[]).await?;
        Ok(Info {
            name: said.name,
            swarm: said.swarm.local_node_state,
            is_manager: said.swarm.control_available,
            node: said.swarm.node_id,
            error: Some(said.swarm.error).filter(|error| !error.is_empty()),
        })
    }

    /// What runs of a stack, seen at one moment: looked at again when a service changed
    /// meanwhile. Only reads; no service's `Version.Index` moves. Four questions in two round
    /// trips, and the same once more where a service was written to just now.
    ///
    /// # Errors
    /// An [`EngineError`]; `Timeout` also when the services changed during every look.
    pub async fn observe(&self, stack: &str) -> Result<StackView, EngineError> {
        let mut before = None;
        for _ in 0..=LOOKS {
            let began = Utc::now();
            let (tasks, current) =
                tokio::try_join!(self.tasks(stack, false), self.tasks(stack, true))?;
            // Containers after the tasks: one that is said to run must have its container in the
            // list. Services after the tasks: what they say of their last write covers the look.
            let (containers, services): (Vec<WireContainer>, _) =
                tokio::try_join!(self.all_containers(), self.services(stack))?;
            let now = marks(&services);
            if before.as_ref() == Some(&now) || are_quiet(&services, began) {
                let current: BTreeSet<String> = current.into_iter().map(|task| task.id).collect();
                let taken = Utc::now();
                let others = self.others(&tasks, &containers).await?;
                return Ok(assemble(
                    stack, taken, services, tasks, &current, containers, &others,
                ));
            }
            before = Some(now);
        }
        Err(EngineError::Timeout {
            what: format!("one look at the stack `{stack}` without a change"),
            limit: self.limit,
        })
    }

    /// The swarm's other nodes, where a task was given to a node that is not known to be this
    /// one. Swarm's own containers name it, so that a swarm of one is not asked for its nodes.
    async fn others(
        &self,
        tasks: &[WireTask],
        containers: &[WireContainer],
    ) -> Result<OtherNodes, EngineError> {
        let labels = containers
            .iter()
            .filter_map(|one| one.labels.get(NODE_LABEL));
        let here: BTreeSet<&String> = labels.collect();
        let mut given = tasks.iter().map(|task| &task.node);
        if given.all(|node| node.is_empty() || here.contains(node)) {
            return Ok(OtherNodes::new());
        }
        let (info, nodes) = tokio::try_join!(self.info(), self.nodes())?;
        let others = nodes.into_iter().filter(|node| node.id != info.node);
        Ok(others.map(|node| (node.id.clone(), node.into())).collect())
    }

    /// Every container of the machine, in any state.
    ///
    /// # Errors
    /// An [`EngineError`].
    pub async fn containers(&self) -> Result<Vec<Container>, EngineError> {
        let all = self.all_containers().await?;
        Ok(all.into_iter().map(Container::from).collect())
    }

    /// One container with the time of its start; `None` when there is none.
    ///
    /// # Errors
    /// An [`EngineError`].
    pub async fn container(&self, id: &str) -> Result<Option<Container>, EngineError> {
        let path = format!("/containers/{}/json", segment(id));
        let found: Option<WireContainerDetail> = self.find(&path).await?;
        Ok(found.map(Container::from))
    }

    async fn services(&self, stack: &str) -> Result<Vec<WireService>, EngineError> {
        self.get("/services", &[of_stack(stack, None)]).await
    }

    /// `_up-to-date` is what the `docker` program itself waits by: the manager compares each
    /// task with its service's spec, by the rules it updates by (swarmkit `IsTaskDirty`).
    async fn tasks(&self, stack: &str, current: bool) -> Result<Vec<WireTask>, EngineError> {
        let more = current.then_some(("_up-to-date", "true"));
        self.get("/tasks", &[of_stack(stack, more)]).await
    }

    async fn all_containers(&self) -> Result<Vec<WireContainer>, EngineError> {
        self.get("/containers/json", &[("all", "1".to_owned())])
            .await
    }

    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<T>, EngineError> {
        match self.get(path, &[]).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, EngineError> {
        if let Some(prefix) = self.prefix.get() {
            return self.transport.get(&format!("{prefix}{path}"), query).await;
        }
        // Nearly every engine speaks ours; whether it does, its first answer tells.
        let ours = format!("/v{}.{}", API.0, API.1);
        match self.transport.get(&format!("{ours}{path}"), query).await {
            Err(error) if error.is_other_version() => {}
            Err(error) => return Err(error),
            Ok(found) => {
                // Another call may have been first, and said the same.
                let _ = self.prefix.set(ours);
                return Ok(found);
            }
        }
        let prefix = self.prefix.get_or_try_init(|| self.negotiate()).await?;
        self.transport.get(&format!("{prefix}{path}"), query).await
    }

    /// An answer that is not JSON, as it comes.
    pub(super) async fn bytes(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Vec<u8>, EngineError> {
        let prefix = self.prefix.get_or_try_init(|| self.negotiate()).await?;
        let path = format!("{prefix}{path}");
        self.transport.bytes(&path, query).await
    }

    /// The API version of all later calls.
    async fn negotiate(&self) -> Result<String, EngineError> {
        let said: WireVersion = self.transport.get("/version", &[]).await?;
        let malformed = |text: &str| EngineError::Malformed {
            what: "GET /version".into(),
            detail: format!("`{text}` is not a valid API version"),
        };
        let newest = api_version(&said.api_version).ok_or_else(|| malformed(&said.api_version))?;
        let oldest = match said.min_api_version.as_deref() {
            None | Some("") => (1, 0),
            Some(text) => api_version(text).ok_or_else(|| malformed(text))?,
        };
        let (major, minor) = choose(newest, oldest);
        Ok(format!("/v{major}.{minor}"))
    }
}

/// Ours, unless the engine is too old for it or no longer speaks it.
fn choose(newest: (u32, u32), oldest: (u32, u32)) -> (u32, u32) {
    API.max(oldest).min(newest)
}

fn api_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// What tells whether a service was written to.
fn marks(services: &[WireService]) -> BTreeSet<(String, u64)> {
    let all = services.iter();
    all.map(|service| (service.id.clone(), service.version.index))
        .collect()
}

/// Whether none of these was written to since a moment, nor shortly before it.
fn are_quiet(services: &[WireService], since: DateTime<Utc>) -> bool {
    let mut written = services.iter().map(|service| service.updated);
    written.all(|at| at.is_some_and(|at| since - at > QUIET))
}

pub(super) fn of_stack(stack: &str, more: Option<(&str, &str)>) -> (&'static str, String) {
    let mut filters = json!({ "label": [format!("{STACK_LABEL}={stack}")] });
    if let Some((name, value)) = more {
        filters[name] = json!([value]);
    }
    ("filters", filters.to_string())
}

/// One segment of a path: a name from outside cannot leave it.
pub(super) fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, SEGMENT).to_string()
}

const SEGMENT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b':')
    .remove(b'@');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_what_both_sides_can() {
        assert_eq!(choose((1, 41), (1, 12)), (1, 41));
        assert_eq!(choose((1, 50), (1, 24)), (1, 41));
        assert_eq!(choose((1, 52), (1, 44)), (1, 44));
        assert_eq!(choose((1, 40), (1, 12)), (1, 40));
        assert_eq!(api_version("1.41"), Some((1, 41)));
        for bad in ["", "1", "1.x", "v1.41", "1.41.2"] {
            assert_eq!(api_version(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_name_cannot_leave_its_segment_of_the_path() {
        assert_eq!(segment("a/../b?c#d"), "a%2F..%2Fb%3Fc%23d");
        assert_eq!(segment("web_test-1.x@sha256:ab"), "web_test-1.x@sha256:ab");
    }

    #[test]
    fn only_a_unix_socket_is_this_machine() {
        let socket = |host| Engine::from_env(host).map(|engine| engine.docker_host());
        assert_eq!(socket(None).unwrap(), "unix:///var/run/docker.sock");
        assert_eq!(socket(Some("")).unwrap(), "unix:///var/run/docker.sock");
        assert_eq!(socket(Some("unix:///run/x")).unwrap(), "unix:///run/x");
        for bad in ["tcp://1.2.3.4:2375", "ssh://h", "unix://relative"] {
            assert!(socket(Some(bad)).is_err(), "{bad}");
        }
    }
}
