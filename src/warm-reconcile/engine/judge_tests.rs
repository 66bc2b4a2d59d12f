use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::super::view::{Container, ContainerState, Health, Port, Update};
use super::*;
use crate::spec::{Driver, Identity, SpecTls, Times};

const STACK: &str = "web_test";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn task(id: &str, container: Option<&str>) -> Task {
    Task {
        id: id.into(),
        slot: Some(1),
        desired: TaskState::Running,
        state: TaskState::Running,
        image: "lab/web:1".into(),
        node: None,
        container: container.map(str::to_owned),
        image_id: None,
        current: true,
        created: Some(now()),
        since: Some(now()),
        error: None,
        exit_code: None,
    }
}

fn failed(id: &str, error: &str) -> Task {
    Task {
        desired: TaskState::Shutdown,
        state: TaskState::Failed,
        error: Some(error.into()),
        ..task(id, None)
    }
}

fn container(id: &str, task: &str) -> Container {
    Container {
        id: id.into(),
        name: format!("name-of-{id}"),
        image: "lab/web:1".into(),
        image_id: "sha256:aa".into(),
        state: ContainerState::Running,
        health: None,
        created: None,
        started: None,
        stack: Some(STACK.into()),
        service: Some("s1".into()),
        task: Some(task.into()),
        ports: [(18081, "tcp".to_owned())].into(),
        mounts: Vec::new(),
    }
}

fn service() -> Service {
    Service {
        mounts: Vec::new(),
        id: "s1".into(),
        name: "web_test_app".into(),
        short: "app".into(),
        index: 1,
        image: "lab/web:1".into(),
        pinned: None,
        labels: BTreeMap::new(),
        desired: Desired::Replicas(1),
        env: Vec::new(),
        restarts: true,
        update: None,
        ports: vec![Port {
            published: 18081,
            target: 80,
            protocol: "tcp".into(),
            mode: PortMode::Host,
        }],
        tasks: vec![task("t1", Some("c1"))],
    }
}

/// One service with one running task.
fn healthy() -> StackView {
    StackView {
        stack: STACK.into(),
        taken: now(),
        services: vec![service()],
        orphans: Vec::new(),
        containers: vec![container("c1", "t1")],
    }
}

fn with_tasks(tasks: Vec<Task>) -> StackView {
    let mut view = healthy();
    view.services[0].tasks = tasks;
    view.containers.clear();
    view
}

const UPDATES: [UpdateState; 7] = [
    UpdateState::Updating,
    UpdateState::Paused,
    UpdateState::Completed,
    UpdateState::RollbackStarted,
    UpdateState::RollbackPaused,
    UpdateState::RollbackCompleted,
    UpdateState::Unknown,
];

const STATES: [TaskState; 15] = [
    TaskState::New,
    TaskState::Pending,
    TaskState::Assigned,
    TaskState::Accepted,
    TaskState::Preparing,
    TaskState::Ready,
    TaskState::Starting,
    TaskState::Running,
    TaskState::Complete,
    TaskState::Shutdown,
    TaskState::Failed,
    TaskState::Rejected,
    TaskState::Remove,
    TaskState::Orphaned,
    TaskState::Unknown,
];

const CONTAINERS: [ContainerState; 8] = [
    ContainerState::Created,
    ContainerState::Running,
    ContainerState::Paused,
    ContainerState::Restarting,
    ContainerState::Removing,
    ContainerState::Exited,
    ContainerState::Dead,
    ContainerState::Unknown,
];

/// Every combination of what one task can be seen as: settled means all of it at once.
#[test]
fn settled_is_yes_only_when_everything_says_so() {
    let healths = [
        None,
        Some(Health::Starting),
        Some(Health::Healthy),
        Some(Health::Unhealthy),
    ];
    let updates: Vec<Option<UpdateState>> =
        std::iter::once(None).chain(UPDATES.map(Some)).collect();
    let mut yes = 0;
    for update in &updates {
        for desired in STATES {
            for state in STATES {
                for in_container in CONTAINERS {
                    for health in healths {
                        for current in [true, false] {
                            let mut view = healthy();
                            view.services[0].update = update.map(|state| Update {
                                state,
                                started: None,
                                completed: None,
                                message: "words".into(),
                            });
                            let one = &mut view.services[0].tasks[0];
                            (one.desired, one.state, one.current) = (desired, state, current);
                            view.containers[0].state = in_container;
                            view.containers[0].health = health;
                            let expected = matches!(update, None | Some(UpdateState::Completed))
                                && matches!(desired, TaskState::Running | TaskState::Ready)
                                && state == TaskState::Running
                                && in_container == ContainerState::Running
                                && matches!(health, None | Some(Health::Healthy))
                                && current;
                            assert_eq!(settled(&view) == Settled::Yes, expected, "{view:?}");
                            yes += u32::from(expected);
                        }
                    }
                }
            }
        }
    }
    assert_eq!(yes, 8);
}

#[test]
fn every_update_state_is_judged() {
    for state in UPDATES {
        let mut view = healthy();
        view.services[0].update = Some(Update {
            state,
            started: None,
            completed: None,
            message: "words".into(),
        });
        let kind = match settled(&view) {
            Settled::Yes => "yes",
            Settled::InFlight(why) | Settled::Broken(why) if !why.contains("words") => "no words",
            Settled::InFlight(_) => "in flight",
            Settled::Broken(_) => "broken",
        };
        let expected = match state {
            UpdateState::Completed => "yes",
            UpdateState::Updating | UpdateState::RollbackStarted | UpdateState::Unknown => {
                "in flight"
            }
            UpdateState::Paused | UpdateState::RollbackPaused | UpdateState::RollbackCompleted => {
                "broken"
            }
        };
        assert_eq!(kind, expected, "{state:?}");
        let back = matches!(
            state,
            UpdateState::RollbackStarted
                | UpdateState::RollbackPaused
                | UpdateState::RollbackCompleted
        );
        assert_eq!(rolled_back_by_engine(&view).is_some(), back, "{state:?}");
    }
}

#[test]
fn an_old_container_keeps_it_in_flight_until_it_has_ended() {
    for state in CONTAINERS {
        for task in [Some("gone"), None] {
            let mut view = healthy();
            let mut old = container("old", "gone");
            (old.state, old.task) = (state, task.map(str::to_owned));
            view.containers.push(old);
            let ended = matches!(
                state,
                ContainerState::Created | ContainerState::Exited | ContainerState::Dead
            );
            assert_eq!(settled(&view) == Settled::Yes, ended, "{state:?}");
            assert_eq!(view.outgoing().len(), usize::from(!ended));
        }
    }
    let mut view = healthy();
    let mut other = container("other", "t9");
    other.stack = Some("other_stack".into());
    view.containers.push(other);
    assert_eq!(settled(&view), Settled::Yes);
}

#[test]
fn too_few_are_in_flight_and_too_many_failures_are_broken() {
    let waiting = Task {
        state: TaskState::Preparing,
        ..task("t0", None)
    };
    let crash = |id| failed(id, "non-zero exit (3)");
    let in_flight = |view: &StackView| matches!(settled(view), Settled::InFlight(_));
    assert!(in_flight(&with_tasks(vec![])));
    assert!(in_flight(&with_tasks(vec![waiting.clone()])));
    let twice = vec![waiting.clone(), crash("a"), crash("b")];
    assert!(in_flight(&with_tasks(twice.clone())));
    let thrice = [twice, vec![crash("c")]].concat();
    assert!(
        matches!(settled(&with_tasks(thrice.clone())), Settled::Broken(why) if why.contains("3 starts failed"))
    );
    // The same failures, of yesterday or of an older spec.
    let mut old = with_tasks(thrice.clone());
    old.taken += TimeDelta::minutes(6);
    assert!(in_flight(&old));
    let mut older = with_tasks(thrice);
    older.services[0].tasks[1].current = false;
    assert!(in_flight(&older));
    // Nobody tries again.
    assert!(
        matches!(settled(&with_tasks(vec![crash("a")])), Settled::Broken(why) if why.contains("no further start"))
    );
}

#[test]
fn given_up_is_what_nobody_tries_again_and_what_waits_says_for_what() {
    let crash = || failed("a", "task: non-zero exit (4)");
    let told = given_up(&with_tasks(vec![crash()])).unwrap();
    assert!(told.contains("non-zero exit (4)"), "{told}");
    assert_eq!(given_up(&healthy()), None);
    assert_eq!(given_up(&with_tasks(vec![])), None);
    let waiting = Task {
        state: TaskState::Pending,
        error: Some("no suitable node (host-mode port already in use on 1 node)".into()),
        ..task("t0", None)
    };
    assert_eq!(given_up(&with_tasks(vec![waiting.clone(), crash()])), None);
    let Settled::InFlight(why) = settled(&with_tasks(vec![waiting])) else {
        panic!("it waits");
    };
    assert!(why.contains("no suitable node"), "{why}");
}

#[test]
fn one_of_two_replicas_is_not_enough_and_failures_do_not_matter_while_one_runs() {
    let mut view = healthy();
    view.services[0].desired = Desired::Replicas(2);
    let crash = |id| failed(id, "x");
    view.services[0]
        .tasks
        .extend([crash("a"), crash("b"), crash("c")]);
    view.services[0].tasks.push(Task {
        state: TaskState::Starting,
        ..task("t2", None)
    });
    assert!(matches!(settled(&view), Settled::InFlight(why) if why.contains("1 of 2")));
    view.services[0].tasks.push(task("t3", Some("c3")));
    view.containers.push(container("c3", "t3"));
    assert_eq!(settled(&view), Settled::Yes);
}

#[test]
fn a_task_that_is_meant_to_end_has_settled_when_it_has() {
    let ended = |restarts, desired| {
        let mut view = with_tasks(vec![
            Task {
                desired: TaskState::Shutdown,
                state: TaskState::Complete,
                ..task("t1", None)
            },
            failed("t0", "first try"),
        ]);
        (view.services[0].restarts, view.services[0].desired) = (restarts, desired);
        settled(&view) == Settled::Yes
    };
    assert!(ended(false, Desired::Replicas(1)));
    assert!(ended(true, Desired::Job));
    assert!(!ended(true, Desired::Replicas(1)));
    assert!(!ended(false, Desired::Replicas(2)));
}

#[test]
fn a_global_service_runs_wherever_it_is_wanted() {
    let mut view = healthy();
    view.services[0].desired = Desired::Global;
    assert_eq!(settled(&view), Settled::Yes);
    view.services[0].tasks.push(Task {
        state: TaskState::Starting,
        ..task("t2", None)
    });
    assert!(matches!(settled(&view), Settled::InFlight(_)));
    view.services[0].tasks.clear();
    view.containers.clear();
    assert!(matches!(settled(&view), Settled::InFlight(_)));
}

#[test]
fn the_worst_service_decides() {
    let mut view = healthy();
    let mut second = service();
    second.tasks.clear();
    view.services.push(second.clone());
    assert!(matches!(settled(&view), Settled::InFlight(_)));
    second.tasks = vec![failed("x", "gone")];
    view.services.push(second);
    assert!(matches!(settled(&view), Settled::Broken(_)));
}

#[test]
fn no_services_is_broken_and_what_is_left_of_them_is_in_flight() {
    let mut view = healthy();
    view.services.clear();
    assert!(matches!(settled(&view), Settled::InFlight(_)));
    view.containers.clear();
    assert!(matches!(settled(&view), Settled::Broken(_)));
    view.orphans.push(task("t1", None));
    assert!(matches!(settled(&view), Settled::InFlight(_)));
    assert!(!view.is_gone());
}

#[test]
fn a_service_whose_container_has_no_health_check_is_named() {
    let names = |change: fn(&mut StackView)| {
        let mut view = healthy();
        change(&mut view);
        unchecked(&view).join(" ")
    };
    assert_eq!(names(|_| ()), "app");
    assert_eq!(
        names(|view| view.containers[0].health = Some(Health::Healthy)),
        ""
    );
    // Nothing runs, or nothing of it is seen here.
    assert_eq!(names(|view| view.containers.clear()), "");
    assert_eq!(names(|view| view.services[0].tasks.clear()), "");
    // What ends by itself needs none.
    assert_eq!(names(|view| view.services[0].desired = Desired::Job), "");
}

#[test]
fn what_really_runs_is_told_by_image_id() {
    let mut view = healthy();
    assert_eq!(
        digests(&view),
        [("app".to_owned(), "sha256:aa".to_owned())].into()
    );
    view.services[0].tasks.push(task("t2", Some("c2")));
    let mut second = container("c2", "t2");
    second.image_id = "sha256:bb".into();
    view.containers.push(second);
    assert_eq!(digests(&view)["app"], "sha256:aa,sha256:bb");
    view.containers.clear();
    assert!(digests(&view).is_empty());
}

#[test]
fn a_port_held_by_another_is_poison_and_by_our_own_older_task_is_not() {
    assert_eq!(poisoned(&healthy()), None);
    let mut view = healthy();
    view.containers[0].service = Some("s2".into());
    assert!(poisoned(&view).unwrap().contains("name-of-c1"));
    view.containers[0].service = None;
    assert!(poisoned(&view).is_some());
    for (state, held) in [
        (ContainerState::Exited, false),
        (ContainerState::Removing, true),
    ] {
        view.containers[0].state = state;
        assert_eq!(poisoned(&view).is_some(), held, "{state:?}");
    }
    let mut older = healthy();
    older.services[0].tasks[0].current = false;
    assert_eq!(poisoned(&older), None);
    // Another protocol, the routing mesh, nothing wanted: no question.
    let mut view = healthy();
    view.containers[0].service = None;
    view.services[0].ports[0].protocol = "udp".into();
    assert_eq!(poisoned(&view), None);
    view.services[0].ports[0].protocol = "tcp".into();
    view.services[0].ports[0].mode = PortMode::Ingress;
    assert_eq!(poisoned(&view), None);
    view.services[0].ports[0].mode = PortMode::Host;
    view.services[0].desired = Desired::Replicas(0);
    assert_eq!(poisoned(&view), None);
}

#[test]
fn a_port_taken_by_nobody_is_poison_until_it_is_had() {
    let message = "driver failed: Bind for 0.0.0.0:18081 failed: port is already allocated";
    let view = with_tasks(vec![failed("t2", message)]);
    assert!(poisoned(&view).unwrap().contains("restart dockerd"));
    let kernel = with_tasks(vec![failed(
        "t2",
        "listen tcp4 0.0.0.0:18081: bind: address already in use",
    )]);
    assert!(
        poisoned(&kernel)
            .unwrap()
            .contains("a process outside the engine")
    );
    assert_eq!(
        poisoned(&with_tasks(vec![failed("t2", "non-zero exit (3)")])),
        None
    );
    // A later task got the port: it is over.
    let mut over = healthy();
    over.services[0].tasks.push(failed("t0", message));
    assert_eq!(poisoned(&over), None);
}

fn spec() -> AppSpec {
    AppSpec {
        app: "web".into(),
        recipe: "web".into(),
        domain: "web.test".into(),
        stateful: false,
        health_domain: "web.test".into(),
        health_path: "/".into(),
        health_ok: vec![200],
        health_scheme: "http".into(),
        health_port: None,
        tls: SpecTls::Verify,
        identity: Identity::default(),
        driver: Driver::Stack,
        stack: STACK.into(),
        repository: "repository".into(),
        compose: Vec::new(),
        env: indexmap::IndexMap::new(),
        min_age: None,
        pre_releases: false,
        variant: None,
        times: Times::default(),
        hooks: Default::default(),
        armed_gate: false,
        alert_relay: Vec::new(),
        unit: String::new(),
    }
}

/// A stack whose services carry these version labels.
fn labelled(values: &[Option<&str>]) -> StackView {
    let mut view = healthy();
    view.services.clear();
    for value in values {
        let mut one = service();
        let pair = value.map(|text| ("coop-cloud.web_test.version".to_owned(), text.to_owned()));
        one.labels = pair.into_iter().collect();
        view.services.push(one);
    }
    view
}

#[test]
fn the_version_is_what_the_services_agree_on() {
    let version = |values: &[Option<&str>]| {
        current_version(&labelled(values), &spec()).map(|version| version.tag().to_owned())
    };
    let traefik = Some("5.1.1+v3.6.15");
    assert_eq!(version(&[traefik]).as_deref(), traefik);
    assert_eq!(version(&[None, traefik, None, traefik]).as_deref(), traefik);
    assert_eq!(version(&[Some(" 5.1.1+v3.6.15+U ")]).as_deref(), traefik);
    assert_eq!(
        version(&[Some("10.7.1+26.6.2")]).as_deref(),
        Some("10.7.1+26.6.2")
    );
    for unknown in [
        &[][..],
        &[None],
        &[traefik, Some("5.1.2+v3.6.15")],
        &[traefik, Some("nonsense")],
        &[Some("nonsense"), traefik],
        &[Some("")],
        &[Some("unknown")],
    ] {
        assert_eq!(version(unknown), None, "{unknown:?}");
    }
    // Another stack's label is not ours.
    let mut other = spec();
    other.stack = "other".into();
    assert_eq!(current_version(&labelled(&[traefik]), &other), None);
}

proptest! {
    #[test]
    fn the_version_that_is_read_is_the_one_that_was_stamped(
        tag in "[0-9]{1,2}\\.[0-9]\\.[0-9]\\+v?[0-9](\\.[0-9]){0,2}(-rc\\.[0-9])?",
        changed in any::<bool>(),
        count in 1usize..4,
    ) {
        let value = if changed { format!("{tag}+U") } else { tag.clone() };
        let read = current_version(&labelled(&vec![Some(value.as_str()); count]), &spec());
        prop_assert_eq!(read.map(|version| version.tag().to_owned()), Some(tag));
    }

    #[test]
    fn any_label_is_read_without_a_panic(value in ".{0,40}") {
        let _ = current_version(&labelled(&[Some(value.as_str())]), &spec());
    }
}

/// One service whose task was given to another node.
fn elsewhere(state: TaskState, current: bool, is_up: bool) -> Task {
    Task {
        node: Some(crate::engine::OtherNode {
            hostname: "node-3".into(),
            address: "10.231.9.3".parse().ok(),
            is_up,
        }),
        state,
        current,
        ..task("t3", Some("c3"))
    }
}

#[test]
fn of_another_node_the_manager_s_word_counts_as_long_as_that_node_is_up() {
    use TaskState::{Preparing, Running, Starting};
    let settles = |task: Task| settled(&with_tasks(vec![task])) == Settled::Yes;
    assert!(settles(elsewhere(Running, true, true)));
    assert!(!settles(elsewhere(Running, true, false)), "nobody knows");
    assert!(!settles(elsewhere(Starting, true, true)));
    // Beside one that runs here: what is not wanted any more and lives on another node.
    for (old, left) in [
        (elsewhere(Running, false, true), 1),
        (elsewhere(Starting, false, true), 1),
        (elsewhere(Preparing, false, true), 0),
        (elsewhere(Running, false, false), 0),
        (elsewhere(TaskState::Shutdown, false, true), 0),
    ] {
        let mut view = healthy();
        view.services[0].tasks.push(old.clone());
        assert_eq!(view.outgoing_count(), left, "{old:?}");
        assert_eq!(settled(&view) == Settled::Yes, left == 0, "{old:?}");
    }
    // A stack that was removed: a node that is down does not keep it for ever.
    for (is_up, gone) in [(true, false), (false, true)] {
        let mut view = with_tasks(Vec::new());
        view.services.clear();
        view.orphans.push(elsewhere(Running, false, is_up));
        assert_eq!(view.is_gone(), gone);
    }
}

#[test]
fn a_deploy_waits_for_a_node_that_is_down_only_where_it_needs_it() {
    use crate::engine::waits_for_node;
    use TaskState::{Running, Shutdown};
    let waits = |task: Task, state: Option<UpdateState>| {
        let mut view = with_tasks(vec![task]);
        view.services[0].update = state.map(|state| Update {
            state,
            started: None,
            completed: None,
            message: String::new(),
        });
        waits_for_node(&view).is_some()
    };
    let going = Some(UpdateState::Updating);
    assert!(waits(elsewhere(Running, true, false), None));
    assert!(waits(elsewhere(Running, false, false), going));
    assert!(!waits(elsewhere(Running, false, false), None), "it went on");
    assert!(!waits(elsewhere(Shutdown, false, false), going));
    assert!(!waits(elsewhere(Running, true, true), going));
}

#[test]
fn ports_of_another_node_are_not_judged_by_this_one() {
    let mut view = with_tasks(vec![elsewhere(TaskState::Running, true, true)]);
    let mut other = container("c9", "t9");
    other.service = Some("another".into());
    view.containers.push(other);
    assert_eq!(poisoned(&view), None);
    view.services[0].tasks = vec![task("t1", None)];
    assert!(poisoned(&view).is_some());
}

#[test]
fn a_service_s_data_lies_where_its_tasks_are_or_last_were() {
    let mut ended = elsewhere(TaskState::Shutdown, false, true);
    ended.desired = TaskState::Shutdown;
    let nodes = |tasks: &[&Task]| {
        let mut service = service();
        service.tasks = tasks.iter().map(|task| (*task).clone()).collect();
        let nodes = service.nodes_elsewhere();
        nodes.len()
    };
    let here = task("t1", Some("c1"));
    let nowhere = task("t2", None);
    let there = elsewhere(TaskState::Running, true, true);
    assert_eq!(nodes(&[&there]), 1);
    assert_eq!(nodes(&[&here, &ended]), 0, "it came here since");
    assert_eq!(nodes(&[&nowhere, &ended]), 1, "where it last was");
    assert_eq!(nodes(&[&nowhere, &here, &ended]), 0);
    assert_eq!(nodes(&[&there, &here]), 1, "one of two replicas");
}

#[test]
fn an_update_that_stopped_because_of_a_lost_node_says_nothing_about_the_app() {
    let lost = Task {
        state: TaskState::Orphaned,
        node: None,
        desired: TaskState::Shutdown,
        ..elsewhere(TaskState::Orphaned, true, false)
    };
    for (message, state, settles) in [
        (
            "failure or early termination of task t3",
            UpdateState::Paused,
            true,
        ),
        (
            "failure or early termination of task t9",
            UpdateState::Paused,
            false,
        ),
        ("failure of task t3", UpdateState::RollbackPaused, false),
    ] {
        let mut view = healthy();
        view.services[0].tasks.push(lost.clone());
        view.services[0].update = Some(Update {
            state,
            started: None,
            completed: None,
            message: message.into(),
        });
        assert_eq!(settled(&view) == Settled::Yes, settles, "{message}");
        view.services[0].tasks[0].state = TaskState::Starting;
        assert!(settled(&view) != Settled::Yes, "nothing runs");
    }
}

#[test]
fn an_update_that_is_taken_back_because_of_a_lost_node_says_nothing_about_the_app() {
    use crate::engine::is_taken_back_for_a_lost_node;
    let started = now();
    let made = |task: Task, seconds: i64| Task {
        created: Some(started + TimeDelta::seconds(seconds)),
        current: false,
        ..task
    };
    let lost = made(elsewhere(TaskState::Orphaned, false, false), 1);
    let down = made(elsewhere(TaskState::Running, false, false), 1);
    let before = made(lost.clone(), -1);
    let bad = made(failed("x", "non-zero exit (1)"), 2);
    let bad_before = made(bad.clone(), -1);
    let well = made(elsewhere(TaskState::Shutdown, false, true), 1);
    for (tasks, excused) in [
        (vec![&lost], true),
        (vec![&down], true),
        (vec![&lost, &well, &bad_before], true),
        (vec![&lost, &bad], false),
        (vec![&well], false),
        (vec![&before], false),
        (vec![], false),
    ] {
        for state in UPDATES {
            let mut view = healthy();
            let tasks = tasks.iter().map(|task| (*task).clone());
            view.services[0].tasks.extend(tasks);
            view.services[0].update = Some(Update {
                state,
                started: Some(started),
                completed: None,
                message: "rollback completed".into(),
            });
            let excused = excused && state.goes_back();
            assert_eq!(is_taken_back_for_a_lost_node(&view), excused, "{state:?}");
            // Another service failed by itself.
            let mut other = view.services[0].clone();
            other.tasks = vec![bad.clone()];
            view.services.push(other);
            assert!(!is_taken_back_for_a_lost_node(&view));
        }
    }
}
