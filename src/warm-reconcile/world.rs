//! Looking: all that a decision depends on, gathered once, and what acting on it needs besides.
//!
//! Looking writes nothing, but for the tags that a fetch brings into the recipe's repository.
//!
//! A release's digest is over what is deployed and known beforehand: the recipe's commit and the
//! environment. The images of a new version are known only once it runs; those of last-good are
//! compared by the gate's facts, so that a changed image is an unhealthy app and no other release.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

mod kept;

use chrono::Utc;
use serde_json::json;

use super::decide::{self, Ask, Newest, Release, Running, Step, Unfinished, World};
use super::driver::Programs;
use super::engine::{self, Engine, StackView, current_version, poisoned};
use super::facts::{Expected, Proxy, StackFacts};
use super::gate::{Gate, GateError, Seen, Wanted, Weight, glance, probe};
use super::hold::{Note, asks_for_manual_migration};
use super::journal::{Journal, JournalState, State, Target};
use super::last_good::{self, Known};
use super::layout::AppPaths;
use super::quarantine::Quarantine;
use super::recipe::{Fetch, Recipe, Tagged, Tags};
use super::spec::AppSpec;
use super::state_file::StateError;
use super::{history, holds};
use reach::host::Host;

use kept::{data_of, paired, previous};

/// One app in its place: what is wanted, where its state lies, and who does the work.
#[derive(Debug)]
pub struct Site {
    /// What is wanted.
    pub spec: AppSpec,
    /// The proxy in front of it, if it is not the proxy itself.
    pub proxy: Option<Proxy>,
    /// Where its state lies.
    pub paths: AppPaths,
    /// The engine.
    pub engine: Engine,
    /// This machine.
    pub host: Host,
    /// The tools.
    pub programs: Programs,
    /// The operator's `~/.abra`.
    pub abra_dir: PathBuf,
}

/// A world, and what acting on it needs.
#[derive(Debug)]
pub struct Gathered {
    /// What the decision is made from.
    pub world: World,
    /// The releases of the world, as exactly as they are known.
    pub targets: Vec<Target>,
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
    /// What is known of a release of this world.
    pub fn target(&self, release: &Release) -> Option<&Target> {
        self.targets
            .iter()
            .find(|target| release_of(target) == *release)
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

/// The release that a target is.
pub fn release_of(target: &Target) -> Release {
    let text = format!(
        "{}\n{}",
        target.commit.as_deref().unwrap_or_default(),
        target.env_hash.as_deref().unwrap_or_default()
    );
    Release {
        version: target.version.clone(),
        digest: format!("sha256:{}", kit::digest::sha256(text)),
    }
}

/// The SHA-256 of all in the app file that a deploy is filled in with.
pub fn env_hash(spec: &AppSpec) -> String {
    let env: BTreeMap<_, _> = spec.env.iter().collect();
    let all = json!({
        "env": env, "compose": spec.compose, "stack": spec.stack, "domain": spec.domain,
    });
    kit::digest::sha256(all.to_string())
}

/// What our own files say.
#[derive(Default)]
struct OnRecord {
    last_good: Option<Known>,
    held: Option<String>,
    acknowledged: BTreeSet<String>,
    quarantine: Quarantine,
    history: Vec<history::Entry>,
}

fn on_record(paths: &AppPaths) -> Result<OnRecord, StateError> {
    Ok(OnRecord {
        last_good: last_good::read(paths)?,
        held: holds::hold(paths)?.map(|hold| hold.reason),
        acknowledged: holds::acks(paths)?.into_keys().collect(),
        quarantine: Quarantine::read(paths)?,
        history: history::read(paths)?.entries,
    })
}

/// Gathers the world: the recipe (fetched first with `fetch`), the state files, and at the same
/// time the recipe's tags, one look at the engine and, where no run is unfinished, one probe.
///
/// That something cannot be found out is part of the world, and never an error.
pub async fn gather(site: &Site, ask: Ask, fetch: bool) -> Gathered {
    let mut remarks = Vec::new();
    let recipe = Recipe::new(&site.host, &site.spec.repository);
    match recipe.fetch(!fetch).await {
        Fetch::Done | Fetch::Skipped => {}
        Fetch::TagsMoved(tags) => remarks.push(format!(
            "the remote moved {}; the tags that were here are kept",
            tags.join(", ")
        )),
        Fetch::Failed(error) => remarks.push(format!("the recipe was not fetched: {error}")),
    }
    let (record, mut journal_state) = match on_record(&site.paths) {
        Ok(record) => (record, decide::Journal::Clean),
        Err(error) => (
            OnRecord::default(),
            decide::Journal::Unreadable(error.to_string()),
        ),
    };
    let mut journal = None;
    let mut ended = None;
    match Journal::open(&site.paths) {
        Ok(JournalState::Absent) => {}
        Ok(JournalState::Ended(last)) => ended = Some(last),
        Ok(JournalState::Unfinished(open)) => journal = Some(open),
        Err(error) => journal_state = decide::Journal::Unreadable(error.to_string()),
    }
    let asks = journal.is_none();
    let asked = async {
        match asks {
            true => Some(ask_once(site).await),
            false => None,
        }
    };
    let (tags, (view, engine), asked) = tokio::join!(recipe.versions(), look(site), asked);
    let tags = tags.unwrap_or_else(|error| {
        remarks.push(error.to_string());
        Tags::default()
    });
    if let Some(Known::Whole(good)) = &record.last_good
        && let Some(moved) = tags.moved(&good.version, &good.commit)
    {
        remarks.push(format!(
            "the tag {} named commit {} and now names {}; `run --converge` deploys that",
            moved.version, moved.recorded, moved.now
        ));
    }
    let mut targets = Vec::new();
    let good = record.last_good.as_ref();
    let good = good.map(|known| target_of_good(known, &tags, &site.spec));
    let running = view
        .as_ref()
        .map(|view| running(view, site, &tags, good.as_ref()));
    // To what of a stateless app one could go back matters only when that is asked for; of a
    // stateful one it also decides whether an unhealthy version can be left.
    let previous = match site.spec.stateful {
        false if ask != Ask::RollBack => None,
        false => previous(site, &record, &tags).await,
        true => match running.as_ref().and_then(Option::as_ref) {
            Some(running) => paired(site, &record, running, ask, &mut remarks).await,
            None => None,
        },
    };
    let (data, torn) = match site.spec.stateful {
        true => data_of(ended.as_ref().or(journal.as_ref()), &record, good.as_ref()),
        false => (None, false),
    };
    if let (Some(open), decide::Journal::Clean) = (&journal, &journal_state) {
        journal_state =
            decide::Journal::Unfinished(Box::new(unfinished(open, record.last_good.as_ref())));
        targets.extend(open.plan().from.clone());
        targets.push(open.plan().to.clone());
    }
    let running_target = running.clone().flatten();
    let from = running_target.as_ref().map(|target| &target.version);
    let (newest, notes) = newest(site, &recipe, &tags, from, &mut remarks).await;
    let candidate = newest.as_ref().map(|(target, _)| target.clone());
    let mut probe = None;
    if let (Some(view), Some(target), Some(asked), decide::Engine::Ok) =
        (&view, &running_target, asked, &engine)
    {
        match asked {
            Ok((gate, seen)) => {
                let weight = weight(site, view, target, good.as_ref(), &gate, &seen).await;
                probe = Some((seen, weight));
            }
            Err(error) => remarks.push(error.to_string()),
        }
    }
    // What is known best comes first: a release is looked up in this order.
    let mut known: Vec<Target> = [&good, &previous, &running_target, &candidate]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    known.append(&mut targets);
    let bad = |target: &&Target| {
        let forbids = record.quarantine.forbids(&target.version, &target.digests);
        forbids.is_some()
    };
    let quarantined = known.iter().filter(bad);
    let quarantined = quarantined
        .map(|target| release_of(target).digest)
        .collect();
    let world = World {
        app: site.spec.app.clone(),
        stateful: site.spec.stateful,
        ask,
        newest: newest.map(|(_, newest)| newest),
        running: running.map(|target| Running {
            release: target.as_ref().map(release_of),
            healthy: probe.as_ref().and_then(|(_, weight)| match weight {
                Weight::Counts => Some(true),
                Weight::Against(_) => Some(false),
                Weight::Undecidable(_) => None,
            }),
        }),
        data,
        torn,
        last_good: good.as_ref().map(release_of),
        previous: previous.as_ref().map(release_of),
        journal: journal_state,
        held: record.held,
        quarantined,
        acknowledged: record.acknowledged,
        engine,
    };
    Gathered {
        world,
        targets: known,
        notes,
        journal,
        probe,
        remarks,
    }
}

/// One look; nothing where the stack has no services.
async fn look(site: &Site) -> (Option<StackView>, decide::Engine) {
    match site.engine.observe(&site.spec.stack).await {
        Err(error) => (None, decide::Engine::Unreachable(error.to_string())),
        Ok(view) => {
            let engine = match poisoned(&view) {
                None => decide::Engine::Ok,
                Some(why) => decide::Engine::Poisoned(why),
            };
            let runs = !view.services.is_empty();
            (runs.then_some(view), engine)
        }
    }
}

fn running(view: &StackView, site: &Site, tags: &Tags, good: Option<&Target>) -> Option<Target> {
    let version = current_version(view, &site.spec)?;
    let recorded = good.filter(|good| good.version == version);
    let commit = match recorded {
        Some(good) => good.commit.clone(),
        None => tags.get(&version).map(|tagged| tagged.commit.clone()),
    };
    let env = recorded.and_then(|good| good.env_hash.clone());
    Some(Target {
        commit,
        digests: engine::digests(view),
        env_hash: env.or_else(|| Some(env_hash(&site.spec))),
        version,
    })
}

fn target_of_good(known: &Known, tags: &Tags, spec: &AppSpec) -> Target {
    match known {
        Known::Whole(record) => Target {
            version: record.version.clone(),
            commit: Some(record.commit.clone()),
            digests: record.digests.clone(),
            env_hash: Some(record.env_hash.clone()),
        },
        Known::Version(version) => Target {
            version: version.clone(),
            commit: tags.get(version).map(|tagged| tagged.commit.clone()),
            digests: BTreeMap::new(),
            env_hash: Some(env_hash(spec)),
        },
    }
}

fn target_of_tag(tagged: &Tagged, spec: &AppSpec) -> Target {
    Target {
        version: tagged.version.clone(),
        commit: Some(tagged.commit.clone()),
        digests: BTreeMap::new(),
        env_hash: Some(env_hash(spec)),
    }
}

/// The newest version that is old enough, where it is newer than what runs; else a younger one
/// that waits; else the newest there is.
async fn newest(
    site: &Site,
    recipe: &Recipe<'_>,
    tags: &Tags,
    running: Option<&super::Version>,
    remarks: &mut Vec<String>,
) -> (Option<(Target, Newest)>, Vec<Note>) {
    let spec = &site.spec;
    let found = tags.newest(spec.pre_releases, spec.min_age, Utc::now());
    let ready = found.version;
    let is_news = ready.is_some_and(|ready| running.is_none_or(|from| ready.version > *from));
    let young = found.too_young.last().copied().filter(|_| !is_news);
    let Some(tagged) = young.or(ready) else {
        return (None, Vec::new());
    };
    let mut manual_migration = false;
    let mut notes = Vec::new();
    if running.is_some_and(|from| tagged.version > *from) {
        match recipe.notes_between(tags, running, tagged).await {
            Ok(between) => notes = between,
            Err(error) => {
                // What cannot be read may ask for anything.
                manual_migration = true;
                remarks.push(format!("the release notes cannot be read: {error}"));
            }
        }
    }
    let mut marked = notes.iter();
    manual_migration |= marked.any(|note| asks_for_manual_migration(&note.text).is_some());
    let target = target_of_tag(tagged, spec);
    let newest = Newest {
        release: release_of(&target),
        manual_migration,
        too_young: young.is_some(),
    };
    (Some((target, newest)), notes)
}

async fn ask_once(site: &Site) -> Result<(Gate, Seen), GateError> {
    let gate = Gate::new(&site.spec)?;
    let seen = probe(&gate.request, &gate.identity, gate.request.timeout).await;
    Ok((gate, seen))
}

/// What that probe was worth, beside a look that was taken at the same time.
async fn weight(
    site: &Site,
    view: &StackView,
    target: &Target,
    good: Option<&Target>,
    gate: &Gate,
    seen: &Seen,
) -> Weight {
    let recorded = good.filter(|good| good.version == target.version);
    let expected = Expected {
        version: target.version.clone(),
        images: recorded
            .map(|good| good.digests.clone())
            .unwrap_or_default(),
    };
    let facts = StackFacts {
        engine: &site.engine,
        spec: &site.spec,
        expected: &expected,
        proxy: site.proxy.as_ref(),
    };
    let looked = facts.of(view).await;
    let wanted = Wanted::of(&site.spec.identity, &target.version, None);
    glance(gate, &wanted, seen, &looked)
}

/// How far a run came, in the words of the decision.
fn unfinished(journal: &Journal, good: Option<&Known>) -> Unfinished {
    let plan = journal.plan();
    let tries = journal.tries();
    let tried = tries != plan.tries;
    let to = release_of(&plan.to);
    // Last-good is committed before the journal says so.
    let committed = matches!(good, Some(Known::Whole(good))
        if good.run_id == plan.run_id && good.version == plan.to.version);
    let step = match journal.state() {
        // A try that was counted may have begun to undeploy.
        State::Planned if plan.stateful && tried => Step::Quiescing,
        State::Planned => Step::Planned,
        State::Quiesced | State::Snapshotted => Step::Snapshotting,
        State::Deploying => Step::Deploying,
        State::Gating if committed => Step::Committing,
        State::Gating => Step::Gating,
        State::RollingBack | State::Restoring => Step::Restoring,
        State::Restored => Step::Redeploying,
        _ => Step::ReGating,
    };
    Unfinished {
        back_to: plan.from.as_ref().map(release_of),
        to,
        step,
        touched: journal.needs_restore(),
        tries_left: if step.goes_back() {
            tries.back
        } else {
            tries.forward
        },
    }
}
