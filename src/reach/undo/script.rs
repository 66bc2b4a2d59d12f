//! The agent's scripts, for everyone who wants to read them first.

use std::time::Duration;

/// Reads what is armed on a host: the part of the agent that changes nothing.
pub(super) const COMMON: &str = concat!(
    include_str!("../host/state_folder.sh"),
    include_str!("common.sh")
);

/// How long reading or changing what is armed on a host may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// How much of a host's listing of its undoings is read.
pub const LISTING_LIMIT: usize = 1 << 20;

/// The agent as it is stored beside each armed undoing.
pub fn agent_script() -> &'static str {
    concat!(
        include_str!("../host/state_folder.sh"),
        include_str!("common.sh"),
        include_str!("agent.sh")
    )
}

/// The shell text that prints what is known on a host, for
/// [`UndoListing::parse`](super::UndoListing::parse). It starts no process beside `id` where there
/// is nothing.
pub fn list_script() -> String {
    format!("{COMMON}\n(gp_find_base; gp_look) 2>/dev/null || :\n")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::COMMON;

    /// A lock comes and goes while others look at it: that is no torn file, and a torn one is.
    const LOOKS: &str = r#"
d=$1 GATEPROOF_STATE=$1
gp_find_base
mkdir -p -m 700 "$d/undo/x"
chmod 700 "$d" "$d/undo"
echo "1 2 $gp_boot run" >"$d/whole"
(until [ -e "$d/stop" ]; do ln "$d/whole" "$d/undo/x/lock"; rm -f "$d/undo/x/lock"; done) 2>/dev/null &
n=0
while [ $n -lt 60 ]; do gp_wrong; n=$((n + 1)); done
: >"$d/stop"
wait
for torn in '1 2' '' 'x
'; do
  printf %s "$torn" >"$d/undo/x/lock"
  gp_wrong | sed "s:.*/::"
done
gp_break "$d/undo/x/lock" torn
gp_wrong
"#;

    /// The last one to end takes the folder away, while others look at it and make it again.
    const FOLDERS: &str = r#"
d=$1 GATEPROOF_STATE=$1/state
gp_find_base
for gone in "$gp_base" "$gp_base/undo/x" "$gp_base/lease"; do
  mkdir -p -m 700 "$gp_base/undo/x"
  echo "1 2 $gp_boot run" >"$gp_base/lease"
  ls() { case $2 in "$gone" | "$gone/.") rm -rf "$gone" ;; esac; command ls "$@"; }
  gp_wrong
done
"#;

    /// The owner takes an undoing away while others look at it; another one stays.
    const TAKEN: &str = r#"
GATEPROOF_STATE=$1/state
gp_find_base
for id in stays taken; do
  mkdir -p -m 700 "$gp_base/undo/$id"
  echo "$id" >"$gp_base/undo/$id/record"
  echo running >"$gp_base/undo/$id/state"
done
chmod 700 "$gp_base" "$gp_base/undo"
gp_alive() {
  case $gp_dir in */taken) mv "$gp_dir" "$gp_base/undo/.gone" ;; esac
  return 1
}
gp_look
"#;

    #[test]
    fn an_undoing_that_is_taken_away_while_it_is_looked_at_is_not_there() {
        for shell in ["sh", "bash"] {
            let folder = tempfile::tempdir().unwrap();
            let mut command = Command::new(shell);
            let out = command.args(["-c", &format!("{COMMON}{TAKEN}"), "sh"]);
            let out = out.arg(folder.path()).output().unwrap();
            assert_eq!(
                String::from_utf8_lossy(&out.stdout),
                "undo stays\nowner dead\nstate running\nrecord stays\n",
                "{shell}: {}",
                String::from_utf8_lossy(&out.stderr)
            );
        }
    }

    #[test]
    fn a_folder_that_is_taken_away_while_it_is_looked_at_is_not_foreign() {
        for shell in ["sh", "bash"] {
            let folder = tempfile::tempdir().unwrap();
            let script = format!("{COMMON}{FOLDERS}");
            let mut command = Command::new(shell);
            let out = command.args(["-c", &script, "sh"]).arg(folder.path());
            let out = out.output().unwrap();
            assert_eq!(String::from_utf8_lossy(&out.stdout), "", "{shell}");
        }
    }

    #[test]
    fn a_lock_that_is_given_back_while_it_is_read_is_not_torn() {
        for shell in ["sh", "bash"] {
            let folder = tempfile::tempdir().unwrap();
            let output = Command::new(shell)
                .args(["-c", &format!("{COMMON}{LOOKS}"), "sh"])
                .arg(folder.path())
                .output()
                .unwrap();
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                "lock is cut off\nlock is empty\nlock names no process\n"
            );
            assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        }
    }
}
