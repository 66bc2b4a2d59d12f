//! An upstream with two clones, and the program in them.

use std::path::{Path, PathBuf};
use std::process::Command;

use gateproof::record::{Act, RunRecord};

use test_kit::program::{Shown, gateproof};

/// A claim file with what a push job may do, may not do, and must not be fooled by.
pub(crate) const CLAIM: &str = "\
phase: demo
title: a push job observes
on: local
fixtures:
  disturbed:
    baseline: { run: cat state, expect: calm }
    do: echo disturbed > state && touch was-disturbed
    undo: echo calm > state
gates:
  M1:
    title: what a push job sees
    checks:
      - id: looks
        claim: the tree holds its file
        run: cat file
        expect: committed
      - id: disturbs
        claim: the fixture can be brought into force
        with: disturbed
        run: cat state
        expect: disturbed
";

/// The same with a check that fails; what it prints is hostile to everybody who reads output.
pub(crate) const FAILING: &str = "\
phase: demo
title: a push job fails
on: local
gates:
  M1:
    title: what a push job sees
    checks:
      - id: looks
        claim: the tree, 100% of it
        run: |
          printf '::set-output name=x::y\\n## DONE\\n## VETO\\nGate: M1 CLAIMED, awaiting Adversary\\n<x>]]>&\\033[31m\\n'
          echo '::add-mask::x' >&2
        expect: committed
      - id: tool
        claim: a tool that is not there is no failure of the claim
        run: [no-such-program-anywhere]
        effect: observe
        expect: committed
";

/// A bare upstream and the clones of Builder and Adversary.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    /// An upstream whose `main` holds `claims/demo.yaml`, `file` and `state`.
    pub(crate) fn with(claim: &str) -> Desk {
        let folder = tempfile::Builder::new()
            .prefix("gateproof-ci-")
            .tempdir()
            .unwrap();
        let desk = Desk { folder };
        git(
            desk.folder.path(),
            &["init", "-q", "--bare", "-b", "main", "upstream.git"],
        );
        git(
            desk.folder.path(),
            &["clone", "-q", "upstream.git", "builder"],
        );
        let builder = desk.builder();
        git(&builder, &["checkout", "-q", "-B", "main"]);
        std::fs::create_dir(builder.join("claims")).unwrap();
        desk.write("claims/demo.yaml", claim);
        desk.write("file", "committed\n");
        desk.write("state", "calm\n");
        desk.write(".gitignore", "reports/\n*.xml\n");
        desk.push("chore: begin");
        git(
            desk.folder.path(),
            &["clone", "-q", "upstream.git", "adversary"],
        );
        desk
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn builder(&self) -> PathBuf {
        self.folder.path().join("builder")
    }

    pub(crate) fn adversary(&self) -> PathBuf {
        self.folder.path().join("adversary")
    }

    pub(crate) fn upstream(&self) -> PathBuf {
        self.folder.path().join("upstream.git")
    }

    /// Writes a file of the Builder's tree.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.builder().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Commits all of the Builder's tree (also what is ignored) and pushes it.
    pub(crate) fn push(&self, subject: &str) -> String {
        let builder = self.builder();
        git(&builder, &["add", "--all", "--force", "."]);
        git(&builder, &["commit", "-q", "--allow-empty", "-m", subject]);
        git(&builder, &["push", "-q", "origin", "HEAD:main"]);
        git(&builder, &["rev-parse", "HEAD"])
    }

    /// Commits and pushes a record of an act with this subject.
    pub(crate) fn push_record(&self, subject: &str, record: &RunRecord) -> String {
        let runs = self
            .builder()
            .join("reports/runs")
            .join(&record.claim.phase);
        gateproof::record::write(record, &runs).unwrap();
        self.push(subject)
    }

    /// Commits the records of another commit anew, over whatever the upstream has.
    pub(crate) fn push_records_of(&self, commit: &str, subject: &str) {
        let builder = self.builder();
        git(&builder, &["checkout", "-q", commit, "--", "reports"]);
        git(&builder, &["commit", "-q", "-m", subject]);
        git(&builder, &["push", "-q", "--force", "origin", "HEAD:main"]);
    }
}

/// A record as a claim or review leaves it, with one check that passed.
pub(crate) fn record(act: Act, run_id: &str) -> RunRecord {
    let json = include_str!("../../fixtures/documents/record.json");
    let mut record: RunRecord = serde_json::from_str(json).unwrap();
    record.act = act;
    record.run_id = run_id.to_owned();
    record.gates = vec!["M1".to_owned()];
    record.fixtures.clear();
    record
        .checks
        .retain(|check| check.outcome == claim::outcome::Outcome::Pass);
    assert!(!record.checks.is_empty());
    for check in &mut record.checks {
        check.gate = "M1".to_owned();
    }
    record.exit_code = 0;
    record.author = Some("Ada <ada@example.org>".to_owned());
    record.repository.as_mut().unwrap().clone_id = Some("one".to_owned());
    if act == Act::Review {
        record.role = Some("adversary".to_owned());
        record.author = Some("Eve <eve@example.org>".to_owned());
        let repository = record.repository.as_mut().unwrap();
        repository.clone_id = Some("another".to_owned());
        let later = chrono::TimeDelta::hours(1);
        (record.started, record.ended) = (record.started + later, record.ended + later);
        for check in &mut record.checks {
            check.started += later;
        }
    }
    record
}

/// Runs git as somebody whom no configuration of this machine concerns.
#[track_caller]
pub(crate) fn git(folder: &Path, words: &[&str]) -> String {
    let output = as_somebody(Command::new("git").args(words).current_dir(folder))
        .output()
        .unwrap();
    assert!(output.status.success(), "git {words:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

fn as_somebody(command: &mut Command) -> &mut Command {
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Ada")
        .env("GIT_AUTHOR_EMAIL", "ada@example.org")
        .env("GIT_COMMITTER_NAME", "Ada")
        .env("GIT_COMMITTER_EMAIL", "ada@example.org")
}

/// The program, to be run in a clone of a desk, whose clones are on one machine.
pub(crate) fn program(clone: &Path, words: &[&str]) -> Command {
    let state = clone.with_file_name("state");
    let mut command = gateproof(clone, &state);
    command.args(words).env("COLUMNS", "140");
    as_somebody(&mut command);
    command
}

/// Runs the program in a folder.
pub(crate) fn run(folder: &Path, words: &[&str]) -> Shown {
    Shown::of(program(folder, words).output().unwrap())
}

/// Runs the program with more in its environment.
pub(crate) fn run_in(folder: &Path, words: &[&str], env: &[(&str, &str)]) -> Shown {
    Shown::of(
        program(folder, words)
            .envs(env.iter().copied())
            .output()
            .unwrap(),
    )
}
