//! `docs/warm-reconcile.md` against the program: what one of them has, the other has. And the
//! promises of the deployer against the tests that they name.
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

#[test]
fn every_promise_names_a_test_that_exists() {
    let text = test_kit::reference::rust_sources(&["src/warm-reconcile", "checks"]);
    let page = std::fs::read_to_string(test_kit::root().join("docs/deployer-promises.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let rows: Vec<&str> = rows.filter(|line| !line.starts_with("| promise")).collect();
    assert_eq!(rows.len(), 27 + 18);
    for row in rows {
        let quoted = row.split('`').skip(1).step_by(2);
        let names: Vec<&str> = quoted
            .filter(|name| name.matches('_').count() > 2 && !name.contains(' '))
            .collect();
        assert!(!names.is_empty(), "no test in {row}");
        for name in names {
            let is_there =
                text.contains(&format!("fn {name}(")) || text.contains(&format!("\"{name}\""));
            assert!(is_there, "no such test: {name} in {row}");
        }
    }
}
