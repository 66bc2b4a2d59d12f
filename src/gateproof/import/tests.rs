//! Documents of every shape, from text to claim file.

use std::sync::Arc;

use claim::{Check, ClaimFile, Probe};
use kit::text::Scope;
use kit::yaml::source::Source;
use proptest::prelude::*;

use super::*;

macro_rules! document {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../checks/fixtures/import/", $name)),
        )
    };
}

const SEED: (&str, &str) = document!("STATUS-pxgate.txt");
const DOCUMENTS: [(&str, &str); 6] = [
    SEED,
    document!("JOURNAL-pxgate.txt"),
    document!("STATUS-gateway.md"),
    document!("STATUS-backup.md"),
    document!("STATUS-level.md"),
    document!("STATUS-mail.md"),
];

fn source(text: String) -> Arc<Source> {
    Arc::new(Source {
        path: "x.yaml".into(),
        text,
    })
}

#[track_caller]
fn loaded(imported: &Imported) -> ClaimFile {
    let text = claim_file(imported);
    match claim::read::parse(source(text.clone()), &Scope::new()) {
        Ok(file) => file,
        Err(invalid) => panic!("{}\n{text}", invalid.render(false)),
    }
}

#[track_caller]
fn answered(imported: &Imported, answers: &str) -> Imported {
    match apply(imported, &source(answers.to_owned())) {
        Ok(answered) => answered,
        Err(invalid) => panic!("{}", invalid.render(false)),
    }
}

fn check<'f>(file: &'f ClaimFile, id: &str) -> &'f Check {
    let all = || file.gates.iter().flat_map(|gate| &gate.checks);
    let found = all().find(|check| check.base_id == id);
    found.unwrap_or_else(|| {
        panic!(
            "no {id} in {:?}",
            all().map(|check| &check.id).collect::<Vec<_>>()
        )
    })
}

/// What stands open of each check, as `check.about`.
fn open(imported: &Imported) -> Vec<String> {
    let ids = all_questions(imported).map(|question| question.id.clone());
    ids.collect()
}

#[test]
fn every_document_becomes_a_claim_file_in_which_an_open_question_skips_its_check() {
    for (name, text) in DOCUMENTS {
        let imported = read(text, name);
        let file = loaded(&imported);
        assert!(!file.gates.is_empty(), "{name}");
        for gate in &imported.gates {
            for draft in &gate.checks {
                let is_open = !write::open_questions(draft, &imported).is_empty();
                let skipped = check(&file, &draft.id).skip.is_some();
                assert_eq!(is_open, skipped, "{name} {}", draft.id);
                assert!(is_open || draft.is_whole(), "{name} {}", draft.id);
            }
        }
        // Nothing in it is what a watcher of documents takes for a decision.
        for decision in ["## DONE", "## VETO", "CLAIMED, awaiting Adversary"] {
            assert!(
                !claim_file(&imported).contains(decision),
                "{name}: {decision}"
            );
        }
        // A file of questions that nobody has filled in leaves every question open.
        let same = answered(&imported, &questions_file(&imported));
        assert_eq!(claim_file(&same), claim_file(&imported), "{name}");
    }
}

#[test]
fn every_key_has_the_line_it_comes_from_beside_it() {
    let (name, text) = document!("STATUS-backup.md");
    let written = claim_file(&read(text, name));
    for wanted in [
        "run: \"systemctl is-enabled backup.timer\"  # STATUS-backup.md:10",
        "expect: { tests: { passed: 12, failed: 0 } }  # STATUS-backup.md:9",
        "#   ssh store 'systemctl is-enabled backup.timer'",
    ] {
        assert!(written.contains(wanted), "{wanted} in {written}");
    }
    // In a document of one line the column tells them apart.
    let written = claim_file(&read(SEED.1, SEED.0));
    assert!(
        written.contains("run: \"ls /var/lib/ci-warm/alerts/\"  # STATUS-pxgate.txt:1:2300"),
        "{written}"
    );
}

#[test]
fn of_the_seed_one_check_needs_no_question_and_the_grep_is_refused() {
    let imported = read(SEED.1, SEED.0);
    let file = loaded(&imported);
    let m1 = &file.gates[0].checks;
    let asked: Vec<&str> = m1
        .iter()
        .filter(|check| check.skip.is_none())
        .map(|check| check.id.as_str())
        .collect();
    assert_eq!(asked, ["alert-cleared"]);
    let sixth = check(&file, "rollback-semantics");
    assert!(matches!(sixth.probe, Probe::Human(_)));
    let why = &sixth.skip.as_ref().unwrap().reason;
    assert!(why.contains("with or without `999`"), "{why}");
    assert!(
        why.contains("COMMAND https://127.0.0.1:1/, expect: \"999\""),
        "{why}"
    );
    let fixtures: Vec<&String> = file.fixtures.keys().collect();
    assert_eq!(
        fixtures.len(),
        1,
        "both probes share one outage: {fixtures:?}"
    );
    assert_eq!(
        open(&imported)[..8],
        [
            "fixture/docker-service-scale-ccci.baseline",
            "fixture/docker-service-scale-ccci.until",
            "M1/code-change-correct.run",
            "M1/old-probe-fails-dashboard.rationale",
            "M1/old-probe-fails-dashboard.within",
            "M1/no-after-deploy-proxy.now",
            "M1/no-after-deploy-proxy.list",
            "M1/rollback-semantics.run",
        ]
    );
    let left: Vec<&str> = imported.left.iter().map(|left| left.why.as_str()).collect();
    assert!(
        left.contains(&"it names no commit; a claim's record has it"),
        "{left:?}"
    );
}

/// What a person who knows the replica answers of M1.
const ANSWERS: &str = include_str!("../../../checks/fixtures/import/answers-pxgate.yaml");

#[test]
fn the_answered_seed_has_nothing_open_in_its_first_gate() {
    let file = loaded(&answered(&read(SEED.1, SEED.0), ANSWERS));
    let m1 = &file.gates[0];
    assert!(m1.checks.iter().all(|check| check.skip.is_none()));
    // Six units for the fourth claim.
    assert_eq!(m1.checks.len(), 11);
    assert_eq!(
        check(&file, "old-probe-fails-dashboard")
            .timing
            .within
            .unwrap()
            .as_secs(),
        30
    );
    assert_eq!(
        check(&file, "rollback-semantics").expected,
        "exit 7, stdout is \"999\""
    );
    let text = claim_file(&answered(&read(SEED.1, SEED.0), ANSWERS));
    assert!(text.contains("within: 30s  # by answer"), "{text}");
    // What was refused stays beside what a person put in its place.
    assert!(
        text.contains("#   grep -A5 '\"traefik\"' runner/warm_reconcile.py"),
        "{text}"
    );
}

#[test]
fn what_a_document_leaves_open_is_asked() {
    for (document, wanted) in [
        (
            document!("STATUS-gateway.md"),
            &[
                "fixture/systemctl-stop-redis.baseline",
                "M1/limiter-configured.contradiction",
                "M1/every-node-has-it.list",
                "M1/redis-stopped-gateway-still.within",
                "M1/redis-stopped-gateway-still.now",
                "M1/no-errors-log.run",
                "M1/client-refused-after-limit.run",
                "M1/memory-gateway.probe",
            ][..],
        ),
        (
            document!("STATUS-backup.md"),
            &[
                "G1/newest-snapshot.expect",
                "G1/old-ones-are-pruned.effect",
                "G1/dump-gone.whole",
            ],
        ),
        (
            document!("STATUS-level.md"),
            &["M2/program-this-deployment.value"],
        ),
        (
            document!("STATUS-mail.md"),
            &[
                "M1/certificate.expect",
                "M1/queue.now",
                "M1/queue-again.refused",
                "M2/bounces-reach-postmaster.probe",
                "M2/restore-mail-spool-shown.probe",
            ],
        ),
        (
            document!("JOURNAL-pxgate.txt"),
            &["journal/running-server-unaffected.still"],
        ),
    ] {
        let open = open(&read(document.1, document.0));
        for id in wanted {
            assert!(open.iter().any(|known| known == id), "{id} in {open:#?}");
        }
    }
}

#[test]
fn changes_of_a_host_and_words_without_a_command_are_left_out_with_the_reason() {
    for (document, what, why) in [
        (
            document!("STATUS-gateway.md"),
            "git pull",
            "nothing in the document undoes it",
        ),
        (
            document!("STATUS-backup.md"),
            "Somebody looked",
            "it names no command",
        ),
        (
            document!("STATUS-mail.md"),
            "Build is failing",
            "of the page around the document",
        ),
        (
            document!("STATUS-mail.md"),
            "a block of yaml",
            "no shell commands",
        ),
        (
            document!("JOURNAL-pxgate.txt"),
            "rm /var/lib",
            "nothing in the document undoes it",
        ),
        (
            document!("JOURNAL-pxgate.txt"),
            "git checkout main",
            "nothing in the document undoes it",
        ),
        (
            document!("JOURNAL-pxgate.txt"),
            "Build is failing",
            "a contradiction",
        ),
        (
            document!("JOURNAL-pxgate.txt"),
            "999 vs 0",
            "a contradiction",
        ),
        (
            document!("JOURNAL-pxgate.txt"),
            "no secrets in",
            "remembered in words",
        ),
    ] {
        let imported = read(document.1, document.0);
        let found = imported
            .left
            .iter()
            .any(|left| left.what.contains(what) && left.why.contains(why));
        assert!(found, "{} {what}: {:#?}", document.0, imported.left);
    }
}

#[test]
fn an_answer_that_does_not_answer_is_refused_with_its_place() {
    let imported = read(SEED.1, SEED.0);
    for (answers, words) in [
        ("M1/no-such: x\n", "not a question of"),
        (
            "M1/no-after-deploy-proxy.nwo: yes\n",
            "did you mean `M1/no-after-deploy-proxy.now`",
        ),
        ("M1/no-after-deploy-proxy.now: perhaps\n", "does not answer"),
        (
            "M1/rollback-semantics.run: { expect: 999 }\n",
            "names no other command",
        ),
        (
            "M1/old-probe-fails-dashboard.within: reason\nM1/no-after-deploy-proxy.now: yes\n",
            "`within` is not a duration",
        ),
        ("[a]\n", "a map from questions to answers"),
        (
            "M1/no-after-deploy-proxy.now: yes\nM1/no-after-deploy-proxy.now: yes\n",
            "duplicate key",
        ),
    ] {
        let refused = apply(&imported, &source(answers.to_owned())).err().unwrap();
        let shown = refused.render(false);
        assert!(
            shown.contains(words) && shown.contains("x.yaml:"),
            "{answers}: {shown}"
        );
    }
    // An observation that need not hold any more is left out.
    let (name, text) = document!("JOURNAL-pxgate.txt");
    let journal = read(text, name);
    let id = "journal/running-server-unaffected.still";
    let without = answered(&journal, &format!("{id}: no\n"));
    assert!(!open(&without).iter().any(|known| known == id));
    assert!(without.left.iter().any(|left| left.why.contains("is `no`")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_a_document_holds_its_claim_file_can_be_read(
        lines in proptest::collection::vec(
            prop_oneof![
                Just("# STATUS — phase x".to_owned()), Just("## Gate: M1 — CLAIMED".to_owned()),
                Just("### HOW to verify".to_owned()), Just("```bash".to_owned()), Just("```".to_owned()),
                Just("# 1. Title ${x} \u{202e}:".to_owned()), Just("# EXPECTED: `a \\ \"b` ${y}".to_owned()),
                Just("ssh h@x.y 'cat /${z} \"$$\"'".to_owned()), Just("# Restore:".to_owned()),
                Just("ssh h 'systemctl stop x'".to_owned()), Just("| run | EXPECTED |\n|---|---|".to_owned()),
                Just("| `ls -A /x` | empty |".to_owned()), Just("| words | 200 |".to_owned()),
                Just("for i in a b; do ls $i; done".to_owned()), Just("curl -s https://a.example/ # → 200".to_owned()),
                Just("1. `test -e x` → EXPECTED: exit 0".to_owned()), Just("".to_owned()),
                "[ -~é✓→]{0,40}",
            ],
            0..24,
        ),
        flat in any::<bool>(),
    ) {
        let text = lines.join(if flat { " " } else { "\n" });
        let text = claim_file(&read(&text, "STATUS-x.md"));
        let read = claim::read::parse(source(text.clone()), &Scope::new());
        // A document without any check has no gate, which no claim file may lack.
        if text.contains("checks:") {
            prop_assert!(read.is_ok(), "{}\n{text}", read.unwrap_err().render(false));
        }
    }
}
