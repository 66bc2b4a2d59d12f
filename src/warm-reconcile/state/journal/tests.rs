use crate::Version;
use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::state::layout::Layout;
use proptest::prelude::*;
use std::time::Duration;
use test_kit::children;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000 + second, 123_456_789).unwrap()
}

fn target(tag: &str) -> Release {
    Release {
        version: Version::parse(tag).unwrap(),
        commit: Some("0123abcd".into()),
        digests: BTreeMap::from([("app".into(), "sha256:ab".into())]),
        env_hash: None,
    }
}

fn plan() -> Plan {
    Plan {
        run_id: "20261121T174530Z-1f3a9c2e".into(),
        app: "traefik".into(),
        kind: Kind::Upgrade,
        at: at(0),
        from: Some(target("5.1.1+v3.6.15")),
        to: target("5.2.0+v3.7.15"),
        stateful: true,
        tries: Tries {
            forward: 2,
            back: 2,
        },
        volumes: vec!["traefik_data".into()],
        snapshot: None,
    }
}

fn paths(root: &Path) -> AppPaths {
    Layout::new(root)
        .unwrap()
        .app("traefik", "traefik")
        .unwrap()
}

fn unfinished(paths: &AppPaths) -> Journal {
    match Journal::open(paths).unwrap() {
        JournalState::Unfinished(journal) => journal,
        other => panic!("{other:?}"),
    }
}

fn go(journal: &mut Journal, event: Event) -> State {
    journal.advance(event, Step::default(), at(9)).unwrap()
}

#[test]
fn a_run_is_read_back_at_every_state_as_it_was_written() {
    let root = tempfile::tempdir().unwrap();
    let paths = paths(root.path());
    assert!(matches!(
        Journal::open(&paths).unwrap(),
        JournalState::Absent
    ));
    let mut journal = Journal::begin(&paths, plan()).unwrap();
    journal.start_try(at(1)).unwrap();
    for event in [
        Event::Undeployed,
        Event::SnapshotTaken,
        Event::DeployStarted,
        Event::Deployed,
    ] {
        assert!(!journal.may_have_deployed());
        go(&mut journal, event);
        let read = unfinished(&paths);
        assert_eq!(read.records(), journal.records());
        assert_eq!(read.plan(), &plan());
        if journal.state() == State::Deploying {
            break;
        }
    }
    assert!(unfinished(&paths).may_have_deployed());
    let until = Some(at(300));
    let step = Step {
        until,
        note: Some(Redacted::own("geöffnet\n\"so\"").to_text()),
    };
    journal.advance(Event::Deployed, step, at(5)).unwrap();
    assert_eq!(unfinished(&paths).until(), until);
    go(&mut journal, Event::Healthy);
    assert!(matches!(
        Journal::open(&paths).unwrap(),
        JournalState::Ended(_)
    ));
    assert!(!paths.reserve().exists());
    Journal::begin(&paths, plan()).unwrap();
}

#[test]
fn an_unfinished_run_forbids_a_new_one() {
    let root = tempfile::tempdir().unwrap();
    let paths = paths(root.path());
    Journal::begin(&paths, plan()).unwrap();
    let error = Journal::begin(&paths, plan()).unwrap_err();
    assert!(matches!(
        error,
        JournalError::Unfinished {
            state: State::Planned,
            ..
        }
    ));
}

#[test]
fn tries_go_down_on_the_disk_before_the_try_and_the_deadline_stands() {
    let root = tempfile::tempdir().unwrap();
    let paths = paths(root.path());
    let mut journal = Journal::begin(&paths, plan()).unwrap();
    // Work without a counted try is refused, and so is work after a restart without one.
    let refused = journal
        .advance(Event::Undeployed, Step::default(), at(1))
        .unwrap_err();
    assert!(matches!(refused, JournalError::NotTried { .. }));
    journal.start_try(at(1)).unwrap();
    assert_eq!(
        unfinished(&paths).tries(),
        Tries {
            forward: 1,
            back: 2
        }
    );
    let step = Step {
        until: Some(at(60)),
        note: None,
    };
    journal.advance(Event::Undeployed, step, at(2)).unwrap();

    let mut resumed = unfinished(&paths);
    assert!(
        resumed
            .advance(Event::SnapshotTaken, Step::default(), at(3))
            .is_err()
    );
    resumed.start_try(at(3)).unwrap();
    assert_eq!(resumed.until(), Some(at(60)));
    assert_eq!(
        unfinished(&paths).tries(),
        Tries {
            forward: 0,
            back: 2
        }
    );

    let mut again = unfinished(&paths);
    assert!(matches!(
        again.start_try(at(4)),
        Err(JournalError::NoTriesLeft { .. })
    ));
    // Giving up is always possible, and counts the try back in the same write.
    assert_eq!(go(&mut again, Event::Failed), State::RollingBack);
    assert_eq!(
        unfinished(&paths).tries(),
        Tries {
            forward: 0,
            back: 1
        }
    );
    assert_eq!(go(&mut again, Event::Restored), State::Restored);

    let mut last = unfinished(&paths);
    last.start_try(at(5)).unwrap();
    let mut over = unfinished(&paths);
    assert!(over.start_try(at(6)).is_err());
    assert_eq!(go(&mut over, Event::RollbackFailed), State::Degraded);
}

#[test]
fn an_event_out_of_place_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let paths = paths(root.path());
    let mut journal = Journal::begin(&paths, plan()).unwrap();
    let before = fs::read(paths.journal()).unwrap();
    let error = journal
        .advance(Event::Healthy, Step::default(), at(1))
        .unwrap_err();
    assert!(matches!(error, JournalError::Refused(_)));
    assert_eq!(fs::read(paths.journal()).unwrap(), before);
    assert_eq!(journal.state(), State::Planned);
}

/// A journal with every kind of record in it.
fn whole() -> (tempfile::TempDir, AppPaths, Vec<u8>) {
    let root = tempfile::tempdir().unwrap();
    let paths = paths(root.path());
    let mut journal = Journal::begin(&paths, plan()).unwrap();
    journal.start_try(at(1)).unwrap();
    go(&mut journal, Event::Undeployed);
    go(&mut journal, Event::Failed);
    let bytes = fs::read(paths.journal()).unwrap();
    (root, paths, bytes)
}

#[test]
fn cut_at_any_byte_it_is_refused_and_never_an_earlier_state() {
    let (_root, paths, bytes) = whole();
    for length in 0..bytes.len() {
        fs::write(paths.journal(), &bytes[..length]).unwrap();
        let error = Journal::open(&paths).unwrap_err();
        assert!(
            matches!(error, JournalError::Damaged { .. }),
            "{length}: {error}"
        );
    }
}

#[test]
fn with_any_byte_changed_it_is_refused() {
    let (_root, paths, bytes) = whole();
    for at in 0..bytes.len() {
        // One bit of it, and the case of a letter.
        for mask in [0x01, 0x20] {
            let mut changed = bytes.clone();
            changed[at] ^= mask;
            fs::write(paths.journal(), &changed).unwrap();
            let error = Journal::open(&paths).unwrap_err();
            let typed = matches!(
                error,
                JournalError::Damaged { .. } | JournalError::Format { .. }
            );
            assert!(typed, "{at}: {error}");
        }
    }
    fs::write(paths.journal(), &bytes).unwrap();
    assert_eq!(unfinished(&paths).state(), State::RollingBack);
}

#[test]
fn records_that_do_not_follow_are_refused_though_their_digest_is_right() {
    let (_root, paths, bytes) = whole();
    let (plan, records) = decode(&bytes, &paths.journal()).unwrap();
    let mut gap = records.clone();
    gap.remove(1);
    let mut jump = records.clone();
    jump[2].state = State::Committed;
    for bad in [gap, jump, Vec::new()] {
        fs::write(paths.journal(), encode(&plan, &bad)).unwrap();
        assert!(matches!(
            Journal::open(&paths),
            Err(JournalError::Damaged { .. })
        ));
    }
    let mut other = plan;
    other.app = "keycloak".into();
    fs::write(paths.journal(), encode(&other, &records)).unwrap();
    assert!(matches!(
        Journal::open(&paths),
        Err(JournalError::Damaged { .. })
    ));
}

#[test]
fn a_later_format_is_named_and_an_unreadable_file_is_no_absent_one() {
    let (_root, paths, bytes) = whole();
    let text = String::from_utf8(bytes).unwrap();
    fs::write(
        paths.journal(),
        text.replacen("\"journal\":1", "\"journal\":7", 1),
    )
    .unwrap();
    assert!(matches!(
        Journal::open(&paths),
        Err(JournalError::Format { found: 7, .. })
    ));
    fs::remove_file(paths.journal()).unwrap();
    fs::create_dir(paths.journal()).unwrap();
    assert!(matches!(Journal::open(&paths), Err(JournalError::File(_))));
}

#[test]
fn a_temporary_file_of_a_killed_process_is_not_read() {
    let (root, paths, bytes) = whole();
    let torn = root
        .path()
        .join("traefik")
        .join(format!(".journal.jsonl.x{}", kit::atomic::SUFFIX));
    fs::write(torn, &bytes[..40]).unwrap();
    assert_eq!(unfinished(&paths).state(), State::RollingBack);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_walk_reads_back_to_the_same_state(choices in proptest::collection::vec(0usize..14, 1..24)) {
        let root = tempfile::tempdir().unwrap();
        let paths = paths(root.path());
        let mut journal = Journal::begin(&paths, plan()).unwrap();
        let _ = journal.start_try(at(1));
        for choice in choices {
            let event = Event::ALL[choice];
            let before = journal.state();
            let tries = journal.tries();
            let moved = journal.advance(event, Step::default(), at(2));
            prop_assert_eq!(journal.state(), moved.unwrap_or(before));
            prop_assert!(journal.tries().forward <= tries.forward && journal.tries().back <= tries.back);
            let read = match Journal::open(&paths).unwrap() {
                JournalState::Unfinished(read) => { prop_assert!(!read.state().is_end()); read }
                JournalState::Ended(read) => { prop_assert!(read.state().is_end()); read }
                JournalState::Absent => panic!("it was begun"),
            };
            prop_assert_eq!(read.records(), journal.records());
        }
    }
}

/// Writes runs until it is killed; a part of the test below.
#[test]
#[ignore = "only as the child of `killed_at_any_moment_the_journal_is_whole`"]
fn child_that_writes_until_it_is_killed() {
    let Some(root) = children::child_folder() else {
        return;
    };
    let paths = paths(&root);
    loop {
        let mut journal = match Journal::open(&paths).unwrap() {
            JournalState::Unfinished(journal) => journal,
            _ => Journal::begin(&paths, plan()).unwrap(),
        };
        if journal.start_try(at(1)).is_err() {
            let event = match journal.state().direction() {
                Some(Direction::Forward) => Event::Failed,
                _ => Event::RollbackFailed,
            };
            journal.advance(event, Step::default(), at(1)).unwrap();
        }
        while !journal.state().is_end() {
            let event = Event::ALL
                .into_iter()
                .find(|&event| event.is_progress() && next(journal.state(), event).is_ok())
                .unwrap();
            if journal.advance(event, Step::default(), at(2)).is_err() {
                break;
            }
        }
    }
}

#[test]
fn killed_at_any_moment_the_journal_is_whole() {
    let root = tempfile::tempdir().unwrap();
    let paths = paths(root.path());
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..25u64 {
        let child = children::child(
            "state::journal::tests::child_that_writes_until_it_is_killed",
            root.path(),
        );
        std::thread::sleep(Duration::from_millis(40 + round * 7 % 23));
        child.kill();
        match Journal::open(&paths).unwrap() {
            JournalState::Absent => {}
            JournalState::Ended(journal) | JournalState::Unfinished(journal) => {
                seen.insert(format!("{:?}", journal.state()));
            }
        }
    }
    assert!(
        seen.len() > 1,
        "the child was never caught at work: {seen:?}"
    );
}

#[test]
fn on_a_full_disk_a_run_that_began_still_comes_to_its_end() {
    let Some(disk) = children::small_disk("512k") else {
        return;
    };
    let paths = paths(disk.path());
    let mut journal = Journal::begin(&paths, plan()).unwrap();
    journal.start_try(at(1)).unwrap();
    disk.fill();
    go(&mut journal, Event::Undeployed);
    go(&mut journal, Event::Failed);
    go(&mut journal, Event::RollbackFailed);
    assert!(matches!(
        Journal::open(&paths).unwrap(),
        JournalState::Ended(_)
    ));
    // And without a reserve nothing new begins, and the old journal stays.
    disk.fill();
    assert!(
        matches!(Journal::begin(&paths, plan()), Err(JournalError::File(error)) if error.is_disk_full())
    );
    assert!(matches!(
        Journal::open(&paths).unwrap(),
        JournalState::Ended(_)
    ));
}
