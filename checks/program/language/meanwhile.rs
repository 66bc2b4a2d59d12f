//! Which checks of a file are run, in which order, and what is told of them meanwhile.
use test_kit::program::Scratch;

/// Three checks; `a` waits and never holds.
fn claims(wait: &str) -> String {
    format!(
        "phase: p\non: local\ngates:\n  M1:\n    checks:\n\
         \x20     - {{ id: a, claim: it waits, run: test -e there, expect: {{ exit: 0 }}, within: {wait}, every: 200ms }}\n\
         \x20     - {{ id: b, claim: it prints, run: echo hi, expect: hi }}\n\
         \x20     - {{ id: c, claim: it prints, run: echo ho, expect: ho }}\n"
    )
}

#[test]
fn a_log_tells_a_wait_from_a_program_that_hangs() {
    let scratch = Scratch::with(claims("11s"));
    let shown = scratch.run(&["verify", "claim.yaml", "--no-record", "--check", "a"]);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    let lines: Vec<&str> = shown
        .err
        .lines()
        .filter(|line| line.contains('…'))
        .collect();
    let [line] = lines[..] else {
        panic!("{}", shown.err);
    };
    assert!(line.starts_with("  … M1 a for 10s, waits for "), "{line}");
    assert!(
        line.ends_with(" answers, the last: exit 1, stdout empty"),
        "{line}"
    );
}

#[test]
fn nothing_is_asked_after_the_first_check_that_does_not_pass() {
    let scratch = Scratch::with(claims("300ms"));
    let shown = scratch.run(&["verify", "claim.yaml", "--no-record", "--fail-fast"]);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    for part in [
        "SKIPPED b claim.yaml",
        "SKIPPED c claim.yaml",
        "`a` is FAIL, and --fail-fast",
    ] {
        assert!(shown.words().contains(part), "{part}: {shown:?}");
    }
    assert!(
        shown.last().starts_with("3 checks: 2 SKIPPED, 1 FAIL"),
        "{shown:?}"
    );
    // Those that are asked side by side are not begun, or ended.
    let many: String = (0..60)
        .map(|number| {
            format!("      - {{ id: n{number}, claim: c, run: sleep 0.2; echo x, expect: {{ stdout: y }} }}\n")
        })
        .collect();
    let scratch = Scratch::with(format!(
        "phase: p\non: local\ngates:\n  M1:\n    checks:\n{many}"
    ));
    let shown = scratch.run(&[
        "verify",
        "claim.yaml",
        "--no-record",
        "--fail-fast",
        "--jobs",
        "2",
    ]);
    let last = shown.last();
    assert!(last.starts_with("60 checks: 59 SKIPPED, 1 FAIL"), "{last}");
}

#[test]
fn what_did_not_pass_when_it_was_last_asked_is_run_again_and_nothing_else() {
    let scratch = Scratch::with(claims("300ms"));
    let began = |words: &[&str]| {
        let shown = scratch.run(words);
        let line = shown
            .err
            .lines()
            .find(|line| line.starts_with("claim.yaml: "));
        (shown.code, line.unwrap_or_default().to_owned())
    };
    let failed = ["verify", "claim.yaml", "--failed"];
    // Nothing was asked yet.
    assert_eq!(began(&failed), (Some(1), "claim.yaml: 3 checks".to_owned()));
    assert_eq!(began(&failed), (Some(1), "claim.yaml: 1 check".to_owned()));
    // A run of others says nothing of it.
    began(&["verify", "claim.yaml", "--check", "b"]);
    std::fs::write(scratch.path().join("there"), "").unwrap();
    assert_eq!(began(&failed), (Some(0), "claim.yaml: 1 check".to_owned()));
    // Everything passed: a run without checks would be no success.
    let shown = scratch.run(&failed);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    for part in [
        "each check passed when it was last asked",
        "claim.yaml: 3 checks",
    ] {
        assert!(shown.err.contains(part), "{part}: {}", shown.err);
    }
    // Part of a file is never a gate.
    let records = std::fs::read_dir(scratch.path().join("reports/runs/p")).unwrap();
    let texts = records.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    assert_eq!(texts.filter(|text| text.contains("--failed")).count(), 3);
}

#[test]
fn another_order_is_told_by_its_number_and_documents_keep_the_order_of_the_file() {
    let checks: String = (0..6)
        .map(|number| {
            format!("      - {{ id: n{number}, claim: c, run: echo n{number} >>log; tail -1 log, expect: n{number}, effect: observe }}\n")
        })
        .collect();
    let scratch = Scratch::with(format!(
        "phase: p\non: local\ngates:\n  M1:\n    checks:\n{checks}"
    ));
    let order = |seed: &str| {
        let _ = std::fs::remove_file(scratch.path().join("log"));
        let words = [
            "verify",
            "claim.yaml",
            "--no-record",
            "--jobs",
            "1",
            "--shuffle",
            seed,
        ];
        let shown = scratch.run(&words);
        assert_eq!(shown.code, Some(0), "{shown:?}");
        let rows = shown.out.lines().filter(|line| line.starts_with("│ n"));
        let names: Vec<&str> = rows
            .filter_map(|line| line.split_whitespace().nth(1))
            .collect();
        assert_eq!(names, ["n0", "n1", "n2", "n3", "n4", "n5"]);
        std::fs::read_to_string(scratch.path().join("log")).unwrap()
    };
    let (first, again, other) = (order("5"), order("5"), order("6"));
    assert_eq!(first, again);
    assert_ne!(first, other);
}
