//! Apps on a swarm of several nodes: three real engines in networks of their own. The program runs
//! beside node-1, a manager; node-2 leads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot set its world up has failed"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use test_kit::desk::{Desk, SHORT};
use test_kit::nodes::Nodes;
use test_kit::trials::trial;

const ONE: &str = "1.0.0+v1.0.0";
const TWO: &str = "1.1.0+v1.1.0";
const THREE: &str = "1.2.0+v1.2.0";
const PORT: u16 = 18_301;
/// The port of an app that is asked through a proxy at [`PORT`].
const BEHIND: u16 = 18_302;

fn main() -> std::process::ExitCode {
    let trials = vec![
        trial(
            "a_stateless_app_is_deployed_and_gated_wherever_its_task_runs",
            wherever,
        ),
        trial(
            "data_on_another_node_is_refused_before_anything_is_touched_and_the_node_is_named",
            data_elsewhere,
        ),
        trial("the_node_of_the_task_is_cut_off_in_mid_upgrade", node_dies),
        trial(
            "a_version_that_swarm_takes_back_because_its_node_is_lost_is_not_condemned",
            node_dies_and_swarm_goes_back,
        ),
        trial("the_leader_is_cut_off_in_mid_upgrade", leader_dies),
        trial(
            "an_app_behind_a_proxy_on_another_node_is_asked_there",
            behind_a_proxy,
        ),
    ];
    test_kit::swarm::run_side_by_side(trials, 2)
}

/// The tests' own web server, with node-1 as the engine that is asked.
fn desk(nodes: &Arc<Nodes>, name: &str, fields: &str) -> Desk {
    let fields = format!(
        "    health_scheme: http\n    health_path: /version\n    identity: {{ version: $.Version, started: none }}\n{fields}"
    );
    Desk::on(nodes.node(1), nodes.clone(), name, PORT, &fields, SHORT)
}

/// What a version of the app is.
struct Web<'a> {
    constraint: &'a str,
    more: &'a str,
    late: u32,
    /// What Swarm does where an update fails.
    on_failure: &'a str,
}

fn release(desk: &Desk, tag: &str, web: &Web<'_>) {
    desk.release_files(tag, &[("compose.yml", &compose(tag, PORT, web))]);
}

fn compose(tag: &str, port: u16, web: &Web<'_>) -> String {
    let Web {
        constraint,
        more,
        late,
        on_failure,
    } = web;
    let app = tag.split_once("+v").unwrap().1;
    let image = if tag == ONE { "lab/web:1" } else { "lab/web:2" };
    format!(
        r#"version: "3.8"
services:
  app:
    image: {image}
    environment: {{SAYS: "{app}", LATE: "{late}"{more}}}
    ports: [{{target: 80, published: {port}, protocol: tcp, mode: host}}]
    deploy:
      endpoint_mode: dnsrr
      placement: {{constraints: ["{constraint}"]}}
      update_config: {{order: stop-first, failure_action: {on_failure}, monitor: 2s}}
      restart_policy: {{condition: any, delay: 500ms}}
"#
    )
}

fn well(constraint: &str) -> Web<'_> {
    Web {
        constraint,
        more: "",
        late: 0,
        on_failure: "pause",
    }
}

/// The node on which the app's task runs, by the manager's word.
fn node_of(desk: &Desk) -> String {
    let name = format!("{}_app", desk.stack);
    let format = "{{.Node}}";
    let words = [
        "service",
        "ps",
        "--filter",
        "desired-state=running",
        "--format",
        format,
        &name,
    ];
    desk.swarm().docker(&words)
}

/// The version that answers on a node.
fn answers_on(nodes: &Nodes, number: u32) -> Option<String> {
    let body: Value = serde_json::from_str(&nodes.node(number).ask(PORT, "/version")?).ok()?;
    Some(body["Version"].as_str()?.to_owned())
}

fn wherever() {
    let nodes = Arc::new(Nodes::start());
    let desk = desk(&nodes, "wherever", "");
    release(&desk, ONE, &well("node.hostname==node-3"));
    desk.run(&["traefik"]).is(0, "deployed");
    assert_eq!(node_of(&desk), "node-3");
    assert_eq!(answers_on(&nodes, 3).as_deref(), Some("1.0.0"));
    let before = desk.indexes();
    desk.run(&["traefik"]).is(0, "noop-healthy");
    assert_eq!(desk.indexes(), before);

    // Another app answers on that port of this very node.
    let port = format!("{PORT}:80");
    desk.swarm().docker(&[
        "run",
        "--detach",
        "--name",
        "other",
        "--env",
        "SAYS=9.9.9",
        "--publish",
        &port,
        "lab/web:1",
    ]);
    desk.run(&["traefik"]).is(0, "noop-healthy");
    desk.swarm().docker(&["rm", "--force", "other"]);

    release(&desk, TWO, &well("node.hostname==node-2"));
    desk.run(&["traefik"]).is(0, "upgraded");
    assert_eq!(node_of(&desk), "node-2");
    assert_eq!(answers_on(&nodes, 2).as_deref(), Some("1.1.0"));

    let crashes = Web {
        more: ", CRASH: yes",
        ..well("node.hostname==node-3")
    };
    release(&desk, THREE, &crashes);
    let back = desk.run(&["traefik"]).is(20, "rolled-back");
    assert!(
        back["remarks"].to_string().contains("non-zero exit (3)"),
        "{back:#}"
    );
    assert_eq!(node_of(&desk), "node-2");
    assert_eq!(answers_on(&nodes, 2).as_deref(), Some("1.1.0"));
    desk.run(&["rollback", "traefik"]).is(20, "rolled-back");
    assert_eq!(node_of(&desk), "node-3");
    assert_eq!(answers_on(&nodes, 3).as_deref(), Some("1.0.0"));

    // Here again.
    release(&desk, "1.3.0+v1.3.0", &well("node.hostname==node-1"));
    desk.run(&["traefik"]).is(0, "upgraded");
    assert_eq!(answers_on(&nodes, 1).as_deref(), Some("1.3.0"));
}

fn data_elsewhere() {
    let nodes = Arc::new(Nodes::start());
    let desk = desk(&nodes, "data", "    stateful: true\n");
    let with_data = |tag: &str, constraint: &str| {
        release(&desk, tag, &well(constraint));
        let path = desk.recipe().join("compose.yml");
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("    ports:", "    volumes: [\"data:/data\"]\n    ports:");
        text + "volumes: {data: }\n"
    };
    let put = |tag: &str, text: &str| desk.release_files(tag, &[("compose.yml", text)]);
    // It could start anywhere, and so without its data.
    let anywhere = with_data("0.9.0+v0.9.0", "node.role==manager");
    put("0.9.1+v0.9.1", &anywhere);
    let refused = desk.run(&["traefik"]).is(30, "undeployable");
    let told = refused["remarks"].to_string();
    assert!(told.contains("node-2") && told.contains("node-3"), "{told}");
    assert_eq!(desk.services(), "");

    // Somebody else put it on another node, and a volume of that name is here, too.
    let there = with_data(ONE, "node.hostname==node-3");
    let label = format!("labels: [\"coop-cloud.{}.version={ONE}\"]", desk.stack);
    let by_hand = desk.path("by-hand.yml");
    std::fs::write(
        &by_hand,
        there.replace(
            "endpoint_mode: dnsrr",
            &format!("endpoint_mode: dnsrr\n      {label}"),
        ),
    )
    .unwrap();
    desk.swarm()
        .docker(&["volume", "create", &format!("{}_data", desk.stack)]);
    deploy(&desk, &by_hand, &desk.stack);
    let end = Instant::now() + Duration::from_secs(30);
    while answers_on(&nodes, 3).is_none() {
        assert!(Instant::now() < end, "it never came up");
        std::thread::sleep(Duration::from_millis(200));
    }
    let newer = with_data(TWO, "node.hostname==node-3");
    put(THREE, &newer);
    let before = desk.indexes();
    let held = desk.run(&["traefik"]);
    assert_eq!(held.code, Some(10), "{held:?}");
    assert!(held.out.contains("node-3"), "{held:?}");
    let plan = desk.run(&["plan", "traefik"]);
    assert!(plan.out.contains("node-3"), "{plan:?}");
    assert_eq!(desk.indexes(), before);
    assert_eq!(answers_on(&nodes, 3).as_deref(), Some("1.0.0"));
}

/// Deploys a stack past the program under test.
fn deploy(desk: &Desk, compose: &Path, stack: &str) {
    let compose = compose.to_str().unwrap();
    let words = ["stack", "deploy", "--resolve-image", "never"];
    let words = [&words[..], &["--compose-file", compose, stack]].concat();
    desk.swarm().docker(&words);
}

/// A proxy in a stack of its own on node-3: it asks the app on node-2.
const FRONT: &str = r#"version: "3.8"
services:
  app:
    image: lab/web:1
    command:
      - /bin/sh
      - -c
      - |
        mkdir -p /tmp/www/cgi-bin
        cat >/tmp/www/cgi-bin/version <<'CGI'
        #!/bin/sh
        body=$$(wget -q -O - http://10.231.9.2:18302/version) || { printf 'HTTP/1.0 502 Bad\r\n\r\n'; exit; }
        printf 'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n%s' "$$body"
        CGI
        /bin/busybox chmod 755 /tmp/www/cgi-bin/version
        exec httpd -f -p 80 -h /tmp/www
    ports: [{target: 80, published: 18301, protocol: tcp, mode: host}]
    stop_grace_period: 1s
    deploy:
      endpoint_mode: dnsrr
      placement: {constraints: ["node.hostname==node-3"]}
"#;

fn behind_a_proxy() {
    let nodes = Arc::new(Nodes::start());
    let fields = "    health_scheme: http
    health_path: /cgi-bin/version
    identity: { version: $.Version, started: none }
";
    let desk = Desk::on(nodes.node(1), nodes.clone(), "behind", PORT, fields, SHORT);
    let proxy = format!(
        "  front:
    recipe: front
    domain: front.test
    unit: front.service
    stack: gp_front
    health_path: /
    health_scheme: http
    health_port: {PORT}
proxy: front.service
"
    );
    let file = desk.path("apps.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text + &proxy).unwrap();
    let front = desk.path("front.yml");
    std::fs::write(&front, FRONT).unwrap();
    deploy(&desk, &front, "gp_front");
    let release = |tag: &str, more: &str| {
        let web = Web {
            more,
            ..well("node.hostname==node-2")
        };
        let text = compose(tag, BEHIND, &web);
        desk.release_files(tag, &[("compose.yml", &text)]);
    };
    // Nothing listens on this node.
    release(ONE, "");
    let deployed = desk.run(&["traefik"]).is(0, "deployed");
    assert_eq!(node_of(&desk), "node-2");
    let record = desk.flight(&deployed).to_string();
    assert!(record.contains("10.231.9.3"), "{record}");
    release(TWO, "");
    desk.run(&["traefik"]).is(0, "upgraded");
    release(THREE, ", CRASH: yes");
    desk.run(&["traefik"]).is(20, "rolled-back");
    desk.run(&["traefik"]).is(10, "held-quarantined");

    // Without the proxy's node nothing is known of the app, and nothing is done to it.
    let before = desk.indexes();
    release("1.3.0+v1.3.0", "");
    nodes.cut_power(3);
    let end = Instant::now() + Duration::from_secs(60);
    let state = ["node", "inspect", "node-3", "--format", "{{.Status.State}}"];
    while desk.swarm().docker(&state) != "down" {
        assert!(Instant::now() < end, "the node is not missed");
        std::thread::sleep(Duration::from_millis(300));
    }
    let ended = desk.run(&["traefik"]);
    assert_eq!(ended.code, Some(40), "{ended:?}");
    assert_eq!(desk.indexes(), before);
    assert_eq!(desk.last_good(), TWO);
}

/// Upgrades while `cut` happens at the gate, and gives how that run ended.
fn upgrade_while(desk: &Desk, on_failure: &str, cut: impl FnOnce()) -> (Option<i32>, String) {
    let web = Web {
        on_failure,
        ..well("node.hostname!=node-1")
    };
    release(desk, ONE, &web);
    desk.run(&["traefik"]).is(0, "deployed");
    release(desk, TWO, &Web { late: 3, ..web });
    let mut program = desk.start_until(&["traefik"], "gating");
    cut();
    let ended = program.end();
    println!("{ended:?}");
    (ended.code, ended.outcome())
}

/// The next runs bring the app to its newest version, on one of the nodes that are left. Where Swarm
/// waits for the lost node, that takes the way out that the documents name: the node is removed.
fn comes_up(desk: &Desk, nodes: &Nodes, lost: u32, on_failure: &str) {
    let lost_node = format!("node-{lost}");
    let first = desk.run(&["traefik"]);
    if first.code != Some(0) {
        first.is(40, "inconclusive-gate");
        assert!(
            first.out.contains(&format!("the node {lost_node} is down")),
            "{first:?}"
        );
        let service = format!("{}_app", desk.stack);
        println!("{}", desk.swarm().docker(&["service", "ps", &service]));
        println!(
            "{}",
            desk.swarm().docker(&[
                "service",
                "inspect",
                "--format",
                "{{json .UpdateStatus}}",
                &service
            ])
        );
        desk.swarm().docker(&["node", "demote", &lost_node]);
        desk.swarm().docker(&["node", "rm", "--force", &lost_node]);
        println!("{}", desk.swarm().docker(&["service", "ps", &service]));
        let next = desk.run(&["traefik"]);
        if on_failure == "rollback" {
            // Swarm went back for the lost node: the version is well, and is tried again.
            next.is(10, "held-undeployable");
            assert!(next.out.contains("lost with its node"), "{next:?}");
            desk.run(&["traefik"]).is(0, "upgraded");
        } else {
            next.is(0, "upgraded");
        }
    }
    desk.run(&["traefik"]).is(0, "noop-healthy");
    assert_eq!(desk.last_good(), TWO);
    let left = [2, 3].into_iter().filter(|node| *node != lost);
    let answers = left.filter_map(|node| answers_on(nodes, node));
    assert_eq!(answers.collect::<Vec<_>>(), ["1.1.0"]);
}

fn node_dies() {
    node_dies_where_swarm("node", "pause");
}

fn node_dies_and_swarm_goes_back() {
    node_dies_where_swarm("back", "rollback");
}

fn node_dies_where_swarm(name: &str, on_failure: &str) {
    let nodes = Arc::new(Nodes::start());
    let desk = desk(&nodes, name, "");
    let mut lost = 3;
    let ended = upgrade_while(&desk, on_failure, || {
        if node_of(&desk) == "node-2" {
            lost = 2;
        }
        nodes.cut_power(lost);
    });
    let ended = (ended.0, ended.1.as_str());
    assert!(
        matches!(
            ended,
            (Some(0), "upgraded") | (Some(40), "inconclusive-engine" | "inconclusive-gate")
        ),
        "{ended:?}"
    );
    comes_up(&desk, &nodes, lost, on_failure);
}

fn leader_dies() {
    let nodes = Arc::new(Nodes::start());
    let desk = desk(&nodes, "leader", "");
    let leaders =
        desk.swarm()
            .docker(&["node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}"]);
    assert!(leaders.contains("node-2 Leader"), "{leaders}");
    let ended = upgrade_while(&desk, "pause", || nodes.cut_power(2));
    let ended = (ended.0, ended.1.as_str());
    assert!(
        matches!(
            ended,
            (Some(0), "upgraded") | (Some(40), "inconclusive-engine" | "inconclusive-gate")
        ),
        "{ended:?}"
    );
    // Until the managers that are left have chosen one, the engine refuses every question about tasks, and the
    // way out that is named is to wait for it.
    let end = Instant::now() + Duration::from_secs(60);
    let answers = || {
        let asked = desk.swarm().command(&["node", "ps", "node-1"]).output();
        asked.unwrap().status.success()
    };
    while !answers() {
        assert!(Instant::now() < end, "no leader was chosen");
        std::thread::sleep(Duration::from_millis(300));
    }
    comes_up(&desk, &nodes, 2, "pause");
}
