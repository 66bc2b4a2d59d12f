//! What people get to see, compared with golden files.

use std::path::{Path, PathBuf};

use gateproof::record::{self, RunRecord};
use gateproof::report;
use kit::inside::Inside;

pub(crate) fn fixture(name: &str) -> PathBuf {
    test_kit::root()
        .join("checks/fixtures/documents")
        .join(name)
}

pub(crate) fn sample() -> RunRecord {
    record::read(&fixture("record.json")).unwrap()
}

/// The place of a document in a folder of the test's own.
pub(crate) fn place(file: &Path) -> Inside {
    Inside::named(file).unwrap()
}

#[track_caller]
pub(crate) fn golden(name: &str, actual: &[u8]) {
    let path = fixture(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read(&path).unwrap_or_default();
    assert!(
        expected == actual,
        "{name} differs; look at it, then run with UPDATE_GOLDEN=1\n{}",
        String::from_utf8_lossy(actual)
    );
}

#[test]
fn the_table_at_80_columns() {
    golden(
        "table-80.txt",
        report::table(&sample(), 80, false).as_bytes(),
    );
}

#[test]
fn the_table_at_120_columns() {
    golden(
        "table-120.txt",
        report::table(&sample(), 120, false).as_bytes(),
    );
}
