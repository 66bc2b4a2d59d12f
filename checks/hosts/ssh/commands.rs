//! Commands: what goes there, and what comes back, whatever shells are on the host.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use reach::host::{Fault, Host, Leftovers};
use reach::observation::{Captured, Ending};

use super::kit::{alive, argv, host, run, runner_folders, shell, trial, wait_until, written};
use test_kit::sshd::{Builder, Sshd, can_mount, kill, write_program};

pub fn trials() -> Vec<Trial> {
    let needs_mounts = |trial: Trial| {
        if can_mount() {
            trial
        } else {
            eprintln!("not run: {} needs mount namespaces (root)", trial.name());
            trial.with_ignored_flag(true)
        }
    };
    vec![
        trial("all_kinds_of_commands_with_login_shell_dash", login_dash),
        trial("all_kinds_of_commands_with_login_shell_bash", login_bash),
        trial(
            "all_kinds_of_commands_with_a_login_shell_that_prints_noise",
            login_noisy,
        ),
        needs_mounts(trial("all_kinds_of_commands_with_bash_as_sh", sh_bash)),
        needs_mounts(trial(
            "all_kinds_of_commands_with_busybox_as_sh",
            sh_busybox,
        )),
        trial("all_kinds_of_commands_without_setsid", no_setsid),
        trial("a_missing_tool_is_named", missing_tool),
        trial("long_output_is_cut_and_counted", long_output),
        trial("a_command_that_prints_without_end_is_stopped", flood),
        needs_mounts(trial(
            "a_full_disk_on_the_host_is_never_a_result",
            full_disk,
        )),
        needs_mounts(trial("a_host_without_a_writable_folder_says_so", read_only)),
        trial("the_whole_tree_goes_at_the_deadline", deadline),
        trial("what_a_fixture_starts_may_stay", keep),
        trial("services_print_end_and_are_stopped", services),
    ]
}

/// A folder with a link to each of these programs.
fn programs(folder: &Path, names: &[&str]) -> String {
    std::fs::create_dir_all(folder).unwrap();
    for name in names {
        let found = ["/usr/bin", "/bin", "/usr/sbin"].map(|place| Path::new(place).join(name));
        let real = found.iter().find(|file| file.exists()).unwrap();
        std::os::unix::fs::symlink(real, folder.join(name)).unwrap();
    }
    folder.display().to_string()
}

fn which(name: &str) -> PathBuf {
    ["/bin", "/usr/bin"]
        .map(|place| Path::new(place).join(name))
        .into_iter()
        .find(|file| file.exists())
        .unwrap()
}

async fn login_dash() {
    all_kinds(Sshd::builder().login_shell(which("dash")), true, true).await;
}

async fn login_bash() {
    all_kinds(Sshd::builder().login_shell(which("bash")), true, true).await;
}

async fn login_noisy() {
    let folder = tempfile::tempdir().unwrap();
    let shell = folder.path().join("noisy");
    write_program(
        &shell,
        "#!/bin/sh\necho 'Welcome!'; echo 'a warning' >&2; head -c 20000 /dev/zero; \
         printf 'gateproof- and no line end'\nexec /bin/bash \"$@\"\n",
    );
    all_kinds(Sshd::builder().login_shell(shell), true, true).await;
}

async fn sh_bash() {
    all_kinds(Sshd::builder().sh(which("bash")), true, true).await;
}

async fn sh_busybox() {
    let there =
        std::fs::exists("/usr/bin/busybox").unwrap() || std::fs::exists("/bin/busybox").unwrap();
    if !there {
        eprintln!("not run: busybox is missing (package busybox-static)");
        return;
    }
    all_kinds(Sshd::builder().sh(which("busybox")), false, true).await;
}

async fn no_setsid() {
    let tools = tempfile::tempdir().unwrap();
    let names = [
        "mkdir", "rm", "sleep", "wc", "head", "tr", "sh", "od", "cat", "env", "grep", "printf",
        "true", "seq", "ls",
    ];
    let path = programs(&tools.path().join("bin"), &names);
    all_kinds(Sshd::builder().environment("PATH", &path), false, false).await;
}

/// `exact`: a signal can be told from an exit status above 128 there.
/// `setsid`: a job can be given a process group of its own.
async fn all_kinds(builder: Builder, exact: bool, setsid: bool) {
    let server = builder.start();
    let host = host(&server);
    endings(&host, exact).await;
    values(&host, &server.path("tmp")).await;
    tree_at_the_deadline(&host, &server.path("tmp"), setsid).await;
    if setsid {
        kill_by(&leftovers(&host, &server.path("tmp")).await);
    }
    host.close().await;
    assert_eq!(runner_folders(&server.path("tmp")), Vec::<String>::new());
}

async fn endings(host: &Host, exact: bool) {
    let seen = run(host, r"printf 'a\000\377b\n'; printf err >&2; exit 3").await;
    assert_eq!(seen.ending, Ending::Exited(3));
    assert_eq!(seen.stdout, Captured::whole(*b"a\0\xffb\n"));
    assert_eq!(seen.stderr, Captured::whole(*b"err"));
    let exits = [
        ("exit 0", 0),
        ("exit 1", 1),
        ("exit 255", 255),
        ("exit 137", 137),
        ("exit 143", 143),
        ("no-such-program-here", 127),
        ("/", 126),
        ("exec true", 0),
        ("exec sh -c 'exit 137'", 137),
        ("trap 'exit 9' EXIT; exit 1", 9),
        ("trap 'echo bye' EXIT; exit 200", 200),
        ("if", 2),
    ];
    for (text, status) in exits {
        let ending = run(host, text).await.ending;
        let syntax = text == "if" && matches!(ending, Ending::Exited(1 | 2));
        assert!(
            syntax || ending == Ending::Exited(status),
            "`{text}`: {ending}"
        );
    }
    let signals = [
        ("kill -9 $$", 9),
        ("kill -TERM $$; sleep 5", 15),
        ("trap 'echo bye' EXIT; kill -9 $$", 9),
        ("exec sh -c 'kill -9 $$'", 9),
        ("kill -INT $$; sleep 5", 2),
    ];
    for (text, signal) in signals {
        let want = if exact {
            Ending::Signalled(signal)
        } else {
            Ending::Exited(128 + signal)
        };
        let ending = run(host, text).await.ending;
        assert_eq!(ending, want, "`{text}`");
        assert_eq!(ending.signal(), Some(signal), "`{text}`");
    }
    // The shell's own messages begin as they do on this machine.
    assert!(
        run(host, "no-such-program-here")
            .await
            .stderr
            .text()
            .starts_with("sh: ")
    );
}

async fn values(host: &Host, folder: &Path) {
    let nasty = "a'b\"c\n\n$(touch made) `touch made` \\n \\0101 * ! \u{e9}\u{1f600}\t%s end ";
    let work = folder.join("work it");
    std::fs::create_dir_all(&work).unwrap();
    let mut invocation = shell(
        r#"printf '%s|%s|%s|%s|' "$p" "$E" "$PWD" "$#"; env | grep -c '^p='; cat; [ -t 0 ] || echo; umask"#,
    );
    invocation.params = vec![("p".into(), nasty.into())];
    invocation.env = vec![("E".into(), nasty.into())];
    invocation.cwd = Some(work.display().to_string());
    let every_byte: Vec<u8> = (0..=255).cycle().take(2000).collect();
    invocation.stdin = Some(every_byte.clone());
    let seen = host.run(&invocation).await.unwrap();
    let mut want = format!("{nasty}|{nasty}|{}|0|0\n", work.display()).into_bytes();
    want.extend(every_byte);
    want.extend(b"\n");
    assert_eq!(String::from_utf8_lossy(&seen.stderr.bytes), "");
    assert!(
        seen.stdout.bytes.starts_with(&want),
        "{}",
        seen.stdout.text()
    );
    assert!(!work.join("made").exists());

    let seen = host
        .run(&argv(&["printf", "%s|%s", nasty, "$HOME"]))
        .await
        .unwrap();
    assert_eq!(seen.stdout.text(), format!("{nasty}|$HOME"));
    assert_eq!(run(host, "cat; echo done").await.stdout.text(), "done\n");
    assert_eq!(
        run(host, "echo a\necho b\n\n").await.stdout.text(),
        "a\nb\n"
    );

    let fault = host
        .run(&argv(&["no-such-program-here", "x"]))
        .await
        .unwrap_err();
    assert!(
        matches!(&fault, Fault::ToolMissing { detail } if detail.contains("no-such-program-here")),
        "{fault}"
    );
    let mut invocation = shell("true");
    invocation.cwd = Some("/no/such/folder".into());
    let fault = host.run(&invocation).await.unwrap_err();
    assert!(fault.to_string().contains("/no/such/folder"), "{fault}");
}

/// `groups`: without a session of its own only what carries the mark can be found.
async fn tree_at_the_deadline(host: &Host, folder: &Path, setsid: bool) {
    let (group, session) = (folder.join("group"), folder.join("session"));
    let escape = if setsid { "setsid " } else { "" };
    let mut invocation = shell(&format!(
        "cd {}; sleep 61 & echo $! >group; {escape}sh -c 'echo $$ >session; exec sleep 62' & echo begun; wait",
        folder.display()
    ));
    invocation.deadline = Duration::from_millis(1200);
    let begin = Instant::now();
    let fault = host.run(&invocation).await.unwrap_err();
    let took = begin.elapsed();
    assert_eq!(
        fault,
        Fault::Deadline {
            stays: Vec::new(),
            limit: invocation.deadline,
            output: "begun\n".into()
        }
    );
    // On a busy machine the killing takes its time; the sleeps would take a minute.
    assert!(took < Duration::from_secs(6), "took {took:?}");
    // The answer comes when nothing is left, not before.
    assert!(!alive(&group) && !alive(&session));
    assert_eq!(run(host, "echo next").await.stdout.text(), "next\n");
}

async fn missing_tool() {
    let tools = tempfile::tempdir().unwrap();
    let path = programs(
        &tools.path().join("bin"),
        &["mkdir", "rm", "sleep", "wc", "head", "grep", "sh"],
    );
    let server = Sshd::builder().environment("PATH", &path).start();
    let host = host(&server);
    for _ in 0..2 {
        let fault = host.run(&shell("true")).await.unwrap_err();
        assert!(
            matches!(&fault, Fault::ToolMissing { detail } if detail.starts_with("`tr`")),
            "{fault}"
        );
    }
    host.close().await;
}

async fn long_output() {
    let server = Sshd::builder().start();
    let host = host(&server);
    let mut invocation = shell("head -c 5000000 /dev/urandom; printf 'ab\\000cd' >&2");
    invocation.output_limit = 100_000;
    let seen = host.run(&invocation).await.unwrap();
    assert_eq!(
        (seen.stdout.bytes.len(), seen.stdout.total),
        (100_000, 5_000_000)
    );
    assert_eq!(seen.stderr, Captured::whole(*b"ab\0cd"));
    invocation.output_limit = 6_000_000;
    let seen = host.run(&invocation).await.unwrap();
    assert_eq!(
        (seen.stdout.bytes.len(), seen.stdout.total),
        (5_000_000, 5_000_000)
    );
    invocation.output_limit = 0;
    let seen = host.run(&invocation).await.unwrap();
    assert_eq!(
        (
            seen.stdout.bytes.len(),
            seen.stdout.total,
            seen.stderr.total
        ),
        (0, 5_000_000, 5)
    );
    host.close().await;
}

async fn flood() {
    let server = Sshd::builder().start();
    let host = host(&server);
    // Slow enough not to fill anybody's disk before the watchdog looks.
    let text = "while :; do head -c 20000000 /dev/zero; sleep 0.3; done";
    let begin = Instant::now();
    let fault = host.run(&shell(text)).await.unwrap_err();
    assert_eq!(fault, Fault::Flood { limit: 64 << 20 });
    assert!(begin.elapsed() < Duration::from_secs(15));
    assert_eq!(run(&host, "echo next").await.stdout.text(), "next\n");
    host.close().await;
}

async fn full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path().display().to_string();
    let server = Sshd::builder()
        .environment("TMPDIR", &small)
        .mount(format!("mount -t tmpfs -o size=256k tmpfs {small}"))
        .start();
    let host = host(&server);
    assert_eq!(run(&host, "echo first").await.stdout.text(), "first\n");
    for text in [
        "head -c 1000000 /dev/zero",
        "head -c 1000000 /dev/zero; exit 0",
    ] {
        let fault = host.run(&shell(text)).await.unwrap_err();
        assert!(
            fault.to_string().contains("no space left on host `cc-ci`"),
            "{fault}"
        );
    }
    assert_eq!(run(&host, "echo again").await.stdout.text(), "again\n");
    host.close().await;
}

async fn read_only() {
    let places = ["/tmp", "/dev/shm", "/run", "/var/tmp"];
    let builder = places
        .iter()
        .filter(|place| Path::new(place).exists())
        .fold(Sshd::builder(), |builder, place| {
            builder.mount(format!(
                "mount --bind {place} {place} && mount -o remount,ro,bind {place}"
            ))
        });
    let server = builder.environment("TMPDIR", "/proc").start();
    let host = host(&server);
    let fault = host.run(&shell("true")).await.unwrap_err();
    assert!(
        fault.to_string().contains("no folder can be written"),
        "{fault}"
    );
    host.close().await;
}

async fn deadline() {
    let server = Sshd::builder().start();
    let host = host(&server);
    for _ in 0..3 {
        tree_at_the_deadline(&host, &server.path("tmp"), true).await;
    }
    // Dropped by its caller, it goes as well.
    let pid = server.path("tmp").join("dropped");
    let invocation = shell(&format!("echo $$ >{}; sleep 63", pid.display()));
    tokio::select! {
        _ = host.run(&invocation) => panic!("it cannot end by itself"),
        () = wait_until("it began", Duration::from_secs(10), || written(&pid)) => {}
    }
    wait_until("it is gone", Duration::from_secs(5), || !alive(&pid)).await;
    assert_eq!(run(&host, "echo next").await.stdout.text(), "next\n");
    host.close().await;
}

async fn keep() {
    let server = Sshd::builder().start();
    let host = host(&server);
    let kept = leftovers(&host, &server.path("tmp")).await;
    host.close().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(alive(&kept), "what a fixture started was killed");
    kill_by(&kept);
}

/// What a check leaves goes, what a fixture leaves stays, and neither holds anybody up.
async fn leftovers(host: &Host, folder: &Path) -> PathBuf {
    let (kept, killed) = (folder.join("kept"), folder.join("killed"));
    let mut invocation = shell(&format!(
        "sleep 64 & echo $! >{}; echo started",
        kept.display()
    ));
    invocation.leftovers = Leftovers::Keep;
    let begin = Instant::now();
    assert_eq!(
        host.run(&invocation).await.unwrap().stdout.text(),
        "started\n"
    );
    run(host, &format!("sleep 65 & echo $! >{}", killed.display())).await;
    assert!(begin.elapsed() < Duration::from_secs(10));
    wait_until("it is killed", Duration::from_secs(2), || !alive(&killed)).await;
    assert!(alive(&kept));
    kept
}

fn kill_by(pid_file: &Path) {
    kill(
        std::fs::read_to_string(pid_file)
            .unwrap()
            .trim()
            .parse()
            .unwrap(),
    )
    .unwrap();
}

async fn services() {
    let server = Sshd::builder().start();
    let host = host(&server);
    let pid = server.path("tmp").join("service");
    let mut service = host
        .start(&shell(&format!(
            "echo up; setsid sh -c 'echo $$ >{}; exec sleep 66' & wait",
            pid.display()
        )))
        .await
        .unwrap();
    wait_until("it began", Duration::from_secs(10), || written(&pid)).await;
    assert_eq!(service.stdout().await.unwrap(), b"up\n");
    assert_eq!(service.ended().await.unwrap(), None);
    assert_eq!(run(&host, "echo beside").await.stdout.text(), "beside\n");
    service.stop().await.unwrap();
    assert!(!alive(&pid));

    let mut short = host.start(&shell("echo out; exit 4")).await.unwrap();
    let mut seen = None;
    let begin = Instant::now();
    while seen.is_none() && begin.elapsed() < Duration::from_secs(10) {
        seen = short.ended().await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let seen = seen.unwrap();
    assert_eq!(
        (seen.ending, seen.stdout.text().as_ref()),
        (Ending::Exited(4), "out\n")
    );
    assert_eq!(
        short.ended().await.unwrap().unwrap().ending,
        Ending::Exited(4)
    );
    short.stop().await.unwrap();

    let mut several = Vec::new();
    for _ in 0..3 {
        several.push(host.start(&shell("sleep 67")).await.unwrap());
    }
    let fault = host.start(&shell("sleep 68")).await.unwrap_err();
    assert!(matches!(fault, Fault::NotAllowed { .. }), "{fault}");
    drop(several);
    host.close().await;
    wait_until("no folder is left", Duration::from_secs(5), || {
        runner_folders(&server.path("tmp")).is_empty()
    })
    .await;
}
