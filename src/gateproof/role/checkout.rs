//! The state of a clone: what is committed, and whether everybody else can fetch it. Git gives the
//! facts ([`Checkout::read`]); whether a claim may be made from there is decided without git.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::record::without_own_files;
use crate::run::{
    CloneFacts, CloneFinding, CloneQuestion, Distance, ExpectedClone, Purpose, Remote, Upstream,
    Wrong, clone_facts, clone_findings, clone_id, identity,
};
use kit::count::count_of;
use kit::git;
use reach::host::Fault;

fn join_reasons(findings: &[CloneFinding]) -> String {
    let each = findings.iter();
    let each: Vec<String> = each
        .map(|it| format!("{}; {}", it.what, it.remedy))
        .collect();
    each.join("; and ")
}

/// Why nothing can be claimed or reviewed from here. Nothing was run.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    #[error(
        "{folder} is in no git repository with a commit, and a claim speaks of a commit: go into the clone of the project"
    )]
    NoRepository { folder: String },
    #[error(
        "HEAD is detached, so nobody knows which branch others fetch: `git switch BRANCH` first"
    )]
    Detached,
    #[error(
        "branch `{branch}` has no upstream branch, so nobody else can fetch what it has: `git push -u origin {branch}` first"
    )]
    NoUpstream { branch: String },
    #[error("`{upstream}` could not be fetched, so what is on it is not known: {message}")]
    Fetch { upstream: String, message: String },
    #[error(
        "the claim file `{path}` is not in the commit that would be claimed, so nobody else could run it: `git add {path}`, commit and push it first"
    )]
    UntrackedClaim { path: String },
    #[error("{}", join_reasons(.0))]
    Clone(Vec<CloneFinding>),
    #[error(
        "git does not know who you are, so nobody could tell who judges the claim from who made it: `git config user.name NAME` and `git config user.email MAIL` first"
    )]
    Nobody,
    #[error("{0}")]
    Git(#[from] Fault),
}

/// The state of a clone after a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
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
    /// What git knows about the clone and its upstream.
    pub facts: CloneFacts,
    /// The git author who works here: `Name <mail>`.
    pub author: Option<String>,
    /// Names this clone; see [`crate::record::RepositoryState::clone_id`].
    pub clone_id: Option<String>,
}

impl Checkout {
    /// Asks git, and fetches the upstream branch.
    ///
    /// # Errors
    /// [`Refusal`] when there is no upstream to speak of, or it cannot be fetched.
    pub async fn read(folder: &Path) -> Result<Checkout, Refusal> {
        let nowhere = |_| Refusal::NoRepository {
            folder: folder.display().to_string(),
        };
        let top = git::ask(folder, &["rev-parse", "--show-toplevel"]).await;
        let root = PathBuf::from(top.map_err(nowhere)?);
        let head = git::ask(
            &root,
            &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"],
        )
        .await;
        let head = head.map_err(nowhere)?;
        let branch = git::branch(&root).await.ok_or(Refusal::Detached)?;
        let no_upstream = || Refusal::NoUpstream {
            branch: branch.clone(),
        };
        let config = async |key: &str| {
            let key = format!("branch.{branch}.{key}");
            git::ask(&root, &["config", &key])
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
        git::ask(&root, &["fetch", "--quiet", &remote, &merge])
            .await
            .map_err(|fault| Refusal::Fetch {
                upstream: shown,
                message: fault.to_string(),
            })?;
        // In full: in short it is another name where a tag has the same.
        let name = ["rev-parse", "--symbolic-full-name", "@{upstream}"];
        let full = git::ask(&root, &name).await.map_err(|_| no_upstream())?;
        let upstream = full
            .strip_prefix("refs/remotes/")
            .unwrap_or(&full)
            .to_owned();
        let upstream_commit = git::ask(
            &root,
            &["rev-parse", "--verify", &format!("{full}^{{commit}}")],
        )
        .await
        .map_err(Fault::from)?;
        let question = CloneQuestion {
            remote: Some(remote.clone()),
            branch: Some(branch.clone()),
            ..CloneQuestion::default()
        };
        let facts = clone_facts(&root, &question).await?;
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
            facts,
        })
    }

    /// Whether a commit is on the upstream branch.
    pub async fn has(&self, commit: &str) -> bool {
        let words = ["merge-base", "--is-ancestor", commit, &self.upstream_commit];
        git::ask(&self.root, &words).await.is_ok()
    }

    /// Whether the file is the same on the commit and on the upstream branch.
    pub async fn is_unchanged_upstream(&self, commit: &str, path: &str) -> bool {
        let blob = async |revision: &str| {
            let name = format!("{revision}:{path}");
            git::ask(&self.root, &["rev-parse", "--verify", "--quiet", &name])
                .await
                .ok()
        };
        blob(commit).await == blob(&self.upstream_commit).await
    }

    /// How many commits on the upstream branch after that one change more than what gateproof writes
    /// itself; the documents are in `docs`.
    pub async fn commits_since(&self, commit: &str, docs: &str) -> u64 {
        let range = format!("{commit}..{}", self.upstream_commit);
        let others = without_own_files(Path::new(docs));
        let args = ["rev-list", "--count", &range, "--", ":(top)"].into_iter();
        let words: Vec<&str> = args.chain(others.iter().map(String::as_str)).collect();
        let counted = git::ask(&self.root, &words).await;
        counted.ok().and_then(|n| n.parse().ok()).unwrap_or(0)
    }

    /// The text of a file on the upstream branch, if it is there.
    pub async fn upstream_text(&self, path: &str) -> Option<String> {
        let name = format!("{}:{path}", self.upstream_commit);
        git::ask(&self.root, &["show", &name]).await.ok()
    }

    /// The STATUS documents on the upstream branch that call a gate claimed, typed or generated; only
    /// to explain why no record was found.
    pub async fn status_documents_claiming(&self, gate: &str) -> Vec<String> {
        let list = ["ls-tree", "-r", "--name-only", "-z", &self.upstream_commit];
        let listed = git::ask(&self.root, &list).await.unwrap_or_default();
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
    /// The [`Refusal`] that names what is in the way.
    pub fn may_claim(&self) -> Result<(), Refusal> {
        let claim = |path: &&String| is_claim_file(path);
        if let Some(path) = self.facts.untracked.iter().find(claim) {
            return Err(Refusal::UntrackedClaim { path: path.clone() });
        }
        self.may(Purpose::Claim)?;
        match self.author {
            Some(_) => Ok(()),
            None => Err(Refusal::Nobody),
        }
    }

    /// Whether claims can be judged from here.
    ///
    /// # Errors
    /// The [`Refusal`] that names what is in the way.
    pub fn may_review(&self) -> Result<(), Refusal> {
        self.may(Purpose::Review)
    }

    fn may(&self, purpose: Purpose) -> Result<(), Refusal> {
        let mut findings = self.findings();
        findings.retain(|finding| finding.wrong.stops(purpose));
        if findings.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Clone(findings))
        }
    }

    /// Findings about the clone that do not stop that purpose but concern it.
    pub fn remarks(&self, purpose: Purpose) -> Vec<CloneFinding> {
        let mut findings = self.findings();
        findings.retain(|it| it.wrong.concerns(purpose) && !it.wrong.stops(purpose));
        findings
    }

    fn findings(&self) -> Vec<CloneFinding> {
        let mut findings = clone_findings(&self.facts, &ExpectedClone::default());
        // The commit may be on another branch; whoever judges looks for it on this one.
        if let Remote::Heard(Upstream {
            has_commit: true,
            distance: Some(Distance { ahead, .. }),
            ..
        }) = &self.facts.remote
            && *ahead > 0
        {
            findings.push(CloneFinding {
                wrong: Wrong::Unpushed,
                what: format!(
                    "{} not on `{}`, so nobody finds there what is claimed",
                    count_of(*ahead, "commit of HEAD is", "commits of HEAD are"),
                    self.upstream
                ),
                remedy: "`git push`".to_owned(),
            });
        }
        findings
    }
}

fn is_status(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("STATUS-") && name.ends_with(".md")
}

/// Whether a path is that of a claim file in `claims/`.
fn is_claim_file(path: &str) -> bool {
    let yaml = path.ends_with(".yaml") || path.ends_with(".yml");
    path.starts_with("claims/") && yaml
}

/// Whether the file, of that path from the top folder, is one that git does not know.
pub async fn untracked(root: &Path, path: &str) -> bool {
    let known = ["ls-files", "--error-unmatch", "--", path];
    git::ask(root, &known).await.is_err()
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
            author: Some("Ada <ada@example.org>".into()),
            clone_id: None,
            facts: CloneFacts {
                commit: "a".into(),
                branch: Some("main".into()),
                remote: Remote::Heard(Upstream {
                    name: "origin".into(),
                    branch: "main".into(),
                    tip: Some("a".into()),
                    has_commit: true,
                    distance: Some(Distance::default()),
                    ..Upstream::default()
                }),
                ..CloneFacts::default()
            },
        }
    }

    #[test]
    fn only_a_clean_and_pushed_head_may_be_claimed_and_every_reason_is_its_own() {
        assert_eq!(clean().may_claim(), Ok(()));
        assert_eq!(clean().remarks(Purpose::Claim), []);
        let at = |ahead, behind| {
            let mut checkout = clean();
            if let Remote::Heard(upstream) = &mut checkout.facts.remote {
                upstream.tip = Some("b".into());
                upstream.distance = Some(Distance { ahead, behind });
            }
            checkout
        };
        let with = |changed: &[&str], untracked: &[&str]| {
            let owned = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
            let mut checkout = at(1, 1);
            checkout.facts.changed = owned(changed);
            checkout.facts.untracked = owned(untracked);
            checkout
        };
        let nobody = Checkout {
            author: None,
            ..clean()
        };
        let mut silent = clean();
        silent.facts.remote = Remote::None;
        let cases = [
            (nobody, "git does not know who you are"),
            (silent, "no remote"),
            (at(2, 0), "2 commits of HEAD are not on `origin/main`"),
            (at(0, 3), "3 commits behind `main` of `origin`"),
            (at(2, 3), "; and 2 commits of HEAD"),
            (with(&["a"], &[]), "differs from the commit: a; commit"),
            (with(&[], &["b"]), "in no commit: b; commit"),
            (
                with(&["a"], &["b", "claims/x.yaml"]),
                "`claims/x.yaml` is not in the commit",
            ),
        ];
        for (checkout, words) in cases {
            let why = checkout.may_claim().unwrap_err().to_string();
            assert!(why.contains(words), "{words}: {why}");
        }
        // A reviewer uses nothing of the tree, and is not told of it.
        for checkout in [at(2, 3), with(&["a"], &["b"])] {
            assert_eq!(checkout.may_review(), Ok(()));
            assert_eq!(checkout.remarks(Purpose::Review), []);
        }
    }

    #[test]
    fn nobody_claims_or_judges_with_a_moved_tag_or_without_the_history() {
        let mut moved = clean();
        moved.facts.tags.insert("v1".into(), "a".into());
        if let Remote::Heard(upstream) = &mut moved.facts.remote {
            upstream.tags.insert("v1".into(), "b".into());
        }
        let mut shallow = clean();
        shallow.facts.shallow = true;
        for (checkout, words) in [(moved, "tag `v1`"), (shallow, "is shallow")] {
            for refused in [checkout.may_claim(), checkout.may_review()] {
                let why = refused.unwrap_err().to_string();
                assert!(why.contains(words), "{why}");
            }
        }
    }
}
