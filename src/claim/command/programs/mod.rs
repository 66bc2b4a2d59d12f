//! Which programs only observe, argument by argument, and which are known to change something.
//!
//! A program is on the list of observers only with the arguments for which its manual says so. An argument
//! that is not known, or is known only when the line runs, makes the program unknown.

mod arguments;
mod containers;
mod files;
mod git;
pub(super) mod net;
mod packages;
mod shell;
mod system;
mod texts;
mod verbs;

pub(super) use texts::{awk_reads, sed_reads};

use super::change::Doing;
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
    if let Some(doing) = shell::judge(name, args)
        .or_else(|| files::judge(name, args, inner))
        .or_else(|| texts::judge(name, args))
        .or_else(|| net::judge(name, args))
        .or_else(|| git::judge(name, args))
        .or_else(|| containers::judge(name, args))
        .or_else(|| packages::judge(name, args))
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
    "type",
    "times",
    "ulimit",
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

/// Programs that are known to print their version and do nothing else, with the words for it beside
/// `--version` and `--help`. To others such a word is a script, a target or a host.
const VERSIONED: &[(&str, &[&str])] = &[
    ("awk", &[]),
    ("bash", &[]),
    ("borg", &["-V"]),
    ("caddy", &["version"]),
    ("cargo", &["-V", "version"]),
    ("curl", &["-V"]),
    ("docker", &["-v", "version"]),
    ("find", &[]),
    ("gateproof", &["-V"]),
    ("gcc", &["-v"]),
    ("git", &["-v", "version"]),
    ("go", &["version"]),
    ("haproxy", &["-v"]),
    ("helm", &["version"]),
    ("java", &["-version"]),
    ("jq", &["-V"]),
    ("kubectl", &["version"]),
    ("make", &["-v"]),
    ("mysql", &["-V"]),
    ("nginx", &["-v", "-V"]),
    ("nix", &[]),
    ("nixos-rebuild", &[]),
    ("node", &["-v"]),
    ("npm", &["-v"]),
    ("openssl", &["version"]),
    ("perl", &["-v"]),
    ("php", &["-v"]),
    ("podman", &["-v", "version"]),
    ("postgres", &["-V"]),
    ("psql", &["-V"]),
    ("python", &["-V"]),
    ("python3", &["-V"]),
    ("redis-server", &["-v"]),
    ("restic", &["version"]),
    ("ruby", &["-v"]),
    ("rustc", &["-V"]),
    ("sed", &[]),
    ("sort", &[]),
    ("sqlite3", &["-version"]),
    ("ssh", &["-V"]),
    ("systemctl", &[]),
    ("tar", &[]),
    ("terraform", &["version", "-v"]),
    ("traefik", &["version"]),
    ("warm-reconcile", &["-V"]),
    ("wget", &["-V"]),
];

fn version_only(name: &str, args: &[Word]) -> bool {
    let [only] = args else {
        return false;
    };
    VERSIONED.iter().any(|(known, words)| {
        *known == name
            && only.text().is_some_and(|text| {
                ["--version", "--help"].contains(&text) || words.contains(&text)
            })
    })
}
