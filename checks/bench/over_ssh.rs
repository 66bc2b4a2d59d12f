//! What a check costs over SSH.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use reach::host::{Address, Host, Invocation, ReachOptions, Script};
use test_kit::program::Scratch;
use test_kit::proxy::Proxy;
use test_kit::sshd::{ALIAS, Sshd};

/// How often each way is taken. The best of each counts: what else the machine does should not decide.
const ROUNDS: usize = 3;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "fifty_commands_cost_at_most_twice_a_batch_and_a_connection",
            || {
                let runtime = tokio::runtime::Runtime::new()?;
                runtime.block_on(fifty_commands());
                Ok(())
            },
        ),
        Trial::test(
            "checks_over_ssh_cost_at_most_twice_a_batch_and_a_connection",
            || {
                checks_over_ssh();
                Ok(())
            },
        ),
        Trial::test("what_checks_on_this_machine_cost_is_told", || {
            checks_on_this_machine();
            Ok(())
        })
        .with_ignored_flag(!full()),
    ]
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
    ssh_by(&server.config(), server, arguments, input)
}

fn ssh_by(config: &Path, server: &Sshd, arguments: &[&str], input: &str) -> (Duration, String) {
    let file = server.path("batch");
    std::fs::write(&file, input).unwrap();
    let begin = Instant::now();
    let output = Command::new("ssh")
        .args(["-o", "ControlPath=none", "-o", "BatchMode=yes", "-F"])
        .arg(config)
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

async fn fifty_commands() {
    const COMMANDS: usize = 50;
    let server = Sshd::builder().start();
    let command = Invocation::new(
        Script::Shell("printf ok".to_owned()),
        Duration::from_secs(30),
        1 << 20,
    );
    let batch_text = "printf ok\n".repeat(COMMANDS);
    let (mut connect, mut batch, mut ours) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
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

/// Claim files of so many checks, over links of so much delay in each direction. With `GATEPROOF_BENCH`
/// also those that take long to measure.
fn checks_over_ssh() {
    let server = Sshd::builder().start();
    // 500 short checks cost more than that, and what they cost is told in docs/building.md: a
    // process of its own for each, which a batch does not have.
    let all = [(50, 0, true), (100, 25, true), (500, 0, false)];
    let measured = if full() { &all[..] } else { &all[..2] };
    for &(count, delay, bounded) in measured {
        let delay = Duration::from_millis(delay);
        let slow = Proxy::slow(server.port, delay);
        let config = if delay.is_zero() {
            server.config()
        } else {
            behind(&server, &slow)
        };
        let scratch = Scratch::with(claims("there", count));
        let batch_text = "printf ok\n".repeat(count);
        let (mut connect, mut batch, mut ours) = (Duration::MAX, Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            connect = connect.min(ssh_by(&config, &server, &["true"], "").0);
            batch = batch.min(ssh_by(&config, &server, &["sh", "-s"], &batch_text).0);
            let config = config.display().to_string();
            let arguments = [
                "verify",
                "claim.yaml",
                "--no-record",
                "--ssh-config",
                &config,
            ];
            ours = ours.min(gateproof(&scratch, &arguments));
        }
        let wanted = 2 * batch + connect;
        let bound = 2 * (batch + connect);
        println!(
            "{count} checks over ssh, round trip {:?}: {ours:?}; connecting {connect:?}, one batch {batch:?}, two batches and a connection {wanted:?}",
            2 * delay
        );
        assert!(!bounded || ours <= bound, "{ours:?} is more than {bound:?}");
    }
}

/// Claim files that need no host, with `GATEPROOF_BENCH`.
fn checks_on_this_machine() {
    let scratch = Scratch::with(claims("local", 500));
    let each = "sh -c 'printf ok' >/dev/null\n".repeat(500);
    let (mut shell, mut ours) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let status = Command::new("sh").args(["-c", &each]).status().unwrap();
        shell = shell.min(begin.elapsed());
        assert!(status.success());
        ours = ours.min(gateproof(
            &scratch,
            &["verify", "claim.yaml", "--no-record"],
        ));
    }
    println!("500 checks here: {ours:?}; a shell that starts one for each {shell:?}");
    let scratch = Scratch::with(claims("local", 10_000));
    let read = gateproof(&scratch, &["check", "claim.yaml"]);
    println!("10,000 checks are read and judged in {read:?}");
    let one = Scratch::with(claims("local", 1));
    let begin = (0..ROUNDS).map(|_| gateproof(&one, &["verify", "claim.yaml", "--no-record"]));
    println!(
        "one check, with starting and ending: {:?}",
        begin.min().unwrap()
    );
}

fn full() -> bool {
    std::env::var_os("GATEPROOF_BENCH").is_some()
}

/// The server's configuration with the proxy's port.
fn behind(server: &Sshd, proxy: &Proxy) -> PathBuf {
    let port = |number: u16| format!("Port {number}");
    server.config_with("slow", |text| {
        let text = text.replace(&port(server.port), &port(proxy.port));
        text + "\nNoHostAuthenticationForLocalhost yes\n"
    })
}

/// How long the program took.
fn gateproof(scratch: &Scratch, arguments: &[&str]) -> Duration {
    let state = scratch.path().join("state");
    let mut command = test_kit::program::gateproof(scratch.path(), &state);
    let begin = Instant::now();
    let output = command.args(arguments).output().unwrap();
    let took = begin.elapsed();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    took
}

fn claims(place: &str, count: usize) -> String {
    let mut text =
        format!("phase: bench\nhosts:\n  there: {{ ssh: {ALIAS} }}\ngates:\n  M1:\n    checks:\n");
    for number in 0..count {
        text.push_str(&format!(
            "      - id: c{number}\n        claim: it prints its number\n        on: {place}\n        run: printf ok{number}\n        expect: {{ exit: 0, stdout: {{ equals: ok{number} }} }}\n"
        ));
    }
    text
}
