//! A host's listing of its undoings, taken apart. Pure.

use serde::Serialize;

use super::ticket::{Holder, Ticket};

/// What is armed on a host, and who disturbs it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UndoListing {
    /// Every undoing that is not cleared.
    pub pending: Vec<PendingUndo>,
    /// The lease, when somebody has one.
    pub lease: Option<Lease>,
    /// What is not as this program writes it.
    pub wrong: Vec<WrongFile>,
}

/// A file or folder of a state folder that is not as this program writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WrongFile {
    /// Its path on the host, and what is wrong with it.
    pub what: String,
    /// Whether `gateproof undo --run` puts it right; else only a person can.
    pub mends: bool,
}

impl std::fmt::Display for WrongFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let remedy = if self.mends {
            "a power cut or a full disk tears files; `gateproof undo --run` puts it right"
        } else {
            "what others can change is not used: look at it and remove it, or let GATEPROOF_STATE name another folder there"
        };
        write!(f, "{}; {remedy}", self.what)
    }
}

/// One undoing that is not cleared.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PendingUndo {
    /// Its name on the host.
    pub id: String,
    pub life: OwnerLife,
    pub state: UndoState,
    /// In so many seconds the host undoes it by itself; negative when that is past. Means nothing
    /// after a reboot.
    pub left_s: Option<i64>,
    pub ticket: Ticket,
    /// The end of what performing it has printed.
    pub log: String,
    /// Its steps as they are stored, which is what is run.
    pub steps: String,
}

impl PendingUndo {
    /// What performing it runs, a line each: as the claim file has it where that is what is stored,
    /// else as it is stored.
    pub fn would_run(&self) -> Vec<&str> {
        let stored = |line: &String| self.steps.contains(line.as_str());
        if !self.ticket.runs.is_empty() && self.ticket.runs.iter().all(stored) {
            return self.ticket.runs.iter().map(String::as_str).collect();
        }
        self.steps.lines().filter(|line| !line.is_empty()).collect()
    }
}

/// What became of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OwnerLife {
    /// It lives, and undoes it itself.
    Alive,
    /// It is gone, or did not renew its lease for a minute.
    Dead,
    /// The host was rebooted since: nothing waits there any more.
    Rebooted,
}

/// How far an undoing has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UndoPhase {
    /// It waits.
    Armed,
    /// It is being performed, or was when the process that performed it was ended.
    Running,
    /// The host performed it, every step ended with 0, and nobody has checked yet.
    Undone,
    /// A step ended with something else.
    Failed,
}

/// How far an undoing has come, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UndoState {
    // The key of the published JSON.
    #[serde(rename = "word")]
    pub phase: UndoPhase,
    /// The exit code of the last step that did not end with 0; 0 when all did.
    pub exit: Option<i32>,
    /// Why it was performed: `owner-gone`, `deadline`, `person`.
    pub why: Option<String>,
    /// When, by the host's clock.
    pub at: Option<String>,
}

impl UndoState {
    /// From the line that the agent stores.
    pub fn parse(line: &str) -> Option<UndoState> {
        let mut fields = line.split_whitespace();
        let phase = match fields.next()? {
            "armed" => UndoPhase::Armed,
            "running" => UndoPhase::Running,
            "undone" => UndoPhase::Undone,
            "failed" => UndoPhase::Failed,
            _ => return None,
        };
        Some(UndoState {
            phase,
            exit: fields.next().and_then(|exit| exit.parse().ok()),
            why: fields.next().map(str::to_owned),
            at: fields.next().map(str::to_owned),
        })
    }
}

impl UndoState {
    /// How far it has come, without what is still to be observed.
    pub fn performed(&self) -> String {
        let why = match self.why.as_deref() {
            Some("owner-gone") => ", because its owner was gone",
            Some("deadline") => ", at its deadline",
            Some("person") => ", by hand",
            _ => "",
        };
        let at = self.at.as_deref().map(|at| format!(" at {at}"));
        let at = at.unwrap_or_default();
        match self.phase {
            UndoPhase::Armed => "armed, not performed yet".to_owned(),
            UndoPhase::Running => format!("being performed{at}{why}"),
            UndoPhase::Undone => format!("undone{at}{why}"),
            UndoPhase::Failed => format!("failed with {}{at}{why}", self.exit.unwrap_or(-1)),
        }
    }
}

impl std::fmt::Display for UndoState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.performed())?;
        match self.phase {
            UndoPhase::Undone => f.write_str("; not seen to be back"),
            _ => Ok(()),
        }
    }
}

/// Who disturbs a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Lease {
    /// Whether the holder lives.
    pub alive: bool,
    pub holder: Holder,
}

impl UndoListing {
    /// From the agent's lines. What makes no sense is left out; an undoing whose record cannot be
    /// read is listed all the same, because it blocks the host for others.
    pub fn parse(text: &str) -> UndoListing {
        let mut listing = UndoListing::default();
        let mut draft: Option<Draft> = None;
        for line in text.lines() {
            let (key, value) = line.split_once(' ').unwrap_or((line, ""));
            match key {
                "undo" => {
                    listing.pending.extend(draft.take().map(Draft::finish));
                    draft = Some(Draft::new(value));
                }
                "lease" => listing.lease = lease(value),
                "wrong" => listing.wrong.extend(wrong(value)),
                _ => {
                    if let Some(draft) = &mut draft {
                        draft.line(key, value);
                    }
                }
            }
        }
        listing.pending.extend(draft.map(Draft::finish));
        listing
    }
}

fn wrong(value: &str) -> Option<WrongFile> {
    let (word, what) = value.split_once(' ')?;
    Some(WrongFile {
        what: what.to_owned(),
        mends: word == "mends",
    })
}

fn lease(value: &str) -> Option<Lease> {
    let (life, holder) = value.split_once(' ')?;
    Some(Lease {
        alive: life == "alive",
        holder: serde_json::from_str(holder).ok()?,
    })
}

/// An undoing whose lines are still coming.
struct Draft {
    id: String,
    life: OwnerLife,
    state: Option<UndoState>,
    left_s: Option<i64>,
    ticket: Option<Ticket>,
    log: Vec<String>,
    steps: Vec<String>,
}

impl Draft {
    fn new(id: &str) -> Draft {
        Draft {
            id: id.to_owned(),
            life: OwnerLife::Dead,
            state: None,
            left_s: None,
            ticket: None,
            log: Vec::new(),
            steps: Vec::new(),
        }
    }

    fn line(&mut self, key: &str, value: &str) {
        match key {
            "owner" => {
                self.life = match value {
                    "alive" => OwnerLife::Alive,
                    "rebooted" => OwnerLife::Rebooted,
                    _ => OwnerLife::Dead,
                }
            }
            "state" => self.state = UndoState::parse(value),
            "left" => self.left_s = value.parse().ok(),
            "record" => self.ticket = serde_json::from_str(value).ok(),
            "log" => self.log.push(value.to_owned()),
            "step" => self.steps.push(value.to_owned()),
            _ => {}
        }
    }

    fn finish(self) -> PendingUndo {
        PendingUndo {
            ticket: self.ticket.unwrap_or_else(Ticket::unknown),
            id: self.id,
            life: self.life,
            // A state that cannot be read is that of one who was ended while writing it.
            state: self.state.unwrap_or(UndoState {
                phase: UndoPhase::Running,
                exit: None,
                why: None,
                at: None,
            }),
            left_s: self.left_s,
            log: self.log.join("\n"),
            steps: self.steps.join("\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ticket() -> Ticket {
        let at = chrono::DateTime::from_timestamp(1_781_355_600, 0).unwrap();
        Ticket {
            holder: Holder {
                run_id: "r1".to_owned(),
                who: "a@b".to_owned(),
                claim: "claims/x.yaml".to_owned(),
                claim_path: "/x".into(),
                claim_sha256: String::new(),
                gate: "M1".to_owned(),
                fixture: "down".to_owned(),
                since: at,
                until: at,
            },
            on: "h".to_owned(),
            place: "h".to_owned(),
            folder: "/".into(),
            deadline_s: 300,
            runs: vec!["up\nundo x".to_owned()],
            allowance_s: 60,
            vars: Default::default(),
            captured: Default::default(),
        }
    }

    fn listing(id: &str, state: &str, log: &str) -> String {
        let record = serde_json::to_string(&ticket()).unwrap();
        let log: String = log.lines().map(|line| format!("log {line}\n")).collect();
        format!("undo {id}\nowner dead\nstate {state}\nleft -3\nrecord {record}\n{log}\n")
    }

    #[test]
    fn reads_what_is_left_and_who_disturbs() {
        let holder = serde_json::to_string(&ticket().holder).unwrap();
        let text = listing("a", "failed 7 owner-gone 2026-06-13T13:00:00Z", "undo b\nx")
            + &listing("c", "armed", "")
            + &format!("lease alive {holder}\n");
        let listing = UndoListing::parse(&text);
        let ids: Vec<&str> = listing.pending.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["a", "c"]);
        let first = &listing.pending[0];
        assert_eq!(
            (first.state.phase, first.state.exit),
            (UndoPhase::Failed, Some(7))
        );
        assert_eq!(first.log, "undo b\nx", "what was printed is not an entry");
        assert_eq!(first.ticket, ticket());
        assert_eq!(first.left_s, Some(-3));
        let lease = listing.lease.unwrap();
        assert!(lease.alive);
        assert_eq!(lease.holder, ticket().holder);
    }

    #[test]
    fn what_would_be_run_is_what_is_stored() {
        let shown = |steps: &str| {
            let text = listing("a", "armed", "") + steps;
            let pending = UndoListing::parse(&text).pending.remove(0);
            pending.would_run().join("|")
        };
        assert_eq!(
            shown("step export A='b'\nstep up\nstep undo x\n"),
            "up\nundo x"
        );
        assert_eq!(shown("step id > planted\n"), "id > planted");
        assert_eq!(shown(""), "");
    }

    #[test]
    fn a_state_that_was_never_written_whole_is_not_taken_for_armed() {
        let text = listing("a", "", "");
        assert_eq!(
            UndoListing::parse(&text).pending[0].state.phase,
            UndoPhase::Running
        );
    }

    #[test]
    fn an_undoing_whose_record_cannot_be_read_is_still_listed() {
        let listing =
            UndoListing::parse("undo a\nowner dead\nstate armed\nrecord {\"run_id\": 1}\n");
        assert_eq!(listing.pending.len(), 1);
        assert_eq!(listing.pending[0].ticket, Ticket::unknown());
    }

    proptest! {
        #[test]
        fn any_text_at_all_does_no_harm(text in "(?s).{0,400}") {
            let _ = UndoListing::parse(&text);
            let _ = UndoState::parse(&text);
        }

        #[test]
        fn what_an_undoing_prints_adds_and_hides_no_entry(log in "(?s)([a-z ]{0,9}|undo [a-z]|lease alive|\n){0,12}") {
            let text = listing("a", "undone 0 deadline T", &log) + &listing("b", "armed", "");
            let listing = UndoListing::parse(&text);
            prop_assert_eq!(listing.pending.len(), 2);
            prop_assert_eq!(listing.lease, None);
        }
    }
}
