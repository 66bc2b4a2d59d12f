//! What a snapshot becomes.

use proptest::prelude::*;

use super::edit;
use super::renewed::renewed;
use super::{NotAccepted, Replacement, rewritten};
use crate::expectation::Snapshot;
use kit::text::{Scope, Text};

fn scope() -> Scope {
    Scope::from_iter([("host".to_owned(), "db-7.test".to_owned())])
}

#[test]
fn placeholders_stay_where_the_new_text_fits_them() {
    for (old, seen, new) in [
        ("done", "finished", "finished"),
        // Within a line.
        ("took [..] ms", "took 1.25 s", "took [..] s"),
        ("took [..] ms\nok", "needed 31 ms\nok", "needed [..] ms\nok"),
        ("a [..]", "b", "b"),
        // A line that is gone, one that came, and those around them.
        ("a [..]\nb\nc [..]", "a 1\nc 2", "a [..]\nc [..]"),
        ("a [..]\nc [..]", "a 1\nb\nc 2", "a [..]\nb\nc [..]"),
        // Any number of lines.
        ("a\n...\nc", "a\nx\ny\nd", "a\n...\nd"),
        ("a\n...\nc", "b\nx\ny\nc", "b\n...\nc"),
        ("a\n...\nc", "b\nx\ny\nd", "b\n...\nd"),
        ("a\n...", "b\nx", "b\n..."),
        ("a\n...\nc\nd", "x", "x"),
        // A value keeps its name, also in a line that changes.
        ("on ${host}: 1", "on db-7.test: 2", "on ${host}: 2"),
        ("on ${host}: 1", "on db-8.test: 1", "on db-8.test: 1"),
        ("x\non ${host}", "y\non db-7.test", "y\non ${host}"),
        // What would read as a parameter is written so that it does not.
        ("a", "cost ${host}", "cost $${host}"),
        ("a 1", "a ${1", "a $${1"),
        // White space at the ends is not compared.
        ("\na\n\n", "  b\n c\n", "b\n c"),
    ] {
        assert_eq!(
            renewed(old, seen, &scope()).as_deref(),
            Ok(new),
            "{old:?} {seen:?}"
        );
    }
}

#[test]
fn what_would_read_as_a_placeholder_is_not_taken_on() {
    for (seen, line) in [("a\n...\nb", 2), ("loading [..]", 1)] {
        let refused = renewed("a", seen, &Scope::new());
        assert_eq!(
            refused,
            Err(NotAccepted::ReadsAsPlaceholder(line)),
            "{seen:?}"
        );
    }
}

/// The file with the one snapshot replaced.
fn with(source: &str, text: &str) -> Result<String, NotAccepted> {
    let place = edit::snapshot_in(source, &(0..source.len())).expect("one snapshot");
    let replacement: Replacement = place.replaced(source, text);
    rewritten(source, &[replacement])
}

#[test]
fn all_else_in_the_file_stays_as_it_is() {
    for (source, text, after) in [
        (
            "a:\n  snapshot: |\n    x\n    y\n  # a remark\n  b: 1\n",
            "1\n\n2",
            "a:\n  snapshot: |\n    1\n\n    2\n  # a remark\n  b: 1\n",
        ),
        (
            "a:\n  snapshot: |- # as of May\n      x\n\nb: 1\n",
            "1\n  2",
            "a:\n  snapshot: | # as of May\n      1\n        2\n\nb: 1\n",
        ),
        (
            "a: { snapshot: \"x\\ny\", b: 1 } # z\n",
            "1 \"2\"\n3",
            "a: { snapshot: \"1 \\\"2\\\"\\n3\", b: 1 } # z\n",
        ),
        (
            "a: { snapshot: x }\n",
            "y: 1",
            "a: { snapshot: \"y: 1\" }\n",
        ),
        ("snapshot: >\n  x\n  y\n", "1\n2", "snapshot: |\n  1\n  2\n"),
        (
            "snapshot: |\n  x\n",
            "\u{1b}[1m",
            "snapshot: \"\\u001b[1m\"\n",
        ),
        (
            "snapshot: |\r\n  x\r\nb: 1\r\n",
            "1\n2",
            "snapshot: |\r\n  1\r\n  2\r\nb: 1\r\n",
        ),
        ("snapshot: 'x'\n", "y", "snapshot: \"y\"\n"),
        ("snapshot: |\n  x", "y", "snapshot: |\n  y"),
    ] {
        assert_eq!(with(source, text).as_deref(), Ok(after), "{source:?}");
    }
}

proptest! {
    #[test]
    fn a_new_snapshot_describes_what_was_seen_and_can_be_read_again(
        old in "[ab1 ]{0,3}(\\[\\.\\.\\])?[ab ]{0,2}(\n(\\.\\.\\.|[ab1 ]{0,4}(\\[\\.\\.\\])?[ab]{0,2})){0,5}",
        seen in "[ab12${}\t: #'\"]{1,6}(\n[ab12{} ]{0,6}){0,5}",
    ) {
        if let Ok(new) = renewed(&old, &seen, &Scope::new()) {
            if let Some(snapshot) = Snapshot::read(&Text::parse(&new), &Scope::new()) {
                prop_assert!(snapshot.fits(&Scope::new(), &seen), "{:?} {:?} {:?}", old, seen, new);
            }
            for source in ["a:\n  snapshot: |\n    x\n  b: 1\n", "a: { snapshot: x, b: 1 }\n"] {
                let after = with(source, &new).unwrap();
                let place = edit::snapshot_in(&after, &(0..after.len())).unwrap();
                prop_assert_eq!(place.text.trim_end_matches('\n'), new.trim_end_matches('\n'));
            }
        }
    }
}
