//! What a deploy would be made of, as the tool itself reads it, and whether that can work on
//! this swarm. Found out before anything is touched.

use std::time::Duration;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::DriverReport;
use crate::engine::{External, Node, is_check};

/// What the tool made of the files.
#[derive(Clone, Debug, PartialEq)]
pub enum FilesRead {
    Shape(Box<Shape>),
    /// It refuses them, and its words.
    Refused(String),
    /// This tool cannot read files without a deploy, or did not answer in time; nothing is known.
    NotRead(String),
}

impl FilesRead {
    pub(super) fn of(report: &DriverReport, text: &str) -> FilesRead {
        let words = report.commands.last().map(|last| last.output.trim());
        let words = words.unwrap_or_default();
        if !report.ended() {
            return FilesRead::NotRead(report.summary());
        }
        if !report.sounds_good() {
            // Docker before 23 has no such command, and says so in these ways.
            let unknown = [
                "unknown shorthand flag",
                "unknown flag",
                "is not a docker command",
            ];
            return match unknown.iter().any(|sign| words.contains(sign)) {
                true => FilesRead::NotRead("this `docker` has no `stack config`".to_owned()),
                false => FilesRead::Refused(words.to_owned()),
            };
        }
        match serde_yaml::from_str(text) {
            Ok(Some(shape)) => FilesRead::Shape(Box::new(shape)),
            Ok(None) => FilesRead::Shape(Box::default()),
            Err(error) => FilesRead::NotRead(error.to_string()),
        }
    }
}

/// The parts of a merged compose file that decide whether a deploy can work.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Shape {
    #[serde(default)]
    services: IndexMap<String, ServiceShape>,
    #[serde(default)]
    networks: IndexMap<String, Option<Named>>,
    #[serde(default)]
    secrets: IndexMap<String, Option<Named>>,
    #[serde(default)]
    configs: IndexMap<String, Option<Named>>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct ServiceShape {
    #[serde(default)]
    image: String,
    #[serde(default)]
    ports: Vec<PortShape>,
    #[serde(default)]
    volumes: Vec<MountShape>,
    #[serde(default)]
    healthcheck: Option<HealthCheck>,
    #[serde(default)]
    deploy: Deploy,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct MountShape {
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct PortShape {
    #[serde(default)]
    mode: String,
    #[serde(default)]
    published: Option<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct HealthCheck {
    #[serde(default)]
    disable: bool,
    #[serde(default)]
    test: Vec<String>,
    #[serde(default)]
    interval: Option<String>,
    #[serde(default)]
    start_period: Option<String>,
    #[serde(default)]
    retries: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct Deploy {
    #[serde(default)]
    mode: String,
    #[serde(default)]
    replicas: Option<u64>,
    #[serde(default)]
    update_config: UpdateConfig,
    #[serde(default)]
    placement: Placement,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct UpdateConfig {
    #[serde(default)]
    order: String,
    #[serde(default)]
    monitor: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct Placement {
    #[serde(default)]
    constraints: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
    #[serde(default)]
    external: Value,
}

/// Swarm's own times, where the files say none (docker/cli `opts`, moby `HealthConfig`).
const MONITOR: Duration = Duration::from_secs(5);
const INTERVAL: Duration = Duration::from_secs(30);
const RETRIES: u32 = 3;

impl Shape {
    /// The images by service; one that is named by its id needs no registry.
    pub fn images(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.services.iter();
        all.map(|(name, service)| (name.as_str(), service.image.as_str()))
    }

    /// What has to be there before a deploy, by kind and name.
    pub fn external(&self) -> Vec<(External, String)> {
        let kinds = [
            (External::Network, &self.networks),
            (External::Secret, &self.secrets),
            (External::Config, &self.configs),
        ];
        let mut all = Vec::new();
        for (kind, declared) in kinds {
            for (key, named) in declared {
                let Some(named) = named.as_ref().filter(|named| named.is_external()) else {
                    continue;
                };
                let name = if named.name.is_empty() {
                    key
                } else {
                    &named.name
                };
                all.push((kind, name.clone()));
            }
        }
        all
    }

    /// Why a deploy over what runs cannot work on these nodes. `running` are the services that
    /// have a task when the deploy begins: a start-first update starts the new one beside it.
    pub fn faults(&self, nodes: &[Node], running: &[&str]) -> Vec<String> {
        let mut all = Vec::new();
        for (name, service) in &self.services {
            let eligible = service.eligible(nodes);
            if eligible == 0 && service.deploy.replicas != Some(0) {
                all.push(format!(
                    "service {name}: no node takes its tasks (constraints: {})",
                    service.deploy.placement.constraints.join(", ")
                ));
                continue;
            }
            let beside = service.deploy.update_config.order == "start-first"
                && running.contains(&name.as_str());
            if let Some(port) = service.host_port().filter(|_| beside)
                && service.tasks(eligible) >= eligible as u64
            {
                all.push(format!(
                    "service {name}: `update_config.order: start-first` starts the new task beside the old one, and both want port {port} of the same node (`mode: host`); `stop-first` works"
                ));
            }
        }
        all
    }

    /// Where the data of a stateful app would be left behind: services with volumes whose next task
    /// may start on another node than `here`, where the volumes are empty.
    pub fn wandering(&self, nodes: &[Node], here: &str) -> Vec<String> {
        let mut all = Vec::new();
        for (name, service) in &self.services {
            let others = service.fitting(nodes).filter(|node| node.id != here);
            let others: Vec<&str> = others.map(|node| node.hostname.as_str()).collect();
            if service.has_volumes() && !others.is_empty() {
                all.push(format!(
                    "service {name}: Swarm may start it on {}, where its volumes are others: a placement constraint (`node.hostname==…`) has to keep it on the node of its data, which has to be this one",
                    others.join(", ")
                ));
            }
        }
        all
    }

    /// The images that this node has to have: those of services that may run here.
    pub fn images_on(&self, nodes: &[Node], here: &str) -> Vec<(&str, &str)> {
        let fits = |service: &ServiceShape| {
            nodes.is_empty() || service.fitting(nodes).any(|node| node.id == here)
        };
        let all = self.services.iter().filter(|(_, service)| fits(service));
        all.map(|(name, service)| (name.as_str(), service.image.as_str()))
            .collect()
    }

    /// The services to which the files give no health check, each with the image that may bring
    /// one; without it where the files switch it off.
    pub fn unchecked(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let services = self.services.iter();
        services
            .filter(|(_, service)| !service.deploy.mode.ends_with("-job"))
            .filter_map(|(name, service)| {
                let image = match service.healthcheck.as_ref() {
                    Some(check) if check.is_off() => None,
                    Some(check) if !check.test.is_empty() => return None,
                    Some(_) | None => Some(service.image.as_str()),
                };
                Some((name.as_str(), image))
            })
    }

    /// What works and may mislead: times of Swarm that end before a health check can say anything.
    pub fn warnings(&self) -> Vec<String> {
        let services = self.services.iter();
        services
            .filter_map(|(name, service)| Some(format!("service {name}: {}", service.warning()?)))
            .collect()
    }
}

impl Named {
    fn is_external(&self) -> bool {
        !matches!(self.external, Value::Null | Value::Bool(false))
    }
}

impl HealthCheck {
    fn is_off(&self) -> bool {
        let first = self.test.first().map(String::as_str);
        self.disable || first.is_some() && !is_check(first)
    }
}

impl ServiceShape {
    fn host_port(&self) -> Option<String> {
        let mut host = self.ports.iter().filter(|port| port.mode == "host");
        Some(match host.find_map(|port| port.published.as_ref())? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    fn tasks(&self, eligible: usize) -> u64 {
        match self.deploy.mode.as_str() {
            "global" => eligible as u64,
            _ => self.deploy.replicas.unwrap_or(1),
        }
    }

    fn eligible(&self, nodes: &[Node]) -> usize {
        self.fitting(nodes).count()
    }

    /// The nodes that take its tasks.
    fn fitting<'n>(&'n self, nodes: &'n [Node]) -> impl Iterator<Item = &'n Node> {
        let constraints = &self.deploy.placement.constraints;
        let fits = |node: &&Node| {
            constraints
                .iter()
                .all(|one| holds(one, node) != Some(false))
        };
        nodes.iter().filter(|node| node.takes_tasks).filter(fits)
    }

    fn has_volumes(&self) -> bool {
        self.volumes.iter().any(|mount| mount.kind == "volume")
    }

    fn warning(&self) -> Option<String> {
        let check = self.healthcheck.as_ref().filter(|check| !check.is_off())?;
        let time = |text: &Option<String>| humantime::parse_duration(text.as_ref()?).ok();
        let start = time(&check.start_period).unwrap_or_default();
        let interval = time(&check.interval).unwrap_or(INTERVAL);
        let needed = start + interval * check.retries.unwrap_or(RETRIES);
        let monitor = time(&self.deploy.update_config.monitor).unwrap_or(MONITOR);
        (monitor < needed).then(|| {
            format!(
                "Swarm watches an update for {} (`update_config.monitor`), and its health check needs up to {} to say unhealthy",
                humantime::format_duration(monitor),
                humantime::format_duration(needed)
            )
        })
    }
}

/// Whether a placement constraint holds on a node; `None` where it is of a kind that is not known
/// here (Docker: `node.id`, `node.hostname`, `node.role`, `node.labels.*`, `==` and `!=`).
fn holds(constraint: &str, node: &Node) -> Option<bool> {
    let (text, equal) = match (constraint.split_once("=="), constraint.split_once("!=")) {
        (Some(parts), _) => (parts, true),
        (None, Some(parts)) => (parts, false),
        (None, None) => return None,
    };
    let (key, wanted) = (text.0.trim(), text.1.trim());
    let empty = String::new();
    let seen = match key {
        "node.id" => &node.id,
        "node.hostname" => &node.hostname,
        "node.role" => &node.role,
        _ => node
            .labels
            .get(key.strip_prefix("node.labels.")?)
            .unwrap_or(&empty),
    };
    // Swarm compares without regard to case (swarmkit `constraint.Match`).
    Some(seen.eq_ignore_ascii_case(wanted) == equal)
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
