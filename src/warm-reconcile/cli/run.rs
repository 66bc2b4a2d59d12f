//! `warm-reconcile run`, `plan`, `rollback` and `resume`.

use std::path::Path;

use anyhow::Context;

use crate::decide::outcome::ExitCode as Code;
use crate::decide::{Ask, PlanDocument};
use crate::deploy::Programs;
use crate::engine::Engine;
use crate::inspect::Site;
use crate::inspect::stack_facts::Proxy;
use crate::machine::{Asked, Ended as RunEnded, Flight, Machine, Report, plan};
use crate::report::systemd::{Notify, SOCKET_VARIABLE};
use crate::spec::secrets_of;
use crate::state::layout::Layout;
use kit::error_chain;
use kit::interrupt::Interrupt;
use kit::redact::Redactor;
use reach::host::Host;

use super::plan_text;
use super::{Ended, Session, block_on};

/// What the command line asks of a run.
pub(super) enum Request<'a> {
    Run { converge: bool },
    Planned(&'a Path),
    RollBack,
    Resume,
    Again,
}

impl Session {
    pub(super) fn site(&self, app: &str) -> anyhow::Result<Site> {
        let (apps, env) = (&self.apps, &self.env);
        let spec = self.app(app)?;
        let layout = Layout::new(&env.warm_root)?;
        // The app whose unit is the proxy's stands in front of all the others.
        let proxy = apps
            .apps
            .values()
            .find(|other| Some(&other.unit) == apps.creators.proxy.as_ref())
            .filter(|proxy| proxy.stack != spec.stack);
        let proxy = match proxy {
            None => None,
            Some(proxy) => Some(Proxy {
                paths: layout.app(&proxy.app, &proxy.recipe)?,
                spec: proxy.clone(),
            }),
        };
        Ok(Site {
            paths: layout.app(&spec.app, &spec.recipe)?,
            spec: spec.clone(),
            proxy,
            engine: Engine::from_env(std::env::var("DOCKER_HOST").ok().as_deref())?,
            host: Host::local(),
            programs: Programs::default(),
            abra_dir: env.abra_dir.clone(),
            redactor: Redactor::new(apps.apps.values().flat_map(secrets_of)),
        })
    }

    pub(super) fn reconcile(&self, app: &str, request: &Request<'_>) -> Ended {
        let site = self.site(app)?;
        let asked = match request {
            Request::Run { converge: false } => Asked::Run,
            Request::Run { converge: true } => Asked::Converge,
            Request::RollBack => Asked::RollBack,
            Request::Resume => Asked::Resume,
            Request::Again => Asked::Again,
            Request::Planned(file) => Asked::Planned(Box::new(read_plan(file, app)?)),
        };
        let notify = Notify::from_variable(std::env::var_os(SOCKET_VARIABLE));
        let notify = notify.unwrap_or_else(|error| {
            self.output
                .remark(&format!("systemd cannot be notified: {error}"));
            Notify::silent()
        });
        let flight = Flight::new(&site.redactor);
        match self.until_stopped(&site, &notify, &flight, asked) {
            Ok(report) => {
                if self.output.wants_json() {
                    self.output.document(&report.document());
                } else {
                    self.output.text(&report.text());
                }
                Ok(report.exit().code())
            }
            Err(error) => {
                let ended = error_chain(error.as_ref());
                if let Err(unwritten) = flight.write(&site.paths, RunEnded::Error(&ended)) {
                    self.output.remark(&error_chain(&unwritten));
                }
                for remark in flight.remarks() {
                    self.output.remark(&remark);
                }
                Err(error)
            }
        }
    }

    fn until_stopped(
        &self,
        site: &Site,
        notify: &Notify,
        flight: &Flight<'_>,
        asked: Asked,
    ) -> anyhow::Result<Report> {
        block_on(Box::pin(async {
            let interrupt = Interrupt::listen().context("listen for signals")?;
            let machine = Machine::new(site, notify, flight);
            let ended = tokio::select! {
                ended = machine.run(asked, !self.env.skip_fetch) => ended.map_err(anyhow::Error::from),
                signal = interrupt.wait() => Err(anyhow::anyhow!(
                    "{signal}: stopped; the journal has what was begun, and the next run continues it"
                )),
            };
            if ended.is_err() {
                let _ = notify.stopping();
            }
            // A tool that still runs ends with us.
            site.host.close().await;
            ended
        }))
    }

    /// 0 where nothing would be done, else the status with which the run would end if all goes
    /// well.
    pub(super) fn show_plan(&self, app: &str, converge: bool) -> Ended {
        let site = self.site(app)?;
        let ask = if converge { Ask::Converge } else { Ask::Run };
        let (document, remarks) = block_on(Box::pin(async {
            let planned = plan(&site, ask, !self.env.skip_fetch).await;
            site.host.close().await;
            Ok(planned)
        }))?;
        for remark in &remarks {
            self.output.remark(remark);
        }
        if self.output.wants_json() {
            self.output.document(&document);
        } else {
            self.output
                .text(&plan_text::text(&document, &site.spec.stack));
        }
        Ok(match &document.foreseen {
            Some(foreseen) => foreseen.outcome.exit().code(),
            None if document.plan.acts() => Code::Current.code(),
            None => document.outcome.exit().code(),
        })
    }
}

/// Why a file is not a plan for this app.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidPlan {
    #[error("cannot read the plan {path}: {source}")]
    File {
        path: String,
        source: std::io::Error,
    },
    #[error("{path} is not a valid plan (`warm-reconcile plan APP --json` prints one): {source}")]
    Form {
        path: String,
        source: serde_json::Error,
    },
    #[error("the plan is for `{of}` and not for `{app}`")]
    OtherApp { of: String, app: String },
}

fn read_plan(file: &Path, app: &str) -> Result<PlanDocument, InvalidPlan> {
    let path = || file.display().to_string();
    let text = kit::regular::text(file).map_err(|source| InvalidPlan::File {
        path: path(),
        source,
    })?;
    let document: PlanDocument =
        serde_json::from_str(&text).map_err(|source| InvalidPlan::Form {
            path: path(),
            source,
        })?;
    if document.world.app != app {
        return Err(InvalidPlan::OtherApp {
            of: document.world.app,
            app: app.to_owned(),
        });
    }
    Ok(document)
}
