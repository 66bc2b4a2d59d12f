//! What the words of a command tell about its teeth, before anything runs.

use super::names::{self, Named};
use super::programs::net::{self, StatusTold};
use super::reader;
use super::tree::{Node, Rest, Simple, Word};
use super::word::Values;
use super::{arguments, as_run, with_environment};
use crate::{CommandLine, CommandProbe};
use kit::text::Scope;

/// Where what a command prints comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// A program that answers nothing, and exits with 0, also for what does not exist.
    pub query: Option<String>,
    /// Whether it prints a count, which is `0` of nothing.
    pub counts: bool,
    /// Whether it prints and ends as it is told, whatever the world is like.
    pub constant: bool,
    /// What it tells of the status of an answer, where it is a client of HTTP.
    pub status: Option<StatusTold>,
    /// The runner of tests whose exit code says whether one failed.
    pub tests: Option<String>,
}

/// Where what a command prints comes from; nothing is known of a line that cannot be read.
pub fn origin(command: &CommandProbe, scope: &Scope) -> Origin {
    read(command, scope).map_or_else(Origin::default, |node| {
        let sources = names::sources(&node);
        let last = last(&node).and_then(|simple| names::inmost(&simple.words, 0));
        Origin {
            query: sources
                .iter()
                .find(|source| source.is_query())
                .map(Named::shown),
            counts: names::counts(&node),
            constant: is_constant(&node),
            status: last.as_ref().and_then(status_told),
            tests: last.as_ref().and_then(test_runner),
        }
    })
}

/// The command whose exit code is that of the line.
fn last(node: &Node) -> Option<&Simple> {
    match node {
        Node::Simple(simple) => Some(simple),
        Node::Pipe { parts, negated } if !negated => last(parts.last()?),
        Node::List(items) => last(&items.last()?.0),
        Node::Group { body, .. } | Node::Subshell { body, .. } => last(body),
        _ => None,
    }
}

fn status_told((program, args): &(String, Vec<Word>)) -> Option<StatusTold> {
    (program == "curl").then(|| net::curl_tells(args))?
}

/// Whether every command of a line is a constant, and every word of it is known before it runs.
fn is_constant(node: &Node) -> bool {
    let commands = names::commands(node);
    !commands.is_empty() && commands.iter().all(Named::is_constant) && is_known(node)
}

/// Whether every word of it is known before it runs, and nothing is read from or written to a file.
fn is_known(node: &Node) -> bool {
    let known = |word: &&Word| word.rest == Rest::Known && word.runs.is_empty();
    node.words().iter().all(known)
        && node.redirects().is_empty()
        && node.parts().into_iter().all(is_known)
}

/// A runner of tests that exits with 0 only where every test passed.
fn test_runner((program, args): &(String, Vec<Word>)) -> Option<String> {
    let args: Vec<&str> = args.iter().filter_map(Word::text).collect();
    let runs = match (program.as_str(), args.as_slice()) {
        (
            "pytest" | "py.test" | "jest" | "vitest" | "mocha" | "rspec" | "phpunit" | "ctest"
            | "prove" | "tox" | "nox" | "bats",
            _,
        )
        | ("go" | "npm" | "yarn" | "pnpm" | "bun" | "deno" | "dotnet" | "mix", ["test", ..])
        | ("cargo", ["test" | "nextest", ..]) => true,
        (name, ["-m", "pytest" | "unittest", ..]) => name.starts_with("python"),
        _ => false,
    };
    runs.then(|| program.clone())
}

/// How two commands are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// The other one is a constant: it prints or ends as it is told.
    Constant,
    /// They have no program in common.
    Strange,
    /// They have one, or nobody can tell.
    Alike,
}

/// How a control's command is like that of its check.
pub fn likeness(check: &CommandProbe, control: &CommandProbe, scope: &Scope) -> Likeness {
    let (Some(check), Some(control)) = (read(check, scope), read(control, scope)) else {
        return Likeness::Alike;
    };
    let real = |node: &Node| -> Vec<String> {
        let all = names::commands(node).into_iter();
        all.filter(|command| !command.is_constant())
            .map(|command| command.program)
            .collect()
    };
    let (check, control) = (real(&check), real(&control));
    if check.is_empty() {
        // A check that asks nothing of the world is another fault.
        Likeness::Alike
    } else if control.is_empty() {
        Likeness::Constant
    } else if control.iter().any(|program| check.contains(program)) {
        Likeness::Alike
    } else {
        Likeness::Strange
    }
}

fn read(command: &CommandProbe, scope: &Scope) -> Option<Node> {
    match &command.line {
        CommandLine::Shell(text) => {
            let line = as_run(text);
            let known = with_environment(scope, command);
            reader::read(&line, &Values::new(&known)).ok()
        }
        CommandLine::Argv(words) => Some(Node::Simple(Simple {
            words: arguments(words, scope),
            ..Simple::default()
        })),
    }
}
