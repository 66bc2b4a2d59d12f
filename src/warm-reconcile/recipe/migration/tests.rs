use proptest::prelude::*;

use super::*;

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
}
