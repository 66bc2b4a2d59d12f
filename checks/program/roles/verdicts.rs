//! A verdict is about one claim and one state of the code, and the newest look of the Adversary
//! counts.

use test_kit::world::{Person, World};

/// Both gates claimed by Bob and passed by Eve; both clones have everything.
fn passed() -> (World, Person, Person) {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "M2", "--commit", "--push"]);
    let eve = world.person("eve");
    eve.settings("fast");
    eve.ends(0, &["review", "--commit", "--push"]);
    bob.pull();
    let shown = bob.ends(0, &["status", "--exit-code"]);
    assert!(shown.out.contains("DONE-ready"), "{}", shown.out);
    (world, bob, eve)
}

#[test]
fn code_that_changes_after_the_pass_makes_it_stale_until_it_is_claimed_again() {
    let (_world, bob, eve) = passed();
    // What gateproof writes itself is not code.
    bob.ends(0, &["verify", "--as", "builder", "--gate", "M1"]);
    bob.git(&["add", "-f", "reports"]);
    bob.git(&["commit", "-qm", "journal"]);
    bob.ends(0, &["status", "--exit-code"]);
    bob.write("tool.sh", "echo broken; exit 1\n");
    bob.git(&["commit", "-qam", "tidy"]);
    let shown = bob.ends(6, &["status", "--exit-code"]);
    let text = shown.words();
    assert!(text.contains("code: 1 file changed"), "{text}");
    assert!(text.contains("tool.sh; claim it again"), "{text}");
    let done = bob.ends(6, &["done", "demo"]);
    assert!(
        done.err.contains("not done; nothing was written"),
        "{}",
        done.err
    );
    assert!(!bob.text("reports/STATUS-demo.md").contains("## DONE"));
    bob.write("tool.sh", "echo v1 # tidy\n");
    bob.git(&["commit", "-qam", "mend"]);
    bob.git(&["push", "-q"]);
    bob.ends(0, &["claim", "M1", "M2", "--commit", "--push"]);
    eve.pull();
    eve.ends(0, &["review", "--commit", "--push"]);
    eve.ends(0, &["status", "--exit-code"]);
}

#[test]
fn a_gate_that_covers_paths_is_stale_only_by_these() {
    let (world, bob) = World::new();
    let claim = bob.text("claims/demo.yaml");
    let claim = claim.replace(
        "    title: another\n",
        "    title: another\n    covers: [lib, tool.sh]\n",
    );
    bob.write("claims/demo.yaml", &claim);
    bob.git(&["commit", "-qam", "claims"]);
    bob.git(&["push", "-q"]);
    bob.ends(0, &["claim", "M1", "M2", "--commit", "--push"]);
    let eve = world.person("eve");
    eve.settings("fast");
    eve.ends(0, &["review", "--commit", "--push"]);
    eve.write("other.txt", "x\n");
    eve.git(&["add", "other.txt"]);
    eve.git(&["commit", "-qm", "work"]);
    let shown = eve.ends(6, &["status", "--exit-code"]);
    let text = shown.words();
    let (first, second) = text.split_once("M2").unwrap();
    assert!(
        first.contains("STALE") && first.contains("other.txt"),
        "{text}"
    );
    assert!(
        second.contains("DONE-ready") && !second.contains("other.txt"),
        "{text}"
    );
    let outside = claim.replace("[lib, tool.sh]", "[../lib]");
    eve.write("claims/demo.yaml", &outside);
    let refused = eve.ends(2, &["check", "claims/demo.yaml"]);
    assert!(
        refused.err.contains("inside of the repository"),
        "{}",
        refused.err
    );
}

#[test]
fn what_the_adversary_finds_after_the_pass_takes_it_away_until_a_newer_review() {
    let (_world, _bob, eve) = passed();
    eve.settings("slow");
    eve.ends(1, &["verify", "--gate", "M1", "--as", "adversary"]);
    let shown = eve.ends(1, &["status", "--exit-code"]);
    let text = shown.words();
    assert!(text.contains("FAIL: rc"), "{text}");
    assert!(
        text.contains("only a newer review can pass the gate"),
        "{text}"
    );
    eve.ends(1, &["done", "demo", "--allow-reviewer"]);
    eve.settings("fast");
    eve.ends(0, &["review", "M1", "--commit", "--push"]);
    eve.ends(0, &["status", "--exit-code"]);
}
