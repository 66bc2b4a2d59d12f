//! The files that gateproof writes itself: a change of them is not a change of the code.

use std::path::Path;

use super::ATTESTATIONS;

/// Pathspecs of git that leave out records, attestations, inboxes and the documents in `docs`, of
/// whatever phase.
pub fn without_own_files(docs: &Path) -> Vec<String> {
    let folders = ["reports/runs", ATTESTATIONS];
    let folders = folders.map(|folder| format!(":(top,exclude){folder}"));
    let docs = match docs.display().to_string() {
        docs if docs.is_empty() || docs == "." => String::new(),
        docs => format!("{}/", docs.trim_end_matches('/')),
    };
    let documents = ["STATUS", "JOURNAL", "REVIEW"]
        .map(|document| format!(":(top,exclude,glob){docs}{document}-*.md"));
    let inboxes = ["BUILDER-INBOX", "ADVERSARY-INBOX"]
        .map(|inbox| format!(":(top,exclude,glob)**/{inbox}*.md"));
    folders
        .into_iter()
        .chain(documents)
        .chain(inboxes)
        .collect()
}
