//! What a command of a claim file does, read from its words and never from its text: whether it only
//! observes ([`Doing`]), and whether its exit code tells of every failure.
//!
//! Shell lines are read by `rable`, which knows bash's grammar, into a tree of our own ([`tree`]) that has
//! a place only for what is understood.

mod change;
mod effect;
mod failure;
mod names;
mod options;
mod origin;
mod programs;
mod reader;
mod shape;
mod starve;
mod tree;
mod word;
mod wrapper;

#[cfg(test)]
mod tests;

use std::path::{Component, Path};

use crate::{CommandLine, CommandProbe, HttpProbe};
use kit::text::{Part, Scope, Text};

pub use change::{Doing, Mutation, Reach};
pub use failure::{Failures, Hidden};
pub use origin::{Likeness, Origin, likeness, origin};
pub use shape::{Shape, shape};
pub use starve::Starving;
use tree::{Rest, Word};

/// What a command does, with the values that are known.
pub fn doing(command: &CommandProbe, scope: &Scope) -> Doing {
    let of_line = match &command.line {
        CommandLine::Shell(text) => {
            let line = as_run(text);
            let known = with_environment(scope, command);
            effect::of_line(&line, &known)
        }
        CommandLine::Argv(words) => effect::of_words(&arguments(words, scope)),
    };
    let variables = command
        .env
        .iter()
        .map(|(name, _)| effect::of_variable(name));
    let doing = variables.fold(of_line, Doing::and);
    match doing {
        Doing::Mutates(change) if !command.cwd.as_ref().is_none_or(|cwd| is_below(cwd, scope)) => {
            Doing::mutates(change.what)
        }
        doing => doing,
    }
}

/// The values that a line's variables have, those of its own environment among them.
fn with_environment(scope: &Scope, command: &CommandProbe) -> Scope {
    let mut known = scope.clone();
    for (name, value) in &command.env {
        let value = value.bind(scope);
        if value.params().next().is_none() {
            known.insert(name.clone(), value.render(scope));
        } else {
            known.shift_remove(name);
        }
    }
    known
}

/// What a command hides of its failures.
pub fn failures(command: &CommandProbe, scope: &Scope) -> Failures {
    match &command.line {
        CommandLine::Shell(text) => {
            let line = as_run(text);
            failure::of_line(&line, scope, command.strict)
        }
        CommandLine::Argv(words) => failure::of_words(&arguments(words, scope)),
    }
}

/// How to run a command once more in a world in which its tools fail.
///
/// # Errors
/// Why nobody can be sure that nothing real runs there.
pub fn starving(command: &CommandProbe, scope: &Scope) -> Result<Starving, String> {
    if let Some((name, _)) = command.env.iter().find(|(name, _)| name == "PATH") {
        return Err(format!("its environment sets `{name}`"));
    }
    match &command.line {
        CommandLine::Shell(text) => {
            let line = as_run(text);
            let known = with_environment(scope, command);
            starve::of_line(&line, &known)
        }
        CommandLine::Argv(words) => starve::of_words(&arguments(words, scope)),
    }
}

/// What a request does: RFC 9110 (9.2.1) calls GET, HEAD and OPTIONS safe, and no other method here.
pub fn requesting(request: &HttpProbe) -> Doing {
    match request.method.as_str() {
        "GET" | "HEAD" | "OPTIONS" => Doing::Observes,
        method => Doing::mutates(method),
    }
}

/// The line as it is run: parameters are shell variables.
fn as_run(text: &Text) -> String {
    kit::shell::fill(text, kit::shell::reference)
}

/// Arguments that no shell reads.
fn arguments(texts: &[Text], scope: &Scope) -> Vec<Word> {
    texts.iter().map(|text| argument(text, scope)).collect()
}

fn argument(text: &Text, scope: &Scope) -> Word {
    let mut word = Word {
        shown: text.render(scope),
        ..Word::default()
    };
    for part in &text.bind(scope).parts {
        match part {
            Part::Literal(literal) => word.prefix.push_str(literal),
            Part::Param(_) => {
                word.rest = Rest::Open;
                break;
            }
        }
    }
    word
}

/// Whether a folder is inside of the one in which a check runs.
fn is_below(cwd: &Text, scope: &Scope) -> bool {
    let bound = cwd.bind(scope);
    bound.params().next().is_none()
        && Path::new(&bound.render(scope))
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}
