//! Who said it, with real keys and real git: what counts under a name that must sign, and what
//! somebody typed.

use std::process::Command;

use test_kit::sshd::keygen;
use test_kit::world::{Person, World};

/// A key of their own, and the line of it in claims/allowed_signers, which `by` commits and pushes.
fn key(person: &Person, by: &Person) -> String {
    let key = person.clone.with_extension("key").display().to_string();
    keygen(key.as_ref());
    let public = std::fs::read_to_string(format!("{key}.pub")).unwrap();
    let mail = person.git(&["config", "user.email"]);
    by.pull();
    let before = by.text("claims/allowed_signers");
    by.change(
        "claims/allowed_signers",
        &format!("{before}{mail} namespaces=\"gateproof\" {public}"),
    );
    by.git(&["push", "-q"]);
    person.pull();
    key
}

/// Bob and Eve, each with a key whose line they wrote, and Bob's signed claim of M1.
fn signing() -> (World, Person, Person, [String; 2]) {
    let (world, bob) = World::new();
    let eve = world.person("eve");
    eve.settings("fast");
    let keys = [key(&bob, &bob), key(&eve, &eve)];
    bob.pull();
    bob.ends(
        0,
        &["claim", "M1", "--sign", &keys[0], "--commit", "--push"],
    );
    eve.pull();
    (world, bob, eve, keys)
}

#[track_caller]
fn status(person: &Person, words: &[&str]) {
    let shown = person.run(&["status"]);
    let text = shown.words();
    for words in words {
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// Takes the signature of the newest record of that act away, as a forger does who has no key.
fn unsign(person: &Person, act: &str) {
    let run = person.record(act)["run_id"].as_str().unwrap().to_owned();
    let path = format!("reports/runs/demo/{run}.json.sig");
    person.git(&["rm", "-q", "--cached", &path]);
    std::fs::remove_file(person.clone.join(&path)).unwrap();
    person.git(&["commit", "-q", "--amend", "--no-edit"]);
}

#[test]
fn a_review_counts_only_when_the_one_it_names_has_signed_it() {
    let (_world, bob, eve, [_, eves]) = signing();
    // Without a key nothing is run, and the remedy is named.
    for words in [&["review", "M1"][..], &["review", "M1", "--no-sign"]] {
        let shown = eve.ends(2, words);
        assert!(
            shown.err.contains("GP2707") && shown.err.contains("--sign KEY"),
            "{}",
            shown.err
        );
    }
    let stranger = eve.clone.with_extension("stranger").display().to_string();
    keygen(stranger.as_ref());
    let shown = eve.ends(2, &["review", "M1", "--sign", &stranger]);
    assert!(shown.err.contains("not a key of eve"), "{}", shown.err);

    eve.ends(0, &["review", "M1", "--sign", &eves, "--commit"]);
    status(
        &eve,
        &["M1 DONE-ready", "was written by eve <eve@example.org>"],
    );
    assert!(
        eve.ends(0, &["audit"])
            .out
            .contains("signer: claims/allowed_signers line 2")
    );

    // The same review without its signature is a forger's.
    unsign(&eve, "review");
    status(
        &eve,
        &[
            "M1 CLAIMED",
            "is not signed, and claims/allowed_signers names eve",
        ],
    );
    let audit = eve.ends(1, &["audit"]);
    assert!(audit.out.contains("GP1301"), "{}", audit.out);
    eve.git(&["push", "-q"]);
    bob.pull();
    let shown = bob.ends(1, &["done", "demo"]);
    assert!(shown.err.contains("nothing was written"), "{}", shown.err);
    let watch = bob.ends(
        0,
        &["watch", "--once", "--from", "HEAD~1", "--as", "builder"],
    );
    assert!(
        watch.out.contains("does not count: review") && !watch.out.contains("hand-off: review"),
        "{}",
        watch.out
    );

    // Nor does a stranger's key make it hers.
    let run = eve.record("review")["run_id"].as_str().unwrap().to_owned();
    let record = format!("reports/runs/demo/{run}.json");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-n", "gateproof", "-f", &stranger])
        .arg(eve.clone.join(&record))
        .status();
    assert!(made.unwrap().success());
    status(&eve, &["M1 CLAIMED", "which is not a key of eve"]);
    assert!(eve.ends(1, &["audit"]).out.contains("GP1303"));
}

#[test]
fn the_builder_lets_nobody_else_sign_about_his_claim_and_frees_nobody_from_signing() {
    let (world, bob) = World::new();
    let eve = world.person("eve");
    eve.settings("fast");
    let bobs = key(&bob, &bob);
    // Bob writes a line for Eve, with a key that he has.
    let forged = key(&eve, &bob);
    bob.ends(0, &["claim", "M1", "--sign", &bobs, "--commit", "--push"]);
    eve.pull();
    let shown = eve.ends(2, &["review", "M1", "--sign", &forged]);
    assert!(
        shown
            .err
            .contains("bob <bob@example.org>, who made the claim, wrote that line"),
        "{}",
        shown.err
    );
    // Bob takes the lines away: Eve must still sign.
    eve.git(&["rm", "-q", "claims/allowed_signers"]);
    eve.git(&[
        "-c",
        "user.name=bob",
        "-c",
        "user.email=bob@example.org",
        "commit",
        "-qm",
        "tidy",
    ]);
    eve.git(&["push", "-q"]);
    let shown = eve.ends(2, &["review", "M1"]);
    assert!(shown.err.contains("is not signed"), "{}", shown.err);
    // A mailmap says that Bob is Eve, and is not asked.
    eve.git(&["revert", "--no-edit", "HEAD"]);
    eve.change(".mailmap", "eve <eve@example.org> <bob@example.org>\n");
    eve.git(&["push", "-q"]);
    bob.pull();
    bob.git(&["push", "-q"]);
}

#[test]
fn what_the_builder_types_lifts_and_closes_nothing() {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let eve = world.person("eve");
    eve.settings("fast");
    let finding = [
        "review",
        "M1",
        "--finding",
        "it leaks",
        "--commit",
        "--push",
    ];
    eve.ends(1, &finding);
    eve.ends(0, &["review", "M1", "--commit", "--push"]);
    eve.ends(0, &["veto", "not yet", "--commit", "--push"]);
    bob.pull();
    let review = bob.text("reports/REVIEW-demo.md");
    bob.change(
        "reports/REVIEW-demo.md",
        &format!("{review}\n## VETO lifted: fine now\n\n- A1 CLOSED\n"),
    );
    bob.git(&["push", "-q"]);
    status(
        &bob,
        &[
            "M1 VETO",
            "does not lift V1: bob <bob@example.org> has claimed a gate of the phase",
            "does not close A1: bob <bob@example.org> has claimed a gate of the phase",
        ],
    );
    bob.ends(1, &["done", "demo"]);
    let audit = bob.ends(1, &["audit"]);
    assert_eq!(audit.out.matches("GP1707").count(), 2, "{}", audit.out);
    assert!(bob.ends(1, &["veto", "--list"]).out.contains("OPEN"));
    // He takes the heading of the veto away, and its record stays.
    bob.change("reports/REVIEW-demo.md", "# REVIEW\n");
    status(&bob, &["M1 VETO", "VETO in record"]);
    // And the record, too.
    let run = bob.record("veto")["run_id"].as_str().unwrap().to_owned();
    bob.git(&["rm", "-q", &format!("reports/runs/demo/{run}.json")]);
    bob.git(&["commit", "-qm", "tidy"]);
    status(&bob, &["it is gone, and commit"]);
    // However the folder of the records is written.
    for named in ["reports", "./reports", "claims/../reports"] {
        let shown = bob.run(&["status", "--reports", named]);
        let text = shown.words();
        assert!(text.contains("it is gone, and commit"), "{named}: {text}");
    }
    assert!(bob.ends(1, &["audit"]).out.contains("GP1202"));

    // Eve lifts and closes it.
    eve.pull();
    eve.ends(0, &["lift", "seen", "--commit", "--push"]);
    // Its heading is gone, and the record has its own name.
    assert_eq!(eve.subject(), format!("lift(demo): {run}: seen"));
    eve.ends(0, &["review", "M1", "--close", "A1", "--commit", "--push"]);
    status(&eve, &["M1 DONE-ready"]);
}

#[test]
fn what_the_adversary_has_committed_by_hand_lifts_and_closes_and_in_the_tree_nothing_does() {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let eve = world.person("eve");
    eve.settings("fast");
    eve.ends(1, &["review", "M1", "--finding", "it leaks", "--commit"]);
    eve.ends(0, &["review", "M1", "--commit"]);
    let review = eve.text("reports/REVIEW-demo.md");
    eve.write(
        "reports/REVIEW-demo.md",
        &format!("{review}\n## VETO by hand\n\n## VETO lifted: seen\n\n- A1 CLOSED\n"),
    );
    status(
        &eve,
        &["M1 VETO", "does not lift V1: the line is not committed"],
    );
    eve.git(&["commit", "-qam", "by hand"]);
    status(&eve, &["M1 DONE-ready"]);
    // The Builder squashes it under his name: nobody knows any more that it was she.
    eve.git(&[
        "-c",
        "user.name=bob",
        "-c",
        "user.email=bob@example.org",
        "commit",
        "-q",
        "--amend",
        "--no-edit",
        "--reset-author",
    ]);
    status(&eve, &["M1 VETO", "has claimed a gate"]);
}

#[test]
fn done_is_the_builders_word_and_says_whose_work_it_is() {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "M2", "--commit", "--push"]);
    let eve = world.person("eve");
    eve.settings("fast");
    eve.ends(0, &["review", "--commit", "--push"]);
    let shown = eve.ends(2, &["done", "demo"]);
    assert!(
        shown.err.contains("GP2703") && shown.err.contains("--allow-reviewer"),
        "{}",
        shown.err
    );
    assert!(!eve.text("reports/STATUS-demo.md").contains("## DONE"));
    bob.pull();
    let shown = bob.ends(0, &["done", "demo", "--commit", "--push"]);
    assert!(
        shown
            .err
            .contains("M1: the work of bob <bob@example.org>, judged by eve <eve@example.org>"),
        "{}",
        shown.err
    );
    assert_eq!(bob.subject(), "done(demo): M1+M2 PASS");
    assert_eq!(bob.committed(), ["reports/STATUS-demo.md"]);
    assert_eq!(bob.git(&["rev-parse", "origin/main"]), bob.head());
    bob.ends(0, &["done", "demo", "--commit", "--push"]);
    eve.pull();
    eve.ends(0, &["done", "demo", "--allow-reviewer"]);
    // STATUS says one thing: with DONE each gate is PASS, and with a new claim nothing is done.
    let states = || -> Vec<String> {
        let status = bob.text("reports/STATUS-demo.md");
        let headings = status.lines().filter(|line| line.starts_with("## "));
        headings.map(str::to_owned).collect()
    };
    let [m1, m2, done] = &states()[..] else {
        panic!("{:?}", states())
    };
    assert_eq!((&**m1, &**m2), ("## Gate: M1 — PASS", "## Gate: M2 — PASS"));
    assert!(done.starts_with("## DONE — M1+M2 PASS"), "{done}");
    assert!(bob.ends(0, &["audit"]).out.contains("\nclean"));
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    assert_eq!(
        states(),
        [
            "## Gate: M1 — CLAIMED, awaiting Adversary",
            "## Gate: M2 — PASS"
        ]
    );
    assert!(bob.ends(0, &["audit"]).out.contains("\nclean"));
}

#[test]
fn the_first_watch_says_what_waits_and_a_veto_and_its_lifting_wake_the_builder() {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let claimed = bob.head();
    let (eve, carl) = (world.person("eve"), world.person("carl"));
    eve.settings("fast");
    let watch = |who: &Person, role: &str| who.ends(0, &["watch", "--once", "--as", role]).out;
    let waits = watch(&eve, "adversary");
    assert!(
        waits.contains(&format!("hand-off: claim of demo M1 at {claimed}")),
        "{waits}"
    );
    assert_eq!(watch(&eve, "adversary"), "", "only once");
    assert!(!watch(&bob, "builder").contains("hand-off"));
    eve.ends(1, &["review", "M1", "--finding", "x", "--commit", "--push"]);
    eve.ends(0, &["veto", "M1: not yet", "--commit", "--push"]);
    eve.ends(0, &["lift", "seen", "--commit", "--push"]);
    eve.ends(0, &["veto", "again", "--commit", "--push"]);
    let told = watch(&bob, "builder");
    for words in [
        "hand-off: review of demo M1 at",
        ", FAIL (",
        "hand-off: veto of demo M1 at",
        "hand-off: lift of demo at",
        "hand-off: veto of demo at",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("note:"), "{told}");
    // Somebody who comes now: the claim is judged, and the Builder has work.
    assert!(!watch(&carl, "adversary").contains("hand-off"));
    let dora = world.person("dora");
    let waits = watch(&dora, "builder");
    assert!(
        waits.contains("hand-off: review of demo M1")
            && waits.contains("hand-off: veto of demo at"),
        "{waits}"
    );
    assert_eq!(waits.matches("hand-off").count(), 2, "{waits}");
}
