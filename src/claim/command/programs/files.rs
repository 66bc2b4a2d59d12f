//! Programs that look at files, some of which can also write them.

use super::super::change::{Doing, far, is_below, stays_in_folder};
use super::super::options::{Options, Until, tell};
use super::super::tree::{Rest, Word};
use super::arguments::{changes_files, closed, known_options, unknown};

/// What such a program does; `None` for any other one.
pub(super) fn judge(name: &str, args: &[Word], inner: &dyn Fn(&[Word]) -> Doing) -> Option<Doing> {
    Some(match name {
        "find" => find(args, inner),
        "sort" => closed(name, args, &SORT, usize::MAX),
        // The second operand is the output.
        "uniq" => closed(name, args, &UNIQ, 1),
        "xxd" => closed(name, args, &Options::letters("abCeEiuEp", "clgonsR"), 1),
        "tee" => tee(args),
        "file" => closed(name, args, &FILE, usize::MAX),
        "tree" => closed(name, args, &TREE, usize::MAX),
        "rg" => known_options(name, args, &RG),
        "gzip" | "xz" | "zstd" | "bzip2" => {
            match tell(args, &Options::letters("tlvq", ""), Until::TheEnd) {
                Ok(told) if told.has("t") || told.has("l") => Doing::Observes,
                Ok(_) => changes_files(name, args),
                Err(word) => unknown(name, &word),
            }
        }
        "tar" => tar(args),
        "unzip" => match tell(args, &Options::letters("lptvZ1q", ""), Until::TheEnd) {
            Ok(told)
                if ["l", "p", "t", "v", "Z"]
                    .iter()
                    .any(|option| told.has(option)) =>
            {
                Doing::Observes
            }
            Ok(_) => changes_files(name, args),
            Err(word) => unknown(name, &word),
        },
        "date" => date(args),
        "dd" => dd(args),
        "rm" | "rmdir" | "mv" | "cp" | "ln" | "link" | "unlink" | "touch" | "mkdir" | "chmod"
        | "chown" | "chgrp" | "chattr" | "setfacl" | "truncate" | "shred" | "mkfifo" | "mknod"
        | "fallocate" | "csplit" | "patch" | "dos2unix" => changes_files(name, args),
        // These can run other programs.
        "install" | "split" | "ed" | "ex" => Doing::mutates(name),
        _ => return None,
    })
}

/// Without `-o`, `--compress-program`, `--files0-from`.
const SORT: Options = Options {
    flags: "bcCdfghiMmnRrsuVz",
    optional: "",
    valued: "kStT",
    long: &[
        "check",
        "dictionary-order",
        "general-numeric-sort",
        "human-numeric-sort",
        "ignore-case",
        "ignore-leading-blanks",
        "month-sort",
        "numeric-sort",
        "reverse",
        "stable",
        "unique",
        "version-sort",
        "zero-terminated",
    ],
    long_valued: &["field-separator", "key", "sort", "parallel"],
};

/// Without `-C`, which compiles a file.
const FILE: Options = Options {
    flags: "bikLhnNprsSvzZ0E",
    optional: "",
    valued: "efmFP",
    long: &[
        "brief",
        "dereference",
        "keep-going",
        "mime",
        "mime-encoding",
        "mime-type",
        "no-dereference",
        "no-pad",
        "raw",
        "special-files",
    ],
    long_valued: &["exclude", "files-from", "magic-file", "separator"],
};

/// Without `-o` and `-R`, which write.
const TREE: Options = Options {
    flags: "adflxpughsDFqNQrtcUvniSACXJ",
    optional: "",
    valued: "LPIHT",
    long: &[
        "noreport",
        "dirsfirst",
        "du",
        "prune",
        "inodes",
        "device",
        "si",
    ],
    long_valued: &["charset", "filelimit", "sort", "timefmt"],
};

/// Without what runs a program: `--pre`, `--hostname-bin`, `-z`.
const RG: Options = Options {
    flags: "nilcovwxFSsuUNHhLaqP0.I",
    optional: "",
    valued: "etTgABCmMfjrd",
    long: &[
        "files",
        "files-with-matches",
        "files-without-match",
        "fixed-strings",
        "hidden",
        "ignore-case",
        "invert-match",
        "json",
        "line-number",
        "line-regexp",
        "multiline",
        "no-filename",
        "no-heading",
        "no-ignore",
        "no-line-number",
        "no-messages",
        "only-matching",
        "count",
        "count-matches",
        "pcre2",
        "quiet",
        "smart-case",
        "stats",
        "text",
        "trim",
        "unrestricted",
        "vimgrep",
        "with-filename",
        "word-regexp",
    ],
    long_valued: &[
        "after-context",
        "before-context",
        "color",
        "context",
        "file",
        "glob",
        "iglob",
        "max-count",
        "max-depth",
        "regexp",
        "replace",
        "sort",
        "type",
        "type-not",
    ],
};

const UNIQ: Options = Options {
    flags: "cdDiuz",
    optional: "",
    valued: "fsw",
    long: &[
        "count",
        "repeated",
        "unique",
        "ignore-case",
        "zero-terminated",
    ],
    long_valued: &["skip-fields", "skip-chars", "check-chars"],
};

/// What `find` may be asked, by whether a value follows.
const FIND_TESTS: &[&str] = &[
    "-H",
    "-L",
    "-P",
    "-O1",
    "-O2",
    "-O3",
    "-a",
    "-and",
    "-o",
    "-or",
    "-not",
    "-true",
    "-false",
    "-daystart",
    "-depth",
    "-d",
    "-follow",
    "-mount",
    "-xdev",
    "-noleaf",
    "-empty",
    "-nouser",
    "-nogroup",
    "-readable",
    "-writable",
    "-executable",
    "-print",
    "-print0",
    "-ls",
    "-prune",
    "-quit",
    "-warn",
    "-nowarn",
    "-ignore_readdir_race",
];
const FIND_VALUES: &[&str] = &[
    "-maxdepth",
    "-mindepth",
    "-name",
    "-iname",
    "-path",
    "-ipath",
    "-wholename",
    "-lname",
    "-ilname",
    "-regex",
    "-iregex",
    "-regextype",
    "-type",
    "-xtype",
    "-size",
    "-mtime",
    "-mmin",
    "-atime",
    "-amin",
    "-ctime",
    "-cmin",
    "-newer",
    "-anewer",
    "-cnewer",
    "-newermt",
    "-newerat",
    "-newerct",
    "-perm",
    "-user",
    "-group",
    "-uid",
    "-gid",
    "-links",
    "-inum",
    "-samefile",
    "-fstype",
    "-used",
    "-printf",
];

fn find(args: &[Word], inner: &dyn Fn(&[Word]) -> Doing) -> Doing {
    let mut worst = Doing::Observes;
    let mut at = 0;
    let mut elsewhere = false;
    while let Some(word) = args.get(at) {
        at += 1;
        if !word.may_be_option() {
            // Where it begins, or a mark such as `(`.
            elsewhere |= !stays_in_folder(word);
            continue;
        }
        let Some(text) = word.text() else {
            return unknown("find", &word.shown);
        };
        match text {
            _ if FIND_TESTS.contains(&text) => {}
            _ if FIND_VALUES.contains(&text) => match args.get(at) {
                Some(value) if value.rest == Rest::Split => {
                    return unknown("find", &value.shown);
                }
                _ => at += 1,
            },
            "-exec" | "-execdir" => {
                let Some(length) = args[at..].iter().position(ends_command) else {
                    return unknown("find", text);
                };
                let command = &args[at..at + length];
                // A `+` ends the command only behind `{}`, to some that read it at any place.
                let last = command.last().and_then(Word::text);
                if args[at + length].text() == Some("+") && last != Some("{}") {
                    return unknown("find", "+");
                }
                let command: Vec<Word> = command.iter().map(filled_in).collect();
                worst = worst.and(inner(&command));
                elsewhere |= text == "-execdir";
                at += length + 1;
            }
            "-delete" => return Doing::mutates("find … -delete"),
            _ => return unknown("find", text),
        }
    }
    if elsewhere { far(worst) } else { worst }
}

fn ends_command(word: &Word) -> bool {
    matches!(word.text(), Some(";" | "+"))
}

/// `{}` stands for a path: what `find` was told to begin at, and never an option.
fn filled_in(word: &Word) -> Word {
    match word.prefix.find("{}") {
        None => word.clone(),
        Some(0) => Word {
            shown: word.shown.clone(),
            prefix: "./".to_owned(),
            rest: Rest::Open,
            ..Word::default()
        },
        Some(at) => Word {
            prefix: word.prefix[..at].to_owned(),
            rest: Rest::Open,
            ..word.clone()
        },
    }
}

/// `dd` reads arguments of a form of its own: without `of=` it writes to its output.
fn dd(args: &[Word]) -> Doing {
    const KNOWN: &[&str] = &["if", "bs", "ibs", "count", "skip", "status", "iflag"];
    let mut worst = Doing::Observes;
    for word in args {
        let (name, value) = word.prefix.split_once('=').unwrap_or((&word.prefix, ""));
        worst = worst.and(match name {
            "of" if word.rest == Rest::Known && is_below(value) => {
                changes_files("dd", &[Word::known(value)])
            }
            "of" => Doing::mutates(format!("dd {}", word.shown)),
            _ if KNOWN.contains(&name) && word.rest != Rest::Split => Doing::Observes,
            _ => unknown("dd", &word.shown),
        });
    }
    worst
}

fn tee(args: &[Word]) -> Doing {
    let known = Options {
        flags: "aip",
        long: &["append", "ignore-interrupts"],
        ..Options::default()
    };
    match tell(args, &known, Until::TheEnd) {
        Err(word) => unknown("tee", &word),
        Ok(told) => {
            let harmless = |word: &&Word| {
                matches!(
                    word.text(),
                    Some("/dev/null" | "/dev/stderr" | "/dev/stdout")
                )
            };
            if told.operands.iter().all(harmless) {
                Doing::Observes
            } else {
                changes_files("tee", args)
            }
        }
    }
}

fn tar(args: &[Word]) -> Doing {
    let lists = |text: &str| {
        let letters = text.trim_start_matches('-');
        letters.contains('t') && letters.chars().all(|c| "tvfzjJ".contains(c))
    };
    match args.split_first() {
        Some((first, rest))
            if first
                .text()
                .is_some_and(|text| !text.starts_with("--") && lists(text))
                // `HOST:FILE` is read through a program that reaches the host.
                && rest
                    .iter()
                    .all(|word| !word.may_be_option() && !word.prefix.contains(':')) =>
        {
            Doing::Observes
        }
        Some((first, _)) => unknown("tar", &first.shown),
        None => Doing::Observes,
    }
}

fn date(args: &[Word]) -> Doing {
    let known = Options {
        flags: "uR",
        // `-I` takes a value only in the same word.
        optional: "I",
        valued: "drf",
        long: &["utc", "universal", "iso-8601", "rfc-email", "rfc-3339"],
        long_valued: &["date", "reference", "file"],
    };
    match tell(args, &known, Until::TheEnd) {
        // An operand that is not a format sets the clock.
        Ok(told) => match told
            .operands
            .iter()
            .find(|word| !word.prefix.starts_with('+'))
        {
            Some(word) if word.text().is_some() => Doing::mutates(format!("date {}", word.shown)),
            Some(word) => unknown("date", &word.shown),
            None => Doing::Observes,
        },
        Err(word) if word.starts_with("-s") || word.starts_with("--s") => {
            Doing::mutates(format!("date {word}"))
        }
        Err(word) => unknown("date", &word),
    }
}
