use chrono::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::record::{ATTESTATION_SCHEMA, Artefact, Attestation, Attested, CheckRecord};

const FRESH: Duration = Duration::from_secs(24 * 3600);

fn clock(minutes: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn digest(of: &str) -> String {
    of.repeat(32)
}

fn candidate() -> Candidate {
    let attestation = Attestation {
        schema: ATTESTATION_SCHEMA.to_owned(),
        id: "one".to_owned(),
        tool: "gateproof".to_owned(),
        who: "eve@box".to_owned(),
        author: "Eve <eve@example.org>".to_owned(),
        clone_id: Some("k2".to_owned()),
        at: clock(-10),
        phase: "p".to_owned(),
        claim_path: "claims/p.yaml".to_owned(),
        claim_sha256: digest("aa"),
        gate: "M1".to_owned(),
        check: "look".to_owned(),
        asked: "look at it".to_owned(),
        commit: "c0".repeat(20),
        artefact: Some(Artefact {
            path: "shot.png".to_owned(),
            sha256: digest("bb"),
        }),
        words: "it is blue".to_owned(),
    };
    Candidate {
        stored: StoredAttestation {
            path: "one.json".into(),
            sha256: digest("dd"),
            whole: true,
            attestation,
        },
        artefact_now: Some(Ok(digest("bb"))),
        moved: None,
        not_signed: None,
    }
}

fn bob() -> ClaimedBy {
    ClaimedBy {
        author: Some("Bob <bob@example.org>".to_owned()),
        clone_id: Some("k1".to_owned()),
        at: Some(clock(-30)),
    }
}

fn request<'w>(besides: Option<&'w ClaimedBy>, sha: &'w str) -> AttestationRequest<'w> {
    AttestationRequest {
        phase: "p",
        gate: "M1",
        check: "look",
        claim_sha256: sha,
        commit: "d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1",
        fresh_for: FRESH,
        now: clock(0),
        besides,
    }
}

/// Why the changed attestation is void in a review of Bob's claim.
fn why(change: impl FnOnce(&mut Candidate)) -> String {
    let (sha, claimed) = (digest("aa"), bob());
    let mut one = candidate();
    change(&mut one);
    let all = [one];
    match judge(&all, &request(Some(&claimed), &sha)) {
        AttestationResult::Valid(_) => "holds".to_owned(),
        AttestationResult::Awaited(None) => "nothing".to_owned(),
        AttestationResult::Awaited(Some((_, void))) => {
            let words: Vec<String> = void.iter().map(ToString::to_string).collect();
            words.join("; ")
        }
    }
}

#[test]
fn another_persons_word_of_the_same_thing_holds() {
    assert_eq!(why(|_| ()), "holds");
    // A file is pinned by its digest, whatever else has changed.
    assert_eq!(why(|it| it.moved = Some("x.rs differs".into())), "holds");
    let unsigned = why(|it| it.not_signed = Some("it is not signed".into()));
    assert_eq!(unsigned, "it is not signed");
    let words = |it: &mut Candidate| {
        it.stored.attestation.artefact = None;
        it.artefact_now = None;
    };
    assert_eq!(why(words), "holds");
}

#[test]
fn a_void_word_says_what_was_attested_and_what_is_there_now() {
    let void_when = |change: fn(&mut Attestation)| why(|it| change(&mut it.stored.attestation));
    let cases = [
        (why(|it| it.stored.whole = false), vec!["seal"]),
        (
            void_when(|it| it.claim_sha256 = digest("ee")),
            vec!["eeeeeeeeeeee", "aaaaaaaaaaaa"],
        ),
        (
            why(|it| it.artefact_now = Some(Ok(digest("ff")))),
            vec!["shot.png", "bbbbbbbbbbbb", "ffffffffffff"],
        ),
        (
            why(|it| it.artefact_now = Some(Err("no such file".into()))),
            vec!["shot.png", "bbbbbbbbbbbb", "no such file"],
        ),
        (
            void_when(|it| it.artefact = None),
            vec!["no artefact", "bbbbbbbbbbbb"],
        ),
        (
            why(|it| {
                it.stored.attestation.artefact = None;
                it.artefact_now = None;
                it.moved = Some("x.rs differs".into());
            }),
            vec!["c0c0c0c0c0c0", "d1d1d1d1d1d1", "x.rs"],
        ),
        (
            void_when(|it| it.at = clock(-25 * 60)),
            vec!["2026-11-20T11:00:00Z", "1day", "2026-11-21T12:00:00Z"],
        ),
        (
            void_when(|it| it.at = clock(6)),
            vec!["2026-11-21T12:06:00Z", "2026-11-21T12:00:00Z", "clock"],
        ),
        (
            void_when(|it| it.author = "B. <BOB@example.org>".into()),
            vec![
                "B. <BOB@example.org> attested",
                "Bob <bob@example.org> claims",
            ],
        ),
        (
            void_when(|it| it.clone_id = Some("k1".into())),
            vec!["clone", "k1"],
        ),
        (
            void_when(|it| it.at = clock(-31)),
            vec!["11:29:00Z", "claim was made later", "11:30:00Z"],
        ),
        (
            void_when(|it| it.author = " ".into()),
            vec!["no author", "attestation"],
        ),
        (void_when(|it| it.check = "other".into()), vec!["nothing"]),
        (void_when(|it| it.gate = "M2".into()), vec!["nothing"]),
        (void_when(|it| it.phase = "q".into()), vec!["nothing"]),
    ];
    for (why, parts) in cases {
        for part in parts {
            assert!(why.contains(part), "{part:?} in {why:?}");
        }
    }
}

#[test]
fn the_claims_own_word_is_enough_to_claim_and_none_in_a_review() {
    let (sha, claimed) = (digest("aa"), bob());
    let mut own = candidate();
    own.stored.attestation.author = "Bob <bob@example.org>".into();
    let all = [candidate(), own];
    let AttestationResult::Valid(taken) = judge(&all, &request(None, &sha)) else {
        panic!("the newest holds");
    };
    assert_eq!(taken, &all[1]);
    // In a review the newest that holds is an older one, and the newest is passed over.
    let AttestationResult::Valid(taken) = judge(&all, &request(Some(&claimed), &sha)) else {
        panic!("Eve's holds");
    };
    assert_eq!(taken, &all[0]);
    // Nobody can be told from an unknown claimant.
    let nobody = ClaimedBy::default();
    let word = judge(&all, &request(Some(&nobody), &sha));
    assert_eq!(word.outcome(), Outcome::Error);
}

fn check(outcome: Outcome, author: Option<&str>) -> CheckRecord {
    let attestation = candidate().stored.attestation;
    CheckRecord {
        teeth: None,
        outcome,
        attestation: author.map(|author| Attested {
            file: "one.json".into(),
            sha256: digest("dd"),
            author: author.to_owned(),
            clone_id: attestation.clone_id,
            at: attestation.at,
            commit: attestation.commit,
            artefact: attestation.artefact,
            words: attestation.words,
            besides: None,
        }),
        ..crate::report::sample::record().checks[0].clone()
    }
}

fn left(checks: &[CheckRecord], besides: Option<&ClaimedBy>) -> usize {
    let checks: Vec<&CheckRecord> = checks.iter().collect();
    unfulfilled(&checks, besides).len()
}

#[test]
fn a_word_counts_beside_a_pass_only_and_in_a_review_only_another_persons() {
    use Outcome::{Attested, Pass};
    let claimed = bob();
    let eve = || check(Attested, Some("Eve <eve@example.org>"));
    let own = || check(Attested, Some("Bob <bob@example.org>"));
    let pass = || check(Pass, None);
    assert_eq!(left(&[pass(), eve()], Some(&claimed)), 0);
    assert_eq!(left(&[pass(), own()], Some(&claimed)), 1);
    assert_eq!(left(&[pass(), own()], None), 0);
    assert_eq!(left(&[eve(), eve()], Some(&claimed)), 2);
    assert_eq!(left(&[own()], None), 1);
    assert_eq!(left(&[pass(), check(Attested, None)], None), 1);
    assert_eq!(left(&[pass(), eve()], Some(&ClaimedBy::default())), 1);
}

fn anything() -> impl Strategy<Value = Candidate> {
    let pick = |of: &'static [&'static str]| prop::sample::select(of);
    let now = prop::option::of(pick(&["bb", "ff", "-"]));
    (
        (
            pick(&["p", "p", "q"]),
            pick(&["M1", "M1", "M2"]),
            pick(&["look", "look", "see"]),
        ),
        (pick(&["aa", "aa", "ee"]), any::<bool>(), -3000..30i64),
        pick(&[
            "Eve <eve@example.org>",
            "Bob <bob@example.org>",
            "bob <BOB@example.org>",
            "",
        ]),
        prop::option::of(pick(&["k1", "k2"])),
        (prop::option::of(pick(&["bb", "ff"])), now, any::<bool>()),
    )
        .prop_map(
            |((phase, gate, name), (claim, whole, at), author, clone, (then, now, moved))| {
                let mut it = candidate();
                it.stored.whole = whole;
                let attestation = &mut it.stored.attestation;
                attestation.phase = phase.into();
                attestation.gate = gate.into();
                attestation.check = name.into();
                attestation.claim_sha256 = digest(claim);
                attestation.at = clock(at);
                attestation.author = author.into();
                attestation.clone_id = clone.map(str::to_owned);
                attestation.artefact = then.map(|sha| Artefact {
                    path: "shot.png".into(),
                    sha256: digest(sha),
                });
                it.artefact_now = now.map(|sha| match sha {
                    "-" => Err("gone".to_owned()),
                    sha => Ok(digest(sha)),
                });
                it.moved = moved.then(|| "x.rs differs".to_owned());
                it
            },
        )
}

proptest! {
    /// Whatever was attested, by whomever and in whatever order: ATTESTED or ERROR, never PASS; and
    /// what is ATTESTED in a review is another person's sound, fresh word of the same thing.
    #[test]
    fn no_history_of_attestations_makes_a_human_check_pass(
        history in prop::collection::vec(anything(), 0..8),
        review: bool,
    ) {
        let (sha, claimed) = (digest("aa"), bob());
        let besides = review.then_some(&claimed);
        let word = judge(&history, &request(besides, &sha));
        prop_assert!(matches!(word.outcome(), Outcome::Attested | Outcome::Error));
        if let AttestationResult::Valid(taken) = &word {
            let attestation = &taken.stored.attestation;
            prop_assert!(taken.stored.whole && attestation.claim_sha256 == sha && !attestation.author.is_empty());
            prop_assert!(attestation.at >= clock(-24 * 60) && attestation.at <= clock(5));
            let pinned = match (&attestation.artefact, &taken.artefact_now) {
                (Some(then), Some(Ok(now))) => then.sha256 == *now,
                (None, None) => taken.moved.is_none(),
                _ => false,
            };
            prop_assert!(pinned);
            let other = attestation.author.contains("Eve") && attestation.clone_id.as_deref() != Some("k1");
            prop_assert!(!review || (other && attestation.at >= clock(-30)));
        }
        // And a gate of words alone never passes.
        let author = match &word {
            AttestationResult::Valid(taken) => Some(taken.stored.attestation.author.clone()),
            AttestationResult::Awaited(_) => None,
        };
        let seen = check(word.outcome(), author.as_deref());
        prop_assert_eq!(left(std::slice::from_ref(&seen), besides), 1);
        prop_assert_eq!(left(&[seen, check(Outcome::Fail, None)], besides), 2);
    }

    /// A history with one more good word of another person is never worse.
    #[test]
    fn a_sound_word_of_another_person_always_ends_the_waiting(
        mut history in prop::collection::vec(anything(), 0..8),
    ) {
        let (sha, claimed) = (digest("aa"), bob());
        history.push(candidate());
        let word = judge(&history, &request(Some(&claimed), &sha));
        prop_assert_eq!(word.outcome(), Outcome::Attested);
    }
}
