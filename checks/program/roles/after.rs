//! Gates that come after others.

use test_kit::program::Shown;
use test_kit::world::{CLAIM, World};

/// Both streams; a table breaks lines at any place.
fn text(shown: &Shown) -> String {
    format!("{}\n{}\n{}", shown.words(), shown.out, shown.err)
}

#[test]
fn claim_review_status_and_list_say_what_a_gate_waits_for_and_who_acts_next() {
    let (world, bob) = World::new();
    let eve = world.person("eve");
    eve.settings("fast");
    let file = CLAIM.replace(
        "    title: another\n",
        "    title: another\n    after: M1\n    owner: the orchestrator\n",
    );
    bob.change("claims/demo.yaml", &file);
    let says = |text: &str, words: &str| assert!(text.contains(words), "{words}: {text}");
    says(
        &text(&bob.ends(0, &["list"])),
        "M2  another ← M1 (owner: the orchestrator)",
    );
    says(
        &text(&bob.ends(0, &["status"])),
        "next: the Builder claims M1: `gateproof claim M1`",
    );
    let waits = "M2: it comes after M1, which is OPEN and not PASS";
    says(
        &text(&bob.ends(0, &["claim", "M2", "--commit", "--push"])),
        waits,
    );
    says(&bob.text("reports/JOURNAL-demo.md"), waits);
    eve.pull();
    says(
        &text(&eve.ends(0, &["review", "M2", "--commit", "--push"])),
        waits,
    );
    says(&eve.text("reports/REVIEW-demo.md"), waits);
    let status = text(&eve.ends(1, &["status", "--exit-code"]));
    says(&status, "- it comes after M1, which is OPEN and not PASS");
    says(&status, "next: the Builder claims M1");

    bob.pull();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    says(
        &text(&bob.ends(0, &["status"])),
        "next: the Adversary reviews M1: `gateproof review M1`",
    );
    eve.pull();
    eve.ends(0, &["review", "M1", "--commit", "--push"]);
    bob.pull();
    let status = text(&bob.ends(0, &["status", "--exit-code"]));
    says(
        &status,
        "next: the Builder declares the phase done: `gateproof done demo`",
    );
    assert!(!status.contains("comes after"), "{status}");
    bob.ends(0, &["done", "demo"]);
    assert!(!text(&bob.ends(0, &["status"])).contains("next:"));
}

#[test]
fn a_gate_comes_after_gates_that_stand_before_it_and_is_not_the_adversarys() {
    let (_world, bob) = World::new();
    for (line, words) in [
        (
            "after: M2",
            "`M2` is not a gate that stands before `M2` in this file",
        ),
        (
            "after: [M1, M9]",
            "`M9` is not a gate that stands before `M2`",
        ),
        ("after: m1", "`m1` is not a gate that stands before `M2`"),
        ("after: []", "`after` is an empty list"),
        ("after: { M1: x }", "must be a text"),
        ("owner: Adversary", "the Adversary cannot own a gate"),
        ("owner: \"\"", "not a name on one line"),
        ("owner: \"a\\nb\"", "not a name on one line"),
        ("changed: { a: b }", "must be a text"),
    ] {
        let file = CLAIM.replace("    title: another\n", &format!("    {line}\n"));
        bob.write("claims/demo.yaml", &file);
        let told = text(&bob.ends(2, &["check"]));
        assert!(told.contains(words), "{line}: {told}");
    }
    let file = CLAIM.replace("    title: it tells its version\n", "    after: M2\n");
    bob.write("claims/demo.yaml", &file);
    bob.ends(2, &["check"]);
}
