//! Both roles write at the same time, and `git pull --rebase` never finds a conflict.

use test_kit::world::{Person, World};

/// Pushes, after a pull that must not find any conflict.
fn publish(person: &Person) {
    person.pull();
    person.git(&["push", "-q"]);
}

#[test]
fn a_pull_of_the_other_roles_work_never_conflicts_in_either_order() {
    const ROUNDS: usize = 6;
    let (world, bob) = World::new();
    let eve = world.person("eve");
    eve.settings("fast");
    bob.ends(0, &["claim", "M1", "--quiet", "--commit", "--push"]);
    for round in 0..ROUNDS {
        // Eve judges what was claimed in the round before, while Bob goes on.
        let gate = if round % 3 == 2 { "M2" } else { "M1" };
        bob.pull();
        bob.change("work", &format!("{round}\n"));
        bob.ends(0, &["claim", gate, "--quiet", "--commit"]);
        let mut review = vec!["review", "M1", "--quiet", "--commit"];
        if round % 2 == 0 {
            review.extend(["--finding", "something"]);
        }
        let code = i32::from(round % 2 == 0);
        eve.ends(code, &review);
        if round % 4 == 1 {
            eve.ends(0, &["veto", "wait", "--commit"]);
            eve.ends(0, &["lift", "go on", "--commit"]);
        }
        let (first, second) = if round % 2 == 0 {
            (&bob, &eve)
        } else {
            (&eve, &bob)
        };
        publish(first);
        publish(second);
    }
    bob.pull();
    eve.pull();
    assert_eq!(bob.head(), eve.head());
    // Two of the rounds have a veto and its lifting besides.
    assert_eq!(bob.records().len(), 1 + 2 * ROUNDS + 2 * 2);
    let review = eve.text("reports/REVIEW-demo.md");
    assert_eq!(
        review.matches("gateproof:begin review demo/M1").count(),
        ROUNDS
    );
    assert_eq!(review.matches("## M1 — FAIL @").count(), ROUNDS / 2);
    let journal = bob.text("reports/JOURNAL-demo.md");
    assert_eq!(
        journal.matches("gateproof:begin journal").count(),
        ROUNDS + 1
    );
    let status = bob.text("reports/STATUS-demo.md");
    assert_eq!(
        status.matches("gateproof:begin status").count(),
        2,
        "{status}"
    );
    assert_eq!(bob.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_push_that_finds_others_faster_goes_on_top_of_theirs() {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let (eve, carl) = (world.person("eve"), world.person("carl"));
    eve.settings("fast");
    // Eve has not pulled what Carl has pushed, and has work of her own in the tree.
    carl.change("other", "x\n");
    eve.write("tool.sh", "echo mine\n");
    eve.ends(0, &["review", "M1", "--commit", "--push"]);
    assert_eq!(eve.git(&["rev-parse", "origin/main"]), eve.head());
    assert_eq!(eve.text("other"), "x\n");
    assert_eq!(eve.text("tool.sh"), "echo mine\n");
    // A remote that refuses is told, and the commit stays.
    let hook = world.remote().join("hooks/pre-receive");
    test_kit::sshd::write_program(&hook, "#!/bin/sh\necho no >&2\nexit 1\n");
    let shown = eve.ends(3, &["review", "M1", "--commit", "--push"]);
    assert!(
        shown.err.contains("committed and not pushed"),
        "{}",
        shown.err
    );
    assert!(
        eve.subject().starts_with("review(demo-M1): PASS"),
        "{}",
        eve.subject()
    );
}
