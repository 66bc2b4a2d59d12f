//! From a probe to what is really run, and to the one line that reproduces it by hand.

use std::path::Path;
use std::time::Duration;

use claim::{CommandLine, CommandProbe, HttpProbe, Probe, Tls};
use kit::shell::{Quoting, ShellScanner, quote};
use kit::text::{Part, Scope, Text};
use reach::host::{Host, Invocation, Leftovers, Script};

/// At most so many bytes of each stream of a command are kept.
pub(super) const OUTPUT_LIMIT: usize = 1024 * 1024;

/// What a place gives to every command that runs there.
#[derive(Clone, Debug, Default)]
pub(super) struct At {
    /// The folder to run in.
    pub(super) cwd: Option<String>,
    /// Environment variables, before the command's own.
    pub(super) env: Vec<(String, String)>,
}

/// What a command probe runs, with its values passed beside the text and never in it.
pub(super) fn invocation(
    probe: &CommandProbe,
    scope: &Scope,
    at: &At,
    deadline: Duration,
    leftovers: Leftovers,
) -> Invocation {
    let (script, params) = match &probe.line {
        CommandLine::Shell(text) => shell(text, scope),
        CommandLine::Argv(words) => {
            let words = words.iter().map(|word| word.render(scope)).collect();
            (Script::Argv(words), Vec::new())
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
    }
}

/// The folder to run in: the command's own is seen from the place's, so that in a clone a
/// relative one is a folder of the clone.
fn folder(own: Option<String>, at: &At) -> Option<String> {
    match (own, &at.cwd) {
        (Some(own), Some(base)) => Some(Path::new(base).join(own).to_string_lossy().into_owned()),
        (own, base) => own.or_else(|| base.clone()),
    }
}

/// Parameters become references to shell variables, in quotes of their own where they stand
/// outside of quotes: a value with spaces stays one word.
fn shell(text: &Text, scope: &Scope) -> (Script, Vec<(String, String)>) {
    let mut scanner = ShellScanner::default();
    let mut line = String::new();
    let mut params: Vec<(String, String)> = Vec::new();
    for part in &text.parts {
        match part {
            Part::Literal(literal) => {
                scanner.scan(literal);
                line.push_str(literal);
            }
            Part::Param(name) => {
                let value = scope.get(name).cloned().unwrap_or_default();
                line.push_str(&match scanner.quoting() {
                    Quoting::None => format!("\"${{{name}}}\""),
                    Quoting::Single | Quoting::Double => format!("${{{name}}}"),
                });
                if !params.iter().any(|(known, _)| known == name) {
                    params.push((name.clone(), value));
                }
            }
        }
    }
    (Script::Shell(line), params)
}

/// What is asked, on one line: the command with its values, or method and URL.
pub(super) fn asked(probe: &Probe, scope: &Scope) -> String {
    let text = match probe {
        Probe::Command(command) => shown(command, scope),
        Probe::Http(http) => {
            let mut line = format!("{} {}", http.method, http.url.render(scope));
            if let Some(address) = &http.resolve {
                line.push_str(&format!(" (resolve {})", address.render(scope)));
            }
            line
        }
        Probe::Human(human) => format!("human: {}", human.look),
    };
    text.split('\n')
        .map(str::trim)
        .collect::<Vec<_>>()
        .join("; ")
}

/// The command with its values filled in as a person would type it.
fn shown(command: &CommandProbe, scope: &Scope) -> String {
    match &command.line {
        CommandLine::Argv(words) => {
            let words: Vec<String> = words.iter().map(|word| word.render(scope)).collect();
            kit::shell::join(&words)
        }
        CommandLine::Shell(text) => {
            let mut scanner = ShellScanner::default();
            let mut line = String::new();
            for part in &text.parts {
                match part {
                    Part::Literal(literal) => {
                        scanner.scan(literal);
                        line.push_str(literal);
                    }
                    Part::Param(name) => {
                        let value = scope.get(name).map_or("", String::as_str);
                        match scanner.quoting() {
                            Quoting::Double => line.push_str(&escape_double(value)),
                            _ => line.push_str(&quote(value)),
                        }
                    }
                }
            }
            line.trim_end().to_owned()
        }
    }
}

fn escape_double(value: &str) -> String {
    value.chars().fold(String::new(), |mut out, c| {
        if matches!(c, '"' | '\\' | '$' | '`') {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// One line that does the same by hand, typed on this machine. `prefix` goes to the folder of the
/// place on its host.
pub(super) fn reproduce(
    probe: &Probe,
    scope: &Scope,
    prefix: &str,
    host: &Host,
    timeout: Duration,
) -> String {
    let line = match probe {
        Probe::Command(command) => by_shell(command, scope),
        Probe::Http(http) => by_curl(http, scope, timeout),
        Probe::Human(_) => return asked(probe, scope),
    };
    host.reproduce(&on_one_line(format!("{prefix}{line}")))
}

/// A line that can be copied from a terminal or a document: line feeds and other control
/// characters are made by `printf`, which knows octal escapes in every POSIX shell.
fn on_one_line(line: String) -> String {
    if !line.contains(char::is_control) {
        return line;
    }
    let mut format = String::new();
    for c in line.chars() {
        match c {
            '\\' => format.push_str("\\\\"),
            '%' => format.push_str("%%"),
            '\n' => format.push_str("\\n"),
            c if c.is_control() => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    format.push_str(&format!("\\{byte:03o}"));
                }
            }
            c => format.push(c),
        }
    }
    format!("sh -c \"$(printf {})\"", quote(&format))
}

fn by_shell(command: &CommandProbe, scope: &Scope) -> String {
    let mut line = String::new();
    if let Some(cwd) = &command.cwd {
        line.push_str(&format!("cd {} && ", quote(&cwd.render(scope))));
    }
    let plain = line.is_empty() && command.stdin.is_none();
    if let Some(stdin) = &command.stdin {
        line.push_str(&format!("printf %s {} | ", quote(&stdin.render(scope))));
    }
    let env: Vec<String> = command
        .env
        .iter()
        .map(|(name, text)| format!("{name}={}", quote(&text.render(scope))))
        .collect();
    let shown = shown(command, scope);
    match (&command.line, env.is_empty()) {
        (CommandLine::Argv(_), true) => line.push_str(&shown),
        (CommandLine::Argv(_), false) => {
            line.push_str(&format!("env {} {shown}", env.join(" ")));
        }
        // What stands before belongs to all of the command and not only to its first part; and
        // an `exit` must not end the shell of whoever copies it.
        (CommandLine::Shell(_), true) if plain && !leaves(&shown) => line.push_str(&shown),
        (CommandLine::Shell(_), true) => line.push_str(&format!("sh -c {}", quote(&shown))),
        (CommandLine::Shell(_), false) => {
            line.push_str(&format!("env {} sh -c {}", env.join(" "), quote(&shown)));
        }
    }
    line
}

/// Whether a line may end or change the shell it is typed into.
fn leaves(line: &str) -> bool {
    line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .any(|word| {
            matches!(
                word,
                "exit" | "exec" | "return" | "cd" | "set" | "kill" | "trap"
            )
        })
}

pub(super) fn by_curl(http: &HttpProbe, scope: &Scope, timeout: Duration) -> String {
    let url = http.url.render(scope);
    let mut words: Vec<String> = ["curl", "-sS", "--noproxy", "*"].map(str::to_owned).into();
    words.extend([
        "--max-time".to_owned(),
        timeout.as_secs().max(1).to_string(),
    ]);
    match http.method.as_str() {
        "GET" => {}
        "HEAD" => words.push("--head".to_owned()),
        method => words.extend(["-X".to_owned(), method.to_owned()]),
    }
    match &http.tls {
        Tls::Verify => {}
        Tls::Insecure => words.push("-k".to_owned()),
        Tls::Ca(path) => words.extend(["--cacert".to_owned(), path.display().to_string()]),
    }
    if http.follow > 0 {
        words.extend([
            "-L".to_owned(),
            "--max-redirs".to_owned(),
            http.follow.to_string(),
        ]);
    }
    if let Some(address) = &http.resolve
        && let Some(pin) = resolve_word(&url, &address.render(scope))
    {
        words.extend(pin);
    }
    for (name, value) in &http.headers {
        let value = value.render(scope);
        // curl takes a header without a value as one to leave out, unless a semicolon ends it.
        let header = match value.trim() {
            "" => format!("{name};"),
            _ => format!("{name}: {value}"),
        };
        words.extend(["-H".to_owned(), header]);
    }
    if let Some(body) = &http.body {
        let typed = |(name, _): &(String, Text)| name.eq_ignore_ascii_case("content-type");
        if !http.headers.iter().any(typed) {
            // curl would call it a form.
            words.extend(["-H".to_owned(), "Content-Type:".to_owned()]);
        }
        // Not `--data-binary`, which reads a file when the body begins with `@`.
        words.extend(["--data-raw".to_owned(), body.render(scope)]);
    }
    words.extend(["-w".to_owned(), "\\n%{http_code}\\n".to_owned(), url]);
    kit::shell::join(&words)
}

/// `--resolve host:port:address`, or `--connect-to` where the address names a port or a name.
fn resolve_word(url: &str, address: &str) -> Option<[String; 2]> {
    let url = reach::probe::Url::parse(url).ok()?;
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    let bare = address.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<std::net::IpAddr>().is_ok() {
        return Some(["--resolve".to_owned(), format!("{host}:{port}:{address}")]);
    }
    let target = if address.contains(':') {
        address.to_owned()
    } else {
        format!("{address}:{port}")
    };
    Some(["--connect-to".to_owned(), format!("{host}:{port}:{target}")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use reach::host::{Address, ReachOptions};

    fn command(text: &str) -> CommandProbe {
        CommandProbe {
            line: CommandLine::Shell(Text::parse(text)),
            cwd: None,
            env: Vec::new(),
            stdin: None,
        }
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
                let run = invocation(&command(text), &scope(&value), &At::default(), Duration::from_secs(1), Leftovers::Kill);
                let Script::Shell(line) = &run.script else { panic!() };
                prop_assert!(value.len() < 4 || !line.contains(&value));
                let assign: String = run.params.iter().map(|(n, v)| format!("{n}={}\n", quote(v))).collect();
                let tail = if text.contains("%sx") { "x" } else { "" };
                prop_assert_eq!(sh(&(assign + line)), format!("[{value}{tail}]").into_bytes());
            }
        }

        #[test]
        fn the_line_to_copy_is_one_line_and_does_the_same(value in "[^\0]{0,30}", input in "[^\0]{0,20}") {
            let mut command = command("printf '[%s]' ${v}\ncat # 100%\n");
            command.stdin = Some(Text::literal(&input));
            let line = reproduce(&Probe::Command(command), &scope(&value), "", &Host::local(), Duration::from_secs(1));
            prop_assert!(!line.contains(char::is_control));
            prop_assert_eq!(sh(&line), format!("[{value}]{input}").into_bytes());
        }

        #[test]
        fn the_line_shown_to_people_does_the_same(value in "[^\0\n]{0,30}") {
            for text in ["printf '[%s]' ${v}", "printf '[%s]' \"a ${v}\""] {
                let shown = shown(&command(text), &scope(&value));
                let prefix = if text.contains("a $") { "a " } else { "" };
                prop_assert_eq!(sh(&shown), format!("[{prefix}{value}]").into_bytes());
            }
        }
    }

    #[test]
    fn the_seeds_probe_is_reproduced_as_the_seed_wrote_it() {
        let http = HttpProbe {
            method: "GET".to_owned(),
            url: Text::literal("https://ci.commoninternet.net/"),
            resolve: Some(Text::literal("127.0.0.1")),
            tls: Tls::Insecure,
            headers: Vec::new(),
            body: None,
            follow: 0,
            vantage: Vec::new(),
        };
        let options = ReachOptions {
            ssh_config: None,
            connect_timeout: Duration::from_secs(1),
        };
        let host = Host::open("cc-ci", &Address::Ssh("root@cc-ci:2222".into()), &options);
        let line = reproduce(
            &Probe::Http(http),
            &Scope::new(),
            "",
            &host,
            Duration::from_secs(5),
        );
        assert_eq!(
            line,
            r#"ssh -p 2222 root@cc-ci 'curl -sS --noproxy '\''*'\'' --max-time 5 -k --resolve ci.commoninternet.net:443:127.0.0.1 -w '\''\n%{http_code}\n'\'' https://ci.commoninternet.net/'"#
        );
    }
}
