//! The reference's own documents as input.

use std::fs;

use gateproof::report::documents::{Written, append_journal, update_status};

use super::golden::{fixture, golden, place, sample};

#[test]
fn the_references_status_keeps_every_line_and_gets_its_blocks_at_the_ends_of_its_sections() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("STATUS-pxgate.md");
    fs::copy(fixture("STATUS-pxgate.md"), &path).unwrap();
    assert_eq!(
        update_status(&place(&path), &sample(), false).unwrap(),
        Written::Updated
    );
    let status = fs::read_to_string(&path).unwrap();
    let m1 = status.find("gateproof:begin status pxgate/M1").unwrap();
    let m2 = status.find("gateproof:begin status pxgate/M2").unwrap();
    assert!(status.find("after this claim commit lands.").unwrap() < m1);
    assert!(m1 < status.find("## Gate: M2 — OPEN").unwrap());
    assert!(status.find("runs the cold-boot test.").unwrap_or(0) < m2);
    assert_eq!(
        without_blocks(&status),
        fs::read_to_string(fixture("STATUS-pxgate.md")).unwrap()
    );
    golden("golden-STATUS-seed.md", status.as_bytes());

    let before = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(
        update_status(&place(&path), &sample(), false).unwrap(),
        Written::Unchanged
    );
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
}

#[test]
fn the_references_journal_is_only_appended_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("JOURNAL-pxgate.md");
    fs::copy(fixture("JOURNAL-pxgate.md"), &path).unwrap();
    assert_eq!(
        append_journal(&place(&path), &sample()).unwrap(),
        Written::Updated
    );
    let journal = fs::read(&path).unwrap();
    assert!(journal.starts_with(&fs::read(fixture("JOURNAL-pxgate.md")).unwrap()));
    assert_eq!(
        append_journal(&place(&path), &sample()).unwrap(),
        Written::Unchanged
    );
    assert_eq!(fs::read(&path).unwrap(), journal);
}

#[test]
fn new_documents_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let status = folder.path().join("STATUS-pxgate.md");
    let journal = folder.path().join("JOURNAL-pxgate.md");
    assert_eq!(
        update_status(&place(&status), &sample(), false).unwrap(),
        Written::Created
    );
    assert_eq!(
        append_journal(&place(&journal), &sample()).unwrap(),
        Written::Created
    );
    golden("golden-STATUS-new.md", &fs::read(status).unwrap());
    golden("golden-JOURNAL-new.md", &fs::read(journal).unwrap());
}

/// The document without our blocks and the blank line before each.
fn without_blocks(document: &str) -> String {
    let mut out = Vec::new();
    let mut inside = false;
    for line in document.split_inclusive('\n') {
        if line.starts_with("<!-- gateproof:begin") {
            inside = true;
            assert_eq!(out.pop(), Some("\n"));
        }
        if !inside {
            out.push(line);
        }
        inside &= !line.starts_with("<!-- gateproof:end");
    }
    out.concat()
}
