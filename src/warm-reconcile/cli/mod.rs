//! The `warm-reconcile` program: the health-gated deployer, and what people ask and tell it.

mod options;
mod order;
mod run;
mod snapshot;
mod state;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::app_file::{self, Apps, Environment};
use crate::outcome::ExitCode as Code;
use crate::probe_once::{ProbeOnce, ProbeReport};
use crate::{AppSpec, Version};

use options::{Cli, Command};

/// Exit status for a wrong command line or app file; nothing was done.
const INVALID: u8 = 2;

/// What a command ends with: its exit status, or why it could not be done.
type Ended = anyhow::Result<u8>;

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(options::with_default(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed terminal is no reason to fail differently.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(INVALID));
        }
    };
    let env = Environment::from_process();
    let apps = match app_file::load(cli.config.as_deref(), &env) {
        Ok(apps) => apps,
        Err(invalid) => {
            err(&invalid.render(false));
            return ExitCode::from(INVALID);
        }
    };
    let ended = match &cli.command {
        Command::Run {
            app,
            plan,
            converge,
        } => {
            let what = match plan {
                Some(file) => run::What::Planned(file),
                None => run::What::Run {
                    converge: *converge,
                },
            };
            run::run(&env, &apps, app, &what, cli.json)
        }
        Command::Plan { app, converge } => run::show_plan(&env, &apps, app, *converge, cli.json),
        Command::Rollback { app } => run::run(&env, &apps, app, &run::What::RollBack, cli.json),
        Command::Resume { app, again } => {
            let what = match again {
                true => run::What::Again,
                false => run::What::Resume,
            };
            run::run(&env, &apps, app, &what, cli.json)
        }
        Command::Snapshot { app, what } => {
            snapshot::snapshot(&env, &apps, app, what.as_ref(), cli.json)
        }
        Command::Spec { app } => spec(&apps, app, cli.json),
        Command::Probe {
            target,
            resolve,
            insecure,
            timeout,
        } => block_on(async {
            let tls = match insecure {
                true => reach::probe::TlsTrust::Insecure,
                false => reach::probe::TlsTrust::Verify,
            };
            let probe = match target.contains("://") {
                true => ProbeOnce::url(target, resolve.as_deref(), tls, *timeout)?,
                false => ProbeOnce::app(known(&apps, target)?)?,
            };
            Ok(show_probe(&probe.ask().await, cli.json))
        }),
        Command::ProveGate { app, version } => prove_gate(&apps, app, version, cli.json),
        Command::CheckOrder { app, units, show } => {
            order::check(&apps, app, units, show.as_deref(), cli.json)
        }
        Command::Alerts { what } => state::alerts(&env, what.as_ref(), cli.json),
        Command::Hold { app, reason } => state::hold(&env, &apps, app, reason),
        Command::Release {
            app,
            quarantined: Some(version),
        } => state::release_version(&env, &apps, app, version),
        Command::Release {
            app,
            quarantined: None,
        } => state::release(&env, &apps, app),
        Command::Ack { app, version } => state::ack(&env, &apps, app, version),
        Command::Status { app } => state::status(&env, &apps, app.as_deref(), cli.json),
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            err(&format!("warm-reconcile: {error:#}\n"));
            let wrong_name = error.is::<app_file::UnknownApp>();
            ExitCode::from(match wrong_name {
                true => INVALID,
                false => Code::Inconclusive.code(),
            })
        }
    }
}

fn known<'a>(apps: &'a Apps, name: &str) -> anyhow::Result<&'a AppSpec> {
    Ok(apps.get(name)?)
}

fn spec(apps: &Apps, app: &str, json: bool) -> Ended {
    let value = app_file::to_json(known(apps, app)?);
    match (json, &value) {
        (false, serde_json::Value::Object(fields)) => {
            for (name, value) in fields {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                out(&format!("{name:<16} {text}\n"));
            }
        }
        _ => print_json(&value),
    }
    Ok(Code::Current.code())
}

fn show_probe(report: &ProbeReport, json: bool) -> u8 {
    if json {
        print_json(&report.json());
    } else {
        out(&report.stdout());
    }
    err(&report.stderr());
    report.exit()
}

fn prove_gate(apps: &Apps, app: &str, version: &Version, json: bool) -> Ended {
    let spec = known(apps, app)?;
    let certificate = block_on(async { Ok(crate::prove_gate::prove_gate(spec, version).await?) })?;
    if json {
        print_json(&serde_json::to_value(&certificate)?);
    } else {
        for shown in &certificate.controls {
            let name = serde_json::to_value(shown.control)?;
            let mark = if shown.holds() { "holds" } else { "BROKEN" };
            let why = shown.not_applicable.as_deref().unwrap_or_default();
            out(&format!(
                "{mark:<7} {} ({} probes, {} ms) {why}\n",
                name.as_str().unwrap_or_default(),
                shown.probes,
                shown.took_ms
            ));
        }
        let teeth = match certificate.teeth {
            true => "the gate has teeth",
            false => "the gate has NO teeth",
        };
        out(&format!("{app}: {teeth} (gate {})\n", certificate.gate));
    }
    Ok(match certificate.teeth {
        true => Code::Current.code(),
        false => Code::Degraded.code(),
    })
}

fn print_json(value: &serde_json::Value) {
    out(&format!("{value:#}\n"));
}

fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(future);
    // Nothing that still waits for a blocking call may keep the program from ending.
    runtime.shutdown_background();
    result
}

/// Writes to standard output; a reader that has gone away is no failure.
fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

/// Writes to standard error.
fn err(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
