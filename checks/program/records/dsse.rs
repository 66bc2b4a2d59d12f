//! Statements in envelopes, signed by real keys of `ssh-keygen` in a real `ssh-agent`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::agent::Agent;
use super::kit::World;

/// A new key of that kind without a passphrase, beside the repository.
fn key(world: &World, kind: &str, passphrase: &str) -> String {
    let key = world.beside(&format!("{kind}{passphrase}"));
    let key = key.display().to_string();
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-N", passphrase, "-C", "", "-t", kind, "-f", &key]);
    if kind == "ecdsa" {
        command.args(["-b", "256"]);
    }
    assert!(command.status().unwrap().success());
    key
}

/// The id of the newest run.
fn run_of(world: &World) -> String {
    let record = world.records().pop().unwrap();
    record.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// What `--verify` says of an envelope.
fn verify(world: &World, envelope: &Value, keys: &str) -> Output {
    let file = world.beside("envelope.json");
    fs::write(&file, envelope.to_string()).unwrap();
    world.run(&[
        "statement",
        "--verify",
        file.to_str().unwrap(),
        "--key",
        keys,
    ])
}

#[track_caller]
fn envelope_of(shown: &Output) -> Value {
    assert!(shown.status.success(), "{shown:?}");
    serde_json::from_slice(&shown.stdout).unwrap()
}

fn said(shown: &Output) -> String {
    String::from_utf8_lossy(&shown.stderr).into_owned()
}

#[test]
fn a_statement_is_signed_by_a_key_that_only_the_agent_has_and_verified_by_its_public_key() {
    for kind in ["ed25519", "ecdsa"] {
        let world = World::complete();
        let run = run_of(&world);
        let (key, other) = (key(&world, kind, ""), world.key("Eve"));
        let agent = Agent::with(&world, &key);
        fs::remove_file(&key).unwrap();
        let public = format!("{key}.pub");
        let literal = format!("key::{}", fs::read_to_string(&public).unwrap().trim());
        for sign in [&public, &literal] {
            let mut command = world.command(&["statement", &run, "--sign", sign]);
            let shown = command.env("SSH_AUTH_SOCK", agent.socket()).output();
            let envelope = envelope_of(&shown.unwrap());
            let shown = verify(&world, &envelope, &public);
            let statement = envelope_of(&shown);
            assert_eq!(statement["predicate"]["gateproofRun"]["runId"], *run);
            assert!(said(&shown).contains("good signature by the key SHA256:"));

            // Another's key; another payload, type or signature.
            let shown = verify(&world, &envelope, &format!("{other}.pub"));
            assert_eq!(shown.status.code(), Some(1), "{shown:?}");
            assert!(shown.stdout.is_empty());
            for (field, value) in [
                ("/payload", json!(STANDARD.encode("{}"))),
                ("/payloadType", json!("text/plain")),
                ("/signatures/0/sig", json!(STANDARD.encode([0; 64]))),
                ("/signatures/0/sig", json!("no base64")),
                ("/signatures", json!([])),
            ] {
                let mut changed = envelope.clone();
                *changed.pointer_mut(field).unwrap() = value;
                let shown = verify(&world, &changed, &public);
                assert_eq!(shown.status.code(), Some(1), "{field}: {shown:?}");
                assert!(shown.stdout.is_empty(), "{field}");
            }
            // The id is a hint, and nobody is believed for it.
            let mut renamed = envelope.clone();
            renamed["signatures"][0]["keyid"] = json!("another");
            assert!(verify(&world, &renamed, &public).status.success());
        }
    }
}

#[test]
fn the_file_of_a_private_key_signs_without_an_agent() {
    let world = World::complete();
    let run = run_of(&world);
    for kind in ["ed25519", "ecdsa"] {
        let key = key(&world, kind, "");
        let public = fs::read_to_string(format!("{key}.pub")).unwrap();
        let envelope = envelope_of(&world.run(&["statement", &run, "--sign", &key]));
        // Nor does it need the public part beside it.
        fs::remove_file(format!("{key}.pub")).unwrap();
        let again = envelope_of(&world.run(&["statement", &run, "--sign", &key]));
        let keyid = |envelope: &Value| envelope["signatures"][0]["keyid"].clone();
        assert_eq!(keyid(&envelope), keyid(&again));
        let keys = world.beside("keys");
        fs::write(&keys, format!("# of the team\n{public}")).unwrap();
        assert!(
            verify(&world, &again, keys.to_str().unwrap())
                .status
                .success()
        );
        // The private key itself is no key to verify with.
        let shown = verify(&world, &again, &key);
        assert_eq!(shown.status.code(), Some(3));
        assert!(said(&shown).contains("it is a private key"), "{shown:?}");
    }
}

#[test]
fn a_key_in_pem_verifies() {
    let world = World::complete();
    let key = key(&world, "ecdsa", "");
    let envelope = envelope_of(&world.run(&["statement", &run_of(&world), "--sign", &key]));
    let pem = Command::new("ssh-keygen")
        .args(["-e", "-m", "PKCS8", "-f", &format!("{key}.pub")])
        .output()
        .unwrap();
    let file = world.beside("key.pem");
    fs::write(&file, pem.stdout).unwrap();
    assert!(
        verify(&world, &envelope, file.to_str().unwrap())
            .status
            .success()
    );
}

#[test]
fn a_key_that_signs_no_envelope_is_told_why_and_its_recipe_works() {
    let world = World::complete();
    let key = key(&world, "rsa", "");
    let public = fs::read_to_string(format!("{key}.pub")).unwrap();
    let shown = world.run(&["statement", &run_of(&world), "--sign", &key]);
    assert_eq!(shown.status.code(), Some(3), "{shown:?}");
    assert!(shown.stdout.is_empty());
    assert!(said(&shown).contains("ssh-rsa signs no DSSE envelope"));
    let lines: Vec<String> = said(&shown)
        .lines()
        .filter_map(|line| Some(line.strip_prefix("  ")?.to_owned()))
        .collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    fs::write(
        world.path("claims/allowed_signers"),
        format!("you@example.org {public}"),
    )
    .unwrap();
    let program = world.command(&[]).get_program().to_owned();
    let script = format!(
        "set -e\ngateproof() {{ \"$PROGRAM\" \"$@\"; }}\n{}",
        lines.join("\n")
    );
    let mut bash = Command::new("bash");
    bash.args(["-c", &script.replace("RUN", &run_of(&world))]);
    let shown = bash
        .current_dir(world.root())
        .env("PROGRAM", program)
        .output();
    let shown = shown.unwrap();
    assert!(shown.status.success(), "{shown:?}");
    assert!(String::from_utf8_lossy(&shown.stdout).contains("Good \"gateproof\" signature"));
}

#[test]
fn a_key_that_cannot_sign_now_prints_no_envelope() {
    let world = World::complete();
    let run = run_of(&world);
    let (ours, locked) = (key(&world, "ed25519", ""), key(&world, "ecdsa", "locked"));
    let sign = |key: &str, socket: &str| {
        let mut command = world.command(&["statement", &run, "--sign", key]);
        command
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("SSH_ASKPASS", "false");
        let shown = command.env("SSH_AUTH_SOCK", socket).output().unwrap();
        assert_eq!(shown.status.code(), Some(3), "{shown:?}");
        assert!(shown.stdout.is_empty());
        said(&shown)
    };
    assert!(sign(&locked, "").contains("`ssh-add "));
    let public = format!("{ours}.pub");
    assert!(sign(&public, "").contains("no SSH agent has the key"));
    assert!(sign(&public, "/no/agent").contains("cannot ask the SSH agent at /no/agent"));
    let agent = Agent::with(&world, &world.key("Ada"));
    let socket = agent.socket().to_str().unwrap();
    assert!(sign(&public, socket).contains("no SSH agent has the key"));
    // Something that is no agent.
    for answer in [
        &b"\xff\xff\xff\xff"[..],
        b"\0\0\0\x01\x05",
        b"\0\0\0\x05\x0c\0\0\0\x09",
        b"",
    ] {
        let socket = world.beside("no-agent");
        let _ = fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut stream = listener.accept().unwrap().0;
                let _ = stream.read_exact(&mut [0; 5]);
                let _ = stream.write_all(answer);
            });
            let said = sign(&public, socket.to_str().unwrap());
            assert!(said.contains("SSH agent at"), "{answer:?}: {said}");
        });
    }
}

#[test]
fn a_statement_says_what_was_run_at_which_commit() {
    let world = World::complete();
    let run = run_of(&world);
    let shown = world.run(&["statement", &run, "--no-sign"]);
    let envelope = envelope_of(&shown);
    assert!(said(&shown).contains("no signature"));
    assert_eq!(envelope["signatures"], json!([]));
    let shown = verify(&world, &envelope, &format!("{}.pub", world.key("Ada")));
    assert_eq!(shown.status.code(), Some(1));
    assert!(said(&shown).contains("the envelope has no signature"));

    let payload = STANDARD
        .decode(envelope["payload"].as_str().unwrap())
        .unwrap();
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    let commit = world.git(&["rev-parse", "HEAD~1"]);
    assert_eq!(statement["subject"][0]["digest"]["gitCommit"], *commit);
    assert_eq!(
        statement["predicate"]["result"], "WARNED",
        "the first run left files in the tree"
    );
    let passed = &statement["predicate"]["passedTests"];
    assert_eq!(*passed, json!(["M1/one", "M1/two"]));

    // What is no envelope, and a record that is damaged.
    let shown = verify(
        &world,
        &json!({ "payload": "" }),
        &format!("{}.pub", world.key("Ada")),
    );
    assert_eq!(shown.status.code(), Some(3));
    let record = world.records().pop().unwrap();
    let damaged = fs::read_to_string(&record).unwrap().replace("PASS", "FAIL");
    fs::write(&record, damaged).unwrap();
    assert_eq!(world.run(&["statement", &run]).status.code(), Some(3));
}
