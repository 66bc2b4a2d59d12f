use std::fs;
use std::path::{Path, PathBuf};

use chrono::{TimeDelta, TimeZone, Utc};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::record::files::parse;
use crate::record::{seal, write};
use kit::digest;
use kit::run_id::run_id;

/// A small record of the n-th run; no run's text is another's.
fn sample(n: u32) -> RunRecord {
    let mut record = crate::report::sample::record();
    record.started =
        Utc.with_ymd_and_hms(2026, 11, 21, 17, 0, 0).unwrap() + TimeDelta::minutes(i64::from(n));
    record.ended = record.started + TimeDelta::seconds(30);
    record.run_id = run_id(record.started, n);
    record.checks.truncate(1);
    record.fixtures.clear();
    record
}

/// A folder with that many records, one after the other.
fn chain_of(count: u32) -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let paths = (0..count)
        .map(|n| write(&sample(n), folder.path()).unwrap())
        .collect();
    (folder, paths)
}

fn read(folder: &Path) -> PhaseRecords {
    read_phase(folder).unwrap()
}

fn runs(phase: &PhaseRecords) -> Vec<String> {
    phase
        .records
        .iter()
        .map(|it| it.link.run_id.clone())
        .collect()
}

/// The kinds of the faults of one file.
fn kinds<'p>(phase: &'p PhaseRecords, path: &Path) -> Vec<&'p RecordFaultKind> {
    let faults = phase.faults.iter().filter(|fault| fault.path == path);
    faults.map(|fault| &fault.kind).collect()
}

#[test]
fn a_folder_that_is_not_there_has_no_records_and_no_faults() {
    let folder = tempfile::tempdir().unwrap();
    let phase = read(&folder.path().join("runs"));
    assert!(phase.records.is_empty() && phase.faults.is_empty() && phase.heads.is_empty());
}

#[test]
fn each_record_follows_the_one_before_it_by_its_digest() {
    let (folder, paths) = chain_of(3);
    let phase = read(folder.path());
    assert_eq!(phase.faults, []);
    assert!(phase.records[0].record.follows.is_empty());
    for n in 1..3 {
        let link = &phase.records[n].record.follows;
        assert_eq!(link.len(), 1);
        assert_eq!(link[0].run_id, sample(n as u32 - 1).run_id);
        assert_eq!(
            link[0].sha256,
            digest::sha256(fs::read(&paths[n - 1]).unwrap())
        );
    }
    assert_eq!(phase.heads, [phase.records[2].link.clone()]);
    assert!(phase.is_sound(&sample(1).run_id));
}

#[test]
fn two_clones_make_two_branches_and_the_next_writer_follows_both() {
    let (one, paths) = chain_of(1);
    let two = tempfile::tempdir().unwrap();
    let copy = |from: &Path, to: &Path| {
        fs::copy(from, to.join(from.file_name().unwrap())).unwrap();
    };
    copy(&paths[0], two.path());
    // The clock of the second clone is behind: the chain's order is not that of the names.
    write(&sample(5), one.path()).unwrap();
    copy(&write(&sample(3), two.path()).unwrap(), one.path());
    let joined = sample(4);
    write(&joined, one.path()).unwrap();
    write(&sample(9), one.path()).unwrap();

    let phase = read(one.path());
    assert_eq!(phase.faults, []);
    let expected = [0, 3, 5, 4, 9].map(|n| sample(n).run_id);
    assert_eq!(runs(&phase), expected);
    let both = &phase.find(&joined.run_id).unwrap().record.follows;
    let names: Vec<&str> = both.iter().map(|link| link.run_id.as_str()).collect();
    assert_eq!(names, [sample(3).run_id, sample(5).run_id]);
    assert_eq!(phase.heads.len(), 1);
}

#[test]
fn writers_at_the_same_time_make_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for n in 0..12 {
            let folder = folder.path();
            scope.spawn(move || write(&sample(n), folder).unwrap());
        }
    });
    let phase = read(folder.path());
    assert_eq!(phase.faults, []);
    assert_eq!(phase.records.len(), 12);
    assert_eq!(phase.heads.len(), 1);
    assert!(
        phase.records[1..]
            .iter()
            .all(|it| it.record.follows.len() == 1)
    );
    // The lock leaves nothing behind.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 12);
}

#[test]
fn a_missing_a_changed_and_a_renamed_record_are_named_with_the_link_that_shows_it() {
    let (folder, paths) = chain_of(3);
    let by = Some(sample(2).run_id);
    let whole = fs::read(&paths[1]).unwrap();

    fs::remove_file(&paths[1]).unwrap();
    let phase = read(folder.path());
    assert_eq!(phase.faults.len(), 1);
    assert_eq!(
        (&phase.faults[0].path, &phase.faults[0].by),
        (&paths[1], &by)
    );
    assert!(matches!(
        phase.faults[0].kind,
        RecordFaultKind::Missing { .. }
    ));

    let other = folder.path().join("other.json");
    fs::write(&other, &whole).unwrap();
    let phase = read(folder.path());
    let run_id = sample(1).run_id;
    assert_eq!(
        kinds(&phase, &other),
        [&RecordFaultKind::Renamed { run_id }]
    );
    let to = "other.json".to_owned();
    assert_eq!(kinds(&phase, &paths[1]), [&RecordFaultKind::Moved { to }]);
    fs::remove_file(&other).unwrap();

    // Forged with a seal that fits: the record that follows still knows better.
    let mut forged = parse(&paths[1], &whole).unwrap();
    forged.exit_code = 0;
    let mut json = serde_json::to_vec_pretty(&forged).unwrap();
    json.push(b'\n');
    fs::write(&paths[1], seal::seal(&json)).unwrap();
    let phase = read(folder.path());
    assert_eq!(phase.faults.len(), 1, "{:?}", phase.faults);
    assert_eq!(
        (&phase.faults[0].path, &phase.faults[0].by),
        (&paths[1], &by)
    );
    assert!(matches!(
        phase.faults[0].kind,
        RecordFaultKind::Changed { .. }
    ));
    assert!(!phase.is_sound(&sample(1).run_id) && phase.is_sound(&sample(2).run_id));
}

#[test]
fn a_damaged_newest_file_is_a_fault_and_is_pinned_by_the_next_record() {
    let (folder, paths) = chain_of(2);
    fs::write(&paths[1], "{ damaged").unwrap();
    let phase = read(folder.path());
    assert!(matches!(
        kinds(&phase, &paths[1])[..],
        [
            RecordFaultKind::NotARecord { .. },
            RecordFaultKind::SealBroken
        ]
    ));
    write(&sample(2), folder.path()).unwrap();
    let phase = read(folder.path());
    let follows = &phase.records.last().unwrap().record.follows;
    assert!(follows.iter().any(|link| link.run_id == sample(1).run_id));
}

#[test]
fn what_is_not_a_file_follows_itself_or_leads_out_of_the_folder_is_a_fault_and_no_panic() {
    let (folder, _) = chain_of(1);
    fs::create_dir(folder.path().join("folder.json")).unwrap();
    fs::write(folder.path().join("gone.json.sig"), "").unwrap();
    fs::write(folder.path().join(".hidden.json"), "").unwrap();
    fs::write(folder.path().join("README"), "").unwrap();
    let mut record = sample(7);
    let link = |run_id: &str| RecordLink {
        run_id: run_id.to_owned(),
        sha256: "0".repeat(64),
    };
    record.follows = vec![link(&record.run_id), link("../../etc/passwd"), link("")];
    let own = folder.path().join(format!("{}.json", record.run_id));
    fs::write(&own, serde_json::to_vec(&record).unwrap()).unwrap();

    let phase = read(folder.path());
    let at = |name: &str| kinds(&phase, &folder.path().join(name));
    assert!(matches!(
        at("folder.json")[..],
        [RecordFaultKind::Unreadable { .. }]
    ));
    assert!(matches!(
        at("gone.json.sig")[..],
        [RecordFaultKind::NoRecord]
    ));
    assert!(matches!(
        at("passwd.json")[..],
        [RecordFaultKind::Missing { .. }]
    ));
    assert!(kinds(&phase, &own).contains(&&RecordFaultKind::Cycle));
    assert!(kinds(&phase, &own).contains(&&RecordFaultKind::Unsealed));
    assert_eq!(phase.records.len(), 2);
}

/// One thing that somebody does to a folder of records.
#[derive(Clone, Debug)]
enum Tamper {
    Byte(prop::sample::Index, prop::sample::Index, u8),
    Cut(prop::sample::Index, prop::sample::Index),
    Delete(prop::sample::Index),
    Rename(prop::sample::Index),
    Copy(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Exchange(prop::sample::Index, prop::sample::Index),
}

fn tampers() -> impl Strategy<Value = Tamper> {
    use prop::sample::Index;
    prop_oneof![
        4 => any::<(Index, Index, u8)>().prop_map(|(f, b, to)| Tamper::Byte(f, b, to)),
        1 => any::<(Index, Index)>().prop_map(|(f, b)| Tamper::Cut(f, b)),
        1 => any::<Index>().prop_map(Tamper::Delete),
        1 => any::<Index>().prop_map(Tamper::Rename),
        1 => any::<Index>().prop_map(Tamper::Copy),
        1 => any::<(Index, Index)>().prop_map(|(a, b)| Tamper::Swap(a, b)),
        1 => any::<(Index, Index)>().prop_map(|(a, b)| Tamper::Exchange(a, b)),
    ]
}

/// Does it, and returns the files of which one at least must be named; none when nothing was
/// changed after all, or when what was done cannot be seen in the folder.
fn tamper(paths: &[PathBuf], how: &Tamper) -> Vec<PathBuf> {
    let pick = |index: &prop::sample::Index| paths[index.index(paths.len())].clone();
    match how {
        Tamper::Byte(file, byte, to) => {
            let path = pick(file);
            let mut bytes = fs::read(&path).unwrap();
            let byte = byte.index(bytes.len());
            let changed = bytes[byte] != *to;
            bytes[byte] = *to;
            fs::write(&path, bytes).unwrap();
            changed.then_some(path).into_iter().collect()
        }
        Tamper::Cut(file, byte) => {
            let path = pick(file);
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, &bytes[..byte.index(bytes.len())]).unwrap();
            vec![path]
        }
        Tamper::Delete(file) => {
            let path = pick(file);
            fs::remove_file(&path).unwrap();
            // The newest one can be taken away without a trace in the folder.
            (path != paths[paths.len() - 1])
                .then_some(path)
                .into_iter()
                .collect()
        }
        Tamper::Rename(file) => {
            let path = pick(file);
            let to = path.with_file_name("20261121T170000Z-ffffffff.json");
            fs::rename(&path, &to).unwrap();
            vec![to]
        }
        Tamper::Copy(file) => {
            let path = pick(file);
            let to = path.with_file_name("20261121T170000Z-ffffffff.json");
            fs::copy(&path, &to).unwrap();
            vec![to]
        }
        Tamper::Swap(a, b) => {
            let (a, b) = (pick(a), pick(b));
            let (one, two) = (fs::read(&a).unwrap(), fs::read(&b).unwrap());
            fs::write(&a, &two).unwrap();
            fs::write(&b, &one).unwrap();
            if a == b { vec![] } else { vec![a, b] }
        }
        Tamper::Exchange(a, b) => {
            let (a, b) = (pick(a), pick(b));
            let bytes = fs::read(&a).unwrap();
            fs::write(&b, bytes).unwrap();
            if a == b { vec![] } else { vec![b] }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_is_done_to_a_file_is_named(how in tampers()) {
        let (folder, paths) = chain_of(4);
        let touched = tamper(&paths, &how);
        let phase = read(folder.path());
        for path in &touched {
            prop_assert!(
                phase.faults.iter().any(|fault| fault.path == *path),
                "{how:?} of {path:?}: {:?}", phase.faults
            );
        }
        if touched.is_empty() {
            prop_assert_eq!(phase.faults, []);
        }
    }

    #[test]
    fn no_bytes_whatever_make_reading_panic(bytes: Vec<u8>) {
        let (folder, _) = chain_of(1);
        fs::write(folder.path().join("x.json"), bytes).unwrap();
        prop_assert!(!read(folder.path()).faults.is_empty());
    }
}
