//! Whoever never saw the project: what the README promises them in one line, to the bit.

use std::path::PathBuf;

use test_kit::program::Shown;
use test_kit::world::{Person, World};

/// A line of the README's, in a shell of that person's, with the program in the PATH.
fn shell(person: &Person, line: &str) -> Shown {
    let program = PathBuf::from(test_kit::built("gateproof"));
    let path = std::env::var("PATH").unwrap_or_default();
    let output = std::process::Command::new("sh")
        .env("GATEPROOF_STATE", person.home().with_file_name("state"))
        .args(["-c", line])
        .current_dir(person.home())
        .env(
            "PATH",
            format!("{}:{path}", program.parent().unwrap().display()),
        )
        .env("HOME", person.home())
        .env_remove("GIT_CONFIG_GLOBAL")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    Shown::of(output)
}

/// Their name in their own settings, as on a machine that they work on.
fn named(person: &Person) {
    let name = person.git(&["config", "user.name"]);
    let text = format!("[user]\n\tname = {name}\n\temail = {name}@example.org\n");
    std::fs::write(person.home().join(".gitconfig"), text).unwrap();
}

#[track_caller]
fn ends(shown: &Shown, code: i32) {
    assert_eq!(shown.code, Some(code), "{}\n{}", shown.out, shown.err);
}

#[test]
fn who_never_saw_the_project_clones_it_and_comes_to_a_verdict() {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let eve = world.person("eve");
    named(&eve);
    eve.settings("fast");
    let url = world.remote();
    let line = format!(
        "git clone -q {} project && cd project && gateproof review M1",
        url.display()
    );
    let shown = shell(&eve, &line);
    ends(&shown, 0);
    assert!(
        shown.err.contains("M1 of phase demo, claimed by bob"),
        "{}",
        shown.err
    );
    for words in [
        "M1: PASS, as reports/REVIEW-demo.md says",
        "to commit exactly these",
        "others see them only after `git push`",
    ] {
        assert!(shown.err.contains(words), "{words}: {}", shown.err);
    }
}

#[test]
fn who_has_no_name_is_told_how_to_get_one() {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let eve = world.person("eve");
    eve.settings("fast");
    let url = world.remote();
    let clone = format!("git clone -q {} project && cd project && ", url.display());
    let shown = shell(&eve, &format!("{clone}gateproof review M1"));
    ends(&shown, 2);
    for words in [
        "GP2703",
        "git does not know who you are",
        "git config user.email",
        "--allow-same-author",
        "nothing was run",
    ] {
        assert!(shown.err.contains(words), "{words}: {}", shown.err);
    }
    let shown = shell(
        &eve,
        "cd project && gateproof review M1 --allow-same-author",
    );
    ends(&shown, 0);
    let review =
        std::fs::read_to_string(eve.home().join("project/reports/REVIEW-demo.md")).unwrap();
    assert!(
        review.contains("## M1 — not a verdict @") && !review.contains("PASS @"),
        "{review}"
    );
    // Nor can anybody claim without a name.
    bob.pull();
    bob.git(&["config", "--unset", "user.email"]);
    let shown = bob.ends(2, &["claim", "M1"]);
    assert!(
        shown.err.contains("git does not know who you are"),
        "{}",
        shown.err
    );
}

#[test]
fn the_readmes_lines_of_the_three_users_run_as_they_stand() {
    let text = std::fs::read_to_string(test_kit::root().join("README.md")).unwrap();
    let section = text
        .split("\n## Three users\n")
        .nth(1)
        .expect("the section");
    let section = section.split("\n## ").next().unwrap();
    let lines: Vec<&str> = section
        .split("```")
        .nth(1)
        .expect("a block")
        .lines()
        .filter(|line| line.contains("gateproof"))
        .map(|line| line.split("  #").next().unwrap().trim())
        .collect();
    let [builder, adversary, ci] = lines[..] else {
        panic!("{lines:?}")
    };
    let (world, bob) = World::new();
    named(&bob);
    let at_bobs = format!("cd {} && {builder}", bob.clone.display());
    ends(&shell(&bob, &at_bobs), 0);
    let eve = world.person("eve");
    named(&eve);
    eve.settings("fast");
    let url = world.remote().display().to_string();
    ends(&shell(&eve, &adversary.replace("URL", &url)), 0);
    bob.pull();
    assert!(
        bob.subject().starts_with("review(demo-M1): PASS"),
        "{}",
        bob.subject()
    );
    assert!(
        bob.text("reports/REVIEW-demo.md")
            .contains("## M1 — PASS @")
    );
    ends(
        &shell(&bob, &format!("cd {} && {ci}", bob.clone.display())),
        0,
    );
    // The gate that nobody claimed is in the way of the phase, and M1 is not.
    let stands = bob.ends(1, &["status", "--exit-code"]);
    assert!(
        stands.out.contains("DONE-ready") && stands.out.contains("OPEN"),
        "{}",
        stands.out
    );
}
