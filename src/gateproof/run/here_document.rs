//! A command of several lines as a here-document: what a person pastes, and can read. Pure.

use claim::{CommandLine, CommandProbe, Probe};
use kit::text::Scope;
use reach::host::Host;

use super::invocation::STRICT;
use super::reproduce::{change_folder, shown, variables};

/// The lines that run the command, for a shell on this machine: the first says where, the others are
/// the command as the claim file has it, with its values. `prefix` goes to the folder of the place on
/// its host.
///
/// `None` where the command is one line, or has a standard input of its own, or characters that
/// cannot be pasted.
pub(super) fn here_document(
    probe: &Probe,
    scope: &Scope,
    prefix: &str,
    host: &Host,
) -> Option<String> {
    let Probe::Command(command) = probe else {
        return None;
    };
    let text = body(command, scope)?;
    // The whole is read before any of it runs, so that nothing in it reads the rest.
    let (folder, variables) = (change_folder(command, scope), variables(command, scope));
    let mut head = format!("{prefix}{folder}{variables}sh -c \"$(cat)\"");
    if host.is_local() {
        // The document is the input of the shell that reads it, and not only of the last command.
        head = format!("( {head} )");
    }
    let end = end_of(&text);
    Some(format!(
        "{} <<'{end}'\n{text}\n{end}",
        host.reproduce(&head)
    ))
}

fn body(command: &CommandProbe, scope: &Scope) -> Option<String> {
    if !matches!(command.line, CommandLine::Shell(_)) || command.stdin.is_some() {
        return None;
    }
    let text = shown(command, scope);
    let text = text.trim_matches('\n');
    let odd = |c: char| c.is_control() && c != '\n';
    if !text.contains('\n') || text.contains(odd) {
        return None;
    }
    match command.strict {
        true => Some(format!("{}\n{text}", STRICT.trim_end_matches([' ', ';']))),
        false => Some(text.to_owned()),
    }
}

/// A word that ends the document, and that no line of it is.
fn end_of(text: &str) -> String {
    let mut end = "EOF".to_owned();
    while text.lines().any(|line| line == end) {
        end.push('F');
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::text::Text;
    use proptest::prelude::*;

    fn command(text: &str, strict: bool) -> CommandProbe {
        CommandProbe {
            strict,
            ..CommandProbe::shell(Text::parse(text))
        }
    }

    fn lines(command: CommandProbe, value: &str) -> Option<String> {
        let scope = Scope::from_iter([("v".to_owned(), value.to_owned())]);
        here_document(&Probe::Command(command), &scope, "", &Host::local())
    }

    fn bash(lines: &str) -> std::process::Output {
        let out = std::process::Command::new("bash")
            .args(["-c", lines])
            .output();
        out.unwrap()
    }

    proptest! {
        #[test]
        fn what_is_pasted_does_the_same_whatever_the_value(value in "[^\0\r\n\t\u{1}-\u{1f}\u{7f}-\u{9f}]{0,30}") {
            let mut command = command("printf '[%s]' ${v}\nprintf '<%s>' \"$OWN\"\ncat", true);
            command.env.push(("OWN".to_owned(), Text::literal(&value)));
            let out = bash(&lines(command, &value).unwrap());
            prop_assert_eq!(out.stdout, format!("[{value}]<{value}>").into_bytes());
        }
    }

    #[test]
    fn a_strict_script_stops_at_its_first_failure_and_a_line_like_its_end_does_not_end_it() {
        let out =
            bash(&lines(command("echo a\ncat <<X\nEOF\nX\nfalse\necho b", true), "").unwrap());
        assert_eq!(
            (out.stdout, out.status.code()),
            (b"a\nEOF\n".to_vec(), Some(1))
        );
        let out = bash(&lines(command("false\necho b", false), "").unwrap());
        assert_eq!(out.stdout, b"b\n");
    }

    #[test]
    fn a_line_and_what_cannot_be_pasted_are_no_here_document() {
        for text in ["echo a", "echo a\n", "echo \u{1}\necho b"] {
            assert_eq!(lines(command(text, false), ""), None, "{text:?}");
        }
        let stdin = Some(Text::literal("x"));
        let fed = CommandProbe {
            stdin,
            ..command("cat\ncat", false)
        };
        assert_eq!(lines(fed, ""), None);
    }
}
