//! What a deployer does beside deploying: it watches what it has committed, sees what others
//! changed, runs the hooks, asks for an armed gate, lets go of old images, and foresees.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::stage::{Answer, NEW, OLD, Stage};
use test_kit::runs::eventually;
use test_kit::sshd::write_program;
use test_kit::trials::trial;
use test_kit::warm::Running;

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_version_that_becomes_unhealthy_in_its_bake_time_is_left",
            bakes,
        ),
        trial(
            "a_version_that_becomes_unhealthy_after_a_killed_watch_is_left_by_the_next_run",
            watch_killed,
        ),
        trial(
            "a_rollback_that_a_person_asks_for_in_the_bake_time_is_not_told_as_a_sick_version",
            left_by_hand,
        ),
        trial(
            "what_was_adopted_can_be_gone_back_to_and_its_drift_is_seen",
            adopted,
        ),
        trial(
            "what_was_changed_by_hand_is_told_and_converged_on_wish",
            drifts,
        ),
        trial(
            "hooks_run_around_a_change_and_a_failing_one_before_it_touches_nothing",
            hooks,
        ),
        trial(
            "an_upgrade_waits_for_a_proof_of_the_gate_as_it_is_configured",
            armed,
        ),
        trial(
            "images_of_versions_that_nothing_refers_to_are_released",
            images,
        ),
        trial("a_plan_says_what_would_hold_the_run", foresees),
    ]
}

/// OLD is last-good and NEW is out.
fn behind() -> Stage {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    stage.release(NEW);
    stage
}

/// NEW is committed, and a run watches it for so long.
fn watched(bake: &str) -> (Stage, Running) {
    let stage = behind();
    stage.also(&format!("    times: {{ first_gate: 300ms, gate: 2500ms, probe: 2s, every: 40ms, successes: 2, steady: 0s, bake: {bake} }}\n"));
    let run = Running::start(&mut stage.command(&[], &["traefik"]));
    eventually("the commit", || stage.last_good() == NEW);
    (stage, run)
}

fn bakes() {
    let (stage, mut run) = watched("20s");
    stage.answers(NEW, Answer::Status(503));
    let report = run.end().is(20, "rolled-back");
    let told = report["remarks"].to_string();
    assert!(told.contains("within its bake time"), "{told}");
    assert_eq!(stage.last_good(), OLD);
    assert!(stage.file("quarantine.json").contains(NEW));
    assert_eq!(stage.alerts_of("rolled-back"), 1);
    stage.run(&["traefik"]).is(10, "held-quarantined");
}

fn adopted() {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    // As if somebody else had deployed it.
    std::fs::remove_dir_all(stage.home()).unwrap();
    stage.run(&["traefik"]).is(0, "adopted");
    assert!(stage.file("deployed.json").contains(OLD));
    stage.release(NEW);
    stage.run(&["traefik"]).is(0, "upgraded");
    stage.run(&["rollback", "traefik"]).is(20, "rolled-back");
    assert_eq!(stage.last_good(), OLD);
}

/// The same, and that run is killed.
fn unwatched() -> Stage {
    let (stage, mut run) = watched("60s");
    run.kill();
    assert_eq!(stage.last_good(), NEW);
    stage
}

fn left_by_hand() {
    let stage = unwatched();
    let report = stage.run(&["rollback", "traefik"]).is(20, "rolled-back");
    let told = report["remarks"].to_string();
    assert!(!told.contains("bake time"), "{told}");
    assert_eq!(stage.last_good(), OLD);
}

fn watch_killed() {
    let stage = unwatched();
    stage.answers(NEW, Answer::Status(503));
    stage.run(&["traefik"]).is(20, "rolled-back");
    assert_eq!(stage.last_good(), OLD);
}

fn drifts() {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    let same = stage.run(&["traefik"]).is(0, "noop-healthy");
    let told = same["remarks"].to_string();
    assert!(!told.contains("not as it was deployed"), "{told}");
    stage.engine.edit(|state| {
        let spec = &mut state.0["services"][0]["Spec"];
        spec["Labels"]["by.hand"] = json!("yes");
        spec["TaskTemplate"]["ContainerSpec"]["Env"] = json!(["DB_PASSWORD=hunter22hunter22"]);
    });
    let words = ["environment: DB_PASSWORD added", "labels: by.hand added"];
    let told = |words_of: &[&str]| {
        let shown = stage.plain(words_of);
        let all = format!("{}{}", shown.out, shown.err);
        for word in words {
            assert!(all.contains(word), "{words_of:?}: {all}");
        }
        assert!(!all.contains("hunter22"), "{all}");
        shown
    };
    assert_eq!(told(&["traefik"]).code, Some(0));
    assert_eq!(told(&["plan", "traefik"]).code, Some(0));
    assert_eq!(told(&["status", "traefik"]).code, Some(0));
    let status: Value = serde_json::from_str(&stage.run(&["status", "traefik"]).out).unwrap();
    assert_eq!(status[0]["drift"].as_array().unwrap().len(), 2);
    stage.run(&["traefik", "--converge"]).is(0, "redeployed");
    assert!(!stage.file("deployed.json").contains("hunter22"));
    for entry in std::fs::read_dir(stage.home().join("runs")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains("hunter22"), "{text}");
    }
}

fn hooks() {
    let stage = Stage::new();
    let log = stage.path("hooks");
    let hook = stage.path("hook");
    write_program(
        &hook,
        &format!(
            "#!/bin/sh\necho \"$1 $WARM_RECONCILE_APP $WARM_RECONCILE_TO $WARM_RECONCILE_OUTCOME\" >>{log}\n[ ! -e {fails} ] || {{ echo 'the backup is running' >&2; exit 3; }}\n",
            log = log.display(),
            fails = stage.path("fails").display()
        ),
    );
    stage.also(&format!(
        "    hooks: {{ before: [{hook}, before $(x)], after: [{hook}, after] }}\n",
        hook = hook.display()
    ));
    stage.run(&["traefik"]).is(0, "deployed");
    stage.run(&["traefik"]).is(0, "noop-healthy");
    let lines = || std::fs::read_to_string(&log).unwrap_or_default();
    assert_eq!(
        lines(),
        format!("before $(x) traefik {OLD} \nafter traefik {OLD} deployed\n"),
        "none around a run that changes nothing"
    );
    stage.release(NEW);
    std::fs::write(stage.path("fails"), "").unwrap();
    let (calls, indexes) = (stage.calls(), stage.engine.indexes());
    let held = stage.plain(&["traefik"]);
    assert_eq!(held.code, Some(40), "{held:?}");
    assert!(held.out.contains("inconclusive-hook"), "{held:?}");
    assert!(held.out.contains("the backup is running"), "{held:?}");
    assert_eq!((stage.calls(), stage.engine.indexes()), (calls, indexes));
    assert!(stage.file("quarantine.json").is_empty());
    std::fs::remove_file(stage.path("fails")).unwrap();
    stage.answers(NEW, Answer::Status(500));
    stage.run(&["traefik"]).is(20, "rolled-back");
    assert!(
        lines().ends_with(&format!("after traefik {OLD} rolled-back\n")),
        "{}",
        lines()
    );
    // A way back waits for nobody.
    stage.answers(NEW, Answer::Status(200));
    stage.run(&["release", "traefik", "--quarantined", NEW]);
    stage.run(&["traefik"]).is(0, "upgraded");
    std::fs::write(stage.path("fails"), "").unwrap();
    stage.run(&["rollback", "traefik"]).is(20, "rolled-back");
}

fn armed() {
    let stage = behind();
    stage.also("    armed_gate: true\n");
    let held = stage.plain(&["traefik"]);
    assert_eq!(held.code, Some(10), "{held:?}");
    assert!(
        held.out
            .contains("`warm-reconcile prove-gate traefik --arm`"),
        "{held:?}"
    );
    let status = || stage.plain(&["status", "traefik"]).out;
    assert!(status().contains("GATE NOT ARMED"), "{}", status());
    // A proof that is not kept arms nothing.
    assert_eq!(stage.plain(&["prove-gate", "traefik"]).code, Some(0));
    stage.run(&["traefik"]).is(10, "held-unarmed");
    let shown = stage.plain(&["prove-gate", "traefik", "--arm"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(status().contains("gate armed"), "{}", status());
    stage.run(&["traefik"]).is(0, "upgraded");
    // Neither is a gate that another build of the program has proved, nor another gate.
    let proof = stage.home().join("gate.json");
    let proved = std::fs::read_to_string(&proof).unwrap();
    let mut other: serde_json::Value = serde_json::from_str(&proved).unwrap();
    assert!(
        other["program"].as_str().unwrap().starts_with("sha256:"),
        "{other}"
    );
    other["program"] = json!("sha256:another");
    std::fs::write(&proof, other.to_string()).unwrap();
    assert!(status().contains("GATE NOT ARMED"), "{}", status());
    std::fs::write(&proof, proved).unwrap();
    assert!(status().contains("gate armed"), "{}", status());
    stage.also("    health_path: /api/other\n");
    assert!(status().contains("GATE NOT ARMED"), "{}", status());
}

fn images() {
    let stage = behind();
    let named = |version: &str| {
        let tag = version.replace('+', "_");
        format!("warm-reconcile/traefik-test/app:{tag}")
    };
    let old = ["1.0.0+v1", "2.0.0+v1", OLD];
    stage.engine.edit(|state| {
        for version in old {
            let id = format!("sha256:of {version}");
            state.0["images"][&id] = json!({ "Id": id, "RepoTags": [named(version), "mine:1"] });
        }
        let id = "sha256:another app";
        let other = "warm-reconcile/another/app:1.0.0_v1";
        state.0["images"][id] = json!({ "Id": id, "RepoTags": [other] });
    });
    stage.run(&["traefik"]).is(0, "upgraded");
    let calls = stage.calls();
    let removed: Vec<&str> = calls
        .iter()
        .filter_map(|call| call.strip_prefix("image rm "))
        .collect();
    assert_eq!(removed, [named("1.0.0+v1"), named("2.0.0+v1")]);
}

fn foresees() {
    let stage = behind();
    let calls = stage.calls();
    assert_eq!(stage.run(&["plan", "traefik"]).code, Some(0));
    let refusal = "services.app.command must be a string";
    std::fs::write(stage.path("refuses"), refusal).unwrap();
    let planned = stage.plain(&["plan", "traefik"]);
    assert_eq!(planned.code, Some(10), "{planned:?}");
    assert!(planned.out.contains("held-undeployable"), "{planned:?}");
    assert!(planned.out.contains(refusal), "{planned:?}");
    assert!(planned.out.contains("To go on: "), "{planned:?}");
    std::fs::remove_file(stage.path("refuses")).unwrap();
    // What is missing of the swarm, and an image, which is told and not fetched.
    let files = json!({
        "services": { "app": { "image": "registry.test/gone:1" } },
        "networks": { "proxy": { "external": true, "name": "proxy" } },
    });
    std::fs::write(stage.path("config"), files.to_string()).unwrap();
    let planned: Value = serde_json::from_str(&stage.run(&["plan", "traefik"]).out).unwrap();
    assert_eq!(planned["foreseen"]["outcome"], "held-undeployable");
    let why = planned["foreseen"]["why"][0].as_str().unwrap();
    assert!(why.contains("network `proxy`"), "{why}");
    let files = json!({ "services": { "app": { "image": "registry.test/gone:1" } } });
    std::fs::write(stage.path("config"), files.to_string()).unwrap();
    let planned = stage.plain(&["plan", "traefik"]);
    assert_eq!(planned.code, Some(0), "{planned:?}");
    assert!(planned.err.contains("registry.test/gone:1"), "{planned:?}");
    assert_eq!(
        stage.calls(),
        calls,
        "nothing but `stack config` was called"
    );
    assert!(stage.alerts().is_empty());
}
