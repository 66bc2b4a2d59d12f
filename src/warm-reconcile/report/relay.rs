//! The command that carries an alert on: its arguments, then the alert file's path. It must end
//! within a deadline, and that it fails is recorded and never fatal: the file is the alert.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use reach::host::{Host, Invocation, Script};
use reach::observation::Ending;

/// The longest that a relay may take.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// So much of what it prints is kept, in bytes.
const OUTPUT: usize = 2000;

/// What became of it, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "relay", content = "detail")]
pub enum Relayed {
    /// The app has no relay.
    NotAsked,
    /// It exited with 0.
    Sent,
    /// It did not; the message is not redacted.
    Failed(String),
}

/// Runs the command for an alert, as an argument vector; its whole process tree is killed at
/// the deadline.
pub async fn relay(argv: &[String], alert: &Path, deadline: Duration) -> Relayed {
    if argv.is_empty() {
        return Relayed::NotAsked;
    }
    let mut argv = argv.to_vec();
    argv.push(alert.to_string_lossy().into_owned());
    let host = Host::local();
    let invocation = Invocation::new(Script::Argv(argv), deadline, OUTPUT);
    let ran = host.run(&invocation).await;
    host.close().await;
    match ran {
        Ok(seen) if seen.ending == Ending::Exited(0) => Relayed::Sent,
        Ok(seen) => Relayed::Failed(format!(
            "{:?}: {}{}",
            seen.ending,
            seen.stderr.text(),
            seen.stdout.text()
        )),
        Err(fault) => Relayed::Failed(fault.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[tokio::test]
    async fn the_path_is_the_last_argument_and_no_shell_reads_it() {
        let root = tempfile::tempdir().unwrap();
        let alert = root.path().join("a $(touch x) b.json");
        std::fs::write(&alert, "{}").unwrap();
        let to = root.path().join("copied");
        let command = argv(&[
            "cp",
            "--target-directory",
            root.path().join("to").to_str().unwrap(),
        ]);
        std::fs::create_dir(root.path().join("to")).unwrap();
        assert_eq!(relay(&command, &alert, DEADLINE).await, Relayed::Sent);
        assert!(
            root.path()
                .join("to")
                .join(alert.file_name().unwrap())
                .exists()
                && !to.exists()
        );
        assert_eq!(relay(&[], &alert, DEADLINE).await, Relayed::NotAsked);
    }

    #[tokio::test]
    async fn a_relay_that_fails_is_missing_or_hangs_is_told_and_ends() {
        let failed = |relayed| match relayed {
            Relayed::Failed(why) => why,
            other => panic!("{other:?}"),
        };
        let path = Path::new("/nowhere.json");
        let why = failed(relay(&argv(&["ls"]), path, DEADLINE).await);
        assert!(why.contains("nowhere"), "{why}");
        failed(relay(&argv(&["/no/such/program"]), path, DEADLINE).await);
        let begin = Instant::now();
        let hang = argv(&["sh", "-c", "sleep 60"]);
        failed(relay(&hang, path, Duration::from_millis(300)).await);
        assert!(begin.elapsed() < Duration::from_secs(20));
    }
}
