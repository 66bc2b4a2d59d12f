//! `verify --accept`: a snapshot takes on what was seen, where it is all that is wrong.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use super::kit::claim;
use test_kit::program::Scratch;

/// A claim file of these checks in a repository of its own.
fn repository(checks: &[(&str, &str)]) -> Scratch {
    let scratch = Scratch::with(claim("vars: { host: db-7 }\n", checks));
    for words in [
        &["init", "-q"][..],
        &["add", "claim.yaml"],
        &["commit", "-qm", "one"],
    ] {
        let done = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(["-c", "commit.gpgsign=false"])
            .args(words)
            .current_dir(scratch.path())
            .status();
        assert!(done.unwrap().success(), "{words:?}");
    }
    scratch
}

const OLD: &str = "run: printf 'on db-7\\ntook 3 ms\\nnew\\nx\\nend 2\\n'\nexpect:\n  stdout:\n    snapshot: |\n      on ${host}\n      took [..] ms\n      ...\n      end 1\n";

#[test]
fn a_snapshot_takes_on_what_was_seen_and_the_record_says_so() {
    let scratch = repository(&[("shown", OLD), ("other", "run: echo 1\nexpect: 1")]);
    fs::set_permissions(
        scratch.path().join("claim.yaml"),
        fs::Permissions::from_mode(0o640),
    )
    .unwrap();
    let before = scratch.text("claim.yaml");
    let run = scratch.recorded(&["--accept"]);
    // It judged the old snapshot.
    assert_eq!(run.shown.code, Some(1));
    assert_eq!(run.outcome("shown"), "FAIL");
    let after = scratch.text("claim.yaml");
    assert_eq!(after, before.replace("end 1", "end 2"));
    for line in [
        "--- a/claim.yaml",
        "+++ b/claim.yaml",
        "-              end 1",
        "+              end 2",
    ] {
        assert!(
            run.shown.err.lines().any(|it| it == line),
            "{line:?} in {}",
            run.shown.err
        );
    }
    assert!(
        run.shown.out.contains("accepted: the snapshot of M1/shown"),
        "{}",
        run.shown.out
    );
    let accepted = &run.record["accepted"];
    assert_eq!(accepted[0]["check"], "shown");
    assert_eq!(accepted[0]["claim_sha256"].as_str().unwrap().len(), 64);
    assert_ne!(run.record["claim"]["sha256"], accepted[0]["claim_sha256"]);
    assert_eq!(
        run.record["gates"],
        serde_json::json!([]),
        "it counts for no gate"
    );
    let mode = fs::metadata(scratch.path().join("claim.yaml"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    let again = scratch.verify(&["--no-record"]);
    assert_eq!(again.code, Some(0), "{}", again.out);
}

#[test]
fn only_what_is_red_by_its_snapshot_and_nothing_else_is_accepted() {
    let snapshot = |run: &str, more: &str| {
        format!("run: {run}\nexpect: {{ {more}stdout: {{ snapshot: \"a 1\" }} }}")
    };
    let kept = [
        ("exit", snapshot("echo a 2; exit 3", ""), "another matcher"),
        ("beside", "run: echo a 2\nexpect: { stdout: { contains: 1, snapshot: \"a 1\" } }".into(), "beside the snapshot"),
        ("missing", snapshot("no-such-tool-x", ""), ""),
        ("late", format!("{}\ntimeout: 200ms", snapshot("echo a 2; sleep 5", "")), ""),
        ("each", format!("{}\nfor: {{ n: [2, 3] }}", snapshot("echo a ${n}", "")), "share the snapshot"),
        ("never", format!("{}\nnever_within: 100ms", snapshot("echo a 1", "")), "must not hold"),
        ("either", "run: echo a 2\nexpect: { stdout: { any: [ { snapshot: \"a 1\" }, { snapshot: b } ] } }".into(), "no snapshot"),
        ("equal", "run: echo a 2\nexpect: a 1".into(), "no snapshot"),
        ("nothing", snapshot("echo", ""), "demands nothing"),
        ("dots", snapshot("printf 'a\\n...\\n'", ""), "placeholder"),
        ("long", snapshot("seq 9999", ""), "not whole"),
    ];
    let checks: Vec<(&str, &str)> = kept
        .iter()
        .map(|(id, rest, _)| (*id, rest.as_str()))
        .collect();
    let scratch = repository(&checks);
    let before = scratch.text("claim.yaml");
    let run = scratch.recorded(&["--accept"]);
    assert_eq!(scratch.text("claim.yaml"), before);
    assert!(run.record.get("accepted").is_none());
    let notes = run.record["notes"].to_string();
    for (id, _, why) in &kept {
        let named = notes
            .split("not accepted: M1/")
            .find(|it| it.starts_with(id));
        match (why.is_empty(), named) {
            (true, named) => assert!(named.is_none(), "{id}: {notes}"),
            (false, named) => assert!(named.is_some_and(|it| it.contains(why)), "{id}: {notes}"),
        }
    }
    assert!(notes.contains("no snapshot was rewritten"), "{notes}");
}

#[test]
fn a_secret_never_becomes_part_of_a_snapshot() {
    let scratch = repository(&[(
        "shown",
        "run: echo \"a $SHOP_PASSWORD\"\nexpect: { stdout: { snapshot: \"a 1\" } }",
    )]);
    let before = scratch.text("claim.yaml");
    let mut program = scratch.program(&["verify", "claim.yaml", "--accept"]);
    let shown = program
        .env("SHOP_PASSWORD", "correct-horse-7")
        .output()
        .unwrap();
    assert_eq!(shown.status.code(), Some(1));
    assert_eq!(scratch.text("claim.yaml"), before);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("not whole"));
}

#[test]
fn what_may_not_be_rewritten_is_refused_before_anything_is_run() {
    let checks = [(
        "shown",
        "run: touch ran; echo 2\neffect: observe\nexpect: { stdout: { snapshot: \"1\" } }",
    )];
    let refused = |scratch: &Scratch, file: &str, name: &str, value: &str, why: &str| {
        let mut program = scratch.program(&["verify", file, "--accept"]);
        let output = program.env(name, value).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{err}");
        assert!(err.contains(why), "{why:?} in {err}");
        assert!(!scratch.has("ran"), "{why}");
    };
    let scratch = repository(&checks);
    refused(&scratch, "claim.yaml", "CI", "true", "CI job");
    refused(&scratch, "claim.yaml", "GITHUB_ACTIONS", "true", "CI job");
    symlink("claim.yaml", scratch.path().join("link.yaml")).unwrap();
    refused(&scratch, "link.yaml", "CI", "", "is a link");
    let file = scratch.path().join("claim.yaml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    refused(&scratch, "claim.yaml", "CI", "false", "read-only");
    let bare = Scratch::with(claim("", &checks));
    refused(
        &bare,
        "claim.yaml",
        "CI",
        "0",
        "not in a git repository with a commit",
    );
    for more in [["--as", "builder"], ["--as", "ci"], ["--at", "HEAD"]] {
        let shown = scratch.verify(&[&["--accept"][..], &more].concat());
        assert_eq!(shown.code, Some(2), "{}", shown.err);
    }
}
