//! A tool asks whether an agent may stop.

use test_kit::world::World;

#[test]
fn the_hook_keeps_an_agent_from_stopping_until_it_is_somebody_elses_turn() {
    let (world, bob) = World::new();
    let shown = bob.ends(1, &["status", "--hook=builder"]);
    let mut lines = shown.out.lines();
    assert_eq!(
        lines.next(),
        Some("next in demo: the Builder claims M1: `gateproof claim M1`")
    );
    assert!(
        lines.next().unwrap().starts_with("M1 OPEN: "),
        "{}",
        shown.out
    );
    bob.ends(0, &["status", "--hook=adversary"]);

    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let builder = bob.ends(0, &["status", "--hook=builder"]);
    assert_eq!(builder.out, "", "it is the Adversary's turn");
    let shown = bob.ends(1, &["status", "--hook=adversary"]);
    assert!(
        shown
            .out
            .starts_with("next in demo: the Adversary reviews M1: `gateproof review M1`\n"),
        "{}",
        shown.out
    );
    assert!(bob.ends(1, &["status", "--hook"]).out.contains("M2 OPEN"));

    // The tool's own form: what it gives the agent stands on standard error.
    let eve = world.person("eve");
    eve.settings("fast");
    eve.ends(0, &["review", "M1", "--commit", "--push"]);
    bob.pull();
    let line = format!(
        "{} status --hook=builder >&2 || exit 2",
        env!("CARGO_BIN_EXE_gateproof")
    );
    let asked = std::process::Command::new("sh")
        .args(["-c", &line])
        .current_dir(&bob.clone)
        .output()
        .unwrap();
    assert_eq!(asked.status.code(), Some(2), "{asked:?}");
    assert!(
        String::from_utf8_lossy(&asked.stderr).contains("claims M2"),
        "{asked:?}"
    );

    bob.ends(0, &["claim", "M2", "--commit", "--push"]);
    eve.ends(0, &["review", "M2", "--commit", "--push"]);
    bob.pull();
    bob.ends(0, &["done", "demo", "--commit", "--push"]);
    assert_eq!(bob.ends(0, &["status", "--hook"]).out, "");
    bob.ends(2, &["status", "--hook=ci"]);
}

#[test]
fn the_hook_stays_short_whatever_there_is_to_say() {
    let (_world, bob) = World::new();
    let gates: String = (0..40)
        .map(|n| format!("  G{n}:\n    title: gate {n}\n    checks:\n      - {{ id: a, claim: it is there, run: ls tool.sh, expect: tool.sh }}\n"))
        .collect();
    bob.change(
        "claims/demo.yaml",
        &format!("phase: demo\non: local\ngates:\n{gates}"),
    );
    let shown = bob.ends(1, &["status", "--hook"]);
    assert!(shown.out.chars().count() <= 800, "{}", shown.out);
    assert!(
        shown.out.starts_with("next in demo: ") && shown.out.ends_with("more: gateproof status\n"),
        "{}",
        shown.out
    );
}
