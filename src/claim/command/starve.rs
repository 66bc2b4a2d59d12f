//! What it takes to run a line once more in a world in which its tools fail.
//!
//! In that world a folder stands first in `PATH` that has a failing program for each external word that
//! begins a command. Nothing real may run there a second time. So a line is starved only where each of its
//! words is known to be replaced, to be a command of the shell itself, or to compute from its input alone.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::options::{Options, Until, tell};
use super::programs::{awk_reads, sed_reads};
use super::reader;
use super::tree::{Node, Redirect, Simple, Word};
use super::word::Values;
use super::wrapper::{self, Inside, Run, What};

/// How a command is starved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Starving {
    /// The programs that fail in that world.
    pub tools: Vec<String>,
    /// Words that the line defines as functions. A program stands in for each, in case it is called before
    /// that; that it fails shows nothing.
    pub functions: Vec<String>,
    /// Programs that run a command elsewhere, such as `sudo` and `ssh`, each with the lines that it is
    /// given. In that world they run the line here, among failing tools.
    pub carriers: Vec<(String, Vec<String>)>,
    /// Whether the line waits: `sleep` does nothing in that world.
    pub waits: bool,
    /// Whether a program in it tells by its exit code the state that it prints.
    pub exit_tells: bool,
}

impl Starving {
    /// Every word that must be found in the folder.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let tools = self.tools.iter().chain(&self.functions).map(String::as_str);
        let carriers = self.carriers.iter().map(|(name, _)| name.as_str());
        tools.chain(carriers).chain(self.waits.then_some("sleep"))
    }
}

/// How to starve a shell line.
///
/// # Errors
/// Why it cannot be starved.
pub(super) fn of_line(line: &str, values: &IndexMap<String, String>) -> Result<Starving, String> {
    let mut walk = Walk {
        // Their values are taken as known, so the line must not set them.
        fixed: values.keys().cloned().collect(),
        ..Walk::default()
    };
    walk.line(line, values)?;
    walk.found()
}

/// The same of words that no shell reads.
pub(super) fn of_words(words: &[Word]) -> Result<Starving, String> {
    let mut walk = Walk::default();
    walk.command(words, false)?;
    walk.found()
}

/// Commands of the shell that touch nothing outside of it. Everything else is replaced, or refused.
const OF_THE_SHELL: &[&str] = &[
    ":", "[", "break", "cd", "continue", "echo", "exit", "export", "false", "getopts", "local",
    "printf", "pwd", "read", "readonly", "return", "set", "shift", "test", "times", "true", "type",
    "ulimit", "umask", "unset", "wait",
];

/// Commands of the shell that reach further: no program in `PATH` stands in for them.
const REFUSED: &[&str] = &[
    ".",
    "alias",
    "bind",
    "builtin",
    "busybox",
    "coproc",
    "declare",
    "disown",
    "enable",
    "fc",
    "hash",
    "jobs",
    "kill",
    "let",
    "mapfile",
    "readarray",
    "source",
    "suspend",
    "typeset",
];

/// Lines inside of lines, at most.
const MAX_DEPTH: usize = 8;

#[derive(Default)]
struct Walk {
    tools: BTreeSet<String>,
    functions: BTreeSet<String>,
    carriers: BTreeMap<String, BTreeSet<String>>,
    waits: bool,
    exit_tells: bool,
    /// Variables whose values are taken as known.
    fixed: BTreeSet<String>,
    depth: usize,
}

impl Walk {
    fn found(mut self) -> Result<Starving, String> {
        self.tools.retain(|name| !self.functions.contains(name));
        if self.tools.is_empty() {
            return Err("it runs no program that could fail".to_owned());
        }
        let carriers = self.carriers.into_iter();
        Ok(Starving {
            carriers: carriers
                .map(|(name, lines)| (name, lines.into_iter().collect()))
                .collect(),
            tools: self.tools.into_iter().collect(),
            functions: self.functions.into_iter().collect(),
            waits: self.waits,
            exit_tells: self.exit_tells,
        })
    }

    fn line(&mut self, line: &str, values: &IndexMap<String, String>) -> Result<(), String> {
        let node = reader::read(line, &Values::new(values)).map_err(|error| error.to_string())?;
        self.node(&node, false)
    }

    /// Looks through a command; `fed` if its input is the output of another one.
    fn node(&mut self, node: &Node, fed: bool) -> Result<(), String> {
        match node {
            Node::For { name, .. } => {
                self.may_set(name)?;
                self.fixed.insert(name.clone());
            }
            Node::Function { name, .. } => {
                self.functions.insert(name.clone());
            }
            _ => {}
        }
        node.redirects().iter().try_for_each(reads_only)?;
        let mut runs = node.words().into_iter().flat_map(|word| &word.runs);
        runs.try_for_each(|node| self.node(node, false))?;
        for (at, part) in node.parts().into_iter().enumerate() {
            let piped = at > 0 && matches!(node, Node::Pipe { .. });
            self.node(part, fed || piped)?;
        }
        let Node::Simple(Simple {
            assignments, words, ..
        }) = node
        else {
            return Ok(());
        };
        let mut set = assignments.iter().map(|set| &set.name);
        set.try_for_each(|name| self.may_set(name))?;
        self.command(words, fed)
    }

    fn command(&mut self, words: &[Word], fed: bool) -> Result<(), String> {
        let Some((first, args)) = words.split_first() else {
            return Ok(());
        };
        let Some(name) = first.text() else {
            return Err(format!(
                "which program `{}` is is known only when it runs",
                first.shown
            ));
        };
        if name.contains('/') {
            return Err(format!("`{name}` is a path, and is not looked for in PATH"));
        }
        if REFUSED.contains(&name) {
            return Err(format!("nothing stands in for `{name}`"));
        }
        if OF_THE_SHELL.contains(&name) {
            let sets = matches!(
                name,
                "export" | "getopts" | "local" | "read" | "readonly" | "unset"
            ) || name == "printf" && args.first().and_then(Word::text) == Some("-v");
            return match sets {
                true => args.iter().try_for_each(|word| {
                    self.may_set(word.prefix.split('=').next().unwrap_or_default())
                }),
                false => Ok(()),
            };
        }
        if wrapper::IN_PLACE.contains(&name) {
            return self.in_place(name, args, fed);
        }
        if name == "sleep" {
            self.waits = true;
            return Ok(());
        }
        match wrapper::inside(name, args) {
            Inside::Itself | Inside::Nothing => {}
            Inside::Unknown(why) => return Err(why),
            Inside::Run(run) => return self.carrier(name, run),
        }
        let verb = args
            .iter()
            .filter_map(Word::text)
            .find(|arg| !arg.starts_with('-'));
        self.exit_tells |= name == "systemctl" && verb.is_some_and(|verb| verb.starts_with("is-"));
        if !(fed && computes(name, args)) {
            self.tools.insert(name.to_owned());
        }
        Ok(())
    }

    /// A program that runs another command here, through `PATH`, and does nothing else.
    fn in_place(&mut self, name: &str, args: &[Word], fed: bool) -> Result<(), String> {
        let options = || args.iter().filter_map(Word::text);
        let other_path = match name {
            "env" => options().next().is_some_and(|arg| arg.starts_with('-')),
            "command" => options().any(|arg| arg == "-p"),
            // A login shell makes a PATH of its own.
            "sh" | "bash" | "dash" | "ash" => options()
                .take_while(|arg| arg.starts_with('-'))
                .any(|arg| arg == "--login" || !arg.starts_with("--") && arg.contains('l')),
            _ => false,
        };
        if other_path {
            return Err(format!("`{name}` with these options has a PATH of its own"));
        }
        match wrapper::inside(name, args) {
            Inside::Run(run) => self.inner(&run, fed),
            Inside::Nothing => Ok(()),
            Inside::Unknown(why) => Err(why),
            Inside::Itself => Err(format!("what `{name}` runs is not known")),
        }
    }

    /// A command that another one runs.
    fn inner(&mut self, run: &Run, fed: bool) -> Result<(), String> {
        run.sets.iter().try_for_each(|name| self.may_set(name))?;
        if self.depth >= MAX_DEPTH {
            return Err("too many commands inside of each other".to_owned());
        }
        self.depth += 1;
        let result = match &run.what {
            What::Words(words) => self.command(words, fed),
            What::Line { line, .. } => self.line(line, &IndexMap::new()),
        };
        self.depth -= 1;
        result
    }

    /// A program that runs a command elsewhere, or as somebody else.
    fn carrier(&mut self, name: &str, run: Run) -> Result<(), String> {
        self.inner(&run, false)?;
        let line = match run.what {
            What::Line { line, .. } => line,
            What::Words(words) => {
                let words = words.iter().map(|word| kit::shell::quote(&word.prefix));
                words.collect::<Vec<_>>().join(" ")
            }
        };
        let lines = self.carriers.entry(name.to_owned()).or_default();
        lines.insert(line);
        Ok(())
    }

    /// A line that sets PATH finds programs elsewhere, and one that sets what is taken as known runs others.
    fn may_set(&self, name: &str) -> Result<(), String> {
        let path = matches!(name, "PATH" | "BASH_ENV" | "ENV" | "LD_PRELOAD");
        if path || self.fixed.contains(name) {
            return Err(format!("it sets `{name}`"));
        }
        Ok(())
    }
}

/// A line may read files only.
fn reads_only(redirect: &Redirect) -> Result<(), String> {
    match redirect {
        Redirect::Write(word) => Err(format!("it writes `> {}`", word.shown)),
        // bash opens a connection for such a path.
        Redirect::Read(word) if word.prefix.starts_with("/dev/") => {
            Err(format!("it reads `< {}`", word.shown))
        }
        Redirect::Read(_) | Redirect::Away(_) | Redirect::Copy { .. } => Ok(()),
    }
}

/// Whether a program in a pipe only computes from its input: it names no file, and starts nothing.
fn computes(name: &str, args: &[Word]) -> bool {
    let operands = |known: &Options| tell(args, known, Until::TheEnd).ok();
    let none = |known: &Options| operands(known).is_some_and(|told| told.operands.is_empty());
    match name {
        "wc" => none(&Options::letters("clmwL", "")),
        "cat" => none(&Options::letters("AbeEnstTuv", "")),
        "sort" => none(&Options::letters("bcCdfghiMnrsuVz", "kt")),
        "uniq" => none(&Options::letters("cdiDuz", "fsw")),
        "cut" => none(&Options::letters("snz", "bcdf")),
        "head" | "tail" => {
            let numbers = |word: &Word| {
                word.text().is_some_and(|text| {
                    let digits = text.trim_start_matches(['-', '+']);
                    text.starts_with(['-', '+']) && digits.bytes().all(|b| b.is_ascii_digit())
                })
            };
            args.iter().all(numbers) || none(&Options::letters("qvz", "nc"))
        }
        "tac" | "rev" | "nl" | "md5sum" | "sha1sum" | "sha256sum" | "sha512sum" | "cksum" => {
            args.is_empty()
        }
        "tr" => true,
        "grep" | "egrep" | "fgrep" => {
            let known = Options {
                long: &[
                    "count",
                    "quiet",
                    "ignore-case",
                    "invert-match",
                    "only-matching",
                    "extended-regexp",
                    "fixed-strings",
                ],
                ..Options::letters("EFGPivwxclqosnha", "eABCm")
            };
            operands(&known)
                .is_some_and(|told| told.operands.len() == usize::from(!told.has("e")))
        }
        "awk" | "gawk" | "mawk" => {
            let known = Options::letters("", "Fv");
            tell(args, &known, Until::FirstOperand).is_ok_and(|told| {
                matches!(told.operands.as_slice(), [program] if program.text().is_some_and(awk_reads))
            })
        }
        "sed" => operands(&Options::letters("nErsuz", "")).is_some_and(|told| {
            matches!(told.operands.as_slice(), [script] if script.text().is_some_and(sed_reads))
        }),
        "jq" => operands(&Options::letters("rceSsnMCj", "")).is_some_and(|told| told.operands.len() == 1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starved(line: &str) -> Result<String, String> {
        of_line(line, &IndexMap::new()).map(|found| {
            let carriers = found
                .carriers
                .iter()
                .map(|(name, lines)| format!("{name}({})", lines.join(" / ")));
            let words: Vec<String> = found.tools.iter().cloned().chain(carriers).collect();
            words.join(" ")
        })
    }

    #[test]
    fn each_external_word_that_begins_a_command_is_replaced() {
        for (line, words) in [
            ("restic check", "restic"),
            ("restic check | tail -n 3", "restic"),
            ("ps aux | grep nginx | wc -l", "ps"),
            ("grep -c x log | sort log", "grep sort"),
            ("wc -l < log", "wc"),
            ("x=$(git rev-parse HEAD); [ \"$x\" = a ]", "git"),
            (
                "for f in $(ls); do test -e $f && nginx -t; done",
                "ls nginx",
            ),
            ("if curl -f x; then exit 1; fi", "curl"),
            ("timeout 5 tail -f log || true", "tail"),
            ("env LC_ALL=C df -h", "df"),
            ("sh -c 'restic check; true'", "restic"),
            ("pgrep x | xargs ps -o comm", "pgrep ps"),
            ("until pg_isready; do sleep 1; done", "pg_isready"),
            ("sudo restic check | cat", "restic sudo(restic check)"),
            ("ssh h 'ls /x | wc -l'", "ls ssh(ls /x | wc -l)"),
            ("docker exec c pg_isready", "pg_isready docker(pg_isready)"),
            ("docker ps -q", "docker"),
            ("diff <(ls a) <(ls b)", "diff ls"),
            ("cat <<'END' | jq .a\n{}\nEND", "cat"),
        ] {
            assert_eq!(starved(line).as_deref(), Ok(words), "{line}");
        }
    }

    #[test]
    fn a_line_in_which_something_real_could_run_is_not_starved() {
        for (line, why) in [
            ("./check.sh", "is a path"),
            ("/usr/bin/restic check", "is a path"),
            ("$tool check", "only when it runs"),
            ("kill -0 1", "nothing stands in"),
            (". ./env; restic check", "nothing stands in"),
            ("declare PATH=/x; restic check", "nothing stands in"),
            ("typeset -x PATH=/x; restic check", "nothing stands in"),
            ("PATH=/x:$PATH restic check", "it sets `PATH`"),
            ("export PATH=/x; restic check", "it sets `PATH`"),
            ("for t in ls df; do t=rm; $t x; done", "it sets `t`"),
            ("env -i restic check", "a PATH of its own"),
            ("command -p ls", "a PATH of its own"),
            ("bash -lc 'restic check'", "a PATH of its own"),
            ("bash check.sh", "is not known"),
            ("restic check > log", "it writes"),
            ("ssh h \"$line\"", "is not known"),
            ("ssh h", "runs what it reads"),
            ("ssh h /opt/check", "is a path"),
            ("sudo ./x", "is a path"),
            ("test -e x", "no program"),
            ("cat < /dev/tcp/h/80", "it reads"),
            ("eval \"$x\"", "known only when it runs"),
            ("ls | xargs -I{} sh -c {}", "is not known"),
        ] {
            let found = starved(line).unwrap_err();
            assert!(found.contains(why), "{line}: {found}");
        }
    }

    #[test]
    fn what_the_line_defines_itself_is_none_of_its_tools_and_is_replaced_all_the_same() {
        let found = of_line(
            "ask() { curl -s x; }; say() { echo a; }; ask; say",
            &IndexMap::new(),
        );
        let found = found.unwrap();
        assert_eq!(found.tools, ["curl"]);
        assert_eq!(found.words().collect::<Vec<_>>(), ["curl", "ask", "say"]);
        // Before its definition a word is a program.
        let early = of_line("ls; ls() { uname; }", &IndexMap::new()).unwrap();
        assert_eq!(early.words().collect::<Vec<_>>(), ["uname", "ls"]);
        let only = of_line("say() { echo a; }; say", &IndexMap::new());
        assert_eq!(only, Err("it runs no program that could fail".to_owned()));
    }
}
