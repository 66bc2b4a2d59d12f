//! That secrets are absent.

use std::process::Command;

use super::kit::{Twins, claim};
use super::server::Server;
use test_kit::program::{Scratch, gateproof};

#[test]
fn known_shapes_of_secrets_are_absent() {
    let server = Server::start();
    Twins::default()
        .pair(
            "run: printf 'one\\nDB_PASSWORD=hunter2x\\n' > out.log; cat out.log; echo fine >&2",
            "{ exit: 0, stderr: { secrets: absent } }",
            "{ stdout: { secrets: absent } }",
            "assigned in line 2",
        )
        .pair(
            &format!("http: {}", server.url("/dated")),
            "{ status: 200, json: { $.none: { absent: true } } }",
            "{ status: 200, body: { secrets: absent } }",
            "named like a secret in line 1",
        )
        .pair(
            "run: yes 0123456789 | head -c 1100000",
            "{ stdout: { starts_with: '0123' } }",
            "{ stdout: { secrets: absent } }",
            "were stored",
        )
        .bad_is("ERROR")
        .hold();
}

/// Not in any form that is known to be secret by its look.
const VALUE: &str = "correct horse battery";

#[test]
fn a_value_of_the_environment_is_sought_and_never_told() {
    let checks = [
        (
            "history",
            "run: git log -p --all\nexpect: { stdout: { secrets: { absent: [VAULT_VALUE] }, contains: 'old.env' } }",
        ),
        (
            "absent",
            "run: git log -p --all\nexpect: { stdout: { secrets: { absent: [OTHER_VALUE] }, contains: 'old.env' } }",
        ),
        (
            "there",
            "run: printf 'one\\ncorrect horse'; printf ' battery\\n'\nexpect: { stdout: { secrets: { absent: VAULT_VALUE } } }",
        ),
        (
            "encoded",
            "run: printf 'correct horse'' battery' | base64\nexpect: { stdout: { secrets: { absent: VAULT_VALUE } } }",
        ),
        (
            "unset",
            "run: echo x\nexpect: { stdout: { secrets: { absent: [NOT_SET_ANYWHERE] } } }",
        ),
        (
            "alone",
            "run: ps -ww -o args= -p $PPID; cat /proc/$PPID/cmdline\nexpect: { stdout: { secrets: { absent: VAULT_VALUE }, contains: gateproof } }",
        ),
    ];
    let scratch = Scratch::with(claim("", &checks));
    remove_from_history_only(&scratch);
    let state = tempfile::tempdir().unwrap();
    let out = gateproof(scratch.path(), state.path())
        .args(["verify", "claim.yaml"])
        .env("VAULT_VALUE", VALUE)
        .env("OTHER_VALUE", "wrong donkey charger")
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(1), "{shown}");
    for (id, outcome) in [
        ("history", "FAIL"),
        ("absent", "PASS"),
        ("there", "FAIL"),
        ("encoded", "FAIL"),
        ("unset", "ERROR"),
    ] {
        let row = format!("│ {id} ");
        let line = shown.lines().find(|line| line.starts_with(&row));
        assert!(
            line.is_some_and(|line| line.contains(outcome)),
            "{id}: {shown}"
        );
    }
    assert!(
        shown.contains("the value of `VAULT_VALUE` in line 2"),
        "{shown}"
    );
    assert!(shown.contains("no `NOT_SET_ANYWHERE`"), "{shown}");
    let mut all = shown + &String::from_utf8_lossy(&out.stderr);
    let written = written_under(scratch.path());
    assert!(written.len() > 1, "a record was written");
    all.extend(written);
    assert!(!all.contains(VALUE), "{all}");
    assert!(!all.contains("Y29ycmVjdCBob3JzZSBiYXR0ZXJ5"), "{all}");
}

/// A repository whose last commit no longer has what an earlier one had.
fn remove_from_history_only(scratch: &Scratch) {
    let git = |words: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let done = Command::new("git")
            .args(identity)
            .args(["-c", "commit.gpgsign=false"])
            .args(words)
            .current_dir(scratch.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q"]);
    scratch.write("old.env", format!("VALUE={VALUE}\n"));
    git(&["add", "old.env"]);
    git(&["commit", "-qm", "one"]);
    git(&["rm", "-q", "old.env"]);
    git(&["commit", "-qm", "two"]);
}

/// The text of every file.
fn written_under(folder: &std::path::Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(written_under(&path));
        } else {
            texts.push(String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
        }
    }
    texts
}
