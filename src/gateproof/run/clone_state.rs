//! What is wrong with a clone, reported before anything is run in it. Pure: from git's facts to
//! findings, each with what to do about it.
//!
//! The reference's cases: a host's clone on another branch and 288 commits behind while the
//! instructions said only `git pull`; a moved tag as evidence; a verified commit that a pushed fix
//! had superseded.

use std::collections::BTreeMap;

use crate::record::RunRecord;

/// How many names are listed before `and N more`.
const NAMES: usize = 5;

/// The facts about a clone and its upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloneFacts {
    /// The commit that is checked out, 40 hex digits.
    pub commit: String,
    /// The branch: the one that is checked out, or the one that the CI server names.
    pub branch: Option<String>,
    /// Tracked files that differ from the commit.
    pub changed: Vec<String>,
    /// Files that git does not know and does not ignore.
    pub untracked: Vec<String>,
    /// Whether a part of the history is missing.
    pub shallow: bool,
    /// The objects that the clone's tags name.
    pub tags: BTreeMap<String, String>,
    pub remote: Remote,
}

/// The upstream of a clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Remote {
    /// There is none.
    #[default]
    None,
    /// It did not answer.
    Silent {
        /// Its name in the clone.
        name: String,
        why: String,
    },
    /// It answered.
    Heard(Upstream),
}

/// What an upstream answers now, not when it was last fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upstream {
    /// Its name in the clone.
    pub name: String,
    /// Its default branch, where it names one.
    pub default_branch: Option<String>,
    /// The branch that the clone is compared with.
    pub branch: String,
    /// That branch's tip; none when the upstream has no such branch.
    pub tip: Option<String>,
    /// The objects that the upstream's tags name.
    pub tags: BTreeMap<String, String>,
    /// From the clone's commit to that tip; none when it could not be counted.
    pub distance: Option<Distance>,
    /// Whether somebody who clones the upstream gets the commit.
    pub has_commit: bool,
}

/// How far two commits are apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distance {
    /// Commits of the upstream that the clone has not.
    pub behind: u64,
    /// Commits of the clone that the upstream's branch has not.
    pub ahead: u64,
}

/// Where the clone is expected to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectedClone {
    /// The branch that the claim speaks of.
    pub branch: Option<String>,
    /// The commit that was claimed.
    pub commit: Option<String>,
}

impl ExpectedClone {
    /// Where the run of a record was made.
    pub fn of(record: &RunRecord) -> ExpectedClone {
        ExpectedClone {
            branch: record.repository.as_ref().and_then(|r| r.branch.clone()),
            commit: record.commit().map(str::to_owned),
        }
    }
}

/// What the clone is about to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A push job: it checks what was pushed, whatever came after.
    Ci,
    /// To claim a gate: others must get the same from the upstream.
    Claim,
    /// To judge a claim.
    Review,
}

/// A kind of fault of a clone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wrong {
    /// Tracked files differ from the commit.
    Dirty,
    /// There are files that git does not know.
    Untracked,
    /// Another branch than the claim's.
    OtherBranch,
    /// Another branch than the upstream's default.
    NotDefault,
    /// Another commit than the claimed one.
    OtherCommit,
    /// A tag names another object here than upstream.
    MovedTag,
    /// History is missing.
    Shallow,
    /// The upstream has newer commits.
    Stale,
    /// The upstream does not have the commit.
    Unpushed,
    /// The upstream did not answer.
    Offline,
    /// There is no upstream.
    NoRemote,
}

impl Wrong {
    /// A short name: `dirty`, `moved-tag` …
    pub fn name(self) -> &'static str {
        match self {
            Wrong::Dirty => "dirty",
            Wrong::Untracked => "untracked",
            Wrong::OtherBranch => "other-branch",
            Wrong::NotDefault => "not-default",
            Wrong::OtherCommit => "other-commit",
            Wrong::MovedTag => "moved-tag",
            Wrong::Shallow => "shallow",
            Wrong::Stale => "stale",
            Wrong::Unpushed => "unpushed",
            Wrong::Offline => "offline",
            Wrong::NoRemote => "no-remote",
        }
    }

    /// Whether a finding of that kind matters for this purpose: a reviewer uses nothing of the
    /// working tree.
    pub fn concerns(self, purpose: Purpose) -> bool {
        let of_the_tree = matches!(
            self,
            Wrong::Dirty | Wrong::Untracked | Wrong::Stale | Wrong::Unpushed
        );
        purpose != Purpose::Review || !of_the_tree
    }

    /// Whether observations in such a clone would be about something else than they claim to be
    /// about. All other findings that matter are reported, and the run goes on.
    pub fn stops(self, purpose: Purpose) -> bool {
        use Purpose::{Ci, Claim};
        match self {
            Wrong::OtherBranch | Wrong::OtherCommit | Wrong::MovedTag => true,
            Wrong::Dirty => matches!(purpose, Ci | Claim),
            // A push job is about one commit, and its server may clone no more than that.
            Wrong::Shallow => purpose != Ci,
            // A reviewer's checks run in a fresh clone of the claimed commit, found upstream.
            Wrong::Stale | Wrong::Unpushed => purpose == Claim,
            // A claim requires that others get the same.
            Wrong::Untracked | Wrong::Offline | Wrong::NoRemote => purpose == Claim,
            Wrong::NotDefault => false,
        }
    }
}

/// Something that is wrong with a clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloneFinding {
    pub wrong: Wrong,
    pub what: String,
    pub remedy: String,
}

/// Everything that is wrong with a clone, the worst kinds first.
pub fn clone_findings(facts: &CloneFacts, expected: &ExpectedClone) -> Vec<CloneFinding> {
    let mut found = Findings(Vec::new());
    found.place(facts, expected);
    found.tree(facts);
    match &facts.remote {
        Remote::None => found.add(
            Wrong::NoRemote,
            "the clone has no remote, so nobody can say whether it is up to date".to_owned(),
            "`git remote add origin URL`, or clone it anew".to_owned(),
        ),
        Remote::Silent { name, why } => found.add(
            Wrong::Offline,
            format!("the remote `{name}` did not answer, so the clone may be behind it: {why}"),
            format!("check that `git fetch {name}` works, and run it again"),
        ),
        Remote::Heard(upstream) => found.upstream(facts, expected, upstream),
    }
    if facts.shallow {
        found.add(
            Wrong::Shallow,
            "the clone is shallow: a part of the history is missing, and checks on it would see the wrong thing".to_owned(),
            "`git fetch --unshallow --tags`, or clone with the whole history".to_owned(),
        );
    }
    found.0
}

struct Findings(Vec<CloneFinding>);

impl Findings {
    fn add(&mut self, wrong: Wrong, what: String, remedy: String) {
        self.0.push(CloneFinding {
            wrong,
            what,
            remedy,
        });
    }

    fn place(&mut self, facts: &CloneFacts, expected: &ExpectedClone) {
        let here = facts.branch.as_deref();
        if let Some(branch) = &expected.branch
            && here.is_some_and(|here| here != branch)
        {
            let here = here.unwrap_or_default();
            self.add(
                Wrong::OtherBranch,
                format!("the clone is on branch `{here}`, and the claim is of `{branch}`"),
                format!("`git checkout {branch} && git pull --ff-only`"),
            );
        }
        if let Some(commit) = &expected.commit
            && *commit != facts.commit
        {
            self.add(
                Wrong::OtherCommit,
                format!(
                    "the clone is at commit {}, and the claim is of {commit}",
                    facts.commit
                ),
                format!("`git fetch && git checkout --detach {commit}`"),
            );
        }
    }

    fn tree(&mut self, facts: &CloneFacts) {
        if !facts.changed.is_empty() {
            self.add(
                Wrong::Dirty,
                format!(
                    "{} differ{} from the commit: {}",
                    count(facts.changed.len() as u64, "tracked file"),
                    if facts.changed.len() == 1 { "s" } else { "" },
                    listed(&facts.changed)
                ),
                "commit them, or `git stash`".to_owned(),
            );
        }
        if !facts.untracked.is_empty() {
            self.add(
                Wrong::Untracked,
                format!(
                    "{} in no commit: {}",
                    count(facts.untracked.len() as u64, "file"),
                    listed(&facts.untracked)
                ),
                "commit what belongs to it, and name the rest in .gitignore".to_owned(),
            );
        }
    }

    fn upstream(&mut self, facts: &CloneFacts, expected: &ExpectedClone, upstream: &Upstream) {
        let name = &upstream.name;
        for (tag, here) in &facts.tags {
            let Some(there) = upstream.tags.get(tag).filter(|there| *there != here) else {
                continue;
            };
            self.add(
                Wrong::MovedTag,
                format!("the tag `{tag}` names {here} here, and {there} on `{name}`: it was moved"),
                format!(
                    "ask who moved it; `git fetch --force {name} refs/tags/{tag}:refs/tags/{tag}` takes the one of `{name}`"
                ),
            );
        }
        let branch = &upstream.branch;
        let commit = &facts.commit;
        if !upstream.has_commit {
            self.add(
                Wrong::Unpushed,
                format!("`{name}` does not have commit {commit}: nobody else can get it"),
                match &facts.branch {
                    Some(here) => format!("`git push {name} {here}`"),
                    None => format!("`git push {name} HEAD:{branch}`"),
                },
            );
        }
        self.behind(upstream, commit);
        if let (Some(default), Some(here)) = (&upstream.default_branch, &facts.branch)
            && expected.branch.is_none()
            && default != here
        {
            self.add(
                Wrong::NotDefault,
                format!(
                    "the clone is on branch `{here}`; the default branch of `{name}` is `{default}`"
                ),
                format!("if that is not meant: `git checkout {default} && git pull --ff-only`"),
            );
        }
    }

    fn behind(&mut self, upstream: &Upstream, commit: &str) {
        let Upstream { name, branch, .. } = upstream;
        let what = match (&upstream.tip, upstream.distance) {
            (_, Some(Distance { behind: 0, .. })) => return,
            (Some(tip), _) if tip == commit => return,
            (None, _) => format!("`{name}` has no branch `{branch}` to compare with"),
            (Some(tip), Some(distance)) => format!(
                "the clone is {} behind `{branch}` of `{name}`, which is at {tip}",
                count(distance.behind, "commit")
            ),
            (Some(tip), None) => format!(
                "`{branch}` of `{name}` is at {tip}, and the clone is not; by how much cannot be counted"
            ),
        };
        self.add(
            Wrong::Stale,
            what,
            format!("`git pull --ff-only {name} {branch}`"),
        );
    }
}

/// `1 commit`, `2 commits`.
fn count(n: u64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn listed(names: &[String]) -> String {
    let mut text = names
        .iter()
        .take(NAMES)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > NAMES {
        text.push_str(&format!(" and {} more", names.len() - NAMES));
    }
    text
}

#[cfg(test)]
mod tests;
