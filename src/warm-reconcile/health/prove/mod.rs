//! `prove-gate`: shows that an app's gate lets the right app through and nothing else.
//!
//! Every [`Control`] is a real server on loopback (or nobody), asked through the app's own gate:
//! the same URL but for the port, the same statuses, identity, judge and number of successes.
//! What is not the app's own: the engine's facts are a stand-in's, TLS is served under an
//! authority made for the occasion, and the times are shortened (the number of successes is not).
//!
//! The result is bound to the gate's configuration and to this build of the program, each by its
//! digest: a [`Certificate`] of another gate or by another program proves nothing, so a gate is
//! armed only while both match ([`Certificate::arms`]).

mod controls;
mod servers;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

pub use self::controls::{Control, Expected};
pub use self::servers::StageError;

use self::controls::answer;
use self::servers::{Authority, Play, Stage};
use crate::health::{
    EngineFacts, Facts, FactsSeen, Gate, GateError, SystemClock, Timeline, Verdict, Window, ms,
    utc_now, wait,
};
use crate::spec::version::Version;
use crate::spec::{AppSpec, SpecTls};
use crate::state::file::{self, StateError};
use crate::state::layout::AppPaths;
use reach::probe::TlsTrust;

/// The version of the certificate's form.
const SCHEMA: u32 = 1;

/// The longest time one control may take.
const WINDOW: Duration = Duration::from_millis(1500);
/// The deadline of one probe within it; TLS on a busy machine needs some.
const PROBE: Duration = Duration::from_millis(600);
/// The pause between probes.
const EVERY: Duration = Duration::from_millis(25);

/// What was proved of one gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The version of this document's form.
    pub schema: u32,
    pub app: String,
    /// The digest of the gate's configuration ([`Gate::digest`]).
    pub gate: String,
    /// The digest of the program that proved it ([`own_build`]).
    pub program: String,
    /// When it was proved.
    pub at: DateTime<Utc>,
    /// Whether every control showed what it had to.
    pub teeth: bool,
    pub controls: Vec<Shown>,
}

/// What one control showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    pub control: Control,
    /// What the gate had to say.
    pub expected: Expected,
    /// What it said; `None` when the control says nothing about this gate.
    pub verdict: Option<Verdict>,
    /// Why it says nothing: a gap that the spec itself leaves open.
    pub not_applicable: Option<String>,
    /// How many probes were made.
    pub probes: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Why nothing was proved, either way.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The spec makes no gate.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// A control could not be staged.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// This program cannot be read, so that nothing can be bound to it.
    #[error("cannot read the file of this program: {0}")]
    Program(io::Error),
    /// Every status from 500 to 599 counts as health, so none can be shown that does not.
    #[error("`health_ok` holds every 5xx status")]
    NoBadStatus,
    /// A control ended without a result: a fault of this program.
    #[error("a control broke: {0}")]
    Broken(String),
}

impl Shown {
    /// Whether it showed what it had to, or says nothing.
    pub fn holds(&self) -> bool {
        match (&self.verdict, self.expected) {
            (None, _) => self.not_applicable.is_some(),
            (Some(Verdict::Healthy), Expected::Healthy)
            | (Some(Verdict::Unhealthy(_)), Expected::Unhealthy)
            | (Some(Verdict::Inconclusive(_)), Expected::Inconclusive) => true,
            (Some(_), _) => false,
        }
    }
}

impl Certificate {
    /// Whether it proves this gate: it has teeth, every control is in it, the gate's configuration
    /// is the one it was proved for, and this build of the program is the one that asked.
    pub fn arms(&self, gate: &Gate) -> bool {
        let shown = |control| {
            let mut all = self.controls.iter();
            all.any(|shown| {
                shown.control == control && shown.expected == control.expected() && shown.holds()
            })
        };
        let all = Control::ALL.into_iter().all(shown);
        let is_this_gate = self.teeth && all && self.gate == gate.digest();
        self.schema == SCHEMA && is_this_gate && own_build().is_ok_and(|own| own == self.program)
    }

    /// Whether it proves the gate of this app.
    pub fn arms_gate_of(&self, spec: &AppSpec) -> bool {
        Gate::new(spec).is_ok_and(|gate| self.arms(&gate))
    }
}

/// `sha256:…` of the file of the program that runs, also where another has taken its place since.
///
/// # Errors
/// Where the file cannot be read.
pub fn own_build() -> io::Result<&'static str> {
    static OWN: OnceLock<String> = OnceLock::new();
    if OWN.get().is_none() {
        let (digest, _) = kit::digest::of_reader(File::open("/proc/self/exe")?)?;
        let _ = OWN.set(format!("sha256:{digest}"));
    }
    Ok(OWN.get().map_or("", String::as_str))
}

/// The proof that is on record; `None` where there is none.
///
/// # Errors
/// [`StateError`].
pub fn stored(paths: &AppPaths) -> Result<Option<Certificate>, StateError> {
    file::read_json(&paths.gate())
}

/// Puts a proof on record, in place of an older one, also one without teeth.
///
/// # Errors
/// [`StateError`].
pub fn store(paths: &AppPaths, proof: &Certificate) -> Result<(), StateError> {
    file::write_json(&paths.gate(), proof)
}

/// Runs every control: the right app alone, then all others side by side. About 3 seconds.
///
/// # Errors
/// See [`ProofError`]. A control that shows the wrong thing is no error: the certificate says so.
pub async fn prove_gate(spec: &AppSpec, version: &Version) -> Result<Certificate, ProofError> {
    let gate = Gate::new(spec)?;
    let authority = Arc::new(Authority::new()?);
    let one = |control| show(spec.clone(), version.clone(), control, authority.clone());
    let mut controls = vec![one(Control::TheRightApp).await?];
    let mut others = JoinSet::new();
    for control in Control::ALL {
        if control != Control::TheRightApp {
            others.spawn(one(control));
        }
    }
    while let Some(shown) = others.join_next().await {
        controls.push(shown.map_err(|error| ProofError::Broken(error.to_string()))??);
    }
    controls.sort_by_key(|shown| Control::ALL.iter().position(|c| *c == shown.control));
    Ok(Certificate {
        schema: SCHEMA,
        app: spec.app.clone(),
        gate: gate.digest(),
        program: own_build().map_err(ProofError::Program)?.to_owned(),
        at: utc_now(),
        teeth: controls.iter().all(Shown::holds),
        controls,
    })
}

async fn show(
    spec: AppSpec,
    version: Version,
    control: Control,
    authority: Arc<Authority>,
) -> Result<Shown, ProofError> {
    let mut shown = Shown {
        control,
        expected: control.expected(),
        verdict: None,
        not_applicable: None,
        probes: 0,
        took_ms: 0,
    };
    if control.needs_verification() {
        shown.not_applicable = unverified(&spec).map(str::to_owned);
        if shown.not_applicable.is_some() {
            return Ok(shown);
        }
    }
    let intent = utc_now();
    let stage = stage(&spec, &version, control, &authority, intent).await?;
    let gate = scaled(&spec, stage.addr.port(), &authority)?;
    let rules = gate.rules(&version, Window::new(intent, WINDOW), true);
    let engine = StandIn(control.facts(&spec.identity));
    let (clock, mut timeline) = (SystemClock::start(), Timeline::default());
    let began = std::time::Instant::now();
    shown.verdict = Some(wait(&gate, rules, &engine, &clock, &mut timeline, |_| ()).await);
    shown.took_ms = ms(began.elapsed());
    shown.probes = timeline.probes;
    Ok(shown)
}

/// Why a wrong certificate cannot turn this gate red.
fn unverified(spec: &AppSpec) -> Option<&'static str> {
    match (spec.health_scheme.as_str(), &spec.tls) {
        ("https", SpecTls::Insecure) => {
            Some("the app file says that certificates are not verified")
        }
        ("https", _) => None,
        _ => Some("the app is asked without TLS"),
    }
}

async fn stage(
    spec: &AppSpec,
    version: &Version,
    control: Control,
    authority: &Authority,
    intent: DateTime<Utc>,
) -> Result<Stage, ProofError> {
    if control == Control::ClosedPort {
        return Ok(Stage::closed()?);
    }
    let ok = spec.health_ok.first().copied().ok_or(GateError::NoStatus)?;
    let bad = (500..600).find(|status| !spec.health_ok.contains(status));
    let bad = bad.ok_or(ProofError::NoBadStatus)?;
    let name = match control {
        Control::WrongName => "another-name.invalid",
        _ => spec.health_domain.trim_matches(['[', ']']),
    };
    let tls = match spec.health_scheme.as_str() {
        "https" => Some(authority.acceptor(name, control == Control::ExpiredCertificate)?),
        _ => None,
    };
    let play = match control {
        Control::BlackHole => Play::BlackHole,
        _ => Play::Answer(answer(
            control,
            &spec.identity,
            ok,
            bad,
            version.app(),
            intent,
        )),
    };
    Ok(Stage::open(tls, play).await?)
}

/// The app's gate at another port, under the proof's authority, in less time.
fn scaled(spec: &AppSpec, port: u16, authority: &Authority) -> Result<Gate, GateError> {
    let mut spec = spec.clone();
    spec.health_port = Some(port);
    spec.times.probe = spec.times.probe.min(PROBE);
    spec.times.every = spec.times.every.min(EVERY);
    // The row still has to be as long, and to take a noticeable time.
    spec.times.steady = spec.times.steady.min(EVERY * 4);
    let trust = match (&spec.tls, spec.health_scheme.as_str()) {
        (SpecTls::Insecure, _) => TlsTrust::Insecure,
        (_, "https") => TlsTrust::Ca(authority.pem.clone()),
        _ => TlsTrust::Verify,
    };
    Gate::with_trust(&spec, trust)
}

/// An engine that says what the control wants.
struct StandIn(EngineFacts);

impl Facts for StandIn {
    async fn facts(&self) -> FactsSeen {
        Ok(self.0.clone())
    }
}
