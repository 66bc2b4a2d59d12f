//! Lists, arms, performs and clears the undoings of a host, by the agent's script.

use std::time::Duration;

use super::arm_request::ArmRequest;
use super::listing::{Lease, OwnerLife, PendingUndo, UndoListing, UndoState, WrongFile};
use super::local_lease::{owner, something_here};
use super::script::{COMMON, LISTING_LIMIT, PATIENCE, agent_script, list_script};
use crate::host::{Fault, Host, Invocation, Leftovers, Script};
use crate::observation::Ending;

/// The result of arming.
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
    Left(Vec<PendingUndo>),
    /// This host cannot do it, and why.
    Refused(String),
    /// The state folder is not as it is written, or not ours alone.
    Wrong(Vec<WrongFile>),
}

/// What is armed on a host, and who disturbs it. On this machine nothing is started when there is
/// nothing.
///
/// # Errors
/// A [`Fault`] when the host cannot be asked.
pub async fn list(host: &Host) -> Result<UndoListing, Fault> {
    if host.is_local() && !something_here(host) {
        return Ok(UndoListing::default());
    }
    Ok(UndoListing::parse(&query(host, &list_script(), &[]).await?))
}

/// Takes the lease of the host, and arms an undoing there.
///
/// # Errors
/// A [`Fault`] when the host cannot be asked.
pub async fn arm(host: &Host, request: &ArmRequest) -> Result<Armed, Fault> {
    let mut invocation = request.invocation();
    if host.is_local() {
        invocation.env.push(("GATEPROOF_OWNER".to_owned(), owner()));
    }
    let printed = text_of(host, &invocation).await?;
    let (keyword, rest) = printed
        .split_once('\n')
        .unwrap_or((printed.trim_end_matches('\n'), ""));
    let (keyword, value) = keyword.split_once(' ').unwrap_or((keyword, ""));
    Ok(match keyword {
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
        "held" => Armed::Held(UndoListing::parse(rest).lease),
        "left" => {
            let mut pending = UndoListing::parse(rest).pending;
            pending.retain(|one| one.life != OwnerLife::Alive);
            Armed::Left(pending)
        }
        "refused" => Armed::Refused(value.to_owned()),
        "wrong" => Armed::Wrong(UndoListing::parse(rest).wrong),
        _ => {
            return Err(Fault::Other(format!(
                "the undoing could not be armed: `{}`",
                printed.trim()
            )));
        }
    })
}

/// Removes an armed undoing: the baseline was observed again, or (with a reason) a person reports that
/// all is well.
///
/// # Errors
/// A [`Fault`] when the host cannot be asked, or it is still there.
pub async fn clear(host: &Host, id: &str, why: Option<&str>) -> Result<(), Fault> {
    let params = [("id", id), ("why", why.unwrap_or_default())];
    let printed = query(host, "eval \"$agent\"\ngp_clear\n", &with_agent(&params)).await?;
    match printed.trim() {
        "cleared" => Ok(()),
        other => Err(Fault::Other(format!(
            "the undoing {id} could not be cleared: `{other}`"
        ))),
    }
}

/// Undoes on the host, whatever was undone before. Returns how it ended.
///
/// # Errors
/// A [`Fault`] when the host cannot be asked.
pub async fn perform(host: &Host, pending: &PendingUndo) -> Result<UndoState, Fault> {
    let script = "eval \"$agent\"\ngp_find_base\ngp_trusted \"$gp_base/undo/$id\" d || { echo \"$gp_why\"; exit 0; }\ngp_perform \"$gp_base/undo/$id\" person\ncat \"$gp_base/undo/$id/state\"\n";
    let patience = PATIENCE + 3 * Duration::from_secs(pending.ticket.allowance_s);
    let mut invocation = invocation(script, &with_agent(&[("id", &pending.id)]), patience);
    invocation.leftovers = Leftovers::Keep;
    let printed = text_of(host, &invocation).await?;
    UndoState::parse(printed.trim()).ok_or_else(|| {
        Fault::Other(format!(
            "the undoing {} reports `{}`",
            pending.id,
            printed.trim()
        ))
    })
}

/// Removes the files of the state folder that name nobody any more, and lists what is there then.
///
/// # Errors
/// A [`Fault`] when the host cannot be asked.
pub async fn mend(host: &Host) -> Result<UndoListing, Fault> {
    let printed = query(host, "eval \"$agent\"\ngp_mend\n", &with_agent(&[])).await?;
    Ok(UndoListing::parse(&printed))
}

/// The text of the claim file with which an undoing was armed.
///
/// # Errors
/// A [`Fault`] when the host cannot be asked, or it is gone.
pub async fn claim_text(host: &Host, id: &str) -> Result<String, Fault> {
    let script = format!("{COMMON}\ngp_find_base\ncat \"$gp_base/undo/$id/claim\"\n");
    query(host, &script, &[("id".to_owned(), id.to_owned())]).await
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

async fn query(host: &Host, script: &str, params: &[(String, String)]) -> Result<String, Fault> {
    text_of(host, &invocation(script, params, PATIENCE)).await
}

async fn text_of(host: &Host, invocation: &Invocation) -> Result<String, Fault> {
    let mut invocation = invocation.clone();
    if let Some(state) = host.state() {
        let state = state.to_string_lossy().into_owned();
        invocation.params.push(("gp_state".to_owned(), state));
    }
    let observed = host.run(&invocation).await?;
    match observed.ending {
        Ending::Exited(0) => Ok(observed.stdout.text().into_owned()),
        ending => Err(Fault::Other(format!(
            "the undoings of the host could not be asked for ({ending}): {}",
            observed.stderr.text().trim()
        ))),
    }
}
