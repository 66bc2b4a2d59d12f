use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::spec::app_file::{self, Apps, Environment};
use kit::yaml::source::Source;

/// The units and stacks of the replica host, which are the reference's.
fn lab(path: &str) -> PathBuf {
    test_kit::root().join("checks/lab").join(path)
}

fn apps(text: &str) -> Apps {
    let source = Source {
        path: PathBuf::from("apps.yaml"),
        text: text.to_owned(),
    };
    let env = Environment::from_lookup(|_| None);
    app_file::parse(Arc::new(source), &env).unwrap()
}

const OLD: &str = "apps: { traefik: { health_domain: ci.commoninternet.net, health_path: / } }\n";
const DASHBOARD: &str = "stacks: { ccci-dashboard: deploy-dashboard.service }\n";

/// The module's unit, which is the replica's.
const KEYCLOAK: &str = include_str!("../../../nix/test/golden/warm-keycloak.service");

/// The replica's units; its proxy's is the one of the host before the fix, whose ordering is the
/// fixed one's.
fn lab_report(file: &str, app: &str) -> OrderReport {
    lab_report_with(file, app, KEYCLOAK)
}

fn lab_report_with(file: &str, app: &str, keycloak: &str) -> OrderReport {
    let apps = apps(file);
    let own = tempfile::tempdir().unwrap();
    fs::write(own.path().join("warm-keycloak.service"), keycloak).unwrap();
    let folders = [
        lab("host/etc/systemd/system"),
        lab("unfixed"),
        own.path().to_owned(),
    ];
    let units = UnitGraph::read(&folders).unwrap();
    let mut routes = Routes::of(&apps);
    let dashboard = ("ccci-dashboard", "host/etc/ccci/ccci-dashboard.yml", "");
    let proxy = (
        "traefik_ci_commoninternet_net",
        "recipes/traefik/compose.yml",
        // As the replica deploys it.
        "traefik.ci.commoninternet.net",
    );
    for (stack, compose, domain) in [dashboard, proxy] {
        let text = fs::read_to_string(lab(compose)).unwrap();
        let env = [("DOMAIN", domain), ("TRAEFIK_VERSION", "3.6.15")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        routes
            .add_compose(stack, compose, &text, &env.into())
            .unwrap();
    }
    // What is asked about is read from the files, and from all of it.
    assert_eq!(routes.open_rules, [""; 0]);
    for host in ["ci.commoninternet.net", "traefik.ci.commoninternet.net"] {
        assert_eq!(routes.creators(host).len(), 1, "{host}: {routes:?}");
    }
    check_order(apps.get(app).unwrap(), &units, &routes)
}

#[test]
fn the_references_old_spec_is_refused_and_the_cycle_named() {
    let report = lab_report(&format!("{OLD}{DASHBOARD}"), "traefik");
    assert_eq!(report.verdict(), Verdict::Refused);
    let cycles: Vec<String> = report.cycles.iter().map(Cycle::to_string).collect();
    assert_eq!(
        cycles,
        [
            "deploy-proxy.service → (health) ci.commoninternet.net → deploy-dashboard.service → (After) deploy-proxy.service"
        ]
    );
    let by_hand = format!("{OLD}routes: {{ ci.commoninternet.net: deploy-dashboard.service }}\n");
    assert_eq!(lab_report(&by_hand, "traefik").cycles.len(), 1);
}

#[test]
fn the_references_new_spec_is_accepted() {
    let report = lab_report("apps: {}\n", "traefik");
    assert_eq!(report.verdict(), Verdict::Accepted, "{report:?}");
    assert_eq!(report.edges, []);
}

#[test]
fn a_host_or_stack_of_unknown_origin_is_never_accepted() {
    let report = lab_report(OLD, "traefik");
    assert_eq!(report.verdict(), Verdict::Undecided);
    let [doubt @ Doubt::UnknownStack { .. }] = report.doubts.as_slice() else {
        panic!("{report:?}")
    };
    assert!(
        doubt
            .to_string()
            .contains("`stacks: { ccci-dashboard: UNIT.service }`")
    );
    let other = "apps: { traefik: { health_domain: who.example.org } }\n";
    let report = lab_report(other, "traefik");
    assert!(matches!(
        report.doubts.as_slice(),
        [Doubt::UnknownHost { .. }]
    ));
    // A misspelt unit would make the check empty.
    let misspelt = format!("{OLD}stacks: {{ ccci-dashboard: deploy-dashbord.service }}\n");
    let report = lab_report(&misspelt, "traefik");
    assert!(
        matches!(report.doubts.as_slice(), [Doubt::NoSuchUnit { .. }]),
        "{report:?}"
    );
    let own = "apps: { traefik: { unit: deploy-prxy.service } }\nproxy: deploy-prxy.service\n";
    assert_eq!(lab_report(own, "traefik").verdict(), Verdict::Undecided);
}

#[test]
fn keycloak_goes_through_the_proxy_and_its_unit_must_give_it_the_time_that_it_may_need() {
    let report = lab_report("apps: {}\n", "keycloak");
    let units: Vec<&str> = report.edges.iter().map(|edge| edge.unit.as_str()).collect();
    assert_eq!(units, ["deploy-proxy.service"]);
    assert_eq!(report.cycles, []);
    assert!(report.does_not_fit.is_none(), "{report:?}");
    // A stateful upgrade with its rollback may take longer than five minutes.
    let short = KEYCLOAK.replace("TimeoutStartSec=1200", "TimeoutStartSec=300");
    let report = lab_report_with("apps: {}\n", "keycloak", &short);
    let refusal = report.does_not_fit.unwrap().to_string();
    assert!(
        refusal.contains("fetch 30s + first_gate 1m + undeploy 1m + snapshot 1m"),
        "{refusal}"
    );
    assert!(refusal.contains("killed after 5m"), "{refusal}");
}

/// Units from texts in a folder of their own; `name` may be a path such as `a.service.d/x.conf`.
fn read(files: &[(&str, &str)]) -> UnitGraph {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    UnitGraph::read(&[folder.path().to_owned()]).unwrap()
}

fn way(graph: &UnitGraph, who: &str, for_whom: &str) -> Option<String> {
    let steps = graph.waits().way(who, for_whom)?;
    let text: Vec<String> = steps
        .iter()
        .map(|(why, unit)| format!("({why}) {unit}"))
        .collect();
    Some(text.join(" "))
}

const SERVICE: &str = "[Service]\nType=oneshot\nExecStart=/bin/true\n";

#[test]
fn the_closure_follows_before_drop_ins_timers_targets_and_templates() {
    let graph = read(&[
        ("p.service", SERVICE),
        ("a.service", "[Unit]\nAfter=b.service\n"),
        ("b.service", SERVICE),
        ("b.service.d/10-x.conf", "[Unit]\nAfter=\\\n  c.timer\n"),
        ("c.timer", "[Timer]\nOnCalendar=daily\nUnit=d.service\n"),
        ("c.timer.d/x.conf", "[Unit]\nAfter=all.target\n"),
        ("all.target", "[Unit]\nWants=e.service\n"),
        ("all.target.wants/t@x.service", ""),
        ("d.service", SERVICE),
        ("e.service", SERVICE),
        ("t@.service", "[Unit]\nAfter=%i.service\n"),
        ("x.service", "[Unit]\nDescription=x\n"),
        ("p.service.d/b.conf", "[Unit]\nBefore=x.service\n"),
    ]);
    assert_eq!(
        way(&graph, "a.service", "p.service").unwrap(),
        "(After) b.service (After) c.timer (After) all.target (target of) t@x.service (After) x.service (Before, said by the other) p.service"
    );
    assert_eq!(
        way(&graph, "d.service", "c.timer").unwrap(),
        "(started by) c.timer"
    );
    assert_eq!(way(&graph, "p.service", "a.service"), None);
}

#[test]
fn pulling_a_unit_in_orders_nothing() {
    let graph = read(&[
        (
            "a.service",
            "[Unit]\nRequires=p.service\nWants=p.service\nBindsTo=p.service\n",
        ),
        ("p.service", SERVICE),
    ]);
    assert_eq!(way(&graph, "a.service", "p.service"), None);
}

#[test]
fn an_empty_assignment_takes_no_dependency_back_but_does_reset_a_time() {
    let graph = read(&[
        (
            "a.service",
            "[Unit]\nAfter=p.service\n[Service]\nTimeoutStartSec=5min\n",
        ),
        (
            "a.service.d/z.conf",
            "[Unit]\nAfter=\n[Service]\nTimeoutStartSec=\n",
        ),
        ("b.service", "[Service]\nTimeoutStartSec=5\n"),
        ("b.service.d/a.conf", "[Service]\nTimeoutStartSec=6\n"),
        ("service.d/b.conf", "[Service]\nTimeoutStartSec=7\n"),
        ("p.service", SERVICE),
    ]);
    assert!(way(&graph, "a.service", "p.service").is_some());
    // `service.d/b.conf` comes after `a.conf` and before `z.conf`.
    assert_eq!(
        graph.get("a.service").unwrap().start_timeout,
        StartTimeout::Unset
    );
    let seven = StartTimeout::After(Duration::from_secs(7));
    assert_eq!(graph.get("b.service").unwrap().start_timeout, seven);
}

#[test]
fn of_two_folders_the_first_counts_and_masked_units_and_other_names_are_known() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let put = |folder: &Path, name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    put(first.path(), "a.service", SERVICE);
    put(second.path(), "a.service", "[Unit]\nAfter=b.service\n");
    put(second.path(), "b.service", "[Unit]\nAfter=other.service\n");
    std::os::unix::fs::symlink("/dev/null", first.path().join("gone.service")).unwrap();
    std::os::unix::fs::symlink("a.service", first.path().join("other.service")).unwrap();
    let folders = [first.path().to_owned(), second.path().to_owned()];
    let graph = UnitGraph::read(&folders).unwrap();
    assert_eq!(way(&graph, "a.service", "b.service"), None);
    assert!(graph.get("gone.service").unwrap().masked);
    assert_eq!(graph.name("other.service"), Some("a.service"));
    assert!(way(&graph, "b.service", "a.service").is_some());
    assert!(UnitGraph::read(&[first.path().join("nowhere")]).is_err());
}

#[test]
fn what_systemctl_shows_is_read_as_well() {
    let text = "Id=a.service\nNames=a.service x.service\nAfter=b.service sysinit.target\nLoadState=loaded\nTimeoutStartUSec=15min\n\nId=b.service\nBefore=\nLoadState=masked\n\nId=c.service\nLoadState=not-found\n";
    let graph = UnitGraph::from_show(text);
    assert_eq!(
        way(&graph, "a.service", "b.service").unwrap(),
        "(After) b.service"
    );
    assert!(graph.get("b.service").unwrap().masked);
    assert!(graph.get("c.service").is_none());
    assert_eq!(graph.name("x.service"), Some("a.service"));
    let fifteen = StartTimeout::After(Duration::from_secs(900));
    assert_eq!(graph.get("a.service").unwrap().start_timeout, fifteen);
}

#[test]
fn labels_of_compose_files_are_read_with_anchors_maps_and_variables() {
    let apps = apps("stacks: { wiki: deploy-wiki.service }\n");
    let mut routes = Routes::of(&apps);
    let compose = "\
x-labels: &labels
  traefik.http.routers.${STACK}.rule: Host(`${DOMAIN}`) || Host(`b.example.org`)
services:
  app: { deploy: { labels: *labels } }
  other:
    labels: ['traefik.http.routers.o.rule=Host(`${UNSET}`)', 'x=Host(`no.example.org`)']
";
    let env = [("DOMAIN", "a.example.org"), ("STACK", "wiki")];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
    routes
        .add_compose("wiki", "compose.yml", compose, &env.into())
        .unwrap();
    for host in ["a.example.org", "b.example.org"] {
        let [Creator::Unit { unit, .. }] = routes.creators(host)[..] else {
            panic!("{routes:?}")
        };
        assert_eq!(unit, "deploy-wiki.service");
    }
    assert!(routes.creators("no.example.org").is_empty());
    assert_eq!(routes.open_rules.len(), 1);
    let error = routes.add_compose("wiki", "compose.yml", "a: [", &Default::default());
    assert!(error.is_err());
}

#[test]
fn the_waits_of_the_built_in_apps_fit_the_units_that_ship() {
    let apps = apps("apps: {}\n");
    let total = |app: &str| wait_budget(apps.get(app).unwrap()).total().as_secs();
    assert_eq!((total("traefik"), total("keycloak")), (825, 1065));
    let budget = wait_budget(apps.get("traefik").unwrap());
    let after = |seconds| StartTimeout::After(Duration::from_secs(seconds));
    assert!(budget.fits("u", after(825)).is_ok());
    assert!(budget.fits("u", StartTimeout::Unset).is_ok());
    let error = budget.fits("deploy-proxy.service", after(824)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the waits of a run can take fetch 30s + first_gate 1m + deploy 1m + gate 5m + redeploy 1m + regate 5m + own work 15s = 13m 45s, and deploy-proxy.service is killed after 13m 44s: raise `TimeoutStartSec` to at least 825 or lower `times`"
    );
}

/// The golden units are what the NixOS modules write: they must hold for what is built in.
#[test]
fn the_units_that_ship_have_no_cycle_and_time_enough() {
    let golden = test_kit::root().join("nix/test/golden");
    let file = fs::read_to_string(golden.join("apps.yaml")).unwrap();
    let apps = apps(&file);
    let units = UnitGraph::read(std::slice::from_ref(&golden)).unwrap();
    let routes = Routes::of(&apps);
    for app in ["traefik", "keycloak"] {
        let spec = apps.get(app).unwrap();
        let report = check_order(spec, &units, &routes);
        assert_eq!(report.verdict(), Verdict::Accepted, "{report:?}");
        let nightly = format!("nightly-roll-{app}.service");
        let timeout = units.get(&nightly).unwrap().start_timeout;
        assert!(matches!(timeout, StartTimeout::After(_)));
        assert_eq!(wait_budget(spec).fits(&nightly, timeout), Ok(()));
    }
    let night = way(
        &units,
        "nightly-roll-keycloak.service",
        "nightly-roll-traefik.service",
    );
    assert_eq!(
        night.as_deref(),
        Some("(After) nightly-roll-traefik.service")
    );
}
