//! The checks of the reference project's corpus, each in a world in which its claim is true and in one in
//! which it is false. What a host or a server showed there is printed by stand-ins.

use test_kit::program::Scratch;

use super::kit::claim;
use super::server::Server;

/// The number in the corpus, what is printed (or asked, where it begins with `/`) in the true and in the false
/// world, and the expectation.
type Row = (&'static str, &'static str, &'static str, &'static str);

const ROWS: &[Row] = &[
    (
        "c001 the spec has its own path and no domain",
        r#"{"traefik": {"health_path": "/api/version"}}"#,
        r#"{"traefik": {"health_path": "/api/version", "health_domain": "ci"}}"#,
        "{ json: { $.traefik.health_path: /api/version, $.traefik.health_domain: { absent: true } } }",
    ),
    ("c002 the new probe answers", "/api/version", "/503", "200"),
    ("c003 the old probe cannot pass", "/nothing", "/", "404"),
    (
        "c004 every unit is ordered after the proxy",
        "After=network.target deploy-proxy.service\nAfter=deploy-proxy.service\n",
        "After=network.target deploy-proxy.service\nAfter=network.target\n",
        "{ stdout: { every_line: { matches: '\\bdeploy-proxy\\.service\\b' } } }",
    ),
    (
        "c005 no alert is left",
        "",
        "traefik.json\n",
        "{ stdout: { empty: true } }",
    ),
    ("c006 no answer is 999", "999\n", "000\n", "\"999\""),
    (
        "c007 the unit is active",
        "     Active: active (exited) since Sat\n",
        "     Active: inactive (dead) since Sat\n",
        "{ stdout: { matches: 'Active: active \\(exited\\)' } }",
    ),
    (
        "c008 the store path is in use",
        "/nix/store/abc-cc-ci-reconcile-proxy/bin/r: api/version\n",
        "/nix/store/abc-cc-ci-reconcile-proxy/bin/r: ping\n",
        "{ stdout: { ends_with: api/version } }",
    ),
    ("c009 the ping entrypoint is off", "/ping", "/", "404"),
    (
        "c010 the API tells version and start",
        "/api/version",
        "/dated",
        "{ json: { $.Version: 3.6.15, $.startDate: { type: string } } }",
    ),
    (
        "c011 the proxy starts alone, in milliseconds",
        "Active: active (exited)\nDuration: 279\n",
        "Active: active (exited)\nDuration: 900000\n",
        "{ stdout: { contains: 'active (exited)', number: { of: 'Duration: (\\d+)', max: 5000 } } }",
    ),
    (
        "c012 nine services, every one 1/1",
        "a 1/1\nb 1/1\nc 1/1\nd 1/1\ne 1/1\nf 1/1\ng 1/1\nh 1/1\ni 1/1\n",
        "a 1/1\nb 1/1\nc 1/1\nd 1/1\ne 1/1\nf 1/1\ng 1/1\nh 1/1\ni 0/1\n",
        "{ stdout: { lines: 9, every_line: { matches: ' 1/1$' } } }",
    ),
    ("c013 the running server is unaffected", "/", "/503", "200"),
    ("c014 the probe is stable", "/api/version", "/999", "200"),
    (
        "c015 the alert has no secrets",
        r#"{"from": "26.0.1", "to": "26.1.0"}"#,
        r#"{"from": "26.0.1", "to": "26.1.0", "password": "hunter2xyz"}"#,
        "{ stdout: { secrets: absent }, json: { $.to: { version: { min: 1 } } } }",
    ),
    (
        "c018 nine rows, each 1/1",
        "a\t1/1\nb\t1/1\nc\t1/1\nd\t1/1\ne\t1/1\nf\t1/1\ng\t1/1\nh\t1/1\ni\t1/1\n",
        "a\t1/1\nb\t1/1\nc\t1/1\nd\t1/1\ne\t1/1\nf\t1/1\ng\t1/1\nh\t1/1\n",
        "{ stdout: { lines: 9, every_line: { ends_with: 1/1 } } }",
    ),
    ("c020 the login is a redirect", "/login", "/", "303"),
    (
        "c022 the run was triggered after the fix",
        r#"{"triggered": "2026-05-30T05:41:12Z", "level": 5, "leaks": []}"#,
        r#"{"triggered": "2026-05-30T05:37:12Z", "level": 5, "leaks": []}"#,
        "{ json: { $.triggered: { time: { after: 2026-05-30T05:38Z } }, $.level: 5, $.leaks: { count: 0 } } }",
    ),
    (
        "c023 the endpoints are back to the baseline",
        "7\n",
        "8\n",
        "{ stdout: { number: 7 } }",
    ),
    (
        "c024 the network is the new one",
        r#"[{"IPAM": {"Config": [{"Subnet": "10.10.0.0/16"}]}}]"#,
        r#"[{"IPAM": {"Config": [{"Subnet": "10.0.1.0/24"}]}}]"#,
        "{ json: { '$[0].IPAM.Config[*].Subnet': { set: [10.10.0.0/16] } } }",
    ),
    (
        "c026 the unit passes --subnet",
        "docker network create --driver overlay --subnet 10.10.0.0/16 proxy\n",
        "docker network create --driver overlay proxy\n",
        "{ stdout: { matches: '--subnet \\S' } }",
    ),
    (
        "c029 the tip is the named commit",
        "d3fe9e2a31c0ffee\n",
        "d3fe9e3a31c0ffee\n",
        "{ stdout: { starts_with: d3fe9e2 } }",
    ),
    (
        "c033 no reference dangles",
        "files: 41\nhits: 0\n",
        "files: 41\nhits: 2\n",
        "{ stdout: { number: { of: 'hits: (\\d+)', equals: 0 }, contains: 'files: ' } }",
    ),
    (
        "c034 the second build waits for the first",
        "279 started\n279 success\n281 started\n281 success\n",
        "279 started\n281 started\n279 success\n281 success\n",
        "{ stdout: { in_order: [279 started, 279 success, 281 started, 281 success] } }",
    ),
    (
        "c035 the head is the claimed one",
        "3d8d286\n",
        "3d8d287\n",
        "3d8d286",
    ),
    (
        "c037 the lint passes",
        "lint: PASS\n",
        "lint: PASS (3 skipped)\n",
        "'lint: PASS'",
    ),
    (
        "c039 level 4 with the failed rule",
        r#"{"level": 4, "lint": "fail", "rules_failed": ["R011"]}"#,
        r#"{"level": 4, "lint": "fail", "rules_failed": ["R011", "R012"]}"#,
        "{ json: { $.level: 4, $.lint: fail, $.rules_failed: [R011] } }",
    ),
    (
        "c040 the run takes no longer",
        r#"{"level": 5, "duration": 199}"#,
        r#"{"level": 5, "duration": 240}"#,
        "{ json: { $.level: 5, $.duration: { number: { near: 198, give: 2% } } } }",
    ),
    (
        "c041 the badge has no cap wording",
        "/",
        "/echo",
        "{ status: 200, body: { contains: Dashboard, not: { contains: cap } } }",
    ),
    (
        "c044 the system does not drift",
        "/nix/store/abc-system\n/nix/store/abc-system\n",
        "/nix/store/abd-system\n/nix/store/abc-system\n",
        "{ stdout: { set: [/nix/store/abc-system], lines: 2 } }",
    ),
    (
        "c046 the served leaf is the one in git",
        "sha256:aa\n",
        "sha256:ab\n",
        "sha256:aa",
    ),
    (
        "c049 the system is running",
        "running\n",
        "degraded\n",
        "running",
    ),
    (
        "c050 no unit has failed",
        "0 loaded units listed.\n",
        "10 loaded units listed.\n",
        "{ stdout: { starts_with: '0 loaded units' } }",
    ),
    (
        "c052 the secret is nowhere in the history",
        "revisions 812\noccurrences 0\n",
        "revisions 812\noccurrences 1\n",
        "{ stdout: { line: { 2: occurrences 0 } } }",
    ),
    (
        "c054 the forge is 1.24.2",
        r#"{"version":"1.24.2"}"#,
        r#"{"version":"1.24.2-rc1"}"#,
        "{ json: { $.version: 1.24.2 } }",
    ),
    (
        "c055 the wildcard resolves to the gateway",
        "143.244.213.108 probe.ci.commoninternet.net\n",
        "143.244.213.10 probe.ci.commoninternet.net\n",
        "{ stdout: { matches: '^143\\.244\\.213\\.108\\s' } }",
    ),
    (
        "c057 nothing is left of the deployment",
        "services 0\nvolumes 0\nsecrets 0\ncontainers 0\n",
        "services 0\nvolumes 1\nsecrets 0\ncontainers 0\n",
        "{ stdout: { lines: 4, every_line: { matches: ' 0$' } } }",
    ),
    (
        "c058 the build starts soon and deploys once",
        r#"{"build": 154, "waited_s": 41, "status": "success", "deploys": 1}"#,
        r#"{"build": 154, "waited_s": 75, "status": "success", "deploys": 1}"#,
        "{ json: { $.status: success, $.waited_s: { number: { max: 60 } }, $.deploys: 1 } }",
    ),
    (
        "c064 21 of 21 unit tests pass",
        "21 passed in 3.10s\n",
        "20 passed, 1 failed in 3.10s\n",
        "{ tests: { passed: 21 } }",
    ),
    (
        "c066 the timer and the service are both there",
        "3:systemd.services.ci-docker-prune\n9:systemd.timers.ci-docker-prune\n",
        "3:systemd.services.ci-docker-prune\n",
        "{ stdout: { lines: 2, contains: [services.ci-docker-prune, timers.ci-docker-prune] } }",
    ),
    (
        "c067 the rename is the last commit of the file",
        "b9bbd25 Rename the prune unit\n",
        "c0ffee1 Touch the prune unit\n",
        "{ stdout: { starts_with: 'b9bbd25 ' } }",
    ),
    (
        "c070 the old timer is gone",
        "not-found\n",
        "loaded\n",
        "not-found",
    ),
    (
        "c071 as many images as before",
        "18\n",
        "17\n",
        "{ stdout: { number: 18 } }",
    ),
    (
        "c072 the second pull finds nothing new",
        "Status: Downloaded newer image\nStatus: Image is up to date\n",
        "Status: Image is up to date\nStatus: Downloaded newer image\n",
        "{ stdout: { in_order: [Downloaded newer, Image is up to date] } }",
    ),
    (
        "c076 the levels of the two runs",
        r#"{"runs": [{"app": "custom-html-tiny", "level": 2, "capped": true}, {"app": "uptime-kuma", "level": 4}]}"#,
        r#"{"runs": [{"app": "custom-html-tiny", "level": 4, "capped": true}, {"app": "uptime-kuma", "level": 2}]}"#,
        "{ json: { '$.runs[?@.app == \"uptime-kuma\"].level': { every: '4' }, '$.runs[?@.app == \"custom-html-tiny\"].level': { every: '2' } } }",
    ),
    (
        "c077 the verdict is green, with its build",
        "VERDICT=GREEN\nhttps://drone.example.org/154\n",
        "VERDICT=PENDING\nhttps://drone.example.org/154\n",
        "{ stdout: { line: { 1: VERDICT=GREEN, 2: { matches: '^https://.+/\\d+$' } } } }",
    ),
    (
        "c078 the commit has no status",
        r#"{"state": "", "statuses": []}"#,
        r#"{"state": "success", "statuses": [1]}"#,
        "{ json: { $.state: { equals: '' }, $.statuses: { count: 0 } } }",
    ),
    (
        "c079 nobody of that name is a member",
        "/members/999",
        "/",
        "404",
    ),
    (
        "c080 the bridge took no notice",
        "9 lines\nbridge ready\n",
        "10 lines\nbridge ready\ntestmexyz 13796\n",
        "{ stdout: { contains: [9 lines, bridge ready], not: { matches: '13796|testmexyz' } } }",
    ),
    (
        "c081 the screenshot has its size",
        "\"screenshot\": \"taken\"\n48213\n",
        "\"screenshot\": \"taken\"\n0\n",
        "{ stdout: { line: { 1: { contains: taken }, 2: '48213' } } }",
    ),
    (
        "c082 the log tells why the capture failed",
        "screenshot: capture failed: last error timeout\n",
        "screenshot: captured\n",
        "{ stdout: { matches: 'capture failed.*last' } }",
    ),
    (
        "c084 the enrolled recipes",
        "gitea\nhedgedoc\ntraefik\n",
        "gitea\nhedgedoc\nimmich\n",
        "{ stdout: { lines: 3, set: [gitea, hedgedoc, traefik] } }",
    ),
    (
        "c088 the chaos version is taken",
        "DEBU taking chaos version: 7ae7b0f7\n",
        "DEBU taking chaos version: 7ae7b0f8\n",
        "{ stdout: { matches: 'taking chaos version: 7ae7b0f7\\b' } }",
    ),
    (
        "c093 the clock is UTC",
        "/etc/localtime -> /etc/zoneinfo/UTC\n/etc/timezone -> /etc/static/timezone\n",
        "/etc/localtime -> /etc/zoneinfo/Europe/Berlin\n/etc/timezone -> /etc/static/timezone\n",
        "{ stdout: { line: { 1: { ends_with: zoneinfo/UTC }, 2: { ends_with: /etc/static/timezone } } } }",
    ),
    (
        "c095 the login leads to the provider",
        "/login",
        "/loop",
        "{ status: [302, 303], header: { location: { matches: '^/oauth/authorize\\?client_id=\\d+$' } } }",
    ),
    (
        "c096 it deploys twice",
        "deploy-count = 2 (expect 2)\n",
        "deploy-count = 3 (expect 2)\n",
        "{ stdout: { number: { of: 'deploy-count = (\\d+)', equals: 2 } } }",
    ),
    (
        "c100 as many tests as recorded",
        "cryptpad 4\ngitea 2\n",
        "cryptpad 4\ngitea 3\n",
        "{ stdout: { set: [cryptpad 4, gitea 2] } }",
    ),
    (
        "c101 the discovery tests pass",
        "==== 48 passed, 1 skipped in 2.50s ====\n",
        "==== no tests ran in 0.01s ====\n",
        "{ tests: { passed: { min: 40 } } }",
    ),
    ("c103 no overlay leaked", "0\n", "1\n", "\"0\""),
    (
        "c104 the same files before and after",
        "a x\nb y\n",
        "a x\nb z\n",
        "{ stdout: { set: [a x, b y] } }",
    ),
    (
        "c105 13 tests pass",
        "13 passed in 0.20s\n",
        "12 passed, 1 error in 0.20s\n",
        "{ tests: { passed: 13 } }",
    ),
    (
        "c114 nothing has failed",
        "",
        "nginx.service failed\n",
        "{ stdout: { empty: true } }",
    ),
    (
        "c117 the roundtrip passes after a while",
        "test_lfs_roundtrip RUNNING\ntest_lfs_roundtrip PASSED\n",
        "test_lfs_roundtrip RUNNING\ntest_lfs_roundtrip FAILED\n",
        "{ stdout: { line: { -1: { ends_with: PASSED } } } }",
    ),
    (
        "c118 the sweep succeeded",
        "Result=success\nExecMainStatus=0\n",
        "Result=exit-code\nExecMainStatus=1\n",
        "{ stdout: { set: [Result=success, ExecMainStatus=0] } }",
    ),
    ("c123 the configuration can be read", "ok\n", "!1", "ok"),
    (
        "c125 the status runs without a set-up",
        "running\n",
        "!1",
        "{ stdout: { empty: false } }",
    ),
    (
        "c128 the image is pinned and the sidecar gone",
        "services:\n  app: { image: discourse/discourse:3.5.3 }\n",
        "services:\n  app: { image: discourse/discourse:3.5.3 }\n  sidekiq: { image: x }\n",
        "{ yaml: { $.services.app.image: discourse/discourse:3.5.3, $.services.sidekiq: { absent: true } } }",
    ),
];

/// What is asked in one of the worlds: a path of the server, a command that fails, or what is printed.
fn asked(world: &str, server: &Server) -> String {
    if let Some(code) = world.strip_prefix('!') {
        return format!("run: exit {code}");
    }
    if world.starts_with('/') && !world.contains(['\n', ' ']) {
        return format!("http: {}", server.url(world));
    }
    format!("run: cat\nstdin: {}", serde_json::Value::from(world))
}

#[test]
fn every_check_of_the_corpus_is_green_in_the_true_world_and_red_in_the_false_one() {
    assert_eq!(ROWS.len(), 67);
    let server = Server::start();
    let checks: Vec<(String, String)> = ROWS
        .iter()
        .flat_map(|(name, good, bad, expect)| {
            let id = &name[..4];
            [("true", good), ("false", bad)].map(|(world, seen)| {
                let asked = asked(seen, &server);
                (
                    format!("{id}-{world}"),
                    format!("{asked}\nexpect: {expect}"),
                )
            })
        })
        .collect();
    let checks: Vec<(&str, &str)> = checks
        .iter()
        .map(|(id, rest)| (id.as_str(), rest.as_str()))
        .collect();
    let run = Scratch::with(claim("", &checks)).recorded(&[]);
    let mut wrong = Vec::new();
    println!("{:<52} {:<6} {:<6} expectation", "claim", "true", "false");
    for (name, _, _, expect) in ROWS {
        let ids = [
            format!("{}-true", &name[..4]),
            format!("{}-false", &name[..4]),
        ];
        let seen = [run.outcome(&ids[0]), run.outcome(&ids[1])];
        println!("{name:<52} {:<6} {:<6} {expect}", seen[0], seen[1]);
        if seen != ["PASS", "FAIL"] {
            wrong.push(format!(
                "{name}: {} {}",
                run.check(&ids[0]),
                run.check(&ids[1])
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
