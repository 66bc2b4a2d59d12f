//! Errors of our own are heard of; what hangs is started anew; a way back needs no network.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use super::stage::{Answer, NEW, OLD, Stage, git};
use test_kit::trials::trial;
use test_kit::warm::{Ended, Running};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "an_error_of_our_own_is_alerted_once_and_taken_back_when_a_run_succeeds",
            alarm,
        ),
        trial("a_version_that_hangs_is_started_anew_once", hangs),
        trial(
            "a_version_that_hangs_for_good_is_degraded_after_one_restart",
            hangs_for_good,
        ),
        trial(
            "what_is_gone_back_to_is_started_anew_where_it_hangs_and_only_then",
            back_to_what_hangs,
        ),
        trial(
            "plan_fetches_and_a_way_back_does_without_a_network",
            fetches,
        ),
        trial(
            "resume_again_leads_out_also_after_further_runs",
            again_after_runs,
        ),
        trial(
            "what_cannot_be_deployed_is_told_before_anything_is_touched",
            refused,
        ),
        trial(
            "a_pinned_app_goes_to_its_version_and_stays_and_its_history_tells",
            pinned,
        ),
        trial("only_versions_of_the_variant_are_followed", variant),
        trial("a_run_counts_and_keeps_its_last_success", counts),
    ]
}

fn alarm() {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    stage.release(NEW);
    // A lock that cannot be taken is an error before anything is known.
    let lock = stage.warm().join("locks/traefik.lock");
    let in_the_way = || {
        std::fs::remove_file(&lock).unwrap();
        std::fs::create_dir(&lock).unwrap();
    };
    in_the_way();
    for _ in 0..2 {
        let ended = stage.run(&["traefik"]);
        assert_eq!(ended.code, Some(40), "{ended:?}");
        assert!(
            ended.err.contains("cannot lock"),
            "the error itself is told: {ended:?}"
        );
        assert_eq!(
            stage.alerts_of("inconclusive-error"),
            1,
            "{:?}",
            stage.alerts()
        );
    }
    let (name, alert) = stage.alerts().remove(0);
    assert!(
        name.ends_with("Z-traefik-inconclusive-error.json"),
        "{name}"
    );
    assert_eq!(
        (alert["app"].as_str(), alert["version"].as_str()),
        (Some("traefik"), Some(OLD))
    );
    let error = alert["evidence"]["error"].as_str().unwrap();
    assert!(error.contains("cannot lock"), "{alert:#}");
    let metrics = std::fs::read_to_string(stage.warm().join("metrics/traefik.prom")).unwrap();
    assert!(metrics.contains("outcome=\"inconclusive\"} 2"), "{metrics}");
    std::fs::remove_dir(&lock).unwrap();
    stage.run(&["traefik"]).is(0, "upgraded");
    let all = stage.alerts();
    let back = all
        .iter()
        .filter(|(_, alert)| alert["retracts"] == name.as_str());
    assert_eq!(back.count(), 1, "{all:?}");
    // A later error is news again, although nobody has put the first alert aside. This one comes
    // in the middle of a run.
    stage.release("5.3.0+v3.6.15");
    stage.docker("[ \"$1\" != stack ] || exec sleep 60");
    let mut program = stage.start_until(&["traefik"], "deploying");
    program.signal("-KILL");
    program.end();
    let recipe = stage.path("recipe");
    std::fs::rename(&recipe, stage.path("away")).unwrap();
    let ended = stage.run(&["traefik"]);
    assert_eq!(ended.code, Some(40), "{ended:?}");
    assert!(
        ended.err.contains("the recipe cannot be exported"),
        "{ended:?}"
    );
    assert_eq!(stage.alerts_of("inconclusive-error"), 2);
    // An app that another run has is no error.
    std::fs::rename(stage.path("away"), &recipe).unwrap();
    let calls = stage.calls().len();
    let mut busy = Running::start(&mut stage.command(&[], &["traefik"]));
    let end = Instant::now() + Duration::from_secs(60);
    while stage.calls().len() == calls {
        assert!(Instant::now() < end, "it never deployed");
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = stage.run(&["traefik"]);
    busy.kill();
    assert!(
        second.code == Some(40) && second.err.contains("busy"),
        "{second:?}"
    );
    assert_eq!(stage.alerts_of("inconclusive-error"), 2);
}

fn restarts(stage: &Stage) -> usize {
    let calls = stage.calls();
    calls
        .iter()
        .filter(|call| call.starts_with("service update --detach --force"))
        .count()
}

fn hangs() {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    stage.falls_sick();
    stage.run(&["traefik"]).is(0, "redeployed");
    assert_eq!(restarts(&stage), 1, "{:?}", stage.calls());
    assert_eq!(stage.last_good(), OLD);
    stage.run(&["traefik"]).is(0, "noop-healthy");
}

fn hangs_for_good() {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    stage.answers(OLD, Answer::Hang);
    let ended = stage.run(&["traefik"]);
    ended.is(30, "unhealthy-on-latest");
    assert_eq!(restarts(&stage), 1, "{:?}", stage.calls());
    assert_eq!(stage.alerts_of("unhealthy-on-latest"), 1);
    assert_eq!(stage.last_good(), OLD);
}

fn back_to_what_hangs() {
    // The engine remembers an update for as long as no other one comes.
    for (hangs, updated) in [(true, false), (false, false), (true, true)] {
        let stage = Stage::new();
        stage.run(&["traefik"]).is(0, "deployed");
        stage.release(NEW);
        let mut last = OLD;
        if updated {
            stage.run(&["traefik"]).is(0, "upgraded");
            stage.release("5.3.0+v3.6.15");
            last = NEW;
        }
        if hangs {
            stage.falls_sick();
        }
        // The new version's deploy fails before it reaches the engine: the old process is still there.
        let count = stage.path("count").display().to_string();
        stage.docker(&format!(
            "[ \"$1\" != stack ] || {{ echo >>{count}; [ \"$(wc -l <{count})\" -gt 1 ] || {{ echo 'no such thing' >&2; exit 1; }}; }}"
        ));
        // It never started, so it is tried again.
        let ended = stage.run(&["traefik"]);
        ended.is(10, "held-undeployable");
        assert_eq!(restarts(&stage), usize::from(hangs), "{:?}", stage.calls());
        assert_eq!(stage.last_good(), last);
        assert_eq!(stage.file("quarantine.json"), "");
    }
}

fn again_after_runs() {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    stage.release(NEW);
    for version in [OLD, NEW] {
        stage.answers(version, Answer::Status(500));
    }
    let ended = stage.run(&["traefik"]);
    ended.is(30, "rollback-failed");
    assert!(ended.out.contains("resume --again traefik"), "{ended:?}");
    // The timer's run comes before the person.
    stage.run(&["traefik"]).is(30, "unhealthy-on-latest");
    stage
        .run(&["resume", "--again", "traefik"])
        .is(30, "unhealthy-on-latest");
    stage.answers(OLD, Answer::Status(200));
    stage.falls_sick();
    stage
        .run(&["resume", "--again", "traefik"])
        .is(10, "held-quarantined");
    assert_eq!(stage.runs().as_deref(), Some("3.6.15"));
    let healthy = stage.run(&["resume", "--again", "traefik"]);
    assert_eq!((healthy.code, healthy.outcome().as_str()), (Some(0), ""));
}

fn refused() {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    stage.release(NEW);
    let (indexes, calls) = (stage.engine.indexes(), stage.calls());
    std::fs::write(
        stage.path("refuses"),
        "services.app.command.2 must be a string",
    )
    .unwrap();
    let ended = stage.run(&["traefik"]);
    let report = ended.is(10, "held-undeployable");
    assert!(ended.out.contains("must be a string"), "{ended:?}");
    assert_eq!(report["version"], NEW);
    assert_eq!((stage.engine.indexes(), stage.calls()), (indexes, calls));
    assert_eq!(stage.file("quarantine.json"), "");
    assert_eq!(stage.alerts_of("held-undeployable"), 1);
    // An app that is not healthy is never merely held.
    stage.falls_sick();
    stage.run(&["traefik"]).is(30, "undeployable");
    std::fs::remove_file(stage.path("refuses")).unwrap();
    stage.run(&["traefik"]).is(0, "upgraded");
}

fn pinned() {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    stage.release(NEW);
    stage.release("6.0.0+v3.8.0");
    let pin = stage.run(&["pin", "traefik", NEW]).json();
    assert_eq!(pin["pinned"]["version"], NEW);
    stage.run(&["traefik"]).is(0, "upgraded");
    assert_eq!(stage.last_good(), NEW);
    stage.run(&["traefik"]).is(0, "noop-healthy");
    assert_eq!(stage.run(&["status", "traefik"]).json()[0]["pinned"], NEW);
    // Back by a person's word, and a major rise by the same.
    for tag in [OLD, "6.0.0+v3.8.0"] {
        stage.run(&["pin", "traefik", tag]);
        stage.run(&["traefik"]).is(0, "upgraded");
        assert_eq!(stage.last_good(), tag);
    }
    stage.run(&["pin", "traefik", "9.9.9+v9.9.9"]);
    let gone = stage.run(&["traefik"]);
    gone.is(40, "inconclusive-version");
    assert!(gone.out.contains("has no tag 9.9.9+v9.9.9"), "{gone:?}");
    let unpinned = stage.run(&["unpin", "traefik"]).json();
    assert_eq!(unpinned["unpinned"]["version"], "9.9.9+v9.9.9");
    stage.run(&["traefik"]).is(0, "noop-healthy");
    let history = stage.run(&["history", "traefik"]).json();
    let to: Vec<&str> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["to"].as_str().unwrap())
        .collect();
    assert_eq!(to, ["6.0.0+v3.8.0", OLD, NEW, OLD]);
    let text = stage.plain(&["history", "traefik"]).out;
    assert!(
        text.starts_with("20") && text.lines().count() == 4,
        "{text}"
    );
    assert!(text.contains(&format!("{OLD} -> {NEW}")), "{text}");
}

fn variant() {
    let stage = Stage::new();
    let file = stage.path("apps.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let with = |variant: &str| {
        std::fs::write(&file, format!("{text}    variant: {variant}\n")).unwrap();
    };
    for tag in ["5.1.2+v3.6.15-alpine3.19", "5.1.3+v3.6.15-rc1"] {
        stage.release(tag);
    }
    let newest = || {
        let plan = stage.run(&["plan", "traefik"]);
        let newest = plan.json()["world"]["newest"]["release"]["version"].clone();
        (newest.as_str().unwrap_or_default().to_owned(), plan.err)
    };
    let (all, told) = newest();
    assert_eq!(all, "5.1.2+v3.6.15-alpine3.19");
    assert!(
        told.contains("5.1.3+v3.6.15-rc1 is newer and a pre-release"),
        "{told}"
    );
    with("none");
    assert_eq!(newest().0, OLD);
    with("alpine");
    assert_eq!(newest().0, "5.1.2+v3.6.15-alpine3.19");
    with("rootless");
    let ended = stage.run(&["traefik"]);
    ended.is(40, "inconclusive-version");
    assert!(
        ended.out.contains("no version of the variant `rootless`"),
        "{ended:?}"
    );
}

fn fetches() {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    stage.release(NEW);
    stage.run(&["traefik"]).is(0, "upgraded");
    // From here on there is a remote, with a version that is not here.
    let remote = stage.path("remote");
    git(
        stage.folder.path(),
        &["clone", "--quiet", "recipe", "remote"],
    );
    let newer = "5.3.0+v3.6.15";
    git(&remote, &["tag", "--annotate", "--message", newer, newer]);
    stage.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    let online = |words: &[&str]| {
        let mut command = stage.command(&[], words);
        Ended::of(command.env_remove("CCCI_SKIP_FETCH").output().unwrap())
    };
    let plan = |ended: Ended| {
        ended.json()["plan"]["plan"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(
        plan(stage.run(&["plan", "traefik"])),
        "current",
        "CCCI_SKIP_FETCH"
    );
    assert_eq!(plan(online(&["plan", "traefik"])), "upgrade");
    // The remote is gone, in the slowest way: it never answers.
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "git://127.0.0.1:{}/recipe",
        deaf.local_addr().unwrap().port()
    );
    stage.git(&["remote", "set-url", "origin", &url]);
    let began = Instant::now();
    online(&["rollback", "traefik"]).is(20, "rolled-back");
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "it waited for a network"
    );
    assert_eq!(stage.runs().as_deref(), Some("3.6.15"));
    // A tag that is needed to go back is gone here: it is fetched, and its absence no refusal
    // of another kind.
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    stage.release(NEW);
    stage.run(&["traefik"]).is(0, "upgraded");
    git(
        stage.folder.path(),
        &["clone", "--quiet", "recipe", "remote"],
    );
    stage.git(&[
        "remote",
        "add",
        "origin",
        stage.path("remote").to_str().unwrap(),
    ]);
    stage.git(&["tag", "--delete", OLD]);
    stage
        .run(&["rollback", "traefik"])
        .is(10, "held-no-previous");
    let mut command = stage.command(&[], &["rollback", "traefik"]);
    let ended = Ended::of(command.env_remove("CCCI_SKIP_FETCH").output().unwrap());
    ended.is(20, "rolled-back");
}

fn counts() {
    let stage = Stage::new();
    stage.run(&["traefik"]).is(0, "deployed");
    stage.run(&["traefik"]).is(0, "noop-healthy");
    let value = |name: &str| {
        let text = std::fs::read_to_string(stage.warm().join("metrics/traefik.prom")).unwrap();
        let line = text.lines().find(|line| line.starts_with(name));
        line.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
    };
    let success = value("warm_reconcile_last_success_timestamp_seconds{").unwrap();
    assert!(success > 1.7e9);
    stage.release(NEW);
    stage.answers(NEW, Answer::Status(500));
    stage.run(&["traefik"]).is(20, "rolled-back");
    for (series, count) in [
        (
            r#"warm_reconcile_runs_total{app="traefik",outcome="upgraded"}"#,
            1.0,
        ),
        (
            r#"warm_reconcile_runs_total{app="traefik",outcome="current"}"#,
            1.0,
        ),
        (
            r#"warm_reconcile_runs_total{app="traefik",outcome="rolled-back"}"#,
            1.0,
        ),
        (
            r#"warm_reconcile_runs_total{app="traefik",outcome="held"}"#,
            0.0,
        ),
        (
            r#"warm_reconcile_history_runs{app="traefik",end="committed"}"#,
            1.0,
        ),
        (
            r#"warm_reconcile_history_runs{app="traefik",end="rolled-back"}"#,
            1.0,
        ),
        ("warm_reconcile_last_success_timestamp_seconds{", success),
    ] {
        assert_eq!(value(series), Some(count), "{series}");
    }
}
