use std::process::Command;

use chrono::{DateTime, TimeZone, Utc};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use reach::host::Host;

/// A repository with a history of its own, made with the real git.
struct Repository {
    folder: TempDir,
}

/// The time of every tag: 2026-06-13T00:00:00Z plus its number of days.
const DAY: i64 = 86_400;
const START: i64 = 1_781_308_800;

impl Repository {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository { folder };
        repository.git(&["init", "--quiet", "--initial-branch=main"], 0);
        repository
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, words: &[&str], day: i64) -> String {
        let date = format!("{} +0000", START + day * DAY);
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@t",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(["-c", "tag.gpgsign=false", "-c", "core.hooksPath=/dev/null"])
            .arg("-C")
            .arg(self.path())
            .args(words)
            .env("GIT_COMMITTER_DATE", &date)
            .env("GIT_AUTHOR_DATE", &date)
            .env_remove("GIT_DIR")
            .env_remove("GIT_OBJECT_DIRECTORY")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {words:?}: {said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Commits what is there and tags it; returns the commit.
    fn release(&self, tag: &str, day: i64) -> String {
        self.write("compose.yml", &format!("# {tag}\n"));
        self.git(&["add", "-A"], day);
        self.git(&["commit", "--quiet", "-m", tag], day);
        self.git(&["tag", "-a", "-m", tag, tag], day);
        self.git(&["rev-parse", "HEAD"], day)
    }
}

fn host() -> Host {
    Host::local()
}

fn version(tag: &str) -> Version {
    Version::parse(tag).unwrap()
}

fn day(day: i64) -> DateTime<Utc> {
    Utc.timestamp_opt(START + day * DAY, 0).unwrap()
}

fn order(tags: &Tags) -> Vec<&str> {
    tags.versions
        .iter()
        .map(|tagged| tagged.version.tag())
        .collect()
}

#[tokio::test]
async fn only_annotated_version_tags_count_and_the_rest_is_reported() {
    let repository = Repository::new();
    let old = repository.release("5.1.1+v3.6.9", 0);
    let new = repository.release("5.1.1+v3.6.15", 1);
    repository.git(&["tag", "9.9.9+v9.9.9"], 1);
    repository.git(&["tag", "-a", "-m", "x", "latest"], 1);
    repository.git(&["tag", "-a", "-m", "x", "9.0.0+v9", "HEAD^{tree}"], 1);
    let host = host();
    let tags = Recipe::new(&host, repository.path())
        .versions()
        .await
        .unwrap();
    assert_eq!(order(&tags), ["5.1.1+v3.6.9", "5.1.1+v3.6.15"]);
    assert_eq!(tags.versions[0].commit, old);
    assert_eq!(tags.versions[1].commit, new);
    assert_eq!(tags.versions[1].tagged_at, Some(day(1)));
    let ignored: Vec<_> = tags
        .ignored
        .iter()
        .map(|i| (i.tag.as_str(), &i.why))
        .collect();
    assert_eq!(ignored.len(), 3, "{ignored:?}");
    assert_eq!(
        ignored[0],
        ("9.0.0+v9", &WhyIgnored::NoCommit("tree".to_owned()))
    );
    assert_eq!(ignored[1], ("9.9.9+v9.9.9", &WhyIgnored::Lightweight));
    assert!(matches!(ignored[2], ("latest", WhyIgnored::NoVersion(_))));
    host.close().await;
}

#[tokio::test]
async fn the_newest_is_by_number_without_pre_releases_and_old_enough() {
    let repository = Repository::new();
    for (tag, day) in [
        ("5.9.0+v3.6.2", 0),
        ("5.10.0+v3.6.15", 1),
        ("5.11.0+v3.7.0-rc.1", 2),
        ("5.12.0+v3.7.0", 9),
    ] {
        repository.release(tag, day);
    }
    let host = host();
    let tags = Recipe::new(&host, repository.path())
        .versions()
        .await
        .unwrap();
    let newest = |pre, age: Option<u64>, at: i64| {
        let age = age.map(|days| Duration::from_secs(days * 86_400));
        let newest = tags.followed(None).newest(pre, age, day(at));
        let tag = |tagged: &Tagged| tagged.version.tag().to_owned();
        (
            newest.version.map(tag),
            newest.too_young.into_iter().map(tag).collect::<Vec<_>>(),
        )
    };
    let some = |tag: &str| Some(tag.to_owned());
    assert_eq!(newest(false, None, 10), (some("5.12.0+v3.7.0"), vec![]));
    assert_eq!(newest(false, Some(1), 10), (some("5.12.0+v3.7.0"), vec![]));
    let young = vec!["5.12.0+v3.7.0".to_owned()];
    assert_eq!(
        newest(false, Some(2), 10),
        (some("5.10.0+v3.6.15"), young.clone())
    );
    assert_eq!(
        newest(true, Some(2), 10),
        (some("5.11.0+v3.7.0-rc.1"), young)
    );
    // The tagger's clock is ahead of ours.
    assert_eq!(newest(false, Some(1), 1).0, some("5.9.0+v3.6.2"));
    assert_eq!(newest(false, Some(100), 10).0, None);
    host.close().await;
}

#[tokio::test]
async fn notes_come_from_the_tags_and_those_of_skipped_versions_are_included() {
    let repository = Repository::new();
    repository.release("1.0.0+1.0", 0);
    repository.write("releaseNotes/1.1.0+1.1.md", "Manual migration!\n");
    repository.release("1.1.0+1.1", 1);
    repository.release("1.2.0+1.2", 2);
    repository.write("releaseNotes/1.2.0+1.2.md", "added later\n");
    repository.write("release/1.3.0+1.3", "from the other folder\n");
    repository.release("1.3.0+1.3", 3);
    // The work tree lies.
    repository.write("releaseNotes/1.1.0+1.1.md", "nothing to see");
    repository.write("releaseNotes/1.0.0+1.0.md", "only in the work tree");
    let host = host();
    let recipe = Recipe::new(&host, repository.path());
    let tags = recipe.versions().await.unwrap();
    let [v0, v1, .., v3] = tags.versions.as_slice() else {
        panic!("{tags:?}")
    };
    assert_eq!(recipe.release_notes(v0).await.unwrap(), None);
    assert_eq!(
        recipe.release_notes(v1).await.unwrap().unwrap(),
        "Manual migration!\n"
    );
    let notes = recipe
        .notes_between(&tags, Some(&v0.version), v3)
        .await
        .unwrap();
    let notes: Vec<_> = notes
        .iter()
        .map(|n| (n.version.tag(), n.text.trim()))
        .collect();
    assert_eq!(
        notes,
        [
            ("1.1.0+1.1", "Manual migration!"),
            ("1.2.0+1.2", "added later"),
            ("1.3.0+1.3", "from the other folder")
        ]
    );
    let none = recipe
        .notes_between(&tags, Some(&v3.version), v3)
        .await
        .unwrap();
    assert_eq!(none, []);
    host.close().await;
}

#[tokio::test]
async fn an_export_has_the_tags_files_and_leaves_the_shared_checkout_alone() {
    let repository = Repository::new();
    repository.write(".gitattributes", "hidden.yml export-ignore\n");
    repository.write("hidden.yml", "a\n");
    repository.write("run.sh", "#!/bin/sh\n");
    use std::os::unix::fs::PermissionsExt;
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(repository.path().join("run.sh"), executable).unwrap();
    let old = repository.release("1.0.0+1.0", 0);
    repository.release("2.0.0+2.0", 1);
    // Somebody works in the checkout.
    repository.write("compose.yml", "dirty\n");
    repository.write("staged.yml", "staged\n");
    repository.git(&["add", "staged.yml"], 2);
    let before = repository.git(&["status", "--porcelain"], 2);
    let index = std::fs::read(repository.path().join(".git/index")).unwrap();
    let to = tempfile::tempdir().unwrap();
    let host = host();
    let recipe = Recipe::new(&host, repository.path());
    recipe.export(&old, to.path()).await.unwrap();
    let text = |name: &str| std::fs::read_to_string(to.path().join(name)).unwrap();
    assert_eq!(text("compose.yml"), "# 1.0.0+1.0\n");
    // `git archive` would have left it out.
    assert_eq!(text("hidden.yml"), "a\n");
    let mode = std::fs::metadata(to.path().join("run.sh"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o111, 0o111);
    assert!(!to.path().join("staged.yml").exists() && !to.path().join(".git").exists());
    assert_eq!(
        std::fs::read(repository.path().join(".git/index")).unwrap(),
        index
    );
    assert_eq!(repository.git(&["status", "--porcelain"], 2), before);
    // A folder in which something is already would mix two versions.
    assert!(recipe.export(&old, to.path()).await.is_err());
    host.close().await;
}

#[tokio::test]
async fn a_fetch_brings_new_tags_and_never_moves_old_ones() {
    let remote = Repository::new();
    let old = remote.release("1.0.0+1.0", 0);
    let local = tempfile::tempdir().unwrap();
    let checkout = local.path().join("recipe");
    let clone = [
        "clone",
        "--quiet",
        &remote.path().display().to_string(),
        &checkout.display().to_string(),
    ];
    remote.git(&clone, 0);
    remote.release("1.1.0+1.1", 1);
    let host = host();
    let recipe = Recipe::new(&host, &checkout);
    assert_eq!(recipe.fetch(true).await, Fetch::Skipped);
    assert_eq!(order(&recipe.versions().await.unwrap()), ["1.0.0+1.0"]);
    assert_eq!(recipe.fetch(false).await, Fetch::Done);
    let tags = recipe.versions().await.unwrap();
    assert_eq!(order(&tags), ["1.0.0+1.0", "1.1.0+1.1"]);
    // The remote moves the first tag and adds another.
    remote.git(&["tag", "-f", "-a", "-m", "again", "1.0.0+1.0"], 2);
    remote.release("1.2.0+1.2", 3);
    assert_eq!(
        recipe.fetch(false).await,
        Fetch::TagsMoved(vec!["1.0.0+1.0".to_owned()])
    );
    let tags = recipe.versions().await.unwrap();
    assert_eq!(order(&tags), ["1.0.0+1.0", "1.1.0+1.1", "1.2.0+1.2"]);
    assert_eq!(tags.moved(&version("1.0.0+1.0"), &old), None);
    // Somebody else (abra) forces it: the recorded commit tells.
    let moved = tags.moved(&version("1.0.0+1.0"), &"0".repeat(40)).unwrap();
    assert_eq!(moved.now, old);
    // The network is down: said in git's words, and what is here stays usable.
    std::fs::remove_dir_all(remote.path().join(".git")).unwrap();
    let Fetch::Failed(GitError::NoRepository { said, .. } | GitError::Failed { said, .. }) =
        recipe.fetch(false).await
    else {
        panic!("a fetch from nothing did not fail")
    };
    assert!(said.contains("fatal:"), "{said}");
    assert_eq!(recipe.versions().await.unwrap(), tags);
    host.close().await;
}

#[tokio::test]
async fn what_is_no_repository_is_said_and_never_taken_for_one_around_it() {
    let outer = Repository::new();
    outer.release("1.0.0+1.0", 0);
    let inside = outer.path().join("recipes/traefik");
    std::fs::create_dir_all(&inside).unwrap();
    let host = host();
    let error = Recipe::new(&host, &inside).versions().await.unwrap_err();
    assert!(matches!(error, GitError::NoRepository { .. }), "{error:?}");
    let gone = outer.path().join("gone");
    let error = Recipe::new(&host, &gone).versions().await.unwrap_err();
    assert!(matches!(error, GitError::NoRepository { .. }), "{error:?}");
    host.close().await;
}

/// In a process of its own, because a test must not change the environment of the others.
#[test]
fn the_callers_environment_does_not_decide_which_repository_is_meant() {
    let elsewhere = tempfile::tempdir().unwrap();
    let name = "recipe::tests::only_annotated_version_tags_count_and_the_rest_is_reported";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env("GIT_DIR", elsewhere.path())
        .env("GIT_OBJECT_DIRECTORY", elsewhere.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

proptest! {
    #[test]
    fn no_listing_makes_the_reader_panic(
        lines in proptest::collection::vec(
            "[0-9]\\.[0-9]\\.[0-9]\\+[0-9](\0(tag|commit|)){0,3}(\0[0-9a-f]{0,4}){0,3}", 0..5)
    ) {
        let tags = Tags::parse(&lines.join("\n"));
        prop_assert!(tags.versions.len() + tags.ignored.len() <= lines.len());
        prop_assert!(tags.versions.is_sorted_by(|a, b| a.version <= b.version));
    }
}
