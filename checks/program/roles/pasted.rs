//! HOW of STATUS, pasted into a fresh shell; and what STATUS says of why and what was changed.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use test_kit::world::{Person, World};

const CLAIM: &str = r#"phase: demo
title: a service that can be down
fixtures:
  down:
    on: local
    baseline: { run: cat STATE, expect: up }
    do: echo down > STATE
    until: { run: cat STATE, expect: down }
    undo: echo up > STATE
    settled: { run: cat STATE, expect: up, within: 5s }
gates:
  M1:
    title: it is seen to be down
    why: |
      Nobody noticed when it was down.

      Now a probe does.
    changed: [tool.sh prints its version, 'the "probe" <reads> the state']
    checks:
      - { id: version, claim: the tool tells its version, on: clone, run: sh tool.sh, expect: v1 }
      - { id: folder, claim: the folder is there, on: clone, cwd: claims, run: ls demo.yaml, expect: demo.yaml }
      - { id: again, claim: and from the top, on: clone, run: ls tool.sh, expect: tool.sh }
      - id: script
        claim: a script reads nothing of what is pasted behind it
        on: clone
        cwd: claims
        env: { WORD: "it's" }
        run: |
          cat
          for n in 1 2; do
            echo "$WORD $n"
          done
        expect: { stdout: { lines: 2 } }
      - { id: down, claim: it is seen, on: local, with: down, run: cat STATE, expect: down, within: 5s }
      - { id: up, claim: and it is back, on: local, run: cat STATE, expect: up }
"#;

/// A world in which M1 is claimed, and the file that its service's state is in.
fn claimed() -> (World, Person, PathBuf) {
    let (world, bob) = World::new();
    let state = world.remote().with_file_name("STATE");
    std::fs::write(&state, "up\n").unwrap();
    let claim = CLAIM.replace("STATE", &state.display().to_string());
    bob.change("claims/demo.yaml", &claim);
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    (world, bob, state)
}

/// The commands of HOW.
fn how(person: &Person) -> String {
    let status = person.text("reports/STATUS-demo.md");
    let (_, rest) = status.split_once("```bash\n").unwrap();
    rest.split_once("```\n").unwrap().0.to_owned()
}

#[test]
fn how_is_pasted_into_a_fresh_shell_and_shows_what_was_expected() {
    let (_world, bob, state) = claimed();

    let mut shell = Command::new("bash")
        .current_dir(&bob.clone)
        .env("HOME", bob.home())
        // The clone that it makes stays for whoever pastes it.
        .env("TMPDIR", bob.home())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let script = how(&bob);
    let mut stdin = shell.stdin.take().unwrap();
    stdin.write_all(script.as_bytes()).unwrap();
    drop(stdin);
    let out = shell.wait_with_output().unwrap();
    let seen = String::from_utf8(out.stdout).unwrap();
    // The baseline is shown before the disturbance; waits show nothing.
    let expected = [
        "v1",
        "demo.yaml",
        "tool.sh",
        "it's 1",
        "it's 2",
        "up",
        "down",
        "up",
    ];
    assert_eq!(seen.lines().collect::<Vec<_>>(), expected, "{script}");
    assert_eq!(String::from_utf8(out.stderr).unwrap(), "", "{script}");
    assert_eq!(std::fs::read_to_string(&state).unwrap(), "up\n");
    // As the claim file has it, and nothing in quotes of quotes.
    assert!(script.contains("\n  echo \"$WORD $n\"\n"), "{script}");
    // Each once: the disturbance, its undoing, and the clone.
    for once in ["echo down > ", "echo up > ", "git clone"] {
        assert_eq!(script.matches(once).count(), 1, "{once}: {script}");
    }
}

#[test]
fn status_says_why_and_what_was_changed_since_the_claim_before() {
    let (_world, bob, _) = claimed();
    let status = bob.text("reports/STATUS-demo.md");
    for line in [
        "\nNobody noticed when it was down.\n\nNow a probe does.\n\n",
        "\n- **Changed:** tool.sh prints its version\n",
        "\n- **Changed:** the \"probe\" \\<reads> the state\n",
        "| # | Check | Claim | Expected |",
        "| 1 | `version` | the tool tells its version | `v1` |",
    ] {
        assert!(status.contains(line), "{line}: {status}");
    }
    assert!(!status.contains("Changed files"), "{status}");
    let commit = bob.git(&["rev-parse", "HEAD~1"]);
    bob.change("tool.sh", "echo v1 # again\n");
    bob.change("docs/a b.md", "x\n");
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let status = bob.text("reports/STATUS-demo.md");
    let line = format!(
        "- **Changed files** since the claim of M1 at `{}`: `docs/a b.md`, `tool.sh`\n",
        &commit[..12]
    );
    assert!(status.contains(&line), "{line}: {status}");
    // A reader of one screen: all that is claimed stands above the commands, and each once.
    let (first, _) = status.split_once("### HOW").unwrap();
    assert!(first.lines().count() < 30, "{first}");
    assert_eq!(status.matches("the tool tells its version |").count(), 1);
}

#[test]
fn a_review_begins_with_what_speaks_against_it_and_ends_with_the_digests() {
    let (world, bob) = World::new();
    let eve = world.person("eve");
    eve.settings("slow");
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    eve.pull();
    eve.ends(1, &["review", "M1", "--commit", "--push"]);
    let review = eve.text("reports/REVIEW-demo.md");
    let lines: Vec<&str> = review.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.starts_with("## M1 — FAIL @"));
    let said = lines[at.unwrap() + 2];
    assert_eq!(
        said,
        "3 checks: 2 PASS, 1 FAIL. **Against a PASS:** FAIL: rc."
    );
    let digest = review.find("sha256 `").unwrap();
    assert!(digest > review.find("**Reproduce.**").unwrap(), "{review}");
    // A look at a few checks takes no page.
    eve.settings("fast");
    eve.ends(0, &["review", "M1", "--commit", "--push"]);
    let more = eve.text("reports/REVIEW-demo.md").lines().count() - lines.len();
    assert!(more <= 36, "{more}: {}", eve.text("reports/REVIEW-demo.md"));
}
