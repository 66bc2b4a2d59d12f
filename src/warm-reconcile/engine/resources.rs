//! What is asked of the engine beside stacks: images, volumes, networks, nodes, logs.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use super::client::{Engine, of_stack, segment};
use super::view::OtherNode;
use super::wire::{WireContainerDetail, WireImage, WireNetwork, WireNode, WireVolume, WireVolumes};
use super::{EngineError, logs};

/// An image that is on the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its id: the digest of its configuration, the same on every machine.
    pub id: String,
    /// `name@sha256:…` for every registry it came from; none for one that was built here.
    pub repo_digests: Vec<String>,
    pub repo_tags: Vec<String>,
    /// Whether it brings a health check of its own.
    pub checks_health: bool,
}

/// Whether an image's registry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InRegistry {
    Yes,
    /// In the words of the engine.
    No(String),
    /// It could not be asked, or wants a login; and why.
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    pub name: String,
    /// Its folder on the machine.
    pub mountpoint: PathBuf,
    /// Who keeps it: `local`.
    pub driver: String,
    pub labels: BTreeMap<String, String>,
    /// What its driver was told: with a `device` or `type` the folder holds the data only while
    /// a container uses the volume.
    pub options: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    pub id: String,
    pub name: String,
    /// `overlay`, `bridge` …
    pub driver: String,
}

/// A node of the swarm, as far as it decides where a task may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub id: String,
    pub hostname: String,
    /// `manager` or `worker`.
    pub role: String,
    pub labels: BTreeMap<String, String>,
    /// Where the swarm reaches it.
    pub address: Option<IpAddr>,
    pub is_ready: bool,
    /// Whether it takes tasks: ready, and neither paused nor drained.
    pub takes_tasks: bool,
}

/// What a compose file may name and not make itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum External {
    Network,
    Secret,
    Config,
}

impl External {
    /// Its name in the API's paths and in messages.
    pub fn name(self) -> &'static str {
        match self {
            External::Network => "network",
            External::Secret => "secret",
            External::Config => "config",
        }
    }
}

/// Whether a health check's `test` that begins so checks anything (Docker: `NONE` switches off).
pub fn is_check(first: Option<&str>) -> bool {
    first.is_some_and(|first| first != "NONE")
}

impl Engine {
    /// An image by name, digest or id; `None` when it is not on the machine.
    ///
    /// # Errors
    /// An [`EngineError`].
    pub async fn image(&self, name: &str) -> Result<Option<Image>, EngineError> {
        // A name keeps its slashes: they are part of the API's path.
        let parts: Vec<String> = name.split('/').map(segment).collect();
        let path = format!("/images/{}/json", parts.join("/"));
        let found: Option<WireImage> = self.find(&path).await?;
        Ok(found.map(|image| Image {
            id: image.id,
            checks_health: is_check(image.config.healthcheck.test.first().map(String::as_str)),
            repo_digests: image.repo_digests,
            repo_tags: image.repo_tags,
        }))
    }

    /// Whether an image's registry has it, without fetching it. Asked by the engine, by the rules by
    /// which it would fetch it, and without anybody's login.
    pub async fn registry_has(&self, image: &str) -> InRegistry {
        let parts: Vec<String> = image.split('/').map(segment).collect();
        let path = format!("/distribution/{}/json", parts.join("/"));
        let asked: Result<serde::de::IgnoredAny, _> = self.get(&path, &[]).await;
        match asked {
            Ok(_) => InRegistry::Yes,
            Err(EngineError::Refused {
                status: 404,
                message,
                ..
            }) => InRegistry::No(message),
            Err(EngineError::Refused { message, .. }) => InRegistry::Unknown(message),
            Err(error) => InRegistry::Unknown(error.to_string()),
        }
    }

    /// The names of the images whose name begins so, up to the tag.
    ///
    /// # Errors
    /// An [`EngineError`].
    pub async fn images_named(&self, name: &str) -> Result<Vec<String>, EngineError> {
        let filter = serde_json::json!({ "reference": [name] }).to_string();
        let found: Vec<WireImage> = self.get("/images/json", &[("filters", filter)]).await?;
        let names = found.into_iter().flat_map(|image| image.repo_tags);
        // One image may have other names besides.
        let prefix = name.trim_end_matches('*').to_owned();
        Ok(names.filter(|name| name.starts_with(&prefix)).collect())
    }

    /// The volumes of a stack.
    ///
    /// # Errors
    /// An [`EngineError`].
    pub async fn volumes(&self, stack: &str) -> Result<Vec<Volume>, EngineError> {
        let found: WireVolumes = self.get("/volumes", &[of_stack(stack, None)]).await?;
        let mut volumes: Vec<Volume> = found.volumes.into_iter().map(Volume::from).collect();
        volumes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(volumes)
    }

    /// One volume; `None` when there is none.
    ///
    /// # Errors
    /// An [`EngineError`].
    pub async fn volume(&self, name: &str) -> Result<Option<Volume>, EngineError> {
        let path = format!("/volumes/{}", segment(name));
        let found: Option<WireVolume> = self.find(&path).await?;
        Ok(found.map(Volume::from))
    }

    /// The networks of a stack: Swarm removes them a while after `docker stack rm` has returned.
    ///
    /// # Errors
    /// An [`EngineError`].
    pub async fn networks(&self, stack: &str) -> Result<Vec<Network>, EngineError> {
        let found: Vec<WireNetwork> = self.get("/networks", &[of_stack(stack, None)]).await?;
        let network = |network: WireNetwork| Network {
            id: network.id,
            name: network.name,
            driver: network.driver,
        };
        Ok(found.into_iter().map(network).collect())
    }

    /// Whether there is a network, secret or config of that name.
    ///
    /// # Errors
    /// An [`EngineError`].
    pub async fn has(&self, kind: External, name: &str) -> Result<bool, EngineError> {
        let path = format!("/{}s/{}", kind.name(), segment(name));
        let found: Option<serde::de::IgnoredAny> = self.find(&path).await?;
        Ok(found.is_some())
    }

    /// The nodes of the swarm.
    ///
    /// # Errors
    /// An [`EngineError`], also where this engine is not a manager.
    pub async fn nodes(&self) -> Result<Vec<Node>, EngineError> {
        let found: Vec<WireNode> = self.get("/nodes", &[]).await?;
        Ok(found.into_iter().map(Node::from).collect())
    }

    /// Whether the kernel ended a container because its memory ran out. `false` where it cannot be
    /// found out.
    pub async fn was_out_of_memory(&self, container: &str) -> bool {
        let path = format!("/containers/{}/json", segment(container));
        let found: Result<Option<WireContainerDetail>, _> = self.find(&path).await;
        matches!(found, Ok(Some(found)) if found.state.oom_killed)
    }

    /// The last lines that a container wrote, both streams in their order.
    ///
    /// # Errors
    /// An [`EngineError`], also where the container is gone.
    pub async fn logs(&self, container: &str, lines: usize) -> Result<Vec<String>, EngineError> {
        let path = format!("/containers/{}/logs", segment(container));
        let query = [
            ("stdout", "1".to_owned()),
            ("stderr", "1".to_owned()),
            ("tail", lines.to_string()),
        ];
        Ok(logs::lines(&self.bytes(&path, &query).await?))
    }
}

impl From<WireVolume> for Volume {
    fn from(wire: WireVolume) -> Volume {
        Volume {
            name: wire.name,
            mountpoint: wire.mountpoint.into(),
            driver: wire.driver,
            labels: wire.labels,
            options: wire.options,
        }
    }
}

impl From<Node> for OtherNode {
    fn from(node: Node) -> OtherNode {
        OtherNode {
            hostname: node.hostname,
            address: node.address,
            is_up: node.is_ready,
        }
    }
}

impl From<WireNode> for Node {
    fn from(wire: WireNode) -> Node {
        Node {
            id: wire.id,
            hostname: wire.description.hostname,
            role: wire.spec.role,
            labels: wire.spec.labels,
            address: wire.status.addr.parse().ok(),
            is_ready: wire.status.state == "ready",
            takes_tasks: wire.status.state == "ready" && wire.spec.availability == "active",
        }
    }
}
