//! `gateproof status` and `gateproof done` on real records in real clones: a Builder's clone, an
//! Adversary's, and a fresh one in which somebody asks how things stand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use test_kit::program::{Shown, gateproof};
use test_kit::sshd::{ALIAS, Sshd};

pub(crate) fn trials() -> Vec<Trial> {
    let trials: [(&str, fn()); 3] = [
        ("from_open_to_done_and_reopened", life),
        (
            "what_is_in_the_way_is_said_and_nothing_is_written",
            in_the_way,
        ),
        ("a_host_that_was_redeployed_since_makes_it_stale", over_ssh),
    ];
    trials.map(|(name, test)| crate::trial(name, test)).into()
}

const CLAIM: &str = "phase: p
title: the answer
gates:
  M1:
    title: it is known
    checks:
      - { id: answer, claim: the answer is 42, on: clone, run: cat answer.txt, expect: 42 }
";

/// Three clones of one repository.
struct World {
    folder: tempfile::TempDir,
    config: Option<PathBuf>,
}

impl World {
    fn with(claim: &str) -> World {
        let folder = tempfile::Builder::new()
            .prefix("gp-status-")
            .tempdir()
            .unwrap();
        let world = World {
            folder,
            config: None,
        };
        let builder = world.clone_of("builder");
        fs::create_dir_all(builder.join("claims")).unwrap();
        fs::write(builder.join("claims/p.yaml"), claim).unwrap();
        fs::write(builder.join("answer.txt"), "42\n").unwrap();
        git(&builder, &["init", "-q", "-b", "main"]);
        identity(&builder, "Bob");
        git(&builder, &["add", "."]);
        git(&builder, &["commit", "-q", "-m", "first"]);
        for name in ["adversary", "fresh"] {
            git(world.folder.path(), &["clone", "-q", "builder", name]);
        }
        identity(&world.clone_of("adversary"), "Eve");
        world
    }

    fn clone_of(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, clone: &str, words: &[&str]) -> Shown {
        let mut command = gateproof(&self.clone_of(clone), &self.folder.path().join("state"));
        command.args(words).env("COLUMNS", "200");
        if let Some(config) = &self.config {
            command.env("GATEPROOF_SSH_CONFIG", config);
        }
        Shown::of(command.output().expect("the program runs"))
    }

    /// How things stand in the fresh clone.
    fn status(&self, words: &[&str]) -> Shown {
        self.run("fresh", &[&["status", "--exit-code"], words].concat())
    }

    /// A real run in a clone, put on record as that act, and brought to the fresh clone.
    fn act(&self, clone: &str, act: &str, role: &str, judged: Option<&Value>) -> Value {
        let shown = self.run(clone, &["verify", "--quiet", "--format", "json"]);
        let mut record: Value = serde_json::from_str(&shown.out).expect("a record");
        assert_eq!(record["exit_code"], 0, "{}", shown.out);
        record["act"] = act.into();
        record["role"] = role.into();
        let runs = self.clone_of("fresh").join("reports/runs/p");
        if let Some(judged) = judged {
            let file = format!("{}.json", judged["run_id"].as_str().unwrap());
            record["reviews"] = json!({
                "run_id": judged["run_id"],
                "sha256": sha256(&fs::read(runs.join(file)).unwrap()),
            });
        }
        let sealed = serde_json::from_value(record.clone()).unwrap();
        gateproof::record::write(&sealed, &runs).unwrap();
        record
    }

    fn claimed_and_reviewed(&self) -> Value {
        let claim = self.act("builder", "claim", "builder", None);
        self.act("adversary", "review", "adversary", Some(&claim))
    }

    fn document(&self, name: &str) -> PathBuf {
        self.clone_of("fresh").join("reports").join(name)
    }
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn git(folder: &Path, words: &[&str]) {
    let output = Command::new("git")
        .args(words)
        .current_dir(folder)
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {words:?}: {output:?}");
}

fn identity(clone: &Path, name: &str) {
    git(clone, &["config", "user.name", name]);
    git(
        clone,
        &["config", "user.email", &format!("{name}@example.org")],
    );
}

#[track_caller]
fn shows(shown: &Shown, code: i32, words: &[&str]) {
    let all = format!("{}{}", shown.out, shown.err);
    // A cell may break a sentence, so borders and line breaks count as one space.
    let flat = all.replace(['│', '┆', '\n'], " ");
    let flat = flat.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(flat.contains(word), "{word:?} in\n{all}");
    }
    assert_eq!(shown.code, Some(code), "{all}");
}

fn life() {
    let world = World::with(CLAIM);
    let status = world.document("STATUS-p.md");
    shows(
        &world.status(&[]),
        1,
        &["OPEN", "not claimed", "p: not done"],
    );

    let claim = world.act("builder", "claim", "builder", None);
    shows(&world.status(&[]), 1, &["CLAIMED", "never verified"]);
    shows(
        &world.run("fresh", &["done", "p"]),
        1,
        &["never verified", "nothing was written"],
    );
    assert!(!status.exists());

    world.act("adversary", "review", "adversary", Some(&claim));
    shows(
        &world.status(&[]),
        0,
        &["DONE-ready", "reviewed by Eve <Eve@example.org>", "ready"],
    );
    let told = world.status(&["--format", "json"]);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(told["phases"][0]["gates"][0]["state"], "DONE-ready");
    assert_eq!(told["phases"][0]["exit_code"], 0);

    fs::create_dir_all(status.parent().unwrap()).unwrap();
    fs::write(
        &status,
        "# STATUS — phase p (Builder)\r\n\r\n## Gate: M1\r\n\r\nMine.\r\n",
    )
    .unwrap();
    shows(
        &world.run("fresh", &["done", "p"]),
        0,
        &["wrote", "STATUS-p.md"],
    );
    let written = fs::read_to_string(&status).unwrap();
    assert!(
        written.starts_with("# STATUS — phase p (Builder)\r\n\r\n## Gate: M1\r\n\r\nMine.\r\n")
    );
    assert!(
        written.contains("\r\n## DONE — M1 PASS (no VETO)\r\n"),
        "{written}"
    );
    assert!(written.contains("Bob <Bob@example.org>") && written.contains("Eve <Eve@example.org>"));
    shows(&world.run("fresh", &["done", "p"]), 0, &["unchanged"]);
    assert_eq!(fs::read_to_string(&status).unwrap(), written);
    shows(&world.status(&[]), 0, &["p: DONE"]);

    // The claim is edited: reopened, and DONE is not written over it.
    let file = world.clone_of("fresh").join("claims/p.yaml");
    fs::write(&file, format!("{CLAIM}# one word more\n")).unwrap();
    let words = [
        "STALE",
        "the claim file was edited since",
        "it was reopened",
        "DONE, reopened: STALE",
    ];
    shows(&world.status(&[]), 6, &words);
    shows(
        &world.run("fresh", &["done", "p"]),
        6,
        &["nothing was written"],
    );
    assert_eq!(fs::read_to_string(&status).unwrap(), written);
    fs::write(&file, CLAIM).unwrap();
    shows(
        &world.status(&["--format", "markdown"]),
        0,
        &["| M1 | DONE-ready |  |".replace("  ", " ").as_str()],
    );
}

fn in_the_way() {
    let world = World::with(CLAIM);
    let claim = world.act("builder", "claim", "builder", None);
    // The builder judges himself, in his own clone.
    let own = world.act("builder", "review", "adversary", Some(&claim));
    shows(
        &world.status(&[]),
        1,
        &["CLAIMED", "same author, Bob", "same clone"],
    );
    let own = format!("reports/runs/p/{}.json", own["run_id"].as_str().unwrap());
    fs::remove_file(world.clone_of("fresh").join(own)).unwrap();
    world.act("adversary", "review", "adversary", Some(&claim));
    shows(&world.status(&[]), 0, &["DONE-ready"]);

    fs::write(
        world.document("REVIEW-p.md"),
        "# REVIEW\n\n## VETO until the answer is explained\n",
    )
    .unwrap();
    shows(
        &world.status(&[]),
        1,
        &["VETO in REVIEW line 3: until the answer is explained"],
    );
    shows(
        &world.run("fresh", &["done", "p"]),
        1,
        &["VETO in REVIEW line 3"],
    );
    fs::remove_file(world.document("REVIEW-p.md")).unwrap();

    fs::write(world.document("runs/p/cut.json"), "{").unwrap();
    shows(
        &world.status(&[]),
        1,
        &["a record cannot be believed", "cut.json"],
    );
    fs::remove_file(world.document("runs/p/cut.json")).unwrap();

    // A DONE that somebody typed changes nothing.
    fs::remove_dir_all(world.document("runs")).unwrap();
    fs::write(
        world.document("STATUS-p.md"),
        "## Gate: M1 — PASS @2099-01-01T00:00Z\n\n## DONE\n",
    )
    .unwrap();
    let words = [
        "declared DONE, and it is not",
        "by the records it is OPEN",
        "has not come yet",
    ];
    shows(&world.status(&[]), 1, &words);
    shows(
        &world.run("fresh", &["done", "q"]),
        2,
        &["no claim file has the phase `q`"],
    );
    assert!(!world.document("STATUS-q.md").exists());
}

fn over_ssh() {
    let sshd = Sshd::builder().start();
    let state = tempfile::tempdir().unwrap();
    let revision = state.path().join("revision");
    fs::write(&revision, "system-one\n").unwrap();
    let claim = format!(
        "phase: p\nhosts:\n  h: {{ ssh: {ALIAS}, revision: {{ run: 'cat {}' }} }}\ngates:\n  M1:\n    title: t\n    checks:\n      - {{ id: up, claim: it is up, on: h, run: echo up, expect: up }}\n",
        revision.display()
    );
    let mut world = World::with(&claim);
    world.config = Some(sshd.config());
    world.claimed_and_reviewed();
    shows(&world.status(&[]), 1, &["PASS", "hosts not asked: h"]);
    shows(&world.status(&["--probe"]), 0, &["DONE-ready"]);

    fs::write(&revision, "system-two\n").unwrap();
    let words = [
        "STALE",
        "h was redeployed since: revision then system-one, now system-two",
    ];
    shows(&world.status(&["--probe"]), 6, &words);
    shows(
        &world.run("fresh", &["done", "p"]),
        6,
        &["nothing was written"],
    );

    fs::write(&revision, "system-one\n").unwrap();
    drop(sshd);
    shows(
        &world.status(&["--probe"]),
        1,
        &["PASS", "h does not say who it is now"],
    );
}
