//! Programs that run another command: `sudo`, `env`, `timeout`, `sh -c`, `ssh HOST`, `xargs` …

use super::options::{Options, Told, Until, tell};
use super::tree::{Rest, Word};

/// What a command runs.
#[derive(Debug, PartialEq)]
pub(super) enum Inside {
    /// It is not known to run another one.
    Itself,
    /// These words as a command, under these changes of its environment.
    Command { words: Vec<Word>, sets: Vec<String> },
    /// This text as a shell line.
    Line(String),
    /// Nothing.
    Nothing,
    /// Something that is not known before it runs; with the reason.
    Unknown(String),
}

/// What the command runs.
pub(super) fn inside(name: &str, args: &[Word]) -> Inside {
    unwrapped(name, args)
        .unwrap_or_else(|word| Inside::Unknown(format!("`{word}` of `{name}` is not known")))
}

fn unwrapped(name: &str, args: &[Word]) -> Result<Inside, String> {
    let until = Until::FirstOperand;
    Ok(match name {
        "sudo" => {
            let told = tell(args, &SUDO, until)?;
            if told.has("e") || told.has("edit") {
                return Ok(Inside::Unknown("`sudo -e` edits a file".to_owned()));
            }
            if told.operands.is_empty() && (told.has("l") || told.has("v") || told.has("list")) {
                return Ok(Inside::Nothing);
            }
            with_settings(&told)
        }
        "doas" => with_settings(&tell(args, &options("nL", "uC"), until)?),
        "env" => {
            let told = tell(args, &ENV, until)?;
            match with_settings(&told) {
                Inside::Unknown(_) if told.operands.is_empty() => Inside::Nothing,
                other => other,
            }
        }
        "timeout" => after(&tell(args, &TIMEOUT, until)?, 1),
        "nice" => after(&tell(args, &options("0123456789", "n"), until)?, 0),
        "ionice" => after(&tell(args, &options("t", "cn"), until)?, 0),
        "nohup" => after(&tell(args, &options("", ""), until)?, 0),
        "setsid" => after(&tell(args, &options("cfw", ""), until)?, 0),
        "stdbuf" => after(&tell(args, &options("", "ioe"), until)?, 0),
        "time" => after(&tell(args, &options("pv", "f"), until)?, 0),
        "gosu" | "su-exec" => after(&tell(args, &options("", ""), until)?, 1),
        "builtin" | "busybox" => after(&tell(args, &options("", ""), until)?, 0),
        "command" => {
            let told = tell(args, &options("pvV", ""), until)?;
            if told.has("v") || told.has("V") {
                Inside::Nothing
            } else {
                after(&told, 0)
            }
        }
        "exec" => {
            let told = tell(args, &options("cl", "a"), until)?;
            if told.operands.is_empty() {
                Inside::Nothing
            } else {
                after(&told, 0)
            }
        }
        "nsenter" => after(&tell(args, &NSENTER, until)?, 0),
        "chroot" => after(&tell(args, &CHROOT, until)?, 1),
        "runuser" | "su" => other_user(args)?,
        "xargs" => xargs(args)?,
        "ssh" => ssh(args)?,
        "docker" | "podman" => return container(args),
        "kubectl" if args.first().and_then(Word::text) == Some("exec") => {
            let at = args.iter().position(|word| word.text() == Some("--"));
            match at {
                Some(at) => command(args[at + 1..].to_vec()),
                None => Inside::Unknown("`kubectl exec` without `--`".to_owned()),
            }
        }
        "ip" if starts(args, &["netns", "exec"]) => command(args.get(3..).unwrap_or(&[]).to_vec()),
        "sh" | "bash" | "dash" | "ash" => shell(name, args)?,
        "eval" => joined(name, args),
        "trap" => match args {
            [first, ..] if matches!(first.text(), Some("-" | "" | "-l" | "-p")) => Inside::Nothing,
            [first, _, ..] => joined(name, std::slice::from_ref(first)),
            _ => Inside::Nothing,
        },
        _ => Inside::Itself,
    })
}

const fn options(flags: &'static str, valued: &'static str) -> Options {
    Options {
        flags,
        valued,
        long: &[],
        long_valued: &[],
    }
}

const SUDO: Options = Options {
    flags: "nEHSkPAlve",
    valued: "ughpCDRTUrt",
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
    valued: "uC",
    long: &["ignore-environment", "null"],
    long_valued: &["unset", "chdir"],
};

const TIMEOUT: Options = Options {
    flags: "vfp",
    valued: "ks",
    long: &["foreground", "preserve-status", "verbose"],
    long_valued: &["kill-after", "signal"],
};

const NSENTER: Options = Options {
    flags: "amuinpCUTF",
    valued: "tSG",
    long: &[
        "all", "mount", "uts", "ipc", "net", "pid", "cgroup", "user", "time", "no-fork",
    ],
    long_valued: &["target", "setuid", "setgid"],
};

const CHROOT: Options = Options {
    flags: "",
    valued: "",
    long: &["skip-chdir"],
    long_valued: &["userspec", "groups"],
};

const XARGS: Options = Options {
    flags: "0rtx",
    valued: "nILPdsaE",
    long: &["null", "no-run-if-empty", "verbose", "exit"],
    long_valued: &[
        "max-args",
        "max-lines",
        "max-procs",
        "replace",
        "delimiter",
        "arg-file",
    ],
};

const SSH: Options = options("qTtn46AaCvxXk", "pilFJScmbBo");

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

const EXEC: Options = Options {
    flags: "itdT",
    valued: "uwe",
    long: &["interactive", "tty", "detach", "privileged", "no-TTY"],
    long_valued: &["user", "workdir", "env", "index"],
};

fn command(words: Vec<Word>) -> Inside {
    if words.is_empty() {
        return Inside::Unknown("no command is named".to_owned());
    }
    Inside::Command {
        words,
        sets: Vec::new(),
    }
}

/// The command after so many operands.
fn after(told: &Told<'_>, skipped: usize) -> Inside {
    let words = told.operands.iter().skip(skipped);
    command(words.map(|word| (*word).clone()).collect())
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
    match after(told, sets.len()) {
        Inside::Command { words, .. } => Inside::Command { words, sets },
        other => other,
    }
}

/// Words that a shell joins to a line.
fn joined(name: &str, words: &[Word]) -> Inside {
    let texts: Option<Vec<&str>> = words.iter().map(Word::text).collect();
    match texts {
        Some(texts) => Inside::Line(texts.join(" ")),
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

fn shell(name: &str, args: &[Word]) -> Result<Inside, String> {
    let known = Options {
        flags: "ceufxlv",
        valued: "o",
        long: &["norc", "noprofile", "login", "posix"],
        long_valued: &[],
    };
    let told = tell(args, &known, Until::FirstOperand)?;
    Ok(match (told.has("c"), told.operands.first()) {
        (true, Some(line)) => joined(name, std::slice::from_ref(*line)),
        (false, Some(script)) => {
            Inside::Unknown(format!("what `{}` does is not known", script.shown))
        }
        (_, None) => Inside::Unknown(format!("`{name}` runs what it reads")),
    })
}

fn ssh(args: &[Word]) -> Result<Inside, String> {
    // `ssh` takes options after the host, too, up to the command.
    let told = tell(args, &SSH, Until::FirstOperand)?;
    let rest: Vec<Word> = told
        .operands
        .iter()
        .skip(1)
        .map(|word| (*word).clone())
        .collect();
    let more = tell(&rest, &SSH, Until::FirstOperand)?;
    let settings = told.values("o").chain(more.values("o"));
    for setting in settings {
        let name = setting
            .text()
            .and_then(|text| text.split(['=', ' ']).next());
        let name = name.unwrap_or_default().to_ascii_lowercase();
        if !SSH_SETTINGS.contains(&name.as_str()) {
            return Err(format!("-o {}", setting.shown));
        }
    }
    let words: Vec<Word> = more.operands.iter().map(|word| (*word).clone()).collect();
    if words.is_empty() {
        return Ok(Inside::Unknown(
            "`ssh` without a command runs what it reads".to_owned(),
        ));
    }
    Ok(joined("ssh", &words))
}

fn other_user(args: &[Word]) -> Result<Inside, String> {
    let known = Options {
        flags: "lmp-",
        valued: "ugGsc",
        long: &["login", "preserve-environment"],
        long_valued: &["user", "group", "shell", "command"],
    };
    let told = tell(args, &known, Until::TheEnd)?;
    let line = told.values("c").chain(told.values("command")).next();
    Ok(match line {
        Some(line) => joined("su", std::slice::from_ref(line)),
        None if told.has("u") || told.has("user") => after(&told, 0),
        None => Inside::Unknown("a shell runs what it reads".to_owned()),
    })
}

fn xargs(args: &[Word]) -> Result<Inside, String> {
    let told = tell(args, &XARGS, Until::FirstOperand)?;
    let mut words: Vec<Word> = told.operands.iter().map(|word| (*word).clone()).collect();
    if words.is_empty() {
        return Ok(Inside::Nothing);
    }
    let place = told.values("I").chain(told.values("replace")).next();
    match place.map(|word| word.text().ok_or_else(|| word.shown.clone())) {
        Some(place) => {
            let place = place?;
            for word in &mut words {
                if let Some(at) = word.prefix.find(place) {
                    word.prefix.truncate(at);
                    word.rest = word.rest.max(Rest::Open);
                }
            }
        }
        None => words.push(Word {
            shown: "what `xargs` adds".to_owned(),
            rest: Rest::Split,
            ..Word::default()
        }),
    }
    Ok(command(words))
}

/// `docker exec`, `docker compose exec`.
fn container(args: &[Word]) -> Result<Inside, String> {
    let known = Options {
        flags: "D",
        valued: "Hclfp",
        long: &["debug"],
        long_valued: &[
            "host",
            "context",
            "log-level",
            "file",
            "project-name",
            "project-directory",
        ],
    };
    let Ok(told) = tell(args, &known, Until::FirstOperand) else {
        return Ok(Inside::Itself);
    };
    let words: Vec<Word> = told.operands.iter().map(|word| (*word).clone()).collect();
    match words.first().and_then(Word::text) {
        Some("exec") => executed(&words[1..]),
        Some("container") if words.get(1).and_then(Word::text) == Some("exec") => {
            executed(&words[2..])
        }
        Some("compose") => container(&words[1..]),
        _ => Ok(Inside::Itself),
    }
}

fn executed(args: &[Word]) -> Result<Inside, String> {
    let told = tell(args, &EXEC, Until::FirstOperand)?;
    let settings = told.values("e").chain(told.values("env"));
    let sets = settings
        .map(|word| word.prefix.split('=').next().unwrap_or_default().to_owned())
        .collect();
    Ok(match after(&told, 1) {
        Inside::Command { words, .. } => Inside::Command { words, sets },
        other => other,
    })
}
