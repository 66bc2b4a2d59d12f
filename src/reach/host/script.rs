//! From an invocation to shell text. Values become data: no value is ever read as shell.

use super::fault::Fault;
use super::invocation::{Invocation, Script};
use kit::shell::quote;

/// The longest text of one command: the kernel takes no argument longer than 128 KiB, and
/// both transports hand the text over as one argument.
const LONGEST: usize = 120 * 1024;

/// The user's shell text with the parameters set before it, each on a line of its own.
pub(super) fn with_params(text: &str, params: &[(String, String)]) -> Result<String, Fault> {
    let mut whole = String::new();
    for (name, value) in params {
        check_name("parameter", name)?;
        whole.push_str(name);
        whole.push('=');
        whole.push_str(&quote(value));
        whole.push('\n');
    }
    whole.push_str(text);
    Ok(whole)
}

/// A command as one text for a shell that is given nothing else.
///
/// # Errors
/// A [`Fault`] when no shell takes it.
pub fn step_shell(invocation: &Invocation) -> Result<String, Fault> {
    check(invocation)?;
    let mut lines = String::new();
    for (name, value) in &invocation.env {
        lines.push_str(&format!("export {name}={}\n", quote(value)));
    }
    if let Some(cwd) = &invocation.cwd {
        // A relative folder may begin with `-`.
        let cwd = if cwd.starts_with('/') {
            cwd.clone()
        } else {
            format!("./{cwd}")
        };
        lines.push_str(&format!("cd {} || exit 126\n", quote(&cwd)));
    }
    lines.push_str(&match &invocation.script {
        Script::Shell(text) => with_params(text, &invocation.params)?,
        Script::Argv(args) => format!("exec {}", kit::shell::join(args)),
    });
    Ok(lines)
}

/// What cannot be handed to any shell or program is refused before anything runs.
pub(super) fn check(invocation: &Invocation) -> Result<(), Fault> {
    let texts: Vec<&str> = match &invocation.script {
        Script::Shell(text) => vec![text],
        Script::Argv(args) if args.is_empty() => {
            return Err(Fault::Other(
                "there is no program to run: its argument list is empty".into(),
            ));
        }
        Script::Argv(args) => args.iter().map(String::as_str).collect(),
    };
    let pairs = invocation.params.iter().chain(&invocation.env);
    let values = pairs.flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    let all: Vec<&str> = texts
        .into_iter()
        .chain(values)
        .chain(invocation.cwd.as_deref())
        .collect();
    if all.iter().any(|text| text.contains('\0')) {
        return Err(Fault::Other(
            "a command, parameter or variable holds a NUL byte".into(),
        ));
    }
    let length: usize = all.iter().map(|text| text.len()).sum();
    if length > LONGEST {
        return Err(Fault::Other(format!(
            "the command with its values is {length} bytes long; a shell takes at most {LONGEST}"
        )));
    }
    invocation
        .env
        .iter()
        .try_for_each(|(name, _)| check_name("environment variable", name))
}

/// A name that a POSIX shell takes (XBD 3.216).
fn check_name(what: &str, name: &str) -> Result<(), Fault> {
    let head = |c: char| c.is_ascii_alphabetic() || c == '_';
    let good = name.starts_with(head) && name.chars().all(|c| head(c) || c.is_ascii_digit());
    if good {
        Ok(())
    } else {
        Err(Fault::Other(format!(
            "`{name}` is not a valid name for a {what}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_on_lines_of_their_own_as_data() {
        let params = [
            ("a".to_owned(), "x".to_owned()),
            ("b".to_owned(), "$(touch y) 'z".to_owned()),
        ];
        assert_eq!(
            with_params("echo $b", &params).unwrap(),
            "a=x\nb='$(touch y) '\\''z'\necho $b"
        );
    }

    #[test]
    fn a_parameter_name_cannot_smuggle_in_shell_text() {
        for name in ["", "1a", "a b", "a;touch x", "a\nb", "ä"] {
            assert!(
                with_params("", &[(name.to_owned(), String::new())]).is_err(),
                "{name:?}"
            );
        }
    }
}
