//! The seed's M1 holds on the replica, with one outage.

use std::sync::OnceLock;

use claim::outcome::Outcome;
use gateproof::record::RunRecord;

use super::kit::{Lab, Repository, check, pxgate, record, status, steps};

pub const ALL: &[super::Promise] = &[(
    "m1_passes_with_one_outage_and_everything_is_back",
    m1_passes,
)];

/// M1 as a builder runs it, and what it left. Its repository is gone: nothing drops a static.
pub struct BuildersRun {
    pub commit: String,
    pub revision: String,
    pub boot: String,
    pub status: String,
    pub journal: String,
    pub code: Option<i32>,
    pub record: RunRecord,
    pub outages: usize,
}

/// One run is enough for all that is promised of it.
pub fn builders_run(lab: &Lab) -> &'static BuildersRun {
    static RUN: OnceLock<BuildersRun> = OnceLock::new();
    RUN.get_or_init(|| {
        let repository = Repository::with(&pxgate());
        let outages = lab.count_outages();
        let scratch = repository.path().join("scratch");
        let words = ["--gate", "M1", "--as", "builder", "--format", "json"];
        let reports = ["--reports", scratch.to_str().unwrap()];
        let shown = repository.verify(lab, &[&words[..], &reports].concat());
        let document = |name: &str| std::fs::read_to_string(scratch.join(name)).unwrap_or_default();
        BuildersRun {
            commit: repository.commit.clone(),
            revision: revision(lab),
            boot: lab
                .ssh("cat /proc/sys/kernel/random/boot_id")
                .trim()
                .to_owned(),
            status: document("STATUS-pxgate.md"),
            journal: document("JOURNAL-pxgate.md"),
            outages: outages.seen(),
            record: record(&shown),
            code: shown.code,
        }
    })
}

/// What the replica runs, asked apart from the program under test.
fn revision(lab: &Lab) -> String {
    let revision = lab.ssh("readlink -f /run/current-system").trim().to_owned();
    assert!(revision.starts_with("/nix/store/"), "{revision}");
    revision
}

fn m1_passes(lab: &Lab) {
    let run = builders_run(lab);
    let record = &run.record;
    let bad: Vec<_> = record
        .checks
        .iter()
        .filter(|check| check.outcome != Outcome::Pass)
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert_eq!((run.code, record.checks.len()), (Some(0), 14));
    assert_eq!(status(check(record, "new-probe")), Ok(200));
    assert_eq!(status(check(record, "old-probe")), Ok(404));
    assert_eq!(
        steps(record),
        [
            "baseline",
            "do",
            "until",
            "undo",
            "settled",
            "baseline again"
        ]
    );
    assert!(record.fixtures.iter().all(|fixture| fixture.restored));
    assert_eq!(run.outages, 1, "outages by the engine's own events");
    lab.assert_whole();
}
