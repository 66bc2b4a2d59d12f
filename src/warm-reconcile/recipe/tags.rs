//! A repository's tags, read and ordered. Pure.

use std::time::Duration;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;

use crate::Version;
use crate::spec::{AppSpec, Release};
use kit::count::count;

/// What `git for-each-ref` is asked for, a line for each tag: name, kind of object, object, kind
/// and name of what an annotated tag points at, and the tagger's time.
pub(super) const FORMAT: &str = "%(refname:strip=2)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)%00%(taggerdate:unix)";

/// A version of the recipe: an annotated tag of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    pub version: Version,
    /// The commit, all its hexadecimal digits.
    pub commit: String,
    /// When it was tagged, by the tagger's clock; `None` when the tag does not say.
    pub tagged_at: Option<DateTime<Utc>>,
}

/// A tag that is not a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    pub tag: String,
    pub why: WhyIgnored,
}

/// How many tags a message names for one reason.
const NAMED: usize = 3;

/// Why a tag is ignored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhyIgnored {
    /// It is not annotated: nobody signed for it, and it has no time of its own.
    #[error("lightweight: versions are annotated tags (`git tag -a`)")]
    Lightweight,
    #[error(transparent)]
    NoVersion(#[from] crate::spec::version::VersionError),
    #[error("not a tag of a commit, but of a {0}")]
    NoCommit(String),
}

/// A tag that names another commit than when it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedTag {
    pub version: Version,
    /// The commit that was recorded.
    pub recorded: String,
    /// The commit that it names now.
    pub now: String,
}

/// All tags of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// The versions, oldest first.
    pub versions: Vec<Tagged>,
    /// The tags that are none, by name.
    pub ignored: Vec<Ignored>,
}

/// What is newest, and what is newer and not old enough yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates<'t> {
    /// The newest version that may be deployed.
    pub version: Option<&'t Tagged>,
    /// Newer versions that are younger than the minimum age, oldest first.
    pub too_young: Vec<&'t Tagged>,
}

impl WhyIgnored {
    /// The reason without the tag's name, the same for all tags with it.
    fn class(&self) -> String {
        match self {
            WhyIgnored::NoVersion(error) => {
                format!(
                    "not a recipe version: {} (example: `5.1.1+v3.6.15`)",
                    error.why
                )
            }
            other => other.to_string(),
        }
    }
}

impl Tags {
    /// Which tags are ignored and why: a line for each reason, with the first names.
    pub fn ignored_text(&self) -> Vec<String> {
        let mut classes: IndexMap<String, Vec<&str>> = IndexMap::new();
        for ignored in &self.ignored {
            let names = classes.entry(ignored.why.class()).or_default();
            names.push(&ignored.tag);
        }
        let line = |(why, names): (String, Vec<&str>)| {
            let mut named = names[..names.len().min(NAMED)].join(", ");
            if names.len() > NAMED {
                named.push_str(", …");
            }
            format!(
                "{} ignored ({named}): {why}",
                count(names.len() as u64, "tag")
            )
        };
        classes.into_iter().map(line).collect()
    }

    /// The last versions by name, for a message.
    pub fn names(&self) -> String {
        let last = self.versions.iter().rev().take(NAMED);
        let last: Vec<&str> = last.map(|tagged| tagged.version.tag()).collect();
        let more = if self.versions.len() > NAMED {
            ", …"
        } else {
            ""
        };
        format!("{}{more}", last.join(", "))
    }

    /// Reads what git printed for [`FORMAT`].
    pub(super) fn parse(listed: &str) -> Tags {
        let mut tags = Tags::default();
        for line in listed.lines() {
            let fields: Vec<&str> = line.split('\0').collect();
            let &[tag, kind, _, target_kind, target, time] = fields.as_slice() else {
                continue;
            };
            match read(tag, kind, target_kind, target, time) {
                Ok(tagged) => tags.versions.push(tagged),
                Err(why) => tags.ignored.push(Ignored {
                    tag: tag.to_owned(),
                    why,
                }),
            }
        }
        tags.versions.sort_by(|a, b| a.version.cmp(&b.version));
        tags
    }

    /// The tag of a version.
    pub fn get(&self, version: &Version) -> Option<&Tagged> {
        self.versions
            .iter()
            .find(|tagged| tagged.version == *version)
    }

    /// The commit of a version.
    pub fn commit_of(&self, version: &Version) -> Option<String> {
        self.get(version).map(|tagged| tagged.commit.clone())
    }

    /// The versions of one variant, oldest first; without one all of them.
    pub fn followed(&self, variant: Option<&str>) -> Followed<'_> {
        let is_of = |tagged: &&Tagged| match variant {
            Some(variant) => tagged.version.variant().unwrap_or("none") == variant,
            None => true,
        };
        Followed(self.versions.iter().filter(is_of).collect())
    }

    /// The versions after `from` (from the first on without it) up to `to`, in order.
    pub fn between<'t>(
        &'t self,
        from: Option<&'t Version>,
        to: &'t Version,
    ) -> impl Iterator<Item = &'t Tagged> {
        self.versions.iter().filter(move |tagged| {
            from.is_none_or(|from| tagged.version > *from) && tagged.version <= *to
        })
    }

    /// Whether a version's tag names another commit than when it was recorded. A tag that is
    /// gone has not moved.
    pub fn moved(&self, version: &Version, recorded_commit: &str) -> Option<MovedTag> {
        let tagged = self.get(version)?;
        (tagged.commit != recorded_commit).then(|| MovedTag {
            version: version.clone(),
            recorded: recorded_commit.to_owned(),
            now: tagged.commit.clone(),
        })
    }
}

/// The versions that an app follows, oldest first.
#[derive(Clone, Debug)]
pub struct Followed<'t>(Vec<&'t Tagged>);

impl<'t> Followed<'t> {
    /// The pre-releases that are newer than a version, oldest first.
    pub fn pre_releases_after(&self, version: &Version) -> Vec<&'t str> {
        let versions = self.0.iter().map(|tagged| &tagged.version);
        let newer = versions.filter(|one| one.is_pre_release() && *one > version);
        newer.map(Version::tag).collect()
    }

    /// The newest version, pre-releases only if asked for; with a minimum age the newest that
    /// is old enough. A version whose age is not known is not old enough.
    pub fn newest(
        &self,
        pre_releases: bool,
        min_age: Option<Duration>,
        now: DateTime<Utc>,
    ) -> Candidates<'t> {
        let mut too_young = Vec::new();
        let wanted = |tagged: &&Tagged| pre_releases || !tagged.version.is_pre_release();
        for tagged in self.0.iter().copied().rev().filter(wanted) {
            if min_age.is_none_or(|age| tagged.is_at_least(age, now)) {
                too_young.reverse();
                return Candidates {
                    version: Some(tagged),
                    too_young,
                };
            }
            too_young.push(tagged);
        }
        too_young.reverse();
        Candidates {
            version: None,
            too_young,
        }
    }
}

impl Tagged {
    /// The release that is deployed from it with the environment of an app file.
    pub fn release(&self, spec: &AppSpec) -> Release {
        Release::of_commit(self.version.clone(), Some(self.commit.clone()), spec)
    }

    /// Whether it was tagged at least so long ago. The tagger's clock may be wrong, and a tag of
    /// the future is of no age at all.
    fn is_at_least(&self, age: Duration, now: DateTime<Utc>) -> bool {
        if age.is_zero() {
            return true;
        }
        let since = self.tagged_at.map(|at| (now - at).to_std());
        matches!(since, Some(Ok(since)) if since >= age)
    }
}

fn read(
    tag: &str,
    kind: &str,
    target_kind: &str,
    target: &str,
    time: &str,
) -> Result<Tagged, WhyIgnored> {
    let version = Version::parse(tag)?;
    match (kind, target_kind) {
        ("tag", "commit") => {}
        ("commit", _) => return Err(WhyIgnored::Lightweight),
        ("tag", other) | (other, _) => return Err(WhyIgnored::NoCommit(other.to_owned())),
    }
    Ok(Tagged {
        version,
        commit: target.to_owned(),
        tagged_at: time
            .parse()
            .ok()
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
    })
}
