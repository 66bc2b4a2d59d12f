//! Times and commits that cannot be; the cases of the reference project among them.

use chrono::{TimeDelta, Utc};

use super::kit::World;

/// What an audit says about a REVIEW that was committed at that time.
fn review(text: &str, committed: &str) -> Vec<(&'static str, Option<usize>)> {
    let world = World::new();
    world.write("reports/REVIEW-demo.md", text);
    world.commit_at("review(demo)", committed);
    let findings = world.audit().findings.into_iter();
    findings
        .filter(|it| it.code.starts_with("GP15"))
        .map(|it| (it.code, it.line))
        .collect()
}

#[test]
fn verdicts_with_times_after_their_commit_are_named_as_in_the_reference_project() {
    let early = [("GP1505", Some(3))];
    // pxgate, pvcheck, regall, mailu.
    let pxgate = "## M1 — Fix\n\n### PASS @2026-06-13T13:00Z — Adversary cold-verified\n";
    assert_eq!(review(pxgate, "2026-06-13T12:50:23Z"), early);
    let pvcheck = "# REVIEW\n\n## M1 — PASS @06:10Z\n";
    assert_eq!(review(pvcheck, "2026-06-10T06:01:00Z"), early);
    let regall = "# REVIEW\n\n## M1 — FAIL @2026-06-09T04:45Z\n";
    assert_eq!(review(regall, "2026-06-09T03:03:00Z"), early);
    let mailu = "# REVIEW\n\n## M1 — PASS @2026-06-09T21:XX\n";
    assert_eq!(review(mailu, "2026-06-09T21:30:00Z"), [("GP1506", Some(3))]);
}

#[test]
fn verdicts_with_times_before_their_commit_are_in_order() {
    let text = "# REVIEW\n\n## M1 — PASS @2026-06-13T12:50Z\n\n## M2 — FAIL @2026-06-13\n\n## M3: PASS @23:55Z\n";
    assert_eq!(review(text, "2026-06-14T00:05:00Z"), []);
}

#[test]
fn each_line_is_held_against_the_commit_that_wrote_it() {
    let world = World::new();
    world.write(
        "reports/REVIEW-demo.md",
        "## M1 — FAIL @2026-06-13T13:00Z\n",
    );
    world.commit_at("one", "2026-06-13T12:50:00Z");
    // A later commit does not make the first line right.
    world.write(
        "reports/REVIEW-demo.md",
        "## M1 — FAIL @2026-06-13T13:00Z\n\n## M1 — PASS @2026-06-13T15:00Z\n",
    );
    world.commit_at("two", "2026-06-13T16:00:00Z");
    let early = |world: &World| -> Vec<Option<usize>> {
        let findings = world.audit().findings.into_iter();
        findings
            .filter(|it| it.code == "GP1505")
            .map(|it| it.line)
            .collect()
    };
    assert_eq!(early(&world), [Some(1)]);
    // A line that is not committed is held against the clock.
    let soon = (Utc::now() + TimeDelta::hours(1)).format("%Y-%m-%dT%H:%MZ");
    world.write("reports/REVIEW-demo.md", &format!("## M1 — PASS @{soon}\n"));
    assert_eq!(early(&world), [Some(1)]);
}

#[test]
fn a_record_in_the_future_or_one_that_ended_before_it_began_is_named() {
    let world = World::new();
    let mut record = world.sample();
    record.ended = record.started - TimeDelta::seconds(1);
    world.keep(&record);
    assert_eq!(world.codes(), ["GP1502"]);

    let world = World::new();
    let mut record = world.sample();
    record.started = Utc::now() + TimeDelta::hours(2);
    record.ended = record.started;
    world.keep(&record);
    assert_eq!(world.codes(), ["GP1501"]);
    // Once committed, it is also later than its commit.
    world.commit("records");
    assert_eq!(world.codes(), ["GP1501", "GP1503"]);
}

#[test]
fn evidence_older_than_its_commit_is_named() {
    let world = World::new();
    let mut record = world.sample();
    record.started -= TimeDelta::hours(5);
    record.ended -= TimeDelta::hours(5);
    world.keep(&record);
    world.commit("records");
    assert_eq!(world.codes(), ["GP1504"]);
}

#[test]
fn a_chain_against_time_is_named() {
    let world = World::new();
    let mut record = world.sample();
    world.keep(&record);
    record.run_id.push_str("-2");
    record.ended -= TimeDelta::minutes(2);
    record.started -= TimeDelta::minutes(3);
    world.keep(&record);
    assert!(world.codes().contains(&"GP1104"));
}

#[test]
fn a_commit_that_was_rebased_away_or_never_was_is_named() {
    let world = World::new();
    world.git(&["checkout", "--quiet", "--detach"]);
    world.write("claims/x", "x");
    let lost = world.commit("work");
    let mut record = world.sample();
    assert_eq!(record.repository.as_ref().unwrap().commit, lost);
    world.git(&["checkout", "--quiet", "main"]);
    world.keep(&record);
    assert_eq!(world.codes(), ["GP1403"]);
    // A branch that has it is enough, when the record names that branch.
    world.git(&["branch", "work", &lost]);
    assert_eq!(world.codes(), ["GP1403"]);
    record.run_id.push_str("-2");
    record.repository.as_mut().unwrap().branch = Some("work".to_owned());
    let second = world.keep(&record).display().to_string();
    assert!(
        world
            .findings()
            .iter()
            .all(|(_, file)| !second.ends_with(file))
    );

    // Not a name that git would resolve, nor an option.
    let world = World::new();
    let mut record = world.sample();
    for (n, commit) in ["HEAD", "--all", "", "main:claims"].into_iter().enumerate() {
        record.run_id = format!("20260101T000000Z-0000000{n}");
        record.repository.as_mut().unwrap().commit = commit.to_owned();
        world.keep(&record);
    }
    let found = world.findings();
    assert_eq!(
        found.iter().filter(|(code, _)| *code == "GP1402").count(),
        4,
        "{found:?}"
    );
}

#[test]
fn a_claim_file_that_was_not_committed_so_is_named_where_it_counts() {
    let world = World::new();
    let text = std::fs::read_to_string(world.path("claims/demo.yaml")).unwrap();
    world.write("claims/demo.yaml", &text.replace("two words", "2 words"));
    let mut record = world.sample();
    world.keep(&record);
    // Who only looks says so in the record itself.
    let audit = world.audit();
    assert_eq!(audit.findings, []);
    assert!(
        audit
            .notes
            .iter()
            .any(|note| note.contains("not committed as it was run"))
    );
    record.act = gateproof::record::Act::Claim;
    record.role = Some("builder".to_owned());
    record.run_id.push_str("-2");
    world.keep(&record);
    assert_eq!(world.codes(), ["GP1401"]);
}
