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
    let (text, arguments) = body(command, scope)?;
    // The whole is read before any of it runs, so that nothing in it reads the rest.
    let (folder, variables) = (change_folder(command, scope), variables(command, scope));
    let mut head = format!("{prefix}{folder}{variables}sh -c \"$(cat)\"{arguments}");
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

/// The script, and its arguments as words of a shell line.
fn body(command: &CommandProbe, scope: &Scope) -> Option<(String, String)> {
    if command.stdin.is_some() {
        return None;
    }
    let (text, arguments) = match &command.line {
        CommandLine::Shell(_) => (shown(command, scope), String::new()),
        CommandLine::Argv(words) => {
            let words: Vec<String> = words.iter().map(|word| word.render(scope)).collect();
            let [shell, option, script, arguments @ ..] = words.as_slice() else {
                return None;
            };
            if shell != "sh" || option != "-c" {
                return None;
            }
            (script.clone(), format!(" {}", kit::shell::join(arguments)))
        }
    };
    let text = text.trim_matches('\n');
    let odd = |c: char| c.is_control() && c != '\n';
    if !text.contains('\n') || text.contains(odd) || arguments.contains(char::is_control) {
        return None;
    }
    let text = match command.strict {
        true => format!("{}\n{text}", STRICT.trim_end_matches([' ', ';'])),
        false => text.to_owned(),
    };
    Some((text, arguments))
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
    fn a_script_with_arguments_gets_them_and_other_words_are_no_script() {
        let words = |words: &[&str]| CommandProbe {
            line: CommandLine::Argv(words.iter().map(|word| Text::literal(*word)).collect()),
            ..command("", false)
        };
        let script = "echo \"$0\"\necho \"$1\"";
        let out = bash(&lines(words(&["sh", "-c", script, "name", "it's $HOME"]), "").unwrap());
        assert_eq!(out.stdout, b"name\nit's $HOME\n");
        for other in [
            &["sh", "-c", "echo one line"][..],
            &["cat", "-c", script],
            &["sh", "-c", script, "name", "a\nb"],
        ] {
            assert_eq!(lines(words(other), ""), None, "{other:?}");
        }
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
