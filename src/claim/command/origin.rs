//! What the words of a command tell about its teeth, before anything runs.

use super::names::{self, Named};
use super::reader;
use super::tree::{Node, Simple};
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
}

/// Where what a command prints comes from; nothing is known of a line that cannot be read.
pub fn origin(command: &CommandProbe, scope: &Scope) -> Origin {
    read(command, scope).map_or_else(Origin::default, |node| {
        let sources = names::sources(&node);
        Origin {
            query: sources
                .iter()
                .find(|source| source.is_query())
                .map(Named::shown),
            counts: names::counts(&node),
        }
    })
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
