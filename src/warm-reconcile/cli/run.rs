//! `warm-reconcile run`, `plan`, `rollback` and `resume`.

use std::path::Path;

use anyhow::Context;

use crate::app_file::{Apps, Environment};
use crate::decide::{Ask, DataSteps, PlanDocument};
use crate::driver::Programs;
use crate::engine::Engine;
use crate::facts::Proxy;
use crate::layout::Layout;
use crate::machine::{Asked, Flight, Machine, plan};
use crate::notify::{Notify, SOCKET_VARIABLE};
use crate::outcome::ExitCode as Code;
use crate::world::Site;
use kit::interrupt::Interrupt;
use kit::redact::Redactor;
use reach::host::Host;

use crate::cli::{Ended, block_on, err, known, out, print_json};

/// What the command line asks for.
pub(crate) enum What<'a> {
    Run { converge: bool },
    Planned(&'a Path),
    RollBack,
    Resume,
    Again,
}

fn site(env: &Environment, apps: &Apps, app: &str) -> anyhow::Result<Site> {
    let spec = known(apps, app)?;
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
    })
}

pub(crate) fn run(env: &Environment, apps: &Apps, app: &str, what: &What<'_>, json: bool) -> Ended {
    let site = site(env, apps, app)?;
    let asked = match what {
        What::Run { converge: false } => Asked::Run,
        What::Run { converge: true } => Asked::Converge,
        What::RollBack => Asked::RollBack,
        What::Resume => Asked::Resume,
        What::Again => Asked::Again,
        What::Planned(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("read the plan {}", file.display()))?;
            let document: PlanDocument = serde_json::from_str(&text)
                .with_context(|| format!("{} is no plan", file.display()))?;
            anyhow::ensure!(
                document.world.app == app,
                "the plan is for `{}` and not for `{app}`",
                document.world.app
            );
            Asked::Planned(Box::new(document))
        }
    };
    let notify = Notify::from_variable(std::env::var_os(SOCKET_VARIABLE)).unwrap_or_else(|error| {
        err(&format!(
            "warm-reconcile: systemd cannot be told: {error}\n"
        ));
        Notify::silent()
    });
    let redactor = Redactor::new(secrets(&site));
    let flight = Flight::default();
    let report = block_on(async {
        let interrupt = Interrupt::listen().context("listen for signals")?;
        let machine = Machine::new(&site, &notify, &redactor, &flight);
        let ended = tokio::select! {
            ended = machine.run(asked, !env.skip_fetch) => ended.map_err(anyhow::Error::from),
            signal = interrupt.wait() => Err(anyhow::anyhow!(
                "{signal}: stopped; what was begun is on record, and the next run goes on with it"
            )),
        };
        if ended.is_err() {
            let _ = notify.stopping();
        }
        // A tool that still runs is ended with us.
        site.host.close().await;
        ended
    });
    match report {
        Ok(report) => {
            match json {
                true => print_json(&report.json()),
                false => out(&report.text()),
            }
            Ok(report.exit().code())
        }
        Err(error) => {
            if let Err(unwritten) = flight.write(&site.paths, &redactor, &format!("{error:#}")) {
                err(&format!("warm-reconcile: {unwritten}\n"));
            }
            for remark in flight.remarks() {
                err(&format!("warm-reconcile: {remark}\n"));
            }
            Err(error)
        }
    }
}

/// 0 where nothing would be done, else the status with which the run would end if all goes well.
pub(crate) fn show_plan(
    env: &Environment,
    apps: &Apps,
    app: &str,
    converge: bool,
    json: bool,
) -> Ended {
    let site = site(env, apps, app)?;
    let ask = if converge { Ask::Converge } else { Ask::Run };
    let (document, remarks) = block_on(async {
        let planned = plan(&site, ask, !env.skip_fetch).await;
        site.host.close().await;
        Ok(planned)
    })?;
    for remark in &remarks {
        err(&format!("warm-reconcile: {remark}\n"));
    }
    if json {
        print_json(&serde_json::to_value(&document)?);
    } else {
        let plan = serde_json::to_value(&document.plan)?;
        let acts = match document.plan.acts() {
            true => "changes what runs",
            false => "changes nothing that runs",
        };
        out(&format!("{app}: {} ({acts})\n{plan:#}\n", document.outcome));
        if let Some(data) = &document.data {
            out(&data_text(data));
        }
    }
    Ok(match document.plan.acts() {
        true => Code::Current.code(),
        false => document.outcome.exit().code(),
    })
}

/// What becomes of the data, step by step.
fn data_text(data: &DataSteps) -> String {
    let mut text = String::new();
    for (number, step) in data.steps.iter().enumerate() {
        text.push_str(&format!("  {}. {step}\n", number + 1));
    }
    for (volume, bytes) in &data.volumes {
        let bytes = bytes.map_or_else(
            || "not measured".into(),
            |bytes| format!("about {bytes} bytes"),
        );
        text.push_str(&format!("  volume {volume}: {bytes}\n"));
    }
    if let (Some(needed), Some(free)) = (data.needed, data.free) {
        text.push_str(&format!(
            "  a snapshot needs about {needed} bytes, and {free} are free\n"
        ));
    }
    for left_out in &data.not_kept {
        text.push_str(&format!("  NOT in the snapshot: {left_out}\n"));
    }
    for problem in &data.in_the_way {
        text.push_str(&format!("  IN THE WAY: {problem}\n"));
    }
    text
}

/// What looks like a secret in the app file's environment never gets into a record.
fn secrets(site: &Site) -> Vec<String> {
    let telling = ["SECRET", "PASSWORD", "TOKEN", "KEY", "CREDENTIAL"];
    let env = site.spec.env.iter();
    env.filter(|(name, _)| {
        let name = name.to_ascii_uppercase();
        telling.iter().any(|word| name.contains(word))
    })
    .map(|(_, value)| value.clone())
    .collect()
}
