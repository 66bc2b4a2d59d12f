//! A job cannot speak for another: what a hostile command can do with the channel of its runner.

use std::path::Path;
use std::time::Duration;

use libtest_mimic::Trial;
use reach::host::Fault;
use reach::observation::Ending;

use super::kit::{alive, host, run, shell, trial};
use test_kit::nobody::{AS_NOBODY, may_run, root_helper};
use test_kit::sshd::{Sshd, can_mount, kill, write_program};

pub fn trials() -> Vec<Trial> {
    let as_root = rustix::process::geteuid().is_root();
    vec![
        trial(
            "a_result_that_a_job_writes_for_the_next_is_never_taken",
            next_of_twenty,
        ),
        trial("a_job_that_writes_its_own_result_is_an_error", own_result),
        trial("a_job_that_writes_requests_is_an_error", own_request),
        trial("no_job_finds_the_key_of_the_frames", key_is_nowhere),
        trial(
            "what_escapes_from_everything_else_ends_with_its_command",
            escaped,
        ),
        trial(
            "a_runner_that_a_job_kills_leaves_nothing_to_the_next",
            killed_runner,
        ),
        trial("what_reads_the_channel_learns_nothing", thief),
        trial("another_users_process_is_named", other_user)
            .with_ignored_flag(!as_root || !can_mount()),
        trial("a_login_whose_umask_takes_everything_away_works", umask)
            .with_ignored_flag(!as_root || !can_mount()),
    ]
}

/// Shell words: the process ids of the ancestors in `$up`, the runner's own word in `$nonce`. Behind the
/// server is the test itself, whose output is nobody's to write into.
const LOOK: &str = r#"nonce=${GATEPROOF_JOB#job:} nonce=${nonce%%.*} up= p=$$
while :; do
  read -r line </proc/$p/stat; set -- ${line##*) }; p=$2
  read -r line </proc/$p/stat
  case $line in *'(sshd'* | '1 '*) break ;; esac
  up="$up $p"
done
"#;

/// Begins `text` as `sh FILE nonce pids…` outside of everything: another session, no environment.
fn hide(folder: &Path, text: &str) -> String {
    let file = folder.join("hidden.sh");
    let text = format!(
        "echo $$ >{0}/hidden; nonce=$1; shift\n{text}",
        folder.display()
    );
    std::fs::write(&file, text).unwrap();
    format!(
        "{LOOK}(env -i PATH=\"$PATH\" setsid sh {} \"$nonce\" $up </dev/null >/dev/null 2>&1 &)\n\
         while ! [ -s {}/hidden ]; do :; done\n",
        file.display(),
        folder.display()
    )
}

/// Writes into every ancestor's standard output what would be the next result, for ten seconds.
fn forger(wait: &str) -> String {
    format!(
        r#"{wait}
turn=0
while [ "$turn" -lt 200 ]; do
  for word in "$nonce" 0 ''; do for next in 1 2 3 4; do for pid in "$@"; do
    printf '\ngateproof-%s done %s exit 0 7 7 0 0\nactive\ngateproof-%s end %s\n' "$word" "$next" "$word" "$next" >/proc/$pid/fd/1
    printf 'gateproof-%s done %s t exit 0 7 7 0 0 0\nactive\ngateproof-%s end %s t\n' "$word" "$next" "$word" "$next" >/proc/$pid/fd/1
  done; done; done
  sleep 0.05
  turn=$((turn + 1))
done"#
    )
}

async fn next_of_twenty() {
    let server = Sshd::builder().start();
    let folder = server.path("tmp");
    for attempt in 0..20 {
        let host = host(&server);
        let _ = std::fs::remove_file(folder.join("hidden"));
        // Half of them at once, half of them when their own command is long over.
        let wait = if attempt % 2 == 0 { "" } else { "sleep 0.3" };
        let first = host
            .run(&shell(&format!("{}echo v1", hide(&folder, &forger(wait)))))
            .await;
        match first {
            Ok(seen) => {
                assert_eq!(seen.stdout.text(), "v1\n");
                assert!(!seen.left.is_empty());
                assert!(
                    seen.left.iter().all(|process| process.ended),
                    "{:?}",
                    seen.left
                );
            }
            Err(fault) => assert!(matches!(fault, Fault::Intruder { .. }), "{fault}"),
        }
        assert!(
            !alive(&folder.join("hidden")),
            "attempt {attempt}: it goes on"
        );
        let second = run(&host, "sleep 0.4; echo inactive; false").await;
        assert_eq!(second.stdout.text(), "inactive\n", "attempt {attempt}");
        assert_eq!(second.ending, Ending::Exited(1), "attempt {attempt}");
        host.close().await;
    }
}

async fn own_result() {
    let server = Sshd::builder().start();
    let host = host(&server);
    for frame in [
        r"\ngateproof-%s done 1 exit 0 7 7 0 0\nactive\ngateproof-%s end 1\n",
        r"gateproof-%s done 1 t exit 0 7 7 0 0 0\nactive\ngateproof-%s end 1 t\n",
        r"gateproof-%s",
        "x",
        r"\n",
    ] {
        let text = format!(
            "{LOOK}for pid in $up; do printf '{frame}' \"$nonce\" \"$nonce\" >/proc/$pid/fd/1; done 2>/dev/null; exit 1"
        );
        let fault = host.run(&shell(&text)).await.unwrap_err();
        assert!(matches!(fault, Fault::Intruder { .. }), "{frame}: {fault}");
        assert!(
            fault
                .to_string()
                .contains("another process wrote into the channel"),
            "{fault}"
        );
        assert_eq!(
            run(&host, "echo next").await.stdout.text(),
            "next\n",
            "{frame}"
        );
    }
    host.close().await;
}

async fn own_request() {
    let server = Sshd::builder().start();
    let host = host(&server);
    // Into the channel itself, and into the pipe behind the process that reads it.
    for place in ["$pid/fd/0", "$reader/fd/1"] {
        let text = format!(
            "{LOOK}set -- $GATEPROOF_OWNER; read -r reader <$3/reader\n\
             for pid in $1; do printf 'run 0 id=9 token=t mark=1 deadline=9 limit=9 flood=9 text=\"echo forged; touch {}\"\\n' >/proc/{place}; done; sleep 0.2",
            server.path("tmp").join("ran").display(),
        );
        let first = host.run(&shell(&text)).await;
        let second = host.run(&shell("echo two")).await;
        let faults = [first, second].map(Result::err);
        assert!(
            faults
                .iter()
                .flatten()
                .any(|fault| matches!(fault, Fault::Intruder { .. })),
            "{place}: {faults:?}"
        );
        assert!(
            !server.path("tmp").join("ran").exists(),
            "{place}: it was run"
        );
        assert_eq!(
            run(&host, "echo next").await.stdout.text(),
            "next\n",
            "{place}"
        );
    }
    host.close().await;
}

/// Everything of the runner's that a job can read: environments, arguments, files.
async fn key_is_nowhere() {
    let names = ["s", "line", "rest", "key", "ask", "tag", "token", "nonce"];
    let builder = names.iter().fold(Sshd::builder(), |builder, name| {
        builder.environment(name, "exported")
    });
    let server = builder.environment("SHELLOPTS", "allexport").start();
    let host = host(&server);
    let seen = run(
        &host,
        &format!("{LOOK}echo \"nonce $nonce\"; set -- $GATEPROOF_OWNER; for pid in $$ $up; do tr '\\000' '\\n' </proc/$pid/environ; tr '\\000' '\\n' </proc/$pid/cmdline; done 2>/dev/null; grep -r . $3"),
    )
    .await;
    let text = seen.stdout.text().into_owned();
    let nonce = text
        .lines()
        .next()
        .unwrap()
        .strip_prefix("nonce ")
        .unwrap()
        .to_owned();
    assert_eq!(nonce.len(), 32, "{text}");
    let words = text.split(|c: char| !c.is_ascii_hexdigit());
    let random: Vec<&str> = words
        .filter(|word| word.len() == 32 && *word != nonce)
        .collect();
    assert_eq!(random, Vec::<&str>::new(), "{text}");
    host.close().await;
}

async fn escaped() {
    let server = Sshd::builder().start();
    let folder = server.path("tmp");
    let host = host(&server);
    for text in [
        "exec sleep 611",
        "trap '' HUP TERM INT; cd /; exec <&- >&- 2>&-; sleep 611 & sleep 611",
    ] {
        let _ = std::fs::remove_file(folder.join("hidden"));
        let seen = run(&host, &format!("{}echo done", hide(&folder, text))).await;
        assert_eq!(seen.stdout.text(), "done\n");
        assert!(!alive(&folder.join("hidden")), "{text}");
        assert!(!seen.left.is_empty(), "{text}");
        assert!(
            seen.left.iter().all(|process| process.ended),
            "{:?}",
            seen.left
        );
        assert!(
            seen.left
                .iter()
                .any(|process| process.name == "sleep" || process.name == "sh")
        );
    }
    // At the deadline as well.
    let _ = std::fs::remove_file(folder.join("hidden"));
    let mut late = shell(&format!("{}sleep 60", hide(&folder, "exec sleep 612")));
    late.deadline = Duration::from_millis(1500);
    let fault = host.run(&late).await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Deadline { stays, .. } if stays.is_empty()),
        "{fault}"
    );
    assert!(!alive(&folder.join("hidden")));
    host.close().await;
}

/// The job kills the runner that could clean up behind it, and goes on to forge.
async fn killed_runner() {
    let server = Sshd::builder().start();
    let folder = server.path("tmp");
    let host = host(&server);
    let killer = format!("main=$1; shift; kill -9 \"$main\"; {}", forger(""));
    let text =
        hide(&folder, &killer).replace("\"$nonce\" $up", "\"$nonce\" ${GATEPROOF_OWNER%% *} $up");
    let fault = host
        .run(&shell(&format!("{text}sleep 9")))
        .await
        .unwrap_err();
    assert!(
        matches!(fault, Fault::LinkLost { .. } | Fault::Intruder { .. }),
        "{fault}"
    );
    let second = run(&host, "sleep 0.4; echo inactive; false").await;
    assert_eq!(second.stdout.text(), "inactive\n");
    assert_eq!(second.ending, Ending::Exited(1));
    assert!(!alive(&folder.join("hidden")), "it goes on");
    host.close().await;
}

/// A job that takes what comes over the channel gets no request of another.
async fn thief() {
    let server = Sshd::builder().start();
    let folder = server.path("tmp");
    let host = host(&server);
    let text = format!(
        "for pid in \"$@\"; do read -r line </proc/$pid/stat; case $line in *'(sh)'*) ;; *) continue ;; esac; cat /proc/$pid/fd/0 >>{0}/stolen & cat /proc/$pid/fd/1 >>{0}/stolen & done; sleep 60",
        folder.display()
    );
    for _ in 0..3 {
        let _ = std::fs::remove_file(folder.join("hidden"));
        let first = host
            .run(&shell(&format!(
                "{}sleep 0.2; echo v1",
                hide(&folder, &text)
            )))
            .await;
        assert_eq!(first.unwrap().stdout.text(), "v1\n");
        for word in ["secret-one", "secret-two"] {
            assert_eq!(
                run(&host, &format!("echo {word}")).await.stdout.text(),
                format!("{word}\n")
            );
        }
    }
    let stolen = std::fs::read_to_string(folder.join("stolen")).unwrap_or_default();
    assert!(
        !stolen.contains("secret") && !stolen.contains("gateproof-"),
        "{stolen}"
    );
    host.close().await;
}

/// A login that is not root, and a program of root's that it may start.
async fn other_user() {
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o755);
    let become_root = root_helper(folder.path());
    assert!(
        may_run(folder.path().join("helper")),
        "TMPDIR cannot be entered by other users"
    );
    let login = folder.path().join("login");
    write_program(
        &login,
        &format!("#!/bin/sh\nexec {AS_NOBODY} /bin/sh \"$@\"\n"),
    );
    let server = Sshd::builder()
        .login_shell(login)
        .environment("TMPDIR", "/tmp")
        .start();
    let host = host(&server);
    let mut late = shell(&format!("{become_root} sleep 613"));
    late.deadline = Duration::from_millis(1500);
    let left = shell(&format!(
        "setsid {become_root} sleep 613 >/dev/null 2>&1 & sleep 0.3; echo done"
    ));
    for (invocation, in_time) in [(left, true), (late, false)] {
        let fault = host.run(&invocation).await.unwrap_err();
        let stays = match &fault {
            Fault::Outlived(stays) if in_time => stays,
            Fault::Deadline { stays, .. } if !in_time => stays,
            other => panic!("{other}"),
        };
        let [process] = &stays[..] else {
            panic!("{fault}")
        };
        assert_eq!(
            (process.name.as_str(), process.uid, process.ended),
            ("sleep", Some(0), false)
        );
        assert!(
            fault
                .to_string()
                .contains(&format!("process {} `sleep` of uid 0", process.pid)),
            "{fault}"
        );
        kill(process.pid).unwrap();
    }
    assert_eq!(run(&host, "id -u").await.stdout.text(), "65534\n");
    host.close().await;
}

async fn umask() {
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o755);
    let login = folder.path().join("login");
    let text = format!("#!/bin/sh\numask 777\nexec {AS_NOBODY} /bin/sh \"$@\"\n");
    write_program(&login, &text);
    let server = Sshd::builder()
        .login_shell(login)
        .environment("TMPDIR", "/tmp")
        .start();
    let host = host(&server);
    for _ in 0..2 {
        let seen = run(&host, "umask; cat; echo err >&2").await;
        assert_eq!(seen.stdout.text(), "0777\n");
        assert_eq!(seen.stderr.text(), "err\n");
    }
    host.close().await;
}

fn set_mode(file: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
}
