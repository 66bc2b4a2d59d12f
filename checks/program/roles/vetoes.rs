//! Vetoes are appended, listed and lifted, by the Adversary.

use test_kit::world::World;

#[test]
fn a_veto_stays_until_the_adversary_lifts_it_and_nothing_is_erased() {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let eve = world.person("eve");
    let shown = eve.ends(
        0,
        &[
            "veto",
            "teardown is skipped",
            "--until",
            "both are green",
            "--commit",
        ],
    );
    assert_eq!(shown.out, "veto(demo): teardown is skipped\n");
    assert_eq!(eve.subject(), "veto(demo): teardown is skipped");
    let record = eve.record("veto");
    let path = format!(
        "reports/runs/demo/{}.json",
        record["run_id"].as_str().unwrap()
    );
    assert_eq!(eve.committed(), ["reports/REVIEW-demo.md", &*path]);
    let words = serde_json::json!({
        "reason": "teardown is skipped", "until": "both are green", "gates": [],
    });
    assert_eq!(
        (&record["veto"], &record["role"]),
        (&words, &"adversary".into())
    );
    let first = eve.text("reports/REVIEW-demo.md");
    assert!(
        first
            .lines()
            .any(|line| line == "## VETO teardown is skipped"),
        "{first}"
    );
    assert!(first.contains("**Until:** both are green"), "{first}");
    eve.ends(0, &["veto", "second"]);
    let listed = eve.ends(1, &["veto", "--list"]);
    assert_eq!(
        listed.out,
        "V1  OPEN  teardown is skipped\nV2  OPEN  second\n"
    );
    let which = eve.ends(2, &["lift", "seen green"]);
    assert!(
        which.err.contains("GP2705") && which.err.contains("V2 (second)"),
        "{}",
        which.err
    );
    eve.ends(0, &["lift", "seen green", "--veto", "V1", "--commit"]);
    assert!(
        eve.subject().starts_with("lift(demo): V1: seen green"),
        "{}",
        eve.subject()
    );
    let after = eve.text("reports/REVIEW-demo.md");
    assert!(after.starts_with(&first), "append-only");
    assert_eq!(after.matches("## VETO").count(), 2, "{after}");
    let listed = eve.ends(1, &["veto", "--list"]);
    let lifting = eve.record("lift");
    let lifted = format!(
        "V1  lifted by lift {}  teardown",
        lifting["run_id"].as_str().unwrap()
    );
    assert!(listed.out.contains(&lifted), "{}", listed.out);
    assert_eq!(lifting["lifts"]["record"]["run_id"], record["run_id"]);

    // A review neither lifts nor repeats a veto.
    eve.settings("fast");
    eve.ends(0, &["review", "--commit", "--push"]);
    assert_eq!(
        eve.text("reports/REVIEW-demo.md")
            .matches("## VETO")
            .count(),
        2
    );
    bob.pull();
    let builder = bob.ends(2, &["lift", "it is fixed"]);
    assert!(builder.err.contains("GP2703"), "{}", builder.err);
    eve.ends(0, &["lift", "all well"]);
    eve.ends(0, &["veto", "--list"]);
    let none = eve.ends(2, &["lift", "again"]);
    assert!(none.err.contains("no veto is open"), "{}", none.err);
    assert_eq!(eve.ends(2, &["veto", " \n "]).out, "");
}
