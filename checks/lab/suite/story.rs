//! The whole of it: from a claim over its refutation, its fix, an edited claim file and a redeployed
//! host to `## DONE` and a clean audit, and then one changed byte. Real git with a bare remote and a
//! clone for everybody, real SSH keys; the host is the replica where there is one, else a real `sshd`
//! on loopback.

use std::path::{Path, PathBuf};

mod host;

use host::Host;
use libtest_mimic::{Completion, Trial};
use test_kit::program::Shown;
use test_kit::sshd::keygen;
use test_kit::world::{Person, World};

const CLAIM: &str = "claims/demo.yaml";
const STATUS: [&str; 4] = ["status", CLAIM, "--probe", "--exit-code"];

fn claim_file(host: &Host) -> String {
    format!(
        "phase: demo
title: the tool is deployed
hosts:
  host: {{ ssh: {}, revision: {{ run: {} }} }}
gates:
  M1:
    title: it tells its version
    checks:
      - {{ id: version, claim: the tool tells its version, on: clone, run: sh tool.sh, expect: v1 }}
      - {{ id: up, claim: the host answers, on: host, run: uname, expect: Linux }}
",
        host.alias(),
        host.revision()
    )
}

/// Git signs nothing, but has a key of this person's with which records are signed.
fn signs(person: &mut Person, host: &Host) -> String {
    let key = person.home().join("key");
    keygen(&key);
    person.git(&["config", "gpg.format", "ssh"]);
    person.git(&["config", "user.signingkey", &key.display().to_string()]);
    person.env.push(("GATEPROOF_SSH_CONFIG", host.config()));
    let mail = person.git(&["config", "user.email"]);
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    format!("{mail} {public}")
}

/// What a table says, without its borders and line breaks.
fn flat(shown: &Shown) -> String {
    let all = format!("{}{}", shown.out, shown.err).replace(['│', '┆', '\n'], " ");
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(shown: &Shown, words: &[&str]) {
    let flat = flat(shown);
    for word in words {
        assert!(flat.contains(word), "{word:?} in {flat}");
    }
}

/// Somebody who only looks on: everything that is handed off reaches them exactly once.
struct Onlooker(Person);

impl Onlooker {
    /// What one look tells, and that the next one tells nothing more.
    #[track_caller]
    fn hears(&self, expected: &[&str]) {
        let told = self.0.ends(0, &["watch", "--once"]);
        let lines: Vec<&str> = told.out.lines().collect();
        assert_eq!(lines.len(), expected.len(), "{}", told.out);
        for (line, words) in lines.iter().zip(expected) {
            assert!(line.contains(words), "{words}: {line}");
        }
        let again = self.0.ends(0, &["watch", "--once"]);
        assert_eq!(again.out, "");
    }

    /// How things stand upstream.
    #[track_caller]
    fn sees(&self, code: i32, words: &[&str]) {
        self.0.pull();
        says(&self.0.ends(code, &STATUS), words);
    }
}

/// Bob claims, Eve judges, and the onlooker hears of both.
fn claimed_and_passed(bob: &Person, eve: &Person, wanda: &Onlooker, review: &[&str]) {
    bob.pull();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    wanda.hears(&["hand-off: claim of demo M1 at "]);
    let words = ["review", "M1", "--commit", "--push"];
    eve.ends(0, &[&words[..], review].concat());
    wanda.hears(&["hand-off: review of demo M1 at "]);
}

pub fn trial() -> Trial {
    let missing = super::kit::ssh_configs().is_empty() && test_kit::sshd::program().is_none();
    Trial::ignorable_test("from_a_claim_to_done_and_one_changed_byte", move || {
        if missing {
            let why = "not run: no replica, and no sshd (openssh-server)";
            return Ok(Completion::ignored_with(why));
        }
        from_a_claim_to_done_and_one_changed_byte();
        Ok(Completion::Completed)
    })
}

fn from_a_claim_to_done_and_one_changed_byte() {
    let host = Host::take();
    let (world, mut bob) = World::new();
    let (mut eve, mut wanda) = (world.person("eve"), world.person("wanda"));
    // Each writes the line of the own key: Bob cannot say who may judge what he claims.
    let (bobs, eves) = (signs(&mut bob, &host), signs(&mut eve, &host));
    bob.write("claims/allowed_signers", &bobs);
    bob.git(&["add", "claims/allowed_signers"]);
    bob.change(CLAIM, &claim_file(&host));
    eve.pull();
    eve.change("claims/allowed_signers", &format!("{bobs}{eves}"));
    eve.git(&["push", "-q"]);
    bob.pull();
    wanda.env.push(("GATEPROOF_SSH_CONFIG", host.config()));
    let wanda = Onlooker(wanda);
    wanda.hears(&["following origin from "]);
    wanda.sees(1, &["OPEN", "not claimed"]);

    // Bob looks first. Nobody is told of it, and its record is no hole in the chain later.
    let key = bob.home().join("key").display().to_string();
    bob.ends(0, &["verify", CLAIM, "--quiet", "--sign", &key]);
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    wanda.hears(&["hand-off: claim of demo M1 at "]);
    wanda.sees(1, &["CLAIMED", "never verified"]);

    // Everything that is checked holds, and something else that Bob says does not.
    let words = [
        "review",
        "M1",
        "--finding",
        "STATUS says that tool.sh takes no argument; it takes one and ignores it",
        "--commit",
        "--push",
    ];
    eve.ends(1, &words);
    assert!(eve.subject().starts_with("review(demo-M1): FAIL A1 "));
    wanda.hears(&[", FAIL ("]);
    wanda.sees(1, &["FAIL", "filed A1", "finding A1 is open"]);
    says(&bob.ends(1, &["done", "demo"]), &["nothing was written"]);

    // The fix is Bob's commit and wakes nobody; the claim that follows does.
    bob.pull();
    bob.change("tool.sh", "test $# = 0 && echo v1\n");
    wanda.hears(&[]);
    wanda.sees(1, &["FAIL"]);
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    assert!(bob.subject().contains("re-claim after A1 fix"));
    wanda.hears(&["hand-off: claim of demo M1 at "]);
    wanda.sees(1, &["CLAIMED", "finding A1 is open"]);
    eve.ends(0, &["review", "M1", "--close", "A1", "--commit", "--push"]);
    wanda.hears(&[", PASS ("]);
    wanda.sees(0, &["DONE-ready", "reviewed by eve"]);

    // The claim file is edited: what was seen was another claim.
    bob.pull();
    bob.change(CLAIM, &format!("{}# one word more\n", claim_file(&host)));
    wanda.hears(&[]);
    wanda.sees(6, &["STALE", "the claim file was edited since"]);
    says(&bob.ends(6, &["done", "demo"]), &["nothing was written"]);
    claimed_and_passed(&bob, &eve, &wanda, &[]);
    wanda.sees(0, &["DONE-ready"]);

    // The host is redeployed: what was seen was another system.
    let then = host.runs();
    host.redeploy();
    let now = host.runs();
    assert_ne!(then, now);
    let redeployed = format!("redeployed since: revision then {then}, now {now}");
    wanda.sees(6, &["STALE", &redeployed]);
    bob.pull();
    says(&bob.ends(6, &["done", "demo"]), &["nothing was written"]);
    assert!(!bob.text("reports/STATUS-demo.md").contains("## DONE"));
    claimed_and_passed(&bob, &eve, &wanda, &[]);
    wanda.sees(0, &["DONE-ready", "ready: `gateproof done` may be said"]);

    bob.pull();
    bob.ends(0, &["done", "demo"]);
    let status = bob.text("reports/STATUS-demo.md");
    assert!(
        status.contains("\n## DONE — M1 PASS (no VETO)\n") && status.contains(&now),
        "{status}"
    );
    bob.change("reports/STATUS-demo.md", &status);
    wanda.hears(&[]);
    wanda.sees(0, &["DONE-ready", "demo: DONE"]);

    // A veto and its lifting are handed off, and the audit knows them.
    eve.pull();
    eve.ends(0, &["veto", "the counter is not keyed", "--commit"]);
    eve.git(&["push", "-q"]);
    wanda.hears(&["hand-off: veto of demo at "]);
    wanda.sees(
        1,
        &[
            "VETO",
            "the counter is not keyed",
            "declared DONE, and it is not",
        ],
    );
    eve.ends(0, &["lift", "it is, seen in the code", "--commit"]);
    eve.git(&["push", "-q"]);
    wanda.hears(&["hand-off: lift of demo at "]);
    wanda.sees(0, &["demo: DONE"]);

    let wanda = wanda.0;
    let audit = ["audit", "--require-signatures"];
    let clean = wanda.ends(0, &audit);
    assert!(
        clean.out.ends_with("clean\n") && clean.out.contains("11 records, 11 signed, 11 committed"),
        "{}",
        clean.out
    );
    changed_byte(&wanda, &audit);
}

/// One byte of the newest review: named by the audit, and not believed by anybody.
fn changed_byte(wanda: &Person, audit: &[&str]) {
    let review = newest(wanda, "review");
    let name = review.file_name().unwrap().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(&review).unwrap();
    let changed = text.replacen("\"observed\": \"up\"", "\"observed\": \"ux\"", 1);
    let changed = match changed == text {
        true => text.replacen("eve@example.org", "evf@example.org", 1),
        false => changed,
    };
    assert_eq!(changed.len(), text.len());
    assert_ne!(changed, text);
    std::fs::write(&review, changed).unwrap();
    let found = wanda.ends(1, audit);
    for finding in [": GP1101", ": GP1203", ".sig: GP130"] {
        let named = format!("{name}{finding}");
        assert!(found.out.contains(&named), "{named}: {}", found.out);
    }
    let seen = wanda.ends(1, &STATUS);
    says(
        &seen,
        &[
            "a record cannot be believed",
            &name,
            "declared DONE, and it is not",
        ],
    );
    assert!(!flat(&seen).contains("DONE-ready"), "{}", seen.out);
    says(&wanda.ends(1, &["done", "demo"]), &["nothing was written"]);
    std::fs::write(&review, text).unwrap();
    wanda.ends(0, audit);
    wanda.ends(0, &STATUS);
}

/// The file of the newest record of that act.
fn newest(person: &Person, act: &str) -> PathBuf {
    let run = person.record(act)["run_id"].as_str().unwrap().to_owned();
    let runs = Path::new("reports/runs/demo");
    person.clone.join(runs).join(format!("{run}.json"))
}
