//! A secret of the app file reaches no sink: not a record, an alert, the log, the metrics, the
//! terminal or systemd, under whatever name and in whatever text. And what is told is told once.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use libtest_mimic::Trial;

use super::stage::{NEW, OLD, Stage};
use test_kit::trials::trial;
use test_kit::warm::Ended;

const SECRET: &str = "supersecretvalue99";

pub fn trials() -> Vec<Trial> {
    vec![
        trial("the_error_that_ends_a_run_is_without_secrets", scratch),
        trial("a_remark_on_the_terminal_is_without_secrets", compose),
        trial("a_secret_in_any_text_reaches_no_sink", everywhere),
        trial(
            "an_app_file_that_is_refused_does_not_show_its_secrets",
            refused,
        ),
        trial(
            "what_a_hook_says_and_what_others_changed_reaches_no_sink",
            hooks_and_drift,
        ),
        trial("a_plan_with_a_hidden_text_still_fits_its_world", planned),
        trial("tags_that_are_ignored_are_named_with_the_reason", ignored),
    ]
}

/// A stage whose app file has a secret, and `more` lines for the app.
fn stage(more: &str) -> Stage {
    let stage = Stage::new();
    let file = stage.path("apps.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        file,
        format!("{text}    env: {{ ADMIN_TOKEN: {SECRET} }}\n{more}"),
    )
    .unwrap();
    stage
}

/// Everything that a run writes for somebody else: all but the state that it needs itself.
fn written(stage: &Stage) -> Vec<(PathBuf, String)> {
    let mut files = vec![stage.warm().join("audit.jsonl")];
    for folder in ["alerts", "alerts/seen", "metrics", "traefik/runs"] {
        let entries = std::fs::read_dir(stage.warm().join(folder))
            .into_iter()
            .flatten();
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files.retain(|path| path.is_file());
    let read = |path: PathBuf| (path.clone(), std::fs::read_to_string(path).unwrap());
    files.into_iter().map(read).collect()
}

#[track_caller]
fn hidden(stage: &Stage, ended: &[&Ended]) {
    for (path, text) in written(stage) {
        assert!(!text.contains(SECRET), "{}: {text}", path.display());
    }
    for ended in ended {
        assert!(!ended.out.contains(SECRET), "{ended:?}");
        assert!(!ended.err.contains(SECRET), "{ended:?}");
    }
}

fn only_record(stage: &Stage) -> serde_json::Value {
    let mut records: Vec<_> = written(stage)
        .into_iter()
        .filter(|(path, _)| path.parent().is_some_and(|folder| folder.ends_with("runs")))
        .collect();
    assert_eq!(records.len(), 1, "{records:?}");
    serde_json::from_str(&records.remove(0).1).unwrap()
}

fn scratch() {
    let stage = stage("");
    let mut command = stage.command(&[], &["traefik"]);
    let gone = stage.path(&format!("{SECRET}-gone"));
    let ended = Ended::of(command.env("TMPDIR", gone).output().unwrap());
    assert_eq!(ended.code, Some(40), "{ended:?}");
    hidden(&stage, &[&ended]);
    let record = only_record(&stage);
    let text = record["ended"].as_str().unwrap();
    assert!(text.contains("[REDACTED]-gone"), "{text}");
    for text in [text, ended.err.as_str()] {
        assert_eq!(text.matches("[REDACTED]-gone").count(), 1, "{text}");
        assert_eq!(text.matches("No such file").count(), 1, "{text}");
    }
}

fn compose() {
    let stage = stage(&format!("    compose: [compose.{SECRET}.yml]\n"));
    let text = stage.plain(&["traefik"]);
    let json = stage.run(&["traefik"]);
    assert!(text.out.contains("compose.[REDACTED].yml"), "{text:?}");
    hidden(&stage, &[&json, &text]);
}

fn hooks_and_drift() {
    let says = format!(
        "[sh, -c, 'echo the word is {SECRET}; echo {SECRET} >&2; test ! -e fails', {SECRET}]"
    );
    let stage = stage(&format!("    hooks: {{ before: {says}, after: {says} }}\n"));
    let mut ended = vec![stage.run(&["traefik"])];
    let record = only_record(&stage).to_string();
    assert_eq!(
        record.matches("the word is [REDACTED]").count(),
        4,
        "{record}"
    );
    let also = says.replace("test ! -e fails", "false");
    stage.also(&format!("    hooks: {{ before: {also} }}\n"));
    stage.release(NEW);
    ended.push(stage.run(&["traefik"]));
    ended.push(stage.plain(&["traefik"]));
    assert_eq!(ended[1].code, Some(40), "{ended:?}");
    assert!(ended[2].out.contains("the word is [REDACTED]"), "{ended:?}");
    stage.engine.edit(|state| {
        let spec = &mut state.0["services"][0]["Spec"];
        spec["Labels"][format!("by.{SECRET}")] = SECRET.into();
        spec["TaskTemplate"]["ContainerSpec"]["Env"] = vec![format!("X={SECRET}")].into();
    });
    for words in [&["plan", "traefik"][..], &["status"], &["traefik"]] {
        ended.push(stage.run(words));
        ended.push(stage.plain(words));
        let shown = ended.last().unwrap();
        let all = format!("{}{}", shown.out, shown.err);
        assert!(all.contains("environment: X added"), "{shown:?}");
        assert!(all.contains("by.[REDACTED] added"), "{shown:?}");
    }
    hidden(&stage, &ended.iter().collect::<Vec<_>>());
    assert!(!stage.file("deployed.json").contains(SECRET));
}

fn everywhere() {
    let stage = stage("");
    let file = stage.path("apps.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let domain = format!("{SECRET}.traefik.test");
    let more =
        format!("    stack: traefik_test\n    health_domain: {domain}\n    pre_releases: true\n");
    std::fs::write(&file, format!("{text}{more}")).unwrap();
    let systemd = stage.path("notify");
    let socket = UnixDatagram::bind(&systemd).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let mut ended = vec![stage.run(&["traefik"])];
    // In a tag, and so in every place in which a version stands.
    let tag = format!("{NEW}-{SECRET}");
    stage.release(&tag);
    stage.docker(
        "[ \"$1 $2\" != 'stack deploy' ] || { echo \"FATA no supersecretvalue99\"; exit 1; }",
    );
    let mut command = stage.command(&[], &["traefik"]);
    let mut run = |command: &mut std::process::Command| {
        ended.push(Ended::of(command.output().unwrap()));
    };
    run(command.env("NOTIFY_SOCKET", &systemd));
    let hold = format!("because of {SECRET}");
    for words in [
        &["hold", "traefik", hold.as_str()][..],
        &["status"],
        &["plan", "traefik"],
        &["traefik"],
        &["spec", "traefik"],
        &["probe", "traefik"],
        &["check-order", "traefik"],
        &["alerts", "all"],
        &["ack", "traefik", &tag],
        &["snapshot", "traefik"],
        &["history", "traefik"],
        &["check-driver", "traefik"],
        &["release", "traefik", "--quarantined", &tag],
        &["release", "traefik"],
        &["rollback", "traefik"],
        &["run", SECRET],
        &["alerts", "show", SECRET],
    ] {
        run(&mut stage.command(&[], words));
        run(&mut stage.plain_command(words));
    }
    hidden(&stage, &ended.iter().collect::<Vec<_>>());
    let shown =
        |ended: &Ended| ended.out.contains("[REDACTED]") || ended.err.contains("[REDACTED]");
    assert!(
        ended.iter().filter(|ended| shown(ended)).count() > 10,
        "{ended:?}"
    );
    let mut buffer = [0; 4096];
    let mut messages = 0;
    while let Ok(length) = socket.recv(&mut buffer) {
        let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert!(!message.contains(SECRET), "{message}");
        messages += usize::from(message.contains("[REDACTED]"));
    }
    assert!(messages > 0, "systemd was told of no version");
}

fn refused() {
    let stage = stage("    no_such_key: 1\n");
    let file = stage.path("apps.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let broken = text.replace("env: { ADMIN", "env: { PORT: [1], ADMIN");
    std::fs::write(&file, broken).unwrap();
    let ended = stage.plain(&["status"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("no_such_key"), "{ended:?}");
    hidden(&stage, &[&ended]);
}

fn planned() {
    let stage = stage("");
    stage.run(&["traefik"]).is(0, "deployed");
    stage.run(&["hold", "traefik", &format!("because of {SECRET}")]);
    let plan = stage.run(&["plan", "traefik"]);
    assert!(plan.out.contains("because of [REDACTED]"), "{plan:?}");
    let file = stage.path("plan.json");
    std::fs::write(&file, &plan.out).unwrap();
    let words = ["run", "traefik", "--plan", file.to_str().unwrap()];
    stage.run(&words).is(10, "held-by-operator");
}

fn lightweight(folder: &Path, tag: &str) {
    let done = std::process::Command::new("git")
        .args(["tag", tag])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
}

fn ignored() {
    let stage = Stage::new();
    let recipe = stage.path("recipe");
    stage.git(&["tag", "--delete", OLD]);
    for tag in [OLD, NEW, "v1.2"] {
        lightweight(&recipe, tag);
    }
    for words in [
        &["plan", "traefik"][..],
        &["traefik"],
        &["status", "traefik"],
    ] {
        let ended = stage.plain(words);
        let text = format!("{}{}", ended.out, ended.err);
        let line = format!("2 tags ignored ({OLD}, {NEW}): lightweight");
        assert_eq!(text.matches(&line).count(), 1, "{ended:?}");
        assert_eq!(
            text.matches("1 tag ignored (v1.2): not a recipe version")
                .count(),
            1,
            "{ended:?}"
        );
    }
    let status = stage.run(&["status", "traefik"]).json();
    assert_eq!(
        status[0]["ignored_tags"].as_array().unwrap().len(),
        3,
        "{status}"
    );
}
