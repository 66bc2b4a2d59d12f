//! What a person's word is worth to the state of a gate.

use proptest::prelude::*;

use super::tests::{clock, facts, run, spec, stored};
use super::*;
use crate::gate::counts::{Attestations, Signature, SignedAttestation};
use crate::record::{
    Act, Attestation, Attested, ClaimedBy, RecordLink, RunRecord, StoredAttestation,
};
use claim::outcome::Outcome;
use std::collections::BTreeMap;

fn word(author: &str, clone: &str, at: i64) -> Attested {
    Attested {
        file: "reports/attestations/pxgate/a.json".into(),
        sha256: "dd".repeat(32),
        author: format!("{author} <{author}@example.org>"),
        clone_id: Some(clone.into()),
        at: clock(at),
        commit: "c0".repeat(20),
        artefact: None,
        words: "it is blue".into(),
        // What a record says of whom it was told is not believed: the claim itself is asked.
        besides: Some(ClaimedBy::default()),
    }
}

/// The gate when Eve's review of Bob's claim saw these outcomes with these words.
fn status(seen: [(Outcome, Option<Attested>); 2], now: i64) -> GateStatus {
    let claim = run("claim", Act::Claim, "builder", "bob", "k1", 0);
    let mut review = run("review", Act::Review, "adversary", "eve", "k2", 10);
    review.reviews = Some(RecordLink {
        run_id: "claim".into(),
        sha256: stored(claim.clone()).link.sha256,
    });
    let mut files = BTreeMap::new();
    for (n, (check, (outcome, word))) in review.checks.iter_mut().zip(seen).enumerate() {
        (check.outcome, check.attestation) = (outcome, word);
        if let Some(word) = &mut check.attestation {
            word.sha256 = format!("{n:064}");
            files.insert(word.sha256.clone(), file(&check.id, word));
        }
    }
    judged(claim, review, files, now)
}

fn judged(
    claim: RunRecord,
    review: RunRecord,
    files: BTreeMap<String, SignedAttestation>,
    now: i64,
) -> GateStatus {
    let none = Reading::default();
    let records = [stored(claim), stored(review)];
    let mut facts = facts(now);
    facts.evidence.attestations = Attestations::Files(files);
    let mut phase = judge(&spec(), &records, &none, &none, &facts);
    phase.gates.remove(0)
}

/// The file of an attestation of gate M1, unsigned.
fn file(check: &str, word: &Attested) -> SignedAttestation {
    let attestation = Attestation {
        schema: String::new(),
        id: "a".into(),
        tool: String::new(),
        who: String::new(),
        author: word.author.clone(),
        clone_id: word.clone_id.clone(),
        at: word.at,
        phase: "pxgate".into(),
        claim_path: "claims/pxgate.yaml".into(),
        claim_sha256: "aa".repeat(32),
        gate: "M1".into(),
        check: check.into(),
        asked: String::new(),
        commit: word.commit.clone(),
        artefact: None,
        words: word.words.clone(),
    };
    SignedAttestation {
        stored: StoredAttestation {
            path: word.file.clone().into(),
            sha256: word.sha256.clone(),
            whole: true,
            attestation,
        },
        signature: Signature::Missing,
    }
}

/// A name, what is changed of an attestation's file, and what the state says.
type FileCase = (&'static str, fn(&mut SignedAttestation), &'static str);

#[test]
fn a_word_is_what_its_file_says_and_not_what_the_record_says_of_it() {
    let cases: &[FileCase] = &[
        ("as it was", |_| (), ""),
        (
            "of another person",
            |it| it.stored.attestation.author = "Bob <bob@example.org>".into(),
            "of another person",
        ),
        (
            "in another clone",
            |it| it.stored.attestation.clone_id = Some("k1".into()),
            "in another clone",
        ),
        (
            "at another time",
            |it| it.stored.attestation.at = clock(1),
            "at another time",
        ),
        (
            "of another check",
            |it| it.stored.attestation.check = "a".into(),
            "of another check",
        ),
        (
            "of another gate",
            |it| it.stored.attestation.gate = "M2".into(),
            "of another check",
        ),
        (
            "of another claim file",
            |it| it.stored.attestation.claim_sha256 = "bb".repeat(32),
            "of another claim file",
        ),
        (
            "changed",
            |it| it.stored.whole = false,
            "its seal does not fit",
        ),
        (
            "of other bytes than signed",
            |it| it.signature = Signature::Broken("bad".into()),
            "does not fit",
        ),
    ];
    let claim = || run("claim", Act::Claim, "builder", "bob", "k1", 0);
    let mut review = run("review", Act::Review, "adversary", "eve", "k2", 10);
    review.reviews = Some(stored(claim()).link);
    let word = word("eve", "k2", 8);
    review.checks[1].outcome = Outcome::Attested;
    review.checks[1].attestation = Some(word.clone());
    let check = review.checks[1].id.clone();
    let gone = judged(claim(), review.clone(), BTreeMap::new(), 60);
    assert_eq!(gone.state, GateState::Claimed);
    assert!(gone.reasons[0].to_string().contains("is not there"));
    for (name, change, words) in cases {
        let mut file = file(&check, &word);
        change(&mut file);
        let files = BTreeMap::from([(word.sha256.clone(), file)]);
        let gate = judged(claim(), review.clone(), files, 60);
        let told: Vec<String> = gate.reasons.iter().map(ToString::to_string).collect();
        let state = match *words {
            "" => GateState::Ready,
            _ => GateState::Claimed,
        };
        assert_eq!(gate.state, state, "{name}: {told:?}");
        assert!(
            words.is_empty() || told[0].contains(words),
            "{name}: {told:?}"
        );
    }
}

#[test]
fn another_persons_word_beside_a_pass_is_enough_and_nobody_elses_is() {
    use Outcome::{Attested, Fail, Pass};
    let beside = |word: Option<_>| status([(Pass, None), (Attested, word)], 60).state;
    assert_eq!(beside(Some(word("eve", "k2", 8))), GateState::Ready);
    assert_eq!(beside(Some(word("ann", "k3", 8))), GateState::Ready);
    assert_eq!(beside(Some(word("bob", "k2", 8))), GateState::Claimed);
    assert_eq!(beside(Some(word("eve", "k1", 8))), GateState::Claimed);
    // Given before the claim was made, which ended at 5.
    assert_eq!(beside(Some(word("eve", "k2", 4))), GateState::Claimed);
    assert_eq!(beside(None), GateState::Claimed);
    let eves = || Some(word("eve", "k2", 8));
    let alone = status([(Attested, eves()), (Attested, eves())], 60);
    assert_eq!(alone.state, GateState::Claimed, "words alone make no gate");
    let failed = status([(Fail, None), (Attested, eves())], 60);
    assert_eq!(failed.state, GateState::Fail);
}

#[test]
fn a_pass_is_as_old_as_the_oldest_word_in_it() {
    use Outcome::{Attested, Pass};
    let seen = || [(Pass, None), (Attested, Some(word("eve", "k2", 8)))];
    assert_eq!(status(seen(), 24 * 60 + 8).state, GateState::Ready);
    // The review itself is of minute 15, and still fresh.
    let old = status(seen(), 24 * 60 + 9);
    assert_eq!(old.state, GateState::Stale);
    assert!(matches!(old.reasons[0], Reason::TooOld { passed, .. } if passed == clock(8)));
}

proptest! {
    #[test]
    fn no_words_make_a_pass_without_a_pass_and_another_person(
        words in prop::collection::vec(
            (prop::sample::select(vec!["bob", "eve", "ann", " "]),
             prop::sample::select(vec!["k1", "k2"]), 0..20i64, any::<bool>()), 2..3),
        outcomes in prop::collection::vec(prop::sample::select(vec![
            Outcome::Attested, Outcome::Attested, Outcome::Pass, Outcome::Error, Outcome::Skipped]), 2..3),
    ) {
        let seen = |n: usize| {
            let (author, clone, at, there) = &words[n];
            (outcomes[n], there.then(|| word(author, clone, *at)))
        };
        let state = status([seen(0), seen(1)], 60).state;
        if matches!(state, GateState::Pass | GateState::Ready) {
            prop_assert!(outcomes.contains(&Outcome::Pass));
            for (outcome, (author, clone, at, there)) in outcomes.iter().zip(&words) {
                let spoke = *there && *author != "bob" && *clone != "k1" && *at >= 5;
                prop_assert!(*outcome == Outcome::Pass || (*outcome == Outcome::Attested && spoke));
            }
        }
    }
}
