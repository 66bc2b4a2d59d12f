//! Reading probes: `run:` or `http:`, with the keys that belong to each, and the timing.

use std::path::PathBuf;
use std::time::Duration;

use crate::codes;
use crate::{CommandLine, CommandProbe, HeaderValue, HttpProbe, Place, Probe, Timing, Tls};
use kit::text::{Part, Text};
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::tree::{Node, NodeKind};

use super::expectations::ProbeKind;
use super::forms::form_keys;
use super::reader::Reader;
use super::shell_text::single_quoted_param;
use kit::yaml::fields::Fields;

pub(super) const RUN_KEYS: &[&str] = &["run", "cwd", "env", "stdin", "strict", "hides_failure"];
pub(super) const HTTP_KEYS: &[&str] = &[
    "http", "method", "resolve", "tls", "headers", "body", "follow", "vantage", "stream", "cookies",
];
pub(super) const TIMING_KEYS: &[&str] = &[
    "timeout",
    "within",
    "fail_if",
    "never_within",
    "every",
    "repeat",
];

pub(super) const HEADER_KEYS: &[&str] = &["env", "prefix"];
pub(super) const TLS_KEYS: &[&str] = &["ca"];
pub(super) const REPEAT_KEYS: &[&str] = &["times", "at_least"];

pub(super) const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The largest command line that is sent to a shell, in bytes; Linux bounds one argument at 128 KiB.
const MAX_COMMAND: usize = 100_000;

impl Reader {
    /// Which kind of probe a map has; a map with none or both is reported.
    pub(super) fn asked(&mut self, fields: &Fields<'_>, what: &str) -> Option<ProbeKind> {
        match (fields.key("run"), fields.key("http")) {
            (Some(_), None) => Some(ProbeKind::Command),
            (None, Some(_)) => Some(ProbeKind::Http),
            (Some(_), Some((key, _))) => {
                self.report(
                    Diagnostic::new(
                        Code::CONFLICT,
                        key.span.clone(),
                        format!("{what} has either `run:` or `http:`, not both"),
                    )
                    .help("make two checks of it"),
                );
                None
            }
            (None, None) => {
                if !fields.meant("http") && !form_keys().any(|key| fields.meant(key)) {
                    let help = "or `http:`: it needs a probe";
                    self.missing_in(fields, what, "run", help);
                }
                None
            }
        }
    }

    /// The probe of a map that has this kind.
    pub(super) fn probe(
        &mut self,
        fields: &Fields<'_>,
        asked: ProbeKind,
        places: &KnownPlaces<'_>,
    ) -> Option<Probe> {
        match asked {
            ProbeKind::Command => {
                self.refuse_others(fields, HTTP_KEYS, "http", "run");
                let command = self.command(fields.get("run")?, fields)?;
                Some(Probe::Command(command))
            }
            ProbeKind::Http => {
                self.refuse_others(fields, RUN_KEYS, "run", "http");
                let http = self.http(fields.get("http")?, fields, places)?;
                Some(Probe::Http(http))
            }
        }
    }

    fn refuse_others(&mut self, fields: &Fields<'_>, keys: &[&str], theirs: &str, ours: &str) {
        for (key, _) in fields.iter() {
            if keys.contains(&key.text.as_str()) {
                self.report(
                    Diagnostic::new(
                        Code::CONFLICT,
                        key.span.clone(),
                        format!(
                            "`{}` belongs to `{theirs}:`, and this is `{ours}:`",
                            key.text
                        ),
                    )
                    .help("leave it out"),
                );
            }
        }
    }

    /// A bare command, or a map with `run:` and its keys (hosts' `revision:`, `service:`).
    pub(super) fn command_node(&mut self, node: &Node, what: &str) -> Option<CommandProbe> {
        match &node.kind {
            NodeKind::Map(_) => {
                let fields = self.map(node, what, RUN_KEYS)?;
                let Some(line) = fields.get("run") else {
                    self.missing(&node.span, what, "run", "the command");
                    return None;
                };
                self.command(line, &fields)
            }
            _ => {
                let line = self.command_line(node)?;
                Some(CommandProbe {
                    strict: several_lines(&line),
                    ..CommandProbe::plain(line)
                })
            }
        }
    }

    pub(super) fn command(&mut self, line: &Node, fields: &Fields<'_>) -> Option<CommandProbe> {
        let line = self.command_line(line);
        let cwd = fields.get("cwd").map(|n| self.text(n, "`cwd`"));
        let stdin = fields.get("stdin").map(|n| self.text(n, "`stdin`"));
        let env = fields.get("env").map(|n| self.environment(n));
        let strict = match fields.get("strict") {
            Some(node) => self
                .one_of(node, "`strict`", &["true", "false"])
                .map(|at| at == 0),
            None => Some(line.as_ref().is_some_and(several_lines)),
        };
        if let (Some(CommandLine::Argv(_)), Some((key, _))) = (&line, fields.key("strict")) {
            self.report(
                Diagnostic::new(
                    Code::CONFLICT,
                    key.span.clone(),
                    "`strict` is about the shell, and a list of words is read by none",
                )
                .help("leave it out"),
            );
        }
        let hides = fields.get("hides_failure").map(|node| {
            let why = self.fixed(node, "`hides_failure`")?;
            if why.trim().is_empty() {
                self.report(
                    Diagnostic::new(
                        Code::EMPTY,
                        node.span.clone(),
                        "`hides_failure` has no reason",
                    )
                    .help("say why a hidden failure is harmless here"),
                );
                return None;
            }
            Some(why)
        });
        Some(CommandProbe {
            line: line?,
            strict: strict?,
            hides: transpose(hides)?,
            cwd: transpose(cwd)?,
            env: env.unwrap_or_default(),
            stdin: transpose(stdin)?,
            in_tree: false,
        })
    }

    fn command_line(&mut self, node: &Node) -> Option<CommandLine> {
        if let NodeKind::List(_) = &node.kind {
            let items = self.items(node, "`run`");
            let words: Vec<Text> = items
                .iter()
                .filter_map(|item| self.text(item, "an argument"))
                .collect();
            return (words.len() == items.len() && !words.is_empty())
                .then_some(CommandLine::Argv(words));
        }
        let text = self.open_text(node, "`run`")?;
        let source = self.scalar(node, "`run`")?;
        if source.trim().is_empty() || source.contains('\0') || source.len() > MAX_COMMAND {
            self.report(Diagnostic::new(
                Code::BAD_VALUE,
                node.span.clone(),
                "a command must have text, no NUL character and at most 100,000 bytes",
            ));
            return None;
        }
        if let Some(name) = single_quoted_param(&text) {
            self.report(
                Diagnostic::new(
                    codes::QUOTED_PARAMETER,
                    node.span.clone(),
                    format!("`${{{name}}}` stands inside single quotes of the shell line"),
                )
                .help(format!(
                    "close the quotes around it: '…'\"${{{name}}}\"'…', or `$${{{name}}}` if the shell's own text is meant"
                )),
            );
            return None;
        }
        Some(CommandLine::Shell(text))
    }

    fn environment(&mut self, node: &Node) -> Vec<(String, Text)> {
        let Some(fields) = self.open_map(node, "`env`") else {
            return Vec::new();
        };
        let mut env = Vec::new();
        for (key, value) in fields.iter() {
            if self.check_variable(&key.text, &key.span)
                && let Some(text) = self.text(value, "an environment variable")
            {
                env.push((key.text.clone(), text));
            }
        }
        env
    }

    fn http(
        &mut self,
        url: &Node,
        fields: &Fields<'_>,
        places: &KnownPlaces<'_>,
    ) -> Option<HttpProbe> {
        let text = self.text(url, "`http`");
        if let Some(text) = &text {
            let sample = sample_url(text);
            if let Err(why) = reach::probe::check_url(&sample) {
                self.report(
                    Diagnostic::new(
                        codes::BAD_URL,
                        url.span.clone(),
                        "not a URL that a request can be sent to",
                    )
                    .label(why)
                    .help("for example `https://ci.example.org/`"),
                );
            }
        }
        let method = match fields.get("method") {
            Some(node) => self
                .one_of(node, "`method`", METHODS)
                .map(|at| METHODS[at].to_owned()),
            None => Some("GET".to_owned()),
        };
        let resolve = fields.get("resolve").map(|n| self.text(n, "`resolve`"));
        let body = fields.get("body").map(|n| self.text(n, "`body`"));
        let follow = match fields.get("follow") {
            Some(node) => self.integer(node, "`follow`", 0, 20),
            None => Some(0),
        };
        let cookies = match fields.get("cookies") {
            Some(node) => self.kept_cookies(node, follow),
            None => Some(false),
        };
        let tls = match fields.get("tls") {
            Some(node) => self.tls(node),
            None => Some(Tls::Verify),
        };
        let stream = fields.get("stream").map(|n| self.window(n, "`stream`"));
        let headers = fields.get("headers").map(|n| self.request_headers(n));
        let vantage = match fields.get("vantage") {
            Some(node) => self
                .items(node, "`vantage`")
                .into_iter()
                .filter_map(|item| self.place(item, places))
                .collect(),
            None => Vec::new(),
        };
        Some(HttpProbe {
            method: method?,
            url: text?,
            resolve: transpose(resolve)?,
            tls: tls?,
            headers: headers.unwrap_or_default(),
            body: transpose(body)?,
            follow: u32::try_from(follow?).unwrap_or(0),
            keep_cookies: cookies?,
            stream: transpose(stream)?,
            vantage,
        })
    }

    /// `cookies: keep`; without a redirect to follow there is nothing that it could do.
    fn kept_cookies(&mut self, node: &Node, follow: Option<i64>) -> Option<bool> {
        let keep = self.one_of(node, "`cookies`", &["drop", "keep"])? == 1;
        if keep && follow == Some(0) {
            self.report(
                Diagnostic::new(
                    Code::CONFLICT,
                    node.span.clone(),
                    "`cookies: keep` has no effect where no redirect is followed",
                )
                .help("write `follow: 5` beside it; an answer's own cookies are looked at by `cookie` in `expect`"),
            );
            return None;
        }
        Some(keep)
    }

    fn request_headers(&mut self, node: &Node) -> Vec<(String, HeaderValue)> {
        let Some(fields) = self.open_map(node, "`headers`") else {
            return Vec::new();
        };
        fields
            .iter()
            .filter_map(|(key, value)| Some((key.text.clone(), self.header_value(value)?)))
            .collect()
    }

    /// A text, or `{ env: NAME, prefix: "Bearer " }`.
    fn header_value(&mut self, node: &Node) -> Option<HeaderValue> {
        if !matches!(node.kind, NodeKind::Map(_)) {
            return self.text(node, "a header").map(HeaderValue::Text);
        }
        let fields = self.map(node, "a header", HEADER_KEYS)?;
        let Some(env) = fields.get("env") else {
            let fix = "the name of a variable of your environment: `{ env: API_TOKEN, prefix: \"Bearer \" }`";
            self.missing_in(&fields, "a header", "env", fix);
            return None;
        };
        let name = self.fixed(env, "`env`")?;
        if !kit::text::is_name(&name) {
            self.report(
                Diagnostic::new(
                    Code::BAD_VALUE,
                    env.span.clone(),
                    format!("`{name}` is not a valid name of a variable"),
                )
                .help("name the variable, not its value: `env: API_TOKEN`"),
            );
            return None;
        }
        let prefix = match fields.get("prefix") {
            Some(node) => self.text(node, "`prefix`")?,
            None => Text::default(),
        };
        Some(HeaderValue::Environment { name, prefix })
    }

    fn tls(&mut self, node: &Node) -> Option<Tls> {
        if let NodeKind::Map(_) = &node.kind {
            let fields = self.map(node, "`tls`", TLS_KEYS)?;
            let Some(ca) = fields.get("ca") else {
                self.missing(&node.span, "`tls`", "ca", "tls: { ca: path/to/ca.pem }");
                return None;
            };
            return Some(Tls::Ca(PathBuf::from(self.fixed(ca, "`ca`")?)));
        }
        let at = self.one_of(node, "`tls`", &["verify", "insecure"])?;
        Some(if at == 0 { Tls::Verify } else { Tls::Insecure })
    }

    /// `local`, `clone`, or a host of the file.
    pub(super) fn place(&mut self, node: &Node, places: &KnownPlaces<'_>) -> Option<Place> {
        let name = self.fixed(node, "a place")?;
        match name.as_str() {
            "local" => Some(Place::Local),
            "clone" => Some(Place::Clone),
            _ if places.hosts.contains(&name.as_str()) => Some(Place::Host(name)),
            _ => {
                let known: Vec<&str> = ["local", "clone"]
                    .iter()
                    .chain(places.hosts)
                    .copied()
                    .collect();
                let problem = Diagnostic::new(
                    codes::UNKNOWN_HOST,
                    node.span.clone(),
                    format!("unknown host `{name}`"),
                )
                .help(match kit::yaml::fields::nearest(&name, &known) {
                    Some(word) => format!("did you mean `{word}`?"),
                    None => format!("known places: {}", known.join(", ")),
                });
                self.report(problem);
                None
            }
        }
    }

    /// The timing of a probe; `asked` is its kind, where it has one.
    pub(super) fn timing(&mut self, fields: &Fields<'_>, asked: Option<ProbeKind>) -> Timing {
        let mut timing = Timing::default();
        let mut get = |key: &str| {
            fields
                .get(key)
                .and_then(|node| self.window(node, &format!("`{key}`")))
        };
        timing.within = get("within");
        timing.never_within = get("never_within");
        let timeout = get("timeout");
        let every = get("every");
        if let Some(every) = every {
            timing.every = every.max(Duration::from_millis(10));
        }
        if let Some(timeout) = timeout {
            timing.timeout = timeout;
        }
        if let Some(node) = fields.get("repeat") {
            self.repeat(node, &mut timing);
        }
        if let (Some(node), Some(asked)) = (fields.get("fail_if"), asked) {
            timing.fail_if = self.final_state(node, asked);
        }
        self.refuse_timing_conflicts(fields);
        timing
    }

    fn repeat(&mut self, node: &Node, timing: &mut Timing) {
        let times = |number: Option<i64>| number.and_then(|n| u32::try_from(n).ok());
        if let NodeKind::Map(_) = &node.kind {
            let Some(fields) = self.map(node, "`repeat`", REPEAT_KEYS) else {
                return;
            };
            let Some(total) = fields.get("times") else {
                self.missing(
                    &node.span,
                    "`repeat`",
                    "times",
                    "repeat: { times: 6, at_least: 5 }",
                );
                return;
            };
            timing.repeat = times(self.integer(total, "`times`", 1, 10_000)).unwrap_or(1);
            timing.at_least = match fields.get("at_least") {
                Some(node) => times(self.integer(node, "`at_least`", 1, i64::from(timing.repeat)))
                    .unwrap_or(1),
                None => timing.repeat,
            };
            return;
        }
        timing.repeat = times(self.integer(node, "`repeat`", 1, 10_000)).unwrap_or(1);
        timing.at_least = timing.repeat;
    }

    fn refuse_timing_conflicts(&mut self, fields: &Fields<'_>) {
        let exclusive = ["within", "never_within", "repeat"];
        let set: Vec<_> = exclusive.iter().filter_map(|key| fields.key(key)).collect();
        if let [first, second, ..] = set.as_slice() {
            self.report(
                Diagnostic::new(
                    Code::CONFLICT,
                    second.0.span.clone(),
                    format!(
                        "`{}` and `{}` exclude each other",
                        first.0.text, second.0.text
                    ),
                )
                .help("`within` waits until it holds, `never_within` watches that it never does, `repeat` runs the probe n times"),
            );
        }
        if let Some((key, _)) = fields.key("fail_if")
            && !fields.has("within")
        {
            self.report(
                Diagnostic::new(
                    Code::CONFLICT,
                    key.span.clone(),
                    "`fail_if` ends a wait, and nothing waits here",
                )
                .help("add for example `within: 30s`"),
            );
        }
        if let Some((key, _)) = fields.key("every")
            && set.is_empty()
        {
            self.report(
                Diagnostic::new(
                    Code::CONFLICT,
                    key.span.clone(),
                    "`every` has no effect without `within`, `never_within` or `repeat`",
                )
                .help("leave it out, or add for example `within: 30s`"),
            );
        }
    }
}

/// A shell text of several lines is a script, in which each line is to succeed.
fn several_lines(line: &CommandLine) -> bool {
    match line {
        CommandLine::Shell(text) => {
            let shown = text.render(&kit::text::Scope::new());
            shown.trim().lines().count() > 1
        }
        CommandLine::Argv(_) => false,
    }
}

/// The URL with stand-ins for the values that are not known yet, so that the rest of it can be
/// judged. A value at its beginning may hold anything up to the whole URL.
fn sample_url(text: &Text) -> String {
    let mut sample = String::new();
    for part in &text.parts {
        match part {
            Part::Literal(literal) if sample == WHOLE && literal.starts_with("://") => {
                sample = format!("http{literal}");
            }
            Part::Literal(literal) => sample.push_str(literal),
            Part::Param(_) if sample.is_empty() => sample.push_str(WHOLE),
            Part::Param(_) => sample.push('1'),
        }
    }
    sample
}

/// Stands for a value at the beginning of a URL.
const WHOLE: &str = "http://host.test";

/// The names of the places where a probe can run.
pub(super) struct KnownPlaces<'a> {
    pub(super) hosts: &'a [&'a str],
}

/// A value that was not there is fine; one that was there and bad is not.
pub(super) fn transpose<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
    }
}
