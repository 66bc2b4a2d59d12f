//! One run of a claim file, from the first connection to the record.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use chrono::Utc;

use crate::record::RunRecord;
use claim::ClaimFile;
use kit::interrupt::Interrupt;

use super::check_runner::CheckRunner;
use super::conclude::{Concluded, record};
use super::disturber::Disturber;
use super::event::{Events, RunEvent, Sink};
use super::lanes::Lanes;
use super::leftovers;
use super::options::Options;
use super::places::{INSIDE, Places};
use super::plan::{CheckAt, select, side_by_side};
use super::planned;
use super::prober::Prober;
use super::provenance::{claim_ref, random, who};
use super::schedule::schedule;
use super::secrets;
use super::teeth;

/// A run under way. Boxed, so that its body and all that it calls are compiled once, in this
/// crate, and not in each caller again.
pub type RunFuture<'r> = Pin<Box<dyn Future<Output = RunRecord> + 'r>>;

/// Runs the selected checks of a claim file.
pub fn run<'r>(
    file: &'r ClaimFile,
    options: &'r Options,
    interrupt: &'r Interrupt,
    sink: &'r mut dyn Sink,
) -> RunFuture<'r> {
    Box::pin(run_here(file, options, interrupt, sink))
}

async fn run_here(
    file: &ClaimFile,
    options: &Options,
    interrupt: &Interrupt,
    sink: &mut dyn Sink,
) -> RunRecord {
    let started = Utc::now();
    let unset = secrets::learn(file);
    let sink = &mut Events(sink);
    let run_id = kit::run_id::run_id(started, random());
    let disturber = disturber(file, options, &run_id);
    let ours = format!("{} {run_id}", disturber.inside);
    let places = Places::new(file, options, ours.trim());
    let selected = select(file, &options.selection);
    sink.event(&RunEvent::Began {
        path: file.source.path.display().to_string(),
        checks: selected.len(),
    });
    let prober = Prober {
        places: &places,
        interrupt,
        began: started,
        claim_folder: claim_folder(file, options),
        lanes: Lanes::new(options.jobs),
        answers: teeth::wanted(file, options).then(Default::default),
        activity: options.activity.clone(),
    };
    let runner = CheckRunner::new(file, options, &prober, &disturber);
    let concluded = items(runner, &selected, &prober, sink).await;
    places.close().await;
    let concluded = Concluded {
        planned_fixtures: planned::fixtures(file, &concluded.checks, &places),
        run_id,
        started,
        selected,
        unset,
        ..concluded
    };
    record(file, options, interrupt.signal(), concluded)
}

/// Runs the plan, and leaves every fixture.
async fn items(
    mut runner: CheckRunner<'_>,
    selected: &[CheckAt],
    prober: &Prober<'_>,
    sink: &mut Events<'_>,
) -> Concluded {
    let (file, options) = (runner.file, runner.options);
    let preflight = leftovers::refusal(file, selected, prober.places, options, &mut *sink);
    runner.refused = tokio::select! {
        biased;
        _ = prober.interrupt.wait() => None,
        why = Box::pin(preflight) => why,
    };
    if let Some(why) = &runner.refused {
        sink.event(&RunEvent::Notice(format!("UNRESTORED: {why}")));
    }
    let items = schedule(file, selected, options.shuffle);
    for group in side_by_side(file, &items) {
        runner.group(&items[group], sink).await;
    }
    runner.fixtures.leave_all(sink).await;
    let refused = runner.refused.take();
    let (checks, fixtures) = runner.finish();
    // After an interrupt nothing more is sent to any host.
    let changes = match prober.interrupt.signal() {
        None => prober.places.changes().await,
        Some(_) => Vec::new(),
    };
    Concluded {
        checks,
        fixtures,
        refused,
        changes,
        hosts: prober.places.states(),
        ..Concluded::default()
    }
}

/// Who disturbs, as hosts and other people learn it.
fn disturber(file: &ClaimFile, options: &Options, run_id: &str) -> Disturber {
    let claim = claim_ref(file, options);
    Disturber {
        run_id: run_id.to_owned(),
        who: who(),
        claim: claim.path,
        claim_sha256: claim.sha256,
        claim_path: file.source.whole_path(),
        folder: options.folder.clone(),
        inside: std::env::var(INSIDE).unwrap_or_default(),
        patience: options.lease_wait,
    }
}

/// The folder that the claim file's own paths are relative to.
fn claim_folder(file: &ClaimFile, options: &Options) -> PathBuf {
    let path = &file.source.path;
    let cloned = options.repository.as_ref().and_then(|r| r.in_clone(path));
    let folder = cloned.as_deref().unwrap_or(path).parent();
    folder.map(PathBuf::from).unwrap_or_default()
}
