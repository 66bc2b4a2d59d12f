//! What the suites of the whole program share: runs and their records, runs that go on in the
//! background, and a look at the processes of this machine.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::program::{Scratch, Shown};

/// The longest that anything a suite waits for may take.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A run with its record.
#[derive(Debug)]
pub struct Run {
    pub shown: Shown,
    pub record: Value,
}

impl Scratch {
    /// `gateproof verify claim.yaml` with more words, and the one record it wrote.
    #[track_caller]
    pub fn recorded(&self, words: &[&str]) -> Run {
        // Two runs of one second have names in no order.
        let before = self.record_files();
        let shown = self.verify(words);
        let mut new = self.record_files();
        new.retain(|file| !before.contains(file));
        match new.as_slice() {
            [file] => Run {
                record: read_record(file),
                shown,
            },
            _ => panic!("records: {new:?}: {}\n{}", shown.out, shown.err),
        }
    }

    /// All records that were written in the folder, in the order of their names.
    pub fn records(&self) -> Vec<Value> {
        let files = self.record_files();
        files.iter().map(|file| read_record(file)).collect()
    }

    fn record_files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for phase in std::fs::read_dir(self.path().join("reports/runs"))
            .into_iter()
            .flatten()
            .flatten()
        {
            files.extend(
                std::fs::read_dir(phase.path())
                    .expect("a folder of records")
                    .flatten()
                    .map(|entry| entry.path()),
            );
        }
        files.sort();
        files
    }

    /// The text of a file of the folder; empty when there is none.
    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    /// The lines of a file of the folder, on one line.
    pub fn log(&self, name: &str) -> String {
        self.text(name)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub fn has(&self, name: &str) -> bool {
        self.path().join(name).exists()
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), text).expect("a file");
    }

    /// Starts the program in the folder and lets it run.
    pub fn start(&self, words: &[&str]) -> Running {
        Running::start(self.program(words))
    }
}

impl Run {
    /// The record of a check.
    #[track_caller]
    pub fn check(&self, id: &str) -> &Value {
        let checks = self.record["checks"].as_array().expect("checks");
        match checks.iter().find(|check| check["id"] == id) {
            Some(check) => check,
            None => panic!("no check {id} in {}", self.record),
        }
    }

    #[track_caller]
    pub fn outcome(&self, id: &str) -> &str {
        self.check(id)["outcome"].as_str().expect("an outcome")
    }

    /// Every outcome, in the order of the file.
    pub fn outcomes(&self) -> Vec<&str> {
        let checks = self.record["checks"].as_array().expect("checks");
        checks
            .iter()
            .filter_map(|check| check["outcome"].as_str())
            .collect()
    }

    /// All that is said about why a check is what it is.
    #[track_caller]
    pub fn why(&self, id: &str) -> String {
        self.check(id)["findings"].to_string()
    }

    /// The record of a fixture, the first of the name.
    #[track_caller]
    pub fn fixture(&self, name: &str) -> &Value {
        let fixtures = self.record["fixtures"].as_array().expect("fixtures");
        match fixtures.iter().find(|fixture| fixture["name"] == name) {
            Some(fixture) => fixture,
            None => panic!("no fixture {name} in {}", self.record),
        }
    }
}

/// The program, running. Dropped, it is killed.
pub struct Running {
    child: Option<Child>,
}

impl Running {
    pub fn start(mut command: Command) -> Running {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Running {
            child: Some(command.spawn().expect("the program starts")),
        }
    }

    pub fn pid(&self) -> Pid {
        let id = self.child.as_ref().expect("running").id();
        Pid::from_raw(id.cast_signed()).expect("a process id")
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("a signal");
    }

    /// Closes our ends of its output.
    pub fn close_output(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.stdout.take());
            drop(child.stderr.take());
        }
    }

    /// Waits for its end.
    pub fn end(mut self) -> Shown {
        let child = self.child.take().expect("running");
        Shown::of(child.wait_with_output().expect("an end"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until something is true.
#[track_caller]
pub fn eventually(what: &str, test: impl Fn() -> bool) {
    let begin = Instant::now();
    while !test() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A word that no other process of this machine has among its arguments. `sleep` takes it as a
/// number.
pub fn marker() -> Marker {
    use std::hash::{BuildHasher, Hasher};
    let random = std::hash::RandomState::new().build_hasher().finish();
    Marker(format!("0.000{random:020}"))
}

/// Such a word. Dropped, whatever a failed test has left behind with it is killed.
#[derive(Debug)]
pub struct Marker(String);

impl std::ops::Deref for Marker {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Marker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Drop for Marker {
    fn drop(&mut self) {
        for pid in processes_with(&self.0) {
            // It may have ended meanwhile.
            let _ = Pid::from_raw(pid.cast_signed()).map(|pid| kill_process(pid, Signal::KILL));
        }
    }
}

/// The processes that have the word among their arguments.
pub fn processes_with(word: &str) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    let has = |path: &Path| {
        std::fs::read(path.join("cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(word))
    };
    entries
        .filter(|entry| has(&entry.path()))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

fn read_record(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).expect("a record")).expect("JSON")
}

/// Whether two checks of a record were asked at the same time.
pub fn overlap(one: &Value, other: &Value) -> bool {
    let span = |check: &Value| {
        let started = check["started"].as_str().expect("a time");
        let started: DateTime<Utc> = started.parse().expect("a time");
        let took = check["duration_ms"].as_u64().expect("a duration");
        (started, started + Duration::from_millis(took))
    };
    let (one, other) = (span(one), span(other));
    one.0 < other.1 && other.0 < one.1
}
