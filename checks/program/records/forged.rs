//! Somebody who knows how gateproof writes and forges with fitting hashes.

use std::fs;

use gateproof::record::{Act, RecordLink, RunRecord, read_phase, write};
use sha2::{Digest, Sha256};

use super::kit::{ADVERSARY, World};

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_forged_record_with_a_fitting_seal_breaks_its_signature_and_the_chain() {
    let world = World::complete();
    let first = &world.records()[0];
    let text = fs::read_to_string(first).unwrap();
    let (content, _) = text.rsplit_once(",\n  \"seal\"").unwrap();
    let forged = content.replace("\"PASS\"", "\"FAIL\"");
    let seal = sha256(forged.as_bytes());
    fs::write(first, format!("{forged},\n  \"seal\": \"{seal}\"\n}}\n")).unwrap();
    let codes = world.codes();
    for code in ["GP1103", "GP1203", "GP1302", "GP1703"] {
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
    assert!(!codes.contains(&"GP1101"), "the seal fits: {codes:?}");
}

#[test]
fn a_block_with_a_fitting_hash_is_held_against_its_record() {
    let world = World::complete();
    for (name, from, to) in [
        (
            "JOURNAL",
            "| `two` | exit 0, stdout == \"two\" |",
            "| `three` | exit 0, stdout == \"two\" |",
        ),
        ("JOURNAL", "✅ PASS", "❌ FAIL"),
        ("JOURNAL", "→ exit 0", "→ exit 1"),
        ("STATUS", "# EXPECTED:", "# ALSO EXPECTED:"),
    ] {
        let path = world.path(&format!("reports/{name}-demo.md"));
        let whole = fs::read_to_string(&path).unwrap();
        // The row as it stands may be worded otherwise; then any other id will do.
        let (from, to) = match whole.contains(from) {
            true => (from, to),
            false => ("| `two` |", "| `three` |"),
        };
        assert!(whole.contains(from), "{from}: {whole}");
        let begin = whole
            .lines()
            .find(|line| line.starts_with("<!-- gateproof:begin"))
            .unwrap();
        let words: Vec<&str> = begin.split(' ').collect();
        let (kind, claim) = (words[2], words[3]);
        let run = words[4].strip_prefix("run=").unwrap();
        let start = whole.find(begin).unwrap() + begin.len() + 1;
        let end = whole.find("<!-- gateproof:end").unwrap();
        let body = whole[start..end].replacen(from, to, 1);
        let (inputs, old) = begin
            .split_once(run)
            .unwrap()
            .1
            .split_once("sha256=")
            .unwrap();
        let inputs = inputs.trim_end();
        let hash = sha256(format!("{kind}\n{claim}\n{run}{inputs}\n{body}").as_bytes());
        let old = &format!("sha256={}", old.trim_end_matches(" -->"));
        let forged = format!("{}{body}{}", &whole[..start], &whole[end..])
            .replace(old, &format!("sha256={hash}"));
        fs::write(&path, forged).unwrap();
        let findings = world.audit().findings;
        fs::write(&path, &whole).unwrap();
        assert!(!findings.is_empty(), "{from}");
        for finding in findings {
            assert_eq!(
                (finding.code, finding.line.is_some()),
                ("GP1703", true),
                "{finding:?}"
            );
        }
    }
}

#[test]
fn a_block_of_a_run_without_a_record_and_broken_markers_are_named() {
    let world = World::complete();
    let journal = world.path("reports/JOURNAL-demo.md");
    let whole = fs::read_to_string(&journal).unwrap();
    let run = whole
        .split("run=")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    fs::write(
        &journal,
        whole.replace(&format!("run={run}"), "run=20260101T000000Z-00000000"),
    )
    .unwrap();
    assert_eq!(world.codes(), ["GP1701", "GP1702"]);
    fs::write(&journal, whole.replace("<!-- gateproof:end", "<!-- end")).unwrap();
    assert_eq!(world.codes(), ["GP1701"]);
}

#[test]
fn a_verdict_needs_the_adversarys_record_of_that_gate() {
    let world = World::complete();
    let told = |text: &str| {
        world.write("reports/REVIEW-demo.md", text);
        let findings = world.audit().findings;
        findings
            .into_iter()
            .map(|it| (it.code, it.line))
            .collect::<Vec<_>>()
    };
    assert_eq!(told("## M2 — PASS\n"), [("GP1704", Some(1))]);
    assert_eq!(
        told("# REVIEW\n\n```\n## M2 — PASS\n```\n## M1: PASS\n"),
        []
    );
    // From before the run: the evidence did not exist.
    assert_eq!(
        told("## M1 — PASS @2020-01-01T00:00Z\n"),
        [("GP1704", Some(1))]
    );

    // What failed, and what was only a part of the gate, is no PASS.
    let world = World::new();
    let mut record = world.sample();
    record.role = Some("adversary".to_owned());
    record.checks[1].outcome = claim::outcome::Outcome::Fail;
    world.keep(&record);
    let mut part = world.sample();
    part.role = Some("adversary".to_owned());
    part.checks.truncate(1);
    part.gates.clear();
    world.keep(&part);
    world.write("reports/REVIEW-demo.md", "## M1 — FAIL\n\n## M1 — PASS\n");
    world.commit("records");
    let found: Vec<_> = world
        .audit()
        .findings
        .into_iter()
        .map(|it| (it.code, it.line))
        .collect();
    assert_eq!(found, [("GP1704", Some(3))]);
}

/// A claim and a review of it that is as it should be.
fn claim_and_review(world: &World) -> (RunRecord, RunRecord) {
    let mut claim = world.sample();
    claim.act = Act::Claim;
    claim.role = Some("builder".to_owned());
    let path = world.keep(&claim);
    let mut review = world.sample();
    review.act = Act::Review;
    review.role = Some("adversary".to_owned());
    review.author = Some(format!("{} <{}>", ADVERSARY.0, ADVERSARY.1));
    review.repository.as_mut().unwrap().clone_id = Some("0".repeat(32));
    review.reviews = Some(RecordLink {
        run_id: claim.run_id.clone(),
        sha256: sha256(&fs::read(path).unwrap()),
    });
    (claim, review)
}

#[test]
fn a_review_by_another_person_from_another_clone_is_clean() {
    let world = World::new();
    let (_, review) = claim_and_review(&world);
    world.keep(&review);
    world.commit("records");
    assert_eq!(world.codes(), [""; 0]);
}

#[test]
fn a_review_by_the_author_from_the_same_clone_or_of_another_claim_is_named() {
    type Change = fn(&mut RunRecord, &RunRecord);
    let cases: [(&[&str], Change); 10] = [
        (&["GP1601"], |review, claim| {
            // The name differs, the address is the same but for its case.
            review.author = claim
                .author
                .as_ref()
                .map(|it| it.replace("Ada", "Eve").replace("ada@", "ADA@"));
        }),
        (&["GP1602"], |review, claim| {
            let id = claim.repository.as_ref().unwrap().clone_id.clone();
            review.repository.as_mut().unwrap().clone_id = id;
        }),
        (&["GP1603"], |review, _| review.reviews = None),
        (&["GP1603"], |review, _| {
            review.reviews.as_mut().unwrap().sha256 = "0".repeat(64);
        }),
        (&["GP1603"], |review, _| {
            review.reviews.as_mut().unwrap().run_id = "20260101T000000Z-00000000".to_owned();
        }),
        (&["GP1401", "GP1603"], |review, _| {
            review.claim.sha256 = "0".repeat(64)
        }),
        (&["GP1402", "GP1603"], |review, _| {
            review.repository.as_mut().unwrap().commit = "0".repeat(40);
        }),
        (&["GP1603"], |review, claim| {
            review.started = claim.started - chrono::TimeDelta::seconds(1);
        }),
        (&["GP1603"], |review, _| {
            review.role = Some("builder".to_owned())
        }),
        (&["GP1105"], |review, _| {
            review.claim.phase = "other".to_owned()
        }),
    ];
    for (n, (codes, change)) in cases.into_iter().enumerate() {
        let world = World::new();
        let (claim, mut review) = claim_and_review(&world);
        change(&mut review, &claim);
        world.keep(&review);
        world.commit("records");
        assert_eq!(world.codes(), codes, "case {n}");
    }
}

#[test]
fn a_claim_that_is_changed_after_its_review_is_named() {
    let world = World::new();
    let (claim, review) = claim_and_review(&world);
    world.keep(&review);
    let folder = world.path("reports/runs/demo");
    let path = folder.join(format!("{}.json", claim.run_id));
    fs::remove_file(&path).unwrap();
    let mut forged = claim;
    forged.notes.push("forged".to_owned());
    // Written by gateproof itself, so the seal fits.
    let elsewhere = world.beside("elsewhere");
    let from = write(&forged, &elsewhere).unwrap();
    fs::copy(from, &path).unwrap();
    world.commit("records");
    assert_eq!(world.codes(), ["GP1103", "GP1603"]);
    assert!(!read_phase(&folder).unwrap().is_sound(&forged.run_id));
}
