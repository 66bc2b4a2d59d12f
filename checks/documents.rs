//! `docs/warm-reconcile.md` against the program: what one of them has, the other has.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use test_kit::reference::{Page, assert_keys, commands, exit_codes, output};
use warm_reconcile::decide::outcome::Outcome;

fn page() -> Page {
    Page::read("warm-reconcile.md")
}

#[test]
fn the_page_has_every_command_and_option_and_no_other() {
    let mut program = commands("warm-reconcile");
    let page = page();
    let everywhere = page.section("Commands").arguments();
    assert_eq!(program.remove(""), Some(everywhere));
    assert!(program.contains_key("run") && program["run"].contains("--plan"));
    assert_eq!(program, page.commands());
}

#[test]
fn the_page_has_the_exit_codes_and_outcomes() {
    let page = page();
    let rows = &page.section("Outcomes and exit codes").rows;
    let (codes, outcomes): (Vec<_>, Vec<_>) = rows
        .iter()
        .filter(|row| !row[0].starts_with("---"))
        .partition(|row| row.len() == 2);
    let documented: BTreeSet<u8> = codes.iter().filter_map(|row| row[0].parse().ok()).collect();
    let program: BTreeSet<u8> = exit_codes("warm-reconcile").into_keys().collect();
    assert_eq!(program, documented);
    let documented: BTreeSet<(String, String, bool)> = outcomes
        .iter()
        .filter(|row| row[0] != "outcome")
        .map(|row| {
            let name = row[0].trim_matches('`').to_owned();
            (name, row[1].clone(), row[2] == "yes")
        })
        .collect();
    let program = Outcome::ALL.into_iter().map(|outcome| {
        let code = outcome.exit().code().to_string();
        (outcome.name().to_owned(), code, outcome.alerts())
    });
    assert_eq!(program.collect::<BTreeSet<_>>(), documented);
}

const UNKNOWN: &str = "x0: 1
apps:
  traefik:
    x1: 1
    recipe: traefik
    domain: t.example
    health_path: /
    times: { x2: 1 }
";

#[test]
fn the_page_has_every_key_of_the_app_file_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("apps.yaml");
    std::fs::write(&file, UNKNOWN).unwrap();
    let shown = output(
        "warm-reconcile",
        &["--config", file.to_str().unwrap(), "spec", "traefik"],
    );
    let places: &[&[&str]] = &[
        &["Keys of the file"],
        &["Keys of an app"],
        &["Keys of `times`"],
    ];
    assert_keys(&page(), &shown, places, &[]);
}
