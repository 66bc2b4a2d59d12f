//! Package managers.

use super::super::change::Doing;
use super::super::options::{Options, Until, tell};
use super::super::tree::Word;
use super::arguments::{closed, only_with, unknown};
use super::system::plain;
use super::verbs::{self, After, Verbs};

/// What such a program does; `None` for any other one.
pub(super) fn judge(name: &str, args: &[Word]) -> Option<Doing> {
    let verbs = |verbs: &Verbs| verbs::judge(name, args, verbs);
    Some(match name {
        "dpkg-query" => closed(name, args, &Options::letters("lLsSWp", "f"), usize::MAX),
        "dpkg" => match tell(args, &Options::letters("lLsSVp", ""), Until::TheEnd) {
            Ok(told) if !told.options.is_empty() => Doing::Observes,
            _ => unknown(name, "those arguments"),
        },
        "rpm" => only_with(name, args, &["q", "V", "query", "verify"], &RPM, usize::MAX),
        // Without `-o`, which sets any setting.
        "apt-cache" => verbs(&Verbs {
            options: Options::letters("qnfai", ""),
            after: After::Only(Options::letters("qnfai", "")),
            ..plain(
                &[
                    "policy", "show", "search", "depends", "rdepends", "showpkg", "madison",
                    "stats",
                ],
                &[],
            )
        }),
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
            Some("--gc" | "--delete") => Doing::mutates("nix-store --gc or --delete"),
            _ => only_with(name, args, &["q", "query"], &NIX_STORE, usize::MAX),
        },
        _ => return None,
    })
}

/// Queries of rpm(8), without macros: `-E`, `-D`, `--pipe`, `--load`.
const RPM: Options = Options {
    flags: "qVaicdflpRsv",
    optional: "",
    valued: "",
    long: &[
        "query",
        "verify",
        "all",
        "info",
        "list",
        "configfiles",
        "docfiles",
        "file",
        "package",
        "requires",
        "provides",
        "conflicts",
        "obsoletes",
        "changelog",
        "scripts",
        "triggers",
        "last",
        "state",
        "nodigest",
        "nosignature",
        "nofiles",
        "nodeps",
    ],
    long_valued: &["qf", "queryformat", "whatprovides", "whatrequires", "root"],
};

const NIX_STORE: Options = Options {
    flags: "qR",
    optional: "",
    valued: "b",
    long: &[
        "query",
        "references",
        "referrers",
        "referrers-closure",
        "requisites",
        "size",
        "hash",
        "deriver",
        "valid-derivers",
        "outputs",
        "tree",
        "graph",
        "graphml",
        "roots",
        "include-outputs",
    ],
    long_valued: &["binding"],
};
