//! A swarm of several real engines on this machine (`checks/swarm/engine nodes`), for as long as
//! the guard lives.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::swarm::{TestEngine, script};

/// Three engines on one bridge, all of them managers. The second is the leader.
pub struct Nodes {
    child: Child,
    folder: tempfile::TempDir,
}

impl Nodes {
    /// Starts them.
    pub fn start() -> Nodes {
        let folder = tempfile::Builder::new()
            .prefix("gp-nodes-")
            .tempdir()
            .unwrap();
        let mut child = Command::new(script())
            .arg("nodes")
            .arg(folder.path())
            .arg("3")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let nodes = Nodes { child, folder };
        assert_eq!(line.trim(), "ready", "the engines did not start");
        nodes
    }

    /// The engine of `node-<number>`.
    pub fn node(&self, number: u32) -> TestEngine {
        TestEngine::at(&self.folder.path().join(number.to_string()))
    }

    /// Ends a node with all that runs on it, without a word: its power is gone.
    pub fn cut_power(&self, number: u32) {
        let pid = self.folder.path().join(number.to_string()).join("pid");
        let pid = std::fs::read_to_string(pid).unwrap();
        let done = Command::new("kill").args(["-KILL", pid.trim()]).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        // The end of its standard input is its order to clean up and go.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
