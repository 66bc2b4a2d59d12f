//! `docs/commands.md` and `docs/claim-file.md` against the program: what one of them has, the other has.

use std::collections::{BTreeMap, BTreeSet};

use test_kit::program::Scratch;
use test_kit::reference::{self, Page, assert_keys, commands, exit_codes, output};

#[test]
fn the_page_of_commands_has_every_command_and_option_and_no_other() {
    let mut program = commands("gateproof");
    assert_eq!(program.remove(""), Some(BTreeSet::new()));
    assert!(program.contains_key("verify") && program["verify"].contains("--gate"));
    assert_eq!(program, Page::read("commands.md").commands());
}

#[test]
fn the_page_of_commands_has_every_code_with_its_text() {
    let page = Page::read("commands.md");
    let rows = &page.section("Error codes").rows[2..];
    let documented: BTreeMap<String, String> = rows
        .iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), row[1].clone()))
        .collect();
    let explained: BTreeMap<String, String> = output("gateproof", &["explain"])
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(code, text)| (code.to_owned(), text.to_owned()))
        .collect();
    assert!(explained.len() > 50, "{explained:?}");
    assert_eq!(explained, documented);
}

#[test]
fn the_page_of_commands_has_the_exit_codes() {
    let page = Page::read("commands.md");
    let rows = &page.section("Outcomes and exit codes").rows[2..];
    let documented: Vec<(u8, &str)> = rows
        .iter()
        .map(|row| (row[2].parse().unwrap(), row[0].as_str()))
        .collect();
    let codes = exit_codes("gateproof");
    let numbers: BTreeSet<u8> = documented.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes.keys().copied().collect::<BTreeSet<u8>>(), numbers);
    // Where the help names an outcome, the page gives it the same code.
    let named: Vec<(u8, &str)> = codes
        .iter()
        .filter_map(|(code, text)| Some((*code, text.split_once(':')?.0)))
        .collect();
    assert!(named.len() >= 5, "{codes:?}");
    for pair in named {
        assert!(documented.contains(&pair), "{pair:?}");
    }
}

/// A claim file with an unknown key at each place where keys are.
pub(crate) const UNKNOWN: &str = "x0: 1
phase: p
on: local
softened: [{ x31: 1 }]
hosts:
  h: { ssh: h, x1: 1 }
  g: { ssh: g, revision: { run: uname, x2: 1 } }
fixtures:
  f: { do: { run: touch a, x4: 1 }, undo: rm a, baseline: ls, x3: 1 }
  s: { service: { run: sleep 9, x5: 1 }, ready: { stdout: ready, x6: 1 }, capture: { v: { x7: 1 } } }
gates:
  M1:
    x8: 1
    checks:
      - id: a
        claim: c
        x9: 1
        run: echo
        expect:
          x10: 1
          exit: { x11: 1 }
          stdout: { x12: 1, count: { of: a, x13: 1 }, number: { x14: 1 }, time: { x15: 1 }, version: { x16: 1 }, secrets: { x17: 1 }, in_order: [a, { x29: 1 }] }
          tests: { x30: 1 }
          json: { $.a: { x18: 1 } }
          duration: { x19: 1 }
        repeat: { x20: 1 }
        control: { x21: 1, expect: b }
        teeth: { x28: 1 }
        waive: { x36: 1, GP2506: { x37: 1 } }
      - id: b
        claim: c
        http: https://a.example/
        tls: { x22: 1 }
        skip: { x27: 1 }
        on: { x32: 1, host: h, clone: true }
        for: { v: { run: ls, x33: 1 } }
        headers: { H: { x26: 1 } }
        expect: { x23: 1, status: { x24: 1 }, certificate: { x25: 1 }, cookie: { A: { x34: 1 } }, cookies: { x35: 1 } }
      - { id: d, claim: c, file: { path: /a, x38: 1 } }
      - { id: e, claim: c, unit: { name: a, x39: 1 } }
      - { id: f, claim: c, service: { name: a, x40: 1 } }
      - { id: g, claim: c, container: { name: a, x41: 1 } }
      - { id: h, claim: c, port: { tcp: 1, x42: 1 } }
      - { id: i, claim: c, git: { path: a, x43: 1 } }
      - { id: j, claim: c, mount: { path: a, x44: 1 } }
      - { id: k, claim: c, process: { name: a, x45: 1 } }
      - { id: l, claim: c, user: { name: a, x46: 1 } }
      - { id: m, claim: c, package: { name: a, x47: 1 } }
";

const COMMAND: &str = "Keys of a command";
const REQUEST: &str = "Keys of an HTTP request";
const TIMING: &str = "Keys of timing";
const NUMBER: &str = "Bounds on a number";

/// The headings of the rows that hold at each of these places.
pub(crate) const PLACES: &[&[&str]] = &[
    &["Keys of a claim file"],
    &["Keys of a host"],
    &[COMMAND],
    &["Keys of a fixture"],
    &["Keys of a step", COMMAND, REQUEST, TIMING],
    &[COMMAND],
    &["Keys of `ready`"],
    &["Keys of a capture"],
    &["Keys of a gate"],
    &[
        "Keys of a check",
        COMMAND,
        REQUEST,
        "Keys of a check by a person",
        TIMING,
    ],
    &["Keys of an expectation of a command"],
    &["Keys of `exit`"],
    &["Matchers of a text"],
    &["Keys of `count`", NUMBER],
    &["Keys of `number`", NUMBER],
    &["Bounds on a time"],
    &["Bounds on a version"],
    &["Keys of `secrets`"],
    &["Matchers of a JSON value"],
    &["Bounds on a duration"],
    &["Keys of `repeat`"],
    &["Keys of a control", COMMAND, REQUEST, TIMING],
    &["Keys of `tls`"],
    &["Keys of an expectation of an HTTP answer"],
    &["Keys of `status`"],
    &["Keys of `certificate`"],
    &["Keys of a header"],
    &["Keys of `skip`"],
    &["Keys of `teeth`"],
    &["Keys of `in_order`"],
    &["Keys of `tests`"],
    &["Keys of `softened`"],
    &["Keys of `on`"],
    &["Keys of a list of `for`", COMMAND],
    &["Keys of a cookie"],
    &["Keys of `cookies`"],
    &["Keys of `waive`"],
    &["Keys of a waiver"],
    &["Keys of `file`"],
    &["Keys of `unit`"],
    &["Keys of `service`"],
    &["Keys of `container`"],
    &["Keys of `port`"],
    &["Keys of `git`"],
    &["Keys of `mount`"],
    &["Keys of `process`"],
    &["Keys of `user`"],
    &["Keys of `package`"],
];

#[test]
fn the_page_of_the_claim_file_has_every_key_and_no_other() {
    let shown = Scratch::with(UNKNOWN).run(&["check", "claim.yaml"]);
    assert_eq!(shown.code, Some(2), "{shown:?}");
    let page = Page::read("claim-file.md");
    // The one key that takes the place of a matcher, so that no list of keys has it.
    let header = "Keys of `header`";
    assert_keys(&page, &shown.err, PLACES, &[header]);
    let words = ["absent", "every", "any", "none", "count", "set"];
    assert_eq!(
        page.section(header).names(),
        words.map(str::to_owned).into()
    );
    let claim = "phase: p\non: local\ngates: { M1: { checks: [{ id: a, claim: c, http: 'http://a.example/', expect: { header: { b: { absent: true }, c: { every: x }, d: { any: x, none: y, count: 1, set: [x] } } } }] } }\n";
    let shown = Scratch::with(claim).run(&["check", "claim.yaml"]);
    assert!(!shown.err.contains("GP2201"), "{shown:?}");
}

#[test]
fn a_difference_is_seen() {
    let found = reference::known_keys(
        "error[GP2201]: unknown key `x0` in a\n  = help: known keys: one, two\n",
    );
    assert_eq!(found["x0"], ["one".to_owned(), "two".to_owned()].into());
    let mut program = commands("gateproof");
    program.get_mut("verify").unwrap().remove("--gate");
    assert_ne!(program, Page::read("commands.md").commands());
}

#[test]
fn every_row_of_the_threat_table_names_a_test_that_exists() {
    let page = std::fs::read_to_string(test_kit::root().join("docs/threats.md")).unwrap();
    let text = reference::rust_sources(&["src", "checks"]);
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| attempt"))
        .collect();
    assert!(rows.len() > 25, "{rows:?}");
    for row in rows {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let name = cell.trim_matches('`');
        assert!(
            text.contains(&format!("fn {name}(")) || text.contains(&format!("\"{name}\"")),
            "no such test: {cell} in {row}"
        );
    }
}

#[test]
fn the_red_run_of_the_readme_is_what_the_program_prints() {
    let readme = std::fs::read_to_string(test_kit::root().join("README.md")).unwrap();
    let fenced = |begin: &str| {
        let (_, rest) = readme.split_once(begin).unwrap();
        rest.split_once("```\n").unwrap().0.to_owned()
    };
    let scratch = Scratch::with(fenced("```yaml\n"));
    std::fs::rename(
        scratch.path().join("claim.yaml"),
        scratch.path().join("alive.yaml"),
    )
    .unwrap();
    let shown = scratch.run(&["verify", "alive.yaml", "--no-record"]);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    // How long it took differs, and where lines are broken is up to the width of the page.
    let told = fenced("```\n$ gateproof verify alive.yaml\n");
    let (told, _) = told.rsplit_once("; took ").unwrap();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words(&shown.out).contains(&words(told)),
        "{told}\nis not in\n{}",
        shown.out
    );
}
