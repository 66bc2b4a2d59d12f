//! What a run amounts to: its notes, its exit code, and its record. Pure, apart from the clock and
//! the names of user and machine.

use chrono::{DateTime, Utc};

use crate::record::{
    ChangedVar, CheckRecord, FixtureRecord, HostState, PlannedFixture, RunRecord, SCHEMA,
};
use claim::outcome::{ExitCode, Outcome, verdict};
use claim::{ClaimFile, Place};
use kit::redact::{REDACTED, Redacted};

use super::identify::clock_note;
use super::options::Options;
use super::plan::{CheckAt, whole_gates};
use super::planned;
use super::provenance::{claim_ref, who};

/// What a run has left to be concluded from.
#[derive(Default)]
pub(super) struct Concluded {
    pub(super) run_id: String,
    pub(super) started: DateTime<Utc>,
    pub(super) selected: Vec<CheckAt>,
    pub(super) checks: Vec<CheckRecord>,
    pub(super) fixtures: Vec<FixtureRecord>,
    /// The fixtures of the checks, as the claim file has them.
    pub(super) planned_fixtures: Vec<PlannedFixture>,
    /// Why nothing was run.
    pub(super) refused: Option<String>,
    /// How the hosts at the end differ from those at the beginning.
    pub(super) changes: Vec<String>,
    pub(super) hosts: Vec<HostState>,
    /// What `secrets:` names and nothing has.
    pub(super) unset: Vec<String>,
}

/// The record of the run, without secrets: nothing that looks like one leaves this function.
pub(super) fn record(
    file: &ClaimFile,
    options: &Options,
    signal: Option<&str>,
    concluded: Concluded,
) -> RunRecord {
    let exit_code = exit_code(&concluded, signal) as u8;
    let notes = notes(file, options, signal, &concluded);
    let repository = options.repository.as_ref();
    let record = RunRecord {
        schema: SCHEMA.to_owned(),
        run_id: concluded.run_id,
        tool: format!("gateproof {}", env!("CARGO_PKG_VERSION")),
        role: options.role.map(|role| role.name().to_owned()),
        act: options.act,
        who: who(),
        author: repository.and_then(|r| r.author()),
        claim: claim_ref(file, options),
        repository: repository.map(|repository| repository.state()),
        hosts: concluded.hosts,
        started: concluded.started,
        ended: Utc::now(),
        planned_fixtures: concluded.planned_fixtures,
        words: planned::words(file, &concluded.selected),
        checks: concluded.checks,
        fixtures: concluded.fixtures,
        selection: options.selection.describe(),
        gates: if file.changed_vars.is_empty() {
            whole_gates(file, &concluded.selected)
        } else {
            Vec::new()
        },
        changed_vars: changed_vars(file),
        accepted: Vec::new(),
        reviews: None,
        claimed_hosts: Vec::new(),
        filed: Vec::new(),
        closed: Vec::new(),
        veto: None,
        lifts: None,
        follows: Vec::new(),
        exit_code,
        notes,
    };
    let clean = crate::secrets::redactor()
        .clean(&record)
        .map(Redacted::into_inner);
    clean.unwrap_or_else(|error| RunRecord {
        checks: Vec::new(),
        fixtures: Vec::new(),
        planned_fixtures: Vec::new(),
        words: Vec::new(),
        exit_code: ExitCode::CouldNotCheck as u8,
        notes: vec![format!("the observations are withheld: {error}")],
        ..record
    })
}

fn exit_code(run: &Concluded, signal: Option<&str>) -> ExitCode {
    let outcomes = run.checks.iter().map(|check| check.outcome);
    let lost = run.fixtures.iter().filter(|fixture| !fixture.restored);
    let unrestored = lost.map(|_| Outcome::Unrestored);
    let refused = run.refused.iter().map(|_| Outcome::Unrestored);
    // An interrupted run is not a success, also when only the last undoing was left. Nor is one
    // that began on one host and ended on another.
    let cut = signal.is_some() || !run.changes.is_empty();
    let cut = cut.then_some(Outcome::Error);
    verdict(outcomes.chain(unrestored).chain(refused).chain(cut))
}

fn notes(
    file: &ClaimFile,
    options: &Options,
    signal: Option<&str>,
    run: &Concluded,
) -> Vec<String> {
    let refused = run.refused.iter();
    let mut notes: Vec<String> = refused
        .map(|why| format!("nothing was run: {why}"))
        .collect();
    notes.extend(run.changes.iter().cloned());
    notes.extend(run.hosts.iter().filter_map(clock_note));
    notes.extend(notes_of_checks(&run.checks));
    notes.extend(other_file(&changed_vars(file)));
    notes.extend(run.unset.iter().map(|name| {
        format!("`secrets` names `{name}`, and nothing has that name: no value of it can be hidden")
    }));
    notes.extend(short_secrets(&crate::secrets::too_short()));
    if let Some(name) = signal {
        notes.push(format!(
            "interrupted by {name}: what was disturbed was undone, the rest was not run"
        ));
    }
    notes.extend(dirty_tree(file, options, &run.selected));
    notes
}

/// Each note once, also when several checks have the same one.
fn notes_of_checks(checks: &[CheckRecord]) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for note in checks.iter().flat_map(|check| &check.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes
}

/// The variables to which `--var` gave another value. One that is named like a secret is known to be
/// one, but may be too short to be looked for.
fn changed_vars(file: &ClaimFile) -> Vec<ChangedVar> {
    let changed = file.changed_vars.iter();
    let value = |name: &String| {
        let value = file.vars.get(name)?.clone();
        let secret = file.secrets.contains(name) || crate::secrets::is_secret(name, &value);
        Some(if secret { REDACTED.to_owned() } else { value })
    };
    changed
        .filter_map(|name| {
            Some(ChangedVar {
                name: name.clone(),
                value: value(name)?,
            })
        })
        .collect()
}

fn other_file(changed: &[ChangedVar]) -> Option<String> {
    let options: Vec<String> = changed.iter().map(ChangedVar::option).collect();
    (!options.is_empty()).then(|| {
        format!(
            "{} in place of the claim file's own: this is not a run of the claimed file, and it counts for no gate",
            options.join(" ")
        )
    })
}

fn short_secrets(names: &[String]) -> Option<String> {
    let are = match names {
        [] => return None,
        [_] => "is",
        _ => "are",
    };
    Some(format!(
        "{}: shorter than {} characters, and {are} not hidden",
        names.join(", "),
        kit::redact::MIN_SECRET
    ))
}

/// That the working tree is not what was checked, or is and should not be.
fn dirty_tree(file: &ClaimFile, options: &Options, selected: &[CheckAt]) -> Option<String> {
    let state = options.repository.as_ref()?.state();
    let cloned = selected.iter().any(|at| at.of(file).on == Place::Clone);
    if !state.dirty || !cloned {
        return None;
    }
    Some(match state.tree.as_str() {
        "worktree" => "run in the working tree, which differs from the commit: this never counts towards a gate".to_owned(),
        _ => format!(
            "the working tree differs from the commit; checks `on: clone` saw commit {}",
            state.commit
        ),
    })
}
