//! A person's word is guarded as a record is, and a run tells it as it was given.

use std::fs;
use std::path::PathBuf;

use gateproof::record::{Act, RecordLink, RunRecord, read};

use super::kit::{ADVERSARY, BUILDER, World};
use super::tampered::every_byte_is_guarded_of;

const CLAIM: &str = "\
phase: demo
title: one is said, and the page is blue
docs: reports
gates:
  M1:
    title: the page
    checks:
      - { id: one, claim: one is said, on: local, run: echo one, expect: one }
      - { id: page, claim: it is blue, on: local, human: open the page; it is blue }
";

/// A world in which Eve has attested the page and signed that, and Ada's run took it; all of it is
/// committed.
fn world() -> World {
    let world = World::new();
    world.write("claims/demo.yaml", CLAIM);
    for (name, mail) in [BUILDER, ADVERSARY] {
        world.allow(mail, name, "");
    }
    world.commit("a person is asked");
    world.be(ADVERSARY);
    let key = world.key(ADVERSARY.0);
    let words = ["attest", "M1", "page", "--saw", "it is blue", "--commit"];
    let shown = world.run(&[&words[..], &["--sign", &key]].concat());
    assert!(shown.status.success(), "{shown:?}");
    world.be(BUILDER);
    let key = world.key(BUILDER.0);
    let words = ["verify", "--quiet", "--as", "builder", "--sign", &key];
    let shown = world.run(&words);
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    world.commit("the run that took it");
    world
}

fn word(world: &World) -> PathBuf {
    let files = fs::read_dir(world.path("reports/attestations/demo")).unwrap();
    let mut files = files.map(|entry| entry.unwrap().path());
    let json = |path: &PathBuf| path.extension().is_some_and(|end| end == "json");
    files.find(json).unwrap()
}

fn shown(world: &World, path: &std::path::Path) -> String {
    path.strip_prefix(world.root())
        .unwrap()
        .display()
        .to_string()
}

#[test]
fn a_word_that_was_committed_signed_and_taken_is_clean_and_counted() {
    let world = world();
    let audit = world.audit();
    assert_eq!(audit.findings, []);
    assert_eq!(
        (audit.notes.len(), audit.unchecked.len()),
        (0, 0),
        "{audit:?}"
    );
    assert_eq!(audit.phases[0].attestations, 1);
    let shown = world.run(&["audit", "--require-signatures"]);
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains("; 1 attestation; "), "{text}");
}

#[test]
fn every_byte_of_a_word_or_its_signature_is_guarded() {
    let world = world();
    let path = word(&world);
    every_byte_is_guarded_of(world, &[path.with_extension("json.sig"), path]);
}

#[test]
fn a_word_that_was_taken_away_or_written_again_is_named_with_the_run_that_rests_on_it() {
    let world = world();
    let (path, record) = (word(&world), world.records().remove(0));
    let (name, run) = (shown(&world, &path), shown(&world, &record));
    let whole = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let found = world.findings();
    for expected in [
        ("GP1202", name.clone()),
        ("GP1304", format!("{name}.sig")),
        ("GP1103", run.clone()),
    ] {
        assert!(found.contains(&expected), "{expected:?}: {found:?}");
    }
    // With a seal that fits again.
    let (content, _) = whole.rsplit_once(",\n  \"seal\"").unwrap();
    let forged = content.replace("it is blue", "it is red");
    let seal = super::forged::sha256(forged.as_bytes());
    fs::write(&path, format!("{forged},\n  \"seal\": \"{seal}\"\n}}\n")).unwrap();
    world.commit("another word");
    let found = world.findings();
    for expected in [
        ("GP1201", name.clone()),
        ("GP1302", format!("{name}.sig")),
        ("GP1103", run),
    ] {
        assert!(found.contains(&expected), "{expected:?}: {found:?}");
    }
    assert!(!world.codes().contains(&"GP1101"), "the seal fits");
}

#[test]
fn a_word_of_another_phase_or_under_another_name_is_named() {
    let world = world();
    let path = word(&world);
    let copy = path.with_file_name("copy.json");
    fs::copy(&path, &copy).unwrap();
    let other = world.path("reports/attestations/other");
    fs::create_dir(&other).unwrap();
    let strange = other.join(path.file_name().unwrap());
    fs::copy(&path, &strange).unwrap();
    let found = world.findings();
    // The copy in the other phase has no signature, and Eve must sign.
    assert_eq!(
        found,
        [
            ("GP1102", shown(&world, &copy)),
            ("GP1105", shown(&world, &strange)),
            ("GP1301", shown(&world, &strange))
        ]
    );
}

/// A record as that of the world, made by hand with fitting hashes.
fn forge(world: &World, change: impl FnOnce(&mut RunRecord)) -> String {
    let mut record = read(&world.records()[0]).unwrap();
    record.run_id = "20261101T000000Z-00000001".to_owned();
    change(&mut record);
    let path = world.keep(&record);
    shown(world, &path)
}

#[test]
fn a_run_that_tells_a_word_otherwise_is_named() {
    let world = world();
    let name = forge(&world, |record| {
        let word = record.checks[1].attestation.as_mut().unwrap();
        word.author = "Ada <ada@example.org>".to_owned();
        word.words = "it is green".to_owned();
    });
    let audit = world.audit();
    let found: Vec<_> = audit
        .findings
        .iter()
        .map(|it| (it.code, &it.file))
        .collect();
    assert_eq!(found, [("GP1604", &name), ("GP1604", &name)]);
    assert_eq!(audit.findings[1].expected, "`it is blue`");
    assert!(
        audit.findings[1]
            .found
            .ends_with("records the words `it is green`")
    );
}

#[test]
fn a_review_that_rests_on_the_claimants_own_word_is_named() {
    let world = world();
    let mut claim = read(&world.records()[0]).unwrap();
    claim.run_id = "20261101T000000Z-00000001".to_owned();
    claim.act = Act::Claim;
    claim.author = Some("Eve <EVE@example.org>".to_owned());
    let path = world.keep(&claim);
    let link = RecordLink {
        run_id: claim.run_id.clone(),
        sha256: super::forged::sha256(&fs::read(path).unwrap()),
    };
    let name = forge(&world, |record| {
        record.run_id = "20261101T000000Z-00000002".to_owned();
        record.act = Act::Review;
        record.role = Some("adversary".to_owned());
        record.reviews = Some(link);
        record.started = claim.ended;
        record.ended = claim.ended;
    });
    let own = |audit: gateproof::audit::Audit| {
        let findings = audit.findings.into_iter();
        findings
            .filter(|it| it.code == "GP1601")
            .map(|it| (it.file, it.found))
            .collect::<Vec<_>>()
    };
    let expected = "M1 page rests on the word of eve@example.org, who made the claim";
    assert_eq!(own(world.audit()), [(name, expected.to_owned())]);
}

#[test]
fn a_word_that_no_run_took_may_speak_of_a_commit_that_a_rebase_replaced() {
    let world = world();
    world.write("more", "1\n");
    world.commit("more");
    let words = ["attest", "M1", "page", "--saw", "still blue"];
    let refused = world.run(&words);
    assert_eq!(refused.status.code(), Some(2), "Ada must sign: {refused:?}");
    let key = world.key(BUILDER.0);
    let words = [&words[..], &["--sign", &key]].concat();
    assert!(world.run(&words).status.success());
    world.git(&["commit", "--quiet", "--amend", "--message", "another"]);
    world.commit("the word");
    assert_eq!(world.audit().findings, []);
    assert_eq!(world.audit().phases[0].attestations, 2);
}
