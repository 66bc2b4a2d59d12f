//! The controls as data: what each shows to the gate, and what the gate has to say.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::health::{EngineFacts, PortOwner};
use crate::spec::Identity;
use kit::json_path::JsonPath;
use kit::json_path::JsonStep;

/// One thing that a gate is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// The deployed thing itself. A gate that never opens proves nothing by staying shut.
    TheRightApp,
    /// A status that does not count, with the right body.
    Stub5xx,
    /// A redirect to a place that answers rightly.
    Redirect,
    /// Another app's page, with a status that counts.
    AnotherApp,
    /// The version before, still answering rightly.
    OldVersion,
    /// Accepts the connection and never answers.
    BlackHole,
    /// A certificate for another name.
    WrongName,
    /// A certificate that has expired.
    ExpiredCertificate,
    ClosedPort,
    /// The right app answers, and a container of the old spec still exists.
    OldContainer,
    /// The right app answers, on an engine that cannot be trusted: no verdict is right.
    PoisonedEngine,
}

impl Control {
    /// All controls, the positive one first.
    pub const ALL: [Control; 11] = [
        Control::TheRightApp,
        Control::Stub5xx,
        Control::Redirect,
        Control::AnotherApp,
        Control::OldVersion,
        Control::BlackHole,
        Control::WrongName,
        Control::ExpiredCertificate,
        Control::ClosedPort,
        Control::OldContainer,
        Control::PoisonedEngine,
    ];

    /// What the gate has to say.
    pub fn expected(self) -> Expected {
        match self {
            Control::TheRightApp => Expected::Healthy,
            Control::PoisonedEngine => Expected::Inconclusive,
            _ => Expected::Unhealthy,
        }
    }

    /// Whether it is about the certificate.
    pub(super) fn needs_verification(self) -> bool {
        matches!(self, Control::WrongName | Control::ExpiredCertificate)
    }

    /// What the engine says meanwhile. Where the body names no identity, only the engine can
    /// tell another app or an old version from the right one.
    pub(super) fn facts(self, identity: &Identity) -> EngineFacts {
        let mute = identity.version.is_none() && identity.started.is_none();
        let mut facts = EngineFacts::settled();
        match self {
            Control::AnotherApp if mute => {
                facts.port_owner = Some(PortOwner::Other("another app".to_owned()));
            }
            Control::OldVersion if mute => facts.digests_match = false,
            Control::OldContainer => facts.old_containers = 1,
            Control::PoisonedEngine => facts.poisoned = Some("a control".to_owned()),
            _ => {}
        }
        facts
    }
}

/// What a gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    Healthy,
    Unhealthy,
    Inconclusive,
}

/// The whole answer of a control's server.
pub(super) fn answer(
    control: Control,
    identity: &Identity,
    ok: u16,
    bad: u16,
    version: &str,
    intent: DateTime<Utc>,
) -> String {
    let right = || body(identity, version, intent);
    let (status, body) = match control {
        Control::Stub5xx => (bad, right()),
        Control::Redirect => (302, right()),
        Control::AnotherApp => (ok, "<h1>another app</h1>".to_owned()),
        // It says of itself what the old one said: another version, an earlier start.
        Control::OldVersion => {
            let before = intent - TimeDelta::hours(1);
            (ok, self::body(identity, "0.0.0-before", before))
        }
        _ => (ok, right()),
    };
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nlocation: /\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// A body that names this version, and a start right after `after`, where the spec looks.
fn body(identity: &Identity, version: &str, after: DateTime<Utc>) -> String {
    let start = after + TimeDelta::milliseconds(1);
    let start = start.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut root = Value::Null;
    for (path, value) in [(&identity.version, version), (&identity.started, &start)] {
        if let Some(path) = path {
            put(&mut root, path, json!(value));
        }
    }
    root.to_string()
}

/// Puts a value where a path leads, and makes what is missing on the way.
fn put(root: &mut Value, path: &JsonPath, leaf: Value) {
    let place = path.steps.iter().fold(root, |place, step| match step {
        JsonStep::Key(key) => {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            &mut place[key]
        }
        JsonStep::Index(index) => {
            let wanted = usize::try_from(index.unsigned_abs()).unwrap_or(0);
            let length = if *index < 0 { wanted } else { wanted + 1 };
            if !place.is_array() {
                *place = Value::Array(Vec::new());
            }
            let Value::Array(elements) = place else {
                // It was just made one.
                return place;
            };
            if elements.len() < length {
                elements.resize(length, Value::Null);
            }
            let at = match *index < 0 {
                true => elements.len() - wanted,
                false => wanted,
            };
            &mut elements[at]
        }
    });
    *place = leaf;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Responder;
    use kit::json_path::parse_json_path;
    use reach::observation::Captured;

    #[test]
    fn a_body_says_what_is_looked_for_wherever_that_is() {
        let intent: DateTime<Utc> = "2026-06-13T05:38:21.250Z".parse().unwrap();
        for (version, started) in [
            (Some("$.Version"), Some("$.startDate")),
            (Some("$.a.b[1]['c d']"), Some("$.a.e")),
            (Some("$[-2]"), Some("$[3].x")),
            (Some("$"), None),
            (None, Some("$.x")),
        ] {
            let path = |text: Option<&str>| text.map(|text| parse_json_path(text).unwrap());
            let identity = Identity {
                version: path(version),
                started: path(started),
            };
            let body = body(&identity, "3.6.15", intent);
            let seen = Responder::read(&identity, &Captured::whole(body.clone()));
            if version != Some("$[-2]") {
                assert_eq!(seen.version.is_some(), version.is_some(), "{body}");
            }
            let start = started.map(|_| "2026-06-13T05:38:21.251Z".to_owned());
            assert_eq!(seen.started, start, "{body}");
        }
    }
}
