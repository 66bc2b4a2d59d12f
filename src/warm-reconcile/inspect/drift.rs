//! What of the services is other than it was deployed: somebody changed it by hand.
//!
//! Of an environment and of labels only the names and one digest are on record: their values may
//! be secrets.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::AppSpec;
use crate::Version;
use crate::engine::{Desired, Engine, Service, StackView, current_version, unchecked};
use crate::state::file::{self, StateError};
use crate::state::layout::AppPaths;
use kit::count::count;
use kit::digest::sha256;

/// What the services of a version were deployed as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployed {
    pub version: Version,
    /// By the services' short names.
    pub services: BTreeMap<String, AsDeployed>,
}

/// What a service was deployed as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsDeployed {
    pub image: String,
    /// How many tasks; none where that is not said as a number.
    pub replicas: Option<u64>,
    pub env: Named,
    pub labels: Named,
}

/// Values by their names, without the values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    pub names: BTreeSet<String>,
    /// The SHA-256 of all of it.
    pub sha256: String,
}

impl Deployed {
    /// What runs now, as what was deployed.
    pub fn of(version: &Version, view: &StackView) -> Deployed {
        let services = view.services.iter();
        Deployed {
            version: version.clone(),
            services: services
                .map(|service| (service.short.clone(), AsDeployed::of(service)))
                .collect(),
        }
    }

    /// The images by their services, as they were named.
    pub fn images(&self) -> BTreeMap<String, String> {
        let services = self.services.iter();
        let image = |(name, one): (&String, &AsDeployed)| (name.clone(), one.image.clone());
        services.map(image).collect()
    }

    /// What is other now, in words; nothing where another version runs.
    pub fn drift(&self, view: &StackView, spec: &AppSpec) -> Vec<String> {
        if current_version(view, spec).as_ref() != Some(&self.version) {
            return Vec::new();
        }
        let now = Deployed::of(&self.version, view);
        let names: BTreeSet<&String> = self.services.keys().chain(now.services.keys()).collect();
        let mut all = Vec::new();
        for name in names {
            match (self.services.get(name), now.services.get(name)) {
                (Some(was), Some(is)) => all.extend(
                    was.differs(is)
                        .into_iter()
                        .map(|what| format!("service {name}: {what}")),
                ),
                (Some(_), None) => all.push(format!("service {name} is gone")),
                (None, Some(_)) => all.push(format!("service {name} was not deployed")),
                (None, None) => {}
            }
        }
        all
    }
}

impl AsDeployed {
    fn of(service: &Service) -> AsDeployed {
        let env = service.env.iter();
        let labels = service.labels.iter();
        AsDeployed {
            image: match &service.pinned {
                Some(digest) if *digest != service.image => format!("{}@{digest}", service.image),
                _ => service.image.clone(),
            },
            replicas: match service.desired {
                Desired::Replicas(count) => Some(count),
                Desired::Global | Desired::Job => None,
            },
            env: Named::of(env.map(|pair| pair.split_once('=').unwrap_or((pair, "")))),
            labels: Named::of(labels.map(|(name, value)| (name.as_str(), value.as_str()))),
        }
    }

    fn differs(&self, now: &AsDeployed) -> Vec<String> {
        let mut all = Vec::new();
        if self.image != now.image {
            all.push(format!(
                "its image is {}, and {} was deployed",
                now.image, self.image
            ));
        }
        if self.replicas != now.replicas {
            let text = |replicas: Option<u64>| match replicas {
                Some(replicas) => count(replicas, "task"),
                None => "one task on each node".to_owned(),
            };
            all.push(format!(
                "{} wanted, {} deployed",
                text(now.replicas),
                text(self.replicas)
            ));
        }
        let named = [
            ("environment", &self.env, &now.env),
            ("labels", &self.labels, &now.labels),
        ];
        for (what, was, is) in named {
            all.extend(was.differs(is).map(|how| format!("{what}: {how}")));
        }
        all
    }
}

impl Named {
    fn of<'n>(pairs: impl Iterator<Item = (&'n str, &'n str)>) -> Named {
        let all: BTreeMap<&str, &str> = pairs.collect();
        let text = serde_json::json!(all).to_string();
        Named {
            names: all.into_keys().map(str::to_owned).collect(),
            sha256: sha256(text),
        }
    }

    fn differs(&self, now: &Named) -> Option<String> {
        if self == now {
            return None;
        }
        let list = |names: Vec<&String>| {
            let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
            names.join(", ")
        };
        let added = list(now.names.difference(&self.names).collect());
        let gone = list(self.names.difference(&now.names).collect());
        let parts = [("added", added), ("gone", gone)].into_iter();
        let parts = parts.filter(|(_, names)| !names.is_empty());
        let parts: Vec<String> = parts.map(|(how, names)| format!("{names} {how}")).collect();
        Some(if parts.is_empty() {
            "a value is another".to_owned()
        } else {
            parts.join(", ")
        })
    }
}

/// What is on record; `None` where nothing is.
///
/// # Errors
/// [`StateError`].
pub fn read(paths: &AppPaths) -> Result<Option<Deployed>, StateError> {
    file::read_json(&paths.deployed())
}

/// Puts on record what runs.
///
/// # Errors
/// [`StateError`].
pub fn write(paths: &AppPaths, deployed: &Deployed) -> Result<(), StateError> {
    file::write_json(&paths.deployed(), deployed)
}

/// What a look at what runs shows.
#[derive(Debug, Default, Serialize)]
pub struct Looked {
    /// What of the services is other than it was deployed.
    pub drift: Vec<String>,
    /// The services without a health check ([`unchecked`]).
    #[serde(rename = "without_health_check")]
    pub unchecked: Vec<String>,
}

/// A look at the engine of its own; nothing where nothing is on record. `Err`: it is not known, and
/// why.
pub async fn look(engine: &Engine, spec: &AppSpec, paths: &AppPaths) -> Result<Looked, String> {
    let known = read(paths).map_err(|error| error.to_string())?;
    let Some(known) = known else {
        return Ok(Looked::default());
    };
    let view = engine.observe(&spec.stack).await;
    let view = view.map_err(|error| error.to_string())?;
    Ok(Looked {
        drift: known.drift(&view, spec),
        unchecked: unchecked(&view).into_iter().map(str::to_owned).collect(),
    })
}
