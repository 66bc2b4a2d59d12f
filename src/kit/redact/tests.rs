use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

fn shapes_only() -> Redactor {
    Redactor::new(Vec::<String>::new())
}

#[test]
fn every_shape_is_a_valid_pattern() {
    assert_eq!(shapes::count(), 12);
}

#[test]
fn known_shapes_are_redacted_and_what_surrounds_them_stays() {
    let redactor = shapes_only();
    let case = |text: &str, expected: &str| assert_eq!(redactor.text(text), expected);
    case(
        "Authorization: Bearer abc.def",
        "Authorization: Bearer [REDACTED]",
    );
    case(
        "curl -H 'authorization: Basic dXNlcjpwdw==' https://h/",
        "curl -H 'authorization: Basic [REDACTED]' https://h/",
    );
    case(
        "git clone https://bot:hunter2@git.example/r.git",
        "git clone https://bot:[REDACTED]@git.example/r.git",
    );
    case(
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\nafter",
        "[REDACTED]\nafter",
    );
    case("x -----BEGIN RSA PRIVATE KEY-----\nMIIE", "x [REDACTED]");
    case("id AKIAIOSFODNN7EXAMPLE.", "id [REDACTED].");
    case(
        "ghp_0123456789abcdefghijABCDEFGHIJ012345 glpat-abcdefghij0123456789",
        "[REDACTED] [REDACTED]",
    );
    case(
        "POST user=a&password=p%20w&next=/",
        "POST user=a&password=[REDACTED]&next=/",
    );
    case(
        "DB_PASSWORD='two words' run",
        "DB_PASSWORD='[REDACTED]' run",
    );
    case(
        "client_secret=abc token=def",
        "client_secret=[REDACTED] token=[REDACTED]",
    );
    case(
        r#"{"token": "abc", "n": 1}"#,
        r#"{"token": "[REDACTED]", "n": 1}"#,
    );
    case(
        r#"{\"password\": \"abc\"}"#,
        r#"{\"password\": \"[REDACTED]\"}"#,
    );
    case("  password: hunter2\n", "  password: [REDACTED]\n");
    case(
        "Set-Cookie: sid=1; Path=/\r\nx",
        "Set-Cookie: [REDACTED]\r\nx",
    );
    case(
        "docker swarm join --token SWMTKN-1-49nj1cmql0jkz5s954yi3oex3nedyz0fb0xx14ie39trti4wxv-8vxv8rssmk743ojnwacrr2e7c h:2377",
        "docker swarm join --token [REDACTED] h:2377",
    );
}

#[test]
fn names_hashes_digests_and_prose_stay() {
    let redactor = shapes_only();
    for text in [
        "162f731e912f4b1f0c7f6b3d0a6e8e8d3c1f2a4b",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "/nix/store/ls5d6s7q2892z0n0qv7sfk03zimwx3nd-runner/warm_reconcile.py",
        "ssh://git@host:22/repo and http://h:80/a@b",
        r#"{"a": "http://h:80", "b": "x@y"}"#,
        "Basic authentication is off; the bearer mechanism too",
        "no secret is logged, and the token: none",
        "curl -H \"Authorization: Bearer $TOKEN\" --data password=${PW}",
        "tokens=5 max_token_count=7",
        r#"www-authenticate: Bearer realm="x""#,
    ] {
        assert_eq!(redactor.text(text), text);
    }
}

#[test]
fn every_encoded_form_of_a_secret_goes() {
    let secret = "p/ä \"s's+w\\rd&9";
    let redactor = Redactor::new([secret]);
    let json = serde_json::to_string(secret).unwrap();
    for text in [
        format!("x{secret}y"),
        STANDARD.encode(secret),
        STANDARD.encode(format!("u:{secret}@h")),
        STANDARD.encode(format!("us:{secret}@h")),
        STANDARD.encode(format!("use:{secret}@h")),
        "a=p%2F%C3%A4%20%22s%27s%2Bw%5Crd%269".to_owned(),
        "a=p%2f%c3%a4+%22s%27s%2bw%5crd%269".to_owned(),
        json.clone(),
        serde_json::to_string(&json).unwrap(),
        r#""p/\u00e4 \"s's+w\\rd&9""#.to_owned(),
        crate::shell::quote(secret),
    ] {
        let redacted = redactor.text(&text);
        assert!(redacted.contains(REDACTED), "{text} -> {redacted}");
    }
}

/// What `sh -c LINE` prints for the input.
fn printed(line: &str, input: &str) -> String {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut child = Command::new("sh")
        .args(["-c", line])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{line}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const ODD: &str = r#"S3cr&t<Pa55/w0rd+Zz"9'ä\x%41"#;

fn odd_bytes(write: impl Fn(u8) -> String) -> String {
    ODD.bytes().map(write).collect()
}

/// As `grep --color` shows a part of it.
fn coloured(on: &str, off: &str) -> String {
    ODD.replace("Pa55", &format!("{on}Pa55{off}"))
}

#[test]
fn a_secret_is_found_in_every_common_encoding_and_never_shown() {
    let json = serde_json::to_string(ODD).unwrap();
    let all_json: String = ODD
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04X}"))
        .collect();
    for (text, form) in [
        (format!("pw={ODD};"), Form::Plain),
        (STANDARD.encode(format!("user:{ODD}")), Form::Base64),
        (odd_bytes(|b| format!("{b:02x}")), Form::Hex),
        (odd_bytes(|b| format!("{b:02X}")), Form::Hex),
        (odd_bytes(|b| format!("{b:02x} ")), Form::Hex),
        (odd_bytes(|b| format!("{b:02X}:")), Form::Hex),
        (odd_bytes(|b| format!("0x{b:02x}, ")), Form::Hex),
        (odd_bytes(|b| format!("%{b:02X}")), Form::Escaped),
        (odd_bytes(|b| format!("%25{b:02x}")), Form::Escaped),
        (odd_bytes(|b| format!("\\x{b:02x}")), Form::Escaped),
        (odd_bytes(|b| format!("\\{b:03o}")), Form::Escaped),
        (all_json, Form::Escaped),
        (
            json.replace('&', "\\u0026").replace('<', "\\u003c"),
            Form::Escaped,
        ),
        (
            serde_json::to_string(&serde_json::to_string(&json).unwrap()).unwrap(),
            Form::Escaped,
        ),
        (
            "S3cr&amp;t&lt;Pa55/w0rd+Zz&quot;9&#39;ä\\x%41".to_owned(),
            Form::Escaped,
        ),
        (
            "S3cr&#38;t&#x3C;Pa55&#47;w0rd&#43;Zz&#034;9&apos;&#228;\\x%41".to_owned(),
            Form::Escaped,
        ),
        (crate::shell::quote(ODD), Form::Escaped),
        (
            "S3cr\\&t\\<Pa55/w0rd+Zz\\\"9\\'ä\\\\x%41".to_owned(),
            Form::Escaped,
        ),
        (
            "$'S3cr&t<Pa55/w0rd+Zz\"9\\'\\303\\244\\\\x%41'".to_owned(),
            Form::Escaped,
        ),
        (
            "S3cr&t<Pa5\n  5/w0rd+Zz\"9'ä\\x%41".to_owned(),
            Form::Escaped,
        ),
        (coloured("\x1b[01;31m\x1b[K", "\x1b[m\x1b[K"), Form::Escaped),
        (coloured("\\x1b[38;5;9m", "\\x1b[0m"), Form::Escaped),
        (coloured("\\033[31m", "\\u001b[39m"), Form::Escaped),
    ] {
        let text = format!("before {text} after\n");
        let places = places_of(ODD, &text).unwrap();
        assert_eq!(places.len(), 1, "{text}{places:?}");
        assert_eq!(places[0].1, form, "{text}");
        let redacted = Redactor::new([ODD]).text(&text).into_owned();
        assert!(
            redacted.starts_with("before ") && redacted.ends_with(" after\n"),
            "{redacted}"
        );
        assert!(
            redacted.contains(REDACTED) && redacted.len() < 40,
            "{text}{redacted}"
        );
    }
}

#[test]
fn what_tools_print_of_a_secret_is_redacted() {
    for line in [
        "xxd",
        "xxd -p",
        "xxd -u -c 7",
        "hexdump -C",
        "hexdump",
        "od -An -tx1",
        "od -tx1z",
        "od -x",
        "base64 -w 20",
        "base64",
        "fold -w 9",
    ] {
        for before in ["", "x", "user: "] {
            let text = printed(line, &format!("{before}{ODD}!!\n"));
            let redacted = Redactor::new([ODD]).text(&text).into_owned();
            let places = places_of(ODD, &text).unwrap();
            assert!(!places.is_empty(), "{line}: {text}");
            // As a comparison shows it, and on one line.
            let compared: String = text.lines().map(|line| format!("    +{line}\n")).collect();
            for text in [compared, text.replace('\n', "\\n")] {
                let redacted = Redactor::new([ODD]).text(&text).into_owned();
                assert!(
                    !redacted.contains("7730") && !redacted.contains("w0rd"),
                    "{redacted}"
                );
            }
            for part in ["S3cr&t<Pa5", "7730", "w0rd"] {
                assert!(!redacted.contains(part), "{line}: {text}{redacted}");
            }
        }
    }
}

#[test]
fn ordinary_text_is_not_taken_for_an_encoded_secret() {
    let redactor = Redactor::new(["deadbeef", "12345678", "correct horse"]);
    for text in [
        "1 2 3 4 5 6 7 9 8",
        "dead-letter beef",
        "64 65 61 64 | 62 65 65 66",
        "correct|horse",
        "%64%65 61 & co; \\u12 &unknown;",
    ] {
        assert_eq!(redactor.text(text), text);
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_search(text in "(%|\\\\|u|x|&|#|;|[0-9a-f]{1,4}|ä|\n|0000: |  |[a-z ]{1,5}){0,30}", secret in "[ -~ä]{6,12}") {
        let redactor = Redactor::new([&secret]);
        let planted = format!("{text}{secret}{text}");
        prop_assert!(secret.trim().len() < MIN_SECRET || !redactor.text(&planted).contains(secret.trim()));
        let _ = redactor.text(&text);
    }
}

#[test]
fn a_path_after_a_name_of_a_secret_stays() {
    let redactor = shapes_only();
    for text in [
        "PWD=/srv/u/project OLDPWD=/root",
        "PASSWORD_FILE=/run/secrets/db SECRET=./x/y",
    ] {
        assert_eq!(redactor.text(text), text);
    }
    assert_eq!(redactor.text("pwd=hunter2x"), "pwd=[REDACTED]");
    assert_eq!(redactor.text("token=/9j4AAQSkZJRg=="), "token=[REDACTED]");
}

#[test]
#[ignore = "a measurement"]
fn what_it_costs_to_redact_a_mebibyte() {
    use std::time::Instant;
    let line = "2026-11-27T10:00:00Z app[12]: GET /api/v1/items?id=5%20a 200 \"ok\" {\"n\": 1}\n";
    let text = line.repeat((1 << 20) / line.len());
    let secrets: Vec<String> = (0..10).map(|n| format!("S3cr&t<Pa55/w0rd+{n}")).collect();
    let redactor = Redactor::new(&secrets);
    let timed = |what: &str, work: &dyn Fn() -> usize| {
        let _ = work();
        let started = Instant::now();
        let found = (0..5).map(|_| work()).sum::<usize>();
        eprintln!("{what}: {:?} ({found})", started.elapsed() / 5);
    };
    timed("plain scan for 10 values", &|| {
        secrets.iter().filter(|s| text.contains(s.as_str())).count()
    });
    timed("shapes only", &|| shapes::redact(&text).len());
    timed("known secrets in every form", &|| {
        redactor.search.spans(&text).len()
    });
    timed("views", &|| {
        views::plain(&text, views::Places::Unknown).len()
    });
    timed("hex", &|| {
        views::hex_digits(&text, views::Places::Unknown).bytes.len()
    });
    timed("all of it", &|| redactor.text(&text).len());
}

#[test]
fn short_values_are_counted_and_left() {
    let redactor = Redactor::new(["on", "", "12345", "123456"]);
    assert_eq!(redactor.too_short(), 2);
    assert_eq!(redactor.text("on 12345 123456"), "on 12345 [REDACTED]");
}

#[test]
fn overlapping_secrets_become_one_hole() {
    let redactor = Redactor::new(["abcdefgh", "efghijkl"]);
    assert_eq!(redactor.text("<abcdefghijkl>"), "<[REDACTED]>");
}

#[test]
fn a_secret_that_a_bound_cut_in_two_goes_too() {
    let redactor = Redactor::new(["correct-horse-battery"]);
    assert_eq!(
        redactor.text("pw correct-hor… (cut)"),
        "pw [REDACTED]… (cut)"
    );
    let value =
        serde_json::json!({"text": "pw correct-horse-b", "truncated": true, "sha256": "00"});
    assert_eq!(
        *redactor.document(&value),
        serde_json::json!({"text": "pw [REDACTED]", "truncated": true, "sha256": "[REDACTED]"})
    );
}

#[test]
fn secret_headers_go_by_their_name() {
    let value = serde_json::json!([["set-cookie", "sid=1"], ["X-Api-Key", "k"], ["server", "t"]]);
    assert_eq!(
        *shapes_only().document(&value),
        serde_json::json!([
            ["set-cookie", "[REDACTED]"],
            ["X-Api-Key", "[REDACTED]"],
            ["server", "t"]
        ])
    );
}

proptest! {
    #[test]
    fn redacting_twice_is_redacting_once(text in "(password=|token: |Bearer |://a:|@|cookie: a=|[a-z0-9 ]{1,9}){0,6}") {
        let redactor = Redactor::new(["hunter2x"]);
        let once = redactor.text(&text).into_owned();
        let twice = redactor.text(&once).into_owned();
        prop_assert_eq!(once, twice);
    }
}

#[test]
fn the_names_of_the_shapes_are_no_secrets() {
    let text = "password=hunter2x\nhttps://a:hunter2x@b\nAuthorization: Bearer hunter2x9\ncookie: a=b\nX-Api-Key: k1\n";
    let found = shapes_in(text);
    assert!(found.len() >= 5, "{found:?}");
    for (name, at) in found {
        let said = format!("{name} in line 3, {name} in line 4");
        assert_eq!(shapes_only().text(&said), said);
        assert!(at < text.len());
    }
}

proptest! {
    #[test]
    fn what_is_found_by_its_look_is_what_is_redacted(
        text in "(password=|token: |\"token\": \"|Bearer |://a:|@|cookie: a=|[A-Za-z0-9 ]{1,12}|\\$A|\n|-----BEGIN PRIVATE KEY-----){0,8}",
    ) {
        let kept = shapes::redact(&text) == text;
        prop_assert_eq!(shapes_in(&text).is_empty(), kept);
        for (_, at) in shapes_in(&text) {
            prop_assert!(text.is_char_boundary(at));
        }
    }

    #[test]
    fn an_exact_value_is_found_where_it_stands(before in "[a-z \n]{0,20}", after in "[a-z \n]{0,20}") {
        let text = format!("{before}hunter2x{after}");
        prop_assert!(places_of("hunter2x", &text).unwrap().contains(&(before.len(), Form::Plain)));
        prop_assert_eq!(places_of("hunter2x", &format!("{before}{after}")), Some(Vec::new()));
        prop_assert_eq!(places_of("abc", &text), None);
    }
}

/// What an outcome is to a program: a word of its own.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum End {
    RolledBack,
    Failed(String),
    Stopped { ended: String },
}

#[test]
fn no_field_is_left_alone_for_its_name() {
    let redactor = Redactor::new(["supersecretvalue99"]);
    for name in [
        "schema", "act", "run_id", "outcome", "started", "ended", "x",
    ] {
        let ended = format!("no scratch folder: /{name}/supersecretvalue99-gone");
        let value = serde_json::json!({ name: ended, "deep": [{ name: ended }] });
        let text = redactor.document(&value).to_string();
        assert!(!text.contains("supersecretvalue99"), "{text}");
        assert_eq!(text.matches("-gone").count(), 2);
    }
}

#[test]
fn what_is_the_program_s_own_by_its_type_stays() {
    let redactor = Redactor::new([
        "rolled-back",
        "stopped",
        "ended",
        "2026-11-21",
        "kept as it is",
    ]);
    let at: chrono::DateTime<chrono::Utc> = "2026-11-21T17:45:30Z".parse().unwrap();
    let value = (
        End::RolledBack,
        End::Failed("rolled-back".to_owned()),
        End::Stopped {
            ended: "stopped at 2026-11-21".to_owned(),
        },
        Redacted::own(at),
        Redacted::own("kept as it is"),
        "kept as it is",
        redactor.redact("rolled-back twice"),
    );
    assert_eq!(
        *redactor.document(&value),
        serde_json::json!([
            "rolled-back",
            {"failed": REDACTED},
            {"stopped": {"ended": "[REDACTED] at [REDACTED]"}},
            "2026-11-21T17:45:30Z",
            "kept as it is",
            REDACTED,
            "[REDACTED] twice",
        ])
    );
}

#[test]
fn the_form_of_a_run_id_is_own_and_its_field_is_not() {
    #[derive(Serialize)]
    struct Run<'a> {
        #[serde(serialize_with = "own_run_id")]
        id: &'a str,
    }
    let redactor = Redactor::new(["1f3a9c2e", "hunter2x"]);
    let written = |id| redactor.document(&Run { id })["id"].clone();
    assert_eq!(
        written("20261121T174530Z-1f3a9c2e"),
        "20261121T174530Z-1f3a9c2e"
    );
    assert_eq!(written("run hunter2x"), "run [REDACTED]");
}

#[test]
fn names_in_a_map_are_redacted_and_no_value_is_lost_by_it() {
    let redactor = Redactor::new(["hunter2x", "hunter3x"]);
    let value = serde_json::json!({"hunter2x": 1, "hunter3x": 2, "volume": "hunter2x"});
    assert_eq!(
        *redactor.document(&value),
        serde_json::json!({"[REDACTED]": 1, "[REDACTED]'": 2, "volume": "[REDACTED]"})
    );
}

proptest! {
    #[test]
    fn without_secrets_a_document_is_its_json(
        text in "[a-z \n…ß]{0,12}", number in proptest::num::f64::NORMAL, flag: bool,
    ) {
        let value = serde_json::json!({
            "a": [text.clone(), number, flag, null], "b": {"c": {"text": text, "sha256": "00"}},
        });
        prop_assert_eq!(&*Redactor::new(["hunter2x"]).document(&value), &value);
    }
}
