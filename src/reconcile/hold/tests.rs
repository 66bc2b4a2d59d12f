use chrono::TimeZone;
use proptest::prelude::*;

use super::*;

fn version(tag: &str) -> Version {
    Version::parse(tag).unwrap()
}

fn note(tag: &str, text: &str) -> Note {
    Note {
        version: version(tag),
        text: text.to_owned(),
    }
}

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 6, 13, 12, 0, 0).unwrap()
}

/// One row: what differs from a plain minor upgrade of which nothing speaks against.
#[derive(Default)]
struct Row {
    running: Option<&'static str>,
    target: &'static str,
    notes: Vec<Note>,
    acknowledged: Vec<&'static str>,
    quarantined: Vec<Quarantined>,
    digests: Vec<String>,
    by_hand: Option<&'static str>,
    moved: bool,
    min_age: Option<u64>,
    age: Option<i64>,
}

fn row() -> Row {
    Row {
        running: Some("5.1.1+v3.6.15"),
        target: "5.2.0+v3.7.0",
        age: Some(86_400),
        ..Row::default()
    }
}

fn decide(row: &Row) -> Option<Hold> {
    let running = row.running.map(version);
    let target = version(row.target);
    let acknowledged: Vec<Version> = row.acknowledged.iter().map(|tag| version(tag)).collect();
    let moved = MovedTag {
        version: target.clone(),
        recorded: "a".repeat(40),
        now: "b".repeat(40),
    };
    decide_hold(&HoldFacts {
        running: running.as_ref(),
        target: &target,
        tagged_at: row.age.map(|age| now() - chrono::Duration::seconds(age)),
        now: now(),
        min_age: row.min_age.map(Duration::from_secs),
        notes: &row.notes,
        acknowledged: &acknowledged,
        quarantine: &row.quarantined,
        target_digests: &row.digests,
        by_hand: row.by_hand,
        moved: row.moved.then_some(&moved),
    })
}

fn names(row: &Row) -> Vec<&'static str> {
    decide(row).map_or_else(Vec::new, |hold| {
        hold.reasons.iter().map(Reason::name).collect()
    })
}

const MIGRATE: &str = "Run the manual migration first.";

#[test]
fn a_plain_minor_upgrade_is_not_held() {
    assert_eq!(decide(&row()), None);
    let first = Row {
        running: None,
        ..row()
    };
    assert_eq!(decide(&first), None);
}

#[test]
fn every_reason_holds_alone_and_under_its_name() {
    let digest = "sha256:1".to_owned();
    let by_version = Quarantined {
        version: Some(version("5.2.0+v3.7.0")),
        digests: Vec::new(),
    };
    let by_digest = Quarantined {
        version: None,
        digests: vec!["sha256:0".to_owned(), digest.clone()],
    };
    #[rustfmt::skip]
    let table: Vec<(Row, &[&str])> = vec![
        (Row { target: "6.0.0+v3.7.0", ..row() }, &["held-major"]),
        (Row { target: "5.2.0+v4.0.0", ..row() }, &["held-major"]),
        (Row { target: "4.9.0+v3.7.0", ..row() }, &["held-downgrade"]),
        (Row { target: "5.1.1+v3.6.14", ..row() }, &["held-downgrade"]),
        (Row { notes: vec![note("5.2.0+v3.7.0", MIGRATE)], ..row() }, &["held-manual-migration"]),
        (Row { notes: vec![note("5.1.2+v3.6.16", MIGRATE), note("5.2.0+v3.7.0", "fine")], ..row() }, &["held-manual-migration"]),
        (Row { quarantined: vec![by_version.clone()], ..row() }, &["held-quarantined"]),
        (Row { quarantined: vec![by_digest.clone()], digests: vec![digest.clone()], ..row() }, &["held-quarantined"]),
        (Row { quarantined: vec![by_digest.clone()], digests: vec!["sha256:2".to_owned()], ..row() }, &[]),
        (Row { by_hand: Some("release freeze"), ..row() }, &["held-by-hand"]),
        (Row { moved: true, ..row() }, &["held-tag-moved"]),
        (Row { min_age: Some(86_401), ..row() }, &["held-too-young"]),
        (Row { min_age: Some(86_400), ..row() }, &[]),
        (Row { min_age: Some(0), age: None, ..row() }, &[]),
        // The tagger's clock is ahead, or the age is not known: nobody can say it is old enough.
        (Row { min_age: Some(1), age: Some(-3600), ..row() }, &["held-too-young"]),
        (Row { min_age: Some(1), age: None, ..row() }, &["held-too-young"]),
    ];
    for (row, expected) in &table {
        assert_eq!(
            names(row),
            *expected,
            "{} from {:?}",
            row.target,
            row.running
        );
    }
}

#[test]
fn an_acknowledgement_lifts_major_and_migration_and_nothing_else() {
    let mut everything = Row {
        target: "6.0.0+v4.0.0",
        notes: vec![note("5.9.0+v3.9.0", MIGRATE)],
        quarantined: vec![Quarantined {
            version: Some(version("6.0.0+v4.0.0")),
            digests: Vec::new(),
        }],
        by_hand: Some(""),
        moved: true,
        min_age: Some(100_000),
        ..row()
    };
    assert_eq!(
        names(&everything),
        [
            "held-by-hand",
            "held-tag-moved",
            "held-quarantined",
            "held-major",
            "held-manual-migration",
            "held-too-young"
        ]
    );
    assert!(!decide(&everything).unwrap().lifted_by_ack());
    everything.acknowledged = vec!["6.0.0+v4.0.0"];
    assert_eq!(
        names(&everything),
        [
            "held-by-hand",
            "held-tag-moved",
            "held-quarantined",
            "held-too-young"
        ]
    );
    // A word about another version says nothing about this one.
    everything.acknowledged = vec!["5.9.0+v3.9.0"];
    assert_eq!(names(&everything).len(), 6);
    let only = Row {
        target: "6.0.0+v3.7.0",
        ..row()
    };
    assert!(decide(&only).unwrap().lifted_by_ack());
    let acknowledged = Row {
        acknowledged: vec!["6.0.0+v3.7.0"],
        ..only
    };
    assert_eq!(decide(&acknowledged), None);
}

#[test]
fn before_the_first_deploy_there_is_nothing_to_migrate() {
    let first = Row {
        running: None,
        target: "6.0.0+v4.0.0",
        notes: vec![note("6.0.0+v4.0.0", MIGRATE)],
        ..row()
    };
    assert_eq!(decide(&first), None);
    let quarantined = Row {
        quarantined: vec![Quarantined {
            version: Some(version("6.0.0+v4.0.0")),
            digests: Vec::new(),
        }],
        ..first
    };
    assert_eq!(names(&quarantined), ["held-quarantined"]);
}

#[test]
fn a_redeploy_of_what_runs_is_held_by_a_person_a_quarantine_or_a_moved_tag_only() {
    let same = Row {
        running: Some("5.1.1+v3.6.15"),
        target: "5.1.1+v3.6.15",
        notes: vec![note("5.1.1+v3.6.15", MIGRATE)],
        min_age: Some(1_000_000),
        ..row()
    };
    assert_eq!(decide(&same), None);
    let held = Row {
        by_hand: Some("maintenance"),
        moved: true,
        ..same
    };
    let hold = decide(&held).unwrap();
    assert_eq!(hold.name(), "held-by-hand");
    assert_eq!(
        hold.reasons[0].to_string(),
        "the app is held by hand: maintenance"
    );
    assert_eq!(hold.reasons.len(), 2);
}

#[test]
fn notes_that_ask_are_seen() {
    for (text, line) in [
        ("Manual migration needed.", 1),
        ("This needs a **manual\nmigration**.", 1),
        ("# 6.0\n\nBREAKING CHANGES\n- x", 3),
        ("- fix\n- Action required: rotate the key", 2),
        ("Do not skip the manual migration!", 1),
        ("No downtime, but a manual migration is needed", 1),
        (
            "No manual migration needed for A. B has a breaking change.",
            1,
        ),
        ("This is not a patch release: breaking change ahead", 1),
        ("There is no way around the manual migration", 1),
        ("If you run postgres, no manual migration is needed", 1),
        ("Not only a breaking change", 1),
        ("No manual migration is needed unless you run postgres", 1),
        ("Breaking changes: no longer supports v1", 1),
        ("## Breaking changes\n\nNone of the old keys work", 1),
        ("manual-migration: see below", 1),
        ("---\ntitle: x\nmanual: true\n---\nfine", 3),
        ("---\r\nManual-Migration: \"yes\" # really\r\n---\r\n", 2),
        ("Upgrading without manual migration will lose data", 1),
    ] {
        let marker = asks_for_manual_migration(text);
        assert_eq!(marker.map(|m| m.line), Some(line), "{text}");
    }
}

#[test]
fn notes_that_say_nothing_is_to_be_done_are_not_taken_for_asking() {
    for text in [
        "",
        "Bug fixes.",
        "No manual migration needed.",
        "no manual-migration is required",
        "This release has no known breaking changes.",
        "There are no breaking changes or manual steps.",
        "It does not require any manual migration.",
        "It doesn\u{2019}t need a manual migration.",
        "Breaking changes: none",
        "## Breaking changes\n\nNone.\n\n## Fixes\n- x",
        "Manual migration is not needed.",
        "Action required \u{2014} none",
        "Manual steps: n/a",
        "---\nmanual: false\n---\nfine",
        "The manual explains the migration of the map.",
        "manual: true",
    ] {
        assert_eq!(asks_for_manual_migration(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn a_plain_demand_is_seen_whatever_stands_around_it(
        before in "[ -~\n]{0,60}",
        after in "[ -~\n]{0,60}",
        phrase in prop_oneof![
            Just("Manual migration"), Just("BREAKING CHANGE"), Just("Action required"),
            Just("requires manual")
        ],
    ) {
        // A sentence of its own, and a demand that nothing after it can be read to deny.
        let text = format!("{before}\n\nAttention {phrase} for everybody.\n\n{after}");
        prop_assert!(asks_for_manual_migration(&text).is_some(), "{}", text);
    }

    #[test]
    fn any_text_can_be_read(text in "\\PC{0,200}") {
        let _ = asks_for_manual_migration(&text);
    }

    /// An acknowledgement never adds a reason, and more facts against a version never lift one.
    #[test]
    fn reasons_only_grow_with_what_speaks_against(
        target in "[4-6]\\.[0-2]\\.0\\+v[3-4]\\.6\\.15",
        hand: bool, moved: bool, young: bool, asks: bool, known: bool, acknowledged: bool,
    ) {
        let target: &'static str = Box::leak(target.into_boxed_str());
        let plain = Row { target, ..row() };
        let full = Row {
            target,
            by_hand: hand.then_some("x"),
            moved,
            min_age: young.then_some(1_000_000),
            notes: if asks { vec![note(target, MIGRATE)] } else { Vec::new() },
            quarantined: if known {
                vec![Quarantined { version: Some(version(target)), digests: Vec::new() }]
            } else {
                Vec::new()
            },
            ..row()
        };
        let (less, more) = (names(&plain), names(&full));
        prop_assert!(less.iter().all(|name| more.contains(name)));
        let lifted = Row { acknowledged: if acknowledged { vec![target] } else { Vec::new() }, ..full };
        let left = names(&lifted);
        prop_assert!(left.iter().all(|name| more.contains(name)));
        prop_assert!(!acknowledged || !left.iter().any(|name| *name == "held-major" || *name == "held-manual-migration"));
        prop_assert_eq!(left.is_empty(), decide(&lifted).is_none());
    }
}
