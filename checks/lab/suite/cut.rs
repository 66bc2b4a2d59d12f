//! However a run ends, what it disturbed is back.

use std::time::Duration;

use claim::outcome::Outcome;
use gateproof::record::RunRecord;

use super::kit::{Lab, Repository, Running, check, edit, pxgate, status, steps};

pub const ALL: &[super::Promise] = &[
    (
        "both_probes_are_right_in_every_round_and_sigterm_leaves_the_dashboard_up",
        sigterm_in_the_outage,
    ),
    (
        "sighup_while_it_is_scaled_down_leaves_the_dashboard_up",
        sighup_in_the_act,
    ),
    (
        "a_link_lost_in_the_outage_is_an_error_and_undone_over_a_new_one",
        link_lost,
    ),
];

fn assert_undone(lab: &Lab, record: &RunRecord) {
    let taken = steps(record);
    assert!(
        taken.ends_with(&["undo", "settled", "baseline again"]),
        "{taken:?}"
    );
    assert!(record.fixtures[0].restored, "{record:#?}");
    lab.assert_whole();
}

/// Sends a signal some time after the run told this, and sees what the run and the replica say.
fn interrupted(lab: &Lab, claim: &str, signal: &str, told: &str, delay: Duration) -> RunRecord {
    let repository = Repository::with(claim);
    let outages = lab.count_outages();
    let mut run = Running::start(&repository, lab);
    run.wait_for(told);
    std::thread::sleep(delay);
    run.signal(signal);
    let (code, record) = run.end();
    assert_eq!(code, Some(3), "{record:#?}");
    let said = record.notes.join("\n");
    assert!(
        said.contains(&format!("interrupted by SIG{signal}")),
        "{said}"
    );
    assert_eq!(outages.seen(), 1);
    assert_undone(lab, &record);
    record
}

fn sigterm_in_the_outage(lab: &Lab) {
    let rounds = "with: dashboard-down\n        for: { round: ['1', '2', '3'] }";
    let claim = edit(&pxgate(), "with: dashboard-down", rounds);
    let held_open = "      - id: endless
        claim: what never comes
        on: cc-ci
        with: dashboard-down
        run: uname -n
        expect: not this host
        within: 60s

      - id: consumers\n";
    let claim = edit(&claim, "      - id: consumers\n", held_open);
    let delay = Duration::from_millis(300);
    let record = interrupted(lab, &claim, "TERM", "old-probe[3]", delay);
    for round in 1..=3 {
        let seen = |id: &str| status(check(&record, &format!("{id}[{round}]")));
        assert_eq!((seen("new-probe"), seen("old-probe")), (Ok(200), Ok(404)));
    }
    assert_eq!(check(&record, "endless").outcome, Outcome::Error);
}

fn sighup_in_the_act(lab: &Lab) {
    // `docker service scale` takes 5 s.
    let delay = Duration::from_millis(1500);
    let record = interrupted(lab, &pxgate(), "HUP", "dashboard-down: baseline", delay);
    assert_eq!(check(&record, "new-probe").attempts, 0);
    assert_eq!(steps(&record)[..2], ["baseline", "do"]);
}

/// Ends the server's session that carries the sleeping command, by its process id.
const END_THE_SESSION: &str = r#"
for try in $(seq 100); do pid=$(pgrep -x -f 'sleep 47.11') && break; sleep 0.1; done
while [ "$pid" -gt 1 ] && [ "$(cat /proc/$pid/comm)" != sshd ]; do pid=$(ps -o ppid= -p $pid); pid=$((pid)); done
[ "$pid" -gt 1 ] && kill -KILL "$pid"
"#;

fn link_lost(lab: &Lab) {
    // A command holds the connection in the outage; the session that carries it is ended on the
    // replica.
    let claim = edit(
        &pxgate(),
        "        http: https://ci.commoninternet.net/\n        resolve: 127.0.0.1\n        tls: insecure\n        timeout: 5s\n",
        "        run: sleep 47.11; echo woken\n        timeout: 60s\n",
    );
    // And one more is to be asked in the same outage.
    let claim = edit(
        &claim,
        "        run: ls -A",
        "        with: dashboard-down\n        run: ls -A",
    );
    let repository = Repository::with(&claim);
    let mut run = Running::with(&repository, lab, &["--gate", "M1"]);
    run.wait_for("new-probe");
    lab.ssh(END_THE_SESSION);
    let (code, record) = run.end();
    assert_eq!(code, Some(3), "{record:#?}");
    let lost = check(&record, "old-probe");
    assert_eq!(lost.outcome, Outcome::Error);
    let said = format!("{:?}", lost.findings);
    assert!(said.contains("link"), "{said}");
    // The host may have undone it meanwhile, so the next check gets an outage of its own.
    assert_eq!(record.fixtures.len(), 2, "{record:#?}");
    assert!(record.fixtures.iter().all(|fixture| fixture.restored));
    lab.assert_whole();
    // The host goes on being asked, and nothing of the lost session is left on it.
    assert_eq!(check(&record, "alerts").with, ["dashboard-down"]);
    assert_eq!(check(&record, "alerts").outcome, Outcome::Pass);
    assert_eq!(
        lab.ssh("pgrep -x -f 'sleep 47.11' || echo none").trim(),
        "none"
    );
}
