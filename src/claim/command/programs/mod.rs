//! Which programs only observe, argument by argument, and which are known to change something.
//!
//! A program is on the list of observers only with the arguments for which its manual says so. An argument
//! that is not known, or is known only when the line runs, makes the program unknown.

mod containers;
mod files;
mod git;
mod net;
mod system;
mod texts;
mod verbs;

use super::effect::{Doing, Mutation, Reach};
use super::options::{Options, Until, tell};
use super::tree::Word;

/// Folders of a system's own programs: what lies there is what its name says.
const FOLDERS: &[&str] = &[
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/run/current-system/sw/bin",
    "/run/wrappers/bin",
];

/// The name of a program that is found through `PATH` or in a folder of the system.
pub(super) fn name(text: &str) -> Option<&str> {
    match text.rsplit_once('/') {
        None => (!text.is_empty()).then_some(text),
        Some((folder, name)) => FOLDERS.contains(&folder).then_some(name),
    }
}

/// What a program does with these arguments. `inner` judges a command that stands among them.
pub(super) fn judge(name: &str, args: &[Word], inner: &dyn Fn(&[Word]) -> Doing) -> Doing {
    if OBSERVERS.contains(&name) {
        return Doing::Observes;
    }
    if version_only(name, args) {
        return Doing::Observes;
    }
    if let Some(doing) = files::judge(name, args, inner)
        .or_else(|| texts::judge(name, args))
        .or_else(|| net::judge(name, args))
        .or_else(|| git::judge(name, args))
        .or_else(|| containers::judge(name, args))
        .or_else(|| system::judge(name, args))
    {
        return doing;
    }
    if MUTATORS.contains(&name) || name.starts_with("mkfs.") {
        return Doing::mutates(name);
    }
    Doing::Unknown(format!("what `{name}` does is not known"))
}

/// Programs that observe whatever their arguments are: none of them writes, runs or sets anything.
const OBSERVERS: &[&str] = &[
    // Of the shell.
    ":",
    "true",
    "false",
    "[",
    "echo",
    "pwd",
    "cd",
    "pushd",
    "popd",
    "dirs",
    "exit",
    "return",
    "break",
    "continue",
    "shift",
    "wait",
    "type",
    "times",
    "umask",
    "ulimit",
    "jobs",
    "set",
    "hash",
    // Files and texts.
    "basename",
    "cat",
    "cksum",
    "cmp",
    "comm",
    "cut",
    "df",
    "diff",
    "dirname",
    "du",
    "egrep",
    "expand",
    "expr",
    "fgrep",
    "fold",
    "fmt",
    "grep",
    "head",
    "hexdump",
    "join",
    "jq",
    "ls",
    "md5sum",
    "nl",
    "od",
    "paste",
    "readlink",
    "realpath",
    "rev",
    "seq",
    "sha1sum",
    "sha224sum",
    "sha256sum",
    "sha384sum",
    "sha512sum",
    "b2sum",
    "sleep",
    "stat",
    "strings",
    "sum",
    "tac",
    "tail",
    "tr",
    "unexpand",
    "wc",
    "which",
    "zcat",
    "zgrep",
    "findmnt",
    "lsattr",
    "getfacl",
    "column",
    "numfmt",
    "base64",
    "base32",
    "tsort",
    "whereis",
    "look",
    // The system.
    "arch",
    "free",
    "getconf",
    "getent",
    "groups",
    "id",
    "last",
    "locale",
    "logname",
    "lsblk",
    "lscpu",
    "lsmod",
    "lspci",
    "lsusb",
    "netstat",
    "nproc",
    "pgrep",
    "pidof",
    "printenv",
    "ps",
    "pstree",
    "tty",
    "uname",
    "uptime",
    "users",
    "vmstat",
    "w",
    "who",
    "whoami",
    "pg_isready",
    "nixos-version",
    "lsns",
    "lslocks",
    "lsipc",
    "mountpoint",
    "systemd-cgls",
    "systemd-escape",
    "systemd-detect-virt",
    "systemd-path",
    "systemd-id128",
    "modinfo",
    // The network.
    "dig",
    "host",
    "ssh-keyscan",
];

/// Programs that change something whatever their arguments are, or are asked for nothing else.
const MUTATORS: &[&str] = &[
    "reboot",
    "poweroff",
    "halt",
    "shutdown",
    "init",
    "telinit",
    "kexec",
    "killall",
    "skill",
    "mkfs",
    "mke2fs",
    "mkswap",
    "umount",
    "swapoff",
    "modprobe",
    "insmod",
    "rmmod",
    "iptables-restore",
    "ip6tables-restore",
    "useradd",
    "userdel",
    "usermod",
    "groupadd",
    "groupdel",
    "groupmod",
    "adduser",
    "deluser",
    "chpasswd",
    "chsh",
    "chfn",
    "vipw",
    "scp",
    "sftp",
    "nixos-install",
    "nix-collect-garbage",
    "update-grub",
    "grub-install",
    "renice",
    "dropdb",
    "createdb",
    "dropuser",
    "createuser",
    "pg_restore",
    "vacuumdb",
    "reindexdb",
    "tcpkill",
    "fstrim",
    "lvcreate",
    "lvremove",
    "lvresize",
    "vgcreate",
    "vgremove",
    "pvcreate",
    "pvremove",
];

/// Programs whose `--version` and `--help` are known to print and do nothing else.
const VERSIONED: &[&str] = &[
    "awk",
    "bash",
    "cargo",
    "curl",
    "docker",
    "find",
    "gcc",
    "git",
    "go",
    "helm",
    "java",
    "kubectl",
    "make",
    "mysql",
    "nginx",
    "nix",
    "node",
    "npm",
    "openssl",
    "perl",
    "php",
    "podman",
    "psql",
    "python",
    "python3",
    "redis-server",
    "restic",
    "ruby",
    "rustc",
    "sed",
    "sort",
    "ssh",
    "systemctl",
    "tar",
    "terraform",
    "wget",
    "caddy",
    "gateproof",
    "traefik",
    "warm-reconcile",
    "haproxy",
    "borg",
    "postgres",
    "jq",
    "sqlite3",
    "nixos-rebuild",
];

fn version_only(name: &str, args: &[Word]) -> bool {
    VERSIONED.contains(&name)
        && matches!(args, [only] if matches!(only.text(), Some("--version" | "-V" | "version" | "-version" | "--help")))
}

/// Observes when all its options are known, and so many operands at most.
fn closed(name: &str, args: &[Word], options: &Options, operands: usize) -> Doing {
    match tell(args, options, Until::TheEnd) {
        Err(word) => unknown(name, &word),
        Ok(told) if told.operands.len() > operands => match told.operands.last() {
            Some(word) => unknown(name, &word.shown),
            None => Doing::Observes,
        },
        Ok(_) => Doing::Observes,
    }
}

/// Observes unless an option is, or may be, one of those. `long` are whole words; GNU's and git's parsers
/// take any beginning of them that is unique, and so does this.
fn without(name: &str, args: &[Word], letters: &str, long: &[&str]) -> Doing {
    for word in args {
        if word.text() == Some("--") {
            break;
        }
        if !word.may_be_option() {
            continue;
        }
        let Some(text) = word.text().or_else(|| known_option(word)) else {
            return unknown(name, &word.shown);
        };
        let bad = match text.strip_prefix("--") {
            Some(option) => {
                let option = option.split('=').next().unwrap_or_default();
                !option.is_empty()
                    && long
                        .iter()
                        .any(|bad| bad.starts_with(option) || option.starts_with(bad))
            }
            None => text[1..].contains(|letter| letters.contains(letter)),
        };
        if bad {
            return unknown(name, text);
        }
    }
    Doing::Observes
}

/// An option of which only the value is unknown: `--grep="$x"`.
fn known_option(word: &Word) -> Option<&str> {
    (word.prefix.starts_with("--") && word.prefix.contains('=')).then_some(word.prefix.as_str())
}

fn unknown(name: &str, word: &str) -> Doing {
    Doing::Unknown(format!(
        "`{name}` with `{word}` is not known to only observe"
    ))
}

/// Whether what is written to this path stays in the folder in which the command runs.
pub(super) fn stays_in_folder(word: &Word) -> bool {
    !word.prefix.is_empty()
        && word.rest <= super::tree::Rest::Glob
        && !word.prefix.starts_with(['/', '-'])
        && !word.prefix.split('/').any(|part| part == "..")
}

/// A change of files that are named among the arguments.
fn changes_files(name: &str, args: &[Word]) -> Doing {
    let in_folder = args
        .iter()
        .all(|word| word.text().is_some_and(|text| text.starts_with('-')) || stays_in_folder(word));
    let shown: Vec<&str> = std::iter::once(name)
        .chain(args.iter().map(|word| word.shown.as_str()))
        .take(3)
        .collect();
    Doing::Mutates(Mutation {
        what: shown.join(" "),
        reach: if in_folder {
            Reach::Folder
        } else {
            Reach::World
        },
    })
}
