//! What is written stays inside of the repository, whatever somebody has committed; and git does
//! nothing of the repository's own on the way.

use std::os::unix::fs::symlink;
use std::path::Path;

use test_kit::sshd::write_program;
use test_kit::world::{Person, World};

/// Bob commits a link in a place where a document or a record belongs.
fn plant(bob: &Person, link: &str, target: &Path) {
    let path = bob.clone.join(link);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(target, &path).unwrap();
    bob.git(&["add", "--force", link]);
    bob.git(&["commit", "-qm", "docs(demo): a link"]);
    bob.git(&["push", "-q"]);
}

#[test]
fn neither_side_of_a_review_writes_through_a_link() {
    // A whole document, one that is not there yet, the folder of records, the folder of all.
    for (link, folder) in [
        ("reports/REVIEW-demo.md", false),
        ("reports/REVIEW-demo.md", true),
        ("reports/runs/demo", true),
        ("reports/runs", true),
        ("reports", true),
    ] {
        let (world, bob) = World::new();
        let eve = world.person("eve");
        eve.settings("fast");
        bob.ends(0, &["claim", "M1", "--quiet", "--commit", "--push"]);
        let outside = eve.home().join("outside");
        let dangling = outside.join("new.md");
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("rc"), "alias\n").unwrap();
        // What is there goes first, and stays in the history.
        if bob.clone.join(link).exists() {
            bob.git(&["rm", "-rq", link]);
        }
        let target = match (link, folder) {
            ("reports/REVIEW-demo.md", false) => outside.join("rc"),
            ("reports/REVIEW-demo.md", true) => dangling,
            _ => outside.clone(),
        };
        plant(&bob, link, &target);
        eve.pull();
        let before = eve.git(&["rev-list", "--count", "--all"]);
        for words in [
            &["review", "M1", "--commit", "--push"][..],
            &["verify", "--as", "adversary"],
            &["veto", "no", "--commit"],
        ] {
            // A link among the records is in nobody's way who writes none.
            if words[0] == "veto" && link.starts_with("reports/runs") {
                continue;
            }
            let shown = eve.run(words);
            assert_ne!(shown.code, Some(0), "{link} {words:?}: {shown:?}");
            // Where the link took the claim's record away, there is no claim to judge.
            if words[0] != "review" || link == "reports/REVIEW-demo.md" {
                assert_eq!(shown.code, Some(2), "{link} {words:?}: {shown:?}");
                assert!(
                    shown.err.contains("is a link"),
                    "{link} {words:?}: {shown:?}"
                );
            }
        }
        let left: Vec<_> = std::fs::read_dir(&outside).unwrap().collect();
        assert_eq!(left.len(), 1, "{link}");
        assert_eq!(
            std::fs::read(outside.join("rc")).unwrap(),
            b"alias\n",
            "{link}"
        );
        assert_eq!(eve.git(&["rev-list", "--count", "--all"]), before, "{link}");
        if link == "reports/REVIEW-demo.md" {
            for words in [&["status"][..], &["done", "demo"]] {
                let shown = eve.ends(2, words);
                assert!(shown.err.contains("is a link"), "{shown:?}");
            }
        }
    }
}

#[test]
fn a_claim_is_refused_before_anything_runs_where_its_document_is_a_link() {
    let (_world, bob) = World::new();
    let outside = bob.home().join("status");
    plant(&bob, "reports/STATUS-demo.md", &outside);
    let shown = bob.ends(2, &["claim", "M1", "--commit", "--push"]);
    assert!(
        shown.err.contains("reports/STATUS-demo.md` is a link"),
        "{shown:?}"
    );
    assert!(shown.err.contains("git rm"), "{shown:?}");
    assert!(!outside.exists());
    assert_eq!(bob.records().len(), 0);
}

#[test]
fn git_runs_no_hook_of_the_repository_and_no_monitor() {
    let (world, bob) = World::new();
    let eve = world.person("eve");
    eve.settings("fast");
    bob.ends(0, &["claim", "M1", "--quiet", "--commit", "--push"]);
    eve.pull();
    let ran = eve.home().join("ran");
    let program = eve.home().join("hook");
    let text = format!("#!/bin/sh\necho \"$0\" >>{}\n", ran.display());
    write_program(&program, &text);
    for hook in [
        "pre-commit",
        "commit-msg",
        "post-commit",
        "pre-push",
        "reference-transaction",
        "post-index-change",
    ] {
        let place = eve.clone.join(".git/hooks").join(hook);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::copy(&program, place).unwrap();
    }
    eve.git(&["config", "core.fsmonitor", &program.display().to_string()]);
    let _ = std::fs::remove_file(&ran);
    eve.ends(0, &["review", "M1", "--quiet", "--commit", "--push"]);
    assert!(!ran.exists(), "{}", std::fs::read_to_string(&ran).unwrap());
}

#[test]
fn a_tag_or_a_branch_named_like_another_confuses_nobody() {
    let (world, bob) = World::new();
    let eve = world.person("eve");
    eve.settings("fast");
    // Anybody who may push can make these.
    bob.git(&["tag", "main", "HEAD"]);
    bob.git(&["tag", "origin/main", "HEAD"]);
    bob.git(&["tag", "HEAD", "HEAD"]);
    bob.git(&[
        "push",
        "-q",
        "origin",
        "refs/tags/main",
        "refs/tags/origin/main",
    ]);
    bob.write("more", "x\n");
    bob.git(&["add", "more"]);
    bob.git(&["commit", "-qm", "feat(demo): more"]);
    bob.git(&["push", "-q", "origin", "refs/heads/main:refs/heads/main"]);
    let shown = bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    assert!(shown.err.contains("pushed to origin/main"), "{shown:?}");
    eve.git(&["fetch", "-q", "--tags"]);
    eve.git(&["merge", "-q", "--ff-only", "refs/remotes/origin/main"]);
    let shown = eve.ends(0, &["review", "M1", "--commit", "--push"]);
    assert!(shown.err.contains("PASS"), "{shown:?}");
    bob.git(&["fetch", "-q"]);
    bob.git(&["merge", "-q", "--ff-only", "refs/remotes/origin/main"]);
    let shown = bob.run(&["status"]);
    assert!(shown.out.contains("DONE-ready"), "{shown:?}");
}

#[test]
fn a_review_says_as_whom_it_runs_what_and_shows_the_environment_of_it() {
    let (world, bob) = World::new();
    let eve = world.person("eve");
    bob.write("fake/systemctl", "");
    let tool = bob.clone.join("fake/systemctl");
    write_program(&tool, "#!/bin/sh\necho active\n");
    bob.write(
        "claims/demo.yaml",
        "phase: demo\ntitle: t\ngates:\n  M1:\n    title: up\n    checks:\n      - { id: up, claim: it is up, on: clone, env: { PATH: 'fake:/usr/bin:/bin', LD_PRELOAD: '' }, run: systemctl is-active x, expect: active }\n",
    );
    bob.git(&["add", "--all"]);
    bob.git(&["commit", "-qm", "feat(demo): a fake"]);
    bob.git(&["push", "-q"]);
    bob.ends(0, &["claim", "M1", "--quiet", "--commit", "--push"]);
    eve.pull();
    let shown = eve.ends(0, &["review", "M1", "--commit", "--push"]);
    let says = "its commands now run as ";
    let line = shown.err.lines().find(|line| line.starts_with(says));
    let line = line.unwrap_or_else(|| panic!("{shown:?}"));
    assert!(line.contains("this machine (in the clone)"), "{line}");
    assert!(line.contains(":claims/demo.yaml"), "{line}");
    let review = eve.text("reports/REVIEW-demo.md");
    assert!(review.contains("**What was run**"), "{review}");
    for words in ["systemctl is-active x", "fake:/usr/bin:/bin", "LD_PRELOAD"] {
        assert!(review.contains(words), "{words}: {review}");
    }
    eve.ends(0, &["audit"]);
}

#[test]
fn the_audit_misses_a_review_that_review_does_not_show() {
    let (world, bob) = World::new();
    let eve = world.person("eve");
    eve.settings("fast");
    bob.ends(0, &["claim", "M1", "--quiet", "--commit", "--push"]);
    eve.pull();
    eve.ends(0, &["review", "M1", "--quiet", "--commit", "--push"]);
    bob.pull();
    bob.ends(0, &["audit"]);
    let whole = bob.text("reports/REVIEW-demo.md");
    // Taken out, taken away, and led astray.
    bob.write("reports/REVIEW-demo.md", "# REVIEW\n");
    assert!(bob.ends(1, &["audit"]).out.contains("GP1706"));
    bob.git(&["rm", "-qf", "reports/REVIEW-demo.md"]);
    assert!(bob.ends(1, &["audit"]).out.contains("GP1706"));
    let elsewhere = bob.home().join("REVIEW.md");
    std::fs::write(&elsewhere, whole).unwrap();
    symlink(&elsewhere, bob.clone.join("reports/REVIEW-demo.md")).unwrap();
    assert!(bob.ends(1, &["audit"]).out.contains("GP1706"));
}
