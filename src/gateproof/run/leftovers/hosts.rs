//! For `gateproof undo`: what is left over on machines, performed or forgotten.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::record::Act;
use crate::run::options::Options;
use crate::run::plan::Selection;
use crate::run::{provenance, wording};
use claim::{ClaimFile, Place};
use reach::host::{Address, Fault, Host, ReachOptions};
use reach::undo::{
    self, Lease, OwnerLife, PendingUndo, UndoListing, UndoPhase, UndoState, WrongFile,
};

use super::observe::observe_back;

/// A machine with what is left over on it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeftHost {
    /// `local`, the host's name in the claim file, or the ssh destination.
    pub host: String,
    /// What is armed and not cleared.
    pub pending: Vec<LeftOver>,
    /// Who disturbs it now.
    pub lease: Option<Lease>,
    /// Why it did not answer.
    pub fault: Option<String>,
    /// What is not as this program writes it, so that the host cannot be disturbed.
    pub wrong: Vec<WrongFile>,
    #[serde(skip)]
    machine: Machine,
}

/// An undoing with what was done about it now.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeftOver {
    /// The undoing.
    #[serde(flatten)]
    pub pending: PendingUndo,
    /// Whether it was cleared now.
    pub cleared: bool,
    /// The result of performing it and checking what it undoes, for a person.
    // The key of the published JSON.
    #[serde(rename = "said")]
    pub message: Option<String>,
}

/// How to get to a machine.
#[derive(Debug)]
struct Machine {
    host: Host,
    address: Option<Address>,
}

/// The machines of claim files with what is left over on them. `names` restricts them to some; a
/// name that is in no file is an ssh destination.
pub async fn left_over(
    files: &[ClaimFile],
    names: &[String],
    reach: &ReachOptions,
) -> Vec<LeftHost> {
    let mut found = Vec::new();
    for (name, machine) in machines(files, names, reach) {
        let (listing, fault) = match undo::list(&machine.host).await {
            Ok(listing) => (listing, None),
            Err(fault) => (UndoListing::default(), Some(fault.to_string())),
        };
        let UndoListing {
            pending,
            lease,
            wrong,
        } = listing;
        let pending = pending.into_iter().map(|pending| LeftOver {
            pending: without_secrets(pending),
            cleared: false,
            message: None,
        });
        found.push(LeftHost {
            host: name,
            pending: pending.collect(),
            lease: lease.filter(|lease| lease.alive),
            fault,
            wrong,
            machine,
        });
    }
    found
}

fn machines(files: &[ClaimFile], names: &[String], reach: &ReachOptions) -> Vec<(String, Machine)> {
    let selected = |name: &str| names.is_empty() || names.iter().any(|one| one == name);
    let over = |name: &str, address: &Address| Machine {
        host: Host::open(name, address, reach),
        address: Some(address.clone()),
    };
    let mut machines: Vec<(String, Machine)> = Vec::new();
    if selected("local") {
        for state in undo::states_here() {
            let machine = Machine {
                host: Host::local_with(state),
                address: None,
            };
            machines.push(("local".to_owned(), machine));
        }
    }
    for spec in files.iter().flat_map(|file| file.hosts.values()) {
        let known =
            |(_, machine): &(String, Machine)| machine.address.as_ref() == Some(&spec.address);
        if selected(&spec.name) && !machines.iter().any(known) {
            machines.push((spec.name.clone(), over(&spec.name, &spec.address)));
        }
    }
    for name in names {
        let known = name == "local" || files.iter().any(|file| file.hosts.contains_key(name));
        if !known && !machines.iter().any(|(other, _)| other == name) {
            machines.push((name.clone(), over(name, &Address::Ssh(name.clone()))));
        }
    }
    machines
}

/// What is shown of an undoing contains no value of a variable that is named like a secret.
fn without_secrets(mut pending: PendingUndo) -> PendingUndo {
    crate::secrets::learn_scope(&pending.ticket.vars, &[]);
    crate::secrets::learn_scope(&pending.ticket.captured, &[]);
    let redactor = crate::secrets::redactor();
    pending.log = redactor.text(&pending.log).into_owned();
    pending.steps = redactor.text(&pending.steps).into_owned();
    for line in &mut pending.ticket.runs {
        *line = redactor.text(line).into_owned();
    }
    // They are for the check that comes afterwards, which gets them from the host.
    for value in pending
        .ticket
        .vars
        .values_mut()
        .chain(pending.ticket.captured.values_mut())
    {
        *value = redactor.text(value).into_owned();
    }
    pending
}

impl LeftHost {
    /// Performs every undoing whose owner is gone, checks whether what it undoes is back, and
    /// clears it then. One that the host has performed already is only checked first.
    pub async fn perform(&mut self, reach: &ReachOptions, program: Option<&Path>) {
        // What names nobody stands in the way of everything else.
        let listed = if self.wrong.is_empty() {
            undo::list(&self.machine.host).await
        } else {
            undo::mend(&self.machine.host).await
        };
        let Ok(listing) = listed else {
            return;
        };
        self.wrong.clone_from(&listing.wrong);
        for one in &mut self.pending {
            let fresh = listing.pending.iter().find(|now| now.id == one.pending.id);
            let Some(fresh) = fresh else {
                one.cleared = true;
                one.message = Some("it is gone meanwhile".to_owned());
                continue;
            };
            if fresh.life == OwnerLife::Alive {
                one.message = Some("its run lives, and undoes it itself".to_owned());
                continue;
            }
            match perform_and_check(&self.machine, fresh, reach, program).await {
                Ok(message) => {
                    one.cleared = true;
                    one.message = Some(message);
                }
                Err(why) => one.message = Some(why),
            }
        }
    }

    /// Clears an undoing that a person has put right, and notes on the host who reported it. False
    /// when there is none of that name here.
    ///
    /// # Errors
    /// When its run still lives or the host does not answer.
    pub async fn forget(&mut self, id: &str, why: &str) -> Result<bool, String> {
        let Some(one) = self.pending.iter_mut().find(|one| one.pending.id == id) else {
            return Ok(false);
        };
        if one.pending.life == OwnerLife::Alive {
            return Err(format!("{id}: its run lives, and undoes it itself"));
        }
        let note = format!(
            "{} {} forgot {id}: {}",
            chrono::Utc::now().format("%FT%TZ"),
            provenance::who(),
            why.replace(char::is_control, " ")
        );
        let cleared = undo::clear(&self.machine.host, id, Some(&note)).await;
        cleared.map_err(|fault: Fault| fault.to_string())?;
        one.cleared = true;
        one.message = Some(format!("forgotten: {why}"));
        Ok(true)
    }

    pub async fn close(&self) {
        self.machine.host.close().await;
    }

    /// How many are not cleared.
    pub fn open(&self) -> usize {
        self.pending.iter().filter(|one| !one.cleared).count()
    }
}

/// The place of a machine in a sentence, for a person.
pub fn machine_named(host: &str) -> String {
    match host {
        "local" => wording::place(&Place::Local),
        name => wording::place(&Place::Host(name.to_owned())),
    }
}

/// Performs it, checks what it undoes, and clears it. Returns what was observed, for a person.
async fn perform_and_check(
    machine: &Machine,
    pending: &PendingUndo,
    reach: &ReachOptions,
    program: Option<&Path>,
) -> Result<String, String> {
    let options = Options {
        role: None,
        act: Act::Verify,
        selection: Selection::default(),
        reach: reach.clone(),
        folder: pending.ticket.folder.clone(),
        repository: None,
        allow_destructive: false,
        besides: None,
        program: program.map(Path::to_owned),
        teeth: false,
        lease_wait: Duration::ZERO,
        jobs: None,
        fail_fast: false,
        shuffle: None,
        activity: Default::default(),
    };
    let address = machine.address.as_ref();
    let mut state: UndoState = pending.state.clone();
    let mut back = match state.phase {
        UndoPhase::Undone => observe_back(&machine.host, address, pending, &options).await,
        _ => Err(String::new()),
    };
    if back.is_err() {
        let performed = undo::perform(&machine.host, pending).await;
        state = performed.map_err(|fault| fault.to_string())?;
        back = observe_back(&machine.host, address, pending, &options).await;
    }
    match back {
        Ok(()) => {
            let cleared = undo::clear(&machine.host, &pending.id, None).await;
            cleared.map_err(|fault| fault.to_string())?;
            Ok(format!("{}; it is back, as is seen now", state.performed()))
        }
        Err(why) => Err(format!(
            "{}; but {why}. When it is put right by hand: `gateproof undo --forget {} --why …`",
            state.performed(),
            pending.id
        )),
    }
}
