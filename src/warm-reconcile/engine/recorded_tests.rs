//! The client against answers of a real engine, and against an engine that fails.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use test_kit::fake_engine::{FakeEngine, FakeService, Fault, State};

const STACK: &str = "web_test";

async fn seen(name: &str) -> StackView {
    let fake = FakeEngine::start(State::recorded(name));
    let engine = Engine::at(fake.socket()).unwrap();
    let mut view = engine.observe(STACK).await.unwrap();
    assert_eq!(fake.writes(), Vec::<String>::new());
    // When it was recorded, not when it was played: the last thing that happened.
    let tasks = view.services.iter().flat_map(|service| &service.tasks);
    if let Some(last) = tasks.filter_map(|task| task.since).max() {
        view.taken = last;
    }
    view
}

#[track_caller]
fn broken(view: &StackView, words: &str) {
    match settled(view) {
        Settled::Broken(why) => assert!(why.contains(words), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn in_flight(view: &StackView, words: &str) {
    match settled(view) {
        Settled::InFlight(why) => assert!(why.contains(words), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_fresh_deploy_is_seen_as_it_was_recorded() {
    let view = seen("fresh").await;
    assert_eq!(settled(&view), Settled::Yes);
    assert_eq!(poisoned(&view), None);
    let app = view.service("app").unwrap();
    assert_eq!((app.index, app.desired), (32, Desired::Replicas(1)));
    assert_eq!(app.image, "lab/web:1");
    assert_eq!(app.ports.len(), 1);
    assert_eq!(app.ports[0].published, 18081);
    assert!(app.is_up_to_date() && app.restarts && app.update.is_none());
    let owners = view.port_owners(18081, "tcp");
    assert_eq!(owners.len(), 1);
    assert_eq!(owners[0].service.as_deref(), Some(app.id.as_str()));
    assert_eq!(view.volume_users("web_test_data", None).len(), 1);
    let digests = digests(&view);
    assert_eq!(digests["app"], owners[0].image_id);
    assert!(digests["app"].starts_with("sha256:d0005314"));
}

#[tokio::test]
async fn an_upgrade_is_in_flight_until_the_engine_has_done_watching_it() {
    let begun = seen("upgrade-begun").await;
    in_flight(&begun, "update in progress");
    assert!(!begun.service("app").unwrap().is_up_to_date());
    assert_eq!(begun.outgoing().len(), 1);
    let watched = seen("upgrade-monitored").await;
    in_flight(&watched, "update in progress");
    assert!(watched.service("app").unwrap().is_up_to_date());
    assert_eq!(settled(&seen("completed").await), Settled::Yes);
}

#[tokio::test]
async fn a_rollback_of_the_engine_s_own_is_never_taken_for_success() {
    in_flight(
        &seen("broken-image").await,
        "update rolled back due to failure",
    );
    let back = seen("rollback-completed").await;
    broken(&back, "the engine took it back");
    assert!(
        rolled_back_by_engine(&back)
            .unwrap()
            .contains("rollback completed")
    );
    assert!(rolled_back_by_engine(&seen("completed").await).is_none());
}

#[tokio::test]
async fn paused_is_an_end() {
    broken(&seen("paused").await, "update paused due to failure");
}

#[tokio::test]
async fn a_crash_loop_is_broken_with_the_last_reason() {
    broken(
        &seen("crash-loop").await,
        "3 starts failed and none runs; last: task: non-zero exit (3)",
    );
}

#[tokio::test]
async fn completed_after_the_engine_was_killed_is_not_believed() {
    let view = seen("engine-killed").await;
    let update = view.service("app").unwrap().update.as_ref().unwrap();
    assert_eq!(update.state, UpdateState::Completed);
    broken(&view, "starts failed and none runs");
}

#[tokio::test]
async fn a_service_scaled_to_nothing_drains_until_its_container_is_gone() {
    in_flight(&seen("draining").await, "still there");
    let drained = seen("drained").await;
    // Its task still reads as running; its container has ended.
    assert!(
        drained
            .service("app")
            .unwrap()
            .tasks
            .iter()
            .any(|task| task.state == TaskState::Running)
    );
    assert_eq!(settled(&drained), Settled::Yes);
    assert!(digests(&drained).is_empty());
}

#[tokio::test]
async fn a_removed_stack_is_in_flight_until_the_last_container_is_gone() {
    let removing = seen("removing").await;
    in_flight(&removing, "still there");
    assert!(!removing.is_gone());
    assert_eq!(
        removing
            .volume_users("web_test_data", None)
            .iter()
            .filter(|one| one.is_live())
            .count(),
        1
    );
    let gone = seen("gone").await;
    broken(&gone, "has no services");
    assert!(gone.is_gone());
}

#[tokio::test]
async fn a_foreign_container_on_the_port_is_named() {
    let why = poisoned(&seen("foreign-port").await).unwrap();
    assert!(
        why.contains("port 18081/tcp of web_test_app is held by another container: foreign"),
        "{why}"
    );
}

#[tokio::test]
async fn a_port_that_is_taken_by_nobody_is_the_engine_s_own_fault() {
    // The same failures, and no container that holds the port: seen after a killed engine.
    let mut state = State::recorded("foreign-port");
    state
        .list("containers")
        .retain(|one| one["State"] != "running");
    let fake = FakeEngine::start(state);
    let view = Engine::at(fake.socket())
        .unwrap()
        .observe(STACK)
        .await
        .unwrap();
    let why = poisoned(&view).unwrap();
    assert!(
        why.contains("no container has it: if it stays so, restart dockerd"),
        "{why}"
    );
}

#[tokio::test]
async fn every_kind_of_question_reads_a_real_answer() {
    let fake = FakeEngine::start(State::recorded("completed"));
    let engine = Engine::at(fake.socket()).unwrap();
    assert!(
        engine
            .version()
            .await
            .unwrap()
            .engine
            .starts_with("20.10.24")
    );
    let info = engine.info().await.unwrap();
    assert!(info.is_manager && info.swarm == "active" && info.error.is_none());
    let volumes = engine.volumes(STACK).await.unwrap();
    assert_eq!(volumes.len(), 1);
    assert_eq!(
        volumes[0].mountpoint.to_str(),
        Some("/var/lib/docker/volumes/web_test_data/_data")
    );
    assert_eq!(
        engine.volume("web_test_data").await.unwrap().as_ref(),
        volumes.first()
    );
    assert_eq!(engine.volume("none").await.unwrap(), None);
    let image = engine.image("lab/web:2").await.unwrap().unwrap();
    assert_eq!(engine.image(&image.id).await.unwrap(), Some(image));
    assert_eq!(engine.image("lab/none:9").await.unwrap(), None);
    assert_eq!(
        engine.networks(STACK).await.unwrap()[0].name,
        "web_test_internal"
    );
    assert_eq!(engine.networks("other").await.unwrap(), Vec::new());
    assert_eq!(engine.containers().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_look_is_taken_again_when_a_service_changes_meanwhile() {
    let fake = FakeEngine::start(State::recorded("fresh"));
    // After the tasks were listed somebody writes to the service.
    fake.then("/tasks", |state| {
        state.list("services")[0]["Version"]["Index"] = 33.into();
        state.list("services")[0]["UpdatedAt"] = chrono::Utc::now().to_rfc3339().into();
    });
    let view = Engine::at(fake.socket())
        .unwrap()
        .observe(STACK)
        .await
        .unwrap();
    assert_eq!(view.service("app").unwrap().index, 33);
    let looks = fake
        .requests()
        .iter()
        .filter(|line| line.contains("/containers/json"))
        .count();
    assert_eq!(looks, 2);
}

#[tokio::test]
async fn a_service_that_never_holds_still_is_given_up() {
    let fake = FakeEngine::start(State::recorded("fresh"));
    fake.edit(|state| {
        state.list("services")[0]["UpdatedAt"] = chrono::Utc::now().to_rfc3339().into();
    });
    for index in 100..120 {
        fake.then("/services", move |state| {
            state.list("services")[0]["Version"]["Index"] = index.into();
            state.list("services")[0]["UpdatedAt"] = chrono::Utc::now().to_rfc3339().into();
        });
    }
    let error = Engine::at(fake.socket())
        .unwrap()
        .observe(STACK)
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn one_look_costs_four_requests_and_no_write() {
    let fake = FakeEngine::start(State::recorded("fresh"));
    let engine = Engine::at(fake.socket()).unwrap();
    engine.observe(STACK).await.unwrap();
    let first = fake.requests();
    assert_eq!(first.len(), 4, "{first:?}");
    let in_ours = |line: &String| line.starts_with("GET /v1.41/");
    assert!(first.iter().all(in_ours), "{first:?}");
    engine.observe(STACK).await.unwrap();
    assert_eq!(fake.requests().len(), 8);
}

#[tokio::test]
async fn a_service_that_was_written_to_just_now_is_looked_at_twice() {
    let mut state = State::recorded("fresh");
    state.list("services")[0]["UpdatedAt"] = chrono::Utc::now().to_rfc3339().into();
    let fake = FakeEngine::start(state);
    let engine = Engine::at(fake.socket()).unwrap();
    engine.observe(STACK).await.unwrap();
    assert_eq!(fake.requests().len(), 8, "{:?}", fake.requests());
    // One that does not say when is never trusted at once.
    fake.edit(|state| state.list("services")[0]["UpdatedAt"] = serde_json::Value::Null);
    engine.observe(STACK).await.unwrap();
    assert_eq!(fake.requests().len(), 16);
}

#[tokio::test]
async fn an_older_engine_is_asked_in_its_own_version() {
    let mut state = State::recorded("fresh");
    state.0["version"]["ApiVersion"] = "1.40".into();
    let fake = FakeEngine::start(state);
    Engine::at(fake.socket())
        .unwrap()
        .observe(STACK)
        .await
        .unwrap();
    let asked = fake.requests();
    assert!(asked.iter().any(|line| line == "GET /version"), "{asked:?}");
    assert!(
        asked[asked.len() - 1].starts_with("GET /v1.40/"),
        "{asked:?}"
    );
}

async fn failing(path: &str, fault: Fault) -> EngineError {
    // An older engine, so that its version is asked for, too.
    let mut state = State::recorded("fresh");
    state.0["version"]["ApiVersion"] = "1.40".into();
    let fake = FakeEngine::start(state);
    let engine = Engine::with_limit(fake.socket(), Duration::from_millis(300)).unwrap();
    fake.fault(path, fault, 99);
    let asked = Instant::now();
    let error = engine.observe(STACK).await.unwrap_err();
    assert!(asked.elapsed() < Duration::from_secs(3), "{error}");
    error
}

#[tokio::test]
async fn every_fault_has_its_type_wherever_it_happens() {
    for path in ["/version", "/services", "/tasks", "/containers/json"] {
        let error = failing(path, Fault::Hang).await;
        assert!(
            matches!(error, EngineError::Timeout { .. }),
            "{path}: {error}"
        );
        let error = failing(path, Fault::Slow(Duration::from_secs(5))).await;
        assert!(
            matches!(error, EngineError::Timeout { .. }),
            "{path}: {error}"
        );
        let error = failing(path, Fault::Reset).await;
        assert!(
            matches!(error, EngineError::Unreachable { .. }),
            "{path}: {error}"
        );
        for fault in [
            Fault::Garbage,
            Fault::NotJson,
            Fault::OtherShape,
            Fault::HalfAnswer,
        ] {
            let error = failing(path, fault.clone()).await;
            assert!(
                matches!(error, EngineError::Malformed { .. }),
                "{path} {fault:?}: {error}"
            );
        }
        let refusal = Fault::Refuse(500, "rpc error: update out of sequence".into());
        match failing(path, refusal).await {
            EngineError::Refused {
                status: 500,
                message,
                ..
            } => {
                assert_eq!(message, "rpc error: update out of sequence");
            }
            other => panic!("{path}: {other}"),
        }
    }
}

#[tokio::test]
async fn no_engine_is_unreachable() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::at(folder.path().join("none.sock")).unwrap();
    let error = engine.version().await.unwrap_err();
    assert!(matches!(error, EngineError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("none.sock"), "{error}");
}

#[tokio::test]
async fn a_service_is_found_again_after_the_engine_was_restarted() {
    let fake = FakeEngine::start(State::recorded("fresh"));
    let engine = Engine::at(fake.socket()).unwrap();
    engine.observe(STACK).await.unwrap();
    fake.fault("/services", Fault::Reset, 1);
    engine.observe(STACK).await.unwrap_err();
    engine.observe(STACK).await.unwrap();
}

/// Every place of `made` has a place of the same type in `real`: what the fake makes up, a real
/// engine says in the same words.
fn same_shape(made: &Value, real: &Value, place: &str, wrong: &mut Vec<String>) {
    match (made, real) {
        // Maps of free keys: labels are data, not structure.
        (Value::Object(_), Value::Object(_)) if place.ends_with("Labels") => {}
        (Value::Object(made), Value::Object(real)) => {
            for (key, value) in made {
                match real.get(key) {
                    Some(other) => same_shape(value, other, &format!("{place}.{key}"), wrong),
                    None => wrong.push(format!("{place}.{key} is no part of a real answer")),
                }
            }
        }
        (Value::Array(made), Value::Array(real)) => {
            if let Some(other) = real.first() {
                for value in made {
                    same_shape(value, other, &format!("{place}[]"), wrong);
                }
            }
        }
        (made, real) if std::mem::discriminant(made) == std::mem::discriminant(real) => {}
        (made, real) => wrong.push(format!("{place}: {made} where a real engine says {real}")),
    }
}

#[test]
fn what_the_fake_makes_up_has_the_shape_of_real_answers() {
    let mut service = FakeService::app("lab/web:1", "ab", "1.0.0+v1.0.0");
    service.port = Some(18081);
    service.volume = Some("web_test_data".into());
    let mut made = State::empty();
    made.deploy(STACK, &[service]);
    let real = State::recorded("fresh").0;
    let mut wrong = Vec::new();
    for kind in [
        "version",
        "info",
        "services",
        "tasks",
        "containers",
        "networks",
        "volumes",
    ] {
        same_shape(&made.0[kind], &real[kind], kind, &mut wrong);
    }
    let first = |state: &Value| {
        state["images"]
            .as_object()
            .unwrap()
            .values()
            .next()
            .cloned()
            .unwrap()
    };
    same_shape(&first(&made.0), &first(&real), "images", &mut wrong);
    assert_eq!(wrong, Vec::<String>::new());
    // And the comparison sees what is wrong.
    made.list("tasks")[0]["Status"]["State"] = 7.into();
    made.list("tasks")[0]["Sloth"] = 1.into();
    same_shape(&made.0["tasks"], &real["tasks"], "tasks", &mut wrong);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
}

#[tokio::test]
async fn a_made_up_stack_is_healthy_and_counts_its_writes() {
    let mut state = State::empty();
    state.deploy(
        STACK,
        &[FakeService::app("lab/web:1", "ab", "1.0.0+v1.0.0")],
    );
    let fake = FakeEngine::start(state);
    let engine = Engine::at(fake.socket()).unwrap();
    let view = engine.observe(STACK).await.unwrap();
    assert_eq!(settled(&view), Settled::Yes);
    assert_eq!(digests(&view)["app"], "sha256:ab");
    let before = fake.indexes();
    fake.edit(|state| {
        state.deploy(
            STACK,
            &[FakeService::app("lab/web:2", "cd", "1.1.0+v1.1.0")],
        );
    });
    assert!(fake.indexes() > before);
    // A write from elsewhere, on a stale index and on the right one.
    let write = async |index: u64| {
        let mut stream = tokio::net::UnixStream::connect(fake.socket())
            .await
            .unwrap();
        let target = format!("/v1.41/services/web_test_app-id/update?version={index}");
        let text = format!("POST {target} HTTP/1.1\r\nContent-Length: 2\r\n\r\n{{}}");
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        String::from_utf8_lossy(&status[9..]).into_owned()
    };
    assert_eq!(write(1).await, "500");
    let index = fake.indexes()[0].1;
    assert_eq!(write(index).await, "200");
    assert_eq!(fake.writes().len(), 2);
    fake.edit(|state| state.remove(STACK));
    let gone = engine.observe(STACK).await.unwrap();
    assert!(gone.is_gone() && engine.networks(STACK).await.unwrap().is_empty());
}
