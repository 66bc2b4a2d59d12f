//! Before a run: what earlier runs have left behind on the machines that it needs.

use crate::run::event::{Events, RunEvent};
use crate::run::options::{Options, Role};
use crate::run::places::Places;
use crate::run::plan::{CheckAt, vantages};
use crate::run::wording;
use claim::{ClaimFile, Effect, Place};
use reach::host::{Address, Host};
use reach::undo::{self, OwnerLife, PendingUndo, UndoListing, UndoPhase};

use super::observe::observe_back;

/// Why nothing may be run: on one of the machines that the checks need, something was disturbed and
/// is not observed to be back. What its host has undone by itself, and is observed to be back now,
/// is cleared and reported.
pub(in crate::run) async fn refusal(
    file: &ClaimFile,
    selected: &[CheckAt],
    places: &Places,
    options: &Options,
    sink: &mut Events<'_>,
) -> Option<String> {
    let mut refusals = Vec::new();
    for place in machines(file, selected, options) {
        // A host that cannot be reached is reported by its checks.
        let Ok(UndoListing { pending, .. }) = places.undo_listing(&place).await else {
            continue;
        };
        let Ok(host) = places.known(&place) else {
            continue;
        };
        let mut bad = Vec::new();
        for one in pending {
            let theirs = one.life == OwnerLife::Alive || places.ours(&one.ticket.holder.run_id);
            if !theirs && !seen_back_now(host, places.address(&place), &one, options, sink).await {
                bad.push(one);
            }
        }
        if !bad.is_empty() {
            let config = options
                .reach
                .ssh_config
                .as_ref()
                .map_or_else(String::new, |path| {
                    format!(
                        " --ssh-config {}",
                        kit::shell::quote(&path.to_string_lossy())
                    )
                });
            let path = kit::shell::quote(&file.source.path.to_string_lossy());
            refusals.push(format!(
                "{}; run `gateproof undo --run --host {}{config} {path}`",
                wording::left_over(&place, &bad),
                place.name()
            ));
        }
    }
    (!refusals.is_empty()).then(|| refusals.join("; and "))
}

/// Clears what the host has undone by itself when it is observed to be back.
async fn seen_back_now(
    host: &Host,
    address: Option<&Address>,
    pending: &PendingUndo,
    options: &Options,
    sink: &mut Events<'_>,
) -> bool {
    if pending.state.phase != UndoPhase::Undone
        || observe_back(host, address, pending, options).await.is_err()
        || undo::clear(host, &pending.id, None).await.is_err()
    {
        return false;
    }
    let holder = &pending.ticket.holder;
    sink.event(&RunEvent::Notice(format!(
        "fixture `{}` of run {} ({}) was {}; it is back, as is seen now",
        holder.fixture,
        holder.run_id,
        holder.who,
        pending.state.performed(),
    )));
    true
}

/// The machines that the selected checks need.
fn machines(file: &ClaimFile, selected: &[CheckAt], options: &Options) -> Vec<Place> {
    let mut all: Vec<Place> = Vec::new();
    for at in selected {
        let check = at.of(file);
        let fixtures: Vec<_> = check
            .with
            .iter()
            .chain(check.control.iter().flat_map(|c| c.with.iter().flatten()))
            .filter_map(|name| file.fixtures.get(name))
            .collect();
        let disturbs = fixtures
            .iter()
            .any(|one| one.effect != Effect::Observe || one.doubt.is_some());
        let left_out = disturbs || check.effect != Effect::Observe || check.doubt.is_some();
        let not_run = check.skip.is_some() || (options.role == Some(Role::Ci) && left_out);
        if not_run {
            continue;
        }
        all.extend(vantages(check));
        for fixture in fixtures {
            all.push(fixture.on.clone());
            let steps = fixture.act.iter().chain(&fixture.undo);
            let steps = steps.chain(&fixture.baseline).chain(&fixture.settled);
            all.extend(steps.filter_map(|step| step.on.clone()));
        }
    }
    let mut machines = Vec::new();
    for place in all {
        let machine = Places::machine(&place);
        if !machines.contains(&machine) {
            machines.push(machine);
        }
    }
    machines
}
