//! The `stack` driver on a real engine.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use warm_reconcile::Version;
use warm_reconcile::deploy::{forget_images, store_images, stored_image, stored_images};
use warm_reconcile::engine::{Settled, digests, settled};

use super::kit::{App, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "undeploy_leaves_nothing_and_can_be_followed_by_a_deploy_at_once",
            again,
        ),
        trial(
            "last_good_is_deployed_by_id_without_its_name_or_a_registry",
            offline,
        ),
        trial(
            "real_traefik_is_upgraded_and_answers_as_the_new_one",
            traefik,
        ),
        trial(
            "an_unchanged_deploy_is_a_write_and_a_look_is_none",
            unchanged,
        ),
        trial(
            "the_recipe_s_conventions_and_nothing_else_fill_in_the_compose_file",
            conventions,
        ),
        trial("one_look_is_quick", quick),
    ]
}

async fn again() {
    let app = App::web("again", 18121);
    for round in 0..3 {
        let report = app.deploy("1.0.0+v1.0.0", &[("STUBBORN", "1")]).await;
        assert!(report.sounds_good(), "round {round}: {report:?}");
        app.until_settled().await;
        let done = app.undeploy().await;
        assert!(done.is_gone(), "{done:?}");
        let view = app.look().await;
        assert!(view.is_gone());
        assert!(app.engine.networks(&app.stack).await.unwrap().is_empty());
        let volumes = app.engine.volumes(&app.stack).await.unwrap();
        assert_eq!(volumes.len(), 1, "the data stay");
        assert!(view.volume_users(&volumes[0].name, None).is_empty());
    }
    // Down already: nothing is run.
    assert!(app.undeploy().await.report.commands.is_empty());
}

async fn offline() {
    let app = App::web("offline", 18122);
    let version = Version::parse("1.0.0+v1.0.0").unwrap();
    app.swarm
        .docker(&["image", "tag", "lab/web:1", "lab/own:1"]);
    let env = [("IMAGE", "lab/own:1")];
    app.deploy(version.tag(), &env).await;
    let good = digests(&app.until_settled().await);
    let scratch = app.scratch();
    let kept = store_images(&app.stack, &version, &good, &app.cx(&scratch)).await;
    assert!(kept.sounds_good(), "{kept:?}");
    let name = stored_image(&app.stack, "app", &version);
    let image = app.engine.image(&name).await.unwrap().unwrap();
    assert_eq!(image.id, good["app"]);
    app.deploy("1.1.0+v1.1.0", &[("IMAGE", "lab/web:2")]).await;
    app.until_settled().await;
    // Its name is gone, as after the tag moved on in the registry.
    app.swarm.docker(&["image", "rm", "lab/own:1"]);
    let begun = Instant::now();
    let report = app.deploy_images(version.tag(), &env, good.clone()).await;
    assert!(report.sounds_good(), "{report:?}");
    let back = app.until_settled().await;
    assert_eq!(digests(&back), good);
    assert!(begun.elapsed() < Duration::from_secs(30));
    // The control: by its name it cannot come back.
    app.deploy(version.tag(), &env).await;
    app.until("broken", |view| matches!(settled(view), Settled::Broken(_)))
        .await;
    let named = app.engine.images_named(&stored_images(&app.stack)).await;
    assert_eq!(named.unwrap(), std::slice::from_ref(&name));
    let gone = forget_images(std::slice::from_ref(&name), &app.cx(&scratch)).await;
    assert!(gone.sounds_good(), "{gone:?}");
    assert_eq!(app.engine.image(&name).await.unwrap(), None);
}

async fn traefik() {
    let app = App::new("traefik", 18123, "traefik.yml");
    app.deploy("5.1.1+v3.6.15", &[("TRAEFIK_VERSION", "3.6.15")])
        .await;
    let old = app.until_settled().await;
    let says = || app.swarm.ask(app.port, "/api/version").unwrap_or_default();
    assert!(says().contains("3.6.15"), "{}", says());
    app.deploy("5.2.0+v3.7.15", &[("TRAEFIK_VERSION", "3.7.15")])
        .await;
    // The tool is done, and the old process answers: a gate that asks now is fooled.
    assert!(says().contains("3.6.15"), "{}", says());
    assert!(matches!(settled(&app.look().await), Settled::InFlight(_)));
    let new = app.until_settled().await;
    assert!(says().contains("3.7.15"), "{}", says());
    assert_ne!(digests(&new), digests(&old));
}

async fn unchanged() {
    let app = App::web("same", 18124);
    app.deploy("1.0.0+v1.0.0", &[]).await;
    let first = app.until_settled().await;
    assert_eq!(app.look().await.indexes(), first.indexes());
    app.deploy("1.0.0+v1.0.0", &[]).await;
    let second = app.until_settled().await;
    // The same tasks, and yet a write: so nobody deploys what runs already.
    assert!(second.indexes() > first.indexes());
    assert_eq!(digests(&second), digests(&first));
}

async fn conventions() {
    let app = App::web("conv", 18125);
    let recipe = app.scratch().parent().unwrap().join("recipe");
    std::fs::write(
        recipe.join(".env.sample"),
        "SAYS=sample\nIMAGE=lab/web:2 # default\n",
    )
    .unwrap();
    std::fs::write(recipe.join("abra.sh"), "export SAYS=from-abra-sh\n").unwrap();
    app.deploy("1.0.0+v1.0.0", &[("IMAGE", "lab/web:1")]).await;
    let view = app.until_settled().await;
    assert_eq!(view.service("app").unwrap().image, "lab/web:1");
    let said = app
        .until("answering", |_| {
            app.swarm.ask(app.port, "/version").is_some()
        })
        .await;
    drop(said);
    let body = app.swarm.ask(app.port, "/version").unwrap();
    assert!(body.contains("from-abra-sh"), "{body}");
}

async fn quick() {
    let app = App::web("quick", 18126);
    app.deploy("1.0.0+v1.0.0", &[]).await;
    app.until_settled().await;
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..20 {
        let begun = Instant::now();
        // As the program does it: a new client each time.
        let engine = warm_reconcile::engine::Engine::at(app.swarm.socket()).unwrap();
        engine.observe(&app.stack).await.unwrap();
        times.push(begun.elapsed());
    }
    times.sort();
    // What one inspection by hand costs: the measure of a second run on a healthy app.
    let mut by_hand: Vec<Duration> = Vec::new();
    for _ in 0..20 {
        let url = format!("http://engine/v1.41/services/{}_app", app.stack);
        let begun = Instant::now();
        let done = std::process::Command::new("curl")
            .args(["-sS", "-o", "/dev/null", "--unix-socket"])
            .arg(app.swarm.socket())
            .arg(url)
            .status();
        assert!(done.unwrap().success());
        by_hand.push(begun.elapsed());
    }
    by_hand.sort();
    println!("one inspection with curl: median {:?}", by_hand[10]);
    println!("one look: median {:?}, worst {:?}", times[10], times[19]);
    // The engine's own work included, on a machine that others use too.
    assert!(times[10] < Duration::from_millis(250), "{times:?}");
}
