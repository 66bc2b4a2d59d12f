//! Signatures as OpenSSH itself sees them.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use gateproof::record::{RecordError, Signer, write_signed};
use kit::inside::Inside;

use super::agent::Agent;
use super::kit::{ADVERSARY, BUILDER, World};

/// `ssh-keygen -Y verify` by hand.
fn accepts(world: &World, principal: &str, signature: &Path, text: &[u8]) -> bool {
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "verify", "-n", "gateproof", "-I", principal, "-f"])
        .arg(world.path("claims/allowed_signers"))
        .arg("-s")
        .arg(signature)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    child.wait().unwrap().success()
}

const VERIFY: [&str; 3] = ["verify", "claims/demo.yaml", "--quiet"];

/// The one record, and its signature's text.
fn signed(world: &World) -> (Vec<u8>, std::path::PathBuf) {
    let path = world.records().pop().unwrap();
    (fs::read(&path).unwrap(), path.with_extension("json.sig"))
}

#[test]
fn openssh_accepts_the_signature_of_a_record_by_its_author_alone() {
    let world = World::new();
    world.allow(BUILDER.1, "Ada", "");
    world.allow(ADVERSARY.1, "Eve", "");
    let key = world.key("Ada");
    // By the environment.
    let shown = world
        .command(&VERIFY)
        .env("GATEPROOF_SIGNING_KEY", key)
        .output()
        .unwrap();
    assert!(shown.status.success(), "{shown:?}");
    let (text, signature) = signed(&world);
    assert!(accepts(&world, BUILDER.1, &signature, &text));
    assert!(!accepts(&world, ADVERSARY.1, &signature, &text));
    assert!(!accepts(&world, BUILDER.1, &signature, &text[1..]));
}

#[test]
fn gits_own_signing_key_signs_what_is_run_in_a_role() {
    let world = World::new();
    world.allow(BUILDER.1, "Ada", "");
    world.git(&["config", "user.signingkey", &world.key("Ada")]);
    let run = |more: &[&str]| {
        let shown = world.run(&[&VERIFY[..], more].concat());
        assert!(shown.status.success(), "{shown:?}");
        signed(&world).1.exists()
    };
    // git would sign with OpenPGP.
    assert!(!run(&["--as", "builder"]));
    world.git(&["config", "gpg.format", "ssh"]);
    assert!(run(&["--as", "builder"]));
    assert!(!run(&["--as", "builder", "--no-sign"]));
    // Who only looks is never asked for a passphrase.
    assert!(!run(&[]));
    let words = [&VERIFY[..], &["--no-sign"]].concat();
    let shown = world
        .command(&words)
        .env("GATEPROOF_SIGNING_KEY", world.key("Ada"))
        .output();
    assert!(shown.unwrap().status.success());
    assert!(!signed(&world).1.exists());
}

#[test]
fn a_run_that_cannot_be_signed_leaves_no_record() {
    let world = World::new();
    let locked = world.beside("locked").display().to_string();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "a passphrase", "-f", &locked])
        .status();
    assert!(made.unwrap().success());
    let shown = world
        .command(&[&VERIFY[..], &["--sign", &locked]].concat())
        .env("SSH_ASKPASS_REQUIRE", "force")
        .env("SSH_ASKPASS", "false")
        .output()
        .unwrap();
    assert_eq!(shown.status.code(), Some(3), "{shown:?}");
    let said = String::from_utf8_lossy(&shown.stderr).into_owned();
    assert!(said.contains("was to be signed"), "{said}");
    let left = fs::read_dir(world.path("reports/runs/demo"))
        .unwrap()
        .count();
    assert_eq!(left, 0);

    // A key that is not there is a wrong command line: nothing is run at all.
    let shown = world.run(&[&VERIFY[..], &["--sign", "no/such/key"]].concat());
    assert_eq!(shown.status.code(), Some(2), "{shown:?}");
}

#[test]
fn a_signature_that_cannot_be_put_there_leaves_no_record() {
    let world = World::new();
    let record = world.sample();
    let signer = Signer::with_key(&world.key("Ada")).unwrap();
    let runs = world.path("reports/runs/demo");
    let stale = runs.join(format!("{}.json.sig", record.run_id));
    fs::create_dir_all(&runs).unwrap();
    fs::write(&stale, "of an older record").unwrap();
    let error = write_signed(&record, &Inside::top(&runs), Some(&signer)).unwrap_err();
    assert!(
        matches!(&error, RecordError::Exists { path } if *path == stale),
        "{error}"
    );
    assert_eq!(fs::read_dir(&runs).unwrap().count(), 1);
    assert_eq!(fs::read(&stale).unwrap(), b"of an older record");
}

#[test]
fn writers_that_sign_at_the_same_time_make_one_chain() {
    let world = World::new();
    world.allow(BUILDER.1, "Ada", "");
    let record = world.sample();
    let signer = Signer::with_key(&world.key("Ada")).unwrap();
    let runs = world.path("reports/runs/demo");
    std::thread::scope(|scope| {
        for n in 0..6 {
            let (signer, runs) = (&signer, &runs);
            let mut record = record.clone();
            record.run_id = format!("{}-{n}", record.run_id);
            // One of them does not sign, and has to wait for nobody.
            let signer = (n != 3).then_some(signer);
            scope.spawn(move || write_signed(&record, &Inside::top(runs), signer).unwrap());
        }
    });
    let audit = world.audit();
    assert_eq!(audit.findings, []);
    let phase = &audit.phases[0];
    assert_eq!((phase.records, phase.signed, phase.heads.len()), (6, 5, 1));
}

#[test]
fn a_key_that_only_the_agent_has_signs() {
    let world = World::new();
    world.allow(BUILDER.1, "Ada", "");
    let key = world.key("Ada");
    let agent = Agent::with(&world, &key);
    fs::remove_file(&key).unwrap();
    let public = format!("{key}.pub");
    let literal = fs::read_to_string(&public).unwrap();
    for key in [public.as_str(), literal.trim()] {
        let words = [&VERIFY[..], &["--sign", key]].concat();
        let shown = world
            .command(&words)
            .env("SSH_AUTH_SOCK", agent.socket())
            .output()
            .unwrap();
        assert!(shown.status.success(), "{shown:?}");
        let (text, signature) = signed(&world);
        assert!(accepts(&world, BUILDER.1, &signature, &text));
    }
}

#[test]
fn unsigned_records_are_said_and_are_a_finding_where_signatures_are_required() {
    let world = World::new();
    world.keep(&world.sample());
    let audit = world.audit();
    assert_eq!(audit.findings, []);
    assert!(
        audit
            .notes
            .iter()
            .any(|note| note.contains("1 of 1 records are not signed"))
    );
    let shown = world.run(&["audit", "--require-signatures"]);
    assert_eq!(shown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&shown.stdout).contains("GP1301"));
}

/// What an audit finds when Ada's run is signed with a key, and these signers are allowed.
fn with_signers(key: &str, allowed: &[(&str, &str, &str)]) -> Vec<&'static str> {
    let world = World::new();
    for (mail, key, options) in allowed {
        world.allow(mail, key, options);
    }
    let key = world.key(key);
    assert!(
        world
            .run(&[&VERIFY[..], &["--sign", &key]].concat())
            .status
            .success()
    );
    world.codes()
}

#[test]
fn only_the_authors_key_at_the_time_of_the_record_is_taken() {
    let ada = |options| (BUILDER.1, "Ada", options);
    assert_eq!(with_signers("Ada", &[ada("")]), [""; 0]);
    assert_eq!(
        with_signers("Ada", &[ada("namespaces=\"gateproof\"")]),
        [""; 0]
    );
    assert_eq!(
        with_signers("Ada", &[("*@example.org", "Ada", "")]),
        [""; 0]
    );
    assert_eq!(
        with_signers("Ada", &[ada("valid-after=\"20200101\"")]),
        [""; 0]
    );
    assert_eq!(
        with_signers("Ada", &[ada("valid-before=\"20200101\"")]),
        ["GP1303"]
    );
    assert_eq!(
        with_signers("Ada", &[ada("valid-after=\"20990101\"")]),
        ["GP1303"]
    );
    assert_eq!(
        with_signers("Ada", &[ada("namespaces=\"git\"")]),
        ["GP1303"]
    );
    assert_eq!(with_signers("Eve", &[ada("")]), ["GP1303"]);
    assert_eq!(
        with_signers("Eve", &[ada(""), (ADVERSARY.1, "Eve", "")]),
        ["GP1303"]
    );
    // Nobody says whose key it is: that is a note, unless signatures are required.
    assert_eq!(with_signers("Ada", &[]), [""; 0]);
}

#[test]
fn a_signature_for_another_purpose_or_of_another_record_does_not_fit() {
    let world = World::complete();
    let records = world.records();
    let signature = |n: usize| records[n].with_extension("json.sig");
    let name = |n: usize| {
        let path = signature(n);
        path.strip_prefix(world.root())
            .unwrap()
            .display()
            .to_string()
    };
    fs::copy(signature(0), signature(1)).unwrap();
    assert!(world.findings().contains(&("GP1302", name(1))));

    fs::remove_file(signature(0)).unwrap();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-n", "git", "-f", &world.key("Ada")])
        .arg(&records[0])
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    assert!(world.findings().contains(&("GP1302", name(0))));
}
