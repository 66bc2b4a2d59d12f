//! What both the judge of a gate and the rule for reviews read from records.

use super::state::CitedRun;
use crate::gate::reason::Reason;
use crate::gate::spec::GateSpec;
use crate::record::{CheckRecord, HostState, RunRecord, StoredRecord};

pub(crate) fn of_gate<'r>(
    record: &'r RunRecord,
    gate: &str,
) -> impl Iterator<Item = &'r CheckRecord> {
    record.checks.iter().filter(move |check| check.gate == gate)
}

pub(crate) fn tree(record: &RunRecord) -> Option<&str> {
    record.repository.as_ref().map(|r| r.tree.as_str())
}

pub(crate) fn not_from_clone(record: &RunRecord) -> Reason {
    let run = record.run_id.clone();
    match tree(record) {
        Some(_) => Reason::OnlyWorktree { run },
        None => Reason::NoCommit { run },
    }
}

pub(crate) fn host<'r>(record: &'r RunRecord, name: &str) -> Option<&'r HostState> {
    record.hosts.iter().find(|host| host.name == name)
}

pub(crate) fn cite(stored: &StoredRecord, gate: &GateSpec) -> CitedRun {
    let record = &stored.record;
    CitedRun {
        run_id: record.run_id.clone(),
        sha256: stored.link.sha256.clone(),
        by: record.author.clone().unwrap_or_else(|| record.who.clone()),
        commit: record.repository.as_ref().map(|r| r.commit.clone()),
        at: record.ended,
        checks: of_gate(record, &gate.id).count(),
        hosts: gate
            .hosts
            .iter()
            .filter_map(|name| host(record, name).cloned())
            .collect(),
    }
}
