//! The judge against a naive specification, and the driver over real sockets.

mod clocks;
mod crashes;
mod laws;
mod model;
mod sockets;
mod timelines;
mod upgrade;

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use indexmap::IndexMap;

use super::*;
use crate::spec::version::Version;
use crate::spec::{AppSpec, Driver, Identity, SpecTls, Times};
use kit::json_path::parse_json_path;

/// A spec like the reference's `traefik`, with times for tests.
pub(crate) fn spec() -> AppSpec {
    AppSpec {
        app: "traefik".into(),
        recipe: "traefik".into(),
        domain: "traefik.test".into(),
        stateful: false,
        health_domain: "traefik.test".into(),
        health_path: "/api/version".into(),
        health_ok: vec![200],
        health_scheme: "http".into(),
        health_port: None,
        tls: SpecTls::Verify,
        identity: Identity {
            version: Some(parse_json_path("$.Version").unwrap()),
            started: None,
        },
        driver: Driver::Stack,
        stack: "traefik_test".into(),
        repository: PathBuf::from("recipe"),
        compose: vec![],
        env: IndexMap::new(),
        min_age: None,
        pre_releases: false,
        variant: None,
        times: Times {
            gate: Duration::from_millis(900),
            probe: Duration::from_millis(300),
            every: Duration::from_millis(20),
            successes: 3,
            steady: Duration::from_millis(60),
            ..Times::default()
        },
        hooks: Default::default(),
        armed_gate: false,
        alert_relay: vec![],
        unit: "deploy-proxy.service".into(),
    }
}

pub(crate) fn version() -> Version {
    Version::parse("5.1.1+v3.6.15").unwrap()
}

/// An engine that always says the same.
pub(crate) struct Says(pub(crate) FactsSeen);

impl Facts for Says {
    async fn facts(&self) -> FactsSeen {
        self.0.clone()
    }
}

/// The moment of the tests' intents.
fn intent() -> DateTime<Utc> {
    "2026-06-13T05:38:21Z".parse().unwrap()
}

/// A moment on two clocks that agree, so many milliseconds after the intent.
fn at(ms: u64) -> Moment {
    Moment {
        mono: Duration::from_millis(ms),
        utc: intent() + TimeDelta::milliseconds(ms as i64),
    }
}

fn rules(successes: u32, steady_ms: u64, deadline_ms: u64) -> Rules {
    Rules {
        ok: vec![200],
        wanted: Wanted {
            version: Some((parse_json_path("$.Version").unwrap(), "3.6.15".into())),
            started: None,
        },
        successes,
        steady: Duration::from_millis(steady_ms),
        window: Window::new(intent(), Duration::from_millis(deadline_ms)),
    }
}

fn answer(status: u16, version: &str) -> Seen {
    Seen::Answer {
        status,
        responder: Responder {
            version: Some(version.into()),
            started: None,
        },
    }
}

/// The kinds of samples that the model and the laws walk over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Good,
    Bad,
    OldVersion,
    OldContainer,
    Poisoned,
    OwnFault,
}

impl Kind {
    const ALL: [Kind; 6] = [
        Kind::Good,
        Kind::Bad,
        Kind::OldVersion,
        Kind::OldContainer,
        Kind::Poisoned,
        Kind::OwnFault,
    ];

    fn facts(self) -> FactsSeen {
        let settled = EngineFacts::settled();
        Ok(match self {
            Kind::OldContainer => EngineFacts {
                old_containers: 1,
                ..settled
            },
            Kind::Poisoned => EngineFacts {
                poisoned: Some("restart dockerd".into()),
                ..settled
            },
            _ => settled,
        })
    }

    fn sample(self, answered: Moment) -> Sample {
        Sample {
            answered,
            seen: match self {
                Kind::Bad => answer(500, "3.6.15"),
                Kind::OldVersion => answer(200, "3.6.14"),
                Kind::OwnFault => Seen::Fault("no file handles".into()),
                _ => answer(200, "3.6.15"),
            },
            facts: self.facts(),
        }
    }
}
