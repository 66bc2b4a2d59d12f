//! A written command as the probe of a check: its place, and a request where it is one.

use std::sync::LazyLock;

use regex::Regex;

use claim::CommandProbe;
use claim::command::{Doing, Reach, Shape, doing, shape};
use kit::text::{Scope, Text};

use super::draft::Value;
use super::texts::quoted;

/// A command, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrittenCommand {
    /// The host that `ssh` names.
    pub(super) host: Option<String>,
    /// The line as the host runs it.
    pub(super) line: String,
    pub(super) request: Option<WrittenRequest>,
    /// The values of a loop around it, with the name of its variable.
    pub(super) each: Option<(String, Vec<String>)>,
    /// Whether it reads otherwise than it was written.
    pub(super) changed: bool,
}

/// A request that `curl` makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct WrittenRequest {
    pub(super) url: String,
    pub(super) resolve: Option<String>,
    pub(super) insecure: bool,
    pub(super) timeout: Option<String>,
    pub(super) head: bool,
    /// Whether all that it prints is the status.
    pub(super) status_only: bool,
}

impl WrittenRequest {
    /// The keys of a check that make it.
    pub(super) fn keys(&self) -> Vec<(&'static str, Value)> {
        let mut keys = vec![("http", Value::Text(self.url.clone()))];
        if self.head {
            keys.push(("method", Value::Yaml("HEAD".to_owned())));
        }
        if let Some(address) = &self.resolve {
            keys.push(("resolve", Value::Yaml(quoted(address))));
        }
        if self.insecure {
            keys.push(("tls", Value::Yaml("insecure".to_owned())));
        }
        if let Some(timeout) = &self.timeout {
            keys.push(("timeout", Value::Yaml(timeout.clone())));
        }
        keys
    }
}

/// Takes a command apart.
pub(super) fn asked(written: &str) -> WrittenCommand {
    let written = written.trim();
    match shape(written) {
        Some(Shape::Loop { name, values }) => {
            looped(written, &name, values).unwrap_or_else(|| as_written(written))
        }
        Some(Shape::Words(words)) => of_words(written, &words),
        Some(Shape::Other) | None => as_written(written),
    }
}

fn as_written(written: &str) -> WrittenCommand {
    WrittenCommand {
        host: None,
        // `${name}` is a parameter of a claim file; here it belongs to the shell.
        line: Text::escape(written),
        request: None,
        each: None,
        changed: false,
    }
}

fn of_words(written: &str, words: &[String]) -> WrittenCommand {
    let [program, host, rest @ ..] = words else {
        return as_written(written);
    };
    if program == "ssh" && !host.starts_with('-') && !rest.is_empty() {
        // `ssh` joins its arguments with spaces, and the host's shell reads them.
        let line = rest.join(" ");
        return WrittenCommand {
            host: Some(host.clone()),
            request: request_of(&line),
            changed: true,
            ..as_written(&line)
        };
    }
    let request = request(words);
    WrittenCommand {
        changed: request.is_some(),
        request,
        ..as_written(written)
    }
}

fn request_of(line: &str) -> Option<WrittenRequest> {
    match shape(line)? {
        Shape::Words(words) => request(&words),
        Shape::Loop { .. } | Shape::Other => None,
    }
}

/// The request of a `curl`, if every one of its options is understood.
fn request(words: &[String]) -> Option<WrittenRequest> {
    let (program, args) = words.split_first()?;
    if program != "curl" {
        return None;
    }
    let mut request = WrittenRequest::default();
    let mut resolve: Option<String> = None;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let short = arg.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        match (arg.as_str(), short) {
            ("--silent" | "--show-error" | "--no-progress-meter", _) => {}
            ("--insecure", _) => request.insecure = true,
            ("--head", _) => request.head = true,
            ("--output", _) => away(args.next()?)?,
            ("--write-out", _) => request.status_only = prints_status(args.next()?)?,
            ("--max-time", _) => request.timeout = Some(seconds(args.next()?)?),
            ("--resolve", _) => resolve = Some(args.next()?.clone()),
            (_, Some(letters)) if !letters.is_empty() => {
                for (at, letter) in letters.char_indices() {
                    let mut value = || match &letters[at + 1..] {
                        "" => args.next().cloned(),
                        rest => Some(rest.to_owned()),
                    };
                    match letter {
                        's' | 'S' => continue,
                        'k' => request.insecure = true,
                        'I' => request.head = true,
                        'o' => {
                            away(&value()?)?;
                            break;
                        }
                        'w' => {
                            request.status_only = prints_status(&value()?)?;
                            break;
                        }
                        'm' => {
                            request.timeout = Some(seconds(&value()?)?);
                            break;
                        }
                        _ => return None,
                    }
                }
            }
            (url, None) if url.starts_with("http") && request.url.is_empty() => {
                request.url = url.to_owned();
            }
            _ => return None,
        }
    }
    if let Some(resolve) = resolve {
        request.resolve = Some(address(&resolve, &request.url)?);
    }
    (!request.url.is_empty() && !request.url.contains("${")).then_some(request)
}

fn away(file: &str) -> Option<()> {
    (file == "/dev/null").then_some(())
}

fn prints_status(format: &str) -> Option<bool> {
    let format = format.trim_end_matches("\\n");
    (format == "%{http_code}" || format == "%{response_code}").then_some(true)
}

fn seconds(text: &str) -> Option<String> {
    text.parse::<f64>().ok()?;
    Some(match text.contains('.') {
        true => format!("{}ms", (text.parse::<f64>().ok()? * 1000.0).round()),
        false => format!("{text}s"),
    })
}

/// The address of `--resolve HOST:PORT:ADDRESS`, where it is about the URL.
fn address(resolve: &str, url: &str) -> Option<String> {
    let mut parts = resolve.splitn(3, ':');
    let (host, port, address) = (parts.next()?, parts.next()?, parts.next()?);
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let default = if scheme == "https" { "443" } else { "80" };
    let (named, at) = authority.rsplit_once(':').unwrap_or((authority, default));
    (named == host && at == port).then(|| address.trim_matches(['[', ']']).to_owned())
}

/// Where the body of a loop begins.
static BODY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[;\n]\s*do\s").expect("a constant pattern"));

/// A loop over known values becomes one check for each.
fn looped(written: &str, name: &str, values: Vec<String>) -> Option<WrittenCommand> {
    let body = &written[BODY.find(written)?.end()..];
    let body = body
        .trim()
        .strip_suffix("done")?
        .trim()
        .trim_end_matches(';')
        .trim();
    let (host, line) = match remote(body) {
        Some((host, line)) => (Some(host), line),
        // What a local shell does to its other forms is not known.
        None if body.starts_with("ssh ") => return None,
        None => (None, body.to_owned()),
    };
    let line = parameter(&Text::escape(&line), name)?;
    Some(WrittenCommand {
        host,
        line,
        request: None,
        each: Some((name.to_owned(), values)),
        changed: true,
    })
}

/// The host and the line of `ssh HOST "LINE"`, as the local shell passes it but for its variables.
fn remote(body: &str) -> Option<(String, String)> {
    let rest = body.strip_prefix("ssh ")?;
    let (host, quoted) = rest.trim_start().split_once(' ')?;
    let inner = quoted.trim().strip_prefix('"')?.strip_suffix('"')?;
    let mut line = String::new();
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' if chars.peek().is_some_and(|next| "\"\\`".contains(*next)) => {
                line.extend(chars.next());
            }
            // A dollar sign for the host's shell, which a parameter could not be told from.
            '\\' if chars.peek() == Some(&'$') => return None,
            '`' => return None,
            c => line.push(c),
        }
    }
    (!host.starts_with('-') && !line.contains("$(")).then(|| (host.to_owned(), line))
}

/// A line with the loop's variable as a parameter.
fn parameter(line: &str, name: &str) -> Option<String> {
    let plain = Regex::new(&format!(r#""?(?:\$\$\{{{name}\}}|\${name}\b)"?"#)).ok()?;
    let parameter = format!("${{{name}}}");
    let changed = plain
        .replace_all(line, regex::NoExpand(&parameter))
        .into_owned();
    changed.contains(&parameter).then_some(changed)
}

/// What stands for something that the document leaves out.
pub(super) static ELIDED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\.\.\./|…|<[a-z][a-z _-]*>").expect("a constant pattern"));

/// What a command does.
pub(super) fn effect_of(asked: &WrittenCommand) -> Doing {
    if asked.request.is_some() {
        return Doing::Observes;
    }
    // A placeholder is a word, and no redirection.
    let line = ELIDED.replace_all(&asked.line, "elided");
    let mut scope = Scope::new();
    if let Some((name, values)) = &asked.each {
        scope.extend(values.first().map(|value| (name.clone(), value.clone())));
    }
    does(&line, &scope)
}

fn does(line: &str, scope: &Scope) -> Doing {
    doing(&CommandProbe::shell(Text::parse(line)), scope)
}

/// Whether a change reaches beyond the folder in which the command runs.
pub(super) fn changes_the_world(doing: &Doing) -> bool {
    matches!(doing, Doing::Mutates(change) if change.reach == Reach::World)
}

/// Whether a program is one whose effect is known.
pub(super) fn is_known(program: &str) -> bool {
    let unknown = format!("what `{program}` does is not known");
    !matches!(does(&format!("{program} x"), &Scope::new()), Doing::Unknown(why) if why == unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_another_host_is_taken_out_of_its_quotes() {
        let found = asked("ssh cc-ci 'ls -A /x | wc -l'");
        assert_eq!(found.host.as_deref(), Some("cc-ci"));
        assert_eq!(found.line, "ls -A /x | wc -l");
        let kept = asked("ssh -p 22 cc-ci ls");
        assert_eq!((kept.host, kept.changed), (None, false));
        assert_eq!(asked("echo ${HOME}").line, "echo $${HOME}");
    }

    #[test]
    fn a_curl_is_a_request_if_every_option_is_understood() {
        let line = "ssh h 'curl -sk -o /dev/null -w \"%{http_code}\" --max-time 10 --resolve \"a.example:443:127.0.0.1\" \"https://a.example/v\"'";
        let request = asked(line).request.unwrap();
        assert_eq!(request.url, "https://a.example/v");
        assert_eq!(request.resolve.as_deref(), Some("127.0.0.1"));
        assert_eq!(request.timeout.as_deref(), Some("10s"));
        assert!(request.insecure && request.status_only);
        assert!(asked("curl -s https://a.example/").request.is_some());
        for kept in [
            "curl -s -L https://a.example/",
            "curl -s -X POST https://a.example/",
            "curl -s --resolve b:443:127.0.0.1 https://a.example/",
            "curl -s https://a.example/ | jq .x",
            "curl -o x https://a.example/",
        ] {
            assert_eq!(asked(kept).request, None, "{kept}");
        }
    }

    #[test]
    fn a_loop_over_known_values_is_one_check_for_each() {
        let line = "for svc in a b.timer; do ssh h \"systemctl cat $svc 2>/dev/null | grep -v '^#'\"\ndone";
        let found = asked(line);
        assert_eq!(found.host.as_deref(), Some("h"));
        assert_eq!(
            found.line,
            "systemctl cat ${svc} 2>/dev/null | grep -v '^#'"
        );
        assert_eq!(found.each.unwrap().1, ["a", "b.timer"]);
        let lines = "for do in a\ndo\n  cat $do\ndone";
        assert_eq!(asked(lines).line, "cat ${do}");
        assert_eq!(asked("for f in *; do cat $f; done").each, None);
    }
}
