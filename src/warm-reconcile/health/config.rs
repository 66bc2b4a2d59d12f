//! A gate as configured: what is asked, how, and what it must show.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::identity::Wanted;
use super::judge::{Rules, Window};
use crate::spec::version::Version;
use crate::spec::{AppSpec, Identity, SpecTls};
use reach::probe::{Request, TlsTrust, endpoint};

/// A body of which more would have to be read says nothing of its responder.
const BODY_LIMIT: usize = 256 * 1024;

/// The address that is asked: the host's own, under the app's name.
const HERE: &str = "127.0.0.1";

/// A gate, ready to be waited at.
#[derive(Clone, Debug)]
pub struct Gate {
    pub(crate) request: Request,
    pub(crate) identity: Identity,
    pub(crate) ok: Vec<u16>,
    pub(crate) successes: u32,
    pub(crate) steady: Duration,
    pub(crate) every: Duration,
}

/// Why a spec makes no gate. Our own fault: nothing is known of the app.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// The CA file cannot be read.
    #[error("the CA file {path} cannot be read: {why}")]
    Ca {
        path: String,
        /// What the system said.
        why: String,
    },
    /// The URL made of the spec's fields cannot be asked.
    #[error("the app file makes no URL that can be asked: {0}")]
    Url(String),
    /// No status counts as health, so nothing ever could.
    #[error("the app file's `health_ok` is empty")]
    NoStatus,
}

impl Gate {
    /// The gate of a spec. Reads the CA file, if the spec names one.
    ///
    /// # Errors
    /// See [`GateError`].
    pub fn new(spec: &AppSpec) -> Result<Gate, GateError> {
        Gate::with_trust(spec, trust(&spec.tls)?)
    }

    /// The same with another trust: `prove-gate` serves under certificates of its own.
    pub(crate) fn with_trust(spec: &AppSpec, tls: TlsTrust) -> Result<Gate, GateError> {
        if spec.health_ok.is_empty() {
            return Err(GateError::NoStatus);
        }
        let port = spec.health_port.map(|port| format!(":{port}"));
        let (scheme, domain) = (&spec.health_scheme, &spec.health_domain);
        let (port, path) = (port.unwrap_or_default(), &spec.health_path);
        let is_address = domain.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let request = Request {
            stream: None,
            keep_cookies: false,
            method: "GET".into(),
            url: format!("{scheme}://{domain}{port}{path}"),
            resolve: (!is_address).then(|| HERE.to_owned()),
            tls,
            headers: Vec::new(),
            body: None,
            follow: 0,
            timeout: spec.times.probe,
            body_limit: BODY_LIMIT,
        };
        endpoint(&request).map_err(|error| GateError::Url(error.to_string()))?;
        Ok(Gate {
            request,
            identity: spec.identity.clone(),
            ok: spec.health_ok.clone(),
            successes: spec.times.successes,
            steady: spec.times.steady,
            every: spec.times.every,
        })
    }

    /// The rules for one deploy of `version`. With `fresh` the process has to have started after
    /// the window's intent; say false where the deploy may leave it as it is.
    pub fn rules(&self, version: &Version, window: Window, fresh: bool) -> Rules {
        self.rules_for(
            Wanted::of(&self.identity, version, fresh.then_some(window.intent)),
            window,
        )
    }

    pub(crate) fn rules_for(&self, wanted: Wanted, window: Window) -> Rules {
        Rules {
            ok: self.ok.clone(),
            wanted,
            successes: self.successes,
            steady: self.steady,
            window,
        }
    }

    /// The same question, asked of another node of the swarm where the app has its port there.
    pub(crate) fn request_at(&self, node: Option<IpAddr>) -> Request {
        let mut request = self.request.clone();
        if let (Some(here), Some(node)) = (&mut request.resolve, node) {
            *here = node.to_string();
        }
        request
    }

    pub fn request(&self) -> &Request {
        &self.request
    }

    /// `sha256:…` over everything that decides what this gate lets through: URL, address,
    /// trust, statuses, identity, the numbers and times. Changes when any of them does.
    pub fn digest(&self) -> String {
        let trust = match &self.request.tls {
            TlsTrust::Verify => "verify".to_owned(),
            TlsTrust::Insecure => "insecure".to_owned(),
            TlsTrust::Ca(pem) => format!("ca {}", kit::digest::sha256(pem)),
        };
        let path = |path: &Option<_>| path.as_ref().map(source);
        let all = json!({
            "gate": 1,
            "url": self.request.url,
            "resolve": self.request.resolve,
            "tls": trust,
            "ok": self.ok,
            "version": path(&self.identity.version),
            "started": path(&self.identity.started),
            "successes": self.successes,
            "steady_ms": ms(self.steady),
            "every_ms": ms(self.every),
            "probe_ms": ms(self.request.timeout),
        });
        format!("sha256:{}", kit::digest::sha256(all.to_string()))
    }
}

fn source(path: &kit::json_path::JsonPath) -> String {
    path.source.clone()
}

fn trust(tls: &SpecTls) -> Result<TlsTrust, GateError> {
    Ok(match tls {
        SpecTls::Verify => TlsTrust::Verify,
        SpecTls::Insecure => TlsTrust::Insecure,
        SpecTls::Ca(path) => {
            let pem = kit::regular::text(path).map_err(|error| GateError::Ca {
                path: path.display().to_string(),
                why: error.to_string(),
            })?;
            TlsTrust::Ca(pem.into_bytes())
        }
    })
}

/// Whole milliseconds.
pub(crate) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Now, by the wall clock.
pub(crate) fn utc_now() -> DateTime<Utc> {
    Utc::now()
}
