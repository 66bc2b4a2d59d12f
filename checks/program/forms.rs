//! Forms: what is said in one line, asked of real files and sockets, and of managers that are not here by
//! what they print.

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
pub(crate) fn asked(scratch: &Scratch, form: &str) -> (Option<i32>, String) {
    std::fs::write(scratch.path().join("claim.yaml"), claim(&[form])).unwrap();
    let shown = scratch.run(&["verify", "claim.yaml", "--no-record"]);
    (shown.code, format!("{}{}", shown.out, shown.err))
}

/// Holds a run with a form to its exit code, and to what it shows.
#[track_caller]
pub(crate) fn ends((got, shown): (Option<i32>, String), form: &str, code: i32, seen: &str) {
    assert_eq!(got, Some(code), "{form}: {shown}");
    assert!(shown.contains(seen), "{form}: {shown}");
}

const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
/// What a name can have that a shell, a pattern or a message would read.
const ODD: &str = "-a $(touch made) 'b' \\\"c\\\" *: No such file or directory";

#[test]
fn a_red_form_is_reproduced_by_one_short_line_and_what_cannot_be_told_names_its_reason() {
    let scratch = Scratch::with(claim(&[
        "for: { n: [b, 'a*b'] }, file: { path: \"${n}\" }",
        "package: { name: 'bas*', installed: false }",
    ]));
    let shown = scratch.run(&["verify", "claim.yaml", "--no-record"]);
    assert_eq!(shown.code, Some(1));
    let lines = shown.out.lines().filter_map(|line| {
        let line = line.trim().strip_prefix("reproduce:")?.trim();
        line.strip_prefix("gateproof ")
    });
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 3, "{}", shown.out);
    for (line, code) in lines.into_iter().zip([1, 1, 3]) {
        let mut words: Vec<&str> = line
            .split(' ')
            .map(|word| word.trim_matches('\''))
            .collect();
        words.push("--no-record");
        assert_eq!(scratch.run(&words).code, Some(code), "{line}");
    }
    assert!(
        shown
            .out
            .contains("cannot tell: this is not the name of one package")
    );
    assert!(!shown.out.contains("tool missing"), "{}", shown.out);
}

#[test]
fn what_a_form_did_not_need_does_not_make_it_toothless() {
    let scratch = Scratch::with(claim(&[
        "port: { tcp: 1, listening: false }",
        "file: { path: claim.yaml, type: file }",
        "process: { name: none-of-it, running: false }",
    ]));
    let shown = scratch.run(&["verify", "claim.yaml", "--no-record", "--teeth"]);
    assert_eq!(shown.code, Some(0), "{}", shown.out);
    let all = shown.out.replace(['\n', ' '], "");
    assert!(
        !all.contains("`cannot`"),
        "a function is no tool: {}",
        shown.out
    );
    assert!(all.contains("and`stat`fail;mutated:"), "{}", shown.out);
}

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
        ends(asked(&scratch, form), form, code, seen);
    }
    assert!(!scratch.path().join("made").exists(), "a name was run");
    // People read the form, and not what is run.
    let (_, shown) = asked(&scratch, "file: { path: \"b c\" }");
    assert!(
        shown.contains("asked      file: 'b c' (on local)"),
        "{shown}"
    );
    assert!(
        shown.contains("reproduce: gateproof verify claim.yaml --gate M1 --check c0\n"),
        "{shown}"
    );
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
        ("file: { path: '' }", "`path` must have text"),
        (
            "file: { path: a }, port: { tcp: 1 }",
            "`port` does not go together with `file:`",
        ),
        (
            "file: { path: a, size: big }",
            "`big` is not a valid number",
        ),
        ("unit: { active: true }", "`unit` needs `name:`"),
        ("unit: shop", "unit: { name: shop, exists: true }"),
        ("unit: { name: a, actve: true }", "did you mean `active`?"),
        ("unit: { name: a, active: '' }", "`active` must have text"),
        (
            "unit: { name: a, exists: false, active: false }",
            "is about a unit that is there, beside `exists: false`",
        ),
        ("service: { name: '' }", "`name` must have text"),
        ("container: { name: a, running: on }", "`running`"),
        (
            "git: { path: ., behind: none }",
            "`none` is not a valid number",
        ),
        (
            "process: { name: a-very-long-name }",
            "longer than the 15 bytes",
        ),
        ("user: root", "user: { name: root, exists: true }"),
        ("port: { tcp: 1, udp: 1 }", "exclude each other"),
        ("port: { tcp: http }", "must be a number from 1 to 65535"),
        ("port: { tcp: 0 }", "must be a number from 1 to 65535"),
        ("port: { udp: 65536 }", "must be a number from 1 to 65535"),
        (
            "port: { tcp: 1, address: localhost }",
            "`localhost` is not a valid address",
        ),
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

/// A folder with the tools of a small host, and these programs that print what others print.
pub(crate) fn tools(scratch: &Scratch, stubs: &[(&str, &str)]) -> std::path::PathBuf {
    let folder = scratch.path().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    for tool in ["sh", "sed", "sort", "tr", "cat", "stat"] {
        let path = std::env::var_os("PATH").unwrap();
        let real = std::env::split_paths(&path).map(|folder| folder.join(tool));
        let real = real.into_iter().find(|path| path.exists()).unwrap();
        let _ = symlink(real, folder.join(tool));
    }
    for (name, script) in stubs {
        let path = folder.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    folder
}

/// Runs a form where only these tools are.
pub(crate) fn asked_with(
    scratch: &Scratch,
    tools: &std::path::Path,
    form: &str,
) -> (Option<i32>, String) {
    std::fs::write(scratch.path().join("claim.yaml"), claim(&[form])).unwrap();
    let shown = scratch
        .program(&["verify", "claim.yaml", "--no-record"])
        .env("PATH", tools)
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&shown.stdout);
    let err = String::from_utf8_lossy(&shown.stderr);
    (shown.status.code(), format!("{out}{err}"))
}

#[test]
fn a_unit_is_what_systemd_says_and_a_unit_that_is_not_found_is_not_inactive() {
    // What `systemctl show` of systemd 252 prints.
    const SYSTEMCTL: &str = r#"for name; do :; done
show() { printf 'Result=%s\nAfter=%s\nLoadState=%s\nActiveState=%s\nSubState=%s\nUnitFileState=%s\n' "$@"; }
case $name in
shop) show success 'system.slice db.service basic.target' loaded active running enabled ;;
gone) show success '' not-found inactive dead '' ;;
torn) show success '' not-found active running '' ;;
crashed) show exit-code basic.target loaded failed failed static ;;
stopped) show success basic.target loaded inactive dead disabled ;;
shut) show success '' masked inactive dead masked ;;
chroot) echo 'Running in chroot, ignoring command' >&2 ;;
*) echo 'Failed to connect to bus: Host is down' >&2; exit 1 ;;
esac"#;
    let scratch = Scratch::with("");
    let folder = tools(&scratch, &[("systemctl", SYSTEMCTL)]);
    for (form, code, seen) in [
        ("unit: { name: shop }", 0, ""),
        (
            "unit: { name: shop, active: true, enabled: true, result: success, after: db.service }",
            0,
            "",
        ),
        ("unit: { name: shop, after: db }", 0, ""),
        ("unit: { name: shop, after: b.service }", 1, "db.service"),
        (
            "unit: { name: shop, after: 'db.service basic.target' }",
            3,
            "not the name of one unit",
        ),
        (
            "unit: { name: shop, active: { matches: '^(active|reloading)$' } }",
            0,
            "",
        ),
        ("unit: { name: shop, active: false }", 1, "active"),
        ("unit: { name: shop, exists: false }", 1, "true"),
        ("unit: { name: gone, exists: false }", 0, ""),
        ("unit: { name: gone, active: false }", 1, "not-found"),
        ("unit: { name: gone, enabled: { not: masked } }", 1, "false"),
        (
            "unit: { name: torn, exists: false }",
            1,
            "not-found, and active",
        ),
        ("unit: { name: crashed }", 1, "failed"),
        ("unit: { name: crashed, active: false }", 1, "failed"),
        ("unit: { name: crashed, result: success }", 1, "exit-code"),
        (
            "unit: { name: crashed, active: failed, enabled: static }",
            0,
            "",
        ),
        ("unit: { name: crashed, enabled: false }", 1, "static"),
        (
            "unit: { name: stopped, active: false, enabled: false }",
            0,
            "",
        ),
        ("unit: { name: shut, enabled: masked }", 0, ""),
        (
            "unit: { name: '*', exists: false }",
            3,
            "not the name of one unit",
        ),
        (
            "unit: { name: chroot, exists: false }",
            3,
            "says nothing of this unit",
        ),
        ("unit: { name: no-bus, exists: false }", 3, "Host is down"),
    ] {
        ends(asked_with(&scratch, &folder, form), form, code, seen);
    }
}

#[test]
fn a_container_and_a_service_are_those_of_the_whole_name_and_silence_is_an_error() {
    // What Docker 28 prints for these templates.
    const DOCKER: &str = r#"[ ! -e refuses ] || { echo 'permission denied while trying to connect' >&2; exit 1; }
for name; do :; done
case "$1 $2" in
'container ls') printf '%s\n' cache web,app/alias old ;;
'container inspect')
  case $name in
  cache) printf '%s\n%s\n' /cache '{"exists":true,"running":true,"state":"running","health":"healthy","image":"redis:7" }' ;;
  old) printf '%s\n%s\n' /old '{"exists":true,"running":false,"state":"exited","health":"none","image":"redis:7" }' ;;
  *) printf '%s\n%s\n' /other '{"exists":true,"running":true,"state":"running","health":"healthy","image":"redis:7" }' ;;
  esac ;;
'service ls') printf '%s\n' 'shop_web 2/2' 'shop_idle 0/0' 'shop_half 1/2 (max 1 per node)' ;;
'service inspect') echo "$name completed shop:1.0@sha256:aa" ;;
esac"#;
    let scratch = Scratch::with("");
    let folder = tools(&scratch, &[("docker", DOCKER)]);
    for (form, code, seen) in [
        ("container: { name: cache }", 0, ""),
        (
            "container: { name: cache, running: true, health: healthy, image: redis:7 }",
            0,
            "",
        ),
        ("container: { name: cach, exists: false }", 0, ""),
        ("container: { name: cach }", 1, "false"),
        ("container: { name: '.*', exists: false }", 0, ""),
        ("container: { name: old }", 1, "false"),
        (
            "container: { name: old, running: false, state: exited }",
            0,
            "",
        ),
        ("container: { name: old, exists: false }", 1, "true"),
        ("container: { name: old, health: healthy }", 1, "none"),
        ("container: { name: web }", 3, "docker tells of /other"),
        ("service: { name: shop_web }", 0, ""),
        (
            "service: { name: shop_web, replicas: 2/2, image: shop:1.0, update: completed }",
            0,
            "",
        ),
        (
            "service: { name: shop_web, image: 'shop:1.0@sha256:aa' }",
            0,
            "",
        ),
        (
            "service: { name: shop_web, image: 'shop:1.0@sha256:ab' }",
            1,
            "sha256:aa",
        ),
        ("service: { name: shop, exists: false }", 0, ""),
        ("service: { name: shop }", 1, "false"),
        ("service: { name: shop_idle }", 1, "running"),
        ("service: { name: shop_half }", 1, "running"),
        ("service: { name: shop_half, replicas: 1/2 }", 0, ""),
    ] {
        ends(asked_with(&scratch, &folder, form), form, code, seen);
    }
    std::fs::write(scratch.path().join("refuses"), "").unwrap();
    for form in [
        "container: { name: none, exists: false }",
        "service: { name: none, exists: false }",
    ] {
        ends(
            asked_with(&scratch, &folder, form),
            form,
            3,
            "permission denied",
        );
    }
}

#[test]
fn a_port_listens_where_the_kernel_says_and_at_no_other_address() {
    let scratch = Scratch::with("");
    let here = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = here.local_addr().unwrap().port();
    let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let udp = datagrams.local_addr().unwrap().port();
    let free = {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        gone.local_addr().unwrap().port()
    };
    let everywhere = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let open = everywhere.local_addr().unwrap().port();
    for (form, code, seen) in [
        (format!("port: {{ tcp: {port} }}"), 0, ""),
        (
            format!("port: {{ tcp: {port}, address: 127.0.0.1 }}"),
            0,
            "",
        ),
        (
            format!("port: {{ tcp: {port}, address: 0.0.0.0 }}"),
            1,
            "127.0.0.1",
        ),
        (
            format!("port: {{ tcp: {port}, address: ['::1', 127.0.0.1] }}"),
            1,
            "127.0.0.1",
        ),
        (
            format!("port: {{ tcp: {port}, listening: false }}"),
            1,
            "true",
        ),
        (
            format!("port: {{ tcp: {open}, address: 127.0.0.1 }}"),
            1,
            "0.0.0.0",
        ),
        (format!("port: {{ udp: {udp}, address: 127.0.0.1 }}"), 0, ""),
        (format!("port: {{ tcp: {free} }}"), 1, "false"),
        (format!("port: {{ tcp: {free}, listening: false }}"), 0, ""),
        (
            format!("for: {{ p: [{port}] }}, port: {{ tcp: '${{p}}' }}"),
            0,
            "",
        ),
    ] {
        ends(asked(&scratch, &form), &form, code, seen);
    }
}

#[test]
fn a_form_whose_tool_is_missing_is_an_error_and_never_absent() {
    let scratch = Scratch::with("");
    let folder = tools(&scratch, &[]);
    for form in [
        "unit: { name: a, exists: false }",
        "container: { name: a, exists: false }",
        "service: { name: a, exists: false }",
        "git: { path: ., exists: false }",
        "mount: { path: /nowhere, exists: false }",
        "user: { name: nobody-at-all, exists: false }",
        "package: { name: nothing-at-all, installed: false }",
    ] {
        ends(
            asked_with(&scratch, &folder, form),
            form,
            3,
            "cannot tell: ",
        );
    }
}
