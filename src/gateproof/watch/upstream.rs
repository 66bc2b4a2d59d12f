//! Asks the upstream for its branch, and reads what its commits bring.

use std::path::PathBuf;
use std::time::Duration;

use crate::record::{RunRecord, SCHEMA};
use crate::run::{ask_remote, default_branch};
use kit::git;
use reach::host::Fault;

/// The largest record that is read, in bytes.
const RECORD_BYTES: u64 = 32 * 1024 * 1024;

/// A branch of a remote of a clone.
#[derive(Debug)]
pub(super) struct UpstreamBranch {
    pub(super) root: PathBuf,
    pub(super) remote: String,
    /// The remote's default without it.
    pub(super) branch: Option<String>,
    /// How long the remote may take for one answer.
    pub(super) patience: Duration,
}

impl UpstreamBranch {
    /// The branch that is followed, and its tip now.
    pub(super) async fn tip(&self) -> Result<(String, String), Fault> {
        let name = match &self.branch {
            Some(branch) => format!("refs/heads/{branch}"),
            None => "HEAD".to_owned(),
        };
        let args = ["ls-remote", "--quiet", "--symref", &self.remote, &name];
        let listed = ask_remote(&self.root, &args, self.patience).await?;
        let branch = self
            .branch
            .clone()
            .or_else(|| listed.lines().find_map(default_branch));
        let Some(branch) = branch else {
            let why = "it names no default branch; say `--branch NAME`";
            return Err(Fault::Other(why.to_owned()));
        };
        let tip = listed
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .find(|(object, listed_name)| *listed_name == name && !object.starts_with("ref: "))
            .map(|(object, _)| object.to_owned());
        match tip {
            Some(tip) => Ok((branch, tip)),
            None => Err(Fault::Other(format!("it has no branch `{branch}`"))),
        }
    }

    /// Fetches the branch to a name of our own, unless its tip is there already: neither a branch of
    /// the clone nor what its user has fetched changes.
    pub(super) async fn fetch(&self, branch: &str, tip: &str) -> Result<(), Fault> {
        let own = format!("refs/gateproof/watch/{}/{branch}", self.remote);
        let here = git::ask(&self.root, &["rev-parse", "--verify", "--quiet", &own]).await;
        if here.is_ok_and(|here| here == tip) {
            return Ok(());
        }
        let spec = format!("+refs/heads/{branch}:{own}");
        let args = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--refmap=",
            &self.remote,
            &spec,
        ];
        ask_remote(&self.root, &args, self.patience).await?;
        // It may have been forced elsewhere in between: then the next poll finds the newer one.
        let object = format!("{tip}^{{commit}}");
        git::ask(&self.root, &["cat-file", "-e", &object]).await?;
        Ok(())
    }

    /// The run records that a commit adds and that are still there at the tip. What a merge brings
    /// was brought by the commits that it merges.
    pub(super) async fn records(
        &self,
        sha: &str,
        tip: &str,
    ) -> Result<Vec<(String, Result<Box<RunRecord>, String>)>, Fault> {
        let args = [
            "diff-tree",
            "--root",
            "-r",
            "--no-commit-id",
            "--name-only",
            "--no-renames",
            "--diff-filter=A",
            "-z",
            sha,
        ];
        let added = git::ask(&self.root, &args).await?;
        let mut records = Vec::new();
        for path in added.split('\0').filter(|path| is_record(path)) {
            let record = if git::has(&self.root, &format!("{tip}:{path}")).await {
                self.record(&format!("{sha}:{path}")).await?
            } else {
                Err("it was removed again".to_owned())
            };
            records.push((path.to_owned(), record));
        }
        Ok(records)
    }

    async fn record(&self, object: &str) -> Result<Result<Box<RunRecord>, String>, Fault> {
        let size = git::ask(&self.root, &["cat-file", "-s", object]).await?;
        if size.parse().unwrap_or(u64::MAX) > RECORD_BYTES {
            return Ok(Err(format!("{size} bytes are too many for a record")));
        }
        let text = git::ask(&self.root, &["cat-file", "blob", object]).await?;
        Ok(parse(&text))
    }

    /// The files of a commit: paths and objects.
    pub(super) async fn files(&self, tip: &str) -> Result<Vec<(String, String)>, Fault> {
        let listed = git::ask(&self.root, &["ls-tree", "-r", "-z", tip]).await?;
        let entries = listed.split('\0').filter_map(|entry| {
            let (head, path) = entry.split_once('\t')?;
            let blob = head.split(' ').next_back().unwrap_or_default();
            Some((path.to_owned(), blob.to_owned()))
        });
        Ok(entries.collect())
    }
}

/// `reports/runs/<phase>/<run>.json`, wherever the reports are.
fn is_record(path: &str) -> bool {
    path.ends_with(".json") && path.split('/').rev().skip(1).any(|part| part == "runs")
}

fn parse(text: &str) -> Result<Box<RunRecord>, String> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("not a run record: {error}"))?;
    match value.get("schema").and_then(|schema| schema.as_str()) {
        Some(SCHEMA) => serde_json::from_value(value)
            .map(Box::new)
            .map_err(|error| format!("not a run record: {error}")),
        other => Err(format!(
            "not a run record of this version: its schema is `{}`",
            other.unwrap_or("(none)")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_lie_in_a_folder_named_runs() {
        assert!(is_record(
            "reports/runs/pxgate/20261121T174530Z-1f3a9c2e.json"
        ));
        assert!(is_record("runs/x.json"));
        assert!(!is_record("reports/runs.json"));
        assert!(!is_record("reports/runs/pxgate/x.md"));
        assert!(!is_record("checks/fixtures/documents/record.json"));
    }

    #[test]
    fn a_file_that_is_not_a_record_is_named() {
        assert!(parse("{").unwrap_err().contains("not a run record"));
        assert!(parse("{\"schema\":\"x\"}").unwrap_err().contains("`x`"));
        let sample = serde_json::to_string(&crate::report::sample::record()).unwrap();
        assert_eq!(*parse(&sample).unwrap(), crate::report::sample::record());
    }
}
