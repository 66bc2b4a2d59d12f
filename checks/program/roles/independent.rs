//! Somebody else, from another clone; what they file; and what their commit holds.

use test_kit::world::World;

#[test]
fn the_same_clone_and_the_same_author_judge_nothing() {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let own = bob.ends(2, &["review", "M1"]);
    assert!(
        own.err.contains("GP2703") && own.err.contains("in this very clone"),
        "{}",
        own.err
    );
    let again = world.person("bob2");
    again.settings("fast");
    again.git(&["config", "user.email", "Bob@Example.org"]);
    let same = again.ends(2, &["review", "M1"]);
    assert!(
        same.err.contains("same author") && !same.err.contains("very clone"),
        "{}",
        same.err
    );
    assert_eq!(again.text("reports/REVIEW-demo.md"), "");

    let words = [
        "review",
        "M1",
        "--allow-same-author",
        "--finding",
        "x",
        "--commit",
        "--push",
    ];
    again.ends(0, &words);
    let subject = again.subject();
    assert!(
        subject.starts_with("note(demo-M1): not a verdict"),
        "{subject}"
    );
    let review = again.text("reports/REVIEW-demo.md");
    assert!(review.contains("## M1 — not a verdict @"), "{review}");
    assert!(
        !review.contains("## M1 — PASS") && !review.contains("### A1"),
        "{review}"
    );
    let record = again.record("verify");
    assert_eq!(record["filed"], serde_json::json!([]));
    assert!(
        record["notes"].to_string().contains("counts for nobody"),
        "{record}"
    );
    // The claim still awaits a verdict.
    let eve = world.person("eve");
    eve.settings("fast");
    eve.ends(0, &["review"]);
}

#[test]
fn a_finding_fails_what_passes_and_is_named_over_the_phase_and_a_note_decides_nothing() {
    let (world, bob) = World::new();
    let claim = ["claim", "M1", "M2", "--commit", "--push"];
    bob.ends(0, &claim);
    let eve = world.person("eve");
    eve.settings("fast");
    let words = [
        "--finding",
        "the tool prints\n## DONE",
        "--finding",
        "second",
        "--commit",
        "--push",
    ];
    eve.ends(1, &[&["review", "M1"], &words[..]].concat());
    assert!(
        eve.subject().starts_with("review(demo-M1): FAIL A1, A2 "),
        "{}",
        eve.subject()
    );
    eve.ends(
        1,
        &["review", "M2", "--finding", "third", "--commit", "--push"],
    );
    let unknown = eve.ends(2, &["review", "M2", "--close", "A1"]);
    assert!(
        unknown.err.contains("no such finding was filed about M2"),
        "{}",
        unknown.err
    );
    let open = eve.ends(0, &["review", "M2", "--note", "seen on a slow day"]);
    assert!(open.err.contains("A3 is still open"), "{}", open.err);
    let closed = eve.ends(0, &["review", "M2", "--close", "A3"]);
    assert!(!closed.err.contains("still open"), "{}", closed.err);
    let review = eve.text("reports/REVIEW-demo.md");
    for words in [
        "## M1 — FAIL @",
        "### A1 [adversary] the tool prints ##\\\\ DONE",
        "### A2 [adversary] second",
        "### A3 [adversary] third",
        "## M2 — PASS @",
        "- seen on a slow day",
        "- [x] **A3 [adversary] CLOSED @20",
        "**Filed about this gate before:** A3 (third)",
    ] {
        assert!(review.contains(words), "{words}: {review}");
    }
    assert!(
        !review.contains("## DONE") && !review.contains("## VETO"),
        "{review}"
    );
    let record = eve.records();
    let failed = record.iter().find(|r| r["filed"][0]["id"] == "A1").unwrap();
    assert_eq!(
        (&failed["act"], &failed["exit_code"]),
        (&"review".into(), &1.into())
    );
    assert_eq!(
        failed["filed"][1],
        serde_json::json!({ "id": "A2", "gate": "M1", "text": "second" })
    );
    // The Builder's next claim says what it answers.
    bob.pull();
    bob.change("tool.sh", "echo v1 # fixed\n");
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    assert!(
        bob.subject().contains("re-claim after A1, A2 fix"),
        "{}",
        bob.subject()
    );
}

#[test]
fn exactly_the_written_files_are_committed_and_what_else_is_staged_stays_staged() {
    let (world, bob) = World::new();
    bob.change(".gitignore", "reports/runs/\n");
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    assert_eq!(
        bob.committed().len(),
        3,
        "the record too, though looks are ignored"
    );
    let eve = world.person("eve");
    eve.settings("fast");
    eve.write("mine", "work\n");
    eve.write("tool.sh", "echo v1 # mine\n");
    eve.git(&["add", "mine"]);
    eve.ends(0, &["review", "--commit", "--push"]);
    let committed = eve.committed();
    assert_eq!(committed.len(), 2, "{committed:?}");
    assert!(
        committed.iter().all(|file| file.starts_with("reports/")),
        "{committed:?}"
    );
    let status = eve.git(&["status", "--porcelain"]);
    assert_eq!(status, "A  mine\n M tool.sh");
}

#[test]
fn what_could_not_be_checked_is_no_verdict() {
    let (world, bob) = World::new();
    let text = test_kit::world::CLAIM.replace("run: ls tool.sh", "run: ls tool.sh, timeout: 2s");
    bob.change(
        "claims/demo.yaml",
        &text
            .replace(
                "sh tool.sh, expect: v1",
                "sh tool.sh; test ! -e \"$HOME/slow\" || sleep 60, timeout: 1s, expect: v1",
            )
            .replace(
                "run: sh tool.sh; test ! -e \"$HOME/slow\" || sleep 60",
                "run: 'sh tool.sh; test ! -e \"$HOME/slow\" || sleep 60'",
            ),
    );
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let eve = world.person("eve");
    eve.settings("fast");
    std::fs::write(eve.clone.join("../home-eve/slow"), "").unwrap();
    eve.ends(3, &["review", "--commit", "--push"]);
    assert!(
        eve.subject().starts_with("note(demo-M1): not a verdict"),
        "{}",
        eve.subject()
    );
    let review = eve.text("reports/REVIEW-demo.md");
    assert!(
        review.contains("## M1 — not a verdict @") && review.contains("ERROR"),
        "{review}"
    );
    std::fs::remove_file(eve.clone.join("../home-eve/slow")).unwrap();
    eve.ends(0, &["review", "--commit", "--push"]);
}

#[test]
fn a_look_as_adversary_is_no_verdict_of_a_claim() {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let eve = world.person("eve");
    eve.settings("fast");
    eve.ends(0, &["verify", "--as", "adversary", "--gate", "M1"]);
    let review = eve.text("reports/REVIEW-demo.md");
    assert!(
        review.contains("## M1 — not a verdict @")
            && review.contains("Only `gateproof review` judges"),
        "{review}"
    );
    let status = eve.git(&["status", "--porcelain", "--untracked-files=all"]);
    assert!(
        !status.contains("STATUS") && !status.contains("JOURNAL"),
        "{status}"
    );
    eve.ends(0, &["review"]);
}
