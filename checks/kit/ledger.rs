//! The app `ledger`: a page with its version, and a volume whose every byte matters. Each release
//! says in a line of shell what it does to its data before it serves.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::desk::Desk;

pub const ONE: &str = "1.0.0+v1.0.0";
pub const TWO: &str = "1.1.0+v1.1.0";
pub const THREE: &str = "1.2.0+v1.2.0";

/// Ruins all that it finds, and ends.
pub const RUINS: &str = "for f in $$(busybox find /data -type f); do echo ruined >$$f; done; \
    busybox rm -rf /data/deep /data/link; busybox chmod 777 /data/mode; \
    busybox touch /data/left-behind; exit 3";

/// Releases a version whose containers do that first. It does not listen to SIGTERM, so that it
/// is still there for a while when the tools have returned.
pub fn release(desk: &Desk, tag: &str, first: &str) {
    let app = tag.split_once("+v").unwrap().1;
    // Two images that differ in their digests.
    let image = if tag == ONE { "lab/web:1" } else { "lab/web:2" };
    let compose = format!(
        r#"version: "3.8"
services:
  app:
    image: {image}
    command: ["/bin/busybox", "sh", "-c", "{first}; exec /bin/serve"]
    environment: {{SAYS: "{app}", STUBBORN: "1"}}
    ports: [{{target: 80, published: {port}, protocol: tcp, mode: host}}]
    volumes: ["data:/data"]
    stop_grace_period: 2s
    deploy:
      endpoint_mode: dnsrr
      update_config: {{order: stop-first, failure_action: pause, monitor: 2s}}
      restart_policy: {{condition: any, delay: 500ms}}
      labels: ["coop-cloud.{stack}.version={tag}"]
volumes: {{data: }}
"#,
        port = desk.port,
        stack = desk.stack,
    );
    std::fs::write(desk.recipe().join("compose.yml"), compose).unwrap();
    desk.tag(tag);
}

/// The folder of the app's volume.
pub fn data(desk: &Desk) -> PathBuf {
    let name = format!("{}_data", desk.stack);
    let words = ["volume", "inspect", "--format", "{{.Mountpoint}}", &name];
    desk.swarm().docker(&words).into()
}

/// Files of all kinds that a copy could get wrong.
pub fn fill(data: &Path) {
    let at = |name: &str| data.join(name);
    let shell = |line: &str| {
        let done = Command::new("sh")
            .args(["-ec", line])
            .current_dir(data)
            .status();
        assert!(done.unwrap().success(), "{line}");
    };
    std::fs::create_dir_all(at("deep/er")).unwrap();
    std::fs::write(at("deep/er/file"), "deep").unwrap();
    std::fs::write(at("mode"), "mode").unwrap();
    std::fs::set_permissions(at("mode"), PermissionsExt::from_mode(0o4751)).unwrap();
    symlink("nowhere/at all", at("link")).unwrap();
    let noise: Vec<u8> = (0..6_000_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    std::fs::write(at("noise"), noise).unwrap();
    shell("ln noise deep/hard; mkfifo pipe; chown 1234:4321 mode deep; chown -h 77:78 link");
    shell("truncate -s 1M hole; printf end >>hole; : >'odd name'; chmod 1770 deep");
    shell("touch -d '2001-02-03 04:05:06.789012345 UTC' mode; touch -h -d '2002-02-02 UTC' link");
    shell("touch -d '2003-03-03 03:03:03.000000003 UTC' deep/er; touch -d '1999-09-09 UTC' .");
    let attribute = "import os\nos.setxattr('mode', 'user.note', bytes(range(256)))\n\
                     os.setxattr('deep', 'user.note', b'folder')";
    let done = Command::new("python3")
        .args(["-c", attribute])
        .current_dir(data)
        .status();
    assert!(done.unwrap().success());
}

/// All of it, seen by eyes that share no code with the program: `find`, `sha256sum` and, for the
/// extended attributes, Python.
pub fn seen(data: &Path) -> String {
    let done = look(data);
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// Whether it is no longer this, also when something vanishes while it is looked at.
pub fn differs(data: &Path, before: &str) -> bool {
    let done = look(data);
    !done.status.success() || done.stdout != before.as_bytes()
}

fn look(data: &Path) -> std::process::Output {
    let script = r#"
find . -mindepth 0 -printf '%P|%y|%m|%U:%G|%T@|%n|%l|' \( -type d -printf '\n' -o -printf '%s\n' \) | LC_ALL=C sort
find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
python3 - <<'PY'
import os
for top, folders, files in os.walk('.'):
    for name in sorted(folders + files + (['.'] if top == '.' else [])):
        path = os.path.join(top, name)
        for key in os.listxattr(path, follow_symlinks=False):
            print(path, key, os.getxattr(path, key, follow_symlinks=False).hex())
PY
"#;
    Command::new("bash")
        .args(["-euc", script])
        .current_dir(data)
        .output()
        .unwrap()
}

/// The stand-in as `abra`, with an operator's folder for this app.
pub fn abra(desk: &Desk) {
    std::fs::create_dir(desk.path("bin")).unwrap();
    let stand_in = crate::root().join("checks/fixtures/abra");
    symlink(stand_in, desk.path("bin/abra")).unwrap();
    std::fs::create_dir_all(desk.path("abra/servers/default")).unwrap();
    trap(desk, "");
}

pub fn trap(desk: &Desk, trap: &str) {
    let env = format!("TYPE=ledger:0.0.0+v0\nSTACK={}\nTRAP={trap}\n", desk.stack);
    std::fs::write(desk.path("abra/servers/default/ledger.test.env"), env).unwrap();
}
