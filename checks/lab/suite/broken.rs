//! M1 fails when what it claims is not so, and says what is wrong.

use std::process::Command;

use claim::outcome::Outcome;

use super::kit::{Lab, check, edit, not_passed, pxgate, status, steps, verify};

pub const ALL: &[super::Promise] = &[
    (
        "a_lost_ordering_fails_for_that_unit_where_the_seeds_grep_passes",
        ordering,
    ),
    (
        "a_missing_unit_fails_for_that_unit_where_the_seeds_grep_is_silent",
        unit_missing,
    ),
    ("a_left_over_alert_fails_and_is_named", alert),
    (
        "a_proxy_that_is_down_is_no_answer_and_nothing_is_disturbed_for_it",
        proxy,
    ),
];

/// Check 4 of the seed, word for word (STATUS-pxgate, M1).
const SEEDS_GREP: &str = r#"for svc in deploy-drone deploy-bridge deploy-dashboard backupbot-backup.timer nightly-sweep.timer warm-keycloak; do
  ssh cc-ci "systemctl cat $svc 2>/dev/null | grep -E 'After|Wants|Requires' | grep -v '^#'"
done"#;

const CONSUMERS: [&str; 2] = ["--check", "consumers"];

/// What the seed's check 4 prints when `ssh cc-ci` is the replica; its exit code is 0.
fn seeds_grep(lab: &Lab) -> String {
    let mut shell = Command::new("bash");
    let shell = lab
        .mean_by_ssh(&mut shell)
        .args(["-c", SEEDS_GREP])
        .output()
        .unwrap();
    assert!(shell.status.success(), "{shell:?}");
    String::from_utf8(shell.stdout).unwrap()
}

fn ordering(lab: &Lab) {
    let whole = seeds_grep(lab);
    lab.break_it(&["ordering", "deploy-drone"]);
    let (code, record) = verify(lab, &pxgate(), &CONSUMERS);
    assert_eq!(
        not_passed(&record),
        [("consumers[deploy-drone.service]", Outcome::Fail)]
    );
    assert_eq!(code, Some(1));
    // The seed's grep ends with 0 and still shows an After= for each unit, five of which name the
    // proxy: as many lines, and nothing that a pattern of the seed would tell apart.
    let broken = seeds_grep(lab);
    assert_eq!(whole.lines().count(), broken.lines().count(), "{broken}");
    let proxies = |text: &str| text.matches("deploy-proxy.service").count();
    assert_eq!(proxies(&whole), proxies(&broken) + 1, "{broken}");
}

fn unit_missing(lab: &Lab) {
    let whole = seeds_grep(lab);
    lab.break_it(&["unit-missing", "deploy-drone"]);
    let (code, record) = verify(lab, &pxgate(), &CONSUMERS);
    assert_eq!(
        not_passed(&record),
        [("consumers[deploy-drone.service]", Outcome::Fail)]
    );
    assert_eq!(code, Some(1));
    let failed = check(&record, "consumers[deploy-drone.service]");
    let said = format!("{:?}", failed.findings);
    assert!(said.contains("LoadState"), "{said}");
    // The seed's grep prints nothing for it, hides why, and ends with 0.
    assert!(seeds_grep(lab).lines().count() < whole.lines().count());
}

fn alert(lab: &Lab) {
    lab.break_it(&["alert"]);
    let (code, record) = verify(lab, &pxgate(), &["--check", "alerts"]);
    assert_eq!(
        (code, check(&record, "alerts").outcome),
        (Some(1), Outcome::Fail)
    );
    let said = format!("{:?}", check(&record, "alerts").findings);
    let name = "20260613T054428Z-traefik-unhealthy-on-latest.json";
    assert!(said.contains(name), "{said}");
}

fn proxy(lab: &Lab) {
    let outages = lab.count_outages();
    lab.break_it(&["proxy"]);

    // The claim as it ships: the baseline does not hold, so nothing is disturbed and the probes
    // are not asked; what needs no proxy is.
    let (code, record) = verify(lab, &pxgate(), &["--gate", "M1"]);
    assert_eq!(
        not_passed(&record),
        [
            ("new-probe", Outcome::Fail),
            ("old-probe", Outcome::Fail),
            ("false-alarm", Outcome::Skipped)
        ]
    );
    assert_eq!(code, Some(1));
    assert_eq!(steps(&record), ["baseline"]);
    let said = format!("{:?}", check(&record, "new-probe").findings);
    assert!(
        said.contains("baseline") && said.contains("no answer"),
        "{said}"
    );

    // The new probe alone: no answer, with its cause, and no status.
    let alone = edit(&pxgate(), "        with: dashboard-down\n", "");
    let (code, record) = verify(lab, &alone, &["--check", "new-probe"]);
    let probe = check(&record, "new-probe");
    assert_eq!((code, probe.outcome), (Some(1), Outcome::Fail));
    assert_eq!(status(probe), Err("refused".to_owned()));

    // Claimed as no answer it holds; claimed as a gateway's status it does not.
    let expecting = |claimed: &str| {
        let long = "expect: { status: 200, json: { $.Version: { version: { min: 3.6 } } } }";
        let claim = edit(&alone, long, &format!("expect: {claimed}"));
        verify(lab, &claim, &["--check", "new-probe"]).0
    };
    assert_eq!((expecting("999"), expecting("502")), (Some(0), Some(1)));

    // A fixture that looks only at replicas goes ahead, and then nobody can see it undone.
    let blind = edit(
        &pxgate(),
        "      timeout: 5s\n      expect: 200\n",
        "      timeout: 2s\n      expect: 999\n",
    );
    let blind = edit(&blind, "docker service scale", "docker service scale -d");
    let blind = edit(
        &blind,
        "expect: 1/1\n      within: 60s",
        "expect: 7/7\n      within: 1s",
    );
    let (code, record) = verify(lab, &blind, &["--check", "new-probe"]);
    assert_eq!(code, Some(5), "{record:#?}");
    assert!(!record.fixtures[0].restored);
    let remedy = record.fixtures[0].remedy.as_deref().unwrap_or_default();
    assert!(
        remedy.contains("docker service scale -d ccci-dashboard_app=1"),
        "{remedy}"
    );
    assert_eq!(outages.seen(), 1, "only the blind fixture made one");
}
