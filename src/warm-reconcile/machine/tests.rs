//! What a real engine cannot be made to show: one that dies in the middle of a gate, and the
//! count of what a run asks for.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::AppSpec;
use crate::decide::outcome::ExitCode;
use crate::deploy::Programs;
use crate::engine::Engine;
use crate::spec::app_file::{self, Environment};
use crate::state::journal::JournalState;
use crate::state::last_good;
use crate::state::layout::Layout;
use crate::state::quarantine::Quarantine;
use kit::yaml::source::Source;
use reach::host::Host;
use test_kit::fake_engine::{FakeEngine, FakeService, Fault, State};

const OLD: &str = "5.1.1+v3.6.15";

/// An app that is asked at this port of this machine.
pub(crate) fn traefik(port: u16, repository: &str) -> AppSpec {
    let text = format!(
        "apps:
  traefik:
    domain: traefik.test
    driver: stack
    repository: {repository}
    health_scheme: http
    health_port: {port}
    identity: {{ version: $.Version }}
    times: {{ first_gate: 1s, gate: 2s, probe: 1s, every: 100ms, successes: 2, steady: 0s, deploy: 10s }}
"
    );
    let env = Environment::from_lookup(|_| None);
    let source = Arc::new(Source {
        path: "apps.yaml".into(),
        text,
    });
    let apps = app_file::parse(source, &env).unwrap();
    apps.get("traefik").unwrap().clone()
}

/// Answers as Traefik 3.6.15 does, and counts how often.
fn server() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    // It ends with the test program.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            counted.fetch_add(1, Ordering::SeqCst);
            let body = r#"{"Version":"3.6.15"}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    (port, count)
}

struct Place {
    folder: tempfile::TempDir,
    fake: FakeEngine,
    site: Site,
    probes: Arc<AtomicUsize>,
}

impl Place {
    /// The old version runs, and is the newest.
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let recipe = folder.path().join("recipe");
        std::fs::create_dir(&recipe).unwrap();
        git(&recipe, &["init", "--quiet"]);
        let (port, probes) = server();
        let mut state = State::empty();
        let app = FakeService {
            port: Some(port),
            ..FakeService::app("traefik:v3.6.15", "aa", OLD)
        };
        let spec = traefik(port, recipe.to_str().unwrap());
        state.deploy(&spec.stack, &[app]);
        let fake = FakeEngine::start(state);
        let layout = Layout::new(folder.path().join("warm")).unwrap();
        let site = Site {
            paths: layout.app("traefik", "traefik").unwrap(),
            proxy: None,
            engine: Engine::at(fake.socket()).unwrap(),
            host: Host::local(),
            // Does nothing, and says that all went well.
            programs: Programs {
                docker: "true".into(),
                ..Programs::default()
            },
            abra_dir: folder.path().to_owned(),
            redactor: Redactor::new(std::iter::empty::<&str>()),
            spec,
        };
        let place = Place {
            folder,
            fake,
            site,
            probes,
        };
        place.release(OLD);
        place
    }

    fn release(&self, tag: &str) {
        let recipe = self.folder.path().join("recipe");
        let compose = "version: '3.8'\nservices: {app: {image: traefik}}\n";
        std::fs::write(recipe.join("compose.yml"), format!("# {tag}\n{compose}")).unwrap();
        git(&recipe, &["add", "--all"]);
        git(&recipe, &["commit", "--quiet", "--message", tag]);
        git(&recipe, &["tag", "--annotate", "--message", tag, tag]);
    }

    async fn run(&self) -> Report {
        let notify = Notify::silent();
        let flight = Flight::new(&self.site.redactor);
        let machine = Machine::new(&self.site, &notify, &flight);
        machine.run(Asked::Run, false).await.unwrap()
    }

    fn good(&self) -> Option<String> {
        let known = last_good::read(&self.site.paths).unwrap();
        known.map(|known| known.version().to_string())
    }
}

fn git(folder: &Path, words: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@test.invalid"])
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "git {words:?}: {done:?}");
}

#[tokio::test]
async fn a_healthy_current_app_costs_one_look_and_one_probe_and_no_write() {
    let mut place = Place::new();
    assert_eq!(place.run().await.outcome, Some(Outcome::Adopted));
    assert_eq!(place.good().as_deref(), Some(OLD));
    // Nobody wrote to it just now; and no answer of the engine is known from before.
    place.fake.edit(|state| {
        state.list("services")[0]["UpdatedAt"] = serde_json::json!("2026-01-01T00:00:00Z");
    });
    place.site.engine = Engine::at(place.fake.socket()).unwrap();
    let (asked, probed) = (
        place.fake.requests().len(),
        place.probes.load(Ordering::SeqCst),
    );
    let report = place.run().await;
    assert_eq!(report.outcome, Some(Outcome::NoopHealthy));
    assert_eq!(report.flight, None);
    assert_eq!(place.probes.load(Ordering::SeqCst), probed + 1);
    // The services, their tasks twice, the containers.
    let look = &place.fake.requests()[asked..];
    assert_eq!(look.len(), 4, "{look:?}");
    assert!(place.fake.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_dies_at_the_gate_costs_no_try_and_no_rollback() {
    let place = Place::new();
    place.run().await;
    place.release("5.2.0+v3.7.15");
    let ended = tokio::select! {
        report = place.run() => report,
        () = async {
            loop {
                tokio::time::sleep(Duration::from_millis(5)).await;
                if let Ok(JournalState::Unfinished(open)) = Journal::open(&place.site.paths)
                    && open.state() == crate::state::journal::State::Gating
                {
                    place.fake.fault("", Fault::Reset, usize::MAX);
                    std::future::pending::<()>().await;
                }
            }
        } => unreachable!(),
    };
    assert_eq!(
        ended.outcome,
        Some(Outcome::InconclusiveEngine),
        "{ended:?}"
    );
    assert_eq!(ended.exit(), ExitCode::Inconclusive);
    assert!(ended.alert.is_some());
    let Ok(JournalState::Unfinished(open)) = Journal::open(&place.site.paths) else {
        panic!("the journal has to stay open");
    };
    assert_eq!(open.state(), crate::state::journal::State::Gating);
    assert_eq!((open.tries(), open.until()), (TRIES, None));
    assert!(
        Quarantine::read(&place.site.paths)
            .unwrap()
            .entries
            .is_empty()
    );
    assert_eq!(place.good().as_deref(), Some(OLD));
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_is_degraded_and_nothing_is_touched() {
    let place = Place::new();
    place.run().await;
    std::fs::write(place.site.paths.journal(), "torn").unwrap();
    place.release("5.2.0+v3.7.15");
    let report = place.run().await;
    assert_eq!(report.outcome, Some(Outcome::StateUnreadable), "{report:?}");
    assert_eq!(report.exit(), ExitCode::Degraded);
    assert!(report.alert.is_some() && place.fake.writes().is_empty());
}

#[tokio::test]
async fn a_held_app_is_left_as_it_is() {
    let place = Place::new();
    place.run().await;
    place.release("5.2.0+v3.7.15");
    let hold = crate::state::operator_hold::Hold {
        reason: "a person looks".into(),
        who: "t".into(),
        since: Utc::now(),
    };
    crate::state::operator_hold::set_hold(&place.site.paths, &hold).unwrap();
    let report = place.run().await;
    assert_eq!(report.outcome, Some(Outcome::HeldByOperator), "{report:?}");
    assert!(matches!(
        Journal::open(&place.site.paths),
        Ok(JournalState::Absent)
    ));
}
