//! The `warm-reconcile` program: the health-gated deployer, and what people ask of it.

mod driver;
mod history;
mod options;
mod order;
mod output;
mod pages;
mod plan_text;
mod probe;
mod run;
mod snapshot;
mod state;

use std::pin::Pin;
use std::process::ExitCode;

use clap::Parser;

use crate::AppSpec;
use crate::decide::outcome::ExitCode as Code;
use crate::spec::app_file::{self, Apps, Environment};
use crate::spec::{secrets_in, secrets_of};
use crate::state::layout::{AppPaths, Layout, LayoutError};
use kit::error_chain;
use kit::redact::Redactor;
use kit::yaml::diagnostic::Invalid;

use options::{Asked, Cli, Command, PageCommand};
use output::Output;

/// Exit status for a wrong command line or app file; nothing was done.
const INVALID: u8 = 2;

/// What a command ends with: its exit status, or why it could not be done.
type Ended = anyhow::Result<u8>;

/// What every command works with.
struct Session {
    env: Environment,
    apps: Apps,
    output: Output,
}

pub fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(options::with_default(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed terminal is no reason to fail differently.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(INVALID));
        }
    };
    let command = match cli.command {
        Asked::Of(command) => command,
        Asked::Page(page) => return show(&page),
    };
    let env = Environment::from_process();
    let apps = match app_file::load(cli.config.as_deref(), &env) {
        Ok(apps) => apps,
        Err(invalid) => return refuse(&invalid),
    };
    let redactor = Redactor::new(apps.apps.values().flat_map(secrets_of));
    let session = Session {
        output: Output::new(redactor, cli.json),
        env,
        apps,
    };
    match session.run(&command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            session.output.remark(&error_chain(error.as_ref()));
            ExitCode::from(if is_invalid(&error) {
                INVALID
            } else {
                Code::Inconclusive.code()
            })
        }
    }
}

/// Shows what the command line knows of itself; no secret is known yet.
fn show(page: &PageCommand) -> ExitCode {
    let output = Output::new(Redactor::new(std::iter::empty::<&str>()), false);
    let text = match page {
        PageCommand::Completions { shell } => Ok(pages::completions(*shell)),
        PageCommand::Man { into: None } => pages::manual(),
        PageCommand::Man { into: Some(folder) } => pages::manuals(folder).map(|()| Vec::new()),
    };
    match text {
        Ok(text) => {
            output.text(&String::from_utf8_lossy(&text));
            ExitCode::from(Code::Current.code())
        }
        Err(error) => {
            output.remark(&error_chain(error.as_ref()));
            ExitCode::from(Code::Inconclusive.code())
        }
    }
}

/// Whether what was asked for is wrong, so that nothing was done.
fn is_invalid(error: &anyhow::Error) -> bool {
    error.is::<app_file::UnknownApp>()
        || error.is::<run::InvalidPlan>()
        || error.is::<state::NoReason>()
        || matches!(error.downcast_ref(), Some(LayoutError::EmptyRoot))
}

/// An app file with errors. They show lines of it, and its secrets are known by name only.
fn refuse(invalid: &Invalid) -> ExitCode {
    let redactor = Redactor::new(secrets_in(&invalid.source_file.text));
    Output::new(redactor, false).error(&invalid.render(false));
    ExitCode::from(INVALID)
}

impl Session {
    fn run(&self, command: &Command) -> Ended {
        use run::Request;
        match command {
            Command::Run {
                app,
                plan: Some(file),
                ..
            } => self.reconcile(app, &Request::Planned(file)),
            Command::Run { app, converge, .. } => self.reconcile(
                app,
                &Request::Run {
                    converge: *converge,
                },
            ),
            Command::Plan { app, converge } => self.show_plan(app, *converge),
            Command::Rollback { app } => self.reconcile(app, &Request::RollBack),
            Command::Resume { app, again: true } => self.reconcile(app, &Request::Again),
            Command::Resume { app, again: false } => self.reconcile(app, &Request::Resume),
            Command::Snapshot { app, what } => self.snapshot(app, what.as_ref()),
            Command::Spec { app } => self.spec(app),
            Command::Probe {
                target,
                resolve,
                insecure,
                timeout,
            } => self.probe(target, resolve.as_deref(), *insecure, *timeout),
            Command::ProveGate { app, version, arm } => self.prove_gate(app, version, *arm),
            Command::CheckOrder { app, units, show } => {
                self.check_order(app, units, show.as_deref())
            }
            Command::CheckDriver { app } => self.check_driver(app),
            Command::Alerts { what } => self.alerts(what.as_ref()),
            Command::Hold { app, reason } => self.hold(app, reason),
            Command::Release {
                app,
                quarantined: Some(version),
            } => self.release_version(app, version),
            Command::Release {
                app,
                quarantined: None,
            } => self.release(app),
            Command::Pin { app, version } => self.pin(app, version),
            Command::Unpin { app } => self.unpin(app),
            Command::History { app } => self.history(app),
            Command::Ack { app, version } => self.acknowledge(app, version),
            Command::Status { app } => self.status(app.as_deref()),
        }
    }

    fn app(&self, name: &str) -> anyhow::Result<&AppSpec> {
        Ok(self.apps.get(name)?)
    }

    fn paths(&self, spec: &AppSpec) -> anyhow::Result<AppPaths> {
        Ok(Layout::new(&self.env.warm_root)?.app(&spec.app, &spec.recipe)?)
    }

    fn spec(&self, app: &str) -> Ended {
        let value = app_file::to_json(self.app(app)?);
        match &value {
            serde_json::Value::Object(fields) if !self.output.wants_json() => {
                for (name, value) in fields {
                    let text = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    self.output.text(&format!("{name:<16} {text}\n"));
                }
            }
            _ => self.output.document(&value),
        }
        Ok(Code::Current.code())
    }
}

/// A future of the library, on the heap: its body is compiled once, and not again in each
/// future that waits for it.
type Boxed<'f, T> = Pin<Box<dyn Future<Output = anyhow::Result<T>> + 'f>>;

fn block_on<T>(future: Boxed<'_, T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(future);
    // A thread that still waits for a blocking call may not keep the program from ending.
    runtime.shutdown_background();
    result
}
