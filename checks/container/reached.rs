//! Commands in containers, and containers that no command reaches.

use serde_json::Value;

use crate::boxes::{BoxService, Claim, SHELLLESS, TestBox, output, swarm};
use test_kit::program::Shown;
use test_kit::runs::{eventually, marker, processes_with};

pub(crate) const TRIALS: &[(&str, fn())] = &[
    (
        "a_check_runs_in_the_container_and_names_it_on_record",
        recorded,
    ),
    (
        "the_exit_codes_of_docker_itself_are_the_commands_own",
        exit_codes,
    ),
    ("a_deadline_ends_the_whole_tree_in_the_container", deadline),
    ("the_one_task_of_a_service_is_found", service),
    (
        "forms_tell_of_the_container_and_the_service_of_the_whole_name",
        forms,
    ),
    (
        "a_container_that_is_not_there_or_has_stopped_is_an_error",
        not_running,
    ),
    ("a_container_without_a_shell_is_an_error", no_shell),
    (
        "an_engine_or_a_docker_that_is_missing_is_an_error",
        no_engine,
    ),
];

const GATE: &str = "gates:\n  M1:\n    checks:\n";

#[track_caller]
fn one_record(claim: &Claim) -> Value {
    claim.scratch.records().pop().expect("a record")
}

fn recorded() {
    let web = TestBox::start("recorded");
    let claim = web.claim(&format!(
        "{GATE}      - {{ id: a, claim: c, run: 'cat /etc/where; echo \"$((40 + 2))\" >&2', expect: {{ stdout: inside, stderr: '42' }} }}\n\
         \x20     - {{ id: b, claim: c, run: [cat], stdin: \"a'b\\n\", expect: \"a'b\" }}\n"
    ));
    let shown = claim.verify();
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let record = one_record(&claim);
    let host = &record["hosts"][0];
    assert_eq!(host["destination"], format!("container {}", web.name));
    let boot = host["boot_id"].as_str().unwrap();
    assert!(boot.contains(&web.id()), "{boot}");
    let revision = host["revision"].as_str().unwrap();
    assert!(revision.starts_with("image sha256:"), "{revision}");
    let line = record["checks"][0]["reproduce"].as_str().unwrap();
    assert!(
        line.starts_with(&format!("docker exec {} sh -c ", web.name)),
        "{line}"
    );
    let mut by_hand = std::process::Command::new("sh");
    let socket = format!("unix://{}", web.swarm.socket().display());
    by_hand.args(["-c", line]).env("DOCKER_HOST", socket);
    assert_eq!(output(by_hand).stdout, b"inside\n", "{line}");
    // Nothing of ours stays.
    assert_eq!(web.sh("ls /tmp"), "");
    assert!(!web.sh("ps").contains("gateproof"));
}

fn exit_codes() {
    let web = TestBox::start("codes");
    let checks: String = [255, 126, 127, 137, 3]
        .iter()
        .map(|code| {
            format!("      - {{ id: c{code}, claim: c, run: exit {code}, expect: {{ exit: {code} }} }}\n")
        })
        .collect();
    let claim = web.claim(&format!("{GATE}{checks}"));
    let shown = claim.verify();
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let claim = web.claim(&format!(
        "{GATE}      - {{ id: a, claim: c, run: exit 255, expect: {{ exit: 0 }} }}\n"
    ));
    let shown = claim.verify();
    assert_eq!(shown.code, Some(1), "answered, and so a FAIL: {shown:?}");
}

fn deadline() {
    let web = TestBox::start("deadline");
    let (group, session) = (marker(), marker());
    // `sleep 1$marker` would be a second; the marker makes the arguments known.
    let claim = web.claim(&format!(
        "{GATE}      - {{ id: a, claim: c, timeout: 2s, run: 'setsid sleep 6{} & sleep 6{}', expect: {{ exit: 0 }} }}\n",
        &session[1..], &group[1..]
    ));
    let shown = claim.verify();
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(shown.out.contains("timed out"), "{shown:?}");
    // The engine's processes are processes of this machine.
    for word in [&group[1..], &session[1..]] {
        eventually("the tree is gone", || {
            processes_with(&format!("sleep\0006{word}")).is_empty()
        });
    }
}

fn service() {
    let one = BoxService::start("one", 1);
    let two = BoxService::start("two", 2);
    eventually("the tasks run", || one.running() == 1 && two.running() == 2);
    let check = "      - { id: a, claim: c, run: cat /etc/where, expect: inside }\n";
    let claim = Claim::checks(&one.swarm, &format!("service: {}", one.name), check);
    let shown = claim.verify();
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let record = one_record(&claim);
    assert_eq!(
        record["hosts"][0]["destination"],
        format!("container of service {}", one.name)
    );
    let claim = Claim::checks(&two.swarm, &format!("service: {}", two.name), check);
    error(
        &claim.verify(),
        "2 containers of the service `gp_two` run on this machine",
    );
    let claim = Claim::checks(&one.swarm, "service: gp_none", check);
    error(
        &claim.verify(),
        "no container of the service `gp_none` runs on this machine",
    );
}

fn forms() {
    let named = BoxService::start("formed", 1);
    let idle = BoxService::start("formed_idle", 0);
    let lone = TestBox::start("formed");
    eventually("the task runs", || named.running() == 1);
    let asked = |form: &str| {
        let check = format!("      - {{ id: a, claim: c, on: local, {form} }}\n");
        Claim::checks(&lone.swarm, "container: gp-formed", &check)
    };
    let (service, nothing) = (&named.name, &idle.name);
    let id = lone.id();
    for (form, code) in [
        (format!("service: {{ name: {service}, within: 9s }}"), 2),
        (format!("service: {{ name: {service} }}"), 0),
        (
            format!("service: {{ name: {service}, replicas: 1/1, update: none }}"),
            0,
        ),
        (format!("service: {{ name: {nothing} }}"), 1),
        (
            format!("service: {{ name: {nothing}, replicas: 0/0, running: false }}"),
            0,
        ),
        ("service: { name: gp_form, exists: false }".to_owned(), 0),
        (
            "container: { name: gp-formed, state: running, health: none }".to_owned(),
            0,
        ),
        ("container: { name: gp-form, exists: false }".to_owned(), 0),
        ("container: { name: gp-form }".to_owned(), 1),
        (format!("container: {{ name: {id}, exists: false }}"), 0),
    ] {
        let shown = asked(&form).verify();
        assert_eq!(shown.code, Some(code), "{form}: {shown:?}");
    }
    for form in ["service", "container"] {
        let claim = asked(&format!("{form}: {{ name: gp-none, exists: false }}"));
        let mut deaf = claim.program(&["verify", "claim.yaml"]);
        deaf.env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
        error(&Shown::of(output(deaf)), "docker does not answer");
    }
}

#[track_caller]
fn error(shown: &Shown, why: &str) {
    assert_eq!(shown.code, Some(3), "{shown:?}");
    let words = shown.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(why), "{words}");
}

const HELLO: &str = "      - { id: a, claim: c, run: echo hello, expect: hello }\n";

fn not_running() {
    let swarm = swarm();
    let claim = Claim::checks(&swarm, "container: gp-nobody", HELLO);
    error(&claim.verify(), "there is no such container");
    let web = TestBox::start("stopped");
    web.swarm.docker(&["kill", &web.name]);
    let claim = web.claim(&format!("{GATE}{HELLO}"));
    error(&claim.verify(), "the container has stopped (exit code 137)");
    web.swarm.docker(&["start", &web.name]);
    web.swarm.docker(&["pause", &web.name]);
    let shown = claim.verify();
    web.swarm.docker(&["unpause", &web.name]);
    error(&shown, "the container is not running (it is `paused`)");
}

fn no_shell() {
    let bare = TestBox::with("bare", &[SHELLLESS]);
    let claim = bare.claim(&format!("{GATE}{HELLO}"));
    error(&claim.verify(), "the container has no /bin/sh");
}

fn no_engine() {
    let swarm = swarm();
    let claim = Claim::checks(&swarm, "container: gp-nobody", HELLO);
    let mut deaf = claim.program(&["verify", "claim.yaml"]);
    deaf.env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    error(
        &Shown::of(output(deaf)),
        "the Docker engine does not answer",
    );
    let mut bare = claim.program(&["verify", "claim.yaml"]);
    bare.env("PATH", claim.scratch.path());
    error(&Shown::of(output(bare)), "`docker` is not on this machine");
}
