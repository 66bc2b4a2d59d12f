//! The newest version, as the recipe's tags and release notes describe it.

use chrono::Utc;

use super::Site;
use crate::Version;
use crate::decide::Newest;
use crate::recipe::migration::{Note, asks_for_manual_migration};
use crate::recipe::{Recipe, Tags};
use crate::spec::Release;

/// The newest version with the release notes between it and what runs.
pub(super) struct Found {
    pub(super) release: Release,
    pub(super) newest: Newest,
    pub(super) notes: Vec<Note>,
}

/// The pinned version, where there is one. Else the newest version that is old enough, where it
/// is newer than what runs; else a younger one that waits; else the newest there is.
pub(super) async fn find(
    site: &Site,
    recipe: &Recipe<'_>,
    tags: &Tags,
    running: Option<&Version>,
    pinned: Option<&Version>,
    remarks: &mut Vec<String>,
) -> Option<Found> {
    let spec = &site.spec;
    let followed = tags.followed(spec.variant.as_deref());
    let candidates = followed.newest(spec.pre_releases, spec.min_age, Utc::now());
    let ready = candidates.version;
    let is_news = ready.is_some_and(|ready| running.is_none_or(|from| ready.version > *from));
    if let (Some(ready), false) = (ready, spec.pre_releases) {
        let newer = followed.pre_releases_after(&ready.version);
        if let Some(last) = newer.last() {
            remarks.push(format!(
                "{last} is newer and a pre-release; `pre_releases: true` takes it"
            ));
        }
    }
    let young = candidates.too_young.last().copied();
    let young = young.filter(|_| !is_news && pinned.is_none());
    let tagged = match pinned {
        Some(pinned) => tags.get(pinned)?,
        None => young.or(ready)?,
    };
    let mut manual_migration = false;
    let mut notes = Vec::new();
    if running.is_some_and(|from| tagged.version > *from) {
        match recipe.notes_between(tags, running, tagged).await {
            Ok(between) => notes = between,
            Err(error) => {
                // Notes that cannot be read may ask for anything.
                manual_migration = true;
                remarks.push(format!("the release notes cannot be read: {error}"));
            }
        }
    }
    let asks = |note: &Note| asks_for_manual_migration(&note.text).is_some();
    manual_migration |= notes.iter().any(asks);
    let release = tagged.release(spec);
    Some(Found {
        newest: Newest {
            release: release.id(),
            manual_migration,
            too_young: young.is_some(),
        },
        release,
        notes,
    })
}
