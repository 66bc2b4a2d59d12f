use std::ffi::OsString;

use proptest::prelude::*;

use super::*;
use crate::spec::{Driver, Hooks, Identity, SpecTls, Times};
use kit::json_path::parse_json_path;
use std::time::Duration;

fn environment() -> Environment {
    Environment::from_lookup(|name| (name == "HOME").then(|| OsString::from("/srv/ci")))
}

fn read(text: &str) -> Result<Apps, Box<Invalid>> {
    let source = Source {
        path: PathBuf::from("apps.yaml"),
        text: text.to_owned(),
    };
    parse(Arc::new(source), &environment())
}

/// The problems as `line:column code`, in the order of the file.
fn problems(text: &str) -> Vec<String> {
    let invalid = read(text).expect_err(text);
    let place = |problem: &Diagnostic| {
        let (line, column) = invalid.source_file.position(problem.span.start);
        format!("{line}:{column} {}", problem.code.0)
    };
    invalid.diagnostics.iter().map(place).collect()
}

#[test]
fn without_a_file_the_references_apps_are_known() {
    let apps = built_in(&environment()).unwrap();
    let traefik = apps.get("traefik").unwrap();
    let domain = "traefik.ci.commoninternet.net".to_owned();
    let path = |text| Some(parse_json_path(text).unwrap());
    let expected = AppSpec {
        app: "traefik".to_owned(),
        recipe: "traefik".to_owned(),
        health_domain: domain.clone(),
        domain,
        stateful: false,
        health_path: "/api/version".to_owned(),
        health_ok: vec![200],
        health_scheme: "https".to_owned(),
        health_port: None,
        tls: SpecTls::Verify,
        identity: Identity {
            version: path("$.Version"),
            started: path("$.startDate"),
        },
        driver: Driver::Abra,
        stack: "traefik_ci_commoninternet_net".to_owned(),
        repository: PathBuf::from("/srv/ci/.abra/recipes/traefik"),
        compose: Vec::new(),
        env: IndexMap::new(),
        min_age: None,
        pre_releases: false,
        variant: None,
        times: Times::default(),
        hooks: Hooks::default(),
        armed_gate: false,
        alert_relay: Vec::new(),
        unit: "deploy-proxy.service".to_owned(),
    };
    assert_eq!(traefik, &expected);
    let keycloak = apps.get("keycloak").unwrap();
    assert_eq!(keycloak.domain, "warm-keycloak.ci.commoninternet.net");
    assert_eq!(keycloak.health_domain, keycloak.domain);
    assert_eq!(keycloak.health_path, "/realms/master");
    assert_eq!(keycloak.stack, "warm-keycloak_ci_commoninternet_net");
    assert_eq!(keycloak.unit, "warm-keycloak.service");
    assert!(keycloak.stateful);
    assert_eq!(keycloak.identity, Identity::default());
    assert_eq!(apps.file, None);
}

#[test]
fn a_misspelt_app_is_told_which_was_meant() {
    let apps = built_in(&environment()).unwrap();
    let error = apps.get("treafik").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no app `treafik`; did you mean `traefik`?"
    );
}

#[test]
fn a_file_is_laid_over_a_built_in_app_field_by_field() {
    let apps = read(
        "apps:\n  traefik:\n    domain: t.example.org\n    times: { gate: 4m }\n    identity: { started: none }\n    min_age: 1day\n",
    )
    .unwrap();
    let traefik = apps.get("traefik").unwrap();
    // What follows from the domain follows the new one.
    assert_eq!(traefik.domain, "t.example.org");
    assert_eq!(traefik.health_domain, "t.example.org");
    assert_eq!(traefik.stack, "t_example_org");
    assert_eq!(traefik.health_path, "/api/version");
    assert_eq!(traefik.unit, "deploy-proxy.service");
    assert_eq!(traefik.times.gate, Duration::from_secs(240));
    assert_eq!(traefik.times.first_gate, Duration::from_secs(60));
    assert_eq!(traefik.min_age, Some(Duration::from_secs(86400)));
    assert!(traefik.identity.version.is_some() && traefik.identity.started.is_none());
    assert!(apps.get("keycloak").is_ok());
}

#[test]
fn a_file_may_define_an_app_and_say_which_unit_creates_what() {
    let apps = read(
        "apps:\n  wiki:\n    recipe: dokuwiki\n    domain: wiki.example.org\n    health_path: /doku.php?id=a\n    driver: stack\n    compose: [compose.yml, compose.tls.yml]\n    env: { A: '${B}', N: 010 }\n    tls: { ca: /etc/ca.pem }\n    health_ok: [200, 302]\n    alert_relay: [/usr/bin/relay, --now]\nroutes: { ci.example.org: deploy-dashboard.service }\nstacks: { ccci-dashboard: deploy-dashboard.service }\n",
    )
    .unwrap();
    let wiki = apps.get("wiki").unwrap();
    assert_eq!(wiki.unit, "deploy-wiki.service");
    assert_eq!(wiki.env["A"], "${B}");
    assert_eq!(wiki.env["N"], "010");
    assert_eq!(wiki.tls, SpecTls::Ca(PathBuf::from("/etc/ca.pem")));
    assert_eq!(wiki.health_ok, [200, 302]);
    assert_eq!(
        wiki.repository,
        PathBuf::from("/srv/ci/.abra/recipes/dokuwiki")
    );
    assert_eq!(
        apps.creators.routes["ci.example.org"],
        "deploy-dashboard.service"
    );
    assert_eq!(apps.creators.proxy.as_deref(), Some("deploy-proxy.service"));
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_at_its_place() {
    let text = "\
apps:
  traefik:
    domain: https://t.example.org/
    health_path: api/version
    health_ok: [200, 999]
    heath_port: 1
    times: { gate: 0s, every: 5 }
  wiki:
    recipe: wiki
    unit: deploy-wiki
routes:
  CI.example.org: deploy-dashboard.service
";
    assert_eq!(
        problems(text),
        [
            "3:13 GP2801",
            "4:18 GP2802",
            "5:22 GP2803",
            "6:5 GP2201",
            "7:20 GP2804",
            "7:31 GP2403",
            "10:11 GP2805",
            "12:3 GP2801",
        ]
    );
}

#[test]
fn no_sentinel_is_ever_health() {
    for (status, code) in [
        ("999", "GP2803"),
        ("000", "GP2803"),
        ("0", "GP2803"),
        ("no-answer", "GP2803"),
        ("100", "GP2407"),
        ("600", "GP2407"),
        ("2xx", "GP2407"),
        ("0200", "GP2407"),
        ("+200", "GP2407"),
    ] {
        let text = format!("apps: {{ traefik: {{ health_ok: ['{status}'] }} }}\n");
        let invalid = read(&text).unwrap_err();
        assert_eq!(invalid.diagnostics[0].code.0, code, "{status}");
    }
    let invalid = read("apps: { traefik: { health_ok: [999] } }\n").unwrap_err();
    assert!(
        invalid
            .render(false)
            .contains("stands for no answer at all")
    );
}

#[test]
fn what_cannot_go_together_is_refused() {
    let cases = [
        ("apps: { wiki: { recipe: wiki } }", "GP2203"),
        ("apps: { traefik: { times: { gate: 2s } } }", "GP2804"),
        ("apps: { traefik: { times: { successes: 400 } } }", "GP2804"),
        ("apps: { traefik: { times: { steady: 10m } } }", "GP2804"),
        (
            "apps: { alerts: { recipe: a, domain: a.b, health_path: / } }",
            "GP2408",
        ),
        (
            "apps: { a/b: { recipe: a, domain: a.b, health_path: / } }",
            "GP2408",
        ),
        ("apps: { traefik: { recipe: ../x } }", "GP2408"),
        (
            "apps: { traefik: { repository: recipes/traefik } }",
            "GP2405",
        ),
        ("apps: { traefik: { compose: [../compose.yml] } }", "GP2405"),
        ("apps: { traefik: { compose: [] } }", "GP2206"),
        (
            "apps: { traefik: { identity: { version: Version } } }",
            "GP2402",
        ),
        ("apps: { traefik: { stateful: yes } }", "GP2405"),
        ("apps: { traefik: { stack: 'a b' } }", "GP2408"),
        ("apps: { traefik: { alert_relay: [''] } }", "GP2405"),
        (
            "apps: { traefik: { domain: warm-keycloak.ci.commoninternet.net } }",
            "GP2205",
        ),
        ("proxy: deploy-proxy.timer", "GP2805"),
        ("app: {}", "GP2201"),
        ("", "GP2104"),
        ("[a]", "GP2204"),
    ];
    for (text, code) in cases {
        let invalid = read(text).expect_err(text);
        assert_eq!(invalid.diagnostics[0].code.0, code, "{text}");
    }
}

#[test]
fn a_named_file_must_exist_and_the_default_one_need_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut env = environment();
    env.app_file = folder.path().join("apps.yaml");
    assert_eq!(load(None, &env).unwrap().file, None);
    let named = load(Some(&env.app_file), &env).unwrap_err();
    assert_eq!(named.diagnostics[0].code, Code::UNREADABLE);
    std::fs::write(&env.app_file, "apps: { traefik: { min_age: 2h } }\n").unwrap();
    let apps = load(None, &env).unwrap();
    assert_eq!(apps.file.as_deref(), Some(env.app_file.as_path()));
    assert!(apps.get("traefik").unwrap().min_age.is_some());
    // There, but not readable as a file: nobody may take that for "no file".
    env.app_file = folder.path().to_owned();
    assert!(load(None, &env).is_err());
}

#[test]
fn the_spec_as_json_names_no_other_domain_unless_there_is_one() {
    let apps = built_in(&environment()).unwrap();
    let json = to_json(apps.get("traefik").unwrap());
    assert_eq!(json["health_path"], "/api/version");
    assert_eq!(json["health_ok"], serde_json::json!([200]));
    assert!(json.get("health_domain").is_none());
    let old = read("apps: { traefik: { health_domain: ci.commoninternet.net, health_path: / } }\n")
        .unwrap();
    let json = to_json(old.get("traefik").unwrap());
    assert_eq!(json["health_domain"], "ci.commoninternet.net");
}

fn domains() -> impl Strategy<Value = String> {
    "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\\.[a-z]{1,5}){1,3}"
}

fn milliseconds() -> impl Strategy<Value = Duration> {
    (1u64..600_000).prop_map(Duration::from_millis)
}

prop_compose! {
    fn times()(
        first_gate in milliseconds(), probe in milliseconds(), every in milliseconds(),
        successes in 1u32..20, steady in milliseconds(), slack in milliseconds(),
        deploy in milliseconds(), undeploy in milliseconds(), snapshot in milliseconds(),
    ) -> Times {
        let gate = (every * successes).max(steady) + slack;
        Times {
            first_gate, gate, probe, every, successes, steady, deploy, undeploy, snapshot,
            hook: probe, bake: every,
        }
    }
}

prop_compose! {
    fn specs()(
        app in prop_oneof![Just("traefik"), Just("keycloak"), Just("wiki")],
        recipe in "[a-z][a-z0-9-]{1,8}",
        domain in domains(), other in proptest::option::of(domains()),
        stateful: bool, insecure: bool, abra: bool, pre_releases: bool,
        health_path in "/[!-\"$-~]{0,12}",
        health_ok in proptest::collection::vec(200u16..600, 1..4),
        health_port in proptest::option::of(1u16..),
        version in proptest::option::of("\\$\\.[A-Za-z]{1,6}"),
        started in proptest::option::of("\\$(\\[\"[^\"\\\\\\pC]{1,4}\"\\]){1,2}"),
        stack in "[a-z0-9][a-z0-9_-]{0,20}",
        compose in proptest::collection::vec("[a-z]{1,8}\\.yml", 1..3),
        env in proptest::collection::vec(("[A-Z_][A-Z0-9_]{0,6}", "\\PC{0,12}"), 0..3),
        min_age in proptest::option::of(milliseconds()),
        times in times(),
        alert_relay in proptest::collection::vec("\\PC{1,6}", 0..3),
        before in proptest::collection::vec("\\PC{1,6}", 0..3), armed_gate: bool,
        unit in "[a-z][a-z0-9@:_.-]{0,12}\\.service",
    ) -> AppSpec {
        let path = |text: Option<String>| text.map(|text| parse_json_path(&text).unwrap());
        AppSpec {
            app: app.to_owned(), recipe, health_domain: other.unwrap_or_else(|| domain.clone()),
            domain, stateful, health_path, health_ok, health_port,
            health_scheme: if insecure { "http" } else { "https" }.to_owned(),
            tls: if insecure { SpecTls::Insecure } else { SpecTls::Verify },
            identity: Identity { version: path(version), started: path(started) },
            driver: if abra { Driver::Abra } else { Driver::Stack },
            stack, repository: PathBuf::from("/srv/recipes/r"), compose,
            env: env.into_iter().collect(), min_age, pre_releases, variant: None, times,
            hooks: Hooks { before, after: alert_relay.clone() }, armed_gate, alert_relay, unit,
        }
    }
}

proptest! {
    #[test]
    fn file_to_spec_to_json_to_spec_is_stable(spec in specs()) {
        let file = serde_json::to_string(&file_json([&spec])).unwrap();
        let apps = match read(&file) {
            Ok(apps) => apps,
            Err(invalid) => return Err(TestCaseError::fail(invalid.render(false))),
        };
        let back = apps.get(&spec.app).unwrap();
        prop_assert_eq!(back, &spec);
        prop_assert_eq!(to_json(back), to_json(&spec));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[ -~\n]{0,120}") {
        let _ = read(&text);
    }
}
