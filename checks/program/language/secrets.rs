//! That secrets are absent.

use std::process::Command;

use super::kit::{Twins, claim};
use super::server::Server;
use test_kit::program::{Scratch, gateproof};

#[test]
fn known_shapes_of_secrets_are_absent() {
    let server = Server::start();
    Twins::default()
        .pair(
            "run: printf 'one\\nDB_PASSWORD=hunter2x\\n' > out.log && cat out.log && echo fine >&2",
            "{ exit: 0, stderr: { secrets: absent } }",
            "{ stdout: { secrets: absent } }",
            "assigned in line 2",
        )
        .pair(
            &format!("http: {}", server.url("/dated")),
            "{ status: 200, json: { $.none: { absent: true } } }",
            "{ status: 200, body: { secrets: absent } }",
            "named like a secret in line 1",
        )
        .pair(
            "run: 'awk \"BEGIN { while (i++ < 110000) print 1234567890 }\"'",
            "{ stdout: { starts_with: '1234' } }",
            "{ stdout: { secrets: absent } }",
            "were stored",
        )
        .bad_is("ERROR")
        .hold();
}

/// Not in any form that is known to be secret by its look.
const VALUE: &str = "correct horse battery";

#[test]
fn a_value_of_the_environment_is_sought_and_never_told() {
    let checks = [
        (
            "history",
            "run: git log -p --all\nexpect: { stdout: { secrets: { absent: [VAULT_VALUE] }, contains: 'old.env' } }",
        ),
        (
            "absent",
            "run: git log -p --all\nexpect: { stdout: { secrets: { absent: [OTHER_VALUE] }, contains: 'old.env' } }",
        ),
        (
            "there",
            "run: printf 'one\\ncorrect horse'; printf ' battery\\n'\nexpect: { stdout: { secrets: { absent: VAULT_VALUE } } }",
        ),
        (
            "encoded",
            "run: printf 'correct horse'' battery' | base64\nexpect: { stdout: { secrets: { absent: VAULT_VALUE } } }",
        ),
        (
            "unset",
            "run: echo x\nexpect: { stdout: { secrets: { absent: [NOT_SET_ANYWHERE] } } }",
        ),
        (
            "alone",
            "run: ps -ww -o args= -p $PPID; cat /proc/$PPID/cmdline\nexpect: { stdout: { secrets: { absent: VAULT_VALUE }, contains: gateproof } }",
        ),
    ];
    let scratch = Scratch::with(claim("", &checks));
    remove_from_history_only(&scratch);
    let state = tempfile::tempdir().unwrap();
    let out = gateproof(scratch.path(), state.path())
        .args(["verify", "claim.yaml"])
        .env("VAULT_VALUE", VALUE)
        .env("OTHER_VALUE", "wrong donkey charger")
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(1), "{shown}");
    for (id, outcome) in [
        ("history", "FAIL"),
        ("absent", "PASS"),
        ("there", "FAIL"),
        ("encoded", "FAIL"),
        ("unset", "ERROR"),
    ] {
        let row = format!("│ {id} ");
        let line = shown.lines().find(|line| line.starts_with(&row));
        assert!(
            line.is_some_and(|line| line.contains(outcome)),
            "{id}: {shown}"
        );
    }
    assert!(
        shown.contains("the value of `VAULT_VALUE` in line 2"),
        "{shown}"
    );
    assert!(shown.contains("no `NOT_SET_ANYWHERE`"), "{shown}");
    let mut all = shown + &String::from_utf8_lossy(&out.stderr);
    let written = written_under(scratch.path());
    assert!(written.len() > 1, "a record was written");
    all.extend(written);
    assert!(!all.contains(VALUE), "{all}");
    assert!(!all.contains("Y29ycmVjdCBob3JzZSBiYXR0ZXJ5"), "{all}");
}

/// Characters that every encoding writes in its own way.
const ODD: &str = "S3cr&t<Pa55/w0rd+Zz\"9";

/// Runs the program with those variables. Returns all that it printed, and all that it wrote.
fn all_that_is_shown(
    claim: String,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> (Option<i32>, String) {
    let scratch = Scratch::with(claim);
    let state = tempfile::tempdir().unwrap();
    let out = gateproof(scratch.path(), state.path())
        .args(arguments)
        .envs(variables.iter().copied())
        .env("GITHUB_STEP_SUMMARY", scratch.path().join("summary.md"))
        .output()
        .unwrap();
    std::fs::remove_file(scratch.path().join("claim.yaml")).unwrap();
    let mut all = String::from_utf8_lossy(&out.stdout).into_owned();
    all.push_str(&String::from_utf8_lossy(&out.stderr));
    all.extend(written_under(scratch.path()));
    (out.status.code(), all)
}

#[test]
fn a_secret_of_the_environment_is_shown_nowhere_in_no_form() {
    let forms = [
        "printf %s \"$V\"",
        "printf %s \"$V\" | base64",
        "printf x%s \"$V\" | base64 -w 8",
        "printf %s \"$V\" | od -A x -t x1z",
        "printf %s \"$V\" | od -An -v -tx1 | tr -d ' \\n'",
        "printf %s \"$V\" | od -An -tx1",
        "printf %s \"$V\" | od -x",
        "printf %s \"$V\" | sed 's/&/\\&amp;/; s/</\\&lt;/; s/\"/\\&quot;/'",
        "printf %s \"$V\" | od -An -v -tx1 | tr -d ' \\n' | sed 's/../%&/g'",
        "printf %s \"$V\" | od -An -v -tx1 | tr -d ' \\n' | sed 's/../\\\\u00&/g'",
        "printf %s \"$V\" | fold -w 9",
    ];
    let names = ["DEPLOY_PASSWORD", "LISTED", "BY_OPTION", "BY_LIST"];
    let mut checks = Vec::new();
    for (at, form) in forms.iter().enumerate() {
        for name in names {
            checks.push((
                format!("c{at}-{name}"),
                format!("run: |-\n  V=$TEST_{name}; echo begin; {form}; echo; echo end >&2; exit 1\nexpect: {{ stdout: [other] }}")
                    .replace("TEST_", "")
                    .replace("{ stdout: [other] }", "other"),
            ));
        }
    }
    let checks: Vec<(&str, &str)> = checks
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let values: Vec<String> = (0..names.len()).map(|n| format!("{ODD}{n}")).collect();
    let mut variables: Vec<(&str, &str)> = names
        .into_iter()
        .zip(values.iter().map(String::as_str))
        .collect();
    variables.push(("GATEPROOF_SECRETS", "OTHER, BY_LIST"));
    for arguments in [
        vec![
            "ci",
            "claim.yaml",
            "--secret",
            "BY_OPTION",
            "--junit",
            "junit.xml",
        ],
        vec![
            "ci",
            "claim.yaml",
            "--secret",
            "BY_OPTION",
            "--format",
            "tap",
        ],
        vec![
            "verify",
            "claim.yaml",
            "--secret",
            "BY_OPTION",
            "--format",
            "json",
        ],
        vec![
            "verify",
            "claim.yaml",
            "--secret",
            "BY_OPTION",
            "--format",
            "github",
        ],
    ] {
        let file = claim("secrets: [LISTED]\n", &checks)
            .replace("        run:", "        effect: observe\n        run:");
        let (code, all) = all_that_is_shown(file, &arguments, &variables);
        assert_eq!(code, Some(1), "{all}");
        assert!(all.contains("[REDACTED]"), "{all}");
        for part in [
            "S3cr&t<",
            "S3cr&amp;t",
            "Pa55/w0rd",
            "UzNjciZ0",
            "5333637226743c",
            "53 33 63 72",
            "5333 6372",
            "3353 7263",
            "%53%33%63",
            "u0053",
            "w0rd+Z",
        ] {
            assert!(!all.contains(part), "{arguments:?}: {part} in {all}");
        }
    }
}

#[test]
fn a_path_a_switch_and_a_name_that_says_nothing_stay_visible() {
    let check = (
        "env",
        "run: echo \"PWD=$PWD $AUTH_TOKEN_FILE $USE_TOKEN $COMPASS\"\nexpect: other",
    );
    let variables = [
        ("AUTH_TOKEN_FILE", "/run/secrets/token-file"),
        ("USE_TOKEN", "disabled"),
        ("COMPASS", "north-north-west"),
    ];
    let (_, all) = all_that_is_shown(claim("", &[check]), &["verify", "claim.yaml"], &variables);
    for (_, value) in variables {
        assert!(all.contains(value), "{value}: {all}");
    }
    assert!(all.contains("PWD=/"), "{all}");
    assert!(!all.contains("[REDACTED]"), "{all}");
}

#[test]
fn a_captured_secret_and_one_of_the_command_line_are_hidden_from_their_own_check_on() {
    let checks = [
        (
            "first",
            "run: printf 'tok-%s-%s' 4711 secretive; echo\ncapture: { session_token: stdout }\nexpect: { exit: 0 }",
        ),
        (
            "then",
            "run: echo \"${session_token} ${listed} ${db_password}\"\nexpect: other",
        ),
        (
            "listed",
            "run: printf 'plain-%s' value; echo\ncapture: { listed: stdout }\nneeds: []\nexpect: { exit: 0 }",
        ),
    ];
    let order = [checks[0], checks[2], checks[1]];
    let file = claim("vars: { db_password: none }\nsecrets: [listed]\n", &order)
        .replace("        needs: []\n", "");
    let arguments = ["verify", "claim.yaml", "--var", "db_password=from-the-line"];
    let (_, all) = all_that_is_shown(file, &arguments, &[]);
    assert!(all.contains("[REDACTED] [REDACTED] [REDACTED]"), "{all}");
    for secret in ["tok-4711-secretive", "plain-value", "from-the-line"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
}

#[test]
fn a_refused_command_line_does_not_show_its_secrets() {
    for arguments in [
        vec!["verify", "claim.yaml", "--var", "db_password:hunter2xyz"],
        vec![
            "verify",
            "claim.yaml",
            "--var=db_password=hunter2xyz",
            "--hunter2xyz",
        ],
        vec![
            "verify",
            "--var",
            "db_password=hunter2xyz",
            "hunter2xyz.yaml",
        ],
        vec!["status", "--abc-deploy-secret"],
    ] {
        let variables = [("DEPLOY_TOKEN", "abc-deploy-secret")];
        let check = ("a", "run: echo\nexpect: other");
        let (code, all) = all_that_is_shown(claim("", &[check]), &arguments, &variables);
        assert_eq!(code, Some(2), "{all}");
        assert!(all.contains("[REDACTED]"), "{all}");
        assert!(
            !all.contains("hunter2xyz") && !all.contains("abc-deploy-secret"),
            "{all}"
        );
    }
}

/// Answers each request with its own header `Authorization`.
fn echo_of_authorization() -> String {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let lines: Vec<String> = lines
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
                .collect();
            let sent = lines
                .iter()
                .find_map(|line| line.strip_prefix("authorization: "))
                .unwrap_or("none");
            let length = sent.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{sent}"
            )
            .unwrap();
        }
    });
    url
}

#[test]
fn a_header_takes_its_secret_from_the_environment_and_names_only_the_variable() {
    let url = echo_of_authorization();
    let check = |expect: &str| {
        format!(
            "http: {url}\nheaders: {{ Authorization: {{ env: SHOP_ACCESS, prefix: 'Bearer ' }} }}\nexpect: {expect}"
        )
    };
    let sent = check(
        "{ body: { sha256: 5c3b75bb3d91d9d4a4d5f7f3a7e2ba6f6b1cdbb0b58dd0ae35e0b2d1b1d2a38a } }",
    );
    let there = check("{ body: { starts_with: 'Bearer ', length: 24 } }");
    let file = claim("", &[("there", &there), ("sent", &sent)]);
    let variables = [("SHOP_ACCESS", "v4lue-of-access-1")];
    let (code, all) = all_that_is_shown(file.clone(), &["verify", "claim.yaml"], &variables);
    assert_eq!(code, Some(1), "{all}");
    assert!(all.contains("1 PASS"), "{all}");
    assert!(!all.contains("v4lue-of-access-1"), "{all}");
    assert!(
        all.contains(r#"printf '%s: %s\n' Authorization "Bearer $SHOP_ACCESS" | curl"#),
        "{all}"
    );
    let (code, all) = all_that_is_shown(file, &["verify", "claim.yaml"], &[]);
    assert_eq!(code, Some(3), "{all}");
    assert!(all.contains("no `SHOP_ACCESS`"), "{all}");
}

/// A repository whose last commit no longer has what an earlier one had.
fn remove_from_history_only(scratch: &Scratch) {
    let git = |words: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let done = Command::new("git")
            .args(identity)
            .args(["-c", "commit.gpgsign=false"])
            .args(words)
            .current_dir(scratch.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q"]);
    scratch.write("old.env", format!("VALUE={VALUE}\n"));
    git(&["add", "old.env"]);
    git(&["commit", "-qm", "one"]);
    git(&["rm", "-q", "old.env"]);
    git(&["commit", "-qm", "two"]);
}

/// The text of every file.
fn written_under(folder: &std::path::Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(written_under(&path));
        } else {
            texts.push(String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
        }
    }
    texts
}
