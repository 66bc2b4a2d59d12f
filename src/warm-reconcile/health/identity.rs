//! Who answered: what the body says of the responder, and whether that is the deployed thing.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::evidence::Against;
use super::facts::{EngineFacts, PortOwner};
use crate::spec::Identity;
use crate::spec::version::Version;
use kit::json::{self, Json};
use kit::json_path::JsonPath;
use kit::json_path::lookup;
use reach::observation::Captured;

/// How far a start may lie in the future before it is disbelieved: two clocks of one machine
/// differ by less.
const SKEW: TimeDelta = TimeDelta::seconds(2);

/// What the responder has to say of itself. Nothing named: the engine's facts must show it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// The value at this path is this version, in the order of [`kit::version`].
    pub version: Option<(JsonPath, String)>,
    /// The value at this path is a time (RFC 3339) later than this.
    pub started: Option<(JsonPath, DateTime<Utc>)>,
}

impl Wanted {
    /// What a deploy of `version` must show. `intent` is when the deploy was decided on; `None`
    /// where nothing was deployed, or a redeploy may leave the process as it is: then the start
    /// is not asked for.
    pub fn of(identity: &Identity, version: &Version, intent: Option<DateTime<Utc>>) -> Wanted {
        let path = identity.version.clone();
        Wanted {
            version: path.map(|path| (path, version.app().to_owned())),
            started: identity.started.clone().zip(intent),
        }
    }

    /// Whether the body has to show anything.
    pub fn is_in_body(&self) -> bool {
        self.version.is_some() || self.started.is_some()
    }
}

/// What the body said of the responder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Responder {
    /// The text at the version's path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The text at the start's path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
}

/// Longer values are cut: they go into records.
const LONGEST: usize = 200;

impl Responder {
    /// Reads a body. A body that is no JSON, or was cut off, says nothing.
    pub fn read(identity: &Identity, body: &Captured) -> Responder {
        if (identity.version.is_none() && identity.started.is_none()) || body.is_truncated() {
            return Responder::default();
        }
        let bytes = body
            .bytes
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&body.bytes);
        let Some(root) = std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| json::parse(text).ok())
        else {
            return Responder::default();
        };
        let text = |path: &Option<JsonPath>| match lookup(path.as_ref()?, &root)? {
            Json::String(text) => Some(text.chars().take(LONGEST).collect()),
            _ => None,
        };
        Responder {
            version: text(&identity.version),
            started: text(&identity.started),
        }
    }
}

/// Why an answer at `now` is not (shown to be) from the deployed thing; `None` when it is.
pub(super) fn stranger(
    wanted: &Wanted,
    responder: &Responder,
    facts: &EngineFacts,
    now: DateTime<Utc>,
) -> Option<Against> {
    if !facts.digests_match {
        return Some(Against::Digest);
    }
    if let Some(PortOwner::Other(who)) = &facts.port_owner {
        return Some(Against::PortOwner(who.clone()));
    }
    if !wanted.is_in_body() && facts.port_owner.is_none() {
        return Some(Against::OwnerUnknown);
    }
    if let Some((path, version)) = &wanted.version {
        let Some(seen) = &responder.version else {
            return Some(Against::NotSaid(path.source.clone()));
        };
        if !is_same(seen, version) {
            return Some(Against::Version {
                wanted: version.clone(),
                seen: seen.clone(),
            });
        }
    }
    let (path, intent) = wanted.started.as_ref()?;
    let Some(seen) = &responder.started else {
        return Some(Against::NotSaid(path.source.clone()));
    };
    match started_after(seen, *intent, now) {
        true => None,
        false => Some(Against::Started {
            after: *intent,
            seen: seen.clone(),
        }),
    }
}

/// Whether two texts name one version, in the one order of versions: `v1.0` is `1.0.0+build5`.
/// Texts that are no versions are compared as they are.
fn is_same(seen: &str, wanted: &str) -> bool {
    match (
        kit::version::Version::parse(seen),
        kit::version::Version::parse(wanted),
    ) {
        (Some(seen), Some(wanted)) => seen == wanted,
        _ => seen == wanted,
    }
}

/// Whether a start may be later than the intent and is not in the future. A time in whole
/// seconds was cut off, so it stands for the whole second: otherwise a process that starts in
/// the second of the intent would never be believed. The fence keeps an older one out.
fn started_after(text: &str, intent: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let Ok(start) = DateTime::parse_from_rfc3339(text) else {
        return false;
    };
    let start = start.with_timezone(&Utc);
    let whole = !text.contains('.');
    let latest = match whole {
        true => start + TimeDelta::nanoseconds(999_999_999),
        false => start,
    };
    latest > intent && start <= now + SKEW
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::json_path::parse_json_path;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn identity() -> Identity {
        Identity {
            version: Some(parse_json_path("$.Version").unwrap()),
            started: Some(parse_json_path("$.startDate").unwrap()),
        }
    }

    fn responder(body: &str) -> Responder {
        Responder::read(&identity(), &Captured::whole(body))
    }

    #[test]
    fn reads_texts_at_paths_and_nothing_else() {
        let body = r#"{"Version":"3.6.15","startDate":"2026-06-13T05:38:21.5Z"}"#;
        let seen = responder(body);
        assert_eq!(seen.version.as_deref(), Some("3.6.15"));
        assert_eq!(seen.started.as_deref(), Some("2026-06-13T05:38:21.5Z"));
        for none in [
            "",
            "no json",
            "[]",
            r#"{"Version":3.6}"#,
            r#"{"Version":null}"#,
        ] {
            assert_eq!(responder(none), Responder::default(), "{none}");
        }
        let cut = Captured {
            bytes: body.into(),
            total: 10_000,
        };
        assert_eq!(Responder::read(&identity(), &cut), Responder::default());
    }

    #[test]
    fn a_version_is_equal_or_another_one() {
        let version = Version::parse("5.1.1+v3.6.15").unwrap();
        let wanted = Wanted {
            started: None,
            ..Wanted::of(&identity(), &version, None)
        };
        let facts = EngineFacts::settled();
        let now = at("2026-06-13T05:38:21Z");
        let says = |text: &str| Responder {
            version: Some(text.into()),
            started: None,
        };
        for same in ["3.6.15", "v3.6.15"] {
            assert_eq!(stranger(&wanted, &says(same), &facts, now), None);
        }
        for other in ["3.6.1", "3.6.150", "3.6.15-rc.1", "", "vv3.6.15", "3.6.15 "] {
            let seen = stranger(&wanted, &says(other), &facts, now);
            assert!(matches!(seen, Some(Against::Version { .. })), "{other}");
        }
        for (deployed, seen, same) in [
            ("5.1.1+1.0", "1.0.0", true),
            ("5.1.1+v1.0.0", "1.0", true),
            ("5.1.1+1.0.0", "1.0.0+build5", true),
            ("5.1.1+1.0.0", "V1.0.0", true),
            ("5.1.1+1.0.0-alpine", "1.0.0-alpine", true),
            ("5.1.1+1.0.0", "1.0.0-rc1", false),
            ("5.1.1+1.0.0", "1.0.1", false),
            ("5.1.1+1.0.0", "10.0", false),
        ] {
            assert_eq!(
                is_same(seen, Version::parse(deployed).unwrap().app()),
                same,
                "{seen}"
            );
        }
        let silent = stranger(&wanted, &Responder::default(), &facts, now);
        assert_eq!(silent, Some(Against::NotSaid("$.Version".into())));
    }

    #[test]
    fn a_start_is_after_the_intent_and_not_in_the_future() {
        let (intent, now) = (at("2026-06-13T05:38:21.5Z"), at("2026-06-13T05:38:30Z"));
        for (text, good) in [
            ("2026-06-13T05:38:21.6Z", true),
            ("2026-06-13T07:38:22+02:00", true),
            ("2026-06-13T05:38:21Z", true),
            ("2026-06-13T05:38:21.500Z", false),
            ("2026-06-13T05:38:20Z", false),
            ("2026-06-13T05:38:33Z", false),
            ("1781328000", false),
            ("", false),
        ] {
            assert_eq!(started_after(text, intent, now), good, "{text}");
        }
    }

    #[test]
    fn without_a_word_in_the_body_the_owner_of_the_port_must_be_known() {
        let now = at("2026-06-13T05:38:30Z");
        let told = |owner, digests_match| {
            let facts = EngineFacts {
                port_owner: owner,
                digests_match,
                ..EngineFacts::settled()
            };
            stranger(&Wanted::default(), &Responder::default(), &facts, now)
        };
        assert_eq!(told(Some(PortOwner::Own), true), None);
        assert_eq!(told(Some(PortOwner::Proxy), true), None);
        assert_eq!(told(None, true), Some(Against::OwnerUnknown));
        assert_eq!(told(Some(PortOwner::Own), false), Some(Against::Digest));
        let other = PortOwner::Other("c_web".into());
        assert_eq!(
            told(Some(other), true),
            Some(Against::PortOwner("c_web".into()))
        );
    }
}
