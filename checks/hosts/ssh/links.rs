//! Connections: those that fail, those that break, and what is left then.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use reach::host::{Fault, Host};

use super::kit::{
    alive, fault, host, host_at, run, runner_folders, shell, trial, wait_until, written,
};
use test_kit::proxy::Proxy;
use test_kit::sshd::{ALIAS, Sshd, descendants, free_port, keygen, kill, user};

/// Set, this program is a client that connects with that configuration (`local`: runs on this
/// machine), and does not end.
pub const CLIENT: &str = "GATEPROOF_CHECK_CLIENT";

pub fn trials() -> Vec<Trial> {
    vec![
        trial("each_way_not_to_get_in_has_its_own_fault", not_in),
        trial("a_host_that_is_down_is_asked_once", down),
        trial("a_missing_ssh_configuration_says_so", bad_config),
        trial("every_spelling_of_a_destination_connects", spellings),
        trial("through_a_jump_host", jump),
        trial("with_a_key_of_the_agent", agent),
        trial("a_server_that_allows_two_sessions_is_enough", two_sessions),
        trial("no_more_than_four_channels_are_ever_open", four_channels),
        trial("a_login_without_a_shell_says_what_it_printed", no_shell),
        trial("nothing_is_left_when_the_client_is_killed", client_killed),
        trial(
            "nothing_is_left_of_local_commands_when_the_client_is_killed",
            local_client_killed,
        ),
        trial("nothing_is_left_when_the_runner_is_killed", runner_killed),
        trial("a_closed_link_is_lost_and_made_again_once", link_closed),
        trial(
            "a_link_that_falls_silent_is_lost_and_nothing_is_left",
            link_silent,
        ),
    ]
}

/// The client of [`client_killed`]; it runs until it is killed.
pub fn be_a_client(config: &Path) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let host = match config.to_str() {
            Some("local") => Host::local(),
            _ => host_at(ALIAS, config),
        };
        let text = "cd \"$TMPDIR\"; echo $$ >leader; sleep 70 & echo $! >group; setsid sh -c 'echo $$ >session; exec sleep 71' & wait";
        let mut invocation = shell(text);
        invocation.deadline = Duration::from_secs(600);
        let seen = host.run(&invocation).await;
        panic!("it was to run until we are killed: {seen:?}");
    });
}

async fn not_in() {
    let server = Sshd::builder().start();

    let refused = server.config_with("refused", |text| {
        text.replace(&server.port.to_string(), &free_port().to_string())
    });
    let seen = fault(&host_at(ALIAS, &refused)).await;
    assert!(
        matches!(&seen, Fault::Unreachable { host, detail } if host == "cc-ci" && detail.contains("Connection refused")),
        "{seen}"
    );

    let nowhere = fault(&host_at("no-such-host.invalid", &server.config())).await;
    assert!(
        matches!(&nowhere, Fault::Unreachable { detail, .. } if detail.contains("resolve")),
        "{nowhere}"
    );

    std::fs::write(server.path("empty"), "").unwrap();
    let unknown = server.config_with("unknown", |text| text.replace("known_hosts", "empty"));
    let seen = fault(&host_at(ALIAS, &unknown)).await;
    assert!(
        matches!(&seen, Fault::HostKey { detail, .. } if detail.starts_with("it is unknown; `ssh-keyscan -p")),
        "{seen}"
    );
    // Nothing was added behind anybody's back.
    assert_eq!(std::fs::read_to_string(server.path("empty")).unwrap(), "");

    keygen(&server.path("other_key"));
    let other = std::fs::read_to_string(server.path("other_key.pub")).unwrap();
    std::fs::write(
        server.path("changed_hosts"),
        format!("[127.0.0.1]:{} {other}", server.port),
    )
    .unwrap();
    let changed = server.config_with("changed", |text| {
        text.replace("known_hosts", "changed_hosts")
    });
    let seen = fault(&host_at(ALIAS, &changed)).await;
    assert!(
        matches!(&seen, Fault::HostKey { detail, .. } if detail.contains("(changed)") && !detail.contains("@@@")),
        "{seen}"
    );

    let host_key = std::fs::read_to_string(server.path("host_key.pub")).unwrap();
    std::fs::write(
        server.path("revoked_hosts"),
        format!("@revoked * {host_key}"),
    )
    .unwrap();
    let revoked = server.config_with("revoked", |text| {
        text.replace("known_hosts", "revoked_hosts")
    });
    let seen = fault(&host_at(ALIAS, &revoked)).await;
    assert!(
        matches!(&seen, Fault::HostKey { detail, .. } if detail.contains("revoked")),
        "{seen}"
    );

    let stranger = server.config_with("stranger", |text| text.replace("user_key", "other_key"));
    let seen = fault(&host_at(ALIAS, &stranger)).await;
    assert!(
        matches!(&seen, Fault::LoginRefused { detail, .. } if detail.contains("Permission denied")),
        "{seen}"
    );

    let hostile = fault(&host_at("-oProxyCommand=touch made", &server.config())).await;
    assert!(matches!(hostile, Fault::Other(_)), "{hostile}");
}

async fn down() {
    let server = Sshd::builder().start();
    let proxy = Proxy::hanging_up();
    let config = server.config_with("down", |text| {
        text.replace(&server.port.to_string(), &proxy.port.to_string())
    });
    let host = std::sync::Arc::new(host_at(ALIAS, &config));
    let together: Vec<_> = (0..10)
        .map(|_| {
            let host = std::sync::Arc::clone(&host);
            tokio::spawn(async move { fault(&host).await })
        })
        .collect();
    for one in together {
        let seen = one.await.unwrap();
        assert!(matches!(seen, Fault::Unreachable { .. }), "{seen}");
    }
    fault(&host).await;
    assert_eq!(proxy.connections(), 1);
}

async fn bad_config() {
    let server = Sshd::builder().start();
    let wrong = server.config_with("wrong", |text| format!("Hots x\n{text}"));
    let seen = fault(&host_at(ALIAS, &wrong)).await;
    assert!(
        matches!(&seen, Fault::Other(text) if text.contains("onfiguration") && text.contains("hots")),
        "{seen}"
    );
}

async fn spellings() {
    let server = Sshd::builder().start();
    // Whoever names the port does not need the alias.
    let config = server.config_with("any", |text| {
        text.replace(&format!("Host {ALIAS}\n"), "Host *\n")
            .lines()
            .filter(|line| !line.contains("Port ") && !line.contains("User "))
            .collect::<Vec<_>>()
            .join("\n")
            + "\n"
    });
    let (me, port) = (user(), server.port);
    for destination in [
        format!("{me}@127.0.0.1:{port}"),
        format!("ssh://{me}@127.0.0.1:{port}"),
        format!("{me}@[127.0.0.1]:{port}"),
    ] {
        let host = host_at(&destination, &config);
        assert_eq!(
            run(&host, "echo here").await.stdout.text(),
            "here\n",
            "{destination}"
        );
        host.close().await;
    }
}

async fn jump() {
    let (bastion, target) = (Sshd::builder().start(), Sshd::builder().start());
    let bastion_part = std::fs::read_to_string(bastion.config())
        .unwrap()
        .replace(ALIAS, "bastion");
    let config = target.config_with("jump", |text| {
        format!("{text}  ProxyJump bastion\n{bastion_part}")
    });
    let host = host_at(ALIAS, &config);
    assert_eq!(run(&host, "echo here").await.stdout.text(), "here\n");
    assert!(
        bastion.log().contains("direct-tcpip"),
        "it did not go through the bastion"
    );
    host.close().await;

    // The bastion's own refusal is readable too.
    let closed = target.config_with("closed", |text| {
        format!(
            "{text}  ProxyJump bastion\n{}",
            bastion_part.replace("user_key", "nobodys_key")
        )
    });
    let seen = fault(&host_at(ALIAS, &closed)).await;
    assert!(
        matches!(&seen, Fault::LoginRefused { detail, .. } if detail.contains("Permission denied")),
        "{seen}"
    );
}

async fn agent() {
    let server = Sshd::builder().start();
    let socket = server.path("agent");
    let mut agent = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the agent listens", Duration::from_secs(5), || {
        socket.exists()
    })
    .await;
    let added = Command::new("ssh-add")
        .arg("-q")
        .arg(server.path("user_key"))
        .env("SSH_AUTH_SOCK", &socket)
        .status()
        .unwrap();
    assert!(added.success());
    let config = server.config_with("by_agent", |text| {
        let kept = text
            .lines()
            .filter(|line| !line.contains("Identit"))
            .collect::<Vec<_>>()
            .join("\n");
        format!("{kept}\n  IdentityAgent {}\n", socket.display())
    });
    let host = host_at(ALIAS, &config);
    let seen = host.run(&shell("echo here")).await;
    host.close().await;
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert_eq!(seen.unwrap().stdout.text(), "here\n");
}

async fn two_sessions() {
    let server = Sshd::builder().line("MaxSessions 2").start();
    let host = host(&server);
    for round in 0..30 {
        assert_eq!(
            run(&host, &format!("echo {round}")).await.stdout.text(),
            format!("{round}\n")
        );
    }
    let service = host.start(&shell("sleep 72")).await.unwrap();
    assert_eq!(run(&host, "echo beside").await.stdout.text(), "beside\n");
    let seen = host.start(&shell("sleep 73")).await.unwrap_err();
    assert!(
        matches!(&seen, Fault::NotAllowed { detail, .. } if detail.contains("session")),
        "{seen}"
    );
    assert_eq!(run(&host, "echo after").await.stdout.text(), "after\n");
    service.stop().await.unwrap();
    host.close().await;
}

async fn four_channels() {
    let server = Sshd::builder().start();
    let host = std::sync::Arc::new(host(&server));
    let many: Vec<_> = (0..40)
        .map(|number| {
            let host = std::sync::Arc::clone(&host);
            tokio::spawn(async move {
                run(&host, &format!("echo {number}"))
                    .await
                    .stdout
                    .text()
                    .into_owned()
            })
        })
        .collect();
    for (number, one) in many.into_iter().enumerate() {
        assert_eq!(one.await.unwrap(), format!("{number}\n"));
    }
    let log = server.log();
    let sessions = log.matches("session_open: session").count();
    assert_eq!(sessions, 1, "{log}");
    assert_eq!(log.matches("Accepted publickey").count(), 1, "{log}");
    host.close().await;
}

async fn no_shell() {
    let server = Sshd::builder()
        .line("ForceCommand echo 'This account is for pulling only.'; exit 1")
        .start();
    let host = host(&server);
    for _ in 0..2 {
        let seen = fault(&host).await;
        assert!(
            matches!(&seen, Fault::NotAllowed { detail, .. } if detail.contains("for pulling only")),
            "{seen}"
        );
    }
    assert_eq!(server.log().matches("session_open: session").count(), 1);
    host.close().await;
}

async fn local_client_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Command::new(std::env::current_exe().unwrap())
        .env(CLIENT, "local")
        .env("TMPDIR", folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let files = ["leader", "group", "session"].map(|name| folder.path().join(name));
    let begun = || files.iter().all(|file| written(file));
    wait_until("the job runs", Duration::from_secs(20), begun).await;
    let all = descendants(client.id());
    assert!(
        files.iter().all(|file| alive(file)) && all.len() > 3,
        "a guard and the job"
    );
    client.kill().unwrap();
    client.wait().unwrap();
    wait_until("nothing is left", Duration::from_secs(8), || {
        let gone = |pid: &u32| !Path::new(&format!("/proc/{pid}")).exists();
        files.iter().all(|file| !alive(file)) && all.iter().all(gone)
    })
    .await;
}

async fn client_killed() {
    let server = Sshd::builder().start();
    let folder = server.path("tmp");
    let mut client = Command::new(std::env::current_exe().unwrap())
        .env(CLIENT, server.config())
        .env("TMPDIR", server.path("tmp"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let files = ["leader", "group", "session"].map(|name| folder.join(name));
    wait_until("the job runs", Duration::from_secs(20), || {
        files.iter().all(|file| written(file))
    })
    .await;
    let helpers = descendants(client.id());
    assert!(files.iter().all(|file| alive(file)) && !helpers.is_empty());
    assert_eq!(
        runner_folders(&folder).len(),
        2,
        "one of the runner, one of the connection"
    );
    client.kill().unwrap();
    client.wait().unwrap();
    let begin = Instant::now();
    wait_until("nothing is left", Duration::from_secs(8), || {
        let below = descendants(server.pid());
        files.iter().all(|file| !alive(file))
            && runner_folders(&folder).is_empty()
            && below.is_empty()
            && helpers
                .iter()
                .all(|pid| !Path::new(&format!("/proc/{pid}")).exists())
    })
    .await;
    println!("all gone {:?} after the client was killed", begin.elapsed());
}

async fn runner_killed() {
    let server = Sshd::builder().start();
    let folder = server.path("tmp");
    let host = std::sync::Arc::new(host(&server));
    for victim in ["reader", "executor", "main"] {
        let files = ["leader", "session"].map(|name| folder.join(format!("{victim}-{name}")));
        let text = format!(
            "echo $$ >{}; setsid sh -c 'echo $$ >{}; exec sleep 74' & wait",
            files[0].display(),
            files[1].display()
        );
        let invocation = shell(&text);
        let running = {
            let host = std::sync::Arc::clone(&host);
            tokio::spawn(async move { host.run(&invocation).await })
        };
        wait_until("the job runs", Duration::from_secs(10), || {
            files.iter().all(|file| written(file))
        })
        .await;
        let name = runner_folders(&folder).remove(0);
        let pid = match victim {
            "main" => parent_of(&folder.join(&name).join("executor")),
            _ => std::fs::read_to_string(folder.join(&name).join(victim))
                .unwrap()
                .trim()
                .parse()
                .unwrap(),
        };
        kill(pid).unwrap();
        let seen = running.await.unwrap().unwrap_err();
        assert!(matches!(seen, Fault::LinkLost { .. }), "{victim}: {seen}");
        wait_until("nothing is left", Duration::from_secs(5), || {
            files.iter().all(|file| !alive(file)) && !folder.join(&name).exists()
        })
        .await;
        assert_eq!(
            run(&host, "echo again").await.stdout.text(),
            "again\n",
            "{victim}"
        );
    }
    host.close().await;
    wait_until("no folder", Duration::from_secs(5), || {
        runner_folders(&folder).is_empty()
    })
    .await;
    wait_until("no process", Duration::from_secs(5), || {
        descendants(server.pid()).is_empty()
    })
    .await;
    // One connection was enough for all of it.
    assert_eq!(server.log().matches("Accepted publickey").count(), 1);
}

fn parent_of(pid_file: &Path) -> u32 {
    let pid = std::fs::read_to_string(pid_file).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap();
    stat.rsplit_once(") ")
        .unwrap()
        .1
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

/// A host behind a proxy, and a job on it that has begun.
async fn behind_a_proxy(
    server: &Sshd,
    proxy: &Proxy,
    deadline: Duration,
) -> (std::sync::Arc<Host>, tokio::task::JoinHandle<Fault>) {
    let config = server.config_with("proxied", |text| {
        // The key is known under the server's own port.
        text.replace(
            &format!("Port {}", server.port),
            &format!("Port {}", proxy.port),
        ) + &format!("  HostKeyAlias [127.0.0.1]:{}\n", server.port)
    });
    let host = std::sync::Arc::new(host_at(ALIAS, &config));
    let folder = server.path("tmp");
    let mut invocation = shell(&format!(
        "cd {}; echo $$ >leader; setsid sh -c 'echo $$ >session; exec sleep 75' & wait",
        folder.display()
    ));
    invocation.deadline = deadline;
    let shared = std::sync::Arc::clone(&host);
    let job = tokio::spawn(async move { shared.run(&invocation).await.unwrap_err() });
    let files = ["leader", "session"].map(|name| folder.join(name));
    wait_until("the job runs", Duration::from_secs(20), || {
        files.iter().all(|file| written(file))
    })
    .await;
    (host, job)
}

async fn link_closed() {
    let server = Sshd::builder().start();
    let proxy = Proxy::to(server.port);
    let (host, job) = behind_a_proxy(&server, &proxy, Duration::from_secs(60)).await;
    let begin = Instant::now();
    proxy.close();
    let seen = job.await.unwrap();
    assert!(matches!(seen, Fault::LinkLost { .. }), "{seen}");
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "noticed after {:?}",
        begin.elapsed()
    );
    let files = ["leader", "session"].map(|name| server.path("tmp").join(name));
    wait_until("the tree is gone", Duration::from_secs(5), || {
        files.iter().all(|file| !alive(file))
    })
    .await;
    // One attempt to connect again, remembered.
    for _ in 0..2 {
        let seen = fault(&host).await;
        assert!(matches!(seen, Fault::Unreachable { .. }), "{seen}");
    }
    host.close().await;
}

async fn link_silent() {
    let server = Sshd::builder().start();
    let proxy = Proxy::to(server.port);
    let (host, job) = behind_a_proxy(&server, &proxy, Duration::from_secs(3)).await;
    let begin = Instant::now();
    proxy.freeze();
    let folder = server.path("tmp");
    let files = ["leader", "session"].map(|name| folder.join(name));
    wait_until(
        "the host kept the deadline",
        Duration::from_secs(12),
        || files.iter().all(|file| !alive(file)),
    )
    .await;
    println!(
        "the host kept the deadline of 3 s after {:?}",
        begin.elapsed()
    );
    let seen = job.await.unwrap();
    assert!(matches!(seen, Fault::LinkLost { .. }), "{seen}");
    println!("the client noticed after {:?}: {seen}", begin.elapsed());
    assert!(begin.elapsed() < Duration::from_secs(25));
    host.close().await;
    wait_until("the runner has gone", Duration::from_secs(60), || {
        runner_folders(&folder).is_empty()
    })
    .await;
    println!("the runner was gone after {:?}", begin.elapsed());
}
