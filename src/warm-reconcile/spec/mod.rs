//! What is wanted of one app.

pub mod app_file;
pub mod release;
mod secrets;
pub mod version;

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;

use kit::json_path::JsonPath;

pub use release::{Release, ReleaseId};
pub use secrets::{secrets_in, secrets_of};

/// One app: where its recipe is, how it is deployed, and what counts as its health.
///
/// The names of the first fields are the reference reconciler's.
#[derive(Clone, Debug, PartialEq)]
pub struct AppSpec {
    /// Its name on the command line: `traefik`.
    pub app: String,
    pub recipe: String,
    /// Its domain: `traefik.ci.commoninternet.net`.
    pub domain: String,
    /// Whether its volumes are snapshotted before an upgrade and restored by a rollback.
    pub stateful: bool,
    /// The domain that is asked for health: `domain` unless said otherwise.
    pub health_domain: String,
    /// The path that is asked for health: `/api/version`.
    pub health_path: String,
    /// The statuses that count as health.
    pub health_ok: Vec<u16>,
    /// `https` unless said otherwise.
    pub health_scheme: String,
    /// The port that is asked; the scheme's default without it.
    pub health_port: Option<u16>,
    /// How the certificate is judged.
    pub tls: SpecTls,
    /// How the responder shows that it is the thing that was deployed.
    pub identity: Identity,
    /// How the app is deployed.
    pub driver: Driver,
    /// The Swarm stack's name: the domain with `_` for `.` unless said otherwise.
    pub stack: String,
    /// The recipe's git repository.
    pub repository: PathBuf,
    /// The compose files of the recipe, in order (`stack` driver). When empty those that
    /// `COMPOSE_FILE` of the environment names, else `compose.yml`.
    pub compose: Vec<String>,
    /// Environment for the compose files (`stack` driver).
    pub env: IndexMap<String, String>,
    /// A version younger than this is not deployed yet.
    pub min_age: Option<Duration>,
    /// Whether pre-releases are deployed.
    pub pre_releases: bool,
    /// Which variant of the app is followed, by the suffix of its version (`alpine`); `none` for
    /// versions without a suffix. `None`: all of them.
    pub variant: Option<String>,
    pub times: Times,
    /// Commands around a change of what runs.
    pub hooks: Hooks,
    /// Whether an upgrade waits until `prove-gate` has shown that this gate can fail.
    pub armed_gate: bool,
    /// Called with the alert file's path as its last argument when an alert is raised.
    pub alert_relay: Vec<String>,
    /// The systemd unit that runs the reconciler for this app, for `check-order`.
    pub unit: String,
}

/// Commands around a change of what runs, as lists of words; an empty one is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Before anything is touched; where it fails, nothing is.
    pub before: Vec<String>,
    /// At the end; that it fails is told.
    pub after: Vec<String>,
}

/// How a certificate is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecTls {
    /// Against the system's trust store.
    Verify,
    /// Not at all: only where the file says so.
    Insecure,
    /// Against a PEM file.
    Ca(PathBuf),
}

/// How the responder shows that it is the thing that was deployed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identity {
    /// A JSON value of the body that equals the app part of the version: `$.Version`.
    pub version: Option<JsonPath>,
    /// A JSON value of the body that is the process's start (RFC 3339): later than the intent.
    pub started: Option<JsonPath>,
}

/// How an app is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// `abra`, as the reference does.
    Abra,
    /// `docker stack deploy` from the compose files of the recipe's tag.
    Stack,
}

/// The times of a run. Their sum must fit the unit's `TimeoutStartSec`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// How long a running app on the newest version may take to answer (the reference: 60 s).
    pub first_gate: Duration,
    /// How long a deployed app may take to be healthy (the reference: 300 s).
    pub gate: Duration,
    /// The deadline of one probe (the reference: 10 s).
    pub probe: Duration,
    /// The pause between probes.
    pub every: Duration,
    /// So many successes in a row are needed after a deploy.
    pub successes: u32,
    /// And the first and last of them must be at least so far apart.
    pub steady: Duration,
    /// The deadline of the deploy command.
    pub deploy: Duration,
    /// The deadline of undeploying, until the last container is gone.
    pub undeploy: Duration,
    /// The deadline of taking or restoring a snapshot.
    pub snapshot: Duration,
    /// The deadline of each hook.
    pub hook: Duration,
    /// How long a version is watched after it became last-good; zero: not at all.
    pub bake: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Times {
            first_gate: seconds(60),
            gate: seconds(300),
            probe: seconds(10),
            every: seconds(1),
            successes: 3,
            steady: seconds(3),
            deploy: seconds(60),
            undeploy: seconds(60),
            snapshot: seconds(60),
            hook: seconds(60),
            bake: Duration::ZERO,
        }
    }
}
