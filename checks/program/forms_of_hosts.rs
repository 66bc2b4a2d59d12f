//! Forms about what a host has: work trees, mounts, processes, users and packages of this machine.

use std::path::Path;
use std::process::Command;

use test_kit::program::Scratch;

use crate::forms::{asked, asked_with, ends, tools};

#[track_caller]
fn hold(scratch: &Scratch, table: &[(&str, i32, &str)]) {
    for (form, code, seen) in table {
        ends(asked(scratch, form), form, *code, seen);
    }
}

#[track_caller]
fn git(folder: &Path, args: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(who).args(args);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{args:?}: {done:?}");
}

#[test]
fn a_work_tree_is_as_its_form_says_and_the_remote_itself_is_asked() {
    let scratch = Scratch::with("");
    let origin = scratch.path().join("origin");
    let tree = scratch.path().join("tree");
    std::fs::create_dir(&origin).unwrap();
    git(&origin, &["init", "-q", "-b", "main"]);
    git(&origin, &["commit", "-q", "--allow-empty", "-m", "one"]);
    git(scratch.path(), &["clone", "-q", "origin", "tree"]);
    git(scratch.path(), &["clone", "-q", "origin", "far"]);
    std::fs::create_dir_all(tree.join("sub")).unwrap();
    std::fs::create_dir(scratch.path().join("none")).unwrap();
    git(&tree, &["branch", "side"]);
    hold(
        &scratch,
        &[
            (
                "git: { path: tree, branch: main, clean: true, behind: 0, contains: side }",
                0,
                "",
            ),
            ("git: { path: tree, branch: mai }", 1, "main"),
            (
                "git: { path: tree, contains: nothing }",
                1,
                "an unknown revision",
            ),
            ("git: { path: tree/sub }", 1, "a folder of a repository"),
            (
                "git: { path: tree/sub, exists: false }",
                1,
                "a folder of a repository",
            ),
            ("git: { path: none, exists: false }", 0, ""),
            (
                "git: { path: nowhere, exists: false }",
                3,
                "cannot change to",
            ),
            ("git: { path: origin, behind: 0 }", 1, "no upstream"),
        ],
    );
    // The clone has not heard of the second commit, and has no right to say that it is behind by none.
    git(&origin, &["commit", "-q", "--allow-empty", "-m", "two"]);
    std::fs::write(tree.join("a \"b\""), "").unwrap();
    git(&tree, &["config", "status.showUntrackedFiles", "no"]);
    hold(
        &scratch,
        &[
            (
                "git: { path: tree, behind: 0 }",
                1,
                "at least 1, not fetched",
            ),
            ("git: { path: tree, clean: true }", 1, "??"),
            ("git: { path: tree, clean: false }", 1, "??"),
        ],
    );
    git(&tree, &["fetch", "-q"]);
    git(&tree, &["checkout", "-q", "--detach"]);
    hold(
        &scratch,
        &[
            (
                "git: { path: tree, contains: origin/main }",
                1,
                "not in the history of HEAD",
            ),
            ("git: { path: tree, branch: HEAD }", 1, "detached"),
        ],
    );
    git(&tree, &["checkout", "-q", "main"]);
    hold(
        &scratch,
        &[
            ("git: { path: tree, behind: 1 }", 0, ""),
            ("git: { path: tree, behind: { number: { max: 1 } } }", 0, ""),
            (
                "git: { path: tree, behind: { number: { max: 0 } } }",
                1,
                "1",
            ),
        ],
    );
    std::fs::remove_dir_all(&origin).unwrap();
    hold(
        &scratch,
        &[(
            "git: { path: tree, behind: 1 }",
            3,
            "the remote does not answer",
        )],
    );
}

#[test]
fn a_mount_is_the_one_at_the_path_itself() {
    let scratch = Scratch::with("");
    std::os::unix::fs::symlink("/proc", scratch.path().join("link")).unwrap();
    hold(
        &scratch,
        &[
            (
                "mount: { path: /proc, type: proc, options: { any: rw } }",
                0,
                "",
            ),
            ("mount: { path: /proc/ }", 0, ""),
            ("mount: { path: link, exists: false }", 1, "true"),
            ("mount: { path: /proc, type: sysfs }", 1, "proc"),
            (
                "mount: { path: /proc, options: { none: relatime } }",
                1,
                "relatime",
            ),
            ("mount: { path: /proc/sys/net, exists: false }", 0, ""),
            ("mount: { path: '/pro*', exists: false }", 0, ""),
            (
                "mount: { path: nowhere/at/all, exists: false }",
                3,
                "cannot be followed",
            ),
        ],
    );
}

#[test]
fn processes_are_those_of_the_whole_name_and_ended_ones_are_none() {
    let scratch = Scratch::with("");
    // The name of a process is that of its program.
    let name = format!("gp f\\{}", std::process::id() % 100_000);
    let program = scratch.path().join(&name);
    let path = std::env::var_os("PATH").unwrap();
    let mut sleeps = std::env::split_paths(&path).map(|folder| folder.join("sleep"));
    let sleep = sleeps.find(|path| path.exists()).unwrap();
    std::fs::copy(sleep, &program).unwrap();
    let start = || Command::new(&program).arg("60").spawn().unwrap();
    let mut both = [start(), start()];
    let form = |rest: &str| format!("process: {{ name: '{name}'{rest} }}");
    let part = &name[..name.len() - 1];
    let table = [
        (form(""), 0, ""),
        (form(", count: 2"), 0, ""),
        (form(", count: 1"), 1, "2"),
        (form(", running: false"), 1, "true"),
        (
            format!("process: {{ name: '{part}', running: false }}"),
            0,
            "",
        ),
        (format!("process: {{ name: '{part}*' }}"), 1, "false"),
    ];
    for (form, code, seen) in &table {
        hold(&scratch, &[(form, *code, seen)]);
    }
    // They have ended, and nobody has collected them.
    for child in &mut both {
        child.kill().unwrap();
    }
    hold(&scratch, &[(&form(", running: false"), 0, "")]);
    for child in &mut both {
        child.wait().unwrap();
    }
}

#[test]
fn a_user_is_the_one_of_the_name_and_a_silent_directory_is_an_error() {
    let scratch = Scratch::with("");
    hold(
        &scratch,
        &[
            (
                "user: { name: root, uid: 0, home: /root, groups: { any: root } }",
                0,
                "",
            ),
            ("user: { name: root, uid: 1 }", 1, "0"),
            ("user: { name: root, shell: /bin/nothing }", 1, "/bin/"),
            ("user: { name: root, exists: false }", 1, "true"),
            ("user: { name: '0' }", 1, "false"),
            ("user: { name: roo, exists: false }", 0, ""),
            ("user: { name: '-a', exists: false }", 0, ""),
        ],
    );
    let folder = tools(&scratch, &[("getent", "exit 1")]);
    let (code, shown) = asked_with(&scratch, &folder, "user: { name: roo, exists: false }");
    assert_eq!(code, Some(3), "{shown}");
}

#[test]
fn a_package_is_installed_where_its_manager_says_so_of_the_whole_name() {
    if !Path::new("/var/lib/dpkg/status").exists() {
        return;
    }
    let scratch = Scratch::with("");
    hold(
        &scratch,
        &[
            ("package: { name: dpkg }", 0, ""),
            (
                "package: { name: dpkg, version: { version: { min: '1.0' } } }",
                0,
                "",
            ),
            (
                "package: { name: dpkg, version: { version: { min: '900' } } }",
                1,
                "version",
            ),
            ("package: { name: dpkg, installed: false }", 1, "true"),
            ("package: { name: dpk, installed: false }", 0, ""),
            ("package: { name: dpk }", 1, "false"),
            (
                "package: { name: 'dpk*', installed: false }",
                3,
                "not the name of one package",
            ),
        ],
    );
    let removed = r#"[ "$1 $2" != '-W dpkg' ] || exit 0
for name; do :; done
case $name in
removed) echo 'config-files 1.2' ;;
half) echo 'half-configured 1.2' ;;
*) echo 'dpkg-query: error: failed to open the database' >&2; exit 2 ;;
esac"#;
    let folder = tools(&scratch, &[("dpkg-query", removed)]);
    for (form, code) in [
        ("package: { name: removed, installed: false }", 0),
        ("package: { name: half, installed: false }", 1),
        ("package: { name: half }", 1),
        ("package: { name: broken, installed: false }", 3),
    ] {
        let (got, shown) = asked_with(&scratch, &folder, form);
        assert_eq!(got, Some(code), "{form}: {shown}");
    }
}

#[test]
fn a_form_stands_where_a_fixture_observes_and_not_where_it_changes_something() {
    let claim = |until: &str, act: &str| {
        format!(
            "phase: p
on: local
fixtures:
  down:
    baseline: {{ file: {{ path: up }} }}
    do: {act}
    until: {{ {until}, within: 300ms }}
    undo: touch up
    settled: {{ file: {{ path: up }} }}
  bare:
    baseline: {{ process: {{ name: nobody, running: false }} }}
    service: echo ready; exec sleep 60
    ready: {{ file: {{ path: up }} }}
gates:
  M1:
    checks:
      - {{ id: a, claim: c, with: [down], file: {{ path: up, exists: false }} }}
      - {{ id: b, claim: c, with: [bare], requires: {{ file: {{ path: up }} }}, file: {{ path: up }} }}
"
        )
    };
    let gone = "file: { path: up, exists: false }";
    for (until, act, code, seen) in [
        (gone, "rm up", 0, ""),
        ("file: { path: up, type: socket }", "rm up", 3, "exists"),
        (gone, "{ file: { path: up } }", 2, "unknown key `file`"),
        (
            "file: { path: up }, expect: a",
            "rm up",
            2,
            "does not go together",
        ),
    ] {
        let scratch = Scratch::with(claim(until, act));
        std::fs::write(scratch.path().join("up"), "").unwrap();
        let shown = scratch.run(&["verify", "claim.yaml", "--no-record"]);
        assert_eq!(shown.code, Some(code), "{until}: {shown:?}");
        let told = format!("{}{}", shown.out, shown.err);
        assert!(told.contains(seen), "{until}: {told}");
        assert!(scratch.path().join("up").exists(), "{until}: not undone");
    }
}
