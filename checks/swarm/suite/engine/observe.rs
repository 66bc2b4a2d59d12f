//! What a look at a real engine shows.

use libtest_mimic::Trial;
use warm_reconcile::deploy::scale;
use warm_reconcile::engine::{
    Desired, Settled, StackView, TaskState, UpdateState, digests, poisoned, rolled_back_by_engine,
    settled,
};

use super::kit::{App, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_fresh_deploy_settles_and_looking_writes_nothing", fresh),
        trial(
            "an_upgrade_is_in_flight_and_then_runs_the_new_image",
            upgrade,
        ),
        trial(
            "a_broken_image_is_taken_back_and_is_no_success",
            broken_image,
        ),
        trial(
            "a_crash_loop_is_broken_while_the_tool_said_nothing",
            crash_loop,
        ),
        trial("a_paused_update_is_an_end", paused),
        trial(
            "scaled_to_nothing_drains_until_the_container_is_gone",
            draining,
        ),
        trial("a_foreign_container_on_the_port_is_found", foreign),
        trial("a_late_starter_is_in_flight_and_then_settles", late),
        trial("completed_after_a_killed_engine_is_not_believed", killed),
    ]
}

async fn fresh() {
    let app = App::web("fresh", 18101);
    assert!(app.engine.info().await.unwrap().is_manager);
    let empty = app.look().await;
    assert!(empty.is_gone());
    assert!(matches!(settled(&empty), Settled::Broken(_)));
    app.deploy("1.0.0+v1.0.0", &[]).await;
    let view = app.until_settled().await;
    assert_eq!(poisoned(&view), None);
    let service = view.service("app").unwrap();
    assert_eq!(service.desired, Desired::Replicas(1));
    let image = app.engine.image("lab/web:1").await.unwrap().unwrap();
    assert_eq!(digests(&view)["app"], image.id);
    assert_eq!(
        service.labels[&format!("coop-cloud.{}.version", app.stack)],
        "1.0.0+v1.0.0"
    );
    let owners = view.port_owners(app.port, "tcp");
    assert_eq!(owners.len(), 1);
    assert_eq!(owners[0].service.as_ref(), Some(&service.id));
    let detail = app.engine.container(&owners[0].id).await.unwrap().unwrap();
    assert!(detail.started.is_some());
    assert_eq!(
        (&detail.ports, &detail.task),
        (&owners[0].ports, &owners[0].task)
    );
    let volumes = app.engine.volumes(&app.stack).await.unwrap();
    assert_eq!(volumes.len(), 1);
    assert!(volumes[0].mountpoint.is_dir());
    assert_eq!(view.volume_users(&volumes[0].name, None).len(), 1);
    let before = view.indexes();
    for _ in 0..20 {
        assert_eq!(app.look().await.indexes(), before);
    }
}

async fn upgrade() {
    let app = App::web("upgrade", 18102);
    app.deploy("1.0.0+v1.0.0", &[]).await;
    let old = app.until_settled().await;
    let report = app.deploy("1.1.0+v1.1.0", &[("IMAGE", "lab/web:2")]).await;
    assert!(report.sounds_good(), "{report:?}");
    // The tool has returned; the old container still answers.
    let between = app.look().await;
    assert!(
        matches!(settled(&between), Settled::InFlight(_)),
        "{between:#?}"
    );
    let outgoing = between.outgoing();
    assert_eq!(outgoing.len(), 1, "{between:#?}");
    assert_eq!(outgoing[0].image_id, digests(&old)["app"]);
    let new = app.until_settled().await;
    assert_ne!(digests(&new), digests(&old));
    let update = new.service("app").unwrap().update.as_ref().unwrap();
    assert_eq!(update.state, UpdateState::Completed);
    assert!(new.indexes() > old.indexes());
}

async fn broken_image() {
    let app = App::web("broken", 18103);
    app.deploy("1.0.0+v1.0.0", &[]).await;
    app.until_settled().await;
    let report = app.deploy("1.1.0+v1.1.0", &[("IMAGE", "lab/none:9")]).await;
    assert!(
        report.sounds_good(),
        "the tool has no complaint: {report:?}"
    );
    let back = app
        .until("broken", |view| matches!(settled(view), Settled::Broken(_)))
        .await;
    assert!(rolled_back_by_engine(&back).is_some());
    let update = back.service("app").unwrap().update.as_ref().unwrap();
    assert_eq!(update.state, UpdateState::RollbackCompleted, "{back:#?}");
    // The engine may call its rollback completed a moment before the container runs.
    let runs = |view: &StackView| {
        view.service("app")
            .is_some_and(|s| s.running(view).count() == 1)
    };
    let back = app.until("what ran before runs again", runs).await;
    // What runs says what it is.
    let service = back.service("app").unwrap();
    assert_eq!(
        service.labels[&format!("coop-cloud.{}.version", app.stack)],
        "1.0.0+v1.0.0"
    );
    // Deploying what runs anyway makes it ours again.
    app.deploy("1.0.0+v1.0.0", &[]).await;
    app.until_settled().await;
}

async fn crash_loop() {
    let app = App::web("crash", 18104);
    let report = app.deploy("1.0.0+v1.0.0", &[("CRASH", "1")]).await;
    assert!(report.sounds_good());
    let view = app
        .until("broken", |view| matches!(settled(view), Settled::Broken(_)))
        .await;
    assert!(matches!(settled(&view), Settled::Broken(why) if why.contains("non-zero exit (3)")));
}

async fn paused() {
    let app = App::web("paused", 18105);
    app.deploy("1.0.0+v1.0.0", &[]).await;
    app.until_settled().await;
    let env = [("IMAGE", "lab/none:9"), ("ACTION", "pause")];
    app.deploy("1.1.0+v1.1.0", &env).await;
    let view = app
        .until("broken", |view| matches!(settled(view), Settled::Broken(_)))
        .await;
    let update = view.service("app").unwrap().update.as_ref().unwrap();
    assert_eq!(update.state, UpdateState::Paused);
}

async fn draining() {
    let app = App::web("drain", 18106);
    // It ignores TERM, and is killed after its 3 seconds.
    app.deploy("1.0.0+v1.0.0", &[("STUBBORN", "1")]).await;
    app.until_settled().await;
    let service = format!("{}_app", app.stack);
    let report = scale(&service, 0, &app.cx(&app.scratch())).await;
    assert!(report.sounds_good(), "{report:?}");
    let view = app
        .until("scaled", |view| {
            view.service("app").unwrap().desired == Desired::Replicas(0)
        })
        .await;
    assert!(matches!(settled(&view), Settled::InFlight(_)), "{view:#?}");
    assert_eq!(view.outgoing().len(), 1);
    let drained = app.until_settled().await;
    assert!(drained.outgoing().is_empty() && digests(&drained).is_empty());
    assert_eq!(app.swarm.ask(app.port, "/version"), None);
}

async fn foreign() {
    let app = App::web("foreign", 18107);
    let publish = format!("{}:80", app.port);
    let words = [
        "run",
        "-d",
        "--name",
        "gp-foreign",
        "-p",
        &publish,
        "lab/web:1",
    ];
    app.swarm.docker(&words);
    app.deploy("1.0.0+v1.0.0", &[]).await;
    let view = app.until("poisoned", |view| poisoned(view).is_some()).await;
    assert!(poisoned(&view).unwrap().contains("gp-foreign"));
    // It even answers.
    assert!(app.swarm.ask(app.port, "/version").is_some());
    assert_ne!(settled(&view), Settled::Yes);
    app.swarm.docker(&["rm", "-f", "gp-foreign"]);
    let view = app.until_settled().await;
    assert_eq!(poisoned(&view), None);
}

async fn late() {
    let app = App::web("late", 18108);
    app.deploy("1.0.0+v1.0.0", &[("LATE", "4")]).await;
    app.until_settled().await;
    // Settled is not healthy: without a health check the engine knows no better.
    assert_eq!(app.swarm.ask(app.port, "/version"), None);
}

/// On an engine of its own: the others' would be killed with it.
async fn killed() {
    let swarm = std::sync::Arc::new(test_kit::swarm::Swarm::start());
    let app = App::on(swarm, "killed", 18109, "web.yml");
    app.deploy("1.0.0+v1.0.0", &[]).await;
    app.until_settled().await;
    app.deploy("1.1.0+v1.1.0", &[("IMAGE", "lab/web:2"), ("CRASH", "1")])
        .await;
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    app.swarm.kill_dockerd();
    // Unreachable or refusing for a while, then there again.
    let mut faults = 0;
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let view = loop {
        match app.engine.observe(&app.stack).await {
            Ok(view) if faults > 0 && !view.services.is_empty() => break view,
            Ok(_) => {}
            Err(_) => faults += 1,
        }
        assert!(
            std::time::Instant::now() < end,
            "the engine did not come back"
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_ne!(settled(&view), Settled::Yes);
    // Whatever the record of the update says, nothing runs: it is never settled.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(25);
    let mut broken = false;
    while std::time::Instant::now() < end && !broken {
        let view = app.look().await;
        let why = settled(&view);
        let runs = view.service("app").unwrap().tasks.iter();
        let runs = runs.filter(|task| task.current && task.state == TaskState::Running);
        assert!(why != Settled::Yes || runs.count() > 0, "{view:#?}");
        broken = matches!(why, Settled::Broken(_));
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert!(broken, "a crash loop behind a killed engine was not seen");
}
