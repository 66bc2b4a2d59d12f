//! The parts of the engine's answers that we read. Unknown fields are ignored, missing ones and
//! `null` are empty: engines differ, and none of ours may stop because of a new field.
//! Names are the API's own (Docker Engine API 1.41, `api/swagger.yaml` of moby).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

/// Go writes `null` for an empty list or map.
fn null<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A time; Go's zero time and what is no time are none.
fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text: Option<String> = Option::deserialize(from)?;
    let parsed = text.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
    Ok(parsed
        .map(|time| time.with_timezone(&Utc))
        .filter(|time| time.timestamp() > 0))
}

pub(super) type Labels = BTreeMap<String, String>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireVersion {
    pub(super) version: String,
    pub(super) api_version: String,
    #[serde(default, rename = "MinAPIVersion")]
    pub(super) min_api_version: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireInfo {
    #[serde(default, deserialize_with = "null")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "null")]
    pub(super) swarm: WireSwarm,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireSwarm {
    #[serde(deserialize_with = "null")]
    pub(super) local_node_state: String,
    #[serde(deserialize_with = "null")]
    pub(super) control_available: bool,
    #[serde(rename = "NodeID", deserialize_with = "null")]
    pub(super) node_id: String,
    #[serde(deserialize_with = "null")]
    pub(super) error: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireService {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(rename = "Version")]
    pub(super) version: WireIndex,
    #[serde(rename = "Spec")]
    pub(super) spec: WireServiceSpec,
    /// When it was last written to, by whom ever; the engine's own records of an update count.
    #[serde(rename = "UpdatedAt", default, deserialize_with = "time")]
    pub(super) updated: Option<DateTime<Utc>>,
    #[serde(rename = "UpdateStatus", default)]
    pub(super) update: Option<WireUpdate>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireIndex {
    pub(super) index: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireServiceSpec {
    pub(super) name: String,
    #[serde(default, deserialize_with = "null")]
    pub(super) labels: Labels,
    pub(super) task_template: WireTaskSpec,
    #[serde(default, deserialize_with = "null")]
    pub(super) mode: WireMode,
    #[serde(default, deserialize_with = "null")]
    pub(super) endpoint_spec: WireEndpoint,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireMode {
    pub(super) replicated: Option<WireReplicated>,
    pub(super) global: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireReplicated {
    pub(super) replicas: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireEndpoint {
    #[serde(deserialize_with = "null")]
    pub(super) ports: Vec<WireEndpointPort>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireEndpointPort {
    #[serde(deserialize_with = "null")]
    pub(super) protocol: String,
    #[serde(deserialize_with = "null")]
    pub(super) target_port: u16,
    #[serde(deserialize_with = "null")]
    pub(super) published_port: u16,
    #[serde(deserialize_with = "null")]
    pub(super) publish_mode: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireUpdate {
    #[serde(deserialize_with = "null")]
    pub(super) state: String,
    #[serde(deserialize_with = "time")]
    pub(super) started_at: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "time")]
    pub(super) completed_at: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "null")]
    pub(super) message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireTaskSpec {
    #[serde(deserialize_with = "null")]
    pub(super) container_spec: WireContainerSpec,
    #[serde(deserialize_with = "null")]
    pub(super) restart_policy: WireRestart,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireContainerSpec {
    #[serde(deserialize_with = "null")]
    pub(super) image: String,
    #[serde(deserialize_with = "null")]
    pub(super) env: Vec<String>,
    #[serde(deserialize_with = "null")]
    pub(super) mounts: Vec<WireServiceMount>,
}

/// What a service asks for; named otherwise than what a container has.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireServiceMount {
    #[serde(rename = "Type", deserialize_with = "null")]
    pub(super) kind: String,
    /// A volume's name, or a folder's path.
    #[serde(deserialize_with = "null")]
    pub(super) source: String,
    #[serde(deserialize_with = "null")]
    pub(super) target: String,
    #[serde(deserialize_with = "null")]
    pub(super) read_only: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireRestart {
    #[serde(deserialize_with = "null")]
    pub(super) condition: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireTask {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(rename = "ServiceID", default, deserialize_with = "null")]
    pub(super) service: String,
    #[serde(rename = "NodeID", default, deserialize_with = "null")]
    pub(super) node: String,
    #[serde(rename = "Slot", default)]
    pub(super) slot: Option<u64>,
    #[serde(rename = "CreatedAt", default, deserialize_with = "time")]
    pub(super) created: Option<DateTime<Utc>>,
    #[serde(rename = "DesiredState", default, deserialize_with = "null")]
    pub(super) desired: String,
    #[serde(rename = "Spec", default, deserialize_with = "null")]
    pub(super) spec: WireTaskSpec,
    #[serde(rename = "Status", default, deserialize_with = "null")]
    pub(super) status: WireTaskStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireTaskStatus {
    #[serde(deserialize_with = "time")]
    pub(super) timestamp: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "null")]
    pub(super) state: String,
    #[serde(deserialize_with = "null")]
    pub(super) err: String,
    #[serde(deserialize_with = "null")]
    pub(super) container_status: WireContainerStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireContainerStatus {
    #[serde(rename = "ContainerID", deserialize_with = "null")]
    pub(super) container_id: String,
    pub(super) exit_code: Option<i64>,
}

/// One of `/containers/json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireContainer {
    pub(super) id: String,
    #[serde(default, deserialize_with = "null")]
    pub(super) names: Vec<String>,
    #[serde(default, deserialize_with = "null")]
    pub(super) image: String,
    #[serde(default, rename = "ImageID", deserialize_with = "null")]
    pub(super) image_id: String,
    #[serde(default, deserialize_with = "null")]
    pub(super) state: String,
    /// `Up 3 seconds (healthy)`.
    #[serde(default, deserialize_with = "null")]
    pub(super) status: String,
    /// In seconds since 1970.
    #[serde(default, deserialize_with = "null")]
    pub(super) created: i64,
    #[serde(default, deserialize_with = "null")]
    pub(super) labels: Labels,
    #[serde(default, deserialize_with = "null")]
    pub(super) ports: Vec<WirePort>,
    #[serde(default, deserialize_with = "null")]
    pub(super) mounts: Vec<WireMount>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WirePort {
    #[serde(deserialize_with = "null")]
    pub(super) private_port: u16,
    pub(super) public_port: Option<u16>,
    #[serde(rename = "Type", deserialize_with = "null")]
    pub(super) protocol: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireMount {
    #[serde(rename = "Type", deserialize_with = "null")]
    pub(super) kind: String,
    #[serde(deserialize_with = "null")]
    pub(super) name: String,
    #[serde(deserialize_with = "null")]
    pub(super) source: String,
    #[serde(deserialize_with = "null")]
    pub(super) destination: String,
    #[serde(rename = "RW", deserialize_with = "null")]
    pub(super) writable: bool,
}

/// `/containers/{id}/json`: named otherwise, and with more, than in the list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireContainerDetail {
    pub(super) id: String,
    #[serde(default, deserialize_with = "null")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "null")]
    pub(super) image: String,
    #[serde(default, deserialize_with = "time")]
    pub(super) created: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "null")]
    pub(super) state: WireDetailState,
    #[serde(default, deserialize_with = "null")]
    pub(super) config: WireDetailConfig,
    #[serde(default, deserialize_with = "null")]
    pub(super) network_settings: WireDetailNetwork,
    #[serde(default, deserialize_with = "null")]
    pub(super) mounts: Vec<WireMount>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireDetailState {
    #[serde(deserialize_with = "null")]
    pub(super) status: String,
    #[serde(deserialize_with = "time")]
    pub(super) started_at: Option<DateTime<Utc>>,
    #[serde(rename = "OOMKilled", deserialize_with = "null")]
    pub(super) oom_killed: bool,
    pub(super) health: Option<WireHealth>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireHealth {
    #[serde(deserialize_with = "null")]
    pub(super) status: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireDetailConfig {
    #[serde(deserialize_with = "null")]
    pub(super) image: String,
    #[serde(deserialize_with = "null")]
    pub(super) labels: Labels,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireDetailNetwork {
    /// `80/tcp` → where it is published.
    #[serde(deserialize_with = "null")]
    pub(super) ports: BTreeMap<String, Option<Vec<WireBinding>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireBinding {
    #[serde(deserialize_with = "null")]
    pub(super) host_port: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireImage {
    pub(super) id: String,
    #[serde(default, deserialize_with = "null")]
    pub(super) repo_digests: Vec<String>,
    #[serde(default, deserialize_with = "null")]
    pub(super) repo_tags: Vec<String>,
    /// Only where one image is asked for.
    #[serde(default, deserialize_with = "null")]
    pub(super) config: WireImageConfig,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireImageConfig {
    #[serde(deserialize_with = "null")]
    pub(super) healthcheck: WireHealthCheck,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireHealthCheck {
    #[serde(deserialize_with = "null")]
    pub(super) test: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireVolume {
    pub(super) name: String,
    #[serde(default, deserialize_with = "null")]
    pub(super) mountpoint: String,
    #[serde(default, deserialize_with = "null")]
    pub(super) driver: String,
    #[serde(default, deserialize_with = "null")]
    pub(super) labels: Labels,
    #[serde(default, deserialize_with = "null")]
    pub(super) options: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireVolumes {
    #[serde(default, deserialize_with = "null")]
    pub(super) volumes: Vec<WireVolume>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireNetwork {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default, deserialize_with = "null")]
    pub(super) driver: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireNode {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(rename = "Spec", default, deserialize_with = "null")]
    pub(super) spec: WireNodeSpec,
    #[serde(rename = "Description", default, deserialize_with = "null")]
    pub(super) description: WireNodeDescription,
    #[serde(rename = "Status", default, deserialize_with = "null")]
    pub(super) status: WireNodeStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireNodeSpec {
    #[serde(deserialize_with = "null")]
    pub(super) role: String,
    #[serde(deserialize_with = "null")]
    pub(super) availability: String,
    #[serde(deserialize_with = "null")]
    pub(super) labels: Labels,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireNodeDescription {
    #[serde(deserialize_with = "null")]
    pub(super) hostname: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireNodeStatus {
    #[serde(deserialize_with = "null")]
    pub(super) state: String,
    #[serde(deserialize_with = "null")]
    pub(super) addr: String,
}
