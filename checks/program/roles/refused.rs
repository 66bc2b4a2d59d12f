//! What is refused: each for its own reason, with exit 2, and nothing was run.

use test_kit::world::{CLAIM, Person, World};

#[track_caller]
fn refused(person: &Person, words: &[&str], code: &str, why: &str) {
    let state = || {
        let documents = ["STATUS", "JOURNAL", "REVIEW"];
        let texts = documents.map(|name| person.text(&format!("reports/{name}-demo.md")));
        (person.head(), person.records().len(), texts)
    };
    // What others pushed arrives by a pull only.
    let before = state();
    let shown = person.ends(2, words);
    assert!(shown.err.contains(code), "{code}: {}", shown.err);
    assert!(shown.err.contains(why), "{why}: {}", shown.err);
    assert!(shown.err.contains("nothing was run"), "{}", shown.err);
    assert_eq!(shown.out, "");
    assert_eq!(state(), before);
}

#[test]
fn a_claim_of_what_others_cannot_fetch() {
    let (world, bob) = World::new();
    let claim = ["claim", "M1", "--commit"];
    bob.write("tool.sh", "echo v1 # changed\n");
    let dirty = "1 tracked file differs from the commit: tool.sh";
    refused(&bob, &claim, "GP2701", dirty);
    bob.git(&["add", "tool.sh"]);
    refused(&bob, &claim, "GP2701", dirty);
    bob.git(&["commit", "-qm", "x"]);
    refused(
        &bob,
        &claim,
        "GP2701",
        "nobody else can get it; `git push origin main`",
    );
    bob.git(&["push", "-q"]);

    let carl = world.person("carl");
    carl.change("other", "x\n");
    refused(
        &bob,
        &claim,
        "GP2701",
        "the clone is 1 commit behind `main` of `origin`",
    );
    bob.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    refused(&bob, &claim, "GP2701", "nobody else can get it");
    refused(&bob, &claim, "GP2701", "1 commit behind `main`");
    bob.pull();
    bob.git(&["push", "-q"]);

    bob.write("claims/new.yaml", CLAIM);
    refused(
        &bob,
        &claim,
        "GP2701",
        "`claims/new.yaml` is not in the commit",
    );
    // Also one that git ignores, which leaves the tree clean.
    bob.change(".gitignore", "claims/new.yaml\n");
    let named = ["claim", "M1", "--file", "claims/new.yaml"];
    refused(
        &bob,
        &named,
        "GP2701",
        "`claims/new.yaml` is not in the commit",
    );
    std::fs::remove_file(bob.clone.join("claims/new.yaml")).unwrap();

    bob.git(&["switch", "-q", "-c", "side"]);
    refused(
        &bob,
        &claim,
        "GP2701",
        "branch `side` has no upstream branch",
    );
    bob.git(&["branch", "-q", "--set-upstream-to=main"]);
    refused(
        &bob,
        &claim,
        "GP2701",
        "branch `side` has no upstream branch",
    );
    bob.git(&["push", "-q", "-u", "origin", "side"]);
    carl.git(&["push", "-q", "origin", ":side"]);
    refused(&bob, &claim, "GP2701", "`origin/side` could not be fetched");
    bob.git(&["switch", "-q", "--detach", "main"]);
    refused(&bob, &claim, "GP2701", "HEAD is detached");
    bob.git(&["switch", "-q", "main"]);

    // And from the same place it goes, when nothing is in the way.
    bob.ends(0, &claim);
}

#[test]
fn a_claim_from_a_shallow_clone_or_outside_of_any() {
    let (world, bob) = World::new();
    bob.change("other", "x\n");
    let url = format!("file://{}", world.remote().display());
    bob.git(&["clone", "-q", "--depth", "1", &url, "../shallow"]);
    let shown = bob.run_in("../shallow", &["claim", "M1"]);
    assert_eq!(shown.code, Some(2), "{shown:?}");
    assert!(shown.err.contains("the clone is shallow"), "{}", shown.err);
    let shown = bob.run_in("..", &["claim", "M1"]);
    assert_eq!(shown.code, Some(2), "{shown:?}");
    assert!(shown.err.contains("in no git repository"), "{}", shown.err);
    let shown = bob.run_in("../shallow", &["review", "M1"]);
    assert_eq!(shown.code, Some(2), "{shown:?}");
}

#[test]
fn a_gate_of_no_file_or_of_two() {
    let (_world, bob) = World::new();
    refused(&bob, &["claim", "M9"], "GP2602", "no such gate");
    bob.change(
        "claims/second.yaml",
        &CLAIM
            .replace("phase: demo", "phase: second")
            .replace("M2", "M3"),
    );
    refused(
        &bob,
        &["claim", "M1"],
        "GP2602",
        "claims/demo.yaml and claims/second.yaml",
    );
    refused(
        &bob,
        &["claim", "M2", "M3"],
        "GP2603",
        "one phase at a time",
    );
    bob.ends(
        0,
        &[
            "claim",
            "M1",
            "--file",
            "claims/second.yaml",
            "--commit",
            "--push",
        ],
    );
    assert!(
        bob.subject().starts_with("claim(second-M1): "),
        "{}",
        bob.subject()
    );
    bob.ends(0, &["claim", "M2", "--commit"]);
}

#[test]
fn a_claim_over_a_block_that_was_edited_by_hand_before_anything_is_run() {
    let (_world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let status = bob.text("reports/STATUS-demo.md");
    bob.change(
        "reports/STATUS-demo.md",
        &status.replace("EXPECTED: v1", "EXPECTED: v9"),
    );
    let records = bob.records().len();
    let shown = bob.ends(2, &["claim", "M1", "--commit"]);
    assert!(shown.err.contains("edited by hand"), "{}", shown.err);
    assert_eq!(bob.records().len(), records);
    bob.ends(0, &["claim", "M1", "--force", "--commit"]);
    assert!(!bob.text("reports/STATUS-demo.md").contains("v9"));
}

#[test]
fn a_review_of_what_nobody_has_claimed() {
    let (world, bob) = World::new();
    let eve = world.person("eve");
    refused(
        &eve,
        &["review", "M1"],
        "GP2702",
        "no record on origin/main claims M1",
    );
    refused(&eve, &["review"], "GP2702", "awaits a verdict");
    // A claim that is only told.
    bob.change(
        "STATUS-demo.md",
        "## Gate: M1 — CLAIMED, awaiting Adversary\n",
    );
    refused(
        &eve,
        &["review", "M1"],
        "GP2702",
        "STATUS-demo.md calls it claimed, but no record shows a run",
    );
    refused(&eve, &["diff", "M1"], "GP2702", "no record claims M1");
    // A claim that was made, and is not pushed.
    bob.ends(0, &["claim", "M1", "--commit"]);
    refused(
        &eve,
        &["review", "M1"],
        "GP2702",
        "no record on origin/main claims M1",
    );
}

#[test]
fn a_claim_whose_record_was_tampered_with() {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let eve = world.person("eve");
    let record = bob.record("claim");
    let path = format!(
        "reports/runs/demo/{}.json",
        record["run_id"].as_str().unwrap()
    );
    let text = bob.text(&path);
    let digest = record["claim"]["sha256"].as_str().unwrap();
    bob.change(&path, &text.replace(digest, &"0".repeat(64)));
    let not_believed = "does not count: reports/runs/demo/";
    refused(&eve, &["review", "M1"], "GP2702", not_believed);
    refused(
        &eve,
        &["review", "M1"],
        "GP2702",
        "no record on origin/main claims M1",
    );
    let elsewhere = "1".repeat(40);
    let commit = record["repository"]["commit"].as_str().unwrap();
    bob.change(&path, &text.replace(commit, &elsewhere));
    refused(&eve, &["review", "M1"], "GP2702", "its seal does not fit");
}
