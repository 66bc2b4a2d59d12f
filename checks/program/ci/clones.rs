//! What is wrong with a clone, from real ones.

use std::path::Path;

use gateproof::run::{
    CloneFinding, CloneQuestion, ExpectedClone, Remote, Wrong, clone_facts, clone_findings,
};

use super::kit::{CLAIM, Desk, git, run_in};

fn findings_with(clone: &Path, question: &CloneQuestion) -> Vec<CloneFinding> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let facts = runtime.block_on(clone_facts(clone, question)).unwrap();
    clone_findings(&facts, &ExpectedClone::default())
}

fn findings(clone: &Path) -> Vec<CloneFinding> {
    findings_with(clone, &CloneQuestion::default())
}

fn kinds(clone: &Path) -> Vec<Wrong> {
    findings(clone)
        .into_iter()
        .map(|found| found.wrong)
        .collect()
}

fn all_refs(clone: &Path) -> String {
    let refs = git(clone, &["for-each-ref"]);
    let head = std::fs::read_to_string(clone.join(".git/FETCH_HEAD")).unwrap_or_default();
    format!("{refs}\n{head}")
}

#[test]
fn a_fresh_clone_has_no_fault() {
    let desk = Desk::with(CLAIM);
    assert_eq!(kinds(&desk.adversary()), []);
    assert_eq!(kinds(&desk.builder()), []);
}

#[test]
fn a_stale_clone_is_counted_without_touching_a_ref_of_it() {
    let desk = Desk::with(CLAIM);
    for n in 0..3 {
        desk.push(&format!("chore: {n}"));
    }
    let clone = desk.adversary();
    let before = all_refs(&clone);
    let found = findings(&clone);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].wrong, Wrong::Stale);
    assert!(
        found[0]
            .what
            .contains("3 commits behind `main` of `origin`"),
        "{found:?}"
    );
    assert_eq!(all_refs(&clone), before);
    // What it says to do, does it.
    git(&clone, &["pull", "-q", "--ff-only", "origin", "main"]);
    assert_eq!(kinds(&clone), []);
}

#[test]
fn another_branch_unpushed_commits_and_a_tree_that_differs_are_told_apart() {
    let desk = Desk::with(CLAIM);
    let clone = desk.adversary();
    git(&clone, &["checkout", "-q", "-b", "feature"]);
    assert_eq!(kinds(&clone), [Wrong::NotDefault]);
    git(&clone, &["commit", "-q", "--allow-empty", "-m", "mine"]);
    assert_eq!(kinds(&clone), [Wrong::Unpushed, Wrong::NotDefault]);
    git(&clone, &["push", "-q", "origin", "feature"]);
    assert_eq!(kinds(&clone), [Wrong::NotDefault]);
    std::fs::write(clone.join("file"), "x").unwrap();
    std::fs::write(clone.join("new ä"), "x").unwrap();
    let found = findings(&clone);
    let words: Vec<&str> = found.iter().map(|f| f.what.as_str()).collect();
    assert_eq!(words[0], "1 tracked file differs from the commit: file");
    assert!(
        words[1].starts_with("1 file in no commit: ") && words[1].contains("new ä"),
        "{words:?}"
    );
}

#[test]
fn a_moved_tag_is_found_also_when_it_is_annotated() {
    let desk = Desk::with(CLAIM);
    let builder = desk.builder();
    git(&builder, &["tag", "light"]);
    git(&builder, &["tag", "-a", "-m", "x", "heavy"]);
    git(&builder, &["push", "-q", "origin", "--tags"]);
    let clone = desk.adversary();
    git(&clone, &["fetch", "-q", "--tags"]);
    git(&clone, &["tag", "only-here"]);
    assert_eq!(kinds(&clone), []);
    desk.push("chore: move");
    git(&builder, &["tag", "-f", "light"]);
    git(&builder, &["tag", "-f", "-a", "-m", "x", "heavy"]);
    git(&builder, &["push", "-q", "--force", "origin", "--tags"]);
    let found: Vec<CloneFinding> = findings(&clone)
        .into_iter()
        .filter(|found| found.wrong == Wrong::MovedTag)
        .collect();
    assert_eq!(found.len(), 2, "{found:?}");
    // What it says to do, does it.
    for tag in ["light", "heavy"] {
        let spec = format!("refs/tags/{tag}:refs/tags/{tag}");
        assert!(found.iter().any(|f| {
            f.remedy
                .contains(&format!("git fetch --force origin {spec}"))
        }));
        git(&clone, &["fetch", "-q", "--force", "origin", &spec]);
    }
    assert_eq!(kinds(&clone), [Wrong::Stale]);
}

#[test]
fn a_shallow_clone_is_named_and_its_distance_still_counted() {
    let desk = Desk::with(CLAIM);
    desk.push("chore: two");
    let url = format!("file://{}", desk.upstream().display());
    git(
        desk.folder(),
        &["clone", "-q", "--depth", "1", &url, "shallow"],
    );
    let shallow = desk.folder().join("shallow");
    assert_eq!(kinds(&shallow), [Wrong::Shallow]);
    desk.push("chore: three");
    let found = findings(&shallow);
    assert_eq!(found[0].wrong, Wrong::Stale, "{found:?}");
    assert!(found[0].what.contains("1 commit behind"), "{found:?}");
}

#[test]
fn an_upstream_that_is_not_there_is_said_and_not_hidden() {
    let desk = Desk::with(CLAIM);
    let clone = desk.adversary();
    std::fs::rename(desk.upstream(), desk.folder().join("gone.git")).unwrap();
    let found = findings(&clone);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].wrong, Wrong::Offline);
    let question = CloneQuestion {
        offline: true,
        ..CloneQuestion::default()
    };
    let found = findings_with(&clone, &question);
    assert!(found[0].what.contains("not asked (--offline)"), "{found:?}");
    // A token in a URL is nobody's business.
    git(
        &clone,
        &[
            "remote",
            "set-url",
            "origin",
            "http://ci:s3cret@127.0.0.1:1/x.git",
        ],
    );
    let found = findings(&clone);
    assert_eq!(found[0].wrong, Wrong::Offline);
    assert!(!found[0].what.contains("s3cret"), "{found:?}");
    git(&clone, &["remote", "remove", "origin"]);
    assert_eq!(kinds(&clone), [Wrong::NoRemote]);
}

#[test]
fn a_detached_head_is_compared_with_the_branch_that_the_server_names() {
    let desk = Desk::with(CLAIM);
    let clone = desk.adversary();
    git(&clone, &["checkout", "-q", "--detach"]);
    assert_eq!(kinds(&clone), []);
    desk.push("chore: newer");
    assert_eq!(kinds(&clone), [Wrong::Stale]);
    git(
        &desk.builder(),
        &["push", "-q", "origin", "HEAD~1:refs/heads/side"],
    );
    let question = CloneQuestion {
        branch: Some("side".to_owned()),
        ..CloneQuestion::default()
    };
    let found = findings_with(&clone, &question);
    let kinds: Vec<Wrong> = found.iter().map(|found| found.wrong).collect();
    assert_eq!(kinds, [Wrong::NotDefault], "{found:?}");
}

#[test]
fn a_remote_that_never_answers_is_given_up_in_time() {
    // A server that takes the connection and says nothing.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let desk = Desk::with(CLAIM);
    let clone = desk.adversary();
    let url = format!("http://127.0.0.1:{port}/x.git");
    git(&clone, &["remote", "set-url", "origin", &url]);
    let question = CloneQuestion {
        patience: std::time::Duration::from_millis(500),
        ..CloneQuestion::default()
    };
    let started = std::time::Instant::now();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let facts = runtime.block_on(clone_facts(&clone, &question)).unwrap();
    assert!(started.elapsed() < std::time::Duration::from_secs(10));
    let Remote::Silent { why, .. } = facts.remote else {
        panic!("{facts:?}")
    };
    assert!(why.contains("no answer within 500ms"), "{why}");
}

/// As git sets them for its hooks and aliases: they belong to the repository of that command.
#[test]
fn variables_that_name_another_repository_are_kept_from_git() {
    let claim = "phase: p\non: clone\ngates:\n  M1:\n    checks:\n      - { id: a, claim: c, run: cat file, expect: committed }\n";
    let desk = Desk::with(claim);
    let other = Desk::with(CLAIM);
    let other = other.builder().join(".git");
    let objects = other.join("objects");
    let (other, objects) = (other.to_str().unwrap(), objects.to_str().unwrap());
    for (name, value) in [
        ("GIT_OBJECT_DIRECTORY", objects),
        ("GIT_COMMON_DIR", other),
        ("GIT_DIR", other),
        ("GIT_NAMESPACE", "other"),
        ("GIT_CONFIG", "/nonexistent"),
        ("GIT_CONFIG_PARAMETERS", "'core.bare=true'"),
    ] {
        let args = ["verify", "claims/demo.yaml"];
        let shown = run_in(&desk.builder(), &args, &[(name, value)]);
        assert_eq!(shown.code, Some(0), "{name}: {shown:?}");
    }
}

#[test]
fn the_settings_that_a_ci_server_adds_for_git_reach_it() {
    let desk = Desk::with(CLAIM);
    let settings = [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "url.file:///nonexistent/.insteadOf"),
        ("GIT_CONFIG_VALUE_0", desk.folder().to_str().unwrap()),
    ];
    let shown = run_in(&desk.builder(), &["watch", "--once"], &settings);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(shown.out.contains("does not answer"), "{shown:?}");
}
