//! Whether the judge of a claim is independent of its maker.

use std::path::{Path, PathBuf};

use super::header::RecordHeader;
use super::history::RecordHistory;
use crate::record::Act;
use crate::record::same_person;
use crate::run::{Role, clone_id, identity};
use kit::git;
use reach::host::Fault;

/// Who works here, and in which clone.
#[derive(Clone, Debug)]
pub struct LocalClone {
    pub root: PathBuf,
    /// `Name <mail>`, as git knows.
    pub author: Option<String>,
    /// Names the clone; see [`crate::record::RepositoryState::clone_id`].
    pub clone_id: Option<String>,
}

impl LocalClone {
    /// Of the repository around a folder; none without one.
    pub async fn find(folder: &Path) -> Option<LocalClone> {
        let root = git::ask(folder, &["rev-parse", "--show-toplevel"])
            .await
            .ok()?;
        let root = PathBuf::from(root);
        Some(LocalClone {
            author: identity(&root).await,
            clone_id: clone_id(&root),
            root,
        })
    }

    /// All records that are known here: those of the upstream as it was last fetched, of HEAD, and
    /// those in the working tree.
    ///
    /// # Errors
    /// When git cannot tell.
    pub async fn history(&self) -> Result<RecordHistory, Fault> {
        let mut there = Vec::new();
        for revision in ["@{upstream}", "HEAD"] {
            let name = format!("{revision}^{{commit}}");
            let words = ["rev-parse", "--verify", "--quiet", &name];
            if git::ask(&self.root, &words).await.is_ok() {
                there.push(revision);
            }
        }
        RecordHistory::read(&self.root, &there, true).await
    }

    /// Whether a run was made in this clone, or by its git author.
    pub fn is_mine(&self, run: &RecordHeader) -> bool {
        let ties = dependence(run, self.clone_id.as_deref(), self.author.as_deref());
        ties.iter()
            .any(|tie| matches!(tie, Dependence::SameClone | Dependence::SameAuthor(_)))
    }
}

/// Why a person may not run a phase in that role: the records have the person in the other one.
pub fn other_role(
    history: &RecordHistory,
    phase: &str,
    author: Option<&str>,
    role: Role,
) -> Option<String> {
    let author = author?;
    let (act, other) = match role {
        Role::Builder => (Act::Review, Role::Adversary),
        Role::Adversary => (Act::Claim, Role::Builder),
        Role::Ci => return None,
    };
    let is_theirs = |header: &&RecordHeader| {
        header.claim.phase == phase
            && header.act == act
            && header.role.as_deref() == Some(other.name())
            && header
                .author
                .as_deref()
                .is_some_and(|it| same_person(it, author))
    };
    let found = history.all().rev().find(is_theirs)?;
    Some(format!(
        "{author} is the {} of phase {phase}, by run {}, and cannot run it as the {}",
        other.name(),
        found.run_id,
        role.name()
    ))
}

/// What ties a reviewer to the claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dependence {
    /// The claim was made in this very clone.
    SameClone,
    /// Both have the same git author.
    SameAuthor(String),
    /// Git knows no author here, so the reviewer cannot be told from the claim's author.
    Nobody,
    /// Nobody knows who made the claim.
    ClaimOfNobody,
}

impl std::fmt::Display for Dependence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Dependence::SameClone => f.write_str("the claim was made in this very clone"),
            Dependence::SameAuthor(author) => {
                write!(f, "git names the same author as of the claim, {author}")
            }
            Dependence::Nobody => f.write_str(
                "git does not know who you are, so nobody can tell you from the claim's author: `git config user.name NAME` and `git config user.email MAIL`",
            ),
            Dependence::ClaimOfNobody => f.write_str(
                "git did not know who made the claim, so nobody can tell its author from you: the Builder has to claim it again under a name",
            ),
        }
    }
}

/// What ties a person in that clone, with that git identity, to the claim; or why nobody can know
/// that nothing does.
pub fn dependence(
    claim: &RecordHeader,
    clone_id: Option<&str>,
    author: Option<&str>,
) -> Vec<Dependence> {
    let theirs = claim.repository.as_ref();
    let theirs = theirs.and_then(|r| r.clone_id.as_deref());
    let mut found = Vec::new();
    if clone_id.is_some() && clone_id == theirs {
        found.push(Dependence::SameClone);
    }
    match (author, claim.author.as_deref()) {
        (None, _) => found.push(Dependence::Nobody),
        (_, None) => found.push(Dependence::ClaimOfNobody),
        (Some(mine), Some(theirs)) if same_person(mine, theirs) => {
            found.push(Dependence::SameAuthor(mine.to_owned()));
        }
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_clone_the_same_mail_and_an_unknown_author_tie() {
        let mut claim = super::super::header::tests::header("1", Act::Claim, "builder");
        claim.author = Some("Ada <ada@example.org>".to_owned());
        claim.repository.as_mut().unwrap().clone_id = Some("c1".to_owned());
        let ada = Some("A. L. <Ada@Example.org>");
        let eve = Some("Ada <eve@example.org>");
        assert_eq!(dependence(&claim, Some("c1"), eve), [Dependence::SameClone]);
        assert!(matches!(
            dependence(&claim, Some("c2"), ada)[..],
            [Dependence::SameAuthor(_)]
        ));
        assert!(dependence(&claim, Some("c2"), eve).is_empty());
        assert_eq!(dependence(&claim, None, None), [Dependence::Nobody]);
        claim.repository.as_mut().unwrap().clone_id = None;
        assert!(dependence(&claim, None, eve).is_empty());
        claim.author = None;
        assert_eq!(dependence(&claim, None, eve), [Dependence::ClaimOfNobody]);
    }
}
