use std::path::Path;

use std::time::{Duration, Instant};

use super::super::fault::Fault;
use super::super::invocation::{Invocation, Leftovers, Script};
use super::super::transport::Host;
use super::host::{LocalHost, fresh_mark};
use super::job::Job;
use crate::observation::{Captured, CommandObservation, Ending};
use rustix::process::Pid;

fn shell(text: &str) -> Invocation {
    Invocation::new(
        Script::Shell(text.to_owned()),
        Duration::from_secs(20),
        1 << 20,
    )
}

fn argv(words: &[&str]) -> Invocation {
    let words = words.iter().map(|&word| word.to_owned()).collect();
    Invocation {
        script: Script::Argv(words),
        ..shell("")
    }
}

async fn run(invocation: &Invocation) -> Result<CommandObservation, Fault> {
    let host = Host::local();
    let result = host.run(invocation).await;
    host.close().await;
    result
}

/// Whether the process whose id the file holds is alive (a zombie is not).
fn alive(pid_file: &Path) -> bool {
    let pid = std::fs::read_to_string(pid_file).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

async fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "not within 10 s: {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn status_and_streams_come_back_apart_and_binary_safe() {
    let seen = run(&shell(r"printf 'a\000b'; printf err >&2; exit 255"))
        .await
        .unwrap();
    assert_eq!(seen.ending, Ending::Exited(255));
    assert_eq!(seen.stdout, Captured::whole(*b"a\0b"));
    assert_eq!(seen.stderr, Captured::whole(*b"err"));
}

#[tokio::test]
async fn an_exit_status_above_128_is_not_a_signal() {
    assert_eq!(
        run(&shell("exit 137")).await.unwrap().ending,
        Ending::Exited(137)
    );
    assert_eq!(
        run(&shell("kill -9 $$")).await.unwrap().ending,
        Ending::Signalled(9)
    );
    assert_eq!(
        run(&shell("no-such-program")).await.unwrap().ending,
        Ending::Exited(127)
    );
}

#[tokio::test]
async fn output_beyond_the_limit_is_counted_and_not_kept() {
    let mut invocation = shell("head -c 5000000 /dev/zero; head -c 10 /dev/zero >&2");
    invocation.output_limit = 1000;
    let seen = run(&invocation).await.unwrap();
    assert_eq!(
        (seen.stdout.bytes.len(), seen.stdout.total),
        (1000, 5_000_000)
    );
    assert_eq!((seen.stderr.bytes.len(), seen.stderr.total), (10, 10));
}

#[tokio::test]
async fn parameters_environment_folder_and_input_arrive_as_data() {
    let folder = tempfile::tempdir().unwrap();
    let nasty = "a'b\"c\n$(touch made) `touch made` \\ *";
    let mut invocation =
        shell(r#"printf '%s|%s|%s|' "$p" "$E" "${PWD}"; env | grep -c '^p='; cat"#);
    invocation.params = vec![("p".into(), nasty.into())];
    invocation.env = vec![("E".into(), nasty.into())];
    invocation.cwd = Some(folder.path().display().to_string());
    invocation.stdin = Some(b"in\0put".to_vec());
    let seen = run(&invocation).await.unwrap();
    let want = format!("{nasty}|{nasty}|{}|0\nin\0put", folder.path().display());
    assert_eq!(seen.stdout.text(), want);
    assert!(!folder.path().join("made").exists());
}

#[tokio::test]
async fn an_argument_vector_is_read_by_no_shell() {
    let seen = run(&argv(&["printf", "%s", "$HOME;'"])).await.unwrap();
    assert_eq!(seen.stdout.text(), "$HOME;'");
}

#[tokio::test]
async fn what_cannot_be_started_is_a_fault_that_says_why() {
    let missing = run(&argv(&["no-such-program-here"])).await.unwrap_err();
    assert!(
        matches!(&missing, Fault::ToolMissing { detail } if detail.contains("no-such-program-here"))
    );
    let mut invocation = shell("true");
    invocation.cwd = Some("/no/such/folder".into());
    assert!(
        run(&invocation)
            .await
            .unwrap_err()
            .to_string()
            .contains("/no/such/folder")
    );
    assert!(matches!(run(&argv(&[])).await, Err(Fault::Other(_))));
    assert!(matches!(run(&shell("a\0b")).await, Err(Fault::Other(_))));
}

#[tokio::test]
async fn kills_the_whole_tree_when_the_deadline_passes() {
    let folder = tempfile::tempdir().unwrap();
    let (group, session) = (folder.path().join("group"), folder.path().join("session"));
    let mut invocation = shell(
        "sleep 60 & echo $! >group; setsid sh -c 'echo $$ >session; exec sleep 60' & echo begun; wait",
    );
    invocation.cwd = Some(folder.path().display().to_string());
    invocation.deadline = Duration::from_millis(600);
    let begin = Instant::now();
    let fault = run(&invocation).await.unwrap_err();
    assert!(
        begin.elapsed() < Duration::from_millis(1600),
        "took {:?}",
        begin.elapsed()
    );
    let want = Fault::Deadline {
        stays: Vec::new(),
        limit: Duration::from_millis(600),
        output: "begun\n".into(),
    };
    assert_eq!(fault, want);
    wait_until("both are gone", || !alive(&group) && !alive(&session)).await;
}

#[tokio::test]
async fn a_background_process_that_holds_the_pipe_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    for leftovers in [Leftovers::Kill, Leftovers::Keep] {
        let mut invocation = shell("sleep 60 & echo $! >pid; echo out");
        invocation.cwd = Some(folder.path().display().to_string());
        invocation.leftovers = leftovers;
        let begin = Instant::now();
        let seen = run(&invocation).await.unwrap();
        assert!(
            begin.elapsed() < Duration::from_secs(2),
            "took {:?}",
            begin.elapsed()
        );
        assert_eq!(seen.stdout.text(), "out\n");
        let pid = folder.path().join("pid");
        match leftovers {
            Leftovers::Kill => wait_until("it is killed", || !alive(&pid)).await,
            Leftovers::Keep => {
                assert!(alive(&pid));
                let id: i32 = std::fs::read_to_string(&pid)
                    .unwrap()
                    .trim()
                    .parse()
                    .unwrap();
                rustix::process::kill_process(
                    Pid::from_raw(id).unwrap(),
                    rustix::process::Signal::KILL,
                )
                .unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_command_nobody_waits_for_any_more_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let mut invocation = shell("echo $$ >pid; sleep 60");
    invocation.cwd = Some(folder.path().display().to_string());
    let host = Host::local();
    tokio::select! {
        _ = host.run(&invocation) => panic!("it cannot end by itself"),
        () = wait_until("it began", || std::fs::read(&pid).is_ok_and(|text| text.ends_with(b"\n"))) => {}
    }
    wait_until("it is gone", || !alive(&pid)).await;
    host.close().await;
}

#[tokio::test]
async fn what_escapes_ends_with_its_command_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    for escape in ["setsid", "env -i PATH=\"$PATH\" setsid"] {
        let mut invocation = shell(&format!(
            "({escape} sh -c 'echo $$ >pid; exec sleep 60' >/dev/null 2>&1 &) ; while ! [ -s pid ]; do :; done"
        ));
        invocation.cwd = Some(folder.path().display().to_string());
        let host = Host::local();
        let beside = shell("sleep 0.5; echo beside");
        let (seen, other) = tokio::join!(host.run(&invocation), host.run(&beside));
        let left = seen.unwrap().left;
        assert!(!alive(&pid), "{escape}");
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(left[0].ended && left[0].name == "sleep", "{left:?}");
        // What runs at the same time is not taken for something left behind.
        assert_eq!(other.unwrap().stdout.text(), "beside\n");
        host.close().await;
        std::fs::remove_file(&pid).unwrap();
    }
}

#[tokio::test]
async fn the_guard_cleans_up_when_we_go_without_a_goodbye() {
    let folder = tempfile::tempdir().unwrap();
    for (name, leftovers) in [("kill", Leftovers::Kill), ("keep", Leftovers::Keep)] {
        let pid = folder.path().join(name);
        let mut invocation = shell(&format!("setsid sleep 60 & echo $! >{name}; wait"));
        invocation.cwd = Some(folder.path().display().to_string());
        invocation.leftovers = leftovers;
        let host = LocalHost::new();
        let run = host.ready().await.unwrap();
        let mut job =
            Job::start(&run.mark, fresh_mark().unwrap(), run.descent(), &invocation).unwrap();
        if leftovers == Leftovers::Keep {
            run.guard.add(&job.tree.mark).await.unwrap();
        }
        wait_until("it began", || {
            std::fs::read(&pid).is_ok_and(|text| text.ends_with(b"\n"))
        })
        .await;
        // As after SIGKILL: no destructor of ours kills anything, only the pipe closes.
        job.tree.release();
        drop(host);
        wait_until("the guard killed it", || !alive(&pid)).await;
        job.child.wait().await.unwrap();
    }
}

#[tokio::test]
async fn a_service_shows_its_output_ends_and_is_stopped() {
    let host = Host::local();
    let mut service = host.start(&shell("echo $$; sleep 60")).await.unwrap();
    for _ in 0..500 {
        if service.stdout().await.unwrap().ends_with(b"\n") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let printed = String::from_utf8(service.stdout().await.unwrap()).unwrap();
    let leader = Pid::from_raw(printed.trim().parse().unwrap()).unwrap();
    assert_eq!(service.ended().await.unwrap(), None);
    service.stop().await.unwrap();
    assert!(rustix::process::test_kill_process(leader).is_err());

    let mut short = host.start(&shell("exit 3")).await.unwrap();
    let ended = loop {
        if let Some(ended) = short.ended().await.unwrap() {
            break ended;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(ended.ending, Ending::Exited(3));

    let mut invocation = shell("sleep 60");
    invocation.deadline = Duration::from_millis(100);
    let mut overdue = host.start(&invocation).await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(matches!(overdue.ended().await, Err(Fault::Deadline { .. })));
    host.close().await;
}
