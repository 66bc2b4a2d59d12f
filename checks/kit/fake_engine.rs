//! A Docker engine that is none: it serves scripted state on a unix socket, fails in the ways
//! that a real one cannot be made to, and counts what is written to it.
//!
//! It needs nothing of the rest of the crate, so that integration suites take the same file with
//! `#[path]`. What it makes up itself is held to recorded answers of a real engine
//! (`checks/fixtures/engine`, see the tests).
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "shared by several suites, and only for tests"
)]

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

const STACK_LABEL: &str = "com.docker.stack.namespace";

/// What the engine knows, in the form of `checks/swarm/record`: the API's own answers.
#[derive(Clone, Debug)]
pub struct State(pub Value);

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// No answer, ever.
    Hang,
    /// The connection is closed without a byte.
    Reset,
    /// An error of the engine: `{"message": …}`.
    Refuse(u16, String),
    /// Bytes that are no HTTP.
    Garbage,
    /// HTTP, and no JSON.
    NotJson,
    /// JSON of another shape.
    OtherShape,
    /// The beginning of the answer, then nothing more.
    HalfAnswer,
    /// The right answer, later.
    Slow(Duration),
}

/// Happens after the engine has answered a request: so the world moves between two looks.
type Step = Box<dyn FnOnce(&mut State) + Send>;

struct Shared {
    state: State,
    /// A fault for the next requests whose path contains the text, so many times.
    faults: Vec<(String, Fault, usize)>,
    /// Done one after each answer whose path contains the text.
    steps: VecDeque<(String, Step)>,
    requests: Vec<String>,
}

/// A running fake. Dropped, it is gone with its socket.
pub struct FakeEngine {
    folder: tempfile::TempDir,
    shared: Arc<Mutex<Shared>>,
    server: JoinHandle<()>,
}

/// One service of a made-up stack: healthy, of one replica.
#[derive(Clone, Debug)]
pub struct FakeService {
    /// Its name in the compose file.
    pub short: String,
    /// Its image.
    pub image: String,
    /// The image's id without `sha256:`.
    pub image_id: String,
    /// What its version label says.
    pub version: String,
    /// A port of the machine, published from its container.
    pub port: Option<u16>,
    /// A volume that it mounts.
    pub volume: Option<String>,
}

impl FakeService {
    /// A service `app` of this image and version.
    pub fn app(image: &str, image_id: &str, version: &str) -> FakeService {
        FakeService {
            short: "app".into(),
            image: image.into(),
            image_id: image_id.into(),
            version: version.into(),
            port: None,
            volume: None,
        }
    }
}

impl State {
    /// An engine on which nothing runs.
    pub fn empty() -> State {
        State(json!({
            "version": { "Version": "20.10.24+dfsg1", "ApiVersion": "1.41", "MinAPIVersion": "1.12" },
            "info": { "Name": "host", "ServerVersion": "20.10.24+dfsg1", "Swarm": {
                "LocalNodeState": "active", "ControlAvailable": true, "NodeID": "node", "Error": "" } },
            "services": [], "tasks": [], "current": [], "containers": [],
            "images": {}, "networks": [], "volumes": [],
        }))
    }

    /// What a real engine answered (`checks/fixtures/engine/<name>.json`).
    pub fn recorded(name: &str) -> State {
        let folder = crate::root().join("checks/fixtures/engine");
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        State(serde_json::from_str(&text).unwrap())
    }

    /// Replaces the stack by these services, each running as asked. `Version.Index` rises.
    pub fn deploy(&mut self, stack: &str, services: &[FakeService]) {
        let index = self.next_index();
        self.remove(stack);
        for service in services {
            self.add(stack, service, index);
        }
        let network = format!("{stack}_internal");
        self.list("networks").push(json!({
            "Id": format!("{network}-id"), "Name": network, "Driver": "overlay",
            "Labels": { STACK_LABEL: stack },
        }));
    }

    /// Deploys the services of an override file (`driver::compose::overriding`: JSON), as Swarm
    /// does: the same spec again only raises `Version.Index`.
    fn stand_in_deploy(&mut self, stack: &str, body: &[u8]) {
        let Ok(text) = serde_json::from_slice::<Value>(body) else {
            return;
        };
        let key = format!("coop-cloud.{stack}.version");
        let service = |(short, one): (&String, &Value)| {
            let version = one["deploy"]["labels"][&key].as_str().unwrap_or_default();
            let app = version.split_once("+v").map_or(version, |(_, app)| app);
            FakeService {
                short: short.clone(),
                port: self.port(),
                volume: self.volume_of(stack),
                ..FakeService::app(&format!("app:v{app}"), &format!("id-{app}"), version)
            }
        };
        let wanted = text["services"].as_object().into_iter().flatten();
        let wanted: Vec<FakeService> = wanted.map(service).collect();
        let same = wanted.iter().all(|one| {
            let here = self.0["services"].as_array().into_iter().flatten();
            here.filter(|here| label(here, STACK_LABEL).as_deref() == Some(stack))
                .any(|here| label(here, &key).as_deref() == Some(&one.version))
        });
        let now = chrono::Utc::now().to_rfc3339();
        if !same {
            let updates = !self.list("services").is_empty();
            self.deploy(stack, &wanted);
            if updates {
                for service in self.list("services") {
                    service["UpdateStatus"] = json!({ "State": "completed", "StartedAt": now,
                        "CompletedAt": now, "Message": "update completed" });
                }
            }
            return;
        }
        let index = self.next_index();
        for service in self.list("services") {
            service["Version"]["Index"] = json!(index);
            service["UpdatedAt"] = json!(now);
            service.as_object_mut().unwrap().remove("UpdateStatus");
        }
    }

    /// The port that what the stand-in deploys publishes.
    fn port(&self) -> Option<u16> {
        let port = self.0["port"].as_u64();
        port.and_then(|port| u16::try_from(port).ok())
    }

    /// The volume of what the stand-in deploys: one, where there is a place for volumes.
    fn volume_of(&self, stack: &str) -> Option<String> {
        self.0["volumes_at"]
            .as_str()
            .map(|_| format!("{stack}_data"))
    }

    /// The same services from new tasks.
    fn again(&mut self, stack: &str) {
        let key = format!("coop-cloud.{stack}.version");
        let services = self.0["services"].as_array().into_iter().flatten();
        let all: Vec<FakeService> = services
            .filter(|one| label(one, STACK_LABEL).as_deref() == Some(stack))
            .map(|one| {
                let version = label(one, &key).unwrap_or_default();
                let app = version.split_once("+v").map_or("", |(_, app)| app);
                FakeService {
                    short: one["Spec"]["Name"].as_str().unwrap_or_default()[stack.len() + 1..]
                        .to_owned(),
                    port: self.port(),
                    volume: self.volume_of(stack),
                    ..FakeService::app(&format!("app:v{app}"), &format!("id-{app}"), &version)
                }
            })
            .collect();
        self.deploy(stack, &all);
    }

    /// Removes the stack with all but its volumes.
    pub fn remove(&mut self, stack: &str) {
        let tasks: Vec<String> = self.0["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|task| label(task, STACK_LABEL).as_deref() == Some(stack))
            .map(|task| task["ID"].as_str().unwrap().to_owned())
            .collect();
        self.list("current")
            .retain(|id| !tasks.iter().any(|task| id == task));
        for kind in ["services", "tasks", "containers", "networks"] {
            self.list(kind)
                .retain(|one| label(one, STACK_LABEL).as_deref() != Some(stack));
        }
    }

    fn add(&mut self, stack: &str, service: &FakeService, index: u64) {
        let name = format!("{stack}_{}", service.short);
        let (task, container) = (
            format!("{name}-task-{index}"),
            format!("{name}-container-{index}"),
        );
        let mut labels = json!({ STACK_LABEL: stack, "com.docker.stack.image": service.image });
        labels[format!("coop-cloud.{stack}.version")] = json!(service.version);
        let ports = service.port.map(|port| {
            json!([{ "Protocol": "tcp", "TargetPort": 80, "PublishedPort": port, "PublishMode": "host" }])
        });
        let asked: Vec<Value> = service
            .volume
            .iter()
            .map(|volume| json!({ "Type": "volume", "Source": volume, "Target": "/data" }))
            .collect();
        let spec = json!({
            "ContainerSpec": { "Image": service.image, "Labels": { STACK_LABEL: stack }, "Mounts": asked },
            "RestartPolicy": { "Condition": "any" },
        });
        let now = chrono::Utc::now().to_rfc3339();
        self.list("services").push(json!({
            "ID": format!("{name}-id"), "Version": { "Index": index }, "CreatedAt": now, "UpdatedAt": now,
            "Spec": {
                "Name": name, "Labels": labels, "TaskTemplate": spec,
                "Mode": { "Replicated": { "Replicas": 1 } },
                "EndpointSpec": { "Mode": "dnsrr", "Ports": ports.clone().unwrap_or_else(|| json!([])) },
            },
        }));
        self.list("tasks").push(json!({
            "ID": task, "ServiceID": format!("{name}-id"), "Slot": 1, "CreatedAt": now,
            "DesiredState": "running", "Spec": spec,
            "Status": { "State": "running", "Timestamp": now, "Message": "started",
                "ContainerStatus": { "ContainerID": container, "ExitCode": 0 } },
        }));
        self.list("current").push(json!(task));
        let mounts: Vec<Value> = service
            .volume
            .iter()
            .map(|volume| {
                json!({ "Type": "volume", "Name": volume, "Driver": "local", "Mode": "z", "RW": true,
                    "Source": self.mountpoint(volume), "Destination": "/data" })
            })
            .collect();
        let published = service.port.map(|port| {
            json!([{ "IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": port, "Type": "tcp" }])
        });
        self.list("containers").push(json!({
            "Id": container, "Names": [format!("/{name}.1.{task}")], "Image": service.image,
            "ImageID": format!("sha256:{}", service.image_id), "State": "running", "Status": "Up 1 second",
            "Created": chrono::Utc::now().timestamp(), "Mounts": mounts,
            "Ports": published.unwrap_or_else(|| json!([])),
            "Labels": { STACK_LABEL: stack, "com.docker.swarm.service.id": format!("{name}-id"),
                "com.docker.swarm.service.name": name, "com.docker.swarm.task.id": task },
        }));
        let id = format!("sha256:{}", service.image_id);
        self.0["images"][&id] = json!({ "Id": id, "RepoDigests": [], "RepoTags": [service.image] });
        if let Some(volume) = &service.volume
            && !self.0["volumes"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["Name"] == json!(volume))
        {
            let mountpoint = self.mountpoint(volume);
            self.list("volumes").push(json!({
                "Name": volume, "Driver": "local", "Scope": "local", "Labels": { STACK_LABEL: stack },
                "Mountpoint": mountpoint,
            }));
        }
    }

    fn mountpoint(&self, volume: &str) -> String {
        let at = self.0["volumes_at"].as_str();
        format!("{}/{volume}/_data", at.unwrap_or("/var/lib/docker/volumes"))
    }

    /// A list of the state: `services`, `tasks`, `containers`, `networks`, `volumes`, `current`.
    pub fn list(&mut self, kind: &str) -> &mut Vec<Value> {
        self.0[kind].as_array_mut().unwrap()
    }

    fn next_index(&self) -> u64 {
        let services = self.0["services"].as_array().unwrap();
        let indexes = services
            .iter()
            .filter_map(|one| one["Version"]["Index"].as_u64());
        indexes.max().unwrap_or(10) + 1
    }
}

impl FakeEngine {
    /// Starts one with this state. Must be called inside a tokio runtime.
    pub fn start(state: State) -> FakeEngine {
        let folder = tempfile::Builder::new()
            .prefix("gp-engine-")
            .tempdir()
            .unwrap();
        let listener = UnixListener::bind(folder.path().join("docker.sock")).unwrap();
        let shared = Arc::new(Mutex::new(Shared {
            state,
            faults: Vec::new(),
            steps: VecDeque::new(),
            requests: Vec::new(),
        }));
        let for_server = Arc::clone(&shared);
        let server = tokio::spawn(async move {
            // All connections end with the server: the set is dropped with it.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&for_server)));
            }
        });
        FakeEngine {
            folder,
            shared,
            server,
        }
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// Changes what it knows.
    pub fn edit(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock().state);
    }

    /// Changes what it knows right after it has answered a request whose path contains `path`.
    pub fn then(&self, path: &str, change: impl FnOnce(&mut State) + Send + 'static) {
        self.lock()
            .steps
            .push_back((path.to_owned(), Box::new(change)));
    }

    /// The next `times` requests whose path contains `path` go wrong.
    pub fn fault(&self, path: &str, fault: Fault, times: usize) {
        self.lock().faults.push((path.to_owned(), fault, times));
    }

    /// Every request so far: `GET /v1.41/services?filters=…`, not decoded.
    pub fn requests(&self) -> Vec<String> {
        self.lock().requests.clone()
    }

    /// The requests that write.
    pub fn writes(&self) -> Vec<String> {
        let all = self.requests().into_iter();
        all.filter(|line| !line.starts_with("GET ") && !line.starts_with("HEAD "))
            .collect()
    }

    /// `Version.Index` of every service by name.
    pub fn indexes(&self) -> Vec<(String, u64)> {
        let shared = self.lock();
        let services = shared.state.0["services"].as_array().unwrap();
        let pair = |one: &Value| {
            (
                one["Spec"]["Name"].as_str().unwrap().to_owned(),
                one["Version"]["Index"].as_u64().unwrap(),
            )
        };
        services.iter().map(pair).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: UnixStream, shared: Arc<Mutex<Shared>>) {
    let mut bytes = Vec::new();
    while let Some((line, body)) = request(&mut stream, &mut bytes).await {
        let (fault, (status, answer)) = {
            let mut shared = lock(&shared);
            shared.requests.push(line.clone());
            (
                take_fault(&mut shared, &line),
                answer(&mut shared.state, &line, &body),
            )
        };
        let body = serde_json::to_vec(&answer).unwrap();
        let sent = match fault {
            None => send(&mut stream, status, &body).await,
            Some(Fault::Slow(time)) => {
                tokio::time::sleep(time).await;
                send(&mut stream, status, &body).await
            }
            Some(Fault::Refuse(status, message)) => {
                let body = serde_json::to_vec(&json!({ "message": message })).unwrap();
                send(&mut stream, status, &body).await
            }
            Some(Fault::NotJson) => send(&mut stream, 200, b"<html>").await,
            Some(Fault::OtherShape) => send(&mut stream, 200, b"{\"a\": [1]}").await,
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Reset) => return,
            Some(Fault::Garbage) => {
                let _ = stream.write_all(b"\x00\x01 what?\r\n\r\n").await;
                return;
            }
            Some(Fault::HalfAnswer) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(&body[..body.len() / 2]).await;
                return;
            }
        };
        if sent.is_err() {
            return;
        }
        let mut shared = lock(&shared);
        let due = shared
            .steps
            .front()
            .is_some_and(|(path, _)| line.contains(path.as_str()));
        if due && let Some((_, step)) = shared.steps.pop_front() {
            step(&mut shared.state);
        }
    }
}

fn take_fault(shared: &mut Shared, line: &str) -> Option<Fault> {
    let found = shared
        .faults
        .iter_mut()
        .find(|(path, _, left)| *left > 0 && line.contains(path.as_str()))?;
    found.2 -= 1;
    Some(found.1.clone())
}

async fn send(stream: &mut UnixStream, status: u16, body: &[u8]) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await
}

/// The next request on the connection: method and target, and its body.
async fn request(stream: &mut UnixStream, bytes: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, value)| value.trim().parse().ok())
                .unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                let body = bytes[end + 4..end + 4 + length].to_vec();
                bytes.drain(..end + 4 + length);
                let line = head.lines().next()?.rsplit_once(' ')?.0.to_owned();
                return Some((line, body));
            }
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn answer(state: &mut State, line: &str, body: &[u8]) -> (u16, Value) {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = percent_encoding::percent_decode_str(path)
        .decode_utf8_lossy()
        .into_owned();
    let mut parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    if parts[0].starts_with('v') && parts[0].contains('.') {
        if !speaks(&state.0["version"], parts[0]) {
            let message = format!("client version {} is not supported", &parts[0][1..]);
            return (400, json!({ "message": message }));
        }
        parts.remove(0);
    }
    let filters = filters(query);
    let missing = |what: &str| (404, json!({ "message": format!("No such {what}") }));
    match (method, parts.as_slice()) {
        ("GET", ["version"]) => (200, state.0["version"].clone()),
        ("GET", ["info"]) => (200, state.0["info"].clone()),
        ("GET", ["nodes"]) => (
            200,
            json!([{
                "ID": "node",
                "Spec": { "Role": "manager", "Availability": "active" },
                "Description": { "Hostname": "stage" },
                "Status": { "State": "ready" },
            }]),
        ),
        ("GET", [kind @ ("services" | "tasks" | "networks")]) => {
            (200, listed(state, kind, &filters))
        }
        ("GET", ["volumes"]) => {
            let volumes = listed(state, "volumes", &filters);
            (200, json!({ "Volumes": volumes, "Warnings": null }))
        }
        ("GET", ["volumes", name]) => match find(state, "volumes", "Name", name) {
            Some(volume) => (200, volume.clone()),
            None => missing("volume"),
        },
        ("GET", ["containers", "json"]) => {
            let mut all = state.0["containers"].clone();
            if !query.contains("all=1") {
                all.as_array_mut()
                    .unwrap()
                    .retain(|one| one["State"] == "running");
            }
            (200, all)
        }
        ("GET", ["images", "json"]) => {
            let wanted = filters["reference"][0].as_str().unwrap_or("*");
            let prefix = wanted.trim_end_matches('*');
            let images = state.0["images"].as_object().unwrap().values();
            let named = images.filter(|image| {
                let mut tags = image["RepoTags"].as_array().into_iter().flatten();
                tags.any(|tag| tag.as_str().unwrap().starts_with(prefix))
            });
            (200, Value::Array(named.cloned().collect()))
        }
        ("GET", ["images", name @ .., "json"]) => {
            let name = name.join("/");
            let images = state.0["images"].as_object().unwrap().values();
            let mut found = images.filter(|image| {
                image["Id"] == json!(name)
                    || image["RepoTags"]
                        .as_array()
                        .is_some_and(|tags| tags.contains(&json!(name)))
            });
            found
                .next()
                .map_or_else(|| missing("image"), |image| (200, image.clone()))
        }
        ("POST", ["services", id, "update"]) => update(state, id, query, body),
        // No part of the API: what a stand-in of the `docker` program asks for.
        ("POST", ["stand-in", "deploy", stack]) => {
            state.stand_in_deploy(stack, body);
            (200, json!({}))
        }
        ("POST", ["stand-in", "remove", stack]) => {
            state.remove(stack);
            (200, json!({}))
        }
        ("POST", ["stand-in", "restart", name]) => {
            let stack = name.rsplit_once('_').map_or(*name, |(stack, _)| stack);
            state.again(stack);
            (200, json!({}))
        }
        ("GET", _) => missing("page"),
        // Any other write is taken and counted.
        _ => (200, json!({})),
    }
}

fn speaks(version: &Value, asked: &str) -> bool {
    let number = |text: &str| -> Option<(u32, u32)> {
        let (major, minor) = text.trim_start_matches('v').split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let said = |name: &str| number(version[name].as_str().unwrap_or_default());
    let (oldest, newest) = (
        said("MinAPIVersion").unwrap_or((1, 0)),
        said("ApiVersion").unwrap(),
    );
    number(asked).is_some_and(|asked| oldest <= asked && asked <= newest)
}

/// An update is taken only on the index it was made for (the engine's compare-and-swap).
fn update(state: &mut State, id: &str, query: &str, body: &[u8]) -> (u16, Value) {
    let index = state.next_index();
    let Some(service) = state
        .list("services")
        .iter_mut()
        .find(|one| one["ID"] == json!(id))
    else {
        return (404, json!({ "message": format!("service {id} not found") }));
    };
    let asked = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("version="));
    if asked != Some(&service["Version"]["Index"].to_string()) {
        let message = "rpc error: code = Unknown desc = update out of sequence";
        return (500, json!({ "message": message }));
    }
    let Ok(spec) = serde_json::from_slice::<Value>(body) else {
        return (400, json!({ "message": "no JSON" }));
    };
    service["PreviousSpec"] = service["Spec"].clone();
    service["Spec"] = spec;
    service["Version"]["Index"] = json!(index);
    (200, json!({ "Warnings": null }))
}

fn find<'a>(state: &'a State, kind: &str, key: &str, value: &str) -> Option<&'a Value> {
    state.0[kind]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one[key] == json!(value))
}

fn filters(query: &str) -> Value {
    let text = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("filters="));
    let text = text.map(|text| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    });
    text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
}

fn listed(state: &State, kind: &str, filters: &Value) -> Value {
    let label_wanted = filters["label"][0]
        .as_str()
        .and_then(|text| text.split_once('='));
    let current_only = filters["_up-to-date"][0] == "true";
    let all = state.0[kind].as_array().unwrap().iter();
    let chosen = all.filter(|one| {
        let labelled =
            label_wanted.is_none_or(|(name, value)| label(one, name).as_deref() == Some(value));
        let current = !current_only || state.0["current"].as_array().unwrap().contains(&one["ID"]);
        labelled && current
    });
    chosen.cloned().collect()
}

/// Services keep their labels in the spec; tasks are found by their container's labels here (a
/// real engine takes their service's).
fn label(one: &Value, name: &str) -> Option<String> {
    let places = [
        &one["Labels"],
        &one["Spec"]["Labels"],
        &one["Spec"]["ContainerSpec"]["Labels"],
    ];
    let mut found = places.iter().filter_map(|labels| labels[name].as_str());
    found.next().map(str::to_owned)
}
