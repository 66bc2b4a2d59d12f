//! Records, documents, JSON, and the commands that only read.

use super::kit::claim;
use test_kit::program::Scratch;

const CHECKS: &[(&str, &str)] = &[
    ("a", "run: echo hello\nexpect: hello"),
    ("b", "run: echo x >&2; exit 3\nexpect: { exit: 0 }"),
];

#[test]
fn a_record_tells_who_what_when_and_what_was_seen() {
    let scratch = Scratch::with(claim("", CHECKS));
    let run = scratch.recorded(&["--gate", "M1"]);
    let record = &run.record;
    assert_eq!(record["schema"], "gateproof.run/1");
    let id = record["run_id"].as_str().unwrap();
    assert!(scratch.has(&format!("reports/runs/t/{id}.json")), "{id}");
    assert!(
        run.shown
            .err
            .contains(&format!("wrote reports/runs/t/{id}.json")),
        "{}",
        run.shown.err
    );
    assert!(record["tool"].as_str().unwrap().starts_with("gateproof 0."));
    assert!(record["who"].as_str().unwrap().contains('@'));
    assert_eq!(record["role"], serde_json::Value::Null);
    assert_eq!(record["repository"], serde_json::Value::Null);
    assert_eq!(record["selection"], "--gate M1");
    assert_eq!(record["exit_code"], 1);
    assert_eq!(record["claim"]["phase"], "t");
    use sha2::Digest;
    let digest = sha2::Sha256::digest(scratch.text("claim.yaml"));
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(record["claim"]["sha256"], digest.as_str());
    let time =
        |key: &str| chrono::DateTime::parse_from_rfc3339(record[key].as_str().unwrap()).unwrap();
    assert!(time("started") <= time("ended"));
    assert!((chrono::Utc::now() - time("started").to_utc()).num_seconds() < 60);
    let check = run.check("b");
    assert_eq!(check["asked"], "echo x >&2; exit 3");
    assert_eq!(check["expected"], "exit 0");
    assert_eq!(check["effect"], "observe");
    assert_eq!(check["attempts"], 1);
    assert_eq!(check["place"], "claim.yaml:12:9");
    let seen = &check["observation"]["command"];
    assert_eq!(
        (
            &seen["exit"],
            &seen["stderr"]["text"],
            &seen["stdout"]["bytes"]
        ),
        (&3.into(), &"x\n".into(), &0.into())
    );
    assert_eq!(run.check("a")["findings"], serde_json::json!([]));
}

#[test]
fn json_on_standard_output_is_the_record_and_no_record_writes_nothing() {
    let scratch = Scratch::with(claim("", CHECKS));
    let shown = scratch.verify(&["--format", "json", "--quiet"]);
    assert_eq!((shown.code, shown.err.as_str()), (Some(1), ""));
    let printed: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(scratch.records(), [printed]);
    let other = Scratch::with(claim("", CHECKS));
    other.verify(&["--no-record"]);
    assert!(!other.has("reports"));
    other.verify(&["--reports", "elsewhere"]);
    assert!(other.has("elsewhere/runs/t") && !other.has("reports"));
}

#[test]
fn secrets_are_in_no_output() {
    let secret = "hunter2-very-private";
    let checks = [
        (
            "env",
            format!(
                "run: echo \"token is $API_TOKEN\"\nenv: {{ API_TOKEN: {secret} }}\nexpect: nothing"
            ),
        ),
        (
            "header",
            format!(
                "http: http://127.0.0.1:1/\nheaders: {{ X-Deploy-Token: {secret}2 }}\nexpect: 200"
            ),
        ),
        (
            "var",
            "run: echo ${db_password}\nexpect: nothing".to_owned(),
        ),
        (
            "control",
            format!(
                "run: echo x\nexpect: x\ncontrol: {{ run: 'echo $MY_SECRET', env: {{ MY_SECRET: {secret}4 }}, expect: y }}"
            ),
        ),
        (
            "fixture",
            "with: f\nrun: cat seen\nexpect: nothing".to_owned(),
        ),
    ];
    let all: Vec<(&str, &str)> = checks
        .iter()
        .map(|(id, rest)| (*id, rest.as_str()))
        .collect();
    let head = format!(
        "vars: {{ db_password: {secret}3 }}\nfixtures:\n  f:\n    baseline: test ! -e seen\n    do: {{ run: echo $LOGIN_PASSWORD | tee seen, env: {{ LOGIN_PASSWORD: {secret}5 }} }}\n    undo: rm seen\n"
    );
    let scratch = Scratch::with(claim(&head, &all));
    let shown = scratch.verify(&["--as", "builder"]);
    let record = std::fs::read_dir(scratch.path().join("reports/runs/t"))
        .unwrap()
        .flatten()
        .map(|entry| std::fs::read_to_string(entry.path()).unwrap())
        .collect::<String>();
    let documents = scratch.text("reports/STATUS-t.md") + &scratch.text("reports/JOURNAL-t.md");
    for (name, text) in [
        ("table", &shown.out),
        ("progress", &shown.err),
        ("record", &record),
        ("documents", &documents),
    ] {
        assert!(!text.is_empty(), "{name}");
        assert!(!text.contains("hunter2"), "{name}: {text}");
    }
    assert!(record.contains("[REDACTED]"));
    assert!(record.contains("token is"), "the rest is still there");
}

#[test]
fn the_builder_writes_status_and_journal_and_status_twice_is_the_same() {
    let scratch = Scratch::with(claim("docs: docs\n", CHECKS));
    std::fs::create_dir(scratch.path().join("docs")).unwrap();
    scratch.write("docs/STATUS-t.md", "# My own words\n\nkept.\n");
    let shown = scratch.verify(&["--as", "builder"]);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    let (status, journal) = (
        scratch.text("docs/STATUS-t.md"),
        scratch.text("docs/JOURNAL-t.md"),
    );
    assert!(status.starts_with("# My own words\n\nkept.\n"), "{status}");
    assert!(
        status.contains("echo hello") && !status.contains("FAIL"),
        "no result: {status}"
    );
    assert!(
        journal.contains("FAIL") && journal.contains("echo hello"),
        "{journal}"
    );
    scratch.verify(&["--as", "builder"]);
    // The line that opens the block names the run it is of; all else is the same.
    let body = |text: &str| -> String {
        text.lines()
            .filter(|line| !line.contains("gateproof:begin"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(body(&scratch.text("docs/STATUS-t.md")), body(&status));
    assert_eq!(
        scratch
            .text("docs/STATUS-t.md")
            .matches("gateproof:begin")
            .count(),
        1
    );
    let again = scratch.text("docs/JOURNAL-t.md");
    assert!(
        again.starts_with(journal.trim_end()) && again.len() > journal.len(),
        "{again}"
    );
    for role in ["ci", "adversary"] {
        let other = Scratch::with(claim("docs: docs\n", CHECKS));
        other.verify(&["--as", role]);
        assert!(
            !other.has("docs/STATUS-t.md") && !other.has("docs/JOURNAL-t.md"),
            "{role}"
        );
    }
}

#[test]
fn check_and_list_read_and_run_nothing() {
    let scratch = Scratch::with(claim(
        "",
        &[
            ("a", "run: echo x >ran\nexpect: ''"),
            ("p", "for: { n: ['1', '2'] }\nrun: cat ${n}\nexpect: '1'"),
        ],
    ));
    let shown = scratch.run(&["check", "claim.yaml"]);
    assert_eq!(
        (shown.code, shown.out.as_str()),
        (Some(0), "claim.yaml: 1 gate, 3 checks\n")
    );
    let shown = scratch.run(&["list", "claim.yaml"]);
    assert_eq!(shown.code, Some(0));
    for word in ["M1  t", "p[1]", "p[2]", "(on local)"] {
        assert!(shown.out.contains(word), "{word} in {}", shown.out);
    }
    assert!(!scratch.has("ran") && !scratch.has("reports"));
    scratch.write("claim.yaml", "phase: t\n");
    for command in ["check", "list"] {
        assert_eq!(scratch.run(&[command, "claim.yaml"]).code, Some(2));
    }
}

#[test]
fn without_a_name_every_file_of_claims_is_taken() {
    let scratch = Scratch::with("");
    std::fs::create_dir(scratch.path().join("claims")).unwrap();
    for (phase, expect) in [("one", "x"), ("two", "y")] {
        let text = claim("", &[("a", &format!("run: echo x\nexpect: {expect}"))])
            .replace("phase: t", &format!("phase: {phase}"));
        scratch.write(&format!("claims/{phase}.yaml"), text);
    }
    let shown = scratch.run(&["verify"]);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    assert_eq!(scratch.records().len(), 2);
    assert_eq!(Scratch::with("").run(&["verify"]).code, Some(2));
}

#[test]
fn every_code_is_explained() {
    let scratch = Scratch::with("");
    let all = scratch.run(&["explain"]);
    assert_eq!(all.code, Some(0));
    for line in all.out.lines() {
        let code = line.split_whitespace().next().unwrap();
        let one = scratch.run(&["explain", code]);
        assert!(
            one.code == Some(0) && one.out.lines().count() > 2,
            "{code}: {one:?}"
        );
    }
    assert!(all.out.lines().count() > 30);
}

#[test]
fn a_text_of_several_lines_ends_at_the_first_command_that_fails() {
    let checks = [
        ("stops", "run: |\n  false\n  echo on\nexpect: on"),
        (
            "goes-on",
            "strict: false\nhides_failure: the test of what goes on\nrun: |\n  false\n  echo on\nexpect: on",
        ),
        (
            "line",
            "run: false; echo on\nexpect: on\nhides_failure: the test of one line",
        ),
        (
            "substitution",
            "run: |\n  x=$(exit 4)\n  echo on\nexpect: { exit: 4 }",
        ),
        (
            "tested",
            "run: |\n  if false; then echo no; fi\n  false || echo on\nexpect: on",
        ),
        (
            "numbers",
            "run: |\n  true\n  no-such-program\nexpect: { exit: 127, stderr: { contains: 2 } }",
        ),
        (
            "bash",
            "run:\n  - bash\n  - -c\n  - \"false\\necho on\"\nexpect: on\nhides_failure: words have no strict shell",
        ),
    ];
    let scratch = Scratch::with(claim("", &checks));
    let run = scratch.recorded(&[]);
    assert_eq!(
        run.outcomes(),
        ["FAIL", "PASS", "PASS", "PASS", "PASS", "PASS", "PASS"],
        "{}",
        run.shown.out
    );
    let note = run.record["checks"][2]["notes"][0].as_str().unwrap();
    assert!(note.contains("the test of one line"), "{note}");
    // By hand the line does the same.
    let reproduce = run.record["checks"][0]["reproduce"].as_str().unwrap();
    let out = std::process::Command::new("sh")
        .args(["-c", reproduce])
        .output()
        .unwrap();
    assert_eq!(
        (out.status.code(), out.stdout.as_slice()),
        (Some(1), &b""[..]),
        "{reproduce}"
    );
}
