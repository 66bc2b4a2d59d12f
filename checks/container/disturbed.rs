//! Fixtures in containers, and containers that are started anew under a run.

use rustix::process::Signal;

use crate::boxes::TestBox;
use test_kit::program::Shown;
use test_kit::runs::eventually;

pub(crate) const TRIALS: &[(&str, fn())] = &[
    ("a_fixture_in_a_container_is_armed_there_and_undone", undone),
    (
        "a_program_that_is_killed_is_undone_by_the_container",
        killed,
    ),
    (
        "a_container_that_is_restarted_under_a_run_is_not_one_host",
        restarted,
    ),
];

const FIXTURE: &str = "fixtures:\n  down:\n    on: web\n    baseline: { run: test ! -e /tmp/down }\n    do: touch /tmp/down\n    undo: rm -f /tmp/down\n    deadline: 1m\n";

fn undone() {
    let web = TestBox::start("undone");
    let claim = web.claim(&format!(
        "{FIXTURE}gates:\n  M1:\n    checks:\n      - {{ id: a, claim: c, with: down, run: 'ls /tmp/down; ls /var/lib/gateproof/undo | wc -l', expect: {{ stdout: {{ contains: ['/tmp/down', '1'] }} }} }}\n"
    ));
    let shown = claim.verify();
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let record = claim.scratch.records().pop().unwrap();
    assert_eq!(record["fixtures"][0]["restored"], true);
    assert_eq!(record["fixtures"][0]["armed"][0]["on"], "web");
    assert_eq!(web.sh("ls /tmp /var/lib"), "/tmp:\n\n/var/lib:");
}

fn killed() {
    let web = TestBox::start("killed");
    let claim = web.claim(&format!(
        "{FIXTURE}gates:\n  M1:\n    checks:\n      - {{ id: a, claim: c, with: down, run: sleep 50; echo x, expect: x }}\n"
    ));
    let running = claim.start();
    eventually("it is disturbed", || web.sh("ls /tmp").contains("down"));
    running.signal(Signal::KILL);
    drop(running);
    eventually("the container has undone it", || {
        !web.sh("ls /tmp").contains("down")
    });
    eventually("it is on the list", || {
        let list = claim.program(&["undo", "claim.yaml"]).output().unwrap();
        let shown = Shown::of(list);
        shown.out.contains("web: ") && shown.out.contains("undone")
    });
    // The next run sees that it is back, and clears it.
    let claim = web
        .claim("gates:\n  M1:\n    checks:\n      - { id: a, claim: c, run: echo x, expect: x }\n");
    let shown = claim.verify();
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.err.contains("it is back"), "{shown:?}");
    assert_eq!(web.sh("ls /var/lib"), "");
}

fn restarted() {
    let web = TestBox::start("restarted");
    let fixture = format!(
        "fixtures:\n  anew:\n    on: local\n    baseline: {{ run: \"docker inspect -f '{{{{.State.Running}}}}' {0}\", expect: 'true' }}\n    do: docker restart -t 0 {0}\n    undo: docker start {0}\n",
        web.name
    );
    let claim = web.claim(&format!(
        "{fixture}gates:\n  M1:\n    checks:\n      - {{ id: a, claim: c, run: echo x, expect: x }}\n      - {{ id: b, claim: c, with: anew, needs: a, run: echo x, expect: x }}\n"
    ));
    let shown = claim.verify();
    assert_eq!(shown.code, Some(3), "{shown:?}");
    let record = claim.scratch.records().pop().unwrap();
    let notes = record["notes"].to_string();
    assert!(notes.contains("web was rebooted during the run"), "{notes}");
    let outcomes: Vec<&str> = record["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|check| check["outcome"].as_str())
        .collect();
    assert_eq!(
        outcomes,
        ["PASS", "PASS"],
        "each was answered; but not by one host"
    );
}
