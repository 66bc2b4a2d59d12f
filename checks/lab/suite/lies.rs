//! A host that is not what it was taken for, or does not stay it: what the user is told.

use claim::outcome::Outcome;

use super::kit::{
    Lab, Repository, Running, check, edit, not_passed, pxgate, status, steps, verify,
};

pub const ALL: &[super::Promise] = &[
    (
        "a_host_whose_clone_is_on_another_branch_fails_by_the_branch",
        clone,
    ),
    (
        "a_unit_that_starts_another_program_than_the_system_s_fails_by_the_path",
        system,
    ),
    ("a_clock_that_is_wrong_is_said_and_fails_nothing", clock),
    (
        "a_reconciler_that_cannot_write_leaves_a_failed_unit_and_a_proxy_that_runs",
        disk,
    ),
    (
        "a_dashboard_that_answers_late_is_a_pass_where_there_is_time_and_else_no_answer",
        late,
    ),
    (
        "a_service_that_was_restarted_in_between_fails_by_its_container",
        restarted,
    ),
    (
        "an_engine_restarted_in_the_outage_changes_no_answer_and_everything_is_back",
        engine,
    ),
    (
        "a_reboot_in_the_outage_is_no_success_and_the_dashboard_is_back",
        rebooted,
    ),
];

const TWO: [&str; 4] = ["--check", "new-probe", "--check", "old-probe"];

fn clone(lab: &Lab) {
    lab.break_it(&["clone"]);
    let (code, record) = verify(lab, &pxgate(), &["--check", "host-clone"]);
    assert_eq!(
        (code, check(&record, "host-clone").outcome),
        (Some(1), Outcome::Fail)
    );
    let said = format!("{:?}", check(&record, "host-clone").findings);
    assert!(
        said.contains("refs/heads/restructure/concurrency"),
        "{said}"
    );
    assert!(said.contains("behind 1"), "{said}");
}

fn system(lab: &Lab) {
    let built = lab.ssh("readlink -f /run/current-system");
    lab.break_it(&["system"]);
    let (code, record) = verify(lab, &pxgate(), &["--check", "deployed"]);
    assert_eq!(
        (code, check(&record, "deployed").outcome),
        (Some(1), Outcome::Fail)
    );
    // And the record holds which one it is.
    let revision = record.hosts[0].revision.clone().unwrap();
    assert_ne!(revision, built.trim());
    let said = format!("{:?}", check(&record, "deployed").findings);
    assert!(said.contains(&revision), "{said}");
}

fn clock(lab: &Lab) {
    lab.break_it(&["clock"]);
    let (code, record) = verify(lab, &pxgate(), &["--check", "no-ping"]);
    assert_eq!(code, Some(0), "{record:#?}");
    let skew = record.hosts[0].clock_skew_ms.unwrap();
    // 95 s, less what the answer took: by so much the clock is wrong at least.
    assert!((-97_000..=-85_000).contains(&skew), "{skew}");
    let said = record.notes.join("\n");
    assert!(
        said.contains("the clock of cc-ci is 9") && said.contains("behind"),
        "{said}"
    );
}

fn disk(lab: &Lab) {
    lab.break_it(&["disk"]);
    lab.ssh("systemctl restart deploy-proxy.service 2>/dev/null; true");
    let unit = "systemctl show -p ExecMainStatus --value deploy-proxy.service";
    assert_eq!(lab.ssh(unit).trim(), "40", "it cannot be said");
    let journal = lab.ssh("journalctl -b -q -o cat -n 3 _SYSTEMD_UNIT=deploy-proxy.service");
    assert!(journal.contains("No space left on device"), "{journal}");
    let words = ["proxy-active", "no-alert", "unaffected", "services"];
    let words = words.map(|id| ["--check", id]).concat();
    let (code, record) = verify(lab, &pxgate(), &words);
    assert_eq!(not_passed(&record), [("proxy-active", Outcome::Fail)]);
    assert_eq!(code, Some(1));
}

fn late(lab: &Lab) {
    lab.break_it(&["slow-dashboard"]);
    // 10 s are enough for it, and how long it took is on record.
    let (code, record) = verify(lab, &pxgate(), &["--check", "unaffected"]);
    assert_eq!(code, Some(0), "{record:#?}");
    let dashboard = check(&record, "unaffected[https://ci.commoninternet.net/]");
    assert!(
        (7_500..10_000).contains(&dashboard.duration_ms),
        "{dashboard:#?}"
    );
    // 5 s are not. The host is not as claimed, and nothing is disturbed for it.
    let outages = lab.count_outages();
    let (code, record) = verify(lab, &pxgate(), &TWO);
    assert_eq!(code, Some(1), "{record:#?}");
    assert_eq!(steps(&record), ["baseline"]);
    let said = format!("{:?}", check(&record, "new-probe").findings);
    assert!(said.contains("no answer (timeout)"), "{said}");
    assert_eq!(outages.seen(), 0);
}

/// M2's comparison of before and after, with something else in between than a bad version.
fn compared(act: &str) -> String {
    let text = pxgate();
    let (start, end) = (
        text.find("    do:\n      - run: |").unwrap(),
        text.find("    deadline: 20m").unwrap(),
    );
    let between = format!("    do: {act}\n    undo: echo nothing to undo\n");
    format!("{}{between}{}", &text[..start], &text[end..])
}

fn restarted(lab: &Lab) {
    let words = [
        "--check",
        "rollback-unaffected",
        "--check",
        "rollback-last-good",
    ];
    let act = "docker service update --quiet --force ccci-bridge_app";
    let (code, record) = verify(lab, &compared(act), &words);
    assert_eq!(
        not_passed(&record),
        [("rollback-unaffected", Outcome::Fail)]
    );
    assert_eq!(code, Some(1));
    // By its name, and it alone.
    let diff = check(&record, "rollback-unaffected").findings[0]
        .diff
        .clone();
    let changed: Vec<String> = diff
        .unwrap_or_default()
        .lines()
        .filter(|line| {
            line.starts_with(['+', '-']) && !line.starts_with("---") && !line.starts_with("+++")
        })
        .map(str::to_owned)
        .collect();
    assert!(!changed.is_empty(), "{record:#?}");
    assert!(
        changed.iter().all(|line| line.contains("ccci-bridge_app")),
        "{changed:?}"
    );
}

fn engine(lab: &Lab) {
    // Holds the outage open, so that the engine comes back in it.
    let held = "      - id: held
        claim: some time passes
        on: cc-ci
        with: dashboard-down
        needs: new-probe
        run: sleep 12
        expect: { exit: 0 }

      - id: old-probe\n";
    let claim = edit(&pxgate(), "      - id: old-probe\n", held);
    let claim = edit(
        &claim,
        "within: 30s      # Traefik",
        "within: 60s      # Traefik",
    );
    let words = [&TWO[..], &["--check", "held"]].concat();
    let repository = Repository::with(&claim);
    let since = "systemctl show -p ActiveEnterTimestampMonotonic --value docker.service";
    let before = lab.ssh(since);
    let mut run = Running::with(&repository, lab, &words);
    run.wait_for("new-probe");
    lab.break_it(&["engine"]);
    assert_ne!(before, lab.ssh(since));
    let (code, record) = run.end();
    assert_eq!(not_passed(&record), []);
    assert_eq!(code, Some(0), "{record:#?}");
    assert_eq!(status(check(&record, "old-probe")), Ok(404));
    assert!(record.fixtures[0].restored);
    lab.assert_whole();
}

fn rebooted(lab: &Lab) {
    let repository = Repository::with(&pxgate());
    let boot = lab.ssh("cat /proc/sys/kernel/random/boot_id");
    let mut run = Running::with(&repository, lab, &TWO);
    run.wait_for("new-probe");
    lab.break_it(&["reboot"]);
    let (code, record) = run.end();
    assert_eq!(code, Some(3), "{record:#?}");
    let said = record.notes.join("\n");
    let after = lab.ssh("cat /proc/sys/kernel/random/boot_id");
    assert_ne!(boot, after);
    let told = format!(
        "was rebooted during the run (boot {}, then {})",
        boot.trim(),
        after.trim()
    );
    assert!(said.contains(&told), "{said}");
    // The disturbance came up again with the host, and was undone there.
    assert!(record.fixtures[0].restored, "{record:#?}");
    assert!(steps(&record).ends_with(&["undo", "settled", "baseline again"]));
    let dashboard = "docker service ls --format '{{.Replicas}}' --filter name=ccci-dashboard_app";
    assert_eq!(lab.ssh(dashboard).trim(), "1/1");
}
