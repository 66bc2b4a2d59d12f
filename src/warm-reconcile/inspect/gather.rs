//! Gathers the world.

use chrono::Utc;

use super::records::{self, LastRun, Records};
use super::running::{observe, probe_once, release_of, running, weight};
use super::stored::{data_of, paired, previous};
use super::{Site, drift, newest};
use crate::Version;
use crate::decide::{self, Ask, Running, Runs, World};
use crate::engine::{StackView, no_health_check, unchecked};
use crate::health::{Seen, Weight, prove};
use crate::recipe::migration::Note;
use crate::recipe::{Fetch, Recipe, Tags};
use crate::spec::{Release, ReleaseId};
use crate::state::journal::Journal;
use crate::state::last_good::Known;

/// A world, and what acting on it needs.
#[derive(Debug)]
pub struct Gathered {
    /// What the decision is made from.
    pub world: World,
    /// The releases of the world, as exactly as they are known; the best known comes first.
    pub releases: Vec<Release>,
    /// The release notes between what runs and the newest version.
    pub notes: Vec<Note>,
    /// The journal of a run that did not end.
    pub journal: Option<Journal>,
    /// The probe of what runs, where one was made.
    pub probe: Option<(Seen, Weight)>,
    /// What went wrong on the way and stopped nothing.
    pub remarks: Vec<String>,
}

impl Gathered {
    /// The journal of a run that did not end, and the rest without it.
    pub fn split_journal(mut self) -> (Option<Journal>, Gathered) {
        (self.journal.take(), self)
    }

    /// What is known of a release of this world.
    pub fn release(&self, id: &ReleaseId) -> Option<&Release> {
        self.releases.iter().find(|release| release.id() == *id)
    }

    /// The release notes, for an alert.
    pub fn notes_text(&self) -> String {
        let all = self.notes.iter();
        let parts: Vec<String> = all
            .map(|note| format!("{}:\n{}", note.version, note.text))
            .collect();
        parts.join("\n\n")
    }
}

/// Gathers the world: the recipe (fetched first with `fetch`), the state files, and at the same
/// time the recipe's tags, one snapshot of the engine and, where no run is unfinished, one
/// probe.
///
/// What cannot be found out is part of the world, and never an error.
pub async fn gather(site: &Site, ask: Ask, fetch: bool) -> Gathered {
    let recipe = Recipe::new(&site.host, &site.spec.repository);
    let mut remarks = fetch_remarks(recipe.fetch(!fetch).await);
    let (records, last, journal_state) = records::read(&site.paths, &site.redactor);
    let unfinished = matches!(last, LastRun::Unfinished(_));
    let probed = async {
        if unfinished {
            None
        } else {
            Some(probe_once(site).await)
        }
    };
    let (tags, (view, engine), probed) = tokio::join!(recipe.versions(), observe(site), probed);
    let (tags, unread) = match tags {
        Ok(tags) => (tags, None),
        Err(error) => (Tags::default(), Some(error.to_string())),
    };
    remarks.extend(unread.clone());
    remarks.extend(tag_remarks(&tags, &records));
    let good = records.last_good.as_ref();
    let good = good.map(|known| release_of(known, &tags, site));
    let now = view.as_ref();
    let now = now.map(|view| running(view, site, &tags, good.as_ref()));
    let (runs, current) = now.map_or((None, None), |(runs, current)| (Some(runs), current));
    let drift = drifted(site, view.as_ref(), &mut remarks);
    let services = view.iter().flat_map(|view| unchecked(view));
    remarks.extend(services.map(no_health_check));
    let mut probe = None;
    let mut doubt = None;
    if let (Some(view), Some(release), Some(probed), decide::Engine::Ok) =
        (&view, &current, probed, &engine)
    {
        match probed {
            Ok((gate, mut observed)) => {
                let weight = weight(site, view, release, good.as_ref(), &gate, &mut observed).await;
                probe = Some((observed, weight));
            }
            Err(error) => doubt = Some(error.to_string()),
        }
    }
    let unarmed = site.spec.armed_gate && !armed(site, &mut remarks);
    let baking = bakes(site, &records, current.as_ref());
    // The watch looks again and again, and a snapshot is read as a whole: only where it counts.
    let is_sick = matches!(&probe, Some((_, Weight::Against(_))));
    let past = Past::of(
        site,
        &records,
        &last,
        &tags,
        ask == Ask::RollBack || baking && is_sick,
        current.as_ref(),
        good.as_ref(),
    );
    let past = past.await;
    remarks.extend(past.remarks);
    let from = current.as_ref().map(|release| &release.version);
    let found = newest::find(
        site,
        &recipe,
        &tags,
        from,
        records.pinned.as_ref(),
        &mut remarks,
    )
    .await;
    let journal = match last {
        LastRun::Unfinished(open) => Some(open),
        LastRun::Absent | LastRun::Ended(_) => None,
    };
    let candidate = found.as_ref().map(|found| &found.release);
    let known = [
        good.as_ref(),
        past.previous.as_ref(),
        current.as_ref(),
        candidate,
        past.data.as_ref(),
    ];
    let mut releases: Vec<Release> = known.into_iter().flatten().cloned().collect();
    if let (Some(open), decide::Journal::Unfinished(_)) = (&journal, &journal_state) {
        releases.extend(open.plan().from.clone());
        releases.push(open.plan().to.clone());
    }
    let forbidden = |release: &&Release| records.quarantine.forbids(release).is_some();
    let quarantined = releases.iter().filter(forbidden);
    let world = World {
        app: site.spec.app.clone(),
        stateful: site.spec.stateful,
        ask,
        no_version: match found {
            Some(_) => String::new(),
            None => no_version(site, &tags, records.pinned.as_ref(), unread.as_deref()),
        },
        newest: found.as_ref().map(|found| found.newest.clone()),
        running: runs.map(|runs| running_now(site, runs, probe.as_ref(), doubt)),
        data: past.data.as_ref().map(Release::id),
        torn: past.torn,
        last_good: good.as_ref().map(Release::id),
        previous: past.previous.as_ref().map(Release::id),
        journal: journal_state,
        unarmed,
        baking,
        drift,
        held: records.held,
        pinned: records.pinned.map(|version| version.tag().to_owned()),
        quarantined: quarantined.map(|release| release.id().digest).collect(),
        acknowledged: records.acknowledged,
        engine,
    };
    Gathered {
        world,
        releases,
        notes: found.map_or_else(Vec::new, |found| found.notes),
        journal,
        probe,
        remarks,
    }
}

/// What of the services is other than it was deployed.
fn drifted(site: &Site, view: Option<&StackView>, remarks: &mut Vec<String>) -> Vec<String> {
    let drift = match (view, drift::read(&site.paths)) {
        (Some(view), Ok(Some(deployed))) => deployed.drift(view, &site.spec),
        (_, Ok(_)) => Vec::new(),
        (_, Err(error)) => {
            remarks.push(error.to_string());
            Vec::new()
        }
    };
    let redacted = |what: String| site.redactor.text(&what).into();
    let drift: Vec<String> = drift.into_iter().map(redacted).collect();
    remarks.extend(drift.iter().map(|what| {
        format!(
            "not as it was deployed: {what}; `warm-reconcile run --converge {}` deploys it again",
            site.spec.app
        )
    }));
    drift
}

/// Whether the gate, as it is configured, was shown to be able to fail.
fn armed(site: &Site, remarks: &mut Vec<String>) -> bool {
    match prove::stored(&site.paths) {
        Ok(proof) => proof.is_some_and(|proof| proof.arms_gate_of(&site.spec)),
        Err(error) => {
            remarks.push(error.to_string());
            false
        }
    }
}

/// Whether what runs became last-good less than the bake time ago.
fn bakes(site: &Site, records: &Records, current: Option<&Release>) -> bool {
    let (Some(Known::Whole(good)), Some(current)) = (&records.last_good, current) else {
        return false;
    };
    let age = (Utc::now() - good.committed_at).to_std();
    good.release.version == current.version && age.is_ok_and(|age| age < site.spec.times.bake)
}

/// What runs, and whether it is healthy, in the terms of the decision.
fn running_now(
    site: &Site,
    runs: Runs,
    probe: Option<&(Seen, Weight)>,
    doubt: Option<String>,
) -> Running {
    let (healthy, doubt) = match probe.map(|(_, weight)| weight) {
        Some(Weight::Counts) => (Some(true), None),
        Some(Weight::Against(_)) => (Some(false), None),
        Some(Weight::Undecidable(why)) => (None, Some(why.to_string())),
        None => (None, doubt),
    };
    Running {
        runs,
        healthy,
        doubt: doubt.map(|doubt| site.redactor.text(&doubt).into()),
    }
}

/// Why there is no version to deploy.
fn no_version(site: &Site, tags: &Tags, pinned: Option<&Version>, unread: Option<&str>) -> String {
    let repository = site.spec.repository.display();
    let why = match (unread, tags.versions.len(), tags.ignored.is_empty()) {
        (Some(error), ..) => error.to_owned(),
        _ if pinned.is_some() => format!(
            "{repository} has no tag {}, which the app is pinned to",
            pinned.map_or("", Version::tag)
        ),
        (None, 0, true) => format!("{repository} has no tags"),
        // Which and why stands beside it.
        (None, 0, false) => format!("{repository} has no tag that is a version"),
        (None, ..) => match site.spec.variant.as_deref() {
            Some(variant) => format!(
                "{repository} has no version of the variant `{variant}`: {}",
                tags.names()
            ),
            None => format!(
                "{repository} has only pre-releases, and `pre_releases` is false: {}",
                tags.names()
            ),
        },
    };
    site.redactor.text(&why).into()
}

fn fetch_remarks(fetched: Fetch) -> Vec<String> {
    match fetched {
        Fetch::Done | Fetch::Skipped => Vec::new(),
        Fetch::TagsMoved(tags) => vec![format!(
            "the remote moved {}; the tags here stay as they were",
            tags.join(", ")
        )],
        Fetch::Failed(error) => vec![format!("the recipe was not fetched: {error}")],
    }
}

fn tag_remarks(tags: &Tags, records: &Records) -> Vec<String> {
    let mut remarks = tags.ignored_text();
    if let Some(Known::Whole(good)) = &records.last_good
        && let Some(commit) = &good.release.commit
        && let Some(moved) = tags.moved(&good.release.version, commit)
    {
        remarks.push(format!(
            "the tag {} named commit {} and now names {}; `run --converge` deploys that",
            moved.version, moved.recorded, moved.now
        ));
    }
    remarks
}

/// What of the past matters to the decision.
#[derive(Default)]
struct Past {
    /// What can be gone back to.
    previous: Option<Release>,
    /// Whose data lies on the volumes of a stateful app.
    data: Option<Release>,
    torn: bool,
    remarks: Vec<String>,
}

impl Past {
    /// For a stateless app the version before matters only if what runs may be left
    /// (`may_leave`). For a stateful app it always decides whether an unhealthy version may be.
    async fn of(
        site: &Site,
        records: &Records,
        last: &LastRun,
        tags: &Tags,
        may_leave: bool,
        current: Option<&Release>,
        good: Option<&Release>,
    ) -> Past {
        let mut past = Past::default();
        if !site.spec.stateful {
            if may_leave {
                past.previous = previous(site, records, tags).await;
            }
            return past;
        }
        if let Some(current) = current {
            past.previous = paired(site, records, current, may_leave, &mut past.remarks).await;
        }
        let journal = match last {
            LastRun::Absent => None,
            LastRun::Ended(journal) | LastRun::Unfinished(journal) => Some(journal),
        };
        (past.data, past.torn) = data_of(journal, records, good);
        past
    }
}
