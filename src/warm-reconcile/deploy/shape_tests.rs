use super::*;

/// A node with these labels.
fn node(labels: &[(&str, &str)]) -> Node {
    let labels = labels.iter();
    Node {
        id: "n1".into(),
        hostname: "host".into(),
        role: "manager".into(),
        labels: labels
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        address: None,
        is_ready: true,
        takes_tasks: true,
    }
}

/// As `docker stack config` (28.2) prints it.
const CONFIG: &str = r#"
version: "3.8"
services:
  app:
    deploy:
      mode: replicated
      update_config:
        monitor: 5s
        order: start-first
      placement:
        constraints:
          - node.labels.x == yes
    healthcheck:
      test:
        - CMD
        - "true"
      interval: 30s
      retries: 3
      start_period: 1m0s
    image: lab/web:1
    networks:
      proxy: null
    ports:
      - mode: host
        target: 80
        published: 18080
        protocol: tcp
    secrets:
      - source: x
  g:
    deploy:
      mode: global
    image: b
networks:
  default: null
  more:
    name: other
    external: true
  proxy:
    external: true
secrets:
  x:
    name: x_v1
    external: true
  own:
    file: /x
"#;

fn shape() -> Shape {
    serde_yaml::from_str(CONFIG).unwrap()
}

#[test]
fn images_and_what_has_to_be_there_are_read() {
    let shape = shape();
    let images: Vec<_> = shape.images().collect();
    assert_eq!(images, [("app", "lab/web:1"), ("g", "b")]);
    let external = shape.external();
    let names: Vec<String> = external
        .iter()
        .map(|(kind, name)| format!("{} {name}", kind.name()))
        .collect();
    assert_eq!(names, ["network other", "network proxy", "secret x_v1"]);
}

#[test]
fn an_update_that_cannot_work_is_told_before_it_is_tried() {
    let shape = shape();
    let fits = node(&[("x", "YES")]);
    let faults = |nodes: &[Node], running: &[&str]| shape.faults(nodes, running).join("\n");
    assert!(faults(&[node(&[])], &[]).contains("app: no node takes its tasks"));
    let drained = Node {
        takes_tasks: false,
        ..fits.clone()
    };
    assert!(faults(&[drained], &[]).contains("g: no node takes its tasks"));
    assert_eq!(
        faults(std::slice::from_ref(&fits), &[]),
        "",
        "nothing runs yet"
    );
    let port = faults(std::slice::from_ref(&fits), &["app"]);
    assert!(
        port.contains("start-first") && port.contains("18080"),
        "{port}"
    );
    assert_eq!(
        faults(&[fits.clone(), fits], &["app"]),
        "",
        "there is a second node"
    );
}

#[test]
fn constraints_of_an_unknown_kind_forbid_nothing() {
    let node = node(&[("x", "yes")]);
    for (constraint, holds_here) in [
        ("node.role==manager", Some(true)),
        ("node.role != manager", Some(false)),
        ("node.labels.x == yes", Some(true)),
        ("node.labels.y != yes", Some(true)),
        ("node.labels.y == yes", Some(false)),
        ("node.hostname == HOST", Some(true)),
        ("node.platform.os == linux", None),
        ("engine.labels.x == yes", None),
        ("nonsense", None),
    ] {
        assert_eq!(holds(constraint, &node), holds_here, "{constraint}");
    }
}

#[test]
fn a_watch_that_ends_before_the_health_check_is_told() {
    let warnings = shape().warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("5s") && warnings[0].contains("2m 30s"),
        "{warnings:?}"
    );
}

#[test]
fn a_service_without_a_health_check_is_told_unless_its_image_may_bring_one() {
    for (fields, told) in [
        ("", Some(Some("a"))),
        ("healthcheck: {test: [CMD, 'true']}", None),
        (
            "healthcheck: {test: [CMD-SHELL, 'true'], interval: 5s}",
            None,
        ),
        // The image's own, at another pace.
        ("healthcheck: {interval: 5s}", Some(Some("a"))),
        ("healthcheck: {disable: true}", Some(None)),
        ("healthcheck: {test: [NONE]}", Some(None)),
        (
            "healthcheck: {disable: true, test: [CMD, 'true']}",
            Some(None),
        ),
        ("deploy: {mode: global}", Some(Some("a"))),
        ("deploy: {mode: replicated-job}", None),
    ] {
        let text = format!("services:\n  app:\n    image: a\n    {fields}\n");
        let shape: Shape = serde_yaml::from_str(&text).unwrap();
        let all: Vec<_> = shape.unchecked().collect();
        let told: Vec<_> = told.map(|image| ("app", image)).into_iter().collect();
        assert_eq!(all, told, "{fields}");
    }
}

#[test]
fn data_may_not_wander_to_another_node_and_images_are_wanted_where_tasks_may_run() {
    let here = node(&[]);
    let there = Node {
        id: "n2".into(),
        hostname: "other".into(),
        ..node(&[])
    };
    let drained = Node {
        takes_tasks: false,
        ..there.clone()
    };
    let shape = |constraint: &str, kind: &str| -> Shape {
        let text = format!(
            "services:\n  app:\n    image: a\n    deploy: {{placement: {{constraints: ['{constraint}']}}}}\n    volumes: [{{type: {kind}, source: data, target: /data}}]\n"
        );
        serde_yaml::from_str(&text).unwrap()
    };
    let both = [here.clone(), there];
    for (constraint, kind, nodes, told, image_here) in [
        ("node.role==manager", "volume", &both, true, true),
        ("node.role==manager", "bind", &both, false, true),
        ("node.hostname==host", "volume", &both, false, true),
        ("node.hostname==other", "volume", &both, true, false),
        (
            "node.role==manager",
            "volume",
            &[here, drained],
            false,
            true,
        ),
    ] {
        let shape = shape(constraint, kind);
        let faults = shape.wandering(nodes, "n1");
        assert_eq!(faults.len(), usize::from(told), "{constraint} {kind}");
        assert!(
            faults.iter().all(|why| why.contains("on other,")),
            "{faults:?}"
        );
        let images = shape.images_on(nodes, "n1");
        assert_eq!(!images.is_empty(), image_here, "{constraint}");
    }
    assert_eq!(
        shape("x", "volume").images_on(&[], "").len(),
        1,
        "not known"
    );
}
