//! Several writers, killed writers, and places that cannot be written to: real processes on real
//! files. The processes are this test program itself, told by environment variables what to do.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gateproof::record::{self, RecordError, RunRecord};
use gateproof::report::documents::{DocumentError, Written, append_journal, update_status};

use super::golden::{place, sample};

const TASK: &str = "GATEPROOF_TEST_TASK";
const FOLDER: &str = "GATEPROOF_TEST_FOLDER";
const NAME: &str = "GATEPROOF_TEST_NAME";
/// Entries that each concurrent writer writes.
const ENTRIES: usize = 50;

/// The sample under another run id, with one check, so that writing it is quick.
fn small(run_id: &str, gate: &str) -> RunRecord {
    let mut record = sample();
    record.run_id = run_id.to_owned();
    record.fixtures.clear();
    record.checks.truncate(1);
    record.checks[0].gate = gate.to_owned();
    record
}

/// Kills and reaps its process when the test ends, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The command that runs `child` below in a process of its own.
fn child_command(task: &str, folder: &Path, name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "documents::processes::child", "--nocapture"])
        .env(TASK, task)
        .env(FOLDER, folder)
        .env(NAME, name)
        .stdout(Stdio::null());
    command
}

fn spawn(task: &str, folder: &Path, name: &str) -> Running {
    Running(child_command(task, folder, name).spawn().unwrap())
}

/// Does nothing unless a test of this file has started it as a process.
#[test]
fn child() {
    let Ok(task) = std::env::var(TASK) else {
        return;
    };
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let name = std::env::var(NAME).unwrap();
    let (status, journal) = documents(&folder);
    match task.as_str() {
        "write many" => {
            for n in 0..ENTRIES {
                append_journal(&place(&journal), &small(&format!("{name}-{n}"), "M1")).unwrap();
                update_status(
                    &place(&status),
                    &small(&format!("{name}-{n}"), &format!("{name}{n}")),
                    false,
                )
                .unwrap();
            }
        }
        "write for ever" => loop {
            for title in ["old", "new"] {
                let mut record = small("r", "M1");
                record.claim.title = title.to_owned();
                update_status(&place(&status), &record, false).unwrap();
            }
        },
        "fill the disk" => {
            let mut large = sample();
            large.notes = vec!["x".repeat(4_000_000)];
            let error = record::write(&large, &folder.join("runs")).unwrap_err();
            assert!(matches!(error, RecordError::Write { .. }), "{error}");
            assert!(!error.to_string().contains("xxxx"));
            let error = append_journal(&place(&journal), &large).unwrap_err();
            assert!(matches!(error, DocumentError::Full { .. }), "{error}");
            // Without memory of the failure: what fits is written.
            append_journal(&place(&journal), &small("after", "M1")).unwrap();
        }
        other => panic!("unknown task {other}"),
    }
}

fn documents(folder: &Path) -> (PathBuf, PathBuf) {
    (
        folder.join("STATUS-pxgate.md"),
        folder.join("JOURNAL-pxgate.md"),
    )
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn two_processes_that_write_at_once_lose_nothing_and_leave_nothing_beside() {
    let folder = tempfile::tempdir().unwrap();
    let mut writers = ["a", "b"].map(|name| spawn("write many", folder.path(), name));
    for writer in &mut writers {
        assert!(writer.0.wait().unwrap().success());
    }
    let (status, journal) = documents(folder.path());
    let status = fs::read_to_string(status).unwrap();
    let journal = fs::read_to_string(journal).unwrap();
    for name in ["a", "b"] {
        for n in 0..ENTRIES {
            let entry = format!("gateproof:begin journal pxgate/M1 run={name}-{n} ");
            assert_eq!(journal.matches(&entry).count(), 1, "{entry}");
            let block = format!("gateproof:begin status pxgate/{name}{n} ");
            assert_eq!(status.matches(&block).count(), 1, "{block}");
        }
    }
    assert_eq!(
        names(folder.path()),
        ["JOURNAL-pxgate.md", "STATUS-pxgate.md"]
    );
}

#[test]
fn a_killed_writer_and_a_reader_find_the_old_or_the_new_document_and_litter_is_cleared_up() {
    let folder = tempfile::tempdir().unwrap();
    let (status, _) = documents(folder.path());
    // Large, so that writing it takes long enough to be killed in the middle of it.
    let text = format!("{}\n", "x".repeat(64 * 1024)).repeat(32);
    let content = |title: &str| {
        let at = tempfile::tempdir().unwrap();
        let path = at.path().join("STATUS-pxgate.md");
        fs::write(&path, &text).unwrap();
        let mut record = small("r", "M1");
        record.claim.title = title.to_owned();
        update_status(&place(&path), &record, false).unwrap();
        fs::read(path).unwrap()
    };
    let (old, new) = (content("old"), content("new"));
    assert_ne!(old, new);
    let (mut seen_old, mut seen_new) = (0, 0);
    fs::write(&status, &old).unwrap();
    let started = Instant::now();
    // How long a writer needs for its first document tells when to kill the others.
    let writer = spawn("write for ever", folder.path(), "w");
    while fs::read(&status).unwrap() == old {
        assert!(started.elapsed() < Duration::from_secs(60), "never written");
    }
    let needed = started.elapsed();
    drop(writer);
    let mut round = 0;
    // Until both were found after a kill, or the writers would be killed before they write.
    while round < 25 || seen_old == 0 || seen_new == 0 {
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "{seen_old} old, {seen_new} new"
        );
        let writer = spawn("write for ever", folder.path(), "w");
        // A different moment every time; until then, a reader never sees a part either.
        let kill_at = Instant::now() + needed * (30 + round % 50 * 4) / 100;
        while Instant::now() < kill_at {
            let found = fs::read(&status).unwrap();
            assert!(found == old || found == new, "round {round}: half-written");
        }
        drop(writer);
        let found = fs::read(&status).unwrap();
        assert!(found == old || found == new, "round {round}: half-written");
        seen_old += u32::from(found == old);
        seen_new += u32::from(found == new);
        round += 1;
    }
    update_status(&place(&status), &small("after", "M1"), false).unwrap();
    assert_eq!(names(folder.path()), ["STATUS-pxgate.md"]);
}

#[test]
fn a_write_that_fails_halfway_is_a_typed_error_and_leaves_nothing() {
    // A limit on the size of files makes writing fail halfway, everywhere and without any right.
    let folder = tempfile::tempdir().unwrap();
    let child = child_command("fill the disk", folder.path(), "w");
    let ended = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$@\"", "sh"])
        .arg(child.get_program())
        .args(child.get_args())
        .envs(child.get_envs().filter_map(|(k, v)| Some((k, v?))))
        .output()
        .unwrap();
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    assert_eq!(names(folder.path()), ["JOURNAL-pxgate.md", "runs"]);
    assert!(names(&folder.path().join("runs")).is_empty());
}

#[test]
fn a_full_disk_is_a_typed_error_and_leaves_nothing() {
    // A real small file system, in a mount namespace of its own, which ends with the process.
    let allowed = Command::new("unshare")
        .args(["-rm", "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !allowed {
        eprintln!("not run: this machine allows no mount namespaces, so no small file system");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let child = child_command("fill the disk", folder.path(), "w");
    let script = "mount -t tmpfs -o size=1m none \"$1\" || exit 9; at=$1; shift; \"$@\" || exit 1; \
                  ls -A \"$at\" \"$at/runs\" | tr '\\n' ' '";
    let ended = Command::new("unshare")
        .args(["-rm", "sh", "-c", script, "sh"])
        .arg(folder.path())
        .arg(child.get_program())
        .args(child.get_args())
        .envs(child.get_envs().filter_map(|(k, v)| Some((k, v?))))
        .output()
        .unwrap();
    if ended.status.code() == Some(9) {
        eprintln!("not run: this machine allows no mounts in a namespace");
        return;
    }
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let listed = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(listed.contains("JOURNAL-pxgate.md runs"), "{listed}");
    assert!(
        !listed.contains("gateproof-tmp") && !listed.contains(".json"),
        "{listed}"
    );
}

#[test]
fn a_missing_folder_a_folder_in_its_place_and_a_read_only_document_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("docs/STATUS-pxgate.md");
    let error = update_status(&place(&missing), &sample(), false).unwrap_err();
    assert!(matches!(error, DocumentError::NoFolder { .. }), "{error}");
    assert!(
        error.to_string().contains("does not exist; make it"),
        "{error}"
    );

    fs::create_dir_all(&missing).unwrap();
    let error = update_status(&place(&missing), &sample(), false).unwrap_err();
    assert!(matches!(error, DocumentError::NotAFile { .. }), "{error}");

    let (status, _) = documents(folder.path());
    fs::write(&status, "# T\n").unwrap();
    fs::set_permissions(&status, fs::Permissions::from_mode(0o444)).unwrap();
    let error = update_status(&place(&status), &sample(), false).unwrap_err();
    assert!(
        matches!(error, DocumentError::NotWritable { .. }),
        "{error}"
    );
    assert_eq!(fs::read(&status).unwrap(), b"# T\n");
    assert_eq!(names(folder.path()), ["STATUS-pxgate.md", "docs"]);
}

#[test]
fn the_mode_of_a_document_stays() {
    let folder = tempfile::tempdir().unwrap();
    let status = folder.path().join("STATUS-pxgate.md");
    fs::write(&status, "# T\n").unwrap();
    fs::set_permissions(&status, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(
        update_status(&place(&status), &sample(), false).unwrap(),
        Written::Updated
    );
    let mode = fs::metadata(&status).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
}

#[test]
fn nothing_is_written_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("real");
    fs::create_dir(&real).unwrap();
    let target = real.join("S.md");
    fs::write(&target, "# T\n").unwrap();
    let status = folder.path().join("STATUS-pxgate.md");
    // Made after the place was looked at, as the checks of a run could do it.
    let (before, late) = (place(&status), folder.path().join("JOURNAL-pxgate.md"));
    let journal = place(&late);
    symlink("real/S.md", &status).unwrap();
    symlink("real/J.md", &late).unwrap();
    for error in [
        update_status(&before, &sample(), true).unwrap_err(),
        append_journal(&journal, &sample()).unwrap_err(),
    ] {
        assert!(error.to_string().contains("is a link"), "{error}");
    }
    assert_eq!(fs::read(&target).unwrap(), b"# T\n");
    assert!(!real.join("J.md").exists());
}

#[test]
fn a_refused_document_is_left_as_it_was_and_the_error_names_path_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let (status, _) = documents(folder.path());
    update_status(&place(&status), &sample(), false).unwrap();
    let edited = fs::read_to_string(&status)
        .unwrap()
        .replace("EXPECTED: 200", "EXPECTED: 500");
    fs::write(&status, &edited).unwrap();
    let error = update_status(&place(&status), &sample(), false).unwrap_err();
    assert!(
        error.to_string().contains("STATUS-pxgate.md`, line 3: "),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&status).unwrap(), edited);
    assert_eq!(
        update_status(&place(&status), &sample(), true).unwrap(),
        Written::Updated
    );
    assert!(
        !fs::read_to_string(&status)
            .unwrap()
            .contains("EXPECTED: 500")
    );
}
