//! Where the inboxes of Builder and Adversary are, for `inbox` and `watch`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::watch::inbox::{Reader, belongs_to};
use kit::text::Scope;

use crate::cli::claims::in_folder;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReaderName {
    Builder,
    Adversary,
}

impl From<ReaderName> for Reader {
    fn from(name: ReaderName) -> Reader {
        match name {
            ReaderName::Builder => Reader::Builder,
            ReaderName::Adversary => Reader::Adversary,
        }
    }
}

/// The folders that may have inboxes besides the top folder: the usual ones, those of the claim
/// files, and those that are named.
pub(crate) fn folders(root: &Path, named: &[String]) -> Vec<String> {
    let mut folders = vec!["machine-docs".to_owned(), "reports".to_owned()];
    for path in in_folder(&root.join("claims")).unwrap_or_default() {
        // `gateproof check` says what is wrong with a claim file that cannot be read.
        if let Ok(file) = claim::read::load(&path, &Scope::new()) {
            folders.push(file.docs.display().to_string());
        }
    }
    folders.extend(named.iter().cloned());
    let mut folders: Vec<String> = folders
        .iter()
        .map(|folder| folder.trim_start_matches("./").trim_end_matches('/'))
        .filter(|folder| !folder.is_empty() && *folder != ".")
        .map(str::to_owned)
        .collect();
    folders.sort();
    folders.dedup();
    folders
}

/// The inboxes of a role that exist.
pub(crate) fn inboxes(root: &Path, role: Reader, named: &[String]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in folders(root, named).iter().map(String::as_str).chain([""]) {
        let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten();
        for entry in entries.flatten() {
            if belongs_to(&entry.file_name().to_string_lossy(), role) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}
