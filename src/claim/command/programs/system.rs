//! Programs of the system: units, processes, packages, disks.

use super::super::change::Doing;
use super::super::options::{Options, Until, tell};
use super::super::tree::Word;
use super::arguments::{closed, only_with, unknown};
use super::verbs::{self, After, Verbs};

/// What such a program does; `None` for any other one.
pub(super) fn judge(name: &str, args: &[Word]) -> Option<Doing> {
    let verbs = |verbs: &Verbs| verbs::judge(name, args, verbs);
    Some(match name {
        "systemctl" => verbs(&SYSTEMCTL),
        // Besides logs it can rotate and delete them.
        "journalctl" => match closed(name, args, &JOURNALCTL, usize::MAX) {
            Doing::Unknown(_) if args.iter().any(|word| deletes_logs(&word.prefix)) => {
                Doing::mutates("journalctl --rotate or --vacuum")
            }
            other => other,
        },
        "timedatectl" => verbs(&plain(
            &[
                "status",
                "show",
                "list-timezones",
                "timesync-status",
                "show-timesync",
            ],
            &["set-time", "set-timezone", "set-local-rtc", "set-ntp"],
        )),
        "hostnamectl" => verbs(&plain(
            &["status"],
            &["set-hostname", "hostname", "set-icon-name", "set-chassis"],
        )),
        "localectl" => verbs(&plain(
            &["status", "list-locales", "list-keymaps"],
            &["set-locale", "set-keymap"],
        )),
        "loginctl" => verbs(&plain(
            &[
                "list-sessions",
                "list-users",
                "list-seats",
                "session-status",
                "show-session",
                "user-status",
                "show-user",
                "seat-status",
                "show-seat",
            ],
            &[
                "terminate-session",
                "terminate-user",
                "kill-session",
                "kill-user",
                "enable-linger",
                "disable-linger",
                "lock-session",
                "activate",
            ],
        )),
        "networkctl" => verbs(&plain(
            &["list", "status", "lldp"],
            &["up", "down", "renew", "reload", "reconfigure", "delete"],
        )),
        "resolvectl" => verbs(&plain(
            &["query", "service", "status", "statistics"],
            &[
                "flush-caches",
                "reset-statistics",
                "reset-server-features",
                "revert",
            ],
        )),
        "busctl" => verbs(&plain(
            &["list", "status", "tree", "introspect", "get-property"],
            &["call", "set-property", "emit"],
        )),
        "systemd-analyze" => verbs(&plain(
            &[
                "time",
                "blame",
                "critical-chain",
                "dot",
                "dump",
                "unit-paths",
                "verify",
                "security",
                "cat-config",
                "calendar",
                "timespan",
                "timestamp",
                "condition",
                "syscall-filter",
            ],
            &["set-log-level", "set-log-target"],
        )),
        "coredumpctl" => verbs(&plain(&["list", "info"], &[])),
        "hostname" => match closed(name, args, &Options::letters("fsdiIAy", ""), 0) {
            Doing::Unknown(_) if args.iter().any(|word| !word.prefix.starts_with('-')) => {
                Doing::mutates("hostname NAME")
            }
            other => other,
        },
        "kill" => kill(args),
        "pkill" => match closed(name, args, &Options::letters("0xfaivno", "uUgGPt"), 1) {
            Doing::Observes if args.first().and_then(Word::text) == Some("-0") => Doing::Observes,
            _ => Doing::mutates("pkill"),
        },
        "mount" => match tell(args, &Options::letters("lv", "t"), Until::TheEnd) {
            Ok(told) if told.operands.is_empty() => Doing::Observes,
            _ => Doing::mutates("mount"),
        },
        "swapon" => match args.first().and_then(Word::text) {
            Some("-s" | "--show" | "--summary") if args.len() == 1 => Doing::Observes,
            _ => Doing::mutates("swapon"),
        },
        "sysctl" => match closed(name, args, &Options::letters("aAneNbq", "r"), usize::MAX) {
            Doing::Observes
                if args
                    .iter()
                    .all(|word| word.text().is_some_and(|text| !text.contains('='))) =>
            {
                Doing::Observes
            }
            _ if args
                .iter()
                .any(|word| word.prefix.contains('=') || word.text() == Some("-w")) =>
            {
                Doing::mutates("sysctl -w")
            }
            _ => unknown(name, "those arguments"),
        },
        "lsof" => closed(
            name,
            args,
            &Options {
                optional: "isFTr",
                ..Options::letters("alnPtUVRKHbNwOoC", "pucdg")
            },
            usize::MAX,
        ),
        "lspci" => closed(name, args, &Options::letters("nvkmtDbx", "ds"), 0),
        "blkid" => closed(name, args, &Options::letters("liu", "osLUt"), usize::MAX),
        "crontab" => match only_with(name, args, &["l"], &Options::letters("l", "u"), 0) {
            Doing::Observes => Doing::Observes,
            _ => Doing::mutates("crontab"),
        },
        "ssh-keygen" => {
            let known = Options::letters("lvyB", "FfE");
            only_with(name, args, &["l", "F", "y", "B"], &known, 0)
        }
        "ssh-add" => only_with(name, args, &["l", "L"], &Options::letters("lL", "E"), 0),
        "sshd" => only_with(name, args, &["t", "T"], &Options::letters("tTq", "Cf"), 0),
        "visudo" => only_with(name, args, &["c"], &Options::letters("cqs", "f"), 0),
        "smartctl" => match tell(args, &Options::letters("aHixcA", "dl"), Until::TheEnd) {
            // `-l scterc,70,70` sets what `-l scterc` shows.
            Ok(told) => match told
                .values("l")
                .find(|log| log.text().is_none_or(|log| log.contains(',')))
            {
                Some(log) => unknown(name, &log.shown),
                None => Doing::Observes,
            },
            Err(word) => unknown(name, &word),
        },
        "lvs" | "vgs" | "pvs" | "lvdisplay" | "vgdisplay" | "pvdisplay" => {
            closed(name, args, &VOLUMES, usize::MAX)
        }
        "zfs" => verbs(&pools(
            &["list", "get", "version"],
            &[
                "create", "destroy", "set", "snapshot", "rollback", "clone", "promote", "rename",
                "mount", "unmount", "receive", "inherit",
            ],
        )),
        "zpool" => verbs(&pools(
            &["list", "status", "get", "iostat", "history", "version"],
            &[
                "create", "destroy", "add", "remove", "scrub", "clear", "offline", "online",
                "replace", "import", "export", "set", "trim",
            ],
        )),
        "nginx" => match args.first().and_then(Word::text) {
            Some("-s") => Doing::mutates("nginx -s"),
            _ => unknown(name, "those arguments"),
        },
        "supervisorctl" => verbs(&plain(
            &["status", "pid", "version", "avail"],
            &[
                "start", "stop", "restart", "reload", "update", "shutdown", "signal",
            ],
        )),
        // A script by its path is one of the claim's own.
        "service" | "rc-service" => match args {
            [script, ..] if script.text().is_none_or(|text| text.contains('/')) => {
                unknown(name, &script.shown)
            }
            [_, verb] if verb.text() == Some("status") => Doing::Observes,
            [_, verb]
                if matches!(
                    verb.text(),
                    Some("start" | "stop" | "restart" | "reload" | "force-reload")
                ) =>
            {
                Doing::mutates(format!("{name} … {}", verb.shown))
            }
            _ => unknown(name, "those arguments"),
        },
        "rsync"
            if !args.iter().any(|word| word.text() == Some("--dry-run"))
                && !args.iter().any(short_n) =>
        {
            Doing::mutates("rsync")
        }
        "abra" => verbs(&any(
            &[
                "app ls",
                "app list",
                "app ps",
                "app logs",
                "app services",
                "app version",
                "recipe ls",
                "recipe list",
                "recipe versions",
                "server ls",
                "server list",
            ],
            &[
                "app deploy",
                "app undeploy",
                "app upgrade",
                "app rollback",
                "app new",
                "app remove",
                "app rm",
                "app restart",
                "app run",
                "app cmd",
                "app cp",
                "app backup",
                "app restore",
                "app secret",
                "app volume",
                "recipe release",
                "recipe sync",
                "recipe upgrade",
                "server add",
                "server remove",
                "server prune",
                "upgrade",
            ],
        )),
        // Of this project: what their documents say to read only.
        "gateproof" => verbs(&any(
            &[
                "check",
                "list",
                "status",
                "audit",
                "diff",
                "explain",
                "runner",
                "statement",
            ],
            &["claim", "review", "done", "veto", "lift", "attest"],
        )),
        "warm-reconcile" => verbs(&Verbs {
            options: Options {
                long_valued: &["config", "root"],
                ..Options::letters("", "")
            },
            observe: &["spec", "probe", "plan", "check-order", "status"],
            mutate: &["run", "resume"],
            after: After::Any,
            bare: false,
        }),
        _ => return None,
    })
}

fn short_n(word: &Word) -> bool {
    word.text()
        .is_some_and(|text| text.starts_with('-') && !text.starts_with("--") && text.contains('n'))
}

/// Verbs of a program with the options that systemd's tools share.
pub(super) const fn plain(
    observe: &'static [&'static str],
    mutate: &'static [&'static str],
) -> Verbs {
    Verbs {
        options: PLAIN,
        observe,
        mutate,
        after: After::Only(PLAIN),
        bare: false,
    }
}

/// Verbs of a program of which no observing one has an option that changes anything.
const fn any(observe: &'static [&'static str], mutate: &'static [&'static str]) -> Verbs {
    Verbs {
        after: After::Any,
        ..plain(observe, mutate)
    }
}

/// Verbs of `zfs` and `zpool`, without `-c`, which runs a script.
const fn pools(observe: &'static [&'static str], mutate: &'static [&'static str]) -> Verbs {
    const KNOWN: Options = Options::letters("HprxvgLPTDeiqwy", "otsSd");
    Verbs {
        options: Options::letters("", ""),
        after: After::Only(KNOWN),
        ..plain(observe, mutate)
    }
}

const PLAIN: Options = Options {
    flags: "alqrvy146",
    optional: "",
    valued: "pHMonLt",
    long: &[
        "no-pager",
        "no-legend",
        "all",
        "quiet",
        "json",
        "yes",
        "value",
        "full",
        "user",
        "system",
        "global",
        "list",
        "verbose",
        "transient",
        "static",
        "pretty",
        "order",
        "require",
        "reverse",
    ],
    long_valued: &[
        "property",
        "host",
        "machine",
        "output",
        "lines",
        "legend",
        "type",
        "class",
        "man",
        "json",
        "since",
        "until",
        "iterations",
        "base-time",
        "recursive-errors",
    ],
};

/// journalctl(1), without what rotates, deletes, writes keys or a cursor.
const JOURNALCTL: Options = Options {
    flags: "aefkmqrxNl",
    optional: "bn",
    valued: "uptgoSUcMDFi",
    long: &[
        "all",
        "catalog",
        "dmesg",
        "disk-usage",
        "boot",
        "follow",
        "full",
        "fields",
        "header",
        "lines",
        "list-boots",
        "list-catalog",
        "local",
        "merge",
        "no-full",
        "no-hostname",
        "no-pager",
        "no-tail",
        "pager-end",
        "quiet",
        "reverse",
        "show-cursor",
        "system",
        "user",
        "utc",
        "verify",
        "case-sensitive",
        "truncate-newline",
    ],
    long_valued: &[
        "unit",
        "user-unit",
        "priority",
        "facility",
        "grep",
        "identifier",
        "exclude-identifier",
        "output",
        "output-fields",
        "since",
        "until",
        "cursor",
        "after-cursor",
        "machine",
        "directory",
        "file",
        "field",
        "namespace",
        "invocation",
    ],
};

/// What `lvs` and its like may be asked, without `--config`, which sets any setting.
const VOLUMES: Options = Options {
    flags: "aPvqcCms",
    optional: "",
    valued: "oOS",
    long: &[
        "all",
        "noheadings",
        "nosuffix",
        "segments",
        "readonly",
        "colon",
        "columns",
        "maps",
        "short",
    ],
    long_valued: &[
        "options",
        "sort",
        "select",
        "units",
        "separator",
        "reportformat",
    ],
};

fn deletes_logs(text: &str) -> bool {
    text.starts_with("--ro") || text.starts_with("--va")
}

/// `kill -0` only asks, and a shell may end itself.
fn kill(args: &[Word]) -> Doing {
    let told = match args.first().and_then(Word::text) {
        Some("-l" | "-L") => return Doing::Observes,
        Some("-s" | "-n") => (args.get(1).and_then(Word::text), args.get(2..)),
        Some(signal) if signal.starts_with('-') => (Some(&signal[1..]), args.get(1..)),
        _ => (None, Some(args)),
    };
    let (signal, targets) = (told.0, told.1.unwrap_or_default());
    let itself = |word: &Word| matches!(word.shown.as_str(), "$$" | "\"$$\"");
    let asks = signal == Some("0") && targets.iter().all(|word| !word.prefix.starts_with('-'));
    if !targets.is_empty() && (asks || targets.iter().all(itself)) {
        Doing::Observes
    } else {
        Doing::mutates("kill")
    }
}

/// The verbs of systemctl(1).
const SYSTEMCTL: Verbs = Verbs {
    options: Options {
        flags: "aqlrT",
        optional: "",
        valued: "tpPsnoHM",
        long: &[
            "all",
            "failed",
            "full",
            "no-legend",
            "no-pager",
            "plain",
            "quiet",
            "recursive",
            "system",
            "user",
            "global",
            "value",
            "no-ask-password",
            "reverse",
            "after",
            "before",
            "with-dependencies",
        ],
        long_valued: &[
            "type",
            "state",
            "property",
            "lines",
            "output",
            "host",
            "machine",
            "timestamp",
            "legend",
        ],
    },
    observe: &[
        "show",
        "status",
        "cat",
        "is-active",
        "is-enabled",
        "is-failed",
        "is-system-running",
        "list-units",
        "list-unit-files",
        "list-timers",
        "list-sockets",
        "list-jobs",
        "list-dependencies",
        "list-machines",
        "list-automounts",
        "list-paths",
        "get-default",
        "show-environment",
        "help",
        "whoami",
    ],
    mutate: &[
        "start",
        "stop",
        "restart",
        "reload",
        "try-restart",
        "reload-or-restart",
        "try-reload-or-restart",
        "isolate",
        "kill",
        "clean",
        "freeze",
        "thaw",
        "set-property",
        "bind",
        "mount-image",
        "enable",
        "disable",
        "reenable",
        "preset",
        "preset-all",
        "mask",
        "unmask",
        "link",
        "revert",
        "add-wants",
        "add-requires",
        "edit",
        "set-default",
        "daemon-reload",
        "daemon-reexec",
        "reset-failed",
        "halt",
        "poweroff",
        "reboot",
        "soft-reboot",
        "kexec",
        "exit",
        "switch-root",
        "suspend",
        "hibernate",
        "hybrid-sleep",
        "suspend-then-hibernate",
        "default",
        "rescue",
        "emergency",
        "set-environment",
        "unset-environment",
        "import-environment",
        "cancel",
    ],
    after: After::Any,
    bare: true,
};
