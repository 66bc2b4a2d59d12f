//! A tree of the claimed commit on a host.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use test_kit::program::Scratch;
use test_kit::runs::eventually;
use test_kit::sshd::Sshd;

use super::{claim, json, verify};

fn git(folder: &Path, words: &[&str]) {
    let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    let mut git = Command::new("git");
    git.current_dir(folder).args(identity).args(words);
    assert!(git.status().unwrap().success(), "{words:?}");
}

/// A repository with more in it than one request carries.
fn committed(checks: &str) -> Scratch {
    let scratch = Scratch::with(claim(checks));
    let folder = scratch.path();
    let noise = |n: u32| n.wrapping_mul(2_654_435_761).rotate_left(7).to_le_bytes();
    let big: Vec<u8> = (0..150_000).flat_map(noise).collect();
    std::fs::write(folder.join("big"), big).unwrap();
    std::fs::write(folder.join("VERSION"), "1.4.2\n").unwrap();
    std::fs::write(folder.join("kept"), "$Format:%H$\n").unwrap();
    // An archive of git would leave the one out and rewrite the other.
    let attributes = "VERSION export-ignore\nkept export-subst\n";
    std::fs::write(folder.join(".gitattributes"), attributes).unwrap();
    git(folder, &["init", "-q"]);
    git(folder, &["add", "."]);
    git(folder, &["commit", "-qm", "first"]);
    std::fs::write(folder.join("VERSION"), "not committed\n").unwrap();
    scratch
}

const TREE: &str = "on: { host: h, clone: true }";

pub(crate) fn brought_and_removed() {
    let sshd = Sshd::builder().start();
    let scratch = committed(&format!(
        "      - {{ id: files, claim: c, {TREE}, run: 'cat VERSION kept && wc -c <big', expect: {{ stdout: {{ set: [1.4.2, '$Format:%H$', '600000'] }} }} }}
      - {{ id: changes, claim: c, {TREE}, run: 'touch made && ls made', expect: made }}
      - {{ id: where, claim: c, {TREE}, run: pwd, expect: {{ stdout: {{ ends_with: /tree }} }}, capture: {{ where: stdout }} }}
      - {{ id: same, claim: c, {TREE}, cwd: sub, requires: 'test -e VERSION', run: pwd, expect: x }}
      - {{ id: again, claim: c, {TREE}, run: 'pwd; ls made', expect: {{ stdout: {{ lines: 2, contains: '${{where}}' }} }} }}
      - {{ id: plain, claim: c, on: h, run: 'ls VERSION', expect: {{ exit: 2 }} }}
"
    ));
    let shown = verify(&scratch, &sshd);
    let record = json(&shown);
    let check = |id: &str| {
        let all = record["checks"].as_array().unwrap();
        all.iter().find(|check| check["id"] == id).unwrap().clone()
    };
    for id in ["files", "changes", "where", "again", "plain"] {
        assert_eq!(check(id)["outcome"], "PASS", "{}", check(id));
    }
    let findings = check("same")["findings"].to_string();
    assert!(findings.contains("sub"), "{findings}");
    let by_hand = check("files")["reproduce"].as_str().unwrap().to_owned();
    assert!(
        by_hand.contains("archive ") && by_hand.contains("| ssh"),
        "{by_hand}"
    );
    let seen = &check("where")["observation"]["command"]["stdout"]["text"];
    let folder = PathBuf::from(seen.as_str().unwrap().trim());
    assert!(folder.is_absolute() && !folder.exists(), "{folder:?}");
    assert!(!folder.parent().unwrap().exists(), "{folder:?}");
}

pub(crate) fn removed_when_we_are_killed() {
    let sshd = Sshd::builder().start();
    let told = sshd.path("told").display().to_string();
    let scratch = committed(&format!(
        "      - {{ id: held, claim: c, {TREE}, effect: observe, run: 'pwd >{told}.new && mv {told}.new {told} && sleep 300', timeout: 400s, expect: '' }}
"
    ));
    let config = sshd.config().display().to_string();
    let run = scratch.start(&["verify", "claim.yaml", "--ssh-config", &config]);
    eventually("the check", || Path::new(&told).exists());
    let folder = PathBuf::from(std::fs::read_to_string(&told).unwrap().trim());
    assert!(folder.join("big").exists(), "{folder:?}");
    run.signal(Signal::KILL);
    eventually("the tree is gone", || !folder.parent().unwrap().exists());
}
