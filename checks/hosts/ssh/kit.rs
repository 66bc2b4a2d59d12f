//! Short words for what all SSH checks do.

use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use reach::host::{Address, Fault, Host, Invocation, ReachOptions, Script};
use reach::observation::CommandObservation;

use test_kit::sshd::{ALIAS, Sshd};

/// A check with a runtime of its own.
pub fn trial<F>(name: &str, check: fn() -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(check());
        Ok(())
    })
}

pub fn options(config: &Path) -> ReachOptions {
    ReachOptions {
        ssh_config: Some(config.to_owned()),
        connect_timeout: Duration::from_secs(10),
    }
}

pub fn host(server: &Sshd) -> Host {
    host_at(ALIAS, &server.config())
}

pub fn host_at(destination: &str, config: &Path) -> Host {
    let address = Address::Ssh(destination.to_owned());
    Host::open("cc-ci", &address, &options(config))
}

pub fn shell(text: &str) -> Invocation {
    Invocation::new(
        Script::Shell(text.to_owned()),
        Duration::from_secs(30),
        1 << 20,
    )
}

pub fn argv(words: &[&str]) -> Invocation {
    Invocation {
        script: Script::Argv(words.iter().map(|&word| word.to_owned()).collect()),
        ..shell("")
    }
}

/// Runs one command that has to come to its end.
pub async fn run(host: &Host, text: &str) -> CommandObservation {
    match host.run(&shell(text)).await {
        Ok(seen) => seen,
        Err(fault) => panic!("`{text}`: {fault}"),
    }
}

/// Runs one command that cannot be run.
pub async fn fault(host: &Host) -> Fault {
    host.run(&shell("true"))
        .await
        .expect_err("nothing can run there")
}

/// Whether the process whose id a file holds is alive (a zombie is not).
pub fn alive(pid_file: &Path) -> bool {
    let pid = std::fs::read_to_string(pid_file).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

pub fn written(file: &Path) -> bool {
    std::fs::read(file).is_ok_and(|text| text.ends_with(b"\n"))
}

pub async fn wait_until(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The folders that runners have made below a folder.
pub fn runner_folders(base: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(base).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .filter(|name| name.starts_with("gateproof-"))
        .collect()
}
