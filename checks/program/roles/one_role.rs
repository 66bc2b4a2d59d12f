//! A person has one role in a phase.

use test_kit::world::World;

#[test]
fn who_claimed_does_not_run_as_adversary_and_who_reviewed_not_as_builder() {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let eve = world.person("eve");
    eve.settings("fast");
    eve.ends(0, &["review", "--commit", "--push"]);
    let journal = eve.text("reports/JOURNAL-demo.md");
    let shown = eve.ends(2, &["verify", "--as", "builder", "--gate", "M1"]);
    assert!(shown.err.contains("GP2703"), "{}", shown.err);
    assert!(
        shown.err.contains("is the adversary of phase demo"),
        "{}",
        shown.err
    );
    assert_eq!(eve.text("reports/JOURNAL-demo.md"), journal);
    let shown = bob.ends(2, &["verify", "--as", "adversary", "--gate", "M1"]);
    assert!(
        shown.err.contains("is the builder of phase demo"),
        "{}",
        shown.err
    );
    eve.ends(0, &["verify", "--as", "adversary", "--gate", "M1"]);
    bob.ends(0, &["verify", "--as", "builder", "--gate", "M1"]);
}
