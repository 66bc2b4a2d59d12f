//! The list of faults, on a real engine: each ends as designed, and the old version serves again.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::Value;
use test_kit::trials::trial;

use test_kit::desk::{self, Desk};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "what_does_not_come_up_is_rolled_back_and_what_is_late_is_committed",
            does_not_come_up,
        ),
        trial("what_answers_wrongly_is_rolled_back", answers_wrongly),
        trial(
            "another_app_on_the_port_is_not_taken_for_the_new_version",
            another_app,
        ),
        trial("an_expired_certificate_is_rolled_back", expired),
        trial("a_process_that_hangs_is_started_anew", hangs),
        trial(
            "an_engine_that_is_killed_in_mid_run_never_leaves_a_false_success",
            engine_killed,
        ),
    ]
}

const OLD: &str = "5.1.1+v1.0.0";

/// A recipe whose server answers with what a shell script says.
pub(super) struct Web<'w> {
    pub(super) image: &'w str,
    pub(super) port: u16,
    /// Done before the server starts.
    pub(super) before: &'w str,
    /// The CGI script of the health path.
    pub(super) health: String,
    pub(super) more: &'w str,
}

/// Answers 200 with this version.
fn says(version: &str) -> String {
    format!("printf 'HTTP/1.0 200 OK\\r\\n\\r\\n{{\"Version\":\"{version}\"}}'")
}

impl Web<'_> {
    /// Answers as version `tag` should.
    pub(super) fn well(tag: &str, port: u16) -> Web<'static> {
        Web {
            image: "lab/web:1",
            port,
            before: ":",
            health: says(tag.split_once("+v").unwrap().1),
            more: "",
        }
    }

    pub(super) fn compose(&self) -> String {
        let Web {
            image,
            port,
            before,
            health,
            more,
        } = self;
        // The tool fills `$` in, and nothing in these scripts is for it.
        let (before, health) = (before.replace('$', "$$"), health.replace('$', "$$"));
        format!(
            "version: '3.8'
services:
  app:
    image: {image}
    command:
      - /bin/sh
      - -c
      - |
        {before}
        mkdir -p /tmp/www/cgi-bin
        cat >/tmp/www/cgi-bin/health <<'CGI'
        #!/bin/sh
        {health}
        CGI
        printf '{{\"Version\":\"1.9.9\"}}' >/tmp/www/elsewhere
        /bin/busybox chmod 755 /tmp/www/cgi-bin/health
        httpd -f -p 80 -h /tmp/www & wait $$!
    ports: [{{ target: 80, published: {port}, protocol: tcp, mode: host }}]
    stop_grace_period: 1s
    deploy:
      endpoint_mode: dnsrr
      update_config: {{ order: stop-first, failure_action: pause, monitor: 1s }}
      restart_policy: {{ condition: any, delay: 300ms }}
{more}"
        )
    }

    pub(super) fn release(&self, desk: &Desk, tag: &str) {
        desk.release_files(tag, &[("compose.yml", &self.compose())]);
    }
}

/// Deploys the old version, and gives later gates as much time as this machine takes just now: a
/// version that does not come up costs all of it.
fn first(desk: &Desk) {
    Web::well(OLD, desk.port).release(desk, OLD);
    let began = Instant::now();
    desk.run(&["traefik"]).is(0, "deployed");
    desk.gate(Duration::from_secs(6) + 5 * began.elapsed());
}

pub(super) fn version_that_answers(desk: &Desk) -> Option<String> {
    let body = desk.swarm().ask(desk.port, "/cgi-bin/health")?;
    let body: Value = serde_json::from_str(&body).ok()?;
    Some(body["Version"].as_str()?.to_owned())
}

/// The next run goes back, for this reason, and all is as it was; gives its report.
#[track_caller]
fn rolls_back(desk: &Desk, tag: &str, why: &str) -> Value {
    let report = desk.run(&["traefik"]).is(20, "rolled-back");
    let told = report["remarks"].to_string();
    assert!(told.contains(why), "{tag}: {told}");
    let path = report["alert"].as_str().unwrap();
    assert!(path.ends_with("-traefik-rolled-back.json"), "{path}");
    let alert: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(alert["attempted"], tag, "{alert:#}");
    assert_eq!(alert["last_good"], OLD, "{alert:#}");
    assert_eq!(alert["recovered"], true, "{alert:#}");
    let quarantine = std::fs::read_to_string(desk.home().join("quarantine.json")).unwrap();
    assert!(quarantine.contains(tag), "{quarantine}");
    assert_eq!(desk.last_good(), OLD);
    assert_eq!(desk.journal_state().as_deref(), Some("rolled-back"));
    report
}

/// The next run touches nothing, for this reason, and the version is tried again.
#[track_caller]
pub(super) fn untouched(desk: &Desk, tag: &str, code: i32, outcome: &str, why: &str) {
    let before = desk.indexes();
    let report = desk.run(&["traefik"]).is(code, outcome);
    let told = report["remarks"].to_string();
    assert!(told.contains(why) && told.contains(tag), "{tag}: {told}");
    let path = report["alert"].as_str().unwrap();
    let alert = std::fs::read_to_string(path).unwrap();
    assert!(alert.contains(why), "{alert}");
    assert_eq!(desk.indexes(), before, "{outcome} wrote to the engine");
    let quarantine = std::fs::read_to_string(desk.home().join("quarantine.json"));
    assert!(!quarantine.unwrap_or_default().contains(tag), "quarantined");
}

fn does_not_come_up() {
    let desk = Desk::web("comeup", 18210);
    first(&desk);
    let before = desk.indexes();
    desk.run(&["traefik"]).is(0, "noop-healthy");
    assert_eq!(desk.indexes(), before);
    let serves = || assert_eq!(version_that_answers(&desk).as_deref(), Some("1.0.0"));

    let tag = "5.2.0+v1.1.0";
    let broken = Web {
        more: "nonsense: 1\n",
        ..Web::well(tag, desk.port)
    };
    broken.release(&desk, tag);
    untouched(&desk, tag, 10, "held-undeployable", "nonsense");
    serves();
    assert_eq!(desk.indexes(), before);

    let tag = "5.2.1+v1.1.1";
    Web {
        image: "lab/none:1",
        ..Web::well(tag, desk.port)
    }
    .release(&desk, tag);
    untouched(&desk, tag, 40, "inconclusive-image", "lab/none:1");
    serves();
    assert_eq!(desk.indexes(), before);

    let tag = "5.2.2+v1.1.2";
    Web {
        before: "exit 3",
        ..Web::well(tag, desk.port)
    }
    .release(&desk, tag);
    rolls_back(&desk, tag, "task: non-zero exit (3)");
    serves();

    let tag = "5.2.3+v1.1.3";
    Web {
        before: "sleep 3",
        ..Web::well(tag, desk.port)
    }
    .release(&desk, tag);
    desk.run(&["traefik"]).is(0, "upgraded");
    assert_eq!(desk.last_good(), tag);
    assert_eq!(version_that_answers(&desk).as_deref(), Some("1.1.3"));
}

fn answers_wrongly() {
    let desk = Desk::web("wrongly", 18212);
    first(&desk);
    let redirect = format!(
        "printf 'HTTP/1.0 302 Found\\r\\nLocation: http://traefik.test:{}/elsewhere\\r\\n\\r\\n{{\"Version\":\"1.9.9\"}}'",
        desk.port
    );
    let faults = [
        ("5.2.0+v1.9.9", says("1.2.3"), "version 1.2.3 answered"),
        (
            "5.2.1+v1.9.9",
            "printf 'HTTP/1.0 503 No\\r\\n\\r\\n{\"Version\":\"1.9.9\"}'".to_owned(),
            "the status 503",
        ),
        ("5.2.2+v1.9.9", redirect, "the status 302"),
        (
            "5.2.3+v1.9.9",
            "sleep 60".to_owned(),
            "no answer (999): timeout",
        ),
    ];
    for (tag, health, why) in faults {
        Web {
            health,
            ..Web::well(tag, desk.port)
        }
        .release(&desk, tag);
        rolls_back(&desk, tag, why);
        assert_eq!(
            version_that_answers(&desk).as_deref(),
            Some("1.0.0"),
            "{tag}"
        );
    }
}

fn another_app() {
    let desk = Desk::web("another", 18214);
    first(&desk);
    // It waits for the port, and says what the new version would say.
    let tag = "5.2.0+v1.1.0";
    let file = desk.path("other.yml");
    std::fs::write(&file, Web::well(tag, desk.port).compose()).unwrap();
    let file = file.to_str().unwrap();
    desk.swarm().docker(&[
        "stack",
        "deploy",
        "--resolve-image",
        "never",
        "-c",
        file,
        "gp_other",
    ]);
    // The new version listens elsewhere.
    Web::well(tag, 18215).release(&desk, tag);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let end = Instant::now() + Duration::from_secs(300);
            let back = ["restored", "re-gating", "rolled-back", "degraded"];
            while !desk
                .journal_state()
                .is_some_and(|state| back.contains(&state.as_str()))
                && Instant::now() < end
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            desk.swarm().docker(&["stack", "rm", "gp_other"]);
        });
        rolls_back(&desk, tag, "the probed port belongs to another container");
    });
    assert_eq!(version_that_answers(&desk).as_deref(), Some("1.0.0"));
}

/// A certificate for the app's name that ends in that year, its key, and nothing else.
fn certificate(issuer: &Issuer<'_, KeyPair>, end: i32) -> (String, String) {
    let mut params = CertificateParams::new(vec!["traefik.test".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(end, 1, 1);
    let key = KeyPair::generate().unwrap();
    (
        params.signed_by(&key, issuer).unwrap().pem(),
        key.serialize_pem(),
    )
}

fn expired() {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let ca = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("ca.pem");
    std::fs::write(&file, ca).unwrap();
    let fields = format!("    tls: {{ ca: {} }}\n", file.display());
    let desk = Desk::with(
        test_kit::swarm::shared(),
        "expired",
        18216,
        &fields,
        desk::SHORT,
    );
    let port = desk.port;
    let release = |tag: &str, end: i32| {
        let (cert, key) = certificate(&issuer, end);
        let app = tag.split_once("+v").unwrap().1;
        let compose = format!(
            "version: '3.8'
services:
  app:
    image: traefik:v{app}
    command: [--api=true, '--entrypoints.web.address=:8443', --providers.file.filename=/routes.yml]
    configs: [{{ source: routes, target: /routes.yml }}, {{ source: cert, target: /cert.pem }}, {{ source: key, target: /key.pem }}]
    ports: [{{ target: 8443, published: {port}, protocol: tcp, mode: host }}]
    deploy: {{ endpoint_mode: dnsrr, update_config: {{ order: stop-first, failure_action: pause, monitor: 1s }} }}
configs:
  routes: {{ name: gp_expired_routes_{end}, file: routes.yml }}
  cert: {{ name: gp_expired_cert_{end}, file: cert.pem }}
  key: {{ name: gp_expired_key_{end}, file: key.pem }}
"
        );
        let routes = "http: { routers: { api: { rule: 'PathPrefix(`/api`)', service: 'api@internal', entryPoints: [web], tls: {} } } }\n\
                      tls: { certificates: [{ certFile: /cert.pem, keyFile: /key.pem }] }\n";
        let files = [
            ("compose.yml", compose.as_str()),
            ("routes.yml", routes),
            ("cert.pem", &cert),
            ("key.pem", &key),
        ];
        desk.release_files(tag, &files);
    };
    let old = "5.1.1+v3.6.15";
    release(old, 2099);
    let began = Instant::now();
    desk.run(&["traefik"]).is(0, "deployed");
    desk.gate(Duration::from_secs(6) + 5 * began.elapsed());
    let tag = "5.2.0+v3.7.15";
    release(tag, 2021);
    let report = desk.run(&["traefik"]).is(20, "rolled-back");
    let told = report["remarks"].to_string();
    assert!(
        told.contains("no answer (999): tls: the certificate has expired"),
        "{told}"
    );
    assert_eq!(desk.last_good(), old);
    // Seen by the gate itself: the old one, with its certificate, answers again.
    desk.run(&["traefik"]).is(10, "held-quarantined");
}

fn hangs() {
    let desk = Desk::web("hangs", 18218);
    first(&desk);
    let of_service = format!("label=com.docker.swarm.service.name={}_app", desk.stack);
    // The first time its image is given by id, which is another spec. From then on a deploy
    // changes nothing, and only a forced update helps.
    for forced in [0, 1] {
        // The server is stopped in its tracks: its port still takes connections, nobody answers.
        let container = desk
            .swarm()
            .docker(&["ps", "--quiet", "--filter", &of_service]);
        desk.swarm().docker(&[
            "exec",
            &container,
            "/bin/busybox",
            "killall",
            "-STOP",
            "httpd",
        ]);
        assert_eq!(version_that_answers(&desk), None);
        let report = desk.run(&["traefik"]).is(0, "redeployed");
        let tools = desk.flight(&report)["tools"].to_string();
        assert_eq!(tools.matches("--force").count(), forced, "{tools}");
        assert_eq!(version_that_answers(&desk).as_deref(), Some("1.0.0"));
    }
    let before = desk.indexes();
    desk.run(&["traefik"]).is(0, "noop-healthy");
    assert_eq!(desk.indexes(), before);
}

fn engine_killed() {
    let (old, new) = (desk::OLD, desk::NEW);
    let desk = Desk::alone("engine", 18219);
    desk.release(old, "");
    desk.run(&["traefik"]).is(0, "deployed");
    desk.release(new, "");
    let mut program = desk.start_until(&["traefik"], "gating");
    std::thread::sleep(Duration::from_millis(700));
    desk.swarm().kill_dockerd();
    let mut ended = program.end();
    // One further run at most, where nothing could be said.
    if ended.code == Some(40) {
        assert!(
            desk.alerts().read_dir().unwrap().count() > 0,
            "nobody heard of it: {ended:?}"
        );
        ended = desk.run(&["traefik"]);
    }
    match ended.code {
        Some(0) => {
            assert_eq!(desk.last_good(), new, "{ended:?}");
            assert_eq!(desk.answers().as_deref(), Some("3.7.15"), "{ended:?}");
        }
        Some(20) => {
            assert_eq!(desk.last_good(), old, "{ended:?}");
            assert_eq!(desk.answers().as_deref(), Some("3.6.15"), "{ended:?}");
        }
        Some(30) => assert_eq!(desk.last_good(), old, "{ended:?}"),
        other => panic!("{other:?}: {ended:?}"),
    }
    assert!(
        ended.code == Some(0) || ended.json()["alert"].is_string(),
        "{ended:?}"
    );
}
