//! The vetoes of a phase: records and typed headings, and what lifts them.

use super::evidence::{Counted, Evidence, typed_by_other};
use crate::gate::heading::{Reading, Veto};
use crate::gate::reason::Reason;
use crate::record::{Act, RunRecord, StoredRecord};

/// A veto, and whether it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct VetoState {
    /// `V2`: the second heading of REVIEW; else the run of its record.
    pub name: String,
    /// Its place among the headings of REVIEW, from 1.
    pub number: Option<usize>,
    /// The line of its heading in REVIEW.
    pub line: Option<usize>,
    /// The run of its record; a typed one has none.
    pub run: Option<String>,
    /// Who wrote it, as far as is known.
    pub by: Option<String>,
    /// The gates that it covers; all of them when there is none.
    pub gates: Vec<String>,
    pub reason: String,
    /// What lifts it: `lift 2026…`, or `REVIEW line 12`.
    pub lifted: Option<String>,
    /// What was meant to lift it and does not, and why.
    pub ignored: Vec<Reason>,
}

impl VetoState {
    pub fn is_open(&self) -> bool {
        self.lifted.is_none()
    }

    /// Whether it covers a gate.
    pub fn covers(&self, gate: &str) -> bool {
        self.gates.is_empty() || self.gates.iter().any(|other| other == gate)
    }
}

/// All vetoes of a phase: the headings of REVIEW in their order, then records without a heading.
pub fn vetoes(counted: &Counted<'_>, review: &Reading, evidence: &Evidence) -> Vec<VetoState> {
    let records = || {
        let records = counted.records.iter().copied();
        records.filter(|stored| stored.record.act == Act::Veto)
    };
    let mut found: Vec<VetoState> = Vec::new();
    for heading in &review.vetoes {
        // A record has one heading; another one with its name is as good as typed.
        let run = evidence.run_of_line(heading.line);
        let run = run.filter(|run| !found.iter().any(|it| it.run.as_deref() == Some(*run)));
        let record = records().find(|stored| Some(&*stored.record.run_id) == run);
        found.push(state(counted, evidence, Some(heading), record));
    }
    for record in records() {
        let has_heading = |it: &VetoState| it.run.as_ref() == Some(&record.record.run_id);
        if !found.iter().any(has_heading) {
            found.push(state(counted, evidence, None, Some(record)));
        }
    }
    found
}

fn state(
    counted: &Counted<'_>,
    evidence: &Evidence,
    heading: Option<&Veto>,
    record: Option<&StoredRecord>,
) -> VetoState {
    let words = record.and_then(|stored| stored.record.veto.clone());
    let run = record.map(|stored| stored.record.run_id.clone());
    let typed_by = heading.and_then(|heading| {
        // In a heading that says itself that it was lifted, who wrote the veto is not known any more.
        let own = heading.lifted_at == Some(heading.line);
        evidence.writer(heading.line).filter(|_| !own)
    });
    let mut veto = VetoState {
        name: match (heading, &run) {
            (Some(heading), _) => format!("V{}", heading.number),
            (None, run) => run.clone().unwrap_or_default(),
        },
        number: heading.map(|heading| heading.number),
        line: heading.map(|heading| heading.line),
        by: match record {
            Some(stored) => stored.record.author.clone(),
            None => typed_by.map(|writer| writer.author.clone()),
        },
        gates: match (&words, heading) {
            (Some(words), _) => words.gates.clone(),
            (None, Some(heading)) => heading.gates.clone(),
            (None, None) => Vec::new(),
        },
        reason: match (words, heading) {
            (Some(words), _) => words.reason,
            (None, Some(heading)) => heading.reason.clone(),
            (None, None) => String::new(),
        },
        run,
        lifted: None,
        ignored: Vec::new(),
    };
    for stored in &counted.records {
        if lifts(&stored.record, heading, record) {
            by_record(&mut veto, counted, &stored.record);
        }
    }
    if let Some(line) = heading.and_then(|heading| heading.lifted_at) {
        typed(&mut veto, counted, evidence, line);
    }
    veto
}

/// Whether a record is of the lifting of that veto.
fn lifts(record: &RunRecord, heading: Option<&Veto>, veto: Option<&StoredRecord>) -> bool {
    let Some(lifted) = record.lifts.as_ref().filter(|_| record.act == Act::Lift) else {
        return false;
    };
    match (&lifted.record, veto, heading) {
        (Some(link), Some(veto), _) => *link == veto.link,
        (None, None, Some(heading)) => {
            lifted.number == Some(heading.number) && lifted.reason == heading.reason
        }
        _ => false,
    }
}

fn by_record(veto: &mut VetoState, counted: &Counted<'_>, lifting: &RunRecord) {
    let what = format!("lift {}", lifting.run_id);
    match may_lift(counted, lifting, veto) {
        Ok(()) => veto.lifted = veto.lifted.take().or(Some(what)),
        Err(why) => veto.ignored.push(Reason::LiftingIgnored {
            veto: veto.name.clone(),
            what,
            why,
        }),
    }
}

/// Whether the author of a lifting may lift that veto.
///
/// # Errors
/// Why not.
pub fn may_lift(
    counted: &Counted<'_>,
    lifting: &RunRecord,
    veto: &VetoState,
) -> Result<(), String> {
    if lifting.role.as_deref() != Some("adversary") {
        let role = lifting.role.as_deref().unwrap_or("nobody");
        return Err(format!(
            "only the Adversary lifts a veto, and it is of the role {role}"
        ));
    }
    counted
        .is_adversary(
            lifting.author.as_deref(),
            lifting.clone_id(),
            veto.by.as_deref(),
        )
        .map_err(|why| why.to_string())
}

fn typed(veto: &mut VetoState, counted: &Counted<'_>, evidence: &Evidence, line: usize) {
    // The text beside a record that decides, whether it counts or not.
    let run = evidence.run_of_line(line);
    let is_lifting =
        |run_id: &str, record: &RunRecord| record.run_id == run_id && record.act == Act::Lift;
    let mut records = counted.records.iter().copied();
    let mut refused = counted.refused.iter().map(|(stored, _)| *stored);
    let beside = run.is_some_and(|run| {
        records.any(|it| is_lifting(run, &it.record))
            || refused.any(|it| is_lifting(run, &it.record))
    });
    if veto.lifted.is_some() || beside {
        return;
    }
    match typed_by_other(evidence, counted, line, veto.by.as_deref()) {
        None => veto.lifted = Some(format!("REVIEW line {line}")),
        Some(why) => veto.ignored.push(Reason::LiftingIgnored {
            veto: veto.name.clone(),
            what: format!("REVIEW line {line}"),
            why,
        }),
    }
}
