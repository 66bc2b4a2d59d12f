//! Queries git about a clone and its upstream. No query changes a branch, tag or file of the
//! clone; only objects may be fetched, to count how far it is behind.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::clone_state::{CloneFacts, Distance, Remote, Upstream};
use kit::git;
use reach::host::Fault;

/// Where the records of read-only runs are; nobody claims anything about them.
const RECORDS: &str = "reports/runs/";

/// How a clone and its upstream are queried.
#[derive(Clone, Debug)]
pub struct CloneQuestion {
    /// The remote; the branch's own, `origin`, or the only one without it.
    pub remote: Option<String>,
    /// The branch that a detached HEAD was taken from, as a CI server names it.
    pub branch: Option<String>,
    /// How long the remote may take for one answer.
    pub patience: Duration,
    /// Ask nothing over the network: the upstream counts as silent.
    pub offline: bool,
}

impl Default for CloneQuestion {
    fn default() -> Self {
        CloneQuestion {
            remote: None,
            branch: None,
            patience: Duration::from_secs(30),
            offline: false,
        }
    }
}

/// Asks git about the clone at `root`, and its upstream about itself. An upstream that does not
/// answer is [`Remote::Silent`], no error.
///
/// # Errors
/// When the clone itself cannot be read.
pub async fn clone_facts(root: &Path, question: &CloneQuestion) -> Result<CloneFacts, Fault> {
    let commit = git::commit(root, "HEAD").await?;
    let checked_out = git::branch(root).await;
    let (changed, untracked) = tree(root).await?;
    let shallow = git::ask(root, &["rev-parse", "--is-shallow-repository"]).await? == "true";
    let listed = git::ask(
        root,
        &[
            "for-each-ref",
            "--format=%(objectname) %(refname)",
            "refs/tags",
        ],
    )
    .await?;
    let branch = checked_out.or_else(|| question.branch.clone());
    let remote = match remote_name(root, question, branch.as_deref()).await {
        None => Remote::None,
        Some(name) if question.offline => Remote::Silent {
            name,
            why: "it was not asked (--offline)".to_owned(),
        },
        Some(name) => match upstream(root, &name, &commit, branch.as_deref(), question).await {
            Ok(upstream) => Remote::Heard(upstream),
            Err(fault) => Remote::Silent {
                name,
                why: without_credentials(&fault.to_string()),
            },
        },
    };
    Ok(CloneFacts {
        commit,
        branch,
        changed,
        untracked,
        shallow,
        tags: tags(&listed),
        remote,
    })
}

/// Files that differ from the commit, and files that git does not know.
async fn tree(root: &Path) -> Result<(Vec<String>, Vec<String>), Fault> {
    let status = git::ask(
        root,
        &[
            "-c",
            "core.quotePath=false",
            "status",
            "--porcelain",
            "--untracked-files=all",
            "--no-renames",
        ],
    )
    .await?;
    let mut changed = Vec::new();
    let mut untracked = Vec::new();
    for line in status.lines() {
        match line.get(..3).zip(line.get(3..)) {
            // Records of read-only runs; the run that follows them publishes them.
            Some(("?? ", path)) if path.starts_with(RECORDS) => {}
            Some(("?? ", path)) => untracked.push(path.to_owned()),
            Some((_, path)) => changed.push(path.to_owned()),
            None => {}
        }
    }
    Ok((changed, untracked))
}

async fn remote_name(
    root: &Path,
    question: &CloneQuestion,
    branch: Option<&str>,
) -> Option<String> {
    if let Some(name) = &question.remote {
        return Some(name.clone());
    }
    if let Some(branch) = branch
        && let Some(name) = git::config(root, &format!("branch.{branch}.remote")).await
        // A branch can follow another one of the same clone.
        && name != "."
    {
        return Some(name);
    }
    let names = git::ask(root, &["remote"]).await.ok()?;
    let mut names = names.lines();
    let first = names.next()?;
    match (first, names.any(|name| name == "origin")) {
        (_, true) => Some("origin".to_owned()),
        (first, false) => Some(first.to_owned()),
    }
}

/// A request to a remote, bounded in time.
///
/// # Errors
/// When the remote does not answer in time, or git refuses.
pub(crate) async fn ask_remote(
    root: &Path,
    args: &[&str],
    patience: Duration,
) -> Result<String, Fault> {
    match tokio::time::timeout(patience, git::run(root, args)).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Fault::Other(format!(
            "no answer within {}",
            humantime::format_duration(patience)
        ))),
    }
}

async fn upstream(
    root: &Path,
    name: &str,
    commit: &str,
    branch: Option<&str>,
    question: &CloneQuestion,
) -> Result<Upstream, Fault> {
    let patterns = ["HEAD", "refs/heads/*", "refs/tags/*"];
    let args = [&["ls-remote", "--quiet", "--symref", name], &patterns[..]].concat();
    let listed = ask_remote(root, &args, question.patience).await?;
    let default_branch = listed.lines().find_map(default_branch);
    let heads = refs(&listed, "refs/heads/");
    // Where a branch of another name is followed, that one is compared with.
    let followed = match branch {
        Some(branch) => git::config(root, &format!("branch.{branch}.merge"))
            .await
            .and_then(|name| name.strip_prefix("refs/heads/").map(str::to_owned))
            .or_else(|| Some(branch.to_owned())),
        None => None,
    };
    let compared = followed
        .filter(|branch| heads.contains_key(branch))
        .or_else(|| default_branch.clone())
        .unwrap_or_else(|| branch.unwrap_or("main").to_owned());
    let tip = heads.get(&compared).cloned();
    let distance = match &tip {
        Some(tip) => distance(root, name, &compared, tip, commit, question.patience).await,
        None => None,
    };
    let has_commit =
        heads.values().any(|head| head == commit) || distance.is_some_and(|d| d.ahead == 0);
    Ok(Upstream {
        name: name.to_owned(),
        default_branch,
        branch: compared,
        tip,
        tags: tags(&listed),
        distance,
        has_commit,
    })
}

/// `ref: refs/heads/main⇥HEAD`.
pub(crate) fn default_branch(line: &str) -> Option<String> {
    let (target, what) = line.strip_prefix("ref: ")?.split_once('\t')?;
    let branch = target.strip_prefix("refs/heads/")?;
    (what == "HEAD").then(|| branch.to_owned())
}

/// How far `commit` is from `tip`; none when the objects cannot be had.
async fn distance(
    root: &Path,
    remote: &str,
    branch: &str,
    tip: &str,
    commit: &str,
    patience: Duration,
) -> Option<Distance> {
    if tip == commit {
        return Some(Distance::default());
    }
    if !git::has(root, &format!("{tip}^{{commit}}")).await {
        let from = format!("refs/heads/{branch}");
        // Neither the remote-tracking branches nor FETCH_HEAD change.
        let args = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--refmap=",
            remote,
            &from,
        ];
        ask_remote(root, &args, patience).await.ok()?;
    }
    let range = format!("{tip}...{commit}");
    let counted = git::ask(root, &["rev-list", "--left-right", "--count", &range]).await;
    let counted = counted.ok()?;
    let (behind, ahead) = counted.split_once('\t')?;
    Some(Distance {
        behind: behind.parse().ok()?,
        ahead: ahead.parse().ok()?,
    })
}

/// The tags in lines of an object and a ref's name; what an annotated tag points to is left out.
fn tags(listed: &str) -> BTreeMap<String, String> {
    let mut tags = refs(listed, "refs/tags/");
    tags.retain(|name, _| !name.ends_with("^{}"));
    tags
}

fn refs(listed: &str, prefix: &str) -> BTreeMap<String, String> {
    listed
        .lines()
        .filter_map(|line| {
            let (object, name) = line.split_once(['\t', ' '])?;
            Some((name.strip_prefix(prefix)?.to_owned(), object.to_owned()))
        })
        .collect()
}

/// The text without the user and password of URLs: remotes often carry a token.
pub(crate) fn without_credentials(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| c == '/' || c.is_whitespace() || c == '\'' || c == '"')
            .unwrap_or(after.len());
        let (authority, others) = after.split_at(end);
        // The last one: a password may hold an @.
        out.push_str(
            authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host),
        );
        rest = others;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_of_a_remote_is_ever_shown() {
        let message = "fatal: unable to access 'https://ci:s3cret@git.example.org/x.git/': no";
        assert_eq!(
            without_credentials(message),
            "fatal: unable to access 'https://git.example.org/x.git/': no"
        );
        let two = "ssh://git@a/x then https://t:a@b@c/y";
        assert_eq!(without_credentials(two), "ssh://a/x then https://c/y");
        assert_eq!(without_credentials("a://"), "a://");
    }

    #[test]
    fn reads_what_a_remote_lists() {
        let listed = "ref: refs/heads/trunk\tHEAD\nab\tHEAD\nab\trefs/heads/trunk\ncd\trefs/tags/v1\nef\trefs/tags/v1^{}";
        assert_eq!(
            listed.lines().find_map(default_branch).as_deref(),
            Some("trunk")
        );
        assert_eq!(
            refs(listed, "refs/heads/").get("trunk").map(String::as_str),
            Some("ab")
        );
        let tags = tags(listed);
        assert_eq!(tags.len(), 1);
        assert_eq!(tags.get("v1").map(String::as_str), Some("cd"));
    }
}
