//! What runs of the app, by the engine, and what one probe of it is worth.

use super::Site;
use super::stack_facts::StackFacts;
use crate::decide::{self, Runs};
use crate::engine::{self, ServiceVersions, StackView, poisoned, service_versions};
use crate::health::{Gate, GateError, Seen, Wanted, Weight, glance, probe};
use crate::recipe::Tags;
use crate::spec::{Release, release};
use crate::state::last_good::Known;

/// One snapshot of the stack; nothing where it has no services.
pub(super) async fn observe(site: &Site) -> (Option<StackView>, decide::Engine) {
    let text = |why: String| String::from(site.redactor.text(&why));
    match site.engine.observe(&site.spec.stack).await {
        Err(error) => (None, decide::Engine::Unreachable(text(error.to_string()))),
        Ok(view) => {
            let engine = match poisoned(&view) {
                None => decide::Engine::Ok,
                Some(why) => decide::Engine::Poisoned(text(why)),
            };
            let runs = !view.services.is_empty();
            (runs.then_some(view), engine)
        }
    }
}

/// What runs, and the release where it is one.
pub(super) fn running(
    view: &StackView,
    site: &Site,
    tags: &Tags,
    good: Option<&Release>,
) -> (Runs, Option<Release>) {
    let version = match service_versions(view, &site.spec) {
        ServiceVersions::One(version) => version,
        ServiceVersions::Mixed(versions) => return (Runs::Mixed(versions), None),
        ServiceVersions::Unknown(why) => return (Runs::Unknown(why), None),
    };
    let recorded = good.filter(|good| good.version == version);
    let commit = match recorded {
        Some(good) => good.commit.clone(),
        None => tags.commit_of(&version),
    };
    let env = recorded.and_then(|good| good.env_hash.clone());
    let release = Release {
        commit,
        digests: engine::digests(view),
        env_hash: env.or_else(|| Some(release::env_hash(&site.spec))),
        version,
    };
    (Runs::One(release.id()), Some(release))
}

/// Last-good with what its tag says, where nothing but its version is recorded.
pub(super) fn release_of(known: &Known, tags: &Tags, site: &Site) -> Release {
    match known {
        Known::Whole(record) => record.release.clone(),
        Known::Version(version) => {
            Release::of_commit(version.clone(), tags.commit_of(version), &site.spec)
        }
    }
}

pub(super) async fn probe_once(site: &Site) -> Result<(Gate, Seen), GateError> {
    let gate = Gate::new(&site.spec)?;
    let observed = probe(&gate.request, &gate.identity, gate.request.timeout).await;
    Ok((gate, observed))
}

/// What that probe was worth, beside a snapshot that was taken at the same time.
pub(super) async fn weight(
    site: &Site,
    view: &StackView,
    running: &Release,
    good: Option<&Release>,
    gate: &Gate,
    observed: &mut Seen,
) -> Weight {
    let recorded = good.filter(|good| good.version == running.version);
    let expected = match recorded {
        Some(good) => good.clone(),
        None => Release::of_version(running.version.clone()),
    };
    let facts = StackFacts {
        engine: &site.engine,
        spec: &site.spec,
        expected: &expected,
        proxy: site.proxy.as_ref(),
    };
    let facts = facts.of(view).await;
    // The question was sent before it was known where the app runs.
    if let Some(node) = facts.as_ref().ok().and_then(|facts| facts.at) {
        let request = gate.request_at(Some(node));
        *observed = probe(&request, &gate.identity, request.timeout).await;
    }
    let wanted = Wanted::of(&site.spec.identity, &running.version, None);
    glance(gate, &wanted, observed, &facts)
}
