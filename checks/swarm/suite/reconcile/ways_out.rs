//! Every state that somebody can leave the stack in leads back to healthy, by the command that
//! the program itself names.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use test_kit::trials::trial;

use super::faults::{Web, untouched, version_that_answers};
use test_kit::desk::Desk;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_stack_of_two_versions_goes_back_to_last_good_by_run_rollback_and_resume",
            two_versions,
        ),
        trial(
            "a_rollback_that_the_engine_takes_half_back_is_brought_to_its_end_by_resume_again",
            half_back,
        ),
        trial(
            "what_cannot_work_here_is_told_before_anything_is_stopped",
            cannot_work,
        ),
        trial("a_service_without_a_health_check_is_told", no_health_check),
        trial(
            "why_a_version_failed_is_kept_in_the_engine_s_and_the_app_s_own_words",
            words,
        ),
    ]
}

pub(super) const OLD: &str = "5.1.1+v1.0.0";
pub(super) const NEW: &str = "5.2.0+v1.1.0";

/// A second service of the stack.
pub(super) fn side(more: &str) -> String {
    format!(
        "  side:
    image: lab/web:1
    command: [/bin/busybox, sleep, '100000']
    stop_grace_period: 1s
    deploy: {{ endpoint_mode: dnsrr, restart_policy: {{ delay: 300ms }} }}
{more}"
    )
}

/// Releases a version that is well, with more in its stack.
pub(super) fn release_well(desk: &Desk, tag: &str, more: &str) {
    let web = Web {
        more,
        ..Web::well(tag, desk.port)
    };
    web.release(desk, tag);
}

/// The first version, with a second service, and a gate that fits this machine; gives its time.
pub(super) fn first(desk: &Desk, more: &str) -> Duration {
    release_well(desk, OLD, more);
    let began = Instant::now();
    desk.run(&["traefik"]).is(0, "deployed");
    let gate = Duration::from_secs(6) + 5 * began.elapsed();
    desk.gate(gate);
    gate
}

/// Which version a service's label says.
pub(super) fn label(desk: &Desk, service: &str) -> String {
    let key = format!("coop-cloud.{}.version", desk.stack);
    let format = format!("{{{{ index .Spec.Labels \"{key}\" }}}}");
    let name = format!("{}_{service}", desk.stack);
    desk.swarm()
        .docker(&["service", "inspect", "--format", &format, &name])
}

fn two_versions() {
    let desk = Desk::web("mixed", 18230);
    let more = side("");
    first(&desk, &more);
    release_well(&desk, NEW, &more);
    desk.run(&["traefik"]).is(0, "upgraded");
    let name = format!("{}_side", desk.stack);
    for (words, code, outcome) in [
        (&["traefik"][..], 0, "redeployed"),
        (&["rollback", "traefik"], 20, "rolled-back"),
        (&["resume", "--again", "traefik"], 0, "redeployed"),
    ] {
        desk.swarm()
            .docker(&["service", "rollback", "--detach", &name]);
        assert_eq!([label(&desk, "app"), label(&desk, "side")], [NEW, OLD]);
        let plan = desk.run(&["plan", "traefik"]).json();
        assert_eq!(
            plan["world"]["running"]["runs"]["mixed"]["side"], OLD,
            "{plan:#}"
        );
        desk.run(words).is(code, outcome);
        assert_eq!([label(&desk, "app"), label(&desk, "side")], [NEW, NEW]);
        assert_eq!(version_that_answers(&desk).as_deref(), Some("1.1.0"));
        assert_eq!(desk.last_good(), NEW);
    }
    desk.run(&["traefik"]).is(0, "noop-healthy");
    // A person removes all of it.
    desk.swarm().docker(&["stack", "rm", &desk.stack]);
    let end = Instant::now() + Duration::from_secs(30);
    while !desk.services().is_empty() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(100));
    }
    desk.run(&["traefik"]).is(0, "brought-back");
    assert_eq!(label(&desk, "side"), NEW);
}

fn half_back() {
    let desk = Desk::web("halfback", 18231);
    let more = side("");
    let release = |web: Web<'_>, tag: &str| {
        let compose = web.compose();
        let pause = "failure_action: pause";
        assert!(compose.contains(pause));
        let compose = compose.replace(pause, "failure_action: rollback");
        desk.release_files(tag, &[("compose.yml", &compose)]);
    };
    let old = Web {
        more: &more,
        ..Web::well(OLD, desk.port)
    };
    release(old, OLD);
    let began = Instant::now();
    desk.run(&["traefik"]).is(0, "deployed");
    desk.gate(Duration::from_secs(8) + 5 * began.elapsed());
    // The new version listens elsewhere, so that its gate fails and the port is free meanwhile.
    let new = Web {
        more: &more,
        ..Web::well(NEW, 18232)
    };
    release(new, NEW);
    let mut program = desk.start_until(&["traefik"], "gating");
    let thief = format!("{}-thief", desk.stack);
    let publish = format!("{}:80", desk.port);
    let end = Instant::now() + Duration::from_secs(30);
    while label(&desk, "app") != NEW && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(100));
    }
    let run = ["run", "--detach", "--name", &thief, "--publish", &publish];
    let sleeps = ["lab/web:1", "/bin/busybox", "sleep", "100000"];
    let words: Vec<&str> = run.into_iter().chain(sleeps).collect();
    let taken = || {
        let swarm = desk.swarm();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| swarm.docker(&words)))
    };
    while taken().is_err() && Instant::now() < end {
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            desk.swarm().docker(&["rm", "--force", &thief])
        }));
        std::thread::sleep(Duration::from_millis(200));
    }
    let ended = program.end();
    ended.is(30, "rollback-failed");
    assert!(ended.out.contains("resume --again traefik"), "{ended:?}");
    assert!(
        !ended.out.contains("restores the data"),
        "it has none: {ended:?}"
    );
    desk.swarm().docker(&["rm", "--force", &thief]);
    desk.run(&["resume", "--again", "traefik"])
        .is(20, "rolled-back");
    assert_eq!(version_that_answers(&desk).as_deref(), Some("1.0.0"));
    assert_eq!([label(&desk, "app"), label(&desk, "side")], [OLD, OLD]);
    desk.run(&["traefik"]).is(10, "held-quarantined");
}

fn cannot_work() {
    let desk = Desk::web("cannot", 18233);
    first(&desk, "");
    let release = |tag: &str, from: &str, to: &str| {
        let compose = Web::well(tag, desk.port).compose();
        assert!(compose.contains(from));
        desk.release_files(tag, &[("compose.yml", &compose.replace(from, to))]);
    };
    let order = "order: stop-first";
    let held = "held-undeployable";
    release("5.2.0+v1.1.0", order, "order: start-first");
    untouched(&desk, "5.2.0+v1.1.0", 10, held, "start-first");
    let mode = "endpoint_mode: dnsrr";
    let nowhere = "endpoint_mode: dnsrr\n      placement: { constraints: [node.labels.x == yes] }";
    release("5.2.1+v1.1.1", mode, nowhere);
    untouched(&desk, "5.2.1+v1.1.1", 10, held, "node.labels.x == yes");
    let network = "stop_grace_period: 1s\n    networks: [gone]";
    let tag = "5.2.2+v1.1.2";
    let compose = Web {
        more: "networks: { gone: { external: true } }\n",
        ..Web::well(tag, desk.port)
    };
    let compose = compose.compose().replace("stop_grace_period: 1s", network);
    desk.release_files(tag, &[("compose.yml", &compose)]);
    untouched(
        &desk,
        tag,
        10,
        held,
        "the external network `gone` is not there",
    );
    // What is mended is deployed by itself.
    let tag = "5.2.3+v1.1.3";
    Web::well(tag, desk.port).release(&desk, tag);
    desk.run(&["traefik"]).is(0, "upgraded");
}

fn no_health_check() {
    let desk = Desk::web("unchecked", 18235);
    let told = "service app has no health check";
    let release = |tag: &str, check: &str| {
        let compose = Web::well(tag, desk.port).compose();
        let with = format!("stop_grace_period: 1s\n    {check}");
        let compose = compose.replace("stop_grace_period: 1s", &with);
        assert!(compose.contains(check));
        desk.release_files(tag, &[("compose.yml", &compose)]);
    };
    // Before anything runs the files and the image are looked at.
    Web::well(OLD, desk.port).release(&desk, OLD);
    assert!(desk.run(&["plan", "traefik"]).err.contains(told));
    let deployed = desk.run(&["traefik"]).is(0, "deployed");
    assert!(deployed["remarks"].to_string().contains(told), "{deployed}");
    desk.gate(Duration::from_secs(60));
    // Then what runs is.
    let same = desk.run(&["traefik"]).is(0, "noop-healthy");
    assert!(same["remarks"].to_string().contains(told), "{same}");
    let status = || desk.run(&["status", "traefik"]).json()[0]["without_health_check"].clone();
    assert_eq!(status(), serde_json::json!(["app"]));
    for (tag, check, is_told) in [
        ("5.2.0+v1.1.0", "healthcheck: { test: [NONE] }", true),
        (
            "5.2.1+v1.1.1",
            "healthcheck: { test: [CMD, /bin/busybox, 'true'], interval: 1s }",
            false,
        ),
    ] {
        release(tag, check);
        desk.run(&["traefik"]).is(0, "upgraded");
        let same = desk.run(&["traefik"]).is(0, "noop-healthy");
        assert_eq!(
            same["remarks"].to_string().contains(told),
            is_told,
            "{same}"
        );
        let wanted: &[&str] = if is_told { &["app"] } else { &[] };
        assert_eq!(status(), serde_json::json!(wanted), "{check}");
    }
}

fn words() {
    let desk = Desk::web("words", 18234);
    let gate = first(&desk, "");
    let migrate = "  migrate:
    image: lab/web:1
    command: [/bin/busybox, sh, -c, 'echo no such column: x >&2; exit 4']
    deploy: { restart_policy: { condition: none } }
";
    let tag = "5.2.0+v1.1.0";
    release_well(&desk, tag, migrate);
    desk.gate(Duration::from_secs(90));
    let report = desk.run(&["traefik"]).is(20, "rolled-back");
    let told = report["remarks"].to_string();
    // It did not wait for what never comes.
    assert!(told.contains("will not come by itself"), "{told}");
    let alert = std::fs::read_to_string(report["alert"].as_str().unwrap()).unwrap();
    let record = desk.flight(&report).to_string();
    for text in [&told, &alert, &record] {
        assert!(text.contains("task: non-zero exit (4)"), "{text}");
        assert!(text.contains("no such column: x"), "{text}");
    }
    // An answer that does not count is on record as it came.
    let tag = "5.2.1+v1.2.0";
    let answers = "printf 'HTTP/1.0 503 No\\r\\n\\r\\nthe cache is cold'".to_owned();
    let web = Web {
        health: answers,
        ..Web::well(tag, desk.port)
    };
    web.release(&desk, tag);
    desk.gate(gate);
    let report = desk.run(&["traefik"]).is(20, "rolled-back");
    let alert = std::fs::read_to_string(report["alert"].as_str().unwrap()).unwrap();
    assert!(alert.contains("the cache is cold"), "{alert}");
}
