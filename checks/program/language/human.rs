//! `human:`: a person attests it, and until then, and whenever anything of it has changed, it is an
//! ERROR that awaits a person.

use std::process::Command;

use serde_json::Value;

use super::kit::claim;
use test_kit::program::{Scratch, Shown};
use test_kit::runs::Run;

const CHECKS: &[(&str, &str)] = &[
    ("there", "on: clone\nrun: ls shot.txt\nexpect: shot.txt"),
    (
        "shot",
        "on: clone\nhuman: open shot.txt; it says six\nartefact: shot.txt",
    ),
    ("page", "on: local\nhuman: open the page; nothing blinks"),
];

fn git(scratch: &Scratch, words: &[&str]) {
    let out = Command::new("git")
        .args(words)
        .current_dir(scratch.path())
        .output()
        .unwrap();
    assert!(out.status.success(), "{words:?}: {out:?}");
}

fn commit(scratch: &Scratch) {
    git(scratch, &["add", "-A"]);
    git(scratch, &["commit", "-qm", "more"]);
}

fn repository(checks: &[(&str, &str)]) -> Scratch {
    let scratch = Scratch::with(claim("", checks));
    git(&scratch, &["init", "-q", "-b", "main"]);
    git(&scratch, &["config", "user.name", "ada"]);
    git(&scratch, &["config", "user.email", "ada@example.org"]);
    git(&scratch, &["config", "commit.gpgsign", "false"]);
    git(&scratch, &["config", "gpg.format", "openpgp"]);
    scratch.write("shot.txt", "six\n");
    commit(&scratch);
    scratch
}

/// A run with what it says of itself; several of one second have records in no order.
#[track_caller]
fn look(scratch: &Scratch) -> Run {
    let shown = scratch.verify(&["--no-record", "--format", "json"]);
    let record = serde_json::from_str(&shown.out).unwrap();
    Run { shown, record }
}

fn attest(scratch: &Scratch, check: &str, more: &[&str]) -> Shown {
    let words = [
        "attest",
        "M1",
        check,
        "--saw",
        "I saw it",
        "--file",
        "claim.yaml",
    ];
    scratch.run(&[&words, more].concat())
}

fn attestations(scratch: &Scratch) -> Vec<(std::path::PathBuf, Value)> {
    let folder = scratch.path().join("reports/attestations/t");
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .map(|file| file.path())
        .map(|path| {
            let value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            (path, value)
        })
        .collect()
}

#[test]
fn awaits_a_person_is_attested_and_never_passes() {
    let scratch = repository(CHECKS);
    let run = look(&scratch);
    assert_eq!(run.outcomes(), ["PASS", "ERROR", "ERROR"]);
    assert_eq!(run.shown.code, Some(3), "{}", run.shown.out);
    assert_eq!(run.check("shot")["observed"], "awaiting a person");
    assert!(
        run.why("shot").contains("gateproof attest M1 shot --saw"),
        "{}",
        run.why("shot")
    );

    for check in ["shot", "page"] {
        let shown = attest(&scratch, check, &["--no-sign"]);
        assert_eq!(shown.code, Some(0), "{shown:?}");
        assert!(shown.out.contains("attested by ada <ada@example.org>"));
    }
    scratch.verify(&["--junit", "junit.xml"]);
    let run = look(&scratch);
    assert_eq!(run.outcomes(), ["PASS", "ATTESTED", "ATTESTED"]);
    assert_eq!(run.shown.code, Some(0), "{}", run.shown.out);
    let observed = run.check("page")["observed"].as_str().unwrap();
    assert!(
        observed.starts_with("attested by ada <ada@example.org> at 20"),
        "{observed}"
    );
    assert!(observed.ends_with(": I saw it"), "{observed}");
    let word = &run.check("shot")["attestation"];
    assert_eq!(word["artefact"]["path"], "shot.txt");
    assert_eq!(
        word["artefact"]["sha256"].as_str().unwrap().len(),
        64,
        "{word}"
    );
    assert!(scratch.has(word["file"].as_str().unwrap()), "{word}");
    let junit = scratch.text("junit.xml");
    assert_eq!(junit.matches("type=\"ATTESTED\"").count(), 2, "{junit}");
    assert!(junit.contains("skipped=\"2\""), "{junit}");
    // People's words alone are no success.
    let alone = scratch.verify(&["--check", "shot"]);
    assert_eq!(alone.code, Some(3), "{}", alone.out);
}

#[test]
fn what_changed_makes_it_void_and_both_values_are_said() {
    let scratch = repository(CHECKS);
    attest(&scratch, "shot", &[]);
    attest(&scratch, "page", &[]);
    let (_, said) = &attestations(&scratch)[0];
    let (then, commit_then) = (
        said["claim_sha256"].as_str().unwrap()[..12].to_owned(),
        said["commit"].as_str().unwrap()[..12].to_owned(),
    );
    // Another file: what is pinned by its digest stands, what is pinned by the commit does not.
    scratch.write("code.sh", "exit\n");
    commit(&scratch);
    let run = look(&scratch);
    assert_eq!(run.outcomes(), ["PASS", "ATTESTED", "ERROR"]);
    let why = run.why("page");
    assert!(
        why.contains(&commit_then) && why.contains("`code.sh` differs"),
        "{why}"
    );
    // The artefact itself.
    let before = run.check("shot")["attestation"]["artefact"]["sha256"].clone();
    scratch.write("shot.txt", "seven\n");
    commit(&scratch);
    let run = look(&scratch);
    assert_eq!(run.outcome("shot"), "ERROR");
    let why = run.why("shot");
    assert!(why.contains("`shot.txt` is another one"), "{why}");
    assert!(why.contains(&before.as_str().unwrap()[..12]), "{why}");
    // The claim file.
    let text = scratch.text("claim.yaml").replace("says six", "says seven");
    scratch.write("claim.yaml", text);
    commit(&scratch);
    let why = look(&scratch).why("shot");
    assert!(
        why.contains("another claim file") && why.contains(&then),
        "{why}"
    );
    // Gone.
    git(&scratch, &["rm", "-q", "shot.txt"]);
    commit(&scratch);
    let run = look(&scratch);
    assert_eq!(run.outcome("shot"), "ERROR");
    assert!(
        run.why("shot").contains("cannot be read"),
        "{}",
        run.why("shot")
    );
}

#[test]
fn a_changed_an_unreadable_and_a_strange_file_are_never_a_word() {
    let scratch = repository(CHECKS);
    attest(&scratch, "page", &[]);
    let (path, _) = attestations(&scratch).remove(0);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("I saw it", "I saw all")).unwrap();
    let folder = path.parent().unwrap();
    std::fs::write(folder.join("half.json"), "{").unwrap();
    let run = look(&scratch);
    assert_eq!(run.outcome("page"), "ERROR");
    let why = run.why("page");
    assert!(
        why.contains("seal does not fit") && why.contains("half.json"),
        "{why}"
    );
}

#[test]
fn an_artefact_may_be_what_an_earlier_check_has_made_and_named() {
    let scratch = repository(&[
        (
            "make",
            "on: clone\nrun: mkdir -p out && echo six >out/made.txt && echo out/made.txt\nexpect: { stdout: { contains: made } }\ncapture: { made: stdout }\neffect: observe",
        ),
        (
            "look",
            "on: clone\nhuman: open it; it says six\nartefact: ${made}",
        ),
        ("after", "on: clone\nneeds: look\nrun: echo x\nexpect: x"),
    ]);
    let run = look(&scratch);
    assert!(
        run.why("look").contains("artefact out/made.txt"),
        "{}",
        run.why("look")
    );
    let shown = attest(&scratch, "look", &[]);
    assert_eq!(shown.code, Some(2), "{shown:?}");
    assert!(
        shown.err.contains("GP2706") && shown.err.contains("--artefact"),
        "{shown:?}"
    );
    scratch.write("mine.txt", "six\n");
    let shown = attest(&scratch, "look", &["--artefact", "mine.txt"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let run = look(&scratch);
    assert_eq!(run.outcome("look"), "ATTESTED", "{}", run.why("look"));
    // Only PASS counts, also for those that need it.
    assert_eq!(run.outcome("after"), "SKIPPED");
}

#[test]
fn nothing_is_attested_that_nobody_could_hold_against_anything() {
    let scratch = repository(CHECKS);
    let cases: &[(&str, &[&str], &str, &str)] = &[
        ("there", &[], "GP2706", "an attestation cannot replace that"),
        ("nothing", &[], "GP2602", "a person attests shot, page"),
        ("shot", &["--artefact", "none.txt"], "GP2706", "none.txt"),
        (
            "page",
            &["--artefact", "/etc/hostname"],
            "GP2706",
            "is outside the repository",
        ),
    ];
    for (check, more, code, words) in cases {
        let shown = attest(&scratch, check, more);
        assert_eq!(shown.code, Some(2), "{shown:?}");
        assert!(
            shown.err.contains(code) && shown.err.contains(words),
            "{shown:?}"
        );
    }
    let empty = scratch.run(&["attest", "M1", "page", "--saw", " ", "--file", "claim.yaml"]);
    assert_eq!(empty.code, Some(2), "{empty:?}");
    assert!(attestations(&scratch).is_empty());
    // Outside of git nobody can attest, and the run says so.
    let outside = Scratch::with(claim("", CHECKS));
    let shown = attest(&outside, "page", &[]);
    assert_eq!(shown.code, Some(2), "{shown:?}");
    assert!(
        shown.err.contains("is not in a git repository"),
        "{shown:?}"
    );
    let run = look(&outside);
    assert_eq!(run.outcome("page"), "ERROR");
    assert!(!outside.has("reports/attestations"));
}

#[test]
fn the_words_are_redacted_committed_alone_and_signed_as_records_are() {
    let scratch = repository(CHECKS);
    scratch.write("other.txt", "not part of it");
    let key = scratch.path().join("key");
    test_kit::sshd::keygen(&key);
    let saw = "the page shows AKIAIOSFODNN7EXAMPLE and password=hunter22hunter22";
    let shown = scratch.run(&[
        "attest",
        "M1",
        "page",
        "--saw",
        saw,
        "--file",
        "claim.yaml",
        "--commit",
        "--sign",
        "key",
    ]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let shown = Command::new("git")
        .args(["show", "--name-only", "--format=%s", "HEAD"])
        .current_dir(scratch.path())
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let lines: Vec<&str> = shown.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines[0], "attest(t-M1): a person looked at page");
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(lines[2].ends_with(".json.sig"), "{shown}");
    let text = scratch.text(lines[1]);
    assert!(
        !text.contains("hunter22") && text.contains("the page shows"),
        "{text}"
    );
}
