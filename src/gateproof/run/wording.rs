//! Places and undoings in sentences.

use claim::Place;
use reach::undo::PendingUndo;

pub(super) fn place(place: &Place) -> String {
    match place {
        Place::Local | Place::Clone => "this machine".to_owned(),
        Place::Host(name) => format!("host `{name}`"),
    }
}

/// What is to be done about undoings that are left over on a machine.
pub(super) fn left_over(machine: &Place, pending: &[PendingUndo]) -> String {
    let each: Vec<String> = pending
        .iter()
        .map(|one| {
            let holder = &one.ticket.holder;
            format!(
                "fixture `{}` of run {} ({}, {} {}): {}",
                holder.fixture, holder.run_id, holder.who, holder.claim, holder.gate, one.state
            )
        })
        .collect();
    format!(
        "something on {} was disturbed and is not seen to be back: {}",
        place(machine),
        each.join("; ")
    )
}
