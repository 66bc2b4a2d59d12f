//! Programs that run another command: `sudo`, `env`, `timeout`, `sh -c`, `ssh HOST`, `xargs` …

mod containers;
mod strict;

use super::options::{Options, Told, Until, tell};
use super::tree::{Rest, Word};
use containers::{container, pod};
pub(super) use strict::Strict;

/// What a command runs.
#[derive(Debug, PartialEq)]
pub(super) enum Inside {
    /// It is not known to run another one.
    Itself,
    /// Another command.
    Run(Run),
    /// Nothing.
    Nothing,
    /// Something that is not known before it runs; with the reason.
    Unknown(String),
}

/// Another command that a command runs.
#[derive(Debug, PartialEq)]
pub(super) struct Run {
    pub(super) what: What,
    /// The variables of the environment that it changes.
    pub(super) sets: Vec<String>,
    /// Whether it may run in another folder.
    pub(super) elsewhere: bool,
}

#[derive(Debug, PartialEq)]
pub(super) enum What {
    /// These words.
    Words(Vec<Word>),
    /// This text as a shell line, under `-e` and `-o pipefail` or not.
    Line { line: String, strict: Strict },
}

impl Inside {
    fn elsewhere_if(mut self, elsewhere: bool) -> Inside {
        if let Inside::Run(run) = &mut self {
            run.elsewhere |= elsewhere;
        }
        self
    }

    fn setting(mut self, names: impl IntoIterator<Item = String>) -> Inside {
        if let Inside::Run(run) = &mut self {
            run.sets.extend(names);
        }
        self
    }
}

/// Programs and words of the shell that run a command as their own user and in their own folder.
pub(super) const IN_PLACE: &[&str] = &[
    "env", "timeout", "nice", "ionice", "nohup", "setsid", "stdbuf", "time", "sh", "bash", "dash",
    "ash", "eval", "exec", "command", "builtin", "busybox", "xargs", "trap",
];

/// Programs that run a command in their own folder, as another user.
const AS_OTHERS: &[&str] = &["sudo", "doas"];

/// What the command runs.
pub(super) fn inside(name: &str, args: &[Word]) -> Inside {
    let stays = [IN_PLACE, AS_OTHERS]
        .iter()
        .any(|known| known.contains(&name));
    match unwrapped(name, args) {
        Ok(inside) => inside.elsewhere_if(!stays),
        Err(word) => Inside::Unknown(format!("`{word}` of `{name}` is not known")),
    }
}

fn unwrapped(name: &str, args: &[Word]) -> Result<Inside, String> {
    let until = Until::FirstOperand;
    let first = |known: Options, skipped| Ok(after(&tell(args, &known, until)?, skipped));
    match name {
        "sudo" => sudo(args),
        "doas" => Ok(with_settings(&tell(args, &options("nL", "u"), until)?)),
        "env" => env(args),
        "timeout" => first(TIMEOUT, 1),
        "nice" => first(options("0123456789", "n"), 0),
        "ionice" => first(options("t", "cn"), 0),
        "nohup" | "builtin" | "busybox" => first(Options::default(), 0),
        "setsid" => first(options("cfw", ""), 0),
        "stdbuf" => first(options("", "ioe"), 0),
        "time" => first(options("pv", "f"), 0),
        "gosu" | "su-exec" => first(Options::default(), 1),
        "command" => {
            let told = tell(args, &options("pvV", ""), until)?;
            Ok(if told.has("v") || told.has("V") {
                Inside::Nothing
            } else {
                after(&told, 0)
            })
        }
        "exec" => {
            let told = tell(args, &options("cl", "a"), until)?;
            Ok(if told.operands.is_empty() {
                Inside::Nothing
            } else {
                after(&told, 0)
            })
        }
        "nsenter" => first(NSENTER, 0),
        "chroot" => chroot(args),
        "runuser" | "su" => other_user(args),
        "xargs" => xargs(args),
        "ssh" => ssh(args),
        "docker" | "podman" => container(args),
        "kubectl" => pod(args),
        "ip" if starts(args, &["netns", "exec"]) => Ok(command(args[3..].to_vec())),
        "sh" | "bash" | "dash" | "ash" => shell(name, args),
        "eval" => Ok(joined(name, args, Strict::default())),
        "trap" => Ok(match args {
            [first, ..] if matches!(first.text(), Some("-" | "" | "-l" | "-p")) => Inside::Nothing,
            [first, _, ..] => joined(name, std::slice::from_ref(first), Strict::default()),
            _ => Inside::Nothing,
        }),
        _ => Ok(Inside::Itself),
    }
}

const fn options(flags: &'static str, valued: &'static str) -> Options {
    Options::letters(flags, valued)
}

const SUDO: Options = Options {
    flags: "nEHSkPAlve",
    optional: "",
    valued: "ughpCDTUrt",
    long: &[
        "non-interactive",
        "preserve-env",
        "set-home",
        "login",
        "list",
        "edit",
        "stdin",
    ],
    long_valued: &["user", "group", "host", "prompt", "chdir"],
};

const ENV: Options = Options {
    flags: "i0v",
    optional: "",
    valued: "uC",
    long: &["ignore-environment", "null"],
    long_valued: &["unset", "chdir"],
};

const TIMEOUT: Options = Options {
    flags: "vfp",
    optional: "",
    valued: "ks",
    long: &["foreground", "preserve-status", "verbose"],
    long_valued: &["kill-after", "signal"],
};

const NSENTER: Options = Options {
    flags: "amuinpCUTF",
    optional: "",
    valued: "tSG",
    long: &[
        "all", "mount", "uts", "ipc", "net", "pid", "cgroup", "user", "time", "no-fork",
    ],
    long_valued: &["target", "setuid", "setgid"],
};

const CHROOT: Options = Options {
    flags: "",
    optional: "",
    valued: "",
    long: &["skip-chdir"],
    long_valued: &["userspec", "groups"],
};

const XARGS: Options = Options {
    flags: "0rtx",
    // Of these a value stands only in the same word.
    optional: "ile",
    valued: "nILPdsaE",
    long: &[
        "null",
        "no-run-if-empty",
        "verbose",
        "exit",
        "replace",
        "max-lines",
        "eof",
    ],
    long_valued: &["max-args", "max-procs", "delimiter", "arg-file"],
};

const SSH: Options = options("qTtn46AaCvxXk", "pilFJcmbBo");

/// Options of `ssh` that cannot run anything on this side.
const SSH_SETTINGS: &[&str] = &[
    "addressfamily",
    "batchmode",
    "checkhostip",
    "compression",
    "connectionattempts",
    "connecttimeout",
    "controlmaster",
    "controlpath",
    "controlpersist",
    "forwardagent",
    "globalknownhostsfile",
    "hostkeyalgorithms",
    "hostkeyalias",
    "hostname",
    "identitiesonly",
    "identityfile",
    "kbdinteractiveauthentication",
    "loglevel",
    "numberofpasswordprompts",
    "passwordauthentication",
    "port",
    "preferredauthentications",
    "proxyjump",
    "pubkeyauthentication",
    "requesttty",
    "serveralivecountmax",
    "serveraliveinterval",
    "stricthostkeychecking",
    "updatehostkeys",
    "user",
    "userknownhostsfile",
];

fn words_of(told: &Told<'_>) -> Vec<Word> {
    told.operands.iter().map(|word| (*word).clone()).collect()
}

fn command(words: Vec<Word>) -> Inside {
    if words.is_empty() {
        return Inside::Unknown("no command is named".to_owned());
    }
    Inside::Run(Run {
        what: What::Words(words),
        sets: Vec::new(),
        elsewhere: false,
    })
}

/// The command after so many operands.
fn after(told: &Told<'_>, skipped: usize) -> Inside {
    command(words_of(told).into_iter().skip(skipped).collect())
}

/// `NAME=VALUE … COMMAND`.
fn with_settings(told: &Told<'_>) -> Inside {
    let setting = |word: &Word| {
        let (name, _) = word.prefix.split_once('=')?;
        kit::text::is_name(name).then(|| name.to_owned())
    };
    let sets: Vec<String> = told
        .operands
        .iter()
        .map_while(|word| setting(word))
        .collect();
    after(told, sets.len()).setting(sets)
}

/// Words that a shell joins to a line.
fn joined(name: &str, words: &[Word], strict: Strict) -> Inside {
    let texts: Option<Vec<&str>> = words.iter().map(Word::text).collect();
    match texts {
        Some(texts) => Inside::Run(Run {
            what: What::Line {
                line: texts.join(" "),
                strict,
            },
            sets: Vec::new(),
            elsewhere: false,
        }),
        None => Inside::Unknown(format!(
            "the line that `{name}` gets is known only when it runs"
        )),
    }
}

fn starts(args: &[Word], words: &[&str]) -> bool {
    args.len() > words.len()
        && args
            .iter()
            .zip(words)
            .all(|(arg, word)| arg.text() == Some(*word))
}

fn sudo(args: &[Word]) -> Result<Inside, String> {
    let told = tell(args, &SUDO, Until::FirstOperand)?;
    if told.has("e") || told.has("edit") {
        return Ok(Inside::Unknown("`sudo -e` edits a file".to_owned()));
    }
    if told.operands.is_empty() && (told.has("l") || told.has("v") || told.has("list")) {
        return Ok(Inside::Nothing);
    }
    Ok(with_settings(&told).elsewhere_if(told.has("D") || told.has("chdir")))
}

fn env(args: &[Word]) -> Result<Inside, String> {
    let told = tell(args, &ENV, Until::FirstOperand)?;
    let unset = told.values("u").chain(told.values("unset"));
    let unset: Vec<String> = unset.map(|word| word.prefix.clone()).collect();
    Ok(match with_settings(&told) {
        Inside::Unknown(_) if told.operands.is_empty() => Inside::Nothing,
        run => run
            .setting(unset)
            .elsewhere_if(told.has("C") || told.has("chdir")),
    })
}

fn chroot(args: &[Word]) -> Result<Inside, String> {
    let told = tell(args, &CHROOT, Until::FirstOperand)?;
    match told.operands.first() {
        // Which programs lie in a folder of the claim's own, nobody knows.
        Some(root) if !root.prefix.starts_with('/') => Err(root.shown.clone()),
        _ => Ok(after(&told, 1)),
    }
}

fn shell(name: &str, args: &[Word]) -> Result<Inside, String> {
    let known = Options {
        flags: "ceufxlv",
        optional: "",
        valued: "o",
        long: &["norc", "noprofile", "login", "posix"],
        long_valued: &[],
    };
    let told = tell(args, &known, Until::FirstOperand)?;
    let strict = Strict {
        exit: told.has("e") || told.has_value("o", "errexit"),
        pipe: told.has_value("o", "pipefail"),
    };
    Ok(match (told.has("c"), told.operands.first()) {
        (true, Some(line)) => joined(name, std::slice::from_ref(*line), strict),
        (false, Some(script)) => {
            Inside::Unknown(format!("what `{}` does is not known", script.shown))
        }
        (_, None) => Inside::Unknown(format!("`{name}` runs what it reads")),
    })
}

fn ssh(args: &[Word]) -> Result<Inside, String> {
    // `ssh` takes options after the host, too, up to the command.
    let told = tell(args, &SSH, Until::FirstOperand)?;
    let rest: Vec<Word> = words_of(&told).into_iter().skip(1).collect();
    let more = tell(&rest, &SSH, Until::FirstOperand)?;
    for setting in told.values("o").chain(more.values("o")) {
        let name = setting
            .text()
            .and_then(|text| text.split(['=', ' ']).next());
        let name = name.unwrap_or_default().to_ascii_lowercase();
        if !SSH_SETTINGS.contains(&name.as_str()) {
            return Err(format!("-o {}", setting.shown));
        }
    }
    // A file of settings may name programs.
    for file in told.values("F").chain(more.values("F")) {
        if !file
            .text()
            .is_some_and(|text| text == "none" || text == "/dev/null" || text.starts_with("/etc/"))
        {
            return Err(format!("-F {}", file.shown));
        }
    }
    let words = words_of(&more);
    if words.is_empty() {
        return Ok(Inside::Unknown(
            "`ssh` without a command runs what it reads".to_owned(),
        ));
    }
    Ok(joined("ssh", &words, Strict::default()))
}

/// Shells that lie where the system keeps them.
const SHELLS: &[&str] = &[
    "/bin/sh",
    "/bin/bash",
    "/bin/dash",
    "/bin/ash",
    "/usr/bin/sh",
    "/usr/bin/bash",
    "/usr/bin/dash",
    "/run/current-system/sw/bin/bash",
    "/run/current-system/sw/bin/sh",
];

fn other_user(args: &[Word]) -> Result<Inside, String> {
    let known = Options {
        flags: "lmp-",
        optional: "",
        valued: "ugGsc",
        long: &["login", "preserve-environment"],
        long_valued: &["user", "group", "shell", "command"],
    };
    let told = tell(args, &known, Until::TheEnd)?;
    for shell in told.values("s").chain(told.values("shell")) {
        if !shell.text().is_some_and(|text| SHELLS.contains(&text)) {
            return Err(format!("-s {}", shell.shown));
        }
    }
    let lines: Vec<&Word> = told.values("c").chain(told.values("command")).collect();
    Ok(match lines[..] {
        [line] => joined("su", std::slice::from_ref(line), Strict::default()),
        [] if told.has("u") || told.has("user") => after(&told, 0),
        [] => Inside::Unknown("a shell runs what it reads".to_owned()),
        [..] => Inside::Unknown("which of several lines `su` runs is not known".to_owned()),
    })
}

fn xargs(args: &[Word]) -> Result<Inside, String> {
    let told = tell(args, &XARGS, Until::FirstOperand)?;
    let mut words = words_of(&told);
    if words.is_empty() {
        return Ok(Inside::Nothing);
    }
    let bare = Word::known("{}");
    let replaces = |(name, value): &(String, Option<Word>)| match name.as_str() {
        "I" => value.clone(),
        "i" | "replace" => Some(value.clone().unwrap_or_else(|| bare.clone())),
        _ => None,
    };
    let places: Vec<Word> = told.options.iter().filter_map(replaces).collect();
    for place in &places {
        let place = place.text().ok_or_else(|| place.shown.clone())?;
        for word in &mut words {
            if let Some(at) = word.prefix.find(place) {
                word.prefix.truncate(at);
                word.rest = word.rest.max(Rest::Open);
            }
        }
    }
    if places.is_empty() {
        words.push(Word {
            shown: "what `xargs` adds".to_owned(),
            rest: Rest::Split,
            ..Word::default()
        });
    }
    Ok(command(words))
}
