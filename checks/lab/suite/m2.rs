//! What tells the fixed host from the unfixed one, and what does not.

use std::time::{Duration, Instant};

use claim::outcome::Outcome;

use super::kit::{Lab, Repository, check, not_passed, pxgate, record, verify};

pub const ALL: &[super::Promise] = &[
    (
        "the_unfixed_host_boots_into_the_deadlock_and_fails_m2_where_the_seed_s_simulation_passes",
        unfixed,
    ),
    (
        "the_seed_s_own_claims_are_held_against_what_is_so",
        as_written,
    ),
];

/// The checks of M2 that fail on the unfixed host, and pass on the fixed one.
const TELL_THEM_APART: [&str; 6] = [
    "deployed",
    "deployed-spec",
    "no-alert",
    "no-cycle",
    "cold-boot",
    "cold-boot-time",
];

/// The stand-in's patience is 60 s; the reference's was six minutes.
const DEADLOCK_ENDS: Duration = Duration::from_secs(180);

/// What deploy-proxy, the dashboard's unit, the services and the alerts look like.
fn glance(lab: &Lab) -> String {
    lab.ssh(
        "systemctl is-active deploy-proxy.service deploy-dashboard.service; docker service ls --format '{{.Name}}'; ls /var/lib/ci-warm/alerts; true",
    )
}

fn unfixed(lab: &Lab) {
    lab.break_it(&["unfixed-probe"]);
    lab.break_cold();
    // The proxy is up, and its own API says so, while its unit waits for the dashboard, which
    // waits for it.
    let end = Instant::now() + DEADLOCK_ENDS;
    let probe = "curl -sk -o /dev/null -w '%{http_code}' --max-time 5 https://traefik.ci.commoninternet.net/api/version; true";
    while lab.ssh(probe).trim() != "200" {
        assert!(
            Instant::now() < end,
            "Traefik never answered: {}",
            glance(lab)
        );
        std::thread::sleep(Duration::from_millis(500));
    }
    let stuck = glance(lab);
    assert_eq!(
        stuck.lines().collect::<Vec<_>>(),
        [
            "activating",
            "inactive",
            "traefik_ci_commoninternet_net_app",
            "traefik_ci_commoninternet_net_socket-proxy"
        ],
    );
    // It lasts as long as the gate's patience, ends as a success, and calls somebody in vain.
    while !glance(lab).starts_with("active\nactive\n") {
        assert!(Instant::now() < end, "the deadlock lasts: {}", glance(lab));
        std::thread::sleep(Duration::from_millis(500));
    }
    let alert = lab.ssh("cat /var/lib/ci-warm/alerts/*-traefik-unhealthy-on-latest.json");
    assert!(
        alert.contains(r#""reason": "unhealthy-on-latest""#),
        "{alert}"
    );
    lab.script(
        "ssh",
        &[
            "cc-ci",
            "until [ -z \"$(systemctl list-jobs --no-legend)\" ]; do sleep 0.3; done",
        ],
    );

    // The seed's check 4, word for word: nothing it does needs the dashboard to be gone.
    let seeds = Repository::with(SEED);
    let shown = seeds.verify(
        lab,
        &[
            "--check",
            "cold-boot-simulation",
            "--no-record",
            "--quiet",
            "--format",
            "json",
        ],
    );
    let simulation = record(&shown);
    assert_eq!(shown.code, Some(0), "{simulation:#?}");
    assert_eq!(
        check(&simulation, "cold-boot-simulation").outcome,
        Outcome::Pass
    );

    // Ours reads what the boot itself left, also after that.
    let (code, record) = verify(lab, &pxgate(), &["--gate", "M2"]);
    let failed: Vec<_> = not_passed(&record)
        .into_iter()
        .filter(|(_, outcome)| *outcome != Outcome::Skipped)
        .collect();
    assert_eq!(failed, TELL_THEM_APART.map(|id| (id, Outcome::Fail)));
    assert_eq!(code, Some(1));
    let cycle = format!("{:?}", check(&record, "no-cycle").findings);
    let named = "deploy-proxy.service → (health) ci.commoninternet.net → deploy-dashboard.service → (After) deploy-proxy.service";
    assert!(cycle.contains(named), "{cycle}");

    // The fixed host after the same kind of boot.
    lab.script("reset", &["--cold"]);
    let words = TELL_THEM_APART.map(|id| ["--check", id]);
    let (code, record) = verify(lab, &pxgate(), &words.concat());
    assert_eq!(
        (code, not_passed(&record)),
        (Some(0), vec![]),
        "{record:#?}"
    );
}

/// The seed's gates as they were written.
const SEED: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../claims/pxgate-as-written.yaml"
));

fn as_written(lab: &Lab) {
    let words = [
        "sentinel",
        "consumers",
        "alerts",
        "active",
        "services",
        "new-runner",
        "unaffected",
    ];
    let words = words.map(|id| ["--check", id]).concat();
    let repository = Repository::with(SEED);
    let words = [&words[..], &["--no-record", "--quiet", "--format", "json"]].concat();
    let shown = repository.verify(lab, &words);
    let record = record(&shown);
    assert_eq!(
        not_passed(&record),
        [
            ("sentinel", Outcome::Fail),
            ("new-runner", Outcome::Skipped)
        ]
    );
    assert_eq!(shown.code, Some(1));
    // The 999 that was claimed was never returned.
    let said = format!("{:?}", check(&record, "sentinel").findings);
    assert!(
        said.contains("the claim says sentinel 999, the command printed sentinel 000"),
        "{said}"
    );
}
