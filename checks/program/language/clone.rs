//! `on: clone`: a cold clone of the claimed commit, and never the tree as it happens to be.

use std::process::Command;

use super::kit::claim;
use test_kit::program::Scratch;

const CHECKS: &[(&str, &str)] = &[
    ("text", "on: clone\nrun: cat file\nexpect: committed"),
    (
        "sub",
        "on: clone\ncwd: sub\nrun: cat inner; basename \"$PWD\"\nexpect: { stdout: { lines: 2, contains: [inner text, sub] } }",
    ),
    (
        "untracked",
        "on: clone\nrun: ls\nexpect: { stdout: { not: { contains: untracked } } }",
    ),
    (
        "head",
        "on: clone\nrun: git rev-parse HEAD\nexpect: { stdout: { matches: '^[0-9a-f]{40}$' } }",
    ),
];

fn git(scratch: &Scratch, words: &[&str]) -> String {
    let out = Command::new("git")
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.org",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(words)
        .current_dir(scratch.path())
        .output()
        .unwrap();
    assert!(out.status.success(), "{words:?}: {out:?}");
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

/// A repository with two commits and a tree that differs from both.
fn repository() -> Scratch {
    let scratch = Scratch::with(claim("", CHECKS));
    git(&scratch, &["init", "-q", "-b", "main"]);
    scratch.write(".gitignore", "reports/\n");
    scratch.write("file", "first\n");
    std::fs::create_dir(scratch.path().join("sub")).unwrap();
    scratch.write("sub/inner", "inner text\n");
    git(&scratch, &["add", "."]);
    git(&scratch, &["commit", "-qm", "one"]);
    git(&scratch, &["tag", "first"]);
    scratch.write("file", "committed\n");
    git(&scratch, &["commit", "-qam", "two"]);
    scratch
}

#[test]
fn sees_the_commit_and_not_the_dirty_tree_and_says_so() {
    let scratch = repository();
    scratch.write("file", "dirty\n");
    scratch.write("untracked", "");
    let run = scratch.recorded(&[]);
    assert_eq!(run.outcomes(), ["PASS"; 4], "{}", run.shown.out);
    let head = git(&scratch, &["rev-parse", "HEAD"]);
    let state = &run.record["repository"];
    assert_eq!(
        (
            &state["commit"],
            &state["dirty"],
            &state["tree"],
            &state["branch"]
        ),
        (
            &head.as_str().into(),
            &true.into(),
            &"clone".into(),
            &"main".into()
        )
    );
    assert!(
        run.shown
            .out
            .contains("the working tree differs from the commit"),
        "{}",
        run.shown.out
    );
    assert_eq!(run.record["claim"]["path"], "claim.yaml");
    let left = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    let left = left.filter(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with("gateproof-clone-")
            && std::fs::read_to_string(entry.path().join("tree/.git/config"))
                .is_ok_and(|config| config.contains(&*scratch.path().to_string_lossy()))
    });
    assert_eq!(left.count(), 0, "no clone is left behind");
}

#[test]
fn in_the_worktree_the_tree_counts_and_it_is_said_that_it_never_counts_towards_a_gate() {
    let scratch = repository();
    scratch.write("file", "dirty\n");
    let run = scratch.recorded(&["--worktree"]);
    assert_eq!(run.outcome("text"), "FAIL", "{}", run.shown.out);
    assert_eq!(run.record["repository"]["tree"], "worktree");
    assert!(run.shown.out.contains("never counts"), "{}", run.shown.out);
}

#[test]
fn another_revision_is_checked_and_an_unknown_one_is_refused_before_anything_is_run() {
    let scratch = repository();
    let run = scratch.recorded(&["--at", "first"]);
    assert_eq!(run.outcome("text"), "FAIL", "{}", run.shown.out);
    assert!(
        run.check("text")["observed"]
            .as_str()
            .unwrap()
            .contains("first")
    );
    assert_eq!(
        run.record["repository"]["commit"],
        git(&scratch, &["rev-parse", "first"]).as_str()
    );
    for rev in ["no-such-revision", "--upload-pack=touch pwned"] {
        let shown = scratch.verify(&[&format!("--at={rev}")]);
        assert_eq!(shown.code, Some(2), "{shown:?}");
        assert!(
            shown.err.contains("GP2603") && shown.err.contains("nothing was run"),
            "{}",
            shown.err
        );
    }
    assert!(!scratch.has("pwned"));
    assert_eq!(scratch.records().len(), 1);
}

#[test]
fn without_a_repository_a_clone_is_an_error_and_a_revision_is_refused() {
    let scratch = Scratch::with(claim("", CHECKS));
    let run = scratch.recorded(&[]);
    assert_eq!(run.outcomes(), ["ERROR"; 4], "{}", run.shown.out);
    assert!(
        run.why("text").contains("no git repository"),
        "{}",
        run.why("text")
    );
    assert_eq!(run.shown.code, Some(3));
    let shown = scratch.verify(&["--at", "HEAD"]);
    assert_eq!(shown.code, Some(2), "{shown:?}");
}

#[test]
fn a_clone_is_reproduced_by_hand_from_anywhere_in_the_repository() {
    let scratch = repository();
    let run = scratch.recorded(&["--at", "first"]);
    scratch.write("file", "dirty\n");
    for (id, seen) in [("text", "first\n"), ("sub", "inner text\nsub\n")] {
        let line = run.check(id)["reproduce"].as_str().unwrap();
        let out = Command::new("sh")
            .args(["-c", line])
            .current_dir(scratch.path().join("sub"))
            .env("TMPDIR", scratch.path())
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&out.stdout),
            seen,
            "{line}: {out:?}"
        );
        assert!(
            !line.contains(&*scratch.path().to_string_lossy()),
            "no path of this machine: {line}"
        );
    }
}

#[test]
fn what_a_check_does_in_the_clone_stays_there() {
    let scratch = repository();
    let commit = "git -c user.name=t -c user.email=t@example.org commit -qam changed";
    let check = format!(
        "on: clone\nrun: echo x >file && {commit} && git log -1 --format=%s\nexpect: changed"
    );
    scratch.write("claim.yaml", claim("", &[("a", &check)]));
    let before = git(&scratch, &["rev-parse", "HEAD"]);
    assert_eq!(scratch.recorded(&[]).outcomes(), ["PASS"]);
    assert_eq!(scratch.text("file"), "committed\n");
    assert_eq!(git(&scratch, &["rev-parse", "HEAD"]), before);
}
