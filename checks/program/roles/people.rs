//! A gate that a person must look at: whose word counts where.

use test_kit::world::{CLAIM, World};

/// The claim with a check that only a person can make.
fn claim() -> String {
    CLAIM.replace(
        "  M2:\n",
        "      - { id: look, claim: it looks right, on: clone, human: 'open tool.sh; it is one line', artefact: tool.sh }\n  M2:\n",
    )
}

#[test]
fn the_builders_word_claims_and_only_another_persons_word_after_the_claim_passes() {
    let (world, bob) = World::new();
    let eve = world.person("eve");
    eve.settings("fast");
    bob.change("claims/demo.yaml", &claim());
    bob.ends(3, &["claim", "M1"]);
    assert!(
        bob.text("reports/STATUS-demo.md").is_empty(),
        "nothing is claimed"
    );
    // Eve looks before anything is claimed: evidence older than the claim.
    eve.pull();
    let saw = |who: &test_kit::world::Person, more: &[&str]| {
        let words = [
            "attest",
            "M1",
            "look",
            "--saw",
            "one short line",
            "--no-sign",
        ];
        who.ends(0, &[&words, more].concat())
    };
    saw(&eve, &["--commit"]);
    eve.git(&["push", "-q"]);
    bob.git(&["checkout", "-q", "."]);
    bob.git(&["clean", "-qfd"]);
    bob.pull();
    saw(&bob, &["--commit"]);
    bob.git(&["push", "-q"]);
    let shown = bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    assert!(shown.out.contains("3 PASS, 1 ATTESTED"), "{}", shown.out);
    let claimed = bob.record("claim");
    let word = &claimed["checks"][3]["attestation"];
    assert_eq!(word["author"], "bob <bob@example.org>");

    eve.pull();
    let shown = eve.ends(3, &["review", "M1"]);
    assert!(shown.out.contains("not a verdict"), "{}", shown.out);
    let void = shown.words();
    assert!(
        void.contains("bob <bob@example.org> claims it: a review does not count the word of the claim's author"),
        "{void}"
    );
    assert!(!void.contains("one short line"), "blind: {void}");
    // The older word of her own is none either, once Bob's is out of the way.
    let bobs = word["file"].as_str().unwrap();
    eve.git(&["rm", "-q", bobs]);
    let void = eve.ends(3, &["review", "M1"]).words();
    assert!(void.contains("the claim was made later"), "{void}");
    eve.git(&["checkout", "-q", "HEAD", "--", bobs]);
    // The looks of one second have no order, and `diff` takes the newest run.
    eve.git(&["clean", "-qfd"]);

    saw(&eve, &[]);
    let shown = eve.ends(0, &["review", "M1", "--commit", "--push"]);
    assert!(shown.out.contains("review(demo-M1): PASS"), "{}", shown.out);
    let record = eve.record("review");
    let taken = &record["checks"][3];
    assert_eq!(taken["outcome"], "ATTESTED");
    assert_eq!(taken["attestation"]["author"], "eve <eve@example.org>");
    let file = taken["attestation"]["file"].as_str().unwrap().to_owned();
    assert!(
        eve.committed().contains(&file),
        "the word goes with its verdict"
    );
    let review = eve.text("reports/REVIEW-demo.md");
    assert!(review.contains("# human: open tool.sh"), "{review}");
    // Two people's words differ, and what they looked at does not.
    eve.ends(0, &["diff", "M1"]);
    let status = eve.run(&["status"]);
    let m1 = status.out.lines().find(|line| line.contains("M1")).unwrap();
    assert!(m1.contains("DONE-ready"), "{}", status.out);
}

#[test]
fn a_review_with_the_authors_own_word_is_no_verdict_and_the_state_says_that_a_person_is_awaited() {
    let (world, bob) = World::new();
    let eve = world.person("eve");
    eve.settings("fast");
    bob.change("claims/demo.yaml", &claim());
    bob.ends(
        0,
        &[
            "attest",
            "M1",
            "look",
            "--saw",
            "fine",
            "--no-sign",
            "--push",
        ],
    );
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    eve.pull();
    // Also under another name with the same mail, and with a word of Bob's that came later.
    bob.git(&["config", "user.name", "Robert"]);
    bob.ends(
        0,
        &[
            "attest",
            "M1",
            "look",
            "--saw",
            "fine again",
            "--no-sign",
            "--commit",
        ],
    );
    bob.git(&["push", "-q"]);
    eve.pull();
    eve.ends(3, &["review", "M1", "--commit", "--push"]);
    let status = eve.run(&["status"]);
    assert!(status.out.contains("CLAIMED"), "{}", status.out);
    assert!(!status.out.contains("DONE-ready"), "{}", status.out);
}

#[test]
fn a_word_or_a_veto_is_pushed_on_wish_and_without_an_upstream_nothing_is_written() {
    let (world, bob) = World::new();
    bob.change("claims/demo.yaml", &claim());
    let eve = world.person("eve");
    let word = [
        "attest",
        "M1",
        "look",
        "--saw",
        "fine",
        "--no-sign",
        "--push",
    ];
    let shown = eve.ends(0, &word);
    assert_eq!(
        shown.out.lines().last(),
        Some("attest(demo-M1): a person looked at look")
    );
    assert!(
        shown.err.ends_with("committed and pushed to origin/main\n"),
        "{}",
        shown.err
    );
    eve.ends(0, &["veto", "it is red", "--push"]);
    bob.pull();
    assert_eq!(bob.head(), eve.head());
    assert!(
        bob.text("reports/REVIEW-demo.md")
            .contains("## VETO it is red")
    );
    eve.git(&["branch", "-q", "--unset-upstream"]);
    let before = eve.git(&["status", "--porcelain", "--untracked-files=all"]);
    for words in [&word[..], &["veto", "again", "--push"]] {
        let shown = eve.ends(2, words);
        assert!(shown.err.contains("upstream"), "{}", shown.err);
    }
    assert_eq!(
        eve.git(&["status", "--porcelain", "--untracked-files=all"]),
        before
    );
}
