//! A project with its remote, and people who each have a clone, a home and a name.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::program::{Shown, gateproof};

/// A claim that depends on a file that is in nobody's commit.
pub const CLAIM: &str = "\
phase: demo
title: the tool tells its version
on: local
gates:
  M1:
    title: it tells its version
    checks:
      - { id: version, claim: the tool tells its version, run: sh tool.sh, expect: v1 }
      - { id: rc, claim: it reads its settings, run: 'cat \"$HOME/.toolrc\"; if test -e conf; then cat conf; fi', expect: { stdout: { contains: fast } } }
      - { id: cold, claim: it is there in a clone, run: ls tool.sh, expect: tool.sh }
  M2:
    title: another
    checks:
      - { id: more, claim: the second file is there, run: cat tool.sh, expect: { stdout: { contains: echo } } }
";

/// A remote and a place for clones. All of it is removed at the end.
pub struct World {
    folder: tempfile::TempDir,
}

/// Somebody with a clone.
pub struct Person {
    pub clone: PathBuf,
    home: PathBuf,
    /// What else their shell sets.
    pub env: Vec<(&'static str, PathBuf)>,
}

impl World {
    /// A remote with one commit of the claim and the tool.
    pub fn new() -> (World, Person) {
        let folder = tempfile::Builder::new()
            .prefix("gateproof-roles-")
            .tempdir()
            .unwrap();
        let world = World { folder };
        let remote = world.remote();
        let made = git_in(world.folder.path(), world.folder.path())
            .args(["init", "--quiet", "--bare", "-b", "main"])
            .arg(remote)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let builder = world.person("bob");
        builder.write("claims/demo.yaml", CLAIM);
        builder.write("tool.sh", "echo v1\n");
        builder.git(&["add", "."]);
        builder.git(&["commit", "-qm", "feat(demo): the tool"]);
        builder.git(&["push", "-q", "-u", "origin", "main"]);
        builder.settings("fast");
        (world, builder)
    }

    pub fn remote(&self) -> PathBuf {
        self.folder.path().join("remote.git")
    }

    /// Somebody with a clone of their own, who never saw the project.
    pub fn person(&self, name: &str) -> Person {
        let home = self.folder.path().join(format!("home-{name}"));
        let clone = self.folder.path().join(name);
        std::fs::create_dir(&home).unwrap();
        let made = git_in(self.folder.path(), &home)
            .args(["clone", "--quiet"])
            .arg(self.remote())
            .arg(&clone)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let person = Person {
            clone,
            home,
            env: Vec::new(),
        };
        person.git(&["config", "user.name", name]);
        person.git(&["config", "user.email", &format!("{name}@example.org")]);
        person
    }
}

/// Git without anybody's settings.
fn git_in(folder: &Path, home: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("HOME", home)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

impl Person {
    /// Runs git in the clone, which must succeed.
    #[track_caller]
    pub fn git(&self, words: &[&str]) -> String {
        let out = self.git_out(words);
        assert!(out.status.success(), "{words:?}: {out:?}");
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    pub fn git_out(&self, words: &[&str]) -> std::process::Output {
        git_in(&self.clone, &self.home)
            .args(words)
            .output()
            .unwrap()
    }

    /// Runs gateproof in the clone.
    pub fn run(&self, words: &[&str]) -> Shown {
        self.run_in("", words)
    }

    /// Runs gateproof in a folder of the clone.
    pub fn run_in(&self, folder: &str, words: &[&str]) -> Shown {
        // All of them work on one machine.
        let state = self.clone.with_file_name("state");
        let out = gateproof(&self.clone.join(folder), &state)
            .args(words)
            .env("HOME", &self.home)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        Shown::of(out)
    }

    /// Runs gateproof, which must end with that code.
    #[track_caller]
    pub fn ends(&self, code: i32, words: &[&str]) -> Shown {
        let shown = self.run(words);
        assert_eq!(
            shown.code,
            Some(code),
            "{words:?}\n{}\n{}",
            shown.out,
            shown.err
        );
        shown
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.clone.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.clone.join(name)).unwrap_or_default()
    }

    /// A place that is this person's own, outside of the clone.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// What only this person's machine has.
    pub fn settings(&self, text: &str) {
        std::fs::write(self.home.join(".toolrc"), text).unwrap();
    }

    /// Changes a file, commits it and pushes.
    pub fn change(&self, name: &str, text: &str) {
        self.write(name, text);
        self.git(&["add", name]);
        self.git(&["commit", "-qm", &format!("fix(demo): {name}")]);
        self.git(&["push", "-q"]);
    }

    pub fn pull(&self) {
        self.git(&["pull", "-q", "--rebase"]);
    }

    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// The subject of the newest commit.
    pub fn subject(&self) -> String {
        self.git(&["log", "-1", "--format=%s"])
    }

    /// The files of the newest commit.
    pub fn committed(&self) -> Vec<String> {
        let shown = self.git(&["show", "--name-only", "--format=", "HEAD"]);
        shown.lines().map(str::to_owned).collect()
    }

    /// The records in the clone, oldest first.
    pub fn records(&self) -> Vec<Value> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.clone.join("reports/runs/demo"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .collect();
        files.sort();
        let read = |path: &PathBuf| {
            let bytes = std::fs::read(path).unwrap();
            serde_json::from_slice(&bytes).unwrap()
        };
        files.iter().map(read).collect()
    }

    /// The newest record of that act.
    #[track_caller]
    pub fn record(&self, act: &str) -> Value {
        let mut all = self.records();
        all.retain(|record| record["act"] == act);
        match all.pop() {
            Some(record) => record,
            None => panic!("no record of a {act}"),
        }
    }
}
