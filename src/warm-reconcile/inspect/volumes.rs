//! The data of a stateful app: which volumes are its own, by the engine's word, who uses them,
//! and what a snapshot of them would take.

use std::collections::BTreeSet;
use std::path::Path;

use tokio::runtime::Handle;

use crate::engine::{Container, Engine, EngineError, Mount, volume_users};
use crate::snapshot::{Snapshots, Space, Users, Volume};
use crate::state::layout::AppPaths;

/// The volumes of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Their names, sorted: those that its services mount, and those that carry its label (of a
    /// service that is down, or that an earlier version had).
    pub volumes: Vec<String>,
    /// Which of their volumes lie on other nodes of the swarm, in words.
    pub elsewhere: Vec<String>,
    /// What its services write to and no snapshot holds, in words: folders of the machine, and
    /// volumes without a name, which end with their container.
    pub beside: Vec<String>,
}

/// Asks the engine for the volumes of a stack.
///
/// # Errors
/// An [`EngineError`].
pub async fn own(engine: &Engine, stack: &str) -> Result<Own, EngineError> {
    let view = engine.observe(stack).await?;
    let labelled = engine.volumes(stack).await?;
    let mut names: BTreeSet<String> = labelled.into_iter().map(|volume| volume.name).collect();
    let mut beside = Vec::new();
    let mut elsewhere = Vec::new();
    for service in &view.services {
        let nodes = service.nodes_elsewhere();
        let named = |mount: &&Mount| mount.kind == "volume" && !mount.name.is_empty();
        for mount in service.mounts.iter().filter(named) {
            elsewhere.extend(nodes.iter().map(|node| {
                format!(
                    "volume {} of service {} lies on the node {}, and a snapshot is taken on this one: run warm-reconcile there, or keep the service here with a placement constraint",
                    mount.name, service.short, node.hostname
                )
            }));
        }
        for mount in &service.mounts {
            let at = format!("{} of service {}", mount.destination, service.short);
            match mount.kind.as_str() {
                "volume" if !mount.name.is_empty() => {
                    names.insert(mount.name.clone());
                }
                "volume" => beside.push(format!("the unnamed volume at {at}")),
                "bind" if mount.writable => {
                    beside.push(format!("the folder {} at {at}", mount.source));
                }
                _ => {}
            }
        }
    }
    Ok(Own {
        volumes: names.into_iter().collect(),
        elsewhere,
        beside,
    })
}

/// Why the files of a volume cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The engine could not be asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It is not there.
    #[error("the engine has no volume `{0}`")]
    Missing(String),
    /// Its files are not this machine's.
    #[error(
        "volume `{volume}` is kept by the driver `{driver}`: only volumes of `local` can be snapshotted"
    )]
    Driver { volume: String, driver: String },
    /// Its folder is empty while no container uses it: a copy of that would be of nothing.
    #[error(
        "volume `{volume}` is mounted from `{device}` only while a container uses it, so that it cannot be snapshotted"
    )]
    MountedOnUse { volume: String, device: String },
}

/// Where the files of these volumes are.
///
/// # Errors
/// [`Unreachable`] for the first of them that cannot be snapshotted.
pub async fn located(engine: &Engine, names: &[String]) -> Result<Vec<Volume>, Unreachable> {
    let mut all = Vec::new();
    for name in names {
        let found = engine.volume(name).await?;
        let found = found.ok_or_else(|| Unreachable::Missing(name.clone()))?;
        if found.driver != "local" {
            return Err(Unreachable::Driver {
                volume: found.name,
                driver: found.driver,
            });
        }
        let options = &found.options;
        let device = options.get("device").or_else(|| options.get("type"));
        if let Some(device) = device {
            return Err(Unreachable::MountedOnUse {
                device: device.clone(),
                volume: found.name,
            });
        }
        all.push(Volume {
            name: found.name,
            mountpoint: found.mountpoint,
        });
    }
    Ok(all)
}

/// Who uses these volumes besides the containers of `stack`: `web in volume data`.
pub fn others(containers: &[Container], volumes: &[Volume], stack: Option<&str>) -> Vec<String> {
    let mut all = Vec::new();
    for volume in volumes {
        let users = volume_users(containers, &volume.name, volume.mountpoint.to_str());
        let users = users
            .into_iter()
            .filter(|user| stack.is_none() || user.stack.as_deref() != stack);
        all.extend(users.map(|user| format!("{} in volume {}", user.name, volume.name)));
    }
    all
}

/// Asks the engine for the users of volumes, from a thread that may block.
pub struct Asking {
    engine: Engine,
    handle: Handle,
    volumes: Vec<Volume>,
}

impl Asking {
    /// For these volumes; to be made inside a tokio runtime, and used outside its own threads.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(socket: &Path, volumes: Vec<Volume>) -> Result<Asking, EngineError> {
        Ok(Asking {
            engine: Engine::at(socket)?,
            handle: Handle::current(),
            volumes,
        })
    }
}

impl Users for Asking {
    fn of(&self, volume: &str) -> Result<Vec<String>, String> {
        let containers = self.handle.block_on(self.engine.containers());
        let containers = containers.map_err(|error| error.to_string())?;
        let known = self.volumes.iter().find(|known| known.name == volume);
        let mountpoint = known.and_then(|known| known.mountpoint.to_str());
        let users = volume_users(&containers, volume, mountpoint);
        Ok(users.into_iter().map(|user| user.name.clone()).collect())
    }
}

/// What stands for and against taking a snapshot of a stack's volumes now. Reads only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    pub own: Own,
    /// What a snapshot would take, where that could be found out.
    pub space: Option<Space>,
    /// Why it cannot be taken.
    pub problems: Vec<String>,
}

/// Looks; before anything is touched.
///
/// # Errors
/// An [`EngineError`] when the engine cannot be asked; all else is a problem of the survey.
pub async fn survey(engine: &Engine, stack: &str, paths: &AppPaths) -> Result<Survey, EngineError> {
    let mut found = Survey {
        own: own(engine, stack).await?,
        ..Survey::default()
    };
    if !found.own.elsewhere.is_empty() {
        // A volume of that name that is here is another one.
        found.problems.clone_from(&found.own.elsewhere);
        return Ok(found);
    }
    let volumes = match located(engine, &found.own.volumes).await {
        Ok(volumes) => volumes,
        Err(Unreachable::Engine(error)) => return Err(error),
        Err(error) => {
            found.problems.push(error.to_string());
            return Ok(found);
        }
    };
    let containers = engine.containers().await?;
    let users = others(&containers, &volumes, Some(stack));
    found.problems.extend(
        users
            .into_iter()
            .map(|user| format!("{user} is not part of the app: stop or remove it first")),
    );
    let store = Snapshots::new(paths);
    let measured = tokio::task::spawn_blocking(move || store.space(&volumes)).await;
    match measured {
        Ok(Ok(space)) => {
            if space.free < space.needed {
                found.problems.push(format!(
                    "a snapshot needs about {} bytes under {}, and {} are free",
                    space.needed,
                    paths.home().display(),
                    space.free
                ));
            }
            found.space = Some(space);
        }
        Ok(Err(error)) => found.problems.push(error.to_string()),
        Err(error) => found
            .problems
            .push(format!("the volumes could not be measured: {error}")),
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use test_kit::fake_engine::{FakeEngine, FakeService, State};

    fn engine_with(edit: impl FnOnce(&mut State)) -> (FakeEngine, Engine) {
        let mut state = State::empty();
        let app = FakeService {
            volume: Some("web_data".into()),
            ..FakeService::app("web", "aa", "1.0.0+v1")
        };
        state.deploy("web", &[app]);
        edit(&mut state);
        let fake = FakeEngine::start(state);
        let engine = Engine::at(fake.socket()).unwrap();
        (fake, engine)
    }

    fn volume(name: &str, labels: serde_json::Value, more: serde_json::Value) -> serde_json::Value {
        let mut volume = json!({ "Name": name, "Driver": "local", "Mountpoint": format!("/v/{name}"),
            "Labels": labels, "Options": null });
        for (key, value) in more.as_object().unwrap() {
            volume[key] = value.clone();
        }
        volume
    }

    #[tokio::test]
    async fn the_volumes_are_those_that_services_mount_and_those_that_carry_the_label() {
        let (_fake, engine) = engine_with(|state| {
            let labels = json!({ "com.docker.stack.namespace": "web" });
            state
                .list("volumes")
                .push(volume("web_old", labels, json!({})));
            state
                .list("volumes")
                .push(volume("external", json!(null), json!({})));
            state
                .list("volumes")
                .push(volume("theirs", json!({}), json!({})));
            let mounts =
                &mut state.list("services")[0]["Spec"]["TaskTemplate"]["ContainerSpec"]["Mounts"];
            let more = [
                json!({ "Type": "volume", "Source": "external", "Target": "/x" }),
                json!({ "Type": "volume", "Target": "/unnamed" }),
                json!({ "Type": "bind", "Source": "/srv", "Target": "/srv" }),
                json!({ "Type": "bind", "Source": "/etc/x", "Target": "/x", "ReadOnly": true }),
                json!({ "Type": "tmpfs", "Target": "/tmp" }),
            ];
            mounts.as_array_mut().unwrap().extend(more);
        });
        let own = own(&engine, "web").await.unwrap();
        assert_eq!(own.volumes, ["external", "web_data", "web_old"]);
        assert_eq!(
            own.beside,
            [
                "the unnamed volume at /unnamed of service app",
                "the folder /srv at /srv of service app"
            ]
        );
    }

    #[tokio::test]
    async fn a_volume_whose_folder_is_empty_when_nobody_uses_it_is_refused() {
        let (_fake, engine) = engine_with(|state| {
            let nfs = json!({ "Options": { "type": "nfs", "device": ":/export" } });
            state.list("volumes").push(volume("nfs", json!({}), nfs));
            let quota = json!({ "Options": { "size": "10G" } });
            state
                .list("volumes")
                .push(volume("quota", json!({}), quota));
            let plugin = json!({ "Driver": "rexray" });
            state
                .list("volumes")
                .push(volume("plugin", json!({}), plugin));
        });
        let ask = async |name: &str| located(&engine, &[name.to_owned()]).await;
        assert!(matches!(
            ask("nfs").await,
            Err(Unreachable::MountedOnUse { .. })
        ));
        assert!(matches!(
            ask("plugin").await,
            Err(Unreachable::Driver { .. })
        ));
        assert_eq!(ask("gone").await, Err(Unreachable::Missing("gone".into())));
        assert_eq!(ask("quota").await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn containers_of_others_are_told_and_the_app_s_own_are_not_in_the_way() {
        let (_fake, engine) = engine_with(|state| {
            state
                .list("containers")
                .push(json!({ "Id": "b", "Names": ["/backup"], "State": "exited",
                "Mounts": [{ "Type": "volume", "Name": "web_data", "Source": "/x" }] }));
        });
        let containers = engine.containers().await.unwrap();
        let volumes = located(&engine, &["web_data".to_owned()]).await.unwrap();
        let theirs = others(&containers, &volumes, Some("web"));
        assert_eq!(theirs, ["backup in volume web_data"]);
        assert_eq!(others(&containers, &volumes, None).len(), 2);
    }
}
