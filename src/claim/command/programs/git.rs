//! git: what of it reads a repository only.

use super::super::change::{Doing, Mutation, Reach};
use super::super::options::{Options, Until, tell};
use super::super::tree::Word;
use super::arguments::{known_name, names_folder_only, unknown};

/// Options that may stand before the subcommand. `-c` sets a configuration, which can name programs.
const GLOBAL: Options = Options {
    flags: "P",
    optional: "",
    valued: "Cc",
    long: &[
        "no-pager",
        "no-optional-locks",
        "literal-pathspecs",
        "no-replace-objects",
        "bare",
        "version",
    ],
    long_valued: &["git-dir", "work-tree", "namespace"],
};

/// Configuration that names no program, by the beginning of its key.
const SETTINGS: &[&str] = &[
    "color.",
    "core.quotepath",
    "safe.directory",
    "log.date",
    "core.abbrev",
];

/// Subcommands that only read, whatever their options are but those of [`WRITES`].
const READS: &[&str] = &[
    "log",
    "show",
    "diff",
    "rev-parse",
    "rev-list",
    "status",
    "ls-files",
    "ls-tree",
    "cat-file",
    "describe",
    "blame",
    "annotate",
    "shortlog",
    "merge-base",
    "name-rev",
    "for-each-ref",
    "show-ref",
    "diff-tree",
    "diff-index",
    "diff-files",
    "count-objects",
    "check-ignore",
    "check-attr",
    "check-mailmap",
    "check-ref-format",
    "verify-commit",
    "verify-tag",
    "verify-pack",
    "version",
    "whatchanged",
    "range-diff",
    "cherry",
    "show-branch",
    "var",
    "grep",
    "fsck",
];

/// Options of those that write a file or run a program.
const WRITES: &[&str] = &[
    "output",
    "ext-diff",
    "textconv",
    "filters",
    "open-files-in-pager",
    "lost-found",
    "upload-pack",
    "exec",
    "show-signature",
    "contents",
];

/// Subcommands that are known to change the repository, its folder, or another one.
const CHANGES: &[&str] = &[
    "add",
    "am",
    "apply",
    "checkout",
    "cherry-pick",
    "clean",
    "commit",
    "fetch",
    "gc",
    "init",
    "clone",
    "merge",
    "mv",
    "pull",
    "rebase",
    "reset",
    "restore",
    "revert",
    "rm",
    "switch",
    "update-ref",
    "update-index",
    "prune",
    "repack",
    "notes",
    "replace",
    "read-tree",
    "checkout-index",
];

/// Options of those that run a program, take its name from elsewhere, or leave the folder.
const RUNS: &[&str] = &[
    "exec",
    "upload-pack",
    "receive-pack",
    "config",
    "template",
    "separate-git-dir",
    "unsafe-paths",
];

pub(super) fn judge(name: &str, args: &[Word]) -> Option<Doing> {
    (name == "git").then(|| git(args))
}

fn git(args: &[Word]) -> Doing {
    let told = match tell(args, &GLOBAL, Until::FirstOperand) {
        Ok(told) => told,
        Err(word) => return unknown("git", &word),
    };
    for setting in told.values("c") {
        let key = setting.prefix.to_ascii_lowercase();
        if !SETTINGS.iter().any(|known| key.starts_with(known)) {
            return unknown("git", &format!("-c {}", setting.shown));
        }
    }
    let words: Vec<Word> = told.operands.iter().map(|word| (*word).clone()).collect();
    let Some((first, rest)) = words.split_first() else {
        return Doing::Observes;
    };
    let Some(verb) = first.text() else {
        return unknown("git", &first.shown);
    };
    let second = rest.first().and_then(Word::text);
    let elsewhere = told.has("C") || told.has("git-dir") || told.has("work-tree");
    match verb {
        "grep" => without("git grep", rest, "O", WRITES),
        _ if READS.contains(&verb) => {
            // `-o FILE` is `--output` of nothing here; of `ls-files` it lists.
            let letters = if verb == "ls-files" { "" } else { "o" };
            without(&format!("git {verb}"), rest, letters, WRITES)
        }
        "ls-remote" => match rest.iter().find(|word| word.prefix.contains("::")) {
            Some(word) => unknown("git ls-remote", &word.shown),
            None if rest.iter().any(|word| word.prefix.is_empty()) => {
                unknown("git ls-remote", "an open URL")
            }
            None => without(
                "git ls-remote",
                rest,
                "",
                &["upload-pack", "exec", "server-option"],
            ),
        },
        "branch" => listing(
            "git branch",
            rest,
            "arvli",
            &[
                "contains",
                "no-contains",
                "merged",
                "no-merged",
                "points-at",
                "sort",
                "format",
            ],
            &[
                "list",
                "show-current",
                "all",
                "remotes",
                "verbose",
                "ignore-case",
                "no-color",
                "color",
                "no-column",
            ],
        ),
        "tag" => listing(
            "git tag",
            rest,
            "li",
            &[
                "contains",
                "no-contains",
                "merged",
                "no-merged",
                "points-at",
                "sort",
                "format",
            ],
            &["list", "ignore-case", "no-column", "color"],
        ),
        "remote" => {
            let known = Options {
                long: &["verbose", "all", "push"],
                ..Options::letters("v", "")
            };
            let verb = match tell(rest, &known, Until::TheEnd) {
                Ok(told) => told.operands.first().map(|word| word.shown.clone()),
                Err(word) => return unknown("git remote", &word),
            };
            match verb.as_deref() {
                None | Some("get-url" | "show") => Doing::Observes,
                Some(verb) => changes(&format!("remote {verb}"), elsewhere),
            }
        }
        "stash" | "reflog" | "worktree" | "submodule" | "bisect" | "notes" | "bundle"
        | "symbolic-ref" | "config" => {
            let reads: &[&str] = match verb {
                "stash" => &["list", "show"],
                "reflog" => &["show", "exists"],
                "worktree" => &["list"],
                "submodule" => &["status", "summary"],
                "bisect" => &["log"],
                "notes" => &["list", "show"],
                "bundle" => &["verify", "list-heads"],
                "config" => &[
                    "--get",
                    "--get-all",
                    "--get-regexp",
                    "--list",
                    "-l",
                    "get",
                    "list",
                ],
                _ => &[],
            };
            match second {
                None if matches!(verb, "reflog" | "worktree" | "submodule" | "notes") => {
                    Doing::Observes
                }
                Some(word) if reads.contains(&word) => {
                    without(&format!("git {verb}"), &rest[1..], "", WRITES)
                }
                _ if verb == "symbolic-ref" => match rest {
                    [one] | [_, one]
                        if rest.len() == 1
                            || matches!(second, Some("--short" | "-q")) && !one.may_be_option() =>
                    {
                        if one.may_be_option() {
                            unknown("git symbolic-ref", &one.shown)
                        } else {
                            Doing::Observes
                        }
                    }
                    _ => unknown("git", verb),
                },
                _ => unknown("git", verb),
            }
        }
        "push"
            if rest
                .iter()
                .any(|word| matches!(word.text(), Some("-n" | "--dry-run"))) =>
        {
            unknown("git", "push --dry-run")
        }
        "push" | "send-email" | "svn" => Doing::mutates(format!("git {verb}")),
        "filter-branch" => Doing::mutates("git filter-branch"),
        _ if CHANGES.contains(&verb) => {
            let letters = match verb {
                "rebase" => "x",
                "clone" => "uc",
                _ => "",
            };
            let names_place = matches!(verb, "clone" | "init" | "checkout-index");
            let away = without(verb, rest, letters, RUNS) != Doing::Observes
                || rest.iter().any(|word| word.prefix.contains("::"))
                || names_place && !rest.iter().all(names_folder_only);
            changes(verb, elsewhere || away)
        }
        _ => unknown("git", verb),
    }
}

/// What is changed in the repository of the folder: in a fresh clone it disturbs nobody.
fn changes(verb: &str, elsewhere: bool) -> Doing {
    Doing::Mutates(Mutation {
        what: format!("git {verb}"),
        reach: if elsewhere {
            Reach::World
        } else {
            Reach::Folder
        },
    })
}

/// `branch` and `tag` list with these options, and make something with any operand beside others.
fn listing(
    name: &str,
    args: &[Word],
    flags: &'static str,
    long_valued: &'static [&'static str],
    long: &'static [&'static str],
) -> Doing {
    let known = Options {
        flags,
        optional: "",
        valued: "",
        long,
        long_valued,
    };
    match tell(args, &known, Until::TheEnd) {
        Err(word) => unknown(name, &word),
        Ok(told) if told.operands.is_empty() || told.has("l") || told.has("list") => {
            Doing::Observes
        }
        Ok(told) => match told.operands.first() {
            Some(word) => unknown(name, &word.shown),
            None => Doing::Observes,
        },
    }
}

/// Observes unless an option is, or may be, one of those. `long` are whole words; git takes any beginning
/// of them that is unique, and so does this. Its subcommands have too many options to name the others.
fn without(name: &str, args: &[Word], letters: &str, long: &[&str]) -> Doing {
    for word in args.iter().take_while(|word| word.text() != Some("--")) {
        if !word.may_be_option() {
            continue;
        }
        let Some(text) = word.text().or_else(|| known_name(word)) else {
            return unknown(name, &word.shown);
        };
        let bad = match text.strip_prefix("--") {
            Some(option) => {
                let option = option.split('=').next().unwrap_or_default();
                long.iter()
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
