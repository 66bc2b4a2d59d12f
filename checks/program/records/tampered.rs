//! Whatever byte somebody touches is named; and records that git lost or changed.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use gateproof::report::documents::blocks_in;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::kit::World;

#[test]
fn what_was_written_and_committed_is_clean() {
    let world = World::complete();
    let audit = world.audit();
    assert_eq!(audit.findings, []);
    assert!(
        audit.unchecked.is_empty() && audit.notes.is_empty(),
        "{audit:?}"
    );
    let phase = &audit.phases[0];
    assert_eq!((phase.records, phase.signed, phase.committed), (2, 2, 2));
    assert_eq!((phase.blocks, phase.verdicts, phase.heads.len()), (2, 1, 1));

    let shown = world.run(&["audit", "--require-signatures", "--json"]);
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    let json = crate::schema::written("audit", &String::from_utf8(shown.stdout).unwrap());
    assert_eq!(json["schema"], "gateproof.audit/1");
    assert_eq!(json["findings"].as_array().unwrap().len(), 0);
}

/// A repository, and all places where a byte can be changed: a file with a range of it.
struct Targets {
    world: World,
    places: Vec<(PathBuf, Range<usize>)>,
}

fn targets(world: World) -> Targets {
    let mut places = Vec::new();
    for record in world.records() {
        for path in [record.with_extension("json.sig"), record] {
            let length = fs::read(&path).unwrap().len();
            places.push((path, 0..length));
        }
    }
    for name in ["reports/STATUS-demo.md", "reports/JOURNAL-demo.md"] {
        let path = world.path(name);
        let text = fs::read(&path).unwrap();
        let starts: Vec<usize> = std::iter::once(0)
            .chain((1..=text.len()).filter(|at| text[at - 1] == b'\n'))
            .collect();
        for block in blocks_in(&text).unwrap() {
            // Without the last line feed: what comes after it is a person's.
            let range = starts[block.lines.start - 1]..starts[block.lines.end - 1] - 1;
            places.push((path.clone(), range));
        }
    }
    assert_eq!(places.len(), 6);
    Targets { world, places }
}

/// Any byte of these files.
pub(crate) fn every_byte_is_guarded_of(world: World, files: &[PathBuf]) {
    let place = |path: &PathBuf| (path.clone(), 0..fs::read(path).unwrap().len());
    let places = files.iter().map(place).collect();
    every_byte_is_guarded(&Targets { world, places });
}

fn one_byte_is_guarded(
    targets: &Targets,
    place: Index,
    at: Index,
    to: u8,
) -> Result<(), TestCaseError> {
    // A case that failed leaves nothing half-done: the file is put back before it is judged.
    let (path, range) = &targets.places[place.index(targets.places.len())];
    let whole = fs::read(path).unwrap();
    let at = range.start + at.index(range.len());
    prop_assume!(whole[at] != to);
    let mut changed = whole.clone();
    changed[at] = to;
    fs::write(path, &changed).unwrap();
    let found = targets.world.findings();
    fs::write(path, &whole).unwrap();
    // The name of a changed record is that of its file or, of a signature that fits no more,
    // its signature's.
    let name = path
        .strip_prefix(targets.world.root())
        .unwrap()
        .display()
        .to_string();
    prop_assert!(
        found.iter().any(|(_, file)| *file == name),
        "{name} {at} {to}: {found:?}"
    );
    Ok(())
}

/// Any byte of anything, one after the other in one world.
fn every_byte_is_guarded(targets: &Targets) {
    let config = Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    };
    let changes = (any::<Index>(), any::<Index>(), any::<u8>());
    let mut runner = TestRunner::new(config);
    let result = runner.run(&changes, |(place, at, to)| {
        one_byte_is_guarded(targets, place, at, to)
    });
    result.unwrap();
}

#[test]
fn every_byte_of_a_record_a_signature_or_a_block_is_guarded() {
    every_byte_is_guarded(&targets(World::complete()));
}

/// Without git's help: nothing is committed but the claim.
#[test]
fn every_byte_is_guarded_also_before_it_is_committed() {
    let world = World::new();
    world.runs();
    every_byte_is_guarded(&targets(world));
}

#[test]
fn a_record_that_was_edited_removed_or_added_again_in_git_is_named_for_good() {
    let world = World::complete();
    let first = &world.records()[0];
    let name = first
        .strip_prefix(world.root())
        .unwrap()
        .display()
        .to_string();
    let whole = fs::read(first).unwrap();
    let mut other = whole.clone();
    other.extend_from_slice(b"\n");
    fs::write(first, other).unwrap();
    world.commit("an edit");
    assert!(world.findings().contains(&("GP1201", name.clone())));
    fs::write(first, &whole).unwrap();
    world.commit("taken back");
    // The bytes are right again, and the history still tells.
    assert_eq!(world.findings(), [("GP1201", name.clone())]);

    fs::remove_file(first).unwrap();
    world.commit("removed");
    let found = world.findings();
    for code in ["GP1103", "GP1202"] {
        assert!(found.contains(&(code, name.clone())), "{found:?}");
    }
    assert!(
        found.contains(&("GP1304", format!("{name}.sig"))),
        "{found:?}"
    );
    fs::write(first, &whole).unwrap();
    world.commit("back again");
    assert!(world.findings().contains(&("GP1202", name)));
}

#[test]
fn the_newest_record_cannot_be_taken_away_either() {
    let world = World::complete();
    let newest = world.records().pop().unwrap();
    let name = newest
        .strip_prefix(world.root())
        .unwrap()
        .display()
        .to_string();
    fs::remove_file(&newest).unwrap();
    fs::remove_file(newest.with_extension("json.sig")).unwrap();
    let found = world.findings();
    assert!(found.contains(&("GP1202", name)), "{found:?}");
    // Nothing stands behind the verdict any more.
    assert!(
        found.contains(&("GP1704", "reports/REVIEW-demo.md".to_owned())),
        "{found:?}"
    );
}

#[test]
fn a_record_that_a_merge_dropped_is_named() {
    let world = World::complete();
    world.git(&["checkout", "--quiet", "-b", "side"]);
    let record = world.keep(&world.sample());
    world.commit("one more");
    world.git(&["checkout", "--quiet", "main"]);
    world.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "meanwhile",
    ]);
    world.git(&["merge", "--quiet", "--strategy=ours", "--no-edit", "side"]);
    let name = record
        .strip_prefix(world.root())
        .unwrap()
        .display()
        .to_string();
    assert_eq!(world.findings(), [("GP1202", name)]);
}

#[test]
fn two_clones_that_wrote_at_the_same_time_are_clean_after_a_merge() {
    let world = World::complete();
    world.git(&["checkout", "--quiet", "-b", "side"]);
    world.keep(&world.sample());
    world.commit("theirs");
    world.git(&["checkout", "--quiet", "main"]);
    world.keep(&world.sample());
    world.commit("ours");
    world.git(&["merge", "--quiet", "--no-edit", "side"]);
    assert_eq!(world.audit().phases[0].heads.len(), 2);
    world.keep(&world.sample());
    world.commit("the next one follows both");
    let audit = world.audit();
    assert_eq!(audit.findings, []);
    assert_eq!(audit.phases[0].heads.len(), 1);
}

#[test]
fn what_cannot_be_audited_is_no_clean_audit() {
    let world = World::complete();
    let code = |words: &[&str]| world.run(words).status.code();
    assert_eq!(code(&["audit", "nobody"]), Some(3));
    assert_eq!(code(&["audit", "--reports", "claims"]), Some(3));
    assert_eq!(
        code(&["audit", "--allowed-signers", "no/such/file"]),
        Some(3)
    );
    let shallow = world.beside("shallow");
    let from = format!("file://{}", world.root().display());
    world.git(&[
        "clone",
        "--quiet",
        "--depth=1",
        &from,
        shallow.to_str().unwrap(),
    ]);
    let shown = world
        .command(&["audit"])
        .current_dir(shallow)
        .output()
        .unwrap();
    assert_eq!(shown.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&shown.stderr).contains("git fetch --unshallow"));
    let outside = world
        .command(&["audit"])
        .current_dir(world.beside(""))
        .output()
        .unwrap();
    assert_eq!(outside.status.code(), Some(3), "{outside:?}");
}
