//! From a probe to one line for people: what it sends, and what reproduces it by hand.

use std::time::Duration;

use super::invocation::STRICT;
use claim::{CommandLine, CommandProbe, HeaderValue, HttpProbe, Probe, Tls};
use kit::shell::{Quoting, quote};
use kit::text::{Scope, Text};
use reach::host::Host;

/// A probe on one line: the command with its values, or method and URL.
pub(super) fn describe_probe(probe: &Probe, scope: &Scope) -> String {
    let text = match probe {
        Probe::Command(command) => form(command, scope).unwrap_or_else(|| shown(command, scope)),
        Probe::Http(http) => {
            let mut line = format!("{} {}", http.method, http.url.render(scope));
            if let Some(address) = &http.resolve {
                line.push_str(&format!(" (resolve {})", address.render(scope)));
            }
            line
        }
        Probe::Human(human) => format!("human: {}", human.instruction),
    };
    text.split('\n')
        .map(str::trim)
        .collect::<Vec<_>>()
        .join("; ")
}

/// Whether the reader has written out the command from a form.
pub(super) fn is_form(probe: &Probe, scope: &Scope) -> bool {
    matches!(probe, Probe::Command(command) if form(command, scope).is_some())
}

/// A command that the reader has written out from a form, as the form.
fn form(command: &CommandProbe, scope: &Scope) -> Option<String> {
    let (name, mut about) = claim::read::form_of(command, scope)?;
    about.retain(|word| !word.is_empty());
    Some(format!("{name}: {}", kit::shell::join(&about)))
}

/// The command with its values filled in as a person would type it.
pub(super) fn shown(command: &CommandProbe, scope: &Scope) -> String {
    match &command.line {
        CommandLine::Argv(args) => {
            let args: Vec<String> = args.iter().map(|arg| arg.render(scope)).collect();
            kit::shell::join(&args)
        }
        CommandLine::Shell(text) => {
            let line = kit::shell::fill(text, |name, quoting| match scope.get(name) {
                // What is not known stays open, and is not an empty text.
                None => format!("${{{name}}}"),
                Some(value) if quoting == Quoting::Double => escape_double(value),
                Some(value) => quote(value),
            });
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
        Probe::Command(command) => by_shell(command, scope, prefix.is_empty()),
        Probe::Http(http) => by_curl(http, scope, timeout),
        Probe::Human(_) => return describe_probe(probe, scope),
    };
    let line = host.reproduce(&on_one_line(format!("{prefix}{line}")));
    match probe {
        Probe::Http(http) => format!("{}{line}", header_lines(http, scope)),
        Probe::Command(_) | Probe::Human(_) => line,
    }
}

/// The headers whose values are in the environment: name, prefix, variable.
fn from_environment(http: &HttpProbe) -> impl Iterator<Item = (&str, &Text, &str)> {
    http.headers.iter().filter_map(|(name, value)| match value {
        HeaderValue::Environment { name: env, prefix } => {
            Some((name.as_str(), prefix, env.as_str()))
        }
        HeaderValue::Text(_) => None,
    })
}

/// What gives curl the headers whose values are in the environment. They go through a pipe: on a
/// command line everybody on the machine could read them, and a host does not have the variable.
fn header_lines(http: &HttpProbe, scope: &Scope) -> String {
    let mut words = Vec::new();
    for (name, prefix, variable) in from_environment(http) {
        let prefix = escape_double(&prefix.render(scope));
        words.push(format!("{} \"{prefix}${variable}\"", quote(name)));
    }
    match words.is_empty() {
        true => String::new(),
        false => format!("printf '%s: %s\\n' {} | ", words.join(" ")),
    }
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

/// Goes to the folder of a command's own, before what follows; nothing where it has none.
pub(super) fn change_folder(command: &CommandProbe, scope: &Scope) -> String {
    command.cwd.as_ref().map_or_else(String::new, |cwd| {
        format!("cd {} && ", quote(&cwd.render(scope)))
    })
}

/// Sets the variables of a command's own for the program that follows; nothing where it has none.
pub(super) fn variables(command: &CommandProbe, scope: &Scope) -> String {
    let env = command.env.iter();
    let each = env.map(|(name, text)| format!("{name}={} ", quote(&text.render(scope))));
    let all: String = each.collect();
    match all.is_empty() {
        true => all,
        false => format!("env {all}"),
    }
}

/// `first`: nothing stands before it on the line.
fn by_shell(command: &CommandProbe, scope: &Scope, first: bool) -> String {
    let mut line = change_folder(command, scope);
    let plain = line.is_empty() && command.stdin.is_none();
    if let Some(stdin) = &command.stdin {
        line.push_str(&format!("printf %s {} | ", quote(&stdin.render(scope))));
    }
    let variables = variables(command, scope);
    let mut shown = shown(command, scope);
    if command.strict {
        shown.insert_str(0, STRICT);
    }
    match (&command.line, variables.is_empty()) {
        (CommandLine::Argv(_), _) => line.push_str(&format!("{variables}{shown}")),
        // What stands before belongs to all of the command and not only to its first part; and
        // an `exit` must not end the shell into which it is copied. What has line feeds gets a
        // shell of its own in any case (`on_one_line`).
        (CommandLine::Shell(_), true) if plain && first && shown.contains(char::is_control) => {
            line.push_str(&shown)
        }
        (CommandLine::Shell(_), true)
            if plain && !command.strict && !leaves(&shown) && (first || !parts(&shown)) =>
        {
            line.push_str(&shown)
        }
        (CommandLine::Shell(_), _) => {
            line.push_str(&format!("{variables}sh -c {}", quote(&shown)));
        }
    }
    line
}

/// Whether a line may have parts that go on when what stands before it has failed. Signs in quotes count as
/// well, and cost no more than a shell of its own.
fn parts(line: &str) -> bool {
    line.contains("||") || line.replace("&&", "").contains([';', '&', '\n'])
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
    let mut args: Vec<String> = ["curl", "-sS", "--noproxy", "*"].map(str::to_owned).into();
    args.extend([
        "--max-time".to_owned(),
        http.stream
            .unwrap_or(timeout)
            .min(timeout)
            .as_secs()
            .max(1)
            .to_string(),
    ]);
    match http.method.as_str() {
        "GET" => {}
        "HEAD" => args.push("--head".to_owned()),
        method => args.extend(["-X".to_owned(), method.to_owned()]),
    }
    match &http.tls {
        Tls::Verify => {}
        Tls::Insecure => args.push("-k".to_owned()),
        Tls::Ca(path) => args.extend(["--cacert".to_owned(), path.display().to_string()]),
    }
    if http.follow > 0 {
        args.extend([
            "-L".to_owned(),
            "--max-redirs".to_owned(),
            http.follow.to_string(),
        ]);
        if http.keep_cookies {
            // A file without a name: curl begins with no cookies, and keeps what comes.
            args.extend(["-b".to_owned(), String::new()]);
        }
    }
    if let Some(address) = &http.resolve
        && let Some(pin) = resolve_option(&url, &address.render(scope))
    {
        args.extend(pin);
    }
    if from_environment(http).next().is_some() {
        // curl reads the lines of its standard input as headers.
        args.extend(["-H".to_owned(), "@-".to_owned()]);
    }
    for (name, value) in &http.headers {
        let HeaderValue::Text(value) = value else {
            continue;
        };
        let value = value.render(scope);
        // curl takes a header without a value as one to leave out, unless a semicolon ends it.
        let header = match value.trim() {
            "" => format!("{name};"),
            _ => format!("{name}: {value}"),
        };
        args.extend(["-H".to_owned(), header]);
    }
    if let Some(body) = &http.body {
        let typed = |(name, _): &(String, HeaderValue)| name.eq_ignore_ascii_case("content-type");
        if !http.headers.iter().any(typed) {
            // curl would call it a form.
            args.extend(["-H".to_owned(), "Content-Type:".to_owned()]);
        }
        // Not `--data-binary`, which reads a file when the body begins with `@`.
        args.extend(["--data-raw".to_owned(), body.render(scope)]);
    }
    args.extend(["-w".to_owned(), "\\n%{http_code}\\n".to_owned(), url]);
    kit::shell::join(&args)
}

/// `--resolve host:port:address`, or `--connect-to` where the address names a port or a name.
fn resolve_option(url: &str, address: &str) -> Option<[String; 2]> {
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
    fn nothing_of_a_command_runs_when_its_folder_cannot_be_reached() {
        for text in [
            "echo a; echo b",
            "false || echo b",
            "true & echo b",
            "echo a\necho b\n",
        ] {
            for strict in [false, true] {
                let command = CommandProbe {
                    strict,
                    ..command(text)
                };
                let probe = Probe::Command(command);
                let line = |prefix| {
                    let limit = Duration::from_secs(1);
                    reproduce(&probe, &Scope::new(), prefix, &Host::local(), limit)
                };
                assert_eq!(sh(&line("false && ")), b"", "{}", line("false && "));
                assert!(
                    sh(&line("true && ")).ends_with(b"b\n"),
                    "{}",
                    line("true && ")
                );
            }
        }
    }

    #[test]
    fn a_strict_script_is_reproduced_in_one_shell_and_stops_at_its_first_failure() {
        let command = CommandProbe {
            strict: true,
            ..command("echo a\nfalse\necho b\n")
        };
        let probe = Probe::Command(command);
        let limit = Duration::from_secs(1);
        let line = reproduce(&probe, &Scope::new(), "", &Host::local(), limit);
        assert_eq!(line.matches("sh -c").count(), 1, "{line}");
        assert_eq!(sh(&line), b"a\n", "{line}");
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
            keep_cookies: false,
            stream: None,
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
