//! What passes without the change says nothing about it.

use test_kit::world::World;

#[test]
fn teeth_names_what_passes_before_the_change_as_well() {
    let (_world, bob) = World::new();
    let claim = "\
phase: demo
title: a second tool
on: clone
hosts: { web: { ssh: web } }
gates:
  M1:
    title: the tool says v2
    checks:
      - { id: new, claim: it says v2, run: sh tool.sh, expect: v2 }
      - { id: old, claim: the tool is there, run: ls tool.sh, expect: tool.sh }
      - { id: after, claim: what needs the new one, needs: new, run: ls tool.sh, expect: tool.sh }
      - { id: far, claim: the host has it, on: web, run: cat /etc/hostname, expect: web }
      - { id: near, claim: this machine has it, on: local, run: ls tool.sh, expect: tool.sh }
";
    bob.change("claims/demo.yaml", claim);
    bob.change("tool.sh", "echo v2\n");
    let shown = bob.ends(0, &["teeth", "--base", "HEAD~1", "--quiet"]);
    let base = bob.git(&["rev-parse", "--short=10", "HEAD~1"]);
    for line in [
        &format!("claims/demo.yaml at {base}, before the change"),
        "M1: 1 check passes also before the change, of 2 that were asked",
        "  does not pass   new: exit 0: v1",
        "  passes as well  old: exit 0: tool.sh",
        "  not asked       far: --host web=SSH names a host that is as it was before",
        "  not asked       near: it asks this machine, which has no world before the change",
    ] {
        assert!(
            shown.out.lines().any(|it| it == line),
            "{line}\n{}",
            shown.out
        );
    }
    assert!(bob.records().is_empty(), "nothing is written");

    // A gate of which everything passes there is no proof of the change.
    bob.change(
        "claims/demo.yaml",
        &claim.replace(
            "it says v2, run: sh tool.sh, expect: v2",
            "it speaks, run: sh tool.sh, expect: { stdout: { starts_with: v } }",
        ),
    );
    let shown = bob.ends(4, &["teeth", "--base", "HEAD~2", "--quiet"]);
    assert!(
        shown
            .out
            .contains("M1: 3 checks pass also before the change, of 3 that were asked"),
        "{}",
        shown.out
    );

    for (words, named) in [
        (vec!["teeth", "--base", "nowhere"], "nowhere"),
        (
            vec!["teeth", "--base", "HEAD", "--host", "db=old"],
            "--host db: the claim files have no such host",
        ),
        (
            vec!["teeth", "--base", "HEAD", "--host", "web"],
            "write HOST=SSH",
        ),
        (vec!["teeth"], "--base"),
    ] {
        let shown = bob.ends(2, &words);
        assert!(shown.err.contains(named), "{words:?}: {}", shown.err);
    }
}
