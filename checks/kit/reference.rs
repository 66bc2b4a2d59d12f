//! The reference pages under `docs/` and what the programs say of themselves, in one form, so that a
//! test can compare them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

type Words = BTreeSet<String>;

/// A page of `docs/`: its sections in order.
pub struct Page(Vec<Section>);

/// What stands under one heading, up to the next heading of any level.
pub struct Section {
    /// The heading without its marks.
    pub title: String,
    /// The cells of all rows of tables, the head and its rule included.
    pub rows: Vec<Vec<String>>,
}

impl Page {
    pub fn read(name: &str) -> Page {
        let text = std::fs::read_to_string(crate::root().join("docs").join(name)).unwrap();
        let mut sections = Vec::new();
        let mut code = false;
        for line in text.lines() {
            code ^= line.starts_with("```");
            if code {
                continue;
            }
            if let Some(title) = line.strip_prefix('#') {
                let title = title.trim_start_matches('#').trim().to_owned();
                let rows = Vec::new();
                sections.push(Section { title, rows });
            } else if let (true, Some(section)) = (line.starts_with('|'), sections.last_mut()) {
                section.rows.push(cells(line));
            }
        }
        Page(sections)
    }

    pub fn sections(&self) -> impl Iterator<Item = &Section> {
        self.0.iter()
    }

    #[track_caller]
    pub fn section(&self, title: &str) -> &Section {
        let found = self.0.iter().find(|section| section.title == title);
        found.unwrap_or_else(|| panic!("no heading {title:?}"))
    }

    /// The sections whose heading is a command, by that command.
    pub fn commands(&self) -> BTreeMap<String, Words> {
        let command = |section: &Section| {
            let name = section.title.strip_prefix('`')?.strip_suffix('`')?;
            Some((name.to_owned(), section.arguments()))
        };
        self.0.iter().filter_map(command).collect()
    }
}

impl Section {
    /// The first cell of each row, without its marks of code. A cell may name several.
    pub fn names(&self) -> Words {
        let first = self.rows.iter().filter_map(|row| row.first());
        first.flat_map(|cell| quoted(cell)).collect()
    }

    /// The arguments and long options that the rows name: `--gate ID` is `--gate`.
    pub fn arguments(&self) -> Words {
        let names = self.names();
        let word = |name: &String| name.split(' ').next().unwrap_or_default().to_owned();
        let long = |word: &String| !word.starts_with('-') || word.starts_with("--");
        names.iter().map(word).filter(long).collect()
    }
}

fn cells(line: &str) -> Vec<String> {
    let line = line.trim().trim_matches('|').replace("\\|", "\0");
    let cell = |cell: &str| cell.trim().replace('\0', "|");
    line.split('|').map(cell).collect()
}

fn quoted(cell: &str) -> Vec<String> {
    let odd = cell.split('`').skip(1).step_by(2);
    odd.map(str::to_owned).collect()
}

/// What a program prints for these arguments, on both streams.
pub fn output(program: &str, args: &[&str]) -> String {
    let done = Command::new(crate::built(program))
        .args(args)
        .env("COLUMNS", "120")
        .output()
        .unwrap();
    String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr)
}

/// The commands that `--help` lists, with the commands below them, and the arguments and long options
/// of each. What all of them take stands under the empty name.
pub fn commands(program: &str) -> BTreeMap<String, Words> {
    let mut found = BTreeMap::new();
    let global = arguments(&output(program, &["--help"]));
    add_commands(program, &mut Vec::new(), &global, &mut found);
    found.insert(String::new(), global);
    found
}

fn add_commands(
    program: &str,
    path: &mut Vec<String>,
    global: &Words,
    found: &mut BTreeMap<String, Words>,
) {
    let mut args: Vec<&str> = path.iter().map(String::as_str).collect();
    args.push("--help");
    let help = output(program, &args);
    if !path.is_empty() {
        let own = &arguments(&help) - global;
        found.insert(path.join(" "), own);
    }
    for line in block(&help, "Commands:") {
        // What runs on to the next line is further in.
        let Some(name) = line
            .strip_prefix("  ")
            .filter(|rest| !rest.starts_with(' '))
        else {
            continue;
        };
        let name = name.split(' ').next().unwrap_or_default();
        if name != "help" {
            path.push(name.to_owned());
            add_commands(program, path, global, found);
            path.pop();
        }
    }
}

/// The lines below a heading of a help text, up to the next empty line that ends the block.
pub fn block<'h>(help: &'h str, heading: &str) -> Vec<&'h str> {
    let lines = help.lines().skip_while(|line| *line != heading).skip(1);
    lines
        .take_while(|line| line.is_empty() || line.starts_with(' '))
        .collect()
}

fn arguments(help: &str) -> Words {
    let positional = block(help, "Arguments:").into_iter().filter_map(|line| {
        let word = line.strip_prefix("  ")?.split(' ').next()?;
        word.starts_with(['<', '[']).then_some(word)
    });
    let options = block(help, "Options:").into_iter().filter_map(|line| {
        // In the column of the options, not in a text that mentions one.
        let (short, rest) = line.split_at_checked(6)?;
        // `prove-gate` has a `--version` of its own.
        let short = short.trim();
        let own = short.is_empty() || short.starts_with('-') && !["-h,", "-V,"].contains(&short);
        // `--hook[=<ROLE>]`: a value that may be left out.
        let word = rest.split([' ', '[']).next()?;
        (own && word.starts_with("--")).then_some(word)
    });
    positional.chain(options).map(str::to_owned).collect()
}

/// The exit codes that `--help` lists.
pub fn exit_codes(program: &str) -> BTreeMap<u8, String> {
    let help = output(program, &["--help"]);
    let codes = block(&help, "Exit codes:").into_iter().filter_map(|line| {
        let (code, text) = line.trim().split_once(' ')?;
        Some((code.parse().ok()?, text.trim().to_owned()))
    });
    codes.collect()
}

/// The keys that a program says it knows where it met an unknown one, by that unknown key.
pub fn known_keys(output: &str) -> BTreeMap<String, Words> {
    let mut found = BTreeMap::new();
    let mut unknown = None;
    for line in output.lines() {
        if let Some((_, rest)) = line.split_once("unknown key `") {
            unknown = rest.split('`').next();
        }
        if let Some((_, keys)) = line.split_once("known keys: ") {
            let key = unknown.take().unwrap_or_default().to_owned();
            found.insert(key, keys.split(", ").map(str::to_owned).collect());
        }
    }
    found
}

/// Compares the keys that a program knows at each place with the rows under these headings, and that no
/// other table of keys of the page goes uncompared. A place is marked by an unknown key, `x0`, `x1` …
#[track_caller]
pub fn assert_keys(page: &Page, output: &str, places: &[&[&str]], alone: &[&str]) {
    let known = known_keys(output);
    for (number, titles) in places.iter().enumerate() {
        let Some(keys) = known.get(&format!("x{number}")) else {
            panic!("the program was not asked at place {number}, {titles:?}: {output}");
        };
        let rows: Words = titles
            .iter()
            .flat_map(|title| page.section(title).names())
            .collect();
        assert_eq!(keys, &rows, "place {number}: the program, then {titles:?}");
    }
    assert_eq!(known.len(), places.len(), "{known:?}");
    for section in page.sections() {
        let of_keys = section.rows.iter().any(|row| row[0] == "key");
        let title = section.title.as_str();
        let compared = alone.contains(&title) || places.iter().any(|all| all.contains(&title));
        assert!(!of_keys || compared, "{title:?} is compared with nothing");
    }
}

/// Every Rust source below these folders of the repository, as one text.
pub fn rust_sources(folders: &[&str]) -> String {
    fn add(folder: &std::path::Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add(&path, text);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut text = String::new();
    for folder in folders {
        add(&crate::root().join(folder), &mut text);
    }
    text
}
