//! Programs that look at files, some of which can also write them.

use super::super::effect::Doing;
use super::super::options::{Options, Until, tell};
use super::super::tree::Word;
use super::{changes_files, closed, unknown, without};

/// What such a program does; `None` for any other one.
pub(super) fn judge(name: &str, args: &[Word], inner: &dyn Fn(&[Word]) -> Doing) -> Option<Doing> {
    Some(match name {
        // `test -v 'a[$(…)]'` runs what stands in the subscript.
        "test" => match args.first().and_then(Word::text) {
            Some("-v") => unknown(name, "-v"),
            _ => Doing::Observes,
        },
        "printf" => match args.first() {
            Some(first) if first.may_be_option() && first.text() != Some("--") => {
                unknown(name, &first.shown)
            }
            _ => Doing::Observes,
        },
        "find" => find(args, inner),
        "sort" => closed(name, args, &SORT, usize::MAX),
        // The second operand is the output.
        "uniq" => closed(name, args, &UNIQ, 1),
        "xxd" => closed(name, args, &Options::letters("abCeEiuEp", "clgonsR"), 1),
        "tee" => tee(args),
        "file" => without(name, args, "C", &["compile"]),
        "tree" => without(name, args, "oR", &["output"]),
        "rg" => without(name, args, "", &["pre", "hostname-bin", "search-zip"]),
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
        "dd" => match args.iter().find(|word| !word.prefix.starts_with("if=")) {
            Some(word) if word.prefix.starts_with("of=") => changes_files(name, args),
            Some(word)
                if !["bs=", "count=", "skip=", "status=", "iflag=", "ibs="]
                    .iter()
                    .any(|known| word.prefix.starts_with(known)) =>
            {
                unknown(name, &word.shown)
            }
            _ => Doing::Observes,
        },
        "rm" | "rmdir" | "mv" | "cp" | "ln" | "link" | "unlink" | "touch" | "mkdir" | "chmod"
        | "chown" | "chgrp" | "chattr" | "setfacl" | "install" | "truncate" | "shred"
        | "mkfifo" | "mknod" | "fallocate" | "split" | "csplit" | "patch" | "ed" | "ex"
        | "dos2unix" => changes_files(name, args),
        _ => return None,
    })
}

/// Without `-o`, `--compress-program`, `--files0-from`.
const SORT: Options = Options {
    flags: "bcCdfghiMmnRrsuVz",
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

const UNIQ: Options = Options {
    flags: "cdDiuz",
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
    while let Some(word) = args.get(at) {
        at += 1;
        if !word.may_be_option() {
            continue;
        }
        let Some(text) = word.text() else {
            return unknown("find", &word.shown);
        };
        match text {
            _ if FIND_TESTS.contains(&text) => {}
            _ if FIND_VALUES.contains(&text) => at += 1,
            "-exec" | "-execdir" => {
                let end = args[at..]
                    .iter()
                    .position(|word| matches!(word.text(), Some(";" | "+")));
                let Some(end) = end else {
                    return unknown("find", text);
                };
                let command: Vec<Word> = args[at..at + end].iter().map(filled_in).collect();
                worst = worst.and(inner(&command));
                at += end + 1;
            }
            "-delete" => return Doing::mutates("find … -delete"),
            _ => return unknown("find", text),
        }
    }
    worst
}

/// `{}` stands for a path: what `find` was told to begin at, and never an option.
fn filled_in(word: &Word) -> Word {
    match word.prefix.find("{}") {
        None => word.clone(),
        Some(0) => Word {
            shown: word.shown.clone(),
            prefix: "./".to_owned(),
            rest: super::super::tree::Rest::Open,
            ..Word::default()
        },
        Some(at) => Word {
            prefix: word.prefix[..at].to_owned(),
            rest: super::super::tree::Rest::Open,
            ..word.clone()
        },
    }
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
                    Some("/dev/null" | "/dev/stderr" | "/dev/stdout" | "-")
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
                && rest.iter().all(|word| !word.may_be_option()) =>
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
        valued: "drfI",
        long: &["utc", "universal", "iso-8601", "rfc-email", "rfc-3339"],
        long_valued: &["date", "reference", "file"],
    };
    // `-I` takes a value only in the same word.
    let args: Vec<Word> = args
        .iter()
        .filter(|word| word.text() != Some("-I"))
        .cloned()
        .collect();
    match tell(&args, &known, Until::TheEnd) {
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
