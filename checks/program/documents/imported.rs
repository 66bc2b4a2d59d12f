//! `gateproof import` as a person uses it: questions into a file, answers out of it, a claim file that
//! `check` accepts.

use std::path::Path;

use test_kit::program::Scratch;

const SEED: &str = include_str!("../../fixtures/import/STATUS-pxgate.txt");
const ANSWERS: &str = include_str!("../../fixtures/import/answers-pxgate.yaml");

fn scratch() -> Scratch {
    let scratch = Scratch::with("");
    std::fs::remove_file(scratch.path().join("claim.yaml")).unwrap();
    std::fs::write(scratch.path().join("STATUS-pxgate.txt"), SEED).unwrap();
    scratch
}

fn exists(scratch: &Scratch, name: &str) -> bool {
    Path::new(&scratch.path().join(name)).exists()
}

#[test]
fn questions_go_into_a_file_and_answers_make_a_claim_file_that_check_accepts() {
    let scratch = scratch();
    let import = ["import", "STATUS-pxgate.txt", "--answers", "answers.yaml"];
    let first = scratch.run(&import);
    assert_eq!(first.code, Some(0), "{first:?}");
    first.decides_nothing();
    assert!(first.err.contains("11 questions open"), "{}", first.err);
    let questions = std::fs::read_to_string(scratch.path().join("answers.yaml")).unwrap();
    assert!(
        questions.contains("\"M1/rollback-semantics.run\":"),
        "{questions}"
    );
    // Nobody has answered anything, so the same is written again.
    assert_eq!(scratch.run(&import).out, first.out);

    std::fs::write(scratch.path().join("answers.yaml"), ANSWERS).unwrap();
    let to = [&import[..], &["--output", "claims/pxgate.yaml"]].concat();
    let answered = scratch.run(&to);
    assert_eq!(answered.code, Some(0), "{answered:?}");
    assert_eq!(answered.out, "");
    assert!(
        answered.err.contains("3 questions open"),
        "{}",
        answered.err
    );
    let checked = scratch.run(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(
        checked.out.contains("2 gates, 14 checks"),
        "{}",
        checked.out
    );
    // A file that is there stays as it is.
    let again = scratch.run(&to);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains("is there already"), "{}", again.err);
}

#[test]
fn what_cannot_be_imported_is_told_and_leaves_nothing_behind() {
    let scratch = scratch();
    std::fs::write(
        scratch.path().join("notes.md"),
        "# Notes\n\nNothing to see.\n",
    )
    .unwrap();
    std::fs::write(scratch.path().join("bad.yaml"), "M1/no: 1\n").unwrap();
    let wrong = "\"M1/rollback-semantics.run\": { run: true, expect: { exit: { min: 0 } } }\n";
    std::fs::write(scratch.path().join("wrong.yaml"), wrong).unwrap();
    for (words, said) in [
        (&["import", "no-such.md"][..], "no-such.md"),
        (
            &["import", "notes.md"],
            "neither a command with what must be seen",
        ),
        (
            &["import", "STATUS-pxgate.txt", "--answers", "bad.yaml"],
            "bad.yaml:1:1",
        ),
        (
            &["import", "STATUS-pxgate.txt", "--answers", "wrong.yaml"],
            "wrong.yaml:1:30",
        ),
    ] {
        let words = [words, &["--output", "out.yaml"]].concat();
        let shown = scratch.run(&words);
        assert_eq!(shown.code, Some(2), "{shown:?}");
        assert!(shown.err.contains(said), "{said}: {}", shown.err);
        assert_eq!(shown.out, "");
        assert!(!exists(&scratch, "out.yaml"));
    }
}

#[test]
fn a_run_of_a_command_is_drafted_with_what_shows_that_the_check_can_fail() {
    let scratch = scratch();
    let shown = scratch.run(&["record", "--id", "kernel", "--", "uname", "-s"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(
        shown.err.contains("what shows that it can fail: starved"),
        "{}",
        shown.err
    );
    std::fs::create_dir_all(scratch.path().join("claims")).unwrap();
    std::fs::write(scratch.path().join("claims/kernel.yaml"), &shown.out).unwrap();
    let verified = scratch.run(&["verify", "--no-record", "--check", "kernel"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    // A host that cannot be reached leaves nothing to draft, and it says why.
    let not_run = scratch.run(&["record", "--host", "nowhere.invalid", "--", "ls"]);
    assert_eq!(
        (not_run.code, not_run.out.as_str()),
        (Some(3), ""),
        "{not_run:?}"
    );
    for part in ["nothing is drafted: ", "`nowhere.invalid`"] {
        assert!(not_run.err.contains(part), "{part}: {}", not_run.err);
    }
    // What changes something is not run, not once.
    let refused = scratch.run(&["record", "--", "rm STATUS-pxgate.txt"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("GP2504"), "{}", refused.err);
    assert!(exists(&scratch, "STATUS-pxgate.txt"));
}
