//! Undoings that are armed on the host where they act, and the lease of whoever disturbs it.
//!
//! Before a fixture disturbs anything, a folder on the host holds all that is needed to undo it,
//! and two watchers wait there for the client's end and for the deadline (`agent.sh`). Nothing of
//! that needs this program: the folder survives it, the link and a reboot. It is removed when the
//! baseline was seen again, and not before.

mod order;
mod seen;

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::host::{Fault, Host, Invocation, Leftovers, Script};
use crate::observation::Ending;

pub use order::{Order, Step, Undoing, guarded};
pub use seen::{Lease, Life, Pending, Seen, State, Word};

/// Reads what is armed on a host: the part of the agent that only looks.
const COMMON: &str = include_str!("common.sh");

/// How long a look or a change on a host may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of what a host says of its undoings is read.
pub const LISTING_LIMIT: usize = 1 << 20;
/// How often the owner of a lease on this machine lets itself be heard.
const BEAT: Duration = Duration::from_secs(5);

/// The agent as it is stored beside each armed undoing, for everyone who wants to read it first.
pub fn agent_script() -> &'static str {
    concat!(include_str!("common.sh"), include_str!("agent.sh"))
}

/// The shell text that prints what is known on a host, for [`Seen::parse`]. It starts no process
/// beside `id` where there is nothing.
pub fn look_script() -> String {
    format!("{COMMON}\n(gp_find_base; gp_look) 2>/dev/null || :\n")
}

/// Who disturbs a host, as the lease says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The run.
    pub run_id: String,
    /// `user@machine`.
    pub who: String,
    /// The claim file, as it is recorded.
    pub claim: String,
    /// The claim file's whole path, as the client sees it.
    pub claim_path: PathBuf,
    /// SHA-256 of the claim file, lower-case hex.
    pub claim_sha256: String,
    /// The gate whose check needs the disturbance.
    pub gate: String,
    /// The fixture that was entered last.
    pub fixture: String,
    /// When, by the client's clock.
    pub since: DateTime<Utc>,
    /// When the fixture is over at the latest, by the client's clock.
    pub until: DateTime<Utc>,
}

impl Holder {
    /// Whether it disturbs for this claim file, or for another clone's copy of it. The recorded
    /// path says nothing of that: many projects have a `claims/m1.yaml`.
    pub fn is_of(&self, path: &Path, sha256: &str) -> bool {
        self.claim_path == path || self.claim_sha256 == sha256
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} (run {}, {} {}, fixture `{}`) since {}, until {} at the latest",
            self.who,
            self.run_id,
            self.claim,
            self.gate,
            self.fixture,
            self.since.format("%FT%TZ"),
            self.until.format("%FT%TZ"),
        )
    }
}

/// What a person, or a later run, must know of an armed undoing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Whose it is.
    #[serde(flatten)]
    pub holder: Holder,
    /// Where the fixture acts: `local`, `clone`, or the host's name in the claim file.
    pub on: String,
    /// The name, in the claim file, of the place where this undoing lies.
    pub place: String,
    /// The folder in which the client ran local commands.
    pub folder: PathBuf,
    /// The fixture's deadline in seconds.
    pub deadline_s: u64,
    /// What would be run, one line a step.
    pub runs: Vec<String>,
    /// How long that may take, in seconds.
    pub allowance_s: u64,
    /// The variables of the claim file, as they were.
    pub vars: IndexMap<String, String>,
    /// What the fixtures in force had captured.
    pub captured: IndexMap<String, String>,
}

impl Ticket {
    /// Of a record that cannot be read.
    fn unknown() -> Ticket {
        let word = || "unknown".to_owned();
        Ticket {
            holder: Holder {
                run_id: word(),
                who: word(),
                claim: word(),
                claim_path: PathBuf::new(),
                claim_sha256: String::new(),
                gate: word(),
                fixture: word(),
                since: DateTime::UNIX_EPOCH,
                until: DateTime::UNIX_EPOCH,
            },
            on: word(),
            place: word(),
            folder: PathBuf::new(),
            deadline_s: 0,
            runs: Vec::new(),
            allowance_s: 600,
            vars: IndexMap::new(),
            captured: IndexMap::new(),
        }
    }
}

/// What came of arming.
#[derive(Clone, Debug, PartialEq)]
pub enum Armed {
    /// The undoing waits.
    Ready {
        /// The state folder on the host.
        base: String,
        /// What waits: `watcher`, `systemd-timer`, or both.
        by: String,
    },
    /// The lease is ours; there was nothing to arm.
    Leased {
        /// The state folder on the host.
        base: String,
    },
    /// Somebody who lives disturbs the host.
    Held(Option<Lease>),
    /// Somebody else's undoing is left over.
    Left(Vec<Pending>),
    /// It cannot be done on this host, in words.
    Refused(String),
}

/// Looks at what is armed on a host. On this machine it starts nothing when there is nothing.
///
/// # Errors
/// A [`Fault`] when the host cannot be asked.
pub async fn look(host: &Host) -> Result<Seen, Fault> {
    if host.is_local() && !something_here() {
        return Ok(Seen::default());
    }
    Ok(Seen::parse(&ask(host, &look_script(), &[]).await?))
}

/// Whether this machine has anything of ours at all.
pub fn something_here() -> bool {
    base_here().is_some_and(|base| base.join("undo").exists() || base.join("lease").exists())
}

/// Takes the lease of the host, and arms an undoing there.
///
/// # Errors
/// A [`Fault`] when the host cannot be asked.
pub async fn arm(host: &Host, order: &Order) -> Result<Armed, Fault> {
    let mut invocation = order.invocation();
    if host.is_local() {
        invocation.env.push(("GATEPROOF_OWNER".to_owned(), owner()));
    }
    let said = text_of(host, &invocation).await?;
    let (word, rest) = said
        .split_once('\n')
        .unwrap_or((said.trim_end_matches('\n'), ""));
    let (word, value) = word.split_once(' ').unwrap_or((word, ""));
    Ok(match word {
        "armed" => Armed::Ready {
            base: value.to_owned(),
            by: rest
                .trim()
                .strip_prefix("how ")
                .unwrap_or_default()
                .to_owned(),
        },
        "leased" => Armed::Leased {
            base: value.to_owned(),
        },
        "held" => Armed::Held(Seen::parse(rest).lease),
        "left" => {
            let mut pending = Seen::parse(rest).pending;
            pending.retain(|one| one.life != Life::Alive);
            Armed::Left(pending)
        }
        "refused" => Armed::Refused(value.to_owned()),
        _ => {
            return Err(Fault::Other(format!(
                "the undoing could not be armed: `{}`",
                said.trim()
            )));
        }
    })
}

/// Takes an armed undoing away: the baseline was seen again, or (with a reason) a person says that
/// all is well.
///
/// # Errors
/// A [`Fault`] when the host cannot be asked, or it is still there.
pub async fn clear(host: &Host, id: &str, why: Option<&str>) -> Result<(), Fault> {
    let params = [("id", id), ("why", why.unwrap_or_default())];
    let said = ask(host, "eval \"$agent\"\ngp_clear\n", &with_agent(&params)).await?;
    match said.trim() {
        "cleared" => Ok(()),
        said => Err(Fault::Other(format!(
            "the undoing {id} could not be cleared: `{said}`"
        ))),
    }
}

/// Undoes on the host, whatever was undone before, and says how it ended.
///
/// # Errors
/// A [`Fault`] when the host cannot be asked.
pub async fn perform(host: &Host, pending: &Pending) -> Result<State, Fault> {
    let script = "eval \"$agent\"\ngp_find_base\ngp_perform \"$gp_base/undo/$id\" person\ncat \"$gp_base/undo/$id/state\"\n";
    let patience = PATIENCE + 3 * Duration::from_secs(pending.ticket.allowance_s);
    let mut invocation = invocation(script, &with_agent(&[("id", &pending.id)]), patience);
    invocation.leftovers = Leftovers::Keep;
    let said = text_of(host, &invocation).await?;
    State::parse(said.trim())
        .ok_or_else(|| Fault::Other(format!("the undoing {} says `{}`", pending.id, said.trim())))
}

/// The text of the claim file with which an undoing was armed.
///
/// # Errors
/// A [`Fault`] when the host cannot be asked, or it is gone.
pub async fn claim_text(host: &Host, id: &str) -> Result<String, Fault> {
    let script = format!("{COMMON}\ngp_find_base\ncat \"$gp_base/undo/$id/claim\"\n");
    ask(host, &script, &[("id".to_owned(), id.to_owned())]).await
}

/// Lets the owner of a lease on this machine be heard, as the runner does on a host.
#[derive(Debug)]
pub struct Beat {
    base: PathBuf,
    run_id: String,
    task: tokio::task::JoinHandle<()>,
}

impl Beat {
    /// Begins with the lease of this run in this folder.
    pub fn start(base: PathBuf, run_id: &str) -> Beat {
        let file = beat_file(&base);
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(BEAT).await;
                if let Some(now) = uptime() {
                    // What cannot be written is not heard, and that is how it counts.
                    let _ = std::fs::write(&file, format!("{now}\n"));
                }
            }
        });
        Beat {
            base,
            run_id: run_id.to_owned(),
            task,
        }
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.task.abort();
        // Gone already is as good.
        let _ = std::fs::remove_file(beat_file(&self.base));
        let lease = self.base.join("lease");
        let held = std::fs::read_to_string(&lease).unwrap_or_default();
        let line = held.lines().next().unwrap_or_default();
        if line.starts_with(&format!("{} ", owner()))
            && line.ends_with(&format!(" {}", self.run_id))
        {
            let _ = std::fs::remove_file(&lease);
        }
        for folder in [self.base.join("undo"), self.base.clone()] {
            // Only when nothing is in it.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

fn beat_file(base: &Path) -> PathBuf {
    base.join(format!("beat-{}", owner().replace(' ', "-")))
}

/// Process id and start time of this program, as the agent compares them.
fn owner() -> String {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets come state, parent …; the start is the 22nd field of all.
    let start = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.split(' ').nth(19))
        .unwrap_or("0");
    format!("{} {start}", std::process::id())
}

/// Seconds since the boot, as `/proc/uptime` has them.
fn uptime() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    text.split('.').next()?.parse().ok()
}

/// The state folder of this machine; the same rule as in `common.sh`.
fn base_here() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(base) = named("GATEPROOF_STATE") {
        return Some(PathBuf::from(base));
    }
    if rustix::process::geteuid().is_root() {
        return Some(PathBuf::from("/var/lib/gateproof"));
    }
    let state = named("XDG_STATE_HOME").map(PathBuf::from);
    let home = || named("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    Some(state.or_else(home)?.join("gateproof"))
}

fn with_agent(params: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = [("agent", agent_script()), ("run", ""), ("inside", "")];
    let all = own.iter().chain(params);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn invocation(script: &str, params: &[(String, String)], deadline: Duration) -> Invocation {
    Invocation {
        params: params.to_vec(),
        ..Invocation::new(Script::Shell(script.to_owned()), deadline, LISTING_LIMIT)
    }
}

async fn ask(host: &Host, script: &str, params: &[(String, String)]) -> Result<String, Fault> {
    text_of(host, &invocation(script, params, PATIENCE)).await
}

async fn text_of(host: &Host, invocation: &Invocation) -> Result<String, Fault> {
    let seen = host.run(invocation).await?;
    match seen.ending {
        Ending::Exited(0) => Ok(seen.stdout.text().into_owned()),
        ending => Err(Fault::Other(format!(
            "the undoings of the host could not be asked for ({ending}): {}",
            seen.stderr.text().trim()
        ))),
    }
}
