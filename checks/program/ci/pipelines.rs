//! The pipeline files that ship: they parse, their keys are those of the servers' documentation, and
//! their command lines run, in a clone, with the environment that the server sets.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::kit::{CLAIM, Desk, FAILING, git, program, run};
use test_kit::program::Shown;

fn pipeline(server: &str) -> Value {
    let shown = run(Path::new("."), &["ci", "--pipeline", server]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let file = if server == "actions" {
        "actions"
    } else {
        server
    };
    let shipped = test_kit::root().join(format!("claims/ci/{file}.yml"));
    assert_eq!(shown.out, std::fs::read_to_string(shipped).unwrap());
    serde_yaml::from_str(&shown.out).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn lines(value: &Value) -> Vec<String> {
    let lines = value.as_array().unwrap();
    lines
        .iter()
        .map(|line| line.as_str().unwrap().to_owned())
        .collect()
}

/// Runs the command lines of a step as its server does: `sh -e`, in a clone.
fn run_lines(clone: &Path, lines: &[String], env: &[(&str, String)]) -> Shown {
    let reference = program(clone, &[]);
    let bin = Path::new(reference.get_program())
        .parent()
        .unwrap()
        .to_owned();
    let path = std::env::join_paths(
        std::iter::once(bin).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    )
    .unwrap();
    let mut shell = Command::new("sh");
    shell
        .args(["-e", "-c", &lines.join("\n")])
        .current_dir(clone);
    for (name, value) in reference.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.env("PATH", path).env("CI", "true");
    shell.envs(env.iter().map(|(name, value)| (name, value)));
    Shown::of(shell.output().unwrap())
}

/// Runs a step's lines on a good and on a bad commit, as the server checks them out.
fn works(
    lines: &[String],
    checkout: &dyn Fn(&Path),
    env: &dyn Fn(&str) -> Vec<(&'static str, String)>,
) {
    for (claim, code, word) in [(CLAIM, 0, "PASS"), (FAILING, 1, "FAIL")] {
        let desk = Desk::with(claim);
        let clone = desk.adversary();
        checkout(&clone);
        let head = git(&clone, &["rev-parse", "HEAD"]);
        let shown = run_lines(&clone, lines, &env(&head));
        assert_eq!(shown.code, Some(code), "{shown:?}");
        let verdict = format!("gateproof ci: claims {word} (exit {code})");
        assert!(shown.last().starts_with(&verdict), "{shown:?}");
        assert!(clone.join("gateproof.xml").is_file());
        assert!(
            !shown.err.contains("clone "),
            "no fault of the clone: {}",
            shown.err
        );
        assert!(
            !shown.out.contains("title=clone "),
            "no fault of the clone: {}",
            shown.out
        );
    }
}

#[test]
fn drones_pipeline_is_valid_and_its_lines_run() {
    let file = pipeline("drone");
    for key in keys(&file) {
        assert!(
            ["kind", "type", "name", "trigger", "steps", "clone"].contains(&key),
            "{key}"
        );
    }
    assert_eq!(
        (&file["kind"], &file["type"]),
        (&"pipeline".into(), &"docker".into())
    );
    assert_eq!(file["trigger"]["event"], serde_json::json!(["push"]));
    let step = &file["steps"][0];
    assert_eq!(keys(step), ["name", "image", "environment", "commands"]);
    // Drone fills in ${…} before a shell sees it.
    let lines = lines(&step["commands"]);
    assert!(!lines.iter().any(|line| line.contains("${")), "{lines:?}");
    // Its clone: fetch the branch, then `git checkout COMMIT -b BRANCH`.
    works(&lines, &|_| (), &|head| {
        vec![
            ("DRONE", "true".to_owned()),
            ("DRONE_BRANCH", "main".to_owned()),
            ("DRONE_COMMIT_SHA", head.to_owned()),
        ]
    });
}

#[test]
fn woodpeckers_workflow_is_valid_and_its_lines_run() {
    let file = pipeline("woodpecker");
    assert_eq!(keys(&file), ["when", "clone", "steps"]);
    assert_eq!(file["when"][0]["event"], "push");
    assert_eq!(keys(&file["clone"]["git"]), ["image", "settings"]);
    let step = &file["steps"][0];
    assert_eq!(keys(step), ["name", "image", "environment", "commands"]);
    let lines = lines(&step["commands"]);
    assert!(!lines.iter().any(|line| line.contains("${")), "{lines:?}");
    // Its clone ends with `git reset --hard COMMIT` on a branch of the clone's own.
    works(&lines, &|_| (), &|head| {
        vec![
            ("CI_COMMIT_BRANCH", "main".to_owned()),
            ("CI_COMMIT_SHA", head.to_owned()),
        ]
    });
}

#[test]
fn the_actions_workflow_is_valid_and_its_lines_run() {
    let file = pipeline("actions");
    // `on` is a text, and no boolean of YAML 1.1.
    assert_eq!(keys(&file), ["name", "on", "permissions", "jobs"]);
    assert_eq!(file["on"], serde_json::json!(["push"]));
    let job = &file["jobs"]["gateproof"];
    assert_eq!(keys(job), ["runs-on", "timeout-minutes", "env", "steps"]);
    assert_eq!(job["timeout-minutes"], 30);
    let steps = job["steps"].as_array().unwrap();
    assert!(
        steps[0]["uses"]
            .as_str()
            .unwrap()
            .starts_with("actions/checkout@v")
    );
    assert_eq!(steps[0]["with"]["fetch-depth"], 0);
    let lines: Vec<String> = steps[1..]
        .iter()
        .filter_map(|step| Some(step["run"].as_str()?.to_owned()))
        .collect();
    // The report outlives the job, also a red one.
    let upload = steps.last().unwrap();
    assert!(
        upload["uses"]
            .as_str()
            .unwrap()
            .starts_with("actions/upload-artifact@v")
    );
    assert_eq!(upload["if"], "always()");
    assert!(
        upload["with"]["path"]
            .as_str()
            .unwrap()
            .contains("gateproof.xml")
    );
    works(&lines, &|_| (), &|head| {
        vec![
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_REF_TYPE", "branch".to_owned()),
            ("GITHUB_REF_NAME", "main".to_owned()),
            ("GITHUB_SHA", head.to_owned()),
        ]
    });
    // A detached checkout, as runners make one for a commit.
    works(
        &lines,
        &|clone| drop(git(clone, &["checkout", "-q", "--detach"])),
        &|head| {
            vec![
                ("GITHUB_ACTIONS", "true".to_owned()),
                ("GITHUB_REF_TYPE", "branch".to_owned()),
                ("GITHUB_REF_NAME", "main".to_owned()),
                ("GITHUB_SHA", head.to_owned()),
            ]
        },
    );
}

#[test]
fn gitlabs_job_is_valid_and_its_lines_run() {
    let file = pipeline("gitlab");
    assert_eq!(keys(&file), ["claims"]);
    let job = &file["claims"];
    assert_eq!(
        keys(job),
        [
            "image",
            "timeout",
            "rules",
            "variables",
            "script",
            "artifacts"
        ]
    );
    assert_eq!(job["variables"]["GIT_DEPTH"], "0");
    assert_eq!(job["artifacts"]["when"], "always");
    assert_eq!(job["artifacts"]["reports"]["junit"], "gateproof.xml");
    // Its runner checks a commit out without a branch.
    works(
        &lines(&job["script"]),
        &|clone| drop(git(clone, &["checkout", "-q", "--detach"])),
        &|head| {
            vec![
                ("GITLAB_CI", "true".to_owned()),
                ("CI_COMMIT_BRANCH", "main".to_owned()),
                ("CI_COMMIT_SHA", head.to_owned()),
            ]
        },
    );
}
