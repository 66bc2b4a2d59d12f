//! What a deployer does beside deploying, on a real engine: it takes a stack back as a whole, sees
//! what others changed, watches what it committed, and lets go of old images.

use libtest_mimic::Trial;
use test_kit::trials::trial;

use super::faults::{Web, version_that_answers};
use super::ways_out::{NEW, OLD, first, label, release_well, side};
use test_kit::desk::Desk;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("two_services_of_which_one_fails_go_back_together", together),
        trial(
            "what_was_changed_by_hand_is_seen_and_put_right_on_wish",
            by_hand,
        ),
        trial(
            "a_version_that_falls_sick_after_its_commit_is_left_and_old_images_go",
            bakes,
        ),
    ]
}

fn together() {
    let desk = Desk::web("together", 18240);
    first(&desk, &side(""));
    // The app itself is well in the new version.
    let fails = side("").replace("sleep, '100000'", "'false'");
    assert_ne!(fails, side(""));
    release_well(&desk, NEW, &fails);
    desk.run(&["traefik"]).is(20, "rolled-back");
    assert_eq!([label(&desk, "app"), label(&desk, "side")], [OLD, OLD]);
    assert_eq!(version_that_answers(&desk).as_deref(), Some("1.0.0"));
    assert_eq!(desk.last_good(), OLD);
}

fn by_hand() {
    let desk = Desk::web("byhand", 18241);
    first(&desk, &side(""));
    let same = desk.run(&["traefik"]).is(0, "noop-healthy");
    assert!(
        !same["remarks"].to_string().contains("as it was deployed"),
        "{same}"
    );
    let name = format!("{}_side", desk.stack);
    desk.swarm().docker(&[
        "service",
        "update",
        "--detach=false",
        "--env-add",
        "DB_PASSWORD=hunter22hunter22",
        "--label-add",
        "by=hand",
        "--replicas",
        "2",
        &name,
    ]);
    let wanted = [
        "service side: 2 tasks wanted, 1 task deployed",
        "service side: environment: DB_PASSWORD added",
        "service side: labels: by added",
    ];
    for words in [&["plan", "traefik"][..], &["status", "traefik"]] {
        let shown = desk.run(words);
        for want in wanted {
            assert!(shown.out.contains(want), "{words:?}: {shown:?}");
        }
        assert!(!shown.out.contains("hunter22"), "{shown:?}");
    }
    let of_app = tasks(&desk, "app");
    let of_side = tasks(&desk, "side");
    desk.run(&["traefik", "--converge"]).is(0, "redeployed");
    assert_eq!(tasks(&desk, "app"), of_app, "nobody had changed it");
    assert_ne!(tasks(&desk, "side"), of_side);
    let status = desk.run(&["status", "traefik"]).json();
    assert_eq!(status[0]["drift"].as_array().unwrap().len(), 0, "{status}");
    let env = desk.swarm().docker(&[
        "service",
        "inspect",
        "--format",
        "{{json .Spec.TaskTemplate.ContainerSpec.Env}}",
        &name,
    ]);
    assert!(!env.contains("hunter22"), "{env}");
    desk.run(&["traefik"]).is(0, "noop-healthy");
}

/// The tasks that a service has, ended ones included.
fn tasks(desk: &Desk, service: &str) -> String {
    let name = format!("{}_{service}", desk.stack);
    desk.swarm()
        .docker(&["service", "ps", "--quiet", "--no-trunc", &name])
}

fn bakes() {
    let desk = Desk::web("bakes", 18242);
    first(&desk, "");
    let versions = ["5.1.2+v1.0.1", "5.1.3+v1.0.2", "5.1.4+v1.0.3"];
    for tag in versions {
        release_well(&desk, tag, "");
        desk.run(&["traefik"]).is(0, "upgraded");
    }
    let kept = |tag: &str| {
        let name = format!("warm-reconcile/gp-bakes/app:{}", tag.replace('+', "_"));
        let found = desk.swarm().docker(&["image", "ls", "--quiet", &name]);
        !found.trim().is_empty()
    };
    assert!(!kept(OLD), "nothing refers to it");
    assert!(versions.iter().all(|tag| kept(tag)));

    let apps = desk.path("apps.yaml");
    let text = std::fs::read_to_string(&apps).unwrap();
    std::fs::write(&apps, text.replace("deploy: 30s", "deploy: 30s, bake: 90s")).unwrap();
    let sick = "s=$(/bin/busybox cat /tmp/start); n=$(/bin/busybox date +%s); \
        [ $((n - s)) -lt 20 ] || { printf 'HTTP/1.0 503 No\\r\\n\\r\\nout of memory'; exit; }";
    let well = Web::well(NEW, desk.port);
    let web = Web {
        before: "/bin/busybox date +%s >/tmp/start",
        health: format!("{sick}\n        {}", well.health),
        ..well
    };
    web.release(&desk, NEW);
    let report = desk.run(&["traefik"]).is(20, "rolled-back");
    let told = report["remarks"].to_string();
    assert!(told.contains("within its bake time"), "{told}");
    assert_eq!(desk.last_good(), "5.1.4+v1.0.3");
    assert_eq!(version_that_answers(&desk).as_deref(), Some("1.0.3"));
    desk.run(&["traefik"]).is(10, "held-quarantined");
}
