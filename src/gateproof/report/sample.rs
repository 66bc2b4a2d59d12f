//! The hand-built record of the tests, with all outcomes in it.

use crate::record::RunRecord;

/// `checks/fixtures/documents/record.json`.
pub(crate) fn record() -> RunRecord {
    let json = include_str!("../../../checks/fixtures/documents/record.json");
    serde_json::from_str(json).unwrap()
}
