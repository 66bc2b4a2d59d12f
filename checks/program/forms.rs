//! Forms: what is said in one line, asked of real files.

use std::os::unix::fs::{PermissionsExt, symlink};

use test_kit::program::Scratch;

/// A claim file with one check for each of these forms, named `c0`, `c1` …
fn claim(forms: &[&str]) -> String {
    let mut text = "phase: p\non: local\ngates:\n  M1:\n    checks:\n".to_owned();
    for (at, form) in forms.iter().enumerate() {
        text.push_str(&format!("      - {{ id: c{at}, claim: c, {form} }}\n"));
    }
    text
}

/// The exit code of a run with this one form, and what it shows.
fn asked(scratch: &Scratch, form: &str) -> (Option<i32>, String) {
    std::fs::write(scratch.path().join("claim.yaml"), claim(&[form])).unwrap();
    let shown = scratch.run(&["verify", "claim.yaml", "--no-record"]);
    (shown.code, format!("{}{}", shown.out, shown.err))
}

const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
/// What a name can have that a shell, a pattern or a message would read.
const ODD: &str = "-a $(touch made) 'b' \\\"c\\\" *: No such file or directory";

#[test]
fn a_file_is_as_its_form_says_and_a_red_one_shows_what_was_seen() {
    let scratch = Scratch::with("");
    let file = scratch.path().join("a");
    std::fs::write(&file, "hello").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    std::fs::write(scratch.path().join(ODD.replace("\\\"", "\"")), "").unwrap();
    symlink("nowhere", scratch.path().join("dangling")).unwrap();
    symlink("a", scratch.path().join("link")).unwrap();
    let odd = format!("file: {{ path: \"{ODD}\", size: 0 }}");
    let other = HELLO.replace('2', "3");
    for (form, code, seen) in [
        ("file: { path: a }", 0, ""),
        ("file: { path: a, mode: 0640, type: file, size: 5 }", 0, ""),
        ("file: { path: link, mode: \"640\", type: file }", 0, ""),
        (&format!("file: {{ path: a, sha256: {HELLO} }}"), 0, ""),
        ("file: { path: ., type: directory }", 0, ""),
        ("file: { path: b, exists: false }", 0, ""),
        (&odd, 0, ""),
        ("file: { path: \"*\", exists: false }", 0, ""),
        ("for: { n: [a, link] }, file: { path: \"${n}\" }", 0, ""),
        ("file: { path: a, mode: 0600 }", 1, "0640"),
        ("file: { path: a, size: { number: { min: 6 } } }", 1, "5"),
        ("file: { path: a, owner: nobody-at-all }", 1, "owner"),
        (&format!("file: {{ path: a, sha256: {other} }}"), 1, HELLO),
        ("file: { path: a, exists: false }", 1, "true"),
        ("file: { path: b }", 1, "false"),
        ("file: { path: dangling }", 1, "leads nowhere"),
        (
            "file: { path: dangling, exists: false }",
            1,
            "leads nowhere",
        ),
    ] {
        let (got, shown) = asked(&scratch, form);
        assert_eq!(got, Some(code), "{form}: {shown}");
        assert!(shown.contains(seen), "{form}: {shown}");
    }
    assert!(!scratch.path().join("made").exists(), "a name was run");
    // People read the form; what is run stands in the line to run it by hand.
    let (_, shown) = asked(&scratch, "file: { path: \"b c\" }");
    assert!(
        shown.contains("asked      file: 'b c' (on local)"),
        "{shown}"
    );
    assert!(shown.contains("reproduce: sh -c "), "{shown}");
}

#[test]
fn a_file_that_cannot_be_looked_at_is_an_error_and_never_absent() {
    let scratch = Scratch::with("");
    // Below a file, and through links that lead in a circle, nothing is known of the path.
    std::fs::write(scratch.path().join("a"), "").unwrap();
    symlink("circle", scratch.path().join("circle")).unwrap();
    let long = "x".repeat(300);
    // A `stat` that is not there, or that fails with the words of an absent file.
    let tools = scratch.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    let stat = tools.join("stat");
    std::fs::write(
        &stat,
        "#!/bin/sh\necho 'stat: x: No such file or directory' >&2\nexit 1\n",
    )
    .unwrap();
    std::fs::set_permissions(&stat, PermissionsExt::from_mode(0o755)).unwrap();
    for form in [
        "file: { path: a/b, exists: false }".to_owned(),
        "file: { path: circle/b, exists: false }".to_owned(),
        format!("file: {{ path: {long}, exists: false }}"),
    ] {
        let (code, shown) = asked(&scratch, &form);
        assert!(shown.contains("ERROR"), "{form}: {shown}");
        assert_eq!(code, Some(3), "{form}: {shown}");
    }
    let path = std::env::var("PATH").unwrap();
    std::fs::write(
        scratch.path().join("claim.yaml"),
        claim(&["file: { path: b, exists: false }"]),
    )
    .unwrap();
    let shown = scratch
        .program(&["verify", "claim.yaml", "--no-record"])
        .env("PATH", format!("{}:{path}", tools.display()))
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&shown.stdout);
    assert!(out.contains("stat does not work here"), "{out}");
}

#[test]
fn a_form_that_is_wrong_is_refused_with_what_to_write() {
    for (form, told) in [
        ("fille: { path: a }", "did you mean `file`?"),
        ("file: { pth: a }", "did you mean `path`?"),
        ("file: { mode: 0644 }", "`file` needs `path:`"),
        (
            "file: { path: a, mode: 0888 }",
            "`0888` is not a valid mode",
        ),
        ("file: { path: a, mode: rw-r--r-- }", "is not a valid mode"),
        ("file: { path: a, sha256: abc }", "not a SHA-256 digest"),
        ("file: { path: a, exists: maybe }", "`exists`"),
        (
            "file: { path: a, exists: false, mode: 0644 }",
            "beside `exists: false`",
        ),
        (
            "file: { path: a }, run: ls",
            "`run` does not go together with `file:`",
        ),
        (
            "file: { path: a }, expect: a",
            "`expect` does not go together with `file:`",
        ),
        ("file: { path: '' }", "a path must have text"),
        (
            "file: /etc/hosts",
            "file: { path: /etc/hosts, exists: true }",
        ),
    ] {
        let shown = Scratch::with(claim(&[form])).run(&["check", "claim.yaml"]);
        assert_eq!(shown.code, Some(2), "{form}: {shown:?}");
        assert!(shown.err.contains(told), "{form}: {}", shown.err);
    }
}
