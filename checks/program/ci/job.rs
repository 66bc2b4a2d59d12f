//! `gateproof ci` as a push job runs it.

use roxmltree::Document;

use gateproof::record::{Act, RunRecord};

use super::kit::{CLAIM, Desk, FAILING, git, run, run_in};
use test_kit::program::decides_nothing;

#[test]
fn it_observes_disturbs_nothing_owns_no_document_and_says_its_own_verdict_last() {
    let desk = Desk::with(CLAIM);
    let clone = desk.adversary();
    let shown = run(&clone, &["ci"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert_eq!(
        shown.last(),
        "gateproof ci: claims PASS (exit 0): 2 checks: 1 PASS, 1 SKIPPED; left out, because CI only observes: 1 check (demo/M1 disturbs). This is the verdict on the claims alone, whatever lint and tests say."
    );
    assert!(shown.out.contains("CI only observes"), "{}", shown.out);
    assert!(!clone.join("was-disturbed").exists());
    // What it would have seen, were it not for the role.
    let other = run(
        &desk.builder(),
        &["verify", "claims/demo.yaml", "--no-record"],
    );
    assert_eq!(other.code, Some(0), "{other:?}");
    assert!(desk.builder().join("was-disturbed").exists());

    let reports = clone.join("reports");
    let names: Vec<_> = std::fs::read_dir(&reports)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["runs"]);
    let path = std::fs::read_dir(reports.join("runs/demo"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let record: RunRecord = gateproof::record::read(&path).unwrap();
    assert_eq!((record.act, record.role.as_deref()), (Act::Ci, Some("ci")));
}

#[test]
fn a_failure_is_annotated_in_the_claim_file_in_the_form_of_where_it_runs() {
    let desk = Desk::with(FAILING);
    let clone = desk.adversary();
    let shown = run(&clone, &["ci", "--no-record"]);
    assert_eq!(shown.code, Some(1), "a FAIL outranks an ERROR: {shown:?}");
    let plain = "claims/demo.yaml:8:9: error: FAIL demo/M1 looks: the tree, 100% of it";
    assert!(
        shown.out.lines().any(|line| line.starts_with(plain)),
        "{}",
        shown.out
    );
    assert!(
        shown
            .last()
            .starts_with("gateproof ci: claims FAIL (exit 1): 2 checks: ")
    );
    shown.decides_nothing();

    let summary = desk.folder().join("summary.md");
    std::fs::write(&summary, "before\n").unwrap();
    let env = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
    ];
    // From below the top: annotations name files as the repository does.
    let shown = run_in(
        &clone.join("claims"),
        &["ci", "demo.yaml", "--no-record"],
        &env,
    );
    let errors: Vec<&str> = shown
        .out
        .lines()
        .filter(|line| line.starts_with("::error "))
        .collect();
    assert_eq!(errors.len(), 2, "{}", shown.out);
    assert!(
        errors[0].starts_with("::error file=claims/demo.yaml,line=8,col=9,title=FAIL demo/M1 looks::the tree, 100%25 of it%0A"),
        "{}",
        errors[0]
    );
    shown.decides_nothing();
    obeys_nothing_that_a_check_printed(&shown.out);
    let written = std::fs::read_to_string(&summary).unwrap();
    assert!(
        written.starts_with("before\n### gateproof: claims FAIL (exit 1)"),
        "{written}"
    );
    assert!(written.contains("| looks |"), "{written}");
    decides_nothing(&written);
}

/// Every line that a runner would obey is ours: the runner looks at the start of a line, after
/// blanks, and at nothing between `stop-commands` and its token.
fn obeys_nothing_that_a_check_printed(out: &str) {
    let mut stopped: Option<&str> = None;
    let mut seen_hostile = false;
    for line in out.lines().map(str::trim_start) {
        match stopped {
            Some(token) => {
                seen_hostile |= line.contains("::set-output") || line.contains("::add-mask");
                if line == format!("::{token}::") {
                    stopped = None;
                }
            }
            None => {
                if let Some(token) = line.strip_prefix("::stop-commands::") {
                    assert!(token.len() > 30, "{token}");
                    stopped = Some(token);
                } else if line.starts_with("::") {
                    assert!(
                        line.starts_with("::error ") || line.starts_with("::warning "),
                        "{line}"
                    );
                }
            }
        }
    }
    assert_eq!(stopped, None, "commands are heard again at the end");
    assert!(seen_hostile, "the table does show what was printed");
}

#[test]
fn junit_tells_errors_from_failures_and_is_red_when_nothing_could_be_run() {
    let desk = Desk::with(FAILING);
    let clone = desk.adversary();
    for (words, code) in [
        (vec!["ci", "--no-record", "--junit", "out/ci.xml"], 1),
        (vec!["verify", "--no-record", "--junit", "out/ci.xml"], 1),
    ] {
        let shown = run(&clone, &words);
        assert_eq!(shown.code, Some(code), "{shown:?}");
        let xml = std::fs::read_to_string(clone.join("out/ci.xml")).unwrap();
        decides_nothing(&xml);
        let document = Document::parse(&xml).unwrap();
        let root = document.root_element();
        let number = |name: &str| root.attribute(name).unwrap().parse::<u32>().unwrap();
        assert_eq!(
            (number("tests"), number("failures"), number("errors")),
            (2, 1, 1)
        );
        let failure = document
            .descendants()
            .find(|n| n.has_tag_name("failure"))
            .unwrap();
        let text = failure.text().unwrap();
        assert!(
            text.contains("expected") && text.contains("committed"),
            "{text}"
        );
        let names: Vec<&str> = document
            .descendants()
            .filter(|n| n.has_tag_name("testcase"))
            .filter_map(|n| n.attribute("name"))
            .collect();
        assert_eq!(names, ["looks", "tool"]);
        std::fs::remove_file(clone.join("out/ci.xml")).unwrap();
    }
    std::fs::write(clone.join("claims/demo.yaml"), "phase: [\n").unwrap();
    let shown = run(&clone, &["ci", "--junit", "out/ci.xml"]);
    assert_eq!(shown.code, Some(2), "{shown:?}");
    assert!(
        shown
            .last()
            .starts_with("gateproof ci: claims INVALID (exit 2)"),
        "{shown:?}"
    );
    let xml = std::fs::read_to_string(clone.join("out/ci.xml")).unwrap();
    assert_eq!(xml.matches("<error ").count(), 1, "{xml}");
}

#[test]
fn a_file_that_ci_may_only_leave_out_is_no_failure_beside_another_and_no_success_alone() {
    let desk = Desk::with(CLAIM);
    let only = CLAIM.split("      - id: looks").next().unwrap().to_owned()
        + CLAIM.split_inclusive("expect: committed\n").nth(1).unwrap();
    desk.write("claims/other.yaml", &only);
    desk.push("chore: another file");
    let builder = desk.builder();
    let both = run(&builder, &["ci", "--no-record"]);
    assert_eq!(both.code, Some(0), "{both:?}");
    assert!(
        both.last().contains("3 checks: 1 PASS, 2 SKIPPED"),
        "{}",
        both.last()
    );
    let alone = run(&builder, &["ci", "--no-record", "claims/other.yaml"]);
    assert_eq!(alone.code, Some(3), "{alone:?}");
    assert!(
        alone.last().contains("nothing could be observed"),
        "{}",
        alone.last()
    );
}

#[test]
fn tap_and_json_leave_nothing_else_on_standard_output() {
    let desk = Desk::with(FAILING);
    let clone = desk.adversary();
    let tap = run(&clone, &["ci", "--no-record", "--format", "tap"]);
    let lines: Vec<&str> = tap.out.lines().collect();
    assert_eq!(lines[..2], ["TAP version 13", "1..2"], "{}", tap.out);
    assert!(
        lines[2].starts_with("not ok 1 - demo/M1 looks"),
        "{}",
        tap.out
    );
    assert!(
        tap.last().starts_with("# gateproof ci: claims FAIL"),
        "{}",
        tap.out
    );
    tap.decides_nothing();
    let json = run_in(
        &clone,
        &["ci", "--no-record", "--format", "json"],
        &[("GITHUB_ACTIONS", "true")],
    );
    let records: Vec<RunRecord> = serde_json::from_str(&json.out).unwrap();
    assert_eq!(records.len(), 1);
    assert!(
        json.err.contains("gateproof ci: claims FAIL"),
        "{}",
        json.err
    );
}

#[test]
fn a_bad_clone_is_named_and_nothing_is_run_in_it() {
    let desk = Desk::with(CLAIM);
    let clone = desk.adversary();
    std::fs::write(clone.join("file"), "changed\n").unwrap();
    let shown = run(&clone, &["ci", "--junit", "ci.xml"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(
        shown
            .err
            .contains("clone dirty: 1 tracked file differs from the commit: file; commit"),
        "{}",
        shown.err
    );
    assert!(shown.err.contains("nothing was run"), "{}", shown.err);
    assert!(!clone.join("reports").exists());
    assert!(
        std::fs::read_to_string(clone.join("ci.xml"))
            .unwrap()
            .contains("<error ")
    );
    assert!(
        shown
            .last()
            .contains("nothing was run, because the clone is not what it should be"),
        "{}",
        shown.last()
    );
    // The other verdict on the same tree, and the finding stays on record.
    let shown = run(
        &clone,
        &["ci", "--clone-faults", "warn", "--format", "json"],
    );
    assert_eq!(shown.code, Some(1), "{shown:?}");
    let records: Vec<RunRecord> = serde_json::from_str(&shown.out).unwrap();
    assert!(
        records[0]
            .notes
            .iter()
            .any(|note| note.starts_with("clone dirty: ")),
        "{:?}",
        records[0].notes
    );
}

#[test]
fn the_servers_commit_and_the_claims_branch_are_held_against_the_clone() {
    let desk = Desk::with(CLAIM);
    let clone = desk.adversary();
    let other = "0123456789abcdef0123456789abcdef01234567";
    let shown = run_in(
        &clone,
        &["ci", "--no-record"],
        &[("DRONE_COMMIT_SHA", other)],
    );
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(shown.err.contains("clone other-commit"), "{}", shown.err);
    let here = git(&clone, &["rev-parse", "HEAD"]);
    let shown = run_in(
        &clone,
        &["ci", "--no-record"],
        &[("DRONE_COMMIT_SHA", &here)],
    );
    assert_eq!(shown.code, Some(0), "{shown:?}");
    git(&clone, &["checkout", "-q", "-b", "feature"]);
    let shown = run(&clone, &["ci", "--no-record", "--branch", "main"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(
        shown
            .err
            .contains("on branch `feature`, and the claim is of `main`; `git checkout main"),
        "{}",
        shown.err
    );
    // On Actions it is an annotation.
    let shown = run_in(
        &clone,
        &["ci", "--no-record", "--branch", "main"],
        &[("GITHUB_ACTIONS", "true")],
    );
    assert!(
        shown.out.contains("::error title=clone other-branch::"),
        "{}",
        shown.out
    );
}
