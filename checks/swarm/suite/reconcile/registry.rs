//! A plan asks the registry of an image that is not here, and fetches nothing.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use test_kit::desk::Desk;
use test_kit::trials::trial;

use super::ways_out::{NEW, OLD, first};

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "a_plan_asks_the_registry_whether_an_image_exists_and_fetches_nothing",
        asks,
    )]
}

/// What a registry says (OCI distribution specification), for one image that it has.
const REGISTRY: &str = r#"
import hashlib, http.server, json, sys
index = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
    "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 2,
    "digest": "sha256:" + "0" * 64, "platform": {"os": "linux", "architecture": "amd64"}}]}).encode()
digest = "sha256:" + hashlib.sha256(index).hexdigest()
class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        there = self.path == "/v2/" or self.path.startswith("/v2/lab/there/manifests/")
        body = index if there else json.dumps({"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}).encode()
        self.send_response(200 if there else 404)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Type", "application/vnd.oci.image.index.v1+json" if there else "application/json")
        self.send_header("Docker-Content-Digest", digest)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
    do_HEAD = do_GET
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Registry).serve_forever()
"#;

struct Registry(Child);

impl Registry {
    /// In the network of the desk's engine.
    fn start(desk: &Desk, port: u16) -> Registry {
        let mut command: Command = desk.swarm().enter();
        command.args(["python3", "-c", REGISTRY, &port.to_string()]);
        let registry = Registry(command.stdin(Stdio::null()).spawn().unwrap());
        let end = Instant::now() + Duration::from_secs(10);
        while desk.swarm().ask(port, "/v2/").is_none() {
            assert!(Instant::now() < end, "the registry does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        registry
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn asks() {
    const PORT: u16 = 18_251;
    let desk = Desk::web("registry", 18250);
    first(&desk, "");
    let registry = Registry::start(&desk, PORT);
    let plan = |image: &str| {
        let compose = std::fs::read_to_string(desk.recipe().join("compose.yml")).unwrap();
        let from = compose.find("image: ").unwrap();
        let to = from + compose[from..].find('\n').unwrap();
        let compose = format!("{}image: {image}{}", &compose[..from], &compose[to..]);
        desk.retag(NEW, &[("compose.yml", &compose)]);
        // Others use this engine, too, and bring images of their own.
        let held = || {
            desk.swarm()
                .docker(&["image", "ls", "--quiet", "--no-trunc", image])
        };
        let before = held();
        let plan = desk.run_fetching(&["plan", "traefik"]);
        assert_eq!(held(), before, "it fetches nothing");
        plan
    };
    let there = format!("127.0.0.1:{PORT}/lab/there:1");
    let seen = plan(&there);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert!(seen.err.contains("its registry has it"), "{seen:?}");

    let seen = plan(&format!("127.0.0.1:{PORT}/lab/gone:1"));
    assert_eq!(seen.code, Some(40), "{seen:?}");
    assert!(
        seen.out.contains("its registry does not have it"),
        "{seen:?}"
    );

    drop(registry);
    let seen = plan(&there);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert!(
        seen.err
            .contains("whether its registry has it is not known"),
        "{seen:?}"
    );

    let offline = desk.run(&["plan", "traefik"]);
    assert!(
        offline.err.contains("fetching is switched off"),
        "{offline:?}"
    );
    assert_eq!(desk.last_good(), OLD);
}
