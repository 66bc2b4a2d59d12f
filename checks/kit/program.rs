//! The program under test, run as a user would run it.
use std::path::Path;
use std::process::{Command, Output};

/// A scratch folder with a claim file, and what running the program there showed.
pub struct Scratch {
    /// The folder; removed at the end.
    pub folder: tempfile::TempDir,
}

/// What a run of the program showed.
#[derive(Debug)]
pub struct Shown {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// What the program asks its environment about, beside its own `GATEPROOF_` names.
const ASKED: &[&str] = &[
    "CI",
    "GITHUB_ACTIONS",
    "GITHUB_SHA",
    "GITHUB_REF_NAME",
    "GITHUB_REF_TYPE",
    "GITHUB_STEP_SUMMARY",
    "GITEA_STEP_SUMMARY",
    "DRONE_BRANCH",
    "DRONE_COMMIT_SHA",
    "CI_COMMIT_BRANCH",
    "CI_COMMIT_SHA",
];

/// The program, to be run in a folder, as if nobody had set anything for it and on no CI server.
/// What it arms and leases on this machine lies in `state`: tests that shared one would wait for
/// each other's disturbances, and be told of them in the middle of a check.
pub fn gateproof(folder: &Path, state: &Path) -> Command {
    let mut command = Command::new(crate::built("gateproof"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        // Which replica is meant is asked by the lab's own commands, and never by the program.
        if text.starts_with("GATEPROOF_") && !text.starts_with("GATEPROOF_LAB_") {
            command.env_remove(name);
        }
    }
    for name in ASKED {
        command.env_remove(name);
    }
    command
        .current_dir(folder)
        .env("GATEPROOF_STATE", state)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "120");
    command
}

impl Shown {
    pub fn of(output: Output) -> Shown {
        Shown {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// No stream of the program ever holds what watchers take for a decision.
    #[track_caller]
    pub fn decides_nothing(&self) {
        decides_nothing(&self.out);
        decides_nothing(&self.err);
    }

    /// The words of standard output, which a table cuts at any place.
    pub fn words(&self) -> String {
        let words = self
            .out
            .split(|c: char| c.is_whitespace() || "│┆".contains(c));
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        words.join(" ")
    }

    /// The last line of standard output.
    pub fn last(&self) -> &str {
        self.out.lines().last().unwrap_or_default()
    }
}

impl Scratch {
    /// A folder with `claim.yaml` in it.
    pub fn with(claim: impl AsRef<[u8]>) -> Scratch {
        let folder = tempfile::Builder::new()
            .prefix("gateproof-check-")
            .tempdir()
            .expect("a scratch folder");
        std::fs::write(folder.path().join("claim.yaml"), claim).expect("a claim file");
        Scratch { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The program, to be run in the folder.
    pub fn program(&self, words: &[&str]) -> Command {
        let mut command = gateproof(self.path(), &self.path().join(".gateproof-state"));
        command.args(words);
        command
    }

    /// Runs the program in the folder.
    pub fn run(&self, words: &[&str]) -> Shown {
        Shown::of(self.program(words).output().expect("the program runs"))
    }

    /// `gateproof verify claim.yaml` with more words.
    pub fn verify(&self, words: &[&str]) -> Shown {
        self.run(&[&["verify", "claim.yaml"], words].concat())
    }
}

/// The same for any text.
#[track_caller]
pub fn decides_nothing(text: &str) {
    for decision in ["## DONE", "## VETO", "CLAIMED, awaiting Adversary"] {
        assert!(!text.contains(decision), "{decision} in {text}");
    }
}
