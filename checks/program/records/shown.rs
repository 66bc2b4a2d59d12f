//! Recorded runs are listed and shown again, and shells and `man` learn the command line.

use serde_json::Value;
use test_kit::program::Scratch;
use test_kit::world::World;

#[test]
fn log_lists_runs_newest_first_and_show_shows_one_again() {
    let (_world, bob) = World::new();
    let empty = bob.ends(3, &["log"]);
    assert!(empty.err.contains("reports/runs"), "{}", empty.err);
    bob.ends(0, &["verify", "--gate", "M2"]);
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let shown = bob.ends(0, &["log"]);
    let lines: Vec<&str> = shown.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", shown.out);
    assert!(lines[0].starts_with("Ended "), "{}", lines[0]);
    for (line, words) in [
        (lines[1], ["claim", "M1", "PASS", "bob <bob@example.org>"]),
        (lines[2], ["verify", "M2", "PASS", "bob"]),
    ] {
        for word in words {
            assert!(line.contains(word), "{word}: {line}");
        }
    }
    let log = bob.ends(0, &["log", "--gate", "M2", "--format", "json"]);
    let json = crate::schema::written("log", &log.out);
    assert_eq!(json.as_array().unwrap().len(), 1);
    assert_eq!(json[0]["act"], "verify");
    let run = json[0]["run_id"].as_str().unwrap();
    assert!(lines[2].ends_with(run), "{}", lines[2]);

    // The newest by default, and any other by its id or its file; in the words of the run itself.
    let newest = bob.ends(0, &["show"]);
    assert!(
        newest.out.contains("cold") && !newest.out.contains("more"),
        "{}",
        newest.out
    );
    let file = format!("reports/runs/demo/{run}.json");
    let shown = bob.ends(0, &["show", run, "--format", "json"]);
    let record = crate::schema::written("record", &shown.out);
    assert_eq!(
        record,
        serde_json::from_str::<Value>(&bob.text(&file)).unwrap()
    );
    assert!(
        bob.ends(0, &["show", &file, "--format", "tap"])
            .out
            .contains("ok 1")
    );
    let limited = bob.ends(0, &["log", "--limit", "1"]);
    assert!(limited.err.contains("1 older"), "{}", limited.err);

    bob.write(&file, &bob.text(&file).replace("PASS", "FAIL"));
    let refused = bob.ends(3, &["show", run]);
    assert!(refused.err.contains("damaged"), "{}", refused.err);
    bob.ends(3, &["show", "20200101T000000Z-00000000"]);
}

#[test]
fn shells_and_man_learn_every_command() {
    let scratch = Scratch::with("");
    let help = scratch.run(&["--help"]).out;
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() > 20, "{commands:?}");
    for shell in ["bash", "zsh", "fish"] {
        let shown = scratch.run(&["completions", shell]);
        assert_eq!(shown.code, Some(0));
        for command in &commands {
            assert!(shown.out.contains(command), "{shell}: {command}");
        }
    }
    assert_eq!(scratch.run(&["completions", "sh"]).code, Some(2));
    // The shell itself takes it.
    let script = scratch.run(&["completions", "bash"]).out;
    let read = std::process::Command::new("bash")
        .args(["-n", "-c", &script])
        .output()
        .unwrap();
    assert!(read.status.success() && read.stderr.is_empty(), "{read:?}");

    assert_eq!(scratch.run(&["man", "--into", "pages"]).code, Some(0));
    for command in &commands {
        let page = scratch.path().join(format!("pages/gateproof-{command}.1"));
        let text = std::fs::read_to_string(&page).unwrap();
        let has_more = text.contains(".SH SUBCOMMANDS");
        assert!(
            text.contains(".SH NAME") && (has_more || text.contains("Exit codes")),
            "{command}: {text}"
        );
    }
    let page = scratch.run(&["man"]).out;
    assert!(page.contains(".TH gateproof 1"), "{page}");
}

/// What `prove` says of a report, and whether it is content.
fn prove(report: &std::path::Path) -> (bool, String) {
    let done = std::process::Command::new("prove")
        .args(["--exec", "cat"])
        .arg(report)
        .output()
        .unwrap();
    (
        done.status.success(),
        String::from_utf8_lossy(&done.stdout).into_owned(),
    )
}

#[test]
fn prove_and_readers_of_json_take_what_verify_prints() {
    let (_world, bob) = World::new();
    let claim = |phase: &str, check: &str| {
        format!(
            "phase: {phase}\non: local\ngates:\n  G:\n    checks:\n      - {{ id: a, claim: c, {check} }}\n"
        )
    };
    bob.write("green.yaml", &claim("green", "run: echo hi, expect: hi"));
    bob.write(
        "red.yaml",
        &claim(
            "red",
            "run: 'echo \"## DONE\"; echo \"CLAIMED, awaiting\"', effect: observe, expect: hi",
        ),
    );
    bob.write(
        "skips.yaml",
        &claim("skips", "run: echo hi, expect: hi, skip: the host moves"),
    );
    for (file, code, content) in [
        ("green.yaml", 0, true),
        ("red.yaml", 1, false),
        ("skips.yaml", 3, false),
    ] {
        let shown = bob.ends(code, &["verify", file, "--no-record", "--format", "tap"]);
        bob.write("report.tap", &shown.out);
        let (passed, said) = prove(&bob.clone.join("report.tap"));
        assert_eq!(passed, content, "{file}: {said}\n{}", shown.out);
        assert!(!said.contains("Parse errors"), "{said}");
        let html = bob.ends(
            code,
            &["verify", file, "--no-record", "--html", "page.html"],
        );
        assert!(bob.text("page.html").ends_with("</html>\n"), "{}", html.err);
        let sarif: Value = serde_json::from_str(
            &bob.ends(code, &["verify", file, "--no-record", "--format", "sarif"])
                .out,
        )
        .unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap().len();
        assert_eq!(results, usize::from(file == "red.yaml"), "{sarif}");
        // The push job gives the same verdict on the same files.
        bob.ends(
            code,
            &[
                "ci",
                file,
                "--no-record",
                "--offline",
                "--clone-faults",
                "warn",
            ],
        );
    }
    let both = [
        "verify",
        "green.yaml",
        "skips.yaml",
        "--no-record",
        "--format",
        "json",
    ];
    let list: Value = serde_json::from_str(&bob.ends(3, &both).out).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 2);
    bob.ends(
        3,
        &[
            "ci",
            "green.yaml",
            "skips.yaml",
            "--no-record",
            "--offline",
            "--clone-faults",
            "warn",
        ],
    );
    let one = bob.ends(
        0,
        &["verify", "green.yaml", "--no-record", "--format", "json"],
    );
    assert!(serde_json::from_str::<Value>(&one.out).unwrap().is_object());
}
