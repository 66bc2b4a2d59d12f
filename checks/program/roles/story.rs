//! From a claim over a FAIL and its fix to a PASS.

use test_kit::world::World;

#[test]
fn a_claim_that_held_only_on_its_authors_machine_fails_is_fixed_and_passes() {
    let (world, bob) = World::new();
    let claimed = bob.head();
    let shown = bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let subject = bob.subject();
    assert!(
        subject.starts_with("claim(demo-M1): it tells its version at "),
        "{subject}"
    );
    assert!(
        shown.out.ends_with(&format!("{subject}\n")),
        "{}",
        shown.out
    );
    assert_eq!(bob.git(&["rev-parse", "HEAD^"]), claimed);
    assert_eq!(bob.git(&["rev-parse", "origin/main"]), bob.head());
    let record = bob.record("claim");
    assert_eq!(record["role"], "builder");
    assert_eq!(record["gates"][0], "M1");
    assert_eq!(record["repository"]["commit"], claimed.as_str());
    assert_eq!(record["claim"]["path"], "claims/demo.yaml");
    assert_eq!(record["author"], "bob <bob@example.org>");
    let run = record["run_id"].as_str().unwrap().to_owned();
    let mut files = vec![
        "reports/JOURNAL-demo.md".to_owned(),
        "reports/STATUS-demo.md".to_owned(),
        format!("reports/runs/demo/{run}.json"),
    ];
    assert_eq!(bob.committed(), files);
    let status = bob.text("reports/STATUS-demo.md");
    for words in [
        "WHAT is claimed",
        "HOW to verify",
        "EXPECTED outcomes",
        "WHERE",
        &claimed,
    ] {
        assert!(status.contains(words), "{words}: {status}");
    }
    assert!(
        status.contains("\n## Gate: M1 — CLAIMED, awaiting Adversary\n"),
        "{status}"
    );
    assert!(
        !status.contains("PASS"),
        "no result anchors who verifies: {status}"
    );

    // Somebody who never saw the project, and has not got Bob's settings.
    let eve = world.person("eve");
    eve.settings("slow and eves own");
    let early = eve.ends(2, &["diff", "M1"]);
    assert!(early.err.contains("GP2704"), "{}", early.err);
    let shown = eve.ends(1, &["review", "M1", "--commit", "--push"]);
    let review = eve.text("reports/REVIEW-demo.md");
    assert!(
        review.starts_with("# REVIEW — phase demo (Adversary)\n"),
        "{review}"
    );
    let verdict = review.lines().find(|line| line.starts_with("## ")).unwrap();
    assert!(
        verdict.starts_with("## M1 — FAIL @20") && verdict.ends_with('Z'),
        "{verdict}"
    );
    assert!(
        review.contains("| Check | Expected | Observed | Result |"),
        "{review}"
    );
    assert!(
        review.contains("cat \"$HOME/.toolrc\"") && review.contains("❌ FAIL"),
        "{review}"
    );
    assert!(
        review.contains(&claimed) && review.contains("this run read neither JOURNAL nor"),
        "{review}"
    );
    assert!(
        eve.subject()
            .starts_with("review(demo-M1): FAIL of the claim at "),
        "{}",
        eve.subject()
    );
    // Blind to what Bob saw.
    let bobs = record["checks"][1]["observed"].as_str().unwrap();
    assert!(bobs.contains("fast"), "{bobs}");
    for text in [&shown.out, &shown.err, &review] {
        assert!(!text.contains(bobs), "{bobs}: {text}");
    }
    let judged = eve.record("review");
    assert_eq!(judged["role"], "adversary");
    assert_eq!(judged["reviews"]["run_id"], run.as_str());
    assert_eq!(judged["repository"]["commit"], claimed.as_str());
    assert_eq!(judged["exit_code"], 1);
    let differs = eve.ends(1, &["diff", "M1"]);
    assert!(
        differs.out.contains("rc") && differs.out.contains("DIFFERENT"),
        "{}",
        differs.out
    );
    assert!(!differs.out.contains("version  "), "{}", differs.out);

    // The fix: the settings are committed.
    bob.pull();
    bob.change("conf", "fast\n");
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    assert!(
        bob.subject().contains("re-claim after FAIL @20"),
        "{}",
        bob.subject()
    );
    let status = bob.text("reports/STATUS-demo.md");
    assert!(
        status.contains("\n## Gate: M1 — RE-CLAIMED, awaiting Adversary\n")
            && status.contains(" as a re-claim after FAIL @"),
        "{status}"
    );
    assert_eq!(status.matches("gateproof:begin").count(), 1, "{status}");

    eve.settings("nothing");
    eve.ends(0, &["review", "--commit", "--push"]);
    let after = eve.text("reports/REVIEW-demo.md");
    assert!(after.starts_with(&review), "append-only");
    assert!(
        after[review.len()..].contains("\n## M1 — PASS @20"),
        "{after}"
    );
    assert!(
        eve.subject()
            .starts_with("review(demo-M1): PASS of the claim at "),
        "{}",
        eve.subject()
    );
    files = eve.committed();
    files.retain(|file| !file.starts_with("reports/runs/demo/"));
    assert_eq!(files, ["reports/REVIEW-demo.md"]);
    let nothing = eve.ends(2, &["review"]);
    assert!(nothing.err.contains("awaits a verdict"), "{}", nothing.err);

    // What each printed still differs by the settings; the rest is equal.
    let json = eve.ends(1, &["diff", "M1", "--json"]);
    let all = crate::schema::written("diff", &json.out);
    let different: Vec<&str> = all[0]["values"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|value| value["substance"] == true && value["equal"] == false)
        .map(|value| value["of"].as_str().unwrap())
        .collect();
    assert!(
        !different.is_empty() && different.iter().all(|of| *of == "rc"),
        "{different:?}"
    );
    eve.settings("fast");
    eve.ends(0, &["review", "M1", "--commit", "--push"]);
    let equal = eve.ends(0, &["diff", "M1"]);
    assert!(equal.out.contains("equal in substance"), "{}", equal.out);
    bob.pull();
    bob.ends(0, &["diff", "M1"]);
}

#[test]
fn a_gate_that_does_not_pass_is_not_claimed() {
    let (_world, bob) = World::new();
    // Only Bob's tree has it: it is ignored, so the tree is clean.
    bob.change(".gitignore", "conf\n");
    bob.settings("slow");
    bob.write("conf", "fast\n");
    let shown = bob.ends(1, &["claim", "M1", "--commit"]);
    let subject = bob.subject();
    assert!(
        subject.starts_with("journal(demo-M1): not claimed, FAIL at "),
        "{subject}"
    );
    assert!(
        shown.out.ends_with(&format!("{subject}\n")),
        "{}",
        shown.out
    );
    let mut files = bob.committed();
    files.retain(|file| !file.starts_with("reports/runs/demo/"));
    assert_eq!(files, ["reports/JOURNAL-demo.md"]);
    assert_eq!(bob.text("reports/STATUS-demo.md"), "");
    let record = bob.record("verify");
    assert!(
        record["notes"].to_string().contains("tried and not made"),
        "{record}"
    );
    let journal = bob.text("reports/JOURNAL-demo.md");
    for text in [&journal, &shown.out, &shown.err] {
        assert!(
            !text.contains("CLAIMED, awaiting") && !text.contains("claim(demo"),
            "{text}"
        );
    }
}

#[test]
fn the_claimed_commit_is_judged_with_its_own_claim_file_whatever_came_after() {
    let (world, bob) = World::new();
    bob.settings("fast");
    let claimed = bob.head();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    bob.change("tool.sh", "echo broken\n");
    bob.change(
        "claims/demo.yaml",
        &test_kit::world::CLAIM.replace("expect: v1", "expect: v2"),
    );
    let eve = world.person("eve");
    eve.settings("fast");
    std::fs::create_dir(eve.clone.join("deep")).unwrap();
    let shown = eve.run_in("deep", &["review", "M1"]);
    assert_eq!(shown.code, Some(0), "{}\n{}", shown.out, shown.err);
    let review = eve.text("reports/REVIEW-demo.md");
    assert!(
        review.contains(
            "the claim file has changed on origin/main; the one of the claimed commit was run"
        ),
        "{review}"
    );
    assert!(
        review.contains("2 commits on origin/main after the claimed one"),
        "{review}"
    );
    assert_eq!(
        eve.record("review")["repository"]["commit"],
        claimed.as_str()
    );
    // Nothing was committed, and the line that does it is told.
    assert_eq!(eve.head(), bob.head());
    let by_hand = shown
        .err
        .lines()
        .find(|line| line.starts_with("to commit"))
        .unwrap();
    let line = by_hand.split_once(": ").unwrap().1;
    let done = std::process::Command::new("sh")
        .args(["-c", line])
        .current_dir(&eve.clone)
        .output()
        .unwrap();
    assert!(done.status.success(), "{line}: {done:?}");
    assert!(
        eve.subject().starts_with("review(demo-M1): PASS"),
        "{}",
        eve.subject()
    );
}

#[test]
fn a_look_of_the_builder_does_not_take_a_claim_out_of_status() {
    let (_world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "--commit"]);
    let claimed = bob.text("reports/STATUS-demo.md");
    let shown = bob.ends(0, &["verify", "--as", "builder"]);
    assert!(
        shown.err.contains("M1 is claimed, and STATUS keeps that"),
        "{}",
        shown.err
    );
    let status = bob.text("reports/STATUS-demo.md");
    assert!(status.starts_with(&claimed), "{status}");
    assert!(
        status.contains("gateproof:begin status demo/M2"),
        "{status}"
    );
}

#[test]
fn several_gates_are_claimed_one_by_one_and_judged_together() {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "M2", "--commit", "--push"]);
    let log = bob.git(&["log", "-2", "--format=%s"]);
    assert!(
        log.contains("claim(demo-M1): ") && log.contains("claim(demo-M2): "),
        "{log}"
    );
    let eve = world.person("eve");
    eve.settings("fast");
    let which = eve.ends(2, &["review", "--finding", "x"]);
    assert!(which.err.contains("name the GATE"), "{}", which.err);
    eve.ends(0, &["review", "--commit", "--push"]);
    let review = eve.text("reports/REVIEW-demo.md");
    assert!(
        review.contains("## M1 — PASS @") && review.contains("## M2 — PASS @"),
        "{review}"
    );
}
