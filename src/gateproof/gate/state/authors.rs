//! Who said it: what counts only with a signature, and what is typed.

use super::cases::{again, filing, third, typed_by};
use super::tests::{World, clock, stored, world};
use super::*;
use crate::gate::counts::{Signature, SignerLine, WrittenBy};
use crate::record::{Act, LiftedVeto, RecordLink, RunRecord, VetoWords};

/// A name, what is changed in a world in which all is well, the state then, and a part of what is
/// said.
type Case = (&'static str, fn(&mut World), GateState, &'static str);

fn author(name: &str) -> String {
    format!("{name} <{name}@example.org>")
}

/// Lines of allowed signers: whom each names, and who committed it.
fn signers(world: &mut World, lines: &[(&str, &str)]) {
    let line = |(number, (mail, by)): (usize, &(&str, &str))| {
        let written = (!by.is_empty()).then(|| WrittenBy {
            author: author(by),
            commit: "f0".repeat(20),
            at: clock(-100),
        });
        SignerLine::read(
            number,
            &format!("{mail}@example.org ssh-ed25519 A"),
            written,
        )
    };
    let signers = &mut world.facts.evidence.signers;
    signers.file = "claims/allowed_signers".into();
    signers.lines = (1..).zip(lines).filter_map(line).collect();
}

/// The run is signed with the key of these lines.
fn signed(world: &mut World, run: &str, lines: &[usize]) {
    let signature = Signature::By {
        key: "SHA256:x".into(),
        lines: lines.to_vec(),
        others: Vec::new(),
    };
    let signatures = &mut world.facts.evidence.signatures;
    signatures.insert(run.to_owned(), signature);
}

/// Each has written the line of the own key, and signs.
fn all_sign(world: &mut World) {
    signers(world, &[("bob", "bob"), ("eve", "eve")]);
    signed(world, "claim", &[0]);
    signed(world, "review", &[1]);
}

fn decision(world: &World, run: &str, act: Act, name: &str) -> RunRecord {
    let mut record = third(world);
    record.run_id = run.into();
    record.act = act;
    record.author = Some(author(name));
    record.repository.as_mut().unwrap().clone_id = Some(format!("clone of {name}"));
    record.reviews = None;
    record.checks.clear();
    record.gates.clear();
    record
}

fn veto(world: &World, name: &str) -> RunRecord {
    let mut record = decision(world, "veto", Act::Veto, name);
    record.veto = Some(VetoWords {
        reason: "x".into(),
        until: None,
        gates: Vec::new(),
    });
    record
}

fn lift(world: &World, name: &str) -> RunRecord {
    let mut record = decision(world, "lift", Act::Lift, name);
    record.ended = clock(40);
    record.lifts = Some(LiftedVeto {
        record: Some(stored(veto(world, "eve")).link),
        number: None,
        reason: "x".into(),
        why: "seen".into(),
    });
    record
}

fn close(world: &World, name: &str) -> RunRecord {
    let mut record = third(world);
    record.author = Some(author(name));
    record.closed = vec!["A1".into()];
    record
}

/// Everybody signs, and the Builder has committed a line that lets his own key sign as Eve.
fn second_line(world: &mut World) {
    all_sign(world);
    signers(world, &[("bob", "bob"), ("eve", "eve"), ("eve", "bob")]);
}

/// A veto of Eve, and a lifting of the Builder under her name.
fn forged_lift(world: &mut World, change: fn(&mut RunRecord)) {
    second_line(world);
    let mut lifting = lift(world, "eve");
    change(&mut lifting);
    world.more = vec![veto(world, "eve"), lifting];
    signed(world, "veto", &[1]);
    signed(world, "lift", &[2]);
}

/// A claim of a person who does not exist, of another gate.
fn of_nobody(world: &mut World) -> RecordLink {
    let mut claim = world.claim.clone();
    (claim.run_id, claim.author) = ("invented".into(), Some(author("nobody")));
    claim.gates = vec!["M9".into()];
    let link = stored(claim.clone()).link;
    world.more.push(claim);
    link
}

const CASES: &[Case] = &[
    ("everybody signs", |w| all_sign(w), GateState::Ready, ""),
    (
        "an unsigned review under a name that must sign",
        |w| {
            all_sign(w);
            w.facts.evidence.signatures.remove("review");
        },
        GateState::Claimed,
        "review review is not signed, and claims/allowed_signers names eve <eve@example.org>",
    ),
    (
        "a review that a stranger's key has signed",
        |w| {
            all_sign(w);
            signed(w, "review", &[]);
        },
        GateState::Claimed,
        "not a key of eve <eve@example.org>",
    ),
    (
        "a review with a signature of other bytes",
        |w| {
            all_sign(w);
            let broken = Signature::Broken("bad".into());
            w.facts.evidence.signatures.insert("review".into(), broken);
        },
        GateState::Claimed,
        "the signature of review review does not fit",
    ),
    (
        "a review with a key that the Builder has allowed",
        |w| {
            all_sign(w);
            signers(w, &[("bob", "bob"), ("eve", "bob")]);
        },
        GateState::Claimed,
        "bob <bob@example.org>, who made the claim, wrote that line",
    ),
    (
        "a review with a key of a line that is not committed",
        |w| {
            all_sign(w);
            signers(w, &[("bob", "bob"), ("eve", "")]);
        },
        GateState::Claimed,
        "the line is not committed",
    ),
    (
        "the Builder takes the Adversary's line away, and nobody signs",
        |w| {
            all_sign(w);
            let gone = w.facts.evidence.signers.lines.pop();
            w.facts.evidence.signers.gone.extend(gone);
            w.facts.evidence.signatures.remove("review");
        },
        GateState::Claimed,
        "review review is not signed",
    ),
    (
        "an unsigned claim under a name that must sign",
        |w| {
            all_sign(w);
            w.facts.evidence.signatures.remove("claim");
        },
        GateState::Open,
        "claim claim is not signed",
    ),
    (
        "an unsigned newer claim does not replace a signed one",
        |w| {
            all_sign(w);
            let mut forged = w.claim.clone();
            (forged.run_id, forged.started, forged.ended) = ("forged".into(), clock(30), clock(31));
            w.more.push(forged);
        },
        GateState::Ready,
        "does not count: claim forged is not signed",
    ),
    (
        "an unsigned FAIL under a name that must sign is told, and decides nothing",
        |w| {
            all_sign(w);
            let mut forged = again(w);
            forged.checks[0].outcome = claim::outcome::Outcome::Fail;
            w.more.push(forged);
        },
        GateState::Ready,
        "does not count: review second is not signed",
    ),
    (
        "who is not named need not sign, and that is told",
        |w| signers(w, &[("ann", "ann")]),
        GateState::Ready,
        "does not name eve <eve@example.org>, so anybody could have written run review",
    ),
    (
        "who wrote the lines that the evidence rests on is told",
        |w| all_sign(w),
        GateState::Ready,
        "claims/allowed_signers line 2, which names eve@example.org, was written by eve <eve@example.org> in f0f0f0f0f0f0 at 2026-11-21T10:20:00Z",
    ),
    (
        "the Builder types that the veto is lifted",
        |w| {
            w.review_text = "## VETO x\n\n## VETO lifted: fine now\n";
            typed_by(w, &["eve", "eve", "bob"]);
        },
        GateState::Veto,
        "REVIEW line 3 does not lift V1: bob <bob@example.org> has claimed a gate",
    ),
    (
        "the lifting is not committed",
        |w| {
            w.review_text = "## VETO x\n\n## VETO lifted\n";
            typed_by(w, &["eve", "eve", ""]);
        },
        GateState::Veto,
        "the line is not committed",
    ),
    (
        "a third person types that the veto is lifted",
        |w| {
            w.review_text = "## VETO x\n\n## VETO lifted\n";
            typed_by(w, &["eve", "eve", "ann"]);
        },
        GateState::Veto,
        "ann <ann@example.org> is not the one who wrote it",
    ),
    (
        "a third person lifts the veto that the same person wrote",
        |w| {
            w.review_text = "## VETO x\n\n## VETO lifted\n";
            typed_by(w, &["ann", "ann", "ann"]);
        },
        GateState::Ready,
        "",
    ),
    (
        "a third person turns the heading of a veto into a lifted one",
        |w| {
            w.review_text = "## VETO (lifted) x\n";
            typed_by(w, &["ann"]);
        },
        GateState::Veto,
        "ann <ann@example.org> is not the one who wrote it",
    ),
    (
        "who must sign lifts nothing by typing",
        |w| {
            all_sign(w);
            w.review_text = "## VETO x\n\n## VETO lifted\n";
            typed_by(w, &["eve"; 3]);
        },
        GateState::Veto,
        "a typed line is not signed",
    ),
    (
        "a veto is a record, whatever REVIEW says",
        |w| {
            let veto = veto(w, "eve");
            w.more.push(veto);
        },
        GateState::Veto,
        "VETO in record veto, of eve <eve@example.org>: x",
    ),
    (
        "the Adversary's record lifts it",
        |w| w.more = vec![veto(w, "eve"), lift(w, "eve")],
        GateState::Ready,
        "",
    ),
    (
        "the reviewer lifts the veto of another person",
        |w| w.more = vec![veto(w, "ann"), lift(w, "eve")],
        GateState::Ready,
        "",
    ),
    (
        "a record of the Builder lifts nothing",
        |w| w.more = vec![veto(w, "eve"), lift(w, "bob")],
        GateState::Veto,
        "lift lift does not lift veto: bob <bob@example.org> has claimed a gate",
    ),
    (
        "a record of a third person lifts nothing",
        |w| w.more = vec![veto(w, "eve"), lift(w, "ann")],
        GateState::Veto,
        "ann <ann@example.org> is not the one who wrote it",
    ),
    (
        "a record from the Builder's clone lifts nothing",
        |w| {
            let mut lifting = lift(w, "eve");
            lifting.repository.as_mut().unwrap().clone_id = Some("k1".into());
            w.more = vec![veto(w, "eve"), lifting];
        },
        GateState::Veto,
        "has claimed a gate",
    ),
    (
        "an unsigned lifting under a name that must sign lifts nothing",
        |w| {
            all_sign(w);
            w.more = vec![veto(w, "eve"), lift(w, "eve")];
            signed(w, "veto", &[1]);
        },
        GateState::Veto,
        "does not count: lift lift is not signed",
    ),
    (
        "a signed lifting lifts",
        |w| {
            all_sign(w);
            w.more = vec![veto(w, "eve"), lift(w, "eve")];
            signed(w, "veto", &[1]);
            signed(w, "lift", &[1]);
        },
        GateState::Ready,
        "",
    ),
    (
        "the Builder types that the finding is closed",
        |w| {
            w.more = vec![filing(w), third(w)];
            w.review_text = "- A1 CLOSED\n";
            typed_by(w, &["bob"]);
        },
        GateState::Pass,
        "REVIEW line 1 does not close A1: bob <bob@example.org> has claimed a gate",
    ),
    (
        "the reviewer's record closes the finding",
        |w| w.more = vec![filing(w), close(w, "eve")],
        GateState::Ready,
        "",
    ),
    (
        "a record of the Builder closes nothing",
        |w| w.more = vec![filing(w), third(w), close(w, "bob")],
        GateState::Pass,
        "does not close A1: bob <bob@example.org> has claimed a gate",
    ),
    (
        "an unsigned closing under a name that must sign closes nothing",
        |w| {
            all_sign(w);
            w.more = vec![filing(w), close(w, "eve")];
            signed(w, "second", &[1]);
        },
        GateState::Fail,
        "finding A1 is open",
    ),
    (
        "the Builder's key signs a lifting under the Adversary's name",
        |w| forged_lift(w, |_| ()),
        GateState::Veto,
        "bob <bob@example.org>, who made the claim, wrote that line",
    ),
    (
        "the same as a builder",
        |w| forged_lift(w, |it| it.role = Some("builder".into())),
        GateState::Veto,
        "bob <bob@example.org>, who made the claim, wrote that line",
    ),
    (
        "the same as ci",
        |w| forged_lift(w, |it| it.role = Some("ci".into())),
        GateState::Veto,
        "bob <bob@example.org>, who made the claim, wrote that line",
    ),
    (
        "the same as nobody",
        |w| forged_lift(w, |it| it.role = None),
        GateState::Veto,
        "bob <bob@example.org>, who made the claim, wrote that line",
    ),
    (
        "the same about the claim of an invented person",
        |w| {
            forged_lift(w, |_| ());
            let link = of_nobody(w);
            w.more[1].reviews = Some(link);
        },
        GateState::Veto,
        "bob <bob@example.org>, who made the claim, wrote that line",
    ),
    (
        "a lifting in another role lifts nothing, whoever signs it",
        |w| {
            forged_lift(w, |it| it.role = Some("builder".into()));
            signed(w, "lift", &[1]);
        },
        GateState::Veto,
        "lift lift does not lift veto: only the Adversary lifts a veto, and it is of the role builder",
    ),
    (
        "the Builder's key closes a finding in a review of an invented person's claim",
        |w| {
            second_line(w);
            let (mut closing, filing) = (close(w, "eve"), filing(w));
            let passed = third(w);
            closing.run_id = "closing".into();
            closing.reviews = Some(of_nobody(w));
            for check in &mut closing.checks {
                check.gate = "M9".into();
            }
            w.more.extend([filing, passed, closing]);
            signed(w, "invented", &[]);
            w.facts.evidence.signatures.remove("invented");
            signed(w, "second", &[1]);
            signed(w, "third", &[1]);
            signed(w, "closing", &[2]);
        },
        GateState::Pass,
        "does not close A1: review closing is signed with a key that",
    ),
];

#[test]
fn what_counts_is_said_by_the_right_person_and_what_does_not_is_named() {
    for (name, change, state, words) in CASES {
        let mut world = world();
        change(&mut world);
        let phase = world.phase();
        let seen = &phase.gates[0];
        let mut told: Vec<String> = seen.reasons.iter().map(ToString::to_string).collect();
        told.extend(phase.notes.iter().cloned());
        assert_eq!(seen.state, *state, "{name}: {told:?}");
        assert!(
            words.is_empty() || told.iter().any(|text| text.contains(words)),
            "{name}: {told:?}"
        );
    }
}
