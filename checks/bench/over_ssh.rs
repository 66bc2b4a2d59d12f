//! What a check costs over SSH.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use reach::host::{Address, Host, Invocation, ReachOptions, Script};
use test_kit::sshd::{ALIAS, Sshd};

const COMMANDS: usize = 50;

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test(
        "fifty_commands_cost_at_most_twice_a_batch_and_a_connection",
        || {
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(fifty_commands());
            Ok(())
        },
    )]
}

fn host(server: &Sshd) -> Host {
    let options = ReachOptions {
        ssh_config: Some(server.config()),
        connect_timeout: Duration::from_secs(10),
    };
    Host::open("cc-ci", &Address::Ssh(ALIAS.to_owned()), &options)
}

/// `ssh host ARGUMENTS` with something to read; how long it took.
fn ssh(server: &Sshd, arguments: &[&str], input: &str) -> (Duration, String) {
    let file = server.path("batch");
    std::fs::write(&file, input).unwrap();
    let begin = Instant::now();
    let output = Command::new("ssh")
        .args(["-o", "ControlPath=none", "-o", "BatchMode=yes", "-F"])
        .arg(server.config())
        .arg(ALIAS)
        .args(arguments)
        .stdin(Stdio::from(std::fs::File::open(file).unwrap()))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    (begin.elapsed(), String::from_utf8(output.stdout).unwrap())
}

/// Each way in turn, and the best of each: what else the machine does should not decide.
async fn fifty_commands() {
    let server = Sshd::builder().start();
    let command = Invocation::new(
        Script::Shell("printf ok".to_owned()),
        Duration::from_secs(30),
        1 << 20,
    );
    let batch_text = "printf ok\n".repeat(COMMANDS);
    let (mut connect, mut batch, mut ours) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for round in 0..8 {
        if round >= 3 && ours <= 2 * (batch + connect) {
            break;
        }
        connect = connect.min(ssh(&server, &["true"], "").0);
        let (time, output) = ssh(&server, &["sh", "-s"], &batch_text);
        assert_eq!(output, "ok".repeat(COMMANDS));
        batch = batch.min(time);
        let host = host(&server);
        let begin = Instant::now();
        for _ in 0..COMMANDS {
            let answer = host.run(&command).await.expect("the host answers");
            assert_eq!(answer.stdout.text(), "ok");
        }
        ours = ours.min(begin.elapsed());
        host.close().await;
    }
    let bound = 2 * (batch + connect);
    println!(
        "{COMMANDS} commands: {ours:?} with connecting; one batch {batch:?}, one connection {connect:?}, bound {bound:?}"
    );
    assert!(ours <= bound, "{ours:?} is more than {bound:?}");
}
