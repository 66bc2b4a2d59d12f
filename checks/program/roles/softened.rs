//! What a claim demands less of than where it was last accepted is seen by everybody who comes after.

use test_kit::world::{CLAIM, Person, World};

/// The claim with one check that holds for more, and one that is gone.
fn softer(more: &str) -> String {
    let cold = CLAIM
        .lines()
        .find(|line| line.contains("id: cold"))
        .unwrap();
    CLAIM
        .replace("expect: v1 }", "expect: { stdout: { starts_with: v } } }")
        .replace(&format!("{cold}\n"), "")
        .replace("on: local\n", &format!("on: local\n{more}"))
}

/// A world in which M1 was claimed and passed, and then made softer.
fn softened(more: &str) -> (World, Person, Person, String) {
    let (world, bob) = World::new();
    bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    let eve = world.person("eve");
    eve.settings("fast");
    eve.ends(0, &["review", "M1", "--commit", "--push"]);
    bob.pull();
    let accepted = bob.git(&["rev-parse", "HEAD"]);
    bob.change("claims/demo.yaml", &softer(more));
    (world, bob, eve, accepted)
}

const GONE: &str = "removed    M1/cold  check: it is there in a clone → nothing";
const WIDER: &str = "loosened   M1/version  expect: ";

#[test]
fn a_softer_claim_is_named_by_diff_ci_claim_and_review() {
    let (_world, bob, eve, accepted) = softened("");
    let shown = bob.ends(1, &["diff", &format!("{accepted}..")]);
    let mut lines = shown.out.lines();
    let head = lines.next().unwrap();
    assert!(
        head.ends_with(
            "to the working tree: 2 changes demand less, 2 without a reason in `softened:`"
        ),
        "{head}"
    );
    assert_eq!(lines.next().unwrap().trim(), GONE);
    let wider = lines.next().unwrap().trim();
    assert!(
        wider.starts_with(WIDER) && wider.contains("it holds now for the text"),
        "{wider}"
    );
    assert_eq!(lines.next(), None);

    let range = format!("{accepted}..HEAD");
    let json = bob.ends(1, &["diff", &range, "--json", "--", "claims/demo.yaml"]);
    let json = crate::schema::written("softenings", &json.out);
    assert_eq!(json["softenings"][0]["gravity"], "removed");
    assert_eq!(json["softenings"][1]["of"], "M1/version");
    // The other way it demands more.
    let back = bob.ends(0, &["diff", &format!("HEAD..{accepted}")]);
    assert!(
        back.out.ends_with(": no claim demands less\n"),
        "{}",
        back.out
    );

    let ci = bob.ends(1, &["ci", "--offline", "--no-record"]);
    let last = ci.out.lines().last().unwrap();
    assert!(
        last.contains("FAIL") && last.contains("claims demand less than before"),
        "{last}"
    );
    assert!(ci.err.contains(GONE), "{}", ci.err);

    let claim = bob.ends(0, &["claim", "M1", "--commit", "--push"]);
    assert!(
        claim.err.contains(GONE) && claim.err.contains(WIDER),
        "{}",
        claim.err
    );
    let review = eve.ends(0, &["review", "M1", "--commit", "--push"]);
    let (before, _) = review.err.split_once("M1/rc").unwrap_or((&review.err, ""));
    assert!(
        before.contains(GONE) && before.contains(WIDER),
        "before anything is run: {}",
        review.err
    );
    let document = eve.text("reports/REVIEW-demo.md");
    assert!(
        document.contains("M1/cold  check: it is there in a clone → nothing"),
        "{document}"
    );
    // Its notes begin with them, whatever else it has to say.
    let notes = &eve.record("review")["notes"];
    let begins = |at: usize, with: &str| notes[at].as_str().unwrap_or_default().contains(with);
    assert!(
        begins(0, "M1/cold") && begins(1, "M1/version  expect"),
        "{notes}"
    );

    // What a review accepted is what the next change is held against.
    bob.pull();
    bob.ends(0, &["ci", "--offline", "--no-record"]);
}

#[test]
fn a_reason_in_the_file_is_shown_and_satisfies_the_push_job() {
    let reasons = "softened:\n  - { of: M1/cold, reason: the clone is looked at by version }\n  - { of: M1/version, reason: v2 comes out }\n";
    let (_world, bob, _eve, accepted) = softened(reasons);
    let shown = bob.ends(0, &["diff", &format!("{accepted}..")]);
    assert!(
        shown.out.contains("; its author says: v2 comes out"),
        "{}",
        shown.out
    );
    let ci = bob.ends(0, &["ci", "--offline", "--no-record"]);
    assert!(
        ci.err
            .contains("; its author says: the clone is looked at by version"),
        "{}",
        ci.err
    );
    // One reason does not speak for the other.
    bob.change(
        "claims/demo.yaml",
        &softer("softened: [{ of: M1/cold, reason: it is }]\n"),
    );
    let shown = bob.ends(1, &["diff", &format!("{accepted}..")]);
    assert!(
        shown
            .out
            .contains("2 changes demand less, 1 without a reason"),
        "{}",
        shown.out
    );
}

#[test]
fn what_cannot_be_compared_is_an_error_with_its_place() {
    let (_world, bob) = World::new();
    for (words, named) in [
        (
            vec!["diff", "no-such-branch.."],
            "`no-such-branch` names no commit",
        ),
        (
            vec!["diff", "HEAD..", "--", "claims/none.yaml"],
            "claims/none.yaml: neither ",
        ),
        (
            vec!["diff", "M1", "--", "claims/demo.yaml"],
            "gateproof diff A..B -- FILES",
        ),
    ] {
        let shown = bob.ends(2, &words);
        assert!(shown.err.contains(named), "{words:?}: {}", shown.err);
    }
    bob.change("claims/demo.yaml", "phase: demo\n");
    let shown = bob.ends(2, &["diff", "HEAD..HEAD^"]);
    assert!(
        shown
            .err
            .contains("this is not a claim file that this version reads"),
        "{}",
        shown.err
    );
    // A clone without the claimed commit says so, and goes on.
    bob.change("claims/demo.yaml", CLAIM);
    bob.ends(0, &["diff", "HEAD.."]);
}
