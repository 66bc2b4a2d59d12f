//! What an audit found.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::rule::Rule;

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AuditFinding {
    pub code: &'static str,
    pub phase: String,
    /// The file, relative to the repository.
    pub file: String,
    /// Its line, from 1, where it is about one.
    pub line: Option<usize>,
    pub found: String,
    pub expected: String,
}

/// Collects what is found in a phase.
pub(super) struct Log {
    /// The top of the repository; paths are shown from there.
    pub(super) root: PathBuf,
    pub(super) phase: String,
    pub(super) findings: Vec<AuditFinding>,
    /// What a reader should know and is not a finding.
    pub(super) notes: Vec<String>,
    /// What could not be checked, and why.
    pub(super) unchecked: Vec<String>,
}

impl Log {
    pub(super) fn new(root: &Path, phase: &str) -> Log {
        Log {
            root: root.to_owned(),
            phase: phase.to_owned(),
            findings: Vec::new(),
            notes: Vec::new(),
            unchecked: Vec::new(),
        }
    }

    pub(super) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root)
            .unwrap_or(path)
            .display()
            .to_string()
    }

    pub(super) fn find(
        &mut self,
        rule: &'static Rule,
        file: &Path,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.find_at(rule, file, None, found, expected);
    }

    pub(super) fn find_at(
        &mut self,
        rule: &'static Rule,
        file: &Path,
        line: Option<usize>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.findings.push(AuditFinding {
            code: rule.code,
            phase: self.phase.clone(),
            file: self.shown(file),
            line,
            found: found.into(),
            expected: expected.into(),
        });
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(format!("{}: {}", self.phase, text.into()));
    }
}
