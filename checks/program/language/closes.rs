//! `closes:`: an entry of DECISIONS or DEFERRED is closed in the commit, and not in the tree.

use test_kit::program::Scratch;
use test_kit::world::World;

const DEFERRED: &str = "\
# Deferred

### 2026-06-13 — circular dependency
- [x] **What:** the gate asks the dashboard
- [x] **Re-entry:** one phase more

### 2026-06-14 — half of it
- [x] **What:** the probe
- [ ] **Rest:** ${HOME} of it

### 2026-06-15 — superseded by D7

## Findings
- [x] **F1 [adversary] CLOSED @2026-05-29** the counter
  is keyed
- [ ] **F2 [adversary]** the counter is not keyed
- ~~F3~~ a\\tb
- F4, nothing is said of it
";

/// The outcome for a text of the entry, in this order.
const ENTRIES: &[(&str, &str)] = &[
    ("2026-06-13 — circular", "PASS"),
    ("2026-06-14", "FAIL"),
    ("2026-06-15", "PASS"),
    ("F1 [adversary]", "PASS"),
    ("F2", "FAIL"),
    ("a\\tb", "PASS"),
    ("F4", "FAIL"),
    ("no such entry", "FAIL"),
    ("$${HOME}", "FAIL"),
];

fn claim(file: &str) -> String {
    let entries = ENTRIES
        .iter()
        .map(|(entry, _)| format!("      - {file}: '{entry}'\n"));
    let entries: String = entries.collect();
    format!(
        "phase: demo\ngates:\n  M1:\n    closes:\n{entries}    checks:\n      - {{ id: a, claim: it is there, on: clone, run: cat DEFERRED.md, expect: {{ stdout: {{ contains: Deferred }} }} }}\n"
    )
}

#[test]
fn an_entry_is_closed_in_the_claimed_commit_or_the_gate_fails() {
    let (_world, bob) = World::new();
    bob.change("DEFERRED.md", DEFERRED);
    bob.change("claims/demo.yaml", &claim("DEFERRED.md"));
    // What only the tree says is not in the commit.
    bob.write("DEFERRED.md", &DEFERRED.replace("[ ]", "[x]"));
    bob.ends(1, &["verify", "claims/demo.yaml", "--quiet"]);
    let record = bob.record("verify");
    let outcomes: Vec<_> = record["checks"].as_array().unwrap()[1..]
        .iter()
        .map(|check| check["outcome"].as_str().unwrap())
        .collect();
    let expected: Vec<_> = ENTRIES.iter().map(|(_, outcome)| *outcome).collect();
    assert_eq!(outcomes, expected, "{record:#}");
    assert_eq!(record["checks"][1]["id"], "closes-1");
    // A file that is not there has no closed entry.
    bob.change("claims/demo.yaml", &claim("DECISIONS.md"));
    let shown = bob.ends(1, &["verify", "claims/demo.yaml"]);
    let said = format!("{}{}", shown.out, shown.err);
    assert!(said.contains("10 checks: 1 PASS, 9 FAIL"), "{said}");
}

#[test]
fn what_is_not_an_entry_of_a_file_is_refused() {
    for (entry, message) in [
        (
            "x",
            "error[GP2204]: an entry of `closes` is a file and a text of the entry",
        ),
        ("DEFERRED.md: ''", "the entry is not a text on one line"),
        (
            "DEFERRED.md: \"a\\nb\"",
            "the entry is not a text on one line",
        ),
        ("DEFERRED.md: [a]", "the entry"),
    ] {
        let claim = format!(
            "phase: p\ngates:\n  M1:\n    closes:\n      - {entry}\n    checks:\n      - {{ id: a, claim: c, on: local, run: x, expect: a }}\n"
        );
        let shown = Scratch::with(claim).run(&["check", "claim.yaml"]);
        assert_eq!(shown.code, Some(2), "{entry}: {shown:?}");
        assert!(shown.err.contains(message), "{entry}: {}", shown.err);
    }
}
