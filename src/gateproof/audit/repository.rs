//! What git knows about commits and files.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::AuditError;
use kit::digest;
use kit::git::{self, GitError, line};

/// One commit's change of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) commit: String,
    pub(super) time: DateTime<Utc>,
    /// `A`, `M`, `D` …
    pub(super) status: char,
    /// The content afterwards.
    pub(super) blob: String,
}

/// A repository with its whole history.
pub(super) struct Repo {
    pub(super) root: PathBuf,
    /// `None` before the first commit.
    pub(super) head: Option<String>,
    times: HashMap<String, Option<DateTime<Utc>>>,
    digests: HashMap<String, Option<String>>,
    reached: HashMap<String, bool>,
}

impl Repo {
    /// The repository around a folder.
    pub(super) fn open(folder: &Path) -> Result<Repo, AuditError> {
        let Some(root) = line(folder, &["rev-parse", "--show-toplevel"])? else {
            return Err(AuditError::NoRepository {
                path: folder.to_owned(),
            });
        };
        let root = PathBuf::from(root);
        let shallow = line(&root, &["rev-parse", "--is-shallow-repository"])?;
        if shallow.as_deref() == Some("true") {
            return Err(AuditError::Shallow { path: root });
        }
        let head = line(
            &root,
            &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"],
        )?;
        Ok(Repo {
            root,
            head,
            times: HashMap::new(),
            digests: HashMap::new(),
            reached: HashMap::new(),
        })
    }

    /// When a commit was made; `None` when there is no such commit. Only a full hash names one.
    pub(super) fn commit_time(&mut self, commit: &str) -> Result<Option<DateTime<Utc>>, GitError> {
        if let Some(known) = self.times.get(commit) {
            return Ok(*known);
        }
        let full = matches!(commit.len(), 40 | 64) && commit.bytes().all(|b| b.is_ascii_hexdigit());
        let told = if full {
            line(&self.root, &["log", "-1", "--format=%H %ct", commit, "--"])?
        } else {
            None
        };
        let time = told.and_then(|told| {
            let (hash, seconds) = told.split_once(' ')?;
            (hash == commit).then(|| time_of(seconds)).flatten()
        });
        self.times.insert(commit.to_owned(), time);
        Ok(time)
    }

    /// Whether the history of HEAD has a file at that path.
    pub(super) fn had(&self, path: &Path) -> Result<bool, GitError> {
        let Ok(relative) = path.strip_prefix(&self.root) else {
            return Ok(false);
        };
        let name = relative.to_string_lossy();
        let words = ["log", "-1", "--format=%H", "HEAD", "--", &name];
        Ok(line(&self.root, &words)?.is_some_and(|told| !told.is_empty()))
    }

    /// SHA-256 of a file at a commit that exists.
    pub(super) fn file_digest(
        &mut self,
        commit: &str,
        path: &str,
    ) -> Result<Option<String>, GitError> {
        let name = format!("{commit}:{path}");
        if let Some(known) = self.digests.get(&name) {
            return Ok(known.clone());
        }
        let digest = match git::read(&self.root, &["cat-file", "blob", &name]) {
            Ok(bytes) => Some(digest::sha256(bytes)),
            Err(GitError::Failed { .. }) => None,
            Err(error) => return Err(error),
        };
        self.digests.insert(name, digest.clone());
        Ok(digest)
    }

    /// Whether a commit that exists is in the history of HEAD, or of that branch, here or at the
    /// origin.
    pub(super) fn reaches(&mut self, commit: &str, branch: Option<&str>) -> Result<bool, GitError> {
        let key = format!("{commit} {}", branch.unwrap_or_default());
        if let Some(known) = self.reached.get(&key) {
            return Ok(*known);
        }
        let mut tips = vec!["HEAD".to_owned()];
        if let Some(branch) = branch {
            tips.push(format!("refs/heads/{branch}"));
            tips.push(format!("refs/remotes/origin/{branch}"));
        }
        let mut reached = false;
        for tip in tips {
            let words = ["merge-base", "--is-ancestor", commit, &tip];
            reached = reached || line(&self.root, &words)?.is_some();
        }
        self.reached.insert(key, reached);
        Ok(reached)
    }

    /// Every change of a file below a folder in the history of HEAD, the oldest first, by path
    /// from the top. Changes that a merge itself made are among them.
    pub(super) fn touches(&self, folder: &str) -> Result<BTreeMap<String, Vec<Touch>>, GitError> {
        let mut touches: BTreeMap<String, Vec<Touch>> = BTreeMap::new();
        if self.head.is_none() {
            return Ok(touches);
        }
        let words = [
            "-c",
            "core.quotePath=false",
            "-c",
            "log.showRoot=true",
            "log",
            "--full-history",
            "--topo-order",
            "--reverse",
            "-c",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            "--no-show-signature",
            "--format=commit %H %ct",
            "HEAD",
            "--",
            folder,
        ];
        let log = git::read(&self.root, &words)?;
        let log = String::from_utf8_lossy(&log);
        let mut commit = None;
        for text in log.lines() {
            if let Some(named) = text.strip_prefix("commit ") {
                commit = named
                    .split_once(' ')
                    .and_then(|(hash, seconds)| Some((hash.to_owned(), time_of(seconds)?)));
            } else if let (Some((commit, time)), Some((path, status, blob))) = (&commit, raw(text))
            {
                touches.entry(path).or_default().push(Touch {
                    commit: commit.clone(),
                    time: *time,
                    status,
                    blob,
                });
            }
        }
        Ok(touches)
    }

    /// The files below a folder in HEAD, with their blobs.
    pub(super) fn committed(&self, folder: &str) -> Result<BTreeMap<String, String>, GitError> {
        if self.head.is_none() {
            return Ok(BTreeMap::new());
        }
        let words = ["ls-tree", "-r", "-z", "--full-tree", "HEAD", "--", folder];
        let listed = git::read(&self.root, &words)?;
        Ok(String::from_utf8_lossy(&listed)
            .split('\0')
            .filter_map(|entry| {
                let (meta, path) = entry.split_once('\t')?;
                Some((path.to_owned(), meta.split(' ').nth(2)?.to_owned()))
            })
            .collect())
    }

    /// The blobs that files of the working tree would be, byte for byte.
    pub(super) fn blobs(&self, paths: &[String]) -> Result<Vec<String>, GitError> {
        let mut blobs = Vec::new();
        // As arguments: in a list of lines, a name with a line break would be two.
        for some in paths.chunks(200) {
            let mut words = vec!["hash-object", "--no-filters", "--"];
            words.extend(some.iter().map(String::as_str));
            let told = git::read(&self.root, &words)?;
            let told = String::from_utf8_lossy(&told);
            blobs.extend(told.lines().map(str::to_owned));
        }
        Ok(blobs)
    }
}

fn time_of(seconds: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds.trim().parse().ok()?, 0)
}

/// A line of `git log --raw`: the path, what happened and the blob afterwards. A merge has a
/// colon, a mode and a blob more for each parent more.
fn raw(text: &str) -> Option<(String, char, String)> {
    let (meta, path) = text.split_once('\t')?;
    let parents = meta.bytes().take_while(|b| *b == b':').count();
    let words: Vec<&str> = meta.get(parents..)?.split(' ').collect();
    if parents == 0 || words.len() != 2 * parents + 3 {
        return None;
    }
    let blob = words[2 * parents + 1].to_owned();
    // Of a merge: what it did to the file as a whole, when it agrees about that.
    let status = words[2 * parents + 2];
    let first = status.chars().next()?;
    let status = if status.chars().all(|c| c == first) {
        first
    } else {
        'M'
    };
    Some((path.to_owned(), status, blob))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_lines_of_commits_and_of_merges_are_read() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let one = raw(&format!(":000000 100644 {a} {b} A\truns/x y.json")).unwrap();
        assert_eq!(one, ("runs/x y.json".to_owned(), 'A', b.clone()));
        let two = raw(&format!("::100644 100644 100644 {a} {a} {b} MM\tx")).unwrap();
        assert_eq!(two, ("x".to_owned(), 'M', b));
        assert_eq!(raw("commit abc 1"), None);
        assert_eq!(raw(""), None);
    }
}
