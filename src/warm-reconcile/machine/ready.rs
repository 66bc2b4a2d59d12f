//! Before anything is touched: are the files such as the tool can read, are the images here, can
//! the update work on this swarm?
//!
//! What is found here is no word on the version: it never started, so it is never quarantined.

use std::sync::atomic::Ordering;

use super::act::untouched;
use super::deploy::said;
use super::workspace::Workspace;
use super::{End, Machine, RunError};
use crate::decide::outcome::Outcome;
use crate::decide::{Foreseen, Plan, PlanDocument};
use crate::deploy::shape::{FilesRead, Shape};
use crate::deploy::{Cx, Driver, Exported, fetch_image};
use crate::engine::{InRegistry, Node, no_health_check};
use crate::inspect::Gathered;
use crate::spec::{Release, ReleaseId};

/// What is in the way of a deploy.
enum InTheWay {
    /// It cannot be deployed as it is.
    Undeployable(Vec<String>),
    /// An image is not here, and cannot be had now.
    Image(String),
}

/// The nodes of the swarm, and which of them this one is.
#[derive(Default)]
struct Nodes {
    here: String,
    all: Vec<Node>,
}

impl Machine<'_> {
    /// Why what the plan would deploy cannot be deployed; nothing was touched then.
    pub(super) async fn held_by_release(
        &self,
        plan: &Plan,
        seen: &Gathered,
    ) -> Result<Option<End>, RunError> {
        let Some(found) = self.look_ahead(plan, seen, true).await? else {
            return Ok(None);
        };
        let version = plan.deploys().map(|id| id.version.clone());
        let named = version.as_ref().map_or("it", |version| version.tag());
        for why in &found.why {
            self.flight
                .remark(format!("{named} cannot be deployed: {why}"));
        }
        Ok(Some(untouched(found.outcome, version)))
    }

    /// What a run of this plan would find in the way before it touches anything. Reads only; an
    /// image that is not here is told, and not fetched.
    pub(super) async fn foresee(
        &self,
        document: &PlanDocument,
        seen: &Gathered,
    ) -> Option<Foreseen> {
        let plan = &document.plan;
        if !plan.acts() || matches!(plan, Plan::Resume(_)) {
            return None;
        }
        let data = document.data.as_ref().map(|data| &data.in_the_way);
        if let Some(why) = data.filter(|why| !why.is_empty()) {
            return Some(Foreseen {
                outcome: Outcome::HeldNoSnapshot,
                why: why.clone(),
            });
        }
        match self.look_ahead(plan, seen, false).await {
            Ok(found) => found,
            Err(error) => {
                let why = kit::error_chain(&error);
                self.flight.remark(format!(
                    "what a run would find in the way is not known: {why}"
                ));
                None
            }
        }
    }

    /// With `fetch` images that are not here are fetched.
    async fn look_ahead(
        &self,
        plan: &Plan,
        seen: &Gathered,
        fetch: bool,
    ) -> Result<Option<Foreseen>, RunError> {
        let Some(id) = plan.deploys() else {
            return Ok(None);
        };
        let known = |id: &ReleaseId| seen.release(id).cloned();
        let release = known(id).unwrap_or_else(|| Release::of_version(id.version.clone()));
        let work = self.workspace()?;
        let exported = self.export(&release, &work).await?;
        let stays_up = plan.takes_down_for().is_none();
        let Some(found) = self.in_the_way(&exported, &work, stays_up, fetch).await? else {
            return Ok(None);
        };
        // `held-` promises that what runs is healthy.
        let healthy = seen.world.running.as_ref().and_then(|one| one.healthy);
        let outcome = match (&found, healthy) {
            (InTheWay::Image(_), _) => Outcome::InconclusiveImage,
            (InTheWay::Undeployable(_), Some(true)) => Outcome::HeldUndeployable,
            (InTheWay::Undeployable(_), _) => Outcome::Undeployable,
        };
        let why = match found {
            InTheWay::Image(why) => vec![why],
            InTheWay::Undeployable(all) => all,
        };
        let redact = |why: String| self.redactor().text(&why).into();
        Ok(Some(Foreseen {
            outcome,
            why: why.into_iter().map(redact).collect(),
        }))
    }

    async fn in_the_way(
        &self,
        exported: &Exported,
        work: &Workspace,
        stays_up: bool,
        fetch: bool,
    ) -> Result<Option<InTheWay>, RunError> {
        let spec = &self.site.spec;
        let version = &exported.release.version;
        self.say(
            &format!("reading the files of {version}"),
            spec.times.deploy,
        );
        let scratch = work.scratch();
        let driver = Driver::of(spec, &self.site.abra_dir);
        let shape = match driver.read(exported, &self.cx(&scratch)).await {
            Ok(Some(FilesRead::Shape(shape))) => shape,
            Ok(Some(FilesRead::Refused(words))) => {
                return Ok(Some(InTheWay::Undeployable(vec![words])));
            }
            Ok(Some(FilesRead::NotRead(why))) => {
                self.flight
                    .remark(format!("the files were not read before the deploy: {why}"));
                return Ok(None);
            }
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(InTheWay::Undeployable(vec![error.to_string()]))),
        };
        for warning in shape.warnings() {
            self.flight.remark(warning);
        }
        let swarm = self.swarm(&shape).await;
        let faults = self.faults(&shape, &swarm, stays_up).await?;
        if !faults.is_empty() {
            return Ok(Some(InTheWay::Undeployable(faults)));
        }
        let missing = self.missing_image(&shape, &swarm, work, fetch).await?;
        self.tell_unchecked(&shape).await;
        Ok(missing.map(InTheWay::Image))
    }

    /// Tells which services would have no health check. Of an image that is not here that is not
    /// known.
    async fn tell_unchecked(&self, shape: &Shape) {
        for (service, image) in shape.unchecked() {
            let may_bring_one = match image {
                None => false,
                Some(image) => !matches!(
                    self.site.engine.image(image).await,
                    Ok(Some(found)) if !found.checks_health
                ),
            };
            if !may_bring_one {
                self.flight.remark(no_health_check(service));
            }
        }
    }

    /// What of the files cannot work on this swarm. `stays_up`: the app is not taken down before.
    async fn faults(
        &self,
        shape: &Shape,
        swarm: &Nodes,
        stays_up: bool,
    ) -> Result<Vec<String>, RunError> {
        let engine = &self.site.engine;
        let mut faults = Vec::new();
        for (kind, name) in shape.external() {
            if !engine.has(kind, &name).await.map_err(RunError::Engine)? {
                let kind = kind.name();
                faults.push(format!("the external {kind} `{name}` is not there"));
            }
        }
        if swarm.all.is_empty() {
            return Ok(faults);
        }
        let view = self.look().await.map_err(RunError::Engine)?;
        let up = view
            .services
            .iter()
            .filter(|one| stays_up && one.has_a_running_task());
        let running: Vec<&str> = up.map(|one| one.short.as_str()).collect();
        faults.extend(shape.faults(&swarm.all, &running));
        if self.site.spec.stateful {
            faults.extend(shape.wandering(&swarm.all, &swarm.here));
        }
        Ok(faults)
    }

    /// The nodes that may take the tasks; none where they are not known, which is told.
    async fn swarm(&self, shape: &Shape) -> Nodes {
        let engine = &self.site.engine;
        if shape.images().next().is_none() {
            return Nodes::default();
        }
        match tokio::try_join!(engine.info(), engine.nodes()) {
            Ok((info, all)) => Nodes {
                here: info.node,
                all,
            },
            Err(error) => {
                self.flight
                    .remark(format!("the swarm's nodes are not known: {error}"));
                Nodes::default()
            }
        }
    }

    /// Of an image that is not here: whether a run could fetch it, told. `Some`: it cannot.
    async fn ask_registry(&self, service: &str, image: &str) -> Option<String> {
        let name = format!("the image {image} of service {service} is not here");
        let told = match self.may_fetch.load(Ordering::Relaxed) {
            false => {
                format!("{name}, and its registry is not asked: fetching is switched off")
            }
            true => match self.site.engine.registry_has(image).await {
                InRegistry::Yes => {
                    format!("{name}; its registry has it, and a run fetches it first")
                }
                InRegistry::No(words) => {
                    return Some(format!(
                        "{name}, and its registry does not have it: {words}"
                    ));
                }
                InRegistry::Unknown(words) => format!(
                    "{name}, and whether its registry has it is not known: {words}; a run tries to fetch it"
                ),
            },
        };
        self.flight.remark(told);
        None
    }

    /// The first image that is not here and cannot be fetched.
    async fn missing_image(
        &self,
        shape: &Shape,
        swarm: &Nodes,
        work: &Workspace,
        fetch: bool,
    ) -> Result<Option<String>, RunError> {
        let limit = self.site.spec.times.gate;
        let scratch = work.scratch();
        let cx = Cx {
            limit,
            ..self.cx(&scratch)
        };
        for (service, image) in shape.images_on(&swarm.all, &swarm.here) {
            let here = self.site.engine.image(image).await;
            if here.map_err(RunError::Engine)?.is_some() {
                continue;
            }
            if !fetch {
                if let Some(why) = self.ask_registry(service, image).await {
                    return Ok(Some(why));
                }
                continue;
            }
            self.say(&format!("fetching {image}"), limit);
            let fetched = fetch_image(image, &cx).await;
            self.flight.tool(&fetched);
            if !fetched.sounds_good() {
                return Ok(Some(format!(
                    "the image {image} of service {service} is not here and cannot be fetched: {}",
                    said(&fetched)
                )));
            }
        }
        Ok(None)
    }
}
