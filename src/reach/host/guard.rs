//! A small process that outlives us if we are killed, and cleans up behind us.
//!
//! It waits on a pipe that only we hold. When the pipe ends without a goodbye we were killed:
//! then it runs the shell text that it was given, and ends.

use std::io;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::Mutex;

use super::fault::Fault;

/// Reads one order per line until the end. `+ X` remembers X, `- X` forgets it, `bye` ends
/// without cleaning up. At the end of the pipe `$clean` is evaluated with what is remembered
/// in `$list`. It ignores the signals of a terminal, since it has to outlive it.
///
/// `await_undone` waits until the undoings whose folders are in the list (its whole paths) are
/// over or gone, a minute each at most: they may need what is about to be cleaned up.
const SCRIPT: &str = concat!(
    include_str!("marked.sh"),
    r#"
await_undone() {
  for word in $list; do
    case $word in /*) ;; *) continue ;; esac
    turns=0 state=
    while [ "$turns" -lt 60 ] && read -r state rest 2>/dev/null <"$word/state"; do
      case $state in undone | failed) break ;; esac
      sleep 1
      turns=$((turns + 1))
    done
  done
}
trap '' HUP INT QUIT TERM
clean=$1 list=' '
while read -r verb word; do
  case $verb in
    +) list="$list$word " ;;
    -) case $list in *" $word "*) list="${list%%" $word "*} ${list#*" $word "}" ;; esac ;;
    bye) exit 0 ;;
  esac
done
eval "$clean"
"#
);

/// The guard process. When it is dropped without [`Guard::dismiss`] it cleans up.
#[derive(Debug)]
pub struct Guard {
    child: Mutex<Child>,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Guard {
    /// Starts a guard that evaluates the shell text `clean` when we are gone. The text may
    /// use `kill_marked WORD`, `await_undone` and `$list`, and `$2` and so on are the arguments.
    pub fn start(clean: &str, arguments: &[&str]) -> Result<Guard, Fault> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "gateproof-guard", clean])
            .args(arguments)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of a terminal's interrupt.
            .process_group(0)
            // A guard must not be killed together with what an outer gateproof marked: it
            // is needed exactly then.
            .env_remove(super::mark::JOB)
            .env_remove(super::mark::RUN)
            .spawn()
            .map_err(|error| Fault::Other(format!("cannot start the guard process: {error}")))?;
        let pipe = child.stdin.take();
        Ok(Guard {
            child: Mutex::new(child),
            pipe: Mutex::new(pipe),
        })
    }

    /// Remembers a word, which must have no space in it.
    pub async fn add(&self, word: &str) -> io::Result<()> {
        self.send(&format!("+ {word}\n")).await
    }

    /// Forgets a word.
    pub(super) async fn remove(&self, word: &str) -> io::Result<()> {
        self.send(&format!("- {word}\n")).await
    }

    /// Ends the guard; nothing is cleaned up by it.
    pub(super) async fn dismiss(&self) {
        // A guard that is gone already needs no goodbye.
        let _ = self.send("bye\n").await;
        self.pipe.lock().await.take();
        let _ = self.child.lock().await.wait().await;
    }

    async fn send(&self, line: &str) -> io::Result<()> {
        match self.pipe.lock().await.as_mut() {
            Some(pipe) => pipe.write_all(line.as_bytes()).await,
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}
