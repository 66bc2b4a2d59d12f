//! Programs of the system: units, processes, packages, disks.

use super::super::effect::Doing;
use super::super::options::{Options, Until, tell};
use super::super::tree::Word;
use super::verbs::{self, Verbs};
use super::{closed, unknown, without};

/// What such a program does; `None` for any other one.
pub(super) fn judge(name: &str, args: &[Word]) -> Option<Doing> {
    let verbs = |verbs: &Verbs| verbs::judge(name, args, verbs);
    Some(match name {
        "systemctl" => verbs(&SYSTEMCTL),
        // Besides logs it can rotate and delete them.
        "journalctl" => match without(name, args, "", JOURNAL_WRITES) {
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
        "kill" => match args.first().and_then(Word::text) {
            Some("-0" | "-l" | "-L") => Doing::Observes,
            // Its own shell, which is the command's to end.
            _ if args.last().is_some_and(|word| word.shown == "$$") && args.len() <= 2 => {
                Doing::Observes
            }
            _ => Doing::mutates("kill"),
        },
        "pkill" => match args.first().and_then(Word::text) {
            Some("-0") => Doing::Observes,
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
        "lsof" => without(name, args, "D", &[]),
        "blkid" => closed(name, args, &Options::letters("liu", "osLUt"), usize::MAX),
        "crontab" => match args.first().and_then(Word::text) {
            Some("-l") => Doing::Observes,
            Some("-u") if args.len() == 3 && args[2].text() == Some("-l") => Doing::Observes,
            _ => Doing::mutates("crontab"),
        },
        "ssh-keygen" => closed(name, args, &Options::letters("lv", "FfE"), 0),
        "ssh-add" => closed(name, args, &Options::letters("lL", ""), 0),
        "sshd" => closed(name, args, &Options::letters("tTq", "Cf"), 0),
        "visudo" => closed(name, args, &Options::letters("cqs", "f"), 0),
        "smartctl" => closed(name, args, &Options::letters("aHixcA", "dl"), usize::MAX),
        "lvs" | "vgs" | "pvs" | "lvdisplay" | "vgdisplay" | "pvdisplay" => Doing::Observes,
        "zfs" => verbs(&plain(
            &["list", "get", "version"],
            &[
                "create", "destroy", "set", "snapshot", "rollback", "clone", "promote", "rename",
                "mount", "unmount", "receive", "inherit",
            ],
        )),
        "zpool" => verbs(&plain(
            &["list", "status", "get", "iostat", "history", "version"],
            &[
                "create", "destroy", "add", "remove", "scrub", "clear", "offline", "online",
                "replace", "import", "export", "set", "trim",
            ],
        )),
        "dpkg-query" => closed(name, args, &Options::letters("lLsSWp", "f"), usize::MAX),
        "dpkg" => match tell(args, &Options::letters("lLsSVp", ""), Until::TheEnd) {
            Ok(told) if !told.options.is_empty() => Doing::Observes,
            _ => unknown(name, "those arguments"),
        },
        "rpm" => match args.first().and_then(Word::text) {
            Some(text) if text.starts_with("-q") || text.starts_with("-V") => without(
                name,
                args,
                "",
                &[
                    "eval",
                    "define",
                    "pipe",
                    "load",
                    "rebuilddb",
                    "initdb",
                    "import",
                    "install",
                    "upgrade",
                    "erase",
                    "freshen",
                ],
            ),
            _ => unknown(name, "those arguments"),
        },
        "apt-cache" => verbs(&plain(
            &[
                "policy", "show", "search", "depends", "rdepends", "showpkg", "madison", "stats",
            ],
            &[],
        )),
        "apt" | "apt-get" | "aptitude" => verbs(&plain(
            &[],
            &[
                "install",
                "remove",
                "purge",
                "upgrade",
                "full-upgrade",
                "dist-upgrade",
                "autoremove",
                "update",
                "clean",
            ],
        )),
        "dnf" | "yum" | "zypper" | "apk" => verbs(&plain(
            &[],
            &[
                "install",
                "remove",
                "erase",
                "update",
                "upgrade",
                "add",
                "del",
                "downgrade",
                "reinstall",
                "autoremove",
            ],
        )),
        "nixos-rebuild" => verbs(&plain(&["list-generations"], &["switch", "boot", "test"])),
        "nix-store" => match args.first().and_then(Word::text) {
            Some("-q" | "--query") => {
                without(name, args, "", &["realise", "add-root", "force-realise"])
            }
            Some("--gc" | "--delete") => Doing::mutates("nix-store --gc or --delete"),
            _ => unknown(name, "those arguments"),
        },
        "nix-env" => verbs(&plain(&[], &[])),
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
        "service" => match args {
            [_, verb] if verb.text() == Some("status") => Doing::Observes,
            [_, verb]
                if matches!(
                    verb.text(),
                    Some("start" | "stop" | "restart" | "reload" | "force-reload")
                ) =>
            {
                Doing::mutates(format!("service … {}", verb.shown))
            }
            _ => unknown(name, "those arguments"),
        },
        "rc-service" => match args {
            [_, verb] if verb.text() == Some("status") => Doing::Observes,
            [_, ..] => Doing::mutates("rc-service"),
            [] => Doing::Observes,
        },
        "rsync"
            if !args.iter().any(|word| word.text() == Some("--dry-run"))
                && !args.iter().any(short_n) =>
        {
            Doing::mutates("rsync")
        }
        "abra" => verbs(&plain(
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
        "gateproof" => verbs(&plain(
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
            except: ("", &[]),
            bare: false,
        }),
        _ => return None,
    })
}

fn short_n(word: &Word) -> bool {
    word.text()
        .is_some_and(|text| text.starts_with('-') && !text.starts_with("--") && text.contains('n'))
}

/// Verbs of a program before which only harmless options stand.
const fn plain(observe: &'static [&'static str], mutate: &'static [&'static str]) -> Verbs {
    Verbs {
        options: Options {
            flags: "aqy",
            valued: "pHMon",
            long: &[
                "no-pager",
                "no-legend",
                "all",
                "quiet",
                "json",
                "yes",
                "value",
                "full",
            ],
            long_valued: &["property", "host", "machine", "output"],
        },
        observe,
        mutate,
        except: ("", &[]),
        bare: false,
    }
}

const JOURNAL_WRITES: &[&str] = &[
    "rotate",
    "vacuum-size",
    "vacuum-time",
    "vacuum-files",
    "flush",
    "sync",
    "relinquish-var",
    "smart-relinquish-var",
    "setup-keys",
    "update-catalog",
    "cursor-file",
    "force",
];

fn deletes_logs(text: &str) -> bool {
    text.starts_with("--ro") || text.starts_with("--va")
}

/// The verbs of systemctl(1).
const SYSTEMCTL: Verbs = Verbs {
    options: Options {
        flags: "aqlrT",
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
    except: ("", &[]),
    bare: true,
};
