//! A real Docker engine of the tests' own (`checks/swarm/engine`), for as long as the guard lives.

use std::io::{BufRead, BufReader};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Trial};

static SHARED: Mutex<Option<Arc<Swarm>>> = Mutex::new(None);

/// The engine that the trials share, started by the first that needs it.
pub fn shared() -> Arc<Swarm> {
    let mut slot = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(slot.get_or_insert_with(|| Arc::new(Swarm::start())))
}

pub(crate) fn script() -> PathBuf {
    crate::root().join("checks/swarm/engine")
}

/// Why no engine can be started here, if so.
pub fn missing() -> Option<String> {
    if std::env::var_os("GATEPROOF_NO_ENGINE").is_some() {
        return Some("left out".to_owned());
    }
    let done = Command::new(script()).arg("can-run").output().unwrap();
    (!done.status.success()).then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

/// Runs a suite that needs the engine, and stops the engine. Where none can be started, each
/// trial is reported as ignored, with the reason.
pub fn run(trials: Vec<Trial>) -> ExitCode {
    // Each trial mostly waits; more at once makes every container slower.
    run_side_by_side(trials, 3)
}

/// The same with so many trials at once.
pub fn run_side_by_side(trials: Vec<Trial>, threads: usize) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(threads));
    let missing = missing();
    if let Some(missing) = &missing {
        println!("not run: no Docker engine can be started here ({missing})");
    }
    let trials = trials
        .into_iter()
        .map(|trial| match missing {
            Some(_) => trial.with_ignored_flag(true),
            None => trial,
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(SHARED.lock().unwrap_or_else(PoisonError::into_inner).take());
    conclusion.exit_code()
}

/// A running engine with a swarm of one. Dropped, it is gone with all that ran in it.
pub struct Swarm {
    child: Child,
    engine: TestEngine,
    _folder: tempfile::TempDir,
}

impl Swarm {
    /// Starts one; the first time its images are built.
    pub fn start() -> Swarm {
        let folder = tempfile::Builder::new()
            .prefix("gp-swarm-")
            .tempdir()
            .unwrap();
        let mut child = Command::new(script())
            .arg("run")
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let swarm = Swarm {
            child,
            engine: TestEngine::at(folder.path()),
            _folder: folder,
        };
        assert_eq!(line.trim(), "ready", "the engine did not start");
        swarm
    }
}

impl Deref for Swarm {
    type Target = TestEngine;

    fn deref(&self) -> &TestEngine {
        &self.engine
    }
}

/// An engine that runs, by its folder.
#[derive(Clone)]
pub struct TestEngine {
    folder: PathBuf,
}

impl TestEngine {
    pub(crate) fn at(folder: &Path) -> TestEngine {
        TestEngine {
            folder: folder.to_owned(),
        }
    }

    /// A command in the engine's own network.
    pub fn enter(&self) -> Command {
        let mut command = Command::new(script());
        command.arg("enter").arg(&self.folder);
        command
    }

    /// The engine's socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("docker.sock")
    }

    /// `docker` for this engine.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command
            .args(words)
            .env_remove("DOCKER_CONTEXT")
            .env("DOCKER_HOST", format!("unix://{}", self.socket().display()));
        command
    }

    /// Runs `docker`, and gives what it printed on standard output.
    #[track_caller]
    pub fn docker(&self, words: &[&str]) -> String {
        let done = self.command(words).output().unwrap();
        let (out, err) = (
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr),
        );
        assert!(done.status.success(), "docker {words:?}: {out}{err}");
        out.trim().to_owned()
    }

    /// Asks a port of the engine's own network; nothing when there is no answer.
    pub fn ask(&self, port: u16, path: &str) -> Option<String> {
        let done = self
            .enter()
            .args(["curl", "-sS", "--max-time", "2"])
            .arg(format!("http://127.0.0.1:{port}{path}"))
            .stderr(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        done.status.success().then_some(text)
    }

    /// Kills dockerd with SIGKILL; it is started again at once.
    pub fn kill_dockerd(&self) {
        self.end_dockerd("-KILL");
    }

    /// Restarts dockerd as a person would, and waits until it answers.
    pub fn restart_dockerd(&self) {
        // Its own pid, as the script that starts it again sees it.
        let pid = || std::fs::read_to_string(self.folder.join("dockerd.inner")).unwrap();
        let old = pid();
        self.end_dockerd("-TERM");
        let end = Instant::now() + Duration::from_secs(60);
        while pid() == old {
            assert!(Instant::now() < end, "dockerd does not end");
            std::thread::sleep(Duration::from_millis(100));
        }
        self.until_it_answers();
    }

    /// Waits until dockerd answers, and its swarm.
    pub fn until_it_answers(&self) {
        let end = Instant::now() + Duration::from_secs(60);
        while !self
            .command(&["node", "ls"])
            .output()
            .unwrap()
            .status
            .success()
        {
            assert!(Instant::now() < end, "dockerd does not come back");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn end_dockerd(&self, signal: &str) {
        let read = |path: String| std::fs::read_to_string(path).unwrap();
        let first = |text: String| text.split_whitespace().next().unwrap().to_owned();
        let outer = read(self.folder.join("pid").display().to_string());
        let outer = outer.trim();
        let inner = first(read(format!("/proc/{outer}/task/{outer}/children")));
        for pid in read(format!("/proc/{inner}/task/{inner}/children")).split_whitespace() {
            if read(format!("/proc/{pid}/comm")).trim() == "dockerd" {
                let done = Command::new("kill").args([signal, pid]).status().unwrap();
                assert!(done.success());
            }
        }
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        // The end of its standard input is its order to clean up and go.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
