//! `check-order` against systemd's own opinion: the health edge is written as an `After=`
//! drop-in, and `systemd-analyze verify` says whether that makes a cycle.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use kit::yaml::source::Source;
use libtest_mimic::{Arguments, Failed, Trial};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use warm_reconcile::order::{Routes, UnitGraph, check_order};
use warm_reconcile::spec::app_file::{self, Environment};

/// Graphs of each trial; each costs one or two runs of systemd-analyze of 50 ms.
const GRAPHS: u32 = 40;

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let there = Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_ok();
    if !there {
        println!("not run: systemd-analyze is missing (package systemd)");
    }
    let trials = [
        Trial::test("agrees_with_systemd_on_who_waits_for_whom", waits),
        Trial::test("agrees_with_systemd_on_health_cycles", health),
        Trial::test("agrees_with_systemd_on_the_references_units", reference),
    ];
    let trials = trials.map(|trial| trial.with_ignored_flag(!there));
    libtest_mimic::run(&arguments, trials.into()).exit_code()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Service,
    Timer,
    Target,
}

#[derive(Clone, Copy, Debug)]
enum Relation {
    After,
    Before,
    Requires,
    Wants,
    BindsTo,
}

/// How a relation of two units is written down.
#[derive(Clone, Debug)]
struct Edge {
    from: usize,
    to: usize,
    relation: Relation,
    drop_in: bool,
    /// An empty assignment after it, which must change nothing.
    reset: bool,
}

#[derive(Clone, Debug)]
struct Graph {
    units: Vec<(Kind, bool)>,
    edges: Vec<Edge>,
    /// Only relations that agree with the order of the units: no cycle without the health edge.
    sorted: bool,
    probe: (usize, usize),
}

prop_compose! {
    fn graphs(sorted: bool)(
        units in proptest::collection::vec(
            (prop_oneof![4 => Just(Kind::Service), 1 => Just(Kind::Timer), 1 => Just(Kind::Target)], any::<bool>()),
            4..9),
        edges in proptest::collection::vec(
            (0usize..9, 0usize..9,
             prop_oneof![4 => Just(Relation::After), 3 => Just(Relation::Before),
                         1 => Just(Relation::Requires), 1 => Just(Relation::Wants), 1 => Just(Relation::BindsTo)],
             any::<bool>(), any::<bool>()),
            2..12),
        probe in (0usize..9, 0usize..9),
    ) -> Graph {
        let count = units.len();
        let edges = edges.into_iter()
            .map(|(from, to, relation, drop_in, reset)| Edge { from: from % count, to: to % count, relation, drop_in, reset })
            .filter(|edge| edge.from != edge.to)
            .map(|mut edge| {
                // The later unit waits for the earlier one.
                let waits = !matches!(edge.relation, Relation::Before);
                if sorted && (edge.from > edge.to) != waits {
                    std::mem::swap(&mut edge.from, &mut edge.to);
                }
                edge
            })
            .collect();
        Graph { units, edges, sorted, probe: (probe.0 % count, probe.1 % count) }
    }
}

impl Graph {
    fn name(&self, at: usize) -> String {
        match self.units[at].0 {
            Kind::Service => format!("u{at}.service"),
            Kind::Timer => format!("u{at}.timer"),
            Kind::Target => format!("u{at}.target"),
        }
    }

    /// The service that a timer starts: the next service, so that the order is kept; without one
    /// it starts a target that nothing waits for.
    fn started_by(&self, timer: usize) -> Option<usize> {
        (timer + 1..self.units.len()).find(|at| self.units[*at].0 == Kind::Service)
    }

    fn write(&self, folder: &Path) {
        let mut all = String::from(
            "[Unit]\nDefaultDependencies=no\nWants=sysinit.target basic.target timers.target idle.target\n",
        );
        for target in [
            "sysinit",
            "basic",
            "shutdown",
            "timers",
            "time-sync",
            "time-set",
            "idle",
        ] {
            put(
                folder,
                &format!("{target}.target"),
                "[Unit]\nDefaultDependencies=no\n",
            );
        }
        for (at, (kind, defaults)) in self.units.iter().enumerate() {
            let mut text = format!("[Unit]\nDescription=u{at}\nDefaultDependencies={defaults}\n");
            for edge in self.edges.iter().filter(|edge| edge.from == at) {
                let line = format!(
                    "{:?}={}\n{}",
                    edge.relation,
                    self.name(edge.to),
                    if edge.reset {
                        format!("{:?}=\n", edge.relation)
                    } else {
                        String::new()
                    }
                );
                if edge.drop_in {
                    let file = format!("{}.d/{}.conf", self.name(at), edge.to);
                    let path = folder.join(&file);
                    let before = fs::read_to_string(path).unwrap_or_default();
                    put(folder, &file, &format!("{before}[Unit]\n{line}"));
                } else {
                    text.push_str(&line);
                }
            }
            match kind {
                Kind::Service => text.push_str("[Service]\nType=oneshot\nExecStart=/bin/true\n"),
                Kind::Timer => {
                    text.push_str("[Timer]\nOnBootSec=1h\n");
                    let unit = self
                        .started_by(at)
                        .map_or("idle.target".to_owned(), |at| self.name(at));
                    text.push_str(&format!("Unit={unit}\n"));
                }
                Kind::Target => {}
            }
            put(folder, &self.name(at), &text);
            all.push_str(&format!("Wants={}\n", self.name(at)));
        }
        put(folder, "all.target", &all);
    }
}

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Whether systemd finds an ordering cycle when it would start this unit.
fn systemd_finds_a_cycle(folder: &Path, unit: &str) -> Result<bool, TestCaseError> {
    let output = Command::new("systemd-analyze")
        .args(["verify", "--man=no", unit])
        .env("SYSTEMD_UNIT_PATH", folder)
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    // Its exit code is 0 also when it broke the cycle by leaving a unit out.
    let found = said.contains("ordering cycle") || said.contains("order is cyclic");
    if !found && !output.status.success() {
        return Err(TestCaseError::fail(format!(
            "systemd-analyze is confused: {said}"
        )));
    }
    Ok(found)
}

fn run(
    sorted: bool,
    test: impl Fn(&Graph, &Path) -> Result<bool, TestCaseError>,
) -> Result<(), Failed> {
    let mut runner = TestRunner::new(Config {
        cases: GRAPHS,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::default()
    });
    let seen = std::cell::Cell::new([0u32; 2]);
    let result = runner.run(&graphs(sorted), |graph| {
        let folder = tempfile::tempdir().unwrap();
        graph.write(folder.path());
        let cyclic = test(&graph, folder.path())?;
        let mut counts = seen.get();
        counts[usize::from(cyclic)] += 1;
        seen.set(counts);
        Ok(())
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, graph)) => return Err(format!("{why}\n{graph:#?}").into()),
        Err(error) => return Err(error.to_string().into()),
    }
    // A comparison that only ever saw one verdict would prove little.
    let [without, with] = seen.get();
    println!(
        "compared {} graphs: {with} with a cycle, {without} without",
        with + without
    );
    if with < 3 || without < 3 {
        return Err("nearly all graphs had the same verdict".into());
    }
    Ok(())
}

/// Every cycle that systemd finds among any units, our graph has, and no other.
fn waits() -> Result<(), Failed> {
    run(false, |graph, folder| {
        let units = UnitGraph::read(&[folder.to_owned()]).unwrap();
        let waits = units.waits();
        let names: Vec<&String> = units.units.keys().collect();
        let ours = names.iter().any(|a| {
            names
                .iter()
                .any(|b| a != b && waits.way(a, b).is_some() && waits.way(b, a).is_some())
        });
        let theirs = systemd_finds_a_cycle(folder, "all.target")?;
        prop_assert_eq!(ours, theirs, "sorted: {}", graph.sorted);
        Ok(ours)
    })
}

fn health() -> Result<(), Failed> {
    run(true, |graph, folder| {
        let services: Vec<usize> = (0..graph.units.len())
            .filter(|at| graph.units[*at].0 == Kind::Service)
            .collect();
        prop_assume!(services.len() > 1);
        let own = services[graph.probe.0 % services.len()];
        let creator = services[graph.probe.1 % services.len()];
        prop_assume!(own != creator);
        prop_assert!(
            !systemd_finds_a_cycle(folder, "all.target")?,
            "a sorted graph has no cycle"
        );
        let ours = verdict(folder, &graph.name(own), &graph.name(creator));
        let edge = format!("[Unit]\nAfter={}\n", graph.name(creator));
        put(folder, &format!("{}.d/health.conf", graph.name(own)), &edge);
        let theirs = systemd_finds_a_cycle(folder, "all.target")?;
        prop_assert_eq!(
            ours,
            theirs,
            "{} asks what {} creates",
            graph.name(own),
            graph.name(creator)
        );
        Ok(ours)
    })
}

/// Whether `check-order` names a cycle for a probe of what this unit creates.
fn verdict(folder: &Path, own: &str, creator: &str) -> bool {
    let text = format!(
        "apps: {{ app: {{ recipe: app, domain: app.example.org, health_domain: host.example.org, health_path: /, unit: {own} }} }}\nroutes: {{ host.example.org: {creator} }}\nproxy: {own}\n"
    );
    let source = Source {
        path: PathBuf::from("apps.yaml"),
        text,
    };
    let apps = app_file::parse(Arc::new(source), &Environment::from_lookup(|_| None)).unwrap();
    let units = UnitGraph::read(&[folder.to_owned()]).unwrap();
    let report = check_order(apps.get("app").unwrap(), &units, &Routes::of(&apps));
    assert_eq!(report.doubts, []);
    !report.cycles.is_empty()
}

/// The replica's units, which are the reference's: no cycle as they are, one with the edge of
/// the old probe.
fn reference() -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    let here = test_kit::root();
    // The proxy's unit is the module's.
    let mut units = vec![here.join("nix/test/golden/deploy-proxy.service")];
    let others = fs::read_dir(here.join("checks/lab/host/etc/systemd/system")).unwrap();
    units.extend(others.map(|entry| entry.unwrap().path()));
    let mut all = String::from("[Unit]\nDefaultDependencies=no\n");
    for path in units {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_file() && (name.starts_with("deploy-") || name.ends_with("sweep.service")) {
            // Only who waits for whom counts here: what they run is not on this machine.
            let text = fs::read_to_string(&path).unwrap();
            let text: Vec<&str> = text
                .lines()
                .filter(|line| !line.starts_with("ExecStart") && !line.starts_with("Requires="))
                .collect();
            let text = format!("{}\n[Service]\nExecStart=/bin/true\n", text.join("\n"));
            put(folder.path(), &name, &text);
            all.push_str(&format!("Wants={name}\n"));
        }
    }
    for target in ["sysinit", "basic", "shutdown"] {
        put(
            folder.path(),
            &format!("{target}.target"),
            "[Unit]\nDefaultDependencies=no\n",
        );
    }
    put(folder.path(), "all.target", &all);
    let systemd = || systemd_finds_a_cycle(folder.path(), "all.target").map_err(|e| e.to_string());
    assert!(!systemd()?);
    let (own, creator) = ("deploy-proxy.service", "deploy-dashboard.service");
    assert!(verdict(folder.path(), own, creator));
    put(
        folder.path(),
        "deploy-proxy.service.d/health.conf",
        &format!("[Unit]\nAfter={creator}\n"),
    );
    assert!(systemd()?);
    Ok(())
}
