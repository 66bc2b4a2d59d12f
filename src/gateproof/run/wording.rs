//! Places and undoings in sentences.

use crate::record::CI_ONLY_OBSERVES;
use claim::{Check, Effect, Place};
use reach::undo::PendingUndo;

pub(super) fn place(place: &Place) -> String {
    match place {
        Place::Local | Place::Clone => "this machine".to_owned(),
        Place::Host(name) => format!("host `{name}`"),
    }
}

/// Why CI leaves out what has this effect; `unsure` is where and why an effect is not known.
pub(super) fn not_in_ci(effect: Effect, unsure: Option<(String, &String)>) -> Option<String> {
    match (effect, unsure) {
        (Effect::Observe, None) => None,
        (Effect::Observe, Some((place, why))) => Some(format!(
            "{CI_ONLY_OBSERVES}, and{place} {why}; if it does nothing else, write `effect: observe`{}",
            if place.is_empty() { "" } else { " there" }
        )),
        (effect, _) => Some(format!(
            "{CI_ONLY_OBSERVES}, and this would {} (a push can come while others hold the host)",
            effect.name()
        )),
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

/// The findings of the reader that a check keeps, each with its reason and its last day.
pub(super) fn waivers(check: &Check) -> impl Iterator<Item = String> {
    let each = check.waived.iter();
    each.map(|(code, waiver)| format!("{code} waived until {}: {}", waiver.until, waiver.reason))
}
