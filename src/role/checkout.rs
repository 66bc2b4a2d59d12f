//! Where a clone stands: what is committed, and whether everybody else can fetch it. Git tells
//! the facts ([`Checkout::look`]); whether a claim may be made from there is decided without it.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::host::Fault;
use crate::run::{clone_id, git, identity};

/// Where our own records of looks stand; nobody claims anything about them.
const RECORDS: &str = "reports/runs/";
/// How many paths a message names.
const NAMED: usize = 5;

/// Why nothing can be claimed or reviewed from here. Nothing was run.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// No repository, or one without any commit.
    #[error(
        "{folder} is in no git repository with a commit, and a claim speaks of a commit: go into the clone of the project"
    )]
    NoRepository {
        /// The folder.
        folder: String,
    },
    /// No branch is checked out.
    #[error(
        "HEAD is detached, so nobody knows which branch others fetch: `git switch BRANCH` first"
    )]
    Detached,
    /// The branch follows no branch of a remote.
    #[error(
        "branch `{branch}` has no upstream branch, so nobody else can fetch what it has: `git push -u origin {branch}` first"
    )]
    NoUpstream {
        /// The branch.
        branch: String,
    },
    /// History is cut off.
    #[error(
        "this clone is shallow: whether a commit is pushed cannot be told from it; `git fetch --unshallow` first"
    )]
    Shallow,
    /// The upstream could not be asked.
    #[error("`{upstream}` could not be fetched, so what is on it is not known: {said}")]
    Fetch {
        /// The upstream branch.
        upstream: String,
        /// What git said.
        said: String,
    },
    /// The claim file is not in the commit.
    #[error(
        "the claim file `{path}` is not in the commit that would be claimed, so nobody else could run it: `git add {path}`, commit and push it first"
    )]
    UntrackedClaim {
        /// The file.
        path: String,
    },
    /// Something is not committed.
    #[error(
        "the tree is not clean, and who verifies from a clone will not see it: {paths}; commit and push it, or put it away"
    )]
    Dirty {
        /// What differs.
        paths: String,
    },
    /// HEAD is not pushed.
    #[error(
        "HEAD is {ahead} commit(s) ahead of `{upstream}`, so nobody else can fetch it: `git push` first"
    )]
    NotPushed {
        /// The upstream branch.
        upstream: String,
        /// How many.
        ahead: u64,
    },
    /// Others have pushed meanwhile.
    #[error(
        "HEAD is {behind} commit(s) behind `{upstream}`, so what would be claimed is superseded: `git pull --rebase` first"
    )]
    Behind {
        /// The upstream branch.
        upstream: String,
        /// How many.
        behind: u64,
    },
    /// Both.
    #[error(
        "HEAD and `{upstream}` have diverged ({ahead} commit(s) here, {behind} there): `git pull --rebase` and `git push` first"
    )]
    Diverged {
        /// The upstream branch.
        upstream: String,
        /// Commits here.
        ahead: u64,
        /// Commits there.
        behind: u64,
    },
    /// Git knows nobody here.
    #[error(
        "git does not know who you are, so nobody could tell who judges the claim from who made it: `git config user.name NAME` and `git config user.email MAIL` first"
    )]
    Nobody,
    /// Git itself.
    #[error("{0}")]
    Git(#[from] Fault),
}

/// Where a clone stands, after a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// Its top folder.
    pub root: PathBuf,
    /// Full hash of HEAD.
    pub head: String,
    /// The branch that is checked out.
    pub branch: String,
    /// The remote of its upstream.
    pub remote: String,
    /// Its upstream branch as the remote calls it, such as `refs/heads/main`.
    pub merge: String,
    /// The upstream branch as seen here, such as `origin/main`.
    pub upstream: String,
    /// Full hash of that, after the fetch.
    pub upstream_commit: String,
    /// Commits of HEAD that the upstream has not.
    pub ahead: u64,
    /// Commits of the upstream that HEAD has not.
    pub behind: u64,
    /// Paths that differ from HEAD and files that git does not know, records of runs excepted.
    pub changed: Vec<String>,
    /// Who works here, as git knows: `Name <mail>`.
    pub author: Option<String>,
    /// Names this clone; see [`crate::record::RepositoryState::clone_id`].
    pub clone_id: Option<String>,
}

impl Checkout {
    /// Asks git, and fetches the upstream branch.
    ///
    /// # Errors
    /// [`Refusal`] when there is no upstream to speak of, or it cannot be fetched.
    pub async fn look(folder: &Path) -> Result<Checkout, Refusal> {
        let nowhere = |_| Refusal::NoRepository {
            folder: folder.display().to_string(),
        };
        let top = git(folder, &["rev-parse", "--show-toplevel"]).await;
        let root = PathBuf::from(top.map_err(nowhere)?);
        let head = git(
            &root,
            &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"],
        )
        .await;
        let head = head.map_err(nowhere)?;
        let branch = git(&root, &["symbolic-ref", "--quiet", "--short", "HEAD"]).await;
        let branch = branch.map_err(|_| Refusal::Detached)?;
        if git(&root, &["rev-parse", "--is-shallow-repository"]).await? == "true" {
            return Err(Refusal::Shallow);
        }
        let no_upstream = || Refusal::NoUpstream {
            branch: branch.clone(),
        };
        let config = async |key: &str| {
            let key = format!("branch.{branch}.{key}");
            git(&root, &["config", &key])
                .await
                .map_err(|_| no_upstream())
        };
        let (remote, merge) = (config("remote").await?, config("merge").await?);
        if remote == "." {
            return Err(no_upstream()); // a branch of this very clone
        }
        let short = merge.strip_prefix("refs/heads/").unwrap_or(&merge);
        let shown = format!("{remote}/{short}");
        // The branch by its name: one that is gone from the remote must not pass for fetched.
        git(&root, &["fetch", "--quiet", &remote, &merge])
            .await
            .map_err(|fault| Refusal::Fetch {
                upstream: shown,
                said: fault.to_string(),
            })?;
        let name = [
            "rev-parse",
            "--abbrev-ref",
            "--symbolic-full-name",
            "@{upstream}",
        ];
        let upstream = git(&root, &name).await.map_err(|_| no_upstream())?;
        let upstream_commit =
            git(&root, &["rev-parse", "--verify", "@{upstream}^{commit}"]).await?;
        let range = format!("{head}...{upstream_commit}");
        let counts = git(&root, &["rev-list", "--left-right", "--count", &range]).await?;
        let (ahead, behind) = two_numbers(&counts);
        let status = ["status", "--porcelain=v1", "-z", "--untracked-files=all"];
        let changed = changed(&git(&root, &status).await?);
        Ok(Checkout {
            author: identity(&root).await,
            clone_id: clone_id(&root),
            root,
            head,
            branch,
            remote,
            merge,
            upstream,
            upstream_commit,
            ahead,
            behind,
            changed,
        })
    }

    /// Whether a commit is on the upstream branch.
    pub async fn has(&self, commit: &str) -> bool {
        let words = ["merge-base", "--is-ancestor", commit, &self.upstream_commit];
        git(&self.root, &words).await.is_ok()
    }

    /// Whether the file is the same on the commit and on the upstream branch.
    pub async fn is_todays(&self, commit: &str, path: &str) -> bool {
        let blob = async |revision: &str| {
            let name = format!("{revision}:{path}");
            git(&self.root, &["rev-parse", "--verify", "--quiet", &name])
                .await
                .ok()
        };
        blob(commit).await == blob(&self.upstream_commit).await
    }

    /// How many commits on the upstream branch after that one change more than records and the
    /// documents in `docs`.
    pub async fn commits_since(&self, commit: &str, docs: &str) -> u64 {
        let range = format!("{commit}..{}", self.upstream_commit);
        let (runs, docs) = (
            format!(":(top,exclude){RECORDS}"),
            format!(":(top,exclude){docs}/*-*.md"),
        );
        let words = ["rev-list", "--count", &range, "--", ":(top)", &runs, &docs];
        let counted = git(&self.root, &words).await;
        counted.ok().and_then(|n| n.parse().ok()).unwrap_or(0)
    }

    /// The text of a file on the upstream branch, if it is there.
    pub async fn upstream_text(&self, path: &str) -> Option<String> {
        let name = format!("{}:{path}", self.upstream_commit);
        git(&self.root, &["show", &name]).await.ok()
    }

    /// The STATUS documents on the upstream branch that call a gate claimed, by a person's hand or
    /// ours; only to tell why nothing was found.
    pub async fn told_claimed(&self, gate: &str) -> Vec<String> {
        let list = ["ls-tree", "-r", "--name-only", "-z", &self.upstream_commit];
        let listed = git(&self.root, &list).await.unwrap_or_default();
        let mut told = Vec::new();
        for path in listed.split('\0').filter(|path| is_status(path)) {
            let text = self.upstream_text(path).await.unwrap_or_default();
            let word = |line: &str| {
                let mut words = line.split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
                words.any(|word| word == gate)
            };
            if text
                .lines()
                .any(|line| line.contains("CLAIMED") && word(line))
            {
                told.push(path.to_owned());
            }
        }
        told
    }

    /// Whether HEAD may be claimed: clean, pushed, and the newest there is.
    ///
    /// # Errors
    /// The [`Refusal`] that tells what is in the way.
    pub fn may_claim(&self) -> Result<(), Refusal> {
        if self.author.is_none() {
            return Err(Refusal::Nobody);
        }
        if let Some(path) = self.changed.iter().find_map(|path| unknown_claim(path)) {
            return Err(Refusal::UntrackedClaim {
                path: path.to_owned(),
            });
        }
        if !self.changed.is_empty() {
            let more = self.changed.len().saturating_sub(NAMED);
            let mut paths = self.changed[..self.changed.len().min(NAMED)].join(", ");
            if more > 0 {
                paths.push_str(&format!(" and {more} more"));
            }
            return Err(Refusal::Dirty { paths });
        }
        let upstream = self.upstream.clone();
        match (self.ahead, self.behind) {
            (0, 0) => Ok(()),
            (ahead, 0) => Err(Refusal::NotPushed { upstream, ahead }),
            (0, behind) => Err(Refusal::Behind { upstream, behind }),
            (ahead, behind) => Err(Refusal::Diverged {
                upstream,
                ahead,
                behind,
            }),
        }
    }
}

fn is_status(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("STATUS-") && name.ends_with(".md")
}

/// A claim file of `claims/` that git does not know.
fn unknown_claim(changed: &str) -> Option<&str> {
    let path = changed.strip_suffix(UNTRACKED)?;
    let yaml = path.ends_with(".yaml") || path.ends_with(".yml");
    (path.starts_with("claims/") && yaml).then_some(path)
}

/// What stands behind the path of a file that git does not know.
const UNTRACKED: &str = " (untracked)";

/// Whether the file, of that path from the top folder, is one that git does not know.
pub async fn untracked(root: &Path, path: &str) -> bool {
    let known = ["ls-files", "--error-unmatch", "--", path];
    git(root, &known).await.is_err()
}

/// `git status --porcelain=v1 -z` as paths, without our own untracked records.
fn changed(status: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut entries = status.split('\0').filter(|entry| !entry.is_empty());
    while let Some(entry) = entries.next() {
        let (state, path) = entry.split_at_checked(3).unwrap_or((entry, ""));
        if state.starts_with(['R', 'C']) {
            entries.next(); // where it was before
        }
        match state {
            "?? " if path.starts_with(RECORDS) => {}
            "?? " => paths.push(format!("{path}{UNTRACKED}")),
            _ => paths.push(path.to_owned()),
        }
    }
    paths
}

fn two_numbers(text: &str) -> (u64, u64) {
    let mut numbers = text.split_whitespace().map(str::parse);
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or(u64::MAX);
    (next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean() -> Checkout {
        Checkout {
            root: "r".into(),
            head: "a".into(),
            branch: "main".into(),
            remote: "origin".into(),
            merge: "refs/heads/main".into(),
            upstream: "origin/main".into(),
            upstream_commit: "a".into(),
            ahead: 0,
            behind: 0,
            changed: Vec::new(),
            author: Some("Ada <ada@example.org>".into()),
            clone_id: None,
        }
    }

    #[test]
    fn only_a_clean_and_pushed_head_may_be_claimed_and_every_reason_is_its_own() {
        assert_eq!(clean().may_claim(), Ok(()));
        let at = |ahead, behind| Checkout {
            ahead,
            behind,
            ..clean()
        };
        let with = |paths: &[&str]| Checkout {
            changed: paths.iter().map(|path| (*path).to_owned()).collect(),
            ..at(1, 1)
        };
        let nobody = Checkout {
            author: None,
            ..clean()
        };
        let cases = [
            (nobody, "git does not know who you are"),
            (at(2, 0), "2 commit(s) ahead"),
            (at(0, 3), "3 commit(s) behind"),
            (at(2, 3), "diverged (2 commit(s) here, 3 there)"),
            (
                with(&["a", "b (untracked)"]),
                "not clean, and who verifies from a clone will not see it: a, b (untracked);",
            ),
            (with(&["1", "2", "3", "4", "5", "6", "7"]), "5 and 2 more"),
            (
                with(&["a", "claims/x.yaml (untracked)"]),
                "`claims/x.yaml` is not in the commit",
            ),
        ];
        for (checkout, words) in cases {
            let why = checkout.may_claim().unwrap_err().to_string();
            assert!(why.contains(words), "{words}: {why}");
        }
    }

    #[test]
    fn status_is_read_with_renames_spaces_and_without_untracked_records() {
        let status =
            " M a b\0R  new\0old\0?? x\0?? reports/runs/p/1.json\0 M reports/runs/p/0.json\0A  z";
        assert_eq!(
            changed(status),
            ["a b", "new", "x (untracked)", "reports/runs/p/0.json", "z"]
        );
        assert!(changed("").is_empty());
    }
}
