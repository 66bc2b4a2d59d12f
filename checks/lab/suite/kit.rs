//! The replica, as the tests use it.

use std::cell::Cell;
use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use claim::outcome::Outcome;
use gateproof::record::{CheckRecord, ObservationRecord, RunRecord};

use test_kit::program::{Shown, gateproof};

const DASHBOARD: &str = "ccci-dashboard_app";

/// What [`Lab::seen`] returns of a whole replica.
const WHOLE: [&str; 3] = ["1/1", "200", "200"];

/// Two of Traefik's refreshes, and the time that a task takes.
const REFRESHES: Duration = Duration::from_secs(45);

/// The ssh configurations of the replicas, one for each; empty when there is none.
pub fn ssh_configs() -> Vec<PathBuf> {
    let paths = std::env::var_os("GATEPROOF_LAB_SSH_CONFIG").unwrap_or_default();
    std::env::split_paths(&paths)
        .filter(|path| !path.as_os_str().is_empty())
        .collect()
}

fn root() -> &'static Path {
    test_kit::root()
}

/// The claim file that ships.
pub fn pxgate() -> String {
    let file = root().join("claims/pxgate.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    // The two checks of the reconciler need this repository, and these runs have one of their
    // own; `checks/claims.rs` runs them.
    let cut = |text: &str, from: &str, to: &str| {
        let (start, end) = (text.find(from).unwrap(), text.find(to).unwrap());
        assert!(start < end);
        format!("{}{}", &text[..start], &text[end..])
    };
    let text = cut(
        &text,
        "      # The seed looked for an absent key",
        "      # What the host runs is another matter",
    );
    cut(&text, "      # The seed searched the code", "  M2:")
}

/// A text with something replaced that has to be there.
pub fn edit(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the claim file has no {from:?}");
    text.replace(from, to)
}

/// A replica, held alone. Dropped, it is in its known state again: mended when a test broke it
/// or failed.
pub struct Lab {
    config: PathBuf,
    broken: Cell<bool>,
    cold: Cell<bool>,
    /// Holds the lock until the end.
    _turn: File,
}

impl Lab {
    /// Waits until one of these replicas is free.
    pub fn take(configs: &[PathBuf]) -> Lab {
        let mut all = configs.iter().cycle();
        let (config, turn) = loop {
            let config = all.next().expect("there is a replica");
            let turn = File::open(config).expect("GATEPROOF_LAB_SSH_CONFIG names files");
            match turn.try_lock() {
                Ok(()) => break (config.clone(), turn),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
                Err(TryLockError::Error(error)) => panic!("{}: {error}", config.display()),
            }
        };
        let lab = Lab {
            config,
            broken: Cell::new(false),
            cold: Cell::new(false),
            _turn: turn,
        };
        let named = lab.script("ssh-config", &[]);
        assert_eq!(
            Path::new(named.out.trim()),
            lab.config,
            "GATEPROOF_LAB_SSH_CONFIG names no replica's own configuration"
        );
        // What mended it last may have changed a route, and Traefik sees that at its next refresh.
        let end = Instant::now() + REFRESHES;
        while lab.seen() != WHOLE && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(500));
        }
        lab.assert_whole();
        lab
    }

    /// Lets a command, and what it starts, mean this replica: `$GATEPROOF_LAB/$GATEPROOF_LAB_INSTANCE`
    /// is the folder of its configuration.
    fn mean<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let state = self.config.parent().unwrap();
        command
            .env("GATEPROOF_LAB", state.parent().unwrap())
            .env("GATEPROOF_LAB_INSTANCE", state.file_name().unwrap())
    }

    /// The same, and the seed's lines, which say `ssh cc-ci`, mean it, too.
    pub fn mean_by_ssh<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let bin = self.config.with_file_name("bin");
        let path = std::env::var("PATH").unwrap_or_default();
        self.mean(command)
            .env("PATH", format!("{}:{path}", bin.display()))
    }

    pub fn config(&self) -> &Path {
        &self.config
    }

    /// A command of `checks/lab`.
    pub fn script(&self, name: &str, words: &[&str]) -> Shown {
        let script = root().join("checks/lab").join(name);
        let mut command = Command::new(script);
        let shown = Shown::of(self.mean(&mut command).args(words).output().unwrap());
        assert_eq!(shown.code, Some(0), "checks/lab/{name}: {shown:?}");
        shown
    }

    /// `checks/lab/break`; mended at the end.
    pub fn break_it(&self, words: &[&str]) {
        self.broken.set(true);
        self.script("break", words);
    }

    /// A boot with an empty swarm and nothing on record, up to the moment when ssh answers. Only
    /// the same kind of boot mends what that boot left.
    pub fn break_cold(&self) {
        self.cold.set(true);
        self.break_it(&["cold-boot"]);
    }

    /// What a command on the replica prints, asked apart from the program under test.
    pub fn ssh(&self, line: &str) -> String {
        self.script("ssh", &["cc-ci", line]).out
    }

    /// Whatever the run said: one dashboard is running, and both routes answer.
    pub fn assert_whole(&self) {
        assert_eq!(self.seen(), WHOLE, "the replica is not whole");
    }

    /// How many dashboards run, and what both routes answer.
    fn seen(&self) -> Vec<String> {
        let probe = |host: &str, path: &str| {
            format!(
                "curl -sk -o /dev/null -w '%{{http_code}}\\n' --max-time 5 --resolve {host}:443:127.0.0.1 https://{host}{path}"
            )
        };
        let seen = self.ssh(&format!(
            "docker service ls --format '{{{{.Replicas}}}}' --filter name={DASHBOARD}; {}; {}",
            probe("ci.commoninternet.net", "/"),
            probe("traefik.ci.commoninternet.net", "/api/version"),
        ));
        seen.lines().map(str::to_owned).collect()
    }

    /// From now on outages of the dashboard are counted, by the engine's own events.
    pub fn count_outages(&self) -> Outages<'_> {
        Outages {
            lab: self,
            since: self.ssh("date +%s.%N").trim().to_owned(),
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if self.broken.get() || std::thread::panicking() {
            // After a failed test a cold boot is begun anew.
            let cold = self.cold.get() && std::thread::panicking();
            let mut reset = Command::new(root().join("checks/lab/reset"));
            let reset = self
                .mean(&mut reset)
                .args(cold.then_some("--cold"))
                .output();
            let mended = reset.is_ok_and(|output| output.status.success());
            if !mended && !std::thread::panicking() {
                panic!("checks/lab/reset did not mend the replica");
            }
        }
    }
}

/// Counts how often the dashboard was scaled to nothing.
pub struct Outages<'l> {
    lab: &'l Lab,
    since: String,
}

impl Outages<'_> {
    pub fn seen(&self) -> usize {
        let events = self.lab.ssh(&format!(
            "docker events --since {} --until \"$(date +%s.%N)\" --filter type=service --filter service={DASHBOARD} --format '{{{{json .Actor.Attributes}}}}'",
            self.since
        ));
        let to_nothing = |line: &&str| line.contains(r#""replicas.new":"0""#);
        events.lines().filter(to_nothing).count()
    }
}

/// The record that `--format json` prints.
pub fn record(shown: &Shown) -> RunRecord {
    serde_json::from_str(&shown.out)
        .unwrap_or_else(|error| panic!("{error}: {}{}", shown.out, shown.err))
}

/// A repository of its own, with one commit that holds `claims/pxgate.yaml`.
pub struct Repository {
    folder: tempfile::TempDir,
    pub commit: String,
}

impl Repository {
    pub fn with(claim: &str) -> Repository {
        let folder = tempfile::Builder::new()
            .prefix("gateproof-lab-")
            .tempdir()
            .unwrap();
        std::fs::create_dir(folder.path().join("claims")).unwrap();
        std::fs::write(folder.path().join("claims/pxgate.yaml"), claim).unwrap();
        let alert = "claims/pxgate-cleared-alert.json";
        std::fs::copy(root().join(alert), folder.path().join(alert)).unwrap();
        let git = |words: &[&str]| {
            let author = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
            let git = Command::new("git")
                .current_dir(folder.path())
                .args(author)
                .args(words)
                .output()
                .unwrap();
            assert!(git.status.success(), "git {words:?}: {git:?}");
            String::from_utf8(git.stdout).unwrap().trim().to_owned()
        };
        git(&["init", "-q", "-b", "main"]);
        git(&["add", "-A"]);
        git(&["commit", "-q", "-m", "claim M1"]);
        let commit = git(&["rev-parse", "HEAD"]);
        Repository { folder, commit }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `gateproof verify claims/pxgate.yaml` against the replica, with more words.
    pub fn program(&self, lab: &Lab, words: &[&str]) -> Command {
        let state = self.path().join(".gateproof-state");
        let mut command = gateproof(self.path(), &state);
        command
            .args(["verify", "claims/pxgate.yaml", "--ssh-config"])
            .arg(lab.config())
            .args(words);
        lab.mean_by_ssh(&mut command);
        command
    }

    pub fn verify(&self, lab: &Lab, words: &[&str]) -> Shown {
        Shown::of(self.program(lab, words).output().unwrap())
    }
}

/// Verifies a claim file, and returns the exit code and the record.
pub fn verify(lab: &Lab, claim: &str, words: &[&str]) -> (Option<i32>, RunRecord) {
    let words = [words, &["--no-record", "--quiet", "--format", "json"]].concat();
    let shown = Repository::with(claim).verify(lab, &words);
    (shown.code, record(&shown))
}

/// A run that goes on while the test does something. Dropped, it is ended.
pub struct Running {
    child: Child,
    progress: BufReader<std::process::ChildStderr>,
}

impl Running {
    pub fn start(repository: &Repository, lab: &Lab) -> Running {
        Running::with(repository, lab, &[])
    }

    /// The same with a selection.
    pub fn with(repository: &Repository, lab: &Lab, words: &[&str]) -> Running {
        let mut child = repository
            .program(lab, &[words, &["--no-record", "--format", "json"]].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let progress = BufReader::new(child.stderr.take().unwrap());
        Running { child, progress }
    }

    /// Reads what the run tells until a line holds this.
    pub fn wait_for(&mut self, word: &str) {
        let mut all = String::new();
        loop {
            let before = all.len();
            let read = self.progress.read_line(&mut all).unwrap();
            assert!(read > 0, "ended without {word:?}: {all}");
            if all[before..].contains(word) {
                return;
            }
        }
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(kill.unwrap().success());
    }

    /// Waits until it ends.
    pub fn end(mut self) -> (Option<i32>, RunRecord) {
        // It is not blocked on a full pipe: what it tells is a few lines.
        let mut out = String::new();
        std::io::Read::read_to_string(self.child.stdout.as_mut().unwrap(), &mut out).unwrap();
        let code = self.child.wait().unwrap().code();
        let record = serde_json::from_str(&out);
        (
            code,
            record.unwrap_or_else(|error| panic!("{error}: {out}")),
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only after a test that failed: let it undo what it did.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal("TERM");
            let _ = self.child.wait();
        }
    }
}

/// The check with this id.
pub fn check<'r>(record: &'r RunRecord, id: &str) -> &'r CheckRecord {
    let found = record.checks.iter().find(|check| check.id == id);
    found.unwrap_or_else(|| panic!("no check {id} in {record:#?}"))
}

/// The ids of the checks that are not a PASS.
pub fn not_passed(record: &RunRecord) -> Vec<(&str, Outcome)> {
    let checks = record.checks.iter();
    checks
        .filter(|check| check.outcome != Outcome::Pass)
        .map(|check| (check.id.as_str(), check.outcome))
        .collect()
}

/// The one status that was seen; `Err` holds the cause when there was no answer.
pub fn status(check: &CheckRecord) -> Result<u16, String> {
    match &check.observation {
        Some(ObservationRecord::Http(answers)) if answers.len() == 1 => {
            let cause = answers[0].no_answer.clone().unwrap_or_default();
            answers[0].status.ok_or(cause)
        }
        other => panic!("{}: no single answer: {other:?}", check.id),
    }
}

/// The names of the steps that were taken for the only fixture of a run.
pub fn steps(record: &RunRecord) -> Vec<&str> {
    assert_eq!(record.fixtures.len(), 1, "{:#?}", record.fixtures);
    let steps = &record.fixtures[0].steps;
    steps.iter().map(|step| step.step.as_str()).collect()
}
