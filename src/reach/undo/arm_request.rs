//! What the agent gets: an undoing to be armed, and the client's own undoing beside it.

use std::time::Duration;

use super::script::{COMMON, LISTING_LIMIT, PATIENCE, agent_script};
use super::ticket::{Holder, Ticket};
use crate::host::{Fault, Invocation, Leftovers, Script, step_shell};
use kit::shell::quote;

/// One step of an undoing, as text for a shell that knows nothing else of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoStep {
    text: String,
    input: Option<String>,
    limit: Duration,
}

impl UndoStep {
    /// The step that this command would be.
    ///
    /// # Errors
    /// A [`Fault`] when no shell takes it.
    pub fn of(command: &Invocation) -> Result<UndoStep, Fault> {
        let input = command.stdin.as_ref();
        Ok(UndoStep {
            text: step_shell(command)?,
            input: input.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
            limit: command.deadline,
        })
    }
}

/// A request for a lease, and for an undoing to be armed under it.
#[derive(Clone, Debug)]
pub struct ArmRequest {
    /// The name of the undoing on the host; see [`ArmRequest::id`].
    pub id: String,
    pub holder: Holder,
    /// Run ids of the programs inside whose disturbances this one runs, separated by spaces.
    pub inside: String,
    /// The undoing; without it only the lease is taken.
    pub undo: Option<Undoing>,
}

/// An undoing, as the host performs it.
#[derive(Clone, Debug)]
pub struct Undoing {
    pub ticket: Ticket,
    /// The text of the claim file.
    pub claim: String,
    /// After this the host undoes it by itself.
    pub deadline: Duration,
    /// The steps, in order.
    pub steps: Vec<UndoStep>,
    /// Whether what is disturbed ends with the run, so that nobody can look at it afterwards.
    pub ends_with_run: bool,
}

impl ArmRequest {
    /// The name of an undoing: run, fixture and a number, in letters that a systemd unit and a
    /// path take.
    pub fn id(run: &str, fixture: &str, number: usize) -> String {
        let plain = |c: char| match c {
            c if c.is_ascii_alphanumeric() || c == '_' || c == '-' => c,
            _ => '_',
        };
        let fixture: String = fixture.chars().take(60).map(plain).collect();
        let run: String = run.chars().map(plain).collect();
        format!("{run}-{fixture}-{number}")
    }

    pub(super) fn invocation(&self) -> Invocation {
        let holder = serde_json::to_string(&self.holder).unwrap_or_default();
        let mut params = vec![
            ("agent".to_owned(), agent_script().to_owned()),
            ("run".to_owned(), self.holder.run_id.clone()),
            ("inside".to_owned(), self.inside.clone()),
            ("info".to_owned(), holder),
            ("id".to_owned(), self.id.clone()),
        ];
        let mut claim = None;
        let mut steps = 0;
        if let Some(undo) = &self.undo {
            let record = serde_json::to_string(&undo.ticket).unwrap_or_default();
            params.push(("record".to_owned(), record));
            params.push(("deadline".to_owned(), whole(undo.deadline).to_string()));
            let ends = if undo.ends_with_run { "yes" } else { "" };
            params.push(("ends".to_owned(), ends.to_owned()));
            steps = undo.steps.len();
            for (step, number) in undo.steps.iter().zip(1..) {
                params.push((format!("step_{number}"), step.text.clone()));
                params.push((format!("limit_{number}"), whole(step.limit).to_string()));
                if let Some(input) = &step.input {
                    params.push((format!("input_{number}"), input.clone()));
                }
            }
            claim = Some(undo.claim.clone().into_bytes());
        }
        params.push(("steps".to_owned(), steps.to_string()));
        Invocation {
            params,
            stdin: claim,
            // The watcher stays when the arming has ended.
            leftovers: Leftovers::Keep,
            ..Invocation::new(
                Script::Shell("eval \"$agent\"\ngp_arm\n".to_owned()),
                PATIENCE,
                LISTING_LIMIT,
            )
        }
    }
}

/// The client's own undoing: the same step, but never at the same time as a watcher's, which
/// gives it `patience` to show its effect before it takes a turn itself.
pub fn guarded(step: Invocation, base: &str, id: &str, patience: Duration) -> Invocation {
    let text = match &step.script {
        Script::Shell(text) => text.clone(),
        Script::Argv(args) => format!("exec {}", kit::shell::join(args)),
    };
    let (base, patience) = (quote(base), whole(patience));
    let guard = format!(
        "{COMMON}\ngp_find_base\ngp_base={base}\ngp_dir=$gp_base/undo/{id}\n\
         if gp_lock \"$gp_dir\"; then\n\
         gp_uptime\n\
         read -r gp_due <\"$gp_dir/due\"\n\
         [ \"$gp_due\" -gt $((gp_now + {patience})) ] || echo $((gp_now + {patience})) >\"$gp_dir/due\"\n\
         fi 2>/dev/null\n"
    );
    Invocation {
        script: Script::Shell(format!("{guard}{text}")),
        ..step
    }
}

/// Whole seconds, no fewer than there are.
fn whole(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_add(u64::from(duration.subsec_nanos() > 0))
        .clamp(1, 1 << 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_name_for_units_and_folders() {
        assert_eq!(
            ArmRequest::id("20260613T130000Z-1a", "a b/../c$(x)", 2),
            "20260613T130000Z-1a-a_b____c__x_-2"
        );
    }

    #[test]
    fn a_deadline_is_never_shortened() {
        assert_eq!(whole(Duration::from_millis(800)), 1);
        assert_eq!(whole(Duration::from_millis(2001)), 3);
        assert_eq!(whole(Duration::ZERO), 1);
    }
}
