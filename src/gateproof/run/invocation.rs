//! From a command probe to what is really run.

use std::path::Path;
use std::time::Duration;

use claim::{CommandLine, CommandProbe};
use kit::text::{Scope, Text};
use reach::host::{Invocation, Leftovers, Script};

/// At most so many bytes of each stream of a command are stored.
pub(super) const OUTPUT_LIMIT: usize = 1024 * 1024;

/// What a place gives to every command that runs there.
#[derive(Clone, Debug, Default)]
pub(super) struct PlaceContext {
    /// The folder to run in.
    pub(super) cwd: Option<String>,
    /// Environment variables, before the command's own.
    pub(super) env: Vec<(String, String)>,
}

/// What a command probe runs, with its values passed beside the text and never in it.
pub(super) fn command(
    probe: &CommandProbe,
    scope: &Scope,
    at: &PlaceContext,
    deadline: Duration,
    leftovers: Leftovers,
) -> Invocation {
    let (script, params) = match &probe.line {
        CommandLine::Shell(text) => {
            let (script, params) = shell(text, scope);
            (strict(script, probe), params)
        }
        CommandLine::Argv(args) => {
            let args = args.iter().map(|arg| arg.render(scope)).collect();
            (Script::Argv(args), Vec::new())
        }
    };
    Invocation {
        script,
        params,
        env: at
            .env
            .iter()
            .cloned()
            .chain(
                probe
                    .env
                    .iter()
                    .map(|(name, text)| (name.clone(), text.render(scope))),
            )
            .collect(),
        cwd: folder(probe.cwd.as_ref().map(|text| text.render(scope)), at),
        stdin: probe
            .stdin
            .as_ref()
            .map(|text| text.render(scope).into_bytes()),
        deadline,
        output_limit: OUTPUT_LIMIT,
        leftovers,
        queued: false,
    }
}

/// What makes a script stop at the first command that fails. A shell without `pipefail` ends at `set -o`,
/// so that it is tried in a shell of its own. All of it stands in the script's first line: the numbers of
/// lines in messages stay right.
pub(super) const STRICT: &str = "set -e; (set -o pipefail) 2>/dev/null && set -o pipefail; ";

fn strict(script: Script, probe: &CommandProbe) -> Script {
    match script {
        Script::Shell(line) if probe.strict => Script::Shell(format!("{STRICT}{line}")),
        other => other,
    }
}

/// The folder to run in: the command's own is relative to the place's, so that in a clone a
/// relative one is a folder of the clone.
fn folder(own: Option<String>, at: &PlaceContext) -> Option<String> {
    match (own, &at.cwd) {
        (Some(own), Some(base)) => Some(Path::new(base).join(own).to_string_lossy().into_owned()),
        (own, base) => own.or_else(|| base.clone()),
    }
}

/// The shell text with references to variables, and the variables with their values.
fn shell(text: &Text, scope: &Scope) -> (Script, Vec<(String, String)>) {
    let mut params: Vec<(String, String)> = Vec::new();
    let line = kit::shell::fill(text, |name, quoting| {
        let variable = kit::shell::variable(name);
        if !params.iter().any(|(known, _)| *known == variable) {
            let value = scope.get(name).cloned().unwrap_or_default();
            params.push((variable, value));
        }
        kit::shell::reference(name, quoting)
    });
    (Script::Shell(line), params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::shell::quote;
    use proptest::prelude::*;

    fn probe(text: &str) -> CommandProbe {
        CommandProbe::shell(Text::parse(text))
    }

    fn scope(value: &str) -> Scope {
        Scope::from_iter([("v".to_owned(), value.to_owned())])
    }

    fn sh(line: &str) -> Vec<u8> {
        let out = std::process::Command::new("sh").args(["-c", line]).output();
        out.unwrap().stdout
    }

    proptest! {
        #[test]
        fn values_reach_the_shell_as_data_in_every_kind_of_quotes(value in "[^\0]{0,30}") {
            for text in ["printf '[%s]' ${v}", "printf '[%s]' \"${v}\"", "printf '[%s]' \"$(printf %sx ${v})\""] {
                let run = super::command(&probe(text), &scope(&value), &PlaceContext::default(), Duration::from_secs(1), Leftovers::Kill);
                let Script::Shell(line) = &run.script else { panic!() };
                prop_assert!(value.len() < 4 || !line.contains(&value));
                let assign: String = run.params.iter().map(|(n, v)| format!("{n}={}\n", quote(v))).collect();
                let tail = if text.contains("%sx") { "x" } else { "" };
                prop_assert_eq!(sh(&(assign + line)), format!("[{value}{tail}]").into_bytes());
            }
        }
    }
}
