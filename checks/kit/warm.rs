//! `warm-reconcile` as a test starts it, and what it leaves in an app's folder.
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A run that has ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    pub fn of(output: Output) -> Ended {
        Ended {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The outcome that it reported, empty when it reported none.
    pub fn outcome(&self) -> String {
        let report: Value = serde_json::from_str(&self.out).unwrap_or_default();
        report["outcome"].as_str().unwrap_or_default().to_owned()
    }

    /// Asserts the exit status and the outcome; what the gate saw is printed where they differ.
    #[track_caller]
    pub fn is(&self, code: i32, outcome: &str) -> Value {
        let seen = (self.code, self.outcome());
        if seen != (Some(code), outcome.to_owned()) {
            let report: Value = serde_json::from_str(&self.out).unwrap_or_default();
            let flight = report["flight"].as_str().unwrap_or_default();
            eprintln!("{}", std::fs::read_to_string(flight).unwrap_or_default());
            panic!("{seen:?} is not ({code}, {outcome}): {self:?}");
        }
        self.json()
    }
}

/// The running program. Dropped, it is killed.
pub struct Running(Option<Child>);

impl Running {
    /// Starts a command; its output is kept for the end.
    pub fn start(command: &mut Command) -> Running {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Running(Some(command.spawn().unwrap()))
    }

    /// Starts a command, and gives it when the journal in an app's folder is in that state.
    #[track_caller]
    pub fn start_until(command: &mut Command, home: &Path, state: &str) -> Running {
        let mut running = Running::start(command);
        let end = Instant::now() + Duration::from_secs(60);
        while journal_state(home).as_deref() != Some(state) {
            let child = running.0.as_mut().unwrap();
            if child.try_wait().unwrap().is_some() {
                panic!("it ended before {state}: {:?}", running.end());
            }
            assert!(Instant::now() < end, "never {state}");
            std::thread::sleep(Duration::from_millis(1));
        }
        running
    }

    pub fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    /// Sends a signal, by its name for `kill`.
    pub fn signal(&self, signal: &str) {
        let done = Command::new("kill")
            .args([signal, &self.id().to_string()])
            .status();
        assert!(done.unwrap().success());
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let mut child = self.0.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM, and how it ended.
    pub fn terminate(&mut self) -> Ended {
        self.signal("-TERM");
        self.end()
    }

    /// How it ended.
    pub fn end(&mut self) -> Ended {
        Ended::of(self.0.take().unwrap().wait_with_output().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The state of the journal's last record.
pub fn journal_state(home: &Path) -> Option<String> {
    let text = std::fs::read_to_string(home.join("journal.jsonl")).ok()?;
    let last: Value = serde_json::from_str(text.lines().last()?).ok()?;
    Some(last["state"].as_str()?.to_owned())
}

/// The version that counts as good, empty where there is none.
pub fn last_good(home: &Path) -> String {
    let text = std::fs::read_to_string(home.join("last_good"));
    text.unwrap_or_default().trim().to_owned()
}
