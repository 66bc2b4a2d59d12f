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

impl Shown {
    pub fn of(output: Output) -> Shown {
        Shown {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
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
        let mut command = Command::new(env!("CARGO_BIN_EXE_gateproof"));
        command
            .args(words)
            .current_dir(self.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "120");
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

    /// The record of the last run.
    pub fn record(&self) -> serde_json::Value {
        let mut paths: Vec<_> = walk(&self.path().join("reports/runs"));
        paths.sort();
        let path = paths.pop().expect("a record");
        serde_json::from_slice(&std::fs::read(path).expect("a record")).expect("JSON")
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => walk(&path),
            path => vec![path],
        })
        .collect()
}
