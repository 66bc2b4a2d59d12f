//! Processes that outlive their check, on this machine.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use test_kit::nobody::{NOBODY, as_nobody, may_run, root_helper};
use test_kit::program::{Scratch, Shown};
use test_kit::runs::{marker, processes_with};

fn claim(checks: &str) -> String {
    format!("phase: left\non: local\ngates:\n  M1:\n    checks:\n{checks}")
}

#[test]
fn what_a_check_leaves_is_ended_with_it_and_named() {
    let mark = marker();
    let scratch = Scratch::with(claim(&format!(
        "      - {{ id: leaves, claim: c, effect: observe, run: '(env -i PATH=\"$PATH\" setsid sh -c \"sleep 611; : {mark}\" >/dev/null 2>&1 &); sleep 0.3; echo done', expect: done }}\n"
    )));
    let shown = scratch.verify(&[]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let out = shown.words();
    assert!(
        out.contains("leaves left behind what was ended then: process "),
        "{out}"
    );
    assert!(out.contains("`sleep`") || out.contains("`sh`"), "{out}");
    assert_eq!(processes_with(&mark.to_string()).len(), 0);
}

#[test]
fn what_another_user_runs_is_named_and_makes_the_check_an_error() {
    if !rustix::process::geteuid().is_root() {
        println!("not run: it needs root, to be somebody else");
        return;
    }
    let scratch = Scratch::with("");
    let mode =
        |file: &Path, mode| fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    mode(scratch.path(), 0o755);
    chown(scratch.path(), Some(NOBODY), None).unwrap();
    let program = scratch.program(&[]);
    if !may_run(program.get_program()) {
        println!("not run: nobody may not run the program where it was built");
        return;
    }
    let root = root_helper(scratch.path());
    let text = claim(&format!(
        "      - {{ id: late, claim: c, effect: observe, run: '{root} sleep 614', timeout: 1s, expect: '' }}\n      \
         - {{ id: left, claim: c, effect: observe, run: 'setsid {root} sleep 614 >/dev/null 2>&1 & sleep 0.3; echo done', expect: done }}\n"
    ));
    fs::write(scratch.path().join("claim.yaml"), text).unwrap();
    let mut run = as_nobody(program.get_program());
    run.args(["verify", "claim.yaml", "--format", "json"])
        .current_dir(scratch.path())
        .env("HOME", scratch.path())
        .env("GATEPROOF_STATE", scratch.path().join("state"));
    let shown = Shown::of(run.output().unwrap());
    assert_eq!(shown.code, Some(3), "{shown:?}");
    let record: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    for (check, words) in [
        (0, "timed out after 1s; this cannot be ended"),
        (1, "left behind what cannot be ended"),
    ] {
        let check = &record["checks"][check];
        assert_eq!(check["outcome"], "ERROR", "{check}");
        let said = check["findings"][0]["note"].as_str().unwrap_or_default();
        assert!(
            said.contains(words) && said.contains("`sleep` of uid 0"),
            "{said}"
        );
        for named in said.split("process ").skip(1) {
            let number = named.split(' ').next().unwrap();
            // The second check may name what the first has left as well, which is ended by now.
            let _ = test_kit::sshd::kill(number.parse().unwrap());
        }
    }
}
