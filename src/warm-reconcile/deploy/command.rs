//! Running one tool, and what it said.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::Cx;
use reach::host::{Fault, Invocation, Script};
use reach::observation::Ending;

/// So much of each stream is read; a tool's progress lines are far shorter.
const CAPTURED: usize = 1024 * 1024;
/// So much of both streams' ends is kept in a report, in bytes.
const TAIL: usize = 4096;
/// So many fatal lines are kept.
const FATAL_LINES: usize = 20;
/// What a tool may inherit. A compose file must not be filled in by whatever happens to be set.
const INHERITED: [&str; 12] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "DOCKER_CONFIG",
    "SSH_AUTH_SOCK",
    "XDG_RUNTIME_DIR",
    // How the host finds the processes of a command again, to kill them.
    "GATEPROOF_JOB",
    "GATEPROOF_RUN",
];

/// What the tools of one operation said. It decides nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DriverReport {
    /// The commands, in order.
    pub commands: Vec<CommandReport>,
    /// Lines on either stream that begin with `FATA`: abra prints them on standard output, and
    /// may exit 0 all the same.
    pub fatal: Vec<String>,
}

/// What one command said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommandReport {
    /// Program and arguments, without the `env -u` before them.
    pub argv: Vec<String>,
    pub end: CommandEnd,
    /// The end of its standard output, then of its standard error (at most 4 KiB each).
    pub output: String,
    /// How long it took.
    pub took: Duration,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandEnd {
    /// By itself, with this status.
    Exited(i32),
    Signalled(i32),
    /// Its deadline passed; its whole process tree was killed.
    TimedOut,
    /// It could not be run or watched.
    NotRun(String),
}

impl DriverReport {
    /// Whether every command exited 0 and none printed `FATA`. A hint for messages, no verdict.
    pub fn sounds_good(&self) -> bool {
        let good = |command: &CommandReport| command.end == CommandEnd::Exited(0);
        self.fatal.is_empty() && self.commands.iter().all(good)
    }

    /// The most telling line for a message: a fatal one, else the last command's ending.
    pub fn summary(&self) -> String {
        if let Some(line) = self.fatal.first() {
            return line.clone();
        }
        let Some(last) = self.commands.last() else {
            return "nothing was run".into();
        };
        let program = last.argv.join(" ");
        match &last.end {
            CommandEnd::Exited(code) => format!("`{program}` exited {code}"),
            CommandEnd::Signalled(signal) => format!("`{program}` was ended by signal {signal}"),
            CommandEnd::TimedOut => format!("`{program}` was killed at its deadline"),
            CommandEnd::NotRun(why) => format!("`{program}` did not run: {why}"),
        }
    }

    /// Whether every command ran to its own end.
    pub(super) fn ended(&self) -> bool {
        let ended = |command: &CommandReport| matches!(command.end, CommandEnd::Exited(_));
        self.commands.iter().all(ended)
    }

    /// Whether the last command exited 0.
    pub(super) fn last_exited_0(&self) -> bool {
        let last = self.commands.last();
        last.is_some_and(|command| command.end == CommandEnd::Exited(0))
    }

    /// Runs a command; gives its whole standard output, empty where it could not be run.
    pub async fn run(
        &mut self,
        cx: &Cx<'_>,
        limit: Duration,
        argv: Vec<String>,
        env: Vec<(String, String)>,
        cwd: &std::path::Path,
    ) -> String {
        let started = Instant::now();
        let mut foreign = foreign(std::env::vars_os());
        foreign.retain(|name| !env.iter().any(|(ours, _)| ours == name));
        let invocation = Invocation {
            env,
            cwd: Some(cwd.display().to_string()),
            ..Invocation::new(Script::Argv(only(&argv, &foreign)), limit, CAPTURED)
        };
        let (end, output, stdout) = match cx.host.run(&invocation).await {
            Ok(seen) => {
                let end = match seen.ending {
                    Ending::Exited(code) => CommandEnd::Exited(code),
                    Ending::Signalled(signal) => CommandEnd::Signalled(signal),
                };
                let (out, err) = (seen.stdout.text(), seen.stderr.text());
                self.note_fatal(&out);
                self.note_fatal(&err);
                let output = format!("{}{}", tail(&out), tail(&err));
                (end, output, out.to_string())
            }
            Err(Fault::Deadline { output, .. }) => {
                self.note_fatal(&output);
                (
                    CommandEnd::TimedOut,
                    tail(&output).to_owned(),
                    String::new(),
                )
            }
            Err(fault) => (
                CommandEnd::NotRun(fault.to_string()),
                String::new(),
                String::new(),
            ),
        };
        self.commands.push(CommandReport {
            argv,
            end,
            output,
            took: started.elapsed(),
        });
        stdout
    }

    fn note_fatal(&mut self, text: &str) {
        let room = FATAL_LINES.saturating_sub(self.fatal.len());
        self.fatal.extend(fatal_lines(text).take(room));
    }
}

/// Lines of level FATA, as abra's loggers write them (`FATA message`, `FATA[0003] message`),
/// with or without colours.
fn fatal_lines(text: &str) -> impl Iterator<Item = String> + '_ {
    let lines = text.split(['\n', '\r']).map(plain);
    lines
        .map(|line| line.trim().to_owned())
        .filter(|line| line.starts_with("FATA"))
}

/// Without colour sequences (`ESC [ … letter`).
fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        out.push_str(before);
        let end = after.find(|c: char| c.is_ascii_alphabetic());
        rest = end.map_or("", |end| &after[end + 1..]);
    }
    out + rest
}

/// The last bytes, from a character's beginning.
fn tail(text: &str) -> &str {
    let mut from = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}

/// The variables that a tool must not see. Only names that a compose file could name matter.
fn foreign(ours: impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)>) -> Vec<String> {
    let name = |text: &String| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !INHERITED.contains(&text.as_str())
    };
    let mut names: Vec<String> = ours
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(name)
        .collect();
    names.sort();
    names
}

/// The command with those variables taken away. Names only: values do not belong in a process
/// list.
fn only(argv: &[String], foreign: &[String]) -> Vec<String> {
    let mut words = vec!["env".to_owned()];
    for name in foreign {
        words.extend(["-u".to_owned(), name.clone()]);
    }
    words.extend_from_slice(argv);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fatal_lines_are_found_in_every_dress() {
        let text = "INFO fine\nFATA recipe has locally unstaged changes\n\
                    \x1b[1;31mFATA\x1b[0m deploy failed\r\n  FATA[0003] late\nno FATA here\n";
        let found: Vec<String> = fatal_lines(text).collect();
        assert_eq!(
            found,
            [
                "FATA recipe has locally unstaged changes",
                "FATA deploy failed",
                "FATA[0003] late"
            ]
        );
    }

    #[test]
    fn a_tool_inherits_only_what_is_named() {
        let ours = [
            "PATH",
            "HOME",
            "DOMAIN",
            "STACK_NAME",
            "BASH_FUNC_x%%",
            "GATEPROOF_JOB",
        ];
        let ours = ours.map(|name| (name.into(), "value".into()));
        let foreign = foreign(ours.into_iter());
        assert_eq!(foreign, ["DOMAIN", "STACK_NAME"]);
        let argv = only(&["docker".to_owned(), "info".to_owned()], &foreign);
        assert_eq!(
            argv,
            ["env", "-u", "DOMAIN", "-u", "STACK_NAME", "docker", "info"]
        );
    }

    proptest! {
        #[test]
        fn the_tail_is_an_end_and_bounded(text in "[a-zé€𝄞\n]{1,30}", times in 0usize..400) {
            let text = text.repeat(times);
            let end = tail(&text);
            prop_assert!(text.ends_with(end) && end.len() <= TAIL);
        }

        #[test]
        fn colours_are_taken_off_without_a_panic(text in "(\x1b\\[|[a-z0-9;é]){0,20}") {
            prop_assert!(!plain(&text).contains("\x1b["));
        }
    }
}
