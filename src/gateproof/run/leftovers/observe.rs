//! Observes whether what an undoing has undone is back.

use std::path::PathBuf;
use std::sync::Arc;

use crate::run::fixture::patient;
use crate::run::lanes::Lanes;
use crate::run::options::Options;
use crate::run::places::Places;
use crate::run::prober::{ProbeTask, Prober};
use claim::Step;
use kit::interrupt::Interrupt;
use kit::text::Scope;
use kit::yaml::source::Source;
use reach::host::{Address, Host, Leftovers};
use reach::undo::{self, PendingUndo};

/// Checks whether what an undoing has undone is back, with the claim file as it was then.
///
/// # Errors
/// Why it is not.
pub(super) async fn observe_back(
    host: &Host,
    address: Option<&Address>,
    pending: &PendingUndo,
    options: &Options,
) -> Result<(), String> {
    let ticket = &pending.ticket;
    let text = undo::claim_text(host, &pending.id)
        .await
        .map_err(|fault| fault.to_string())?;
    let source = Source {
        path: ticket.holder.claim_path.clone(),
        text,
    };
    let vars: Scope = ticket.vars.clone();
    let mut file = claim::read::parse(Arc::new(source), &vars)
        .map_err(|_| "the claim file that was armed with it cannot be read".to_owned())?;
    // The host may have another name for the person who checks now.
    if let (Some(address), Some(spec)) = (address, file.hosts.get_mut(&ticket.place)) {
        address.clone_into(&mut spec.address);
        spec.revision = None;
    }
    let fixture = file
        .fixtures
        .get(&ticket.holder.fixture)
        .ok_or_else(|| "its fixture is not in the claim file".to_owned())?;
    let options = Options {
        folder: ticket.folder.clone(),
        repository: None,
        ..options.clone()
    };
    let places = Places::new(&file, &options, &ticket.holder.run_id);
    let interrupt = Interrupt::never();
    let prober = Prober {
        began: chrono::Utc::now(),
        answers: None,
        places: &places,
        interrupt: &interrupt,
        claim_folder: ticket
            .holder
            .claim_path
            .parent()
            .map(PathBuf::from)
            .unwrap_or_default(),
        lanes: Lanes::new(None),
        activity: Default::default(),
    };
    let mut scope = file.vars.clone();
    scope.extend(ticket.captured.clone());
    let mut result = Ok(());
    let steps: [(&str, Option<Step>); 2] = [
        ("`settled`", fixture.settled.clone()),
        ("the baseline", fixture.baseline.as_ref().map(patient)),
    ];
    for (what, step) in steps {
        let (Some(step), Ok(())) = (step, &result) else {
            continue;
        };
        let reply = prober
            .probe_to_the_end(ProbeTask {
                place: step.on.as_ref().unwrap_or(&fixture.on),
                probe: &step.probe,
                expect: &step.expect,
                timing: &step.timing,
                scope: &scope,
                leftovers: Leftovers::Kill,
                until: None,
                guard: None,
                queued: false,
                entry: None,
            })
            .await;
        result = reply.held(what);
    }
    places.close().await;
    result
}
