//! Every row of the decision, the document, and random walks through faults.

mod document;
mod table;
mod walk;

use std::collections::BTreeSet;

use super::*;
use crate::decide::outcome::{ExitCode, Outcome};
use crate::spec::version::Version;

/// A release whose digest is its tag's.
fn release(tag: &str) -> ReleaseId {
    ReleaseId {
        version: Version::parse(tag).unwrap(),
        digest: format!("digest of {tag}"),
    }
}

fn newest(tag: &str) -> Option<Newest> {
    Some(Newest {
        release: release(tag),
        manual_migration: false,
        too_young: false,
    })
}

fn running(tag: &str, healthy: bool) -> Option<Running> {
    Some(Running {
        runs: Runs::One(release(tag)),
        healthy: Some(healthy),
        doubt: None,
    })
}

const OLD: &str = "5.1.1+v3.6.15";
const NEW: &str = "5.1.2+v3.7.0";
const MAJOR: &str = "6.0.0+v3.7.0";
const OLDER: &str = "5.1.0+v3.6.14";

/// OLD runs healthy, is recorded, and is the newest.
fn calm() -> World {
    World {
        app: "traefik".into(),
        stateful: false,
        ask: Ask::Run,
        newest: newest(OLD),
        no_version: String::new(),
        running: running(OLD, true),
        last_good: Some(release(OLD)),
        previous: None,
        data: None,
        torn: false,
        journal: Journal::Clean,
        unarmed: false,
        baking: false,
        drift: Vec::new(),
        pinned: None,
        held: None,
        quarantined: BTreeSet::new(),
        acknowledged: BTreeSet::new(),
        engine: Engine::Ok,
    }
}

/// Services of these versions run.
fn services(versions: &[(&str, &str)]) -> Option<Running> {
    let versions = versions.iter();
    let parsed = |(name, tag): &(&str, &str)| ((*name).to_owned(), Version::parse(tag).unwrap());
    Some(Running {
        runs: Runs::Mixed(versions.map(parsed).collect()),
        healthy: None,
        doubt: None,
    })
}

/// The same with a newer version.
fn behind() -> World {
    World {
        newest: newest(NEW),
        ..calm()
    }
}

fn quarantined(tags: &[&str]) -> BTreeSet<String> {
    tags.iter().map(|tag| release(tag).digest).collect()
}
