//! One command with all it needs.

use std::time::Duration;

/// What to run: a shell line, or an argument vector that no shell reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// Given to `/bin/sh -c`.
    Shell(String),
    /// Program and arguments.
    Argv(Vec<String>),
}

/// What becomes of processes that the command leaves in its process group when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftovers {
    /// They are killed (checks).
    Kill,
    /// They stay (a fixture's `do:` may start something).
    Keep,
}

/// One command with all it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// What to run.
    pub script: Script,
    /// Shell variables set (not exported) before a [`Script::Shell`] runs: values reach the
    /// shell as data and are never part of its text.
    pub params: Vec<(String, String)>,
    /// Environment variables to set.
    pub env: Vec<(String, String)>,
    /// The folder to run in; the transport's own default without it.
    pub cwd: Option<String>,
    /// What the command reads on standard input; nothing (end of file) without it.
    pub stdin: Option<Vec<u8>>,
    /// After this the whole process tree is killed, by the host itself.
    pub deadline: Duration,
    /// At most so many bytes of each stream are stored; the rest is counted.
    pub output_limit: usize,
    /// What becomes of left-over processes.
    pub leftovers: Leftovers,
    /// Whether it may be sent to a host while others of this kind run there before it, and sent again
    /// when the link is lost before its turn: for what only observes.
    pub queued: bool,
}

impl Invocation {
    /// A command with nothing around it: no parameters, variables, folder or input; what it
    /// leaves running is killed. Struct update syntax adds the rest.
    pub fn new(script: Script, deadline: Duration, output_limit: usize) -> Invocation {
        Invocation {
            script,
            params: Vec::new(),
            env: Vec::new(),
            cwd: None,
            stdin: None,
            deadline,
            output_limit,
            leftovers: Leftovers::Kill,
            queued: false,
        }
    }
}
