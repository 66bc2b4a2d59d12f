//! A version of an app: the one form that the journal, last-good, the deploy and the gate share.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::AppSpec;
use super::version::Version;
use kit::digest::sha256;

/// One version of an app, as exactly as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    pub version: Version,
    pub commit: Option<String>,
    /// The image digest of each service. Those of a new version are known only once it runs.
    pub digests: BTreeMap<String, String>,
    /// The SHA-256 of the environment it is deployed with; see [`env_hash`].
    pub env_hash: Option<String>,
}

/// Which release it is: its version with the digest of all that is deployed and known before,
/// the recipe's commit and the environment. A moved tag or a changed environment has another
/// digest; other images under the same tag do not, and make an app unhealthy instead.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReleaseId {
    pub version: Version,
    pub digest: String,
}

impl Release {
    /// A release of which no image is known yet, with the environment of the app file.
    pub fn of_commit(version: Version, commit: Option<String>, spec: &AppSpec) -> Release {
        Release {
            version,
            commit,
            digests: BTreeMap::new(),
            env_hash: Some(env_hash(spec)),
        }
    }

    /// A release of which only the version is known.
    pub fn of_version(version: Version) -> Release {
        Release {
            version,
            commit: None,
            digests: BTreeMap::new(),
            env_hash: None,
        }
    }

    pub fn id(&self) -> ReleaseId {
        let commit = self.commit.as_deref().unwrap_or_default();
        let env = self.env_hash.as_deref().unwrap_or_default();
        ReleaseId {
            version: self.version.clone(),
            digest: format!("sha256:{}", sha256(format!("{commit}\n{env}"))),
        }
    }
}

/// The SHA-256 of all in the app file that a deploy is filled in with.
pub fn env_hash(spec: &AppSpec) -> String {
    let env: BTreeMap<_, _> = spec.env.iter().collect();
    // As it was written when `compose.yml` was the default by name: digests on record stay.
    let default = vec!["compose.yml".to_owned()];
    let compose = if spec.compose.is_empty() {
        &default
    } else {
        &spec.compose
    };
    let all = serde_json::json!({
        "env": env, "compose": compose, "stack": spec.stack, "domain": spec.domain,
    });
    sha256(all.to_string())
}
