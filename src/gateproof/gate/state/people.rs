//! What a person's word is worth to the state of a gate.

use proptest::prelude::*;

use super::tests::{clock, facts, run, spec, stored};
use super::*;
use crate::record::{Act, Attested, ClaimedBy, RecordLink};
use claim::outcome::Outcome;

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
    for (check, (outcome, word)) in review.checks.iter_mut().zip(seen) {
        (check.outcome, check.attestation) = (outcome, word);
    }
    let none = Reading::default();
    let records = [stored(claim), stored(review)];
    judge(&spec(), &records, &none, &none, &facts(now))
        .gates
        .remove(0)
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
