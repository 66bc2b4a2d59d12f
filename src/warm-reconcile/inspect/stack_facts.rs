//! From what the engine shows of a stack to the facts that the gate weighs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::engine::{
    self, Desired, Engine, EngineError, PortMode, Service, ServiceVersions, Settled, StackView,
    Task, is_taken_back_for_a_lost_node, poisoned, service_versions, settled, waits_for_node,
};
use crate::health::{EngineFacts, Facts, FactsError, FactsSeen, FailedTask, PortOwner, ms};
use crate::spec::AppSpec;
use crate::spec::Release;
use crate::state::journal::{Journal, JournalState};
use crate::state::layout::AppPaths;

/// The proxy through which an app is asked, if it is not the proxy itself.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// What is wanted of it.
    pub spec: AppSpec,
    /// Where its journal lies.
    pub paths: AppPaths,
}

/// The gate's view of one app's stack.
#[derive(Clone, Copy, Debug)]
pub struct StackFacts<'a> {
    pub engine: &'a Engine,
    pub spec: &'a AppSpec,
    /// What is to run, with the images that are known beforehand. The services' labels have to
    /// name its version: otherwise a deploy that never reached the engine would be taken for a
    /// settled one.
    pub expected: &'a Release,
    /// The proxy in front of it.
    pub proxy: Option<&'a Proxy>,
}

impl Facts for StackFacts<'_> {
    async fn facts(&self) -> FactsSeen {
        let view = self.engine.observe(&self.spec.stack).await?;
        self.of(&view).await
    }
}

impl From<EngineError> for FactsError {
    fn from(error: EngineError) -> FactsError {
        match error {
            EngineError::Timeout { limit, .. } => FactsError::Late(ms(limit)),
            EngineError::Unreachable { .. } | EngineError::Refused { .. } => {
                FactsError::Unreachable(error.to_string())
            }
            EngineError::Malformed { .. } => FactsError::Senseless(error.to_string()),
        }
    }
}

impl StackFacts<'_> {
    /// The facts of a view that was taken just now. The engine is asked once more only where
    /// the app is reached through a proxy.
    ///
    /// # Errors
    /// [`FactsError`] when the proxy's stack cannot be looked at.
    pub async fn of(&self, view: &StackView) -> FactsSeen {
        let mut facts = of_view(view, self.spec, self.expected);
        if let Some(proxy) = self.proxy
            && !publishes(view, self.spec)
        {
            let theirs = self.engine.observe(&proxy.spec.stack).await?;
            if let Some(PortOwner::Other(_)) = &facts.port_owner
                && owners(view, self.spec)
                    .iter()
                    .all(|owner| owner.stack.as_deref() == Some(&proxy.spec.stack))
            {
                facts.port_owner = Some(PortOwner::Proxy);
            }
            facts.at = facts.at.or(asked_at(&theirs, &proxy.spec));
            facts.proxy_unsettled = unsettled(proxy, &theirs);
        }
        Ok(facts)
    }
}

/// Why the proxy cannot be relied on just now.
fn unsettled(proxy: &Proxy, view: &StackView) -> Option<String> {
    if let Ok(JournalState::Unfinished(journal)) = Journal::open(&proxy.paths) {
        let state = journal.state();
        return Some(format!("run {} is in {state:?}", journal.plan().run_id));
    }
    match settled(view) {
        Settled::Yes => None,
        Settled::InFlight(why) | Settled::Broken(why) => Some(why),
    }
}

/// The node on which a stack has the port that is asked, if it is another than this one.
pub fn asked_at(view: &StackView, spec: &AppSpec) -> Option<IpAddr> {
    let wanted = port(spec);
    let has_port = |service: &&Service| {
        let mut ports = service.ports.iter();
        ports.any(|port| port.mode == PortMode::Host && port.published == wanted)
    };
    let services = view.services.iter().filter(has_port);
    let tasks: Vec<&Task> = services.flat_map(|service| service.running(view)).collect();
    if tasks.iter().any(|task| task.node.is_none()) {
        return None;
    }
    let mut nodes = tasks.iter().filter_map(|task| task.node.as_ref());
    nodes.find_map(|node| node.address)
}

/// Whether the stack itself publishes the port that is asked: no proxy stands in front of it then,
/// also while none of its tasks runs.
fn publishes(view: &StackView, spec: &AppSpec) -> bool {
    let mut ports = view.services.iter().flat_map(|service| &service.ports);
    ports.any(|one| one.published == port(spec))
}

/// The port that is asked.
fn port(spec: &AppSpec) -> u16 {
    let default = if spec.health_scheme == "http" {
        80
    } else {
        443
    };
    spec.health_port.unwrap_or(default)
}

fn owners<'v>(view: &'v StackView, spec: &AppSpec) -> Vec<&'v engine::Container> {
    view.port_owners(port(spec), "tcp")
}

/// All that the stack alone says.
fn of_view(view: &StackView, spec: &AppSpec, expected: &Release) -> EngineFacts {
    let services = &view.services;
    // Of two equally bad updates the later one counts.
    let updates = services
        .iter()
        .filter_map(|service| service.update.as_ref());
    let worst = updates.max_by_key(|update| (update.state.severity(), update.started));
    let lasting = || services.iter().filter(|service| is_lasting(service));
    let tasks: Vec<&Task> = lasting()
        .flat_map(|service| service.running(view))
        .collect();
    let mut containers: Vec<String> = tasks
        .iter()
        .filter_map(|task| task.container.clone())
        .collect();
    containers.sort();
    EngineFacts {
        outstanding: outstanding(view, spec, expected),
        given_up: engine::given_up(view),
        old_containers: u32::try_from(view.outgoing_count()).unwrap_or(u32::MAX),
        digests_match: images_match(view, &expected.digests),
        at: asked_at(view, spec),
        port_owner: port_owner(view, spec),
        containers,
        lost_node: waits_for_node(view).map(|node| node.hostname.clone()),
        taken_back_with_node: is_taken_back_for_a_lost_node(view),
        poisoned: poisoned(view),
        proxy_unsettled: None,
        update_state: worst.map(|update| update.state),
        update_started: worst.and_then(|update| update.started),
        restarts: lasting().flat_map(failed).collect(),
        running_since: tasks.iter().filter_map(|task| task.since).min(),
    }
}

/// Why what was deployed is not what runs, in the engine's words.
fn outstanding(view: &StackView, spec: &AppSpec, expected: &Release) -> Option<String> {
    match (settled(view), service_versions(view, spec)) {
        (Settled::InFlight(why) | Settled::Broken(why), _) => Some(why),
        (Settled::Yes, ServiceVersions::One(version)) if version == expected.version => None,
        (Settled::Yes, ServiceVersions::One(version)) => Some(format!(
            "the services are of {version}, and not of {}",
            expected.version
        )),
        (Settled::Yes, ServiceVersions::Mixed(_)) => {
            Some("the services are of different versions".to_owned())
        }
        (Settled::Yes, ServiceVersions::Unknown(why)) => Some(why),
    }
}

/// Tasks of these are there to stay: the others end by themselves.
fn is_lasting(service: &Service) -> bool {
    service.desired != Desired::Job && service.restarts
}

/// The images that run are the ones that were asked for, and one for each service.
fn images_match(view: &StackView, wanted: &BTreeMap<String, String>) -> bool {
    engine::digests(view).iter().all(|(service, image)| {
        !image.contains(',') && wanted.get(service).is_none_or(|wanted| wanted == image)
    })
}

fn port_owner(view: &StackView, spec: &AppSpec) -> Option<PortOwner> {
    if asked_at(view, spec).is_some() {
        // By the manager's word: of that node no container is seen here.
        return Some(PortOwner::Own);
    }
    let owners = owners(view, spec);
    let outgoing: BTreeSet<&str> = view.outgoing().iter().map(|one| one.id.as_str()).collect();
    let is_own = |owner: &&engine::Container| {
        owner.stack.as_deref() == Some(&spec.stack) && !outgoing.contains(owner.id.as_str())
    };
    match owners.iter().find(|owner| !is_own(owner)) {
        Some(other) => Some(PortOwner::Other(other.name.clone())),
        None if owners.is_empty() => None,
        None => Some(PortOwner::Own),
    }
}

/// The failed tasks of the present spec. How long a container ran is not in one look; from its
/// task's making to its end is never shorter, so what looks quick here was quick.
fn failed(service: &Service) -> Vec<FailedTask> {
    let tasks = service.tasks.iter();
    let failed = tasks.filter(|task| task.current && task.has_failed());
    let one = |task: &Task| {
        let by_engine = task
            .error
            .as_deref()
            .is_some_and(|error| error.contains("unhealthy"));
        let lived = task.since.zip(task.created).map(|(end, made)| end - made);
        let ran = task.exit_code.is_some();
        FailedTask {
            id: task.id.clone(),
            lived_ms: lived
                .filter(|_| ran)
                .and_then(|lived| u64::try_from(lived.num_milliseconds()).ok()),
            exit: task.exit_code.filter(|_| !by_engine),
        }
    };
    failed.map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Version;
    use crate::machine::tests::traefik;
    use serde_json::json;
    use test_kit::fake_engine::{FakeEngine, FakeService, State};

    const TAG: &str = "5.1.1+v3.6.15";

    fn expected(tag: &str, images: &[(&str, &str)]) -> Release {
        let images = images
            .iter()
            .map(|(service, image)| ((*service).to_owned(), (*image).to_owned()));
        Release {
            digests: images.collect(),
            ..Release::of_version(Version::parse(tag).unwrap())
        }
    }

    fn running(port: u16) -> State {
        let mut state = State::empty();
        let app = FakeService {
            port: Some(port),
            ..FakeService::app("traefik:v3.6.15", "aa", TAG)
        };
        state.deploy("traefik_test", &[app]);
        state
    }

    async fn facts(state: State, expected: &Release) -> EngineFacts {
        let fake = FakeEngine::start(state);
        let engine = Engine::at(fake.socket()).unwrap();
        let spec = traefik(18_080, "/nowhere");
        let facts = StackFacts {
            engine: &engine,
            spec: &spec,
            expected,
            proxy: None,
        };
        facts.facts().await.unwrap()
    }

    #[tokio::test]
    async fn what_was_deployed_runs_and_owns_the_port() {
        let facts = facts(running(18_080), &expected(TAG, &[("app", "sha256:aa")])).await;
        assert!(
            facts.outstanding.is_none() && facts.digests_match,
            "{facts:?}"
        );
        assert_eq!(facts.port_owner, Some(PortOwner::Own));
        assert_eq!((facts.old_containers, facts.containers.len()), (0, 1));
        assert_eq!((facts.poisoned, facts.proxy_unsettled), (None, None));
        assert!(facts.running_since.is_some());
    }

    #[tokio::test]
    async fn a_settled_stack_of_another_version_or_image_is_not_what_was_deployed() {
        let other = facts(running(18_080), &expected("5.2.0+v3.7.15", &[])).await;
        assert!(
            other.outstanding.is_some(),
            "the deploy never reached the engine"
        );
        let image = facts(running(18_080), &expected(TAG, &[("app", "sha256:bb")])).await;
        assert!(image.outstanding.is_none() && !image.digests_match);
    }

    #[tokio::test]
    async fn one_shot_tasks_are_no_containers_and_failed_ones_are_told_with_their_status() {
        let mut state = running(18_080);
        let job = FakeService {
            short: "migrate".into(),
            ..FakeService::app("traefik:v3.6.15", "aa", TAG)
        };
        state.deploy("traefik_test", &[job]);
        let service = &mut state.list("services")[0];
        service["Spec"]["TaskTemplate"]["RestartPolicy"]["Condition"] = json!("none");
        assert!(
            facts(state, &expected(TAG, &[]))
                .await
                .containers
                .is_empty()
        );

        let mut state = running(18_080);
        let task = &mut state.list("tasks")[0];
        task["CreatedAt"] = json!("2026-01-01T00:00:00Z");
        task["Status"] = json!({ "State": "failed", "Timestamp": "2026-01-01T00:00:04Z",
            "Err": "task: non-zero exit (3)", "ContainerStatus": { "ContainerID": "x", "ExitCode": 3 } });
        let failed = facts(state, &expected(TAG, &[])).await.restarts;
        assert_eq!(failed.len(), 1);
        assert_eq!((failed[0].lived_ms, failed[0].exit), (Some(4000), Some(3)));
    }

    #[tokio::test]
    async fn an_unsettled_proxy_is_told_and_its_own_port_is_the_proxys() {
        let mut state = State::empty();
        let proxy_app = FakeService {
            port: Some(443),
            ..FakeService::app("traefik:v3.6.15", "aa", TAG)
        };
        state.deploy("traefik_test", &[proxy_app]);
        state.deploy("web_test", &[FakeService::app("web:1", "cc", "1.0.0+v1")]);
        let fake = FakeEngine::start(state);
        let engine = Engine::at(fake.socket()).unwrap();
        let root = tempfile::tempdir().unwrap();
        let layout = crate::state::layout::Layout::new(root.path()).unwrap();
        let proxy = Proxy {
            spec: traefik(443, "/nowhere"),
            paths: layout.app("traefik", "traefik").unwrap(),
        };
        let spec = AppSpec {
            stack: "web_test".into(),
            ..traefik(443, "/nowhere")
        };
        let expected = expected("1.0.0+v1", &[]);
        let facts = StackFacts {
            engine: &engine,
            spec: &spec,
            expected: &expected,
            proxy: Some(&proxy),
        };
        let settled = facts.facts().await.unwrap();
        assert_eq!(settled.port_owner, Some(PortOwner::Proxy));
        assert_eq!(settled.proxy_unsettled, None);
        fake.edit(|state| {
            let mut tasks = state.list("tasks").iter_mut();
            let theirs = tasks.find(|task| task["ServiceID"] == "traefik_test_app-id");
            theirs.unwrap()["Status"]["State"] = json!("starting");
        });
        assert!(facts.facts().await.unwrap().proxy_unsettled.is_some());

        // An app with that port of its own has no proxy, also while nothing of it runs.
        let mut state = State::empty();
        let own = FakeService {
            port: Some(443),
            ..FakeService::app("web:1", "cc", "1.0.0+v1")
        };
        state.deploy("web_test", &[own]);
        state.list("tasks").clear();
        state.list("containers").clear();
        fake.edit(|now| *now = state);
        let idle = facts.facts().await.unwrap();
        assert_eq!(idle.port_owner, None);
        assert_eq!(idle.proxy_unsettled, None);
        assert!(idle.outstanding.is_some());
    }
}
