//! Undoings that earlier runs left armed: they keep a run from starting, and a person lists,
//! performs and forgets them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::record::Act;
use claim::{Check, ClaimFile, Effect, Place, Probe, Step};
use kit::redact::Redactor;
use kit::text::Scope;
use kit::yaml::source::Source;
use reach::host::{Address, Fault, Host, Leftovers, ReachOptions};
use reach::undo::{self, Lease, Life, Pending, Seen, State, Word};

use super::ask::{Asker, Question};
use super::event::{RunEvent, Sink};
use super::fixture::{held, left, named, patient};
use super::options::{Options, Role};
use super::places::{INSIDE, Places};
use super::plan::{CheckAt, Selection};
use super::secrets;
use kit::interrupt::Interrupt;

/// Run ids of the programs by which this one was started.
pub(super) fn inside() -> String {
    std::env::var(INSIDE).unwrap_or_default()
}

/// Why nothing may be run: on one of the machines that the checks need, something is not seen to
/// be back. What its host has undone by itself, and is back as is seen now, is cleared and told.
pub(super) async fn refusal(
    file: &ClaimFile,
    selected: &[CheckAt],
    places: &Places,
    options: &Options,
    sink: &mut dyn Sink,
) -> Option<String> {
    let mut refusals = Vec::new();
    for place in machines(file, selected, options) {
        // What cannot be reached is told of by its checks.
        let Ok(Seen { pending, .. }) = places.seen(&place).await else {
            continue;
        };
        let Ok(host) = places.known(&place) else {
            continue;
        };
        let mut bad = Vec::new();
        for one in pending {
            let theirs = one.life == Life::Alive || places.ours(&one.ticket.holder.run_id);
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
                left(&place, &bad),
                place.name()
            ));
        }
    }
    (!refusals.is_empty()).then(|| refusals.join("; and "))
}

/// Clears what the host has undone by itself when it is seen to be back.
async fn seen_back_now(
    host: &Host,
    address: Option<&Address>,
    pending: &Pending,
    options: &Options,
    sink: &mut dyn Sink,
) -> bool {
    if pending.state.word != Word::Undone
        || look(host, address, pending, options).await.is_err()
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
        pending
            .state
            .to_string()
            .replace("; not seen to be back", ""),
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
        let disturbs = fixtures.iter().any(|one| one.effect != Effect::Observe);
        let not_run = check.skip.is_some()
            || (options.role == Some(Role::Ci) && (disturbs || check.effect != Effect::Observe));
        if not_run {
            continue;
        }
        all.extend(asked_from(check));
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

/// The places that a check is asked from.
pub(super) fn asked_from(check: &Check) -> Vec<Place> {
    match &check.probe {
        Probe::Http(http) if !http.vantage.is_empty() => http.vantage.clone(),
        _ => vec![check.on.clone()],
    }
}

/// Looks whether what an undoing has undone is back, with the claim file as it was then.
///
/// # Errors
/// In words, why it is not seen to be back.
async fn look(
    host: &Host,
    address: Option<&Address>,
    pending: &Pending,
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
    // The host may have another name for whoever looks now.
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
    let asker = Asker {
        places: &places,
        interrupt: &interrupt,
        claim_folder: ticket
            .holder
            .claim_path
            .parent()
            .map(PathBuf::from)
            .unwrap_or_default(),
    };
    let mut scope = file.vars.clone();
    scope.extend(ticket.captured.clone());
    let mut result = Ok(());
    let looks: [(&str, Option<Step>); 2] = [
        ("`settled`", fixture.settled.clone()),
        ("the baseline", fixture.baseline.as_ref().map(patient)),
    ];
    for (what, step) in looks {
        let (Some(step), Ok(())) = (step, &result) else {
            continue;
        };
        let reply = asker
            .ask_to_the_end(Question {
                place: step.on.as_ref().unwrap_or(&fixture.on),
                probe: &step.probe,
                expect: &step.expect,
                timing: &step.timing,
                scope: &scope,
                leftovers: Leftovers::Kill,
                until: None,
                guard: None,
            })
            .await;
        result = held(what, &reply);
    }
    places.close().await;
    result
}

/// A machine with what is left over on it.
#[derive(Debug, Serialize)]
pub struct LeftHost {
    /// `local`, the host's name in the claim file, or the ssh destination.
    pub host: String,
    /// What is armed and not cleared.
    pub pending: Vec<LeftOver>,
    /// Who disturbs it now.
    pub lease: Option<Lease>,
    /// Why it could not be asked.
    pub fault: Option<String>,
    #[serde(skip)]
    way: Way,
}

/// An undoing with what was done about it now.
#[derive(Debug, Serialize)]
pub struct LeftOver {
    /// The undoing.
    #[serde(flatten)]
    pub pending: Pending,
    /// Whether it was cleared now.
    pub cleared: bool,
    /// What came of performing it and looking, in words.
    pub said: Option<String>,
}

/// How to get to a machine.
#[derive(Debug)]
struct Way {
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
    for (name, way) in ways(files, names, reach) {
        let (pending, lease, fault) = match undo::look(&way.host).await {
            Ok(seen) => (seen.pending, seen.lease, None),
            Err(fault) => (Vec::new(), None, Some(fault.to_string())),
        };
        let pending = pending.into_iter().map(|pending| LeftOver {
            pending: without_secrets(pending),
            cleared: false,
            said: None,
        });
        found.push(LeftHost {
            host: name,
            pending: pending.collect(),
            lease: lease.filter(|lease| lease.alive),
            fault,
            way,
        });
    }
    found
}

fn ways(files: &[ClaimFile], names: &[String], reach: &ReachOptions) -> Vec<(String, Way)> {
    let wanted = |name: &str| names.is_empty() || names.iter().any(|one| one == name);
    let over = |name: &str, address: &Address| Way {
        host: Host::open(name, address, reach),
        address: Some(address.clone()),
    };
    let mut ways: Vec<(String, Way)> = Vec::new();
    if wanted("local") {
        let way = Way {
            host: Host::local(),
            address: None,
        };
        ways.push(("local".to_owned(), way));
    }
    for spec in files.iter().flat_map(|file| file.hosts.values()) {
        let known = |(_, way): &(String, Way)| way.address.as_ref() == Some(&spec.address);
        if wanted(&spec.name) && !ways.iter().any(known) {
            ways.push((spec.name.clone(), over(&spec.name, &spec.address)));
        }
    }
    for name in names {
        let known = name == "local" || files.iter().any(|file| file.hosts.contains_key(name));
        if !known && !ways.iter().any(|(other, _)| other == name) {
            ways.push((name.clone(), over(name, &Address::Ssh(name.clone()))));
        }
    }
    ways
}

/// What is shown of an undoing holds no value of a variable that is named like a secret.
fn without_secrets(mut pending: Pending) -> Pending {
    let redactor = Redactor::new(secrets::values(&pending.ticket.vars));
    pending.log = redactor.text(&pending.log).into_owned();
    for line in &mut pending.ticket.runs {
        *line = redactor.text(line).into_owned();
    }
    // They are for the look that comes afterwards, which has them from the host.
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
    /// Performs every undoing whose owner is gone, looks whether what it undoes is back, and
    /// clears it then. One that the host has performed already is only looked at first.
    pub async fn perform(&mut self, reach: &ReachOptions, program: Option<&Path>) {
        let Ok(seen) = undo::look(&self.way.host).await else {
            return;
        };
        for one in &mut self.pending {
            let fresh = seen.pending.iter().find(|now| now.id == one.pending.id);
            let Some(fresh) = fresh else {
                one.cleared = true;
                one.said = Some("it is gone meanwhile".to_owned());
                continue;
            };
            if fresh.life == Life::Alive {
                one.said = Some("its run lives, and undoes it itself".to_owned());
                continue;
            }
            match perform(&self.way, fresh, reach, program).await {
                Ok(said) => {
                    one.cleared = true;
                    one.said = Some(said);
                }
                Err(why) => one.said = Some(why),
            }
        }
    }

    /// Clears an undoing that a person has put right, and notes who said so on the host. False
    /// when there is none of that name here.
    ///
    /// # Errors
    /// In words, when its run still lives or the host cannot be asked.
    pub async fn forget(&mut self, id: &str, why: &str) -> Result<bool, String> {
        let Some(one) = self.pending.iter_mut().find(|one| one.pending.id == id) else {
            return Ok(false);
        };
        if one.pending.life == Life::Alive {
            return Err(format!("{id}: its run lives, and undoes it itself"));
        }
        let note = format!(
            "{} {} forgot {id}: {}",
            chrono::Utc::now().format("%FT%TZ"),
            super::provenance::who(),
            why.replace(char::is_control, " ")
        );
        let cleared = undo::clear(&self.way.host, id, Some(&note)).await;
        cleared.map_err(|fault: Fault| fault.to_string())?;
        one.cleared = true;
        one.said = Some(format!("forgotten: {why}"));
        Ok(true)
    }

    /// Ends the connection.
    pub async fn close(&self) {
        self.way.host.close().await;
    }

    /// How many are not cleared.
    pub fn open(&self) -> usize {
        self.pending.iter().filter(|one| !one.cleared).count()
    }
}

/// Performs, looks, and clears; says what was seen.
async fn perform(
    way: &Way,
    pending: &Pending,
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
        lease_wait: Duration::ZERO,
    };
    let address = way.address.as_ref();
    let mut state: State = pending.state.clone();
    let mut back = match state.word {
        Word::Undone => look(&way.host, address, pending, &options).await,
        _ => Err(String::new()),
    };
    if back.is_err() {
        let performed = undo::perform(&way.host, pending).await;
        state = performed.map_err(|fault| fault.to_string())?;
        back = look(&way.host, address, pending, &options).await;
    }
    match back {
        Ok(()) => {
            let cleared = undo::clear(&way.host, &pending.id, None).await;
            cleared.map_err(|fault| fault.to_string())?;
            let state = state.to_string().replace("; not seen to be back", "");
            Ok(format!("{state}; it is back, as is seen now"))
        }
        Err(why) => Err(format!(
            "{}; but {why}. When it is put right by hand: `gateproof undo --forget {} --why …`",
            state.to_string().replace("; not seen to be back", ""),
            pending.id
        )),
    }
}

/// The place of a machine in a sentence, for a person.
pub fn machine_named(host: &str) -> String {
    match host {
        "local" => named(&Place::Local),
        name => named(&Place::Host(name.to_owned())),
    }
}
