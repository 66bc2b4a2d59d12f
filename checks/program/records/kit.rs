//! A small repository with a claim, its records and its documents.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chrono::Utc;
use gateproof::audit::{Audit, AuditRequest, audit};
use gateproof::record::{RunRecord, read, write};
use tempfile::TempDir;

const CLAIM: &str = "\
phase: demo
title: two words are said
docs: reports
gates:
  M1:
    title: the words
    checks:
      - id: one
        claim: one is said
        on: local
        run: echo one
        expect: one
      - id: two
        claim: two is said
        on: local
        run: echo two
        expect: two
";

pub(crate) const BUILDER: (&str, &str) = ("Ada", "ada@example.org");
pub(crate) const ADVERSARY: (&str, &str) = ("Eve", "eve@example.org");

/// The repository, beside the keys; all of it goes away with it.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    /// A repository with the claim in its first commit.
    pub(crate) fn new() -> World {
        let world = World {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(world.path("claims")).unwrap();
        world.git(&["init", "--quiet", "-b", "main"]);
        world.git(&["config", "commit.gpgsign", "false"]);
        world.be(BUILDER);
        world.write("claims/demo.yaml", CLAIM);
        world.commit("the claim");
        world
    }

    /// As [`World::new`], with a builder's and an adversary's signed run, and a verdict; all of
    /// it committed.
    pub(crate) fn complete() -> World {
        let world = World::new();
        world.runs();
        world.commit("records and documents");
        world
    }

    /// The runs and the documents of [`World::complete`], not committed.
    pub(crate) fn runs(&self) {
        for (who, role) in [(BUILDER, "builder"), (ADVERSARY, "adversary")] {
            self.be(who);
            let key = self.key(who.0);
            self.allow(who.1, who.0, "");
            let shown = self.run(&[
                "verify",
                "claims/demo.yaml",
                "--quiet",
                "--as",
                role,
                "--sign",
                &key,
            ]);
            assert!(shown.status.success(), "{shown:?}");
        }
        let now = Utc::now().format("%Y-%m-%dT%H:%M:%SZ");
        let verdict = format!("# REVIEW — phase demo\n\n## M1 — PASS @{now} — cold\n");
        self.write("reports/REVIEW-demo.md", &verdict);
    }

    pub(crate) fn root(&self) -> PathBuf {
        // As git names it, whatever the temporary folder is behind.
        fs::canonicalize(self.folder.path()).unwrap().join("repo")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let root = self.folder.path().join("repo");
        fs::create_dir_all(&root).unwrap();
        self.root().join(name)
    }

    /// A file outside of the repository.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn be(&self, (name, mail): (&str, &str)) {
        self.git(&["config", "user.name", name]);
        self.git(&["config", "user.email", mail]);
    }

    #[track_caller]
    pub(crate) fn git(&self, words: &[&str]) -> String {
        self.git_at(words, None)
    }

    #[track_caller]
    fn git_at(&self, words: &[&str], time: Option<&str>) -> String {
        let mut command = Command::new("git");
        command.args(words).current_dir(self.path(""));
        if let Some(time) = time {
            command
                .env("GIT_COMMITTER_DATE", time)
                .env("GIT_AUTHOR_DATE", time);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "git {words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(crate) fn commit_at(&self, message: &str, time: &str) -> String {
        self.git(&["add", "--all"]);
        self.git_at(&["commit", "--quiet", "--message", message], Some(time));
        self.git(&["rev-parse", "HEAD"])
    }

    /// The private key of somebody, made when it is first asked for.
    pub(crate) fn key(&self, name: &str) -> String {
        let key = self.beside(name);
        if !key.exists() {
            test_kit::sshd::keygen(&key);
        }
        key.display().to_string()
    }

    /// Adds a line to the allowed signers.
    pub(crate) fn allow(&self, mail: &str, key: &str, options: &str) {
        self.key(key);
        let public = fs::read_to_string(self.beside(&format!("{key}.pub"))).unwrap();
        let path = self.path("claims/allowed_signers");
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, format!("{before}{mail} {options} {public}")).unwrap();
    }

    /// Runs the program in the repository.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = test_kit::program::gateproof(&self.path(""), &self.beside("state"));
        command.args(words).env_remove("SSH_AUTH_SOCK");
        command
    }

    /// The files of records, oldest first.
    pub(crate) fn records(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = fs::read_dir(self.path("reports/runs/demo"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .collect();
        // Copies of one record began at the same time; the name keeps their order from being chance.
        files.sort_by_key(|path| {
            let started = read(path).map(|record| record.started).ok();
            (started, std::cmp::Reverse(path.clone()))
        });
        files
    }

    /// A record as the program writes it, to be changed and written by [`World::keep`].
    pub(crate) fn sample(&self) -> RunRecord {
        let reports = self.beside("samples");
        let reports = reports.to_str().unwrap();
        let words = [
            "verify",
            "claims/demo.yaml",
            "--quiet",
            "--reports",
            reports,
        ];
        assert!(self.run(&words).status.success());
        let runs = Path::new(reports).join("runs/demo");
        let file = fs::read_dir(&runs).unwrap().next().unwrap().unwrap().path();
        let record = read(&file).unwrap();
        fs::remove_file(file).unwrap();
        record
    }

    pub(crate) fn keep(&self, record: &RunRecord) -> PathBuf {
        write(record, &self.path("reports/runs/demo")).unwrap()
    }

    pub(crate) fn wish(&self) -> AuditRequest {
        AuditRequest {
            folder: self.root(),
            reports: None,
            docs: Vec::new(),
            phase: None,
            require_signatures: false,
            allowed_signers: None,
            now: Utc::now(),
        }
    }

    pub(crate) fn audit(&self) -> Audit {
        audit(&self.wish()).unwrap()
    }

    /// The codes and files of what an audit finds.
    pub(crate) fn findings(&self) -> Vec<(&'static str, String)> {
        let findings = self.audit().findings.into_iter();
        findings.map(|it| (it.code, it.file)).collect()
    }

    /// The codes of what an audit finds, each once.
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        let mut codes: Vec<_> = self.findings().into_iter().map(|(code, _)| code).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}
